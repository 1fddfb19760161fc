/* ledger.h - the tamper-evident log: RFC 6962 tree, C2SP tiles, checkpoints, proofs, commitments.
 *
 * Pure over a reader callback: it knows no store and no act. Formats are those of C2SP tlog-tiles,
 * tlog-checkpoint, signed-note, tlog-cosignature, tlog-proof, and RFC 6962 with SHA-256, so that
 * verifiers others wrote accept them. README.md gives our two additions byte for byte: the SM2 line
 * and the salted commitments.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"

struct permit; /* made and spent in gate/admit.c alone */

enum { HASH_BYTES = 32, TILE_WIDTH = 256, TREE_LEVELS = 64 };

/* ---- hashes and the growing tree ---- */

void leaf_hash(const void *entry, size_t n, uint8_t ret[32]);
void node_hash(const uint8_t left[32], const uint8_t right[32], uint8_t ret[32]);

/* The roots of the full subtrees of a tree of `size` leaves, by level; only those of set bits
 * count. */
struct tree {
    uint64_t size;
    uint8_t frontier[TREE_LEVELS][HASH_BYTES];
};
void tree_root(const struct tree *t, uint8_t ret[32]);

/* Where an appended leaf and the roots of full tiles go. */
struct ledger_sink {
    void *self;
    enum err (*entry)(struct ctx *ctx, void *self, uint64_t index, const uint8_t hash[32],
                      struct str entry);
    /* level: of the tree, a multiple of 8 and at least 8. */
    enum err (*hash)(struct ctx *ctx, void *self, unsigned level, uint64_t index,
                     const uint8_t hash[32]);
};
/* The one function of the program that appends. entry is at most LIMIT_ENTRY_BYTES. */
enum err ledger_append(struct ctx *ctx, const struct permit *permit, struct tree *t,
                       struct str entry, const struct ledger_sink *to) MUST_USE;

/* ---- reading ---- */

/* Hashes exist at tree levels 0, 8, 16 …, entries by index. */
struct ledger_reader {
    void *self;
    enum err (*hash)(struct ctx *ctx, void *self, unsigned level, uint64_t index, uint8_t ret[32]);
    enum err (*entry)(struct ctx *ctx, void *self, uint64_t index, struct str *ret);
};

struct tile {
    bool entries;   /* tile/entries/…: the entry bundle */
    unsigned level; /* of the tile: 0 holds leaf hashes */
    uint64_t index;
    unsigned width; /* 1..256 */
};
/* "tile/0/x001/067", "tile/1/000.p/17", "tile/entries/000": strict, one spelling each. */
bool tile_parse(struct str path, struct tile *ret);
struct str tile_path(struct arena *a, struct tile t);
/* How wide this tile is in a tree of that size: 0 when it does not exist. */
unsigned tile_width(struct tile t, uint64_t tree_size);
/* Bytes of a tile or bundle that the tree of `size` has; ERR_NOT_FOUND when it has not. */
enum err tile_bytes(struct ctx *ctx, const struct ledger_reader *r, struct tile t, uint64_t size,
                    struct str *ret) MUST_USE;

/* ---- proofs ---- */

struct proof {
    uint8_t (*hashes)[HASH_BYTES];
    size_t count;
};
enum err proof_inclusion(struct ctx *ctx, const struct ledger_reader *r, uint64_t index,
                         uint64_t size, struct proof *ret) MUST_USE;
enum err proof_consistency(struct ctx *ctx, const struct ledger_reader *r, uint64_t old_size,
                           uint64_t size, struct proof *ret) MUST_USE;
bool proof_inclusion_verify(const struct proof *p, uint64_t index, uint64_t size,
                            const uint8_t leaf[32], const uint8_t root[32]);
/* False from old_size 0 to a larger size: the empty tree is the beginning of every tree, so nothing
 * is shown. */
