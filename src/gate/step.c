/* What an admitted act does to its case: the procedure moves, clocks start, stop and end, timers
 * are set. */
#include "base/json_make.h"
#include "gate/gate_in.h"

static enum err text_of(struct ctx *ctx, const struct json *j, struct str *ret)
{
    struct buf b = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    json_write(&b, j);
    return buf_done(ctx, &b, ret);
}

/* ---- the procedure ---- */

/* What a decision sees: the facts of the case by their subjects, and what FEEL in a pack sees
 * beside them. */
static struct feel_value decision_inputs(struct ctx *ctx, struct question *q)
{
    const struct feel_value *slots = question_slots(ctx, q);
    struct feel_value facts = slots[LAW_SLOT_FACTS];
    struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, facts.n + 2);
    for (uint32_t i = 0; i < facts.n; i++) {
        e[i] = facts.entries[i];
    }
    e[facts.n] = (struct feel_entry){STR("case"), slots[LAW_SLOT_CASE]};
    e[facts.n + 1] = (struct feel_entry){STR("proposal"), slots[LAW_SLOT_PROPOSAL]};
    return feel_context(e, facts.n + 2);
}

static struct json rules_of(struct arena *a, const struct dmn_result *r)
{
    struct json list = json_array();
    for (size_t i = 0; i < r->fired_count; i++) {
        struct json rule = json_object();
        json_set(a, &rule, STR("table"), json_of_str(r->fired[i].table));
        json_set(a, &rule, STR("rule"), json_of_int((int64_t)r->fired[i].rule));
        json_set(a, &rule, STR("article"), json_of_str(r->fired[i].article));
        json_push(a, &list, rule);
    }
    return list;
}

/* A business rule task: its decision is taken by the law of the case, and recorded with the act
 * that led to it. */
static enum err decide(struct ctx *ctx, void *self, const struct bpmn_element *e,
                       struct feel_value *ret)
{
    struct question *q = self;
    struct arena *a = ctx->arena;
    const struct dmn_model *model = law_model(q->law, e->model);
    const struct json *then = json_at(&q->decided_then, q->decided.count);
    struct dmn_result r = {0};
    struct json value;
    struct json row = json_object();
    if (then != NULL) {
        json_push(a, &q->decided, *then);
        const struct json *v = json_get(then, "value");
        return v == NULL ? fault(ctx, ERR_CORRUPT, "the vault holds a decision without value")
                         : bpmn_value_read(ctx, v, ret);
    }
    if (model == NULL) {
        return fault(ctx, ERR_CORRUPT, "the law of the case has no decision model %.*s",
                     FMT(e->model));
    }
    TRY(dmn_evaluate(ctx, model, e->decision, decision_inputs(ctx, q), q->at, &r));
    TRY(bpmn_value_write(ctx, r.value, &value));
    json_set(a, &row, STR("task"), json_of_str(e->id));
    json_set(a, &row, STR("model"), json_of_str(e->model));
    json_set(a, &row, STR("decision"), json_of_str(e->decision));
    json_set(a, &row, STR("value"), value);
    json_set(a, &row, STR("rules"), rules_of(a, &r));
    json_push(a, &q->decided, row);
    *ret = r.value;
    return ERR_OK;
}

/* The procedure's own move; acts that hang on a status leave it where it is unless it awaits them
 * there, and so does one that an older program admitted where this one's awaits no such act. */
static enum err move(struct ctx *ctx, struct question *q, struct bpmn_result *ret)
{
    const struct bpmn_process *p = q->item->procedure;
    const struct bpmn_decider decider = {.self = q, .decide = decide};
    struct bpmn_input in = {.slots = question_slots(ctx, q), .now = q->at, .decider = &decider};
    if (q->kind->in_case == ACT_CASE_OPEN) {
        return bpmn_start(ctx, p, q->kind->kind, &in, ret);
    }
    if ((!q->kind->task || q->recorded) && !procedure_awaits(q)) {
        *ret = (struct bpmn_result){.state = q->state};
        return ERR_OK;
    }
    if (q->draft->actor.kind == ACTOR_CLOCK) {
        return bpmn_timer(ctx, p, q->state, q->draft->timer, &in, ret);
    }
    return bpmn_act(ctx, p, q->state, q->kind->kind, &in, ret);
}

/* ---- clocks and timers ---- */

bool is_limited(const struct bpmn_element *e)
{
    return e->kind == BPMN_TASK || e->kind == BPMN_SUBPROCESS || e->kind == BPMN_CALL;
}

/* Does another open activity run under this limit still? */
static bool limit_is_open(const struct question *q, const struct bpmn_state *s,
                          const struct limit *limit)
{
    const struct bpmn_process *p = q->item->procedure;
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_element *e = &p->elements[s->tokens[i].element];
        if (is_limited(e) && e->limit.n > 0 && law_limit_for(q->law, q->item, e->limit) == limit) {
            return true;
        }
    }
    return false;
}

