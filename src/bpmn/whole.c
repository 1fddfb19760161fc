/* What must hold of every state, for one that was stored may have been damaged, or made under
 * another model: reading refuses what these rules refuse, so no step need doubt what it is given,
 * and a fuzzer that damages states (fuzz/state.c) can hold every step to them. They are:
 *
 *   tokens    have numbers of their own, below next_id; stand in a scope that is there and is that
 *             of their element; no chain of scopes is deeper than LIMIT_BPMN_DEPTH (so none is a
 *             circle); those that wait at a join came by a flow that leads to it, no other has one;
 *             each is of a sort that its element can have (what_fault)
 *   timers    are of an event with a timer, carried by the activity it is attached to, the token
 *             that waits at it or before it at an event gateway, or the scope whose event
 *             sub-process it starts
 *   marks, data, records   belong to a token, a record, or the process itself
 *
 * Each rule looks for tokens one after another: a state of law has a handful, and the square of
 * LIMIT_BPMN_TOKENS is a few milliseconds. */
#include "bpmn/bpmn_in.h"

static const struct bpmn_record *record_of(const struct bpmn_state *s, uint32_t id)
{
    for (size_t i = 0; i < s->record_count; i++) {
        if (s->records[i].id == id) {
            return &s->records[i];
        }
    }
    return NULL;
}

static const struct bpmn_token *token_of(const struct bpmn_state *s, uint32_t id)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->tokens[i].id == id) {
            return &s->tokens[i];
        }
    }
    return NULL;
}

/* Does an element of scope `inner` stand rightly inside this token or record? */
static bool stands_in(const struct bpmn_process *p, const struct bpmn_state *s, uint16_t element,
                      uint32_t scope)
{
    const struct bpmn_element *e = &p->elements[element];
    const struct bpmn_token *t = token_of(s, scope);
    const struct bpmn_record *r = t != NULL ? NULL : record_of(s, scope);
    if (scope == 0) {
        return e->scope < 0;
    }
    if (r != NULL) {
        return e->scope == (int32_t)r->element;
    }
    if (t == NULL) {
        return false;
    }
    const struct bpmn_element *around = &p->elements[t->element];
    if (t->what == BPMN_BODY) {
        return t->element == element;
    }
    return t->what != BPMN_UNDO && t->what != BPMN_RESET &&
           (around->kind == BPMN_CALL ? e->scope == around->calls
                                      : e->scope == (int32_t)t->element);
}

static const char *join_fault(const struct bpmn_process *p, const struct bpmn_token *t)
{
    const struct bpmn_element *e = &p->elements[t->element];
    bool joins =
        (e->kind == BPMN_PARALLEL || e->kind == BPMN_INCLUSIVE || e->kind == BPMN_COMPLEX) &&
        t->what == BPMN_AT;
    if (joins) {
        return t->flow < p->flow_count && p->flows[t->flow].to == t->element
                   ? NULL
                   : "a token waits at a join by no flow of it";
    }
    return t->flow == NO_FLOW ? NULL : "a token that does not join has a flow";
}

static const char *what_fault(const struct bpmn_process *p, const struct bpmn_state *s,
                              const struct bpmn_token *t)
{
    const struct bpmn_element *e = &p->elements[t->element];
    const struct bpmn_token *parent = token_of(s, t->scope);
    bool in_body = parent != NULL && parent->what == BPMN_BODY;
    bool good = false;
    switch ((enum bpmn_what)t->what) {
    case BPMN_AT: {
        bool waits = is_activity(e->kind) || is_awaited(e) || e->kind == BPMN_EVENT_GATEWAY ||
                     e->kind == BPMN_PARALLEL || e->kind == BPMN_INCLUSIVE ||
                     e->kind == BPMN_COMPLEX;
        good = waits && (e->loop != NULL) == in_body && !(in_body && parent->element != t->element);
        break;
    }
    case BPMN_BODY: {
        uint64_t begun = t->completed;
        for (size_t i = 0; i < s->count; i++) {
            begun += s->tokens[i].scope == t->id;
        }
        good = e->loop != NULL && !in_body && begun <= t->begun &&
               (t->begun <= t->planned || !e->loop->multi);
        break;
    }
    case BPMN_RESET: good = e->kind == BPMN_COMPLEX; break;
    case BPMN_UNDO: good = e->kind == BPMN_THROW || e->kind == BPMN_END; break;
    case BPMN_UNDOING: {
        const struct bpmn_token *by = token_of(s, t->undo);
        const struct bpmn_record *r = record_of(s, t->record);
        good = is_activity(e->kind) && by != NULL && by->what == BPMN_UNDO && r != NULL &&
               r->by == t->undo;
        break;
    }
    }
    return good ? NULL : "a token cannot be so where it is";
}

