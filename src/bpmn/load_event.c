/* Event definitions, and what our extension elements (tb:) say.
 *
 * A definition stands in its event, or at the root and is referred to; messages, signals, errors
 * and escalations are named by their code, else their name, else their id, which is also how an
 * event from outside may call them. What law asks of events is checked here: a message event names
 * the kinds of act it awaits, a timer its limit and the one act it makes. */
#include "bpmn/load_in.h"

const xmlNode *root_find(struct loader *l, uint16_t unit, struct str id)
{
    for (const xmlNode *n = l->units[unit].root->children; id.n > 0 && n != NULL; n = n->next) {
        if (n->type == XML_ELEMENT_NODE && str_equal(str_trim(xml_attribute(l, n, "id")), id)) {
            return n;
        }
    }
    return NULL;
}

/* The name of a message, signal, error or escalation: its code, else its name, else its id. */
struct str root_name(struct loader *l, uint16_t unit, struct str id, const char *tag,
                     const char *code)
{
    const xmlNode *n = root_find(l, unit, id);
    if (n == NULL || !xml_is(n, BPMN_NS, tag)) {
        return id;
    }
    struct str value = code == NULL ? STR("") : str_trim(xml_attribute(l, n, code));
    struct str name = str_trim(xml_attribute(l, n, "name"));
    return value.n > 0 ? value : name.n > 0 ? name : id;
}

/* A reference to nothing; what is imported may have it. */
bool root_is_missing(struct loader *l, uint16_t unit, struct str id, const char *tag)
{
    const xmlNode *n = root_find(l, unit, id);
    return id.n > 0 && (n == NULL || !xml_is(n, BPMN_NS, tag)) &&
           xml_child(l->units[unit].root, "import") == NULL;
}

/* tb: extensions of an element or of its event definition; and the process that a widespread
 * engine's call activity names in an extension of its own. */
void extensions_read(struct loader *l, const xmlNode *parent, struct bpmn_element *e)
{
    struct arena *a = l->ctx->arena;
    const xmlNode *x = xml_child(parent, "extensionElements");
    size_t count = 0;
    for (const xmlNode *t = x == NULL ? NULL : x->children; t != NULL; t = t->next) {
        count += xml_is(t, TB_NS, "act");
    }
    struct str *acts = count == 0 ? NULL : ARENA_ARRAY(a, struct str, e->act_count + count);
    for (size_t i = 0; count > 0 && i < e->act_count; i++) {
        acts[i] = e->acts[i];
    }
    for (const xmlNode *t = x == NULL ? NULL : x->children; t != NULL; t = t->next) {
        if (xml_is(t, TB_NS, "act")) {
            acts[e->act_count++] = xml_attribute(l, t, "kind");
        } else if (xml_is(t, TB_NS, "limit")) {
            e->limit = xml_attribute(l, t, "ref");
        } else if (xml_is(t, TB_NS, "status")) {
            e->status = xml_attribute(l, t, "name");
        } else if (xml_is(t, TB_NS, "decide")) {
            e->model = xml_attribute(l, t, "model");
            e->decision = xml_attribute(l, t, "decision");
            e->result = xml_attribute(l, t, "result");
        } else if (t->type == XML_ELEMENT_NODE && e->kind == BPMN_CALL &&
                   strcmp((const char *)t->name, "calledElement") == 0) {
            e->message = xml_attribute(l, t, "processId");
        }
    }
    e->acts = count > 0 ? acts : e->acts;
}

static const struct {
    const char *tag;
    enum bpmn_trigger_kind kind;
    const char *reference;
    const char *root;
    const char *code;
} definitions[] = {
    {"messageEventDefinition", BPMN_ON_MESSAGE, "messageRef", "message", NULL},
    {"timerEventDefinition", BPMN_ON_TIMER, NULL, NULL, NULL},
    {"signalEventDefinition", BPMN_ON_SIGNAL, "signalRef", "signal", NULL},
    {"errorEventDefinition", BPMN_ON_ERROR, "errorRef", "error", "errorCode"},
    {"escalationEventDefinition", BPMN_ON_ESCALATION, "escalationRef", "escalation",
     "escalationCode"},
    {"conditionalEventDefinition", BPMN_ON_CONDITION, NULL, NULL, NULL},
    {"cancelEventDefinition", BPMN_ON_CANCEL, NULL, NULL, NULL},
    {"compensateEventDefinition", BPMN_ON_COMPENSATION, NULL, NULL, NULL},
    {"terminateEventDefinition", BPMN_ON_TERMINATE, NULL, NULL, NULL},
    {"linkEventDefinition", BPMN_ON_LINK, NULL, NULL, NULL},
};

static enum err read_timer(struct loader *l, uint16_t unit, const xmlNode *owner, const xmlNode *d,
                           struct bpmn_trigger *ret)
{
    static const struct {
        const char *tag;
        char form;
    } forms[] = {{"timeDate", 'd'}, {"timeDuration", 'p'}, {"timeCycle", 'c'}};
    for (size_t i = 0; i < LEN(forms); i++) {
        const xmlNode *n = xml_child(d, forms[i].tag);
        struct str text = n == NULL ? STR("") : xml_content(l, n);
        if (text.n == 0) {
            continue;
        }
        if (ret->timer != 0) {
            return bad(l, unit, owner, ERR_SYNTAX,
                       "a timer has one of timeDate, timeDuration and timeCycle");
        }
        ret->timer = forms[i].form;
        ret->expression = expression_add(l, unit, owner, n, text, forms[i].form);
    }
    return ERR_OK;
}

