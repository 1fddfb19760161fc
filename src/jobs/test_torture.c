/* Jobs under loss of power: at every change of the disk, from the leaving of jobs to their end, the
 * power goes in four ways, and the disk is opened as it may be found. Then the rest is done there,
 * and each job that was acknowledged has its effect in the store exactly once, a lane in its order;
 * one that was not acknowledged has it once or never. (That all writes are kept is a kill.) */
#include "base/arena_fault.h"
#include "jobs/jobs.h"

#include <stdio.h>

#include "base/test.h"
#include "base/token.h"
#include "gate/run.h"
#include "store/schema.h"
#include "outbox_sql.h"
#include "world_sim.h"

enum { SINGLE = 3, CHAIN = 1, LANE = 3, JOBS = SINGLE + CHAIN + LANE, STEPS = 3 };

struct rig {
    struct world *world;
    struct store *store;
    struct gate *gate;
    struct jobs *jobs;
};

static enum err number(struct ctx *ctx, struct db *db, struct str name, int64_t *ret)
{
    struct outbox_tally_get_row row = {0};
    bool found = false;
    TRY(outbox_tally_get(ctx, db, (struct outbox_tally_get_in){.name = name}, &row, &found));
    *ret = found ? row.n : 0;
    return ERR_OK;
}

/* The effect: the job's own number is one more, and it notes which in all it was. */
static enum err count_keep(struct ctx *ctx, struct db *db, void *arg,
                           struct job_result *result UNUSED)
{
    struct str key = *(struct str *)arg;
    struct str place = str_format(ctx->arena, "place of %.*s", FMT(key));
    int64_t n = 0;
    int64_t all = 0;
    TRY(number(ctx, db, key, &n));
    TRY(number(ctx, db, STR("all effects"), &all));
    TRY(outbox_tally_put(ctx, db, (struct outbox_tally_put_in){.name = key, .n = n + 1}));
    TRY(outbox_tally_put(ctx, db, (struct outbox_tally_put_in){.name = place, .n = all}));
    return outbox_tally_put(ctx, db,
                            (struct outbox_tally_put_in){.name = STR("all effects"), .n = all + 1});
}

static enum err run(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    struct str *key = ARENA_NEW(ctx->arena, struct str);
    int64_t step = 0;
    bool chain = str_starts(job->key, STR("chain"));
    (void)str_to_i64(job->payload, &step);
    *key = str_copy(ctx->arena, job->key);
    ret->keep = count_keep;
    ret->keep_arg = key;
    ret->end = chain && step + 1 < STEPS ? JOB_MORE : JOB_DONE;
    ret->payload = str_format(ctx->arena, "%d", (int)step + 1);
    return ERR_OK;
}

static const struct job_kind kinds[] = {{"count", "", run, 4, 1000, 5, 1, 5}};

static void rig_open(struct test *t, struct ctx *ctx, struct rig *r, struct world *world)
{
    *r = (struct rig){.world = world};
    ctx->world = world;
    CHECK_OK(store_open(ctx, STR("/d"), STORE_CREATE, &r->store));
    CHECK_OK(store_migrate(ctx, r->store));
    struct gate_config config = {
        .store = r->store, .origin = STR("test.example/1"), .node = STR("t")};
    CHECK_OK(gate_new(ctx, &config, &r->gate));
    CHECK_OK(
        jobs_new(ctx,
                 &(struct jobs_config){
                     .gate = r->gate, .store = r->store, .kinds = kinds, .kind_count = LEN(kinds)},
                 &r->jobs));
}

static void rig_close(struct rig *r)
{
    jobs_free(r->jobs);
    gate_close(r->gate);
    store_close(r->store);
}

static struct str key_of(struct arena *a, int i)
{
    return str_format(a, "%s-%d", i < SINGLE ? "single" : i < SINGLE + CHAIN ? "chain" : "lane", i);
}

struct leaving {
    int i;
    bool told;
    enum err err;
};

static enum err leave_apply(struct ctx *ctx, struct db *db, void *arg,
                            const struct receipt *receipt UNUSED)
{
    const struct leaving *l = arg;
    bool added = false;
    struct outbox_job job = {.kind = STR("count"), .key = key_of(ctx->arena, l->i), .seq = -1};
    job.lane = str_starts(job.key, STR("lane")) ? STR("in turn") : STR("");
    return outbox_add(ctx, db, &job, &added);
}

static void left(void *arg, enum err err, const struct why *why UNUSED,
                 const struct receipt *receipt UNUSED)
{
    struct leaving *l = arg;
    l->told = true;
    l->err = err;
}

/* Until nothing is due any more, whatever leases were left. */
static void drain(struct test *t, struct ctx *ctx, struct rig *r)
{
    for (int quiet = 0; quiet < 4;) {
        size_t count = 0;
        CHECK_OK(jobs_run_once(ctx, r->jobs, &count));
        quiet = count > 0 ? 0 : quiet + 1;
        if (count == 0) {
            sim_advance(r->world, (struct span){20000});
        }
    }
}

