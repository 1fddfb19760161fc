/* Items, what they need, offices and their powers, licence types. */
#include "base/token.h"
#include "law/law_in.h"

/* "item/food-new/item.json" to "food-new". */
static struct str folder_of(const struct source *f)
{
    struct str rest = {0};
    str_cut(f->path, '/', &rest);
    return str_cut(rest, '/', &rest);
}

void declare_item(struct builder *b, struct source *f)
{
    struct item *x = &b->law->items[b->law->item_count];
    x->index = (uint32_t)b->law->item_count++;
    b->origins.items[x->index] = f;
    x->id = want_text(b, f, &f->root, "item");
    if (!str_equal(folder_of(f), x->id)) {
        problem(b, f, &f->root, "name", "the item \"%.*s\" must stand in a folder of its name",
                FMT(x->id));
    }
    if (!index_put(&b->law->index[T_ITEM], x->id, x)) {
        problem(b, f, &f->root, "duplicate", "the item \"%.*s\" stands twice", FMT(x->id));
    }
}

/* GB/T 39554.1: 12 characters; 31 = credit code of the organ ‖ level ‖ basic code; 33 = 31 ‖
 * sequence. */
static void read_codes_of_item(struct builder *b, const struct source *f, struct item *x)
{
    static const char *const names[] = {"basic", "implementation", "handling", NULL};
    const struct json *o = json_get(&f->root, "code");
    only_members(b, f, o, names);
    x->code_basic = want_text(b, f, o, "basic");
    x->code_implementation = want_text(b, f, o, "implementation");
    x->code_handling = may_text(b, f, o, "handling");
    struct str impl = x->code_implementation;
    struct str all[] = {x->code_basic, impl, x->code_handling};
    static const char *const members[] = {"basic", "implementation", "handling"};
    static const size_t sizes[] = {12, 31, 33};
    for (size_t i = 0; i < LEN(all); i++) {
        const char *fault = item_code_fault(all[i]);
        if (i == 2 && all[i].n == 0) {
            continue;
        }
        if (fault != NULL || all[i].n != sizes[i]) {
            problem(b, f, json_get(o, members[i]), "code",
                    "the code \"%.*s\" is not one of %zu characters by GB/T 39554.1: %s",
                    FMT(all[i]), sizes[i], fault == NULL ? "its length is that of another" : fault);
            return;
        }
    }
    struct str type = str_slice(x->code_basic, 2, 4);
    if (!str_equal(type, json_text(&f->root, "type"))) {
        problem(b, f, json_get(o, "basic"), "code",
                "the basic code says type %.*s, the item another", FMT(type));
    }
    if (!str_equal(str_slice(impl, 19, 31), x->code_basic) ||
        (x->code_handling.n > 0 && !str_equal(str_slice(x->code_handling, 0, 31), impl))) {
        problem(b, f, o, "code", "the three codes of \"%.*s\" do not build on each other",
                FMT(x->id));
    }
    struct str *codes[] = {&x->code_implementation, &x->code_handling};
    for (size_t i = 0; i < LEN(codes); i++) {
        if (codes[i]->n > 0 && !index_put(&b->law->item_codes, *codes[i], x)) {
            problem(b, f, o, "duplicate", "the item code %.*s is taken", FMT(*codes[i]));
        }
    }
}

static void read_conditions(struct builder *b, const struct source *f, struct item *x)
{
    static const char *const names[] = {"id", "text", "article", "when", NULL};
    const struct json *list = may_list(b, f, &f->root, "conditions");
    x->condition_count = 0;
    struct condition *out =
        ARENA_ARRAY(b->law->arena, struct condition, (list == NULL ? 0 : list->count) + 1);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct json *o = &list->items[i];
        only_members(b, f, o, names);
        out[i] = (struct condition){want_text(b, f, o, "id"), want_text2(b, f, o, "text"),
                                    may_cite(b, f, o, "article"), may_feel(b, f, o, "when")};
        if (out[i].article.statute == NULL) {
            problem(b, f, o, "missing", "a condition cites its article");
        }
        x->condition_count++;
    }
    x->conditions = out;
}

