/* Categories and simple case of Unicode, from runs (unicode_data.h, made from the database of the
 * standard): what FEEL's names and XPath's regular expressions need, by binary search. */
#include "feel/unicode.h"

#include "base/str.h"
#include "feel/unicode_data.h"

static const char category_names[] = "LuLlLtLmLoMnMcMeNdNlNoPcPdPsPePiPfPoSmScSkSoZsZlZpCcCfCsCoCn";

int unicode_category(int32_t code)
{
    size_t lo = 0, hi = LEN(category_runs);
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if ((int32_t)(category_runs[mid] >> 5) <= code) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    return (int)(category_runs[lo] & 31);
}

uint32_t unicode_categories(struct str name)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; i < CATEGORY_COUNT && name.n > 0 && name.n <= 2; i++) {
        if (memcmp(category_names + 2 * (size_t)i, name.p, name.n) == 0) {
            bits |= 1u << i;
        }
    }
    return bits;
}

static int32_t map(const struct case_run *runs, size_t count, int32_t code)
{
    size_t lo = 0, hi = count;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (runs[mid].from <= code) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    const struct case_run *r = &runs[lo];
    bool in = code >= r->from && code <= r->to && (code - r->from) % r->step == 0;
    return in ? code + r->delta : code;
}

int32_t unicode_upper(int32_t code)
{
    return map(upper_runs, LEN(upper_runs), code);
}

int32_t unicode_lower(int32_t code)
{
    return map(lower_runs, LEN(lower_runs), code);
}

bool unicode_block(struct str name, int32_t *ret_from, int32_t *ret_to)
{
    for (size_t i = 0; i < LEN(blocks); i++) {
        if (str_equal(str_from(blocks[i].name), name)) {
            *ret_from = blocks[i].from;
            *ret_to = blocks[i].to;
            return true;
        }
    }
    return false;
}

static bool in_ranges(const int32_t (*ranges)[2], size_t count, int32_t code)
{
    for (size_t i = 0; i < count; i++) {
        if (code >= ranges[i][0] && code <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}

bool unicode_is_name_start(int32_t code)
{
    static const int32_t ranges[][2] = {
        {':', ':'},       {'A', 'Z'},       {'_', '_'},       {'a', 'z'},
        {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x2FF},    {0x370, 0x37D},
        {0x37F, 0x1FFF},  {0x200C, 0x200D}, {0x2070, 0x218F}, {0x2C00, 0x2FEF},
        {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF}};
    return in_ranges(ranges, LEN(ranges), code);
}

bool unicode_is_name(int32_t code)
{
    static const int32_t ranges[][2] = {
        {'-', '.'}, {'0', '9'}, {0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}};
    return unicode_is_name_start(code) || in_ranges(ranges, LEN(ranges), code);
}
