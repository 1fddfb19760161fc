/* Inside the writer: ask on the state of this instant, make the permit, append, project, queue; all
 * in the transaction the writer opened. The permit is made and spent here and nowhere else. */
#include "base/json_make.h"
#include "base/token.h"
#include "gate/gate_in.h"

/* What ledger_append demands. Defined in this file alone, so that nobody else can have one. */
struct permit {
    int64_t seq;
    const struct verdict *verdict;
};

uint64_t gate_tree_size(const struct gate *g)
{
    return g->tree.size;
}

enum { PROBLEM_BYTES = 300 };

static struct str verdict_text(struct arena *a, struct str s)
{
    return str_copy(a, s);
}

/* Its words are those of a law that may go before the answer is told. */
static void keep_verdict(struct arena *lasting, const struct verdict *v, struct verdict *ret)
{
    *ret = *v;
    ret->sentence.zh = verdict_text(lasting, v->sentence.zh);
    ret->sentence.en = verdict_text(lasting, v->sentence.en);
    ret->article.text = verdict_text(lasting, v->article.text);
    ret->article.part = verdict_text(lasting, v->article.part);
    ret->check = verdict_text(lasting, v->check);
    ret->code = verdict_text(lasting, v->code);
    ret->field = verdict_text(lasting, v->field);
}

/* ---- refusals ---- */

static enum err log_refusal(struct ctx *ctx, struct gate *g, struct db *db,
                            const struct question *q, const struct verdict *v)
{
    return gate_refusal_add(ctx, db,
                            (struct gate_refusal_add_in){.id = ++g->refusal_id,
                                                         .at_ms = q->at.ms,
                                                         .kind = q->draft->kind,
                                                         .case_id = q->draft->case_id,
                                                         .actor = q->draft->actor.id,
                                                         .check_name = v->check,
                                                         .code = v->code,
                                                         .article = v->article.text});
}

/* ---- appending ---- */

struct sink {
    struct db *db;
};

static enum err sink_entry(struct ctx *ctx, void *arg, uint64_t index, const uint8_t hash[32],
                           struct str entry)
{
    struct sink *s = arg;
    return gate_entry_add(ctx, s->db,
                          (struct gate_entry_add_in){.seq = (int64_t)index,
                                                     .hash = {(const char *)hash, 32},
                                                     .leaf = entry});
}

static enum err sink_hash(struct ctx *ctx, void *arg, unsigned level, uint64_t index,
                          const uint8_t hash[32])
{
    struct sink *s = arg;
    return gate_hash_add(ctx, s->db,
                         (struct gate_hash_add_in){.level = level,
                                                   .idx = (int64_t)index,
                                                   .hash = {(const char *)hash, 32}});
}

/* A leaf made again must be the one that stands there. */
static enum err compare_entry(struct ctx *ctx, void *arg, uint64_t index, const uint8_t hash[32],
                              struct str entry)
{
    struct sink *s = arg;
    struct gate_entry_get_row row;
    bool found = false;
    (void)entry;
    TRY(gate_entry_get(ctx, s->db, (struct gate_entry_get_in){.seq = (int64_t)index}, &row,
                       &found));
    bool same = found && row.hash.n == 32 && memcmp(row.hash.p, hash, 32) == 0;
    return same ? ERR_OK
                : fault(ctx, ERR_CORRUPT, "act %llu comes out otherwise than its ledger entry",
                        (unsigned long long)index);
}

static enum err compare_hash(struct ctx *ctx, void *arg, unsigned level, uint64_t index,
                             const uint8_t hash[32])
{
    (void)ctx, (void)arg, (void)level, (void)index, (void)hash; /* what the entries give */
    return ERR_OK;
}

static enum err append(struct ctx *ctx, struct gate *g, struct db *db, const struct permit *permit,
                       const struct act_text *text)
{
    struct sink sink = {db};
    struct ledger_sink to = {.self = &sink, .entry = sink_entry, .hash = sink_hash};
    if (g->rebuilds) {
        to.entry = compare_entry;
        to.hash = compare_hash;
        return ledger_append(ctx, permit, &g->tree, text->leaf, &to);
    }
    TRY(ledger_append(ctx, permit, &g->tree, text->leaf, &to));
    return vault_keep(ctx, db, permit->seq, text->vault);
}

