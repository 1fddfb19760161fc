/* Identifiers with check characters. */
#include "base/token.h"
#include "law/law_in.h"

/* GB 11643-1999: 17 digits and a check character by ISO 7064 MOD 11-2; digits 7 to 14 are a day. */
bool idcard_is_valid(struct str s)
{
    static const int weight[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    static const char check[] = "10X98765432";
    int sum = 0;
    if (s.n != 18) {
        return false;
    }
    for (size_t i = 0; i < 17; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
        sum += (s.p[i] - '0') * weight[i];
    }
    int v[8];
    for (int i = 0; i < 8; i++) {
        v[i] = s.p[6 + i] - '0';
    }
    struct civil born = {v[0] * 1000 + v[1] * 100 + v[2] * 10 + v[3], v[4] * 10 + v[5],
                         v[6] * 10 + v[7]};
    return civil_is_valid(born) && born.year >= 1800 && s.p[17] == check[sum % 11];
}

bool law_idcard_born(struct str s, struct day *ret)
{
    return idcard_is_valid(s) &&
           day_parse(s.n == 0
                         ? s
                         : (struct str){(const char[10]){s.p[6], s.p[7], s.p[8], s.p[9], '-',
                                                         s.p[10], s.p[11], '-', s.p[12], s.p[13]},
                                        10},
                     ret);
}

static int value36(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
}

/* GB 11714-1997: 8 characters of 0-9 A-Z and a check character, weights below, modulus 11. */
bool orgcode_is_valid(struct str s)
{
    static const int weight[8] = {3, 7, 9, 10, 5, 8, 4, 2};
    static const char check[] =
        "0X987654321"; /* by the remainder: 11 - r, where 10 is X and 11 is 0 */
    int sum = 0;
    if (s.n != 9) {
        return false;
    }
    for (size_t i = 0; i < 8; i++) {
        int v = value36(s.p[i]);
        if (v < 0) {
            return false;
        }
        sum += v * weight[i];
    }
    return s.p[8] == check[sum % 11];
}

/* GB 32100-2015: 17 characters of an alphabet of 31 and a check character, weights 3^i mod 31;
 * characters 3 to 8 are a division code, 9 to 17 an organisation code of GB 11714. */
bool uscc_is_valid(struct str s)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    int sum = 0;
    int weight = 1;
    if (s.n != 18) {
        return false;
    }
    for (size_t i = 0; i < 17; i++) {
        const char *at = s.p[i] == 0 ? NULL : strchr(alphabet, s.p[i]);
        if (at == NULL) {
            return false;
        }
        sum += (int)(at - alphabet) * weight;
        weight = weight * 3 % 31;
    }
    for (size_t i = 2; i < 8; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return false;
        }
    }
    return s.p[17] == alphabet[(31 - sum % 31) % 31] && orgcode_is_valid(str_slice(s, 8, 17));
}

/* GB/T 36904-2018: the check character is ISO/IEC 7064 MOD 37,36 over type, issuer, serial and
 * version without dots. The type is the credit code of who defined it and three digits; the version
 * three digits. */
bool licence_id_is_valid(struct str s)
{
    static const struct str root = STR_INIT("1.2.156.3005.2.");
    struct str parts[5];
    struct str rest = {0};
    int p = 36;
    if (!str_starts(s, root)) {
        return false;
    }
    s = str_slice(s, root.n, s.n);
    for (size_t i = 0; i < LEN(parts); i++) {
        parts[i] = str_cut(s, '.', &rest);
        s = rest;
        for (size_t k = 0; k < parts[i].n; k++) {
            if (value36(parts[i].p[k]) < 0) {
                return false;
            }
        }
    }
    bool formed = rest.n == 0 && parts[0].n == 21 && uscc_is_valid(str_slice(parts[0], 0, 18)) &&
                  parts[1].n > 0 && parts[2].n > 0 && parts[3].n == 3 && parts[4].n == 1;
    for (size_t i = 0; formed && i < 4; i++) {
        for (size_t k = 0; k < parts[i].n; k++) {
            p = (p + value36(parts[i].p[k])) % 36;
            p = (p == 0 ? 36 : p) * 2 % 37;
        }
    }
    return formed && value36(parts[4].p[0]) == (37 - p) % 36;
}

static bool all_of(struct str s, size_t from, size_t to, const char *alphabet)
{
    for (size_t i = from; i < to; i++) {
        if (s.p[i] == 0 || strchr(alphabet, s.p[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* ISO/IEC 7064 MOD 97-10: the whole number leaves 1. Worked off from the left, so that no number is
 * too long. */
static int mod_97(struct str s)
{
    int rest = 0;
    for (size_t i = 0; i < s.n; i++) {
        rest = (rest * 10 + (s.p[i] - '0')) % 97;
    }
    return rest;
}

struct str law_bill_number(struct arena *a, uint64_t drawn)
{
    struct str digits = str_format(a, "%016llu", (unsigned long long)(drawn % 10000000000000000u));
    int check = 98 - mod_97(str_format(a, "%.*s00", FMT(digits)));
    return str_format(a, "%.*s%02d", FMT(digits), check);
}

bool law_bill_number_holds(struct str number)
{
    return number.n == 18 && all_of(number, 0, number.n, "0123456789") && mod_97(number) == 1;
}

const char *item_code_fault(struct str s)
{
    static const char digits[] = "0123456789";
    static const char counted[] = "0123456789ABCDEFGHJKLMNPQRTUWXY"; /* without I O Z S V */
    if (s.n != 12 && s.n != 31 && s.n != 33) {
        return "item codes have 12, 31 and 33 characters";
    }
    if (s.n > 12 && !uscc_is_valid(str_slice(s, 0, 18))) {
        return "its first 18 characters are no credit code (GB 32100)";
    }
    if (s.n > 12 && (s.p[18] < '1' || s.p[18] > '6')) {
        return "the level, its character 19, is 1 to 6";
    }
    size_t at = s.n == 12 ? 0 : 19;
    if (!all_of(s, at, at + 4, digits)) {
        return "the basic code begins with two digits of the division and two of the type";
    }
    if (!all_of(s, at + 4, at + 12, counted)) {
        return "main and sub-item are digits, or letters without I, O, Z, S and V";
    }
    if (s.n == 33 && (!all_of(s, 31, 33, digits) || (s.p[31] == '0' && s.p[32] == '0'))) {
        return "the sequence, its last two characters, is 01 to 99";
    }
    return NULL;
}
