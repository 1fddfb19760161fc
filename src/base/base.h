/* base.h - the words everyone uses: strings, errors, days, spans, the context of a call.
 *
 * Every room includes this; it includes nothing of ours but the generated error list. It holds
 * types and the few functions on them that are needed everywhere, and no others: this list is
 * closed.
 *
 * Three kinds of "no" are kept apart in the whole program:
 *   a bug      must(cond): stops the process, also in production;
 *   a fault    enum err: handled or handed up with TRY; the detail stands once in ctx->why;
 *   a refusal  a value (struct verdict in gate/), never an error.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "err_gen.h"

#define MUST_USE __attribute__((warn_unused_result))
#define UNUSED __attribute__((unused))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A string is a pointer and a length, by value, UTF-8 unless said otherwise, not ended by NUL.
 * It does not own its bytes: they live in an arena, a literal, or a buffer its maker names. */
struct str {
    const char *p;
    size_t n;
};
#define STR(lit) ((struct str){"" lit "", sizeof(lit) - 1})
#define STR_INIT(lit)                                                                              \
    {                                                                                              \
        "" lit "", sizeof(lit) - 1                                                                 \
    }
/* For printf: "%.*s", FMT(s). */
#define FMT(s) (int)(s).n, (s).p

/* A civil day: days since 1970-01-01, proleptic Gregorian. A struct, so that it cannot be added to
 * an instant by accident. */
struct day {
    int32_t n;
};
/* An instant: milliseconds since 1970-01-01T00:00:00Z. */
struct instant {
    int64_t ms;
};
/* A length of time in milliseconds. */
struct span {
    int64_t ms;
};

/* Where a fault arose and what a person can do about it; filled once, by the function that met it.
 */
struct why {
    enum err code;
    struct str field;  /* the field, column or element at fault; may be empty */
    struct str file;   /* source the caller gave: a pack file, a request; may be empty */
    uint32_t line;     /* 1-based; 0 when there is none */
    uint32_t column;   /* 1-based; 0 when there is none */
    struct str detail; /* one English sentence without personal data; may be empty */
    uint8_t frame_count;
    const char *frame[8]; /* functions the error passed, innermost first */
};

struct arena;
struct world;

/* What a call needs besides its arguments. Passed first, never stored. */
struct ctx {
    struct arena *arena;     /* results live here */
    struct world *world;     /* time, randomness, files; NULL in pure rooms */
    struct instant deadline; /* give up after; 0 = none */
    struct why why;
};

/* Note a fault and return its code: `return fault(ctx, ERR_SYNTAX, "expected '%c'", c);` */
enum err fault(struct ctx *ctx, enum err code, const char *format, ...) PRINTF(3, 4);
/* The same with a place in a source. */
enum err fault_at(struct ctx *ctx, enum err code, struct str file, uint32_t line, uint32_t column,
                  const char *format, ...) PRINTF(6, 7);
/* Add the calling function to the frames; used by TRY. Returns code. */
enum err fault_pass(struct ctx *ctx, enum err code, const char *function);

/* Hand a fault up. Wants a variable `ctx` in scope. */
#define TRY(expr)                                                                                  \
    do {                                                                                           \
        enum err try_err_ = (expr);                                                                \
        if (__builtin_expect(try_err_ != ERR_OK, 0)) {                                             \
            return fault_pass(ctx, try_err_, __func__);                                            \
        }                                                                                          \
    } while (0)

/* A broken promise of our own code: prints the place and stops. Stays on in production. */
#define must(cond)                                                                                 \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0)) {                                                        \
            bug(#cond, __FILE__, __LINE__);                                                        \
        }                                                                                          \
    } while (0)
_Noreturn void bug(const char *cond, const char *file, int line);

/* The name of an error code in its stable written form, "not_found"; a sentence in English and in
 * Chinese; the HTTP status that answers it. Static strings. */
const char *err_name(enum err e);
const char *err_sentence(enum err e);
const char *err_sentence_zh(enum err e);
int err_status(enum err e);
