/* Values in people's words, and back. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/test.h"

#include <string.h>
#include "law/law.h"

TEST(law_value_reads_as_people_write_it)
{
    static const struct code_row kinds[] = {
        {.code = STR_INIT("fine"), .title = {STR_INIT("罚款"), STR_INIT("Fine")}}};
    const struct fact money = {.id = STR("x"), .type = FACT_MONEY};
    const struct fact day = {.id = STR("x"), .type = FACT_DATE};
    const struct fact choice = {
        .id = STR("x"), .type = FACT_CHOICE, .choices = kinds, .choice_count = 1};
    const struct {
        const struct fact *fact;
        const char *json;
        const char *zh;
        const char *en;
    } rows[] = {
        {&money, "0", "0.00 元", "CNY 0.00"},
        {&money, "7", "0.07 元", "CNY 0.07"},
        {&money, "7000000", "70,000.00 元", "CNY 70,000.00"},
        {&money, "123456789012", "1,234,567,890.12 元", "CNY 1,234,567,890.12"},
        {&money, "-150", "-1.50 元", "CNY -1.50"},
        {&day, "\"2026-03-02\"", "2026年3月2日", "2 March 2026"},
        {&day, "\"soon\"", "soon", "soon"},
        {&choice, "\"fine\"", "罚款", "Fine"},
        {&choice, "\"other\"", "other", "other"},
        {NULL, "true", "是", "Yes"},
        {NULL, "[\"甲\",\"乙\"]", "甲、乙", "甲, 乙"},
        {NULL, "{\"name\":\"a.pdf\",\"sha256\":\"00\"}", "a.pdf", "a.pdf"},
        {NULL, "12.50", "12.50", "12.50"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct json v;
        CHECK_OK(json_parse(ctx, str_from(rows[i].json), STR("value"), &v));
        CHECK_STR(law_value_text(ctx->arena, rows[i].fact, &v, false), rows[i].zh);
        CHECK_STR(law_value_text(ctx->arena, rows[i].fact, &v, true), rows[i].en);
    }
}

TEST(law_value_takes_what_people_type)
{
    static const struct {
        enum fact_type type;
        const char *typed;
        const char *json;
    } rows[] = {
        {FACT_MONEY, "70000", "7000000"},
        {FACT_MONEY, " 70,000.5 ", "7000050"},
        {FACT_MONEY, "1,234,567.89", "123456789"},
        {FACT_MONEY, "0.07", "7"},
        {FACT_MONEY, "0.071", "\"0.071\""},
        {FACT_MONEY, "7.", "\"7.\""},
        {FACT_MONEY, ".5", "\".5\""},
        {FACT_MONEY, "1,23", "\"1,23\""},
        {FACT_MONEY, "-5", "\"-5\""},
        {FACT_MONEY, "1e3", "\"1e3\""},
        {FACT_MONEY, "9999999999999999", "\"9999999999999999\""},
        {FACT_MONEY, "", "\"\""},
        {FACT_INTEGER, "30", "30"},
        {FACT_INTEGER, "thirty", "\"thirty\""},
        {FACT_DECIMAL, "12.5", "12.5"},
        {FACT_BOOLEAN, "true", "true"},
        {FACT_BOOLEAN, "yes", "\"yes\""},
        {FACT_LIST, " a  b\nc ", "[\"a\",\"b\",\"c\"]"},
        {FACT_TEXT, " 甲 ", "\"甲\""},
        {FACT_DATE, "2026-03-02", "\"2026-03-02\""},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct fact fact = {.id = STR("x"), .type = rows[i].type};
        struct json v = law_value_parse(ctx->arena, &fact, str_from(rows[i].typed));
        struct buf b = buf_new(ctx->arena, 0);
        json_write(&b, &v);
        CHECK_STR(buf_str(&b), rows[i].json);
    }
}

TEST(law_a_payment_number_finds_what_was_copied_wrongly)
{
    struct str number = law_bill_number(ctx->arena, 1234567890123456u);
    CHECK_STR(number, "123456789012345611");
    CHECK(law_bill_number_holds(number));
    CHECK(law_bill_number_holds(law_bill_number(ctx->arena, 0)));
    CHECK(law_bill_number_holds(law_bill_number(ctx->arena, UINT64_MAX)));
    for (size_t i = 0; i < number.n; i++) {
        char wrong[18];
        for (char c = '0'; c <= '9'; c++) {
            memcpy(wrong, number.p, number.n);
            wrong[i] = c;
            CHECK(law_bill_number_holds((struct str){wrong, number.n}) == (c == number.p[i]));
        }
        memcpy(wrong, number.p, number.n);
        if (i + 1 < number.n && wrong[i] != wrong[i + 1]) { /* two changed about */
            wrong[i] = number.p[i + 1];
            wrong[i + 1] = number.p[i];
            CHECK(!law_bill_number_holds((struct str){wrong, number.n}));
        }
    }
    CHECK(!law_bill_number_holds(STR("")));
    CHECK(!law_bill_number_holds(STR("12345678901234561")));
    CHECK(!law_bill_number_holds(STR("12345678901234561x")));
}
