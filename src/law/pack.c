/* Packs as files, as one text, and as a digest. */
#include "base/encode.h"
#include "base/json_make.h"
#include "base/utf8.h"
#include "law/law_in.h"

#include <stdlib.h>

#include "base/world.h"
#include "crypto/crypto.h"

struct walk {
    struct ctx *ctx;
    struct str root;
    struct str below; /* path inside the pack, empty at the top */
    struct law_file *files;
    size_t count;
    enum err err;
    struct str *folders;
    size_t folder_count;
};

static void each_name(void *arg, const char *name, bool is_dir)
{
    struct walk *w = arg;
    struct arena *a = w->ctx->arena;
    if (name[0] == '.' || w->err != ERR_OK) {
        return;
    }
    struct str path = w->below.n == 0 ? str_copy(a, str_from(name))
                                      : str_format(a, "%.*s/%s", FMT(w->below), name);
    if (is_dir) {
        if (w->folder_count < LIMIT_PACK_FILES) {
            w->folders[w->folder_count++] = path;
        }
        return;
    }
    if (w->count == LIMIT_PACK_FILES) {
        w->err = fault(w->ctx, ERR_TOO_MANY, "a pack has more than %d files", LIMIT_PACK_FILES);
        return;
    }
    w->files[w->count++].path = path;
}

static int by_path(const void *a, const void *b)
{
    return str_compare(((const struct law_file *)a)->path, ((const struct law_file *)b)->path);
}

enum err law_read_folder(struct ctx *ctx, const char *path, struct law_pack_source *ret)
{
    struct walk w = {.ctx = ctx, .root = str_from(path)};
    w.files = ARENA_ARRAY(ctx->arena, struct law_file, LIMIT_PACK_FILES);
    w.folders = ARENA_ARRAY(ctx->arena, struct str, LIMIT_PACK_FILES);
    w.folders[w.folder_count++] = STR("");
    for (size_t i = 0; i < w.folder_count; i++) {
        w.below = w.folders[i];
        const char *folder = str_format(ctx->arena, "%s/%.*s", path, FMT(w.below)).p;
        int result = ctx->world->list(ctx->world, folder, each_name, &w);
        if (result < 0) {
            return fault(ctx, world_err(result), "cannot read the folder %s", folder);
        }
        TRY(w.err);
    }
    for (size_t i = 0; i < w.count; i++) {
        const char *file = str_format(ctx->arena, "%s/%.*s", path, FMT(w.files[i].path)).p;
        TRY(file_read(ctx, file, LIMIT_PACK_FILE_BYTES, &w.files[i].bytes));
    }
    qsort(w.files, w.count, sizeof(*w.files), by_path);
    *ret = (struct law_pack_source){w.files, w.count};
    return ERR_OK;
}

enum err law_pack_write(struct ctx *ctx, const struct law_pack_source *pack, struct str *ret)
{
    if (pack->count > LIMIT_PACK_FILES) {
        return fault(ctx, ERR_TOO_MANY, "a pack has more than %d files", LIMIT_PACK_FILES);
    }
    struct json o = json_object();
    struct json_member *members = ARENA_ARRAY(ctx->arena, struct json_member, pack->count + 1);
    for (size_t i = 0; i < pack->count; i++) {
        if (!utf8_is_valid(pack->files[i].bytes)) {
            return fault(ctx, ERR_UTF8, "%.*s is not UTF-8", FMT(pack->files[i].path));
        }
        members[i] = (struct json_member){pack->files[i].path, json_of_str(pack->files[i].bytes)};
    }
    o.members = members;
    o.count = pack->count;
    struct buf b = buf_new(ctx->arena, LIMIT_PACK_BYTES);
    TRY(json_write_canonical(ctx, &b, &o));
    return buf_done(ctx, &b, ret);
}

enum err law_pack_read(struct ctx *ctx, struct str text, struct law_pack_source *ret)
{
    struct json o;
    TRY(json_parse_within(ctx, text, STR("pack"), LIMIT_PACK_BYTES, LIMIT_PACK_FILES, &o));
    if (o.kind != JSON_OBJECT) {
        return fault(ctx, ERR_TYPE, "a pack in one text is an object of path and content");
    }
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, o.count + 1);
    for (size_t i = 0; i < o.count; i++) {
        if (o.members[i].value.kind != JSON_STRING) {
            return fault(ctx, ERR_TYPE, "a pack in one text is an object of path and content");
        }
        files[i] = (struct law_file){o.members[i].key, o.members[i].value.text};
    }
    qsort(files, o.count, sizeof(*files), by_path);
    *ret = (struct law_pack_source){files, o.count};
    return ERR_OK;
}

enum err law_pack_digest(struct ctx *ctx, const struct law_pack_source *pack, uint8_t ret[32])
{
    struct str text = {0};
    TRY(law_pack_write(ctx, pack, &text));
    sha256(text.p, text.n, ret);
    return ERR_OK;
}

static int by_code(const void *a, const void *b)
{
    return str_compare((*(const struct law_pack *const *)a)->code,
                       (*(const struct law_pack *const *)b)->code);
}

void set_digest(struct ctx *ctx, const struct law_pack *packs, size_t count, uint8_t ret[32])
{
    struct arena_mark mark = arena_mark(ctx->arena);
    const struct law_pack **order = ARENA_ARRAY(ctx->arena, const struct law_pack *, count + 1);
    struct buf b = buf_new(ctx->arena, 0);
    for (size_t i = 0; i < count; i++) {
        order[i] = &packs[i];
    }
    qsort(order, count, sizeof(*order), by_code);
    buf_puts(&b, "tongban/law/v1\n");
    for (size_t i = 0; i < count; i++) {
        struct str digest = hex_encode(ctx->arena, order[i]->digest, 32);
        buf_format(&b, "%.*s@%.*s:%.*s\n", FMT(order[i]->code), FMT(order[i]->version),
                   FMT(digest));
    }
    sha256(b.p, b.n, ret);
    arena_reset(ctx->arena, mark);
}
