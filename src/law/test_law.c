#include "base/day.h"
#include "base/json.h"
#include "base/test.h"
#include "law/law.h"
#include "law/law_in.h"

static bool load_packs(struct ctx *ctx, struct law **ret, struct law_problems *problems)
{
    struct law_pack_source packs[2];
    struct day today = {0};
    day_parse(STR("2026-03-02"), &today);
    return law_read_folder(ctx, "law/cn", &packs[0]) == ERR_OK && law_read_folder(ctx, "law/cn-990101", &packs[1]) == ERR_OK &&
           law_load(ctx, ctx->arena, packs, 2, today, ret, problems) == ERR_OK;
}

static const struct {
    const char *limit;
    const char *start;
    const char *due;
} due_rows[] = {
    {"行政许可法#32.4", "2026-02-12", "2026-02-26"}, {"行政许可法#32.4", "2026-02-13", "2026-02-27"},
    {"xk.decide", "2026-02-10", "2026-03-16"},       {"xk.deliver", "2025-09-28", "2025-10-17"},
    {"dj.register", "2026-09-18", "2026-09-22"},     {"xk.decide", "2020-01-22", "2020-02-27"},
};

TEST(law_limits_end_on_the_days_the_vectors_give)
{
    struct law *law = NULL;
    struct law_problems problems;
    CHECK(load_packs(ctx, &law, &problems));
    for (size_t i = 0; law != NULL && i < LEN(due_rows); i++) {
        struct day start;
        struct due due;
        const struct limit *l = law_limit(law, str_from(due_rows[i].limit));
        CHECK(l != NULL && day_parse(str_from(due_rows[i].start), &start));
        if (l != NULL) {
            CHECK_OK(law_due(ctx, law, l, start, 0, true, &due));
            CHECK_STR(day_text(ctx->arena, due.day), due_rows[i].due);
            CHECK(!due.provisional);
        }
    }
    struct day far;
    struct due due;
    CHECK(day_parse(STR("2026-12-28"), &far));
    CHECK_OK(law_due(ctx, law, law_limit(law, STR("xk.decide")), far, 0, false, &due));
    CHECK(due.provisional); /* the calendar of 2027 is not published */
}

/* All the vectors of the shared data, by unit and number. */
TEST(law_counting_agrees_with_all_deadline_vectors)
{
    struct law *law = NULL;
    struct law_problems problems;
    struct str text;
    struct json d;
    if (test_data_dir() == NULL || !load_packs(ctx, &law, &problems)) {
        return;
    }
    CHECK_OK(file_read(ctx, str_format(ctx->arena, "%s/deadline-vectors.json", test_data_dir()).p, 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, STR("vectors"), &d));
    const struct json *list = json_get(&d, "vectors");
    for (size_t i = 0; i < list->count; i++) {
        const struct json *v = &list->items[i];
        enum limit_unit unit;
        struct day start;
        bool provisional = false;
        CHECK(parse_unit(json_text(v, "unit"), &unit) && day_parse(json_text(v, "event_date"), &start));
        struct day due = law_day_after(law, start, (int32_t)json_int(v, "n", 0), unit, true, &provisional);
        CHECK_STR(day_text(ctx->arena, due), str_z(ctx->arena, json_text(v, "due")));
    }
}

/* A second, slow way to count: day by day, from the list of working days. */
TEST(law_counting_agrees_with_counting_on_fingers)
{
    struct law *law = NULL;
    struct law_problems problems;
    CHECK(load_packs(ctx, &law, &problems));
    uint64_t random = 88172645463325252u;
    for (int round = 0; law != NULL && round < 2000; round++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        struct day start = {18262 + (int32_t)(random % 2400)};
        int32_t n = (int32_t)(random >> 40) % 40;
        bool provisional = false;
        struct day due = law_day_after(law, start, n, UNIT_WORKDAY, true, &provisional);
        int32_t counted = 0;
        bool known = false;
        for (struct day d = day_add(start, 1); d.n <= due.n; d = day_add(d, 1)) {
            counted += law_is_workday(law, d, &known);
        }
        CHECK_INT(counted, n);
        CHECK(n == 0 || law_is_workday(law, due, &known));
        CHECK_INT(law_days_between(law, start, due, UNIT_WORKDAY), n);
    }
}