enum err trigger_read(struct loader *l, uint16_t unit, const xmlNode *owner, const xmlNode *d,
                      struct bpmn_trigger *ret)
{
    size_t row = 0;
    while (row < LEN(definitions) && strcmp((const char *)d->name, definitions[row].tag) != 0) {
        row++;
    }
    if (row == LEN(definitions)) {
        return bad(l, unit, owner, ERR_NOT_SUPPORTED, "this kind of event is not executed");
    }
    *ret = (struct bpmn_trigger){.kind = definitions[row].kind, .target = NO_INDEX, .wait = true};
    if (definitions[row].reference != NULL) {
        ret->id = xml_reference(l, d, definitions[row].reference);
        ret->name = root_name(l, unit, ret->id, definitions[row].root, definitions[row].code);
        if (root_is_missing(l, unit, ret->id, definitions[row].root)) {
            return bad(l, unit, owner, ERR_SYNTAX,
                       "the message, signal, error or escalation it refers to is not there");
        }
    }
    switch (ret->kind) {
    case BPMN_ON_TIMER: return read_timer(l, unit, owner, d, ret);
    case BPMN_ON_CONDITION: {
        const xmlNode *c = xml_child(d, "condition");
        ret->expression =
            c == NULL ? NULL : expression_add(l, unit, owner, c, xml_content(l, c), 0);
        return ret->expression != NULL
                   ? ERR_OK
                   : bad(l, unit, owner, ERR_SYNTAX, "a conditional event has a condition");
    }
    case BPMN_ON_COMPENSATION:
        ret->id = xml_reference(l, d, "activityRef");
        ret->wait = !str_equal(xml_attribute(l, d, "waitForCompletion"), STR("false"));
        return ERR_OK;
    case BPMN_ON_LINK:
        ret->name = str_trim(xml_attribute(l, d, "name"));
        return ret->name.n > 0 ? ERR_OK
                               : bad(l, unit, owner, ERR_SYNTAX, "a link event has a name");
    case BPMN_ON_MESSAGE:
    case BPMN_ON_SIGNAL:
    case BPMN_ON_ERROR:
    case BPMN_ON_ESCALATION:
    case BPMN_ON_CANCEL:
    case BPMN_ON_TERMINATE: return ERR_OK;
    }
    return ERR_OK;
}

static bool is_definition(const xmlNode *n)
{
    size_t length = n->type == XML_ELEMENT_NODE ? strlen((const char *)n->name) : 0;
    return length > 15 && xml_in(n, BPMN_NS) &&
           strcmp((const char *)n->name + length - 15, "EventDefinition") == 0;
}

/* What a procedure of law asks of its events. */
static enum err check_law(struct loader *l, uint16_t unit, const xmlNode *n,
                          const struct bpmn_element *e)
{
    bool catches = e->kind == BPMN_CATCH || e->kind == BPMN_BOUNDARY;
    for (uint16_t i = 0; i < e->trigger_count; i++) {
        enum bpmn_trigger_kind kind = e->triggers[i].kind;
        if (kind == BPMN_ON_MESSAGE && catches && e->act_count == 0) {
            return bad(l, unit, n, ERR_SYNTAX,
                       "a message event names the kind of act it awaits (tb:act)");
        }
        if (kind == BPMN_ON_TIMER && (e->limit.n == 0 || e->act_count != 1)) {
            return bad(l, unit, n, ERR_SYNTAX,
                       "a timer event names its clock (tb:limit) and the act it makes (tb:act)");
        }
        if (kind == BPMN_ON_TIMER && e->kind == BPMN_START && e->scope < 0) {
            return bad(l, unit, n, ERR_NOT_SUPPORTED,
                       "a procedure is begun by an act, not by a timer");
        }
    }
    return ERR_OK;
}

enum err event_read(struct loader *l, uint16_t unit, const xmlNode *n, struct bpmn_element *e)
{
    struct ctx *ctx = l->ctx;
    size_t count = 0;
    for (const xmlNode *d = n->children; d != NULL; d = d->next) {
        count += is_definition(d) || xml_is(d, BPMN_NS, "eventDefinitionRef");
    }
    if (count > TRIGGERS_MAX) {
        return bad(l, unit, n, ERR_TOO_MANY, "an event has at most 16 definitions");
    }
    struct bpmn_trigger *list =
        count == 0 ? NULL : ARENA_ARRAY(ctx->arena, struct bpmn_trigger, count);
    size_t timers = 0;
    for (const xmlNode *d = n->children; d != NULL; d = d->next) {
        const xmlNode *definition = is_definition(d) ? d : NULL;
        if (definition == NULL && xml_is(d, BPMN_NS, "eventDefinitionRef")) {
            definition = root_find(l, unit, without_prefix(xml_content(l, d)));
            if (definition == NULL || !is_definition(definition)) {
                return bad(l, unit, n, ERR_SYNTAX,
                           "the event definition it refers to is not there");
            }
        }
        if (definition == NULL) {
            continue;
        }
        extensions_read(l, definition, e);
        struct bpmn_trigger *t = &list[e->trigger_count];
        TRY(trigger_read(l, unit, n, definition, t));
        e->trigger_count++;
        timers += t->kind == BPMN_ON_TIMER;
        if (t->kind == BPMN_ON_TIMER && e->limit.n > 0) {
            t->timer = 'l';
            t->expression = NULL;
        } else if (t->kind == BPMN_ON_TIMER && t->timer == 0 && l->options->open) {
            return bad(l, unit, n, ERR_SYNTAX,
                       "a timer event has a timeDate, timeDuration or timeCycle");
        }
    }
    e->triggers = list;
    if (timers > 1) {
        return bad(l, unit, n, ERR_NOT_SUPPORTED, "an event has at most one timer");
    }
    return l->options->open ? ERR_OK : check_law(l, unit, n, e);
}
