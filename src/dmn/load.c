/* Documents to a model: modules and imports, elements, requirements, order, logic. */
#include <stdlib.h>

#include "base/token.h"
#include "dmn/dmn_in.h"

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

static const struct feel_zone_source *zones_of(const struct dmn_options *o)
{
    return o->zones == NULL ? &feel_zones_of_world : o->zones;
}

/* Every version has a namespace of its own: 1.1 and 1.2 under http, 1.3 on under https. */
static bool is_dmn_namespace(struct str ns)
{
    return (str_starts(ns, STR("http://www.omg.org/spec/DMN/")) ||
            str_starts(ns, STR("https://www.omg.org/spec/DMN/")));
}

bool dmn_is(const struct xml *x, const char *name)
{
    return str_equal(x->name, str_from(name)) && is_dmn_namespace(x->ns);
}

struct feel_scope dmn_scope(const struct loader *l, const struct module *m,
                            const struct names *names)
{
    return (struct feel_scope){.names = names->p,
                               .count = names->n,
                               .types = m->types,
                               .type_count = m->type_count,
                               .zones = zones_of(&l->options),
                               .java = l->options.java};
}

struct feel_source dmn_text(const struct module *m, const struct xml *x)
{
    const struct xml *text = doc_child(x, "text");
    struct feel_source s = {.file = m->file, .line = x->line, .column = 1};
    if (text == NULL) {
        return s;
    }
    s.line = text->line;
    s.text = str_trim(text->text);
    for (const char *p = text->text.p; s.text.n > 0 && p < s.text.p; p++) {
        s.line += *p == '\n';
    }
    return s;
}

static enum err refuse(struct loader *l, const struct module *m, enum err code, const struct xml *x,
                       const char *what, struct str name)
{
    if (name.n == 0) {
        return fault_at(l->ctx, code, m->file, x->line, 0, "%.*s: %s", FMT(x->name), what);
    }
    return fault_at(l->ctx, code, m->file, x->line, 0, "%.*s: %s \"%.*s\"", FMT(x->name), what,
                    FMT(name));
}

/* ---- modules ---- */

static enum err read_modules(struct loader *l, const struct dmn_source *sources, size_t count)
{
    struct ctx *ctx = l->ctx;
    l->model->modules = ARENA_ARRAY(ctx->arena, struct module, count);
    for (size_t i = 0; i < count; i++) {
        struct xml *root = NULL;
        struct module *m = &l->model->modules[l->model->module_count++];
        TRY(doc_read(ctx, sources[i].xml, sources[i].file, &root));
        if (!dmn_is(root, "definitions")) {
            return fault_at(ctx, ERR_SYNTAX, sources[i].file, root->line, 0,
                            "expected the element definitions of DMN 1.1 to 1.5, found %.*s",
                            FMT(root->name));
        }
        *m = (struct module){.file = sources[i].file,
                             .ns = doc_attr(root, STR("namespace")),
                             .name = doc_attr(root, STR("name")),
                             .root = root};
    }
    return ERR_OK;
}

static struct module *module_of(const struct dmn_model *model, struct str ns)
{
    for (size_t i = 0; i < model->module_count; i++) {
        if (str_equal(model->modules[i].ns, ns)) {
            return &model->modules[i];
        }
    }
    return NULL;
}

static enum err declare(struct loader *l, struct module *m);

static enum err read_imports(struct loader *l, struct module *m)
{
    struct ctx *ctx = l->ctx;
    m->imports = ARENA_ARRAY(ctx->arena, struct import, doc_count(m->root, "import"));
    for (const struct xml *x = doc_child(m->root, "import"); x != NULL; x = doc_next(x)) {
        struct import *import = &m->imports[m->import_count];
        import->name = str_trim(doc_attr(x, STR("name")));
        import->ns = doc_attr(x, STR("namespace"));
        if (!is_dmn_namespace(doc_attr(x, STR("importType")))) {
            return refuse(l, m, ERR_NOT_SUPPORTED, x, "only DMN models are imported, not",
                          doc_attr(x, STR("importType")));
        }
        struct module *other = module_of(l->model, import->ns);
        if (other == NULL) {
            return refuse(l, m, ERR_NOT_FOUND, x, "no given document has the namespace",
                          import->ns);
        }
        import->module = other;
        TRY(declare(l, other));
        m->import_count++;
    }
    return ERR_OK;
}

