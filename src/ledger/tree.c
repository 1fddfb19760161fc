/* RFC 6962 section 2.1: leaves under 0x00, nodes under 0x01; a tree is kept as the roots of its
 * full subtrees. */
#include "crypto/crypto.h"
#include "ledger/ledger.h"
#include "limit_gen.h"

void leaf_hash(const void *entry, size_t n, uint8_t ret[32])
{
    sha256_prefixed(0x00, (struct str){entry, n}, STR(""), ret);
}

void node_hash(const uint8_t left[32], const uint8_t right[32], uint8_t ret[32])
{
    sha256_prefixed(0x01, (struct str){(const char *)left, 32},
                    (struct str){(const char *)right, 32}, ret);
}

void tree_root(const struct tree *t, uint8_t ret[32])
{
    bool any = false;
    for (unsigned level = 0; level < TREE_LEVELS; level++) {
        if ((t->size >> level & 1) == 0) {
            continue;
        }
        if (any) {
            node_hash(t->frontier[level], ret, ret);
        } else {
            memcpy(ret, t->frontier[level], HASH_BYTES);
        }
        any = true;
    }
    if (!any) {
        sha256("", 0, ret);
    }
}

enum err ledger_append(struct ctx *ctx, const struct permit *permit, struct tree *t,
                       struct str entry, const struct ledger_sink *to)
{
    uint8_t hash[32];
    must(permit != NULL);
    if (entry.n > LIMIT_ENTRY_BYTES) {
        return fault(ctx, ERR_TOO_LARGE, "a ledger entry of %zu bytes is larger than %d", entry.n,
                     LIMIT_ENTRY_BYTES);
    }
    leaf_hash(entry.p, entry.n, hash);
    TRY(to->entry(ctx, to->self, t->size, hash, entry));
    /* Carry: each set low bit is a full subtree that joins the new one. */
    unsigned level = 0;
    for (; (t->size >> level & 1) != 0; level++) {
        node_hash(t->frontier[level], hash, hash);
        if ((level + 1) % 8 == 0) {
            TRY(to->hash(ctx, to->self, level + 1, t->size >> (level + 1), hash));
        }
    }
    memcpy(t->frontier[level], hash, HASH_BYTES);
    t->size++;
    return ERR_OK;
}
