/* keep.h - kept operations: what the writer does to kept rows, asked for by name.
 *
 * Kept rows (sessions, secrets, codes, notes of use) are no view of the ledger, so no act writes
 * them; yet only the writer may, and the process that asks for it may be another than the one that
 * writes. So an operation is a name and flat bytes (base/wire.h): it reads its payload, the rows,
 * and the act it stands beside, and nothing else. No pointer of the asker's crosses.
 *
 * A room lists its operations as it lists its routes (src/cli/rooms.c gathers both); names begin
 * with the room's. One that is asked for and stands in no list is a bug, found by the first
 * request.
 */
#pragma once

#include "base/buf.h"
#include "base/wire.h"
#include "store/store.h"

/* The act beside which an operation runs, in the same savepoint. */
struct keep_act {
    int64_t seq;
    struct instant at; /* as recorded */
};

/* Runs on the writer's thread, inside its transaction. Writes only tables marked "kept" of its own
 * room; an error undoes it, and the act it came with. act is NULL when it runs alone. What it puts
 * into answer (wire_put_…) goes back to whoever asked: at most LIMIT_KEEP_ANSWER_BYTES. */
typedef enum err keep_apply(struct ctx *ctx, struct db *db, struct str payload,
                            const struct keep_act *act, struct buf *answer);

struct keep_op {
    const char *name; /* "login.use-code" */
    keep_apply *apply;
};
struct keep_table {
    const struct keep_op *const *ops;
    size_t count;
};

/* What one operation is asked to do. op NULL: nothing. The payload is copied when it is queued; at
 * most LIMIT_KEEP_BYTES. */
struct keep {
    const struct keep_op *op;
    struct str payload;
};

/* The operation of this name; NULL when there is none. */
const struct keep_op *keep_find(const struct keep_table *tables, size_t count, struct str name);
/* Is the payload within bounds? ERR_TOO_LARGE. */
enum err keep_check(struct ctx *ctx, const struct keep *k) MUST_USE;
/* Apply on the writer's connection. *ret_answer lies on ctx->arena. ERR_TOO_LARGE when the answer
 * has passed its bound. */
enum err keep_run(struct ctx *ctx, struct db *db, const struct keep *k, const struct keep_act *act,
                  struct str *ret_answer) MUST_USE;
