/* Events: what is thrown, who catches it, and what that does. An event sub-process of a scope
 * catches before the boundary of the activity around it, and what names a code before what takes
 * any. */
#include "base/token.h"
#include "bpmn/bpmn_in.h"

/* ---- what catching does ---- */

static uint64_t *mark_of(struct run *run, uint32_t token, uint16_t element)
{
    struct bpmn_state *s = run->s;
    for (size_t i = 0; i < s->mark_count; i++) {
        if (s->marks[i].token == token && s->marks[i].element == element) {
            return &s->marks[i].seen;
        }
    }
    s->marks =
        bpmn_grow(run->ctx->arena, s->marks, s->mark_count, &s->mark_room, sizeof(*s->marks));
    s->marks[s->mark_count] = (struct bpmn_mark){token, element, 0};
    return &s->marks[s->mark_count++].seen;
}

static void marks_tidy(struct bpmn_state *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->mark_count; i++) {
        if (s->marks[i].seen != 0) {
            s->marks[kept++] = s->marks[i];
        }
    }
    s->mark_count = kept;
}

static void mark_clear(struct run *run, uint32_t token, uint16_t element)
{
    *mark_of(run, token, element) = 0;
    marks_tidy(run->s);
}

/* An event with all its triggers needed: has the last one come? */
static bool is_whole(struct run *run, uint32_t token, uint16_t element, unsigned trigger)
{
    const struct bpmn_element *e = &run->p->elements[element];
    if (!e->all_triggers || e->trigger_count < 2) {
        return true;
    }
    uint64_t all = ((uint64_t)1 << e->trigger_count) - 1;
    uint64_t *seen = mark_of(run, token, element);
    *seen |= (uint64_t)1 << trigger;
    if (*seen != all) {
        trace(run, element, token, "seen");
        return false;
    }
    mark_clear(run, token, element);
    return true;
}

/* Where an event's data goes. */
static enum err take_payload(struct run *run, uint16_t element, uint32_t scope)
{
    const struct bpmn_data *d = run->p->elements[element].data;
    return d == NULL ? ERR_OK : data_flow(run, d->outputs, d->output_count, scope, scope);
}

static enum err occur_boundary(struct run *run, uint32_t host, uint16_t element)
{
    const struct bpmn_element *e = &run->p->elements[element];
    struct bpmn_token t = *token_find(run->s, host);
    uint32_t id = host;
    if (e->interrupting) {
        scope_clear(run, host);
        token_remove(run, host, "cancelled");
    } else {
        id = token_id(run);
    }
    trace(run, element, id, "occurred");
    status_put(run, element);
    move_push(run,
              (struct move){.kind = MOVE_LEAVE, .element = element, .scope = t.scope, .token = id});
    return take_payload(run, element, t.scope);
}

static enum err occur_sub(struct run *run, uint16_t sub, uint32_t scope)
{
    const struct bpmn_element *e = &run->p->elements[sub];
    if (run->p->elements[e->starts[0]].interrupting) {
        uint16_t count = 0;
        int32_t element = scope == 0 ? NO_INDEX : scope_element(run->p, run->s, scope);
        const uint16_t *subs = scope_subs(run->p, element, &count);
        scope_clear(run, scope);
        for (uint16_t i = 0; i < count; i++) {
            timers_cancel(run, scope, run->p->elements[subs[i]].starts[0]);
        }
    }
    enum err err = sub_start(run, sub, scope);
    return err != ERR_OK ? err
                         : take_payload(run, e->starts[0], run->s->tokens[run->s->count - 1].id);
}

/* Process begun by an event gateway that wants all: the other events are awaited too. */
static void await_others(struct run *run, uint16_t gateway, uint16_t taken, uint32_t scope)
{
    const struct bpmn_element *g = &run->p->elements[gateway];
    for (uint16_t i = 0; i < g->out_count; i++) {
        uint16_t to = run->p->flows[g->out[i]].to;
        if (to != taken) {
            move_push(run, (struct move){MOVE_ENTER, to, g->out[i], scope, token_id(run)});
        }
    }
}

/* A token that waited goes on by `element`: where it stands, or an event behind its event gateway.
 */
static enum err occur_catch(struct run *run, uint32_t token, uint16_t element)
{
    struct bpmn_token t = *token_find(run->s, token);
    const struct bpmn_element *e = &run->p->elements[element];
    if (t.element == element && is_activity(e->kind)) {
        return activity_complete(run, token);
    }
    token_remove(run, token, NULL);
    trace(run, element, token, "occurred");
    if (t.element != element) {
        status_put(run, element);
    }
    move_push(run, (struct move){
                       .kind = MOVE_LEAVE, .element = element, .scope = t.scope, .token = token});
    return take_payload(run, element, t.scope);
}

