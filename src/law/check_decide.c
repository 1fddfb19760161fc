/* Business rule tasks of procedures: the model and decision are there, what it reads are facts of
 * their types, and the procedure goes by what it says. */
#include "law/law_in.h"

/* Values of a fact as FEEL has them. */
static bool fits(enum fact_type type, const struct feel_type *t)
{
    enum feel_type_kind kind = t == NULL ? FEEL_TYPE_ANY : t->kind;
    switch (type) {
    case FACT_BOOLEAN: return kind == FEEL_TYPE_BOOL;
    case FACT_INTEGER:
    case FACT_DECIMAL:
    case FACT_MONEY: return kind == FEEL_TYPE_NUMBER;
    case FACT_DATE: return kind == FEEL_TYPE_DATE;
    case FACT_LIST: return kind == FEEL_TYPE_LIST;
    case FACT_TEXT:
    case FACT_CHOICE:
    case FACT_IDCARD:
    case FACT_USCC:
    case FACT_BILL:
    case FACT_PHONE: return kind == FEEL_TYPE_STRING;
    case FACT_MATERIAL: return false;
    }
    return false;
}

/* An input is a subject whose members are facts; beside them stand case and proposal. */
static void check_input(struct builder *b, const struct source *f, uint32_t line,
                        const struct dmn_node *n)
{
    struct str subject = dmn_node_name(n);
    const struct feel_type *t = dmn_node_type(n);
    if (str_equal(subject, STR("case")) || str_equal(subject, STR("proposal"))) {
        return;
    }
    if (t == NULL || t->kind != FEEL_TYPE_CONTEXT || t->count == 0) {
        problem_line(b, f, line, "decision",
                     "the input \"%.*s\" of its decision has no type that names the facts it reads",
                     FMT(subject));
        return;
    }
    for (size_t i = 0; i < t->count; i++) {
        struct str id =
            str_format(b->ctx->arena, "%.*s.%.*s", FMT(subject), FMT(t->members[i].name));
        const struct fact *fact = law_fact(b->law, id);
        if (fact == NULL || !fits(fact->type, t->members[i].type)) {
            problem_line(b, f, line, "decision", "its decision reads \"%.*s\", which %s", FMT(id),
                         fact == NULL ? "is no fact" : "is a fact of another type");
        }
    }
}

void check_decided(struct builder *b, const struct source *f, const struct bpmn_process *p)
{
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        if (e->decision.n == 0 || e->file > 0) {
            continue;
        }
        const struct dmn_model *m = law_model(b->law, e->model);
        if (m == NULL || !dmn_has_decision(m, e->decision)) {
            problem_line(b, f, e->line, "reference",
                         m == NULL ? "there is no decision model \"%.*s\""
                                   : "%.*s has no decision of the name it asks for",
                         FMT(e->model));
            continue;
        }
        const struct dmn_node *const *nodes = NULL;
        size_t count = dmn_nodes(m, &nodes);
        for (size_t k = 0; k < count; k++) {
            if (dmn_node_kind(nodes[k]) == DMN_INPUT) {
                check_input(b, f, e->line, nodes[k]);
            }
        }
        if (!bpmn_reads(p, e->result)) {
            problem_line(b, f, e->line, "decision",
                         "nothing in the procedure goes by \"%.*s\", what the decision says",
                         FMT(e->result));
        }
    }
}
