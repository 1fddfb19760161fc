/* Stories: the files of law/cn-990101/test, played through a real store, ledger and gate, day by
 * day. After each story the ledger is replayed into a fresh store, and must give the same views
 * byte for byte. Over all stories each kind of act must have been admitted and refused often
 * enough. */
#include <stdio.h>
#include <string.h>

#include "cli/rooms.h"
#include "base/day.h"
#include "base/json_make.h"
#include "cli/test_matrix.h"
#include "gate/read.h"
#include "limit_gen.h"

enum { ADMITTED_LEAST = 2, REFUSED_LEAST = 3, KINDS_MOST = 1000 };

/* What all stories together show of a kind of act. */
struct tally {
    char kind[64];
    size_t admitted;
    size_t refused; /* refusals that differ in code, person, article or field */
};
struct stories {
    struct test *t;
    struct arena *arena; /* outlives each story */
    struct tally tallies[KINDS_MOST];
    size_t count;
    struct matrix *matrix;
    struct json seen; /* "kind code person article" of each refusal */
};

static struct tally *tally_of(struct stories *all, struct str kind)
{
    for (size_t i = 0; i < all->count; i++) {
        if (str_equal(str_from(all->tallies[i].kind), kind)) {
            return &all->tallies[i];
        }
    }
    must(all->count < KINDS_MOST && kind.n < sizeof(all->tallies[0].kind));
    struct tally *x = &all->tallies[all->count++];
    *x = (struct tally){.admitted = 0};
    memcpy(x->kind, kind.p, kind.n);
    return x;
}

static void note_refusal(struct stories *all, const struct draft *d, const struct receipt *r)
{
    struct str key = str_format(all->arena, "%.*s %.*s %.*s %.*s %.*s %.*s", FMT(d->kind),
                                FMT(r->verdict.code), FMT(d->actor.id), FMT(d->actor.co_id),
                                FMT(r->verdict.article.text), FMT(r->verdict.field));
    if (json_get_str(&all->seen, key) == NULL) {
        json_set(all->arena, &all->seen, key, json_of_str(key));
        tally_of(all, d->kind)->refused++;
    }
}

/* What was admitted stands in the ledger, the acts of the clock and the node among it. */
static void note_ledger(struct stories *all, struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct db *reader = NULL;
    struct act_record act;
    bool found = true;
    CHECK_OK(store_reader(ctx, s->store, &reader));
    for (int64_t seq = 0; found; seq++) {
        CHECK_OK(gate_act(ctx, s->gate, reader, seq, &act, &found));
        if (found) {
            tally_of(all, act.kind)->admitted++;
        }
    }
    db_close(reader);
}

static struct draft draft_of(struct story *s, const struct json *step)
{
    struct str by = json_text(step, "by");
    const struct json *fields = json_get(step, "fields");
    struct draft d = {.kind = json_text(step, "act"), .fields = json_object()};
    for (size_t i = 0; fields != NULL && i < fields->count; i++) {
        struct str text = fields->members[i].value.text;
        struct json value = str_equal(text, STR("@last"))   ? json_of_int(s->last_seq)
                            : str_equal(text, STR("@case")) ? json_of_str(s->case_id)
                                                            : fields->members[i].value;
        json_set(s->ctx->arena, &d.fields, fields->members[i].key, value);
    }
    bool node = str_equal(by, STR("node"));
    d.actor.kind = node                        ? ACTOR_NODE
                   : str_starts(by, STR("o-")) ? ACTOR_OFFICER
                   : str_starts(by, STR("a-")) ? ACTOR_ADMIN
                                               : ACTOR_PARTY;
    d.actor.id = by;
    d.actor.for_id = json_text(step, "for");
    d.actor.co_id = json_text(step, "with");
    d.actor.assurance = (int)json_int(step, "assurance", 2);
    d.actor.proven.ms = s->clock.now.ms - json_int(step, "signed_in_minutes_ago", 0) * 60000;
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
    const char *due =
        json_get(step, "due") == NULL ? NULL : str_z(ctx->arena, json_text(step, "due"));
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

/* "decides": {task: value}: what business rule tasks said when the act was done, each by rules that
 * cite their articles. */
static void check_decided(struct story *s, const struct json *step, int64_t seq)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    const struct json *want = json_get(step, "decides");
    struct act_record record = {0};
    struct db *reader = NULL;
    bool found = false;
    if (want == NULL) {
        return;
    }
    CHECK_OK(store_reader(ctx, s->store, &reader));
    CHECK_OK(gate_act(ctx, s->gate, reader, seq, &record, &found));
    CHECK(found);
    CHECK_INT(record.decided.count, want->count);
    for (size_t i = 0; i < record.decided.count; i++) {
        const struct json *row = &record.decided.items[i];
        const struct json *value = json_get_str(want, json_text(row, "task"));
        const struct json *rules = json_get(row, "rules");
        CHECK(value != NULL && json_equal(value, json_get(row, "value")));
        CHECK(rules != NULL && rules->count > 0 && json_text(json_at(rules, 0), "article").n > 0);
    }
    db_close(reader);
}

