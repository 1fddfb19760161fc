/* Passwords, one-time codes, sealed secrets. */
#include <argon2.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/arena.h"
#include "crypto/crypto.h"
#include "crypto/factor.h"

/* OWASP's least parameters for Argon2id with RFC 9106's one lane; about 36 ms on a core of 2020. */
enum { MEMORY_KIB = 19456, PASSES = 2, LANES = 1, HASH = 32 };

bool password_hash(struct str password, const uint8_t salt[PASSWORD_SALT], char ret[PASSWORD_TEXT])
{
    return argon2id_hash_encoded(PASSES, MEMORY_KIB, LANES, password.p, password.n, salt,
                                 PASSWORD_SALT, HASH, ret, PASSWORD_TEXT) == ARGON2_OK;
}

enum proven_by password_verify(struct str password, const char *text)
{
    int said = argon2id_verify(text, password.p, password.n);
    return said == ARGON2_OK                        ? PROOF_YES
           : said == ARGON2_MEMORY_ALLOCATION_ERROR ? PROOF_NO_MEMORY
                                                    : PROOF_NO;
}

bool password_is_dated(const char *text)
{
    char want[64];
    int n =
        snprintf(want, sizeof(want), "$argon2id$v=19$m=%d,t=%d,p=%d$", MEMORY_KIB, PASSES, LANES);
    return strncmp(text, want, (size_t)n) != 0;
}

/* ---- one-time codes ---- */

bool totp_code(const uint8_t seed[TOTP_SEED], int64_t step, char ret[TOTP_DIGITS + 1])
{
    uint8_t counter[8];
    uint8_t mac[20];
    unsigned n = 0;
    for (int i = 0; i < 8; i++) {
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    }
    if (HMAC(EVP_sha1(), seed, TOTP_SEED, counter, sizeof(counter), mac, &n) == NULL ||
        n != sizeof(mac)) {
        return false; /* of a seed and a counter nothing else can fail */
    }
    /* Dynamic truncation (RFC 4226, 5.3). */
    size_t at = mac[19] & 15u;
    uint32_t v = ((uint32_t)mac[at] & 0x7f) << 24 | (uint32_t)mac[at + 1] << 16 |
                 (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    v %= 1000000;
    for (int i = TOTP_DIGITS - 1; i >= 0; i--) {
        ret[i] = (char)('0' + v % 10);
        v /= 10;
    }
    ret[TOTP_DIGITS] = '\0';
    bytes_wipe(mac, sizeof(mac));
    return true;
}

int64_t totp_match(const uint8_t seed[TOTP_SEED], struct str code, int64_t now_step,
                   int64_t last_step)
{
    int64_t hit = -1;
    for (int64_t step = now_step - 1; step <= now_step + 1; step++) {
        char want[TOTP_DIGITS + 1];
        if (!totp_code(seed, step, want)) {
            return TOTP_NO_MEMORY;
        }
        bool same = code.n == TOTP_DIGITS && bytes_equal(code.p, want, TOTP_DIGITS);
        hit = same && step > last_step ? step : hit;
    }
    return hit;
}

struct str base32_encode(struct arena *a, const void *bytes, size_t n)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const uint8_t *p = bytes;
    char *out = arena_push_bytes(a, n * 2 + 1);
    size_t count = 0;
    uint32_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | p[i];
        for (held += 8; held >= 5; held -= 5) {
            out[count++] = alphabet[bits >> (held - 5) & 31];
        }
        bits &= (1u << held) - 1;
    }
    if (held > 0) {
        out[count++] = alphabet[bits << (5 - held) & 31];
    }
    return (struct str){out, count};
}

/* ---- secrets at rest ---- */

bool secret_seal(const uint8_t key[SEAL_KEY], const uint8_t nonce[12], struct str text,
                 struct str bound, uint8_t *ret)
{
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    memcpy(ret, nonce, 12);
    bool ok = c != NULL && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, nonce) == 1;
    ok = ok && EVP_EncryptUpdate(c, NULL, &n, (const unsigned char *)bound.p, (int)bound.n) == 1;
    ok = ok &&
         EVP_EncryptUpdate(c, ret + 12, &n, (const unsigned char *)text.p, (int)text.n) == 1 &&
         n == (int)text.n;
    ok = ok && EVP_EncryptFinal_ex(c, ret + 12 + text.n, &n) == 1;
    ok = ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, ret + 12 + text.n) == 1;
    EVP_CIPHER_CTX_free(c);
    return ok;
}

enum proven_by secret_open(const uint8_t key[SEAL_KEY], struct str sealed, struct str bound,
                           uint8_t *ret_text)
{
    int n = 0;
    uint8_t tag[16];
    if (sealed.n < SEAL_MORE || sealed.n > (1 << 20)) {
        return PROOF_NO;
    }
    const unsigned char *p = (const unsigned char *)sealed.p;
    size_t text = sealed.n - SEAL_MORE;
    memcpy(tag, p + 12 + text, sizeof(tag));
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool able = c != NULL && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, p) == 1;
    bool ok =
        able && EVP_DecryptUpdate(c, NULL, &n, (const unsigned char *)bound.p, (int)bound.n) == 1;
    ok = ok && EVP_DecryptUpdate(c, ret_text, &n, p + 12, (int)text) == 1;
    ok = ok && EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, 16, tag) == 1;
    ok = ok && EVP_DecryptFinal_ex(c, ret_text + text, &n) == 1;
    EVP_CIPHER_CTX_free(c);
    return !able ? PROOF_NO_MEMORY : ok ? PROOF_YES : PROOF_NO;
}
