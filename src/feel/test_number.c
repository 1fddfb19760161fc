#include "base/test.h"
#include "feel/feel_in.h"

/* The same number behind a pointer, so that only the long way can take it. */
static struct feel_value boxed(struct arena *a, struct feel_value v)
{
    struct decimal *d = ARENA_NEW(a, struct decimal);
    *d = feel_decimal(v);
    return (struct feel_value){.kind = FEEL_NUMBER, .boxed = true, .number = d};
}

static bool identical(struct feel_value a, struct feel_value b)
{
    struct decimal x = feel_decimal(a), y = feel_decimal(b);
    return a.kind == b.kind && x.coef == y.coef && x.exp == y.exp && x.negative == y.negative;
}

TEST(feel_numbers_come_out_the_same_on_both_ways)
{
    typedef struct feel_value operation(struct run *, const struct node *, struct feel_value, struct feel_value);
    static operation *const operations[] = {number_add, number_sub, number_mul, number_div};
    static const int64_t coefs[] = {0, 1, -1, 3, 10, -25, 100, 4999, 123456789, 1000000000000, INT64_MAX, -INT64_MAX};
    static const int16_t exps[] = {0, -2, 3, -20, 15};
    struct feel_env env = {0};
    struct run r = run_new(ctx, &env, NULL);
    for (size_t i = 0; i < LEN(coefs) * LEN(exps); i++) {
        for (size_t j = 0; j < LEN(coefs) * LEN(exps); j++) {
            struct feel_value a = {.kind = FEEL_NUMBER, .integer = coefs[i / LEN(exps)], .exp = exps[i % LEN(exps)]};
            struct feel_value b = {.kind = FEEL_NUMBER, .integer = coefs[j / LEN(exps)], .exp = exps[j % LEN(exps)]};
            struct feel_value long_a = boxed(ctx->arena, a), long_b = boxed(ctx->arena, b);
            for (size_t k = 0; k < LEN(operations); k++) {
                CHECK(identical(operations[k](&r, NULL, a, b), operations[k](&r, NULL, long_a, long_b)));
            }
            CHECK_INT(number_compare(a, b), number_compare(long_a, long_b));
        }
    }
}
