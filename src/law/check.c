/* What must hold over all packs together: powers, procedures, statuses, the sentences of refusals. */
#include "law/law_in.h"

static void check_refusals(struct builder *b)
{
    static const char *const codes[] = {
        "identity.unknown",  "identity.weak",    "identity.role",    "identity.authority", "identity.kind",     "competence.office",
        "competence.power",  "competence.place", "procedure.kind",   "procedure.case",     "procedure.order",   "procedure.closed",
        "procedure.status",  "apart.same",       "apart.after",      "apart.officers",     "apart.conflict",    "apart.once",
        "form.unknown",      "form.missing",     "form.value",       "form.material",      "time.late",         "time.early",
        "time.stopped",      "bounds.outside",   "bounds.reasons",   "bounds.power",       "bounds.when",       "purpose.class"};
    for (size_t i = 0; i < LEN(codes); i++) {
        const struct code_row *row = law_code(b->law, STR("refusal"), str_from(codes[i]));
        if (row == NULL || row->article.statute == NULL) {
            problem(b, NULL, NULL, "refusal", "the code table refusal has no row \"%s\" with an article", codes[i]);
        }
    }
}

static bool overlap(const struct power *p, const struct power *q)
{
    return str_equal(p->kind, q->kind) && p->from.n < q->until.n && q->from.n < p->until.n;
}

/* Two offices with one power over one item in one place at one time: nobody would know whose it is. */
static void check_pair(struct builder *b, const struct office *x, const struct office *y)
{
    for (size_t i = 0; i < x->power_count; i++) {
        for (size_t k = 0; k < y->power_count; k++) {
            const struct power *p = &x->powers[i];
            const struct power *q = &y->powers[k];
            for (size_t m = 0; overlap(p, q) && m < p->item_count; m++) {
                for (size_t n = 0; n < q->item_count; n++) {
                    if (p->items[m] == q->items[n]) {
                        problem(b, NULL, NULL, "power", "\"%.*s\" and \"%.*s\" both hold the power \"%.*s\" for \"%.*s\"", FMT(x->id),
                                FMT(y->id), FMT(p->kind), FMT(p->items[m]->id));
                    }
                }
            }
        }
    }
}

static bool anyone_holds(const struct law *law, struct str kind, const struct item *item)
{
    for (size_t i = 0; i < law->office_count; i++) {
        for (size_t k = 0; k < law->offices[i].power_count; k++) {
            const struct power *p = &law->offices[i].powers[k];
            bool right = str_equal(p->kind, kind) || str_equal(p->kind, STR("*"));
            for (size_t m = 0; right && m < p->item_count; m++) {
                if (p->items[m] == item) {
                    return true;
                }
            }
            if (right && p->item_count == 0) {
                return true;
            }
        }
    }
    return false;
}

static void check_item(struct builder *b, const struct item *x)
{
    for (size_t i = 0; x->procedure != NULL && i < x->procedure->element_count; i++) {
        const struct bpmn_element *e = &x->procedure->elements[i];
        for (size_t k = 0; k < e->act_count; k++) {
            const struct act_kind *kind = law_act(b->law, e->acts[k]);
            if (kind != NULL && kind->power.n > 0 && !anyone_holds(b->law, kind->power, x)) {
                problem(b, NULL, NULL, "power", "no office holds the power \"%.*s\" that the act \"%.*s\" needs for the item \"%.*s\"",
                        FMT(kind->power), FMT(kind->kind), FMT(x->id));
            }
        }
    }
}

static void check_procedure(struct builder *b, const struct bpmn_process *p)
{
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        struct source f = {.path = p->file};
        if (e->limit.n > 0 && law_limit(b->law, e->limit) == NULL) {
            problem(b, &f, NULL, "reference", "line %u: there is no limit \"%.*s\"", e->line, FMT(e->limit));
        }
        if (e->status.n > 0 && law_code(b->law, STR("status"), e->status) == NULL) {
            problem(b, &f, NULL, "reference", "line %u: the code table status has no \"%.*s\"", e->line, FMT(e->status));
        }
        for (size_t k = 0; k < e->act_count; k++) {
            const struct act_kind *kind = law_act(b->law, e->acts[k]);
            if (kind == NULL || (!kind->task && e->kind != BPMN_START)) {
                problem(b, &f, NULL, "reference", "line %u: \"%.*s\" is no kind of act that is a task", e->line, FMT(e->acts[k]));
            }
        }
    }
    struct bpmn_finding *list = NULL;
    size_t count = 0;
    if (bpmn_check(b->ctx, p, &list, &count) == ERR_OK) {
        for (size_t i = 0; i < count; i++) {
            struct source f = {.path = p->file};
            problem(b, &f, NULL, "procedure", "line %u: %.*s: %.*s", list[i].line, FMT(list[i].element), FMT(list[i].sentence));
        }
    }
}

/* An act that is a task must be awaited somewhere, or nobody could ever do it. */
static void check_awaited(struct builder *b, const struct act_kind *kind)
{
    const struct index *x = &b->law->index[T_PROCEDURE];
    for (size_t i = 0; i < x->room; i++) {
        const struct bpmn_process *p = x->values[i];
        for (size_t k = 0; p != NULL && k < p->element_count; k++) {
            if (str_in_list(kind->kind, p->elements[k].acts, p->elements[k].act_count)) {
                return;
            }
        }
    }
    problem(b, NULL, NULL, "procedure", "no procedure awaits the act \"%.*s\"", FMT(kind->kind));
}

void check_law(struct builder *b)
{
    const struct law *law = b->law;
    check_refusals(b);
    for (size_t i = 0; i < law->office_count; i++) {
        for (size_t k = i + 1; k < law->office_count; k++) {
            if (str_equal(law->offices[i].place, law->offices[k].place)) {
                check_pair(b, &law->offices[i], &law->offices[k]);
            }
        }
    }
    const struct index *procedures = &law->index[T_PROCEDURE];
    for (size_t i = 0; i < procedures->room; i++) {
        if (procedures->values[i] != NULL) {
            check_procedure(b, procedures->values[i]);
        }
    }
    for (size_t i = 0; i < law->item_count; i++) {
        check_item(b, &law->items[i]);
    }
    for (size_t i = 0; i < law->act_count; i++) {
        if (law->acts[i].task) {
            check_awaited(b, &law->acts[i]);
        }
    }
}
