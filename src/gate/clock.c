/* Legal clocks of a case: started when the procedure opens what they limit, stopped, resumed and
 * extended by the kinds of act their limit names, met when it closes. They never move for any other
 * reason: due days follow from recorded days and the calendar alone. */
#include "base/json_make.h"
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

struct day limit_start(const struct question *q, const struct limit *limit, struct day begun,
                       bool *ret_stated)
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

/* Days of the limit's unit that the clock stood still. */
static int64_t days_lost(const struct question *q, const struct clock_row *c)
{
    int64_t n = 0;
    for (size_t i = 0; i < c->stops.count; i++) {
        const struct json *stop = &c->stops.items[i];
        struct day from = {(int32_t)stop->items[STOP_FROM].int_value};
        struct day to = {(int32_t)stop->items[STOP_TO].int_value};
        n += to.n < 0 ? 0 : law_days_between(q->law_now, from, to, c->limit->unit);
    }
    return n;
}

/* Calendars are those of the law of today, not of the case: which days are off is announced year by
 * year. */
enum err clock_count(struct ctx *ctx, struct question *q, struct clock_row *c)
{
    struct due due;
    struct gate_clock_list_row before = c->row;
    int32_t extra = (int32_t)(c->row.extra_n + days_lost(q, c));
    bool stated = false;
    struct day start = limit_start(q, c->limit, (struct day){(int32_t)c->row.started_day}, &stated);
    TRY(law_due(ctx, q->law_now, c->limit, start, extra, false, &due));
    c->row.due_day = due.day.n;
    c->row.provisional = due.provisional;
    c->row.promised_day = due.day.n;
    const struct promise *p = promise_of(q, c->limit);
    if (p != NULL && !c->limit->before) {
        bool provisional = false;
        struct day by =
            law_day_after(q->law_now, start, p->n + extra, p->unit, c->limit->roll, &provisional);
        c->row.promised_day = by.n < due.day.n ? by.n : due.day.n;
    }
    c->changed = c->changed || before.due_day != c->row.due_day ||
                 before.promised_day != c->row.promised_day ||
                 before.provisional != c->row.provisional;
    return ERR_OK;
}

/* The day a clock begins: of this act, or from which the service holds that it is, or of the
 * receipt of what this act answers, where the limit counts from there or the act is deemed done
 * from that day. */
static struct day first_day(const struct question *q, const struct limit *limit)
{
    if (limit->starts_served && q->has_served) {
        return q->served;
    }
    const struct limit *ran_out = q->has_timer ? law_limit(q->law, q->timer.limit_id) : NULL;
    bool deemed = ran_out != NULL && ran_out->deem_since_start;
    return q->has_received && (limit->starts_received || deemed) ? q->received : q->day;
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
    *c = (struct clock_row){.limit = limit, .stops = json_array()};
    c->row.limit_id = limit->id;
    c->row.started_day = first_day(q, limit).n;
    c->row.stopped_day = -1;
    c->row.ended_day = -1;
    c->row.stopped_by = STR("");
    c->row.paper = -1;
    c->changed = true;
    if (limit->starts_served && service_waits(q)) {
        c->row.paper = q->seq;
        c->row.stopped_day = c->row.started_day;
        c->row.stopped_by = q->kind->kind;
    }
    return clock_count(ctx, q, c);
}

void clock_end(struct question *q, struct str limit_id)
{
    struct clock_row *c = clock_find(q, limit_id);
    if (c != NULL && c->row.ended_day < 0) {
        c->row.ended_day = c->limit == NULL ? q->day.n : judged_day(q, c->limit).n;
        c->changed = true;
    }
}