bool proof_consistency_verify(const struct proof *p, uint64_t old_size, uint64_t size,
                              const uint8_t old_root[32], const uint8_t root[32]);
/* Root of the first `size` leaves. */
enum err tree_root_at(struct ctx *ctx, const struct ledger_reader *r, uint64_t size,
                      uint8_t ret[32]) MUST_USE;

/* ---- signed notes and checkpoints ---- */

enum note_key_type { NOTE_ED25519 = 0x01, NOTE_COSIGNATURE = 0x04, NOTE_PRIVATE = 0xff };

/* A verifier key: "name+hex id+base64(type ‖ public key)". Type 0xff is ours only when it is SM2.
 */
struct verifier {
    struct str name;
    uint32_t id;
    enum note_key_type type;
    uint8_t key[65]; /* 32 bytes for Ed25519; 65 for SM2 */
};
enum err verifier_parse(struct ctx *ctx, struct str text, struct verifier *ret) MUST_USE;
struct str verifier_text(struct arena *a, const struct verifier *v);
struct verifier verifier_ed25519(struct str name, const uint8_t public_key[32]);
struct verifier verifier_cosigner(struct str name, const uint8_t public_key[32]);
struct verifier verifier_sm2(struct str name, const uint8_t public_key[65]);

struct note_signature {
    struct str name;
    uint32_t id;
    struct str bytes; /* after the id */
};
struct note {
    struct str text; /* ends in LF */
    struct note_signature *signatures;
    size_t count;
};
enum err note_parse(struct ctx *ctx, struct str bytes, struct note *ret) MUST_USE;
/* Check the lines of these keys: ERR_SIGNATURE when a known key's line is false, or when no line is
 * of a known key. Unknown lines are ignored. ret_good (count long, may be NULL) says which keys
 * signed. */
enum err note_verify(struct ctx *ctx, const struct note *n, const struct verifier *keys,
                     size_t count, bool *ret_good) MUST_USE;
/* One signature line of a key, LF at its end. */
struct str note_line(struct arena *a, const struct verifier *v, struct str signature);
/* What a cosigner signs (tlog-cosignature v1), and the line of its Ed25519 signature. time: POSIX
 * seconds. */
struct str cosignature_text(struct arena *a, uint64_t time, struct str note_text);
struct str cosignature_line(struct arena *a, const struct verifier *v, uint64_t time,
                            const uint8_t signature[64]);

struct checkpoint {
    struct str origin;
    uint64_t size;
    uint8_t root[32];
};
struct str checkpoint_text(struct arena *a, struct str origin, uint64_t size,
                           const uint8_t root[32]);
enum err checkpoint_parse(struct ctx *ctx, struct str text, struct checkpoint *ret) MUST_USE;

/* ---- proof files (tlog-proof@v1) ---- */

struct str proof_file(struct arena *a, uint64_t index, const struct proof *p,
                      struct str checkpoint_note);
enum err proof_file_parse(struct ctx *ctx, struct str text, uint64_t *ret_index, struct proof *ret,
                          struct str *ret_note) MUST_USE;

/* ---- commitments ---- */

struct ledger_commitment {
    struct str name;
    uint8_t hash[32];
};
/* SHA-256("tongban/commit/v1\n" ‖ salt ‖ u32 |name| ‖ name ‖ u32 |value| ‖ value), big-endian
 * lengths. */
void ledger_commit(struct ctx *ctx, const uint8_t salt[32], struct str name, struct str value,
                   uint8_t ret[32]);
/* SHA-256("tongban/commits/v1\n" ‖ for each in order of name: u32 |name| ‖ name ‖ hash). Sorts the
 * list; ERR_DUPLICATE for the same name twice. */
enum err ledger_commit_root(struct ctx *ctx, struct ledger_commitment *list, size_t count,
                            uint8_t ret[32]) MUST_USE;

/* ---- verifying a whole log ---- */

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

/* ---- witnessing other logs (tlog-witness) ---- */

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
