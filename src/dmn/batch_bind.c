/* Columns of typed data to lanes. */
#include <stdlib.h>

#include "base/decimal.h"
#include "base/decimal_math.h"
#include "dmn/batch_in.h"

/* ---- regions --------------------------------------------------------------------------------- */

/* Masks so far, each once: regions that match alike are one. */
struct regions {
    struct arena *a;
    uint32_t words;
    uint64_t *masks;
    uint32_t count, room;
    uint32_t *slots; /* 1 + region by hash */
    uint32_t slot_count;
};

static uint64_t mask_hash(const uint64_t *mask, uint32_t words)
{
    uint64_t h = 0;
    for (uint32_t i = 0; i < words; i++) {
        h = (h ^ mask[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

static uint32_t *slot_of(struct regions *g, const uint64_t *mask)
{
    size_t size = g->words * sizeof(*mask);
    uint32_t at = (uint32_t)mask_hash(mask, g->words) & (g->slot_count - 1);
    while (g->slots[at] != 0 &&
           memcmp(g->masks + (size_t)(g->slots[at] - 1) * g->words, mask, size) != 0) {
        at = (at + 1) & (g->slot_count - 1);
    }
    return &g->slots[at];
}

static void grow(struct regions *g)
{
    uint32_t room = g->room == 0 ? 16 : g->room * 2;
    size_t size = g->words * sizeof(*g->masks);
    g->masks = arena_grow(g->a, g->masks, g->room * size, room * size);
    g->room = room;
    g->slot_count = 4 * room;
    g->slots = ARENA_ARRAY(g->a, uint32_t, g->slot_count);
    for (uint32_t i = 0; i < g->count; i++) {
        *slot_of(g, g->masks + (size_t)i * g->words) = i + 1;
    }
}

static uint32_t push(struct regions *g, const uint64_t *mask)
{
    if (g->count == g->room) {
        grow(g);
    }
    memcpy(g->masks + (size_t)g->count * g->words, mask, g->words * sizeof(*mask));
    return g->count++;
}

static uint32_t push_once(struct regions *g, const uint64_t *mask)
{
    if (g->room > 0) {
        uint32_t known = *slot_of(g, mask);
        if (known != 0) {
            return known - 1;
        }
    }
    uint32_t region = push(g, mask);
    *slot_of(g, mask) = region + 1;
    return region;
}

/* ---- integers -------------------------------------------------------------------------------- */

/* The first integer x 10^exp at or above v; *ret_exact when it is v. False when there is none in 64
 * bits; then *ret_above tells whether v lies above them all. */
static bool first_at(struct feel_value v, int16_t exp, int64_t *ret, bool *ret_exact,
                     bool *ret_above)
{
    if (v.kind != FEEL_NUMBER) {
        *ret = v.integer;
        *ret_exact = true;
        return true;
    }
    struct decimal d = decimal_reduce(feel_decimal(v));
    struct decimal whole = {0};
    *ret_above = !d.negative;
    d.exp = decimal_is_zero(d) ? 0 : d.exp - exp;
    if (d.exp < -DECIMAL_DIGITS - 1) { /* nearer to zero than one unit, however small */
        *ret = !d.negative;
        *ret_exact = false;
        return true;
    }
    if (d.exp > DECIMAL_DIGITS || !decimal_round_to(d, 0, DECIMAL_CEILING, &whole) ||
        !decimal_to_i64(whole, ret)) {
        return false;
    }
    *ret_exact = decimal_compare(whole, d) == 0;
    return true;
}

static int by_integer(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Where what the mask says may change: at a constant, and just behind it. */
static uint32_t cuts_of(struct arena *a, const struct lane_ask *ask, uint8_t kind, int16_t exp,
                        bool narrow, int64_t **ret)
{
    size_t room = 1;
    size_t n = 0;
    for (size_t i = 0; i < ask->cut_by_count; i++) {
        room +=
            ask->cut_by[i]->cuts[kind] == NULL ? 0 : 2 * (size_t)ask->cut_by[i]->cuts[kind]->count;
    }
    int64_t *at = ARENA_ARRAY(a, int64_t, room);
    for (size_t i = 0; i < ask->cut_by_count; i++) {
        const struct fast_cuts *c = ask->cut_by[i]->cuts[kind];
        for (uint32_t k = 0; c != NULL && k < c->count; k++) {
            bool exact = false, above = false;
            if (!first_at(c->constants[k], exp, &at[n], &exact, &above)) {
                continue; /* on the same side of all data */
            }
            n++;
            if (exact && at[n - 1] < INT64_MAX) {
                at[n] = at[n - 1] + 1;
                n++;
            }
        }
    }
    qsort(at, n, sizeof(*at), by_integer);
    uint32_t kept = 0;
    int64_t least = narrow ? INT32_MIN : INT64_MIN;
    int64_t most = narrow ? INT32_MAX : INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        if (at[i] > least && at[i] <= most && (kept == 0 || at[kept - 1] != at[i])) {
            at[kept++] = at[i];
        }
    }
    *ret = at;
    return kept;
}

static void bind_integers(struct arena *a, const struct lane_ask *ask, const struct dmn_column *c,
                          struct lane *l)
{
    bool days = c->form == DMN_COLUMN_DAYS;
    int64_t *cuts = NULL;
    uint32_t count = cuts_of(a, ask, days ? FEEL_DATE : FEEL_NUMBER, days ? 0 : c->exp,
                             c->form != DMN_COLUMN_I64, &cuts);
    struct regions g = {.a = a, .words = ask->words};
    uint32_t kept = 0;
    for (uint32_t i = 0; i <= count; i++) {
        int64_t inside = i > 0 ? cuts[i - 1] : count > 0 ? cuts[0] - 1 : 0;
        struct feel_value v = feel_int(inside);
        v.exp = c->exp;
        const uint64_t *mask =
            ask->mask(ask->self, days ? feel_date((struct day){(int32_t)inside}) : v);
        if (i > 0 &&
            memcmp(g.masks + (size_t)(g.count - 1) * g.words, mask, g.words * sizeof(*mask)) == 0) {
            continue;
        }
        if (i > 0) {
            cuts[kept++] = cuts[i - 1];
        }
        (void)push(&g, mask);
    }
    (void)push(&g, ask->mask(ask->self, feel_null()));
    l->form = c->form == DMN_COLUMN_I64 ? LANE_I64 : LANE_I32;
    l->cuts = cuts;
    l->cut_count = kept;
    l->masks = g.masks;
    l->region_count = g.count;
}

/* ---- codes ----------------------------------------------------------------------------------- */

static void bind_codes(struct arena *a, const struct lane_ask *ask, const struct dmn_column *c,
                       struct lane *l)
{
    bool bools = c->form == DMN_COLUMN_BOOLS;
    size_t count = bools ? 2 : c->text_count;
    uint32_t *region_of = ARENA_ARRAY(a, uint32_t, count);
    struct regions g = {.a = a, .words = ask->words};
    for (size_t i = 0; i < count; i++) {
        region_of[i] = push_once(
            &g, ask->mask(ask->self, bools ? feel_bool(i == 1) : feel_string(c->texts[i])));
    }
    (void)push(&g, ask->mask(ask->self, feel_null()));
    l->form = c->form == DMN_COLUMN_TEXTS32 ? LANE_CODE32 : LANE_CODE8;
    l->region_of = region_of;
    l->code_count = (uint32_t)count;
    l->masks = g.masks;
    l->region_count = g.count;
}

void lane_bind(struct arena *a, const struct lane_ask *ask, const struct dmn_column *c,
               struct lane *ret)
{
    *ret = (struct lane){.data = c->data, .valid = c->valid};
    must(c->form != DMN_COLUMN_VALUES && c->form != DMN_COLUMN_NULLS &&
         c->text_count <= UINT32_MAX);
    if (c->form == DMN_COLUMN_BOOLS || c->form == DMN_COLUMN_TEXTS8 ||
        c->form == DMN_COLUMN_TEXTS32) {
        bind_codes(a, ask, c, ret);
    } else {
        bind_integers(a, ask, c, ret);
    }
}
