/* family.c - forking, watching, ending.
 *
 * The parent tells the writer of each front by handing it one end of a socket pair, whose other end
 * the front is born with: so only processes of this family can speak with the writer, and no name
 * in the file system or the network leads to it. A front that dies takes its pair with it, and its
 * successor gets a new one.
 *
 * A front that dies is started again at once; one that dies young is waited for a little, longer
 * each time, so that one that cannot start does not keep the machine busy.
 *
 * Children end with their parent: the kernel kills them when it dies before them, which nothing but
 * a kill makes it do.
 */
#include "cli/family.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/world.h"
#include "limit_gen.h"

enum {
    YOUNG_MS = 2000,       /* who dies before this age is waited for */
    PAUSE_MS = 500,        /* the first time, twice as long each next time */
    PAUSE_MAX_MS = 30000,  /* and no longer */
    FRONT_STOP_MS = 15000, /* for fronts to finish; then they are killed */
    TICK_MS = 100
};

struct child {
    pid_t pid; /* 0: none now */
    int64_t born_ms;
    int64_t next_ms; /* to be started again then */
    int pause_ms;
};

struct parent {
    const struct family *f;
    struct ctx *ctx;
    int orders; /* to the writer */
    pid_t writer;
    struct child front[LIMIT_FRONTS];
};

static int64_t now_ms(const struct parent *p)
{
    return p->ctx->world->mono_ns(p->ctx->world) / 1000000;
}

static void signals_wanted(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGTERM);
}

/* ---- in a child ---- */

static bool child_begins(pid_t parent, const char *name, struct family_orders *ret, int socket)
{
    sigset_t wanted;
    signals_wanted(&wanted);
    prctl(PR_SET_NAME, name);
    ret->socket = socket;
    ret->signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    return ret->signals >= 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

bool family_say_open(struct family_orders *orders)
{
    return send(orders->socket, "o", 1, MSG_NOSIGNAL) == 1;
}

/* A front's socket comes with one byte; nothing at all means the parent is gone. */
static enum family_event take_order(const struct family_orders *orders, int *ret_socket)
{
    char byte = 0;
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(orders->socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return FAMILY_NOTHING;
    }
    const struct cmsghdr *c = n == 1 ? CMSG_FIRSTHDR(&m) : NULL;
    if (c == NULL || c->cmsg_type != SCM_RIGHTS) {
        return FAMILY_STOP;
    }
    memcpy(ret_socket, CMSG_DATA(c), sizeof(*ret_socket));
    return FAMILY_FRONT;
}

enum family_event family_wait(struct family_orders *orders, int wait_ms, int *ret_socket)
{
    struct pollfd fds[2] = {{.fd = orders->signals, .events = POLLIN},
                            {.fd = orders->socket, .events = POLLIN}};
    if (poll(fds, orders->socket < 0 ? 1 : 2, wait_ms) <= 0) {
        return FAMILY_NOTHING;
    }
    if (fds[0].revents != 0) {
        return FAMILY_STOP;
    }
    return fds[1].revents != 0 ? take_order(orders, ret_socket) : FAMILY_NOTHING;
}

/* ---- the parent ---- */

static bool hand_over(int orders, int socket)
{
    char byte = 'f';
    struct iovec part = {&byte, 1};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr m = {.msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = &control,
                       .msg_controllen = sizeof(control)};
    control.head = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(&control.head), &socket, sizeof(socket));
    return sendmsg(orders, &m, MSG_NOSIGNAL) == 1;
}

static bool front_start(struct parent *p, int index)
{
    struct child *c = &p->front[index];
    pid_t self = getpid();
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return false;
    }
    c->pid = fork();
    if (c->pid == 0) {
        struct family_orders orders;
        close(pair[1]);
        close(p->orders);
        bool good = child_begins(self, "tongban-front", &orders, -1);
        _exit(good ? p->f->front(p->f->arg, index, pair[0], &orders) : 1);
    }
    close(pair[0]);
    bool given = c->pid > 0 && hand_over(p->orders, pair[1]);
    close(pair[1]);
    c->pid = c->pid < 0 ? 0 : c->pid;
    c->born_ms = now_ms(p);
    return given;
}

static bool writer_start(struct parent *p)
{
    pid_t self = getpid();
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
        return false;
    }
    p->writer = fork();
    if (p->writer == 0) {
        struct family_orders orders;
        close(pair[0]);
        bool good = child_begins(self, "tongban-writer", &orders, pair[1]);
        _exit(good ? p->f->writer(p->f->arg, &orders) : 1);
    }
    close(pair[1]);
    p->orders = pair[0];
    return p->writer > 0;
}

/* What came while the writer opens the node, which may take long (replay/replay.h): 1 its word that
 * it is open, 0 its end, -1 a signal that all shall end. */
