/* vault.h - what stays with the node and never enters the ledger's leaves: the values of acts with
 * their salts, the files handed in, the documents drawn up.
 *
 * A leaf holds one root over salted commitments; the vault holds what was committed to. So a value
 * can be erased here, its commitment takes its place, and every proof over the leaf still holds
 * (个人信息保护法47 asks for the one, the ledger for the other).
 *
 * The vault knows no law and no case: which documents show a value, and which rows of which rooms
 * copied it, its callers know (gate/erase.c). It writes inside the caller's transaction; strings it
 * returns live on ctx->arena.
 */
#pragma once

#include "act/act.h"
#include "vault/file.h"
#include "vault/upload.h"

/* ---- what an act said ---- */

struct vault_content {
    struct draft draft; /* without attachments: files stand in its fields, by digest */
    struct instant at;
    struct json salts;    /* name -> salt in hex; of an erased value {"gone": its commitment} */
    struct json proposal; /* what the item's decision said then */
    bool has_proposal;
    struct json sources; /* fact -> whence its value was taken (gate/source.c) */
    struct str given; /* HMAC-SHA-256 in hex of the fields as they came, under the salts, where they
                         are others than those kept; empty else */
    struct json decided; /* what business rule tasks of the procedure decided, in turn */
    bool erased;         /* some value is gone */
};
/* To the text that is kept, and back. ERR_CORRUPT when it is none of ours. */
enum err vault_write(struct ctx *ctx, const struct vault_content *content,
                     struct str *ret_text) MUST_USE;
enum err vault_read(struct ctx *ctx, struct str text, struct vault_content *ret) MUST_USE;
/* Keep the text of the act of this place in the ledger; find it; those from a place on, in order.
 */
enum err vault_keep(struct ctx *ctx, struct db *db, int64_t seq, struct str text) MUST_USE;
enum err vault_find(struct ctx *ctx, struct db *db, int64_t seq, struct str *ret_text,
                    bool *ret_found) MUST_USE;
struct vault_text {
    int64_t seq;
    struct str text;
};
enum err vault_range(struct ctx *ctx, struct db *db, int64_t seq, size_t count_max,
                     struct vault_text **ret, size_t *ret_count) MUST_USE;

/* ---- documents (files are in file.h) ---- */

/* What an act drew up, as it was issued. */
struct issued {
    struct str zh;
    struct str en;
};
enum err vault_document_keep(struct ctx *ctx, struct db *db, int64_t seq,
                             const struct issued *document) MUST_USE;
enum err vault_document_find(struct ctx *ctx, struct db *db, int64_t seq, struct issued *ret,
                             bool *ret_found) MUST_USE;

/* ---- erasing ---- */

/* Erase what an act said of a fact: value and salt go, a file that has no other use as well.
 * *ret_done is false when there is nothing (any more) to erase. */
enum err vault_erase_value(struct ctx *ctx, struct db *db, int64_t seq, struct str fact,
                           bool *ret_done) MUST_USE;
/* Erase what a decision proposed at an act when it says this value, alone or within a text. */
enum err vault_erase_proposal(struct ctx *ctx, struct db *db, int64_t seq,
                              struct str value) MUST_USE;
/* Erase the document an act drew up, whose Chinese text is zh. */
enum err vault_erase_document(struct ctx *ctx, struct db *db, int64_t seq, struct str zh) MUST_USE;
