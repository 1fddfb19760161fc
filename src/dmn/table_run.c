/* A decision table at work: which rules match, and what they come to (DMN 1.5, 8.2.8 to 8.2.11). */
#include "base/decimal.h"
#include "dmn/dmn_in.h"

/* Rules that matched, 0-based, in order of the table. */
struct matched {
    uint32_t *rules;
    size_t n;
};

/* ---- outputs ---- */

static enum err output(struct run *r, const struct dmn_table *t, size_t column,
                       const struct feel_program *entry, struct feel_value *slots,
                       struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    const struct table_output *out = &t->outputs[column];
    struct feel_value ok = feel_bool(true);
    TRY(run_program(r, entry, slots, feel_null(), ret));
    *ret = run_coerce(r, *ret, out->type);
    if (out->allowed != NULL && !feel_is_null(*ret)) {
        TRY(run_program(r, out->allowed, slots, *ret, &ok));
    }
    if (!feel_is_true(ok)) {
        feel_trouble(ctx, r->env,
                     "%.*s: output column %zu gives what its output values do not allow",
                     FMT(t->name), column + 1);
        *ret = feel_null();
    }
    return ERR_OK;
}

/* One row of outputs: a value, or a context of the named columns. */
static enum err outputs(struct run *r, const struct dmn_table *t,
                        const struct feel_program *const *entries, struct feel_value *slots,
                        struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    if (t->output_count == 1) {
        return output(r, t, 0, entries[0], slots, ret);
    }
    struct feel_entry *parts = ARENA_ARRAY(ctx->arena, struct feel_entry, t->output_count);
    for (size_t i = 0; i < t->output_count; i++) {
        parts[i].key = t->outputs[i].name;
        TRY(output(r, t, i, entries[i], slots, &parts[i].value));
    }
    *ret = feel_context(parts, t->output_count);
    return ERR_OK;
}

/* No rule matched: the default outputs; a count is none. */
static enum err otherwise(struct run *r, const struct dmn_table *t, struct feel_value *slots,
                          struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    struct feel_entry *parts = ARENA_ARRAY(ctx->arena, struct feel_entry, t->output_count);
    bool any = false;
    for (size_t i = 0; i < t->output_count; i++) {
        parts[i].key = t->outputs[i].name;
        if (t->outputs[i].otherwise != NULL) {
            TRY(output(r, t, i, t->outputs[i].otherwise, slots, &parts[i].value));
            any = true;
        }
    }
    *ret = !any                   ? (t->aggregate == AGGREGATE_COUNT ? feel_int(0) : feel_null())
           : t->output_count == 1 ? parts[0].value
                                  : feel_context(parts, t->output_count);
    return ERR_OK;
}

/* Place of a value among the listed output values; behind all when it is none of them. */
static size_t rank_in(const struct table_output *out, struct feel_value v)
{
    for (size_t i = 0; i < out->listed_count; i++) {
        if (feel_is_true(feel_equal(v, out->listed[i]))) {
            return i;
        }
    }
    return out->listed_count;
}

static struct feel_value cell(const struct dmn_table *t, struct feel_value row, size_t column)
{
    return t->output_count == 1 ? row : row.entries[column].value;
}

/* Does row a come before row b by the priority of its outputs, the first column first? */
static bool goes_before(const struct dmn_table *t, struct feel_value a, struct feel_value b)
{
    for (size_t i = 0; i < t->output_count; i++) {
        size_t x = rank_in(&t->outputs[i], cell(t, a, i));
        size_t y = rank_in(&t->outputs[i], cell(t, b, i));
        if (x != y) {
            return x < y;
        }
    }
    return false;
}

/* Stable; few rules match. */
static void sort_by_priority(const struct dmn_table *t, struct feel_value *rows, uint32_t *rules,
                             size_t n)
{
    for (size_t i = 1; i < n; i++) {
        for (size_t k = i; k > 0 && goes_before(t, rows[k], rows[k - 1]); k--) {
            struct feel_value row = rows[k];
            uint32_t rule = rules[k];
            rows[k] = rows[k - 1];
            rules[k] = rules[k - 1];
            rows[k - 1] = row;
            rules[k - 1] = rule;
        }
    }
}

static struct feel_value sum_up(struct run *r, const struct dmn_table *t,
                                const struct feel_value *rows, size_t n)
{
    struct decimal sum = {0};
    for (size_t i = 0; i < n; i++) {
        bool good = rows[i].kind == FEEL_NUMBER;
        good = good && (i == 0 ? (sum = feel_decimal(rows[i]), true)
                               : decimal_add(sum, feel_decimal(rows[i]), &sum));
        if (!good) {
            feel_trouble(r->ctx, r->env, "%.*s: the outputs have no sum", FMT(t->name));
            return feel_null();
        }
    }
    return feel_number(r->ctx->arena, sum);
}

