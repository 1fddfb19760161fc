/* An act once more, as replay asks it: the same question, checks and projection as when it was
 * recorded, with what was recorded standing in for what cannot be made again: salts, and whatever
 * rested on values erased since. The verdict is told and does not decide: the act stands in the
 * ledger, also where a newer gate would refuse it. */
#include "base/json_make.h"
#include "gate/again.h"
#include "gate/gate_in.h"

/* Is there enough of law and case to do the act in? What is missing here no program can have
 * admitted: the packs and the acts before it are not those it was judged by. */
static bool has_place(const struct question *q)
{
    if (q->kind == NULL || q->kind->in_case == ACT_CASE_NONE) {
        return q->kind != NULL;
    }
    bool known = q->item != NULL && q->item->procedure != NULL;
    return known && (q->kind->in_case == ACT_CASE_OPEN ? q->office != NULL
                                                       : q->has_case && q->state != NULL);
}

enum err gate_again(struct ctx *ctx, struct gate *g, struct db *db, const struct act_then *then,
                    struct act_again *ret)
{
    const struct vault_content *v = &then->content;
    struct recorded recorded = {
        .salts = &v->salts, .document = then->document, .exact = !then->erased_before};
    struct question q;
    struct admission a = {0};
    int form = LEAF_FORM;
    *ret = (struct act_again){0};
    TRY(leaf_form(ctx, then->leaf, &form));
    if (form >= 2) { /* begin.c says why not for an older one */
        TRY(law_begins(ctx, g, db, instant_day(v->at), true));
    }
    TRY(question_load(ctx, g, db, &v->draft, v->at, book_newest(g->book), &q));
    q.leaf_form = form;
    q.recorded = true;
    q.given_then = v->given;
    q.sources = v->sources;
    q.decided_then = then->erased_before ? v->decided : json_array();
    q.erased = v->erased;
    if (v->erased && v->has_proposal) { /* null, when it is gone itself: its commitment stands in */
        q.has_proposal = true;
        q.proposal.json = v->proposal;
        TRY(feel_from_json(ctx, &v->proposal, NULL, &q.proposal.value));
    }
    checks_run(ctx, &q, &ret->verdict);
    if (!has_place(&q)) {
        return fault(ctx, ERR_CORRUPT,
                     "act %lld cannot be replayed: there is no law or case it could stand in",
                     (long long)then->seq);
    }
    if (!ret->verdict.admitted) {
        question_slots(ctx, &q); /* the proposal, which checks that no longer ran had asked for */
    }
    TRY(admit_question(ctx, g, db, &q, &recorded, &a));
    g->last = v->at;
    ret->same_leaf = str_equal(a.text.leaf, then->leaf);
    ret->same_document = !a.redrawn;
    return ERR_OK;
}

struct law_book *gate_book(struct gate *g)
{
    return g->book;
}

enum err gate_entries(struct ctx *ctx, struct db *reader, int64_t seq, size_t max,
                      struct ledger_entry **ret, size_t *ret_count)
{
    struct gate_entry_range_row *rows = NULL;
    TRY(gate_entry_range(ctx, reader,
                         (struct gate_entry_range_in){.seq = seq, .count = (int64_t)max}, &rows,
                         ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct ledger_entry, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret)[i] = (struct ledger_entry){rows[i].seq, rows[i].leaf};
    }
    return ERR_OK;
}
