/* What is wrong with the tables of a model, in sentences. */
#include <stdarg.h>
#include <stdio.h>

#include "dmn/check_in.h"
#include "dmn/dmn_in.h"
#include "feel/shape.h"

enum { GAPS_MAX = 3, PAIRS_MAX = 20, COLUMNS_MAX = 64 };

struct checker {
    struct ctx *ctx;
    const struct dmn_node *node;
    const struct dmn_table *table;
    struct dmn_finding *list;
    size_t count, room;
};

/* What a finding is about, in rules as written and columns; 0 none. */
struct place {
    size_t rule, other, column;
};

static PRINTF(5, 6) void note(struct checker *k, enum dmn_finding_kind kind, struct place at,
                              struct str example, const char *format, ...)
{
    if (k->count >= LIMIT_DMN_FINDINGS) {
        return;
    }
    if (k->count == k->room) {
        size_t room = k->room == 0 ? 8 : k->room * 2;
        k->list =
            arena_grow(k->ctx->arena, k->list, k->room * sizeof(*k->list), room * sizeof(*k->list));
        k->room = room;
    }
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    size_t size = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
    struct str sentence =
        str_format(k->ctx->arena, "table \"%.*s\": %.*s%s%.*s", FMT(k->table->name), (int)size,
                   text, example.n > 0 ? ": " : "", FMT(example));
    k->list[k->count++] = (struct dmn_finding){
        .kind = kind,
        .file = k->table->file,
        .line = at.rule > 0 ? k->table->rules[at.rule - 1].line : k->table->line,
        .table = k->table->name,
        .rule = at.rule,
        .other = at.other,
        .column = at.column,
        .sentence = sentence,
        .example = example};
}

/* ---- types ----------------------------------------------------------------------------------- */

static const char *const kind_names[FEEL_KIND_COUNT] = {"null",
                                                        "a boolean",
                                                        "a number",
                                                        "a string",
                                                        "a date",
                                                        "a time",
                                                        "a date and time",
                                                        "a years and months duration",
                                                        "a days and time duration",
                                                        "a list",
                                                        "a context",
                                                        "a range",
                                                        "a function"};
static const char *const type_names[] = {"anything",
                                         "null",
                                         "booleans",
                                         "numbers",
                                         "strings",
                                         "dates",
                                         "times",
                                         "dates and times",
                                         "years and months durations",
                                         "days and time durations",
                                         "lists",
                                         "contexts",
                                         "ranges",
                                         "functions"};

/* Whether a constant can be of a type at all, coercion included. */
static bool can_be(struct feel_value v, const struct feel_type *type)
{
    static const uint8_t kinds[] = {[FEEL_TYPE_BOOL] = FEEL_BOOL,
                                    [FEEL_TYPE_NUMBER] = FEEL_NUMBER,
                                    [FEEL_TYPE_STRING] = FEEL_STRING,
                                    [FEEL_TYPE_DATE] = FEEL_DATE,
                                    [FEEL_TYPE_TIME] = FEEL_TIME,
                                    [FEEL_TYPE_DATE_TIME] = FEEL_DATE_TIME,
                                    [FEEL_TYPE_YEARS_MONTHS] = FEEL_YEARS_MONTHS,
                                    [FEEL_TYPE_DAYS_TIME] = FEEL_DAYS_TIME,
                                    [FEEL_TYPE_FUNCTION] = FEEL_NULL};
    bool loose = type == NULL || kinds[type->kind] == FEEL_NULL || feel_is_null(v);
    return loose || v.kind == kinds[type->kind] ||
           (type->kind == FEEL_TYPE_DATE_TIME && v.kind == FEEL_DATE);
}

static enum err allows(struct ctx *ctx, const struct feel_program *allowed, struct feel_value v,
                       bool *ret)
{
    struct feel_env env = {.input = v};
    struct feel_value r = feel_null();
    *ret = true;
    if (allowed != NULL && !feel_is_null(v)) {
        TRY(feel_eval(ctx, allowed, &env, &r));
        *ret = feel_is_true(r);
    }
    return ERR_OK;
}

