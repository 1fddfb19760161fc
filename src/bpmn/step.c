/* The token game: from one event to the next state in which nothing moves.
 *
 * A token is either under way, as a move on a stack, or waits, as a row of the state. run_all works
 * the stack off; each move enters an element or leaves it, which puts a token into the state or
 * pushes the moves that follow. Because nothing calls itself, a model nests and loops as deep as
 * its limits say and not as deep as the C stack. The flows out of an element are pushed last first,
 * so they are taken in document order, each to its end before the next: a run is the same every
 * time. The first of them keeps the number of the token, the others get new ones.
 *
 * With the stack empty the state is settled, one thing at a time and then the stack again: a scope
 * in which a token ended completes if it is empty; an inclusive or complex gateway that no other
 * token can still reach fires (link.c has reckoned from where each flow can be reached); a
 * condition that has become true occurs. This order is what makes an inclusive join wait for tokens
 * that are still under way in the same step.
 *
 * Moves are counted against LIMIT_BPMN_STEPS and tokens against LIMIT_BPMN_TOKENS, so a circle of
 * gateways is an error with the element's name, not a hang. */
#include "bpmn/bpmn_in.h"

void effect_put(struct run *run, struct bpmn_effect e)
{
    struct bpmn_result *r = run->r;
    r->effects = bpmn_grow(run->ctx->arena, r->effects, r->count, &r->room, sizeof(*r->effects));
    r->effects[r->count++] = e;
}

void trace(struct run *run, uint16_t element, uint32_t token, const char *what)
{
    if (run->in->trace) {
        effect_put(run, (struct bpmn_effect){.kind = BPMN_TRACED,
                                             .element = element,
                                             .token = token,
                                             .name = str_from(what)});
    }
}

void status_put(struct run *run, uint16_t element)
{
    struct str status = run->p->elements[element].status;
    if (status.n > 0) {
        effect_put(run,
                   (struct bpmn_effect){.kind = BPMN_STATUS, .element = element, .status = status});
    }
}

void move_push(struct run *run, struct move m)
{
    run->moves = bpmn_grow(run->ctx->arena, run->moves, run->move_count, &run->move_room,
                           sizeof(*run->moves));
    run->moves[run->move_count++] = m;
}

void scope_check(struct run *run, uint32_t scope)
{
    run->checks = bpmn_grow(run->ctx->arena, run->checks, run->check_count, &run->check_room,
                            sizeof(*run->checks));
    run->checks[run->check_count++] = scope;
}

/* ---- leaving ---- */

/* Which sets of flows an oracle may choose among: each alone, then all; every set when there are
 * few. */
static uint64_t choose_set(struct run *run, unsigned count)
{
    uint64_t all = count >= 64 ? UINT64_MAX : ((uint64_t)1 << count) - 1;
    struct bpmn_oracle *o = run->in->oracle;
    if (count <= 3) {
        return (uint64_t)o->choose(o->self, (unsigned)all) + 1;
    }
    unsigned pick = o->choose(o->self, count + 1);
    return pick == count ? all : (uint64_t)1 << pick;
}

static uint64_t default_of(const struct bpmn_process *p, const struct bpmn_element *e)
{
    for (uint16_t i = 0; i < e->out_count; i++) {
        if (p->flows[e->out[i]].is_default) {
            return (uint64_t)1 << i;
        }
    }
    return 0;
}

/* An exclusive gateway: the first flow that holds, in document order. */
static uint64_t choose_one(struct run *run, const struct bpmn_element *e, uint32_t scope)
{
    const struct bpmn_process *p = run->p;
    if (run->in->oracle != NULL) {
        return e->out_count == 0
                   ? 0
                   : (uint64_t)1 << run->in->oracle->choose(run->in->oracle->self, e->out_count);
    }
    for (uint16_t i = 0; i < e->out_count; i++) {
        const struct bpmn_flow *f = &p->flows[e->out[i]];
        if (!f->is_default && holds(run, f->condition, scope)) {
            return (uint64_t)1 << i;
        }
    }
    return default_of(p, e);
}

