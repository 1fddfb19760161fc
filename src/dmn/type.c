/* Item definitions to types (DMN 1.5, 7.3.2 and 7.3.3). */
#include "base/token.h"
#include "dmn/dmn_in.h"
#include "feel/shape.h"

enum state { STATE_NEW, STATE_OPEN, STATE_DONE };

struct item_definition {
    const struct xml *xml;
    struct feel_type *type;
    struct str allowed; /* the text of its constraint */
    enum state state;
};

enum { TYPE_DEPTH_MAX = 100 };

static enum err resolve(struct loader *l, struct module *m, struct item_definition *d);
static enum err build(struct loader *l, struct module *m, const struct xml *x, struct feel_type *t,
                      struct str *ret_allowed);

static enum err refuse(struct loader *l, const struct module *m, enum err code, const struct xml *x,
                       const char *what)
{
    return fault_at(l->ctx, code, m->file, x->line, 0, "type \"%.*s\": %s",
                    FMT(doc_attr(x, STR("name"))), what);
}

/* DMN 1.1 wrote types as QNames: "feel:string". */
static struct str without_prefix(struct str ref)
{
    struct str rest = {0};
    str_cut(ref, ':', &rest);
    return rest.n > 0 ? rest : ref;
}

static struct item_definition *own_definition(struct module *m, struct str name)
{
    for (size_t i = 0; i < m->item_count; i++) {
        if (str_equal(m->items[i].type->name, name)) {
            return &m->items[i];
        }
    }
    return NULL;
}

enum err dmn_type_ref(struct loader *l, const struct module *m, const struct xml *x, struct str ref,
                      const struct feel_type **ret)
{
    struct ctx *ctx = l->ctx;
    struct names none = {0};
    struct feel_scope scope = dmn_scope(l, m, &none);
    const struct feel_type *t = NULL;
    ref = str_trim(ref);
    *ret = NULL;
    if (ref.n == 0) {
        return ERR_OK;
    }
    struct feel_source source = {.text = ref, .file = m->file, .line = x->line, .column = 1};
    enum err err = feel_type_parse(ctx, &scope, source, &t);
    if (err != ERR_OK && without_prefix(ref).n < ref.n) {
        source.text = without_prefix(ref);
        err = feel_type_parse(ctx, &scope, source, &t);
    }
    if (err != ERR_OK) {
        return fault_at(ctx, ERR_UNKNOWN_NAME, m->file, x->line, 0, "there is no type \"%.*s\"",
                        FMT(ref));
    }
    *ret = t->kind == FEEL_TYPE_ANY && t->name.n == 0 ? NULL : t;
    return ERR_OK;
}

/* Compile the tests of x for t. A type made from one with tests must pass both: inherited is the
 * text of those. */
static enum err constraint(struct loader *l, struct module *m, const struct xml *x,
                           struct str inherited, struct feel_type *t, struct str *ret_text)
{
    struct ctx *ctx = l->ctx;
    struct names none = {0};
    struct feel_scope scope = dmn_scope(l, m, &none);
    struct feel_source source = dmn_text(m, x);
    if (source.text.n == 0) {
        return ERR_OK;
    }
    struct feel_type *input = ARENA_NEW(ctx->arena, struct feel_type);
    *input = *t;
    scope.input = input;
    if (t->allowed != NULL) {
        bool plain = inherited.n > 0 && str_find_byte(inherited, '?') == SIZE_MAX &&
                     str_find_byte(source.text, '?') == SIZE_MAX &&
                     !str_starts(inherited, STR("not")) && !str_starts(source.text, STR("not"));
        if (!plain) {
            return fault_at(
                ctx, ERR_NOT_SUPPORTED, m->file, x->line, 0,
                "type \"%.*s\" constrains a type that has a constraint; write one for both",
                FMT(t->name));
        }
        source.text = str_format(ctx->arena, "(? in (%.*s)) and (? in (%.*s))", FMT(inherited),
                                 FMT(source.text));
    }
    TRY(feel_compile_unary(ctx, &scope, source, &t->allowed));
    *ret_text = source.text;
    return ERR_OK;
}

