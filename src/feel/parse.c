/* The grammar of FEEL (DMN 1.5, 10.3.1.2), by descent and by precedence, straight into nodes. */
#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "feel/parse_in.h"

enum { NODE_DEPTH_MAX = 2000 };

/* ---- nodes ---- */

static uint16_t deeper(struct compiler *c, const struct node *n, uint16_t depth)
{
    if (n == NULL || n->flags < depth) {
        return depth;
    }
    if (n->flags >= NODE_DEPTH_MAX) {
        (void)parse_refuse(c, ERR_TOO_DEEP, c->at,
                           "more than %d operators in a row; use lists or contexts",
                           NODE_DEPTH_MAX);
        return NODE_DEPTH_MAX;
    }
    return (uint16_t)(n->flags + 1);
}

struct node *node_new(struct compiler *c, node_eval *fn, size_t offset, const struct node *a,
                      const struct node *b)
{
    struct node *n = ARENA_NEW(c->ctx->arena, struct node);
    n->eval = fn;
    n->a = a;
    n->b = b;
    n->offset = (uint32_t)offset;
    n->flags = deeper(c, b, deeper(c, a, 1)); /* flags: the depth of the tree below */
    return n;
}

struct node *node_const(struct compiler *c, struct feel_value v, size_t offset)
{
    struct node *n = node_new(c, eval_const, offset, NULL, NULL);
    n->value = v;
    n->op = OP_CONST;
    return n;
}

struct node *node_kids(struct compiler *c, node_eval *fn, size_t offset,
                       const struct node *const *kids, size_t count)
{
    struct node *n = node_new(c, fn, offset, NULL, NULL);
    n->kids = kids;
    n->count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        n->flags = deeper(c, kids[i], n->flags);
    }
    return n;
}

const struct node *node_trouble(struct compiler *c, size_t offset, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct node *n = node_new(c, eval_trouble, offset, NULL, NULL);
    n->name = str_copy(c->ctx->arena, str_from(text));
    return n;
}

static bool is_const(const struct node *n)
{
    return n == NULL || n->op == OP_CONST;
}

const struct node *node_fold(struct compiler *c, struct node *n)
{
    if (c->err != ERR_OK) {
        return NULL;
    }
    if (!is_const(n->a) || !is_const(n->b) || !is_const(n->c)) {
        return n;
    }
    for (uint32_t i = 0; i < n->count; i++) {
        if (!is_const(n->kids[i])) {
            return n;
        }
    }
    struct feel_env env = {.zones = c->scope->zones, .steps_max = 10000};
    struct run r = run_new(c->ctx, &env, c->program);
    struct feel_value v = eval(&r, n);
    return feel_is_null(v) || r.err != ERR_OK ? n : node_const(c, v, n->offset);
}

void node_push(struct compiler *c, struct node_list *l, const struct node *n)
{
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 4 : l->room * 2;
        l->p = arena_grow(c->ctx->arena, l->p, l->room * sizeof(*l->p), room * sizeof(*l->p));
        l->room = room;
    }
    l->p[l->n++] = n;
}

/* ---- where the parser stands, to try another way ---- */

struct stand {
    size_t at, bindings;
    bool uses_input;
};

static struct stand stand_here(const struct compiler *c)
{
    return (struct stand){c->at, c->binding_count, c->uses_input};
}

static void stand_back(struct compiler *c, struct stand s)
{
    c->at = s.at;
    c->binding_count = s.bindings;
    c->uses_input = s.uses_input;
    if (c->err == ERR_SYNTAX || c->err == ERR_UNKNOWN_NAME) { /* limits stay passed */
        c->err = ERR_OK;
        c->ctx->why = (struct why){0};
    }
}

/* ---- expressions ---- */

static const struct node *parse_binary(struct compiler *c, int level);
static const struct node *parse_unary(struct compiler *c);
enum { LEVEL_OR = 1, LEVEL_AND, LEVEL_COMPARE, LEVEL_ADD, LEVEL_MUL, LEVEL_POWER, LEVEL_UNARY };

static const struct {
    const char *op;
    bool word;
    int level;
    node_eval *fn;
} binaries[] = {
    {"or", true, LEVEL_OR, eval_or},
    {"and", true, LEVEL_AND, eval_and},
    {"<=", false, LEVEL_COMPARE, eval_less_equal},
    {">=", false, LEVEL_COMPARE, eval_greater_equal},
    {"!=", false, LEVEL_COMPARE, eval_not_equal},
    {"=", false, LEVEL_COMPARE, eval_equal},
    {"<", false, LEVEL_COMPARE, eval_less},
    {">", false, LEVEL_COMPARE, eval_greater},
    {"+", false, LEVEL_ADD, eval_add},
    {"-", false, LEVEL_ADD, eval_sub},
    {"**", false, LEVEL_POWER, eval_power},
    {"*", false, LEVEL_MUL, eval_mul},
    {"/", false, LEVEL_MUL, eval_div},
};

/* The binary operator here of that level or higher up; its row, or -1. */
static int binary_here(struct compiler *c, int level)
{
    for (size_t i = 0; i < LEN(binaries); i++) {
        bool here =
            binaries[i].word ? lex_sees_word(c, binaries[i].op) : lex_sees(c, binaries[i].op);
        if (here) {
            return binaries[i].level == level ? (int)i : -1;
        }
    }
    return -1;
}

static bool enter(struct compiler *c)
{
    if (c->depth >= LIMIT_FEEL_DEPTH) {
        (void)parse_refuse(c, ERR_TOO_DEEP, c->at, "nested more than %d deep", LIMIT_FEEL_DEPTH);
        return false;
    }
    c->depth++;
    return true;
}

/* "< x", "= x" and so on: a comparison as a value. NULL without an error when there is none here.
 */
