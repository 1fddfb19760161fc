/* call.c - a front calls the process that writes, and calls again.
 *
 * The first call is made by who opens the front, so that what can never come right (a certificate
 * that is not believed, another node, another program) is said at once and ends it. After that a
 * thread carries; when the line ends, for whatever reason, it calls again: soon at first, then
 * after waits that double, since a node that comes back should not be met by all its fronts at
 * once. It goes on for ever where that may help: a certificate may be renewed, an address come
 * back. It does not where the node has become one that this program must not talk to. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "line/line_in.h"

enum { PAUSE_MS = 200, PAUSE_MAX_MS = 15000, LASTED_MS = 5000 };

struct line_caller {
    struct line_config config;
    struct world *world;
    char *host;
    char *port;
    char address[300];
    int stop; /* an eventfd, never read */
    pthread_t thread;
    bool has_thread;
    atomic_int state; /* enum line_state */
    struct conn conn; /* of the thread, once it runs */
    bool is_up;
    char said[600]; /* what was last said of a call that failed */
};

static bool address_split(struct str address, struct str *ret_host, struct str *ret_port)
{
    uint64_t number = 0;
    size_t colon = address.n;
    while (colon > 0 && address.p[colon - 1] != ':') {
        colon--;
    }
    struct str host = str_slice(address, 0, colon > 0 ? colon - 1 : 0);
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') {
        host = str_slice(host, 1, host.n - 1);
    }
    *ret_host = host;
    *ret_port = str_slice(address, colon, address.n);
    return host.n > 0 && host.n < 256 && str_to_u64(*ret_port, &number) && number > 0 &&
           number < 65536;
}

bool line_is_address(struct str address)
{
    struct str host;
    struct str port;
    return address_split(address, &host, &port);
}

enum err line_caller_new(struct ctx *ctx, const struct line_config *config, struct str address,
                         struct line_caller **ret)
{
    struct line_caller *c = ARENA_NEW(ctx->arena, struct line_caller);
    c->config = *config;
    c->world = ctx->world;
    struct str host;
    struct str port;
    if (!address_split(address, &host, &port)) {
        return fault(ctx, ERR_USAGE, "\"%.*s\" is no address of a node: HOST:PORT", FMT(address));
    }
    c->host = str_z(ctx->arena, host);
    c->port = str_z(ctx->arena, port);
    snprintf(c->address, sizeof(c->address), "%.*s", FMT(address));
    c->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->stop < 0) {
        return fault(ctx, ERR_IO, "the system gives no handle for the line to the node");
    }
    *ret = c;
    return ERR_OK;
}

enum line_state line_caller_state(const struct line_caller *c)
{
    return (enum line_state)atomic_load(&c->state);
}

/* ---- one call ---- */

static bool is_connected(int tcp)
{
    int error = 0;
    socklen_t bytes = sizeof(error);
    bool asked = getsockopt(tcp, SOL_SOCKET, SO_ERROR, &error, &bytes) == 0;
    errno = error;
    return asked && error == 0;
}

/* The socket of the first of its addresses that answers; -1, with errno, when none does. */
static int connect_any(struct conn *c, const struct addrinfo *all)
{
    int why = ECONNREFUSED;
    for (const struct addrinfo *a = all; a != NULL; a = a->ai_next) {
        int64_t until_ns = line_after_ms(c, LINE_GREET_MS);
        int tcp = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        bool good =
            tcp >= 0 &&
            (connect(tcp, a->ai_addr, a->ai_addrlen) == 0 ||
             (errno == EINPROGRESS && line_await(c, tcp, POLLOUT, until_ns) && is_connected(tcp)));
        if (good) {
            return tcp;
        }
        why = errno == EINPROGRESS || errno == 0 ? ETIMEDOUT : errno;
        if (tcp >= 0) {
            close(tcp);
        }
    }
    errno = why;
    return -1;
}

/* c: for its clock and its stop alone. */
static enum err connect_to(struct ctx *ctx, struct conn *c, const struct line_caller *caller,
                           int *ret)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *all = NULL;
    int r = getaddrinfo(caller->host, caller->port, &hints, &all);
    if (r != 0) {
        return fault(ctx, ERR_IO, "its address is not known: %s", gai_strerror(r));
    }
    *ret = connect_any(c, all);
    int why = errno;
    freeaddrinfo(all);
    return *ret >= 0 ? ERR_OK
                     : fault(ctx, ERR_IO, "it cannot be reached: %s", strerrordesc_np(why));
}

static enum err greet(struct conn *c, const struct line_config *config)
{
    struct ctx *ctx = &c->ctx;
    struct line_greeting node;
    int far = -1;
    TRY(conn_handshake(c, config->folder, LINE_CALLER));
    TRY(conn_greet(c, &config->greeting));
    TRY(conn_hear(c, &node));
    TRY(line_greeting_fit(ctx, &config->greeting, &node));
    if (node.refused.n > 0) {
        return fault(ctx, ERR_REFUSED, "it does not let us in: %.*s", FMT(node.refused));
    }
    TRY(conn_pair(c, &far));
    enum err e = config->joins(ctx, config->arg, far);
    if (e != ERR_OK) {
        close(far);
    }
    return e;
}