static void play_step(struct stories *all, struct story *s, const struct json *step, size_t index)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    const struct json *expect = json_get(step, "expect");
    struct day day = {0};
    CHECK(day_parse(json_text(step, "day"), &day));
    story_set_day(s, day);
    struct receipt r = {0};
    if (str_equal(json_text(step, "by"), STR("clock"))) {
        CHECK_INT(story_tick(s), json_int(step, "acts", 1));
        check_state(s, step, &r);
        matrix_note(all->matrix, s, s->case_id);
        return;
    }
    struct draft d = draft_of(s, step);
    r = story_submit(s, &d);
    bool admitted = json_is(expect, JSON_STRING);
    if (r.verdict.admitted != admitted ||
        (!admitted && !str_equal(r.verdict.code, json_text(expect, "refused")))) {
        printf("  step %zu: %.*s by %.*s: %.*s %.*s (%.*s)\n", index + 1, FMT(d.kind),
               FMT(d.actor.id), FMT(r.verdict.admitted ? STR("admitted") : r.verdict.code),
               FMT(r.verdict.field), FMT(r.verdict.sentence.zh));
        CHECK(r.verdict.admitted == admitted);
        CHECK(admitted);
        return;
    }
    if (!admitted) {
        note_refusal(all, &d, &r);
        CHECK(r.verdict.article.statute != NULL); /* a refusal always names its article */
        if (json_get(expect, "article") != NULL) {
            CHECK_STR(r.verdict.article.text, str_z(ctx->arena, json_text(expect, "article")));
        }
        CHECK(r.verdict.sentence.zh.n > 0 && r.verdict.sentence.en.n > 0);
        return;
    }
    CHECK(r.repeated == json_bool(step, "repeated", false));
    s->last_seq = r.seq;
    s->case_id = r.case_id.n > 0 ? r.case_id : s->case_id;
    check_state(s, step, &r);
    check_decided(s, step, r.seq);
    matrix_note(all->matrix, s, s->case_id);
}

static void play(struct stories *all, struct ctx *ctx, const char *path)
{
    struct test *t = all->t;
    struct story s;
    struct str text;
    struct json story;
    CHECK_OK(file_read(ctx, path, 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, str_from(path), &story));
    const struct json *steps = json_get(&story, "steps");
    CHECK(json_is(steps, JSON_ARRAY));
    size_t count = 0;
    const struct projector *const *rooms = rooms_projectors(&count);
    story_open_with(&s, t, ctx, rooms, count);
    for (size_t i = 0; steps != NULL && i < steps->count; i++) {
        play_step(all, &s, &steps->items[i], i);
    }
    note_ledger(all, &s);
    story_close(&s);
}

static void play_path(struct stories *all, const char *path)
{
    struct test *t = all->t;
    int before = t->failures;
    struct arena *arena = arena_new((size_t)1 << 30);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct ctx *outer = t->ctx;
    t->ctx = &ctx;
    play(all, &ctx, path);
    t->ctx = outer;
    if (t->failures > before) {
        printf("  in %s\n", path);
    }
    arena_free(arena);
}

/* Each kind of act of the packs: admitted and refused, each often enough to show what it is for and
 * what stops it. */
static void check_tallies(struct stories *all, struct ctx *ctx)
{
    struct test *t = all->t;
    struct law_pack_source packs[2];
    struct law_problems problems;
    struct law *law = NULL;
    struct day day = {0};
    size_t count = 0;
    must(day_parse(STR("2026-03-02"), &day));
    CHECK_OK(law_read_folder(ctx, "law/cn", &packs[0]));
    CHECK_OK(law_read_folder(ctx, "law/cn-990101", &packs[1]));
    CHECK_OK(law_load(ctx, ctx->arena, packs, 2, day, &law, &problems));
    const struct act_kind *kinds = law_acts(law, &count);
    for (size_t i = 0; i < count; i++) {
        const struct tally *x = tally_of(all, kinds[i].kind);
        if (x->admitted < ADMITTED_LEAST || x->refused < REFUSED_LEAST) {
            printf("  %s: admitted %zu of %d, refused %zu of %d\n", x->kind, x->admitted,
                   ADMITTED_LEAST, x->refused, REFUSED_LEAST);
        }
        CHECK(x->admitted >= ADMITTED_LEAST);
        CHECK(x->refused >= REFUSED_LEAST);
    }
}

TEST(gate_stories_of_the_packs_play_as_written)
{
    struct stories *all = ARENA_NEW(ctx->arena, struct stories);
    all->t = t;
    all->arena = ctx->arena;
    all->seen = json_object();
    all->matrix = matrix_new(ctx->arena);
    const char *const *paths = NULL;
    size_t count = story_paths(ctx, &paths);
    for (size_t i = 0; i < count; i++) {
        play_path(all, paths[i]);
    }
    CHECK(t->checks > 100);
    check_tallies(all, ctx);
    matrix_check(all->matrix, t, ctx);
}
