/* A whole log checked from its entries up: what the bundles hold must hash to the tiles, the tiles
 * to the tiles above, the tree to the checkpoint's root, and the checkpoint to its signatures. The
 * first wrong byte is named by file and offset.
 *
 * Where a leaf and its tile disagree, one of two files is wrong. The tile is believed when what
 * stands above it (its parent, or at the right edge the signed root) says the same; then the entry
 * is named. */
#include "base/arena.h"
#include "base/str.h"
#include "base/encode.h"
#include "ledger/ledger.h"
#include "ledger/verify.h"
#include "ledger/note.h"

/* Tiles being filled, one a level; a full one is compared with the log's and its root goes up. */
struct level {
    uint8_t hashes[TILE_WIDTH][HASH_BYTES];
    unsigned width;
    uint64_t index; /* of the tile being filled */
};

typedef enum err each_entry(struct ctx *ctx, void *arg, uint64_t index, struct str entry);

/* What lasts is made before the first bundle is read, so that each bundle's memory can be given
 * back. */
struct check {
    const struct log_source *from;
    struct log_report *report;
    struct level *levels[TREE_LEVELS / 8];
    each_entry *each;
    void *arg;
    char path[128];
    char sentence[256];
};

/* A file of the log as it is; of a tile or bundle, the part the tree of the checkpoint has. */
struct file {
    struct str path;
    struct str bytes;
    bool there;
    bool longer; /* the full one stood in for a partial one that is gone: more may follow */
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

/* A log that grew may keep the full tile in place of a partial one (tlog-tiles, "Partial Tiles").
 */
static enum err get(struct ctx *ctx, struct check *c, struct tile t, struct file *ret)
{
    struct file f = {.path = tile_path(ctx->arena, t)};
    enum err e = c->from->get(ctx, c->from->self, f.path, &f.bytes);
    if (e == ERR_NOT_FOUND && t.width < TILE_WIDTH) {
        struct tile full = t;
        full.width = TILE_WIDTH;
        struct str path = tile_path(ctx->arena, full);
        e = c->from->get(ctx, c->from->self, path, &f.bytes);
        f.path = e == ERR_OK ? path : f.path;
        f.longer = e == ERR_OK;
    }
    if (e == ERR_TOO_LARGE) {
        wrong(c, f.path, 0, STR("the file is larger than any tile or bundle"));
    } else if (e != ERR_OK && e != ERR_NOT_FOUND) {
        return fault_pass(ctx, e, __func__);
    }
    f.there = e == ERR_OK;
    if (f.longer && !t.entries) {
        f.bytes = str_slice(f.bytes, 0, (size_t)t.width * HASH_BYTES);
    }
    *ret = f;
    return ERR_OK;
}

/* The full subtrees of the first `width` hashes, as a tree of that many leaves. */
static struct tree fold(const void *hashes, unsigned width)
{
    struct tree t = {0};
    uint8_t hash[HASH_BYTES];
    for (; t.size < width; t.size++) {
        unsigned level = 0;
        memcpy(hash, (const uint8_t *)hashes + t.size * HASH_BYTES, HASH_BYTES);
        for (; (t.size >> level & 1) != 0; level++) {
            node_hash(t.frontier[level], hash, hash);
        }
        memcpy(t.frontier[level], hash, HASH_BYTES);
    }
    return t;
}

/* Eight levels of a tree's right edge: the subtrees that the tile at its end holds. */
static void edge_add(struct tree *t, unsigned level, const void *hashes, unsigned width)
{
    struct tree part = fold(hashes, width);
    memcpy(t->frontier[(size_t)level * 8], part.frontier, (size_t)8 * HASH_BYTES);
}

/* The root that the partial tiles at the right edge of the log give; false when one is missing or
 * short. */
static enum err stored_root(struct ctx *ctx, struct check *c, uint8_t ret[HASH_BYTES],
                            bool *ret_there)
{
    struct tree t = {.size = c->report->checkpoint.size};
    bool there = true;
    for (unsigned level = 0; there && level < LEN(c->levels); level++) {
        uint64_t hashes = t.size >> (level * 8);
        struct tile tile = {
            .level = level, .index = hashes / TILE_WIDTH, .width = (unsigned)(hashes % TILE_WIDTH)};
        struct file f = {.there = true};
        if (tile.width > 0) {
            TRY(get(ctx, c, tile, &f));
            there = f.there && f.bytes.n == (size_t)tile.width * HASH_BYTES;
        }
        if (there && tile.width > 0) {
            edge_add(&t, level, f.bytes.p, tile.width);
        }
    }
    if (there) {
        tree_root(&t, ret);
    }
    *ret_there = there;
    return ERR_OK;
}

/* Does what stands above this leaf tile say that it is right? */
static enum err is_vouched(struct ctx *ctx, struct check *c, struct tile t, struct str bytes,
                           bool *ret)
{
    uint64_t size = c->report->checkpoint.size;
    uint8_t root[HASH_BYTES];
    bool there = false;
    if (bytes.n != (size_t)t.width * HASH_BYTES) {
        *ret = false;
        return ERR_OK;
    }
    if (t.width < TILE_WIDTH) {
        TRY(stored_root(ctx, c, root, &there));
        *ret = there && memcmp(root, c->report->checkpoint.root, HASH_BYTES) == 0;
        return ERR_OK;
    }
    struct tile up = {.level = t.level + 1, .index = t.index / TILE_WIDTH};
    up.width = tile_width(up, size);
    struct file parent;
    TRY(get(ctx, c, up, &parent));
    size_t at = (size_t)(t.index % TILE_WIDTH) * HASH_BYTES;
    struct tree tree = fold(bytes.p, t.width);
    tree_root(&tree, root);
    *ret = parent.there && at + HASH_BYTES <= parent.bytes.n &&
           memcmp(root, parent.bytes.p + at, HASH_BYTES) == 0;
    return ERR_OK;
}

/* The first byte where the log's tile is not what the entries give. */
static void compare_bytes(struct ctx *ctx, struct check *c, const struct level *l, unsigned level,
                          const struct file *f)
{
    const uint8_t *want = l->hashes[0];
    size_t n = (size_t)l->width * HASH_BYTES;
    if (!f->there) {
        wrong(c, f->path, 0, STR("the tile is missing"));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (i >= f->bytes.n) {
            wrong(c, f->path, i, STR("the tile is too short"));
            return;
        }
        if ((uint8_t)f->bytes.p[i] != want[i]) {
            uint64_t first = (l->index * TILE_WIDTH + i / HASH_BYTES) << (level * 8);
            wrong(c, f->path, i,
                  str_format(ctx->arena, "expected %02x by the entries from %llu on, found %02x",
                             want[i], (unsigned long long)first, (uint8_t)f->bytes.p[i]));
            return;
        }
    }
    if (f->bytes.n > n) {
        wrong(c, f->path, n, STR("bytes follow the last hash of the tile"));
    }
}

static enum err compare_tile(struct ctx *ctx, struct check *c, unsigned level)
{
    struct level *l = c->levels[level];
    struct arena_mark mark = arena_mark(ctx->arena);
    struct file f;
    TRY(get(ctx, c, (struct tile){.level = level, .index = l->index, .width = l->width}, &f));
    compare_bytes(ctx, c, l, level, &f);
    arena_reset(ctx->arena, mark);
    return ERR_OK;
}

/* A full tile was compared: its root is a hash of the level above, and so on up. */
static enum err carry(struct ctx *ctx, struct check *c)
{
    for (unsigned level = 0; level + 1 < LEN(c->levels) && c->levels[level]->width == TILE_WIDTH;
         level++) {
        struct level *l = c->levels[level];
        struct level *up = c->levels[level + 1];
        struct tree t = fold(l->hashes, TILE_WIDTH);
        tree_root(&t, up->hashes[up->width++]);
        l->width = 0;
        l->index++;
        if (up->width == TILE_WIDTH) {
            TRY(compare_tile(ctx, c, level + 1));
        }
    }
    return ERR_OK;
}

/* ---- bundles ---- */

struct bundle {
    struct tile tile;
    struct file file;
    struct str entries[TILE_WIDTH];
    unsigned count; /* entries that can be read */
};

static size_t entry_offset(const struct bundle *b, unsigned i)
{
    return i == 0 ? 0 : (size_t)(b->entries[i - 1].p - b->file.bytes.p) + b->entries[i - 1].n;
}

static void split(struct bundle *b)
{
    struct str bytes = b->file.bytes;
    size_t at = 0;
    for (b->count = 0; b->count < b->tile.width && at + 2 <= bytes.n; b->count++) {
        size_t n = (size_t)((unsigned char)bytes.p[at] << 8 | (unsigned char)bytes.p[at + 1]);
        if (n > bytes.n - at - 2) {
            return;
        }
        b->entries[b->count] = str_slice(bytes, at + 2, at + 2 + n);
        at += 2 + n;
    }
}

/* The leaf tile and the bundle disagree at entry `at`, or the tile at its form: name the file that
 * is wrong. */
static enum err blame(struct ctx *ctx, struct check *c, const struct bundle *b, unsigned at,
                      const struct file *leaves)
{
    const struct level *l = c->levels[0];
    bool vouched = false;
    TRY(is_vouched(ctx, c, (struct tile){.index = b->tile.index, .width = b->tile.width},
                   leaves->bytes, &vouched));
    uint64_t number = b->tile.index * TILE_WIDTH + at;
    if (!vouched) {
        compare_bytes(ctx, c, l, 0, leaves);
        return ERR_OK;
    }
    wrong(
        c, b->file.path, entry_offset(b, at),
        str_format(
            ctx->arena,
            "entry %llu (its length, or one of its %zu bytes) does not give the leaf hash of %.*s",
            (unsigned long long)number, b->entries[at].n, FMT(leaves->path)));
    return ERR_OK;
}

static enum err compare_bundle(struct ctx *ctx, struct check *c, const struct bundle *b)
{
    struct level *l = c->levels[0];
    struct file leaves;
    TRY(get(ctx, c, (struct tile){.index = b->tile.index, .width = b->tile.width}, &leaves));
    for (unsigned i = 0; i < b->count; i++) {
        size_t at = (size_t)i * HASH_BYTES;
        bool same = at + HASH_BYTES <= leaves.bytes.n &&
                    memcmp(leaves.bytes.p + at, l->hashes[i], HASH_BYTES) == 0;
        if (!same) {
            return blame(ctx, c, b, i, &leaves);
        }
    }
    size_t end = entry_offset(b, b->count);
    if (b->count < b->tile.width) {
        wrong(c, b->file.path, end,
              str_format(ctx->arena, "entry %u of the bundle is cut off", b->count));
    } else if (end != b->file.bytes.n && !b->file.longer) {
        wrong(c, b->file.path, end, STR("bytes follow the last entry of the bundle"));
    }
    compare_bytes(ctx, c, l, 0, &leaves);
    return ERR_OK;
}

static enum err check_bundle(struct ctx *ctx, struct check *c, uint64_t index)
{
    struct level *l = c->levels[0];
    struct bundle *b = ARENA_NEW(ctx->arena, struct bundle);
    b->tile = (struct tile){.entries = true, .index = index};
    b->tile.width = tile_width(b->tile, c->report->checkpoint.size);
    TRY(get(ctx, c, b->tile, &b->file));
    if (!b->file.there) {
        wrong(c, b->file.path, 0, STR("the entry bundle is missing"));
        return ERR_OK;
    }
    split(b);
    for (l->width = 0; l->width < b->count; l->width++) {
        leaf_hash(b->entries[l->width].p, b->entries[l->width].n, l->hashes[l->width]);
    }
    TRY(compare_bundle(ctx, c, b));
    for (unsigned i = 0; c->each != NULL && c->report->wrong.n == 0 && i < b->count; i++) {
        TRY(c->each(ctx, c->arg, index * TILE_WIDTH + i, b->entries[i]));
    }
    c->report->leaves += c->report->wrong.n == 0 ? b->count : 0;
    return c->report->wrong.n == 0 ? carry(ctx, c) : ERR_OK;
}

/* ---- checkpoint ---- */

/* Every key that is given must have signed: who names a key wants to know that its line is there.
 */
static enum err keys_signed(struct ctx *ctx, const struct note *note, const struct verifier *keys,
                            size_t count, bool *good)
{
    if (count == 0) {
        return ERR_OK;
    }
    TRY(note_verify(ctx, note, keys, count, good));
    for (size_t i = 0; i < count; i++) {
        if (!good[i]) {
            return fault(ctx, ERR_SIGNATURE, "there is no signature by the key %.*s (id %08x)",
                         FMT(keys[i].name), keys[i].id);
        }
    }
    return ERR_OK;
}

static enum err check_checkpoint(struct ctx *ctx, struct check *c, const struct verifier *keys,
                                 size_t count)
{
    struct str bytes = {0};
    struct note note;
    TRY(c->from->get(ctx, c->from->self, STR("checkpoint"), &bytes));
    enum err e = note_parse(ctx, bytes, &note);
    e = e == ERR_OK ? checkpoint_parse(ctx, note.text, &c->report->checkpoint) : e;
    bool *good = ARENA_ARRAY(ctx->arena, bool, count + 1);
    e = e == ERR_OK ? keys_signed(ctx, &note, keys, count, good) : e;
    if (e != ERR_OK) {
        wrong(c, STR("checkpoint"), 0, ctx->why.detail);
        return ERR_OK;
    }
    struct buf names = buf_new(ctx->arena, 0);
    for (size_t i = 0; i < count; i++) {
        buf_puts(&names, names.n > 0 ? ", " : "");
        buf_put(&names, keys[i].name);
        buf_puts(&names, keys[i].type == NOTE_PRIVATE ? " (SM2)" : "");
    }
    c->report->signed_by = buf_str(&names);
    return ERR_OK;
}

/* Tiles at the right edge, and the root they make. The leaf level was compared with its bundle. */
static enum err check_edge(struct ctx *ctx, struct check *c)
{
    struct tree t = {.size = c->report->checkpoint.size};
    for (unsigned level = 0; level < LEN(c->levels); level++) {
        struct level *l = c->levels[level];
        if (l->width > 0 && level > 0) {
            TRY(compare_tile(ctx, c, level));
        }
        edge_add(&t, level, l->hashes, l->width);
    }
    uint8_t root[HASH_BYTES];
    tree_root(&t, root);
    if (memcmp(root, c->report->checkpoint.root, HASH_BYTES) != 0) {
        struct str size = str_format(ctx->arena, "%llu", (unsigned long long)t.size);
        wrong(c, STR("checkpoint"), c->report->checkpoint.origin.n + 1 + size.n + 1,
              str_format(ctx->arena, "the root is not that of the entries, %.*s",
                         FMT(base64_encode(ctx->arena, root, sizeof(root)))));
    }
    return ERR_OK;
}

enum err log_verify(struct ctx *ctx, const struct log_source *from, const struct verifier *keys,
                    size_t key_count,
                    enum err (*each)(struct ctx *ctx, void *arg, uint64_t index, struct str entry),
                    void *arg, struct log_report *ret)
{
    *ret = (struct log_report){0};
    struct check *c = ARENA_NEW(ctx->arena, struct check);
    *c = (struct check){.from = from, .report = ret, .each = each, .arg = arg};
    for (size_t i = 0; i < LEN(c->levels); i++) {
        c->levels[i] = ARENA_NEW(ctx->arena, struct level);
    }
    TRY(check_checkpoint(ctx, c, keys, key_count));
    uint64_t bundles = ret->checkpoint.size / TILE_WIDTH + (ret->checkpoint.size % TILE_WIDTH != 0);
    for (uint64_t i = 0; ret->wrong.n == 0 && i < bundles; i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        TRY(check_bundle(ctx, c, i));
        arena_reset(ctx->arena, mark);
    }
    if (ret->wrong.n == 0) {
        TRY(check_edge(ctx, c));
    }
    ret->good = ret->wrong.n == 0;
    return ERR_OK;
}
