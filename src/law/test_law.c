/* Packs in small: what loads, what is refused with file and line, limits and calendars by day. */
#include "base/day.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/test.h"
#include "base/token.h"
#include "law/law.h"
#include "law/law_in.h"

static bool load_packs(struct ctx *ctx, struct law **ret, struct law_problems *problems)
{
    struct law_pack_source packs[2];
    struct day today = {0};
    day_parse(STR("2026-03-02"), &today);
    return law_read_folder(ctx, "law/cn", &packs[0]) == ERR_OK &&
           law_read_folder(ctx, "law/cn-990101", &packs[1]) == ERR_OK &&
           law_load(ctx, ctx->arena, packs, 2, today, ret, problems) == ERR_OK;
}

static const struct {
    const char *limit;
    const char *start;
    const char *due;
} due_rows[] = {
    {"行政许可法#32.4", "2026-02-12", "2026-02-26"},
    {"行政许可法#32.4", "2026-02-13", "2026-02-27"},
    {"xk.decide", "2026-02-10", "2026-03-16"},
    {"xk.deliver", "2025-09-28", "2025-10-17"},
    {"dj.register", "2026-09-18", "2026-09-22"},
    {"xk.decide", "2020-01-22", "2020-02-27"},
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

/* The vectors of src/law/test_law.json. */
static struct json vectors(struct test *t, struct ctx *ctx, const char *name)
{
    struct str text;
    struct json d = json_object();
    CHECK_OK(file_read(ctx, "src/law/test_law.json", 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, STR("test_law.json"), &d));
    const struct json *v = json_get(&d, name);
    CHECK(v != NULL && v->count > 0);
    return v == NULL ? json_array() : *v;
}

TEST(law_counting_agrees_with_all_deadline_vectors)
{
    struct law *law = NULL;
    struct law_problems problems;
    struct json list = vectors(t, ctx, "deadlines");
    CHECK(load_packs(ctx, &law, &problems));
    for (size_t i = 0; law != NULL && i < list.count; i++) {
        const struct json *v = &list.items[i];
        enum limit_unit unit;
        struct day start;
        bool provisional = false;
        CHECK(parse_unit(json_text(v, "unit"), &unit) &&
              day_parse(json_text(v, "event_date"), &start));
        struct day due =
            law_day_after(law, start, (int32_t)json_int(v, "n", 0), unit, true, &provisional);
        CHECK_STR(day_text(ctx->arena, due), str_z(ctx->arena, json_text(v, "due")));
    }
}

/* The statute of a limit, without the year some write behind it. */
static bool is_of(const struct limit *l, struct str law)
{
    struct str rest = {0};
    return l->article.statute != NULL &&
           str_equal(l->article.statute->name, str_cut(law, ' ', &rest));
}

/* Every verified statutory limit is data, with its number and unit. */
TEST(law_holds_every_statutory_limit)
{
    struct law *law = NULL;
    struct law_problems problems;
    struct json list = vectors(t, ctx, "limits");
    CHECK(load_packs(ctx, &law, &problems));
    size_t count = 0;
    const struct limit *limits = law == NULL ? NULL : law_limits(law, &count);
    for (size_t i = 0; law != NULL && i < list.count; i++) {
        const struct json *v = &list.items[i];
        enum limit_unit unit;
        bool found = !str_equal(json_text(v, "src"), STR("v"));
        CHECK(parse_unit(json_text(v, "unit"), &unit));
        for (size_t k = 0; k < count && !found; k++) {
            found = limits[k].n == json_int(v, "n", -1) && limits[k].unit == unit &&
                    (str_equal(limits[k].id, json_text(v, "id")) ||
                     is_of(&limits[k], json_text(v, "law")));
        }
        test_check(t, found, str_z(ctx->arena, json_text(v, "id")), __FILE__, __LINE__);
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

/* Of a year whose calendar is not published yet the days that a statute fixes are off all the same;
 * what the year's notice will add is not known. */
TEST(law_knows_fixed_holidays_of_any_year)
{
    struct law *law = NULL;
    struct law_problems problems;
    CHECK(load_packs(ctx, &law, &problems));
    static const struct {
        struct civil day;
        bool works;
    } days[] = {{{2031, 1, 1}, false},  {{2031, 1, 2}, true},   {{2031, 5, 1}, false},
                {{2031, 5, 2}, false},  {{2031, 10, 1}, false}, {{2031, 10, 2}, false},
                {{2031, 10, 3}, false}, {{2031, 10, 6}, true},  {{2031, 10, 4}, false}};
    for (size_t i = 0; law != NULL && i < LEN(days); i++) {
        bool known = true;
        CHECK(law_is_workday(law, day_from_civil(days[i].day), &known) == days[i].works);
        CHECK(!known);
    }
    size_t count = 0;
    must(law != NULL);
    const struct day *off = law_days_named(law, ctx->arena, false, &count);
    CHECK(count > 100 && day_to_civil(off[0]).year == 2020);
    /* Also of years that no calendar is published for: what a statute takes off every year. */
    bool named[2] = {false, false};
    for (size_t i = 0; i < count; i++) {
        named[0] = named[0] || off[i].n == day_from_civil((struct civil){2031, 5, 1}).n;
        named[1] = named[1] || off[i].n == day_from_civil((struct civil){2031, 5, 6}).n;
    }
    CHECK(named[0] && !named[1]);
}

/* The slow way to the end of any limit: a day at a time from the start, and on to a working day. */
static struct day walked(const struct law *law, struct day start, int32_t n, enum limit_unit unit)
{
    bool known = false;
    struct day d = start;
    struct civil from = day_to_civil(start);
    int32_t months = unit == UNIT_YEAR ? n * 12 : unit == UNIT_MONTH ? n : 0;
    for (int32_t counted = 0; unit == UNIT_DAY && counted < n; counted++) {
        d = day_add(d, 1);
    }
    for (bool there = months == 0; !there;) {
        struct civil now = day_to_civil(d);
        struct civil next = day_to_civil(day_add(d, 1));
        bool right_month = (now.year - from.year) * 12 + now.month - from.month == months;
        there =
            right_month && (now.day == from.day ||
                            next.month != now.month); /* the matching day, or the month's last */
        d = there ? d : day_add(d, 1);
    }
    while (!law_is_workday(law, d, &known)) {
        d = day_add(d, 1);
    }
    return d;
}

TEST(law_days_months_and_years_agree_with_walking)
{
    static const enum limit_unit units[] = {UNIT_DAY, UNIT_MONTH, UNIT_YEAR};
    struct law *law = NULL;
    struct law_problems problems;
    CHECK(load_packs(ctx, &law, &problems));
    uint64_t random = 2463534242u;
    for (int round = 0; law != NULL && round < 3000; round++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        enum limit_unit unit = units[random % LEN(units)];
        struct day start = {18262 + (int32_t)((random >> 8) % 2300)};
        int32_t n = 1 + (int32_t)((random >> 40) % (unit == UNIT_DAY     ? 120
                                                    : unit == UNIT_MONTH ? 14
                                                                         : 3));
        bool provisional = false;
        CHECK_INT(law_day_after(law, start, n, unit, true, &provisional).n,
                  walked(law, start, n, unit).n);
    }
}

static const struct {
    const char *path;
    const char *bytes;
    const char *says;
} bad_rows[] = {
    {"act/accept.json", "{\"act\":\"accept\"", "expected ',' or '}'"},
    {"act/accept.json", "{\"act\":\"accepted\"}", "must stand in act/accepted.json"},
    {"act/zzz.json",
     "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#999\"],\"who\":{"
     "\"party\":true},\"case\":\"none\"}",
     "has no article 999"},
    {"act/zzz.json",
     "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"天地法#1\"],\"who\":{\"party\":"
     "true},\"case\":\"none\"}",
     "there is no statute"},
    {"act/zzz.json",
     "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{"
     "\"officer\":[\"king\"]},\"case\":\"none\"}",
     "role has no \"king\""},
    {"act/zzz.json",
     "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{"
     "\"party\":true},\"case\":\"none\",\"colour\":1}",
     "\"colour\" is not known here"},
    {"act/zzz.json",
     "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{"
     "\"party\":true},\"case\":\"in\",\"task\":true}",
     "no procedure awaits"},
    {"act/zzz.json",
     "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{"
     "\"party\":true},\"case\":\"none\",\"when\":\"1 +\"}",
     "when"},
    {"act/zzz.json",
     "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{"
     "\"party\":true},\"case\":\"none\",\"draws\":\"none\"}",
     "there is no document"},
    {"act/zzz.json",
     "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{"
     "\"party\":true},\"case\":\"none\",\"conditions\":[{\"when\":\"true\",\"text\":{\"zh\":\"x\"}}"
     "]}",
     "the article that refuses otherwise"},
    {"act/zzz.json",
     "{\"act\":\"zzz\",\"title\":{\"zh\":\"x\"},\"articles\":[\"行政许可法#22\"],\"who\":{"
     "\"party\":true},\"case\":\"none\",\"limit\":[{\"limit\":\"zzz\"}]}",
     "there is no limit"},
    {"limit/zzz.json",
     "{\"statute\":\"x\",\"limits\":[{\"limit\":\"z\",\"article\":\"行政许可法#22\",\"title\":{"
     "\"zh\":\"x\"},\"per\":\"office\",\"n\":3,\"unit\":\"day\",\"since\":\"case.reason\"}]}",
     "a fact that is a date"},
    {"limit/zzz.json",
     "{\"statute\":\"x\",\"limits\":[{\"limit\":\"z\",\"article\":\"行政许可法#22\",\"title\":{"
     "\"zh\":\"x\"},\"per\":\"office\",\"n\":3,\"unit\":\"week\"}]}",
     "unit is workday"},
    {"calendar/2027.json",
     "{\"year\":2027,\"notice\":{\"zh\":\"x\"},\"off\":{\"2026-01-01\":\"x\"}}",
     "is no day of 2027"},
    {"procedure/zzz.invariant.json", "{\"procedure\":\"zzz\",\"invariants\":[]}",
     "there is no procedure"},
    {"procedure/licensing.invariant.json",
     "{\"procedure\":\"licensing\",\"invariants\":[{\"id\":\"x\",\"title\":{\"zh\":\"x\"},"
     "\"never\":\"true\"}]}",
     "the article that forbids it"},
    {"procedure/licensing.invariant.json",
     "{\"procedure\":\"licensing\",\"invariants\":[{\"id\":\"x\",\"title\":{\"zh\":\"x\"},"
     "\"article\":\"行政许可法#38\",\"never\":\"proposal.outcome\",\"example\":{}}]}",
     "proposal"},
    {"procedure/zzz.bpmn", "<definitions/>", "root is not definitions"},
    {"procedure/zzz.bpmn", "<!DOCTYPE x [<!ENTITY a \"b\">]><x/>", "no document type"},
    {"item/zzz/decide.dmn",
     "<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" "
     "xmlns:tb=\"urn:tongban:1\" name=\"m\" namespace=\"m\">"
     "<inputData id=\"i\" name=\"n\"/><decision id=\"d\" "
     "name=\"d\"><informationRequirement><requiredInput href=\"#i\"/></informationRequirement>"
     "<decisionTable><input><inputExpression "
     "typeRef=\"number\"><text>n</text></inputExpression></input><output/>"
     "<rule tb:article=\"行政许可法#38\"><inputEntry><text>&gt; "
     "5</text></inputEntry><outputEntry><text>1</text></outputEntry></rule></decisionTable></"
     "decision></definitions>",
     "no rule covers: n = 4"},
    {"item/zzz/decide.dmn",
     "<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" "
     "xmlns:tb=\"urn:tongban:1\" name=\"m\" namespace=\"m\">"
     "<inputData id=\"i\" name=\"n\"/><decision id=\"d\" "
     "name=\"d\"><informationRequirement><requiredInput href=\"#i\"/></informationRequirement>"
     "<decisionTable><input><inputExpression "
     "typeRef=\"number\"><text>n</text></inputExpression></input><output/>"
     "<rule><inputEntry><text>-</text></inputEntry><outputEntry><text>1</text></outputEntry></"
     "rule></decisionTable></decision></definitions>",
     "rule 1 cites no article"},
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
            said = said ||
                   str_find(problems.items[k].sentence, str_from(bad_rows[i].says)) != SIZE_MAX;
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
    if (law_read_folder(ctx, "law/cn", &packs[0]) != ERR_OK ||
        law_read_folder(ctx, "law/cn-990101", &packs[1]) != ERR_OK) {
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
        buf_format(&b,
                   "%s{\"f\\u0061ct\":\"z.f%d\",\"title\":{\"zh\":\"x\"},\"type\":\"text\","
                   "\"class\":\"public\"}",
                   i == 0 ? "" : ",", i);
    }
    buf_puts(&b, "]}");
    CHECK(load_with(ctx, "fact/z.json", buf_str(&b), NULL));
}

TEST(law_an_office_that_stands_twice_is_a_fault)
{
    CHECK(load_with(ctx, "office/zz.json",
                    STR("{\"office\":\"bh-market\",\"title\":{\"zh\":\"x\"},\"place\":\"990101\","
                        "\"powers\":[{\"kind\":\"accept\","
                        "\"items\":[\"food-new\"],\"articles\":[\"行政许可法#22\"]}]}"),
                    "the office \"bh-market\" stands twice"));
}

static const struct {
    const char *pattern;
    bool plain;
} patterns[] = {
    {"[a-z0-9-]+", true},   {"(a(b|c)?)+d{2,3}", true},
    {"\\d+\\.\\d", true},   {"[]a]+", true},
    {"(?=a)b", false},      {"(a)\\1", false},
    {"(*UTF)a", false},     {"\\Qa", false},
    {"[[:alpha:]]", false}, {"(a", false},
    {"a)", false},          {"a\\", false},
};

TEST(law_patterns_are_plain)
{
    for (size_t i = 0; i < LEN(patterns); i++) {
        test_check(t, pattern_is_plain(str_from(patterns[i].pattern)) == patterns[i].plain,
                   patterns[i].pattern, __FILE__, __LINE__);
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

static const struct json *of_kind(const struct json *ids, const char *kind, const char *verdict)
{
    static const struct json none = {.kind = JSON_ARRAY};
    const struct json *list = json_get(json_get(ids, kind), verdict);
    return list == NULL ? &none : list;
}

TEST(law_identifiers_check)
{
    static const struct {
        const char *kind;
        bool (*is_valid)(struct str s);
    } kinds[] = {{"citizen_id_gb11643", idcard_is_valid},
                 {"uscc_gb32100", uscc_is_valid},
                 {"licence_id_gbt36904", licence_id_is_valid}};
    struct json ids = vectors(t, ctx, "ids");
    for (size_t i = 0; i < LEN(kinds); i++) {
        const struct json *good = of_kind(&ids, kinds[i].kind, "valid");
        const struct json *bad = of_kind(&ids, kinds[i].kind, "invalid");
        CHECK(good->count > 0 && bad->count > 0);
        for (size_t k = 0; k < good->count; k++) {
            test_check(t, kinds[i].is_valid(good->items[k].text),
                       str_z(ctx->arena, good->items[k].text), __FILE__, __LINE__);
        }
        for (size_t k = 0; k < bad->count; k++) {
            struct str v = json_text(&bad->items[k], "v");
            test_check(t, v.n > 0 && !kinds[i].is_valid(v), str_z(ctx->arena, v), __FILE__,
                       __LINE__);
        }
    }
    const struct json *orgs = of_kind(&ids, "org_code_gb11714", "valid");
    for (size_t k = 0; k < orgs->count; k++) {
        struct str body = json_text(&orgs->items[k], "body");
        struct str check = json_text(&orgs->items[k], "check");
        CHECK(orgcode_is_valid(str_format(ctx->arena, "%.*s%.*s", FMT(body), FMT(check))));
        CHECK(!orgcode_is_valid(
            str_format(ctx->arena, "%.*s%s", FMT(body), str_equal(check, STR("6")) ? "7" : "6")));
    }
    CHECK(!uscc_is_valid(STR("91350100M000100Z43")));
    CHECK(!uscc_is_valid(STR("91350100M000100Y4")));
    /* The outer check character is right, the organisation code inside is not. */
    CHECK(!uscc_is_valid(STR("91350100M000100Y56")));
    CHECK(!uscc_is_valid(STR("91440300708461137X")));
}

TEST(law_item_codes_are_built_as_the_standard_says)
{
    static const char *const wrong[] = {"11370800MB28559184337011700201",
                                        "11370800MB285591853370117002011",
                                        "11370800MB285591840370117002011",
                                        "11370800MB285591847370117002011",
                                        "11370800MB28559184337O117002011",
                                        "11370800MB28559184337011700I011",
                                        "11370800MB28559184337011700201100",
                                        "3701170020",
                                        "AB0117002011",
                                        "370117002S11",
                                        "11370800MB2855918433701170020110A"};
    struct json ids = vectors(t, ctx, "ids");
    const struct json *good = of_kind(&ids, "item_codes", "valid");
    for (size_t k = 0; k < good->count; k++) {
        struct str impl = json_text(&good->items[k], "impl31");
        CHECK(item_code_fault(impl) == NULL);
        CHECK(item_code_fault(json_text(&good->items[k], "basic12")) == NULL);
        CHECK(item_code_fault(str_format(ctx->arena, "%.*s01", FMT(impl))) == NULL);
        CHECK(uscc_is_valid(json_text(&good->items[k], "dept_uscc")));
        CHECK_STR(str_slice(impl, 0, 18),
                  str_z(ctx->arena, json_text(&good->items[k], "dept_uscc")));
        CHECK_STR(str_slice(impl, 18, 19), str_z(ctx->arena, json_text(&good->items[k], "level")));
        CHECK_STR(str_slice(impl, 19, 31),
                  str_z(ctx->arena, json_text(&good->items[k], "basic12")));
    }
    for (size_t i = 0; i < LEN(wrong); i++) {
        test_check(t, item_code_fault(str_from(wrong[i])) != NULL, wrong[i], __FILE__, __LINE__);
    }
}

TEST(law_official_texts_import)
{
    struct str name;
    struct str json;
    struct json statute;
    struct str text = STR("# 某法\n\n## 第一章 总则\n\n第一条 "
                          "为了甲，制定本法。\n\n第二条　本法所称乙：\n\n（一）丙；\n\n第二条之一 "
                          "丁。\n\n第三十二条 戊。\n");
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
    CHECK_ERR(law_import_statute(ctx, STR("某法(2019-04-23).md"), STR("第一条 \0"), &name, &json),
              ERR_SYNTAX);
    CHECK_ERR(law_import_statute(ctx, STR("某法(2019-04-23).md"), STR("没有条文"), &name, &json),
              ERR_SYNTAX);
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
    CHECK_OK(
        file_read(ctx, str_format(ctx->arena, "%.*s/%s", FMT(x->dir), name).p, 1 << 22, &text));
    CHECK_OK(law_import_statute(ctx, str_copy(ctx->arena, str_from(name)), text, &out_name, &out));
    CHECK_OK(json_parse(ctx, out, out_name, &official));
    size_t count = 0;
    const struct statute *list = law_statutes(x->law, &count);
    const struct json *articles = json_get(&official, "articles");
    for (size_t i = 0; i < count; i++) {
        if (!str_equal(list[i].name, json_text(&official, "statute")) ||
            !str_equal(list[i].version, json_text(&official, "version"))) {
            continue;
        }
        for (size_t k = 0; k < list[i].article_count; k++) {
            bool found = false;
            for (size_t m = 0; m < articles->count && !found; m++) {
                found = str_equal(json_text(&articles->items[m], "no"), list[i].articles[k].no);
            }
            test_check(
                t, found,
                str_format(ctx->arena, "%s has article %.*s", name, FMT(list[i].articles[k].no)).p,
                __FILE__, __LINE__);
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

TEST(law_a_card_is_as_grave_as_the_limit_was_late)
{
    static const struct {
        const char *limit;
        const char *done;
        const char *card; /* empty: none */
    } rows[] = {
        {"xk.decide", "2026-03-30", ""},       {"xk.decide", "2026-03-31", "yellow"},
        {"xk.decide", "2026-04-02", "yellow"}, {"xk.decide", "2026-04-03", "red"},
        {"xk.decide", "2026-05-30", "red"},    {"xk.hearing.ask", "2026-05-30", ""},
    };
    struct law *law = NULL;
    struct law_problems problems;
    struct day due;
    CHECK(load_packs(ctx, &law, &problems) && day_parse(STR("2026-03-30"), &due));
    for (size_t i = 0; law != NULL && i < LEN(rows); i++) {
        const struct limit *l = law_limit(law, str_from(rows[i].limit));
        struct day done;
        CHECK(day_parse(str_from(rows[i].done), &done));
        const struct card *card = l == NULL ? NULL : law_card(law, l, due, done);
        CHECK_STR(card == NULL ? STR("") : card->code, rows[i].card);
    }
}
