/* Passwords, one-time codes and passkeys: the printed examples of the standards, and what must be
 * refused. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/test.h"
#include "crypto/cbor.h"
#include "crypto/crypto.h"
#include "crypto/factor.h"

TEST(crypto_password_verifies_itself_alone)
{
    static const uint8_t salt[PASSWORD_SALT] = {1, 2, 3};
    char text[PASSWORD_TEXT];
    CHECK(password_hash(STR("correct horse 马"), salt, text));
    CHECK(strncmp(text, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0);
    CHECK(password_verify(STR("correct horse 马"), text) == PROOF_YES);
    CHECK(password_verify(STR("correct horse 马 "), text) == PROOF_NO);
    CHECK(password_verify(STR(""), text) == PROOF_NO);
    CHECK(password_verify(STR("x"), "no hash at all") == PROOF_NO);
    CHECK(!password_is_dated(text));
    CHECK(password_is_dated("$argon2id$v=19$m=7168,t=5,p=1$c2FsdHNhbHQ$aGFzaA"));
}

/* RFC 4226 appendix D (counters are steps), RFC 6238 appendix B cut to six digits. */
TEST(crypto_totp_matches_the_rfcs)
{
    const uint8_t *seed = (const uint8_t *)"12345678901234567890";
    static const char *const codes[] = {"755224", "287082", "359152", "969429", "338314",
                                        "254676", "287922", "162583", "399871", "520489"};
    char code[TOTP_DIGITS + 1];
    for (int i = 0; i < 10; i++) {
        CHECK(totp_code(seed, i, code));
        CHECK_STR(str_from(code), codes[i]);
    }
    CHECK(totp_code(seed, 1111111109 / 30, code));
    CHECK_STR(str_from(code), "081804");
    CHECK(totp_code(seed, 20000000000 / 30, code));
    CHECK_STR(str_from(code), "353130");
}

TEST(crypto_totp_is_good_once_and_near_its_time)
{
    const uint8_t *seed = (const uint8_t *)"12345678901234567890";
    CHECK_INT(totp_match(seed, STR("969429"), 3, -1), 3);
    CHECK_INT(totp_match(seed, STR("969429"), 4, -1), 3); /* a slow clock */
    CHECK_INT(totp_match(seed, STR("969429"), 2, -1), 3); /* a fast one */
    CHECK_INT(totp_match(seed, STR("969429"), 5, -1), -1);
    CHECK_INT(totp_match(seed, STR("969429"), 1, -1), -1);
    CHECK_INT(totp_match(seed, STR("969429"), 3, 3), -1); /* again */
    CHECK_INT(totp_match(seed, STR("969429"), 4, 4), -1); /* one older than the last */
    CHECK_INT(totp_match(seed, STR("96942"), 3, -1), -1);
    CHECK_INT(totp_match(seed, STR("9694290"), 3, -1), -1);
    CHECK_INT(totp_match(seed, STR(""), 3, -1), -1);
}

TEST(crypto_base32_matches_rfc_4648)
{
    CHECK_STR(base32_encode(ctx->arena, "foobar", 6), "MZXW6YTBOI");
    CHECK_STR(base32_encode(ctx->arena, "f", 1), "MY");
    CHECK_STR(base32_encode(ctx->arena, "", 0), "");
}

TEST(crypto_sealed_secret_opens_for_its_owner_alone)
{
    static const uint8_t key[SEAL_KEY] = {7};
    static const uint8_t other[SEAL_KEY] = {8};
    static const uint8_t nonce[12] = {9};
    uint8_t sealed[5 + SEAL_MORE];
    uint8_t text[sizeof(sealed)];
    CHECK(secret_seal(key, nonce, STR("12345"), STR("row 1"), sealed));
    struct str s = {(const char *)sealed, sizeof(sealed)};
    CHECK(secret_open(key, s, STR("row 1"), text) == PROOF_YES && memcmp(text, "12345", 5) == 0);
    CHECK(secret_open(key, s, STR("row 2"), text) == PROOF_NO);
    CHECK(secret_open(other, s, STR("row 1"), text) == PROOF_NO);
    CHECK(secret_open(key, str_slice(s, 0, s.n - 1), STR("row 1"), text) == PROOF_NO);
    CHECK(secret_open(key, str_slice(s, 0, 10), STR("row 1"), text) == PROOF_NO);
    for (size_t i = 0; i < sizeof(sealed); i++) {
        sealed[i] ^= 1;
        CHECK(secret_open(key, s, STR("row 1"), text) == PROOF_NO);
        sealed[i] ^= 1;
    }
}

