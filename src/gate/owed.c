/* Where law leaves no discretion the node itself decides at once after a filing. The filing leaves
 * a mark among the timers of its case, which goes with that act: so whoever drafts what the node
 * owes (the agenda) finds it also after a crash between the two. */
#include "gate/gate_in.h"

/* A row of the timers under this name and day is no limit that ends, but an act of the node that is
 * awaited. */
#define OWED_TIMER STR("node")
enum { OWED_DAY = INT32_MAX - 1 };

struct str owed_kind(const struct question *q, const struct bpmn_state *state)
{
    size_t count = 0;
    const struct act_kind *kinds = law_acts(q->law, &count);
    for (size_t i = 0; q->item != NULL && q->item->automatic && state != NULL && i < count; i++) {
        bool by_node = kinds[i].task && (kinds[i].who & WHO_NODE) != 0;
        if (by_node && bpmn_may(q->item->procedure, state, kinds[i].kind)) {
            return kinds[i].kind;
        }
    }
    return STR("");
}

enum err owed_mark(struct ctx *ctx, struct db *db, const struct question *q, struct str case_id,
                   struct str kind)
{
    if (q->item == NULL || !q->item->automatic) {
        return ERR_OK;
    }
    if (kind.n == 0) {
        return gate_timer_remove(
            ctx, db, (struct gate_timer_remove_in){.case_id = case_id, .timer = OWED_TIMER});
    }
    return gate_timer_set(
        ctx, db,
        (struct gate_timer_set_in){
            .case_id = case_id, .timer = OWED_TIMER, .kind = kind, .due_day = OWED_DAY});
}

enum err gate_owed(struct ctx *ctx, struct db *reader, struct str after, size_t max,
                   struct owed_act **ret, size_t *ret_count)
{
    struct gate_owed_list_row *rows = NULL;
    TRY(gate_owed_list(
        ctx, reader,
        (struct gate_owed_list_in){.never = OWED_DAY, .case_id = after, .count = (int64_t)max},
        &rows, ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct owed_act, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret)[i] = (struct owed_act){rows[i].kind, rows[i].case_id};
    }
    return ERR_OK;
}
