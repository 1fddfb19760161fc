/* check_in.h - a table as a set of boxes. */
#pragma once

#include "dmn/check.h"
#include "dmn/fast.h"

/* Values of a column that no cell tells apart. */
struct check_class {
    struct feel_value sample;
    bool has_sample; /* false: of a kind whose values are not told apart here */
    bool is_null;
    const uint64_t *may; /* rules whose cell matches, or is not made of constants */
    uint64_t *sure;      /* rules whose cell matches all of the class */
};

struct check_column {
    struct str label;
    enum feel_type_kind type;              /* declared; FEEL_TYPE_ANY: what the cells speak of */
    const struct feel_program *allowed[2]; /* each may be NULL; what none of them forbids */
    struct check_class *classes;
    size_t class_count;
};

/* What a grid is made of. Rules stand in the order in which they win. */
struct check_grid {
    struct ctx *ctx;
    struct check_column *columns;
    size_t column_count;
    const struct feel_program *const *tests; /* rule by rule; NULL is "-" */
    size_t rule_count;                       /* at most FAST_BLOCK */
    const struct fast *fast;
    uint32_t words;
    uint64_t steps; /* left */
};

/* Make the classes of all columns. columns hold label, type and allowed. */
enum err check_grid_make(struct ctx *ctx, struct check_grid *g) MUST_USE;

enum check_answer { CHECK_NONE, CHECK_FOUND, CHECK_UNDECIDED };

/* Points that none of the first `by` rules covers: up to max of them, as the class of each column
 * (max x column_count of them in ret_points). within: only where that rule may match, nulls
 * included; SIZE_MAX: anywhere but at null. Answers CHECK_NONE, CHECK_FOUND with *ret_count, or
 * CHECK_UNDECIDED when none is certain. */
enum check_answer check_uncovered(struct check_grid *g, size_t by, size_t within, size_t max,
                                  uint32_t *ret_points, size_t *ret_count);
/* Whether two rules match together, and where (a class a column). */
enum check_answer check_overlap(struct check_grid *g, size_t a, size_t b, uint32_t *ret_point);
/* The first column where the rule matches nothing; SIZE_MAX when there is none. */
size_t check_empty_column(const struct check_grid *g, size_t rule);
/* Whether a point is allowed in all its columns; only where allowed values are not made of
 * constants it may not be. */
enum err check_point_is_allowed(struct check_grid *g, const uint32_t *point, bool *ret) MUST_USE;
/* "age = 17, kind = \"a\"". */
struct str check_point_text(struct check_grid *g, const uint32_t *point);