/* ---- CBOR ---- */

extern bool crypto_test_without_memory; /* test_memory.c */

static bool one_item(const char *hex)
{
    uint8_t bytes[64];
    size_t n = strlen(hex) / 2;
    must(hex_decode(str_from(hex), bytes, n));
    struct cbor c = cbor_from((struct str){(const char *)bytes, n});
    cbor_skip(&c);
    return cbor_is_done(&c);
}

TEST(crypto_cbor_takes_only_the_canonical_form)
{
    static const char *const good[] = {
        "00",     "17",   "1818",   "18ff",       "190100", "1a00010000", "1b0000000100000000",
        "20",     "3818", "40",     "4401020304", "60",     "63e8bf90",   "80",
        "820102", "a0",   "a10102", "f4",         "f5",     "f6",         "a1018101"};
    static const char *const bad[] = {"",
                                      "1817",
                                      "1900ff",
                                      "1a0000ffff",
                                      "1b00000000ffffffff",
                                      "1bffffffffffffffff",
                                      "18",
                                      "42ff",
                                      "62ff",
                                      "61ff",
                                      "81",
                                      "a101",
                                      "5f4100ff",
                                      "9f00ff",
                                      "bf0000ff",
                                      "c000",
                                      "f7",
                                      "f820",
                                      "f97e00",
                                      "fb3ff0000000000000",
                                      "ff",
                                      "0000",
                                      "818181818180",
                                      "9b0fffffffffffffff",
                                      "bb0fffffffffffffff",
                                      "1c",
                                      "1f"};
    for (size_t i = 0; i < LEN(good); i++) {
        test_check(t, one_item(good[i]), good[i], __FILE__, __LINE__);
    }
    for (size_t i = 0; i < LEN(bad); i++) {
        test_check(t, !one_item(bad[i]), bad[i], __FILE__, __LINE__);
    }
}

/* ---- passkeys ---- */

/* What headless Chromium made with a virtual authenticator; an independent verifier accepted it. */
static const char client_create[] =
    "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiWTJoaGJDMHgiLCJvcmlnaW4iOiJodHRwOi8vbG9jYW"
    "xob3N0OjM5NzciLCJjcm9zc09yaWdpbiI6ZmFsc2V9";
static const char client_get[] =
    "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiWTJoaGJDMHkiLCJvcmlnaW4iOiJodHRwOi8vbG9jYWxob3"
    "N0OjM5NzciLCJjcm9zc09yaWdpbiI6ZmFsc2V9";

static struct str from64(struct ctx *ctx, struct str text)
{
    struct str out = {0};
    must(base64url_decode(ctx->arena, text, &out));
    return out;
}

