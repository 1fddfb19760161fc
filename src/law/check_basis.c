/* By what right an office holds a power: what may be entrusted, to whom and how long; what is taken
 * over from whom. What statutes say about it stands in the code table power-basis: rows
 * "entrusted.TYPE" and "concentrated.TYPE" by type of item, whose parent is organ, organisation or
 * never, with the article. */
#include "law/law_in.h"

struct place {
    const struct source *f;
    const struct json *j;
};

/* The row that allows this for items of a type; NULL and a problem when none does. */
static const struct code_row *rule_of(struct builder *b, struct place at, const struct power *p,
                                      const struct item *item)
{
    struct str code =
        str_format(b->ctx->arena, "%s.%.*s", law_basis_name(p->basis), FMT(item->type));
    const struct code_row *row = law_code(b->law, STR("power-basis"), code);
    if (row == NULL) {
        problem(b, at.f, at.j, "basis",
                "the code table power-basis has no row \"%.*s\": no law lets \"%.*s\" be %s",
                FMT(code), FMT(item->id), law_basis_name(p->basis));
    }
    return row;
}

/* Does an office hold this power over the item for the whole of a time, by a right it may hand on?
 */
static bool holds_throughout(const struct office *x, struct str kind, const struct item *item,
                             struct day from, struct day until, bool *ret_entrusted)
{
    for (size_t i = 0; i < x->power_count; i++) {
        const struct power *p = &x->powers[i];
        bool whole = power_is_over(p, kind, item) && p->from.n <= from.n && until.n <= p->until.n;
        if (whole && p->basis != BASIS_ENTRUSTED) {
            return true;
        }
        *ret_entrusted = *ret_entrusted || whole;
    }
    return false;
}

static void check_entrusted(struct builder *b, struct place at, const struct office *x,
                            const struct power *p)
{
    for (size_t i = 0; p->of_count == 1 && i < p->item_count; i++) {
        const struct item *item = p->items[i];
        const struct code_row *rule = rule_of(b, at, p, item);
        bool entrusted = false;
        if (rule != NULL && str_equal(rule->parent, STR("never"))) {
            problem(b, at.f, at.j, "basis", "\"%.*s\" may not be entrusted (%.*s)", FMT(item->id),
                    FMT(rule->article.text));
        } else if (rule != NULL && x->organisation &&
                   !str_equal(rule->parent, STR("organisation"))) {
            problem(b, at.f, at.j, "basis", "\"%.*s\" may be entrusted to an organ only (%.*s)",
                    FMT(item->id), FMT(rule->article.text));
        }
        if (!holds_throughout(p->of[0], p->kind, item, p->from, p->until, &entrusted)) {
            problem(b, at.f, at.j, "basis",
                    entrusted ? "\"%.*s\" holds \"%.*s\" for \"%.*s\" by entrustment itself, and "
                                "may not entrust it on"
                              : "\"%.*s\" does not hold \"%.*s\" for \"%.*s\" all that time, and "
                                "cannot entrust it",
                    FMT(p->of[0]->id), FMT(p->kind), FMT(item->id));
        }
    }
}

/* Whoever held it must have ended before, and should not have ended long before. */
static void check_former(struct builder *b, struct place at, const struct power *p,
                         const struct office *former, const struct item *item)
{
    struct day ended = {INT32_MIN};
    bool held = false;
    for (size_t i = 0; i < former->power_count; i++) {
        const struct power *q = &former->powers[i];
        if (power_is_over(q, p->kind, item) && q->from.n < p->from.n) {
            held = true;
            ended = q->until.n > ended.n ? q->until : ended;
        }
    }
    if (!held && p->basis == BASIS_TRANSFERRED) {
        problem(b, at.f, at.j, "basis",
                "\"%.*s\" never held \"%.*s\" for \"%.*s\": there is nothing to take over",
                FMT(former->id), FMT(p->kind), FMT(item->id));
    } else if (held && ended.n > p->from.n) {
        problem(b, at.f, at.j, "power",
                "\"%.*s\" keeps \"%.*s\" for \"%.*s\" after it was taken over", FMT(former->id),
                FMT(p->kind), FMT(item->id));
    } else if (held && ended.n < p->from.n) {
        problem(b, at.f, at.j, "w:power",
                "nobody holds \"%.*s\" for \"%.*s\" between \"%.*s\" and who takes it over",
                FMT(p->kind), FMT(item->id), FMT(former->id));
    }
}

static void check_taken_over(struct builder *b, struct place at, const struct power *p)
{
    for (size_t i = 0; i < p->item_count; i++) {
        if (p->basis == BASIS_CONCENTRATED) {
            rule_of(b, at, p, p->items[i]);
        }
        for (size_t k = 0; k < p->of_count; k++) {
            check_former(b, at, p, p->of[k], p->items[i]);
        }
    }
    if (p->item_count == 0) {
        problem(b, at.f, at.j, "basis", "a power taken over from others names its items");
    }
}

/* Only a law or a regulation can authorise. */
static void check_authorised(struct builder *b, struct place at, const struct power *p)
{
    static const char *const ranks[] = {"law", "regulation", "local-regulation"};
    for (size_t i = 0; i < p->article_count; i++) {
        if (p->articles[i].statute != NULL &&
            word_of(p->articles[i].statute->rank, ranks, LEN(ranks)) >= 0) {
            return;
        }
    }
    problem(b, at.f, at.j, "basis",
            "only a law or a regulation authorises, and the power \"%.*s\" cites none",
            FMT(p->kind));
}

/* The tree of organs: no office above itself, none under one of a lower level. */
static void check_tree(struct builder *b, const struct office *x)
{
    const struct source *f = b->origins.offices[x->index];
    const struct json *j = json_get(&f->root, "parent");
    size_t up = 0;
    for (const struct office *p = x->parent; p != NULL; p = p->parent) {
        if (p == x || ++up > b->law->office_count) {
            problem(b, f, j, "parent", "\"%.*s\" stands above itself", FMT(x->id));
            return;
        }
    }
    size_t count = 0;
    const struct code_row *levels = law_code_rows(b->law, STR("level"), &count);
    size_t own = count;
    size_t above = count;
    for (size_t i = 0; i < count; i++) {
        own = str_equal(levels[i].code, x->level) ? i : own;
        above = x->parent != NULL && str_equal(levels[i].code, x->parent->level) ? i : above;
    }
    if (x->level.n > 0 && count > 0 && own == count) {
        problem(b, f, json_get(&f->root, "level"), "reference",
                "the code table level has no \"%.*s\"", FMT(x->level));
    } else if (own < count && above < count && above > own) {
        problem(b, f, j, "parent",
                "\"%.*s\" is of a lower level than \"%.*s\", which stands under it",
                FMT(x->parent->id), FMT(x->id));
    }
}

void check_bases(struct builder *b)
{
    for (size_t i = 0; i < b->law->office_count; i++) {
        const struct office *x = &b->law->offices[i];
        const struct source *f = b->origins.offices[i];
        check_tree(b, x);
        for (size_t k = 0; k < x->power_count; k++) {
            const struct power *p = &x->powers[k];
            struct place at = {f, json_at(json_get(&f->root, "powers"), k)};
            if (p->basis == BASIS_ENTRUSTED) {
                check_entrusted(b, at, x, p);
            } else if (power_takes_over(p)) {
                check_taken_over(b, at, p);
            } else if (p->basis == BASIS_AUTHORISED) {
                check_authorised(b, at, p);
            } else if (x->organisation) {
                problem(b, f, at.j, "basis",
                        "an organisation that is no organ holds powers by authorisation or "
                        "entrustment only");
            }
        }
    }
}
