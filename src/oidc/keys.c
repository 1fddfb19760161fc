/* The keys of tokens: by number, which is the time divided by LIMIT_OIDC_KEY_S. Published are the
 * former (its tokens may still be about), the present, and the next (so that whoever caches the set
 * has it before it is used). */
#include "base/json_make.h"
#include "base/token.h"
#include "oidc/oidc_in.h"

#include "crypto/p256.h"

static const struct {
    enum jose_alg alg;
    enum token_key kind;
    const char *kid;
} kinds[] = {{JOSE_ES256, TOKEN_ES256, "es256-"},
             {JOSE_EDDSA, TOKEN_EDDSA, "eddsa-"},
             {JOSE_SM2, TOKEN_SM2, "sm2-"},
             {JOSE_RS256, TOKEN_RS256, "rs256-"}};
_Static_assert(LEN(kinds) == TOKEN_KINDS, "a place for the keys of each algorithm");

static size_t kind_of(enum jose_alg alg)
{
    for (size_t i = 0; i < LEN(kinds); i++) {
        if (kinds[i].alg == alg) {
            return i;
        }
    }
    bug("a token of an algorithm without keys", __FILE__, __LINE__);
}

static uint32_t number_now(struct ctx *ctx)
{
    return (uint32_t)(oidc_now(ctx).ms / 1000 / LIMIT_OIDC_KEY_S);
}

/* Under the lock. */
static enum err key_get(struct ctx *ctx, struct oidc *o, enum jose_alg alg, uint32_t number,
                        struct token_public **ret)
{
    size_t kind = kind_of(alg);
    struct token_public *place = &o->keys[kind][number % TOKEN_NUMBERS];
    if (place->alg == alg && place->number == number) {
        *ret = place;
        return ERR_OK;
    }
    struct token_public k = {.alg = alg, .number = number, .key = {.alg = alg}};
    uint8_t bytes[TOKEN_PUBLIC];
    struct str kid = str_format(ctx->arena, "%s%u", kinds[kind].kid, number);
    must(kid.n < sizeof(k.kid));
    memcpy(k.kid, kid.p, kid.n);
    TRY(keyholder_token_public(ctx, o->config.keys, kinds[kind].kind, number, bytes));
    memcpy(k.key.point, bytes, sizeof(k.key.point));
    memcpy(k.modulus, bytes, sizeof(k.modulus));
    k.p256 = alg == JOSE_ES256 ? p256_key_new(NULL, k.key.point) : NULL;
    p256_key_free(place->p256);
    *place = k;
    place->key.kid = str_from(place->kid);
    if (alg == JOSE_RS256) {
        place->key.n = (struct str){(const char *)place->modulus, sizeof(place->modulus)};
        place->key.e = STR("\x01\x00\x01");
    }
    *ret = place;
    return ERR_OK;
}

struct signing {
    struct oidc *o;
    enum token_key kind;
    uint32_t number;
};

static enum err sign(struct ctx *ctx, void *arg, enum jose_alg alg, struct str text,
                     uint8_t ret[JOSE_SIGNATURE])
{
    struct signing *s = arg;
    (void)alg;
    pthread_mutex_lock(&s->o->lock);
    enum err e = keyholder_token_sign(ctx, s->o->config.keys, s->kind, s->number, text, ret);
    pthread_mutex_unlock(&s->o->lock);
    return e;
}

enum err keys_sign(struct ctx *ctx, struct oidc *o, enum jose_alg alg, struct str typ,
                   const struct json *payload, struct str *ret)
{
    size_t kind = kind_of(alg);
    struct signing s = {o, kinds[kind].kind, number_now(ctx)};
    struct str kid = str_format(ctx->arena, "%s%u", kinds[kind].kid, s.number);
    return jws_sign(ctx, alg, typ, kid, payload, sign, &s, ret);
}

enum err keys_published(struct ctx *ctx, struct oidc *o, bool sm2, struct json *ret)
{
    uint32_t now = number_now(ctx);
    struct json list = json_array();
    enum err e = ERR_OK;
    for (uint32_t n = now - 1; n <= now + 1; n++) {
        for (size_t i = 0; i < LEN(kinds); i++) {
            struct token_public *k = NULL;
            if ((kinds[i].alg == JOSE_SM2) != sm2) {
                continue;
            }
            pthread_mutex_lock(&o->lock);
            e = key_get(ctx, o, kinds[i].alg, n, &k);
            struct jwk copy = e == ERR_OK ? k->key : (struct jwk){0};
            copy.n = str_copy(ctx->arena, copy.n);
            copy.kid = str_format(ctx->arena, "%s%u", kinds[i].kid, n);
            pthread_mutex_unlock(&o->lock);
            TRY(e);
            json_push(ctx->arena, &list, jwk_json(ctx->arena, &copy));
        }
    }
    *ret = json_object();
    json_set(ctx->arena, ret, STR("keys"), list);
    return ERR_OK;
}

enum err keys_ready(struct ctx *ctx, struct oidc *o)
{
    struct json set;
    TRY(keys_published(ctx, o, false, &set));
    return keys_published(ctx, o, true, &set);
}

