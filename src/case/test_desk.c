/* What an office has before it when powers move: at once on the day, for both, and before anybody
 * has acted. */
#include "base/day.h"
#include "case/case_in.h"
#include "cli/test_play.h"
#include "gate/run.h"
#include "party/party.h"

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
    struct day d = {0};
    must(day_parse(str_from(day), &d));
    story_set_day(s, d);
}

static void apply(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct draft d = {
        .kind = STR("apply"),
        .item = STR("food-new"),
        .actor = {
            .kind = ACTOR_PARTY, .id = STR("p-zhou"), .for_id = STR("org-bake"), .assurance = 2}};
    CHECK_OK(json_parse(ctx, str_from(food), STR("fields"), &d.fields));
    struct receipt r = story_submit(s, &d);
    CHECK_STR(r.verdict.code, "");
}

/* How many cases the office has before it, page by page, each once. */
static size_t before(struct story *s, const char *office, size_t most)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct db *db = NULL;
    struct desk_ask ask = {.most = most, .today = instant_day(s->stage.clock.now)};
    struct case_view_of_office_row last = {0};
    struct str seen = STR("");
    size_t sum = 0;
    bool more = true;
    CHECK_OK(store_reader(ctx, s->stage.store, &db));
    CHECK_OK(gate_law(ctx, s->stage.gate, db, &ask.law));
    ask.office = law_office(ask.law, str_from(office));
    for (int page = 0; more && page < 20; page++) {
        struct case_view_of_office_row *rows = NULL;
        size_t count = 0;
        CHECK_OK(case_desk(ctx, db, &ask, &rows, &count, &last, &more));
        for (size_t i = 0; i < count; i++) {
            CHECK(!str_equal(seen, rows[i].id));
            seen = rows[i].id;
        }
        sum += count;
        ask.after_day = last.due_day;
        ask.after_id = last.id;
    }
    CHECK(!more);
    db_close(db);
    return sum;
}

static void moved(struct test *t, struct ctx *ctx, const char *until, const char *by,
                  size_t old_after, size_t new_after)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    for (int i = 0; i < 5; i++) {
        apply(&s);
    }
    CHECK_INT(before(&s, "bh-market", 50), 5);
    CHECK_INT(before(&s, "bh-approval", 50), 0);
    story_move_food(&s, until, by);
    on(&s, "2026-03-13");
    CHECK_INT(before(&s, "bh-market", 2), 5);
    CHECK_INT(before(&s, "bh-approval", 2), 0);
    on(&s, "2026-03-16");
    CHECK_INT(before(&s, "bh-market", 50), old_after);
    CHECK_INT(before(&s, "bh-approval", 50), new_after);
    CHECK_INT(before(&s, "bh-market", 2), old_after);
    CHECK_INT(before(&s, "bh-approval", 2), new_after);
    story_close(&s);
}

static const char ended[] = "\"from\": \"2020-01-01\", \"until\": \"2026-03-16\"";

TEST(desk_moved_cases_stand_with_the_new_office_at_once)
{
    moved(t, ctx, ended, "\"basis\":\"transferred\",\"cases\":\"move\"", 0, 5);
}

TEST(desk_cases_that_stay_stand_with_the_old_office)
{
    moved(t, ctx, ended, "\"basis\":\"concentrated\",\"cases\":\"stay\"", 5, 0);
}

TEST(desk_an_entrusted_office_sees_what_it_may_handle)
{
    moved(t, ctx, "\"from\": \"2020-01-01\"", "\"basis\":\"entrusted\",\"until\":\"2026-12-18\"", 5,
          5);
}
