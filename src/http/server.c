/* server.c - what outsiders call: make, listen, start, stop, and the door without a network. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "http/http_in.h"

/* A NUL-ended copy that lives with the server. */
static struct str keep(char **at, struct str s)
{
    char *p = *at;
    if (s.n > 0) {
        memcpy(p, s.p, s.n);
    }
    p[s.n] = 0;
    *at = p + s.n + 1;
    return (struct str){p, s.n};
}

static bool keep_names(struct http_server *s)
{
    struct http_setup *u = &s->setup;
    s->names = malloc(u->cert_file.n + u->key_file.n + u->client_ca_file.n + 3);
    if (s->names == NULL) {
        return false;
    }
    char *at = s->names;
    u->cert_file = keep(&at, u->cert_file);
    u->key_file = keep(&at, u->key_file);
    u->client_ca_file = keep(&at, u->client_ca_file);
    return true;
}

static void use_defaults(struct http_setup *u)
{
    struct http_times *t = &u->times;
    u->loops = u->loops > 0 ? u->loops : 1;
    u->connections_max = u->connections_max > 0 ? u->connections_max : LIMIT_HTTP_CONNECTIONS;
    u->per_ip_max = u->per_ip_max > 0 ? u->per_ip_max : LIMIT_HTTP_CONNECTIONS_PER_IP;
    t->header_ms = t->header_ms > 0 ? t->header_ms : LIMIT_HTTP_HEADER_MS;
    t->body_ms = t->body_ms > 0 ? t->body_ms : LIMIT_HTTP_BODY_MS;
    t->write_ms = t->write_ms > 0 ? t->write_ms : LIMIT_HTTP_WRITE_MS;
    t->silence_ms = t->silence_ms > 0 ? t->silence_ms : LIMIT_HTTP_SILENCE_MS;
    t->idle_ms = t->idle_ms > 0 ? t->idle_ms : LIMIT_HTTP_IDLE_MS;
    t->rate_bytes = t->rate_bytes > 0 ? t->rate_bytes : LIMIT_HTTP_RATE_BYTES;
}

static enum err open_parts(struct ctx *ctx, struct http_server *s)
{
    TRY(loop_init(ctx, &s->door, s, -1));
    s->loops = calloc((size_t)s->setup.loops, sizeof(*s->loops));
    if (s->loops == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for %d server loops", s->setup.loops);
    }
    return s->setup.cert_file.n > 0 ? tls_open(ctx, s) : ERR_OK;
}

enum err http_server_new(struct ctx *ctx, const struct http_setup *setup, struct http_server **ret)
{
    must(setup->world != NULL && setup->handle != NULL);
    struct http_server *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for a server");
    }
    s->setup = *setup;
    s->net = setup->net == NULL ? http_net_real() : setup->net;
    use_defaults(&s->setup);
    s->counts = setup->counts;
    enum err e = s->counts == NULL ? http_counts_new(ctx, 1, &s->counts) : ERR_OK;
    if (e == ERR_OK) {
        counts_clear(s->counts, s->setup.counts_row);
    }
    e = e != ERR_OK     ? e
        : keep_names(s) ? open_parts(ctx, s)
                        : fault(ctx, ERR_MEMORY, "no memory for a server");
    if (e != ERR_OK) {
        http_server_free(s);
        return fault_pass(ctx, e, __func__);
    }
    *ret = s;
    return ERR_OK;
}

static enum err parse_address(struct ctx *ctx, struct str text, struct sockaddr_storage *ret,
                              socklen_t *ret_bytes)
{
    char host[64] = "";
    uint64_t port = 0;
    bool is_six = text.n > 0 && text.p[0] == '[';
    size_t end = str_find(text, is_six ? STR("]:") : STR(":"));
    size_t begin = is_six ? 1 : 0;
    bool ok = end != SIZE_MAX && end - begin < sizeof(host) &&
              str_to_u64(str_slice(text, end + (is_six ? 2 : 1), text.n), &port) && port <= 65535;
    *ret = (struct sockaddr_storage){.ss_family = is_six ? AF_INET6 : AF_INET};
    if (ok) {
        memcpy(host, text.p + begin, end - begin);
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
        struct sockaddr_in *four = (struct sockaddr_in *)ret;
        if (is_six) {
            six->sin6_port = htons((uint16_t)port);
        } else {
            four->sin_port = htons((uint16_t)port);
        }
        ok = inet_pton(ret->ss_family, host,
                       is_six ? (void *)&six->sin6_addr : (void *)&four->sin_addr) == 1;
    }
    *ret_bytes = is_six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    return ok ? ERR_OK
              : fault(
                    ctx, ERR_USAGE,
                    "\"%.*s\" is no address to listen on; write it as 127.0.0.1:8080 or [::1]:8080",
                    FMT(text));
}

