/* test_play.c - the stage of the program as tests use it: what fails there fails the test. Every
 * test above the rooms plays on a node with all of them, so that replay at the end proves the views
 * of licences, cases, sign-in and identity as well as the gate's own. */
#include "cli/test_play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
#include "gate/read.h"
#include "gate/run.h"
#include "store/schema.h"
#include "limit_gen.h"
#include "cli/rooms.h"
#include "cli/story.h"

void story_set_day(struct story *s, struct day day)
{
    stage_set(&s->stage, day, 9);
}

/* An act of a kind that stands in no case names none. */
static bool stands_in_case(struct story *s, struct str kind)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct db *reader = NULL;
    const struct law *law = NULL;
    CHECK_OK(store_reader(ctx, s->stage.store, &reader));
    CHECK_OK(gate_law(ctx, s->stage.gate, reader, &law));
    db_close(reader);
    const struct act_kind *k = law == NULL ? NULL : law_act(law, kind);
    return k == NULL || k->in_case != ACT_CASE_NONE;
}

struct receipt story_submit(struct story *s, const struct draft *draft)
{
    struct draft d = *draft;
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct receipt r = {.seq = -1};
    story_attach_files(ctx, &d);
    /* Who acts in a test has just signed in, unless it says when. */
    d.actor.proven = d.actor.proven.ms == 0 ? s->stage.clock.now : d.actor.proven;
    d.case_id = d.case_id.n > 0 && stands_in_case(s, d.kind) ? d.case_id : STR("");
    CHECK_OK(stage_submit(ctx, &s->stage, &d, &r));
    return r;
}

size_t story_tick(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    size_t count = 0;
    CHECK_OK(agenda_tick(ctx, s->stage.agenda, &count));
    if (count > 0) { /* what is under way is not taken a second time */
        size_t again = 0;
        CHECK(agenda_tick_more(s->stage.agenda));
        CHECK_OK(agenda_tick(ctx, s->stage.agenda, &again));
        CHECK_INT(again, 0);
    }
    while (gate_run_once(s->stage.gate) > 0) {
    }
    CHECK(!agenda_tick_more(s->stage.agenda));
    return count;
}

/* What a test publishes is a version of its own: it says another thing than the one before. */
static struct law_pack_source as_next_version(struct story *s, const struct law_pack_source *pack)
{
    static const struct str first = STR_INIT("\"2026.1\"");
    struct arena *a = s->ctx->arena;
    struct law_file *files = ARENA_ARRAY(a, struct law_file, pack->count);
    for (size_t i = 0; i < pack->count; i++) {
        files[i] = pack->files[i];
        if (str_equal(files[i].path, STR("pack.json"))) {
            struct str head = files[i].bytes;
            size_t at = str_find(head, first);
            if (at == SIZE_MAX) {
                continue; /* the test gives it one */
            }
            files[i].bytes =
                str_format(a, "%.*s\"2026.%u\"%.*s", FMT(str_slice(head, 0, at)), ++s->versions + 1,
                           FMT(str_slice(head, at + first.n, head.n)));
        }
    }
    return (struct law_pack_source){files, pack->count};
}

void story_publish(struct story *s, const struct law_pack_source *pack)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct law_problems problems;
    struct law_pack_source own = as_next_version(s, pack);
    CHECK_OK(stage_publish(ctx, &s->stage, &own, &problems));
}

static void publish(struct story *s, const char *folder)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct law_pack_source pack;
    struct law_problems problems;
    CHECK_OK(law_read_folder(ctx, folder, &pack));
    CHECK_OK(stage_publish(ctx, &s->stage, &pack, &problems));
}

void story_open(struct story *s, struct test *t, struct ctx *ctx)
{
    struct str text;
    struct json people;
    CHECK_OK(file_read(ctx, "law/sample/people.json", 1 << 20, &text));
    CHECK_OK(json_parse(ctx, text, STR("people.json"), &people));
    story_open_people(s, t, ctx, &people);
}

/* ---- nodes that begin alike ---- */