static struct feel_value aggregate(struct run *r, const struct dmn_table *t,
                                   struct feel_value *rows, size_t n)
{
    if (t->aggregate == AGGREGATE_COUNT) {
        return feel_int((int64_t)n);
    }
    if (t->aggregate == AGGREGATE_SUM) {
        return sum_up(r, t, rows, n);
    }
    struct feel_value best = rows[0];
    for (size_t i = 1; i < n; i++) {
        int order = 0;
        if (!feel_compare(rows[i], best, &order)) {
            feel_trouble(r->ctx, r->env, "%.*s: the outputs have no order", FMT(t->name));
            return feel_null();
        }
        best = (t->aggregate == AGGREGATE_MIN ? order < 0 : order > 0) ? rows[i] : best;
    }
    return best;
}

/* ---- the table ---- */

static void note_fired(struct run *r, const struct dmn_table *t, uint32_t rule,
                       const struct feel_value *inputs)
{
    struct record *list = r->record;
    const struct table_rule *x = &t->rules[rule];
    if (list->n == list->room) {
        size_t room = list->room == 0 ? 4 : list->room * 2;
        list->p = arena_grow(r->ctx->arena, list->p, list->room * sizeof(*list->p),
                             room * sizeof(*list->p));
        list->room = room;
    }
    list->p[list->n++] =
        (struct dmn_fired){.table = t->name,
                           .rule = x->number,
                           .article = x->article,
                           .annotation = x->annotation_count > 0 ? x->annotations[0].text : STR(""),
                           .annotations = x->annotations,
                           .annotation_count = x->annotation_count,
                           .inputs = inputs,
                           .input_count = t->input_count};
}

static bool is_single(const struct dmn_table *t)
{
    return t->hit == HIT_UNIQUE || t->hit == HIT_FIRST || t->hit == HIT_ANY ||
           t->hit == HIT_PRIORITY;
}

static enum err conclude(struct run *r, const struct dmn_table *t, struct matched *m,
                         const struct feel_value *inputs, struct feel_value *slots,
                         struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    *ret = feel_null();
    if (t->hit == HIT_UNIQUE && m->n > 1) {
        feel_trouble(ctx, r->env, "%.*s: rules %u and %u match, and only one may", FMT(t->name),
                     m->rules[0] + 1, m->rules[1] + 1);
        return ERR_OK;
    }
    struct feel_value *rows = ARENA_ARRAY(ctx->arena, struct feel_value, m->n);
    for (size_t i = 0; i < m->n; i++) {
        TRY(outputs(r, t, &t->entries[m->rules[i] * t->output_count], slots, &rows[i]));
        if (t->hit == HIT_ANY && i > 0 && !feel_is_true(feel_equal(rows[0], rows[i])) &&
            !(feel_is_null(rows[0]) && feel_is_null(rows[i]))) {
            feel_trouble(ctx, r->env, "%.*s: rules %u and %u match and do not agree", FMT(t->name),
                         m->rules[0] + 1, m->rules[i] + 1);
            return ERR_OK;
        }
    }
    if (t->hit == HIT_PRIORITY || t->hit == HIT_OUTPUT_ORDER) {
        sort_by_priority(t, rows, m->rules, m->n);
    }
    size_t fired = is_single(t) && t->hit != HIT_ANY ? 1 : m->n;
    for (size_t i = 0; i < fired; i++) {
        note_fired(r, t, m->rules[i], inputs);
    }
    *ret = is_single(t)                     ? rows[0]
           : t->aggregate != AGGREGATE_NONE ? aggregate(r, t, rows, m->n)
                                            : feel_list(rows, m->n);
    return ERR_OK;
}

enum err table_eval(struct run *r, const struct dmn_table *t, struct feel_value *slots,
                    struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    struct feel_value *inputs = ARENA_ARRAY(ctx->arena, struct feel_value, t->input_count + 1);
    struct matched m = {ARENA_ARRAY(ctx->arena, uint32_t, t->rule_count + 1), 0};
    for (size_t i = 0; i < t->input_count; i++) {
        const struct table_input *in = &t->inputs[i];
        struct feel_value ok = feel_bool(true);
        TRY(run_program(r, in->expression, slots, feel_null(), &inputs[i]));
        inputs[i] = run_coerce(r, inputs[i], in->type);
        if (in->allowed != NULL && !feel_is_null(inputs[i])) {
            TRY(run_program(r, in->allowed, slots, inputs[i], &ok));
        }
        if (!feel_is_true(ok)) {
            feel_trouble(ctx, r->env,
                         "%.*s: the input %.*s has a value that its input values do not allow",
                         FMT(t->name), FMT(in->label));
            *ret = feel_null();
            return ERR_OK;
        }
    }
    const struct feel_value *before = r->env->slots;
    struct feel_value input = r->env->input;
    r->env->slots = slots;
    enum err e = table_match(ctx, r->env, t, inputs, t->hit == HIT_FIRST, m.rules, &m.n);
    r->env->slots = before;
    r->env->input = input;
    TRY(e);
    return m.n == 0 ? otherwise(r, t, slots, ret) : conclude(r, t, &m, inputs, slots, ret);
}
