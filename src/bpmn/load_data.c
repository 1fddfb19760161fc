/* Names and expressions; what scopes, activities and loops declare and let flow.
 *
 * Expressions are gathered first and compiled when all names are known (expressions_compile): a
 * condition may use data that are declared further down. In a model of anybody a name that nothing
 * declares is added as one of the whole run; in a procedure of law it is a fault. What other
 * engines write instead of FEEL ("=" before it, "${…}" around it) is rewritten before, so that one
 * compiler sees it all. */
#include "base/token.h"
#include "bpmn/load_in.h"
#include "feel/shape.h"

enum { NAMES_MAX = LIMIT_FEEL_SLOTS };

/* ---- names ---- */

enum err name_add(struct loader *l, uint16_t unit, const xmlNode *n, struct str name, bool declares,
                  uint16_t *ret)
{
    size_t i = 0;
    while (i < l->name_count && !str_equal(l->names[i], name)) {
        i++;
    }
    if (i == NAMES_MAX) {
        return bad(l, unit, n == NULL ? l->units[0].process : n, ERR_TOO_MANY,
                   "the model has more names of data than the limit");
    }
    if (i == l->name_count) {
        l->names = bpmn_grow(l->ctx->arena, l->names, i, &l->name_room, sizeof(*l->names));
        l->declared =
            bpmn_grow(l->ctx->arena, l->declared, i, &l->declared_room, sizeof(*l->declared));
        l->names[i] = name;
        l->declared[i] = false;
        l->name_count++;
    }
    l->declared[i] = l->declared[i] || declares;
    *ret = (uint16_t)i;
    return ERR_OK;
}

static void item_put(struct loader *l, uint16_t unit, struct str id, uint16_t name)
{
    l->items = bpmn_grow(l->ctx->arena, l->items, l->item_count, &l->item_room, sizeof(*l->items));
    l->items[l->item_count++] = (struct item){id, unit, name};
}

/* The name of data with this id, else a name as it stands. */
int32_t item_name(struct loader *l, uint16_t unit, struct str id)
{
    for (size_t i = l->item_count; i > 0; i--) {
        if (l->items[i - 1].unit == unit && str_equal(l->items[i - 1].id, id)) {
            return l->items[i - 1].name;
        }
    }
    for (size_t i = l->outer; i < l->name_count; i++) {
        if (str_equal(l->names[i], id)) {
            return (int32_t)i;
        }
    }
    return NO_INDEX;
}

/* ---- expressions ---- */

/* The operators that FEEL writes otherwise, and texts in single quotes. */
static struct str translated(const struct loader *l, struct str text)
{
    static const struct {
        const char *from;
        const char *to;
    } words[] = {{"==", "="}, {"&&", " and "}, {"||", " or "}};
    struct buf b = buf_new(l->ctx->arena, LIMIT_XML_BYTES);
    char quote = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        size_t row = 0;
        while (row < LEN(words) &&
               (quote != 0 || !str_starts(str_slice(text, i, text.n), str_from(words[row].from)))) {
            row++;
        }
        if (row < LEN(words)) {
            buf_puts(&b, words[row].to);
            i++;
        } else if (quote == '\'' && c == '"') {
            buf_puts(&b, "\\\"");
        } else {
            bool opens = quote == 0 && (c == '\'' || c == '"');
            bool closes = quote != 0 && c == quote;
            quote = opens ? c : closes ? 0 : quote;
            buf_byte(&b, (opens || closes) && c == '\'' ? '"' : c);
        }
    }
    return buf_str(&b);
}

/* Other engines mark FEEL by "=" and their own language by "${…}": what is inside may still be
 * FEEL. */
static struct str bare(const struct loader *l, struct str text)
{
    if (!l->options->open) {
        return text;
    }
    if (str_starts(text, STR("="))) {
        return str_trim(str_slice(text, 1, text.n));
    }
    bool braces =
        (str_starts(text, STR("${")) || str_starts(text, STR("#{"))) && str_ends(text, STR("}"));
    return braces ? translated(l, str_trim(str_slice(text, 2, text.n - 1))) : text;
}