/* To publish the packs and register everyone takes seconds, and all stories with the same people
 * begin with it: the folder is kept, and the next such story begins with a copy. */
enum { BEGINNINGS = 4 };
static struct {
    char *people; /* as text */
    char dir[64];
} beginnings[BEGINNINGS];

static void forget_beginnings(void)
{
    for (size_t i = 0; i < BEGINNINGS && beginnings[i].people != NULL; i++) {
        test_folder_remove(beginnings[i].dir);
        free(beginnings[i].people);
    }
}

static char *text_of(struct ctx *ctx, const struct json *people)
{
    struct buf b = buf_new(ctx->arena, 1 << 24);
    json_write(&b, people);
    return str_z(ctx->arena, buf_str(&b));
}

/* The folder that begins with these people; NULL when it is still to be made. */
static const char *beginning_of(const char *people, size_t *ret_place)
{
    size_t i = 0;
    while (i < BEGINNINGS && beginnings[i].people != NULL) {
        if (strcmp(beginnings[i].people, people) == 0) {
            return beginnings[i].dir;
        }
        i++;
    }
    must(i < BEGINNINGS);
    *ret_place = i;
    return NULL;
}

static void keep_beginning(struct story *s, const char *people, size_t place)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    stage_leave(&s->stage);
    snprintf(beginnings[place].dir, sizeof(beginnings[place].dir), "/tmp/tongban-story-XXXXXX");
    must(mkdtemp(beginnings[place].dir) != NULL);
    test_folder_copy(str_z(ctx->arena, s->stage.dir), beginnings[place].dir);
    beginnings[place].people = strdup(people);
    if (place == 0) {
        atexit(forget_beginnings);
    }
    CHECK_OK(stage_reopen(ctx, &s->stage));
}

void story_open_people(struct story *s, struct test *t, struct ctx *ctx, const struct json *people)
{
    story_open_more(s, t, ctx, people, NULL);
}

static const struct projector *const *rooms_and(struct ctx *ctx, const struct projector *more,
                                                size_t *ret_count)
{
    const struct projector *const *own = rooms_projectors(ret_count);
    const struct projector **all =
        ARENA_ARRAY(ctx->arena, const struct projector *, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        all[i] = own[i];
    }
    all[*ret_count] = more;
    *ret_count += more != NULL;
    return all;
}

void story_open_more(struct story *s, struct test *t, struct ctx *ctx, const struct json *people,
                     const struct projector *more)
{
    size_t count = 0;
    size_t place = 0;
    struct day first = {0};
    const struct projector *const *rooms = rooms_and(ctx, more, &count);
    const char *text = text_of(ctx, people);
    const char *beginning = beginning_of(text, &place);
    *s = (struct story){.t = t, .ctx = ctx, .people = *people};
    must(day_parse(STR("2026-01-05"), &first));
    CHECK_OK(stage_open(ctx, &s->stage, rooms, count, first));
    s->stage.people = &s->people;
    if (beginning != NULL) {
        stage_leave(&s->stage);
        test_folder_copy(beginning, str_z(ctx->arena, s->stage.dir));
        CHECK_OK(stage_reopen(ctx, &s->stage));
        return;
    }
    publish(s, "law/cn");
    publish(s, "law/cn-990101");
    CHECK_OK(stage_people(ctx, &s->stage, &s->people));
    keep_beginning(s, text, place);
}

void story_refill(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    bool stale = false;
    CHECK_OK(store_views_version(ctx, s->stage.store, STR("of another program")));
    CHECK_OK(store_views_are_stale(ctx, store_writer(s->stage.store), &stale));
    CHECK(stale);
    CHECK_OK(stage_reopen(ctx, &s->stage));
}

/* ---- what happens to a node in the middle of a story ---- */

