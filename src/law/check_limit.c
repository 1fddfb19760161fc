/* Which limits run in which procedure: what is named must be there, and an item's own law may take
 * the place of the procedure's only as a special law may. */
#include "law/law_in.h"

/* Does a limit stand as this? Then a procedure may name the word, and each item brings its own
 * limit or none. */
bool limit_stands_as(const struct law *law, struct str as)
{
    for (size_t i = 0; i < law->limit_count; i++) {
        if (str_equal(law->limits[i].as, as)) {
            return true;
        }
    }
    return false;
}

/* Does the procedure run under this limit, or under one it takes the place of (*ret; untouched when
 * it names the word alone)? */
static bool is_used(const struct law *law, const struct item *x, const struct own_limit *own,
                    const struct limit **ret)
{
    bool used = false;
    for (size_t i = 0; x->procedure != NULL && i < x->procedure->element_count; i++) {
        struct str ref = x->procedure->elements[i].limit;
        const struct limit *l = ref.n == 0 ? NULL : law_limit(law, ref);
        if (ref.n > 0 && (l == own->limit || str_equal(l == NULL ? ref : l->as, own->as))) {
            used = true;
            *ret = l == NULL ? *ret : l;
        }
    }
    return used;
}

/* What a law or a regulation may lengthen, a rule may not (行政许可法#42 "法律、法规另有规定的").
 */
static bool may_lengthen(const struct limit *l)
{
    static const char *const ranks[] = {"constitution", "law", "regulation", "local-regulation"};
    return l->article.statute != NULL && word_of(l->article.statute->rank, ranks, LEN(ranks)) >= 0;
}

static bool waits_for_limit(const struct bpmn_element *e)
{
    for (size_t i = 0; i < e->trigger_count; i++) {
        if (e->triggers[i].kind == BPMN_ON_TIMER) {
            return true;
        }
    }
    return false;
}

static void check_item(struct builder *b, const struct item *x)
{
    const struct source *f = b->origins.items[x->index];
    const struct json *place = json_get(&f->root, "limits");
    for (size_t i = 0; i < x->limit_count; i++) {
        const struct own_limit *own = &x->limits[i];
        const struct limit *general = NULL;
        const struct json *j = json_get_str(place, own->as);
        if (!is_used(b->law, x, own, &general)) {
            problem(b, f, j, "limit", "the procedure \"%.*s\" has no limit that stands as \"%.*s\"",
                    FMT(x->procedure_name), FMT(own->as));
        } else if (general != NULL && general->unit == own->limit->unit &&
                   own->limit->n > general->n && !may_lengthen(own->limit)) {
            problem(b, f, j, "limit",
                    "only a law or a regulation may make %.*s longer, and %.*s is neither",
                    FMT(general->id), FMT(own->limit->article.text));
        }
    }
    for (size_t i = 0; x->procedure != NULL && i < x->procedure->element_count; i++) {
        const struct bpmn_element *e = &x->procedure->elements[i];
        if (waits_for_limit(e) && e->limit.n > 0 && law_limit_for(b->law, x, e->limit) == NULL) {
            problem(b, f, place, "limit",
                    "the procedure \"%.*s\" waits for the limit \"%.*s\", which the item must name",
                    FMT(x->procedure_name), FMT(e->limit));
        }
    }
}

void check_limits(struct builder *b)
{
    for (size_t i = 0; i < b->law->item_count; i++) {
        check_item(b, &b->law->items[i]);
    }
}
