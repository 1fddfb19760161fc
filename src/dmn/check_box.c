/* Dividing the space of a table: what no rule covers, and what two rules share. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/decimal.h"
#include "base/decimal_math.h"
#include "base/str.h"
#include "dmn/check_in.h"
#include "feel/shape.h"
#include "limit_gen.h"

static bool has(const uint64_t *mask, size_t rule)
{
    return (mask[rule / 64] >> (rule % 64) & 1) != 0;
}

/* ---- classes --------------------------------------------------------------------------------- */

static struct feel_value decimal_value(struct arena *a, struct decimal d)
{
    return feel_number(a, d);
}

/* A number between two, with as few digits as can be; one of them may be null. */
static bool number_between(struct arena *a, struct feel_value lo, struct feel_value hi,
                           struct feel_value *ret)
{
    struct decimal one = decimal_from_i64(1);
    struct decimal d = {0};
    if (feel_is_null(lo) || feel_is_null(hi)) {
        struct decimal whole = {0};
        struct decimal end = feel_decimal(feel_is_null(lo) ? hi : lo);
        bool good = feel_is_null(lo) ? decimal_sub(end, one, &d) : decimal_add(end, one, &d);
        good = good && decimal_compare(d, end) != 0;
        if (!good) { /* so large that one is lost */
            good =
                decimal_mul(end, decimal_from_i64((feel_is_null(lo) != end.negative) ? 0 : 2), &d);
        } else if (decimal_round_to(d, 0, feel_is_null(lo) ? DECIMAL_FLOOR : DECIMAL_CEILING,
                                    &whole)) {
            d = whole;
        }
        *ret = decimal_value(a, d);
        return good;
    }
    struct decimal x = feel_decimal(lo), y = feel_decimal(hi), sum = {0};
    if (!decimal_add(x, y, &sum) || !decimal_div(sum, decimal_from_i64(2), &d)) {
        return false;
    }
    for (int32_t scale = 0; scale < DECIMAL_DIGITS; scale++) {
        struct decimal rounded = {0};
        if (decimal_round_to(d, scale, DECIMAL_HALF_EVEN, &rounded) &&
            decimal_compare(x, rounded) < 0 && decimal_compare(rounded, y) < 0) {
            *ret = decimal_value(a, rounded);
            return true;
        }
    }
    *ret = decimal_value(a, d);
    return decimal_compare(x, d) < 0 && decimal_compare(d, y) < 0;
}

static bool lies_between(struct feel_value lo, struct feel_value v, struct feel_value hi)
{
    int order = 0;
    return (feel_is_null(lo) || (feel_compare(lo, v, &order) && order < 0)) &&
           (feel_is_null(hi) || (feel_compare(v, hi, &order) && order < 0));
}

static bool text_between(struct arena *a, struct feel_value lo, struct feel_value hi,
                         struct feel_value *ret)
{
    const struct str tries[] = {STR("other"), STR("其他"), STR(""),
                                str_format(a, "%.*s!", FMT(feel_str(lo))),
                                str_format(a, "%.*s\x01", FMT(feel_str(lo)))};
    for (size_t i = 0; i < LEN(tries); i++) {
        *ret = feel_string(tries[i]);
        if (lies_between(lo, *ret, hi)) {
            return true;
        }
    }
    return false;
}

/* A value of a kind strictly between two constants, or beyond the one that is not null; false when
 * there is none. */
static bool between(struct arena *a, uint8_t kind, struct feel_value lo, struct feel_value hi,
                    struct feel_value *ret)
{
    if (kind == FEEL_NUMBER) {
        return number_between(a, lo, hi, ret);
    }
    if (kind == FEEL_STRING) {
        return text_between(a, lo, hi, ret);
    }
    *ret = feel_is_null(lo) ? hi : lo; /* days, months and seconds are counted */
    ret->integer += feel_is_null(lo) ? -1 : 1;
    return lies_between(lo, *ret, hi);
}

