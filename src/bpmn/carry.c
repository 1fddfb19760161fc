/* From one version of a procedure to another, for what runs.
 *
 * A token stays where it is: at the element of the same key (key.c) in the new version. That is the
 * same place when it is of the same type, in the same sub-process, done as often, and still awaits
 * something of what it awaited; for each element of the old version this is settled once, when the
 * change is made (change_fit). A token at a join came by a flow: the same flow, else one from the
 * same element, else the only one that took the place of the only one that is no more (a step was
 * put in between).
 *
 * Standing at elements that are all there is not yet enough. If a third branch was added to a split
 * and its join, a case between the two would wait at the join for a branch that was never opened.
 * So each scope's marking must be one that the new version itself can come to (markings_hold); that
 * is asked only of a marking which the old version is known to come to, for the search cannot see
 * every number of tokens beside an activity.
 *
 * What hangs on tokens follows:
 *
 *   timers    one on the same carrier with the same time, limit and act runs on; any other is
 *             cancelled. One that the new version has where a token stands begins, unless the old
 *             version had it there too: then it has fired before.
 *   marks     of events that still listen there, trigger by trigger; else forgotten
 *   records   what was completed must still be there, and its handler, or the state does not fit:
 *             nobody could undo it
 *   data      by name; what the new version does not know is forgotten, for nothing in it can ask
 *
 * Numbers of tokens, their order and next_id stay, so the same version gives the same state. */
#include "bpmn/check_in.h"
#include "bpmn/state.h"

struct bpmn_change {
    const struct bpmn_process *from, *to;
    const struct bpmn_markings *from_markings, *to_markings; /* NULL, both: they are the same */
    const int32_t *elements; /* by element of `from`: what it is in `to`; NO_INDEX */
    const enum bpmn_misfit *misfits;
};

const char *bpmn_misfit_word(enum bpmn_misfit m)
{
    static const char *const words[] = {[BPMN_FITS] = "",
                                        [BPMN_MISFIT_GONE] = "gone",
                                        [BPMN_MISFIT_TYPE] = "type",
                                        [BPMN_MISFIT_ACTS] = "acts",
                                        [BPMN_MISFIT_SCOPE] = "scope",
                                        [BPMN_MISFIT_LOOP] = "loop",
                                        [BPMN_MISFIT_WAY] = "way",
                                        [BPMN_MISFIT_UNDO] = "undo",
                                        [BPMN_MISFIT_MARKING] = "marking"};
    must((size_t)m < LEN(words));
    return words[m];
}

/* ---- elements ---- */

static bool same_trigger(const struct bpmn_trigger *a, const struct bpmn_trigger *b)
{
    return a->kind == b->kind && str_equal(a->name, b->name);
}

/* Which trigger of `to` is this one; NO_INDEX. */
static int32_t trigger_in(const struct bpmn_element *to, const struct bpmn_trigger *t)
{
    for (uint16_t i = 0; i < to->trigger_count; i++) {
        if (same_trigger(&to->triggers[i], t)) {
            return i;
        }
    }
    return NO_INDEX;
}

static bool share_act(const struct bpmn_element *a, const struct bpmn_element *b)
{
    for (size_t i = 0; i < a->act_count; i++) {
        for (size_t k = 0; k < b->act_count; k++) {
            if (str_equal(a->acts[i], b->acts[k])) {
                return true;
            }
        }
    }
    return false;
}

/* What is awaited is named by the kinds of act, in a procedure of law; else by triggers and
 * messages. */
