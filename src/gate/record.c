/* What a condition of law sees of the record: what was done in the case and when, how its clocks
 * stand, what its facts were before this act, whom the act names, and the other cases of the party.
 *
 * It is read before the checks run, and only for acts whose conditions ask for it: most need no
 * more than the facts of the case, which stand in one row, while this takes a row of the vault for
 * each act. In replay the same rows hold what they held then. A value that was erased since is
 * null, like one that was never said. The other cases are bounded, the newest first: a condition
 * asks whether somebody was fined for the same deed, not for a statistic. */
#include "gate/gate_in.h"

#include "base/json.h"
#include "feel/shape.h"

/* The slots of law_scope that a program reads, as bits. */
static unsigned slots_of(const struct feel_program *program)
{
    unsigned bits = 0;
    for (unsigned slot = 0; program != NULL && slot < LAW_SLOT_COUNT; slot++) {
        bits |= feel_uses(program, slot) ? 1u << slot : 0;
    }
    return bits;
}

static unsigned slots_of_needs(const struct question *q)
{
    struct need_list needs = question_needs(q);
    unsigned bits = 0;
    for (size_t k = 0; k < LEN(needs.list); k++) {
        for (size_t i = 0; i < needs.count[k]; i++) {
            bits |= slots_of(needs.list[k][i].when) | slots_of(needs.list[k][i].derived) |
                    slots_of(needs.list[k][i].follows);
        }
    }
    return bits;
}

void question_note_slots(struct question *q)
{
    const struct act_kind *kind = q->kind;
    q->asks = kind == NULL ? 0 : slots_of(kind->bounds_allow) | slots_of_needs(q);
    for (size_t i = 0; kind != NULL && i < kind->condition_count; i++) {
        q->asks |= slots_of(kind->conditions[i].when);
    }
    for (size_t i = 0; kind != NULL && i < kind->limit_count; i++) {
        q->asks |= slots_of(kind->limits[i].when);
    }
    bool fills = kind != NULL && kind->fields_from_need && q->item != NULL;
    for (size_t i = 0; fills && i < q->item->condition_count; i++) {
        q->asks |= slots_of(q->item->conditions[i].when);
    }
}

bool question_asks(const struct question *q, enum law_slot slot)
{
    return (q->asks & 1u << slot) != 0;
}

/* ---- acts ---- */

/* Who of flesh and blood did it: an officer's account is not somebody else by being another. */
static enum err person_of(struct ctx *ctx, struct db *db, struct str actor, struct day day,
                          struct str *ret)
{
    struct actor_record r;
    bool found = false;
    TRY(people_find(ctx, db, actor, day, &r, &found));
    *ret = found && r.person.n > 0 ? r.person : actor;
    return ERR_OK;
}

static enum err act_value(struct ctx *ctx, struct db *db, const struct question *q,
                          const struct gate_act_of_case_row *row, int64_t n, struct feel_value *ret)
{
    struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, 8);
    struct str text = {0};
    struct str person = {0};
    struct vault_content v;
    bool found = false;
    size_t count = 0;
    TRY(vault_find(ctx, db, row->seq, &text, &found));
    if (!found) {
        return fault(ctx, ERR_CORRUPT, "the vault lacks act %lld", (long long)row->seq);
    }
    TRY(vault_read(ctx, text, &v));
    struct day day = instant_day(v.at);
    TRY(person_of(ctx, db, v.draft.actor.id, day, &person));
    e[count++] = (struct feel_entry){STR("n"), feel_int(n)};
    e[count++] = (struct feel_entry){STR("act"), feel_string(row->kind)};
    e[count++] = (struct feel_entry){STR("day"), feel_date(day)};
    e[count++] = (struct feel_entry){
        STR("at"), feel_date_time(ctx->arena, v.at, (int32_t)(OFFICIAL_OFFSET_MS / 1000))};
    e[count++] = (struct feel_entry){STR("by"), feel_string(v.draft.actor.id)};
    e[count++] = (struct feel_entry){STR("person"), feel_string(person)};
    e[count++] = (struct feel_entry){STR("fields"), nested_context(ctx, q->law, &v.draft.fields)};
    e[count++] = (struct feel_entry){STR("served"), service_day(q, row->seq, day)};
    *ret = feel_context(e, count);
    return ERR_OK;
}