static int writer_hear(const struct parent *p, int signals)
{
    char byte = 0;
    struct pollfd fds[2] = {{.fd = p->orders, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    if (poll(fds, signals < 0 ? 1 : 2, -1) < 0) {
        return errno == EINTR ? -1 : 0;
    }
    return fds[0].revents != 0 ? (int)(recv(p->orders, &byte, 1, 0) == 1) : -1;
}

/* True when the writer is open; false when it ended before, which it has said why. Asked to end
 * meanwhile, it is told, and ends when it can: *ret_asked. */
static bool writer_opens(struct parent *p, bool *ret_asked)
{
    sigset_t wanted;
    signals_wanted(&wanted);
    int signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    int heard = -1;
    while (heard < 0) {
        heard = writer_hear(p, *ret_asked ? -1 : signals);
        struct signalfd_siginfo info;
        if (heard < 0 && read(signals, &info, sizeof(info)) == sizeof(info)) {
            *ret_asked = true;
            kill(p->writer, SIGTERM);
        }
    }
    close(signals);
    return heard == 1;
}

static void front_died(struct parent *p, struct child *c, int status)
{
    int64_t now = now_ms(p);
    bool young = now - c->born_ms < YOUNG_MS;
    c->pid = 0;
    c->pause_ms = !young ? 0 : c->pause_ms == 0 ? PAUSE_MS : 2 * c->pause_ms;
    c->pause_ms = c->pause_ms < PAUSE_MAX_MS ? c->pause_ms : PAUSE_MAX_MS;
    c->next_ms = now + c->pause_ms;
    fprintf(stderr, "tongban: a front process ended (%s %d) and is started again\n",
            WIFSIGNALED(status) ? "signal" : "exit code",
            WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* Note who has ended. ret_writer: the status of the writer, -1 while it lives. */
static void reap(struct parent *p, int *ret_writer, bool stopping)
{
    int status = 0;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG)) {
        if (pid == p->writer) {
            p->writer = 0;
            *ret_writer = status;
        }
        for (int i = 0; i < p->f->fronts; i++) {
            if (pid == p->front[i].pid && stopping) {
                p->front[i].pid = 0;
            } else if (pid == p->front[i].pid) {
                front_died(p, &p->front[i], status);
            }
        }
    }
}

static int fronts_left(const struct parent *p)
{
    int n = 0;
    for (int i = 0; i < p->f->fronts; i++) {
        n += p->front[i].pid > 0;
    }
    return n;
}

static void fronts_kill(const struct parent *p, int sig)
{
    for (int i = 0; i < p->f->fronts; i++) {
        if (p->front[i].pid > 0) {
            kill(p->front[i].pid, sig);
            kill(p->front[i].pid, SIGCONT); /* one that stands still could not end */
        }
    }
}

static int wait_signal(int wait_ms)
{
    sigset_t wanted;
    signals_wanted(&wanted);
    sigaddset(&wanted, SIGCHLD);
    const struct timespec wait = {.tv_sec = wait_ms / 1000,
                                  .tv_nsec = (long)(wait_ms % 1000) * 1000000};
    return sigtimedwait(&wanted, NULL, &wait);
}

/* Fronts that are due are started. Returns how long nothing is due, in ms. */
static int fronts_tend(struct parent *p)
{
    int64_t now = now_ms(p);
    int64_t wait = 60000;
    for (int i = 0; i < p->f->fronts; i++) {
        struct child *c = &p->front[i];
        if (c->pid == 0 && c->next_ms <= now && !front_start(p, i) && c->pid == 0) {
            c->next_ms = now + PAUSE_MS; /* the system gives none now */
        }
        if (c->pid == 0 && c->next_ms - now < wait) {
            wait = c->next_ms - now;
        }
    }
    return (int)(wait > 0 ? wait : 1);
}

static void end_fronts(struct parent *p, int *writer_status)
{
    int64_t until = now_ms(p) + FRONT_STOP_MS;
    fronts_kill(p, SIGTERM);
    for (reap(p, writer_status, true); fronts_left(p) > 0; reap(p, writer_status, true)) {
        if (now_ms(p) > until) {
            fronts_kill(p, SIGKILL);
        }
        wait_signal(TICK_MS);
    }
}

/* A writer works off what it took, however long the disk needs. */
static void end_writer(struct parent *p, int *writer_status)
{
    if (p->writer > 0) {
        kill(p->writer, SIGTERM);
    }
    while (p->writer > 0) {
        wait_signal(TICK_MS);
        reap(p, writer_status, true);
    }
}

static int run(struct parent *p, bool asked)
{
    int writer_status = -1;
    while (!asked && writer_status == -1) {
        int sig = wait_signal(fronts_tend(p));
        asked = sig == SIGTERM || sig == SIGINT;
        reap(p, &writer_status, asked);
    }
    if (!asked) {
        fputs("tongban: the process that writes has ended; all others end too\n", stderr);
    }
    p->f->stops(p->f->arg);
    end_fronts(p, &writer_status);
    end_writer(p, &writer_status);
    return asked && WIFEXITED(writer_status) ? WEXITSTATUS(writer_status) : 1;
}

int family_run(struct ctx *ctx, const struct family *f)
{
    struct parent *p = ARENA_NEW(ctx->arena, struct parent);
    int status = 0;
    must(f->fronts > 0 && f->fronts <= LIMIT_FRONTS);
    p->f = f;
    p->ctx = ctx;
    if (!writer_start(p)) {
        fputs("tongban: the system gives no process to write\n", stderr);
        return 1;
    }
    bool asked = false;
    if (!writer_opens(p, &asked)) {
        waitpid(p->writer, &status, 0);
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
        return code == 0 && !asked ? 1 : code;
    }
    if (!asked) {
        f->is_open(f->arg);
    }
    int code = run(p, asked);
    close(p->orders);
    return code;
}
