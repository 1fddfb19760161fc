/* The endpoints that applications post to: pushed requests (RFC 9126), tokens (RFC 6749, 3.2),
 * introspection (RFC 7662), revocation (RFC 7009). Each authenticates its caller; what may come
 * once is kept in the transaction that answers. */
#include "base/encode.h"
#include "base/json_make.h"
#include "oidc/oidc_in.h"

#include "crypto/crypto.h"

#define PUSH_PREFIX "urn:ietf:params:oauth:request_uri:"

static void set(struct arena *a, struct json *o, const char *name, struct str value)
{
    if (value.n > 0) {
        json_set(a, o, str_from(name), json_of_str(value));
    }
}

/* ---- pushed requests ---- */

struct push_job {
    struct once once;
    struct pushed pushed;
    struct str uri;
    struct caller caller;
};

static enum err push_then(struct page *p, const struct receipt *receipt)
{
    struct push_job *j = p->own;
    struct json o = json_object();
    struct trouble t = {0};
    (void)receipt;
    if (!oidc_kept_well(p, &j->once, (struct trouble){0}, &t)) {
        return answer_caller_trouble(p, &j->caller, &t);
    }
    set(p->ctx->arena, &o, "request_uri", j->uri);
    json_set(p->ctx->arena, &o, STR("expires_in"), json_of_int(LIMIT_OIDC_PUSH_S));
    return answer_json(p, 201, &o);
}

/* What is kept of a pushed request: its parameters without what proved the client. */
static struct str push_params(struct arena *a, const struct ask *ask)
{
    static const char *const not_kept[] = {"client_secret",
                                           "client_assertion",
                                           "client_assertion_type",
                                           "request",
                                           "iss",
                                           "aud",
                                           "exp",
                                           "nbf",
                                           "iat",
                                           "jti",
                                           "dpop_jkt"};
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    for (size_t i = 0; i < ask->params.count; i++) {
        bool kept = json_is(&ask->params.members[i].value, JSON_STRING);
        for (size_t k = 0; k < LEN(not_kept); k++) {
            kept = kept && !str_equal(ask->params.members[i].key, str_from(not_kept[k]));
        }
        if (kept) {
            json_set(a, &o, ask->params.members[i].key, ask->params.members[i].value);
        }
    }
    set(a, &o, "dpop_jkt", ask->thumbprint);
    json_write(&b, &o);
    return buf_str(&b);
}

enum err page_push(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct push_job *j = ARENA_NEW(ctx->arena, struct push_job);
    struct ask a = {0};
    struct str thumbprint = {0};
    struct trouble t = {0};
    p->own = j;
    dpop_give_nonce(p);
    if (!caller_authenticate(p, &p->form, &j->caller, &j->once, &t) ||
        !dpop_check(p, STR("/oidc/par"), STR(""), j->caller.client.dpop_nonce, &thumbprint,
                    &j->once, &t)) {
        return answer_caller_trouble(p, &j->caller, &t);
    }
    TRY(ask_read_pushed(p, &j->caller.client, &p->form, &a, &j->once, &t));
    /* RFC 9449, 10.1: a proof here binds the code as dpop_jkt does. */
    if (t.code == NULL && thumbprint.n > 0 && a.thumbprint.n > 0 &&
        !str_equal(thumbprint, a.thumbprint)) {
        trouble_set(&t, "invalid_dpop_proof", "dpop_jkt is not the key of the proof");
    }
    if (t.code != NULL || !room_for(oidc_of(p), KEPT_PUSH, &t)) {
        return answer_caller_trouble(p, &j->caller, &t);
    }
    a.thumbprint = thumbprint.n > 0 ? thumbprint : a.thumbprint;
    j->pushed.client = j->caller.client.id;
    j->uri = str_format(ctx->arena, PUSH_PREFIX "%.*s", FMT(random_text(ctx, 32)));
    text_hash(j->uri, j->pushed.hash);
    j->pushed.params = push_params(ctx->arena, &a);
    j->pushed.expires_ms = oidc_now(ctx).ms + (int64_t)LIMIT_OIDC_PUSH_S * 1000;
    struct keep keep = oidc_keep_push(ctx->arena, &j->once, &j->pushed);
    return page_keep(p, &keep, push_then);
}

/* ---- tokens ---- */