static const struct node *parse_comparison(struct compiler *c)
{
    static const struct {
        const char *op;
        struct feel_range range;
    } forms[] = {
        {"<=", {.lo_open = true, .form = FEEL_RANGE_COMPARE}},
        {">=", {.hi_open = true, .form = FEEL_RANGE_COMPARE}},
        {"!=", {.form = FEEL_RANGE_NOT_EQUAL}},
        {"<", {.lo_open = true, .hi_open = true, .form = FEEL_RANGE_COMPARE}},
        {">", {.lo_open = true, .hi_open = true, .form = FEEL_RANGE_COMPARE}},
        {"=", {.form = FEEL_RANGE_EQUAL}},
    };
    for (size_t i = 0; i < LEN(forms); i++) {
        size_t offset = c->at;
        if (!lex_take(c, forms[i].op)) {
            continue;
        }
        const struct node *end = parse_binary(c, LEVEL_ADD);
        if (end == NULL) {
            return NULL;
        }
        struct node *n = node_new(c, eval_test, offset, end, NULL);
        struct feel_range *range = ARENA_NEW(c->ctx->arena, struct feel_range);
        *range = forms[i].range;
        n->extra = range;
        n->slot = forms[i].op[0] == '>'; /* the operand is the lower end */
        n->op = OP_TEST;
        return node_fold(c, n);
    }
    return NULL;
}

static const struct node *parse_test(struct compiler *c)
{
    const struct node *n = parse_comparison(c);
    return n != NULL || c->err != ERR_OK ? n : parse_expression(c);
}

static const struct node *parse_in(struct compiler *c, const struct node *left, size_t offset)
{
    const struct node *test = parse_comparison(c);
    if (test == NULL && c->err == ERR_OK) {
        c->list_in_parens = lex_peek(c) == '(';
        test = parse_binary(c, LEVEL_ADD);
        c->list_in_parens = false;
    }
    return test == NULL ? NULL : node_fold(c, node_new(c, eval_in, offset, left, test));
}

static const struct node *parse_between(struct compiler *c, const struct node *left, size_t offset)
{
    const struct node *lo = parse_binary(c, LEVEL_ADD);
    if (lo == NULL) {
        return NULL;
    }
    if (!lex_word(c, "and")) {
        return parse_expected(c, "\"and\" of \"between\"");
    }
    const struct node *hi = parse_binary(c, LEVEL_ADD);
    if (hi == NULL) {
        return NULL;
    }
    struct node *n = node_new(c, eval_between, offset, left, lo);
    n->c = hi;
    n->flags = deeper(c, hi, n->flags);
    return node_fold(c, n);
}

static const struct node *parse_binary(struct compiler *c, int level)
{
    if (level == LEVEL_UNARY) {
        return parse_unary(c);
    }
    const struct node *left = parse_binary(c, level + 1);
    while (left != NULL) {
        lex_blanks(c);
        size_t offset = c->at;
        int row = binary_here(c, level);
        if (row >= 0) {
            c->at += str_from(binaries[row].op).n;
            const struct node *right = parse_binary(c, level + 1);
            left = right == NULL ? NULL
                                 : node_fold(c, node_new(c, binaries[row].fn, offset, left, right));
        } else if (level == LEVEL_COMPARE && lex_word(c, "between")) {
            left = parse_between(c, left, offset);
        } else if (level == LEVEL_COMPARE && lex_word(c, "in")) {
            left = parse_in(c, left, offset);
        } else {
            break;
        }
    }
    return left;
}

/* ---- brackets ---- */

/* Whether the "[" here ends a range: nothing that stands behind it could begin a filter. Decided by
 * looking ahead, since trying both ways would double with every nesting. */
static bool bracket_closes(const struct compiler *c)
{
    static const char *const words[] = {"and",    "or",        "in",      "then",    "else",
                                        "return", "satisfies", "between", "instance"};
    struct compiler ahead = *c;
    ahead.at++;
    char next = lex_peek(&ahead);
    if (next == '.') {
        return ahead.at + 1 >= c->text.n || c->text.p[ahead.at + 1] < '0' ||
               c->text.p[ahead.at + 1] > '9';
    }
    if (next == 0 || strchr(")]},=!<>+*/", next) != NULL) {
        return true;
    }
    for (size_t i = 0; i < LEN(words); i++) {
        if (lex_sees_word(&ahead, words[i])) {
            return true;
        }
    }
    return false;
}

/* The upper end of a range and its bracket. */
static const struct node *parse_range_end(struct compiler *c, const struct node *lo, bool lo_open,
                                          size_t offset)
{
    bool range_end = c->range_end;
    c->range_end = true;
    const struct node *hi = parse_binary(c, LEVEL_ADD);
    c->range_end = range_end;
    if (hi == NULL) {
        return NULL;
    }
    bool closed = lex_take(c, "]");
    if (!closed && !lex_take(c, ")") && !lex_take(c, "[")) {
        return parse_expected(c, "\"]\" or \")\" behind a range");
    }
    struct node *n = node_new(c, eval_range, offset, lo, hi);
    struct feel_range *range = ARENA_NEW(c->ctx->arena, struct feel_range);
    *range = (struct feel_range){.lo_open = lo_open, .hi_open = !closed};
    n->extra = range;
    n->op = OP_RANGE;
    return node_fold(c, n);
}

/* Behind "(": an expression, an open range, a comparison, or where allowed a list of tests. */
static const struct node *parse_parens(struct compiler *c, size_t offset)
{
    bool list = c->list_in_parens;
    c->list_in_parens = false;
    bool range_end = c->range_end;
    c->range_end = false;
    const struct node *n = parse_test(c);
    c->range_end = range_end;
    if (n == NULL) {
        return NULL;
    }
    if (lex_take(c, "..")) {
        return parse_range_end(c, n, true, offset);
    }
    if (list && lex_sees(c, ",")) {
        struct node_list tests = {0};
        node_push(c, &tests, n);
        while (lex_take(c, ",")) {
            n = parse_test(c);
            if (n == NULL) {
                return NULL;
            }
            node_push(c, &tests, n);
        }
        n = node_kids(c, eval_in_any, offset, tests.p, tests.n);
    }
    return lex_take(c, ")") ? n : parse_expected(c, "\")\"");
}

