/* The token game. A token waits at tasks, catching events, event gateways, joins and open sub-processes;
 * everything else it passes at once. Steps are bounded, so that a loop of gateways is an error, not a hang. */
#include "base/arena.h"
#include "base/str.h"
#include "bpmn/bpmn.h"
#include "limit_gen.h"

enum { NO_FLOW = UINT16_MAX };

struct run {
    struct ctx *ctx;
    const struct bpmn_process *p;
    struct bpmn_state *s;
    struct bpmn_result *r;
    const struct feel_value *slots;
    struct instant now;
    unsigned steps;
};

static enum err enter(struct run *run, uint16_t element, uint32_t scope, uint16_t flow);

static void effect(struct run *run, struct bpmn_effect e)
{
    struct bpmn_result *r = run->r;
    if (r->count == r->room) {
        size_t room = r->room == 0 ? 8 : r->room * 2;
        r->effects = arena_grow(run->ctx->arena, r->effects, r->room * sizeof(*r->effects), room * sizeof(*r->effects));
        r->room = room;
    }
    r->effects[r->count++] = e;
}

static struct str timer_name(struct run *run, uint32_t token, uint16_t element)
{
    struct str id = run->p->elements[element].id;
    return str_format(run->ctx->arena, "%u.%.*s", token, FMT(id));
}

static uint32_t put_token(struct run *run, uint16_t element, uint32_t scope, uint16_t flow)
{
    struct bpmn_state *s = run->s;
    if (s->count == s->room) {
        size_t room = s->room == 0 ? 8 : s->room * 2;
        s->tokens = arena_grow(run->ctx->arena, s->tokens, s->room * sizeof(*s->tokens), room * sizeof(*s->tokens));
        s->room = room;
    }
    s->tokens[s->count++] = (struct bpmn_token){s->next_id, element, scope, flow};
    return s->next_id++;
}

static struct bpmn_token *find_token(struct bpmn_state *s, uint32_t id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].id == id) {
            return &s->tokens[i];
        }
    }
    return NULL;
}

static bool is_activity(enum bpmn_kind k)
{
    return k == BPMN_TASK || k == BPMN_SUBPROCESS;
}

/* Timers hang on the activity's token: they are set when it opens and cancelled when it goes. */
static void timers_of(struct run *run, const struct bpmn_token *t, enum bpmn_effect_kind what)
{
    const struct bpmn_process *p = run->p;
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        bool boundary = e->kind == BPMN_BOUNDARY_TIMER && e->attached_to == (int)t->element;
        bool catching = e->kind == BPMN_CATCH_TIMER && i == t->element;
        for (uint16_t k = 0; !catching && k < p->elements[t->element].out_count; k++) {
            bool gateway = p->elements[t->element].kind == BPMN_EVENT_GATEWAY;
            catching = gateway && e->kind == BPMN_CATCH_TIMER && p->flows[p->elements[t->element].out[k]].to == i;
        }
        if (boundary || catching) {
            effect(run, (struct bpmn_effect){.kind = what, .element = (uint16_t)i, .token = t->id,
                                             .timer = timer_name(run, t->id, (uint16_t)i)});
        }
    }
}

static void remove_token(struct run *run, uint32_t id)
{
    struct bpmn_state *s = run->s;
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].id != id) {
            continue;
        }
        struct bpmn_token t = s->tokens[i];
        memmove(s->tokens + i, s->tokens + i + 1, (s->count - i - 1) * sizeof(*s->tokens));
        s->count--;
        timers_of(run, &t, BPMN_TIMER_CANCEL);
        if (is_activity(run->p->elements[t.element].kind)) {
            effect(run, (struct bpmn_effect){.kind = BPMN_CLOSED, .element = t.element, .token = t.id});
        }
        return;
    }
}

/* All tokens inside a scope, deepest first. */
static void clear_scope(struct run *run, uint32_t scope)
{
    for (size_t i = run->s->count; i > 0; i--) {
        if (i <= run->s->count && run->s->tokens[i - 1].scope == scope) {
            uint32_t id = run->s->tokens[i - 1].id;
            clear_scope(run, id);
            remove_token(run, id);
            i = run->s->count + 1;
        }
    }
}

static bool holds(struct run *run, const struct bpmn_flow *f)
{
    struct feel_env env = {.slots = run->slots, .now = run->now, .now_offset_s = 8 * 3600};
    struct feel_value v;
    return f->condition == NULL || (feel_eval(run->ctx, f->condition, &env, &v) == ERR_OK && feel_is_true(v));
}

static enum err follow(struct run *run, uint16_t flow, uint32_t scope)
{
    return enter(run, run->p->flows[flow].to, scope, flow);
}

