/* The life of a row, its limits, and what holds between rows after any sequence of calls. */
#include "outbox/outbox.h"

#include <stdlib.h>

#include "base/test.h"
#include "store/db.h"
#include "store/schema.h"
#include "limit_gen.h"
#include "outbox_sql.h"
#include "world_sim.h"

struct bench {
    struct world *world;
    struct store *store;
    struct db *db;
};

static struct bench bench_begin(struct test *t, struct ctx *ctx)
{
    struct bench b = {.world = sim_new(3)};
    ctx->world = b.world;
    CHECK_OK(store_open(ctx, STR("/d"), STORE_CREATE, &b.store));
    CHECK_OK(store_migrate(ctx, b.store));
    b.db = store_writer(b.store);
    CHECK_OK(db_begin(ctx, b.db));
    return b;
}

static void bench_end(struct test *t, struct ctx *ctx, struct bench *b)
{
    CHECK_OK(db_commit(ctx, b->db));
    store_close(b->store);
    ctx->world = world_real();
    sim_free(b->world);
}

static struct instant now(struct ctx *ctx)
{
    return ctx->world->now(ctx->world);
}

static bool add(struct test *t, struct ctx *ctx, struct bench *b, const char *key, const char *lane)
{
    bool added = false;
    struct outbox_job job = {.kind = STR("notice"),
                             .key = str_from(key),
                             .lane = str_from(lane),
                             .payload = str_from(key),
                             .seq = 7};
    CHECK_OK(outbox_add(ctx, b->db, &job, &added));
    return added;
}

/* The row that has been due longest, taken for a second. */
static struct outbox_run take(struct test *t, struct ctx *ctx, struct bench *b, struct str *ret_key)
{
    struct outbox_row *rows = NULL;
    size_t count = 0;
    struct outbox_run run = {0};
    CHECK_OK(outbox_due(ctx, b->db, STR("notice"), now(ctx), 1, &rows, &count));
    *ret_key = STR("");
    if (count == 1) {
        *ret_key = rows[0].key;
        CHECK_OK(outbox_take(ctx, b->db, &rows[0], (struct instant){now(ctx).ms + 1000}, &run));
    }
    return run;
}

TEST(outbox_a_job_is_left_taken_and_done)
{
    struct bench b = bench_begin(t, ctx);
    struct outbox_row *rows = NULL;
    size_t count = 0;
    bool mine = true;
    CHECK(add(t, ctx, &b, "k1", ""));
    CHECK(!add(t, ctx, &b, "k1", "")); /* the same job */
    CHECK_OK(outbox_due(ctx, b.db, STR("notice"), now(ctx), 10, &rows, &count));
    CHECK_INT(count, 1);
    CHECK_STR(rows[0].payload, "k1");
    CHECK_INT(rows[0].seq, 7);
    struct outbox_run first;
    struct outbox_run second;
    CHECK_OK(outbox_take(ctx, b.db, &rows[0], (struct instant){now(ctx).ms + 1000}, &first));
    CHECK_INT(first.run, 1);
    /* Who read it before it was taken comes too late. */
    CHECK_OK(outbox_take(ctx, b.db, &rows[0], (struct instant){now(ctx).ms + 1000}, &second));
    CHECK_INT(second.run, 0);
    /* Its lease ends: it is due again, and the first run is over. */
    sim_advance(b.world, (struct span){1001});
    CHECK_OK(outbox_due(ctx, b.db, STR("notice"), now(ctx), 10, &rows, &count));
    CHECK_INT(count, 1);
    CHECK_INT(rows[0].tries, 1);
    CHECK_OK(outbox_take(ctx, b.db, &rows[0], (struct instant){now(ctx).ms + 1000}, &second));
    CHECK_INT(second.run, 2);
    CHECK_OK(outbox_done(ctx, b.db, first, &mine));
    CHECK(!mine);
    CHECK_OK(outbox_done(ctx, b.db, second, &mine));
    CHECK(mine);
    /* The row is gone, and its number is not given again. */
    CHECK(add(t, ctx, &b, "k1", ""));
    CHECK_OK(outbox_due(ctx, b.db, STR("notice"), now(ctx), 10, &rows, &count));
    CHECK_INT(rows[0].id, second.id + 1);
    bench_end(t, ctx, &b);
}

