/* The words everyone uses: strings, buffers, arenas, days, JSON at their edges. */
#include <setjmp.h>

#include "base/day.h"
#include "base/encode.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/test.h"

static void mark_cleaned(void *arg)
{
    ++*(int *)arg;
}

TEST(base_arena_passes_its_cap_to_the_guard)
{
    struct arena *a = arena_new(1 << 16);
    struct arena_guard g;
    static int cleaned;
    cleaned = 0;
    volatile bool jumped = false;
    if (setjmp(g.jump) == 0) {
        arena_guard(a, &g);
        arena_defer(a, mark_cleaned, &cleaned);
        for (;;) {
            arena_push(a, 1000);
        }
    } else {
        jumped = true;
    }
    CHECK(jumped);
    CHECK_INT(cleaned, 1);
    arena_free(a);
}

TEST(base_day_round_trips_and_knows_weekdays)
{
    struct day d = {0};
    CHECK(day_parse(STR("2026-11-23"), &d));
    CHECK_INT(day_of_week(d), 1);
    CHECK_STR(day_text(ctx->arena, d), "2026-11-23");
    CHECK(!day_parse(STR("2026-02-29"), &d));
    CHECK(day_parse(STR("2024-02-29"), &d));
    for (int32_t n = -800000; n < 800000; n += 97) {
        CHECK_INT(day_from_civil(day_to_civil((struct day){n})).n, n);
    }
    CHECK(day_parse(STR("2025-08-31"), &d));
    CHECK_STR(day_text(ctx->arena, day_add_months(d, 6)), "2026-02-28");
    struct instant now = {0};
    CHECK(instant_parse(STR("2026-06-04T09:14:00+08:00"), &now));
    CHECK_STR(instant_text(ctx->arena, now), "2026-06-04T01:14:00.000Z");
    CHECK_STR(day_text(ctx->arena, instant_day(now)), "2026-06-04");
    CHECK(!instant_parse(STR("2026-06-04T24:00:00Z"), &now));
}

static const struct {
    const char *text;
    enum err err;
} json_rows[] = {
    {"{\"a\":1,\"b\":[true,null]}", ERR_OK},
    {"{\"a\":1,\"a\":2}", ERR_DUPLICATE},
    {"[1,]", ERR_SYNTAX},
    {"01", ERR_SYNTAX},
    {"1.", ERR_SYNTAX},
    {"-", ERR_SYNTAX},
    {"NaN", ERR_SYNTAX},
    {"\"\\ud800\"", ERR_UTF8},
    {"\"\\u0000\"", ERR_SYNTAX},
    {"\"\xff\"", ERR_UTF8},
    {"\"\xc0\x80\"", ERR_UTF8},
    {"\"a\nb\"", ERR_SYNTAX},
    {"{} {}", ERR_SYNTAX},
    {"", ERR_SYNTAX},
    {"\"abc", ERR_SYNTAX},
    {"\"abc\\", ERR_SYNTAX},
};

TEST(base_json_is_strict)
{
    for (size_t i = 0; i < LEN(json_rows); i++) {
        struct json j;
        CHECK_ERR(json_parse(ctx, str_from(json_rows[i].text), STR("row"), &j), json_rows[i].err);
    }
    char deep[200];
    memset(deep, '[', sizeof(deep));
    struct json j;
    CHECK_ERR(json_parse(ctx, (struct str){deep, sizeof(deep)}, STR("deep"), &j), ERR_TOO_DEEP);
    char digits[500];
    memset(digits, '1', sizeof(digits));
    CHECK_ERR(json_parse(ctx, (struct str){digits, sizeof(digits)}, STR("digits"), &j),
              ERR_TOO_LARGE);
}

/* The example of RFC 8785 section 3.2.2 and 3.2.3. */
TEST(base_json_canonical_follows_rfc_8785)
{
    struct json j;
    CHECK_OK(json_parse(
        ctx,
        STR("{\"numbers\":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"
            "\"string\":\"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\","
            "\"literals\":[null,true,false]}"),
        STR("rfc"), &j));
    struct buf b = buf_new(ctx->arena, 0);
    CHECK_OK(json_write_canonical(ctx, &b, &j));
    CHECK_STR(
        buf_str(&b),
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
        "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
    CHECK_OK(json_parse(ctx,
                        STR("{\"\\u20ac\":1,\"\\r\":2,\"\\ufb33\":3,\"1\":4,\"\\ud83d\\ude00\":5,"
                            "\"\\u0080\":6,\"\\u00f6\":7}"),
                        STR("rfc"), &j));
    buf_clear(&b);
    CHECK_OK(json_write_canonical(ctx, &b, &j));
    CHECK_STR(buf_str(&b), "{\"\\r\":2,\"1\":4,\"\xc2\x80\":6,\"\xc3\xb6\":7,\"\xe2\x82\xac\":1,"
                           "\"\xf0\x9f\x98\x80\":5,\"\xef\xac\xb3\":3}");
}

TEST(base_json_builds_and_replaces)
{
    struct json o = json_object();
    for (int i = 0; i < 40; i++) {
        json_set(ctx->arena, &o, str_format(ctx->arena, "k%d", i % 20), json_of_int(i));
    }
    CHECK_INT(o.count, 20);
    CHECK_INT(json_int(&o, "k3", 0), 23);
    struct json parsed;
    CHECK_OK(json_parse(ctx, STR("[1,2,3,4,5]"), STR("x"), &parsed));
    for (int i = 6; i < 30; i++) {
        json_push(ctx->arena, &parsed, json_of_int(i));
    }
    for (int i = 0; i < 29; i++) {
        CHECK_INT(parsed.items[i].int_value, i + 1);
    }
}

TEST(base_json_writes_strings_whole)
{
    struct buf b = buf_new(ctx->arena, 0);
    json_write_string(&b, (struct str){0});
    json_write_string(&b, STR("a\"\n"));
    json_write_string(&b, STR("\\"));
    json_write_string(&b, STR("\x01z"));
    CHECK_STR(buf_str(&b), "\"\"\"a\\\"\\n\"\"\\\\\"\"\\u0001z\"");
}

TEST(base_base64_is_strict)
{
    struct str out;
    CHECK_STR(base64_encode(ctx->arena, "foob", 4), "Zm9vYg==");
    CHECK(base64_decode(ctx->arena, STR("Zm9vYg=="), &out));
    CHECK_STR(out, "foob");
    CHECK(!base64_decode(ctx->arena, STR("Zm9vYh=="), &out));
    CHECK(!base64_decode(ctx->arena, STR("Zm9vYg="), &out));
    CHECK(!base64_decode(ctx->arena, STR("Zm9v\nYg=="), &out));
    CHECK_STR(base64url_encode(ctx->arena, "\xff\xfe", 2), "__4");
    CHECK(base64url_decode(ctx->arena, STR("__4"), &out));
}