enum err timer_row(struct ctx *ctx, struct question *q, uint16_t element, struct str timer,
                   struct str case_id, struct gate_timer_set_in *ret)
{
    const struct bpmn_element *e = &q->item->procedure->elements[element];
    const struct limit *limit = law_limit_for(q->law, q->item, e->limit);
    if (limit == NULL) {
        return fault(ctx, ERR_CORRUPT, "the law of the case has no limit %.*s", FMT(e->limit));
    }
    if (clock_find(q, limit->id) == NULL) {
        TRY(clock_start(ctx, q, limit));
    }
    const struct clock_row *c = clock_find(q, limit->id);
    must(c != NULL && e->act_count > 0); /* the loader refuses a timer without an act */
    *ret =
        (struct gate_timer_set_in){.case_id = case_id,
                                   .timer = timer,
                                   .kind = e->acts[0],
                                   .limit_id = limit->id,
                                   .due_day = c->row.stopped_day >= 0 ? INT32_MAX : c->row.due_day};
    return ERR_OK;
}

/* One more of the lists of a step: bounded, for each is a row of one transaction. */
static enum err step_grow(struct ctx *ctx, size_t count, size_t *room, size_t size, void **list)
{
    if (count == LIMIT_ACT_TIMERS) {
        return fault(ctx, ERR_TOO_MANY, "one act sets or cancels more than %d timers",
                     LIMIT_ACT_TIMERS);
    }
    if (count == *room) {
        size_t more = *room == 0 ? 4 : *room * 2;
        *list = arena_grow(ctx->arena, *list, *room * size, more * size);
        *room = more;
    }
    return ERR_OK;
}

static enum err set_timer(struct ctx *ctx, struct question *q, struct step *step,
                          const struct bpmn_effect *e, struct str case_id)
{
    const struct limit *limit =
        law_limit_for(q->law, q->item, q->item->procedure->elements[e->element].limit);
    void *list = step->timers;
    if (limit != NULL) { /* a timer that is set again begins its clock anew, if that has ended */
        TRY(clock_start(ctx, q, limit));
    }
    TRY(step_grow(ctx, step->timer_count, &step->timer_room, sizeof(*step->timers), &list));
    step->timers = list;
    TRY(timer_row(ctx, q, e->element, e->timer, case_id, &step->timers[step->timer_count]));
    step->timer_count++;
    return ERR_OK;
}

static bool limit_has_timer(const struct question *q, const struct bpmn_state *s,
                            const struct limit *limit)
{
    const struct bpmn_process *p = q->item->procedure;
    for (size_t i = 0; i < s->timer_count; i++) {
        if (law_limit_for(q->law, q->item, p->elements[s->timers[i].element].limit) == limit) {
            return true;
        }
    }
    return false;
}

/* A clock that runs for timers alone ends with them: when one of them fires, for then it has run
 * out, and where one is set again by the same act it begins anew. While an activity under its limit
 * is open it runs on, late or not. */
static void end_with_firing(struct question *q, const struct bpmn_state *s,
                            const struct limit *limit, struct str timer)
{
    bool fired = q->draft->actor.kind == ACTOR_CLOCK && str_equal(timer, q->draft->timer);
    if (fired && limit != NULL && !limit_is_open(q, s, limit)) {
        clock_answer(q, limit->id);
    }
}

/* And when the last of them is cancelled: after all else, for an activity that closes by the same
 * act ends its clock itself. */
static void end_with_timers(struct question *q, const struct step *step,
                            const struct bpmn_result *moved)
{
    for (size_t i = 0; i < moved->count; i++) {
        const struct bpmn_effect *e = &moved->effects[i];
        struct str ref = q->item->procedure->elements[e->element].limit;
        const struct limit *limit =
            e->kind == BPMN_TIMER_CANCEL && ref.n > 0 ? law_limit_for(q->law, q->item, ref) : NULL;
        if (limit != NULL && !limit_is_open(q, step->state, limit) &&
            !limit_has_timer(q, step->state, limit)) {
            clock_end(q, limit->id);
        }
    }
}

/* A timer that this very act set was never stored. */
static enum err cancel_timer(struct ctx *ctx, struct step *step, struct str timer)
{
    void *list = step->timers_gone;
    for (size_t i = 0; i < step->timer_count; i++) {
        if (str_equal(step->timers[i].timer, timer)) {
            step->timers[i] = step->timers[--step->timer_count];
            return ERR_OK;
        }
    }
    TRY(step_grow(ctx, step->timer_gone_count, &step->timer_gone_room, sizeof(*step->timers_gone),
                  &list));
    step->timers_gone = list;
    step->timers_gone[step->timer_gone_count++] = timer;
    return ERR_OK;
}