static enum err load_acts(struct ctx *ctx, struct db *db, const struct question *q,
                          struct feel_value *ret)
{
    struct gate_act_of_case_row *rows = NULL;
    size_t count = 0;
    if (q->has_case) {
        TRY(gate_act_of_case(
            ctx, db, (struct gate_act_of_case_in){.case_id = q->row.id, .count = LIMIT_CASE_ACTS},
            &rows, &count));
    }
    struct feel_value *acts = ARENA_ARRAY(ctx->arena, struct feel_value, count + 1);
    for (size_t i = 0; i < count; i++) {
        TRY(act_value(ctx, db, q, &rows[i], (int64_t)i + 1, &acts[i]));
    }
    *ret = feel_list(acts, count);
    return ERR_OK;
}

/* ---- clocks ---- */

static struct feel_value day_or_null(int64_t day)
{
    return day < 0 ? feel_null() : feel_date((struct day){(int32_t)day});
}

static struct feel_value clocks_value(struct ctx *ctx, const struct question *q)
{
    struct feel_value *out = ARENA_ARRAY(ctx->arena, struct feel_value, q->clock_count + 1);
    for (size_t i = 0; i < q->clock_count; i++) {
        const struct clock_row *c = &q->clocks[i];
        struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, 5);
        e[0] = (struct feel_entry){STR("limit"), feel_string(c->row.limit_id)};
        e[1] = (struct feel_entry){STR("begun"), day_or_null(c->row.started_day)};
        e[2] = (struct feel_entry){STR("last"), day_or_null(c->row.due_day)};
        e[3] = (struct feel_entry){STR("ended"), day_or_null(c->row.ended_day)};
        e[4] = (struct feel_entry){STR("stopped"), day_or_null(c->row.stopped_day)};
        out[i] = feel_context(e, 5);
    }
    return feel_list(out, q->clock_count);
}

/* ---- other cases of the party ---- */

static enum err case_value(struct ctx *ctx, struct db *db, const struct question *q,
                           const struct gate_case_of_party_row *row, struct feel_value *ret)
{
    struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, 8);
    struct json facts;
    struct gate_done_in_case_row *done = NULL;
    size_t done_count = 0;
    size_t n = 0;
    TRY(json_parse(ctx, row->facts, STR("facts of a case"), &facts));
    TRY(gate_done_in_case(ctx, db, (struct gate_done_in_case_in){.case_id = row->id}, &done,
                          &done_count));
    e[n++] = (struct feel_entry){STR("id"), feel_string(row->id)};
    e[n++] = (struct feel_entry){STR("item"), feel_string(row->item)};
    e[n++] = (struct feel_entry){STR("office"), feel_string(row->office)};
    e[n++] = (struct feel_entry){STR("status"), feel_string(row->status)};
    e[n++] = (struct feel_entry){STR("opened"), day_or_null(row->opened_day)};
    e[n++] = (struct feel_entry){STR("closed"), feel_bool(row->closed != 0)};
    e[n++] = (struct feel_entry){STR("done"), kinds_done(ctx, done, done_count)};
    e[n++] = (struct feel_entry){STR("facts"), nested_context(ctx, q->law, &facts)};
    *ret = feel_context(e, n);
    return ERR_OK;
}

