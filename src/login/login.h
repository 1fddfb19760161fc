/* login.h - who is signed in in this browser, how surely, since when; and asking for more.
 *
 * What is known stands in page->session: actor (id, kind, assurance), methods (amr), since
 * (auth_time), id (the session's public name). This room proves identities and begins sessions;
 * whoever relies on them asks here for a stronger or fresher proof. Means: passkey, password,
 * one-time code, sources of identity (source.h); in a demo also a chooser of sample people.
 *
 * Assurance, the act file's member `assurance`, and acr are one scale:
 *   1  one factor: a password, or a source that vouches no more
 *   2  two factors: password and one-time code, or security key; or a source that says so
 *   3  two factors bound to this site, which no other site can ask for: a passkey with user
 * verification
 */
#pragma once

#include "web/web.h"
#include "web/serve.h"

extern const struct route_table login_routes;
extern const struct route_table login_passkey_routes;
extern const struct route_table login_own_routes;
extern const struct route_table login_act_routes;
extern const struct route_table login_source_routes;
extern const struct projector login_projector;
extern const struct keep_table login_keeps;

/* What the room keeps while the program serves: give it to the pages as the state of "login". dir
 * holds its key of seeds at rest (login_make_key). origin: "https://portal.example", of
 * passkeys; empty: passkeys only at http://localhost. Starts its threads. */
struct login;
/* The key of seeds at rest in the node's folder, made when there is none. By one process, before
 * any other opens the room: two that made one each would not read what the other sealed. */
enum err login_make_key(struct ctx *ctx, struct str dir) MUST_USE;
enum err login_open(struct ctx *ctx, struct str dir, struct str origin,
                    struct login **ret) MUST_USE;
/* Ends its threads; no page may come after. NULL is allowed. */
void login_close(struct login *l);
/* Demo: offer the sample issuer of identity, with the persons of law/sample/people.json. */
enum err login_offer_sample(struct ctx *ctx, struct login *l, const struct json *people) MUST_USE;

/* Demo: the sign-in addresses given out at the start, good once each; those of an earlier start are
 * good no more. Before it serves. */
enum err login_give_codes(struct ctx *ctx, struct gate *g, const struct demo_person *people,
                          size_t count) MUST_USE;

/* Answer the page with the way to a proof of at least `assurance`, done now even when there was one
 * before; then the browser goes on at `next`, an address of this site with its query. Judge the
 * session when it arrives there: it may be weaker. */
enum err login_ask(struct page *p, int assurance, struct str next) MUST_USE;

/* Somebody else than who is signed in says yes at this browser, by a passkey of their own and
 * without being signed in: to `about`, a digest of what they were shown. login_yes_options answers
 * the browser with the challenge; login_yes reads its proof, which is good once, and goes on in
 * `then` with the account it is of, or answers the page. */
typedef enum err login_yes_then(struct page *p, struct str account);
/* False where there can be no passkey: the site has no secure address. */
bool login_takes_passkeys(struct page *p);
enum err login_yes_options(struct page *p, struct str about) MUST_USE;
enum err login_yes(struct page *p, struct str about, login_yes_then *then) MUST_USE;

/* The address of this site, as others reach it: "https://portal.example". Without one of its own,
 * as in a demo, the one that this browser asked by. */
struct str login_address(struct page *p);

/* The acr value of an assurance (1 to 3; else empty), and back (0 when it is none of ours). */
struct str login_acr(int assurance);
int login_assurance(struct str acr);
/* An address of this site and nothing else: "/…" without "//", backslash or control characters;
 * else "/". */
struct str login_next(struct str next);
