/* upload.h - files on their way into the vault (file.h), for those who bring them and those who
 * name them before an act does. All write inside the caller's transaction; strings returned live on
 * ctx->arena.
 */
#pragma once

#include "act/act.h"

/* The next piece of an upload. Flat, so that it can go to a writer elsewhere as it is. */
struct upload_piece {
    struct str upload; /* its name: chosen at random by who begins it, 32 hexadecimal digits */
    struct str owner;  /* the actor who sends it */
    int64_t index;     /* 0 begins it */
    struct str bytes;
    bool is_last;
    struct str sha256; /* of the last piece: of the whole, in hex; what it is, how it is called */
    struct str type;
    struct str name;
};
/* ERR_TOO_MANY with field "files" when the owner has handed in what one may on one day: what is
 * left is said. */
enum err upload_keep(struct ctx *ctx, struct db *db, const struct upload_piece *piece) MUST_USE;
/* What came of an upload; false when there is none, when it is not whole, or not this owner's. The
 * attachment has no bytes. */
enum err upload_find(struct ctx *ctx, struct db *db, struct str upload, struct str owner,
                     struct attachment *ret, int64_t *ret_size, bool *ret_found) MUST_USE;
/* What a draft names that waits is not swept before then: LIMIT_UPLOAD_WAIT_MS later at the latest
 * it is. Nothing when it is not this owner's. */
enum err upload_hold(struct ctx *ctx, struct db *db, struct str upload, struct str owner,
                     struct instant until) MUST_USE;
/* Is there anything to sweep? And take away some of what nobody has claimed for
 * LIMIT_UPLOAD_WAIT_MS: a bounded piece of work. */
enum err uploads_are_old(struct ctx *ctx, struct db *db, bool *ret) MUST_USE;
enum err uploads_sweep(struct ctx *ctx, struct db *db) MUST_USE;
/* What the owner may still hand in today. */
struct upload_left {
    int64_t files;
    int64_t bytes;
};
enum err upload_left_of(struct ctx *ctx, struct db *db, struct str owner,
                        struct upload_left *ret) MUST_USE;
