/* The UserInfo endpoint (OpenID Connect Core, 5.3), and how a token is brought to it (RFC 6750, RFC
 * 9449, 7). */
#include "base/json_make.h"
#include "base/token.h"
#include "oidc/oidc_in.h"

#include "http/http.h"
#include "web/answer.h"

struct userinfo_job {
    struct once once;
    struct str body;
    struct str type;
    struct release release;
    bool is_dpop;
};

/* 401 or 403 with the challenge of the scheme that was tried; without error when no token came (RFC
 * 6750, 3.1). */
static enum err challenge(struct page *p, bool is_dpop, int status, const struct trouble *t)
{
    struct arena *a = p->ctx->arena;
    struct str algs = is_dpop ? STR(", algs=\"ES256 EdDSA PS256\"") : STR("");
    struct str why = t->code == NULL ? STR("")
                                     : str_format(a, ", error=\"%s\", error_description=\"%s\"",
                                                  t->code, t->text);
    page_header(p, STR("WWW-Authenticate"),
                str_format(a, "%s realm=\"tongban\"%.*s%.*s", is_dpop ? "DPoP" : "Bearer", FMT(why),
                           FMT(algs)));
    if (t->code == NULL) {
        return page_raw(p, status, STR("application/json"), STR("{}"), -1);
    }
    return answer_trouble(p, status, t);
}

/* The token, from the header or, once and only as Bearer, from a form. */
static bool read_token(struct page *p, struct str *ret, bool *ret_dpop, struct trouble *t)
{
    struct str header = http_header(&p->exchange->request, "authorization");
    struct str posted = {0};
    struct str rest = {0};
    struct str scheme = str_cut(header, ' ', &rest);
    *ret_dpop = str_equal_nocase(scheme, STR("DPoP"));
    bool is_form = /* RFC 6750, 2.2 */
        str_starts(http_header(&p->exchange->request, "content-type"),
                   STR("application/x-www-form-urlencoded"));
    if (is_form && p->has_form && p->form_err == ERR_OK &&
        !param(&p->form, "access_token", &posted, t)) {
        return false;
    }
    if (header.n > 0 && posted.n > 0) {
        return trouble_set(t, "invalid_request", "the token is brought in two ways");
    }
    if (header.n > 0 && (*ret_dpop || str_equal_nocase(scheme, STR("Bearer")))) {
        *ret = str_trim(rest);
        return true;
    }
    *ret = posted;
    return true;
}

static enum err userinfo_then(struct page *p, const struct receipt *receipt)
{
    struct userinfo_job *j = p->own;
    struct trouble t = {0};
    (void)receipt;
    return oidc_kept_well(p, &j->once, (struct trouble){0}, &t)
               ? page_raw(p, 200, j->type, j->body, -1)
               : challenge(p, j->is_dpop, 401, &t);
}

static enum err make_body(struct page *p, const struct access *x, struct userinfo_job *j)
{
    struct ctx *ctx = p->ctx;
    struct oidc *o = oidc_of(p);
    struct client c;
    struct json claims = json_object();
    bool found = false;
    TRY(client_find(ctx, p->db, x->client, &c, &found));
    if (!found) {
        return fault(ctx, ERR_NOT_FOUND, "the client of the token is gone");
    }
    json_set(ctx->arena, &claims, STR("sub"), json_of_str(x->claims.sub));
    j->release =
        (struct release){x->grant.person, c.id, STR("openid"),
                         str_format(ctx->arena, "%s %s", p->route->method, p->route->path)};
    TRY(claims_of_person(p, &x->grant, x->scope, "userinfo", &claims, &j->release.released));
    if (c.userinfo_alg != 0) { /* OpenID Connect Core, 5.3.2: signed, with iss and aud */
        json_set(ctx->arena, &claims, STR("iss"), json_of_str(o->issuer));
        json_set(ctx->arena, &claims, STR("aud"), json_of_str(c.id));
        j->type = STR("application/jwt");
        return keys_sign(ctx, o, (enum jose_alg)c.userinfo_alg, STR("JWT"), &claims, &j->body);
    }
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, &claims);
    j->type = STR("application/json");
    j->body = buf_str(&b);
    return ERR_OK;
}

/* Is the token one for here: of a person, with openid, made for this provider? */
static bool is_for_here(const struct oidc *o, const struct access *x)
{
    const struct json *aud = json_get(&x->claims.all, "aud");
    bool here = json_is(aud, JSON_STRING) && str_equal(aud->text, o->issuer);
    for (size_t i = 0; json_is(aud, JSON_ARRAY) && i < aud->count; i++) {
        here = here || str_equal(aud->items[i].text, o->issuer);
    }
    return here;
}

static enum err userinfo(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct oidc *o = oidc_of(p);
    struct userinfo_job *j = ARENA_NEW(ctx->arena, struct userinfo_job);
    struct str token = {0};
    struct str thumbprint = {0};
    struct trouble t = {0};
    struct access x = {0};
    bool live = false;
    p->own = j;
    if (!read_token(p, &token, &j->is_dpop, &t)) {
        return challenge(p, j->is_dpop, 400, &t);
    }
    if (token.n == 0) {
        return challenge(p, j->is_dpop, 401, &t);
    }
    if (j->is_dpop) {
        dpop_give_nonce(p);
    }
    TRY(access_find(ctx, o, p->db, token, &x, &live));
    if (!live || !is_for_here(o, &x)) {
        trouble_set(&t, "invalid_token",
                    "the access token is unknown, expired, revoked, or not for here");
    } else if (x.thumbprint.n > 0 &&
               !j->is_dpop) { /* RFC 9449, 7.2: a bound token is no bearer token */
        trouble_set(&t, "invalid_token",
                    "the access token is bound to a key: bring it as DPoP, with a proof");
    } else if (x.thumbprint.n == 0 && j->is_dpop) {
        trouble_set(&t, "invalid_token", "the access token is bound to no key");
    } else if (j->is_dpop) {
        struct client c;
        bool found = false;
        TRY(client_find(ctx, p->db, x.client, &c, &found));
        if (dpop_check(p, STR("/oidc/userinfo"), token, found && c.dpop_nonce, &thumbprint,
                       &j->once, &t) &&
            !str_equal(thumbprint, x.thumbprint)) {
            trouble_set(&t, thumbprint.n == 0 ? "invalid_dpop_proof" : "invalid_token",
                        "the proof is missing, or not by the key the token is bound to");
        }
    }
    if (t.code != NULL) {
        return challenge(p, j->is_dpop, 401, &t);
    }
    if (!x.has_grant || !word_in(x.scope, STR("openid"))) {
        trouble_set(&t, "insufficient_scope", "the access token lacks the scope openid");
        return challenge(p, j->is_dpop, 403, &t);
    }
    TRY(make_body(p, &x, j));
    if (j->once.count > 0 && !room_for(o, KEPT_ONCE, &t)) {
        return answer_trouble(p, 503, &t);
    }
    struct revoked nothing = {0};
    struct keep keep = oidc_keep_note(ctx->arena, &j->once, &nothing, &j->release);
    return page_keep(p, &keep, userinfo_then);
}

enum err page_userinfo(struct page *p)
{
    return userinfo(p);
}

enum err page_userinfo_post(struct page *p)
{
    return userinfo(p);
}
