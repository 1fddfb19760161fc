/* Activities: opened, done once or several times, completed.
 *
 * An activity that needs nobody completes by a move and not by a call, so nothing nests. A task
 * waits as a token until an event completes it; a sub-process or call until no token is left inside
 * it.
 *
 * An activity with a loop is two things. Its body is a token that counts: instances planned, begun
 * and completed. It hosts the boundary events and holds the collected results. Each instance is a
 * token inside the body with its number from 1 on, and holds the loop's data. The body decides
 * after each instance whether to begin more, to wait, or to complete; a completion condition ends
 * the instances that are still open.
 *
 * What completes tells its way to undo it (undo.c) before its token and data go. */
#include "base/decimal.h"
#include "bpmn/bpmn_in.h"

static void declare(struct run *run, const struct bpmn_data *d, uint32_t scope)
{
    for (uint16_t i = 0; d != NULL && i < d->declare_count; i++) {
        if (datum_get(run, scope, d->declares[i]) == NULL) {
            datum_set(run, scope, d->declares[i], feel_null());
        }
    }
}

/* Where the tokens of a sub-process or called process begin, in document order. */
static void push_starts(struct run *run, const struct bpmn_element *e, uint32_t scope)
{
    uint16_t count = e->start_count;
    uint32_t first = run->s->next_id;
    run->s->next_id += count;
    for (uint16_t i = count; i-- > 0;) {
        move_push(run, (struct move){MOVE_ENTER, e->starts[i], NO_FLOW, scope, first + i});
    }
    if (count == 0) {
        scope_check(run, scope);
    }
}

/* A script's value: a context gives each member to the name it has; else the one name it is bound
 * to. */
static enum err run_script(struct run *run, const struct bpmn_element *e, uint32_t token)
{
    struct ctx *ctx = run->ctx;
    struct feel_value v;
    if (e->expression == NULL || run->in->oracle != NULL) {
        return ERR_OK;
    }
    TRY(evaluate(run, e->expression, token, &v));
    if (e->data != NULL && e->data->result >= 0) {
        data_assign(run, token, (uint16_t)e->data->result, v);
        return ERR_OK;
    }
    return data_take(run, token, v);
}

/* A business rule task: what its decision says becomes data. */
static enum err run_decision(struct run *run, const struct bpmn_element *e, uint32_t token)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_decider *d = run->in->decider;
    struct feel_value v = feel_null();
    if (e->decision.n == 0 || run->in->oracle != NULL) {
        return ERR_OK;
    }
    if (d == NULL) {
        return fault(ctx, ERR_NOT_SUPPORTED, "%.*s \"%.*s\": nothing here can decide %.*s",
                     FMT(e->tag), FMT(e->id), FMT(e->decision));
    }
    TRY(d->decide(ctx, d->self, e, &v));
    data_assign(run, token, (uint16_t)e->data->result, v);
    return ERR_OK;
}

static enum err open_inside(struct run *run, uint16_t element, uint32_t token)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[element];
    if (e->sends) {
        effect_put(run,
                   (struct bpmn_effect){
                       .kind = BPMN_SENT, .element = element, .token = token, .name = e->message});
    }
    if (e->kind == BPMN_PASS) {
        TRY(run_script(run, e, token));
        TRY(run_decision(run, e, token));
        move_push(run,
                  (struct move){
                      .kind = MOVE_COMPLETE, .element = element, .scope = token, .token = token});
    } else if (e->kind == BPMN_SUBPROCESS || e->kind == BPMN_CALL) {
        const struct bpmn_element *inner = e->kind == BPMN_CALL ? &run->p->elements[e->calls] : e;
        declare(run, inner->data, token);
        TRY(scope_listen(run, token));
        push_starts(run, inner, token);
    }
    return ERR_OK;
}

