/* Applications: their registration read and held to their profile, and how they prove to be
 * themselves. */
#include "base/encode.h"
#include "base/json_make.h"
#include "base/token.h"
#include "oidc/oidc_in.h"

#include "crypto/crypto.h"
#include "http/http.h"
#include "web/answer.h"

/* ---- the registration ---- */

static struct strs texts(struct ctx *ctx, const struct json *o, const char *name)
{
    const struct json *list = json_get(o, name);
    size_t n = json_is(list, JSON_ARRAY) ? list->count : 0;
    struct str *items = ARENA_ARRAY(ctx->arena, struct str, n + 1);
    for (size_t i = 0; i < n; i++) {
        items[i] = list->items[i].text;
    }
    return (struct strs){items, n};
}

static size_t choice(struct str word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(word, str_from(words[i]))) {
            return i;
        }
    }
    return 0;
}

bool strs_have(const struct strs *list, struct str s)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_equal(list->items[i], s)) {
            return true;
        }
    }
    return false;
}

static struct str host_of(struct str url)
{
    struct str origin = origin_of(url);
    size_t at = str_find(origin, STR("://"));
    struct str host = at == SIZE_MAX ? origin : str_slice(origin, at + 3, origin.n);
    size_t port =
        host.n > 0 && host.p[0] == '[' ? str_find(host, STR("]")) : str_find_byte(host, ':');
    return port == SIZE_MAX ? host : str_slice(host, 0, host.p[0] == '[' ? port + 1 : port);
}

/* The sector: as registered, or the one host of all redirect addresses (OpenID Connect Core, 8.1).
 * A native application's addresses name no host of its own: it is a sector by itself. */
static enum err read_sector(struct ctx *ctx, const struct json *o, struct client *c)
{
    c->sector = json_text(o, "client.sector");
    if (c->profile == PROFILE_NATIVE && c->sector.n == 0) {
        c->sector = c->id;
    }
    for (size_t i = 0; c->sector.n == 0 && i < c->redirect_uris.count; i++) {
        struct str host = host_of(c->redirect_uris.items[i]);
        if (i > 0 && !str_equal(host, host_of(c->redirect_uris.items[0]))) {
            return fault(
                ctx, ERR_MISSING,
                "an application with redirect addresses on several hosts must name its sector");
        }
    }
    if (c->sector.n == 0) {
        c->sector = c->redirect_uris.count > 0 ? host_of(c->redirect_uris.items[0]) : c->id;
    }
    return ERR_OK;
}

static bool is_ip_loopback(struct str uri)
{
    struct str host = host_of(uri);
    return str_starts(uri, STR("http://")) &&
           (str_equal(host, STR("127.0.0.1")) || str_equal(host, STR("[::1]")));
}

static bool has_rs256(const struct jwks *keys)
{
    bool found = false;
    for (size_t i = 0; i < keys->count; i++) {
        found = found || keys->keys[i].alg == JOSE_RS256;
    }
    return found;
}

/* What a profile asks beyond what the act's facts can say. FAPI 2.0, 5.3.2.1 and 5.3.3; RFC 8252.
 */
