/* control.c - see control.h.
 *
 * One thread waits at the door. What is answered at once it answers itself; a copy takes as long as
 * its taker reads, so it has a thread of its own, one at a time. The copy is read through a
 * reader's connection in one view, so writers and readers go on; while it lasts the log cannot be
 * folded into the store and grows, and a taker that stands still for PATIENCE_S is given up for
 * that reason.
 *
 * A path of a socket has at most 107 bytes, a folder's any number: the door is bound and reached
 * through /proc/self/fd of the folder.
 */
#include "cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "store/copy.h"
#include "web/serve.h"

enum { LINE_MAX_BYTES = 4096, PATIENCE_S = 30, SHORT_PATIENCE_S = 5 };
enum { ANSWER_ARENA_BYTES = 16 << 20, COPY_ARENA_BYTES = 512 << 20 };

struct control {
    struct health *health;
    int folder;
    int door;
    int stop[2]; /* a pipe: its end wakes the thread */
    bool started;
    pthread_t thread;
    /* The copy under way. */
    pthread_mutex_t lock;
    pthread_t copier;
    bool has_copier; /* to be joined */
    bool copying;
    int copy_fd;
};

/* ---- the door ---- */

static bool door_address(int folder, struct sockaddr_un *ret)
{
    *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
    int n = snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/control", folder);
    return n > 0 && (size_t)n < sizeof(ret->sun_path);
}

static int folder_open(struct ctx *ctx, struct str dir)
{
    return open(str_z(ctx->arena, dir), O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool door_bind(struct control *c)
{
    struct sockaddr_un at;
    unlinkat(c->folder, "control", 0);
    mode_t before = umask(0177);
    bool ok = door_address(c->folder, &at) &&
              bind(c->door, (const struct sockaddr *)&at, sizeof(at)) == 0;
    umask(before);
    return ok && listen(c->door, 8) == 0;
}

enum err control_open(struct ctx *ctx, struct health *health, struct control **ret)
{
    struct control *c = ARENA_NEW(ctx->arena, struct control);
    *c = (struct control){.health = health, .stop = {-1, -1}, .copy_fd = -1};
    c->folder = folder_open(ctx, health->node->dir);
    c->door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pthread_mutex_init(&c->lock, NULL);
    if (c->folder < 0 || c->door < 0 || pipe2(c->stop, O_CLOEXEC) < 0 || !door_bind(c)) {
        int because = errno;
        control_close(c);
        return fault(ctx, world_err(-because), "cannot make %.*s/control: %s",
                     FMT(health->node->dir), strerror(because));
    }
    *ret = c;
    return ERR_OK;
}

/* ---- answers ---- */

static bool send_all(int fd, struct str bytes)
{
    while (bytes.n > 0) {
        ssize_t put = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        bytes = str_slice(bytes, (size_t)put, bytes.n);
    }
    return true;
}

static void say_no(int fd, const char *sentence)
{
    send_all(fd, STR("no "));
    send_all(fd, str_from(sentence));
    send_all(fd, STR("\n"));
}

static void patience(int fd, int seconds)
{
    struct timeval t = {.tv_sec = seconds};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t));
}

static enum err put_to_socket(struct ctx *ctx, void *arg, struct str bytes)
{
    const int *fd = arg;
    return send_all(*fd, bytes)
               ? ERR_OK
               : fault(ctx, ERR_IO, "the taker of the copy went, or stood still too long");
}

static void copy_answer(struct control *c)
{
    struct arena *arena = arena_new(COPY_ARENA_BYTES);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct db *reader = NULL;
    struct arena_guard guard;
    if (arena == NULL) {
        say_no(c->copy_fd, "no memory for a copy");
        return;
    }
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        enum err e = store_reader(&ctx, c->health->node->store, &reader);
        if (e != ERR_OK) {
            say_no(c->copy_fd, err_sentence(e));
        } else if (send_all(c->copy_fd, STR("yes\n"))) {
            e = copy_take(&ctx, reader, put_to_socket, &c->copy_fd);
            if (e != ERR_OK) {
                fprintf(stderr, "tongban: a copy was broken off: %.*s\n", FMT(ctx.why.detail));
            }
        }
    } else {
        fputs("tongban: a copy was broken off: out of memory\n", stderr);
    }
    arena_guard(arena, NULL);
    db_close(reader);
    arena_free(arena);
}

