/* Types as FEEL writes them (DMN 1.5, grammar rules 52 to 56 and 10.3.2.9). */
#include "feel/parse_in.h"

static const struct {
    struct str name;
    enum feel_type_kind kind;
} simple_names[] = {
    {STR_INIT("Any"), FEEL_TYPE_ANY},
    {STR_INIT("Null"), FEEL_TYPE_NULL},
    {STR_INIT("boolean"), FEEL_TYPE_BOOL},
    {STR_INIT("number"), FEEL_TYPE_NUMBER},
    {STR_INIT("string"), FEEL_TYPE_STRING},
    {STR_INIT("date"), FEEL_TYPE_DATE},
    {STR_INIT("time"), FEEL_TYPE_TIME},
    {STR_INIT("date and time"), FEEL_TYPE_DATE_TIME},
    {STR_INIT("dateTime"), FEEL_TYPE_DATE_TIME},
    {STR_INIT("years and months duration"), FEEL_TYPE_YEARS_MONTHS},
    {STR_INIT("yearMonthDuration"), FEEL_TYPE_YEARS_MONTHS},
    {STR_INIT("days and time duration"), FEEL_TYPE_DAYS_TIME},
    {STR_INIT("dayTimeDuration"), FEEL_TYPE_DAYS_TIME},
    {STR_INIT("list"), FEEL_TYPE_LIST},
    {STR_INIT("context"), FEEL_TYPE_CONTEXT},
    {STR_INIT("range"), FEEL_TYPE_RANGE},
    {STR_INIT("function"), FEEL_TYPE_FUNCTION},
};

static const struct feel_type simple_types[] = {
    [FEEL_TYPE_ANY] = {.kind = FEEL_TYPE_ANY},
    [FEEL_TYPE_NULL] = {.kind = FEEL_TYPE_NULL},
    [FEEL_TYPE_BOOL] = {.kind = FEEL_TYPE_BOOL},
    [FEEL_TYPE_NUMBER] = {.kind = FEEL_TYPE_NUMBER},
    [FEEL_TYPE_STRING] = {.kind = FEEL_TYPE_STRING},
    [FEEL_TYPE_DATE] = {.kind = FEEL_TYPE_DATE},
    [FEEL_TYPE_TIME] = {.kind = FEEL_TYPE_TIME},
    [FEEL_TYPE_DATE_TIME] = {.kind = FEEL_TYPE_DATE_TIME},
    [FEEL_TYPE_YEARS_MONTHS] = {.kind = FEEL_TYPE_YEARS_MONTHS},
    [FEEL_TYPE_DAYS_TIME] = {.kind = FEEL_TYPE_DAYS_TIME},
    [FEEL_TYPE_LIST] = {.kind = FEEL_TYPE_LIST},
    [FEEL_TYPE_CONTEXT] = {.kind = FEEL_TYPE_CONTEXT},
    [FEEL_TYPE_RANGE] = {.kind = FEEL_TYPE_RANGE},
    [FEEL_TYPE_FUNCTION] = {.kind = FEEL_TYPE_FUNCTION},
};

const struct feel_type *type_simple(enum feel_type_kind kind)
{
    return &simple_types[kind];
}

const char *type_kind_name(const struct feel_type *t)
{
    for (size_t i = 0; t != NULL && i < LEN(simple_names); i++) {
        if (simple_names[i].kind == t->kind) {
            return simple_names[i].name.p;
        }
    }
    return "Any";
}

static const struct feel_type *no_type(struct compiler *c, const char *what)
{
    (void)parse_expected(c, what);
    return NULL;
}

/* list<T> and range<T>, behind the word. */
static const struct feel_type *parse_element(struct compiler *c, enum feel_type_kind kind)
{
    if (!lex_take(c, "<")) {
        return type_simple(kind);
    }
    struct feel_type *t = ARENA_NEW(c->ctx->arena, struct feel_type);
    t->kind = kind;
    t->element = parse_type(c);
    if (t->element == NULL) {
        return NULL;
    }
    return lex_take(c, ">") ? t : no_type(c, "\">\"");
}

struct members {
    struct feel_member *p;
    size_t n, room;
};

