/* jose.h - signed tokens: JWK (RFC 7517), compact JWS (RFC 7515), JWT claims (RFC 7519), by RFC
 * 8725's advice.
 *
 * Strict where the standards leave a choice, because each leniency has been an attack:
 *   - a key names one algorithm; a token must name the same one. There is no "none", no HMAC, no
 * encryption;
 *   - what a header says of keys (jwk, jku, x5u, x5c) is never used; only a DPoP proof may carry
 * its own key;
 *   - "crit", "b64", "zip", a nested token and a member that comes twice are refused;
 *   - base64url has one spelling; ECDSA's r and s are in range; points are on their curve; RSA is
 * 2048 to 4096 bits.
 *
 * Nothing here fetches, keeps state or reads a clock. Results lie on ctx->arena or point into the
 * token. Faults: ERR_SYNTAX (no such token or key), ERR_NOT_SUPPORTED (another algorithm or
 * extension), ERR_SIGNATURE, ERR_RANGE (a time), ERR_MISSING, ERR_CONFLICT (a claim says something
 * else), ERR_TOO_LARGE.
 */
#pragma once

#include "base/base.h"
#include "base/json.h"

/* Algorithms, to be or-ed. SM2-SM3 is not registered with IANA: it is SM2 with SM3 (GB/T 32918.2,
 * identity 1234567812345678), signature r ‖ s, in this program's additional profile; its keys are
 * kty EC, crv SM2. */
enum jose_alg { JOSE_ES256 = 1, JOSE_EDDSA = 2, JOSE_PS256 = 4, JOSE_SM2 = 8, JOSE_RS256 = 16 };
/* JOSE_ALL is what FAPI 2.0 (5.4.1) allows, and SM2: RS256 is named beside it where OpenID Connect
 * wants it. */
enum { JOSE_ALL = 15, JOSE_SIGNATURE = 256 };

/* "ES256"; static. */
struct str jose_alg_name(enum jose_alg alg);
/* 0 when the name is none of ours. */
unsigned jose_alg_of(struct str name);

/* ---- keys ---- */

/* A public key for signatures. */
struct jwk {
    enum jose_alg alg;
    struct str kid;    /* empty when it has none */
    uint8_t point[65]; /* ES256, SM2: 04 ‖ x ‖ y; EdDSA: the first 32 bytes */
    struct str n;      /* PS256, RS256: modulus and exponent, big-endian */
    struct str e;
};
struct jwks {
    const struct jwk *keys;
    size_t count;
};

/* Read a public key. A private or symmetric key, another curve, a point off its curve or of small
 * order, a key for encryption, or one whose alg is not that of its kind, is refused. An RSA key is
 * for PS256 unless it says RS256. */
enum err jwk_read(struct ctx *ctx, const struct json *j, struct jwk *ret) MUST_USE;
/* Read a key set: at most LIMIT_JWKS_KEYS, no kid twice, and each with a kid when there are
 * several. */
enum err jwks_read(struct ctx *ctx, struct str text, struct jwks *ret) MUST_USE;
/* As JSON with alg, use and kid. */
struct json jwk_json(struct arena *a, const struct jwk *k);
/* RFC 7638 with SHA-256, base64url. */
struct str jwk_thumbprint(struct arena *a, const struct jwk *k);

/* ---- tokens ---- */

struct jws {
    struct json header;
    enum jose_alg alg;
    struct str typ; /* as sent; empty when absent */
    struct str kid; /* empty when absent */
    bool has_jwk;   /* only when jws_read was told to allow it */
    struct jwk jwk;
    struct str payload; /* decoded */
    struct str input;   /* what is signed: the first two parts with their dot */
    struct str signature;
};

/* Take a compact JWS apart, without believing it: at most LIMIT_JWS_BYTES. allow: which algorithms
 * may stand in it. own_key: it must carry its key in the header (RFC 9449, 4.2); else a key there
 * is refused. */
enum err jws_read(struct ctx *ctx, struct str compact, unsigned allow, bool own_key,
                  struct jws *ret) MUST_USE;
/* Does this key's signature stand under it? */
enum err jws_verify(struct ctx *ctx, const struct jws *s, const struct jwk *key) MUST_USE;
/* The key it names by kid, of its algorithm; without kid the only one of that algorithm. Then
 * verify. */
enum err jws_verify_by(struct ctx *ctx, const struct jws *s, const struct jwks *keys) MUST_USE;

/* How many bytes a signature made here has: 64, or 256 by RSA (a key of 2048 bits). */
size_t jose_signature_bytes(enum jose_alg alg);
/* Whoever holds the private key: so many bytes over text. */
typedef enum err jose_sign_fn(struct ctx *ctx, void *arg, enum jose_alg alg, struct str text,
                              uint8_t ret[JOSE_SIGNATURE]);
/* The same in two steps, for a signature that comes later: what is to be signed, and the token of
 * it. */
enum err jws_prepare(struct ctx *ctx, enum jose_alg alg, struct str typ, struct str kid,
                     const struct json *payload, struct str *ret_input) MUST_USE;
struct str jws_finish(struct arena *a, enum jose_alg alg, struct str input,
                      const uint8_t signature[JOSE_SIGNATURE]);
/* Header {"alg", "typ", "kid"} and payload, signed. typ and kid may be empty. */
enum err jws_sign(struct ctx *ctx, enum jose_alg alg, struct str typ, struct str kid,
                  const struct json *payload, jose_sign_fn *sign, void *arg,
                  struct str *ret) MUST_USE;

/* ---- claims ---- */

/* What the claims must say. Empty texts and zeros ask nothing. */
struct jwt_rules {
    struct instant now;
    struct str iss;
    struct str sub;
    struct str aud; /* must be among the audiences */
    bool aud_alone; /* and be the only one, written as one string (FAPI 2.0, 5.3.2.1) */
    const struct str
        *auds; /* without aud: each audience must be one of these, and there must be one */
    size_t aud_count;
    bool need_exp;
    bool need_iat;
    bool need_jti;
    int64_t life_max_s; /* exp at most so far ahead of now */
    int64_t age_max_s;  /* iat at most so long ago */
};
struct jwt_claims {
    struct json all;
    struct str iss;
    struct str sub;
    struct str jti;
    int64_t exp_s; /* 0 when absent */
    int64_t iat_s;
    int64_t nbf_s;
};
/* How far another's clock may differ from ours. FAPI 2.0 (5.3.2.1) wants 10 s accepted and 60 s
 * refused. */
enum { JWT_SKEW_S = 10 };

/* Read a payload as claims and hold it to the rules. Times are whole or fractional seconds; aud is
 * a text or a list. */
enum err jwt_read(struct ctx *ctx, struct str payload, const struct jwt_rules *rules,
                  struct jwt_claims *ret) MUST_USE;
