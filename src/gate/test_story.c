/* Stories: the files of law/cn-990101/test, played through a real store, ledger and gate, day by day. After each story
 * the ledger is replayed into a fresh store, and must give the same views byte for byte. */
#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"
#include "base/json.h"
#include "base/test.h"
#include "crypto/keyholder.h"
#include "gate/gate.h"
#include "limit_gen.h"

/* A world whose clock the story sets; all else is real. */
struct story_world {
    struct world world;
    struct instant now;
    int64_t mono_ns;
};

static struct instant story_now(struct world *w)
{
    return ((struct story_world *)w->self)->now;
}

static int64_t story_mono_ns(struct world *w)
{
    return ((struct story_world *)w->self)->mono_ns;
}

struct story {
    struct test *t;
    struct ctx *ctx;
    struct story_world clock;
    struct str dir;
    struct store *store;
    struct gate *gate;
    struct keyholder *keys;
    struct json people;
    struct str case_id; /* of the story so far */
    size_t key;
};

static void set_day(struct story *s, struct str day)
{
    struct day d = {0};
    must(day_parse(day, &d));
    int64_t ms = day_start(d).ms + 9 * 3600000;
    s->clock.mono_ns += (ms - s->clock.now.ms) * 1000000;
    s->clock.now.ms = ms;
}

static struct str temp_dir(struct ctx *ctx)
{
    char *path = str_z(ctx->arena, STR("/tmp/tongban-story-XXXXXX"));
    return str_from(mkdtemp(path));
}

static struct receipt submit(struct story *s, const struct draft *draft)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct receipt r = {.seq = -1};
    CHECK_OK(gate_submit_wait(s->ctx, s->gate, draft, &r));
    return r;
}

static struct receipt by_node(struct story *s, const char *kind, struct json fields)
{
    struct test *t = s->t;
    struct draft d = {.kind = str_from(kind), .actor = {.kind = ACTOR_NODE, .assurance = 2}, .fields = fields};
    struct receipt r = submit(s, &d);
    CHECK_STR(r.verdict.code, "");
    return r;
}

static void publish(struct story *s, const char *folder)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct law_pack_source pack;
    struct law_problems problems;
    struct draft d;
    CHECK_OK(law_read_folder(ctx, folder, &pack));
    CHECK_OK(gate_publish_draft(ctx, s->gate, &pack, &d, &problems));
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    struct receipt r = submit(s, &d);
    CHECK(r.verdict.admitted);
    CHECK_STR(r.verdict.code, "");
}

static struct json one_field(struct story *s, const char *name, struct str value)
{
    struct json o = json_object();
    json_set(s->ctx->arena, &o, str_from(name), json_of_str(value));
    return o;
}

static void set_field(struct story *s, struct json *o, const char *name, struct str value)
{
    json_set(s->ctx->arena, o, str_from(name), json_of_str(value));
}

static void register_people(struct story *s)
{
    struct arena *a = s->ctx->arena;
    static const char *const groups[] = {"persons", "orgs"};
    for (size_t g = 0; g < 2; g++) {
        const struct json *list = json_get(&s->people, groups[g]);
        for (size_t i = 0; i < list->count; i++) {
            struct json f = one_field(s, "party.id", json_text(&list->items[i], "id"));
            set_field(s, &f, "party.kind", g == 0 ? STR("person") : STR("org"));
            const struct json *facts = json_get(&list->items[i], "facts");
            for (size_t k = 0; k < facts->count; k++) {
                json_set(a, &f, facts->members[k].key, facts->members[k].value);
            }
            by_node(s, "register-party", f);
        }
    }
    const struct json *officers = json_get(&s->people, "officers");
    for (size_t i = 0; i < officers->count; i++) {
        const struct json *o = &officers->items[i];
        struct json f = one_field(s, "officer.id", json_text(o, "id"));
        set_field(s, &f, "officer.name", json_text(o, "name"));
        set_field(s, &f, "officer.office", json_text(o, "office"));
        json_set(a, &f, STR("officer.roles"), *json_get(o, "roles"));
        by_node(s, "appoint-officer", f);
    }
    const struct json *relations = json_get(&s->people, "relations");
    for (size_t i = 0; i < relations->count; i++) {
        const struct json *r = &relations->items[i];
        struct json f = one_field(s, "relation.from", json_text(r, "from"));
        set_field(s, &f, "relation.to", json_text(r, "to"));
        set_field(s, &f, "relation.kind", json_text(r, "kind"));
        by_node(s, "relate-party", f);
    }
}

static void story_open(struct story *s, struct test *t, struct ctx *ctx)
{
    static const uint8_t seed[32] = {1};
    static const uint8_t secret[32] = {2};
    struct str text;
    *s = (struct story){.t = t, .ctx = ctx};
    s->clock.world = *world_real();
    s->clock.world.self = &s->clock;
    s->clock.world.now = story_now;
    s->clock.world.mono_ns = story_mono_ns;
    s->clock.mono_ns = 1;
    ctx->world = &s->clock.world;
    set_day(s, STR("2026-01-05"));
    s->dir = temp_dir(ctx);
    CHECK_OK(file_read(ctx, "law/sample/people.json", 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, STR("people.json"), &s->people));
    CHECK_OK(store_open(ctx, s->dir, STORE_CREATE, &s->store));
    CHECK_OK(store_migrate(ctx, s->store));
    CHECK_OK(keyholder_in_memory(ctx, seed, secret, &s->keys));
    struct gate_config config = {.store = s->store, .keys = s->keys, .origin = STR("story.example/bh"), .node = STR("bh")};
    CHECK_OK(gate_new(ctx, &config, &s->gate));
    publish(s, "law/cn");
    publish(s, "law/cn-990101");
    register_people(s);
}