static const struct {
    const char *path;
    const char *bytes;
    const char *says;
} bad_rows[] = {
    {"act/accept.json", "{\"act\":\"accept\"", "expected ',' or '}'"},
    {"act/accept.json", "{\"act\":\"accepted\"}", "must stand in act/accepted.json"},
    {"act/zzz.json", "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#999\"],\"who\":{\"party\":true},\"case\":\"none\"}", "has no article 999"},
    {"act/zzz.json", "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"天地法#1\"],\"who\":{\"party\":true},\"case\":\"none\"}", "there is no statute"},
    {"act/zzz.json", "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{\"officer\":[\"king\"]},\"case\":\"none\"}", "role has no \"king\""},
    {"act/zzz.json", "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{\"party\":true},\"case\":\"none\",\"colour\":1}", "\"colour\" is not known here"},
    {"act/zzz.json", "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{\"party\":true},\"case\":\"in\",\"task\":true}", "no procedure awaits"},
    {"act/zzz.json", "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{\"party\":true},\"case\":\"none\",\"when\":\"1 +\"}", "when"},
    {"act/zzz.json", "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{\"party\":true},\"case\":\"none\",\"draws\":\"none\"}", "there is no document"},
    {"act/zzz.json", "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{\"party\":true},\"case\":\"none\",\"conditions\":[{\"when\":\"true\",\"text\":{\"zh\":\"x\"}}]}", "the article that refuses otherwise"},
    {"act/zzz.json", "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{\"party\":true},\"case\":\"none\",\"limit\":[{\"limit\":\"zzz\"}]}", "there is no limit"},
    {"limit/zzz.json", "{\"statute\":\"x\",\"limits\":[{\"limit\":\"z\",\"article\":\"行政许可法#22\",\"title\":{\"zh\":\"x\"},\"per\":\"office\",\"n\":3,\"unit\":\"day\",\"since\":\"case.reason\"}]}", "a fact that is a date"},
    {"limit/zzz.json", "{\"statute\":\"x\",\"limits\":[{\"limit\":\"z\",\"article\":\"行政许可法#22\",\"title\":{\"zh\":\"x\"},\"per\":\"office\",\"n\":3,\"unit\":\"week\"}]}", "unit is workday"},
    {"calendar/2027.json", "{\"year\":2027,\"notice\":{\"zh\":\"x\"},\"off\":{\"2026-01-01\":\"x\"}}", "is no day of 2027"},
    {"procedure/zzz.bpmn", "<definitions/>", "root is not definitions"},
    {"procedure/zzz.bpmn", "<!DOCTYPE x [<!ENTITY a \"b\">]><x/>", "no document type"},
    {"nowhere/zzz.txt", "x", "no place for this file"},
};

TEST(law_a_broken_pack_is_refused_with_file_and_reason)
{
    for (size_t i = 0; i < LEN(bad_rows); i++) {
        struct arena *arena = arena_new((size_t)1 << 30);
        struct ctx inner = {.arena = arena, .world = ctx->world};
        struct law_pack_source packs[2];
        struct law_problems problems = {0};
        struct law *law = NULL;
        struct day today = {20500};
        CHECK_OK(law_read_folder(&inner, "law/cn", &packs[0]));
        struct law_file *files = ARENA_ARRAY(arena, struct law_file, packs[0].count + 1);
        size_t count = 0;
        for (size_t k = 0; k < packs[0].count; k++) {
            if (!str_equal(packs[0].files[k].path, str_from(bad_rows[i].path))) {
                files[count++] = packs[0].files[k];
            }
        }
        files[count++] = (struct law_file){str_from(bad_rows[i].path), str_from(bad_rows[i].bytes)};
        packs[0] = (struct law_pack_source){files, count};
        CHECK(law_load(&inner, arena, packs, 1, today, &law, &problems) != ERR_OK);
        bool said = false;
        for (size_t k = 0; k < problems.count; k++) {
            said = said || str_find(problems.items[k].sentence, str_from(bad_rows[i].says)) != SIZE_MAX;
        }
        test_check(t, said, bad_rows[i].says, __FILE__, __LINE__);
        arena_free(arena);
    }
}

/* Load the sample packs with one file more in the second; is this sentence said of it? */
static bool load_with(struct ctx *ctx, const char *path, struct str bytes, const char *says)
{
    struct law_pack_source packs[2];
    struct law_problems problems = {0};
    struct law *law = NULL;
    struct day today = {20500};
    if (law_read_folder(ctx, "law/cn", &packs[0]) != ERR_OK || law_read_folder(ctx, "law/cn-990101", &packs[1]) != ERR_OK) {
        return false;
    }
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, packs[1].count + 1);
    memcpy(files, packs[1].files, packs[1].count * sizeof(*files));
    files[packs[1].count] = (struct law_file){str_from(path), bytes};
    packs[1] = (struct law_pack_source){files, packs[1].count + 1};
    bool said = law_load(ctx, ctx->arena, packs, 2, today, &law, &problems) == ERR_OK;
    for (size_t i = 0; i < problems.count && says != NULL; i++) {
        said = said || (str_equal(problems.items[i].file, str_from(path)) &&
                        str_find(problems.items[i].sentence, str_from(says)) != SIZE_MAX);
    }
    return said;
}

