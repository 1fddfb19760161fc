/* control.h - the door by which an operator's commands reach a node that serves: DIR/control.
 *
 * A second process cannot open the store of a serving node, so what must be done with it is asked
 * of the process that serves: a copy of the store, its health, trust in a clock that leapt, an end
 * in order. The door is a Unix socket for its owner alone (0600); a caller of another user is
 * refused as well (root is not).
 *
 * A question is one line, "backup", "health", "trust-clock" or "stop"; the answer begins with the
 * line "yes" or "no SENTENCE", and what follows is the question's own: for "backup" a copy of the
 * store (store/copy.h), for "health" a line a check. The caller reads until the door closes.
 */
#pragma once

#include "cli/health.h"

struct control;

/* Make the door and answer at it. The caller holds the store of the node's folder, so a door that
 * is there already is a dead one's, and is replaced. Call before the process is confined;
 * control_start, after it, makes the thread. */
enum err control_open(struct ctx *ctx, struct health *health, struct control **ret) MUST_USE;
enum err control_start(struct ctx *ctx, struct control *c) MUST_USE;
/* Ends what is under way and takes the door away. NULL is allowed. */
void control_close(struct control *c);

/* The other side: ask the node that serves DIR. ERR_NOT_FOUND when none does; ERR_REFUSED with its
 * sentence when it said no. *ret: the socket, from which the rest of the answer is read; the caller
 * closes it. */
enum err control_ask(struct ctx *ctx, struct str dir, const char *question, int *ret) MUST_USE;
