/* Rows to rules, 32 at a time, where the machine has AVX2: a region is the number of cuts at or
 * below a value, counted by comparing with all of them; the masks of regions are bytes that a
 * shuffle looks up.
 *
 * For tables of up to 64 rules whose columns have up to 64 regions; others go row by row. */
#include "dmn/batch_in.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { BLOCK = 1024, ROWS = 32, REGIONS = 64, TABLES = REGIONS / 16, BYTES = 8, NO_RULE = 255 };
#define WIDE __attribute__((target("avx2")))
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* ---- regions of a column --------------------------------------------------------------------- */

/* Four vectors of eight counts to 32 bytes, in order. */
WIDE static ALWAYS_INLINE __m256i pack(const __m256i c[4])
{
    __m256i words_lo = _mm256_packs_epi32(c[0], c[1]);
    __m256i words_hi = _mm256_packs_epi32(c[2], c[3]);
    __m256i bytes = _mm256_packus_epi16(words_lo, words_hi);
    return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* The cuts as a search tree, level by level: level k has 2^k of them, in vectors of eight from
 * level_at[k] on. */
enum { LEVELS_MAX = 6, TREE = 10 };
static const uint8_t level_at[LEVELS_MAX] = {0, 1, 2, 3, 4, 6};

/* The cut of a level where each of eight rows stands. */
WIDE static ALWAYS_INLINE __m256i cut_at(const __m256i *level, int depth, __m256i at)
{
    __m256i found = _mm256_permutevar8x32_epi32(level[0], at);
    if (depth == 4) {
        __m256 upper = _mm256_castsi256_ps(_mm256_permutevar8x32_epi32(level[1], at));
        __m256 which = _mm256_castsi256_ps(_mm256_slli_epi32(at, 28));
        found = _mm256_castps_si256(_mm256_blendv_ps(_mm256_castsi256_ps(found), upper, which));
    } else if (depth == 5) {
        __m256 quarter[4] ROW_SCRATCH;
        for (int i = 0; i < 4; i++) {
            quarter[i] = _mm256_castsi256_ps(_mm256_permutevar8x32_epi32(level[i], at));
        }
        __m256 odd = _mm256_castsi256_ps(_mm256_slli_epi32(at, 28));
        __m256 high = _mm256_castsi256_ps(_mm256_slli_epi32(at, 27));
        __m256 lower = _mm256_blendv_ps(quarter[0], quarter[1], odd);
        __m256 upper = _mm256_blendv_ps(quarter[2], quarter[3], odd);
        found = _mm256_castps_si256(_mm256_blendv_ps(lower, upper, high));
    }
    return found;
}

/* Down to the left or, from cuts that lie at or below the value, to the right. */
WIDE static ALWAYS_INLINE __m256i turn(__m256i v, __m256i cut, __m256i at)
{
    return _mm256_sub_epi32(_mm256_add_epi32(at, at), _mm256_cmpgt_epi32(v, cut));
}

/* How many cuts lie at or below each of eight values: down the tree, a turn a level. levels is a
 * constant. */
WIDE static ALWAYS_INLINE __m256i count_32(__m256i v, const __m256i tree[TREE], int levels)
{
    __m256i at = turn(v, tree[0], _mm256_setzero_si256());
    at = levels > 1 ? turn(v, cut_at(tree + 1, 1, at), at) : at;
    at = levels > 2 ? turn(v, cut_at(tree + 2, 2, at), at) : at;
    at = levels > 3 ? turn(v, cut_at(tree + 3, 3, at), at) : at;
    at = levels > 4 ? turn(v, cut_at(tree + 4, 4, at), at) : at;
    at = levels > 5 ? turn(v, cut_at(tree + 6, 5, at), at) : at;
    return at;
}

/* Eight 64-bit integers to 32 bits; what does not fit becomes the nearest that does. */
WIDE static ALWAYS_INLINE __m256i narrow(const int64_t *p)
{
    const __m256i most = _mm256_set1_epi64x(INT32_MAX);
    const __m256i least = _mm256_set1_epi64x(INT32_MIN);
    __m256i v[2] ROW_SCRATCH;
    for (int k = 0; k < 2; k++) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(p + 4 * k));
        x = _mm256_blendv_epi8(x, most, _mm256_cmpgt_epi64(x, most));
        v[k] = _mm256_blendv_epi8(x, least, _mm256_cmpgt_epi64(least, x));
    }
    __m256 low = _mm256_shuffle_ps(_mm256_castsi256_ps(v[0]), _mm256_castsi256_ps(v[1]), 0x88);
    return _mm256_permute4x64_epi64(_mm256_castps_si256(low), 0xd8);
}

