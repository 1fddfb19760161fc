/* What is issued: access tokens (RFC 9068), ID tokens (OpenID Connect Core, 2), logout tokens, and
 * the claims in them.
 */
#include "base/encode.h"
#include "base/json_make.h"
#include "base/token.h"
#include "oidc/oidc_in.h"

#include "crypto/crypto.h"
#include "login/login.h"
#include "party/party.h"
#include "web/use.h"

#define OIDC_READER "client:"

struct str random_text(struct ctx *ctx, size_t bytes)
{
    uint8_t raw[64];
    must(bytes <= sizeof(raw));
    ctx->world->random(ctx->world, raw, bytes);
    struct str out = base64url_encode(ctx->arena, raw, bytes);
    bytes_wipe(raw, sizeof(raw));
    return out;
}

static void set(struct arena *a, struct json *o, const char *name, struct str value)
{
    if (value.n > 0) {
        json_set(a, o, str_from(name), json_of_str(value));
    }
}

static void set_int(struct arena *a, struct json *o, const char *name, int64_t value)
{
    json_set(a, o, str_from(name), json_of_int(value));
}

/* ---- grants ---- */

struct str grant_document(struct arena *a, const struct grant *g)
{
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    set_int(a, &o, "kind", g->kind);
    set(a, &o, "scope", g->scope);
    set(a, &o, "nonce", g->nonce);
    set(a, &o, "acr", g->acr);
    set(a, &o, "amr", g->amr);
    set(a, &o, "session", g->session);
    set(a, &o, "resource", g->resource);
    set_int(a, &o, "auth", g->auth_s);
    if (json_is(&g->claims, JSON_OBJECT)) {
        json_set(a, &o, STR("claims"), g->claims);
    }
    json_write(&b, &o);
    return buf_str(&b);
}

enum err grant_find(struct ctx *ctx, struct db *db, struct str id, struct grant *ret,
                    bool *ret_live)
{
    struct oidc_grant_get_row row;
    struct json o;
    bool found = false;
    TRY(oidc_grant_get(ctx, db, (struct oidc_grant_get_in){.id = id}, &row, &found));
    *ret_live = found && !row.revoked && row.expires_ms > oidc_now(ctx).ms;
    if (!found) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, row.document, STR("grant"), &o));
    const struct json *claims = json_get(&o, "claims");
    *ret = (struct grant){.id = id,
                          .client = row.client,
                          .person = row.person,
                          .kind = (enum actor_kind)json_int(&o, "kind", 0),
                          .scope = json_text(&o, "scope"),
                          .nonce = json_text(&o, "nonce"),
                          .acr = json_text(&o, "acr"),
                          .amr = json_text(&o, "amr"),
                          .session = json_text(&o, "session"),
                          .resource = json_text(&o, "resource"),
                          .claims = claims == NULL ? json_null() : *claims,
                          .auth_s = json_int(&o, "auth", 0)};
    return ERR_OK;
}

enum err grant_scope_now(struct ctx *ctx, struct db *db, const struct grant *g, struct str *ret,
                         bool *ret_live)
{
    struct oidc_consent_get_row row;
    struct buf b = buf_new(ctx->arena, 0);
    struct str rest = g->scope;
    struct str w = {0};
    TRY(oidc_consent_get(ctx, db,
                         (struct oidc_consent_get_in){.person = g->person, .client = g->client},
                         &row, ret_live));
    while (*ret_live && word_next(&rest, &w)) {
        if (word_in(row.scopes, w)) {
            buf_puts(&b, b.n > 0 ? " " : "");
            buf_put(&b, w);
        }
    }
    *ret = buf_str(&b);
    return ERR_OK;
}

/* ---- claims of a person ---- */

/* A claim, the scope that gives it, and the fact of the register it is read from (docs/oidc.md). */
static const struct {
    const char *claim;
    const char *scope;
    const char *fact; /* NULL: the registered name */
} person_claims[] = {
    {"name", "profile", NULL},
    {"phone_number", "phone", "person.phone"},
    {"address", "address", "person.address"},
};
const char *const claim_names[] = {"sub",       "iss",          "aud",    "exp", "iat",
                                   "auth_time", "nonce",        "acr",    "amr", "sid",
                                   "name",      "phone_number", "address"};
const size_t claim_name_count = LEN(claim_names);

struct str claim_scope(struct str claim)
{
    for (size_t i = 0; i < LEN(person_claims); i++) {
        if (str_equal(claim, str_from(person_claims[i].claim))) {
            return str_from(person_claims[i].scope);
        }
    }
    return STR("");
}

bool ask_wants_claim(const struct json *claims, const char *member, const char *name)
{
    const struct json *group = json_get(claims, member);
    return json_is(group, JSON_OBJECT) && json_get(group, name) != NULL;
}

/* The class of a fact; a name is a personal fact. */
static bool may_give(const struct page *p, const char *fact)
{
    const struct fact *f = fact == NULL || p->law == NULL ? NULL : law_fact(p->law, str_from(fact));
    enum fact_class class = f == NULL ? CLASS_PERSONAL : f->class;
    return (page_classes(p, ACCESS_ANY) & 1u << class) != 0;
}

