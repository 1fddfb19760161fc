/* Rows of a plan: values, and JSON texts. */
#include "base/json.h"
#include "base/json_make.h"
#include "dmn/batch_in.h"

bool plan_input(struct ctx *ctx, const struct dmn_plan *p, size_t input, struct feel_value v,
                struct feel_value *ret)
{
    const struct table_input *in = &p->table->inputs[input];
    const struct feel_type *type = p->columns[p->column_of[input]].type;
    struct feel_value ok = feel_bool(true);
    struct feel_env env = {0};
    v = type == NULL ? v : feel_coerce(ctx, &env, v, type);
    v = in->type == NULL ? v : feel_coerce(ctx, &env, v, in->type);
    *ret = v;
    if (in->allowed != NULL && !feel_is_null(v)) {
        struct feel_env own = {.input = v};
        return feel_eval(ctx, in->allowed, &own, &ok) == ERR_OK && feel_is_true(ok);
    }
    return true;
}

/* Whether a rule that matches besides the first may. */
static bool agrees(const struct dmn_plan *p, size_t first, size_t rule)
{
    return p->rule == BATCH_SAME && feel_is_true(feel_equal(p->rows[first], p->rows[rule]));
}

static int64_t rule_of(const struct dmn_plan *p, const struct feel_value *row)
{
    const struct fast *f = p->table->index;
    int64_t first = PLAN_NO_RULE;
    for (size_t i = 0; i < f->block_count; i++) {
        const struct fast_block *b = &f->blocks[i];
        uint64_t mask[FAST_WORDS] ROW_SCRATCH;
        if (!fast_match(b, f->columns, row, mask)) {
            return PLAN_UNKNOWN;
        }
        for (uint32_t w = 0; w < b->words; w++) {
            for (uint64_t left = mask[w]; left != 0; left &= left - 1) {
                uint32_t rule = b->first + w * 64 + (uint32_t)__builtin_ctzll(left);
                if (p->rule == BATCH_FIRST) {
                    return rule;
                }
                if (first != PLAN_NO_RULE && !agrees(p, (size_t)first, rule)) {
                    return PLAN_CONFLICT;
                }
                first = first == PLAN_NO_RULE ? rule : first;
            }
        }
    }
    return first;
}

int64_t plan_rule(struct ctx *ctx, const struct dmn_plan *p, const struct feel_value *row)
{
    struct feel_value inline_row[ROW_INLINE] ROW_SCRATCH;
    size_t count = p->table->input_count;
    struct feel_value *in =
        count <= ROW_INLINE ? inline_row : ARENA_ARRAY(ctx->arena, struct feel_value, count);
    for (size_t i = 0; i < count; i++) {
        struct feel_value v = row[p->column_of[i]];
        in[i] = v;
        if ((p->plain[i] >> v.kind & 1) == 0 && !plan_input(ctx, p, i, v, &in[i])) {
            return PLAN_NO_RULE;
        }
    }
    return rule_of(p, in);
}

/* Put a value under its path into the inputs; objects on the way are made. */
static void put(struct arena *a, struct feel_value *at, const struct plan_path *path, size_t depth,
                struct feel_value v)
{
    if (depth == path->count) {
        *at = v;
        return;
    }
    for (uint32_t i = 0; i < at->n; i++) {
        if (str_equal(at->entries[i].key, path->names[depth])) {
            put(a, (struct feel_value *)(uintptr_t)&at->entries[i].value, path, depth + 1, v);
            return;
        }
    }
    struct feel_entry *entries = ARENA_ARRAY(a, struct feel_entry, (size_t)at->n + 1);
    if (at->n > 0) {
        memcpy(entries, at->entries, at->n * sizeof(*entries));
    }
    entries[at->n] = (struct feel_entry){path->names[depth], feel_context(NULL, 0)};
    *at = feel_context(entries, (size_t)at->n + 1);
    put(a, &entries[at->n - 1].value, path, depth + 1, v);
}

enum err plan_evaluate(struct ctx *ctx, const struct dmn_plan *p, const struct feel_value *row,
                       struct instant now, struct feel_value *ret)
{
    struct feel_value inputs = feel_context(NULL, 0);
    struct dmn_result result;
    for (size_t i = 0; i < p->column_count; i++) {
        put(ctx->arena, &inputs, &p->paths[i], 0, row[i]);
    }
    TRY(dmn_evaluate(ctx, p->model, p->node->name, inputs, now, &result));
    *ret = result.value;
    return ERR_OK;
}

enum err dmn_plan_row(struct ctx *ctx, const struct dmn_plan *p, const struct feel_value *row,
                      struct instant now, struct feel_value *ret)
{
    int64_t rule = p->single ? plan_rule(ctx, p, row) : PLAN_UNKNOWN;
    if (rule == PLAN_UNKNOWN) {
        return plan_evaluate(ctx, p, row, now, ret);
    }
    *ret = rule >= 0              ? p->values[rule]
           : rule == PLAN_NO_RULE ? p->values[p->table->rule_count]
                                  : feel_null();
    return ERR_OK;
}

/* The long way, through a tree. */
static enum err json_by_tree(struct ctx *ctx, const struct dmn_plan *p, struct str text,
                             struct instant now, struct buf *out)
{
    struct json j;
    struct feel_value inputs = feel_null();
    struct dmn_result result;
    TRY(json_parse(ctx, text, STR(""), &j));
    TRY(dmn_inputs_from_json(ctx, p->model, &j, &inputs));
    TRY(dmn_evaluate(ctx, p->model, p->node->name, inputs, now, &result));
    struct json answer = feel_to_json(ctx, result.value);
    json_write(out, &answer);
    return ERR_OK;
}

enum err dmn_plan_json(struct ctx *ctx, const struct dmn_plan *p, struct str text,
                       struct instant now, struct buf *out)
{
    struct feel_value row[ROW_INLINE] ROW_SCRATCH;
    if (!p->from_text) {
        return json_by_tree(ctx, p, text, now, out);
    }
    memset(row, 0, p->column_count * sizeof(*row));
    if (!row_from_json(ctx, &p->keys, text, row)) {
        return json_by_tree(ctx, p, text, now, out);
    }
    for (size_t i = 0; i < p->column_count; i++) {
        struct feel_env env = {0};
        if ((p->plain_data[i] >> row[i].kind & 1) == 0 &&
            !feel_is(ctx, &env, row[i], p->columns[i].type)) {
            return json_by_tree(ctx, p, text, now, out); /* which says what is wrong with it */
        }
    }
    int64_t rule = plan_rule(ctx, p, row);
    if (rule < PLAN_NO_RULE) {
        return json_by_tree(ctx, p, text, now, out);
    }
    buf_put(out, p->texts[rule == PLAN_NO_RULE ? p->table->rule_count : (size_t)rule]);
    return ERR_OK;
}
