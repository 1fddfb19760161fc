/* Published vectors of each algorithm, and signatures that differ in one bit. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/test.h"
#include "crypto/keyholder.h"
#include "crypto/p256.h"
#include "crypto/rsa.h"
#include "crypto/sm2.h"

static void check_hex(struct test *t, const uint8_t *bytes, size_t n, const char *want, int line)
{
    test_check_str(t, hex_encode(t->ctx->arena, bytes, n), want, __FILE__, line);
}

/* FIPS 180-4 and GB/T 32905-2016 A.1. */
TEST(crypto_hashes_match_the_standards)
{
    uint8_t h[32];
    sha256("abc", 3, h);
    check_hex(t, h, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
              __LINE__);
    sm3("abc", 3, h);
    check_hex(t, h, 32, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0",
              __LINE__);
    sha256_prefixed(0, STR("L123"), STR("456"), h);
    check_hex(t, h, 32, "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56",
              __LINE__);
    hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), h); /* RFC 4231 4.3 */
    check_hex(t, h, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
              __LINE__);
}

/* RFC 8032 7.1, test 3. */
TEST(crypto_ed25519_matches_rfc_8032)
{
    uint8_t seed[32];
    uint8_t key[32];
    uint8_t sig[64];
    hex_decode(STR("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"), seed, 32);
    ed25519_public(seed, key);
    check_hex(t, key, 32, "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
              __LINE__);
    ed25519_sign(seed, STR("\xaf\x82"), sig);
    check_hex(t, sig, 64,
              "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67"
              "f760984dc6594a7c15e9"
              "716ed28dc027beceea1ec40a",
              __LINE__);
    CHECK(ed25519_verify(key, STR("\xaf\x82"), sig));
    CHECK(!ed25519_verify(key, STR("\xaf\x83"), sig));
}

/* GB/T 32918.5-2017 A.2: the signature printed there verifies; ours does too, and altered ones do
 * not. */
TEST(crypto_sm2_matches_the_standard)
{
    uint8_t secret[32];
    uint8_t key[65];
    uint8_t sig[64];
    hex_decode(STR("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8"), secret, 32);
    CHECK(sm2_public(secret, key));
    check_hex(t, key, 65,
              "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020ccea490ce26775a52d"
              "c6ea718cc1aa600aed05"
              "fbf35e084a6632f6072da9ad13",
              __LINE__);
    hex_decode(STR("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3B1B6AA29DF212FD"
                   "8763182BC0D421CA1"
                   "BB9038FD1F7F42D4840B69C485BBC1AA"),
               sig, 64);
    CHECK(sm2_verify(key, STR("message digest"), sig));
    CHECK(!sm2_verify(key, STR("message digesT"), sig));
    sig[63] ^= 1;
    CHECK(!sm2_verify(key, STR("message digest"), sig));
    CHECK(sm2_sign(secret, key, STR("message digest"), sig));
    CHECK(sm2_verify(key, STR("message digest"), sig));
    memset(secret, 0, sizeof(secret));
    CHECK(!sm2_public(secret, key));
    memset(secret, 0xff, sizeof(secret));
    CHECK(!sm2_public(secret, key));
}

static struct str test_folder(struct ctx *ctx)
{
    char *path = str_z(ctx->arena, STR("/tmp/tongban-test-XXXXXX"));
    return str_from(mkdtemp(path));
}

TEST(crypto_the_key_holder_signs_in_its_own_process)
{
    struct str dir = test_folder(ctx);
    struct keyholder *k = NULL;
    struct signatures s;
    CHECK_OK(keys_create(ctx, dir));
    CHECK_ERR(keys_create(ctx, dir), ERR_DUPLICATE);
    CHECK_OK(keyholder_start(ctx, dir, &k));
    for (int i = 0; i < 3; i++) {
        struct str text = str_format(ctx->arena, "head %d", i);
        CHECK_OK(keyholder_sign(ctx, k, text, &s));
        CHECK(ed25519_verify(keyholder_public(k)->ed25519, text, s.ed25519));
        CHECK(sm2_verify(keyholder_public(k)->sm2, text, s.sm2));
    }
    struct str large = {arena_push(ctx->arena, 70000), 70000};
    CHECK_ERR(keyholder_sign(ctx, k, large, &s), ERR_TOO_LARGE);
    keyholder_stop(k);
    CHECK_ERR(keyholder_sign(ctx, k, STR("after"), &s), ERR_SIGNING);
}

