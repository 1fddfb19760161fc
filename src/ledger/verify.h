/* verify.h - a whole log recomputed from its entries, and the decision of a witness on one. */
#pragma once

#include "ledger/ledger.h"
#include "ledger/note.h"

/* Gives a file of the log by its path ("checkpoint", "tile/…"); ERR_NOT_FOUND when there is none.
 */
struct log_source {
    void *self;
    enum err (*get)(struct ctx *ctx, void *self, struct str path, struct str *ret);
};
struct log_report {
    struct checkpoint checkpoint;
    bool good;
    uint64_t leaves;       /* checked */
    struct str wrong_path; /* the first wrong file, */
    uint64_t wrong_offset; /* byte in it, */
    struct str wrong;      /* and a sentence */
    struct str signed_by;  /* names of the keys that signed, comma-separated */
};
/* Recompute everything from the entries: bundles, every tile of every level, root, signatures;
 * every key given must have signed. Damage is in the report; errors are for a source that cannot be
 * read at all. each (may be NULL) sees every entry once its leaf tile agrees; whether root and
 * tiles above do, the report says at the end. Memory stays that of a bundle however long the log.
 */
enum err log_verify(struct ctx *ctx, const struct log_source *from, const struct verifier *keys,
                    size_t key_count,
                    enum err (*each)(struct ctx *ctx, void *arg, uint64_t index, struct str entry),
                    void *arg, struct log_report *ret) MUST_USE;

/* A log as a folder of files, read through ctx->world. *dir must outlive the source. */
struct log_source log_source_folder(struct str *dir);
/* A log in a store: its tiles are made as they are asked for. *held must outlive the source. */
struct log_held {
    const struct ledger_reader *reader;
    uint64_t size;         /* of the tree the checkpoint signs */
    struct str checkpoint; /* the signed note */
};
struct log_source log_source_held(struct log_held *held);

/* What a witness knows of a log: whose keys must have signed, and what it last cosigned (size 0:
 * nothing). */
struct witnessed {
    struct str origin;
    const struct verifier *keys;
    size_t key_count;
    uint64_t size;
    uint8_t root[32];
};
/* status 200: store `next` for `log` if that still has the size it had, make it durable, then
 * answer with the cosignature_line over `text`. Any other status: answer body with type, and
 * nothing changes. */
struct witness_answer {
    int status;
    struct str type;
    struct str body;
    const struct witnessed *log;
    struct checkpoint next;
    struct str text;
};
/* The decision on one POST add-checkpoint. Pure. */
struct witness_answer witness_add_checkpoint(struct ctx *ctx, struct str body,
                                             const struct witnessed *logs, size_t count) MUST_USE;