/* Behind "[": a list or a closed range. */
static const struct node *parse_list(struct compiler *c, size_t offset)
{
    struct node_list items = {0};
    bool range_end = c->range_end;
    c->range_end = false;
    c->list_in_parens = false;
    while (!lex_take(c, "]")) {
        if (items.n > 0 && !lex_take(c, ",")) {
            return parse_expected(c, "\",\" or \"]\"");
        }
        const struct node *n = parse_test(c);
        if (n == NULL) {
            return NULL;
        }
        if (items.n == 0 && lex_take(c, "..")) {
            c->range_end = range_end;
            return parse_range_end(c, n, false, offset);
        }
        node_push(c, &items, n);
    }
    c->range_end = range_end;
    return node_fold(c, node_kids(c, eval_list, offset, items.p, items.n));
}

/* ---- contexts ---- */

static bool parse_key(struct compiler *c, struct str *ret)
{
    if (lex_string(c, ret)) {
        return true;
    }
    if (c->err == ERR_OK && lex_new_name(c, ":", false, ret)) {
        return true;
    }
    (void)parse_expected(c, "a key");
    return false;
}

struct keys {
    struct str *keys;
    uint32_t *slots;
    size_t n, room;
};

static bool keys_push(struct compiler *c, struct keys *k, struct str key)
{
    for (size_t i = 0; i < k->n; i++) {
        if (str_equal(k->keys[i], key)) {
            return false;
        }
    }
    if (k->n == k->room) {
        size_t room = k->room == 0 ? 8 : k->room * 2;
        k->keys =
            arena_grow(c->ctx->arena, k->keys, k->room * sizeof(*k->keys), room * sizeof(*k->keys));
        k->slots = arena_grow(c->ctx->arena, k->slots, k->room * sizeof(*k->slots),
                              room * sizeof(*k->slots));
        k->room = room;
    }
    k->keys[k->n] = key;
    k->slots[k->n++] = name_slot(c);
    name_add_odd(c, key);
    return true;
}

/* Behind "{". An entry sees those before it, and a function literal also itself. */
static const struct node *parse_context(struct compiler *c, size_t offset)
{
    size_t bindings = c->binding_count;
    bool range_end = c->range_end;
    c->range_end = false;
    c->list_in_parens = false;
    struct node_list values = {0};
    struct keys keys = {0};
    const struct node *twice = NULL;
    while (!lex_take(c, "}")) {
        struct str key = {0};
        if (values.n > 0 && !lex_take(c, ",")) {
            return parse_expected(c, "\",\" or \"}\"");
        }
        size_t at = c->at;
        if (!parse_key(c, &key)) {
            return NULL;
        }
        if (!lex_take(c, ":")) {
            return parse_expected(c, "\":\" behind a key");
        }
        if (!keys_push(c, &keys, key)) {
            twice = node_trouble(c, at, "the key \"%.*s\" stands twice", FMT(key));
            (void)keys_push(
                c, &keys, str_format(c->ctx->arena, "%zu", at)); /* parse on to find other errors */
        }
        bool self = lex_sees_word(c, "function");
        if (self) {
            name_bind(c, key, keys.slots[keys.n - 1], false);
        }
        const struct node *value = parse_expression(c);
        if (value == NULL) {
            return NULL;
        }
        node_push(c, &values, value);
        if (!self) {
            name_bind(c, key, keys.slots[keys.n - 1], false);
        }
    }
    c->binding_count = bindings;
    c->range_end = range_end;
    if (twice != NULL || c->err != ERR_OK) {
        return c->err != ERR_OK ? NULL : twice;
    }
    struct node *n = node_kids(c, eval_context, offset, values.p, values.n);
    struct context_plan *plan = ARENA_NEW(c->ctx->arena, struct context_plan);
    *plan = (struct context_plan){keys.keys, keys.slots};
    n->extra = plan;
    return n;
}

/* ---- for, some, every, if ---- */

static bool parse_loop(struct compiler *c, struct loop *ret)
{
    struct str name = {0};
    if (!lex_new_name(c, ",()[]{}", true, &name)) {
        (void)parse_expected(c, "a name");
        return false;
    }
    if (!lex_word(c, "in")) {
        (void)parse_expected(c, "\"in\"");
        return false;
    }
    ret->from = parse_expression(c);
    if (ret->from != NULL && lex_take(c, "..")) {
        ret->to = parse_expression(c);
        if (ret->to == NULL) {
            return false;
        }
    }
    ret->slot = name_slot(c);
    name_bind(c, name, ret->slot, false);
    name_add_odd(c, name);
    return ret->from != NULL;
}

/* Behind for, some or every. */
static const struct node *parse_loops(struct compiler *c, node_eval *fn, const char *body_word,
                                      size_t offset)
{
    enum { LOOPS_MAX = 16 };
    struct loop list[LOOPS_MAX] = {{0}};
    size_t count = 0;
    size_t bindings = c->binding_count;
    uint16_t depth = 0;
    do {
        if (count == LOOPS_MAX) {
            return parse_refuse(c, ERR_TOO_MANY, c->at, "more than %d iterators", LOOPS_MAX);
        }
        if (!parse_loop(c, &list[count])) {
            return NULL;
        }
        depth = deeper(c, list[count].to, deeper(c, list[count].from, depth));
        count++;
        /* quantifiers of old also part their iterators by blanks alone */
    } while (lex_take(c, ",") ||
             (!lex_sees_word(c, body_word) && fn != eval_for && name_starts(c->text, c->at)));
    if (!lex_word(c, body_word)) {
        return parse_expected(c, fn == eval_for ? "\"return\"" : "\"satisfies\"");
    }
    bool partial_before = c->partial_used;
    c->partial_used = false;
    uint32_t partial = name_slot(c);
    if (fn == eval_for) {
        name_bind(c, STR("partial"), partial, false);
    }
    const struct node *body = parse_expression(c);
    if (body == NULL) {
        return NULL;
    }
    c->binding_count = bindings;
    struct loops *loops = ARENA_NEW(c->ctx->arena, struct loops);
    struct loop *copy = ARENA_ARRAY(c->ctx->arena, struct loop, count);
    memcpy(copy, list, count * sizeof(list[0]));
    *loops = (struct loops){copy, count, c->partial_used ? partial : UINT32_MAX};
    c->partial_used = partial_before;
    struct node *n = node_new(c, fn, offset, body, NULL);
    n->extra = loops;
    n->flags = n->flags > depth ? n->flags : depth;
    return n;
}

