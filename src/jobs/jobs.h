/* jobs.h - the pool that does what stands in the outbox, outside the writer's transaction.
 *
 * A room names a kind of job by a row (struct job_kind, listed in cli/rooms.c): a function that
 * does one row of the outbox on a thread of the pool, with a connection that reads. It may take its
 * time, ask other programs, draw and seal; it may not write. What it finds comes back as
 *
 *   a draft, which goes through the gate as any other does, under an idempotency key of the row; or
 *   a kept operation, which writes kept rows (or views, by the gate's own functions); or nothing,
 *   where the effect was outside;
 *
 * and the row goes, or is put back, in that same transaction of the writer. So whatever dies
 * between two writes, a job is done at least once, and its effect in the store exactly once. An
 * effect outside (a notice sent) may come twice: its receiver is told by what it can know it.
 *
 * A run that returns an error, is refused by law, or runs past its time is tried again after a
 * pause that grows; after tries_most it is failed, which operators see (tongban jobs, the page
 * /jobs) and can arm again. A thread whose job hangs is given up and replaced, up to
 * LIMIT_JOBS_LOST; whatever it still brings is not taken.
 */
#pragma once

#include "gate/gate.h"
#include "outbox/outbox.h"

struct jobs;

/* One run. Lives, with all it points to, until the function returns. */
struct job {
    struct str kind;
    struct str key;
    struct str payload;
    int64_t seq;      /* the act that left it; -1: none */
    int64_t tries;    /* 1 at the first */
    int64_t until_ns; /* steady clock: what is not done by then is given up */
    struct db *db;    /* reads */
    struct gate *gate;
    void *state; /* of the kind's room, as jobs_config gave it */
};

enum job_end {
    JOB_DONE, /* the row goes */
    JOB_MORE, /* it got on, and there is more to do: `payload` says what is left */
    JOB_AGAIN /* it did not go well: `error` says why; once more after a pause */
};
struct job_result;
/* Runs on the writer's thread, in the transaction that ends the run, before its end: it may still
 * change that, as long as what it sets lives on ctx->arena. An error undoes all of it. */
typedef enum err job_keep(struct ctx *ctx, struct db *db, void *arg, struct job_result *result);
struct job_result {
    enum job_end end;
    struct str error;          /* JOB_AGAIN */
    struct str payload;        /* JOB_MORE; p NULL: what it was */
    struct instant not_before; /* JOB_MORE; ms 0: at once */
    const struct draft *draft; /* JOB_DONE only; its key is set from the row. NULL: none */
    job_keep *keep;            /* JOB_DONE and JOB_MORE; NULL: none */
    void *keep_arg;
};
/* On a thread of the pool. An error is JOB_AGAIN with what ctx->why says. *ret is zeroed: JOB_DONE
 * with nothing to keep. */
typedef enum err job_run(struct ctx *ctx, const struct job *job, struct job_result *ret);

struct job_kind {
    const char *kind;
    const char *room; /* whose state it gets */
    job_run *run;
    int at_once;    /* of this kind; so that a slow kind leaves threads to others */
    int time_ms;    /* of one run */
    int tries_most; /* then it is failed */
    int pause_s;    /* before the second try; three times that before the third, and so on */
    int pause_most_s;
};

/* Bringing cases up to law that was published, some in each run (gate/catch_up.c). */
extern const struct job_kind jobs_catch_up;

/* What a room keeps for its jobs while the program serves. */
struct job_state {
    const char *room;
    void *state;
};
struct jobs_config {
    struct gate *gate;
    struct store *store;
    const struct job_kind *kinds; /* must outlive the pool */
    size_t kind_count;
    const struct job_state *states;
    size_t state_count;
    int threads; /* 0: LIMIT_JOBS_THREADS */
};

enum err jobs_new(struct ctx *ctx, const struct jobs_config *config, struct jobs **ret) MUST_USE;
/* Start the pool; the gate has its thread by then. */
enum err jobs_start(struct ctx *ctx, struct jobs *j) MUST_USE;
/* Rows may have come: look now, not at the next turn. Any thread. */
void jobs_poke(struct jobs *j);
/* Take no more rows, let runs end for a while. False when one hangs: then gate and store must not
 * be closed, for its thread may still use them; the process can only end. May be called twice. */
bool jobs_stop(struct jobs *j);
/* Stops first; a pool with a thread that hangs is left as it is. NULL is allowed. */
void jobs_free(struct jobs *j);

/* Without threads (simulator, tests, commands; a gate without its thread): do once what is due, on
 * the calling thread, and say how many rows were run. */
enum err jobs_run_once(struct ctx *ctx, struct jobs *j, size_t *ret_count) MUST_USE;

/* How it goes, for health and tests. Any thread. */
struct jobs_count {
    int running;
    int lost; /* threads whose job hangs */
};
struct jobs_count jobs_count(struct jobs *j);

/* An operator's order about a failed row, through the writer: arm it again, or drop it. *ret_found
 * false: no failed row has this id. For commands, on a gate without its thread. */
enum err jobs_order(struct ctx *ctx, struct gate *g, int64_t id, bool drop,
                    bool *ret_found) MUST_USE;
