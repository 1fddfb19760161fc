/* Powers that move, are entrusted, or change under running cases: through the gate, with replay at
 * the end. */
#include <string.h>

#include "base/day.h"
#include "cli/test_play.h"
#include "gate/read.h"

static const char food[] =
    "{\"business.name\":\"滨河县禾木烘焙店\",\"premises.address\":\"滨河县东风路 6 "
    "号\",\"premises.area\":80,"
    "\"premises.pollution_distance_ok\":true,\"food.kind\":\"catering\",\"food.raw\":false,\"food."
    "manager\":\"林知夏\","
    "\"food.health_ok\":true,\"food.withdrawn_five_years\":false,\"person.phone\":\"13800006620\","
    "\"service.delivery\":\"electronic\",\"service.truth\":true,"
    "\"premises.plan\":{\"name\":\"a.pdf\",\"type\":\"application/pdf\",\"size\":9,\"sha256\":"
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},"
    "\"food.rules\":{\"name\":\"b.pdf\",\"type\":\"application/pdf\",\"size\":9,\"sha256\":"
    "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}}";

static void on(struct story *s, const char *day)
{
    struct test *t = s->t;
    struct day d = {0};
    CHECK(day_parse(str_from(day), &d));
    story_set_day(s, d);
}

/* One act in the case; or, for an application, a new case. */
static struct receipt act(struct story *s, const char *by, const char *kind, const char *fields)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    bool opens = strcmp(kind, "apply") == 0;
    struct draft d = {.kind = str_from(kind)};
    CHECK_OK(json_parse(ctx, str_from(fields), STR("fields"), &d.fields));
    d.actor = (struct actor){
        .kind = opens ? ACTOR_PARTY : ACTOR_OFFICER, .id = str_from(by), .assurance = 2};
    d.case_id = opens ? STR("") : s->case_id;
    if (opens) {
        d.item = STR("food-new");
        d.actor.for_id = STR("org-bake");
    }
    struct receipt r = story_submit(s, &d);
    s->case_id = opens ? r.case_id : s->case_id;
    return r;
}

static void admitted(struct story *s, struct receipt r)
{
    struct test *t = s->t;
    CHECK_STR(r.verdict.code, "");
}

static void refused(struct story *s, struct receipt r, const char *code, const char *cite)
{
    struct test *t = s->t;
    CHECK_STR(r.verdict.code, code);
    CHECK_STR(r.verdict.article.text, cite);
}

static struct str office_of_case(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct case_state c = {0};
    struct db *reader = NULL;
    bool found = false;
    CHECK_OK(store_reader(ctx, s->stage.store, &reader));
    CHECK_OK(gate_case(ctx, s->stage.gate, reader, s->case_id, &c, &found));
    db_close(reader);
    return c.office;
}

static struct str replaced(struct arena *a, struct str text, const char *old, const char *new)
{
    struct buf b = buf_new(a, 0);
    for (size_t at = str_find(text, str_from(old)); at != SIZE_MAX;
         at = str_find(text, str_from(old))) {
        buf_put(&b, str_slice(text, 0, at));
        buf_puts(&b, new);
        text = str_slice(text, at + strlen(old), text.n);
    }
    buf_put(&b, text);
    return buf_str(&b);
}

/* The powers over food licences, written for another office. */
static const char *food_powers(struct arena *a, const char *more)
{
    static const char *const kinds[] = {"accept", "review", "inspect", "decide",
                                        "issue",  "revoke", "override"};
    struct buf b = buf_new(a, 0);
    buf_puts(&b, "\"powers\": [");
    for (size_t i = 0; i < LEN(kinds); i++) {
        buf_format(
            &b,
            "{\"kind\":\"%s\",\"items\":[\"food-new\",\"food-renewal\",\"food-cancel\"],"
            "\"articles\":[\"行政许可法#25\"],\"from\":\"2026-03-16\",\"of\":[\"bh-market\"],%s},",
            kinds[i], more);
    }
    return str_z(a, buf_str(&b));
}

/* The sample pack, in which bh-approval has the powers of bh-market over food on 16 March by
 * `more`. */
