/* batch_in.h - columns bound to a table, and the loops over their rows.
 *
 * A lane is a column of data cut where the answers of the table's cells change: region r holds the
 * values that have r cuts at or below them, and its mask says which rules match there. What a
 * region's mask is was asked of the row evaluation with a value of the region, so there is one
 * semantics and no second one here.
 */
#pragma once

#include "dmn/batch.h"
#include "dmn/batch_json.h"
#include "dmn/dmn_in.h"
#include "dmn/fast.h"
#include "feel/value.h"

enum lane_form {
    LANE_I64,   /* integers, cut */
    LANE_I32,   /* integers, cut */
    LANE_CODE8, /* codes, each a region */
    LANE_CODE32
};

struct lane {
    enum lane_form form;
    const void *data;
    const uint8_t *valid; /* one bit a row, 1 = there is a value; NULL: all */
    const int64_t *cuts;  /* LANE_I64, LANE_I32: in order, distinct, none the least of its type */
    uint32_t cut_count;
    const uint32_t *region_of; /* codes: by code */
    uint32_t code_count;       /* codes at and beyond it are null */
    uint32_t region_count;     /* the last is that of null */
    const uint64_t *masks;     /* by region */
};

/* What several matching rules mean: the first counts, or none may but one, or all must say the
 * same. */
enum batch_rule { BATCH_FIRST, BATCH_ONLY, BATCH_SAME };

struct batch {
    enum batch_rule rule;
    const struct lane *lanes;
    size_t lane_count;
    uint32_t words; /* of a mask */
    uint32_t rules;
    const uint64_t *all;         /* every rule */
    const uint64_t *const *same; /* BATCH_SAME: by rule, the rules with the same answer */
    struct batch_wide *wide;     /* vectors of rows; NULL when this table or machine has none */
};

/* For rows from..to: 0 for no rule, 1 + the place of the rule in the masks, BATCH_CONFLICT. ret is
 * by row - from. */
enum { BATCH_CONFLICT = UINT16_MAX };
void batch_rows(const struct batch *b, size_t from, size_t to, uint16_t *ret);
/* The mask of one row. */
void batch_mask(const struct batch *b, size_t row, uint64_t ret[FAST_WORDS]);
/* Which rules a value matches: words of a mask, that live as long as the lane. */
struct lane_ask {
    const uint64_t *(*mask)(void *self, struct feel_value v);
    void *self;
    const struct fast_column *const *cut_by; /* whose constants cut what mask says */
    size_t cut_by_count;
    uint32_t words;
};
/* Bind a column of typed data. Not for DMN_COLUMN_VALUES and DMN_COLUMN_NULLS. */
void lane_bind(struct arena *a, const struct lane_ask *ask, const struct dmn_column *c,
               struct lane *ret);

/* What vectors of rows need, or NULL. One thread at a time uses it. */
struct batch_wide *batch_wide_make(struct arena *a, const struct batch *b);
/* As batch_rows, for the first rows by vectors: how many were done. from is a multiple of 8. */
size_t batch_rows_wide(const struct batch *b, size_t from, size_t to, uint16_t *ret);

/* ---- plans ----------------------------------------------------------------------------------- */

enum { PATH_MEMBERS_MAX = 8, ROW_INLINE = 32 };

/* Where a column comes from: members below an input. */
struct plan_path {
    uint32_t slot;
    struct str names[PATH_MEMBERS_MAX + 1]; /* the input, then members */
    size_t count;
};

struct dmn_plan {
    const struct dmn_model *model;
    const struct dmn_node *node;
    const struct dmn_table *table; /* NULL: any other decision */
    struct dmn_plan_column *columns;
    struct plan_path *paths;
    size_t column_count;
    size_t *column_of;    /* by input of the table */
    uint32_t *plain;      /* by input: the kinds of value, as bits, that it takes as they are */
    uint32_t *plain_data; /* the same by column, for what is declared for the data */
    bool direct;          /* the index alone tells what matches, and constants what that means */
    bool single;          /* one rule answers */
    enum batch_rule rule;
    const struct feel_value *values; /* by rule; the last is that of no rule */
    const struct feel_value *rows;   /* by rule, as the rules of an ANY table are compared */
    const struct str *texts;         /* values as JSON */
    const uint64_t *const *same;     /* BATCH_SAME, in tables of one block */
    struct row_keys keys;
    bool from_text; /* keys are good */
};

/* Not zeroed: written before it is read, and in the way of every row. */
#define ROW_SCRATCH __attribute__((uninitialized))

/* A value as the table sees it in one of its inputs: coerced to what is declared for the input data
 * and for the column. False when its input values do not allow it; then no rule answers, and no
 * default. */
bool plan_input(struct ctx *ctx, const struct dmn_plan *p, size_t input, struct feel_value v,
                struct feel_value *ret);
enum { PLAN_NO_RULE = -1, PLAN_CONFLICT = -2, PLAN_UNKNOWN = -3 };
/* The place of the rule that answers a row of the plan; PLAN_UNKNOWN when only dmn_evaluate can
 * tell. */
int64_t plan_rule(struct ctx *ctx, const struct dmn_plan *p, const struct feel_value *row);
/* What dmn_evaluate says of a row. */
enum err plan_evaluate(struct ctx *ctx, const struct dmn_plan *p, const struct feel_value *row,
                       struct instant now, struct feel_value *ret) MUST_USE;
