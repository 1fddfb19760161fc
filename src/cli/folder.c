/* folder.c - see folder.h.
 *
 * What is looked at are names, not contents: node.json says that a folder is a node's. A folder
 * with anything else in it is somebody's, and no command writes there; one that is empty may become
 * a node. Removing goes by names read first and removed after, since a directory that changes while
 * it is read may show a name twice or never.
 */
#include "cli/folder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"

enum { DEPTH_MAX = 8, SWEEP_ARENA_BYTES = 1 << 20 };

/* A folder, something else, or nothing: 1, 0, -errno. Links are seen, not followed. */
static int is_folder(const char *path)
{
    struct stat st;
    if (lstat(path, &st) < 0) {
        return -errno;
    }
    return S_ISDIR(st.st_mode) ? 1 : 0;
}

struct names {
    struct arena *arena;
    struct str *p;
    size_t count;
    size_t room;
};

static void name_take(void *arg, const char *name, bool is_dir UNUSED)
{
    struct names *n = arg;
    if (n->count == n->room) {
        size_t room = n->room == 0 ? 16 : n->room * 2;
        n->p = arena_grow(n->arena, n->p, n->room * sizeof(*n->p), room * sizeof(*n->p));
        n->room = room;
    }
    n->p[n->count++] = str_copy(n->arena, str_from(name));
}

static enum err names_list(struct ctx *ctx, const char *path, struct names *ret)
{
    *ret = (struct names){.arena = ctx->arena};
    int r = ctx->world->list(ctx->world, path, name_take, ret);
    return r < 0 ? fault(ctx, world_err(r), "cannot read the folder %s: %s", path, strerror(-r))
                 : ERR_OK;
}

enum err folder_is_node(struct ctx *ctx, struct str dir)
{
    const char *path = str_z(ctx->arena, dir);
    const char *config = str_format(ctx->arena, "%s/node.json", path).p;
    if (ctx->world->exists(ctx->world, config) == 0) {
        return ERR_OK;
    }
    struct stat st;
    if (stat(path, &st) < 0) {
        return fault(ctx, world_err(-errno), "%s: %s%s", path, strerror(errno),
                     errno == ENOENT ? "; a node's folder is made by tongban init" : "");
    }
    if (!S_ISDIR(st.st_mode)) {
        return fault(ctx, ERR_NOT_FOUND, "%s is no folder", path);
    }
    struct names names;
    TRY(names_list(ctx, path, &names));
    return fault(ctx, ERR_NOT_FOUND, "%s is no node's folder: it %s, and no node.json", path,
                 names.count == 0 ? "is empty" : "holds other files");
}

enum err folder_is_no_copy(struct ctx *ctx, struct str dir)
{
    const char *manifest = str_format(ctx->arena, "%.*s/backup.json", FMT(dir)).p;
    return ctx->world->exists(ctx->world, manifest) != 0
               ? ERR_OK
               : fault(ctx, ERR_CONFLICT,
                       "%.*s is a copy of a node: tongban restore makes a node from it", FMT(dir));
}

/* Where a path that need not be there would lie: the real name of its folder. NULL: there is none.
 */
static char *real_parent(struct ctx *ctx, struct str path)
{
    size_t n = path.n;
    while (n > 0 && path.p[n - 1] != '/') {
        n--;
    }
    struct str parent = n == 0 ? STR(".") : str_slice(path, 0, n);
    return realpath(str_z(ctx->arena, parent), NULL);
}

/* ERR_CONFLICT when a folder above is a node's or a copy's: what lies there is copied, checked and
 * removed as theirs. */
static enum err lies_in_none(struct ctx *ctx, struct str dir)
{
    enum err e = ERR_OK;
    char *above = real_parent(ctx, dir);
    for (size_t n = above == NULL ? 0 : strlen(above); e == ERR_OK && n > 0; n--) {
        bool is_name = above[n] == 0 || above[n] == '/';
        const char *path = is_name ? str_format(ctx->arena, "%.*s", (int)n, above).p : "";
        if (is_name &&
            ctx->world->exists(ctx->world, str_format(ctx->arena, "%s/node.json", path).p) == 0) {
            e = fault(ctx, ERR_CONFLICT, "%.*s lies in %s, which is the folder of a node", FMT(dir),
                      path);
        }
    }
    free(above);
    return e;
}

