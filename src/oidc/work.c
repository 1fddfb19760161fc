/* Opening, bounds, and the thread that sweeps what has expired and finds sessions that ended by
 * themselves. */
#include "oidc/oidc_in.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "crypto/crypto.h"
#include "store/db.h"
#include "store/session.h"

enum { ROUND_S = 2, SWEEP_S = 30, ENDED_AT_ONCE = 1000, WORK_ARENA_BYTES = 64 << 20 };

/* ---- opening ---- */

enum err oidc_new(struct ctx *ctx, const struct oidc_config *config, struct oidc **ret)
{
    struct oidc *o = ARENA_NEW(ctx->arena, struct oidc);
    uint8_t marks[32];
    o->config = *config;
    o->world = ctx->world;
    o->sign_arena = arena_new((size_t)1 << 20);
    if (o->sign_arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for signing tokens");
    }
    pthread_mutex_init(&o->lock, NULL);
    pthread_condattr_t steady;
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&o->wake, &steady);
    pthread_condattr_destroy(&steady);
    TRY(keyholder_token_secret(ctx, config->keys, STR("oidc pairwise"), o->pairwise));
    TRY(keyholder_token_secret(ctx, config->keys, STR("oidc marks"), marks));
    memcpy(o->marks, marks, sizeof(marks));
    *ret = o;
    return ERR_OK;
}

enum err oidc_issuer_check(struct ctx *ctx, struct str issuer)
{
    static const struct str local[] = {STR_INIT("http://127.0.0.1"), STR_INIT("http://[::1]"),
                                       STR_INIT("http://localhost")};
    bool good = str_starts(issuer, STR("https://")) && issuer.n > 8;
    for (size_t i = 0; i < LEN(local); i++) {
        good = good || (str_starts(issuer, local[i]) &&
                        (issuer.n == local[i].n || issuer.p[local[i].n] == ':'));
    }
    for (size_t i = 0; i < issuer.n; i++) {
        unsigned char c = (unsigned char)issuer.p[i];
        good = good && c > 0x20 && c < 0x7f && c != '?' && c != '#' && c != '"' && c != '\\' &&
               c != '@';
    }
    if (!good || !str_equal(origin_of(issuer), issuer) || issuer.n > 200) {
        return fault(ctx, ERR_USAGE,
                     "the issuer must be https://HOST or https://HOST:PORT, without a path; http "
                     "only at a loopback address");
    }
    return ERR_OK;
}

enum err oidc_issuer(struct ctx *ctx, struct oidc *o, struct str issuer)
{
    TRY(oidc_issuer_check(ctx, issuer));
    o->issuer = str_copy(ctx->arena, issuer);
    return ERR_OK;
}

/* ---- bounds ---- */

static const struct {
    int64_t most;
} bounds[KEPT_KINDS] = {
    [KEPT_PUSH] = {LIMIT_OIDC_PUSHES},  [KEPT_CODE] = {LIMIT_OIDC_CODES},
    [KEPT_GRANT] = {LIMIT_OIDC_GRANTS}, [KEPT_REFRESH] = {LIMIT_OIDC_GRANTS},
    [KEPT_ONCE] = {LIMIT_OIDC_ONCES},   [KEPT_VISIT] = {LIMIT_OIDC_GRANTS},
};

bool room_for(struct oidc *o, enum kept kind, struct trouble *t)
{
    if (atomic_fetch_add(&o->counts[kind], 1) < bounds[kind].most) {
        return true;
    }
    atomic_fetch_sub(&o->counts[kind], 1);
    return trouble_set(t, "temporarily_unavailable", "too much is waiting here; try again shortly");
}

/* ---- sweeping ---- */

static enum err keep_and_wait(struct ctx *ctx, struct oidc *o, const struct keep *keep)
{
    struct str kept = {0};
    return gate_keep_wait(ctx, o->config.gate, keep, &kept);
}

