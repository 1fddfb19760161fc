/* The server on real sockets: threads, time limits, caps, faults, TLS, stopping. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"
#include "base/token.h"
#include "http/client.h"
#include "http/http_in.h"

/* --- a handler that answers at once, later from another thread, or as a stream --- */

enum { KEPT_MAX = 128 };

struct keeper {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct http_exchange *kept[KEPT_MAX];
    int count;
    bool is_held; /* answer nothing yet */
    bool ends;
    atomic_int gone;
    atomic_int answered;
    _Atomic pthread_t handled_by; /* the loop, of a server with one */
};

static void note_gone(void *arg)
{
    struct keeper *k = arg;
    atomic_fetch_add(&k->gone, 1);
    pthread_mutex_lock(&k->lock);
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

static void run_stream(struct keeper *k, struct http_exchange *x)
{
    http_stream_begin(x, &(struct http_response){.status = 200, .type = STR("text/event-stream")},
                      &(struct http_stream){.arg = k, .on_gone = note_gone});
    for (int i = 0; i < 3; i++) {
        enum err e = http_stream_push(x, STR("data: hello\n\n"));
        must(e == ERR_OK || e == ERR_CANCELLED);
    }
    pthread_mutex_lock(&k->lock);
    while (atomic_load(&k->gone) == 0) {
        pthread_cond_wait(&k->changed, &k->lock);
    }
    pthread_mutex_unlock(&k->lock);
    must(http_stream_push(x, STR("late")) == ERR_CANCELLED);
    http_stream_end(x);
}

static void keep(struct keeper *k, struct http_exchange *x)
{
    pthread_mutex_lock(&k->lock);
    must(k->count < KEPT_MAX);
    k->kept[k->count++] = x;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

/* On the loop's thread: keep it twice more, fill its memory, or answer. */
static void resumed(void *arg, struct http_exchange *x)
{
    struct keeper *k = arg;
    intptr_t turns = (intptr_t)x->own;
    must(pthread_equal(pthread_self(), atomic_load(&k->handled_by)));
    if (turns < 2) {
        x->own = (void *)(turns + 1);
        keep(k, x);
        return;
    }
    while (str_equal(x->request.path, STR("/resume/full"))) {
        arena_push(x->ctx.arena, 1 << 20);
    }
    http_respond(x, &(struct http_response){.status = 200, .body = STR("resumed")});
}

static void *keeper_run(void *arg)
{
    struct keeper *k = arg;
    pthread_mutex_lock(&k->lock);
    for (;;) {
        while ((k->count == 0 || k->is_held) && !k->ends) {
            pthread_cond_wait(&k->changed, &k->lock);
        }
        if (k->count == 0) {
            break;
        }
        struct http_exchange *x = k->kept[--k->count];
        pthread_mutex_unlock(&k->lock);
        if (str_equal(x->request.path, STR("/stream"))) {
            run_stream(k, x);
        } else if (str_starts(x->request.path, STR("/resume"))) {
            http_resume(x, resumed, k);
        } else {
            struct str body = str_format(x->ctx.arena, "later %.*s", FMT(x->request.path));
            http_respond(x, &(struct http_response){.status = 200, .body = body});
        }
        atomic_fetch_add(&k->answered, 1);
        pthread_mutex_lock(&k->lock);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

static void keeper_start(struct keeper *k)
{
    *k = (struct keeper){0};
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->changed, NULL);
    must(pthread_create(&k->thread, NULL, keeper_run, k) == 0);
}

static void keeper_hold(struct keeper *k, bool hold)
{
    pthread_mutex_lock(&k->lock);
    k->is_held = hold;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

static void keeper_end(struct keeper *k)
{
    pthread_mutex_lock(&k->lock);
    k->ends = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
}

/* An answer of many parts, each made when the one before has gone. */
struct making {
    struct http_exchange *x;
    int left;
};

static bool make_part(void *arg)
{
    static const char part[130000];
    struct making *m = arg;
    if (m->left-- == 0) {
        http_stream_end(m->x);
        return true;
    }
    return http_stream_push(m->x, (struct str){part, sizeof(part)}) == ERR_OK;
}

static void end_making(void *arg)
{
    struct making *m = arg;
    http_stream_end(m->x);
}

static void handle(void *arg, struct http_exchange *x)
{
    struct keeper *k = arg;
    if (str_equal(x->request.path, STR("/made"))) {
        struct making *m = ARENA_NEW(x->ctx.arena, struct making);
        *m = (struct making){x, 100};
        http_stream_begin(x, &(struct http_response){.status = 200},
                          &(struct http_stream){m, end_making, make_part, true});
        return;
    }
    if (str_starts(x->request.path, STR("/later")) || str_starts(x->request.path, STR("/resume")) ||
        str_equal(x->request.path, STR("/stream"))) {
        atomic_store(&k->handled_by, pthread_self());
        keep(k, x);
        return;
    }
    if (str_equal(x->request.path, STR("/known"))) {
        http_known(x);
    }
    struct str body =
        str_format(x->ctx.arena, "now %zu %.*s", x->request.body.n, FMT(x->request.tls_version));
    http_respond(x,
                 &(struct http_response){.status = 200, .type = STR("text/plain"), .body = body});
}

static const struct http_times quick = {
    .header_ms = 150, .body_ms = 150, .write_ms = 300, .idle_ms = 400, .rate_bytes = 1000000};

static struct http_server *serve(struct ctx *ctx, struct keeper *k, struct http_setup setup,
                                 struct str *ret_address)
{
    struct http_server *s = NULL;
    setup.world = ctx->world;
    setup.arg = k;
    setup.handle = handle;
    must(http_server_new(ctx, &setup, &s) == ERR_OK);
    if (http_listen(ctx, s, STR("127.0.0.1:0"), ret_address) != ERR_OK ||
        http_start(ctx, s) != ERR_OK) {
        http_server_free(s);
        return NULL;
    }
    return s;
}

/* --- a plain blocking client --- */

static int dial(struct str address)
{
    uint64_t port = 0;
    must(str_to_u64(str_slice(address, str_find_byte(address, ':') + 1, address.n), &port));
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct timeval patience = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    must(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0);
    return fd;
}

static void say(int fd, struct str text)
{
    size_t at = 0;
    while (at < text.n) {
        ssize_t n = send(fd, text.p + at, text.n - at, MSG_NOSIGNAL);
        if (n <= 0) {
            return;
        }
        at += (size_t)n;
    }
}

/* What comes until `end` stands in it or the other side closes. */
static struct str hear(struct ctx *ctx, int fd, struct str end)
{
    struct buf b = buf_new(ctx->arena, 0);
    char piece[4096];
    while (end.n == 0 || str_find(buf_str(&b), end) == SIZE_MAX) {
        ssize_t n = recv(fd, piece, sizeof(piece), 0);
        if (n <= 0) {
            break;
        }
        buf_bytes(&b, piece, (size_t)n);
    }
    return buf_str(&b);
}

static int status_of(struct str answer)
{
    uint64_t status = 0;
    return str_to_u64(str_slice(answer, 9, 12), &status) ? (int)status : 0;
}

#define GET(path) STR("GET " path " HTTP/1.1\r\nHost: a\r\n\r\n")

/* The end is sent with the last answer; what waits a while is only the taking away of what the
 * client still sends. */
TEST(http_loop_says_the_end_at_once)
{
    static const char *const last[] = {
        "GET /now HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
        "GET /now HTTP/1.1\r\nHost: a\r\n\r\nbroken\r\n\r\n"};
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){0}, &address);
    for (size_t i = 0; i < LEN(last); i++) {
        int fd = dial(address);
        int64_t begun_ns = ctx->world->mono_ns(ctx->world);
        say(fd, str_from(last[i]));
        CHECK(hear(ctx, fd, STR("")).n > 0);
        CHECK(ctx->world->mono_ns(ctx->world) - begun_ns < INT64_C(700000000));
        close(fd);
    }
    http_stop(s, 1000);
    http_server_free(s);
    keeper_end(&k);
}

TEST(http_loop_keeps_connections_and_answers_from_other_threads)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){.loops = 2}, &address);
    int fd[8];
    for (size_t i = 0; i < LEN(fd); i++) {
        fd[i] = dial(address);
    }
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < LEN(fd); i++) {
            say(fd[i], GET("/later/1"));
            say(fd[i], GET("/now"));
        }
        for (size_t i = 0; i < LEN(fd); i++) {
            struct str got = hear(ctx, fd[i], STR("now 0"));
            CHECK(str_find(got, STR("later /later/1HTTP/1.1 200 OK")) != SIZE_MAX);
        }
    }
    for (size_t i = 0; i < LEN(fd); i++) {
        close(fd[i]);
    }
    http_server_free(s);
    keeper_end(&k);
    CHECK_INT(atomic_load(&k.answered), 40);
}

