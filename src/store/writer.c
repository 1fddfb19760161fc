/* writer.c - a bounded queue and the one thread that empties it, a batch a transaction.
 *
 * Order of a batch: begin; each job in its savepoint; before_commit; commit; after_commit; done of
 * each. An apply that passes the cap of the arena lands in call_guarded, and its job alone fails.
 *
 * Savepoints keep jobs apart as long as the engine tells an error at the job that made it. It does
 * not always: PostgreSQL answers writes late, when their savepoint is released already, and SQLite
 * ends the whole transaction by itself where a disk is full. Such a transaction is lost for all its
 * jobs, and which one was to blame nobody knows. So it is forgotten and its jobs are applied anew
 * in two halves, a transaction each, and these again, until one job fails by itself: of 256 jobs
 * that takes 16 transactions more, and the other 255 are done. A job must bear to be applied again
 * from the same arguments. What the hook answers (a key holder that is away) and a store that
 * broke would be the same for each half, so there nothing is tried again.
 */
#include "store/writer.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "limit_gen.h"
#include "store/store_in.h"

/* Kept free behind every callback, so that the store can still say what went wrong. */
enum { MARGIN_BYTES = 65536 };

struct told {
    enum err err;
    struct why why;
};

struct writer {
    struct writer_config config;
    struct ctx ctx; /* of the batch */
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool stopping; /* takes no more jobs */
    bool has_thread;
    pthread_t thread;
    size_t first;
    size_t count;
    struct writer_job queue[LIMIT_WRITER_QUEUE];
    /* of the batch; the thread's own */
    size_t job_count;
    struct writer_job job[LIMIT_WRITER_BATCH];
    struct told told[LIMIT_WRITER_BATCH];
};

enum err writer_new(struct ctx *ctx, const struct writer_config *config, struct writer **ret)
{
    size_t cap = config->arena_bytes == 0 ? LIMIT_WRITER_ARENA_BYTES : config->arena_bytes;
    must(cap > (size_t)2 * MARGIN_BYTES);
    struct arena *arena = arena_new(cap);
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no address space for the writer's %zu bytes", cap);
    }
    struct writer *w = store_alloc(sizeof(*w));
    w->config = *config;
    w->config.arena_bytes = cap;
    w->ctx = (struct ctx){.arena = arena, .world = config->world};
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->wake, NULL);
    *ret = w;
    return ERR_OK;
}

enum err writer_submit(struct ctx *ctx, struct writer *w, struct writer_job job)
{
    if (store_is_broken(w->config.store)) {
        return fault(
            ctx, ERR_IO,
            "an earlier write failed and what the disk holds is unknown: restart the node");
    }
    pthread_mutex_lock(&w->mutex);
    bool room = w->count < LIMIT_WRITER_QUEUE && !w->stopping;
    if (room) {
        w->queue[(w->first + w->count++) % LIMIT_WRITER_QUEUE] = job;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->mutex);
    return room ? ERR_OK
                : fault(ctx, ERR_BUSY, "the writer takes no more than %d waiting jobs",
                        LIMIT_WRITER_QUEUE);
}

/* Move what waits into the batch. */
static void batch_take(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    while (w->count > 0 && w->job_count < LIMIT_WRITER_BATCH) {
        w->job[w->job_count++] = w->queue[w->first];
        w->first = (w->first + 1) % LIMIT_WRITER_QUEUE;
        w->count--;
    }
    pthread_mutex_unlock(&w->mutex);
}

/* ---- one job ---- */

typedef enum err callback(struct ctx *ctx, struct db *db, void *arg);

/* Small, for setjmp: true when fn returned within the arena; *ret_err is then its answer. */
static bool call_guarded(struct writer *w, callback *fn, void *arg, enum err *ret_err)
{
    struct arena_guard guard;
    if (setjmp(guard.jump) != 0) {
        arena_guard(w->ctx.arena, NULL);
        return false;
    }
    arena_guard(w->ctx.arena, &guard);
    *ret_err = fn(&w->ctx, store_writer(w->config.store), arg);
    arena_guard(w->ctx.arena, NULL);
    return arena_used(w->ctx.arena) + MARGIN_BYTES <= w->config.arena_bytes;
}

