/* The store on a failing disk: every nth call fails, the machine stops at every change, and
 * whatever the disk then legally holds, what was acknowledged is there and every transaction is
 * whole. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena_fault.h"
#include "base/test.h"
#include "base/token.h"
#include "store/store_in.h"
#include "store_test_sql.h"
#include "world_sim.h"

enum { TRANSACTIONS = 10, ROWS = 3 };

static const struct schema test_schema = {store_test_tables, 2, NULL, 0};

/* A context of its own for one run, so that thousands of runs do not fill one arena. */
static struct ctx run_begin(struct ctx *ctx, struct world *w)
{
    return (struct ctx){.arena = ctx->arena, .world = w};
}

static enum err add_transaction(struct ctx *ctx, struct db *db, int number)
{
    TRY(db_begin(ctx, db));
    for (int i = 0; i < ROWS; i++) {
        int64_t id = number * ROWS + i + 1;
        struct str code = str_format(ctx->arena, "code-%lld", (long long)id);
        enum err e = test_parcel_add(
            ctx, db, (struct test_parcel_add_in){.id = id, .code = code, .seal = code});
        if (e != ERR_OK) {
            db_rollback(db);
            return e;
        }
    }
    return db_commit(ctx, db);
}

/* Open, migrate, write, with small checkpoints on the way, close. Bit i of the answer: transaction
 * i was acknowledged. */
static unsigned workload(struct ctx *ctx)
{
    struct store *s = NULL;
    unsigned acked = 0;
    if (store_open(ctx, STR("/d"), STORE_CREATE, &s) != ERR_OK) {
        return 0;
    }
    enum err e = schema_migrate(ctx, s, &test_schema);
    if (e == ERR_OK) {
        store_writer(s)->log_pages = 8;
    }
    for (int i = 0; i < TRANSACTIONS && e == ERR_OK; i++) {
        acked |= add_transaction(ctx, store_writer(s), i) == ERR_OK ? 1u << i : 0;
    }
    store_close(s);
    return acked;
}

/* Which transactions are there; -1 when one is there in part. */
static int transactions_found(struct ctx *ctx, struct db *db)
{
    struct test_parcel_list_row *row = NULL;
    size_t n = 0;
    if (test_parcel_list(ctx, db, (struct test_parcel_list_in){STR(""), 1000}, &row, &n) !=
        ERR_OK) {
        return -1;
    }
    int count[TRANSACTIONS] = {0};
    int found = 0;
    for (size_t i = 0; i < n; i++) {
        count[(row[i].id - 1) / ROWS]++;
    }
    for (int i = 0; i < TRANSACTIONS; i++) {
        if (count[i] != 0 && count[i] != ROWS) {
            return -1;
        }
        found |= count[i] == ROWS ? 1 << i : 0;
    }
    return found;
}

/* Open what is left; true when all that was acknowledged is there and nothing is there in part. */
static bool holds(struct ctx *outer, struct world *w, unsigned acked)
{
    struct ctx run = run_begin(outer, w);
    struct ctx *ctx = &run;
    struct store *s = NULL;
    if (store_open(ctx, STR("/d"), STORE_CREATE, &s) != ERR_OK) {
        return false;
    }
    bool good = schema_migrate(ctx, s, &test_schema) == ERR_OK &&
                store_check(ctx, store_writer(s)) == ERR_OK;
    int found = good ? transactions_found(ctx, store_writer(s)) : -1;
    good = good && found >= 0 && ((unsigned)found & acked) == acked;
    good = good && add_transaction(ctx, store_writer(s), 1000) == ERR_OK;
    store_close(s);
    return good;
}

TEST(store_fault_every_failing_call_keeps_what_was_acknowledged)
{
    static const struct {
        enum sim_op op;
        int error;
    } rows[] = {{SIM_OPEN, EMFILE},  {SIM_READ, EIO},    {SIM_WRITE, EIO},  {SIM_WRITE, ENOSPC},
                {SIM_TRUNCATE, EIO}, {SIM_SYNC, EIO},    {SIM_REMOVE, EIO}, {SIM_MKDIR, EACCES},
                {SIM_SYNC_DIR, EIO}, {SIM_CHANGE, EROFS}};
    int runs = 0;
    for (size_t i = 0; i < 2 * LEN(rows); i++) {
        bool met = true;
        for (uint64_t n = 1; met; n++, runs++) {
            struct arena_mark mark = arena_mark(ctx->arena);
            struct world *w = sim_new(n);
            sim_fail(w, rows[i / 2].op, n, rows[i / 2].error, i % 2 == 1);
            struct ctx run = run_begin(ctx, w);
            unsigned acked = workload(&run);
            met = sim_failed(w);
            struct world *after = sim_power_loss(w, n, SIM_KEEP);
            bool good = holds(ctx, after, acked);
            sim_free(after);
            after = sim_power_loss(w, n, SIM_DROP);
            good = good && holds(ctx, after, acked);
            if (!good) {
                printf("call kind %d, number %d, %s\n", rows[i / 2].op, (int)n,
                       i % 2 == 1 ? "persistent" : "once");
            }
            CHECK(good);
            sim_free(after);
            sim_free(w);
            arena_reset(ctx->arena, mark);
        }
    }
    CHECK(runs > 100);
}

