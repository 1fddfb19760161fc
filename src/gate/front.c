/* front.c - the gate of a front process: what is submitted goes over a socket to the process that
 * writes.
 *
 * A caller writes his draft on the link and sends what waits there, which is mostly that one; a
 * loop that handles many requests in a turn sends what they wrote at its end, all at once
 * (gate_turned), for to wake the other process costs more than to write a draft. One thread hears
 * the answers and calls each done. Of what is open there is a table, as long as the queue of the
 * writer: when it is full, ERR_BUSY, at once. The socket itself is a queue besides; the writer's
 * process is never waited for. An id is a place in the table and how often that was taken: who
 * waited long enough gives its place up, and an answer that comes later is nobody's.
 *
 * When the socket ends, the writer's process has ended, or the way to it. What it had not answered
 * may or may not have been done, which is what ERR_NO_WRITER says; a key tells it apart later, as
 * after any lost answer. A front on another machine goes on with the next socket it is given
 * (gate_rejoin); until then every draft is ERR_NO_WRITER, at once.
 *
 * Such a front shares no memory with the writer, so the number of publications comes as a frame of
 * its own, before the answers of their batch (relay.c).
 */
#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/link.h"
#include "gate/gate_in.h"
#include "gate/relay.h"
#include "gate/post.h"
#include "store/share.h"

enum {
    OPEN_MAX = LIMIT_WRITER_QUEUE,
    TURNS = UINT32_MAX / OPEN_MAX,
    OUT_BYTES = 2 * LIMIT_SUBMISSION_BYTES,
    HEAR_BYTES = 16 << 20, /* one answer, with what its done pushes here */
    LAW_WAIT_S = 5
};

struct open_task {
    gate_done *done; /* NULL: free */
    void *arg;
    uint32_t turn; /* how often the place was taken; it may wrap */
    uint32_t next_free;
};

struct front {
    struct gate *gate;
    struct link link;
    int wake;
    pthread_t thread;
    bool has_thread;
    atomic_bool stops;
    atomic_int next;   /* the socket to go on with; -1: none was given */
    struct ctx ctx;    /* of the thread that hears */
    struct db *reader; /* its own; NULL until it is wanted */
    pthread_mutex_t lock;
    uint32_t first_free;
    struct open_task open[OPEN_MAX];
};

/* ---- the table of what is open ---- */

static bool table_take(struct front *f, gate_done *done, void *arg, uint32_t *ret_id)
{
    pthread_mutex_lock(&f->lock);
    uint32_t place = f->first_free;
    bool taken = place < OPEN_MAX;
    if (taken) {
        struct open_task *x = &f->open[place];
        f->first_free = x->next_free;
        x->done = done;
        x->arg = arg;
        x->turn = (x->turn + 1) % TURNS;
        *ret_id = x->turn * OPEN_MAX + place;
    }
    pthread_mutex_unlock(&f->lock);
    return taken;
}

/* Under the lock: what is open at a place, which is free from here on; done NULL when nothing is.
 */
static struct open_task place_give(struct front *f, uint32_t place)
{
    struct open_task *x = &f->open[place];
    struct open_task task = *x;
    if (task.done != NULL) {
        x->done = NULL;
        x->next_free = f->first_free;
        f->first_free = place;
    }
    return task;
}

/* The same of an id; done NULL also when its place has been taken by another since. */
static struct open_task table_give(struct front *f, uint32_t id)
{
    struct open_task task = {0};
    pthread_mutex_lock(&f->lock);
    if (f->open[id % OPEN_MAX].turn == id / OPEN_MAX) {
        task = place_give(f, id % OPEN_MAX);
    }
    pthread_mutex_unlock(&f->lock);
    return task;
}

/* ---- sending ---- */

static void put_task(struct buf *b, void *arg)
{
    post_put_task(b, arg);
}

static enum err no_writer(struct ctx *ctx)
{
    return fault(ctx, ERR_NO_WRITER, "the process that writes has ended");
}

/* What goes to the writer: its kind, and what writes it. */
struct parcel {
    uint32_t kind;
    void (*put)(struct buf *b, void *arg);
    const void *arg;
};