WIDE static ALWAYS_INLINE __m256i eight(const struct lane *l, size_t row)
{
    return l->form == LANE_I64
               ? narrow((const int64_t *)l->data + row)
               : _mm256_loadu_si256(
                     (const __m256i *)(const void *)((const int32_t *)l->data + row));
}

WIDE static ALWAYS_INLINE void regions_at(const struct lane *l, size_t from, size_t rows,
                                          const __m256i *cuts, int levels, uint8_t *out)
{
    __m256i tree[TREE] ROW_SCRATCH;
    for (int i = 0; i < (levels < 5 ? levels : levels == 5 ? 6 : TREE); i++) {
        tree[i] = cuts[i];
    }
    for (size_t r = 0; r < rows; r += ROWS) {
        __m256i count[4] ROW_SCRATCH;
        count[0] = count_32(eight(l, from + r), tree, levels);
        count[1] = count_32(eight(l, from + r + 8), tree, levels);
        count[2] = count_32(eight(l, from + r + 16), tree, levels);
        count[3] = count_32(eight(l, from + r + 24), tree, levels);
        _mm256_storeu_si256((__m256i *)(void *)(out + r), pack(count));
    }
}

WIDE static void regions_32(const struct lane *l, size_t from, size_t rows, const __m256i *cuts,
                            int levels, uint8_t *out)
{
    switch (levels) {
    case 0:
    case 1:
    case 2: regions_at(l, from, rows, cuts, 2, out); break;
    case 3: regions_at(l, from, rows, cuts, 3, out); break;
    case 4: regions_at(l, from, rows, cuts, 4, out); break;
    case 5: regions_at(l, from, rows, cuts, 5, out); break;
    default: regions_at(l, from, rows, cuts, 6, out); break;
    }
}

/* Cuts beyond 32 bits: four rows at a time. */
WIDE static void regions_64(const struct lane *l, size_t from, size_t rows, uint8_t *out)
{
    const int64_t *data = (const int64_t *)l->data + from;
    for (size_t r = 0; r < rows; r += 4) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(data + r));
        __m256i c = _mm256_setzero_si256();
        for (uint32_t i = 0; i < l->cut_count; i++) {
            c = _mm256_sub_epi64(c, _mm256_cmpgt_epi64(v, _mm256_set1_epi64x(l->cuts[i] - 1)));
        }
        out[r] = (uint8_t)_mm256_extract_epi8(c, 0);
        out[r + 1] = (uint8_t)_mm256_extract_epi8(c, 8);
        out[r + 2] = (uint8_t)_mm256_extract_epi8(c, 16);
        out[r + 3] = (uint8_t)_mm256_extract_epi8(c, 24);
    }
}

/* Codes of one byte, up to 64 of them: looked up as the masks are. */
WIDE static inline __m256i look_up(const __m256i *tables, uint32_t count, __m256i at)
{
    const __m256i beyond = _mm256_set1_epi8(0x70);
    __m256i found = _mm256_shuffle_epi8(tables[0], _mm256_adds_epu8(at, beyond));
    for (uint32_t t = 1; t < count; t++) {
        at = _mm256_sub_epi8(at, _mm256_set1_epi8(16));
        found =
            _mm256_or_si256(found, _mm256_shuffle_epi8(tables[t], _mm256_adds_epu8(at, beyond)));
    }
    return found;
}

WIDE static void load_tables(const uint8_t bytes[REGIONS], __m256i tables[TABLES])
{
    for (size_t t = 0; t < TABLES; t++) {
        __m128i half = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * t));
        tables[t] = _mm256_broadcastsi128_si256(half);
    }
}

