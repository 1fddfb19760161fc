/* What a draft says, brought to what is kept, before anything is judged.
 *
 * A draft comes as people and programs send it: a number in full width, an answer to a question
 * that was not asked of them. What is judged, hashed and projected is its settled form: every value
 * in its normal form (law/normal.c), and nothing that this act did not ask for (个人信息保护法6: no
 * more than the purpose needs). So the same rule holds for a page, for JSON and for an officer.
 *
 * What comes from elsewhere than who acts is filled in before anything is judged (source.c). The
 * filled value stands in the act, so that replay needs no register of a later day.
 *
 * A question is asked when its `when` holds over the other answers, of which some may fall away
 * with it: they are left out in turn until nothing changes. What is left out is not told to the
 * ledger, nor kept anywhere. The checks see the draft with it first, so that a pack can refuse an
 * answer that contradicts another; and once more without.
 *
 * Only new drafts are settled. What stands in the ledger was, or is older than this, and is taken
 * as it stands. */
#include "base/json_make.h"
#include "gate/gate_in.h"

struct need_list question_needs(const struct question *q)
{
    struct need_list n = {{q->kind->fields, NULL, NULL}, {q->kind->field_count, 0, 0}};
    if (q->kind->fields_from_need && q->item != NULL) {
        n.list[1] = q->item->facts;
        n.count[1] = q->item->fact_count;
        n.list[2] = q->item->materials;
        n.count[2] = q->item->material_count;
    }
    return n;
}

const struct need *need_of(const struct need_list *n, struct str fact)
{
    for (size_t k = 0; k < LEN(n->list); k++) {
        for (size_t i = 0; i < n->count[k]; i++) {
            if (str_equal(n->list[k][i].fact->id, fact)) {
                return &n->list[k][i];
            }
        }
    }
    return NULL;
}

void question_say(struct ctx *ctx, struct question *q, const struct json *fields)
{
    struct draft *d = ARENA_NEW(ctx->arena, struct draft);
    *d = *q->draft;
    d->fields = *fields;
    q->draft = d;
    q->facts = merged_facts(ctx->arena, &q->facts_before, fields);
    q->has_slots = false;
    q->has_proposal = false;
}

static bool set_normal(struct ctx *ctx, struct question *q, const struct need_list *needs)
{
    const struct json *fields = &q->draft->fields;
    struct json out = json_object();
    bool other = false;
    for (size_t i = 0; i < fields->count; i++) {
        const struct json_member *m = &fields->members[i];
        const struct need *need = need_of(needs, m->key);
        struct json normal = m->value;
        if (need != NULL && law_fact_normal(ctx->arena, need->fact, &m->value, &normal)) {
            other = true;
        } else {
            normal = m->value;
        }
        json_set(ctx->arena, &out, m->key, normal);
    }
    if (other) {
        question_say(ctx, q, &out);
    }
    return other;
}

/* Leave out what was answered and is not asked, once. */
static bool leave_out(struct ctx *ctx, struct question *q, const struct need_list *needs)
{
    const struct json *fields = &q->draft->fields;
    struct json out = json_object();
    for (size_t i = 0; i < fields->count; i++) {
        const struct json_member *m = &fields->members[i];
        const struct need *need = need_of(needs, m->key);
        bool asked = need == NULL || need->when == NULL || question_holds(ctx, q, need->when);
        if (asked) {
            json_set(ctx->arena, &out, m->key, m->value);
        }
    }
    bool other = out.count < fields->count;
    if (other) {
        question_say(ctx, q, &out);
    }
    return other;
}

static enum err load_anew(struct ctx *ctx, struct gate *g, struct db *db, struct question *q)
{
    q->misnamed = (struct misnamed){0};
    q->misnamed_said = (struct text2){{0}, {0}};
    TRY(load_people(ctx, g, db, q));
    TRY(registers_load(ctx, g, db, q));
    return load_names(ctx, g, db, q);
}

enum err question_judge(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                        struct verdict *ret)
{
    const struct json *fields = &q->draft->fields;
    if (q->kind == NULL || fields->kind != JSON_OBJECT || fields->count > LIMIT_ACT_FIELDS) {
        checks_run(ctx, q, ret);
        return ERR_OK;
    }
    struct need_list needs = question_needs(q);
    if (set_normal(ctx, q, &needs)) {
        TRY(load_anew(ctx, g, db, q));
    }
    bool filled = false;
    TRY(sources_settle(ctx, g, db, q, &needs, &filled));
    if (filled) {
        struct misnamed foreign = q->misnamed;
        TRY(load_anew(ctx, g, db, q));
        q->misnamed = q->misnamed.code == NULL ? foreign : q->misnamed;
    }
    if (derive_fields(ctx, q, &needs)) {
        TRY(load_anew(ctx, g, db, q));
    }
    checks_run(ctx, q, ret);
    bool other = false;
    for (size_t i = 0; ret->admitted && i <= fields->count && leave_out(ctx, q, &needs); i++) {
        other = true;
    }
    if (other) {
        TRY(load_anew(ctx, g, db, q));
        checks_run(ctx, q, ret);
    }
    sources_keep(ctx, q);
    return ERR_OK;
}