/* Take over what the named type is, its name apart. */
static enum err take_base(struct loader *l, struct module *m, const struct xml *x,
                          struct feel_type *t, struct str *ret_allowed)
{
    struct ctx *ctx = l->ctx;
    const struct xml *ref = doc_child(x, "typeRef");
    struct str name = ref == NULL ? (struct str){0} : str_trim(ref->text);
    struct item_definition *own = own_definition(m, name);
    own = own == NULL ? own_definition(m, without_prefix(name)) : own;
    const struct feel_type *base = NULL;
    if (own != NULL) {
        TRY(resolve(l, m, own));
        base = own->type;
        *ret_allowed = own->allowed;
    } else if (name.n > 0) {
        TRY(dmn_type_ref(l, m, ref, name, &base));
    }
    if (base != NULL) {
        struct str kept = t->name;
        *t = *base;
        t->name = kept;
    }
    return ERR_OK;
}

/* The type of a component: the named one itself, so that types may contain themselves, or one of
 * its own. */
static enum err component(struct loader *l, struct module *m, const struct xml *x,
                          const struct feel_type **ret)
{
    struct ctx *ctx = l->ctx;
    const struct xml *ref = doc_child(x, "typeRef");
    struct str collection = doc_attr(x, STR("isCollection"));
    bool plain = ref != NULL && !str_equal(collection, STR("true")) &&
                 doc_child(x, "allowedValues") == NULL && doc_child(x, "typeConstraint") == NULL &&
                 doc_child(x, "itemComponent") == NULL;
    if (plain) {
        return dmn_type_ref(l, m, ref, ref->text, ret);
    }
    struct feel_type *t = ARENA_NEW(ctx->arena, struct feel_type);
    struct str allowed = {0};
    TRY(build(l, m, x, t, &allowed));
    *ret = t;
    return ERR_OK;
}

static enum err components(struct loader *l, struct module *m, const struct xml *x,
                           struct feel_type *t)
{
    struct ctx *ctx = l->ctx;
    size_t count = doc_count(x, "itemComponent");
    struct feel_member *members = ARENA_ARRAY(ctx->arena, struct feel_member, count);
    t->kind = FEEL_TYPE_CONTEXT;
    for (const struct xml *c = doc_child(x, "itemComponent"); c != NULL; c = doc_next(c)) {
        struct feel_member *member = &members[t->count];
        member->name = str_trim(doc_attr(c, STR("name")));
        if (member->name.n == 0) {
            return refuse(l, m, ERR_MISSING, x, "a component has no name");
        }
        for (size_t i = 0; i < t->count; i++) {
            if (str_equal(members[i].name, member->name)) {
                return refuse(l, m, ERR_DUPLICATE, c, "two components have this name");
            }
        }
        TRY(component(l, m, c, &member->type));
        t->count++;
    }
    t->members = members;
    return ERR_OK;
}

static enum err function_item(struct loader *l, struct module *m, const struct xml *x,
                              struct feel_type *t)
{
    struct ctx *ctx = l->ctx;
    struct feel_member *params =
        ARENA_ARRAY(ctx->arena, struct feel_member, doc_count(x, "parameters"));
    t->kind = FEEL_TYPE_FUNCTION;
    for (const struct xml *p = doc_child(x, "parameters"); p != NULL; p = doc_next(p)) {
        params[t->count].name = doc_attr(p, STR("name"));
        TRY(dmn_type_ref(l, m, p, doc_attr(p, STR("typeRef")), &params[t->count].type));
        t->count++;
    }
    t->members = params;
    return dmn_type_ref(l, m, x, doc_attr(x, STR("outputTypeRef")), &t->element);
}

/* An itemDefinition or itemComponent. Allowed values of a collection bind its elements, a type
 * constraint the whole. */
