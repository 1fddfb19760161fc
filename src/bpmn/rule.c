/* Constraints of the standard that a running process relies on: a model that breaks one is refused
 * with the rule, the element and the line.
 *
 * Only such constraints stand here. A model that is merely unwise (a gateway without default, a
 * step nobody reaches) is loaded and told of by check.c; one that would make the engine guess (a
 * sub-process whose start waits for a message, an event gateway followed by a task) is not. The
 * step function relies on every rule here and asks none of them again. */
#include "bpmn/load_in.h"

static enum err refuse(struct loader *l, size_t i, enum err code, const char *rule)
{
    return bad(l, l->notes[i].unit, l->notes[i].node, code, rule);
}

static const char *flows_rule(const struct loader *l, size_t i, bool has_start, bool has_end)
{
    const struct bpmn_element *e = &l->elements[i];
    bool link = e->trigger_count > 0 && e->triggers[0].kind == BPMN_ON_LINK;
    bool compensates = e->kind == BPMN_BOUNDARY && e->trigger_count > 0 &&
                       e->triggers[0].kind == BPMN_ON_COMPENSATION;
    bool aside = e->by_event || e->for_compensation || e->kind == BPMN_PROCESS;
    if (aside || compensates) {
        return e->in_count + e->out_count == 0
                   ? NULL
                   : "no sequence flow leads to or from an event sub-process, or what compensates";
    }
    if (e->kind == BPMN_START || e->kind == BPMN_BOUNDARY) {
        return e->out_count > 0 || (e->kind == BPMN_BOUNDARY && !has_end)
                   ? NULL
                   : "nothing follows; end it with an end event";
    }
    if (e->in_count == 0 && has_start && !e->instantiate && !(link && e->kind == BPMN_CATCH)) {
        return "no flow leads to it, though its process has a start event";
    }
    if (e->out_count == 0 && e->kind != BPMN_END && has_end && !(link && e->kind == BPMN_THROW)) {
        return "nothing follows it; end it with an end event";
    }
    if (link && (e->kind == BPMN_CATCH ? e->in_count : e->out_count) > 0) {
        return "no flow leads to a catching link or from a throwing one";
    }
    bool decides = e->kind == BPMN_EXCLUSIVE || e->kind == BPMN_INCLUSIVE ||
                   e->kind == BPMN_PARALLEL || e->kind == BPMN_COMPLEX;
    if (decides && e->out_count == 0) {
        return "nothing follows the gateway";
    }
    return NULL;
}

static const char *gateway_rule(struct loader *l, size_t i)
{
    const struct bpmn_element *e = &l->elements[i];
    if (e->out_count > LIMIT_BPMN_FLOWS_OUT || e->in_count > 64) {
        bool joins =
            e->kind == BPMN_INCLUSIVE || e->kind == BPMN_COMPLEX || e->kind == BPMN_PARALLEL;
        if (e->out_count > LIMIT_BPMN_FLOWS_OUT || joins) {
            return "more flows lead to or from it than the limit";
        }
    }
    struct str direction = xml_attribute(l, l->notes[i].node, "gatewayDirection");
    if ((e->in_count > 1 && str_equal(direction, STR("Diverging"))) ||
        (e->out_count > 1 && str_equal(direction, STR("Converging")))) {
        return "its gatewayDirection is not that of its flows";
    }
    for (uint16_t k = 0; e->kind == BPMN_EVENT_GATEWAY && k < e->out_count; k++) {
        const struct bpmn_element *to = &l->elements[l->flows[e->out[k]].to];
        bool receives =
            str_equal(to->tag, STR("receiveTask")) || str_equal(to->tag, STR("userTask"));
        if (to->kind != BPMN_CATCH &&
            !(to->kind == BPMN_TASK && receives &&
              (!l->options->open || str_equal(to->tag, STR("receiveTask"))))) {
            return "an event-based gateway is followed by catching events only";
        }
        if (to->in_count != 1 || to->attached_count > 0) {
            return "what follows an event-based gateway has no other flow to it and no boundary "
                   "events";
        }
    }
    if (e->kind == BPMN_EVENT_GATEWAY && e->out_count < 2 && l->options->open) {
        return "an event-based gateway has two or more flows out of it";
    }
    if ((e->kind == BPMN_EVENT_GATEWAY || e->kind == BPMN_TASK) && e->instantiate &&
        (e->in_count > 0 || (e->scope >= 0 && l->elements[e->scope].kind != BPMN_PROCESS))) {
        return "what begins a process has no flow to it and stands in the process itself";
    }
    for (uint16_t k = 0; k < e->out_count; k++) {
        const struct bpmn_flow *f = &l->flows[e->out[k]];
        bool decides = e->kind == BPMN_EXCLUSIVE || e->kind == BPMN_INCLUSIVE;
        if (decides && e->out_count > 1 && f->condition == NULL && !f->is_default &&
            l->options->open) {
            return "a flow out of this gateway has no condition and is not the default";
        }
        if (f->is_default && f->condition != NULL) {
            return "the default flow has a condition";
        }
    }
    return NULL;
}