static void change_key(struct test *t, struct ctx *ctx, struct str dir, const char *name,
                       const char *text)
{
    CHECK_OK(file_write(ctx, str_format(ctx->arena, "%.*s/keys/%s", FMT(dir), name).p,
                        str_from(text), 0600));
}

TEST(crypto_the_key_holder_says_why_it_does_not_start)
{
    struct str dir = test_folder(ctx);
    struct keyholder *k = NULL;
    CHECK_ERR(keyholder_start(ctx, dir, &k), ERR_NOT_FOUND);
    CHECK_OK(keys_create(ctx, dir));
    change_key(t, ctx, dir, "sm2.key", "not hexadecimal\n");
    CHECK_ERR(keyholder_start(ctx, dir, &k), ERR_CORRUPT);
    CHECK(str_find(ctx->why.detail, STR("keys/sm2.key")) != SIZE_MAX);
    change_key(t, ctx, dir, "sm2.key",
               "0000000000000000000000000000000000000000000000000000000000000000\n");
    CHECK_ERR(keyholder_start(ctx, dir, &k), ERR_CRYPTO);
    change_key(t, ctx, dir, "sm2.key",
               "0000000000000000000000000000000000000000000000000000000000000007\n");
    CHECK_ERR(keyholder_start(ctx, dir, &k), ERR_CRYPTO); /* a key, but not that of sm2.pub */
    ctx->world->remove(ctx->world, str_format(ctx->arena, "%.*s/keys/ed25519.key", FMT(dir)).p);
    CHECK_ERR(keyholder_start(ctx, dir, &k), ERR_NOT_FOUND);
    CHECK(k == NULL);
}

TEST(crypto_private_keys_are_for_their_owner_alone)
{
    struct str dir = test_folder(ctx);
    struct stat st;
    CHECK_OK(keys_create(ctx, dir));
    static const struct {
        const char *name;
        unsigned mode;
    } rows[] = {{"keys", 0700},
                {"keys/ed25519.key", 0600},
                {"keys/sm2.key", 0600},
                {"keys/token.key", 0600}};
    for (size_t i = 0; i < LEN(rows); i++) {
        CHECK_INT(stat(str_format(ctx->arena, "%.*s/%s", FMT(dir), rows[i].name).p, &st), 0);
        CHECK_INT(st.st_mode & 0777, rows[i].mode);
    }
}

TEST(crypto_keys_in_memory_sign_alike)
{
    static const uint8_t seed[32] = {1};
    static const uint8_t zero[32];
    struct keyholder *k = NULL;
    struct signatures s;
    CHECK_OK(keyholder_in_memory(ctx, seed, seed, &k));
    CHECK_OK(keyholder_sign(ctx, k, STR("head"), &s));
    CHECK(ed25519_verify(keyholder_public(k)->ed25519, STR("head"), s.ed25519));
    CHECK(sm2_verify(keyholder_public(k)->sm2, STR("head"), s.sm2));
    CHECK_ERR(keyholder_in_memory(ctx, seed, zero, &k), ERR_CRYPTO);
}

