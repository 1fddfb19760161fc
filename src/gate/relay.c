/* relay.c - the writer's end of the sockets to the fronts.
 *
 * One thread waits for all fronts. A frame is read into the arena of a submission, where the draft
 * then borrows from it, and is queued like any other: the writer cannot tell where a draft came
 * from. Answers are put on the front's link by the writer's thread as it tells each job, and sent
 * once a batch (relay_flush), so a front wakes once for all its answers of a batch. A front that
 * does not take them (stopped, or slow) holds nobody up: they wait on its link, and the thread
 * sends them when it can. Law that a front wants to read is linked by another thread (lend.c).
 */
#include "gate/relay.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/link.h"
#include "gate/gate_in.h"
#include "gate/post.h"
#include "store/share.h"

enum {
    /* Answers waiting for one front: as many as it may have open, each of some text. */
    OUT_BYTES = 64 << 20,
    OPEN_MAX = LIMIT_WRITER_QUEUE,
    CTX_BYTES = 1 << 20,
    BURY_MS = 1000 /* a front that is gone is looked at again so often */
};

enum peer_state { PEER_NONE, PEER_ON, PEER_GONE /* until what it asked for is told */ };

struct peer {
    struct link link;
    enum peer_state state; /* under the relay's lock */
    bool is_far;           /* on another machine: it sees no memory of this one */
    atomic_int open;       /* asked and not told */
    atomic_bool has_out;
};

struct relay {
    struct gate *gate;
    struct arena *arena;
    struct ctx ctx; /* of the thread */
    pthread_mutex_t lock;
    pthread_t thread;
    bool has_thread;
    atomic_bool stops;
    int wake;
    struct lender *lender;
    struct peer peer[LIMIT_FRONTS];
};

/* A frame on its way to the writer; in the arena of its submission. */
struct asked {
    struct relay *relay;
    struct peer *peer;
    struct submission *submission;
    struct lend_ask law; /* when that is what it asks for */
    uint32_t id;
};

static void wake(struct relay *r)
{
    (void)eventfd_write(r->wake, 1);
}

/* ---- answers ---- */

static void put_answer(struct buf *b, void *arg)
{
    post_put_answer(b, arg);
}

static void tell(struct peer *p, uint32_t id, struct post_answer *a)
{
    if (!link_put(&p->link, FRAME_TASK, id, put_answer, a)) {
        link_break(&p->link); /* it would wait for this answer for ever */
    }
    atomic_store(&p->has_out, true);
}

static void told(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct asked *q = arg;
    struct post_answer a = {.err = err};
    if (err == ERR_OK) {
        a.receipt = *receipt;
    }
    if (err != ERR_OK && why != NULL) {
        a.detail = why->detail;
        a.field = why->field;
    }
    tell(q->peer, q->id, &a);
    /* Last: from here on the peer may be forgotten. */
    atomic_fetch_sub(&q->peer->open, 1);
}

void relay_flush(struct relay *r)
{
    bool left = false;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < LIMIT_FRONTS; i++) {
        struct peer *p = &r->peer[i];
        if (p->state != PEER_NONE && atomic_exchange(&p->has_out, false)) {
            bool all = link_flush(&p->link);
            left = left || !all;
        }
    }
    pthread_mutex_unlock(&r->lock);
    if (left) {
        wake(r); /* the thread sends the rest */
    }
}

static void put_count(struct buf *b, void *arg)
{
    post_put_law(b, &(struct post_law){.seq = *(const int64_t *)arg});
}

/* Under the lock. A front that joins is told how many there are, and whoever is on when one more is
 * told that: the number is read after the front is on, so that none falls between. */
static void tell_published(struct relay *r, struct peer *p)
{
    int64_t count = store_told(r->gate->store, STORE_WORD_LAW);
    if (!link_put(&p->link, FRAME_PUBLISHED, 0, put_count, &count)) {
        link_break(&p->link);
    }
    atomic_store(&p->has_out, true);
}

/* On the writer's thread, before it tells the acts of the batch: so a far front knows of law before
 * whoever published it there is answered. */
void relay_published(struct relay *r)
{
    lender_ask_today(r->lender);
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < LIMIT_FRONTS; i++) {
        if (r->peer[i].state == PEER_ON && r->peer[i].is_far) {
            tell_published(r, &r->peer[i]);
        }
    }
    pthread_mutex_unlock(&r->lock);
}