enum err folder_is_free(struct ctx *ctx, struct str dir)
{
    const char *path = str_z(ctx->arena, dir);
    struct stat st;
    TRY(lies_in_none(ctx, dir));
    if (stat(path, &st) < 0) {
        return errno == ENOENT
                   ? ERR_OK
                   : fault(ctx, world_err(-errno), "cannot use %s: %s", path, strerror(errno));
    }
    if (!S_ISDIR(st.st_mode)) {
        return fault(ctx, ERR_CONFLICT, "%s is no folder", path);
    }
    if (ctx->world->exists(ctx->world, str_format(ctx->arena, "%s/node.json", path).p) == 0) {
        return fault(ctx, ERR_DUPLICATE, "%s holds a node already", path);
    }
    struct names names;
    TRY(names_list(ctx, path, &names));
    if (names.count > 0) {
        return fault(ctx, ERR_CONFLICT,
                     "%s holds other files (%.*s): name a new or an empty folder", path,
                     FMT(names.p[0]));
    }
    return access(path, W_OK | X_OK) == 0
               ? ERR_OK
               : fault(ctx, ERR_READ_ONLY, "cannot write in %s: %s", path, strerror(errno));
}

enum err folder_is_outside(struct ctx *ctx, struct str to, struct str from)
{
    char *outer = realpath(str_z(ctx->arena, from), NULL);
    char *inner = real_parent(ctx, to);
    size_t n = outer == NULL ? 0 : strlen(outer);
    bool inside = outer != NULL && inner != NULL && strncmp(inner, outer, n) == 0 &&
                  (inner[n] == '/' || inner[n] == 0);
    free(outer);
    free(inner);
    return inside ? fault(ctx, ERR_CONFLICT,
                          "%.*s lies in %.*s, which would be copied into itself: name a place "
                          "outside it",
                          FMT(to), FMT(from))
                  : ERR_OK;
}

static enum err remove_tree(struct ctx *ctx, const char *path, int depth)
{
    struct names names;
    if (depth > DEPTH_MAX) {
        return fault(ctx, ERR_TOO_DEEP, "%s is nested deeper than anything made here", path);
    }
    TRY(names_list(ctx, path, &names));
    for (size_t i = 0; i < names.count; i++) {
        const char *one = str_format(ctx->arena, "%s/%.*s", path, FMT(names.p[i])).p;
        if (is_folder(one) == 1) {
            TRY(remove_tree(ctx, one, depth + 1));
        } else if (unlink(one) < 0 && errno != ENOENT) {
            return fault(ctx, world_err(-errno), "cannot remove %s: %s", one, strerror(errno));
        }
    }
    return rmdir(path) == 0 || errno == ENOENT
               ? ERR_OK
               : fault(ctx, world_err(-errno), "cannot remove %s: %s", path, strerror(errno));
}

enum err folder_remove(struct ctx *ctx, const char *path)
{
    return is_folder(path) == 1 ? remove_tree(ctx, path, 0) : ERR_OK;
}

/* Who is to be stopped when this process has a folder: itself, or its parent when it only writes
 * for that one (family.h). */
static pid_t head_of(pid_t pid)
{
    char path[64];
    int parent = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "re");
    bool writes = f != NULL && fscanf(f, "%*d (tongban-writer) %*c %d", &parent) == 1;
    if (f != NULL) {
        fclose(f);
    }
    return writes && parent > 1 ? parent : pid;
}

/* The kernel tells every lock with its owner and inode:
 * "1: FLOCK  ADVISORY  WRITE 4711 08:01:131090 0 EOF". */