/* The place where an event is caught. host: the token that waits or carries it; 0 with a sub of the
 * process itself. */
struct catcher {
    uint32_t host;
    uint16_t element; /* of the event or task */
    uint16_t sub;     /* the event sub-process, when element is its start */
    unsigned trigger;
};

static enum err occur(struct run *run, const struct catcher *c)
{
    const struct bpmn_element *e = &run->p->elements[c->element];
    if (!is_whole(run, c->host, c->element, c->trigger)) {
        return ERR_OK;
    }
    if (e->kind == BPMN_BOUNDARY) {
        return occur_boundary(run, c->host, c->element);
    }
    return e->kind == BPMN_START && !is_awaited(e) ? occur_sub(run, c->sub, c->host)
                                                   : occur_catch(run, c->host, c->element);
}

/* ---- who catches ---- */

enum { NO_TRIGGER = TRIGGERS_MAX }; /* no event has so many */

struct wanted {
    enum bpmn_event_kind kind;
    enum bpmn_trigger_kind trigger;
    struct str name;
    struct str element; /* its id; empty: any */
    uint32_t token;
    bool exact; /* an error or escalation: only what names the code */
};

static bool awaits_act(const struct bpmn_element *e, struct str act)
{
    for (size_t i = 0; i < e->act_count; i++) {
        if (str_equal(e->acts[i], act)) {
            return true;
        }
    }
    return false;
}

static bool has_trigger(const struct bpmn_element *e, enum bpmn_trigger_kind kind)
{
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        if (e->triggers[i].kind == kind) {
            return true;
        }
    }
    return false;
}

static bool wants(const struct bpmn_element *e, const struct wanted *w, unsigned *ret_trigger)
{
    *ret_trigger = 0;
    if (w->element.n > 0 && !str_equal(e->id, w->element)) {
        return false;
    }
    if (w->kind == BPMN_ACT) {
        bool timer = e->trigger_count > 0 && !has_trigger(e, BPMN_ON_MESSAGE);
        return !timer && awaits_act(e, w->name);
    }
    if (w->kind == BPMN_MESSAGE && e->kind == BPMN_TASK) {
        bool receives = str_equal(e->tag, STR("receiveTask"));
        bool named = str_equal(e->message, w->name) ||
                     (e->message_id.n > 0 && str_equal(e->message_id, w->name));
        return receives && (w->name.n == 0 || named);
    }
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        const struct bpmn_trigger *t = &e->triggers[i];
        bool codes = t->kind == BPMN_ON_ERROR || t->kind == BPMN_ON_ESCALATION;
        bool named = str_equal(t->name, w->name) || (t->id.n > 0 && str_equal(t->id, w->name));
        bool any = codes ? t->name.n == 0 && !w->exact : w->name.n == 0;
        if (t->kind == w->trigger && (named || any)) {
            *ret_trigger = i;
            return true;
        }
    }
    return false;
}

static bool sub_catches(const struct bpmn_process *p, const struct bpmn_state *s, uint32_t scope,
                        int32_t element, const struct wanted *w, struct catcher *ret)
{
    uint16_t count = 0;
    const uint16_t *subs = scope_subs(p, element, &count);
    for (uint16_t i = 0; i < count; i++) {
        uint16_t start = p->elements[subs[i]].starts[0];
        if (wants(&p->elements[start], w, &ret->trigger) && !scope_is_interrupted(p, s, scope)) {
            ret->host = scope;
            ret->element = start;
            ret->sub = subs[i];
            return true;
        }
    }
    return false;
}

static bool boundary_catches(const struct bpmn_process *p, const struct bpmn_token *t,
                             const struct wanted *w, struct catcher *ret)
{
    const struct bpmn_element *e = &p->elements[t->element];
    for (uint16_t i = 0; i < e->attached_count && token_is_host(p, t); i++) {
        if (wants(&p->elements[e->attached[i]], w, &ret->trigger)) {
            ret->host = t->id;
            ret->element = e->attached[i];
            return true;
        }
    }
    return false;
}

