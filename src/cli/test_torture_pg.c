/* The scenario on PostgreSQL while its connection is cut: a relay stands between store and server,
 * and after the nth piece of what the store sends, or of what the server answers, it closes both
 * ends. So a commit may be lost, or done and not answered. After each cut the node is opened anew;
 * every answer given holds, and the step asked again under its key is answered once. Needs
 * TONGBAN_PG. A sample that changes by the day (TONGBAN_DAY); TONGBAN_STATES cuts at every piece of
 * every step.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/day.h"
#include "base/json.h"
#include "base/token.h"
#include "cli/test_scenario.h"
#include "gate/run.h"
#include "world_sim.h"

enum { PIECE = 65536, ENDS = 64 };

struct relay {
    struct sockaddr_un to;
    int door;
    int wake[2];
    pthread_t thread;
    pthread_mutex_t moving; /* held while a piece is moved or the ends are cut */
    atomic_llong left;      /* pieces until the cut; below 1: none */
    atomic_bool of_server;  /* pieces of the server's answers are counted, not the store's */
    atomic_bool cut;        /* it happened */
    int pair[ENDS][2];      /* store's end, server's end; -1: free */
};

static int dial(const struct sockaddr_un *to)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)to, sizeof(*to)) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static void close_pair(int pair[2])
{
    close(pair[0]);
    close(pair[1]);
    pair[0] = -1;
}

static void cut_all(struct relay *r)
{
    for (int i = 0; i < ENDS; i++) {
        if (r->pair[i][0] >= 0) {
            close_pair(r->pair[i]);
        }
    }
    atomic_store(&r->cut, true);
}

/* Move one piece from pair[from] to the other end, or cut. */
static void move(struct relay *r, int i, int from)
{
    static _Thread_local char bytes[PIECE];
    ssize_t n = recv(r->pair[i][from], bytes, sizeof(bytes), 0);
    if (n <= 0) {
        close_pair(r->pair[i]);
        return;
    }
    bool counted = (from == 1) == atomic_load(&r->of_server);
    if (counted && atomic_load(&r->left) > 0 && atomic_fetch_sub(&r->left, 1) == 1) {
        cut_all(r);
        return;
    }
    for (ssize_t at = 0; at < n;) {
        ssize_t put = send(r->pair[i][1 - from], bytes + at, (size_t)(n - at), MSG_NOSIGNAL);
        if (put <= 0) {
            close_pair(r->pair[i]);
            return;
        }
        at += put;
    }
}

static void admit_one(struct relay *r)
{
    int store = accept(r->door, NULL, NULL);
    int server = store < 0 ? -1 : dial(&r->to);
    int i = 0;
    while (i < ENDS && r->pair[i][0] >= 0) {
        i++;
    }
    if (server < 0 || i == ENDS) {
        close(store);
        close(server);
        return;
    }
    r->pair[i][0] = store;
    r->pair[i][1] = server;
}

static void *relay_run(void *arg)
{
    struct relay *r = arg;
    for (;;) {
        struct pollfd p[2 + 2 * ENDS];
        int who[2 + 2 * ENDS];
        nfds_t n = 2;
        p[0] = (struct pollfd){.fd = r->wake[0], .events = POLLIN};
        p[1] = (struct pollfd){.fd = r->door, .events = POLLIN};
        for (int i = 0; i < ENDS; i++) {
            for (int from = 0; from < 2 && r->pair[i][0] >= 0; from++) {
                who[n] = i * 2 + from;
                p[n++] = (struct pollfd){.fd = r->pair[i][from], .events = POLLIN};
            }
        }
        if (poll(p, n, -1) < 0 && errno != EINTR) {
            return NULL;
        }
        if (p[0].revents != 0) {
            return NULL;
        }
        if (p[1].revents != 0) {
            admit_one(r);
        }
        for (nfds_t k = 2; k < n; k++) {
            if (p[k].revents != 0 && r->pair[who[k] / 2][0] >= 0) {
                pthread_mutex_lock(&r->moving);
                move(r, who[k] / 2, who[k] % 2);
                pthread_mutex_unlock(&r->moving);
            }
        }
    }
}

/* The value of "host=" in a connection string: the folder of the server's socket. */
static struct str host_of(struct str where)
{
    size_t at = str_find(where, STR("host="));
    struct str rest = at == SIZE_MAX ? (struct str){0} : str_slice(where, at + 5, where.n);
    struct str behind = {0};
    return str_cut(rest, ' ', &behind);
}

static bool relay_begin(struct relay *r, struct str host, const char *dir)
{
    struct sockaddr_un door = {.sun_family = AF_UNIX};
    pthread_mutex_init(&r->moving, NULL);
    r->to = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(r->to.sun_path, sizeof(r->to.sun_path), "%.*s/.s.PGSQL.5432", FMT(host));
    snprintf(door.sun_path, sizeof(door.sun_path), "%s/.s.PGSQL.5432", dir);
    for (int i = 0; i < ENDS; i++) {
        r->pair[i][0] = -1;
    }
    r->door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return r->door >= 0 && bind(r->door, (struct sockaddr *)&door, sizeof(door)) == 0 &&
           listen(r->door, 16) == 0 && pipe(r->wake) == 0 &&
           pthread_create(&r->thread, NULL, relay_run, r) == 0;
}

static void relay_end(struct relay *r)
{
    must(write(r->wake[1], "x", 1) == 1);
    pthread_join(r->thread, NULL);
    for (int i = 0; i < ENDS; i++) {
        if (r->pair[i][0] >= 0) {
            close_pair(r->pair[i]);
        }
    }
    close(r->door);
    close(r->wake[0]);
    close(r->wake[1]);
}

