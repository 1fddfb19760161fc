/* lend.c - the law that fronts read is linked here, in the process that writes, where all of them
 * see it (book/lending.h).
 *
 * A thread of its own: linking takes up to some tenths of a second, for which neither the writer
 * nor what fronts send may wait. It links today's law before anybody asks, at start and when law is
 * published; what else fronts come upon, the law of an older case, they ask for. While the answer
 * is on its way the snapshot is pinned by the arena it was asked on; then it stays because it was
 * asked for last.
 */
#include "gate/gate_in.h"

#include "store/store.h"

enum { LEND_BYTES = 4 << 20 };

struct lender {
    struct gate *gate;
    struct ctx ctx;    /* of the thread */
    struct db *reader; /* its own */
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    pthread_t thread;
    bool has_thread;
    bool stops;
    bool today; /* is to be linked */
    struct lend_ask *first;
    struct lend_ask **last;
};

enum err lender_new(struct ctx *ctx, struct gate *g, struct lender **ret)
{
    struct lender *l = ARENA_NEW(g->arena, struct lender);
    struct arena *arena = arena_new(LEND_BYTES);
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory to lend law");
    }
    l->gate = g;
    l->ctx = (struct ctx){.arena = arena, .world = ctx->world};
    l->last = &l->first;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->wanted, NULL);
    *ret = l;
    return ERR_OK;
}

static enum err link_law(struct lender *l, int64_t law_seq, struct day day)
{
    struct ctx *ctx = &l->ctx;
    const struct law *law = NULL;
    if (l->reader == NULL) {
        TRY(store_reader(ctx, l->gate->store, &l->reader));
    }
    TRY(book_law(ctx, l->gate->book, l->reader, law_seq, day, &law));
    return law == NULL ? fault(ctx, ERR_NOT_FOUND, "no law is in force that day") : ERR_OK;
}

static void answer(struct lender *l, struct lend_ask *ask)
{
    static const struct receipt none = {.seq = -1};
    l->ctx.why = (struct why){0};
    enum err e = link_law(l, ask->law_seq, ask->day);
    ask->done(ask->arg, e, e == ERR_OK ? NULL : &l->ctx.why, e == ERR_OK ? &none : NULL);
    arena_clear(l->ctx.arena);
}

/* A fault of it is told to whoever asks for it. */
static void link_today(struct lender *l)
{
    struct day today = instant_day(l->ctx.world->now(l->ctx.world));
    (void)!link_law(l, book_visible(l->gate->book), today);
    arena_clear(l->ctx.arena);
}

/* Under the lock. */
static struct lend_ask *take(struct lender *l)
{
    struct lend_ask *ask = l->first;
    if (ask != NULL) {
        l->first = ask->next;
        l->last = l->first == NULL ? &l->first : l->last;
    }
    return ask;
}

static void *lender_main(void *arg)
{
    struct lender *l = arg;
    pthread_mutex_lock(&l->lock);
    while (!l->stops) {
        struct lend_ask *ask = take(l);
        bool today = l->today;
        if (ask == NULL && !today) {
            pthread_cond_wait(&l->wanted, &l->lock);
            continue;
        }
        l->today = false;
        pthread_mutex_unlock(&l->lock);
        if (today) {
            link_today(l);
        }
        if (ask != NULL) {
            answer(l, ask);
        }
        pthread_mutex_lock(&l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

enum err lender_start(struct ctx *ctx, struct lender *l)
{
    l->today = true;
    int why = pthread_create(&l->thread, NULL, lender_main, l);
    if (why != 0) {
        return fault(ctx, ERR_MEMORY, "the system gives no thread to lend law: %s", strerror(why));
    }
    l->has_thread = true;
    return ERR_OK;
}

void lender_ask(struct lender *l, struct lend_ask *ask)
{
    ask->next = NULL;
    pthread_mutex_lock(&l->lock);
    *l->last = ask;
    l->last = &ask->next;
    pthread_cond_signal(&l->wanted);
    pthread_mutex_unlock(&l->lock);
}

void lender_ask_today(struct lender *l)
{
    pthread_mutex_lock(&l->lock);
    l->today = true;
    pthread_cond_signal(&l->wanted);
    pthread_mutex_unlock(&l->lock);
}

void lender_stop(struct lender *l)
{
    if (l == NULL || !l->has_thread) {
        return;
    }
    pthread_mutex_lock(&l->lock);
    l->stops = true;
    pthread_cond_signal(&l->wanted);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->thread, NULL);
    l->has_thread = false;
    struct why why = {.code = ERR_NO_WRITER, .detail = STR("the process that writes ends")};
    for (struct lend_ask *ask = take(l); ask != NULL; ask = take(l)) {
        ask->done(ask->arg, ERR_NO_WRITER, &why, NULL);
    }
}

void lender_free(struct lender *l)
{
    if (l == NULL) {
        return;
    }
    lender_stop(l);
    db_close(l->reader);
    arena_free(l->ctx.arena);
    pthread_mutex_destroy(&l->lock);
    pthread_cond_destroy(&l->wanted);
}
