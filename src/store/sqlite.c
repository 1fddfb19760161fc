/* sqlite.c - the engine in a data folder: one file in WAL mode, synced at every commit.
 *
 * SQLite before 3.51.3 can damage a WAL database when two connections write or checkpoint at the
 * same instant, so exactly one connection does both: the writer. Readers are opened read-only,
 * never checkpoint by themselves and not when they close; and the lock file keeps every other
 * process out.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "store/store_in.h"

/* ---- faults ---- */

static enum err err_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_FULL: return ERR_DISK_FULL;
    case SQLITE_READONLY: return ERR_READ_ONLY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return ERR_CORRUPT;
    case SQLITE_NOMEM: return ERR_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ERR_BUSY;
    case SQLITE_TOOBIG: return ERR_TOO_LARGE;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return ERR_IO;
    case SQLITE_CONSTRAINT:
        return rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
                       rc == SQLITE_CONSTRAINT_ROWID
                   ? ERR_DUPLICATE
                   : ERR_CONFLICT;
    default: return ERR_DATABASE;
    }
}

/* Some errors make SQLite roll the whole transaction back: what follows must not commit by itself.
 */
static enum err lite_fault(struct ctx *ctx, struct db *db, int rc, const char *what)
{
    enum err e = err_of(rc);
    store_note_refusal(db, e);
    if (db->in_transaction && sqlite3_get_autocommit(db->lite) != 0) {
        db->doomed = e;
    }
    return fault(ctx, e, "%s: %s (%d)", what,
                 db->lite == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db->lite), rc);
}

/* ---- statements ---- */

static enum err prepared_get(struct ctx *ctx, struct db *db, const struct statement *st,
                             sqlite3_stmt **ret)
{
    bool cached = st->index != STATEMENT_UNCACHED;
    if (cached && db->lite_prepared[st->index] != NULL) {
        *ret = db->lite_prepared[st->index];
        return ERR_OK;
    }
    sqlite3_stmt *p = NULL;
    int rc = sqlite3_prepare_v3(db->lite, st->sqlite, -1, cached ? SQLITE_PREPARE_PERSISTENT : 0,
                                &p, NULL);
    if (rc != SQLITE_OK) {
        return lite_fault(ctx, db, rc, st->name);
    }
    if (cached) {
        db->lite_prepared[st->index] = p;
    }
    *ret = p;
    return ERR_OK;
}

static int bind_str(sqlite3_stmt *p, int at, struct cell c, struct str s)
{
    if (s.p == NULL && c.may_be_null) {
        return sqlite3_bind_null(p, at);
    }
    const char *bytes = s.p == NULL ? "" : s.p;
    return c.type == CELL_TEXT ? sqlite3_bind_text64(p, at, bytes, s.n, SQLITE_STATIC, SQLITE_UTF8)
                               : sqlite3_bind_blob64(p, at, bytes, s.n, SQLITE_STATIC);
}

static int bind_cell(sqlite3_stmt *p, int at, struct cell c, const void *in)
{
    if (c.type != CELL_INT) {
        return bind_str(p, at, c, *cell_str(in, c));
    }
    if (!c.may_be_null) {
        return sqlite3_bind_int64(p, at, *cell_int(in, c));
    }
    const struct maybe_int *v = cell_maybe(in, c);
    return v->has ? sqlite3_bind_int64(p, at, v->value) : sqlite3_bind_null(p, at);
}

static void row_read(struct ctx *ctx, sqlite3_stmt *p, const struct statement *st, void *row)
{
    for (int i = 0; i < st->column_count; i++) {
        struct cell c = st->columns[i];
        if (sqlite3_column_type(p, i) == SQLITE_NULL) {
            continue;
        }
        if (c.type == CELL_INT) {
            cell_put_int(row, c, sqlite3_column_int64(p, i));
        } else {
            const void *bytes = c.type == CELL_TEXT ? (const void *)sqlite3_column_text(p, i)
                                                    : sqlite3_column_blob(p, i);
            cell_put_str(ctx, row, c, bytes, (size_t)sqlite3_column_bytes(p, i));
        }
    }
}

static enum err step_all(struct ctx *ctx, struct db *db, sqlite3_stmt *p,
                         const struct statement *st, struct sink *sink)
{
    int rc = sqlite3_step(p);
    while (rc == SQLITE_ROW && sink->count < sink->max) {
        struct arena_mark mark = arena_mark(ctx->arena);
        void *row = sink_row(ctx, sink, st);
        row_read(ctx, p, st, row);
        TRY(sink_done(ctx, sink, st, row));
        if (sink->each != NULL && sink->max > 1) {
            arena_reset(ctx->arena, mark);
        }
        rc = sqlite3_step(p);
    }
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? ERR_OK : lite_fault(ctx, db, rc, st->name);
}

static void lite_settle(struct db *db)
{
    if (db->active != NULL && db->active_is_cached) {
        sqlite3_reset(db->active);
    } else if (db->active != NULL) {
        sqlite3_finalize(db->active);
    }
    db->active = NULL;
}

