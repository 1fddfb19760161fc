#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>

#include "crypto/crypto.h"

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *md_sha256;
static EVP_MD *md_sm3;
static pthread_key_t context_key;

static void free_context(void *p)
{
    EVP_MD_CTX_free(p);
}

static void fetch(void)
{
    md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    md_sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
    must(md_sha256 != NULL && md_sm3 != NULL);
    must(pthread_key_create(&context_key, free_context) == 0);
}

/* One context a thread: making one costs more than hashing a leaf. */
static EVP_MD_CTX *context(void)
{
    pthread_once(&fetched, fetch);
    EVP_MD_CTX *c = pthread_getspecific(context_key);
    if (c == NULL) {
        c = EVP_MD_CTX_new();
        must(c != NULL && pthread_setspecific(context_key, c) == 0);
    }
    return c;
}

static void hash(bool is_sm3, uint8_t prefix, bool with_prefix, struct str a, struct str b, uint8_t ret[32])
{
    EVP_MD_CTX *c = context();
    unsigned n = 0;
    bool ok = EVP_DigestInit_ex2(c, is_sm3 ? md_sm3 : md_sha256, NULL) == 1;
    ok = ok && (!with_prefix || EVP_DigestUpdate(c, &prefix, 1) == 1);
    ok = ok && EVP_DigestUpdate(c, a.p, a.n) == 1 && EVP_DigestUpdate(c, b.p, b.n) == 1;
    ok = ok && EVP_DigestFinal_ex(c, ret, &n) == 1;
    must(ok && n == 32);
}

void sha256(const void *bytes, size_t n, uint8_t ret[32])
{
    hash(false, 0, false, (struct str){bytes, n}, STR(""), ret);
}

void sha256_prefixed(uint8_t prefix, struct str a, struct str b, uint8_t ret[32])
{
    hash(false, prefix, true, a, b, ret);
}

void sm3(const void *bytes, size_t n, uint8_t ret[32])
{
    hash(true, 0, false, (struct str){bytes, n}, STR(""), ret);
}

void sha512(const void *bytes, size_t n, uint8_t ret[64])
{
    unsigned got = 0;
    must(EVP_Digest(bytes, n, ret, &got, EVP_sha512(), NULL) == 1 && got == 64);
}

void hmac_sha256(struct str key, struct str text, uint8_t ret[32])
{
    unsigned n = 0;
    must(HMAC(EVP_sha256(), key.p, (int)key.n, (const unsigned char *)text.p, text.n, ret, &n) != NULL && n == 32);
}

bool bytes_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

void bytes_wipe(void *p, size_t n)
{
    OPENSSL_cleanse(p, n);
}