void clock_answer(struct question *q, struct str limit_id)
{
    const struct clock_row *c = clock_find(q, limit_id);
    if (c != NULL && c->row.ended_day < 0) {
        if (!q->has_received || c->row.started_day > q->received.n) {
            q->received = (struct day){(int32_t)c->row.started_day};
            q->has_received = true;
        }
        clock_end(q, limit_id);
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

static void clock_stop(struct arena *a, const struct question *q, struct clock_row *c, int64_t seq)
{
    struct json stop = json_array();
    json_push(a, &stop, json_of_int(q->day.n));
    json_push(a, &stop, json_of_int(-1));
    json_push(a, &stop, json_of_str(q->kind->kind));
    json_push(a, &stop, json_of_int(seq));
    json_push(a, &c->stops, stop);
    c->row.stopped_day = q->day.n;
    c->row.stopped_by = q->kind->kind;
    c->changed = true;
}

static void clock_resume(const struct question *q, struct clock_row *c)
{
    for (size_t i = 0; i < c->stops.count; i++) {
        struct json *to = &c->stops.items[i].items[STOP_TO];
        *to = to->int_value < 0 ? json_of_int(q->day.n) : *to;
    }
    c->row.stopped_day = -1;
    c->row.stopped_by = STR("");
    c->changed = true;
}

/* What was answered must be handed in again, and the whole time runs from then. */
static enum err clock_restart(struct ctx *ctx, struct question *q, struct clock_row *c)
{
    c->row.started_day = q->day.n;
    c->row.stopped_day = -1;
    c->row.stopped_by = STR("");
    c->row.extra_n = 0;
    c->stops = json_array();
    c->changed = true;
    return clock_count(ctx, q, c);
}

bool clock_extends(const struct clock_row *c, const struct act_kind *kind)
{
    const struct limit *l = c->limit;
    bool may = l != NULL && l->extend_by != NULL && str_equal(l->extend_by->kind, kind->kind) &&
               c->row.ended_day < 0;
    return may && !(l->extend_once && c->row.extra_n > 0);
}

/* What this kind of act, to be act `seq`, does to the clocks that run. */
enum err clocks_touch(struct ctx *ctx, struct question *q, int64_t seq)
{
    for (size_t i = 0; i < q->clock_count; i++) {
        struct clock_row *c = &q->clocks[i];
        const struct limit *l = c->limit;
        bool waits = c->row.paper >= 0 && c->row.stopped_day >= 0; /* for its paper's service */
        if (l == NULL || c->row.ended_day >= 0 || waits) {
            continue;
        }
        if (among(q->kind, l->restart_by, l->restart_count)) {
            TRY(clock_restart(ctx, q, c));
        } else if (c->row.stopped_day < 0 && among(q->kind, l->stop_by, l->stop_count)) {
            clock_stop(ctx->arena, q, c, seq);
        } else if (c->row.stopped_day >= 0 && among(q->kind, l->resume_by, l->resume_count)) {
            clock_resume(q, c);
            TRY(clock_count(ctx, q, c));
        }
        if (clock_extends(c, q->kind)) {
            c->row.extra_n += l->extend_n;
            c->changed = true;
            TRY(clock_count(ctx, q, c));
        }
    }
    return ERR_OK;
}

enum err clock_read(struct ctx *ctx, const struct limit *limit,
                    const struct gate_clock_list_row *row, struct clock_row *ret)
{
    *ret = (struct clock_row){.limit = limit, .row = *row};
    TRY(json_parse(ctx, row->stops, STR("stops"), &ret->stops));
    bool good = ret->stops.kind == JSON_ARRAY;
    for (size_t i = 0; good && i < ret->stops.count; i++) {
        const struct json *x = &ret->stops.items[i];
        good = x->kind == JSON_ARRAY && x->count == STOP_PARTS && x->items[STOP_FROM].is_int &&
               x->items[STOP_TO].is_int;
    }
    return good ? ERR_OK
                : fault(ctx, ERR_CORRUPT, "the stops of the clock %.*s cannot be read",
                        FMT(row->limit_id));
}

/* Keep a clock, and let the timers that wait for it follow. A stopped clock ends on no day. */
static enum err clock_store(struct ctx *ctx, struct db *db, const struct clock_row *c,
                            struct str case_id)
{
    const struct gate_clock_list_row *r = &c->row;
    struct buf stops = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    struct str text = {0};
    json_write(&stops, &c->stops);
    TRY(buf_done(ctx, &stops, &text));
    TRY(gate_clock_set(ctx, db,
                       (struct gate_clock_set_in){.case_id = case_id,
                                                  .limit_id = r->limit_id,
                                                  .started_day = r->started_day,
                                                  .due_day = r->due_day,
                                                  .promised_day = r->promised_day,
                                                  .extra_n = r->extra_n,
                                                  .stops = text,
                                                  .paper = r->paper,
                                                  .stopped_day = r->stopped_day,
                                                  .stopped_by = r->stopped_by,
                                                  .ended_day = r->ended_day,
                                                  .provisional = r->provisional}));
    int64_t due = r->stopped_day >= 0 ? INT32_MAX : r->due_day;
    return gate_timer_move(
        ctx, db,
        (struct gate_timer_move_in){.case_id = case_id, .limit_id = r->limit_id, .due_day = due});
}

enum err clocks_store(struct ctx *ctx, struct db *db, const struct question *q, struct str case_id)
{
    for (size_t i = 0; i < q->clock_count; i++) {
        if (q->clocks[i].changed) {
            TRY(clock_store(ctx, db, &q->clocks[i], case_id));
        }
    }
    return ERR_OK;
}

bool clocks_first_due(const struct question *q, struct str *ret_limit, struct day *ret_day)
{
    bool any = false;
    for (size_t i = 0; i < q->clock_count; i++) {
        const struct clock_row *c = &q->clocks[i];
        bool runs = c->limit != NULL && !c->limit->per_party && c->row.ended_day < 0 &&
                    c->row.stopped_day < 0;
        if (runs && (!any || c->row.due_day < ret_day->n)) {
            any = true;
            *ret_limit = c->limit->id;
            *ret_day = (struct day){(int32_t)c->row.due_day};
        }
    }
    return any;
}

/* ---- all clocks of a case ---- */

enum err clocks_load(struct ctx *ctx, struct db *db, struct question *q)
{
    struct gate_clock_list_row *rows = NULL;
    size_t count = 0;
    TRY(gate_clock_list(ctx, db, (struct gate_clock_list_in){.case_id = q->row.id}, &rows, &count));
    /* Room for the clocks that an act may start beside those there are. */
    q->clock_room = count + 8;
    q->clocks = ARENA_ARRAY(ctx->arena, struct clock_row, q->clock_room);
    for (q->clock_count = 0; q->clock_count < count; q->clock_count++) {
        const struct gate_clock_list_row *row = &rows[q->clock_count];
        TRY(clock_read(ctx, law_limit(q->law, row->limit_id), row, &q->clocks[q->clock_count]));
    }
    return ERR_OK;
}

enum err clocks_count(struct ctx *ctx, struct question *q)
{
    for (size_t i = 0; i < q->clock_count; i++) {
        if (q->clocks[i].limit != NULL && q->clocks[i].row.ended_day < 0) {
            TRY(clock_count(ctx, q, &q->clocks[i]));
        }
    }
    return ERR_OK;
}

enum err due_tell(struct ctx *ctx, struct gate *g, struct db *db, const struct question *q)
{
    struct str limit = {0};
    struct day due = {0};
    bool any = clocks_first_due(q, &limit, &due);
    for (size_t i = 0; any && i < g->room_count; i++) {
        if (g->rooms[i]->due != NULL) {
            TRY(g->rooms[i]->due(ctx, db, q->row.id, limit, due));
        }
    }
    return ERR_OK;
}

/* ---- what ran out ---- */

enum err gate_timers_due(struct ctx *ctx, struct db *reader, struct day today,
                         const struct timer_place *after, size_t max, struct due_timer **ret,
                         size_t *ret_count)
{
    struct gate_timer_due_row *rows = NULL;
    struct gate_timer_due_in in = {.day = today.n,
                                   .after_day = after->day.n,
                                   .after_case = after->case_id,
                                   .after_timer = after->timer,
                                   .count = (int64_t)max};
    TRY(gate_timer_due(ctx, reader, in, &rows, ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct due_timer, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret)[i] = (struct due_timer){
            rows[i].kind, rows[i].case_id, rows[i].timer, {(int32_t)rows[i].due_day}};
    }
    return ERR_OK;
}
