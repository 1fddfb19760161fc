/* Boxed expressions: from XML to boxes (DMN 1.5, 7.3 and 10.2). */
#include <stdio.h>

#include "dmn/dmn_in.h"

/* Names no model can write, for what a box hands to the FEEL it makes itself. */
#define LIST_NAME STR("boxed list")

static enum err make(struct maker *m, const struct xml *x, const struct box **ret);

enum err maker_refuse(struct maker *m, enum err code, const struct xml *x, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return fault_at(m->l->ctx, code, m->module->file, x->line, 0, "%.*s: %s", FMT(m->node->name),
                    text);
}

enum err names_push(struct maker *m, const struct xml *x, struct str name,
                    const struct feel_type *type, uint32_t *ret_slot)
{
    struct names *n = m->names;
    struct arena *a = m->l->ctx->arena;
    if (n->n == LIMIT_FEEL_SLOTS) {
        return maker_refuse(m, ERR_TOO_MANY, x, "more than %d names are in force",
                            LIMIT_FEEL_SLOTS);
    }
    if (n->n == n->room) {
        size_t room = n->room == 0 ? 8 : n->room * 2;
        n->p = arena_grow(a, n->p, n->room * sizeof(*n->p), room * sizeof(*n->p));
        n->room = room;
    }
    *ret_slot = (uint32_t)n->n;
    n->p[n->n++] = (struct feel_member){name, type};
    n->most = n->n > n->most ? n->n : n->most;
    return ERR_OK;
}

/* ---- texts ---- */

/* "input entry, rule 3, column 2: expected ..." beside file, line and column of the text. */
static enum err where_it_stands(struct maker *m, enum err err, struct where where)
{
    struct ctx *ctx = m->l->ctx;
    if (err == ERR_OK) {
        return ERR_OK;
    }
    struct str place =
        where.rule > 0 ? str_format(ctx->arena, ", rule %zu, column %zu", where.rule, where.column)
        : where.column > 0 ? str_format(ctx->arena, ", column %zu", where.column)
                           : STR("");
    ctx->why.detail = str_format(ctx->arena, "%.*s, %s%.*s: %.*s", FMT(m->node->name), where.what,
                                 FMT(place), FMT(ctx->why.detail));
    return err;
}

enum err text_compile(struct maker *m, const struct xml *x, struct where where,
                      const struct feel_program **ret)
{
    struct feel_scope scope = dmn_scope(m->l, m->module, m->names);
    struct feel_source source = dmn_text(m->module, x);
    struct str language = doc_attr(x, STR("expressionLanguage"));
    if (language.n > 0 && str_find(language, STR("FEEL")) == SIZE_MAX &&
        str_find(language, STR("feel")) == SIZE_MAX) {
        return where_it_stands(m,
                               maker_refuse(m, ERR_NOT_SUPPORTED, x,
                                            "the language \"%.*s\" is not FEEL", FMT(language)),
                               where);
    }
    source.text = source.text.n == 0 ? STR("null") : source.text;
    return where_it_stands(m, feel_compile(m->l->ctx, &scope, source, ret), where);
}

enum err text_compile_unary(struct maker *m, const struct xml *x, struct where where,
                            const struct feel_type *input, const struct feel_program **ret)
{
    struct feel_scope scope = dmn_scope(m->l, m->module, m->names);
    struct feel_source source = dmn_text(m->module, x);
    scope.input = input;
    source.text = source.text.n == 0 ? STR("-") : source.text;
    return where_it_stands(m, feel_compile_unary(m->l->ctx, &scope, source, ret), where);
}

static enum err type_of(struct maker *m, const struct xml *x, const struct feel_type **ret)
{
    return dmn_type_ref(m->l, m->module, x, doc_attr(x, STR("typeRef")), ret);
}

/* FEEL of our own making over names in force. */
static enum err compile_own(struct maker *m, const struct xml *x, struct str text,
                            const struct feel_program **ret)
{
    struct feel_scope scope = dmn_scope(m->l, m->module, m->names);
    struct feel_source source = dmn_text(m->module, x);
    source.text = text;
    return feel_compile(m->l->ctx, &scope, source, ret);
}

/* ---- the kinds of box ---- */

