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

enum { ED25519_KEY = 32, ED25519_SIGNATURE = 64 };

/* Ed25519 (RFC 8032). The seed is the secret. */
void ed25519_public(const uint8_t seed[32], uint8_t ret_public[32]);
void ed25519_sign(const uint8_t seed[32], struct str text, uint8_t ret[64]);
bool ed25519_verify(const uint8_t public_key[32], struct str text, const uint8_t signature[64]);
