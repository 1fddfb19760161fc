/* Where the files of a log come from: a folder of them, or a node's own store through its reader.
 */
#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "ledger/ledger.h"
#include "ledger/verify.h"
#include "limit_gen.h"

enum { BUNDLE_BYTES_MAX = TILE_WIDTH * (2 + LIMIT_ENTRY_BYTES) };

static enum err folder_get(struct ctx *ctx, void *self, struct str path, struct str *ret)
{
    const struct str *dir = self;
    bool is_note = str_equal(path, STR("checkpoint"));
    const char *file = str_format(ctx->arena, "%.*s/%.*s", FMT(*dir), FMT(path)).p;
    TRY(file_read(ctx, file, is_note ? LIMIT_NOTE_BYTES : BUNDLE_BYTES_MAX, ret));
    return ERR_OK;
}

struct log_source log_source_folder(struct str *dir)
{
    return (struct log_source){.self = dir, .get = folder_get};
}

static enum err held_get(struct ctx *ctx, void *self, struct str path, struct str *ret)
{
    const struct log_held *h = self;
    struct tile t;
    if (str_equal(path, STR("checkpoint"))) {
        *ret = h->checkpoint;
        return ERR_OK;
    }
    if (!tile_parse(path, &t)) {
        return fault(ctx, ERR_NOT_FOUND, "a log has no file %.*s", FMT(path));
    }
    TRY(tile_bytes(ctx, h->reader, t, h->size, ret));
    return ERR_OK;
}

struct log_source log_source_held(struct log_held *held)
{
    return (struct log_source){.self = held, .get = held_get};
}