/* Inclusive gateways, activities, events: every flow that holds; the default when none does. */
static uint64_t choose_some(struct run *run, const struct bpmn_element *e, uint32_t scope)
{
    const struct bpmn_process *p = run->p;
    uint64_t free_ways = 0;
    uint64_t guarded = 0;
    uint64_t set = 0;
    for (uint16_t i = 0; i < e->out_count; i++) {
        const struct bpmn_flow *f = &p->flows[e->out[i]];
        bool bound = f->condition != NULL && !f->is_default;
        guarded |= (uint64_t)bound << i;
        free_ways |= (uint64_t)(!bound && !f->is_default) << i;
    }
    if (run->in->oracle == NULL) {
        set = free_ways;
        for (uint16_t i = 0; i < e->out_count; i++) {
            bool bound = ((guarded >> i) & 1) != 0;
            set |= (uint64_t)(bound && holds(run, p->flows[e->out[i]].condition, scope)) << i;
        }
        return set != 0 ? set : default_of(p, e);
    }
    if (guarded == 0) {
        return free_ways != 0 ? free_ways : default_of(p, e);
    }
    uint64_t standard = default_of(p, e);
    bool may_none = free_ways != 0 || standard != 0;
    unsigned count = (unsigned)__builtin_popcountll(guarded);
    if (may_none && run->in->oracle->choose(run->in->oracle->self, 2) == 0) {
        return free_ways != 0 ? free_ways : standard;
    }
    uint64_t pick = choose_set(run, count);
    for (uint16_t i = 0, k = 0; i < e->out_count; i++) {
        if (((guarded >> i) & 1) != 0) {
            set |= ((pick >> k++) & 1) << i;
        }
    }
    return set | free_ways;
}

static uint64_t choose_flows(struct run *run, const struct bpmn_element *e, uint32_t scope)
{
    if (e->kind == BPMN_EXCLUSIVE) {
        return choose_one(run, e, scope);
    }
    if (e->kind == BPMN_PARALLEL) {
        return e->out_count >= 64 ? UINT64_MAX : ((uint64_t)1 << e->out_count) - 1;
    }
    return choose_some(run, e, scope);
}

enum err leave(struct run *run, uint16_t element, uint32_t scope, uint32_t token)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[element];
    if (e->out_count == 0) {
        scope_check(run, scope);
        return ERR_OK;
    }
    if (e->out_count == 1 && run->p->flows[e->out[0]].condition == NULL) {
        move_push(run,
                  (struct move){MOVE_ENTER, run->p->flows[e->out[0]].to, e->out[0], scope, token});
        return ERR_OK;
    }
    uint64_t set = choose_flows(run, e, scope);
    if (set == 0) {
        return fault(ctx, ERR_CONFLICT,
                     "no flow out of %.*s \"%.*s\" is open and it has no default", FMT(e->tag),
                     FMT(e->id));
    }
    uint32_t ids[LIMIT_BPMN_FLOWS_OUT];
    bool first = true;
    for (uint16_t i = 0; i < e->out_count; i++) {
        if (((set >> i) & 1) != 0) {
            ids[i] = first ? token : token_id(run);
            first = false;
        }
    }
    for (uint16_t i = e->out_count; i-- > 0;) {
        if (((set >> i) & 1) != 0) {
            move_push(run, (struct move){MOVE_ENTER, run->p->flows[e->out[i]].to, e->out[i], scope,
                                         ids[i]});
        }
    }
    return ERR_OK;
}

/* ---- joins ---- */

static bool waits_at(const struct bpmn_token *t, uint16_t element, uint32_t scope)
{
    return t->element == element && t->scope == scope && t->flow != NO_FLOW;
}

/* The incoming flows by which tokens wait at a join. */
static uint64_t arrived(const struct run *run, uint16_t element, uint32_t scope)
{
    const struct bpmn_element *e = &run->p->elements[element];
    uint64_t set = 0;
    for (size_t k = 0; k < run->s->count; k++) {
        const struct bpmn_token *t = &run->s->tokens[k];
        for (uint16_t i = 0; waits_at(t, element, scope) && i < e->in_count; i++) {
            set |= (uint64_t)(t->flow == e->in[i]) << i;
        }
    }
    return set;
}

/* One token of each flow is used up; a second on the same flow waits for the next round. */
static uint32_t take_arrived(struct run *run, uint16_t element, uint32_t scope)
{
    const struct bpmn_element *e = &run->p->elements[element];
    uint32_t last = 0;
    for (uint16_t i = 0; i < e->in_count; i++) {
        for (size_t k = 0; k < run->s->count; k++) {
            const struct bpmn_token *t = &run->s->tokens[k];
            if (waits_at(t, element, scope) && t->flow == e->in[i]) {
                last = t->id > last ? t->id : last;
                token_remove(run, t->id, NULL);
                break;
            }
        }
    }
    return last;
}

/* BPMN 2.0, 13.4.3: is there a token that can still come by an empty flow, and cannot come by one
 * that has its token? */
static bool more_can_come(const struct run *run, uint16_t element, uint32_t scope, uint64_t marked)
{
    const uint64_t *reach = run->p->reach[element];
    for (size_t k = 0; k < run->s->count; k++) {
        const struct bpmn_token *t = &run->s->tokens[k];
        if (t->scope == scope && t->element != element) {
            uint64_t may = reach[t->element];
            uint64_t will = reach[run->p->element_count + t->element];
            if ((may & ~marked) != 0 && (will & marked) == 0) {
                return true;
            }
        }
    }
    return false;
}

