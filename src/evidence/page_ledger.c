/* The ledger in public: checkpoint, tiles and entries as C2SP tlog-tiles has them, and pages that
 * show an act's proof. Whoever has them can verify the node without trusting it. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/token.h"
#include "base/encode.h"
#include "base/day.h"
#include "evidence/evidence.h"
#include "gate/read.h"
#include "ledger/proof.h"
#include "web/answer.h"
#include "web/serve.h"
#include "page_entry_html.h"
#include "page_ledger_html.h"

enum { NEWEST = 25, IMMUTABLE_S = 31536000 };

static enum err evidence_page_ledger(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct page_ledger v = {0};
    uint64_t size = 0;
    TRY(gate_checkpoint(ctx, p->gate, p->db, &v.checkpoint, &size));
    v.size = (int64_t)size;
    struct page_ledger_rows *rows = ARENA_ARRAY(ctx->arena, struct page_ledger_rows, NEWEST);
    for (int64_t seq = v.size - 1; seq >= 0 && v.rows_count < NEWEST; seq--) {
        struct act_record act;
        bool found = false;
        TRY(gate_act(ctx, p->gate, p->db, seq, &act, &found));
        const struct act_kind *kind = p->law == NULL ? NULL : law_act(p->law, act.kind);
        const struct office *office = p->law == NULL ? NULL : law_office(p->law, act.office);
        rows[v.rows_count++] = (struct page_ledger_rows){
            .seq = seq,
            .title = kind == NULL ? act.kind : page_text(p, kind->title),
            .office = office == NULL ? STR("") : page_text(p, office->title),
            .day = instant_day(act.at)};
    }
    v.rows = rows;
    return page_show(p, 200, p->lang == LANG_EN ? STR("Public ledger") : STR("公开账本"),
                     page_ledger, &v);
}

/* The place in the address, below the size of the tree. */
static bool place_of(struct page *p, uint64_t size, uint64_t *ret)
{
    return p->arg_count > 0 && str_to_u64(p->args[0], ret) && *ret < size;
}

static enum err proof_of(struct page *p, uint64_t index, uint64_t size, struct proof *ret)
{
    struct ctx *ctx = p->ctx;
    struct ledger_reader reader;
    TRY(gate_ledger_reader(ctx, p->gate, p->db, &reader));
    return proof_inclusion(ctx, &reader, index, size, ret);
}

/* The path from the entry up to the root: at each level the node on the path and the hash it is
 * joined with, on the side where it stands in the tree (RFC 9162, 2.1.3.2). Presentational
 * attributes only; the table below says the same. */
static struct str draw_path(struct page *p, const struct proof *proof, uint64_t index,
                            uint64_t size)
{
    enum { STEP = 64, WIDE = 200, HIGH = 30, MID = 320 };
    struct buf b = buf_new(p->ctx->arena, 0);
    bool en = p->lang == LANG_EN;
    int top = (int)proof->count * STEP;
    buf_format(&b,
               "<svg class=\"proof\" role=\"img\" viewBox=\"0 0 640 %d\" width=\"640\" "
               "height=\"%d\"><title>%s</title>",
               top + HIGH + 20, top + HIGH + 20,
               en ? "Path from the entry to the root" : "从账目到树根的路径");
    uint64_t node = index;
    uint64_t last = size - 1;
    int x = MID;
    for (size_t i = 0; i <= proof->count; i++) {
        int y = top - (int)i * STEP + 10;
        bool root = i == proof->count;
        const char *word = root     ? (en ? "root" : "树根")
                           : i == 0 ? (en ? "this entry" : "这条账目")
                                    : (en ? "joined" : "合并");
        buf_format(&b,
                   "<rect class=\"on\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" "
                   "rx=\"6\"/><text class=\"k\" x=\"%d\" y=\"%d\">%s</text>",
                   x - WIDE / 2, y, WIDE, HIGH, x, y + 20, word);
        if (root) {
            break;
        }
        /* A last node without a sibling rises as it is until it has one. */
        while ((node & 1) == 0 && node == last && last > 0) {
            node >>= 1;
            last >>= 1;
        }
        bool left = (node & 1) == 1;
        int other = left ? x - WIDE - 20 : x + WIDE + 20;
        other = other < WIDE / 2 ? WIDE / 2 : other > 640 - WIDE / 2 ? 640 - WIDE / 2 : other;
        buf_format(&b, "<path d=\"M%d %dV%dM%d %dV%dH%d\"/>", x, y, y - STEP + HIGH, other, y,
                   y - (STEP - HIGH) / 2, x);
        buf_format(&b,
                   "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/><text x=\"%d\" "
                   "y=\"%d\">%zu %.*s…</text>",
                   other - WIDE / 2, y, WIDE, HIGH, other, y + 20, i + 1, 12,
                   hex_encode(p->ctx->arena, proof->hashes[i], 32).p);
        node >>= 1;
        last >>= 1;
    }
    buf_puts(&b, "</svg>");
    return buf_str(&b);
}