static enum err check_test(struct checker *k, size_t rule, size_t column,
                           const struct check_column *c, const struct feel_type *type)
{
    struct ctx *ctx = k->ctx;
    const struct feel_shape *shapes = NULL;
    bool negated = false;
    struct place at = {rule + 1, 0, column + 1};
    const struct feel_program *test = k->table->tests[rule * k->table->input_count + column];
    size_t count = test == NULL ? 0 : feel_unary_shape(test, &shapes, &negated);
    for (size_t i = 0; i < count; i++) {
        const struct feel_shape *s = &shapes[i];
        if (s->kind != FEEL_SHAPE_POINT && s->kind != FEEL_SHAPE_INTERVAL) {
            continue;
        }
        struct feel_value v = feel_is_null(s->lo) ? s->hi : s->lo;
        if (!can_be(v, type)) {
            note(k, DMN_TYPE, at, (struct str){0},
                 "rule %zu, column %zu (%.*s): the cell speaks of %s, the column holds %s",
                 rule + 1, column + 1, FMT(c->label), kind_names[v.kind], type_names[type->kind]);
            return ERR_OK;
        }
        for (size_t j = 0; j < LEN(c->allowed) && s->kind == FEEL_SHAPE_POINT; j++) {
            bool good = true;
            TRY(allows(ctx, c->allowed[j], v, &good));
            if (!good) {
                struct str text = feel_text(ctx, v);
                note(k, DMN_TYPE, at, (struct str){0},
                     "rule %zu, column %zu (%.*s): %.*s is not among the values of the column",
                     rule + 1, column + 1, FMT(c->label), FMT(text));
                return ERR_OK;
            }
        }
    }
    return ERR_OK;
}

static enum err check_entry(struct checker *k, size_t rule, size_t column)
{
    struct ctx *ctx = k->ctx;
    const struct dmn_table *t = k->table;
    const struct table_output *out = &t->outputs[column];
    struct place at = {rule + 1, 0, t->input_count + column + 1};
    struct feel_value v = feel_null();
    bool good = true;
    if (!feel_constant(t->entries[rule * t->output_count + column], &v)) {
        return ERR_OK;
    }
    if (!can_be(v, out->type)) {
        note(k, DMN_TYPE, at, (struct str){0},
             "rule %zu, output %zu (%.*s): the cell is %s, the column holds %s", rule + 1,
             column + 1, FMT(out->name), kind_names[v.kind], type_names[out->type->kind]);
        return ERR_OK;
    }
    TRY(allows(ctx, out->allowed, v, &good));
    if (good && out->type != NULL && v.kind != FEEL_LIST) {
        TRY(allows(ctx, out->type->allowed, v, &good));
    }
    if (!good) {
        struct str text = feel_text(ctx, v);
        note(k, DMN_TYPE, at, (struct str){0},
             "rule %zu, output %zu (%.*s): %.*s is not among the values of the column", rule + 1,
             column + 1, FMT(out->name), FMT(text));
    }
    return ERR_OK;
}

/* ---- boxes ----------------------------------------------------------------------------------- */

/* Whether the outputs of two rules are the same constants; *ret_known is false when they are no
 * constants. */
static bool same_outputs(const struct dmn_table *t, size_t a, size_t b, bool *ret_known)
{
    *ret_known = true;
    for (size_t i = 0; i < t->output_count; i++) {
        struct feel_value x = feel_null(), y = feel_null();
        bool known = feel_constant(t->entries[a * t->output_count + i], &x) &&
                     feel_constant(t->entries[b * t->output_count + i], &y);
        if (known && !feel_is_true(feel_equal(x, y))) {
            return false;
        }
        *ret_known = *ret_known && known;
    }
    return true;
}

