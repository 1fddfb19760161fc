/* oidc_in.h - inside the identity provider.
 *
 * A request to it goes: read its parameters (params.c), know the application (client.c,
 * assertion.c), judge what it asks (ask.c), answer (page_*.c, token.c …) with what issue.c makes,
 * keeping rows by page_keep (keep.c). A refusal is a struct trouble, in the words of the standards;
 * an enum err is a fault of ours.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "crypto/keyholder.h"
#include "crypto/rsa.h"
#include "jose/jose.h"
#include "limit_gen.h"
#include "oidc/oidc.h"
#include "web/submit.h"
#include "oidc_sql.h"

struct http_fields;

/* What the counters of oidc_counts count. */
enum kept { KEPT_PUSH, KEPT_CODE, KEPT_GRANT, KEPT_REFRESH, KEPT_ONCE, KEPT_VISIT, KEPT_KINDS };

/* A token whose signature waits for the others of this turn of the loop (sign.c). Lives on its
 * page's arena. */
struct later {
    struct page *page;
    page_step *step;
    enum jose_alg alg;
    struct token_text text;
    enum err err;
    struct later *next;
};

/* How many kinds of keys there are, and how old a key may be by which a hint is signed. Each number
 * that may be asked for has a place of its own: an RSA key costs 0.1 s to make, and nobody shall
 * have one made twice. */
enum { TOKEN_KINDS = 4, TOKEN_BACK_MAX = 12, TOKEN_NUMBERS = TOKEN_BACK_MAX + 2 };
struct token_public {
    enum jose_alg alg;
    uint32_t number;
    struct jwk key;
    char kid[24];
    uint8_t modulus[RSA_MODULUS]; /* RS256 */
    struct p256_key *p256;        /* ES256: ready for verifying */
};

struct oidc {
    struct oidc_config config;
    struct world *world;
    struct str issuer;
    struct str origin_host;
    uint8_t pairwise[32]; /* secret of pairwise subjects: the same for the life of the node */
    uint8_t marks[32];    /* of what is put into addresses and nonces and comes back */
    pthread_mutex_t lock; /* of the key holder and of what follows */
    struct token_public keys[TOKEN_KINDS][TOKEN_NUMBERS];
    struct later *later; /* waiting, the last first */
    struct arena *sign_arena;
    atomic_llong counts[KEPT_KINDS]; /* rows as of the last sweep, and those added since */
    /* of the thread */
    pthread_t thread;
    bool started;
    bool stopping;
    pthread_cond_t wake;
};

enum { NEXT_MAX_BYTES = 4000 }; /* of a request that goes round by an address of ours */

static inline struct oidc *oidc_of(const struct page *p)
{
    struct oidc *o = page_state(p, "oidc");
    must(o != NULL);
    return o;
}

static inline struct instant oidc_now(struct ctx *ctx)
{
    return ctx->world->now(ctx->world);
}

/* A refusal in the words of the standards; code NULL: none. Both static or on the page's arena; the
 * text is ASCII. */
struct trouble {
    const char *code;
    const char *text;
};
static inline bool trouble_set(struct trouble *t, const char *code, const char *text)
{
    *t = (struct trouble){code, text};
    return false;
}

/* ---- parameters (params.c) ---- */

/* A query or form as one JSON object; a name that comes again has a list. */
enum err params_of_query(struct ctx *ctx, struct str query, struct json *ret) MUST_USE;
/* A parameter: empty when absent or sent without value (RFC 6749, 3.1); false with a trouble when
 * sent twice, too long, or no text. */
bool param(const struct json *params, const char *name, struct str *ret, struct trouble *t);
/* resource (RFC 8707, 2): one; more than one, which the standard allows, is told as invalid_target.
 */
bool param_resource(const struct json *params, struct str *ret, struct trouble *t);
/* Write the members as a query. */
struct str params_query(struct arena *a, const struct json *params);
/* Add "name=value" to an address: "?" or "&" as it needs. */
void url_add(struct buf *b, bool *first, const char *name, struct str value);
/* Words of a list with blanks between: next word, or false. */
bool word_next(struct str *rest, struct str *ret);
bool word_in(struct str list, struct str word);
struct str origin_of(struct str url); /* scheme://host:port */