static enum err check_profile(struct ctx *ctx, const struct json *o, struct client *c)
{
    bool person = (c->grants & GRANT_CODE) != 0;
    if (person != (c->redirect_uris.count > 0) || ((c->grants & GRANT_REFRESH) != 0 && !person)) {
        return fault(ctx, ERR_CONFLICT,
                     "redirect addresses go with the grant authorization_code, and refresh_token "
                     "with it too");
    }
    if (c->profile == PROFILE_MACHINE && person) {
        return fault(ctx, ERR_CONFLICT, "a machine has no grant with a person");
    }
    if ((c->grants & GRANT_CLIENT) != 0 && c->auth == AUTH_NONE) {
        return fault(ctx, ERR_CONFLICT,
                     "client_credentials are for applications that authenticate");
    }
    if ((c->profile == PROFILE_FAPI || c->profile == PROFILE_MACHINE) && c->auth != AUTH_KEY) {
        return fault(ctx, ERR_CONFLICT, "this profile authenticates by private_key_jwt");
    }
    if (c->profile == PROFILE_FAPI && json_get(o, "client.dpop") != NULL && !c->dpop) {
        return fault(ctx, ERR_CONFLICT, "tokens of this profile are bound to a key");
    }
    for (size_t i = 0; c->profile == PROFILE_FAPI && i < c->redirect_uris.count; i++) {
        bool https = str_starts(c->redirect_uris.items[i], STR("https://"));
        if (!https &&
            !is_ip_loopback(c->redirect_uris.items[i])) { /* FAPI 2.0, 5.3.2.2; RFC 8252, 7.3 */
            return fault(ctx, ERR_CONFLICT,
                         "a redirect address of this profile is https, or a loopback IP address");
        }
    }
    if (c->profile != PROFILE_BASIC &&
        (c->id_alg == JOSE_RS256 || c->userinfo_alg == JOSE_RS256 || has_rs256(&c->jwks))) {
        return fault(ctx, ERR_CONFLICT, "RS256 is for the basic profile only (FAPI 2.0, 5.4.1)");
    }
    for (size_t i = 0; c->profile != PROFILE_NATIVE && i < c->redirect_uris.count; i++) {
        if (str_find(c->redirect_uris.items[i], STR("://")) == SIZE_MAX) {
            return fault(ctx, ERR_CONFLICT,
                         "only a native application has an address of its own scheme");
        }
    }
    return ERR_OK;
}

enum err client_read(struct ctx *ctx, struct str id, struct str document, struct client *ret)
{
    static const char *const profiles[] = {[PROFILE_BASIC] = "basic",
                                           [PROFILE_FAPI] = "fapi",
                                           [PROFILE_NATIVE] = "native",
                                           [PROFILE_MACHINE] = "machine"};
    static const char *const auths[] = {[AUTH_KEY] = "private_key_jwt",
                                        [AUTH_BASIC] = "client_secret_basic",
                                        [AUTH_POST] = "client_secret_post",
                                        [AUTH_NONE] = "none"};
    struct json o;
    struct client c = {.id = id};
    TRY(json_parse(ctx, document, STR("client"), &o));
    c.name = json_text(&o, "client.name");
    c.name_en = json_text(&o, "client.name_en");
    c.profile = (enum profile)choice(json_text(&o, "client.profile"), profiles, LEN(profiles));
    c.auth = (enum client_auth)choice(json_text(&o, "client.auth"), auths, LEN(auths));
    struct strs grants = texts(ctx, &o, "client.grants");
    c.grants = (strs_have(&grants, STR("authorization_code")) ? GRANT_CODE : 0) |
               (strs_have(&grants, STR("refresh_token")) ? GRANT_REFRESH : 0) |
               (strs_have(&grants, STR("client_credentials")) ? GRANT_CLIENT : 0);
    c.redirect_uris = texts(ctx, &o, "client.redirect_uris");
    c.logout_uris = texts(ctx, &o, "client.logout_uris");
    c.scopes = texts(ctx, &o, "client.scopes");
    c.resources = texts(ctx, &o, "client.resources");
    c.backchannel_uri = json_text(&o, "client.backchannel_uri");
    c.secret_sha256 = json_text(&o, "client.secret_sha256");
    unsigned id_alg = jose_alg_of(json_text(&o, "client.id_alg"));
    c.id_alg = id_alg == 0 ? JOSE_ES256 : (enum jose_alg)id_alg;
    c.userinfo_alg = jose_alg_of(json_text(&o, "client.userinfo_alg"));
    c.dpop = json_bool(&o, "client.dpop", c.profile == PROFILE_FAPI);
    c.dpop_nonce = json_bool(&o, "client.dpop_nonce", false);
    c.signed_requests = json_bool(&o, "client.signed_requests", false);
    struct str jwks = json_text(&o, "client.jwks");
    if (jwks.n > 0) {
        TRY(jwks_read(ctx, jwks, &c.jwks));
    }
    if ((c.auth == AUTH_KEY || c.signed_requests) && c.jwks.count == 0) {
        return fault(ctx, ERR_MISSING, "an application that signs registers its public keys");
    }
    TRY(read_sector(ctx, &o, &c));
    TRY(check_profile(ctx, &o, &c));
    *ret = c;
    return ERR_OK;
}

