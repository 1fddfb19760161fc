/* Web Authentication level 3: verifying what an authenticator signed. The numbers in faults are the
 * steps of 7.1 and 7.2. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509v3.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "base/encode.h"
#include "crypto/cbor.h"
#include "crypto/crypto.h"
#include "crypto/factor.h"

enum {
    CLIENT_DATA_MAX = 4096,
    ATTESTATION_MAX = 16384,
    ID_MAX = 1023,
    RSA_MIN = 256,
    RSA_MAX = 512,
    CHAIN_MAX = 4
};
enum { FLAG_UP = 1, FLAG_UV = 4, FLAG_BE = 8, FLAG_BS = 16, FLAG_AT = 64, FLAG_ED = 128 };

/* ---- client data (5.8.1) ---- */

static enum err check_client_data(struct ctx *ctx, const struct webauthn_want *want,
                                  struct str text, const char *type)
{
    struct json o;
    struct str challenge = {0};
    if (text.n > CLIENT_DATA_MAX) {
        return fault(ctx, ERR_TOO_LARGE, "the client data is longer than %d bytes",
                     CLIENT_DATA_MAX);
    }
    TRY(json_parse(ctx, text, STR("clientDataJSON"), &o));
    if (o.kind != JSON_OBJECT || !str_equal(json_text(&o, "type"), str_from(type))) {
        return fault(ctx, ERR_CONFLICT, "the client data is not of type %s", type);
    }
    if (!base64url_decode(ctx->arena, json_text(&o, "challenge"), &challenge) ||
        want->challenge.n == 0 || challenge.n != want->challenge.n ||
        !bytes_equal(challenge.p, want->challenge.p, challenge.n)) {
        return fault(ctx, ERR_CONFLICT, "the challenge is not the one given out");
    }
    if (!str_equal(json_text(&o, "origin"), want->origin)) {
        return fault(ctx, ERR_CONFLICT, "it was made for another origin");
    }
    const struct json *cross = json_get(&o, "crossOrigin");
    if ((cross != NULL && (cross->kind != JSON_BOOL || cross->bool_value)) ||
        json_get(&o, "topOrigin") != NULL) {
        return fault(ctx, ERR_CONFLICT, "it was made inside a page of another origin");
    }
    return ERR_OK;
}

/* ---- keys (RFC 9053, restricted by 5.8.5 and 6.5.1.1) ---- */

struct cose_key {
    enum cose_alg alg;
    struct str x; /* EC2, OKP: x; RSA: n */
    struct str y; /* EC2: y; RSA: e */
};

static bool int_is(struct cbor *c, int64_t want)
{
    struct cbor_item item = cbor_next(c);
    return (item.kind == CBOR_UINT || item.kind == CBOR_NINT) && item.n == want;
}

static bool bytes_of(struct cbor *c, int64_t label, size_t least, size_t most, struct str *ret)
{
    bool right = int_is(c, label);
    struct cbor_item item = cbor_next(c);
    *ret = item.text;
    return right && item.kind == CBOR_BYTES && item.text.n >= least && item.text.n <= most;
}

/* Canonical order fixes where each member stands: 1 (kty), 3 (alg), -1, -2, -3. Nothing else may
 * stand there. */
static bool read_key(struct cbor *c, struct cose_key *ret)
{
    struct cbor_item map = cbor_next(c);
    bool head = map.kind == CBOR_MAP && int_is(c, 1);
    struct cbor_item kty = cbor_next(c);
    head = head && kty.kind == CBOR_UINT && int_is(c, 3);
    struct cbor_item alg = cbor_next(c);
    if (!head || alg.kind != CBOR_NINT) {
        return false;
    }
    *ret = (struct cose_key){.alg = (enum cose_alg)alg.n};
    if (alg.n == COSE_ES256) {
        return kty.n == 2 && map.n == 5 && int_is(c, -1) && int_is(c, 1) &&
               bytes_of(c, -2, 32, 32, &ret->x) && bytes_of(c, -3, 32, 32, &ret->y);
    }
    if (alg.n == COSE_EDDSA) {
        return kty.n == 1 && map.n == 4 && int_is(c, -1) && int_is(c, 6) &&
               bytes_of(c, -2, 32, 32, &ret->x);
    }
    return alg.n == COSE_RS256 && kty.n == 3 && map.n == 4 &&
           bytes_of(c, -1, RSA_MIN, RSA_MAX, &ret->x) && bytes_of(c, -2, 1, 8, &ret->y) &&
           ret->x.p[0] != 0;
}

