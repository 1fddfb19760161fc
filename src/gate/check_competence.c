/* Does the office hold the power for this item, in this place, on this day? Judged by the law of
 * the day, also for cases that began under an earlier one: powers move, and that law says whether
 * the cases do. */
#include "gate/gate_in.h"

check_fn check_competence;

/* Whose act it is: the office of the case, or the one a fact of the case names. */
static const struct office *acting_office(const struct question *q)
{
    if (q->kind->in_case == ACT_CASE_NONE) {
        return law_office(q->law_now, q->actor.office);
    }
    if (q->kind->office == NULL) {
        return q->office;
    }
    const struct json *v = json_get_str(&q->facts_before, q->kind->office->id);
    return json_is(v, JSON_STRING) ? law_office(q->law_now, v->text) : NULL;
}

/* The power for this act's case: in a case that runs also one that was taken over without it. */
static const struct power *power_for(const struct question *q, const struct office *office,
                                     struct str kind)
{
    struct day opened = q->has_case ? (struct day){(int32_t)q->row.opened_day} : q->day;
    return law_holds(q->law_now, office, kind, q->item, opened, q->day);
}

bool office_holds(const struct question *q, struct str kind)
{
    const struct office *whose = acting_office(q);
    bool held = whose != NULL && power_for(q, whose, kind) != NULL;
    bool by_other =
        q->draft->actor.kind == ACTOR_OFFICER && held && !str_equal(q->actor.office, whose->id);
    return held && (!by_other || law_deputy(law_office(q->law_now, q->actor.office), whose, kind,
                                            q->item, q->day) != NULL);
}

/* The article by which the competent office holds its power: it says whose the act would have been.
 */
static const struct cite *power_basis(const struct question *q, const struct office *whose)
{
    const struct power *p = q->kind->power.n == 0 ? NULL : power_for(q, whose, q->kind->power);
    return p == NULL || p->article_count == 0 ? NULL : &p->articles[0];
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
    bool entrusted = q->kind->power.n > 0 && office_holds(q, q->kind->power);
    if (q->draft->actor.kind == ACTOR_OFFICER && in_case &&
        !str_equal(q->actor.office, whose->id) && !entrusted) {
        const struct office *own = law_office(q->law_now, q->actor.office);
        bool elsewhere = own != NULL && !str_equal(own->place, whose->place);
        return verdict_refuse(ctx, q, ret, elsewhere ? "competence.place" : "competence.office",
                              power_basis(q, whose), none);
    }
    if (q->kind->power.n > 0 && !office_holds(q, q->kind->power)) {
        return verdict_refuse(ctx, q, ret, "competence.power", basis, none);
    }
    return true;
}
