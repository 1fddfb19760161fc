/* door.c - where fronts of other machines come to the process that writes.
 *
 * One thread accepts. Who comes gets a seat, with a thread of its own that lets him prove himself,
 * hears his greeting, answers it and then carries; so nobody who is slow, silent or a stranger
 * holds up anything but his seat, and that for some seconds. Seats for those who are not known yet
 * are few: when all are taken, the next waits in the queue of the socket, where he costs nothing.
 *
 * Whom it does not let in gets a line in the log, with his address and why; when strangers knock
 * faster than an operator can read, they are counted instead. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "limit_gen.h"
#include "line/line_in.h"

enum {
    GREETED_MAX = 16, /* known to nobody yet, at once */
    SEATS = LIMIT_FRONTS + GREETED_MAX,
    BUSY_MS = 20,     /* until a seat is looked for again */
    SAID_A_SECOND = 8 /* lines of the log about who was not let in */
};

enum seat_state { SEAT_FREE, SEAT_GREETS, SEAT_CARRIES, SEAT_ENDED };
struct seat {
    struct line_door *door;
    pthread_t thread;
    atomic_int state; /* enum seat_state */
    struct conn conn;
};

struct line_door {
    struct line_config config;
    struct world *world;
    int socket;
    int stop; /* an eventfd, never read: from the first write on it is readable for all */
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; /* of what was said */
    int64_t second;
    int said;
    int unsaid;
    struct seat seat[SEATS];
};

/* ---- the log ---- */

static void say_refused(struct seat *s, const struct why *why)
{
    struct line_door *d = s->door;
    char text[600];
    int64_t second = d->world->mono_ns(d->world) / 1000000000;
    pthread_mutex_lock(&d->lock);
    if (second != d->second) {
        d->second = second;
        d->said = 0;
    }
    bool says = d->said < SAID_A_SECOND;
    int before = says ? d->unsaid : 0;
    d->said += says;
    d->unsaid = says ? 0 : d->unsaid + 1;
    pthread_mutex_unlock(&d->lock);
    if (says) {
        int n = snprintf(text, sizeof(text), "no front at %s: %.*s", s->conn.peer,
                         FMT(str_slice(why->detail, 0, 400)));
        if (before > 0) {
            snprintf(text + n, sizeof(text) - (size_t)n, " (and %d more were not let in)", before);
        }
        d->config.say(d->config.arg, str_from(text));
    }
}

/* ---- one that came ---- */

/* The answer to a greeting: ours, with what keeps the front out. */
static enum err answer(struct seat *s, enum err fits)
{
    struct conn *c = &s->conn;
    struct why why = c->ctx.why;
    struct line_greeting ours = s->door->config.greeting;
    ours.refused = fits == ERR_OK ? STR("") : str_slice(why.detail, 0, 1000);
    enum err e = conn_greet(c, &ours);
    if (fits != ERR_OK) {
        c->ctx.why = why;
    }
    return fits != ERR_OK ? fits : e;
}

/* It proved itself and fits: hand one end of a pair to who wants it, then tell. */
static enum err let_in(struct seat *s)
{
    struct conn *c = &s->conn;
    struct ctx *ctx = &c->ctx;
    const struct line_config *config = &s->door->config;
    struct line_greeting front;
    int far = -1;
    TRY(conn_handshake(c, config->folder, LINE_DOOR));
    TRY(conn_hear(c, &front));
    enum err e = line_greeting_fit(ctx, &front, &config->greeting);
    e = e == ERR_OK ? conn_pair(c, &far) : e;
    if (e == ERR_OK) {
        e = config->joins(ctx, config->arg, far);
        if (e != ERR_OK) {
            close(far);
        }
    }
    return answer(s, e);
}

/* One that was up and is no longer there, or no longer believed. One that ended says nothing. */
static void say_ended(struct seat *s, const struct why *why)
{
    char text[600];
    if (why->code != ERR_OK) {
        snprintf(text, sizeof(text), "the line to the front at %s ended: %.*s", s->conn.peer,
                 FMT(str_slice(why->detail, 0, 400)));
        s->door->config.say(s->door->config.arg, str_from(text));
    }
}

static void *seat_main(void *arg)
{
    struct seat *s = arg;
    struct conn *c = &s->conn;
    c->stop = s->door->stop;
    if (let_in(s) == ERR_OK) {
        atomic_store(&s->state, SEAT_CARRIES);
        c->stop = -1; /* it ends when its pair does, and then all is sent */
        conn_carry(c);
        say_ended(s, &c->ctx.why);
    } else {
        say_refused(s, &c->ctx.why);
        conn_linger(c);
    }
    conn_close(c);
    atomic_store(&s->state, SEAT_ENDED);
    return NULL;
}

