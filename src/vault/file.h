/* file.h - files in the vault: how they come, what they are, how they are read.
 *
 * A file is never in memory whole. It comes as an upload: pieces under a name of its own, each kept
 * by the writer in a transaction of its own, until the last one says what the file is. From then on
 * the upload is a ticket: a draft names it, and the act that is admitted with it claims it, so that
 * it becomes the file of its digest. What nobody claims goes after LIMIT_UPLOAD_WAIT_MS. Reading
 * goes piece by piece as well. Uploads have a face of their own (upload.h).
 *
 * What a person hands in on one day, and what is handed in to one case, is bounded, and counted in
 * the store with the pieces themselves.
 *
 * All write inside the caller's transaction; strings returned live on ctx->arena.
 */
#pragma once

#include "act/act.h"

/* ---- what a file is (sniff.c) ---- */

/* The media type of a file by its first bytes (512 are enough); "application/octet-stream" when
 * they are none that this program knows. */
struct str file_type_of(struct str first);
/* The media type that files of such a name have, by the end of the name; empty when unknown. */
struct str file_type_by_name(struct str name);
/* Does a file that is `type` (file_type_of) pass as one that is called so? */
bool file_is_called(struct str type, struct str called);

/* ---- files (file.c) ---- */

/* Keep an attachment of an admitted act: claim its upload, or keep the bytes that came with it. The
 * same bytes handed in twice are kept once and counted. ERR_NOT_FOUND with field "files" when the
 * upload has gone. */
enum err vault_file_keep(struct ctx *ctx, struct db *db, const struct attachment *file,
                         struct str owner) MUST_USE;
/* Count a file in a case. ERR_TOO_MANY with field "files" when the case holds what one may. */
enum err vault_file_count(struct ctx *ctx, struct db *db, struct str case_id, int64_t files,
                          int64_t bytes) MUST_USE;
/* What is kept of a file; its bytes are read by vault_file_piece, in order of index until one is
 * empty. */
struct vault_file {
    struct str sha256;
    struct str type;
    struct str name;
    int64_t size;
    struct str pieces; /* of the room */
};
enum err vault_file_look(struct ctx *ctx, struct db *db, struct str sha256, struct vault_file *ret,
                         bool *ret_found) MUST_USE;
enum err vault_file_piece(struct ctx *ctx, struct db *db, const struct vault_file *file,
                          int64_t index, struct str *ret) MUST_USE;
/* A file with all its bytes: for law packs, which must be parsed whole, and in replay. */
enum err vault_file_find(struct ctx *ctx, struct db *db, struct str sha256, struct attachment *ret,
                         bool *ret_found) MUST_USE;
/* The bytes of an attachment whose act is not admitted yet, wherever they are. */
enum err vault_file_bytes(struct ctx *ctx, struct db *db, const struct attachment *file,
                          struct str *ret) MUST_USE;
/* One use of a file is erased; it goes with its last. */
enum err vault_file_less(struct ctx *ctx, struct db *db, struct str sha256) MUST_USE;