/* What listens at the border of an activity. */
static enum err listen_at(struct run *run, uint16_t element, uint32_t token)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[element];
    for (uint16_t i = 0; i < e->attached_count; i++) {
        TRY(timers_set(run, token, e->attached[i]));
    }
    return ERR_OK;
}

static void tell_open(struct run *run, uint16_t element, uint32_t token)
{
    if (run->p->elements[element].kind == BPMN_PASS) {
        trace(run, element, token, "active");
    } else {
        effect_put(run, (struct bpmn_effect){.kind = BPMN_OPENED,
                                             .element = element,
                                             .token = token,
                                             .name = STR("active")});
    }
}

enum err activity_open(struct run *run, struct bpmn_token t)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[t.element];
    token_put(run, t);
    tell_open(run, t.element, t.id);
    if (e->data != NULL) {
        TRY(data_flow(run, e->data->inputs, e->data->input_count, t.id, t.id));
    }
    if (e->attached_count > 0 && token_is_host(run->p, &t)) {
        TRY(listen_at(run, t.element, t.id));
    }
    return open_inside(run, t.element, t.id);
}

/* ---- loops ---- */

static enum err count_of(struct run *run, const struct bpmn_element *e, struct feel_value v,
                         uint32_t *ret)
{
    int64_t n = 0;
    if (v.kind != FEEL_NUMBER || !decimal_to_i64(feel_decimal(v), &n) || n < 0 ||
        n > LIMIT_BPMN_TOKENS) {
        return fault(run->ctx, ERR_RANGE,
                     "%.*s \"%.*s\": the number of its instances is no whole number up to %d",
                     FMT(e->tag), FMT(e->id), LIMIT_BPMN_TOKENS);
    }
    *ret = (uint32_t)n;
    return ERR_OK;
}

static enum err plan(struct run *run, struct bpmn_token *body, uint32_t *ret_total)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[body->element];
    const struct bpmn_loop *l = e->loop;
    struct feel_value v = feel_null();
    uint32_t id = body->id;
    *ret_total = 2; /* an oracle looks at two instances */
    if (run->in->oracle != NULL) {
        return ERR_OK;
    }
    if (l->collection == NULL) {
        TRY(evaluate(run, l->cardinality, id, &v));
        return count_of(run, e, v, ret_total);
    }
    TRY(evaluate(run, l->collection, id, &v));
    if (v.kind != FEEL_LIST || v.n > LIMIT_BPMN_TOKENS) {
        return fault(ctx, ERR_RANGE, "%.*s \"%.*s\": its collection is no list of up to %d items",
                     FMT(e->tag), FMT(e->id), LIMIT_BPMN_TOKENS);
    }
    *ret_total = v.n;
    if (l->item >= 0) {
        datum_set(run, id, (uint16_t)l->item, v);
    }
    if (l->result_list >= 0) {
        datum_set(run, id, (uint16_t)l->result_list,
                  feel_list(ARENA_ARRAY(ctx->arena, struct feel_value, v.n + 1), v.n));
    }
    return ERR_OK;
}

static enum err body_complete(struct run *run, uint32_t id)
{
    struct bpmn_token body = *token_find(run->s, id);
    const struct bpmn_loop *l = run->p->elements[body.element].loop;
    scope_clear(run, id);
    if (l->multi && l->result_list >= 0 && run->in->oracle == NULL) {
        const struct feel_value *list = datum_get(run, id, (uint16_t)l->result_list);
        data_assign(run, body.scope, (uint16_t)l->result_list,
                    list == NULL ? feel_list(NULL, 0) : *list);
    }
    for (size_t i = 0; i < run->s->record_count;
         i++) { /* what its instances did is undone with the activity */
        run->s->records[i].scope =
            run->s->records[i].scope == id ? body.scope : run->s->records[i].scope;
    }
    token_remove(run, id, "completed");
    return leave(run, body.element, body.scope, id);
}