static bool token_catches(const struct bpmn_process *p, const struct bpmn_state *s,
                          const struct bpmn_token *t, const struct wanted *w, struct catcher *ret)
{
    const struct bpmn_element *e = &p->elements[t->element];
    bool at = t->what == BPMN_AT || t->what == BPMN_UNDOING;
    ret->host = t->id;
    if (at && (e->kind == BPMN_TASK || is_awaited(e)) && wants(e, w, &ret->trigger)) {
        ret->element = t->element;
        return true;
    }
    for (uint16_t i = 0; at && e->kind == BPMN_EVENT_GATEWAY && i < e->out_count; i++) {
        uint16_t next = p->flows[e->out[i]].to;
        if (wants(&p->elements[next], w, &ret->trigger)) {
            ret->element = next;
            return true;
        }
    }
    bool scope = t->what != BPMN_BODY && (e->kind == BPMN_SUBPROCESS || e->kind == BPMN_CALL);
    if (scope && sub_catches(p, s, t->id, e->kind == BPMN_CALL ? e->calls : t->element, w, ret)) {
        return true;
    }
    return boundary_catches(p, t, w, ret);
}

/* The youngest first, so the innermost before what is around it. `from`: how many tokens to look
 * at. */
static bool find_catcher(const struct bpmn_process *p, const struct bpmn_state *s,
                         const struct wanted *w, struct catcher *ret)
{
    for (size_t k = s->count; k > 0; k--) {
        const struct bpmn_token *t = &s->tokens[k - 1];
        if ((w->token == 0 || w->token == t->id) && token_catches(p, s, t, w, ret)) {
            return true;
        }
    }
    return w->token == 0 && s->count > 0 && sub_catches(p, s, 0, NO_INDEX, w, ret);
}

/* ---- throwing ---- */

/* Up from the activity that throws, or from the scope of a throwing event: event sub-processes,
 * then boundaries. */
static bool climb(const struct run *run, uint32_t activity, uint32_t scope, struct wanted *w,
                  struct catcher *ret)
{
    struct bpmn_state *s = run->s;
    const struct bpmn_token *t = activity == 0 ? NULL : token_find(s, activity);
    for (unsigned depth = 0; depth <= 2 * LIMIT_BPMN_DEPTH; depth++) {
        for (int pass = 0; pass < 2 && t != NULL; pass++) {
            w->exact = pass == 0;
            if (boundary_catches(run->p, t, w, ret)) {
                return true;
            }
        }
        int32_t element = scope == 0 ? NO_INDEX : scope_element(run->p, s, scope);
        const struct bpmn_token *owner = scope == 0 ? NULL : token_find(s, scope);
        bool has_subs = owner == NULL || owner->what != BPMN_BODY;
        for (int pass = 0; pass < 2 && has_subs; pass++) {
            w->exact = pass == 0;
            if (sub_catches(run->p, s, scope, element, w, ret)) {
                return true;
            }
        }
        if (scope == 0) {
            return false;
        }
        t = owner;
        scope = scope_parent(s, scope);
    }
    return false;
}

enum err throw_up(struct run *run, enum bpmn_trigger_kind kind, struct str code, uint32_t activity,
                  uint32_t scope, bool *ret_caught)
{
    struct wanted w = {.kind = BPMN_ERROR, .trigger = kind, .name = code};
    struct catcher c = {0};
    *ret_caught = climb(run, activity, scope, &w, &c);
    return *ret_caught ? occur(run, &c) : ERR_OK;
}

enum err fail(struct run *run, struct str code)
{
    effect_put(run, (struct bpmn_effect){.kind = BPMN_FAILED, .name = code});
    scope_clear(run, 0);
    timers_cancel(run, 0, NO_INDEX);
    records_clear(run);
    run->check_count = 0;
    run->move_count = 0;
    run->failed = true;
    return ERR_OK;
}

struct catchers {
    struct catcher *list;
    size_t count, room;
};

static void catcher_put(const struct run *run, struct catchers *all, struct catcher c)
{
    all->list = bpmn_grow(run->ctx->arena, all->list, all->count, &all->room, sizeof(*all->list));
    all->list[all->count++] = c;
}

static void subs_that_catch(const struct run *run, uint32_t scope, int32_t element,
                            const struct wanted *w, struct catchers *all)
{
    uint16_t count = 0;
    const uint16_t *subs = scope_subs(run->p, element, &count);
    struct catcher c = {.host = scope};
    for (uint16_t i = 0; i < count && !scope_is_interrupted(run->p, run->s, scope); i++) {
        c.sub = subs[i];
        c.element = run->p->elements[subs[i]].starts[0];
        if (wants(&run->p->elements[c.element], w, &c.trigger)) {
            catcher_put(run, all, c);
        }
    }
}

/* A token may catch a signal at several places: where it waits, in every event sub-process, at
 * every boundary event. */