/* Which definitions an event may have: bits by kind of trigger. */
#define ON(k) (1u << BPMN_ON_##k)
static unsigned allowed(const struct loader *l, const struct bpmn_element *e)
{
    bool sub = e->kind == BPMN_START && e->scope >= 0 && l->elements[e->scope].by_event;
    bool inner = e->kind == BPMN_START && e->scope >= 0 &&
                 l->elements[e->scope].kind == BPMN_SUBPROCESS && !sub;
    switch (e->kind) {
    case BPMN_START:
        if (inner) {
            return 0;
        }
        return ON(MESSAGE) | ON(TIMER) | ON(SIGNAL) | ON(CONDITION) |
               (sub ? ON(ERROR) | ON(ESCALATION) | ON(COMPENSATION) : 0);
    case BPMN_END:
        return ON(MESSAGE) | ON(SIGNAL) | ON(ERROR) | ON(ESCALATION) | ON(COMPENSATION) |
               ON(CANCEL) | ON(TERMINATE);
    case BPMN_CATCH: return ON(MESSAGE) | ON(TIMER) | ON(SIGNAL) | ON(CONDITION) | ON(LINK);
    case BPMN_THROW: return ON(MESSAGE) | ON(SIGNAL) | ON(ESCALATION) | ON(COMPENSATION) | ON(LINK);
    case BPMN_BOUNDARY:
        return ON(MESSAGE) | ON(TIMER) | ON(SIGNAL) | ON(CONDITION) | ON(ERROR) | ON(ESCALATION) |
               ON(CANCEL) | ON(COMPENSATION);
    case BPMN_TASK:
    case BPMN_PASS:
    case BPMN_SUBPROCESS:
    case BPMN_CALL:
    case BPMN_EXCLUSIVE:
    case BPMN_PARALLEL:
    case BPMN_INCLUSIVE:
    case BPMN_COMPLEX:
    case BPMN_EVENT_GATEWAY:
    case BPMN_PROCESS: return ~0u;
    }
    return 0;
}
#undef ON

static const char *event_rule(const struct loader *l, size_t i)
{
    const struct bpmn_element *e = &l->elements[i];
    unsigned may = allowed(l, e);
    bool catching = e->kind == BPMN_CATCH || e->kind == BPMN_BOUNDARY;
    if (catching && e->trigger_count == 0 &&
        (e->kind == BPMN_BOUNDARY || l->options->open || e->act_count == 0)) {
        return "a catching event says what it catches";
    }
    for (uint16_t k = 0; k < e->trigger_count; k++) {
        enum bpmn_trigger_kind kind = e->triggers[k].kind;
        bool alone = kind == BPMN_ON_LINK || kind == BPMN_ON_CANCEL ||
                     (kind == BPMN_ON_COMPENSATION && e->kind != BPMN_THROW && e->kind != BPMN_END);
        if ((may & (1u << kind)) == 0) {
            return "an event of this place cannot have this definition";
        }
        if (alone && e->trigger_count > 1) {
            return "a link, cancel or compensation event has no other definition";
        }
        if (e->kind == BPMN_BOUNDARY && kind == BPMN_ON_ERROR && !e->interrupting) {
            return "an error interrupts its activity (cancelActivity is not false)";
        }
        if (e->kind == BPMN_START && (kind == BPMN_ON_ERROR) && !e->interrupting) {
            return "an error interrupts (isInterrupting is not false)";
        }
        bool in_transaction = e->scope >= 0 && l->elements[e->scope].transaction;
        if (kind == BPMN_ON_CANCEL &&
            (e->kind == BPMN_BOUNDARY ? !l->elements[e->attached_to].transaction
                                      : !in_transaction)) {
            return "a cancel event belongs to a transaction";
        }
        if (kind == BPMN_ON_CONDITION && e->kind == BPMN_START && e->scope < 0 &&
            !l->options->open) {
            return "a procedure is begun by an act, not by a condition";
        }
    }
    return NULL;
}

