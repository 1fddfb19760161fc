/* A whole log checked from its entries up: what the bundles hold must hash to the tiles, the tiles to
 * the tiles above, the tree to the checkpoint's root, and the checkpoint to its signatures. The first
 * wrong byte is named by file and offset. */
#include "base/arena.h"
#include "base/str.h"
#include "ledger/ledger.h"

/* Tiles being filled, one a level; a full one is compared with the log's and its root goes up. */
struct level {
    uint8_t hashes[TILE_WIDTH][HASH_BYTES];
    unsigned width;
    uint64_t index; /* of the tile being filled */
};

/* What lasts is made before the first bundle is read, so that each bundle's memory can be given back. */
struct check {
    const struct log_source *from;
    struct log_report *report;
    struct level *levels[8];
    char path[128];
    char sentence[256];
};

static void wrong(struct check *c, struct str path, uint64_t offset, struct str sentence)
{
    if (c->report->wrong.n > 0) {
        return;
    }
    size_t path_n = path.n < sizeof(c->path) ? path.n : sizeof(c->path);
    size_t n = sentence.n < sizeof(c->sentence) ? sentence.n : sizeof(c->sentence);
    memcpy(c->path, path.p, path_n);
    memcpy(c->sentence, sentence.p, n);
    c->report->wrong_path = (struct str){c->path, path_n};
    c->report->wrong = (struct str){c->sentence, n};
    c->report->wrong_offset = offset;
}

static enum err compare_tile(struct ctx *ctx, struct check *c, unsigned level)
{
    struct level *l = c->levels[level];
    struct arena_mark mark = arena_mark(ctx->arena);
    struct str path = tile_path(ctx->arena, (struct tile){false, level, l->index, l->width});
    struct str bytes = {0};
    size_t n = (size_t)l->width * HASH_BYTES;
    enum err e = c->from->get(ctx, c->from->self, path, &bytes);
    if (e == ERR_NOT_FOUND) {
        wrong(c, path, 0, STR("the tile is missing"));
    } else if (e != ERR_OK) {
        return fault_pass(ctx, e, __func__);
    }
    const uint8_t *want = l->hashes[0];
    for (size_t i = 0; e == ERR_OK && c->report->wrong.n == 0 && i < n; i++) {
        if (i >= bytes.n) {
            wrong(c, path, i, STR("the tile is too short"));
        } else if ((uint8_t)bytes.p[i] != want[i]) {
            uint64_t first = (l->index * TILE_WIDTH + i / HASH_BYTES) << (level * 8);
            wrong(c, path, i,
                  str_format(ctx->arena, "found %02x, but the entries from %llu on give %02x", (uint8_t)bytes.p[i],
                             (unsigned long long)first, want[i]));
        }
    }
    if (e == ERR_OK && bytes.n > n) {
        wrong(c, path, n, STR("the tile is too long"));
    }
    arena_reset(ctx->arena, mark);
    return ERR_OK;
}

static void tile_root(const struct level *l, uint8_t ret[32])
{
    struct tree t = {0};
    uint8_t hash[32];
    for (unsigned i = 0; i < l->width; i++) {
        memcpy(hash, l->hashes[i], HASH_BYTES);
        unsigned level = 0;
        for (; (t.size >> level & 1) != 0; level++) {
            node_hash(t.frontier[level], hash, hash);
        }
        memcpy(t.frontier[level], hash, HASH_BYTES);
        t.size++;
    }
    tree_root(&t, ret);
}

static enum err add_hash(struct ctx *ctx, struct check *c, unsigned level, const uint8_t hash[32])
{
    for (uint8_t up[32]; level < LEN(c->levels); level++) {
        struct level *l = c->levels[level];
        memcpy(l->hashes[l->width++], hash, HASH_BYTES);
        if (l->width < TILE_WIDTH) {
            return ERR_OK;
        }
        TRY(compare_tile(ctx, c, level));
        tile_root(l, up);
        l->width = 0;
        l->index++;
        hash = up;
    }
    return ERR_OK;
}

