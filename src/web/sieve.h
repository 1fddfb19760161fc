/* sieve.h - a JSON body as it comes, its files taken out of it (sieve.c). */
#pragma once

#include "base/base.h"
#include "base/buf.h"

/* Only field, bytes and text are for the caller. */
struct sieve {
    struct str field; /* the member of the body that the present file stands in, as written */
    struct str bytes; /* of SIEVE_BYTES: decoded; until the next step */
    struct buf text;  /* the body without the content of its files; at most a form's size */
    size_t depth;
    bool is_object[2]; /* the two outermost brackets */
    bool wants_key;
    bool in_string;
    bool is_escaped;
    bool is_key;    /* the string at hand */
    bool is_base64; /* the last key of the second object */
    bool in_file;
    bool is_over; /* padding has come */
    uint32_t quad;
    int quad_n;
    int pads;
    size_t token_n;
    size_t decoded_n;
    char token[128];
    char decoded[3072];
};
enum sieve_event { SIEVE_MORE, SIEVE_FILE, SIEVE_BYTES, SIEVE_FILE_END };

void sieve_open(struct sieve *s, struct arena *a);
/* One step: takes *ret_used bytes off the front and says what they were. ERR_SYNTAX for what is no
 * base64, ERR_TOO_LARGE when the body without its files is more than a form. */
enum err sieve_next(struct ctx *ctx, struct sieve *s, struct str bytes, size_t *ret_used,
                    enum sieve_event *ret) MUST_USE;