static void job_undo(struct writer *w)
{
    struct db *db = store_writer(w->config.store);
    if (db->in_savepoint) {
        enum err e = db_rollback_to(&w->ctx, db);
        (void)
            e; /* a transaction that cannot go on says so again at the next job and at the commit */
    }
    if (w->config.undone != NULL) {
        w->config.undone(w->config.arg);
    }
}

/* What went wrong, cut to a bounded length, kept after the rest of the job's bytes is gone. */
static struct why why_keep(struct arena *a, struct arena_mark mark, const struct why *why)
{
    char text[3][256];
    struct why kept = *why;
    struct str *part[3] = {&kept.field, &kept.file, &kept.detail};
    for (size_t i = 0; i < LEN(part); i++) {
        part[i]->n = part[i]->n < sizeof(text[i]) ? part[i]->n : sizeof(text[i]);
        memcpy(text[i], part[i]->n == 0 ? "" : part[i]->p, part[i]->n);
    }
    arena_reset(a, mark);
    for (size_t i = 0; i < LEN(part); i++) {
        *part[i] = str_copy(a, (struct str){text[i], part[i]->n});
    }
    return kept;
}

/* Apply one job. It has the arena to itself: the next one finds the same bytes, still in the cache.
 */
static void job_run(struct writer *w, size_t i)
{
    struct db *db = store_writer(w->config.store);
    struct ctx *ctx = &w->ctx;
    struct arena_mark mark = arena_mark(ctx->arena);
    ctx->why = (struct why){0};
    enum err e = db_savepoint(ctx, db);
    if (e == ERR_OK) {
        bool fits = call_guarded(w, w->job[i].apply, w->job[i].arg, &e);
        db_settle(db);
        if (!fits) {
            arena_reset(ctx->arena, mark);
            e = fault(ctx, ERR_MEMORY, "a job took more than %zu bytes", w->config.arena_bytes);
        } else if (e == ERR_OK) {
            e = db_release(ctx, db);
        }
        if (e != ERR_OK) {
            struct why why = ctx->why;
            job_undo(w);
            ctx->why = why;
        }
    }
    w->told[i] = (struct told){.err = e};
    if (e == ERR_OK) {
        arena_reset(ctx->arena, mark);
    } else {
        w->told[i].why = why_keep(ctx->arena, mark, &ctx->why);
    }
}

/* ---- one batch ---- */

/* How a transaction of jobs ended. again: its own doing and no job's, as far as is known. */
struct outcome {
    enum err err;
    bool again;
};

static enum err before_commit(struct writer *w)
{
    struct ctx *ctx = &w->ctx;
    enum err e = ERR_OK;
    struct arena_mark mark = arena_mark(ctx->arena);
    if (w->config.before_commit != NULL &&
        !call_guarded(w, w->config.before_commit, w->config.arg, &e)) {
        db_settle(store_writer(w->config.store));
        arena_reset(ctx->arena, mark);
        e = fault(ctx, ERR_MEMORY, "a batch took more than %zu bytes", w->config.arena_bytes);
    }
    return e;
}

static struct outcome batch_commit(struct writer *w)
{
    struct db *db = store_writer(w->config.store);
    bool is_lost = db->doomed != ERR_OK; /* then there is nothing to sign */
    enum err e = is_lost ? ERR_OK : before_commit(w);
    bool refuses = e != ERR_OK && db->doomed == ERR_OK;
    e = e == ERR_OK ? db_commit(&w->ctx, db) : e;
    db_rollback(db); /* unless it is committed */
    /* A disk that takes no writes takes none of half as many. */
    bool again = e != ERR_OK && !refuses && e != ERR_READ_ONLY && !store_is_broken(w->config.store);
    return (struct outcome){e, again};
}