struct outage {
    struct test *t;
    struct rig *rig;
    const struct leaving *jobs;
    uint64_t change;
    uint64_t states;
    bool inside;
};

static void one_state(struct outage *o, enum sim_loss how)
{
    struct test *t = o->t;
    struct arena *arena = arena_new((size_t)1 << 28);
    must(arena != NULL);
    struct ctx inner = {.arena = arena};
    struct ctx *ctx = &inner;
    struct rig r;
    int64_t place[JOBS] = {0};
    struct world *after = sim_power_loss(o->rig->world, o->change, how);
    rig_open(t, ctx, &r, after);
    drain(t, ctx, &r);
    struct db *db = store_writer(r.store);
    for (int i = 0; i < JOBS; i++) {
        struct str key = key_of(arena, i);
        int64_t n = 0;
        CHECK_OK(number(ctx, db, key, &n));
        CHECK_OK(number(ctx, db, str_format(arena, "place of %.*s", FMT(key)), &place[i]));
        int64_t whole = i >= SINGLE && i < SINGLE + CHAIN ? STEPS : 1;
        bool owed = o->jobs[i].told && o->jobs[i].err == ERR_OK;
        CHECK(n == whole || (n == 0 && !owed));
        CHECK(i <= SINGLE + CHAIN || n == 0 || place[i] > place[i - 1]);
    }
    struct outbox_row *rows = NULL;
    size_t count = 0;
    for (int s = 0; s < OUTBOX_STATES; s++) {
        CHECK_OK(outbox_list(ctx, db, (enum outbox_state)s, 0, 10, &rows, &count));
        CHECK_INT(count, 0);
    }
    rig_close(&r);
    sim_free(after);
    arena_free(arena);
    o->states++;
}

static void before_change(void *arg)
{
    static const enum sim_loss ways[] = {SIM_DROP, SIM_KEEP, SIM_SUBSET, SIM_TORN};
    struct outage *o = arg;
    o->change++;
    for (size_t i = 0; i < LEN(ways) && o->t->failures == 0; i++) {
        one_state(o, ways[i]);
    }
}

TEST(jobs_torture_every_loss_of_power_leaves_each_effect_once)
{
    struct rig r;
    struct leaving jobs[JOBS] = {{0}};
    struct outage o = {.t = t, .rig = &r, .jobs = jobs};
    rig_open(t, ctx, &r, sim_new(5));
    sim_before_change(r.world, before_change, &o);
    for (int i = 0; i < JOBS; i++) {
        jobs[i].i = i;
        CHECK_OK(gate_keep_here(ctx, r.gate, leave_apply, &jobs[i], left, &jobs[i]));
        while (gate_run_once(r.gate) > 0) {
        }
    }
    drain(t, ctx, &r);
    sim_before_change(r.world, NULL, NULL);
    CHECK(o.states > 100);
    printf(
        "jobs: power lost at %llu changes of the disk, %llu states looked at, 0 lost unless said "
        "above\n",
        (unsigned long long)o.change, (unsigned long long)o.states);
    rig_close(&r);
    sim_free(r.world);
    ctx->world = world_real();
}

/* The nth allocation fails anywhere between the leaving and the end; what is done after it is
 * whole. */
static bool guarded(struct ctx *ctx, struct rig *r, struct leaving *l)
{
    struct arena_guard guard;
    size_t count = 0;
    if (setjmp(guard.jump) != 0) {
        return false;
    }
    arena_guard(ctx->arena, &guard);
    bool good = gate_keep_here(ctx, r->gate, leave_apply, l, left, l) == ERR_OK;
    while (good && gate_run_once(r->gate) > 0) {
    }
    good = good && jobs_run_once(ctx, r->jobs, &count) == ERR_OK;
    arena_guard(ctx->arena, NULL);
    return good && arena_fail_at_left() > 0;
}

TEST(jobs_torture_every_failing_allocation_leaves_each_effect_once)
{
    struct rig r;
    rig_open(t, ctx, &r, sim_new(5));
    bool done = false;
    for (uint64_t nth = 1; !done && nth < 5000; nth++) {
        struct arena *arena = arena_new((size_t)1 << 26);
        must(arena != NULL);
        struct ctx inner = {.arena = arena, .world = r.world};
        struct leaving l = {.i = (int)(nth + 100)};
        int64_t n = 0;
        arena_fail_at(nth);
        done = guarded(&inner, &r, &l);
        arena_fail_at(0);
        arena_guard(arena, NULL);
        while (gate_run_once(r.gate) > 0) {
        }
        arena_clear(arena);
        inner.why = (struct why){0};
        drain(t, &inner, &r);
        CHECK_OK(number(&inner, store_writer(r.store), key_of(arena, l.i), &n));
        CHECK(n == 1 || (n == 0 && !(l.told && l.err == ERR_OK)));
        arena_free(arena);
    }
    CHECK(done);
    rig_close(&r);
    sim_free(r.world);
    ctx->world = world_real();
}
