/* A page that takes long runs on the pool: one loop answers others meanwhile, and what finds the
 * queue full is asked to come again. */
#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/token.h"
#include "base/test.h"
#include "base/world.h"
#include "gate/run.h"
#include "http/server.h"
#include "store/schema.h"
#include "limit_gen.h"
#include "web/pool.h"
#include "web/web.h"
#include "web/serve.h"
#include "web/answer.h"
#include "world_sim.h"

struct bench {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    atomic_int begun;
};

static enum err slow_page(struct page *p)
{
    struct bench *b = page_state(p, "test");
    atomic_fetch_add(&b->begun, 1);
    pthread_mutex_lock(&b->lock);
    while (!b->open) {
        pthread_cond_wait(&b->changed, &b->lock);
    }
    pthread_mutex_unlock(&b->lock);
    must(p->db != NULL);
    return page_raw(p, 200, STR("text/plain"), STR("slow and well\n"), -1);
}

static enum err fast_page(struct page *p)
{
    return page_raw(p, 200, STR("text/plain"), STR("fast and well\n"), -1);
}

/* Pages of a test alone: no law speaks of them. */
static const struct route rows[] = {
    {.method = "GET", .path = "/slow", .fn = slow_page, .audience = FOR_ALL | ON_POOL},
    {.method = "GET", .path = "/fast", .fn = fast_page, .audience = FOR_ALL},
};
static const struct route_table table = {rows, LEN(rows)};

static int dial(struct str address)
{
    uint64_t port = 0;
    must(str_to_u64(str_slice(address, str_find_byte(address, ':') + 1, address.n), &port));
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 20};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    must(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
    return fd;
}

static void ask(int fd, const char *path)
{
    char text[80];
    int n = snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
    must(send(fd, text, (size_t)n, MSG_NOSIGNAL) == n);
}

/* What comes until `end` stands in it. */
static struct str hear(struct ctx *ctx, int fd, const char *end)
{
    struct buf b = buf_new(ctx->arena, 0);
    char bytes[4096];
    while (str_find(buf_str(&b), str_from(end)) == SIZE_MAX) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        if (n <= 0) {
            break;
        }
        buf_bytes(&b, bytes, (size_t)n);
    }
    return buf_str(&b);
}

/* A site of these two pages alone, on one loop, over a gate without law. */
struct site {
    struct store *store;
    struct gate *gate;
    struct web *web;
    struct http_server *server;
    struct str address;
};

static void open_site(struct test *t, struct ctx *ctx, struct site *s, struct bench *b)
{
    struct room_state *state = ARENA_NEW(ctx->arena, struct room_state);
    *state = (struct room_state){"test", b};
    CHECK_OK(store_open(ctx, STR("/d"), STORE_CREATE, &s->store));
    CHECK_OK(store_migrate(ctx, s->store));
    struct gate_config gate = {
        .store = s->store, .origin = STR("test.example/1"), .node = STR("t")};
    CHECK_OK(gate_new(ctx, &gate, &s->gate));
    struct web_config web = {.gate = s->gate,
                             .store = s->store,
                             .tables = &table,
                             .table_count = 1,
                             .states = state,
                             .state_count = 1};
    CHECK_OK(web_new(ctx, &web, &s->web));
    struct http_setup setup = {
        .world = ctx->world, .arg = s->web, .handle = web_handle, .loops = 1};
    CHECK_OK(http_server_new(ctx, &setup, &s->server));
    CHECK_OK(http_listen(ctx, s->server, STR("127.0.0.1:0"), &s->address));
    CHECK_OK(http_start(ctx, s->server));
}

static void close_site(struct site *s)
{
    http_server_free(s->server);
    web_free(s->web);
    gate_close(s->gate);
    store_close(s->store);
}

TEST(web_slow_page_holds_no_other)
{
    enum { SLOW = POOL_THREADS + LIMIT_SLOW_QUEUE + 4 };
    struct bench b = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    struct site s = {0};
    int fd[SLOW];
    struct world *world = sim_new(1);
    ctx->world = world;
    open_site(t, ctx, &s, &b);
    fd[0] = dial(s.address);
    ask(fd[0], "/slow");
    while (atomic_load(&b.begun) == 0) {
        usleep(1000);
    }
    int other = dial(s.address);
    for (int i = 0; i < 3; i++) { /* the one loop there is answers while that one waits */
        ask(other, "/fast");
        CHECK(str_find(hear(ctx, other, "fast and well"), STR("200 OK")) != SIZE_MAX);
    }
    for (int i = 1; i < SLOW; i++) {
        fd[i] = dial(s.address);
        ask(fd[i], "/slow");
        ask(other, "/fast"); /* behind it: it has been queued, or refused */
        CHECK(str_find(hear(ctx, other, "fast and well"), STR("200 OK")) != SIZE_MAX);
    }
    struct str last = hear(ctx, fd[SLOW - 1], "\r\n\r\n");
    CHECK(str_find(last, STR("503 Service Unavailable")) != SIZE_MAX);
    CHECK(str_find(last, STR("Retry-After: ")) != SIZE_MAX);
    pthread_mutex_lock(&b.lock);
    b.open = true;
    pthread_cond_broadcast(&b.changed);
    pthread_mutex_unlock(&b.lock);
    int well = 0;
    for (int i = 0; i < SLOW - 1; i++) {
        well += str_find(hear(ctx, fd[i], "\r\n\r\n"), STR("200 OK")) != SIZE_MAX;
    }
    CHECK(well > LIMIT_SLOW_QUEUE && well < SLOW - 1); /* all that found a place, and no more */
    for (int i = 0; i < SLOW; i++) {
        close(fd[i]);
    }
    close(other);
    close_site(&s);
    ctx->world = world_real();
    sim_free(world);
}