static enum err enter_join(struct run *run, uint16_t element, uint32_t scope, uint16_t flow,
                           uint32_t token)
{
    const struct bpmn_element *e = &run->p->elements[element];
    if (e->in_count <= 1 && e->kind != BPMN_COMPLEX) {
        trace(run, element, token, "passed");
        return leave(run, element, scope, token);
    }
    token_put(run,
              (struct bpmn_token){.id = token, .element = element, .scope = scope, .flow = flow});
    uint64_t all = e->in_count >= 64 ? UINT64_MAX : ((uint64_t)1 << e->in_count) - 1;
    if (e->kind != BPMN_PARALLEL || arrived(run, element, scope) != all) {
        trace(run, element, token, "waiting");
        return ERR_OK;
    }
    take_arrived(run, element, scope);
    trace(run, element, token, "passed");
    return leave(run, element, scope, token);
}

/* BPMN 2.0, 13.4.5: a complex gateway fires when its condition holds, then takes what still comes
 * until nothing can. */
static enum err settle_complex(struct run *run, uint16_t element, uint32_t scope, bool *ret_moved)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_process *p = run->p;
    const struct bpmn_element *e = &p->elements[element];
    struct bpmn_token *reset = NULL;
    uint64_t here = arrived(run, element, scope);
    for (size_t k = 0; k < run->s->count; k++) {
        struct bpmn_token *t = &run->s->tokens[k];
        reset = t->what == BPMN_RESET && t->element == element && t->scope == scope ? t : reset;
    }
    if (reset != NULL) {
        uint64_t used = (uint64_t)reset->used_high << 32 | reset->used_low;
        if (more_can_come(run, element, scope, used | here)) {
            return ERR_OK;
        }
        for (uint16_t i = 0; i < e->in_count; i++) { /* the rest has come, or never will */
            for (size_t k = run->s->count; k > 0; k--) {
                const struct bpmn_token *t = &run->s->tokens[k - 1];
                if (waits_at(t, element, scope) && t->flow == e->in[i] && ((used >> i) & 1) == 0) {
                    token_remove(run, t->id, "reset");
                    break;
                }
            }
        }
        token_remove(run, reset->id, NULL);
        *ret_moved = true;
        scope_check(run, scope);
        return ERR_OK;
    }
    uint16_t activation = (uint16_t)(p->outer_names + NAME_ACTIVATION);
    datum_set(run, scope, activation, feel_int(__builtin_popcountll(here)));
    for (uint16_t i = 0; i < e->in_count; i++) {
        uint16_t name = p->flow_names == NULL ? 0 : p->flow_names[e->in[i]];
        if (name != 0) {
            datum_set(run, scope, name, feel_int((here >> i) & 1));
        }
    }
    datum_set(run, scope, (uint16_t)(p->outer_names + NAME_WAITING), feel_bool(true));
    bool fires = e->expression == NULL || holds(run, e->expression, scope);
    if (!fires) {
        return ERR_OK;
    }
    uint32_t token = take_arrived(run, element, scope);
    *ret_moved = true;
    trace(run, element, token, "passed");
    TRY(leave(run, element, scope, token));
    if (e->in_count > 1) {
        uint32_t id = token_id(run);
        token_put(run, (struct bpmn_token){.id = id,
                                           .element = element,
                                           .scope = scope,
                                           .flow = NO_FLOW,
                                           .what = BPMN_RESET,
                                           .used_low = (uint32_t)here,
                                           .used_high = (uint32_t)(here >> 32)});
    }
    return ERR_OK;
}

/* Fire one inclusive or complex gateway that is ready, if any is. */
static enum err settle_gateways(struct run *run, bool *ret_moved)
{
    struct ctx *ctx = run->ctx;
    for (size_t k = 0; k < run->s->count && !*ret_moved; k++) {
        const struct bpmn_token *t = &run->s->tokens[k];
        enum bpmn_kind kind = run->p->elements[t->element].kind;
        uint16_t element = t->element;
        uint32_t scope = t->scope;
        if (kind == BPMN_COMPLEX) {
            TRY(settle_complex(run, element, scope, ret_moved));
        } else if (kind == BPMN_INCLUSIVE &&
                   !more_can_come(run, element, scope, arrived(run, element, scope))) {
            uint32_t token = take_arrived(run, element, scope);
            *ret_moved = true;
            trace(run, element, token, "passed");
            TRY(leave(run, element, scope, token));
        }
    }
    return ERR_OK;
}

/* ---- moves ---- */

