/* The authorization endpoint: sign in, consent, and a code sent back; or an error, to the checked
 * address only. */
#include "oidc/oidc_in.h"

#include "base/buf.h"
#include "base/encode.h"
#include "base/json_make.h"
#include "base/token.h"
#include "crypto/crypto.h"
#include "http/form.h"
#include "http/http.h"
#include "login/login.h"
#include "web/answer.h"
#include "page_consent_html.h"
#include "page_post_html.h"

enum { MARK_MS = 15 * 60 * 1000 };

/* ---- answers ---- */

static void pair(struct arena *a, struct json *list, const char *name, struct str value)
{
    if (value.n > 0) {
        json_set(a, list, str_from(name), json_of_str(value));
    }
}

/* Send the pairs to the application, with state and iss (RFC 9207). */
static enum err send_back(struct page *p, const struct ask *a, struct json *pairs)
{
    struct ctx *ctx = p->ctx;
    struct arena *arena = ctx->arena;
    pair(arena, pairs, "state", a->state);
    pair(arena, pairs, "iss", oidc_of(p)->issuer);
    if (str_equal(a->response_mode, STR("form_post"))) {
        struct page_post_pairs *rows = ARENA_ARRAY(arena, struct page_post_pairs, pairs->count);
        for (size_t i = 0; i < pairs->count; i++) {
            rows[i] = (struct page_post_pairs){pairs->members[i].key, pairs->members[i].value.text};
        }
        struct page_post v = {.action = a->redirect_uri,
                              .name = a->client.name,
                              .pairs = rows,
                              .pairs_count = pairs->count};
        p->form_to = origin_of(a->redirect_uri);
        p->wants_json = false;
        return page_show(p, 200,
                         p->lang == LANG_EN ? STR("Back to the application") : STR("返回应用"),
                         page_post, &v);
    }
    struct buf b = buf_new(arena, 0);
    struct str url = {0};
    bool first = str_find_byte(a->redirect_uri, '?') == SIZE_MAX;
    buf_put(&b, a->redirect_uri);
    for (size_t i = 0; i < pairs->count; i++) {
        url_add(&b, &first, pairs->members[i].key.p, pairs->members[i].value.text);
    }
    TRY(buf_done(ctx, &b, &url));
    return page_leave(p, url);
}

static enum err send_trouble(struct page *p, const struct ask *a, const char *code,
                             const char *text)
{
    struct json pairs = json_object();
    pair(p->ctx->arena, &pairs, "error", str_from(code));
    pair(p->ctx->arena, &pairs, "error_description", str_from(text));
    return send_back(p, a, &pairs);
}

/* No address to send it to: said to the person. */
static enum err show_trouble(struct page *p, const struct trouble *t)
{
    struct arena *a = p->ctx->arena;
    struct text2 s = {
        str_format(a, "应用发来的登录请求有误，不能继续（%s：%s）。请联系该应用。", t->code,
                   t->text),
        str_format(a, "The application's request cannot be followed (%s: %s). Tell its operator.",
                   t->code, t->text)};
    return page_problem(p, ERR_USAGE, STR(""), s);
}

/* ---- marks: when a request was first seen here, put into its own address, under a MAC ---- */

/* The browser that carries it: else anybody could hand a person a mark of one's own, and
 * prompt=login would not ask. */
static struct str mark_browser(struct page *p, bool make)
{
    struct str name = STR("tb_ask");
    struct str known = cookie_get(&p->exchange->request, name);
    if (known.n > 0 || !make) {
        return known;
    }
    known = random_text(p->ctx, 16);
    page_header(p, STR("Set-Cookie"),
                str_format(p->ctx->arena, "%.*s=%.*s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%d%s",
                           FMT(name), FMT(known), MARK_MS / 1000,
                           p->exchange->request.is_tls ? "; Secure" : ""));
    return known;
}

