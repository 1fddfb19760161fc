/* Heads, bodies, answers: through the door without a network. */
#include "base/arena_fault.h"
#include "base/test.h"
#include "base/token.h"
#include "http/http_in.h"

/* Answers "METHOD path?query body" so that a test sees what the handler saw. */
static void echo(void *arg, struct http_exchange *x)
{
    (void)arg;
    const struct http_request *r = &x->request;
    struct str text = str_format(x->ctx.arena, "%.*s %.*s?%.*s [%.*s]", FMT(r->method),
                                 FMT(r->path), FMT(r->query), FMT(r->body));
    http_respond(x,
                 &(struct http_response){.status = 200, .type = STR("text/plain"), .body = text});
}

static struct http_server *echo_server(struct ctx *ctx)
{
    struct http_server *s = NULL;
    struct http_setup setup = {.world = ctx->world, .handle = echo};
    must(http_server_new(ctx, &setup, &s) == ERR_OK);
    return s;
}

static struct str feed(struct ctx *ctx, struct http_server *s, struct str bytes)
{
    struct buf b = buf_new(ctx->arena, 0);
    http_feed(s, bytes, &b);
    return buf_str(&b);
}

static int status_of(struct str answer)
{
    uint64_t status = 0;
    return str_to_u64(str_slice(answer, 9, 12), &status) ? (int)status : 0;
}

#define REQUEST(line, headers, body) STR_INIT(line "\r\nHost: a\r\n" headers "\r\n" body)

