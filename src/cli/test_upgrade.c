/* A program whose projections are of another version makes the views of a node anew from its
 * ledger, in place: afterwards they are those that replay gives, values that were erased stay
 * erased, and a machine that stops in the middle, at any change of the disk, goes on where it was.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/test.h"
#include "cli/test_scenario.h"
#include "replay/replay.h"
#include "store/store.h"
#include "store/schema.h"
#include "world_sim.h"

enum { INNER_BYTES = 256 << 20 };

static struct ctx inner_begin(const struct play *p)
{
    struct arena *a = arena_new(INNER_BYTES);
    must(a != NULL);
    return (struct ctx){.arena = a, .world = p->world};
}

static enum err reopen(struct play *p)
{
    struct ctx inner = inner_begin(p);
    enum err e = play_open(p, &inner);
    if (e != ERR_OK && e != ERR_IO) {
        printf("%.*s\n", FMT(inner.why.detail));
    }
    arena_free(inner.arena);
    return e;
}

/* Does replay give the views that are stored? */
static bool is_whole(struct play *p)
{
    struct ctx inner = inner_begin(p);
    bool good = play_look(p, &inner, true);
    arena_free(inner.arena);
    return good;
}

/* The scenario's first steps, in a world of its own; the node is left open. */
static struct play *play_first(struct test *t, struct ctx *ctx, size_t steps)
{
    struct play *p = play_new(t, ctx);
    p->world = sim_new(23);
    CHECK_OK(reopen(p));
    for (size_t i = 0; i < steps && i < p->count; i++) {
        struct ctx inner = inner_begin(p);
        int64_t ms = play_instant(p, i).ms - p->world->now(p->world).ms;
        sim_advance(p->world, (struct span){ms > 0 ? ms : 0});
        CHECK_OK(play_step(p, &inner, i));
        arena_free(inner.arena);
    }
    return p;
}

/* Say that another program made the views that are there: they are dropped at once. */
static enum err age_views(struct play *p)
{
    struct ctx inner = inner_begin(p);
    enum err e = store_views_version(&inner, p->store, STR("of another program"));
    arena_free(inner.arena);
    return e;
}

TEST(upgrade_makes_the_views_anew)
{
    struct play *p = play_first(t, ctx, PLAY_STEPS);
    CHECK(is_whole(p));
    CHECK_OK(age_views(p));
    bool stale = false;
    CHECK_OK(store_views_are_stale(ctx, store_writer(p->store), &stale));
    CHECK(stale); /* else what follows would show nothing */
    play_close(p);
    CHECK_OK(reopen(p));
    CHECK(is_whole(p));
    play_close(p);
    sim_free(p->world);
}

/* The machine stops before the nth change of the disk, for every few n, until a rebuilding gets
 * through without meeting it. */
TEST(upgrade_goes_on_after_every_stop)
{
    enum { STEPS = 60, APART = 3 };
    static const enum sim_loss ways[] = {SIM_DROP, SIM_KEEP, SIM_SUBSET, SIM_TORN};
    struct play *p = play_first(t, ctx, STEPS);
    CHECK_OK(age_views(p));
    play_close(p);
    struct world *before = p->world;
    size_t stops = 0;
    for (uint64_t nth = 1;; nth += APART) {
        p->world = sim_power_loss(before, nth, SIM_KEEP);
        sim_stop_at(p->world, nth);
        bool through = reopen(p) == ERR_OK;
        if (through) {
            play_close(p);
        }
        struct world *after = sim_power_loss(p->world, nth, ways[nth % LEN(ways)]);
        sim_free(p->world);
        p->world = after;
        CHECK_OK(reopen(p));
        CHECK(p->gate != NULL && is_whole(p));
        play_close(p);
        sim_free(p->world);
        stops++;
        if (through) {
            break;
        }
    }
    CHECK(stops > 3);
    sim_free(before);
}