static const char *lists_fault(const struct bpmn_process *p, const struct bpmn_state *s)
{
    for (size_t i = 0; i < s->timer_count; i++) {
        const struct bpmn_timer *t = &s->timers[i];
        const struct bpmn_token *host = token_of(s, t->token);
        const struct bpmn_element *e = &p->elements[t->element];
        bool timer = false;
        for (uint16_t k = 0; k < e->trigger_count; k++) {
            timer = timer || e->triggers[k].kind == BPMN_ON_TIMER;
        }
        bool carried =
            host != NULL && (e->attached_to == (int)host->element || host->element == t->element);
        for (uint16_t k = 0;
             host != NULL && p->elements[host->element].kind == BPMN_EVENT_GATEWAY &&
             k < p->elements[host->element].out_count;
             k++) {
            carried = carried || p->flows[p->elements[host->element].out[k]].to == t->element;
        }
        carried = carried || (e->kind == BPMN_START && e->scope >= 0 &&
                              stands_in(p, s, (uint16_t)e->scope, t->token));
        if (!timer || !carried) {
            return "a timer is carried by nothing";
        }
    }
    for (size_t i = 0; i < s->mark_count; i++) {
        if (s->marks[i].token != 0 && token_of(s, s->marks[i].token) == NULL) {
            return "a mark belongs to nothing";
        }
    }
    for (size_t i = 0; i < s->record_count; i++) {
        const struct bpmn_record *r = &s->records[i];
        const struct bpmn_token *by = r->by == 0 ? NULL : token_of(s, r->by);
        const struct bpmn_token *body = token_of(s, r->scope);
        bool in_body = body != NULL && body->what == BPMN_BODY;
        bool placed = in_body ? body->element == r->element : stands_in(p, s, r->element, r->scope);
        if (r->id == 0 || r->id >= s->next_id || !placed ||
            !is_activity(p->elements[r->element].kind) ||
            (r->by != 0 && (by == NULL || by->what != BPMN_UNDO))) {
            return "what was completed stands nowhere";
        }
    }
    for (size_t i = 0; i < s->datum_count; i++) {
        uint32_t scope = s->data[i].scope;
        if (s->data[i].name < p->outer_names || s->data[i].name >= p->name_count ||
            (scope != 0 && token_of(s, scope) == NULL && record_of(s, scope) == NULL)) {
            return "data belong to nothing";
        }
    }
    return NULL;
}

const char *bpmn_state_fault(const struct bpmn_process *p, const struct bpmn_state *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        if (t->id == 0 || t->id >= s->next_id || record_of(s, t->id) != NULL) {
            return "a token has no number of its own";
        }
        for (size_t k = 0; k < i; k++) {
            if (s->tokens[k].id == t->id) {
                return "two tokens have one number";
            }
        }
        if (!stands_in(p, s, t->element, t->scope)) {
            return "a token stands in no scope of its element";
        }
        if (scope_depth(s, t->scope) > LIMIT_BPMN_DEPTH) {
            return "scopes go round in a circle";
        }
        const char *wrong = join_fault(p, t);
        wrong = wrong != NULL ? wrong : what_fault(p, s, t);
        if (wrong != NULL) {
            return wrong;
        }
    }
    return lists_fault(p, s);
}