static void places_that_catch(const struct run *run, const struct bpmn_token *t,
                              const struct wanted *w, struct catchers *all)
{
    const struct bpmn_element *e = &run->p->elements[t->element];
    bool scope = t->what != BPMN_BODY && (e->kind == BPMN_SUBPROCESS || e->kind == BPMN_CALL);
    struct catcher c = {.host = t->id};
    if (scope) {
        subs_that_catch(run, t->id, e->kind == BPMN_CALL ? e->calls : t->element, w, all);
    } else if (e->attached_count == 0 && token_catches(run->p, run->s, t, w, &c)) {
        catcher_put(run, all, c);
    }
    for (uint16_t i = 0; i < e->attached_count && token_is_host(run->p, t); i++) {
        c.element = e->attached[i];
        if (wants(&run->p->elements[c.element], w, &c.trigger)) {
            catcher_put(run, all, c);
        }
    }
}

/* Everybody who waits for it now catches it; whoever is gone when its turn comes does not. */
enum err throw_signal(struct run *run, struct str name, struct str element, bool *ret_caught)
{
    struct ctx *ctx = run->ctx;
    struct bpmn_state *s = run->s;
    struct wanted w = {
        .kind = BPMN_SIGNAL, .trigger = BPMN_ON_SIGNAL, .name = name, .element = element};
    struct catchers all = {0};
    *ret_caught = false;
    for (size_t k = 0; k < s->count; k++) {
        places_that_catch(run, &s->tokens[k], &w, &all);
    }
    if (s->count > 0 || run->move_count > 0) {
        subs_that_catch(run, 0, NO_INDEX, &w, &all);
    }
    for (size_t i = 0; i < all.count; i++) {
        const struct catcher *c = &all.list[i];
        bool there = c->host == 0 || token_find(s, c->host) != NULL;
        bool starts = run->p->elements[c->element].kind == BPMN_START &&
                      !is_awaited(&run->p->elements[c->element]);
        if (there && !(starts && scope_is_interrupted(run->p, s, c->host))) {
            *ret_caught = true;
            TRY(occur(run, c));
        }
    }
    return ERR_OK;
}

enum err trigger_throw(struct run *run, const struct bpmn_trigger *t, uint32_t token,
                       uint32_t scope)
{
    struct ctx *ctx = run->ctx;
    bool caught = false;
    switch (t->kind) {
    case BPMN_ON_SIGNAL:
        effect_put(run,
                   (struct bpmn_effect){.kind = BPMN_SIGNALLED, .name = t->name, .token = token});
        return throw_signal(run, t->name, STR(""), &caught);
    case BPMN_ON_MESSAGE:
        effect_put(run, (struct bpmn_effect){.kind = BPMN_SENT, .name = t->name, .token = token});
        return ERR_OK;
    case BPMN_ON_ESCALATION:
        return throw_up(run, BPMN_ON_ESCALATION, t->name, token, scope, &caught);
    case BPMN_ON_ERROR:
        TRY(throw_up(run, BPMN_ON_ERROR, t->name, token, scope, &caught));
        return caught ? ERR_OK : fail(run, t->name);
    case BPMN_ON_TIMER:
    case BPMN_ON_CONDITION:
    case BPMN_ON_CANCEL:
    case BPMN_ON_COMPENSATION:
    case BPMN_ON_TERMINATE:
    case BPMN_ON_LINK: return ERR_OK;
    }
    return ERR_OK;
}

/* An end or throwing event. Its way on is pushed first, so that what it throws can take it away. */
enum err throw_all(struct run *run, uint16_t element, uint32_t scope, uint32_t token)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_element *e = &run->p->elements[element];
    const struct bpmn_trigger *undo = NULL;
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        bool undoes =
            e->triggers[i].kind == BPMN_ON_COMPENSATION || e->triggers[i].kind == BPMN_ON_CANCEL;
        undo = undoes ? &e->triggers[i] : undo;
    }
    if (e->kind == BPMN_THROW && undo == NULL && !has_trigger(e, BPMN_ON_LINK)) {
        move_push(run, (struct move){
                           .kind = MOVE_LEAVE, .element = element, .scope = scope, .token = token});
    }
    size_t moves = run->move_count;
    for (uint16_t i = 0; i < e->trigger_count && !run->failed; i++) {
        const struct bpmn_trigger *t = &e->triggers[i];
        if (t->kind == BPMN_ON_LINK && t->target >= 0) {
            move_push(run, (struct move){MOVE_ENTER, (uint16_t)t->target, NO_FLOW, scope, token});
        } else if (t->kind == BPMN_ON_TERMINATE) {
            scope_clear(run, scope);
        } else {
            TRY(trigger_throw(run, t, 0, scope));
        }
    }
    bool there = scope == 0 || token_find(run->s, scope) != NULL;
    if (undo == NULL || run->failed || !there || run->move_count < moves) {
        return ERR_OK;
    }
    if (undo->kind == BPMN_ON_CANCEL) {
        scope_clear(run, scope);
    }
    return undo_begin(run, element, scope, token, undo);
}

