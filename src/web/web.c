/* From a request to its page: language, route, session, access, and the answer. */
#include "web/web_in.h"

#include <pthread.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "gate/run.h"
#include "http/form.h"
#include "http/negotiate.h"
#include "store/db.h"
#include "web/answer.h"
#include "web/session.h"
#include "web/submit.h"
#include "limit_gen.h"

enum err web_new(struct ctx *ctx, const struct web_config *config, struct web **ret)
{
    struct web *w = ARENA_NEW(ctx->arena, struct web);
    w->config = *config;
    w->world = ctx->world;
    pthread_mutex_init(&w->lock, NULL);
    *ret = w;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return pool_open(ctx, &w->slow, cores >= 8 ? POOL_THREADS : 2, LIMIT_SLOW_QUEUE);
}

void web_free(struct web *w)
{
    pool_close(&w->slow);
    while (w->reader_count > 0) {
        db_close(w->readers[--w->reader_count]);
    }
    pthread_mutex_destroy(&w->lock);
}

const struct demo_person *web_people(const struct web *w, size_t *ret_count)
{
    *ret_count = w->config.people_count;
    return w->config.people;
}

void *page_state(const struct page *p, const char *room)
{
    const struct web_config *c = &p->web->config;
    for (size_t i = 0; i < c->state_count; i++) {
        if (strcmp(c->states[i].room, room) == 0) {
            return c->states[i].state;
        }
    }
    return NULL;
}

/* ---- reader connections: one for each request at work, kept for the next ---- */

static struct db *reader_take(struct ctx *ctx, struct web *w)
{
    struct db *db = NULL;
    pthread_mutex_lock(&w->lock);
    if (w->reader_count > 0) {
        db = w->readers[--w->reader_count];
    }
    pthread_mutex_unlock(&w->lock);
    if (db == NULL && store_reader(ctx, w->config.store, &db) != ERR_OK) {
        return NULL;
    }
    return db;
}

enum err reader_get(struct page *p)
{
    p->db = p->db != NULL ? p->db : reader_take(p->ctx, p->web);
    return p->db == NULL ? ERR_BUSY : ERR_OK;
}

void reader_give(struct page *p)
{
    struct web *w = p->web;
    struct db *db = p->db;
    p->db = NULL;
    if (db == NULL) {
        return;
    }
    db_settle(db);
    pthread_mutex_lock(&w->lock);
    bool kept = w->reader_count < LEN(w->readers);
    if (kept) {
        w->readers[w->reader_count++] = db;
    }
    pthread_mutex_unlock(&w->lock);
    if (!kept) {
        db_close(db);
    }
}

/* ---- routes ---- */

/* Match path against "/case/{id}": segments equal, or {…} takes one. */
static bool route_matches(struct page *p, const struct route *r, struct str path)
{
    struct str pattern = str_from(r->path);
    struct str *args = ARENA_ARRAY(p->ctx->arena, struct str, 8);
    size_t count = 0;
    while (pattern.n > 0 || path.n > 0) {
        bool rest = str_equal(pattern, STR("/{*}"));
        if (rest) {
            args[count++] = str_slice(path, 1, path.n);
            break;
        }
        if (pattern.n == 0 || path.n == 0 || pattern.p[0] != '/' || path.p[0] != '/') {
            return false;
        }
        struct str want = {0};
        struct str have = {0};
        pattern = str_slice(pattern, 1, pattern.n);
        path = str_slice(path, 1, path.n);
        size_t a = str_find_byte(pattern, '/');
        size_t b = str_find_byte(path, '/');
        want = str_slice(pattern, 0, a == SIZE_MAX ? pattern.n : a);
        have = str_slice(path, 0, b == SIZE_MAX ? path.n : b);
        pattern = str_slice(pattern, want.n, pattern.n);
        path = str_slice(path, have.n, path.n);
        bool hole = want.n > 0 && want.p[0] == '{';
        if (hole ? have.n == 0 || count == 8 : !str_equal(want, have)) {
            return false;
        }
        if (hole) {
            args[count++] = have;
        }
    }
    p->args = args;
    p->arg_count = count;
    return true;
}

/* The route of path and method; *ret_other says whether the path has another method. */
static const struct route *find_route(struct page *p, struct str method, struct str path,
                                      bool *ret_other)
{
    struct arena_mark mark = arena_mark(p->ctx->arena);
    *ret_other = false;
    for (size_t t = 0; t < p->web->config.table_count; t++) {
        const struct route_table *table = &p->web->config.tables[t];
        for (size_t i = 0; i < table->count; i++) {
            const struct route *r = &table->rows[i];
            if (!route_matches(p, r, path)) {
                arena_reset(p->ctx->arena, mark);
                continue;
            }
            bool head = str_equal(method, STR("HEAD")) && strcmp(r->method, "GET") == 0;
            if (head || str_equal(method, str_from(r->method))) {
                return r;
            }
            *ret_other = true;
        }
    }
    return NULL;
}

