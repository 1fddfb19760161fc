/* C2SP tlog-tiles: paths, widths and bytes of tiles and entry bundles. */
#include "base/arena.h"
#include "base/str.h"
#include "base/token.h"
#include "ledger/ledger_in.h"

static bool three_digits(struct str s, uint64_t *ret)
{
    return s.n == 3 && str_to_u64(s, ret);
}

/* "x001/x234/067": every group but the last begins with x; no leading group of zeros. */
static bool parse_index(struct str s, uint64_t *ret)
{
    uint64_t index = 0;
    bool first = true;
    for (;;) {
        struct str rest = {0};
        bool last = str_find_byte(s, '/') == SIZE_MAX;
        struct str group = str_cut(s, '/', &rest);
        uint64_t part = 0;
        bool marked = group.n == 4 && group.p[0] == 'x';
        if (last == marked || !three_digits(marked ? str_slice(group, 1, 4) : group, &part)) {
            return false;
        }
        if ((first && marked && part == 0) || __builtin_mul_overflow(index, 1000u, &index) ||
            __builtin_add_overflow(index, part, &index)) {
            return false;
        }
        if (last) {
            *ret = index;
            return true;
        }
        first = false;
        s = rest;
    }
}

static bool parse_number(struct str s, uint64_t max, uint64_t *ret)
{
    return plain_u64(s, ret) && *ret <= max;
}

bool tile_parse(struct str path, struct tile *ret)
{
    struct tile t = {.width = TILE_WIDTH};
    struct str rest = {0};
    uint64_t n = 0;
    if (!str_starts(path, STR("tile/"))) {
        return false;
    }
    struct str level = str_cut(str_slice(path, 5, path.n), '/', &rest);
    t.entries = str_equal(level, STR("entries"));
    if (!t.entries) {
        if (!parse_number(level, 63, &n)) {
            return false;
        }
        t.level = (unsigned)n;
    }
    size_t partial = str_find(rest, STR(".p/"));
    if (partial != SIZE_MAX) {
        if (!parse_number(str_slice(rest, partial + 3, rest.n), TILE_WIDTH - 1, &n) || n == 0) {
            return false;
        }
        t.width = (unsigned)n;
        rest = str_slice(rest, 0, partial);
    }
    if (!parse_index(rest, &t.index)) {
        return false;
    }
    *ret = t;
    return true;
}

struct str tile_path(struct arena *a, struct tile t)
{
    struct str out = str_format(a, "%03u", (unsigned)(t.index % 1000));
    for (uint64_t i = t.index / 1000; i > 0; i /= 1000) {
        out = str_format(a, "x%03u/%.*s", (unsigned)(i % 1000), FMT(out));
    }
    struct str level = t.entries ? STR("entries") : str_format(a, "%u", t.level);
    if (t.width < TILE_WIDTH) {
        return str_format(a, "tile/%.*s/%.*s.p/%u", FMT(level), FMT(out), t.width);
    }
    return str_format(a, "tile/%.*s/%.*s", FMT(level), FMT(out));
}

unsigned tile_width(struct tile t, uint64_t tree_size)
{
    unsigned shift = t.entries ? 0 : t.level * 8;
    uint64_t hashes = shift >= 64 ? 0 : tree_size >> shift;
    if (t.index > UINT64_MAX / TILE_WIDTH || hashes <= t.index * TILE_WIDTH) {
        return 0;
    }
    uint64_t left = hashes - t.index * TILE_WIDTH;
    return left >= TILE_WIDTH ? TILE_WIDTH : (unsigned)left;
}

enum err tile_bytes(struct ctx *ctx, const struct ledger_reader *r, struct tile t, uint64_t size,
                    struct str *ret)
{
    unsigned there = tile_width(t, size);
    if (there < t.width) {
        return fault(ctx, ERR_NOT_FOUND, "a tree of %llu has no such tile",
                     (unsigned long long)size);
    }
    struct buf b = buf_new(ctx->arena, 0);
    for (uint64_t i = t.index * TILE_WIDTH; i < t.index * TILE_WIDTH + t.width; i++) {
        if (t.entries) {
            struct str entry = {0};
            TRY(r->entry(ctx, r->self, i, &entry));
            char length[2] = {(char)(entry.n >> 8), (char)entry.n};
            buf_bytes(&b, length, 2);
            buf_put(&b, entry);
        } else {
            uint8_t hash[32];
            TRY(r->hash(ctx, r->self, t.level * 8, i, hash));
            buf_bytes(&b, hash, sizeof(hash));
        }
    }
    return buf_done(ctx, &b, ret);
}
