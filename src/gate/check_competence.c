#include "gate/gate_in.h"

/* Does the office hold the power for this item, in this place, on this day? Judged by the law of the
 * day, also for cases that began under an earlier one: powers move with the office. */

static bool covers(const struct power *p, struct str kind, const struct item *item, struct day day)
{
    bool right_kind = str_equal(p->kind, kind) || str_equal(p->kind, STR("*"));
    if (!right_kind || day.n < p->from.n || day.n >= p->until.n) {
        return false;
    }
    for (size_t i = 0; i < p->item_count; i++) {
        if (item != NULL && str_equal(p->items[i]->id, item->id)) {
            return true;
        }
    }
    return p->item_count == 0;
}

bool office_holds(const struct office *office, struct str kind, const struct item *item, struct day day)
{
    for (size_t i = 0; office != NULL && i < office->power_count; i++) {
        if (covers(&office->powers[i], kind, item, day)) {
            return true;
        }
    }
    return false;
}

/* The article by which the competent office holds its power: it says whose the act would have been. */
static const struct cite *power_basis(const struct office *office, struct str kind, const struct item *item,
                                      struct day day)
{
    for (size_t i = 0; kind.n > 0 && office != NULL && i < office->power_count; i++) {
        if (office->powers[i].article_count > 0 && covers(&office->powers[i], kind, item, day)) {
            return &office->powers[i].articles[0];
        }
    }
    return NULL;
}

/* Whose act it is: the office of the case, or the one a fact of the case names. */
static const struct office *acting_office(const struct question *q)
{
    if (q->kind->office == NULL) {
        return q->office;
    }
    const struct json *v = json_get_str(&q->facts_before, q->kind->office->id);
    return json_is(v, JSON_STRING) ? law_office(q->law_now, v->text) : NULL;
}

bool check_competence(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    struct str none = {0};
    bool in_case = q->kind->in_case != ACT_CASE_NONE;
    if (in_case && q->item == NULL) {
        return verdict_refuse(ctx, q, ret, "procedure.case", NULL, none);
    }
    const struct office *whose = acting_office(q);
    if (in_case && whose == NULL) {
        return verdict_refuse(ctx, q, ret, "competence.office", NULL, none);
    }
    const struct cite *basis = q->kind->article_count > 0 ? &q->kind->articles[0] : NULL;
    if (q->draft->actor.kind == ACTOR_OFFICER && in_case && !str_equal(q->actor.office, whose->id)) {
        const struct office *own = law_office(q->law_now, q->actor.office);
        bool elsewhere = own != NULL && !str_equal(own->place, whose->place);
        const struct cite *held = power_basis(whose, q->kind->power, q->item, q->day);
        return verdict_refuse(ctx, q, ret, elsewhere ? "competence.place" : "competence.office", held, none);
    }
    if (q->kind->power.n == 0) {
        return true;
    }
    const struct office *office = in_case ? whose : law_office(q->law_now, q->actor.office);
    if (office == NULL || !office_holds(office, q->kind->power, q->item, q->day)) {
        return verdict_refuse(ctx, q, ret, "competence.power", basis, none);
    }
    return true;
}