static enum err evidence_page_entry(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct text2 none = {{0}, {0}};
    struct str note = {0};
    uint64_t size = 0;
    uint64_t index = 0;
    TRY(gate_checkpoint(ctx, p->gate, p->db, &note, &size));
    if (!place_of(p, size, &index)) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    struct act_record act;
    struct ledger_reader reader;
    struct proof proof;
    bool found = false;
    uint8_t hash[32];
    TRY(gate_act(ctx, p->gate, p->db, (int64_t)index, &act, &found));
    TRY(gate_ledger_reader(ctx, p->gate, p->db, &reader));
    TRY(proof_of(p, index, size, &proof));
    struct page_entry v = {.seq = (int64_t)index,
                           .leaf = act.leaf,
                           .size = (int64_t)size,
                           .steps_note = (int64_t)proof.count};
    leaf_hash(act.leaf.p, act.leaf.n, hash);
    v.leaf_hash = hex_encode(a, hash, 32);
    TRY(tree_root_at(ctx, &reader, size, hash));
    v.root = hex_encode(a, hash, 32);
    struct page_entry_steps *steps = ARENA_ARRAY(a, struct page_entry_steps, proof.count + 1);
    for (size_t i = 0; i < proof.count; i++) {
        steps[i] = (struct page_entry_steps){(int64_t)i + 1, hex_encode(a, proof.hashes[i], 32)};
    }
    v.steps = steps;
    v.steps_count = proof.count;
    v.drawing = draw_path(p, &proof, index, size);
    struct str title = p->lang == LANG_EN
                           ? str_format(a, "Entry %llu", (unsigned long long)index)
                           : str_format(a, "账本第 %llu 号", (unsigned long long)index);
    return page_show(p, 200, title, page_entry, &v);
}

static enum err evidence_proof(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct str note = {0};
    struct proof proof;
    uint64_t size = 0;
    uint64_t index = 0;
    TRY(gate_checkpoint(ctx, p->gate, p->db, &note, &size));
    if (!place_of(p, size, &index)) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    TRY(proof_of(p, index, size, &proof));
    return page_raw(p, 200, STR("text/plain; charset=utf-8"),
                    proof_file(ctx->arena, index, &proof, note), 0);
}

static enum err evidence_checkpoint(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct str note = {0};
    uint64_t size = 0;
    TRY(gate_checkpoint(ctx, p->gate, p->db, &note, &size));
    if (note.n == 0) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    return page_raw(p, 200, STR("text/plain; charset=utf-8"), note, 1);
}

static enum err evidence_tile(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct ledger_reader reader;
    struct str note = {0};
    struct str bytes = {0};
    struct tile tile;
    uint64_t size = 0;
    TRY(gate_checkpoint(ctx, p->gate, p->db, &note, &size));
    TRY(gate_ledger_reader(ctx, p->gate, p->db, &reader));
    if (!tile_parse(str_slice(p->path, 1, p->path.n), &tile) ||
        tile_width(tile, size) < tile.width) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    TRY(tile_bytes(ctx, &reader, tile, size, &bytes));
    return page_raw(p, 200, STR("application/octet-stream"), bytes, IMMUTABLE_S);
}

static const struct route rows[] = {
    {"GET", "/ledger", evidence_page_ledger, FOR_ALL | ON_POOL, 0,
     "The public ledger: head and newest acts", page_ledger_schema, ""},
    {"GET", "/ledger/{seq}", evidence_page_entry, FOR_ALL | ON_POOL, 0,
     "One entry with its inclusion proof", page_entry_schema, ""},
    {"GET", "/ledger/{seq}/proof", evidence_proof, FOR_ALL | ON_POOL, 0,
     "Inclusion proof as a tlog-proof file", NULL, ""},
    {"GET", "/checkpoint", evidence_checkpoint, FOR_ALL, 0,
     "Signed checkpoint (C2SP tlog-checkpoint)", NULL, ""},
    {"GET", "/tile/{*}", evidence_tile, FOR_ALL | ON_POOL, 0,
     "Tiles and entry bundles (C2SP tlog-tiles)", NULL, ""},
};
const struct route_table evidence_routes = {rows, LEN(rows)};
