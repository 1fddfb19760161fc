/* Law is published while cases run: where they stand then, which clocks and timers they have, and
 * what becomes of those that have no place in the new procedure. The packs are those of the
 * samples, with a few words changed. */
#include "base/day.h"
#include "base/json_make.h"
#include "cli/rooms.h"
#include "bpmn/state.h"
#include "cli/test_play.h"
#include "gate/read.h"
#include "gate/run.h"
#include "jobs/jobs.h"
#include "limit_gen.h"

#define NEW_CASES                                                                                  \
    "\"pack\": \"cn\", \"transition\": [{\"cases\": \"new\", \"article\": \"行政许可法#42.1\"}],"

/* The first `from` in a file of the national pack becomes `to`; empty path: none. */
struct edit {
    const char *path;
    const char *from;
    const char *to;
};

static struct json parsed(struct story *s, const char *text)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct json j = json_object();
    CHECK_OK(json_parse(ctx, str_from(text), STR("fields"), &j));
    return j;
}

static const char food[] =
    "{\"business.name\":\"滨河县禾木烘焙店\",\"premises.address\":\"滨河县东风路 6 "
    "号\",\"premises.area\":80,\"premises.pollution_distance_ok\":true,\"food.kind\":\"catering\","
    "\"food.raw\":false,\"food.manager\":\"林知夏\",\"food.health_ok\":true,"
    "\"food.withdrawn_five_years\":false,\"person.phone\":\"13800006620\","
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

static void act(struct story *s, const char *by, const char *kind, const char *fields)
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
}

static struct str changed(struct test *t, struct arena *a, struct str text, const struct edit *e)
{
    size_t at = str_find(text, str_from(e->from));
    test_check(t, at != SIZE_MAX, e->from, __FILE__, __LINE__);
    return at == SIZE_MAX ? text
                          : str_format(a, "%.*s%s%.*s", FMT(str_slice(text, 0, at)), e->to,
                                       FMT(str_slice(text, at + strlen(e->from), text.n)));
}

static void publish(struct story *s, const struct edit *edits, size_t count)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct law_pack_source pack;
    size_t kept = 0;
    CHECK_OK(law_read_folder(ctx, "law/cn", &pack));
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, pack.count + 1);
    for (size_t i = 0; i < pack.count; i++) {
        if (str_starts(pack.files[i].path, STR("test/"))) {
            continue;
        }
        files[kept] = pack.files[i];
        for (size_t k = 0; k < count; k++) {
            if (str_equal(files[kept].path, str_from(edits[k].path))) {
                files[kept].bytes = changed(t, ctx->arena, files[kept].bytes, &edits[k]);
            }
        }
        kept++;
    }
    story_publish(s, &(struct law_pack_source){files, kept});
}

static struct case_state state_now(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct case_state state = {0};
    struct db *reader = NULL;
    bool found = false;
    CHECK_OK(store_reader(ctx, s->stage.store, &reader));
    CHECK_OK(gate_case(ctx, s->stage.gate, reader, s->case_id, &state, &found));
    CHECK(found);
    db_close(reader);
    return state;
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
    db_close(reader);
    return hit;
}

/* The kinds of act that the procedure awaits of this officer, with a blank behind each. */
static struct str awaited(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct case_state state = state_now(s);
    const struct item *item = law_item(state.law, state.item);
    struct bpmn_state *tokens = NULL;
    struct buf b = buf_new(ctx->arena, 0);
    size_t count = 0;
    const struct act_kind *kinds = law_acts(state.law, &count);
    CHECK_OK(bpmn_state_read(ctx, item->procedure, state.tokens, &tokens));
    for (size_t i = 0; i < count; i++) {
        if (kinds[i].task && bpmn_may(item->procedure, tokens, kinds[i].kind)) {
            buf_format(&b, "%.*s ", FMT(kinds[i].kind));
        }
    }
    return buf_str(&b);
}

/* ---- where cases stand ---- */

