/* cmd_law_play.c - `tongban law play`: stories played on a node in a temporary folder, for who
 * edits a pack. Every answer is printed as it comes; what a story expects and does not get is told
 * below the step, and makes the exit code 1. Each story has a node of its own, so none depends on
 * another. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
#include "base/str.h"
#include "cli/cmd_law.h"
#include "cli/rooms.h"
#include "cli/story.h"

enum { STORIES_MOST = 1000, PACKS_MOST = 16, STORY_ARENA = 1 << 30 };

/* What all stories are played with. */
struct playing {
    struct cmd *c;
    struct law_pack_source packs[PACKS_MOST];
    size_t pack_count;
    struct json people;
    size_t story_count;
    size_t missed;  /* expectations that did not hold */
    size_t stopped; /* stories that could not be played to their end */
    bool progress;  /* somebody watches a terminal that shows nothing else */
};

static void set_text(struct arena *a, struct json *o, const char *name, struct str text)
{
    json_set(a, o, str_from(name), text.n > 0 ? json_of_str(text) : json_null());
}

static struct str due_text(struct ctx *ctx, const struct receipt *r)
{
    return r->due_limit.n > 0 ? day_text(ctx->arena, r->due_day) : STR("");
}

/* One line a step. What does not apply is null. */
static void print_json(struct ctx *ctx, const struct story_text *story, size_t index,
                       const struct story_answer *x)
{
    struct arena *a = ctx->arena;
    const struct story_step *step = &story->steps[index];
    const struct receipt *r = &x->receipt;
    const struct verdict *v = &r->verdict;
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    json_set(a, &o, STR("story"), json_of_str(story->name));
    json_set(a, &o, STR("step"), json_of_int((int64_t)index + 1));
    set_text(a, &o, "act", step->act);
    json_set(a, &o, STR("admitted"), json_of_bool(step->clock ? x->acts > 0 : v->admitted));
    set_text(a, &o, "check", v->check);
    set_text(a, &o, "code", v->code);
    set_text(a, &o, "article", v->article.text);
    set_text(a, &o, "field", v->field);
    set_text(a, &o, "case", x->case_id);
    json_set(a, &o, STR("seq"), r->seq >= 0 ? json_of_int(r->seq) : json_null());
    set_text(a, &o, "status", x->status);
    set_text(a, &o, "due", due_text(ctx, r));
    if (step->clock) {
        json_set(a, &o, STR("acts"), json_of_int((int64_t)x->acts));
    }
    if (x->missed.n > 0) {
        json_set(a, &o, STR("missed"), json_of_str(x->missed));
    }
    json_write(&b, &o);
    printf("%.*s\n", FMT(buf_str(&b)));
}

static void print_text(struct ctx *ctx, const struct story_text *story, size_t index,
                       const struct story_answer *x)
{
    const struct story_step *step = &story->steps[index];
    const struct receipt *r = &x->receipt;
    const struct verdict *v = &r->verdict;
    struct str due = due_text(ctx, r);
    printf("%4zu  %.*s  ", index + 1, FMT(day_text(ctx->arena, step->day)));
    if (step->clock) {
        printf("the clock: %zu acts", x->acts);
    } else if (v->admitted) {
        printf("%.*s by %.*s: admitted, act %lld", FMT(step->act), FMT(step->by),
               (long long)r->seq);
        if (r->case_id.n > 0) {
            printf(" of %.*s", FMT(r->case_id));
        }
    } else {
        struct str article = v->article.text.n > 0 ? v->article.text : STR("no article");
        printf("%.*s by %.*s: refused by %.*s (%.*s)%s%.*s: %.*s", FMT(step->act), FMT(step->by),
               FMT(v->code), FMT(article), v->field.n > 0 ? ", " : "", FMT(v->field),
               FMT(v->sentence.en));
    }
    if (x->status.n > 0) {
        printf(", status %.*s", FMT(x->status));
    }
    if (due.n > 0) {
        printf(", due %.*s", FMT(due));
    }
    printf("\n");
    if (x->missed.n > 0) {
        printf("      %.*s:%u: %.*s\n", FMT(story->file), step->line, FMT(x->missed));
    }
}

static void show_progress(const struct playing *p, size_t story, const struct story_text *text,
                          size_t step)
{
    if (p->progress) {
        fprintf(stderr, "\r\033[Kstory %zu of %zu, %.*s, step %zu of %zu", story + 1,
                p->story_count, FMT(text->name), step, text->count);
        fflush(stderr);
    }
}

/* A node with the packs and the people, on the morning of the first step. */
static enum err set_stage(struct ctx *ctx, struct playing *p, struct stage *s)
{
    for (size_t i = 0; i < p->pack_count; i++) {
        struct law_problems problems;
        enum err e = stage_publish(ctx, s, &p->packs[i], &problems);
        law_print_problems(p->c, &problems);
        TRY(e);
    }
    return stage_people(ctx, s, &p->people);
}