/* Everything in the ledger gives the same views again, under the law of its day. */
static void story_close(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct store *fresh = NULL;
    struct replay_report report = {0};
    CHECK_OK(store_open(ctx, temp_dir(ctx), STORE_CREATE, &fresh));
    CHECK_OK(store_migrate(ctx, fresh));
    CHECK_OK(gate_replay(ctx, s->gate, fresh, &report));
    CHECK(report.acts > 0);
    CHECK_INT(report.refused, 0);
    CHECK_STR(report.first_wrong, "");
    store_close(fresh);
    gate_close(s->gate);
    store_close(s->store);
    ctx->world = world_real();
}

static struct draft draft_of(struct story *s, const struct json *step)
{
    struct str by = json_text(step, "by");
    const struct json *fields = json_get(step, "fields");
    struct draft d = {.kind = json_text(step, "act"), .fields = fields == NULL ? json_object() : *fields};
    d.actor.kind = str_starts(by, STR("o-")) ? ACTOR_OFFICER : ACTOR_PARTY;
    d.actor.id = by;
    d.actor.for_id = json_text(step, "for");
    d.actor.co_id = json_text(step, "with");
    d.actor.assurance = (int)json_int(step, "assurance", 2);
    d.item = json_text(step, "item");
    d.key = json_text(step, "key");
    if (d.item.n == 0 || json_get(step, "case") != NULL) {
        d.case_id = json_get(step, "case") != NULL ? json_text(step, "case") : s->case_id;
    }
    return d;
}

static void check_state(struct story *s, const struct json *step, const struct receipt *r)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct case_state state;
    struct db *reader = NULL;
    bool found = false;
    const char *due = json_get(step, "due") == NULL ? NULL : str_z(ctx->arena, json_text(step, "due"));
    if (due != NULL) {
        CHECK_STR(day_text(ctx->arena, r->due_day), due);
    }
    if (json_get(step, "status") == NULL) {
        return;
    }
    CHECK_OK(store_reader(ctx, s->store, &reader));
    CHECK_OK(gate_case(ctx, s->gate, reader, s->case_id, &state, &found));
    CHECK(found);
    CHECK_STR(state.status, str_z(ctx->arena, json_text(step, "status")));
    db_close(reader);
}

static void play_step(struct story *s, const struct json *step, size_t index)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    const struct json *expect = json_get(step, "expect");
    set_day(s, json_text(step, "day"));
    struct receipt r = {0};
    if (str_equal(json_text(step, "by"), STR("clock"))) {
        size_t count = 0;
        CHECK_OK(gate_tick(ctx, s->gate, &count));
        while (gate_run_once(s->gate) > 0) {
        }
        CHECK_INT(count, json_int(step, "acts", 1));
        check_state(s, step, &r);
        return;
    }
    struct draft d = draft_of(s, step);
    r = submit(s, &d);
    while (gate_run_once(s->gate) > 0) { /* what the node does by itself after it */
    }
    bool admitted = json_is(expect, JSON_STRING);
    if (r.verdict.admitted != admitted || (!admitted && !str_equal(r.verdict.code, json_text(expect, "refused")))) {
        printf("  step %zu: %.*s by %.*s: %.*s %.*s (%.*s)\n", index + 1, FMT(d.kind), FMT(d.actor.id),
               FMT(r.verdict.admitted ? STR("admitted") : r.verdict.code), FMT(r.verdict.field), FMT(r.verdict.sentence.zh));
        CHECK(r.verdict.admitted == admitted);
        CHECK(admitted);
        return;
    }
    if (!admitted) {
        CHECK(r.verdict.article.statute != NULL); /* a refusal always names its article */
        CHECK(r.verdict.sentence.zh.n > 0 && r.verdict.sentence.en.n > 0);
        return;
    }
    CHECK(r.repeated == json_bool(step, "repeated", false));
    s->case_id = r.case_id.n > 0 ? r.case_id : s->case_id;
    check_state(s, step, &r);
}

static void play(struct test *t, struct ctx *ctx, const char *path)
{
    struct story s;
    struct str text;
    struct json story;
    CHECK_OK(file_read(ctx, path, 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, str_from(path), &story));
    const struct json *steps = json_get(&story, "steps");
    CHECK(json_is(steps, JSON_ARRAY));
    story_open(&s, t, ctx);
    for (size_t i = 0; steps != NULL && i < steps->count; i++) {
        play_step(&s, &steps->items[i], i);
    }
    story_close(&s);
}

static void each_story(void *arg, const char *name, bool is_dir)
{
    struct test *t = arg;
    if (is_dir || !str_ends(str_from(name), STR(".json"))) {
        return;
    }
    int before = t->failures;
    struct arena *arena = arena_new((size_t)1 << 30);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct ctx *outer = t->ctx;
    t->ctx = &ctx;
    play(t, &ctx, str_format(arena, "law/cn-990101/test/%s", name).p);
    t->ctx = outer;
    if (t->failures > before) {
        printf("  in law/cn-990101/test/%s\n", name);
    }
    arena_free(arena);
}

TEST(gate_stories_of_the_packs_play_as_written)
{
    CHECK_INT(ctx->world->list(ctx->world, "law/cn-990101/test", each_story, t), 0);
    CHECK(t->checks > 100);
}