static enum err make_literal(struct maker *m, const struct xml *x, struct box *b)
{
    struct where where = {.what = "literal expression"};
    if (doc_child(x, "importedValues") != NULL) {
        return maker_refuse(m, ERR_NOT_SUPPORTED, x, "imported values are not taken");
    }
    b->kind = BOX_LITERAL;
    m->java = m->java || str_find(dmn_text(m->module, x).text, STR("external")) != SIZE_MAX;
    return text_compile(m, x, where, &b->program);
}

static struct feel_type *context_type(struct arena *a, const struct part *parts, size_t count)
{
    struct feel_type *t = ARENA_NEW(a, struct feel_type);
    struct feel_member *members = ARENA_ARRAY(a, struct feel_member, count);
    for (size_t i = 0; i < count; i++) {
        const struct feel_type *shape =
            parts[i].type != NULL || parts[i].box == NULL ? parts[i].type : parts[i].box->shape;
        members[i] = (struct feel_member){parts[i].name, shape};
    }
    *t = (struct feel_type){.kind = FEEL_TYPE_CONTEXT, .members = members, .count = count};
    return t;
}

static enum err make_context(struct maker *m, const struct xml *x, struct box *b)
{
    struct ctx *ctx = m->l->ctx;
    size_t names = m->names->n;
    struct part *parts = ARENA_ARRAY(ctx->arena, struct part, doc_count(x, "contextEntry"));
    b->kind = BOX_CONTEXT;
    for (const struct xml *e = doc_child(x, "contextEntry"); e != NULL; e = doc_next(e)) {
        struct part *part = &parts[b->part_count];
        const struct xml *variable = doc_child(e, "variable");
        part->name = str_trim(doc_attr(variable, STR("name")));
        for (size_t i = 0; part->name.n > 0 && i < b->part_count; i++) {
            if (str_equal(parts[i].name, part->name)) {
                return maker_refuse(m, ERR_DUPLICATE, e,
                                    "two context entries have the name \"%.*s\"", FMT(part->name));
            }
        }
        if (variable != NULL) {
            TRY(type_of(m, variable, &part->type));
        }
        TRY(box_make(m, e, &part->box));
        if (part->name.n == 0 && doc_next(e) != NULL) {
            return maker_refuse(m, ERR_MISSING, e,
                                "only the last context entry, the result, has no name");
        }
        if (part->name.n > 0) {
            const struct feel_type *shape =
                part->type != NULL || part->box == NULL ? part->type : part->box->shape;
            TRY(names_push(m, e, part->name, shape, &part->slot));
        }
        b->part_count++;
    }
    b->parts = parts;
    bool has_result = b->part_count > 0 && parts[b->part_count - 1].name.n == 0;
    const struct part *last = has_result ? &parts[b->part_count - 1] : NULL;
    b->shape = last == NULL ? context_type(ctx->arena, parts, b->part_count)
               : last->type != NULL || last->box == NULL ? last->type
                                                         : last->box->shape;
    names_pop(m->names, names);
    return ERR_OK;
}

static const struct feel_type *list_type(struct arena *a, const struct feel_type *element)
{
    struct feel_type *t = ARENA_NEW(a, struct feel_type);
    *t = (struct feel_type){.kind = FEEL_TYPE_LIST, .element = element};
    return t;
}

/* Is the child an expression, and not a description, a label, an extension? */
static bool is_expression(const struct xml *x);

static enum err make_list(struct maker *m, const struct xml *x, struct box *b)
{
    struct ctx *ctx = m->l->ctx;
    size_t count = 0;
    for (const struct xml *c = x->child; c != NULL; c = c->next) {
        count += is_expression(c);
    }
    struct part *parts = ARENA_ARRAY(ctx->arena, struct part, count);
    b->kind = BOX_LIST;
    for (const struct xml *c = x->child; c != NULL; c = c->next) {
        if (is_expression(c)) {
            TRY(make(m, c, &parts[b->part_count++].box));
        }
    }
    b->parts = parts;
    b->shape = list_type(ctx->arena, count > 0 ? parts[0].box->shape : NULL);
    return ERR_OK;
}

