/* Legal clocks through the gate: what the stories of the packs do not show. */
#include "base/day.h"
#include "base/json_make.h"
#include "cli/test_play.h"
#include "gate/read.h"

static struct json parsed(struct story *s, const char *text)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct json j = json_object();
    CHECK_OK(json_parse(ctx, str_from(text), STR("fields"), &j));
    return j;
}

/* What the food licence asks for. */
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

static struct receipt act(struct story *s, const char *by, const char *kind, const char *fields)
{
    struct test *t = s->t;
    bool party = by[0] == 'p';
    struct draft d = {.kind = str_from(kind), .case_id = s->case_id, .fields = parsed(s, fields)};
    d.actor = (struct actor){
        .kind = party ? ACTOR_PARTY : ACTOR_OFFICER, .id = str_from(by), .assurance = 2};
    if (s->case_id.n == 0) {
        d.item = STR("food-new");
        d.actor.for_id = STR("org-bake");
    }
    struct receipt r = story_submit(s, &d);
    CHECK_STR(r.verdict.code, "");
    s->case_id = s->case_id.n == 0 ? r.case_id : s->case_id;
    return r;
}

static struct case_clock clock_now(struct story *s, const char *limit)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct case_clock *clocks = NULL;
    struct case_clock hit = {0};
    struct db *reader = NULL;
    size_t count = 0;
    CHECK_OK(store_reader(ctx, s->stage.store, &reader));
    CHECK_OK(gate_clocks(ctx, s->stage.gate, reader, s->case_id, &clocks, &count));
    for (size_t i = 0; i < count; i++) {
        hit = str_equal(clocks[i].limit->id, str_from(limit)) ? clocks[i] : hit;
    }
    CHECK(hit.limit != NULL);
    db_close(reader);
    return hit;
}

/* The national pack with files more, as a new version. */
static struct law_pack_source next_pack(struct story *s, const struct law_file *more, size_t count)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct law_pack_source old;
    CHECK_OK(law_read_folder(ctx, "law/cn", &old));
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, old.count + count + 1);
    memcpy(files, old.files, old.count * sizeof(*files));
    for (size_t i = 0; i < count; i++) {
        files[old.count + i] = more[i];
    }
    return (struct law_pack_source){files, old.count + count};
}

static const char calendar_2027[] =
    "{\"year\":2027,\"notice\":{\"zh\":\"国务院办公厅关于2027年部分节假日安排的通知（虚构）\"},"
    "\"off\":{\"2027-01-01\":\"元旦\","
    "\"2027-01-02\":\"元旦\",\"2027-01-03\":\"元旦\",\"2027-01-04\":\"元旦\",\"2027-01-05\":"
    "\"元旦\"},\"work\":{\"2027-01-"
    "09\":\"元旦\"}}";

TEST(gate_a_clock_past_the_calendar_is_provisional_and_counted_anew)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-12-14");
    act(&s, "p-zhou", "apply", food);
    on(&s, "2026-12-15");
    struct receipt r = act(&s, "o-clerk", "accept", "{}");
    CHECK_STR(day_text(ctx->arena, r.due_day), "2027-01-13"); /* 1 January is off by statute */
    CHECK(clock_now(&s, "xk.decide").provisional);
    CHECK(!clock_now(&s, "xk.correct").provisional);

    struct law_file more = {STR("calendar/2027.json"), str_from(calendar_2027)};
    struct law_pack_source pack = next_pack(&s, &more, 1);
    story_publish(&s, &pack);
    struct case_clock c = clock_now(&s, "xk.decide");
    CHECK(!c.provisional);
    CHECK_STR(day_text(ctx->arena, c.due),
              "2027-01-14"); /* two days off more, a working Saturday more */
    CHECK_STR(day_text(ctx->arena, c.promised), "2026-12-22");

    on(&s, "2026-12-30");
    act(&s, "o-decider", "extend", "{\"case.reason\":\"检验未完\"}");
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2027-01-28");
    story_close(&s);
}

