/* Whole files through struct world. Writing goes to a file beside, which is synced and renamed, and
 * then the folder is synced: after a loss of power there is the old text or the new one, never half
 * of each. */
#include <errno.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"

enum err world_err(int64_t negative_errno)
{
    switch ((int)-negative_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ERR_DISK_FULL;
    case EROFS:
    case EACCES:
    case EPERM: return ERR_READ_ONLY;
    case ENOENT:
    case ENOTDIR: return ERR_NOT_FOUND;
    case EEXIST: return ERR_DUPLICATE;
    case EAGAIN: return ERR_IN_USE;
    default: return ERR_IO;
    }
}

enum err file_read(struct ctx *ctx, const char *path, size_t max_bytes, struct str *ret)
{
    struct world *w = ctx->world;
    int file = w->open(w, path, WORLD_READ, 0);
    if (file < 0) {
        return fault(ctx, world_err(file), "cannot open %s: %s", path, strerror(-file));
    }
    int64_t size = w->size(w, file);
    enum err e = ERR_OK;
    if (size < 0) {
        e = fault(ctx, world_err(size), "cannot read %s: %s", path, strerror((int)-size));
    } else if ((uint64_t)size > max_bytes) {
        e = fault(ctx, ERR_TOO_LARGE, "%s is larger than %zu bytes", path, max_bytes);
    }
    char *p = e == ERR_OK ? arena_push_bytes(ctx->arena, (size_t)size + 1) : NULL;
    int64_t at = 0;
    while (e == ERR_OK && at < size) {
        int64_t got = w->pread(w, file, p + at, (size_t)(size - at), at);
        if (got <= 0) {
            e = fault(ctx, got < 0 ? world_err(got) : ERR_IO, "cannot read %s", path);
        }
        at += got > 0 ? got : 0;
    }
    w->close(w, file);
    if (e == ERR_OK) {
        p[size] = 0;
        *ret = (struct str){p, (size_t)size};
    }
    return e;
}

static int write_all(struct world *w, int file, struct str bytes)
{
    size_t at = 0;
    while (at < bytes.n) {
        int64_t put = w->pwrite(w, file, bytes.p + at, bytes.n - at, (int64_t)at);
        if (put <= 0) {
            return put < 0 ? (int)put : -EIO;
        }
        at += (size_t)put;
    }
    return w->sync(w, file);
}

enum err file_write(struct ctx *ctx, const char *path, struct str bytes, int mode)
{
    struct world *w = ctx->world;
    const char *temporary = str_format(ctx->arena, "%s.new", path).p;
    int file =
        w->open(w, temporary, WORLD_READ | WORLD_WRITE | WORLD_CREATE | WORLD_TRUNCATE, mode);
    int result = file < 0 ? file : write_all(w, file, bytes);
    if (file >= 0) {
        w->close(w, file);
    }
    if (result == 0) {
        result = w->rename(w, temporary, path);
    } else if (file >= 0) {
        w->remove(w, temporary);
    }
    if (result == 0) {
        const char *slash = strrchr(path, '/');
        const char *dir =
            slash == NULL ? "." : str_z(ctx->arena, (struct str){path, (size_t)(slash - path) + 1});
        result = w->sync_dir(w, dir);
    }
    if (result < 0) {
        return fault(ctx, world_err(result), "cannot write %s: %s", path, strerror(-result));
    }
    return ERR_OK;
}