struct classing {
    struct check_grid *g;
    struct check_column *c;
    size_t column;
    size_t room;
};

static enum err allows(struct check_grid *g, const struct feel_program *allowed,
                       struct feel_value v, bool *ret)
{
    struct ctx *ctx = g->ctx;
    struct feel_env env = {.input = v};
    struct feel_value r = feel_null();
    *ret = true;
    if (allowed != NULL) {
        TRY(feel_eval(ctx, allowed, &env, &r));
        *ret = feel_is_true(r);
    }
    return ERR_OK;
}

static void add_class(struct classing *k, struct feel_value sample, bool has_sample)
{
    struct check_grid *g = k->g;
    struct arena *a = g->ctx->arena;
    const struct fast_block *b = &g->fast->blocks[0];
    const uint64_t *may = fast_mask(b, &b->columns[k->column], sample);
    must(may != NULL);
    for (size_t i = 0; i < k->c->class_count; i++) {
        struct check_class *old = &k->c->classes[i];
        if (old->is_null == (has_sample && feel_is_null(sample)) &&
            memcmp(old->may, may, g->words * sizeof(*may)) == 0) {
            return;
        }
    }
    if (k->c->class_count == k->room) {
        size_t room = k->room == 0 ? 8 : k->room * 2;
        size_t size = sizeof(*k->c->classes);
        k->c->classes = arena_grow(a, k->c->classes, k->room * size, room * size);
        k->room = room;
    }
    struct check_class *c = &k->c->classes[k->c->class_count++];
    *c = (struct check_class){.sample = sample,
                              .has_sample = has_sample,
                              .is_null = has_sample && feel_is_null(sample),
                              .may = may,
                              .sure = ARENA_ARRAY(a, uint64_t, g->words)};
    memcpy(c->sure, may, g->words * sizeof(*may));
    for (size_t r = 0; r < g->rule_count; r++) {
        const struct feel_program *test = g->tests[r * g->column_count + k->column];
        if (!fast_is_simple(test) && has(c->sure, r)) {
            c->sure[r / 64] ^= (uint64_t)1 << (r % 64);
        }
    }
}

/* A class unless its sample is not allowed. Tests of what is allowed that are not made of constants
 * tell only of the sample, so they leave nothing out. */
static enum err take(struct classing *k, struct feel_value sample)
{
    struct ctx *ctx = k->g->ctx;
    bool good = true;
    for (size_t i = 0; i < LEN(k->c->allowed) && good; i++) {
        if (fast_is_simple(k->c->allowed[i])) {
            TRY(allows(k->g, k->c->allowed[i], sample, &good));
        }
    }
    if (good) {
        add_class(k, sample, true);
    }
    return ERR_OK;
}

static int by_value(const void *a, const void *b)
{
    int order = 0;
    must(feel_compare(*(const struct feel_value *)a, *(const struct feel_value *)b, &order));
    return order;
}

static enum err take_kind(struct classing *k, uint8_t kind, const struct fast_column *const by[],
                          size_t by_count)
{
    struct ctx *ctx = k->g->ctx;
    struct arena *a = ctx->arena;
    size_t n = 0;
    for (size_t i = 0; i < by_count; i++) {
        n += by[i]->cuts[kind] == NULL ? 0 : by[i]->cuts[kind]->count;
    }
    struct feel_value *points = ARENA_ARRAY(a, struct feel_value, n);
    n = 0;
    for (size_t i = 0; i < by_count; i++) {
        const struct fast_cuts *cuts = by[i]->cuts[kind];
        for (uint32_t c = 0; cuts != NULL && c < cuts->count; c++) {
            points[n++] = cuts->constants[c];
        }
    }
    qsort(points, n, sizeof(*points), by_value);
    for (size_t i = 0; i < n; i++) {
        struct feel_value inner = feel_null();
        if (i > 0 && by_value(&points[i - 1], &points[i]) == 0) {
            continue;
        }
        if (between(a, kind, i == 0 ? feel_null() : points[i - 1], points[i], &inner)) {
            TRY(take(k, inner));
        }
        TRY(take(k, points[i]));
    }
    struct feel_value beyond = feel_null();
    if (n > 0 && between(a, kind, points[n - 1], feel_null(), &beyond)) {
        TRY(take(k, beyond));
    }
    return ERR_OK;
}

