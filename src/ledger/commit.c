/* Salted commitments: what a leaf holds in place of values. README.md gives the bytes. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "crypto/crypto.h"
#include "ledger/ledger.h"

static void put_length(struct buf *b, size_t n)
{
    must(n <= UINT32_MAX);
    char bytes[4] = {(char)(n >> 24), (char)(n >> 16), (char)(n >> 8), (char)n};
    buf_bytes(b, bytes, sizeof(bytes));
}

void ledger_commit(struct ctx *ctx, const uint8_t salt[32], struct str name, struct str value,
                   uint8_t ret[32])
{
    struct arena_mark mark = arena_mark(ctx->arena);
    struct buf b = buf_new(ctx->arena, SIZE_MAX / 2);
    buf_puts(&b, "tongban/commit/v1\n");
    buf_bytes(&b, salt, 32);
    put_length(&b, name.n);
    buf_put(&b, name);
    put_length(&b, value.n);
    buf_put(&b, value);
    sha256(b.p, b.n, ret);
    arena_reset(ctx->arena, mark);
}

static int compare(const void *a, const void *b)
{
    return str_compare(((const struct ledger_commitment *)a)->name,
                       ((const struct ledger_commitment *)b)->name);
}

enum err ledger_commit_root(struct ctx *ctx, struct ledger_commitment *list, size_t count,
                            uint8_t ret[32])
{
    struct buf b = buf_new(ctx->arena, 0);
    if (count > 0) {
        qsort(list, count, sizeof(*list), compare);
    }
    buf_puts(&b, "tongban/commits/v1\n");
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && str_equal(list[i - 1].name, list[i].name)) {
            return fault(ctx, ERR_DUPLICATE, "the value %.*s is committed twice",
                         FMT(list[i].name));
        }
        put_length(&b, list[i].name.n);
        buf_put(&b, list[i].name);
        buf_bytes(&b, list[i].hash, HASH_BYTES);
    }
    struct str bytes = {0};
    TRY(buf_done(ctx, &b, &bytes));
    sha256(bytes.p, bytes.n, ret);
    return ERR_OK;
}