static void relay_cut_at(struct relay *r, int64_t nth, bool of_server)
{
    atomic_store(&r->of_server, of_server);
    atomic_store(&r->cut, false);
    atomic_store(&r->left, nth);
}

/* A database of its own for every run: the shared one is made empty. */
static enum err make_empty(struct ctx *ctx, struct str where)
{
    char *const args[] = {(char[]){"psql"},
                          (char[]){"-q"},
                          (char[]){"-d"},
                          str_z(ctx->arena, where),
                          (char[]){"-c"},
                          (char[]){"SET client_min_messages = error; DROP SCHEMA public CASCADE; "
                                   "CREATE SCHEMA public"},
                          NULL};
    pid_t child = 0;
    int status = 0;
    return posix_spawnp(&child, args[0], NULL, NULL, args, environ) == 0 &&
                   waitpid(child, &status, 0) == child && status == 0
               ? ERR_OK
               : ERR_DATABASE;
}

static bool opened(struct play *p, struct ctx *ctx)
{
    /* The server may hold the lock of the connection it lost for a moment longer. */
    for (int i = 0; i < 200; i++) {
        if (play_open(p, ctx) == ERR_OK) {
            return true;
        }
        usleep(20000);
    }
    return false;
}

static void set_clock(struct play *p, size_t step)
{
    int64_t ms = play_instant(p, step).ms - p->world->now(p->world).ms;
    sim_advance(p->world, (struct span){ms > 0 ? ms : 0});
}

/* One step with a cut at the nth piece; true when the cut was met. */
static bool step_cut(struct play *p, struct relay *r, size_t step, int64_t nth, bool of_server)
{
    struct test *t = p->t;
    struct arena *arena = arena_new((size_t)1 << 30);
    struct ctx inner = {.arena = arena, .world = p->world};
    struct ctx *ctx = &inner;
    relay_cut_at(r, nth, of_server);
    enum err e = play_step(p, ctx, step);
    pthread_mutex_lock(&r->moving);
    bool met = atomic_load(&r->cut);
    relay_cut_at(r, 0, of_server);
    pthread_mutex_unlock(&r->moving);
    CHECK(e == ERR_OK || met);
    if (met) {
        play_close(p);
        CHECK(opened(p, ctx));
        if (p->gate != NULL) {
            play_look(p, ctx, false);
        }
    }
    arena_free(arena);
    return met && p->gate != NULL;
}

TEST(torture_postgres_loses_nothing_when_its_connection_is_cut)
{
    const char *pg = getenv("TONGBAN_PG");
    bool all = play_states() > 0;
    char dir[] = "/tmp/tongban-relay-XXXXXX";
    struct str host = pg == NULL ? (struct str){0} : host_of(str_from(pg));
    if (host.n == 0) {
        return;
    }
    static struct relay r;
    uint64_t cuts = 0;
    struct play *p = play_new(t, ctx);
    must(mkdtemp(dir) != NULL);
    p->where = str_format(ctx->arena, "%s host=%s", pg, dir); /* the later host counts */
    p->world = sim_new(11);
    CHECK_OK(make_empty(ctx, str_from(pg)));
    CHECK(relay_begin(&r, host, dir));
    p->hasty = true;
    CHECK_OK(play_open(p, ctx));
    size_t last = all ? p->count : 60;
    for (size_t i = 0; i < last && p->gate != NULL && t->failures == 0; i++) {
        set_clock(p, i);
        for (int side = 0; side < 2 && i >= 2; side++) {
            bool whole = play_is_whole(p, i);
            uint64_t of_row = i * 2 + (size_t)side + play_day();
            bool met = all || of_row % (whole ? 4 : 60) == 0; /* whole ones: both in a row */
            for (int64_t nth = 1; met && nth < 100000; nth += !whole ? 1
                                                              : all  ? nth / 8 + 1
                                                                     : 7 * nth) {
                met = step_cut(p, &r, i, nth, side == 1);
                cuts += met;
            }
        }
        struct arena *arena = arena_new((size_t)1 << 30);
        struct ctx inner = {.arena = arena, .world = p->world};
        enum err e = p->gate == NULL ? ERR_DATABASE : play_step(p, &inner, i);
        if (e != ERR_OK || !play_as_written(p, i, true)) {
            printf("%.*s (%s)\n", FMT(play_words(arena, p, i)), err_name(e));
            CHECK(!"the answer is the one written");
        }
        play_look_at_made(p, &inner);
        /* what a cut left undone of the node's own acts */
        size_t count = 0;
        if (p->gate != NULL && i + 1 < last && !json_bool(&p->steps->items[i + 1], "tick", false)) {
            e = agenda_tick(&inner, p->agenda, &count);
            CHECK(e == ERR_OK);
            while (gate_run_once(p->gate) > 0) {
            }
        }
        arena_free(arena);
    }
    CHECK(cuts > 2);
    if (p->gate != NULL) {
        play_look(p, ctx, true);
    }
    play_close(p);
    relay_end(&r);
    CHECK_OK(make_empty(ctx, str_from(pg)));
    sim_free(p->world);
    ctx->world = world_real();
    test_folder_remove(dir);
    printf("PostgreSQL cut off (day %llu): %llu faults, %llu states looked at, 0 lost unless said "
           "above\n",
           (unsigned long long)play_day(), (unsigned long long)cuts, (unsigned long long)cuts);
}