static uint8_t kind_of_type(enum feel_type_kind t)
{
    static const uint8_t kinds[] = {[FEEL_TYPE_BOOL] = FEEL_BOOL,
                                    [FEEL_TYPE_NUMBER] = FEEL_NUMBER,
                                    [FEEL_TYPE_STRING] = FEEL_STRING,
                                    [FEEL_TYPE_DATE] = FEEL_DATE,
                                    [FEEL_TYPE_YEARS_MONTHS] = FEEL_YEARS_MONTHS,
                                    [FEEL_TYPE_DAYS_TIME] = FEEL_DAYS_TIME,
                                    [FEEL_TYPE_FUNCTION] = FEEL_NULL};
    return kinds[t];
}

/* Whether a cell of the column has a boolean among its points. */
static bool speaks_of_booleans(const struct check_grid *g, size_t column)
{
    for (size_t r = 0; r < g->rule_count; r++) {
        const struct feel_program *test = g->tests[r * g->column_count + column];
        const struct feel_shape *shapes = NULL;
        bool negated = false;
        size_t count = test == NULL ? 0 : feel_unary_shape(test, &shapes, &negated);
        for (size_t i = 0; i < count; i++) {
            if (shapes[i].kind == FEEL_SHAPE_POINT && shapes[i].lo.kind == FEEL_BOOL) {
                return true;
            }
        }
    }
    return false;
}

static enum err make_column(struct check_grid *g, size_t column)
{
    struct ctx *ctx = g->ctx;
    struct check_column *c = &g->columns[column];
    struct classing k = {g, c, column, 0};
    const struct fast_column *by[1 + LEN(c->allowed)] = {&g->fast->blocks[0].columns[column]};
    uint8_t declared = kind_of_type(c->type);
    for (size_t i = 0; i < LEN(c->allowed); i++) {
        by[1 + i] = &fast_make(ctx->arena, &c->allowed[i], 1, 1)->blocks[0].columns[0];
    }
    for (uint8_t kind = 0; kind < FEEL_KIND_COUNT; kind++) {
        bool spoken = kind == FEEL_BOOL && speaks_of_booleans(g, column);
        for (size_t i = 0; i < LEN(by); i++) {
            spoken = spoken || by[i]->cuts[kind] != NULL;
        }
        if (c->type == FEEL_TYPE_ANY ? !spoken : kind != declared || kind == FEEL_NULL) {
            continue;
        }
        if (kind == FEEL_BOOL) {
            TRY(take(&k, feel_bool(false)));
            TRY(take(&k, feel_bool(true)));
            continue;
        }
        TRY(take_kind(&k, kind, by, LEN(by)));
    }
    if (c->class_count == 0) { /* a context stands for what no constant meets */
        add_class(&k, feel_context(NULL, 0), false);
    }
    add_class(&k, feel_null(), true);
    return ERR_OK;
}

enum err check_grid_make(struct ctx *ctx, struct check_grid *g)
{
    must(g->rule_count > 0 && g->rule_count <= FAST_BLOCK);
    g->ctx = ctx;
    g->fast = fast_make(ctx->arena, g->tests, g->rule_count, g->column_count);
    g->words = g->fast->blocks[0].words;
    g->steps = LIMIT_DMN_CHECK_STEPS;
    for (size_t c = 0; c < g->column_count; c++) {
        TRY(make_column(g, c));
    }
    return ERR_OK;
}

/* ---- what is not covered --------------------------------------------------------------------- */

