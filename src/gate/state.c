/* From a draft to a question: all that the checks may know, read once, before they run. */
#include "gate/gate_in.h"

#include "base/json.h"
#include "base/json_make.h"

static enum err parse_object(struct ctx *ctx, struct str text, const char *what, struct json *ret)
{
    if (text.n == 0) {
        *ret = json_object();
        return ERR_OK;
    }
    TRY(json_parse(ctx, text, str_from(what), ret));
    return ret->kind == JSON_OBJECT
               ? ERR_OK
               : fault(ctx, ERR_CORRUPT, "%s of a case is no JSON object", what);
}

/* The timer that a clock act says has ended. */
static enum err load_timer(struct ctx *ctx, struct db *db, struct question *q)
{
    struct gate_timer_list_row *timers = NULL;
    size_t count = 0;
    if (q->draft->timer.n == 0) {
        return ERR_OK;
    }
    TRY(gate_timer_list(ctx, db, (struct gate_timer_list_in){.case_id = q->row.id}, &timers,
                        &count));
    for (size_t i = 0; i < count; i++) {
        if (str_equal(timers[i].timer, q->draft->timer)) {
            q->timer = timers[i];
            q->has_timer = true;
        }
    }
    return ERR_OK;
}

static enum err load_case(struct ctx *ctx, struct gate *g, struct db *db, struct question *q)
{
    bool found = false;
    TRY(gate_case_get(ctx, db, (struct gate_case_get_in){.id = q->draft->case_id}, &q->row,
                      &found));
    if (!found) {
        return ERR_OK;
    }
    q->has_case = true;
    q->law_seq = q->row.law_seq;
    TRY(book_law(ctx, g->book, db, q->row.law_seq, (struct day){(int32_t)q->row.law_day}, &q->law));
    TRY(parse_object(ctx, q->row.facts, "facts", &q->facts_before));
    TRY(gate_done_in_case(ctx, db, (struct gate_done_in_case_in){.case_id = q->row.id}, &q->done,
                          &q->done_count));
    q->item = law_item(q->law, q->row.item);
    struct day opened = {(int32_t)q->row.opened_day};
    q->office =
        law_seat(q->law_now, law_office(q->law_now, q->row.office), q->item, opened, q->day);
    if (q->item != NULL && q->item->procedure != NULL) {
        TRY(bpmn_state_read(ctx, q->item->procedure, q->row.tokens, &q->state));
    }
    TRY(clocks_load(ctx, db, q));
    return load_timer(ctx, db, q);
}

/* The only office that holds the power to take this item; NULL when none or several do. */
static const struct office *only_office(const struct law *law, const struct item *item,
                                        struct day day)
{
    size_t count = 0;
    const struct office *offices = law_offices(law, &count);
    const struct office *hit = NULL;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < offices[i].power_count; k++) {
            const struct power *p = &offices[i].powers[k];
            bool now = day.n >= p->from.n && day.n < p->until.n;
            now = now && p->basis != BASIS_ENTRUSTED; /* the case is that of who entrusts */
            bool takes = str_equal(p->kind, STR("accept")) || str_equal(p->kind, STR("*"));
            for (size_t m = 0; now && takes && m < p->item_count; m++) {
                if (p->items[m] == item) {
                    if (hit != NULL && hit != &offices[i]) {
                        return NULL;
                    }
                    hit = &offices[i];
                }
            }
        }
    }
    return hit;
}

/* The case's facts with what this act brings: only fields that are facts of the matter, which an
 * act that fills the item's needs gives, or any act gives about the case itself. */
struct json merged_facts(struct arena *a, const struct json *before, const struct json *fields)
{
    struct json out = json_object();
    for (size_t i = 0; i < before->count; i++) {
        json_set(a, &out, before->members[i].key, before->members[i].value);
    }
    for (size_t i = 0; i < fields->count; i++) {
        json_set(a, &out, fields->members[i].key, fields->members[i].value);
    }
    return out;
}

enum err question_load(struct ctx *ctx, struct gate *g, struct db *db, const struct draft *draft,
                       struct instant at, int64_t law_seq, struct question *ret)
{
    *ret =
        (struct question){.draft = draft, .at = at, .day = instant_day(at), .leaf_form = LEAF_FORM};
    struct question *q = ret;
    q->facts_before = json_object();
    q->decided = q->decided_then = json_array();
    q->registers = q->sources = json_object();
    q->law_seq = law_seq;
    if (q->law_seq >= 0) {
        TRY(book_law(ctx, g->book, db, q->law_seq, q->day, &q->law_now));
    }
    if (q->law_seq < 0) {
        TRY(book_genesis(ctx, db, draft, q->day, &q->law_now));
    }
    q->law = q->law_now;
    if (q->law == NULL) {
        return ERR_OK;
    }
    if (draft->case_id.n > 0) {
        TRY(load_case(ctx, g, db, q));
    } else if (draft->item.n > 0) {
        q->item = law_item(q->law, draft->item);
        q->office = draft->office.n > 0 ? law_office(q->law, draft->office)
                    : q->item != NULL   ? only_office(q->law, q->item, q->day)
                                        : NULL;
        q->clock_room = 8;
        q->clocks = ARENA_ARRAY(ctx->arena, struct clock_row, q->clock_room);
    }
    q->kind = law_act(q->law, draft->kind);
    q->facts = merged_facts(ctx->arena, &q->facts_before, &draft->fields);
    question_note_slots(q);
    TRY(load_people(ctx, g, db, q));
    TRY(registers_load(ctx, g, db, q));
    TRY(service_load(ctx, db, q));
    TRY(record_load(ctx, db, q));
    return load_names(ctx, g, db, q);
}
