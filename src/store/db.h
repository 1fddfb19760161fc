/* db.h - a connection: transactions, savepoints, and what ends a statement half read. A connection
 * belongs to one thread at a time. */
#pragma once

#include "base/base.h"

struct db;

/* An INTEGER that may be NULL. A TEXT or BLOB that is NULL has p == NULL. */
struct maybe_int {
    bool has;
    int64_t value;
};

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