static enum err load_others(struct ctx *ctx, struct db *db, const struct question *q,
                            struct feel_value *ret)
{
    struct gate_case_of_party_row *rows = NULL;
    size_t count = 0;
    if (q->party.n > 0) {
        struct gate_case_of_party_in in = {.party = q->party,
                                           .but = q->has_case ? q->row.id : STR(""),
                                           .count = LIMIT_RECORD_CASES};
        TRY(gate_case_of_party(ctx, db, in, &rows, &count));
    }
    struct feel_value *out = ARENA_ARRAY(ctx->arena, struct feel_value, count + 1);
    for (size_t i = 0; i < count; i++) {
        TRY(case_value(ctx, db, q, &rows[i], &out[i]));
    }
    *ret = feel_list(out, count);
    return ERR_OK;
}

/* ---- whom the act names ---- */

static enum err named_value(struct ctx *ctx, struct db *db, const struct question *q,
                            const struct fact *fact, struct str id, struct feel_value *ret)
{
    struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, 7);
    struct actor_record r = {0};
    bool found = false;
    struct str conflict = {0};
    TRY(people_find(ctx, db, id, q->day, &r, &found));
    if (found && fact->names == NAMES_OFFICER) {
        TRY(conflict_of(ctx, db, q, id, r.person, &conflict));
    }
    e[0] = (struct feel_entry){STR("fact"), feel_string(fact->id)};
    e[1] = (struct feel_entry){STR("id"), feel_string(id)};
    e[2] = (struct feel_entry){STR("kind"), feel_string(found ? r.kind : STR(""))};
    e[3] = (struct feel_entry){STR("office"), feel_string(found ? r.office : STR(""))};
    e[4] = (struct feel_entry){STR("person"), feel_string(found && r.person.n > 0 ? r.person : id)};
    e[5] =
        (struct feel_entry){STR("conflict"), conflict.n > 0 ? feel_string(conflict) : feel_null()};
    e[6] = (struct feel_entry){STR("party"), feel_bool(q->party.n > 0 && str_equal(id, q->party))};
    *ret = feel_context(e, 7);
    return ERR_OK;
}

/* Officers and parties in the fields of this act that name such, each with who they are today. */
static enum err load_named(struct ctx *ctx, struct db *db, const struct question *q,
                           struct feel_value *ret)
{
    const struct json *fields = &q->draft->fields;
    struct feel_value *out = ARENA_ARRAY(ctx->arena, struct feel_value, LIMIT_RECORD_NAMED);
    size_t n = 0;
    for (size_t i = 0; i < fields->count; i++) {
        const struct json *v = &fields->members[i].value;
        const struct fact *fact = law_fact(q->law, fields->members[i].key);
        bool names = fact != NULL && (fact->names == NAMES_OFFICER || fact->names == NAMES_PARTY);
        size_t count = !names ? 0 : v->kind == JSON_ARRAY ? v->count : 1;
        for (size_t k = 0; k < count && n < LIMIT_RECORD_NAMED; k++) {
            struct str id = v->kind == JSON_ARRAY ? v->items[k].text : v->text;
            TRY(named_value(ctx, db, q, fact, id, &out[n++]));
        }
    }
    *ret = feel_list(out, n);
    return ERR_OK;
}

enum err record_load(struct ctx *ctx, struct db *db, struct question *q)
{
    q->record = feel_context(NULL, 0);
    if (!question_asks(q, LAW_SLOT_RECORD)) {
        return ERR_OK;
    }
    struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, 6);
    e[0] = (struct feel_entry){STR("before"), nested_context(ctx, q->law, &q->facts_before)};
    e[1].key = STR("acts");
    TRY(load_acts(ctx, db, q, &e[1].value));
    e[2] = (struct feel_entry){STR("clocks"), clocks_value(ctx, q)};
    e[3].key = STR("others");
    TRY(load_others(ctx, db, q, &e[3].value));
    e[4].key = STR("named");
    TRY(load_named(ctx, db, q, &e[4].value));
    e[5] = (struct feel_entry){STR("papers"), papers_value(ctx, q)};
    q->record = feel_context(e, 6);
    return ERR_OK;
}
