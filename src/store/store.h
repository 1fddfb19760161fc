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
#include "store/db.h"

struct store;

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
/* Would store_open take this for a connection string of PostgreSQL, not for a folder? */
bool store_names_postgres(struct str where);

/* What was deleted or overwritten leaves the log too: copies it into the database and truncates it.
 * False when a reader still holds an older instant, and it must be asked again. The writer's
 * thread, outside a transaction. On PostgreSQL pages are cleaned by its own vacuum: true. */
bool store_scrub(struct store *s);

/* ---- self-test ---- */

/* Read the whole database and check its structure: ERR_CORRUPT says what is wrong. PostgreSQL
 * checks itself (page checksums, pg_amcheck): there it only answers. */
enum err store_check(struct ctx *ctx, struct db *db) MUST_USE;
