/* The stories of test/: their acts and articles must exist, and each kind of act should be seen
 * admitted and refused. */
#include "law/law_in.h"

enum { ADMITTED_LEAST = 2, REFUSED_LEAST = 3 };

struct tally {
    uint32_t admitted;
    uint32_t refused;
};

/* A refusal names its check by code, and the article that refuses. */
static void check_refusal(struct builder *b, const struct source *f, const struct json *expect)
{
    struct str code = json_text(expect, "refused");
    const struct json *article = json_get(expect, "article");
    if (law_code(b->law, STR("refusal"), code) == NULL) {
        problem(b, f, expect, "reference", "the code table refusal has no \"%.*s\"", FMT(code));
    }
    if (article != NULL) {
        may_cite(b, f, expect, "article");
    }
}

static void tally_step(struct builder *b, const struct source *f, const struct json *step,
                       struct tally *tallies)
{
    const struct json *act = json_get(step, "act");
    const struct json *expect = json_get(step, "expect");
    if (act == NULL) {
        return; /* a day of the clock: its acts are counted, not named */
    }
    const struct act_kind *kind = json_is(act, JSON_STRING) ? law_act(b->law, act->text) : NULL;
    bool admitted = json_is(expect, JSON_STRING) && str_equal(expect->text, STR("admitted"));
    bool refused = json_is(expect, JSON_OBJECT);
    if (refused) {
        check_refusal(b, f, expect);
    } else if (!admitted) {
        problem(b, f, step, "test", "a step expects \"admitted\", or {\"refused\": code}");
    }
    if (kind != NULL) {
        tallies[kind->index].admitted += admitted;
        tallies[kind->index].refused += refused;
    } else if (admitted) {
        problem(b, f, act, "reference", "there is no kind of act \"%.*s\"", FMT(act->text));
    }
}

/* Acts that only the clock, the node or an administrator does can be admitted outside any story: by
 * a day of the clock, at set-up, or by the program itself. */
static bool told_in_stories(const struct act_kind *k)
{
    return (k->who & (WHO_PARTY | WHO_OFFICER | WHO_CLIENT)) != 0 &&
           (k->who & (WHO_CLOCK | WHO_NODE)) == 0;
}

void check_tests(struct builder *b)
{
    const struct law *law = b->law;
    struct tally *tallies = ARENA_ARRAY(b->ctx->arena, struct tally, law->act_count + 1);
    bool any = false;
    for (size_t i = 0; i < b->story_count; i++) {
        const struct source *f = &b->stories[i];
        const struct json *steps = json_get(&f->root, "steps");
        any = true;
        for (size_t k = 0; json_is(steps, JSON_ARRAY) && k < steps->count; k++) {
            tally_step(b, f, &steps->items[k], tallies);
        }
    }
    /* Packs that come without stories (a base by itself, an extract) are held to them where they
     * are used. */
    for (size_t i = 0; any && i < law->act_count; i++) {
        struct tally n = tallies[i];
        uint32_t admitted_least = told_in_stories(&law->acts[i]) ? ADMITTED_LEAST : 0;
        if (n.admitted < admitted_least || n.refused < REFUSED_LEAST) {
            problem(b, b->origins.acts[i], NULL, "w:test",
                    "the stories see \"%.*s\" admitted %u times and refused %u times; %u and %d "
                    "are needed",
                    FMT(law->acts[i].kind), n.admitted, n.refused, admitted_least, REFUSED_LEAST);
        }
    }
}
