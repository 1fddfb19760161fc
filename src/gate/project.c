/* The gate's own views beside cases, clocks and timers (step.c): whom an act bars from asking
 * again.
 */
#include "gate/gate_in.h"

/* An act that bars, for an item for which its statute says so. */
static enum err track_bar(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct limit *bar = act->kind->bars;
    bool holds = false;
    for (size_t i = 0; bar != NULL && act->item != NULL && i < act->item->bar_count; i++) {
        holds = holds || str_equal(act->item->bars[i]->id, bar->id);
    }
    if (!holds) {
        return ERR_OK;
    }
    struct due due;
    TRY(law_due(ctx, act->law, bar, act->day, 0, false, &due));
    return gate_bar_put(ctx, db,
                        (struct gate_bar_put_in){.party = act->party,
                                                 .matter = bar_matter(act->item),
                                                 .seq = act->seq,
                                                 .limit_id = bar->id,
                                                 .until_day = due.day.n});
}

/* 1: states of procedures name elements by their ids (bpmn/state.c).
 * 2: a clock that runs for timers alone ends with them; versions of packs published ahead of their
 *    first day reach running cases on it. */
const struct projector gate_projector = {.room = "gate", .version = 2, .track = track_bar};
