/* The vectors of another JOSE library, and the ways by which tokens have been forged. */
#include "base/encode.h"
#include "base/test.h"
#include "base/json.h"
#include "base/json_make.h"
#include "crypto/crypto.h"
#include "crypto/sm2.h"
#include "crypto/rsa.h"
#include "crypto/p256.h"
#include "jose/jose.h"
#include "limit_gen.h"

static struct json vectors(struct test *t)
{
    struct ctx *ctx = t->ctx;
    struct str text = {0};
    struct json all = json_null();
    CHECK_ERR(file_read(ctx, "src/jose/test_jose.json", 1 << 20, &text), ERR_OK);
    CHECK_ERR(json_parse(ctx, text, STR("test_jose.json"), &all), ERR_OK);
    return all;
}

static struct json parse(struct test *t, struct str text)
{
    struct ctx *ctx = t->ctx;
    struct json j = json_null();
    CHECK_ERR(json_parse(ctx, text, STR(""), &j), ERR_OK);
    return j;
}

/* RFC 7638, 3.1, and three keys of another library. */
TEST(jose_thumbprints_match)
{
    struct json all = vectors(t);
    const struct json *list = json_get(&all, "thumbprints");
    struct jwk k;
    CHECK_INT(list->count, 3);
    for (size_t i = 0; i < list->count; i++) {
        CHECK_OK(jwk_read(ctx, json_get(&list->members[i].value, "jwk"), &k));
        CHECK_STR(jwk_thumbprint(ctx->arena, &k),
                  str_z(ctx->arena, json_text(&list->members[i].value, "rfc7638_sha256")));
        struct json again = jwk_json(ctx->arena, &k);
        struct jwk k2;
        CHECK_OK(jwk_read(ctx, &again, &k2));
        CHECK_STR(jwk_thumbprint(ctx->arena, &k2), jwk_thumbprint(ctx->arena, &k).p);
    }
    struct json rfc = parse(
        t, STR("{\"kty\":\"RSA\",\"n\":"
               "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L"
               "6tSoc_BJECPebWKRXjBZCiFV4n3okn"
               "jhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
               "FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08"
               "qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-"
               "kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\","
               "\"kid\":\"2011-04-29\"}"));
    CHECK_OK(jwk_read(ctx, &rfc, &k));
    CHECK_INT(k.alg, JOSE_RS256);
    json_set(ctx->arena, &rfc, STR("alg"), json_of_str(STR("RS512")));
    CHECK_ERR(jwk_read(ctx, &rfc, &k), ERR_CONFLICT); /* its alg is not ours */
    json_set(ctx->arena, &rfc, STR("alg"), json_of_str(STR("PS256")));
    CHECK_OK(jwk_read(ctx, &rfc, &k));
    CHECK_STR(jwk_thumbprint(ctx->arena, &k), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

/* Each algorithm's token verifies under its key, and not with any single byte of it changed. */
TEST(jose_tokens_of_another_library_verify)
{
    static const char *const names[] = {"ES256", "EdDSA", "PS256", "RS256"};
    struct json all = vectors(t);
    const struct json *keys = json_get(json_get(&all, "jwt"), "keys");
    const struct json *tokens = json_get(json_get(&all, "jwt"), "tokens");
    for (size_t i = 0; i < LEN(names); i++) {
        struct jwk k;
        struct jws s;
        struct str token = json_text(tokens, names[i]);
        struct json key = *json_get(keys, names[i]);
        json_set(ctx->arena, &key, STR("alg"), json_of_str(str_from(names[i])));
        CHECK_OK(jwk_read(ctx, &key, &k));
        CHECK_OK(jws_read(ctx, token, JOSE_ALL | JOSE_RS256, false, &s));
        CHECK_OK(jws_verify(ctx, &s, &k));
        CHECK_STR(s.typ, "at+jwt");
        for (size_t at = 0; at < token.n; at++) {
            char *copy = str_z(ctx->arena, token);
            copy[at] = copy[at] == 'A' ? 'B' : 'A';
            struct arena_mark mark = arena_mark(ctx->arena);
            bool ok = jws_read(ctx, str_from(copy), JOSE_ALL | JOSE_RS256, false, &s) == ERR_OK &&
                      jws_verify(ctx, &s, &k) == ERR_OK;
            CHECK(!ok);
            arena_reset(ctx->arena, mark);
        }
    }
    struct jws s;
    CHECK_ERR(jws_read(ctx, json_text(tokens, "RS256"), JOSE_ALL, false, &s), ERR_NOT_SUPPORTED);
}

/* RFC 8037, A.4: the same bytes, and made again from the seed. */
struct holder {
    uint8_t secret[32];
    uint8_t public_key[65];
    struct rsa_key *rsa;
    uint8_t modulus[RSA_MODULUS];
};
static enum err hold(struct ctx *ctx, void *arg, enum jose_alg alg, struct str text,
                     uint8_t ret[JOSE_SIGNATURE])
{
    struct holder *h = arg;
    bool ok = true;
    switch (alg) {
    case JOSE_EDDSA: ed25519_sign(h->secret, text, ret); break;
    case JOSE_ES256: ok = p256_sign(h->secret, h->public_key, text, ret); break;
    case JOSE_SM2: ok = sm2_sign(h->secret, h->public_key, text, ret); break;
    case JOSE_PS256: ok = false; break;
    case JOSE_RS256: ok = rsa_key_sign(h->rsa, text, ret); break;
    }
    return ok ? ERR_OK : fault(ctx, ERR_CRYPTO, "cannot sign");
}

TEST(jose_eddsa_makes_the_bytes_of_rfc_8037)
{
    struct json all = vectors(t);
    const struct json *v = json_get(&all, "ed25519_jws");
    struct str compact = json_text(v, "compact");
    struct jws s;
    struct jwk k = {.alg = JOSE_EDDSA};
    struct holder h = {0};
    uint8_t made[JOSE_SIGNATURE];
    CHECK(hex_decode(json_text(v, "seed_hex"), h.secret, 32));
    ed25519_public(h.secret, k.point);
    CHECK_OK(jws_read(ctx, compact, JOSE_EDDSA, false, &s));
    CHECK_OK(jws_verify(ctx, &s, &k));
    CHECK_OK(hold(ctx, &h, JOSE_EDDSA, s.input, made));
    CHECK_STR(base64url_encode(ctx->arena, made, 64),
              base64url_encode(ctx->arena, s.signature.p, 64).p);
    CHECK_STR(s.payload, "Example of Ed25519 signing");
}

static struct jwk key_of(struct test *t, enum jose_alg alg, struct holder *h)
{
    struct jwk k = {.alg = alg, .kid = STR("k1")};
    memset(h->secret, 7, sizeof(h->secret));
    h->rsa = NULL;
    switch (alg) {
    case JOSE_EDDSA: ed25519_public(h->secret, k.point); break;
    case JOSE_ES256:
        CHECK(p256_public(h->secret, h->public_key));
        memcpy(k.point, h->public_key, 65);
        break;
    case JOSE_SM2:
        CHECK(sm2_public(h->secret, h->public_key));
        memcpy(k.point, h->public_key, 65);
        break;
    case JOSE_PS256: break;
    case JOSE_RS256:
        h->rsa = rsa_key_derive(h->secret);
        CHECK(h->rsa != NULL && rsa_key_public(h->rsa, h->modulus));
        k.n = (struct str){(const char *)h->modulus, RSA_MODULUS};
        k.e = STR("\x01\x00\x01");
        break;
    }
    return k;
}

TEST(jose_what_it_signs_verifies_in_each_algorithm)
{
    static const enum jose_alg algs[] = {JOSE_ES256, JOSE_EDDSA, JOSE_SM2, JOSE_RS256};
    struct json claims = parse(t, STR("{\"sub\":\"某人\",\"exp\":1}"));
    for (size_t i = 0; i < LEN(algs); i++) {
        struct holder h;
        struct jwk k = key_of(t, algs[i], &h);
        struct jwk other = k;
        struct jws s;
        struct str token = {0};
        CHECK_OK(jws_sign(ctx, algs[i], STR("JWT"), k.kid, &claims, hold, &h, &token));
        CHECK_OK(jws_read(ctx, token, algs[i], false, &s));
        CHECK_OK(jws_verify_by(ctx, &s, &(struct jwks){&k, 1}));
        CHECK_STR(s.payload, "{\"sub\":\"某人\",\"exp\":1}");
        other.kid = STR("k2");
        CHECK_ERR(jws_verify_by(ctx, &s, &(struct jwks){&other, 1}), ERR_SIGNATURE);
        CHECK_ERR(jws_read(ctx, token, JOSE_ALL & ~(unsigned)algs[i], false, &s),
                  ERR_NOT_SUPPORTED);
        struct json j = jwk_json(ctx->arena, &k);
        CHECK_OK(jwk_read(ctx, &j, &other));
        CHECK_INT(other.alg, algs[i]);
        rsa_key_free(h.rsa);
    }
}

/* A header and body of this text, with a signature by our key over it: only the header is at fault.
 */
static struct str forge(struct test *t, const char *header, const struct holder *h)
{
    struct arena *a = t->ctx->arena;
    uint8_t sig[64];
    struct str input = str_format(a, "%.*s.e30", FMT(base64url_encode(a, header, strlen(header))));
    CHECK(p256_sign(h->secret, h->public_key, input, sig));
    return str_format(a, "%.*s.%.*s", FMT(input), FMT(base64url_encode(a, sig, 64)));
}

TEST(jose_confusing_headers_are_refused)
{
    static const struct {
        const char *header;
        enum err want;
    } rows[] = {
        {"{\"alg\":\"ES256\"}", ERR_OK},
        {"{\"alg\":\"ES256\",\"kid\":\"k1\",\"typ\":\"JWT\",\"iat\":1}",
         ERR_OK}, /* unknown members are ignored (RFC 7515, 4) */
        {"{\"alg\":\"none\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"None\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"HS256\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"es256\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES384\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256K\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"RS256\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"RSA-OAEP\",\"enc\":\"A128GCM\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":[\"ES256\"]}", ERR_SYNTAX},
        {"{\"alg\":\"\"}", ERR_SYNTAX},
        {"{}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"EdDSA\"}", ERR_CONFLICT},
        {"{\"alg\":\"SM2-SM3\"}", ERR_CONFLICT},
        {"{\"alg\":\"PS256\"}", ERR_CONFLICT},
        {"{\"alg\":\"none\",\"alg\":\"ES256\"}", ERR_DUPLICATE},
        {"{\"alg\":\"ES256\",\"alg\":\"none\"}", ERR_DUPLICATE},
        {"{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"}", ERR_DUPLICATE},
        {"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"crit\":[]}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"b64\":false}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"jku\":\"https://evil.example/jwks\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"x5u\":\"https://evil.example/x\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"x5c\":[\"AA==\"]}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"OKP\"}}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"zip\":\"DEF\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"cty\":\"JWT\"}", ERR_NOT_SUPPORTED},
        {"{\"alg\":\"ES256\",\"kid\":7}", ERR_SYNTAX},
        {"{\"alg\":\"ES256\",\"kid\":\"../../keys/ed25519.key\"}", ERR_SIGNATURE},
        {"{\"alg\":\"ES256\",\"kid\":\"' OR 1=1 --\"}", ERR_SIGNATURE},
        {"{\"alg\":\"ES256\",\"kid\":\"\"}", ERR_SYNTAX},
        {"{\"alg\":\"ES256\"} ", ERR_OK}, /* blanks are JSON */
        {"{\"alg\":\"ES256\"}{}", ERR_SYNTAX},
        {"[\"ES256\"]", ERR_SYNTAX},
        {"\"ES256\"", ERR_SYNTAX},
        {"{\"alg\":\"ES256\xff\"}", ERR_UTF8},
    };
    struct holder h;
    struct jwk k = key_of(t, JOSE_ES256, &h);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct jws s;
        struct str token = forge(t, rows[i].header, &h);
        enum err got = jws_read(ctx, token, JOSE_ALL, false, &s);
        struct jws only = s;
        got = got == ERR_OK && s.kid.n > 0 ? jws_verify_by(ctx, &only, &(struct jwks){&k, 1})
              : got == ERR_OK              ? jws_verify(ctx, &only, &k)
                                           : got;
        test_check_err(t, ctx, got, rows[i].want, rows[i].header, (int)i);
    }
}

TEST(jose_a_token_has_one_spelling)
{
    struct holder h;
    struct jwk k = key_of(t, JOSE_ES256, &h);
    struct jws s;
    struct str good = forge(t, "{\"alg\":\"ES256\"}", &h);
    CHECK_OK(jws_read(ctx, good, JOSE_ES256, false, &s));
    static const char *const shapes[] = {"%.*s=", "%.*s==",   "%.*s\n", " %.*s", "%.*s.",
                                         ".%.*s", "%.*s.e30", "%.*sA",  "x%.*s"};
    for (size_t i = 0; i < LEN(shapes); i++) {
        struct str bad = STR("");
        struct buf b = buf_new(ctx->arena, 0);
        struct str shape = str_from(shapes[i]);
        size_t at = str_find(shape, STR("%.*s"));
        buf_put(&b, str_slice(shape, 0, at));
        buf_put(&b, good);
        buf_put(&b, str_slice(shape, at + 4, shape.n));
        CHECK_OK(buf_done(ctx, &b, &bad));
        CHECK(jws_read(ctx, bad, JOSE_ES256, false, &s) != ERR_OK);
    }
    for (size_t n = 0; n < good.n; n++) {
        CHECK(jws_read(ctx, str_slice(good, 0, n), JOSE_ES256, false, &s) != ERR_OK);
    }
    /* The last digit of a 64-byte signature holds four bits that say nothing: set, they are another
     * spelling. */
    char *other = str_z(ctx->arena, good);
    char *last = &other[good.n - 1];
    *last = *last == 'A' ? 'B' : *last == 'Q' ? 'R' : *last == 'g' ? 'h' : 'x';
    CHECK(jws_read(ctx, str_from(other), JOSE_ES256, false, &s) != ERR_OK);
    char *big = arena_push_bytes(ctx->arena, LIMIT_JWS_BYTES + 1);
    memset(big, 'A', LIMIT_JWS_BYTES + 1);
    CHECK_ERR(jws_read(ctx, (struct str){big, LIMIT_JWS_BYTES + 1}, JOSE_ES256, false, &s),
              ERR_TOO_LARGE);
    CHECK(k.alg == JOSE_ES256);
}

TEST(jose_empty_and_outsized_signatures_are_refused)
{
    struct holder h;
    struct jwk k = key_of(t, JOSE_ES256, &h);
    struct str input = STR("eyJhbGciOiJFUzI1NiJ9.e30");
    struct jws s = {.alg = JOSE_ES256, .input = input};
    uint8_t sig[64] = {0};
    uint8_t good[64];
    s.signature = (struct str){(const char *)sig, 64};
    CHECK_ERR(jws_verify(ctx, &s, &k), ERR_SIGNATURE); /* r = s = 0 */
    CHECK(p256_sign(h.secret, h.public_key, input, good));
    memcpy(sig, good, 32);
    CHECK_ERR(jws_verify(ctx, &s, &k), ERR_SIGNATURE); /* s = 0 */
    memset(sig, 0, 32);
    memcpy(sig + 32, good + 32, 32);
    CHECK_ERR(jws_verify(ctx, &s, &k), ERR_SIGNATURE); /* r = 0 */
    CHECK(hex_decode(STR("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"), sig,
                     32));
    CHECK_ERR(jws_verify(ctx, &s, &k), ERR_SIGNATURE); /* r = n */
    memcpy(sig, good, 64);
    CHECK_OK(jws_verify(ctx, &s, &k));
    struct arena *a = ctx->arena;
    struct str der = base64url_encode(a, "0E\x02!", 4);
    CHECK_ERR(
        jws_read(ctx, str_format(a, "%.*s.%.*s", FMT(input), FMT(der)), JOSE_ES256, false, &s),
        ERR_SIGNATURE);
    CHECK_ERR(jws_read(ctx, str_format(a, "%.*s.", FMT(input)), JOSE_ES256, false, &s), ERR_SYNTAX);
}

TEST(jose_bad_keys_are_refused)
{
    static const struct {
        const char *text;
        enum err want;
    } rows[] = {
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"WK25cnbvH-j-SmFPCNmIQRL1sReUiNS_cRw66pTwd-I\","
         "\"y\":"
         "\"b7xACCnInnNU5pfhU1Q3SM-m5YsAroKh4BnKapq1Y1M\"}",
         ERR_OK},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"WK25cnbvH-j-SmFPCNmIQRL1sReUiNS_cRw66pTwd-I\","
         "\"y\":"
         "\"b7xACCnInnNU5pfhU1Q3SM-m5YsAroKh4BnKapq1Y1Q\"}",
         ERR_SYNTAX},
        {"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"WK25cnbvH-j-SmFPCNmIQRL1sReUiNS_cRw66pTwd-I\","
         "\"y\":"
         "\"b7xACCnInnNU5pfhU1Q3SM-m5YsAroKh4BnKapq1Y1M\"}",
         ERR_NOT_SUPPORTED},
        {"{\"kty\":\"EC\",\"crv\":\"SM2\",\"x\":\"WK25cnbvH-j-SmFPCNmIQRL1sReUiNS_cRw66pTwd-I\","
         "\"y\":"
         "\"b7xACCnInnNU5pfhU1Q3SM-m5YsAroKh4BnKapq1Y1M\"}",
         ERR_SYNTAX},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}", ERR_SYNTAX},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
         "\"y\":"
         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
         ERR_SYNTAX},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"AA\",\"x\":\"WK25cnbvH-j-SmFPCNmIQRL1sReUiNS_"
         "cRw66pTwd-I\",\"y\":"
         "\"b7xACCnInnNU5pfhU1Q3SM-m5YsAroKh4BnKapq1Y1M\"}",
         ERR_NOT_SUPPORTED},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES384\",\"x\":\"WK25cnbvH-j-"
         "SmFPCNmIQRL1sReUiNS_cRw66pTwd-I\","
         "\"y\":\"b7xACCnInnNU5pfhU1Q3SM-m5YsAroKh4BnKapq1Y1M\"}",
         ERR_CONFLICT},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"enc\",\"x\":\"WK25cnbvH-j-"
         "SmFPCNmIQRL1sReUiNS_cRw66pTwd-I\","
         "\"y\":\"b7xACCnInnNU5pfhU1Q3SM-m5YsAroKh4BnKapq1Y1M\"}",
         ERR_NOT_SUPPORTED},
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"key_ops\":[\"sign\"],\"x\":\"WK25cnbvH-j-"
         "SmFPCNmIQRL1sReUiNS_cRw66pTwd-"
         "I\",\"y\":\"b7xACCnInnNU5pfhU1Q3SM-m5YsAroKh4BnKapq1Y1M\"}",
         ERR_NOT_SUPPORTED},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", ERR_NOT_SUPPORTED},
        {"{\"kty\":\"oct\"}", ERR_NOT_SUPPORTED},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"H0qWf-vLiku-"
         "TGbKebOMNk92rOHuIMFemS9Lo2AYOkE\"}",
         ERR_OK},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"H0qWf-vLiku-"
         "TGbKebOMNk92rOHuIMFemS9Lo2AYOkE\"}",
         ERR_NOT_SUPPORTED},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
         "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
         ERR_SYNTAX},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
         "\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA\"}",
         ERR_SYNTAX},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"7P__________________________________________"
         "38\"}",
         ERR_SYNTAX},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", ERR_RANGE},
        {"[]", ERR_SYNTAX},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct json j = parse(t, str_from(rows[i].text));
        struct jwk k;
        test_check_err(t, ctx, jwk_read(ctx, &j, &k), rows[i].want, rows[i].text, (int)i);
    }
    struct json all = vectors(t);
    struct json rsa = *json_get(json_get(json_get(&all, "thumbprints"), "rsa2048"), "jwk");
    struct jwk k;
    CHECK_OK(jwk_read(ctx, &rsa, &k));
    json_set(ctx->arena, &rsa, STR("e"), json_of_str(STR("Aw")));
    CHECK_ERR(jwk_read(ctx, &rsa, &k), ERR_RANGE);
    json_set(ctx->arena, &rsa, STR("e"), json_of_str(STR("AQABAQABAQAB")));
    CHECK_ERR(jwk_read(ctx, &rsa, &k), ERR_RANGE);
}

