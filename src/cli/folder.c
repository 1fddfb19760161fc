/* folder.c - see folder.h.
 *
 * What is looked at are names, not contents: node.json says that a folder is a node's. A folder
 * with anything else in it is somebody's, and no command writes there; one that is empty may become
 * a node. Removing goes by names read first and removed after, since a directory that changes while
 * it is read may show a name twice or never.
 */
#include "cli/folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"

enum { DEPTH_MAX = 8 };

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

enum err folder_is_free(struct ctx *ctx, struct str dir)
{
    const char *path = str_z(ctx->arena, dir);
    struct stat st;
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

static const char *scratch_path(struct ctx *ctx, struct str dir)
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