TEST(crypto_passkey_of_chromium_verifies)
{
    const char *dir = test_data_dir();
    struct str text = {0};
    struct json o;
    if (dir == NULL) {
        return; /* crypto_passkey_altered_is_refused makes its own */
    }
    CHECK_OK(file_read(ctx, str_format(ctx->arena, "%s/generated/webauthn-chromium.json", dir).p,
                       1 << 16, &text));
    CHECK_OK(json_parse(ctx, text, STR("vector"), &o));
    const struct json *made =
        json_get(json_get(json_get(&o, "registration"), "response"), "response");
    const struct json *used =
        json_get(json_get(json_get(&o, "authentication"), "response"), "response");
    struct webauthn_want want = {
        .rp_id = json_text(&o, "rp_id"), .origin = json_text(&o, "origin"), .verified = true};
    struct passkey key;
    struct passkey_use use;
    want.challenge = from64(ctx, json_text(json_get(&o, "registration"), "challenge_b64url"));
    CHECK_STR(json_text(made, "clientDataJSON"), client_create);
    CHECK_OK(webauthn_register(ctx, &want, from64(ctx, json_text(made, "clientDataJSON")),
                               from64(ctx, json_text(made, "attestationObject")), &key));
    const struct json *registered = json_get(&o, "registered_credential");
    CHECK(str_equal(base64url_encode(ctx->arena, key.id.p, key.id.n), json_text(registered, "id")));
    CHECK(str_equal(hex_encode(ctx->arena, key.key.p, key.key.n),
                    json_text(registered, "cose_public_key_hex")));
    CHECK_INT(key.count, json_int(registered, "counter", -1));
    CHECK(key.verified && key.alg == COSE_ES256 && !key.attested);
    want.challenge = from64(ctx, json_text(json_get(&o, "authentication"), "challenge_b64url"));
    struct str client = from64(ctx, json_text(used, "clientDataJSON"));
    struct str data = from64(ctx, json_text(used, "authenticatorData"));
    struct str sig = from64(ctx, json_text(used, "signature"));
    CHECK_STR(json_text(used, "clientDataJSON"), client_get);
    CHECK_OK(webauthn_assert(ctx, &want, &key, client, data, sig, &use));
    CHECK_INT(use.count, json_int(json_get(&o, "authentication"), "expected_new_counter", -1));
    CHECK(webauthn_count_holds(key.count, use.count) &&
          !webauthn_count_holds(use.count, use.count));
    struct webauthn_want other = want;
    other.challenge = STR("chal-3");
    CHECK_ERR(webauthn_assert(ctx, &other, &key, client, data, sig, &use), ERR_CONFLICT);
    other = want;
    other.origin = STR("http://localhost:3978");
    CHECK_ERR(webauthn_assert(ctx, &other, &key, client, data, sig, &use), ERR_CONFLICT);
    other = want;
    other.rp_id = STR("localhos");
    CHECK_ERR(webauthn_assert(ctx, &other, &key, client, data, sig, &use), ERR_CONFLICT);
}

/* An authenticator of our own, to make what Chromium's does not: other algorithms, other flags,
 * attestations. */
struct maker {
    struct ctx *ctx;
    EVP_PKEY *key;
    enum cose_alg alg;
    uint8_t flags;
    uint8_t count;
    uint8_t aaguid[16];
};

static void maker_key(struct maker *m)
{
    m->key = m->alg == COSE_ES256   ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")
             : m->alg == COSE_EDDSA ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                    : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
    must(m->key != NULL);
}

