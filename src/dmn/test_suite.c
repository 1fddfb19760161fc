/* The suites of src/dmn/test: each NAME.json lists cases for a model, in a form that a clerk can
 * read.
 *
 *   {"model": "fine.dmn", "imports": ["rates.dmn"], "cases": [
 *     {"decision": "fine", "inputs": {...}, "value": ..., "rules": ["fine 2"], "articles": ["…#1"],
 *      "saw": [[100, true]], "why": "part of a sentence"}]}
 *
 * "call" with "arguments" calls a business knowledge model or decision service instead. Numbers are
 * compared as decimals, with nothing rounded. A case without "why" must come to its value without a
 * single trouble. */
#include "base/day.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/test.h"
#include "dmn/batch.h"
#include "feel/value.h"

#define FOLDER "src/dmn/test"
#define CASE_MS 1767225600000 /* now, of all cases */
enum { FILES_MAX = 64, BYTES_MAX = 1 << 20 };

struct names {
    struct str p[FILES_MAX];
    size_t n;
    struct arena *arena;
};

static void each_name(void *arg, const char *name, bool is_dir)
{
    struct names *list = arg;
    if (!is_dir && str_ends(str_from(name), STR(".json"))) {
        must(list->n < FILES_MAX);
        list->p[list->n++] = str_copy(list->arena, str_from(name));
    }
}

/* Equal to the last digit; null equals null only; keys in any order. */
static bool same(struct feel_value a, struct feel_value b)
{
    if (a.kind != b.kind) {
        return false;
    }
    if (a.kind == FEEL_LIST) {
        bool equal = a.n == b.n;
        for (uint32_t i = 0; equal && i < a.n; i++) {
            equal = same(a.items[i], b.items[i]);
        }
        return equal;
    }
    if (a.kind == FEEL_CONTEXT) {
        bool equal = a.n == b.n;
        for (uint32_t i = 0; equal && i < a.n; i++) {
            const struct feel_value *other = feel_get(b, a.entries[i].key);
            equal = other != NULL && same(a.entries[i].value, *other);
        }
        return equal;
    }
    return feel_is_null(a) || feel_is_true(feel_equal(a, b));
}

struct suite {
    struct test *t;
    struct ctx *ctx;
    struct str file;
    const struct dmn_model *model;
    size_t case_number;
};

static struct str text_of(struct ctx *ctx, const struct json *j)
{
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, j);
    return buf_str(&b);
}

static void complain(const struct suite *s, struct str what, struct str got, struct str want)
{
    struct test *t = s->t;
    struct str place = str_format(s->ctx->arena, "%.*s case %zu, %.*s: %.*s", FMT(s->file),
                                  s->case_number, FMT(what), FMT(got));
    struct str wanted = str_format(s->ctx->arena, "%.*s case %zu, %.*s: %.*s", FMT(s->file),
                                   s->case_number, FMT(what), FMT(want));
    CHECK_STR(place, wanted.p);
}

static enum err read_file(struct ctx *ctx, struct str name, struct str *ret)
{
    return file_read(ctx, str_format(ctx->arena, FOLDER "/%.*s", FMT(name)).p, BYTES_MAX, ret);
}

static enum err read_model(struct ctx *ctx, const struct json *suite, struct dmn_model **ret)
{
    const struct json *imports = json_get(suite, "imports");
    size_t count = 1 + (imports == NULL ? 0 : imports->count);
    struct dmn_source *sources = ARENA_ARRAY(ctx->arena, struct dmn_source, count);
    for (size_t i = 0; i < count; i++) {
        sources[i].file = i == 0 ? json_text(suite, "model") : json_at(imports, i - 1)->text;
        TRY(read_file(ctx, sources[i].file, &sources[i].xml));
    }
    return dmn_load_all(ctx, sources, count, NULL, ret);
}

static enum err run_case(const struct suite *s, const struct json *c, struct dmn_result *ret)
{
    struct ctx *ctx = s->ctx;
    struct instant now = {CASE_MS};
    struct feel_value inputs = feel_null();
    struct json none = json_object();
    struct str call = json_text(c, "call");
    const struct json *given = json_get(c, call.n > 0 ? "arguments" : "inputs");
    TRY(dmn_inputs_from_json(ctx, s->model, given == NULL ? &none : given, &inputs));
    if (call.n == 0) {
        return dmn_evaluate(ctx, s->model, json_text(c, "decision"), inputs, now, ret);
    }
    const struct dmn_node *n = dmn_find(s->model, DMN_SERVICE, STR(""), call);
    n = n == NULL ? dmn_find(s->model, DMN_KNOWLEDGE, STR(""), call) : n;
    if (n == NULL) {
        return fault(ctx, ERR_NOT_FOUND, "nothing to call named %.*s", FMT(call));
    }
    return dmn_call(ctx, s->model, n, inputs.entries, inputs.n, now, ret);
}

static void check_value(const struct suite *s, const struct json *c, const struct dmn_result *r)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct feel_value want = feel_null();
    struct feel_value got = feel_null();
    const struct json *value = json_get(c, "value");
    struct json plain = feel_to_json(ctx, r->value); /* temporal values as their text */
    CHECK(value != NULL);
    CHECK_OK(feel_from_json(ctx, value, NULL, &want));
    CHECK_OK(feel_from_json(ctx, &plain, NULL, &got));
    if (!same(got, want)) {
        complain(s, STR("value"), text_of(ctx, &plain), text_of(ctx, value));
    }
}

