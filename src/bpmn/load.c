/* BPMN XML to a compiled process: elements, flows and called processes (load_in.h tells the order
 * in which a document is read).
 *
 * A model may come from anybody. So libxml2 reads it into a tree with everything outward shut off:
 * no network, no entities, no document type (also not one hidden in another encoding), at most
 * LIMIT_XML_BYTES and LIMIT_XML_DEPTH. What libxml2 made is freed with the arena, which knows of it
 * before there is anything to lose (struct held), for a passed cap jumps out of any call.
 *
 * The loader makes arrays that grow, elements before flows, since flows and boundary events may
 * refer to elements that come later; called processes are read after their callers, each once,
 * however often it is called, and stand behind an element of their own (BPMN_PROCESS). An id is
 * looked up within its unit: two documents may use the same ids. Everything the process keeps lies
 * on the arena; the tree is not needed after loading. */
#include "base/token.h"
#include "bpmn/load_in.h"

/* ---- XML ---- */

static struct str text_of(struct arena *a, const xmlChar *s)
{
    return s == NULL ? (struct str){0} : str_copy(a, str_from((const char *)s));
}

bool xml_in(const xmlNode *n, const char *ns)
{
    return n->type == XML_ELEMENT_NODE && n->ns != NULL &&
           strcmp((const char *)n->ns->href, ns) == 0;
}

bool xml_is(const xmlNode *n, const char *ns, const char *name)
{
    return xml_in(n, ns) && strcmp((const char *)n->name, name) == 0;
}

struct str xml_attribute(struct loader *l, const xmlNode *n, const char *name)
{
    for (const xmlAttr *at = n->properties; at != NULL; at = at->next) {
        if (at->ns == NULL && strcmp((const char *)at->name, name) == 0 && at->children != NULL) {
            return text_of(l->ctx->arena, at->children->content);
        }
    }
    return (struct str){0};
}

struct str without_prefix(struct str name)
{
    size_t colon = str_find_byte(name, ':');
    return colon == SIZE_MAX ? name : str_slice(name, colon + 1, name.n);
}

struct str xml_reference(struct loader *l, const xmlNode *n, const char *name)
{
    return without_prefix(str_trim(xml_attribute(l, n, name)));
}

/* The text of an element and of what stands in it. */
struct str xml_content(struct loader *l, const xmlNode *n)
{
    struct buf b = buf_new(l->ctx->arena, LIMIT_XML_BYTES);
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        if ((c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) && c->content != NULL) {
            buf_puts(&b, (const char *)c->content);
        }
    }
    return str_trim(buf_str(&b));
}

const xmlNode *xml_child(const xmlNode *n, const char *name)
{
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        if (xml_is(c, BPMN_NS, name)) {
            return c;
        }
    }
    return NULL;
}

enum err bad(struct loader *l, uint16_t unit, const xmlNode *n, enum err code, const char *rule)
{
    struct str id = xml_attribute(l, n, "id");
    return fault_at(l->ctx, code, l->units[unit].file, (uint32_t)xmlGetLineNo(n), 0,
                    "%s \"%.*s\": %s", (const char *)n->name, FMT(id), rule);
}

int32_t element_by_id(const struct loader *l, uint16_t unit, struct str id)
{
    for (size_t i = 0; id.n > 0 && i < l->element_count; i++) {
        if (l->notes[i].unit == unit && str_equal(l->elements[i].id, id)) {
            return (int32_t)i;
        }
    }
    return NO_INDEX;
}

/* ---- elements ---- */

