/* Answers: a template in the frame or as JSON, a redirect, a problem, a body as it is; and the way
 * to the gate and back. */
#include "web/web_in.h"

#include <stdatomic.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/world.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/token.h"
#include "crypto/crypto.h"
#include "web/answer.h"
#include "web/submit.h"
#include "frame_html.h"
#include "limit_gen.h"
#include "page_problem_html.h"

enum { PAGE_MAX_BYTES = 8 << 20 };

#define CSP(form_action)                                                                           \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "  \
    "'self'; form-action "                                                                         \
    "'self'" form_action "; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
static const char csp[] = CSP("");
static const char csp_form[] = CSP(" %.*s");
static const char csp_file[] = "default-src 'none'; sandbox";

struct str page_text(const struct page *p, struct text2 t)
{
    return p->lang == LANG_EN && t.en.n > 0 ? t.en : t.zh;
}

static struct str new_key(struct page *p)
{
    uint8_t bytes[16];
    p->ctx->world->random(p->ctx->world, bytes, sizeof(bytes));
    return hex_encode(p->ctx->arena, bytes, sizeof(bytes));
}

static void answer(struct page *p, int status, struct str type, struct str body)
{
    p->status = status;
    p->type = type;
    p->body = body;
    p->cache_s = -1;
}

struct str page_cite(const struct page *p, const struct cite *c)
{
    return law_cite_text(p->ctx->arena, c, p->lang == LANG_EN);
}

struct str page_part(struct page *p, template_html *html, const void *data)
{
    struct buf b = buf_new(p->ctx->arena, PAGE_MAX_BYTES);
    struct render r = {.out = &b, .lang = p->lang, .token = p->session.token, .key = new_key(p)};
    html(&r, data);
    return buf_str(&b);
}

/* Only for what the menu offers; the routes judge for themselves. */
static bool page_has_role(const struct page *p, struct str role)
{
    for (size_t i = 0; i < p->role_count; i++) {
        if (str_equal(p->roles[i], role)) {
            return true;
        }
    }
    return false;
}

/* Does the law show the route to any of the session's roles? */
static bool officer_may_go(const struct page *p, struct str route)
{
    bool fits = p->session.signed_in && p->session.actor.kind == ACTOR_OFFICER;
    if (!fits || p->law == NULL || !law_has_access(p->law)) {
        return fits;
    }
    const struct access_rule *rule = law_access(p->law, route);
    for (size_t i = 0; i < p->role_count; i++) {
        if (law_access_row(rule, p->roles[i], ACCESS_OFFICE) != NULL ||
            law_access_row(rule, p->roles[i], ACCESS_ABOVE) != NULL) {
            return true;
        }
    }
    return false;
}

bool admin_may_go(const struct page *p, struct str route)
{
    bool fits = p->session.signed_in && p->session.actor.kind == ACTOR_ADMIN && p->law != NULL;
    for (size_t i = 0; fits && i < p->role_count; i++) {
        if (law_access_row(law_access(p->law, route), p->roles[i], ACCESS_ANY) != NULL) {
            return true;
        }
    }
    return false;
}

/* The same address in the other language. */
static struct str other_url(struct page *p)
{
    struct str query = p->exchange->request.query;
    struct buf b = buf_new(p->ctx->arena, 0);
    struct render r = {.out = &b};
    buf_puts(&b, p->lang == LANG_EN ? "" : "/en");
    for (struct str rest = p->path; rest.n > 0;) {
        struct str segment = str_cut(str_slice(rest, 1, rest.n), '/', &rest);
        buf_byte(&b, '/');
        render_segment(&r, segment);
        if (rest.n > 0) {
            rest = (struct str){rest.p - 1, rest.n + 1};
        }
    }
    if (query.n > 0) {
        buf_byte(&b, '?');
        buf_put(&b, query);
    }
    return buf_str(&b);
}

/* To the version with large type, or back, and here again. */
static struct str large_url(struct page *p)
{
    struct buf b = buf_new(p->ctx->arena, 0);
    struct render r = {.out = &b};
    buf_puts(&b, p->large ? "/view?large=0&to=" : "/view?large=1&to=");
    bool get = str_equal(p->exchange->request.method, STR("GET"));
    struct str query = p->exchange->request.query;
    struct str here = !get ? STR("/")
                      : query.n == 0
                          ? p->path
                          : str_format(p->ctx->arena, "%.*s?%.*s", FMT(p->path), FMT(query));
    render_segment(&r, here);
    return buf_str(&b);
}

