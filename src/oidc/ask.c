/* An authorization request, judged: by which application, for what, answered where. RFC
 * 6749, 4.1.1; OpenID Connect Core, 3.1.2; RFC 7636; RFC 9101; RFC 9126; FAPI 2.0, 5.3.2.2. */
#include "oidc/oidc_in.h"

#include "base/buf.h"
#include "base/json_make.h"
#include "base/token.h"
#include "login/login.h"

#define PUSH_PREFIX "urn:ietf:params:oauth:request_uri:"

static bool is_base64url(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_')) {
            return false;
        }
    }
    return true;
}

/* PKCE by S256 only: no challenge, "plain" and no method (which means plain) are refused (RFC
 * 9700, 2.1.1). */
static bool read_challenge(struct ask *a, struct trouble *t)
{
    struct str method = {0};
    if (!param(&a->params, "code_challenge", &a->challenge, t) ||
        !param(&a->params, "code_challenge_method", &method, t)) {
        return false;
    }
    if (a->challenge.n == 0) {
        return trouble_set(t, "invalid_request", "code_challenge is missing: PKCE is required");
    }
    if (!str_equal(method, STR("S256"))) {
        return trouble_set(t, "invalid_request", "code_challenge_method must be S256");
    }
    if (a->challenge.n != 43 || !is_base64url(a->challenge)) {
        return trouble_set(t, "invalid_request", "code_challenge must be a SHA-256 in base64url");
    }
    return true;
}

/* Scopes not registered for the application are ignored (OpenID Connect Core, 3.1.2.1); none left
 * is refused. */
static bool read_scope(struct page *p, struct ask *a, struct trouble *t)
{
    struct str asked = {0};
    struct str w = {0};
    struct buf b = buf_new(p->ctx->arena, 0);
    size_t count = 0;
    if (!param(&a->params, "scope", &asked, t)) {
        return false;
    }
    while (word_next(&asked, &w)) {
        if (++count > LIMIT_OIDC_LIST_ITEMS) {
            return trouble_set(t, "invalid_scope", "too many scopes");
        }
        bool offline = str_equal(w, STR("offline_access"));
        bool may = strs_have(&a->client.scopes, w) &&
                   (!offline || (a->client.grants & GRANT_REFRESH) != 0);
        if (may && !word_in(buf_str(&b), w)) {
            buf_puts(&b, b.n > 0 ? " " : "");
            buf_put(&b, w);
        }
    }
    a->scope = buf_str(&b);
    return a->scope.n > 0 ||
           trouble_set(t, "invalid_scope", "no scope asked for is registered for this client");
}

static bool read_prompt(struct ask *a, struct trouble *t)
{
    struct str prompt = {0};
    struct str w = {0};
    size_t count = 0;
    if (!param(&a->params, "prompt", &prompt, t)) {
        return false;
    }
    while (word_next(&prompt, &w)) {
        count++;
        if (str_equal(w, STR("none"))) {
            a->prompt_none = true;
        } else if (str_equal(w, STR("login")) || str_equal(w, STR("select_account"))) {
            a->prompt_login = true; /* one person a browser: choosing another is signing in anew */
        } else if (str_equal(w, STR("consent"))) {
            a->prompt_consent = true;
        } else {
            return trouble_set(t, "invalid_request", "prompt holds a value that is not supported");
        }
    }
    if (a->prompt_none && count > 1) {
        return trouble_set(t, "invalid_request", "prompt none stands alone");
    }
    return true;
}

static bool read_claims(struct page *p, struct ask *a, struct trouble *t)
{
    static const char *const members[] = {"userinfo", "id_token"};
    struct str text = {0};
    a->claims = json_null();
    if (!param(&a->params, "claims", &text, t)) {
        return false;
    }
    if (text.n == 0) {
        return true;
    }
    if (json_parse(p->ctx, text, STR("claims"), &a->claims) != ERR_OK ||
        !json_is(&a->claims, JSON_OBJECT)) {
        return trouble_set(t, "invalid_request", "claims is no JSON object");
    }
    for (size_t i = 0; i < LEN(members); i++) {
        const struct json *m = json_get(&a->claims, members[i]);
        bool ok = m == NULL || (json_is(m, JSON_OBJECT) && m->count <= LIMIT_OIDC_LIST_ITEMS);
        for (size_t k = 0; ok && m != NULL && k < m->count; k++) {
            ok = json_is(&m->members[k].value, JSON_NULL) ||
                 json_is(&m->members[k].value, JSON_OBJECT);
        }
        if (!ok) {
            return trouble_set(t, "invalid_request", "a member of claims is no object of claims");
        }
    }
    return true;
}

