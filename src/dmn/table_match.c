/* The rules of a table that match a row. */
#include "dmn/dmn_in.h"

/* Whether one cell matches, as FEEL says. */
static enum err cell_matches(struct ctx *ctx, struct feel_env *env, const struct dmn_table *t,
                             size_t rule, size_t column, struct feel_value v, bool *ret)
{
    const struct feel_program *test = t->tests[rule * t->input_count + column];
    struct feel_value answer = feel_bool(true);
    env->input = v;
    if (test != NULL) {
        TRY(feel_eval(ctx, test, env, &answer));
    }
    *ret = feel_is_true(answer);
    return ERR_OK;
}

static enum err rule_matches(struct ctx *ctx, struct feel_env *env, const struct dmn_table *t,
                             size_t rule, const struct feel_value *row, bool *ret)
{
    *ret = true;
    for (size_t c = 0; c < t->input_count && *ret; c++) {
        TRY(cell_matches(ctx, env, t, rule, c, row[c], ret));
    }
    return ERR_OK;
}

static enum err open_cells_match(struct ctx *ctx, struct feel_env *env, const struct dmn_table *t,
                                 const struct fast_block *b, uint32_t rule,
                                 const struct feel_value *row, bool *ret)
{
    *ret = true;
    for (uint32_t k = b->open_from[rule]; k < b->open_from[rule + 1] && *ret; k++) {
        uint32_t c = b->open_at[k];
        TRY(cell_matches(ctx, env, t, b->first + rule, c, row[c], ret));
    }
    return ERR_OK;
}

/* Evaluate cells for the reasons they leave behind, no longer than the list of them has room. */
static enum err explain(struct ctx *ctx, struct feel_env *env, const struct dmn_table *t,
                        const struct feel_value *row)
{
    enum { RULES_MAX = 64 };
    for (size_t r = 0;
         r < t->rule_count && r < RULES_MAX && env->troubles->count < env->troubles->max; r++) {
        bool hit = false;
        TRY(rule_matches(ctx, env, t, r, row, &hit));
    }
    return ERR_OK;
}

enum err table_match(struct ctx *ctx, struct feel_env *env, const struct dmn_table *t,
                     const struct feel_value *row, bool first_only, uint32_t *ret_hits,
                     size_t *ret_count)
{
    size_t n = 0;
    size_t most = first_only ? 1 : SIZE_MAX;
    for (size_t i = 0; i < t->index->block_count && n < most; i++) {
        const struct fast_block *b = &t->index->blocks[i];
        uint64_t masks[FAST_WORDS];
        bool known = fast_match(b, t->input_count, row, masks);
        for (uint32_t w = 0; w < b->words; w++) {
            for (uint64_t left = known ? masks[w] : b->all[w]; left != 0 && n < most;
                 left &= left - 1) {
                uint32_t rule = w * 64 + (uint32_t)__builtin_ctzll(left);
                bool hit = true;
                if (!known) {
                    TRY(rule_matches(ctx, env, t, b->first + rule, row, &hit));
                } else if ((b->open[w] & (left & -left)) != 0) {
                    TRY(open_cells_match(ctx, env, t, b, rule, row, &hit));
                }
                if (hit) {
                    ret_hits[n++] = b->first + rule;
                }
            }
        }
    }
    if (n == 0 && env->troubles != NULL) {
        TRY(explain(ctx, env, t, row));
    }
    *ret_count = n;
    return ERR_OK;
}