/* ---- conditions ---- */

/* One event whose condition has become true since it was last looked at. */
static bool became_true(struct run *run, const struct bpmn_element *e, uint32_t token,
                        uint16_t element, uint32_t scope)
{
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        if (e->triggers[i].kind != BPMN_ON_CONDITION) {
            continue;
        }
        bool now = holds(run, e->triggers[i].expression, scope);
        uint64_t bit = (uint64_t)1 << (2 * TRIGGERS_MAX + i);
        uint64_t *seen = mark_of(run, token, element);
        bool was = (*seen & bit) != 0;
        *seen = now ? *seen | bit : *seen & ~bit;
        if (now && !was) {
            return true;
        }
    }
    return false;
}

static bool condition_at(struct run *run, const struct bpmn_token *t, struct catcher *ret)
{
    const struct bpmn_process *p = run->p;
    const struct bpmn_element *e = &p->elements[t->element];
    ret->host = t->id;
    if (is_awaited(e) && became_true(run, e, t->id, t->element, t->scope)) {
        ret->element = t->element;
        return true;
    }
    for (uint16_t i = 0; e->kind == BPMN_EVENT_GATEWAY && i < e->out_count; i++) {
        uint16_t next = p->flows[e->out[i]].to;
        if (became_true(run, &p->elements[next], t->id, next, t->scope)) {
            ret->element = next;
            return true;
        }
    }
    for (uint16_t i = 0; i < e->attached_count && token_is_host(p, t); i++) {
        if (became_true(run, &p->elements[e->attached[i]], t->id, e->attached[i], t->scope)) {
            ret->element = e->attached[i];
            return true;
        }
    }
    return false;
}

static bool condition_sub(struct run *run, uint32_t scope, struct catcher *ret)
{
    uint16_t count = 0;
    int32_t element = scope == 0 ? NO_INDEX : scope_element(run->p, run->s, scope);
    const uint16_t *subs = scope_subs(run->p, element, &count);
    for (uint16_t i = 0; i < count; i++) {
        uint16_t start = run->p->elements[subs[i]].starts[0];
        if (!scope_is_interrupted(run->p, run->s, scope) &&
            became_true(run, &run->p->elements[start], scope, start, scope)) {
            *ret = (struct catcher){.host = scope, .element = start, .sub = subs[i]};
            return true;
        }
    }
    return false;
}

enum err catch_conditions(struct run *run, bool *ret_any)
{
    struct catcher c = {0};
    struct bpmn_state *s = run->s;
    bool hit = s->count > 0 && condition_sub(run, 0, &c);
    for (size_t k = 0; k < s->count && !hit; k++) {
        const struct bpmn_token t = s->tokens[k];
        enum bpmn_kind kind = run->p->elements[t.element].kind;
        bool scope = t.what != BPMN_BODY && (kind == BPMN_SUBPROCESS || kind == BPMN_CALL);
        hit = condition_at(run, &t, &c) || (scope && condition_sub(run, t.id, &c));
    }
    marks_tidy(s);
    *ret_any = hit;
    return hit ? occur(run, &c) : ERR_OK;
}

/* ---- events from outside ---- */

struct bpmn_state *state_copy(struct arena *a, const struct bpmn_state *s)
{
    struct bpmn_state *out = ARENA_NEW(a, struct bpmn_state);
    if (s == NULL) {
        out->next_id = 1;
        return out;
    }
    *out = *s;
    out->room = s->count + 4;
    out->tokens = ARENA_ARRAY(a, struct bpmn_token, out->room);
    if (s->count > 0) {
        memcpy(out->tokens, s->tokens, s->count * sizeof(*s->tokens));
    }
    out->timer_room = s->timer_count;
    out->mark_room = s->mark_count;
    out->record_room = s->record_count;
    out->datum_room = s->datum_count;
#define COPY(list, count)                                                                          \
    if (s->count > 0) {                                                                            \
        out->list = ARENA_ARRAY(a, __typeof__(*s->list), s->count);                                \
        memcpy(out->list, s->list, s->count * sizeof(*s->list));                                   \
    }
    COPY(timers, timer_count)
    COPY(marks, mark_count)
    COPY(records, record_count)
    COPY(data, datum_count)
#undef COPY
    return out;
}