const struct bpmn_expression *expression_add(struct loader *l, uint16_t unit, const xmlNode *owner,
                                             const xmlNode *at, struct str text, char timer)
{
    text = bare(l, text);
    if (text.n == 0) {
        return NULL;
    }
    struct bpmn_expression *e = ARENA_NEW(l->ctx->arena, struct bpmn_expression);
    *e = (struct bpmn_expression){.text = text, .line = (uint32_t)xmlGetLineNo(at), .file = unit};
    l->pending = bpmn_grow(l->ctx->arena, l->pending, l->pending_count, &l->pending_room,
                           sizeof(*l->pending));
    l->pending[l->pending_count++] = (struct pending){e, owner, unit, timer};
    return e;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_keyword(struct str word)
{
    static const char *const words[] = {
        "true",    "false",    "null",   "if",    "then",      "else",     "for",
        "in",      "return",   "some",   "every", "satisfies", "and",      "or",
        "between", "instance", "of",     "not",   "function",  "external", "list",
        "context", "range",    "date",   "time",  "duration",  "number",   "string",
        "boolean", "years",    "months", "days",  "item",      "partial"};
    for (size_t i = 0; i < LEN(words); i++) {
        if (str_equal(word, str_from(words[i]))) {
            return true;
        }
    }
    return false;
}

/* In a model of anybody the words of an expression that could be names are names. Text in quotes is
 * none, nor is what follows a dot, nor a function. */
static enum err names_of_text(struct loader *l, const struct pending *x)
{
    struct ctx *ctx = l->ctx;
    struct str s = x->to->text;
    uint16_t name = 0;
    for (size_t i = 0; i < s.n;) {
        if (s.p[i] == '"') {
            for (i++; i < s.n && s.p[i] != '"'; i++) {
                i += s.p[i] == '\\';
            }
            i++;
            continue;
        }
        if (!is_letter(s.p[i])) {
            bool number = s.p[i] >= '0' && s.p[i] <= '9';
            for (i++; number && i < s.n && (is_letter(s.p[i]) || (s.p[i] >= '0' && s.p[i] <= '9'));
                 i++) {
            }
            continue;
        }
        size_t from = i;
        while (i < s.n && (is_letter(s.p[i]) || (s.p[i] >= '0' && s.p[i] <= '9'))) {
            i++;
        }
        size_t next = i;
        while (next < s.n && s.p[next] == ' ') {
            next++;
        }
        struct str word = str_slice(s, from, i);
        bool member = from > 0 && s.p[from - 1] == '.' && !(from > 1 && s.p[from - 2] == '.');
        bool call = next < s.n && s.p[next] == '(';
        if (!member && !call && !is_keyword(word)) {
            TRY(name_add(l, x->unit, x->owner, word, false, &name));
        }
    }
    return ERR_OK;
}

/* A fault of FEEL, with the element that holds the text. */
static enum err compile_fault(struct loader *l, const struct pending *x, enum err e)
{
    struct str id = xml_attribute(l, x->owner, "id");
    struct why why = l->ctx->why;
    return fault_at(l->ctx, e, why.file, why.line, why.column, "%s \"%.*s\": in \"%.*s\": %.*s",
                    (const char *)x->owner->name, FMT(id),
                    (int)(x->to->text.n > 80 ? 80 : x->to->text.n), x->to->text.p, FMT(why.detail));
}

static enum err compile_one(struct loader *l, const struct feel_scope *scope,
                            const struct pending *x)
{
    struct ctx *ctx = l->ctx;
    struct bpmn_expression *e = x->to;
    struct feel_source source = {
        .text = e->text, .file = l->units[x->unit].file, .line = e->line, .column = 1};
    if (x->timer != 0 && iso_is(e->text, x->timer)) {
        return ERR_OK;
    }
    enum err err = feel_compile(ctx, scope, source, &e->program);
    if (err != ERR_OK) {
        return compile_fault(l, x, err);
    }
    uint16_t *uses = NULL;
    size_t room = 0;
    size_t count = 0;
    for (size_t i = 0; i < l->name_count; i++) {
        if (feel_uses(e->program, i)) {
            uses = bpmn_grow(ctx->arena, uses, count, &room, sizeof(*uses));
            uses[count++] = (uint16_t)i;
        }
    }
    e->uses = uses;
    e->use_count = (uint16_t)count;
    return ERR_OK;
}

enum err expressions_compile(struct loader *l)
{
    struct ctx *ctx = l->ctx;
    for (size_t i = 0; l->options->open && i < l->pending_count; i++) {
        const struct pending *x = &l->pending[i];
        if (x->timer == 0 || !iso_is(x->to->text, x->timer)) {
            TRY(names_of_text(l, x));
        }
    }
    struct feel_member *names = ARENA_ARRAY(ctx->arena, struct feel_member, l->name_count + 1);
    struct feel_scope scope = {.zones = &feel_zones_of_world};
    if (l->options->scope != NULL) {
        scope = *l->options->scope;
    }
    for (size_t i = 0; i < l->name_count; i++) {
        names[i].name = l->names[i];
        names[i].type = i < l->outer ? l->options->scope->names[i].type : NULL;
    }
    scope.names = names;
    scope.count = l->name_count;
    for (size_t i = 0; i < l->pending_count; i++) {
        TRY(compile_one(l, &scope, &l->pending[i]));
    }
    return ERR_OK;
}

/* ---- data ---- */

struct names_list {
    uint16_t *list;
    size_t count, room;
};

/* One data object, property, input or output. Unnamed, it is called by the reference to it, else by
 * its id. */
static enum err declare(struct loader *l, uint16_t unit, const xmlNode *n, struct names_list *names)
{
    struct ctx *ctx = l->ctx;
    struct str id = str_trim(xml_attribute(l, n, "id"));
    struct str name = str_trim(xml_attribute(l, n, "name"));
    uint16_t index = 0;
    for (const xmlNode *r = n->parent == NULL ? NULL : n->parent->children;
         name.n == 0 && r != NULL; r = r->next) {
        if (xml_is(r, BPMN_NS, "dataObjectReference") &&
            str_equal(xml_reference(l, r, "dataObjectRef"), id)) {
            name = str_trim(xml_attribute(l, r, "name"));
        }
    }
    if (name.n == 0 && id.n == 0) {
        return bad(l, unit, n, ERR_SYNTAX, "data has a name or an id");
    }
    TRY(name_add(l, unit, n, name.n > 0 ? name : id, true, &index));
    item_put(l, unit, id, index);
    names->list =
        bpmn_grow(ctx->arena, names->list, names->count, &names->room, sizeof(*names->list));
    names->list[names->count++] = index;
    return ERR_OK;
}

static enum err declare_references(struct loader *l, uint16_t unit, const xmlNode *n,
                                   struct names_list *names)
{
    struct ctx *ctx = l->ctx;
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        if (xml_is(c, BPMN_NS, "dataObjectReference")) {
            int32_t of = item_name(l, unit, xml_reference(l, c, "dataObjectRef"));
            if (of >= 0) {
                item_put(l, unit, str_trim(xml_attribute(l, c, "id")), (uint16_t)of);
            }
        } else if (xml_is(c, BPMN_NS, "dataStoreReference")) {
            TRY(declare(l, unit, c, names));
        }
    }
    return ERR_OK;
}

