/* The index of a table: from the cells of its columns to masks of rules. */
#include "dmn/fast.h"

#include <stdlib.h>

#include "base/decimal.h"
#include "feel/shape.h"
#include "feel/value.h"
#include "limit_gen.h"

static const int64_t pow10_of[] = {1,
                                   10,
                                   100,
                                   1000,
                                   10000,
                                   100000,
                                   1000000,
                                   10000000,
                                   100000000,
                                   1000000000,
                                   10000000000,
                                   100000000000,
                                   1000000000000,
                                   10000000000000,
                                   100000000000000,
                                   1000000000000000,
                                   10000000000000000,
                                   100000000000000000,
                                   1000000000000000000};

/* ---- where a value lies ---------------------------------------------------------------------- */

static inline uint64_t load_word(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* The length, the first and the last eight bytes: no more is read, equality looks at the rest. */
static inline uint64_t hash_of(const char *p, uint32_t n)
{
    uint64_t head = 0, tail = 0;
    if (n >= 8) {
        head = load_word(p);
        tail = load_word(p + n - 8);
    } else if (n >= 4) {
        uint32_t first, last;
        memcpy(&first, p, sizeof(first));
        memcpy(&last, p + n - 4, sizeof(last));
        head = first;
        tail = last;
    } else if (n > 0) {
        head = (uint64_t)(uint8_t)p[0] << 16 | (uint64_t)(uint8_t)p[n / 2] << 8 | (uint8_t)p[n - 1];
    }
    uint64_t h = (head ^ (uint64_t)n) * 0x9e3779b97f4a7c15u;
    h ^= h >> 32;
    h = (h ^ tail) * 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

/* Constants at or before v: branchless halving, as outcomes cannot be foretold. */
static inline uint32_t count_up_to(const int64_t *at, uint32_t count, int64_t v)
{
    const int64_t *base = at;
    while (count > 1) {
        uint32_t half = count / 2;
        base += base[half - 1] <= v ? half : 0;
        count -= half;
    }
    return (uint32_t)(base - at) + (count == 1 && *base <= v);
}

static inline uint32_t piece_of_integer(const struct fast_cuts *c, int64_t v, bool exact)
{
    uint32_t before = count_up_to(c->at, c->count, v);
    return 2 * before - (exact && before > 0 && c->at[before - 1] == v);
}

static uint32_t piece_by_order(const struct fast_cuts *c, struct feel_value v)
{
    uint32_t lo = 0, hi = c->count;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        int order = 0;
        must(feel_compare(v, c->constants[mid], &order));
        if (order == 0) {
            return 2 * mid + 1;
        }
        lo = order > 0 ? mid + 1 : lo;
        hi = order > 0 ? hi : mid;
    }
    return 2 * lo;
}

/* A number whose exponent is not that of the cuts: in their unit, rounded down. False when it does
 * not fit. */
static bool rescale(struct feel_value v, int16_t exp, int64_t *ret, bool *ret_exact)
{
    int gap = v.exp - exp;
    if (gap >= (int)LEN(pow10_of) || -gap >= (int)LEN(pow10_of)) {
        return false;
    }
    if (gap >= 0) {
        *ret_exact = true;
        return !__builtin_mul_overflow(v.integer, pow10_of[gap], ret);
    }
    int64_t unit = pow10_of[-gap];
    int64_t rest = v.integer % unit;
    *ret = v.integer / unit - (rest < 0);
    *ret_exact = rest == 0;
    return true;
}

static uint32_t piece_of_text(const struct fast_cuts *c, struct feel_value v)
{
    uint32_t at = (uint32_t)hash_of(v.text, v.n) & c->slot_mask;
    for (; c->slots[at] != 0; at = (at + 1) & c->slot_mask) {
        struct feel_value known = c->constants[c->slots[at] - 1];
        if (known.n == v.n && memcmp(known.text, v.text, v.n) == 0) {
            return 2 * (c->slots[at] - 1) + 1;
        }
    }
    return 0; /* between the points all is alike */
}

uint32_t fast_piece(const struct fast_cuts *c, struct feel_value v)
{
    if (c->form == FAST_WORDS_OF) {
        return piece_of_text(c, v);
    }
    if (c->form == FAST_ORDERED || v.boxed) {
        return piece_by_order(c, v);
    }
    if (v.kind != FEEL_NUMBER || v.exp == c->exp) {
        return piece_of_integer(c, v.integer, true);
    }
    int64_t whole = 0;
    bool exact = false;
    return rescale(v, c->exp, &whole, &exact) ? piece_of_integer(c, whole, exact)
                                              : piece_by_order(c, v);
}

const uint64_t *fast_mask(const struct fast_block *b, const struct fast_column *c,
                          struct feel_value v)
{
    const struct fast_cuts *cuts = c->cuts[v.kind];
    if (cuts != NULL) {
        return cuts->masks + (size_t)fast_piece(cuts, v) * b->words;
    }
    if (v.kind == FEEL_BOOL) {
        return c->plain[FEEL_BOOL] + (v.boolean ? b->words : 0);
    }
    return v.kind == FEEL_RANGE && c->ranges ? NULL : c->plain[v.kind];
}

bool fast_match(const struct fast_block *b, size_t columns, const struct feel_value *values,
                uint64_t ret[FAST_WORDS])
{
    if (b->words == 1) {
        uint64_t left = b->all[0];
        for (size_t i = 0; i < columns; i++) {
            const uint64_t *mask = fast_mask(b, &b->columns[i], values[i]);
            if (mask == NULL) {
                return false;
            }
            left &= *mask;
        }
        ret[0] = left;
        return true;
    }
    memcpy(ret, b->all, b->words * sizeof(*ret));
    for (size_t i = 0; i < columns; i++) {
        const uint64_t *mask = fast_mask(b, &b->columns[i], values[i]);
        if (mask == NULL) {
            return false;
        }
        for (uint32_t w = 0; w < b->words; w++) {
            ret[w] &= mask[w];
        }
    }
    return true;
}

/* ---- making ---------------------------------------------------------------------------------- */

struct maker {
    struct arena *a;
    const struct feel_program *const *tests; /* of the block, rule by rule */
    size_t columns;
    struct fast_block *b;
    size_t *bytes_left; /* of masks */
};

static const struct feel_program *test_at(const struct maker *m, size_t rule, size_t column)
{
    return m->tests[rule * m->columns + column];
}

/* Kinds that are wholly ordered, equal only where compare says so. Times are not: some have no
 * order among each other, and equality leaves out fractions of seconds. */
static bool is_cut_kind(uint8_t kind)
{
    return kind == FEEL_NUMBER || kind == FEEL_STRING || kind == FEEL_DATE ||
           kind == FEEL_YEARS_MONTHS || kind == FEEL_DAYS_TIME;
}

/* The kind a shape speaks of. */
static uint8_t kind_of(const struct feel_shape *s)
{
    return feel_is_null(s->lo) ? s->hi.kind : s->lo.kind;
}

static bool shape_is_simple(const struct feel_shape *s)
{
    if (s->kind == FEEL_SHAPE_ANY) {
        return true;
    }
    if (s->kind == FEEL_SHAPE_POINT) {
        return s->lo.kind == FEEL_NULL || s->lo.kind == FEEL_BOOL || is_cut_kind(s->lo.kind);
    }
    return s->kind == FEEL_SHAPE_INTERVAL && is_cut_kind(kind_of(s));
}

bool fast_is_simple(const struct feel_program *test)
{
    const struct feel_shape *shapes = NULL;
    bool negated = false;
    size_t count = test == NULL ? 0 : feel_unary_shape(test, &shapes, &negated);
    for (size_t i = 0; i < count; i++) {
        if (!shape_is_simple(&shapes[i])) {
            return false;
        }
    }
    return true;
}

static void set_bit(uint64_t *mask, size_t rule)
{
    mask[rule / 64] ^= (uint64_t)1 << (rule % 64);
}

/* Whether a simple cell matches the values of a kind that meet none of its tests: "-" does, and
 * not() unless one of its tests has no answer for that kind. */
static bool matches_rest(const struct feel_shape *shapes, size_t count, bool negated, uint8_t kind)
{
    if (count > 0 && shapes[0].kind == FEEL_SHAPE_ANY) {
        return true;
    }
    for (size_t i = 0; negated && i < count; i++) {
        bool undecided = shapes[i].kind == FEEL_SHAPE_INTERVAL
                             ? kind_of(&shapes[i]) != kind
                             : shapes[i].strict && kind != FEEL_NULL && kind_of(&shapes[i]) != kind;
        if (undecided) {
            return false;
        }
    }
    return negated;
}

/* Whether a simple cell matches null, true or false. */
static bool matches_point(const struct feel_program *test, struct feel_value v)
{
    const struct feel_shape *shapes = NULL;
    bool negated = false;
    size_t count = feel_unary_shape(test, &shapes, &negated);
    for (size_t i = 0; i < count; i++) {
        if (shapes[i].kind == FEEL_SHAPE_POINT && shapes[i].lo.kind == v.kind &&
            feel_is_true(feel_equal(shapes[i].lo, v))) {
            return !negated;
        }
    }
    return matches_rest(shapes, count, negated, v.kind);
}

static const uint64_t *plain_mask(struct maker *m, size_t column, uint8_t kind)
{
    size_t words = m->b->words;
    uint64_t *mask = ARENA_ARRAY(m->a, uint64_t, kind == FEEL_BOOL ? 2 * words : words);
    for (size_t r = 0; r < m->b->count; r++) {
        const struct feel_program *test = test_at(m, r, column);
        const struct feel_shape *shapes = NULL;
        bool negated = false;
        if (test == NULL || !fast_is_simple(test)) {
            set_bit(mask, r);
            if (kind == FEEL_BOOL) {
                set_bit(mask + words, r);
            }
        } else if (kind == FEEL_BOOL) {
            if (matches_point(test, feel_bool(false))) {
                set_bit(mask, r);
            }
            if (matches_point(test, feel_bool(true))) {
                set_bit(mask + words, r);
            }
        } else if (kind == FEEL_NULL) {
            if (matches_point(test, feel_null())) {
                set_bit(mask, r);
            }
        } else {
            size_t count = feel_unary_shape(test, &shapes, &negated);
            if (matches_rest(shapes, count, negated, kind)) {
                set_bit(mask, r);
            }
        }
    }
    return mask;
}

/* ---- cuts ---- */

static int by_value(const void *a, const void *b)
{
    int order = 0;
    must(feel_compare(*(const struct feel_value *)a, *(const struct feel_value *)b, &order));
    return order;
}

/* The distinct constants of one kind in a column, in order; *ret_intervals when some are ends of
 * intervals. */
static uint32_t constants_of(struct maker *m, size_t column, uint8_t kind, struct feel_value **ret,
                             bool *ret_intervals)
{
    for (int pass = 0;; pass++) {
        uint32_t n = 0;
        for (size_t r = 0; r < m->b->count; r++) {
            const struct feel_program *test = test_at(m, r, column);
            const struct feel_shape *shapes = NULL;
            bool negated = false;
            if (test == NULL || !fast_is_simple(test)) {
                continue;
            }
            size_t count = feel_unary_shape(test, &shapes, &negated);
            for (size_t i = 0; i < count; i++) {
                const struct feel_shape *s = &shapes[i];
                if (s->kind == FEEL_SHAPE_ANY || kind_of(s) != kind) {
                    continue;
                }
                *ret_intervals |= s->kind == FEEL_SHAPE_INTERVAL;
                const struct feel_value ends[] = {s->lo, s->kind == FEEL_SHAPE_POINT ? feel_null()
                                                                                     : s->hi};
                for (size_t e = 0; e < LEN(ends); e++) {
                    if (!feel_is_null(ends[e]) && pass == 1) {
                        (*ret)[n] = ends[e];
                    }
                    n += !feel_is_null(ends[e]);
                }
            }
        }
        if (pass == 0 && n > 0) {
            *ret = ARENA_ARRAY(m->a, struct feel_value, n);
            continue;
        }
        uint32_t kept = 0;
        if (n > 1) {
            qsort(*ret, n, sizeof(**ret), by_value);
        }
        for (uint32_t i = 0; i < n; i++) {
            if (i == 0 || by_value(&(*ret)[kept - 1], &(*ret)[i]) != 0) {
                (*ret)[kept++] = (*ret)[i];
            }
        }
        return kept;
    }
}

/* Numbers as integers of the smallest unit among them; false when 64 bits do not hold them. */
static bool to_integers(struct arena *a, struct fast_cuts *c)
{
    int64_t *at = ARENA_ARRAY(a, int64_t, c->count);
    bool numbers = c->constants[0].kind == FEEL_NUMBER;
    int32_t exp = INT16_MAX;
    for (uint32_t i = 0; numbers && i < c->count; i++) {
        struct decimal d = decimal_reduce(feel_decimal(c->constants[i]));
        exp = d.exp < exp ? d.exp : exp;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        if (!numbers) {
            at[i] = c->constants[i].integer;
            continue;
        }
        struct feel_value v = feel_number(a, decimal_reduce(feel_decimal(c->constants[i])));
        bool exact = false;
        if (v.boxed || !rescale(v, (int16_t)exp, &at[i], &exact) || !exact) {
            return false;
        }
    }
    c->exp = numbers ? (int16_t)exp : 0;
    c->at = at;
    return true;
}

/* Slots for the strings; false when many fall into one place, as somebody may want them to. */
static bool to_hash(struct arena *a, struct fast_cuts *c)
{
    enum { CHAIN_MAX = 8 };
    uint32_t size = 4;
    while (size < 4 * c->count) {
        size *= 2;
    }
    uint32_t *slots = ARENA_ARRAY(a, uint32_t, size);
    c->slots = slots;
    c->slot_mask = size - 1;
    for (uint32_t i = 0; i < c->count; i++) {
        uint32_t at = (uint32_t)hash_of(c->constants[i].text, c->constants[i].n) & c->slot_mask;
        uint32_t chain = 0;
        for (; slots[at] != 0; at = (at + 1) & c->slot_mask) {
            chain++;
        }
        if (chain > CHAIN_MAX) {
            return false;
        }
        slots[at] = i + 1;
    }
    return true;
}

/* The pieces that a shape covers, or an empty span (from above to). */
static void pieces_of(const struct fast_cuts *c, const struct feel_shape *s, uint32_t *ret_from,
                      uint32_t *ret_to)
{
    *ret_from = feel_is_null(s->lo) ? 0 : piece_by_order(c, s->lo) + s->lo_open;
    *ret_to = feel_is_null(s->hi) ? 2 * c->count : piece_by_order(c, s->hi) - s->hi_open;
}

/* Toggle the rule's bit where its cell begins and ceases to match; summed up, these become the
 * masks. */
static void toggle_cell(const struct maker *m, const struct fast_cuts *c, uint64_t *toggles,
                        int32_t *depth, size_t rule, const struct feel_program *test)
{
    const struct feel_shape *shapes = NULL;
    bool negated = false;
    size_t words = m->b->words;
    size_t count = feel_unary_shape(test, &shapes, &negated);
    uint32_t pieces = 2 * c->count + 1;
    uint8_t kind = c->constants[0].kind;
    bool rest = matches_rest(shapes, count, negated, kind);
    bool before = false;
    if (!rest && negated) { /* what it meets does not match, the rest is undecided */
        return;
    }
    memset(depth, 0, (pieces + 1) * sizeof(*depth));
    for (size_t i = 0; i < count; i++) {
        uint32_t from = 0, to = 0;
        if (shapes[i].kind == FEEL_SHAPE_ANY || kind_of(&shapes[i]) != kind) {
            continue;
        }
        pieces_of(c, &shapes[i], &from, &to);
        if (from <= to && to < pieces) {
            depth[from]++;
            depth[to + 1]--;
        }
    }
    int32_t within = 0;
    for (uint32_t p = 0; p < pieces; p++) {
        within += depth[p];
        bool now = within > 0 ? !negated : rest;
        if (now != before) {
            set_bit(toggles + p * words, rule);
        }
        before = now;
    }
}

static const uint64_t *cut_masks(struct maker *m, size_t column, const struct fast_cuts *c)
{
    size_t words = m->b->words;
    size_t pieces = 2 * (size_t)c->count + 1;
    uint64_t *masks = ARENA_ARRAY(m->a, uint64_t, pieces * words);
    struct arena_mark mark = arena_mark(m->a);
    int32_t *depth = ARENA_ARRAY(m->a, int32_t, pieces + 1);
    for (size_t r = 0; r < m->b->count; r++) {
        const struct feel_program *test = test_at(m, r, column);
        if (test == NULL || !fast_is_simple(test)) {
            set_bit(masks, r);
        } else {
            toggle_cell(m, c, masks, depth, r, test);
        }
    }
    for (size_t i = words; i < pieces * words; i++) {
        masks[i] ^= masks[i - words];
    }
    arena_reset(m->a, mark);
    return masks;
}

/* Cut one kind; NULL when the column has no constant of it. False when its masks would be too
 * large. */
static bool make_cuts(struct maker *m, size_t column, uint8_t kind, const struct fast_cuts **ret)
{
    struct feel_value *constants = NULL;
    bool intervals = false;
    uint32_t count = constants_of(m, column, kind, &constants, &intervals);
    *ret = NULL;
    if (count == 0) {
        return true;
    }
    size_t bytes = (2 * (size_t)count + 1) * m->b->words * sizeof(uint64_t);
    if (bytes > *m->bytes_left) {
        return false;
    }
    *m->bytes_left -= bytes;
    struct fast_cuts *c = ARENA_NEW(m->a, struct fast_cuts);
    *c = (struct fast_cuts){.form = FAST_ORDERED, .count = count, .constants = constants};
    if (kind == FEEL_STRING && !intervals && to_hash(m->a, c)) {
        c->form = FAST_WORDS_OF;
    } else if (kind != FEEL_STRING && kind != FEEL_DAYS_TIME && to_integers(m->a, c)) {
        c->form = FAST_INTEGERS;
    }
    c->masks = cut_masks(m, column, c);
    *ret = c;
    return true;
}

/* ---- columns and blocks ---- */

static bool has_ranges(const struct maker *m, size_t column)
{
    for (size_t r = 0; r < m->b->count; r++) {
        const struct feel_program *test = test_at(m, r, column);
        const struct feel_shape *shapes = NULL;
        bool negated = false;
        size_t count = test == NULL ? 0 : feel_unary_shape(test, &shapes, &negated);
        for (size_t i = 0; i < count; i++) {
            if (shapes[i].kind == FEEL_SHAPE_INTERVAL || shapes[i].strict) {
                return true;
            }
        }
    }
    return false;
}

/* False when the column must stay open as a whole. */
static bool make_column(struct maker *m, size_t column)
{
    struct fast_column *c = &m->b->columns[column];
    const uint64_t *foreign = NULL; /* kinds that no cell speaks of are all alike */
    c->ranges = has_ranges(m, column);
    for (uint8_t kind = 0; kind < FEEL_KIND_COUNT; kind++) {
        if (is_cut_kind(kind) && !make_cuts(m, column, kind, &c->cuts[kind])) {
            return false;
        }
        if (c->cuts[kind] != NULL) {
            continue;
        }
        if (kind == FEEL_NULL || kind == FEEL_BOOL) {
            c->plain[kind] = plain_mask(m, column, kind);
            continue;
        }
        foreign = foreign == NULL ? plain_mask(m, column, kind) : foreign;
        c->plain[kind] = foreign;
    }
    return true;
}

static void open_column(struct maker *m, size_t column)
{
    struct fast_column *c = &m->b->columns[column];
    uint64_t *twice = ARENA_ARRAY(m->a, uint64_t, 2 * (size_t)m->b->words);
    memcpy(twice, m->b->all, m->b->words * sizeof(*twice));
    memcpy(twice + m->b->words, m->b->all, m->b->words * sizeof(*twice));
    *c = (struct fast_column){0};
    for (size_t kind = 0; kind < FEEL_KIND_COUNT; kind++) {
        c->plain[kind] = twice;
    }
}

static void make_block(struct maker *m, size_t count)
{
    struct fast_block *b = m->b;
    b->count = (uint32_t)count;
    b->words = (uint32_t)((count + 63) / 64);
    b->columns = ARENA_ARRAY(m->a, struct fast_column, m->columns);
    uint64_t *all = ARENA_ARRAY(m->a, uint64_t, b->words);
    uint64_t *open = ARENA_ARRAY(m->a, uint64_t, b->words);
    uint32_t *from = ARENA_ARRAY(m->a, uint32_t, count + 1);
    bool *whole = ARENA_ARRAY(m->a, bool, m->columns); /* columns that are open for all rules */
    b->all = all;
    b->open = open;
    b->open_from = from;
    for (size_t r = 0; r < count; r++) {
        set_bit(all, r);
    }
    for (size_t c = 0; c < m->columns; c++) {
        whole[c] = !make_column(m, c);
        if (whole[c]) {
            open_column(m, c);
        }
    }
    for (int pass = 0; pass < 2; pass++) {
        uint32_t *at = pass == 0 ? NULL : ARENA_ARRAY(m->a, uint32_t, from[count]);
        uint32_t n = 0;
        for (size_t r = 0; r < count; r++) {
            from[r] = n;
            for (size_t c = 0; c < m->columns; c++) {
                const struct feel_program *test = test_at(m, r, c);
                bool is_open = test != NULL && (whole[c] || !fast_is_simple(test));
                if (is_open && pass == 1) {
                    at[n] = (uint32_t)c;
                    open[r / 64] |= (uint64_t)1 << (r % 64);
                }
                n += is_open;
            }
        }
        from[count] = n;
        b->open_at = at;
    }
}

struct fast *fast_make(struct arena *a, const struct feel_program *const *tests, size_t rules,
                       size_t columns)
{
    struct fast *f = ARENA_NEW(a, struct fast);
    size_t bytes_left = LIMIT_DMN_INDEX_BYTES;
    f->rules = rules;
    f->columns = columns;
    f->block_count = (rules + FAST_BLOCK - 1) / FAST_BLOCK;
    f->blocks = ARENA_ARRAY(a, struct fast_block, f->block_count);
    for (size_t i = 0; i < f->block_count; i++) {
        size_t first = i * FAST_BLOCK;
        struct maker m = {a, tests + first * columns, columns, &f->blocks[i], &bytes_left};
        f->blocks[i].first = (uint32_t)first;
        make_block(&m, rules - first < FAST_BLOCK ? rules - first : FAST_BLOCK);
    }
    return f;
}
