/* decimal.h - exact decimal numbers of 34 digits: the finite numbers of IEEE 754 decimal128.
 *
 * A number is (-1)^negative x coef x 10^exp with coef < 10^34 and -6176 <= exp <= 6111; rounding is
 * half to even. There are no infinities and no NaN: an operation that has no finite result returns
 * false and leaves *ret alone. Results carry the exponent IEEE 754 prefers (1.10 x 1.10 = 1.2100);
 * numbers that compare equal may so differ in trailing zeros, which only text shows. No memory, no
 * state, no floating point: the same bits on every compiler and machine.
 */
#pragma once

#include "base/base.h"

typedef unsigned __int128 u128;

enum {
    DECIMAL_DIGITS = 34,
    DECIMAL_EXP_MIN = -6176,
    DECIMAL_EXP_MAX = 6111,
    DECIMAL_TEXT_MAX = 6200
};

struct decimal {
    u128 coef;
    int32_t exp;
    bool negative; /* false for zero */
};

struct decimal decimal_from_i64(int64_t v);
/* Digits with at most one point and an optional exponent ("-12.50e3"); the whole string. More than
 * 34 digits are rounded. False for anything else and when out of range. */
bool decimal_parse(struct str s, struct decimal *ret);
/* Plain digits, trailing zeros kept: "12.50", "-0.001"; an exponent is never written. The bytes are
 * pushed on the arena. */
struct arena;
struct str decimal_text(struct arena *a, struct decimal d);
/* True when d is an integer that fits. */
bool decimal_to_i64(struct decimal d, int64_t *ret);
/* The nearest double, for JSON and charts only. */
double decimal_to_double(struct decimal d);

bool decimal_is_zero(struct decimal d);
/* By value: <0, 0, >0. */
int decimal_compare(struct decimal a, struct decimal b);
struct decimal decimal_negate(struct decimal d);
/* Same value without trailing zeros in the coefficient; zero has exponent 0. */
struct decimal decimal_reduce(struct decimal d);

bool decimal_add(struct decimal a, struct decimal b, struct decimal *ret) MUST_USE;
bool decimal_sub(struct decimal a, struct decimal b, struct decimal *ret) MUST_USE;
bool decimal_mul(struct decimal a, struct decimal b, struct decimal *ret) MUST_USE;
/* False when b is zero. */
bool decimal_div(struct decimal a, struct decimal b, struct decimal *ret) MUST_USE;
