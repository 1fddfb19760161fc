/* outbox.c - the life of a row, as outbox.h draws it.
 *
 * Three things must hold between rows, in every committed state; each function keeps them:
 *
 *   T  outbox_tally has for each kind the number of its rows, and under '' an id no row is above;
 *   D  due_ms is INT64_MAX exactly when the row is held or failed: so "due" is one range of one
 *      index, and a row that waits for a person is never read by those who look for work;
 *   L  of the rows of a lane only the first is not held. When it goes, the next has its turn in the
 *      same transaction, so the order costs one look at an index, however long the lane is.
 *
 * A writer is one thread, so reading a row and then writing it needs no condition in the statement.
 */
#include "outbox/outbox.h"

#include "base/arena.h"
#include "base/world.h"
#include "limit_gen.h"
#include "outbox_sql.h"

static const int64_t NEVER_MS = INT64_MAX;

_Static_assert(LIMIT_OUTBOX_ERROR_BYTES < LIMIT_OUTBOX_PAYLOAD_BYTES,
               "a row is mostly what is to be done, not what went wrong");

struct str outbox_state_name(enum outbox_state s)
{
    static const struct str names[OUTBOX_STATES] = {[OUTBOX_WAITING] = STR_INIT("waiting"),
                                                    [OUTBOX_RUNNING] = STR_INIT("running"),
                                                    [OUTBOX_HELD] = STR_INIT("held"),
                                                    [OUTBOX_FAILED] = STR_INIT("failed")};
    must(s >= 0 && s < OUTBOX_STATES);
    return names[s];
}

/* At most the limit, and no half of a character. */
static struct str cut(struct str s)
{
    if (s.n <= LIMIT_OUTBOX_ERROR_BYTES) {
        return s;
    }
    s.n = LIMIT_OUTBOX_ERROR_BYTES;
    while (s.n > 0 && ((unsigned char)s.p[s.n] & 0xc0) == 0x80) {
        s.n--;
    }
    return s;
}

/* ---- tally ---- */

static enum err tally(struct ctx *ctx, struct db *db, struct str name, int64_t *ret)
{
    struct outbox_tally_get_row row = {0};
    bool found = false;
    TRY(outbox_tally_get(ctx, db, (struct outbox_tally_get_in){.name = name}, &row, &found));
    *ret = found ? row.n : 0;
    return ERR_OK;
}

static enum err tally_add(struct ctx *ctx, struct db *db, struct str name, int64_t more)
{
    int64_t n = 0;
    TRY(tally(ctx, db, name, &n));
    must(n + more >= 0); /* T: nothing is taken away that was not counted */
    return outbox_tally_put(ctx, db, (struct outbox_tally_put_in){.name = name, .n = n + more});
}

/* ---- rows ---- */

/* The statements that read rows name the same columns. */
#define ROW_OF(r)                                                                                  \
    ((struct outbox_row){.id = (r)->id,                                                            \
                         .kind = (r)->kind,                                                        \
                         .key = (r)->key,                                                          \
                         .lane = (r)->lane,                                                        \
                         .payload = (r)->payload,                                                  \
                         .state = (enum outbox_state)(r)->state,                                   \
                         .run = (r)->run,                                                          \
                         .tries = (r)->tries,                                                      \
                         .due = {(r)->due_ms},                                                     \
                         .added = {(r)->added_ms},                                                 \
                         .seq = (r)->seq,                                                          \
                         .error = (r)->error})

enum err outbox_row_get(struct ctx *ctx, struct db *db, int64_t id, struct outbox_row *ret,
                        bool *ret_found)
{
    struct outbox_get_row row;
    TRY(outbox_get(ctx, db, (struct outbox_get_in){.id = id}, &row, ret_found));
    if (*ret_found) {
        if (row.state < 0 || row.state >= OUTBOX_STATES) {
            return fault(ctx, ERR_CORRUPT, "row %lld of the outbox is in no state there is",
                         (long long)id);
        }
        *ret = ROW_OF(&row);
    }
    return ERR_OK;
}

static enum err check(struct ctx *ctx, const struct outbox_job *job)
{
    if (job->kind.n == 0 || job->kind.n > LIMIT_OUTBOX_KEY_BYTES || job->key.n == 0 ||
        job->key.n > LIMIT_OUTBOX_KEY_BYTES || job->lane.n > LIMIT_OUTBOX_KEY_BYTES) {
        return fault(ctx, ERR_USAGE,
                     "a job needs a kind and a key, and these and its lane have at most %d bytes "
                     "each",
                     LIMIT_OUTBOX_KEY_BYTES);
    }
    if (job->payload.n > LIMIT_OUTBOX_PAYLOAD_BYTES) {
        return fault(ctx, ERR_TOO_LARGE, "the job %.*s carries %zu bytes, at most %d are taken",
                     FMT(job->kind), job->payload.n, LIMIT_OUTBOX_PAYLOAD_BYTES);
    }
    return ERR_OK;
}