/* A step before the examination: it awaits nobody, but every element behind it has another place
 * in the document. */
static const struct edit a_step_before[] = {
    {"pack.json", "\"pack\": \"cn\",", NEW_CASES},
    {"procedure/licensing.bpmn", "<userTask id=\"work\"",
     "<task id=\"mark\"/><userTask id=\"work\""},
    {"procedure/licensing.bpmn",
     "<sequenceFlow id=\"g1\" sourceRef=\"r-start\" targetRef=\"work\"/>",
     "<sequenceFlow id=\"g1\" sourceRef=\"r-start\" targetRef=\"mark\"/>"
     "<sequenceFlow id=\"g1b\" sourceRef=\"mark\" targetRef=\"work\"/>"},
};

static const struct {
    const char *what;
    const char *by, *kind, *fields; /* how it came to stand there */
} stands[] = {
    {"examination", "o-clerk", "accept", "{}"},
    {"stopped", "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}"},
    {"examination once more", "o-reviewer", "resume", "{}"},
    {"examination, extended", "o-decider", "extend", "{\"case.reason\":\"检验未完\"}"},
    {"stopped again", "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}"},
};

TEST(gate_cases_stand_where_they_stood_when_a_step_is_put_in)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    act(&s, "p-zhou", "apply", food);
    for (size_t i = 0; i < LEN(stands); i++) {
        act(&s, stands[i].by, stands[i].kind, stands[i].fields);
        struct str before = awaited(&s);
        struct case_state was = state_now(&s);
        CHECK(before.n > 0);
        publish(&s, a_step_before, LEN(a_step_before));
        struct case_state is = state_now(&s);
        test_check(t, str_equal(awaited(&s), before), stands[i].what, __FILE__, __LINE__);
        CHECK_STR(is.status, str_z(ctx->arena, was.status));
        CHECK(str_equal(is.tokens, was.tokens) && !is.kept);
        CHECK(is.law != was.law);
    }
    story_close(&s);
}

/* A timer and an event that are new where the case stands; its clock begins with the transition. */
static const struct edit a_timer_more[] = {
    {"pack.json", "\"pack\": \"cn\",", NEW_CASES},
    {"procedure/licensing.bpmn", "<exclusiveGateway id=\"work-way\"",
     "<boundaryEvent id=\"work-late\" attachedToRef=\"work\" cancelActivity=\"false\">"
     "<timerEventDefinition><extensionElements><tb:act kind=\"lapse-hearing-right\"/>"
     "<tb:limit ref=\"xk.hearing.ask\"/></extensionElements></timerEventDefinition></boundaryEvent>"
     "<endEvent id=\"work-noted\"/><sequenceFlow id=\"g-late\" sourceRef=\"work-late\" "
     "targetRef=\"work-noted\"/><exclusiveGateway id=\"work-way\""},
};
static const struct edit as_it_was[] = {{"pack.json", "\"pack\": \"cn\",", NEW_CASES}};

static size_t timers_of(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct case_state state = state_now(s);
    struct bpmn_state *tokens = NULL;
    CHECK_OK(
        bpmn_state_read(ctx, law_item(state.law, state.item)->procedure, state.tokens, &tokens));
    return tokens->timer_count;
}

