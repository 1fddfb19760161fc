/* vfs.c - the disk of SQLite is the world: every byte it reads, writes and syncs goes through
 * struct world, so that simulator and fault injection own it.
 *
 * Locks and the index of the log lie in memory that the processes of this store share (share.c):
 * no stranger may have it open (the lock file sees to that), so they need not be in the file
 * system. A failed sync breaks the store: the kernel may have dropped the pages it could not write,
 * and a later sync would report success for them; so from then on nothing is written, synced or
 * removed any more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "store/store_in.h"

enum { PATH_MAX_BYTES = 1024, GATHER_BYTES = 128 * 1024 };

struct vfs {
    sqlite3_vfs base;
    struct world *world;
    struct store_share *share;
    unsigned owner; /* in it */
    atomic_bool *broken;
    bool read_only;
    bool is_beside;    /* a writer has it open in another process */
    atomic_int opened; /* connections to the main database */
    char *dir;
    int guard; /* holds SQLite's own lock bytes of the main database; -1 before it is open */
    char name[40];
};

struct file {
    sqlite3_file base;
    struct vfs *vfs;
    bool is_main;     /* the main database: only this one is locked */
    const char *path; /* SQLite keeps it until close; own_path for a temporary file */
    char *own_path;
    int handle; /* -1: an absent file of a read-only store, seen as empty */
    int level;
    bool delete_on_close;
    bool is_new; /* its directory entry is not synced yet */
    uint16_t shm_shared;
    uint16_t shm_exclusive;
    /* The log is written in small pieces one behind the other, and nobody reads them before the
     * sync: they are gathered and written together. Anything else done with the file writes them
     * first. */
    bool is_log;
    char *gathered; /* GATHER_BYTES */
    int gathered_n;
    int64_t gathered_at;
};

static int result_of(int64_t negative_errno, int otherwise)
{
    switch ((int)-negative_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return SQLITE_FULL;
    case EROFS:
    case EACCES:
    case EPERM: return SQLITE_READONLY;
    default: return otherwise;
    }
}

static bool is_broken(const struct file *f)
{
    return atomic_load(f->vfs->broken);
}

/* ---- bytes ---- */

static int gathered_flush(struct file *f);

static int file_read_at(sqlite3_file *base, void *bytes, int n, sqlite3_int64 at)
{
    struct file *f = (struct file *)base;
    int got = 0;
    if (gathered_flush(f) != SQLITE_OK) {
        return SQLITE_IOERR_READ;
    }
    while (got < n && f->handle >= 0) {
        int64_t k = f->vfs->world->pread(f->vfs->world, f->handle, (char *)bytes + got,
                                         (size_t)(n - got), at + got);
        if (k < 0) {
            return SQLITE_IOERR_READ;
        }
        if (k == 0) {
            break;
        }
        got += (int)k;
    }
    if (got < n) {
        memset((char *)bytes + got, 0, (size_t)(n - got));
        return SQLITE_IOERR_SHORT_READ;
    }
    return SQLITE_OK;
}

static int write_through(struct file *f, const void *bytes, int n, int64_t at)
{
    struct world *w = f->vfs->world;
    int put = 0;
    while (put < n) {
        int64_t k = w->pwrite(w, f->handle, (const char *)bytes + put, (size_t)(n - put), at + put);
        if (k <= 0) {
            return result_of(k, SQLITE_IOERR_WRITE);
        }
        put += (int)k;
    }
    return SQLITE_OK;
}

/* Write what was gathered. When that fails it is gone, and the caller's error undoes the
 * transaction. */
static int gathered_flush(struct file *f)
{
    int n = f->gathered_n;
    f->gathered_n = 0;
    return n == 0         ? SQLITE_OK
           : is_broken(f) ? SQLITE_IOERR_WRITE
                          : write_through(f, f->gathered, n, f->gathered_at);
}