/* Scopes: sub-processes, called processes, and the process itself (of = NO_INDEX). */
static const char *scope_rule(const struct loader *l, int32_t of, bool *ret_start, bool *ret_end)
{
    const struct bpmn_element *s = of < 0 ? NULL : &l->elements[of];
    size_t starts = 0;
    size_t ends = 0;
    size_t all = 0;
    for (size_t i = 0; i < l->element_count; i++) {
        const struct bpmn_element *e = &l->elements[i];
        if (e->scope == of && e->kind != BPMN_PROCESS) {
            starts += e->kind == BPMN_START;
            ends += e->kind == BPMN_END;
            all++;
        }
    }
    *ret_start = starts > 0;
    *ret_end = ends > 0;
    if (s != NULL && s->by_event) {
        if (starts != 1) {
            return "an event sub-process has one start event";
        }
        const struct bpmn_element *start = &l->elements[s->starts[0]];
        if (start->trigger_count == 0) {
            return "the start of an event sub-process says what begins it";
        }
        return s->loop != NULL ? "an event sub-process has no loop" : NULL;
    }
    if (s != NULL && s->kind == BPMN_SUBPROCESS && starts > 1) {
        return "a sub-process has one plain start event";
    }
    if (s != NULL && s->kind == BPMN_PROCESS) {
        for (uint16_t i = 0; i < s->start_count; i++) {
            if (l->elements[s->starts[i]].trigger_count > 0 &&
                l->elements[s->starts[i]].kind == BPMN_START) {
                return "a process that is called has a plain start event";
            }
        }
    }
    if (!l->options->open && (starts == 0 || ends == 0)) {
        return "a process has a start and an end event, a sub-process one plain start event";
    }
    if (all > 0 && (of < 0 || s->kind == BPMN_PROCESS || starts == 0)) {
        for (size_t i = 0; i < l->element_count; i++) {
            if (l->elements[i].scope == of &&
                (l->elements[i].kind == BPMN_START || l->elements[i].in_count == 0) &&
                !l->elements[i].by_event) {
                return NULL;
            }
        }
        return "there is nothing it could begin with";
    }
    return NULL;
}

static enum err check_scope(struct loader *l, int32_t of)
{
    bool has_start = false;
    bool has_end = false;
    const char *rule = scope_rule(l, of, &has_start, &has_end);
    if (rule != NULL) {
        return of < 0 ? bad(l, 0, l->units[0].process, ERR_SYNTAX, rule)
                      : refuse(l, (size_t)of, ERR_SYNTAX, rule);
    }
    for (size_t i = 0; i < l->element_count; i++) {
        if (l->elements[i].scope == of && l->elements[i].kind != BPMN_PROCESS) {
            rule = flows_rule(l, i, has_start, has_end);
            if (rule != NULL) {
                return refuse(l, i, ERR_SYNTAX, rule);
            }
        }
    }
    return ERR_OK;
}

static const char *activity_rule(const struct loader *l, size_t i)
{
    const struct bpmn_element *e = &l->elements[i];
    size_t handlers = 0;
    for (uint16_t k = 0; k < e->attached_count; k++) {
        const struct bpmn_element *b = &l->elements[e->attached[k]];
        handlers += b->trigger_count > 0 && b->triggers[0].kind == BPMN_ON_COMPENSATION;
    }
    if (handlers > 1) {
        return "an activity has at most one compensation event";
    }
    if (e->for_compensation && (e->loop != NULL || e->attached_count > 0)) {
        return "what compensates has no loop and no boundary events";
    }
    return NULL;
}

enum err rules_check(struct loader *l)
{
    struct ctx *ctx = l->ctx;
    for (size_t i = 0; i < l->element_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (l->notes[k].unit == l->notes[i].unit &&
                str_equal(l->elements[k].id, l->elements[i].id) &&
                l->elements[k].kind != BPMN_PROCESS && l->elements[i].kind != BPMN_PROCESS) {
                return refuse(l, i, ERR_SYNTAX, "two elements have this id");
            }
        }
    }
    for (size_t i = 0; i < l->element_count; i++) {
        const char *rule = event_rule(l, i);
        rule = rule != NULL ? rule : gateway_rule(l, i);
        rule = rule != NULL ? rule : activity_rule(l, i);
        if (rule != NULL) {
            return refuse(l, i, ERR_SYNTAX, rule);
        }
    }
    TRY(check_scope(l, NO_INDEX));
    for (size_t i = 0; i < l->element_count; i++) {
        if (l->elements[i].kind == BPMN_SUBPROCESS || l->elements[i].kind == BPMN_PROCESS) {
            TRY(check_scope(l, (int32_t)i));
        }
    }
    return ERR_OK;
}
