/* What a FEEL expression of a pack sees of a question. */
#include "base/json_make.h"
#include "base/token.h"
#include "gate/gate_in.h"

/* One level of nesting by the first dot: fact ids are subject.name, and a name holds no dot. */
struct feel_value nested_context(struct ctx *ctx, const struct law *law, const struct json *flat)
{
    struct json tree = json_object();
    for (size_t i = 0; i < flat->count; i++) {
        struct str name = {0};
        struct str subject = str_cut(flat->members[i].key, '.', &name);
        if (name.n == 0) {
            continue;
        }
        const struct json *there = json_get_str(&tree, subject);
        struct json inner = there == NULL ? json_object() : *there;
        json_set(ctx->arena, &inner, name, flat->members[i].value);
        json_set(ctx->arena, &tree, subject, inner);
    }
    struct feel_entry *entries = ARENA_ARRAY(ctx->arena, struct feel_entry, tree.count + 1);
    for (size_t i = 0; i < tree.count; i++) {
        const struct json *inner = &tree.members[i].value;
        struct feel_entry *values = ARENA_ARRAY(ctx->arena, struct feel_entry, inner->count + 1);
        for (size_t k = 0; k < inner->count; k++) {
            struct str id = str_format(ctx->arena, "%.*s.%.*s", FMT(tree.members[i].key),
                                       FMT(inner->members[k].key));
            const struct fact *fact = law_fact(law, id);
            static const struct feel_type date = {.kind = FEEL_TYPE_DATE};
            bool is_date = fact != NULL && fact->type == FACT_DATE;
            values[k].key = inner->members[k].key;
            if (feel_from_json(ctx, &inner->members[k].value, is_date ? &date : NULL,
                               &values[k].value) != ERR_OK) {
                values[k].value = feel_null();
            }
        }
        entries[i] = (struct feel_entry){tree.members[i].key, feel_context(values, inner->count)};
    }
    return feel_context(entries, tree.count);
}

struct feel_value kinds_done(struct ctx *ctx, const struct gate_done_in_case_row *done,
                             size_t count)
{
    struct feel_value *kinds = ARENA_ARRAY(ctx->arena, struct feel_value, count + 1);
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < i && !str_equal(done[k].kind, done[i].kind)) {
            k++;
        }
        if (k == i) {
            kinds[n++] = feel_string(done[i].kind);
        }
    }
    return feel_list(kinds, n);
}

static struct feel_value case_context(struct ctx *ctx, const struct question *q)
{
    struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, 9);
    size_t n = 0;
    e[n++] = (struct feel_entry){STR("done"), kinds_done(ctx, q->done, q->done_count)};
    struct day opened = q->has_case ? (struct day){(int32_t)q->row.opened_day} : q->day;
    e[n++] = (struct feel_entry){STR("status"), feel_string(q->has_case ? q->row.status : STR(""))};
    e[n++] = (struct feel_entry){STR("opened"), feel_date(opened)};
    e[n++] = (struct feel_entry){STR("today"), feel_date(q->day)};
    e[n++] = (struct feel_entry){
        STR("now"), feel_date_time(ctx->arena, q->at, (int32_t)(OFFICIAL_OFFSET_MS / 1000))};
    e[n++] = (struct feel_entry){STR("item"), feel_string(q->item == NULL ? STR("") : q->item->id)};
    e[n++] = (struct feel_entry){STR("office"),
                                 feel_string(q->office == NULL ? STR("") : q->office->id)};
    e[n++] = (struct feel_entry){STR("actor"), feel_string(q->draft->actor.id)};
    e[n++] = (struct feel_entry){STR("id"), feel_string(q->draft->case_id)};
    return feel_context(e, n);
}

/* Days of records are written as texts, like those of facts. */
static struct feel_value record_value(struct ctx *ctx, const struct json *v)
{
    static const struct feel_type date = {.kind = FEEL_TYPE_DATE};
    struct feel_value out = feel_null();
    struct day d;
    bool is_date = v->kind == JSON_STRING && day_parse(v->text, &d);
    return feel_from_json(ctx, v, is_date ? &date : NULL, &out) == ERR_OK ? out : feel_null();
}

static struct feel_value register_context(struct ctx *ctx, const struct question *q)
{
    const struct json *all = &q->registers;
    struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, all->count + 1);
    for (size_t i = 0; i < all->count; i++) {
        const struct json *record = &all->members[i].value;
        struct feel_entry *values = ARENA_ARRAY(ctx->arena, struct feel_entry, record->count + 1);
        for (size_t k = 0; k < record->count; k++) {
            values[k] = (struct feel_entry){record->members[k].key,
                                            record_value(ctx, &record->members[k].value)};
        }
        e[i] = (struct feel_entry){all->members[i].key, feel_context(values, record->count)};
    }
    return feel_context(e, all->count);
}

/* ---- what the law of the day says of offices and days ---- */

static struct feel_value above_value(struct arena *a, const struct office *o)
{
    size_t n = 0;
    for (const struct office *x = o->parent; x != NULL; x = x->parent) {
        n++;
    }
    struct feel_value *ids = ARENA_ARRAY(a, struct feel_value, n + 1);
    n = 0;
    for (const struct office *x = o->parent; x != NULL; x = x->parent) {
        ids[n++] = feel_string(x->id);
    }
    return feel_list(ids, n);
}