enum err release_keep(struct ctx *ctx, struct db *db, const struct release *r)
{
    struct use_note n = {.subject = r->person,
                         .reader = str_format(ctx->arena, OIDC_READER "%.*s", FMT(r->client)),
                         .about = r->released,
                         .route = r->route,
                         .relation = ACCESS_ANY};
    return r->person.n == 0 ? ERR_OK : use_keep(ctx, db, &n);
}

enum err oidc_reader_name(struct ctx *ctx, struct db *db, enum lang lang, struct str reader,
                          struct str *ret, bool *ret_found)
{
    struct oidc_client_get_row row;
    struct json o;
    *ret_found = false;
    if (!str_starts(reader, STR(OIDC_READER))) {
        return ERR_OK;
    }
    struct str id = str_slice(reader, sizeof(OIDC_READER) - 1, reader.n);
    TRY(oidc_client_get(ctx, db, (struct oidc_client_get_in){.id = id}, &row, ret_found));
    *ret = id;
    if (*ret_found) {
        TRY(json_parse(ctx, row.document, STR("client"), &o));
        struct str name = json_text(&o, "client.name");
        struct str name_en = json_text(&o, "client.name_en");
        *ret = lang == LANG_EN && name_en.n > 0 ? name_en : name;
    }
    return ERR_OK;
}

enum err claims_of_person(struct page *p, const struct grant *g, struct str scope,
                          const char *member, struct json *into, struct str *released)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct str name = {0};
    struct json facts;
    bool id_token = strcmp(member, "id_token") == 0;
    TRY(party_name(ctx, p->db, g->person, &name));
    TRY(party_facts(ctx, p->db, g->person, &facts));
    for (size_t i = 0; i < LEN(person_claims); i++) {
        bool by_scope = !id_token && word_in(scope, str_from(person_claims[i].scope));
        /* One claim of a scope asked for by itself: the person has consented to that scope, or it
         * is not given. */
        bool by_name = word_in(scope, str_from(person_claims[i].scope)) &&
                       ask_wants_claim(&g->claims, member, person_claims[i].claim);
        struct str value =
            person_claims[i].fact == NULL ? name : json_text(&facts, person_claims[i].fact);
        if ((!by_scope && !by_name) || value.n == 0 || !may_give(p, person_claims[i].fact)) {
            continue;
        }
        *released = str_format(a, "%.*s%s%s", FMT(*released), released->n > 0 ? " " : "",
                               person_claims[i].scope);
        if (strcmp(person_claims[i].claim, "address") == 0) {
            struct json address = json_object();
            set(a, &address, "formatted", value);
            json_set(a, into, STR("address"), address);
        } else {
            set(a, into, person_claims[i].claim, value);
        }
    }
    return ERR_OK;
}

/* ---- tokens ---- */

/* jti of an access token: the grant it hangs on, and a random part. A machine's own has no grant.
 */
static struct str access_jti(struct ctx *ctx, const struct grant *g)
{
    return str_format(ctx->arena, "%.*s.%.*s", FMT(g->id), FMT(random_text(ctx, 9)));
}

struct json access_claims(struct ctx *ctx, struct oidc *o, const struct client *c,
                          const struct grant *g, struct str scope, struct str thumbprint)
{
    struct arena *a = ctx->arena;
    struct json t = json_object();
    int64_t now = oidc_now(ctx).ms / 1000;
    set(a, &t, "iss", o->issuer);
    set(a, &t, "sub", g->person.n > 0 ? client_subject(a, o, c, g->person) : c->id);
    if (g->resource.n > 0 && word_in(scope, STR("openid"))) { /* for userinfo here as well */
        struct json aud = json_array();
        json_push(a, &aud, json_of_str(o->issuer));
        json_push(a, &aud, json_of_str(g->resource));
        json_set(a, &t, STR("aud"), aud);
    } else {
        set(a, &t, "aud", g->resource.n > 0 ? g->resource : o->issuer);
    }
    set(a, &t, "client_id", c->id);
    set_int(a, &t, "iat", now);
    set_int(a, &t, "exp", now + LIMIT_OIDC_ACCESS_S);
    set(a, &t, "jti", access_jti(ctx, g));
    set(a, &t, "scope", scope);
    if (g->person.n > 0) { /* RFC 9068, 2.2.1 */
        set_int(a, &t, "auth_time", g->auth_s);
        set(a, &t, "acr", g->acr);
    }
    if (thumbprint.n > 0) { /* RFC 9449, 6 */
        struct json cnf = json_object();
        set(a, &cnf, "jkt", thumbprint);
        json_set(a, &t, STR("cnf"), cnf);
    }
    return t;
}

/* The left half of the hash of a token (OpenID Connect Core, 3.1.3.6). For EdDSA with Ed25519 the
 * hash is SHA-512, with SM2 SM3. */
