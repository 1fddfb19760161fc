/* Inclusion and consistency proofs: RFC 6962 sections 2.1.1 and 2.1.2; verification as RFC 9162
 * sections 2.1.3.2 and 2.1.4.2 lay down, on unsigned 64-bit sizes. */
#include "base/arena.h"
#include "base/str.h"
#include "base/token.h"
#include "base/encode.h"
#include "ledger/ledger_in.h"
#include "ledger/proof.h"

enum { PROOF_MAX = 130 };

/* The root of leaves [from, from + 2^level): read where a tile level stores it, else joined. */
static enum err full_root(struct ctx *ctx, const struct ledger_reader *r, unsigned level,
                          uint64_t index, uint8_t ret[32])
{
    if (level % 8 == 0) {
        return r->hash(ctx, r->self, level, index, ret);
    }
    /* At most 128 hashes of one tile stand below: gather them and fold. */
    unsigned base = level / 8 * 8;
    size_t count = (size_t)1 << (level - base);
    uint8_t hashes[128][HASH_BYTES];
    for (size_t i = 0; i < count; i++) {
        TRY(r->hash(ctx, r->self, base, index * count + i, hashes[i]));
    }
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            node_hash(hashes[2 * i], hashes[2 * i + 1], hashes[i]);
        }
    }
    memcpy(ret, hashes[0], HASH_BYTES);
    return ERR_OK;
}

/* Largest power of two below n (n >= 2), as an exponent. */
static unsigned split_of(uint64_t n)
{
    return 63 - (unsigned)__builtin_clzll(n - 1);
}

/* The root of leaves [from, to). */
static enum err range_root(struct ctx *ctx, const struct ledger_reader *r, uint64_t from,
                           uint64_t to, uint8_t ret[32])
{
    /* Full subtrees from the left, joined from the right. */
    uint8_t parts[64][HASH_BYTES];
    size_t count = 0;
    while (from < to) {
        unsigned level = 63 - (unsigned)__builtin_clzll(to - from);
        TRY(full_root(ctx, r, level, from >> level, parts[count++]));
        from += (uint64_t)1 << level;
    }
    must(count > 0);
    memcpy(ret, parts[--count], HASH_BYTES);
    while (count > 0) {
        node_hash(parts[--count], ret, ret);
    }
    return ERR_OK;
}

enum err tree_root_at(struct ctx *ctx, const struct ledger_reader *r, uint64_t size,
                      uint8_t ret[32])
{
    if (size == 0) {
        tree_root(&(struct tree){0}, ret);
        return ERR_OK;
    }
    return range_root(ctx, r, 0, size, ret);
}

static void proof_start(struct arena *a, struct proof *p)
{
    p->hashes = arena_push_array(a, PROOF_MAX, HASH_BYTES);
    p->count = 0;
}

static void proof_reverse(struct proof *p)
{
    for (size_t i = 0; i < p->count / 2; i++) {
        uint8_t swap[HASH_BYTES];
        memcpy(swap, p->hashes[i], HASH_BYTES);
        memcpy(p->hashes[i], p->hashes[p->count - 1 - i], HASH_BYTES);
        memcpy(p->hashes[p->count - 1 - i], swap, HASH_BYTES);
    }
}

enum err proof_inclusion(struct ctx *ctx, const struct ledger_reader *r, uint64_t index,
                         uint64_t size, struct proof *ret)
{
    if (index >= size) {
        return fault(ctx, ERR_RANGE, "a tree of %llu has no leaf %llu", (unsigned long long)size,
                     (unsigned long long)index);
    }
    struct proof p;
    proof_start(ctx->arena, &p);
    uint64_t from = 0;
    for (uint64_t to = size; to - from > 1;) {
        uint64_t middle = from + ((uint64_t)1 << split_of(to - from));
        bool left = index < middle;
        TRY(range_root(ctx, r, left ? middle : from, left ? to : middle, p.hashes[p.count++]));
        from = left ? from : middle;
        to = left ? middle : to;
    }
    proof_reverse(&p);
    *ret = p;
    return ERR_OK;
}

enum err proof_consistency(struct ctx *ctx, const struct ledger_reader *r, uint64_t old_size,
                           uint64_t size, struct proof *ret)
{
    if (old_size > size) {
        return fault(ctx, ERR_RANGE, "%llu is more than the %llu leaves there are",
                     (unsigned long long)old_size, (unsigned long long)size);
    }
    struct proof p;
    proof_start(ctx->arena, &p);
    uint64_t from = 0;
    uint64_t to = size;
    bool whole = true; /* the old tree is a full subtree from the left: its root is known */
    while (old_size > 0 && old_size < size && old_size != to) {
        uint64_t middle = from + ((uint64_t)1 << split_of(to - from));
        bool left = old_size <= middle;
        TRY(range_root(ctx, r, left ? middle : from, left ? to : middle, p.hashes[p.count++]));
        whole = whole && left;
        from = left ? from : middle;
        to = left ? middle : to;
    }
    if (!whole) {
        TRY(range_root(ctx, r, from, to, p.hashes[p.count++]));
    }
    proof_reverse(&p);
    *ret = p;
    return ERR_OK;
}