static struct feel_value offices_value(struct ctx *ctx, const struct law *law)
{
    struct arena *a = ctx->arena;
    size_t count = 0;
    const struct office *offices = law_offices(law, &count);
    struct feel_value *out = ARENA_ARRAY(a, struct feel_value, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct office *o = &offices[i];
        struct feel_entry *e = ARENA_ARRAY(a, struct feel_entry, 8);
        size_t n = 0;
        e[n++] = (struct feel_entry){STR("id"), feel_string(o->id)};
        e[n++] = (struct feel_entry){STR("title"), feel_string(o->title.zh)};
        e[n++] = (struct feel_entry){STR("place"), feel_string(o->place)};
        e[n++] = (struct feel_entry){STR("level"), feel_string(o->level)};
        e[n++] = (struct feel_entry){STR("kind"), feel_string(o->kind)};
        e[n++] = (struct feel_entry){STR("organisation"), feel_bool(o->organisation)};
        e[n++] = (struct feel_entry){STR("parent"),
                                     o->parent == NULL ? feel_null() : feel_string(o->parent->id)};
        e[n++] = (struct feel_entry){STR("above"), above_value(a, o)};
        out[i] = feel_context(e, n);
    }
    return feel_list(out, count);
}

static struct feel_value days_value(struct ctx *ctx, const struct law *law, bool works)
{
    size_t count = 0;
    const struct day *days = law_days_named(law, ctx->arena, works, &count);
    struct feel_value *out = ARENA_ARRAY(ctx->arena, struct feel_value, count + 1);
    for (size_t i = 0; i < count; i++) {
        out[i] = feel_date(days[i]);
    }
    return feel_list(out, count);
}

/* The working days after today, in order: the tenth of them is the last day of ten working days
 * that begin today. */
static struct feel_value ahead_value(struct ctx *ctx, const struct question *q)
{
    enum { AHEAD = 90 };
    struct feel_value *out = ARENA_ARRAY(ctx->arena, struct feel_value, AHEAD);
    struct day d = q->day;
    bool known = false;
    for (size_t n = 0; n < AHEAD;) {
        d = day_add(d, 1);
        if (law_is_workday(q->law_now, d, &known)) {
            out[n++] = feel_date(d);
        }
    }
    return feel_list(out, AHEAD);
}

static struct feel_value calendar_value(struct ctx *ctx, const struct question *q)
{
    bool known = false;
    struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, 4);
    e[0] = (struct feel_entry){STR("off"), days_value(ctx, q->law_now, false)};
    e[1] = (struct feel_entry){STR("work"), days_value(ctx, q->law_now, true)};
    e[2] =
        (struct feel_entry){STR("workday"), feel_bool(law_is_workday(q->law_now, q->day, &known))};
    e[3] = (struct feel_entry){STR("ahead"), ahead_value(ctx, q)};
    return feel_context(e, 4);
}

const struct feel_value *question_slots(struct ctx *ctx, struct question *q)
{
    if (q->has_slots) {
        return q->slots;
    }
    q->has_slots = true;
    q->slots[LAW_SLOT_ACT] = feel_string(q->draft->kind);
    q->slots[LAW_SLOT_FIELDS] = nested_context(ctx, q->law, &q->draft->fields);
    q->slots[LAW_SLOT_FACTS] = nested_context(ctx, q->law, &q->facts);
    q->slots[LAW_SLOT_CASE] = case_context(ctx, q);
    bool wants = q->item != NULL && q->item->model != NULL && !q->has_proposal && !q->erased;
    if (wants && gate_propose(ctx, q->law, q->item, &q->facts, q->at, &q->proposal) == ERR_OK) {
        q->has_proposal = true;
    }
    q->slots[LAW_SLOT_PROPOSAL] = q->has_proposal ? q->proposal.value : feel_context(NULL, 0);
    q->slots[LAW_SLOT_REGISTER] = register_context(ctx, q);
    q->slots[LAW_SLOT_RECORD] = q->record;
    q->slots[LAW_SLOT_OFFICES] =
        question_asks(q, LAW_SLOT_OFFICES) ? offices_value(ctx, q->law_now) : feel_list(NULL, 0);
    q->slots[LAW_SLOT_CALENDAR] =
        question_asks(q, LAW_SLOT_CALENDAR) ? calendar_value(ctx, q) : feel_context(NULL, 0);
    return q->slots;
}

bool question_value(struct ctx *ctx, struct question *q, const struct feel_program *program,
                    struct feel_value *ret)
{
    struct feel_env env = {.slots = question_slots(ctx, q),
                           .now = q->at,
                           .now_offset_s = (int32_t)(OFFICIAL_OFFSET_MS / 1000)};
    return feel_eval(ctx, program, &env, ret) == ERR_OK;
}

bool question_holds(struct ctx *ctx, struct question *q, const struct feel_program *program)
{
    struct feel_value v;
    return question_value(ctx, q, program, &v) && feel_is_true(v);
}

enum err gate_propose(struct ctx *ctx, const struct law *law, const struct item *item,
                      const struct json *facts, struct instant now, struct proposal *ret)
{
    *ret = (struct proposal){0};
    ret->json = json_object();
    if (item->model == NULL) {
        return ERR_OK;
    }
    struct feel_value inputs = nested_context(ctx, law, facts);
    TRY(dmn_evaluate(ctx, item->model, item->decision, inputs, now, &ret->result));
    ret->value = ret->result.value;
    ret->json = feel_to_json(ctx, ret->value);
    return ERR_OK;
}
