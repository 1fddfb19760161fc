/* run.c - one row of the outbox, from taking it to its end.
 *
 * Three transactions touch a row: it is taken (with others, in one), and its run is ended together
 * with its effect; or, when the run came to nothing, it is put back. Between them nothing is
 * written anywhere, so there are only these places to die at:
 *
 *   before the taking is durable     the row waits as it did
 *   after it, before the end is      the lease runs out and the row is due again; what was done
 *                                    outside the store is done again
 *   after the end is durable         the row is gone, and its effect is there
 *
 * An end names its run. A run that lost its row (its lease was over and another has it, or it was
 * given up) ends with ERR_CANCELLED inside the transaction, which undoes the act or the rows that
 * came with it. For a draft there is a second bolt: its idempotency key follows from kind and key
 * of the job, so the ledger itself has one act for one job, for ever.
 */
#include "base/encode.h"
#include "crypto/crypto.h"
#include "gate/run.h"
#include "jobs/jobs_in.h"
#include "store/db.h"

/* ---- waiting for the writer ---- */

void told_init(struct told *w)
{
    *w = (struct told){0};
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->come, NULL);
}

void told_free(struct told *w)
{
    pthread_cond_destroy(&w->come);
    pthread_mutex_destroy(&w->lock);
}

static void told_text(struct told *w, struct str s)
{
    size_t n = s.n < sizeof(w->text) - w->text_n ? s.n : sizeof(w->text) - w->text_n;
    memcpy(w->text + w->text_n, n == 0 ? "" : s.p, n);
    w->text_n += n;
}

void told_hear(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct told *w = arg;
    pthread_mutex_lock(&w->lock);
    w->err = err;
    if (err != ERR_OK) {
        told_text(w, why == NULL ? str_from(err_name(err)) : why->detail);
    } else if (receipt != NULL) {
        w->refused = receipt->seq < 0;
        w->repeated = receipt->repeated;
        if (w->refused) {
            told_text(w, STR("refused by law: "));
            told_text(w, receipt->verdict.code);
            told_text(w, STR(" "));
            told_text(w, receipt->verdict.article.text);
        }
    }
    w->is_told = true;
    pthread_cond_signal(&w->come);
    pthread_mutex_unlock(&w->lock);
}

void told_wait(struct told *w, struct gate *gate, bool threaded)
{
    while (!threaded && !w->is_told && gate_run_once(gate) > 0) {
    }
    pthread_mutex_lock(&w->lock);
    while (!w->is_told) {
        pthread_cond_wait(&w->come, &w->lock);
    }
    pthread_mutex_unlock(&w->lock);
}

/* Rows are kept by this function in one transaction; its answer. */
static enum err keep_and_wait(struct ctx *ctx, struct jobs *j, gate_kept *apply, void *arg)
{
    struct told w;
    told_init(&w);
    enum err e = gate_keep_here(ctx, j->config.gate, apply, arg, told_hear, &w);
    if (e == ERR_OK) {
        told_wait(&w, j->config.gate, j->started);
        e = w.err == ERR_OK ? ERR_OK : fault(ctx, w.err, "%.*s", (int)w.text_n, w.text);
    }
    told_free(&w);
    return e;
}

/* ---- taking ---- */

struct taking {
    struct taken *list;
    size_t count;
};

/* Its runs began and none came back to say how it went: the process died of it, or was killed. */
static enum err never_ended(struct ctx *ctx, struct db *db, struct taken *t)
{
    bool mine = false;
    TRY(outbox_fail(
        ctx, db, t->run,
        str_format(ctx->arena, "begun %lld times and never ended", (long long)t->row.tries),
        &mine));
    must(mine);
    t->run.run = 0;
    return ERR_OK;
}

static enum err take_apply(struct ctx *ctx, struct db *db, void *arg, const struct receipt *receipt)
{
    struct taking *x = arg;
    int64_t now = ctx->world->now(ctx->world).ms;
    (void)receipt;
    for (size_t i = 0; i < x->count; i++) {
        struct taken *t = &x->list[i];
        struct instant end = {now + t->kind->time_ms + LEASE_MARGIN_MS};
        TRY(outbox_take(ctx, db, &t->row, end, &t->run));
        if (t->run.run > 0 && t->row.tries >= t->kind->tries_most) {
            TRY(never_ended(ctx, db, t));
        }
    }
    return ERR_OK;
}