enum { SEEN_SLOTS = 4096 };

struct search {
    struct check_grid *g;
    size_t within;
    const uint64_t **full; /* by column: rules that match all of it and of what follows */
    uint32_t *point;
    uint32_t *points;
    size_t count, max;
    uint64_t *seen; /* divided before: column + 1, sure, may */
    bool undecided;
};

static bool is_in(const struct search *s, const struct check_class *c)
{
    return s->within == SIZE_MAX ? !c->is_null : has(c->may, s->within);
}

static bool is_empty(const uint64_t *mask, uint32_t words)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < words; i++) {
        any |= mask[i];
    }
    return any == 0;
}

static bool meets(const uint64_t *a, const uint64_t *b, uint32_t words)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < words; i++) {
        any |= a[i] & b[i];
    }
    return any != 0;
}

/* Whether the rest from a column on was divided for the same rules before; notes it. A place holds
 * the last. */
static bool was_seen(struct search *s, size_t column, const uint64_t *sure, const uint64_t *may)
{
    uint32_t words = s->g->words;
    size_t size = words * sizeof(*sure);
    uint64_t h = column;
    for (uint32_t i = 0; i < words; i++) {
        h = (h ^ sure[i]) * 0x9e3779b97f4a7c15u;
        h = (h ^ may[i] ^ h >> 29) * 0xd6e8feb86659fd93u;
    }
    uint64_t *at = s->seen + ((h >> 40) % SEEN_SLOTS) * (2 * (size_t)words + 1);
    if (at[0] == column + 1 && memcmp(at + 1, sure, size) == 0 &&
        memcmp(at + 1 + words, may, size) == 0) {
        return true;
    }
    at[0] = column + 1;
    memcpy(at + 1, sure, size);
    memcpy(at + 1 + words, may, size);
    return false;
}

static void found(struct search *s, size_t column)
{
    struct check_grid *g = s->g;
    for (size_t c = column; c < g->column_count; c++) {
        uint32_t i = 0;
        while (i + 1 < g->columns[c].class_count && !is_in(s, &g->columns[c].classes[i])) {
            i++;
        }
        s->point[c] = i;
    }
    memcpy(s->points + s->count * g->column_count, s->point, g->column_count * sizeof(*s->point));
    s->count++;
}

static void divide(struct search *s, size_t column, const uint64_t *sure, const uint64_t *may)
{
    struct check_grid *g = s->g;
    if (s->count == s->max || meets(sure, s->full[column], g->words)) {
        return;
    }
    if (is_empty(may, g->words)) {
        found(s, column);
        return;
    }
    if (column == g->column_count || g->steps == 0) {
        s->undecided = true;
        return;
    }
    g->steps--;
    if (was_seen(s, column, sure, may)) {
        return;
    }
    for (uint32_t i = 0; i < g->columns[column].class_count; i++) {
        const struct check_class *c = &g->columns[column].classes[i];
        uint64_t inner_sure[FAST_WORDS], inner_may[FAST_WORDS];
        if (!is_in(s, c)) {
            continue;
        }
        for (uint32_t w = 0; w < g->words; w++) {
            inner_sure[w] = sure[w] & c->sure[w];
            inner_may[w] = may[w] & c->may[w];
        }
        s->point[column] = i;
        divide(s, column + 1, inner_sure, inner_may);
    }
}