enum err page_show_any(struct page *p, int status, struct str title, template_html *html,
                       template_json *json, const void *data)
{
    struct ctx *ctx = p->ctx;
    struct buf b = buf_new(ctx->arena, PAGE_MAX_BYTES);
    struct str body = {0};
    if (p->wants_json) {
        json(&b, data);
        TRY(buf_done(ctx, &b, &body));
        answer(p, status, STR("application/json"), body);
        return ERR_OK;
    }
    bool en = p->lang == LANG_EN;
    struct frame frame = {.html_lang = en ? STR("en") : STR("zh-CN"),
                          .mode = p->large ? STR("elder") : STR("plain"),
                          .title = title,
                          .node = page_text(p, p->web->config.name),
                          .other_url = other_url(p),
                          .other_lang = en ? STR("zh-CN") : STR("en"),
                          .other_name = en ? STR("中文") : STR("English"),
                          .signed_in = p->session.signed_in,
                          .party = p->session.signed_in && p->session.actor.kind == ACTOR_PARTY,
                          .staff = p->session.signed_in && p->session.actor.kind != ACTOR_PARTY,
                          .apps = admin_may_go(p, STR("GET /oidc/clients")),
                          .jobs = admin_may_go(p, STR("GET /jobs")),
                          .audit = page_has_role(p, STR("audit")),
                          .desk = officer_may_go(p, STR("GET /desk")),
                          .supervise = officer_may_go(p, STR("GET /supervise")),
                          .at_supervise = str_equal(p->path, STR("/supervise")),
                          .counter = officer_may_go(p, STR("GET /counter")),
                          .at_home = str_equal(p->path, STR("/")),
                          .at_cases = str_equal(p->path, STR("/cases")),
                          .at_desk = str_equal(p->path, STR("/desk")),
                          .at_counter = str_equal(p->path, STR("/counter")),
                          .at_verify = str_equal(p->path, STR("/verify")),
                          .large = p->large,
                          .large_url = large_url(p),
                          .wide = p->wide,
                          .person = p->session.name,
                          .content = page_part(p, html, data),
                          .demo = p->web->config.people_count > 0};
    struct render r = {.out = &b, .lang = p->lang, .token = p->session.token, .key = new_key(p)};
    frame_html(&r, &frame);
    TRY(buf_done(ctx, &b, &body));
    answer(p, status, STR("text/html; charset=utf-8"), body);
    return ERR_OK;
}

enum err page_go(struct page *p, struct str path)
{
    const char *prefix = p->lang == LANG_EN ? "/en" : "";
    answer(p, 303, STR("text/plain; charset=utf-8"), STR("see other\n"));
    p->location = str_format(p->ctx->arena, "%s%.*s", prefix, FMT(path));
    return ERR_OK;
}

enum err page_leave(struct page *p, struct str url)
{
    answer(p, 303, STR("text/plain; charset=utf-8"), STR("see other\n"));
    p->location = url;
    return ERR_OK;
}

void page_header(struct page *p, struct str name, struct str value)
{
    must(p->header_count < LEN(p->headers));
    p->headers[p->header_count++] = (struct page_header){name, value};
}

enum err page_raw(struct page *p, int status, struct str type, struct str body, int64_t cache_s)
{
    answer(p, status, type, body);
    p->cache_s = cache_s;
    return ERR_OK;
}

/* ---- problems ---- */

static enum err problem_json(struct page *p, int status, const struct page_problem *v,
                             const char *code)
{
    struct ctx *ctx = p->ctx;
    struct buf b = buf_new(ctx->arena, 0);
    struct json o = json_object();
    json_set(ctx->arena, &o, STR("type"),
             json_of_str(str_format(ctx->arena, "urn:tongban:problem:%s", code)));
    json_set(ctx->arena, &o, STR("title"), json_of_str(v->heading));
    json_set(ctx->arena, &o, STR("status"), json_of_int(status));
    json_set(ctx->arena, &o, STR("detail"), json_of_str(v->sentence));
    if (v->refused) {
        json_set(ctx->arena, &o, STR("check"), json_of_str(v->check));
        json_set(ctx->arena, &o, STR("article"), json_of_str(v->article));
    }
    if (v->field.n > 0) {
        json_set(ctx->arena, &o, STR("field"), json_of_str(v->field));
    }
    json_write(&b, &o);
    answer(p, status, STR("application/problem+json"), buf_str(&b));
    return ERR_OK;
}

/* What went wrong in the node itself, for who runs it: the page tells its reader only that it did.
 * The address stays out (it may hold a code); once a second, for a fault seldom comes alone. */
