/* http - a constant JSON of 200 bytes over loopback: the server of src/http against the least a
 * program can do.
 *
 * The limit, measured in the same run by the same generator, is an epoll loop that answers every
 * read with the same bytes without looking at them.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "http/http.h"
#include "http/server.h"
#include "load.h"
#include "report.h"

enum { CONNECTIONS = 64 };

static const char body[201] =
    "{\"code\":\"110000\",\"name\":\"a constant answer of two hundred bytes\",\"fill\":\""
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}";

static void handle(void *arg, struct http_exchange *x)
{
    (void)arg;
    http_respond(x, &(struct http_response){
                        .status = 200, .type = STR("application/json"), .body = str_from(body)});
}

static size_t build(void *arg, int connection, uint64_t number, char *out, size_t max)
{
    static const char request[] =
        "GET /constant HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n";
    (void)arg;
    (void)connection;
    (void)number;
    must(sizeof(request) - 1 <= max);
    memcpy(out, request, sizeof(request) - 1);
    return sizeof(request) - 1;
}

struct bare {
    int listener;
    int poll;
    _Atomic bool ends;
    char answer[512];
    size_t answer_n;
};

static void *bare_run(void *arg)
{
    struct bare *b = arg;
    struct epoll_event events[128];
    char in[4096];
    while (!b->ends) {
        int n = epoll_wait(b->poll, events, LEN(events), 100);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd == b->listener) {
                struct epoll_event e = {.events = EPOLLIN,
                                        .data.fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK)};
                epoll_ctl(b->poll, EPOLL_CTL_ADD, e.data.fd, &e);
            } else if (recv(fd, in, sizeof(in), 0) <= 0 ||
                       send(fd, b->answer, b->answer_n, MSG_NOSIGNAL) < 0) {
                close(fd);
            }
        }
    }
    return NULL;
}

static struct load_result measure(int port)
{
    struct load l = {.host = "127.0.0.1",
                     .port = port,
                     .connections = CONNECTIONS,
                     .warm_ms = bench_size(300, 20),
                     .run_ms = bench_size(2000, 100),
                     .build = build};
    struct load_result r;
    must(load_run(&l, &r) == 0 && r.wrong == 0 && r.broken == 0);
    return r;
}

static struct load_result measure_bare(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(a);
    struct bare b = {.listener = socket(AF_INET, SOCK_STREAM, 0), .poll = epoll_create1(0)};
    must(bind(b.listener, (struct sockaddr *)&a, bytes) == 0 && listen(b.listener, 1024) == 0);
    must(getsockname(b.listener, (struct sockaddr *)&a, &bytes) == 0);
    struct epoll_event e = {.events = EPOLLIN, .data.fd = b.listener};
    must(epoll_ctl(b.poll, EPOLL_CTL_ADD, b.listener, &e) == 0);
    b.answer_n = (size_t)snprintf(
        b.answer, sizeof(b.answer),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
        strlen(body), body);
    pthread_t thread;
    must(pthread_create(&thread, NULL, bare_run, &b) == 0);
    struct load_result r = measure(ntohs(a.sin_port));
    b.ends = true;
    pthread_join(thread, NULL);
    close(b.listener);
    close(b.poll);
    return r;
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv);
    struct ctx ctx = {.arena = arena_new(1 << 20), .world = world_real()};
    struct load_result bare = measure_bare();
    struct http_server *s = NULL;
    struct str address = {0};
    struct http_setup setup = {.world = ctx.world, .handle = handle};
    must(http_server_new(&ctx, &setup, &s) == ERR_OK);
    must(http_listen(&ctx, s, STR("127.0.0.1:0"), &address) == ERR_OK &&
         http_start(&ctx, s) == ERR_OK);
    uint64_t port = 0;
    must(str_to_u64(str_slice(address, 10, address.n), &port));
    struct load_result r = measure((int)port);
    static const char peer[] = "bare epoll without a parser";
    bench_report("constant answer of 200 bytes, one loop", r.per_s, "requests/s", bare.per_s, peer);
    bench_report("  p50, 64 clients", r.p50_ms, "ms", bare.p50_ms, peer);
    bench_report("  p99, 64 clients", r.p99_ms, "ms", bare.p99_ms, peer);
    http_server_free(s);
    arena_free(ctx.arena);
    return 0;
}
