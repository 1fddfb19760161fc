/* The tick: a round over what is due, a page of it at a time, so that neither the queue nor memory
 * grows with the number of cases. The place in the round is the last timer taken.
 *
 * A timer whose act the gate refuses stays due, for the refusal is no act and may change with the
 * facts of the case or with the day. It is refused once a day, not at every tick: each refusal is
 * kept, and a row every half minute would bury the others. What was refused today is a set of
 * hashes of case, timer and day; the tick reads it, and the writer's thread adds to it only while
 * answers are open, when the tick holds still. When the set is full, what is refused beyond it is
 * tried again. */
#include "agenda/agenda.h"

#include <stdatomic.h>

#include "base/arena.h"
#include "base/day.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "gate/read.h"
#include "gate/run.h"
#include "limit_gen.h"

enum {
    TICK_MAX = LIMIT_WRITER_QUEUE / 2,
    TICK_ARENA_BYTES = 16 << 20,
    OWED_AT_ONCE = 64,
    REFUSED_MAX = 4096,
    REFUSED_SLOTS = 2 * REFUSED_MAX,
    CASE_BYTES = 128
};

_Static_assert((REFUSED_SLOTS & (REFUSED_SLOTS - 1)) == 0, "slots are found by a mask");

/* A timer whose act was submitted, until it is answered. */
struct sent {
    struct agenda *agenda;
    uint64_t timer; /* its hash */
};

struct agenda {
    struct gate *gate;
    struct store *store;
    struct world *world;
    /* Acts of the node itself that did not get into the queue, and how far the tick has looked. */
    atomic_bool owed_missed;
    bool owed_looking;
    char owed_from[CASE_BYTES];
    /* Acts of the clock that are not answered yet; where the present round has come to. */
    _Atomic size_t open;
    bool more;
    struct arena *arena;       /* of the agenda itself, then of the place's strings */
    struct arena_mark strings; /* where those begin */
    struct timer_place place;
    struct sent sent[TICK_MAX];
    /* Timers that were refused on this day; 0: a free slot. */
    struct day refused_day;
    uint64_t refused[REFUSED_SLOTS];
    size_t refused_count;
};

/* ---- what was refused today ---- */

static uint64_t timer_hash(const struct due_timer *timer)
{
    uint64_t h = str_hash(timer->case_id) * 31 + str_hash(timer->timer);
    h = h * 31 + (uint64_t)(int64_t)timer->due.n;
    return h == 0 ? 1 : h;
}

static size_t refused_slot(const struct agenda *g, uint64_t timer)
{
    size_t at = timer & (REFUSED_SLOTS - 1);
    while (g->refused[at] != 0 && g->refused[at] != timer) {
        at = (at + 1) & (REFUSED_SLOTS - 1);
    }
    return at;
}

static bool was_refused(const struct agenda *g, uint64_t timer)
{
    return g->refused[refused_slot(g, timer)] != 0;
}

static void note_refused(struct agenda *g, uint64_t timer)
{
    if (g->refused_count < REFUSED_MAX && !was_refused(g, timer)) {
        g->refused[refused_slot(g, timer)] = timer;
        g->refused_count++;
    }
}

static void forget_refused(struct agenda *g, struct day today)
{
    if (g->refused_day.n != today.n) {
        memset(g->refused, 0, sizeof(g->refused));
        g->refused_count = 0;
        g->refused_day = today;
    }
}

/* ---- acts of the clock ---- */

/* What failed, or found no room, is due again in the next round. */
static void tick_done(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct sent *sent = arg;
    (void)why;
    if (err == ERR_OK && receipt != NULL && !receipt->verdict.admitted) {
        note_refused(sent->agenda, sent->timer);
    }
    atomic_fetch_sub(&sent->agenda->open, 1);
}

static void move_place(struct agenda *g, const struct due_timer *last)
{
    arena_reset(g->arena, g->strings);
    g->place = last == NULL ? (struct timer_place){.day = {INT32_MIN}}
                            : (struct timer_place){.day = last->due,
                                                   .case_id = str_copy(g->arena, last->case_id),
                                                   .timer = str_copy(g->arena, last->timer)};
}

static enum err tick_submit(struct ctx *ctx, struct agenda *g, const struct due_timer *timer,
                            struct sent *sent)
{
    struct draft d = {.kind = timer->kind,
                      .case_id = timer->case_id,
                      .timer = timer->timer,
                      .fields = json_object()};
    d.actor.kind = ACTOR_CLOCK;
    *sent = (struct sent){g, timer_hash(timer)};
    atomic_fetch_add(&g->open, 1);
    enum err e = gate_submit(ctx, g->gate, &d, tick_done, sent);
    if (e != ERR_OK) {
        atomic_fetch_sub(&g->open, 1);
    }
    return e;
}

bool agenda_tick_more(const struct agenda *g)
{
    return g->more || atomic_load(&g->open) > 0;
}

/* ---- what the node owes ---- */

static void owed_done(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct agenda *g = arg;
    (void)why;
    (void)receipt; /* refused, the case waits for a person */
    if (err != ERR_OK) {
        atomic_store(&g->owed_missed, true);
    }
}

static struct draft owed_draft(struct str kind, struct str case_id)
{
    struct draft d = {.kind = kind, .case_id = case_id, .fields = json_object()};
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    return d;
}