bool proof_inclusion_verify(const struct proof *p, uint64_t index, uint64_t size,
                            const uint8_t leaf[32], const uint8_t root[32])
{
    if (index >= size) {
        return false;
    }
    uint64_t node = index;
    uint64_t last = size - 1;
    uint8_t hash[32];
    memcpy(hash, leaf, 32);
    for (size_t i = 0; i < p->count; i++) {
        if (last == 0) {
            return false;
        }
        if ((node & 1) != 0 || node == last) {
            node_hash(p->hashes[i], hash, hash);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            node_hash(hash, p->hashes[i], hash);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && memcmp(hash, root, 32) == 0;
}

bool proof_consistency_verify(const struct proof *p, uint64_t old_size, uint64_t size,
                              const uint8_t old_root[32], const uint8_t root[32])
{
    if (old_size > size) {
        return false;
    }
    if (old_size == 0) {
        /* Every tree begins with the empty one: only the two empty ones are worth an answer. */
        uint8_t empty[32];
        tree_root(&(struct tree){0}, empty);
        return size == 0 && p->count == 0 && memcmp(old_root, empty, 32) == 0 &&
               memcmp(root, empty, 32) == 0;
    }
    if (old_size == size) {
        return p->count == 0 && memcmp(old_root, root, 32) == 0;
    }
    bool power = (old_size & (old_size - 1)) == 0;
    if (p->count + power == 0) {
        return false;
    }
    uint64_t node = old_size - 1;
    uint64_t last = size - 1;
    for (; (node & 1) != 0; node >>= 1) {
        last >>= 1;
    }
    uint8_t was[32];
    uint8_t is[32];
    memcpy(was, power ? old_root : p->hashes[0], 32);
    memcpy(is, was, 32);
    for (size_t i = power ? 0 : 1; i < p->count; i++) {
        if (last == 0) {
            return false;
        }
        if ((node & 1) != 0 || node == last) {
            node_hash(p->hashes[i], was, was);
            node_hash(p->hashes[i], is, is);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            node_hash(is, p->hashes[i], is);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && memcmp(was, old_root, 32) == 0 && memcmp(is, root, 32) == 0;
}

/* ---- tlog-proof@v1 ---- */

struct str proof_file(struct arena *a, uint64_t index, const struct proof *p,
                      struct str checkpoint_note)
{
    struct buf b = buf_new(a, 0);
    buf_format(&b, "c2sp.org/tlog-proof@v1\nindex %llu\n", (unsigned long long)index);
    for (size_t i = 0; i < p->count; i++) {
        buf_put(&b, base64_encode(a, p->hashes[i], HASH_BYTES));
        buf_byte(&b, '\n');
    }
    buf_byte(&b, '\n');
    buf_put(&b, checkpoint_note);
    return buf_str(&b);
}

enum err proof_file_parse(struct ctx *ctx, struct str text, uint64_t *ret_index, struct proof *ret,
                          struct str *ret_note)
{
    struct proof p;
    uint64_t index = 0;
    proof_start(ctx->arena, &p);
    size_t end = str_find(text, STR("\n\n"));
    struct str rest = str_slice(text, 0, end == SIZE_MAX ? 0 : end);
    if (!str_equal(str_cut(rest, '\n', &rest), STR("c2sp.org/tlog-proof@v1"))) {
        return fault(ctx, ERR_SYNTAX, "a proof file begins with the line c2sp.org/tlog-proof@v1");
    }
    struct str line = str_cut(rest, '\n', &rest);
    bool ok = true;
    if (str_starts(line, STR("extra "))) {
        struct str extra = {0};
        ok = base64_decode(ctx->arena, str_slice(line, 6, line.n), &extra);
        line = str_cut(rest, '\n', &rest);
    }
    ok = ok && str_starts(line, STR("index ")) && plain_u64(str_slice(line, 6, line.n), &index);
    while (ok && rest.n > 0 && p.count < PROOF_MAX) {
        ok = plain_hash(ctx, str_cut(rest, '\n', &rest), p.hashes[p.count]);
        p.count += ok;
    }
    if (!ok || rest.n > 0) {
        return fault(ctx, ERR_SYNTAX,
                     "a proof file holds an index line, hashes of 32 bytes in base64, an empty "
                     "line and a checkpoint");
    }
    *ret_index = index;
    *ret = p;
    *ret_note = str_slice(text, end + 2, text.n);
    return ERR_OK;
}
