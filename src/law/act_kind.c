/* Kinds of act: one file each, read in the order of the gate's checks. */
#include "law/law_in.h"

static const char *const whos[] = {"party", "officer", "clock", "node", "admin", "client"};
static const char *const told[] = {"party", "interested", "office",
                                   "asked"}; /* in the order of enum act_tells */

enum { WHO_CODES = 64 };

void declare_act(struct builder *b, struct source *f)
{
    struct act_kind *k = &b->law->acts[b->law->act_count];
    k->index = (uint32_t)b->law->act_count++;
    b->origins.acts[k->index] = f;
    k->kind = want_text(b, f, &f->root, "act");
    struct str name = str_format(b->ctx->arena, "act/%.*s.json", FMT(k->kind));
    if (!str_equal(name, f->path)) {
        problem(b, f, &f->root, "name", "the act \"%.*s\" must stand in %.*s", FMT(k->kind),
                FMT(name));
    }
    if (!index_put(&b->law->index[T_ACT], k->kind, k)) {
        problem(b, f, &f->root, "duplicate", "the kind of act \"%.*s\" stands twice", FMT(k->kind));
    }
}

/* The rows of a code table that a list names: roles of people, kinds of institution. */
static void read_by_code(struct builder *b, const struct source *f, const struct json *list,
                         struct str table, struct str *out, size_t *count)
{
    for (size_t i = 0; list->kind == JSON_ARRAY && i < list->count && *count < WHO_CODES; i++) {
        struct str code = list->items[i].text;
        out[(*count)++] = code;
        if (law_code(b->law, table, code) == NULL) {
            problem(b, f, &list->items[i], "reference", "the code table %.*s has no \"%.*s\"",
                    FMT(table), FMT(code));
        }
    }
}

static void read_who(struct builder *b, const struct source *f, const struct json *who,
                     struct act_kind *k)
{
    k->role_count = 0;
    k->institution_count = 0;
    k->who = 0;
    struct str *roles = ARENA_ARRAY(b->law->arena, struct str, WHO_CODES);
    struct str *institutions = ARENA_ARRAY(b->law->arena, struct str, WHO_CODES);
    for (size_t i = 0; json_is(who, JSON_OBJECT) && i < who->count; i++) {
        const struct json *v = &who->members[i].value;
        int bit = word_of(who->members[i].key, whos, LEN(whos));
        if (bit < 0) {
            problem(b, f, v, "unknown-member",
                    "who is party, officer, clock, node, admin or client");
            continue;
        }
        k->who |= 1u << bit;
        bool by_institution = 1u << bit == WHO_CLIENT;
        bool by_role = by_institution || ((1u << bit) & (WHO_OFFICER | WHO_ADMIN)) != 0;
        if (by_role ? v->kind != JSON_ARRAY : v->kind != JSON_BOOL || !v->bool_value) {
            problem(b, f, v, "who",
                    by_institution ? "\"%s\" lists the kinds of institution that may do it"
                    : by_role      ? "\"%s\" lists the roles that may do it"
                                   : "\"%s\" is true or not there",
                    whos[bit]);
        } else if (by_institution) {
            read_by_code(b, f, v, STR("institution"), institutions, &k->institution_count);
        } else if (by_role) {
            read_by_code(b, f, v, STR("role"), roles, &k->role_count);
        }
    }
    k->institutions = institutions;
    k->roles = roles;
    if (k->who == 0) {
        problem(b, f, who, "missing", "the act \"%.*s\" says nobody who may do it", FMT(k->kind));
    }
}

/* One article for all kinds of `not_same_as`, or one of each: {"legal-review": "…", …}. */
static void read_same(struct builder *b, const struct source *f, const struct json *apart,
                      const struct json *articles, struct act_kind *k)
{
    const struct json *kinds = json_get(apart, "not_same_as");
    const struct json *by = json_get(articles, "not_same_as");
    if (!json_is(by, JSON_OBJECT) || !json_is(kinds, JSON_ARRAY)) {
        k->apart.same = may_cite(b, f, articles, "not_same_as");
        return;
    }
    struct cite *list = ARENA_ARRAY(b->law->arena, struct cite, kinds->count + 1);
    size_t known = 0;
    for (size_t i = 0; i < kinds->count; i++) {
        struct str kind = kinds->items[i].text;
        known += json_get_str(by, kind) != NULL;
        list[i] = may_cite(b, f, by, str_z(b->law->arena, kind));
    }
    if (known < by->count) {
        problem(b, f, by, "reference", "articles of kinds that \"not_same_as\" does not name");
    }
    k->same_by = list;
}

