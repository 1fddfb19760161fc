/* load.c - many clients in one thread. Each connection has one request under way; the time from its
 * last byte sent to its whole answer goes into a histogram, so that any number of answers takes the
 * same memory and a quantile is within 3 %. Answers are read only as far as their Content-Length:
 * the server measured here sends nothing else. */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "base/token.h"

/* Latencies fall into bins of 1/32 of a power of two of nanoseconds: 3 % wide, whatever the range.
 */
enum { REQUEST_BYTES = 65536, ANSWER_BYTES = 262144, BIN_BITS = 5, BINS = 64 << BIN_BITS };

struct link {
    int fd;
    int index;
    uint64_t number;
    int64_t sent_ns;
    size_t in_n;
    size_t out_at;
    size_t out_n;
    char *in;
    char *out;
};

struct run {
    const struct load *load;
    struct load_result *result;
    int poll;
    bool counts;
    int open;
    uint64_t bins[BINS];
    int64_t max_ns;
};

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static size_t bin_of(int64_t ns)
{
    uint64_t v = ns < 1 << BIN_BITS ? 1u << BIN_BITS : (uint64_t)ns;
    unsigned top = 63u - (unsigned)__builtin_clzll(v);
    return ((size_t)top << BIN_BITS) + (size_t)((v >> (top - BIN_BITS)) & ((1u << BIN_BITS) - 1));
}

static double bin_ms(size_t bin)
{
    unsigned top = (unsigned)(bin >> BIN_BITS);
    uint64_t low =
        ((uint64_t)1 << top) + ((uint64_t)(bin & ((1u << BIN_BITS) - 1)) << (top - BIN_BITS));
    return (double)low / 1e6;
}

static double quantile_ms(const struct run *r, double q)
{
    uint64_t total = 0;
    for (size_t i = 0; i < BINS; i++) {
        total += r->bins[i];
    }
    uint64_t seen = 0;
    for (size_t i = 0; i < BINS; i++) {
        seen += r->bins[i];
        if (total > 0 && (double)seen >= q * (double)total) {
            return bin_ms(i);
        }
    }
    return 0;
}

static void link_close(struct run *r, struct link *k)
{
    if (k->fd >= 0) {
        close(k->fd);
        r->open--;
    }
    k->fd = -1;
}

static void link_lost(struct run *r, struct link *k)
{
    r->result->broken++;
    link_close(r, k);
}