TEST(outbox_a_lane_keeps_its_order_over_failures)
{
    struct bench b = bench_begin(t, ctx);
    struct str key;
    bool mine = false;
    bool found = false;
    add(t, ctx, &b, "a1", "a");
    add(t, ctx, &b, "a2", "a");
    add(t, ctx, &b, "b1", "b");
    struct outbox_run a1 = take(t, ctx, &b, &key);
    CHECK_STR(key, "a1");
    struct outbox_run b1 = take(t, ctx, &b, &key);
    CHECK_STR(key, "b1");
    CHECK_INT(take(t, ctx, &b, &key).run, 0); /* a2 waits for a1 */
    struct outbox_next later = {.due = {now(ctx).ms + 50}, .error = STR("not heard")};
    CHECK_OK(outbox_put_back(ctx, b.db, a1, &later, &mine));
    CHECK(mine);
    CHECK_INT(take(t, ctx, &b, &key).run, 0); /* also while it pauses */
    sim_advance(b.world, (struct span){60});
    a1 = take(t, ctx, &b, &key);
    CHECK_STR(key, "a1");
    CHECK_OK(outbox_fail(ctx, b.db, a1, STR("never heard"), &mine));
    CHECK_INT(take(t, ctx, &b, &key).run, 0); /* and when it failed */
    struct outbox_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(outbox_list(ctx, b.db, OUTBOX_FAILED, 0, 10, &rows, &count));
    CHECK_INT(count, 1);
    CHECK_STR(rows[0].error, "never heard");
    CHECK_INT(rows[0].tries, 2);
    CHECK_OK(outbox_rearm(ctx, b.db, a1.id, &found));
    CHECK(found);
    CHECK_OK(outbox_rearm(ctx, b.db, a1.id, &found));
    CHECK(!found); /* it is no failed row any more */
    a1 = take(t, ctx, &b, &key);
    CHECK_STR(key, "a1");
    CHECK_OK(outbox_fail(ctx, b.db, a1, STR("never"), &mine));
    CHECK_OK(outbox_drop(ctx, b.db, a1.id, &found));
    CHECK(found);
    take(t, ctx, &b, &key);
    CHECK_STR(key, "a2");
    CHECK_OK(outbox_drop(ctx, b.db, b1.id, &found));
    CHECK(!found); /* what runs is not dropped */
    bench_end(t, ctx, &b);
}

TEST(outbox_refuses_what_is_beyond_its_limits)
{
    struct bench b = bench_begin(t, ctx);
    bool added = true;
    struct outbox_job job = {.kind = STR("notice"), .key = STR("k"), .seq = -1};
    CHECK_OK(outbox_tally_put(
        ctx, b.db, (struct outbox_tally_put_in){.name = STR("notice"), .n = LIMIT_OUTBOX_ROWS}));
    CHECK_ERR(outbox_add(ctx, b.db, &job, &added), ERR_BUSY);
    CHECK(str_find(ctx->why.detail, STR("100000 jobs of the kind notice wait")) != SIZE_MAX);
    job.kind = STR("other"); /* whose room is its own */
    CHECK_OK(outbox_add(ctx, b.db, &job, &added));
    CHECK(added);
    job.key = STR("");
    CHECK_ERR(outbox_add(ctx, b.db, &job, &added), ERR_USAGE);
    char *big = arena_push_bytes(ctx->arena, LIMIT_OUTBOX_PAYLOAD_BYTES + 1);
    memset(big, 'x', LIMIT_OUTBOX_PAYLOAD_BYTES + 1);
    job.key = (struct str){big, LIMIT_OUTBOX_KEY_BYTES + 1};
    CHECK_ERR(outbox_add(ctx, b.db, &job, &added), ERR_USAGE);
    job.key = STR("big");
    job.payload = (struct str){big, LIMIT_OUTBOX_PAYLOAD_BYTES};
    CHECK_OK(outbox_add(ctx, b.db, &job, &added));
    job.payload.n++;
    job.key = STR("bigger");
    CHECK_ERR(outbox_add(ctx, b.db, &job, &added), ERR_TOO_LARGE);
    /* What went wrong is cut, between two characters. */
    CHECK_OK(
        outbox_tally_put(ctx, b.db, (struct outbox_tally_put_in){.name = STR("notice"), .n = 0}));
    add(t, ctx, &b, "long", "");
    struct str key;
    bool mine = false;
    struct outbox_row row;
    struct buf text = buf_new(ctx->arena, 0);
    for (int i = 0; i < LIMIT_OUTBOX_ERROR_BYTES; i++) {
        buf_puts(&text, i == 0 ? "x" : "通");
    }
    struct outbox_run run = take(t, ctx, &b, &key);
    CHECK_OK(outbox_fail(ctx, b.db, run, buf_str(&text), &mine));
    CHECK_OK(outbox_row_get(ctx, b.db, run.id, &row, &mine));
    CHECK_INT(row.error.n, 1 + (LIMIT_OUTBOX_ERROR_BYTES - 1) / 3 * 3);
    bench_end(t, ctx, &b);
}