static void read_apart(struct builder *b, const struct source *f, const struct json *o,
                       struct act_kind *k)
{
    static const char *const names[] = {
        "not_same_as", "after", "officers",    "recuse",    "once",     "earlier", "principal",
        "own",         "self",  "recuse_from", "not_named", "articles", NULL};
    static const char *const article_names[] = {"not_same_as", "after",     "officers", "recuse",
                                                "once",        "not_named", NULL};
    k->officers = 1;
    if (o == NULL || o->kind == JSON_NULL) {
        return;
    }
    only_members(b, f, o, names);
    k->not_same_as = (const struct act_kind **)(void *)refs(b, f, o, "not_same_as", T_ACT,
                                                            &k->not_same_as_count);
    k->after = (const struct act_kind **)(void *)refs(b, f, o, "after", T_ACT, &k->after_count);
    k->officers = may_count(b, f, o, "officers", 1, 1, 2);
    k->earlier =
        (const struct act_kind **)(void *)refs(b, f, o, "earlier", T_ACT, &k->earlier_count);
    k->recuse_from =
        (const struct fact **)(void *)refs(b, f, o, "recuse_from", T_FACT, &k->recuse_from_count);
    k->not_named =
        (const struct fact **)(void *)refs(b, f, o, "not_named", T_FACT, &k->not_named_count);
    k->own = may_ref(b, f, o, "own", T_FACT);
    k->self = may_ref(b, f, o, "self", T_FACT);
    k->principal = may_bool(b, f, o, "principal", false);
    k->recuse = may_bool(b, f, o, "recuse", false);
    k->once = may_bool(b, f, o, "once", false);
    const struct json *articles = json_get(o, "articles");
    if (articles != NULL) {
        only_members(b, f, articles, article_names);
        read_same(b, f, o, articles, k);
        k->apart.after = may_cite(b, f, articles, "after");
        k->apart.officers = may_cite(b, f, articles, "officers");
        k->apart.recuse = may_cite(b, f, articles, "recuse");
        k->apart.once = may_cite(b, f, articles, "once");
        k->apart.not_named = may_cite(b, f, articles, "not_named");
    }
}

/* What it names, of which types and in which states. */
static void read_reference(struct builder *b, const struct source *f, const struct json *o,
                           struct need *x)
{
    if (x->fact == NULL) {
        return;
    }
    x->names = json_get(o, "names") == NULL ? x->fact->names : read_names(b, f, o, x->fact);
    x->follows = x->fact->follows;
    x->follows_article = x->fact->follows_article;
    if (json_is(json_get(o, "derived"), JSON_OBJECT)) {
        x->follows = read_derived(b, f, o, &x->follows_article);
    }
    x->correct = may_ref(b, f, o, "correct", T_ITEM);
    x->meanwhile = may_bool(b, f, o, "meanwhile", false);
    x->types = texts(b, f, o, "type", &x->type_count);
    x->states = texts(b, f, o, "state", &x->state_count);
    if (x->names == NAMES_NOTHING && x->type_count + x->state_count > 0) {
        problem(b, f, o, "type", "\"%.*s\" names nothing that has a type or a state",
                FMT(x->fact->id));
    }
}

const struct need *read_needs(struct builder *b, const struct source *f, const struct json *list,
                              size_t *ret_count)
{
    static const char *const names[] = {
        "fact",  "need", "when",  "purpose", "article", "source",    "instead", "affirmed",
        "names", "type", "state", "derived", "correct", "meanwhile", "drawn",   NULL};
    static const char *const needs[] = {"required", "optional"};
    size_t n = json_is(list, JSON_ARRAY) ? list->count : 0;
    struct need *out = ARENA_ARRAY(b->law->arena, struct need, n + 1);
    *ret_count = 0;
    for (size_t i = 0; i < n; i++) {
        const struct json *o = &list->items[i];
        only_members(b, f, o, names);
        struct need *x = &out[*ret_count];
        x->fact = may_ref(b, f, o, "fact", T_FACT);
        int word = word_of(want_text(b, f, o, "need"), needs, LEN(needs));
        if (word < 0) {
            problem(b, f, o, "need", "need is required or optional");
        }
        x->required = word == 0;
        x->affirmed = may_bool(b, f, o, "affirmed", false);
        if (x->affirmed && x->fact != NULL && x->fact->type != FACT_BOOLEAN) {
            problem(b, f, o, "type", "only a yes or no is \"affirmed\"");
        }
        x->drawn = may_bool(b, f, o, "drawn", false);
        x->derived =
            json_is(json_get(o, "derived"), JSON_OBJECT) ? NULL : may_feel(b, f, o, "derived");
        if (x->drawn && (x->fact == NULL || x->fact->type != FACT_BILL || x->derived != NULL)) {
            problem(b, f, o, "type",
                    "only a payment-number is \"drawn\", and nothing else makes it");
        }
        x->from_register = str_equal(may_text(b, f, o, "source"), STR("register"));
        x->when = may_feel(b, f, o, "when");
        x->purpose = may_text2(b, f, o, "purpose");
        x->article = may_cite(b, f, o, "article");
        x->instead = may_text(b, f, o, "instead");
        if (x->instead.n > 0) {
            resolve(b, f, o, T_LICENCE, x->instead);
        }
        read_reference(b, f, o, x);
        *ret_count += x->fact != NULL;
    }
    return out;
}