/* The answers of endpoints for programs: JSON, never cached. */
enum err answer_json(struct page *p, int status, const struct json *o) MUST_USE;
enum err answer_trouble(struct page *p, int status, const struct trouble *t) MUST_USE;

/* ---- applications (client.c) ---- */

enum profile { PROFILE_BASIC, PROFILE_FAPI, PROFILE_NATIVE, PROFILE_MACHINE };
enum client_auth { AUTH_KEY, AUTH_BASIC, AUTH_POST, AUTH_NONE };
enum { GRANT_CODE = 1, GRANT_REFRESH = 2, GRANT_CLIENT = 4 };
struct strs {
    const struct str *items;
    size_t count;
};
struct client {
    struct str id;
    struct str name;
    struct str name_en;
    enum profile profile;
    enum client_auth auth;
    unsigned grants;
    struct strs redirect_uris;
    struct strs logout_uris;
    struct strs scopes;
    struct strs resources;
    struct str backchannel_uri;
    struct jwks jwks;
    struct str secret_sha256;
    struct str sector;
    enum jose_alg id_alg;
    unsigned userinfo_alg; /* 0: as JSON */
    bool dpop;             /* its tokens are bound to a key */
    bool dpop_nonce;
    bool signed_requests;
};
/* Read a registration; ERR_* says what in it cannot be used. */
enum err client_read(struct ctx *ctx, struct str id, struct str document,
                     struct client *ret) MUST_USE;
/* The open application of this id. A registration that cannot be used counts as none. */
enum err client_find(struct ctx *ctx, struct db *db, struct str id, struct client *ret,
                     bool *ret_found) MUST_USE;
/* One of the registered addresses, by exact comparison; at the loopback address of a native
 * application any port (RFC 8252, 7.3). */
bool client_has_uri(struct arena *a, const struct client *c, const struct strs *list,
                    struct str uri);
bool strs_have(const struct strs *list, struct str s);
/* The pairwise subject of a person for this application (OpenID Connect Core, 8.1). */
struct str client_subject(struct arena *a, const struct oidc *o, const struct client *c,
                          struct str person);

/* What may come once: gathered while a request is judged, kept in the transaction that answers it.
 */
struct once {
    uint8_t hash[4][32];
    int64_t expires_ms[4];
    struct trouble trouble[4]; /* when it came before */
    size_t count;
};
void once_note(struct once *n, const char *kind, struct str owner, struct str jti,
               int64_t expires_ms, struct trouble t);

/* Who calls? Client authentication (RFC 6749, 2.3; RFC 7523; FAPI 2.0, 5.3.2.1): exactly the
 * registered method. */
struct caller {
    struct client client;
    bool basic_tried; /* the answer to a failure names Basic */
};
bool caller_authenticate(struct page *p, const struct json *params, struct caller *ret,
                         struct once *once, struct trouble *t);
/* 401 with WWW-Authenticate for invalid_client, 400 for others. */
enum err answer_caller_trouble(struct page *p, const struct caller *c,
                               const struct trouble *t) MUST_USE;

/* ---- key proofs (dpop.c) ---- */

/* The DPoP header of the request (RFC 9449, 4.3): *ret_thumbprint is empty when there is none.
 * token: that which it must go with, or empty. */
bool dpop_check(struct page *p, struct str path, struct str token, bool need_nonce,
                struct str *ret_thumbprint, struct once *once, struct trouble *t);
/* Give the present nonce with the answer. */
void dpop_give_nonce(struct page *p);

/* ---- authorization requests (ask.c) ---- */

