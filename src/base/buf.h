/* buf.h - text that grows in an arena, has a maximum, and keeps its first error.
 *
 * Write without looking; ask once at the end with buf_done. After an error further writes do
 * nothing.
 */
#pragma once

#include "base/base.h"

struct buf {
    struct arena *arena;
    char *p;
    size_t n;
    size_t room;
    size_t max;
    enum err err;
};

/* A buffer that may grow to max_bytes (0 = 64 MiB). */
struct buf buf_new(struct arena *a, size_t max_bytes);
void buf_put(struct buf *b, struct str s);
void buf_puts(struct buf *b, const char *z);
void buf_byte(struct buf *b, char c);
void buf_bytes(struct buf *b, const void *p, size_t n);
void buf_u64(struct buf *b, uint64_t v);
void buf_i64(struct buf *b, int64_t v);
void buf_format(struct buf *b, const char *format, ...) PRINTF(2, 3);
/* Forget the content, keep the memory. */
void buf_clear(struct buf *b);
struct str buf_str(const struct buf *b);
/* The content, or ERR_TOO_LARGE noted in ctx. */
enum err buf_done(struct ctx *ctx, const struct buf *b, struct str *ret) MUST_USE;