enum err data_read(struct loader *l, uint16_t unit, const xmlNode *n, struct bpmn_data **ret)
{
    struct ctx *ctx = l->ctx;
    struct names_list names = {0};
    int32_t output = NO_INDEX;
    bool associated = false;
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        associated = associated || xml_is(c, BPMN_NS, "dataInputAssociation") ||
                     xml_is(c, BPMN_NS, "dataOutputAssociation");
        bool one = xml_is(c, BPMN_NS, "dataObject") || xml_is(c, BPMN_NS, "property") ||
                   xml_is(c, BPMN_NS, "dataInput") || xml_is(c, BPMN_NS, "dataOutput");
        if (one) {
            TRY(declare(l, unit, c, &names));
        }
        for (const xmlNode *d = xml_is(c, BPMN_NS, "ioSpecification") ? c->children : NULL;
             d != NULL; d = d->next) {
            bool out = xml_is(d, BPMN_NS, "dataOutput");
            if (out || xml_is(d, BPMN_NS, "dataInput")) {
                TRY(declare(l, unit, d, &names));
                output = out ? names.list[names.count - 1] : output;
            }
        }
    }
    TRY(declare_references(l, unit, n, &names));
    const xmlNode *x = xml_child(n, "extensionElements");
    int32_t result = output;
    for (const xmlNode *t = x == NULL ? NULL : x->children; t != NULL; t = t->next) {
        bool decides = xml_is(t, TB_NS, "decide");
        if (decides || xml_is(t, TB_NS, "result")) {
            uint16_t name = 0;
            TRY(name_add(l, unit, n, xml_attribute(l, t, decides ? "result" : "name"), false,
                         &name));
            if (name < l->outer) {
                return bad(l, unit, n, ERR_SYNTAX, "its result has a name that is taken");
            }
            result = name;
        }
    }
    if (names.count == 0 && !associated && result < 0) {
        *ret = NULL;
        return ERR_OK;
    }
    struct bpmn_data *data = ARENA_NEW(ctx->arena, struct bpmn_data);
    *data = (struct bpmn_data){
        .declares = names.list, .declare_count = (uint16_t)names.count, .result = result};
    *ret = data;
    return ERR_OK;
}

