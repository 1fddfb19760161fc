/* outbox.h - work that a transaction leaves to be done outside it, as rows.
 *
 * What is slow or leaves the house (a notice to another program, a seal, a long recount) may not
 * run in the writer's transaction, and may not be lost either. So the act, or the kept operation,
 * that wants it adds a row here in its own transaction: the row is there if and only if the act is.
 * The room jobs runs it later, and takes it away in the transaction that holds its effect. This
 * room is the rows alone; it knows no job and starts no thread.
 *
 * What becomes of a row:
 *
 *     outbox_add ─> WAITING ──outbox_take──> RUNNING ──outbox_done──> (gone)
 *                    ^   ^                      │ │
 *                    │   └──outbox_put_back─────┘ └──outbox_fail──> FAILED
 *                  HELD  (behind another of its lane)                │ outbox_rearm, outbox_drop
 *
 * A run is named by (id, run): the id is never given twice and run only grows. Whoever ends a run
 * says which one he means, and learns whether it is still his: so the effect of a run that was
 * given up, and its row taken again, can be left out. RUNNING has a time too, the end of its lease:
 * a process that died leaves rows that are due again by themselves, and each taking counts as a
 * try, so that a job that kills its process comes to an end.
 *
 * Rows of one kind and the same lane run one after the other in the order they were added, also
 * over failures: one that failed holds those behind it until an operator arms or drops it. The
 * empty lane is no lane.
 *
 * Every writing function wants the writer's connection inside its transaction. Rows are kept, not
 * rebuilt: an act that is replayed must add none (struct admitted has `replay`).
 */
#pragma once

#include "store/store.h"

enum outbox_state { OUTBOX_WAITING, OUTBOX_RUNNING, OUTBOX_HELD, OUTBOX_FAILED, OUTBOX_STATES };
/* "waiting" …, for lists. */
struct str outbox_state_name(enum outbox_state s);

/* A job as it is left. The same kind and key is the same job for as long as its row is there. */
struct outbox_job {
    struct str kind;    /* a row of the list of job kinds (cli/rooms.c) */
    struct str key;     /* what it is about, within its kind; at most LIMIT_OUTBOX_KEY_BYTES */
    struct str lane;    /* in turn with others of its lane; empty: in any order */
    struct str payload; /* at most LIMIT_OUTBOX_PAYLOAD_BYTES; only the kind can read it */
    struct instant not_before; /* ms 0: at once */
    int64_t seq;               /* the act that left it; -1: none */
};

struct outbox_row {
    int64_t id;
    struct str kind, key, lane, payload;
    enum outbox_state state;
    int64_t run;   /* how often it was taken, for ever */
    int64_t tries; /* how often since it last got on */
    struct instant due, added;
    int64_t seq;
    struct str error; /* why the last run did not end well; empty */
};

/* One run of a row. */
struct outbox_run {
    int64_t id;
    int64_t run;
};

/* Leave a job. *ret_added is false when it is there already: then nothing is written. ERR_BUSY when
 * LIMIT_OUTBOX_ROWS of its kind wait (other kinds do not stand in its way), ERR_TOO_LARGE,
 * ERR_USAGE for a kind or key that is empty or too long. */
enum err outbox_add(struct ctx *ctx, struct db *db, const struct outbox_job *job,
                    bool *ret_added) MUST_USE;

/* Rows of a kind that are due, the longest due first: read from any connection. */
enum err outbox_due(struct ctx *ctx, struct db *db, struct str kind, struct instant now,
                    size_t count, struct outbox_row **ret, size_t *ret_count) MUST_USE;
/* Begin a run of a row that was read as due, until the end of its lease. *ret_run.run is 0 when
 * somebody else took, ended or held it in between. */
enum err outbox_take(struct ctx *ctx, struct db *db, const struct outbox_row *seen,
                     struct instant lease_end, struct outbox_run *ret_run) MUST_USE;

/* ---- ending a run; *ret_mine false: the run is no longer this one's, and nothing is written ----
 */

enum err outbox_done(struct ctx *ctx, struct db *db, struct outbox_run run,
                     bool *ret_mine) MUST_USE;
/* Again, not before `due`. error empty: it got on, and its tries begin anew; what is left to do is
 * `payload` (p NULL: what it was). */
struct outbox_next {
    struct instant due;
    struct str payload;
    struct str error;
};
enum err outbox_put_back(struct ctx *ctx, struct db *db, struct outbox_run run,
                         const struct outbox_next *next, bool *ret_mine) MUST_USE;
enum err outbox_fail(struct ctx *ctx, struct db *db, struct outbox_run run, struct str error,
                     bool *ret_mine) MUST_USE;

/* ---- for operators ---- */

/* Rows in one state by id, after an id (0: from the first). */
enum err outbox_list(struct ctx *ctx, struct db *db, enum outbox_state state, int64_t after,
                     size_t count, struct outbox_row **ret, size_t *ret_count) MUST_USE;
enum err outbox_row_get(struct ctx *ctx, struct db *db, int64_t id, struct outbox_row *ret,
                        bool *ret_found) MUST_USE;
/* A failed row is due at once, with all its tries; or goes for good, and the next of its lane has
 * its turn. *ret_found false: there is no failed row of this id. */
enum err outbox_rearm(struct ctx *ctx, struct db *db, int64_t id, bool *ret_found) MUST_USE;
enum err outbox_drop(struct ctx *ctx, struct db *db, int64_t id, bool *ret_found) MUST_USE;
/* Drop failed rows that were added before an instant, some at a time. */
enum err outbox_sweep(struct ctx *ctx, struct db *db, struct instant before) MUST_USE;