/* {"decide": limit}: by what the item's own law replaces a limit of the procedure. */
static void read_own_limits(struct builder *b, const struct source *f, struct item *x)
{
    const struct json *o = json_get(&f->root, "limits");
    if (o == NULL || o->kind == JSON_NULL) {
        return;
    }
    if (o->kind != JSON_OBJECT) {
        problem(b, f, o, "type",
                "\"limits\" is an object of what a limit stands as, and the limit");
        return;
    }
    struct own_limit *out = ARENA_ARRAY(b->law->arena, struct own_limit, o->count + 1);
    x->limits = out;
    x->limit_count = 0;
    for (size_t i = 0; i < o->count; i++) {
        const struct json *v = &o->members[i].value;
        const struct limit *l = v->kind == JSON_STRING ? resolve(b, f, v, T_LIMIT, v->text) : NULL;
        if (v->kind != JSON_STRING) {
            problem(b, f, v, "type", "a limit is named by a text");
        } else if (l != NULL) {
            out[x->limit_count++] = (struct own_limit){o->members[i].key, l};
        }
        x->decide_limit =
            l != NULL && str_equal(o->members[i].key, STR("decide")) ? l : x->decide_limit;
    }
}

static void read_subjects(struct builder *b, const struct source *f, struct item *x)
{
    static const char *const names[] = {"fact", "beside", NULL};
    const struct json *list = may_list(b, f, &f->root, "subject");
    struct subject *out =
        ARENA_ARRAY(b->law->arena, struct subject, (list == NULL ? 0 : list->count) + 1);
    x->subjects = out;
    x->subject_count = 0;
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct json *o = &list->items[i];
        only_members(b, f, o, names);
        struct subject s = {.fact = may_ref(b, f, o, "fact", T_FACT)};
        s.beside = (const struct item **)(void *)refs(b, f, o, "beside", T_ITEM, &s.beside_count);
        if (s.fact == NULL || s.fact->type == FACT_LIST || s.fact->type == FACT_MATERIAL) {
            problem(b, f, o, "missing", "a subject is a fact with one value: \"fact\"");
            continue;
        }
        out[x->subject_count++] = s;
    }
}

static void read_promises(struct builder *b, const struct source *f, struct item *x)
{
    static const char *const names[] = {"n", "unit", NULL};
    const struct json *o = json_get(&f->root, "promise");
    size_t n = json_is(o, JSON_OBJECT) ? o->count : 0;
    x->promise_count = 0;
    struct promise *out = ARENA_ARRAY(b->law->arena, struct promise, n + 1);
    for (size_t i = 0; i < n; i++) {
        const struct json *v = &o->members[i].value;
        only_members(b, f, v, names);
        struct promise *p = &out[x->promise_count];
        p->limit = resolve(b, f, v, T_LIMIT, o->members[i].key);
        p->n = may_count(b, f, v, "n", 0, 0, 36500);
        if (!parse_unit(want_text(b, f, v, "unit"), &p->unit)) {
            problem(b, f, v, "unit", "unit is workday, day, month, year or hour");
        }
        if (p->limit != NULL && p->limit->unit == p->unit && p->n > p->limit->n) {
            problem(b, f, v, "promise", "a promise cannot be longer than the limit %.*s",
                    FMT(p->limit->id));
        }
        x->promise_count += p->limit != NULL;
    }
    x->promises = out;
}

static void read_remedies(struct builder *b, const struct source *f, struct item *x)
{
    static const char *const names[] = {"text", "article", NULL};
    const struct json *list = may_list(b, f, &f->root, "remedy");
    x->remedy_count = 0;
    struct remedy *out =
        ARENA_ARRAY(b->law->arena, struct remedy, (list == NULL ? 0 : list->count) + 1);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct json *o = &list->items[i];
        only_members(b, f, o, names);
        out[i] = (struct remedy){want_text2(b, f, o, "text"), may_cite(b, f, o, "article")};
        x->remedy_count++;
    }
    x->remedies = out;
}

/* No fee without law: a sum cites the article it is charged by. */
static void read_fee(struct builder *b, const struct source *f, struct item *x)
{
    static const char *const names[] = {"sum_fen", "article", NULL};
    const struct json *o = json_get(&f->root, "fee");
    if (o == NULL || o->kind == JSON_NULL) {
        return;
    }
    only_members(b, f, o, names);
    x->fee_fen = may_int(b, f, o, "sum_fen", 0);
    if (x->fee_fen < 0) {
        problem(b, f, o, "range", "a fee is not below 0 fen");
    }
    if (may_cite(b, f, o, "article").statute == NULL && x->fee_fen > 0) {
        problem(b, f, o, "w:missing", "the fee of \"%.*s\" cites no article", FMT(x->id));
    }
}