static const struct node *parse_if(struct compiler *c, size_t offset)
{
    const struct node *condition = parse_expression(c);
    if (condition == NULL) {
        return NULL;
    }
    if (!lex_word(c, "then")) {
        return parse_expected(c, "\"then\"");
    }
    const struct node *yes = parse_expression(c);
    if (yes == NULL) {
        return NULL;
    }
    if (!lex_word(c, "else")) {
        return parse_expected(c, "\"else\"");
    }
    const struct node *no = parse_expression(c);
    if (no == NULL) {
        return NULL;
    }
    struct node *n = node_new(c, eval_if, offset, condition, yes);
    n->c = no;
    n->flags = deeper(c, no, n->flags);
    return node_fold(c, n);
}

/* ---- functions ---- */

/* The parameters up to ")"; false on a syntax error. */
static bool parse_params(struct compiler *c, struct feel_member *params, size_t max,
                         size_t *ret_count)
{
    size_t count = 0;
    while (!lex_take(c, ")")) {
        if (count == max || (count > 0 && !lex_take(c, ","))) {
            (void)parse_expected(c, "\",\" or \")\"");
            return false;
        }
        if (!lex_new_name(c, ",:)", false, &params[count].name)) {
            (void)parse_expected(c, "a parameter name");
            return false;
        }
        if (lex_take(c, ":")) {
            params[count].type = parse_type(c);
            if (params[count].type == NULL) {
                return false;
            }
        }
        count++;
    }
    *ret_count = count;
    return true;
}

/* Java functions of the compatibility kit: external {java: {class: "...", method signature:
 * "..."}}. */
static const struct node *parse_external(struct compiler *c, const struct feel_member *params,
                                         size_t count, size_t offset)
{
    const struct node *body = parse_expression(c);
    if (body == NULL) {
        return NULL;
    }
    if (!c->scope->java) {
        return node_trouble(c, offset, "external functions are not allowed here");
    }
    struct feel_env env = {0};
    struct run r = run_new(c->ctx, &env, c->program);
    struct feel_value *frame = ARENA_ARRAY(c->ctx->arena, struct feel_value, c->frame->slots);
    r.frame = frame;
    struct feel_value spec = eval(&r, body);
    const struct feel_value *java = feel_get(spec, STR("java"));
    const struct feel_value *class = java == NULL ? NULL : feel_get(*java, STR("class"));
    const struct feel_value *signature =
        java == NULL ? NULL : feel_get(*java, STR("method signature"));
    struct node *n = node_new(c, eval_java, offset, NULL, NULL);
    struct java_plan *plan = ARENA_NEW(c->ctx->arena, struct java_plan);
    *plan = (struct java_plan){class == NULL ? (struct str){0} : feel_str(*class),
                               signature == NULL ? (struct str){0} : feel_str(*signature), params,
                               count};
    n->extra = plan;
    return n;
}

/* The type a constant has. */
static const struct feel_type *type_of_value(struct feel_value v)
{
    static const enum feel_type_kind kinds[FEEL_KIND_COUNT] = {
        [FEEL_NULL] = FEEL_TYPE_NULL,           [FEEL_BOOL] = FEEL_TYPE_BOOL,
        [FEEL_NUMBER] = FEEL_TYPE_NUMBER,       [FEEL_STRING] = FEEL_TYPE_STRING,
        [FEEL_DATE] = FEEL_TYPE_DATE,           [FEEL_TIME] = FEEL_TYPE_TIME,
        [FEEL_DATE_TIME] = FEEL_TYPE_DATE_TIME, [FEEL_YEARS_MONTHS] = FEEL_TYPE_YEARS_MONTHS,
        [FEEL_DAYS_TIME] = FEEL_TYPE_DAYS_TIME, [FEEL_LIST] = FEEL_TYPE_LIST,
        [FEEL_CONTEXT] = FEEL_TYPE_CONTEXT,     [FEEL_RANGE] = FEEL_TYPE_RANGE,
        [FEEL_FUNCTION] = FEEL_TYPE_FUNCTION};
    return type_simple(kinds[v.kind]);
}

/* The type a function's body shows without being run; NULL (Any) for most. */
static const struct feel_type *type_of_body(const struct node *n, const struct feel_member *params,
                                            size_t count)
{
    static node_eval *const booleans[] = {
        eval_equal,         eval_not_equal, eval_less,    eval_less_equal, eval_greater,
        eval_greater_equal, eval_and,       eval_or,      eval_between,    eval_in,
        eval_some,          eval_every,     eval_instance};
    static node_eval *const numbers[] = {eval_add, eval_sub, eval_mul, eval_div, eval_power};
    if (n->op == OP_CONST) {
        return type_of_value(n->value);
    }
    if (n->op == OP_LOCAL) {
        return n->slot < count ? params[n->slot].type : NULL;
    }
    for (size_t i = 0; i < LEN(booleans); i++) {
        if (n->eval == booleans[i]) {
            return type_simple(FEEL_TYPE_BOOL);
        }
    }
    for (size_t i = 0; i < LEN(numbers); i++) {
        if (n->eval == numbers[i]) {
            const struct feel_type *a = type_of_body(n->a, params, count);
            const struct feel_type *b = type_of_body(n->b, params, count);
            bool same = a != NULL && b != NULL && a->kind == b->kind;
            return same && (a->kind == FEEL_TYPE_NUMBER || a->kind == FEEL_TYPE_STRING) ? a : NULL;
        }
    }
    return NULL;
}

