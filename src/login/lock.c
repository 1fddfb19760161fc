/* Bounds on guessing that a restart does not lift. A count per failed try would make of every guess
 * a write; so what is written is only that a bucket has become full: one row for a burst of tries,
 * and then at most one for each that leaks out again. Notes on their way are few, and rows are
 * bounded; when either is full the bound still holds in memory. */
#include "login/login_in.h"

#include "base/world.h"
#include "crypto/crypto.h"

static const struct rate_bound *const kept[] = {&bound_name, &bound_code};

static enum err keep(struct ctx *ctx, struct db *db, void *arg, const struct receipt *receipt)
{
    struct lock_note *n = arg;
    char bound[2] = {n->bound, '\0'};
    struct login_lock_list_row *rows = NULL;
    size_t count = 0;
    int64_t now = ctx->world->now(ctx->world).ms;
    (void)receipt;
    if (n->login->locks >= LIMIT_LOGIN_LOCKS) {
        TRY(login_lock_sweep(ctx, db, (struct login_lock_sweep_in){.now_ms = now}));
        TRY(login_lock_list(ctx, db,
                            (struct login_lock_list_in){.now_ms = now, .count = LIMIT_LOGIN_LOCKS},
                            &rows, &count));
        n->login->locks = count;
    }
    if (n->login->locks >= LIMIT_LOGIN_LOCKS) {
        return ERR_OK;
    }
    n->login->locks++; /* or as many: a row that is there already is counted again, and the next
                          sweep sets it right */
    return login_lock_set(ctx, db,
                          (struct login_lock_set_in){.digest = {(const char *)n->key, RATE_KEY},
                                                     .bound = str_from(bound),
                                                     .until_ms = n->until_ms});
}

static void done(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct lock_note *n = arg;
    (void)err; /* the bound holds in memory */
    (void)why;
    (void)receipt;
    pthread_mutex_lock(&n->login->lock);
    n->busy = false;
    pthread_mutex_unlock(&n->login->lock);
}

static void note(struct page *p, const struct rate_bound *bound, const uint8_t key[RATE_KEY])
{
    struct login *l = login_of(p);
    struct lock_note *n = NULL;
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < LEN(l->notes) && n == NULL; i++) {
        n = l->notes[i].busy ? NULL : &l->notes[i];
    }
    if (n != NULL) {
        *n = (struct lock_note){.login = l, .bound = bound->kind, .busy = true};
        memcpy(n->key, key, RATE_KEY);
        n->until_ms =
            p->ctx->world->now(p->ctx->world).ms + (int64_t)(bound->burst / bound->per_s * 1000.0F);
    }
    pthread_mutex_unlock(&l->lock);
    if (n != NULL && gate_keep(p->ctx, p->gate, keep, n, done, n) != ERR_OK) {
        done(n, ERR_BUSY, NULL, NULL);
    }
}

int64_t login_take(struct page *p, const struct rate_bound *bound, struct str key)
{
    uint8_t called[RATE_KEY];
    bool filled = false;
    int64_t wait = rate_take_noting(&login_of(p)->rate, bound, key, &filled, called);
    if (filled) {
        note(p, bound, called);
    }
    return wait;
}

enum err login_recall(struct ctx *ctx, struct db *db, struct login *l)
{
    struct login_lock_list_row *rows = NULL;
    size_t count = 0;
    int64_t now = ctx->world->now(ctx->world).ms;
    TRY(login_lock_list(ctx, db,
                        (struct login_lock_list_in){.now_ms = now, .count = LIMIT_LOGIN_LOCKS},
                        &rows, &count));
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < LEN(kept); k++) {
            if (rows[i].digest.n == RATE_KEY && rows[i].bound.n == 1 &&
                rows[i].bound.p[0] == kept[k]->kind) {
                rate_recall(&l->rate, kept[k], (const uint8_t *)rows[i].digest.p,
                            rows[i].until_ms - now);
            }
        }
    }
    l->locks = LIMIT_LOGIN_LOCKS; /* the first note sweeps and counts */
    return ERR_OK;
}
