/* Whence each value comes, and that it is what its source says.
 *
 * A value is stated by who acts; or the case was opened about it; or a register of this node holds
 * it; or it is derived, by an expression of the pack, from what registers, record, calendar and
 * offices say. What is not stated is asked of nobody: it is filled in where the draft is silent,
 * and a draft that says another thing is refused (form.held), for a permit that rests on a last day
 * which the applicant wrote down rests on nothing.
 *
 * The act keeps of each such value where it was taken from, by the place in the ledger of what says
 * it, so that whoever reads the act in ten years need not ask what the register said then, and
 * replay asks no register of a later day. A value without an entry was stated by who acted. No
 * value stands in the entry, only names and places: erasing a value leaves nothing of it here.
 * Acts from before form 3 of leaves keep no sources (act.c). */
#include "base/json.h"
#include "base/json_make.h"
#include "gate/consent.h"
#include "gate/gate_in.h"

/* A value as its source says it. */
struct sourced {
    const struct json *value; /* NULL: the source says nothing */
    struct json entry;        /* what the act keeps of it */
    bool derived;
};

static bool is_silent(const struct json *v)
{
    return v == NULL || v->kind == JSON_NULL || (v->kind == JSON_STRING && v->text.n == 0);
}

/* What stands in a register may be older than normal forms. */
static const struct json *in_normal_form(struct ctx *ctx, const struct fact *fact,
                                         const struct json *value)
{
    struct json normal;
    if (value == NULL || !law_fact_normal(ctx->arena, fact, value, &normal)) {
        return value;
    }
    struct json *kept = ARENA_NEW(ctx->arena, struct json);
    *kept = normal;
    return kept;
}

static void set(struct ctx *ctx, struct json *o, const char *name, struct str value)
{
    json_set(ctx->arena, o, str_from(name), json_of_str(value));
}

/* ---- the three sources ---- */

static void of_case(struct ctx *ctx, const struct question *q, const struct need *need,
                    struct sourced *ret)
{
    ret->value = subject_value(q, need->fact);
    ret->entry = json_object();
    set(ctx, &ret->entry, "from", STR("case"));
}

/* What is another's is not named; what no register knows may be older than it, and is as stated. */
static void note_foreign(struct ctx *ctx, struct question *q, const struct fact *fact)
{
    if (fact->held_by != NULL && str_equal(q->foreign, fact->held_register) &&
        q->misnamed.code == NULL) {
        q->misnamed = (struct misnamed){"form.subject", str_z(ctx->arena, fact->held_by->id)};
    }
}

/* Of a party only what the act or item expects from its register: the same fact may be asked about
 * somebody else. */
static void of_register(struct ctx *ctx, struct question *q, const struct need *need,
                        struct sourced *ret)
{
    const struct fact *fact = need->fact;
    if (!fact->held || (fact->held_by == NULL && !need->from_register)) {
        return;
    }
    ret->value = in_normal_form(ctx, fact, register_value(q, fact));
    if (ret->value == NULL) {
        note_foreign(ctx, q, fact);
        return;
    }
    const struct json *record = json_get_str(&q->registers, fact->held_register);
    ret->entry = json_object();
    set(ctx, &ret->entry, "from", STR("held"));
    set(ctx, &ret->entry, "register", fact->held_register);
    if (fact->held_by != NULL) {
        set(ctx, &ret->entry, "by", fact->held_by->id);
    }
    const struct json *seq = json_get(record, "seq");
    if (json_is(seq, JSON_NUMBER)) {
        json_set(ctx->arena, &ret->entry, STR("seq"), *seq);
    }
}

/* What follows by the pack's expression; nothing when that is null, or no value of the fact. */
static void of_derivation(struct ctx *ctx, struct question *q, const struct need *need,
                          struct sourced *ret)
{
    struct feel_value v;
    bool asked = need->when == NULL || question_holds(ctx, q, need->when);
    if (!asked || !question_value(ctx, q, need->follows, &v) || v.kind == FEEL_NULL) {
        return;
    }
    struct json *value = ARENA_NEW(ctx->arena, struct json);
    struct ctx quiet = *ctx;
    *value = feel_to_json(ctx, v);
    if (law_fact_check(&quiet, need->fact, value) != ERR_OK) {
        return;
    }
    ret->value = in_normal_form(ctx, need->fact, value);
    ret->derived = true;
    ret->entry = json_object();
    set(ctx, &ret->entry, "from", STR("derived"));
    set(ctx, &ret->entry, "article", need->follows_article.text);
}

