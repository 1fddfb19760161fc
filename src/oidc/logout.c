/* Signing out: asked for by an application (RP-Initiated Logout 1.0), told to all of them
 * (Back-Channel Logout 1.0); and consent looked at and withdrawn. */
#include "oidc/oidc_in.h"

#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
#include "http/http.h"
#include "web/answer.h"
#include "web/session.h"
#include "page_consents_html.h"
#include "page_signout_html.h"

struct logout {
    struct json params;
    struct client client;
    bool has_client;
    struct str hint_sub;
    struct str hint_sid;
    bool has_hint;
    struct str uri; /* where to go then; empty: a page of ours */
    struct str state;
};

/* Who asks, for whom, and where to afterwards. An address that is not registered is refused, never
 * followed. */
static enum err logout_read(struct page *p, struct logout *l, struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    struct oidc *o = oidc_of(p);
    struct str hint = {0};
    struct str id = {0};
    struct jws s;
    struct json claims;
    if (!param(&l->params, "id_token_hint", &hint, t) || !param(&l->params, "client_id", &id, t) ||
        !param(&l->params, "post_logout_redirect_uri", &l->uri, t) ||
        !param(&l->params, "state", &l->state, t)) {
        return ERR_OK;
    }
    if (hint.n > 0) {
        if (keys_verify(ctx, o, hint, "JWT", TOKEN_BACK_MAX, &s) != ERR_OK ||
            json_parse(ctx, s.payload, STR("hint"), &claims) != ERR_OK ||
            (id.n > 0 && !str_equal(id, json_text(&claims, "aud")))) {
            trouble_set(t, "invalid_request",
                        "id_token_hint is no ID token of ours for this client");
            return ERR_OK;
        }
        id = json_text(&claims, "aud");
        l->hint_sub = json_text(&claims, "sub");
        l->hint_sid = json_text(&claims, "sid");
        l->has_hint = true;
    }
    TRY(client_find(ctx, p->db, id, &l->client, &l->has_client));
    if (l->uri.n > 0 && (!l->has_client ||
                         !client_has_uri(ctx->arena, &l->client, &l->client.logout_uris, l->uri))) {
        trouble_set(t, "invalid_request",
                    "post_logout_redirect_uri is not registered for the client, or the client is "
                    "not known");
    }
    return ERR_OK;
}

static enum err logout_done(struct page *p, const struct receipt *receipt)
{
    struct logout *l = p->own;
    struct buf b = buf_new(p->ctx->arena, 0);
    bool first = str_find_byte(l->uri, '?') == SIZE_MAX;
    (void)receipt;
    p->session = (struct session){0};
    if (l->uri.n == 0) {
        struct page_signout v = {.done = true};
        return page_show(p, 200, p->lang == LANG_EN ? STR("Signed out") : STR("已经退出"),
                         page_signout, &v);
    }
    buf_put(&b, l->uri);
    if (l->state.n > 0) {
        url_add(&b, &first, "state", l->state);
    }
    return page_leave(p, buf_str(&b));
}

static enum err logout_show_trouble(struct page *p, const struct trouble *t)
{
    struct arena *a = p->ctx->arena;
    struct text2 s = {
        str_format(a, "退出请求有误（%s：%s）。", t->code, t->text),
        str_format(a, "The request to sign out cannot be followed (%s: %s).", t->code, t->text)};
    return page_problem(p, ERR_USAGE, STR(""), s);
}

/* The ID token is that of the session here: its application speaks for the person, and need not
 * ask. */
static bool hint_is_session(struct page *p, const struct logout *l)
{
    if (!l->has_hint || !l->has_client || !str_equal(l->hint_sid, p->session.id)) {
        return false;
    }
    return str_equal(l->hint_sub,
                     client_subject(p->ctx->arena, oidc_of(p), &l->client, p->session.actor.id));
}

static enum err logout_ask(struct page *p, struct json params)
{
    struct ctx *ctx = p->ctx;
    struct logout *l = ARENA_NEW(ctx->arena, struct logout);
    struct trouble t = {0};
    struct str locales = {0};
    l->params = params;
    p->own = l;
    TRY(logout_read(p, l, &t));
    if (t.code != NULL || !param(&params, "ui_locales", &locales, &t)) {
        return logout_show_trouble(p, &t);
    }
    p->lang = str_starts(locales, STR("en")) ? LANG_EN : p->lang;
    if (!p->session.signed_in) {
        return logout_done(p, NULL);
    }
    if (hint_is_session(p, l)) {
        return session_end(p, p->session.actor.id, p->session.id, STR(""), logout_done);
    }
    bool en = p->lang == LANG_EN && l->client.name_en.n > 0;
    struct page_signout v = {.client = en ? l->client.name_en : l->client.name,
                             .request = params_query(ctx->arena, &params)};
    p->form_to = l->uri.n > 0 ? origin_of(l->uri) : STR("");
    return page_show(p, 200, p->lang == LANG_EN ? STR("Sign out?") : STR("是否退出登录"),
                     page_signout, &v);
}

