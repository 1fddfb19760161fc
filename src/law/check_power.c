/* Whose is it? Each power over an item must be held by one office of a place at a time, and by one
 * at all. */
#include "law/law_in.h"

/* Does an act of a case need this kind of power? Others are over no item: each office has them for
 * itself. */
static bool is_over_items(const struct law *law, struct str kind)
{
    bool any = str_equal(kind, STR("*"));
    for (size_t i = 0; i < law->act_count && !any; i++) {
        const struct act_kind *k = &law->acts[i];
        any = k->in_case != ACT_CASE_NONE &&
              (str_equal(k->power, kind) || str_equal(k->depart_power, kind));
    }
    return any;
}

static bool same_kind(const struct law *law, const struct power *p, const struct power *q)
{
    bool p_all = str_equal(p->kind, STR("*"));
    bool q_all = str_equal(q->kind, STR("*"));
    return (p_all || q_all || str_equal(p->kind, q->kind)) &&
           is_over_items(law, p_all ? q->kind : p->kind);
}

/* An item both powers are over: NULL when there is none. A power without items is over all of them.
 */
static const struct item *shared_item(const struct law *law, const struct power *p,
                                      const struct power *q)
{
    if (p->item_count == 0) {
        return q->item_count > 0 ? q->items[0] : law->item_count > 0 ? &law->items[0] : NULL;
    }
    for (size_t i = 0; i < p->item_count; i++) {
        for (size_t k = 0; k < q->item_count; k++) {
            if (p->items[i] == q->items[k]) {
                return p->items[i];
            }
        }
    }
    return q->item_count == 0 ? p->items[0] : NULL;
}

static void check_pair(struct builder *b, const struct office *x, const struct office *y)
{
    for (size_t i = 0; i < x->power_count; i++) {
        for (size_t k = 0; k < y->power_count; k++) {
            const struct power *p = &x->powers[i];
            const struct power *q = &y->powers[k];
            bool entrusted = p->basis == BASIS_ENTRUSTED ||
                             q->basis == BASIS_ENTRUSTED; /* acts for the one that holds it */
            bool meet = !entrusted && p->from.n < q->until.n && q->from.n < p->until.n &&
                        same_kind(b->law, p, q);
            const struct item *item = meet ? shared_item(b->law, p, q) : NULL;
            if (item != NULL) {
                const struct source *f = b->origins.offices[y->index];
                problem(
                    b, f, json_at(json_get(&f->root, "powers"), k), "power",
                    "\"%.*s\" and \"%.*s\" both hold the power \"%.*s\" for \"%.*s\" at one time",
                    FMT(x->id), FMT(y->id), FMT(q->kind), FMT(item->id));
            }
        }
    }
}

static bool holds(const struct office *x, struct str kind, const struct item *item)
{
    for (size_t k = 0; k < x->power_count; k++) {
        const struct power *p = &x->powers[k];
        bool over = p->item_count == 0;
        for (size_t m = 0; m < p->item_count && !over; m++) {
            over = p->items[m] == item;
        }
        if (over && (kind.n == 0 || str_equal(p->kind, kind) || str_equal(p->kind, STR("*")))) {
            return true;
        }
    }
    return false;
}

static bool anyone_holds(const struct law *law, struct str kind, const struct item *item)
{
    for (size_t i = 0; i < law->office_count; i++) {
        if (holds(&law->offices[i], kind, item)) {
            return true;
        }
    }
    return false;
}

/* The organ whose credit code stands in the implementation code must have powers over the item. */
static void check_code_office(struct builder *b, const struct item *x)
{
    const struct source *f = b->origins.items[x->index];
    struct str code = str_slice(x->code_implementation, 0, 18);
    for (size_t i = 0; i < b->law->office_count; i++) {
        if (str_equal(b->law->offices[i].credit_code, code) &&
            holds(&b->law->offices[i], STR(""), x)) {
            return;
        }
    }
    problem(b, f, json_get(&f->root, "code"), "code",
            "no office with the credit code %.*s, which the implementation code holds, has a power "
            "for \"%.*s\"",
            FMT(code), FMT(x->id));
}

