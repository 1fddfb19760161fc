/* Jobs one by one, without threads: what each end of a run does to its row, that the effect comes
 * exactly once also when a run loses its row, and the pool with threads: more rows than threads, a
 * job that hangs, a queue that is full. */
#include "jobs/jobs.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/test.h"
#include "base/token.h"
#include "gate/run.h"
#include "store/db.h"
#include "store/schema.h"
#include "limit_gen.h"
#include "outbox_sql.h"
#include "world_sim.h"

/* A gate without law: rows are kept, no act is. */
struct bench {
    struct world *world;
    struct store *store;
    struct gate *gate;
    struct jobs *jobs;
    int calls;
    bool steal; /* the run's lease ends, and another pool does the row meanwhile */
    struct jobs *other;
    atomic_int begun;
    atomic_bool let_go;
};

/* The effect of a test's job: a number of its name is one more. It stands in the outbox's own table
 * of numbers, where no kind is called so. */
static enum err effect_count(struct ctx *ctx, struct db *db, struct str name, int64_t *ret)
{
    struct outbox_tally_get_row row = {0};
    bool found = false;
    TRY(outbox_tally_get(ctx, db, (struct outbox_tally_get_in){.name = name}, &row, &found));
    *ret = found ? row.n : 0;
    return ERR_OK;
}

static enum err effect_keep(struct ctx *ctx, struct db *db, void *arg,
                            struct job_result *result UNUSED)
{
    struct str name = *(struct str *)arg;
    int64_t n = 0;
    TRY(effect_count(ctx, db, name, &n));
    return outbox_tally_put(ctx, db, (struct outbox_tally_put_in){.name = name, .n = n + 1});
}

static void effect(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    struct str *name = ARENA_NEW(ctx->arena, struct str);
    *name = str_copy(ctx->arena, job->key);
    ret->keep = effect_keep;
    ret->keep_arg = name;
}

static enum err run_effect(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    struct bench *b = job->state;
    b->calls++;
    effect(ctx, job, ret);
    if (b->steal) {
        size_t count = 0;
        b->steal = false;
        sim_advance(b->world, (struct span){3600 * 1000});
        TRY(jobs_run_once(ctx, b->other, &count));
    }
    return ERR_OK;
}

/* Three steps: "1" is what the first leaves, "2" the second. */
static enum err run_chain(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    int64_t step = 0;
    (void)str_to_i64(job->payload, &step);
    effect(ctx, job, ret);
    ret->end = step < 2 ? JOB_MORE : JOB_DONE;
    ret->payload = str_format(ctx->arena, "%d", (int)step + 1);
    return ERR_OK;
}

static enum err run_fails(struct ctx *ctx, const struct job *job, struct job_result *ret UNUSED)
{
    return fault(ctx, ERR_IO, "%.*s does not answer", FMT(job->key));
}

static enum err run_greedy(struct ctx *ctx, const struct job *job UNUSED,
                           struct job_result *ret UNUSED)
{
    for (int i = 0; i < 2 * LIMIT_JOBS_ARENA_BYTES; i += 1 << 20) {
        arena_push(ctx->arena, 1 << 20);
    }
    return ERR_OK;
}

static enum err keep_fails(struct ctx *ctx, struct db *db, void *arg, struct job_result *result)
{
    TRY(effect_keep(ctx, db, arg, result));
    return fault(ctx, ERR_PRECONDITION, "what it wanted to keep does not fit");
}

static enum err run_kept_badly(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    effect(ctx, job, ret);
    ret->keep = keep_fails;
    return ERR_OK;
}

static enum err run_slow(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    usleep(2000);
    effect(ctx, job, ret);
    return ERR_OK;
}

static enum err run_hangs(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    struct bench *b = job->state;
    atomic_fetch_add(&b->begun, 1);
    while (!atomic_load(&b->let_go)) {
        usleep(1000);
    }
    effect(ctx, job, ret);
    return ERR_OK;
}

static const struct job_kind kinds[] = {
    {"effect", "test", run_effect, 4, 1000, 3, 5, 60},
    {"chain", "test", run_chain, 1, 1000, 3, 5, 60},
    {"fails", "test", run_fails, 1, 1000, 3, 5, 12},
    {"greedy", "test", run_greedy, 1, 1000, 2, 5, 60},
    {"kept-badly", "test", run_kept_badly, 1, 1000, 2, 5, 60},
    {"slow", "test", run_slow, 4, 5000, 3, 5, 60},
    {"hangs", "test", run_hangs, 2, 50, 2, 1, 1},
};

