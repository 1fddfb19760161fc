/* health.c - see health.h.
 *
 * The key holders are asked whether they are there, which starts them again when they are not. A
 * disk that refused a write is not asked until the next act comes, since a node told to be unwell
 * gets no acts: while it is so, one row is written a second, and the first that is kept says that
 * all is well.
 */
#include "cli/health.h"

#include <stdio.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/day.h"
#include "base/str.h"
#include "base/world.h"
#include "gate/read.h"
#include "gate/relay.h"
#include "gate/run.h"
#include "web/serve.h"

/* A clock this long after the newest act is told at the start: nobody acts over holidays. */
enum { GAP_MS = 30 * 86400 * 1000LL };

static enum err touch(struct ctx *ctx, struct db *db, struct str payload UNUSED,
                      const struct keep_act *act UNUSED, struct buf *answer UNUSED)
{
    return store_touch(ctx, db);
}
static const struct keep_op op_touch = {"cli.touch", touch};
static const struct keep_op *const ops[] = {&op_touch};
const struct keep_table health_keeps = {ops, LEN(ops)};

static void touched(void *arg UNUSED, enum err err UNUSED, const struct why *why UNUSED,
                    const struct receipt *receipt UNUSED)
{
}

static bool must_end(struct ctx *ctx, struct node *n)
{
    struct keyholder *const holders[] = {n->keys, n->token_keys};
    if (store_is_broken(n->store)) {
        fputs("tongban: the disk failed a write that must not be lost; start the node again\n",
              stderr);
        return true;
    }
    for (size_t i = 0; i < LEN(holders); i++) {
        if (holders[i] == NULL) { /* another process has that one */
            continue;
        }
        bool there = keyholder_watch(ctx, holders[i]) == ERR_OK;
        if (!there && keyholder_state(holders[i]) == KEYHOLDER_LOST) {
            fputs("tongban: the key holder's keeper was ended and nothing can be signed any more; "
                  "start the node again\n",
                  stderr);
            return true;
        }
    }
    return false;
}

