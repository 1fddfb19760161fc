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

/* ---- rate.c: leaky buckets in fixed memory ---- */

/* A count-min sketch of leaky buckets, keyed by a secret: whatever clients send, memory stays; two
 * keys that meet in all rows can only be bound more tightly, never less. */
enum { RATE_ROWS = 4, RATE_COLUMNS = 4096 };
enum { RATE_KEY = 16 };
struct rate {
    struct world *world;
    uint8_t secret[32]; /* of this process: where a key falls */
    uint8_t stable[32]; /* of the node: what a key is called when it is kept */
    pthread_mutex_t lock;
    struct rate_cell {
        int64_t seen_ms;
        float level;
    } cells[RATE_ROWS][RATE_COLUMNS];
};
struct rate_bound {
    char kind;   /* keys of different kinds do not meet by their text */
    float burst; /* tries at once */
    float per_s; /* and then so many a second */
};
/* stable: 32 bytes that outlive the process. */
void rate_open(struct rate *r, struct world *world, const uint8_t stable[32]);
/* Take one try; 0 when it is within the bound, else the seconds until one is. */
int64_t rate_take(struct rate *r, const struct rate_bound *bound, struct str key);
/* The same; *ret_filled is true when this try filled the bucket, ret_key what the key is called
 * then. */
int64_t rate_take_noting(struct rate *r, const struct rate_bound *bound, struct str key,
                         bool *ret_filled, uint8_t ret_key[RATE_KEY]);
/* A bucket called so was full, and runs empty in `left_ms`. */
void rate_recall(struct rate *r, const struct rate_bound *bound, const uint8_t key[RATE_KEY],
                 int64_t left_ms);
/* Give a try back: it was a good one. */
void rate_give(struct rate *r, const struct rate_bound *bound, struct str key);

/* ---- pool.c: the threads that hash passwords ---- */

struct pool_job {
    void (*run)(void *arg);
    void *arg;
};
struct pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct pool_job jobs[LIMIT_PASSWORD_QUEUE];
    size_t first;
    size_t count;
    bool stopping;
    pthread_t threads[4];
    size_t thread_count;
};
enum err pool_open(struct ctx *ctx, struct pool *p, size_t threads) MUST_USE;
/* Queue a job; ERR_BUSY at once when LIMIT_PASSWORD_QUEUE wait. */
enum err pool_submit(struct ctx *ctx, struct pool *p, struct pool_job job) MUST_USE;
/* Work off what waits and end the threads. May be called twice. */
void pool_close(struct pool *p);

/* ---- state.c ---- */

struct login {
    struct world *world;
    struct pool pool;
    struct rate rate;
    uint8_t seal[SEAL_KEY]; /* of seeds at rest: a file of the node's folder */
    uint8_t mark[32]; /* of this process: for what is given out and comes back within minutes */
    char nobody[PASSWORD_TEXT]; /* the hash that a name without an account is held against */
    struct str origin;          /* of passkeys; empty: only at localhost */
    const struct identity_source *sources[8];
    size_t source_count;
    struct lock_note { /* full buckets on their way into the store (lock.c) */
        struct login *login;
        uint8_t key[RATE_KEY];
        char bound;
        int64_t until_ms;
        bool busy;
    } notes[16];
    size_t locks;         /* rows there are; of the writer's thread once the program serves */
    pthread_mutex_t lock; /* of what follows, and of notes */
    struct used {
        uint8_t id[16];
        int64_t until_ms;
    } used[LIMIT_LOGIN_USED];
};
struct login *login_of(const struct page *p);

/* A sign-in name as it is compared: trimmed, ASCII letters small; empty when longer than 40 bytes.
 */
struct str login_name(struct arena *a, struct str typed);
/* Of an actor, with this prefix: "c-" and 16 hex digits. */
struct str login_new_id(struct page *p, const char *prefix);

/* What is given out and comes back: text bound to a purpose, this browser (a cookie of its own) and
 * an end, under a keyed digest. Nothing is kept until it was used. */
enum { TICKET_MS = 5 * 60 * 1000 };
struct str ticket_make(struct page *p, const char *purpose, struct str text);
/* False when it is none, is another browser's, or is over. *ret_text is what it was made of. */
bool ticket_read(struct page *p, const char *purpose, struct str ticket, struct str *ret_text);
/* Use it up: false when it was before. Only what was proven is noted, so nobody can fill the table
 * for nothing: when it is full all the same, nothing is proven. */
bool ticket_use(struct page *p, struct str ticket);

/* What this site is to passkeys; false where there can be none (no secure address). */
bool login_relying_party(struct page *p, struct webauthn_want *ret);

/* ---- lock.c: bounds that a restart does not lift ---- */

/* Take one try of a name or owner; 0, or the seconds until one is within the bound. A try that
 * fills the bucket is noted in the store, one write for many tries, and nobody waits for it: what
 * is answered, and when, says nothing. */
int64_t login_take(struct page *p, const struct rate_bound *bound, struct str key);

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

extern const struct rate_bound bound_name;    /* tries with one name */
extern const struct rate_bound bound_address; /* tries from one address */
extern const struct rate_bound bound_code;    /* second factors of one owner */

struct str login_say(const struct page *p, const char *zh, const char *en);

/* ---- shared by the pages ---- */

/* A code of 80 random bits, in groups of four letters. */
struct str login_new_code(struct page *p);

/* qr.c. box is the viewBox, path the dark modules; both empty when there is no drawing. */
struct qr_drawing {
    struct str box;
    struct str path;
};
struct qr_drawing qr_draw(struct arena *a, struct str text);
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
