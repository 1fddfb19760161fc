/* schema.h - the tables of all rooms: made, brought to this program's form, emptied to be filled
 * from the ledger again, listed and dumped. */
#pragma once

#include "store/store.h"

/* Bring the schema to this program's: makes missing tables, runs the numbered steps of steps.sql,
 * and when the definition of any view table changed, makes all view tables anew and empty.
 * ERR_VERSION when a newer program made the data. Needs the writer. */
enum err store_migrate(struct ctx *ctx, struct store *s) MUST_USE;
/* Drop every table of this program, in one transaction: for a store that was to become a node and
 * did not. Needs the writer. */
enum err store_unmake(struct ctx *ctx, struct store *s) MUST_USE;
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

/* True when nothing was ever made in it: no table that tells its version. */
enum err store_is_new(struct ctx *ctx, struct db *db, bool *ret) MUST_USE;
