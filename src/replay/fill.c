/* The views filled again from the ledger, in place.
 *
 * A view is a function of acts, so a program that makes other views of them needs no steps from the
 * old tables to the new: it drops them and projects every act once more. The store says that views
 * are stale from the moment they are dropped until the transaction of the last act; in between the
 * node does not serve. Each chunk of acts is one transaction with the place it has come to; it ends
 * after so many acts or so much time, whichever is first, so that who is told of the progress can
 * stop it soon and a kill costs little. */
#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "replay/replay_in.h"
#include "store/store.h"
#include "store/schema.h"

enum { CHUNK = 512, CHUNK_MS = 200, AT_A_TIME = 32, FILL_ARENA_BYTES = 256 << 20 };

static enum err fill_chunk(struct ctx *ctx, struct again *f, uint64_t from, uint64_t of)
{
    int64_t until = ctx->world->mono_ns(ctx->world) + (int64_t)CHUNK_MS * 1000000;
    uint64_t at = from;
    do {
        size_t count = 0;
        TRY(again_some(ctx, f, (int64_t)at, AT_A_TIME, &count));
        if (count == 0) {
            return fault(ctx, ERR_CORRUPT, "the ledger ends with act %llu, before its signed head",
                         (unsigned long long)at);
        }
        at += count;
    } while (at < of && at - from < CHUNK && ctx->world->mono_ns(ctx->world) < until);
    return gate_rebuild_keep(ctx, f->gate, f->to);
}

/* One transaction: some more acts, and with the last of them the word that the views are whole. */
static enum err fill_more(struct ctx *ctx, struct again *f, uint64_t size, uint64_t of)
{
    if (size < of) {
        TRY(fill_chunk(ctx, f, size, of));
        gate_rebuilt(f->gate, &size, &of);
    }
    return size < of ? ERR_OK : store_views_built(ctx, f->to);
}

static enum err fill_all(struct ctx *ctx, struct again *f, replay_progress *progress, void *arg)
{
    uint64_t size = 0;
    uint64_t of = 0;
    do {
        struct arena_mark mark = arena_mark(ctx->arena);
        gate_rebuilt(f->gate, &size, &of);
        if (progress != NULL && !progress(arg, size, of)) {
            return fault(ctx, ERR_CANCELLED,
                         "stopped while the views were made anew: %llu of %llu acts are in, and "
                         "the next start goes on from there",
                         (unsigned long long)size, (unsigned long long)of);
        }
        TRY(db_begin(ctx, f->to));
        enum err e = fill_more(ctx, f, size, of);
        if (e != ERR_OK) {
            db_rollback(f->to);
            return fault_pass(ctx, e, __func__);
        }
        TRY(db_commit(ctx, f->to));
        arena_reset(ctx->arena, mark);
    } while (size < of);
    return ERR_OK;
}

enum err replay_is_due(struct ctx *ctx, const struct gate_config *config, bool *ret)
{
    struct str version = gate_views_version(ctx->arena, config);
    TRY(store_views_version(ctx, config->store, version));
    return store_views_are_stale(ctx, store_writer(config->store), ret);
}

enum err replay_fill(struct ctx *ctx, const struct gate_config *config, replay_progress *progress,
                     void *arg)
{
    struct gate_config c = *config;
    struct again f = {.from = store_writer(config->store), .to = store_writer(config->store)};
    bool due = false;
    TRY(replay_is_due(ctx, config, &due));
    if (!due) {
        return ERR_OK;
    }
    struct arena *work = arena_new(FILL_ARENA_BYTES);
    if (work == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory to fill the views in");
    }
    struct ctx inner = {.arena = work, .world = ctx->world};
    c.rebuilds = true;
    arena_guard_as(work, ctx->arena);
    enum err e = gate_new(&inner, &c, &f.gate);
    if (e == ERR_OK) {
        uint64_t size = 0;
        uint64_t of = 0;
        gate_rebuilt(f.gate, &size, &of);
        f.erased = size > 0; /* whether among those that are in already nobody remembers */
        e = fill_all(&inner, &f, progress, arg);
        gate_close(f.gate);
    }
    if (e != ERR_OK) {
        ctx->why = inner.why;
        ctx->why.detail = str_copy(ctx->arena, inner.why.detail);
    }
    arena_guard_as(work, NULL);
    arena_free(work);
    return e;
}
