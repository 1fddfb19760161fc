/* RSA with SHA-256, for what others' JOSE libraries sign and verify: PSS, PKCS #1 v1.5, and keys
 * made from a seed. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "crypto/crypto.h"
#include "crypto/rsa.h"

enum { PRIME_BYTES = RSA_MODULUS / 2, EXPONENT = 65537, CANDIDATES_MAX = 1 << 20 };

/* struct rsa_key is never defined: it is an EVP_PKEY under another name. */
static EVP_PKEY *evp(const struct rsa_key *k)
{
    union {
        const struct rsa_key *in;
        EVP_PKEY *out;
    } u = {.in = k};
    return u.out;
}

/* ---- verifying ---- */

static EVP_PKEY *public_key(struct str modulus, struct str exponent)
{
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn((const uint8_t *)modulus.p, (int)modulus.n, NULL);
    BIGNUM *e = BN_bin2bn((const uint8_t *)exponent.p, (int)exponent.n, NULL);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = NULL;
    bool ok = b != NULL && n != NULL && e != NULL && c != NULL;
    ok = ok && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) == 1;
    ok = ok && OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, e) == 1;
    ok = ok && (params = OSSL_PARAM_BLD_to_param(b)) != NULL && EVP_PKEY_fromdata_init(c) == 1;
    if (!ok || EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    BN_free(n);
    BN_free(e);
    EVP_PKEY_CTX_free(c);
    return key;
}

