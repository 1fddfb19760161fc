/* batch.h - one decision table over many rows: typed values, JSON lines, or columns of a whole
 * population.
 *
 * A plan prepares a decision for rows that hold what its inputs hold. What it answers equals
 * dmn_decide row by row; where the decision is a table whose inputs are names or paths of input
 * data ("age", "applicant.age") rows go through the table's index, and columns through vectors of
 * 32 rows where machine and table allow it. Any other decision is evaluated row by row. A plan
 * lives on the arena of its maker and borrows the model; it is never written again, so any thread
 * may use it with a ctx of its own.
 */
#pragma once

#include "base/buf.h"
#include "dmn/dmn.h"

/* ---- columns --------------------------------------------------------------------------------- */

enum dmn_column_form {
    DMN_COLUMN_VALUES,  /* struct feel_value */
    DMN_COLUMN_I64,     /* int64_t: a number, integer x 10^exp */
    DMN_COLUMN_I32,     /* int32_t: the same */
    DMN_COLUMN_DAYS,    /* int32_t: a date, days since 1970-01-01 */
    DMN_COLUMN_BOOLS,   /* uint8_t: 0 false, 1 true, others null */
    DMN_COLUMN_TEXTS8,  /* uint8_t: a string, its place in texts; beyond them null */
    DMN_COLUMN_TEXTS32, /* uint32_t: the same */
    DMN_COLUMN_NULLS,   /* null in every row; no data */
    DMN_COLUMN_FORM_COUNT
};

/* Borrowed. Row i is null where bit i % 8 of valid[i / 8] is 0 (the validity bitmap of Arrow, with
 * its last byte whole); valid NULL: no row is. */
struct dmn_column {
    enum dmn_column_form form;
    int16_t exp;
    const void *data;
    const uint8_t *valid;
    const struct str *texts;
    size_t text_count;
};

/* ---- plans ----------------------------------------------------------------------------------- */

struct dmn_plan;

struct dmn_plan_column {
    struct str name;              /* of an input, or a path of members below it: "applicant.age" */
    const struct feel_type *type; /* declared for the input; NULL = Any, and for paths */
};

/* Prepare a decision. ERR_NOT_FOUND when the model has none of that name. */
enum err dmn_plan_make(struct ctx *ctx, const struct dmn_model *m, struct str decision,
                       const struct dmn_plan **ret) MUST_USE;
/* What a row holds, in order: each path that a table's inputs name, or all inputs of the model for
 * other decisions. */
size_t dmn_plan_columns(const struct dmn_plan *p, const struct dmn_plan_column **ret);
/* Whether rows go through the index, and rules can be told for columns. */
bool dmn_plan_is_direct(const struct dmn_plan *p);

/* ---- rows ------------------------------------------------------------------------------------ */

/* The value of the decision for one row of values, one a column; null for what is missing. now as
 * in dmn_decide. What limits stop is an error; why something is null is not told: ask dmn_decide.
 */
enum err dmn_plan_row(struct ctx *ctx, const struct dmn_plan *p, const struct feel_value *row,
                      struct instant now, struct feel_value *ret) MUST_USE;
/* From the text of a JSON object of inputs to the JSON text of the value, appended to out. A text
 * that is no JSON or holds what an input cannot take is an error. */
enum err dmn_plan_json(struct ctx *ctx, const struct dmn_plan *p, struct str text,
                       struct instant now, struct buf *out) MUST_USE;

/* ---- populations ----------------------------------------------------------------------------- */

/* No single rule answers: several match and may not, or disagree; the value is null. */
enum { DMN_RULE_CONFLICT = UINT16_MAX };

/* For each row the rule that answers, as written, 1-based; 0 where none matches. One column a
 * column of the plan. Only for direct plans of tables that answer with one rule, of at most 1,024
 * rules: else ERR_NOT_SUPPORTED. */
enum err dmn_plan_rules(struct ctx *ctx, const struct dmn_plan *p, const struct dmn_column *columns,
                        size_t rows, uint16_t *ret) MUST_USE;
/* The value that a rule (0: none) gives where dmn_plan_rules is supported. */
struct feel_value dmn_plan_value(const struct dmn_plan *p, uint16_t rule);
/* For each row the value of the decision, whatever it is. */
enum err dmn_plan_values(struct ctx *ctx, const struct dmn_plan *p,
                         const struct dmn_column *columns, size_t rows, struct instant now,
                         struct feel_value *ret) MUST_USE;