/* The strictness table: what servers in use take and this one refuses, and what must pass. */
static const struct {
    struct str request;
    int status;
    const char *has; /* in the answer */
} strict_rows[] = {
    {REQUEST("GET /a HTTP/1.1", "", ""), 200, "GET /a? []"},
    {REQUEST("GET /a?x=1&y=%20 HTTP/1.1", "", ""), 200, "GET /a?x=1&y=%20 []"},
    {REQUEST("GET /%E5%8A%9E%20x HTTP/1.1", "", ""), 200, "GET /办 x?"},
    {REQUEST("GET http://a/b HTTP/1.1", "", ""), 200, "GET /b?"},
    {REQUEST("GET http://b/b HTTP/1.1", "", ""), 400, "\"host\""},
    {REQUEST("POST / HTTP/1.1", "Content-Length: 3\r\n", "abc"), 200, "[abc]"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n",
             "2\r\nab\r\n00A\r\n0123456789\r\n0\r\n\r\n"),
     200, "[ab0123456789]"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: CHUNKED\r\n", "0\r\n\r\n"), 200, "[]"},
    {STR_INIT("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200, "GET /"},
    {STR_INIT("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "method"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
     400, "length_and_encoding"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400,
     "content_length"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), 400,
     "content_length"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: 3, 3\r\n", "abc"), 400, "content_length"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: +3\r\n", "abc"), 400, "content_length"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: -3\r\n", "abc"), 400, "content_length"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: 0x3\r\n", "abc"), 400, "content_length"},
    {REQUEST("POST / HTTP/1.1", "Content-Length:\r\n", ""), 400, "content_length"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: 18446744073709551619\r\n", "abc"), 400,
     "content_length"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 501,
     "transfer_encoding"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501,
     "transfer_encoding"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: identity\r\n", ""), 501, "transfer_encoding"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
             "0\r\n\r\n"),
     501, "transfer_encoding"},
    {REQUEST("GET / HTTP/1.1", "X : y\r\n", ""), 400, "header_name"},
    {REQUEST("GET / HTTP/1.1", "X\r\n", ""), 400, "header_name"},
    {REQUEST("GET / HTTP/1.1", ": y\r\n", ""), 400, "header_name"},
    {REQUEST("GET / HTTP/1.1", "X(: y\r\n", ""), 400, "header_name"},
    {REQUEST("GET / HTTP/1.1", "X: y\r\n z\r\n", ""), 400, "obs_fold"},
    {REQUEST("GET / HTTP/1.1", "X: y\r\n\tz\r\n", ""), 400, "obs_fold"},
    {STR_INIT("GET / HTTP/1.1\nHost: a\n\n"), 400, "bare_lf"},
    {REQUEST("GET / HTTP/1.1", "X: y\nZ: 1\r\n", ""), 400, "bare_lf"},
    {REQUEST("GET / HTTP/1.1", "X: a\rb\r\n", ""), 400, "header_value"},
    {REQUEST("GET / HTTP/1.1", "X: a\0b\r\n", ""), 400, "header_value"},
    {REQUEST("GET / HTTP/1.1", "X: a\x7f\r\n", ""), 400, "header_value"},
    {REQUEST("GET / HTTP/1.1", "X: \x01\r\n", ""), 400, "header_value"},
    {REQUEST("GET / HTTP/1.1", "X: \xff\r\n", ""), 400, "header_value"},
    {REQUEST("GET / HTTP/1.1", "X: \xe5\x8a\x9e\r\n", ""), 200, "GET /"},
    {STR_INIT("GET / HTTP/1.1\r\n\r\n"), 400, "host_missing"},
    {REQUEST("GET / HTTP/1.1", "Host: a\r\n", ""), 400, "host_repeated"},
    {STR_INIT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400, "\"host\""},
    {STR_INIT("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400, "\"host\""},
    {STR_INIT("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"), 400, "\"host\""},
    {STR_INIT("GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n"), 400, "\"host\""},
    {STR_INIT("GET / HTTP/1.1\r\nHost: a:\r\n\r\n"), 400, "\"host\""},
    {STR_INIT("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 200, "GET /"},
    {STR_INIT("GET / HTTP/1.1\r\nHost: [::g]\r\n\r\n"), 400, "\"host\""},
    {REQUEST("GET / HTTP/1.0", "", ""), 505, "version"},
    {REQUEST("GET / HTTP/2.0", "", ""), 505, "version"},
    {REQUEST("GET / HTTP/1.1x", "", ""), 400, "request_line"},
    {REQUEST("GET / http/1.1", "", ""), 400, "request_line"},
    {REQUEST("GET /", "", ""), 400, "request_line"},
    {REQUEST("GET  / HTTP/1.1", "", ""), 400, "request_line"},
    {REQUEST("GET / HTTP/1.1 ", "", ""), 400, "request_line"},
    {REQUEST("G(T / HTTP/1.1", "", ""), 400, "method"},
    {REQUEST(" / HTTP/1.1", "", ""), 400, "method"},
    {REQUEST("GET a HTTP/1.1", "", ""), 400, "target"},
    {REQUEST("OPTIONS * HTTP/1.1", "", ""), 400, "target"},
    {REQUEST("CONNECT a:80 HTTP/1.1", "", ""), 400, "target"},
    {REQUEST("GET /# HTTP/1.1", "", ""), 400, "target"},
    {REQUEST("GET /\xe5\x8a\x9e HTTP/1.1", "", ""), 400, "target"},
    {REQUEST("GET /\\a HTTP/1.1", "", ""), 400, "target"},
    {REQUEST("GET /%4 HTTP/1.1", "", ""), 400, "percent"},
    {REQUEST("GET /%zz HTTP/1.1", "", ""), 400, "percent"},
    {REQUEST("GET /%00 HTTP/1.1", "", ""), 400, "percent"},
    {REQUEST("GET /a%2fb HTTP/1.1", "", ""), 400, "percent"},
    {REQUEST("GET /a%5Cb HTTP/1.1", "", ""), 400, "percent"},
    {REQUEST("GET /?a=% HTTP/1.1", "", ""), 400, "percent"},
    {REQUEST("GET /%ff HTTP/1.1", "", ""), 400, "path_utf8"},
    {REQUEST("GET /%c0%af HTTP/1.1", "", ""), 400, "path_utf8"},
    {REQUEST("GET /../a HTTP/1.1", "", ""), 400, "dot_segment"},
    {REQUEST("GET /a/%2e%2E/b HTTP/1.1", "", ""), 400, "dot_segment"},
    {REQUEST("GET /a/. HTTP/1.1", "", ""), 400, "dot_segment"},
    {REQUEST("GET /a/..b HTTP/1.1", "", ""), 200, "/a/..b"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: 1\r\nExpect: 200-ok\r\n", "a"), 417, "expect"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "g\r\n"), 400, "chunk"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "2;a=b\r\nab\r\n0\r\n\r\n"), 400,
     "chunk"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "2\nab\r\n0\r\n\r\n"), 400,
     "chunk"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "2\r\nabc\r\n0\r\n\r\n"), 400,
     "chunk"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "0\r\nX: y\r\n\r\n"), 400,
     "chunk"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", " 2\r\nab\r\n0\r\n\r\n"), 400,
     "chunk"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "0000000000000001\r\n"), 400,
     "chunk"},
    {REQUEST("POST / HTTP/1.1", "Transfer-Encoding: chunked\r\n", "FFFFFFFFF\r\n"), 413,
     "body_too_large"},
    {REQUEST("POST / HTTP/1.1", "Content-Length: 1073741824\r\n", ""), 413, "body_too_large"},
};

