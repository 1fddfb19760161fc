/* ECDSA on P-256, for what others' JOSE libraries sign and verify. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "crypto/crypto.h"
#include "crypto/sm2.h"
#include "crypto/p256.h"

/* The order of P-256 (SP 800-186, 3.2.1.3), big-endian. */
static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                  0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};

struct p256_key {
    EVP_PKEY *key;
    EVP_PKEY_CTX *sign; /* ready for signing; NULL for verifying only */
};

static bool is_point(int nid, const uint8_t public_key[65])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(nid);
    EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
    bool ok = public_key[0] == 4 && point != NULL &&
              EC_POINT_oct2point(group, point, public_key, 65, NULL) == 1;
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return ok;
}

bool p256_is_point(const uint8_t public_key[65])
{
    return is_point(NID_X9_62_prime256v1, public_key);
}

bool sm2_is_point(const uint8_t public_key[65])
{
    return is_point(NID_sm2, public_key);
}

bool p256_public(const uint8_t secret[32], uint8_t ret_public[65])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
    BIGNUM *d = BN_secure_new();
    bool ok = point != NULL && d != NULL && BN_bin2bn(secret, 32, d) != NULL && !BN_is_zero(d);
    ok = ok && BN_cmp(d, EC_GROUP_get0_order(group)) < 0 &&
         EC_POINT_mul(group, point, d, NULL, NULL, NULL) == 1;
    ok = ok && EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, ret_public, 65,
                                  NULL) == 65;
    BN_clear_free(d);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return ok;
}

/* Takes the key over. Setting up for a signature costs a third of it: done once. */
static struct p256_key *keep_ready(EVP_PKEY *key, bool for_signing)
{
    struct p256_key *k = key == NULL ? NULL : OPENSSL_zalloc(sizeof(*k));
    if (k == NULL) {
        EVP_PKEY_free(key);
        return NULL;
    }
    k->key = key;
    k->sign = for_signing ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool ok = !for_signing || (k->sign != NULL && EVP_PKEY_sign_init(k->sign) == 1 &&
                               EVP_PKEY_CTX_set_signature_md(k->sign, EVP_sha256()) == 1);
    if (!ok) {
        p256_key_free(k);
        return NULL;
    }
    return k;
}

struct p256_key *p256_key_new(const uint8_t *secret, const uint8_t public_key[65])
{
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    BIGNUM *d = secret == NULL ? NULL : BN_secure_new();
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    bool ok = b != NULL && c != NULL && public_key[0] == 4;
    ok = ok && OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1;
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
    return keep_ready(key, secret != NULL);
}

void p256_key_free(struct p256_key *k)
{
    if (k != NULL) {
        EVP_PKEY_CTX_free(k->sign);
        EVP_PKEY_free(k->key);
        OPENSSL_free(k);
    }
}

/* One INTEGER of a DER signature, as 32 bytes; *at goes behind it. */
static bool read_integer(const uint8_t **at, const uint8_t *end, uint8_t ret[32])
{
    const uint8_t *p = *at;
    if (end - p < 3 || p[0] != 2 || p[1] == 0 || p[1] > 33 || end - p - 2 < p[1]) {
        return false;
    }
    size_t n = p[1];
    p += 2;
    *at = p + n;
    if (n == 33) { /* a zero before a number whose highest bit is set */
        if (p[0] != 0) {
            return false;
        }
        p++;
        n--;
    }
    memset(ret, 0, 32 - n);
    memcpy(ret + 32 - n, p, n);
    return true;
}

bool p256_key_sign(struct p256_key *k, struct str text, uint8_t ret[64])
{
    uint8_t hash[32];
    uint8_t der[80];
    size_t n = sizeof(der);
    sha256(text.p, text.n, hash);
    if (k->sign == NULL || EVP_PKEY_sign(k->sign, der, &n, hash, sizeof(hash)) != 1 || n < 8 ||
        der[0] != 0x30 || der[1] != n - 2) {
        return false;
    }
    const uint8_t *at = der + 2;
    return read_integer(&at, der + n, ret) && read_integer(&at, der + n, ret + 32) && at == der + n;
}

static bool is_in_range(const uint8_t number[32])
{
    static const uint8_t zero[32];
    return memcmp(number, zero, 32) != 0 && memcmp(number, order, 32) < 0;
}

bool p256_key_verify(const struct p256_key *k, struct str text, const uint8_t signature[64])
{
    if (!is_in_range(signature) || !is_in_range(signature + 32)) {
        return false;
    }
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
    EVP_MD_CTX *c = n > 0 ? EVP_MD_CTX_new() : NULL;
    ok = c != NULL && EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, k->key) == 1;
    ok = ok && EVP_DigestVerify(c, der, (size_t)n, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    OPENSSL_free(der);
    ECDSA_SIG_free(sig);
    return ok;
}

bool p256_sign(const uint8_t secret[32], const uint8_t public_key[65], struct str text,
               uint8_t ret[64])
{
    struct p256_key *k = p256_key_new(secret, public_key);
    bool ok = k != NULL && p256_key_sign(k, text, ret);
    p256_key_free(k);
    return ok;
}

bool p256_verify(const uint8_t public_key[65], struct str text, const uint8_t signature[64])
{
    struct p256_key *k = p256_key_new(NULL, public_key);
    bool ok = k != NULL && p256_key_verify(k, text, signature);
    p256_key_free(k);
    return ok;
}
