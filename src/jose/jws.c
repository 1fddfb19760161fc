/* Compact JWS: taken apart, verified, made. */
#include "jose/jose.h"

#include "base/arena.h"
#include "base/str.h"
#include "base/token.h"
#include "base/encode.h"
#include "base/json_make.h"
#include "crypto/crypto.h"
#include "crypto/sm2.h"
#include "crypto/rsa.h"
#include "crypto/p256.h"
#include "limit_gen.h"

/* Header members that would let a token choose its own key, change how it is read, or must be
 * understood. RFC 7515, 4.1; RFC 7797 (b64); RFC 7516 (zip, enc). */
static enum err refuse_members(struct ctx *ctx, const struct json *header, bool own_key)
{
    static const char *const bad[] = {"crit",     "b64", "jku", "x5u", "x5c", "x5t",
                                      "x5t#S256", "zip", "enc", "epk", "cty"};
    for (size_t i = 0; i < LEN(bad); i++) {
        if (json_get(header, bad[i]) != NULL) {
            return fault(ctx, ERR_NOT_SUPPORTED, "the header member %s is not accepted", bad[i]);
        }
    }
    bool has = json_get(header, "jwk") != NULL;
    if (has != own_key) {
        return own_key
                   ? fault(ctx, ERR_MISSING, "the header must hold the key as jwk")
                   : fault(
                         ctx, ERR_NOT_SUPPORTED,
                         "the header member jwk is not accepted: a token does not choose its key");
    }
    return ERR_OK;
}

static enum err header_text(struct ctx *ctx, const struct json *header, const char *name,
                            size_t max, struct str *ret)
{
    const struct json *v = json_get(header, name);
    *ret = STR("");
    if (v == NULL) {
        return ERR_OK;
    }
    if (!json_is(v, JSON_STRING) || v->text.n == 0 || v->text.n > max) {
        return fault(ctx, ERR_SYNTAX, "the header member %s must be a text of 1 to %zu bytes", name,
                     max);
    }
    *ret = v->text;
    return ERR_OK;
}

static enum err read_header(struct ctx *ctx, struct str part, unsigned allow, bool own_key,
                            struct jws *ret)
{
    struct str text = {0};
    struct str name = {0};
    if (!base64url_decode(ctx->arena, part, &text)) {
        return fault(ctx, ERR_SYNTAX, "the header of the token is not canonical base64url");
    }
    TRY(json_parse(ctx, text, STR("header"), &ret->header));
    if (!json_is(&ret->header, JSON_OBJECT)) {
        return fault(ctx, ERR_SYNTAX, "the header of the token must be a JSON object");
    }
    TRY(refuse_members(ctx, &ret->header, own_key));
    TRY(header_text(ctx, &ret->header, "alg", 16, &name));
    /* RFC 9864 names Ed25519 for what RFC 8037 calls EdDSA with that curve. */
    unsigned alg = str_equal(name, STR("Ed25519")) ? JOSE_EDDSA : jose_alg_of(name);
    if (alg == 0 || (alg & allow) == 0) {
        return fault(ctx, ERR_NOT_SUPPORTED, "the alg of the token is not accepted here");
    }
    ret->alg = (enum jose_alg)alg;
    TRY(header_text(ctx, &ret->header, "typ", 64, &ret->typ));
    TRY(header_text(ctx, &ret->header, "kid", LIMIT_JWS_KID_BYTES, &ret->kid));
    ret->has_jwk = own_key;
    return own_key ? jwk_read(ctx, json_get(&ret->header, "jwk"), &ret->jwk) : ERR_OK;
}

enum err jws_read(struct ctx *ctx, struct str compact, unsigned allow, bool own_key,
                  struct jws *ret)
{
    struct jws s = {0};
    struct str rest = {0};
    if (compact.n > LIMIT_JWS_BYTES) {
        return fault(ctx, ERR_TOO_LARGE, "the token is longer than %d bytes", LIMIT_JWS_BYTES);
    }
    struct str head = str_cut(compact, '.', &rest);
    size_t dot = str_find_byte(rest, '.');
    struct str body = str_slice(rest, 0, dot == SIZE_MAX ? 0 : dot);
    struct str tail = dot == SIZE_MAX ? STR("") : str_slice(rest, dot + 1, rest.n);
    if (head.n == 0 || dot == SIZE_MAX || body.n == 0 || tail.n == 0 ||
        str_find_byte(tail, '.') != SIZE_MAX) {
        return fault(ctx, ERR_SYNTAX, "a signed token has three parts with a dot between");
    }
    s.input = str_slice(compact, 0, head.n + 1 + body.n);
    TRY(read_header(ctx, head, allow, own_key, &s));
    if (!base64url_decode(ctx->arena, body, &s.payload) ||
        !base64url_decode(ctx->arena, tail, &s.signature)) {
        return fault(ctx, ERR_SYNTAX, "a part of the token is not canonical base64url");
    }
    if (s.alg != JOSE_PS256 && s.alg != JOSE_RS256 &&
        s.signature.n != jose_signature_bytes(s.alg)) {
        return fault(ctx, ERR_SIGNATURE, "the signature is not 64 bytes");
    }
    *ret = s;
    return ERR_OK;
}

