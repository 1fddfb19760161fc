/* crypto.h - hashes and signatures over OpenSSL, and nothing that reads a key file but the key
 * holder.
 *
 * SHA-256 and Ed25519 carry the ledger (C2SP); SM3 and SM2 (GB/T 32905, GB/T 32918.2, with the
 * default distinguishing id 1234567812345678) stand beside them. Algorithms are fetched once; every
 * function may be called from any thread. A failure of the library itself is a bug or no memory: it
 * stops.
 */
#pragma once

#include "base/base.h"

void sha256(const void *bytes, size_t n, uint8_t ret[32]);
/* SHA-256 over two pieces with a one-byte prefix: the hashes of RFC 6962. */
void sha256_prefixed(uint8_t prefix, struct str a, struct str b, uint8_t ret[32]);
void sm3(const void *bytes, size_t n, uint8_t ret[32]);
/* 64 bytes. */
void sha512(const void *bytes, size_t n, uint8_t ret[64]);
void hmac_sha256(struct str key, struct str text, uint8_t ret[32]);
/* Equal without telling where they differ. */
bool bytes_equal(const void *a, const void *b, size_t n);
/* Overwrite a secret so that no optimiser leaves it. */
void bytes_wipe(void *p, size_t n);

enum {
    ED25519_KEY = 32,
    ED25519_SIGNATURE = 64,
    SM2_SECRET = 32,
    SM2_PUBLIC = 65,
    SM2_SIGNATURE = 64
};

/* Ed25519 (RFC 8032). The seed is the secret. */
void ed25519_public(const uint8_t seed[32], uint8_t ret_public[32]);
void ed25519_sign(const uint8_t seed[32], struct str text, uint8_t ret[64]);
bool ed25519_verify(const uint8_t public_key[32], struct str text, const uint8_t signature[64]);

/* SM2 with SM3. Secret: the big-endian scalar; public: 04 ‖ x ‖ y; signature: r ‖ s, 32 bytes each.
 * False when the secret is no scalar of the curve, or the public key no point. Signing takes the
 * public key as well, for reckoning it anew costs as much as the signature. */
bool sm2_public(const uint8_t secret[32], uint8_t ret_public[65]);
bool sm2_sign(const uint8_t secret[32], const uint8_t public_key[65], struct str text,
              uint8_t ret[64]);
bool sm2_verify(const uint8_t public_key[65], struct str text, const uint8_t signature[64]);

/* A key kept ready, for one that signs often. One thread at a time. */
struct sm2_key;
struct sm2_key *sm2_key_new(const uint8_t secret[32], const uint8_t public_key[65]);
void sm2_key_free(struct sm2_key *k);
bool sm2_key_sign(struct sm2_key *k, struct str text, uint8_t ret[64]);

enum { P256_SECRET = 32, P256_PUBLIC = 65, P256_SIGNATURE = 64 };

/* ECDSA on P-256 with SHA-256 (FIPS 186-5), signatures as r ‖ s, 32 bytes each (RFC 7518, 3.4).
 * Public keys: 04 ‖ x ‖ y. p256_public is false when the secret is no scalar of the curve;
 * p256_is_point when the bytes are no point of it. Verifying refuses r or s of zero, or not below
 * the order of the curve. */
bool p256_public(const uint8_t secret[32], uint8_t ret_public[65]);
bool p256_is_point(const uint8_t public_key[65]);
bool p256_sign(const uint8_t secret[32], const uint8_t public_key[65], struct str text,
               uint8_t ret[64]);
bool p256_verify(const uint8_t public_key[65], struct str text, const uint8_t signature[64]);
/* A key kept ready, for one that signs or verifies often: making it anew costs more than using it.
 * NULL when it is no key; secret may be NULL for verifying only. One thread at a time for signing;
 * any for verifying. */
struct p256_key;
struct p256_key *p256_key_new(const uint8_t *secret, const uint8_t public_key[65]);
void p256_key_free(struct p256_key *k);
bool p256_key_sign(struct p256_key *k, struct str text, uint8_t ret[64]);
bool p256_key_verify(const struct p256_key *k, struct str text, const uint8_t signature[64]);

/* RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (RFC 7518, 3.5). Modulus and
 * exponent big-endian.
 */
bool rsa_pss_verify(struct str modulus, struct str exponent, struct str text, struct str signature);
/* RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518, 3.3). */
bool rsa_pkcs1_verify(struct str modulus, struct str exponent, struct str text,
                      struct str signature);

/* A private key of 2048 bits with the exponent 65537, made from a seed: the same seed makes the
 * same key, by probable primes of FIPS 186-5, A.1.3, drawn from HMAC-SHA-256 under the seed in
 * place of a random generator. Takes some 0.1 s. NULL when memory is short. */
enum { RSA_MODULUS = 256 };
struct rsa_key;
struct rsa_key *rsa_key_derive(const uint8_t seed[32]);
void rsa_key_free(struct rsa_key *k);
/* The modulus, big-endian. */
bool rsa_key_public(const struct rsa_key *k, uint8_t ret[RSA_MODULUS]);
/* RSASSA-PKCS1-v1_5 with SHA-256; one thread at a time. */
bool rsa_key_sign(const struct rsa_key *k, struct str text, uint8_t ret[RSA_MODULUS]);

/* True when bytes are one of the SM2 curve's points. */
bool sm2_is_point(const uint8_t public_key[65]);
