/* Rebuild every view from ledger and vault, re-asking each act under the law of its day, and
 * compare with what is stored, byte for byte.
 *
 * Wrong is what does not come out as it stands: a leaf, a document, a row. That today's gate would
 * refuse an act is not: the law it is judged by is that of its day, but checks get stricter with
 * programs, and an act that an older one admitted stands. It is projected as it was, counted, and
 * told to who asks for it. */
#include "replay/replay_in.h"

#include "base/arena.h"
#include "base/str.h"
#include "store/store.h"
#include "store/schema.h"

enum { CHUNK = 256, REPLAY_ARENA_BYTES = 256 << 20 };

static void free_arena(void *arena)
{
    arena_free(arena);
}

struct replay {
    struct again again;
    struct replay_report *report;
    replay_refused *each; /* may be NULL */
    void *each_arg;
    struct arena *lasting;
};

static void wrong(struct replay *r, struct str what)
{
    if (r->report->first_wrong.n == 0) {
        r->report->first_wrong = str_copy(r->lasting, what);
    }
}

static void one_told(struct ctx *ctx, void *arg, const struct act_then *then,
                     const struct act_again *again)
{
    struct replay *r = arg;
    const struct verdict *v = &again->verdict;
    r->report->acts++;
    r->report->erased += then->content.erased;
    if (!v->admitted) {
        r->report->refused++;
    }
    if (!v->admitted && r->each != NULL) {
        r->each(r->each_arg, &(struct replay_refusal){
                                 .seq = then->seq, .kind = then->content.draft.kind, .verdict = v});
    }
    if (!again->same_leaf) {
        wrong(r, str_format(ctx->arena, "act %lld: its leaf is made differently from vault and law",
                            (long long)then->seq));
    }
    if (!again->same_document) {
        wrong(r, str_format(ctx->arena,
                            "act %lld: its document comes out otherwise than it was issued",
                            (long long)then->seq));
    }
}

static enum err chunk(struct ctx *ctx, struct replay *r, int64_t from, size_t *ret_count)
{
    TRY(db_begin(ctx, r->again.to));
    enum err e = again_some(ctx, &r->again, from, CHUNK, ret_count);
    if (e != ERR_OK) {
        db_rollback(r->again.to);
        return fault_pass(ctx, e, __func__);
    }
    return db_commit(ctx, r->again.to);
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

/* Law that came into force after the last act. */
static enum err what_began(struct ctx *ctx, struct replay *r)
{
    struct day day;
    TRY(gate_begun(ctx, r->again.from, &day));
    TRY(db_begin(ctx, r->again.to));
    enum err e = gate_begin_again(ctx, r->again.gate, r->again.to, day);
    if (e != ERR_OK) {
        db_rollback(r->again.to);
        return fault_pass(ctx, e, __func__);
    }
    return db_commit(ctx, r->again.to);
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
        e = store_dump_table(ctx, r->again.to, t, gather_row, &x);
        e = e == ERR_OK ? store_dump_table(ctx, r->again.from, t, compare_row, &x) : e;
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

/* compares: the views too, not the acts alone. */
static enum err replay_acts(struct ctx *ctx, struct replay *r, struct gate *g, struct store *fresh,
                            bool compares)
{
    struct arena *work = arena_new(REPLAY_ARENA_BYTES);
    if (work == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory to replay in");
    }
    arena_defer(ctx->arena, free_arena, work);
    struct ctx inner = {.arena = work, .world = ctx->world};
    struct gate_config config = gate_config_of(g);
    struct store *source = config.store;
    config.store = fresh;
    config.keys = NULL;
    *r->report = (struct replay_report){0};
    r->lasting = ctx->arena;
    TRY(gate_new(ctx, &config, &r->again.gate));
    enum err e = store_reader(ctx, source, &r->again.from);
    if (e == ERR_OK) {
        r->again.to = store_writer(fresh);
        r->again.told = one_told;
        r->again.arg = r;
        e = all_acts(&inner, r);
        e = e == ERR_OK ? what_began(&inner, r) : e;
        e = e == ERR_OK && compares ? compare_views(&inner, r) : e;
        if (e != ERR_OK) {
            ctx->why = inner.why;
            ctx->why.detail = str_copy(ctx->arena, inner.why.detail);
        }
        db_close(r->again.from);
    }
    gate_close(r->again.gate);
    return e;
}

enum err replay_run(struct ctx *ctx, struct gate *g, struct store *fresh, struct replay_report *ret)
{
    struct replay r = {.report = ret};
    TRY(gate_catch_up(ctx, g));
    return replay_acts(ctx, &r, g, fresh, true);
}

enum err replay_reask(struct ctx *ctx, struct gate *g, struct store *fresh, replay_refused *each,
                      void *arg, struct replay_report *ret)
{
    struct replay r = {.report = ret, .each = each, .each_arg = arg};
    return replay_acts(ctx, &r, g, fresh, false);
}