/* The body in a frame of its own, and what it captures. */
static const struct node *parse_lambda(struct compiler *c, const struct feel_member *params,
                                       size_t count, size_t offset)
{
    struct frame frame = {.outer = c->frame};
    size_t bindings = c->binding_count;
    bool partial_before = c->partial_used;
    c->frame = &frame;
    for (size_t i = 0; i < count; i++) {
        name_bind(c, params[i].name, name_slot(c), false);
        name_add_odd(c, params[i].name);
    }
    const struct node *body = parse_expression(c);
    c->frame = frame.outer;
    c->binding_count = bindings;
    c->partial_used |= partial_before;
    if (body == NULL) {
        return NULL;
    }
    size_t captures = 0;
    for (struct capture *k = frame.captures; k != NULL; k = k->next) {
        captures++;
    }
    const struct node **from = ARENA_ARRAY(c->ctx->arena, const struct node *, captures);
    uint32_t *slots = ARENA_ARRAY(c->ctx->arena, uint32_t, captures);
    size_t i = 0;
    for (struct capture *k = frame.captures; k != NULL; k = k->next, i++) {
        from[i] = k->from;
        slots[i] = k->slot;
    }
    struct lambda *l = ARENA_NEW(c->ctx->arena, struct lambda);
    *l = (struct lambda){.program = c->program,
                         .body = body,
                         .params = params,
                         .param_count = (uint32_t)count,
                         .result = type_of_body(body, params, count),
                         .capture_count = (uint32_t)captures,
                         .captures = from,
                         .capture_slots = slots,
                         .frame_size = frame.slots,
                         .depth = body->flags};
    struct node *n = node_new(c, eval_lambda, offset, NULL, NULL);
    n->extra = l;
    return n;
}

/* Behind the word. */
static const struct node *parse_function(struct compiler *c, size_t offset)
{
    enum { PARAMS_MAX = 64 };
    struct feel_member params[PARAMS_MAX] = {{{0}, NULL}};
    size_t count = 0;
    if (!lex_take(c, "(")) {
        return parse_expected(c, "\"(\"");
    }
    if (!parse_params(c, params, PARAMS_MAX, &count)) {
        return NULL;
    }
    struct feel_member *copy = ARENA_ARRAY(c->ctx->arena, struct feel_member, count);
    if (count > 0) {
        memcpy(copy, params, count * sizeof(params[0]));
    }
    if (lex_word(c, "external")) {
        return parse_external(c, copy, count, offset);
    }
    return parse_lambda(c, copy, count, offset);
}

/* ---- calls ---- */

enum { ARGS_NAMES_MAX = 64 };

/* A name and ":" at the start of an argument. */
static bool parse_arg_name(struct compiler *c, struct str *ret)
{
    struct stand stand = stand_here(c);
    if (lex_new_name(c, ":,()[]{}", false, ret) && lex_take(c, ":")) {
        return true;
    }
    stand_back(c, stand);
    return false;
}

/* Behind "(": arguments in *args; their names in names when there are any. */
static bool parse_args(struct compiler *c, struct node_list *args, struct str names[ARGS_NAMES_MAX],
                       bool *ret_named)
{
    bool range_end = c->range_end;
    c->range_end = false;
    c->list_in_parens = false;
    *ret_named = false;
    while (!lex_take(c, ")")) {
        if (args->n > 0 && !lex_take(c, ",")) {
            (void)parse_expected(c, "\",\" or \")\"");
            return false;
        }
        struct str name = {0};
        bool named = parse_arg_name(c, &name);
        if ((args->n > 0 && named != *ret_named) || (named && args->n == ARGS_NAMES_MAX)) {
            (void)parse_expected(c, "arguments all by name or all by position");
            return false;
        }
        *ret_named = named;
        if (named) {
            names[args->n] = name;
        }
        const struct node *arg = parse_test(c);
        if (arg == NULL) {
            return false;
        }
        node_push(c, args, arg);
    }
    c->range_end = range_end;
    return true;
}

static const struct node *builtin_node(struct compiler *c, const struct builtin *b,
                                       const struct node_list *args, size_t offset)
{
    struct node *n = node_kids(c, eval_builtin, offset, args->p, args->n);
    n->extra = b;
    return b->impure ? n : node_fold(c, n);
}

/* Put the named arguments of a built-in in their order, absent ones as null. */
static const struct node *builtin_named(struct compiler *c, const struct builtin *b,
                                        const struct node_list *args, const struct str *names,
                                        size_t offset)
{
    size_t at[BUILTIN_PARAMS] = {0};
    const struct builtin *row = builtin_order(b, names, args->n, at);
    if (row == NULL) {
        return node_trouble(c, offset, "%s() has no parameters of these names", b->name);
    }
    struct node_list ordered = {0};
    for (size_t i = 0; i < args->n; i++) {
        for (; ordered.n <= at[i];) {
            node_push(c, &ordered, NULL);
        }
        ordered.p[at[i]] = args->p[i];
    }
    for (size_t i = 0; i < ordered.n; i++) {
        ordered.p[i] = ordered.p[i] == NULL ? node_const(c, feel_null(), offset) : ordered.p[i];
    }
    return builtin_node(c, row, &ordered, offset);
}

static const struct node *parse_call(struct compiler *c, const struct node *callee,
                                     const struct builtin *b, size_t offset)
{
    struct node_list args = {0};
    struct str names[ARGS_NAMES_MAX];
    bool named = false;
    if (!parse_args(c, &args, names, &named)) {
        return NULL;
    }
    if (b != NULL) {
        return named ? builtin_named(c, b, &args, names, offset)
                     : builtin_node(c, b, &args, offset);
    }
    struct node *n = node_kids(c, named ? eval_call_named : eval_call, offset, args.p, args.n);
    n->a = callee;
    n->flags = deeper(c, callee, n->flags);
    if (named) {
        struct str *copy = ARENA_ARRAY(c->ctx->arena, struct str, args.n);
        memcpy(copy, names, args.n * sizeof(names[0]));
        n->extra = copy;
    }
    return n;
}