/* A claim asked for by itself needs the consent that its scope needs, so the scope is asked for
 * with it. */
static void add_scopes_of_claims(struct page *p, struct ask *a)
{
    static const char *const members[] = {"userinfo", "id_token"};
    for (size_t i = 0; i < LEN(members); i++) {
        const struct json *m = json_get(&a->claims, members[i]);
        for (size_t k = 0; json_is(m, JSON_OBJECT) && k < m->count; k++) {
            struct str scope = claim_scope(m->members[k].key);
            if (scope.n > 0 && strs_have(&a->client.scopes, scope) && !word_in(a->scope, scope)) {
                a->scope = str_format(p->ctx->arena, "%.*s %.*s", FMT(a->scope), FMT(scope));
            }
        }
    }
}

static bool read_max_age(struct ask *a, struct trouble *t)
{
    struct str age = {0};
    a->max_age_s = -1;
    if (!param(&a->params, "max_age", &age, t)) {
        return false;
    }
    if (age.n > 0 &&
        (!str_to_i64(age, &a->max_age_s) || a->max_age_s < 0 || a->max_age_s > (int64_t)1 << 40)) {
        return trouble_set(t, "invalid_request", "max_age is no number of seconds");
    }
    return true;
}

/* All but application, redirect_uri, state and response_mode, which were read before, so that this
 * may be answered there. */
static bool read_rest(struct page *p, struct ask *a, struct trouble *t)
{
    struct str type = {0};
    if (!param(&a->params, "response_type", &type, t)) {
        return false;
    }
    if (!str_equal(type, STR("code"))) {
        return type.n == 0
                   ? trouble_set(t, "invalid_request", "response_type is missing")
                   : trouble_set(t, "unsupported_response_type", "response_type must be code");
    }
    if ((a->client.grants & GRANT_CODE) == 0) {
        return trouble_set(t, "unauthorized_client",
                           "this client is not registered for authorization_code");
    }
    if (json_get(&a->params, "registration") != NULL) {
        return trouble_set(t, "registration_not_supported", "registration is not supported");
    }
    if (!read_challenge(a, t) || !read_scope(p, a, t) || !read_prompt(a, t) ||
        !read_claims(p, a, t) || !read_max_age(a, t)) {
        return false;
    }
    add_scopes_of_claims(p, a);
    if (!param(&a->params, "nonce", &a->nonce, t) ||
        !param(&a->params, "dpop_jkt", &a->thumbprint, t) ||
        !param_resource(&a->params, &a->resource, t) ||
        !param(&a->params, "acr_values", &a->acr_values, t) ||
        !param(&a->params, "login_hint", &a->login_hint, t) ||
        !param(&a->params, "ui_locales", &a->ui_locales, t) ||
        !param(&a->params, "id_token_hint", &a->id_token_hint, t)) {
        return false;
    }
    if (a->thumbprint.n > 0 && (a->thumbprint.n != 43 || !is_base64url(a->thumbprint))) {
        return trouble_set(t, "invalid_request", "dpop_jkt is no thumbprint");
    }
    if (a->resource.n > 0 && !strs_have(&a->client.resources, a->resource)) {
        return trouble_set(t, "invalid_target", "the resource is not registered for this client");
    }
    return true;
}

/* Where may the answer go? Exactly one of the registered addresses (RFC 9700, 2.1). */
static bool read_place(struct page *p, struct ask *a, struct trouble *t)
{
    struct str uri = {0};
    struct trouble own = {0};
    if (!param(&a->params, "redirect_uri", &uri, t)) {
        return false;
    }
    if (uri.n == 0) {
        return trouble_set(t, "invalid_request", "redirect_uri is missing");
    }
    if (!client_has_uri(p->ctx->arena, &a->client, &a->client.redirect_uris, uri)) {
        return trouble_set(t, "invalid_request", "redirect_uri is not registered for this client");
    }
    a->redirect_uri = uri;
    a->response_mode = STR("query");
    /* A state sent twice or too long is not sent back; the trouble itself comes from here on. */
    if (!param(&a->params, "state", &a->state, &own)) {
        a->state = STR("");
    }
    return true;
}

