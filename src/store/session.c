/* Sessions as rows. Only the writer's thread changes them, one operation after another, so what
 * counts rows (the bounds) and what replaces one (rotation under a new cookie) needs no lock and no
 * second look.
 *
 * Ending is one function, end_one: the row goes and its id is queued, in one transaction, for each
 * of the five ways a session ends. Those that are over by time alone are found by whichever
 * operation comes next, a few at a time by their indexes, so no sweep ever has much to do. */
#include "store/session.h"

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "limit_gen.h"
#include "store_sql.h"

enum { OVER_AT_ONCE = 64, GONE_KEPT_MS = 24 * 3600 * 1000 };

_Static_assert(LIMIT_SESSIONS_OF_ONE < LIMIT_SESSIONS, "one person cannot crowd out others");
_Static_assert(LIMIT_SESSION_IDLE_S <= LIMIT_SESSION_WHOLE_S, "or idling would never end one");

static int64_t now_ms(const struct ctx *ctx)
{
    return ctx->world->now(ctx->world).ms;
}

static int64_t idle_since(int64_t now)
{
    return now - (int64_t)LIMIT_SESSION_IDLE_S * 1000;
}

static int64_t whole_since(int64_t now)
{
    return now - (int64_t)LIMIT_SESSION_WHOLE_S * 1000;
}

/* ---- reading ---- */

enum err session_find(struct ctx *ctx, struct db *db, struct str hash, struct session_row *ret,
                      bool *ret_found)
{
    int64_t now = now_ms(ctx);
    struct store_session_by_hash_row row;
    TRY(store_session_by_hash(ctx, db,
                              (struct store_session_by_hash_in){.id_hash = hash,
                                                                .seen_after = idle_since(now),
                                                                .begun_after = whole_since(now)},
                              &row, ret_found));
    if (*ret_found) {
        *ret = (struct session_row){.id = row.id,
                                    .kind = row.actor_kind,
                                    .actor = row.actor,
                                    .name = row.name,
                                    .assurance = row.assurance,
                                    .methods = row.methods,
                                    .since = {row.since_ms},
                                    .begun = {row.begun_ms},
                                    .seen = {row.seen_ms}};
    }
    return ERR_OK;
}

enum err session_list(struct ctx *ctx, struct db *db, struct str actor, struct session_row **ret,
                      size_t *ret_count)
{
    int64_t now = now_ms(ctx);
    struct store_session_of_actor_row *rows = NULL;
    TRY(store_session_of_actor(ctx, db,
                               (struct store_session_of_actor_in){.actor = actor,
                                                                  .seen_after = idle_since(now),
                                                                  .begun_after = whole_since(now),
                                                                  .count = LIMIT_SESSIONS_OF_ONE},
                               &rows, ret_count));
    struct session_row *out = ARENA_ARRAY(ctx->arena, struct session_row, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        out[i] = (struct session_row){.id = rows[i].id,
                                      .assurance = rows[i].assurance,
                                      .methods = rows[i].methods,
                                      .begun = {rows[i].begun_ms},
                                      .seen = {rows[i].seen_ms},
                                      .agent = rows[i].agent,
                                      .address = rows[i].address};
    }
    *ret = out;
    return ERR_OK;
}

/* ---- ending ---- */

static enum err end_one(struct ctx *ctx, struct db *db, struct str id)
{
    int64_t removed = 0;
    TRY(store_session_remove(ctx, db, (struct store_session_remove_in){.id = id}, &removed));
    return store_session_gone_add(
        ctx, db, (struct store_session_gone_add_in){.id = id, .at_ms = now_ms(ctx)});
}

/* Some of those that are over; *ret_count says how many. */
static enum err end_over(struct ctx *ctx, struct db *db, size_t *ret_count)
{
    int64_t now = now_ms(ctx);
    struct store_session_over_row *rows = NULL;
    TRY(store_session_over(ctx, db,
                           (struct store_session_over_in){.seen_until = idle_since(now),
                                                          .begun_until = whole_since(now),
                                                          .count = OVER_AT_ONCE},
                           &rows, ret_count));
    for (size_t i = 0; i < *ret_count; i++) {
        TRY(end_one(ctx, db, rows[i].id));
    }
    return ERR_OK;
}

enum err session_sweep(struct ctx *ctx, struct db *db)
{
    size_t count = OVER_AT_ONCE;
    for (size_t rounds = 0; count == OVER_AT_ONCE && rounds < OVER_AT_ONCE; rounds++) {
        TRY(end_over(ctx, db, &count));
    }
    return store_session_gone_forget(
        ctx, db, (struct store_session_gone_forget_in){.until = now_ms(ctx) - GONE_KEPT_MS});
}

enum err session_gone_list(struct ctx *ctx, struct db *db, size_t most, struct str **ret,
                           size_t *ret_count)
{
    struct store_session_gone_list_row *rows = NULL;
    TRY(store_session_gone_list(
        ctx, db, (struct store_session_gone_list_in){.count = (int64_t)most}, &rows, ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct str, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret)[i] = rows[i].id;
    }
    return ERR_OK;
}

enum err session_gone_told(struct ctx *ctx, struct db *db, struct str id)
{
    return store_session_gone_remove(ctx, db, (struct store_session_gone_remove_in){.id = id});
}