/* Of the calling thread: the front whose loop it is, which says when its turn is over; and whether
 * it wrote something since it last sent. */
static _Thread_local const struct front *turns_of;
static _Thread_local bool has_written;

void front_send(struct front *f)
{
    if (!has_written) {
        return;
    }
    has_written = false;
    if (!link_flush(&f->link) || atomic_load(&f->link.is_gone)) {
        (void)eventfd_write(f->wake, 1); /* the thread sends the rest, or tells that it cannot */
    }
}

void gate_turned(struct gate *g)
{
    turns_of = g->front;
    if (g->front != NULL) {
        front_send(g->front);
    }
}

/* What was put off may be what leaves no room for it. */
static bool put_parcel(struct front *f, const struct parcel *parcel, uint32_t id)
{
    void *arg = (void *)(uintptr_t)parcel->arg;
    bool good = link_put(&f->link, parcel->kind, id, parcel->put, arg);
    if (!good && has_written) {
        front_send(f);
        good = link_put(&f->link, parcel->kind, id, parcel->put, arg);
    }
    return good;
}

/* Send it, or have it sent at the end of this thread's turn; done is called once when this returns
 * ERR_OK. */
static enum err send_parcel(struct ctx *ctx, struct front *f, const struct parcel *parcel,
                            gate_done *done, void *arg, uint32_t *ret_id)
{
    uint32_t id = 0;
    if (atomic_load(&f->link.is_gone)) {
        return no_writer(ctx);
    }
    if (!table_take(f, done, arg, &id)) {
        return fault(ctx, ERR_BUSY, "%d drafts wait for the writer", OPEN_MAX);
    }
    *ret_id = id;
    if (!put_parcel(f, parcel, id)) {
        /* Whoever took it from the table answers: the thread may have found the link gone first. */
        return table_give(f, id).done == NULL ? ERR_OK
               : atomic_load(&f->link.is_gone)
                   ? no_writer(ctx)
                   : fault(ctx, ERR_BUSY, "too many bytes wait for the writer");
    }
    has_written = true;
    if (turns_of != f || parcel->kind == FRAME_LAW) { /* for law the caller waits, in his turn */
        front_send(f);
    }
    return ERR_OK;
}

enum err front_submit(struct ctx *ctx, struct front *f, const struct post_task *task,
                      gate_done *done, void *arg)
{
    uint32_t id = 0;
    return send_parcel(ctx, f, &(struct parcel){FRAME_TASK, put_task, task}, done, arg, &id);
}

/* ---- law ---- */

/* Who waits until the writer's process has linked a law. */
struct law_wait {
    pthread_mutex_t lock;
    pthread_cond_t told;
    bool is_told;
    enum err err;
};

static void put_law(struct buf *b, void *arg)
{
    post_put_law(b, arg);
}

static void law_told(void *arg, enum err err, const struct why *why UNUSED,
                     const struct receipt *receipt UNUSED)
{
    struct law_wait *w = arg;
    pthread_mutex_lock(&w->lock);
    w->is_told = true;
    w->err = err;
    pthread_cond_signal(&w->told);
    pthread_mutex_unlock(&w->lock);
}

/* False when it was not told in time. */
static bool wait_told(struct law_wait *w)
{
    struct timespec until;
    int why = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LAW_WAIT_S;
    pthread_mutex_lock(&w->lock);
    while (!w->is_told && why != ETIMEDOUT) {
        why = pthread_cond_timedwait(&w->told, &w->lock, &until);
    }
    bool is_told = w->is_told;
    pthread_mutex_unlock(&w->lock);
    return is_told;
}

static void law_wait_init(struct law_wait *w)
{
    pthread_condattr_t how;
    *w = (struct law_wait){.err = ERR_NO_WRITER};
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(&w->told, &how);
    pthread_condattr_destroy(&how);
    pthread_mutex_init(&w->lock, NULL);
}

