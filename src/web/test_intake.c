/* What comes with a form: files sieved out of JSON, however it is split; names as headers carry
 * them. */
#include "base/arena.h"
#include "base/str.h"
#include "base/test.h"
#include "limit_gen.h"
#include "web/sieve.h"
#include "web/web_in.h"

/* The text without its files, then each file as [field|bytes]. */
static enum err sieved(struct ctx *ctx, struct str body, size_t size, struct str *ret)
{
    struct sieve *s = ARENA_NEW(ctx->arena, struct sieve);
    struct buf files = buf_new(ctx->arena, 0);
    sieve_open(s, ctx->arena);
    for (size_t from = 0; from < body.n; from += size) {
        struct str piece = str_slice(body, from, from + size);
        while (piece.n > 0) {
            size_t used = 0;
            enum sieve_event event = SIEVE_MORE;
            TRY(sieve_next(ctx, s, piece, &used, &event));
            piece = str_slice(piece, used, piece.n);
            if (event == SIEVE_FILE) {
                buf_format(&files, "[%.*s|", FMT(s->field));
            } else if (event == SIEVE_BYTES) {
                buf_put(&files, s->bytes);
            } else if (event == SIEVE_FILE_END) {
                buf_byte(&files, ']');
            }
        }
    }
    *ret = str_format(ctx->arena, "%.*s%.*s", FMT(buf_str(&s->text)), FMT(buf_str(&files)));
    return ERR_OK;
}

static const struct {
    const char *body;
    const char *want; /* NULL: refused */
} sieve_rows[] = {
    {"{\"a\":{\"base64\":\"aGVsbG8=\"}}", "{\"a\":{\"base64\":\"\"}}[a|hello]"},
    {"{\"a\":{\"name\":\"x\\\"base64\\\":\",\"base64\" : \"aGVsbG8h\",\"type\":\"t\"},\"b\":1}",
     "{\"a\":{\"name\":\"x\\\"base64\\\":\",\"base64\" : \"\",\"type\":\"t\"},\"b\":1}[a|hello!]"},
    {"{\"a\":{\"base64\":\"\"},\"b\":{\"base64\":\"YQ==\"}}",
     "{\"a\":{\"base64\":\"\"},\"b\":{\"base64\":\"\"}}[a|][b|a]"},
    {"{\"a\":{\"base64\":\"\\/\\/8=\"}}", "{\"a\":{\"base64\":\"\"}}[a|\xff\xff]"},
    /* not in the second object, not a string, not a value */
    {"{\"base64\":\"YQ==\"}", "{\"base64\":\"YQ==\"}"},
    {"{\"a\":[\"base64\",\"YQ==\"]}", "{\"a\":[\"base64\",\"YQ==\"]}"},
    {"{\"a\":{\"b\":{\"base64\":\"YQ==\"}}}", "{\"a\":{\"b\":{\"base64\":\"YQ==\"}}}"},
    {"{\"a\":{\"base64\":1,\"x\":\"YQ==\"}}", "{\"a\":{\"base64\":1,\"x\":\"YQ==\"}}"},
    {"[{\"base64\":\"YQ==\"}]", "[{\"base64\":\"YQ==\"}]"},
    {"{\"a\":{\"x\":\"base64\",\"y\":\"YQ==\"}}", "{\"a\":{\"x\":\"base64\",\"y\":\"YQ==\"}}"},
    {"{\"a\":{\"base64\":{\"z\":1},\"y\":\"YQ==\"}}",
     "{\"a\":{\"base64\":{\"z\":1},\"y\":\"YQ==\"}}"},
    {"}}]]\"", "}}]]\""},
    /* no base64 */
    {"{\"a\":{\"base64\":\"%%%\"}}", NULL},
    {"{\"a\":{\"base64\":\"YQ=\"}}", NULL},
    {"{\"a\":{\"base64\":\"YQ\"}}", NULL},
    {"{\"a\":{\"base64\":\"YR==\"}}", NULL},
    {"{\"a\":{\"base64\":\"YQ==YQ==\"}}", NULL},
    {"{\"a\":{\"base64\":\"=\"}}", NULL},
    {"{\"a\":{\"base64\":\"YQ\\n==\"}}", NULL},
};

TEST(web_files_are_sieved_out_of_json)
{
    for (size_t i = 0; i < LEN(sieve_rows); i++) {
        struct str body = str_from(sieve_rows[i].body);
        for (size_t size = 1; size <= body.n; size++) {
            struct str got = {0};
            bool good = sieve_rows[i].want != NULL;
            CHECK_ERR(sieved(ctx, body, size, &got), good ? ERR_OK : ERR_SYNTAX);
            if (good) {
                CHECK_STR(got, sieve_rows[i].want);
            }
        }
    }
    struct buf large = buf_new(ctx->arena, 0);
    struct str got = {0};
    buf_puts(&large, "{\"a\":\"");
    for (size_t i = 0; i < LIMIT_HTTP_BODY_BYTES; i++) {
        buf_byte(&large, 'x');
    }
    CHECK_ERR(sieved(ctx, buf_str(&large), 10000, &got), ERR_TOO_LARGE);
}

TEST(web_file_names_are_carried_in_headers)
{
    CHECK_STR(disposition(ctx->arena, STR("plan.pdf")),
              "attachment; filename=\"plan.pdf\"; filename*=UTF-8''plan.pdf");
    CHECK_STR(disposition(ctx->arena, STR("平面 图\"\\%.pdf")),
              "attachment; filename=\"__ ____.pdf\"; "
              "filename*=UTF-8''%E5%B9%B3%E9%9D%A2%20%E5%9B%BE%22%5C%25.pdf");
}
