/* What the values of facts name: that it is there, that whoever acts may name it, and that it is of
 * the type and in the state which the act wants (`names`, `type`, `state`; docs/law-packs.md).
 *
 * It is asked here once, for every kind of act alike, so that no pack has to write it as a
 * condition, and none can forget it. Of what is another's is said no more than of what is not there
 * (form.subject); whoever may name it is told what it is instead (form.state).
 *
 * What a case is about is fixed when it opens (`subject` of the item): otherwise a permit asked for
 * one thing could be given for another. And one thing has one proceeding at a time: who asks to
 * renew a licence and to give it up asks for two things of which one undoes the other. */
#include "base/json.h"
#include "base/json_make.h"
#include "base/token.h"
#include "gate/gate_in.h"

/* What is known of something named. */
struct referred {
    bool there; /* and may be named by whoever acts */
    struct str type;
    struct str state;
};

/* ---- finding it ---- */

static enum err find_licence(struct ctx *ctx, struct gate *g, struct db *db,
                             const struct question *q, struct str id, struct referred *ret)
{
    struct json record;
    struct day until;
    bool found = false;
    TRY(register_find(ctx, g, db, STR("licence"), id, &record, &found));
    if (!found) {
        return ERR_OK;
    }
    struct str status = json_text(&record, "status");
    bool ended = day_parse(json_text(&record, "until"), &until) && until.n < q->day.n;
    *ret = (struct referred){
        .there = q->party.n == 0 || str_equal(json_text(&record, "party"), q->party),
        .type = json_text(&record, "type"),
        .state = ended && str_equal(status, STR("valid")) ? STR("expired") : status};
    return ERR_OK;
}

static enum err find_case(struct ctx *ctx, struct db *db, const struct question *q, struct str id,
                          struct referred *ret)
{
    struct gate_case_get_row row;
    bool found = false;
    TRY(gate_case_get(ctx, db, (struct gate_case_get_in){.id = id}, &row, &found));
    if (found) {
        bool party = q->draft->actor.kind == ACTOR_PARTY;
        *ret = (struct referred){!party || str_equal(row.party, q->party), row.item, row.status};
    }
    return ERR_OK;
}

/* A place in the ledger as people write it. */
static int64_t place_of(struct str text)
{
    int64_t seq = 0;
    return text.n > 0 && str_to_i64(text, &seq) && seq >= 0 ? seq : -1;
}

/* An act, or the document that it drew up, which is of the name by which packs know it. A party may
 * name those of its cases, and its own. */
static enum err find_act(struct ctx *ctx, struct gate *g, struct db *db, const struct question *q,
                         struct str id, bool document, struct referred *ret)
{
    struct act_record act;
    struct gate_case_get_row row;
    struct str html = {0};
    bool anew = false;
    bool found = false;
    bool in_case = false;
    TRY(gate_act(ctx, g, db, place_of(id), &act, &found));
    if (!found) {
        return ERR_OK;
    }
    TRY(gate_case_get(ctx, db, (struct gate_case_get_in){.id = act.case_id}, &row, &in_case));
    bool own = in_case ? str_equal(row.party, q->party) : str_equal(act.actor, q->draft->actor.id);
    *ret = (struct referred){.there = own || q->draft->actor.kind != ACTOR_PARTY, .type = act.kind};
    if (document) {
        const struct act_kind *kind = law_act(q->law, act.kind);
        TRY(gate_document(ctx, g, db, act.seq, STR("zh"), &html, &anew));
        ret->there = ret->there && html.n > 0;
        ret->type = kind == NULL ? STR("") : kind->draws;
    }
    return ERR_OK;
}

/* An agent, by an authority of the party that is registered and has not ended. */
static enum err find_authority(struct ctx *ctx, struct db *db, const struct question *q,
                               struct str id, struct referred *ret)
{
    size_t count = 0;
    const struct code_row *rows = law_code_rows(q->law_now, STR("relation"), &count);
    for (size_t i = 0; i < count && !ret->there; i++) {
        if (str_equal(rows[i].parent, STR("speaks"))) {
            TRY(people_relation_stands(ctx, db, id, q->party, rows[i].code, q->day, &ret->there));
            ret->type = rows[i].code;
        }
    }
    return ERR_OK;
}

static enum err find_person(struct ctx *ctx, struct db *db, const struct question *q, bool officer,
                            struct str id, struct referred *ret)
{
    TRY(people_kind(ctx, db, id, q->day, &ret->type));
    bool party = str_equal(ret->type, STR("person")) || str_equal(ret->type, STR("org"));
    ret->there = officer ? str_equal(ret->type, STR("officer")) : party;
    return ERR_OK;
}