static struct str mark_mac(struct page *p, const struct ask *a, struct str browser, int64_t ms)
{
    uint8_t mac[32];
    const struct oidc *o = oidc_of(p);
    struct str text = str_format(p->ctx->arena, "mark %lld %.*s %.*s %.*s", (long long)ms,
                                 FMT(a->client.id), FMT(a->challenge), FMT(browser));
    hmac_sha256((struct str){(const char *)o->marks, sizeof(o->marks)}, text, mac);
    return base64url_encode(p->ctx->arena, mac, 18);
}

static int64_t mark_read(struct page *p, const struct ask *a, const struct json *outer)
{
    struct str rest = {0};
    struct str number = str_cut(json_text(outer, "tb_mark"), '.', &rest);
    int64_t ms = 0;
    struct str browser = mark_browser(p, false);
    bool ok =
        browser.n > 0 && str_to_i64(number, &ms) && str_equal(rest, mark_mac(p, a, browser, ms));
    return ok && oidc_now(p->ctx).ms - ms < MARK_MS ? ms : 0;
}

/* The address that comes back to this very request. */
static struct str own_address(struct page *p, const struct ask *a, const struct json *outer)
{
    struct arena *arena = p->ctx->arena;
    struct json copy = json_object();
    for (size_t i = 0; i < outer->count; i++) {
        struct str key = outer->members[i].key;
        if (key.n > 0 && key.p[0] != '_' && !str_equal(key, STR("tb_mark"))) {
            json_set(arena, &copy, key, outer->members[i].value);
        }
    }
    int64_t ms = a->mark_ms > 0 ? a->mark_ms : oidc_now(p->ctx).ms;
    struct str browser = mark_browser(p, true);
    json_set(arena, &copy, STR("tb_mark"),
             json_of_str(
                 str_format(arena, "%lld.%.*s", (long long)ms, FMT(mark_mac(p, a, browser, ms)))));
    return str_format(arena, "/oidc/authorize?%.*s", FMT(params_query(arena, &copy)));
}

/* ---- is the right person here, freshly and surely enough? ---- */

enum standing { STANDS, MUST_SIGN_IN, NEVER };

/* An ID token of ours given as a hint, or the sub asked for, names somebody else (OpenID Connect
 * Core, 3.1.2.1). */
static enum err hint_names_another(struct page *p, const struct ask *a, bool *ret)
{
    struct oidc *o = oidc_of(p);
    struct jws s;
    struct json claims;
    struct str person = p->session.actor.id;
    struct str mine = client_subject(p->ctx->arena, o, &a->client, person);
    /* sub asked for with a value: nobody else may answer (OpenID Connect Core, 3.1.2.2 and 5.5.1).
     */
    const struct json *sub = json_get(json_get(&a->claims, "id_token"), "sub");
    const struct json *value = json_get(sub, "value");
    *ret = value != NULL && !(json_is(value, JSON_STRING) && str_equal(value->text, mine));
    if (a->id_token_hint.n == 0 || *ret) {
        return ERR_OK;
    }
    *ret = true;
    if (keys_verify(p->ctx, o, a->id_token_hint, "JWT", TOKEN_BACK_MAX, &s) != ERR_OK ||
        json_parse(p->ctx, s.payload, STR("hint"), &claims) != ERR_OK) {
        return ERR_OK; /* nobody can be whom it names */
    }
    *ret = !str_equal(json_text(&claims, "sub"), mine);
    return ERR_OK;
}

static enum err judge_session(struct page *p, const struct ask *a, int *ret_level,
                              bool *ret_another, enum standing *ret)
{
    struct ctx *ctx = p->ctx;
    const struct session *s = &p->session;
    bool essential = false;
    bool another = false;
    int level = ask_assurance(a, &essential);
    int64_t now = oidc_now(ctx).ms;
    *ret_level = level < 1 ? 1 : level;
    *ret = MUST_SIGN_IN;
    if (level > 3) {
        *ret = NEVER;
        return ERR_OK;
    }
    if (!s->signed_in) {
        return ERR_OK;
    }
    bool just_now = a->mark_ms > 0 && s->since.ms >= a->mark_ms;
    TRY(hint_names_another(p, a, &another));
    *ret_another = another;
    bool old = a->prompt_login || (a->max_age_s >= 0 && now - s->since.ms > a->max_age_s * 1000);
    bool weak = s->actor.assurance < level;
    if (another) {
        *ret = just_now ? NEVER : MUST_SIGN_IN;
    } else if (old && !just_now) {
        *ret = MUST_SIGN_IN;
    } else if (weak && !(a->prompt_none && !essential)) {
        *ret = !just_now ? MUST_SIGN_IN : essential ? NEVER : STANDS;
    } else {
        *ret = STANDS;
    }
    return ERR_OK;
}