static int gather(struct file *f, const void *bytes, int n, int64_t at)
{
    bool follows = f->gathered_n == 0 || at == f->gathered_at + f->gathered_n;
    if (!follows || n > GATHER_BYTES - f->gathered_n) {
        int rc = gathered_flush(f);
        if (rc != SQLITE_OK) {
            return rc;
        }
    }
    if (n > GATHER_BYTES) {
        return write_through(f, bytes, n, at);
    }
    if (f->gathered == NULL) {
        f->gathered = store_alloc(GATHER_BYTES);
    }
    f->gathered_at = f->gathered_n == 0 ? at : f->gathered_at;
    memcpy(f->gathered + f->gathered_n, bytes, (size_t)n);
    f->gathered_n += n;
    return SQLITE_OK;
}

static int file_write_at(sqlite3_file *base, const void *bytes, int n, sqlite3_int64 at)
{
    struct file *f = (struct file *)base;
    if (is_broken(f) || f->handle < 0) {
        return f->handle < 0 ? SQLITE_READONLY : SQLITE_IOERR_WRITE;
    }
    return f->is_log ? gather(f, bytes, n, at) : write_through(f, bytes, n, at);
}

static int file_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    struct file *f = (struct file *)base;
    if (is_broken(f)) {
        return SQLITE_IOERR_TRUNCATE;
    }
    int rc = gathered_flush(f);
    if (rc != SQLITE_OK) {
        return rc;
    }
    int r = f->vfs->world->truncate(f->vfs->world, f->handle, size);
    return r < 0 ? result_of(r, SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
}

static int file_sync(sqlite3_file *base, int flags UNUSED)
{
    struct file *f = (struct file *)base;
    struct world *w = f->vfs->world;
    if (is_broken(f)) {
        return SQLITE_IOERR_FSYNC;
    }
    int rc = gathered_flush(f);
    if (rc != SQLITE_OK) {
        return rc;
    }
    bool ok = w->sync(w, f->handle) == 0 && (!f->is_new || w->sync_dir(w, f->vfs->dir) == 0);
    if (!ok) {
        atomic_store(f->vfs->broken, true);
        return SQLITE_IOERR_FSYNC;
    }
    f->is_new = false;
    return SQLITE_OK;
}

static int file_size(sqlite3_file *base, sqlite3_int64 *ret)
{
    struct file *f = (struct file *)base;
    int rc = gathered_flush(f);
    if (rc != SQLITE_OK) {
        return rc;
    }
    int64_t n = f->handle < 0 ? 0 : f->vfs->world->size(f->vfs->world, f->handle);
    if (n < 0) {
        return SQLITE_IOERR_FSTAT;
    }
    *ret = n;
    return SQLITE_OK;
}

/* ---- locks of the database file ---- */

/* SQLite's five levels on two locks: SHARED counts in on SHARE_FILE, RESERVED holds SHARE_RESERVED,
 * PENDING and EXCLUSIVE hold SHARE_FILE, which lets no new one in; EXCLUSIVE besides is alone. */
static int file_lock(sqlite3_file *base, int want)
{
    struct file *f = (struct file *)base;
    struct store_share *s = f->vfs->share;
    unsigned owner = f->vfs->owner;
    if (!f->is_main || f->level >= want) {
        return SQLITE_OK;
    }
    if (want == SQLITE_LOCK_SHARED) {
        f->level = share_take(s, owner, SHARE_FILE) ? want : f->level;
        return f->level == want ? SQLITE_OK : SQLITE_BUSY;
    }
    if (f->level < SQLITE_LOCK_RESERVED && share_hold(s, owner, SHARE_RESERVED)) {
        f->level = SQLITE_LOCK_RESERVED;
    }
    if (want == SQLITE_LOCK_EXCLUSIVE && f->level == SQLITE_LOCK_RESERVED &&
        share_hold(s, owner, SHARE_FILE)) {
        f->level = SQLITE_LOCK_PENDING;
    }
    if (f->level == SQLITE_LOCK_PENDING && share_is_alone(s, owner, SHARE_FILE, 1)) {
        f->level = SQLITE_LOCK_EXCLUSIVE;
    }
    return f->level >= want ? SQLITE_OK : SQLITE_BUSY;
}

