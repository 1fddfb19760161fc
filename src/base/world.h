/* world.h - what the world can do: time, randomness, files.
 *
 * Every room reaches the clock, chance and the disk only through this table. The real one is
 * world_real.c; sim/ has a seeded, deterministic one. Sockets belong to http/conn, which reaches
 * them through the net part of the table. Functions return 0 or more on success and -errno on
 * failure.
 */
#pragma once

#include "base/base.h"

enum world_open {
    WORLD_READ = 1,
    WORLD_WRITE = 2,
    WORLD_CREATE = 4,
    WORLD_EXCLUSIVE = 8,
    WORLD_TRUNCATE = 16
};

struct world {
    void *self;
    /* Wall clock and a clock that never steps back. */
    struct instant (*now)(struct world *w);
    int64_t (*mono_ns)(struct world *w);
    /* n unpredictable bytes; never fails (stops the process when the system cannot give them). */
    void (*random)(struct world *w, void *bytes, size_t n);

    /* Files, by handle. Paths are NUL-ended. flags: enum world_open. */
    int (*open)(struct world *w, const char *path, int flags, int mode);
    int64_t (*pread)(struct world *w, int file, void *bytes, size_t n, int64_t at);
    int64_t (*pwrite)(struct world *w, int file, const void *bytes, size_t n, int64_t at);
    int (*sync)(struct world *w, int file); /* data and size are on the disk when it returns 0 */
    int (*truncate)(struct world *w, int file, int64_t size);
    int64_t (*size)(struct world *w, int file);
    int (*lock)(struct world *w, int file,
                bool exclusive); /* whole-file, and SQLite's lock bytes; held until close; -EAGAIN
                                    when taken */
    int (*close)(struct world *w, int file);
    int (*remove)(struct world *w, const char *path);
    int (*rename)(struct world *w, const char *from, const char *to);
    int (*mkdir)(struct world *w, const char *path, int mode); /* -EEXIST when there */
    int (*sync_dir)(struct world *w, const char *path);
    /* Call each for the names in a directory, sorted by bytes, without "." and "..". */
    int (*list)(struct world *w, const char *path,
                void (*each)(void *arg, const char *name, bool is_dir), void *arg);
    int (*exists)(struct world *w, const char *path); /* 0 yes, -ENOENT no */
};

/* The real world. One for the process; safe from every thread. */
struct world *world_real(void);

/* A whole file onto the arena; ERR_NOT_FOUND, ERR_IO, ERR_TOO_LARGE beyond max_bytes. */
enum err file_read(struct ctx *ctx, const char *path, size_t max_bytes, struct str *ret) MUST_USE;
/* Write whole: a temporary file beside it, synced, renamed over it, directory synced. */
enum err file_write(struct ctx *ctx, const char *path, struct str bytes, int mode) MUST_USE;
/* The error that answers an errno from the table: disk_full, read_only, not_found, io ... */
enum err world_err(int64_t negative_errno);