TEST(jose_key_sets_are_bounded_and_without_doubles)
{
    struct jwks set;
    struct buf b = buf_new(ctx->arena, 0);
    const char *key = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"H0qWf-vLiku-"
                      "TGbKebOMNk92rOHuIMFemS9Lo2AYOkE\"";
    CHECK_OK(jwks_read(ctx, str_format(ctx->arena, "{\"keys\":[%s}]}", key), &set));
    CHECK_ERR(jwks_read(ctx, str_format(ctx->arena, "{\"keys\":[%s},%s}]}", key, key), &set),
              ERR_MISSING);
    CHECK_ERR(jwks_read(ctx,
                        str_format(ctx->arena, "{\"keys\":[%s,\"kid\":\"a\"},%s,\"kid\":\"a\"}]}",
                                   key, key),
                        &set),
              ERR_DUPLICATE);
    CHECK_OK(jwks_read(
        ctx, str_format(ctx->arena, "{\"keys\":[%s,\"kid\":\"a\"},%s,\"kid\":\"b\"}]}", key, key),
        &set));
    CHECK_INT(set.count, 2);
    CHECK_ERR(jwks_read(ctx, STR("{\"keys\":[]}"), &set), ERR_TOO_MANY);
    CHECK_ERR(jwks_read(ctx, STR("[]"), &set), ERR_SYNTAX);
    buf_puts(&b, "{\"keys\":[");
    for (int i = 0; i <= LIMIT_JWKS_KEYS; i++) {
        buf_format(&b, "%s%s,\"kid\":\"k%d\"}", i == 0 ? "" : ",", key, i);
    }
    buf_puts(&b, "]}");
    CHECK_ERR(jwks_read(ctx, buf_str(&b), &set), ERR_TOO_MANY);
}