static bool read_mode(struct ask *a, struct trouble *t)
{
    struct str mode = {0};
    struct str state = {0};
    if (!param(&a->params, "response_mode", &mode, t)) {
        return false;
    }
    if (mode.n > 0 && !str_equal(mode, STR("query")) && !str_equal(mode, STR("form_post"))) {
        return trouble_set(t, "invalid_request", "response_mode must be query or form_post");
    }
    a->response_mode = mode.n > 0 ? mode : STR("query");
    return param(&a->params, "state", &state, t);
}

/* ---- signed requests (RFC 9101) ---- */

/* Put the claims of a request object in place of the parameters: nothing outside it counts. */
static bool open_request_object(struct page *p, struct ask *a, struct str object, struct once *once,
                                struct trouble *t)
{
    const struct oidc *o = oidc_of(p);
    struct jws s;
    struct jwt_claims c;
    struct jwt_rules rules = {.now = oidc_now(p->ctx),
                              .iss = a->client.id,
                              .aud = o->issuer,
                              .need_exp = true,
                              .life_max_s = LIMIT_OIDC_ASSERTION_S};
    if (jws_read(p->ctx, object, JOSE_ALL | JOSE_RS256, false, &s) != ERR_OK ||
        (s.typ.n > 0 && !str_equal(s.typ, STR("oauth-authz-req+jwt")) &&
         !str_equal(s.typ, STR("JWT"))) ||
        jws_verify_by(p->ctx, &s, &a->client.jwks) != ERR_OK ||
        jwt_read(p->ctx, s.payload, &rules, &c) != ERR_OK) {
        return trouble_set(t, "invalid_request_object",
                           "the request object is not signed by the client, for us and for now");
    }
    /* sub, were it the client, would make it a client assertion (RFC 9101, 10.8). */
    if (!str_equal(json_text(&c.all, "client_id"), a->client.id) ||
        json_get(&c.all, "request") != NULL || json_get(&c.all, "request_uri") != NULL ||
        str_equal(c.sub, a->client.id)) {
        return trouble_set(t, "invalid_request_object",
                           "the request object is of another client, or holds another request");
    }
    if (c.jti.n > 0) {
        once_note(
            once, "request", a->client.id, c.jti, (c.exp_s + JWT_SKEW_S) * 1000,
            (struct trouble){"invalid_request_object", "this request object was used before"});
    }
    struct json params = json_object();
    for (size_t i = 0; i < c.all.count; i++) {
        const struct json_member *m = &c.all.members[i];
        struct json v = m->value;
        if (json_is(&v, JSON_NUMBER)) { /* max_age */
            v = json_of_str(v.text);
        } else if (json_is(&v, JSON_OBJECT)) { /* claims */
            struct buf b = buf_new(p->ctx->arena, 0);
            json_write(&b, &v);
            v = json_of_str(buf_str(&b));
        }
        json_set(p->ctx->arena, &params, m->key, v);
    }
    a->params = params;
    return true;
}

/* request, or that it is missing where the client has bound itself to it. */
static bool open_request(struct page *p, struct ask *a, struct once *once, struct trouble *t)
{
    struct str object = {0};
    if (!param(&a->params, "request", &object, t)) {
        return false;
    }
    if (object.n == 0) {
        return !a->client.signed_requests ||
               trouble_set(t, "invalid_request",
                           "this client's requests are signed: request is missing");
    }
    if (a->client.jwks.count == 0) {
        return trouble_set(t, "request_not_supported",
                           "this client has no key for signed requests");
    }
    return open_request_object(p, a, object, once, t);
}

/* ---- the two ways in ---- */

/* Put a pushed request in place of the parameters. */
static enum err open_pushed(struct page *p, struct ask *a, struct str uri, struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    struct oidc_push_get_row row;
    bool found = false;
    if (!str_starts(uri, STR(PUSH_PREFIX))) {
        trouble_set(t, "request_uri_not_supported",
                    "only request_uri of the pushed authorization request endpoint are supported");
        return ERR_OK;
    }
    text_hash(uri, a->push_hash);
    TRY(oidc_push_get(ctx, p->db,
                      (struct oidc_push_get_in){.id_hash = {(const char *)a->push_hash, 32}}, &row,
                      &found));
    if (!found || row.expires_ms <= oidc_now(ctx).ms || !str_equal(row.client, a->client.id)) {
        trouble_set(t, "invalid_request_uri",
                    "the request_uri is unknown, used, expired, or of another client");
        return ERR_OK;
    }
    TRY(json_parse(ctx, row.params, STR("pushed"), &a->params));
    a->is_pushed = true;
    return ERR_OK;
}

