/* Rows to rules, one by one: any table. */
#include "dmn/batch_in.h"

static uint32_t region_of(const struct lane *l, size_t row)
{
    if (l->valid != NULL && (l->valid[row / 8] >> (row % 8) & 1) == 0) {
        return l->region_count - 1;
    }
    if (l->form == LANE_CODE8 || l->form == LANE_CODE32) {
        uint32_t code = l->form == LANE_CODE8 ? ((const uint8_t *)l->data)[row]
                                              : ((const uint32_t *)l->data)[row];
        return code < l->code_count ? l->region_of[code] : l->region_count - 1;
    }
    int64_t v =
        l->form == LANE_I64 ? ((const int64_t *)l->data)[row] : ((const int32_t *)l->data)[row];
    const int64_t *base = l->cuts;
    uint32_t count = l->cut_count;
    while (count > 1) {
        uint32_t half = count / 2;
        base += base[half - 1] <= v ? half : 0;
        count -= half;
    }
    return (uint32_t)(base - l->cuts) + (count == 1 && *base <= v);
}

void batch_mask(const struct batch *b, size_t row, uint64_t ret[FAST_WORDS])
{
    memcpy(ret, b->all, b->words * sizeof(*ret));
    for (size_t i = 0; i < b->lane_count; i++) {
        const uint64_t *mask = b->lanes[i].masks + (size_t)region_of(&b->lanes[i], row) * b->words;
        for (uint32_t w = 0; w < b->words; w++) {
            ret[w] &= mask[w];
        }
    }
}

static uint16_t answer(const struct batch *b, const uint64_t mask[FAST_WORDS])
{
    uint32_t w = 0;
    while (w < b->words && mask[w] == 0) {
        w++;
    }
    if (w == b->words) {
        return 0;
    }
    uint32_t first = w * 64 + (uint32_t)__builtin_ctzll(mask[w]);
    uint64_t more = 0;
    if (b->rule != BATCH_FIRST) {
        more = mask[w] & (mask[w] - 1);
        for (uint32_t i = w + 1; i < b->words; i++) {
            more |= mask[i];
        }
    }
    if (more != 0 && b->rule == BATCH_SAME) {
        more = 0;
        for (uint32_t i = 0; i < b->words; i++) {
            more |= mask[i] & ~b->same[first][i];
        }
    }
    return more != 0 ? BATCH_CONFLICT : (uint16_t)(first + 1);
}

void batch_rows(const struct batch *b, size_t from, size_t to, uint16_t *ret)
{
    size_t row = from + (b->wide == NULL ? 0 : batch_rows_wide(b, from, to, ret));
    for (; row < to; row++) {
        uint64_t mask[FAST_WORDS] ROW_SCRATCH;
        batch_mask(b, row, mask);
        ret[row - from] = answer(b, mask);
    }
}