static void read_decision(struct builder *b, const struct source *f, struct item *x)
{
    static const char *const names[] = {"model", "decision", NULL};
    const struct json *o = json_get(&f->root, "decide");
    if (o == NULL || o->kind == JSON_NULL) {
        return;
    }
    only_members(b, f, o, names);
    struct str model = want_text(b, f, o, "model");
    struct str path = str_format(b->ctx->arena, "item/%.*s/%.*s", FMT(x->id), FMT(model));
    x->model = resolve(b, f, o, T_MODEL, path);
    x->decision = want_text(b, f, o, "decision");
    if (x->model != NULL && !dmn_has_decision(x->model, x->decision)) {
        problem(b, f, o, "reference", "%.*s has no decision \"%.*s\"", FMT(path), FMT(x->decision));
    }
}

void read_item(struct builder *b, struct source *f)
{
    static const char *const names[] = {
        "item",    "code",      "type",     "title",      "summary", "words",
        "for",     "procedure", "articles", "conditions", "limits",  "promise",
        "fee",     "licence",   "decide",   "automatic",  "remedy",  "counter",
        "hotline", "renews",    "public",   "bars",       "subject", NULL};
    const struct json *o = &f->root;
    struct item *x = index_get(&b->law->index[T_ITEM], json_text(o, "item"));
    size_t count = 0;
    if (x == NULL) {
        return;
    }
    only_members(b, f, o, names);
    read_codes_of_item(b, f, x);
    x->type = want_text(b, f, o, "type");
    x->title = want_text2(b, f, o, "title");
    x->summary = want_text2(b, f, o, "summary");
    x->words = texts(b, f, o, "words", &x->word_count);
    const struct str *parties = texts(b, f, o, "for", &count);
    for (size_t i = 0; i < count; i++) {
        x->for_person = x->for_person || str_equal(parties[i], STR("person"));
        x->for_org = x->for_org || str_equal(parties[i], STR("org"));
    }
    x->procedure_name = want_text(b, f, o, "procedure");
    x->procedure = resolve(b, f, json_get(o, "procedure"), T_PROCEDURE, x->procedure_name);
    x->articles = cites(b, f, o, "articles", &x->article_count);
    if (x->article_count == 0) {
        problem(b, f, o, "missing", "the item \"%.*s\" rests on no article", FMT(x->id));
    }
    read_conditions(b, f, x);
    read_own_limits(b, f, x);
    read_promises(b, f, x);
    read_fee(b, f, x);
    x->licence = may_ref(b, f, o, "licence", T_LICENCE);
    read_decision(b, f, x);
    x->automatic = may_bool(b, f, o, "automatic", false);
    read_remedies(b, f, x);
    x->counter = may_text2(b, f, o, "counter");
    x->hotline = may_text(b, f, o, "hotline");
    const struct item *renews = may_ref(b, f, o, "renews", T_ITEM);
    x->renews = renews == NULL ? (struct str){0} : renews->id;
    x->publics = (const struct fact **)(void *)refs(b, f, o, "public", T_FACT, &x->public_count);
    x->bars = (const struct limit **)(void *)refs(b, f, o, "bars", T_LIMIT, &x->bar_count);
    read_subjects(b, f, x);
}

void read_need(struct builder *b, struct source *f)
{
    static const char *const names[] = {"facts", "materials", NULL};
    only_members(b, f, &f->root, names);
    struct item *x = index_get(&b->law->index[T_ITEM], folder_of(f));
    if (x == NULL) {
        problem(b, f, NULL, "reference", "there is no item for %.*s", FMT(f->path));
        return;
    }
    x->facts = read_needs(b, f, want_list(b, f, &f->root, "facts"), &x->fact_count);
    x->materials = read_needs(b, f, may_list(b, f, &f->root, "materials"), &x->material_count);
}

/* ---- offices ---- */

void declare_office(struct builder *b, struct source *f)
{
    struct office *x = &b->law->offices[b->law->office_count];
    x->index = (uint32_t)b->law->office_count++;
    b->origins.offices[x->index] = f;
    x->id = want_text(b, f, &f->root, "office");
    if (!index_put(&b->law->index[T_OFFICE], x->id, x)) {
        problem(b, f, &f->root, "duplicate", "the office \"%.*s\" stands twice", FMT(x->id));
    }
}

