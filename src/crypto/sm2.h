/* sm2.h - signatures of SM2 with SM3 (GB/T 32918.2, GB/T 32905), with the default
 * distinguishing id 1234567812345678. From any thread. */
#pragma once

#include "base/base.h"

enum { SM2_SECRET = 32, SM2_PUBLIC = 65, SM2_SIGNATURE = 64 };

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

/* True when bytes are one of the SM2 curve's points. */
bool sm2_is_point(const uint8_t public_key[65]);
