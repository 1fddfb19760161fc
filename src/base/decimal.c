/* Decimals of 34 digits as IEEE 754-2008 decimal128 counts them: coefficient, exponent, sign;
 * rounding half to even. A coefficient fits 113 bits, products and shifted quotients 256; exact
 * results are rounded once, at the end, so every operation is correct to the last digit. */
#include "base/decimal.h"
#include "base/decimal_math.h"

#include "base/arena.h"
#include "base/decimal_in.h"

/* 10^0 .. 10^38: every power of ten below 2^128. */
#define E19 ((u128)10000000000000000000ULL)
static const uint64_t pow10_64[20] = {1ULL,
                                      10ULL,
                                      100ULL,
                                      1000ULL,
                                      10000ULL,
                                      100000ULL,
                                      1000000ULL,
                                      10000000ULL,
                                      100000000ULL,
                                      1000000000ULL,
                                      10000000000ULL,
                                      100000000000ULL,
                                      1000000000000ULL,
                                      10000000000000ULL,
                                      100000000000000ULL,
                                      1000000000000000ULL,
                                      10000000000000000ULL,
                                      100000000000000000ULL,
                                      1000000000000000000ULL,
                                      10000000000000000000ULL};
enum { POW10_MAX = 38 };

u128 decimal_pow10(int n)
{
    must(n >= 0 && n <= POW10_MAX);
    return n < 20 ? pow10_64[n] : (u128)pow10_64[n - 19] * E19;
}

static int bits_u128(u128 v)
{
    uint64_t hi = (uint64_t)(v >> 64);
    uint64_t lo = (uint64_t)v;
    return hi != 0 ? 128 - __builtin_clzll(hi) : lo != 0 ? 64 - __builtin_clzll(lo) : 0;
}

int decimal_digits(u128 v)
{
    /* 1233 / 4096 is just above log10(2): the estimate is right or one too small. */
    int guess = (bits_u128(v) * 1233) >> 12;
    return guess > POW10_MAX ? guess : guess + (v >= decimal_pow10(guess));
}

/* ---- 256-bit integers, least limb first ---- */

struct u256 {
    uint64_t limb[4];
};

static struct u256 u256_of(u128 v)
{
    return (struct u256){{(uint64_t)v, (uint64_t)(v >> 64), 0, 0}};
}

static u128 u256_low(const struct u256 *v)
{
    return (u128)v->limb[1] << 64 | v->limb[0];
}

static bool u256_fits(const struct u256 *v)
{
    return (v->limb[2] | v->limb[3]) == 0;
}

static struct u256 u256_mul(u128 a, u128 b)
{
    uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64), b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
    u128 low = (u128)a0 * b0;
    u128 mid = (u128)a0 * b1 + (uint64_t)(low >> 64);
    u128 mid2 = (u128)a1 * b0 + (uint64_t)mid;
    u128 high = (u128)a1 * b1 + (uint64_t)(mid >> 64) + (uint64_t)(mid2 >> 64);
    return (struct u256){{(uint64_t)low, (uint64_t)mid2, (uint64_t)high, (uint64_t)(high >> 64)}};
}

/* v x m; the caller knows that it fits. */
static struct u256 u256_mul_small(struct u256 v, uint64_t m)
{
    u128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (u128)v.limb[i] * m;
        v.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    must(carry == 0);
    return v;
}

static struct u256 u256_mul_pow10(struct u256 v, int n)
{
    for (; n > 0; n -= 19) {
        v = u256_mul_small(v, pow10_64[n > 19 ? 19 : n]);
    }
    return v;
}

