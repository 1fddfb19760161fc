/* session.h - sign-ins that last: one row for each browser that is signed in.
 *
 * A session is found by the SHA-256 of its cookie, which is nowhere kept, so neither a backup nor a
 * look into the store signs anybody in. Every process that answers requests reads the row for each
 * of them: a session begun by one holds at all others with the next request, and one that was ended
 * holds nowhere from the moment its end is durable.
 *
 * It ends LIMIT_SESSION_IDLE_S after it was last seen (which is noted once a minute, so it may end
 * a minute early, never late), LIMIT_SESSION_WHOLE_S after it began, when its owner ends it, when
 * LIMIT_SESSIONS_OF_ONE newer ones of the same actor came, or when there are LIMIT_SESSIONS newer
 * ones in all. Each end, of whatever kind, leaves its id in a queue, for those who must tell
 * others.
 */
#pragma once

#include "store/keep.h"

struct session_row {
    struct str id; /* names it to its owner and to relying parties */
    int64_t kind;  /* of actor */
    struct str actor;
    struct str name;
    int64_t assurance;
    struct str methods;
    struct instant since; /* of the last proof of identity */
    struct instant begun;
    struct instant seen;
    struct str agent;   /* User-Agent as sent, cut */
    struct str address; /* where it began */
};

/* ---- reading ---- */

/* The session of this hash (32 bytes), while it lasts; without agent and address. */
enum err session_find(struct ctx *ctx, struct db *db, struct str hash, struct session_row *ret,
                      bool *ret_found) MUST_USE;
/* Those of an actor that last, the last used first; without kind, actor and name. */
enum err session_list(struct ctx *ctx, struct db *db, struct str actor, struct session_row **ret,
                      size_t *ret_count) MUST_USE;

/* ---- what the writer is asked ---- */

extern const struct keep_table session_keeps;

/* Begin one under this hash. before: the hash of the session its browser had; empty: none. One of
 * the same actor goes on, by its id and beginning, under the new cookie alone; any other ends. */
struct keep session_keep_begin(struct arena *a, const struct session_row *s, struct str hash,
                               struct str before);
/* What it answered: the id and beginning, which may be those of the session that goes on. */
enum err session_kept_begun(struct ctx *ctx, struct str kept, struct str *ret_id,
                            struct instant *ret_begun) MUST_USE;
/* End the one of this id, if it is the actor's; with id empty all of the actor but `except`. */
struct keep session_keep_end(struct arena *a, struct str actor, struct str id, struct str except);
/* These were seen now. */
struct keep session_keep_seen(struct arena *a, const struct str *ids, size_t count);

/* ---- the queue of those that ended (within a kept operation, but the list) ---- */

enum err session_gone_list(struct ctx *ctx, struct db *db, size_t most, struct str **ret,
                           size_t *ret_count) MUST_USE;
/* It was read: it leaves the queue. */
enum err session_gone_told(struct ctx *ctx, struct db *db, struct str id) MUST_USE;
/* End those that are over by themselves, and forget what nobody read for a day. */
enum err session_sweep(struct ctx *ctx, struct db *db) MUST_USE;