static void tell_operator(const struct page *p, enum err code, struct str detail)
{
    static _Atomic int64_t told_ms = -1000;
    int64_t now = p->ctx->world->mono_ns(p->ctx->world) / 1000000;
    int64_t last = atomic_load(&told_ms);
    if (now - last >= 1000 && atomic_compare_exchange_strong(&told_ms, &last, now)) {
        fprintf(stderr, "tongban: %s %s: %s: %.*s\n", p->route == NULL ? "-" : p->route->method,
                p->route == NULL ? "-" : p->route->path, err_sentence(code), FMT(detail));
    }
}

enum err page_problem(struct page *p, enum err code, struct str field, struct text2 sentence)
{
    bool en = p->lang == LANG_EN;
    int status = err_status(code);
    if (p->route != NULL && (p->route->audience & FOR_PROTOCOL) != 0 &&
        p->web->config.fault != NULL) {
        return p->web->config.fault(p, code);
    }
    struct str own = str_from(en ? err_sentence(code) : err_sentence_zh(code));
    if (status == 500 && p->ctx->why.code == code) {
        tell_operator(p, code, p->ctx->why.detail);
    }
    struct page_problem v = {.heading = own,
                             .sentence = sentence.zh.n > 0 ? page_text(p, sentence) : own,
                             .field = field};
    if (sentence.zh.n == 0 && status < 500 && p->ctx->why.code == code &&
        p->ctx->why.detail.n > 0) {
        v.sentence = p->ctx->why.detail;
    }
    if (p->wants_json) {
        return problem_json(p, status, &v, err_name(code));
    }
    return page_show(p, status, own, page_problem, &v);
}

enum err page_problem_as(struct page *p, int status, const char *problem, struct str field,
                         struct text2 sentence)
{
    struct page_problem v = {.heading =
                                 p->lang == LANG_EN ? STR("This cannot be taken") : STR("不能接受"),
                             .sentence = page_text(p, sentence),
                             .field = field};
    return p->wants_json ? problem_json(p, status, &v, problem)
                         : page_show(p, status, v.heading, page_problem, &v);
}

static enum err page_refusal(struct page *p, const struct verdict *verdict)
{
    struct page_problem v = {.heading = p->lang == LANG_EN ? STR("The law does not allow this now")
                                                           : STR("法律不允许现在作出这一行为"),
                             .sentence = page_text(p, verdict->sentence),
                             .refused = true,
                             .check = verdict->check,
                             .article = verdict->article.text,
                             .field = verdict->field};
    bool weak = str_equal(verdict->code, STR("identity.weak"));
    if (weak ||
        str_equal(verdict->code, STR("identity.stale"))) { /* more is asked for than how, or when,
                                                              this session was signed in */
        struct buf b = buf_new(p->ctx->arena, 0);
        struct render r = {.out = &b};
        buf_format(&b, "/login?level=%d&next=",
                   !weak                            ? p->session.actor.assurance
                   : p->session.actor.assurance < 2 ? 2
                                                    : 3);
        render_segment(&r, p->path);
        v.step_up = buf_str(&b);
    }
    if (verdict->article.article != NULL) {
        v.article_text = page_text(p, verdict->article.article->text);
    }
    if (p->wants_json) {
        return problem_json(p, 409, &v, str_z(p->ctx->arena, verdict->code));
    }
    return page_show(p, 409, v.heading, page_problem, &v);
}

/* ---- to the gate and back ---- */

/* What the writer said, until the page's own loop has the time to answer: the writer renders
 * nothing. */
struct pending {
    struct page *page;
    page_then *then;
    bool has_draft;
    enum err err;
    const struct receipt *told; /* lives until gate_answered returns */
    const struct why *told_why; /* the same */
    struct why why;
    struct receipt receipt;
};

enum err page_admitted(struct page *p, const struct receipt *r)
{
    if (r->seq < 0) {
        return page_refusal(p, &r->verdict);
    }
    if (!p->wants_json) {
        return page_go(p, str_format(p->ctx->arena, "/receipt/%lld", (long long)r->seq));
    }
    struct json o = json_object();
    struct buf b = buf_new(p->ctx->arena, 0);
    struct arena *a = p->ctx->arena;
    json_set(a, &o, STR("seq"), json_of_int(r->seq));
    json_set(a, &o, STR("case"), json_of_str(r->case_id));
    json_set(a, &o, STR("tree_size"), json_of_int(r->tree_size));
    json_set(a, &o, STR("leaf_hash"), json_of_str(hex_encode(a, r->leaf_hash, 32)));
    json_set(a, &o, STR("repeated"), json_of_bool(r->repeated));
    json_write(&b, &o);
    answer(p, r->repeated ? 200 : 201, STR("application/json"), buf_str(&b));
    return ERR_OK;
}

