/* scratch.h - a second store beside a node's, for the time of one command.
 *
 * What is rebuilt from ledger and vault is a full copy of both, personal data and all. So it stands
 * in DIR/scratch (folder.h), open to the node's owner alone, and goes when the command is done. A
 * signal ends the command at any instant: a thread that does nothing but wait for one removes the
 * folder and ends the process. Nobody can do so on kill -9; then the next command that opens the
 * node does.
 */
#pragma once

#include "cli/node.h"

/* Open the node for a command that uses scratch_use: signals are held from here on. */
enum err scratch_node_open(struct ctx *ctx, struct str dir, struct node *ret) MUST_USE;
/* Call `use` with an empty, migrated store, and remove it, whatever use comes to. */
typedef enum err scratch_fn(struct ctx *ctx, struct node *n, struct store *fresh, void *arg);
enum err scratch_use(struct ctx *ctx, struct node *n, scratch_fn *use, void *arg) MUST_USE;
