/* An act erases a value: from the vault, from the documents of its case that show it, and from the
 * facts of the case, which are copies of what acts said. What the register says of a party is shown
 * by documents of its cases, which say what they said when it was registered anew: those go by
 * their text. The rooms' own copies they erase
 * themselves (projector.erase), in the same transaction.
 *
 * In replay into a fresh store the vault was copied as it is now, erased already: there is nothing
 * to do but in the views. */
#include "base/json_make.h"
#include "gate/gate_in.h"

/* In a case, the latest facts hold copies: those go too, in the gate's own row and in the rooms'.
 */
static enum err forget_fact(struct ctx *ctx, struct db *db, struct str case_id, struct str fact)
{
    struct gate_case_get_row row;
    bool found = false;
    TRY(gate_case_get(ctx, db, (struct gate_case_get_in){.id = case_id}, &row, &found));
    if (!found) {
        return ERR_OK;
    }
    struct json facts;
    TRY(json_parse(ctx, row.facts, STR("facts"), &facts));
    if (json_get_str(&facts, fact) == NULL) {
        return ERR_OK;
    }
    json_set(ctx->arena, &facts, fact, json_null());
    struct buf b = buf_new(ctx->arena, LIMIT_JSON_BYTES);
    json_write(&b, &facts);
    struct str text = {0};
    TRY(buf_done(ctx, &b, &text));
    return gate_case_move(ctx, db,
                          (struct gate_case_move_in){.id = row.id,
                                                     .office = row.office,
                                                     .status = row.status,
                                                     .closed = row.closed,
                                                     .last_seq = row.last_seq,
                                                     .tokens = row.tokens,
                                                     .facts = text});
}

/* A document that shows the value goes with it; from then on it is drawn anew. */
static enum err forget_document(struct ctx *ctx, struct gate *g, struct db *db, int64_t seq,
                                struct str zh, struct str fact)
{
    struct vault_content content;
    struct question q;
    struct str text = {0};
    bool found = false;
    TRY(vault_find(ctx, db, seq, &text, &found));
    TRY(vault_read(ctx, text, &content));
    TRY(question_load(ctx, g, db, &content.draft, content.at, book_newest(g->book), &q));
    if (q.kind == NULL || !law_document_shows(q.law, q.kind->draws, fact)) {
        return ERR_OK;
    }
    return vault_erase_document(ctx, db, seq, zh);
}

static enum err forget_documents(struct ctx *ctx, struct gate *g, struct db *db,
                                 const struct erasure *e)
{
    struct issued own;
    struct gate_document_of_case_row *rows = NULL;
    size_t count = 0;
    bool found = false;
    if (e->case_id.n == 0) {
        TRY(vault_document_find(ctx, db, e->seq, &own, &found));
        return found ? forget_document(ctx, g, db, e->seq, own.zh, e->fact) : ERR_OK;
    }
    TRY(gate_document_of_case(ctx, db, (struct gate_document_of_case_in){.case_id = e->case_id},
                              &rows, &count));
    for (size_t i = 0; i < count; i++) {
        if (rows[i].seq >= e->seq && rows[i].seq < e->until) {
            TRY(forget_document(ctx, g, db, rows[i].seq, rows[i].zh, e->fact));
        }
    }
    return ERR_OK;
}

/* What an act registered of a party, as documents of its cases have said since. */
static enum err forget_of_party(struct ctx *ctx, struct db *db, const struct erasure *e,
                                struct str party, struct str value)
{
    struct gate_document_of_party_row *rows = NULL;
    size_t count = 0;
    if (party.n == 0 || value.n == 0) {
        return ERR_OK;
    }
    TRY(gate_document_of_party(
        ctx, db, (struct gate_document_of_party_in){.party = party, .seq = e->seq}, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        if (law_document_says(ctx->arena, rows[i].zh, value) ||
            law_document_says(ctx->arena, rows[i].en, value)) {
            TRY(vault_erase_document(ctx, db, rows[i].seq, rows[i].zh));
        }
    }
    return ERR_OK;
}

/* The next act of the case that says the same fact; INT64_MAX when none does. */
static enum err said_again(struct ctx *ctx, struct db *db, struct erasure *e)
{
    struct gate_act_of_case_row *acts = NULL;
    size_t count = 0;
    e->until = INT64_MAX;
    if (e->case_id.n == 0) {
        return ERR_OK;
    }
    TRY(gate_act_of_case(
        ctx, db, (struct gate_act_of_case_in){.case_id = e->case_id, .count = LIMIT_CASE_ACTS},
        &acts, &count));
    for (size_t i = 0; i < count && e->until == INT64_MAX; i++) {
        struct vault_content content;
        struct str text = {0};
        bool found = false;
        if (acts[i].seq <= e->seq) {
            continue;
        }
        TRY(vault_find(ctx, db, acts[i].seq, &text, &found));
        TRY(vault_read(ctx, text, &content));
        bool says = json_get_str(&content.draft.fields, e->fact) != NULL;
        e->until = says ? acts[i].seq : e->until;
    }
    return ERR_OK;
}

/* What decisions proposed from the value, where it stands in their outcome. */
static enum err forget_proposals(struct ctx *ctx, struct db *db, const struct erasure *e,
                                 struct str value)
{
    struct gate_act_of_case_row *acts = NULL;
    size_t count = 0;
    if (e->case_id.n == 0 || value.n == 0) {
        return ERR_OK;
    }
    TRY(gate_act_of_case(
        ctx, db, (struct gate_act_of_case_in){.case_id = e->case_id, .count = LIMIT_CASE_ACTS},
        &acts, &count));
    for (size_t i = 0; i < count; i++) {
        if (acts[i].seq >= e->seq && acts[i].seq < e->until) {
            TRY(vault_erase_proposal(ctx, db, acts[i].seq, value));
        }
    }
    return ERR_OK;
}

enum err erase_value(struct ctx *ctx, struct gate *g, struct db *db, int64_t seq, struct str fact,
                     bool replay, struct erasure *ret)
{
    struct act_record record;
    bool found = false;
    bool done = false;
    struct str value = {0};
    *ret = (struct erasure){.seq = seq, .until = INT64_MAX, .fact = fact};
    bool was_behind = false;
    TRY(gate_act(ctx, g, db, seq, &record, &found));
    if (!found) {
        return ERR_OK;
    }
    /* What law was published before is done to the case as it stood then, with the value. */
    TRY(case_catch_up(ctx, g, db, record.case_id, &was_behind));
    if (was_behind) {
        TRY(case_caught_up(ctx, db, record.case_id));
    }
    ret->case_id = record.case_id;
    TRY(said_again(ctx, db, ret));
    TRY(gate_subject_forget(
        ctx, db,
        (struct gate_subject_forget_in){
            .case_id = record.case_id, .fact = fact, .from_seq = seq, .until = ret->until}));
    const struct json *said = json_get_str(&record.fields, fact);
    value = json_is(said, JSON_STRING) ? said->text : value;
    if (!replay) {
        TRY(vault_erase_value(ctx, db, seq, fact, &done));
    }
    if (done) {
        TRY(forget_documents(ctx, g, db, ret));
        TRY(forget_of_party(ctx, db, ret, json_text(&record.fields, "party.id"), value));
        TRY(forget_proposals(ctx, db, ret, value));
    }
    return ret->until == INT64_MAX ? forget_fact(ctx, db, record.case_id, fact) : ERR_OK;
}