TEST(http_parse_is_strict)
{
    struct http_server *s = echo_server(ctx);
    for (size_t i = 0; i < LEN(strict_rows); i++) {
        struct str got = feed(ctx, s, strict_rows[i].request);
        CHECK_INT(status_of(got), strict_rows[i].status);
        CHECK(str_find(got, str_from(strict_rows[i].has)) != SIZE_MAX);
        bool closes = str_find(got, STR("Connection: close")) != SIZE_MAX;
        CHECK(closes == (strict_rows[i].status != 200));
        if (t->failures > 0) {
            CHECK_STR(got, strict_rows[i].has);
            break;
        }
    }
    http_server_free(s);
}

static struct str without_date(struct ctx *ctx, struct str answer)
{
    struct buf b = buf_new(ctx->arena, 0);
    while (answer.n > 0) {
        struct str line = str_cut(answer, '\n', &answer);
        if (!str_starts(line, STR("Date:"))) {
            buf_put(&b, line);
        }
    }
    return buf_str(&b);
}

TEST(http_parse_gives_the_same_at_every_split)
{
    struct http_server *s = echo_server(ctx);
    for (size_t i = 0; i < LEN(strict_rows); i++) {
        struct str bytes = strict_rows[i].request;
        struct arena_mark mark = arena_mark(ctx->arena);
        struct str whole = without_date(ctx, feed(ctx, s, bytes));
        for (size_t n = 1; n < bytes.n; n++) {
            struct buf b = buf_new(ctx->arena, 0);
            door_feed(s, bytes, n, &b);
            CHECK(str_equal(without_date(ctx, buf_str(&b)), whole));
        }
        arena_reset(ctx->arena, mark);
    }
    http_server_free(s);
}

