/* Powers, exponential and logarithm: computed in binary numbers of 384 bits (115 digits), rounded
 * to decimal once. What is exact, or exactly between two decimals, shows as a fraction that is 0, 1
 * or 1/2 to more than 200 bits; everything else is so far from a tie that the rounding is right. */
#include <math.h>

#include "base/decimal.h"
#include "base/decimal_math.h"
#include "base/decimal_in.h"

enum { LIMBS = 6, BITS = LIMBS * 64 };

/* m x 2^exp; the top bit of m is set unless the number is zero. */
struct big {
    uint64_t m[LIMBS]; /* least first */
    int64_t exp;
    bool negative;
};

static const struct big ln2 = {{0x559552fb4afa1b11ULL, 0xe7b876206debac98ULL, 0x8a0d175b8baafa2bULL,
                                0x40f343267298b62dULL, 0xc9e3b39803f2f6afULL,
                                0xb17217f7d1cf79abULL},
                               -BITS,
                               false};

static bool big_is_zero(const struct big *a)
{
    return a->m[LIMBS - 1] == 0;
}

/* The top LIMBS limbs of count limbs, normalised. */
static struct big big_from_limbs(const uint64_t *limb, int count, int64_t exp, bool negative)
{
    while (count > 0 && limb[count - 1] == 0) {
        count--;
    }
    struct big r = {.negative = negative};
    if (count == 0) {
        return (struct big){0};
    }
    int shift = __builtin_clzll(limb[count - 1]);
    for (int i = 0; i < LIMBS; i++) {
        int at = count - LIMBS + i;
        uint64_t here = at >= 0 ? limb[at] : 0;
        uint64_t below = at >= 1 ? limb[at - 1] : 0;
        r.m[i] = shift == 0 ? here : here << shift | below >> (64 - shift);
    }
    r.exp = exp + (int64_t)(count - LIMBS) * 64 - shift;
    return r;
}

static struct big big_from_u128(u128 v)
{
    uint64_t limb[2] = {(uint64_t)v, (uint64_t)(v >> 64)};
    return big_from_limbs(limb, 2, 0, false);
}

static struct big big_mul(struct big a, struct big b)
{
    uint64_t w[2 * LIMBS] = {0};
    for (int i = 0; i < LIMBS; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < LIMBS; j++) {
            u128 t = (u128)a.m[i] * b.m[j] + w[i + j] + carry;
            w[i + j] = (uint64_t)t;
            carry = (uint64_t)(t >> 64);
        }
        w[i + LIMBS] = carry;
    }
    return big_from_limbs(w, 2 * LIMBS, a.exp + b.exp, a.negative != b.negative);
}

static struct big big_div_small(struct big a, uint64_t d)
{
    uint64_t w[LIMBS + 1] = {0};
    u128 rest = 0;
    for (int i = LIMBS; i >= 0; i--) {
        rest = rest << 64 | (i > 0 ? a.m[i - 1] : 0);
        w[i] = (uint64_t)(rest / d);
        rest %= d;
    }
    return big_from_limbs(w, LIMBS + 1, a.exp - 64, a.negative);
}

static int compare_limbs(const struct big *a, const struct big *b)
{
    for (int i = LIMBS - 1; i >= 0; i--) {
        if (a->m[i] != b->m[i]) {
            return a->m[i] < b->m[i] ? -1 : 1;
        }
    }
    return 0;
}

/* m shifted right by n bits. */
static void shift_right(uint64_t m[LIMBS], int64_t n)
{
    int64_t limbs = n / 64;
    int bits = (int)(n % 64);
    for (int64_t i = 0; i < LIMBS; i++) {
        uint64_t here = i + limbs < LIMBS ? m[i + limbs] : 0;
        uint64_t above = i + limbs + 1 < LIMBS ? m[i + limbs + 1] : 0;
        m[i] = bits == 0 ? here : here >> bits | above << (64 - bits);
    }
}

static struct big big_add(struct big a, struct big b)
{
    if (big_is_zero(&a)) {
        return b;
    }
    if (big_is_zero(&b)) {
        return a;
    }
    if (a.exp < b.exp || (a.exp == b.exp && compare_limbs(&a, &b) < 0)) {
        struct big t = a;
        a = b;
        b = t;
    }
    shift_right(b.m, a.exp - b.exp);
    uint64_t w[LIMBS + 1] = {0};
    bool same = a.negative == b.negative;
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        u128 t = same ? (u128)a.m[i] + b.m[i] + carry : (u128)a.m[i] - b.m[i] - carry;
        w[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64) & 1;
    }
    w[LIMBS] = same ? carry : 0;
    return big_from_limbs(w, LIMBS + 1, a.exp, a.negative);
}

