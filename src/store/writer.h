/* writer.h - the one thread that writes: a bounded queue, and many jobs in one transaction.
 *
 * It knows nothing of acts. A job is applied in a savepoint of its own, so that one failing job
 * leaves the others alone; then the batch is finished (before_commit), made durable, and only then
 * is each job told. No delay is added: a batch is what waits when the last one is done. Where an
 * error of one job costs the transaction of all, they are applied again without it.
 *
 * writer_submit may be called from any thread; every callback runs on the writer's thread (or in
 * writer_run_once). What apply pushes on ctx->arena is gone when it returns; what must last lives
 * in arenas of the job's own.
 */
#pragma once

#include "store/store.h"

struct writer;

struct writer_job {
    /* Read and write through db. An error undoes this job alone. May be called more than once; what
     * an earlier call did is undone by then. */
    enum err (*apply)(struct ctx *ctx, struct db *db, void *arg);
    /* Told once: ERR_OK when durable; else why. `why` may be NULL, and lives until done returns. */
    void (*done)(void *arg, enum err err, const struct why *why);
    void *arg;
};

struct writer_config {
    struct store *store;
    struct world *world;
    size_t arena_bytes; /* of a batch; 0 = LIMIT_WRITER_ARENA_BYTES */
    void *arg;          /* of the hooks; each hook may be NULL */
    /* A job's apply failed and its rows are undone: forget what it left in memory. */
    void (*undone)(void *arg);
    /* Once a transaction, after all jobs that count: sign the head. An error of its own fails all
     * of them. */
    enum err (*before_commit)(struct ctx *ctx, struct db *db, void *arg);
    /* The batch is durable (ERR_OK), or nothing of it is kept: forget it. Before the jobs are told.
     */
    void (*after_commit)(void *arg, enum err err);
    /* All jobs of the batch are told. */
    void (*told)(void *arg);
};

enum err writer_new(struct ctx *ctx, const struct writer_config *config,
                    struct writer **ret) MUST_USE;
/* Queue a job (copied). ERR_BUSY at once when LIMIT_WRITER_QUEUE jobs wait or the writer stops;
 * when the store is broken, ERR_IO. After an error done is not called. */
enum err writer_submit(struct ctx *ctx, struct writer *w, struct writer_job job) MUST_USE;
/* Start the thread. Without it, writer_run_once works off one batch on the calling thread and
 * returns how many jobs it told. */
enum err writer_start(struct ctx *ctx, struct writer *w) MUST_USE;
size_t writer_run_once(struct writer *w);
/* Take no more jobs, work off those that wait, end the thread. May be called twice. */
void writer_stop(struct writer *w);
/* Stops first. NULL is allowed. */
void writer_free(struct writer *w);