TEST(http_loop_outlives_clients_that_left)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){0}, &address);
    keeper_hold(&k, true);
    for (int i = 0; i < 10; i++) {
        int fd = dial(address);
        say(fd, GET("/later"));
        struct linger reset = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        say(fd, GET("/now"));
        close(fd);
    }
    int fd = dial(address);
    say(fd, GET("/now"));
    CHECK_INT(status_of(hear(ctx, fd, STR("now 0"))), 200);
    close(fd);
    keeper_hold(&k, false);
    http_server_free(s);
    keeper_end(&k);
}

/* Who was told something elsewhere answers on the loop, kept and resumed as often as need be, also
 * when memory runs out there, and when the client has left. */
TEST(http_loop_resumes_on_its_own_thread)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){.loops = 1}, &address);
    int fd = dial(address);
    for (int round = 0; round < 5; round++) {
        say(fd, GET("/resume/full"));
        CHECK_INT(status_of(hear(ctx, fd, STR("内存不足"))), 503);
        say(fd, GET("/resume/well"));
        CHECK_INT(status_of(hear(ctx, fd, STR("resumed"))), 200);
    }
    close(fd);
    keeper_hold(&k, true);
    for (int i = 0; i < 5; i++) {
        fd = dial(address);
        say(fd, GET("/resume/left"));
        struct linger reset = {.l_onoff = 1};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        close(fd);
    }
    fd = dial(address);
    say(fd, GET("/now"));
    CHECK_INT(status_of(hear(ctx, fd, STR("now 0"))), 200);
    close(fd);
    keeper_hold(&k, false);
    http_server_free(s); /* waits for each to be answered */
    keeper_end(&k);
}