static struct big big_sub(struct big a, struct big b)
{
    b.negative = !b.negative;
    return big_add(a, b);
}

/* The mantissa as a double in [0.5, 1). */
static double big_fraction(const struct big *a)
{
    return ldexp((double)a->m[LIMBS - 1], -64);
}

static struct big big_from_double(double v)
{
    int e = 0;
    double f = frexp(fabs(v), &e);
    struct big r = big_from_u128((u128)ldexp(f, 53));
    r.exp += e - 53;
    r.negative = v < 0;
    return r;
}

/* 1 / a by Newton's steps from 52 bits: each doubles them. */
static struct big big_invert(struct big a)
{
    int64_t exp = a.exp + BITS;
    a.exp = -BITS;
    struct big r = big_from_double(1.0 / big_fraction(&a));
    bool negative = a.negative;
    a.negative = false;
    struct big two = big_from_u128(2);
    for (int i = 0; i < 4; i++) {
        r = big_mul(r, big_sub(two, big_mul(a, r)));
    }
    r.exp -= exp;
    r.negative = negative;
    return r;
}

static struct big big_power(struct big base, uint64_t n)
{
    struct big r = big_from_u128(1);
    for (; n != 0; n >>= 1) {
        if ((n & 1) != 0) {
            r = big_mul(r, base);
        }
        if (n > 1) {
            base = big_mul(base, base);
        }
    }
    return r;
}

static struct big big_scale10(struct big a, int64_t n)
{
    struct big p = big_power(big_from_u128(10), (uint64_t)(n < 0 ? -n : n));
    return big_mul(a, n < 0 ? big_invert(p) : p);
}

static struct big big_from_decimal(struct decimal d)
{
    struct big r = big_scale10(big_from_u128(d.coef), d.exp);
    r.negative = d.negative;
    return r;
}

/* e^a for |a| below 2^15. */
static struct big big_exp(struct big a)
{
    enum { HALVINGS = 12 };
    double whole =
        a.exp + BITS < -60 ? 0.0 : ldexp((double)a.m[LIMBS - 1], (int)(a.exp + BITS - 64)) / M_LN2;
    int64_t k = (int64_t)(whole + 0.5);
    struct big part = big_mul(ln2, big_from_u128((u128)k));
    part.negative = a.negative;
    k = a.negative ? -k : k;
    struct big x = big_sub(a, part);
    x.exp -= HALVINGS;
    struct big sum = big_from_u128(1);
    struct big term = sum;
    for (uint64_t i = 1; i < 100; i++) {
        term = big_div_small(big_mul(term, x), i);
        if (big_is_zero(&term) || term.exp < -2 * BITS) {
            break;
        }
        sum = big_add(sum, term);
    }
    for (int i = 0; i < HALVINGS; i++) {
        sum = big_mul(sum, sum);
    }
    sum.exp += k;
    return sum;
}

/* The logarithm of a > 0: a seed from the library, then two steps of Halley, each of which triples
 * the bits, so that the seed's last bits do not matter. */
static struct big big_log(struct big a)
{
    int64_t k = a.exp + BITS;
    a.exp = -BITS;
    if (big_fraction(&a) < 0.75) {
        a.exp++;
        k--;
    }
    double seed = log(big_fraction(&a) * (a.exp == -BITS ? 1.0 : 2.0));
    struct big y = seed == 0.0 ? (struct big){0} : big_from_double(seed);
    for (int i = 0; i < 3; i++) {
        struct big e = big_exp(y);
        struct big step = big_mul(big_sub(a, e), big_invert(big_add(a, e)));
        step.exp++;
        y = big_add(y, step);
    }
    struct big whole = big_mul(ln2, big_from_u128((u128)(k < 0 ? -k : k)));
    whole.negative = k < 0;
    return big_add(y, whole);
}

