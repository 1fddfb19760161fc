/* scratch.h - a second store beside a node's, for the time of one command.
 *
 * What is rebuilt from ledger and vault is a full copy of both, personal data and all. So it stands
 * in DIR/scratch (folder.h), open to the node's owner alone, and goes when the command is done. A
 * signal ends the command at any instant: a thread that does nothing but wait for one removes the
 * folder and ends the process. Nobody can do so on kill -9; then the next command that opens the
 * node does.
 *
 * A folder that cannot be written, an archive on a medium or one that belongs to somebody else, is
 * looked at all the same and not touched: its rows are copied to a place of the command's own under
 * TMPDIR (/tmp), and all is done there. Nobody opens that place again, so a process that does
 * nothing but wait for the end of the command removes it, after kill -9 too.
 */
#pragma once

#include "cli/node.h"

/* Can nothing be written in this folder, or in its store's? */
bool scratch_is_apart(struct ctx *ctx, struct str dir);
/* Open the node for a command that uses scratch_use, or only looks: signals are held from here on.
 * A folder that cannot be written is opened in a place of its own, which goes with ctx->arena. */
enum err scratch_node_open(struct ctx *ctx, struct str dir, struct node *ret) MUST_USE;
/* Call `use` with an empty, migrated store, and remove it, whatever use comes to. */
typedef enum err scratch_fn(struct ctx *ctx, struct node *n, struct store *fresh, void *arg);
enum err scratch_use(struct ctx *ctx, struct node *n, scratch_fn *use, void *arg) MUST_USE;
