/* Rebuild every view from ledger and vault, re-asking each act under the law of its day, and
 * compare with what is stored, byte for byte. Also fills views that a new version made empty. */
#include "gate/gate_in.h"

enum { CHUNK = 256, REPLAY_ARENA_BYTES = 256 << 20 };

struct replay {
    struct gate *source; /* whose ledger is read */
    struct gate *target; /* whose views are made; the same when rebuilding in place */
    struct db *from;
    struct db *to;
    bool into_fresh; /* ledger and vault are copied as well */
    bool erased;     /* a value was erased in an act that came before */
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
static enum err copy_blob(struct ctx *ctx, struct replay *r, struct str sha256)
{
    struct gate_vault_blob_get_row row;
    bool found = false;
    TRY(gate_vault_blob_get(ctx, r->from, (struct gate_vault_blob_get_in){.sha256 = sha256}, &row,
                            &found));
    if (!found) {
        return ERR_OK;
    }
    return gate_vault_blob_add(
        ctx, r->to,
        (struct gate_vault_blob_add_in){
            .sha256 = row.sha256, .type = row.type, .name = row.name, .bytes = row.bytes});
}

static enum err copy_files(struct ctx *ctx, struct replay *r, struct draft *d)
{
    struct attachment *files = ARENA_ARRAY(ctx->arena, struct attachment, d->fields.count + 1);
    for (size_t i = 0; i < d->fields.count; i++) {
        struct str sha = json_text(&d->fields.members[i].value, "sha256");
        if (sha.n == 0) {
            continue;
        }
        TRY(copy_blob(ctx, r, sha));
        bool found = false;
        struct attachment *f = &files[d->attachment_count];
        TRY(gate_attachment(ctx, r->source, r->from, sha, f, &found));
        d->attachment_count += found;
    }
    d->attachments = files;
    return ERR_OK;
}

static enum err one_act(struct ctx *ctx, struct replay *r, const struct gate_entry_range_row *entry,
                        struct str vault)
{
    struct vault_content v;
    TRY(act_read(ctx, vault, &v));
    if (r->into_fresh) {
        TRY(copy_files(ctx, r, &v.draft));
    }
    struct question q;
    struct admission a = {0};
    struct gate_vault_document_get_row issued = {0};
    bool has_issued = false;
    TRY(gate_vault_document_get(ctx, r->from,
                                (struct gate_vault_document_get_in){.seq = entry->seq}, &issued,
                                &has_issued));
    r->erased = r->erased || v.erased;
    struct recorded recorded = {
        .salts = &v.salts, .document = has_issued ? issued.zh : STR(""), .exact = !r->erased};
    TRY(question_load(ctx, r->target, r->to, &v.draft, v.at, &q));
    q.recorded = true;
    q.decided_then = r->erased ? v.decided : json_array();
    q.erased = v.erased;
    if (v.erased && v.has_proposal) {
        q.has_proposal = true;
        q.proposal.json = v.proposal;
        TRY(feel_from_json(ctx, &v.proposal, NULL, &q.proposal.value));
    }
    checks_run(ctx, &q, &a.verdict);
    r->report->acts++;
    r->report->erased += v.erased;
    if (!a.verdict.admitted) {
        r->report->refused++;
        wrong(r, str_format(ctx->arena, "act %lld: the gate now refuses it: %.*s",
                            (long long)entry->seq, FMT(a.verdict.code)));
        if (q.kind == NULL || (q.kind->in_case != ACT_CASE_NONE && q.item == NULL)) {
            return fault(ctx, ERR_CORRUPT, "act %lld cannot be replayed", (long long)entry->seq);
        }
    }
    TRY(admit_question(ctx, r->target, r->to, &q, &recorded, &a));
    r->target->last = v.at;
    if (!str_equal(a.text.leaf, entry->leaf)) {
        wrong(r, str_format(ctx->arena, "act %lld: its leaf is made differently from vault and law",
                            (long long)entry->seq));
    }
    if (a.redrawn) {
        wrong(r, str_format(ctx->arena,
                            "act %lld: its document comes out otherwise than it was issued",
                            (long long)entry->seq));
    }
    return ERR_OK;
}

static enum err chunk(struct ctx *ctx, struct replay *r, int64_t from, size_t *ret_count)
{
    struct gate_entry_range_row *entries = NULL;
    struct gate_vault_act_range_row *vaults = NULL;
    size_t vault_count = 0;
    TRY(gate_entry_range(ctx, r->from, (struct gate_entry_range_in){.seq = from, .count = CHUNK},
                         &entries, ret_count));
    TRY(gate_vault_act_range(ctx, r->from,
                             (struct gate_vault_act_range_in){.seq = from, .count = CHUNK}, &vaults,
                             &vault_count));
    if (*ret_count == 0) {
        return ERR_OK;
    }
    if (vault_count != *ret_count) {
        return fault(ctx, ERR_CORRUPT, "ledger and vault differ in length after act %lld",
                     (long long)from);
    }
    TRY(db_begin(ctx, r->to));
    for (size_t i = 0; i < *ret_count; i++) {
        enum err e = one_act(ctx, r, &entries[i], vaults[i].content);
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

enum err gate_replay(struct ctx *ctx, struct gate *g, struct store *fresh,
                     struct replay_report *ret)
{
    *ret = (struct replay_report){0};
    struct arena *work = arena_new(REPLAY_ARENA_BYTES);
    if (work == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory to replay in");
    }
    arena_defer(ctx->arena, free_arena, work);
    struct ctx inner = {.arena = ctx->arena, .world = ctx->world};
    struct gate_config config = {.store = fresh,
                                 .keys = NULL,
                                 .origin = g->origin,
                                 .node = g->node,
                                 .rooms = g->rooms,
                                 .room_count = g->room_count};
    struct gate *target = NULL;
    TRY(gate_new(ctx, &config, &target));
    struct db *from = NULL;
    enum err e = store_reader(ctx, g->store, &from);
    struct replay r = {.source = g,
                       .target = target,
                       .from = from,
                       .to = store_writer(fresh),
                       .into_fresh = true,
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