static enum err take_effect(struct ctx *ctx, struct question *q, struct step *step,
                            const struct bpmn_effect *e, struct str case_id)
{
    const struct bpmn_element *element = &q->item->procedure->elements[e->element];
    const struct limit *limit =
        element->limit.n == 0 ? NULL : law_limit_for(q->law, q->item, element->limit);
    switch (e->kind) {
    case BPMN_OPENED: return limit == NULL ? ERR_OK : clock_start(ctx, q, limit);
    case BPMN_CLOSED:
        if (limit != NULL && !limit_is_open(q, step->state, limit)) {
            clock_answer(q, limit->id);
        }
        return ERR_OK;
    case BPMN_TIMER_SET: return set_timer(ctx, q, step, e, case_id);
    case BPMN_TIMER_CANCEL:
        end_with_firing(q, step->state, limit, e->timer);
        return cancel_timer(ctx, step, e->timer);
    case BPMN_STATUS: step->status = e->status; return ERR_OK;
    case BPMN_ENDED: step->closed = true; return ERR_OK;
    case BPMN_SENT:
    case BPMN_SIGNALLED:
    case BPMN_FAILED:
    case BPMN_TRACED:
    case BPMN_TOOK: return ERR_OK;
    }
    return ERR_OK;
}

/* What the law asks from here on sees this act among those that were done. */
static void note_done(struct ctx *ctx, struct question *q, int64_t seq)
{
    struct gate_done_in_case_row *done =
        ARENA_ARRAY(ctx->arena, struct gate_done_in_case_row, q->done_count + 1);
    for (size_t i = 0; i < q->done_count; i++) {
        done[i] = q->done[i];
    }
    done[q->done_count++] = (struct gate_done_in_case_row){.kind = q->kind->kind,
                                                           .actor = q->draft->actor.id,
                                                           .second = q->draft->actor.co_id,
                                                           .first = seq};
    q->done = done;
}

enum err step_make(struct ctx *ctx, struct question *q, int64_t seq, struct str case_id,
                   struct step *ret)
{
    struct bpmn_result moved;
    *ret = (struct step){.status = q->has_case ? q->row.status : STR(""),
                         .closed = q->row.closed != 0,
                         .case_id = case_id};
    q->seq = seq;
    TRY(service_make(ctx, q));
    TRY(clocks_touch(ctx, q, seq));
    TRY(move(ctx, q, &moved));
    ret->state = moved.state;
    for (size_t i = 0; i < moved.count; i++) {
        TRY(take_effect(ctx, q, ret, &moved.effects[i], case_id));
    }
    end_with_timers(q, ret, &moved);
    if (q->kind->to.n > 0) {
        ret->status = q->kind->to;
    }
    note_done(ctx, q, seq);
    clocks_first_due(q, &ret->due_limit, &ret->due_day);
    ret->seq = seq;
    return ERR_OK;
}

enum err step_store(struct ctx *ctx, struct db *db, struct question *q, const struct step *step)
{
    struct str tokens = {0};
    struct str facts = {0};
    TRY(bpmn_state_write(ctx, q->item->procedure, step->state, &tokens));
    TRY(text_of(ctx, &q->facts, &facts));
    if (q->kind->in_case == ACT_CASE_OPEN) {
        TRY(gate_case_add(ctx, db,
                          (struct gate_case_add_in){.id = step->case_id,
                                                    .item = q->item->id,
                                                    .office = q->office->id,
                                                    .party = q->party,
                                                    .filed_by = q->draft->actor.id,
                                                    .status = step->status,
                                                    .opened_day = q->day.n,
                                                    .closed = step->closed,
                                                    .first_seq = step->seq,
                                                    .last_seq = step->seq,
                                                    .law_seq = q->law_seq,
                                                    .law_day = q->day.n,
                                                    .tokens = tokens,
                                                    .facts = facts}));
        TRY(subjects_store(ctx, db, q, step->case_id, step->seq));
    } else {
        TRY(gate_case_move(
            ctx, db,
            (struct gate_case_move_in){.id = step->case_id,
                                       .office = q->office == NULL ? q->row.office : q->office->id,
                                       .status = step->status,
                                       .closed = step->closed,
                                       .last_seq = step->seq,
                                       .tokens = tokens,
                                       .facts = facts}));
    }
    for (size_t i = 0; i < step->timer_gone_count; i++) {
        TRY(gate_timer_remove(ctx, db,
                              (struct gate_timer_remove_in){.case_id = step->case_id,
                                                            .timer = step->timers_gone[i]}));
    }
    for (size_t i = 0; i < step->timer_count; i++) {
        TRY(gate_timer_set(ctx, db, step->timers[i]));
    }
    TRY(service_store(ctx, db, q, step->case_id));
    return clocks_store(ctx, db, q, step->case_id);
}
