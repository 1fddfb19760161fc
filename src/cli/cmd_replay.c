/* replay: rebuild every view from the ledger and compare. verify is in cmd_verify.c.
 *
 * The rebuilt store is a full copy of ledger and vault, personal data and all, so it stands in
 * DIR/scratch (folder.h), open to the node's owner alone, and goes when the comparison is done. A
 * signal ends the comparison at any instant: a thread that does nothing but wait for one removes
 * the folder and ends the process. Nobody can do so on kill -9; then the next command that opens
 * the node does.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

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

static void signals_of_ending(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGHUP);
}

/* With an arena of its own: the command's may be in use, or be the one that ran out. */
static bool sweep(struct str dir)
{
    struct arena *arena = arena_new(SWEEP_ARENA_BYTES);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    /* The store may write a file while its folder goes: that one goes the second time. */
    bool gone =
        arena != NULL && (scratch_sweep(&ctx, dir) == ERR_OK || scratch_sweep(&ctx, dir) == ERR_OK);
    arena_free(arena);
    return gone;
}

static void *stopper_main(void *arg)
{
    const struct str *dir = arg;
    sigset_t set;
    int which = 0;
    signals_of_ending(&set);
    sigwait(&set, &which);
    bool gone = sweep(*dir);
    fprintf(stderr, "tongban: stopped; %s\n",
            gone ? "nothing of the copy is left"
                 : "what is left in the folder scratch goes when the node is opened next");
    _exit(1);
}

/* For the unwinding when the command's memory ends in the middle. */
struct pending {
    struct str dir;
    bool is_there;
};
static void pending_sweep(void *arg)
{
    const struct pending *p = arg;
    if (p->is_there) {
        (void)sweep(p->dir);
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
    sigset_t set;
    pthread_t stopper;
    if (c->argc != 2) {
        return 2;
    }
    struct str dir = str_from(c->argv[1]);
    signals_of_ending(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (node_open(&c->ctx, dir, &n) != ERR_OK) {
        return cmd_fail(c);
    }
    int started = pthread_create(&stopper, NULL, stopper_main, &dir);
    enum err e = started == 0 ? compare(&c->ctx, &n, &r)
                              : fault(&c->ctx, ERR_MEMORY, "the system gives no thread: %s",
                                      strerror(started));
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