/* a x 10^shift rounded once to decimal; an exact result without zeros at its end down to ideal. */
static bool big_to_decimal(struct big a, int64_t shift, int64_t ideal, struct decimal *ret)
{
    if (big_is_zero(&a)) {
        return decimal_finish(false, 0, ideal, false, ret);
    }
    double log10_a = ((double)(a.exp + BITS) + log2(big_fraction(&a))) * 0.30102999566398119521;
    int64_t s = 35 - (int64_t)floor(log10_a);
    struct big y = s == 0 ? a : big_scale10(a, s);
    must(y.exp < 0 && y.exp > -BITS);
    uint64_t fraction_bits = (uint64_t)-y.exp;
    uint64_t whole[LIMBS];
    memcpy(whole, y.m, sizeof(whole));
    shift_right(whole, (int64_t)fraction_bits);
    u128 coef = (u128)whole[1] << 64 | whole[0];
    bool zeros = true;
    bool ones = true;
    for (uint64_t i = 1; i <= 200; i++) {
        uint64_t at = fraction_bits - i;
        bool bit = (y.m[at / 64] >> (at % 64) & 1) != 0;
        zeros &= !bit;
        ones &= bit;
    }
    coef += ones;
    struct decimal d = {0};
    if (!decimal_finish(a.negative, coef, shift - s, !zeros && !ones, &d)) {
        return false;
    }
    *ret = zeros || ones ? decimal_towards(d, ideal) : d;
    return true;
}

/* Whether an exponent of ten lies so far out that there is no need to compute. */
static bool far_out(double log10_result, bool negative, struct decimal *ret, bool *ret_ok)
{
    if (log10_result > 6200.0) {
        *ret_ok = false;
        return true;
    }
    if (log10_result < -6300.0) {
        *ret_ok = decimal_finish(negative, 0, DECIMAL_EXP_MIN, false, ret);
        return true;
    }
    return false;
}

static double log10_magnitude(struct decimal d)
{
    return log10((double)d.coef) + (double)d.exp;
}

bool decimal_exp(struct decimal d, struct decimal *ret)
{
    if (d.coef == 0) {
        *ret = decimal_from_i64(1);
        return true;
    }
    bool ok = false;
    double size = log10_magnitude(d) > 5.0 ? 1e5 : decimal_to_double(d);
    size = d.negative && size > 0.0 ? -size : size;
    if (far_out(size * 0.43429448190325182765, false, ret, &ok)) {
        return ok;
    }
    return big_to_decimal(big_exp(big_from_decimal(d)), 0, 0, ret);
}

bool decimal_log(struct decimal d, struct decimal *ret)
{
    if (d.coef == 0 || d.negative) {
        return false;
    }
    return big_to_decimal(big_log(big_from_decimal(d)), 0, 0, ret);
}

/* |base|^n for an integer n, exactly where it has at most 34 digits. */
static bool power_integer(struct decimal base, int64_t n, bool negative, struct decimal *ret)
{
    uint64_t times = (uint64_t)(n < 0 ? -n : n);
    struct big p = big_power(big_from_u128(base.coef), times);
    p = n < 0 ? big_invert(p) : p;
    p.negative = negative;
    int64_t shift = base.exp * n;
    return big_to_decimal(p, shift, n < 0 ? 0 : shift, ret);
}

bool decimal_power(struct decimal base, struct decimal exponent, struct decimal *ret)
{
    exponent = decimal_reduce(exponent);
    if (exponent.coef == 0) {
        *ret = decimal_from_i64(1);
        return true;
    }
    if (base.coef == 0) {
        *ret = (struct decimal){0};
        return !exponent.negative;
    }
    if (base.negative && exponent.exp < 0) {
        return false;
    }
    bool negative = base.negative && exponent.exp == 0 && (exponent.coef & 1) != 0;
    double log10_base = log10_magnitude(decimal_reduce(base));
    double size = log10_magnitude(exponent) > 40.0 ? 1e40 : fabs(decimal_to_double(exponent));
    bool ok = false;
    if (far_out(log10_base * (exponent.negative ? -size : size), negative, ret, &ok)) {
        return ok;
    }
    int64_t n = 0;
    if (decimal_to_i64(exponent, &n) && n < 1000000 && n > -1000000) {
        return power_integer(base, n, negative, ret);
    }
    base.negative = false;
    struct big y =
        big_mul(big_log(big_from_decimal(decimal_reduce(base))), big_from_decimal(exponent));
    struct big p = big_exp(y);
    p.negative = negative;
    return big_to_decimal(p, 0, 0, ret);
}