static void link_flush(struct run *r, struct link *k)
{
    while (k->out_at < k->out_n) {
        ssize_t n =
            send(k->fd, k->out + k->out_at, k->out_n - k->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        if (n < 0) {
            link_lost(r, k);
            return;
        }
        k->out_at += (size_t)n;
    }
    struct epoll_event e = {.events = EPOLLIN | (k->out_at < k->out_n ? EPOLLOUT : 0u),
                            .data.ptr = k};
    if ((e.events & EPOLLOUT) != 0) {
        epoll_ctl(r->poll, EPOLL_CTL_MOD, k->fd, &e);
    }
}

static void link_send(struct run *r, struct link *k)
{
    k->out_n = r->load->build(r->load->arg, k->index, k->number++, k->out, REQUEST_BYTES);
    k->out_at = 0;
    k->sent_ns = now_ns();
    link_flush(r, k);
}

/* Bytes of the whole answer at the front of in, 0 when it is not there yet; *ret_head the bytes of
 * its head. */
static size_t answer_bytes(const struct link *k, size_t *ret_head)
{
    struct str in = {k->in, k->in_n};
    size_t end = str_find(in, STR("\r\n\r\n"));
    if (end == SIZE_MAX) {
        return 0;
    }
    *ret_head = end + 4;
    struct str head = str_slice(in, 0, end + 2);
    size_t at = str_find(head, STR("\r\nContent-Length: "));
    uint64_t body = 0;
    if (at != SIZE_MAX) {
        struct str rest = {0};
        must(str_to_u64(str_cut(str_slice(head, at + 18, head.n), '\r', &rest), &body));
    }
    return *ret_head + body <= k->in_n ? *ret_head + (size_t)body : 0;
}

static void link_answered(struct run *r, struct link *k, size_t head, size_t whole)
{
    uint64_t status = 0;
    (void)str_to_u64(str_slice((struct str){k->in, head}, 9, 12), &status);
    const struct load *l = r->load;
    bool ok = status >= 200 && status < 300;
    if (l->check != NULL) {
        ok = l->check(l->arg, k->index, (int)status, (struct str){k->in, head},
                      (struct str){k->in + head, whole - head});
    }
    if (!r->counts) {
        return;
    }
    int64_t took_ns = now_ns() - k->sent_ns;
    r->result->answered += ok;
    r->result->wrong += !ok;
    r->bins[bin_of(took_ns)]++;
    r->max_ns = took_ns > r->max_ns ? took_ns : r->max_ns;
}

static void link_ready(struct run *r, struct link *k, uint32_t events)
{
    if ((events & EPOLLOUT) != 0) {
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = k};
        epoll_ctl(r->poll, EPOLL_CTL_MOD, k->fd, &e);
        link_flush(r, k);
    }
    if (k->fd < 0 || (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0) {
        return;
    }
    ssize_t n = recv(k->fd, k->in + k->in_n, ANSWER_BYTES - k->in_n, MSG_DONTWAIT);
    if (n <= 0) {
        if (n == 0 || errno != EAGAIN) {
            link_lost(r, k);
        }
        return;
    }
    k->in_n += (size_t)n;
    size_t head = 0;
    size_t whole = answer_bytes(k, &head);
    if (whole > 0) {
        link_answered(r, k, head, whole);
        k->in_n = 0;
        link_send(r, k);
    }
}

static int link_open(struct run *r, struct link *k, int index)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)r->load->port)};
    inet_pton(AF_INET, r->load->host, &a.sin_addr);
    int on = 1;
    k->index = index;
    k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    k->in = malloc(ANSWER_BYTES);
    k->out = malloc(REQUEST_BYTES);
    must(k->in != NULL && k->out != NULL);
    if (k->fd < 0 || connect(k->fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
        return -errno;
    }
    r->open++;
    setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = k};
    return epoll_ctl(r->poll, EPOLL_CTL_ADD, k->fd, &e) < 0 ? -errno : 0;
}

static void drive(struct run *r, int64_t until_ns)
{
    struct epoll_event events[128];
    while (r->open > 0 && now_ns() < until_ns) {
        int n = epoll_wait(r->poll, events, LEN(events), 100);
        for (int i = 0; i < n; i++) {
            link_ready(r, events[i].data.ptr, events[i].events);
        }
    }
}

int load_run(const struct load *l, struct load_result *ret)
{
    *ret = (struct load_result){0};
    struct run *r = calloc(1, sizeof(*r));
    struct link *links = calloc((size_t)l->connections, sizeof(*links));
    must(r != NULL && links != NULL);
    r->load = l;
    r->result = ret;
    r->poll = epoll_create1(EPOLL_CLOEXEC);
    int why = 0;
    for (int i = 0; i < l->connections; i++) {
        links[i].fd = -1;
    }
    for (int i = 0; i < l->connections && why == 0; i++) {
        why = link_open(r, &links[i], i);
    }
    for (int i = 0; i < l->connections && why == 0; i++) {
        link_send(r, &links[i]);
    }
    if (why == 0) {
        drive(r, now_ns() + l->warm_ms * 1000000);
        r->counts = true;
        int64_t begin_ns = now_ns();
        drive(r, begin_ns + l->run_ms * 1000000);
        ret->per_s = (double)ret->answered * 1e9 / (double)(now_ns() - begin_ns);
        ret->p50_ms = quantile_ms(r, 0.5);
        ret->p99_ms = quantile_ms(r, 0.99);
        ret->max_ms = (double)r->max_ns / 1e6;
    }
    for (int i = 0; i < l->connections; i++) {
        link_close(r, &links[i]);
        free(links[i].in);
        free(links[i].out);
    }
    close(r->poll);
    free(links);
    free(r);
    return why;
}
