/* Rebuild every view from ledger and vault, re-asking each act under the law of its day, and
 * compare with what is stored, byte for byte. */
#include "replay/replay.h"

#include "base/arena.h"
#include "base/str.h"
#include "store/store.h"
#include "vault/vault.h"

enum { CHUNK = 256, REPLAY_ARENA_BYTES = 256 << 20 };

static void free_arena(void *arena)
{
    arena_free(arena);
}

struct replay {
    struct gate *target; /* whose views are made */
    struct db *from;
    struct db *to;
    bool erased; /* a value was erased in an act that came before */
    struct replay_report *report;
    struct arena *lasting;
};

static void wrong(struct replay *r, struct str what)
{
    if (r->report->first_wrong.n == 0) {
        r->report->first_wrong = str_copy(r->lasting, what);
    }
}

/* Files stand in the vault by digest; the law packs among them are needed to judge. */
static enum err copy_files(struct ctx *ctx, struct replay *r, const struct draft *d)
{
    for (size_t i = 0; i < d->fields.count; i++) {
        struct str sha = json_text(&d->fields.members[i].value, "sha256");
        struct attachment file;
        bool found = false;
        if (sha.n > 0) {
            TRY(vault_file_find(ctx, r->from, sha, &file, &found));
        }
        if (found) {
            TRY(vault_file_keep(ctx, r->to, &file, d->actor.id));
        }
    }
    return ERR_OK;
}

static enum err one_act(struct ctx *ctx, struct replay *r, const struct ledger_entry *entry,
                        struct str vault)
{
    struct act_then then = {.seq = entry->seq, .leaf = entry->leaf};
    struct act_again again;
    struct issued issued = {0};
    bool has_issued = false;
    TRY(vault_read(ctx, vault, &then.content));
    TRY(copy_files(ctx, r, &then.content.draft));
    TRY(vault_document_find(ctx, r->from, entry->seq, &issued, &has_issued));
    then.document = has_issued ? issued.zh : STR("");
    r->erased = r->erased || then.content.erased;
    then.erased_before = r->erased;
    TRY(gate_again(ctx, r->target, r->to, &then, &again));
    r->report->acts++;
    r->report->erased += then.content.erased;
    if (!again.verdict.admitted) {
        r->report->refused++;
        wrong(r, str_format(ctx->arena, "act %lld: the gate now refuses it: %.*s",
                            (long long)entry->seq, FMT(again.verdict.code)));
    }
    if (!again.same_leaf) {
        wrong(r, str_format(ctx->arena, "act %lld: its leaf is made differently from vault and law",
                            (long long)entry->seq));
    }
    if (!again.same_document) {
        wrong(r, str_format(ctx->arena,
                            "act %lld: its document comes out otherwise than it was issued",
                            (long long)entry->seq));
    }
    return ERR_OK;
}

static enum err chunk(struct ctx *ctx, struct replay *r, int64_t from, size_t *ret_count)
{
    struct ledger_entry *entries = NULL;
    struct vault_text *vaults = NULL;
    size_t vault_count = 0;
    TRY(gate_entries(ctx, r->from, from, CHUNK, &entries, ret_count));
    TRY(vault_range(ctx, r->from, from, CHUNK, &vaults, &vault_count));
    if (*ret_count == 0) {
        return ERR_OK;
    }
    if (vault_count != *ret_count) {
        return fault(ctx, ERR_CORRUPT, "ledger and vault differ in length after act %lld",
                     (long long)from);
    }
    TRY(db_begin(ctx, r->to));
    for (size_t i = 0; i < *ret_count; i++) {
        enum err e = one_act(ctx, r, &entries[i], vaults[i].text);
        if (e != ERR_OK) {
            db_rollback(r->to);
            return fault_pass(ctx, e, __func__);
        }
    }
    return db_commit(ctx, r->to);
}