static void jobs_open(struct test *t, struct ctx *ctx, struct bench *b, struct jobs **ret)
{
    struct job_state *state = ARENA_NEW(ctx->arena, struct job_state);
    *state = (struct job_state){"test", b};
    CHECK_OK(jobs_new(ctx,
                      &(struct jobs_config){.gate = b->gate,
                                            .store = b->store,
                                            .kinds = kinds,
                                            .kind_count = LEN(kinds),
                                            .states = state,
                                            .state_count = 1},
                      ret));
}

static void bench_open(struct test *t, struct ctx *ctx, struct bench *b, struct world *world,
                       const char *where)
{
    *b = (struct bench){.world = world};
    ctx->world = world;
    CHECK_OK(store_open(ctx, str_from(where), STORE_CREATE, &b->store));
    CHECK_OK(store_migrate(ctx, b->store));
    struct gate_config config = {
        .store = b->store, .origin = STR("test.example/1"), .node = STR("t")};
    CHECK_OK(gate_new(ctx, &config, &b->gate));
    jobs_open(t, ctx, b, &b->jobs);
    jobs_open(t, ctx, b, &b->other);
}

static void bench_close(struct ctx *ctx, struct bench *b, bool sim)
{
    jobs_free(b->other);
    jobs_free(b->jobs);
    gate_close(b->gate);
    store_close(b->store);
    ctx->world = world_real();
    if (sim) {
        sim_free(b->world);
    }
}

/* ---- leaving jobs ---- */

struct leaving {
    struct outbox_job job;
    bool added;
    atomic_bool told;
    enum err err;
};

static enum err leave_apply(struct ctx *ctx, struct db *db, void *arg,
                            const struct receipt *receipt UNUSED)
{
    struct leaving *l = arg;
    return outbox_add(ctx, db, &l->job, &l->added);
}

static void left(void *arg, enum err err, const struct why *why UNUSED,
                 const struct receipt *receipt UNUSED)
{
    struct leaving *l = arg;
    l->err = err;
    atomic_store(&l->told, true);
}

static enum err leave(struct ctx *ctx, struct bench *b, const char *kind, const char *key,
                      bool threaded)
{
    struct leaving *l = ARENA_NEW(ctx->arena, struct leaving);
    l->job = (struct outbox_job){.kind = str_from(kind), .key = str_from(key), .seq = -1};
    TRY(gate_keep_here(ctx, b->gate, leave_apply, l, left, l));
    while (!threaded && gate_run_once(b->gate) > 0) {
    }
    while (threaded && !atomic_load(&l->told)) {
        usleep(200);
    }
    return l->err;
}

static size_t once(struct test *t, struct ctx *ctx, struct bench *b)
{
    size_t count = 0;
    CHECK_OK(jobs_run_once(ctx, b->jobs, &count));
    return count;
}

static int64_t effects(struct ctx *ctx, struct bench *b, const char *name)
{
    struct db *db = NULL;
    int64_t n = 0;
    must(store_reader(ctx, b->store, &db) == ERR_OK);
    enum err e = effect_count(ctx, db, str_from(name), &n);
    must(e == ERR_OK);
    db_close(db);
    return n;
}

/* How many rows are in a state; *ret_row is the first of them. */
static size_t rows_in(struct ctx *ctx, struct bench *b, enum outbox_state state,
                      struct outbox_row *ret_row)
{
    struct outbox_row *rows = NULL;
    struct db *db = NULL;
    size_t count = 0;
    must(store_reader(ctx, b->store, &db) == ERR_OK);
    enum err e = outbox_list(ctx, db, state, 0, 1000, &rows, &count);
    must(e == ERR_OK);
    db_close(db);
    if (count > 0) {
        *ret_row = rows[0];
    }
    return count;
}

/* ---- one by one ---- */

