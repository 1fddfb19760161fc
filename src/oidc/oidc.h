/* oidc.h - the node as OpenID Provider: others rely on the identity it checks.
 *
 * OpenID Connect Core 1.0 (Basic OP), Discovery 1.0, RP-Initiated and Back-Channel Logout 1.0;
 * FAPI 2.0 Security Profile (Final) with PAR (RFC 9126), private_key_jwt (RFC 7523), DPoP (RFC
 * 9449) and iss (RFC 9207); RFC 7009, 7636, 7662, 8414, 8707, 9068, 9101. The authorization code
 * with PKCE S256 is the only flow with a person; machines use client_credentials.
 *
 * Applications are registered, and consent is given and withdrawn, by acts; the two views are
 * projected from them. What must not stand in a ledger (codes, tokens, replays) is kept as hashes
 * in kept tables, each row with its end. docs/oidc.md is the manual.
 */
#pragma once

#include "gate/gate.h"
#include "jobs/jobs.h"
#include "web/web.h"
#include "web/serve.h"

struct keyholder;
struct oidc;

extern const struct projector oidc_projector;
extern const struct keep_table oidc_keeps;
extern const struct route_table oidc_routes;

struct oidc_config {
    struct gate *gate;
    struct store *store;
    struct keyholder *keys; /* of its own: asked from many threads, under a lock here */
};
/* Lives on ctx->arena, to be given to the pages as state of the room "oidc". Takes its secrets from
 * the key holder. */
enum err oidc_new(struct ctx *ctx, const struct oidc_config *config, struct oidc **ret) MUST_USE;
/* Say under which address others know the node: "https://node.example", without path, query or a
 * slash at its end. Only loopback addresses may be http. ERR_USAGE for any other. Before the first
 * request. */
enum err oidc_issuer(struct ctx *ctx, struct oidc *o, struct str issuer) MUST_USE;
/* Could it be given? The same answer, and nothing is set. */
enum err oidc_issuer_check(struct ctx *ctx, struct str issuer) MUST_USE;
/* Start and stop the thread that sweeps what has expired and finds sessions that ended. */
enum err oidc_start(struct ctx *ctx, struct oidc *o) MUST_USE;
void oidc_stop(struct oidc *o);

/* Can these fields of a register-client act be used, beyond what its facts can say? Else why not.
 */
enum err oidc_client_check(struct ctx *ctx, const struct json *fields) MUST_USE;

/* What an application says under its own key (statement.c): who, and the claims it signed. */
struct oidc_statement {
    struct str client;
    struct str jti;
    struct json claims;
};
/* Read the statement a page was brought and believe it; *ret_well false: the page is answered. */
enum err oidc_statement(struct page *p, struct str text, struct oidc_statement *ret,
                        bool *ret_well) MUST_USE;
/* Take it, once: then goes on, unless it came before. person: of whom the answer tells something,
 * noted as a use of their data; empty: nobody. After oidc_statement, whose page->own it needs. */
typedef enum err oidc_heard(struct page *p, const struct oidc_statement *s);
enum err oidc_statement_take(struct page *p, struct str person, const char *route,
                             oidc_heard *then) MUST_USE;

/* Is an application of this id registered and not closed? */
enum err oidc_client_is_open(struct ctx *ctx, struct db *db, struct str id, bool *ret) MUST_USE;

/* For web_config.fault, of its routes FOR_PROTOCOL: a fault of ours as OAuth tells it (RFC
 * 6749, 5.2), server_error or temporarily_unavailable. */
page_fault oidc_fault;
/* For web_config.reader_name: that of an application, "client:ID". */
enum err oidc_reader_name(struct ctx *ctx, struct db *db, enum lang lang, struct str reader,
                          struct str *ret, bool *ret_found) MUST_USE;

/* For web_config.settled, with the struct oidc: sign the tokens that wait, all at one asking of the
 * key holder. */
void oidc_settled(void *oidc);

/* The job by which an application is told that a session ended (Back-Channel Logout 1.0); its state
 * is the struct oidc. */
extern const struct job_kind oidc_logout_job;
