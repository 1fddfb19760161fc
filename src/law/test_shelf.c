/* Shared parts: a file is parsed once, whoever needs it, and goes when nobody does. Days ahead:
 * what stops the law on a later day is told today. */
#include <string.h>

#include "base/day.h"
#include "base/json.h"
#include "base/test.h"
#include "base/token.h"
#include "law/ahead.h"
#include "law/law_in.h"

static const struct day today = {20514}; /* 2026-03-02 */

/* A pack with one file other, or one more. */
static struct law_pack_source with_file(struct arena *a, const struct law_pack_source *from,
                                        const char *path, struct str bytes)
{
    struct law_file *files = ARENA_ARRAY(a, struct law_file, from->count + 1);
    bool known = false;
    memcpy(files, from->files, from->count * sizeof(*files));
    for (size_t i = 0; i < from->count; i++) {
        if (str_equal(files[i].path, str_from(path))) {
            files[i].bytes = bytes;
            known = true;
        }
    }
    files[from->count] = (struct law_file){str_from(path), bytes};
    return (struct law_pack_source){files, from->count + !known};
}

static struct str file_of(const struct law_pack_source *p, const char *path)
{
    for (size_t i = 0; i < p->count; i++) {
        if (str_equal(p->files[i].path, str_from(path))) {
            return p->files[i].bytes;
        }
    }
    return (struct str){0};
}

/* The text with the first `old` made `new`. */
static struct str swapped(struct arena *a, struct str text, const char *old, const char *new)
{
    size_t at = str_find(text, str_from(old));
    must(at != SIZE_MAX);
    return str_format(a, "%.*s%s%.*s", FMT(str_slice(text, 0, at)), new,
                      FMT(str_slice(text, at + strlen(old), text.n)));
}

struct bench {
    struct ctx *ctx;
    struct law_shelf *shelf;
    struct law_pack_source packs[2];
};

static void set_up(struct test *t, struct ctx *ctx, struct bench *b)
{
    b->ctx = ctx;
    CHECK_OK(law_read_folder(ctx, "law/cn", &b->packs[0]));
    CHECK_OK(law_read_folder(ctx, "law/cn-990101", &b->packs[1]));
    CHECK_OK(law_shelf_new(ctx, NULL, &b->shelf));
}

static enum err shelve(struct bench *b, const struct law_pack_source *p, struct parsed_pack **ret)
{
    struct ctx *ctx = b->ctx;
    uint8_t digest[32];
    TRY(law_pack_digest(ctx, p, digest));
    return law_shelve(ctx, b->shelf, p, digest, ret);
}

static enum err link_two(struct bench *b, struct arena *arena, const struct law_pack_source *p,
                         struct law **ret)
{
    struct ctx *ctx = b->ctx;
    struct parsed_pack *parsed[2];
    struct law_problems problems;
    TRY(shelve(b, &p[0], &parsed[0]));
    TRY(shelve(b, &p[1], &parsed[1]));
    struct law_plan plan = {.packs = parsed, .count = 2, .day = today};
    return law_link(ctx, b->shelf, arena, &plan, ret, &problems);
}