TEST(store_fault_every_loss_of_power_keeps_what_was_acknowledged)
{
    static const enum sim_loss how[] = {SIM_DROP,   SIM_KEEP,   SIM_SUBSET, SIM_SUBSET,
                                        SIM_SUBSET, SIM_SUBSET, SIM_TORN,   SIM_TORN,
                                        SIM_TORN,   SIM_TORN,   SIM_TORN,   SIM_TORN};
    const char *more = getenv("TONGBAN_STATES"); /* that many times as many states */
    uint64_t rounds = 1;
    CHECK(more == NULL || str_to_u64(str_from(more), &rounds));
    int states = 0;
    unsigned acked = 0;
    for (uint64_t k = 1; acked != (1u << TRANSACTIONS) - 1 || k < 10; k++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        struct world *w = sim_new(k);
        sim_stop_at(w, k);
        struct ctx run = run_begin(ctx, w);
        acked = workload(&run);
        for (size_t i = 0; i < LEN(how) * rounds; i++, states++) {
            struct arena_mark state_mark = arena_mark(ctx->arena);
            uint64_t seed = k * 1000000 + i;
            enum sim_loss loss = how[i % LEN(how)];
            struct world *after = sim_power_loss(w, seed, loss);
            bool good = holds(ctx, after, acked);
            if (!good) {
                printf("stopped at change %d, loss %d, seed %llu\n", (int)k, loss,
                       (unsigned long long)seed);
            }
            CHECK(good);
            sim_free(after);
            arena_reset(ctx->arena, state_mark);
        }
        sim_free(w);
        arena_reset(ctx->arena, mark);
    }
    CHECK(states > 500);
}

TEST(store_fault_a_failed_sync_breaks_the_store)
{
    struct world *w = sim_new(1);
    struct ctx run = run_begin(ctx, w);
    struct store *s = NULL;
    CHECK_OK(store_open(&run, STR("/d"), STORE_CREATE, &s));
    CHECK_OK(schema_migrate(&run, s, &test_schema));
    struct db *db = store_writer(s);
    CHECK_OK(add_transaction(&run, db, 0));
    struct db *r = NULL;
    CHECK_OK(store_reader(&run, s, &r));
    sim_fail(w, SIM_SYNC, 1, EIO, false);
    CHECK_ERR(add_transaction(&run, db, 1), ERR_IO);
    CHECK(store_is_broken(s));
    uint64_t changes = sim_calls(w, SIM_CHANGE);
    CHECK_ERR(add_transaction(&run, db, 2), ERR_IO);
    CHECK_INT(transactions_found(&run, r), 1); /* reading goes on */
    db_close(r);
    store_close(s);
    CHECK_INT(sim_calls(w, SIM_CHANGE), changes); /* nothing is written or synced any more */
    sim_free(w);
}

TEST(store_fault_a_full_or_read_only_disk_refuses_writes_and_recovers)
{
    struct world *w = sim_new(1);
    struct ctx run = run_begin(ctx, w);
    struct store *s = NULL;
    CHECK_OK(store_open(&run, STR("/d"), STORE_CREATE, &s));
    CHECK_OK(schema_migrate(&run, s, &test_schema));
    struct db *db = store_writer(s);
    CHECK_OK(add_transaction(&run, db, 0));
    sim_capacity(w, 1);
    CHECK_INT(add_transaction(&run, db, 1), ERR_DISK_FULL);
    CHECK_INT(transactions_found(&run, db), 1);
    CHECK(!store_is_broken(s) && !db_is_open(db));
    CHECK_INT(store_health(s), ERR_DISK_FULL);
    sim_capacity(w, 0);
    CHECK_INT(store_health(s), ERR_DISK_FULL); /* until one was kept */
    CHECK_INT(add_transaction(&run, db, 1), ERR_OK);
    CHECK_INT(store_health(s), ERR_OK);
    sim_read_only(w, true);
    CHECK_INT(add_transaction(&run, db, 2), ERR_READ_ONLY);
    CHECK_INT(store_health(s), ERR_READ_ONLY);
    CHECK_INT(transactions_found(&run, db), 3);
    sim_read_only(w, false);
    CHECK_INT(add_transaction(&run, db, 2), ERR_OK);
    store_close(s);
    sim_free(w);
}

