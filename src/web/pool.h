/* pool.h - few threads with a short queue, for what would hold a loop.
 *
 * A loop answers one request after another, so whatever takes long on it is waited for by all.
 * Pages marked ON_POOL and the hashing of passwords run here instead: a flood of them fills a queue
 * and is asked to come again, and everything else goes on.
 */
#pragma once

#include <pthread.h>

#include "base/base.h"
#include "limit_gen.h"

enum { POOL_THREADS = 4 };
struct pool_job {
    void (*run)(void *arg);
    void *arg;
};
struct pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct pool_job jobs[LIMIT_SLOW_QUEUE];
    size_t most; /* that wait */
    size_t first;
    size_t count;
    bool stopping;
    pthread_t threads[POOL_THREADS];
    size_t thread_count;
};
/* Start so many threads (POOL_THREADS at most) over a queue of `most` (LIMIT_SLOW_QUEUE at most).
 */
enum err pool_open(struct ctx *ctx, struct pool *p, size_t threads, size_t most) MUST_USE;
/* Queue a job; ERR_BUSY at once when `most` wait. Any thread; ctx is not touched once it is queued.
 */
enum err pool_submit(struct ctx *ctx, struct pool *p, struct pool_job job) MUST_USE;
/* Work off what waits and end the threads. May be called twice. */
void pool_close(struct pool *p);