/* ---- postfix and primary ---- */

/* The plan for [member < 5] and its like; NULL for other filters. */
static const struct filter_plan *plan_filter(struct compiler *c, const struct node *body,
                                             uint32_t slot)
{
    static const struct {
        node_eval *fn;
        int keep;
    } comparisons[] = {{eval_less, KEEP_LESS},
                       {eval_less_equal, KEEP_LESS | KEEP_EQUAL},
                       {eval_greater, KEEP_GREATER},
                       {eval_greater_equal, KEEP_GREATER | KEEP_EQUAL},
                       {eval_equal, KEEP_EQUAL}};
    size_t i = 0;
    while (i < LEN(comparisons) && comparisons[i].fn != body->eval) {
        i++;
    }
    if (i == LEN(comparisons) || body->a->eval != eval_member_or || body->a->a->op != OP_LOCAL ||
        body->a->a->slot != slot || body->b->op != OP_CONST || !is_small(body->b->value)) {
        return NULL;
    }
    struct filter_plan *plan = ARENA_NEW(c->ctx->arena, struct filter_plan);
    *plan = (struct filter_plan){body->a->name, body->b->value, comparisons[i].keep};
    return plan;
}

static const struct node *parse_filter(struct compiler *c, const struct node *list, size_t offset)
{
    size_t bindings = c->binding_count;
    uint32_t slot = name_slot(c);
    c->list_in_parens = false;
    name_bind(c, STR("item"), slot, false);
    name_bind(c, (struct str){0}, slot, true);
    bool range_end = c->range_end;
    c->range_end = false;
    const struct node *body = parse_expression(c);
    c->range_end = range_end;
    c->binding_count = bindings;
    if (body == NULL) {
        return NULL;
    }
    if (!lex_take(c, "]")) {
        return parse_expected(c, "\"]\"");
    }
    struct node *n = node_new(c, eval_filter, offset, list, body);
    n->slot = slot;
    n->extra = plan_filter(c, body, slot);
    return node_fold(c, n);
}

static const struct node *parse_postfix(struct compiler *c, const struct node *n)
{
    while (n != NULL) {
        lex_blanks(c);
        size_t offset = c->at;
        if (lex_sees(c, ".") && !lex_sees(c, "..")) {
            c->at++;
            struct str name = {0};
            if (!name_member(c, &name)) {
                return parse_expected(c, "a member name behind \".\"");
            }
            struct node *path = node_new(c, eval_path, offset, n, NULL);
            path->name = name;
            n = node_fold(c, path);
        } else if (lex_sees(c, "[") && !(c->range_end && bracket_closes(c))) {
            c->at++;
            n = parse_filter(c, n, offset);
        } else if (lex_take(c, "(")) {
            n = parse_call(c, n, NULL, offset);
        } else {
            break;
        }
    }
    return n;
}

/* if, for, some, every, function: words that open an expression. NULL without an error when none is
 * here. */
static const struct node *parse_word(struct compiler *c)
{
    size_t offset = c->at;
    size_t name = name_length(c);
    static const char *const words[] = {"if",       "for",  "some", "every",
                                        "function", "null", "true", "false"};
    size_t i = 0;
    while (i < LEN(words) && !lex_sees_word(c, words[i])) {
        i++;
    }
    if (i == LEN(words) || name > strlen(words[i])) {
        return NULL;
    }
    (void)lex_word(c, words[i]);
    switch (i) {
    case 0: return parse_if(c, offset);
    case 1: return parse_loops(c, eval_for, "return", offset);
    case 2: return parse_loops(c, eval_some, "satisfies", offset);
    case 3: return parse_loops(c, eval_every, "satisfies", offset);
    case 4: return parse_function(c, offset);
    case 5: return node_const(c, feel_null(), offset);
    default: return node_const(c, feel_bool(i == 6), offset);
    }
}

static const struct node *parse_name(struct compiler *c)
{
    struct str name = {0};
    size_t offset = c->at;
    enum name_found found = name_here(c, &name);
    if (found == NAME_NONE) {
        if (!lex_words(c, &name)) {
            return parse_expected(c, "an expression");
        }
        return parse_refuse(c, ERR_UNKNOWN_NAME, offset, "\"%.*s\" is not known here", FMT(name));
    }
    if (found == NAME_BUILTIN && lex_take(c, "(")) {
        return parse_call(c, NULL, builtin_find(name), offset);
    }
    return name_resolve(c, name, (uint32_t)offset);
}

static const struct node *parse_at_literal(struct compiler *c, size_t offset)
{
    struct str text = {0};
    if (!lex_string(c, &text)) {
        return parse_expected(c, "a string behind \"@\"");
    }
    struct feel_env env = {.zones = c->scope->zones};
    struct run r = run_new(c->ctx, &env, c->program);
    struct feel_value v = temporal_from_text(&r, text);
    if (feel_is_null(v)) {
        return node_trouble(c, offset, "@\"%.*s\" is no date, time or duration", FMT(text));
    }
    return node_const(c, v, offset);
}

