/* health.h - whether a serving node is well: what is watched once a second, and what /healthz and
 * `tongban health` say of it.
 *
 * Each check has one name and, when it is not good, one sentence that says what happens and what to
 * do. A fault that heals by itself (a key holder started again, a disk that has room again) is only
 * told; one that cannot (a failed sync, a keeper that is gone) ends the node in order, exit code 1,
 * so that whatever started it starts it again.
 */
#pragma once

#include <stdatomic.h>
#include <sys/types.h>

#include "book/book.h"
#include "cli/node.h"
#include "web/web.h"
#include "web/serve.h"

/* What the process that writes tells the others of what only it sees. */
struct health_told {
    atomic_int keys;         /* enum keyholder_state */
    atomic_bool clock_waits; /* the wall clock may date no acts: nothing is admitted */
};
struct health {
    struct node *node;
    int64_t next_ns;          /* of the next look */
    atomic_bool trusts_clock; /* asked for by an operator; done by the thread that keeps time */
    struct health_told *told;
    bool gap_told; /* the clock was held against the newest act */
    const struct gate *line; /* of a front on another machine, whose way to the writer may end */
    char law[400];           /* what was last said of the law; empty: all is well */
    char lacks[BOOK_LACKS_BYTES]; /* and of what its packs lack */
    pid_t ends;                   /* the process to ask for an end of all; 0: this one */
};

/* Memory for what is told, which processes forked later share. */
enum err health_open(struct ctx *ctx, struct health *h) MUST_USE;

/* What the writer does once a second while its disk refuses: try. */
extern const struct keep_table health_keeps;

/* Does the law of today load? Looked at with each tick of the agenda, and as long as it does not;
 * said on stderr when it does not, and when it does again. From the thread that keeps time. */
void health_law(struct ctx *ctx, struct health *h, bool ticks);
/* As often as it likes, from the thread that keeps time; it looks once a second. False when the
 * node must end: the reason is printed. */
bool health_watch(struct ctx *ctx, struct health *h);
/* The checks beside store and law, for web_config.health (arg: struct health). Any thread. */
size_t health_tell(struct ctx *ctx, void *arg, struct web_health *ret);