static struct run run_of(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                         const struct bpmn_input *in, struct feel_value payload,
                         struct bpmn_result *r)
{
    *r = (struct bpmn_result){.state = state_copy(ctx->arena, s)};
    return (struct run){.ctx = ctx, .p = p, .s = r->state, .r = r, .in = in, .payload = payload};
}

static enum err finish(struct run *run)
{
    struct ctx *ctx = run->ctx;
    TRY(run_all(run));
    must(run->move_count == 0 && run->check_count == 0); /* settled: all that is left waits */
    run->r->ended = run->s->count == 0;
    if (run->r->ended) {
        timers_cancel(run, 0, NO_INDEX);
        records_clear(run);
        run->s->mark_count = 0;
        effect_put(run, (struct bpmn_effect){.kind = BPMN_ENDED});
    }
    return ERR_OK;
}

/* The start that an event begins: *ret_next is the event behind an instantiating gateway, or the
 * start itself. */
static bool find_start(const struct bpmn_process *p, const struct bpmn_event *ev,
                       uint16_t *ret_start, uint16_t *ret_next, unsigned *ret_trigger)
{
    static const enum bpmn_trigger_kind triggers[] = {[BPMN_MESSAGE] = BPMN_ON_MESSAGE,
                                                      [BPMN_SIGNAL] = BPMN_ON_SIGNAL,
                                                      [BPMN_TIMER] = BPMN_ON_TIMER,
                                                      [BPMN_CHANGE] = BPMN_ON_CONDITION};
    bool plain = ev->kind == BPMN_BEGIN || ev->kind == BPMN_ACT;
    struct wanted w = {.kind = ev->kind, .name = ev->name, .element = ev->element};
    w.trigger = plain ? BPMN_ON_MESSAGE : triggers[ev->kind];
    unsigned trigger = 0;
    int hit = NO_INDEX;
    *ret_trigger = NO_TRIGGER;
    for (uint16_t i = 0; i < p->start_count; i++) {
        const struct bpmn_element *e = &p->elements[p->starts[i]];
        *ret_start = *ret_next = p->starts[i];
        bool simple = e->trigger_count == 0 && e->act_count == 0 && !e->instantiate;
        bool named = ev->element.n > 0 && str_equal(e->id, ev->element);
        if ((ev->kind != BPMN_BEGIN && wants(e, &w, &trigger)) ||
            (ev->kind == BPMN_BEGIN && named)) {
            *ret_trigger = ev->kind == BPMN_BEGIN ? NO_TRIGGER : trigger;
            return true;
        }
        for (uint16_t k = 0; e->kind == BPMN_EVENT_GATEWAY && k < e->out_count; k++) {
            *ret_next = p->flows[e->out[k]].to;
            if (ev->kind != BPMN_BEGIN ? wants(&p->elements[*ret_next], &w, &trigger)
                                       : str_equal(p->elements[*ret_next].id, ev->element)) {
                return true;
            }
        }
        hit = plain && ev->element.n == 0 && simple && hit < 0 ? p->starts[i] : hit;
    }
    if (ev->kind == BPMN_BEGIN && ev->element.n == 0 && hit < 0 && p->start_count == 1) {
        hit = p->starts[0]; /* whatever begins it, it is the only way */
    }
    *ret_start = *ret_next = (uint16_t)(hit < 0 ? 0 : hit);
    return hit >= 0 && p->elements[hit].kind != BPMN_EVENT_GATEWAY;
}