/* ---- projecting ---- */

static enum err project_room(struct ctx *ctx, struct db *db, const struct projector *room,
                             const struct admitted *act)
{
    for (size_t i = 0; i < act->kind->effect_count; i++) {
        for (size_t k = 0; k < room->effect_count; k++) {
            const struct effect_row *row = &room->effects[k];
            if (row->apply != NULL && str_equal(act->kind->effects[i], str_from(row->effect))) {
                TRY(row->apply(ctx, db, act));
            }
        }
    }
    return room->track == NULL ? ERR_OK : room->track(ctx, db, act);
}

static enum err erase_everywhere(struct ctx *ctx, struct gate *g, struct db *db,
                                 const struct admitted *act)
{
    static const struct str effect = STR_INIT("vault.erase");
    if (!str_in(effect, act->kind->effects, act->kind->effect_count)) {
        return ERR_OK;
    }
    int64_t seq = json_int(&act->draft->fields, "erase.seq", -1);
    struct str fact = json_text(&act->draft->fields, "erase.fact");
    struct erasure e;
    TRY(erase_value(ctx, g, db, seq, fact, act->replay, &e));
    g->erased = true;
    for (size_t i = 0; i < g->room_count; i++) {
        if (g->rooms[i]->erase != NULL) {
            TRY(g->rooms[i]->erase(ctx, db, &e));
        }
    }
    return ERR_OK;
}

const struct projector *const *own_projectors(size_t *ret_count)
{
    static const struct projector *const own[] = {&gate_projector, &people_projector,
                                                  &book_projector};
    *ret_count = LEN(own);
    return own;
}

static enum err project(struct ctx *ctx, struct gate *g, struct db *db, const struct admitted *act)
{
    size_t count = 0;
    const struct projector *const *own = own_projectors(&count);
    for (size_t i = 0; i < count; i++) {
        TRY(project_room(ctx, db, own[i], act));
    }
    for (size_t i = 0; i < g->room_count; i++) {
        TRY(project_room(ctx, db, g->rooms[i], act));
    }
    TRY(erase_everywhere(ctx, g, db, act));
    static const struct str publishes = STR_INIT("law.publish");
    if (str_in(publishes, act->kind->effects, act->kind->effect_count)) {
        TRY(book_note(ctx, g->book, db));
        TRY(law_published(ctx, g, db, json_text(&act->draft->fields, "pack.code"), act));
    }
    return ERR_OK;
}

/* ---- one act ---- */

/* A number people can say: node, year, place in the ledger. */
static struct str new_case_id(struct arena *a, const struct gate *g, struct day day, int64_t seq)
{
    return str_format(a, "%.*s-%d-%06lld", FMT(g->node), day_to_civil(day).year, (long long)seq);
}

static const struct attachment *attachment_of(const struct draft *d, struct str sha256)
{
    for (size_t i = 0; i < d->attachment_count; i++) {
        if (str_equal(d->attachments[i].sha256, sha256)) {
            return &d->attachments[i];
        }
    }
    return NULL;
}

/* Only what a field of the act names is kept: one use of a file for each field, as erasing takes
 * them away. What came with the draft beside it goes with the draft. */
static enum err keep_files(struct ctx *ctx, struct db *db, const struct draft *d,
                           struct str case_id)
{
    int64_t files = 0;
    int64_t bytes = 0;
    for (size_t i = 0; i < d->fields.count; i++) {
        const struct json *v = &d->fields.members[i].value;
        struct str sha256 = v->kind == JSON_OBJECT ? json_text(v, "sha256") : STR("");
        const struct attachment *file = sha256.n == 0 ? NULL : attachment_of(d, sha256);
        if (file != NULL) {
            TRY(vault_file_keep(ctx, db, file, d->actor.id));
            files++;
            bytes += json_int(v, "size", 0);
        }
    }
    return files == 0 || case_id.n == 0 ? ERR_OK : vault_file_count(ctx, db, case_id, files, bytes);
}

