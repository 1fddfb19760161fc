/* stmt.h - what generated statement code tells the store, and asks of it. Nothing else includes it.
 *
 * A statement is constant data: its text for each engine, and where each parameter stands in the
 * parameter struct and each column in the row struct. Its index is its place in the cache of
 * prepared statements of a connection, so nothing is looked up by name at run time.
 */
#pragma once

#include "store/store.h"

enum cell_type { CELL_INT, CELL_TEXT, CELL_BLOB };

struct cell {
    uint16_t offset; /* in the struct: int64_t, struct str, or struct maybe_int */
    uint8_t type;    /* enum cell_type */
    bool may_be_null;
};

struct statement {
    const char *name; /* "room.name", for error messages */
    const char *sqlite;
    const char *pg;
    const struct cell *params;
    const struct cell *columns;
    uint16_t index;
    uint16_t param_count;
    uint16_t column_count;
    uint16_t row_bytes;
};

/* Every statement of the program, by index; the statements of tests stand behind them. */
extern const struct statement *const store_statements[];
extern const size_t store_statement_count;
extern const size_t store_statement_slots; /* those of tests counted in */

/* Run a statement; `in` is its parameter struct (NULL when it takes none). */
enum err db_row(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                void *ret_row, bool *ret_found) MUST_USE;
enum err db_rows(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                 void **ret_rows, size_t *ret_count) MUST_USE;
enum err db_write(struct ctx *ctx, struct db *db, const struct statement *st,
                  const void *in) MUST_USE;
enum err db_count(struct ctx *ctx, struct db *db, const struct statement *st, const void *in,
                  int64_t *ret_changed) MUST_USE;

struct store_column {
    const char *name;
    uint8_t type; /* enum cell_type */
    uint8_t key;  /* 1-based place in the primary key; 0: not in it */
};

struct store_table {
    const char *name;
    const char *room;
    bool is_kept;
    bool is_copied;            /* false: "kept, not copied" */
    const char *const *sqlite; /* CREATE TABLE, then its indexes; ended by NULL */
    const char *const *pg;
    const struct store_column *columns;
    size_t column_count;
};
extern const struct store_table store_tables[];
extern const size_t store_tables_count;
extern const struct store_table store_test_tables[];
extern const size_t store_test_tables_count;

/* A numbered step of steps.sql: statements for each engine, ended by NULL. */
struct store_step {
    int version;
    const char *const *sqlite;
    const char *const *pg;
};
extern const struct store_step store_steps[];
extern const size_t store_steps_count;