struct assign_list {
    struct bpmn_assign *list;
    size_t count, room;
};

static enum err assign_put(struct loader *l, uint16_t unit, const xmlNode *n,
                           const struct bpmn_expression *from, struct str to, bool inward,
                           struct assign_list *list)
{
    struct str path = {0};
    int32_t name = item_name(l, unit, to);
    struct str head = name >= 0 ? to : str_trim(str_cut(to, '.', &path));
    if (name < 0) {
        name = item_name(l, unit, head);
    }
    if (name < 0 && l->options->open && head.n > 0) {
        uint16_t fresh = 0;
        enum err e = name_add(l, unit, n, head, inward, &fresh);
        if (e != ERR_OK) {
            return e;
        }
        name = fresh;
    }
    if (name < 0 || from == NULL) {
        return bad(l, unit, n, ERR_SYNTAX,
                   "a data association has a source and a target that the model declares");
    }
    list->list =
        bpmn_grow(l->ctx->arena, list->list, list->count, &list->room, sizeof(*list->list));
    list->list[list->count++] =
        (struct bpmn_assign){.from = from, .to = name, .path = path, .inward = inward};
    return ERR_OK;
}

static enum err association_read(struct loader *l, uint16_t unit, const xmlNode *owner,
                                 const xmlNode *n, bool inward, struct assign_list *list)
{
    struct ctx *ctx = l->ctx;
    const xmlNode *source = xml_child(n, "sourceRef");
    const xmlNode *target = xml_child(n, "targetRef");
    const xmlNode *transform = xml_child(n, "transformation");
    bool assigned = false;
    for (const xmlNode *a = n->children; a != NULL; a = a->next) {
        if (xml_is(a, BPMN_NS, "assignment")) {
            const xmlNode *from = xml_child(a, "from");
            const xmlNode *to = xml_child(a, "to");
            const struct bpmn_expression *e =
                from == NULL ? NULL : expression_add(l, unit, owner, from, xml_content(l, from), 0);
            TRY(assign_put(l, unit, owner, e, to == NULL ? STR("") : bare(l, xml_content(l, to)),
                           inward, list));
            assigned = true;
        }
    }
    if (assigned || target == NULL) {
        return ERR_OK;
    }
    struct str text = {0};
    if (transform != NULL) {
        text = xml_content(l, transform);
    } else if (source != NULL) {
        int32_t name = item_name(l, unit, without_prefix(xml_content(l, source)));
        text = name < 0 ? STR("") : l->names[name];
    }
    if (text.n == 0 && l->options->open) {
        return ERR_OK; /* drawn only: an arrow from a picture of data */
    }
    struct str to = without_prefix(xml_content(l, target));
    if (l->options->open && item_name(l, unit, to) < 0) {
        return ERR_OK;
    }
    return assign_put(l, unit, owner, expression_add(l, unit, owner, n, text, 0), to, inward, list);
}

enum err associations_read(struct loader *l, uint16_t unit, const xmlNode *n,
                           struct bpmn_data *data)
{
    struct ctx *ctx = l->ctx;
    struct assign_list in = {0};
    struct assign_list out = {0};
    for (const xmlNode *c = n->children; data != NULL && c != NULL; c = c->next) {
        if (xml_is(c, BPMN_NS, "dataInputAssociation")) {
            TRY(association_read(l, unit, n, c, true, &in));
        } else if (xml_is(c, BPMN_NS, "dataOutputAssociation")) {
            TRY(association_read(l, unit, n, c, false, &out));
        }
    }
    if (data != NULL) {
        data->inputs = in.list;
        data->input_count = (uint16_t)in.count;
        data->outputs = out.list;
        data->output_count = (uint16_t)out.count;
    }
    return ERR_OK;
}

