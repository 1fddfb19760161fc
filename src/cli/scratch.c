/* scratch.c - see scratch.h.
 *
 * It is removed in one of three ways: at the end of the call; by the unwinding, when the command's
 * memory ends in the middle, for which the arena holds a note; by the thread that waits for
 * signals, which must be there before the folder is. */
#include "cli/scratch.h"

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/folder.h"
#include "store/schema.h"

enum { SWEEP_ARENA_BYTES = 1 << 20 };

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

enum err scratch_node_open(struct ctx *ctx, struct str dir, struct node *ret)
{
    ending_hold();
    TRY(node_open(ctx, dir, ret));
    enum err e = ending_removes(ctx, scratch_path(ctx, dir));
    if (e != ERR_OK) {
        node_close(ret);
    }
    return e;
}

enum err scratch_use(struct ctx *ctx, struct node *n, scratch_fn *use, void *arg)
{
    struct store *fresh = NULL;
    struct str scratch = {0};
    struct pending *pending = ARENA_NEW(ctx->arena, struct pending);
    *pending = (struct pending){n->dir, true};
    arena_defer(ctx->arena, pending_sweep, pending);
    enum err e = scratch_make(ctx, n->dir, &scratch);
    e = e == ERR_OK ? store_open(ctx, scratch, STORE_CREATE, &fresh) : e;
    e = e == ERR_OK ? store_migrate(ctx, fresh) : e;
    e = e == ERR_OK ? use(ctx, n, fresh, arg) : e;
    store_close(fresh);
    struct why why = ctx->why;
    enum err swept = scratch_sweep(ctx, n->dir);
    pending->is_there = swept != ERR_OK;
    if (e != ERR_OK) {
        ctx->why = why;
    }
    return e != ERR_OK ? e : swept;
}