struct token_job {
    struct oidc *oidc;
    struct caller caller;
    struct once once;
    struct brought brought;
    struct grant grant;
    struct str thumbprint; /* of the key proof */
    struct str refresh;    /* the new one; empty: none */
    struct json answer;
    struct later later;
    struct json access; /* claims of the access token */
    struct json id;     /* and of the ID token; null: none */
    struct release release;
};

static enum err token_then(struct page *p, const struct receipt *receipt)
{
    struct token_job *j = p->own;
    struct trouble t = {0};
    struct trouble used = {"invalid_grant",
                           "it was used before; what was issued for it is revoked"};
    (void)receipt;
    return oidc_kept_well(p, &j->once, used, &t) ? answer_json(p, 200, &j->answer)
                                                 : answer_caller_trouble(p, &j->caller, &t);
}

static enum err token_keep(struct page *p, struct token_job *j)
{
    j->brought.grant = j->grant.id;
    j->brought.has_refresh = j->refresh.n > 0;
    struct keep keep = oidc_keep_token(p->ctx->arena, &j->once, &j->brought, &j->release);
    return page_keep(p, &keep, token_then);
}

/* RFC 7636, 4.6. */
static bool verifier_fits(struct page *p, struct str verifier, struct str challenge)
{
    uint8_t hash[32];
    bool ok = verifier.n >= 43 && verifier.n <= 128;
    for (size_t i = 0; ok && i < verifier.n; i++) {
        char c = verifier.p[i];
        ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
             c == '-' || c == '.' || c == '_' || c == '~';
    }
    text_hash(verifier, hash);
    return ok && str_equal(base64url_encode(p->ctx->arena, hash, 32), challenge);
}

/* A code comes back: by the client it was given to, from the same address, with the verifier and
 * the key it is bound to. */
static enum err bring_code(struct page *p, struct token_job *j, struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    struct str code = {0};
    struct str uri = {0};
    struct str verifier = {0};
    struct oidc_code_get_row row;
    bool found = false;
    bool live = false;
    if (!param(&p->form, "code", &code, t) || !param(&p->form, "redirect_uri", &uri, t) ||
        !param(&p->form, "code_verifier", &verifier, t)) {
        return ERR_OK;
    }
    if (code.n == 0 || verifier.n == 0) {
        trouble_set(t, "invalid_request",
                    code.n == 0 ? "code is missing" : "code_verifier is missing");
        return ERR_OK;
    }
    text_hash(code, j->brought.hash);
    TRY(oidc_code_get(ctx, p->db,
                      (struct oidc_code_get_in){.code_hash = {(const char *)j->brought.hash, 32}},
                      &row, &found));
    if (found) {
        TRY(grant_find(ctx, p->db, row.grant_id, &j->grant, &live));
    }
    if (!found || j->grant.id.n == 0 || !str_equal(j->grant.client, j->caller.client.id) ||
        row.expires_ms <= j->brought.now_ms) {
        trouble_set(t, "invalid_grant", "the code is unknown, expired, or of another client");
        return ERR_OK;
    }
    j->brought.use = USE_CODE;
    if (row.used) {
        j->brought.revoke = true;
        return ERR_OK;
    }
    if (!live) {
        trouble_set(t, "invalid_grant", "the code was revoked");
    } else if (!str_equal(uri, row.redirect_uri)) {
        trouble_set(t, "invalid_grant", "redirect_uri is not that of the authorization request");
    } else if (!verifier_fits(p, verifier, row.challenge)) {
        trouble_set(t, "invalid_grant", "code_verifier does not fit the code_challenge");
    } else if (row.thumbprint.n > 0 && !str_equal(row.thumbprint, j->thumbprint)) {
        trouble_set(t, j->thumbprint.n == 0 ? "invalid_dpop_proof" : "invalid_grant",
                    "the code is bound to another key");
    }
    return ERR_OK;
}