/* A stop that spans days which a later calendar takes off gives back fewer days. */
TEST(gate_days_lost_are_counted_by_the_calendar_as_published)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-12-14");
    act(&s, "p-zhou", "apply", food);
    on(&s, "2026-12-15");
    act(&s, "o-clerk", "accept", "{}");
    on(&s, "2026-12-30");
    struct receipt r =
        act(&s, "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}");
    struct case_clock c = clock_now(&s, "xk.decide");
    CHECK(c.state == CLOCK_STOPPED);
    CHECK_INT(c.stop_count, 1);
    CHECK_STR(c.stops[0].by, "suspend");
    CHECK_INT(c.stops[0].seq, r.seq);
    CHECK(c.stops[0].to.n < 0);
    on(&s, "2027-01-05");
    act(&s, "o-reviewer", "resume", "{}");
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due),
              "2027-01-18"); /* Monday to Friday: 4 days lost */

    struct law_file more = {STR("calendar/2027.json"), str_from(calendar_2027)};
    struct law_pack_source pack = next_pack(&s, &more, 1);
    story_publish(&s, &pack);
    c = clock_now(&s, "xk.decide");
    CHECK_INT(c.stop_count, 1);
    CHECK_STR(day_text(ctx->arena, c.stops[0].to), "2027-01-05");
    CHECK_STR(day_text(ctx->arena, c.due), "2027-01-15"); /* 2 days lost: the 31st and the 5th */
    story_close(&s);
}

static struct str with(struct arena *a, struct str text, const char *old, const char *new)
{
    size_t at = str_find(text, str_from(old));
    must(at != SIZE_MAX);
    return str_format(a, "%.*s%s%.*s", FMT(str_slice(text, 0, at)), new,
                      FMT(str_slice(text, at + strlen(old), text.n)));
}

/* The national pack in which decisions take fifteen working days, and what it says of running
 * cases. */
static struct law_pack_source shorter(struct story *s, const char *transition)
{
    struct ctx *ctx = s->ctx;
    struct law_pack_source pack = next_pack(s, NULL, 0);
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, pack.count);
    memcpy(files, pack.files, pack.count * sizeof(*files));
    for (size_t i = 0; i < pack.count; i++) {
        if (str_equal(files[i].path, STR("limit/行政许可法.json"))) {
            files[i].bytes = with(ctx->arena, files[i].bytes, "\"n\": 20,", "\"n\": 15,");
        } else if (str_equal(files[i].path, STR("pack.json"))) {
            files[i].bytes = with(ctx->arena, files[i].bytes, "\"pack\": \"cn\",", transition);
        }
    }
    return (struct law_pack_source){files, pack.count};
}

/* The same change of law twice: once running cases keep the old law, once the new law carries them
 * over. */
TEST(gate_a_running_case_keeps_its_law_unless_the_new_law_says_otherwise)
{
    static const struct {
        const char *head;
        const char *due;
        const char *extended;
    } rows[] = {
        {"\"pack\": \"cn\",", "2026-03-31", "2026-04-15"},
        {"\"pack\": \"cn\", \"transition\": [{\"cases\": \"keep\"}],", "2026-03-31", "2026-04-15"},
        {"\"pack\": \"cn\", \"transition\": [{\"cases\": \"new\", \"article\": "
         "\"行政许可法#42.1\"}],",
         "2026-03-24", "2026-04-08"}};
    for (size_t i = 0; i < LEN(rows); i++) {
        struct story s;
        story_open(&s, t, ctx);
        on(&s, "2026-03-02");
        act(&s, "p-zhou", "apply", food);
        on(&s, "2026-03-03");
        act(&s, "o-clerk", "accept", "{}");
        CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-03-31");
        on(&s, "2026-03-05");
        struct law_pack_source pack = shorter(&s, rows[i].head);
        story_publish(&s, &pack);
        CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), rows[i].due);
        on(&s, "2026-03-06");
        act(&s, "o-decider", "extend", "{\"case.reason\":\"检验未完\"}");
        CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), rows[i].extended);
        s.case_id = STR("");
        act(&s, "p-zhou", "apply", food); /* a new case is under the new law in any case */
        act(&s, "o-clerk", "accept", "{}");
        CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-03-27");
        story_close(&s);
    }
}

