/* Rows from JSON texts against the same texts read as trees. */
#include <stdio.h>

#include "base/json.h"
#include "base/test.h"
#include "dmn/batch_json.h"
#include "feel/value.h"

enum { COLUMNS = 4 };

static void keys_of(struct test *t, struct ctx *ctx, struct row_keys *keys)
{
    static const struct feel_type date = {.kind = FEEL_TYPE_DATE};
    const struct str a[] = {STR("a")}, b[] = {STR("b"), STR("c")}, d[] = {STR("b"), STR("日期")},
                     e[] = {STR("x y"), STR("p"), STR("q")};
    CHECK(row_keys_add(ctx->arena, keys, a, 1, 0, NULL));
    CHECK(row_keys_add(ctx->arena, keys, b, 2, 1, NULL));
    CHECK(row_keys_add(ctx->arena, keys, d, 2, 2, &date));
    CHECK(row_keys_add(ctx->arena, keys, e, 3, 3, NULL));
    CHECK(!row_keys_add(ctx->arena, keys, a, 1, 5, NULL));
    CHECK(!row_keys_add(ctx->arena, keys, b, 1, 5, NULL));
    const struct str under[] = {STR("a"), STR("b")};
    CHECK(!row_keys_add(ctx->arena, keys, under, 2, 5, NULL));
}

static struct feel_value at_path(struct ctx *ctx, const struct json *j, const char *first,
                                 const char *second, const char *third)
{
    struct feel_value v = feel_null();
    j = json_get(j, first);
    j = second == NULL ? j : json_get(j, second);
    j = third == NULL ? j : json_get(j, third);
    must(j == NULL || feel_from_json(ctx, j, NULL, &v) == ERR_OK);
    return v;
}

static bool identical(struct feel_value a, struct feel_value b)
{
    return a.kind == b.kind && a.exp == b.exp && feel_is_true(feel_equal(a, b));
}

TEST(dmn_rows_read_from_json_are_those_of_the_tree)
{
    static const char *const good[] = {
        "{\"a\": 1, \"b\": {\"c\": \"食品\", \"日期\": \"2026-02-28\"}, \"x y\": {\"p\": {\"q\": "
        "true}}}",
        "{}",
        " {\n\t\"x y\" : { \"p\" : {\"q\": null } } ,\r \"a\":-0.00 } ",
        "{\"other\":[1],\"a\":2}", /* read as a tree */
        "{\"other\":1,\"more\":\"\",\"a\":false,\"b\":{\"z\":null}}",
        "{\"a\":12.50}",
        "{\"a\":-123456789012345678}",
        "{\"a\":1234567890123456789}",
        "{\"a\":0.1e2}",
        "{\"a\":0}",
        "{\"a\":-0}",
        "{\"a\":\"\\u0041\"}",
        "{\"\\u0061\":5}",
        "{\"a\":[1,2]}",
        "{\"a\":{}}",
        "{\"b\":5}",
        "{\"b\":null}"};
    static const char *const bad[] = {"",
                                      "{",
                                      "{}x",
                                      "{\"a\":1,}",
                                      "{\"a\":01}",
                                      "{\"a\":1.}",
                                      "{\"a\":.5}",
                                      "{\"a\":+1}",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"z\":1,\"z\":2}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\t\"}",
                                      "{\"a\":tru}",
                                      "{\"a\" 1}",
                                      "{a:1}",
                                      "[{}]",
                                      "{\"a\":--1}",
                                      "{\"b\":{\"c\":1,\"c\":1}}",
                                      "{\"a\":1}}",
                                      "{\"b\":{\"日期\":\"2026-02-29\"}}",
                                      "{\"a\":-}",
                                      "nul",
                                      "{\"a\":\"x}"};
    struct row_keys keys = {0};
    size_t fast = 0;
    keys_of(t, ctx, &keys);
    for (size_t i = 0; i < LEN(good); i++) {
        struct feel_value row[COLUMNS] = {0};
        struct json j;
        if (!row_from_json(ctx, &keys, str_from(good[i]), row)) {
            continue;
        }
        fast++;
        CHECK_OK(json_parse(ctx, str_from(good[i]), STR(""), &j));
        CHECK(identical(row[0], at_path(ctx, &j, "a", NULL, NULL)));
        CHECK(identical(row[1], at_path(ctx, &j, "b", "c", NULL)));
        CHECK(identical(row[3], at_path(ctx, &j, "x y", "p", "q")));
        CHECK(row[2].kind == (i == 0 ? FEEL_DATE : FEEL_NULL));
    }
    CHECK_INT(fast, 8);
    for (size_t i = 0; i < LEN(bad); i++) {
        struct feel_value row[COLUMNS] = {0};
        CHECK(!row_from_json(ctx, &keys, str_from(bad[i]), row));
    }
}

TEST(dmn_rows_leave_refused_keys_to_the_tree)
{
    struct row_keys keys = {0};
    struct feel_value row[COLUMNS] = {0};
    keys_of(t, ctx, &keys);
    CHECK(row_from_json(ctx, &keys, STR("{\"a\":1,\"decided\":2}"), row));
    row_keys_refuse(ctx->arena, &keys, STR("decided"));
    CHECK(row_from_json(ctx, &keys, STR("{\"a\":1}"), row));
    CHECK(!row_from_json(ctx, &keys, STR("{\"a\":1,\"decided\":2}"), row));
}

TEST(dmn_rows_of_json_stop_at_every_cut)
{
    struct row_keys keys = {0};
    struct str whole = STR(
        "{\"a\": -12.5, \"o\": \"x\", \"b\": {\"c\": \"食\", \"日期\": \"2026-02-28\"}, \"x y\": "
        "{\"p\": {\"q\": false}}}");
    keys_of(t, ctx, &keys);
    for (size_t n = 0; n <= whole.n; n++) {
        struct feel_value row[COLUMNS] = {0};
        struct str part =
            str_copy(ctx->arena, str_slice(whole, 0, n)); /* nothing readable behind it */
        CHECK(row_from_json(ctx, &keys, part, row) == (n == whole.n));
    }
}