/* ---- a code ---- */

struct code_job {
    struct ask ask;
    struct grant grant;
    struct str code;
    uint8_t code_hash[32];
    int64_t now_ms;
    struct str again; /* address of this request, should its answer have been given before */
};

static enum err code_then(struct page *p, const struct receipt *receipt)
{
    struct code_job *j = p->own;
    struct json pairs = json_object();
    if (receipt != NULL && receipt->seq < 0) {
        return page_problem(p, ERR_REFUSED, receipt->verdict.field, receipt->verdict.sentence);
    }
    if (receipt != NULL &&
        receipt->repeated) { /* the button was pressed twice: the consent is there, ask anew */
        return page_go(p, j->again);
    }
    struct trouble used = {"invalid_request_uri", "the request_uri was used before"};
    struct trouble t = {0};
    if (!oidc_kept_well(p, &(struct once){0}, used, &t)) {
        return send_trouble(p, &j->ask, t.code, t.text);
    }
    pair(p->ctx->arena, &pairs, "code", j->code);
    return send_back(p, &j->ask, &pairs);
}

static struct code_job *code_prepare(struct page *p, const struct ask *a, struct str scope)
{
    struct ctx *ctx = p->ctx;
    struct code_job *j = ARENA_NEW(ctx->arena, struct code_job);
    j->ask = *a;
    j->now_ms = oidc_now(ctx).ms;
    j->code = random_text(ctx, 32);
    text_hash(j->code, j->code_hash);
    j->grant = (struct grant){.id = random_text(ctx, 16),
                              .client = a->client.id,
                              .person = p->session.actor.id,
                              .kind = p->session.actor.kind,
                              .scope = scope,
                              .nonce = a->nonce,
                              .acr = login_acr(p->session.actor.assurance),
                              .amr = p->session.methods,
                              .session = p->session.id,
                              .resource = a->resource,
                              .claims = a->claims,
                              .auth_s = p->session.since.ms / 1000};
    p->own = j;
    return j;
}

static struct keep code_keep(struct page *p, const struct code_job *j)
{
    return oidc_keep_code(p->ctx->arena, &j->ask, &j->grant, j->code_hash, j->now_ms);
}

/* ---- consent ---- */

static struct str scope_title(struct page *p, struct str scope)
{
    const struct code_row *row = p->law == NULL ? NULL : law_code(p->law, STR("scope"), scope);
    return row == NULL ? scope : page_text(p, row->title);
}

static bool is_always(struct page *p, struct str scope)
{
    const struct code_row *row = p->law == NULL ? NULL : law_code(p->law, STR("scope"), scope);
    return row != NULL && str_equal(row->parent, STR("always"));
}

static enum err show_consent(struct page *p, const struct ask *a, const struct json *outer)
{
    struct arena *arena = p->ctx->arena;
    struct page_consent_scopes *rows =
        ARENA_ARRAY(arena, struct page_consent_scopes, LIMIT_OIDC_LIST_ITEMS + 8);
    size_t count = 0;
    struct str rest = a->scope;
    struct str w = {0};
    while (word_next(&rest, &w) && count < LIMIT_OIDC_LIST_ITEMS) {
        rows[count++] = (struct page_consent_scopes){
            .code = w, .title = scope_title(p, w), .always = is_always(p, w)};
    }
    struct str address = own_address(p, a, outer);
    bool en = p->lang == LANG_EN && a->client.name_en.n > 0;
    struct page_consent v = {.client = en ? a->client.name_en : a->client.name,
                             .place = origin_of(a->redirect_uri),
                             .person = p->session.name,
                             .request =
                                 str_slice(address, str_find_byte(address, '?') + 1, address.n),
                             .scopes = rows,
                             .scopes_count = count};
    p->form_to = origin_of(a->redirect_uri);
    return page_show(p, 200,
                     p->lang == LANG_EN ? STR("Hand information to an application?")
                                        : STR("是否向应用提供信息"),
                     page_consent, &v);
}

