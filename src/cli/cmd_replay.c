/* replay: rebuild every view from the ledger and compare. verify is in cmd_verify.c.
 *
 * The rebuilt store is a full copy of ledger and vault, personal data and all, so it stands in
 * DIR/scratch (folder.h), open to the node's owner alone, and goes when the comparison is done. A
 * signal ends the comparison at any instant: a thread that does nothing but wait for one removes
 * the folder and ends the process. Nobody can do so on kill -9; then the next command that opens
 * the node does.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/cmd.h"
#include "cli/folder.h"
#include "cli/node.h"
#include "replay/replay.h"

enum { SWEEP_ARENA_BYTES = 1 << 20 };

static const char usage[] =
    "usage: tongban replay DIR   rebuild all views of a node from its ledger and compare (the node "
    "must not be running)\n"
    "The rebuilt copy stands in DIR/scratch while it is compared, and is removed at the end.\n";

/* For the unwinding when the command's memory ends in the middle. */
struct pending {
    struct str dir;
    bool is_there;
};
static void pending_sweep(void *arg)
{
    const struct pending *p = arg;
    if (p->is_there) {
        struct arena *arena =
            arena_new(SWEEP_ARENA_BYTES); /* the command's is the one that ran out */
        struct ctx ctx = {.arena = arena, .world = world_real()};
        enum err e = arena == NULL ? ERR_MEMORY : scratch_sweep(&ctx, p->dir);
        (void)e; /* else the next that opens the node does it */
        arena_free(arena);
    }
}

static enum err compare(struct ctx *ctx, struct node *n, struct replay_report *ret)
{
    struct store *fresh = NULL;
    struct str scratch = {0};
    struct pending *pending = ARENA_NEW(ctx->arena, struct pending);
    *pending = (struct pending){n->dir, true};
    arena_defer(ctx->arena, pending_sweep, pending);
    TRY(scratch_make(ctx, n->dir, &scratch));
    enum err e = store_open(ctx, scratch, STORE_CREATE, &fresh);
    e = e == ERR_OK ? store_migrate(ctx, fresh) : e;
    e = e == ERR_OK ? replay_run(ctx, n->gate, fresh, ret) : e;
    store_close(fresh);
    struct why why = ctx->why;
    enum err swept = scratch_sweep(ctx, n->dir);
    pending->is_there = swept != ERR_OK;
    if (e != ERR_OK) {
        ctx->why = why;
    }
    return e != ERR_OK ? e : swept;
}

static int body(struct cmd *c)
{
    struct node n;
    struct replay_report r = {0};
    if (c->argc != 2) {
        return 2;
    }
    struct str dir = str_from(c->argv[1]);
    ending_hold();
    if (node_open(&c->ctx, dir, &n) != ERR_OK) {
        return cmd_fail(c);
    }
    enum err e = ending_removes(&c->ctx, scratch_path(&c->ctx, dir));
    e = e == ERR_OK ? compare(&c->ctx, &n, &r) : e;
    node_close(&n);
    if (e != ERR_OK) {
        return cmd_fail(c);
    }
    if (r.first_wrong.n > 0) {
        printf("differs: %.*s\n", FMT(r.first_wrong));
        return 1;
    }
    printf("%lld acts replayed, %lld judged by record for erased values; every view agrees\n",
           (long long)r.acts, (long long)r.erased);
    return 0;
}

int cmd_replay(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