WIDE static void regions_code8(const struct lane *l, size_t from, size_t rows, uint8_t *out)
{
    const uint8_t *data = (const uint8_t *)l->data + from;
    uint8_t null = (uint8_t)(l->region_count - 1);
    if (l->code_count > REGIONS) {
        for (size_t r = 0; r < rows; r++) {
            out[r] = data[r] < l->code_count ? (uint8_t)l->region_of[data[r]] : null;
        }
        return;
    }
    uint8_t bytes[REGIONS] = {0};
    __m256i tables[TABLES];
    for (uint32_t i = 0; i < l->code_count; i++) {
        bytes[i] = (uint8_t)l->region_of[i];
    }
    load_tables(bytes, tables);
    uint32_t used = (l->code_count + 15) / 16;
    __m256i count = _mm256_set1_epi8((char)l->code_count);
    for (size_t r = 0; r < rows; r += ROWS) {
        __m256i at = _mm256_loadu_si256((const __m256i *)(const void *)(data + r));
        __m256i known = _mm256_cmpeq_epi8(_mm256_max_epu8(at, count), at); /* at >= count */
        __m256i found = look_up(tables, used, at);
        found = _mm256_blendv_epi8(found, _mm256_set1_epi8((char)null), known);
        _mm256_storeu_si256((__m256i *)(void *)(out + r), found);
    }
}

static void regions_code32(const struct lane *l, size_t from, size_t rows, uint8_t *out)
{
    const uint32_t *data = (const uint32_t *)l->data + from;
    uint8_t null = (uint8_t)(l->region_count - 1);
    for (size_t r = 0; r < rows; r++) {
        out[r] = data[r] < l->code_count ? (uint8_t)l->region_of[data[r]] : null;
    }
}

static void set_nulls(const struct lane *l, size_t from, size_t rows, uint8_t *out)
{
    uint8_t null = (uint8_t)(l->region_count - 1);
    for (size_t r = 0; r < rows; r += 8) {
        uint8_t valid = l->valid[(from + r) / 8];
        for (size_t k = 0; valid != 0xff && k < 8; k++) {
            out[r + k] = (valid >> k & 1) == 0 ? null : out[r + k];
        }
    }
}

/* ---- rules of rows --------------------------------------------------------------------------- */

struct wide_lane {
    __m256i tables[BYTES][TABLES]; /* byte k of the masks, by region */
    uint32_t table_count;
    bool fits_32;
    int levels;
    __m256i tree[TREE]; /* of cut - 1: a value above it is at or above the cut */
};

struct batch_wide {
    struct wide_lane *lanes;
    uint8_t (*regions)[BLOCK]; /* of one block, by lane */
};

/* The cuts in order, filled up with what nothing exceeds, into levels of the tree. */
WIDE static void make_tree(const struct lane *l, struct wide_lane *w)
{
    int32_t below[REGIONS];
    int32_t tree[TREE * 8];
    w->fits_32 = true;
    w->levels = 2;
    while ((1u << w->levels) - 1 < l->cut_count) {
        w->levels++;
    }
    for (uint32_t i = 0; i < REGIONS; i++) {
        /* wider data are narrowed to the nearest, which keeps their order to such cuts */
        w->fits_32 = w->fits_32 &&
                     (i >= l->cut_count || (l->cuts[i] > INT32_MIN && l->cuts[i] <= INT32_MAX));
        below[i] = i < l->cut_count && w->fits_32 ? (int32_t)(l->cuts[i] - 1) : INT32_MAX;
    }
    for (int k = 0; k < w->levels; k++) {
        uint32_t step = 1u << (w->levels - k);
        for (uint32_t i = 0; i < (k < 3 ? 8u : 1u << k); i++) {
            uint32_t at = i * step + step / 2 - 1;
            tree[level_at[k] * 8 + i] = i < 1u << k ? below[at] : INT32_MAX;
        }
    }
    for (int i = 0; i < 8; i++) { /* the root is met by all rows alike */
        tree[i] = tree[0];
    }
    for (size_t i = 0; i < TREE; i++) {
        w->tree[i] = _mm256_loadu_si256((const __m256i *)(const void *)(tree + 8 * i));
    }
}

WIDE static void make_lane(const struct batch *b, const struct lane *l, struct wide_lane *w)
{
    make_tree(l, w);
    w->table_count = (l->region_count + 15) / 16;
    for (uint32_t k = 0; k < (b->rules + 7) / 8; k++) {
        uint8_t bytes[REGIONS] = {0};
        for (uint32_t i = 0; i < l->region_count; i++) {
            bytes[i] = (uint8_t)(l->masks[i] >> (8 * k));
        }
        load_tables(bytes, w->tables[k]);
    }
}