/* Tables are as large as what is read into them, whatever way a name is written. */
TEST(law_names_written_with_escapes_are_counted)
{
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, "{\"subject\":\"z\",\"title\":{\"zh\":\"x\"},\"facts\":[");
    for (int i = 0; i < 4000; i++) {
        buf_format(&b, "%s{\"f\\u0061ct\":\"z.f%d\",\"title\":{\"zh\":\"x\"},\"type\":\"text\",\"class\":\"public\"}", i == 0 ? "" : ",", i);
    }
    buf_puts(&b, "]}");
    CHECK(load_with(ctx, "fact/z.json", buf_str(&b), NULL));
}

TEST(law_an_office_that_stands_twice_is_a_fault)
{
    CHECK(load_with(ctx, "office/zz.json",
                    STR("{\"office\":\"bh-market\",\"title\":{\"zh\":\"x\"},\"place\":\"990101\",\"powers\":[{\"kind\":\"accept\","
                        "\"items\":[\"food-new\"],\"articles\":[\"行政许可法#22\"]}]}"),
                    "the office \"bh-market\" stands twice"));
}

static const struct {
    const char *pattern;
    bool plain;
} patterns[] = {
    {"[a-z0-9-]+", true},  {"(a(b|c)?)+d{2,3}", true}, {"\\d+\\.\\d", true}, {"[]a]+", true},   {"(?=a)b", false}, {"(a)\\1", false},
    {"(*UTF)a", false},    {"\\Qa", false},            {"[[:alpha:]]", false}, {"(a", false},   {"a)", false},     {"a\\", false},
};

TEST(law_patterns_are_plain)
{
    for (size_t i = 0; i < LEN(patterns); i++) {
        test_check(t, pattern_is_plain(str_from(patterns[i].pattern)) == patterns[i].plain, patterns[i].pattern, __FILE__, __LINE__);
    }
    struct law *law = NULL;
    struct law_problems problems;
    CHECK(load_packs(ctx, &law, &problems));
    const struct fact *uri = law == NULL ? NULL : law_fact(law, STR("client.redirect_uris"));
    CHECK(uri != NULL);
    struct json list = json_array();
    json_push(ctx->arena, &list, json_of_str(STR("https://a.example.org/back?x=1")));
    CHECK_OK(law_fact_check(ctx, uri, &list));
    json_push(ctx->arena, &list, json_of_str(STR("https://a.example.org/ back")));
    CHECK_ERR(law_fact_check(ctx, uri, &list), ERR_SYNTAX);
}

