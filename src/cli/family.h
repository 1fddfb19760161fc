/* family.h - the processes of one node: a parent without threads, one that writes, fronts that
 * serve.
 *
 * The parent does nothing but start the others, start a front again when it dies, and end all in
 * order; so whatever goes wrong in one that handles what strangers send, somebody is there who has
 * touched none of it, and who can fork, which a process with threads cannot. It is the process an
 * operator knows: SIGTERM and SIGINT go to it.
 *
 * Order: the writer opens the node and says that it is open; then fronts begin. To stop, the fronts
 * finish what they have, then the writer. A writer that dies is not started again: what is wrong
 * with it is for whoever watches the node; the fronts answer what they have, and all end.
 */
#pragma once

#include "base/base.h"

/* What the writer's process hears from its parent. */
struct family_orders {
    int socket;
    int signals;
};

struct family {
    void *arg;
    int fronts; /* at least one */
    /* In the process that writes: open, family_say_open, then family_wait until it says to stop;
     * returns the exit code. A front's socket is handed to `joins`. */
    int (*writer)(void *arg, struct family_orders *orders);
    /* In a front: serve until a signal comes (family_wait); returns the exit code. */
    int (*front)(void *arg, int index, int socket, struct family_orders *orders);
    /* In the parent, once: the writer is open, fronts begin. */
    void (*is_open)(void *arg);
    /* In the parent, when it begins to stop: let go of what only fronts still to come would need.
     */
    void (*stops)(void *arg);
};
/* Run it to its end; returns the exit code: 0 when all ended as asked. Signals are blocked before
 * (SIGINT, SIGTERM, SIGCHLD); the calling process must have no threads. */
int family_run(struct ctx *ctx, const struct family *f);

/* In the writer's process: all is open. False when the parent is gone. */
bool family_say_open(struct family_orders *orders);
/* Wait for the parent, at most so long. What came: */
enum family_event { FAMILY_NOTHING, FAMILY_STOP, FAMILY_FRONT };
enum family_event family_wait(struct family_orders *orders, int wait_ms, int *ret_socket);