/* Begin what is to begin now: all of a parallel one, the next of a sequential one or a loop. */
static enum err body_go_on(struct run *run, uint32_t id)
{
    const struct bpmn_token *body = token_find(run->s, id);
    const struct bpmn_loop *l = run->p->elements[body->element].loop;
    struct move m = {.kind = MOVE_INSTANCE, .element = body->element, .scope = id};
    if (!l->multi) {
        bool more = (body->begun == 0 && !l->test_before) || holds(run, l->condition, id);
        bool may = l->max == 0 || body->begun < l->max;
        if (!more || !may) {
            return body_complete(run, id);
        }
        move_push(run, m);
        return ERR_OK;
    }
    if (body->completed == body->planned) {
        return body_complete(run, id);
    }
    uint32_t begin = l->sequential ? 1 : body->begun == 0 ? body->planned : 0;
    if (run->s->count + begin > LIMIT_BPMN_TOKENS) {
        return fault(run->ctx, ERR_TOO_MANY, "more than %d tokens at %.*s", LIMIT_BPMN_TOKENS,
                     FMT(run->p->elements[body->element].id));
    }
    for (uint32_t i = 0; i < begin; i++) {
        move_push(run, m);
    }
    return ERR_OK;
}

enum err instance_enter(struct run *run, uint32_t body_id)
{
    struct bpmn_token *body = token_find(run->s, body_id);
    if (body == NULL || body->what != BPMN_BODY) {
        return ERR_OK;
    }
    const struct bpmn_loop *l = run->p->elements[body->element].loop;
    uint32_t number = ++body->begun;
    struct bpmn_token t = {.id = token_id(run),
                           .element = body->element,
                           .flow = NO_FLOW,
                           .scope = body_id,
                           .number = number};
    const struct feel_value *list = l->item < 0 ? NULL : datum_get(run, body_id, (uint16_t)l->item);
    if (list != NULL && list->kind == FEEL_LIST && number <= list->n) {
        datum_set(run, t.id, (uint16_t)l->item, list->items[number - 1]);
    }
    if (l->result_item >= 0) {
        datum_set(run, t.id, (uint16_t)l->result_item, feel_null());
    }
    return activity_open(run, t);
}

static enum err loop_throws(struct run *run, uint32_t id)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_token body = *token_find(run->s, id);
    const struct bpmn_loop *l = run->p->elements[body.element].loop;
    bool due = l->behaviour == LOOP_EVENT_NONE || l->behaviour == LOOP_EVENT_COMPLEX ||
               (l->behaviour == LOOP_EVENT_ONE && body.completed == 1);
    for (size_t i = 0; due && i < l->throw_count && token_find(run->s, id) != NULL; i++) {
        if (holds(run, l->throws[i].condition, id)) {
            TRY(trigger_throw(run, &l->throws[i].trigger, id, body.scope));
        }
    }
    return ERR_OK;
}

/* One instance of a body is done. */
static enum err loop_done(struct run *run, uint32_t id, uint32_t number,
                          const struct feel_value *result)
{
    struct ctx *ctx = run->ctx;
    struct bpmn_token *body = token_find(run->s, id);
    const struct bpmn_loop *l = run->p->elements[body->element].loop;
    body->completed++;
    if (!l->multi) {
        return body_go_on(run, id);
    }
    const struct feel_value *list =
        l->result_list < 0 ? NULL : datum_get(run, id, (uint16_t)l->result_list);
    if (list != NULL && list->kind == FEEL_LIST && number > 0 && number <= list->n) {
        struct feel_value *items = ARENA_ARRAY(ctx->arena, struct feel_value, list->n);
        memcpy(items, list->items, list->n * sizeof(*items));
        items[number - 1] = result == NULL ? feel_null() : *result;
        datum_set(run, id, (uint16_t)l->result_list, feel_list(items, list->n));
    }
    TRY(loop_throws(run, id));
    if (token_find(run->s, id) == NULL) {
        return ERR_OK; /* the event it threw ended it */
    }
    bool enough = l->condition != NULL && holds(run, l->condition, id);
    return enough ? body_complete(run, id) : body_go_on(run, id);
}