static void regions_of(const struct lane *l, const struct wide_lane *w, size_t from, size_t rows,
                       uint8_t *out)
{
    if (l->form == LANE_CODE8) {
        regions_code8(l, from, rows, out);
    } else if (l->form == LANE_CODE32) {
        regions_code32(l, from, rows, out);
    } else if (w->fits_32) {
        regions_32(l, from, rows, w->tree, w->levels, out);
    } else {
        regions_64(l, from, rows, out);
    }
    if (l->valid != NULL) {
        set_nulls(l, from, rows, out);
    }
}

/* AND the bytes of the masks of 32 rows. bytes is a constant where this is spelled out. */
WIDE static ALWAYS_INLINE void rules_of(const struct batch *b, size_t r, uint32_t bytes,
                                        __m256i ret[BYTES])
{
    const __m256i beyond = _mm256_set1_epi8(0x70);
    for (uint32_t k = 0; k < bytes; k++) {
        ret[k] = _mm256_set1_epi8((char)(b->all[0] >> (8 * k)));
    }
    for (size_t i = 0; i < b->lane_count; i++) {
        const struct wide_lane *l = &b->wide->lanes[i];
        __m256i at = _mm256_loadu_si256((const __m256i *)(const void *)(b->wide->regions[i] + r));
        __m256i place = _mm256_adds_epu8(at, beyond);
        __m256i found[BYTES] ROW_SCRATCH;
        for (uint32_t k = 0; k < bytes; k++) {
            found[k] = _mm256_shuffle_epi8(l->tables[k][0], place);
        }
        for (uint32_t t = 1; t < l->table_count; t++) {
            at = _mm256_sub_epi8(at, _mm256_set1_epi8(16));
            place = _mm256_adds_epu8(at, beyond);
            for (uint32_t k = 0; k < bytes; k++) {
                found[k] = _mm256_or_si256(found[k], _mm256_shuffle_epi8(l->tables[k][t], place));
            }
        }
        for (uint32_t k = 0; k < bytes; k++) {
            ret[k] = _mm256_and_si256(ret[k], found[k]);
        }
    }
}

/* The place of the lowest bit, 0 for none; *ret_many marks rows with more bits. */
WIDE static ALWAYS_INLINE __m256i lowest(const __m256i rules[BYTES], uint32_t bytes,
                                         __m256i *ret_many)
{
    const __m256i zero = _mm256_setzero_si256();
    const __m256i low = _mm256_set1_epi8(15);
    const __m256i of_low = _mm256_setr_epi8(-1, 1, 2, 1, 3, 1, 2, 1, 4, 1, 2, 1, 3, 1, 2, 1, -1, 1,
                                            2, 1, 3, 1, 2, 1, 4, 1, 2, 1, 3, 1, 2, 1);
    const __m256i of_high = _mm256_setr_epi8(-1, 5, 6, 5, 7, 5, 6, 5, 8, 5, 6, 5, 7, 5, 6, 5, -1, 5,
                                             6, 5, 7, 5, 6, 5, 8, 5, 6, 5, 7, 5, 6, 5);
    __m256i best = _mm256_set1_epi8((char)NO_RULE);
    __m256i many = zero;
    __m256i seen = zero;
    for (uint32_t k = 0; k < bytes; k++) {
        __m256i x = rules[k];
        __m256i from_low = _mm256_shuffle_epi8(of_low, _mm256_and_si256(x, low));
        __m256i from_high =
            _mm256_shuffle_epi8(of_high, _mm256_and_si256(_mm256_srli_epi16(x, 4), low));
        __m256i place =
            _mm256_adds_epu8(_mm256_min_epu8(from_low, from_high), _mm256_set1_epi8((char)(8 * k)));
        __m256i rest = _mm256_and_si256(x, _mm256_sub_epi8(x, _mm256_set1_epi8(1)));
        best = _mm256_min_epu8(best, place);
        many = _mm256_or_si256(many, _mm256_or_si256(rest, _mm256_and_si256(seen, x)));
        seen = _mm256_or_si256(seen,
                               _mm256_xor_si256(_mm256_cmpeq_epi8(x, zero), _mm256_set1_epi8(-1)));
    }
    *ret_many = _mm256_xor_si256(_mm256_cmpeq_epi8(many, zero), _mm256_set1_epi8(-1));
    return _mm256_andnot_si256(_mm256_cmpeq_epi8(best, _mm256_set1_epi8((char)NO_RULE)), best);
}

