/* waiting.c - see waiting.h. Whoever comes is answered from the head of their request, and the
 * connection ends with the answer: the next one shall find who serves then. */
#include "web/waiting.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_make.h"
#include "base/str.h"
#include "http/http.h"
#include "http/negotiate.h"
#include "page_waiting_html.h"

enum { PAGE_BYTES = 65536 };

/* Seconds after which to ask again: as the page says. */
#define RETRY_AFTER "5"
#define CSP                                                                                        \
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"

/* By the address, as on every page; who came to one of the Chinese addresses and likes English
 * better cannot choose it there, so here their header counts too. */
static bool is_english(const struct http_request *r)
{
    return str_equal(r->path, STR("/en")) || str_starts(r->path, STR("/en/")) ||
           accepts_english_first(http_header(r, "accept-language"));
}

static struct str as_page(struct arena *a, const struct waiting *w, bool english, int64_t size,
                          int64_t of)
{
    struct buf b = buf_new(a, PAGE_BYTES);
    struct render r = {.out = &b, .lang = english ? LANG_EN : LANG_ZH};
    struct page_waiting v = {.html_lang = english ? STR("en") : STR("zh-CN"),
                             .node = english && w->name.en.n > 0 ? w->name.en : w->name.zh,
                             .size = size,
                             .of = of};
    page_waiting_html(&r, &v);
    return buf_str(&b);
}

static struct str as_problem(struct arena *a, bool english, int64_t size, int64_t of)
{
    struct json o = json_object();
    struct buf b = buf_new(a, PAGE_BYTES);
    json_set(a, &o, STR("type"), json_of_str(STR("urn:tongban:problem:rebuilding")));
    json_set(a, &o, STR("title"), json_of_str(english ? STR("Being updated") : STR("正在更新")));
    json_set(a, &o, STR("status"), json_of_int(503));
    json_set(a, &o, STR("detail"),
             json_of_str(english
                             ? str_format(a,
                                          "The views are being made anew from the ledger: "
                                          "%lld of %lld acts are done.",
                                          (long long)size, (long long)of)
                             : str_format(a, "正在根据账本重新整理：共 %lld 件，已完成 %lld 件。",
                                          (long long)of, (long long)size)));
    json_set(a, &o, STR("done"), json_of_int(size));
    json_set(a, &o, STR("of"), json_of_int(of));
    json_write(&b, &o);
    return buf_str(&b);
}

static void respond(const struct waiting *w, struct http_exchange *x)
{
    static const struct str offers[] = {STR_INIT("text/html"), STR_INIT("application/json"),
                                        STR_INIT("application/problem+json")};
    static const struct http_pair headers[] = {
        {STR_INIT("Retry-After"), STR_INIT(RETRY_AFTER)},
        {STR_INIT("Cache-Control"), STR_INIT("no-store")},
        {STR_INIT("Content-Security-Policy"), STR_INIT(CSP)},
        {STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff")},
        {STR_INIT("Vary"), STR_INIT("Accept, Accept-Language")},
    };
    struct arena *a = x->ctx.arena;
    struct str path = x->request.path;
    bool english = is_english(&x->request);
    int64_t size = (int64_t)atomic_load(&w->progress->size);
    int64_t of = (int64_t)atomic_load(&w->progress->of);
    struct http_response r = {
        .status = 503, .headers = headers, .header_count = LEN(headers), .closes = true};
    if (str_equal(path, STR("/static/tongban.css"))) {
        r.status = 200;
        r.type = STR("text/css; charset=utf-8");
        r.body = w->css;
    } else if (str_equal(path, STR("/healthz")) &&
               accept_choose(http_header(&x->request, "accept"), offers, 2) < 1) {
        r.type = STR("text/plain; charset=utf-8");
        r.body = str_format(a, "rebuilding %lld of %lld\n", (long long)size, (long long)of);
    } else if (accept_choose(http_header(&x->request, "accept"), offers, LEN(offers)) > 0) {
        r.type = STR("application/problem+json");
        r.body = as_problem(a, english, size, of);
    } else {
        r.type = STR("text/html; charset=utf-8");
        r.body = as_page(a, w, english, size, of);
    }
    http_respond(x, &r);
}

void waiting_begin(void *arg, struct http_exchange *x, struct http_intake *ret UNUSED)
{
    if (x->request.is_chunked || x->request.body_bytes > 0) {
        respond(arg, x);
    }
}

void waiting_handle(void *arg, struct http_exchange *x)
{
    respond(arg, x);
}