enum err health_open(struct ctx *ctx, struct health *h)
{
    void *p =
        mmap(NULL, sizeof(*h->told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return fault(ctx, ERR_MEMORY, "no memory for what the processes tell each other");
    }
    h->told = p; /* as long as the process */
    return ERR_OK;
}

static void close_reader(void *arg)
{
    struct db **reader = arg;
    db_close(*reader);
    *reader = NULL;
}

static enum err law_of_today(struct ctx *ctx, struct node *n, struct str *ret_alarm)
{
    const struct law *law = NULL;
    struct db **reader = ARENA_NEW(ctx->arena, struct db *);
    arena_defer(ctx->arena, close_reader, reader);
    TRY(store_reader(ctx, n->store, reader));
    enum err e = gate_law(ctx, n->gate, *reader, &law);
    close_reader(reader);
    *ret_alarm = e == ERR_SYNTAX ? ctx->why.detail : gate_alarm(n->gate, ctx->arena);
    return e == ERR_SYNTAX ? ERR_OK : e;
}

/* Once for what is the same: the law goes on without, and the next version of a pack adds it. */
static void tell_lacks(struct ctx *ctx, struct health *h)
{
    struct day today = instant_day(ctx->world->now(ctx->world));
    struct str lacks = {0};
    (void)book_alarm(gate_book(h->node->gate), today, ctx->arena, &lacks);
    if (h->node->agenda == NULL || str_equal(lacks, str_from(h->lacks))) {
        return;
    }
    if (lacks.n > 0) {
        fprintf(
            stderr,
            "tongban: law: older than this program; add to the next version of the packs: %.*s\n",
            FMT(lacks));
    } else {
        fprintf(stderr, "tongban: law: it has all that this program asks of packs\n");
    }
    memcpy(h->lacks, lacks.p, lacks.n);
    h->lacks[lacks.n] = 0;
}

void health_law(struct ctx *ctx, struct health *h, bool ticks)
{
    struct arena_mark mark = arena_mark(ctx->arena);
    struct str now = {0};
    bool looks = ticks || (h->node->agenda != NULL && h->law[0] != 0);
    /* A fault of the store or of memory is not the law's: others tell it. */
    if (looks && law_of_today(ctx, h->node, &now) == ERR_OK) {
        now = str_slice(now, 0, sizeof(h->law) - 1);
        if (!str_equal(now, str_from(h->law))) {
            fprintf(stderr, "tongban: law: %.*s\n",
                    FMT(now.n > 0 ? now : STR("that of today loads again")));
        }
        memcpy(h->law, now.p, now.n);
        h->law[now.n] = 0;
        tell_lacks(ctx, h);
    }
    arena_reset(ctx->arena, mark);
}

/* A node may have been down for a year, so a clock that stands long after the newest act stops
 * nothing; whoever starts the node is told, and sees whether that is so. */
static void tell_gap(struct ctx *ctx, struct health *h)
{
    struct db **reader = ARENA_NEW(ctx->arena, struct db *);
    struct act_record newest;
    bool found = false;
    uint64_t size = 0;
    struct str note = {0};
    arena_defer(ctx->arena, close_reader, reader);
    enum err e = store_reader(ctx, h->node->store, reader);
    e = e == ERR_OK ? gate_checkpoint(ctx, h->node->gate, *reader, &note, &size) : e;
    e = e == ERR_OK && size > 0
            ? gate_act(ctx, h->node->gate, *reader, (int64_t)size - 1, &newest, &found)
            : e;
    close_reader(reader);
    struct instant now = ctx->world->now(ctx->world);
    if (e == ERR_OK && found && now.ms - newest.at.ms > GAP_MS) {
        fprintf(stderr,
                "tongban: clock: the newest act is of %.*s and the clock says %.*s; if that is not "
                "so, stop the node before anybody acts\n",
                FMT(day_text(ctx->arena, instant_day(newest.at))),
                FMT(day_text(ctx->arena, instant_day(now))));
    }
}

/* What is wrong is said once when it begins, and once when it is over. */
static void look_at_clock(struct ctx *ctx, struct health *h)
{
    bool waited = atomic_load(&h->told->clock_waits);
    bool waits = gate_clock(ctx, h->node->gate) != ERR_OK;
    if (waits != waited) {
        fprintf(stderr, "tongban: clock: %.*s\n",
                FMT(waits ? ctx->why.detail : STR("it is right again; acts are admitted")));
    }
    if (!h->gap_told) {
        h->gap_told = true;
        tell_gap(ctx, h);
    }
    atomic_store(&h->told->clock_waits, waits);
}

bool health_watch(struct ctx *ctx, struct health *h)
{
    struct arena_mark mark = arena_mark(ctx->arena);
    int64_t now = ctx->world->mono_ns(ctx->world);
    if (now < h->next_ns) {
        return true;
    }
    h->next_ns = now + 1000000000;
    if (atomic_exchange(&h->trusts_clock, false)) {
        gate_trust_clock(h->node->gate);
    }
    enum err store = store_health(h->node->store);
    bool writes = h->node->keys != NULL;
    if (writes && (store == ERR_DISK_FULL || store == ERR_READ_ONLY)) {
        /* When the queue is full, acts that wait in it tell as much. */
        struct keep keep = {&op_touch, STR("")};
        enum err e = gate_keep(ctx, h->node->gate, &keep, touched, NULL);
        (void)e;
    }
    bool ends = must_end(ctx, h->node);
    if (writes) {
        look_at_clock(ctx, h);
        atomic_store(&h->told->keys, keyholder_state(h->node->keys));
    }
    arena_reset(ctx->arena, mark);
    return !ends;
}

static struct web_health of_holder(const char *name, enum keyholder_state state)
{
    return (struct web_health){
        name, state == KEYHOLDER_WELL,
        state == KEYHOLDER_WELL ? STR("")
        : state == KEYHOLDER_LOST
            ? STR("the key holder is gone and cannot be started again: the node ends")
            : STR("the key holder does not answer; it is being started again, and what needs a "
                  "signature is refused")};
}

size_t health_tell(struct ctx *ctx UNUSED, void *arg, struct web_health *ret)
{
    struct health *h = arg;
    const struct node *n = h->node;
    bool waits = atomic_load(&h->told->clock_waits);
    ret[0] = of_holder("keys", n->keys != NULL ? keyholder_state(n->keys)
                                               : (enum keyholder_state)atomic_load(&h->told->keys));
    ret[1] = of_holder("token_keys", keyholder_state(n->token_keys));
    ret[2] = (struct web_health){
        "clock", !waits,
        waits ? STR("the wall clock leapt, or stands before the newest act; nothing is admitted "
                    "until it is right, or until an operator says tongban clock DIR --trust")
              : STR("")};
    if (h->line == NULL) {
        return 3;
    }
    bool has_writer = gate_has_writer(h->line);
    ret[3] = (struct web_health){
        "writer", has_writer,
        has_writer ? STR("")
                   : STR("the process that writes cannot be reached; what can be read is answered, "
                         "and it is called again")};
    return 4;
}