TEST(gate_timers_and_clocks_of_the_new_law_begin_and_those_gone_end)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    act(&s, "p-zhou", "apply", food);
    act(&s, "o-clerk", "accept", "{}");
    CHECK(clock_now(&s, "xk.hearing.ask").limit == NULL);
    CHECK_INT(timers_of(&s), 0);
    struct day due = clock_now(&s, "xk.decide").due;
    on(&s, "2026-03-04");
    publish(&s, a_timer_more, LEN(a_timer_more));
    struct case_clock c = clock_now(&s, "xk.hearing.ask");
    CHECK(c.limit != NULL && c.state == CLOCK_RUNNING);
    CHECK_STR(day_text(ctx->arena, c.started), "2026-03-04");
    CHECK_STR(day_text(ctx->arena, c.due), "2026-03-11");
    CHECK_INT(timers_of(&s), 1);
    CHECK(clock_now(&s, "xk.decide").due.n == due.n); /* what runs on counts from its own day */
    on(&s, "2026-03-05");
    publish(&s, as_it_was, LEN(as_it_was));
    CHECK_INT(timers_of(&s), 0);
    CHECK(clock_now(&s, "xk.hearing.ask").state == CLOCK_MET);
    on(&s, "2026-03-12");
    CHECK_INT(story_tick(&s), 0); /* its timer is gone with it */
    publish(&s, a_timer_more, LEN(a_timer_more));
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.hearing.ask").due), "2026-03-19");
    on(&s, "2026-03-20");
    CHECK_INT(story_tick(&s), 1);
    CHECK_INT(story_tick(&s), 0);
    CHECK_INT(timers_of(&s), 0);
    story_close(&s);
}

/* A clock that runs for a timer and nothing else. When the timer fires it has run out, and when
 * what carries the timer goes it is met; set again, it begins anew. */
TEST(gate_a_clock_of_a_timer_alone_ends_with_it)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    publish(&s, a_timer_more, LEN(a_timer_more));
    act(&s, "p-zhou", "apply", food);
    act(&s, "o-clerk", "accept", "{}");
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.hearing.ask").due), "2026-03-09");
    on(&s, "2026-03-10");
    CHECK_INT(story_tick(&s), 1);
    CHECK(clock_now(&s, "xk.hearing.ask").state == CLOCK_MET);
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.hearing.ask").ended), "2026-03-10");
    CHECK(clock_now(&s, "xk.decide").state == CLOCK_RUNNING);
    act(&s, "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}");
    on(&s, "2026-03-12");
    act(&s, "o-reviewer", "resume", "{}"); /* at the examination again, where the timer is */
    struct case_clock again = clock_now(&s, "xk.hearing.ask");
    CHECK(again.state == CLOCK_RUNNING);
    CHECK_STR(day_text(ctx->arena, again.started), "2026-03-12");
    CHECK_STR(day_text(ctx->arena, again.due), "2026-03-19");
    on(&s, "2026-03-13");
    CHECK_INT(story_tick(&s), 0);
    act(&s, "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}");
    CHECK_INT(timers_of(&s), 0);
    CHECK(clock_now(&s, "xk.hearing.ask").state == CLOCK_MET);
    on(&s, "2026-03-23");
    CHECK_INT(story_tick(&s), 0);
    story_close(&s);
}

/* The place is no more: the case goes on under its own law, and says so until it is carried over
 * after all. */
static const struct edit a_step_gone[] = {
    {"pack.json", "\"pack\": \"cn\",", NEW_CASES},
    {"procedure/licensing.bpmn", "<userTask id=\"suspended\"", "<userTask id=\"paused\""},
    {"procedure/licensing.bpmn", "targetRef=\"suspended\"", "targetRef=\"paused\""},
    {"procedure/licensing.bpmn", "sourceRef=\"suspended\"", "sourceRef=\"paused\""},
};

TEST(gate_a_case_without_a_place_keeps_its_law_and_says_so)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    act(&s, "p-zhou", "apply", food);
    act(&s, "o-clerk", "accept", "{}");
    act(&s, "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}");
    struct case_state was = state_now(&s);
    CHECK(!was.kept);
    on(&s, "2026-03-04");
    publish(&s, a_step_gone, LEN(a_step_gone));
    struct case_state is = state_now(&s);
    CHECK(is.kept && is.law == was.law);
    CHECK_STR(is.kept_at, "suspended");
    CHECK_STR(is.kept_why, "gone");
    CHECK_STR(day_text(ctx->arena, is.kept_day), "2026-03-04");
    on(&s, "2026-03-09");
    act(&s, "o-reviewer", "resume", "{}");
    CHECK(state_now(&s).kept);
    publish(&s, a_step_gone, LEN(a_step_gone)); /* it stands at a step that both have now */
    is = state_now(&s);
    CHECK(!is.kept && is.law != was.law);
    act(&s, "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}");
    CHECK(str_find(state_now(&s).tokens, STR("paused")) != SIZE_MAX);
    story_close(&s);
}