/* Leave by every flow whose condition holds (tasks, events), the default when none does. */
static enum err leave_by(struct run *run, uint16_t element, uint32_t scope, bool only_one)
{
    const struct bpmn_process *p = run->p;
    const struct bpmn_element *e = &p->elements[element];
    struct ctx *ctx = run->ctx;
    bool any = false;
    bool taken[LIMIT_BPMN_FLOWS_OUT] = {false};
    if (e->out_count > LIMIT_BPMN_FLOWS_OUT) {
        return fault(ctx, ERR_TOO_MANY, "more than %d flows leave %.*s", LIMIT_BPMN_FLOWS_OUT, FMT(e->id));
    }
    for (uint16_t i = 0; i < e->out_count && !(only_one && any); i++) {
        const struct bpmn_flow *f = &p->flows[e->out[i]];
        taken[i] = !f->is_default && holds(run, f);
        any = any || taken[i];
    }
    for (uint16_t i = 0; i < e->out_count; i++) {
        if (taken[i] || (!any && p->flows[e->out[i]].is_default)) {
            any = true;
            TRY(follow(run, e->out[i], scope));
        }
    }
    if (!any) {
        return fault(ctx, ERR_CONFLICT, "no flow out of %.*s \"%.*s\" is open and it has no default", FMT(e->tag), FMT(e->id));
    }
    return ERR_OK;
}

static enum err leave_all(struct run *run, uint16_t element, uint32_t scope)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[element];
    for (uint16_t i = 0; i < e->out_count; i++) {
        TRY(follow(run, e->out[i], scope));
    }
    return ERR_OK;
}

/* Can a token on element `from` still come to `to` without passing it? Bounded walk over the flows. */
static bool reaches(const struct bpmn_process *p, uint16_t from, uint16_t to, bool *seen)
{
    if (seen[from]) {
        return false;
    }
    seen[from] = true;
    for (uint16_t i = 0; i < p->elements[from].out_count; i++) {
        uint16_t next = p->flows[p->elements[from].out[i]].to;
        if (next == to || reaches(p, next, to, seen)) {
            return true;
        }
    }
    for (size_t i = 0; i < p->element_count; i++) {
        if (p->elements[i].attached_to == (int)from && (i == to || reaches(p, (uint16_t)i, to, seen))) {
            return true;
        }
    }
    return false;
}

/* A join waits for one token on each incoming flow; an inclusive one only while another can still come. */
static bool join_is_ready(struct run *run, uint16_t element, uint32_t scope)
{
    const struct bpmn_process *p = run->p;
    const struct bpmn_element *e = &p->elements[element];
    bool all = true;
    for (uint16_t i = 0; i < e->in_count; i++) {
        bool here = false;
        for (size_t k = 0; k < run->s->count; k++) {
            const struct bpmn_token *t = &run->s->tokens[k];
            here = here || (t->element == element && t->scope == scope && t->flow == e->in[i]);
        }
        all = all && here;
    }
    if (all || e->kind == BPMN_PARALLEL) {
        return all;
    }
    for (size_t k = 0; k < run->s->count; k++) {
        const struct bpmn_token *t = &run->s->tokens[k];
        if (t->scope != scope || t->element == element) {
            continue;
        }
        bool *seen = ARENA_ARRAY(run->ctx->arena, bool, p->element_count);
        if (reaches(p, t->element, element, seen)) {
            return false;
        }
    }
    return true;
}

static enum err enter_join(struct run *run, uint16_t element, uint32_t scope, uint16_t flow)
{
    const struct bpmn_element *e = &run->p->elements[element];
    if (e->in_count > 1) {
        put_token(run, element, scope, flow);
        if (!join_is_ready(run, element, scope)) {
            return ERR_OK;
        }
        /* One token of each flow is used up; a second on the same flow waits for the next round. */
        for (uint16_t i = 0; i < e->in_count; i++) {
            for (size_t k = 0; k < run->s->count; k++) {
                const struct bpmn_token *t = &run->s->tokens[k];
                if (t->element == element && t->scope == scope && t->flow == e->in[i]) {
                    remove_token(run, t->id);
                    break;
                }
            }
        }
    }
    return e->kind == BPMN_PARALLEL ? leave_all(run, element, scope) : leave_by(run, element, scope, false);
}

