/* holder_in.h - between a node and the process that holds its keys: what they say to each other,
 * and what that process does with a question. See holder.c for the process, keyholder.c for the
 * asking.
 */
#pragma once

#include <sys/types.h>

#include "crypto/keyholder.h"

enum { HOLDER_TEXT_MAX = 65536, TOKEN_KINDS = 4, TOKEN_KEYS_READY = 4, REPLY_BYTES = 256 };
enum ask {
    ASK_SIGN = 1,
    ASK_TOKEN_PUBLIC,
    ASK_TOKEN_SIGN,
    ASK_TOKEN_SECRET,
    ASK_TOKEN_MANY,
    ASK_THERE /* nothing but an answer */
};

struct secrets {
    uint8_t ed25519[32];
    uint8_t sm2[32];
    uint8_t token[32];
};

/* A key of tokens made ready. The place is by number, so that the former, the present and the next
 * key of a kind never put each other out. */
struct token_ready {
    uint32_t kind; /* enum token_key; 0: free */
    uint32_t number;
    uint8_t secret[32];
    uint8_t public_key[TOKEN_PUBLIC];
    struct p256_key *p256;
    struct rsa_key *rsa;
};
struct token_keys {
    struct token_ready ready[TOKEN_KINDS][TOKEN_KEYS_READY];
    struct sm2_key *heads; /* that signs the ledger's heads; NULL: made anew each time */
};

struct request {
    uint32_t what;  /* enum ask */
    uint32_t bytes; /* so many follow */
    uint32_t kind;  /* enum token_key, and which number; for keys of tokens */
    uint32_t number;
};
struct reply {
    uint8_t ok;
    uint8_t bytes[REPLY_BYTES];
};

/* One text of many, before its bytes. */
struct many_head {
    uint32_t kind;
    uint32_t number;
    uint32_t bytes;
};

/* The signatures of many follow the reply. */
struct many {
    uint8_t bytes[TOKEN_TEXTS * TOKEN_SIGNATURE];
    size_t count; /* of bytes */
};
static inline bool has_many(const struct request *q, const struct reply *r)
{
    return q->what == ASK_TOKEN_MANY && r->ok;
}

/* Answer one question with these keys; many: the signatures of ASK_TOKEN_MANY. p NULL: of the
 * ledger's keys there is none, and ASK_SIGN is refused. */
void holder_answer(const struct secrets *s, const struct public_keys *p, struct token_keys *t,
                   const struct request *q, struct str text, struct reply *ret, struct many *many);

/* What a new holder says once: which fault kept it from starting, and why. */
struct greeting {
    uint32_t err;
    char detail[252];
};

/* Fork the keeper: it stands between the node and its holder, and starts a new one whenever a
 * number is written to its door (uint32_t); the answer is that number with the node's end of a new
 * socket pair beside it (SCM_RIGHTS), on which the new holder greets. -1 when the system gives no
 * process. p NULL: the holder reads the secret of tokens alone. */
pid_t keeper_fork(struct ctx *ctx, struct str dir, const struct public_keys *p, int *ret_door);
/* Read a file of DIR/keys: n bytes in hexadecimal digits. */
enum err key_read(struct ctx *ctx, struct str dir, const char *name, void *ret, size_t n) MUST_USE;
