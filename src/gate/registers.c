/* What rooms hold of what an act names: records asked for before the checks run.
 *
 * The gate stands below the rooms that keep registers, so a room offers its own by a row, as it
 * offers effects, and the gate knows it by name. Which record is meant a fact says (a licence by
 * its number), or it is that of the party whose act it is. A record is read as it stands when the
 * act is asked about; in replay the views hold what they held then, so the same is read again. */
#include "base/json_make.h"
#include "gate/gate_in.h"

enum err register_find(struct ctx *ctx, struct gate *g, struct db *db, struct str name,
                       struct str key, struct json *ret, bool *ret_found)
{
    *ret_found = false;
    for (size_t i = 0; key.n > 0 && i < g->room_count; i++) {
        for (size_t k = 0; k < g->rooms[i]->register_count; k++) {
            const struct register_row *row = &g->rooms[i]->registers[k];
            if (str_equal(str_from(row->name), name)) {
                return row->look(ctx, db, key, ret, ret_found);
            }
        }
    }
    return ERR_OK;
}

static enum err look(struct ctx *ctx, struct gate *g, struct db *db, struct str name,
                     struct str key, struct question *q)
{
    struct json record;
    bool found = false;
    if (key.n == 0 || json_get_str(&q->registers, name) != NULL) {
        return ERR_OK;
    }
    TRY(register_find(ctx, g, db, name, key, &record, &found));
    /* Of another's record nothing is known here but that it is another's. */
    struct str whose = found ? json_text(&record, "party") : STR("");
    bool foreign = found && whose.n > 0 && !str_equal(whose, q->party);
    q->foreign = foreign ? name : q->foreign;
    if (found && !foreign) {
        json_set(ctx->arena, &q->registers, name, record);
    }
    return ERR_OK;
}

static enum err look_fact(struct ctx *ctx, struct gate *g, struct db *db, const struct fact *fact,
                          struct question *q)
{
    if (!fact->held) {
        return ERR_OK;
    }
    const struct json *by =
        fact->held_by == NULL ? NULL : json_get_str(&q->facts, fact->held_by->id);
    struct str key = fact->held_by == NULL      ? q->party
                     : json_is(by, JSON_STRING) ? by->text
                                                : (struct str){0};
    return look(ctx, g, db, fact->held_register, key, q);
}

enum err registers_load(struct ctx *ctx, struct gate *g, struct db *db, struct question *q)
{
    if (q->kind == NULL || q->draft->fields.kind != JSON_OBJECT) {
        return ERR_OK;
    }
    q->registers = json_object();
    q->foreign = (struct str){0};
    struct need_list needs = question_needs(q);
    for (size_t k = 0; k < LEN(needs.list); k++) {
        for (size_t i = 0; i < needs.count[k]; i++) {
            const struct need *need = &needs.list[k][i];
            if (need->fact->held_by != NULL || need->from_register) {
                TRY(look_fact(ctx, g, db, need->fact, q));
            }
        }
    }
    if (!question_asks(q, LAW_SLOT_REGISTER)) {
        return ERR_OK;
    }
    size_t count = 0;
    const struct fact *facts = law_facts(q->law, &count);
    TRY(look(ctx, g, db, STR("party"), q->party, q));
    for (size_t i = 0; i < count; i++) {
        if (facts[i].held_by != NULL) {
            TRY(look_fact(ctx, g, db, &facts[i], q));
        }
    }
    return ERR_OK;
}

const struct json *register_value(const struct question *q, const struct fact *fact)
{
    const struct json *record = json_get_str(&q->registers, fact->held_register);
    const struct json *v = record == NULL ? NULL : json_get_str(record, fact->held_as);
    return v == NULL || v->kind == JSON_NULL ? NULL : v;
}