TEST(http_loop_streams_until_the_client_leaves)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){0}, &address);
    int fd = dial(address);
    say(fd, GET("/stream"));
    struct str got = hear(ctx, fd, STR("hello\n\n\r\n"));
    CHECK(str_find(got, STR("Transfer-Encoding: chunked\r\n")) != SIZE_MAX);
    close(fd);
    while (atomic_load(&k.answered) == 0) {
        usleep(1000);
    }
    CHECK_INT(atomic_load(&k.gone), 1);
    http_server_free(s);
    keeper_end(&k);
}

/* 13 MB to one who reads on and one who rests in between, never more than a part of it waiting. */
TEST(http_loop_makes_answers_as_clients_take_them)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){0}, &address);
    for (int slow = 0; slow < 2; slow++) {
        int fd = dial(address);
        say(fd, GET("/made"));
        size_t got = 0;
        static char piece[65536];
        char last[5] = {0};
        for (;;) {
            ssize_t n = recv(fd, piece, sizeof(piece), 0);
            if (n <= 0) {
                break;
            }
            got += (size_t)n;
            if (n >= 5) {
                memcpy(last, piece + n - 5, 5);
            }
            if (n >= 5 && memcmp(last, "0\r\n\r\n", 5) == 0) {
                break;
            }
            if (slow && got % 7 == 0) {
                usleep(2000);
            }
        }
        CHECK(got > 13000000 && got < 13100000);
        CHECK(memcmp(last, "0\r\n\r\n", 5) == 0);
        close(fd);
    }
    /* A client that leaves in the middle. */
    int fd = dial(address);
    say(fd, GET("/made"));
    hear(ctx, fd, STR("HTTP/1.1 200"));
    close(fd);
    http_server_free(s);
    keeper_end(&k);
}

