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