static enum err note_key(struct ctx *ctx, struct db *db, const struct draft *d, int64_t seq)
{
    if (d->key.n == 0) {
        return ERR_OK;
    }
    return gate_key_add(ctx, db,
                        (struct gate_key_add_in){.owner = d->actor.id, .key = d->key, .seq = seq});
}

/* In replay the document as it was issued stands in: names in the register may have been erased
 * since. */
static enum err draw(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                     int64_t seq, struct str case_id, const struct step *step,
                     const struct recorded *recorded, struct admission *ret,
                     struct issued *ret_drawn)
{
    TRY(document_draw(ctx, g, db, q, seq, case_id, step, recorded == NULL, ret_drawn));
    if (recorded == NULL && ret_drawn->zh.n > 0) {
        return vault_document_keep(ctx, db, seq, ret_drawn);
    }
    if (recorded != NULL && recorded->document.n > 0) {
        ret->redrawn = recorded->exact && !str_equal(ret_drawn->zh, recorded->document);
        ret_drawn->zh = recorded->document;
    }
    return ERR_OK;
}

enum err admit_question(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                        const struct recorded *recorded, struct admission *ret)
{
    int64_t seq = (int64_t)g->tree.size;
    bool opens = q->kind->in_case == ACT_CASE_OPEN;
    struct str case_id = opens ? new_case_id(ctx->arena, g, q->day, seq) : q->draft->case_id;
    struct step step = {0};
    if (q->kind->in_case != ACT_CASE_NONE) {
        TRY(step_make(ctx, q, seq, case_id, &step));
    }
    struct issued document = {0};
    TRY(draw(ctx, g, db, q, seq, case_id, &step, recorded, ret, &document));
    TRY(act_write(ctx, g, q, seq, q->has_case ? q->row.last_seq : -1, case_id, document.zh,
                  recorded == NULL ? NULL : recorded->salts, &ret->text));
    struct permit permit = {seq, &ret->verdict};
    TRY(append(ctx, g, db, &permit, &ret->text));
    if (q->kind->in_case != ACT_CASE_NONE) {
        TRY(step_store(ctx, db, q, &step));
        TRY(gate_act_add(ctx, db,
                         (struct gate_act_add_in){.seq = seq,
                                                  .case_id = case_id,
                                                  .kind = q->kind->kind,
                                                  .actor = q->draft->actor.id,
                                                  .second = q->draft->actor.co_id}));
        ret->next = owed_kind(q, step.state);
        TRY(owed_mark(ctx, db, q, case_id, ret->next));
    }
    TRY(note_key(ctx, db, q->draft, seq));
    struct admitted act = {.seq = seq,
                           .at = q->at,
                           .day = q->day,
                           .law = q->law,
                           .kind = q->kind,
                           .item = q->item,
                           .office = q->office,
                           .draft = q->draft,
                           .case_id = case_id,
                           .party = q->party,
                           .status = step.status,
                           .facts = &q->facts,
                           .document = document.zh,
                           .due_limit = step.due_limit,
                           .due_day = step.due_day,
                           .replay = recorded != NULL};
    TRY(project(ctx, g, db, &act));
    ret->seq = seq;
    ret->case_id = case_id;
    ret->due_limit = step.due_limit;
    ret->due_day = step.due_day;
    return ERR_OK;
}

/* Recorded time never steps back, whatever the clock does. */
static struct instant next_instant(struct gate *g)
{
    struct instant now = g->world->now(g->world);
    return now.ms > g->last.ms ? now : g->last;
}

static enum err canonical(struct ctx *ctx, const struct json *v, struct str *ret)
{
    struct buf b = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    TRY(json_write_canonical(ctx, &b, v));
    return buf_done(ctx, &b, ret);
}

/* The values of two drafts, files by their digests. One that was erased since may have been any. */
static enum err same_values(struct ctx *ctx, const struct json *then, const struct json *now,
                            bool *ret)
{
    *ret = then->count == now->count;
    for (size_t i = 0; *ret && i < now->count; i++) {
        const struct json *before = json_get_str(then, now->members[i].key);
        struct str a = {0};
        struct str b = {0};
        if (before == NULL) {
            *ret = false;
        } else if (before->kind != JSON_NULL) {
            TRY(canonical(ctx, before, &a));
            TRY(canonical(ctx, &now->members[i].value, &b));
            *ret = str_equal(a, b);
        }
    }
    return ERR_OK;
}