static struct str without_language(struct str path, enum lang *ret)
{
    *ret = LANG_ZH;
    if (str_equal(path, STR("/en")) || str_starts(path, STR("/en/"))) {
        *ret = LANG_EN;
        path = str_slice(path, 3, path.n);
        return path.n == 0 ? STR("/") : path;
    }
    return path;
}

void web_settled(void *arg)
{
    const struct web *w = arg;
    if (w->config.settled != NULL) {
        w->config.settled(w->config.settled_arg);
    }
    gate_turned(w->config.gate);
}

/* ---- access ---- */

static bool may_come(const struct page *p)
{
    static const unsigned bits[] = {
        [ACTOR_PARTY] = FOR_PARTY, [ACTOR_OFFICER] = FOR_OFFICER, [ACTOR_ADMIN] = FOR_ADMIN};
    static const unsigned no_one = FROM_ANYWHERE | FOR_PROTOCOL | FOR_WATCHERS | ON_POOL;
    if ((p->route->audience & ~no_one) == FOR_ALL) {
        return true;
    }
    enum actor_kind kind = p->session.actor.kind;
    return p->session.signed_in && kind <= ACTOR_ADMIN && (p->route->audience & bits[kind]) != 0;
}

/* A POST from a form carries the session's token; one with a JSON body must come from this site,
 * which a browser says by itself and a program has no reason to hide. */
bool page_is_from_here(struct page *p)
{
    struct str site = http_header(&p->exchange->request, "sec-fetch-site");
    struct str type = http_header(&p->exchange->request, "content-type");
    if (str_starts(type, STR("application/json"))) {
        return site.n == 0 || str_equal(site, STR("same-origin")) || str_equal(site, STR("none"));
    }
    if (!p->session.signed_in) {
        struct str origin = http_header(&p->exchange->request, "origin");
        struct str own =
            str_format(p->ctx->arena, "%s://%.*s", p->exchange->request.is_tls ? "https" : "http",
                       FMT(p->exchange->request.host));
        bool here =
            site.n > 0 ? str_equal(site, STR("same-origin")) || str_equal(site, STR("none")) : true;
        return here && (origin.n == 0 || str_equal(origin, own));
    }
    struct str token = page_field(p, "_token");
    return token.n == p->session.token.n && str_equal(token, p->session.token);
}

/* ---- slow pages ---- */

static enum err run_route(struct page *p, void *arg)
{
    (void)arg;
    return p->route->fn(p);
}

static void run_slow(void *arg)
{
    page_go_on(arg, run_route, NULL);
}

static enum err run_on_pool(struct page *p)
{
    page_hold(p);
    enum err e = pool_submit(p->ctx, &p->web->slow, (struct pool_job){run_slow, p});
    if (e != ERR_OK) {
        page_unhold(p);
    }
    return e;
}

/* What the head says already: no such address, nobody who may come. *ret_answered: told so. */
static enum err turn_away(struct page *p, bool *ret_answered)
{
    struct text2 none = {{0}, {0}};
    *ret_answered = true;
    if (p->route == NULL) {
        return page_problem(p, p->is_other_method ? ERR_METHOD : ERR_NOT_FOUND, STR(""), none);
    }
    if (may_come(p)) {
        *ret_answered = false;
        return ERR_OK;
    }
    if (p->session.signed_in || p->wants_json) {
        return page_problem(p, p->session.signed_in ? ERR_FORBIDDEN : ERR_NOT_SIGNED_IN, STR(""),
                            none);
    }
    struct buf b = buf_new(p->ctx->arena, 0);
    struct render r = {.out = &b};
    buf_puts(&b, "/login?next=");
    render_segment(&r, p->path);
    return page_go(p, buf_str(&b));
}

/* The law in force, and whether its table of access has a row for who is here. */
static enum err admit_reader(struct page *p, bool *ret_answered)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    bool may = false;
    *ret_answered = true;
    if (reader_get(p) != ERR_OK || gate_law(p->ctx, p->gate, p->db, &p->law) != ERR_OK) {
        return page_problem(p, ERR_BUSY, STR(""), none);
    }
    TRY(access_load(p, &may));
    *ret_answered = !may;
    return may ? ERR_OK
               : page_problem(p, p->session.signed_in ? ERR_FORBIDDEN : ERR_NOT_SIGNED_IN, STR(""),
                              none);
}

void page_forget_law(struct page *p)
{
    reader_give(p);
    p->law = NULL;
    p->access = NULL;
}

