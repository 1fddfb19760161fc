/* BPMN XML to a compiled process. Reads by libxml2's tree with everything outward shut off. */
#include "base/arena.h"
#include "base/str.h"
#include "bpmn/bpmn.h"
#include "limit_gen.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#define BPMN_NS "http://www.omg.org/spec/BPMN/20100524/MODEL"
#define DI_NS "http://www.omg.org/spec/BPMN/20100524/DI"
#define DC_NS "http://www.omg.org/spec/DD/20100524/DC"
#define TB_NS "urn:tongban:1"

enum { ELEMENTS_MAX = LIMIT_BPMN_ELEMENTS };

struct loader {
    struct ctx *ctx;
    struct str file;
    const struct feel_scope *scope;
    struct bpmn_element *elements;
    size_t element_count;
    struct bpmn_flow *flows;
    size_t flow_count;
    xmlNode **flow_nodes;
};

static struct str text_of(struct arena *a, const xmlChar *s)
{
    return s == NULL ? (struct str){0} : str_copy(a, str_from((const char *)s));
}

static bool is(const xmlNode *n, const char *ns, const char *name)
{
    return n->type == XML_ELEMENT_NODE && n->ns != NULL && strcmp((const char *)n->ns->href, ns) == 0 &&
           strcmp((const char *)n->name, name) == 0;
}

/* Attributes without a prefix only; the value lives on the arena. */
static struct str attribute(struct arena *a, const xmlNode *n, const char *name)
{
    for (const xmlAttr *at = n->properties; at != NULL; at = at->next) {
        if (at->ns == NULL && strcmp((const char *)at->name, name) == 0 && at->children != NULL) {
            return text_of(a, at->children->content);
        }
    }
    return (struct str){0};
}

static enum err bad(struct loader *l, const xmlNode *n, enum err code, const char *rule)
{
    struct str id = attribute(l->ctx->arena, n, "id");
    return fault_at(l->ctx, code, l->file, (uint32_t)xmlGetLineNo(n), 0, "%s \"%.*s\": %s", (const char *)n->name, FMT(id), rule);
}

static const struct {
    const char *tag;
    enum bpmn_kind kind;
} tags[] = {
    {"startEvent", BPMN_START},           {"endEvent", BPMN_END},
    {"userTask", BPMN_TASK},              {"receiveTask", BPMN_TASK},
    {"task", BPMN_PASS},                  {"manualTask", BPMN_PASS},
    {"serviceTask", BPMN_PASS},           {"sendTask", BPMN_PASS},
    {"businessRuleTask", BPMN_PASS},      {"intermediateThrowEvent", BPMN_PASS},
    {"subProcess", BPMN_SUBPROCESS},      {"exclusiveGateway", BPMN_EXCLUSIVE},
    {"parallelGateway", BPMN_PARALLEL},   {"inclusiveGateway", BPMN_INCLUSIVE},
    {"eventBasedGateway", BPMN_EVENT_GATEWAY}, {"intermediateCatchEvent", BPMN_CATCH_MESSAGE},
    {"boundaryEvent", BPMN_BOUNDARY_MESSAGE},
};

