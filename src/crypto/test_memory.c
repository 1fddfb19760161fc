/* Verifying without memory: an answer that nothing was checked, never a yes, a no, or an end of the
 * process. The libraries' allocations are made to fail where they begin: these definitions stand
 * before the libraries' own. */
#include <argon2.h>
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/test.h"
#include "crypto/factor.h"

/* Read by the definitions below; set by tests of this room only. */
bool crypto_test_without_memory;
#define without_memory crypto_test_without_memory

/* The next definition of a name, after the one here. */
static void *next(const char *name)
{
    void *f = dlsym(RTLD_NEXT, name);
    must(f != NULL);
    return f;
}

EVP_MD_CTX *EVP_MD_CTX_new(void)
{
    EVP_MD_CTX *(*real)(void) = NULL;
    *(void **)&real = next("EVP_MD_CTX_new");
    return without_memory ? NULL : real();
}

EVP_CIPHER_CTX *EVP_CIPHER_CTX_new(void)
{
    EVP_CIPHER_CTX *(*real)(void) = NULL;
    *(void **)&real = next("EVP_CIPHER_CTX_new");
    return without_memory ? NULL : real();
}

unsigned char *HMAC(const EVP_MD *md, const void *key, int key_n, const unsigned char *text,
                    size_t n, unsigned char *ret, unsigned *ret_n)
{
    unsigned char *(*real)(const EVP_MD *, const void *, int, const unsigned char *, size_t,
                           unsigned char *, unsigned *) = NULL;
    *(void **)&real = next("HMAC");
    return without_memory ? NULL : real(md, key, key_n, text, n, ret, ret_n);
}

int argon2id_verify(const char *text, const void *password, size_t n)
{
    int (*real)(const char *, const void *, size_t) = NULL;
    *(void **)&real = next("argon2id_verify");
    return without_memory ? ARGON2_MEMORY_ALLOCATION_ERROR : real(text, password, n);
}

TEST(crypto_without_memory_nothing_is_proven_and_nothing_ends)
{
    static const uint8_t seed[TOTP_SEED] = {1};
    static const uint8_t key[SEAL_KEY] = {2};
    static const uint8_t nonce[12] = {3};
    static const uint8_t salt[PASSWORD_SALT] = {4};
    uint8_t sealed[8 + SEAL_MORE];
    uint8_t plain[64];
    char hash[PASSWORD_TEXT];
    char code[TOTP_DIGITS + 1];
    (void)ctx;
    CHECK(secret_seal(key, nonce, STR("12345678"), STR("row"), sealed));
    CHECK(totp_code(seed, 7, code));
    CHECK(password_hash(STR("a long enough phrase"), salt, hash));
    struct str box = {(const char *)sealed, sizeof(sealed)};
    without_memory = true;
    uint8_t other[8 + SEAL_MORE];
    bool sealed_again = secret_seal(key, nonce, STR("12345678"), STR("row"), other);
    enum proven_by opened = secret_open(key, box, STR("row"), plain);
    enum proven_by right = password_verify(STR("a long enough phrase"), hash);
    int64_t step = totp_match(seed, str_from(code), 7, -1);
    without_memory = false;
    CHECK(!sealed_again && opened == PROOF_NO_MEMORY && right == PROOF_NO_MEMORY);
    CHECK_INT(step, TOTP_NO_MEMORY);
    CHECK(secret_open(key, box, STR("row"), plain) == PROOF_YES);
    CHECK(password_verify(STR("a long enough phrase"), hash) == PROOF_YES);
    CHECK_INT(totp_match(seed, str_from(code), 7, -1), 7);
}
