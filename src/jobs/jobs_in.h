/* jobs_in.h - inside the pool: one run from row to end (run.c), and who runs it (pool.c). */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "jobs/jobs.h"
#include "limit_gen.h"

#include <pthread.h>
#include <stdatomic.h>

/* A row stays leased this much longer than its job may take: the writer may be slow to hear of it.
 * When even that is past, the row is due again, and the late end is not taken. */
enum { LEASE_MARGIN_MS = 10000 };

/* What a call to the writer came to, waited for. The writer's thread may not push on the caller's
 * arena, so short texts are copied here. */
struct told {
    pthread_mutex_t lock;
    pthread_cond_t come;
    bool is_told;
    enum err err;
    bool refused;  /* a draft, by law */
    bool repeated; /* a draft whose act stood there before */
    char text[LIMIT_OUTBOX_ERROR_BYTES];
    size_t text_n;
};
void told_init(struct told *w);
void told_free(struct told *w);
gate_done told_hear; /* arg: struct told */
/* Wait; without the writer's thread, do its work meanwhile. */
void told_wait(struct told *w, struct gate *gate, bool threaded);

/* A row that was taken, with its kind. */
struct taken {
    const struct job_kind *kind;
    struct outbox_row row;
    struct outbox_run run; /* run.run 0: it was not */
};

/* Take rows for this process, in one transaction; those that another took in between have run 0. */
enum err rows_take(struct ctx *ctx, struct jobs *j, struct taken *list, size_t count) MUST_USE;
/* Do one row, and hear what comes of it: everything between is in memory of ctx->arena. */
void row_run(struct ctx *ctx, struct jobs *j, const struct taken *t, struct db *db,
             struct job_result *ret);
/* End its run in the writer, with the effect. ERR_CANCELLED: it was no longer this run's. */
enum err row_end(struct ctx *ctx, struct jobs *j, const struct taken *t,
                 struct job_result *result) MUST_USE;
/* The run came to nothing: put it back for another try, or let it fail. */
enum err row_missed(struct ctx *ctx, struct jobs *j, const struct taken *t,
                    struct str error) MUST_USE;

/* ---- the pool ---- */

enum slot_state {
    SLOT_EMPTY,   /* no thread */
    SLOT_IDLE,    /* waits for a row */
    SLOT_GIVEN,   /* has one */
    SLOT_RUNNING, /* in the room's function */
    SLOT_ENDING,  /* tells the writer */
    SLOT_ENDED,   /* its thread returns */
    SLOT_LOST     /* in the room's function, past its time: nobody waits for it */
};
struct slot {
    struct jobs *jobs;
    enum slot_state state;
    pthread_t thread;
    struct arena *arena; /* of one run */
    struct arena *given; /* the row it was given */
    struct db *db;
    struct taken taken;
    int64_t until_ns;
};
struct jobs {
    struct jobs_config config;
    struct arena *arena; /* this struct stands on it */
    struct world *world;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* of the keeper: a slot is idle, a poke, the end */
    pthread_cond_t work; /* of the slots */
    pthread_t keeper;
    bool started;
    atomic_bool stopping;
    bool poked;
    struct slot slots[LIMIT_JOBS_THREADS + LIMIT_JOBS_LOST];
};
