/* rsa.h - signatures of RSA with SHA-256: passkeys, and tokens for clients that know no other.
 * From any thread. */
#pragma once

#include "base/base.h"

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