static enum err dispatch(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    bool answered = false;
    TRY(turn_away(p, &answered));
    if (answered) {
        return ERR_OK;
    }
    if (p->intake != NULL) {
        TRY(intake_end(p, &answered));
        if (answered) {
            return ERR_OK;
        }
    }
    if (strcmp(p->route->method, "POST") == 0) {
        bool anywhere = (p->route->audience & FROM_ANYWHERE) != 0;
        enum err e = p->intake != NULL ? page_check_words(p) : page_read_form(p);
        if (anywhere) {
            p->form_err = e;
        } else if (e != ERR_OK) {
            return page_problem(p, e, p->ctx->why.field, none);
        }
        if (!anywhere && !page_is_from_here(p)) {
            return page_problem(p, ERR_FORBIDDEN, STR("_token"), none);
        }
    }
    if ((p->route->audience & FOR_WATCHERS) != 0) {
        return p->route->fn(p);
    }
    TRY(admit_reader(p, &answered));
    if (answered) {
        return ERR_OK;
    }
    return (p->route->audience & ON_POOL) != 0 ? run_on_pool(p) : p->route->fn(p);
}

/* Answer what was not handed over to another thread. */
static void finish_page(struct page *p, enum err e)
{
    if (e != ERR_OK) {
        struct text2 none = {{0}, {0}};
        e = page_problem(p, e, p->ctx->why.field, none);
        must(e == ERR_OK);
    }
    reader_give(p);
    page_send(p);
}

static struct page *page_new(struct web *w, struct http_exchange *x)
{
    static const struct str offers[] = {STR_INIT("text/html"), STR_INIT("application/json")};
    struct page *p = ARENA_NEW(x->ctx.arena, struct page);
    p->ctx = &x->ctx;
    p->web = w;
    p->gate = w->config.gate;
    p->exchange = x;
    p->path = without_language(x->request.path, &p->lang);
    p->wants_json = accept_choose(http_header(&x->request, "accept"), offers, LEN(offers)) == 1;
    p->large = str_equal(cookie_get(&x->request, STR("tb_large")), STR("1"));
    p->met = session_load(p);
    p->route = find_route(p, x->request.method, p->path, &p->is_other_method);
    return p;
}

/* How much is read into memory: a form of those who may come; of strangers as much as signing in
 * takes, since anybody may send that, from everywhere and at once. */
static size_t form_limit(const struct page *p)
{
    bool known = p->route != NULL && may_come(p) && p->session.signed_in;
    bool protocol = p->route != NULL && (p->route->audience & FROM_ANYWHERE) != 0;
    return known      ? LIMIT_HTTP_BODY_BYTES
           : protocol ? LIMIT_HTTP_PROTOCOL_BYTES
                      : LIMIT_HTTP_STRANGER_BYTES;
}

/* What is larger than a form is read only when it is known who sends it where, and that they may;
 * who may not is told before a byte of it is read. */
static enum err meet(struct page *p, struct http_intake *ret, bool *ret_answered)
{
    struct ctx *ctx = p->ctx;
    const struct http_request *r = &p->exchange->request;
    *ret_answered = false;
    ret->max_bytes = form_limit(p);
    bool carries = p->route != NULL && p->route->body_max_bytes > 0 && may_come(p);
    if (r->is_chunked || r->body_bytes > ret->max_bytes) {
        TRY(turn_away(p, ret_answered));
        if (!*ret_answered && carries) {
            TRY(admit_reader(p, ret_answered));
        }
    }
    return !*ret_answered && carries ? intake_begin(p, ret) : ERR_OK;
}

void web_begin(void *arg, struct http_exchange *x, struct http_intake *ret)
{
    struct page *p = page_new(arg, x);
    bool handed_over = false;
    bool answered = false;
    x->own = p;
    if (p->session.signed_in) {
        http_known(x);
    }
    if (!x->request.is_chunked && x->request.body_bytes == 0) {
        return;
    }
    p->handed_over = &handed_over;
    enum err e = p->met == ERR_OK ? meet(p, ret, &answered) : p->met;
    if (e != ERR_OK || answered) {
        finish_page(p, e);
    } else {
        page_forget_law(p);
    }
}

void web_handle(void *arg, struct http_exchange *x)
{
    struct page *p = x->own != NULL ? x->own : page_new(arg, x);
    bool handed_over = false;
    p->handed_over = &handed_over;
    enum err e = p->met;
    if (p->intake != NULL && (x->request.is_chunked || x->request.body_bytes > LIMIT_PIECE_BYTES)) {
        e = session_load(p); /* it may have ended while a large body came */
    }
    e = e == ERR_OK ? dispatch(p) : e;
    /* Once handed over, the page is another thread's. */
    if (!handed_over) {
        finish_page(p, e);
    }
}