/* ---- a calendar at short notice ---- */

static const struct edit two_days_off[] = {
    {"calendar/2026.json", "\"off\": {",
     "\"off\": {\"2026-03-16\": \"临时\", \"2026-03-17\": \"临时\", "},
};
static const struct edit a_day_behind_off[] = {
    {"calendar/2026.json", "\"off\": {", "\"off\": {\"2026-06-16\": \"临时\", "},
};

TEST(gate_a_calendar_at_short_notice_counts_every_running_clock)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    act(&s, "p-zhou", "apply", food);
    act(&s, "o-clerk", "accept", "{}");
    CHECK(!clock_now(&s, "xk.decide").provisional);
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-03-30");
    on(&s, "2026-03-12");
    publish(&s, a_day_behind_off, LEN(a_day_behind_off)); /* behind its last day */
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-03-30");
    publish(&s, two_days_off, LEN(two_days_off));
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-04-01");
    struct day promised = clock_now(&s, "xk.decide").promised;
    publish(&s, two_days_off, LEN(two_days_off)); /* once more: the same */
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-04-01");
    CHECK(clock_now(&s, "xk.decide").promised.n == promised.n);
    CHECK(clock_now(&s, "xk.correct").state == CLOCK_MET);
    publish(&s, NULL, 0); /* and taken back */
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-03-30");
    story_close(&s);
}

/* ---- law published ahead of its first day ---- */

#define FROM_MARCH_10                                                                              \
    {                                                                                              \
        "pack.json", "\"from\": \"2020-01-01\"", "\"from\": \"2026-03-10\""                        \
    }

static const struct edit a_timer_more_ahead[] = {
    FROM_MARCH_10,
    {"pack.json", "\"pack\": \"cn\",", NEW_CASES},
    {"procedure/licensing.bpmn", "<exclusiveGateway id=\"work-way\"",
     "<boundaryEvent id=\"work-late\" attachedToRef=\"work\" cancelActivity=\"false\">"
     "<timerEventDefinition><extensionElements><tb:act kind=\"lapse-hearing-right\"/>"
     "<tb:limit ref=\"xk.hearing.ask\"/></extensionElements></timerEventDefinition></boundaryEvent>"
     "<endEvent id=\"work-noted\"/><sequenceFlow id=\"g-late\" sourceRef=\"work-late\" "
     "targetRef=\"work-noted\"/><exclusiveGateway id=\"work-way\""},
};
static const struct edit days_off_ahead[] = {
    FROM_MARCH_10,
    {"calendar/2026.json", "\"off\": {",
     "\"off\": {\"2026-03-16\": \"临时\", \"2026-03-17\": \"临时\", "},
};

/* The program ends and begins again: what was only in memory is gone. */
static void restart(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    CHECK_OK(stage_reopen(ctx, &s->stage));
}

/* On the day itself, by the tick and with no act; replay, when the story closes, agrees. */
TEST(gate_law_published_ahead_reaches_cases_on_its_first_day)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    act(&s, "p-zhou", "apply", food);
    act(&s, "o-clerk", "accept", "{}");
    struct case_state was = state_now(&s);
    on(&s, "2026-03-04");
    publish(&s, a_timer_more_ahead, LEN(a_timer_more_ahead));
    on(&s, "2026-03-09");
    CHECK_INT(story_tick(&s), 0);
    CHECK(state_now(&s).law == was.law); /* not a day early */
    CHECK(clock_now(&s, "xk.hearing.ask").limit == NULL);
    on(&s, "2026-03-10");
    CHECK_INT(story_tick(&s), 0);
    CHECK(state_now(&s).law != was.law && !state_now(&s).kept);
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.hearing.ask").started), "2026-03-10");
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.hearing.ask").due), "2026-03-17");
    CHECK_INT(timers_of(&s), 1);
    const struct law *law = state_now(&s).law;
    restart(&s);
    CHECK_INT(story_tick(&s), 0);
    CHECK_INT(timers_of(&s), 1); /* once */
    on(&s, "2026-03-18");
    CHECK_INT(story_tick(&s), 1);
    CHECK(law != NULL && clock_now(&s, "xk.hearing.ask").state == CLOCK_MET);
    story_close(&s);
}

