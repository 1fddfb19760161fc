/* Columns through lanes and vectors against the index, row by row. */
#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"
#include "dmn/batch_in.h"

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *d, uint32_t below)
{
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((d->state >> 33) % below);
}

enum { ROWS = 700, COLUMNS = 4, FORMS = 5 };

/* What the cells of a column of each form speak of. */
static struct str random_cell(struct arena *a, struct dice *d, uint32_t form)
{
    static const char *const texts[] = {"\"a\"", "\"b\"",        "\"食品\"",  "\"\"",
                                        "null",  "\"a\", \"b\"", "not(\"a\")"};
    static const char *const bools[] = {"true", "false", "null", "not(true)", "true, false"};
    static const char *const numbers[] = {"0",
                                          "1",
                                          "-7",
                                          "12.5",
                                          "12.50",
                                          "12.505",
                                          "100",
                                          "2147483647",
                                          "2147483648",
                                          "-2147483648",
                                          "-2147483649",
                                          "9223372036854775807",
                                          "1000000000000000000000",
                                          "-1000000000000000000000",
                                          "0.0000000000000000000000000000000000000000001",
                                          "-0.001",
                                          "99999999999.99"};
    static const char *const days[] = {"@\"2026-01-01\"", "@\"1970-01-01\"", "@\"1969-12-31\"",
                                       "@\"2026-02-01\"", "@\"999999999-01-01\""};
    static const char *const ops[] = {"", "<", "<=", ">", ">=", "="};
    if (roll(d, 3) == 0) {
        return STR("-");
    }
    if (form == 2) {
        return str_from(bools[roll(d, LEN(bools))]);
    }
    if (form > 2) {
        return str_from(texts[roll(d, LEN(texts))]);
    }
    const char *const *ends = form == 1 ? days : numbers;
    uint32_t count = form == 1 ? LEN(days) : LEN(numbers);
    const char *lo = ends[roll(d, count)];
    struct str s = roll(d, 2) == 0 ? str_format(a, "%s %s", ops[roll(d, LEN(ops))], lo)
                                   : str_format(a, "%c%s..%s%c", roll(d, 2) == 0 ? '[' : '(', lo,
                                                ends[roll(d, count)], roll(d, 2) == 0 ? ']' : ')');
    return roll(d, 6) == 0 ? str_format(a, "not(%.*s)", FMT(s)) : s;
}

static const struct str words[] = {STR("a"), STR("b"), STR("食品"), STR(""), STR("other")};

static int64_t random_integer(struct dice *d)
{
    static const int64_t near[] = {0,
                                   1,
                                   -7,
                                   125,
                                   1250,
                                   12505,
                                   100,
                                   INT32_MAX,
                                   INT32_MIN,
                                   INT64_MAX - 2,
                                   -INT64_MAX + 2,
                                   10000,
                                   9999999999999};
    return roll(d, 3) == 0 ? (int64_t)roll(d, 3000) - 1000
                           : near[roll(d, LEN(near))] + (int64_t)roll(d, 3) - (roll(d, 2) == 0);
}

/* A column of data, and the same as values. */
static struct dmn_column random_column(struct arena *a, struct dice *d, uint32_t form,
                                       struct feel_value *values)
{
    static const enum dmn_column_form forms[] = {DMN_COLUMN_I64, DMN_COLUMN_DAYS, DMN_COLUMN_BOOLS,
                                                 DMN_COLUMN_TEXTS8, DMN_COLUMN_TEXTS32};
    struct dmn_column c = {.form = forms[form], .texts = words, .text_count = LEN(words)};
    uint8_t *valid = ARENA_ARRAY(a, uint8_t, (ROWS + 7) / 8);
    int64_t *wide = ARENA_ARRAY(a, int64_t, ROWS);
    int32_t *narrow = ARENA_ARRAY(a, int32_t, ROWS);
    uint32_t *code32 = ARENA_ARRAY(a, uint32_t, ROWS);
    uint8_t *code8 = ARENA_ARRAY(a, uint8_t, ROWS);
    if (form == 0) {
        static const int16_t exps[] = {0, -2, -3, 2};
        c.exp = exps[roll(d, LEN(exps))];
        c.form = roll(d, 2) == 0 ? DMN_COLUMN_I32 : DMN_COLUMN_I64;
    }
    for (size_t i = 0; i < ROWS; i++) {
        bool null = roll(d, 8) == 0;
        wide[i] = random_integer(d);
        wide[i] = wide[i] == INT64_MIN ? 0 : wide[i];
        narrow[i] = (int32_t)wide[i];
        code32[i] = roll(d, 7);
        code8[i] = (uint8_t)code32[i];
        valid[i / 8] = (uint8_t)(valid[i / 8] | !null << (i % 8));
        values[i] = feel_null();
        if (!null && form == 0) {
            values[i] = feel_int(c.form == DMN_COLUMN_I32 ? narrow[i] : wide[i]);
            values[i].exp = c.exp;
        } else if (!null && form == 1) {
            values[i] = feel_date((struct day){narrow[i]});
        } else if (!null && form == 2) {
            values[i] = code8[i] < 2 ? feel_bool(code8[i] == 1) : feel_null();
        } else if (!null) {
            values[i] = code8[i] < LEN(words) ? feel_string(words[code8[i]]) : feel_null();
        }
    }
    c.valid = valid;
    c.data = c.form == DMN_COLUMN_I64       ? (const void *)wide
             : c.form == DMN_COLUMN_TEXTS32 ? (const void *)code32
             : form == 0 || form == 1       ? (const void *)narrow
                                            : (const void *)code8;
    return c;
}