/* What stands in a process without being a step of it. */
static bool is_silent(const xmlNode *n)
{
    static const char *const names[] = {"documentation", "extensionElements", "laneSet", "textAnnotation", "association",
                                        "group", "incoming", "outgoing", "dataObject", "dataObjectReference", "ioSpecification",
                                        "property", "sequenceFlow", "auditing", "monitoring"};
    for (size_t i = 0; i < LEN(names); i++) {
        if (strcmp((const char *)n->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* tb: extensions of an element or of its event definition. */
static void read_extensions(struct loader *l, const xmlNode *parent, struct bpmn_element *e)
{
    struct arena *a = l->ctx->arena;
    for (const xmlNode *x = parent->children; x != NULL; x = x->next) {
        if (!is(x, BPMN_NS, "extensionElements")) {
            continue;
        }
        size_t count = 0;
        for (const xmlNode *t = x->children; t != NULL; t = t->next) {
            count += is(t, TB_NS, "act");
        }
        struct str *acts = ARENA_ARRAY(a, struct str, e->act_count + count + 1);
        for (size_t i = 0; i < e->act_count; i++) {
            acts[i] = e->acts[i];
        }
        for (const xmlNode *t = x->children; t != NULL; t = t->next) {
            if (is(t, TB_NS, "act")) {
                acts[e->act_count++] = attribute(a, t, "kind");
            } else if (is(t, TB_NS, "limit")) {
                e->limit = attribute(a, t, "ref");
            } else if (is(t, TB_NS, "status")) {
                e->status = attribute(a, t, "name");
            }
        }
        e->acts = acts;
    }
}

static enum err read_event(struct loader *l, const xmlNode *n, struct bpmn_element *e)
{
    for (const xmlNode *d = n->children; d != NULL; d = d->next) {
        bool message = is(d, BPMN_NS, "messageEventDefinition");
        bool timer = is(d, BPMN_NS, "timerEventDefinition");
        bool terminate = is(d, BPMN_NS, "terminateEventDefinition");
        size_t length = strlen((const char *)d->name);
        bool definition = d->type == XML_ELEMENT_NODE && length > 15 && strcmp((const char *)d->name + length - 15, "EventDefinition") == 0;
        if (!message && !timer && !terminate) {
            if (definition) {
                return bad(l, n, ERR_NOT_SUPPORTED, "this kind of event is not executed; use message, timer or terminate");
            }
            continue;
        }
        struct ctx *ctx = l->ctx;
        read_extensions(l, d, e);
        if (terminate && e->kind == BPMN_END) {
            e->kind = BPMN_TERMINATE;
        } else if (timer && e->kind == BPMN_CATCH_MESSAGE) {
            e->kind = BPMN_CATCH_TIMER;
        } else if (timer && e->kind == BPMN_BOUNDARY_MESSAGE) {
            e->kind = BPMN_BOUNDARY_TIMER;
        } else if (timer && e->kind == BPMN_START) {
            return bad(l, n, ERR_NOT_SUPPORTED, "a procedure is begun by an act, not by a timer");
        }
        (void)ctx;
    }
    bool waits = e->kind == BPMN_CATCH_MESSAGE || e->kind == BPMN_BOUNDARY_MESSAGE;
    bool times = e->kind == BPMN_CATCH_TIMER || e->kind == BPMN_BOUNDARY_TIMER;
    if (waits && e->act_count == 0) {
        return bad(l, n, ERR_SYNTAX, "a message event names the kind of act it awaits (tb:act)");
    }
    if (times && (e->limit.n == 0 || e->act_count != 1)) {
        return bad(l, n, ERR_SYNTAX, "a timer event names its clock (tb:limit) and the act it makes (tb:act)");
    }
    return ERR_OK;
}

static enum err read_scope(struct loader *l, const xmlNode *parent, int16_t scope, int depth);

static enum err read_element(struct loader *l, const xmlNode *n, int16_t scope, int depth)
{
    struct ctx *ctx = l->ctx;
    struct arena *a = ctx->arena;
    size_t row = 0;
    while (row < LEN(tags) && strcmp((const char *)n->name, tags[row].tag) != 0) {
        row++;
    }
    if (row == LEN(tags)) {
        return bad(l, n, ERR_NOT_SUPPORTED, "this element is not executed");
    }
    if (l->element_count == ELEMENTS_MAX) {
        return bad(l, n, ERR_TOO_MANY, "the process has more elements than the limit");
    }
    struct bpmn_element *e = &l->elements[l->element_count];
    int16_t index = (int16_t)l->element_count++;
    *e = (struct bpmn_element){.id = attribute(a, n, "id"),
                               .name = attribute(a, n, "name"),
                               .kind = tags[row].kind,
                               .tag = str_from(tags[row].tag),
                               .scope = scope,
                               .attached_to = -1,
                               .interrupting = !str_equal(attribute(a, n, "cancelActivity"), STR("false")),
                               .line = (uint32_t)xmlGetLineNo(n)};
    if (e->id.n == 0) {
        return bad(l, n, ERR_SYNTAX, "every element has an id");
    }
    read_extensions(l, n, e);
    TRY(read_event(l, n, e));
    if (e->kind == BPMN_TASK && e->act_count == 0) {
        return bad(l, n, ERR_SYNTAX, "a task that waits names the kinds of act it awaits (tb:act)");
    }
    if (strcmp(tags[row].tag, "subProcess") == 0) {
        if (str_equal(attribute(a, n, "triggeredByEvent"), STR("true"))) {
            return bad(l, n, ERR_NOT_SUPPORTED, "event sub-processes are not executed; use a boundary event");
        }
        TRY(read_scope(l, n, index, depth + 1));
    }
    return ERR_OK;
}

static enum err read_scope(struct loader *l, const xmlNode *parent, int16_t scope, int depth)
{
    struct ctx *ctx = l->ctx;
    if (depth > 16) {
        return bad(l, parent, ERR_TOO_DEEP, "sub-processes nest deeper than 16");
    }
    for (const xmlNode *n = parent->children; n != NULL; n = n->next) {
        if (n->type != XML_ELEMENT_NODE || n->ns == NULL || strcmp((const char *)n->ns->href, BPMN_NS) != 0) {
            continue;
        }
        bool loops = is(n, BPMN_NS, "multiInstanceLoopCharacteristics") || is(n, BPMN_NS, "standardLoopCharacteristics");
        if (loops) {
            return bad(l, parent, ERR_NOT_SUPPORTED, "loop characteristics are not executed; draw the loop");
        }
        if (strcmp((const char *)n->name, "sequenceFlow") == 0) {
            if (l->flow_count == ELEMENTS_MAX) {
                return bad(l, n, ERR_TOO_MANY, "the process has more flows than the limit");
            }
            l->flow_nodes[l->flow_count++] = (xmlNode *)(uintptr_t)n;
        } else if (!is_silent(n)) {
            TRY(read_element(l, n, scope, depth));
        }
    }
    return ERR_OK;
}

static int find(const struct loader *l, struct str id)
{
    for (size_t i = 0; i < l->element_count; i++) {
        if (str_equal(l->elements[i].id, id)) {
            return (int)i;
        }
    }
    return -1;
}

static enum err read_condition(struct loader *l, const xmlNode *n, struct bpmn_flow *f)
{
    struct ctx *ctx = l->ctx;
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        if (!is(c, BPMN_NS, "conditionExpression")) {
            continue;
        }
        xmlChar *content = xmlNodeGetContent(c);
        struct str text = str_trim(text_of(ctx->arena, content));
        xmlFree(content);
        struct feel_source source = {.text = text, .file = l->file, .line = (uint32_t)xmlGetLineNo(c), .column = 1};
        TRY(feel_compile(ctx, l->scope, source, &f->condition));
    }
    return ERR_OK;
}

static enum err read_flows(struct loader *l)
{
    struct ctx *ctx = l->ctx;
    for (size_t i = 0; i < l->flow_count; i++) {
        const xmlNode *n = l->flow_nodes[i];
        struct bpmn_flow *f = &l->flows[i];
        int from = find(l, attribute(ctx->arena, n, "sourceRef"));
        int to = find(l, attribute(ctx->arena, n, "targetRef"));
        if (from < 0 || to < 0) {
            return bad(l, n, ERR_SYNTAX, "a sequence flow leads from and to elements of this process");
        }
        if (l->elements[from].scope != l->elements[to].scope) {
            return bad(l, n, ERR_SYNTAX, "a sequence flow does not cross the border of a sub-process");
        }
        bool at_boundary = l->elements[to].kind == BPMN_BOUNDARY_MESSAGE || l->elements[to].kind == BPMN_BOUNDARY_TIMER;
        if (at_boundary || l->elements[to].kind == BPMN_START) {
            return bad(l, n, ERR_SYNTAX, "no sequence flow leads to a start or boundary event");
        }
        if (l->elements[from].kind == BPMN_END || l->elements[from].kind == BPMN_TERMINATE) {
            return bad(l, n, ERR_SYNTAX, "no sequence flow leaves an end event");
        }
        *f = (struct bpmn_flow){.id = attribute(ctx->arena, n, "id"),
                                .name = attribute(ctx->arena, n, "name"),
                                .from = (uint16_t)from,
                                .to = (uint16_t)to,
                                .line = (uint32_t)xmlGetLineNo(n)};
        TRY(read_condition(l, n, f));
    }
    return ERR_OK;
}

/* Second pass over the elements: attachments and default flows, which may refer forward. */
static enum err read_references(struct loader *l, const xmlNode *parent)
{
    struct ctx *ctx = l->ctx;
    for (const xmlNode *n = parent->children; n != NULL; n = n->next) {
        int index = n->type == XML_ELEMENT_NODE ? find(l, attribute(ctx->arena, n, "id")) : -1;
        if (index < 0) {
            continue;
        }
        struct bpmn_element *e = &l->elements[index];
        if (e->kind == BPMN_BOUNDARY_MESSAGE || e->kind == BPMN_BOUNDARY_TIMER) {
            e->attached_to = (int16_t)find(l, attribute(ctx->arena, n, "attachedToRef"));
            bool good = e->attached_to >= 0 && l->elements[e->attached_to].scope == e->scope &&
                        (l->elements[e->attached_to].kind == BPMN_TASK || l->elements[e->attached_to].kind == BPMN_SUBPROCESS);
            if (!good) {
                return bad(l, n, ERR_SYNTAX, "a boundary event is attached to an activity beside it");
            }
        }
        struct str standard = attribute(ctx->arena, n, "default");
        bool found = standard.n == 0;
        for (size_t i = 0; standard.n > 0 && i < l->flow_count; i++) {
            if (str_equal(l->flows[i].id, standard) && l->flows[i].from == index) {
                l->flows[i].is_default = found = true;
            }
        }
        if (!found) {
            return bad(l, n, ERR_SYNTAX, "the default flow is none of its outgoing flows");
        }
        if (e->kind == BPMN_SUBPROCESS) {
            TRY(read_references(l, n));
        }
    }
    return ERR_OK;
}

static void link_flows(struct loader *l)
{
    struct arena *a = l->ctx->arena;
    for (size_t i = 0; i < l->element_count; i++) {
        struct bpmn_element *e = &l->elements[i];
        uint16_t *out = ARENA_ARRAY(a, uint16_t, l->flow_count + 1);
        uint16_t *in = ARENA_ARRAY(a, uint16_t, l->flow_count + 1);
        for (size_t k = 0; k < l->flow_count; k++) {
            if (l->flows[k].from == i) {
                out[e->out_count++] = (uint16_t)k;
            }
            if (l->flows[k].to == i) {
                in[e->in_count++] = (uint16_t)k;
            }
        }
        e->out = out;
        e->in = in;
    }
}

/* Constraints of the standard that a running process relies on. */
static enum err check_shape(struct loader *l)
{
    for (size_t i = 0; i < l->element_count; i++) {
        const struct bpmn_element *e = &l->elements[i];
        const char *rule = NULL;
        bool boundary = e->kind == BPMN_BOUNDARY_MESSAGE || e->kind == BPMN_BOUNDARY_TIMER;
        for (size_t k = 0; k < i; k++) {
            rule = str_equal(l->elements[k].id, e->id) ? "two elements have this id" : rule;
        }
        bool ends = e->kind == BPMN_END || e->kind == BPMN_TERMINATE;
        if (!ends && e->out_count == 0) {
            rule = "nothing follows it; end it with an end event";
        } else if (e->kind != BPMN_START && !boundary && e->in_count == 0) {
            rule = "no flow leads to it";
        }
        for (uint16_t k = 0; e->kind == BPMN_EVENT_GATEWAY && k < e->out_count; k++) {
            enum bpmn_kind to = l->elements[l->flows[e->out[k]].to].kind;
            if (to != BPMN_CATCH_MESSAGE && to != BPMN_CATCH_TIMER && to != BPMN_TASK) {
                rule = "an event-based gateway is followed by catching events only";
            }
        }
        if (rule != NULL) {
            return fault_at(l->ctx, ERR_SYNTAX, l->file, e->line, 0, "%.*s \"%.*s\": %s", FMT(e->tag), FMT(e->id), rule);
        }
    }
    return ERR_OK;
}

static enum err check_starts(struct loader *l, int16_t scope, const xmlNode *n)
{
    struct ctx *ctx = l->ctx;
    size_t starts = 0;
    size_t ends = 0;
    for (size_t i = 0; i < l->element_count; i++) {
        const struct bpmn_element *e = &l->elements[i];
        if (e->scope != scope) {
            continue;
        }
        starts += e->kind == BPMN_START;
        ends += e->kind == BPMN_END || e->kind == BPMN_TERMINATE;
        if (e->kind == BPMN_SUBPROCESS) {
            TRY(check_starts(l, (int16_t)i, n));
        }
    }
    if (starts == 0 || ends == 0 || (scope >= 0 && starts > 1)) {
        return bad(l, n, ERR_SYNTAX, "a process has a start and an end event, a sub-process one plain start event");
    }
    return ERR_OK;
}

static int16_t number(struct arena *a, const xmlNode *n, const char *name)
{
    struct str text = attribute(a, n, name);
    struct str rest = {0};
    int64_t v = 0;
    struct str whole = str_cut(text, '.', &rest);
    return str_to_i64(whole, &v) && v > -30000 && v < 30000 ? (int16_t)v : 0;
}

static void read_diagram(struct loader *l, const xmlNode *n)
{
    struct arena *a = l->ctx->arena;
    for (; n != NULL; n = n->next) {
        if (is(n, DI_NS, "BPMNShape")) {
            int index = find(l, attribute(a, n, "bpmnElement"));
            for (const xmlNode *b = n->children; index >= 0 && b != NULL; b = b->next) {
                if (is(b, DC_NS, "Bounds")) {
                    struct bpmn_element *e = &l->elements[index];
                    e->x = number(a, b, "x");
                    e->y = number(a, b, "y");
                    e->width = number(a, b, "width");
                    e->height = number(a, b, "height");
                }
            }
        } else if (n->type == XML_ELEMENT_NODE && n->children != NULL && !is(n, BPMN_NS, "process")) {
            read_diagram(l, n->children);
        }
    }
}

static enum err read_process(struct ctx *ctx, const xmlNode *n, struct str file, const struct feel_scope *scope,
                             const xmlNode *root, struct bpmn_process *ret)
{
    struct loader l = {.ctx = ctx, .file = file, .scope = scope};
    l.elements = ARENA_ARRAY(ctx->arena, struct bpmn_element, ELEMENTS_MAX);
    l.flows = ARENA_ARRAY(ctx->arena, struct bpmn_flow, ELEMENTS_MAX);
    l.flow_nodes = ARENA_ARRAY(ctx->arena, xmlNode *, ELEMENTS_MAX);
    if (!str_equal(attribute(ctx->arena, n, "isExecutable"), STR("true"))) {
        return bad(&l, n, ERR_NOT_SUPPORTED, "the process is not marked executable (isExecutable=\"true\")");
    }
    TRY(read_scope(&l, n, -1, 0));
    TRY(read_flows(&l));
    TRY(read_references(&l, n));
    link_flows(&l);
    TRY(check_shape(&l));
    TRY(check_starts(&l, -1, n));
    read_diagram(&l, root->children);
    *ret = (struct bpmn_process){.id = attribute(ctx->arena, n, "id"),
                                 .name = attribute(ctx->arena, n, "name"),
                                 .file = file,
                                 .elements = l.elements,
                                 .element_count = l.element_count,
                                 .flows = l.flows,
                                 .flow_count = l.flow_count};
    return ERR_OK;
}

static int depth_of(const xmlNode *n, int depth)
{
    int most = depth;
    for (; n != NULL && most <= LIMIT_XML_DEPTH; n = n->next) {
        int below = n->children == NULL || depth > LIMIT_XML_DEPTH ? depth : depth_of(n->children, depth + 1);
        most = below > most ? below : most;
    }
    return most;
}

static void free_doc(void *doc)
{
    xmlFreeDoc(doc);
}

static void free_parser(void *p)
{
    xmlFreeParserCtxt(p);
}

enum err bpmn_load(struct ctx *ctx, struct str xml, struct str file, const struct feel_scope *scope,
                   const struct bpmn_model **ret)
{
    if (xml.n > LIMIT_XML_BYTES) {
        return fault_at(ctx, ERR_TOO_LARGE, file, 0, 0, "the document is larger than %d bytes", LIMIT_XML_BYTES);
    }
    if (str_find(xml, STR("<!DOCTYPE")) != SIZE_MAX || str_find(xml, STR("<!ENTITY")) != SIZE_MAX) {
        return fault_at(ctx, ERR_NOT_SUPPORTED, file, 1, 0, "a model has no document type and no entities");
    }
    xmlParserCtxt *parser = xmlNewParserCtxt();
    must(parser != NULL);
    arena_defer(ctx->arena, free_parser, parser);
    xmlDoc *doc = xmlCtxtReadMemory(parser, xml.p, (int)xml.n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (doc == NULL) {
        const xmlError *e = xmlCtxtGetLastError(parser);
        struct str why = str_trim(str_from(e == NULL || e->message == NULL ? "not well formed" : e->message));
        return fault_at(ctx, ERR_SYNTAX, file, e == NULL ? 0 : (uint32_t)e->line, 0, "XML: %.*s", FMT(why));
    }
    arena_defer(ctx->arena, free_doc, doc);
    const xmlNode *root = xmlDocGetRootElement(doc);
    if (root == NULL || !is(root, BPMN_NS, "definitions")) {
        return fault_at(ctx, ERR_SYNTAX, file, 1, 0, "the root is not definitions of BPMN 2.0 (%s)", BPMN_NS);
    }
    if (depth_of(root, 1) > LIMIT_XML_DEPTH) {
        return fault_at(ctx, ERR_TOO_DEEP, file, 1, 0, "elements nest deeper than %d", LIMIT_XML_DEPTH);
    }
    struct bpmn_model *m = ARENA_NEW(ctx->arena, struct bpmn_model);
    size_t count = 0;
    for (const xmlNode *n = root->children; n != NULL; n = n->next) {
        count += is(n, BPMN_NS, "process");
    }
    struct bpmn_process *list = ARENA_ARRAY(ctx->arena, struct bpmn_process, count + 1);
    for (const xmlNode *n = root->children; n != NULL; n = n->next) {
        if (is(n, BPMN_NS, "process")) {
            TRY(read_process(ctx, n, file, scope, root, &list[m->count]));
            m->count++;
        }
    }
    if (m->count == 0) {
        return fault_at(ctx, ERR_SYNTAX, file, 1, 0, "the document has no process");
    }
    m->processes = list;
    *ret = m;
    return ERR_OK;
}

const struct bpmn_process *bpmn_process_find(const struct bpmn_model *m, struct str id)
{
    for (size_t i = 0; i < m->count; i++) {
        if (id.n == 0 || str_equal(m->processes[i].id, id)) {
            return &m->processes[i];
        }
    }
    return NULL;
}

int bpmn_element_find(const struct bpmn_process *p, struct str id)
{
    for (size_t i = 0; i < p->element_count; i++) {
        if (str_equal(p->elements[i].id, id)) {
            return (int)i;
        }
    }
    return -1;
}