/* ---- entering and completing ---- */

static bool passes_at_once(const struct run *run, const struct bpmn_element *e)
{
    return e->kind == BPMN_PASS && e->loop == NULL && e->data == NULL && e->expression == NULL &&
           e->attached_count == 0 && e->handler < 0 && !e->sends && !run->in->trace;
}

enum err activity_enter(struct run *run, uint16_t element, uint32_t scope, uint32_t token)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[element];
    if (passes_at_once(run, e)) {
        return leave(run, element, scope, token);
    }
    if (e->kind != BPMN_TASK && scope_depth(run->s, scope) >= LIMIT_BPMN_DEPTH) {
        return fault(ctx, ERR_TOO_DEEP, "%.*s \"%.*s\" is nested deeper than %d", FMT(e->tag),
                     FMT(e->id), LIMIT_BPMN_DEPTH);
    }
    if (e->loop == NULL) {
        return activity_open(
            run,
            (struct bpmn_token){.id = token, .element = element, .scope = scope, .flow = NO_FLOW});
    }
    uint32_t total = 0;
    struct bpmn_token *body = token_put(
        run,
        (struct bpmn_token){
            .id = token, .element = element, .scope = scope, .flow = NO_FLOW, .what = BPMN_BODY});
    tell_open(run, element, token);
    TRY(listen_at(run, element, token));
    if (e->loop->multi) {
        TRY(plan(run, body, &total));
        token_find(run->s, token)->planned = total;
    }
    return body_go_on(run, token);
}

enum err sub_start(struct run *run, uint16_t sub, uint32_t scope)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[sub];
    uint16_t start = e->starts[0];
    uint32_t id = token_id(run);
    if (scope_depth(run->s, scope) >= LIMIT_BPMN_DEPTH) {
        return fault(ctx, ERR_TOO_DEEP, "%.*s \"%.*s\" is nested deeper than %d", FMT(e->tag),
                     FMT(e->id), LIMIT_BPMN_DEPTH);
    }
    token_put(run, (struct bpmn_token){.id = id, .element = sub, .scope = scope, .flow = NO_FLOW});
    tell_open(run, sub, id);
    status_put(run, sub);
    declare(run, e->data, id);
    uint32_t inner = token_id(run);
    trace(run, start, inner, "occurred");
    status_put(run, start);
    TRY(scope_listen(run, id));
    move_push(run,
              (struct move){.kind = MOVE_LEAVE, .element = start, .scope = id, .token = inner});
    return ERR_OK;
}

enum err activity_complete(struct run *run, uint32_t id)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_process *p = run->p;
    struct bpmn_token *found = token_find(run->s, id);
    if (found == NULL) {
        return ERR_OK;
    }
    struct bpmn_token t = *found;
    const struct bpmn_element *e = &p->elements[t.element];
    if (e->kind == BPMN_SUBPROCESS || e->kind == BPMN_CALL) {
        scope_clear(run, id); /* at most what a complex gateway left behind */
    }
    if (e->data != NULL) {
        TRY(data_flow(run, e->data->outputs, e->data->output_count, id, t.scope));
    }
    if (t.what == BPMN_UNDOING) {
        token_remove(run, id, "completed");
        return undo_next(run, t.undo, t.record);
    }
    struct feel_value result = feel_null();
    if (e->loop != NULL && e->loop->result_item >= 0) {
        const struct feel_value *v = datum_get(run, id, (uint16_t)e->loop->result_item);
        result = v == NULL ? feel_null() : *v;
    }
    if (p->has_compensation) {
        record_put(run, &t);
    }
    token_remove(run, id, "completed");
    if (e->loop != NULL) {
        return loop_done(run, t.scope, t.number, &result);
    }
    if (e->by_event) {
        scope_check(run, t.scope);
        return ERR_OK;
    }
    return leave(run, t.element, t.scope, id);
}