static enum err count_rows(struct ctx *ctx, struct oidc *o, struct db *db)
{
    struct oidc_counts_row row;
    bool found = false;
    TRY(oidc_counts(ctx, db, &row, &found));
    atomic_store(&o->counts[KEPT_PUSH], row.pushes);
    atomic_store(&o->counts[KEPT_CODE], row.codes);
    atomic_store(&o->counts[KEPT_GRANT], row.grants);
    atomic_store(&o->counts[KEPT_REFRESH], row.refreshes);
    atomic_store(&o->counts[KEPT_ONCE], row.onces);
    atomic_store(&o->counts[KEPT_VISIT], row.visits);
    return ERR_OK;
}

/* ---- sessions that ended ---- */

/* However they did, they wait in the store's queue until their applications have their notices. Of
 * one whose notices found no room in the outbox the rest is left in a later round. */
static enum err find_ended(struct ctx *ctx, struct oidc *o, struct db *db)
{
    struct str *ids = NULL;
    size_t count = 0;
    TRY(session_gone_list(ctx, db, ENDED_AT_ONCE, &ids, &count));
    for (size_t i = 0; i < count && !o->stopping; i++) {
        struct keep keep = oidc_keep_gone(ctx->arena, ids[i]);
        TRY(keep_and_wait(ctx, o, &keep));
    }
    return ERR_OK;
}

/* ---- the thread ---- */

static enum err round_of_work(struct ctx *ctx, struct oidc *o, struct db *db, bool sweep)
{
    if (sweep) {
        TRY(keep_and_wait(ctx, o, &oidc_keep_sweep));
        TRY(count_rows(ctx, o, db));
        TRY(keys_ready(ctx, o));
    }
    return find_ended(ctx, o, db);
}

static void work(struct oidc *o, struct arena *arena)
{
    struct ctx ctx = {.arena = arena, .world = o->world};
    struct arena_guard guard;
    struct db *volatile db = NULL;
    volatile int64_t swept_ns = INT64_MIN / 2;
    while (!o->stopping) {
        int64_t now = o->world->mono_ns(o->world);
        bool sweep = now - swept_ns > (int64_t)SWEEP_S * 1000000000;
        enum err e = ERR_MEMORY;
        arena_clear(arena);
        if (setjmp(guard.jump) == 0) {
            struct db *reader = db;
            arena_guard(arena, &guard);
            e = reader == NULL ? store_reader(&ctx, o->config.store, &reader) : ERR_OK;
            db = reader;
            e = e == ERR_OK ? round_of_work(&ctx, o, db, sweep) : e;
        }
        arena_guard(arena, NULL);
        if (db != NULL) {
            db_settle(db);
        }
        if (e != ERR_OK && !o->stopping) {
            fprintf(stderr, "tongban: oidc: %s: %.*s\n", err_name(e), FMT(ctx.why.detail));
        }
        swept_ns = sweep ? now : swept_ns;
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += ROUND_S;
        pthread_mutex_lock(&o->lock);
        while (!o->stopping && pthread_cond_timedwait(&o->wake, &o->lock, &until) != ETIMEDOUT) {
        }
        pthread_mutex_unlock(&o->lock);
    }
    if (db != NULL) {
        db_close(db);
    }
}

static void *work_main(void *arg)
{
    struct oidc *o = arg;
    struct arena *arena = arena_new(WORK_ARENA_BYTES);
    if (arena != NULL) {
        work(o, arena);
        arena_free(arena);
    }
    return NULL;
}

enum err oidc_start(struct ctx *ctx, struct oidc *o)
{
    int failed = pthread_create(&o->thread, NULL, work_main, o);
    if (failed != 0) {
        return fault(ctx, ERR_MEMORY, "cannot start the thread that sweeps: %s", strerror(failed));
    }
    o->started = true;
    return ERR_OK;
}

void oidc_stop(struct oidc *o)
{
    if (o == NULL) {
        return;
    }
    arena_free(o->sign_arena);
    o->sign_arena = NULL;
    if (!o->started) {
        return;
    }
    pthread_mutex_lock(&o->lock);
    o->stopping = true;
    pthread_cond_signal(&o->wake);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    o->started = false;
}