/* ---- elements ---- */

static const struct {
    const char *element;
    enum dmn_kind kind;
} kinds[] = {
    {"inputData", DMN_INPUT},
    {"decision", DMN_DECISION},
    {"businessKnowledgeModel", DMN_KNOWLEDGE},
    {"decisionService", DMN_SERVICE},
};

static bool kind_of(const struct xml *x, enum dmn_kind *ret)
{
    for (size_t i = 0; i < LEN(kinds); i++) {
        if (dmn_is(x, kinds[i].element)) {
            *ret = kinds[i].kind;
            return true;
        }
    }
    return false;
}

static int by_id(const void *a, const void *b)
{
    return str_compare((*(struct dmn_node *const *)a)->id, (*(struct dmn_node *const *)b)->id);
}

static int by_name(const void *a, const void *b)
{
    return str_compare((*(struct dmn_node *const *)a)->name, (*(struct dmn_node *const *)b)->name);
}

static enum err index_nodes(struct loader *l, struct module *m)
{
    m->by_id = ARENA_ARRAY(l->ctx->arena, struct dmn_node *, m->node_count);
    m->by_name = ARENA_ARRAY(l->ctx->arena, struct dmn_node *, m->node_count);
    for (size_t i = 0; i < m->node_count; i++) {
        m->by_id[i] = m->by_name[i] = m->nodes[i];
    }
    if (m->node_count > 0) {
        qsort(m->by_id, m->node_count, sizeof(struct dmn_node *), by_id);
        qsort(m->by_name, m->node_count, sizeof(struct dmn_node *), by_name);
    }
    for (size_t i = 1; i < m->node_count; i++) {
        if (str_equal(m->by_name[i]->name, m->by_name[i - 1]->name)) {
            return refuse(l, m, ERR_DUPLICATE, m->by_name[i]->xml, "two elements have the name",
                          m->by_name[i]->name);
        }
        if (m->by_id[i]->id.n > 0 && str_equal(m->by_id[i]->id, m->by_id[i - 1]->id)) {
            return refuse(l, m, ERR_DUPLICATE, m->by_id[i]->xml, "two elements have the id",
                          m->by_id[i]->id);
        }
    }
    return ERR_OK;
}

static enum err read_elements(struct loader *l, struct module *m)
{
    struct ctx *ctx = l->ctx;
    enum dmn_kind kind = DMN_INPUT;
    size_t count = 0;
    for (const struct xml *x = m->root->child; x != NULL; x = x->next) {
        count += kind_of(x, &kind);
    }
    if (count > LIMIT_DMN_ELEMENTS || l->model->node_count + count > LIMIT_DMN_ELEMENTS) {
        return refuse(l, m, ERR_TOO_MANY, m->root,
                      "there are more elements than the limit dmn_elements; split the model",
                      STR(""));
    }
    m->nodes = ARENA_ARRAY(ctx->arena, struct dmn_node *, count);
    struct dmn_node *nodes = ARENA_ARRAY(ctx->arena, struct dmn_node, count);
    for (const struct xml *x = m->root->child; x != NULL; x = x->next) {
        if (!kind_of(x, &kind)) {
            continue;
        }
        struct dmn_node *n = &nodes[m->node_count];
        const struct xml *variable = doc_child(x, "variable");
        *n = (struct dmn_node){.kind = kind, .xml = x, .module = m, .id = doc_attr(x, STR("id"))};
        n->name = str_trim(doc_attr(x, STR("name")));
        if (n->name.n == 0) {
            n->name = str_trim(doc_attr(variable, STR("name")));
        }
        if (n->name.n == 0) {
            return refuse(l, m, ERR_MISSING, x, "it has no name", STR(""));
        }
        m->nodes[m->node_count++] = n;
    }
    l->model->node_count += m->node_count;
    return index_nodes(l, m);
}

static enum err read_types(struct loader *l, struct module *m)
{
    struct ctx *ctx = l->ctx;
    TRY(dmn_types_resolve(l, m));
    for (size_t i = 0; i < m->node_count; i++) {
        struct dmn_node *n = m->nodes[i];
        const struct xml *variable = doc_child(n->xml, "variable");
        if (variable != NULL) {
            TRY(dmn_type_ref(l, m, variable, doc_attr(variable, STR("typeRef")), &n->type));
        }
        n->shape = n->type;
    }
    return ERR_OK;
}