struct column_of {
    const struct fast_block *block;
    const struct fast_column *column;
};

static const uint64_t *mask_of(void *self, struct feel_value v)
{
    struct column_of *c = self;
    return fast_mask(c->block, c->column, v);
}

static uint16_t expected(const struct batch *b, const uint64_t *mask)
{
    uint16_t first = 0;
    for (uint32_t r = 0; r < b->rules; r++) {
        if ((mask[r / 64] >> (r % 64) & 1) == 0) {
            continue;
        }
        bool agrees = first == 0 || b->rule == BATCH_FIRST ||
                      (b->rule == BATCH_SAME && (b->same[first - 1][r / 64] >> (r % 64) & 1) != 0);
        if (!agrees) {
            return BATCH_CONFLICT;
        }
        first = first == 0 ? (uint16_t)(r + 1) : first;
    }
    return first;
}

/* Rules whose numbers are equal modulo three answer the same. */
static const uint64_t *const *same_of(struct arena *a, uint32_t rules, uint32_t words_n)
{
    const uint64_t **same = ARENA_ARRAY(a, const uint64_t *, rules);
    for (uint32_t r = 0; r < rules; r++) {
        uint64_t *mask = ARENA_ARRAY(a, uint64_t, words_n);
        for (uint32_t k = r % 3; k < rules; k += 3) {
            mask[k / 64] |= (uint64_t)1 << (k % 64);
        }
        same[r] = mask;
    }
    return same;
}

static bool batch_agrees(struct ctx *ctx, struct dice *d, size_t rules)
{
    struct arena *a = ctx->arena;
    const struct feel_program **tests = ARENA_ARRAY(a, const struct feel_program *, rules *COLUMNS);
    struct feel_value *values[COLUMNS];
    struct dmn_column columns[COLUMNS];
    struct lane lanes[COLUMNS];
    uint32_t forms[COLUMNS];
    for (size_t c = 0; c < COLUMNS; c++) {
        forms[c] = roll(d, FORMS);
        values[c] = ARENA_ARRAY(a, struct feel_value, ROWS);
        columns[c] = random_column(a, d, forms[c], values[c]);
    }
    for (size_t i = 0; i < rules * COLUMNS; i++) {
        struct str text = random_cell(a, d, forms[i % COLUMNS]);
        must(feel_compile_unary(ctx, NULL, (struct feel_source){.text = text}, &tests[i]) ==
             ERR_OK);
    }
    const struct fast *f = fast_make(a, tests, rules, COLUMNS);
    const struct fast_block *block = &f->blocks[0];
    for (size_t c = 0; c < COLUMNS; c++) {
        struct column_of self = {block, &block->columns[c]};
        const struct fast_column *cut_by[] = {&block->columns[c]};
        struct lane_ask ask = {mask_of, &self, cut_by, 1, block->words};
        lane_bind(a, &ask, &columns[c], &lanes[c]);
    }
    struct batch b = {.rule = (enum batch_rule)roll(d, 3),
                      .lanes = lanes,
                      .lane_count = COLUMNS,
                      .words = block->words,
                      .rules = block->count,
                      .all = block->all,
                      .same = same_of(a, block->count, block->words)};
    b.wide = batch_wide_make(a, &b);
    uint16_t got[ROWS];
    size_t from = 8 * (size_t)roll(d, 4);
    batch_rows(&b, from, ROWS, got);
    for (size_t i = from; i < ROWS; i++) {
        struct feel_value row[COLUMNS];
        uint64_t mask[FAST_WORDS];
        for (size_t c = 0; c < COLUMNS; c++) {
            row[c] = values[c][i];
        }
        must(fast_match(block, COLUMNS, row, mask));
        uint16_t want = expected(&b, mask);
        if (got[i - from] != want) {
            printf("row %zu: batch %u, index %u\n", i, got[i - from], want);
            return false;
        }
    }
    return true;
}

TEST(dmn_batch_says_of_each_row_what_the_index_says)
{
    const char *long_run = getenv("TONGBAN_ROUNDS");
    int rounds = long_run == NULL ? 80 : atoi(long_run);
    for (int i = 0; i < rounds; i++) {
        struct dice d = {(uint64_t)i};
        struct arena_mark mark = arena_mark(ctx->arena);
        bool good = batch_agrees(ctx, &d, 1 + roll(&d, i % 4 == 0 ? 200 : 30));
        arena_reset(ctx->arena, mark);
        CHECK(good);
        if (!good) {
            printf("seed %d\n", i);
            return;
        }
    }
}
