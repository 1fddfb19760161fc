/* relay.h - one gate over several processes: fronts ask and read, one process writes.
 *
 * A front's gate (gate_config.socket) has no writer: gate_submit and its kin send what they are
 * given over a socket, and call done on the thread that hears the answers. The writer's process
 * takes these from its fronts (a relay) and queues them as its own. Every rule of gate.h holds in a
 * front: ERR_BUSY at once when too much waits, done once for all that was taken; when the writer's
 * process ends, ERR_NO_WRITER for what was not answered, which may or may not have been done.
 */
#pragma once

#include "gate/gate.h"

/* False in a front whose writer has ended: it answers what it can, and should end, or go on with
 * another socket. Any thread. */
bool gate_has_writer(const struct gate *g);
/* In a front: go on with this socket, which is taken over, as soon as the one before has ended.
 * What was open on that one is told ERR_NO_WRITER. Any thread. */
void gate_rejoin(struct gate *g, int socket);

struct relay;

/* The end of the process that writes: for this gate, before gate_start. */
enum err relay_new(struct ctx *ctx, struct gate *g, struct relay **ret) MUST_USE;
/* Take over the socket of one more front. ERR_TOO_MANY beyond LIMIT_FRONTS of them. Any thread. */
enum err relay_add(struct ctx *ctx, struct relay *r, int socket) MUST_USE;
/* The same of a front that shares no memory with this process: it is also told of each publication
 * of law. */
enum err relay_add_far(struct ctx *ctx, struct relay *r, int socket) MUST_USE;
/* Start the thread that listens to the fronts. */
enum err relay_start(struct ctx *ctx, struct relay *r) MUST_USE;
/* Listen no more; what was taken is still answered. Before gate_stop. NULL is allowed. */
void relay_stop(struct relay *r);
/* After gate_stop. NULL is allowed. */
void relay_free(struct relay *r);
