/* file.c - files by their digest: claimed from uploads, counted by their uses, read piece by piece.
 *
 * A file keeps the pieces of the upload that brought it, under that upload's name: claiming one of
 * 40 MB moves two short rows and no bytes. Files from before pieces (vault_blob) are read through
 * the same functions, cut as they are read.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "limit_gen.h"
#include "vault/file.h"
#include "vault/upload.h"
#include "vault_sql.h"

enum err vault_file_look(struct ctx *ctx, struct db *db, struct str sha256, struct vault_file *ret,
                         bool *ret_found)
{
    struct vault_file_get_row row;
    struct vault_blob_size_row old;
    TRY(vault_file_get(ctx, db, (struct vault_file_get_in){.sha256 = sha256}, &row, ret_found));
    if (*ret_found) {
        *ret = (struct vault_file){sha256, row.type, row.name, row.size, row.pieces};
        return ERR_OK;
    }
    TRY(vault_blob_size(ctx, db, (struct vault_blob_size_in){.sha256 = sha256}, &old, ret_found));
    if (*ret_found) {
        *ret = (struct vault_file){sha256, old.type, old.name, old.size, {0}};
    }
    return ERR_OK;
}

static enum err piece_of(struct ctx *ctx, struct db *db, struct str pieces, int64_t index,
                         struct str *ret)
{
    struct vault_piece_get_row row;
    bool found = false;
    TRY(vault_piece_get(ctx, db, (struct vault_piece_get_in){.pieces = pieces, .idx = index}, &row,
                        &found));
    *ret = found ? row.bytes : (struct str){0};
    return ERR_OK;
}

enum err vault_file_piece(struct ctx *ctx, struct db *db, const struct vault_file *file,
                          int64_t index, struct str *ret)
{
    struct vault_blob_part_row row;
    bool found = false;
    if (file->pieces.n > 0) {
        return piece_of(ctx, db, file->pieces, index, ret);
    }
    TRY(vault_blob_part(ctx, db,
                        (struct vault_blob_part_in){.sha256 = file->sha256,
                                                    .place = index * LIMIT_PIECE_BYTES + 1,
                                                    .count = LIMIT_PIECE_BYTES},
                        &row, &found));
    *ret = found ? row.bytes : (struct str){0};
    return ERR_OK;
}

static enum err joined(struct ctx *ctx, struct db *db, const struct vault_file *file,
                       struct str *ret)
{
    size_t n = 0;
    char *bytes = arena_push_bytes(ctx->arena, (size_t)file->size + 1);
    struct str piece = {0};
    for (int64_t i = 0; i == 0 || piece.n > 0; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        TRY(vault_file_piece(ctx, db, file, i, &piece));
        if (piece.n > (size_t)file->size - n) {
            return fault(ctx, ERR_CORRUPT, "a file is longer than was kept of it");
        }
        if (piece.n > 0) {
            memcpy(bytes + n, piece.p, piece.n);
        }
        n += piece.n;
        arena_reset(ctx->arena, mark);
    }
    *ret = (struct str){bytes, n};
    return n == (size_t)file->size ? ERR_OK
                                   : fault(ctx, ERR_CORRUPT, "a part of a file is missing");
}

enum err vault_file_find(struct ctx *ctx, struct db *db, struct str sha256, struct attachment *ret,
                         bool *ret_found)
{
    struct vault_file file;
    TRY(vault_file_look(ctx, db, sha256, &file, ret_found));
    if (!*ret_found) {
        return ERR_OK;
    }
    *ret = (struct attachment){.sha256 = sha256, .type = file.type, .name = file.name};
    return joined(ctx, db, &file, &ret->bytes);
}

enum err vault_file_bytes(struct ctx *ctx, struct db *db, const struct attachment *file,
                          struct str *ret)
{
    struct vault_upload_get_row row;
    bool found = false;
    *ret = file->bytes;
    if (file->upload.n == 0) {
        return ERR_OK;
    }
    TRY(vault_upload_get(ctx, db, (struct vault_upload_get_in){.id = file->upload}, &row, &found));
    struct vault_file whole = {.size = row.size, .pieces = file->upload};
    if (!found) {
        *ret = (struct str){0};
        return ERR_OK;
    }
    return joined(ctx, db, &whole, ret);
}

/* Count one more use of a file that is there; false when it is not. */
static enum err use_again(struct ctx *ctx, struct db *db, struct str sha256, bool *ret_found)
{
    struct vault_file file;
    TRY(vault_file_look(ctx, db, sha256, &file, ret_found));
    if (!*ret_found) {
        return ERR_OK;
    }
    return file.pieces.n > 0
               ? vault_file_more(ctx, db, (struct vault_file_more_in){.by = 1, .sha256 = sha256})
               : vault_blob_more(ctx, db, (struct vault_blob_more_in){.by = 1, .sha256 = sha256});
}