void read_office(struct builder *b, struct source *f)
{
    static const char *const names[] = {"office", "title",  "code",     "place", "level", "parent",
                                        "is",     "powers", "invented", "kind",  NULL};
    const struct json *o = &f->root;
    struct office *x = index_get(&b->law->index[T_OFFICE], json_text(o, "office"));
    if (x == NULL) {
        return;
    }
    only_members(b, f, o, names);
    x->title = want_text2(b, f, o, "title");
    x->credit_code = may_text(b, f, o, "code");
    if (x->credit_code.n > 0 && !uscc_is_valid(x->credit_code)) {
        problem(b, f, json_get(o, "code"), "code", "the credit code does not check (GB 32100)");
    }
    x->place = want_text(b, f, o, "place");
    x->level = may_text(b, f, o, "level");
    x->parent = may_ref(b, f, o, "parent", T_OFFICE);
    static const char *const kinds[] = {"department", "government", "vertical"};
    int kind =
        json_get(o, "kind") == NULL ? 0 : word_of(want_text(b, f, o, "kind"), kinds, LEN(kinds));
    if (kind < 0) {
        problem(b, f, json_get(o, "kind"), "kind",
                "an office is a government, a department of one, or led from above (vertical)");
    }
    x->kind = str_from(kinds[kind < 0 ? 0 : kind]);
    static const char *const natures[] = {"organ", "organisation"};
    int nature =
        json_get(o, "is") == NULL ? 0 : word_of(want_text(b, f, o, "is"), natures, LEN(natures));
    if (nature < 0) {
        problem(b, f, json_get(o, "is"), "is", "an office is an organ or an organisation");
    }
    x->organisation = nature == 1;
    x->invented = may_bool(b, f, o, "invented", false);
    const struct json *list = may_list(b, f, o, "powers");
    x->power_count = 0; /* an office that stands twice is a fault, and is read twice all the same */
    struct power *powers =
        ARENA_ARRAY(b->law->arena, struct power, (list == NULL ? 0 : list->count) + 1);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        read_power(b, f, &list->items[i], &powers[x->power_count++]);
    }
    x->powers = powers;
}

/* ---- licence types ---- */

void declare_licence(struct builder *b, struct source *f)
{
    struct licence_type *x = ARENA_NEW(b->law->arena, struct licence_type);
    x->id = want_text(b, f, &f->root, "licence");
    if (!index_put(&b->law->index[T_LICENCE], x->id, x)) {
        problem(b, f, &f->root, "duplicate", "the licence type \"%.*s\" stands twice", FMT(x->id));
    }
}

void read_licence(struct builder *b, struct source *f)
{
    static const char *const names[] = {"licence", "title",       "article", "valid",
                                        "number",  "shows",       "holder",  "public",
                                        "renew",   "renew_limit", NULL};
    static const char *const valid_names[] = {"n", "unit", NULL};
    static const char *const number_names[] = {"prefix", "digits", NULL};
    const struct json *o = &f->root;
    struct licence_type *x = index_get(&b->law->index[T_LICENCE], json_text(o, "licence"));
    if (x == NULL) {
        return;
    }
    only_members(b, f, o, names);
    x->title = want_text2(b, f, o, "title");
    x->article = may_cite(b, f, o, "article");
    const struct json *valid = json_get(o, "valid");
    if (json_is(valid, JSON_OBJECT)) {
        only_members(b, f, valid, valid_names);
        x->valid_n = may_count(b, f, valid, "n", 0, 1, 36500);
        if (!parse_unit(want_text(b, f, valid, "unit"), &x->valid_unit)) {
            problem(b, f, valid, "unit", "unit is workday, day, month, year or hour");
        }
    }
    const struct json *number = json_get(o, "number");
    if (json_is(number, JSON_OBJECT)) {
        only_members(b, f, number, number_names);
        x->number_prefix = may_text(b, f, number, "prefix");
        x->number_digits = may_count(b, f, number, "digits", 12, 1, 18);
    }
    x->shows = (const struct fact **)(void *)refs(b, f, o, "shows", T_FACT, &x->show_count);
    x->publics = (const struct fact **)(void *)refs(b, f, o, "public", T_FACT, &x->public_count);
    x->holder = may_ref(b, f, o, "holder", T_FACT);
    x->renew = may_text(b, f, o, "renew");
    x->renew_limit = may_ref(b, f, o, "renew_limit", T_LIMIT);
}