TEST(http_parse_keeps_its_limits)
{
    struct http_server *s = echo_server(ctx);
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, "GET /");
    for (int i = 0; i < LIMIT_HTTP_TARGET_BYTES; i++) {
        buf_byte(&b, 'a');
    }
    buf_puts(&b, " HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_INT(status_of(feed(ctx, s, buf_str(&b))), 414);
    buf_clear(&b);
    buf_puts(&b, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    for (int i = 0; i < LIMIT_HTTP_HEADER_BYTES; i++) {
        buf_byte(&b, 'a');
    }
    CHECK_INT(status_of(feed(ctx, s, buf_str(&b))), 431);
    buf_clear(&b);
    buf_puts(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
    for (int i = 1; i < LIMIT_HTTP_HEADER_COUNT; i++) {
        buf_puts(&b, "X: y\r\n");
    }
    size_t allowed = b.n;
    buf_puts(&b, "\r\n");
    CHECK_INT(status_of(feed(ctx, s, buf_str(&b))), 200);
    b.n = allowed;
    buf_puts(&b, "X: y\r\n\r\n");
    CHECK_INT(status_of(feed(ctx, s, buf_str(&b))), 431);
    http_server_free(s);
}

static size_t count_of(struct str text, struct str needle)
{
    size_t n = 0;
    for (size_t at = 0; (at = str_find(text, needle)) != SIZE_MAX; n++) {
        text = str_slice(text, at + needle.n, text.n);
    }
    return n;
}

TEST(http_conn_answers_pipelined_requests_in_order)
{
    struct http_server *s = echo_server(ctx);
    struct str got = feed(ctx, s,
                          STR("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: "
                              "a\r\nContent-Length: 2\r\n\r\nhi"
                              "HEAD /3 HTTP/1.1\r\nHost: a\r\n\r\nGET /4 HTTP/1.1\r\nHost: "
                              "a\r\nConnection: close\r\n\r\n"
                              "GET /5 HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(count_of(got, STR("HTTP/1.1 200 OK")), 4);
    CHECK(str_find(got, STR("GET /1? []")) < str_find(got, STR("POST /2? [hi]")));
    CHECK_INT(count_of(got, STR("HEAD /3")), 0);
    CHECK_INT(count_of(got, STR("Content-Length: 11\r\n")), 1);
    CHECK_INT(count_of(got, STR("GET /4? []")), 1);
    CHECK_INT(count_of(got, STR("/5")), 0);
    http_server_free(s);
}

TEST(http_conn_says_continue)
{
    struct http_server *s = echo_server(ctx);
    struct str got = feed(
        ctx, s,
        STR("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi"));
    CHECK(str_starts(got, STR("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")));
    http_server_free(s);
}

static const char big[40000] = {[0] = 'B', [39999] = 'E'};

/* Answers by path, to show what an answer may be. */
static void answers(void *arg, struct http_exchange *x)
{
    (void)arg;
    static const struct http_pair evil = {STR_INIT("X-Name"), STR_INIT("a\r\nSet-Cookie: b")};
    struct http_response r = {.status = 200, .body = STR("plain"), .body_gzip = STR("zip")};
    if (str_equal(x->request.path, STR("/evil"))) {
        r.headers = &evil;
        r.header_count = 1;
    } else if (str_equal(x->request.path, STR("/big"))) {
        r = (struct http_response){.status = 200, .body = {big, sizeof(big)}};
    } else if (str_equal(x->request.path, STR("/greedy"))) {
        for (;;) {
            arena_push(x->ctx.arena, 1 << 20);
        }
    } else if (str_equal(x->request.path, STR("/none"))) {
        r = (struct http_response){.status = 204};
    } else if (str_equal(x->request.path, STR("/stream"))) {
        http_stream_begin(x, &(struct http_response){.status = 200, .body = STR("one")},
                          &(struct http_stream){0});
        must(http_stream_push(x, STR("two")) == ERR_OK);
        http_stream_end(x);
        return;
    } else if (str_equal(x->request.path, STR("/flood"))) {
        http_stream_begin(x, &(struct http_response){.status = 200}, &(struct http_stream){0});
        struct str piece = {big, sizeof(big)};
        size_t taken = 0;
        while (http_stream_push(x, piece) == ERR_OK) {
            taken += piece.n;
        }
        must(taken <= LIMIT_HTTP_STREAM_BYTES && taken + piece.n > LIMIT_HTTP_STREAM_BYTES);
        must(http_stream_push(x, piece) == ERR_BUSY);
        http_stream_end(x);
        return;
    }
    http_respond(x, &r);
}

/* --- bodies taken piece by piece --- */

/* Takes at most `most` bytes at once and lets another thread ask for the rest. */
struct taker {
    size_t most;
    size_t max_bytes;
    int status; /* answered from the head; 0: the body is taken */
    pthread_t thread;
    bool has_thread;
    size_t taken;
    uint64_t sum;
    int waits;
    int ends;
    int cuts;
    int handled;
};

static void *resume_later(void *arg)
{
    http_body_resume(arg);
    return NULL;
}

static void join_resumer(struct taker *k)
{
    if (k->has_thread) {
        pthread_join(k->thread, NULL);
        k->has_thread = false;
    }
}

static bool take_some(void *arg, struct http_exchange *x, struct str bytes, size_t *ret_taken)
{
    struct taker *k = arg;
    join_resumer(k);
    size_t n = bytes.n < k->most ? bytes.n : k->most;
    for (size_t i = 0; i < n; i++) {
        k->sum = k->sum * 31 + (unsigned char)bytes.p[i];
    }
    k->taken += n;
    *ret_taken = n;
    bool rests = n < bytes.n || (bytes.n == 0 && k->ends++ == 0 && k->most < 72);
    if (rests) {
        k->waits++;
        must(pthread_create(&k->thread, NULL, resume_later, x) == 0);
        k->has_thread = true;
    }
    return !rests;
}

static void note_cut(void *arg, struct http_exchange *x)
{
    struct taker *k = arg;
    (void)x;
    k->cuts++;
}

static void begin_taking(void *arg, struct http_exchange *x, struct http_intake *ret)
{
    struct taker *k = arg;
    if (k->status != 0) {
        http_respond(x, &(struct http_response){.status = k->status, .body = STR("no")});
        return;
    }
    *ret = (struct http_intake){k->max_bytes, take_some, note_cut};
}

static void say_taken(void *arg, struct http_exchange *x)
{
    struct taker *k = arg;
    join_resumer(k);
    k->handled++;
    must(x->request.body.n == 0);
    struct str body = str_format(x->ctx.arena, "took %zu", k->taken);
    http_respond(x, &(struct http_response){.status = 200, .body = body});
}

#define LONG "0123456789abcdefghijklmnopqrstuvwxyz"

TEST(http_body_is_taken_piece_by_piece)
{
    static const struct str bodies[] = {
        STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 72\r\n\r\n" LONG LONG),
        STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n24\r\n" LONG
                 "\r\n1\r\n0\r\n23\r\n123456789abcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n")};
    static const size_t mosts[] = {1, 7, 36, 37, 1000};
    uint64_t sum = 0;
    for (size_t i = 0; i < LEN(bodies) * LEN(mosts); i++) {
        struct taker k = {.most = mosts[i / LEN(bodies)], .max_bytes = 72};
        struct http_server *s = NULL;
        CHECK_OK(http_server_new(
            ctx,
            &(struct http_setup){
                .world = ctx->world, .arg = &k, .handle = say_taken, .begin = begin_taking},
            &s));
        struct buf twice = buf_new(ctx->arena, 0);
        buf_put(&twice, bodies[i % LEN(bodies)]);
        buf_puts(&twice, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        struct str got = feed(ctx, s, buf_str(&twice));
        CHECK(str_find(got, STR("took 72HTTP/1.1 200")) != SIZE_MAX);
        CHECK_INT(k.handled, 2);
        CHECK_INT(k.cuts, 0);
        CHECK((k.waits > 0) == (k.most < 72));
        CHECK(i == 0 || k.sum == sum);
        sum = k.sum;
        http_server_free(s);
    }
}

/* What is too much, broken or ends early is told to the taker once, and never handled. */
TEST(http_body_that_ends_early_is_cut)
{
    static const struct {
        struct str text;
        int cuts;
        const char *answer;
    } rows[] = {
        {STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 73\r\n\r\n"), 0, "413"},
        {STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 72\r\n\r\n" LONG), 1, ""},
        {STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n24\r\n" LONG
                  "\r\n25\r\n"),
         1, "413"},
        {STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n24\r\n" LONG
                  "x"),
         1, "400"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct taker k = {.most = 100, .max_bytes = 72};
        struct http_server *s = NULL;
        CHECK_OK(http_server_new(
            ctx,
            &(struct http_setup){
                .world = ctx->world, .arg = &k, .handle = say_taken, .begin = begin_taking},
            &s));
        struct str got = feed(ctx, s, rows[i].text);
        CHECK_INT(k.cuts, rows[i].cuts);
        CHECK_INT(k.handled, 0);
        CHECK_STR(str_slice(got, 9, 12), rows[i].answer);
        http_server_free(s);
    }
}

/* An answer from the head alone leaves a body unread and ends the connection; without one, it goes
 * on. */
TEST(http_head_alone_is_answered)
{
    struct taker k = {.status = 401};
    struct http_server *s = NULL;
    CHECK_OK(http_server_new(
        ctx,
        &(struct http_setup){
            .world = ctx->world, .arg = &k, .handle = say_taken, .begin = begin_taking},
        &s));
    struct str got = feed(ctx, s,
                          STR("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                              "Content-Length: 900000000\r\n\r\nGET / HTTP/1.1\r\n"));
    CHECK(str_starts(got, STR("HTTP/1.1 401 Unauthorized\r\n")));
    CHECK(str_find(got, STR("Connection: close")) != SIZE_MAX);
    CHECK(str_ends(got, STR("\r\n\r\nno")));
    got = feed(ctx, s, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(str_find(got, STR("noHTTP/1.1 401")) != SIZE_MAX);
    CHECK_INT(k.handled, 0);
    http_server_free(s);
}

/* --- answers made as they are taken --- */

struct maker {
    struct http_exchange *x;
    int left;
    bool fails;
    int gone;
};

static bool make_more(void *arg)
{
    struct maker *m = arg;
    if (m->left == 0 && m->fails) {
        return false;
    }
    if (m->left-- == 0) {
        http_stream_end(m->x);
        return true;
    }
    return http_stream_push(m->x, (struct str){big, sizeof(big)}) == ERR_OK;
}

static void end_it(void *arg)
{
    struct maker *m = arg;
    m->gone++;
    http_stream_end(m->x);
}

static void make_stream(void *arg, struct http_exchange *x)
{
    struct maker *m = arg;
    m->x = x;
    http_stream_begin(x, &(struct http_response){.status = 200},
                      &(struct http_stream){m, end_it, make_more, true});
}

TEST(http_answer_is_made_as_it_is_taken)
{
    struct maker m = {.left = 100};
    struct http_server *s = NULL;
    CHECK_OK(http_server_new(
        ctx, &(struct http_setup){.world = ctx->world, .arg = &m, .handle = make_stream}, &s));
    struct str got = feed(ctx, s, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(got.n > 100 * sizeof(big) && got.n < 101 * sizeof(big));
    CHECK(str_ends(got, STR("\r\n0\r\n\r\n")));
    CHECK_INT(m.gone, 0);
    /* One that cannot go on does not end as if it were whole. */
    m = (struct maker){.left = 3, .fails = true};
    got = feed(ctx, s, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(got.n > 2 * sizeof(big) && !str_ends(got, STR("0\r\n\r\n")));
    CHECK_INT(m.gone, 1);
    http_server_free(s);
}

TEST(http_answer_is_framed_and_sound)
{
    struct http_server *s = NULL;
    CHECK_OK(
        http_server_new(ctx, &(struct http_setup){.world = ctx->world, .handle = answers}, &s));
    struct str got =
        feed(ctx, s, STR("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: br, gzip;q=0.5\r\n\r\n"));
    CHECK(str_ends(
        got,
        STR("Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nzip")));
    got = feed(ctx, s, STR("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip;q=0\r\n\r\n"));
    CHECK(str_ends(got, STR("Vary: Accept-Encoding\r\nContent-Length: 5\r\n\r\nplain")));
    got = feed(ctx, s, STR("GET /evil HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(status_of(got), 500);
    CHECK(str_find(got, STR("Set-Cookie")) == SIZE_MAX);
    got = feed(ctx, s, STR("GET /greedy HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(status_of(got), 503);
    CHECK(str_find(got, STR("application/problem+json")) != SIZE_MAX);
    got = feed(ctx, s, STR("GET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(str_starts(got, STR("HTTP/1.1 204 No Content\r\n")) &&
          str_find(got, STR("Content-Length")) == SIZE_MAX);
    got = feed(ctx, s,
               STR("GET /big HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(count_of(got, STR("HTTP/1.1 ")), 2);
    CHECK(got.n > sizeof(big) && str_find(got, STR("Content-Length: 40000\r\n")) != SIZE_MAX);
    got = feed(ctx, s,
               STR("GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(str_find(got, STR("Transfer-Encoding: "
                            "chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\nHTTP/1.1 204")) !=
          SIZE_MAX);
    got = feed(ctx, s, STR("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(got.n > LIMIT_HTTP_STREAM_BYTES - sizeof(big) && str_ends(got, STR("\r\n0\r\n\r\n")));
    got =
        feed(ctx, s,
             STR("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /none HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK(str_find(got, STR("Transfer-Encoding: chunked\r\n\r\nHTTP/1.1 204")) != SIZE_MAX);
    http_server_free(s);
}

/* Every allocation on the way of a request may fail: the answer is then 503, and the next request
 * works. */
TEST(http_conn_survives_every_failed_allocation)
{
    struct http_server *s = echo_server(ctx);
    struct buf b = buf_new(ctx->arena, 0);
    for (int i = 0; i < 8192; i++) {
        buf_byte(&b, 0);
    }
    struct str bytes = STR("POST /%41?a=b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                           "chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n");
    int failed = 0;
    int status = 0;
    for (uint64_t nth = 1; nth < 200 && status != 200; nth++) {
        buf_clear(&b);
        arena_fail_at(nth);
        http_feed(s, bytes, &b);
        arena_fail_at(0);
        status = status_of(buf_str(&b));
        CHECK(status == 200 || status == 503);
        failed += status == 503;
    }
    CHECK(failed >= 5);
    CHECK_INT(status, 200);
    http_server_free(s);
}

/* What handlers put off is done when all that was ready has been handled, also what comes behind it
 * on the same connection. */
struct put_off {
    struct http_exchange *waiting;
    int settled;
    int answered;
};

static void put_off(void *arg, struct http_exchange *x)
{
    ((struct put_off *)arg)->waiting = x;
}

static void do_now(void *arg)
{
    struct put_off *o = arg;
    struct http_exchange *x = o->waiting;
    o->settled++;
    o->waiting = NULL;
    if (x != NULL) {
        o->answered++;
        http_respond(x, &(struct http_response){
                            .status = 200, .type = STR("text/plain"), .body = STR("later")});
    }
}

TEST(http_work_put_off_is_done_when_the_loop_has_settled)
{
    struct put_off o = {0};
    struct http_server *s = NULL;
    struct http_setup setup = {
        .world = ctx->world, .arg = &o, .handle = put_off, .settled = do_now};
    CHECK_OK(http_server_new(ctx, &setup, &s));
    struct str answer =
        feed(ctx, s, STR("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(status_of(answer), 200);
    CHECK_INT(o.answered, 2);
    CHECK(o.settled >= 2);
    CHECK(str_find(answer, STR("later")) != SIZE_MAX);
    http_server_free(s);
}
