/* Batches: a job that fails leaves the others alone, nobody is told before the disk has it. */
#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/test.h"
#include "limit_gen.h"
#include "store/store_in.h"
#include "store_test_sql.h"
#include "world_sim.h"

static const struct schema test_schema = {store_test_tables, 2, NULL, 0};

struct bench {
    struct store *store;
    struct writer *writer;
    atomic_int begun; /* hooks */
    atomic_int durable;
    atomic_int failed_batches;
    atomic_int undone;
    enum err sign; /* what before_commit answers */
};

struct parcel {
    struct bench *bench;
    int64_t id;
    bool reads;        /* before the insert: on PostgreSQL that waits for what was sent before */
    enum err answer;   /* of apply, after the insert */
    size_t push_bytes; /* taken of the arena in apply */
    size_t seal_bytes; /* 0: one */
    atomic_int told;
    enum err err;
};

static enum err parcel_apply(struct ctx *ctx, struct db *db, void *arg)
{
    struct parcel *p = arg;
    struct test_parcel_total_row total = {0};
    bool found = false;
    TRY(p->reads ? test_parcel_total(ctx, db, &total, &found) : ERR_OK);
    struct str seal = {arena_push(ctx->arena, p->seal_bytes + 1), p->seal_bytes + 1};
    TRY(test_parcel_add(
        ctx, db,
        (struct test_parcel_add_in){
            .id = p->id, .code = str_format(ctx->arena, "p%lld", (long long)p->id), .seal = seal}));
    arena_push(ctx->arena, p->push_bytes);
    return p->answer;
}

static void parcel_done(void *arg, enum err err, const struct why *why UNUSED)
{
    struct parcel *p = arg;
    p->err = err;
    atomic_fetch_add(&p->told, 1);
}

static void note_undone(void *arg)
{
    struct bench *b = arg;
    atomic_fetch_add(&b->undone, 1);
}

static enum err note_before(struct ctx *ctx, struct db *db, void *arg)
{
    struct bench *b = arg;
    must(db_is_open(db));
    atomic_fetch_add(&b->begun, 1);
    return b->sign == ERR_OK ? ERR_OK : fault(ctx, b->sign, "the key holder does not answer");
}

static void note_after(void *arg, enum err err)
{
    struct bench *b = arg;
    atomic_fetch_add(err == ERR_OK ? &b->durable : &b->failed_batches, 1);
}

/* On PostgreSQL when `pg` names one, else in a new folder. */
static void bench_open(struct test *t, struct ctx *ctx, struct bench *b, const char *pg,
                       size_t arena_bytes)
{
    unsigned long long tail = (unsigned long long)ctx->world->mono_ns(ctx->world);
    struct str where =
        pg != NULL ? str_from(pg) : str_format(ctx->arena, "/tmp/tongban-writer-%llx", tail);
    CHECK_OK(store_open(ctx, where, STORE_CREATE, &b->store));
    if (pg != NULL) {
        CHECK_OK(b->store->engine->exec(ctx, store_writer(b->store),
                                        "DROP TABLE IF EXISTS test_parcel, test_stop, store_meta"));
    }
    CHECK_OK(schema_migrate(ctx, b->store, &test_schema));
    struct writer_config config = {.store = b->store,
                                   .world = ctx->world,
                                   .arena_bytes = arena_bytes,
                                   .arg = b,
                                   .undone = note_undone,
                                   .before_commit = note_before,
                                   .after_commit = note_after};
    CHECK_OK(writer_new(ctx, &config, &b->writer));
}

/* On the simulated disk of ctx->world. */
static void bench_open_sim(struct test *t, struct ctx *ctx, struct bench *b)
{
    CHECK_OK(store_open(ctx, STR("/d"), STORE_CREATE, &b->store));
    CHECK_OK(schema_migrate(ctx, b->store, &test_schema));
    struct writer_config config = {
        .store = b->store, .world = ctx->world, .arg = b, .after_commit = note_after};
    CHECK_OK(writer_new(ctx, &config, &b->writer));
}

static void bench_close(struct bench *b, struct ctx *ctx)
{
    writer_free(b->writer);
    bool is_pg = store_is_postgres(b->store);
    const char *dir = b->store->where;
    const char *names[] = {"store.db", "store.db-wal", "lock"};
    struct str path[LEN(names)];
    for (size_t i = 0; i < LEN(names); i++) {
        path[i] = str_format(ctx->arena, "%s/%s", dir, names[i]);
    }
    store_close(b->store);
    for (size_t i = 0; !is_pg && i < LEN(names); i++) {
        ctx->world->remove(ctx->world, path[i].p);
    }
}

static int64_t bench_count(struct test *t, struct ctx *ctx, struct bench *b)
{
    struct test_parcel_total_row total = {0};
    bool found = false;
    CHECK_OK(test_parcel_total(ctx, store_writer(b->store), &total, &found));
    return total.parcels;
}