TEST(law_a_file_is_parsed_once_and_goes_when_nobody_needs_it)
{
    struct bench b;
    set_up(t, ctx, &b);
    struct arena *arenas[2] = {arena_new((size_t)1 << 28), arena_new((size_t)1 << 28)};
    struct law *law[2] = {NULL, NULL};
    size_t bytes = 0;
    law_shelf_begin(ctx, b.shelf);
    CHECK_OK(link_two(&b, arenas[0], b.packs, &law[0]));
    law_shelf_end(b.shelf);
    size_t files = law_shelf_files(b.shelf, &bytes);
    size_t stories = 0;
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < b.packs[k].count; i++) {
            stories += part_is_story(b.packs[k].files[i].path);
        }
    }
    CHECK(stories > 0);
    CHECK_INT((int64_t)files, (int64_t)(b.packs[0].count + b.packs[1].count - stories));
    /* One file other: one file more, and everything else is the same memory. */
    struct law_pack_source changed[2] = {
        with_file(ctx->arena, &b.packs[0], "act/accept.json",
                  str_format(ctx->arena, "%.*s\n", FMT(file_of(&b.packs[0], "act/accept.json")))),
        b.packs[1]};
    size_t before = bytes;
    law_shelf_begin(ctx, b.shelf);
    CHECK_OK(link_two(&b, arenas[1], changed, &law[1]));
    law_shelf_end(b.shelf);
    CHECK_INT((int64_t)law_shelf_files(b.shelf, &bytes), (int64_t)files + 1);
    CHECK(bytes - before < 64 * 1024);
    CHECK(arena_used(arenas[1]) < 2 * 1024 * 1024);
    const struct act_kind *one = law_act(law[0], STR("refuse"));
    const struct act_kind *other = law_act(law[1], STR("refuse"));
    CHECK(one != other && one->title.zh.p == other->title.zh.p);
    CHECK(law_procedure(law[0], STR("licensing")) == law_procedure(law[1], STR("licensing")));
    /* The first snapshot goes: so does the file only it needed. */
    law_shelf_begin(ctx, b.shelf);
    law_unlink(b.shelf, law[0]);
    arena_free(arenas[0]);
    law_shelf_end(b.shelf);
    CHECK_INT((int64_t)law_shelf_files(b.shelf, &bytes), (int64_t)files);
    CHECK(law_act(law[1], STR("accept")) != NULL);
    law_shelf_begin(ctx, b.shelf);
    law_unlink(b.shelf, law[1]);
    arena_free(arenas[1]);
    law_shelf_end(b.shelf);
    CHECK_INT((int64_t)law_shelf_files(b.shelf, &bytes), 0);
    CHECK_INT((int64_t)bytes, 0);
    law_shelf_free(b.shelf);
}

/* The digest of the set of packs is that of the set: in whatever order they are given. */
TEST(law_the_set_of_packs_has_one_digest_in_any_order)
{
    struct law_pack packs[3] = {{.code = STR("cn"), .version = STR("2026.1"), .digest = {1}},
                                {.code = STR("b"), .version = STR("2026.2"), .digest = {2}},
                                {.code = STR("cn-990101"), .version = STR("1"), .digest = {3}}};
    struct law_pack other[3] = {packs[2], packs[0], packs[1]};
    uint8_t one[32];
    uint8_t two[32];
    set_digest(ctx, packs, 3, one);
    set_digest(ctx, other, 3, two);
    CHECK(memcmp(one, two, 32) == 0);
    other[0].version = STR("2");
    set_digest(ctx, other, 3, two);
    CHECK(memcmp(one, two, 32) != 0);
    set_digest(ctx, packs, 2, two);
    CHECK(memcmp(one, two, 32) != 0);
}

/* A procedure is what it calls, too: another file there, another procedure here. */
TEST(law_a_procedure_is_compiled_anew_when_what_it_calls_is_other)
{
    struct bench b;
    set_up(t, ctx, &b);
    struct arena *arenas[2] = {arena_new((size_t)1 << 28), arena_new((size_t)1 << 28)};
    struct law *law[2] = {NULL, NULL};
    struct str called = {0};
    struct str caller = {0};
    for (size_t i = 0; i < b.packs[0].count; i++) {
        const struct law_file *f = &b.packs[0].files[i];
        size_t at = str_find(f->bytes, STR("calledElement=\""));
        if (str_ends(f->path, STR(".bpmn")) && at != SIZE_MAX && caller.n == 0) {
            struct str rest = str_slice(f->bytes, at + strlen("calledElement=\""), f->bytes.n);
            called = str_cut(rest, '"', &rest);
            caller = str_slice(f->path, strlen("procedure/"), f->path.n - strlen(".bpmn"));
        }
    }
    if (caller.n > 0) {
        const char *path = str_format(ctx->arena, "procedure/%.*s.bpmn", FMT(called)).p;
        struct law_pack_source changed[2] = {
            with_file(ctx->arena, &b.packs[0], path,
                      str_format(ctx->arena, "%.*s\n", FMT(file_of(&b.packs[0], path)))),
            b.packs[1]};
        law_shelf_begin(ctx, b.shelf);
        CHECK_OK(link_two(&b, arenas[0], b.packs, &law[0]));
        CHECK_OK(link_two(&b, arenas[1], changed, &law[1]));
        CHECK(law_procedure(law[0], caller) != law_procedure(law[1], caller));
        law_unlink(b.shelf, law[0]);
        law_unlink(b.shelf, law[1]);
        law_shelf_end(b.shelf);
    }
    arena_free(arenas[0]);
    arena_free(arenas[1]);
    law_shelf_free(b.shelf);
}

