/* upload.c - files on their way: pieces come one by one, each in a transaction of the writer's that
 * lasts as long as one piece takes, whatever the size of the file and the number of people sending.
 *
 * Nothing of an upload is believed later but what stands in its row: an act can claim it only when
 * it is whole, by its digest, and for its owner. What is not claimed is found by its age, and goes
 * some pieces at a time: with each upload that begins, and with the ticks of the clock.
 *
 * A day's quota is counted with the pieces, in the same transaction, so that many uploads at once
 * cannot pass it together. What was refused later was still carried: it counts.
 */
#include "base/arena.h"
#include "base/day.h"
#include "base/str.h"
#include "base/world.h"
#include "limit_gen.h"
#include "vault/file.h"
#include "vault/upload.h"
#include "vault_sql.h"

enum { SWEPT = 4, SWEPT_PIECES = 16 };

/* Some pieces of it, and itself with the last: a transaction that gave back 40 MB at once would
 * hold them all in memory. */
static enum err shrink_upload(struct ctx *ctx, struct db *db, struct str id)
{
    struct vault_piece_left_row row;
    bool left = false;
    TRY(vault_piece_some(ctx, db,
                         (struct vault_piece_some_in){.pieces = id, .count = SWEPT_PIECES}));
    TRY(vault_piece_left(ctx, db, (struct vault_piece_left_in){.pieces = id}, &row, &left));
    return left ? ERR_OK : vault_upload_remove(ctx, db, (struct vault_upload_remove_in){.id = id});
}

enum err uploads_are_old(struct ctx *ctx, struct db *db, bool *ret)
{
    struct vault_upload_old_row *rows = NULL;
    size_t count = 0;
    int64_t before = ctx->world->now(ctx->world).ms - LIMIT_UPLOAD_WAIT_MS;
    TRY(vault_upload_old(ctx, db, (struct vault_upload_old_in){.before = before, .count = 1}, &rows,
                         &count));
    *ret = count > 0;
    return ERR_OK;
}

enum err uploads_sweep(struct ctx *ctx, struct db *db)
{
    struct instant now = ctx->world->now(ctx->world);
    struct vault_upload_old_row *rows = NULL;
    size_t count = 0;
    TRY(vault_upload_old(
        ctx, db,
        (struct vault_upload_old_in){.before = now.ms - LIMIT_UPLOAD_WAIT_MS, .count = SWEPT},
        &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(shrink_upload(ctx, db, rows[i].id));
    }
    return vault_quota_old(ctx, db, (struct vault_quota_old_in){.before = instant_day(now).n - 1});
}

enum err upload_hold(struct ctx *ctx, struct db *db, struct str upload, struct str owner,
                     struct instant until)
{
    return vault_upload_hold(
        ctx, db, (struct vault_upload_hold_in){.id = upload, .owner = owner, .begun_ms = until.ms});
}

static enum err used(struct ctx *ctx, struct db *db, struct str owner, int64_t day,
                     struct upload_left *ret)
{
    struct vault_quota_get_row row = {0};
    bool found = false;
    TRY(vault_quota_get(ctx, db, (struct vault_quota_get_in){.owner = owner, .day = day}, &row,
                        &found));
    *ret = (struct upload_left){row.files, row.bytes};
    return ERR_OK;
}

enum err upload_left_of(struct ctx *ctx, struct db *db, struct str owner, struct upload_left *ret)
{
    struct upload_left past;
    TRY(used(ctx, db, owner, instant_day(ctx->world->now(ctx->world)).n, &past));
    *ret =
        (struct upload_left){LIMIT_FILES_OF_ONE - past.files, LIMIT_FILE_BYTES_OF_ONE - past.bytes};
    return ERR_OK;
}

static enum err too_many(struct ctx *ctx, const char *who, int64_t files, int64_t bytes)
{
    fault(ctx, ERR_TOO_MANY, "%s: %lld files and %lld bytes are left", who,
          (long long)(files > 0 ? files : 0), (long long)(bytes > 0 ? bytes : 0));
    ctx->why.field = STR("files");
    return ERR_TOO_MANY;
}

static enum err count_day(struct ctx *ctx, struct db *db, struct str owner, int64_t files,
                          int64_t bytes, struct instant now)
{
    struct upload_left left;
    TRY(upload_left_of(ctx, db, owner, &left));
    if (left.files < files || left.bytes < bytes) {
        return too_many(ctx, "this is more than one person may hand in on one day", left.files,
                        left.bytes);
    }
    return vault_quota_more(
        ctx, db,
        (struct vault_quota_more_in){
            .owner = owner, .day = instant_day(now).n, .files = files, .bytes = bytes});
}

enum err vault_file_count(struct ctx *ctx, struct db *db, struct str case_id, int64_t files,
                          int64_t bytes)
{
    struct upload_left past;
    struct str owner = str_format(ctx->arena, "case:%.*s", FMT(case_id));
    TRY(used(ctx, db, owner, 0, &past));
    if (past.files + files > LIMIT_FILES_OF_CASE || past.bytes + bytes > LIMIT_FILE_BYTES_OF_CASE) {
        return too_many(ctx, "this is more than is taken in one case",
                        LIMIT_FILES_OF_CASE - past.files, LIMIT_FILE_BYTES_OF_CASE - past.bytes);
    }
    return vault_quota_more(
        ctx, db,
        (struct vault_quota_more_in){.owner = owner, .day = 0, .files = files, .bytes = bytes});
}

enum err upload_keep(struct ctx *ctx, struct db *db, const struct upload_piece *p)
{
    struct instant now = ctx->world->now(ctx->world);
    int64_t n = (int64_t)p->bytes.n;
    TRY(count_day(ctx, db, p->owner, p->index == 0, n, now));
    if (p->index == 0) {
        TRY(uploads_sweep(ctx, db));
        TRY(vault_upload_add(
            ctx, db,
            (struct vault_upload_add_in){.id = p->upload, .owner = p->owner, .begun_ms = now.ms}));
    }
    if (n > 0) {
        TRY(vault_piece_add(
            ctx, db,
            (struct vault_piece_add_in){.pieces = p->upload, .idx = p->index, .bytes = p->bytes}));
        TRY(vault_upload_grow(ctx, db, (struct vault_upload_grow_in){.id = p->upload, .by = n}));
    }
    if (!p->is_last) {
        return ERR_OK;
    }
    return vault_upload_end(
        ctx, db,
        (struct vault_upload_end_in){
            .id = p->upload, .sha256 = p->sha256, .type = p->type, .name = p->name});
}

enum err upload_find(struct ctx *ctx, struct db *db, struct str upload, struct str owner,
                     struct attachment *ret, int64_t *ret_size, bool *ret_found)
{
    struct vault_upload_get_row row;
    TRY(vault_upload_get(ctx, db, (struct vault_upload_get_in){.id = upload}, &row, ret_found));
    *ret_found = *ret_found && row.sha256.n > 0 && str_equal(row.owner, owner);
    if (*ret_found) {
        *ret = (struct attachment){
            .sha256 = row.sha256, .type = row.type, .name = row.name, .upload = upload};
        *ret_size = row.size;
    }
    return ERR_OK;
}
