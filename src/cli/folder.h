/* folder.h - a node's folder on the disk: whether it is one, whether a new one may be made there,
 * and how what a command made for its own use goes again.
 *
 * A node's folder holds node.json, keys/, verifiers.txt and store/ (unless the store is a
 * database). Everything a command writes for itself alone stands in DIR/scratch, which belongs to
 * whoever holds the store's lock: it is removed at the end, on a signal, and by the next one that
 * opens the node, so that nothing of a ledger or vault outlives its use, not even kill -9.
 */
#pragma once

#include "base/base.h"

/* ERR_OK when DIR is a node's folder; else a sentence: not there, no folder, another's. */
enum err folder_is_node(struct ctx *ctx, struct str dir) MUST_USE;
/* ERR_OK when a new node may be made at DIR: nothing is there, or an empty folder that can be
 * written. ERR_DUPLICATE when it holds a node, ERR_CONFLICT when it holds anything else. */
enum err folder_is_free(struct ctx *ctx, struct str dir) MUST_USE;
/* Remove a folder and all below it; ERR_OK when it is not there. Symbolic links are removed, never
 * followed. */
enum err folder_remove(struct ctx *ctx, const char *path) MUST_USE;

/* DIR/scratch, made anew for its owner alone (0700). The caller holds the store's lock. */
enum err scratch_make(struct ctx *ctx, struct str dir, struct str *ret) MUST_USE;
/* Remove it, with whatever one that was killed left in it. */
enum err scratch_sweep(struct ctx *ctx, struct str dir) MUST_USE;