static enum err declare(struct loader *l, struct module *m)
{
    struct ctx *ctx = l->ctx;
    if (m->mark == MARK_DONE) {
        return ERR_OK;
    }
    if (m->mark == MARK_OPEN) {
        return refuse(l, m, ERR_CONFLICT, m->root,
                      "models import each other in a circle:", m->name);
    }
    if (l->depth == LIMIT_XML_DEPTH) {
        return refuse(l, m, ERR_TOO_DEEP, m->root, "too many models import each other", STR(""));
    }
    m->mark = MARK_OPEN;
    l->depth++;
    TRY(read_imports(l, m));
    l->depth--;
    TRY(dmn_types_declare(l, m));
    TRY(read_elements(l, m));
    TRY(read_types(l, m));
    m->mark = MARK_DONE;
    return ERR_OK;
}

/* ---- requirements ---- */

static struct dmn_node *node_by(struct dmn_node *const *sorted, size_t count, struct dmn_node *key,
                                int (*compare)(const void *, const void *))
{
    struct dmn_node *const *hit =
        count == 0 ? NULL : bsearch(&key, sorted, count, sizeof(struct dmn_node *), compare);
    return hit == NULL ? NULL : *hit;
}

/* "#id" or "namespace#id". */
static enum err follow(struct loader *l, const struct module *m, const struct xml *x,
                       struct dmn_node **ret)
{
    struct str href = doc_attr(x, STR("href"));
    struct str id = {0};
    struct str ns = str_cut(href, '#', &id);
    struct module *at = ns.n == 0 || str_equal(ns, m->ns) ? NULL : module_of(l->model, ns);
    const struct module *in = ns.n == 0 || str_equal(ns, m->ns) ? m : at;
    struct dmn_node key = {.id = id};
    if (in != NULL && in->mark == MARK_NEW) {
        in = NULL; /* given, but not imported */
    }
    *ret = in == NULL || id.n == 0 ? NULL : node_by(in->by_id, in->node_count, &key, by_id);
    return *ret == NULL ? refuse(l, m, ERR_UNKNOWN_NAME, x,
                                 "it points to nothing in this model or its imports:", href)
                        : ERR_OK;
}

struct node_list {
    struct dmn_node **p;
    size_t n, room;
};

static void list_add(struct arena *a, struct node_list *list, struct dmn_node *n)
{
    for (size_t i = 0; i < list->n; i++) {
        if (list->p[i] == n) {
            return;
        }
    }
    if (list->n == list->room) {
        size_t room = list->room == 0 ? 4 : list->room * 2;
        list->p = arena_grow(a, list->p, list->room * sizeof(*list->p), room * sizeof(*list->p));
        list->room = room;
    }
    list->p[list->n++] = n;
}

static enum err gather(struct loader *l, const struct dmn_node *n, const char *element,
                       struct node_list *list)
{
    struct ctx *ctx = l->ctx;
    for (const struct xml *x = doc_child(n->xml, element); x != NULL; x = doc_next(x)) {
        struct dmn_node *to = NULL;
        TRY(follow(l, n->module, x, &to));
        list_add(ctx->arena, list, to);
    }
    return ERR_OK;
}

static bool may_require(const struct dmn_node *n, const struct dmn_node *to, bool knowledge)
{
    bool callable = to->kind == DMN_KNOWLEDGE || to->kind == DMN_SERVICE;
    return knowledge ? callable : !callable && n->kind == DMN_DECISION;
}

static enum err gather_requirements(struct loader *l, struct dmn_node *n, struct node_list *list)
{
    struct ctx *ctx = l->ctx;
    for (const struct xml *x = n->xml->child; x != NULL; x = x->next) {
        bool knowledge = dmn_is(x, "knowledgeRequirement");
        if (!knowledge && !dmn_is(x, "informationRequirement")) {
            continue;
        }
        for (const struct xml *ref = x->child; ref != NULL; ref = ref->next) {
            if (!dmn_is(ref, "requiredDecision") && !dmn_is(ref, "requiredInput") &&
                !dmn_is(ref, "requiredKnowledge")) {
                continue;
            }
            struct dmn_node *to = NULL;
            TRY(follow(l, n->module, ref, &to));
            if (!may_require(n, to, knowledge)) {
                return refuse(l, n->module, ERR_TYPE, ref,
                              "this kind of element is not required that way:", to->name);
            }
            list_add(ctx->arena, list, to);
        }
    }
    return ERR_OK;
}