static struct u256 u256_add(struct u256 a, const struct u256 *b)
{
    u128 carry = 0;
    for (int i = 0; i < 4; i++) {
        carry += (u128)a.limb[i] + b->limb[i];
        a.limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return a;
}

static struct u256 u256_sub(struct u256 a, const struct u256 *b)
{
    uint64_t borrow = 0;
    for (int i = 0; i < 4; i++) {
        u128 d = (u128)a.limb[i] - b->limb[i] - borrow;
        a.limb[i] = (uint64_t)d;
        borrow = (uint64_t)(d >> 64) & 1;
    }
    return a;
}

static int u256_compare(const struct u256 *a, const struct u256 *b)
{
    for (int i = 3; i >= 0; i--) {
        if (a->limb[i] != b->limb[i]) {
            return a->limb[i] < b->limb[i] ? -1 : 1;
        }
    }
    return 0;
}

static bool u256_is_zero(const struct u256 *v)
{
    return (v->limb[0] | v->limb[1] | v->limb[2] | v->limb[3]) == 0;
}

/* v / d, leaving the remainder in *ret_rest. */
static struct u256 u256_div_small(struct u256 v, uint64_t d, uint64_t *ret_rest)
{
    u128 rest = 0;
    for (int i = 3; i >= 0; i--) {
        rest = rest << 64 | v.limb[i];
        v.limb[i] = (uint64_t)(rest / d);
        rest %= d;
    }
    *ret_rest = (uint64_t)rest;
    return v;
}

/* One digit of Knuth's algorithm D: three limbs u by two normalised limbs d; u becomes the rest. */
static uint64_t div_step(uint64_t u[3], uint64_t d1, uint64_t d0)
{
    u128 top = (u128)u[2] << 64 | u[1];
    u128 q = u[2] >= d1 ? (u128)UINT64_MAX : top / d1;
    u128 r = top - q * d1;
    while ((r >> 64) == 0 && q * d0 > (r << 64 | u[0])) {
        q--;
        r += d1;
    }
    u128 low = q * d0;
    u128 high = q * d1 + (uint64_t)(low >> 64);
    u128 x0 = (u128)u[0] - (uint64_t)low;
    u128 x1 = (u128)u[1] - (uint64_t)high - ((uint64_t)(x0 >> 64) & 1);
    uint64_t x2 = u[2] - (uint64_t)(high >> 64) - ((uint64_t)(x1 >> 64) & 1);
    u[0] = (uint64_t)x0;
    u[1] = (uint64_t)x1;
    u[2] = x2;
    if (x2 != 0) { /* q was one too large: add the divisor back */
        q--;
        u128 s = (u128)u[0] + d0;
        u[0] = (uint64_t)s;
        s = (u128)u[1] + d1 + (uint64_t)(s >> 64);
        u[1] = (uint64_t)s;
        u[2] += (uint64_t)(s >> 64);
    }
    return (uint64_t)q;
}

/* v / d with d >= 1; the remainder in *ret_rest. */
static struct u256 u256_div(struct u256 v, u128 d, u128 *ret_rest)
{
    if ((d >> 64) == 0) {
        uint64_t rest = 0;
        struct u256 q = u256_div_small(v, (uint64_t)d, &rest);
        *ret_rest = rest;
        return q;
    }
    int shift = __builtin_clzll((uint64_t)(d >> 64));
    u128 n = d << shift;
    uint64_t w[6] = {0};
    for (int i = 0; i < 4; i++) {
        w[i] |= v.limb[i] << shift;
        w[i + 1] = shift == 0 ? 0 : v.limb[i] >> (64 - shift);
    }
    struct u256 q = {{0}};
    for (int i = 2; i >= 0; i--) {
        q.limb[i] = div_step(w + i, (uint64_t)(n >> 64), (uint64_t)n);
    }
    *ret_rest = ((u128)w[1] << 64 | w[0]) >> shift;
    return q;
}

static int u256_digits(const struct u256 *v)
{
    if (u256_fits(v)) {
        return decimal_digits(u256_low(v));
    }
    int bits =
        v->limb[3] != 0 ? 256 - __builtin_clzll(v->limb[3]) : 192 - __builtin_clzll(v->limb[2]);
    int guess = (bits * 1233) >> 12;
    struct u256 p = u256_mul_pow10(u256_of(1), guess);
    return guess + (u256_compare(v, &p) >= 0);
}

/* ---- rounding ---- */

/* Whether q, the truncated quotient, must go up: half is the remainder against one half (-1, 0, 1),
 * inexact tells of any remainder at all. */
static bool rounds_up(enum decimal_round how, bool negative, bool odd, int half, bool inexact)
{
    switch (how) {
    case DECIMAL_HALF_EVEN: return half > 0 || (half == 0 && odd);
    case DECIMAL_HALF_UP: return half >= 0 && inexact;
    case DECIMAL_HALF_DOWN: return half > 0;
    case DECIMAL_UP: return inexact;
    case DECIMAL_DOWN: return false;
    case DECIMAL_FLOOR: return inexact && negative;
    case DECIMAL_CEILING: return inexact && !negative;
    }
    return false;
}

/* Drop the last k digits of v, which has more of them behind when sticky. */
static struct u256 drop_digits(struct u256 v, int k, bool sticky, bool negative,
                               enum decimal_round how)
{
    if (k <= 0) {
        return v;
    }
    while (k > POW10_MAX) {
        uint64_t rest = 0;
        v = u256_div_small(v, pow10_64[19], &rest);
        sticky |= rest != 0;
        k -= 19;
    }
    u128 unit = decimal_pow10(k);
    u128 rest = 0;
    struct u256 q = u256_div(v, unit, &rest);
    u128 half = unit / 2;
    int side = rest > half || (rest == half && sticky) ? 1 : rest == half ? 0 : -1;
    if (rounds_up(how, negative, q.limb[0] & 1, side, rest != 0 || sticky)) {
        struct u256 one = u256_of(1);
        q = u256_add(q, &one);
    }
    return q;
}

/* The decimal128 nearest to v x 10^exp (and a little more when sticky). False when too large. */
static bool finish(bool negative, struct u256 v, int64_t exp, bool sticky, struct decimal *ret)
{
    int drop = u256_digits(&v) - DECIMAL_DIGITS;
    if (exp + (drop > 0 ? drop : 0) < DECIMAL_EXP_MIN) {
        int64_t more = DECIMAL_EXP_MIN - exp;
        drop = more > 100 ? 100 : (int)more;
        exp = DECIMAL_EXP_MIN - drop;
    }
    if (drop > 0) {
        v = drop_digits(v, drop, sticky, negative, DECIMAL_HALF_EVEN);
        exp += drop;
    }
    u128 coef = u256_low(&v);
    if (coef == decimal_pow10(DECIMAL_DIGITS)) { /* 99...9 rounded up */
        coef /= 10;
        exp++;
    }
    if (coef == 0) {
        exp = exp > DECIMAL_EXP_MAX ? DECIMAL_EXP_MAX : exp;
        *ret = (struct decimal){0, (int32_t)exp, false};
        return true;
    }
    while (exp > DECIMAL_EXP_MAX && coef < decimal_pow10(DECIMAL_DIGITS - 1)) {
        coef *= 10;
        exp--;
    }
    if (exp > DECIMAL_EXP_MAX) {
        return false;
    }
    *ret = (struct decimal){coef, (int32_t)exp, negative};
    return true;
}

bool decimal_finish(bool negative, u128 coef, int64_t exp, bool sticky, struct decimal *ret)
{
    return finish(negative, u256_of(coef), exp, sticky, ret);
}

/* Take zeros off the coefficient while exp is below the wanted one. */
struct decimal decimal_towards(struct decimal d, int64_t exp)
{
    while (d.exp < exp && d.coef != 0 && d.coef % 10 == 0) {
        d.coef /= 10;
        d.exp++;
    }
    return d;
}

/* Put zeros on the coefficient while exp is above the wanted one and digits are left. */
static struct decimal widen(struct decimal d, int64_t exp)
{
    if (d.coef == 0) {
        d.exp = (int32_t)exp;
        return d;
    }
    int room = DECIMAL_DIGITS - decimal_digits(d.coef);
    int64_t by = d.exp - exp;
    int n = by < room ? (int)by : room;
    if (n > 0) {
        d.coef *= decimal_pow10(n);
        d.exp -= n;
    }
    return d;
}

/* ---- the operations ---- */

struct decimal decimal_from_i64(int64_t v)
{
    return (struct decimal){v < 0 ? (u128)(-(v + 1)) + 1 : (u128)v, 0, v < 0};
}

bool decimal_is_zero(struct decimal d)
{
    return d.coef == 0;
}

struct decimal decimal_negate(struct decimal d)
{
    d.negative = d.coef != 0 && !d.negative;
    return d;
}

struct decimal decimal_reduce(struct decimal d)
{
    return d.coef == 0 ? (struct decimal){0} : decimal_towards(d, DECIMAL_EXP_MAX);
}

/* |a| +- |b| where a has the larger exponent, exactly or with all that lies below as sticky. */
static bool add_aligned(struct decimal a, struct decimal b, struct decimal *ret)
{
    int64_t gap = (int64_t)a.exp - b.exp;
    bool same = a.negative == b.negative;
    struct u256 x = u256_of(a.coef);
    struct u256 y = u256_of(b.coef);
    int64_t exp = b.exp;
    bool sticky = false;
    if (gap + decimal_digits(a.coef) > 70) { /* b lies below every digit that can count */
        int up = 38 - decimal_digits(a.coef);
        x = u256_mul_pow10(x, up);
        exp = a.exp - up;
        struct u256 one = u256_of(1);
        x = same ? x : u256_sub(x, &one);
        y = u256_of(0);
        sticky = true;
    } else {
        x = u256_mul_pow10(x, (int)gap);
    }
    bool negative = a.negative;
    if (same || sticky) {
        x = u256_add(x, &y);
    } else if (u256_compare(&x, &y) >= 0) {
        x = u256_sub(x, &y);
    } else {
        x = u256_sub(y, &x);
        negative = b.negative;
    }
    return finish(negative, x, exp, sticky, ret);
}

bool decimal_add(struct decimal a, struct decimal b, struct decimal *ret)
{
    if (a.coef == 0 || b.coef == 0) {
        int32_t exp = a.exp < b.exp ? a.exp : b.exp;
        *ret = widen(a.coef == 0 ? b : a, exp);
        return true;
    }
    return a.exp >= b.exp ? add_aligned(a, b, ret) : add_aligned(b, a, ret);
}

bool decimal_sub(struct decimal a, struct decimal b, struct decimal *ret)
{
    return decimal_add(a, decimal_negate(b), ret);
}

bool decimal_mul(struct decimal a, struct decimal b, struct decimal *ret)
{
    return finish(a.negative != b.negative, u256_mul(a.coef, b.coef), (int64_t)a.exp + b.exp, false,
                  ret);
}

bool decimal_div(struct decimal a, struct decimal b, struct decimal *ret)
{
    if (b.coef == 0) {
        return false;
    }
    int64_t ideal = (int64_t)a.exp - b.exp;
    if (a.coef == 0) {
        return finish(false, u256_of(0), ideal, false, ret);
    }
    int up = DECIMAL_DIGITS + 1 + decimal_digits(b.coef) - decimal_digits(a.coef);
    up = up < 0 ? 0 : up;
    u128 rest = 0;
    struct u256 q = u256_div(u256_mul_pow10(u256_of(a.coef), up), b.coef, &rest);
    struct decimal d = {0};
    if (!finish(a.negative != b.negative, q, ideal - up, rest != 0, &d)) {
        return false;
    }
    *ret = rest == 0 ? decimal_towards(d, ideal) : d;
    return true;
}

/* a mod m for 10^n scaled a: (coef x 10^n) mod m, by steps that fit. */
static u128 scaled_mod(u128 coef, int64_t n, u128 m)
{
    u128 r = coef % m;
    while (n > 0 && r != 0) {
        int step = n > 19 ? 19 : (int)n;
        (void)u256_div(u256_mul(r, pow10_64[step]), m, &r);
        n -= step;
    }
    return r;
}

bool decimal_modulo(struct decimal a, struct decimal b, struct decimal *ret)
{
    if (b.coef == 0) {
        return false;
    }
    int32_t exp = a.exp < b.exp ? a.exp : b.exp;
    struct decimal rest = {0, exp, false};
    if (a.exp >= b.exp) {
        rest.coef = scaled_mod(a.coef, (int64_t)a.exp - b.exp, b.coef);
    } else {
        int64_t gap = (int64_t)b.exp - a.exp;
        if (gap + decimal_digits(b.coef) > POW10_MAX) { /* |a| < |b| */
            rest.coef = a.coef;
        } else {
            rest.coef = a.coef % (b.coef * decimal_pow10((int)gap));
        }
    }
    rest.negative = rest.coef != 0 && a.negative;
    if (rest.coef != 0 && a.negative != b.negative) {
        return decimal_add(rest, b, ret);
    }
    *ret = rest;
    return true;
}

static int compare_magnitude(struct decimal a, struct decimal b)
{
    if (a.exp < b.exp) {
        return -compare_magnitude(b, a);
    }
    int64_t gap = (int64_t)a.exp - b.exp;
    int da = decimal_digits(a.coef);
    if (gap + da != decimal_digits(b.coef)) {
        return gap + da < decimal_digits(b.coef) ? -1 : 1;
    }
    u128 x = a.coef * decimal_pow10((int)gap); /* as many digits as b: at most 34 */
    return x < b.coef ? -1 : x > b.coef;
}

int decimal_compare(struct decimal a, struct decimal b)
{
    if (a.coef == 0 || b.coef == 0 || a.negative != b.negative) {
        int sa = a.coef == 0 ? 0 : a.negative ? -1 : 1;
        int sb = b.coef == 0 ? 0 : b.negative ? -1 : 1;
        return (sa > sb) - (sa < sb);
    }
    int c = compare_magnitude(a, b);
    return a.negative ? -c : c;
}

bool decimal_to_i64(struct decimal d, int64_t *ret)
{
    d = decimal_reduce(d);
    if (d.exp < 0 || d.exp > 18) {
        return false;
    }
    u128 v = d.coef;
    if (decimal_digits(v) + d.exp > 19) {
        return false;
    }
    v *= decimal_pow10(d.exp);
    if (v > (u128)INT64_MAX + (d.negative ? 1 : 0)) {
        return false;
    }
    *ret = d.negative ? (int64_t)(0 - (uint64_t)v) : (int64_t)v;
    return true;
}

bool decimal_round_to(struct decimal d, int32_t scale, enum decimal_round how, struct decimal *ret)
{
    if (scale < -DECIMAL_EXP_MAX || scale > -DECIMAL_EXP_MIN) {
        return false;
    }
    int32_t exp = -scale;
    if (d.exp >= exp) { /* nothing to round; pad when there is room for all zeros */
        bool fits = d.coef == 0 || (int64_t)d.exp - exp + decimal_digits(d.coef) <= DECIMAL_DIGITS;
        *ret = fits ? widen(d, exp) : d;
        return true;
    }
    int64_t drop = (int64_t)exp - d.exp;
    /* beyond 60 digits nothing but "not zero" counts, and that is what 60 digits show as well */
    struct u256 q =
        drop_digits(u256_of(d.coef), drop > 60 ? 60 : (int)drop, false, d.negative, how);
    return finish(d.negative && !u256_is_zero(&q), q, exp, false, ret);
}

/* ---- square root ---- */

/* The integer square root by binary digits; *ret_exact when nothing is left. */
static u128 u256_sqrt(struct u256 v, bool *ret_exact)
{
    u128 root = 0;
    struct u256 rest = {{0}};
    for (int i = 127; i >= 0; i--) {
        int at = 2 * i;
        uint64_t two = v.limb[at / 64] >> (at % 64) & 3;
        rest = u256_mul_small(rest, 4);
        rest.limb[0] |= two;
        struct u256 trial = u256_mul_small(u256_of(root), 4);
        trial.limb[0] |= 1;
        root <<= 1;
        if (u256_compare(&rest, &trial) >= 0) {
            rest = u256_sub(rest, &trial);
            root |= 1;
        }
    }
    *ret_exact = u256_is_zero(&rest);
    return root;
}

bool decimal_sqrt(struct decimal d, struct decimal *ret)
{
    if (d.negative) {
        return false;
    }
    int32_t half =
        d.exp >= 0 ? d.exp / 2 : -((1 - d.exp) / 2); /* floor: the exponent IEEE prefers */
    if (d.coef == 0) {
        *ret = (struct decimal){0, half, false};
        return true;
    }
    int up = 70 - decimal_digits(d.coef);
    up -= (d.exp - up) % 2 != 0;
    bool exact = false;
    u128 root = u256_sqrt(u256_mul_pow10(u256_of(d.coef), up), &exact);
    struct decimal r = {0};
    must(decimal_finish(false, root, (d.exp - up) / 2, !exact, &r));
    *ret = exact ? decimal_towards(r, half) : r;
    return true;
}

/* ---- text ---- */

/* Digits and at most one point; counts what follows the 36 kept digits into exp and sticky. */
struct scan {
    u128 coef;
    int64_t exp;
    bool sticky, any, point;
};

static bool scan_digit(struct scan *s, char c)
{
    if (c == '.') {
        bool again = s->point;
        s->point = true;
        return !again;
    }
    if (c < '0' || c > '9') {
        return false;
    }
    s->any = true;
    if (s->coef < decimal_pow10(36)) {
        s->coef = s->coef * 10U + (unsigned)(c - '0');
        s->exp -= s->point;
    } else {
        s->sticky |= c != '0';
        s->exp += !s->point;
    }
    return true;
}

bool decimal_parse(struct str s, struct decimal *ret)
{
    struct scan scan = {0};
    size_t i = 0;
    bool negative = s.n > 0 && s.p[0] == '-';
    i += s.n > 0 && (s.p[0] == '-' || s.p[0] == '+');
    for (; i < s.n && s.p[i] != 'e' && s.p[i] != 'E'; i++) {
        if (!scan_digit(&scan, s.p[i])) {
            return false;
        }
    }
    if (!scan.any || s.p[i - 1] == '.') {
        return false;
    }
    if (i < s.n) {
        i++;
        bool down = i < s.n && s.p[i] == '-';
        i += i < s.n && (s.p[i] == '-' || s.p[i] == '+');
        if (i == s.n) {
            return false;
        }
        int64_t e = 0;
        for (; i < s.n; i++) {
            if (s.p[i] < '0' || s.p[i] > '9') {
                return false;
            }
            e = e < 1000000 ? e * 10 + (s.p[i] - '0') : e;
        }
        scan.exp += down ? -e : e;
    }
    return decimal_finish(negative && scan.coef != 0, scan.coef, scan.exp, scan.sticky, ret);
}

struct str decimal_text(struct arena *a, struct decimal d)
{
    char digits[40];
    int n = 0;
    u128 c = d.coef;
    do {
        digits[n++] = (char)('0' + (int)(c % 10));
        c /= 10;
    } while (c != 0);
    int64_t zeros_after = d.exp > 0 && d.coef != 0 ? d.exp : 0;
    int64_t scale = d.exp < 0 ? -d.exp : 0;
    int64_t zeros_before = scale >= n ? scale - n + 1 : 0;
    size_t size = (size_t)(n + zeros_after + zeros_before + 2);
    char *p = arena_push_bytes(a, size);
    size_t at = 0;
    if (d.negative) {
        p[at++] = '-';
    }
    int64_t left = zeros_before + n; /* digits still to come before the end */
    for (int64_t i = 0; i < zeros_before; i++, left--) {
        if (left == scale) {
            p[at++] = '.';
        }
        p[at++] = '0';
    }
    for (; n > 0; left--) {
        if (left == scale && scale > 0) {
            p[at++] = '.';
        }
        p[at++] = digits[--n];
    }
    memset(p + at, '0', (size_t)zeros_after);
    at += (size_t)zeros_after;
    must(at <= size);
    return (struct str){p, at};
}

double decimal_to_double(struct decimal d)
{
    d = decimal_reduce(d);
    long double v = (long double)d.coef;
    long double base = 10.0L;
    long double factor = 1.0L;
    for (uint32_t n = (uint32_t)(d.exp < 0 ? -d.exp : d.exp); n != 0; n >>= 1, base *= base) {
        factor = (n & 1) != 0 ? factor * base : factor;
    }
    v = d.exp < 0 ? v / factor : v * factor;
    return (double)(d.negative ? -v : v);
}
