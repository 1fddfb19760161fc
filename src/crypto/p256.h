/* p256.h - ECDSA on P-256 with SHA-256 (FIPS 186-5): passkeys and tokens. From any thread. */
#pragma once

#include "base/base.h"

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