/* Told by the gate on the writer's thread, when the filing is acknowledged. What does not get into
 * the queue now the next tick finds by its mark. */
static void owed_at_once(void *arg, struct str kind, struct str case_id)
{
    struct agenda *g = arg;
    struct ctx ctx = {.world = g->world};
    struct draft d = owed_draft(kind, case_id);
    if (gate_submit(&ctx, g->gate, &d, owed_done, g) != ERR_OK) {
        atomic_store(&g->owed_missed, true);
    }
}

static enum err owed_look(struct ctx *ctx, struct agenda *g, struct db *reader)
{
    if (atomic_exchange(&g->owed_missed, false)) {
        g->owed_looking = true;
        g->owed_from[0] = 0;
    }
    if (!g->owed_looking) {
        return ERR_OK;
    }
    struct owed_act *acts = NULL;
    size_t count = 0;
    TRY(gate_owed(ctx, reader, str_from(g->owed_from), OWED_AT_ONCE, &acts, &count));
    for (size_t i = 0; i < count; i++) {
        struct draft d = owed_draft(acts[i].kind, acts[i].case_id);
        struct verdict v;
        TRY(gate_ask(ctx, g->gate, reader, &d, &v));
        if (v.admitted) {
            TRY(gate_submit(ctx, g->gate, &d, owed_done, g));
        }
        struct str id = acts[i].case_id;
        must(id.n < sizeof(g->owed_from));
        memcpy(g->owed_from, id.p, id.n);
        g->owed_from[id.n] = 0;
    }
    g->owed_looking = count == OWED_AT_ONCE;
    return ERR_OK;
}

/* ---- the tick ---- */

/* Also when memory runs out in the middle of a tick: a connection that is left open would stop the
 * node's closing. */
static void close_reader(void *arg)
{
    struct db **reader = arg;
    db_close(*reader);
    *reader = NULL;
}

/* ---- uploads nobody claimed ---- */

static enum err sweep_uploads(struct ctx *ctx, struct db *db, void *arg,
                              const struct receipt *receipt)
{
    (void)arg;
    (void)receipt;
    return uploads_sweep(ctx, db);
}

/* Nobody waits for it: what is not done now the next tick does. */
static void swept(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    (void)arg;
    (void)err;
    (void)why;
    (void)receipt;
}

static enum err sweep_look(struct ctx *ctx, struct agenda *g, struct db *reader)
{
    bool any = false;
    TRY(uploads_are_old(ctx, reader, &any));
    enum err e = any ? gate_keep_here(ctx, g->gate, sweep_uploads, g, swept, g) : ERR_OK;
    return e == ERR_BUSY ? ERR_OK : e;
}

enum err agenda_tick(struct ctx *ctx, struct agenda *g, size_t *ret_count)
{
    *ret_count = 0;
    TRY(gate_clock(ctx, g->gate));
    struct instant now = g->world->now(g->world);
    if (atomic_load(&g->open) > 0) {
        return ERR_OK; /* taken again, they would only be refused */
    }
    forget_refused(g, instant_day(now));
    struct db **reader = ARENA_NEW(ctx->arena, struct db *);
    arena_defer(ctx->arena, close_reader, reader);
    TRY(store_reader(ctx, g->store, reader));
    struct due_timer *timers = NULL;
    size_t count = 0;
    enum err e =
        gate_timers_due(ctx, *reader, instant_day(now), &g->place, TICK_MAX, &timers, &count);
    must(count <= TICK_MAX);
    size_t taken = 0;
    for (; e == ERR_OK && taken < count; taken++) {
        if (!was_refused(g, timer_hash(&timers[taken]))) {
            e = tick_submit(ctx, g, &timers[taken], &g->sent[taken]);
            *ret_count += e == ERR_OK;
        }
    }
    /* When others fill the queue the rest of the page comes later. */
    bool full = e == ERR_BUSY && *ret_count > 0;
    taken -= full;
    e = full ? ERR_OK : e;
    g->more = e == ERR_OK && (full || count == TICK_MAX);
    move_place(g, g->more ? &timers[taken - 1] : NULL);
    e = e == ERR_OK ? gate_begin_day(ctx, g->gate, *reader, instant_day(now)) : e;
    e = e == ERR_OK ? owed_look(ctx, g, *reader) : e;
    e = e == ERR_OK ? sweep_look(ctx, g, *reader) : e;
    close_reader(reader);
    return e;
}

/* ---- making ---- */

enum err agenda_new(struct ctx *ctx, struct gate *g, struct store *store, struct agenda **ret)
{
    struct arena *arena = arena_new(TICK_ARENA_BYTES);
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for the agenda");
    }
    struct agenda *a = ARENA_NEW(arena, struct agenda);
    *a = (struct agenda){.gate = g,
                         .store = store,
                         .world = ctx->world,
                         .arena = arena,
                         .strings = arena_mark(arena),
                         .place = {.day = {INT32_MIN}}};
    /* A process before this one may have died between a filing and its answer. */
    atomic_store(&a->owed_missed, true);
    gate_hear_owed(g, owed_at_once, a);
    *ret = a;
    return ERR_OK;
}

void agenda_free(struct agenda *a)
{
    if (a != NULL) {
        gate_hear_owed(a->gate, NULL, NULL);
        arena_free(a->arena);
    }
}
