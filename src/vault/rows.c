/* The vault's rows by place in the ledger: what an act said and drew up. They cannot be made again
 * from anything, so the tables are kept ones. Files are in file.c. */
#include "base/arena.h"
#include "vault/vault.h"
#include "vault_sql.h"

enum err vault_keep(struct ctx *ctx, struct db *db, int64_t seq, struct str text)
{
    return vault_act_add(ctx, db, (struct vault_act_add_in){.seq = seq, .content = text});
}

enum err vault_find(struct ctx *ctx, struct db *db, int64_t seq, struct str *ret_text,
                    bool *ret_found)
{
    struct vault_act_get_row row;
    TRY(vault_act_get(ctx, db, (struct vault_act_get_in){.seq = seq}, &row, ret_found));
    *ret_text = *ret_found ? row.content : (struct str){0};
    return ERR_OK;
}

enum err vault_range(struct ctx *ctx, struct db *db, int64_t seq, size_t count_max,
                     struct vault_text **ret, size_t *ret_count)
{
    struct vault_act_range_row *rows = NULL;
    TRY(vault_act_range(ctx, db,
                        (struct vault_act_range_in){.seq = seq, .count = (int64_t)count_max}, &rows,
                        ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct vault_text, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret)[i] = (struct vault_text){rows[i].seq, rows[i].content};
    }
    return ERR_OK;
}

enum err vault_document_keep(struct ctx *ctx, struct db *db, int64_t seq,
                             const struct issued *document)
{
    return vault_document_add(
        ctx, db,
        (struct vault_document_add_in){.seq = seq, .zh = document->zh, .en = document->en});
}

enum err vault_document_find(struct ctx *ctx, struct db *db, int64_t seq, struct issued *ret,
                             bool *ret_found)
{
    struct vault_document_get_row row;
    TRY(vault_document_get(ctx, db, (struct vault_document_get_in){.seq = seq}, &row, ret_found));
    if (*ret_found) {
        *ret = (struct issued){row.zh, row.en};
    }
    return ERR_OK;
}