/* Before the first act of that day, in whichever case, when the tick has not come yet. */
TEST(gate_law_published_ahead_begins_before_the_first_act_of_its_day)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    act(&s, "p-zhou", "apply", food);
    act(&s, "o-clerk", "accept", "{}");
    struct str first = s.case_id;
    s.case_id = STR("");
    act(&s, "p-zhou", "apply", food);
    on(&s, "2026-03-04");
    publish(&s, a_timer_more_ahead, LEN(a_timer_more_ahead));
    on(&s, "2026-03-09");
    act(&s, "o-clerk", "accept", "{}");
    CHECK(clock_now(&s, "xk.hearing.ask").limit == NULL); /* the day before: the old law */
    on(&s, "2026-03-11");
    act(&s, "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}");
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.hearing.ask").started), "2026-03-10");
    CHECK(clock_now(&s, "xk.hearing.ask").state == CLOCK_MET); /* left the step with its timer */
    s.case_id = first;
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.hearing.ask").started), "2026-03-10");
    CHECK_INT(timers_of(&s), 1);
    story_close(&s);
}

/* The node was down on the first day of one version and on that of the next: each begins in its
 * turn, as of its own day. */
TEST(gate_law_published_ahead_begins_also_when_the_node_was_down_that_day)
{
    static const struct edit later[] = {
        {"pack.json", "\"from\": \"2020-01-01\"", "\"from\": \"2026-03-12\""},
        {"pack.json", "\"pack\": \"cn\",", NEW_CASES},
        {"calendar/2026.json", "\"off\": {",
         "\"off\": {\"2026-03-16\": \"临时\", \"2026-03-17\": \"临时\", "},
    };
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    act(&s, "p-zhou", "apply", food);
    act(&s, "o-clerk", "accept", "{}");
    publish(&s, a_timer_more_ahead, LEN(a_timer_more_ahead));
    publish(&s, later, LEN(later));
    restart(&s);
    on(&s, "2026-03-13");
    CHECK_INT(story_tick(&s), 0);
    /* From the 10th its clock ran, and ended on the 12th with the timer that the next has not. */
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.hearing.ask").started), "2026-03-10");
    CHECK(clock_now(&s, "xk.hearing.ask").state == CLOCK_MET);
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.hearing.ask").ended), "2026-03-12");
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-04-01");
    CHECK_INT(timers_of(&s), 0);
    story_close(&s);
}

/* A version that is put right before its day: only the last one is ever in force. */
TEST(gate_of_two_versions_of_one_first_day_the_last_holds)
{
    static const struct edit wrong[] = {
        FROM_MARCH_10,
        {"pack.json", "\"pack\": \"cn\",", NEW_CASES},
        {"calendar/2026.json", "\"off\": {", "\"off\": {\"2026-03-18\": \"误\", "},
    };
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    act(&s, "p-zhou", "apply", food);
    act(&s, "o-clerk", "accept", "{}");
    publish(&s, wrong, LEN(wrong));
    publish(&s, days_off_ahead, LEN(days_off_ahead));
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-03-30");
    on(&s, "2026-03-10");
    CHECK_INT(story_tick(&s), 0);
    CHECK_STR(day_text(ctx->arena, clock_now(&s, "xk.decide").due), "2026-04-01");
    story_close(&s);
}

/* ---- timers that are many, timers that are refused ---- */