/* Columns are parts; rows are lists of as many boxes, in b->a as a chain of list boxes. */
static enum err make_relation(struct maker *m, const struct xml *x, struct box *b)
{
    struct ctx *ctx = m->l->ctx;
    size_t columns = doc_count(x, "column");
    size_t rows = doc_count(x, "row");
    struct part *parts = ARENA_ARRAY(ctx->arena, struct part, columns);
    struct box *lines = ARENA_ARRAY(ctx->arena, struct box, rows);
    b->kind = BOX_RELATION;
    for (const struct xml *c = doc_child(x, "column"); c != NULL; c = doc_next(c)) {
        parts[b->part_count].name = str_trim(doc_attr(c, STR("name")));
        TRY(type_of(m, c, &parts[b->part_count].type));
        b->part_count++;
    }
    for (const struct xml *r = doc_child(x, "row"); r != NULL; r = doc_next(r)) {
        struct box *line = &lines[b->row_count++];
        TRY(make_list(m, r, line));
        if (line->part_count != columns) {
            return maker_refuse(m, ERR_SYNTAX, r,
                                "row %zu has %zu cells, the relation has %zu columns", b->row_count,
                                line->part_count, columns);
        }
    }
    b->parts = parts;
    b->rows = lines;
    b->shape = list_type(ctx->arena, context_type(ctx->arena, parts, columns));
    return ERR_OK;
}

static enum err make_invocation(struct maker *m, const struct xml *x, struct box *b)
{
    struct ctx *ctx = m->l->ctx;
    struct part *parts = ARENA_ARRAY(ctx->arena, struct part, doc_count(x, "binding"));
    b->kind = BOX_INVOCATION;
    TRY(box_make(m, x, &b->a));
    if (b->a == NULL) {
        return maker_refuse(m, ERR_MISSING, x, "an invocation names no function");
    }
    for (const struct xml *c = doc_child(x, "binding"); c != NULL; c = doc_next(c)) {
        const struct xml *parameter = doc_child(c, "parameter");
        struct part *part = &parts[b->part_count++];
        part->name = str_trim(doc_attr(parameter, STR("name")));
        if (part->name.n == 0) {
            return maker_refuse(m, ERR_MISSING, c, "a binding has no parameter");
        }
        TRY(type_of(m, parameter, &part->type));
        TRY(box_make(m, c, &part->box));
    }
    b->parts = parts;
    b->shape = b->a->shape != NULL && b->a->shape->kind == FEEL_TYPE_FUNCTION ? b->a->shape->element
                                                                              : NULL;
    return ERR_OK;
}

/* A Java function of the compatibility kit is the same thing written in FEEL. */
static enum err make_java(struct maker *m, const struct xml *x, struct box *b)
{
    struct ctx *ctx = m->l->ctx;
    struct buf text = buf_new(ctx->arena, LIMIT_FEEL_SOURCE_BYTES);
    const struct xml *where = doc_child(x, "context");
    buf_puts(&text, "function(");
    for (const struct xml *p = doc_child(x, "formalParameter"); p != NULL; p = doc_next(p)) {
        buf_format(&text, "%s%.*s", p == doc_child(x, "formalParameter") ? "" : ", ",
                   FMT(doc_attr(p, STR("name"))));
    }
    buf_puts(&text, ") external {java: {");
    bool first = true;
    for (const struct xml *e = doc_child(where, "contextEntry"); e != NULL; e = doc_next(e)) {
        const struct xml *literal = doc_child(e, "literalExpression");
        struct str value = literal == NULL ? STR("null") : dmn_text(m->module, literal).text;
        buf_format(&text, "%s%.*s: %.*s", first ? "" : ", ",
                   FMT(doc_attr(doc_child(e, "variable"), STR("name"))), FMT(value));
        first = false;
    }
    buf_puts(&text, "}}");
    struct str source = {0};
    TRY(buf_done(ctx, &text, &source));
    m->java = true;
    b->kind = BOX_LITERAL;
    return compile_own(m, x, source, &b->program);
}

static enum err formal_parameters(struct maker *m, const struct xml *x, struct feel_member **ret,
                                  size_t *ret_count, uint32_t *ret_slot)
{
    struct ctx *ctx = m->l->ctx;
    struct feel_member *params =
        ARENA_ARRAY(ctx->arena, struct feel_member, doc_count(x, "formalParameter"));
    size_t count = 0;
    *ret_slot = (uint32_t)m->names->n;
    for (const struct xml *p = doc_child(x, "formalParameter"); p != NULL; p = doc_next(p)) {
        uint32_t slot = 0;
        params[count].name = str_trim(doc_attr(p, STR("name")));
        TRY(type_of(m, p, &params[count].type));
        TRY(names_push(m, p, params[count].name, params[count].type, &slot));
        count++;
    }
    *ret = params;
    *ret_count = count;
    return ERR_OK;
}

