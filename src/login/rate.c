#include "login/login_in.h"

#include "base/world.h"
#include "crypto/crypto.h"

void rate_open(struct rate *r, struct world *world, const uint8_t stable[32])
{
    r->world = world;
    memcpy(r->stable, stable, sizeof(r->stable));
    world->random(world, r->secret, sizeof(r->secret));
    pthread_mutex_init(&r->lock, NULL);
}

/* What a key is called: the same after a restart, and not to be guessed from the key. */
static void call(const struct rate *r, const struct rate_bound *bound, struct str key,
                 uint8_t ret[RATE_KEY])
{
    uint8_t mac[32];
    char text[160];
    size_t n = key.n < sizeof(text) - 1 ? key.n : sizeof(text) - 1;
    text[0] = bound->kind;
    memcpy(text + 1, key.p, n);
    hmac_sha256((struct str){(const char *)r->stable, sizeof(r->stable)}, (struct str){text, n + 1},
                mac);
    memcpy(ret, mac, RATE_KEY);
}

static void cells_of(struct rate *r, const uint8_t key[RATE_KEY], struct rate_cell *ret[RATE_ROWS])
{
    uint8_t mac[32];
    hmac_sha256((struct str){(const char *)r->secret, sizeof(r->secret)},
                (struct str){(const char *)key, RATE_KEY}, mac);
    for (int i = 0; i < RATE_ROWS; i++) {
        ret[i] = &r->cells[i][((unsigned)mac[2 * i] << 8 | mac[2 * i + 1]) % RATE_COLUMNS];
    }
}

static void leak(struct rate_cell *c, const struct rate_bound *bound, int64_t now_ms)
{
    float gone = (float)(now_ms - c->seen_ms) / 1000.0F * bound->per_s;
    c->level = c->level > gone ? c->level - gone : 0;
    c->seen_ms = now_ms;
}

int64_t rate_take(struct rate *r, const struct rate_bound *bound, struct str key)
{
    uint8_t called[RATE_KEY];
    bool filled = false;
    return rate_take_noting(r, bound, key, &filled, called);
}

int64_t rate_take_noting(struct rate *r, const struct rate_bound *bound, struct str key,
                         bool *ret_filled, uint8_t ret_key[RATE_KEY])
{
    struct rate_cell *cells[RATE_ROWS];
    int64_t now = r->world->mono_ns(r->world) / 1000000;
    call(r, bound, key, ret_key);
    cells_of(r, ret_key, cells);
    pthread_mutex_lock(&r->lock);
    float least = bound->burst;
    for (int i = 0; i < RATE_ROWS; i++) {
        leak(cells[i], bound, now);
        least = cells[i]->level < least ? cells[i]->level : least;
    }
    bool within = least + 1 <= bound->burst;
    *ret_filled = within && least + 2 > bound->burst;
    for (int i = 0; within && i < RATE_ROWS; i++) {
        /* Raise only what is below: others' tries in the same cell are not counted twice. */
        cells[i]->level = cells[i]->level > least + 1 ? cells[i]->level : least + 1;
    }
    pthread_mutex_unlock(&r->lock);
    return within ? 0 : 1 + (int64_t)((least + 1 - bound->burst) / bound->per_s);
}

void rate_give(struct rate *r, const struct rate_bound *bound, struct str key)
{
    struct rate_cell *cells[RATE_ROWS];
    uint8_t called[RATE_KEY];
    call(r, bound, key, called);
    cells_of(r, called, cells);
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < RATE_ROWS; i++) {
        cells[i]->level = cells[i]->level > 1 ? cells[i]->level - 1 : 0;
    }
    pthread_mutex_unlock(&r->lock);
}

void rate_recall(struct rate *r, const struct rate_bound *bound, const uint8_t key[RATE_KEY],
                 int64_t left_ms)
{
    struct rate_cell *cells[RATE_ROWS];
    int64_t now = r->world->mono_ns(r->world) / 1000000;
    float level = (float)left_ms / 1000.0F * bound->per_s;
    level = level > bound->burst ? bound->burst : level; /* the wall clock was set back */
    cells_of(r, key, cells);
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < RATE_ROWS; i++) {
        leak(cells[i], bound, now);
        cells[i]->level = cells[i]->level > level ? cells[i]->level : level;
    }
    pthread_mutex_unlock(&r->lock);
}