/* Forty steps side by side, each with a timer: withdrawing ends them all in one act. */
static struct str forty(struct arena *a)
{
    struct buf b = buf_new(a, 0);
    buf_puts(&b,
             "<parallelGateway id=\"many\"/><parallelGateway id=\"all\"/><endEvent id=\"mz\"/>");
    for (int i = 0; i < 40; i++) {
        buf_format(
            &b,
            "<userTask id=\"m%d\"><extensionElements><tb:act kind=\"state-opinion\"/>"
            "</extensionElements></userTask><boundaryEvent id=\"t%d\" attachedToRef=\"m%d\" "
            "cancelActivity=\"false\">"
            "<timerEventDefinition><extensionElements><tb:act kind=\"lapse-hearing-right\"/>"
            "<tb:limit ref=\"xk.hearing.ask\"/></extensionElements></timerEventDefinition>"
            "</boundaryEvent><sequenceFlow id=\"ma%d\" sourceRef=\"many\" targetRef=\"m%d\"/>"
            "<sequenceFlow id=\"mb%d\" sourceRef=\"m%d\" targetRef=\"all\"/><sequenceFlow "
            "id=\"mc%d\" sourceRef=\"t%d\" targetRef=\"mz\"/>",
            i, i, i, i, i, i, i, i, i);
    }
    buf_puts(&b, "<sequenceFlow id=\"md\" sourceRef=\"all\" targetRef=\"work\"/>"
                 "<sequenceFlow id=\"g1\" sourceRef=\"r-start\" targetRef=\"many\"/>");
    return buf_str(&b);
}

TEST(gate_one_act_may_set_and_cancel_many_timers)
{
    struct story s;
    story_open(&s, t, ctx);
    const struct edit edits[] = {
        {"procedure/licensing.bpmn",
         "<sequenceFlow id=\"g1\" sourceRef=\"r-start\" targetRef=\"work\"/>",
         str_z(ctx->arena, forty(ctx->arena))},
    };
    on(&s, "2026-03-02");
    publish(&s, edits, LEN(edits));
    act(&s, "p-zhou", "apply", food);
    act(&s, "o-clerk", "accept", "{}");
    CHECK_INT(timers_of(&s), 40);
    act(&s, "p-zhou", "withdraw", "{}");
    CHECK(state_now(&s).closed);
    on(&s, "2026-03-20");
    CHECK_INT(story_tick(&s), 0); /* not one of the forty is left */
    story_close(&s);
}

static size_t refusals(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct refusal_record *list = NULL;
    struct db *reader = NULL;
    size_t count = 0;
    CHECK_OK(store_reader(ctx, s->stage.store, &reader));
    CHECK_OK(gate_refusals(ctx, s->stage.gate, reader, INT64_MAX, 100, &list, &count));
    db_close(reader);
    return count;
}

/* An act of the clock that law refuses is refused once a day, not at every tick. */
static const struct edit never_deemed[] = {
    {"act/deem-accepted.json", "\"case\": \"in\",",
     "\"case\": \"in\", \"when\": \"case.today < \\\"2026-03-11\\\"\", "
     "\"when_article\": \"行政许可法#32.4\", "
     "\"when_text\": {\"zh\": \"不能视为受理\", \"en\": \"Not deemed accepted\"},"},
};

TEST(gate_a_timer_that_is_refused_is_not_refused_for_ever)
{
    struct story s;
    story_open(&s, t, ctx);
    on(&s, "2026-03-02");
    publish(&s, never_deemed, LEN(never_deemed));
    act(&s, "p-zhou", "apply", food);
    on(&s, "2026-03-12");
    size_t before = refusals(&s);
    CHECK_INT(story_tick(&s), 1);
    CHECK_INT(refusals(&s), before + 1);
    CHECK_INT(story_tick(&s), 0);
    CHECK_INT(story_tick(&s), 0);
    CHECK_INT(refusals(&s), before + 1);
    on(&s, "2026-03-13");
    CHECK_INT(story_tick(&s), 1); /* another day: it may be another matter */
    CHECK_INT(story_tick(&s), 0);
    CHECK_INT(refusals(&s), before + 2);
    story_close(&s);
}