enum err box_function(struct maker *m, const struct xml *x, struct dmn_node *bkm,
                      const struct box **ret)
{
    struct ctx *ctx = m->l->ctx;
    struct str kind = doc_attr(x, STR("kind"));
    struct feel_member *params = NULL;
    size_t count = 0;
    uint32_t slot = 0;
    size_t names = m->names->n;
    struct box *b = ARENA_NEW(ctx->arena, struct box);
    if (str_equal(kind, STR("Java")) && m->l->options.java) {
        bkm->native = true;
        *ret = b;
        TRY(make_java(m, x, b));
        TRY(formal_parameters(m, x, &params, &count, &slot));
    } else if (kind.n > 0 && !str_equal(kind, STR("FEEL"))) {
        return maker_refuse(m, ERR_NOT_SUPPORTED, x,
                            "a function of kind \"%.*s\" is not taken, only FEEL", FMT(kind));
    } else {
        TRY(formal_parameters(m, x, &params, &count, &slot));
        TRY(box_make(m, x, ret));
    }
    bkm->params = params;
    bkm->param_count = count;
    bkm->param_slot = slot;
    names_pop(m->names, names);
    return ERR_OK;
}

static enum err make_function(struct maker *m, const struct xml *x, struct box *b)
{
    struct ctx *ctx = m->l->ctx;
    struct str kind = doc_attr(x, STR("kind"));
    size_t names = m->names->n;
    struct feel_member *params = NULL;
    if (str_equal(kind, STR("Java")) && m->l->options.java) {
        return make_java(m, x, b);
    }
    if (kind.n > 0 && !str_equal(kind, STR("FEEL"))) {
        return maker_refuse(m, ERR_NOT_SUPPORTED, x,
                            "a function of kind \"%.*s\" is not taken, only FEEL", FMT(kind));
    }
    b->kind = BOX_FUNCTION;
    TRY(formal_parameters(m, x, &params, &b->param_count, &b->slot));
    b->params = params;
    TRY(box_make(m, x, &b->a));
    TRY(type_of(m, x, &b->result));
    b->result =
        b->result != NULL && b->result->kind == FEEL_TYPE_FUNCTION ? b->result->element : NULL;
    names_pop(m->names, names);
    struct feel_type *t = ARENA_NEW(ctx->arena, struct feel_type);
    *t = (struct feel_type){.kind = FEEL_TYPE_FUNCTION,
                            .members = params,
                            .count = b->param_count,
                            .element = b->a == NULL ? NULL : b->a->shape};
    b->shape = t;
    return ERR_OK;
}

/* The expression in the part of that name; an absent one is a fault. */
static enum err make_part(struct maker *m, const struct xml *x, const char *name,
                          const struct box **ret)
{
    struct ctx *ctx = m->l->ctx;
    const struct xml *part = doc_child(x, name);
    *ret = NULL;
    if (part != NULL) {
        TRY(box_make(m, part, ret));
    }
    return *ret != NULL ? ERR_OK
                        : maker_refuse(m, ERR_MISSING, x, "%.*s has no expression in \"%s\"",
                                       FMT(x->name), name);
}

static enum err make_conditional(struct maker *m, const struct xml *x, struct box *b)
{
    struct ctx *ctx = m->l->ctx;
    b->kind = BOX_CONDITIONAL;
    TRY(make_part(m, x, "if", &b->a));
    TRY(make_part(m, x, "then", &b->b));
    TRY(make_part(m, x, "else", &b->c));
    b->shape = b->b->shape;
    return ERR_OK;
}

static const struct feel_type *element_of(const struct feel_type *list)
{
    return list != NULL && (list->kind == FEEL_TYPE_LIST || list->kind == FEEL_TYPE_RANGE)
               ? list->element
               : NULL;
}