/* Faults of the writer's that are the client's to mend, in words for people. */
static const struct {
    enum err err;
    const char *field;
    const char *problem;
    struct text2 sentence;
} told[] = {
    {ERR_CONFLICT,
     "_key",
     "form.key",
     {STR_INIT("这个幂等键已用于另一份内容（行为、办件或者填写的内容不同）；请换一个键再提交。"),
      STR_INIT("This idempotency key came before with another act, case or content; use a new "
               "key for another draft.")}},
    {ERR_CONFLICT,
     "_draft",
     "sign.done",
     {STR_INIT("这份待签名的内容已经签过名、已经处理，或者已经到期。"),
      STR_INIT("What waited for this signature was signed or settled before, or is over.")}},
    {ERR_TOO_MANY,
     "files",
     "files.quota",
     {STR_INIT("超过可以提交的附件数量或者总大小。"),
      STR_INIT("There are more files, or more bytes of them, than may be handed in.")}},
    {ERR_NOT_FOUND,
     "files",
     "files.gone",
     {STR_INIT("上传的附件已过期，请重新上传。"),
      STR_INIT("An uploaded file is not kept any more; upload it again.")}},
};

enum err page_fault_told(struct page *p, enum err err, const struct why *why)
{
    struct text2 none = {{0}, {0}};
    struct str field = why == NULL ? STR("") : why->field;
    for (size_t i = 0; i < LEN(told); i++) {
        if (told[i].err == err && str_equal(field, str_from(told[i].field))) {
            struct text2 text = told[i].sentence;
            bool counts = err == ERR_TOO_MANY && why->detail.n > 0;
            text.en = counts ? why->detail : text.en;
            return page_problem_as(p, err_status(err), told[i].problem, field, text);
        }
    }
    if (why != NULL && err_status(err) == 500) {
        tell_operator(p, err, why->detail);
    }
    return page_problem(p, err, field, none);
}

/* On the loop's thread: answer by `then`, with a reader as the handler had. */
static void finish(void *arg, struct http_exchange *x)
{
    struct pending *d = arg;
    struct page *p = d->page;
    bool handed_over = false;
    (void)x;
    p->handed_over = &handed_over;
    enum err e = d->err == ERR_OK ? reader_get(p) : d->err;
    if (e == ERR_OK) {
        p->kept = d->receipt.kept;
        const struct receipt *receipt = d->has_draft ? &d->receipt : NULL;
        e = d->then != NULL ? d->then(p, receipt) : page_admitted(p, receipt);
    }
    if (handed_over) {
        return;
    }
    if (e != ERR_OK && page_fault_told(p, e, d->err == ERR_OK ? NULL : &d->why) != ERR_OK) {
        answer(p, 500, STR("text/plain; charset=utf-8"), STR("the answer could not be made\n"));
    }
    reader_give(p);
    page_send(p);
}

static void take_receipt(void *arg, struct http_exchange *x)
{
    struct pending *d = arg;
    if (d->err == ERR_OK) {
        d->receipt = gate_receipt_copy(x->ctx.arena, d->told);
    } else if (d->told_why != NULL) {
        d->why.field = str_copy(x->ctx.arena, d->told_why->field);
        d->why.detail = str_copy(x->ctx.arena, d->told_why->detail);
    }
    http_resume(x, finish, d);
}

static void gate_answered(void *arg, enum err err, const struct why *why,
                          const struct receipt *receipt)
{
    struct pending *d = arg;
    d->err = err;
    d->told = receipt;
    d->told_why = why;
    http_guarded(d->page->exchange, take_receipt, d);
}

static struct str key_of(struct page *p)
{
    struct str key = http_header(&p->exchange->request, "idempotency-key");
    return key.n > 0 ? key : page_field(p, "_key");
}

struct str page_once(struct page *p, const char *what)
{
    enum { ONCE_BYTES = 16 };
    uint8_t bytes[32];
    struct str key = key_of(p);
    struct str text =
        str_format(p->ctx->arena, "%s\n%.*s\n%.*s", what, FMT(p->session.actor.id), FMT(key));
    sha256(text.p, text.n, bytes);
    if (key.n == 0) {
        p->ctx->world->random(p->ctx->world, bytes, ONCE_BYTES);
    }
    return hex_encode(p->ctx->arena, bytes, ONCE_BYTES);
}

enum err page_submit(struct page *p, struct draft *draft, page_then *then)
{
    return page_submit_with(p, draft, NULL, then);
}