static int file_unlock(sqlite3_file *base, int to)
{
    struct file *f = (struct file *)base;
    if (!f->is_main || f->level <= to) {
        return SQLITE_OK;
    }
    if (f->level >= SQLITE_LOCK_PENDING) {
        share_release(f->vfs->share, f->vfs->owner, SHARE_FILE);
    }
    if (f->level >= SQLITE_LOCK_RESERVED) {
        share_release(f->vfs->share, f->vfs->owner, SHARE_RESERVED);
    }
    if (to == SQLITE_LOCK_NONE) {
        share_give(f->vfs->share, f->vfs->owner, SHARE_FILE);
    }
    f->level = to;
    return SQLITE_OK;
}

static int file_check_reserved(sqlite3_file *base, int *ret)
{
    struct file *f = (struct file *)base;
    *ret = f->is_main && share_is_held(f->vfs->share, SHARE_RESERVED);
    return SQLITE_OK;
}

/* ---- the index of the log ---- */

static int shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **ret)
{
    struct file *f = (struct file *)base;
    return share_region(f->vfs->share, region, size, extend != 0, ret);
}

static void shm_give(struct file *f, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        uint16_t bit = (uint16_t)(1 << i);
        if ((f->shm_exclusive & bit) != 0) {
            share_release(f->vfs->share, f->vfs->owner, i);
        } else if ((f->shm_shared & bit) != 0) {
            share_give(f->vfs->share, f->vfs->owner, i);
        }
        f->shm_exclusive &= (uint16_t)~bit;
        f->shm_shared &= (uint16_t)~bit;
    }
}

static bool shm_take_one(struct file *f, int i, bool exclusive)
{
    struct store_share *s = f->vfs->share;
    unsigned owner = f->vfs->owner;
    uint16_t bit = (uint16_t)(1 << i);
    bool has_share = (f->shm_shared & bit) != 0;
    if (!exclusive) {
        bool taken = has_share || share_take(s, owner, i);
        f->shm_shared |= taken ? bit : 0;
        return taken;
    }
    must(!has_share && (f->shm_exclusive & bit) == 0);
    if (!share_hold(s, owner, i)) {
        return false;
    }
    if (!share_is_alone(s, owner, i, 0)) {
        share_release(s, owner, i);
        return false;
    }
    f->shm_exclusive |= bit;
    return true;
}

static int shm_lock(sqlite3_file *base, int from, int count, int flags)
{
    struct file *f = (struct file *)base;
    if ((flags & SQLITE_SHM_UNLOCK) != 0) {
        shm_give(f, from, count);
        return SQLITE_OK;
    }
    for (int i = from; i < from + count; i++) {
        if (!shm_take_one(f, i, (flags & SQLITE_SHM_EXCLUSIVE) != 0)) {
            shm_give(f, from, i - from);
            return SQLITE_BUSY;
        }
    }
    return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base)
{
    share_fence(((struct file *)base)->vfs->share);
}

static int shm_unmap(sqlite3_file *base, int forget UNUSED)
{
    shm_give((struct file *)base, 0, SQLITE_SHM_NLOCK);
    return SQLITE_OK;
}

/* ---- files ---- */

static int file_close(sqlite3_file *base)
{
    struct file *f = (struct file *)base;
    struct world *w = f->vfs->world;
    if (f->is_main) {
        shm_unmap(base, 0);
        file_unlock(base, SQLITE_LOCK_NONE);
        atomic_fetch_sub(&f->vfs->opened, 1);
    }
    (void)gathered_flush(f); /* an open transaction's: no one waits for it */
    if (f->handle >= 0) {
        w->close(w, f->handle);
    }
    free(f->gathered);
    if (f->delete_on_close) {
        w->remove(w, f->path);
    }
    free(f->own_path);
    return SQLITE_OK;
}