/* ---- what fronts ask ---- */

struct taking {
    struct relay *relay;
    struct peer *peer;
};

/* Room for a frame, in the arena of its submission, beside what it will be told by. */
static char *take_room(void *arg, const struct link_head *head, void **ret_own)
{
    const struct taking *t = arg;
    struct submission *s = submission_take(t->relay->gate);
    struct asked *q = submission_push(s, sizeof(*q));
    char *body = submission_push(s, head->bytes);
    if (body != NULL) {
        *q = (struct asked){.relay = t->relay, .peer = t->peer, .id = head->id, .submission = s};
    } else if (s != NULL) {
        submission_give(s);
        q = NULL;
    }
    *ret_own = q;
    return body;
}

/* It can be read, or it cannot. */
static void law_told(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct asked *q = arg;
    struct relay *r = q->relay;
    struct submission *s = q->submission;
    told(q, err, why, receipt);
    submission_give(s);
    relay_flush(r);
}

/* Hand over what a frame asks for. */
static enum err pass_on(struct ctx *ctx, struct relay *r, uint32_t kind, struct asked *q,
                        struct str bytes)
{
    struct post_law law;
    if (kind != FRAME_LAW) {
        return submission_queue(ctx, q->submission, bytes, told, q);
    }
    if (!post_get_law(bytes, &law)) {
        return fault(ctx, ERR_SYNTAX, "a front asks for what is no law");
    }
    q->law = (struct lend_ask){.law_seq = law.seq, .day = law.day, .done = law_told, .arg = q};
    lender_ask(r->lender, &q->law);
    return ERR_OK;
}

static void take_whole(void *arg, const struct link_head *head, char *body, void *own)
{
    const struct taking *t = arg;
    struct ctx *ctx = &t->relay->ctx;
    struct asked *q = own;
    struct arena_mark mark = arena_mark(ctx->arena);
    enum err e = ERR_OK;
    ctx->why = (struct why){0};
    if (atomic_fetch_add(&t->peer->open, 1) >= OPEN_MAX) {
        e = fault(ctx, ERR_BUSY, "too much waits for the writer");
    } else if (body == NULL) {
        e = fault(ctx, ERR_MEMORY, "no memory for a draft of %u bytes", head->bytes);
    }
    struct submission *s = q == NULL ? NULL : q->submission;
    if (e == ERR_OK) {
        e = pass_on(ctx, t->relay, head->kind, q, (struct str){body, head->bytes});
    }
    if (e != ERR_OK) {
        struct post_answer a = {.err = e, .detail = ctx->why.detail};
        tell(t->peer, head->id, &a);
        atomic_fetch_sub(&t->peer->open, 1);
        if (s != NULL) {
            submission_give(s);
        }
    }
    arena_reset(ctx->arena, mark);
}

static void take_lost(void *arg UNUSED, void *own)
{
    struct asked *q = own;
    if (q != NULL) {
        submission_give(q->submission);
    }
}

/* ---- the thread ---- */

/* Take in what one front sent. One that is gone is forgotten when nothing of it is open any more.
 */
static void peer_serve(struct relay *r, struct peer *p)
{
    struct taking t = {r, p};
    struct link_taker taker = {&t, take_room, take_whole, take_lost};
    if (p->state == PEER_ON && !link_read(&p->link, &taker)) {
        pthread_mutex_lock(&r->lock); /* the writer's thread looks at it when it flushes */
        p->state = PEER_GONE;
        pthread_mutex_unlock(&r->lock);
    }
}

/* Under the lock, for the writer's thread may be sending what it put last. */
static void peer_bury(struct relay *r, struct peer *p)
{
    pthread_mutex_lock(&r->lock);
    if (p->state == PEER_GONE && atomic_load(&p->open) == 0) {
        link_close(&p->link);
        p->state = PEER_NONE;
    }
    pthread_mutex_unlock(&r->lock);
}

/* The sockets of all that are on, the wake of the thread first. */
static nfds_t gather(struct relay *r, struct pollfd *fds, struct peer **peers)
{
    nfds_t n = 0;
    fds[n++] = (struct pollfd){.fd = r->wake, .events = POLLIN};
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < LIMIT_FRONTS; i++) {
        struct peer *p = &r->peer[i];
        if (p->state == PEER_ON) {
            bool left = !link_flush(&p->link);
            peers[n] = p;
            fds[n++] = (struct pollfd){.fd = p->link.socket,
                                       .events = (short)(POLLIN | (left ? POLLOUT : 0))};
        }
    }
    pthread_mutex_unlock(&r->lock);
    return n;
}