/* The sample pack once more, as its next version: running cases keep the law they began under. */
static void publish_anew(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct law_pack_source pack;
    CHECK_OK(law_read_folder(ctx, "law/cn-990101", &pack));
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, pack.count + 1);
    for (size_t i = 0; i < pack.count; i++) {
        files[i] = pack.files[i];
        if (str_equal(files[i].path, STR("pack.json"))) {
            size_t at = str_find(files[i].bytes, STR("\"2026.1\""));
            CHECK(at != SIZE_MAX);
            files[i].bytes =
                str_format(ctx->arena, "%.*s\"2026.2\"%.*s", FMT(str_slice(files[i].bytes, 0, at)),
                           FMT(str_slice(files[i].bytes, at + 8, files[i].bytes.n)));
        }
    }
    story_publish(s, &(struct law_pack_source){files, pack.count});
}

/* The address of whoever was registered last. */
static void erase_something(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct act_record r = {0};
    struct db *reader = NULL;
    bool found = true;
    int64_t last = -1;
    CHECK_OK(store_reader(ctx, s->stage.store, &reader));
    for (int64_t seq = 0; found; seq++) {
        CHECK_OK(gate_act(ctx, s->stage.gate, reader, seq, &r, &found));
        last = found && json_text(&r.fields, "person.address").n > 0 ? seq : last;
    }
    db_close(reader);
    CHECK(last >= 0);
    struct draft d = {.kind = STR("erase-value"), .fields = json_object()};
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    json_set(ctx->arena, &d.fields, STR("erase.seq"), json_of_int(last));
    json_set(ctx->arena, &d.fields, STR("erase.fact"), json_of_str(STR("person.address")));
    struct receipt receipt = story_submit(s, &d);
    CHECK_STR(receipt.verdict.code, "");
}

static void restart(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    CHECK_OK(stage_reopen(ctx, &s->stage));
}

void story_trouble(struct story *s, size_t number)
{
    static void (*const troubles[])(struct story * s) = {publish_anew, erase_something, restart,
                                                         story_refill};
    troubles[number % LEN(troubles)](s);
}

enum { STORIES_MOST = 500 };

struct path_list {
    struct ctx *ctx;
    const char *paths[STORIES_MOST];
    size_t count;
};

static void note_path(void *arg, const char *name, bool is_dir)
{
    struct path_list *l = arg;
    if (!is_dir && str_ends(str_from(name), STR(".json"))) {
        must(l->count < STORIES_MOST);
        l->paths[l->count++] = str_format(l->ctx->arena, "law/cn-990101/test/%s", name).p;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

size_t story_paths(struct ctx *ctx, const char *const **ret)
{
    struct path_list *l = ARENA_NEW(ctx->arena, struct path_list);
    l->ctx = ctx;
    must(ctx->world->list(ctx->world, "law/cn-990101/test", note_path, l) == 0);
    qsort(l->paths, l->count, sizeof(l->paths[0]), by_name);
    *ret = l->paths;
    return l->count;
}

/* ---- asking again ---- */

static void tell(void *arg, const struct replay_refusal *r)
{
    buf_format(arg, "%.*s %.*s %.*s%s\n", FMT(r->kind), FMT(r->verdict->check),
               FMT(r->verdict->code), r->verdict->article.text.n > 0 ? " by an article" : "");
}

struct str story_ask_again(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct buf out = buf_new(ctx->arena, 0);
    struct store *fresh = NULL;
    struct replay_report report;
    char dir[] = "/tmp/tongban-story-XXXXXX";
    must(mkdtemp(dir) != NULL);
    CHECK_OK(store_open(ctx, str_from(dir), STORE_CREATE, &fresh));
    CHECK_OK(store_migrate(ctx, fresh));
    CHECK_OK(replay_reask(ctx, s->stage.gate, fresh, tell, &out, &report));
    CHECK_INT(report.refused, s->lax);
    CHECK_STR(report.first_wrong, "");
    store_close(fresh);
    test_folder_remove(dir);
    return buf_str(&out);
}

void story_replay(struct story *s)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct replay_report report = {0};
    CHECK_OK(stage_replay(ctx, &s->stage, &report));
    CHECK(report.acts > 0);
    CHECK_INT(report.refused, s->lax);
    CHECK_STR(report.first_wrong, "");
}

void story_close(struct story *s)
{
    story_replay(s);
    stage_close(s->ctx, &s->stage);
}
