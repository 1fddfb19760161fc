/* Decimals against rows made by another implementation (test_decimal_rows.h): each operation, each
 * way of rounding, the edges of 34 digits. */
#include "base/decimal.h"
#include "base/decimal_math.h"
#include "base/test.h"

/* op, a, b, result; "-" where there is none. Rows after the General Decimal Arithmetic
 * specification (IEEE 754 decimal128, half even), results by an independent implementation. */
struct row {
    const char *op;
    const char *a;
    const char *b;
    const char *result;
};

static const struct row rows[] = {
#include "base/test_decimal_rows.h"
};

static bool run_row(const struct row *row, struct decimal a, struct decimal b, struct decimal *ret)
{
    static const struct {
        const char *op;
        bool (*fn)(struct decimal, struct decimal, struct decimal *);
    } two[] = {{"add", decimal_add}, {"sub", decimal_sub},       {"mul", decimal_mul},
               {"div", decimal_div}, {"modulo", decimal_modulo}, {"power", decimal_power}};
    static const struct {
        const char *op;
        bool (*fn)(struct decimal, struct decimal *);
    } one[] = {{"sqrt", decimal_sqrt}, {"exp", decimal_exp}, {"log", decimal_log}};
    static const char *const rounds[] = {"half_even", "half_up", "half_down", "up",
                                         "down",      "floor",   "ceiling"};
    struct str op = str_from(row->op);
    for (size_t i = 0; i < LEN(two); i++) {
        if (str_equal(op, str_from(two[i].op))) {
            return two[i].fn(a, b, ret);
        }
    }
    for (size_t i = 0; i < LEN(one); i++) {
        if (str_equal(op, str_from(one[i].op))) {
            return one[i].fn(a, ret);
        }
    }
    for (size_t i = 0; i < LEN(rounds); i++) {
        if (str_equal(op, str_from(rounds[i]))) {
            int64_t scale = 0;
            return decimal_to_i64(b, &scale) &&
                   decimal_round_to(a, (int32_t)scale, (enum decimal_round)i, ret);
        }
    }
    bug("a row names an operation", __FILE__, __LINE__);
}

TEST(decimal_computes_as_decimal128_does)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct decimal a = {0}, b = {0}, got = {0};
        CHECK(decimal_parse(str_from(rows[i].a), &a));
        CHECK(decimal_parse(str_from(rows[i].b), &b));
        bool ok = run_row(&rows[i], a, b, &got);
        struct decimal want = {0};
        bool finite = decimal_parse(str_from(rows[i].result), &want);
        bool same = ok == finite && (!ok || (got.coef == want.coef && got.exp == want.exp &&
                                             got.negative == want.negative));
        if (!same) {
            struct str text =
                str_format(ctx->arena, "%s %s %s = %.*s (exp %d), not %s", rows[i].op, rows[i].a,
                           rows[i].b, FMT(decimal_text(ctx->arena, got)), got.exp, rows[i].result);
            test_check(t, false, str_z(ctx->arena, text), __FILE__, __LINE__);
        }
        CHECK(same);
    }
}

TEST(decimal_reads_and_writes_plain_digits)
{
    static const char *const same[] = {
        "0", "12.50", "-0.001", "1234567890123456789012345678901234", "0.00", "-7"};
    for (size_t i = 0; i < LEN(same); i++) {
        struct decimal d = {0};
        CHECK(decimal_parse(str_from(same[i]), &d));
        CHECK_STR(decimal_text(ctx->arena, d), same[i]);
    }
    static const char *const bad[] = {"",    "-",  ".",  "1.",     "1..2", "1e", "1e+",
                                      "abc", "1 ", " 1", "1e9999", "0x1",  "--1"};
    for (size_t i = 0; i < LEN(bad); i++) {
        struct decimal d = {0};
        CHECK(!decimal_parse(str_from(bad[i]), &d));
    }
    struct decimal d = {0};
    CHECK(decimal_parse(STR(".5"), &d));
    CHECK_STR(decimal_text(ctx->arena, d), "0.5");
    CHECK(decimal_parse(STR("-0"), &d) && !d.negative);
    CHECK(decimal_parse(STR("1.23e4"), &d));
    CHECK_STR(decimal_text(ctx->arena, d), "12300");
}

TEST(decimal_meets_integers_at_their_ends)
{
    static const int64_t ends[] = {0, 1, -1, INT64_MAX, INT64_MIN, 1000000};
    for (size_t i = 0; i < LEN(ends); i++) {
        int64_t back = 7;
        CHECK(decimal_to_i64(decimal_from_i64(ends[i]), &back));
        CHECK_INT(back, ends[i]);
    }
    struct decimal d = {0};
    int64_t v = 0;
    CHECK(decimal_parse(STR("9223372036854775808"), &d) && !decimal_to_i64(d, &v));
    CHECK(decimal_parse(STR("1.5"), &d) && !decimal_to_i64(d, &v));
    CHECK(decimal_parse(STR("15e-1"), &d) && decimal_to_double(d) > 1.49 &&
          decimal_to_double(d) < 1.51);
    CHECK(decimal_parse(STR("2.00"), &d) && decimal_to_i64(d, &v) && v == 2);
    CHECK_INT(decimal_reduce(d).exp, 0);
}

TEST(decimal_orders_by_value)
{
    static const char *const ordered[] = {"-1e100", "-2",   "-1.5", "-1e-30", "0",
                                          "1e-30",  "0.99", "1",    "1e3",    "1e6111"};
    for (size_t i = 0; i < LEN(ordered); i++) {
        for (size_t j = 0; j < LEN(ordered); j++) {
            struct decimal a = {0}, b = {0};
            CHECK(decimal_parse(str_from(ordered[i]), &a) &&
                  decimal_parse(str_from(ordered[j]), &b));
            CHECK_INT(decimal_compare(a, b), (i > j) - (i < j));
        }
    }
    struct decimal a = {0}, b = {0};
    CHECK(decimal_parse(STR("1.10"), &a) && decimal_parse(STR("1.1"), &b));
    CHECK_INT(decimal_compare(a, b), 0);
}