static bool awaits_alike(const struct bpmn_element *a, const struct bpmn_element *b)
{
    bool by_act = a->act_count + b->act_count > 0;
    if (by_act && !share_act(a, b)) {
        return false;
    }
    if (a->trigger_count != b->trigger_count || (!by_act && !str_equal(a->message, b->message))) {
        return false;
    }
    for (uint16_t i = 0; i < a->trigger_count; i++) {
        bool found = false;
        for (uint16_t k = 0; k < b->trigger_count; k++) {
            found = found || (by_act ? a->triggers[i].kind == b->triggers[k].kind
                                     : same_trigger(&a->triggers[i], &b->triggers[k]));
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static int32_t element_in(const struct bpmn_process *from, int32_t element,
                          const struct bpmn_process *to)
{
    return element < 0 ? NO_INDEX
                       : key_find(&to->keys->elements, from->keys->elements.names[element]);
}

/* Behind an event gateway at least one event is what it was. */
static bool gateways_alike(const struct bpmn_process *from, const struct bpmn_element *a,
                           const struct bpmn_process *to, const struct bpmn_element *b)
{
    for (uint16_t i = 0; i < a->out_count; i++) {
        uint16_t event = from->flows[a->out[i]].to;
        int32_t same = element_in(from, event, to);
        for (uint16_t k = 0; same >= 0 && k < b->out_count; k++) {
            if (to->flows[b->out[k]].to == same &&
                awaits_alike(&from->elements[event], &to->elements[same])) {
                return true;
            }
        }
    }
    return false;
}

static struct str name_of(const struct bpmn_process *p, int32_t name)
{
    return name < 0 ? STR("") : p->names[name];
}

static bool loops_alike(const struct bpmn_process *from, const struct bpmn_loop *a,
                        const struct bpmn_process *to, const struct bpmn_loop *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return a->multi == b->multi && a->sequential == b->sequential &&
           str_equal(name_of(from, a->item), name_of(to, b->item)) &&
           str_equal(name_of(from, a->result_item), name_of(to, b->result_item)) &&
           str_equal(name_of(from, a->result_list), name_of(to, b->result_list));
}

static enum bpmn_misfit change_fit(const struct bpmn_process *from, uint16_t element,
                                   const struct bpmn_process *to, int32_t *ret)
{
    const struct bpmn_element *a = &from->elements[element];
    *ret = element_in(from, element, to);
    if (*ret < 0) {
        return BPMN_MISFIT_GONE;
    }
    const struct bpmn_element *b = &to->elements[*ret];
    bool type = a->kind == b->kind && str_equal(a->tag, b->tag) && a->by_event == b->by_event &&
                a->for_compensation == b->for_compensation &&
                element_in(from, a->calls, to) == b->calls && (a->calls < 0) == (b->calls < 0);
    if (!type) {
        return BPMN_MISFIT_TYPE;
    }
    if ((a->scope < 0) != (b->scope < 0) || element_in(from, a->scope, to) != b->scope) {
        return BPMN_MISFIT_SCOPE;
    }
    if (!loops_alike(from, a->loop, to, b->loop)) {
        return BPMN_MISFIT_LOOP;
    }
    bool alike =
        a->kind == BPMN_EVENT_GATEWAY ? gateways_alike(from, a, to, b) : awaits_alike(a, b);
    return alike ? BPMN_FITS : BPMN_MISFIT_ACTS;
}

static bool elements_alike(const struct bpmn_process *from, const struct bpmn_process *to, size_t i)
{
    const struct bpmn_element *a = &from->elements[i];
    const struct bpmn_element *b = &to->elements[i];
    bool alike = str_equal(from->keys->elements.names[i], to->keys->elements.names[i]) &&
                 a->kind == b->kind && a->scope == b->scope && a->attached_to == b->attached_to &&
                 a->calls == b->calls && a->handler == b->handler && a->by_event == b->by_event &&
                 a->interrupting == b->interrupting && (a->loop == NULL) == (b->loop == NULL) &&
                 a->all_triggers == b->all_triggers && a->trigger_count == b->trigger_count;
    for (uint16_t k = 0; alike && k < a->trigger_count; k++) {
        alike = same_trigger(&a->triggers[k], &b->triggers[k]);
    }
    return alike;
}

/* Has nothing changed of the ways tokens can go? Then neither has any marking. */
static bool shapes_alike(const struct bpmn_process *from, const struct bpmn_process *to)
{
    bool alike = from->element_count == to->element_count && from->flow_count == to->flow_count;
    for (size_t i = 0; alike && i < from->element_count; i++) {
        alike = elements_alike(from, to, i);
    }
    for (size_t i = 0; alike && i < from->flow_count; i++) {
        const struct bpmn_flow *a = &from->flows[i];
        const struct bpmn_flow *b = &to->flows[i];
        alike = a->from == b->from && a->to == b->to && a->is_default == b->is_default &&
                (a->condition == NULL) == (b->condition == NULL);
    }
    return alike;
}

enum err bpmn_change_make(struct ctx *ctx, const struct bpmn_process *from,
                          const struct bpmn_process *to, const struct bpmn_change **ret)
{
    struct bpmn_change *c = ARENA_NEW(ctx->arena, struct bpmn_change);
    int32_t *elements = ARENA_ARRAY(ctx->arena, int32_t, from->element_count);
    enum bpmn_misfit *misfits = ARENA_ARRAY(ctx->arena, enum bpmn_misfit, from->element_count);
    for (size_t i = 0; i < from->element_count; i++) {
        misfits[i] = change_fit(from, (uint16_t)i, to, &elements[i]);
    }
    *c = (struct bpmn_change){.from = from, .to = to, .elements = elements, .misfits = misfits};
    if (!shapes_alike(from, to)) {
        TRY(markings_make(ctx, from, &c->from_markings));
        TRY(markings_make(ctx, to, &c->to_markings));
    }
    *ret = c;
    return ERR_OK;
}

/* ---- one state ---- */

struct carrying {
    const struct bpmn_change *change;
    const struct bpmn_state *old;
    struct bpmn_state *s; /* under the new version */
    enum bpmn_misfit misfit;
    uint16_t element; /* of the old version: what does not fit */
};

static bool misfits(struct carrying *c, uint16_t element, enum bpmn_misfit why)
{
    if (c->misfit == BPMN_FITS && why != BPMN_FITS) {
        c->misfit = why;
        c->element = element;
    }
    return why != BPMN_FITS;
}

static bool is_way_kept(const struct bpmn_change *change, uint16_t flow, uint16_t join)
{
    int32_t same = key_find(&change->to->keys->flows, change->from->keys->flows.names[flow]);
    return same >= 0 && change->to->flows[same].to == join;
}

/* Was this way into the new join one into the old join already? */
static bool is_way_old(const struct bpmn_change *change, uint16_t flow, uint16_t old_join)
{
    int32_t same = key_find(&change->from->keys->flows, change->to->keys->flows.names[flow]);
    return same >= 0 && change->from->flows[same].to == old_join;
}

/* By which flow of the new join a token came that had come by `flow`; NO_FLOW: by none. */
static uint16_t way_of(const struct bpmn_change *change, uint16_t flow, uint16_t old_join,
                       uint16_t join)
{
    const struct bpmn_process *from = change->from;
    const struct bpmn_process *to = change->to;
    const struct bpmn_element *a = &from->elements[old_join];
    const struct bpmn_element *b = &to->elements[join];
    unsigned lost = 0;
    unsigned won = 0;
    uint16_t only = NO_FLOW;
    if (is_way_kept(change, flow, join)) {
        return (uint16_t)key_find(&to->keys->flows, from->keys->flows.names[flow]);
    }
    for (uint16_t i = 0; i < a->in_count; i++) {
        lost += !is_way_kept(change, a->in[i], join);
    }
    int32_t source = element_in(from, from->flows[flow].from, to);
    for (uint16_t i = 0; i < b->in_count; i++) {
        bool is_new = !is_way_old(change, b->in[i], old_join);
        if (is_new && source >= 0 && to->flows[b->in[i]].from == source) {
            return b->in[i];
        }
        won += is_new;
        only = is_new ? b->in[i] : only;
    }
    return lost == 1 && won == 1 ? only : NO_FLOW;
}

/* The flows a gateway has used up, as bits of its flows in the new version. */
static void carry_used(const struct bpmn_change *change, const struct bpmn_token *old,
                       struct bpmn_token *t)
{
    const struct bpmn_element *a = &change->from->elements[old->element];
    const struct bpmn_element *b = &change->to->elements[t->element];
    uint64_t used = (uint64_t)old->used_high << 32 | old->used_low;
    uint64_t now = 0;
    for (uint16_t i = 0; i < a->in_count; i++) {
        uint16_t way =
            ((used >> i) & 1) == 0 ? NO_FLOW : way_of(change, a->in[i], old->element, t->element);
        for (uint16_t k = 0; k < b->in_count; k++) {
            now |= (uint64_t)(b->in[k] == way) << k;
        }
    }
    t->used_low = (uint32_t)now;
    t->used_high = (uint32_t)(now >> 32);
}

static bool carry_tokens(struct carrying *c)
{
    const struct bpmn_change *change = c->change;
    for (size_t i = 0; i < c->old->count; i++) {
        const struct bpmn_token *old = &c->old->tokens[i];
        struct bpmn_token *t = &c->s->tokens[i];
        if (misfits(c, old->element, change->misfits[old->element])) {
            return false;
        }
        t->element = (uint16_t)change->elements[old->element];
        if (old->flow != NO_FLOW) {
            t->flow = way_of(change, old->flow, old->element, t->element);
            if (t->flow == NO_FLOW) {
                misfits(c, old->element, BPMN_MISFIT_WAY);
                return false;
            }
        }
        if (old->what == BPMN_RESET) {
            carry_used(change, old, t);
        }
    }
    return true;
}

/* What was completed can be undone as it could: the activity is there and so is what compensates
 * it. */
static bool carry_records(struct carrying *c)
{
    const struct bpmn_change *change = c->change;
    for (size_t i = 0; i < c->old->record_count; i++) {
        uint16_t element = c->old->records[i].element;
        const struct bpmn_element *a = &change->from->elements[element];
        int32_t to = change->elements[element];
        bool good = change->misfits[element] == BPMN_FITS &&
                    (a->handler < 0) == (change->to->elements[to].handler < 0);
        if (!good) {
            misfits(c, element, BPMN_MISFIT_UNDO);
            return false;
        }
        c->s->records[i].element = (uint16_t)to;
    }
    return true;
}

static bool has_datum(const struct bpmn_state *s, uint32_t scope, uint16_t name)
{
    for (size_t i = 0; i < s->datum_count; i++) {
        if (s->data[i].scope == scope && s->data[i].name == name) {
            return true;
        }
    }
    return false;
}

/* By name. What was declared in a scope, and is not any more, belongs to the whole run. */
static void carry_data(struct carrying *c)
{
    const struct bpmn_process *from = c->change->from;
    const struct bpmn_process *to = c->change->to;
    c->s->datum_count = 0;
    for (size_t i = 0; i < c->old->datum_count; i++) {
        struct bpmn_datum d = c->old->data[i];
        int32_t name = key_find(&to->keys->data, from->keys->data.names[d.name]);
        if (name < (int32_t)to->outer_names) {
            continue;
        }
        bool freed = to->is_free[name] && !from->is_free[d.name];
        d.name = (uint16_t)name;
        d.scope = freed ? 0 : d.scope;
        if (!has_datum(c->s, d.scope, d.name)) {
            c->s->data[c->s->datum_count++] = d;
        }
    }
}

/* ---- what listens ---- */

static const struct bpmn_trigger *timer_of(const struct bpmn_element *e)
{
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        if (e->triggers[i].kind == BPMN_ON_TIMER) {
            return &e->triggers[i];
        }
    }
    return NULL;
}

/* Does this event listen at the token (0: at the process itself), by the shape of the process
 * alone? */
static bool listens(const struct bpmn_process *p, const struct bpmn_state *s, uint32_t token,
                    uint16_t event)
{
    const struct bpmn_element *e = &p->elements[event];
    const struct bpmn_token *t =
        token == 0 ? NULL : token_find((struct bpmn_state *)(uintptr_t)s, token);
    if (e->kind == BPMN_START && e->scope >= 0 && p->elements[e->scope].by_event) {
        int32_t around = p->elements[e->scope].scope;
        bool holds_scope = t == NULL || t->what != BPMN_BODY;
        return holds_scope && around == (token == 0 ? NO_INDEX : scope_element(p, s, token));
    }
    if (t == NULL) {
        return false;
    }
    const struct bpmn_element *at = &p->elements[t->element];
    if (e->kind == BPMN_BOUNDARY) {
        return e->attached_to == (int32_t)t->element && token_is_host(p, t);
    }
    for (uint16_t i = 0; at->kind == BPMN_EVENT_GATEWAY && i < at->out_count; i++) {
        if (p->flows[at->out[i]].to == event) {
            return true;
        }
    }
    return t->element == event;
}

static void carry_marks(struct carrying *c)
{
    const struct bpmn_change *change = c->change;
    c->s->mark_count = 0;
    for (size_t i = 0; i < c->old->mark_count; i++) {
        struct bpmn_mark m = c->old->marks[i];
        const struct bpmn_element *a = &change->from->elements[m.element];
        int32_t to = change->elements[m.element];
        uint64_t seen = 0;
        for (uint16_t k = 0; to >= 0 && k < a->trigger_count; k++) {
            int32_t same = trigger_in(&change->to->elements[to], &a->triggers[k]);
            if (same >= 0) { /* came, and held when last looked at (became_true) */
                seen |= ((m.seen >> k) & 1) << same;
                seen |= ((m.seen >> (2 * TRIGGERS_MAX + k)) & 1) << (2 * TRIGGERS_MAX + same);
            }
        }
        if (seen != 0 && listens(change->to, c->s, m.token, (uint16_t)to)) {
            c->s->marks[c->s->mark_count++] = (struct bpmn_mark){m.token, (uint16_t)to, seen};
        }
    }
}

static bool same_time(const struct bpmn_element *a, const struct bpmn_element *b)
{
    const struct bpmn_trigger *x = timer_of(a);
    const struct bpmn_trigger *y = timer_of(b);
    if (x == NULL || y == NULL || x->timer != y->timer || !str_equal(a->limit, b->limit)) {
        return false;
    }
    struct str act_x = a->act_count > 0 ? a->acts[0] : STR("");
    struct str act_y = b->act_count > 0 ? b->acts[0] : STR("");
    struct str text_x = x->expression == NULL ? STR("") : x->expression->text;
    struct str text_y = y->expression == NULL ? STR("") : y->expression->text;
    return str_equal(act_x, act_y) && str_equal(text_x, text_y);
}

/* Timers that run on; the others are cancelled. */
static void carry_timers(struct carrying *c, struct run *run)
{
    const struct bpmn_change *change = c->change;
    c->s->timer_count = 0;
    for (size_t i = 0; i < c->old->timer_count; i++) {
        struct bpmn_timer t = c->old->timers[i];
        int32_t to = change->elements[t.element];
        bool same = to >= 0 && listens(change->to, c->s, t.token, (uint16_t)to) &&
                    same_time(&change->from->elements[t.element], &change->to->elements[to]);
        if (same) {
            t.element = (uint16_t)to;
            c->s->timers[c->s->timer_count++] = t;
        } else {
            effect_put(run, (struct bpmn_effect){
                                .kind = BPMN_TIMER_CANCEL,
                                .element = t.element,
                                .token = t.token,
                                .due = t.due,
                                .timer = bpmn_timer_name(run->ctx->arena, change->from, &t)});
        }
    }
}

static bool timer_runs(const struct bpmn_state *s, uint32_t token, int32_t element)
{
    for (size_t i = 0; i < s->timer_count; i++) {
        if (s->timers[i].token == token && s->timers[i].element == element) {
            return true;
        }
    }
    return false;
}

/* Begin a timer that is new here. One that the old version had here, and that did not run when the
 * case was carried over, has fired. */
static enum err begin_timer(struct carrying *c, struct run *run, uint32_t token, uint16_t event)
{
    const struct bpmn_change *change = c->change;
    int32_t old = element_in(change->to, event, change->from);
    if (timer_of(&change->to->elements[event]) == NULL || timer_runs(c->s, token, event)) {
        return ERR_OK;
    }
    bool was_there = old >= 0 && timer_of(&change->from->elements[old]) != NULL &&
                     listens(change->from, c->old, token, (uint16_t)old);
    return was_there && !timer_runs(c->old, token, old) ? ERR_OK : timers_set(run, token, event);
}

static enum err begin_subs(struct carrying *c, struct run *run, uint32_t scope, int32_t element)
{
    struct ctx *ctx = run->ctx;
    uint16_t count = 0;
    const uint16_t *subs = scope_subs(run->p, element, &count);
    for (uint16_t i = 0; i < count && !scope_is_interrupted(run->p, c->s, scope); i++) {
        TRY(begin_timer(c, run, scope, run->p->elements[subs[i]].starts[0]));
    }
    return ERR_OK;
}

static enum err begin_timers(struct carrying *c, struct run *run)
{
    struct ctx *ctx = run->ctx;
    const struct bpmn_process *p = run->p;
    TRY(begin_subs(c, run, 0, NO_INDEX));
    for (size_t i = 0; i < c->s->count; i++) {
        const struct bpmn_token *t = &c->s->tokens[i];
        const struct bpmn_element *e = &p->elements[t->element];
        bool scope = t->what != BPMN_BODY && (e->kind == BPMN_SUBPROCESS || e->kind == BPMN_CALL);
        if (is_awaited(e)) {
            TRY(begin_timer(c, run, t->id, t->element));
        }
        for (uint16_t k = 0; e->kind == BPMN_EVENT_GATEWAY && k < e->out_count; k++) {
            TRY(begin_timer(c, run, t->id, p->flows[e->out[k]].to));
        }
        for (uint16_t k = 0; k < e->attached_count && token_is_host(p, t); k++) {
            TRY(begin_timer(c, run, t->id, e->attached[k]));
        }
        if (scope) {
            TRY(begin_subs(c, run, t->id, scope_element(p, c->s, t->id)));
        }
    }
    return ERR_OK;
}

/* ---- the whole ---- */

static void tell_status(struct carrying *c, struct run *run)
{
    for (size_t i = 0; i < c->old->count; i++) {
        const struct bpmn_element *a = &c->change->from->elements[c->old->tokens[i].element];
        uint16_t element = c->s->tokens[i].element;
        struct str status = c->change->to->elements[element].status;
        if (a->status.n > 0 && status.n > 0 && !str_equal(a->status, status)) {
            effect_put(run, (struct bpmn_effect){.kind = BPMN_STATUS,
                                                 .element = element,
                                                 .token = c->s->tokens[i].id,
                                                 .status = status,
                                                 .name = a->status});
        }
    }
}

/* Can the new version stand so? Asked only where the old one is known to. */
static bool marking_fits(struct ctx *ctx, struct carrying *c)
{
    const struct bpmn_change *change = c->change;
    size_t at = 0;
    must((change->from_markings == NULL) == (change->to_markings == NULL));
    if (change->from_markings == NULL) {
        return true;
    }
    if (!markings_hold(ctx, change->from, change->from_markings, c->old, &at) ||
        markings_hold(ctx, change->to, change->to_markings, c->s, &at)) {
        return true;
    }
    misfits(c, c->old->tokens[at].element, BPMN_MISFIT_MARKING);
    return false;
}

enum err bpmn_carry(struct ctx *ctx, const struct bpmn_change *change, const struct bpmn_state *s,
                    const struct bpmn_input *in, struct bpmn_carried *ret)
{
    *ret = (struct bpmn_carried){.to.state = state_copy(ctx->arena, s)};
    struct carrying c = {.change = change, .old = s, .s = ret->to.state};
    struct run run = {.ctx = ctx, .p = change->to, .s = c.s, .r = &ret->to, .in = in};
    bool fits = carry_tokens(&c) && carry_records(&c);
    if (fits) {
        carry_data(&c);
        carry_marks(&c);
        carry_timers(&c, &run);
        const char *wrong = bpmn_state_fault(change->to, c.s);
        if (wrong != NULL && s->count > 0) { /* a rule of states that nothing above stands for */
            misfits(&c, s->tokens[0].element, BPMN_MISFIT_MARKING);
        }
        fits = wrong == NULL && marking_fits(ctx, &c);
    }
    if (!fits) {
        ret->misfit = c.misfit;
        ret->element = change->from->elements[c.element].id;
        ret->to = (struct bpmn_result){0};
        return ERR_OK;
    }
    TRY(begin_timers(&c, &run));
    tell_status(&c, &run);
    ret->to.ended = s->count == 0;
    must(bpmn_state_fault(change->to, c.s) == NULL);
    return ERR_OK;
}