static enum err open_activity(struct run *run, uint16_t element, uint32_t scope)
{
    const struct bpmn_process *p = run->p;
    struct ctx *ctx = run->ctx;
    uint32_t id = put_token(run, element, scope, NO_FLOW);
    effect(run, (struct bpmn_effect){.kind = BPMN_OPENED, .element = element, .token = id});
    struct bpmn_token copy = {id, element, scope, NO_FLOW};
    timers_of(run, &copy, BPMN_TIMER_SET);
    for (size_t i = 0; p->elements[element].kind == BPMN_SUBPROCESS && i < p->element_count; i++) {
        if (p->elements[i].scope == (int)element && p->elements[i].kind == BPMN_START) {
            TRY(enter(run, (uint16_t)i, id, NO_FLOW));
        }
    }
    return ERR_OK;
}

/* An end was reached: a sub-process whose last token is gone goes on behind it. Inclusive joins that
 * waited for a token that can no longer come go on too. */
static enum err settle(struct run *run, uint32_t scope)
{
    struct ctx *ctx = run->ctx;
    for (size_t k = 0; k < run->s->count; k++) {
        struct bpmn_token t = run->s->tokens[k];
        if (run->p->elements[t.element].kind == BPMN_INCLUSIVE && t.flow != NO_FLOW && join_is_ready(run, t.element, t.scope)) {
            remove_token(run, t.id);
            return enter_join(run, t.element, t.scope, t.flow);
        }
    }
    for (size_t k = 0; k < run->s->count; k++) {
        if (run->s->tokens[k].scope == scope) {
            return ERR_OK;
        }
    }
    struct bpmn_token *owner = scope == 0 ? NULL : find_token(run->s, scope);
    if (owner == NULL) {
        return ERR_OK;
    }
    struct bpmn_token t = *owner;
    remove_token(run, t.id);
    TRY(leave_by(run, t.element, t.scope, false));
    return settle(run, t.scope);
}

static enum err enter(struct run *run, uint16_t element, uint32_t scope, uint16_t flow)
{
    const struct bpmn_element *e = &run->p->elements[element];
    struct ctx *ctx = run->ctx;
    if (++run->steps > LIMIT_BPMN_STEPS || run->s->count >= LIMIT_BPMN_TOKENS) {
        return fault(ctx, ERR_TOO_MANY, "the procedure runs in a circle at %.*s", FMT(e->id));
    }
    if (e->status.n > 0) {
        effect(run, (struct bpmn_effect){.kind = BPMN_STATUS, .element = element, .status = e->status});
    }
    switch (e->kind) {
    case BPMN_START:
    case BPMN_PASS:
    case BPMN_BOUNDARY_MESSAGE:
    case BPMN_BOUNDARY_TIMER: return leave_by(run, element, scope, false);
    case BPMN_TASK:
    case BPMN_SUBPROCESS: return open_activity(run, element, scope);
    case BPMN_EXCLUSIVE: return leave_by(run, element, scope, true);
    case BPMN_PARALLEL:
    case BPMN_INCLUSIVE: return enter_join(run, element, scope, flow);
    case BPMN_EVENT_GATEWAY:
    case BPMN_CATCH_MESSAGE:
    case BPMN_CATCH_TIMER: {
        struct bpmn_token t = {put_token(run, element, scope, NO_FLOW), element, scope, NO_FLOW};
        timers_of(run, &t, BPMN_TIMER_SET);
        return ERR_OK;
    }
    case BPMN_END: return settle(run, scope);
    case BPMN_TERMINATE: clear_scope(run, scope); return settle(run, scope);
    }
    return ERR_OK;
}

/* ---- events ---- */

static bool awaits(const struct bpmn_element *e, struct str act)
{
    for (size_t i = 0; i < e->act_count; i++) {
        if (str_equal(e->acts[i], act)) {
            return true;
        }
    }
    return false;
}

/* Where an act is taken up: the token that waits, and the element that names the kind (the task itself,
 * a boundary event on it, an event behind an event gateway). */
static bool find_act(const struct bpmn_process *p, const struct bpmn_state *s, struct str act, struct bpmn_token *ret_token,
                     uint16_t *ret_element)
{
    for (size_t k = s->count; k > 0; k--) { /* the innermost, youngest first */
        const struct bpmn_token *t = &s->tokens[k - 1];
        const struct bpmn_element *e = &p->elements[t->element];
        bool waits = e->kind == BPMN_TASK || e->kind == BPMN_CATCH_MESSAGE;
        *ret_token = *t;
        if (waits && awaits(e, act)) {
            *ret_element = t->element;
            return true;
        }
        for (uint16_t i = 0; e->kind == BPMN_EVENT_GATEWAY && i < e->out_count; i++) {
            uint16_t next = p->flows[e->out[i]].to;
            if (p->elements[next].kind != BPMN_CATCH_TIMER && awaits(&p->elements[next], act)) {
                *ret_element = next;
                return true;
            }
        }
        for (size_t i = 0; is_activity(e->kind) && i < p->element_count; i++) {
            const struct bpmn_element *b = &p->elements[i];
            if (b->kind == BPMN_BOUNDARY_MESSAGE && b->attached_to == (int)t->element && awaits(b, act)) {
                *ret_element = (uint16_t)i;
                return true;
            }
        }
    }
    return false;
}

