/* Public keys: read, checked, written, named by their thumbprint. */
#include "jose/jose.h"

#include "base/arena.h"
#include "base/str.h"
#include "base/encode.h"
#include "base/json_make.h"
#include "crypto/crypto.h"
#include "crypto/sm2.h"
#include "crypto/p256.h"
#include "limit_gen.h"

static const struct {
    const char *name;
    enum jose_alg alg;
} algs[] = {{"ES256", JOSE_ES256},
            {"EdDSA", JOSE_EDDSA},
            {"PS256", JOSE_PS256},
            {"SM2-SM3", JOSE_SM2},
            {"RS256", JOSE_RS256}};

struct str jose_alg_name(enum jose_alg alg)
{
    for (size_t i = 0; i < LEN(algs); i++) {
        if (algs[i].alg == alg) {
            return str_from(algs[i].name);
        }
    }
    return STR("");
}

unsigned jose_alg_of(struct str name)
{
    for (size_t i = 0; i < LEN(algs); i++) {
        if (str_equal(name, str_from(algs[i].name))) {
            return algs[i].alg;
        }
    }
    return 0;
}

/* A member that must be exactly n bytes of base64url. */
static enum err member_bytes(struct ctx *ctx, const struct json *j, const char *name, size_t n,
                             uint8_t *ret)
{
    struct str bytes = {0};
    if (!base64url_decode(ctx->arena, json_text(j, name), &bytes) || bytes.n != n) {
        return fault(ctx, ERR_SYNTAX, "the member %s of the key is not %zu bytes of base64url",
                     name, n);
    }
    memcpy(ret, bytes.p, n);
    return ERR_OK;
}

static enum err read_ec(struct ctx *ctx, const struct json *j, struct jwk *ret)
{
    struct str crv = json_text(j, "crv");
    bool sm2 = str_equal(crv, STR("SM2"));
    if (!sm2 && !str_equal(crv, STR("P-256"))) {
        return fault(ctx, ERR_NOT_SUPPORTED, "the curve of the key must be P-256 or SM2");
    }
    ret->alg = sm2 ? JOSE_SM2 : JOSE_ES256;
    ret->point[0] = 4;
    TRY(member_bytes(ctx, j, "x", 32, ret->point + 1));
    TRY(member_bytes(ctx, j, "y", 32, ret->point + 33));
    if (!(sm2 ? sm2_is_point(ret->point) : p256_is_point(ret->point))) {
        return fault(ctx, ERR_SYNTAX, "the key is no point of its curve");
    }
    return ERR_OK;
}

/* Points of small order, and the two other spellings of y below 2^255 (RFC 8032, 5.1.3): under them
 * a signature can stand for every text. Compared without the sign bit. */