static enum err lite_run(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                         struct sink *sink)
{
    sqlite3_stmt *p = NULL;
    TRY(prepared_get(ctx, db, st, &p));
    db->active = p;
    db->active_is_cached = st->index != STATEMENT_UNCACHED;
    int rc = SQLITE_OK;
    for (int i = 0; i < st->param_count && rc == SQLITE_OK; i++) {
        rc = bind_cell(p, i + 1, st->params[i], in);
    }
    if (rc != SQLITE_OK) {
        return lite_fault(ctx, db, rc, st->name);
    }
    enum err e = step_all(ctx, db, p, st, sink);
    if (e == ERR_OK && sink->wants_changes) {
        sink->changed = sqlite3_changes64(db->lite);
    }
    lite_settle(db);
    return e;
}

static enum err lite_exec(struct ctx *ctx, struct db *db, const char *sql)
{
    int rc = sqlite3_exec(db->lite, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ERR_OK : lite_fault(ctx, db, rc, sql);
}

static enum err lite_control(struct ctx *ctx, struct db *db, enum control what)
{
    static const char *const writer_sql[CONTROL_COUNT] = {
        [CONTROL_BEGIN] = "BEGIN IMMEDIATE", [CONTROL_COMMIT] = "COMMIT",
        [CONTROL_ROLLBACK] = "ROLLBACK",     [CONTROL_SAVEPOINT] = "SAVEPOINT s",
        [CONTROL_RELEASE] = "RELEASE s",     [CONTROL_UNDO] = "ROLLBACK TO s",
    };
    const char *sql = what == CONTROL_BEGIN && !db->is_writer ? "BEGIN" : writer_sql[what];
    int rc = SQLITE_OK;
    if (db->control[what] == NULL) {
        rc = sqlite3_prepare_v3(db->lite, sql, -1, SQLITE_PREPARE_PERSISTENT, &db->control[what],
                                NULL);
    }
    if (rc == SQLITE_OK) {
        sqlite3_step(db->control[what]);
        rc = sqlite3_reset(db->control[what]);
    }
    if (rc != SQLITE_OK && what == CONTROL_COMMIT &&
        (err_of(rc) == ERR_IO || err_of(rc) == ERR_CORRUPT)) {
        atomic_store(share_broken(db->store->share),
                     true); /* a disk that fails at a commit is not written again */
    }
    if (rc != SQLITE_OK) {
        return lite_fault(ctx, db, rc, sql);
    }
    /* ROLLBACK TO leaves the savepoint standing. */
    return what == CONTROL_UNDO ? lite_control(ctx, db, CONTROL_RELEASE) : ERR_OK;
}

/* ---- opening ---- */

enum {
    BUSY_MS = 5000,
    LOG_PAGES = 4000, /* 16 MB */
    LOG_LONG = 4,
    LOG_WAIT_MS = 100
};

static const char *const writer_pragmas[] = {
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA temp_store = MEMORY",      /* spilled savepoints too: no file beside the store */
    "PRAGMA case_sensitive_like = ON", /* as PostgreSQL */
    "PRAGMA cache_size = -8192",
    "PRAGMA journal_size_limit = 67108864",
    NULL,
};

static const char *const reader_pragmas[] = {
    "PRAGMA query_only = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA case_sensitive_like = ON",
    "PRAGMA cache_size = -2048",
    "PRAGMA wal_autocheckpoint = 0",
    NULL,
};

/* After each commit: a log of some length is put into the file as far as no reader is in the way,
 * which waits for none. Where there is always some reader, as with several processes, that never
 * comes to the end, and the log would grow for ever; so when it has become long, readers that began
 * before are waited for, a tenth of a second at most (they read for less, or are stopped), and
 * those that begin meanwhile need the log no more: the next transaction begins it anew. */
static int log_has_grown(void *arg, sqlite3 *lite, const char *name, int pages)
{
    struct db *db = arg;
    db->log_rounds += pages < db->log_last;
    db->log_last = pages;
    if (pages < db->log_pages) {
        db->log_waits_at = LOG_LONG * db->log_pages;
        return SQLITE_OK;
    }
    bool waits = pages >= db->log_waits_at;
    if (waits) {
        sqlite3_busy_timeout(lite, LOG_WAIT_MS);
    }
    /* What it could not do is done another time; a disk that failed has broken the store. */
    (void)sqlite3_wal_checkpoint_v2(
        lite, name, waits ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (waits) {
        sqlite3_busy_timeout(lite, BUSY_MS);
        db->log_waits_at = pages + db->log_pages;
    }
    return SQLITE_OK;
}

/* Nobody asks the library how much memory it has, and counting takes a lock of the process at each
 * allocation. */
static void lite_begin(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* refused when the library is in use already */
}

static enum err lite_connect(struct ctx *ctx, struct db *db)
{
    static pthread_once_t begun = PTHREAD_ONCE_INIT;
    struct store *s = db->store;
    pthread_once(&begun, lite_begin);
    int flags =
        SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
        (db->is_writer ? SQLITE_OPEN_READWRITE | (s->mode == STORE_CREATE ? SQLITE_OPEN_CREATE : 0)
                       : SQLITE_OPEN_READONLY);
    int rc = sqlite3_open_v2(s->path, &db->lite, flags, vfs_name(s->vfs));
    if (rc != SQLITE_OK) {
        return lite_fault(ctx, db, rc, s->path);
    }
    sqlite3_extended_result_codes(db->lite, 1);
    sqlite3_busy_timeout(db->lite, BUSY_MS);
    sqlite3_db_config(db->lite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (!db->is_writer) {
        sqlite3_db_config(db->lite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    db->lite_prepared = store_alloc((store_statement_slots + 1) * sizeof(sqlite3_stmt *));
    for (const char *const *p = db->is_writer ? writer_pragmas : reader_pragmas; *p != NULL; p++) {
        TRY(lite_exec(ctx, db, *p));
    }
    if (db->is_writer) {
        db->log_pages = LOG_PAGES;
        db->log_waits_at = LOG_LONG * LOG_PAGES;
        sqlite3_wal_hook(db->lite, log_has_grown, db);
    }
    return lite_exec(
        ctx, db, "SELECT 1 FROM sqlite_schema LIMIT 1"); /* reads the header: is it a database? */
}

static void lite_disconnect(struct db *db)
{
    for (size_t i = 0; db->lite_prepared != NULL && i < store_statement_slots; i++) {
        sqlite3_finalize(db->lite_prepared[i]);
    }
    free(db->lite_prepared);
    for (size_t i = 0; i < CONTROL_COUNT; i++) {
        sqlite3_finalize(db->control[i]);
    }
    if (db->lite != NULL && store_is_broken(db->store)) {
        sqlite3_db_config(db->lite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    must(sqlite3_close(db->lite) == SQLITE_OK);
}

static enum err lock_take(struct ctx *ctx, struct store *s)
{
    struct world *w = s->world;
    const char *path = str_format(ctx->arena, "%s/lock", s->where).p;
    bool reads = s->mode == STORE_READ;
    s->lock_file =
        w->open(w, path, reads ? WORLD_READ : WORLD_READ | WORLD_WRITE | WORLD_CREATE, 0600);
    if (s->lock_file < 0) {
        /* Nothing to write, nothing to lock: a copy of a store on a disk that cannot be written. */
        return reads ? ERR_OK
                     : fault(ctx, world_err(s->lock_file), "cannot open %s: %s", path,
                             strerror(-s->lock_file));
    }
    int r = w->lock(w, s->lock_file, !reads);
    if (r < 0) {
        return fault(ctx, r == -EAGAIN ? ERR_IN_USE : world_err(r),
                     "%s is in use by another process: stop that one first, or ask it instead",
                     s->where);
    }
    return ERR_OK;
}

/* Make the folder if it is missing, and its name durable. */
static enum err folder_make(struct ctx *ctx, struct store *s)
{
    struct world *w = s->world;
    int r = w->mkdir(w, s->where, 0700);
    if (r == -EEXIST) {
        return ERR_OK;
    }
    const char *slash = strrchr(s->where, '/');
    struct str parent = slash == NULL ? STR(".") : str_from(s->where);
    parent.n = slash == NULL ? 1 : slash == s->where ? 1 : (size_t)(slash - s->where);
    r = r == 0 ? w->sync_dir(w, str_z(ctx->arena, parent)) : r;
    return r == 0 ? ERR_OK : fault(ctx, world_err(r), "cannot make %s: %s", s->where, strerror(-r));
}

static enum err lite_open(struct ctx *ctx, struct store *s)
{
    struct world *w = s->world;
    s->path = store_strdup(str_format(ctx->arena, "%s/store.db", s->where));
    if (s->mode == STORE_CREATE) {
        TRY(folder_make(ctx, s));
    } else if (w->exists(w, s->path) != 0) {
        return fault(ctx, ERR_NOT_FOUND, "%s holds no store: make one with init", s->where);
    }
    if (s->mode == STORE_BESIDE) {
        TRY(share_join(ctx, s->share, &s->owner));
    } else {
        TRY(lock_take(ctx, s));
    }
    s->vfs = vfs_new(s, s->owner);
    return s->vfs != NULL ? ERR_OK : fault(ctx, ERR_MEMORY, "no memory to start SQLite");
}

static void lite_close(struct store *s)
{
    vfs_free(s->vfs);
    if (s->vfs != NULL || s->owner != 0) {
        share_leave(s->share, s->owner);
    }
    if (s->lock_file >= 0) {
        s->world->close(s->world, s->lock_file);
    }
    free(s->path);
}

/* Truncating waits for nobody: who calls comes again. */
static bool lite_scrub(struct db *writer)
{
    sqlite3_busy_timeout(writer->lite, 0);
    int rc = sqlite3_wal_checkpoint_v2(writer->lite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3_busy_timeout(writer->lite, BUSY_MS);
    return rc == SQLITE_OK;
}

const struct engine engine_sqlite = {
    .name = "sqlite",
    .open = lite_open,
    .close = lite_close,
    .connect = lite_connect,
    .disconnect = lite_disconnect,
    .run = lite_run,
    .control = lite_control,
    .exec = lite_exec,
    .scrub = lite_scrub,
    .settle = lite_settle,
};