enum err bpmn_begin(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_event *event,
                    const struct bpmn_input *in, struct bpmn_result *ret)
{
    uint16_t start = 0;
    uint16_t next = 0;
    unsigned trigger = 0;
    if (!find_start(p, event, &start, &next, &trigger)) {
        const char *what = event->kind == BPMN_ACT     ? "an act"
                           : event->kind == BPMN_BEGIN ? "a plain start"
                                                       : "an event";
        return fault(ctx, ERR_NOT_FOUND, "process %.*s is not begun by %s \"%.*s\"", FMT(p->id),
                     what, FMT(event->name));
    }
    struct run run = run_of(ctx, p, NULL, in, event->values, ret);
    uint32_t token = token_id(&run);
    const struct bpmn_element *e = &p->elements[start];
    TRY(data_take(&run, 0, event->values));
    TRY(scope_listen(&run, 0));
    if (is_awaited(e) &&
        trigger != NO_TRIGGER) { /* the first of its events has come; it waits for the others */
        TRY(enter_catch(&run, start, 0, token));
        TRY(occur(&run, &(struct catcher){.host = token, .element = start, .trigger = trigger}));
    } else if (e->kind == BPMN_START) {
        TRY(take_payload(&run, start, 0));
        move_push(&run, (struct move){MOVE_ENTER, start, NO_FLOW, 0, token});
    } else if (e->kind == BPMN_EVENT_GATEWAY || e->instantiate) {
        bool all = e->kind == BPMN_EVENT_GATEWAY && e->starts_all;
        trace(&run, start, token, "started");
        status_put(&run, next);
        if (next != start) {
            trace(&run, next, token, "occurred");
        }
        move_push(&run, (struct move){.kind = MOVE_LEAVE, .element = next, .token = token});
        if (all) {
            await_others(&run, start, next, 0);
        }
    } else { /* no start event at all: every element that nothing leads to */
        for (uint16_t i = p->start_count; i-- > 0;) {
            uint32_t id = i == 0 ? token : token_id(&run);
            move_push(&run, (struct move){MOVE_ENTER, p->starts[i], NO_FLOW, 0, id});
        }
    }
    return finish(&run);
}

/* An open activity, or a catching event, that the event names; the youngest. */
static struct bpmn_token *find_open(const struct bpmn_process *p, struct bpmn_state *s,
                                    const struct bpmn_event *ev, bool activity)
{
    for (size_t k = s->count; k > 0; k--) {
        struct bpmn_token *t = &s->tokens[k - 1];
        const struct bpmn_element *e = &p->elements[t->element];
        bool right = (ev->token == 0 || t->id == ev->token) &&
                     (ev->element.n == 0 || str_equal(e->id, ev->element));
        bool kind = activity ? is_activity(e->kind) : e->kind == BPMN_TASK || is_awaited(e);
        if (right && kind &&
            (t->what == BPMN_AT || t->what == BPMN_UNDOING || (activity && t->what == BPMN_BODY))) {
            return t;
        }
    }
    return NULL;
}