/* ---- days ahead ---- */

/* Two packs, and perhaps a version about to be published; what is told, as one text. */
static enum err ahead_of(struct bench *b, const struct law_pack_source *const *sources,
                         size_t count, size_t fresh, struct str *ret_told)
{
    struct ctx *ctx = b->ctx;
    struct pack_term terms[3];
    struct law_problems problems = {0};
    struct buf told = buf_new(ctx->arena, 0);
    law_shelf_begin(ctx, b->shelf);
    for (size_t i = 0; i < count; i++) {
        struct parsed_pack *p = NULL;
        TRY(shelve(b, sources[i], &p));
        struct pack_head head = law_pack_head(p);
        terms[i] = (struct pack_term){p, head.code, head.from, head.until};
    }
    enum err e = law_check_ahead(ctx, b->shelf, terms, count, fresh, NULL, 0, today, &problems);
    for (size_t i = 0; i < problems.count; i++) {
        if (!problems.items[i].warning) {
            buf_format(&told, "%.*s/%.*s: %.*s\n", FMT(problems.items[i].pack),
                       FMT(problems.items[i].file), FMT(problems.items[i].sentence));
        }
    }
    law_shelf_end(b->shelf);
    *ret_told = buf_str(&told);
    return e;
}

static enum err ahead(struct bench *b, const struct law_pack_source *national,
                      const struct law_pack_source *local, size_t fresh, struct str *ret_told)
{
    const struct law_pack_source *sources[2] = {national, local};
    return ahead_of(b, sources, 2, fresh, ret_told);
}

#define RULE                                                                                       \
    "{\"statute\":\"试行办法\",\"title\":{\"zh\":\"x\"},\"rank\":\"local-rule\",\"version\":"  \
    "\"1\","                                                                                       \
    "\"from\":\"%s\",\"until\":\"%s\",\"articles\":[{\"no\":\"1\",\"text\":{\"zh\":\"x\"}}]}"

/* The local pack with an item resting on a rule that holds from one day to another. */
static struct law_pack_source resting_on(struct arena *a, const struct law_pack_source *local,
                                         const char *from, const char *until)
{
    struct law_pack_source p =
        with_file(a, local, "statute/试行办法.1.json", str_format(a, RULE, from, until));
    return with_file(a, &p, "item/food-new/item.json",
                     swapped(a, file_of(local, "item/food-new/item.json"), "\"articles\": [",
                             "\"articles\": [\"试行办法#1\","));
}

static struct law_pack_source in_force(struct arena *a, const struct law_pack_source *p,
                                       const char *days)
{
    return with_file(a, p, "pack.json",
                     swapped(a, file_of(p, "pack.json"), "\"from\": \"2020-01-01\"", days));
}

TEST(law_a_pack_that_stops_loading_next_spring_is_told_today)
{
    struct bench b;
    struct arena *a = ctx->arena;
    struct str told = {0};
    set_up(t, ctx, &b);
    struct law_pack_source p = resting_on(a, &b.packs[1], "2020-01-01", "2027-04-01");
    CHECK_ERR(ahead(&b, &b.packs[0], &p, SIZE_MAX, &told), ERR_SYNTAX);
    CHECK(str_find(told, STR("cn-990101/item/food-new/item.json: from 2027-04-01 on: no version of "
                             "\"试行办法\" is in force that day")) != SIZE_MAX);
    CHECK_ERR(ahead(&b, &b.packs[0], &p, 1, &told), ERR_SYNTAX);
    /* The pack ends with it: then there is no such day. */
    struct law_pack_source ends =
        in_force(a, &p, "\"from\": \"2020-01-01\",\"until\": \"2027-04-01\"");
    CHECK_OK(ahead(&b, &b.packs[0], &ends, SIZE_MAX, &told));
    CHECK_INT((int64_t)told.n, 0);
    law_shelf_free(b.shelf);
}