/* A filter whose match is written in FEEL is FEEL's own filter, member names and all. */
static enum err make_filter(struct maker *m, const struct xml *x, struct box *b)
{
    struct ctx *ctx = m->l->ctx;
    size_t names = m->names->n;
    const struct xml *literal = doc_child(doc_child(x, "match"), "literalExpression");
    TRY(make_part(m, x, "in", &b->a));
    TRY(names_push(m, x, LIST_NAME, b->a->shape, &b->slot));
    b->shape = b->a->shape;
    if (literal != NULL) {
        struct str match = dmn_text(m->module, literal).text;
        b->kind = BOX_FILTER;
        TRY(where_it_stands(m,
                            compile_own(m, literal,
                                        str_format(ctx->arena, "boxed list[%.*s\n]", FMT(match)),
                                        &b->program),
                            (struct where){.what = "match of a filter"}));
        TRY(compile_own(
            m, literal,
            str_format(ctx->arena,
                       "boxed list[not((%.*s\n) instance of boolean) and (%.*s\n) != null]",
                       FMT(match), FMT(match)),
            &b->check));
    } else {
        uint32_t item = 0;
        b->kind = BOX_FILTER_EACH;
        TRY(compile_own(m, x, STR("for boxed in boxed list return boxed"), &b->program));
        TRY(names_push(m, x, STR("item"), element_of(b->a->shape), &item));
        TRY(make_part(m, x, "match", &b->b));
    }
    names_pop(m->names, names);
    return ERR_OK;
}

static enum err make_iteration(struct maker *m, const struct xml *x, struct box *b,
                               enum box_kind kind)
{
    struct ctx *ctx = m->l->ctx;
    size_t names = m->names->n;
    uint32_t slot = 0;
    struct str variable = str_trim(doc_attr(x, STR("iteratorVariable")));
    if (variable.n == 0) {
        return maker_refuse(m, ERR_MISSING, x, "%.*s has no iterator variable", FMT(x->name));
    }
    b->kind = kind;
    TRY(make_part(m, x, "in", &b->a));
    TRY(names_push(m, x, LIST_NAME, b->a->shape, &b->slot));
    TRY(compile_own(m, x, STR("for boxed in boxed list return boxed"), &b->program));
    TRY(names_push(m, x, variable, element_of(b->a->shape), &slot));
    if (kind == BOX_FOR) {
        TRY(names_push(m, x, STR("partial"), NULL, &b->partial));
    }
    TRY(make_part(m, x, kind == BOX_FOR ? "return" : "satisfies", &b->b));
    b->shape = kind == BOX_FOR ? list_type(ctx->arena, b->b->shape) : NULL;
    names_pop(m->names, names);
    return ERR_OK;
}

static enum err make_table(struct maker *m, const struct xml *x, struct box *b)
{
    struct ctx *ctx = m->l->ctx;
    b->kind = BOX_TABLE;
    TRY(table_make(m, x, &b->table));
    b->shape = table_shape(ctx->arena, b->table);
    return ERR_OK;
}

static enum err make_for(struct maker *m, const struct xml *x, struct box *b)
{
    return make_iteration(m, x, b, BOX_FOR);
}

static enum err make_some(struct maker *m, const struct xml *x, struct box *b)
{
    return make_iteration(m, x, b, BOX_SOME);
}

static enum err make_every(struct maker *m, const struct xml *x, struct box *b)
{
    return make_iteration(m, x, b, BOX_EVERY);
}

static const struct {
    const char *element;
    enum err (*make)(struct maker *m, const struct xml *x, struct box *b);
} makers[] = {
    {"literalExpression", make_literal},
    {"decisionTable", make_table},
    {"context", make_context},
    {"relation", make_relation},
    {"list", make_list},
    {"invocation", make_invocation},
    {"functionDefinition", make_function},
    {"conditional", make_conditional},
    {"filter", make_filter},
    {"for", make_for},
    {"some", make_some},
    {"every", make_every},
};

static bool is_expression(const struct xml *x)
{
    for (size_t i = 0; i < LEN(makers); i++) {
        if (dmn_is(x, makers[i].element)) {
            return true;
        }
    }
    return false;
}

static enum err make(struct maker *m, const struct xml *x, const struct box **ret)
{
    struct ctx *ctx = m->l->ctx;
    for (size_t i = 0; i < LEN(makers); i++) {
        if (dmn_is(x, makers[i].element)) {
            struct box *b = ARENA_NEW(ctx->arena, struct box);
            TRY(makers[i].make(m, x, b));
            TRY(type_of(m, x, &b->type));
            b->shape = b->type != NULL ? b->type : b->shape;
            *ret = b;
            return ERR_OK;
        }
    }
    return maker_refuse(m, ERR_NOT_SUPPORTED, x, "%.*s is no expression", FMT(x->name));
}

enum err box_make(struct maker *m, const struct xml *parent, const struct box **ret)
{
    *ret = NULL;
    for (const struct xml *c = parent->child; c != NULL; c = c->next) {
        if (is_expression(c)) {
            return make(m, c, ret);
        }
    }
    return ERR_OK;
}