static enum err check_gaps(struct checker *k, struct check_grid *g)
{
    struct ctx *ctx = k->ctx;
    const struct dmn_table *t = k->table;
    bool one =
        t->hit == HIT_UNIQUE || t->hit == HIT_FIRST || t->hit == HIT_ANY || t->hit == HIT_PRIORITY;
    uint32_t *points = ARENA_ARRAY(ctx->arena, uint32_t, GAPS_MAX * g->column_count);
    size_t count = 0;
    for (size_t i = 0; i < t->output_count; i++) {
        one = one && t->outputs[i].otherwise == NULL;
    }
    if (!one) {
        return ERR_OK;
    }
    enum check_answer answer =
        check_uncovered(g, t->rule_count, SIZE_MAX, GAPS_MAX, points, &count);
    for (size_t i = 0; i < count; i++) {
        bool good = true;
        const uint32_t *point = points + i * g->column_count;
        TRY(check_point_is_allowed(g, point, &good));
        note(k, good ? DMN_GAP : DMN_UNDECIDED, (struct place){0}, check_point_text(g, point),
             good ? "no rule covers" : "whether a rule must cover this is not decided");
    }
    if (answer == CHECK_UNDECIDED) {
        note(k, DMN_UNDECIDED, (struct place){0}, (struct str){0},
             "whether rules cover all is not decided");
    }
    return ERR_OK;
}

static enum err check_pair(struct checker *k, struct check_grid *g, size_t a, size_t b,
                           size_t *pairs)
{
    struct ctx *ctx = k->ctx;
    bool known = true;
    bool same = same_outputs(k->table, a, b, &known);
    struct place at = {b + 1, a + 1, 0};
    uint32_t point[COLUMNS_MAX];
    if (k->table->hit == HIT_ANY && same && known) {
        return ERR_OK;
    }
    enum check_answer answer = check_overlap(g, a, b, point);
    if (answer == CHECK_NONE) {
        return ERR_OK;
    }
    bool allowed = true;
    TRY(check_point_is_allowed(g, point, &allowed));
    (*pairs)++;
    if (answer == CHECK_UNDECIDED || !allowed || (k->table->hit == HIT_ANY && same)) {
        note(k, DMN_UNDECIDED, at, (struct str){0},
             "whether rules %zu and %zu may meet is not decided", a + 1, b + 1);
        return ERR_OK;
    }
    note(k, same ? DMN_OVERLAP : DMN_CONTRADICTION, at, check_point_text(g, point),
         "rules %zu and %zu both match%s", a + 1, b + 1, same ? "" : " and say different things");
    return ERR_OK;
}

static enum err check_pairs(struct checker *k, struct check_grid *g)
{
    struct ctx *ctx = k->ctx;
    size_t n = k->table->rule_count;
    size_t pairs = 0;
    if (k->table->hit != HIT_UNIQUE && k->table->hit != HIT_ANY) {
        return ERR_OK;
    }
    for (size_t b = 1; b < n; b++) {
        for (size_t a = 0; a < b && pairs < PAIRS_MAX; a++) {
            if (g->steps == 0) {
                note(k, DMN_UNDECIDED, (struct place){0}, (struct str){0},
                     "whether rules overlap is not decided: there are too many");
                return ERR_OK;
            }
            TRY(check_pair(k, g, a, b, &pairs));
        }
    }
    return ERR_OK;
}

static void check_reached(struct checker *k, struct check_grid *g, size_t rule)
{
    struct place at = {rule + 1, 0, 0};
    uint32_t point[COLUMNS_MAX];
    size_t count = 0;
    size_t column = check_empty_column(g, rule);
    if (column != SIZE_MAX) {
        at.column = column + 1;
        note(k, DMN_UNREACHABLE, at, (struct str){0},
             "rule %zu never matches: its cell in column %zu (%.*s) takes no value of the column",
             rule + 1, column + 1, FMT(g->columns[column].label));
        return;
    }
    if (k->table->hit != HIT_FIRST || rule == 0) {
        return;
    }
    enum check_answer answer = check_uncovered(g, rule, rule, 1, point, &count);
    if (answer == CHECK_NONE) {
        note(k, DMN_UNREACHABLE, at, (struct str){0},
             "rule %zu never answers: earlier rules take all that it matches", rule + 1);
    } else if (answer == CHECK_UNDECIDED) {
        note(k, DMN_UNDECIDED, at, (struct str){0}, "whether rule %zu ever answers is not decided",
             rule + 1);
    }
}

