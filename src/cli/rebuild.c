/* rebuild.c - see rebuild.h. Where the system gives no process, the node is rebuilt without a page.
 */
#include "cli/rebuild.h"

#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "crypto/confine.h"
#include "http/server.h"
#include "static_gen.h"

enum {
    ARENA_BYTES = 8 << 20,
    FILES_MOST = 1024, /* a process that opens a node has few */
    STOP_MS = 200,     /* for answers under way */
    PATIENCE_MS = 3000
};

enum err rebuild_new(struct ctx *ctx, struct rebuild *r)
{
    void *p =
        mmap(NULL, sizeof(*r->progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return fault(ctx, ERR_MEMORY, "no memory for what the processes tell each other");
    }
    r->progress = p; /* as long as the process */
    return ERR_OK;
}

/* ---- the process at the doors ---- */

static bool is_door(const struct rebuild *r, int file)
{
    for (size_t i = 0; i < r->socket_count; i++) {
        if (r->sockets[i] == file) {
            return true;
        }
    }
    return false;
}

/* Store, keys and locks stay with the one that opens the node. */
static void let_go(const struct rebuild *r)
{
    for (int file = STDERR_FILENO + 1; file < FILES_MOST; file++) {
        if (!is_door(r, file)) {
            close(file);
        }
    }
}

static enum err shut_in(struct ctx *ctx, const struct rebuild *r)
{
    static const struct str read_paths[] = {STR_INIT("/usr"), STR_INIT("/lib"), STR_INIT("/etc"),
                                            STR_INIT("/dev/null")};
    struct confined confined;
    struct confine rules = {
        .data_dir = r->dir, .read_paths = read_paths, .read_path_count = LEN(read_paths)};
    return confine_server(ctx, &rules, &confined);
}

static enum err doors_open(struct ctx *ctx, const struct rebuild *r, struct waiting *w,
                           struct http_server **ret)
{
    struct http_setup setup = {
        .world = ctx->world, .arg = w, .handle = waiting_handle, .begin = waiting_begin};
    TRY(http_server_new(ctx, &setup, ret));
    for (size_t i = 0; i < r->socket_count; i++) {
        TRY(http_listen_at(ctx, *ret, r->sockets[i]));
    }
    TRY(shut_in(ctx, r));
    return http_start(ctx, *ret);
}

static int page_main(const struct rebuild *r, pid_t opener)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct http_server *server = NULL;
    struct waiting w = {.name = r->name, .css = static_tongban_css, .progress = r->progress};
    sigset_t ends;
    int sig = 0;
    prctl(PR_SET_NAME, "tongban-waiting");
    if (arena == NULL || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != opener) {
        return 1;
    }
    let_go(r);
    enum err e = doors_open(&ctx, r, &w, &server);
    if (e != ERR_OK) {
        fprintf(stderr, "tongban: nobody is told meanwhile: %.*s\n", FMT(ctx.why.detail));
        return 1;
    }
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigwait(&ends, &sig);
    http_stop(server, STOP_MS);
    http_server_free(server);
    return 0;
}

/* ---- the one that opens the node ---- */

static void page_start(struct rebuild *r)
{
    pid_t self = getpid();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(page_main(r, self));
    }
    if (pid < 0) {
        fputs("tongban: the system gives no process to say so to clients\n", stderr);
        return;
    }
    r->page = pid;
    for (size_t i = 0; i < r->socket_count; i++) {
        printf("rebuilding: http://%.*s/ says so meanwhile\n", FMT(r->addresses[i]));
    }
    fflush(stdout);
}

static bool is_asked_to_end(void)
{
    sigset_t pending;
    sigpending(&pending);
    return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1;
}

bool rebuild_tell(void *arg, uint64_t size, uint64_t of)
{
    struct rebuild *r = arg;
    bool is_first = atomic_load(&r->progress->of) == 0;
    must(size <= of);
    atomic_store(&r->progress->size, size);
    atomic_store(&r->progress->of, of);
    if (is_first && size < of) {
        page_start(r);
    }
    return !is_asked_to_end();
}

void rebuild_end(struct rebuild *r)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    int status = 0;
    if (r->page == 0) {
        return;
    }
    kill(r->page, SIGTERM);
    for (int ms = 0; waitpid(r->page, &status, WNOHANG) == 0; ms += 5) {
        nanosleep(&pause, NULL);
        if (ms >= PATIENCE_MS) {
            kill(r->page, SIGKILL);
        }
    }
    r->page = 0;
}