/* Closed well, and left by a loss of power with a log that is not yet in the file. */
TEST(store_fault_a_store_on_a_disk_without_writes_can_be_read)
{
    for (int i = 0; i < 2; i++) {
        struct world *w = sim_new(1);
        struct ctx run = run_begin(ctx, w);
        struct store *s = NULL;
        CHECK_OK(store_open(&run, STR("/d"), STORE_CREATE, &s));
        CHECK_OK(schema_migrate(&run, s, &test_schema));
        CHECK_INT(add_transaction(&run, store_writer(s), 0), ERR_OK);
        struct world *lost = sim_power_loss(w, 1, SIM_DROP);
        store_close(s);
        run.world = i == 0 ? w : lost;
        sim_read_only(run.world, true);
        CHECK_OK(store_open(&run, STR("/d"), STORE_READ, &s));
        struct db *r = NULL;
        CHECK_OK(store_reader(&run, s, &r));
        CHECK_INT(transactions_found(&run, r), 1);
        db_close(r);
        store_close(s);
        sim_free(lost);
        sim_free(w);
    }
}

/* Everything a caller does with a store, in an arena of its own. False: memory ran out. */
static bool guarded_run(struct test *t, struct arena *arena, struct world *w,
                        struct store *volatile *s, unsigned *acked)
{
    struct arena_guard guard;
    if (setjmp(guard.jump) != 0) {
        return false;
    }
    arena_guard(arena, &guard);
    struct ctx run = {.arena = arena, .world = w};
    struct ctx *ctx = &run;
    struct store *opened = NULL;
    CHECK_OK(store_open(ctx, STR("/d"), STORE_CREATE, &opened));
    *s = opened;
    CHECK_OK(schema_migrate(ctx, *s, &test_schema));
    for (int i = 0; i < 2; i++) {
        CHECK_OK(add_transaction(ctx, store_writer(*s), i));
        *acked |= 1u << i;
    }
    CHECK_INT(transactions_found(ctx, store_writer(*s)), 3);
    return true;
}

TEST(store_fault_every_failing_allocation_unwinds)
{
    struct arena *arena = arena_new((size_t)1 << 24);
    must(arena != NULL);
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        struct world *w = sim_new(n);
        struct store *volatile s = NULL;
        unsigned acked = 0;
        arena_fail_at(n);
        done = guarded_run(t, arena, w, &s, &acked);
        arena_fail_at(0);
        if (s != NULL) {
            db_settle(store_writer(s));
            db_rollback(store_writer(s));
        }
        store_close(s);
        arena_guard(arena, NULL);
        arena_clear(arena);
        CHECK(holds(ctx, w, acked));
        sim_free(w);
    }
    arena_free(arena);
}

/* SQLite's own allocations, counted; the nth fails, or all from the nth on. */
static sqlite3_mem_methods plain;
static int64_t allocation_left;
static bool allocation_persistent;
static bool allocation_met;

static bool allocation_fails(void)
{
    if (allocation_left == 0 || --allocation_left > 0) {
        return false;
    }
    allocation_left = allocation_persistent ? 1 : 0;
    allocation_met = true;
    return true;
}

static void *failing_malloc(int n)
{
    return allocation_fails() ? NULL : plain.xMalloc(n);
}

static void *failing_realloc(void *p, int n)
{
    return allocation_fails() ? NULL : plain.xRealloc(p, n);
}

TEST(store_fault_every_failing_allocation_of_sqlite_is_an_error)
{
    sqlite3_shutdown();
    must(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) == SQLITE_OK);
    sqlite3_mem_methods failing = plain;
    failing.xMalloc = failing_malloc;
    failing.xRealloc = failing_realloc;
    must(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK);
    /* Every one of the first 300, which open and migrate; then every seventh. */
    for (int i = 0; i < 2; i++) {
        allocation_persistent = i == 1;
        allocation_met = true;
        for (int64_t n = 1; allocation_met; n += n < 300 ? 1 : 7) {
            struct arena_mark mark = arena_mark(ctx->arena);
            struct world *w = sim_new((uint64_t)n);
            struct ctx run = run_begin(ctx, w);
            allocation_met = false;
            allocation_left = n;
            unsigned acked = workload(&run);
            allocation_left = 0;
            bool good = holds(ctx, w, acked);
            if (!good) {
                printf("allocation %d, %s\n", (int)n,
                       allocation_persistent ? "persistent" : "once");
            }
            CHECK(good);
            sim_free(w);
            arena_reset(ctx->arena, mark);
        }
    }
    sqlite3_shutdown();
    must(sqlite3_config(SQLITE_CONFIG_MALLOC, &plain) == SQLITE_OK);
}

TEST(store_fault_one_seed_gives_one_trace)
{
    uint64_t trace[2];
    for (int i = 0; i < 2; i++) {
        struct world *w = sim_new(42);
        struct ctx run = run_begin(ctx, w);
        CHECK_INT(workload(&run), (1 << TRANSACTIONS) - 1);
        trace[i] = sim_trace(w);
        sim_free(w);
    }
    CHECK(trace[0] == trace[1]);
}