TEST(law_identifiers_check)
{
    struct str text;
    struct json d;
    CHECK(idcard_is_valid(STR("11010519491231002X"))); /* the example of GB 11643 */
    CHECK(!idcard_is_valid(STR("110105194912310021")));
    CHECK(!idcard_is_valid(STR("11010519490231002X")));
    CHECK(!uscc_is_valid(STR("91350100M000100Y44")));
    CHECK(uscc_is_valid(STR("91350100M000100Y43"))); /* the example of GB 32100 */
    if (test_data_dir() == NULL) {
        return;
    }
    CHECK_OK(file_read(ctx, str_format(ctx->arena, "%s/id-vectors.json", test_data_dir()).p, 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, STR("ids"), &d));
    CHECK(d.count > 0);
}

TEST(law_official_texts_import)
{
    struct str name;
    struct str json;
    struct json statute;
    struct str text = STR("# 某法\n\n## 第一章 总则\n\n第一条 为了甲，制定本法。\n\n第二条　本法所称乙：\n\n（一）丙；\n\n第二条之一 丁。\n\n第三十二条 戊。\n");
    CHECK_OK(law_import_statute(ctx, STR("某法(2019-04-23).md"), text, &name, &json));
    CHECK_STR(name, "某法.2019-04-23.json");
    CHECK_OK(json_parse(ctx, json, STR("statute"), &statute));
    const struct json *articles = json_get(&statute, "articles");
    CHECK_INT(articles->count, 4);
    CHECK_STR(json_text(&articles->items[1], "no"), "2");
    CHECK_STR(json_text(json_get(&articles->items[1], "text"), "zh"), "本法所称乙：\n（一）丙；");
    CHECK_STR(json_text(&articles->items[2], "no"), "2-1");
    CHECK_STR(json_text(&articles->items[3], "no"), "32");
    CHECK_ERR(law_import_statute(ctx, STR("x.md"), text, &name, &json), ERR_SYNTAX);
    CHECK_ERR(law_import_statute(ctx, STR("某法(2019-04-23).md"), STR("第一条 \0"), &name, &json), ERR_SYNTAX);
    CHECK_ERR(law_import_statute(ctx, STR("某法(2019-04-23).md"), STR("没有条文"), &name, &json), ERR_SYNTAX);
}

struct texts {
    struct test *t;
    struct ctx *ctx;
    struct law *law;
    struct str dir;
    size_t held;
};

/* One official text: every article our packs state of this version must be an article of it. */
static void each_text(void *arg, const char *name, bool is_dir)
{
    struct texts *x = arg;
    struct test *t = x->t;
    struct ctx *ctx = x->ctx;
    struct str text;
    struct str out_name;
    struct str out;
    struct json official;
    if (is_dir || !str_ends(str_from(name), STR(").md"))) {
        return;
    }
    CHECK_OK(file_read(ctx, str_format(ctx->arena, "%.*s/%s", FMT(x->dir), name).p, 1 << 22, &text));
    CHECK_OK(law_import_statute(ctx, str_copy(ctx->arena, str_from(name)), text, &out_name, &out));
    CHECK_OK(json_parse(ctx, out, out_name, &official));
    size_t count = 0;
    const struct statute *list = law_statutes(x->law, &count);
    const struct json *articles = json_get(&official, "articles");
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(list[i].name, json_text(&official, "statute")) || !str_equal(list[i].version, json_text(&official, "version"))) {
            continue;
        }
        for (size_t k = 0; k < list[i].article_count; k++) {
            bool found = false;
            for (size_t m = 0; m < articles->count && !found; m++) {
                found = str_equal(json_text(&articles->items[m], "no"), list[i].articles[k].no);
            }
            test_check(t, found, str_format(ctx->arena, "%s has article %.*s", name, FMT(list[i].articles[k].no)).p, __FILE__, __LINE__);
            x->held++;
        }
    }
}

TEST(law_every_article_stated_is_in_the_official_text)
{
    struct law *law = NULL;
    struct law_problems problems;
    struct texts x = {.t = t, .ctx = ctx};
    if (test_data_dir() == NULL) {
        return;
    }
    x.dir = str_format(ctx->arena, "%s/../law-texts", test_data_dir());
    if (ctx->world->exists(ctx->world, x.dir.p) != 0 || !load_packs(ctx, &law, &problems)) {
        return;
    }
    x.law = law;
    CHECK_INT(ctx->world->list(ctx->world, x.dir.p, each_text, &x), 0);
    CHECK(x.held > 50);
}