TEST(crypto_token_keys_follow_from_one_secret_and_a_number)
{
    struct str dir = test_folder(ctx);
    struct keyholder *k = NULL;
    uint8_t key[TOKEN_PUBLIC];
    uint8_t again[TOKEN_PUBLIC];
    uint8_t other[TOKEN_PUBLIC];
    uint8_t rsa[TOKEN_PUBLIC];
    uint8_t sig[TOKEN_SIGNATURE];
    struct str modulus = {(const char *)rsa, sizeof(rsa)};
    uint8_t secret[32];
    uint8_t label[32];
    CHECK_OK(keys_create(ctx, dir));
    ctx->world->remove(ctx->world, str_format(ctx->arena, "%.*s/keys/token.key", FMT(dir)).p);
    CHECK_OK(keyholder_start(ctx, dir, &k)); /* an older node gets its secret now */
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_ES256, 7, key));
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_ES256, 8, other));
    CHECK(memcmp(key, other, 65) != 0);
    for (uint32_t n = 0; n < 20; n++) { /* more than are kept ready */
        CHECK_OK(keyholder_token_sign(ctx, k, TOKEN_ES256, n, STR("text"), sig));
        CHECK(p256_verify(key, STR("text"), sig) == (n == 7));
    }
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_EDDSA, 7, other));
    CHECK_OK(keyholder_token_sign(ctx, k, TOKEN_EDDSA, 7, STR("text"), sig));
    CHECK(ed25519_verify(other, STR("text"), sig));
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_SM2, 7, other));
    CHECK_OK(keyholder_token_sign(ctx, k, TOKEN_SM2, 7, STR("text"), sig));
    CHECK(sm2_verify(other, STR("text"), sig));
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_RS256, 7, rsa));
    CHECK_OK(keyholder_token_sign(ctx, k, TOKEN_RS256, 7, STR("text"), sig));
    CHECK(rsa_pkcs1_verify(modulus, STR("\x01\x00\x01"), STR("text"),
                           (struct str){(const char *)sig, 256}));
    CHECK_ERR(keyholder_token_sign(ctx, k, (enum token_key)9, 7, STR("text"), sig), ERR_CRYPTO);
    struct token_text texts[TOKEN_TEXTS];
    for (size_t i = 0; i < TOKEN_TEXTS; i++) {
        texts[i] = (struct token_text){
            i % 2 == 0 ? TOKEN_ES256 : TOKEN_EDDSA, 7, str_format(ctx->arena, "text %zu", i), {0}};
    }
    texts[3].kind = TOKEN_RS256; /* signatures of different lengths follow each other */
    CHECK_OK(keyholder_token_sign_many(ctx, k, texts, TOKEN_TEXTS));
    CHECK(rsa_pkcs1_verify(modulus, STR("\x01\x00\x01"), texts[3].text,
                           (struct str){(const char *)texts[3].signature, 256}));
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_EDDSA, 7, other));
    for (size_t i = 0; i < TOKEN_TEXTS; i++) {
        CHECK(i == 3 || i % 2 == 0 ? i == 3 || p256_verify(key, texts[i].text, texts[i].signature)
                                   : ed25519_verify(other, texts[i].text, texts[i].signature));
    }
    CHECK_ERR(keyholder_token_sign_many(ctx, k, texts, 0), ERR_TOO_MANY);
    texts[1].kind = (enum token_key)9;
    CHECK_ERR(keyholder_token_sign_many(ctx, k, texts, 2), ERR_CRYPTO);
    texts[1].text = (struct str){arena_push(ctx->arena, 70000), 70000};
    CHECK_ERR(keyholder_token_sign_many(ctx, k, texts, 2), ERR_TOO_LARGE);
    CHECK_OK(keyholder_token_secret(ctx, k, STR("a"), secret));
    CHECK_OK(keyholder_token_secret(ctx, k, STR("b"), label));
    CHECK(memcmp(secret, label, 32) != 0);
    keyholder_stop(k);
    CHECK_OK(keyholder_start(ctx, dir, &k)); /* the same keys after a restart */
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_ES256, 7, again));
    CHECK(memcmp(key, again, 65) == 0);
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_RS256, 7, again));
    CHECK(memcmp(rsa, again, sizeof(rsa)) == 0);
    CHECK_OK(keyholder_token_secret(ctx, k, STR("a"), label));
    CHECK(memcmp(secret, label, 32) == 0);
    keyholder_stop(k);
    change_key(t, ctx, dir, "token.key", "short\n");
    CHECK_ERR(keyholder_start(ctx, dir, &k), ERR_CORRUPT);
}

