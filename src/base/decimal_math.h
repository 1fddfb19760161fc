/* decimal_math.h - what FEEL reckons beyond the four operations, to 34 digits. */
#pragma once

#include "base/decimal.h"

enum decimal_round {
    DECIMAL_HALF_EVEN,
    DECIMAL_HALF_UP,   /* half away from zero */
    DECIMAL_HALF_DOWN, /* half towards zero */
    DECIMAL_UP,        /* away from zero */
    DECIMAL_DOWN,      /* towards zero */
    DECIMAL_FLOOR,     /* towards minus infinity */
    DECIMAL_CEILING    /* towards plus infinity */
};
/* a - b x floor(a / b), exactly: the sign of b. False when b is zero. */
bool decimal_modulo(struct decimal a, struct decimal b, struct decimal *ret) MUST_USE;
/* To `scale` digits after the point (negative: before it). False when the result needs more than 34
 * digits or scale is outside -6111..6176. */
bool decimal_round_to(struct decimal d, int32_t scale, enum decimal_round how,
                      struct decimal *ret) MUST_USE;
/* d to an integer power: by exact squaring in 34 digits with guard digits. False for 0 to a
 * negative power. */
bool decimal_power(struct decimal base, struct decimal exponent, struct decimal *ret) MUST_USE;
/* Correctly rounded. False below zero (log: at and below zero). */
bool decimal_sqrt(struct decimal d, struct decimal *ret) MUST_USE;
bool decimal_exp(struct decimal d, struct decimal *ret) MUST_USE;
bool decimal_log(struct decimal d, struct decimal *ret) MUST_USE;
