/* A calendar is published: clocks that run are counted anew.
 *
 * Which days are off is announced year by year, and sometimes anew at short notice, so the
 * calendars a clock is counted by are those of the newest law, not of its case's (clock_count). Two
 * kinds of clock are then no longer right:
 *
 *   those that ran past the calendars known till then (provisional);
 *   those whose span, from the day they count from to their last day, holds a day that was a
 *   working day and is none now, or the other way round.
 *
 * A limit in calendar days is among the second only when its last day is moved by it, but telling
 * that is counting it. Counting depends on nothing but the row and the law, so to count a clock
 * twice, or in pieces with acts between, comes to the same; what did not change is not written. */
#include "gate/gate_in.h"

enum { CHUNK = 256, CASE_BYTES = 128 };

enum err recount_begin(struct ctx *ctx, struct gate *g, struct db *db, struct day day,
                       struct recount *ret)
{
    int64_t newest = book_newest(g->book);
    *ret = (struct recount){.from = {INT32_MIN}, .to = {INT32_MAX}};
    TRY(book_law(ctx, g->book, db, newest, day, &ret->now));
    TRY(book_law(ctx, g->book, db, book_before(g->book, newest), day, &ret->before));
    ret->days = ret->now != NULL && ret->before != NULL &&
                law_days_differ(ret->before, ret->now, &ret->from, &ret->to);
    return ERR_OK;
}

static void widen(struct day *from, struct day *to, int64_t day)
{
    from->n = day < from->n ? (int32_t)day : from->n;
    to->n = day > to->n ? (int32_t)day : to->n;
}

/* Does the span that the clock was counted over hold a day that is another than it was? */
static bool is_touched(const struct recount *r, const struct question *q, const struct clock_row *c)
{
    bool stated = false;
    struct day start = limit_start(q, c->limit, (struct day){(int32_t)c->row.started_day}, &stated);
    struct day from = start;
    struct day to = start;
    widen(&from, &to, c->row.started_day);
    widen(&from, &to, c->row.due_day);
    widen(&from, &to, c->row.promised_day);
    for (size_t i = 0; i < c->stops.count; i++) {
        int64_t until = c->stops.items[i].items[STOP_TO].int_value;
        widen(&from, &to, c->stops.items[i].items[STOP_FROM].int_value);
        widen(&from, &to, until < 0 ? start.n : until);
    }
    return from.n <= r->to.n && to.n >= r->from.n && law_days_differ(r->before, r->now, &from, &to);
}

static enum err recount_case(struct ctx *ctx, struct gate *g, struct db *db,
                             const struct recount *r, struct str case_id)
{
    struct question q = {.law_now = r->now, .has_case = true};
    bool found = false;
    bool changed = false;
    TRY(gate_case_get(ctx, db, (struct gate_case_get_in){.id = case_id}, &q.row, &found));
    if (!found) {
        return fault(ctx, ERR_CORRUPT, "a clock runs for the case %.*s, which is not there",
                     FMT(case_id));
    }
    TRY(book_law(ctx, g->book, db, q.row.law_seq, (struct day){(int32_t)q.row.law_day}, &q.law));
    TRY(json_parse(ctx, q.row.facts, STR("facts"), &q.facts));
    q.item = law_item(q.law, q.row.item);
    TRY(clocks_load(ctx, db, &q));
    for (size_t i = 0; i < q.clock_count; i++) {
        struct clock_row *c = &q.clocks[i];
        bool runs = c->limit != NULL && c->row.ended_day < 0;
        if (runs && (c->row.provisional != 0 || (r->days && is_touched(r, &q, c)))) {
            TRY(clock_count(ctx, &q, c));
            changed = changed || c->changed;
        }
    }
    if (!changed) {
        return ERR_OK;
    }
    TRY(clocks_store(ctx, db, &q, case_id));
    return due_tell(ctx, g, db, &q);
}

/* Cases with a clock that may be touched, after one: all that run when any day is another, else
 * those past the calendar. */
static enum err next_cases(struct ctx *ctx, struct db *db, const struct recount *r,
                           struct str after, size_t max, struct str **ret, size_t *ret_count)
{
    struct str *ids = ARENA_ARRAY(ctx->arena, struct str, max + 1);
    *ret = ids;
    if (r->days) {
        struct gate_clock_running_row *rows = NULL;
        struct gate_clock_running_in in = {.case_id = after, .count = (int64_t)max};
        TRY(gate_clock_running(ctx, db, in, &rows, ret_count));
        for (size_t i = 0; i < *ret_count; i++) {
            ids[i] = rows[i].case_id;
        }
        return ERR_OK;
    }
    struct gate_clock_provisional_row *rows = NULL;
    struct gate_clock_provisional_in in = {.case_id = after, .count = (int64_t)max};
    TRY(gate_clock_provisional(ctx, db, in, &rows, ret_count));
    for (size_t i = 0; i < *ret_count; i++) {
        ids[i] = rows[i].case_id;
    }
    return ERR_OK;
}

enum err recount_some(struct ctx *ctx, struct gate *g, struct db *db, const struct recount *r,
                      struct str after, size_t max, struct str *ret_last, size_t *ret_count)
{
    struct str *ids = NULL;
    *ret_count = 0;
    *ret_last = after;
    if (r->now == NULL) {
        return ERR_OK;
    }
    TRY(next_cases(ctx, db, r, after, max, &ids, ret_count));
    for (size_t i = 0; i < *ret_count; i++) {
        TRY(recount_case(ctx, g, db, r, ids[i]));
        *ret_last = ids[i];
    }
    return ERR_OK;
}

enum err clocks_recount(struct ctx *ctx, struct gate *g, struct db *db, struct day day)
{
    char place[CASE_BYTES] = "";
    size_t place_n = 0;
    struct recount r;
    TRY(recount_begin(ctx, g, db, day, &r));
    for (size_t count = CHUNK; count == CHUNK;) {
        struct arena_mark mark = arena_mark(ctx->arena);
        struct str last = {0};
        TRY(recount_some(ctx, g, db, &r, (struct str){place, place_n}, CHUNK, &last, &count));
        if (last.n > sizeof(place)) {
            return fault(ctx, ERR_CORRUPT, "the number of the case %.*s is too long", FMT(last));
        }
        memmove(place, last.p, last.n);
        place_n = last.n;
        arena_reset(ctx->arena, mark);
    }
    return ERR_OK;
}
