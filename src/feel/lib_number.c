/* Numeric built-ins (DMN 1.5, 10.3.4.5), and not(). */
#include "base/decimal_math.h"
#include "feel/feel_in.h"

static struct feel_value too_large(struct run *r, const struct node *n)
{
    return run_trouble(r, n, "the result is beyond the range of numbers");
}

static struct feel_value round_by(struct run *r, const struct node *n,
                                  const struct feel_value *args, size_t count,
                                  enum decimal_round how)
{
    int64_t scale = 0;
    struct decimal d = {0};
    if (count > 1 && !value_truncate(args[1], &scale)) {
        return run_trouble(r, n, "the scale is out of range");
    }
    if (scale < -DECIMAL_EXP_MAX || scale > -DECIMAL_EXP_MIN ||
        !decimal_round_to(feel_decimal(args[0]), (int32_t)scale, how, &d)) {
        return run_trouble(r, n, "the scale is out of range; it goes from %d to %d",
                           -DECIMAL_EXP_MAX, -DECIMAL_EXP_MIN);
    }
    return value_number(r, d);
}

static struct feel_value do_decimal(struct run *r, const struct node *n,
                                    const struct feel_value *args, size_t count)
{
    return round_by(r, n, args, count, DECIMAL_HALF_EVEN);
}

static struct feel_value do_floor(struct run *r, const struct node *n,
                                  const struct feel_value *args, size_t count)
{
    return round_by(r, n, args, count, DECIMAL_FLOOR);
}

static struct feel_value do_ceiling(struct run *r, const struct node *n,
                                    const struct feel_value *args, size_t count)
{
    return round_by(r, n, args, count, DECIMAL_CEILING);
}

static struct feel_value do_round_up(struct run *r, const struct node *n,
                                     const struct feel_value *args, size_t count)
{
    return round_by(r, n, args, count, DECIMAL_UP);
}

static struct feel_value do_round_down(struct run *r, const struct node *n,
                                       const struct feel_value *args, size_t count)
{
    return round_by(r, n, args, count, DECIMAL_DOWN);
}

static struct feel_value do_half_up(struct run *r, const struct node *n,
                                    const struct feel_value *args, size_t count)
{
    return round_by(r, n, args, count, DECIMAL_HALF_UP);
}

static struct feel_value do_half_down(struct run *r, const struct node *n,
                                      const struct feel_value *args, size_t count)
{
    return round_by(r, n, args, count, DECIMAL_HALF_DOWN);
}

static struct feel_value do_abs(struct run *r, const struct node *n, const struct feel_value *args,
                                size_t count UNUSED)
{
    struct feel_value v = args[0];
    bool minus = v.kind == FEEL_NUMBER ? feel_decimal(v).negative : v.integer < 0;
    return minus ? op_negate(r, n, v) : v;
}

static struct feel_value do_modulo(struct run *r, const struct node *n,
                                   const struct feel_value *args, size_t count UNUSED)
{
    struct decimal d = {0};
    if (!decimal_modulo(feel_decimal(args[0]), feel_decimal(args[1]), &d)) {
        return run_trouble(r, n, "division by zero");
    }
    return value_number(r, d);
}

static struct feel_value do_sqrt(struct run *r, const struct node *n, const struct feel_value *args,
                                 size_t count UNUSED)
{
    struct decimal d = {0};
    return decimal_sqrt(feel_decimal(args[0]), &d)
               ? value_number(r, d)
               : run_trouble(r, n, "a negative number has no square root");
}

static struct feel_value do_log(struct run *r, const struct node *n, const struct feel_value *args,
                                size_t count UNUSED)
{
    struct decimal d = {0};
    return decimal_log(feel_decimal(args[0]), &d)
               ? value_number(r, d)
               : run_trouble(r, n, "only positive numbers have a logarithm");
}

static struct feel_value do_exp(struct run *r, const struct node *n, const struct feel_value *args,
                                size_t count UNUSED)
{
    struct decimal d = {0};
    return decimal_exp(feel_decimal(args[0]), &d) ? value_number(r, d) : too_large(r, n);
}

/* 0, 1 or, for what is no whole number, 2. */
static int parity(struct feel_value v)
{
    struct decimal d = decimal_reduce(feel_decimal(v));
    return d.exp < 0 ? 2 : d.exp > 0 ? 0 : (int)(d.coef & 1);
}

static struct feel_value do_odd(struct run *r UNUSED, const struct node *n UNUSED,
                                const struct feel_value *args, size_t count UNUSED)
{
    return feel_bool(parity(args[0]) == 1);
}

static struct feel_value do_even(struct run *r UNUSED, const struct node *n UNUSED,
                                 const struct feel_value *args, size_t count UNUSED)
{
    return feel_bool(parity(args[0]) == 0);
}

static struct feel_value do_not(struct run *r, const struct node *n, const struct feel_value *args,
                                size_t count UNUSED)
{
    return args[0].kind == FEEL_BOOL
               ? feel_bool(!args[0].boolean)
               : run_trouble(r, n, "not() wants a boolean, not %s", value_kind_name(args[0]));
}

static const struct builtin rows[] = {
    {"decimal", do_decimal, {{"n", K_NUMBER}, {"scale", K_NUMBER}}, 2, 0, false},
    {"floor", do_floor, {{"n", K_NUMBER}, {"scale", K_NUMBER}}, 1, 0, false},
    {"ceiling", do_ceiling, {{"n", K_NUMBER}, {"scale", K_NUMBER}}, 1, 0, false},
    {"round up", do_round_up, {{"n", K_NUMBER}, {"scale", K_NUMBER}}, 2, 0, false},
    {"round down", do_round_down, {{"n", K_NUMBER}, {"scale", K_NUMBER}}, 2, 0, false},
    {"round half up", do_half_up, {{"n", K_NUMBER}, {"scale", K_NUMBER}}, 2, 0, false},
    {"round half down", do_half_down, {{"n", K_NUMBER}, {"scale", K_NUMBER}}, 2, 0, false},
    {"abs", do_abs, {{"n", K_NUMBER | K_MONTHS | K_DURATION}}, 1, 0, false},
    {"modulo", do_modulo, {{"dividend", K_NUMBER}, {"divisor", K_NUMBER}}, 2, 0, false},
    {"sqrt", do_sqrt, {{"number", K_NUMBER}}, 1, 0, false},
    {"log", do_log, {{"number", K_NUMBER}}, 1, 0, false},
    {"exp", do_exp, {{"number", K_NUMBER}}, 1, 0, false},
    {"odd", do_odd, {{"number", K_NUMBER}}, 1, 0, false},
    {"even", do_even, {{"number", K_NUMBER}}, 1, 0, false},
    {"not", do_not, {{"negand", K_ANY}}, 1, 0, false},
};
const struct builtin_table feel_lib_number = {rows, LEN(rows)};