static enum err check_bundle(struct ctx *ctx, struct check *c, struct tree *tree, uint64_t index, unsigned width,
                             enum err (*each)(struct ctx *, void *, uint64_t, struct str), void *arg)
{
    struct str path = tile_path(ctx->arena, (struct tile){true, 0, index, width});
    struct str bytes = {0};
    enum err e = c->from->get(ctx, c->from->self, path, &bytes);
    if (e == ERR_NOT_FOUND) {
        wrong(c, path, 0, STR("the entry bundle is missing"));
        return ERR_OK;
    }
    TRY(e);
    size_t at = 0;
    for (unsigned i = 0; i < width; i++) {
        size_t n = at + 2 <= bytes.n ? (size_t)((unsigned char)bytes.p[at] << 8 | (unsigned char)bytes.p[at + 1]) : 0;
        if (at + 2 > bytes.n || n > bytes.n - at - 2) {
            wrong(c, path, at, str_format(ctx->arena, "entry %u of the bundle is cut off", i));
            return ERR_OK;
        }
        struct str entry = str_slice(bytes, at + 2, at + 2 + n);
        uint8_t hash[32];
        leaf_hash(entry.p, entry.n, hash);
        TRY(add_hash(ctx, c, 0, hash));
        unsigned level = 0;
        for (; (tree->size >> level & 1) != 0; level++) {
            node_hash(tree->frontier[level], hash, hash);
        }
        memcpy(tree->frontier[level], hash, HASH_BYTES);
        if (each != NULL && c->report->wrong.n == 0) {
            TRY(each(ctx, arg, tree->size, entry));
        }
        tree->size++;
        at += 2 + n;
    }
    if (at != bytes.n) {
        wrong(c, path, at, STR("bytes follow the last entry of the bundle"));
    }
    return ERR_OK;
}

static enum err check_signatures(struct ctx *ctx, struct check *c, struct str note_bytes, const struct verifier *keys,
                                 size_t count)
{
    struct note note;
    enum err e = note_parse(ctx, note_bytes, &note);
    e = e == ERR_OK ? checkpoint_parse(ctx, note.text, &c->report->checkpoint) : e;
    bool *good = ARENA_ARRAY(ctx->arena, bool, count + 1);
    if (e == ERR_OK && count > 0) {
        e = note_verify(ctx, &note, keys, count, good);
    }
    if (e != ERR_OK) {
        wrong(c, STR("checkpoint"), 0, ctx->why.detail);
        return ERR_OK;
    }
    struct buf names = buf_new(ctx->arena, 0);
    for (size_t i = 0; i < count; i++) {
        if (good[i]) {
            buf_puts(&names, names.n > 0 ? ", " : "");
            buf_put(&names, keys[i].name);
            buf_puts(&names, keys[i].type == NOTE_PRIVATE ? " (SM2)" : "");
        }
    }
    c->report->signed_by = buf_str(&names);
    return ERR_OK;
}

enum err log_verify(struct ctx *ctx, const struct log_source *from, const struct verifier *keys, size_t key_count,
                    enum err (*each)(struct ctx *ctx, void *arg, uint64_t index, struct str entry), void *arg,
                    struct log_report *ret)
{
    *ret = (struct log_report){0};
    struct check *c = ARENA_NEW(ctx->arena, struct check);
    c->from = from;
    c->report = ret;
    struct str note = {0};
    TRY(from->get(ctx, from->self, STR("checkpoint"), &note));
    TRY(check_signatures(ctx, c, note, keys, key_count));
    uint64_t size = ret->checkpoint.size;
    struct tree tree = {0};
    for (size_t i = 0; i < LEN(c->levels); i++) {
        c->levels[i] = ARENA_NEW(ctx->arena, struct level);
    }
    for (uint64_t i = 0; ret->wrong.n == 0 && i * TILE_WIDTH < size; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        uint64_t left = size - i * TILE_WIDTH;
        TRY(check_bundle(ctx, c, &tree, i, left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH, each, arg));
        arena_reset(ctx->arena, mark);
    }
    for (unsigned level = 0; ret->wrong.n == 0 && level < LEN(c->levels); level++) {
        if (c->levels[level]->width > 0) {
            TRY(compare_tile(ctx, c, level));
        }
    }
    uint8_t root[32];
    tree_root(&tree, root);
    if (ret->wrong.n == 0 && memcmp(root, ret->checkpoint.root, HASH_BYTES) != 0) {
        wrong(c, STR("checkpoint"), 0, STR("the root is not the root of the entries"));
    }
    ret->leaves = tree.size;
    ret->good = ret->wrong.n == 0;
    return ERR_OK;
}
