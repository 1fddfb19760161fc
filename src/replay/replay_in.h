/* replay_in.h - inside replay: acts of a ledger asked again in their order, whether to compare what
 * comes out or to keep it. */
#pragma once

#include "gate/again.h"
#include "replay/replay.h"

struct db;

/* Told of each act when it is in the views. */
typedef void again_told(struct ctx *ctx, void *arg, const struct act_then *then,
                        const struct act_again *again);

/* Where acts are read, and whose views are made of them. It is the same store when views are filled
 * in place; into another one go the files that acts name as well, for law is read from them. */
struct again {
    struct gate *gate; /* of the views; it holds exactly the acts before */
    struct db *from;
    struct db *to;
    bool erased;      /* a value of an act so far is gone */
    again_told *told; /* may be NULL */
    void *arg;
};
/* Ask the acts from place `seq` on again, at most `max`, inside the caller's transaction on `to`.
 * *ret_count: how many there were. ERR_CORRUPT when ledger and vault do not go together. */
enum err again_some(struct ctx *ctx, struct again *a, int64_t seq, size_t max,
                    size_t *ret_count) MUST_USE;
