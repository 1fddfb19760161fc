/* decimal_in.h - what decimal.c and decimal_fn.c share. */
#pragma once

#include "base/decimal.h"

/* 10^n for 0 <= n <= 38. */
u128 decimal_pow10(int n);
/* Number of digits; 0 for 0. */
int decimal_digits(u128 v);
/* The decimal128 nearest to coef x 10^exp, where sticky says that the exact value lies a little
 * above; coef then needs at least 35 digits. False when out of range. */
bool decimal_finish(bool negative, u128 coef, int64_t exp, bool sticky,
                    struct decimal *ret) MUST_USE;
/* Without zeros at the end of the coefficient, as long as the exponent is below exp. */
struct decimal decimal_towards(struct decimal d, int64_t exp);
