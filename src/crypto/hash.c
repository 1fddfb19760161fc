/* SHA-256, SM3 and HMAC by OpenSSL, with one context a thread and kind, kept: making one costs more
 * than hashing a leaf. */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>

#include "crypto/crypto.h"

static pthread_once_t fetched = PTHREAD_ONCE_INIT;
static EVP_MD *md_sha256;
static EVP_MD *md_sm3;
static pthread_key_t context_key[2]; /* of SHA-256 and of SM3 */

static void free_context(void *p)
{
    EVP_MD_CTX_free(p);
}

/* A thread that gets no memory for a context of its own takes these in turn: made at the first hash
 * of the process. */
static EVP_MD_CTX *spare[2];
static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;

static void fetch(void)
{
    md_sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    md_sm3 = EVP_MD_fetch(NULL, "SM3", NULL);
    must(md_sha256 != NULL && md_sm3 != NULL);
    for (int i = 0; i < 2; i++) {
        spare[i] = EVP_MD_CTX_new();
        must(spare[i] != NULL &&
             EVP_DigestInit_ex2(spare[i], i == 0 ? md_sha256 : md_sm3, NULL) == 1);
        must(pthread_key_create(&context_key[i], free_context) == 0);
    }
}

/* One context a thread and kind: making one costs more than hashing a leaf. Once made and begun it
 * needs no memory that could be refused, so hashing has no error to hand up. NULL when there is
 * none. */
static EVP_MD_CTX *context(bool is_sm3)
{
    EVP_MD_CTX *c = pthread_getspecific(context_key[is_sm3]);
    if (c == NULL) {
        c = EVP_MD_CTX_new();
        if (c != NULL && pthread_setspecific(context_key[is_sm3], c) != 0) {
            EVP_MD_CTX_free(c);
            c = NULL;
        }
    }
    return c;
}

static bool digest(EVP_MD_CTX *c, bool is_sm3, const uint8_t *prefix, struct str a, struct str b,
                   uint8_t ret[32])
{
    unsigned n = 0;
    bool ok = c != NULL && EVP_DigestInit_ex2(c, is_sm3 ? md_sm3 : md_sha256, NULL) == 1;
    ok = ok && (prefix == NULL || EVP_DigestUpdate(c, prefix, 1) == 1);
    ok = ok && EVP_DigestUpdate(c, a.p, a.n) == 1 && EVP_DigestUpdate(c, b.p, b.n) == 1;
    return ok && EVP_DigestFinal_ex(c, ret, &n) == 1 && n == 32;
}

static void hash(bool is_sm3, const uint8_t *prefix, struct str a, struct str b, uint8_t ret[32])
{
    pthread_once(&fetched, fetch);
    if (!digest(context(is_sm3), is_sm3, prefix, a, b, ret)) {
        pthread_mutex_lock(&spare_lock);
        must(digest(spare[is_sm3], is_sm3, prefix, a, b, ret));
        pthread_mutex_unlock(&spare_lock);
    }
}

void sha256(const void *bytes, size_t n, uint8_t ret[32])
{
    hash(false, NULL, (struct str){bytes, n}, STR(""), ret);
}

void sha256_prefixed(uint8_t prefix, struct str a, struct str b, uint8_t ret[32])
{
    hash(false, &prefix, a, b, ret);
}

void sm3(const void *bytes, size_t n, uint8_t ret[32])
{
    hash(true, NULL, (struct str){bytes, n}, STR(""), ret);
}

void sha512(const void *bytes, size_t n, uint8_t ret[64])
{
    unsigned got = 0;
    must(EVP_Digest(bytes, n, ret, &got, EVP_sha512(), NULL) == 1 && got == 64);
}

void hmac_sha256(struct str key, struct str text, uint8_t ret[32])
{
    enum { BLOCK = 64 };
    uint8_t inner[BLOCK] = {0};
    uint8_t outer[BLOCK];
    uint8_t first[32];
    if (key.n > BLOCK) {
        sha256(key.p, key.n, inner);
    } else if (key.n > 0) {
        memcpy(inner, key.p, key.n);
    }
    for (size_t i = 0; i < BLOCK; i++) {
        outer[i] = inner[i] ^ 0x5c;
        inner[i] ^= 0x36;
    }
    hash(false, NULL, (struct str){(const char *)inner, BLOCK}, text, first);
    hash(false, NULL, (struct str){(const char *)outer, BLOCK},
         (struct str){(const char *)first, 32}, ret);
    bytes_wipe(inner, sizeof(inner));
    bytes_wipe(outer, sizeof(outer));
}

bool bytes_equal(const void *a, const void *b, size_t n)
{
    return CRYPTO_memcmp(a, b, n) == 0;
}

void bytes_wipe(void *p, size_t n)
{
    OPENSSL_cleanse(p, n);
}
