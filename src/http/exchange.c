/* exchange.c - lending exchanges, and what other threads do with them.
 *
 * Other threads reach an exchange only through http_respond, http_resume, http_stream_* and the
 * fields marked in http_in.h, under the loop's lock; posting puts it once into the loop's queue and
 * wakes the loop. The queue is as long as there are exchanges, so it needs no other bound.
 */
#include <stdlib.h>

#include "http/http_in.h"

enum { POOL_MAX = 64 };

struct exchange *exchange_take(struct loop *l)
{
    struct exchange *x = l->free_exchanges;
    if (x != NULL) {
        l->free_exchanges = x->next_free;
        l->free_count--;
    } else {
        x = calloc(1, sizeof(*x));
        struct arena *arena = x == NULL ? NULL : arena_new(LIMIT_REQUEST_ARENA_BYTES);
        if (arena == NULL) {
            free(x);
            return NULL;
        }
        x->face.ctx.arena = arena;
    }
    struct arena *arena = x->face.ctx.arena;
    *x = (struct exchange){.loop = l};
    x->face.ctx = (struct ctx){.arena = arena, .world = l->server->setup.world};
    l->exchange_count++;
    return x;
}

static void exchange_free(struct exchange *x)
{
    arena_free(x->face.ctx.arena);
    free(x);
}

void exchange_release(struct exchange *x)
{
    struct loop *l = x->loop;
    l->exchange_count--;
    free(x->push);
    x->push = NULL;
    arena_guard(x->face.ctx.arena, NULL);
    arena_clear(x->face.ctx.arena);
    if (l->free_count >= POOL_MAX) {
        exchange_free(x);
        return;
    }
    x->next_free = l->free_exchanges;
    l->free_exchanges = x;
    l->free_count++;
}

void exchange_forget_pool(struct loop *l)
{
    while (l->free_exchanges != NULL) {
        struct exchange *x = l->free_exchanges;
        l->free_exchanges = x->next_free;
        exchange_free(x);
    }
    l->free_count = 0;
}

static bool on_loop_thread(const struct loop *l)
{
    return pthread_equal(pthread_self(), l->runs_on) != 0;
}