/* ---- loops ---- */

static enum err read_item(struct loader *l, uint16_t unit, const xmlNode *n, const xmlNode *item,
                          int32_t *ret)
{
    struct ctx *ctx = l->ctx;
    uint16_t index = 0;
    *ret = NO_INDEX;
    if (item == NULL) {
        return ERR_OK;
    }
    struct str id = str_trim(xml_attribute(l, item, "id"));
    struct str name = str_trim(xml_attribute(l, item, "name"));
    TRY(name_add(l, unit, n, name.n > 0 ? name : id, true, &index));
    item_put(l, unit, id, index);
    *ret = index;
    return ERR_OK;
}

static enum err read_throws(struct loader *l, uint16_t unit, const xmlNode *n, const xmlNode *m,
                            struct bpmn_loop *loop)
{
    struct ctx *ctx = l->ctx;
    struct str behaviour = str_trim(xml_attribute(l, m, "behavior"));
    struct loop_throw *list = ARENA_ARRAY(ctx->arena, struct loop_throw, 17);
    bool one = str_equal(behaviour, STR("One"));
    loop->behaviour = one                                    ? LOOP_EVENT_ONE
                      : str_equal(behaviour, STR("None"))    ? LOOP_EVENT_NONE
                      : str_equal(behaviour, STR("Complex")) ? LOOP_EVENT_COMPLEX
                                                             : LOOP_EVENT_ALL;
    if (one || loop->behaviour == LOOP_EVENT_NONE) {
        const xmlNode *d = root_find(
            l, unit, xml_reference(l, m, one ? "oneBehaviorEventRef" : "noneBehaviorEventRef"));
        if (d == NULL) {
            return bad(l, unit, n, ERR_SYNTAX, "behavior One or None names the event it throws");
        }
        TRY(trigger_read(l, unit, n, d, &list[loop->throw_count++].trigger));
    }
    for (const xmlNode *c = m->children;
         loop->behaviour == LOOP_EVENT_COMPLEX && c != NULL && loop->throw_count < 16;
         c = c->next) {
        if (!xml_is(c, BPMN_NS, "complexBehaviorDefinition")) {
            continue;
        }
        const xmlNode *when = xml_child(c, "condition");
        const xmlNode *event = xml_child(c, "event");
        for (const xmlNode *d = event == NULL ? NULL : event->children; d != NULL; d = d->next) {
            const xmlNode *definition = xml_is(d, BPMN_NS, "eventDefinitionRef")
                                            ? root_find(l, unit, without_prefix(xml_content(l, d)))
                                            : d;
            size_t length = definition == NULL || definition->type != XML_ELEMENT_NODE
                                ? 0
                                : strlen((const char *)definition->name);
            if (length > 15 &&
                strcmp((const char *)definition->name + length - 15, "EventDefinition") == 0 &&
                loop->throw_count < 16) {
                struct loop_throw *t = &list[loop->throw_count++];
                t->condition =
                    when == NULL ? NULL : expression_add(l, unit, n, when, xml_content(l, when), 0);
                TRY(trigger_read(l, unit, n, definition, &t->trigger));
            }
        }
    }
    loop->throws = list;
    return ERR_OK;
}

/* What two widespread engines write beside or instead of the standard's elements. */
static enum err read_foreign(struct loader *l, uint16_t unit, const xmlNode *n, const xmlNode *m,
                             struct bpmn_loop *loop)
{
    struct ctx *ctx = l->ctx;
    struct str in = {0};
    struct str item = {0};
    for (const xmlAttr *at = m->properties; at != NULL; at = at->next) {
        const char *value = at->children == NULL ? "" : (const char *)at->children->content;
        if (at->ns != NULL && strcmp((const char *)at->name, "collection") == 0) {
            in = str_copy(ctx->arena, str_from(value));
        } else if (at->ns != NULL && strcmp((const char *)at->name, "elementVariable") == 0) {
            item = str_copy(ctx->arena, str_from(value));
        }
    }
    const xmlNode *x = xml_child(m, "extensionElements");
    for (const xmlNode *t = x == NULL ? NULL : x->children; t != NULL; t = t->next) {
        if (t->type == XML_ELEMENT_NODE &&
            strcmp((const char *)t->name, "loopCharacteristics") == 0) {
            in = xml_attribute(l, t, "inputCollection");
            item = xml_attribute(l, t, "inputElement");
        }
    }
    if (loop->collection == NULL && loop->cardinality == NULL && in.n > 0) {
        loop->collection = expression_add(l, unit, n, m, in, 0);
    }
    if (loop->item < 0 && item.n > 0) {
        uint16_t index = 0;
        TRY(name_add(l, unit, n, item, true, &index));
        loop->item = index;
    }
    return ERR_OK;
}