static enum err consent_of(struct page *p, const struct ask *a, struct str *ret_scopes)
{
    struct ctx *ctx = p->ctx;
    struct oidc_consent_get_row row;
    bool found = false;
    TRY(oidc_consent_get(
        ctx, p->db,
        (struct oidc_consent_get_in){.person = p->session.actor.id, .client = a->client.id}, &row,
        &found));
    *ret_scopes = found ? row.scopes : STR("");
    return ERR_OK;
}

static bool covers(struct str given, struct str asked)
{
    struct str w = {0};
    while (word_next(&asked, &w)) {
        if (!word_in(given, w)) {
            return false;
        }
    }
    return true;
}

/* ---- the endpoint ---- */

static void choose_language(struct page *p, const struct ask *a)
{
    struct str rest = a->ui_locales;
    struct str w = {0};
    while (word_next(&rest, &w)) {
        struct str language = str_slice(w, 0, 2);
        if (str_equal_nocase(language, STR("en")) || str_equal_nocase(language, STR("zh"))) {
            p->lang = str_equal_nocase(language, STR("en")) ? LANG_EN : LANG_ZH;
            return;
        }
    }
}

/* Request read, person here. *ret_done: the page is answered already. */
static enum err come_in(struct page *p, const struct json *outer, struct ask *a, bool *ret_done)
{
    struct ctx *ctx = p->ctx;
    struct trouble t = {0};
    bool known = false;
    enum standing standing = STANDS;
    bool another = false;
    int level = 1;
    *ret_done = true;
    TRY(ask_read(p, outer, a, &known, &t));
    if (t.code != NULL) {
        return known ? send_trouble(p, a, t.code, t.text) : show_trouble(p, &t);
    }
    choose_language(p, a);
    a->mark_ms = mark_read(p, a, outer);
    TRY(judge_session(p, a, &level, &another, &standing));
    if (standing == NEVER) {
        return send_trouble(
            p, a, level > 3 || !another ? "unmet_authentication_requirements" : "login_required",
            "the person cannot sign in as the request requires");
    }
    if (standing == MUST_SIGN_IN && a->prompt_none) {
        return send_trouble(p, a, "login_required", "nobody is signed in as the request requires");
    }
    if (standing == MUST_SIGN_IN) {
        struct str next = own_address(p, a, outer);
        if (next.n > NEXT_MAX_BYTES) {
            return send_trouble(p, a, "invalid_request",
                                "the request is too long for an address: push it");
        }
        return login_ask(p, level, next);
    }
    if (p->session.actor.kind ==
        ACTOR_ADMIN) { /* it exists to administer this node, and is nobody elsewhere */
        return send_trouble(p, a, "access_denied",
                            "an administrator's account signs in to no application");
    }
    *ret_done = false;
    return ERR_OK;
}

static enum err authorize(struct page *p, const struct json *outer)
{
    struct ctx *ctx = p->ctx;
    struct ask a;
    struct str given = {0};
    struct trouble t = {0};
    bool done = false;
    TRY(come_in(p, outer, &a, &done));
    if (done) {
        return ERR_OK;
    }
    TRY(consent_of(p, &a, &given));
    if (!covers(given, a.scope) || a.prompt_consent) {
        return a.prompt_none ? send_trouble(p, &a, "consent_required",
                                            "the person has not consented to this scope")
                             : show_consent(p, &a, outer);
    }
    if (!room_for(oidc_of(p), KEPT_CODE, &t) || !room_for(oidc_of(p), KEPT_GRANT, &t)) {
        return send_trouble(p, &a, t.code, t.text);
    }
    struct keep keep = code_keep(p, code_prepare(p, &a, a.scope));
    return page_keep(p, &keep, code_then);
}