static void read_bounds(struct builder *b, const struct source *f, const struct json *o,
                        struct act_kind *k)
{
    static const char *const names[] = {"decision", "allow", "article", "depart", NULL};
    static const char *const depart_names[] = {"fields", "power", NULL};
    if (o == NULL || o->kind == JSON_NULL) {
        return;
    }
    only_members(b, f, o, names);
    k->bounds_decision = want_text(b, f, o, "decision");
    k->bounds_allow = may_feel(b, f, o, "allow");
    k->bounds_article = may_cite(b, f, o, "article");
    if (k->bounds_article.statute == NULL) {
        problem(b, f, o, "missing", "bounds cite the article that binds the discretion");
    }
    const struct json *depart = json_get(o, "depart");
    if (json_is(depart, JSON_OBJECT)) {
        only_members(b, f, depart, depart_names);
        k->depart_fields = (const struct fact **)(void *)refs(b, f, depart, "fields", T_FACT,
                                                              &k->depart_field_count);
        k->depart_power = may_text(b, f, depart, "power");
    }
}

/* `when` with its article and text is one condition; `conditions` lists more, each with its own. */
static void read_conditions(struct builder *b, const struct source *f, struct act_kind *k)
{
    static const char *const names[] = {"when", "article", "text", NULL};
    const struct json *list = may_list(b, f, &f->root, "conditions");
    struct act_condition *out =
        ARENA_ARRAY(b->law->arena, struct act_condition, (list == NULL ? 0 : list->count) + 1);
    k->conditions = out;
    k->condition_count = 0;
    struct act_condition first = {may_feel(b, f, &f->root, "when"),
                                  may_cite(b, f, &f->root, "when_article"),
                                  may_text2(b, f, &f->root, "when_text")};
    if (first.when != NULL) {
        out[k->condition_count++] = first;
    }
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct json *o = &list->items[i];
        only_members(b, f, o, names);
        struct act_condition c = {may_feel(b, f, o, "when"), may_cite(b, f, o, "article"),
                                  want_text2(b, f, o, "text")};
        if (c.when == NULL || c.article.statute == NULL) {
            problem(b, f, o, "missing",
                    "a condition has \"when\" and the article that refuses otherwise");
        } else {
            out[k->condition_count++] = c;
        }
    }
}

/* One limit by its name, or a list of which the first whose `when` holds counts, and those that
 * count `also` beside it. */
static void read_limits_of(struct builder *b, const struct source *f, struct act_kind *k)
{
    static const char *const names[] = {"limit", "when", "also", NULL};
    const struct json *v = json_get(&f->root, "limit");
    bool many = json_is(v, JSON_ARRAY);
    struct act_limit *out = ARENA_ARRAY(b->law->arena, struct act_limit, (many ? v->count : 0) + 1);
    k->limits = out;
    k->limit_count = 0;
    for (size_t i = 0; many && i < v->count; i++) {
        only_members(b, f, &v->items[i], names);
        struct act_limit x = {may_ref(b, f, &v->items[i], "limit", T_LIMIT),
                              may_feel(b, f, &v->items[i], "when"),
                              may_bool(b, f, &v->items[i], "also", false)};
        if (x.limit != NULL) {
            out[k->limit_count++] = x;
        }
    }
    const struct limit *one = many ? NULL : may_ref(b, f, &f->root, "limit", T_LIMIT);
    if (one != NULL) {
        out[k->limit_count++] = (struct act_limit){.limit = one};
    }
}