static enum err bring_refresh(struct page *p, struct token_job *j, struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    struct str token = {0};
    struct oidc_refresh_get_row row;
    bool found = false;
    bool live = false;
    if (!param(&p->form, "refresh_token", &token, t)) {
        return ERR_OK;
    }
    if (token.n == 0) {
        trouble_set(t, "invalid_request", "refresh_token is missing");
        return ERR_OK;
    }
    text_hash(token, j->brought.hash);
    TRY(oidc_refresh_get(
        ctx, p->db, (struct oidc_refresh_get_in){.token_hash = {(const char *)j->brought.hash, 32}},
        &row, &found));
    if (found) {
        TRY(grant_find(ctx, p->db, row.grant_id, &j->grant, &live));
    }
    if (!found || j->grant.id.n == 0 || !str_equal(j->grant.client, j->caller.client.id) ||
        row.expires_ms <= j->brought.now_ms || !live) {
        trouble_set(t, "invalid_grant",
                    "the refresh token is unknown, expired, revoked, or of another client");
        return ERR_OK;
    }
    j->brought.use = USE_REFRESH;
    j->brought.revoke = row.used;
    if (!j->brought.revoke && row.thumbprint.n > 0 && !str_equal(row.thumbprint, j->thumbprint)) {
        trouble_set(t, "invalid_dpop_proof", "the refresh token is bound to another key");
    }
    return ERR_OK;
}

/* The scopes of the new access token: what the grant and the person's consent still hold, or less
 * when less is asked for. */
static enum err narrow_scope(struct page *p, struct token_job *j, struct str *ret,
                             struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    struct str now = {0};
    struct str asked = {0};
    struct str w = {0};
    bool live = false;
    if (!param(&p->form, "scope", &asked, t)) {
        return ERR_OK;
    }
    TRY(grant_scope_now(ctx, p->db, &j->grant, &now, &live));
    if (!live || now.n == 0) {
        trouble_set(t, "invalid_grant", "the person has withdrawn consent");
        return ERR_OK;
    }
    for (struct str rest = asked; j->brought.use == USE_REFRESH && word_next(&rest, &w);) {
        if (!word_in(now, w)) {
            trouble_set(t, "invalid_scope", "more was asked for than was granted");
            return ERR_OK;
        }
    }
    *ret = j->brought.use == USE_REFRESH && asked.n > 0 ? asked : now;
    return ERR_OK;
}

static void answer_tokens(struct page *p, struct token_job *j, struct str scope)
{
    struct arena *a = p->ctx->arena;
    set(a, &j->answer, "token_type", j->thumbprint.n > 0 ? STR("DPoP") : STR("Bearer"));
    json_set(a, &j->answer, STR("expires_in"), json_of_int(LIMIT_OIDC_ACCESS_S));
    set(a, &j->answer, "scope", scope);
    set(a, &j->answer, "refresh_token", j->refresh);
}

/* Does this answer bring a new refresh token? With a code, when the person consented to offline
 * access. On refreshing, only for applications whose token anyone who finds it could use: FAPI 2.0
 * (5.3.2.1) forbids rotating what is bound to its client. */
static bool wants_refresh(const struct token_job *j, struct str scope)
{
    const struct client *c = &j->caller.client;
    if ((c->grants & GRANT_REFRESH) == 0) {
        return false;
    }
    return j->brought.use == USE_CODE ? word_in(scope, STR("offline_access"))
                                      : c->profile != PROFILE_FAPI;
}

/* The resource asked for here is that of the grant; a grant for none may get one that is registered
 * (RFC 8707, 2.2). */
static bool choose_resource(struct page *p, struct token_job *j, struct trouble *t)
{
    struct str asked = {0};
    if (!param_resource(&p->form, &asked, t)) {
        return false;
    }
    bool may = asked.n == 0 || str_equal(asked, j->grant.resource) ||
               (j->grant.resource.n == 0 && strs_have(&j->caller.client.resources, asked));
    if (!may) {
        return trouble_set(t, "invalid_target",
                           "the resource is not that of the grant, or not registered");
    }
    j->grant.resource = asked.n > 0 ? asked : j->grant.resource;
    return true;
}

static enum err issue_for_person(struct page *p, struct token_job *j, struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    const struct client *c = &j->caller.client;
    struct str scope = {0};
    if (j->brought.revoke) {
        return ERR_OK; /* the writer says so, when all of it has ended */
    }
    TRY(narrow_scope(p, j, &scope, t));
    if (t->code != NULL || !choose_resource(p, j, t)) {
        return ERR_OK;
    }
    if (wants_refresh(j, scope)) {
        if (!room_for(j->oidc, KEPT_REFRESH, t)) {
            return ERR_OK;
        }
        j->refresh = random_text(ctx, 32);
        text_hash(j->refresh, j->brought.refresh_hash);
        j->brought.refresh_thumbprint =
            c->auth == AUTH_NONE ? j->thumbprint : STR(""); /* RFC 9449, 5: of public clients */
    }
    j->access = access_claims(ctx, j->oidc, c, &j->grant, scope, j->thumbprint);
    answer_tokens(p, j, scope);
    j->release = (struct release){j->grant.person, c->id, STR("openid"), STR("POST /oidc/token")};
    if (word_in(scope, STR("openid"))) {
        struct grant g = j->grant;
        g.scope = scope;
        if (j->brought.use == USE_REFRESH) { /* OpenID Connect Core, 12.2 */
            g.nonce = STR("");
        }
        TRY(id_claims(p, c, &g, &j->id, &j->release.released));
    }
    return ERR_OK;
}