static void batch_tell(struct writer *w, size_t first, size_t count, enum err e)
{
    struct why why = w->ctx.why;
    for (size_t i = first; i < first + count; i++) {
        const struct told *t = &w->told[i];
        const struct writer_job *job = &w->job[i];
        if (t->err != ERR_OK) {
            job->done(job->arg, t->err, &t->why);
        } else {
            job->done(job->arg, e, e == ERR_OK ? NULL : &why);
        }
    }
    if (w->config.told != NULL) {
        w->config.told(w->config.arg);
    }
}

/* Some jobs of the batch in one transaction; who failed by itself stands in w->told. */
static struct outcome batch_try(struct writer *w, size_t first, size_t count)
{
    struct ctx *ctx = &w->ctx;
    struct db *db = store_writer(w->config.store);
    size_t good = 0;
    ctx->why = (struct why){0};
    memset(&w->told[first], 0, count * sizeof(w->told[0]));
    enum err e = db_begin(ctx, db);
    if (e != ERR_OK) {
        return (struct outcome){e, false};
    }
    for (size_t i = first; i < first + count; i++) {
        job_run(w, i);
        good += w->told[i].err == ERR_OK;
    }
    if (good > 0 || (db->doomed != ERR_OK && count > 1)) {
        ctx->why = (struct why){0};
        return batch_commit(w);
    }
    db_rollback(db);
    return (struct outcome){ERR_OK, false};
}

/* In order; each job is told when it is durable, or has failed alone. As deep as halving goes. */
static void batch_run(struct writer *w, size_t first, size_t count)
{
    must(count > 0 && first + count <= w->job_count);
    struct arena_mark mark = arena_mark(w->ctx.arena);
    struct outcome o = batch_try(w, first, count);
    if (w->config.after_commit != NULL) {
        w->config.after_commit(w->config.arg, o.err);
    }
    if (o.again && count > 1) {
        arena_reset(w->ctx.arena, mark);
        batch_run(w, first, count / 2);
        batch_run(w, first + count / 2, count - count / 2);
        return;
    }
    batch_tell(w, first, count, o.err);
    arena_reset(w->ctx.arena, mark);
}

size_t writer_run_once(struct writer *w)
{
    batch_take(w);
    size_t count = w->job_count;
    if (count == 0) {
        return 0;
    }
    batch_run(w, 0, count);
    arena_clear(w->ctx.arena);
    w->job_count = 0;
    return count;
}

/* ---- the thread ---- */

static bool wait_for_work(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    while (w->count == 0 && !w->stopping) {
        pthread_cond_wait(&w->wake, &w->mutex);
    }
    bool work = w->count > 0;
    pthread_mutex_unlock(&w->mutex);
    return work;
}

static void *thread_main(void *arg)
{
    struct writer *w = arg;
    while (wait_for_work(w)) {
        writer_run_once(w);
    }
    return NULL;
}

enum err writer_start(struct ctx *ctx, struct writer *w)
{
    must(!w->has_thread && !w->stopping);
    int r = pthread_create(&w->thread, NULL, thread_main, w);
    if (r != 0) {
        return fault(ctx, ERR_MEMORY, "the system gives no thread for the writer: %s", strerror(r));
    }
    w->has_thread = true;
    return ERR_OK;
}

void writer_stop(struct writer *w)
{
    pthread_mutex_lock(&w->mutex);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->mutex);
    if (w->has_thread) {
        pthread_join(w->thread, NULL);
        w->has_thread = false;
    }
    while (writer_run_once(w) > 0) {
    }
}

void writer_free(struct writer *w)
{
    if (w == NULL) {
        return;
    }
    writer_stop(w);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->mutex);
    arena_free(w->ctx.arena);
    free(w);
}
