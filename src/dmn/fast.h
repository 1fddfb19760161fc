/* fast.h - which rules of a table match a row of values, found without walking the rules.
 *
 * The constants in the cells of a column cut the values of each kind (numbers, strings, dates, ...)
 * into pieces: the constants themselves and what lies between them. All values of a piece meet the
 * same cells, so a piece has a mask with one bit a rule, and the rules that match a row are the
 * masks of its values, ANDed. (One bit vector a field, intersected: Lakshman and Stiliadis, SIGCOMM
 * 1998.)
 *
 * A cell is simple when it is "-" or a list of constants and intervals with constant ends, within
 * not() or outside, of a kind that is wholly ordered. Any other cell is open: its bit is set for
 * every value, and who uses the index evaluates it for the rules that are left. What comes out
 * equals the evaluation of every cell as FEEL, nulls, values of other kinds and not() included;
 * test_diff.c compares the two.
 *
 * Rules lie in blocks of 1,024, so memory and work grow no faster than the table. Everything is
 * made once, at load, on the arena of the caller, and never written again.
 */
#pragma once

#include "base/arena.h"
#include "feel/feel.h"
#include "feel/value.h"

enum { FAST_WORDS = 16, FAST_BLOCK = FAST_WORDS * 64 };

/* Values of one kind, cut at the constants of a column. Piece 2i + 1 is constant i, piece 2i lies
 * before it. */
enum fast_form {
    FAST_INTEGERS, /* numbers as integers x 10^exp, days, months: searched in at */
    FAST_WORDS_OF, /* strings, all of them points: found by their hash */
    FAST_ORDERED   /* anything else that has an order: searched in constants by feel_compare */
};

struct fast_cuts {
    enum fast_form form;
    uint32_t count;                     /* constants */
    int16_t exp;                        /* FAST_INTEGERS of numbers */
    const int64_t *at;                  /* FAST_INTEGERS */
    const struct feel_value *constants; /* in order, distinct */
    const uint32_t *slots;              /* FAST_WORDS_OF: 1 + constant by hash, 0 is free */
    uint32_t slot_mask;
    const uint64_t *masks; /* by piece */
};

struct fast_column {
    const struct fast_cuts *cuts[FEEL_KIND_COUNT]; /* NULL: one mask for the whole kind, in plain */
    const uint64_t *plain[FEEL_KIND_COUNT];        /* for booleans false, then true */
    bool ranges; /* some test is a range: what it says of a range is not in the masks */
};

struct fast_block {
    uint32_t first; /* rule, 0-based */
    uint32_t count;
    uint32_t words;
    struct fast_column *columns;
    const uint64_t *all;       /* every rule of the block */
    const uint64_t *open;      /* rules with open cells */
    const uint32_t *open_from; /* by rule of the block, count + 1 of them: where its open cells
                                  begin in open_at */
    const uint32_t *open_at;   /* columns of open cells */
};

struct fast {
    size_t rules, columns;
    size_t block_count;
    struct fast_block *blocks;
};

/* tests lie rule by rule; NULL is "-". Never fails: what it cannot take is open. */
struct fast *fast_make(struct arena *a, const struct feel_program *const *tests, size_t rules,
                       size_t columns);

/* The mask of a value in a column; NULL when only the tests themselves can tell (a range as a
 * value). */
const uint64_t *fast_mask(const struct fast_block *b, const struct fast_column *c,
                          struct feel_value v);
/* The rules of a block whose simple cells all match. False when only the tests themselves can tell.
 */
bool fast_match(const struct fast_block *b, size_t columns, const struct feel_value *values,
                uint64_t ret[FAST_WORDS]);

/* How a column's test is made of constants; what checks of tables need as well. */
bool fast_is_simple(const struct feel_program *test);
/* Where v, of the kind of these cuts, lies. */
uint32_t fast_piece(const struct fast_cuts *c, struct feel_value v);