static bool has_pack(const struct law *law, struct str code)
{
    size_t count = 0;
    const struct law_pack *packs = law_packs(law, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(packs[i].code, code)) {
            return true;
        }
    }
    return false;
}

static enum err find(struct ctx *ctx, struct gate *g, struct db *db, const struct question *q,
                     enum fact_names what, struct str id, struct referred *ret)
{
    *ret = (struct referred){0};
    switch (what) {
    case NAMES_NOTHING: ret->there = true; return ERR_OK;
    case NAMES_OFFICE: ret->there = law_office(q->law_now, id) != NULL; return ERR_OK;
    case NAMES_ITEM: ret->there = law_item(q->law_now, id) != NULL; return ERR_OK;
    case NAMES_PACK: ret->there = has_pack(q->law_now, id); return ERR_OK;
    case NAMES_CASE: return find_case(ctx, db, q, id, ret);
    case NAMES_LICENCE: return find_licence(ctx, g, db, q, id, ret);
    case NAMES_ACT: return find_act(ctx, g, db, q, id, false, ret);
    case NAMES_DOCUMENT: return find_act(ctx, g, db, q, id, true, ret);
    case NAMES_AUTHORITY: return find_authority(ctx, db, q, id, ret);
    case NAMES_OFFICER: return find_person(ctx, db, q, true, id, ret);
    case NAMES_PARTY: return find_person(ctx, db, q, false, id, ret);
    }
    return ERR_OK;
}

/* ---- judging it ---- */

static void refuse(struct ctx *ctx, struct question *q, const char *code, const struct fact *fact,
                   struct text2 said)
{
    if (q->misnamed.code == NULL) {
        q->misnamed = (struct misnamed){code, str_z(ctx->arena, fact->id)};
        q->misnamed_said = said;
    }
}

/* Of the type that the need wants; of a licence, that to which the item leads. */
static bool fits_type(const struct question *q, const struct need *need, struct str type)
{
    if (need->type_count > 0) {
        return str_in(type, need->types, need->type_count);
    }
    bool led = need->names == NAMES_LICENCE && q->item != NULL && q->item->licence != NULL;
    return !led || str_equal(type, q->item->licence->id);
}

static struct text2 state_text(struct ctx *ctx, const struct question *q, const struct need *need,
                               struct str state)
{
    struct str table = need->names == NAMES_LICENCE ? STR("licence-state") : STR("status");
    struct text2 title = law_code_title(q->law, table, state);
    struct str zh = title.zh.n > 0 ? title.zh : state;
    struct str en = title.en.n > 0 ? title.en : zh;
    return (struct text2){str_format(ctx->arena, "：%.*s", FMT(zh)),
                          str_format(ctx->arena, ": %.*s", FMT(en))};
}

static enum err look(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                     const struct need *need, struct str id)
{
    struct referred r;
    struct text2 none = {{0}, {0}};
    TRY(find(ctx, g, db, q, need->names, id, &r));
    if (!r.there || !fits_type(q, need, r.type)) {
        refuse(ctx, q, "form.subject", need->fact, none);
    } else if (need->state_count > 0 && !str_in(r.state, need->states, need->state_count)) {
        refuse(ctx, q, "form.state", need->fact, state_text(ctx, q, need, r.state));
    }
    return ERR_OK;
}

static enum err look_value(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                           const struct need *need, const struct json *v)
{
    size_t count = v->kind == JSON_ARRAY ? v->count : 1;
    for (size_t i = 0; i < count && q->misnamed.code == NULL; i++) {
        const struct json *one = v->kind == JSON_ARRAY ? &v->items[i] : v;
        struct str id = one->kind == JSON_STRING ? one->text : (struct str){0};
        if (one->kind == JSON_NUMBER && one->is_int) {
            id = str_format(ctx->arena, "%lld", (long long)one->int_value);
        }
        if (id.n > 0) {
            TRY(look(ctx, g, db, q, need, id));
        }
    }
    return ERR_OK;
}

enum err references_load(struct ctx *ctx, struct gate *g, struct db *db, struct question *q)
{
    const struct json *fields = &q->draft->fields;
    struct need_list needs = question_needs(q);
    for (size_t i = 0; i < fields->count; i++) {
        const struct need *need = need_of(&needs, fields->members[i].key);
        if (need != NULL && need->names != NAMES_NOTHING) {
            TRY(look_value(ctx, g, db, q, need, &fields->members[i].value));
        }
    }
    return ERR_OK;
}

/* ---- what the case is about ---- */

const struct json *subject_value(const struct question *q, const struct fact *fact)
{
    for (size_t i = 0; q->has_case && q->item != NULL && i < q->item->subject_count; i++) {
        if (q->item->subjects[i].fact == fact) {
            const struct json *v = json_get_str(&q->facts_before, fact->id);
            return v == NULL || v->kind == JSON_NULL ? NULL : v;
        }
    }
    return NULL;
}

