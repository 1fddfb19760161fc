/* rebuild.h - a node that is opened by a program which makes other views answers meanwhile.
 *
 * The process that opens the node is busy until the last act is in, and has no thread (it may have
 * to fork still). So another process stands at the doors for that time: it holds the sockets at
 * which clients come and nothing else of the node, says to everybody how far it has come
 * (web/waiting.h), and ends before the node serves. Clients that come in between wait in the
 * sockets' queues. It dies with the process that opens, also by kill -9; a node that is started
 * again goes on where it was, and so does the page.
 */
#pragma once

#include <sys/types.h>

#include "base/base.h"
#include "web/waiting.h"

struct rebuild {
    const int *sockets; /* bound and listening, of the caller */
    const struct str *addresses;
    size_t socket_count;
    struct str dir; /* of the node: all that the page's process could open */
    struct text2 name;
    struct waiting_progress *progress;
    pid_t page; /* the process at the doors; 0: none */
};
/* Nothing is done yet; memory for what is told, which a process forked later shares. */
enum err rebuild_new(struct ctx *ctx, struct rebuild *r) MUST_USE;
/* As node_part.progress wants it (arg: struct rebuild): starts the page when there is something to
 * wait for, and tells it. False when this process was asked to end: SIGTERM or SIGINT, both
 * blocked, is pending. */
bool rebuild_tell(void *arg, uint64_t size, uint64_t of);
/* End the page, if there is one. Before anybody serves. */
void rebuild_end(struct rebuild *r);