void line_keep_alive(int tcp)
{
    static const struct {
        int level, name, value;
    } rows[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},   {IPPROTO_TCP, TCP_NODELAY, 1},
                {IPPROTO_TCP, TCP_KEEPIDLE, 10}, {IPPROTO_TCP, TCP_KEEPINTVL, 5},
                {IPPROTO_TCP, TCP_KEEPCNT, 3},   {IPPROTO_TCP, TCP_USER_TIMEOUT, 25000}};
    for (size_t i = 0; i < LEN(rows); i++) {
        setsockopt(tcp, rows[i].level, rows[i].name, &rows[i].value, sizeof(rows[i].value));
    }
}

static void name_peer(struct conn *c, const struct sockaddr_storage *from, socklen_t bytes)
{
    char host[48];
    char port[8];
    bool named = getnameinfo((const struct sockaddr *)from, bytes, host, sizeof(host), port,
                             sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) == 0;
    snprintf(c->peer, sizeof(c->peer), "%s:%s", named ? host : "?", named ? port : "?");
}

/* A free seat, when there may be one more to greet. Those that ended are free again. */
static struct seat *seat_find(struct line_door *d)
{
    struct seat *found = NULL;
    int greeted = 0;
    for (size_t i = 0; i < SEATS; i++) {
        struct seat *s = &d->seat[i];
        if (atomic_load(&s->state) == SEAT_ENDED) {
            pthread_join(s->thread, NULL);
            atomic_store(&s->state, SEAT_FREE);
        }
        greeted += atomic_load(&s->state) == SEAT_GREETS;
        found = found == NULL && atomic_load(&s->state) == SEAT_FREE ? s : found;
    }
    return greeted < GREETED_MAX ? found : NULL;
}

static void take_one(struct line_door *d, struct seat *s)
{
    struct sockaddr_storage from;
    socklen_t bytes = sizeof(from);
    int tcp = accept4(d->socket, (struct sockaddr *)&from, &bytes, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (tcp < 0) {
        return;
    }
    line_keep_alive(tcp);
    s->door = d;
    s->conn = (struct conn){0};
    name_peer(&s->conn, &from, bytes);
    if (conn_open(&s->conn, d->world, tcp) != ERR_OK) {
        return;
    }
    atomic_store(&s->state, SEAT_GREETS);
    if (pthread_create(&s->thread, NULL, seat_main, s) != 0) {
        conn_close(&s->conn);
        atomic_store(&s->state, SEAT_FREE);
    }
}

static void *door_main(void *arg)
{
    struct line_door *d = arg;
    for (;;) {
        struct seat *s = seat_find(d);
        struct pollfd fds[2] = {{.fd = d->stop, .events = POLLIN},
                                {.fd = s == NULL ? -1 : d->socket, .events = POLLIN}};
        int n = poll(fds, 2, s == NULL ? BUSY_MS : -1);
        if (fds[0].revents != 0 || (n < 0 && errno != EINTR)) {
            return NULL;
        }
        if (n > 0 && fds[1].revents != 0) {
            take_one(d, s);
        }
    }
}

/* ---- opening and closing ---- */

enum err line_door_open(struct ctx *ctx, const struct line_config *config, int socket,
                        struct line_door **ret)
{
    struct line_door *d = ARENA_NEW(ctx->arena, struct line_door);
    d->config = *config;
    d->world = ctx->world;
    d->socket = socket;
    d->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->stop < 0) {
        close(socket);
        return fault(ctx, ERR_IO, "the system gives no handle for the fronts' door");
    }
    pthread_mutex_init(&d->lock, NULL);
    *ret = d;
    return ERR_OK;
}

enum err line_door_start(struct ctx *ctx, struct line_door *d)
{
    int why = pthread_create(&d->thread, NULL, door_main, d);
    if (why != 0) {
        return fault(ctx, ERR_MEMORY, "the system gives no thread for the fronts' door: %s",
                     strerrordesc_np(why));
    }
    d->has_thread = true;
    return ERR_OK;
}

void line_door_close(struct line_door *d)
{
    if (d == NULL || d->stop < 0) {
        return;
    }
    (void)eventfd_write(d->stop, 1);
    if (d->has_thread) {
        pthread_join(d->thread, NULL);
        d->has_thread = false;
    }
    for (size_t i = 0; i < SEATS; i++) { /* whoever is being greeted hears of the stop */
        struct pollfd none = {.fd = -1};
        while (atomic_load(&d->seat[i].state) == SEAT_GREETS) {
            (void)poll(&none, 1, 1);
        }
    }
    close(d->socket);
    d->socket = -1;
}

void line_door_free(struct line_door *d)
{
    if (d == NULL || d->stop < 0) {
        return;
    }
    line_door_close(d);
    for (size_t i = 0; i < SEATS; i++) {
        if (atomic_load(&d->seat[i].state) != SEAT_FREE) {
            pthread_join(d->seat[i].thread, NULL);
        }
    }
    close(d->stop);
    d->stop = -1;
    pthread_mutex_destroy(&d->lock);
}