TEST(jobs_an_effect_and_the_end_of_its_row_are_one)
{
    struct bench b;
    struct outbox_row row;
    bench_open(t, ctx, &b, sim_new(1), "/d");
    CHECK_OK(leave(ctx, &b, "effect", "a", false));
    CHECK_INT(once(t, ctx, &b), 1);
    CHECK_INT(effects(ctx, &b, "a"), 1);
    CHECK_INT(once(t, ctx, &b), 0);
    for (int s = 0; s < OUTBOX_STATES; s++) {
        CHECK_INT(rows_in(ctx, &b, (enum outbox_state)s, &row), 0);
    }
    CHECK_OK(leave(ctx, &b, "chain", "c", false));
    CHECK_INT(once(t, ctx, &b), 1);
    CHECK_INT(rows_in(ctx, &b, OUTBOX_WAITING, &row), 1);
    CHECK_STR(row.payload, "1");
    CHECK_INT(row.tries, 0); /* it got on */
    CHECK_INT(once(t, ctx, &b), 1);
    CHECK_INT(once(t, ctx, &b), 1);
    CHECK_INT(once(t, ctx, &b), 0);
    CHECK_INT(effects(ctx, &b, "c"), 3);
    bench_close(ctx, &b, true);
}

TEST(jobs_a_run_that_lost_its_row_has_no_effect)
{
    struct bench b;
    bench_open(t, ctx, &b, sim_new(1), "/d");
    b.steal = true;
    CHECK_OK(leave(ctx, &b, "effect", "a", false));
    CHECK_INT(once(t, ctx, &b), 1);
    CHECK_INT(b.calls, 2);               /* done twice, */
    CHECK_INT(effects(ctx, &b, "a"), 1); /* and once */
    CHECK_INT(once(t, ctx, &b), 0);
    bench_close(ctx, &b, true);
}

TEST(jobs_what_does_not_go_well_is_tried_again_and_then_fails)
{
    struct bench b;
    struct outbox_row row = {0};
    bool found = false;
    bench_open(t, ctx, &b, sim_new(1), "/d");
    CHECK_OK(leave(ctx, &b, "fails", "the registry", false));
    CHECK_INT(once(t, ctx, &b), 1);
    CHECK_INT(rows_in(ctx, &b, OUTBOX_WAITING, &row), 1);
    CHECK_STR(row.error, "the registry does not answer");
    CHECK_INT(row.due.ms - ctx->world->now(ctx->world).ms, 5000);
    CHECK_INT(once(t, ctx, &b), 0);
    sim_advance(b.world, (struct span){5000});
    CHECK_INT(once(t, ctx, &b), 1);
    CHECK_INT(rows_in(ctx, &b, OUTBOX_WAITING, &row), 1);
    CHECK_INT(row.due.ms - ctx->world->now(ctx->world).ms, 12000); /* 15, but at most 12 */
    sim_advance(b.world, (struct span){12000});
    CHECK_INT(once(t, ctx, &b), 1);
    CHECK_INT(rows_in(ctx, &b, OUTBOX_FAILED, &row), 1);
    CHECK_INT(row.tries, 3);
    sim_advance(b.world, (struct span){86400 * 1000});
    CHECK_INT(once(t, ctx, &b), 0);
    CHECK_OK(jobs_order(ctx, b.gate, row.id, false, &found));
    CHECK(found);
    CHECK_INT(once(t, ctx, &b), 1); /* armed: all its tries again */
    CHECK_INT(rows_in(ctx, &b, OUTBOX_WAITING, &row), 1);
    CHECK_INT(row.tries, 1);
    CHECK_OK(jobs_order(ctx, b.gate, row.id, true, &found));
    CHECK(!found); /* only what failed is dropped */
    bench_close(ctx, &b, true);
}

TEST(jobs_an_effect_that_cannot_be_kept_is_undone_whole)
{
    struct bench b;
    struct outbox_row row = {0};
    bench_open(t, ctx, &b, sim_new(1), "/d");
    CHECK_OK(leave(ctx, &b, "kept-badly", "a", false));
    CHECK_OK(leave(ctx, &b, "greedy", "b", false));
    CHECK_INT(once(t, ctx, &b), 2);
    CHECK_INT(effects(ctx, &b, "a"), 0);
    sim_advance(b.world, (struct span){5000});
    CHECK_INT(once(t, ctx, &b), 2);
    CHECK_INT(rows_in(ctx, &b, OUTBOX_FAILED, &row), 2);
    CHECK_STR(row.error, "what it wanted to keep does not fit");
    CHECK_INT(effects(ctx, &b, "a"), 0);
    bench_close(ctx, &b, true);
}

