/* loop.c - one thread, its connections, its clock: moves bytes between connections and the network.
 *
 * No call here blocks but poll_wait. Time limits are kept by sweeping all connections when the
 * earliest limit is due, at most twenty times a second: with some thousand connections that costs
 * less than any structure that would have to be kept on every request.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/world.h"
#include "http/http_in.h"

enum { EVENTS = 128, ACCEPTS = 64, ROUNDS = 32, READ_BYTES = 16384 };
static const int64_t sweep_step_ns = 50 * 1000000;

static int64_t now_ns(const struct loop *l)
{
    struct world *w = l->server->setup.world;
    return w->mono_ns(w);
}

enum err loop_init(struct ctx *ctx, struct loop *l, struct http_server *s, int index)
{
    const struct http_net *net = s->net;
    *l = (struct loop){
        .server = s, .index = index, .poll = -1, .reserve = -1, .wake = {SOURCE_WAKE, -1}};
    l->runs_on = pthread_self();
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->changed, NULL);
    l->now_ns = now_ns(l);
    if (index < 0) {
        return ERR_OK;
    }
    l->poll = net->poll_new(net);
    l->wake.handle = net->wake_new(net);
    l->reserve = net->reserve(net);
    bool ok = l->poll >= 0 && l->wake.handle >= 0 && l->reserve >= 0 &&
              net->poll_set(net, l->poll, l->wake.handle, HTTP_READABLE, &l->wake, false) >= 0;
    return ok ? ERR_OK
              : fault(
                    ctx, ERR_IO,
                    "the system gives no handles for a server loop; raise the limit of open files");
}

static void close_handle(const struct loop *l, int *handle)
{
    if (*handle >= 0) {
        l->server->net->close(l->server->net, *handle);
    }
    *handle = -1;
}

static void close_listeners(struct loop *l)
{
    for (int i = 0; i < l->listener_count; i++) {
        close_handle(l, &l->listeners[i].handle);
    }
    l->listener_count = 0;
}

void loop_release(struct loop *l)
{
    close_listeners(l);
    close_handle(l, &l->reserve);
    close_handle(l, &l->wake.handle);
    close_handle(l, &l->poll);
    exchange_forget_pool(l);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->lock);
}

void loop_wake(struct loop *l)
{
    if (l->wake.handle >= 0) {
        l->server->net->wake(l->server->net, l->wake.handle);
    }
}

static void count_out(struct http_server *s, uint32_t slot, bool is_stranger)
{
    atomic_fetch_sub(&s->conn_count, 1);
    counts_out(s->counts, s->setup.counts_row, slot, is_stranger);
}

void loop_bury(struct loop *l)
{
    struct http_server *s = l->server;
    while (l->dead != NULL) {
        struct conn *c = l->dead;
        l->dead = c->next;
        tls_detach(c);
        if (c->source.handle >= 0) {
            s->net->close(s->net, c->source.handle);
            count_out(s, c->ip_slot, c->is_counted);
        }
        bytes_release(&c->in);
        bytes_release(&c->out);
        free(c);
    }
}

/* --- bytes in and out --- */

static int64_t conn_recv(struct conn *c, void *bytes, size_t max)
{
    const struct http_net *net = c->loop->server->net;
    return c->ssl != NULL ? tls_recv(c, bytes, max) : net->recv(net, c->source.handle, bytes, max);
}

static int64_t conn_send(struct conn *c)
{
    const struct http_net *net = c->loop->server->net;
    size_t from_out = bytes_left(&c->out);
    if (c->ssl != NULL) {
        return from_out > 0 ? tls_send(c, c->out.p + c->out.at, from_out)
                            : tls_send(c, c->tail.p, c->tail.n);
    }
    struct iovec parts[2];
    int count = 0;
    if (from_out > 0) {
        parts[count++] = (struct iovec){c->out.p + c->out.at, from_out};
    }
    if (c->tail.n > 0) {
        parts[count++] = (struct iovec){(void *)(uintptr_t)c->tail.p, c->tail.n};
    }
    return net->send(net, c->source.handle, parts, count);
}

static bool is_later(int64_t result)
{
    return result == -EAGAIN || result == -EINTR || result == -EWOULDBLOCK;
}

/* Read once. False when there is nothing now. */
static bool fill(struct conn *c)
{
    if (!c->readable || !conn_takes_input(c)) {
        return false;
    }
    if (!bytes_room(&c->in, c->in.room == 0 ? 4096 : READ_BYTES / 4)) {
        conn_drop(c);
        return false;
    }
    int64_t got = conn_recv(c, c->in.p + c->in.n, c->in.room - c->in.n);
    if (got == -EINTR) {
        return true;
    }
    if (got < 0) {
        c->readable = false;
        if (!is_later(got)) {
            conn_drop(c);
        }
        return false;
    }
    if (got == 0) {
        c->readable = false;
        c->eof = true;
        return true;
    }
    c->heard_ns = c->loop->now_ns;
    c->readable = c->ssl != NULL || c->in.n + (size_t)got == c->in.room;
    c->in.n += (size_t)got;
    return true;
}