enum err page_authorize(struct page *p)
{
    struct json outer;
    struct trouble t = {"invalid_request", "the query cannot be read"};
    if (params_of_query(p->ctx, p->exchange->request.query, &outer) != ERR_OK) {
        return show_trouble(p, &t);
    }
    return authorize(p, &outer);
}

enum err page_authorize_post(struct page *p)
{
    struct trouble t = {"invalid_request",
                        "the body must be a form, application/x-www-form-urlencoded"};
    if (p->form_err != ERR_OK || !str_starts(http_header(&p->exchange->request, "content-type"),
                                             STR("application/x-www-form-urlencoded"))) {
        return show_trouble(p, &t);
    }
    struct str site = http_header(&p->exchange->request, "sec-fetch-site");
    struct json outer = p->form;
    if (str_equal(site, STR("cross-site"))) {
        /* The cookie of a signed-in person does not come along (SameSite=Lax): go round once, by
         * GET. */
        struct str query = params_query(p->ctx->arena, &outer);
        if (query.n <= NEXT_MAX_BYTES) {
            return page_go(p, str_format(p->ctx->arena, "/oidc/authorize?%.*s", FMT(query)));
        }
    }
    return authorize(p, &outer);
}

/* ---- the person's answer ---- */

static bool is_ticked(struct page *p, struct str scope)
{
    const struct json *v = json_get(&p->form, "scope");
    if (json_is(v, JSON_STRING)) {
        return str_equal(v->text, scope);
    }
    for (size_t i = 0; json_is(v, JSON_ARRAY) && i < v->count; i++) {
        if (str_equal(v->items[i].text, scope)) {
            return true;
        }
    }
    return false;
}

/* What is consented to now: what was before and is not asked here, and of what is asked what was
 * ticked. */
static void gather_consent(struct page *p, const struct ask *a, struct str before,
                           struct json *ret_all, struct str *ret_granted)
{
    struct arena *arena = p->ctx->arena;
    struct buf b = buf_new(arena, 0);
    struct str rest = before;
    struct str w = {0};
    *ret_all = json_array();
    while (word_next(&rest, &w)) {
        if (!word_in(a->scope, w)) {
            json_push(arena, ret_all, json_of_str(w));
        }
    }
    rest = a->scope;
    while (word_next(&rest, &w)) {
        if (is_always(p, w) || is_ticked(p, w)) {
            json_push(arena, ret_all, json_of_str(w));
            buf_puts(&b, b.n > 0 ? " " : "");
            buf_put(&b, w);
        }
    }
    *ret_granted = buf_str(&b);
}

enum err page_consent_post(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct json outer;
    struct ask a;
    struct trouble t = {"invalid_request", "the request cannot be read"};
    struct str before = {0};
    struct str granted = {0};
    struct json all;
    bool done = false;
    if (params_of_query(ctx, page_field(p, "request"), &outer) != ERR_OK) {
        return show_trouble(p, &t);
    }
    TRY(come_in(p, &outer, &a, &done));
    if (done) {
        return ERR_OK;
    }
    TRY(consent_of(p, &a, &before));
    gather_consent(p, &a, before, &all, &granted);
    if (!str_equal(page_field(p, "decision"), STR("allow")) || granted.n == 0) {
        return send_trouble(p, &a, "access_denied", "the person did not consent");
    }
    t = (struct trouble){0};
    if (!room_for(oidc_of(p), KEPT_CODE, &t) || !room_for(oidc_of(p), KEPT_GRANT, &t)) {
        return send_trouble(p, &a, t.code, t.text);
    }
    struct draft draft = {
        .kind = STR("consent-to-share"), .actor = p->session.actor, .fields = json_object()};
    json_set(ctx->arena, &draft.fields, STR("consent.client"), json_of_str(a.client.id));
    json_set(ctx->arena, &draft.fields, STR("consent.scopes"), all);
    struct code_job *j = code_prepare(p, &a, granted);
    j->again = own_address(p, &a, &outer);
    struct keep keep = code_keep(p, j);
    return page_submit_with(p, &draft, &keep, code_then);
}