static enum err all_acts(struct ctx *ctx, struct replay *r)
{
    size_t count = 1;
    for (int64_t from = 0; count > 0; from += (int64_t)count) {
        struct arena_mark mark = arena_mark(ctx->arena);
        TRY(chunk(ctx, r, from, &count));
        arena_reset(ctx->arena, mark);
    }
    return ERR_OK;
}

/* ---- comparing ---- */

/* The fresh table's rows by hash, in order; then the stored table is held against them row by row.
 */
struct rows {
    struct replay *r;
    struct str table;
    struct arena *arena;
    uint64_t *hashes;
    size_t count;
    size_t room;
    size_t at;
    bool differs;
};

static enum err gather_row(struct ctx *ctx, void *arg, struct str line)
{
    struct rows *x = arg;
    (void)ctx;
    if (x->count == x->room) {
        size_t room = x->room == 0 ? 1024 : x->room * 2;
        x->hashes = arena_grow(x->arena, x->hashes, x->room * sizeof(*x->hashes),
                               room * sizeof(*x->hashes));
        x->room = room;
    }
    x->hashes[x->count++] = str_hash(line);
    return ERR_OK;
}

static enum err compare_row(struct ctx *ctx, void *arg, struct str line)
{
    struct rows *x = arg;
    bool same = x->at < x->count && x->hashes[x->at] == str_hash(line);
    x->at++;
    if (!same && !x->differs) {
        x->differs = true;
        wrong(x->r,
              str_format(ctx->arena, "table %.*s: the stored row %.*s is not what the ledger gives",
                         FMT(x->table), FMT(line)));
    }
    return ERR_OK;
}

static enum err compare_views(struct ctx *ctx, struct replay *r)
{
    struct arena *rows_arena = arena_new(REPLAY_ARENA_BYTES);
    if (rows_arena == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory to compare tables in");
    }
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < store_table_count(); i++) {
        const struct store_table *t = store_table_at(i);
        if (store_table_is_kept(t)) {
            continue;
        }
        struct arena_mark mark = arena_mark(ctx->arena);
        struct rows x = {.r = r, .table = store_table_name(t), .arena = rows_arena};
        e = store_dump_table(ctx, r->to, t, gather_row, &x);
        e = e == ERR_OK ? store_dump_table(ctx, r->from, t, compare_row, &x) : e;
        if (e == ERR_OK && !x.differs && x.at != x.count) {
            wrong(r, str_format(ctx->arena, "table %.*s: %zu rows are stored, the ledger gives %zu",
                                FMT(x.table), x.at, x.count));
        }
        arena_reset(ctx->arena, mark);
        arena_clear(rows_arena);
    }
    arena_free(rows_arena);
    return e;
}

enum err replay_run(struct ctx *ctx, struct gate *g, struct store *fresh, struct replay_report *ret)
{
    *ret = (struct replay_report){0};
    TRY(gate_catch_up(ctx, g));
    struct arena *work = arena_new(REPLAY_ARENA_BYTES);
    if (work == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory to replay in");
    }
    arena_defer(ctx->arena, free_arena, work);
    struct ctx inner = {.arena = ctx->arena, .world = ctx->world};
    struct gate_config config = gate_config_of(g);
    struct store *source = config.store;
    config.store = fresh;
    config.keys = NULL;
    struct gate *target = NULL;
    TRY(gate_new(ctx, &config, &target));
    struct db *from = NULL;
    enum err e = store_reader(ctx, source, &from);
    struct replay r = {.target = target,
                       .from = from,
                       .to = store_writer(fresh),
                       .report = ret,
                       .lasting = ctx->arena};
    inner.arena = work;
    if (e == ERR_OK) {
        e = all_acts(&inner, &r);
    }
    if (e == ERR_OK) {
        e = compare_views(&inner, &r);
    }
    if (from != NULL) {
        db_close(from);
    }
    gate_close(target);
    if (e != ERR_OK) {
        ctx->why = inner.why;
        ctx->why.detail = str_copy(ctx->arena, inner.why.detail);
    }
    return e;
}
