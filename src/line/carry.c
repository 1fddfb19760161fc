/* carry.c - moving bytes between the network and a local socket pair.
 *
 * One thread a connection, and one buffer each way: a side that does not take its bytes stops the
 * reading of the other, so what waits is bounded, and what cannot wait waits where it did before
 * there were lines, in the queues of the link. When the network ends, what had come whole is still
 * handed on (it may be an answer, or a draft); when the pair ends, what it left behind is still
 * sent, so that a node that stops has told its far fronts as it tells those beside it. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/world.h"
#include "line/line_in.h"

enum { PIECE_BYTES = 65536 };

/* Bytes on their way in one direction. */
struct flow {
    char *p;
    int at;
    int n;
    bool has_ended; /* nothing more comes */
};

int64_t line_after_ms(struct conn *c, int ms)
{
    struct world *w = c->ctx.world;
    return w->mono_ns(w) + (int64_t)ms * 1000000;
}

static int left_ms(struct conn *c, int64_t until_ns)
{
    struct world *w = c->ctx.world;
    int64_t left = (until_ns - w->mono_ns(w) + 999999) / 1000000;
    return until_ns == INT64_MAX ? -1 : left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

bool line_await(struct conn *c, int fd, short events, int64_t until_ns)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = fd, .events = events}, {.fd = c->stop, .events = POLLIN}};
        int left = left_ms(c, until_ns);
        int n = poll(fds, 2, left);
        if (fds[1].revents != 0 || (n < 0 && errno != EINTR) || (n == 0 && left == 0)) {
            return false;
        }
        if (n > 0 && fds[0].revents != 0) {
            return true;
        }
    }
}

/* What it sent meanwhile is read and thrown away: bytes that nobody read would have the system cut
 * the connection, and our last word with it. */
void conn_linger(struct conn *c)
{
    int64_t until_ns = line_after_ms(c, LINE_LINGER_MS);
    char bytes[4096];
    ssize_t n = 1;
    shutdown(c->tcp, SHUT_WR);
    while (n != 0 && line_await(c, c->tcp, POLLIN, until_ns)) {
        n = recv(c->tcp, bytes, sizeof(bytes), MSG_DONTWAIT);
        n = n < 0 && errno != EAGAIN && errno != EINTR ? 0 : n == 0 ? 0 : 1;
    }
}

enum err conn_pair(struct conn *c, int *ret)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
        return fault(&c->ctx, ERR_IO, "the system gives no socket pair for a line");
    }
    c->pair = pair[0];
    *ret = pair[1];
    return ERR_OK;
}

/* The next piece from the network; *ret_events: what the network waits for. */
static bool net_fill(struct conn *c, struct flow *in, short *ret_events)
{
    if (in->has_ended || in->at < in->n) {
        return false;
    }
    int n = conn_read(c, in->p, PIECE_BYTES, ret_events);
    in->at = 0;
    in->n = n > 0 ? n : 0;
    in->has_ended = n < 0;
    return n != 0;
}

static bool net_drain(struct conn *c, struct flow *out, short *ret_events)
{
    int n = out->at < out->n
                ? conn_write(c, out->p + out->at, (size_t)(out->n - out->at), ret_events)
                : 0;
    out->at += n > 0 ? n : 0;
    out->n = n < 0 ? out->at : out->n; /* nobody takes it any more */
    out->has_ended = out->has_ended || n < 0;
    return n != 0;
}

static bool pair_fill(const struct conn *c, struct flow *out)
{
    if (out->has_ended || out->at < out->n) {
        return false;
    }
    ssize_t n = recv(c->pair, out->p, PIECE_BYTES, MSG_DONTWAIT);
    bool waits = n < 0 && (errno == EAGAIN || errno == EINTR);
    out->at = 0;
    out->n = n > 0 ? (int)n : 0;
    out->has_ended = n <= 0 && !waits;
    return !waits;
}

static bool pair_drain(const struct conn *c, struct flow *in)
{
    if (in->at == in->n) {
        return false;
    }
    ssize_t n =
        send(c->pair, in->p + in->at, (size_t)(in->n - in->at), MSG_DONTWAIT | MSG_NOSIGNAL);
    bool waits = n < 0 && (errno == EAGAIN || errno == EINTR);
    in->at += n > 0 ? (int)n : 0;
    in->n = n < 0 && !waits ? in->at : in->n;
    in->has_ended = in->has_ended || (n < 0 && !waits);
    return !waits;
}

/* Until there is something to move, or the time is over; false when all shall end. */
static bool wait_for_either(struct conn *c, short net, short pair, int64_t until_ns)
{
    struct pollfd fds[3] = {{.fd = net != 0 ? c->tcp : -1, .events = net},
                            {.fd = pair != 0 ? c->pair : -1, .events = pair},
                            {.fd = c->stop, .events = POLLIN}};
    int left = left_ms(c, until_ns);
    int n = poll(fds, 3, left);
    return fds[2].revents == 0 && (n >= 0 || errno == EINTR);
}

void conn_carry(struct conn *c)
{
    struct flow in = {.p = arena_push_bytes(c->ctx.arena, PIECE_BYTES)};
    struct flow out = {.p = arena_push_bytes(c->ctx.arena, PIECE_BYTES)};
    int64_t until_ns = INT64_MAX;
    c->ctx.why = (struct why){0};
    conn_watch_begin(c);
    for (bool goes_on = true; goes_on && conn_watch(c);) {
        short net = 0;
        bool moved = net_fill(c, &in, &net);
        moved = pair_drain(c, &in) || moved;
        moved = pair_fill(c, &out) || moved;
        moved = net_drain(c, &out, &net) || moved;
        if ((in.has_ended && in.at == in.n) || (out.has_ended && out.at == out.n)) {
            break;
        }
        if ((in.has_ended || out.has_ended) && until_ns == INT64_MAX) {
            until_ns = line_after_ms(c, LINE_DRAIN_MS);
        }
        short pair = (short)((out.at == out.n && !out.has_ended ? POLLIN : 0) |
                             (in.at < in.n ? POLLOUT : 0));
        int64_t wake_ns = until_ns < c->look_ns ? until_ns : c->look_ns;
        goes_on =
            moved || (line_after_ms(c, 0) < until_ns && wait_for_either(c, net, pair, wake_ns));
    }
}