static enum err listen_fault(struct ctx *ctx, struct str address, int64_t why)
{
    if (why == -EADDRINUSE) {
        return fault(ctx, ERR_IN_USE,
                     "another program listens on %.*s already; stop it, or choose another port "
                     "with --listen",
                     FMT(address));
    }
    if (why == -EADDRNOTAVAIL) {
        return fault(ctx, ERR_USAGE,
                     "%.*s is not an address of this machine; listen on one that is", FMT(address));
    }
    if (why == -EACCES) {
        return fault(ctx, ERR_FORBIDDEN,
                     "this user may not listen on %.*s; choose a port above 1023", FMT(address));
    }
    return fault(ctx, ERR_IO, "cannot listen on %.*s: %s", FMT(address),
                 strerrordesc_np((int)-why));
}

static struct str address_text(struct ctx *ctx, const struct sockaddr_storage *a)
{
    char host[64] = "";
    if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;
        inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
        return str_format(ctx->arena, "[%s]:%u", host, ntohs(six->sin6_port));
    }
    const struct sockaddr_in *four = (const struct sockaddr_in *)a;
    inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
    return str_format(ctx->arena, "%s:%u", host, ntohs(four->sin_port));
}

static enum err init_loops(struct ctx *ctx, struct http_server *s)
{
    while (s->loop_count < s->setup.loops) {
        struct loop *l = &s->loops[s->loop_count];
        enum err e = loop_init(ctx, l, s, s->loop_count);
        s->loop_count++;
        TRY(e);
    }
    return ERR_OK;
}

/* A loop listens at a handle, which is its own from here on. */
static int64_t listen_at(struct http_server *s, struct loop *l, int handle)
{
    const struct http_net *net = s->net;
    struct source *source = &l->listeners[l->listener_count];
    *source = (struct source){SOURCE_LISTENER, handle};
    int64_t added = net->poll_set(net, l->poll, handle, HTTP_READABLE, source, false);
    if (added < 0) {
        net->close(net, handle);
        return added;
    }
    l->listener_count++;
    return 0;
}

static int64_t add_listener(struct http_server *s, struct loop *l, const struct sockaddr_storage *a,
                            socklen_t bytes)
{
    int handle = s->net->listen(s->net, (const struct sockaddr *)a, bytes, true);
    return handle < 0 ? handle : listen_at(s, l, handle);
}

/* Sockets that share an address with each other would share it with a second process of this user
 * too; so one that does not share is bound first, which fails when anybody is there. */
static int64_t claim(struct http_server *s, struct sockaddr_storage *a, socklen_t bytes)
{
    const struct http_net *net = s->net;
    int handle = net->listen(net, (const struct sockaddr *)a, bytes, false);
    if (handle < 0) {
        return handle;
    }
    int64_t got = net->local_address(net, handle, a);
    net->close(net, handle);
    return got;
}

enum err http_listen(struct ctx *ctx, struct http_server *s, struct str address,
                     struct str *ret_address)
{
    must(s->started == 0);
    struct sockaddr_storage a;
    socklen_t bytes = 0;
    TRY(parse_address(ctx, address, &a, &bytes));
    TRY(init_loops(ctx, s));
    if (s->loops[0].listener_count == LISTENERS_MAX) {
        return fault(ctx, ERR_TOO_MANY, "a server listens on at most %d addresses", LISTENERS_MAX);
    }
    int64_t result = claim(s, &a, bytes);
    for (int i = 0; result >= 0 && i < s->loop_count; i++) {
        result = add_listener(s, &s->loops[i], &a, bytes);
    }
    if (result < 0) {
        return listen_fault(ctx, address, result);
    }
    if (ret_address != NULL) {
        *ret_address = address_text(ctx, &a);
    }
    return ERR_OK;
}

enum err http_bind(struct ctx *ctx, struct str address, int *ret_socket, struct str *ret_address)
{
    const struct http_net *net = http_net_real();
    struct sockaddr_storage a;
    socklen_t bytes = 0;
    TRY(parse_address(ctx, address, &a, &bytes));
    int handle = net->listen(net, (const struct sockaddr *)&a, bytes, false);
    int64_t got = handle < 0 ? handle : net->local_address(net, handle, &a);
    if (got < 0) {
        return listen_fault(ctx, address, got);
    }
    *ret_socket = handle;
    *ret_address = address_text(ctx, &a);
    return ERR_OK;
}