/* The token moves on by `element`: the thing it waited at, or the event that took it away. */
static enum err take(struct run *run, struct bpmn_token t, uint16_t element)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[element];
    bool boundary = e->kind == BPMN_BOUNDARY_MESSAGE || e->kind == BPMN_BOUNDARY_TIMER;
    if (!boundary || e->interrupting) {
        clear_scope(run, t.id);
        remove_token(run, t.id);
    } else if (e->kind == BPMN_BOUNDARY_TIMER) {
        effect(run, (struct bpmn_effect){.kind = BPMN_TIMER_CANCEL, .element = element, .token = t.id,
                                         .timer = timer_name(run, t.id, element)});
    }
    if (e->status.n > 0 && boundary) {
        effect(run, (struct bpmn_effect){.kind = BPMN_STATUS, .element = element, .status = e->status});
    }
    TRY(leave_by(run, element, t.scope, false));
    return settle(run, t.scope);
}

static struct bpmn_state *copy_state(struct arena *a, const struct bpmn_state *s)
{
    struct bpmn_state *out = ARENA_NEW(a, struct bpmn_state);
    out->next_id = s == NULL ? 1 : s->next_id;
    out->count = s == NULL ? 0 : s->count;
    out->room = out->count + 8;
    out->tokens = ARENA_ARRAY(a, struct bpmn_token, out->room);
    if (out->count > 0) {
        memcpy(out->tokens, s->tokens, out->count * sizeof(*s->tokens));
    }
    return out;
}

static struct run run_of(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                         const struct feel_value *slots, struct instant now, struct bpmn_result *r)
{
    *r = (struct bpmn_result){.state = copy_state(ctx->arena, s)};
    return (struct run){.ctx = ctx, .p = p, .s = r->state, .r = r, .slots = slots, .now = now};
}

static enum err finish(struct run *run)
{
    run->r->ended = run->s->count == 0;
    if (run->r->ended) {
        effect(run, (struct bpmn_effect){.kind = BPMN_ENDED});
    }
    return ERR_OK;
}

enum err bpmn_start(struct ctx *ctx, const struct bpmn_process *p, struct str act, const struct feel_value *slots,
                    struct instant now, struct bpmn_result *ret)
{
    int hit = -1;
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        bool start = e->kind == BPMN_START && e->scope < 0;
        if (start && (awaits(e, act) || (e->act_count == 0 && hit < 0))) {
            hit = (int)i;
        }
    }
    if (hit < 0) {
        return fault(ctx, ERR_NOT_FOUND, "process %.*s is not begun by an act \"%.*s\"", FMT(p->id), FMT(act));
    }
    struct run run = run_of(ctx, p, NULL, slots, now, ret);
    TRY(enter(&run, (uint16_t)hit, 0, NO_FLOW));
    return finish(&run);
}

enum err bpmn_act(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s, struct str act,
                  const struct feel_value *slots, struct instant now, struct bpmn_result *ret)
{
    struct bpmn_token token;
    uint16_t element = 0;
    if (!find_act(p, s, act, &token, &element)) {
        return fault(ctx, ERR_CONFLICT, "the procedure does not await an act \"%.*s\" now", FMT(act));
    }
    struct run run = run_of(ctx, p, s, slots, now, ret);
    TRY(take(&run, token, element));
    return finish(&run);
}

enum err bpmn_timer(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s, struct str timer,
                    const struct feel_value *slots, struct instant now, struct bpmn_result *ret)
{
    struct str id = {0};
    uint64_t number = 0;
    bool good = str_to_u64(str_cut(timer, '.', &id), &number);
    int element = bpmn_element_find(p, id);
    for (size_t k = 0; good && element >= 0 && k < s->count; k++) {
        if (s->tokens[k].id == number) {
            struct run run = run_of(ctx, p, s, slots, now, ret);
            TRY(take(&run, s->tokens[k], (uint16_t)element));
            return finish(&run);
        }
    }
    return fault(ctx, ERR_CONFLICT, "timer %.*s is not set", FMT(timer));
}

bool bpmn_may(const struct bpmn_process *p, const struct bpmn_state *s, struct str act)
{
    struct bpmn_token token;
    uint16_t element = 0;
    return find_act(p, s, act, &token, &element);
}

bool bpmn_is_open(const struct bpmn_state *s, uint16_t element)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].element == element) {
            return true;
        }
    }
    return false;
}