static enum err submit(struct ctx *ctx, struct bench *b, struct parcel *p)
{
    p->bench = b;
    return writer_submit(ctx, b->writer, (struct writer_job){parcel_apply, parcel_done, p});
}

static void on_both(struct test *t, struct ctx *ctx,
                    void (*fn)(struct test *t, struct ctx *ctx, const char *pg))
{
    fn(t, ctx, NULL);
    const char *pg = getenv("TONGBAN_PG");
    if (pg != NULL) {
        fn(t, ctx, pg);
    }
}

TEST(store_writer_undoes_one_failing_job_alone)
{
    struct bench b = {0};
    bench_open(t, ctx, &b, NULL, 0);
    struct parcel p[4] = {{.id = 1}, {.id = 2, .answer = ERR_REFUSED}, {.id = 3}, {.id = 3}};
    for (size_t i = 0; i < LEN(p); i++) {
        CHECK_OK(submit(ctx, &b, &p[i]));
    }
    CHECK_INT(writer_run_once(b.writer), 4);
    CHECK_INT(p[0].err, ERR_OK);
    CHECK_INT(p[1].err, ERR_REFUSED);
    CHECK_INT(p[2].err, ERR_OK);
    CHECK_INT(p[3].err, ERR_DUPLICATE);
    CHECK_INT(b.undone, 2);
    CHECK_INT(b.durable, 1);
    CHECK_INT(bench_count(t, ctx, &b), 2);
    CHECK_INT(writer_run_once(b.writer), 0);
    bench_close(&b, ctx);
}

static void acknowledges_nothing_of_a_failed_batch_case(struct test *t, struct ctx *ctx,
                                                        const char *pg)
{
    struct bench b = {.sign = ERR_CRYPTO};
    bench_open(t, ctx, &b, pg, 0);
    struct parcel p[2] = {{.id = 1}, {.id = 2}};
    CHECK_OK(submit(ctx, &b, &p[0]));
    CHECK_OK(submit(ctx, &b, &p[1]));
    CHECK_INT(writer_run_once(b.writer), 2);
    CHECK_INT(p[0].err, ERR_CRYPTO);
    CHECK_INT(p[1].err, ERR_CRYPTO);
    CHECK_INT(b.failed_batches, 1);
    CHECK_INT(bench_count(t, ctx, &b), 0);
    b.sign = ERR_OK;
    CHECK_OK(submit(ctx, &b, &p[0]));
    CHECK_INT(writer_run_once(b.writer), 1);
    CHECK_INT(p[0].err, ERR_OK);
    bench_close(&b, ctx);
}

TEST(store_writer_acknowledges_nothing_of_a_failed_batch)
{
    on_both(t, ctx, acknowledges_nothing_of_a_failed_batch_case);
}

/* One of a whole batch fails, at each place of it in turn, and PostgreSQL says so late: when the
 * next job reads, or at the commit. It fails alone. */
static void fails_one_job_of_a_batch_case(struct test *t, struct ctx *ctx, const char *pg)
{
    enum { JOBS = 37 };
    struct bench b = {0};
    bench_open(t, ctx, &b, pg, 0);
    struct parcel first = {.id = 1000000};
    CHECK_OK(submit(ctx, &b, &first));
    CHECK_INT(writer_run_once(b.writer), 1);
    int64_t want = 1;
    for (int bad = 0; bad < JOBS; bad++) {
        struct parcel *p = ARENA_ARRAY(ctx->arena, struct parcel, JOBS);
        for (int i = 0; i < JOBS; i++) {
            p[i].id = i == bad ? first.id : (int64_t)bad * JOBS + i;
            p[i].reads = (i + bad) % 3 == 0;
            CHECK_OK(submit(ctx, &b, &p[i]));
        }
        CHECK_INT(writer_run_once(b.writer), JOBS);
        for (int i = 0; i < JOBS; i++) {
            CHECK_INT(p[i].told, 1);
            CHECK_INT(p[i].err, i == bad ? ERR_DUPLICATE : ERR_OK);
        }
        want += JOBS - 1;
        CHECK_INT(bench_count(t, ctx, &b), want);
    }
    bench_close(&b, ctx);
}

TEST(store_writer_fails_one_job_of_a_batch)
{
    on_both(t, ctx, fails_one_job_of_a_batch_case);
}

/* Of a batch that fails for its key holder nothing is tried again: it would wait for it each time.
 */