WIDE static ALWAYS_INLINE void answers_of(const struct batch *b, uint32_t bytes, size_t from,
                                          size_t rows, uint16_t *ret)
{
    for (size_t r = 0; r < rows; r += ROWS) {
        __m256i rules[BYTES] ROW_SCRATCH;
        __m256i many;
        rules_of(b, r, bytes, rules);
        __m256i place = lowest(rules, bytes, &many);
        __m256i lo = _mm256_cvtepu8_epi16(_mm256_castsi256_si128(place));
        __m256i hi = _mm256_cvtepu8_epi16(_mm256_extracti128_si256(place, 1));
        _mm256_storeu_si256((__m256i *)(void *)(ret + r), lo);
        _mm256_storeu_si256((__m256i *)(void *)(ret + r + 16), hi);
        uint32_t rest = b->rule == BATCH_FIRST ? 0 : (uint32_t)_mm256_movemask_epi8(many);
        for (; rest != 0; rest &= rest - 1) { /* seldom: several rules match */
            size_t row = r + (size_t)__builtin_ctz(rest);
            uint64_t mask[FAST_WORDS];
            batch_mask(b, from + row, mask);
            bool good = b->rule == BATCH_SAME && (mask[0] & ~b->same[ret[row] - 1][0]) == 0;
            ret[row] = good ? ret[row] : BATCH_CONFLICT;
        }
    }
}

WIDE static void answers(const struct batch *b, size_t from, size_t rows, uint16_t *ret)
{
    switch ((b->rules + 7) / 8) {
    case 1: answers_of(b, 1, from, rows, ret); break;
    case 2: answers_of(b, 2, from, rows, ret); break;
    case 3: answers_of(b, 3, from, rows, ret); break;
    case 4: answers_of(b, 4, from, rows, ret); break;
    default: answers_of(b, BYTES, from, rows, ret); break;
    }
}

struct batch_wide *batch_wide_make(struct arena *a, const struct batch *b)
{
    bool fits = b->words == 1 && b->rules <= 8 * BYTES && __builtin_cpu_supports("avx2");
    for (size_t i = 0; fits && i < b->lane_count; i++) {
        fits = b->lanes[i].region_count <= REGIONS;
    }
    if (!fits) {
        return NULL;
    }
    struct batch_wide *w = ARENA_NEW(a, struct batch_wide);
    size_t size = b->lane_count * sizeof(*w->lanes);
    char *p = arena_push(a, size + sizeof(__m256i));
    w->lanes = (struct wide_lane *)(void *)(p + (-(uintptr_t)p & (sizeof(__m256i) - 1)));
    w->regions = arena_push_array(a, b->lane_count, sizeof(*w->regions));
    for (size_t i = 0; i < b->lane_count; i++) {
        make_lane(b, &b->lanes[i], &w->lanes[i]);
    }
    return w;
}

size_t batch_rows_wide(const struct batch *b, size_t from, size_t to, uint16_t *ret)
{
    size_t rows = (to - from) / ROWS * ROWS;
    must(from % 8 == 0);
    for (size_t done = 0; done < rows; done += BLOCK) {
        size_t count = rows - done < BLOCK ? rows - done : BLOCK;
        for (size_t i = 0; i < b->lane_count; i++) {
            regions_of(&b->lanes[i], &b->wide->lanes[i], from + done, count, b->wide->regions[i]);
        }
        answers(b, from + done, count, ret + done);
    }
    return rows;
}

#else

struct batch_wide *batch_wide_make(struct arena *a UNUSED, const struct batch *b UNUSED)
{
    return NULL;
}

size_t batch_rows_wide(const struct batch *b UNUSED, size_t from UNUSED, size_t to UNUSED,
                       uint16_t *ret UNUSED)
{
    return 0;
}

#endif