TEST(law_a_pack_from_2030_is_judged_as_of_its_own_day)
{
    struct bench b;
    struct arena *a = ctx->arena;
    struct str told = {0};
    set_up(t, ctx, &b);
    struct law_pack_source p = resting_on(a, &b.packs[1], "2030-01-01", "2040-01-01");
    /* In force today, it rests on what is not. */
    CHECK_ERR(ahead(&b, &b.packs[0], &p, 1, &told), ERR_SYNTAX);
    struct law_pack_source later =
        in_force(a, &p, "\"from\": \"2030-01-01\",\"until\": \"2040-01-01\"");
    CHECK_OK(ahead(&b, &b.packs[0], &later, 1, &told));
    /* Its own day is looked at. */
    struct law_pack_source early =
        in_force(a, &p, "\"from\": \"2029-12-31\",\"until\": \"2040-01-01\"");
    CHECK_ERR(ahead(&b, &b.packs[0], &early, 1, &told), ERR_SYNTAX);
    CHECK(str_find(told, STR("from 2029-12-31 on: no version of")) != SIZE_MAX);
    law_shelf_free(b.shelf);
}

TEST(law_a_pack_until_yesterday_is_refused)
{
    struct bench b;
    struct arena *a = ctx->arena;
    struct str told = {0};
    set_up(t, ctx, &b);
    struct law_pack_source p =
        in_force(a, &b.packs[1], "\"from\": \"2020-01-01\",\"until\": \"2026-03-02\"");
    CHECK_ERR(ahead(&b, &b.packs[0], &p, 1, &told), ERR_SYNTAX);
    CHECK(str_find(told, STR("cn-990101/pack.json: the pack held until 2026-03-02: there is no day "
                             "left on which it is in force")) != SIZE_MAX);
    law_shelf_free(b.shelf);
}

/* What another pack has wrong already does not bar a repair; what the new one has wrong does. */
TEST(law_a_repair_is_not_refused_for_what_was_wrong_before)
{
    struct bench b;
    struct arena *a = ctx->arena;
    struct str told = {0};
    set_up(t, ctx, &b);
    struct law_pack_source broken =
        with_file(a, &b.packs[1], "act/zzz.json", str_from("{\"act\":\"zzz\"}"));
    struct law_pack_source repair =
        with_file(a, &b.packs[0], "act/accept.json",
                  str_format(a, "%.*s\n", FMT(file_of(&b.packs[0], "act/accept.json"))));
    struct law_pack_source worse =
        with_file(a, &b.packs[0], "act/zzy.json", str_from("{\"act\":\"zzy\"}"));
    CHECK_ERR(ahead(&b, &b.packs[0], &broken, 1, &told), ERR_SYNTAX);
    /* As if the broken one had been published by an older program. */
    const struct law_pack_source *sources[] = {&b.packs[0], &broken, &repair};
    CHECK_OK(ahead_of(&b, sources, 3, 2, &told));
    sources[2] = &worse;
    CHECK_ERR(ahead_of(&b, sources, 3, 2, &told), ERR_SYNTAX);
    CHECK(str_starts(told, STR("cn/act/zzy.json")));
    sources[2] = &b.packs[1];
    CHECK_OK(ahead_of(&b, sources, 3, 2, &told));
    law_shelf_free(b.shelf);
}

TEST(law_the_version_that_began_last_holds)
{
    const struct pack_term terms[] = {{NULL, STR("a"), {10}, {INT32_MAX}},
                                      {NULL, STR("b"), {10}, {30}},
                                      {NULL, STR("a"), {20}, {INT32_MAX}},
                                      {NULL, STR("a"), {12}, {INT32_MAX}}, /* a later correction */
                                      {NULL, STR("b"), {20}, {25}}};
    size_t got[5];
    CHECK_INT((int64_t)law_in_force(terms, 5, (struct day){9}, got), 0);
    CHECK_INT((int64_t)law_in_force(terms, 5, (struct day){10}, got), 2);
    CHECK(got[0] == 0 && got[1] == 1);
    CHECK_INT((int64_t)law_in_force(terms, 5, (struct day){12}, got), 2);
    CHECK(got[0] == 3 && got[1] == 1);
    CHECK_INT((int64_t)law_in_force(terms, 5, (struct day){20}, got), 2);
    CHECK(got[0] == 2 && got[1] == 4);
    CHECK_INT((int64_t)law_in_force(terms, 5, (struct day){25}, got), 1); /* ended, not replaced */
    CHECK(got[0] == 2);
}