/* Send until there is nothing left or the client takes no more. */
static void flush(struct conn *c)
{
    for (int i = 0; i < ROUNDS && c->phase != PHASE_DEAD && conn_has_output(c); i++) {
        int64_t put = conn_send(c);
        if (put == -EINTR) {
            continue;
        }
        if (put < 0) {
            if (!is_later(put)) {
                conn_drop(c);
            }
            return;
        }
        conn_sent(c, (size_t)put);
    }
}

/* The client has closed its side: what is not under way ends. */
static void on_eof(struct conn *c)
{
    bool is_working = c->phase == PHASE_HANDLER || (c->x != NULL && c->x->is_waiting) ||
                      (c->phase == PHASE_IDLE && conn_has_output(c));
    if (!is_working) {
        conn_drop(c);
    }
    c->closes = true;
}

static bool shake_hands(struct conn *c)
{
    int done = tls_handshake(c);
    if (done < 0) {
        conn_drop(c);
    } else if (done > 0) {
        conn_set_phase(c, PHASE_IDLE);
        c->readable = true;
    }
    return done > 0;
}

static void set_wanted(struct conn *c)
{
    struct loop *l = c->loop;
    const struct http_net *net = l->server->net;
    bool writes = conn_has_output(c) || c->tls_wants_write;
    unsigned want = (conn_takes_input(c) ? HTTP_READABLE : 0u) | (writes ? HTTP_WRITABLE : 0u);
    if (want != c->wanted || !c->is_added) {
        if (net->poll_set(net, l->poll, c->source.handle, want, c, c->is_added) < 0) {
            conn_drop(c);
            return;
        }
        c->wanted = want;
        c->is_added = true;
    }
    int64_t due_ns = conn_deadline_ns(c);
    l->sweep_ns = due_ns < l->sweep_ns ? due_ns : l->sweep_ns;
}

/* All that can be done for c now. */
static void pump(struct conn *c)
{
    enum phase before = c->phase;
    if (c->phase == PHASE_HANDSHAKE && !shake_hands(c)) {
        if (c->phase != PHASE_DEAD) {
            set_wanted(c);
        }
        return;
    }
    bool more = true;
    for (int i = 0; i < ROUNDS && more && c->phase != PHASE_DEAD; i++) {
        more = fill(c);
        if (c->phase != PHASE_DEAD) {
            before = c->phase;
            conn_advance(c);
            flush(c);
            more = more || (before != c->phase && c->phase == PHASE_IDLE) || conn_streams(c);
        }
    }
    if (c->phase != PHASE_DEAD && c->eof) {
        on_eof(c);
    }
    if (c->phase == PHASE_LINGER && !c->said_end) {
        c->said_end = true;
        tls_bye(c);
        c->loop->server->net->end_sending(c->loop->server->net, c->source.handle);
    }
    if (c->phase == PHASE_DEAD) {
        return;
    }
    c->loop->is_starved =
        c->loop->is_starved || (c->readable && conn_takes_input(c)) || conn_streams(c);
    set_wanted(c);
}

void loop_deliver_posts(struct loop *l)
{
    pthread_mutex_lock(&l->lock);
    struct exchange *x = l->posted;
    l->posted = NULL;
    l->posted_last = NULL;
    while (x != NULL) {
        struct exchange *next = x->next_posted;
        x->is_posted = false;
        void (*resume)(void *arg, struct http_exchange *face) = x->resume;
        x->resume = NULL;
        pthread_mutex_unlock(&l->lock);
        struct conn *c = x->conn;
        if (resume != NULL) {
            exchange_go_on(x, resume, x->resume_arg);
        } else {
            conn_deliver(x);
        }
        if (c != NULL && c->phase != PHASE_DEAD && c->source.handle >= 0) {
            pump(c);
        }
        pthread_mutex_lock(&l->lock);
        x = next;
    }
    pthread_mutex_unlock(&l->lock);
}

/* --- new connections --- */

