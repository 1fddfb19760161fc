#include "gate/gate_in.h"

/* Within the limit the act must keep; past it, what lateness means by that limit. A stopped clock
 * does not run out, and bars what may only be done while it runs. */

static const struct clock_row *clock_of(const struct question *q, const struct limit *limit)
{
    for (size_t i = 0; i < q->clock_count; i++) {
        if (str_equal(q->clocks[i].row.limit_id, limit->id)) {
            return &q->clocks[i];
        }
    }
    return NULL;
}

bool check_time(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    struct str none = {0};
    const struct limit *limit = q->kind->limit;
    if (q->draft->actor.kind == ACTOR_CLOCK) {
        bool past = !q->has_timer || q->timer.due_day < q->day.n;
        return past || verdict_refuse(ctx, q, ret, "time.early", NULL, none);
    }
    if (limit == NULL) {
        return true;
    }
    const struct clock_row *clock = clock_of(q, limit);
    if (clock == NULL || clock->row.stopped_day >= 0 || clock->row.ended_day >= 0) {
        return true;
    }
    if (q->day.n > clock->row.due_day && limit->late == LATE_REFUSE) {
        const struct cite *late = limit->article_late.statute != NULL ? &limit->article_late : &limit->article;
        return verdict_refuse(ctx, q, ret, "time.late", late, none);
    }
    return true;
}