enum err rows_take(struct ctx *ctx, struct jobs *j, struct taken *list, size_t count)
{
    struct taking x = {list, count};
    return keep_and_wait(ctx, j, take_apply, &x);
}

/* ---- running ---- */

static void *state_of(const struct jobs *j, const char *room)
{
    for (size_t i = 0; i < j->config.state_count; i++) {
        if (strcmp(j->config.states[i].room, room) == 0) {
            return j->config.states[i].state;
        }
    }
    return NULL;
}

/* Small, for setjmp: false when the run passed the cap of its arena. */
static bool run_guarded(struct ctx *ctx, const struct job_kind *kind, const struct job *job,
                        struct job_result *ret, enum err *ret_err)
{
    struct arena_guard guard;
    if (setjmp(guard.jump) != 0) {
        arena_guard(ctx->arena, NULL);
        return false;
    }
    arena_guard(ctx->arena, &guard);
    *ret_err = kind->run(ctx, job, ret);
    arena_guard(ctx->arena, NULL);
    return true;
}

void row_run(struct ctx *ctx, struct jobs *j, const struct taken *t, struct db *db,
             struct job_result *ret)
{
    struct job job = {.kind = t->row.kind,
                      .key = t->row.key,
                      .payload = t->row.payload,
                      .seq = t->row.seq,
                      .tries = t->row.tries + 1,
                      .until_ns = j->world->mono_ns(j->world) + (int64_t)t->kind->time_ms * 1000000,
                      .db = db,
                      .gate = j->config.gate,
                      .state = state_of(j, t->kind->room)};
    enum err e = ERR_OK;
    *ret = (struct job_result){0};
    ctx->why = (struct why){0};
    bool fits = run_guarded(ctx, t->kind, &job, ret, &e);
    db_settle(db);
    if (!fits) {
        arena_clear(ctx->arena);
        *ret = (struct job_result){.end = JOB_AGAIN,
                                   .error = STR("it took more memory than a job has")};
    } else if (e != ERR_OK) {
        struct str detail = ctx->why.detail.n > 0 ? ctx->why.detail : str_from(err_name(e));
        *ret = (struct job_result){.end = JOB_AGAIN, .error = detail};
    }
    must(ret->draft == NULL ||
         ret->end == JOB_DONE); /* one act for one job: its key is the job's */
    must(ret->end != JOB_AGAIN || (ret->draft == NULL && ret->keep == NULL));
}

/* ---- ending ---- */

struct ending {
    const struct taken *taken;
    struct job_result result;
};

static enum err not_mine(struct ctx *ctx, const struct taken *t)
{
    return fault(ctx, ERR_CANCELLED, "run %lld of job %lld is over: nothing of it is taken",
                 (long long)t->run.run, (long long)t->run.id);
}

/* The effect, and the end of the run: in one savepoint, beside the act when there is one. */
static enum err end_apply(struct ctx *ctx, struct db *db, void *arg, const struct receipt *receipt)
{
    struct ending *x = arg;
    struct job_result r = x->result;
    bool mine = false;
    (void)receipt;
    if (r.keep != NULL) {
        TRY(r.keep(ctx, db, r.keep_arg, &r));
    }
    if (r.end == JOB_DONE) {
        TRY(outbox_done(ctx, db, x->taken->run, &mine));
    } else {
        struct instant now = ctx->world->now(ctx->world);
        struct outbox_next next = {.due = r.not_before.ms > 0 ? r.not_before : now,
                                   .payload = r.payload};
        must(r.end == JOB_MORE);
        TRY(outbox_put_back(ctx, db, x->taken->run, &next, &mine));
    }
    return mine ? ERR_OK : not_mine(ctx, x->taken);
}

