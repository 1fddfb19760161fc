/* again.h - acts once more, for replay and for filling the views: judged under the law of their day
 * and projected, on a store that holds exactly the acts before them. */
#pragma once

#include "gate/gate.h"
#include "gate/run.h"

/* What stands in the ledger at a place. */
struct ledger_entry {
    int64_t seq;
    struct str leaf;
};
enum err gate_entries(struct ctx *ctx, struct db *reader, int64_t seq, size_t max,
                      struct ledger_entry **ret, size_t *ret_count) MUST_USE;
/* An act as it was recorded. */
struct act_then {
    int64_t seq;
    struct str leaf;
    struct vault_content content; /* its draft with the files it names */
    struct str document;          /* as it was issued; empty when there is none, or no more */
    bool erased_before;           /* a value of this or an earlier act is gone */
};
struct act_again {
    struct verdict verdict;
    bool same_leaf;
    bool same_document; /* true where none was drawn, or it cannot be compared any more */
};
/* Judge it anew under the law of its day and project it, whatever the verdict, inside the caller's
 * transaction on the store of a gate that holds exactly the acts before it. ERR_CORRUPT when law
 * and vault give no act at all. */
enum err gate_again(struct ctx *ctx, struct gate *g, struct db *db, const struct act_then *then,
                    struct act_again *ret) MUST_USE;
/* What begins by itself between acts, or after the last: the last day of a version published ahead
 * that a node has come to (n = INT32_MIN: none), and the same once more in another. */
enum err gate_begun(struct ctx *ctx, struct db *reader, struct day *ret) MUST_USE;
enum err gate_begin_again(struct ctx *ctx, struct gate *g, struct db *db, struct day upto) MUST_USE;
/* The versions of all that projects, as a text to hold against what made the views. */
struct str gate_views_version(struct arena *a, const struct gate_config *config);
/* Of a gate that rebuilds: how many acts are in the views (and the place of the next), of how many.
 */
void gate_rebuilt(const struct gate *g, uint64_t *ret_size, uint64_t *ret_of);
/* Keep how far it has come, inside the transaction of the acts so far; at the end hold the tree of
 * what was made again against the signed head (ERR_CORRUPT when it is another). */
enum err gate_rebuild_keep(struct ctx *ctx, struct gate *g, struct db *db) MUST_USE;
