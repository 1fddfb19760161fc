/* Ed25519 (RFC 8032) and SM2 with SM3 (GB/T 32918, the default identifier 1234567812345678) by
 * OpenSSL. Signing works on keys kept ready; verifying answers false for whatever is not a
 * signature, and also when memory runs out. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "crypto/crypto.h"
#include "crypto/sm2.h"

/* ---- Ed25519 ---- */

void ed25519_public(const uint8_t seed[32], uint8_t ret_public[32])
{
    size_t n = 32;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    must(key != NULL && EVP_PKEY_get_raw_public_key(key, ret_public, &n) == 1 && n == 32);
    EVP_PKEY_free(key);
}

void ed25519_sign(const uint8_t seed[32], struct str text, uint8_t ret[64])
{
    size_t n = 64;
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = key != NULL && c != NULL && EVP_DigestSignInit(c, NULL, NULL, NULL, key) == 1;
    ok = ok && EVP_DigestSign(c, ret, &n, (const unsigned char *)text.p, text.n) == 1;
    must(ok && n == 64);
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
}

bool ed25519_verify(const uint8_t public_key[32], struct str text, const uint8_t signature[64])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public_key, 32);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool ok = key != NULL && c != NULL && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1;
    ok = ok && EVP_DigestVerify(c, signature, 64, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    return ok;
}

/* ---- SM2 ---- */

static const char sm2_id[] = "1234567812345678";

static EVP_PKEY *sm2_key(const uint8_t *secret, const uint8_t public_key[65])
{
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    BIGNUM *d = secret == NULL ? NULL : BN_secure_new();
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    bool ok = b != NULL && c != NULL &&
              OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "SM2", 0) == 1;
    ok = ok && OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, public_key, 65) == 1;
    if (ok && secret != NULL) {
        ok = d != NULL && BN_bin2bn(secret, 32, d) != NULL &&
             OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1;
    }
    ok = ok && (params = OSSL_PARAM_BLD_to_param(b)) != NULL && EVP_PKEY_fromdata_init(c) == 1;
    if (!ok || EVP_PKEY_fromdata(c, &key, secret == NULL ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR,
                                 params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    BN_clear_free(d);
    EVP_PKEY_CTX_free(c);
    return key;
}

bool sm2_public(const uint8_t secret[32], uint8_t ret_public[65])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_sm2);
    BIGNUM *d = BN_secure_new();
    EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
    bool ok = point != NULL && d != NULL && BN_bin2bn(secret, 32, d) != NULL;
    /* 1 <= d <= n-2, so that 1 + d has an inverse (GB/T 32918.1, 6.1). */
    BIGNUM *top = ok ? BN_dup(EC_GROUP_get0_order(group)) : NULL;
    ok = ok && top != NULL && BN_sub_word(top, 1) == 1 && !BN_is_zero(d) && BN_cmp(d, top) < 0;
    ok = ok && EC_POINT_mul(group, point, d, NULL, NULL, NULL) == 1;
    ok = ok && EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret_public, 65,
                                  NULL) == 65;
    BN_free(top);
    BN_clear_free(d);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return ok;
}

static EVP_MD_CTX *sm2_context(EVP_PKEY *key, bool sign)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *p = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = c != NULL && p != NULL && EVP_PKEY_CTX_set1_id(p, sm2_id, sizeof(sm2_id) - 1) == 1;
    if (ok) {
        EVP_MD_CTX_set_pkey_ctx(c, p);
        ok = sign ? EVP_DigestSignInit(c, NULL, EVP_sm3(), NULL, key) == 1
                  : EVP_DigestVerifyInit(c, NULL, EVP_sm3(), NULL, key) == 1;
    }
    if (!ok) {
        EVP_MD_CTX_free(c);
        EVP_PKEY_CTX_free(p);
        return NULL;
    }
    return c; /* its key context is freed by sm2_context_free */
}

static void sm2_context_free(EVP_MD_CTX *c)
{
    EVP_PKEY_CTX *p = c == NULL ? NULL : EVP_MD_CTX_get_pkey_ctx(c);
    EVP_MD_CTX_free(c);
    EVP_PKEY_CTX_free(p);
}

/* struct sm2_key is never defined: it is an EVP_PKEY under another name. */
static EVP_PKEY *sm2_evp(struct sm2_key *k)
{
    return (EVP_PKEY *)k;
}

struct sm2_key *sm2_key_new(const uint8_t secret[32], const uint8_t public_key[65])
{
    return (struct sm2_key *)sm2_key(secret, public_key);
}

void sm2_key_free(struct sm2_key *k)
{
    EVP_PKEY_free(sm2_evp(k));
}

bool sm2_key_sign(struct sm2_key *k, struct str text, uint8_t ret[64])
{
    uint8_t der[80];
    size_t n = sizeof(der);
    EVP_MD_CTX *c = sm2_context(sm2_evp(k), true);
    bool ok = c != NULL && EVP_DigestSign(c, der, &n, (const unsigned char *)text.p, text.n) == 1;
    const uint8_t *at = der;
    ECDSA_SIG *sig = ok ? d2i_ECDSA_SIG(NULL, &at, (long)n) : NULL;
    ok = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), ret, 32) == 32 &&
         BN_bn2binpad(ECDSA_SIG_get0_s(sig), ret + 32, 32) == 32;
    ECDSA_SIG_free(sig);
    sm2_context_free(c);
    return ok;
}

bool sm2_sign(const uint8_t secret[32], const uint8_t public_key[65], struct str text,
              uint8_t ret[64])
{
    struct sm2_key *k = sm2_key_new(secret, public_key);
    bool ok = k != NULL && sm2_key_sign(k, text, ret);
    sm2_key_free(k);
    return ok;
}

bool sm2_verify(const uint8_t public_key[65], struct str text, const uint8_t signature[64])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, 32, NULL);
    BIGNUM *s = BN_bin2bn(signature + 32, 32, NULL);
    unsigned char *der = NULL;
    bool ok = sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1;
    if (!ok) {
        BN_free(r);
        BN_free(s);
    }
    int n = ok ? i2d_ECDSA_SIG(sig, &der) : -1;
    EVP_PKEY *key = n > 0 ? sm2_key(NULL, public_key) : NULL;
    EVP_MD_CTX *c = key == NULL ? NULL : sm2_context(key, false);
    ok = c != NULL &&
         EVP_DigestVerify(c, der, (size_t)n, (const unsigned char *)text.p, text.n) == 1;
    sm2_context_free(c);
    EVP_PKEY_free(key);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return ok;
}