static const struct node *parse_primary(struct compiler *c)
{
    lex_blanks(c);
    size_t offset = c->at;
    struct decimal number = {0};
    struct str text = {0};
    if (lex_number(c, &number)) {
        return node_const(c, feel_number(c->ctx->arena, number), offset);
    }
    if (lex_string(c, &text)) {
        return node_const(c, feel_string(text), offset);
    }
    if (c->err != ERR_OK) {
        return NULL;
    }
    bool list = c->list_in_parens;
    c->list_in_parens = false;
    switch (lex_peek(c)) {
    case '(':
        c->at++;
        c->list_in_parens = list;
        return parse_parens(c, offset);
    case '[': c->at++; return parse_list(c, offset);
    case '{': c->at++; return parse_context(c, offset);
    case '@': c->at++; return parse_at_literal(c, offset);
    case '?': c->at++; return name_input(c, (uint32_t)offset);
    case ']': {
        c->at++;
        const struct node *lo = parse_binary(c, LEVEL_ADD);
        if (lo == NULL) {
            return NULL;
        }
        return lex_take(c, "..") ? parse_range_end(c, lo, true, offset)
                                 : parse_expected(c, "\"..\"");
    }
    default: break;
    }
    const struct node *n = parse_word(c);
    return n != NULL || c->err != ERR_OK ? n : parse_name(c);
}

static const struct node *parse_unary(struct compiler *c)
{
    if (!enter(c)) {
        return NULL;
    }
    const struct node *n = NULL;
    lex_blanks(c);
    size_t offset = c->at;
    if (lex_take(c, "-")) {
        const struct node *operand = parse_unary(c);
        n = operand == NULL ? NULL : node_fold(c, node_new(c, eval_negate, offset, operand, NULL));
    } else {
        n = parse_postfix(c, parse_primary(c));
        offset = c->at;
        if (n != NULL && lex_sees_word(c, "instance")) {
            (void)lex_word(c, "instance");
            if (!lex_word(c, "of")) {
                return parse_expected(c, "\"of\" behind \"instance\"");
            }
            const struct feel_type *type = parse_type(c);
            struct node *is = node_new(c, eval_instance, offset, n, NULL);
            is->extra = type;
            n = type == NULL ? NULL : is;
        }
    }
    c->depth--;
    return n;
}

const struct node *parse_expression(struct compiler *c)
{
    if (!enter(c)) {
        return NULL;
    }
    const struct node *n = parse_binary(c, LEVEL_OR);
    c->depth--;
    return c->err != ERR_OK ? NULL : n;
}

/* ---- programs ---- */

struct compiler compiler_new(struct ctx *ctx, const struct feel_scope *scope,
                             struct feel_source source)
{
    static const struct feel_scope nothing = {0};
    struct compiler c = {.ctx = ctx,
                         .scope = scope == NULL ? &nothing : scope,
                         .source = source,
                         .text = source.text};
    c.program = ARENA_NEW(ctx->arena, struct feel_program);
    c.program->source = source;
    c.program->zones = c.scope->zones;
    c.frame = ARENA_NEW(ctx->arena, struct frame);
    c.used = ARENA_ARRAY(ctx->arena, bool, c.scope->count);
    return c;
}

static enum err check_source(struct ctx *ctx, struct feel_source source)
{
    if (source.text.n > LIMIT_FEEL_SOURCE_BYTES) {
        return fault_at(ctx, ERR_TOO_LARGE, source.file, source.line, source.column,
                        "the expression is longer than %d bytes", LIMIT_FEEL_SOURCE_BYTES);
    }
    if (!utf8_is_valid(source.text)) {
        return fault_at(ctx, ERR_UTF8, source.file, source.line, source.column,
                        "the expression is not valid UTF-8");
    }
    return ERR_OK;
}

static void finish(struct compiler *c, const struct node *root)
{
    c->program->root = root;
    c->program->frame_size = c->frame->slots;
    c->program->depth = root->flags;
    c->program->uses_input = c->uses_input;
    c->program->used = c->used;
    c->program->slot_count = c->scope->count;
}

enum err feel_compile(struct ctx *ctx, const struct feel_scope *scope, struct feel_source source,
                      const struct feel_program **ret)
{
    TRY(check_source(ctx, source));
    struct compiler c = compiler_new(ctx, scope, source);
    const struct node *root = parse_expression(&c);
    if (root != NULL && !lex_at_end(&c)) {
        root = parse_expected(&c, "an operator or the end");
    }
    if (root == NULL || c.err != ERR_OK) {
        return c.err;
    }
    finish(&c, root);
    *ret = c.program;
    return ERR_OK;
}

/* ---- unary tests ---- */

struct tests {
    struct node_list list;
    bool *uses_input;
};

/* The tests up to the end or ")". */
static bool parse_tests(struct compiler *c, struct tests *tests)
{
    size_t room = 0;
    do {
        c->uses_input = false;
        const struct node *n = parse_test(c);
        if (n == NULL) {
            return false;
        }
        if (tests->list.n == room) {
            size_t more = room == 0 ? 8 : room * 2;
            tests->uses_input = arena_grow(c->ctx->arena, tests->uses_input, room, more);
            room = more;
        }
        tests->uses_input[tests->list.n] = c->uses_input;
        node_push(c, &tests->list, n);
    } while (lex_take(c, ","));
    return true;
}

/* What a constant test accepts. */
static struct feel_shape shape_of(const struct node *n, bool uses_input)
{
    struct feel_shape s = {.kind = FEEL_SHAPE_OTHER};
    if (n->op != OP_CONST || uses_input) {
        return s;
    }
    struct feel_value v = n->value;
    if (v.kind == FEEL_RANGE) {
        s = (struct feel_shape){FEEL_SHAPE_INTERVAL, v.range->lo,      v.range->hi,
                                v.range->lo_open,    v.range->hi_open, false};
        if (v.range->form == FEEL_RANGE_NOT_EQUAL) {
            s.kind = FEEL_SHAPE_OTHER;
        } else if (v.range->form == FEEL_RANGE_EQUAL) {
            s.kind = FEEL_SHAPE_POINT;
            s.strict = !feel_is_null(s.lo);
        } else if (v.range->form == FEEL_RANGE_INTERVAL &&
                   (feel_is_null(s.lo) || feel_is_null(s.hi))) {
            s.kind = FEEL_SHAPE_OTHER;
        }
        s.lo_open |= feel_is_null(s.lo);
        s.hi_open |= feel_is_null(s.hi);
        return s;
    }
    if (v.kind != FEEL_LIST && v.kind != FEEL_CONTEXT && v.kind != FEEL_FUNCTION) {
        s = (struct feel_shape){.kind = FEEL_SHAPE_POINT, .lo = v, .hi = v};
    }
    return s;
}