static enum err issue_for_machine(struct page *p, struct token_job *j, struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    const struct client *c = &j->caller.client;
    struct str asked = {0};
    struct str w = {0};
    struct buf b = buf_new(ctx->arena, 0);
    if (!param(&p->form, "scope", &asked, t) || !param_resource(&p->form, &j->grant.resource, t)) {
        return ERR_OK;
    }
    for (struct str rest = asked; word_next(&rest, &w);) {
        /* What a person must consent to is not for a machine. */
        bool personal = str_equal(w, STR("openid")) || str_equal(w, STR("offline_access"));
        if (personal || !strs_have(&c->scopes, w)) {
            trouble_set(t, "invalid_scope",
                        "a scope asked for is not registered for this client, or needs a person");
            return ERR_OK;
        }
        buf_puts(&b, b.n > 0 ? " " : "");
        buf_put(&b, w);
    }
    if (j->grant.resource.n > 0 && !strs_have(&c->resources, j->grant.resource)) {
        trouble_set(t, "invalid_target", "the resource is not registered for this client");
        return ERR_OK;
    }
    j->access = access_claims(ctx, j->oidc, c, &j->grant, buf_str(&b), j->thumbprint);
    answer_tokens(p, j, buf_str(&b));
    return ERR_OK;
}

static const struct {
    const char *name;
    unsigned grant;
} grant_types[] = {{"authorization_code", GRANT_CODE},
                   {"refresh_token", GRANT_REFRESH},
                   {"client_credentials", GRANT_CLIENT}};

static enum err token_issue(struct page *p, struct token_job *j, struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    struct str type = {0};
    unsigned grant = 0;
    if (!param(&p->form, "grant_type", &type, t)) {
        return ERR_OK;
    }
    for (size_t i = 0; i < LEN(grant_types); i++) {
        grant |= str_equal(type, str_from(grant_types[i].name)) ? grant_types[i].grant : 0;
    }
    if (grant == 0) {
        trouble_set(t, type.n == 0 ? "invalid_request" : "unsupported_grant_type",
                    "grant_type must be authorization_code, refresh_token or client_credentials");
    } else if ((j->caller.client.grants & grant) == 0) {
        trouble_set(t, "unauthorized_client", "this client is not registered for this grant_type");
    } else if (j->caller.client.dpop && j->thumbprint.n == 0) {
        trouble_set(t, "invalid_dpop_proof",
                    "this client's tokens are bound to a key: the DPoP header is missing");
    } else if (grant == GRANT_CLIENT) {
        return issue_for_machine(p, j, t);
    } else {
        TRY(grant == GRANT_CODE ? bring_code(p, j, t) : bring_refresh(p, j, t));
        return t->code == NULL ? issue_for_person(p, j, t) : ERR_OK;
    }
    return ERR_OK;
}

/* The tokens are made; they count when what they rest on is kept. */
static enum err token_finish(struct page *p, struct token_job *j)
{
    if (j->brought.use == USE_NOTHING &&
        j->once.count ==
            0) { /* a secret's client_credentials without a key proof: nothing to keep */
        return answer_json(p, 200, &j->answer);
    }
    return token_keep(p, j);
}

static enum err token_has_id(struct page *p, void *arg)
{
    struct ctx *ctx = p->ctx;
    struct token_job *j = p->own;
    struct str id = {0};
    TRY(keys_token(p, arg, &id));
    set(ctx->arena, &j->answer, "id_token", id);
    return token_finish(p, j);
}

