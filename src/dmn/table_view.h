/* table_view.h - a compiled decision table as its index, its plans and its checks see it. */
#pragma once

#include "dmn/dmn.h"
#include "dmn/fast.h"

enum table_hit {
    TABLE_UNIQUE,
    TABLE_FIRST,
    TABLE_ANY,
    TABLE_PRIORITY,
    TABLE_RULE_ORDER,
    TABLE_OUTPUT_ORDER,
    TABLE_COLLECT
};

struct table_view_input {
    struct str label;
    const struct feel_program *expression;
    const struct feel_type *type;       /* declared; NULL = Any */
    const struct feel_program *allowed; /* input values; NULL = any */
};

struct table_view_output {
    struct str name;
    const struct feel_type *type;
    const struct feel_program *allowed; /* output values; NULL = any */
    bool has_default;
};

struct table_view_rule {
    uint32_t number; /* 1-based, as written */
    uint32_t line;
    struct str article;
};

/* Rules, tests, entries and values stand in the same order. */
struct table_view {
    struct str name;
    struct str file;
    uint32_t line;
    enum table_hit hit;
    bool ranked; /* PRIORITY: an earlier rule wins over a later one */
    const struct table_view_input *inputs;
    size_t input_count;
    const struct table_view_output *outputs;
    size_t output_count;
    const struct table_view_rule *rules;
    size_t rule_count;
    const struct feel_program *const *tests;   /* rule by rule */
    const struct feel_program *const *entries; /* rule by rule */
    const struct feel_value *values;           /* by rule, where all entries are constants; else NULL */
    const struct feel_value *otherwise;        /* what no matching rule gives, when that is a constant; else NULL */
    const struct feel_member *slots;           /* what expressions name */
    size_t slot_count;
    size_t data_count; /* the first of them are input data; the rest are decisions and functions */
    const struct fast *fast;
};

/* The tables of a model; NULL beyond the last. */
const struct table_view *dmn_table_at(const struct dmn_model *m, size_t i);
/* The table that is the whole logic of a decision, or NULL. */
const struct table_view *dmn_table_of(const struct dmn_model *m, struct str decision);

/* The rules that match a row, 0-based and in order; with first_only at most one. ret_hits has room for all. Cells that
 * are not made of constants are evaluated in env, for rules that all else lets match. When none matches, the reasons
 * that cells could not be decided are noted in env->troubles. */
enum err table_match(struct ctx *ctx, struct feel_env *env, const struct table_view *t, const struct feel_value *row,
                     bool first_only, uint32_t *ret_hits, size_t *ret_count) MUST_USE;
