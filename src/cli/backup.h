/* backup.h - a copy of a node as a folder: what is in it, and whether it is whole and true.
 *
 *     backup.json     what the copy is, its files with their SHA-256, and what it lacks (written
 * last) rows            the store's rows (store/copy.h) node.json  verifiers.txt  keys/…  login.key
 *
 * Private keys (those of keys that end in .key, and login.key) are in it only when asked for. A
 * copy proves itself: its entries hash to the tree its checkpoint names, and the node's keys signed
 * that checkpoint; so what was altered, cut off or mixed is found before a node is made from it.
 */
#pragma once

#include "cli/node.h"
#include "ledger/ledger.h"

enum { BACKUP_CELL_BYTES = 64 << 20 };

/* What the rows of a copy say of its ledger, once they were found true. */
struct backup_ledger {
    uint64_t size;
    struct str note;     /* the signed checkpoint; empty when the ledger is */
    int64_t rows;        /* of all tables */
    int64_t files;       /* of the vault, each seen to have its digest */
    uint64_t other_size; /* asked: the root of so many leaves, when the copy has them */
    uint8_t other_root[32];
};
/* Read the rows in DIR and check the ledger in them: entries, hashes, tree, checkpoint, signatures
 * by the public keys beside them, files by their digests. ERR_CORRUPT or ERR_SIGNATURE with a
 * sentence. ret->other_size is an input. */
enum err backup_check(struct ctx *ctx, struct str dir, struct str origin,
                      struct backup_ledger *ret) MUST_USE;

/* A copy on its way: made in the new folder `to`, checked, and described in backup.json last. On an
 * error what was written is left for the caller to remove. All file work goes through ctx->world.
 */
struct backup_taking {
    struct node node; /* dir, and what node.json says */
    struct str to;
    bool with_keys;
    struct db *reader; /* its rows come through this; NULL: from the process that serves it, else
                          from its store */
    struct backup_ledger ledger; /* is filled */
    int file;                    /* these two are the taker's own */
    int64_t at;
};
enum err backup_take(struct ctx *ctx, struct backup_taking *t) MUST_USE;

/* The files a copy may have besides backup.json, in their order. */
struct backup_file {
    const char *name;
    bool is_private;
    bool may_lack;
};
extern const struct backup_file backup_files[];
extern const size_t backup_file_count;

/* SHA-256 and size of a file. */
enum err file_digest(struct ctx *ctx, const char *path, struct str *ret_hex,
                     int64_t *ret_bytes) MUST_USE;

/* A file read in order, for copy_walk and copy_fill. */
struct file_stream {
    int file;
    int64_t at;  /* of the file: what was read into the buffer */
    size_t from; /* of the buffer: what is not yet taken */
    size_t n;
    char *buffer;
    const char *path;
};
enum err stream_open(struct ctx *ctx, const char *path, struct file_stream *ret) MUST_USE;
enum err stream_get(struct ctx *ctx, void *arg, void *bytes, size_t n);
bool stream_is_at_end(struct ctx *ctx, struct file_stream *s);
void stream_close(struct ctx *ctx, struct file_stream *s);