static const struct {
    const char *tag;
    enum bpmn_kind kind;
    bool waits; /* a procedure of law waits here; for others every task can */
} tags[] = {
    {"startEvent", BPMN_START, false},
    {"endEvent", BPMN_END, false},
    {"intermediateCatchEvent", BPMN_CATCH, false},
    {"intermediateThrowEvent", BPMN_THROW, false},
    {"boundaryEvent", BPMN_BOUNDARY, false},
    {"userTask", BPMN_TASK, true},
    {"receiveTask", BPMN_TASK, true},
    {"task", BPMN_TASK, false},
    {"manualTask", BPMN_TASK, false},
    {"serviceTask", BPMN_TASK, false},
    {"sendTask", BPMN_TASK, false},
    {"businessRuleTask", BPMN_TASK, false},
    {"scriptTask", BPMN_TASK, false},
    {"subProcess", BPMN_SUBPROCESS, false},
    {"transaction", BPMN_SUBPROCESS, false},
    {"callActivity", BPMN_CALL, false},
    {"exclusiveGateway", BPMN_EXCLUSIVE, false},
    {"parallelGateway", BPMN_PARALLEL, false},
    {"inclusiveGateway", BPMN_INCLUSIVE, false},
    {"complexGateway", BPMN_COMPLEX, false},
    {"eventBasedGateway", BPMN_EVENT_GATEWAY, false},
};

