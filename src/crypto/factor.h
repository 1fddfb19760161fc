/* factor.h - the means by which people prove who they are: passwords, one-time codes, passkeys.
 *
 * Passwords: Argon2id (RFC 9106), kept in the PHC string form, so that parameters may rise and old
 * hashes still verify. One-time codes: TOTP (RFC 6238) with SHA-1, 6 digits, 30 seconds: what every
 * authenticator app speaks. Passkeys: Web Authentication level 3, registration (7.1) and assertion
 * (7.2), ES256, EdDSA and RS256, attestation "none" and "packed". Nothing here keeps state or reads
 * a clock: whether a challenge or a code was used before, and what the counter was, is for the
 * caller to know.
 */
#pragma once

#include "base/base.h"

/* ---- passwords ---- */

enum { PASSWORD_SALT = 16, PASSWORD_TEXT = 128 };

/* 19 MiB, two passes, one lane: tens of milliseconds and so much memory a call. False when there is
 * no memory. */
bool password_hash(struct str password, const uint8_t salt[PASSWORD_SALT],
                   char ret[PASSWORD_TEXT]) MUST_USE;
/* What a check came to. Without memory nothing was checked: neither yes nor no may be said. */
enum proven_by { PROOF_NO, PROOF_YES, PROOF_NO_MEMORY };
/* text is NUL-ended, made by password_hash of this or an earlier version of the program. */
enum proven_by password_verify(struct str password, const char *text) MUST_USE;
/* Was the text made with other parameters than those of today? Then hash anew at the next sign-in.
 */
bool password_is_dated(const char *text);

/* ---- one-time codes ---- */

enum { TOTP_SEED = 20, TOTP_DIGITS = 6, TOTP_STEP_S = 30, TOTP_NO_MEMORY = -2 };

/* The code of a time step (seconds since 1970 / 30), as six digits and NUL. False when there is no
 * memory. */
bool totp_code(const uint8_t seed[TOTP_SEED], int64_t step, char ret[TOTP_DIGITS + 1]) MUST_USE;
/* The step whose code this is: the present one or one to either side, and later than last_step, so
 * that no code is good twice. -1 when it is none, TOTP_NO_MEMORY when none could be made. Takes the
 * same time whichever it is. */
int64_t totp_match(const uint8_t seed[TOTP_SEED], struct str code, int64_t now_step,
                   int64_t last_step);
/* RFC 4648 base32 without padding, for showing a seed. */
struct str base32_encode(struct arena *a, const void *bytes, size_t n);

/* ---- secrets at rest ---- */

enum { SEAL_KEY = 32, SEAL_MORE = 28 };

/* AES-256-GCM: nonce ‖ ciphertext ‖ tag, SEAL_MORE bytes longer than the text. bound is
 * authenticated with it: a sealed secret moved to another owner's row does not open. Sealing is
 * false when there is no memory. */
bool secret_seal(const uint8_t key[SEAL_KEY], const uint8_t nonce[12], struct str text,
                 struct str bound, uint8_t *ret) MUST_USE;
enum proven_by secret_open(const uint8_t key[SEAL_KEY], struct str sealed, struct str bound,
                           uint8_t *ret_text) MUST_USE;

/* ---- passkeys ---- */

/* What this site expects. */
struct webauthn_want {
    struct str rp_id;     /* "portal.example" */
    struct str origin;    /* "https://portal.example" */
    struct str challenge; /* the bytes given out, used up by the caller */
    bool verified;        /* user verification must have been done */
};
enum cose_alg { COSE_ES256 = -7, COSE_EDDSA = -8, COSE_RS256 = -257 };
/* A credential as registered; strings on ctx->arena. */
struct passkey {
    struct str id;
    struct str key; /* COSE_Key, canonical CBOR */
    enum cose_alg alg;
    uint32_t count;
    bool verified;    /* UV */
    bool may_back_up; /* BE */
    bool backed_up;   /* BS */
    uint8_t aaguid[16];
    bool attested; /* "packed" with a certificate whose signature holds; its issuer is not judged */
};
/* Verify a registration: the bytes of clientDataJSON and attestationObject. Faults say which step
 * of 7.1 failed: ERR_SYNTAX, ERR_CONFLICT (type, challenge, origin, rp id, flags),
 * ERR_NOT_SUPPORTED (algorithm, attestation), ERR_SIGNATURE; ERR_MEMORY: nothing was verified. */
enum err webauthn_register(struct ctx *ctx, const struct webauthn_want *want,
                           struct str client_data, struct str attestation,
                           struct passkey *ret) MUST_USE;
/* What an assertion says once it holds. */
struct passkey_use {
    uint32_t count; /* the caller stores it; see webauthn_count_holds */
    bool verified;
    bool backed_up;
};
/* Verify an assertion made with a credential's key (only key and alg of `known` are read, and
 * may_back_up, which cannot change). Faults as above. */
enum err webauthn_assert(struct ctx *ctx, const struct webauthn_want *want,
                         const struct passkey *known, struct str client_data,
                         struct str authenticator_data, struct str signature,
                         struct passkey_use *ret) MUST_USE;
/* 7.2 step 22: a counter that is in use must rise; else the authenticator may have been copied. */
bool webauthn_count_holds(uint32_t stored, uint32_t sent);