/* The number in a kid of ours: "es256-2951", in its one spelling. */
static bool number_of(struct arena *a, size_t kind, struct str kid, uint32_t *ret)
{
    struct str prefix = str_from(kinds[kind].kid);
    uint64_t n = 0;
    if (!str_starts(kid, prefix) || !str_to_u64(str_slice(kid, prefix.n, kid.n), &n) ||
        n > UINT32_MAX) {
        return false;
    }
    *ret = (uint32_t)n;
    return str_equal(kid, str_format(a, "%.*s%u", FMT(prefix), *ret));
}

enum err keys_verify(struct ctx *ctx, struct oidc *o, struct str token, const char *typ,
                     uint32_t back, struct jws *ret)
{
    struct jws s;
    uint32_t number = 0;
    uint32_t now = number_now(ctx);
    TRY(jws_read(ctx, token, JOSE_ES256 | JOSE_EDDSA | JOSE_SM2 | JOSE_RS256, false, &s));
    if (!str_equal(s.typ, str_from(typ)) ||
        !number_of(ctx->arena, kind_of(s.alg), s.kid, &number)) {
        return fault(ctx, ERR_SIGNATURE, "the token is none of ours");
    }
    if (number > now + 1 || number + back < now ||
        back > TOKEN_BACK_MAX) { /* + 1: made just before the clock was put back */
        return fault(ctx, ERR_SIGNATURE,
                     "the token is signed by a key that is no longer, or not yet, used");
    }
    struct token_public *k = NULL;
    pthread_mutex_lock(&o->lock);
    enum err e = key_get(ctx, o, s.alg, number, &k);
    if (e == ERR_OK && s.alg == JOSE_ES256 && k->p256 != NULL) {
        bool ok = p256_key_verify(k->p256, s.input, (const uint8_t *)s.signature.p);
        e = ok ? ERR_OK : fault(ctx, ERR_SIGNATURE, "the signature of the token does not verify");
    } else if (e == ERR_OK) {
        e = jws_verify(ctx, &s, &k->key);
    }
    pthread_mutex_unlock(&o->lock);
    if (e == ERR_OK) {
        *ret = s;
    }
    return e;
}

/* ---- many at once ---- */

enum err keys_sign_later(struct page *p, struct later *l, enum jose_alg alg, struct str typ,
                         const struct json *payload, page_step *step)
{
    struct ctx *ctx = p->ctx;
    struct oidc *o = oidc_of(p);
    size_t kind = kind_of(alg);
    uint32_t number = number_now(ctx);
    struct str kid = str_format(ctx->arena, "%s%u", kinds[kind].kid, number);
    *l = (struct later){
        .page = p, .step = step, .alg = alg, .text = {.kind = kinds[kind].kind, .number = number}};
    TRY(jws_prepare(ctx, alg, typ, kid, payload, &l->text.text));
    page_hold(p);
    pthread_mutex_lock(&o->lock);
    l->next = o->later;
    o->later = l;
    pthread_mutex_unlock(&o->lock);
    return ERR_OK;
}

enum err keys_token(struct page *p, const struct later *l, struct str *ret)
{
    if (l->err != ERR_OK) {
        return fault(p->ctx, l->err, "the key holder did not sign");
    }
    *ret = jws_finish(p->ctx->arena, l->alg, l->text.text, l->text.signature);
    return ERR_OK;
}

enum { MANY_BYTES = 48 << 10 };

/* As many of the list as go into one asking, the first first; *list is what is left. */
static size_t take_many(struct later **list, struct later **ret)
{
    size_t count = 0;
    size_t bytes = 0;
    while (*list != NULL && count < TOKEN_TEXTS &&
           (count == 0 || bytes + (*list)->text.text.n + 16 <= MANY_BYTES)) {
        bytes += (*list)->text.text.n + 16;
        ret[count++] = *list;
        *list = (*list)->next;
    }
    return count;
}

static void sign_many(struct oidc *o, struct later **items, size_t count)
{
    struct token_text texts[TOKEN_TEXTS];
    struct arena *arena = o->sign_arena;
    struct ctx ctx = {.arena = arena, .world = o->world};
    struct arena_guard guard;
    volatile enum err e = ERR_MEMORY;
    for (size_t i = 0; i < count; i++) {
        texts[i] = items[i]->text;
    }
    pthread_mutex_lock(&o->lock);
    arena_clear(arena);
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        e = keyholder_token_sign_many(&ctx, o->config.keys, texts, count);
    }
    arena_guard(arena, NULL);
    pthread_mutex_unlock(&o->lock);
    for (size_t i = 0; i < count; i++) {
        items[i]->err = e;
        memcpy(items[i]->text.signature, texts[i].signature, sizeof(texts[i].signature));
    }
}

void oidc_settled(void *oidc)
{
    struct oidc *o = oidc;
    for (;;) {
        pthread_mutex_lock(&o->lock);
        struct later *list = o->later;
        o->later = NULL;
        pthread_mutex_unlock(&o->lock);
        if (list == NULL) {
            return;
        }
        struct later *in_order = NULL;
        while (list != NULL) {
            struct later *next = list->next;
            list->next = in_order;
            in_order = list;
            list = next;
        }
        while (in_order != NULL) {
            struct later *items[TOKEN_TEXTS];
            size_t count = take_many(&in_order, items);
            sign_many(o, items, count);
            for (size_t i = 0; i < count;
                 i++) { /* a step may put off another token: the next turn of this loop */
                page_go_on(items[i]->page, items[i]->step, items[i]);
            }
        }
    }
}
