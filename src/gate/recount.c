/* A calendar comes into force: clocks that run are counted anew.
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
 * twice comes to the same; what did not change is not written. When it is done is said in
 * catch_up.c. */
#include "gate/gate_in.h"

enum err recount_begin(struct ctx *ctx, struct gate *g, struct db *db, const struct law_change *x,
                       struct recount *ret)
{
    *ret = (struct recount){.from = {INT32_MIN}, .to = {INT32_MAX}};
    TRY(book_law(ctx, g->book, db, x->after.seq, x->after.day, &ret->now));
    TRY(book_law(ctx, g->book, db, x->before.seq, x->before.day, &ret->before));
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

enum err recount_case(struct ctx *ctx, struct gate *g, struct db *db, const struct recount *r,
                      struct str case_id)
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
