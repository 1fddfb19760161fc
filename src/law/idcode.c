/* Identifiers with check characters. */
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
    struct civil born = {v[0] * 1000 + v[1] * 100 + v[2] * 10 + v[3], v[4] * 10 + v[5], v[6] * 10 + v[7]};
    return civil_is_valid(born) && born.year >= 1800 && s.p[17] == check[sum % 11];
}

/* GB 32100-2015: 17 characters of an alphabet of 31 and a check character, weights 3^i mod 31. */
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
    return s.p[17] == alphabet[(31 - sum % 31) % 31];
}
