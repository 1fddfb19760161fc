/* decide.c - any bytes as the inputs of decisions: the evaluation of one and the plan for many must
 * say the same, text for text, or both refuse. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "dmn/batch.h"
#include "feel/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define IN(name, type)                                                                             \
    "<inputData id=\"" name "\" name=\"" name "\"><variable name=\"" name "\" typeRef=\"" type     \
    "\"/></inputData>"
#define NEED(name)                                                                                 \
    "<informationRequirement><requiredInput href=\"#" name "\"/></informationRequirement>"
#define NEEDS NEED("n") NEED("kind") NEED("day") NEED("who") NEED("any")
#define INPUT(expression)                                                                          \
    "<input><inputExpression><text>" expression "</text></inputExpression></input>"
#define CELL(text) "<inputEntry><text>" text "</text></inputEntry>"
#define RULE(a, b, c, d, e, out)                                                                   \
    "<rule>" CELL(a) CELL(b) CELL(c) CELL(d) CELL(e) "<outputEntry><text>" out                     \
                                                     "</text></outputEntry></rule>"
#define TABLE(name, hit)                                                                           \
    "<decision id=\"" name "\" name=\"" name "\">" NEEDS "<decisionTable " hit                     \
    ">" INPUT("n") INPUT("kind") INPUT("day") INPUT("who.age")                                     \
        INPUT("any") "<output name=\"r\"><outputValues><text>4, 3, 2, "                            \
                     "1</text></outputValues></output>" RULE("&lt; 10", "-", "-", "-", "-", "1")   \
                         RULE("[5..20.5)", "\"a\", \"食\"", "-", "-", "-", "2")                    \
                             RULE("-", "not(\"b\")", "&gt; date(\"2026-01-01\")", "-", "-", "3")   \
                                 RULE("-", "-", "-", "&gt;= 18", "-", "4")                         \
                                     RULE("-", "-", "-", "-", "1, \"x\", true, null", "1")         \
                                         RULE("-", "-", "-", "&lt; 18", "[1..2]",                  \
                                              "2") "</decisionTable></decision>"

static const char model[] =
    "<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" name=\"m\" "
    "namespace=\"urn:m\">"
    "<itemDefinition name=\"kinds\"><typeRef>string</typeRef><allowedValues><text>\"a\", \"b\", "
    "\"食\"</text></allowedValues>"
    "</itemDefinition><itemDefinition name=\"person\"><itemComponent "
    "name=\"age\"><typeRef>number</typeRef></itemComponent>"
    "</itemDefinition>" IN("n", "number") IN("kind", "kinds") IN("day", "date") IN("who", "person")
        IN("any", "Any") TABLE("first", "hitPolicy=\"FIRST\"") TABLE("unique",
                                                                     "hitPolicy=\"UNIQUE\"")
            TABLE("agree", "hitPolicy=\"ANY\"") TABLE("priority", "hitPolicy=\"PRIORITY\"") TABLE(
                "order", "hitPolicy=\"OUTPUT ORDER\"") TABLE("collect", "hitPolicy=\"COLLECT\"")
                TABLE("sum", "hitPolicy=\"COLLECT\" aggregation=\"SUM\"")
                    TABLE("count", "hitPolicy=\"COLLECT\" aggregation=\"COUNT\"") "</definitions>";
static const char *const decisions[] = {"first", "unique",  "agree", "priority",
                                        "order", "collect", "sum",   "count"};

static enum err by_one(struct ctx *ctx, const struct dmn_model *m, struct str decision,
                       struct str text, struct buf *out)
{
    struct json j;
    struct feel_value inputs = feel_null();
    struct dmn_result r = {0};
    TRY(json_parse(ctx, text, STR("input"), &j));
    TRY(dmn_inputs_from_json(ctx, m, &j, &inputs));
    TRY(dmn_evaluate(ctx, m, decision, inputs, (struct instant){0}, &r));
    struct json answer = feel_to_json(ctx, r.value);
    json_write(out, &answer);
    return ERR_OK;
}

static void compare(struct arena *arena, const struct dmn_model *m,
                    const struct dmn_plan *const *plans, struct str text)
{
    for (size_t i = 0; i < LEN(decisions); i++) {
        struct ctx one = {.arena = arena};
        struct ctx many = {.arena = arena};
        struct buf a = buf_new(arena, 0);
        struct buf b = buf_new(arena, 0);
        enum err x = by_one(&one, m, str_from(decisions[i]), text, &a);
        enum err y = dmn_plan_json(&many, plans[i], text, (struct instant){0}, &b);
        must((x == ERR_OK) == (y == ERR_OK));
        must(x != ERR_OK || str_equal(buf_str(&a), buf_str(&b)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct arena *lasting;
    static struct arena *arena;
    static struct dmn_model *m;
    static const struct dmn_plan *plans[LEN(decisions)];
    if (lasting == NULL) {
        lasting = arena_new((size_t)64 << 20);
        arena = arena_new((size_t)256 << 20);
        struct ctx ctx = {.arena = lasting};
        must(dmn_load(&ctx, str_from(model), STR("built in"), &m) == ERR_OK);
        for (size_t i = 0; i < LEN(decisions); i++) {
            must(dmn_plan_make(&ctx, m, str_from(decisions[i]), &plans[i]) == ERR_OK);
        }
    }
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        compare(arena, m, plans, (struct str){(const char *)bytes, n});
    }
    arena_guard(arena, NULL);
    arena_clear(arena);
    return 0;
}
