/* store_in.h - inside the store: the store and connection structs, and what an engine must do. */
#pragma once

#include <libpq-fe.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/world.h"
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
    atomic_bool broken;
    atomic_int refused; /* enum err: why the disk took no write, until it takes one */
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
    sqlite3_stmt *active;  /* half read */
    bool active_is_cached; /* else it ends with its use */
    sqlite3_stmt *control[CONTROL_COUNT];
    sqlite3_stmt **lite_prepared; /* by statement index */
    /* PostgreSQL */
    PGconn *pg;
    PGresult *pg_result; /* half read */
    bool *pg_prepared;   /* by statement index */
    size_t pg_waiting;   /* results of the pipeline not yet read */
    bool pg_streams;     /* a reader's rows come one by one */
    bool pg_aborted;     /* the pipeline refuses all until its next sync */
    enum err pg_error;   /* the first error since then, and its text */
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
    void (*settle)(struct db *db); /* end a half-read statement */
};
extern const struct engine engine_sqlite;
extern const struct engine engine_pg;

/* The disk of SQLite: a sqlite3_vfs over a world (vfs.c). NULL when SQLite has no memory to start.
 */
struct vfs *vfs_new(struct world *world, const char *dir, bool read_only, atomic_bool *broken);
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
