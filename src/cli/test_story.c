/* Stories: the files of law/cn-990101/test, played day by day through a real store, ledger and gate
 * with every room of the program. In the middle of each, law is published anew, a value is erased,
 * the node restarts, or all views are made anew, by turns. At the end every free text that anybody
 * wrote is erased and must be gone from every table and from the disk, and the ledger, replayed
 * into a fresh store, must give the same views byte for byte. Over all stories each kind of act
 * must have been admitted and refused often enough. */
#include <stdio.h>
#include <string.h>

#include "base/day.h"
#include "base/json_make.h"
#include "cli/story.h"
#include "cli/test_erased.h"
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
    struct json seen;   /* "kind code person article" of each refusal */
    struct json people; /* of all stories, with their marks */
    struct erased_gaps gaps;
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
    CHECK_OK(store_reader(ctx, s->stage.store, &reader));
    for (int64_t seq = 0; found; seq++) {
        CHECK_OK(gate_act(ctx, s->stage.gate, reader, seq, &act, &found));
        if (found) {
            tally_of(all, act.kind)->admitted++;
        }
    }
    db_close(reader);
}

/* ---- playing ---- */

static void note_answer(struct stories *all, struct story *s, const struct story_step *step,
                        const struct telling *told, const struct story_answer *a)
{
    struct test *t = s->t;
    const struct verdict *v = &a->receipt.verdict;
    if (a->missed.n > 0) {
        printf("  line %u: %.*s by %.*s: %.*s\n", step->line, FMT(step->act), FMT(step->by),
               FMT(a->missed));
    }
    CHECK_STR(a->missed, "");
    if (step->clock || v->admitted) {
        matrix_note(all->matrix, s, told->case_id);
    } else {
        note_refusal(all, &a->draft, &a->receipt);
        CHECK(v->article.statute != NULL); /* a refusal always names its article */
        CHECK(v->sentence.zh.n > 0 && v->sentence.en.n > 0);
    }
}

/* One story whose free texts are marked, with something that happens to the node in its middle; at
 * the end everything marked is erased, and the ledger replayed. */
static void play(struct stories *all, struct ctx *ctx, const char *path, size_t number)
{
    struct test *t = all->t;
    struct story s;
    struct story_text story;
    struct telling told = {.last_seq = -1};
    CHECK_OK(story_read(ctx, path, &story));
    erased_mark_story(ctx, &story);
    story_open_people(&s, t, ctx, &all->people);
    for (size_t i = 0; i < story.count; i++) {
        struct story_answer answer;
        CHECK_OK(story_step(ctx, &s.stage, &told, &story.steps[i], &answer));
        note_answer(all, &s, &story.steps[i], &told, &answer);
        if (i == story.count / 2) {
            story_trouble(&s, number);
        }
    }
    note_ledger(all, &s);
    CHECK(erased_all(&s, &all->gaps) > 0);
    erased_replay(&s, &all->gaps);
    erased_look(&s, &all->gaps);
}

static void play_path(struct stories *all, const char *path, size_t number)
{
    struct test *t = all->t;
    int before = t->failures;
    struct arena *arena = arena_new((size_t)1 << 30);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct ctx *outer = t->ctx;
    t->ctx = &ctx;
    play(all, &ctx, path, number);
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

/* Erasure has reached every copy: nothing was found. */
static void check_gaps(struct stories *all)
{
    struct test *t = all->t;
    for (size_t i = 0; i < all->gaps.found.count; i++) {
        printf("  erased values are still in %.*s: ...%.*s...\n",
               FMT(all->gaps.found.members[i].key), FMT(all->gaps.found.members[i].value.text));
    }
    CHECK_INT(all->gaps.found.count, 0);
}

TEST(gate_stories_of_the_packs_play_as_written)
{
    struct stories *all = ARENA_NEW(ctx->arena, struct stories);
    all->t = t;
    all->arena = ctx->arena;
    all->seen = json_object();
    all->gaps.arena = ctx->arena;
    all->gaps.found = json_object();
    all->matrix = matrix_new(ctx->arena);
    struct str text;
    CHECK_OK(file_read(ctx, "law/sample/people.json", 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, STR("people.json"), &all->people));
    erased_mark_people(ctx, &all->people);
    const char *const *paths = NULL;
    size_t count = story_paths(ctx, &paths);
    for (size_t i = 0; i < count; i++) {
        play_path(all, paths[i], i);
    }
    CHECK(t->checks > 100);
    check_tallies(all, ctx);
    check_gaps(all);
    matrix_check(all->matrix, t, ctx);
}