static void *relay_main(void *arg)
{
    struct relay *r = arg;
    struct pollfd fds[LIMIT_FRONTS + 1];
    struct peer *peers[LIMIT_FRONTS + 1];
    while (!atomic_load(&r->stops)) {
        nfds_t n = gather(r, fds, peers);
        if (poll(fds, n, BURY_MS) < 0 && errno != EINTR) {
            break;
        }
        eventfd_t count = 0;
        (void)eventfd_read(r->wake, &count);
        for (nfds_t i = 1; i < n; i++) {
            if ((fds[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
                peer_serve(r, peers[i]);
            }
        }
        for (size_t i = 0; i < LIMIT_FRONTS; i++) {
            peer_bury(r, &r->peer[i]);
        }
        relay_flush(r);
    }
    return NULL;
}

/* ---- opening ---- */

enum err relay_new(struct ctx *ctx, struct gate *g, struct relay **ret)
{
    struct arena *arena = arena_new(sizeof(struct relay) + CTX_BYTES);
    struct arena *work = arena_new(CTX_BYTES);
    if (arena == NULL || work == NULL) {
        arena_free(arena);
        arena_free(work);
        return fault(ctx, ERR_MEMORY, "no memory for the sockets to the fronts");
    }
    struct relay *r = ARENA_NEW(arena, struct relay);
    r->arena = arena;
    r->gate = g;
    r->ctx = (struct ctx){.arena = work, .world = ctx->world};
    pthread_mutex_init(&r->lock, NULL);
    r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->wake < 0) {
        relay_free(r);
        return fault(ctx, ERR_IO, "the system gives no handles for the sockets to the fronts");
    }
    enum err e = lender_new(ctx, g, &r->lender);
    if (e != ERR_OK) {
        relay_free(r);
        return e;
    }
    g->relay = r;
    *ret = r;
    return ERR_OK;
}

static enum err add(struct ctx *ctx, struct relay *r, int socket, bool is_far)
{
    enum err e = ERR_TOO_MANY;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; e == ERR_TOO_MANY && i < LIMIT_FRONTS; i++) {
        struct peer *p = &r->peer[i];
        if (p->state == PEER_NONE) {
            e = link_open(ctx, &p->link, socket, OUT_BYTES);
            p->state = e == ERR_OK ? PEER_ON : PEER_NONE;
            p->is_far = is_far;
        }
        if (e == ERR_OK && is_far) {
            tell_published(r, p);
        }
    }
    pthread_mutex_unlock(&r->lock);
    wake(r);
    return e == ERR_TOO_MANY ? fault(ctx, e, "more than %d front processes", LIMIT_FRONTS) : e;
}

enum err relay_add(struct ctx *ctx, struct relay *r, int socket)
{
    return add(ctx, r, socket, false);
}

enum err relay_add_far(struct ctx *ctx, struct relay *r, int socket)
{
    return add(ctx, r, socket, true);
}

enum err relay_start(struct ctx *ctx, struct relay *r)
{
    TRY(lender_start(ctx, r->lender));
    int why = pthread_create(&r->thread, NULL, relay_main, r);
    if (why != 0) {
        return fault(ctx, ERR_MEMORY, "the system gives no thread for the fronts: %s",
                     strerror(why));
    }
    r->has_thread = true;
    return ERR_OK;
}

void relay_stop(struct relay *r)
{
    if (r == NULL || !r->has_thread) {
        return;
    }
    atomic_store(&r->stops, true);
    wake(r);
    pthread_join(r->thread, NULL);
    r->has_thread = false;
    lender_stop(r->lender);
}

void relay_free(struct relay *r)
{
    if (r == NULL) {
        return;
    }
    relay_stop(r);
    lender_free(r->lender);
    r->gate->relay = NULL;
    for (size_t i = 0; i < LIMIT_FRONTS; i++) {
        if (r->peer[i].state != PEER_NONE) {
            link_close(&r->peer[i].link);
        }
    }
    if (r->wake >= 0) {
        close(r->wake);
    }
    pthread_mutex_destroy(&r->lock);
    arena_free(r->ctx.arena);
    arena_free(r->arena);
}
