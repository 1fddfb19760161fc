/* Within the limit the act must keep; past it, what lateness means by that limit. A stopped clock
 * does not run out, and bars what may only be done while it runs. A limit whose clock does not run
 * in the case, but whose day a fact states, is counted from that day. An act is held against its
 * limit by the day it happened on, where the limit names the fact that tells it: one that was
 * recorded later is not late for that. Who is barred for a time waits it out. */
#include "gate/gate_in.h"

check_fn check_time;

static const struct clock_row *clock_of(const struct question *q, const struct limit *limit)
{
    for (size_t i = 0; i < q->clock_count; i++) {
        if (str_equal(q->clocks[i].row.limit_id, limit->id)) {
            return &q->clocks[i];
        }
    }
    return NULL;
}

/* Of several limits the first whose condition holds; the item's own law goes before the
 * procedure's. */
static const struct limit *limit_of(struct ctx *ctx, struct question *q)
{
    for (size_t i = 0; i < q->kind->limit_count; i++) {
        const struct act_limit *x = &q->kind->limits[i];
        if (!x->also && (x->when == NULL || question_holds(ctx, q, x->when))) {
            return law_limit_for(q->law, q->item, x->limit->id);
        }
    }
    return NULL;
}

/* Has the last day passed, by a clock of the case or by a stated day? */
static bool is_past(struct ctx *ctx, struct question *q, const struct limit *limit)
{
    const struct clock_row *clock = clock_of(q, limit);
    bool runs = clock != NULL && clock->row.stopped_day < 0 && clock->row.ended_day < 0;
    bool ran_out = clock != NULL && clock->row.ended_day > clock->row.due_day;
    if (runs || ran_out) {
        return judged_day(q, limit).n > clock->row.due_day;
    }
    bool stated = false;
    struct due due;
    struct day start = limit_start(q, limit, q->day, &stated);
    bool counted =
        clock == NULL && stated && law_due(ctx, q->law, limit, start, 0, false, &due) == ERR_OK;
    return counted && judged_day(q, limit).n > due.day.n;
}

static bool in_time(struct ctx *ctx, struct question *q, const struct limit *limit,
                    struct verdict *ret)
{
    struct str none = {0};
    if (limit == NULL || limit->late != LATE_REFUSE || !is_past(ctx, q, limit)) {
        return true;
    }
    const struct cite *late =
        limit->article_late.statute != NULL ? &limit->article_late : &limit->article;
    return verdict_refuse(ctx, q, ret, "time.late", late, none);
}

/* Those that hold whatever else does: the longest time of all. */
static bool also_in_time(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    for (size_t i = 0; i < q->kind->limit_count; i++) {
        const struct act_limit *x = &q->kind->limits[i];
        bool counts = x->also && (x->when == NULL || question_holds(ctx, q, x->when));
        if (counts && !in_time(ctx, q, law_limit_for(q->law, q->item, x->limit->id), ret)) {
            return false;
        }
    }
    return true;
}

/* A clock can be lengthened while it has not run out, and as often as its limit allows. */
static bool check_extension(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    struct str none = {0};
    const struct limit *late = NULL;
    const struct limit *basis = NULL;
    size_t count = 0;
    const struct limit *limits = law_limits(q->law, &count);
    for (size_t i = 0; i < count; i++) {
        basis = limits[i].extend_by == q->kind ? &limits[i] : basis;
    }
    for (size_t i = 0; basis != NULL && i < q->clock_count; i++) {
        const struct clock_row *c = &q->clocks[i];
        if (clock_extends(c, q->kind) && (c->row.stopped_day >= 0 || q->day.n <= c->row.due_day)) {
            return true;
        }
        late = clock_extends(c, q->kind) ? c->limit : late;
    }
    if (late != NULL) {
        return verdict_refuse(
            ctx, q, ret, "time.late",
            late->article_extend.statute == NULL ? &late->article : &late->article_extend, none);
    }
    return basis == NULL || verdict_refuse(ctx, q, ret, "time.extend", NULL, none);
}

bool check_time(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    struct str none = {0};
    if (q->draft->actor.kind == ACTOR_CLOCK) {
        bool past = !q->has_timer || q->timer.due_day < q->day.n;
        return past || verdict_refuse(ctx, q, ret, "time.early", NULL, none);
    }
    if (q->barred.n > 0) {
        const struct limit *bar = law_limit(q->law, q->barred);
        return verdict_refuse(ctx, q, ret, "time.barred", bar == NULL ? NULL : &bar->article, none);
    }
    if ((q->erased || q->without_form) && q->kind->limit_count > 1) {
        return true; /* which limit counts, the fields decide */
    }
    return in_time(ctx, q, limit_of(ctx, q), ret) && also_in_time(ctx, q, ret) &&
           check_extension(ctx, q, ret);
}