static uint32_t ip_slot(const struct http_server *s, const struct sockaddr_storage *peer)
{
    uint64_t h = s->counts->key;
    const unsigned char *p = NULL;
    size_t n = 0;
    if (peer->ss_family == AF_INET6) {
        p = ((const struct sockaddr_in6 *)peer)->sin6_addr.s6_addr;
        n = 8;
    } else {
        p = (const unsigned char *)&((const struct sockaddr_in *)peer)->sin_addr;
        n = 4;
    }
    for (size_t i = 0; i < n; i++) {
        h = (h ^ p[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return (uint32_t)(h % IP_SLOTS);
}

/* Count a connection in, as a stranger's; false when a cap is reached, and then nothing is counted.
 * Most clients of an office stand behind one address: so those who signed in have the larger part
 * of its cap, and those nobody knows share the smaller one. */
static bool count_in(struct http_server *s, uint32_t slot, int strangers_max)
{
    bool fits = atomic_fetch_add(&s->conn_count, 1) < s->setup.connections_max;
    if (!fits ||
        !counts_in(s->counts, s->setup.counts_row, slot, s->setup.per_ip_max, strangers_max)) {
        atomic_fetch_sub(&s->conn_count, 1);
        return false;
    }
    return true;
}

static bool is_this_machine(const struct sockaddr_storage *peer)
{
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)peer;
    const struct sockaddr_in *four = (const struct sockaddr_in *)peer;
    return peer->ss_family == AF_INET6 ? IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) != 0
                                       : ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

static int strangers_max(const struct http_server *s, const struct sockaddr_storage *peer)
{
    return s->setup.strangers_max > 0 ? s->setup.strangers_max
           : is_this_machine(peer)    ? s->setup.per_ip_max
                                      : LIMIT_HTTP_STRANGERS_PER_IP;
}

/* Too many: say so in one packet, if it goes without waiting, and close. */
static void shed(const struct loop *l, int handle)
{
    static const char text[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
        "Retry-After: 5\r\nConnection: close\r\nContent-Length: 74\r\n\r\n"
        "{\"title\":\"Service Unavailable\",\"status\":503,\"code\":\"too_many_connections\"}";
    const struct http_net *net = l->server->net;
    if (l->server->tls == NULL) {
        struct iovec part = {(void *)(uintptr_t)text, sizeof(text) - 1};
        net->send(net, handle, &part, 1);
    }
    net->close(net, handle);
}

static void put_peer(char *ret, size_t n, const struct sockaddr_storage *peer)
{
    const void *address = peer->ss_family == AF_INET6
                              ? (const void *)&((const struct sockaddr_in6 *)peer)->sin6_addr
                              : (const void *)&((const struct sockaddr_in *)peer)->sin_addr;
    if (inet_ntop(peer->ss_family, address, ret, (socklen_t)n) == NULL) {
        ret[0] = 0;
    }
}

static void welcome(struct loop *l, int handle, const struct sockaddr_storage *peer)
{
    struct http_server *s = l->server;
    uint32_t slot = ip_slot(s, peer);
    if (!count_in(s, slot, strangers_max(s, peer))) {
        shed(l, handle);
        return;
    }
    struct conn *c = conn_new(l, handle);
    if (c == NULL) {
        count_out(s, slot, true);
        shed(l, handle);
        return;
    }
    c->ip_slot = slot;
    c->is_counted = true;
    put_peer(c->peer, sizeof(c->peer), peer);
    if (s->tls != NULL) {
        conn_set_phase(c, PHASE_HANDSHAKE);
        if (!tls_attach(c)) {
            conn_drop(c);
            return;
        }
    }
    /* Most clients send at once: the first read saves a turn of the loop. */
    c->readable = true;
    pump(c);
}

/* Handles have run out: give up the spare one to take the waiting client and tell it, so that the
 * listener does not stay ready for ever. */
static bool shed_for_want_of_handles(struct loop *l, int listener)
{
    const struct http_net *net = l->server->net;
    struct sockaddr_storage peer;
    close_handle(l, &l->reserve);
    int handle = net->accept(net, listener, &peer);
    if (handle >= 0) {
        shed(l, handle);
    }
    l->reserve = net->reserve(net);
    return handle >= 0;
}

static void accept_some(struct loop *l, int listener)
{
    const struct http_net *net = l->server->net;
    for (int i = 0; i < ACCEPTS; i++) {
        struct sockaddr_storage peer = {0};
        int handle = net->accept(net, listener, &peer);
        if (handle >= 0) {
            welcome(l, handle, &peer);
        } else if (handle == -EMFILE || handle == -ENFILE) {
            if (!shed_for_want_of_handles(l, listener)) {
                return;
            }
        } else if (handle != -EINTR && handle != -ECONNABORTED) {
            return;
        }
    }
}

/* --- the loop --- */

static void on_ready(struct loop *l, const struct http_ready_event *e)
{
    struct source *source = e->data;
    struct conn *c = NULL;
    switch (source->kind) {
    case SOURCE_LISTENER:
        if (source->handle >= 0) {
            accept_some(l, source->handle);
        }
        return;
    case SOURCE_WAKE: l->server->net->wake_clear(l->server->net, source->handle); return;
    case SOURCE_CONN: break;
    }
    c = (struct conn *)source;
    if (c->phase == PHASE_DEAD) {
        return;
    }
    if ((e->ready & HTTP_BROKEN) != 0 && (e->ready & HTTP_READABLE) == 0) {
        conn_drop(c);
        return;
    }
    c->readable = c->readable || (e->ready & HTTP_READABLE) != 0;
    pump(c);
}

static void expire(struct conn *c)
{
    bool may_answer = !conn_has_output(c) && (c->phase == PHASE_HEAD || c->phase == PHASE_BODY);
    if (!may_answer) {
        conn_drop(c);
        return;
    }
    conn_refuse(c, c->phase == PHASE_HEAD ? TOO_SLOW_HEADER : TOO_SLOW_BODY);
    if (c->phase != PHASE_DEAD) {
        c->out_since_ns = c->loop->now_ns;
        pump(c);
    }
}

static void sweep(struct loop *l)
{
    int64_t next_ns = INT64_MAX;
    struct conn *following = NULL;
    for (struct conn *c = l->conns; c != NULL; c = following) {
        following = c->next;
        int64_t due_ns = conn_deadline_ns(c);
        if (due_ns <= l->now_ns) {
            expire(c);
            due_ns = c->phase == PHASE_DEAD ? INT64_MAX : conn_deadline_ns(c);
        }
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    int64_t soonest_ns = l->now_ns + sweep_step_ns;
    l->sweep_ns = next_ns < soonest_ns ? soonest_ns : next_ns;
}

static void feed_starved(struct loop *l)
{
    l->is_starved = false;
    struct conn *following = NULL;
    for (struct conn *c = l->conns; c != NULL; c = following) {
        following = c->next;
        if (c->readable || conn_streams(c)) {
            pump(c);
        }
    }
}

static void begin_stop(struct loop *l)
{
    l->is_stopping = true;
    for (int i = 0; i < l->listener_count; i++) {
        accept_some(l, l->listeners[i].handle);
    }
    close_listeners(l);
    struct conn *following = NULL;
    for (struct conn *c = l->conns; c != NULL; c = following) {
        following = c->next;
        conn_stop(c);
        if (c->phase != PHASE_DEAD && c->phase != PHASE_HANDSHAKE) {
            pump(c);
        }
    }
}

static void cut_all(struct loop *l)
{
    while (l->conns != NULL) {
        conn_drop(l->conns);
    }
}

static int wait_ms(const struct loop *l)
{
    if (l->is_starved) {
        return 0;
    }
    int64_t due_ns = l->sweep_ns;
    if (l->is_stopping) {
        int64_t hard_ns = atomic_load(&l->server->hard_ns);
        bool is_hard_next = hard_ns > l->now_ns && hard_ns < due_ns;
        due_ns = is_hard_next ? hard_ns : due_ns;
    }
    int64_t left_ms = (due_ns - l->now_ns) / 1000000 + 1;
    return left_ms < 0 ? 0 : left_ms > 60000 ? 60000 : (int)left_ms;
}

static bool is_over(struct loop *l)
{
    if (!l->is_stopping) {
        return false;
    }
    if (l->now_ns >= atomic_load(&l->server->hard_ns)) {
        cut_all(l);
    }
    return l->conn_count == 0 && l->exchange_count == 0;
}

void loop_settle(struct loop *l)
{
    const struct http_setup *setup = &l->server->setup;
    if (setup->settled != NULL) {
        setup->settled(setup->arg);
    }
}

void *loop_run(void *arg)
{
    struct loop *l = arg;
    const struct http_net *net = l->server->net;
    struct http_ready_event events[EVENTS];
    l->runs_on = pthread_self();
    l->now_ns = now_ns(l);
    l->sweep_ns = INT64_MAX;
    while (!is_over(l)) {
        loop_bury(l);
        int count = net->poll_wait(net, l->poll, events, EVENTS, wait_ms(l));
        l->now_ns = now_ns(l);
        for (int i = 0; i < count; i++) {
            on_ready(l, &events[i]);
        }
        loop_settle(l);
        loop_deliver_posts(l);
        if (l->is_starved) {
            feed_starved(l);
        }
        loop_settle(l); /* what came behind an answer that was just delivered */
        if (l->now_ns >= l->sweep_ns) {
            sweep(l);
        }
        if (!l->is_stopping && atomic_load(&l->server->stops)) {
            begin_stop(l);
        }
    }
    loop_bury(l);
    return NULL;
}