static enum err build(struct loader *l, struct module *m, const struct xml *x, struct feel_type *t,
                      struct str *ret_allowed)
{
    struct ctx *ctx = l->ctx;
    const struct xml *allowed = doc_child(x, "allowedValues");
    const struct xml *whole = doc_child(x, "typeConstraint");
    const struct xml *function = doc_child(x, "functionItem");
    if (function != NULL) {
        TRY(function_item(l, m, function, t));
    } else if (doc_child(x, "itemComponent") != NULL) {
        TRY(components(l, m, x, t));
    } else {
        TRY(take_base(l, m, x, t, ret_allowed));
    }
    if (allowed != NULL) {
        TRY(constraint(l, m, allowed, *ret_allowed, t, ret_allowed));
    }
    if (str_equal(doc_attr(x, STR("isCollection")), STR("true"))) {
        struct feel_type *element = ARENA_NEW(ctx->arena, struct feel_type);
        *element = *t;
        element->name = (struct str){0};
        *t = (struct feel_type){.kind = FEEL_TYPE_LIST, .name = t->name, .element = element};
        *ret_allowed = (struct str){0};
    }
    if (whole != NULL) {
        TRY(constraint(l, m, whole, *ret_allowed, t, ret_allowed));
    }
    return ERR_OK;
}

static enum err resolve(struct loader *l, struct module *m, struct item_definition *d)
{
    struct ctx *ctx = l->ctx;
    if (d->state == STATE_DONE) {
        return ERR_OK;
    }
    if (d->state == STATE_OPEN) {
        return refuse(l, m, ERR_CONFLICT, d->xml, "it is defined by itself");
    }
    if (l->depth == TYPE_DEPTH_MAX) {
        return refuse(l, m, ERR_TOO_DEEP, d->xml, "too many types are defined by each other");
    }
    d->state = STATE_OPEN;
    l->depth++;
    TRY(build(l, m, d->xml, d->type, &d->allowed));
    l->depth--;
    d->state = STATE_DONE;
    return ERR_OK;
}

enum err dmn_types_declare(struct loader *l, struct module *m)
{
    struct arena *a = l->ctx->arena;
    size_t own = doc_count(m->root, "itemDefinition");
    size_t most = own;
    for (size_t i = 0; i < m->import_count; i++) {
        most += m->imports[i].module->item_count;
    }
    m->items = ARENA_ARRAY(a, struct item_definition, own);
    m->types = ARENA_ARRAY(a, const struct feel_type *, most);
    for (const struct xml *x = doc_child(m->root, "itemDefinition"); x != NULL; x = doc_next(x)) {
        struct str name = str_trim(doc_attr(x, STR("name")));
        if (name.n == 0) {
            return refuse(l, m, ERR_MISSING, x, "an item definition has no name");
        }
        if (own_definition(m, name) != NULL) {
            return refuse(l, m, ERR_DUPLICATE, x, "two item definitions have this name");
        }
        struct feel_type *t = ARENA_NEW(a, struct feel_type);
        t->name = name;
        m->items[m->item_count++] = (struct item_definition){.xml = x, .type = t};
        m->types[m->type_count++] = t;
    }
    return ERR_OK;
}

enum err dmn_types_resolve(struct loader *l, struct module *m)
{
    struct ctx *ctx = l->ctx;
    for (size_t i = 0; i < m->import_count; i++) {
        const struct import *import = &m->imports[i];
        for (size_t k = 0; k < import->module->item_count; k++) {
            struct feel_type *t = ARENA_NEW(ctx->arena, struct feel_type);
            *t = *import->module->items[k].type;
            t->name = import->name.n == 0
                          ? t->name
                          : str_format(ctx->arena, "%.*s.%.*s", FMT(import->name), FMT(t->name));
            m->types[m->type_count++] = t;
        }
    }
    for (size_t i = 0; i < m->item_count; i++) {
        TRY(resolve(l, m, &m->items[i]));
    }
    return ERR_OK;
}

size_t dmn_listed(struct arena *a, const struct feel_program *allowed,
                  const struct feel_value **ret)
{
    const struct feel_shape *shapes = NULL;
    bool negated = false;
    *ret = NULL;
    if (allowed == NULL) {
        return 0;
    }
    size_t count = feel_unary_shape(allowed, &shapes, &negated);
    struct feel_value *points = ARENA_ARRAY(a, struct feel_value, count);
    for (size_t i = 0; i < count; i++) {
        if (negated || shapes[i].kind != FEEL_SHAPE_POINT) {
            return 0;
        }
        points[i] = shapes[i].lo;
    }
    *ret = points;
    return count;
}