/* Rules as "table number", and their articles, in order. */
static void check_fired(const struct suite *s, const struct json *c, const struct dmn_result *r)
{
    struct ctx *ctx = s->ctx;
    struct json rules = json_array();
    struct json articles = json_array();
    struct json saw = json_array();
    for (size_t i = 0; i < r->fired_count; i++) {
        const struct dmn_fired *f = &r->fired[i];
        json_push(ctx->arena, &rules,
                  json_of_str(str_format(ctx->arena, "%.*s %zu", FMT(f->table), f->rule)));
        json_push(ctx->arena, &articles, json_of_str(f->article));
        json_push(ctx->arena, &saw, feel_to_json(ctx, feel_list(f->inputs, f->input_count)));
    }
    const struct {
        const char *key;
        const struct json *got;
    } lists[] = {{"rules", &rules}, {"articles", &articles}, {"saw", &saw}};
    for (size_t i = 0; i < LEN(lists); i++) {
        const struct json *want = json_get(c, lists[i].key);
        if (want != NULL && !json_equal(want, lists[i].got)) {
            complain(s, str_from(lists[i].key), text_of(ctx, lists[i].got), text_of(ctx, want));
        }
    }
}

static void check_troubles(const struct suite *s, const struct json *c, const struct dmn_result *r)
{
    struct str why = json_text(c, "why");
    bool found = why.n == 0 && r->trouble_count == 0;
    for (size_t i = 0; i < r->trouble_count; i++) {
        found = found || (why.n > 0 && str_find(r->troubles[i].reason, why) != SIZE_MAX);
    }
    if (!found) {
        complain(s, STR("why"), r->trouble_count == 0 ? STR("no trouble") : r->troubles[0].reason,
                 why);
    }
}

/* A plan for many rows says the same, from text to text, where the case gives inputs and overrides
 * nothing. */
static bool check_plan(const struct suite *s, const struct json *c, const struct dmn_result *r)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    const struct json *inputs = json_get(c, "inputs");
    const struct dmn_plan *plan = NULL;
    struct buf got = buf_new(ctx->arena, 0);
    struct json want = feel_to_json(ctx, r->value);
    for (size_t i = 0; inputs != NULL && i < inputs->count; i++) {
        if (dmn_find(s->model, DMN_INPUT, STR(""), inputs->members[i].key) == NULL) {
            return false;
        }
    }
    if (inputs == NULL || json_text(c, "call").n > 0) {
        return false;
    }
    CHECK_OK(dmn_plan_make(ctx, s->model, json_text(c, "decision"), &plan));
    CHECK_OK(dmn_plan_json(ctx, plan, text_of(ctx, inputs), (struct instant){CASE_MS}, &got));
    if (!str_equal(buf_str(&got), text_of(ctx, &want))) {
        complain(s, STR("plan"), buf_str(&got), text_of(ctx, &want));
    }
    return true;
}

static size_t run_suite(struct test *t, struct ctx *ctx, struct str file, size_t *planned)
{
    struct str text = {0};
    struct json j;
    struct dmn_model *model = NULL;
    struct suite s = {.t = t, .ctx = ctx, .file = file};
    static const char *const members[] = {"decision", "call",     "inputs", "arguments", "value",
                                          "rules",    "articles", "saw",    "why",       "note"};
    CHECK_OK(read_file(ctx, file, &text));
    CHECK_OK(json_parse(ctx, text, file, &j));
    enum err e = read_model(ctx, &j, &model);
    CHECK_OK(e);
    const struct json *cases = json_get(&j, "cases");
    if (e != ERR_OK || cases == NULL) {
        return 0;
    }
    s.model = model;
    for (size_t i = 0; i < cases->count; i++) {
        const struct json *c = json_at(cases, i);
        struct dmn_result r = {0};
        s.case_number = i + 1;
        for (size_t k = 0; k < c->count; k++) {
            bool known = false;
            for (size_t m = 0; m < LEN(members); m++) {
                known = known || str_equal(c->members[k].key, str_from(members[m]));
            }
            CHECK(known);
        }
        enum err failed = run_case(&s, c, &r);
        if (failed != ERR_OK) {
            complain(&s, STR("fault"), ctx->why.detail, STR("none"));
            continue;
        }
        check_value(&s, c, &r);
        check_fired(&s, c, &r);
        check_troubles(&s, c, &r);
        *planned += check_plan(&s, c, &r);
    }
    return cases->count;
}

TEST(dmn_suites_of_penalties_eligibility_boxes_and_types)
{
    struct names list = {.arena = ctx->arena};
    size_t cases = 0;
    size_t planned = 0;
    CHECK_INT(ctx->world->list(ctx->world, FOLDER, each_name, &list), 0);
    CHECK(list.n >= 7);
    for (size_t i = 0; i < list.n; i++) {
        size_t run = run_suite(t, ctx, list.p[i], &planned);
        CHECK(run > 0);
        cases += run;
    }
    CHECK(cases >= 300);
    CHECK(planned >= 250);
}
