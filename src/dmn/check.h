/* check.h - what is wrong with the decision tables of a model, before anybody is judged by them.
 *
 * Exact over cells made of constants and intervals: the values of every input column fall into
 * finitely many classes that all cells treat alike, so a table is a set of boxes, and gaps,
 * overlaps and hidden rules are found by dividing the space of boxes. Every such finding has an
 * example. Where a cell is something else, or the work passes LIMIT_DMN_CHECK_STEPS, the finding
 * says that it was not decided; it never guesses.
 *
 * null is no value that a table must cover, but a rule for it is not taken for an idle one.
 */
#pragma once

#include "dmn/dmn.h"

enum dmn_finding_kind {
    DMN_GAP, /* inputs that no rule covers, in a table that answers with one rule and has no default
              */
    DMN_OVERLAP,       /* two rules of a UNIQUE table match together */
    DMN_CONTRADICTION, /* the same with different outputs, in a UNIQUE or ANY table */
    DMN_UNREACHABLE,   /* a rule that can never answer */
    DMN_TYPE, /* a cell that is not of the type, or not among the allowed values, of its column */
    DMN_UNCITED,   /* a rule that cites no article */
    DMN_UNDECIDED, /* one of the first four could not be told; not a fault */
    DMN_FINDING_KIND_COUNT
};

struct dmn_finding {
    enum dmn_finding_kind kind;
    struct str file;
    uint32_t line;
    struct str table;    /* name of the decision or business knowledge model */
    size_t rule;         /* 1-based, as written; 0 none */
    size_t other;        /* the other rule; 0 none */
    size_t column;       /* 1-based, inputs before outputs; 0 none */
    struct str sentence; /* with table, rule and column, and the example */
    struct str example;  /* "age = 17, kind = \"a\""; empty when there is none */
};

/* Findings of all tables of a model, in the order of tables and rules; at most LIMIT_DMN_FINDINGS.
 * They live on ctx->arena. ERR_TOO_MANY and its like only when evaluating a test passes a limit of
 * FEEL. */
enum err dmn_check(struct ctx *ctx, const struct dmn_model *m, struct dmn_finding **ret,
                   size_t *ret_count) MUST_USE;