enum err oidc_client_check(struct ctx *ctx, const struct json *fields)
{
    struct client c;
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, fields);
    return client_read(ctx, json_text(fields, "client.id"), buf_str(&b), &c);
}

enum err client_find(struct ctx *ctx, struct db *db, struct str id, struct client *ret,
                     bool *ret_found)
{
    struct oidc_client_get_row row;
    *ret_found = false;
    if (id.n == 0 || id.n > 60) {
        return ERR_OK;
    }
    TRY(oidc_client_get(ctx, db, (struct oidc_client_get_in){.id = id}, &row, ret_found));
    if (*ret_found && row.closed) {
        *ret_found = false;
    }
    if (*ret_found && client_read(ctx, row.id, row.document, ret) != ERR_OK) {
        *ret_found = false; /* registered past cli/client, which would have said why */
    }
    return ERR_OK;
}

enum err oidc_client_is_open(struct ctx *ctx, struct db *db, struct str id, bool *ret)
{
    struct client c;
    return client_find(ctx, db, id, &c, ret);
}

/* "http://127.0.0.1:PORT/path" without its port. */
static struct str without_port(struct arena *a, struct str uri)
{
    struct str origin = origin_of(uri);
    size_t host_end = str_starts(uri, STR("http://["))
                          ? str_find(origin, STR("]"))
                          : 6 + str_find_byte(str_slice(origin, 6, origin.n), ':');
    if (str_starts(uri, STR("http://[")) && host_end != SIZE_MAX) {
        host_end++;
    }
    if (host_end >= origin.n) {
        return uri;
    }
    for (size_t i = host_end + 1; i < origin.n; i++) {
        if (origin.p[i] < '0' || origin.p[i] > '9') {
            return uri;
        }
    }
    return str_format(a, "%.*s%.*s", FMT(str_slice(origin, 0, host_end)),
                      FMT(str_slice(uri, origin.n, uri.n)));
}

bool client_has_uri(struct arena *a, const struct client *c, const struct strs *list,
                    struct str uri)
{
    if (strs_have(list, uri)) {
        return true;
    }
    if (c->profile != PROFILE_NATIVE || !is_ip_loopback(uri) || uri.n > LIMIT_OIDC_TEXT_BYTES) {
        return false;
    }
    bool found = false;
    for (size_t i = 0; i < list->count && !found; i++) {
        found = is_ip_loopback(list->items[i]) &&
                str_equal(without_port(a, list->items[i]), without_port(a, uri));
    }
    return found;
}

struct str client_subject(struct arena *a, const struct oidc *o, const struct client *c,
                          struct str person)
{
    uint8_t mac[32];
    struct str text = str_format(a, "%.*s\n%.*s", FMT(c->sector), FMT(person));
    hmac_sha256((struct str){(const char *)o->pairwise, sizeof(o->pairwise)}, text, mac);
    return base64url_encode(a, mac, sizeof(mac));
}

/* ---- once ---- */

void text_hash(struct str s, uint8_t ret[32])
{
    sha256(s.p == NULL ? "" : s.p, s.n, ret);
}

void once_note(struct once *n, const char *kind, struct str owner, struct str jti,
               int64_t expires_ms, struct trouble t)
{
    uint8_t first[64];
    must(n->count < LEN(n->hash));
    text_hash(owner, first);
    text_hash(jti, first + 32);
    sha256_prefixed((uint8_t)kind[0], (struct str){(const char *)first, 64}, str_from(kind),
                    n->hash[n->count]);
    n->expires_ms[n->count] = expires_ms;
    n->trouble[n->count++] = t;
}