static size_t find_timer(const struct run *run, const struct bpmn_event *ev)
{
    struct str id = {0};
    uint64_t number = 0;
    bool named = ev->name.n > 0 && str_to_u64(str_cut(ev->name, '.', &id), &number);
    for (size_t i = 0; i < run->s->timer_count; i++) {
        const struct bpmn_timer *t = &run->s->timers[i];
        struct str element = run->p->elements[t->element].id;
        if (named ? t->token == number && str_equal(element, id)
                  : ev->name.n == 0 && str_equal(element, ev->element)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static enum err on_timer(struct run *run, const struct bpmn_event *ev)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_process *p = run->p;
    size_t index = find_timer(run, ev);
    if (index == SIZE_MAX) {
        return fault(ctx, ERR_CONFLICT, "timer %.*s is not set",
                     FMT(ev->name.n > 0 ? ev->name : ev->element));
    }
    struct bpmn_timer t = run->s->timers[index];
    const struct bpmn_element *e = &p->elements[t.element];
    struct catcher c = {.host = t.token, .element = t.element};
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        c.trigger = e->triggers[i].kind == BPMN_ON_TIMER ? i : c.trigger;
    }
    c.sub = e->kind == BPMN_START ? (uint16_t)e->scope : 0;
    bool stays = (e->kind == BPMN_BOUNDARY || e->kind == BPMN_START) && !e->interrupting;
    TRY(data_take(run, t.token, ev->values));
    TRY(timer_fired(run, index, stays));
    return occur(run, &c);
}

static enum err on_caught(struct run *run, const struct bpmn_event *ev)
{
    struct ctx *ctx = run->ctx;
    struct wanted w = {.kind = ev->kind,
                       .trigger = BPMN_ON_MESSAGE,
                       .name = ev->name,
                       .element = ev->element,
                       .token = ev->token};
    struct catcher c = {0};
    if (!find_catcher(run->p, run->s, &w, &c)) {
        const char *what = ev->kind == BPMN_ACT ? "an act" : "a message";
        return fault(ctx, ERR_CONFLICT, "the procedure does not await %s \"%.*s\" now", what,
                     FMT(ev->name.n > 0 ? ev->name : ev->element));
    }
    TRY(data_take(run, c.host, ev->values));
    return occur(run, &c);
}

/* The activity named throws; with none named, the youngest that is open. */
static enum err on_thrown(struct run *run, const struct bpmn_event *ev, bool error)
{
    struct ctx *ctx = run->ctx;
    bool caught = false;
    const struct bpmn_token *t = find_open(run->p, run->s, ev, true);
    if (t == NULL) {
        return fault(ctx, ERR_CONFLICT, "no open activity \"%.*s\" can throw \"%.*s\"",
                     FMT(ev->element), FMT(ev->name));
    }
    uint32_t id = t->id;
    uint32_t scope = t->scope;
    TRY(data_take(run, id, ev->values));
    trace(run, t->element, id, error ? "failed" : "escalated");
    TRY(throw_up(run, error ? BPMN_ON_ERROR : BPMN_ON_ESCALATION, ev->name, id, scope, &caught));
    return caught || !error ? ERR_OK : fail(run, ev->name);
}

static enum err on_signal(struct run *run, const struct bpmn_event *ev)
{
    struct ctx *ctx = run->ctx;
    bool caught = false;
    TRY(data_take(run, 0, ev->values));
    TRY(throw_signal(run, ev->name, ev->element, &caught));
    return caught
               ? ERR_OK
               : fault(ctx, ERR_CONFLICT, "nothing awaits the signal \"%.*s\" now", FMT(ev->name));
}

/* For an oracle a condition occurs when it says so. */
static enum err on_change(struct run *run, const struct bpmn_event *ev)
{
    struct ctx *ctx = run->ctx;
    struct wanted w = {.kind = BPMN_CHANGE,
                       .trigger = BPMN_ON_CONDITION,
                       .element = ev->element,
                       .token = ev->token};
    struct catcher c = {0};
    TRY(data_take(run, 0, ev->values));
    if (run->in->oracle == NULL) {
        return ERR_OK;
    }
    return find_catcher(run->p, run->s, &w, &c)
               ? occur(run, &c)
               : fault(ctx, ERR_CONFLICT, "no such condition is awaited");
}

static enum err on_complete(struct run *run, const struct bpmn_event *ev)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_token *t = find_open(run->p, run->s, ev, false);
    if (t == NULL) {
        return fault(ctx, ERR_CONFLICT, "\"%.*s\" does not wait to be completed", FMT(ev->element));
    }
    uint32_t id = t->id;
    uint16_t element = t->element;
    TRY(data_take(run, id, ev->values));
    return is_awaited(&run->p->elements[element]) ? occur_catch(run, id, element)
                                                  : activity_complete(run, id);
}

enum err bpmn_step(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                   const struct bpmn_event *event, const struct bpmn_input *in,
                   struct bpmn_result *ret)
{
    struct run run = run_of(ctx, p, s, in, event->values, ret);
    switch (event->kind) {
    case BPMN_BEGIN: return fault(ctx, ERR_CONFLICT, "process %.*s has begun", FMT(p->id));
    case BPMN_ACT:
    case BPMN_MESSAGE: TRY(on_caught(&run, event)); break;
    case BPMN_COMPLETE: TRY(on_complete(&run, event)); break;
    case BPMN_SIGNAL: TRY(on_signal(&run, event)); break;
    case BPMN_TIMER: TRY(on_timer(&run, event)); break;
    case BPMN_ERROR:
    case BPMN_ESCALATION: TRY(on_thrown(&run, event, event->kind == BPMN_ERROR)); break;
    case BPMN_CHANGE: TRY(on_change(&run, event)); break;
    }
    return finish(&run);
}

/* ---- acts of law ---- */

enum err bpmn_start(struct ctx *ctx, const struct bpmn_process *p, struct str act,
                    const struct bpmn_input *in, struct bpmn_result *ret)
{
    struct bpmn_event ev = {.kind = BPMN_ACT, .name = act};
    return bpmn_begin(ctx, p, &ev, in, ret);
}

enum err bpmn_act(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                  struct str act, const struct bpmn_input *in, struct bpmn_result *ret)
{
    struct bpmn_event ev = {.kind = BPMN_ACT, .name = act};
    return bpmn_step(ctx, p, s, &ev, in, ret);
}

enum err bpmn_timer(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                    struct str timer, const struct bpmn_input *in, struct bpmn_result *ret)
{
    struct bpmn_event ev = {.kind = BPMN_TIMER, .name = timer};
    return bpmn_step(ctx, p, s, &ev, in, ret);
}

bool bpmn_may(const struct bpmn_process *p, const struct bpmn_state *s, struct str act)
{
    struct wanted w = {.kind = BPMN_ACT, .name = act};
    struct catcher c;
    return find_catcher(p, s, &w, &c);
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
