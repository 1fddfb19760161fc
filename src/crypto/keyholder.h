/* keyholder.h - the process that alone reads a node's private keys, and only signs.
 *
 * It is forked before any thread starts, keeps the keys, takes a text over a socket pair and gives
 * back its signatures; it can open, connect and run nothing, and ends with its node. A question is
 * answered in bounded time: a holder that is gone or hangs is started again, and when that cannot
 * be done the asker is told ERR_SIGNING. Any thread may ask. The simulator and the tests use the
 * same face on keys in memory.
 */
#pragma once

#include "crypto/crypto.h"
#include "crypto/rsa.h"

struct keyholder;

struct public_keys {
    uint8_t ed25519[32];
    uint8_t sm2[65];
};
struct signatures {
    uint8_t ed25519[64];
    uint8_t sm2[64];
};

/* Make new keys in DIR/keys (0700; files 0600). ERR_DUPLICATE when there are keys already. */
enum err keys_create(struct ctx *ctx, struct str dir) MUST_USE;
/* The public keys of DIR/keys, without touching the private ones. */
enum err keys_public(struct ctx *ctx, struct str dir, struct public_keys *ret) MUST_USE;

/* Start the process for DIR/keys. Call before threads are made. */
enum err keyholder_start(struct ctx *ctx, struct str dir, struct keyholder **ret) MUST_USE;
/* The same for the secret of tokens alone (DIR/keys/token.key, which must be there): of the keys of
 * the ledger it reads none, and keyholder_sign answers ERR_CRYPTO. For who signs no heads. */
enum err keyholder_start_tokens(struct ctx *ctx, struct str dir, struct keyholder **ret) MUST_USE;
/* Keys from two 32-byte secrets, in this process; lives on ctx->arena. */
enum err keyholder_in_memory(struct ctx *ctx, const uint8_t ed25519_seed[32],
                             const uint8_t sm2_secret[32], struct keyholder **ret) MUST_USE;
/* Ends the process and waits for it. */
void keyholder_stop(struct keyholder *k);
/* Ask whether it is there, and start it again when it is not: about once a second, so that one that
 * died idle is there before it is needed. ERR_SIGNING while it cannot be had. */
enum err keyholder_watch(struct ctx *ctx, struct keyholder *k) MUST_USE;
/* What the last question showed, without asking. */
enum keyholder_state {
    KEYHOLDER_WELL,
    KEYHOLDER_AWAY, /* it did not answer and could not be started again yet */
    KEYHOLDER_LOST  /* nor ever can be: the node must end and be started anew */
};
enum keyholder_state keyholder_state(const struct keyholder *k);
const struct public_keys *keyholder_public(const struct keyholder *k);
/* ---- keys of tokens ----
 *
 * Signed tokens (src/oidc) want keys that change often. They are derived from one secret
 * (keys/token.key) and a number, so the holder, which can open nothing, makes the next key without
 * touching the disk, and a node restored with its keys goes on with the same ones. Under a new
 * token.key every number is another key.
 */
enum token_key { TOKEN_ES256 = 1, TOKEN_EDDSA = 2, TOKEN_SM2 = 3, TOKEN_RS256 = 4 };
enum { TOKEN_PUBLIC = RSA_MODULUS, TOKEN_SIGNATURE = RSA_MODULUS };
/* The public key of a number: 65 bytes as in crypto.h, of TOKEN_EDDSA the first 32, of TOKEN_RS256
 * the modulus (the exponent is 65537). The first asking for an RSA key takes some 0.1 s. */
enum err keyholder_token_public(struct ctx *ctx, struct keyholder *k, enum token_key kind,
                                uint32_t number, uint8_t ret[TOKEN_PUBLIC]) MUST_USE;
/* How many bytes a signature has: 64, r ‖ s or Ed25519; of TOKEN_RS256 256. */
size_t token_signature_bytes(enum token_key kind);
/* Sign with it. */
enum err keyholder_token_sign(struct ctx *ctx, struct keyholder *k, enum token_key kind,
                              uint32_t number, struct str text,
                              uint8_t ret[TOKEN_SIGNATURE]) MUST_USE;
/* Sign many texts at one asking, which costs little more than one: at most TOKEN_TEXTS, together at
 * most 48 KiB. */
enum { TOKEN_TEXTS = 32 };
struct token_text {
    enum token_key kind;
    uint32_t number;
    struct str text;
    uint8_t signature[TOKEN_SIGNATURE]; /* is filled */
};
enum err keyholder_token_sign_many(struct ctx *ctx, struct keyholder *k, struct token_text *texts,
                                   size_t count) MUST_USE;
/* A secret for one use, named by label: always the same 32 bytes for this node. */
enum err keyholder_token_secret(struct ctx *ctx, struct keyholder *k, struct str label,
                                uint8_t ret[32]) MUST_USE;

/* Sign a text of at most 64 KiB with both keys. ERR_SIGNING when there is no holder, ERR_CRYPTO
 * when it could not. */
enum err keyholder_sign(struct ctx *ctx, struct keyholder *k, struct str text,
                        struct signatures *ret) MUST_USE;
