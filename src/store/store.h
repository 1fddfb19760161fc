/* store.h - rows that rest: one face over SQLite (a data folder) and PostgreSQL (a connection
 * string).
 *
 * A store has exactly one writing connection, which also makes every checkpoint, and any number of
 * reading ones. Statements are not written in C: each room names them in query.sql, and
 * tools/sqlc.c makes a typed function of each (README.md shows one). What a room needs of a
 * database is here; what SQLite or PostgreSQL offer besides is not.
 *
 * A connection (struct db) belongs to one thread at a time. Results are pushed on ctx->arena and
 * stay valid when the connection goes on. SQLite reaches the disk through ctx->world alone, which
 * must outlive the store.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"

struct store;
struct db;

/* An INTEGER that may be NULL. A TEXT or BLOB that is NULL has p == NULL. */
struct maybe_int {
    bool has;
    int64_t value;
};

/* ---- opening ---- */

enum store_mode {
    STORE_CREATE, /* make what is missing, read and write */
    STORE_WRITE,  /* must be there already */
    STORE_READ,   /* must be there already; no writer, no change of any file */
    STORE_BESIDE  /* read beside the process that writes (share.h) */
};

/* Open the store at `where`: a folder, or a connection string of PostgreSQL ("postgres://…" or
 * "host=… dbname=…": it holds '='). ERR_IN_USE when another process or store writes there;
 * ERR_NOT_FOUND, ERR_CORRUPT, ERR_READ_ONLY, ERR_DATABASE. The store lives until store_close. */
enum err store_open(struct ctx *ctx, struct str where, enum store_mode mode,
                    struct store **ret) MUST_USE;
/* Close the writer; every reader must have been closed before. NULL is allowed. */
void store_close(struct store *s);
/* The one writing connection; a store opened to be read has none (a bug to ask). */
struct db *store_writer(struct store *s);
/* Open one more reading connection, for one thread; db_close ends it. Any thread may call. */
enum err store_reader(struct ctx *ctx, struct store *s, struct db **ret) MUST_USE;
void db_close(struct db *reader);
/* True after a sync or a commit failed in a way that leaves unknown what the disk holds: from then
 * on every write is refused, and the process must stop and start anew (never sync again: a second
 * sync can report success for pages the first has dropped). Any thread may ask. */
bool store_is_broken(const struct store *s);
/* Can it be written to, as far as is known? ERR_OK; ERR_IO when it is broken; ERR_DISK_FULL or
 * ERR_READ_ONLY from the write that failed so until the next commit. Any thread may ask. */
enum err store_health(const struct store *s);
/* Write one row, in the open transaction of the writer: to learn whether a disk that was full has
 * room again. */
enum err store_touch(struct ctx *ctx, struct db *writer) MUST_USE;
bool store_is_postgres(const struct store *s);

/* ---- transactions ---- */

/* A writer's transaction, or on a reader a view of one instant for several statements (on
 * PostgreSQL: REPEATABLE READ, READ ONLY). Not nested. */
enum err db_begin(struct ctx *ctx, struct db *db) MUST_USE;
/* Durable when it returns ERR_OK. On failure nothing of the transaction is kept, unless the store
 * is broken: then it may or may not be found after the restart, and must not be acknowledged. */
enum err db_commit(struct ctx *ctx, struct db *db) MUST_USE;
void db_rollback(struct db *db);
bool db_is_open(const struct db *db); /* between begin and commit or rollback */

/* One act inside a batch: what follows the savepoint can be undone alone. Not nested. */
enum err db_savepoint(struct ctx *ctx, struct db *db) MUST_USE;
enum err db_release(struct ctx *ctx, struct db *db) MUST_USE;
enum err db_rollback_to(struct ctx *ctx, struct db *db) MUST_USE;

/* End what an unwound caller (arena_guard) left open on a connection: a statement half read, a
 * reader's transaction. Call it before a pooled reader serves the next request. */
void db_settle(struct db *db);

/* ---- schema ---- */

/* Bring the schema to this program's: makes missing tables, runs the numbered steps of steps.sql,
 * and when the definition of any view table changed, makes all view tables anew and empty.
 * ERR_VERSION when a newer program made the data. Needs the writer. */
enum err store_migrate(struct ctx *ctx, struct store *s) MUST_USE;
/* The data version this program writes. */
int store_version(void);
/* True when the view tables were made empty and not yet filled from the ledger again. */
enum err store_views_are_stale(struct ctx *ctx, struct db *db, bool *ret) MUST_USE;
/* Say, inside the transaction that filled them, that they are whole. */
enum err store_views_built(struct ctx *ctx, struct db *writer) MUST_USE;
/* Say which version of the program's projections will fill the views: when another filled those
 * there are, they are made anew and empty (stale). Needs the writer, outside a transaction. */
enum err store_views_version(struct ctx *ctx, struct store *s, struct str version) MUST_USE;
/* Drop and make anew every view table, inside the open transaction of the writer. */
enum err store_views_clear(struct ctx *ctx, struct db *writer) MUST_USE;

/* The tables of all rooms, sorted by name; "kept" ones cannot be rebuilt from the ledger. */
struct store_table;
size_t store_table_count(void);
const struct store_table *store_table_at(size_t index);
const struct store_table *store_table_find(struct str name); /* NULL when there is none */
struct str store_table_name(const struct store_table *t);
bool store_table_is_kept(const struct store_table *t);
bool store_table_is_copied(const struct store_table *t); /* in a copy of the store (copy.h) */
/* Every row in order of the primary key, one line each: the same text on both engines. A cell is
 * column=value; text as a JSON string, bytes as x'hex', NULL as null. Rows are handed on one by
 * one; `line` lives until each returns, and an error of each ends the dump. */
typedef enum err store_line(struct ctx *ctx, void *arg, struct str line);
enum err store_dump_table(struct ctx *ctx, struct db *db, const struct store_table *t,
                          store_line *each, void *arg) MUST_USE;

/* What was deleted or overwritten leaves the log too: copies it into the database and truncates it.
 * False when a reader still holds an older instant, and it must be asked again. The writer's
 * thread, outside a transaction. On PostgreSQL pages are cleaned by its own vacuum: true. */
bool store_scrub(struct store *s);

/* True when nothing was ever made in it: no table that tells its version. */
enum err store_is_new(struct ctx *ctx, struct db *db, bool *ret) MUST_USE;

/* ---- self-test ---- */

/* Read the whole database and check its structure: ERR_CORRUPT says what is wrong. PostgreSQL
 * checks itself (page checksums, pg_amcheck): there it only answers. */
enum err store_check(struct ctx *ctx, struct db *db) MUST_USE;