/* A key stands for one draft, all of it: a client that sends another under the same key has lost
 * count, and the receipt of the first would tell it that the second was done. What the first said
 * stands in the vault, so nothing is kept for this beside the key. */
static enum err check_same(struct ctx *ctx, struct db *db, int64_t seq, const struct draft *draft)
{
    struct vault_content content = {0};
    struct str text = {0};
    bool found = false;
    bool same = false;
    TRY(vault_find(ctx, db, seq, &text, &found));
    if (!found) {
        return fault(ctx, ERR_CORRUPT, "act %lld of an idempotency key is missing", (long long)seq);
    }
    TRY(vault_read(ctx, text, &content));
    const struct draft *then = &content.draft;
    if (content.given.n > 0) {
        struct str given = {0};
        TRY(act_given(ctx, &draft->fields, &content.salts, &given));
        same = str_equal(given, content.given);
    } else {
        TRY(same_values(ctx, &then->fields, &draft->fields, &same));
    }
    same = same && str_equal(then->kind, draft->kind) && str_equal(then->item, draft->item) &&
           str_equal(then->office, draft->office) && str_equal(then->case_id, draft->case_id) &&
           str_equal(then->timer, draft->timer) && then->actor.kind == draft->actor.kind &&
           str_equal(then->actor.for_id, draft->actor.for_id) &&
           str_equal(then->actor.co_id, draft->actor.co_id);
    if (!same) {
        fault(ctx, ERR_CONFLICT,
              "this idempotency key came before, with another act, case or content (act %lld)",
              (long long)seq);
        ctx->why.field = STR("_key");
        return ERR_CONFLICT;
    }
    return ERR_OK;
}

static enum err repeat(struct ctx *ctx, struct gate *g, struct db *db, int64_t seq,
                       struct arena *lasting, struct receipt *ret)
{
    struct act_record record;
    bool found = false;
    TRY(gate_act(ctx, g, db, seq, &record, &found));
    if (!found) {
        return fault(ctx, ERR_CORRUPT, "act %lld of an idempotency key is missing", (long long)seq);
    }
    *ret = (struct receipt){.verdict = {.admitted = true},
                            .seq = seq,
                            .case_id = str_copy(lasting, record.case_id),
                            .at = record.at,
                            .repeated = true};
    leaf_hash(record.leaf.p, record.leaf.n, ret->leaf_hash);
    return ERR_OK;
}

static void mark(struct gate *g, struct gate_mark *m)
{
    *m = (struct gate_mark){g->tree, g->last, g->refusal_id, g->ahead, book_count(g->book)};
}

void gate_mark_job(struct gate *g)
{
    if (!g->batch_open) {
        mark(g, &g->batch_mark);
        g->batch_open = true;
    }
    mark(g, &g->job_mark);
}

void gate_mark_reset(struct gate *g, const struct gate_mark *m)
{
    g->tree = m->tree;
    g->last = m->last;
    g->refusal_id = m->refusal_id;
    g->ahead = m->ahead;
    book_reset(g->book, m->publications);
}

/* The first fault of a pack, by file and line, behind the sentence of the law. */
static void tell_problem(struct ctx *ctx, const struct law_problems *problems, struct verdict *ret)
{
    const struct law_problem *p = problems->items;
    for (size_t i = 0; i < problems->count && p->warning; i++) {
        p = &problems->items[i];
    }
    if (problems->count == 0) {
        return;
    }
    struct arena *a = ctx->arena;
    struct str line = p->line > 0 ? str_format(a, ":%u", p->line) : STR("");
    struct str file =
        p->pack.n > 0 ? str_format(a, "%.*s/%.*s", FMT(p->pack), FMT(p->file)) : p->file;
    struct str why = str_format(a, "%.*s%.*s: %.*s", FMT(file), FMT(line), FMT(p->sentence));
    size_t n = why.n < PROBLEM_BYTES ? why.n : PROBLEM_BYTES;
    while (n < why.n && n > 0 && ((unsigned char)why.p[n] & 0xc0) == 0x80) {
        n--;
    }
    why = str_slice(why, 0, n);
    ret->sentence.zh = str_format(a, "%.*s（%.*s）", FMT(ret->sentence.zh), FMT(why));
    ret->sentence.en = str_format(a, "%.*s (%.*s)", FMT(ret->sentence.en), FMT(why));
}

