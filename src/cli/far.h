/* far.h - fronts on other machines, as a node that serves sees them: their door (line/line.h), and
 * what both sides say they are. docs/use/fronts.md is the operator's page. */
#pragma once

#include "cli/serving.h"
#include "line/line.h"

/* Listen for them at an address, with the certificates of DIR/tls: before the process is confined.
 * ERR_NOT_SUPPORTED when the node's store is none that another machine can read. */
enum err far_door_bind(struct ctx *ctx, struct serving *s, const char *address) MUST_USE;
/* Let them in: in the process that writes, when its relay runs. */
enum err far_door_open(struct ctx *ctx, struct serving *s) MUST_USE;

/* What a process of the node n says it is. */
struct line_greeting far_greeting(struct ctx *ctx, const struct node *n, struct str issuer);
/* Does the store of a far front hold what this program makes, of this node? ERR_VERSION and
 * ERR_CONFLICT say what is otherwise; other faults are the database's. */
enum err far_store_check(struct ctx *ctx, const struct node *n, struct db *reader) MUST_USE;
/* Where the certificates of a folder lie. */
struct str far_folder(struct ctx *ctx, const struct node *n);
/* For struct line_config: a line on stderr. */
void far_say(void *arg, struct str sentence);