/* Taken, and its process dies, tries_most times. */
TEST(jobs_one_that_kills_its_process_comes_to_an_end)
{
    struct bench b;
    struct outbox_row row = {0};
    bench_open(t, ctx, &b, sim_new(1), "/d");
    CHECK_OK(leave(ctx, &b, "effect", "deadly", false));
    for (int i = 0; i < 3; i++) {
        struct outbox_row *rows = NULL;
        struct outbox_run run;
        size_t count = 0;
        struct db *db = store_writer(b.store);
        CHECK_OK(db_begin(ctx, db));
        CHECK_OK(outbox_due(ctx, db, STR("effect"), ctx->world->now(ctx->world), 1, &rows, &count));
        CHECK_INT(count, 1);
        CHECK_OK(outbox_take(ctx, db, &rows[0],
                             (struct instant){ctx->world->now(ctx->world).ms + 1000}, &run));
        CHECK_OK(db_commit(ctx, db));
        CHECK_INT(once(t, ctx, &b), 0); /* leased */
        sim_advance(b.world, (struct span){1000});
    }
    once(t, ctx, &b);
    CHECK_INT(b.calls, 0);
    CHECK_INT(rows_in(ctx, &b, OUTBOX_FAILED, &row), 1);
    CHECK_STR(row.error, "begun 3 times and never ended");
    bench_close(ctx, &b, true);
}

/* ---- with threads ---- */

static struct str temp_dir(struct ctx *ctx)
{
    return str_from(mkdtemp(str_z(ctx->arena, STR("/tmp/tongban-jobs-XXXXXX"))));
}

static void wait_for(struct ctx *ctx, struct bench *b, const char *kind, size_t count)
{
    for (int i = 0; i < 20000; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        size_t done = 0;
        for (size_t k = 0; k < count; k++) {
            done += effects(ctx, b, str_format(ctx->arena, "%s-%zu", kind, k).p) > 0;
        }
        arena_reset(ctx->arena, mark);
        if (done == count) {
            return;
        }
        usleep(2000);
    }
}

TEST(jobs_pool_does_each_once_and_survives_jobs_that_hang)
{
    enum { MANY = 60 };
    struct bench b;
    struct outbox_row row = {0};
    struct str dir = temp_dir(ctx);
    bench_open(t, ctx, &b, world_real(), dir.p);
    CHECK_OK(gate_start(ctx, b.gate));
    CHECK_OK(jobs_start(ctx, b.jobs));
    CHECK_OK(leave(ctx, &b, "hangs", "hangs-0", true));
    CHECK_OK(leave(ctx, &b, "hangs", "hangs-1", true));
    for (int i = 0; i < MANY; i++) {
        CHECK_OK(leave(ctx, &b, "slow", str_format(ctx->arena, "slow-%d", i).p, true));
    }
    jobs_poke(b.jobs);
    wait_for(ctx, &b, "slow", MANY);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(effects(ctx, &b, str_format(ctx->arena, "slow-%d", i).p), 1);
    }
    /* Both hang, are given up, tried once more, and failed; other threads stand in their stead. */
    for (int i = 0; i < 10000 && rows_in(ctx, &b, OUTBOX_FAILED, &row) < 2; i++) {
        usleep(1000);
    }
    CHECK_INT(rows_in(ctx, &b, OUTBOX_FAILED, &row), 2);
    CHECK(str_find(row.error, STR("ran past its 50 ms")) != SIZE_MAX);
    CHECK_INT(jobs_count(b.jobs).lost, 4);
    CHECK_INT(atomic_load(&b.begun), 4);
    CHECK_OK(leave(ctx, &b, "slow", "after-0", true));
    wait_for(ctx, &b, "after", 1);
    CHECK_INT(effects(ctx, &b, "after-0"), 1);
    /* They come back after all: nothing of it is taken, and their threads end. */
    atomic_store(&b.let_go, true);
    for (int i = 0; i < 10000 && jobs_count(b.jobs).lost > 0; i++) {
        usleep(1000);
    }
    CHECK_INT(jobs_count(b.jobs).lost, 0);
    CHECK_INT(effects(ctx, &b, "hangs-0") + effects(ctx, &b, "hangs-1"), 0);
    CHECK(jobs_stop(b.jobs));
    gate_stop(b.gate);
    bench_close(ctx, &b, false);
    test_folder_remove(str_format(ctx->arena, "%.*s", FMT(dir)).p);
}