static void finish_unary(struct compiler *c, const struct tests *tests, bool negated, size_t offset)
{
    size_t count = tests->list.n;
    struct feel_shape *shapes =
        ARENA_ARRAY(c->ctx->arena, struct feel_shape, count == 0 ? 1 : count);
    shapes[0].kind = FEEL_SHAPE_ANY;
    for (size_t i = 0; i < count; i++) {
        shapes[i] = shape_of(tests->list.p[i], tests->uses_input[i]);
    }
    struct node *root =
        node_kids(c, count == 0 ? eval_any : eval_unary, offset, tests->list.p, count);
    struct unary_plan *plan = ARENA_NEW(c->ctx->arena, struct unary_plan);
    plan->uses_input = tests->uses_input;
    root->extra = plan;
    root->slot = negated;
    c->program->unary = true;
    c->program->negated = negated;
    c->program->shapes = shapes;
    c->program->shape_count = count == 0 ? 1 : count;
    c->uses_input = true;
    finish(c, root);
}

enum err feel_compile_unary(struct ctx *ctx, const struct feel_scope *scope,
                            struct feel_source source, const struct feel_program **ret)
{
    TRY(check_source(ctx, source));
    struct compiler c = compiler_new(ctx, scope, source);
    struct stand start = stand_here(&c);
    struct tests tests = {0};
    if (lex_take(&c, "-") && lex_at_end(&c)) {
        finish_unary(&c, &tests, false, 0);
        *ret = c.program;
        return ERR_OK;
    }
    stand_back(&c, start);
    if (lex_word(&c, "not") && lex_take(&c, "(") && parse_tests(&c, &tests) && lex_take(&c, ")") &&
        lex_at_end(&c)) {
        finish_unary(&c, &tests, true, 0);
        *ret = c.program;
        return ERR_OK;
    }
    stand_back(&c, start);
    tests = (struct tests){0};
    if (c.err == ERR_OK && parse_tests(&c, &tests) && !lex_at_end(&c)) {
        (void)parse_expected(&c, "\",\" or the end");
    }
    if (c.err != ERR_OK) {
        return c.err;
    }
    finish_unary(&c, &tests, false, 0);
    *ret = c.program;
    return ERR_OK;
}

/* ---- looking inside ---- */

size_t feel_unary_shape(const struct feel_program *program, const struct feel_shape **ret,
                        bool *ret_negated)
{
    *ret = program->shapes;
    *ret_negated = program->negated;
    return program->shape_count;
}

bool feel_constant(const struct feel_program *program, struct feel_value *ret)
{
    if (program->root->op != OP_CONST) {
        return false;
    }
    *ret = program->root->value;
    return true;
}

bool feel_path(const struct feel_program *program, uint32_t *ret_slot, struct str *ret_members,
               size_t max, size_t *ret_count)
{
    const struct node *n = program->root;
    size_t count = 0;
    for (; n->eval == eval_path; n = n->a) {
        count++;
    }
    if (program->unary || n->op != OP_GLOBAL || count > max) {
        return false;
    }
    *ret_slot = n->slot;
    *ret_count = count;
    for (n = program->root; n->eval == eval_path; n = n->a) {
        ret_members[--count] = n->name;
    }
    return true;
}

bool feel_uses(const struct feel_program *program, size_t slot)
{
    return slot < program->slot_count && program->used[slot];
}

/* ---- range() ---- */

/* Whether what was read since `from` is a literal: a number, a string, @"...", or date("...") and
 * its like. */
static bool is_literal_end(const struct compiler *c, const struct node *n, size_t from)
{
    static const char *const calls[] = {"date and time", "date", "time", "duration"};
    struct compiler again = *c;
    struct decimal number = {0};
    struct str text = {0};
    again.text = str_slice(c->text, from, c->at);
    again.at = 0;
    bool call = false;
    for (size_t i = 0; i < LEN(calls) && !call; i++) {
        call = lex_word(&again, calls[i]);
    }
    if (call) {
        (void)(lex_take(&again, "(") && lex_string(&again, &text) && lex_take(&again, ")"));
    } else if (lex_take(&again, "-") || !lex_take(&again, "@")) {
        (void)(lex_number(&again, &number) || lex_string(&again, &text));
    } else {
        (void)lex_string(&again, &text);
    }
    return n->op == OP_CONST && lex_at_end(&again);
}

struct feel_value range_from_text(struct run *r, struct str s)
{
    struct feel_scope scope = {.zones = r->program == NULL ? NULL : r->program->zones};
    struct compiler c = compiler_new(r->ctx, &scope, (struct feel_source){.text = s});
    struct why before = r->ctx->why;
    struct feel_value v = feel_null();
    bool lo_open = lex_take(&c, "(") || lex_take(&c, "]");
    if (lo_open || lex_take(&c, "[")) {
        size_t from = c.at;
        const struct node *lo = parse_binary(&c, LEVEL_ADD);
        bool literal = lo != NULL && is_literal_end(&c, lo, from) && lex_take(&c, "..");
        from = c.at;
        c.range_end = true;
        const struct node *hi = literal ? parse_binary(&c, LEVEL_ADD) : NULL;
        literal = hi != NULL && is_literal_end(&c, hi, from);
        bool closed = literal && lex_take(&c, "]");
        bool open = literal && !closed && (lex_take(&c, ")") || lex_take(&c, "["));
        int order = 0;
        if ((closed || open) && lex_at_end(&c) && range_is_valid(lo->value, hi->value, false) &&
            feel_compare(lo->value, hi->value, &order) && order <= 0) {
            v = value_range(r->ctx->arena, (struct feel_range){lo->value, hi->value, lo_open, open,
                                                               FEEL_RANGE_INTERVAL});
        }
    }
    r->ctx->why = before;
    return v;
}