static enum err gone(struct ctx *ctx)
{
    fault(ctx, ERR_NOT_FOUND, "an uploaded file is not there any more; send it again");
    ctx->why.field = STR("files");
    return ERR_NOT_FOUND;
}

static enum err claim(struct ctx *ctx, struct db *db, const struct attachment *f, struct str owner)
{
    struct attachment sent;
    int64_t size = 0;
    bool there = false;
    bool kept = false;
    TRY(upload_find(ctx, db, f->upload, owner, &sent, &size, &there));
    there = there && str_equal(sent.sha256, f->sha256);
    TRY(use_again(ctx, db, f->sha256, &kept));
    if (!there) {
        /* Two fields of one draft may name one upload: the first of them claimed it. */
        return kept ? ERR_OK : gone(ctx);
    }
    if (kept) {
        return vault_upload_drop(ctx, db, (struct vault_upload_drop_in){.id = f->upload});
    }
    TRY(vault_file_add(ctx, db,
                       (struct vault_file_add_in){.sha256 = f->sha256,
                                                  .type = f->type,
                                                  .name = f->name,
                                                  .size = size,
                                                  .pieces = f->upload}));
    return vault_upload_remove(ctx, db, (struct vault_upload_remove_in){.id = f->upload});
}

enum err vault_file_keep(struct ctx *ctx, struct db *db, const struct attachment *f,
                         struct str owner)
{
    bool kept = false;
    if (f->upload.n > 0) {
        return claim(ctx, db, f, owner);
    }
    TRY(use_again(ctx, db, f->sha256, &kept));
    if (kept) {
        return ERR_OK;
    }
    for (size_t at = 0; at < f->bytes.n; at += LIMIT_PIECE_BYTES) {
        TRY(vault_piece_add(
            ctx, db,
            (struct vault_piece_add_in){.pieces = f->sha256,
                                        .idx = (int64_t)(at / LIMIT_PIECE_BYTES),
                                        .bytes = str_slice(f->bytes, at, at + LIMIT_PIECE_BYTES)}));
    }
    return vault_file_add(ctx, db,
                          (struct vault_file_add_in){.sha256 = f->sha256,
                                                     .type = f->type,
                                                     .name = f->name,
                                                     .size = (int64_t)f->bytes.n,
                                                     .pieces = f->sha256});
}

enum err vault_file_less(struct ctx *ctx, struct db *db, struct str sha256)
{
    struct vault_file_get_row row;
    bool found = false;
    TRY(vault_file_get(ctx, db, (struct vault_file_get_in){.sha256 = sha256}, &row, &found));
    if (!found) {
        TRY(vault_blob_more(ctx, db, (struct vault_blob_more_in){.by = -1, .sha256 = sha256}));
        return vault_blob_remove(ctx, db, (struct vault_blob_remove_in){.sha256 = sha256});
    }
    if (row.uses > 1) {
        return vault_file_more(ctx, db, (struct vault_file_more_in){.by = -1, .sha256 = sha256});
    }
    TRY(vault_piece_remove(ctx, db, (struct vault_piece_remove_in){.pieces = row.pieces}));
    return vault_file_remove(ctx, db, (struct vault_file_remove_in){.sha256 = sha256});
}