/* ---- a table --------------------------------------------------------------------------------- */

/* The declared type of a column: its own, or that of the input data it names. */
static const struct feel_type *data_type(const struct dmn_node *n, const struct table_input *in)
{
    struct str members[8];
    uint32_t slot = 0;
    size_t count = 0;
    if (!feel_path(in->expression, &slot, members, LEN(members), &count) ||
        slot >= n->direct_count) {
        return NULL;
    }
    const struct feel_type *type = n->direct[slot]->type;
    for (size_t i = 0; i < count && type != NULL; i++) {
        const struct feel_type *inner = NULL;
        for (size_t k = 0; type->kind == FEEL_TYPE_CONTEXT && k < type->count; k++) {
            inner = str_equal(type->members[k].name, members[i]) ? type->members[k].type : inner;
        }
        type = inner;
    }
    return type;
}

static enum err check_table(struct checker *k)
{
    struct ctx *ctx = k->ctx;
    const struct dmn_table *t = k->table;
    struct check_column *columns = ARENA_ARRAY(ctx->arena, struct check_column, t->input_count);
    for (size_t i = 0; i < t->input_count; i++) {
        const struct table_input *in = &t->inputs[i];
        const struct feel_type *type = in->type != NULL ? in->type : data_type(k->node, in);
        columns[i] = (struct check_column){.label = in->label,
                                           .type = type == NULL ? FEEL_TYPE_ANY : type->kind};
        columns[i].allowed[0] = in->allowed;
        columns[i].allowed[1] = type == NULL ? NULL : type->allowed;
        for (size_t r = 0; r < t->rule_count; r++) {
            TRY(check_test(k, r, i, &columns[i], type));
        }
    }
    for (size_t r = 0; r < t->rule_count; r++) {
        for (size_t i = 0; i < t->output_count; i++) {
            TRY(check_entry(k, r, i));
        }
        if (t->rules[r].article.n == 0) {
            note(k, DMN_UNCITED, (struct place){r + 1, 0, 0}, (struct str){0},
                 "rule %zu cites no article", r + 1);
        }
    }
    if (t->rule_count == 0 || t->rule_count > FAST_BLOCK || t->input_count > COLUMNS_MAX) {
        if (t->rule_count > 0) {
            note(k, DMN_UNDECIDED, (struct place){0}, (struct str){0},
                 "gaps and overlaps are not decided: only %d rules of %d inputs are", FAST_BLOCK,
                 COLUMNS_MAX);
        }
        return ERR_OK;
    }
    struct check_grid g = {.columns = columns,
                           .column_count = t->input_count,
                           .tests = t->tests,
                           .rule_count = t->rule_count};
    TRY(check_grid_make(ctx, &g));
    TRY(check_gaps(k, &g));
    TRY(check_pairs(k, &g));
    for (size_t r = 0; r < t->rule_count; r++) {
        check_reached(k, &g, r);
    }
    return ERR_OK;
}

static enum err check_box(struct checker *k, const struct box *b)
{
    struct ctx *ctx = k->ctx;
    if (b == NULL) {
        return ERR_OK;
    }
    if (b->table != NULL) {
        k->table = b->table;
        TRY(check_table(k));
    }
    for (size_t i = 0; i < b->part_count; i++) {
        TRY(check_box(k, b->parts[i].box));
    }
    for (size_t i = 0; i < b->row_count; i++) {
        TRY(check_box(k, &b->rows[i]));
    }
    TRY(check_box(k, b->a));
    TRY(check_box(k, b->b));
    return check_box(k, b->c);
}

enum err dmn_check(struct ctx *ctx, const struct dmn_model *m, struct dmn_finding **ret,
                   size_t *ret_count)
{
    struct checker k = {.ctx = ctx};
    for (size_t i = 0; i < m->node_count; i++) {
        k.node = m->nodes[i];
        TRY(check_box(&k, k.node->logic));
    }
    *ret = k.list;
    *ret_count = k.count;
    return ERR_OK;
}
