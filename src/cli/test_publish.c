/* What a published pack is called: a version should name one text and have the form that documents
 * cite, which whoever publishes is told; and the act calls the pack what the pack calls itself. */
#include "base/json_make.h"
#include "base/test.h"
#include "book/book.h"
#include "cli/test_play.h"
#include "gate/run.h"
#include "store/store.h"

/* The national pack, with this in place of its version and this much more of a title. */
static struct law_pack_source changed(struct test *t, struct ctx *ctx, const char *version,
                                      const char *more)
{
    struct law_pack_source pack = {0};
    CHECK_OK(law_read_folder(ctx, "law/cn", &pack));
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, pack.count);
    for (size_t i = 0; i < pack.count; i++) {
        struct law_file f = pack.files[i];
        const char *from = str_equal(f.path, STR("pack.json"))         ? "\"2026.1\""
                           : str_equal(f.path, STR("act/accept.json")) ? "\"Accept\""
                                                                       : NULL;
        if (from != NULL) {
            size_t at = str_find(f.bytes, str_from(from));
            must(at != SIZE_MAX);
            struct str to = from[1] == '2' ? str_format(ctx->arena, "\"%s\"", version)
                                           : str_format(ctx->arena, "\"Accept%s\"", more);
            f.bytes = str_format(ctx->arena, "%.*s%.*s%.*s", FMT(str_slice(f.bytes, 0, at)),
                                 FMT(to), FMT(str_slice(f.bytes, at + strlen(from), f.bytes.n)));
        }
        files[i] = f;
    }
    return (struct law_pack_source){files, pack.count};
}

/* It is published, and whoever publishes it is told. */
static bool is_warned_of(struct story *s, const struct law_pack_source *pack, const char *why)
{
    struct ctx *ctx = s->ctx;
    struct law_problems problems = {0};
    enum err e = stage_publish(ctx, &s->stage, pack, &problems);
    bool told = false;
    for (size_t i = 0; i < problems.count; i++) {
        const struct law_problem *p = &problems.items[i];
        told = told || (str_equal(p->file, STR("pack.json")) && p->warning &&
                        str_find(p->sentence, str_from(why)) != SIZE_MAX);
    }
    return e == ERR_OK && told;
}

TEST(publish_a_version_should_name_one_text)
{
    struct story *s = ARENA_NEW(ctx->arena, struct story);
    struct law_problems problems;
    story_open(s, t, ctx);
    struct law_pack_source same = changed(t, ctx, "2026.1", "");
    struct law_pack_source other = changed(t, ctx, "2026.1", " it");
    struct law_pack_source next = changed(t, ctx, "2026.2", " it");
    CHECK_OK(stage_publish(ctx, &s->stage, &same, &problems)); /* once more: the same */
    CHECK(is_warned_of(s, &other, "version 2026.1 of cn was published by act 0"));
    CHECK_OK(stage_publish(ctx, &s->stage, &next, &problems));
    CHECK(is_warned_of(s, &other, "give this one the next number"));
    story_replay(s);
    story_close(s);
}

TEST(publish_a_version_should_be_a_year_and_a_number)
{
    static const char *const wrong[] = {"v0",   "2026",    "2026.0", "2026.01",
                                        "26.1", "2026.1a", "1.2.3"};
    struct story *s = ARENA_NEW(ctx->arena, struct story);
    story_open(s, t, ctx);
    for (size_t i = 0; i < LEN(wrong); i++) {
        struct law_pack_source pack = changed(t, ctx, wrong[i], " it");
        CHECK(is_warned_of(s, &pack, "a year and a number count versions, as in 2026.1"));
    }
    story_close(s);
}

/* Whoever drafts the act by hand cannot call a pack what it is not. */
TEST(publish_the_act_calls_the_pack_what_it_is)
{
    static const char *const fields[] = {"pack.code", "pack.version", "pack.digest"};
    struct story *s = ARENA_NEW(ctx->arena, struct story);
    story_open(s, t, ctx);
    struct law_pack_source pack = changed(t, ctx, "2026.2", " it");
    for (size_t i = 0; i < LEN(fields); i++) {
        struct draft d = {0};
        struct law_problems problems;
        CHECK_OK(book_publish_draft(ctx, gate_book(s->stage.gate), store_writer(s->stage.store),
                                    &pack, &d, &problems));
        d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
        json_set(ctx->arena, &d.fields, str_from(fields[i]), json_of_str(STR("another")));
        struct receipt r = {0};
        CHECK_OK(stage_submit(ctx, &s->stage, &d, &r));
        CHECK_STR(r.verdict.code, "form.material");
        CHECK_STR(r.verdict.field, "pack.file");
        CHECK(r.verdict.article.text.n > 0);
        CHECK(str_find(r.verdict.sentence.en, STR("the act calls it")) != SIZE_MAX);
    }
    story_close(s);
}