/* What stands in a process without being a step of it. */
static bool is_silent(const xmlNode *n)
{
    static const char *const names[] = {"documentation",
                                        "extensionElements",
                                        "laneSet",
                                        "textAnnotation",
                                        "group",
                                        "incoming",
                                        "outgoing",
                                        "dataObject",
                                        "dataObjectReference",
                                        "dataStoreReference",
                                        "dataStore",
                                        "dataInputAssociation",
                                        "dataOutputAssociation",
                                        "ioSpecification",
                                        "property",
                                        "auditing",
                                        "monitoring",
                                        "resourceRole",
                                        "performer",
                                        "humanPerformer",
                                        "potentialOwner",
                                        "category",
                                        "correlationSubscription",
                                        "supportedInterfaceRef",
                                        "ioBinding",
                                        "supports",
                                        "standardLoopCharacteristics",
                                        "multiInstanceLoopCharacteristics"};
    for (size_t i = 0; i < LEN(names); i++) {
        if (strcmp((const char *)n->name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool flag(struct loader *l, const xmlNode *n, const char *name, bool otherwise)
{
    struct str v = str_trim(xml_attribute(l, n, name));
    bool yes = str_equal(v, STR("true")) || str_equal(v, STR("1"));
    return v.n == 0 ? otherwise : yes;
}

static enum err read_scope(struct loader *l, uint16_t unit, const xmlNode *parent, int16_t scope,
                           int depth);

static enum err read_script(struct loader *l, uint16_t unit, const xmlNode *n,
                            struct bpmn_element *e)
{
    struct str format =
        str_lower_ascii(l->ctx->arena, str_trim(xml_attribute(l, n, "scriptFormat")));
    const xmlNode *script = xml_child(n, "script");
    struct str text = script == NULL ? STR("") : xml_content(l, script);
    bool feel = format.n == 0 || str_find(format, STR("feel")) != SIZE_MAX;
    if (text.n == 0) {
        return ERR_OK;
    }
    if (!feel) {
        return bad(l, unit, n, ERR_NOT_SUPPORTED,
                   "scripts are executed in FEEL only (scriptFormat=\"feel\")");
    }
    e->expression = expression_add(l, unit, n, script, text, 0);
    e->kind = BPMN_PASS;
    return ERR_OK;
}

/* What a task of this tag says beyond its name. */
static enum err read_task(struct loader *l, uint16_t unit, const xmlNode *n, bool waits,
                          struct bpmn_element *e)
{
    struct ctx *ctx = l->ctx;
    bool open = l->options->open;
    e->kind = waits || open ? BPMN_TASK : BPMN_PASS;
    if (str_equal(e->tag, STR("receiveTask")) || str_equal(e->tag, STR("sendTask"))) {
        struct str message = xml_reference(l, n, "messageRef");
        e->message = root_name(l, unit, message, "message", NULL);
        e->message_id = message;
        if (root_is_missing(l, unit, message, "message")) {
            return bad(l, unit, n, ERR_SYNTAX, "the message it refers to is not there");
        }
        e->sends = str_equal(e->tag, STR("sendTask"));
        e->instantiate = !e->sends && flag(l, n, "instantiate", false);
    }
    if (str_equal(e->tag, STR("scriptTask"))) {
        TRY(read_script(l, unit, n, e));
    }
    bool rules = str_equal(e->tag, STR("businessRuleTask"));
    bool bound = e->model.n > 0 && e->decision.n > 0 && e->result.n > 0;
    if (!open && rules && !bound) {
        return bad(l, unit, n, ERR_SYNTAX,
                   "a business rule task names its model, decision and result (tb:decide)");
    }
    if (!open && !rules && e->decision.n > 0) {
        return bad(l, unit, n, ERR_SYNTAX, "only a business rule task decides (tb:decide)");
    }
    if (e->kind == BPMN_TASK && e->act_count == 0 && !open) {
        return bad(l, unit, n, ERR_SYNTAX,
                   "a task that waits names the kinds of act it awaits (tb:act)");
    }
    return ERR_OK;
}

static enum err read_kind(struct loader *l, uint16_t unit, const xmlNode *n, bool waits,
                          struct bpmn_element *e)
{
    struct ctx *ctx = l->ctx;
    struct str type = xml_attribute(l, n, "eventGatewayType");
    switch (e->kind) {
    case BPMN_TASK: return read_task(l, unit, n, waits, e);
    case BPMN_EVENT_GATEWAY:
        e->instantiate = flag(l, n, "instantiate", false);
        e->starts_all = str_equal(type, STR("Parallel"));
        return ERR_OK;
    case BPMN_COMPLEX: {
        const xmlNode *c = xml_child(n, "activationCondition");
        e->expression = c == NULL ? NULL : expression_add(l, unit, n, c, xml_content(l, c), 0);
        return ERR_OK;
    }
    case BPMN_START:
    case BPMN_END:
    case BPMN_CATCH:
    case BPMN_THROW:
    case BPMN_BOUNDARY:
        e->all_triggers = flag(l, n, "parallelMultiple", false);
        TRY(event_read(l, unit, n, e));
        return ERR_OK;
    case BPMN_SUBPROCESS:
        e->transaction = str_equal(e->tag, STR("transaction"));
        e->by_event = flag(l, n, "triggeredByEvent", false);
        return ERR_OK;
    case BPMN_PASS:
    case BPMN_CALL:
    case BPMN_EXCLUSIVE:
    case BPMN_PARALLEL:
    case BPMN_INCLUSIVE:
    case BPMN_PROCESS: return ERR_OK;
    }
    return ERR_OK;
}

static enum err element_put(struct loader *l, uint16_t unit, const xmlNode *n,
                            const struct bpmn_element *e, int16_t *ret)
{
    if (l->element_count == ELEMENTS_MAX) {
        return bad(l, unit, n, ERR_TOO_MANY, "the process has more elements than the limit");
    }
    l->elements = bpmn_grow(l->ctx->arena, l->elements, l->element_count, &l->element_room,
                            sizeof(*l->elements));
    l->notes =
        bpmn_grow(l->ctx->arena, l->notes, l->element_count, &l->note_room, sizeof(*l->notes));
    l->elements[l->element_count] = *e;
    l->notes[l->element_count] = (struct note){.node = n, .unit = unit};
    *ret = (int16_t)l->element_count++;
    return ERR_OK;
}

static enum err read_element(struct loader *l, uint16_t unit, const xmlNode *n, int16_t scope,
                             int depth)
{
    struct ctx *ctx = l->ctx;
    size_t row = 0;
    while (row < LEN(tags) && strcmp((const char *)n->name, tags[row].tag) != 0) {
        row++;
    }
    if (row == LEN(tags)) {
        bool ad_hoc = strcmp((const char *)n->name, "adHocSubProcess") == 0;
        return bad(l, unit, n, ERR_NOT_SUPPORTED,
                   ad_hoc ? "an ad-hoc sub-process is not executed: it leaves open who decides "
                            "what happens next"
                          : "this element is not executed");
    }
    bool stops = !flag(l, n, "cancelActivity", true) || !flag(l, n, "isInterrupting", true);
    struct bpmn_element e = {.id = str_trim(xml_attribute(l, n, "id")),
                             .name = xml_attribute(l, n, "name"),
                             .kind = tags[row].kind,
                             .tag = str_from(tags[row].tag),
                             .scope = scope,
                             .attached_to = -1,
                             .interrupting = !stops,
                             .for_compensation = flag(l, n, "isForCompensation", false),
                             .handler = NO_INDEX,
                             .calls = NO_INDEX,
                             .file = unit,
                             .line = (uint32_t)xmlGetLineNo(n)};
    if (e.id.n == 0) {
        return bad(l, unit, n, ERR_SYNTAX, "every element has an id");
    }
    extensions_read(l, n, &e);
    TRY(read_kind(l, unit, n, tags[row].waits, &e));
    TRY(loop_read(l, unit, n, &e.loop));
    struct bpmn_data *data = NULL;
    TRY(data_read(l, unit, n, &data));
    e.data = data;
    int16_t index = 0;
    TRY(element_put(l, unit, n, &e, &index));
    return e.kind == BPMN_SUBPROCESS ? read_scope(l, unit, n, index, depth + 1) : ERR_OK;
}

static void association_put(struct loader *l, uint16_t unit, const xmlNode *n)
{
    l->associations = bpmn_grow(l->ctx->arena, l->associations, l->association_count,
                                &l->association_room, sizeof(*l->associations));
    l->associations[l->association_count++] = (struct association){
        xml_reference(l, n, "sourceRef"), xml_reference(l, n, "targetRef"), unit};
}

static enum err read_scope(struct loader *l, uint16_t unit, const xmlNode *parent, int16_t scope,
                           int depth)
{
    struct ctx *ctx = l->ctx;
    if (depth > 16) {
        return bad(l, unit, parent, ERR_TOO_DEEP, "sub-processes nest deeper than 16");
    }
    for (const xmlNode *n = parent->children; n != NULL; n = n->next) {
        if (!xml_in(n, BPMN_NS)) {
            continue;
        }
        if (strcmp((const char *)n->name, "sequenceFlow") == 0) {
            if (l->flow_count == ELEMENTS_MAX) {
                return bad(l, unit, n, ERR_TOO_MANY, "the process has more flows than the limit");
            }
            l->flow_nodes = bpmn_grow(ctx->arena, l->flow_nodes, l->flow_count, &l->flow_node_room,
                                      sizeof(*l->flow_nodes));
            l->flow_units = bpmn_grow(ctx->arena, l->flow_units, l->flow_count, &l->flow_unit_room,
                                      sizeof(*l->flow_units));
            l->flow_nodes[l->flow_count] = n;
            l->flow_units[l->flow_count++] = unit;
        } else if (strcmp((const char *)n->name, "association") == 0) {
            association_put(l, unit, n);
        } else if (!is_silent(n)) {
            TRY(read_element(l, unit, n, scope, depth));
        }
    }
    return ERR_OK;
}

/* ---- flows ---- */

static enum err read_flow(struct loader *l, size_t i)
{
    const xmlNode *n = l->flow_nodes[i];
    uint16_t unit = l->flow_units[i];
    int32_t from = element_by_id(l, unit, xml_reference(l, n, "sourceRef"));
    int32_t to = element_by_id(l, unit, xml_reference(l, n, "targetRef"));
    if (from < 0 || to < 0) {
        return bad(l, unit, n, ERR_SYNTAX,
                   "a sequence flow leads from and to elements of this process");
    }
    if (l->elements[from].scope != l->elements[to].scope) {
        return bad(l, unit, n, ERR_SYNTAX,
                   "a sequence flow does not cross the border of a sub-process");
    }
    if (l->elements[to].kind == BPMN_BOUNDARY || l->elements[to].kind == BPMN_START) {
        return bad(l, unit, n, ERR_SYNTAX, "no sequence flow leads to a start or boundary event");
    }
    if (l->elements[from].kind == BPMN_END) {
        return bad(l, unit, n, ERR_SYNTAX, "no sequence flow leaves an end event");
    }
    const xmlNode *c = xml_child(n, "conditionExpression");
    struct str id = str_trim(xml_attribute(l, n, "id"));
    l->flows[i] = (struct bpmn_flow){
        .id = id,
        .name = xml_attribute(l, n, "name"),
        .from = (uint16_t)from,
        .to = (uint16_t)to,
        .condition = c == NULL ? NULL : expression_add(l, unit, n, c, xml_content(l, c), 0),
        .line = (uint32_t)xmlGetLineNo(n)};
    if (l->elements[from].kind == BPMN_PARALLEL || l->elements[from].kind == BPMN_EVENT_GATEWAY) {
        if (l->flows[i].condition != NULL) {
            return bad(l, unit, n, ERR_SYNTAX,
                       "a flow out of a parallel or event-based gateway has no condition");
        }
    }
    for (size_t k = 0; id.n > 0 && k < i; k++) {
        if (l->flow_units[k] == unit && str_equal(l->flows[k].id, id)) {
            return bad(l, unit, n, ERR_SYNTAX, "two flows have this id");
        }
    }
    if (element_by_id(l, unit, id) >= 0) {
        return bad(l, unit, n, ERR_SYNTAX, "an element has the id of this flow");
    }
    return ERR_OK;
}

static enum err read_default(struct loader *l, size_t index)
{
    const xmlNode *n = l->notes[index].node;
    struct str standard = xml_reference(l, n, "default");
    bool found = standard.n == 0;
    for (size_t i = 0; !found && i < l->flow_count; i++) {
        if (str_equal(l->flows[i].id, standard) && l->flows[i].from == index) {
            l->flows[i].is_default = found = true;
        }
    }
    return found ? ERR_OK
                 : bad(l, l->notes[index].unit, n, ERR_SYNTAX,
                       "the default flow is none of its outgoing flows");
}

/* ---- called processes ---- */

enum { ROOTS_MAX = 16 };

static enum err parse(struct ctx *ctx, struct str xml, struct str file, const xmlNode **ret);

static const xmlNode *process_in(struct loader *l, const xmlNode *root, struct str id)
{
    for (const xmlNode *n = root->children; n != NULL; n = n->next) {
        bool task = xml_is(n, BPMN_NS, "globalUserTask") ||
                    xml_is(n, BPMN_NS, "globalManualTask") || xml_is(n, BPMN_NS, "globalTask") ||
                    xml_is(n, BPMN_NS, "globalScriptTask") ||
                    xml_is(n, BPMN_NS, "globalBusinessRuleTask");
        if ((task || xml_is(n, BPMN_NS, "process")) &&
            str_equal(str_trim(xml_attribute(l, n, "id")), id)) {
            return n;
        }
    }
    return NULL;
}

/* The process of this id in the document of the caller, in what that imports, or wherever the
 * source finds it. */
static enum err find_called(struct loader *l, uint16_t unit, struct str id,
                            const xmlNode **ret_root, const xmlNode **ret, struct str *ret_file)
{
    struct ctx *ctx = l->ctx;
    const struct bpmn_source *source = l->options->source;
    *ret_root = l->units[unit].root;
    *ret_file = l->units[unit].file;
    *ret = process_in(l, *ret_root, id);
    size_t imports = 0;
    for (const xmlNode *n = l->units[unit].root->children;
         *ret == NULL && source != NULL && n != NULL; n = n->next) {
        struct str xml = {0};
        bool model = xml_is(n, BPMN_NS, "import") &&
                     str_equal(xml_attribute(l, n, "importType"), STR(BPMN_NS));
        if (model && imports++ < ROOTS_MAX &&
            source->read(ctx, source->self, id, xml_attribute(l, n, "location"), &xml, ret_file) ==
                ERR_OK) {
            TRY(parse(ctx, xml, *ret_file, ret_root));
            *ret = process_in(l, *ret_root, id);
        }
    }
    struct str xml = {0};
    if (*ret == NULL && source != NULL &&
        source->read(ctx, source->self, id, STR(""), &xml, ret_file) == ERR_OK) {
        TRY(parse(ctx, xml, *ret_file, ret_root));
        *ret = process_in(l, *ret_root, id);
    }
    return ERR_OK;
}

static enum err read_called(struct loader *l, size_t index)
{
    struct ctx *ctx = l->ctx;
    const xmlNode *n = l->notes[index].node;
    uint16_t unit = l->notes[index].unit;
    struct str id = xml_reference(l, n, "calledElement");
    if (id.n == 0 && l->elements[index].message.n > 0) {
        id = l->elements[index].message; /* named by a foreign extension, see extensions_read */
    }
    if (id.n == 0) {
        return bad(l, unit, n, ERR_SYNTAX,
                   "a call activity names the process it calls (calledElement)");
    }
    const xmlNode *root = NULL;
    const xmlNode *process = NULL;
    struct str file = {0};
    TRY(find_called(l, unit, id, &root, &process, &file));
    if (process == NULL) {
        return bad(l, unit, n, ERR_NOT_FOUND,
                   "the process it calls is neither in this model nor in one it imports");
    }
    if (!xml_is(process, BPMN_NS, "process")) {
        l->elements[index].kind = BPMN_TASK; /* a global task: a task that waits */
        return ERR_OK;
    }
    for (uint16_t i = 1; i < l->unit_count; i++) {
        if (l->units[i].process == process) {
            l->elements[index].calls = l->units[i].element;
            return ERR_OK;
        }
    }
    if (l->unit_count == UNITS_MAX) {
        return bad(l, unit, n, ERR_TOO_MANY, "it calls more different processes than the limit");
    }
    uint16_t next = l->unit_count++;
    struct bpmn_element e = {.id = str_format(ctx->arena, "%.*s", FMT(id)),
                             .name = xml_attribute(l, process, "name"),
                             .kind = BPMN_PROCESS,
                             .tag = STR("process"),
                             .scope = -1,
                             .attached_to = -1,
                             .handler = NO_INDEX,
                             .calls = NO_INDEX,
                             .file = next,
                             .line = (uint32_t)xmlGetLineNo(process)};
    int16_t stands = 0;
    l->units[next] = (struct unit){root, process, file, NO_INDEX};
    struct bpmn_data *data = NULL;
    TRY(data_read(l, next, process, &data));
    e.data = data;
    TRY(element_put(l, next, process, &e, &stands));
    l->units[next].element = stands;
    l->elements[index].calls = stands;
    return read_scope(l, next, process, stands, 1);
}

/* ---- one process ---- */

static enum err read_names(struct loader *l)
{
    struct ctx *ctx = l->ctx;
    const struct bpmn_options *o = l->options;
    uint16_t name = 0;
    l->outer = o->scope == NULL ? 0 : o->scope->count;
    for (size_t i = 0; i < l->outer; i++) {
        TRY(name_add(l, 0, NULL, o->scope->names[i].name, true, &name));
    }
    for (size_t i = 0; i < NAME_FIXED; i++) {
        TRY(name_add(l, 0, NULL, str_from(bpmn_fixed_names[i]), true, &name));
    }
    for (size_t i = 0; i < o->variable_count; i++) {
        TRY(name_add(l, 0, NULL, o->variables[i], false, &name));
    }
    return ERR_OK;
}

static enum err read_process(struct ctx *ctx, const xmlNode *n, struct str file,
                             const struct bpmn_options *options, const xmlNode *root,
                             struct bpmn_process *ret)
{
    struct loader *l = ARENA_NEW(ctx->arena, struct loader);
    l->ctx = ctx;
    l->options = options;
    l->units[l->unit_count++] = (struct unit){root, n, file, NO_INDEX};
    struct bpmn_data *data = NULL;
    TRY(read_names(l));
    TRY(data_read(l, 0, n, &data));
    TRY(read_scope(l, 0, n, -1, 0));
    for (size_t i = 0; i < l->element_count; i++) { /* grows by what is called */
        if (l->elements[i].kind == BPMN_CALL) {
            TRY(read_called(l, i));
        }
    }
    if (l->element_count == 0) {
        return bad(l, 0, n, ERR_SYNTAX, "the process is empty");
    }
    l->flows = ARENA_ARRAY(ctx->arena, struct bpmn_flow, l->flow_count + 1);
    for (size_t i = 0; i < l->flow_count; i++) {
        TRY(read_flow(l, i));
    }
    for (size_t i = 0; i < l->element_count; i++) {
        struct bpmn_data *d =
            l->elements[i].data == NULL ? NULL : (struct bpmn_data *)(uintptr_t)l->elements[i].data;
        TRY(associations_read(l, l->notes[i].unit, l->notes[i].node, d));
        TRY(read_default(l, i));
    }
    *ret = (struct bpmn_process){.id = str_trim(xml_attribute(l, n, "id")),
                                 .name = xml_attribute(l, n, "name"),
                                 .file = file,
                                 .data = data,
                                 .outer_names = l->outer};
    TRY(shape_link(l, ret));
    TRY(rules_check(l));
    TRY(expressions_compile(l));
    ret->drawing = drawing_read(l, root);
    bool *is_free = ARENA_ARRAY(ctx->arena, bool, l->name_count + 1);
    for (size_t i = 0; i < l->name_count; i++) {
        is_free[i] = !l->declared[i];
    }
    ret->is_free = is_free;
    ret->elements = l->elements;
    ret->element_count = l->element_count;
    ret->flows = l->flows;
    ret->flow_count = l->flow_count;
    ret->names = l->names;
    ret->name_count = l->name_count;
    keys_make(ctx->arena, ret);
    return ERR_OK;
}

/* ---- the document ---- */

static int depth_of(const xmlNode *n)
{
    int depth = 1;
    int most = 1;
    const xmlNode *top = n;
    while (n != NULL && most <= LIMIT_XML_DEPTH) { /* in document order, without recursion */
        if (n->type == XML_ELEMENT_NODE && n->children != NULL) {
            n = n->children;
            most = ++depth > most ? depth : most;
            continue;
        }
        while (n != top && n->next == NULL) {
            n = n->parent;
            depth--;
        }
        n = n == top ? NULL : n->next;
    }
    return most;
}

/* What libxml2 made, freed with the arena; the arena knows of it before there is anything to lose.
 */
struct held {
    xmlParserCtxt *parser;
    xmlDoc *doc;
};

static void free_held(void *arg)
{
    struct held *h = arg;
    xmlFreeDoc(h->doc);
    xmlFreeParserCtxt(h->parser);
}

static enum err parse(struct ctx *ctx, struct str xml, struct str file, const xmlNode **ret)
{
    if (xml.n > LIMIT_XML_BYTES) {
        return fault_at(ctx, ERR_TOO_LARGE, file, 0, 0, "the document is larger than %d bytes",
                        LIMIT_XML_BYTES);
    }
    if (str_find(xml, STR("<!DOCTYPE")) != SIZE_MAX || str_find(xml, STR("<!ENTITY")) != SIZE_MAX) {
        return fault_at(ctx, ERR_NOT_SUPPORTED, file, 1, 0,
                        "a model has no document type and no entities");
    }
    struct held *held = ARENA_NEW(ctx->arena, struct held);
    arena_defer(ctx->arena, free_held, held);
    held->parser = xmlNewParserCtxt();
    if (held->parser == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for reading a model");
    }
    xmlParserCtxt *parser = held->parser;
    xmlDoc *doc = held->doc = xmlCtxtReadMemory(parser, xml.p, (int)xml.n, NULL, NULL,
                                                XML_PARSE_NONET | XML_PARSE_NOERROR |
                                                    XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES);
    if (doc == NULL) {
        const xmlError *e = xmlCtxtGetLastError(parser);
        struct str why =
            str_trim(str_from(e == NULL || e->message == NULL ? "not well formed" : e->message));
        return fault_at(ctx, ERR_SYNTAX, file, e == NULL ? 0 : (uint32_t)e->line, 0, "XML: %.*s",
                        FMT(why));
    }
    if (doc->intSubset != NULL) { /* in an encoding in which the search above did not see it */
        return fault_at(ctx, ERR_NOT_SUPPORTED, file, 1, 0,
                        "a model has no document type and no entities");
    }
    const xmlNode *root = xmlDocGetRootElement(doc);
    if (root == NULL || !xml_is(root, BPMN_NS, "definitions")) {
        return fault_at(ctx, ERR_SYNTAX, file, 1, 0, "the root is not definitions of BPMN 2.0 (%s)",
                        BPMN_NS);
    }
    if (depth_of(root) > LIMIT_XML_DEPTH) {
        return fault_at(ctx, ERR_TOO_DEEP, file, 1, 0, "elements nest deeper than %d",
                        LIMIT_XML_DEPTH);
    }
    *ret = root;
    return ERR_OK;
}

/* Is it to be executed? Says no with the reason kept, so that another process of the document may
 * still be. */
static bool is_wanted(struct loader *l, const xmlNode *n, const struct bpmn_options *o,
                      bool *ret_noted)
{
    struct str executable = str_trim(xml_attribute(l, n, "isExecutable"));
    bool yes = str_equal(executable, STR("true")) || str_equal(executable, STR("1"));
    bool other = o->process.n > 0 && !str_equal(str_trim(xml_attribute(l, n, "id")), o->process);
    bool unsaid = executable.n == 0 && o->open;
    if (other) {
        return false;
    }
    if (!yes && !unsaid && !o->any) {
        *ret_noted = true;
        return bad(l, 0, n, ERR_NOT_SUPPORTED,
                   "the process is not marked executable (isExecutable=\"true\")") == ERR_OK;
    }
    return true;
}

enum err bpmn_load_with(struct ctx *ctx, struct str xml, struct str file,
                        const struct bpmn_options *options, const struct bpmn_model **ret)
{
    const xmlNode *root = NULL;
    TRY(parse(ctx, xml, file, &root));
    struct bpmn_model *m = ARENA_NEW(ctx->arena, struct bpmn_model);
    struct loader *l = ARENA_NEW(ctx->arena, struct loader);
    *l = (struct loader){.ctx = ctx, .options = options, .unit_count = 1};
    l->units[0] = (struct unit){root, root, file, NO_INDEX};
    struct bpmn_process *list = NULL;
    size_t room = 0;
    bool noted = false;
    for (const xmlNode *n = root->children; n != NULL; n = n->next) {
        if (xml_is(n, BPMN_NS, "process") && is_wanted(l, n, options, &noted)) {
            bool empty = options->process.n == 0 && !xml_child(n, "startEvent") &&
                         !xml_child(n, "task") && !xml_child(n, "userTask");
            if (empty && options->open && n->children == NULL) {
                continue; /* a pool drawn as a black box */
            }
            list = bpmn_grow(ctx->arena, list, m->count, &room, sizeof(*list));
            TRY(read_process(ctx, n, file, options, root, &list[m->count]));
            m->count++;
        }
    }
    if (m->count == 0 && noted) {
        return ERR_NOT_SUPPORTED;
    }
    if (m->count == 0 && options->process.n > 0) {
        return fault_at(ctx, ERR_NOT_FOUND, file, 1, 0, "the document has no process \"%.*s\"",
                        FMT(options->process));
    }
    if (m->count == 0) {
        return fault_at(ctx, ERR_SYNTAX, file, 1, 0, "the document has no process");
    }
    m->processes = list;
    *ret = m;
    return ERR_OK;
}

enum err bpmn_load(struct ctx *ctx, struct str xml, struct str file, const struct feel_scope *scope,
                   const struct bpmn_model **ret)
{
    struct bpmn_options o = {.scope = scope};
    return bpmn_load_with(ctx, xml, file, &o, ret);
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