enum err jws_verify(struct ctx *ctx, const struct jws *s, const struct jwk *key)
{
    bool ok = false;
    if (s->alg != key->alg) {
        return fault(ctx, ERR_CONFLICT, "the token says %.*s, its key is for %.*s",
                     FMT(jose_alg_name(s->alg)), FMT(jose_alg_name(key->alg)));
    }
    const uint8_t *bytes = (const uint8_t *)s->signature.p;
    switch (key->alg) {
    case JOSE_ES256: ok = s->signature.n == 64 && p256_verify(key->point, s->input, bytes); break;
    case JOSE_EDDSA:
        ok = s->signature.n == 64 && ed25519_verify(key->point, s->input, bytes);
        break;
    case JOSE_SM2: ok = s->signature.n == 64 && sm2_verify(key->point, s->input, bytes); break;
    case JOSE_PS256:
        ok = s->signature.n == key->n.n && rsa_pss_verify(key->n, key->e, s->input, s->signature);
        break;
    case JOSE_RS256:
        ok = s->signature.n == key->n.n && rsa_pkcs1_verify(key->n, key->e, s->input, s->signature);
        break;
    }
    return ok ? ERR_OK : fault(ctx, ERR_SIGNATURE, "the signature of the token does not verify");
}

enum err jws_verify_by(struct ctx *ctx, const struct jws *s, const struct jwks *keys)
{
    const struct jwk *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < keys->count; i++) {
        const struct jwk *k = &keys->keys[i];
        if (k->alg == s->alg && (s->kid.n == 0 || str_equal(k->kid, s->kid))) {
            found = k;
            count++;
        }
    }
    if (count != 1) {
        return fault(ctx, ERR_SIGNATURE,
                     count == 0 ? "no key registered for this token has its kid and alg"
                                : "several keys fit the token; name one by kid");
    }
    return jws_verify(ctx, s, found);
}

enum err jws_prepare(struct ctx *ctx, enum jose_alg alg, struct str typ, struct str kid,
                     const struct json *payload, struct str *ret_input)
{
    struct arena *a = ctx->arena;
    struct buf head = buf_new(a, LIMIT_JWS_BYTES);
    struct buf body = buf_new(a, LIMIT_JWS_BYTES);
    struct buf out = buf_new(a, 2 * LIMIT_JWS_BYTES);
    struct str text = {0};
    buf_puts(&head, "{\"alg\":");
    json_write_string(&head, jose_alg_name(alg));
    if (typ.n > 0) {
        buf_puts(&head, ",\"typ\":");
        json_write_string(&head, typ);
    }
    if (kid.n > 0) {
        buf_puts(&head, ",\"kid\":");
        json_write_string(&head, kid);
    }
    buf_byte(&head, '}');
    json_write(&body, payload);
    TRY(buf_done(ctx, &body, &text));
    buf_put(&out, base64url_encode(a, head.p, head.n));
    buf_byte(&out, '.');
    buf_put(&out, base64url_encode(a, text.p, text.n));
    return buf_done(ctx, &out, ret_input);
}

size_t jose_signature_bytes(enum jose_alg alg)
{
    return alg == JOSE_RS256 || alg == JOSE_PS256 ? RSA_MODULUS : 64;
}

struct str jws_finish(struct arena *a, enum jose_alg alg, struct str input,
                      const uint8_t signature[JOSE_SIGNATURE])
{
    return str_format(a, "%.*s.%.*s", FMT(input),
                      FMT(base64url_encode(a, signature, jose_signature_bytes(alg))));
}

enum err jws_sign(struct ctx *ctx, enum jose_alg alg, struct str typ, struct str kid,
                  const struct json *payload, jose_sign_fn *sign, void *arg, struct str *ret)
{
    struct str input = {0};
    uint8_t signature[JOSE_SIGNATURE];
    TRY(jws_prepare(ctx, alg, typ, kid, payload, &input));
    TRY(sign(ctx, arg, alg, input, signature));
    *ret = jws_finish(ctx->arena, alg, input, signature);
    return ERR_OK;
}