/* A power that ends while nobody holds it after: cases would wait for an office that is none. */
static void check_gap(struct builder *b, const struct office *x, const struct power *p,
                      const struct json *j)
{
    const struct source *f = b->origins.offices[x->index];
    for (size_t i = 0; p->until.n != INT32_MAX && p->until.n > b->law->day.n && i < p->item_count;
         i++) {
        bool held = false;
        for (size_t k = 0; k < b->law->office_count && !held; k++) {
            for (size_t m = 0; m < b->law->offices[k].power_count && !held; m++) {
                const struct power *q = &b->law->offices[k].powers[m];
                held = power_is_over(q, p->kind, p->items[i]) && q->from.n <= p->until.n &&
                       p->until.n < q->until.n;
            }
        }
        if (!held) {
            problem(b, f, j, "w:power", "from %.*s on nobody holds \"%.*s\" for \"%.*s\"",
                    FMT(day_text(b->ctx->arena, p->until)), FMT(p->kind), FMT(p->items[i]->id));
        }
    }
}

static void check_item_act(struct builder *b, const struct item *x, const struct act_kind *kind)
{
    const struct source *f = b->origins.items[x->index];
    if (kind->power.n > 0 && !anyone_holds(b->law, kind->power, x)) {
        problem(
            b, f, json_get(&f->root, "procedure"), "power",
            "no office holds the power \"%.*s\" that the act \"%.*s\" needs for the item \"%.*s\"",
            FMT(kind->power), FMT(kind->kind), FMT(x->id));
    }
    if (kind->bounds_decision.n > 0 && x->model != NULL &&
        !dmn_has_decision(x->model, kind->bounds_decision)) {
        problem(b, f, json_get(&f->root, "decide"), "reference",
                "the act \"%.*s\" is bound by the decision \"%.*s\", which the model does not hold",
                FMT(kind->kind), FMT(kind->bounds_decision));
    }
}

static void check_item(struct builder *b, const struct item *x)
{
    bool *seen = ARENA_ARRAY(b->ctx->arena, bool, b->law->act_count + 1);
    for (size_t i = 0; x->procedure != NULL && i < x->procedure->element_count; i++) {
        const struct bpmn_element *e = &x->procedure->elements[i];
        for (size_t k = 0; k < e->act_count; k++) {
            const struct act_kind *kind = law_act(b->law, e->acts[k]);
            if (kind != NULL && !seen[kind->index]) {
                seen[kind->index] = true;
                check_item_act(b, x, kind);
            }
        }
    }
    if (x->code_implementation.n == 31) {
        check_code_office(b, x);
    }
}

/* A misspelt kind of power would be held by nobody, or by somebody in vain. */
static void check_kind(struct builder *b, const struct source *f, const struct json *j,
                       struct str kind)
{
    size_t count = 0;
    law_code_rows(b->law, STR("power-kind"), &count);
    if (kind.n > 0 && count > 0 && !str_equal(kind, STR("*")) &&
        law_code(b->law, STR("power-kind"), kind) == NULL) {
        problem(b, f, j, "power", "the code table power-kind has no \"%.*s\"", FMT(kind));
    }
}

void check_powers(struct builder *b)
{
    const struct law *law = b->law;
    for (size_t i = 0; i < law->act_count; i++) {
        const struct source *f = b->origins.acts[i];
        check_kind(b, f, json_get(&f->root, "power"), law->acts[i].power);
        check_kind(b, f, json_get(&f->root, "bounds"), law->acts[i].depart_power);
    }
    for (size_t i = 0; i < law->office_count; i++) {
        const struct source *f = b->origins.offices[i];
        for (size_t k = 0; k < law->offices[i].power_count; k++) {
            check_kind(b, f, json_at(json_get(&f->root, "powers"), k),
                       law->offices[i].powers[k].kind);
            check_gap(b, &law->offices[i], &law->offices[i].powers[k],
                      json_at(json_get(&f->root, "powers"), k));
        }
        for (size_t k = i + 1; k < law->office_count; k++) {
            if (str_equal(law->offices[i].place, law->offices[k].place)) {
                check_pair(b, &law->offices[i], &law->offices[k]);
            }
        }
    }
    for (size_t i = 0; i < law->item_count; i++) {
        check_item(b, &law->items[i]);
    }
}
