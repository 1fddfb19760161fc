/* The index of a table against the evaluation of every cell, on random grids of cells. */
#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"
#include "dmn/fast.h"
#include "feel/value.h"

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *d, uint32_t below)
{
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((d->state >> 33) % below);
}

static const char *const points[] = {"0",
                                     "1",
                                     "-1",
                                     "10",
                                     "10.00",
                                     "10.5",
                                     "99.99",
                                     "1000",
                                     "9223372036854775807",
                                     "9223372036854775808",
                                     "123456789012345678901234567890.1234",
                                     "0.0000000000000000000000001",
                                     "\"\"",
                                     "\"a\"",
                                     "\"ab\"",
                                     "\"b\"",
                                     "\"食品\"",
                                     "\"a long text of more than sixteen bytes\"",
                                     "\"a long text of more than fifteen bytes\"",
                                     "true",
                                     "false",
                                     "null",
                                     "@\"2026-01-01\"",
                                     "@\"2026-02-28\"",
                                     "@\"P1Y\"",
                                     "@\"P6M\"",
                                     "@\"P1D\"",
                                     "@\"PT0.5S\"",
                                     "@\"10:00:00\"",
                                     "@\"10:00:00.5\"",
                                     "@\"10:00:00Z\"",
                                     "@\"2026-01-01T00:00:00\"",
                                     "@\"2026-01-01T00:00:00+08:00\""};
static const char *const odd[] = {"[1, 10]",
                                  "{a: 1}",
                                  "!= 1",
                                  "? > 1",
                                  "= 1",
                                  "= \"a\"",
                                  "= null",
                                  "= true",
                                  "? = null",
                                  "n",
                                  "> n",
                                  "[1..n]",
                                  "[\"a\", \"b\"]",
                                  "not(? = 1)",
                                  "[null..1]",
                                  "[1..null]",
                                  "1 + n",
                                  "string length(?) > 1",
                                  "list contains([1, 2], ?)"};
/* Kinds among points, for ends that have an order. */
static const struct {
    uint32_t from, count;
} orders[] = {{0, 12}, {12, 7}, {22, 2}, {24, 2}, {26, 2}, {28, 2}, {31, 1}};

static struct str random_interval(struct arena *a, struct dice *d)
{
    static const char *const ops[] = {"<", "<=", ">", ">="};
    uint32_t o = roll(d, 3) == 0 ? roll(d, LEN(orders)) : roll(d, 2);
    const char *lo = points[orders[o].from + roll(d, orders[o].count)];
    const char *hi = points[orders[o].from + roll(d, orders[o].count)];
    if (roll(d, 2) == 0) {
        return str_format(a, "%s %s", ops[roll(d, LEN(ops))], lo);
    }
    return str_format(a, "%c%s..%s%c", roll(d, 2) == 0 ? '[' : '(', lo, hi,
                      roll(d, 2) == 0 ? ']' : ')');
}

static struct str random_cell(struct arena *a, struct dice *d)
{
    if (roll(d, 4) == 0) {
        return STR("-");
    }
    struct str all = {0};
    uint32_t count = 1 + (roll(d, 3) == 0 ? roll(d, 4) : 0);
    for (uint32_t i = 0; i < count; i++) {
        struct str one = roll(d, 12) == 0  ? str_from(odd[roll(d, LEN(odd))])
                         : roll(d, 2) == 0 ? random_interval(a, d)
                                           : str_from(points[roll(d, LEN(points))]);
        all = i == 0 ? one : str_format(a, "%.*s, %.*s", FMT(all), FMT(one));
    }
    return roll(d, 5) == 0 ? str_format(a, "not(%.*s)", FMT(all)) : all;
}

static const struct feel_member names[] = {{STR("n"), NULL}};
static const struct feel_scope scope = {.names = names, .count = 1};

static struct feel_value value_of(struct ctx *ctx, const char *text)
{
    const struct feel_program *p = NULL;
    struct feel_env env = {0};
    struct feel_value v = feel_null();
    must(feel_compile(ctx, NULL, (struct feel_source){.text = str_from(text)}, &p) == ERR_OK);
    must(feel_eval(ctx, p, &env, &v) == ERR_OK);
    return v;
}