enum err line_caller_call(struct ctx *ctx, struct line_caller *caller)
{
    struct conn *c = &caller->conn;
    int tcp = -1;
    *c = (struct conn){.ctx.world = caller->world, .stop = caller->stop, .name = caller->host};
    enum err e = connect_to(ctx, c, caller, &tcp);
    if (e == ERR_OK) {
        line_keep_alive(tcp);
        e = conn_open(c, caller->world, tcp);
        e = e == ERR_OK ? greet(c, &caller->config) : e;
        if (e != ERR_OK) {
            ctx->why = (struct why){.code = e, .detail = str_copy(ctx->arena, c->ctx.why.detail)};
            conn_close(c);
        }
    }
    if (e != ERR_OK) {
        struct str detail = ctx->why.detail;
        ctx->why = (struct why){0};
        return fault(ctx, e, "the node at %s: %.*s", caller->address, FMT(detail));
    }
    caller->is_up = true;
    atomic_store(&caller->state, LINE_UP);
    return ERR_OK;
}

/* ---- the thread ---- */

static bool stops(struct line_caller *c, int wait_ms)
{
    struct pollfd fd = {.fd = c->stop, .events = POLLIN};
    return poll(&fd, 1, wait_ms) > 0;
}

/* What keeps it from the node is said once, not at every call. */
static void say_failed(struct line_caller *c, struct str detail)
{
    detail = str_slice(detail, 0, sizeof(c->said) - 1);
    if (!str_equal(detail, str_from(c->said))) {
        memcpy(c->said, detail.p, detail.n);
        c->said[detail.n] = 0;
        c->config.say(c->config.arg, detail);
    }
}

/* Call once more; false when it is over. */
static bool call_again(struct ctx *ctx, struct line_caller *c)
{
    struct arena_mark mark = arena_mark(ctx->arena);
    ctx->why = (struct why){0};
    enum err e = line_caller_call(ctx, c);
    bool over = e == ERR_VERSION || e == ERR_CONFLICT;
    if (e == ERR_OK) {
        c->said[0] = 0;
        c->config.say(c->config.arg, STR("the node is there again"));
    } else {
        say_failed(c, ctx->why.detail);
    }
    if (over) {
        atomic_store(&c->state, LINE_OVER);
    }
    arena_reset(ctx->arena, mark);
    return !over;
}

/* Carry until it ends, and say why it did, where it is no end in order. Returns how long that was,
 * in ms. */
static int64_t carry(struct line_caller *c)
{
    char text[600] = "the line to the node ended";
    int64_t begun = c->world->mono_ns(c->world);
    c->conn.stop = -1; /* the pair ends it */
    conn_carry(&c->conn);
    if (c->conn.ctx.why.code != ERR_OK) {
        snprintf(text, sizeof(text), "the line to the node ended: %.*s",
                 FMT(str_slice(c->conn.ctx.why.detail, 0, 400)));
    }
    if (!stops(c, 0)) {
        c->config.say(c->config.arg, str_from(text));
    }
    conn_close(&c->conn);
    c->is_up = false;
    atomic_store(&c->state, LINE_AWAY);
    return (c->world->mono_ns(c->world) - begun) / 1000000;
}

static void *caller_main(void *arg)
{
    struct line_caller *c = arg;
    struct ctx ctx = {.arena = arena_new(LINE_ARENA_BYTES), .world = c->world};
    int pause_ms = PAUSE_MS;
    bool goes_on = ctx.arena != NULL;
    while (goes_on && !stops(c, 0)) {
        if (c->is_up) {
            pause_ms = carry(c) >= LASTED_MS ? PAUSE_MS : pause_ms;
        }
        if (stops(c, pause_ms)) {
            break;
        }
        pause_ms = 2 * pause_ms < PAUSE_MAX_MS ? 2 * pause_ms : PAUSE_MAX_MS;
        goes_on = call_again(&ctx, c);
    }
    if (c->is_up) {
        carry(c);
    }
    arena_free(ctx.arena);
    return NULL;
}

enum err line_caller_start(struct ctx *ctx, struct line_caller *c)
{
    int why = pthread_create(&c->thread, NULL, caller_main, c);
    if (why != 0) {
        return fault(ctx, ERR_MEMORY, "the system gives no thread for the line to the node: %s",
                     strerrordesc_np(why));
    }
    c->has_thread = true;
    return ERR_OK;
}

void line_caller_free(struct line_caller *c)
{
    if (c == NULL) {
        return;
    }
    (void)eventfd_write(c->stop, 1);
    if (c->has_thread) {
        pthread_join(c->thread, NULL);
    } else if (c->is_up) {
        conn_close(&c->conn);
    }
    close(c->stop);
}