static void cose_of(struct maker *m, struct buf *b)
{
    uint8_t bytes[600];
    size_t n = 0;
    if (m->alg == COSE_ES256) {
        must(EVP_PKEY_get_octet_string_param(m->key, "encoded-pub-key", bytes, sizeof(bytes), &n) ==
                 1 &&
             n == 65);
        buf_put(b, (struct str){"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10});
        buf_bytes(b, (char *)bytes + 1, 32);
        buf_put(b, (struct str){"\x22\x58\x20", 3});
        buf_bytes(b, (char *)bytes + 33, 32);
    } else if (m->alg == COSE_EDDSA) {
        n = sizeof(bytes);
        must(EVP_PKEY_get_raw_public_key(m->key, bytes, &n) == 1 && n == 32);
        buf_put(b, (struct str){"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", 10});
        buf_bytes(b, (char *)bytes, 32);
    } else {
        BIGNUM *v = NULL;
        must(EVP_PKEY_get_bn_param(m->key, "n", &v) == 1 && BN_bn2bin(v, bytes) == 256);
        BN_free(v);
        buf_put(b, (struct str){"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00", 11});
        buf_bytes(b, (char *)bytes, 256);
        buf_put(b, (struct str){"\x21\x43\x01\x00\x01", 5});
    }
}

static struct str auth_data(struct maker *m, bool with_key)
{
    struct buf b = buf_new(m->ctx->arena, 0);
    uint8_t hash[32];
    sha256("portal.example", 14, hash);
    buf_bytes(&b, (char *)hash, 32);
    buf_byte(&b, (char)(m->flags | (with_key ? 64 : 0)));
    buf_put(&b, (struct str){"\0\0\0", 3});
    buf_byte(&b, (char)m->count);
    if (with_key) {
        buf_bytes(&b, (char *)m->aaguid, 16);
        buf_put(&b, (struct str){"\0\4id-1", 6});
        cose_of(m, &b);
    }
    return buf_str(&b);
}

static struct str sign_with(struct maker *m, struct str data, struct str client)
{
    uint8_t *sig = arena_push(m->ctx->arena, 512);
    size_t n = 512;
    char *text = arena_push_bytes(m->ctx->arena, data.n + 32);
    memcpy(text, data.p, data.n);
    sha256(client.p, client.n, (uint8_t *)text + data.n);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    must(EVP_DigestSignInit(c, NULL, m->alg == COSE_EDDSA ? NULL : EVP_sha256(), NULL, m->key) ==
         1);
    must(EVP_DigestSign(c, sig, &n, (uint8_t *)text, data.n + 32) == 1);
    EVP_MD_CTX_free(c);
    return (struct str){(char *)sig, n};
}

static struct str client_of(struct ctx *ctx, const char *type, const char *more)
{
    return str_format(ctx->arena,
                      "{\"type\":\"webauthn.%s\",\"challenge\":\"Y2hhbC0x\",\"origin\":\"https://"
                      "portal.example\"%s}",
                      type, more);
}

static void cbor_head(struct buf *b, unsigned kind, size_t n)
{
    if (n < 24) {
        buf_byte(b, (char)(kind << 5 | n));
    } else if (n < 256) {
        buf_byte(b, (char)(kind << 5 | 24));
        buf_byte(b, (char)n);
    } else {
        buf_byte(b, (char)(kind << 5 | 25));
        buf_byte(b, (char)(n >> 8));
        buf_byte(b, (char)n);
    }
}

static void cbor_str(struct buf *b, unsigned kind, struct str s)
{
    cbor_head(b, kind, s.n);
    buf_put(b, s);
}

/* statement: CBOR of attStmt. */
static struct str object_of(struct maker *m, const char *format, struct str statement,
                            struct str data)
{
    struct buf b = buf_new(m->ctx->arena, 0);
    cbor_head(&b, 5, 3);
    cbor_str(&b, 3, STR("fmt"));
    cbor_str(&b, 3, str_from(format));
    cbor_str(&b, 3, STR("attStmt"));
    buf_put(&b, statement);
    cbor_str(&b, 3, STR("authData"));
    cbor_str(&b, 2, data);
    return buf_str(&b);
}

static struct str packed(struct maker *m, int alg, struct str signature)
{
    struct buf b = buf_new(m->ctx->arena, 0);
    cbor_head(&b, 5, 2);
    cbor_str(&b, 3, STR("alg"));
    cbor_head(&b, 1, (size_t)(-1 - alg));
    cbor_str(&b, 3, STR("sig"));
    cbor_str(&b, 2, signature);
    return buf_str(&b);
}

static const struct webauthn_want portal = {.rp_id = STR_INIT("portal.example"),
                                            .origin = STR_INIT("https://portal.example"),
                                            .challenge = STR_INIT("chal-1"),
                                            .verified = true};
static const struct str no_statement = {"\xa0", 1};

TEST(crypto_passkey_of_each_algorithm)
{
    static const enum cose_alg algs[] = {COSE_ES256, COSE_EDDSA, COSE_RS256};
    for (size_t i = 0; i < LEN(algs); i++) {
        struct maker m = {.ctx = ctx, .alg = algs[i], .flags = 1 | 4, .count = 1};
        struct passkey key;
        struct passkey_use use;
        maker_key(&m);
        struct str data = auth_data(&m, true);
        struct str create = client_of(ctx, "create", ",\"crossOrigin\":false,\"new\":[1]");
        struct str get = client_of(ctx, "get", "");
        CHECK_OK(webauthn_register(ctx, &portal, create, object_of(&m, "none", no_statement, data),
                                   &key));
        CHECK_STR(key.id, "id-1");
        CHECK_INT(key.alg, algs[i]);
        struct str self = sign_with(&m, data, create);
        CHECK_OK(webauthn_register(ctx, &portal, create,
                                   object_of(&m, "packed", packed(&m, algs[i], self), data), &key));
        CHECK(!key.attested);
        CHECK_ERR(webauthn_register(
                      ctx, &portal, create,
                      object_of(&m, "packed", packed(&m, algs[(i + 1) % 3], self), data), &key),
                  ERR_SIGNATURE);
        struct str other = sign_with(&m, data, get);
        CHECK_ERR(webauthn_register(ctx, &portal, create,
                                    object_of(&m, "packed", packed(&m, algs[i], other), data),
                                    &key),
                  ERR_SIGNATURE);
        m.count = 2;
        struct str now = auth_data(&m, false);
        struct str sig = sign_with(&m, now, get);
        CHECK_OK(webauthn_assert(ctx, &portal, &key, get, now, sig, &use));
        CHECK(use.count == 2 && use.verified && !use.backed_up);
        EVP_PKEY_free(m.key);
    }
}

/* Every byte altered, every cut: nothing passes, nothing breaks. */
TEST(crypto_passkey_altered_is_refused)
{
    struct maker m = {.ctx = ctx, .alg = COSE_EDDSA, .flags = 1 | 4, .count = 1};
    struct passkey key;
    struct passkey_use use;
    maker_key(&m);
    struct str create = client_of(ctx, "create", "");
    struct str get = client_of(ctx, "get", "");
    struct str object = object_of(&m, "none", no_statement, auth_data(&m, true));
    CHECK_OK(webauthn_register(ctx, &portal, create, object, &key));
    struct str data = auth_data(&m, false);
    struct str sig = sign_with(&m, data, get);
    CHECK_OK(webauthn_assert(ctx, &portal, &key, get, data, sig, &use));
    crypto_test_without_memory = true;
    enum err starved = webauthn_assert(ctx, &portal, &key, get, data, sig, &use);
    crypto_test_without_memory = false;
    CHECK_ERR(starved, ERR_MEMORY); /* neither right nor wrong */
    struct str parts[] = {get, data, sig};
    for (size_t which = 0; which < LEN(parts); which++) {
        for (size_t i = 0; i < parts[which].n; i++) {
            struct str now[] = {get, data, sig};
            struct arena_mark mark = arena_mark(ctx->arena);
            struct str copy = str_copy(ctx->arena, parts[which]);
            ((char *)(uintptr_t)copy.p)[i] ^= 1;
            now[which] = copy;
            CHECK(webauthn_assert(ctx, &portal, &key, now[0], now[1], now[2], &use) != ERR_OK);
            now[which] = str_slice(parts[which], 0, i);
            CHECK(webauthn_assert(ctx, &portal, &key, now[0], now[1], now[2], &use) != ERR_OK);
            arena_reset(ctx->arena, mark);
        }
    }
    for (size_t i = 0; i < object.n; i++) {
        struct passkey got;
        CHECK(webauthn_register(ctx, &portal, create, str_slice(object, 0, i), &got) != ERR_OK);
    }
    struct str longer = str_format(ctx->arena, "%.*sx", FMT(data));
    CHECK(webauthn_assert(ctx, &portal, &key, get, longer, sign_with(&m, longer, get), &use) !=
          ERR_OK);
    EVP_PKEY_free(m.key);
}

TEST(crypto_passkey_flags_and_forms_are_refused)
{
    struct maker m = {.ctx = ctx, .alg = COSE_ES256, .flags = 4, .count = 1};
    struct passkey key;
    struct passkey_use use;
    maker_key(&m);
    struct str create = client_of(ctx, "create", "");
    CHECK_ERR(webauthn_register(ctx, &portal, create,
                                object_of(&m, "none", no_statement, auth_data(&m, true)), &key),
              ERR_CONFLICT);
    m.flags = 1; /* present, not verified: enough for a second factor only */
    CHECK_ERR(webauthn_register(ctx, &portal, create,
                                object_of(&m, "none", no_statement, auth_data(&m, true)), &key),
              ERR_CONFLICT);
    struct webauthn_want second = portal;
    second.verified = false;
    CHECK_OK(webauthn_register(ctx, &second, create,
                               object_of(&m, "none", no_statement, auth_data(&m, true)), &key));
    m.flags = 1 | 4 | 16; /* backed up, though it may not be */
    CHECK_ERR(webauthn_register(ctx, &portal, create,
                                object_of(&m, "none", no_statement, auth_data(&m, true)), &key),
              ERR_CONFLICT);
    m.flags = 1 | 4 | 8 | 16;
    CHECK_OK(webauthn_register(ctx, &portal, create,
                               object_of(&m, "none", no_statement, auth_data(&m, true)), &key));
    CHECK(key.may_back_up && key.backed_up);
    m.flags = 1 | 4; /* eligibility cannot change later */
    struct str get = client_of(ctx, "get", "");
    struct str data = auth_data(&m, false);
    CHECK_ERR(webauthn_assert(ctx, &portal, &key, get, data, sign_with(&m, data, get), &use),
              ERR_CONFLICT);
    struct str good = auth_data(&m, true);
    CHECK_ERR(webauthn_register(ctx, &portal, get, object_of(&m, "none", no_statement, good), &key),
              ERR_CONFLICT);
    struct str cross = client_of(ctx, "create", ",\"crossOrigin\":true");
    CHECK_ERR(
        webauthn_register(ctx, &portal, cross, object_of(&m, "none", no_statement, good), &key),
        ERR_CONFLICT);
    struct str framed = client_of(ctx, "create", ",\"topOrigin\":\"https://evil.example\"");
    CHECK_ERR(
        webauthn_register(ctx, &portal, framed, object_of(&m, "none", no_statement, good), &key),
        ERR_CONFLICT);
    struct str twice = client_of(ctx, "create", ",\"origin\":\"https://portal.example\"");
    CHECK_ERR(
        webauthn_register(ctx, &portal, twice, object_of(&m, "none", no_statement, good), &key),
        ERR_DUPLICATE);
    CHECK_ERR(
        webauthn_register(ctx, &portal, create, object_of(&m, "tpm", no_statement, good), &key),
        ERR_NOT_SUPPORTED);
    CHECK_ERR(webauthn_register(ctx, &portal, create,
                                object_of(&m, "none", (struct str){"\xa1\x61x\x01", 4}, good),
                                &key),
              ERR_SYNTAX);
    CHECK_ERR(
        webauthn_register(ctx, &portal, create, object_of(&m, "packed", no_statement, good), &key),
        ERR_SYNTAX);
    struct str off = str_copy(ctx->arena, good); /* a point that is not on the curve */
    ((char *)(uintptr_t)off.p)[off.n - 1] ^= 1;
    CHECK_ERR(
        webauthn_register(ctx, &portal, create, object_of(&m, "none", no_statement, off), &key),
        ERR_NOT_SUPPORTED);
    CHECK(!webauthn_count_holds(5, 5) && !webauthn_count_holds(5, 4) && webauthn_count_holds(5, 6));
    CHECK(webauthn_count_holds(0, 0) && webauthn_count_holds(0, 1) && !webauthn_count_holds(1, 0));
    EVP_PKEY_free(m.key);
}