/* NULL when it is no key: a point off the curve is none. */
static EVP_PKEY *ec_key(const struct cose_key *k)
{
    unsigned char point[65] = {4};
    char group[] = "P-256";
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    memcpy(point + 1, k->x.p, 32);
    memcpy(point + 33, k->y.p, 32);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
        OSSL_PARAM_construct_end()};
    bool ok = c != NULL && EVP_PKEY_fromdata_init(c) == 1 &&
              EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) == 1;
    EVP_PKEY_CTX_free(c);
    return ok ? key : NULL;
}

static size_t der_head(uint8_t *out, uint8_t tag, size_t n)
{
    out[0] = tag;
    if (n < 128) {
        out[1] = (uint8_t)n;
        return 2;
    }
    out[1] = 0x82;
    out[2] = (uint8_t)(n >> 8);
    out[3] = (uint8_t)n;
    return 4;
}

static size_t der_uint(uint8_t *out, struct str v)
{
    bool pad = ((uint8_t)v.p[0] & 0x80) != 0;
    size_t n = der_head(out, 0x02, v.n + pad);
    if (pad) {
        out[n++] = 0;
    }
    memcpy(out + n, v.p, v.n);
    return n + v.n;
}

static EVP_PKEY *rsa_key(const struct cose_key *k)
{
    uint8_t body[RSA_MAX + 32];
    uint8_t der[RSA_MAX + 64];
    size_t n = der_uint(body, k->x);
    n += der_uint(body + n, k->y);
    size_t at = der_head(der, 0x30, n);
    memcpy(der + at, body, n);
    const uint8_t *p = der;
    return d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)(at + n));
}

static EVP_PKEY *key_of(const struct cose_key *k)
{
    switch (k->alg) {
    case COSE_ES256: return ec_key(k);
    case COSE_EDDSA:
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)k->x.p,
                                           k->x.n);
    case COSE_RS256: return rsa_key(k);
    }
    return NULL;
}