/* ---- who calls ---- */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* One half of Basic credentials: application/x-www-form-urlencoded (RFC 6749, 2.3.1). */
static bool decode_half(struct arena *a, struct str s, struct str *ret)
{
    char *out = arena_push_bytes(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '%') {
            int high = i + 1 < s.n ? hex_digit(s.p[i + 1]) : -1;
            int low = i + 2 < s.n ? hex_digit(s.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return false;
            }
            out[n++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[n++] = s.p[i] == '+' ? ' ' : s.p[i];
        }
    }
    *ret = (struct str){out, n};
    return true;
}

struct credentials {
    struct str id;
    struct str secret;
    struct str assertion;
    enum client_auth auth;
};

static bool read_basic(struct page *p, struct str header, struct credentials *ret)
{
    struct str pair = {0};
    struct str secret = {0};
    if (!base64_decode(p->ctx->arena, str_trim(str_slice(header, 6, header.n)), &pair)) {
        return false;
    }
    size_t colon = str_find_byte(pair, ':');
    ret->auth = AUTH_BASIC;
    if (colon == SIZE_MAX || !decode_half(p->ctx->arena, str_slice(pair, 0, colon), &ret->id)) {
        return false;
    }
    bool ok = decode_half(p->ctx->arena, str_slice(pair, colon + 1, pair.n), &secret);
    ret->secret = secret;
    return ok;
}