static enum err link_service(struct loader *l, struct dmn_node *n)
{
    struct ctx *ctx = l->ctx;
    struct node_list outputs = {0};
    struct node_list given = {0};
    struct node_list needs = {0};
    TRY(gather(l, n, "outputDecision", &outputs));
    TRY(gather(l, n, "inputData", &given));
    TRY(gather(l, n, "inputDecision", &given));
    TRY(gather(l, n, "encapsulatedDecision", &needs));
    n->outputs = outputs.p;
    n->output_count = outputs.n;
    n->given = given.p;
    n->param_count = given.n;
    n->params = ARENA_ARRAY(ctx->arena, struct feel_member, given.n);
    for (size_t i = 0; i < given.n; i++) {
        n->params[i] = (struct feel_member){given.p[i]->name, given.p[i]->type};
    }
    for (size_t i = 0; i < outputs.n; i++) {
        if (outputs.p[i]->kind != DMN_DECISION) {
            return refuse(l, n->module, ERR_TYPE, n->xml,
                          "an output is no decision:", outputs.p[i]->name);
        }
        list_add(ctx->arena, &needs, outputs.p[i]);
    }
    n->needs = needs.p;
    n->need_count = needs.n;
    return ERR_OK;
}

static enum err slot_push(struct loader *l, struct dmn_node *n, struct str name,
                          const struct feel_type *type)
{
    struct maker maker = {.l = l, .node = n, .module = n->module, .names = &n->names};
    uint32_t slot = 0;
    return names_push(&maker, n->xml, name, type, &slot);
}

/* What is required of one imported model, as a context under the name of the import. */
static enum err link_import(struct loader *l, struct dmn_node *n, const struct import *import)
{
    struct ctx *ctx = l->ctx;
    struct node_list list = {0};
    for (size_t i = 0; i < n->need_count; i++) {
        if (n->needs[i]->module == import->module && import->module != n->module) {
            list_add(ctx->arena, &list, n->needs[i]);
        }
    }
    if (list.n == 0 || import->name.n == 0) {
        return ERR_OK;
    }
    struct feel_member *members = ARENA_ARRAY(ctx->arena, struct feel_member, list.n);
    struct feel_type *type = ARENA_NEW(ctx->arena, struct feel_type);
    for (size_t i = 0; i < list.n; i++) {
        members[i] = (struct feel_member){list.p[i]->name, list.p[i]->shape};
    }
    *type = (struct feel_type){.kind = FEEL_TYPE_CONTEXT, .members = members, .count = list.n};
    n->imports[n->import_count++] = (struct import_slot){(uint32_t)n->names.n, list.p, list.n};
    return slot_push(l, n, import->name, type);
}

static bool stands_plain(const struct dmn_node *n, const struct dmn_node *need)
{
    if (need->module == n->module) {
        return true;
    }
    for (size_t i = 0; i < n->module->import_count; i++) {
        if (n->module->imports[i].module == need->module) {
            return n->module->imports[i].name.n == 0;
        }
    }
    return false;
}

static bool is_imported(const struct dmn_node *n, const struct dmn_node *need)
{
    bool found = need->module == n->module;
    for (size_t i = 0; i < n->module->import_count; i++) {
        found = found || n->module->imports[i].module == need->module;
    }
    return found;
}

/* The names that the logic of n sees: what it requires, and nothing else (DMN 1.5, 7.3.1). */
static enum err name_needs(struct loader *l, struct dmn_node *n)
{
    struct ctx *ctx = l->ctx;
    n->direct = ARENA_ARRAY(ctx->arena, struct dmn_node *, n->need_count);
    n->imports = ARENA_ARRAY(ctx->arena, struct import_slot, n->module->import_count);
    for (size_t k = 0; k < 2 * n->need_count; k++) { /* input data first */
        struct dmn_node *need = n->needs[k % n->need_count];
        if (!is_imported(n, need)) {
            return refuse(l, n->module, ERR_UNKNOWN_NAME, n->xml,
                          "it requires an element of a model that is not imported:", need->name);
        }
        if (stands_plain(n, need) && (need->kind == DMN_INPUT) == (k < n->need_count)) {
            n->direct[n->direct_count++] = need;
            TRY(slot_push(l, n, need->name, need->shape));
        }
    }
    for (size_t i = 0; i < n->module->import_count; i++) {
        TRY(link_import(l, n, &n->module->imports[i]));
    }
    return ERR_OK;
}