/* A key that was read before is NULL again, or a context is, only without memory. */
static enum proven_by signature_holds(EVP_PKEY *key, enum cose_alg alg, struct str text,
                                      struct str signature)
{
    int kind = alg == COSE_ES256   ? EVP_PKEY_EC
               : alg == COSE_EDDSA ? EVP_PKEY_ED25519
                                   : EVP_PKEY_RSA;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool fits = key == NULL || EVP_PKEY_get_base_id(key) == kind;
    bool able = c != NULL && key != NULL &&
                (!fits || EVP_DigestVerifyInit(c, NULL, alg == COSE_EDDSA ? NULL : EVP_sha256(),
                                               NULL, key) == 1);
    bool ok = able && fits &&
              EVP_DigestVerify(c, (const unsigned char *)signature.p, signature.n,
                               (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    return !able ? PROOF_NO_MEMORY : ok ? PROOF_YES : PROOF_NO;
}

static enum err said(struct ctx *ctx, enum proven_by proof, const char *otherwise)
{
    if (proof == PROOF_NO_MEMORY) {
        return fault(ctx, ERR_MEMORY, "no memory to verify a signature in");
    }
    return proof == PROOF_YES ? ERR_OK : fault(ctx, ERR_SIGNATURE, "%s", otherwise);
}

/* What is signed: authenticator data ‖ SHA-256 of the client data. */
static struct str signed_text(struct arena *a, struct str auth_data, struct str client_data)
{
    char *out = arena_push_bytes(a, auth_data.n + 32);
    memcpy(out, auth_data.p, auth_data.n);
    sha256(client_data.p, client_data.n, (uint8_t *)out + auth_data.n);
    return (struct str){out, auth_data.n + 32};
}

/* ---- authenticator data (6.1) ---- */

struct auth_data {
    unsigned flags;
    uint32_t count;
    struct str rest; /* what follows the counter */
};

static enum err read_auth_data(struct ctx *ctx, const struct webauthn_want *want, struct str bytes,
                               struct auth_data *ret)
{
    uint8_t hash[32];
    const uint8_t *p = (const uint8_t *)bytes.p;
    if (bytes.n < 37) {
        return fault(ctx, ERR_SYNTAX, "the authenticator data is shorter than 37 bytes");
    }
    sha256(want->rp_id.p, want->rp_id.n, hash);
    if (!bytes_equal(hash, p, 32)) {
        return fault(ctx, ERR_CONFLICT, "it was made for another relying party");
    }
    *ret = (struct auth_data){.flags = p[32], .rest = str_slice(bytes, 37, bytes.n)};
    ret->count = (uint32_t)p[33] << 24 | (uint32_t)p[34] << 16 | (uint32_t)p[35] << 8 | p[36];
    if ((ret->flags & FLAG_UP) == 0) {
        return fault(ctx, ERR_CONFLICT, "the user was not present");
    }
    if (want->verified && (ret->flags & FLAG_UV) == 0) {
        return fault(ctx, ERR_CONFLICT, "the user was not verified");
    }
    if ((ret->flags & FLAG_BS) != 0 && (ret->flags & FLAG_BE) == 0) {
        return fault(ctx, ERR_CONFLICT, "a credential that may not be backed up says it is");
    }
    return ERR_OK;
}

/* Extension outputs are not asked for and not used, but must be a map that ends where the data
 * ends. */
static bool extensions_end(struct cbor *c, unsigned flags)
{
    if ((flags & FLAG_ED) != 0) {
        struct cbor peek = *c;
        if (cbor_next(&peek).kind != CBOR_MAP) {
            return false;
        }
        cbor_skip(c);
    }
    return cbor_is_done(c);
}

static enum err read_credential(struct ctx *ctx, const struct auth_data *data, struct passkey *ret,
                                struct cose_key *key)
{
    const uint8_t *p = (const uint8_t *)data->rest.p;
    if ((data->flags & FLAG_AT) == 0 || data->rest.n < 18) {
        return fault(ctx, ERR_SYNTAX, "the authenticator data holds no credential");
    }
    size_t id = (size_t)p[16] << 8 | p[17];
    if (id == 0 || id > ID_MAX || data->rest.n < 18 + id) {
        return fault(ctx, ERR_SYNTAX, "the credential id is empty, longer than %d bytes, or cut",
                     ID_MAX);
    }
    memcpy(ret->aaguid, p, 16);
    ret->id = str_copy(ctx->arena, str_slice(data->rest, 18, 18 + id));
    struct str tail = str_slice(data->rest, 18 + id, data->rest.n);
    struct cbor c = cbor_from(tail);
    if (!read_key(&c, key) || c.bad) {
        return fault(ctx, ERR_NOT_SUPPORTED,
                     "the key is not of ES256, EdDSA or RS256, or has more than such a key");
    }
    ret->key = str_copy(ctx->arena, str_slice(tail, 0, (size_t)((const char *)c.at - tail.p)));
    ret->alg = key->alg;
    if (!extensions_end(&c, data->flags)) {
        return fault(ctx, ERR_SYNTAX, "there is more in the authenticator data than it says");
    }
    ret->count = data->count;
    ret->verified = (data->flags & FLAG_UV) != 0;
    ret->may_back_up = (data->flags & FLAG_BE) != 0;
    ret->backed_up = (data->flags & FLAG_BS) != 0;
    return ERR_OK;
}

/* ---- attestation ---- */

struct attestation {
    struct str format;
    struct str auth_data;
    bool has_statement;
    int64_t members;
    bool has_alg;
    int64_t alg;
    struct str signature;
    struct str certificate; /* the first of x5c; empty when there is none */
};

static bool read_chain(struct cbor *c, struct str *ret_first)
{
    struct cbor_item list = cbor_next(c);
    bool ok = list.kind == CBOR_ARRAY && list.n >= 1 && list.n <= CHAIN_MAX;
    for (int64_t i = 0; ok && i < list.n; i++) {
        struct cbor_item item = cbor_next(c);
        ok = item.kind == CBOR_BYTES;
        *ret_first = i == 0 ? item.text : *ret_first;
    }
    return ok;
}

static bool read_statement(struct cbor *c, struct attestation *ret)
{
    struct cbor_item map = cbor_next(c);
    bool ok = map.kind == CBOR_MAP && !ret->has_statement;
    ret->has_statement = true;
    ret->members = map.n;
    for (int64_t i = 0; ok && i < map.n; i++) {
        struct cbor_item name = cbor_next(c);
        ok = name.kind == CBOR_TEXT;
        if (ok && str_equal(name.text, STR("alg")) && !ret->has_alg) {
            struct cbor_item v = cbor_next(c);
            ok = v.kind == CBOR_NINT;
            ret->has_alg = true;
            ret->alg = v.n;
        } else if (ok && str_equal(name.text, STR("sig")) && ret->signature.n == 0) {
            struct cbor_item v = cbor_next(c);
            ok = v.kind == CBOR_BYTES;
            ret->signature = v.text;
        } else if (ok && str_equal(name.text, STR("x5c")) && ret->certificate.n == 0) {
            ok = read_chain(c, &ret->certificate);
        } else {
            cbor_skip(c);
        }
    }
    return ok && !c->bad;
}

static bool read_attestation(struct str bytes, struct attestation *ret)
{
    struct cbor c = cbor_from(bytes);
    struct cbor_item map = cbor_next(&c);
    bool ok = map.kind == CBOR_MAP && map.n == 3;
    *ret = (struct attestation){0};
    for (int i = 0; ok && i < 3; i++) {
        struct cbor_item name = cbor_next(&c);
        ok = name.kind == CBOR_TEXT;
        if (ok && str_equal(name.text, STR("fmt")) && ret->format.n == 0) {
            struct cbor_item v = cbor_next(&c);
            ok = v.kind == CBOR_TEXT;
            ret->format = v.text;
        } else if (ok && str_equal(name.text, STR("authData")) && ret->auth_data.n == 0) {
            struct cbor_item v = cbor_next(&c);
            ok = v.kind == CBOR_BYTES;
            ret->auth_data = v.text;
        } else if (ok && str_equal(name.text, STR("attStmt"))) {
            ok = read_statement(&c, ret);
        } else {
            ok = false;
        }
    }
    return ok && cbor_is_done(&c) && ret->format.n > 0 && ret->auth_data.n > 0 &&
           ret->has_statement;
}

/* 8.2.1: what a packed attestation's certificate must be; the AAGUID in it, when there is one, must
 * be the authenticator's. */
static bool certificate_fits(X509 *x, const uint8_t aaguid[16])
{
    char unit[64];
    ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
    int n = X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_organizationalUnitName, unit,
                                      sizeof(unit));
    bool ok = X509_get_version(x) == 2 && n > 0 &&
              str_equal(str_from(unit), STR("Authenticator Attestation"));
    ok = ok && X509_get_extension_flags(x) != 0 && X509_check_ca(x) == 0 && oid != NULL;
    int at = ok ? X509_get_ext_by_OBJ(x, oid, -1) : -1;
    if (at >= 0) {
        X509_EXTENSION *e = X509_get_ext(x, at);
        const ASN1_OCTET_STRING *v = X509_EXTENSION_get_data(e);
        const unsigned char *p = ASN1_STRING_get0_data(v);
        ok = X509_EXTENSION_get_critical(e) == 0 && ASN1_STRING_length(v) == 18 && p[0] == 4 &&
             p[1] == 16 && bytes_equal(p + 2, aaguid, 16);
    }
    ASN1_OBJECT_free(oid);
    return ok;
}

static enum proven_by packed_by_certificate(const struct attestation *s, const struct passkey *k,
                                            struct str text)
{
    const unsigned char *p = (const unsigned char *)s->certificate.p;
    X509 *x = d2i_X509(NULL, &p, (long)s->certificate.n);
    bool whole = x != NULL && p == (const unsigned char *)s->certificate.p + s->certificate.n;
    EVP_PKEY *key = whole && certificate_fits(x, k->aaguid) ? X509_get0_pubkey(x) : NULL;
    enum proven_by proof =
        key == NULL ? PROOF_NO : signature_holds(key, (enum cose_alg)s->alg, text, s->signature);
    X509_free(x);
    return proof;
}

static enum err check_attestation(struct ctx *ctx, const struct attestation *s,
                                  const struct cose_key *key, struct str text, struct passkey *ret)
{
    if (str_equal(s->format, STR("none"))) {
        return s->members == 0
                   ? ERR_OK
                   : fault(ctx, ERR_SYNTAX, "an attestation of format none says something");
    }
    if (!str_equal(s->format, STR("packed"))) {
        return fault(ctx, ERR_NOT_SUPPORTED, "the attestation is neither none nor packed");
    }
    if (!s->has_alg || s->signature.n == 0) {
        return fault(ctx, ERR_SYNTAX, "a packed attestation lacks alg or sig");
    }
    if (s->alg != COSE_ES256 && s->alg != COSE_EDDSA && s->alg != COSE_RS256) {
        return fault(ctx, ERR_NOT_SUPPORTED,
                     "the attestation's algorithm is not ES256, EdDSA or RS256");
    }
    if (s->certificate.n > 0) {
        enum proven_by proof = packed_by_certificate(s, ret, text);
        ret->attested = proof == PROOF_YES;
        return said(ctx, proof, "the attestation's certificate or signature does not hold");
    }
    if (s->alg != (int64_t)key->alg) {
        return fault(ctx, ERR_SIGNATURE, "the self attestation is not of the key's algorithm");
    }
    EVP_PKEY *own = key_of(key);
    enum proven_by proof = signature_holds(own, key->alg, text, s->signature);
    EVP_PKEY_free(own);
    return said(ctx, proof, "the self attestation does not hold");
}

/* ---- the two ceremonies ---- */

enum err webauthn_register(struct ctx *ctx, const struct webauthn_want *want,
                           struct str client_data, struct str attestation, struct passkey *ret)
{
    struct attestation s;
    struct auth_data data;
    struct cose_key key;
    *ret = (struct passkey){0};
    TRY(check_client_data(ctx, want, client_data, "webauthn.create"));
    if (attestation.n > ATTESTATION_MAX || !read_attestation(attestation, &s)) {
        return fault(ctx, ERR_SYNTAX,
                     "the attestation object is no CBOR map of fmt, attStmt and authData, or "
                     "longer than %d bytes",
                     ATTESTATION_MAX);
    }
    TRY(read_auth_data(ctx, want, s.auth_data, &data));
    TRY(read_credential(ctx, &data, ret, &key));
    EVP_PKEY *usable = key_of(&key);
    bool is_key = usable != NULL;
    EVP_PKEY_free(usable);
    if (!is_key) {
        return fault(ctx, ERR_NOT_SUPPORTED, "the public key is no key of its algorithm");
    }
    return check_attestation(ctx, &s, &key, signed_text(ctx->arena, s.auth_data, client_data), ret);
}

enum err webauthn_assert(struct ctx *ctx, const struct webauthn_want *want,
                         const struct passkey *known, struct str client_data,
                         struct str authenticator_data, struct str signature,
                         struct passkey_use *ret)
{
    struct auth_data data;
    struct cose_key key;
    struct cbor c = cbor_from(known->key);
    if (!read_key(&c, &key) || !cbor_is_done(&c) || key.alg != known->alg) {
        return fault(ctx, ERR_CORRUPT, "the stored key of the passkey is damaged");
    }
    TRY(check_client_data(ctx, want, client_data, "webauthn.get"));
    TRY(read_auth_data(ctx, want, authenticator_data, &data));
    struct cbor rest = cbor_from(data.rest);
    if ((data.flags & FLAG_AT) != 0 || !extensions_end(&rest, data.flags)) {
        return fault(ctx, ERR_SYNTAX,
                     "there is more in the authenticator data than an assertion holds");
    }
    if (((data.flags & FLAG_BE) != 0) != known->may_back_up) {
        return fault(ctx, ERR_CONFLICT, "the credential's backup eligibility changed");
    }
    EVP_PKEY *k = key_of(&key);
    enum proven_by proof = signature_holds(
        k, key.alg, signed_text(ctx->arena, authenticator_data, client_data), signature);
    EVP_PKEY_free(k);
    TRY(said(ctx, proof, "the signature does not verify"));
    *ret =
        (struct passkey_use){data.count, (data.flags & FLAG_UV) != 0, (data.flags & FLAG_BS) != 0};
    return ERR_OK;
}

bool webauthn_count_holds(uint32_t stored, uint32_t sent)
{
    return (stored == 0 && sent == 0) || sent > stored;
}