static bool verify(struct str modulus, struct str exponent, int padding, struct str text,
                   struct str signature)
{
    EVP_PKEY *key = public_key(modulus, exponent);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    EVP_PKEY_CTX *p = NULL;
    bool ok = key != NULL && c != NULL && EVP_DigestVerifyInit(c, &p, EVP_sha256(), NULL, key) == 1;
    ok = ok && EVP_PKEY_CTX_set_rsa_padding(p, padding) == 1;
    if (ok && padding == RSA_PKCS1_PSS_PADDING) {
        ok = EVP_PKEY_CTX_set_rsa_mgf1_md(p, EVP_sha256()) == 1 &&
             EVP_PKEY_CTX_set_rsa_pss_saltlen(p, 32) == 1;
    }
    ok = ok && EVP_DigestVerify(c, (const unsigned char *)signature.p, signature.n,
                                (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    return ok;
}

bool rsa_pss_verify(struct str modulus, struct str exponent, struct str text, struct str signature)
{
    return verify(modulus, exponent, RSA_PKCS1_PSS_PADDING, text, signature);
}

bool rsa_pkcs1_verify(struct str modulus, struct str exponent, struct str text,
                      struct str signature)
{
    return verify(modulus, exponent, RSA_PKCS1_PADDING, text, signature);
}

/* ---- keys from a seed ---- */

/* The numbers of one key, and room to reckon. */
struct making {
    BN_CTX *room;
    BIGNUM *e, *p, *q, *n, *d, *dp, *dq, *qinv, *t, *u;
};

static bool making_begin(struct making *m)
{
    BIGNUM **all[] = {&m->e, &m->p, &m->q, &m->n, &m->d, &m->dp, &m->dq, &m->qinv, &m->t, &m->u};
    bool ok = (m->room = BN_CTX_secure_new()) != NULL;
    if (ok) {
        BN_CTX_start(m->room);
    }
    for (size_t i = 0; ok && i < LEN(all); i++) {
        *all[i] = BN_CTX_get(m->room);
        ok = *all[i] != NULL;
    }
    for (size_t i = 1; ok && i < LEN(all); i++) {
        BN_set_flags(*all[i], BN_FLG_CONSTTIME);
    }
    return ok && BN_set_word(m->e, EXPONENT) == 1;
}

static void making_end(struct making *m)
{
    BIGNUM *all[] = {m->e, m->p, m->q, m->n, m->d, m->dp, m->dq, m->qinv, m->t, m->u};
    for (size_t i = 0; i < LEN(all); i++) {
        if (all[i] != NULL) {
            BN_clear(all[i]);
        }
    }
    if (m->room != NULL) {
        BN_CTX_end(m->room);
    }
    BN_CTX_free(m->room);
}

/* FIPS 186-5, A.1.3: odd numbers with their two highest bits set, one after the other out of
 * HMAC-SHA-256 under the seed, until one is a prime p with p - 1 prime to e. far: a prime it must
 * differ from by more than 2^924. */
static bool find_prime(struct making *m, const uint8_t seed[32], char which, const BIGNUM *far,
                       BIGNUM *ret)
{
    uint8_t bytes[PRIME_BYTES];
    bool found = false;
    bool ok = true;
    for (uint32_t turn = 0; ok && !found && turn < CANDIDATES_MAX; turn++) {
        for (uint8_t block = 0; block < PRIME_BYTES / 32; block++) {
            const uint8_t text[8] = {'r',
                                     's',
                                     (uint8_t)which,
                                     (uint8_t)(turn >> 16),
                                     (uint8_t)(turn >> 8),
                                     (uint8_t)turn,
                                     block,
                                     0};
            hmac_sha256((struct str){(const char *)seed, 32},
                        (struct str){(const char *)text, sizeof(text)}, bytes + (size_t)32 * block);
        }
        bytes[0] |= 0xc0;
        bytes[PRIME_BYTES - 1] |= 1;
        ok = BN_bin2bn(bytes, PRIME_BYTES, ret) != NULL;
        if (ok && far != NULL) {
            ok = BN_sub(m->t, ret, far) == 1;
            if (ok && BN_num_bits(m->t) <= 8 * PRIME_BYTES - 100) {
                continue;
            }
        }
        if (!ok || BN_mod_word(ret, EXPONENT) ==
                       1) { /* e is prime: it divides p - 1, or has no divisor with it */
            continue;
        }
        int prime = BN_check_prime(ret, m->room, NULL);
        ok = prime >= 0;
        found = prime == 1;
    }
    bytes_wipe(bytes, sizeof(bytes));
    return ok && found;
}

/* n, d = 1/e mod lcm(p-1, q-1), and the members of the Chinese remainder theorem, with p > q (RFC
 * 8017, 3.2). */
static bool reckon(struct making *m)
{
    if (BN_cmp(m->p, m->q) < 0) {
        BN_swap(m->p, m->q);
    }
    bool ok = BN_mul(m->n, m->p, m->q, m->room) == 1;
    ok = ok && BN_sub(m->t, m->p, BN_value_one()) == 1 && BN_sub(m->u, m->q, BN_value_one()) == 1;
    ok = ok && BN_gcd(m->dp, m->t, m->u, m->room) == 1 && BN_mul(m->dq, m->t, m->u, m->room) == 1;
    ok = ok && BN_div(m->qinv, NULL, m->dq, m->dp, m->room) == 1;
    ok = ok && BN_mod_inverse(m->d, m->e, m->qinv, m->room) != NULL;
    ok = ok && BN_mod(m->dp, m->d, m->t, m->room) == 1 && BN_mod(m->dq, m->d, m->u, m->room) == 1;
    ok = ok && BN_mod_inverse(m->qinv, m->q, m->p, m->room) != NULL;
    return ok && BN_num_bits(m->n) == 8 * RSA_MODULUS && BN_num_bits(m->d) > 8 * PRIME_BYTES;
}

static EVP_PKEY *as_key(const struct making *m)
{
    const struct {
        const char *name;
        const BIGNUM *value;
    } members[] = {
        {OSSL_PKEY_PARAM_RSA_N, m->n},          {OSSL_PKEY_PARAM_RSA_E, m->e},
        {OSSL_PKEY_PARAM_RSA_D, m->d},          {OSSL_PKEY_PARAM_RSA_FACTOR1, m->p},
        {OSSL_PKEY_PARAM_RSA_FACTOR2, m->q},    {OSSL_PKEY_PARAM_RSA_EXPONENT1, m->dp},
        {OSSL_PKEY_PARAM_RSA_EXPONENT2, m->dq}, {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, m->qinv},
    };
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;
    bool ok = b != NULL && c != NULL;
    for (size_t i = 0; ok && i < LEN(members); i++) {
        ok = OSSL_PARAM_BLD_push_BN(b, members[i].name, members[i].value) == 1;
    }
    ok = ok && (params = OSSL_PARAM_BLD_to_param(b)) != NULL && EVP_PKEY_fromdata_init(c) == 1;
    if (!ok || EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, params) != 1) {
        key = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    EVP_PKEY_CTX_free(c);
    return key;
}

struct rsa_key *rsa_key_derive(const uint8_t seed[32])
{
    struct making m = {0};
    EVP_PKEY *key = NULL;
    if (making_begin(&m) && find_prime(&m, seed, 'p', NULL, m.p) &&
        find_prime(&m, seed, 'q', m.p, m.q) && reckon(&m)) {
        key = as_key(&m);
    }
    making_end(&m);
    return (struct rsa_key *)key;
}

void rsa_key_free(struct rsa_key *k)
{
    EVP_PKEY_free(evp(k));
}

bool rsa_key_public(const struct rsa_key *k, uint8_t ret[RSA_MODULUS])
{
    BIGNUM *n = NULL;
    bool ok = EVP_PKEY_get_bn_param(evp(k), OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
              BN_bn2binpad(n, ret, RSA_MODULUS) == RSA_MODULUS;
    BN_free(n);
    return ok;
}

bool rsa_key_sign(const struct rsa_key *k, struct str text, uint8_t ret[RSA_MODULUS])
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t n = RSA_MODULUS;
    bool ok = c != NULL && EVP_DigestSignInit(c, NULL, EVP_sha256(), NULL, evp(k)) == 1;
    ok = ok && EVP_DigestSign(c, ret, &n, (const unsigned char *)text.p, text.n) == 1 &&
         n == RSA_MODULUS;
    EVP_MD_CTX_free(c);
    return ok;
}
