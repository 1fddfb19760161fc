/* proof.h - proofs of inclusion and consistency (RFC 6962), and their files (C2SP tlog-proof). */
#pragma once

#include "ledger/ledger.h"

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

struct str proof_file(struct arena *a, uint64_t index, const struct proof *p,
                      struct str checkpoint_note);
enum err proof_file_parse(struct ctx *ctx, struct str text, uint64_t *ret_index, struct proof *ret,
                          struct str *ret_note) MUST_USE;
