/* Forms, uploads, cookies, negotiation. */
#include "base/test.h"
#include "http/form.h"
#include "http/http_in.h"
#include "http/negotiate.h"

static const struct {
    struct str query;
    enum err err;
    const char *want; /* name=value; */
} query_rows[] = {
    {STR_INIT(""), ERR_OK, ""},
    {STR_INIT("a=1&b=2"), ERR_OK, "a=1;b=2;"},
    {STR_INIT("a=1&&a=2&c"), ERR_OK, "a=1;a=2;c=;"},
    {STR_INIT("a+b=c%2Bd%26"), ERR_OK, "a b=c+d&;"},
    {STR_INIT("%E5%8A%9E=%3D="), ERR_OK, "办===;"},
    {STR_INIT("a=%4"), ERR_SYNTAX, ""},
    {STR_INIT("a=%zz"), ERR_SYNTAX, ""},
    {STR_INIT("a=%00"), ERR_SYNTAX, ""},
    {STR_INIT("a=%ff"), ERR_UTF8, ""},
    {STR_INIT("a=%c0%80"), ERR_UTF8, ""},
};

TEST(http_form_reads_queries_strictly)
{
    for (size_t i = 0; i < LEN(query_rows); i++) {
        struct http_fields f = {0};
        CHECK_ERR(query_parse(ctx, query_rows[i].query, &f), query_rows[i].err);
        struct buf b = buf_new(ctx->arena, 0);
        for (size_t n = 0; n < f.count; n++) {
            buf_format(&b, "%.*s=%.*s;", FMT(f.pairs[n].name), FMT(f.pairs[n].value));
        }
        CHECK_STR(buf_str(&b), query_rows[i].want);
    }
    struct buf many = buf_new(ctx->arena, 0);
    for (int i = 0; i < LIMIT_HTTP_FORM_FIELDS; i++) {
        buf_puts(&many, "a=1&");
    }
    struct http_fields f = {0};
    CHECK_ERR(query_parse(ctx, buf_str(&many), &f), ERR_TOO_MANY);
    CHECK_OK(query_parse(ctx, str_slice(buf_str(&many), 0, many.n - 1), &f));
    CHECK_INT(f.count, LIMIT_HTTP_FORM_FIELDS);
    CHECK(field_get(&f, "b").n == 0);
    struct http_pair type = {STR("content-type"), STR("text/plain")};
    struct http_request r = {.headers = &type, .header_count = 1, .body = STR("a=1")};
    CHECK_ERR(form_parse(ctx, &r, &f), ERR_MEDIA_TYPE);
    type.value = STR("application/x-www-form-urlencoded; charset=UTF-8");
    CHECK_OK(form_parse(ctx, &r, &f));
    CHECK_STR(field_get(&f, "a"), "1");
}

#define PART(name, more, bytes)                                                                    \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"" more "\r\n\r\n" bytes "\r\n"

static const struct {
    struct str body;
    enum err err;
    size_t count;
} multipart_rows[] = {
    {STR_INIT("--B--\r\n"), ERR_OK, 0},
    {STR_INIT(PART("a", "", "1") "--B--\r\n"), ERR_OK, 1},
    {STR_INIT(PART("a", "", "1") PART("f", "; filename=\"x.txt\"", "\r\n\0\r\n--") "--B--"), ERR_OK,
     2},
    {STR_INIT(PART("a", "", "1")), ERR_SYNTAX, 0},
    {STR_INIT("preamble\r\n" PART("a", "", "1") "--B--"), ERR_SYNTAX, 0},
    {STR_INIT("--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B--"), ERR_SYNTAX, 0},
    {STR_INIT("--B\r\nContent-Type: text/plain\r\n\r\n1\r\n--B--"), ERR_SYNTAX, 0},
    {STR_INIT("--B\r\nno end of headers\r\n--B--"), ERR_SYNTAX, 0},
    {STR_INIT("--B\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n1\r\n--B--"), ERR_UTF8,
     0},
    {STR_INIT("--B junk\r\n\r\n1\r\n--B--"), ERR_SYNTAX, 0},
    {STR_INIT(""), ERR_SYNTAX, 0},
};