static void tries_nothing_again_without_keys_case(struct test *t, struct ctx *ctx, const char *pg)
{
    struct bench b = {.sign = ERR_SIGNING};
    bench_open(t, ctx, &b, pg, 0);
    struct parcel p[8] = {{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}, {.id = 5}, {.id = 6}};
    for (size_t i = 0; i < LEN(p); i++) {
        p[i].id = (int64_t)i;
        CHECK_OK(submit(ctx, &b, &p[i]));
    }
    CHECK_INT(writer_run_once(b.writer), LEN(p));
    CHECK_INT(b.begun, 1);
    CHECK_INT(b.failed_batches, 1);
    CHECK_INT(p[0].err, ERR_SIGNING);
    CHECK_INT(p[7].err, ERR_SIGNING);
    bench_close(&b, ctx);
}

TEST(store_writer_tries_nothing_again_without_keys)
{
    on_both(t, ctx, tries_nothing_again_without_keys_case);
}

/* The disk has room for all but one large job, which ends SQLite's whole transaction: the others
 * are done. */
TEST(store_writer_a_full_disk_fails_who_does_not_fit)
{
    struct world *w = sim_new(1);
    struct ctx run = {.arena = ctx->arena, .world = w};
    struct bench b = {0};
    bench_open_sim(t, &run, &b);
    struct parcel p[16] = {{0}};
    for (size_t i = 0; i < LEN(p); i++) {
        p[i].id = (int64_t)i;
        p[i].seal_bytes = i == 5 ? 8 << 20 : 100;
        CHECK_OK(submit(&run, &b, &p[i]));
    }
    sim_capacity(w, sim_used(w) + (1 << 20));
    CHECK_INT(writer_run_once(b.writer), LEN(p));
    for (size_t i = 0; i < LEN(p); i++) {
        CHECK_INT(p[i].told, 1);
        CHECK_INT(p[i].err, i == 5 ? ERR_DISK_FULL : ERR_OK);
    }
    CHECK_INT(bench_count(t, &run, &b), LEN(p) - 1);
    writer_free(b.writer);
    store_close(b.store);
    sim_free(w);
}

static void refuses_beyond_its_queue_and_batch_case(struct test *t, struct ctx *ctx, const char *pg)
{
    struct bench b = {0};
    bench_open(t, ctx, &b, pg, 0);
    struct parcel *p = ARENA_ARRAY(ctx->arena, struct parcel, LIMIT_WRITER_QUEUE + 1);
    for (int i = 0; i < LIMIT_WRITER_QUEUE; i++) {
        p[i].id = i + 1;
        CHECK_OK(submit(ctx, &b, &p[i]));
    }
    CHECK_ERR(submit(ctx, &b, &p[LIMIT_WRITER_QUEUE]), ERR_BUSY);
    CHECK_INT(writer_run_once(b.writer), LIMIT_WRITER_BATCH);
    CHECK_OK(submit(ctx, &b, &p[LIMIT_WRITER_QUEUE]));
    writer_stop(b.writer); /* drains */
    CHECK_INT(bench_count(t, ctx, &b), LIMIT_WRITER_QUEUE + 1);
    CHECK_ERR(submit(ctx, &b, &p[0]), ERR_BUSY);
    bench_close(&b, ctx);
}

TEST(store_writer_refuses_beyond_its_queue_and_batch)
{
    on_both(t, ctx, refuses_beyond_its_queue_and_batch_case);
}

static void gives_each_job_the_whole_arena_case(struct test *t, struct ctx *ctx, const char *pg)
{
    struct bench b = {0};
    bench_open(t, ctx, &b, pg, (size_t)1 << 20);
    struct parcel p[4] = {{.id = 1, .push_bytes = 600000},
                          {.id = 2, .push_bytes = 600000},
                          {.id = 3, .push_bytes = 1 << 21},
                          {.id = 4, .push_bytes = 600000}};
    for (size_t i = 0; i < LEN(p); i++) {
        CHECK_OK(submit(ctx, &b, &p[i]));
    }
    CHECK_INT(writer_run_once(b.writer), 4);
    CHECK_INT(p[0].err, ERR_OK);
    CHECK_INT(p[1].err, ERR_OK);
    CHECK_INT(p[2].err, ERR_MEMORY);
    CHECK_INT(p[3].err, ERR_OK);
    CHECK_INT(bench_count(t, ctx, &b), 3);
    bench_close(&b, ctx);
}

TEST(store_writer_gives_each_job_the_whole_arena)
{
    on_both(t, ctx, gives_each_job_the_whole_arena_case);
}

TEST(store_writer_tells_no_one_after_a_failed_sync)
{
    struct world *w = sim_new(1);
    struct ctx run = {.arena = ctx->arena, .world = w};
    struct bench b = {0};
    bench_open_sim(t, &run, &b);
    struct parcel p[3] = {{.id = 1}, {.id = 2}, {.id = 3}};
    CHECK_OK(submit(&run, &b, &p[0]));
    CHECK_OK(submit(&run, &b, &p[1]));
    sim_fail(w, SIM_SYNC, 1, EIO, false);
    CHECK_INT(writer_run_once(b.writer), 2);
    CHECK_INT(p[0].err, ERR_IO);
    CHECK_INT(p[1].err, ERR_IO);
    CHECK_INT(b.failed_batches, 1);
    CHECK_INT(submit(&run, &b, &p[2]), ERR_IO);
    writer_free(b.writer);
    store_close(b.store);
    sim_free(w);
}

