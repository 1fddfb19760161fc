/* signin.c - what a sign-in costs on one core: a passkey's assertion verified whole, beside the
 * bare ECDSA verification it cannot do without; a password, beside filling its memory twice, which
 * Argon2id cannot do without. Prints a table, and lines "BENCH name|value|unit|limit|ratio|peer"
 * for build/bench.json. */
#include <openssl/evp.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "crypto/factor.h"
#include "report.h"

enum { ROUNDS = 3, PASSWORD_MEMORY = 19456 * 1024 };

static int64_t assertions;
static int64_t passwords;

/* An authenticator's answer to a challenge, for an ES256 key made here. */
struct answer {
    struct webauthn_want want;
    struct passkey key;
    struct str client;
    struct str data;
    struct str signature; /* DER */
    struct str text;      /* what is signed */
    EVP_PKEY *evp;
};

static void make_answer(struct arena *a, struct answer *x)
{
    uint8_t point[65];
    uint8_t cose[77] = {0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 0x20};
    uint8_t data[37] = {0};
    uint8_t *sig = arena_push(a, 80);
    char *text = arena_push_bytes(a, 69);
    size_t n = 0;
    x->evp = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    must(x->evp != NULL &&
         EVP_PKEY_get_octet_string_param(x->evp, "encoded-pub-key", point, sizeof(point), &n) == 1);
    memcpy(cose + 10, point + 1, 32);
    cose[42] = 0x22;
    cose[43] = 0x58;
    cose[44] = 0x20;
    memcpy(cose + 45, point + 33, 32);
    x->want = (struct webauthn_want){.rp_id = STR("portal.example"),
                                     .origin = STR("https://portal.example"),
                                     .challenge = STR("chal-1"),
                                     .verified = true};
    x->key = (struct passkey){.key = str_copy(a, (struct str){(const char *)cose, sizeof(cose)}),
                              .alg = COSE_ES256};
    x->client = STR("{\"type\":\"webauthn.get\",\"challenge\":\"Y2hhbC0x\",\"origin\":\"https://"
                    "portal.example\",\"crossOrigin\":false}");
    sha256("portal.example", 14, data);
    data[32] = 5;
    data[36] = 1;
    x->data = str_copy(a, (struct str){(const char *)data, sizeof(data)});
    memcpy(text, data, 37);
    sha256(x->client.p, x->client.n, (uint8_t *)text + 37);
    x->text = (struct str){text, 69};
    n = 80;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, x->evp) == 1);
    must(EVP_DigestSign(c, sig, &n, (const uint8_t *)text, 69) == 1);
    EVP_MD_CTX_free(c);
    x->signature = (struct str){(const char *)sig, n};
}

static double whole(struct ctx *ctx, const struct answer *x)
{
    int64_t from = ctx->world->mono_ns(ctx->world);
    for (int64_t i = 0; i < assertions; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        struct passkey_use use;
        must(webauthn_assert(ctx, &x->want, &x->key, x->client, x->data, x->signature, &use) ==
             ERR_OK);
        arena_reset(ctx->arena, mark);
    }
    return (double)assertions * 1e9 / (double)(ctx->world->mono_ns(ctx->world) - from);
}

static double bare(struct ctx *ctx, const struct answer *x)
{
    int64_t from = ctx->world->mono_ns(ctx->world);
    for (int64_t i = 0; i < assertions; i++) {
        EVP_MD_CTX *c = EVP_MD_CTX_new();
        must(EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, x->evp) == 1);
        must(EVP_DigestVerify(c, (const uint8_t *)x->signature.p, x->signature.n,
                              (const uint8_t *)x->text.p, x->text.n) == 1);
        EVP_MD_CTX_free(c);
    }
    return (double)assertions * 1e9 / (double)(ctx->world->mono_ns(ctx->world) - from);
}

static double verify_passwords(struct ctx *ctx, const char *text)
{
    int64_t from = ctx->world->mono_ns(ctx->world);
    for (int64_t i = 0; i < passwords; i++) {
        must(password_verify(STR("correct horse battery"), text));
    }
    return (double)passwords * 1e9 / (double)(ctx->world->mono_ns(ctx->world) - from);
}

static double memory(struct ctx *ctx, char *room)
{
    int64_t from = ctx->world->mono_ns(ctx->world);
    for (int64_t i = 0; i < 2 * passwords; i++) {
        memset(room, (int)i, PASSWORD_MEMORY);
        must(room[i] == (char)i);
    }
    return (double)passwords * 1e9 / (double)(ctx->world->mono_ns(ctx->world) - from);
}

static double more(double a, double b)
{
    return a > b ? a : b;
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv);
    assertions = bench_size(4000, 100);
    passwords = bench_size(12, 1);
    struct arena *arena = arena_new((size_t)256 << 20);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct answer x;
    static const uint8_t salt[PASSWORD_SALT] = {1};
    char text[PASSWORD_TEXT];
    char *room = arena_push_bytes(arena, PASSWORD_MEMORY);
    double own = 0;
    double limit = 0;
    double hashes = 0;
    double fills = 0;
    make_answer(arena, &x);
    must(password_hash(STR("correct horse battery"), salt, text));
    for (int i = 0; i < bench_size(ROUNDS, 1); i++) { /* by turns: others use this machine too */
        own = more(own, whole(&ctx, &x));
        limit = more(limit, bare(&ctx, &x));
        hashes = more(hashes, verify_passwords(&ctx, text));
        fills = more(fills, memory(&ctx, room));
    }
    bench_report("passkey assertions", own, "1/s", limit, "ECDSA P-256 verification alone");
    bench_report("password verification", hashes, "1/s", fills, "filling 19 MiB twice");
    EVP_PKEY_free(x.evp);
    arena_free(arena);
    return 0;
}
