/* Inputs of imported models: by name of the import, as deep as imports go, by their types; one
 * model under two names.
 */
#include "base/json.h"
#include "base/test.h"
#include "dmn/dmn.h"
#include "feel/value.h"

#define NS "xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\""
#define IMPORT(name, ns)                                                                           \
    "<import name=\"" name "\" namespace=\"" ns                                                    \
    "\" importType=\"https://www.omg.org/spec/DMN/20230324/MODEL/\"/>"
#define NEED(kind, href)                                                                           \
    "<informationRequirement><required" kind " href=\"" href "\"/></informationRequirement>"
#define TEXT(text) "<literalExpression><text>" text "</text></literalExpression>"

static const struct dmn_source low = {
    STR_INIT("<definitions " NS
             " name=\"low\" namespace=\"urn:low\"><inputData id=\"born\" name=\"born\"><variable "
             "name=\"born\" typeRef=\"date\"/></inputData><inputData id=\"spare\" "
             "name=\"spare\"/><decision id=\"year\" "
             "name=\"year\">" NEED("Input", "#born") TEXT("born.year") "</decision></definitions>"),
    STR_INIT("low.dmn")};
static const struct dmn_source middle = {
    STR_INIT("<definitions " NS " name=\"middle\" namespace=\"urn:middle\">" IMPORT(
        "l", "urn:low") "<decision id=\"next\" name=\"next\">" NEED("Decision", "urn:low#year")
                 TEXT("l.year + 1") "</decision></definitions>"),
    STR_INIT("middle.dmn")};

static enum err decide(struct ctx *ctx, const char *top, const char *inputs, struct feel_value *ret)
{
    const struct dmn_source sources[] = {{str_from(top), STR("top.dmn")}, middle, low};
    struct dmn_model *m = NULL;
    struct json j;
    struct feel_value v;
    struct dmn_result r = {0};
    TRY(dmn_load_all(ctx, sources, LEN(sources), NULL, &m));
    TRY(json_parse(ctx, str_from(inputs), STR("inputs"), &j));
    TRY(dmn_inputs_from_json(ctx, m, &j, &v));
    TRY(dmn_evaluate(ctx, m, STR("d"), v, (struct instant){0}, &r));
    *ret = r.value;
    return ERR_OK;
}

TEST(dmn_takes_inputs_of_imported_models)
{
    static const struct {
        const char *top;
        const char *inputs;
        const char *value;
    } rows[] = {
        {"<definitions " NS " namespace=\"urn:t\">" IMPORT(
             "low", "urn:low") "<decision name=\"d\">" NEED("Input", "urn:low#born")
             TEXT("low.born + duration(\"P1D\")") "</decision></definitions>",
         "{\"low\":{\"born\":\"2000-02-29\"}}", "2000-03-01"},
        {"<definitions " NS " namespace=\"urn:t\">" IMPORT(
             "middle", "urn:middle") "<decision name=\"d\">" NEED("Decision", "urn:middle#next")
             TEXT("middle.next") "</decision></definitions>",
         "{\"middle\":{\"l\":{\"born\":\"1999-12-31\"}}}", "2000"},
        {"<definitions " NS " namespace=\"urn:t\">" IMPORT(
             "middle", "urn:middle") "<decision name=\"d\">" NEED("Decision", "urn:middle#next")
             TEXT("middle.next") "</decision></definitions>",
         "{\"middle\":{\"l\":{\"year\":7}}}", "8"},
        {"<definitions " NS " namespace=\"urn:t\">" IMPORT(
             "", "urn:low") "<decision name=\"d\">" NEED("Input", "urn:low#born")
             TEXT("born.month") "</decision></definitions>",
         "{\"born\":\"1999-12-31\"}", "12"},
        {"<definitions " NS " namespace=\"urn:t\">" IMPORT("a", "urn:low") IMPORT("b", "urn:low")
             IMPORT("c", "urn:low") IMPORT("e", "urn:low") "<decision name=\"d\">" NEED(
                 "Input", "urn:low#born") TEXT("a.born.year") "</decision></definitions>",
         "{\"a\":{\"born\":\"1999-01-01\",\"spare\":1,\"year\":1},\"b\":{\"spare\":1,\"year\":1},"
         "\"c\":{\"spare\":1,"
         "\"year\":1},\"e\":{\"spare\":1,\"year\":1}}",
         "1999"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct feel_value v = feel_null();
        CHECK_OK(decide(ctx, rows[i].top, rows[i].inputs, &v));
        CHECK_STR(feel_text(ctx, v), rows[i].value);
    }
    struct feel_value v = feel_null();
    CHECK_ERR(decide(ctx, rows[0].top, "{\"low\":{\"born\":\"2000-02-30\"}}", &v), ERR_TYPE);
    CHECK(str_find(ctx->why.detail, STR("\"low\": the input \"born\"")) != SIZE_MAX);
}
