/* login_in.h - inside the login room.
 *
 * What people register is an act and stands in views (project.c). What proves it (hashes, seeds,
 * public keys) stands in kept tables, is written in the savepoint of that act, and is read only
 * through a join with the view: a means that the ledger does not know, or knows no more, proves
 * nothing.
 */
#pragma once

#include <pthread.h>

#include "base/arena.h"
#include "base/str.h"
#include "crypto/factor.h"
#include "http/http.h"
#include "limit_gen.h"
#include "login/login.h"
#include "login_sql.h"
#include "store/bound.h"
#include "web/pool.h"
#include "web/session.h"
#include "web/submit.h"

/* ---- guess.c: bounds on guessing ---- */

struct guess_bound {
    char kind;
    int64_t burst;  /* tries at once */
    int64_t per_ms; /* and then one in so many milliseconds */
};
extern const struct guess_bound bound_name;    /* tries with one name */
extern const struct guess_bound bound_address; /* tries from one address */
extern const struct guess_bound bound_code;    /* second factors of one owner */
struct guess {
    const struct guess_bound *bound;
    struct str key;
};
/* Take a try of each (two at most), and go on by `then`, as page_keep does; when one of them is
 * bound the page is answered, and nothing is taken. */
enum err login_try(struct page *p, const struct guess *guesses, size_t count,
                   page_then *then) MUST_USE;
/* Give one back: it was a good one, or was not made. Nobody waits for it. */
void login_untry(struct page *p, const struct guess_bound *bound, struct str key);
/* The key of digests, from the node's seal; and what a guess is called in the store. */
void guess_key(const uint8_t seal[SEAL_KEY], uint8_t ret[32]);
struct bound_try guess_try(const uint8_t key[32], const struct guess *g);

/* ---- state.c ---- */

struct login {
    struct world *world;
    struct pool pool;           /* that hashes passwords */
    uint8_t seal[SEAL_KEY];     /* of seeds at rest: a file of the node's folder */
    uint8_t mark[32];           /* of tickets: from the seal, so the same in every process */
    uint8_t guess_key[32];      /* of digests of guesses: the same */
    char nobody[PASSWORD_TEXT]; /* the hash that a name without an account is held against */
    struct str origin;          /* of passkeys; empty: only at localhost */
    const struct identity_source *sources[8];
    size_t source_count;
};
struct login *login_of(const struct page *p);

/* A sign-in name as it is compared: trimmed, ASCII letters small; empty when longer than 40 bytes.
 */
struct str login_name(struct arena *a, struct str typed);
/* Of an actor, with this prefix: "c-" and 16 hex digits. */
struct str login_new_id(struct page *p, const char *prefix);

/* What is given out and comes back: text bound to a purpose, this browser (a cookie of its own) and
 * an end, under a keyed digest of the node. Nothing is kept until it is used up, which the kept
 * operation does that acts upon it (keep.c). */
enum { TICKET_MS = 5 * 60 * 1000 };
struct str ticket_make(struct page *p, const char *purpose, struct str text);
/* False when it is none, is another browser's, or is over. *ret_text is what it was made of. */
bool ticket_read(struct page *p, const char *purpose, struct str ticket, struct str *ret_text);

/* What this site is to passkeys; false where there can be none (no secure address). */
bool login_relying_party(struct page *p, struct webauthn_want *ret);

/* ---- keep.c: what the writer does to what proves a way to sign in ---- */

struct new_secret {
    struct str id;
    struct str owner;
    const char *kind;
    struct str secret;
    struct str handle;
    int64_t algorithm;
    int64_t counter;
    int64_t flags;
    bool one;             /* replaces the owner's others of this kind */
    struct str challenge; /* that was answered, and is used up with it; empty: none was */
};
/* Each says what one operation is asked; the payload lies on `a`. */
struct keep login_keep_rehash(struct arena *a, struct str id, struct str text);
struct keep login_keep_use_code(struct arena *a, struct str id, int64_t step);
struct keep login_keep_use_passkey(struct arena *a, struct str id, uint32_t sent,
                                   struct str challenge);
struct keep login_keep_use_ticket(struct arena *a, struct str ticket);
/* id of the recovery codes; empty: it is a code of the counter. */
struct keep login_keep_use_recovery(struct arena *a, struct str id, struct str owner,
                                    const uint8_t digest[32]);
struct keep login_keep_add_secret(struct arena *a, const struct new_secret *s);
struct keep login_keep_forget_secret(struct arena *a, struct str id, struct str owner);
/* digest: of a code given out; empty: none. */
struct keep login_keep_change_account(struct arena *a, struct str owner, bool clears,
                                      struct str digest);
/* Codes of the demo's people: those of before count no more. */
struct keep login_keep_demo_codes(struct arena *a, const struct demo_person *people, size_t count);
struct keep login_keep_demo_give(struct arena *a, struct str code, struct str person);
struct keep login_keep_demo_take(struct arena *a, struct str code);
/* In a page_then: what was to be used was used before, or is not there. */
bool login_kept_refused(const struct page *p);

/* ---- prove.c: from a proof to a session ---- */

/* Who is to be signed in: read while the page has its reader. */
struct proven {
    struct sign_in who;
    struct str next;
};
/* *ret_found is false when nobody of that id may sign in now: not registered, or no longer in
 * office. */
enum err proven_load(struct page *p, struct str owner, int assurance, const char *methods,
                     struct str next, struct proven *ret, bool *ret_found) MUST_USE;
/* Begin the session and go on. */
enum err proven_sign_in(struct page *p, const struct proven *v) MUST_USE;
/* The one answer to every sign-in that fails, whatever the reason. */
enum err login_refused(struct page *p) MUST_USE;
/* Too many tries: 429, and when to come back. */
enum err login_wait(struct page *p, int64_t seconds) MUST_USE;
/* Is the rule in force? otherwise: when none was set. */
enum err login_rule(struct page *p, const char *fact, bool otherwise, bool *ret) MUST_USE;

struct str login_say(const struct page *p, const char *zh, const char *en);

/* ---- shared by the pages ---- */

/* A code of 80 random bits, in groups of four letters. */
struct str login_new_code(struct page *p);

/* key_uri.c: for authenticator applications. */
struct str otpauth_uri(struct arena *a, struct str issuer, struct str account, struct str key);

enum { RECOVERY_DIGEST = 32, RECOVERY_CODES = 10 };
/* Digest of a code for its owner: letters in either case, anything but A to Z and 2 to 7 left out.
 */
void recovery_digest(struct arena *a, struct str owner, struct str code, uint8_t ret[32]);
bool passkey_challenge(struct page *p, const char *purpose, struct str client_data,
                       struct str *ret_challenge, struct str *ret_text);
struct str passkey_handle(struct page *p, struct str owner);
/* An owner's passkeys and security keys, and their credential ids as a browser is told them. */
enum err passkeys_of(struct page *p, struct str owner, struct login_passkeys_of_row **ret,
                     size_t *ret_count) MUST_USE;
struct json passkeys_known(struct arena *a, const struct login_passkeys_of_row *rows, size_t count);

/* sample.c: the issuer's own page in a demo. */
struct identity_source;
enum err sample_issuer_issue(struct page *p, const struct identity_source *s) MUST_USE;