/* Which method does the request use? More than one is refused (RFC 6749, 2.3). */
static bool read_credentials(struct page *p, const struct json *params, struct credentials *ret,
                             bool *ret_basic, struct trouble *t)
{
    struct str header = http_header(&p->exchange->request, "authorization");
    struct str id = {0};
    struct str secret = {0};
    struct str type = {0};
    if (!param(params, "client_id", &id, t) || !param(params, "client_secret", &secret, t) ||
        !param(params, "client_assertion", &ret->assertion, t) ||
        !param(params, "client_assertion_type", &type, t)) {
        return false;
    }
    *ret_basic = header.n > 6 && str_equal_nocase(str_slice(header, 0, 6), STR("Basic "));
    if (*ret_basic + (secret.n > 0) + (ret->assertion.n > 0) > 1) {
        return trouble_set(t, "invalid_request", "the client authenticates in more than one way");
    }
    if (*ret_basic) {
        if (!read_basic(p, header, ret) || (id.n > 0 && !str_equal(id, ret->id))) {
            return trouble_set(t, "invalid_client",
                               "the Basic credentials cannot be read, or are not of client_id");
        }
        return true;
    }
    ret->id = id;
    ret->secret = secret;
    ret->auth = ret->assertion.n > 0 ? AUTH_KEY : secret.n > 0 ? AUTH_POST : AUTH_NONE;
    if (ret->auth == AUTH_KEY &&
        !str_equal(type, STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"))) {
        return trouble_set(
            t, "invalid_client",
            "client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    }
    return true;
}

/* The id an assertion claims, to look up the key by which it must be signed. Not yet believed. */
static struct str claimed_id(struct ctx *ctx, struct str payload)
{
    struct json claims;
    struct str id = json_parse(ctx, payload, STR("assertion"), &claims) == ERR_OK
                        ? json_text(&claims, "sub")
                        : STR("");
    return id;
}

/* RFC 7523, 3 with FAPI 2.0, 5.3.2.1: iss and sub are the client, aud is our issuer as one text (of
 * the basic profile any of our names), exp is near, jti comes once. */
static bool check_assertion(struct page *p, const struct client *c, const struct jws *s,
                            struct once *once, struct trouble *t)
{
    const struct oidc *o = oidc_of(p);
    struct jwt_claims claims;
    /* OpenID Connect Core, 9, would have the token endpoint, RFC 9126, 2, the endpoint of this
     * request. */
    const struct str auds[] = {o->issuer,
                               str_format(p->ctx->arena, "%.*s/oidc/token", FMT(o->issuer)),
                               str_format(p->ctx->arena, "%.*s%s", FMT(o->issuer), p->route->path)};
    bool loose = c->profile == PROFILE_BASIC;
    struct jwt_rules rules = {.now = oidc_now(p->ctx),
                              .iss = c->id,
                              .sub = c->id,
                              .aud = loose ? STR("") : o->issuer,
                              .aud_alone = true,
                              .auds = auds,
                              .aud_count = loose ? LEN(auds) : 0,
                              .need_exp = true,
                              .need_jti = true,
                              .life_max_s = LIMIT_OIDC_ASSERTION_S};
    if (s->typ.n > 0 && !str_equal_nocase(s->typ, STR("JWT")) &&
        !str_equal_nocase(s->typ, STR("client-authentication+jwt"))) {
        return trouble_set(t, "invalid_client",
                           "the typ of the client assertion is that of another kind of token");
    }
    if (jws_verify_by(p->ctx, s, &c->jwks) != ERR_OK) {
        return trouble_set(t, "invalid_client",
                           "the client assertion is not signed by a registered key");
    }
    if (jwt_read(p->ctx, s->payload, &rules, &claims) != ERR_OK) {
        return trouble_set(t, "invalid_client",
                           str_z(p->ctx->arena, str_format(p->ctx->arena, "client assertion: %.*s",
                                                           FMT(p->ctx->why.detail))));
    }
    once_note(once, "assertion", c->id, claims.jti, (claims.exp_s + JWT_SKEW_S) * 1000,
              (struct trouble){"invalid_client", "this client assertion was used before"});
    return true;
}

static bool check_secret(struct page *p, const struct client *c, struct str secret)
{
    uint8_t hash[32];
    text_hash(secret, hash);
    struct str hex = hex_encode(p->ctx->arena, hash, sizeof(hash));
    return c->secret_sha256.n == hex.n && bytes_equal(hex.p, c->secret_sha256.p, hex.n);
}

bool caller_authenticate(struct page *p, const struct json *params, struct caller *ret,
                         struct once *once, struct trouble *t)
{
    struct ctx *ctx = p->ctx;
    struct credentials k = {0};
    struct jws s = {0};
    bool found = false;
    *ret = (struct caller){0};
    if (p->form_err != ERR_OK || !str_starts(http_header(&p->exchange->request, "content-type"),
                                             STR("application/x-www-form-urlencoded"))) {
        return trouble_set(t, "invalid_request",
                           "the body must be a form, application/x-www-form-urlencoded");
    }
    if (!read_credentials(p, params, &k, &ret->basic_tried, t)) {
        return false;
    }
    if (k.auth == AUTH_KEY) {
        if (jws_read(ctx, k.assertion, JOSE_ALL | JOSE_RS256, false, &s) != ERR_OK) {
            return trouble_set(t, "invalid_client",
                               "the client assertion is no signed token that is accepted here");
        }
        struct str id = claimed_id(ctx, s.payload);
        if (k.id.n > 0 && !str_equal(k.id, id)) {
            return trouble_set(t, "invalid_client",
                               "client_id is not the subject of the client assertion");
        }
        k.id = id;
    }
    if (client_find(ctx, p->db, k.id, &ret->client, &found) != ERR_OK || !found) {
        return trouble_set(t, "invalid_client", "no such client is registered");
    }
    if (ret->client.auth != k.auth) {
        return trouble_set(t, "invalid_client",
                           "the client does not authenticate as it is registered to");
    }
    switch (k.auth) {
    case AUTH_KEY: return check_assertion(p, &ret->client, &s, once, t);
    case AUTH_BASIC:
    case AUTH_POST:
        return check_secret(p, &ret->client, k.secret) ||
               trouble_set(t, "invalid_client", "the client secret is wrong");
    case AUTH_NONE: return true;
    }
    return false;
}

enum err answer_caller_trouble(struct page *p, const struct caller *c, const struct trouble *t)
{
    bool unknown = strcmp(t->code, "invalid_client") == 0;
    if (unknown) { /* RFC 6749, 5.2: the scheme it tried, or the one it could try */
        page_header(p, STR("WWW-Authenticate"),
                    c->basic_tried ? STR("Basic realm=\"tongban\", error=\"invalid_client\"")
                                   : STR("Bearer error=\"invalid_client\""));
    }
    int status = unknown ? 401 : strcmp(t->code, "temporarily_unavailable") == 0 ? 503 : 400;
    return answer_trouble(p, status, t);
}