static void members_push(struct compiler *c, struct members *m, struct feel_member member)
{
    if (m->n == m->room) {
        size_t room = m->room == 0 ? 8 : m->room * 2;
        m->p = arena_grow(c->ctx->arena, m->p, m->room * sizeof(*m->p), room * sizeof(*m->p));
        m->room = room;
    }
    m->p[m->n++] = member;
}

/* context<name: T, ...> */
static const struct feel_type *parse_context_type(struct compiler *c)
{
    if (!lex_take(c, "<")) {
        return type_simple(FEEL_TYPE_CONTEXT);
    }
    struct members members = {0};
    while (!lex_take(c, ">")) {
        struct feel_member m = {0};
        if (members.n > 0 && !lex_take(c, ",")) {
            return no_type(c, "\",\" or \">\"");
        }
        if (!lex_new_name(c, ":,>", false, &m.name) || !lex_take(c, ":")) {
            return no_type(c, "a member name and \":\"");
        }
        m.type = parse_type(c);
        if (m.type == NULL) {
            return NULL;
        }
        name_add_odd(c, m.name);
        members_push(c, &members, m);
    }
    struct feel_type *t = ARENA_NEW(c->ctx->arena, struct feel_type);
    *t = (struct feel_type){.kind = FEEL_TYPE_CONTEXT, .members = members.p, .count = members.n};
    return t;
}

/* function<T, ...> -> T */
static const struct feel_type *parse_function_type(struct compiler *c)
{
    if (!lex_take(c, "<")) {
        return type_simple(FEEL_TYPE_FUNCTION);
    }
    struct members params = {0};
    while (!lex_take(c, ">")) {
        struct feel_member m = {0};
        if (params.n > 0 && !lex_take(c, ",")) {
            return no_type(c, "\",\" or \">\"");
        }
        m.type = parse_type(c);
        if (m.type == NULL) {
            return NULL;
        }
        members_push(c, &params, m);
    }
    struct feel_type *t = ARENA_NEW(c->ctx->arena, struct feel_type);
    *t = (struct feel_type){.kind = FEEL_TYPE_FUNCTION, .members = params.p, .count = params.n};
    if (!lex_take(c, "->")) {
        return no_type(c, "\"->\" and the type of the result");
    }
    t->element = parse_type(c);
    return t->element == NULL ? NULL : t;
}

static const struct feel_type *parse_type_inner(struct compiler *c)
{
    size_t best = 0;
    const struct feel_type *named = NULL;
    lex_blanks(c);
    for (size_t i = 0; i < c->scope->type_count; i++) {
        size_t end = name_match(c->text, c->at, c->scope->types[i]->name);
        if (end > best) {
            best = end;
            named = c->scope->types[i];
        }
    }
    const struct feel_type *t = named;
    for (size_t i = 0; i < LEN(simple_names); i++) {
        size_t end = name_match(c->text, c->at, simple_names[i].name);
        if (end > best) {
            best = end;
            named = NULL;
            t = type_simple(simple_names[i].kind);
        }
    }
    if (t == NULL) {
        (void)parse_refuse(c, ERR_UNKNOWN_NAME, c->at, "expected a type");
        return NULL;
    }
    c->at = best;
    if (named != NULL) {
        return named;
    }
    if (t->kind == FEEL_TYPE_LIST || t->kind == FEEL_TYPE_RANGE) {
        return parse_element(c, t->kind);
    }
    if (t->kind == FEEL_TYPE_CONTEXT) {
        return parse_context_type(c);
    }
    return t->kind == FEEL_TYPE_FUNCTION ? parse_function_type(c) : t;
}

const struct feel_type *parse_type(struct compiler *c)
{
    if (c->depth >= LIMIT_FEEL_DEPTH) {
        (void)parse_refuse(c, ERR_TOO_DEEP, c->at, "nested more than %d deep", LIMIT_FEEL_DEPTH);
        return NULL;
    }
    c->depth++;
    const struct feel_type *t = parse_type_inner(c);
    c->depth--;
    return t;
}

enum err feel_type_parse(struct ctx *ctx, const struct feel_scope *scope, struct feel_source source,
                         const struct feel_type **ret)
{
    struct compiler c = compiler_new(ctx, scope, source);
    const struct feel_type *t = parse_type(&c);
    if (t == NULL) {
        return c.err;
    }
    if (!lex_at_end(&c)) {
        (void)parse_expected(&c, "the end of the type");
        return c.err;
    }
    *ret = t;
    return ERR_OK;
}