/* What a step leaves on the arena goes with it, so that a story may have any number. */
static enum err play_steps(struct ctx *ctx, struct playing *p, struct stage *s,
                           const struct story_text *story, size_t number)
{
    struct telling t = {.last_seq = -1};
    struct arena_mark mark = arena_mark(ctx->arena);
    for (size_t i = 0; i < story->count; i++) {
        struct story_answer answer;
        show_progress(p, number, story, i + 1);
        enum err e = story_step(ctx, s, &t, &story->steps[i], &answer);
        if (p->progress) {
            fprintf(stderr, "\r\033[K");
        }
        if (e != ERR_OK) {
            fprintf(stderr, "tongban: %.*s:%u: ", FMT(story->file), story->steps[i].line);
            return e;
        }
        (p->c->json ? print_json : print_text)(ctx, story, i, &answer);
        fflush(stdout); /* each answer as it comes */
        p->missed += answer.missed.n > 0;
        arena_reset(ctx->arena, mark);
    }
    return ERR_OK;
}

enum told { TOLD, STOPPED, NO_STAGE };

/* On an arena of its own, so that a thousand stories take no more than one. */
static enum told play(struct playing *p, const struct story_text *story, size_t number)
{
    struct arena *arena = arena_new(STORY_ARENA);
    must(arena != NULL);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct stage s;
    size_t count = 0;
    enum told told = NO_STAGE;
    const struct projector *const *rooms = rooms_projectors(&count);
    if (!p->c->json) {
        printf("%.*s\n", FMT(story->name));
        fflush(stdout);
    }
    enum err e = stage_open(&ctx, &s, rooms, count, story->steps[0].day);
    if (e == ERR_OK) {
        e = set_stage(&ctx, p, &s);
        if (e == ERR_OK) {
            told = STOPPED;
            e = play_steps(&ctx, p, &s, story, number);
        }
        stage_close(&ctx, &s);
    }
    if (e != ERR_OK) {
        fprintf(stderr, "%s%s: %.*s\n", told == NO_STAGE ? "tongban: " : "", err_sentence(e),
                FMT(ctx.why.detail));
    }
    arena_free(arena);
    return e == ERR_OK ? TOLD : told;
}

/* Those that --people names; else the sample that lies beside the first pack; else nobody. */
static enum err read_people(struct cmd *c, const char *named, const char *pack, struct json *ret)
{
    struct ctx *ctx = &c->ctx;
    struct str text = {0};
    const char *path = named;
    *ret = json_object();
    if (named == NULL) {
        path = str_format(ctx->arena, "%s/../sample/people.json", pack).p;
        if (ctx->world->exists(ctx->world, path) != 0) {
            return ERR_OK;
        }
    }
    TRY(file_read(ctx, path, 1 << 20, &text));
    return json_parse(ctx, text, str_from(path), ret);
}

static int unreadable(struct cmd *c)
{
    cmd_fail(c);
    return CMD_TOLD;
}

int law_play(struct cmd *c)
{
    struct playing *p = ARENA_NEW(c->ctx.arena, struct playing);
    struct story_text *stories = ARENA_ARRAY(c->ctx.arena, struct story_text, STORIES_MOST);
    const char *people = cmd_option(c, "--people");
    p->c = c;
    for (const char *f = cmd_option(c, "--story"); f != NULL; f = cmd_option(c, "--story")) {
        if (p->story_count == STORIES_MOST) {
            return 2;
        }
        if (story_read(&c->ctx, f, &stories[p->story_count++]) != ERR_OK) {
            return unreadable(c);
        }
    }
    if (p->story_count == 0 || c->argc < 3 || c->argc - 2 > PACKS_MOST) {
        return 2;
    }
    for (int i = 2; i < c->argc; i++) {
        if (c->argv[i][0] == '-') {
            return 2;
        }
        if (law_read_folder(&c->ctx, c->argv[i], &p->packs[p->pack_count++]) != ERR_OK) {
            return unreadable(c);
        }
    }
    if (read_people(c, people, c->argv[2], &p->people) != ERR_OK) {
        return unreadable(c);
    }
    p->progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
    for (size_t i = 0; i < p->story_count; i++) {
        enum told told = play(p, &stories[i], i);
        if (told ==
            NO_STAGE) { /* the packs, the people or this machine: no story would fare better */
            return 1;
        }
        p->stopped += told == STOPPED;
    }
    fprintf(stderr, "%zu stories, %zu expectations not met", p->story_count, p->missed);
    if (p->stopped > 0) {
        fprintf(stderr, ", %zu not played to their end", p->stopped);
    }
    fputs("\n", stderr);
    return p->missed + p->stopped == 0 ? 0 : 1;
}