static struct str with_all(struct arena *a, struct str text, const char *old, const char *new)
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

/* A case that stands in a procedure called by its own goes on in it, however the called one looks
 * by then. */
TEST(gate_a_running_case_keeps_the_procedure_that_its_own_calls)
{
    static const char fields[] =
        "{\"penalty.suspicion\":\"时速超过规定百分之四十\",\"penalty.act_end\":\"2026-03-02\","
        "\"penalty.subject\":\"person\",\"penalty.facts_sure\":true,"
        "\"penalty.basis\":\"道路交通安全法第九十条\",\"penalty.over_percent\":40,\"penalty.cards_"
        "shown\":true,\"penalty.rights_told\":true,\"penalty.defence\":\"没有异议\","
        "\"penalty.measure\":\"fine\",\"penalty.fine\":20000,\"penalty.ticket\":\"9901010001\","
        "\"penalty.served_day\":\"2026-03-02\"}";
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    struct draft d = {
        .kind = STR("punish-on-spot"), .item = STR("cf-speed-spot"), .fields = parsed(&s, fields)};
    d.actor = (struct actor){.kind = ACTOR_OFFICER,
                             .id = STR("o-traffic"),
                             .co_id = STR("o-traffic2"),
                             .for_id = STR("p-zhou"),
                             .assurance = 2};
    struct receipt r = story_submit(&s, &d);
    CHECK_STR(r.verdict.code, "");
    s.case_id = r.case_id;
    on(&s, "2026-03-18");
    CHECK_INT(story_tick(&s), 1); /* overdue: now in the procedure that is called */
    on(&s, "2026-03-19");
    struct law_pack_source pack = next_pack(&s, NULL, 0);
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, pack.count);
    memcpy(files, pack.files, pack.count * sizeof(*files));
    bool changed = false;
    for (size_t i = 0; i < pack.count; i++) {
        if (str_equal(files[i].path, STR("procedure/execution.bpmn"))) {
            files[i].bytes =
                with(ctx->arena, with_all(ctx->arena, files[i].bytes, "\"overdue\"", "\"late\""),
                     "<userTask id=\"late\"",
                     "<task id=\"before\"/><sequenceFlow id=\"f-before\" sourceRef=\"before\" "
                     "targetRef=\"late\"/><userTask id=\"late\"");
            files[i].bytes = with(ctx->arena, files[i].bytes, "<tb:status name=\"late\"/>",
                                  "<tb:status name=\"overdue\"/>");
            files[i].bytes =
                with(ctx->arena, files[i].bytes, "sourceRef=\"entry\" targetRef=\"late\"",
                     "sourceRef=\"entry\" targetRef=\"before\"");
            changed = true;
        }
    }
    CHECK(changed);
    story_publish(&s, &(struct law_pack_source){files, pack.count});
    on(&s, "2026-03-20");
    struct case_state state;
    struct db *reader = NULL;
    bool found = false;
    CHECK_OK(stage_institutions(ctx, &s.stage));
    CHECK_OK(store_reader(ctx, s.stage.store, &reader));
    CHECK_OK(gate_case(ctx, s.stage.gate, reader, s.case_id, &state, &found));
    struct str number = json_text(&state.facts, "bill.number");
    struct draft pay = {.kind = STR("pay-fine"),
                        .case_id = s.case_id,
                        .actor = {.kind = ACTOR_CLIENT, .id = STR("channel-binhe"), .assurance = 2},
                        .fields =
                            parsed(&s, str_format(ctx->arena,
                                                  "{\"bill.number\":\"%.*s\",\"payment.id\":\"T1\","
                                                  "\"payment.sum\":20000}",
                                                  FMT(number))
                                           .p)};
    CHECK_STR(story_submit(&s, &pay).verdict.code, "");
    CHECK_OK(gate_case(ctx, s.stage.gate, reader, s.case_id, &state, &found));
    CHECK(found);
    CHECK_STR(state.status, "performed");
    db_close(reader);
    story_close(&s);
}
