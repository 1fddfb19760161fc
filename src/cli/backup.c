/* backup.c - see backup.h.
 *
 * The ledger is checked as the rows go by, in memory that does not grow with it: each entry's hash
 * is reckoned anew and folded into the roots of full subtrees, as the gate did when it appended; at
 * the end they must be the frontier that is stored, and their root the one that is signed. Then
 * every entry, its place and their number are as the signature says.
 */
#include "cli/backup.h"

#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/encode.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "crypto/digest.h"
#include "ledger/note.h"
#include "store/copy.h"

enum { STREAM_BYTES = 1 << 20 };

const struct backup_file backup_files[] = {
    {"rows", false, false},          {"node.json", false, false},
    {"verifiers.txt", false, false}, {"keys/ed25519.pub", false, false},
    {"keys/sm2.pub", false, false},  {"keys/ed25519.key", true, false},
    {"keys/sm2.key", true, false},   {"keys/token.key", true, true},
    {"login.key", true, true},
};
const size_t backup_file_count = LEN(backup_files);

/* ---- files ---- */

enum err stream_open(struct ctx *ctx, const char *path, struct file_stream *ret)
{
    int file = ctx->world->open(ctx->world, path, WORLD_READ, 0);
    if (file < 0) {
        return fault(ctx, world_err(file), "cannot open %s: %s", path, strerror(-file));
    }
    *ret = (struct file_stream){
        .file = file, .path = path, .buffer = arena_push_bytes(ctx->arena, STREAM_BYTES)};
    return ERR_OK;
}

/* Something more in the buffer; n == 0 afterwards: the file is at its end. */
static enum err stream_fill(struct ctx *ctx, struct file_stream *s)
{
    int64_t got = ctx->world->pread(ctx->world, s->file, s->buffer, STREAM_BYTES, s->at);
    if (got < 0) {
        return fault(ctx, world_err(got), "cannot read %s: %s", s->path, strerror((int)-got));
    }
    s->at += got;
    s->from = 0;
    s->n = (size_t)got;
    return ERR_OK;
}

enum err stream_get(struct ctx *ctx, void *arg, void *bytes, size_t n)
{
    struct file_stream *s = arg;
    char *to = bytes;
    while (n > 0) {
        if (s->n == 0) {
            TRY(stream_fill(ctx, s));
        }
        if (s->n == 0) {
            return fault(ctx, ERR_CORRUPT, "%s ends in the middle", s->path);
        }
        size_t part = n < s->n ? n : s->n;
        memcpy(to, s->buffer + s->from, part);
        to += part;
        n -= part;
        s->from += part;
        s->n -= part;
    }
    return ERR_OK;
}

bool stream_is_at_end(struct ctx *ctx, struct file_stream *s)
{
    return s->n == 0 && stream_fill(ctx, s) == ERR_OK && s->n == 0;
}

void stream_close(struct ctx *ctx, struct file_stream *s)
{
    ctx->world->close(ctx->world, s->file);
}

enum err file_digest(struct ctx *ctx, const char *path, struct str *ret_hex, int64_t *ret_bytes)
{
    struct file_stream s;
    struct digest d;
    uint8_t sum[32];
    struct arena_mark mark = arena_mark(ctx->arena);
    TRY(stream_open(ctx, path, &s));
    enum err e = digest_begin(ctx, &d);
    if (e != ERR_OK) {
        stream_close(ctx, &s);
        return e;
    }
    do {
        e = stream_fill(ctx, &s);
        digest_add(&d, (struct str){s.buffer, s.n});
    } while (e == ERR_OK && s.n > 0);
    digest_end(&d, sum);
    stream_close(ctx, &s);
    *ret_bytes = s.at;
    arena_reset(ctx->arena, mark);
    *ret_hex = hex_encode(ctx->arena, sum, sizeof(sum));
    return e;
}

/* ---- the ledger in the rows ---- */

struct check {
    struct arena *lasting;
    struct tree tree;
    struct backup_ledger *report;
    bool has_head;
    uint64_t head_size;
    uint8_t head_frontier[TREE_LEVELS][HASH_BYTES];
};

static void tree_take(struct tree *t, const uint8_t leaf[32])
{
    uint8_t hash[32];
    unsigned level = 0;
    memcpy(hash, leaf, sizeof(hash));
    for (; (t->size >> level & 1) != 0; level++) {
        node_hash(t->frontier[level], hash, hash);
    }
    memcpy(t->frontier[level], hash, sizeof(hash));
    t->size++;
}

static enum err check_entry(struct ctx *ctx, struct check *c, const struct copy_table *t,
                            const struct copy_cell *cells)
{
    struct copy_cell leaf = copy_cell_of(t, cells, STR("leaf"));
    struct copy_cell stored = copy_cell_of(t, cells, STR("hash"));
    uint64_t seq = (uint64_t)copy_cell_of(t, cells, STR("seq")).number;
    uint8_t hash[32];
    if (seq != c->tree.size) {
        return fault(ctx, ERR_CORRUPT, "the copy's ledger lacks entry %llu",
                     (unsigned long long)c->tree.size);
    }
    leaf_hash(leaf.text.p == NULL ? "" : leaf.text.p, leaf.text.n, hash);
    if (stored.text.n != sizeof(hash) || !bytes_equal(stored.text.p, hash, sizeof(hash))) {
        return fault(ctx, ERR_CORRUPT, "entry %llu of the copy's ledger was altered",
                     (unsigned long long)seq);
    }
    tree_take(&c->tree, hash);
    if (c->tree.size == c->report->other_size) {
        tree_root(&c->tree, c->report->other_root);
    }
    return ERR_OK;
}

