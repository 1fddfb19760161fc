/* scratch.c - see scratch.h.
 *
 * It is removed in one of three ways: at the end of the call; by the unwinding, when the command's
 * memory ends in the middle, for which the arena holds a note; by the thread that waits for
 * signals, which must be there before the folder is.
 *
 * A place under TMPDIR has a fourth: a child that holds one end of a pipe and is told by its
 * closing, however that came about, that the command is no more. It is forked before there are
 * threads, holds nothing else, and hears no signal. While the rows are copied the store's lock is
 * held, shared: a node that serves holds it alone, and no copy of a moving file is taken. */
#include "cli/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/folder.h"
#include "store/schema.h"

enum { SWEEP_ARENA_BYTES = 1 << 20, PIECE_BYTES = 1 << 30 };

struct pending {
    struct str dir;
    bool is_there;
};

static void pending_sweep(void *arg)
{
    const struct pending *p = arg;
    if (p->is_there) {
        struct arena *arena =
            arena_new(SWEEP_ARENA_BYTES); /* the command's is the one that ran out */
        struct ctx ctx = {.arena = arena, .world = world_real()};
        enum err e = arena == NULL ? ERR_MEMORY : scratch_sweep(&ctx, p->dir);
        (void)e; /* else the next that opens the node does it */
        arena_free(arena);
    }
}

/* ---- a place elsewhere ---- */

bool scratch_is_apart(struct ctx *ctx, struct str dir)
{
    const char *store = str_format(ctx->arena, "%.*s/store", FMT(dir)).p;
    bool has_store = access(store, F_OK) == 0;
    return access(str_z(ctx->arena, dir), W_OK | X_OK) != 0 ||
           (has_store && access(store, W_OK | X_OK) != 0);
}

struct place {
    char *path;
    int alive; /* as long as this end is open, the place stays */
    pid_t keeper;
};

static void place_leave(void *arg)
{
    const struct place *p = arg;
    close(p->alive);
    waitpid(p->keeper, NULL, 0);
}

static _Noreturn void keeper_main(const char *path, int alive)
{
    char byte = 0;
    ssize_t got = 0;
    struct arena *arena = arena_new(SWEEP_ARENA_BYTES);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    close_range(3, (unsigned)alive - 1, 0);
    close_range((unsigned)alive + 1, ~0U, 0);
    do {
        got = read(alive, &byte, 1);
    } while (got < 0 && errno == EINTR);
    bool gone = arena != NULL && folder_remove(&ctx, path) == ERR_OK;
    _exit(gone ? 0 : 1);
}

static enum err place_new(struct ctx *ctx, const char **ret_path)
{
    const char *under = getenv("TMPDIR");
    int ends[2];
    struct place *p = ARENA_NEW(ctx->arena, struct place);
    under = under == NULL || *under == 0 ? "/tmp" : under;
    p->path = str_z(ctx->arena, str_format(ctx->arena, "%s/tongban-apart-XXXXXX", under));
    if (mkdtemp(p->path) == NULL) { /* 0700 */
        return fault(ctx, world_err(-errno), "cannot make a place in %s to work in: %s", under,
                     strerror(errno));
    }
    if (pipe2(ends, O_CLOEXEC) < 0) {
        rmdir(p->path);
        return fault(ctx, world_err(-errno), "the system gives no pipe: %s", strerror(errno));
    }
    p->keeper = fork();
    if (p->keeper == 0) {
        setsid();
        close(ends[1]);
        keeper_main(p->path, ends[0]);
    }
    close(ends[0]);
    p->alive = ends[1];
    if (p->keeper < 0) {
        rmdir(p->path);
        close(p->alive);
        return fault(ctx, ERR_MEMORY, "the system gives no process: %s", strerror(errno));
    }
    arena_defer(ctx->arena, place_leave, p);
    *ret_path = p->path;
    return ERR_OK;
}

static enum err file_bring(struct ctx *ctx, const char *from, const char *to)
{
    ssize_t n = 1;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0 && errno == ENOENT) {
        return ERR_OK; /* a store that was closed in order has no log */
    }
    int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    while (out >= 0 && n > 0) {
        n = sendfile(out, in, NULL, PIECE_BYTES);
    }
    int code = out < 0 || n < 0 ? errno : 0;
    close(in);
    if (out >= 0) {
        close(out);
    }
    return code == 0
               ? ERR_OK
               : fault(ctx, world_err(-code), "cannot copy %s to %s: %s", from, to, strerror(code));
}

/* The rows of DIR in path/store; those in a database stay where they are. */
static enum err rows_bring(struct ctx *ctx, struct str dir, const char *path)
{
    static const char *const files[] = {"store.db", "store.db-wal"};
    const char *store = str_format(ctx->arena, "%.*s/store", FMT(dir)).p;
    const char *to = str_format(ctx->arena, "%s/store", path).p;
    if (access(store, F_OK) != 0) {
        return ERR_OK;
    }
    int lock = open(str_format(ctx->arena, "%s/lock", store).p, O_RDONLY | O_CLOEXEC);
    if (lock >= 0 && flock(lock, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        close(lock);
        return folder_in_use(ctx, dir, folder_user(ctx, dir));
    }
    enum err e = mkdir(to, 0700) == 0
                     ? ERR_OK
                     : fault(ctx, world_err(-errno), "cannot make %s: %s", to, strerror(errno));
    for (size_t i = 0; e == ERR_OK && i < LEN(files); i++) {
        e = file_bring(ctx, str_format(ctx->arena, "%s/%s", store, files[i]).p,
                       str_format(ctx->arena, "%s/%s", to, files[i]).p);
    }
    if (lock >= 0) {
        close(lock);
    }
    return e;
}

static enum err open_apart(struct ctx *ctx, struct str dir, struct node *ret)
{
    const char *path = "";
    TRY(folder_is_node(ctx, dir));
    TRY(place_new(ctx, &path));
    TRY(rows_bring(ctx, dir, path));
    return node_open_apart(ctx, dir, str_from(path), ret);
}

/* ---- both ---- */

enum err scratch_node_open(struct ctx *ctx, struct str dir, struct node *ret)
{
    ending_hold();
    bool apart = scratch_is_apart(ctx, dir);
    TRY(apart ? open_apart(ctx, dir, ret) : node_open(ctx, dir, ret));
    enum err e = ending_removes(ctx, apart ? str_z(ctx->arena, ret->work) : scratch_path(ctx, dir));
    if (e != ERR_OK) {
        node_close(ret);
    }
    return e;
}

enum err scratch_use(struct ctx *ctx, struct node *n, scratch_fn *use, void *arg)
{
    struct store *fresh = NULL;
    struct str scratch = {0};
    struct pending *pending = ARENA_NEW(ctx->arena, struct pending);
    *pending = (struct pending){n->work, true};
    arena_defer(ctx->arena, pending_sweep, pending);
    enum err e = scratch_make(ctx, n->work, &scratch);
    e = e == ERR_OK ? store_open(ctx, scratch, STORE_CREATE, &fresh) : e;
    e = e == ERR_OK ? store_migrate(ctx, fresh) : e;
    e = e == ERR_OK ? use(ctx, n, fresh, arg) : e;
    store_close(fresh);
    struct why why = ctx->why;
    enum err swept = scratch_sweep(ctx, n->work);
    pending->is_there = swept != ERR_OK;
    if (e != ERR_OK) {
        ctx->why = why;
    }
    return e != ERR_OK ? e : swept;
}