/* A front on another machine has no more than that: tokens as everywhere, and no head. */
TEST(crypto_the_secret_of_tokens_alone_signs_no_head)
{
    struct str dir = test_folder(ctx);
    struct keyholder *k = NULL;
    struct signatures s;
    uint8_t whole[TOKEN_PUBLIC];
    uint8_t alone[TOKEN_PUBLIC];
    CHECK_OK(keys_create(ctx, dir));
    CHECK_OK(keyholder_start(ctx, dir, &k));
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_ES256, 7, whole));
    keyholder_stop(k);
    static const char *const heads[] = {"ed25519.key", "sm2.key", "ed25519.pub", "sm2.pub"};
    for (size_t i = 0; i < LEN(heads); i++) {
        ctx->world->remove(ctx->world,
                           str_format(ctx->arena, "%.*s/keys/%s", FMT(dir), heads[i]).p);
    }
    CHECK_OK(keyholder_start_tokens(ctx, dir, &k));
    CHECK_OK(keyholder_token_public(ctx, k, TOKEN_ES256, 7, alone));
    CHECK(memcmp(whole, alone, 65) == 0);
    CHECK_OK(keyholder_watch(ctx, k));
    CHECK_ERR(keyholder_sign(ctx, k, STR("head"), &s), ERR_CRYPTO);
    keyholder_stop(k);
    ctx->why = (struct why){0};
    ctx->world->remove(ctx->world, str_format(ctx->arena, "%.*s/keys/token.key", FMT(dir)).p);
    CHECK_ERR(keyholder_start_tokens(ctx, dir, &k), ERR_NOT_FOUND); /* and makes none */
}

/* The same seed makes the same key as in every version before: a node would else lose the keys of
 * its tokens. */
TEST(crypto_an_rsa_key_follows_from_its_seed)
{
    uint8_t seed[32];
    uint8_t modulus[RSA_MODULUS];
    uint8_t hash[32];
    uint8_t sig[RSA_MODULUS];
    struct str n = {(const char *)modulus, sizeof(modulus)};
    struct str made = {(const char *)sig, sizeof(sig)};
    memset(seed, 7, sizeof(seed));
    struct rsa_key *k = rsa_key_derive(seed);
    CHECK(k != NULL && rsa_key_public(k, modulus));
    sha256(modulus, sizeof(modulus), hash);
    CHECK_STR(hex_encode(ctx->arena, hash, 32),
              "37b1be9f181b7e7a85e3aabe9a85a8df292d63e0b9f44e2a09e192d2df7075cf");
    CHECK((modulus[0] & 0x80) != 0 && (modulus[RSA_MODULUS - 1] & 1) == 1);
    CHECK(rsa_key_sign(k, STR("text"), sig));
    CHECK(rsa_pkcs1_verify(n, STR("\x01\x00\x01"), STR("text"), made));
    CHECK(!rsa_pkcs1_verify(n, STR("\x01\x00\x01"), STR("texts"), made));
    CHECK(!rsa_pss_verify(n, STR("\x01\x00\x01"), STR("text"), made));
    rsa_key_free(k);
}

/* RFC 4231, cases 1, 2 and 6: short, long and over-long keys. */
TEST(crypto_hmac_gives_the_vectors_of_rfc_4231)
{
    static const char long_key[] = "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                   "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                   "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                   "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                   "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                   "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                   "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                   "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                   "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
                                   "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa";
    static const struct {
        struct str key;
        const char *text;
        const char *mac;
    } rows[] = {
        {STR_INIT(
             "\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
         "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {STR_INIT("Jefe"), "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {{long_key, 131},
         "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        uint8_t mac[32];
        hmac_sha256(rows[i].key, str_from(rows[i].text), mac);
        CHECK_STR(hex_encode(ctx->arena, mac, 32), rows[i].mac);
    }
}