struct str half_hash(struct ctx *ctx, enum jose_alg alg, struct str token)
{
    uint8_t hash[64];
    switch (alg) {
    case JOSE_EDDSA: sha512(token.p, token.n, hash); return base64url_encode(ctx->arena, hash, 32);
    case JOSE_SM2: sm3(token.p, token.n, hash); return base64url_encode(ctx->arena, hash, 16);
    case JOSE_ES256:
    case JOSE_PS256:
    case JOSE_RS256: break;
    }
    sha256(token.p, token.n, hash);
    return base64url_encode(ctx->arena, hash, 16);
}

enum err id_claims(struct page *p, const struct client *c, const struct grant *g, struct json *ret,
                   struct str *ret_released)
{
    struct ctx *ctx = p->ctx;
    const struct oidc *o = oidc_of(p);
    struct arena *a = ctx->arena;
    struct json t = json_object();
    struct json amr = json_array();
    struct str rest = g->amr;
    struct str w = {0};
    int64_t now = oidc_now(ctx).ms / 1000;
    set(a, &t, "iss", o->issuer);
    set(a, &t, "sub", client_subject(a, o, c, g->person));
    set(a, &t, "aud", c->id);
    set_int(a, &t, "iat", now);
    set_int(a, &t, "exp", now + LIMIT_OIDC_ACCESS_S);
    set_int(a, &t, "auth_time", g->auth_s);
    set(a, &t, "nonce", g->nonce);
    set(a, &t, "acr", g->acr);
    while (word_next(&rest, &w)) {
        json_push(a, &amr, json_of_str(w));
    }
    if (amr.count > 0) {
        json_set(a, &t, STR("amr"), amr);
    }
    set(a, &t, "sid", g->session);
    *ret = t;
    return claims_of_person(p, g, g->scope, "id_token", ret, ret_released);
}

enum err issue_logout(struct ctx *ctx, struct oidc *o, const struct client *c, struct str session,
                      struct str person, struct str *ret)
{
    struct arena *a = ctx->arena;
    struct json t = json_object();
    struct json events = json_object();
    int64_t now = oidc_now(ctx).ms / 1000;
    set(a, &t, "iss", o->issuer);
    set(a, &t, "sub", client_subject(a, o, c, person));
    set(a, &t, "aud", c->id);
    set_int(a, &t, "iat", now);
    set_int(a, &t, "exp", now + 120); /* Back-Channel Logout 1.0, 2.4: two minutes at most */
    set(a, &t, "jti", random_text(ctx, 16));
    set(a, &t, "sid", session);
    json_set(a, &events, STR("http://schemas.openid.net/event/backchannel-logout"), json_object());
    json_set(a, &t, STR("events"), events);
    return keys_sign(ctx, o, c->id_alg, STR("logout+jwt"), &t, ret);
}

/* ---- our own access tokens, come back ---- */

enum err access_find(struct ctx *ctx, struct oidc *o, struct db *db, struct str token,
                     struct access *ret, bool *ret_live)
{
    struct jws s;
    struct jwt_rules rules = {.now = oidc_now(ctx),
                              .iss = o->issuer,
                              .need_exp = true,
                              .need_iat = true,
                              .need_jti = true};
    uint8_t hash[32];
    bool revoked = false;
    *ret_live = false;
    if (keys_verify(ctx, o, token, "at+jwt", 1, &s) != ERR_OK ||
        jwt_read(ctx, s.payload, &rules, &ret->claims) != ERR_OK ||
        oidc_now(ctx).ms / 1000 >= ret->claims.exp_s) { /* our own clock made it: no skew */
        return ERR_OK;
    }
    ret->client = json_text(&ret->claims.all, "client_id");
    ret->scope = json_text(&ret->claims.all, "scope");
    ret->thumbprint = json_text(json_get(&ret->claims.all, "cnf"), "jkt");
    ret->jti = ret->claims.jti;
    struct oidc_once_get_row row;
    text_hash(ret->jti, hash);
    TRY(oidc_once_get(ctx, db, (struct oidc_once_get_in){.hash = {(const char *)hash, 32}}, &row,
                      &revoked));
    struct oidc_client_get_row client;
    bool known = false;
    TRY(oidc_client_get(ctx, db, (struct oidc_client_get_in){.id = ret->client}, &client, &known));
    struct str rest = {0};
    struct str grant = str_cut(ret->jti, '.', &rest);
    ret->has_grant = grant.n > 0;
    *ret_live = !revoked && known && !client.closed;
    if (*ret_live && ret->has_grant) {
        TRY(grant_find(ctx, db, grant, &ret->grant, ret_live));
    }
    if (*ret_live && ret->has_grant) { /* what the person withdrew since is no longer in it */
        struct str now = {0};
        TRY(grant_scope_now(ctx, db, &ret->grant, &now, ret_live));
        struct buf b = buf_new(ctx->arena, 0);
        struct str w = {0};
        for (struct str left = ret->scope; word_next(&left, &w);) {
            if (word_in(now, w)) {
                buf_puts(&b, b.n > 0 ? " " : "");
                buf_put(&b, w);
            }
        }
        ret->scope = buf_str(&b);
    }
    return ERR_OK;
}
