/* What goes between processes comes out as it went in, and what is cut off or altered is refused.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/test.h"
#include "gate/post.h"

static const struct attachment file = {STR_INIT("ab"), STR_INIT("text/plain"), STR_INIT("a.txt"),
                                       STR_INIT("\0\1\2"), STR_INIT("u-1")};

static struct draft sample(struct test *t, struct ctx *ctx)
{
    struct draft d = {.kind = STR("apply"),
                      .actor = {.kind = ACTOR_OFFICER,
                                .id = STR("o-1"),
                                .for_id = STR("p-2"),
                                .assurance = 2,
                                .proven = {1790000000123},
                                .role = STR("clerk")},
                      .item = STR("food-new"),
                      .key = STR("k"),
                      .attachments = &file,
                      .attachment_count = 1,
                      .consent = {STR("d1"), STR("n0"), {1790000000111}, 3, {1790000000222}}};
    CHECK_OK(json_parse(ctx,
                        STR("{\"a\":[1,-2.5,1e3,null,true,\"通办\",{}],\"b\":{\"c\":[[]]},\"n\":"
                            "-9007199254740991}"),
                        STR(""), &d.fields));
    return d;
}

static struct str written(struct ctx *ctx, const struct post_task *task)
{
    struct buf b = buf_new(ctx->arena, 0);
    post_put_task(&b, task);
    return buf_str(&b);
}

TEST(post_a_task_comes_out_as_it_went_in)
{
    struct draft d = sample(t, ctx);
    struct str bytes =
        written(ctx, &(struct post_task){.draft = &d, .op = STR("x.keep"), .payload = STR("\0p")});
    struct draft got;
    struct post_task task;
    CHECK(post_get_task(ctx->arena, bytes, &got, &task));
    CHECK(task.draft == &got && str_equal(task.op, STR("x.keep")) && task.payload.n == 2);
    CHECK_STR(got.kind, "apply");
    CHECK_STR(got.actor.for_id, "p-2");
    CHECK_INT(got.actor.kind, ACTOR_OFFICER);
    CHECK_INT(got.actor.proven.ms, 1790000000123);
    CHECK_STR(got.consent.digest, "d1");
    CHECK_INT(got.consent.proven.ms, 1790000000222);
    CHECK(json_equal(&got.fields, &d.fields));
    CHECK_INT(got.attachment_count, 1);
    CHECK(str_equal(got.attachments[0].bytes, file.bytes));
    /* Written again, it is the same: so nothing was left out that is read. */
    CHECK(str_equal(written(ctx, &task), bytes));
    bytes = written(ctx, &(struct post_task){.op = STR("alone")});
    CHECK(post_get_task(ctx->arena, bytes, &got, &task) && task.draft == NULL);
}

TEST(post_what_is_cut_or_altered_is_refused)
{
    struct draft d = sample(t, ctx);
    struct str bytes = written(ctx, &(struct post_task){.draft = &d});
    struct draft got;
    struct post_task task;
    for (size_t n = 0; n < bytes.n; n++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        char *copy = arena_push_bytes(ctx->arena, n + 1); /* to its very end, for ASan */
        memcpy(copy, bytes.p, n);
        CHECK(!post_get_task(ctx->arena, (struct str){copy, n}, &got, &task));
        arena_reset(ctx->arena, mark);
    }
    for (size_t n = 0; n < bytes.n; n++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        char *copy = arena_push_bytes(ctx->arena, bytes.n);
        memcpy(copy, bytes.p, bytes.n);
        copy[n] = (char)(copy[n] ^ 0xff);
        (void)post_get_task(ctx->arena, (struct str){copy, bytes.n}, &got, &task);
        arena_reset(ctx->arena, mark);
    }
    struct str longer = str_format(ctx->arena, "%.*s!", FMT(bytes));
    CHECK(!post_get_task(ctx->arena, longer, &got, &task));
}

TEST(post_an_answer_comes_out_as_it_went_in)
{
    struct post_answer a = {.receipt = {.verdict = {.check = STR("form"),
                                                    .code = STR("form.missing"),
                                                    .sentence = {STR("缺"), STR("missing")},
                                                    .article = {.text = STR("行政许可法#32")}},
                                        .seq = -1,
                                        .leaf_hash = {1, 2, 3},
                                        .due_day = {-7},
                                        .repeated = true,
                                        .kept = STR("ans")}};
    struct buf b = buf_new(ctx->arena, 0);
    struct post_answer got;
    post_put_answer(&b, &a);
    CHECK(post_get_answer(buf_str(&b), &got));
    CHECK(got.receipt.seq == -1 && got.receipt.repeated);
    CHECK_STR(got.receipt.verdict.sentence.zh, "缺");
    CHECK_STR(got.receipt.verdict.article.text, "行政许可法#32");
    CHECK_INT(got.receipt.due_day.n, -7);
    CHECK(memcmp(got.receipt.leaf_hash, a.receipt.leaf_hash, 32) == 0);
    CHECK_STR(got.receipt.kept, "ans");
    for (size_t n = 0; n < b.n; n++) {
        CHECK(!post_get_answer((struct str){b.p, n}, &got));
    }
    b = buf_new(ctx->arena, 0);
    post_put_answer(&b, &(struct post_answer){.err = ERR_DISK_FULL, .detail = STR("full")});
    CHECK(post_get_answer(buf_str(&b), &got) && got.err == ERR_DISK_FULL);
    CHECK_STR(got.detail, "full");
}