/* Every constant, values between them, and kinds that no test speaks of. */
static size_t probes(struct ctx *ctx, struct feel_value *ret)
{
    static const char *const others[] = {"5",
                                         "-5",
                                         "10.49",
                                         "1e30",
                                         "-1e30",
                                         "99.989999999999999999",
                                         "9.0e-26",
                                         "\"zz\"",
                                         "\"aa\"",
                                         "\"a long text of more than sixteen Bytes\"",
                                         "[]",
                                         "[1]",
                                         "[\"a\"]",
                                         "{a: 1}",
                                         "[1..10]",
                                         "(< 10)",
                                         "function(x) x",
                                         "(=1)",
                                         "@\"2026-01-15\"",
                                         "@\"P7M\"",
                                         "@\"PT1H\"",
                                         "@\"11:00:00\"",
                                         "[1, 10]"};
    size_t n = 0;
    for (size_t i = 0; i < LEN(points); i++) {
        ret[n++] = value_of(ctx, points[i]);
    }
    for (size_t i = 0; i < LEN(others); i++) {
        ret[n++] = value_of(ctx, others[i]);
    }
    return n;
}

static bool cell_holds(struct ctx *ctx, const struct feel_program *test, struct feel_value v)
{
    struct feel_value slot = feel_int(7);
    struct feel_env env = {.slots = &slot, .input = v};
    struct feel_value r = feel_null();
    must(feel_eval(ctx, test, &env, &r) == ERR_OK);
    return feel_is_true(r);
}

/* Whether the index says of every rule what its cells say. */
static bool agrees(struct ctx *ctx, const struct fast *f, const struct feel_program *const *tests,
                   const struct feel_value *row)
{
    for (size_t i = 0; i < f->block_count; i++) {
        const struct fast_block *b = &f->blocks[i];
        uint64_t got[FAST_WORDS];
        if (!fast_match(b, f->columns, row, got)) {
            continue;
        }
        for (size_t r = 0; r < b->count; r++) {
            bool hit = (got[r / 64] >> (r % 64) & 1) != 0;
            bool want = true;
            for (size_t c = 0; c < f->columns; c++) {
                want = want && cell_holds(ctx, tests[(b->first + r) * f->columns + c], row[c]);
            }
            for (uint32_t k = b->open_from[r]; hit && k < b->open_from[r + 1]; k++) {
                hit = cell_holds(ctx, tests[(b->first + r) * f->columns + b->open_at[k]],
                                 row[b->open_at[k]]);
            }
            if (hit != want) {
                printf("rule %zu: index %d, cells %d\n", b->first + r, hit, want);
                return false;
            }
        }
    }
    return true;
}

static bool grid_agrees(struct ctx *ctx, struct dice *d, size_t rules, size_t columns, size_t rows)
{
    struct feel_value probe[128];
    size_t probe_count = probes(ctx, probe);
    const struct feel_program **tests =
        ARENA_ARRAY(ctx->arena, const struct feel_program *, rules *columns);
    for (size_t i = 0; i < rules * columns; i++) {
        struct str text = random_cell(ctx->arena, d);
        must(feel_compile_unary(ctx, &scope, (struct feel_source){.text = text}, &tests[i]) ==
             ERR_OK);
    }
    const struct fast *f = fast_make(ctx->arena, tests, rules, columns);
    struct arena_mark mark = arena_mark(ctx->arena);
    for (size_t i = 0; i < rows; i++) {
        struct feel_value row[8];
        for (size_t c = 0; c < columns; c++) {
            row[c] = probe[roll(d, (uint32_t)probe_count)];
        }
        bool good = agrees(ctx, f, tests, row);
        arena_reset(ctx->arena, mark);
        if (!good) {
            return false;
        }
    }
    return true;
}

TEST(dmn_index_says_of_each_rule_what_its_cells_say)
{
    const char *long_run = getenv("TONGBAN_ROUNDS");
    int rounds = long_run == NULL ? 60 : atoi(long_run);
    for (int i = 0; i < rounds; i++) {
        struct dice d = {(uint64_t)i};
        struct arena_mark mark = arena_mark(ctx->arena);
        size_t columns = 1 + roll(&d, 3);
        bool good = grid_agrees(ctx, &d, 1 + roll(&d, i % 8 == 0 ? 100 : 12), columns, 60);
        arena_reset(ctx->arena, mark);
        CHECK(good);
        if (!good) {
            printf("seed %d\n", i);
            return;
        }
    }
}

TEST(dmn_index_has_blocks)
{
    struct dice d = {1};
    CHECK(grid_agrees(ctx, &d, 2 * FAST_BLOCK + 7, 1, 3));
}

TEST(dmn_index_takes_no_rules_and_no_columns)
{
    const struct fast *f = fast_make(ctx->arena, NULL, 0, 3);
    CHECK_INT(f->block_count, 0);
    f = fast_make(ctx->arena, NULL, 3, 0);
    uint64_t got[FAST_WORDS];
    CHECK(fast_match(&f->blocks[0], 0, NULL, got));
    CHECK_INT(got[0], 7);
}