/* Publishing law: what would come into force must load whole, before it is admitted. */
static enum err check_publication(struct ctx *ctx, struct gate *g, struct db *db,
                                  const struct question *q, struct verdict *ret)
{
    static const struct str publishes = STR_INIT("law.publish");
    if (!str_in(publishes, q->kind->effects, q->kind->effect_count)) {
        return ERR_OK;
    }
    bool good = false;
    struct law_problems problems = {0};
    struct draft whole = *q->draft; /* a pack is parsed whole, so its bytes are fetched for once */
    struct attachment *files =
        ARENA_ARRAY(ctx->arena, struct attachment, q->draft->attachment_count + 1);
    for (size_t i = 0; i < whole.attachment_count; i++) {
        files[i] = q->draft->attachments[i];
        TRY(vault_file_bytes(ctx, db, &q->draft->attachments[i], &files[i].bytes));
    }
    whole.attachments = files;
    TRY(book_try(ctx, g->book, db, &whole, &good, &problems));
    if (!good) {
        ret->admitted = false;
        ret->check = STR("form");
        verdict_refuse(ctx, q, ret, "form.material", NULL, STR("pack.file"));
        tell_problem(ctx, &problems, ret);
        ret->check = STR("form");
    }
    return ERR_OK;
}

enum err admit(struct ctx *ctx, struct gate *g, struct db *db, const struct draft *draft,
               struct arena *lasting, struct receipt *ret)
{
    gate_mark_job(g);
    if (draft->key.n > 0) {
        struct gate_key_get_row row;
        bool found = false;
        TRY(gate_key_get(ctx, db,
                         (struct gate_key_get_in){.owner = draft->actor.id, .key = draft->key},
                         &row, &found));
        if (found) {
            TRY(check_same(ctx, db, row.seq, draft));
            return repeat(ctx, g, db, row.seq, lasting, ret);
        }
    }
    struct question q;
    struct admission a = {0};
    bool was_behind = false;
    TRY(gate_clock(ctx, g));
    struct instant at = next_instant(g);
    TRY(law_begins(ctx, g, db, instant_day(at), false));
    TRY(case_catch_up(ctx, g, db, draft->case_id, &was_behind));
    TRY(question_load(ctx, g, db, draft, at, book_newest(g->book), &q));
    TRY(question_judge(ctx, g, db, &q, &a.verdict));
    q.given = q.draft == draft ? NULL : &draft->fields;
    if (a.verdict.admitted) {
        TRY(check_publication(ctx, g, db, &q, &a.verdict));
    }
    *ret = (struct receipt){.seq = -1, .at = q.at};
    keep_verdict(lasting, &a.verdict, &ret->verdict);
    if (!a.verdict.admitted && was_behind) {
        TRY(case_caught_up(ctx, db, draft->case_id));
    }
    if (!a.verdict.admitted) {
        return log_refusal(ctx, g, db, &q, &a.verdict);
    }
    bool opens = q.kind->in_case == ACT_CASE_OPEN;
    struct str case_id =
        opens ? new_case_id(ctx->arena, g, q.day, (int64_t)g->tree.size) : draft->case_id;
    TRY(keep_files(ctx, db, q.draft, case_id));
    TRY(admit_question(ctx, g, db, &q, NULL, &a));
    g->last = q.at;
    ret->seq = a.seq;
    ret->case_id = str_copy(lasting, a.case_id);
    ret->due_limit = str_copy(lasting, a.due_limit);
    ret->due_day = a.due_day;
    ret->next = str_copy(lasting, a.next);
    leaf_hash(a.text.leaf.p, a.text.leaf.n, ret->leaf_hash);
    return ERR_OK;
}