static enum err ask_law(struct ctx *ctx, struct front *f, const struct post_law *law)
{
    struct law_wait w;
    uint32_t id = 0;
    law_wait_init(&w);
    enum err e = send_parcel(ctx, f, &(struct parcel){FRAME_LAW, put_law, law}, law_told, &w, &id);
    /* Whoever takes it from the table tells it: after that nobody knows of `w`. */
    while (e == ERR_OK && !wait_told(&w) && table_give(f, id).done == NULL) {
    }
    e = e == ERR_OK ? w.err : ERR_NO_WRITER;
    pthread_mutex_destroy(&w.lock);
    pthread_cond_destroy(&w.told);
    return e;
}

/* Before its thread runs, and when the writer does not answer, a front links for itself. */
enum err front_ask_law(struct ctx *ctx, void *arg, int64_t law_seq, struct day day)
{
    const struct gate *g = arg;
    struct front *f = g->front;
    if (f == NULL || !f->has_thread) {
        return ERR_NO_WRITER;
    }
    if (pthread_equal(pthread_self(), f->thread)) {
        return ERR_BUSY; /* it is the one that hears the answer */
    }
    enum err e = ask_law(ctx, f, &(struct post_law){law_seq, day});
    return e == ERR_OK || e == ERR_NOT_FOUND ? e : ERR_NO_WRITER;
}

/* ---- hearing ---- */

/* The article by its text, in the law this process knows: today's, which may lack an old one. */
static enum err find_article(struct front *f, struct str text, struct cite *ret)
{
    struct ctx *ctx = &f->ctx;
    const struct law *law = NULL;
    if (f->reader == NULL) {
        TRY(store_reader(ctx, f->gate->store, &f->reader));
    }
    TRY(gate_law(ctx, f->gate, f->reader, &law));
    return law == NULL ? ERR_NOT_FOUND
                       : law_cite(ctx, law, text, instant_day(ctx->world->now(ctx->world)), ret);
}

/* Without memory the refusal goes on as it came, its article a text. */
static void name_article(struct front *f, struct verdict *v)
{
    struct arena_guard guard;
    struct cite found;
    if (setjmp(guard.jump) != 0) {
        arena_guard(f->ctx.arena, NULL);
        return;
    }
    arena_guard(f->ctx.arena, &guard);
    if (v->article.text.n > 0 && find_article(f, v->article.text, &found) == ERR_OK) {
        v->article = found;
    }
    arena_guard(f->ctx.arena, NULL);
    f->ctx.why = (struct why){0};
}

static void hear_answer(struct front *f, uint32_t id, struct str bytes)
{
    struct post_answer a;
    struct open_task task = table_give(f, id);
    if (task.done == NULL) {
        return;
    }
    if (!post_get_answer(bytes, &a)) {
        a = (struct post_answer){.err = ERR_CORRUPT, .detail = STR("an answer came mangled")};
    }
    if (a.err == ERR_OK && !a.receipt.verdict.admitted) {
        name_article(f, &a.receipt.verdict);
    }
    struct why why = {.code = a.err, .detail = a.detail, .field = a.field};
    task.done(task.arg, a.err, a.err == ERR_OK ? NULL : &why, a.err == ERR_OK ? &a.receipt : NULL);
}

/* Law was published: readers look at the rows when they next ask for the law. */
static void hear_published(struct front *f, struct str bytes)
{
    struct post_law law;
    if (post_get_law(bytes, &law)) {
        store_tell(f->gate->store, STORE_WORD_LAW, law.seq);
    }
}

static char *hear_room(void *arg, const struct link_head *head, void **ret_own)
{
    struct front *f = arg;
    *ret_own = NULL;
    return head->bytes < HEAR_BYTES / 2 ? arena_push_bytes(f->ctx.arena, head->bytes + 1) : NULL;
}

static void hear_whole(void *arg, const struct link_head *head, char *body, void *own UNUSED)
{
    struct front *f = arg;
    struct str bytes = {body, body == NULL ? 0 : head->bytes};
    if (head->kind == FRAME_PUBLISHED) {
        hear_published(f, bytes);
    } else {
        hear_answer(f, head->id, bytes);
    }
    arena_clear(f->ctx.arena);
}

/* Nothing more is heard: tell all that wait. */
static void tell_gone(struct front *f)
{
    struct why why = {.code = ERR_NO_WRITER, .detail = STR("the process that writes has ended")};
    atomic_store(&f->link.is_gone, true);
    for (uint32_t place = 0; place < OPEN_MAX; place++) {
        pthread_mutex_lock(&f->lock);
        struct open_task task = place_give(f, place);
        pthread_mutex_unlock(&f->lock);
        if (task.done != NULL) {
            task.done(task.arg, ERR_NO_WRITER, &why, NULL);
        }
    }
}