/* Put x into the queue of its loop. The lock is held, and given back here. */
static void post_unlock(struct exchange *x)
{
    struct loop *l = x->loop;
    bool was_empty = l->posted == NULL;
    if (!x->is_posted) {
        x->is_posted = true;
        x->next_posted = NULL;
        if (was_empty) {
            l->posted = x;
        } else {
            l->posted_last->next_posted = x;
        }
        l->posted_last = x;
    }
    if (was_empty) {
        loop_wake(l);
    }
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

void http_respond(struct http_exchange *face, const struct http_response *response)
{
    struct exchange *x = (struct exchange *)face;
    struct loop *l = x->loop;
    x->response = *response;
    /* The usual case: the handler answers at once, and the loop goes on with it when it returns. */
    if (on_loop_thread(l) && l->current == x) {
        must(!x->is_answered);
        x->is_answered = true;
        return;
    }
    pthread_mutex_lock(&l->lock);
    must(!x->has_answer);
    x->has_answer = true;
    post_unlock(x);
}

void http_resume(struct http_exchange *face, void (*fn)(void *arg, struct http_exchange *x),
                 void *arg)
{
    struct exchange *x = (struct exchange *)face;
    pthread_mutex_lock(&x->loop->lock);
    must(!x->has_answer && x->resume == NULL);
    x->resume = fn;
    x->resume_arg = arg;
    post_unlock(x);
}

void exchange_go_on(struct exchange *x, void (*fn)(void *arg, struct http_exchange *x), void *arg)
{
    struct loop *l = x->loop;
    l->current = x;
    http_guarded(&x->face, fn, arg);
    l->current = NULL;
    if (!x->is_answered) { /* kept again: another thread has it, and posts it when it is done */
        return;
    }
    x->is_answered = false; /* as if it had been posted: its client may have left meanwhile */
    pthread_mutex_lock(&l->lock);
    x->has_answer = true;
    pthread_mutex_unlock(&l->lock);
    conn_deliver(x);
}

void http_stream_begin(struct http_exchange *face, const struct http_response *response,
                       const struct http_stream *stream)
{
    struct exchange *x = (struct exchange *)face;
    x->is_stream = true;
    x->stream = *stream;
    http_respond(face, response);
}

void http_body_resume(struct http_exchange *face)
{
    struct exchange *x = (struct exchange *)face;
    pthread_mutex_lock(&x->loop->lock);
    must(!x->has_resumed);
    x->has_resumed = true;
    post_unlock(x);
}

bool exchange_has_resumed(struct exchange *x)
{
    pthread_mutex_lock(&x->loop->lock);
    bool resumed = x->has_resumed;
    x->has_resumed = false;
    pthread_mutex_unlock(&x->loop->lock);
    return resumed;
}

void http_known(struct http_exchange *face)
{
    struct exchange *x = (struct exchange *)face;
    must(on_loop_thread(x->loop));
    if (x->conn != NULL && x->conn->is_counted) {
        x->conn->is_counted = false;
        const struct http_server *s = x->loop->server;
        atomic_fetch_sub(&s->counts->row[s->setup.counts_row].strangers[x->conn->ip_slot], 1);
    }
}

static bool push_room(struct exchange *x, size_t n)
{
    if (x->push_room - x->push_n >= n) {
        return true;
    }
    size_t room = x->push_room == 0 ? 1024 : x->push_room;
    while (room < x->push_n + n) {
        room *= 2;
    }
    char *p = realloc(x->push, room);
    if (p == NULL) {
        return false;
    }
    x->push = p;
    x->push_room = room;
    return true;
}

enum err http_stream_push(struct http_exchange *face, struct str bytes)
{
    struct exchange *x = (struct exchange *)face;
    if (bytes.n == 0) {
        return ERR_OK;
    }
    pthread_mutex_lock(&x->loop->lock);
    enum err e = x->is_gone ? ERR_CANCELLED : ERR_OK;
    must(!x->has_ended);
    if (e == ERR_OK &&
        (bytes.n > LIMIT_HTTP_STREAM_BYTES || x->push_n > LIMIT_HTTP_STREAM_BYTES - bytes.n)) {
        e = ERR_BUSY;
    }
    if (e == ERR_OK && !push_room(x, bytes.n)) {
        e = ERR_MEMORY;
    }
    if (e != ERR_OK) {
        pthread_mutex_unlock(&x->loop->lock);
        return e;
    }
    memcpy(x->push + x->push_n, bytes.p, bytes.n);
    x->push_n += bytes.n;
    post_unlock(x);
    return ERR_OK;
}

void http_stream_end(struct http_exchange *face)
{
    struct exchange *x = (struct exchange *)face;
    struct loop *l = x->loop;
    pthread_mutex_lock(&l->lock);
    must(!x->has_ended);
    /* What on_gone was given may go away after the end: so the end waits until on_gone has
     * returned. */
    while (l->notifying == x && !on_loop_thread(l)) {
        pthread_cond_wait(&l->changed, &l->lock);
    }
    x->has_ended = true;
    post_unlock(x);
}

static void notify_gone(struct exchange *x)
{
    struct loop *l = x->loop;
    pthread_mutex_lock(&l->lock);
    bool is_news = !x->is_gone && x->is_stream && !x->has_ended && x->stream.on_gone != NULL;
    x->is_gone = true;
    l->notifying = is_news ? x : NULL;
    pthread_mutex_unlock(&l->lock);
    if (!is_news) {
        return;
    }
    x->stream.on_gone(x->stream.arg);
    pthread_mutex_lock(&l->lock);
    l->notifying = NULL;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->lock);
}

void exchange_release_if_over(struct exchange *x)
{
    pthread_mutex_lock(&x->loop->lock);
    bool is_over = !x->is_posted && !x->is_waiting && (x->is_stream ? x->has_ended : x->has_answer);
    pthread_mutex_unlock(&x->loop->lock);
    if (is_over) {
        exchange_release(x);
    }
}

