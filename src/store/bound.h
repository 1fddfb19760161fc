/* bound.h - how often something may be tried, counted once for all processes of a node.
 *
 * A bucket of so many tries that runs empty at a steady rate, under a digest of 16 bytes that the
 * caller makes with a key (a name that was tried stands nowhere). What is counted is durable before
 * it is acted upon: neither another front nor a restart gives anybody more tries.
 */
#pragma once

#include "store/keep.h"

enum { BOUND_DIGEST = 16 };
struct bound_try {
    uint8_t digest[BOUND_DIGEST];
    int64_t burst;  /* tries at once */
    int64_t per_ms; /* and then one in so many milliseconds */
};

extern const struct keep_table bound_keeps;

/* The seconds until one try of each is within its bound, 0: now. Any reader; takes nothing, and
 * spares the writer whoever is bound already. */
enum err bound_wait(struct ctx *ctx, struct db *db, const struct bound_try *tries, size_t count,
                    int64_t *ret_wait_s) MUST_USE;
/* Take one of each, or of none when one of them is bound. */
struct keep bound_keep_take(struct arena *a, const struct bound_try *tries, size_t count);
/* What that answered: 0 when they were taken, else the seconds to wait. */
enum err bound_kept_wait(struct ctx *ctx, struct str kept, int64_t *ret_wait_s) MUST_USE;
/* Give one of each back: it was a good one, or was not tried after all. */
struct keep bound_keep_give(struct arena *a, const struct bound_try *tries, size_t count);