static int file_control(sqlite3_file *base UNUSED, int op UNUSED, void *arg UNUSED)
{
    return SQLITE_NOTFOUND;
}

static int file_sector_size(sqlite3_file *base UNUSED)
{
    return 4096;
}

/* A write that is cut off by loss of power harms no byte outside it: the torn-write tests assume
 * it. */
static int file_traits(sqlite3_file *base UNUSED)
{
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read_at,
    .xWrite = file_write_at,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

static char *temporary_path(struct vfs *v)
{
    uint64_t tail = 0;
    v->world->random(v->world, &tail, sizeof(tail));
    char text[PATH_MAX_BYTES];
    snprintf(text, sizeof(text), "%s/temporary-%016llx", v->dir, (unsigned long long)tail);
    return store_strdup(str_from(text));
}

static int file_open_how(const struct vfs *v, int flags)
{
    bool write = (flags & SQLITE_OPEN_READWRITE) != 0 && !v->read_only;
    return WORLD_READ | (write ? WORLD_WRITE : 0) |
           (write && (flags & SQLITE_OPEN_CREATE) != 0 ? WORLD_CREATE : 0) |
           (write && (flags & SQLITE_OPEN_EXCLUSIVE) != 0 ? WORLD_EXCLUSIVE : 0);
}

/* Our locks live in our own memory; to other programs that use SQLite the file must look locked.
 * Else one of them could take itself for the last to have it open, and carry off a log that is
 * still written to. */
static int take_guard(struct vfs *v, const char *path)
{
    if (v->read_only || v->is_beside || v->guard >= 0) {
        return SQLITE_OK;
    }
    int file = v->world->open(v->world, path, WORLD_READ | WORLD_WRITE, 0600);
    if (file < 0) {
        return result_of(file, SQLITE_CANTOPEN);
    }
    int r = v->world->lock(v->world, file, true);
    if (r < 0) {
        v->world->close(v->world, file);
        return r == -EAGAIN ? SQLITE_BUSY : result_of(r, SQLITE_IOERR_LOCK);
    }
    v->guard = file;
    return SQLITE_OK;
}

static int vfs_open(sqlite3_vfs *base, const char *name, sqlite3_file *out, int flags,
                    int *ret_flags)
{
    struct vfs *v = (struct vfs *)base;
    struct file *f = (struct file *)out;
    *f = (struct file){.vfs = v, .handle = -1, .is_log = (flags & SQLITE_OPEN_WAL) != 0};
    int how = file_open_how(v, flags);
    if (name == NULL) {
        f->own_path = temporary_path(v);
    }
    f->path = name == NULL ? f->own_path : name;
    f->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
    f->is_new = (how & WORLD_CREATE) != 0 && v->world->exists(v->world, f->path) != 0 &&
                !f->delete_on_close;
    f->handle = v->world->open(v->world, f->path, how, 0600);
    /* A store that is only read has no log when it was closed well: an empty one stands for it. */
    bool absent_log =
        v->read_only && !v->is_beside && f->handle == -ENOENT && (flags & SQLITE_OPEN_WAL) != 0;
    if (f->handle < 0 && !absent_log) {
        int rc = result_of(f->handle, SQLITE_CANTOPEN);
        free(f->own_path);
        return rc;
    }
    int guarded = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? take_guard(v, f->path) : SQLITE_OK;
    if (guarded != SQLITE_OK) {
        v->world->close(v->world, f->handle);
        free(f->own_path);
        return guarded;
    }
    f->base.pMethods = &methods;
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) {
        f->is_main = true;
        atomic_fetch_add(&v->opened, 1);
    }
    if (ret_flags != NULL) {
        *ret_flags = (how & WORLD_WRITE) != 0
                         ? flags
                         : (flags & ~SQLITE_OPEN_READWRITE) | SQLITE_OPEN_READONLY;
    }
    return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *base, const char *name, int sync_dir)
{
    struct vfs *v = (struct vfs *)base;
    if (atomic_load(v->broken) || v->read_only) {
        return SQLITE_IOERR_DELETE;
    }
    int r = v->world->remove(v->world, name);
    if (r == -ENOENT) {
        return SQLITE_IOERR_DELETE_NOENT;
    }
    if (r < 0) {
        return result_of(r, SQLITE_IOERR_DELETE);
    }
    if (sync_dir && v->world->sync_dir(v->world, v->dir) < 0) {
        atomic_store(v->broken, true);
        return SQLITE_IOERR_DIR_FSYNC;
    }
    return SQLITE_OK;
}