static enum err token_has_access(struct page *p, void *arg)
{
    struct ctx *ctx = p->ctx;
    struct token_job *j = p->own;
    struct str access = {0};
    enum jose_alg alg = j->caller.client.id_alg;
    TRY(keys_token(p, arg, &access));
    set(ctx->arena, &j->answer, "access_token", access);
    if (!json_is(&j->id, JSON_OBJECT)) {
        return token_finish(p, j);
    }
    set(ctx->arena, &j->id, "at_hash", half_hash(ctx, alg, access));
    return keys_sign_later(p, &j->later, alg, STR("JWT"), &j->id, token_has_id);
}

enum err page_token(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct token_job *j = ARENA_NEW(ctx->arena, struct token_job);
    struct trouble t = {0};
    j->oidc = oidc_of(p);
    j->id = json_null();
    j->brought.now_ms = oidc_now(ctx).ms;
    j->answer = json_object();
    p->own = j;
    dpop_give_nonce(p);
    if (!caller_authenticate(p, &p->form, &j->caller, &j->once, &t) ||
        !dpop_check(p, STR("/oidc/token"), STR(""), j->caller.client.dpop_nonce, &j->thumbprint,
                    &j->once, &t)) {
        return answer_caller_trouble(p, &j->caller, &t);
    }
    TRY(token_issue(p, j, &t));
    if (t.code != NULL || (j->once.count > 0 && !room_for(j->oidc, KEPT_ONCE, &t))) {
        return answer_caller_trouble(p, &j->caller, &t);
    }
    return j->brought.revoke ? token_keep(p, j)
                             : keys_sign_later(p, &j->later, JOSE_ES256, STR("at+jwt"), &j->access,
                                               token_has_access);
}

/* ---- introspection ---- */

struct once_job {
    struct oidc *oidc;
    struct caller caller;
    struct once once;
    struct json answer;
    struct revoked revoked;
    struct release release;
};

static enum err once_job_then(struct page *p, const struct receipt *receipt)
{
    struct once_job *j = p->own;
    struct trouble t = {0};
    (void)receipt;
    return oidc_kept_well(p, &j->once, (struct trouble){0}, &t)
               ? answer_json(p, 200, &j->answer)
               : answer_caller_trouble(p, &j->caller, &t);
}

static enum err once_job_go(struct page *p, struct once_job *j)
{
    struct trouble t = {0};
    if (j->once.count == 0 && j->revoked.grant.n == 0 && !j->revoked.has_jti &&
        j->release.person.n == 0) {
        return answer_json(p, 200, &j->answer);
    }
    if (!room_for(j->oidc, KEPT_ONCE, &t)) {
        return answer_caller_trouble(p, &j->caller, &t);
    }
    struct keep keep = oidc_keep_note(p->ctx->arena, &j->once, &j->revoked, &j->release);
    return page_keep(p, &keep, once_job_then);
}

/* A token concerns the caller when it is its own, or made for a resource it is registered for. */
static bool concerns(const struct client *c, const struct access *x)
{
    const struct json *aud = json_get(&x->claims.all, "aud");
    bool found = str_equal(x->client, c->id) ||
                 (json_is(aud, JSON_STRING) && strs_have(&c->resources, aud->text));
    for (size_t i = 0; json_is(aud, JSON_ARRAY) && i < aud->count; i++) {
        found = found || strs_have(&c->resources, aud->items[i].text);
    }
    return found;
}

static void say_access(struct page *p, const struct access *x, struct json *o)
{
    static const char *const copied[] = {"iss", "sub", "aud",       "client_id", "iat",
                                         "exp", "jti", "auth_time", "acr",       "cnf"};
    struct arena *a = p->ctx->arena;
    json_set(a, o, STR("active"), json_of_bool(true));
    for (size_t i = 0; i < LEN(copied); i++) {
        const struct json *v = json_get(&x->claims.all, copied[i]);
        if (v != NULL) {
            json_set(a, o, str_from(copied[i]), *v);
        }
    }
    set(a, o, "scope", x->scope);
    set(a, o, "token_type", x->thumbprint.n > 0 ? STR("DPoP") : STR("Bearer"));
}