TEST(http_loop_ends_streams_when_it_stops)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){0}, &address);
    int fd = dial(address);
    say(fd, GET("/stream"));
    hear(ctx, fd, STR("hello\n\n\r\n"));
    int64_t begin_ns = ctx->world->mono_ns(ctx->world);
    http_stop(s, 3000);
    CHECK(ctx->world->mono_ns(ctx->world) - begin_ns < (int64_t)2900 * 1000000);
    CHECK(str_ends(hear(ctx, fd, STR("")), STR("0\r\n\r\n")));
    close(fd);
    http_server_free(s);
    keeper_end(&k);
}

/* A request under way is answered although the server stops; idle clients and new ones are not
 * served. */
TEST(http_loop_finishes_requests_when_it_stops)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){0}, &address);
    keeper_hold(&k, true);
    int fd = dial(address);
    say(fd, GET("/now"));
    hear(ctx, fd, STR("now 0"));
    say(fd, GET("/later"));
    while (true) {
        pthread_mutex_lock(&k.lock);
        bool is_there = k.count > 0;
        pthread_mutex_unlock(&k.lock);
        if (is_there) {
            break;
        }
        usleep(1000);
    }
    atomic_store(&s->hard_ns, INT64_MAX);
    atomic_store(&s->stops, true);
    loop_wake(&s->loops[0]);
    keeper_hold(&k, false);
    struct str got = hear(ctx, fd, STR(""));
    CHECK_INT(status_of(got), 200);
    CHECK(str_find(got, STR("later /later")) != SIZE_MAX);
    close(fd);
    http_server_free(s);
    keeper_end(&k);
}

static const struct {
    const char *name;
    struct str begin;
    struct str drip; /* sent again every 30 ms */
    int status;      /* 0 = closed without an answer */
    int64_t most_ms;
} slow_rows[] = {
    {"header", STR_INIT("GET / HTTP/1.1\r\nX: "), STR_INIT("a"), 408, 1200},
    {"body", STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n"), STR_INIT("a"),
     408, 1200},
    {"chunks", STR_INIT("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"),
     STR_INIT("1\r\na\r\n"), 408, 1200},
    {"idle", STR_INIT(""), STR_INIT(""), 0, 1600},
};

TEST(http_loop_does_not_wait_for_slow_clients)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){.times = quick}, &address);
    for (size_t i = 0; i < LEN(slow_rows); i++) {
        int64_t begin_ns = ctx->world->mono_ns(ctx->world);
        int fd = dial(address);
        say(fd, slow_rows[i].begin);
        struct pollfd p = {.fd = fd, .events = POLLIN};
        while (poll(&p, 1, 30) == 0) {
            say(fd, slow_rows[i].drip);
            int other = dial(address);
            say(other, GET("/now"));
            CHECK_INT(status_of(hear(ctx, other, STR("now 0"))), 200);
            close(other);
            if (ctx->world->mono_ns(ctx->world) - begin_ns > (int64_t)5000 * 1000000) {
                break;
            }
        }
        CHECK_INT(status_of(hear(ctx, fd, STR(""))), slow_rows[i].status);
        CHECK((ctx->world->mono_ns(ctx->world) - begin_ns) / 1000000 < slow_rows[i].most_ms + 1000);
        close(fd);
    }
    http_server_free(s);
    keeper_end(&k);
}

TEST(http_loop_refuses_a_gigabyte_before_reading_it)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){0}, &address);
    int fd = dial(address);
    say(fd,
        STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1073741824\r\n\r\nsome bytes of it"));
    struct str got = hear(ctx, fd, STR(""));
    CHECK_INT(status_of(got), 413);
    CHECK(str_find(got, STR("body_too_large")) != SIZE_MAX);
    close(fd);
    http_server_free(s);
    keeper_end(&k);
}