static int vfs_access(sqlite3_vfs *base, const char *name, int flags UNUSED, int *ret)
{
    struct vfs *v = (struct vfs *)base;
    *ret = v->world->exists(v->world, name) == 0;
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *base UNUSED, const char *name, int room, char *ret)
{
    int n = snprintf(ret, (size_t)room, "%s", name);
    return n >= 0 && n < room ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int vfs_random(sqlite3_vfs *base, int n, char *bytes)
{
    struct vfs *v = (struct vfs *)base;
    v->world->random(v->world, bytes, (size_t)n);
    return n;
}

static int vfs_sleep(sqlite3_vfs *base UNUSED, int us)
{
    sqlite3_vfs *real = sqlite3_vfs_find("unix");
    return real == NULL ? us : real->xSleep(real, us);
}

static int vfs_now64(sqlite3_vfs *base, sqlite3_int64 *ret)
{
    struct vfs *v = (struct vfs *)base;
    *ret =
        v->world->now(v->world).ms + (sqlite3_int64)210866760000000; /* since noon of -4713-11-24 */
    return SQLITE_OK;
}

static int vfs_now(sqlite3_vfs *base, double *ret)
{
    sqlite3_int64 ms = 0;
    int rc = vfs_now64(base, &ms);
    *ret = (double)ms / 86400000.0;
    return rc;
}

static int vfs_last_error(sqlite3_vfs *base UNUSED, int n UNUSED, char *text UNUSED)
{
    return 0;
}

struct vfs *vfs_new(const struct store *s, unsigned owner)
{
    struct vfs *v = store_alloc(sizeof(*v));
    v->world = s->world;
    v->share = s->share;
    v->owner = owner;
    v->broken = share_broken(s->share);
    v->is_beside = s->mode == STORE_BESIDE;
    v->read_only = s->mode == STORE_READ || v->is_beside;
    v->dir = store_strdup(str_from(s->where));
    v->guard = -1;
    snprintf(v->name, sizeof(v->name), "world-%p", (void *)v);
    v->base = (sqlite3_vfs){
        .iVersion = 2,
        .szOsFile = sizeof(struct file),
        .mxPathname = PATH_MAX_BYTES,
        .zName = v->name,
        .xOpen = vfs_open,
        .xDelete = vfs_delete,
        .xAccess = vfs_access,
        .xFullPathname = vfs_full_path,
        .xRandomness = vfs_random,
        .xSleep = vfs_sleep,
        .xCurrentTime = vfs_now,
        .xGetLastError = vfs_last_error,
        .xCurrentTimeInt64 = vfs_now64,
    };
    if (sqlite3_vfs_register(&v->base, 0) != SQLITE_OK) {
        vfs_free(v);
        return NULL;
    }
    return v;
}

void vfs_free(struct vfs *v)
{
    if (v == NULL) {
        return;
    }
    must(atomic_load(&v->opened) == 0);
    if (v->guard >= 0) {
        v->world->close(v->world, v->guard);
    }
    sqlite3_vfs_unregister(&v->base);
    free(v->dir);
    free(v);
}

const char *vfs_name(const struct vfs *v)
{
    return v->name;
}