static enum err link_node(struct loader *l, struct dmn_node *n)
{
    struct ctx *ctx = l->ctx;
    if (n->kind == DMN_SERVICE) {
        return link_service(l, n);
    }
    struct node_list needs = {0};
    TRY(gather_requirements(l, n, &needs));
    n->needs = needs.p;
    n->need_count = needs.n;
    return ERR_OK;
}

/* ---- order ---- */

struct walk {
    struct dmn_node *n;
    size_t next;
};

/* "a requires itself, by b, c": those between stand on the stack. */
static enum err refuse_circle(struct loader *l, const struct dmn_node *n, const struct walk *stack,
                              size_t depth)
{
    enum { SHOWN = 8 };
    struct buf b = buf_new(l->ctx->arena, LIMIT_XML_BYTES);
    size_t from = depth - 1;
    while (stack[from].n != n) {
        from--;
    }
    buf_format(&b, "\"%.*s\" requires itself, in a circle", FMT(n->name));
    for (size_t i = from + 1; i < depth && i <= from + SHOWN; i++) {
        buf_format(&b, "%s \"%.*s\"", i == from + 1 ? " by" : ",", FMT(stack[i].n->name));
    }
    struct str text = buf_str(&b);
    return fault_at(l->ctx, ERR_CONFLICT, n->module->file, n->xml->line, 0, "%.*s", FMT(text));
}

/* Depth first with a stack of its own: a chain of requirements may be as long as the model. */
static enum err order_from(struct loader *l, struct dmn_node *first, struct walk *stack)
{
    size_t depth = 0;
    struct dmn_model *model = l->model;
    if (first->mark != MARK_NEW) {
        return ERR_OK;
    }
    first->mark = MARK_OPEN;
    stack[depth++] = (struct walk){first, 0};
    while (depth > 0) {
        struct walk *w = &stack[depth - 1];
        if (w->next == w->n->need_count) {
            w->n->mark = MARK_DONE;
            w->n->index = (uint32_t)model->node_count;
            model->nodes[model->node_count++] = w->n;
            depth--;
            continue;
        }
        struct dmn_node *need = w->n->needs[w->next++];
        if (need->mark == MARK_OPEN) {
            return refuse_circle(l, need, stack, depth);
        }
        if (need->mark == MARK_NEW) {
            need->mark = MARK_OPEN;
            stack[depth++] = (struct walk){need, 0};
        }
    }
    return ERR_OK;
}

static enum err order(struct loader *l)
{
    struct ctx *ctx = l->ctx;
    struct dmn_model *model = l->model;
    size_t count = model->node_count;
    struct walk *stack = ARENA_ARRAY(ctx->arena, struct walk, count + 1);
    model->nodes = ARENA_ARRAY(ctx->arena, struct dmn_node *, count);
    model->node_count = 0;
    for (size_t i = 0; i < model->module_count; i++) {
        for (size_t k = 0; k < model->modules[i].node_count; k++) {
            TRY(order_from(l, model->modules[i].nodes[k], stack));
        }
    }
    return ERR_OK;
}

/* ---- logic ---- */

static const struct feel_type *function_type(struct arena *a, const struct dmn_node *n)
{
    struct feel_type *t = ARENA_NEW(a, struct feel_type);
    *t = (struct feel_type){.kind = FEEL_TYPE_FUNCTION,
                            .members = n->params,
                            .count = n->param_count,
                            .element = n->result};
    return t;
}

static void shape_service(struct arena *a, struct dmn_node *n)
{
    n->result = n->output_count == 1 ? n->outputs[0]->shape : NULL;
    if (n->output_count > 1) {
        struct feel_member *members = ARENA_ARRAY(a, struct feel_member, n->output_count);
        struct feel_type *t = ARENA_NEW(a, struct feel_type);
        for (size_t i = 0; i < n->output_count; i++) {
            members[i] = (struct feel_member){n->outputs[i]->name, n->outputs[i]->shape};
        }
        *t = (struct feel_type){
            .kind = FEEL_TYPE_CONTEXT, .members = members, .count = n->output_count};
        n->result = t;
    }
    n->shape = function_type(a, n);
}

