/* What nobody says, because the gate knows it: values worked out from the record, and numbers
 * drawn.
 *
 * What is due on a bill follows from the decision, what was paid from what the payment channel
 * told; were either a field, an officer could state it. So a need of an act may name what its value
 * is derived from: the gate works it out before anything is judged, puts it into the act, where
 * replay finds it, and holds a draft that says another thing against it, as it does with registers
 * (settle.c). Each sees those before it in the list.
 *
 * A number that is drawn must be guessed by nobody, so it comes from the world and not from the
 * place in the ledger, and it stands in the act for the same reason. A draft brings one along only
 * when a second officer signs what was settled for the first. */
#include "base/json_make.h"
#include "base/world.h"
#include "gate/gate_in.h"

static bool is_empty(const struct json *v)
{
    return v == NULL || v->kind == JSON_NULL || (v->kind == JSON_STRING && v->text.n == 0);
}

static struct json drawn_number(struct ctx *ctx)
{
    uint64_t bits = 0;
    ctx->world->random(ctx->world, &bits, sizeof(bits));
    return json_of_str(law_bill_number(ctx->arena, bits));
}

/* What the expression says; null where it says nothing. */
static struct json worked_out(struct ctx *ctx, struct question *q,
                              const struct feel_program *program)
{
    struct feel_env env = {.slots = question_slots(ctx, q),
                           .now = q->at,
                           .now_offset_s = (int32_t)(OFFICIAL_OFFSET_MS / 1000)};
    struct feel_value v;
    return feel_eval(ctx, program, &env, &v) == ERR_OK ? feel_to_json(ctx, v) : json_null();
}

static void put(struct ctx *ctx, struct question *q, struct str fact, struct json value)
{
    struct json out = json_object();
    const struct json *fields = &q->draft->fields;
    for (size_t i = 0; i < fields->count; i++) {
        json_set(ctx->arena, &out, fields->members[i].key, fields->members[i].value);
    }
    json_set(ctx->arena, &out, fact, value);
    question_say(ctx, q, &out);
}

/* The act keeps that nobody stated it (source.c). */
static void note_source(struct ctx *ctx, struct question *q, const struct need *need)
{
    struct json entry = json_object();
    json_set(ctx->arena, &entry, STR("from"),
             json_of_str(need->drawn ? STR("drawn") : STR("derived")));
    json_set(ctx->arena, &q->sources, need->fact->id, entry);
}

static bool derive_one(struct ctx *ctx, struct question *q, const struct need *need)
{
    const struct json *said = json_get_str(&q->draft->fields, need->fact->id);
    bool signed_by_two = need->drawn && q->draft->consent.digest.n > 0;
    if ((signed_by_two && !is_empty(said)) ||
        (need->when != NULL && !question_holds(ctx, q, need->when))) {
        if (signed_by_two && !is_empty(said)) {
            note_source(ctx, q, need);
        }
        return false;
    }
    struct json value = need->drawn ? json_null() : worked_out(ctx, q, need->derived);
    if (!is_empty(said) && !json_equal(said, &value) && q->held_fact.n == 0) {
        q->held_fact = need->fact->id;
        q->held_value = value;
    }
    if (!is_empty(said) && q->held_fact.n == 0) {
        note_source(ctx, q, need);
    }
    value = need->drawn ? drawn_number(ctx) : value;
    if (!is_empty(said) || is_empty(&value)) {
        return false;
    }
    put(ctx, q, need->fact->id, value);
    note_source(ctx, q, need);
    return true;
}

bool derive_fields(struct ctx *ctx, struct question *q, const struct need_list *needs)
{
    bool other = false;
    for (size_t k = 0; k < LEN(needs->list); k++) {
        for (size_t i = 0; i < needs->count[k]; i++) {
            const struct need *need = &needs->list[k][i];
            if (need->drawn || need->derived != NULL) {
                other = derive_one(ctx, q, need) || other;
            }
        }
    }
    return other;
}
