/* folder.h - a node's folder on the disk: whether it is one, whether a new one may be made there,
 * and how what a command made for its own use goes again.
 *
 * A node's folder holds node.json, keys/, verifiers.txt and store/ (unless the store is a
 * database). Everything a command writes for itself alone stands in DIR/scratch, which belongs to
 * whoever holds the store's lock: it is removed at the end, on a signal, and by the next one that
 * opens the node, so that nothing of a ledger or vault outlives its use, not even kill -9.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"

/* ERR_OK when DIR is a node's folder; else a sentence: not there, no folder, another's. */
enum err folder_is_node(struct ctx *ctx, struct str dir) MUST_USE;
/* ERR_CONFLICT when it is a copy of a node (backup.h), from which a node is first to be made. */
enum err folder_is_no_copy(struct ctx *ctx, struct str dir) MUST_USE;
/* ERR_OK when a new node may be made at DIR: nothing is there, or an empty folder that can be
 * written. ERR_DUPLICATE when it holds a node, ERR_CONFLICT when it holds anything else or lies in
 * the folder of a node. */
enum err folder_is_free(struct ctx *ctx, struct str dir) MUST_USE;
/* ERR_CONFLICT when `to`, which need not be there, lies in the folder `from` that is copied. */
enum err folder_is_outside(struct ctx *ctx, struct str to, struct str from) MUST_USE;
/* The process that holds the store of a node's folder; 0 when nobody knows. */
pid_t folder_user(struct ctx *ctx, struct str dir);
/* The fault that says so. */
enum err folder_in_use(struct ctx *ctx, struct str dir, pid_t user);
/* A folder's name without slashes at its end. */
struct str folder_name(struct str dir);
/* A new name beside DIR, where it is made before it takes its place. */
enum err folder_beside(struct ctx *ctx, struct str dir, struct str *ret) MUST_USE;
/* Give what was made at `from` the name `to` (free, or an empty folder), durably. */
enum err folder_take_place(struct ctx *ctx, struct str from, struct str to) MUST_USE;
/* Remove a folder and all below it; ERR_OK when it is not there. Symbolic links are removed, never
 * followed. */
enum err folder_remove(struct ctx *ctx, const char *path) MUST_USE;

/* For a command that makes a folder of private data on its way: SIGINT, SIGTERM and SIGHUP wait
 * (for processes it forks as well) from ending_hold on; from ending_removes on they end the process
 * with 1 after `path`, which must last, is removed. */
void ending_hold(void);
enum err ending_removes(struct ctx *ctx, const char *path) MUST_USE;

const char *scratch_path(struct ctx *ctx, struct str dir);
/* DIR/scratch, made anew for its owner alone (0700). The caller holds the store's lock. */
enum err scratch_make(struct ctx *ctx, struct str dir, struct str *ret) MUST_USE;
/* Remove it, with whatever one that was killed left in it. */
enum err scratch_sweep(struct ctx *ctx, struct str dir) MUST_USE;