static enum err enter_end(struct run *run, uint16_t element, uint32_t scope, uint32_t token)
{
    trace(run, element, token, "ended");
    scope_check(run, scope);
    return throw_all(run, element, scope, token);
}

static enum err enter_throw(struct run *run, uint16_t element, uint32_t scope, uint32_t token)
{
    trace(run, element, token, "thrown");
    return throw_all(run, element, scope, token);
}

enum err enter_catch(struct run *run, uint16_t element, uint32_t scope, uint32_t token)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[element];
    token_put(
        run, (struct bpmn_token){.id = token, .element = element, .scope = scope, .flow = NO_FLOW});
    trace(run, element, token, "waiting");
    if (e->kind != BPMN_EVENT_GATEWAY) {
        return timers_set(run, token, element);
    }
    for (uint16_t i = 0; i < e->out_count; i++) {
        TRY(timers_set(run, token, run->p->flows[e->out[i]].to));
    }
    return ERR_OK;
}

static enum err enter(struct run *run, uint16_t element, uint32_t scope, uint16_t flow,
                      uint32_t token)
{
    const struct bpmn_element *e = &run->p->elements[element];
    if (run->in->trace && flow != NO_FLOW) {
        effect_put(run, (struct bpmn_effect){.kind = BPMN_TOOK, .element = flow, .token = token});
    }
    status_put(run, element);
    switch (e->kind) {
    case BPMN_START:
        trace(run, element, token, "started");
        return leave(run, element, scope, token);
    case BPMN_BOUNDARY:
    case BPMN_PROCESS: return ERR_OK;
    case BPMN_TASK:
    case BPMN_PASS:
    case BPMN_SUBPROCESS:
    case BPMN_CALL: return activity_enter(run, element, scope, token);
    case BPMN_EXCLUSIVE:
        trace(run, element, token, "passed");
        return leave(run, element, scope, token);
    case BPMN_PARALLEL:
    case BPMN_INCLUSIVE:
    case BPMN_COMPLEX: return enter_join(run, element, scope, flow, token);
    case BPMN_CATCH:
        if (e->trigger_count > 0 && e->triggers[0].kind == BPMN_ON_LINK) {
            trace(run, element, token, "occurred");
            return leave(run, element, scope, token);
        }
        return enter_catch(run, element, scope, token);
    case BPMN_EVENT_GATEWAY: return enter_catch(run, element, scope, token);
    case BPMN_END: return enter_end(run, element, scope, token);
    case BPMN_THROW: return enter_throw(run, element, scope, token);
    }
    return ERR_OK;
}

static enum err move(struct run *run, struct move m)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[m.element];
    if (++run->steps > LIMIT_BPMN_STEPS) {
        return fault(ctx, ERR_TOO_MANY, "the procedure runs in a circle at %.*s", FMT(e->id));
    }
    if (run->s->count + run->move_count >= LIMIT_BPMN_TOKENS) {
        return fault(ctx, ERR_TOO_MANY, "more than %d tokens at %.*s", LIMIT_BPMN_TOKENS,
                     FMT(e->id));
    }
    switch (m.kind) {
    case MOVE_ENTER: return enter(run, m.element, m.scope, m.flow, m.token);
    case MOVE_LEAVE: return leave(run, m.element, m.scope, m.token);
    case MOVE_INSTANCE: return instance_enter(run, m.scope);
    case MOVE_COMPLETE: return activity_complete(run, m.token);
    }
    return ERR_OK;
}

/* A scope in which a token ended: complete when no other is left in it. */
static enum err settle_scope(struct run *run, uint32_t scope)
{
    const struct bpmn_token *t = token_find(run->s, scope);
    enum bpmn_kind kind =
        t == NULL ? BPMN_PROCESS
                  : run->p->elements[t->element].kind; /* its number may have gone on to a task */
    bool runs = (kind == BPMN_SUBPROCESS || kind == BPMN_CALL) && t->what != BPMN_BODY;
    return runs && scope_is_empty(run->s, scope) ? activity_complete(run, scope) : ERR_OK;
}

enum err run_all(struct run *run)
{
    struct ctx *ctx = run->ctx;
    for (bool moved = true; moved && !run->failed;) {
        moved = false;
        while (run->move_count > 0) {
            TRY(move(run, run->moves[--run->move_count]));
        }
        if (run->check_count > 0) {
            moved = true;
            TRY(settle_scope(run, run->checks[--run->check_count]));
        } else if (run->p->has_inclusive) {
            TRY(settle_gateways(run, &moved));
        }
        if (!moved && run->p->has_conditions && run->in->oracle == NULL) {
            TRY(catch_conditions(run, &moved));
        }
        run->steps += moved;
    }
    return ERR_OK;
}
