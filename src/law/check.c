/* What must hold over all packs together: procedures, statuses, the sentences of refusals. Powers:
 * check_power.c. */
#include "base/token.h"
#include "law/law_in.h"
#include "refusal_gen.h"

#include "bpmn/look.h"

static void check_refusals(struct builder *b)
{
    static const struct source none = {.path = STR_INIT("code/refusal.json"),
                                       .pack = STR_INIT("#1")};
    const struct source *table = source_of(b, none.path) == NULL ? &none : source_of(b, none.path);
    for (size_t i = 0; i < LEN(refusal_codes); i++) {
        const struct code_row *row = law_code(b->law, STR("refusal"), str_from(refusal_codes[i]));
        if (row == NULL || row->article.statute == NULL) {
            problem(b, table, NULL, b->in_force ? "w:refusal" : "refusal",
                    "the code table refusal has no row \"%s\" with an article", refusal_codes[i]);
        }
    }
}

/* A finding in a procedure that is called stands at the first call. */
static uint32_t line_in(const struct bpmn_process *p, const struct bpmn_finding *finding)
{
    int at = bpmn_element_find(p, finding->element);
    uint32_t line = finding->line;
    for (size_t i = 0; at >= 0 && p->elements[at].file > 0 && i < p->element_count; i++) {
        if (p->elements[i].kind == BPMN_CALL && p->elements[i].file == 0) {
            return p->elements[i].line;
        }
    }
    return line;
}

static void check_procedure(struct builder *b, const struct linked_procedure *linked)
{
    const struct bpmn_process *p = linked->procedure->process;
    const struct source *f = linked->file;
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        if (e->file > 0) {
            continue; /* of a procedure it calls, which is checked by itself */
        }
        if (e->limit.n > 0 && law_limit(b->law, e->limit) == NULL &&
            !limit_stands_as(b->law, e->limit)) {
            problem_line(b, f, e->line, "reference", "there is no limit \"%.*s\"", FMT(e->limit));
        }
        if (e->status.n > 0 && law_code(b->law, STR("status"), e->status) == NULL) {
            problem_line(b, f, e->line, "reference", "the code table status has no \"%.*s\"",
                         FMT(e->status));
        }
        for (size_t k = 0; k < e->act_count; k++) {
            const struct act_kind *kind = law_act(b->law, e->acts[k]);
            bool here = kind != NULL && (kind->task || kind->from_count > 0);
            if (!here && (kind == NULL || e->kind != BPMN_START)) {
                problem_line(b, f, e->line, "reference",
                             "\"%.*s\" is no kind of act that is a task, nor one that "
                             "hangs on a status",
                             FMT(e->acts[k]));
            }
        }
    }
    check_decided(b, f, p);
    for (size_t i = 0; i < linked->procedure->finding_count; i++) {
        const struct bpmn_finding *x = &linked->procedure->findings[i];
        problem_line(b, f, line_in(p, x), "procedure", "%.*s: %.*s", FMT(x->element),
                     FMT(x->sentence));
    }
}

/* An act that is a task must be awaited somewhere, or nobody could ever do it. */
static void check_awaited(struct builder *b, const struct act_kind *kind)
{
    const struct index *x = &b->law->index[T_PROCEDURE];
    for (size_t i = 0; i < x->room; i++) {
        const struct bpmn_process *p = x->values[i];
        for (size_t k = 0; p != NULL && k < p->element_count; k++) {
            if (str_in(kind->kind, p->elements[k].acts, p->elements[k].act_count)) {
                return;
            }
        }
    }
    const struct source *f = b->origins.acts[kind->index];
    problem(b, f, json_get(&f->root, "task"), "procedure", "no procedure awaits the act \"%.*s\"",
            FMT(kind->kind));
}

/* Where reconsideration must come first, the decision says so: each item of such an act has a
 * remedy by that article. */
static void check_review_first(struct builder *b, const struct item *x, const struct act_kind *kind)
{
    bool said = false;
    for (size_t i = 0; i < x->remedy_count; i++) {
        const struct cite *c = &x->remedies[i].article;
        said = said || (c->statute != NULL && c->article == kind->review_first.article);
    }
    if (!said) {
        const struct source *f = b->origins.items[x->index];
        problem(b, f, json_get(&f->root, "remedy"), "remedy",
                "against \"%.*s\" reconsideration comes first (%.*s), and no remedy of the item "
                "says so",
                FMT(kind->kind), FMT(kind->review_first.text));
    }
}

static void check_remedies(struct builder *b, const struct item *x)
{
    for (size_t i = 0; x->procedure != NULL && i < x->procedure->element_count; i++) {
        const struct bpmn_element *e = &x->procedure->elements[i];
        for (size_t k = 0; k < e->act_count; k++) {
            const struct act_kind *kind = law_act(b->law, e->acts[k]);
            if (kind != NULL && kind->review_first.article != NULL) {
                check_review_first(b, x, kind);
            }
        }
    }
}

/* Whoever is granted a licence must get one: an item under a procedure that issues it names its
 * type. Packs in force from before this was asked are not unsettled by it. */
static void check_licence(struct builder *b, const struct item *x)
{
    for (size_t i = 0;
         x->licence == NULL && x->procedure != NULL && i < x->procedure->element_count; i++) {
        const struct bpmn_element *e = &x->procedure->elements[i];
        for (size_t k = 0; k < e->act_count; k++) {
            const struct act_kind *kind = law_act(b->law, e->acts[k]);
            if (kind != NULL && str_in(STR("licence.issue"), kind->effects, kind->effect_count)) {
                const struct source *f = b->origins.items[x->index];
                const struct json *at = json_get(&f->root, "licence");
                problem(b, f, at == NULL ? json_get(&f->root, "procedure") : at,
                        b->in_force ? "w:licence" : "licence",
                        "the item \"%.*s\" has no licence, and \"%.*s\" of its procedure "
                        "\"%.*s\" issues one: it names the type in \"licence\"",
                        FMT(x->id), FMT(kind->kind), FMT(x->procedure_name));
                return;
            }
        }
    }
}

void check_law(struct builder *b)
{
    const struct law *law = b->law;
    check_refusals(b);
    check_documents(b);
    for (size_t i = 0; i < b->procedure_count; i++) {
        check_procedure(b, &b->procedures[i]);
    }
    for (size_t i = 0; i < law->item_count; i++) {
        check_remedies(b, &law->items[i]);
        check_licence(b, &law->items[i]);
    }
    check_powers(b);
    check_bases(b);
    check_limits(b);
    for (size_t i = 0; i < law->act_count; i++) {
        if (law->acts[i].task) {
            check_awaited(b, &law->acts[i]);
        }
    }
    check_tests(b);
}
