/* store_in.h - inside the store: the store and connection structs, and what an engine must do. */
#pragma once

#include <libpq-fe.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/world.h"
#include "store/db.h"
#include "store/share.h"
#include "store/stmt.h"

enum control {
    CONTROL_BEGIN,
    CONTROL_COMMIT,
    CONTROL_ROLLBACK,
    CONTROL_SAVEPOINT,
    CONTROL_RELEASE,
    CONTROL_UNDO,
    CONTROL_COUNT
};

struct vfs;
struct engine;

struct store {
    const struct engine *engine;
    struct world *world;
    enum store_mode mode;
    char *where; /* folder, or connection string */
    struct db *writer;
    struct store_share *share; /* of all processes of this store */
    bool owns_share;           /* it is the only one */
    unsigned owner;            /* which of them this is */
    atomic_int readers;
    /* SQLite */
    struct vfs *vfs;
    char *path; /* of the database file */
    int lock_file;
};

struct db {
    struct store *store;
    bool is_writer;
    bool in_transaction;
    bool in_savepoint;
    enum err doomed; /* the engine ended the open transaction by itself, with this error */
    /* SQLite */
    sqlite3 *lite;
    int log_pages;         /* of the writer: from here on the log is put into the file */
    int log_waits_at;      /* and from here on readers are waited for */
    int log_last;          /* its length after the last transaction */
    int log_rounds;        /* how often it began anew */
    sqlite3_stmt *active;  /* half read */
    bool active_is_cached; /* else it ends with its use */
    sqlite3_stmt *control[CONTROL_COUNT];
    sqlite3_stmt **lite_prepared; /* by statement index */
    /* PostgreSQL */
    PGconn *pg;
    PGresult *pg_result;   /* half read */
    bool *pg_prepared;     /* by statement index */
    size_t pg_waiting;     /* results of the pipeline not yet read */
    uint32_t pg_savepoint; /* number of the newest: each has a name of its own */
    bool pg_streams;       /* a reader's rows come one by one */
    bool pg_aborted;       /* the pipeline refuses all until its next sync */
    enum err pg_error;     /* the first error since then, and its text */
    char pg_text[256];
};

/* Takes the rows of one statement: into an array on ctx->arena, or one by one to `each`. */
struct sink {
    size_t max; /* rows wanted; what lies beyond is not read */
    size_t cap; /* more than these are ERR_TOO_MANY; 0: no bound */
    enum err (*each)(struct ctx *ctx, void *arg, const void *row);
    void *arg;
    bool wants_changes; /* `changed` is asked for */
    char *rows;
    size_t count;
    size_t room;
    int64_t changed;
};
/* Zeroed memory for the next row; sink_done hands it on. */
void *sink_row(struct ctx *ctx, struct sink *sink, const struct statement *st);
enum err sink_done(struct ctx *ctx, struct sink *sink, const struct statement *st,
                   const void *row) MUST_USE;

/* SELECT of all columns of a table in order of its key: a row is an array of struct str, where an
 * INTEGER lies as a struct maybe_int. On ctx->arena. */
struct statement store_table_rows(struct ctx *ctx, const struct store_table *t);
/* Run a statement without parameters; its rows go to the sink. */
enum err db_stream(struct ctx *ctx, struct db *db, const struct statement *st,
                   struct sink *sink) MUST_USE;

/* Where a cell stands in a parameter or row struct. */
static inline const struct str *cell_str(const void *base, struct cell c)
{
    return (const void *)((const char *)base + c.offset);
}
static inline const struct maybe_int *cell_maybe(const void *base, struct cell c)
{
    return (const void *)((const char *)base + c.offset);
}
static inline const int64_t *cell_int(const void *base, struct cell c)
{
    return (const void *)((const char *)base + c.offset);
}
void cell_put_int(void *row, struct cell c, int64_t value);
void cell_put_str(struct ctx *ctx, void *row, struct cell c, const void *bytes, size_t n);

enum { STATEMENT_UNCACHED = UINT16_MAX };

struct engine {
    const char *name;
    enum err (*open)(struct ctx *ctx, struct store *s);
    void (*close)(struct store *s); /* after its connections */
    enum err (*connect)(struct ctx *ctx, struct db *db);
    void (*disconnect)(struct db *db);
    enum err (*run)(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                    struct sink *sink);
    enum err (*control)(struct ctx *ctx, struct db *db, enum control what);
    enum err (*exec)(struct ctx *ctx, struct db *db, const char *sql); /* no rows, no parameters */
    bool (*scrub)(struct db *writer);                                  /* see store_scrub */
    void (*settle)(struct db *db); /* end a half-read statement */
};
extern const struct engine engine_sqlite;
extern const struct engine engine_pg;

/* ---- share.c: locks by number, the first eight SQLite's own ---- */

enum { SHARE_FILE = SQLITE_SHM_NLOCK, SHARE_RESERVED, SHARE_LOCKS };

/* True in every process once a sync failed in one. */
atomic_bool *share_broken(struct store_share *s);
/* enum err: why the disk took no write, until it takes one. */
atomic_int *share_refused(struct store_share *s);
/* A row of the table for this process, for its calling thread's life; share_leave when it holds no
 * lock any more. The process that writes has row 0, which it need not join; when it leaves, the
 * index begins anew. */
enum err share_join(struct ctx *ctx, struct store_share *s, unsigned *ret_owner) MUST_USE;
void share_leave(struct store_share *s, unsigned owner);
/* One share more for a connection of this owner; false when another process or connection holds it.
 * Never waits, as none of these. */
bool share_take(struct store_share *s, unsigned owner, int lock);
void share_give(struct store_share *s, unsigned owner, int lock);
/* Be the one who holds a lock, which lets no share begin; those there may go on. */
bool share_hold(struct store_share *s, unsigned owner, int lock);
/* No connection has a share, but for own_shares of this owner. */
bool share_is_alone(struct store_share *s, unsigned owner, int lock, int own_shares);
void share_release(struct store_share *s, unsigned owner, int lock);
bool share_is_held(struct store_share *s, int lock);
/* A piece of the index of the log, as xShmMap wants it: an SQLite result. */
int share_region(struct store_share *s, int region, int size, bool extend, void volatile **ret);
/* What was written before is seen by who passes it after. */
void share_fence(struct store_share *s);

/* The disk of SQLite: a sqlite3_vfs over a store's world (vfs.c). NULL when SQLite has no memory to
 * start. */
struct vfs *vfs_new(const struct store *s, unsigned owner);
void vfs_free(struct vfs *v);
const char *vfs_name(const struct vfs *v);

/* migrate.c, for tests: the same with other tables and steps. */
struct schema {
    const struct store_table *tables;
    size_t table_count;
    const struct store_step *steps;
    size_t step_count;
};
enum err schema_migrate(struct ctx *ctx, struct store *s, const struct schema *schema) MUST_USE;
enum err schema_views_clear(struct ctx *ctx, struct db *db, const struct schema *schema) MUST_USE;

/* A fault of this connection: noted when it is a disk that takes no writes (store_health). */
void store_note_refusal(struct db *db, enum err e);

/* A zeroed block, or the process stops: connections are few and made at start. */
void *store_alloc(size_t n);
char *store_strdup(struct str s);
