/* A ring of jobs under one lock, and threads that take from it. Jobs are few and take milliseconds,
 * so nothing finer would be felt. */
#include "web/pool.h"

static void *work(void *arg)
{
    struct pool *p = arg;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->count == 0 && !p->stopping) {
            pthread_cond_wait(&p->changed, &p->lock);
        }
        if (p->count == 0) {
            break;
        }
        struct pool_job job = p->jobs[p->first];
        p->first = (p->first + 1) % p->most;
        p->count--;
        pthread_mutex_unlock(&p->lock);
        job.run(job.arg);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

enum err pool_open(struct ctx *ctx, struct pool *p, size_t threads, size_t most)
{
    must(most > 0 && most <= LEN(p->jobs) && threads <= LEN(p->threads));
    p->most = most;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    for (size_t i = 0; i < threads; i++) {
        if (pthread_create(&p->threads[i], NULL, work, p) != 0) {
            pool_close(p);
            return fault(ctx, ERR_MEMORY, "no thread for what would hold a loop");
        }
        p->thread_count++;
    }
    return ERR_OK;
}

enum err pool_submit(struct ctx *ctx, struct pool *p, struct pool_job job)
{
    pthread_mutex_lock(&p->lock);
    bool room = p->count < p->most && !p->stopping;
    if (room) {
        p->jobs[(p->first + p->count) % p->most] = job;
        p->count++;
        pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return room ? ERR_OK : fault(ctx, ERR_BUSY, "more than %zu requests wait for this", p->most);
}

void pool_close(struct pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    while (p->thread_count > 0) {
        pthread_join(p->threads[--p->thread_count], NULL);
    }
}