struct ask {
    struct json params; /* what was asked, from whichever way it came */
    struct client client;
    struct str redirect_uri;
    struct str state;
    struct str response_mode; /* "query" or "form_post" */
    struct str scope;         /* asked and registered, with blanks between */
    struct str nonce;
    struct str challenge;
    struct str thumbprint; /* dpop_jkt */
    struct str resource;
    struct str acr_values;
    struct str login_hint;
    struct str ui_locales;
    struct str id_token_hint;
    struct json claims; /* the claims parameter; null when absent */
    int64_t max_age_s;  /* -1: none */
    bool prompt_none;
    bool prompt_login;
    bool prompt_consent;
    int64_t mark_ms;       /* when this request was first seen in this browser; 0: now */
    uint8_t push_hash[32]; /* of a pushed request */
    bool is_pushed;
};
/* Judge a request. *ret_known: application and redirect_uri hold, so a trouble may be sent there;
 * else it is shown. */
enum err ask_read(struct page *p, const struct json *params, struct ask *ret, bool *ret_known,
                  struct trouble *t) MUST_USE;
/* The same for a request that is pushed: its application is known, and nothing else of it is
 * believed. */
enum err ask_read_pushed(struct page *p, const struct client *c, const struct json *params,
                         struct ask *ret, struct once *once, struct trouble *t) MUST_USE;
/* The acr values that must be reached, as the least assurance; 0 when none must. */
int ask_assurance(const struct ask *a, bool *ret_essential);
/* Names of claims asked for one by one, of one scope: is any asked? member: "userinfo" or
 * "id_token". */
bool ask_wants_claim(const struct json *claims, const char *member, const char *name);

/* ---- what is issued (issue.c) ---- */

/* What a grant says of itself, as kept. */
struct grant {
    struct str id;
    struct str client;
    struct str person;
    enum actor_kind kind;
    struct str scope;
    struct str nonce;
    struct str acr;
    struct str amr;     /* with blanks between */
    struct str session; /* public id */
    struct str resource;
    struct json claims; /* of the claims parameter */
    int64_t auth_s;
};
struct str grant_document(struct arena *a, const struct grant *g);
enum err grant_find(struct ctx *ctx, struct db *db, struct str id, struct grant *ret,
                    bool *ret_live) MUST_USE;
/* Scopes of the grant that the person's consent still covers; live is false when there is none. */
enum err grant_scope_now(struct ctx *ctx, struct db *db, const struct grant *g, struct str *ret,
                         bool *ret_live) MUST_USE;

struct str random_text(struct ctx *ctx, size_t bytes); /* base64url */
void text_hash(struct str s, uint8_t ret[32]);

/* The claims of an access token, of an ID token, and the at_hash that joins the two. */
struct json access_claims(struct ctx *ctx, struct oidc *o, const struct client *c,
                          const struct grant *g, struct str scope, struct str thumbprint);
enum err id_claims(struct page *p, const struct client *c, const struct grant *g, struct json *ret,
                   struct str *ret_released) MUST_USE;
struct str half_hash(struct ctx *ctx, enum jose_alg alg, struct str token);
enum err issue_logout(struct ctx *ctx, struct oidc *o, const struct client *c, struct str session,
                      struct str person, struct str *ret) MUST_USE;
/* The scope that gives a claim of a person; empty when it is none. */
struct str claim_scope(struct str claim);
/* Claims of the person, as scope and claims allow, and the law's table of access for this route.
 * member as in ask_wants_claim. *released: the scopes whose claims were given are put behind it. */
enum err claims_of_person(struct page *p, const struct grant *g, struct str scope,
                          const char *member, struct json *into, struct str *released) MUST_USE;
/* Note, inside the transaction that is kept before the answer leaves, that an application got
 * something of a person: she reads it at /me/uses. released: scopes. */
struct release {
    struct str person; /* empty: of nobody, and no note */
    struct str client;
    struct str released;
    struct str route;
};
enum err release_keep(struct ctx *ctx, struct db *db, const struct release *r) MUST_USE;
/* The claims there are, for discovery. */
extern const char *const claim_names[];
extern const size_t claim_name_count;

/* ---- keys of tokens (keys.c) ---- */

enum err keys_sign(struct ctx *ctx, struct oidc *o, enum jose_alg alg, struct str typ,
                   const struct json *payload, struct str *ret) MUST_USE;
