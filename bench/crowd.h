/* crowd.h - many cases for a bench: one application is filed through the gate, and its rows are
 * copied straight into the store under other numbers. No acts stand behind the copies: such a store
 * is good for nothing else. */
#pragma once

#include <sqlite3.h>

#include "stand.h"

/* File the application; its number. The node's writer must run. */
struct str crowd_file_one(struct stand *s);
/* A column of a copy that is not as in the one case. */
struct change {
    const char *column;
    const char *value; /* of SQL, where i counts from 1 */
};
/* Copy the rows of the one case `count` times. The first change is of the column that names the
 * case. */
void crowd_copy(struct stand *s, sqlite3 *db, const char *table, int64_t count,
                const struct change *changes, size_t change_count);
/* The node rests while its store is written to from beside, in one transaction. */
void crowd_write(struct stand *s, void (*add)(struct stand *s, sqlite3 *db, int64_t count),
                 int64_t count);