TEST(http_loop_caps_connections)
{
    struct keeper k;
    keeper_start(&k);
    const struct http_setup rows[] = {{.connections_max = 3}, {.per_ip_max = 3}};
    for (size_t i = 0; i < LEN(rows); i++) {
        struct str address;
        struct http_server *s = serve(ctx, &k, rows[i], &address);
        int fd[4];
        for (size_t n = 0; n < LEN(fd); n++) {
            fd[n] = dial(address);
            say(fd[n], GET("/now"));
            CHECK_INT(status_of(hear(ctx, fd[n], n < 3 ? STR("now 0") : STR(""))),
                      n < 3 ? 200 : 503);
        }
        for (size_t n = 0; n < LEN(fd); n++) {
            close(fd[n]);
        }
        http_server_free(s);
    }
    keeper_end(&k);
}

/* Those who are known do not count among the strangers; the strangers' places are free again when
 * they leave. */
TEST(http_loop_caps_strangers)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s =
        serve(ctx, &k, (struct http_setup){.strangers_max = 2, .per_ip_max = 5}, &address);
    static const int want[] = {200, 200, 200, 200, 503};
    int fd[5];
    for (size_t n = 0; n < LEN(fd); n++) {
        fd[n] = dial(address);
        say(fd[n], n < 2 ? GET("/known") : GET("/now"));
        CHECK_INT(status_of(hear(ctx, fd[n], n < 4 ? STR("now 0") : STR(""))), want[n]);
    }
    close(fd[3]);
    int again = -1;
    int status = 503;
    for (int i = 0; i < 100 && status != 200; i++) {
        again = dial(address);
        say(again, GET("/now"));
        status = status_of(hear(ctx, again, STR("now 0")));
        close(again);
        usleep(1000);
    }
    CHECK_INT(status, 200);
    for (size_t n = 0; n < LEN(fd); n++) {
        if (n != 3) {
            close(fd[n]);
        }
    }
    http_server_free(s);
    keeper_end(&k);
}

/* Two servers that count together, as fronts do: the caps hold over both, and who comes in the
 * place of one that died begins without its connections. */
TEST(http_loop_caps_over_all_fronts)
{
    struct keeper k;
    struct http_counts *counts = NULL;
    struct http_server *s[2];
    struct str address[2];
    int fd[5];
    int again[3];
    static const size_t at[] = {0, 1, 0, 1, 0};
    keeper_start(&k);
    CHECK_OK(http_counts_new(ctx, 2, &counts));
    for (int i = 0; i < 2; i++) {
        s[i] =
            serve(ctx, &k, (struct http_setup){.per_ip_max = 3, .counts = counts, .counts_row = i},
                  &address[i]);
    }
    for (size_t n = 0; n < LEN(fd); n++) {
        fd[n] = dial(address[at[n]]);
        say(fd[n], GET("/now"));
        CHECK_INT(status_of(hear(ctx, fd[n], n < 3 ? STR("now 0") : STR(""))), n < 3 ? 200 : 503);
    }
    http_server_free(s[0]); /* with two of the three */
    s[0] = serve(ctx, &k, (struct http_setup){.per_ip_max = 3, .counts = counts}, &address[0]);
    for (size_t n = 0; n < LEN(again); n++) {
        again[n] = dial(address[0]);
        say(again[n], GET("/now"));
        CHECK_INT(status_of(hear(ctx, again[n], n < 2 ? STR("now 0") : STR(""))),
                  n < 2 ? 200 : 503);
    }
    for (size_t n = 0; n < LEN(fd); n++) {
        close(fd[n]);
    }
    for (size_t n = 0; n < LEN(again); n++) {
        close(again[n]);
    }
    http_server_free(s[0]);
    http_server_free(s[1]);
    http_counts_free(counts);
    keeper_end(&k);
}

/* Bytes that came fast are no credit for silence after them. */
TEST(http_loop_cuts_silence_after_much)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_times times = {.body_ms = 60000, .silence_ms = 200, .rate_bytes = 1};
    struct http_server *s = serve(ctx, &k, (struct http_setup){.times = times}, &address);
    int fd = dial(address);
    int64_t begun_ns = ctx->world->mono_ns(ctx->world);
    say(fd, STR("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 90000\r\n\r\n"));
    static const char part[30000];
    say(fd, (struct str){part, sizeof(part)});
    usleep(100000);
    say(fd, (struct str){part, sizeof(part)}); /* not silent yet */
    usleep(100000);
    struct str got = hear(ctx, fd, STR(""));
    int64_t took_ms = (ctx->world->mono_ns(ctx->world) - begun_ns) / 1000000;
    CHECK_INT(status_of(got), 408);
    CHECK(took_ms >= 290 && took_ms < 3000);
    close(fd);
    http_server_free(s);
    keeper_end(&k);
}

