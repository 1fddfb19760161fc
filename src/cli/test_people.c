/* One rule for days: whoever is told a last day may rely on it, whole (民法典 203), in what the
 * gate asks and in what people see. */
#include "base/day.h"
#include "base/json_make.h"
#include "cli/rooms.h"
#include "cli/test_play.h"
#include "gate/run.h"
#include "party/party.h"
#include "people/people.h"

static struct day day_of(const char *text)
{
    struct day d = {0};
    must(day_parse(str_from(text), &d));
    return d;
}

static void relate(struct story *s, const char *kind, const char *until)
{
    struct ctx *ctx = s->ctx;
    struct test *t = s->t;
    struct draft d = {.kind = STR("relate-party"), .fields = json_object()};
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    json_set(ctx->arena, &d.fields, STR("relation.from"), json_of_str(STR("p-lin")));
    json_set(ctx->arena, &d.fields, STR("relation.to"), json_of_str(STR("org-bake")));
    json_set(ctx->arena, &d.fields, STR("relation.kind"), json_of_str(str_from(kind)));
    json_set(ctx->arena, &d.fields, STR("relation.until"), json_of_str(str_from(until)));
    CHECK(story_submit(s, &d).verdict.admitted);
}

TEST(people_a_last_day_is_whole)
{
    struct story s;
    story_open(&s, t, ctx);
    story_set_day(&s, day_of("2026-03-02"));
    relate(&s, "legal-representative", "2026-12-31");
    const struct law *law = NULL;
    struct db *db = NULL;
    CHECK_OK(store_reader(ctx, s.stage.store, &db));
    CHECK_OK(gate_law(ctx, s.stage.gate, db, &law));
    static const struct {
        const char *day;
        bool holds;
    } rows[] = {
        {"2026-03-01", false}, {"2026-03-02", true}, {"2026-12-31", true}, {"2027-01-01", false}};
    for (size_t i = 0; i < LEN(rows); i++) {
        struct day day = day_of(rows[i].day);
        struct party_other *others = NULL;
        struct party_agent *agents = NULL;
        size_t other_count = 0;
        size_t agent_count = 0;
        bool heads = false;
        CHECK_OK(people_heads(ctx, db, law, STR("p-lin"), STR("org-bake"), day, &heads));
        CHECK_INT(heads, rows[i].holds);
        CHECK_OK(party_others(ctx, db, law, STR("p-lin"), day, &others, &other_count));
        bool listed = false;
        for (size_t k = 0; k < other_count; k++) {
            listed = listed || str_equal(others[k].id, STR("org-bake"));
        }
        CHECK_INT(listed, rows[i].holds);
        CHECK_OK(party_agents(ctx, db, law, STR("org-bake"), day, &agents, &agent_count));
        for (size_t k = 0; k < agent_count; k++) {
            bool its = str_equal(agents[k].relation.a, STR("p-lin"));
            CHECK(!its || agents[k].relation.last.n == day_of("2026-12-31").n);
            CHECK(!its || rows[i].holds || i == 0); /* what begins later is told as well */
        }
    }
    db_close(db);
    story_close(&s);
}