static enum err make_logic(struct loader *l, struct dmn_node *n)
{
    struct ctx *ctx = l->ctx;
    struct maker maker = {.l = l, .node = n, .module = n->module, .names = &n->names};
    if (n->kind == DMN_DECISION) {
        TRY(box_make(&maker, n->xml, &n->logic));
        n->java = n->java || maker.java;
        n->shape = n->type != NULL || n->logic == NULL ? n->type : n->logic->shape;
    } else if (n->kind == DMN_KNOWLEDGE) {
        const struct xml *logic = doc_child(n->xml, "encapsulatedLogic");
        if (logic != NULL) {
            TRY(box_function(&maker, logic, n, &n->logic));
        }
        n->java = n->java || maker.java;
        bool is_function = n->type != NULL && n->type->kind == FEEL_TYPE_FUNCTION;
        n->result = is_function ? n->type->element : n->type;
        n->shape = function_type(ctx->arena, n);
    }
    return ERR_OK;
}

static enum err make_node(struct loader *l, struct dmn_node *n)
{
    struct ctx *ctx = l->ctx;
    for (size_t i = 0; i < n->need_count; i++) {
        n->java = n->java || n->needs[i]->java;
    }
    if (n->kind == DMN_SERVICE) {
        shape_service(ctx->arena, n);
        return ERR_OK;
    }
    TRY(name_needs(l, n));
    enum err err = make_logic(l, n);
    bool skip = err == ERR_SYNTAX || err == ERR_UNKNOWN_NAME || err == ERR_NOT_SUPPORTED ||
                err == ERR_DUPLICATE || err == ERR_MISSING || err == ERR_TYPE;
    if (err != ERR_OK && l->options.tolerant && skip) {
        n->logic = NULL;
        n->broken = ctx->why.detail;
        n->shape = n->kind == DMN_KNOWLEDGE ? function_type(ctx->arena, n) : n->type;
        ctx->why = (struct why){0};
        return ERR_OK;
    }
    return err;
}

enum err dmn_load_all(struct ctx *ctx, const struct dmn_source *sources, size_t count,
                      const struct dmn_options *options, struct dmn_model **ret)
{
    struct loader l = {.ctx = ctx, .model = ARENA_NEW(ctx->arena, struct dmn_model)};
    must(count > 0);
    if (options != NULL) {
        l.options = *options;
    }
    l.model->options = l.options;
    TRY(read_modules(&l, sources, count));
    TRY(declare(&l, &l.model->modules[0]));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < l.model->modules[i].node_count; k++) {
            TRY(link_node(&l, l.model->modules[i].nodes[k]));
        }
    }
    TRY(order(&l));
    for (size_t i = 0; i < l.model->node_count; i++) {
        TRY(make_node(&l, l.model->nodes[i]));
    }
    *ret = l.model;
    return ERR_OK;
}

enum err dmn_load(struct ctx *ctx, struct str xml, struct str file, struct dmn_model **ret)
{
    struct dmn_source source = {xml, file};
    return dmn_load_all(ctx, &source, 1, NULL, ret);
}

/* ---- looking inside ---- */

const struct dmn_node *dmn_find(const struct dmn_model *m, enum dmn_kind kind, struct str ns,
                                struct str name)
{
    const struct module *module = ns.n == 0 ? &m->modules[0] : module_of(m, ns);
    struct dmn_node key = {.name = name};
    struct dmn_node *n =
        module == NULL ? NULL : node_by(module->by_name, module->node_count, &key, by_name);
    return n != NULL && n->kind == kind ? n : NULL;
}

bool dmn_has_decision(const struct dmn_model *m, struct str name)
{
    return dmn_find(m, DMN_DECISION, (struct str){0}, name) != NULL;
}

size_t dmn_nodes(const struct dmn_model *m, const struct dmn_node *const **ret)
{
    *ret = (const struct dmn_node *const *)m->modules[0].nodes;
    return m->modules[0].node_count;
}

enum dmn_kind dmn_node_kind(const struct dmn_node *n)
{
    return n->kind;
}

struct str dmn_node_name(const struct dmn_node *n)
{
    return n->name;
}

const struct feel_type *dmn_node_type(const struct dmn_node *n)
{
    return n->type;
}

bool dmn_node_java(const struct dmn_node *n)
{
    return n->java;
}