static void look(struct ctx *ctx, struct question *q, const struct need *need, struct sourced *ret)
{
    *ret = (struct sourced){0};
    of_case(ctx, q, need, ret);
    if (ret->value == NULL) {
        of_register(ctx, q, need, ret);
    }
    if (ret->value == NULL && need->follows != NULL) {
        of_derivation(ctx, q, need, ret);
    }
}

/* ---- settling ---- */

/* Since which day the source says so: that of the act it stands in; -1 when there is none. */
static enum err since(struct ctx *ctx, struct gate *g, struct db *db, const struct json *entry,
                      struct day *ret)
{
    struct act_record act;
    int64_t seq = json_int(entry, "seq", -1);
    bool found = false;
    *ret = (struct day){-1};
    if (seq >= 0) {
        TRY(gate_act(ctx, g, db, seq, &act, &found));
        *ret = found ? instant_day(act.at) : *ret;
    }
    return ERR_OK;
}

static enum err settle_one(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                           const struct need *need, bool *ret_other)
{
    struct sourced s;
    struct str id = need->fact->id;
    const struct json *said = json_get_str(&q->draft->fields, id);
    look(ctx, q, need, &s);
    if (s.value == NULL) {
        return ERR_OK;
    }
    if (is_silent(said)) {
        struct json fields = json_object();
        for (size_t i = 0; i < q->draft->fields.count; i++) {
            const struct json_member *m = &q->draft->fields.members[i];
            json_set(ctx->arena, &fields, m->key, m->value);
        }
        json_set(ctx->arena, &fields, id, *s.value);
        question_say(ctx, q, &fields);
        *ret_other = true;
    } else if (!json_equal(said, s.value)) {
        if (q->held_fact.n == 0 && subject_value(q, need->fact) == NULL) {
            q->held_fact = id; /* of a subject check_form says more: form.subject_fixed */
            q->held_value = *s.value;
            q->held_derived = s.derived;
            return since(ctx, g, db, &s.entry, &q->held_since);
        }
        return ERR_OK;
    }
    json_set(ctx->arena, &q->sources, id, s.entry);
    return ERR_OK;
}

enum err sources_settle(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                        const struct need_list *needs, bool *ret_other)
{
    *ret_other = false;
    if (!law_holds_drafts(q->law)) {
        return ERR_OK;
    }
    for (int derived = 0; derived < 2; derived++) { /* these may rest on what registers hold */
        for (size_t k = 0; k < LEN(needs->list); k++) {
            for (size_t i = 0; i < needs->count[k]; i++) {
                const struct need *need = &needs->list[k][i];
                if ((need->follows != NULL) == (derived == 1)) {
                    TRY(settle_one(ctx, g, db, q, need, ret_other));
                }
            }
        }
    }
    return ERR_OK;
}

void sources_keep(struct ctx *ctx, struct question *q)
{
    struct json kept = json_object();
    for (size_t i = 0; i < q->sources.count; i++) {
        const struct json_member *m = &q->sources.members[i];
        if (json_get_str(&q->draft->fields, m->key) != NULL) {
            json_set(ctx->arena, &kept, m->key, m->value);
        }
    }
    q->sources = kept;
}

enum err gate_sourced(struct ctx *ctx, struct gate *g, struct db *reader, const struct draft *draft,
                      struct json *ret_fields, struct json *ret_sources)
{
    struct question q;
    bool filled = false;
    *ret_fields = draft->fields;
    *ret_sources = json_object();
    TRY(question_load(ctx, g, reader, draft, g->world->now(g->world), book_visible(g->book), &q));
    if (q.kind == NULL) {
        return ERR_OK;
    }
    struct need_list needs = question_needs(&q);
    TRY(sources_settle(ctx, g, reader, &q, &needs, &filled));
    *ret_fields = q.draft->fields;
    for (size_t i = 0; i < q.sources.count; i++) {
        struct json entry = q.sources.members[i].value;
        struct day day;
        TRY(since(ctx, g, reader, &entry, &day));
        if (day.n >= 0) {
            json_set(ctx->arena, &entry, STR("day"), json_of_str(day_text(ctx->arena, day)));
        }
        json_set(ctx->arena, ret_sources, q.sources.members[i].key, entry);
    }
    return ERR_OK;
}