/* The server ends connections of readers: who asks outside a view of several statements does not
 * notice, a view that is open ends with an error, and the reader goes on after it. The writer is
 * not touched. */
TEST(store_readers_heal_when_postgres_ends_them)
{
    const char *pg = getenv("TONGBAN_PG");
    struct bench b = {0};
    struct db *reader[3] = {NULL};
    struct test_parcel_total_row total = {0};
    bool found = false;
    if (pg == NULL) {
        return;
    }
    bench_open(t, ctx, &b, pg, 0);
    struct parcel p[4] = {{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}};
    for (size_t i = 0; i < LEN(reader); i++) {
        CHECK_OK(store_reader(ctx, b.store, &reader[i]));
        CHECK_OK(test_parcel_total(ctx, reader[i], &total, &found));
    }
    for (size_t round = 0; round < LEN(p); round++) {
        CHECK_OK(submit(ctx, &b, &p[round]));
        CHECK_INT(writer_run_once(b.writer), 1);
        CHECK_OK(db_begin(ctx, reader[2]));
        CHECK_OK(test_parcel_total(ctx, reader[2], &total, &found));
        CHECK_OK(b.store->engine->exec(
            ctx, store_writer(b.store),
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE "
            "datname = current_database() AND pid <> pg_backend_pid()"));
        CHECK_OK(test_parcel_total(ctx, reader[0], &total, &found));
        CHECK_INT(total.parcels, (int64_t)round + 1);
        CHECK_OK(db_begin(ctx, reader[1]));
        CHECK_OK(test_parcel_total(ctx, reader[1], &total, &found));
        CHECK_INT(total.parcels, (int64_t)round + 1);
        CHECK_OK(db_commit(ctx, reader[1]));
        CHECK_ERR(test_parcel_total(ctx, reader[2], &total, &found), ERR_DATABASE);
        db_settle(reader[2]);
        CHECK_OK(test_parcel_total(ctx, reader[2], &total, &found));
        CHECK_INT(total.parcels, (int64_t)round + 1);
        CHECK_INT(p[round].err, ERR_OK);
    }
    for (size_t i = 0; i < LEN(reader); i++) {
        db_close(reader[i]);
    }
    bench_close(&b, ctx);
}

enum { PRODUCERS = 8, EACH = 200 };

struct producer {
    struct bench *bench;
    struct parcel parcel[EACH];
    int refused;
};

static void *produce(void *arg)
{
    struct producer *p = arg;
    struct arena *arena = arena_new((size_t)1 << 24);
    must(arena != NULL);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct db *reader = NULL;
    must(store_reader(&ctx, p->bench->store, &reader) == ERR_OK);
    for (int i = 0; i < EACH; i++) {
        while (submit(&ctx, p->bench, &p->parcel[i]) != ERR_OK) {
            p->refused++;
            sched_yield();
        }
        struct test_parcel_total_row total = {0};
        bool found = false;
        must(test_parcel_total(&ctx, reader, &total, &found) == ERR_OK);
        arena_clear(arena);
    }
    db_close(reader);
    arena_free(arena);
    return NULL;
}

static void serves_eight_threads_case(struct test *t, struct ctx *ctx, const char *pg)
{
    struct bench b = {0};
    bench_open(t, ctx, &b, pg, 0);
    CHECK_OK(writer_start(ctx, b.writer));
    struct producer *p = ARENA_ARRAY(ctx->arena, struct producer, PRODUCERS);
    pthread_t thread[PRODUCERS];
    for (int i = 0; i < PRODUCERS; i++) {
        p[i].bench = &b;
        for (int k = 0; k < EACH; k++) {
            p[i].parcel[k].id = i * EACH + k + 1;
        }
        must(pthread_create(&thread[i], NULL, produce, &p[i]) == 0);
    }
    for (int i = 0; i < PRODUCERS; i++) {
        pthread_join(thread[i], NULL);
    }
    writer_stop(b.writer);
    int told = 0;
    for (int i = 0; i < PRODUCERS; i++) {
        for (int k = 0; k < EACH; k++) {
            told += p[i].parcel[k].told == 1 && p[i].parcel[k].err == ERR_OK;
        }
    }
    CHECK_INT(told, PRODUCERS * EACH);
    CHECK_INT(bench_count(t, ctx, &b), PRODUCERS * EACH);
    bench_close(&b, ctx);
}

TEST(store_writer_serves_eight_threads)
{
    on_both(t, ctx, serves_eight_threads_case);
}
