/* ledger.c - a log in memory verified whole, beside SHA-256 over the same bytes in the same run.
 * Prints a table, and lines "BENCH name|value|unit|limit|ratio|peer" for build/bench.json.
 *
 * The limit hashes every leaf and every inner node once, and does nothing else. */
#include <stdio.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "ledger/ledger.h"
#include "ledger/verify.h"
#include "ledger/proof.h"
#include "ledger/note.h"
#include "report.h"

enum { ENTRY_BYTES = 400, ROUNDS = 3, LEVELS = 3 };

static uint64_t entries; /* whole tiles of tiles, so that every level is full */

/* Hashes of tree levels 0, 8 and 16, and one text that every entry is cut from. */
struct memory {
    uint8_t (*hashes[LEVELS])[HASH_BYTES];
    char text[ENTRY_BYTES + 8];
    struct log_held held;
};

static struct str entry_of(struct memory *m, uint64_t index)
{
    memcpy(m->text, &index, sizeof(index));
    return (struct str){m->text, ENTRY_BYTES};
}

static enum err get_hash(struct ctx *ctx, void *self, unsigned level, uint64_t index,
                         uint8_t ret[32])
{
    struct memory *m = self;
    (void)ctx;
    must(level / 8 < LEVELS && index < entries >> level);
    memcpy(ret, m->hashes[level / 8][index], HASH_BYTES);
    return ERR_OK;
}

static enum err get_entry(struct ctx *ctx, void *self, uint64_t index, struct str *ret)
{
    (void)ctx;
    *ret = entry_of(self, index);
    return ERR_OK;
}

/* Join pairs in place until a tile's worth of `count` hashes is one. */
static void join(uint8_t (*hashes)[HASH_BYTES], size_t count)
{
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            node_hash(hashes[2 * i], hashes[2 * i + 1], hashes[i]);
        }
    }
}

static void fill(struct arena *a, struct memory *m)
{
    memset(m->text, 'x', sizeof(m->text));
    for (unsigned level = 0; level < LEVELS; level++) {
        m->hashes[level] = arena_push_array(a, entries >> (8 * level), HASH_BYTES);
    }
    for (uint64_t i = 0; i < entries; i++) {
        struct str e = entry_of(m, i);
        leaf_hash(e.p, e.n, m->hashes[0][i]);
    }
    for (unsigned level = 1; level < LEVELS; level++) {
        for (size_t i = 0; i < entries >> (8 * level); i++) {
            uint8_t tile[TILE_WIDTH][HASH_BYTES];
            memcpy(tile, m->hashes[level - 1][i * TILE_WIDTH], sizeof(tile));
            join(tile, TILE_WIDTH);
            memcpy(m->hashes[level][i], tile[0], HASH_BYTES);
        }
    }
}

static double limit_run(struct memory *m, struct world *w)
{
    uint8_t(*hash)[HASH_BYTES] = m->hashes[0];
    uint8_t sink[HASH_BYTES];
    int64_t start = w->mono_ns(w);
    for (uint64_t i = 0; i < entries; i++) {
        struct str e = entry_of(m, i);
        leaf_hash(e.p, e.n, sink);
        node_hash(hash[i], sink, sink);
    }
    return (double)entries * 1e9 / (double)(w->mono_ns(w) - start);
}

static double verify_run(struct ctx *ctx, struct memory *m, struct world *w)
{
    struct log_report report;
    struct log_source source = log_source_held(&m->held);
    struct arena_mark mark = arena_mark(ctx->arena);
    int64_t start = w->mono_ns(w);
    must(log_verify(ctx, &source, NULL, 0, NULL, NULL, &report) == ERR_OK && report.good &&
         report.leaves == entries);
    double per_s = (double)entries * 1e9 / (double)(w->mono_ns(w) - start);
    arena_reset(ctx->arena, mark);
    return per_s;
}

static void sign(struct ctx *ctx, struct memory *m, const struct ledger_reader *r)
{
    static const uint8_t seed[32] = {1};
    uint8_t key[32];
    uint8_t root[32];
    uint8_t sig[64];
    must(tree_root_at(ctx, r, entries, root) == ERR_OK);
    ed25519_public(seed, key);
    struct verifier v = verifier_ed25519(STR("bench.example"), key);
    struct str text = checkpoint_text(ctx->arena, v.name, entries, root);
    ed25519_sign(seed, text, sig);
    struct str line = note_line(ctx->arena, &v, (struct str){(const char *)sig, sizeof(sig)});
    struct str note = str_format(ctx->arena, "%.*s\n%.*s", FMT(text), FMT(line));
    m->held = (struct log_held){.reader = r, .size = entries, .checkpoint = note};
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv);
    entries = (uint64_t)bench_size(1 << 19, 1 << 16);
    struct ctx ctx = {.arena = arena_new((size_t)1 << 28), .world = world_real()};
    must(ctx.arena != NULL);
    struct memory *m = ARENA_NEW(ctx.arena, struct memory);
    struct ledger_reader reader = {m, get_hash, get_entry};
    double limit = 0;
    double best = 0;
    fill(ctx.arena, m);
    sign(&ctx, m, &reader);
    for (int i = 0; i < bench_size(ROUNDS, 1); i++) { /* interleaved: both see the same machine */
        double raw = limit_run(m, ctx.world);
        double got = verify_run(&ctx, m, ctx.world);
        limit = raw > limit ? raw : limit;
        best = got > best ? got : best;
    }
    bench_report("verify a log, entries of 400 bytes", best, "leaves/s", limit,
                 "SHA-256 alone, leaves and nodes");
    arena_free(ctx.arena);
    return 0;
}
