/* A leaky bucket is one number: the instant at which it will have run empty (the generic cell rate
 * algorithm). A try moves it on by the time one try takes to leak; it is within the bound while
 * that instant lies no further ahead than `burst` tries take. So a row is a digest and a time, and
 * one whose time has passed says nothing and may go.
 *
 * Rows are bounded. When there are too many, those that would run empty first give way: they stand
 * for the fewest tries, so a flood of fresh names cannot free a name that was tried to its bound.
 * Counting all rows at each try would cost more than the try; so it is done on one try in 256, by
 * the first byte of its digest, and the table may pass its bound by about so many. */
#include "store/bound.h"

#include "base/arena.h"
#include "base/world.h"
#include "limit_gen.h"
#include "store_sql.h"

static struct str digest_of(const struct bound_try *t)
{
    return (struct str){(const char *)t->digest, BOUND_DIGEST};
}

/* When the bucket will have run empty: not before now, and no further ahead than a full one, should
 * the wall clock have been set back. */
static enum err empty_at(struct ctx *ctx, struct db *db, const struct bound_try *t, int64_t now,
                         int64_t *ret)
{
    struct store_bound_get_row row;
    bool found = false;
    int64_t full = now + t->burst * t->per_ms;
    TRY(store_bound_get(ctx, db, (struct store_bound_get_in){.digest = digest_of(t)}, &row,
                        &found));
    *ret = !found || row.until_ms < now ? now : row.until_ms > full ? full : row.until_ms;
    return ERR_OK;
}

enum err bound_wait(struct ctx *ctx, struct db *db, const struct bound_try *tries, size_t count,
                    int64_t *ret_wait_s)
{
    int64_t now = ctx->world->now(ctx->world).ms;
    *ret_wait_s = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t empty = 0;
        TRY(empty_at(ctx, db, &tries[i], now, &empty));
        int64_t over = empty - now - (tries[i].burst - 1) * tries[i].per_ms;
        int64_t wait = over > 0 ? (over + 999) / 1000 : 0;
        *ret_wait_s = wait > *ret_wait_s ? wait : *ret_wait_s;
    }
    return ERR_OK;
}

static void put_tries(struct buf *b, const struct bound_try *tries, size_t count)
{
    wire_put_int(b, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        wire_put_text(b, digest_of(&tries[i]));
        wire_put_int(b, tries[i].burst);
        wire_put_int(b, tries[i].per_ms);
    }
}

enum { TRIES_MOST = 8 };

static enum err read_tries(struct ctx *ctx, struct str payload, struct bound_try tries[TRIES_MOST],
                           size_t *ret_count)
{
    struct wire w = wire_read(payload);
    int64_t count = wire_int(&w);
    must(count >= 0 && count <= TRIES_MOST);
    for (int64_t i = 0; i < count; i++) {
        wire_bytes(&w, tries[i].digest, BOUND_DIGEST);
        tries[i].burst = wire_int(&w);
        tries[i].per_ms = wire_int(&w);
    }
    *ret_count = (size_t)count;
    return wire_done(ctx, &w);
}

/* Move each by as many tries: 1 taken, -1 given back. */
static enum err move(struct ctx *ctx, struct db *db, const struct bound_try *tries, size_t count,
                     int64_t by)
{
    int64_t now = ctx->world->now(ctx->world).ms;
    for (size_t i = 0; i < count; i++) {
        int64_t empty = 0;
        TRY(empty_at(ctx, db, &tries[i], now, &empty));
        TRY(store_bound_set(ctx, db,
                            (struct store_bound_set_in){.digest = digest_of(&tries[i]),
                                                        .until_ms = empty + by * tries[i].per_ms}));
    }
    return ERR_OK;
}

static enum err take(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *answer)
{
    struct bound_try tries[TRIES_MOST];
    size_t count = 0;
    int64_t wait = 0;
    (void)act;
    TRY(read_tries(ctx, payload, tries, &count));
    TRY(store_bound_sweep(ctx, db,
                          (struct store_bound_sweep_in){.now_ms = ctx->world->now(ctx->world).ms}));
    TRY(bound_wait(ctx, db, tries, count, &wait));
    wire_put_int(answer, wait);
    if (wait > 0) {
        return ERR_OK;
    }
    if (count > 0 && tries[count - 1].digest[0] == 0) {
        TRY(store_bound_spare(ctx, db, (struct store_bound_spare_in){.most = LIMIT_GUESS_ROWS}));
    }
    return move(ctx, db, tries, count, 1);
}
static const struct keep_op op_take = {"store.bound-take", take};

struct keep bound_keep_take(struct arena *a, const struct bound_try *tries, size_t count)
{
    struct buf b = buf_new(a, 0);
    must(count <= TRIES_MOST);
    put_tries(&b, tries, count);
    return (struct keep){&op_take, buf_str(&b)};
}

enum err bound_kept_wait(struct ctx *ctx, struct str kept, int64_t *ret_wait_s)
{
    struct wire w = wire_read(kept);
    *ret_wait_s = wire_int(&w);
    return wire_done(ctx, &w);
}

static enum err give(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *answer)
{
    struct bound_try tries[TRIES_MOST];
    size_t count = 0;
    (void)act;
    (void)answer;
    TRY(read_tries(ctx, payload, tries, &count));
    return move(ctx, db, tries, count, -1);
}
static const struct keep_op op_give = {"store.bound-give", give};

struct keep bound_keep_give(struct arena *a, const struct bound_try *tries, size_t count)
{
    struct buf b = buf_new(a, 0);
    must(count <= TRIES_MOST);
    put_tries(&b, tries, count);
    return (struct keep){&op_give, buf_str(&b)};
}

static const struct keep_op *const ops[] = {&op_take, &op_give};
const struct keep_table bound_keeps = {ops, LEN(ops)};
