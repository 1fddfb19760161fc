/* Cards: what electronic supervision says of an office that kept a limit late, by how late it is.
 */
#include "law/law_in.h"

static void read_card(struct builder *b, const struct source *f, const struct json *o,
                      const struct card_rule *rule, struct card *x)
{
    static const char *const names[] = {"card", "title", "n", "unit", NULL};
    only_members(b, f, o, names);
    x->code = want_text(b, f, o, "card");
    x->title = want_text2(b, f, o, "title");
    x->n = may_count(b, f, o, "n", 0, 0, 36500);
    x->rule = rule;
    if (!parse_unit(want_text(b, f, o, "unit"), &x->unit)) {
        problem(b, f, o, "unit", "unit is workday, day, month, year or hour");
    }
}

void read_supervision(struct builder *b, struct source *f)
{
    static const char *const names[] = {"supervise", "title", "articles", "limits", "cards", NULL};
    const struct json *o = &f->root;
    struct law *law = b->law;
    only_members(b, f, o, names);
    struct card_rule *rule = &law->card_rules[law->card_rule_count++];
    rule->id = want_text(b, f, o, "supervise");
    rule->title = want_text2(b, f, o, "title");
    rule->articles = cites(b, f, o, "articles", &rule->article_count);
    if (rule->article_count == 0) {
        problem(b, f, o, "missing", "the supervision \"%.*s\" rests on no article", FMT(rule->id));
    }
    rule->limits =
        (const struct limit **)(void *)refs(b, f, o, "limits", T_LIMIT, &rule->limit_count);
    const struct json *list = want_list(b, f, o, "cards");
    size_t count = json_is(list, JSON_ARRAY) ? list->count : 0;
    struct card *cards = ARENA_ARRAY(law->arena, struct card, count + 1);
    for (size_t i = 0; i < count; i++) {
        read_card(b, f, &list->items[i], rule, &cards[i]);
        if (i > 0 && (cards[i].unit != cards[i - 1].unit || cards[i].n <= cards[i - 1].n)) {
            problem(b, f, &list->items[i], "cards",
                    "cards stand by how late, in one unit, the lightest first");
        }
    }
    rule->cards = cards;
    rule->card_count = count;
}

const struct card *law_card(const struct law *law, const struct limit *limit, struct day due,
                            struct day done)
{
    const struct card *worst = NULL;
    for (size_t i = 0; i < law->card_rule_count && !limit->per_party && done.n > due.n; i++) {
        const struct card_rule *rule = &law->card_rules[i];
        bool over = rule->limit_count == 0;
        for (size_t k = 0; k < rule->limit_count && !over; k++) {
            over = str_equal(rule->limits[k]->id, limit->id);
        }
        for (size_t k = 0; over && k < rule->card_count; k++) {
            const struct card *c = &rule->cards[k];
            worst = law_days_between(law, due, done, c->unit) > c->n ? c : worst;
        }
    }
    return worst;
}