static struct pending *hand_over(struct page *p, page_then *then, bool has_draft)
{
    struct pending *d = ARENA_NEW(p->ctx->arena, struct pending);
    *d = (struct pending){.page = p, .then = then, .has_draft = has_draft};
    page_hold(p);
    return d;
}

/* The writer never saw it: this thread answers. */
static enum err take_back(struct page *p, enum err e)
{
    if (e != ERR_OK) {
        page_unhold(p);
    }
    return e;
}

enum err page_submit_with(struct page *p, struct draft *draft, const struct keep *beside,
                          page_then *then)
{
    /* A second signature enters under the web's hands only with the digest that was signed. */
    must(draft->actor.co_id.n == 0 || draft->consent.digest.n > 0);
    draft->key = draft->key.n > 0 ? draft->key : key_of(p);
    struct pending *d = hand_over(p, then, true);
    return take_back(p, gate_submit_with(p->ctx, p->gate, draft, beside, gate_answered, d));
}

enum err page_keep(struct page *p, const struct keep *keep, page_then *then)
{
    struct pending *d = hand_over(p, then, false);
    return take_back(p, gate_keep(p->ctx, p->gate, keep, gate_answered, d));
}

/* ---- another thread goes on ---- */

struct going_on {
    struct page *page;
    page_step *step;
    void *arg;
};

static void go_on(void *arg, struct http_exchange *x)
{
    struct going_on *g = arg;
    struct page *p = g->page;
    struct text2 none = {{0}, {0}};
    bool handed_over = false;
    p->handed_over = &handed_over;
    enum err e = reader_get(p);
    e = e == ERR_OK ? g->step(p, g->arg) : e;
    if (handed_over) {
        return;
    }
    if (e != ERR_OK && page_problem(p, e, x->ctx.why.field, none) != ERR_OK) {
        answer(p, 500, STR("text/plain; charset=utf-8"), STR("the answer could not be made\n"));
    }
    reader_give(p);
    page_send(p);
}

void page_hold(struct page *p)
{
    reader_give(p);
    *p->handed_over = true;
}

void page_unhold(struct page *p)
{
    *p->handed_over = false;
}

void page_go_on(struct page *p, page_step *step, void *arg)
{
    struct going_on g = {p, step, arg};
    http_guarded(p->exchange, go_on, &g);
}

void page_send(struct page *p)
{
    if (p->use_count > 0) {
        uses_keep(p);
    } else {
        page_send_now(p);
    }
}

void page_send_now(struct page *p)
{
    struct http_pair *headers = ARENA_ARRAY(p->ctx->arena, struct http_pair, 10 + LEN(p->headers));
    size_t n = 0;
    struct str policy = str_from(p->download != NULL ? csp_file : csp);
    if (p->form_to.n > 0) {
        policy = str_format(p->ctx->arena, csp_form, FMT(p->form_to));
    }
    headers[n++] = (struct http_pair){STR("Content-Security-Policy"), policy};
    for (size_t i = 0; i < p->header_count; i++) {
        headers[n++] = (struct http_pair){p->headers[i].name, p->headers[i].value};
    }
    headers[n++] = (struct http_pair){STR("X-Content-Type-Options"), STR("nosniff")};
    headers[n++] = (struct http_pair){STR("X-Frame-Options"),
                                      STR("DENY")}; /* for those who know no frame-ancestors */
    headers[n++] = (struct http_pair){STR("Referrer-Policy"), STR("same-origin")};
    if (p->cache_s >= 0) {
        headers[n++] = (struct http_pair){STR("Cache-Control"),
                                          str_format(p->ctx->arena, "public, max-age=%lld%s",
                                                     (long long)p->cache_s,
                                                     p->cache_s > 86400 ? ", immutable" : "")};
    } else {
        headers[n++] = (struct http_pair){STR("Cache-Control"), STR("no-store")};
        headers[n++] = (struct http_pair){STR("Vary"), STR("Accept, Cookie")};
    }
    if (p->location.n > 0) {
        headers[n++] = (struct http_pair){STR("Location"), p->location};
    }
    if (p->cookie.n > 0) {
        headers[n++] = (struct http_pair){STR("Set-Cookie"), p->cookie};
    }
    if (p->status == 503) {
        headers[n++] = (struct http_pair){STR("Retry-After"), STR("2")};
    }
    struct http_response response = {.status = p->status,
                                     .type = p->type,
                                     .headers = headers,
                                     .header_count = n,
                                     .body = p->body};
    if (p->download != NULL && p->status == 200) {
        download_send(p, &response);
    } else {
        http_respond(p->exchange, &response);
    }
}