enum check_answer check_uncovered(struct check_grid *g, size_t by, size_t within, size_t max,
                                  uint32_t *ret_points, size_t *ret_count)
{
    struct arena *a = g->ctx->arena;
    struct arena_mark mark = arena_mark(a);
    struct search s = {.g = g, .within = within, .points = ret_points, .max = max};
    s.point = ARENA_ARRAY(a, uint32_t, g->column_count);
    s.full = ARENA_ARRAY(a, const uint64_t *, g->column_count + 1);
    s.seen = ARENA_ARRAY(a, uint64_t, SEEN_SLOTS * (2 * (size_t)g->words + 1));
    s.full[g->column_count] = g->fast->blocks[0].all;
    for (size_t c = g->column_count; c-- > 0;) {
        uint64_t *full = ARENA_ARRAY(a, uint64_t, g->words);
        memcpy(full, s.full[c + 1], g->words * sizeof(*full));
        for (size_t i = 0; i < g->columns[c].class_count; i++) {
            for (uint32_t w = 0; is_in(&s, &g->columns[c].classes[i]) && w < g->words; w++) {
                full[w] &= g->columns[c].classes[i].sure[w];
            }
        }
        s.full[c] = full;
    }
    uint64_t rules[FAST_WORDS] = {0};
    uint64_t sure[FAST_WORDS];
    for (size_t r = 0; r < by; r++) {
        rules[r / 64] |= (uint64_t)1 << (r % 64);
    }
    memcpy(sure, rules, sizeof(sure));
    divide(&s, 0, sure, rules);
    *ret_count = s.count;
    arena_reset(a, mark);
    return s.count > 0 ? CHECK_FOUND : s.undecided ? CHECK_UNDECIDED : CHECK_NONE;
}

/* ---- pairs ----------------------------------------------------------------------------------- */

enum check_answer check_overlap(struct check_grid *g, size_t a, size_t b, uint32_t *ret_point)
{
    bool certain = true;
    for (size_t c = 0; c < g->column_count; c++) {
        const struct check_column *column = &g->columns[c];
        uint32_t best = UINT32_MAX;
        bool sure = false;
        for (uint32_t i = 0; i < column->class_count && !sure; i++) {
            const struct check_class *k = &column->classes[i];
            g->steps -= g->steps > 0;
            if (!has(k->may, a) || !has(k->may, b)) {
                continue;
            }
            sure = has(k->sure, a) && has(k->sure, b);
            best = best == UINT32_MAX || sure ? i : best;
        }
        if (best == UINT32_MAX) {
            return CHECK_NONE;
        }
        certain = certain && sure;
        ret_point[c] = best;
    }
    return certain ? CHECK_FOUND : CHECK_UNDECIDED;
}

size_t check_empty_column(const struct check_grid *g, size_t rule)
{
    for (size_t c = 0; c < g->column_count; c++) {
        size_t i = 0;
        while (i < g->columns[c].class_count && !has(g->columns[c].classes[i].may, rule)) {
            i++;
        }
        if (i == g->columns[c].class_count) {
            return c;
        }
    }
    return SIZE_MAX;
}

enum err check_point_is_allowed(struct check_grid *g, const uint32_t *point, bool *ret)
{
    struct ctx *ctx = g->ctx;
    *ret = true;
    for (size_t c = 0; c < g->column_count && *ret; c++) {
        const struct check_class *k = &g->columns[c].classes[point[c]];
        for (size_t i = 0; i < LEN(g->columns[c].allowed) && *ret && k->has_sample && !k->is_null;
             i++) {
            TRY(allows(g, g->columns[c].allowed[i], k->sample, ret));
        }
    }
    return ERR_OK;
}

struct str check_point_text(struct check_grid *g, const uint32_t *point)
{
    struct ctx *ctx = g->ctx;
    struct buf b = buf_new(ctx->arena, LIMIT_FEEL_STRING_BYTES);
    for (size_t c = 0; c < g->column_count; c++) {
        const struct check_class *k = &g->columns[c].classes[point[c]];
        bool text = k->sample.kind == FEEL_STRING;
        if (!k->has_sample) {
            continue;
        }
        buf_puts(&b, buf_str(&b).n > 0 ? ", " : "");
        buf_put(&b, g->columns[c].label);
        buf_puts(&b, text ? " = \"" : " = ");
        buf_put(&b, feel_text(ctx, k->sample));
        buf_puts(&b, text ? "\"" : "");
    }
    return buf_str(&b);
}