TEST(http_form_reads_uploads_strictly)
{
    struct http_pair type = {STR("content-type"), STR("multipart/form-data; boundary=\"B\"")};
    struct http_request r = {.headers = &type, .header_count = 1};
    struct http_parts parts = {0};
    for (size_t i = 0; i < LEN(multipart_rows); i++) {
        r.body = multipart_rows[i].body;
        parts = (struct http_parts){0};
        CHECK_ERR(multipart_parse(ctx, &r, &parts), multipart_rows[i].err);
        CHECK_INT(parts.count, multipart_rows[i].count);
    }
    r.body =
        STR(PART("文件", "; filename=\"C:\\dir/\xe8\xaf\x81.pdf\"\r\nContent-Type: application/pdf",
                 "%PDF\r\n") "--B--");
    CHECK_OK(multipart_parse(ctx, &r, &parts));
    CHECK_STR(parts.parts[0].name, "文件");
    CHECK_STR(parts.parts[0].file_name, "证.pdf");
    CHECK_STR(parts.parts[0].type, "application/pdf");
    CHECK_STR(parts.parts[0].bytes, "%PDF\r\n");
    CHECK(parts.parts[0].is_file);
    struct buf many = buf_new(ctx->arena, 0);
    for (int i = 0; i <= LIMIT_HTTP_MULTIPART_PARTS; i++) {
        buf_puts(&many, PART("a", "", "1"));
    }
    buf_puts(&many, "--B--");
    r.body = buf_str(&many);
    CHECK_ERR(multipart_parse(ctx, &r, &parts), ERR_TOO_MANY);
    buf_clear(&many);
    buf_puts(&many, "--B\r\nX: ");
    for (int i = 0; i < LIMIT_HTTP_PART_HEADER_BYTES; i++) {
        buf_byte(&many, 'x');
    }
    buf_puts(&many, "\r\n\r\n1\r\n--B--");
    r.body = buf_str(&many);
    CHECK_ERR(multipart_parse(ctx, &r, &parts), ERR_TOO_LONG);
    type.value = STR("multipart/form-data");
    CHECK_ERR(multipart_parse(ctx, &r, &parts), ERR_MEDIA_TYPE);
}

/* Names and contents of the parts of a body that comes in pieces of so many bytes, as one text. */
static enum err in_pieces(struct ctx *ctx, const struct http_request *r, size_t size,
                          struct buf *ret)
{
    struct multipart *m = ARENA_NEW(ctx->arena, struct multipart);
    TRY(multipart_open(ctx, r, m));
    for (size_t from = 0; from < r->body.n; from += size) {
        struct str piece = str_slice(r->body, from, from + size);
        while (piece.n > 0) {
            size_t used = 0;
            enum multipart_event event = MULTIPART_MORE;
            TRY(multipart_next(ctx, m, piece, &used, &event));
            piece = str_slice(piece, used, piece.n);
            if (event == MULTIPART_PART) {
                buf_format(ret, "[%.*s|%.*s|", FMT(m->part.name), FMT(m->part.file_name));
            } else if (event == MULTIPART_BYTES) {
                buf_put(ret, m->bytes);
            } else if (event == MULTIPART_PART_END) {
                buf_puts(ret, "]");
            }
        }
    }
    return multipart_close(ctx, m);
}