/* Put a token off until the loop has handled what else is ready; then step goes on with the page,
 * and l holds its signature (keys_token) or why there is none. Only on a loop thread, as the last
 * thing a handler or step does. */
enum err keys_sign_later(struct page *p, struct later *l, enum jose_alg alg, struct str typ,
                         const struct json *payload, page_step *step) MUST_USE;
enum err keys_token(struct page *p, const struct later *l, struct str *ret) MUST_USE;
/* The published set: standard algorithms, or SM2. */
enum err keys_published(struct ctx *ctx, struct oidc *o, bool sm2, struct json *ret) MUST_USE;
/* Have the published keys made before anyone asks for them: an RSA key takes its time. */
enum err keys_ready(struct ctx *ctx, struct oidc *o) MUST_USE;
/* Verify one of our own tokens of this typ; back: by how many former keys it may be signed.
 * ERR_SIGNATURE … when it is none. */
enum err keys_verify(struct ctx *ctx, struct oidc *o, struct str token, const char *typ,
                     uint32_t back, struct jws *ret) MUST_USE;

/* An access token that holds now: signature, time, not revoked, its grant live. */
struct access {
    struct jwt_claims claims;
    struct str client;
    struct str scope;
    struct str thumbprint;
    struct str jti;
    struct grant grant; /* id empty for a machine's own */
    bool has_grant;
};
enum err access_find(struct ctx *ctx, struct oidc *o, struct db *db, struct str token,
                     struct access *ret, bool *ret_live) MUST_USE;

/* ---- what the writer is asked (keep.c); payloads lie on `a` ---- */

struct pushed {
    uint8_t hash[32]; /* of the request_uri */
    struct str client;
    struct str params;
    int64_t expires_ms;
};
enum use { USE_NOTHING, USE_CODE, USE_REFRESH };
/* What tokens are asked for with. */
struct brought {
    enum use use;
    bool revoke; /* it was used before: all that hangs on the grant ends */
    int64_t now_ms;
    uint8_t hash[32]; /* of the code or refresh token */
    struct str grant;
    bool has_refresh; /* a new one comes with the answer */
    uint8_t refresh_hash[32];
    struct str refresh_thumbprint;
};
struct revoked {
    struct str grant; /* ends; empty: none */
    bool has_jti;
    uint8_t jti_hash[32];
    int64_t jti_expires_ms;
};
struct keep oidc_keep_push(struct arena *a, const struct once *n, const struct pushed *v);
struct keep oidc_keep_code(struct arena *a, const struct ask *ask, const struct grant *g,
                           const uint8_t code_hash[32], int64_t now_ms);
struct keep oidc_keep_token(struct arena *a, const struct once *n, const struct brought *v,
                            const struct release *r);
struct keep oidc_keep_note(struct arena *a, const struct once *n, const struct revoked *v,
                           const struct release *r);
struct keep oidc_keep_withdraw(struct arena *a, struct str client, struct str person);
extern const struct keep oidc_keep_sweep;
struct keep oidc_keep_gone(struct arena *a, struct str session);
/* In a page_then: false with a trouble when one of `n` came before, or what was brought was used
 * before (`used`). */
bool oidc_kept_well(const struct page *p, const struct once *n, struct trouble used,
                    struct trouble *t);

/* ---- bounds and the thread (work.c) ---- */

bool room_for(struct oidc *o, enum kept kind, struct trouble *t);
/* Leave a notice for each application the session signed in to (notice.c), inside a kept
 * transaction. */
enum err notices_leave(struct ctx *ctx, struct db *db, struct str session) MUST_USE;

/* ---- pages, gathered in routes.c ---- */
page_fn page_discovery, page_jwks, page_jwks_sm2, page_push, page_authorize, page_authorize_post,
    page_consent_post, page_token, page_userinfo, page_userinfo_post, page_introspect, page_revoke,
    page_logout_ask, page_logout_post, page_consents_list, page_consents_post, page_clients_post,
    page_clients_close, page_clients_list, page_client_form, page_post_script;