/* The request meant cannot be read: that may be said at the address beside it, when it is a
 * registered one. */
static void tell_outside(struct page *p, const struct json *params, struct ask *a, struct ask *ret,
                         bool *ret_known)
{
    struct trouble none = {0};
    a->params = *params;
    *ret_known = read_place(p, a, &none);
    *ret = *a;
}

enum err ask_read(struct page *p, const struct json *params, struct ask *ret, bool *ret_known,
                  struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    struct ask a = {.params = *params};
    struct once once = {0};
    struct str id = {0};
    struct str uri = {0};
    bool found = false;
    *ret_known = false;
    if (!param(params, "client_id", &id, t) || !param(params, "request_uri", &uri, t)) {
        return ERR_OK;
    }
    TRY(client_find(ctx, p->db, id, &a.client, &found));
    if (!found) {
        trouble_set(t, "invalid_request",
                    id.n == 0 ? "client_id is missing" : "no such client is registered");
        return ERR_OK;
    }
    if (uri.n > 0 && json_get(params, "request") != NULL) { /* RFC 9101, 5 */
        trouble_set(t, "invalid_request", "request and request_uri do not go together");
        tell_outside(p, params, &a, ret, ret_known);
        return ERR_OK;
    }
    if (uri.n > 0) {
        TRY(open_pushed(p, &a, uri, t));
        if (t->code != NULL) {
            tell_outside(p, params, &a, ret, ret_known);
            return ERR_OK;
        }
    } else if (a.client.profile == PROFILE_FAPI) {
        /* Known, so that it can be told there; but not followed (FAPI 2.0, 5.3.2.2). */
        struct trouble none = {0};
        *ret_known = read_place(p, &a, &none);
        *ret = a;
        trouble_set(t, "invalid_request",
                    "this client pushes its requests: request_uri is missing");
        return ERR_OK;
    } else if (!open_request(p, &a, &once, t)) {
        tell_outside(p, params, &a, ret, ret_known);
        return ERR_OK;
    }
    *ret_known = read_place(p, &a, t);
    if (*ret_known && read_mode(&a, t)) {
        read_rest(p, &a, t);
    }
    *ret = a;
    return ERR_OK;
}

enum err ask_read_pushed(struct page *p, const struct client *c, const struct json *params,
                         struct ask *ret, struct once *once, struct trouble *t)
{
    struct ask a = {.params = *params, .client = *c};
    struct str id = {0};
    struct str uri = {0};
    if (!param(params, "request_uri", &uri, t) || !param(params, "client_id", &id, t)) {
        return ERR_OK;
    }
    if (uri.n > 0) { /* RFC 9126, 2.1 */
        trouble_set(t, "invalid_request", "a pushed request holds no request_uri");
        return ERR_OK;
    }
    if (id.n > 0 && !str_equal(id, c->id)) {
        trouble_set(t, "invalid_request", "client_id is another client's");
        return ERR_OK;
    }
    if (open_request(p, &a, once, t) && read_place(p, &a, t) && read_mode(&a, t)) {
        read_rest(p, &a, t);
    }
    *ret = a;
    return ERR_OK;
}

int ask_assurance(const struct ask *a, bool *ret_essential)
{
    const struct json *acr = json_get(json_get(&a->claims, "id_token"), "acr");
    *ret_essential = json_bool(acr, "essential", false);
    int least = 0;
    const struct json *values = json_get(acr, "values");
    struct str one = json_text(acr, "value");
    if (one.n > 0) {
        least = login_assurance(one);
    }
    for (size_t i = 0; json_is(values, JSON_ARRAY) && i < values->count; i++) {
        int level = login_assurance(values->items[i].text);
        least = level > 0 && (least == 0 || level < least) ? level : least;
    }
    struct str rest = a->acr_values;
    struct str w = {0};
    /* acr_values are in order of preference: the first that is ours is tried for. */
    while (least == 0 && word_next(&rest, &w)) {
        least = login_assurance(w);
    }
    if (*ret_essential && least == 0 && (one.n > 0 || json_is(values, JSON_ARRAY))) {
        least = 99; /* only values we never reach */
    }
    return least;
}
