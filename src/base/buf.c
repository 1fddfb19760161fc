/* Text that grows on an arena. The first error stays (too long, a number that cannot be said) and
 * is asked once, by buf_done: what is written in between need not look. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/arena.h"

struct buf buf_new(struct arena *a, size_t max_bytes)
{
    return (struct buf){.arena = a, .max = max_bytes == 0 ? (size_t)64 << 20 : max_bytes};
}

static char *more(struct buf *b, size_t n)
{
    if (b->err != ERR_OK) {
        return NULL;
    }
    if (n > b->max || b->n > b->max - n) {
        b->err = ERR_TOO_LARGE;
        return NULL;
    }
    if (b->room - b->n < n) {
        size_t room = b->room < 256 ? 256 : b->room * 2;
        while (room < b->n + n) {
            room *= 2;
        }
        b->p = arena_grow(b->arena, b->p, b->room, room);
        b->room = room;
    }
    char *at = b->p + b->n;
    b->n += n;
    return at;
}

void buf_bytes(struct buf *b, const void *p, size_t n)
{
    if (n == 0) {
        return;
    }
    char *at = more(b, n);
    if (at != NULL) {
        memcpy(at, p, n);
    }
}

void buf_put(struct buf *b, struct str s)
{
    buf_bytes(b, s.p, s.n);
}

void buf_puts(struct buf *b, const char *z)
{
    buf_bytes(b, z, strlen(z));
}

void buf_byte(struct buf *b, char c)
{
    buf_bytes(b, &c, 1);
}

void buf_u64(struct buf *b, uint64_t v)
{
    char text[20];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    buf_bytes(b, text + at, sizeof(text) - at);
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0) {
        buf_byte(b, '-');
    }
    buf_u64(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_format(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    must(n >= 0);
    char *at = more(b, (size_t)n + 1);
    if (at != NULL) {
        vsnprintf(at, (size_t)n + 1, format, again);
        b->n--;
    }
    va_end(again);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->err = ERR_OK;
}

struct str buf_str(const struct buf *b)
{
    return (struct str){b->p, b->n};
}

enum err buf_done(struct ctx *ctx, const struct buf *b, struct str *ret)
{
    if (b->err != ERR_OK) {
        return fault(ctx, b->err, "a text grew beyond %zu bytes", b->max);
    }
    *ret = buf_str(b);
    return ERR_OK;
}
