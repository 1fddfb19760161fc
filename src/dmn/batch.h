/* batch.h - one decision table over many rows: typed values, JSON lines, or columns of a whole population.
 *
 * A plan prepares a decision for rows that hold what its inputs hold. What it answers equals dmn_decide row by
 * row; where the decision is a table whose inputs are names or paths of input data ("age", "applicant.age")
 * rows go through the table's index, and columns through vectors of 32 rows where machine and table allow it.
 * Any other decision is evaluated row by row. A plan lives on the arena of its maker and borrows the model; it is
 * never written again, so any thread may use it with a ctx of its own.
 */
#pragma once

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

/* Borrowed. Row i is null where bit i % 8 of valid[i / 8] is 0 (the validity bitmap of Arrow, with its last byte
 * whole); valid NULL: no row is. */
struct dmn_column {
    enum dmn_column_form form;
    int16_t exp;
    const void *data;
    const uint8_t *valid;
    const struct str *texts;
    size_t text_count;
};