/* Send and hear until the link is gone or all ends. */
static void converse(struct front *f, const struct link_taker *taker)
{
    while (!atomic_load(&f->stops) && !atomic_load(&f->link.is_gone)) {
        bool left = !link_flush(&f->link);
        struct pollfd fds[2] = {
            {.fd = f->wake, .events = POLLIN},
            {.fd = f->link.socket, .events = (short)(POLLIN | (left ? POLLOUT : 0))}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            break;
        }
        eventfd_t count = 0;
        (void)eventfd_read(f->wake, &count);
        if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            (void)link_read(&f->link, taker);
        }
    }
}

/* The socket to go on with; -1 when all ends before there is one. */
static int await_next(struct front *f)
{
    int socket = atomic_exchange(&f->next, -1);
    while (socket < 0 && !atomic_load(&f->stops)) {
        struct pollfd fd = {.fd = f->wake, .events = POLLIN};
        eventfd_t count = 0;
        if (poll(&fd, 1, -1) < 0 && errno != EINTR) {
            break;
        }
        (void)eventfd_read(f->wake, &count);
        socket = atomic_exchange(&f->next, -1);
    }
    return socket;
}

static void *front_main(void *arg)
{
    struct front *f = arg;
    struct link_taker taker = {f, hear_room, hear_whole, NULL};
    for (;;) {
        converse(f, &taker);
        tell_gone(f);
        int socket = atomic_load(&f->stops) ? -1 : await_next(f);
        if (socket < 0) {
            return NULL;
        }
        link_renew(&f->link, socket);
    }
}

void gate_rejoin(struct gate *g, int socket)
{
    must(g->front != NULL && socket >= 0);
    int unused = atomic_exchange(&g->front->next, socket);
    if (unused >= 0) {
        close(unused);
    }
    (void)eventfd_write(g->front->wake, 1);
}

/* ---- opening ---- */

enum err front_new(struct ctx *ctx, struct gate *g, int socket, struct front **ret)
{
    struct front *f = ARENA_NEW(g->arena, struct front);
    struct arena *arena = arena_new(HEAR_BYTES);
    if (arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for the answers of the writer");
    }
    f->gate = g;
    atomic_store(&f->next, -1);
    f->ctx = (struct ctx){.arena = arena, .world = ctx->world};
    for (uint32_t i = 0; i < OPEN_MAX; i++) {
        f->open[i].next_free = i + 1;
    }
    f->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum err e = f->wake < 0 ? fault(ctx, ERR_IO, "the system gives no handle for the writer")
                             : link_open(ctx, &f->link, socket, OUT_BYTES);
    if (e != ERR_OK) {
        arena_free(arena);
        return e;
    }
    pthread_mutex_init(&f->lock, NULL);
    *ret = f;
    return ERR_OK;
}

enum err front_start(struct ctx *ctx, struct front *f)
{
    int why = pthread_create(&f->thread, NULL, front_main, f);
    if (why != 0) {
        return fault(ctx, ERR_MEMORY, "the system gives no thread for the writer's answers: %s",
                     strerror(why));
    }
    f->has_thread = true;
    return ERR_OK;
}

bool gate_has_writer(const struct gate *g)
{
    return g->front == NULL || !atomic_load(&g->front->link.is_gone);
}

void front_stop(struct front *f)
{
    if (f->has_thread) {
        atomic_store(&f->stops, true);
        (void)eventfd_write(f->wake, 1);
        pthread_join(f->thread, NULL);
        f->has_thread = false;
    }
}

void front_free(struct front *f)
{
    if (f == NULL) {
        return;
    }
    front_stop(f);
    db_close(f->reader);
    int unused = atomic_load(&f->next);
    if (unused >= 0) {
        close(unused);
    }
    close(f->wake);
    link_close(&f->link);
    arena_free(f->ctx.arena);
    pthread_mutex_destroy(&f->lock);
}
