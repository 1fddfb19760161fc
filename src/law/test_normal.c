/* What people type and the one form it is kept in. */
#include "base/arena.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/test.h"
#include "law/law.h"
#include "law/text.h"

TEST(law_normal_of_what_people_type)
{
    static const struct {
        enum fact_type type;
        bool is_name;
        const char *typed;
        const char *kept;
    } rows[] = {
        {FACT_TEXT, true, "买买提・艾合买提", "买买提·艾合买提"},
        {FACT_TEXT, true, "买买提•艾合买提", "买买提·艾合买提"},
        {FACT_TEXT, true, "买买提 · 艾合买提", "买买提·艾合买提"},
        {FACT_TEXT, true, "　张 三　", "张三"},
        {FACT_TEXT, true, "Ｊｏｈｎ  Smith", "John Smith"},
        {FACT_TEXT, true, "张\u200b三\u2060", "张三"},
        {FACT_TEXT, true, "\u3000", ""},
        {FACT_TEXT, true, "\ufe0f\U000e0100", ""},
        {FACT_TEXT, true, "葛\U000e0100城", "葛\U000e0100城"},
        {FACT_TEXT, true, "张\u200d三", "张三"},
        {FACT_TEXT, true, "\u1828\u180e\u1820", "\u1828\u180e\u1820"},
        {FACT_TEXT, true, "张\u180e三\u180e", "张三"},
        {FACT_TEXT, false, "می\u200cخواهم", "می\u200cخواهم"},
        {FACT_TEXT, false, "\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"},
        {FACT_TEXT, false, "\u2764\ufe0f\u200d\U0001f525", "\u2764\ufe0f\u200d\U0001f525"},
        {FACT_TEXT, false, "JY\u200d1 \u200c\u200d", "JY1"},
        {FACT_TEXT, false, "\u200b\ufeff\u00a0", ""},
        {FACT_TEXT, false, " 一 二\n三 ", "一 二\n三"},
        {FACT_TEXT, false, "ａ・b", "ａ・b"},
        {FACT_IDCARD, false, "11010519491231002x", "11010519491231002X"},
        {FACT_IDCARD, false, "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"},
        {FACT_IDCARD, false, "110105 19491231 002X", "11010519491231002X"},
        {FACT_IDCARD, false, "军官证123456", "军官证123456"},
        {FACT_USCC, false, "91350100m000100y43", "91350100M000100Y43"},
        {FACT_PHONE, false, "１３８０００１２３４５", "13800012345"},
        {FACT_DATE, false, "2026年3月5日", "2026-03-05"},
        {FACT_DATE, false, "2026/3/5", "2026-03-05"},
        {FACT_DATE, false, "２０２６－０３－０５", "2026-03-05"},
        {FACT_DATE, false, "2026.12.31", "2026-12-31"},
        {FACT_DATE, false, "26/3/5", "26/3/5"},
        {FACT_DATE, false, "2026-3-5-1", "2026-3-5-1"},
        {FACT_DATE, false, "明天", "明天"},
        {FACT_CHOICE, false, " fine ", "fine"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct fact fact = {.id = STR("x"), .type = rows[i].type, .is_name = rows[i].is_name};
        struct json typed = json_of_str(str_from(rows[i].typed));
        struct json kept = typed;
        bool other = law_fact_normal(ctx->arena, &fact, &typed, &kept);
        CHECK_STR(kept.text, rows[i].kept);
        CHECK(other == !str_equal(typed.text, str_from(rows[i].kept)));
        struct json again = kept;
        CHECK(!law_fact_normal(ctx->arena, &fact, &kept, &again));
    }
}

TEST(law_normal_day_within_its_bounds)
{
    struct fact birth = {.id = STR("birth.day"),
                         .type = FACT_DATE,
                         .has_earliest = true,
                         .has_latest = true,
                         .earliest = {-150 * 12, 0}};
    struct day today = {20514}; /* 2026-03-02 */
    static const struct {
        const char *day;
        enum err err;
    } rows[] = {{"2026-03-02", ERR_OK}, {"2026-03-03", ERR_RANGE}, {"2126-01-01", ERR_RANGE},
                {"1876-03-02", ERR_OK}, {"1876-03-01", ERR_RANGE}, {"soon", ERR_OK}};
    for (size_t i = 0; i < LEN(rows); i++) {
        struct json v = json_of_str(str_from(rows[i].day));
        CHECK(law_fact_within(ctx, &birth, &v, today) == rows[i].err);
    }
    struct text2 rule = law_fact_rule(ctx->arena, &birth, today);
    CHECK(str_find(rule.zh, STR("不晚于 2026年3月2日")) != SIZE_MAX);
    CHECK(str_find(rule.en, STR("not after 2 March 2026")) != SIZE_MAX);
}