void exchange_leave(struct exchange *x)
{
    x->conn = NULL;
    notify_gone(x);
    exchange_release_if_over(x);
}

bool exchange_has_ended(struct exchange *x)
{
    pthread_mutex_lock(&x->loop->lock);
    /* While it is posted, the queue holds it; the delivery comes back here. */
    bool ended = x->has_ended && x->push_n == 0 && !x->is_posted;
    pthread_mutex_unlock(&x->loop->lock);
    return ended;
}

bool exchange_pull(struct exchange *x, struct bytes *out, size_t max)
{
    pthread_mutex_lock(&x->loop->lock);
    size_t n = x->push_n < max ? x->push_n : max;
    bool ok = n == 0 || out == NULL || chunk_write(out, x->push, n);
    if (ok && n > 0) {
        x->push_n -= n;
        memmove(x->push, x->push + n, x->push_n);
    }
    pthread_mutex_unlock(&x->loop->lock);
    return ok;
}

static bool run_guarded(struct exchange *x, struct arena_guard *guard,
                        void (*fn)(void *arg, struct http_exchange *x), void *arg)
{
    if (setjmp(guard->jump) != 0) {
        return false;
    }
    arena_guard(x->face.ctx.arena, guard);
    fn(arg, &x->face);
    return true;
}

bool exchange_has_pushed(struct exchange *x)
{
    pthread_mutex_lock(&x->loop->lock);
    bool has = x->push_n > 0;
    pthread_mutex_unlock(&x->loop->lock);
    return has;
}

static void ask_owner(void *arg, struct http_exchange *face)
{
    struct exchange *x = (struct exchange *)face;
    *(bool *)arg = x->stream.on_room(x->stream.arg);
}

bool exchange_refill(struct exchange *x)
{
    pthread_mutex_lock(&x->loop->lock);
    bool wants = x->stream.on_room != NULL && x->push_n == 0 && !x->has_ended && !x->is_gone;
    pthread_mutex_unlock(&x->loop->lock);
    struct arena_guard guard;
    bool made = true;
    if (wants) {
        made = run_guarded(x, &guard, ask_owner, &made) && made;
        arena_guard(x->face.ctx.arena, NULL);
    }
    return made;
}

static void tell_cut(void *arg, struct http_exchange *face)
{
    struct exchange *x = (struct exchange *)face;
    x->intake.cut(arg, face);
}

void exchange_cut(struct exchange *x)
{
    struct arena_guard guard;
    must(!x->is_waiting);
    if (x->intake.cut != NULL) {
        run_guarded(x, &guard, tell_cut, x->loop->server->setup.arg);
        arena_guard(x->face.ctx.arena, NULL);
        x->intake.cut = NULL;
    }
}

bool http_guarded(struct http_exchange *face, void (*fn)(void *arg, struct http_exchange *x),
                  void *arg)
{
    struct exchange *x = (struct exchange *)face;
    struct arena_guard guard;
    struct loop *l = x->loop;
    bool ok = run_guarded(x, &guard, fn, arg);
    bool is_mine = on_loop_thread(l) && l->current == x && x->is_answered;
    if (ok && !is_mine) {
        /* fn has passed x on, and its arena may have another's guard already. */
        return true;
    }
    arena_guard(x->face.ctx.arena, NULL);
    if (ok) {
        return true;
    }
    x->is_answered = false;
    x->is_stream = false;
    static const struct http_response out_of_memory = {
        .status = 503,
        .type = STR_INIT("application/problem+json"),
        .body = STR_INIT("{\"title\":\"Service Unavailable\",\"status\":503,\"code\":\"memory\","
                         "\"detail\":\"Memory ran out for this "
                         "request.\",\"detail_zh\":\"本次请求内存不足。\"}\n"),
    };
    http_respond(face, &out_of_memory);
    return false;
}