TEST(http_listen_says_what_is_wrong)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){0}, &address);
    struct http_server *second = NULL;
    CHECK_OK(
        http_server_new(ctx, &(struct http_setup){.world = ctx->world, .handle = handle}, &second));
    CHECK_ERR(http_listen(ctx, second, address, NULL), ERR_IN_USE);
    CHECK(str_find(ctx->why.detail, address) != SIZE_MAX);
    CHECK_ERR(http_listen(ctx, second, STR("nowhere"), NULL), ERR_USAGE);
    CHECK_ERR(http_listen(ctx, second, STR("127.0.0.1:70000"), NULL), ERR_USAGE);
    CHECK_ERR(http_listen(ctx, second, STR("192.0.2.1:8080"), NULL), ERR_USAGE);
    http_server_free(second);
    http_server_free(s);
    keeper_end(&k);
}

/* --- a network that fails --- */

struct faults {
    atomic_long calls;
    long fail_at; /* 0 = never */
    int why;
    size_t most; /* bytes of one recv or send; 0 = no limit */
};

static bool fails(const struct http_net *n)
{
    struct faults *f = n->self;
    return atomic_fetch_add(&f->calls, 1) + 1 == f->fail_at;
}

static int why_of(const struct http_net *n)
{
    return -((struct faults *)n->self)->why;
}

static int faulty_accept(const struct http_net *n, int listener, struct sockaddr_storage *peer)
{
    return fails(n) ? why_of(n) : http_net_real()->accept(n, listener, peer);
}

static int64_t faulty_recv(const struct http_net *n, int socket, void *bytes, size_t max)
{
    const struct faults *f = n->self;
    max = f->most > 0 && max > f->most ? f->most : max;
    return fails(n) ? why_of(n) : http_net_real()->recv(n, socket, bytes, max);
}

static int64_t faulty_send(const struct http_net *n, int socket, const struct iovec *parts,
                           int count)
{
    const struct faults *f = n->self;
    if (fails(n)) {
        return why_of(n);
    }
    struct iovec first = parts[0];
    if (f->most > 0) {
        first.iov_len = first.iov_len > f->most ? f->most : first.iov_len;
        count = 1;
    }
    return http_net_real()->send(n, socket, f->most > 0 ? &first : parts, count);
}

static int faulty_poll_wait(const struct http_net *n, int poll, struct http_ready_event *events,
                            int max, int timeout_ms)
{
    return fails(n) ? why_of(n) : http_net_real()->poll_wait(n, poll, events, max, timeout_ms);
}

static int faulty_poll_set(const struct http_net *n, int poll, int handle, unsigned want,
                           void *data, bool was_added)
{
    return fails(n) ? why_of(n) : http_net_real()->poll_set(n, poll, handle, want, data, was_added);
}

static struct http_net faulty(struct faults *f)
{
    struct http_net n = *http_net_real();
    n.self = f;
    n.accept = faulty_accept;
    n.recv = faulty_recv;
    n.send = faulty_send;
    n.poll_wait = faulty_poll_wait;
    n.poll_set = faulty_poll_set;
    return n;
}