TEST(jose_claims_are_held_to_the_rules)
{
    static const struct {
        const char *claims;
        enum err want;
    } rows[] = {
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"iat\":1000,\"jti\":\"a\"}",
         ERR_OK},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060.5,\"iat\":1000.9,\"jti\":\"a\"}",
         ERR_OK},
        {"{\"iss\":\"d\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"iat\":1000,\"jti\":\"a\"}",
         ERR_CONFLICT},
        {"{\"iss\":\"c\",\"sub\":\"d\",\"aud\":\"op\",\"exp\":1060,\"iat\":1000,\"jti\":\"a\"}",
         ERR_CONFLICT},
        {"{\"iss\":\"c\",\"aud\":\"op\",\"exp\":1060,\"iat\":1000,\"jti\":\"a\"}", ERR_MISSING},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":[\"op\"],\"exp\":1060,\"iat\":1000,\"jti\":\"a\"}",
         ERR_CONFLICT},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":[\"op\",\"other\"],\"exp\":1060,\"iat\":1000,"
         "\"jti\":\"a\"}",
         ERR_CONFLICT},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"other\",\"exp\":1060,\"iat\":1000,\"jti\":\"a\"}",
         ERR_CONFLICT},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op/\",\"exp\":1060,\"iat\":1000,\"jti\":\"a\"}",
         ERR_CONFLICT},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"exp\":1060,\"iat\":1000,\"jti\":\"a\"}", ERR_MISSING},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"iat\":1000,\"jti\":\"a\"}", ERR_MISSING},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"iat\":1000}", ERR_MISSING},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"iat\":1000,\"jti\":\"\"}",
         ERR_MISSING},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"iat\":1000,\"jti\":5}",
         ERR_SYNTAX},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":\"1060\",\"iat\":1000,\"jti\":\"a\"}",
         ERR_SYNTAX},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1e9,\"iat\":1000,\"jti\":\"a\"}",
         ERR_SYNTAX},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":-1,\"iat\":1000,\"jti\":\"a\"}",
         ERR_SYNTAX},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":99999999999999999999,\"iat\":1000,"
         "\"jti\":\"a\"}",
         ERR_SYNTAX},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":991,\"iat\":900,\"jti\":\"a\"}",
         ERR_OK}, /* within the skew */
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":990,\"iat\":900,\"jti\":\"a\"}",
         ERR_RANGE},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"iat\":1010,\"jti\":\"a\"}",
         ERR_OK},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"iat\":1011,\"jti\":\"a\"}",
         ERR_RANGE},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"nbf\":1010,\"jti\":\"a\"}",
         ERR_OK},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"nbf\":1061,\"jti\":\"a\"}",
         ERR_RANGE},
        {"{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":9000,\"jti\":\"a\"}",
         ERR_RANGE}, /* lives too long */
        {"{\"iss\":\"c\",\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"exp\":1060,\"jti\":\"a\"}",
         ERR_DUPLICATE},
        {"[]", ERR_SYNTAX},
        {"eyJhbGciOiJFUzI1NiJ9.e30.AA", ERR_SYNTAX}, /* a nested token is no claims */
    };
    struct jwt_rules rules = {.now = {1000 * 1000},
                              .iss = STR("c"),
                              .sub = STR("c"),
                              .aud = STR("op"),
                              .aud_alone = true,
                              .need_exp = true,
                              .need_jti = true,
                              .life_max_s = 600};
    for (size_t i = 0; i < LEN(rows); i++) {
        struct jwt_claims c;
        test_check_err(t, ctx, jwt_read(ctx, str_from(rows[i].claims), &rules, &c), rows[i].want,
                       rows[i].claims, (int)i);
    }
    rules.aud_alone = false;
    struct jwt_claims c;
    CHECK_OK(jwt_read(
        ctx, STR("{\"iss\":\"c\",\"sub\":\"c\",\"aud\":[\"x\",\"op\"],\"exp\":1060,\"jti\":\"a\"}"),
        &rules, &c));
    CHECK_ERR(
        jwt_read(ctx,
                 STR("{\"iss\":\"c\",\"sub\":\"c\",\"aud\":[\"op\",1],\"exp\":1060,\"jti\":\"a\"}"),
                 &rules, &c),
        ERR_SYNTAX);
    rules.age_max_s = 60;
    CHECK_ERR(jwt_read(ctx,
                       STR("{\"iss\":\"c\",\"sub\":\"c\",\"aud\":\"op\",\"iat\":930,\"exp\":1060,"
                           "\"jti\":\"a\"}"),
                       &rules, &c),
              ERR_RANGE);
}