static void read_purpose(struct builder *b, const struct source *f, struct act_kind *k)
{
    static const char *const classes[] = {"public", "business", "personal", "sensitive"};
    size_t count = 0;
    const struct str *list = texts(b, f, &f->root, "purpose", &count);
    for (size_t i = 0; i < count; i++) {
        int bit = word_of(list[i], classes, LEN(classes));
        if (bit < 0) {
            problem(b, f, json_get(&f->root, "purpose"), "purpose",
                    "purpose lists public, business, personal, sensitive");
        } else {
            k->purpose |= 1u << bit;
        }
    }
}

/* Every text of a list must be one of the words. */
static void only_words(struct builder *b, const struct source *f, const char *name,
                       const struct str *list, size_t count, const char *const *words,
                       size_t word_count)
{
    for (size_t i = 0; i < count; i++) {
        if (word_of(list[i], words, word_count) < 0) {
            problem(b, f, json_get(&f->root, name), "reference", "\"%.*s\" is no word of \"%s\"",
                    FMT(list[i]), name);
        }
    }
}

static void check_status(struct builder *b, const struct source *f, const char *name,
                         struct str status)
{
    if (status.n > 0 && law_code(b->law, STR("status"), status) == NULL) {
        problem(b, f, json_get(&f->root, name), "reference",
                "the code table status has no \"%.*s\"", FMT(status));
    }
}

static void read_statuses(struct builder *b, const struct source *f, struct act_kind *k)
{
    k->from = texts(b, f, &f->root, "from", &k->from_count);
    k->to = may_text(b, f, &f->root, "to");
    for (size_t i = 0; i < k->from_count; i++) {
        check_status(b, f, "from", k->from[i]);
    }
    check_status(b, f, "to", k->to);
}

static void read_fields(struct builder *b, const struct source *f, struct act_kind *k)
{
    const struct json *fields = json_get(&f->root, "fields");
    k->fields_from_need = json_is(fields, JSON_STRING) && str_equal(fields->text, STR("need"));
    if (fields != NULL && fields->kind != JSON_NULL && fields->kind != JSON_ARRAY &&
        !k->fields_from_need) {
        problem(b, f, fields, "type", "\"fields\" is a list, or the word \"need\"");
    }
    k->fields = read_needs(b, f, fields, &k->field_count);
}

/* What must be served, and on whom. */
static void read_paper(struct builder *b, const struct source *f, const struct json *o,
                       struct act_kind *k)
{
    static const char *const names[] = {"on", "article", "own", "agreed", NULL};
    struct act_paper *x = &k->paper;
    if (o == NULL || o->kind == JSON_NULL) {
        return;
    }
    only_members(b, f, o, names);
    size_t count = 0;
    const struct str *on = texts(b, f, o, "on", &count);
    x->on = (const struct fact **)ARENA_ARRAY(b->law->arena, const struct fact *, count + 1);
    for (size_t i = 0; i < count; i++) {
        bool party = str_equal(on[i], STR("party"));
        const struct fact *fact = party ? NULL : resolve(b, f, o, T_FACT, on[i]);
        x->on_party = x->on_party || party;
        if (fact != NULL) {
            x->on[x->on_count++] = fact;
        }
    }
    x->must = x->on_party || x->on_count > 0;
    x->article = may_cite(b, f, o, "article");
    x->own = may_bool(b, f, o, "own", false);
    x->agreed = may_ref(b, f, o, "agreed", T_FACT);
    if (!x->must || x->article.statute == NULL || k->in_case == ACT_CASE_NONE) {
        problem(b, f, o, "paper",
                "a paper that is served stands in a case and says \"on\" whom and by which "
                "\"article\"");
    }
}

/* Service itself: its ways are those of the table. */
static void read_serves(struct builder *b, const struct source *f, const struct json *o,
                        struct act_kind *k)
{
    static const char *const names[] = {"papers", "paper", "to", "way", "day", NULL};
    struct act_serves *x = &k->serves;
    if (o == NULL || o->kind == JSON_NULL) {
        return;
    }
    only_members(b, f, o, names);
    x->papers = (const struct act_kind **)(void *)refs(b, f, o, "papers", T_ACT, &x->paper_count);
    x->paper = may_ref(b, f, o, "paper", T_FACT);
    x->to = may_ref(b, f, o, "to", T_FACT);
    x->way = may_ref(b, f, o, "way", T_FACT);
    x->day = may_ref(b, f, o, "day", T_FACT);
    for (size_t i = 0; x->way != NULL && i < x->way->choice_count; i++) {
        if (law_code(b->law, STR("service-way"), x->way->choices[i].code) == NULL) {
            problem(b, f, json_get(o, "way"), "reference",
                    "the code table service-way has no \"%.*s\"", FMT(x->way->choices[i].code));
        }
    }
    bool days = x->day == NULL || x->day->type == FACT_DATE;
    if (x->way == NULL || x->way->type != FACT_CHOICE || !days || k->in_case != ACT_CASE_IN) {
        problem(b, f, o, "serves",
                "an act that serves is one in a case, its \"way\" a choice and its \"day\" a date");
    }
}