static bool is_weak_ed25519(const uint8_t key[32])
{
    static const char *const weak[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    uint8_t plain[32];
    memcpy(plain, key, 32);
    plain[31] &= 0x7f;
    for (size_t i = 0; i < LEN(weak); i++) {
        uint8_t bad[32];
        must(hex_decode(str_from(weak[i]), bad, 32));
        if (memcmp(plain, bad, 32) == 0) {
            return true;
        }
    }
    return false;
}

static enum err read_okp(struct ctx *ctx, const struct json *j, struct jwk *ret)
{
    if (!str_equal(json_text(j, "crv"), STR("Ed25519"))) {
        return fault(ctx, ERR_NOT_SUPPORTED, "the curve of the key must be Ed25519");
    }
    ret->alg = JOSE_EDDSA;
    TRY(member_bytes(ctx, j, "x", 32, ret->point));
    return is_weak_ed25519(ret->point) ? fault(ctx, ERR_SYNTAX, "the key is a point of small order")
                                       : ERR_OK;
}

static enum err read_rsa(struct ctx *ctx, const struct json *j, struct jwk *ret)
{
    ret->alg = str_equal(json_text(j, "alg"), STR("RS256")) ? JOSE_RS256 : JOSE_PS256;
    if (!base64url_decode(ctx->arena, json_text(j, "n"), &ret->n) ||
        !base64url_decode(ctx->arena, json_text(j, "e"), &ret->e)) {
        return fault(ctx, ERR_SYNTAX, "the members n and e of the key are not base64url");
    }
    bool full = ret->n.n >= 256 && ret->n.n <= 512 && (ret->n.p[0] & 0x80) != 0 &&
                (ret->n.p[ret->n.n - 1] & 1) != 0;
    if (!full) {
        return fault(ctx, ERR_RANGE,
                     "the key must have 2048 to 4096 bits, by bytes, without leading zeros");
    }
    /* 65537 up to 32 bits: a small exponent invites forgery, a large one is a way to keep us busy.
     */
    uint64_t e = 0;
    for (size_t i = 0; i < ret->e.n && i < 5; i++) {
        e = e << 8 | (uint8_t)ret->e.p[i];
    }
    if (ret->e.n == 0 || ret->e.n > 4 || ret->e.p[0] == 0 || e < 65537 || (e & 1) == 0) {
        return fault(ctx, ERR_RANGE,
                     "the exponent of the key must be odd, from 65537, at most 32 bits");
    }
    return ERR_OK;
}

/* What the key says of its use must allow checking signatures (RFC 7517, 4.2 to 4.4). */
static enum err check_use(struct ctx *ctx, const struct json *j, struct jwk *ret)
{
    const struct json *use = json_get(j, "use");
    const struct json *ops = json_get(j, "key_ops");
    const struct json *alg = json_get(j, "alg");
    const struct json *kid = json_get(j, "kid");
    if (use != NULL && !(json_is(use, JSON_STRING) && str_equal(use->text, STR("sig")))) {
        return fault(ctx, ERR_NOT_SUPPORTED, "the key is not for signatures");
    }
    if (ops != NULL) {
        bool verify = false;
        for (size_t i = 0; json_is(ops, JSON_ARRAY) && i < ops->count; i++) {
            verify = verify || str_equal(ops->items[i].text, STR("verify"));
        }
        if (!verify) {
            return fault(ctx, ERR_NOT_SUPPORTED, "the key is not for checking signatures");
        }
    }
    /* RFC 9864 gives Ed25519 a name of its own beside EdDSA. */
    bool same = json_is(alg, JSON_STRING) &&
                (jose_alg_of(alg->text) == ret->alg ||
                 (ret->alg == JOSE_EDDSA && str_equal(alg->text, STR("Ed25519"))));
    if (alg != NULL && !same) {
        return fault(ctx, ERR_CONFLICT, "the alg of the key is not %.*s, which its kind means",
                     FMT(jose_alg_name(ret->alg)));
    }
    if (kid != NULL &&
        (!json_is(kid, JSON_STRING) || kid->text.n == 0 || kid->text.n > LIMIT_JWS_KID_BYTES)) {
        return fault(ctx, ERR_SYNTAX, "the kid of the key must be a text of 1 to %d bytes",
                     LIMIT_JWS_KID_BYTES);
    }
    ret->kid = kid == NULL ? STR("") : kid->text;
    return ERR_OK;
}

enum err jwk_read(struct ctx *ctx, const struct json *j, struct jwk *ret)
{
    static const char *const secret[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    struct jwk k = {0};
    if (!json_is(j, JSON_OBJECT)) {
        return fault(ctx, ERR_SYNTAX, "a key must be a JSON object");
    }
    for (size_t i = 0; i < LEN(secret); i++) {
        if (json_get(j, secret[i]) != NULL) {
            return fault(ctx, ERR_NOT_SUPPORTED,
                         "the key holds a secret (%s); give its public half", secret[i]);
        }
    }
    struct str kty = json_text(j, "kty");
    if (str_equal(kty, STR("EC"))) {
        TRY(read_ec(ctx, j, &k));
    } else if (str_equal(kty, STR("OKP"))) {
        TRY(read_okp(ctx, j, &k));
    } else if (str_equal(kty, STR("RSA"))) {
        TRY(read_rsa(ctx, j, &k));
    } else {
        return fault(ctx, ERR_NOT_SUPPORTED, "the kty of the key must be EC, OKP or RSA");
    }
    TRY(check_use(ctx, j, &k));
    *ret = k;
    return ERR_OK;
}

enum err jwks_read(struct ctx *ctx, struct str text, struct jwks *ret)
{
    struct json all;
    TRY(json_parse(ctx, text, STR("jwks"), &all));
    const struct json *list = json_get(&all, "keys");
    if (!json_is(list, JSON_ARRAY)) {
        return fault(ctx, ERR_SYNTAX, "a key set must have a list named keys");
    }
    if (list->count == 0 || list->count > LIMIT_JWKS_KEYS) {
        return fault(ctx, ERR_TOO_MANY, "a key set must hold 1 to %d keys", LIMIT_JWKS_KEYS);
    }
    struct jwk *keys = ARENA_ARRAY(ctx->arena, struct jwk, list->count);
    for (size_t i = 0; i < list->count; i++) {
        TRY(jwk_read(ctx, &list->items[i], &keys[i]));
        if (list->count > 1 && keys[i].kid.n == 0) {
            return fault(ctx, ERR_MISSING, "each of several keys must have a kid");
        }
        for (size_t k = 0; k < i; k++) {
            if (str_equal(keys[i].kid, keys[k].kid)) {
                return fault(ctx, ERR_DUPLICATE, "the kid %.*s stands twice in the key set",
                             FMT(keys[i].kid));
            }
        }
    }
    *ret = (struct jwks){keys, list->count};
    return ERR_OK;
}

static void set(struct arena *a, struct json *o, const char *name, struct str value)
{
    json_set(a, o, str_from(name), json_of_str(value));
}

/* The members that make the key, in the order of RFC 7638, 3.2. */
static struct json required_members(struct arena *a, const struct jwk *k)
{
    struct json o = json_object();
    if (k->alg == JOSE_PS256 || k->alg == JOSE_RS256) {
        set(a, &o, "e", base64url_encode(a, k->e.p, k->e.n));
        set(a, &o, "kty", STR("RSA"));
        set(a, &o, "n", base64url_encode(a, k->n.p, k->n.n));
    } else if (k->alg == JOSE_EDDSA) {
        set(a, &o, "crv", STR("Ed25519"));
        set(a, &o, "kty", STR("OKP"));
        set(a, &o, "x", base64url_encode(a, k->point, 32));
    } else {
        set(a, &o, "crv", k->alg == JOSE_SM2 ? STR("SM2") : STR("P-256"));
        set(a, &o, "kty", STR("EC"));
        set(a, &o, "x", base64url_encode(a, k->point + 1, 32));
        set(a, &o, "y", base64url_encode(a, k->point + 33, 32));
    }
    return o;
}

struct json jwk_json(struct arena *a, const struct jwk *k)
{
    struct json o = required_members(a, k);
    set(a, &o, "alg", jose_alg_name(k->alg));
    set(a, &o, "use", STR("sig"));
    if (k->kid.n > 0) {
        set(a, &o, "kid", k->kid);
    }
    return o;
}

struct str jwk_thumbprint(struct arena *a, const struct jwk *k)
{
    uint8_t hash[32];
    struct buf b = buf_new(a, 4096);
    struct json o = required_members(a, k);
    json_write(&b, &o);
    sha256(b.p, b.n, hash);
    return base64url_encode(a, hash, 32);
}