/* What is named alike is the same thing, by whatever fact. */
static struct str kind_of(const struct fact *fact)
{
    return fact->names == NAMES_LICENCE ? STR("licence") : fact->id;
}

/* As it stands in the view of subjects; empty when the case says nothing of it, or what cannot be
 * written: a number beyond all, a text too long, which the check of the form refuses. */
static struct str key_of(struct ctx *ctx, const struct json *facts, const struct subject *s)
{
    const struct json *v = json_get_str(facts, s->fact->id);
    struct buf b = buf_new(ctx->arena, LIMIT_FIELD_BYTES);
    struct str text = {0};
    if (v == NULL || v->kind == JSON_STRING || v->kind == JSON_NULL) {
        return v != NULL && v->kind == JSON_STRING ? v->text : STR("");
    }
    if (json_write_canonical(ctx, &b, v) != ERR_OK || buf_done(ctx, &b, &text) != ERR_OK) {
        ctx->why = (struct why){0};
        return STR("");
    }
    return text;
}

static bool stands_beside(const struct subject *s, struct str item)
{
    for (size_t i = 0; i < s->beside_count; i++) {
        if (str_equal(s->beside[i]->id, item)) {
            return true;
        }
    }
    return false;
}

/* May cases of both items run side by side about one thing? Either says so. */
static bool may_both(const struct question *q, const struct subject *mine, struct str other)
{
    const struct item *item = law_item(q->law, other);
    bool may = stands_beside(mine, other);
    for (size_t i = 0; item != NULL && i < item->subject_count; i++) {
        may = may || (str_equal(kind_of(item->subjects[i].fact), kind_of(mine->fact)) &&
                      stands_beside(&item->subjects[i], q->item->id));
    }
    return may;
}

static enum err look_open(struct ctx *ctx, struct db *db, struct question *q,
                          const struct subject *s)
{
    struct gate_subject_open_row *rows = NULL;
    struct str key = key_of(ctx, &q->facts, s);
    size_t count = 0;
    if (key.n == 0) {
        return ERR_OK;
    }
    TRY(gate_subject_open(
        ctx, db,
        (struct gate_subject_open_in){.kind = kind_of(s->fact), .subject = key, .party = q->party},
        &rows, &count));
    for (size_t i = 0; i < count && q->open_case.n == 0; i++) {
        if (!may_both(q, s, rows[i].item)) {
            q->open_case = rows[i].case_id;
            q->open_item = rows[i].item;
            q->open_fact = s->fact->id;
        }
    }
    return ERR_OK;
}

static void hold_fixed(struct ctx *ctx, struct question *q, const struct subject *s)
{
    const struct json *then = subject_value(q, s->fact);
    const struct json *now = json_get_str(&q->draft->fields, s->fact->id);
    bool said =
        now != NULL && now->kind != JSON_NULL && !(now->kind == JSON_STRING && now->text.n == 0);
    if (then != NULL && said && !json_equal(then, now)) {
        struct str zh = law_value_text(ctx->arena, s->fact, then, false);
        struct str en = law_value_text(ctx->arena, s->fact, then, true);
        refuse(ctx, q, "form.subject_fixed", s->fact,
               (struct text2){str_format(ctx->arena, "：%.*s", FMT(zh)),
                              str_format(ctx->arena, ": %.*s", FMT(en))});
    }
}

enum err subjects_load(struct ctx *ctx, struct db *db, struct question *q)
{
    q->open_case = q->open_item = q->open_fact = (struct str){0};
    for (size_t i = 0; q->item != NULL && i < q->item->subject_count; i++) {
        if (q->kind->in_case == ACT_CASE_OPEN) {
            TRY(look_open(ctx, db, q, &q->item->subjects[i]));
        } else {
            hold_fixed(ctx, q, &q->item->subjects[i]);
        }
    }
    return ERR_OK;
}

enum err subjects_store(struct ctx *ctx, struct db *db, const struct question *q,
                        struct str case_id, int64_t seq)
{
    for (size_t i = 0; q->item != NULL && i < q->item->subject_count; i++) {
        const struct subject *s = &q->item->subjects[i];
        struct str key = key_of(ctx, &q->facts, s);
        if (key.n > 0) {
            TRY(gate_subject_put(ctx, db,
                                 (struct gate_subject_put_in){.kind = kind_of(s->fact),
                                                              .subject = key,
                                                              .case_id = case_id,
                                                              .seq = seq,
                                                              .fact = s->fact->id}));
        }
    }
    return ERR_OK;
}