void read_act(struct builder *b, struct source *f)
{
    static const char *const names[] = {
        "act",        "title",        "button",  "articles", "who",          "assurance",
        "fresh",      "power",        "party",   "office",   "case",         "task",
        "from",       "to",           "apart",   "when",     "when_article", "when_text",
        "conditions", "fields",       "limit",   "bounds",   "purpose",      "draws",
        "tells",      "remedy",       "publish", "effect",   "interested",   "bars",
        "barred",     "review_first", "paper",   "serves",   "ended",        NULL};
    static const char *const cases[] = {
        [ACT_CASE_OPEN] = "open", [ACT_CASE_IN] = "in", [ACT_CASE_NONE] = "none"};
    const struct json *o = &f->root;
    struct act_kind *k = index_get(&b->law->index[T_ACT], json_text(o, "act"));
    if (k == NULL) {
        return;
    }
    only_members(b, f, o, names);
    k->title = want_text2(b, f, o, "title");
    k->button = json_get(o, "button") == NULL ? k->title : want_text2(b, f, o, "button");
    k->articles = cites(b, f, o, "articles", &k->article_count);
    if (k->article_count == 0) {
        problem(b, f, o, "missing", "the act \"%.*s\" rests on no article", FMT(k->kind));
    }
    read_who(b, f, json_get(o, "who"), k);
    k->assurance = may_count(b, f, o, "assurance", 1, 0, 3);
    k->fresh_min = may_count(b, f, o, "fresh", 0, 1, 720);
    k->power = may_text(b, f, o, "power");
    k->party = may_ref(b, f, o, "party", T_FACT);
    k->interested = may_ref(b, f, o, "interested", T_FACT);
    k->office = may_ref(b, f, o, "office", T_FACT);
    int in_case = word_of(want_text(b, f, o, "case"), cases, LEN(cases));
    if (in_case < 0) {
        problem(b, f, o, "case", "case is open, in or none");
    }
    k->in_case = in_case < 0 ? ACT_CASE_NONE : (enum act_case)in_case;
    k->task = may_bool(b, f, o, "task", false);
    read_statuses(b, f, k);
    read_apart(b, f, json_get(o, "apart"), k);
    if ((k->who & WHO_ADMIN) != 0 && k->in_case != ACT_CASE_NONE) {
        problem(b, f, json_get(o, "who"), "separation",
                "administrators do not act in cases: \"%.*s\" is not for them", FMT(k->kind));
    }
    read_conditions(b, f, k);
    read_fields(b, f, k);
    read_limits_of(b, f, k);
    k->bars = may_ref(b, f, o, "bars", T_LIMIT);
    k->barred = may_bool(b, f, o, "barred", false);
    k->ended = may_bool(b, f, o, "ended", false);
    if ((k->bars != NULL && k->in_case != ACT_CASE_IN) ||
        (k->barred && k->in_case != ACT_CASE_OPEN)) {
        problem(b, f, o, "case",
                "an act in a case bars the party, and one that opens a case is barred");
    }
    read_bounds(b, f, json_get(o, "bounds"), k);
    read_purpose(b, f, k);
    k->draws = may_text(b, f, o, "draws");
    if (k->draws.n > 0) {
        resolve(b, f, json_get(o, "draws"), T_DOCUMENT, k->draws);
    }
    read_paper(b, f, json_get(o, "paper"), k);
    read_serves(b, f, json_get(o, "serves"), k);
    size_t tell_count = 0;
    const struct str *tells = texts(b, f, o, "tells", &tell_count);
    only_words(b, f, "tells", tells, tell_count, told, LEN(told));
    k->tells = 0;
    for (size_t i = 0; i < tell_count; i++) {
        int bit = word_of(tells[i], told, LEN(told));
        k->tells |= bit < 0 ? 0 : 1u << bit;
    }
    k->remedy = may_bool(b, f, o, "remedy", false);
    k->review_first = may_cite(b, f, o, "review_first");
    k->publish = may_bool(b, f, o, "publish", false);
    k->effects = texts(b, f, o, "effect", &k->effect_count);
}
