/* What the node owes by itself: where law leaves no discretion it decides at once after a filing.
 * It submits that act when the filing is acknowledged; if the queue is full then, or the process
 * dies between the two, the next tick finds the case by the mark that the filing left among its
 * timers. What the gate would refuse waits for a person. */
#include "gate/gate_in.h"

/* A row of the timers under this name and day is no limit that ends, but an act of the node that is
 * awaited. */
#define OWED_TIMER STR("node")
enum { OWED_DAY = INT32_MAX - 1, OWED_AT_ONCE = 64 };

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

static void owed_done(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct gate *g = arg;
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

void owed_submit(struct gate *g, struct str kind, struct str case_id)
{
    struct ctx ctx = {.world = g->world};
    struct draft d = owed_draft(kind, case_id);
    if (gate_submit(&ctx, g, &d, owed_done, g) != ERR_OK) {
        atomic_store(&g->owed_missed, true);
    }
}

enum err owed_look(struct ctx *ctx, struct gate *g, struct db *reader)
{
    if (atomic_exchange(&g->owed_missed, false)) {
        g->owed_looking = true;
        g->owed_from[0] = 0;
    }
    if (!g->owed_looking) {
        return ERR_OK;
    }
    struct gate_owed_list_row *rows = NULL;
    size_t count = 0;
    TRY(gate_owed_list(ctx, reader,
                       (struct gate_owed_list_in){.never = OWED_DAY,
                                                  .case_id = str_from(g->owed_from),
                                                  .count = OWED_AT_ONCE},
                       &rows, &count));
    for (size_t i = 0; i < count; i++) {
        struct draft d = owed_draft(rows[i].kind, rows[i].case_id);
        struct verdict v;
        TRY(gate_ask(ctx, g, reader, &d, &v));
        if (v.admitted) {
            TRY(gate_submit(ctx, g, &d, owed_done, g));
        }
        size_t n =
            rows[i].case_id.n < sizeof(g->owed_from) ? rows[i].case_id.n : sizeof(g->owed_from) - 1;
        memcpy(g->owed_from, rows[i].case_id.p, n);
        g->owed_from[n] = 0;
    }
    g->owed_looking = count == OWED_AT_ONCE;
    return ERR_OK;
}