enum err http_listen_at(struct ctx *ctx, struct http_server *s, int socket)
{
    must(s->started == 0 && s->setup.loops == 1);
    TRY(init_loops(ctx, s));
    if (s->loops[0].listener_count == LISTENERS_MAX) {
        return fault(ctx, ERR_TOO_MANY, "a server listens on at most %d addresses", LISTENERS_MAX);
    }
    int64_t result = listen_at(s, &s->loops[0], socket);
    return result < 0 ? fault(ctx, ERR_IO, "cannot listen: %s", strerrordesc_np((int)-result))
                      : ERR_OK;
}

enum err http_start(struct ctx *ctx, struct http_server *s)
{
    must(s->started == 0);
    TRY(init_loops(ctx, s));
    while (s->started < s->loop_count) {
        struct loop *l = &s->loops[s->started];
        int why = pthread_create(&l->thread, NULL, loop_run, l);
        if (why != 0) {
            http_stop(s, 0);
            return fault(ctx, ERR_BUSY, "the system gives no thread for a server loop: %s",
                         strerrordesc_np(why));
        }
        s->started++;
    }
    return ERR_OK;
}

void http_stop(struct http_server *s, int64_t hard_ms)
{
    struct world *w = s->setup.world;
    hard_ms = hard_ms > 0 ? hard_ms : LIMIT_HTTP_STOP_MS;
    atomic_store(&s->hard_ns, w->mono_ns(w) + hard_ms * 1000000);
    atomic_store(&s->stops, true);
    for (int i = 0; i < s->started; i++) {
        loop_wake(&s->loops[i]);
    }
    while (s->started > 0) {
        pthread_join(s->loops[--s->started].thread, NULL);
    }
}

void http_server_free(struct http_server *s)
{
    if (s == NULL) {
        return;
    }
    if (s->started > 0) {
        http_stop(s, 0);
    }
    for (int i = 0; i < s->loop_count; i++) {
        loop_release(&s->loops[i]);
    }
    if (s->setup.counts == NULL) {
        http_counts_free(s->counts);
    }
    if (s->door.server != NULL) {
        loop_release(&s->door);
    }
    tls_close(s);
    bytes_release(&s->door_out);
    free(s->loops);
    free(s->names);
    free(s);
}

static bool drain_output(struct conn *c, struct bytes *sink)
{
    bool moved = false;
    while (c->phase != PHASE_DEAD && conn_has_output(c)) {
        bool from_out = bytes_left(&c->out) > 0;
        const char *p = from_out ? c->out.p + c->out.at : c->tail.p;
        size_t n = from_out ? bytes_left(&c->out) : c->tail.n;
        must(bytes_put(sink, p, n));
        conn_sent(c, n);
        moved = true;
    }
    return moved;
}

/* Let the conn work until it wants more input; answers of other threads are waited for. */
static void run_door(struct loop *l, struct conn *c, struct bytes *sink)
{
    do {
        enum phase before = c->phase;
        conn_advance(c);
        while (drain_output(c, sink) || (c->phase == PHASE_IDLE && before != PHASE_IDLE)) {
            before = c->phase;
            conn_advance(c);
        }
        bool waits = c->phase == PHASE_STREAM || (c->phase == PHASE_HANDLER && c->x != NULL) ||
                     (c->x != NULL && c->x->is_waiting);
        if (!waits) {
            return;
        }
        loop_settle(l);
        pthread_mutex_lock(&l->lock);
        while (l->posted == NULL) {
            pthread_cond_wait(&l->changed, &l->lock);
        }
        pthread_mutex_unlock(&l->lock);
        loop_deliver_posts(l);
    } while (true);
}

void door_feed(struct http_server *s, struct str bytes, size_t first_bytes, struct buf *ret)
{
    must(s->started == 0);
    struct loop *l = &s->door;
    l->runs_on = pthread_self();
    s->door_out.at = 0;
    s->door_out.n = 0;
    struct conn *c = conn_new(l, -1);
    must(c != NULL);
    size_t at = 0;
    while (at < bytes.n && c->phase != PHASE_DEAD) {
        struct str piece =
            str_slice(bytes, at, at + (at == 0 && first_bytes > 0 ? first_bytes : COPY_BYTES));
        must(bytes_put(&c->in, piece.p, piece.n));
        at += piece.n;
        run_door(l, c, &s->door_out);
    }
    conn_drop(c);
    loop_deliver_posts(l); /* an answer that ended with its connection */
    loop_bury(l);
    buf_bytes(ret, s->door_out.p, s->door_out.n);
}

void http_feed(struct http_server *s, struct str bytes, struct buf *ret)
{
    door_feed(s, bytes, 0, ret);
}