/* ---- more cases than one transaction brings up ---- */

enum { MANY = 2 * LIMIT_CATCH_UP_CASES + 20 };

struct crowd {
    struct story *s;
    struct jobs *jobs;
    struct str ids[MANY];
    int64_t first[MANY]; /* the act that opened it */
};

static void crowd_jobs(struct crowd *c)
{
    struct test *t = c->s->t;
    struct ctx *ctx = c->s->ctx;
    struct jobs_config config = {.gate = c->s->stage.gate,
                                 .store = c->s->stage.store,
                                 .kinds = &jobs_catch_up,
                                 .kind_count = 1};
    CHECK_OK(jobs_new(ctx, &config, &c->jobs));
}

/* Cases that are all at the examination, with the last days of 30 March. */
static struct crowd *crowd_open(struct story *s, struct test *t, struct ctx *ctx)
{
    struct crowd *c = ARENA_NEW(ctx->arena, struct crowd);
    c->s = s;
    story_open(s, t, ctx);
    on(s, "2026-03-02");
    for (size_t i = 0; i < MANY; i++) {
        s->case_id = STR("");
        act(s, "p-zhou", "apply", food);
        act(s, "o-clerk", "accept", "{}");
        c->ids[i] = s->case_id;
        c->first[i] = state_now(s).first_seq;
    }
    crowd_jobs(c);
    return c;
}

static bool due_is(struct crowd *c, size_t i, const char *day)
{
    struct str was = c->s->case_id;
    c->s->case_id = c->ids[i];
    struct str due = day_text(c->s->ctx->arena, clock_now(c->s, "xk.decide").due);
    c->s->case_id = was;
    return str_equal(due, str_from(day));
}

static size_t with_due(struct crowd *c, const char *day)
{
    size_t n = 0;
    for (size_t i = 0; i < MANY; i++) {
        n += due_is(c, i, day);
    }
    return n;
}

static size_t run_jobs(struct crowd *c)
{
    struct test *t = c->s->t;
    struct ctx *ctx = c->s->ctx;
    size_t count = 0;
    CHECK_OK(jobs_run_once(ctx, c->jobs, &count));
    return count;
}

static void crowd_close(struct crowd *c)
{
    jobs_free(c->jobs);
    story_close(c->s); /* what is behind is done, and replay comes to the same */
}

TEST(gate_a_publication_brings_cases_up_in_pieces)
{
    struct story s;
    struct crowd *c = crowd_open(&s, t, ctx);
    on(&s, "2026-03-12");
    CHECK_INT(with_due(c, "2026-03-30"), MANY);
    publish(&s, two_days_off, LEN(two_days_off));
    CHECK_INT(with_due(c, "2026-04-01"), LIMIT_CATCH_UP_CASES);
    CHECK_INT(run_jobs(c), 1);
    CHECK_INT(with_due(c, "2026-04-01"), 2 * LIMIT_CATCH_UP_CASES);
    CHECK_INT(run_jobs(c), 1);
    CHECK_INT(with_due(c, "2026-04-01"), MANY);
    CHECK_INT(run_jobs(c), 0);
    crowd_close(c);
}

/* What happens in a case that is behind finds it brought up: an act, a refused act, an erasure; and
 * law is published twice more before the first pass is through. */