TEST(outbox_sweeps_what_failed_long_ago)
{
    struct bench b = bench_begin(t, ctx);
    struct str key;
    struct outbox_row row;
    bool found = false;
    add(t, ctx, &b, "old", "");
    struct outbox_run old = take(t, ctx, &b, &key);
    CHECK_OK(outbox_fail(ctx, b.db, old, STR("x"), &found));
    add(t, ctx, &b, "waits", "");
    sim_advance(b.world, (struct span){5000});
    CHECK_OK(outbox_sweep(ctx, b.db, (struct instant){now(ctx).ms - 6000}));
    CHECK_OK(outbox_row_get(ctx, b.db, old.id, &row, &found));
    CHECK(found);
    CHECK_OK(outbox_sweep(ctx, b.db, (struct instant){now(ctx).ms - 4000}));
    CHECK_OK(outbox_row_get(ctx, b.db, old.id, &row, &found));
    CHECK(!found);
    take(t, ctx, &b, &key);
    CHECK_STR(key, "waits");
    bench_end(t, ctx, &b);
}

/* The three things that outbox.c says must hold, looked for row by row. */
static void look(struct test *t, struct ctx *ctx, struct bench *b)
{
    struct outbox_tally_get_row n = {0};
    int64_t total = 0;
    int64_t top = 0;
    bool found = false;
    for (int s = 0; s < OUTBOX_STATES; s++) {
        struct outbox_row *rows = NULL;
        size_t count = 0;
        CHECK_OK(outbox_list(ctx, b->db, (enum outbox_state)s, 0, 1000, &rows, &count));
        total += (int64_t)count;
        for (size_t i = 0; i < count; i++) {
            struct outbox_lane_first_row first;
            bool never = s == OUTBOX_HELD || s == OUTBOX_FAILED;
            top = rows[i].id > top ? rows[i].id : top;
            CHECK((rows[i].due.ms == INT64_MAX) == never);
            CHECK_OK(outbox_lane_first(
                ctx, b->db,
                (struct outbox_lane_first_in){.kind = rows[i].kind, .lane = rows[i].lane}, &first,
                &found));
            bool behind = rows[i].lane.n > 0 && first.id < rows[i].id;
            CHECK(behind == (s == OUTBOX_HELD));
        }
    }
    CHECK_OK(outbox_tally_get(ctx, b->db, (struct outbox_tally_get_in){.name = STR("notice")}, &n,
                              &found));
    CHECK_INT(found ? n.n : 0, total);
    CHECK_OK(
        outbox_tally_get(ctx, b->db, (struct outbox_tally_get_in){.name = STR("")}, &n, &found));
    CHECK(!found || n.n >= top);
}

static void walk(struct test *t, struct ctx *ctx, struct bench *b, struct outbox_run *held)
{
    uint8_t dice[4];
    struct str key;
    bool ok = false;
    ctx->world->random(ctx->world, dice, sizeof(dice));
    struct outbox_run *r = &held[dice[1] % 4];
    struct outbox_next next = {.due = {now(ctx).ms + dice[2]},
                               .error = dice[3] % 2 == 0 ? STR("no") : STR("")};
    switch (dice[0] % 8) {
    case 0:
    case 1:
        add(t, ctx, b, str_format(ctx->arena, "k%d", dice[1] % 40).p,
            dice[2] % 3 == 0 ? "" : str_format(ctx->arena, "l%d", dice[2] % 3).p);
        break;
    case 2:
    case 3: *r = take(t, ctx, b, &key); break;
    case 4: CHECK_OK(outbox_done(ctx, b->db, *r, &ok)); break;
    case 5: CHECK_OK(outbox_put_back(ctx, b->db, *r, &next, &ok)); break;
    case 6: CHECK_OK(outbox_fail(ctx, b->db, *r, STR("failed"), &ok)); break;
    default:
        sim_advance(b->world, (struct span){dice[1] * 4});
        CHECK_OK(dice[2] % 2 == 0 ? outbox_drop(ctx, b->db, r->id, &ok)
                                  : outbox_rearm(ctx, b->db, r->id, &ok));
    }
}

TEST(outbox_holds_together_whatever_is_called)
{
    struct bench b = bench_begin(t, ctx);
    struct outbox_run held[4] = {0};
    for (int i = 0; i < 3000 && t->failures == 0; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        walk(t, ctx, &b, held);
        if (i % 10 == 0) {
            look(t, ctx, &b);
        }
        arena_reset(ctx->arena, mark);
    }
    look(t, ctx, &b);
    bench_end(t, ctx, &b);
}
