/* Invariants: what must never stand in the record of a case, as data beside its procedure. The gate
 * does not read them; they are the second opinion by which its decisions are tested. */
#include "law/law_in.h"

const struct feel_scope law_invariant_scope = {
    .names =
        (const struct feel_member[LAW_RECORD_COUNT]){
            [LAW_RECORD_ACT] = {STR_INIT("act"), NULL},
            [LAW_RECORD_BEFORE] = {STR_INIT("before"), NULL},
            [LAW_RECORD_FACTS] = {STR_INIT("facts"), NULL},
            [LAW_RECORD_STATUS] = {STR_INIT("status"), NULL}},
    .count = LAW_RECORD_COUNT,
};

static void read_invariant(struct builder *b, const struct source *f, const struct json *o,
                           struct str procedure)
{
    static const char *const names[] = {"id", "title", "article", "never", "example", NULL};
    only_members(b, f, o, names);
    struct invariant *x = &b->law->invariants[b->law->invariant_count];
    *x = (struct invariant){.id = want_text(b, f, o, "id"), .procedure = procedure};
    x->title = want_text2(b, f, o, "title");
    x->article = may_cite(b, f, o, "article");
    x->never = may_feel(b, f, o, "never");
    x->example = json_get(o, "example");
    if (x->never == NULL || x->article.statute == NULL || !json_is(x->example, JSON_OBJECT)) {
        problem(b, f, o, "missing",
                "an invariant has \"never\", the article that forbids it, and an \"example\" of "
                "what it forbids");
        return;
    }
    b->law->invariant_count++;
}

void read_invariants(struct builder *b, struct source *f)
{
    static const char *const names[] = {"procedure", "invariants", NULL};
    only_members(b, f, &f->root, names);
    struct str procedure = want_text(b, f, &f->root, "procedure");
    struct str path = str_format(b->ctx->arena, "procedure/%.*s.invariant.json", FMT(procedure));
    resolve(b, f, &f->root, T_PROCEDURE, procedure);
    if (!str_equal(path, f->path)) {
        problem(b, f, &f->root, "name", "the invariants of \"%.*s\" must stand in %.*s",
                FMT(procedure), FMT(path));
    }
    const struct json *list = want_list(b, f, &f->root, "invariants");
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        read_invariant(b, f, &list->items[i], procedure);
    }
}

const struct invariant *law_invariants(const struct law *law, size_t *ret_count)
{
    *ret_count = law->invariant_count;
    return law->invariants;
}