static struct str key_of(struct arena *a, const struct outbox_row *row)
{
    uint8_t hash[32];
    struct str both = str_format(a, "%.*s\n%.*s", FMT(row->kind), FMT(row->key));
    _Static_assert(LIMIT_KEY_BYTES >= 4 + 2 * 30, "a job's key is cut to what the gate takes");
    sha256(both.p, both.n, hash);
    return str_format(a, "job-%.*s", FMT(hex_encode(a, hash, 30)));
}

static enum err end_with_draft(struct ctx *ctx, struct jobs *j, struct ending *x)
{
    struct draft draft = *x->result.draft;
    struct told w;
    draft.key = key_of(ctx->arena, &x->taken->row);
    told_init(&w);
    enum err e = gate_submit_here(ctx, j->config.gate, &draft, end_apply, x, told_hear, &w);
    if (e == ERR_OK) {
        told_wait(&w, j->config.gate, j->started);
        e = w.err == ERR_OK && !w.refused
                ? ERR_OK
                : fault(ctx, w.refused ? ERR_REFUSED : w.err, "%.*s", (int)w.text_n, w.text);
    }
    bool repeated = e == ERR_OK && w.repeated;
    told_free(&w);
    if (!repeated) {
        return e;
    }
    /* The act stands in the ledger from a row of this key that was there before: only the row is
     * left to go. */
    x->result.draft = NULL;
    x->result.keep = NULL;
    return keep_and_wait(ctx, j, end_apply, x);
}

enum err row_end(struct ctx *ctx, struct jobs *j, const struct taken *t, struct job_result *result)
{
    struct ending x = {t, *result};
    if (result->end == JOB_AGAIN) {
        return row_missed(ctx, j, t, result->error);
    }
    enum err e =
        result->draft != NULL ? end_with_draft(ctx, j, &x) : keep_and_wait(ctx, j, end_apply, &x);
    if (e == ERR_OK || e == ERR_CANCELLED || e == ERR_BUSY) {
        return e;
    }
    struct str detail = ctx->why.detail;
    return row_missed(ctx, j, t, detail.n > 0 ? detail : str_from(err_name(e)));
}

/* ---- when it came to nothing ---- */

static int64_t pause_ms(const struct job_kind *k, int64_t tries)
{
    int64_t s = k->pause_s;
    for (int64_t i = 1; i < tries && s < k->pause_most_s; i++) {
        s *= 3;
    }
    return (s < k->pause_most_s ? s : k->pause_most_s) * 1000;
}

struct missing {
    const struct taken *taken;
    struct str error;
};

static enum err missed_apply(struct ctx *ctx, struct db *db, void *arg,
                             const struct receipt *receipt)
{
    const struct missing *x = arg;
    const struct taken *t = x->taken;
    int64_t tries = t->row.tries + 1;
    bool mine = false;
    (void)receipt;
    if (tries >= t->kind->tries_most) {
        TRY(outbox_fail(ctx, db, t->run, x->error, &mine));
    } else {
        struct outbox_next next = {
            .due = {ctx->world->now(ctx->world).ms + pause_ms(t->kind, tries)}, .error = x->error};
        TRY(outbox_put_back(ctx, db, t->run, &next, &mine));
    }
    return mine ? ERR_OK : not_mine(ctx, t);
}

enum err row_missed(struct ctx *ctx, struct jobs *j, const struct taken *t, struct str error)
{
    struct missing x = {t, error.n > 0 ? error : STR("it did not say why")};
    return keep_and_wait(ctx, j, missed_apply, &x);
}

/* ---- an operator's order ---- */

struct order {
    int64_t id;
    bool drop;
    bool found;
};

static enum err order_apply(struct ctx *ctx, struct db *db, void *arg,
                            const struct receipt *receipt)
{
    struct order *o = arg;
    (void)receipt;
    return o->drop ? outbox_drop(ctx, db, o->id, &o->found)
                   : outbox_rearm(ctx, db, o->id, &o->found);
}

enum err jobs_order(struct ctx *ctx, struct gate *g, int64_t id, bool drop, bool *ret_found)
{
    struct jobs j = {.config = {.gate = g}};
    struct order o = {.id = id, .drop = drop};
    TRY(keep_and_wait(ctx, &j, order_apply, &o));
    *ret_found = o.found;
    return ERR_OK;
}
