/* The bytes: an integer is 'i' and its eight bytes, the lowest first; a text is 't', its length as
 * four bytes, and itself. Four bytes of length are enough, for a buf holds 64 MiB at most. */
#include "base/wire.h"


enum { INT_BYTES = 8, LENGTH_BYTES = 4 };

static void put_low_first(struct buf *b, uint64_t v, size_t n)
{
    uint8_t bytes[INT_BYTES];
    for (size_t i = 0; i < n; i++) {
        bytes[i] = (uint8_t)(v >> (8 * i));
    }
    buf_bytes(b, bytes, n);
}

void wire_put_int(struct buf *b, int64_t value)
{
    buf_byte(b, 'i');
    put_low_first(b, (uint64_t)value, INT_BYTES);
}

void wire_put_text(struct buf *b, struct str text)
{
    must(text.n <= UINT32_MAX);
    buf_byte(b, 't');
    put_low_first(b, text.n, LENGTH_BYTES);
    buf_put(b, text);
}

struct wire wire_read(struct str bytes)
{
    return (struct wire){.rest = bytes};
}

/* The next n bytes; NULL, and broken from here on, when there are fewer. */
static const uint8_t *take(struct wire *w, size_t n)
{
    w->is_broken = w->is_broken || w->rest.n < n;
    if (w->is_broken) {
        return NULL;
    }
    const uint8_t *p = (const uint8_t *)w->rest.p;
    w->rest = (struct str){w->rest.p + n, w->rest.n - n};
    return p;
}

static uint64_t take_low_first(struct wire *w, char kind, size_t n)
{
    const uint8_t *p = take(w, 1 + n);
    uint64_t v = 0;
    if (p == NULL || p[0] != (uint8_t)kind) {
        w->is_broken = true;
        return 0;
    }
    for (size_t i = n; i > 0; i--) {
        v = v << 8 | p[i];
    }
    return v;
}

int64_t wire_int(struct wire *w)
{
    return (int64_t)take_low_first(w, 'i', INT_BYTES);
}

struct str wire_text(struct wire *w)
{
    size_t n = (size_t)take_low_first(w, 't', LENGTH_BYTES);
    const uint8_t *p = take(w, n);
    return p == NULL ? STR("") : (struct str){(const char *)p, n};
}

void wire_bytes(struct wire *w, void *ret, size_t n)
{
    struct str text = wire_text(w);
    w->is_broken = w->is_broken || text.n != n;
    memset(ret, 0, n);
    if (!w->is_broken) {
        memcpy(ret, text.p, n);
    }
}

enum err wire_done(struct ctx *ctx, const struct wire *w)
{
    if (w->is_broken || w->rest.n > 0) {
        return fault(ctx, ERR_CORRUPT,
                     w->is_broken ? "a value is missing, or of another kind"
                                  : "%zu bytes are left behind the last value",
                     w->rest.n);
    }
    return ERR_OK;
}
