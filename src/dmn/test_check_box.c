/* Gaps, overlaps and hidden rules of random grids, against the evaluation of cells at many points.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/test.h"
#include "dmn/check_in.h"

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *d, uint32_t below)
{
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((d->state >> 33) % below);
}

enum { COLUMNS = 3, PROBES = 12 };

static const struct feel_member names[] = {{STR("n"), NULL}};
static const struct feel_scope scope = {.names = names, .count = 1};

static const struct feel_program *unary(struct ctx *ctx, struct str text)
{
    const struct feel_program *p = NULL;
    must(feel_compile_unary(ctx, &scope, (struct feel_source){.text = text}, &p) == ERR_OK);
    return p;
}

/* Column 0: numbers from 0 to 5, declared; 1: strings, declared, only those listed; 2: booleans or
 * dates, by the cells.
 */
static struct str random_cell(struct arena *a, struct dice *d, size_t column)
{
    static const char *const texts[] = {"\"a\"",      "\"b\"", "\"a\", \"b\"",
                                        "not(\"a\")", "\"c\"", "not(\"b\", \"c\")"};
    static const char *const rest[] = {"true",
                                       "false",
                                       "null",
                                       "not(null)",
                                       "@\"2026-01-01\"",
                                       "< @\"2026-01-01\"",
                                       ">= @\"2026-01-01\""};
    if (roll(d, 4) == 0) {
        return STR("-");
    }
    if (roll(d, 25) == 0) {
        return STR("n");
    }
    if (column == 0) {
        uint32_t lo = roll(d, 5);
        return roll(d, 3) == 0 ? str_format(a, "%s %u", roll(d, 2) == 0 ? ">=" : "<", lo)
                               : str_format(a, "%c%u..%u%c", roll(d, 2) == 0 ? '[' : '(', lo,
                                            lo + roll(d, 4), roll(d, 2) == 0 ? ']' : ')');
    }
    return str_from(column == 1 ? texts[roll(d, LEN(texts))] : rest[roll(d, LEN(rest))]);
}

static struct feel_value probe(struct dice *d, size_t column)
{
    static const int64_t halves[] = {0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50};
    static const char *const texts[] = {"a", "b", "c"};
    struct feel_value v = feel_int(halves[roll(d, LEN(halves))]);
    v.exp = -1;
    return column == 0   ? v
           : column == 1 ? feel_string(str_from(texts[roll(d, LEN(texts))]))
           : roll(d, 2)  ? feel_bool(roll(d, 2) == 0)
                         : feel_date((struct day){20453 + (int32_t)roll(d, 3)});
}

static bool rule_holds(struct check_grid *g, size_t rule, const struct feel_value *row)
{
    bool good = true;
    for (size_t c = 0; c < g->column_count; c++) {
        struct feel_value slot = feel_int(-77);
        struct feel_env env = {.slots = &slot, .input = row[c]};
        struct feel_value r = feel_null();
        must(feel_eval(g->ctx, g->tests[rule * g->column_count + c], &env, &r) == ERR_OK);
        good = good && feel_is_true(r);
    }
    return good;
}

static bool any_holds(struct check_grid *g, size_t by, const struct feel_value *row)
{
    for (size_t r = 0; r < by; r++) {
        if (rule_holds(g, r, row)) {
            return true;
        }
    }
    return false;
}

static void sample(const struct check_grid *g, const uint32_t *point, struct feel_value *row)
{
    for (size_t c = 0; c < g->column_count; c++) {
        row[c] = g->columns[c].classes[point[c]].sample;
    }
}

static void random_row(struct check_grid *g, struct dice *d, struct feel_value *row)
{
    for (size_t c = 0; c < g->column_count; c++) {
        row[c] = probe(d, c);
        /* of the kinds that the cells of the last column speak of */
        bool known = false;
        for (size_t i = 0; i < g->columns[c].class_count; i++) {
            known = known || !g->columns[c].classes[i].has_sample ||
                    g->columns[c].classes[i].sample.kind == row[c].kind;
        }
        row[c] = known ? row[c] : g->columns[c].classes[0].sample;
    }
}