pid_t folder_user(struct ctx *ctx, struct str dir)
{
    struct stat st;
    char line[256];
    int found = 0;
    const char *path = str_format(ctx->arena, "%.*s/store/lock", FMT(dir)).p;
    FILE *f = stat(path, &st) < 0 ? NULL : fopen("/proc/locks", "re");
    while (f != NULL && found == 0 && fgets(line, sizeof(line), f) != NULL) {
        int pid = 0;
        unsigned long long inode = 0;
        if (sscanf(line, "%*d: FLOCK %*s %*s %d %*x:%*x:%llu", &pid, &inode) == 2 &&
            inode == st.st_ino) {
            found = pid;
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    return found > 0 ? head_of(found) : 0;
}

enum err folder_in_use(struct ctx *ctx, struct str dir, pid_t user)
{
    return fault(ctx, ERR_IN_USE,
                 "%.*s is in use by process %d: stop that one first, or ask it (tongban health, "
                 "backup, stop)",
                 FMT(dir), (int)user);
}

struct str folder_name(struct str dir)
{
    while (dir.n > 1 && dir.p[dir.n - 1] == '/') {
        dir.n--;
    }
    return dir;
}

enum err folder_beside(struct ctx *ctx, struct str dir, struct str *ret)
{
    uint64_t tail = 0;
    ctx->world->random(ctx->world, &tail, sizeof(tail));
    *ret = str_format(ctx->arena, "%.*s.new-%08llx", FMT(dir),
                      (unsigned long long)(tail & 0xffffffff));
    return ctx->world->exists(ctx->world, ret->p) != 0
               ? ERR_OK
               : fault(ctx, ERR_DUPLICATE, "%s is there already", ret->p);
}

enum err folder_take_place(struct ctx *ctx, struct str from, struct str to)
{
    struct world *w = ctx->world;
    const char *path = str_z(ctx->arena, to);
    const char *slash = strrchr(path, '/');
    const char *parent = slash == NULL ? "."
                         : slash == path
                             ? "/"
                             : str_z(ctx->arena, (struct str){path, (size_t)(slash - path)});
    int r = w->sync_dir(w, str_z(ctx->arena, from));
    r = r == 0 ? w->rename(w, str_z(ctx->arena, from), path) : r;
    r = r == 0 ? w->sync_dir(w, parent) : r;
    return r == 0 ? ERR_OK : fault(ctx, world_err(r), "cannot name %s: %s", path, strerror(-r));
}

/* ---- endings ---- */

static void signals_of_ending(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGHUP);
}

void ending_hold(void)
{
    sigset_t set;
    signals_of_ending(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void *ending_main(void *arg)
{
    const char *path = arg;
    sigset_t set;
    int which = 0;
    signals_of_ending(&set);
    sigwait(&set, &which);
    struct arena *arena = arena_new(SWEEP_ARENA_BYTES); /* the command's is in use */
    struct ctx ctx = {.arena = arena, .world = world_real()};
    /* A file may be written while its folder goes: that one goes the second time. */
    bool gone = arena != NULL &&
                (folder_remove(&ctx, path) == ERR_OK || folder_remove(&ctx, path) == ERR_OK);
    fprintf(stderr,
            gone ? "tongban: stopped; nothing of %s is left\n"
                 : "tongban: stopped; %s could not be removed\n",
            path);
    _exit(1);
}

enum err ending_removes(struct ctx *ctx, const char *path)
{
    pthread_t thread;
    char *lasting = str_z(ctx->arena, str_from(path));
    int r = pthread_create(&thread, NULL, ending_main, lasting);
    return r == 0 ? ERR_OK : fault(ctx, ERR_MEMORY, "the system gives no thread: %s", strerror(r));
}

/* ---- scratch ---- */

const char *scratch_path(struct ctx *ctx, struct str dir)
{
    return str_format(ctx->arena, "%.*s/scratch", FMT(dir)).p;
}

enum err scratch_sweep(struct ctx *ctx, struct str dir)
{
    return folder_remove(ctx, scratch_path(ctx, dir));
}

enum err scratch_make(struct ctx *ctx, struct str dir, struct str *ret)
{
    const char *path = scratch_path(ctx, dir);
    TRY(scratch_sweep(ctx, dir));
    int r = ctx->world->mkdir(ctx->world, path, 0700);
    if (r < 0) {
        return fault(ctx, world_err(r), "cannot make %s: %s", path, strerror(-r));
    }
    *ret = str_from(path);
    return ERR_OK;
}