TEST(http_loop_survives_every_failed_call)
{
    static const int whys[] = {EINTR, EAGAIN, ECONNRESET, EMFILE};
    struct keeper k;
    keeper_start(&k);
    for (size_t w = 0; w < LEN(whys); w++) {
        for (long nth = 1; nth < 20; nth++) {
            struct faults f = {.fail_at = nth, .why = whys[w]};
            struct http_net net = faulty(&f);
            struct str address;
            struct http_server *s =
                serve(ctx, &k, (struct http_setup){.net = &net, .times = quick}, &address);
            if (s == NULL) {
                continue;
            }
            int fd = dial(address);
            say(fd, GET("/later"));
            hear(ctx, fd, STR("later"));
            close(fd);
            fd = dial(address);
            say(fd, GET("/now"));
            hear(ctx, fd, STR("now 0"));
            close(fd);
            /* Once the fault is past, all is as if it had not been. */
            bool is_past = atomic_load(&f.calls) > nth;
            fd = dial(address);
            say(fd, GET("/now"));
            int status = status_of(hear(ctx, fd, STR("now 0")));
            CHECK(status == 200 || !is_past);
            close(fd);
            http_server_free(s);
        }
    }
    keeper_end(&k);
}

TEST(http_loop_reads_and_writes_a_byte_at_a_time)
{
    struct faults f = {.most = 1};
    struct http_net net = faulty(&f);
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){.net = &net}, &address);
    int fd = dial(address);
    say(fd, STR("POST /now HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                "chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
    CHECK_INT(status_of(hear(ctx, fd, STR("now 5"))), 200);
    close(fd);
    http_server_free(s);
    keeper_end(&k);
}

/* --- TLS and the client --- */

static void write_certificate(const char *cert_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    X509_add_ext(x, names, -1);
    X509_EXTENSION_free(names);
    must(X509_sign(x, key, EVP_sha256()) > 0);
    FILE *f = fopen(cert_path, "w");
    must(f != NULL && PEM_write_X509(f, x) == 1 && fclose(f) == 0);
    f = fopen(key_path, "w");
    must(f != NULL && PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1 &&
         fclose(f) == 0);
    X509_free(x);
    EVP_PKEY_free(key);
}

TEST(http_tls_serves_and_the_client_checks)
{
    char dir[] = "/tmp/http-test-XXXXXX";
    must(mkdtemp(dir) != NULL);
    struct str cert = str_format(ctx->arena, "%s/cert.pem", dir);
    struct str key = str_format(ctx->arena, "%s/key.pem", dir);
    write_certificate(cert.p, key.p);
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_setup setup = {.cert_file = cert, .key_file = key, .client_ca_file = cert};
    struct http_server *s = serve(ctx, &k, setup, &address);
    struct str url = str_format(ctx->arena, "https://%.*s/now", FMT(address));
    struct http_fetched got = {0};
    char *big = arena_push(ctx->arena, 200000);
    struct http_fetch f = {.url = url, .ca_file = cert, .body = {big, 200000}};
    CHECK_OK(http_fetch(ctx, &f, &got));
    CHECK_INT(got.status, 200);
    CHECK_STR(got.body, "now 200000 TLSv1.3");
    f.cert_file = cert;
    f.key_file = key;
    CHECK_OK(http_fetch(ctx, &f, &got));
    f.ca_file = (struct str){0};
    CHECK_ERR(http_fetch(ctx, &f, &got), ERR_CRYPTO);
    f = (struct http_fetch){.url = url, .ca_file = cert, .max_bytes = 3};
    CHECK_ERR(http_fetch(ctx, &f, &got), ERR_TOO_LARGE);
    f = (struct http_fetch){.url = STR("file:///etc/passwd")};
    CHECK_ERR(http_fetch(ctx, &f, &got), ERR_USAGE);
    http_server_free(s);
    keeper_end(&k);
    unlink(cert.p);
    unlink(key.p);
    rmdir(dir);
}

TEST(http_client_gives_up_in_time)
{
    struct keeper k;
    keeper_start(&k);
    struct str address;
    struct http_server *s = serve(ctx, &k, (struct http_setup){0}, &address);
    keeper_hold(&k, true);
    struct http_fetched got = {0};
    struct http_fetch f = {.url = str_format(ctx->arena, "http://%.*s/later", FMT(address)),
                           .timeout_ms = 100};
    CHECK_ERR(http_fetch(ctx, &f, &got), ERR_TIMEOUT);
    keeper_hold(&k, false);
    http_server_free(s);
    f.url = str_format(ctx->arena, "http://%.*s/", FMT(address));
    CHECK_ERR(http_fetch(ctx, &f, &got), ERR_IO);
    keeper_end(&k);
}
