/* replay: rebuild every view from the ledger and compare. verify is in cmd_verify.c; where the
 * rebuilt copy stands, and how it goes, in scratch.h. */
#include <stdio.h>

#include "base/str.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/scratch.h"
#include "replay/replay.h"

static const char usage[] =
    "usage: tongban replay DIR   rebuild all views of a node from its ledger and compare (the node "
    "must not be running)\n"
    "The rebuilt copy stands in DIR/scratch while it is compared, and is removed at the end.\n"
    "A folder that cannot be written is left as it is: its rows are copied to a place in TMPDIR, "
    "which goes at the end.\n"
    "Acts that an older program admitted and this one would not are counted; tongban verify "
    "--reask lists them.\n";

static enum err compare(struct ctx *ctx, struct node *n, struct store *fresh, void *report)
{
    return replay_run(ctx, n->gate, fresh, report);
}

static int body(struct cmd *c)
{
    struct node n;
    struct replay_report r = {0};
    if (c->argc != 2) {
        return 2;
    }
    if (scratch_node_open(&c->ctx, str_from(c->argv[1]), &n) != ERR_OK) {
        return cmd_fail(c);
    }
    enum err e = scratch_use(&c->ctx, &n, compare, &r);
    node_close(&n);
    if (e != ERR_OK) {
        return cmd_fail(c);
    }
    if (r.first_wrong.n > 0) {
        printf("differs: %.*s\n", FMT(r.first_wrong));
        return 1;
    }
    if (r.refused > 0) {
        printf("%lld acts stand that this program would not admit (tongban verify --reask lists "
               "them)\n",
               (long long)r.refused);
    }
    printf("%lld acts replayed, %lld judged by record for erased values; every view agrees\n",
           (long long)r.acts, (long long)r.erased);
    return 0;
}

int cmd_replay(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