void story_move_food(struct story *s, const char *until, const char *more)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct law_pack_source old;
    CHECK_OK(law_read_folder(ctx, "law/cn-990101", &old));
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, old.count);
    for (size_t i = 0; i < old.count; i++) {
        files[i] = old.files[i];
        if (str_equal(files[i].path, STR("office/bh-market.json"))) {
            files[i].bytes =
                replaced(ctx->arena, files[i].bytes, "\"from\": \"2020-01-01\"", until);
        } else if (str_equal(files[i].path, STR("office/bh-approval.json"))) {
            files[i].bytes = replaced(ctx->arena, files[i].bytes, "\"powers\": [",
                                      food_powers(ctx->arena, more));
        }
    }
    story_publish(s, &(struct law_pack_source){files, old.count});
}

static const char ended[] = "\"from\": \"2020-01-01\", \"until\": \"2026-03-16\"";

TEST(gate_running_cases_move_with_a_power_where_the_law_says_so)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    admitted(&s, act(&s, "p-zhou", "apply", food));
    on(&s, "2026-03-03");
    admitted(&s, act(&s, "o-clerk", "accept", "{}"));
    story_move_food(&s, ended, "\"basis\":\"transferred\",\"cases\":\"move\"");
    on(&s, "2026-03-13");
    refused(&s,
            act(&s, "o-approval-reviewer", "review-opinion",
                "{\"decision.opinion\":\"grant\",\"decision.reasons\":\"齐全\"}"),
            "competence.office", "行政许可法#22");
    on(&s, "2026-03-16");
    refused(&s,
            act(&s, "o-reviewer", "review-opinion",
                "{\"decision.opinion\":\"grant\",\"decision.reasons\":\"齐全\"}"),
            "competence.office", "行政许可法#25");
    admitted(&s,
             act(&s, "o-approval-reviewer", "review-opinion",
                 "{\"decision.opinion\":\"grant\",\"decision.reasons\":\"材料齐全，符合要求\"}"));
    CHECK_STR(office_of_case(&s), "bh-approval");
    refused(&s, act(&s, "o-decider", "grant", "{}"), "competence.office", "行政许可法#25");
    admitted(&s, act(&s, "o-approval-decider", "grant", "{}"));
    story_close(&s);
}

TEST(gate_running_cases_stay_where_they_are_where_the_law_says_so)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    admitted(&s, act(&s, "p-zhou", "apply", food));
    story_move_food(&s, ended, "\"basis\":\"concentrated\",\"cases\":\"stay\"");
    on(&s, "2026-03-17");
    struct str old = s.case_id;
    refused(&s,
            act(&s, "o-approval-reviewer", "review-opinion",
                "{\"decision.opinion\":\"grant\",\"decision.reasons\":\"齐全\"}"),
            "competence.office", "行政许可法#22");
    story_tick(&s); /* deemed accepted: nobody told them anything */
    admitted(&s,
             act(&s, "o-reviewer", "review-opinion",
                 "{\"decision.opinion\":\"grant\",\"decision.reasons\":\"材料齐全，符合要求\"}"));
    CHECK_STR(office_of_case(&s), "bh-market");

    admitted(&s, act(&s, "p-zhou", "apply", food));
    CHECK_STR(office_of_case(&s), "bh-approval");
    refused(&s, act(&s, "o-clerk", "accept", "{}"), "competence.office", "行政许可法#25");
    admitted(&s, act(&s, "o-approval-clerk", "accept", "{}"));
    s.case_id = old;
    admitted(&s, act(&s, "o-decider", "grant", "{}"));
    story_close(&s);
}

TEST(gate_an_entrusted_office_acts_for_the_one_that_entrusts)
{
    struct story s;
    story_open(&s, t, ctx);
    story_move_food(&s, "\"from\": \"2020-01-01\"",
                    "\"basis\":\"entrusted\",\"until\":\"2026-03-18\"");
    on(&s, "2026-03-13");
    admitted(&s, act(&s, "p-zhou", "apply", food));
    CHECK_STR(office_of_case(&s), "bh-market");
    refused(&s, act(&s, "o-approval-clerk", "accept", "{}"), "competence.office", "行政许可法#22");
    on(&s, "2026-03-16");
    admitted(&s, act(&s, "o-approval-clerk", "accept", "{}"));
    CHECK_STR(office_of_case(&s), "bh-market");
    on(&s, "2026-03-17");
    admitted(&s,
             act(&s, "o-reviewer", "review-opinion",
                 "{\"decision.opinion\":\"grant\",\"decision.reasons\":\"材料齐全，符合要求\"}"));
    on(&s, "2026-03-18");
    refused(&s, act(&s, "o-approval-decider", "grant", "{}"), "competence.office", "行政许可法#22");
    admitted(&s, act(&s, "o-decider", "grant", "{}"));
    story_close(&s);
}