/* A DPoP proof carries its key; a private or symmetric one there is refused (RFC 9449, 4.3). */
TEST(jose_only_a_proof_carries_its_key)
{
    struct holder h;
    struct jwk k = key_of(t, JOSE_ES256, &h);
    struct jws s;
    k.kid = STR("");
    struct json j = jwk_json(ctx->arena, &k);
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, &j);
    struct str with = str_format(
        ctx->arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%.*s}", FMT(buf_str(&b)));
    struct str token = forge(t, with.p, &h);
    CHECK_ERR(jws_read(ctx, token, JOSE_ES256, false, &s), ERR_NOT_SUPPORTED);
    CHECK_OK(jws_read(ctx, token, JOSE_ES256, true, &s));
    CHECK_OK(jws_verify(ctx, &s, &s.jwk));
    CHECK_ERR(jws_read(ctx, forge(t, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\"}", &h), JOSE_ES256,
                       true, &s),
              ERR_MISSING);
    CHECK_ERR(jws_read(ctx,
                       forge(t, "{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", &h),
                       JOSE_ES256, true, &s),
              ERR_NOT_SUPPORTED);
    json_set(ctx->arena, &j, STR("d"), json_of_str(STR("AA")));
    buf_clear(&b);
    json_write(&b, &j);
    with = str_format(ctx->arena, "{\"typ\":\"dpop+jwt\",\"alg\":\"ES256\",\"jwk\":%.*s}",
                      FMT(buf_str(&b)));
    CHECK_ERR(jws_read(ctx, forge(t, with.p, &h), JOSE_ES256, true, &s), ERR_NOT_SUPPORTED);
}