static enum err find_refresh(struct page *p, struct str token, struct grant *ret,
                             int64_t *ret_expires_ms, bool *ret_live)
{
    struct ctx *ctx = p->ctx;
    uint8_t hash[32];
    struct oidc_refresh_get_row row;
    bool found = false;
    *ret_live = false;
    text_hash(token, hash);
    TRY(oidc_refresh_get(ctx, p->db,
                         (struct oidc_refresh_get_in){.token_hash = {(const char *)hash, 32}}, &row,
                         &found));
    if (!found) {
        return ERR_OK;
    }
    TRY(grant_find(ctx, p->db, row.grant_id, ret, ret_live));
    *ret_expires_ms = row.expires_ms;
    *ret_live = *ret_live && !row.used && row.expires_ms > oidc_now(ctx).ms;
    return ERR_OK;
}

static enum err introspect(struct page *p, struct once_job *j, struct str token)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct access x = {0};
    struct grant g = {0};
    struct str scope = {0};
    int64_t expires_ms = 0;
    bool live = false;
    TRY(access_find(ctx, j->oidc, p->db, token, &x, &live));
    if (live && concerns(&j->caller.client, &x)) {
        say_access(p, &x, &j->answer);
        j->release = (struct release){x.grant.person, j->caller.client.id, STR("openid"),
                                      STR("POST /oidc/introspect")};
        return ERR_OK;
    }
    TRY(find_refresh(p, token, &g, &expires_ms, &live));
    live = live && str_equal(g.client, j->caller.client.id);
    if (live) {
        TRY(grant_scope_now(ctx, p->db, &g, &scope, &live));
    }
    json_set(a, &j->answer, STR("active"), json_of_bool(live));
    if (live) {
        set(a, &j->answer, "scope", scope);
        set(a, &j->answer, "client_id", g.client);
        set(a, &j->answer, "iss", j->oidc->issuer);
        set(a, &j->answer, "sub", client_subject(a, j->oidc, &j->caller.client, g.person));
        json_set(a, &j->answer, STR("exp"), json_of_int(expires_ms / 1000));
        j->release = (struct release){g.person, j->caller.client.id, STR("openid"),
                                      STR("POST /oidc/introspect")};
    }
    return ERR_OK;
}

static struct once_job *once_job_begin(struct page *p, struct str *ret_token, struct trouble *t)
{
    struct once_job *j = ARENA_NEW(p->ctx->arena, struct once_job);
    j->oidc = oidc_of(p);
    j->answer = json_object();
    p->own = j;
    if (caller_authenticate(p, &p->form, &j->caller, &j->once, t) &&
        param(&p->form, "token", ret_token, t) && ret_token->n == 0) {
        trouble_set(t, "invalid_request", "token is missing");
    }
    return j;
}

enum err page_introspect(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct str token = {0};
    struct trouble t = {0};
    struct once_job *j = once_job_begin(p, &token, &t);
    if (t.code == NULL && j->caller.client.auth == AUTH_NONE) {
        trouble_set(&t, "invalid_client", "introspection is for clients that authenticate");
    }
    if (t.code != NULL) {
        return answer_caller_trouble(p, &j->caller, &t);
    }
    TRY(introspect(p, j, token));
    return once_job_go(p, j);
}

/* ---- revocation ---- */

enum err page_revoke(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct str token = {0};
    struct trouble t = {0};
    struct access x = {0};
    struct grant g = {0};
    int64_t expires_ms = 0;
    bool live = false;
    struct once_job *j = once_job_begin(p, &token, &t);
    if (t.code != NULL) {
        return answer_caller_trouble(p, &j->caller, &t);
    }
    TRY(access_find(ctx, j->oidc, p->db, token, &x, &live));
    if (live &&
        !str_equal(x.client, j->caller.client.id)) { /* RFC 7009, 2.1: refused, and told so */
        trouble_set(&t, "invalid_grant", "the token was issued to another client");
        return answer_caller_trouble(p, &j->caller, &t);
    }
    if (live) {
        j->revoked.has_jti = true;
        text_hash(x.jti, j->revoked.jti_hash);
        j->revoked.jti_expires_ms = (x.claims.exp_s + JWT_SKEW_S) * 1000;
    } else {
        TRY(find_refresh(p, token, &g, &expires_ms, &live));
        if (live && !str_equal(g.client, j->caller.client.id)) {
            trouble_set(&t, "invalid_grant", "the token was issued to another client");
            return answer_caller_trouble(p, &j->caller, &t);
        }
        if (live) { /* with its access tokens (RFC 7009, 2.1) */
            j->revoked.grant = g.id;
        }
    }
    return once_job_go(p, j); /* a token that is none is no error (RFC 7009, 2.2) */
}
