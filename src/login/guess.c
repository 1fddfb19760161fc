/* Bounds on guessing: so many tries of a name, of an owner's second factor, from an address. They
 * stand in the store (store/bound.h), so that all fronts count together and a restart lifts
 * nothing. A try is counted before it is made, which costs a write; who is bound already costs a
 * read.
 *
 * The rows know keyed digests alone: the key is made from the file that seals seeds at rest, which
 * no copy of the store contains. */
#include "login/login_in.h"

#include "crypto/crypto.h"

const struct guess_bound bound_name = {.kind = 'n', .burst = 10, .per_ms = 60 * 1000};
const struct guess_bound bound_address = {.kind = 'a', .burst = 200, .per_ms = 250};
const struct guess_bound bound_code = {.kind = 'c', .burst = 5, .per_ms = 120 * 1000};

enum { KEY_MAX = 158, GUESSES_MOST = 2 };

void guess_key(const uint8_t seal[SEAL_KEY], uint8_t ret[32])
{
    hmac_sha256((struct str){(const char *)seal, SEAL_KEY}, STR("names of full buckets"), ret);
}

struct bound_try guess_try(const uint8_t key[32], const struct guess *g)
{
    uint8_t mac[32];
    char text[1 + KEY_MAX];
    size_t n = g->key.n < KEY_MAX ? g->key.n : KEY_MAX;
    struct bound_try t = {.burst = g->bound->burst, .per_ms = g->bound->per_ms};
    text[0] = g->bound->kind; /* keys of different kinds do not meet by their text */
    if (n > 0) {
        memcpy(text + 1, g->key.p, n);
    }
    hmac_sha256((struct str){(const char *)key, 32}, (struct str){text, n + 1}, mac);
    memcpy(t.digest, mac, sizeof(t.digest));
    return t;
}

static void tries_of(struct page *p, const struct guess *guesses, size_t count,
                     struct bound_try ret[GUESSES_MOST])
{
    must(count <= GUESSES_MOST);
    for (size_t i = 0; i < count; i++) {
        ret[i] = guess_try(login_of(p)->guess_key, &guesses[i]);
    }
}

struct trying {
    page_then *then;
    void *own; /* of the page, given back to then */
};

static enum err tried(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    const struct trying *t = p->own;
    int64_t wait = 0;
    TRY(bound_kept_wait(ctx, p->kept, &wait));
    p->own = t->own;
    return wait > 0 ? login_wait(p, wait) : t->then(p, receipt);
}

enum err login_try(struct page *p, const struct guess *guesses, size_t count, page_then *then)
{
    struct ctx *ctx = p->ctx;
    struct bound_try tries[GUESSES_MOST];
    int64_t wait = 0;
    tries_of(p, guesses, count, tries);
    TRY(bound_wait(ctx, p->db, tries, count, &wait));
    if (wait > 0) {
        return login_wait(p, wait);
    }
    struct trying *t = ARENA_NEW(ctx->arena, struct trying);
    struct keep keep = bound_keep_take(ctx->arena, tries, count);
    *t = (struct trying){then, p->own};
    p->own = t;
    return page_keep(p, &keep, tried);
}

static void given(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    (void)arg;
    (void)err; /* the try counts until it leaks out */
    (void)why;
    (void)receipt;
}

void login_untry(struct page *p, const struct guess_bound *bound, struct str key)
{
    struct bound_try t = guess_try(login_of(p)->guess_key, &(struct guess){bound, key});
    struct keep keep = bound_keep_give(p->ctx->arena, &t, 1);
    enum err e = gate_keep(p->ctx, p->gate, &keep, given, NULL);
    (void)e; /* as given */
}
