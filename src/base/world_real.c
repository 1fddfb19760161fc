/* The world as it is: the system's clocks, its randomness, its files. The only file that calls
 * them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/world.h"

static struct instant real_now(struct world *w)
{
    (void)w;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (struct instant){(int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000};
}

/* It counts on while the machine sleeps, so that a wall clock set right on waking is no leap. */
static int64_t real_mono_ns(struct world *w)
{
    (void)w;
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void real_random(struct world *w, void *bytes, size_t n)
{
    (void)w;
    char *p = bytes;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        must(got > 0);
        p += got;
        n -= (size_t)got;
    }
}

static int real_open(struct world *w, const char *path, int flags, int mode)
{
    (void)w;
    int how = (flags & WORLD_WRITE) == 0 ? O_RDONLY : (flags & WORLD_READ) != 0 ? O_RDWR : O_WRONLY;
    how |= (flags & WORLD_CREATE) != 0 ? O_CREAT : 0;
    how |= (flags & WORLD_EXCLUSIVE) != 0 ? O_EXCL : 0;
    how |= (flags & WORLD_TRUNCATE) != 0 ? O_TRUNC : 0;
    int fd = open(path, how | O_CLOEXEC | O_NOCTTY, mode);
    return fd < 0 ? -errno : fd;
}

static int64_t real_pread(struct world *w, int file, void *bytes, size_t n, int64_t at)
{
    (void)w;
    ssize_t got;
    do {
        got = pread(file, bytes, n, at);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

static int64_t real_pwrite(struct world *w, int file, const void *bytes, size_t n, int64_t at)
{
    (void)w;
    ssize_t put;
    do {
        put = pwrite(file, bytes, n, at);
    } while (put < 0 && errno == EINTR);
    return put < 0 ? -errno : put;
}

static int real_sync(struct world *w, int file)
{
    (void)w;
    return fdatasync(file) < 0 ? -errno : 0;
}

static int real_truncate(struct world *w, int file, int64_t size)
{
    (void)w;
    return ftruncate(file, size) < 0 ? -errno : 0;
}

static int64_t real_size(struct world *w, int file)
{
    (void)w;
    struct stat st;
    return fstat(file, &st) < 0 ? -errno : (int64_t)st.st_size;
}

static int real_lock(struct world *w, int file, bool exclusive)
{
    /* Programs that use SQLite lock these bytes of a database (sqlite.org/fileformat2.html, 1.4),
     * by fcntl, which flock does not touch. */
    struct flock bytes = {.l_type = exclusive ? F_WRLCK : F_RDLCK,
                          .l_whence = SEEK_SET,
                          .l_start = 0x40000000,
                          .l_len = 512};
    (void)w;
    if (flock(file, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0) {
        return -errno;
    }
    if (fcntl(file, F_OFD_SETLK, &bytes) < 0) {
        return errno == EACCES ? -EAGAIN : -errno;
    }
    return 0;
}

static int real_close(struct world *w, int file)
{
    (void)w;
    return close(file) < 0 ? -errno : 0;
}

static int real_remove(struct world *w, const char *path)
{
    (void)w;
    return unlink(path) < 0 ? -errno : 0;
}

static int real_rename(struct world *w, const char *from, const char *to)
{
    (void)w;
    return rename(from, to) < 0 ? -errno : 0;
}

static int real_mkdir(struct world *w, const char *path, int mode)
{
    (void)w;
    return mkdir(path, (mode_t)mode) < 0 ? -errno : 0;
}

static int real_sync_dir(struct world *w, const char *path)
{
    (void)w;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -errno;
    }
    int result = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return result;
}

static int real_list(struct world *w, const char *path,
                     void (*each)(void *arg, const char *name, bool is_dir), void *arg)
{
    (void)w;
    struct dirent **names = NULL;
    int n = scandir(path, &names, NULL, alphasort);
    if (n < 0) {
        return -errno;
    }
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < n; i++) {
        const char *name = names[i]->d_name;
        struct stat st = {0};
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && fstatat(dir, name, &st, 0) == 0) {
            each(arg, name, S_ISDIR(st.st_mode));
        }
        free(names[i]);
    }
    free(names);
    close(dir);
    return 0;
}

static int real_exists(struct world *w, const char *path)
{
    (void)w;
    return access(path, F_OK) < 0 ? -errno : 0;
}

static struct world real = {
    .now = real_now,
    .mono_ns = real_mono_ns,
    .random = real_random,
    .open = real_open,
    .pread = real_pread,
    .pwrite = real_pwrite,
    .sync = real_sync,
    .truncate = real_truncate,
    .size = real_size,
    .lock = real_lock,
    .close = real_close,
    .remove = real_remove,
    .rename = real_rename,
    .mkdir = real_mkdir,
    .sync_dir = real_sync_dir,
    .list = real_list,
    .exists = real_exists,
};

struct world *world_real(void)
{
    return &real;
}