/* What nearly is a boundary stands in the content, and every split must come to the same. */
TEST(http_form_reads_uploads_as_they_come)
{
    struct http_pair type = {STR("content-type"), STR("multipart/form-data; boundary=B")};
    struct http_request r = {.headers = &type, .header_count = 1};
    for (size_t i = 0; i <= LEN(multipart_rows); i++) {
        static const struct str near = STR_INIT(
            PART("a", "", "\r\r\n-\r\n--\r\n--A\r\n\r\r\n\r\n--") PART("f", "; filename=\"x\"", "")
                PART("g", "; filename=\"y\"", "\0\r") "--B--\r\nepilogue");
        struct http_parts whole = {0};
        r.body = i < LEN(multipart_rows) ? multipart_rows[i].body : near;
        enum err e = multipart_parse(ctx, &r, &whole);
        struct buf want = buf_new(ctx->arena, 0);
        for (size_t k = 0; e == ERR_OK && k < whole.count; k++) {
            buf_format(&want, "[%.*s|%.*s|", FMT(whole.parts[k].name),
                       FMT(whole.parts[k].file_name));
            buf_put(&want, whole.parts[k].bytes);
            buf_puts(&want, "]");
        }
        for (size_t size = 1; size <= r.body.n; size++) {
            struct buf got = buf_new(ctx->arena, 0);
            CHECK_ERR(in_pieces(ctx, &r, size, &got), e);
            if (e == ERR_OK) {
                CHECK(str_equal(buf_str(&got), buf_str(&want)));
            }
        }
    }
}

TEST(http_form_reads_cookies)
{
    const struct http_pair headers[] = {{STR("cookie"), STR("a=1; sid=xyz; b=2; b=3")},
                                        {STR("cookie"), STR("c=4=5")}};
    struct http_request r = {.headers = headers, .header_count = LEN(headers)};
    CHECK_STR(cookie_get(&r, STR("sid")), "xyz");
    CHECK_STR(cookie_get(&r, STR("b")), "");
    CHECK_STR(cookie_get(&r, STR("c")), "4=5");
    CHECK_STR(cookie_get(&r, STR("si")), "");
}

static const struct {
    const char *accept;
    int want;
} accept_rows[] = {
    {"", 0},
    {"*/*", 0},
    {"text/html", 0},
    {"application/json", 1},
    {"application/*", 1},
    {"image/png", -1},
    {"text/html;q=0.5, application/json;q=0.9", 1},
    {"text/*;q=0.9, text/html;q=0, */*;q=0.1", 1},
    {"text/html;q=1.5", -1},
    {"text/html;level=1;q=0.2,*/*;q=0.3", 1},
    {"TEXT/HTML", 0},
    {"text/html;q=0.001", 0},
};

TEST(http_negotiate_chooses)
{
    static const struct str types[] = {STR_INIT("text/html"), STR_INIT("application/json")};
    for (size_t i = 0; i < LEN(accept_rows); i++) {
        CHECK_INT(accept_choose(str_from(accept_rows[i].accept), types, 2), accept_rows[i].want);
    }
    CHECK(accepts_english_first(STR("en")) &&
          accepts_english_first(STR("en-GB,en;q=0.9,zh;q=0.8")));
    CHECK(accepts_english_first(STR("zh-CN;q=0.2, *;q=0.1, en-US;q=0.3")));
    CHECK(!accepts_english_first(STR("")) &&
          !accepts_english_first(STR("zh-CN,zh;q=0.9,en;q=0.8")));
    CHECK(!accepts_english_first(STR("*")) && !accepts_english_first(STR("enx, fr;q=0.1")));
    CHECK(accepts_gzip(STR("br, gzip")) && accepts_gzip(STR("*")) && !accepts_gzip(STR("")));
    CHECK(!accepts_gzip(STR("*, gzip;q=0.0")) && !accepts_gzip(STR("br")));
}

TEST(http_negotiate_writes_dates)
{
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {{784111777000, "Sun, 06 Nov 1994 08:49:37 GMT"},
                {-1, "Wed, 31 Dec 1969 23:59:59 GMT"}};
    for (size_t i = 0; i < LEN(rows); i++) {
        char text[30];
        http_date_put(text, (struct instant){rows[i].ms});
        CHECK_STR(str_from(text), rows[i].text);
    }
}