TEST(gate_a_case_is_brought_up_before_anything_is_done_to_it)
{
    struct story s;
    struct crowd *c = crowd_open(&s, t, ctx);
    on(&s, "2026-03-12");
    publish(&s, two_days_off, LEN(two_days_off));
    /* An act: its own clock is right at once. */
    s.case_id = c->ids[MANY - 1];
    act(&s, "o-decider", "extend", "{\"case.reason\":\"检验未完\"}");
    CHECK(due_is(c, MANY - 1, "2026-04-16"));
    /* A refused one: brought up all the same. */
    struct draft refused = {.kind = STR("resume"),
                            .case_id = c->ids[MANY - 2],
                            .fields = json_object(),
                            .actor = {ACTOR_OFFICER, STR("o-reviewer"), .assurance = 2}};
    CHECK(!story_submit(&s, &refused).verdict.admitted);
    CHECK(due_is(c, MANY - 2, "2026-04-01"));
    CHECK(due_is(c, MANY - 3, "2026-03-30"));
    /* Law again, which carries all over; and again, which takes the days back. */
    publish(&s, a_step_before, LEN(a_step_before));
    struct draft erase = {.kind = STR("erase-value"),
                          .actor = {.kind = ACTOR_NODE, .assurance = 2},
                          .fields = json_object()};
    json_set(ctx->arena, &erase.fields, STR("erase.seq"), json_of_int(c->first[MANY - 3]));
    json_set(ctx->arena, &erase.fields, STR("erase.fact"), json_of_str(STR("person.phone")));
    CHECK(story_submit(&s, &erase).verdict.admitted);
    CHECK(due_is(c, MANY - 3, "2026-03-30")); /* that law has no days off: taken back */
    CHECK(!story_submit(&s, &refused).verdict.admitted);
    CHECK_INT(run_jobs(c), 1);
    publish(&s, two_days_off, LEN(two_days_off));
    s.case_id = c->ids[MANY - 4];
    act(&s, "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}");
    CHECK_INT(run_jobs(c), 1);
    s.case_id = c->ids[3];
    act(&s, "o-reviewer", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}");
    for (int i = 0; run_jobs(c) > 0 && i < 100; i++) {
    }
    CHECK_INT(with_due(c, "2026-04-01"), MANY - 1);
    crowd_close(c);
}

/* So do cases of a version published ahead: the first pieces by the tick, then the node ends and
 * begins again, an act goes in between, and at last all are there, each once. */
TEST(gate_law_published_ahead_brings_cases_up_in_pieces)
{
    struct story s;
    struct crowd *c = crowd_open(&s, t, ctx);
    on(&s, "2026-03-09");
    publish(&s, days_off_ahead, LEN(days_off_ahead));
    CHECK_INT(run_jobs(c), 0);
    CHECK_INT(with_due(c, "2026-03-30"), MANY);
    jobs_free(c->jobs);
    restart(&s);
    on(&s, "2026-03-10");
    CHECK_INT(story_tick(&s), 0);
    CHECK_INT(with_due(c, "2026-04-01"), LIMIT_CATCH_UP_CASES);
    CHECK_INT(story_tick(&s), 0); /* it has begun: nothing more */
    CHECK_INT(with_due(c, "2026-04-01"), LIMIT_CATCH_UP_CASES);
    restart(&s);
    crowd_jobs(c);
    s.case_id = c->ids[MANY - 1];
    act(&s, "o-decider", "extend", "{\"case.reason\":\"检验未完\"}");
    CHECK(due_is(c, MANY - 1, "2026-04-16"));
    CHECK_INT(run_jobs(c), 1);
    CHECK_INT(with_due(c, "2026-04-01"), 2 * LIMIT_CATCH_UP_CASES);
    jobs_free(c->jobs);
    c->jobs = NULL;
    restart(&s);
    crowd_close(c); /* the rest, and replay */
}

/* Left unfinished: by the node's end, or by its death between two pieces. */
TEST(gate_replay_agrees_while_cases_are_behind)
{
    struct story s;
    struct crowd *c = crowd_open(&s, t, ctx);
    on(&s, "2026-03-12");
    publish(&s, a_step_before, LEN(a_step_before));
    publish(&s, two_days_off, LEN(two_days_off));
    CHECK_INT(run_jobs(c), 1);
    CHECK(with_due(c, "2026-04-01") < MANY);
    jobs_free(c->jobs);
    c->jobs = NULL;
    restart(&s);
    crowd_close(c);
}
