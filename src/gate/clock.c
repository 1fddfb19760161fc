/* Legal clocks of a case: started when the procedure opens what they limit, stopped, resumed and
 * extended by the kinds of act their limit names, met when it closes. They never move for any other
 * reason: due days follow from recorded days and the calendar alone. */
#include "gate/gate_in.h"

struct clock_row *clock_find(struct question *q, struct str limit_id)
{
    for (size_t i = 0; i < q->clock_count; i++) {
        if (str_equal(q->clocks[i].row.limit_id, limit_id)) {
            return &q->clocks[i];
        }
    }
    return NULL;
}

struct day limit_start(const struct question *q, const struct limit *limit, struct day begun, bool *ret_stated)
{
    const struct fact *fact = limit->before ? limit->event : limit->since;
    const struct json *v = fact == NULL ? NULL : json_get_str(&q->facts, fact->id);
    struct day d = begun;
    *ret_stated = v != NULL && json_is(v, JSON_STRING) && day_parse(v->text, &d);
    if (!*ret_stated && fact != NULL && q->has_case && str_equal(fact->id, STR("case.opened"))) {
        *ret_stated = true; /* nobody states it: the case itself knows */
        return (struct day){(int32_t)q->row.opened_day};
    }
    return *ret_stated ? d : begun;
}

static const struct promise *promise_of(const struct question *q, const struct limit *limit)
{
    for (size_t i = 0; q->item != NULL && i < q->item->promise_count; i++) {
        if (q->item->promises[i].limit == limit) {
            return &q->item->promises[i];
        }
    }
    return NULL;
}

/* Set the due days from the start, what was lost while stopped, and what was added. */
static enum err clock_count(struct ctx *ctx, struct question *q, struct clock_row *c)
{
    struct due due;
    int32_t extra = (int32_t)(c->row.extra_n + c->row.lost_n);
    bool stated = false;
    struct day begun = c->limit->before ? q->day : (struct day){(int32_t)c->row.started_day};
    struct day start = limit_start(q, c->limit, begun, &stated);
    TRY(law_due(ctx, q->law, c->limit, start, extra, false, &due));
    c->row.due_day = due.day.n;
    c->row.provisional = due.provisional;
    c->row.promised_day = due.day.n;
    const struct promise *p = promise_of(q, c->limit);
    if (p != NULL && !c->limit->before) {
        bool provisional = false;
        struct day by = law_day_after(q->law, start, p->n + extra, p->unit, c->limit->roll, &provisional);
        c->row.promised_day = by.n < due.day.n ? by.n : due.day.n;
    }
    c->changed = true;
    return ERR_OK;
}

enum err clock_start(struct ctx *ctx, struct question *q, const struct limit *limit)
{
    struct clock_row *c = clock_find(q, limit->id);
    if (c != NULL && c->row.ended_day < 0) {
        return ERR_OK;
    }
    if (c == NULL) {
        if (q->clock_room == q->clock_count) {
            q->clocks = arena_grow(ctx->arena, q->clocks, q->clock_room * sizeof(*q->clocks),
                                   (q->clock_room + 8) * sizeof(*q->clocks));
            q->clock_room += 8;
        }
        c = &q->clocks[q->clock_count++];
    }
    *c = (struct clock_row){.limit = limit};
    c->row.limit_id = limit->id;
    c->row.started_day = q->day.n;
    c->row.stopped_day = -1;
    c->row.ended_day = -1;
    c->row.stopped_by = STR("");
    return clock_count(ctx, q, c);
}

void clock_end(struct question *q, struct str limit_id)
{
    struct clock_row *c = clock_find(q, limit_id);
    if (c != NULL && c->row.ended_day < 0) {
        c->row.ended_day = q->day.n;
        c->changed = true;
    }
}

static bool among(const struct act_kind *kind, const struct act_kind *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(list[i]->kind, kind->kind)) {
            return true;
        }
    }
    return false;
}