static enum err lane_first(struct ctx *ctx, struct db *db, struct str kind, struct str lane,
                           struct outbox_lane_first_row *ret, bool *ret_found)
{
    *ret_found = false;
    return lane.n == 0
               ? ERR_OK
               : outbox_lane_first(ctx, db,
                                   (struct outbox_lane_first_in){.kind = kind, .lane = lane}, ret,
                                   ret_found);
}

enum err outbox_add(struct ctx *ctx, struct db *db, const struct outbox_job *job, bool *ret_added)
{
    struct outbox_find_row there;
    struct outbox_lane_first_row before;
    int64_t rows = 0;
    int64_t last = 0;
    bool found = false;
    bool behind = false;
    TRY(check(ctx, job));
    TRY(outbox_find(ctx, db, (struct outbox_find_in){.kind = job->kind, .key = job->key}, &there,
                    &found));
    if (found) {
        *ret_added = false;
        return ERR_OK;
    }
    TRY(tally(ctx, db, job->kind, &rows));
    if (rows >= LIMIT_OUTBOX_ROWS) {
        return fault(ctx, ERR_BUSY,
                     "%lld jobs of the kind %.*s wait and no more are taken: see what holds them "
                     "up with: tongban jobs",
                     (long long)rows, FMT(job->kind));
    }
    TRY(lane_first(ctx, db, job->kind, job->lane, &before, &behind));
    TRY(tally(ctx, db, STR(""), &last));
    TRY(tally_add(ctx, db, STR(""), 1));
    TRY(tally_add(ctx, db, job->kind, 1));
    struct instant now = ctx->world->now(ctx->world);
    int64_t due = job->not_before.ms > 0 ? job->not_before.ms : now.ms;
    *ret_added = true;
    return outbox_insert(ctx, db,
                         (struct outbox_insert_in){.id = last + 1,
                                                   .kind = job->kind,
                                                   .key = job->key,
                                                   .lane = job->lane,
                                                   .payload = job->payload,
                                                   .state = behind ? OUTBOX_HELD : OUTBOX_WAITING,
                                                   .due_ms = behind ? NEVER_MS : due,
                                                   .added_ms = now.ms,
                                                   .seq = job->seq});
}

enum err outbox_due(struct ctx *ctx, struct db *db, struct str kind, struct instant now,
                    size_t count, struct outbox_row **ret, size_t *ret_count)
{
    struct outbox_due_rows_row *rows = NULL;
    TRY(outbox_due_rows(
        ctx, db, (struct outbox_due_rows_in){.kind = kind, .now = now.ms, .count = (int64_t)count},
        &rows, ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct outbox_row, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret)[i] = ROW_OF(&rows[i]);
    }
    return ERR_OK;
}

enum err outbox_take(struct ctx *ctx, struct db *db, const struct outbox_row *seen,
                     struct instant lease_end, struct outbox_run *ret_run)
{
    struct outbox_row row;
    bool found = false;
    *ret_run = (struct outbox_run){.id = seen->id};
    TRY(outbox_row_get(ctx, db, seen->id, &row, &found));
    bool same = found && row.run == seen->run && row.state == seen->state &&
                row.due.ms == seen->due.ms &&
                (row.state == OUTBOX_WAITING || row.state == OUTBOX_RUNNING);
    if (!same) {
        return ERR_OK;
    }
    must(row.due.ms != NEVER_MS); /* D */
    ret_run->run = row.run + 1;
    return outbox_take_row(
        ctx, db,
        (struct outbox_take_row_in){.id = row.id, .state = OUTBOX_RUNNING, .due_ms = lease_end.ms});
}

/* ---- ending ---- */

/* The row of a run, when it is still that run's. */
static enum err mine(struct ctx *ctx, struct db *db, struct outbox_run run, struct outbox_row *ret,
                     bool *ret_mine)
{
    bool found = false;
    *ret_mine = false;
    TRY(outbox_row_get(ctx, db, run.id, ret, &found));
    *ret_mine = found && ret->run == run.run && ret->state == OUTBOX_RUNNING;
    return ERR_OK;
}

