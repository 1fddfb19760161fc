/* copy.h - the rows of a store as a stream of bytes: the same from both engines, and into both.
 *
 * A copy is taken by a reader in one view of one instant, so it is consistent and holds nobody up,
 * and it goes wherever the taker puts the bytes: a file, a socket. It is read back a row at a time,
 * to look at it, or to fill a new store. copy.c gives the format byte for byte.
 *
 * Tables marked "not copied" (sign-ins, codes that work once, what waits for a browser) stay
 * behind: a copy taken a day ago must not bring them back.
 */
#pragma once

#include "store/store.h"

/* Bytes go out in order; an error ends the copy. */
typedef enum err copy_put(struct ctx *ctx, void *arg, struct str bytes);
/* Every row of every copied table, through a reader that is in no transaction. */
enum err copy_take(struct ctx *ctx, struct db *reader, copy_put *put, void *arg) MUST_USE;

/* n bytes, all of them, or an error. */
typedef enum err copy_get(struct ctx *ctx, void *arg, void *bytes, size_t n);
enum copy_type { COPY_NULL, COPY_INT, COPY_TEXT, COPY_BYTES };
struct copy_cell {
    enum copy_type type;
    int64_t number;
    struct str text; /* of COPY_TEXT and COPY_BYTES */
};
struct copy_table {
    struct str name;
    const struct str *columns;
    size_t column_count;
};
/* One row; cells live until it returns. */
typedef enum err copy_row(struct ctx *ctx, void *arg, const struct copy_table *table,
                          const struct copy_cell *cells);
/* Read a copy to its end: ERR_CORRUPT when it is none, broke off, or holds what cannot be.
 * max_cell: the largest text it may hold. */
enum err copy_walk(struct ctx *ctx, copy_get *get, void *get_arg, size_t max_cell, copy_row *row,
                   void *row_arg) MUST_USE;
/* The cell of a column by name; COPY_NULL's when there is none. */
struct copy_cell copy_cell_of(const struct copy_table *table, const struct copy_cell *cells,
                              struct str column);

/* Fill a new store, just migrated and with no rows of its own, from a copy. Views that this program
 * defines otherwise are left empty and said to be stale; *ret_rows: how many rows were put in.
 * ERR_VERSION when another data version wrote the copy. */
enum err copy_fill(struct ctx *ctx, struct store *s, copy_get *get, void *get_arg, size_t max_cell,
                   int64_t *ret_rows) MUST_USE;