static enum err end(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                    struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct session_row *rows = NULL;
    size_t count = 0;
    struct str actor = wire_text(&w);
    struct str id = wire_text(&w);
    struct str except = wire_text(&w);
    (void)act;
    (void)answer;
    TRY(wire_done(ctx, &w));
    TRY(session_list(ctx, db, actor, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        if (id.n > 0 ? str_equal(rows[i].id, id) : !str_equal(rows[i].id, except)) {
            TRY(end_one(ctx, db, rows[i].id));
        }
    }
    return ERR_OK;
}
static const struct keep_op op_end = {"store.session-end", end};

struct keep session_keep_end(struct arena *a, struct str actor, struct str id, struct str except)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, actor);
    wire_put_text(&b, id);
    wire_put_text(&b, except);
    return (struct keep){&op_end, buf_str(&b)};
}

/* ---- beginning ---- */

/* The browser's former session: it goes on under the new cookie when it is the same person's, more
 * surely known now; else it ends. */
static enum err take_over(struct ctx *ctx, struct db *db, struct str before, struct session_row *s)
{
    struct session_row old;
    int64_t removed = 0;
    bool found = false;
    if (before.n > 0) {
        TRY(session_find(ctx, db, before, &old, &found));
    }
    if (!found) {
        return ERR_OK;
    }
    if (!str_equal(old.actor, s->actor)) {
        return end_one(ctx, db, old.id);
    }
    s->id = old.id;
    s->begun = old.begun;
    return store_session_remove(ctx, db, (struct store_session_remove_in){.id = old.id}, &removed);
}

/* Within the bounds there is room for one more, of this actor and in all. */
static enum err make_room(struct ctx *ctx, struct db *db, struct str actor)
{
    struct session_row *rows = NULL;
    struct store_session_count_row all;
    struct store_session_oldest_row oldest;
    size_t count = 0;
    bool found = false;
    TRY(session_list(ctx, db, actor, &rows, &count));
    for (size_t i = LIMIT_SESSIONS_OF_ONE - 1; i < count; i++) {
        TRY(end_one(ctx, db, rows[i].id));
    }
    TRY(store_session_count(ctx, db, &all, &found));
    if (all.sessions < LIMIT_SESSIONS) {
        return ERR_OK;
    }
    TRY(store_session_oldest(ctx, db, &oldest, &found));
    return found ? end_one(ctx, db, oldest.id) : ERR_OK;
}

static enum err begin(struct ctx *ctx, struct db *db, struct str payload,
                      const struct keep_act *act, struct buf *answer)
{
    struct wire w = wire_read(payload);
    struct session_row s = {0};
    size_t over = 0;
    struct str hash = wire_text(&w);
    struct str before = wire_text(&w);
    s.id = wire_text(&w);
    s.kind = wire_int(&w);
    s.actor = wire_text(&w);
    s.name = wire_text(&w);
    s.assurance = wire_int(&w);
    s.methods = wire_text(&w);
    s.agent = wire_text(&w);
    s.address = wire_text(&w);
    s.since.ms = s.begun.ms = s.seen.ms = wire_int(&w);
    (void)act;
    TRY(wire_done(ctx, &w));
    TRY(end_over(ctx, db, &over));
    TRY(take_over(ctx, db, before, &s));
    TRY(make_room(ctx, db, s.actor));
    wire_put_text(answer, s.id);
    wire_put_int(answer, s.begun.ms);
    return store_session_add(ctx, db,
                             (struct store_session_add_in){.id = s.id,
                                                           .id_hash = hash,
                                                           .actor_kind = s.kind,
                                                           .actor = s.actor,
                                                           .name = s.name,
                                                           .assurance = s.assurance,
                                                           .methods = s.methods,
                                                           .since_ms = s.since.ms,
                                                           .begun_ms = s.begun.ms,
                                                           .seen_ms = s.seen.ms,
                                                           .agent = s.agent,
                                                           .address = s.address});
}
static const struct keep_op op_begin = {"store.session-begin", begin};

struct keep session_keep_begin(struct arena *a, const struct session_row *s, struct str hash,
                               struct str before)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, hash);
    wire_put_text(&b, before);
    wire_put_text(&b, s->id);
    wire_put_int(&b, s->kind);
    wire_put_text(&b, s->actor);
    wire_put_text(&b, s->name);
    wire_put_int(&b, s->assurance);
    wire_put_text(&b, s->methods);
    wire_put_text(&b, s->agent);
    wire_put_text(&b, s->address);
    wire_put_int(&b, s->since.ms);
    return (struct keep){&op_begin, buf_str(&b)};
}

enum err session_kept_begun(struct ctx *ctx, struct str kept, struct str *ret_id,
                            struct instant *ret_begun)
{
    struct wire w = wire_read(kept);
    *ret_id = wire_text(&w);
    ret_begun->ms = wire_int(&w);
    return wire_done(ctx, &w);
}

/* ---- being used ---- */

static enum err seen(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *answer)
{
    struct wire w = wire_read(payload);
    size_t over = 0;
    (void)act;
    (void)answer;
    TRY(end_over(ctx, db, &over)); /* first: what is over is not seen any more */
    for (int64_t count = wire_int(&w); count > 0 && !w.is_broken; count--) {
        TRY(store_session_see(
            ctx, db, (struct store_session_see_in){.id = wire_text(&w), .seen_ms = now_ms(ctx)}));
    }
    return wire_done(ctx, &w);
}
static const struct keep_op op_seen = {"store.session-seen", seen};

struct keep session_keep_seen(struct arena *a, const struct str *ids, size_t count)
{
    struct buf b = buf_new(a, 0);
    wire_put_int(&b, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        wire_put_text(&b, ids[i]);
    }
    return (struct keep){&op_seen, buf_str(&b)};
}

static const struct keep_op *const ops[] = {&op_begin, &op_end, &op_seen};
const struct keep_table session_keeps = {ops, LEN(ops)};
