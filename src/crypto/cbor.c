/* CBOR as WebAuthn uses it (RFC 8949, CTAP2 canonical form): definite lengths, shortest heads,
 * shallow nesting. Anything else is refused: a second way to write the same thing is a way to say
 * two things. */
#include "crypto/cbor.h"

#include "base/utf8.h"

enum { DEPTH = 4, SIMPLE_FALSE = 20, SIMPLE_NULL = 22 };

struct cbor cbor_from(struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.p;
    return (struct cbor){p, p + bytes.n, false};
}

bool cbor_is_done(const struct cbor *c)
{
    return !c->bad && c->at == c->end;
}

static struct cbor_item bad(struct cbor *c)
{
    c->bad = true;
    c->at = c->end;
    return (struct cbor_item){.kind = CBOR_NONE};
}

/* The argument of a head: short, or 1, 2, 4, 8 bytes, and never longer than it need be. */
static bool argument(struct cbor *c, unsigned info, uint64_t *ret)
{
    static const uint64_t least[] = {24, 0x100, 0x10000, 0x100000000};
    if (info < 24) {
        *ret = info;
        return true;
    }
    if (info > 27) {
        return false; /* indefinite, or reserved */
    }
    size_t bytes = (size_t)1 << (info - 24);
    uint64_t v = 0;
    if ((size_t)(c->end - c->at) < bytes) {
        return false;
    }
    for (size_t i = 0; i < bytes; i++) {
        v = v << 8 | *c->at++;
    }
    *ret = v;
    return v >= least[info - 24];
}

struct cbor_item cbor_next(struct cbor *c)
{
    uint64_t n = 0;
    if (c->bad || c->at == c->end) {
        return bad(c);
    }
    unsigned head = *c->at++;
    enum cbor_kind kind = (enum cbor_kind)(head >> 5);
    if (head >> 5 == 6 || !argument(c, head & 31, &n) || n > INT64_MAX) {
        return bad(c);
    }
    size_t left = (size_t)(c->end - c->at);
    struct cbor_item item = {.kind = kind, .n = (int64_t)n};
    switch (kind) {
    case CBOR_UINT: return item;
    case CBOR_NINT: item.n = -1 - item.n; return item;
    case CBOR_BYTES:
    case CBOR_TEXT:
        if (n > left) {
            return bad(c);
        }
        item.text = (struct str){(const char *)c->at, (size_t)n};
        c->at += n;
        return kind == CBOR_TEXT && !utf8_is_valid(item.text) ? bad(c) : item;
    case CBOR_ARRAY: return n > left ? bad(c) : item;
    case CBOR_MAP: return n > left / 2 ? bad(c) : item;
    case CBOR_SIMPLE:
        return (head & 31) < 24 && n >= SIMPLE_FALSE && n <= SIMPLE_NULL ? item : bad(c);
    case CBOR_NONE: break;
    }
    return bad(c);
}

static void skip(struct cbor *c, int depth)
{
    struct cbor_item item = cbor_next(c);
    if (item.kind != CBOR_ARRAY && item.kind != CBOR_MAP) {
        return;
    }
    if (depth == 0) {
        bad(c);
        return;
    }
    int64_t count = item.kind == CBOR_MAP ? item.n * 2 : item.n;
    for (int64_t i = 0; i < count && !c->bad; i++) {
        skip(c, depth - 1);
    }
}

void cbor_skip(struct cbor *c)
{
    skip(c, DEPTH);
}