static void *copy_main(void *arg)
{
    struct control *c = arg;
    copy_answer(c);
    pthread_mutex_lock(&c->lock);
    close(c->copy_fd);
    c->copy_fd = -1;
    c->copying = false;
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* Takes fd over; false: it did not. */
static bool copy_begin(struct control *c, int fd)
{
    pthread_mutex_lock(&c->lock);
    bool busy = c->copying;
    bool join = !busy && c->has_copier;
    pthread_mutex_unlock(&c->lock);
    if (join) {
        pthread_join(c->copier, NULL);
        c->has_copier = false;
    }
    if (busy) {
        say_no(fd, "another copy is being taken: wait for its end");
        return false;
    }
    patience(fd, PATIENCE_S);
    c->copying = true;
    c->copy_fd = fd;
    c->has_copier = pthread_create(&c->copier, NULL, copy_main, c) == 0;
    if (!c->has_copier) {
        c->copying = false;
        c->copy_fd = -1;
        say_no(fd, "the system gives no thread for a copy");
    }
    return c->has_copier;
}

static void health_answer(struct control *c, int fd)
{
    struct arena *arena = arena_new(ANSWER_ARENA_BYTES);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    if (arena == NULL) {
        say_no(fd, "no memory");
        return;
    }
    struct web_health rows[WEB_HEALTH_MAX + 1];
    enum err store = store_health(c->health->node->store);
    rows[0] = (struct web_health){"store", store == ERR_OK,
                                  store == ERR_OK ? STR("") : str_from(err_sentence(store))};
    size_t count = 1 + health_tell(&ctx, c->health, rows + 1);
    send_all(fd, STR("yes\n"));
    for (size_t i = 0; i < count; i++) {
        send_all(fd, str_format(arena, "%s: %.*s\n", rows[i].name,
                                FMT(rows[i].good ? STR("good") : rows[i].sentence)));
    }
    arena_free(arena);
}

static bool is_ours(int fd)
{
    struct ucred who = {0};
    socklen_t n = sizeof(who);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 &&
           (who.uid == geteuid() || who.uid == 0);
}

/* The line, without its end; empty when none comes in time. */
static struct str line_read(int fd, char *bytes, size_t room)
{
    size_t n = 0;
    while (n < room && (n == 0 || bytes[n - 1] != '\n')) {
        ssize_t got = recv(fd, bytes + n, 1, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return (struct str){0};
        }
        n++;
    }
    return (struct str){bytes, n == 0 ? 0 : n - 1};
}

static void answer(struct control *c, int fd)
{
    char bytes[32];
    bool taken = false;
    patience(fd, SHORT_PATIENCE_S);
    struct str line = is_ours(fd) ? line_read(fd, bytes, sizeof(bytes)) : STR("");
    if (!is_ours(fd)) {
        say_no(fd, "only the node's own user may ask here");
    } else if (str_equal(line, STR("backup"))) {
        taken = copy_begin(c, fd);
    } else if (str_equal(line, STR("health"))) {
        health_answer(c, fd);
    } else if (str_equal(line, STR("trust-clock"))) {
        atomic_store(&c->health->trusts_clock, true);
        send_all(fd, STR("yes\n"));
    } else if (str_equal(line, STR("stop"))) {
        send_all(fd, STR("yes\n"));
        kill(c->health->ends > 0 ? c->health->ends : getpid(), SIGTERM);
    } else {
        say_no(fd, "there is no such question");
    }
    if (!taken) {
        close(fd);
    }
}

static void *control_main(void *arg)
{
    struct control *c = arg;
    for (;;) {
        struct pollfd p[2] = {{.fd = c->door, .events = POLLIN},
                              {.fd = c->stop[0], .events = POLLIN}};
        if (poll(p, 2, -1) < 0 && errno != EINTR) {
            return NULL;
        }
        if (p[1].revents != 0) {
            return NULL;
        }
        int fd = p[0].revents != 0 ? accept4(c->door, NULL, NULL, SOCK_CLOEXEC) : -1;
        if (fd >= 0) {
            answer(c, fd);
        }
    }
}

enum err control_start(struct ctx *ctx, struct control *c)
{
    int r = pthread_create(&c->thread, NULL, control_main, c);
    c->started = r == 0;
    return r == 0 ? ERR_OK
                  : fault(ctx, ERR_MEMORY, "the system gives no thread for DIR/control: %s",
                          strerror(r));
}

void control_close(struct control *c)
{
    if (c == NULL) {
        return;
    }
    if (c->stop[1] >= 0) {
        close(c->stop[1]);
    }
    if (c->started) {
        pthread_join(c->thread, NULL);
    }
    pthread_mutex_lock(&c->lock);
    if (c->copy_fd >= 0) {
        shutdown(c->copy_fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&c->lock);
    if (c->has_copier) {
        pthread_join(c->copier, NULL);
    }
    if (c->door >= 0) {
        close(c->door);
        unlinkat(c->folder, "control", 0);
    }
    if (c->stop[0] >= 0) {
        close(c->stop[0]);
    }
    if (c->folder >= 0) {
        close(c->folder);
    }
    pthread_mutex_destroy(&c->lock);
}

/* ---- the other side ---- */

enum err control_ask(struct ctx *ctx, struct str dir, const char *question, int *ret)
{
    struct sockaddr_un at;
    char bytes[LINE_MAX_BYTES];
    int folder = folder_open(ctx, dir);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool there = folder >= 0 && fd >= 0 && door_address(folder, &at) &&
                 connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;
    int because = errno;
    if (folder >= 0) {
        close(folder);
    }
    if (!there) {
        close(fd);
        return because == EACCES
                   ? fault(ctx, ERR_FORBIDDEN, "the node in %.*s belongs to another user", FMT(dir))
                   : fault(ctx, ERR_NOT_FOUND, "no node serves %.*s", FMT(dir));
    }
    patience(fd, PATIENCE_S);
    send_all(fd, str_format(ctx->arena, "%s\n", question));
    struct str line = line_read(fd, bytes, sizeof(bytes));
    if (str_equal(line, STR("yes"))) {
        *ret = fd;
        return ERR_OK;
    }
    close(fd);
    struct str sentence = str_starts(line, STR("no "))
                              ? str_slice(line, 3, line.n)
                              : STR("it closed the door without an answer");
    return fault(ctx, ERR_REFUSED, "the node in %.*s says: %.*s", FMT(dir), FMT(sentence));
}