static enum err read_multi(struct loader *l, uint16_t unit, const xmlNode *n, const xmlNode *m,
                           struct bpmn_loop *loop)
{
    struct ctx *ctx = l->ctx;
    const xmlNode *cardinality = xml_child(m, "loopCardinality");
    const xmlNode *in = xml_child(m, "loopDataInputRef");
    const xmlNode *out = xml_child(m, "loopDataOutputRef");
    const xmlNode *done = xml_child(m, "completionCondition");
    loop->multi = true;
    loop->sequential = str_equal(xml_attribute(l, m, "isSequential"), STR("true"));
    loop->cardinality = cardinality == NULL ? NULL
                                            : expression_add(l, unit, n, cardinality,
                                                             xml_content(l, cardinality), 0);
    loop->condition =
        done == NULL ? NULL : expression_add(l, unit, n, done, xml_content(l, done), 0);
    if (in != NULL) {
        struct str ref = without_prefix(xml_content(l, in));
        int32_t name = item_name(l, unit, ref);
        loop->collection = expression_add(l, unit, n, in, name < 0 ? ref : l->names[name], 0);
    }
    TRY(read_item(l, unit, n, xml_child(m, "inputDataItem"), &loop->item));
    TRY(read_item(l, unit, n, xml_child(m, "outputDataItem"), &loop->result_item));
    if (out != NULL && loop->result_item >= 0) {
        struct str ref = without_prefix(xml_content(l, out));
        uint16_t index = 0;
        int32_t name = item_name(l, unit, ref);
        if (name < 0) {
            TRY(name_add(l, unit, n, ref, false, &index));
            name = index;
        }
        loop->result_list = name;
    }
    if (l->options->open) {
        TRY(read_foreign(l, unit, n, m, loop));
    }
    TRY(read_throws(l, unit, n, m, loop));
    if (loop->cardinality == NULL && loop->collection == NULL) {
        return bad(l, unit, n, ERR_SYNTAX,
                   "a multi-instance activity says how many: loopCardinality or loopDataInputRef");
    }
    return ERR_OK;
}

enum err loop_read(struct loader *l, uint16_t unit, const xmlNode *n, const struct bpmn_loop **ret)
{
    struct ctx *ctx = l->ctx;
    const xmlNode *standard = xml_child(n, "standardLoopCharacteristics");
    const xmlNode *multi = xml_child(n, "multiInstanceLoopCharacteristics");
    *ret = NULL;
    if (standard == NULL && multi == NULL) {
        return ERR_OK;
    }
    struct bpmn_loop *loop = ARENA_NEW(ctx->arena, struct bpmn_loop);
    *loop = (struct bpmn_loop){.item = NO_INDEX, .result_item = NO_INDEX, .result_list = NO_INDEX};
    *ret = loop;
    if (multi != NULL) {
        return read_multi(l, unit, n, multi, loop);
    }
    const xmlNode *c = xml_child(standard, "loopCondition");
    struct str max = str_trim(xml_attribute(l, standard, "loopMaximum"));
    uint64_t most = 0;
    loop->test_before = str_equal(xml_attribute(l, standard, "testBefore"), STR("true"));
    loop->condition = c == NULL ? NULL : expression_add(l, unit, n, c, xml_content(l, c), 0);
    if (max.n > 0 && (!str_to_u64(max, &most) || most == 0 || most > UINT32_MAX)) {
        return bad(l, unit, n, ERR_SYNTAX, "loopMaximum is a whole number from 1");
    }
    loop->max = (uint32_t)most;
    if (loop->condition == NULL && loop->max == 0) {
        return bad(l, unit, n, ERR_SYNTAX,
                   "a loop has a loopCondition or a loopMaximum, or it would never end");
    }
    return ERR_OK;
}