static enum err check_head(struct ctx *ctx, struct check *c, const struct copy_table *t,
                           const struct copy_cell *cells)
{
    struct copy_cell frontier = copy_cell_of(t, cells, STR("frontier"));
    if (frontier.text.n != sizeof(c->head_frontier)) {
        return fault(ctx, ERR_CORRUPT, "the copy's head of the ledger is damaged");
    }
    memcpy(c->head_frontier, frontier.text.p, sizeof(c->head_frontier));
    c->head_size = (uint64_t)copy_cell_of(t, cells, STR("size")).number;
    c->report->note = str_copy(c->lasting, copy_cell_of(t, cells, STR("note")).text);
    c->has_head = true;
    return ERR_OK;
}

static enum err check_file(struct ctx *ctx, struct check *c, const struct copy_table *t,
                           const struct copy_cell *cells)
{
    struct str name = copy_cell_of(t, cells, STR("sha256")).text;
    struct str bytes = copy_cell_of(t, cells, STR("bytes")).text;
    uint8_t sum[32];
    sha256(bytes.p == NULL ? "" : bytes.p, bytes.n, sum);
    c->report->files++;
    return str_equal(hex_encode(ctx->arena, sum, sizeof(sum)), name)
               ? ERR_OK
               : fault(ctx, ERR_CORRUPT, "the file %.*s of the copy's vault was altered",
                       FMT(name));
}

static enum err check_row(struct ctx *ctx, void *arg, const struct copy_table *t,
                          const struct copy_cell *cells)
{
    struct check *c = arg;
    c->report->rows++;
    if (str_equal(t->name, STR("gate_ledger_entry"))) {
        return check_entry(ctx, c, t, cells);
    }
    if (str_equal(t->name, STR("gate_ledger_head"))) {
        return check_head(ctx, c, t, cells);
    }
    return str_equal(t->name, STR("vault_blob")) ? check_file(ctx, c, t, cells) : ERR_OK;
}

/* Does the stored head say what the entries make? */
static enum err head_is_true(struct ctx *ctx, const struct check *c)
{
    bool same = c->has_head ? c->head_size == c->tree.size : c->tree.size == 0;
    for (unsigned level = 0; same && level < TREE_LEVELS; level++) {
        same = (c->tree.size >> level & 1) == 0 ||
               bytes_equal(c->tree.frontier[level], c->head_frontier[level], HASH_BYTES);
    }
    return same ? ERR_OK
                : fault(ctx, ERR_CORRUPT,
                        "the copy's head of the ledger is not that of its %llu entries",
                        (unsigned long long)c->tree.size);
}

/* Is what was signed the root of the entries, and by the node's own keys? */
static enum err head_is_signed(struct ctx *ctx, const struct check *c, struct str dir,
                               struct str origin)
{
    struct public_keys keys;
    struct note note;
    struct checkpoint signed_head;
    uint8_t root[32];
    if (c->tree.size == 0) {
        return ERR_OK;
    }
    TRY(keys_public(ctx, dir, &keys));
    struct verifier verifiers[2] = {verifier_ed25519(origin, keys.ed25519),
                                    verifier_sm2(origin, keys.sm2)};
    bool good[2] = {false, false};
    TRY(note_parse(ctx, c->report->note, &note));
    TRY(note_verify(ctx, &note, verifiers, 2, good));
    TRY(checkpoint_parse(ctx, note.text, &signed_head));
    tree_root(&c->tree, root);
    if (!good[0] || !good[1] || !str_equal(signed_head.origin, origin)) {
        return fault(ctx, ERR_SIGNATURE, "the copy's checkpoint is not signed by both keys of %.*s",
                     FMT(origin));
    }
    return signed_head.size == c->tree.size && bytes_equal(signed_head.root, root, sizeof(root))
               ? ERR_OK
               : fault(ctx, ERR_SIGNATURE,
                       "the copy's checkpoint signs another tree than that of its entries");
}

static void free_arena(void *arena)
{
    arena_free(arena);
}

enum err backup_check(struct ctx *ctx, struct str dir, struct str origin, struct backup_ledger *ret)
{
    struct file_stream s;
    struct check *c = ARENA_NEW(ctx->arena, struct check);
    c->lasting = arena_new(1 << 20);
    c->report = ret;
    if (c->lasting == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory to check a copy");
    }
    arena_defer(ctx->arena, free_arena, c->lasting);
    arena_guard_as(c->lasting, ctx->arena);
    *ret = (struct backup_ledger){.other_size = ret->other_size};
    if (ret->other_size == 0) {
        tree_root(&c->tree, ret->other_root);
    }
    enum err e = stream_open(ctx, str_format(ctx->arena, "%.*s/rows", FMT(dir)).p, &s);
    if (e == ERR_OK) {
        e = copy_walk(ctx, stream_get, &s, BACKUP_CELL_BYTES, check_row, c);
        if (e == ERR_OK && !stream_is_at_end(ctx, &s)) {
            e = fault(ctx, ERR_CORRUPT, "%s goes on behind its end", s.path);
        }
        stream_close(ctx, &s);
    }
    ret->size = c->tree.size;
    ret->note = str_copy(ctx->arena, ret->note);
    TRY(e);
    TRY(head_is_true(ctx, c));
    return head_is_signed(ctx, c, dir, origin);
}