enum err page_logout_ask(struct page *p)
{
    struct json params;
    struct trouble t = {"invalid_request", "the query cannot be read"};
    if (strcmp(p->route->method, "POST") == 0) {
        bool is_form = str_starts(http_header(&p->exchange->request, "content-type"),
                                  STR("application/x-www-form-urlencoded"));
        if (p->form_err != ERR_OK || !is_form) {
            return logout_show_trouble(p, &t);
        }
        struct str site = http_header(&p->exchange->request, "sec-fetch-site");
        struct str query = params_query(p->ctx->arena, &p->form);
        if (str_equal(site, STR("cross-site")) && query.n <= NEXT_MAX_BYTES) {
            /* The session's cookie did not come along (SameSite=Lax): go round once, by GET. */
            return page_go(p, str_format(p->ctx->arena, "/oidc/logout?%.*s", FMT(query)));
        }
        return logout_ask(p, p->form);
    }
    return params_of_query(p->ctx, p->exchange->request.query, &params) == ERR_OK
               ? logout_ask(p, params)
               : logout_show_trouble(p, &t);
}

enum err page_logout_post(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct logout *l = ARENA_NEW(ctx->arena, struct logout);
    struct trouble t = {"invalid_request", "the request cannot be read"};
    if (params_of_query(ctx, page_field(p, "request"), &l->params) != ERR_OK) {
        return logout_show_trouble(p, &t);
    }
    t = (struct trouble){0};
    p->own = l;
    TRY(logout_read(p, l, &t));
    if (t.code != NULL) {
        return logout_show_trouble(p, &t);
    }
    if (!str_equal(page_field(p, "decision"), STR("yes"))) {
        return page_go(p, STR("/"));
    }
    if (!p->session.signed_in) {
        return logout_done(p, NULL);
    }
    return session_end(p, p->session.actor.id, p->session.id, STR(""), logout_done);
}

/* ---- consent, looked at and withdrawn ---- */

enum err page_consents_list(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct oidc_consent_list_row *rows = NULL;
    size_t count = 0;
    TRY(oidc_consent_list(
        ctx, p->db,
        (struct oidc_consent_list_in){.person = p->session.actor.id, .count = LIMIT_PAGE_ROWS},
        &rows, &count));
    struct page_consents_rows *out = ARENA_ARRAY(a, struct page_consents_rows, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct client c = {.name = rows[i].client};
        struct buf b = buf_new(a, 0);
        struct str rest = rows[i].scopes;
        struct str w = {0};
        if (client_read(ctx, rows[i].client, rows[i].document, &c) != ERR_OK) {
            c.name = rows[i].client;
        }
        while (word_next(&rest, &w)) {
            const struct code_row *row = p->law == NULL ? NULL : law_code(p->law, STR("scope"), w);
            buf_puts(&b, b.n > 0 ? "; " : "");
            buf_put(&b, row == NULL ? w : page_text(p, row->title));
        }
        bool en = p->lang == LANG_EN && c.name_en.n > 0;
        out[i] = (struct page_consents_rows){.id = rows[i].client,
                                             .client = en ? c.name_en : c.name,
                                             .scopes = buf_str(&b),
                                             .at = instant_day((struct instant){rows[i].at_ms})};
    }
    struct page_consents v = {.rows = out, .rows_count = count};
    return page_show(p, 200,
                     p->lang == LANG_EN ? STR("Applications I hand information to")
                                        : STR("我同意提供信息的应用"),
                     page_consents, &v);
}

static enum err withdraw_then(struct page *p, const struct receipt *receipt)
{
    return receipt->seq < 0
               ? page_problem(p, ERR_REFUSED, receipt->verdict.field, receipt->verdict.sentence)
               : page_go(p, STR("/oidc/consents"));
}

enum err page_consents_post(struct page *p)
{
    struct arena *a = p->ctx->arena;
    struct str client = page_field(p, "client");
    struct draft draft = {
        .kind = STR("withdraw-consent"), .actor = p->session.actor, .fields = json_object()};
    json_set(a, &draft.fields, STR("consent.client"), json_of_str(client));
    struct keep keep = oidc_keep_withdraw(a, client, p->session.actor.id);
    return page_submit_with(p, &draft, &keep, withdraw_then);
}