static bool answers_hold(struct check_grid *g, struct dice *d, uint32_t *seen)
{
    uint32_t points[2 * COLUMNS];
    struct feel_value row[COLUMNS];
    size_t n = g->rule_count;
    size_t count = 0;
    enum check_answer gap = check_uncovered(g, n, SIZE_MAX, 2, points, &count);
    seen[gap]++;
    for (size_t i = 0; i < count; i++) {
        sample(g, points + i * COLUMNS, row);
        if (any_holds(g, n, row)) {
            return false;
        }
    }
    for (int i = 0; gap == CHECK_NONE && i < 200; i++) {
        random_row(g, d, row);
        if (!any_holds(g, n, row)) {
            return false;
        }
    }
    for (size_t r = 1; r < n; r++) {
        enum check_answer own = check_uncovered(g, r, r, 1, points, &count);
        for (int i = 0; own == CHECK_NONE && i < 50;
             i++) { /* hidden: whoever meets r has met an earlier rule */
            random_row(g, d, row);
            if (rule_holds(g, r, row) && !any_holds(g, r, row)) {
                return false;
            }
        }
        enum check_answer both = check_overlap(g, r, r - 1, points);
        sample(g, points, row);
        if (both == CHECK_FOUND && !(rule_holds(g, r, row) && rule_holds(g, r - 1, row))) {
            return false;
        }
        for (int i = 0; both == CHECK_NONE && i < 50; i++) {
            random_row(g, d, row);
            if (rule_holds(g, r, row) && rule_holds(g, r - 1, row)) {
                return false;
            }
        }
    }
    return true;
}

TEST(dmn_check_divides_random_tables)
{
    const char *long_run = getenv("TONGBAN_ROUNDS");
    int rounds = long_run == NULL ? 150 : atoi(long_run);
    uint32_t seen[3] = {0};
    for (int i = 0; i < rounds; i++) {
        struct dice d = {(uint64_t)i};
        struct arena_mark mark = arena_mark(ctx->arena);
        size_t rules = 1 + roll(&d, 14);
        const struct feel_program *tests[16 * COLUMNS];
        struct check_column columns[COLUMNS] = {
            {.label = STR("x"), .type = FEEL_TYPE_NUMBER, .allowed = {unary(ctx, STR("[0..5]"))}},
            {.label = STR("y"),
             .type = FEEL_TYPE_STRING,
             .allowed = {unary(ctx, STR("\"a\", \"b\", \"c\""))}},
            {.label = STR("z")}};
        for (size_t k = 0; k < rules * COLUMNS; k++) {
            tests[k] = unary(ctx, random_cell(ctx->arena, &d, k % COLUMNS));
        }
        struct check_grid g = {
            .columns = columns, .column_count = COLUMNS, .tests = tests, .rule_count = rules};
        CHECK_OK(check_grid_make(ctx, &g));
        bool good = answers_hold(&g, &d, seen);
        CHECK(good);
        if (!good) {
            printf("seed %d\n", i);
            return;
        }
        arena_reset(ctx->arena, mark);
    }
    CHECK(seen[CHECK_NONE] > 0 && seen[CHECK_FOUND] > 0 && seen[CHECK_UNDECIDED] > 0);
}

TEST(dmn_check_gives_an_example_a_person_can_read)
{
    const struct feel_program *tests[] = {unary(ctx, STR("< 18")), unary(ctx, STR("\"个体\"")),
                                          unary(ctx, STR("> 18")), unary(ctx, STR("-"))};
    struct check_column columns[] = {{.label = STR("年龄"), .type = FEEL_TYPE_NUMBER},
                                     {.label = STR("kind"), .type = FEEL_TYPE_STRING}};
    struct check_grid g = {.columns = columns, .column_count = 2, .tests = tests, .rule_count = 2};
    uint32_t points[6];
    size_t count = 0;
    CHECK_OK(check_grid_make(ctx, &g));
    CHECK_INT(check_uncovered(&g, 2, SIZE_MAX, 3, points, &count), CHECK_FOUND);
    CHECK_INT(count, 2);
    CHECK_STR(check_point_text(&g, points), "年龄 = 17, kind = \"other\"");
    CHECK_STR(check_point_text(&g, points + 2), "年龄 = 18, kind = \"other\"");
    CHECK_INT(check_overlap(&g, 0, 1, points), CHECK_NONE);
}

TEST(dmn_check_stops_at_its_steps)
{
    enum { RULES = 40, WIDTH = 20 };
    const struct feel_program *tests[RULES * WIDTH];
    struct check_column columns[WIDTH];
    for (size_t i = 0; i < RULES * WIDTH; i++) {
        tests[i] = unary(ctx, str_format(ctx->arena, i % 7 == 3 ? "-" : "not(%zu)", i * 7919 % 97));
    }
    for (size_t c = 0; c < WIDTH; c++) {
        columns[c] = (struct check_column){.label = STR("x"), .type = FEEL_TYPE_NUMBER};
    }
    struct check_grid g = {
        .columns = columns, .column_count = WIDTH, .tests = tests, .rule_count = RULES};
    uint32_t points[WIDTH];
    size_t count = 0;
    CHECK_OK(check_grid_make(ctx, &g));
    g.steps = 50;
    CHECK_INT(check_uncovered(&g, RULES, SIZE_MAX, 1, points, &count), CHECK_UNDECIDED);
    CHECK_INT(count, 0);
}