/* What this kind of act does to the clocks that run. */
enum err clocks_touch(struct ctx *ctx, struct question *q)
{
    for (size_t i = 0; i < q->clock_count; i++) {
        struct clock_row *c = &q->clocks[i];
        const struct limit *l = c->limit;
        if (l == NULL || c->row.ended_day >= 0) {
            continue;
        }
        if (c->row.stopped_day < 0 && among(q->kind, l->stop_by, l->stop_count)) {
            c->row.stopped_day = q->day.n;
            c->row.stopped_by = q->kind->kind;
            c->changed = true;
        } else if (c->row.stopped_day >= 0 && among(q->kind, l->resume_by, l->resume_count)) {
            struct day stopped = {(int32_t)c->row.stopped_day};
            c->row.lost_n += law_days_between(q->law, stopped, q->day, l->unit);
            c->row.stopped_day = -1;
            c->row.stopped_by = STR("");
            TRY(clock_count(ctx, q, c));
        }
        bool extends = l->extend_by != NULL && str_equal(l->extend_by->kind, q->kind->kind);
        if (extends && !(l->extend_once && c->row.extra_n > 0)) {
            c->row.extra_n += l->extend_n;
            TRY(clock_count(ctx, q, c));
        }
    }
    return ERR_OK;
}

/* Keep what changed, and let the timers that wait for a clock follow it. A stopped clock ends on no day. */
enum err clocks_store(struct ctx *ctx, struct db *db, const struct question *q, struct str case_id)
{
    for (size_t i = 0; i < q->clock_count; i++) {
        const struct gate_clock_list_row *r = &q->clocks[i].row;
        if (!q->clocks[i].changed) {
            continue;
        }
        TRY(gate_clock_set(ctx, db,
                      (struct gate_clock_set_in){.case_id = case_id,
                                            .limit_id = r->limit_id,
                                            .started_day = r->started_day,
                                            .due_day = r->due_day,
                                            .promised_day = r->promised_day,
                                            .extra_n = r->extra_n,
                                            .lost_n = r->lost_n,
                                            .stopped_day = r->stopped_day,
                                            .stopped_by = r->stopped_by,
                                            .ended_day = r->ended_day,
                                            .provisional = r->provisional}));
        int64_t due = r->stopped_day >= 0 ? INT32_MAX : r->due_day;
        TRY(gate_timer_move(ctx, db, (struct gate_timer_move_in){.case_id = case_id, .limit_id = r->limit_id, .due_day = due}));
    }
    return ERR_OK;
}

/* ---- the tick ---- */

enum { LEAP_MS = 10 * 60 * 1000, TICK_MAX = LIMIT_WRITER_QUEUE / 2 };

/* The wall clock must have moved as the steady clock did, give or take what a time service corrects. */
static bool clock_leapt(struct gate *g, struct instant now, int64_t mono_ns)
{
    bool first = g->tick_mono_ns == 0;
    int64_t steady_ms = (mono_ns - g->tick_mono_ns) / 1000000;
    int64_t wall_ms = now.ms - g->tick_wall.ms;
    int64_t off = wall_ms - steady_ms;
    g->clock_held = g->clock_held || (!first && (off > LEAP_MS || off < -LEAP_MS));
    if (!g->clock_held) {
        g->tick_mono_ns = mono_ns;
        g->tick_wall = now;
    } else if (off <= LEAP_MS && off >= -LEAP_MS) {
        g->clock_held = false; /* it came back by itself */
    }
    return g->clock_held;
}

void gate_clock_trust(struct gate *g)
{
    g->tick_mono_ns = 0;
    g->clock_held = false;
}

static void tick_done(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    (void)arg;
    (void)err;
    (void)why;
    (void)receipt; /* what is not done now is due again at the next tick */
}

enum err gate_tick(struct ctx *ctx, struct gate *g, size_t *ret_count)
{
    struct instant now = g->world->now(g->world);
    *ret_count = 0;
    if (clock_leapt(g, now, g->world->mono_ns(g->world))) {
        return fault(ctx, ERR_PRECONDITION, "the wall clock leapt against the steady clock; acts of the clock wait until "
                                            "it agrees again or an operator confirms it");
    }
    struct db *reader = NULL;
    TRY(store_reader(ctx, g->store, &reader));
    struct gate_timer_due_row *rows = NULL;
    size_t count = 0;
    enum err e = gate_timer_due(ctx, reader, (struct gate_timer_due_in){.day = instant_day(now).n, .count = TICK_MAX}, &rows, &count);
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        struct draft d = {.kind = rows[i].kind, .case_id = rows[i].case_id, .timer = rows[i].timer, .fields = json_object()};
        d.actor.kind = ACTOR_CLOCK;
        e = gate_submit(ctx, g, &d, tick_done, g);
        *ret_count += e == ERR_OK;
    }
    e = e == ERR_OK ? owed_look(ctx, g, reader) : e;
    db_close(reader);
    return e;
}