/* Take a row away; the next of its lane has its turn. */
static enum err leave(struct ctx *ctx, struct db *db, const struct outbox_row *row)
{
    struct outbox_lane_first_row next;
    bool found = false;
    TRY(outbox_remove(ctx, db, (struct outbox_remove_in){.id = row->id}));
    TRY(tally_add(ctx, db, row->kind, -1));
    TRY(lane_first(ctx, db, row->kind, row->lane, &next, &found));
    if (!found || next.state != OUTBOX_HELD) {
        return ERR_OK;
    }
    return outbox_move(ctx, db,
                       (struct outbox_move_in){.id = next.id,
                                               .state = OUTBOX_WAITING,
                                               .tries = 0,
                                               .due_ms = ctx->world->now(ctx->world).ms,
                                               .error = STR("")});
}

enum err outbox_done(struct ctx *ctx, struct db *db, struct outbox_run run, bool *ret_mine)
{
    struct outbox_row row;
    TRY(mine(ctx, db, run, &row, ret_mine));
    return *ret_mine ? leave(ctx, db, &row) : ERR_OK;
}

enum err outbox_put_back(struct ctx *ctx, struct db *db, struct outbox_run run,
                         const struct outbox_next *next, bool *ret_mine)
{
    struct outbox_row row;
    TRY(mine(ctx, db, run, &row, ret_mine));
    if (!*ret_mine) {
        return ERR_OK;
    }
    if (next->payload.n > LIMIT_OUTBOX_PAYLOAD_BYTES) {
        return fault(ctx, ERR_TOO_LARGE, "what is left of the job %.*s is %zu bytes, at most %d",
                     FMT(row.kind), next->payload.n, LIMIT_OUTBOX_PAYLOAD_BYTES);
    }
    must(next->due.ms != NEVER_MS); /* D */
    if (next->payload.p != NULL) {
        TRY(outbox_payload(ctx, db,
                           (struct outbox_payload_in){.id = row.id, .payload = next->payload}));
    }
    return outbox_move(ctx, db,
                       (struct outbox_move_in){.id = row.id,
                                               .state = OUTBOX_WAITING,
                                               .tries = next->error.n > 0 ? row.tries : 0,
                                               .due_ms = next->due.ms,
                                               .error = cut(next->error)});
}

enum err outbox_fail(struct ctx *ctx, struct db *db, struct outbox_run run, struct str error,
                     bool *ret_mine)
{
    struct outbox_row row;
    TRY(mine(ctx, db, run, &row, ret_mine));
    if (!*ret_mine) {
        return ERR_OK;
    }
    return outbox_move(ctx, db,
                       (struct outbox_move_in){.id = row.id,
                                               .state = OUTBOX_FAILED,
                                               .tries = row.tries,
                                               .due_ms = NEVER_MS,
                                               .error = cut(error)});
}

/* ---- operators ---- */

enum err outbox_list(struct ctx *ctx, struct db *db, enum outbox_state state, int64_t after,
                     size_t count, struct outbox_row **ret, size_t *ret_count)
{
    struct outbox_in_state_row *rows = NULL;
    TRY(outbox_in_state(
        ctx, db,
        (struct outbox_in_state_in){.state = state, .after = after, .count = (int64_t)count}, &rows,
        ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct outbox_row, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret)[i] = ROW_OF(&rows[i]);
    }
    return ERR_OK;
}

static enum err failed(struct ctx *ctx, struct db *db, int64_t id, struct outbox_row *ret,
                       bool *ret_found)
{
    TRY(outbox_row_get(ctx, db, id, ret, ret_found));
    *ret_found = *ret_found && ret->state == OUTBOX_FAILED;
    return ERR_OK;
}

enum err outbox_rearm(struct ctx *ctx, struct db *db, int64_t id, bool *ret_found)
{
    struct outbox_row row;
    TRY(failed(ctx, db, id, &row, ret_found));
    if (!*ret_found) {
        return ERR_OK;
    }
    return outbox_move(ctx, db,
                       (struct outbox_move_in){.id = id,
                                               .state = OUTBOX_WAITING,
                                               .tries = 0,
                                               .due_ms = ctx->world->now(ctx->world).ms,
                                               .error = row.error});
}

enum err outbox_drop(struct ctx *ctx, struct db *db, int64_t id, bool *ret_found)
{
    struct outbox_row row;
    TRY(failed(ctx, db, id, &row, ret_found));
    return *ret_found ? leave(ctx, db, &row) : ERR_OK;
}

enum err outbox_sweep(struct ctx *ctx, struct db *db, struct instant before)
{
    enum { AT_ONCE = 256 };
    struct outbox_old_row *rows = NULL;
    size_t count = 0;
    bool found = false;
    TRY(outbox_old(
        ctx, db,
        (struct outbox_old_in){.state = OUTBOX_FAILED, .before = before.ms, .count = AT_ONCE},
        &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(outbox_drop(ctx, db, rows[i].id, &found));
    }
    return ERR_OK;
}
