/* Models that are none: each is refused with its kind, its line, and words that lead to the place.
 */
#include <stdio.h>

#include "base/test.h"
#include "dmn/dmn.h"
#include "feel/value.h"
#include "limit_gen.h"

#define HEAD                                                                                       \
    "<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" "                         \
    "xmlns:tb=\"urn:tongban:1\" name=\"m\" "                                                       \
    "namespace=\"urn:m\">\n"
#define TAIL "\n</definitions>"
#define INPUT                                                                                      \
    "<inputData id=\"i\" name=\"age\"><variable name=\"age\" typeRef=\"number\"/></inputData>\n"
#define NEEDS "<informationRequirement><requiredInput href=\"#i\"/></informationRequirement>\n"
#define DECISION(body) INPUT "<decision id=\"d\" name=\"d\">\n" NEEDS body "\n</decision>"
#define LITERAL(text) DECISION("<literalExpression><text>" text "</text></literalExpression>")
#define TABLE(hit, rules)                                                                          \
    DECISION("<decisionTable" hit                                                                  \
             ">\n<input><inputExpression typeRef=\"number\"><text>age</text></inputExpression>"    \
             "</input>\n<input><inputExpression><text>age + 1</text></inputExpression></input>\n"  \
             "<output name=\"r\" typeRef=\"string\"/>\n" rules "\n</decisionTable>")
#define RULE(a, b, out)                                                                            \
    "<rule><inputEntry><text>" a "</text></inputEntry>\n<inputEntry><text>" b                      \
    "</text></inputEntry>\n<outputEntry>"                                                          \
    "<text>" out "</text></outputEntry></rule>\n"
#define ITEM(name, body) "<itemDefinition name=\"" name "\">" body "</itemDefinition>\n"

/* What is wrong, in the model's body; the error; the line (0: not looked at); what the sentence
 * must hold. */
/* clang-format off */
static const struct {
    const char *body;
    enum err err;
    uint32_t line;
    const char *says[3];
} rows[] = {
    /* cells */
    {TABLE("", RULE("&gt; 1", "-", "\"a\"") RULE("&lt; 18 or", "-", "\"b\"")), ERR_SYNTAX, 12, {"input entry", "rule 2", "column 1"}},
    {TABLE("", RULE("-", "[1..", "\"a\"")), ERR_SYNTAX, 10, {"input entry", "rule 1", "column 2"}},
    {TABLE("", RULE("-", "-", "hearing")), ERR_UNKNOWN_NAME, 11, {"output entry", "rule 1", "hearing"}},
    {TABLE("", RULE("-", "salary &gt; 1", "1")), ERR_UNKNOWN_NAME, 10, {"rule 1", "column 2", "salary"}},
    {TABLE("", RULE("-", "-", "\"open")), ERR_SYNTAX, 11, {"output entry", "rule 1", "d, "}},
    {TABLE("", "<rule><inputEntry><text>1</text></inputEntry></rule>"), ERR_SYNTAX, 9, {"rule 1 has 1 input and 0 output", "2 and 1"}},
    {TABLE(" hitPolicy=\"SOMETIMES\"", RULE("-", "-", "1")), ERR_SYNTAX, 5, {"hitPolicy", "SOMETIMES"}},
    {TABLE(" hitPolicy=\"COLLECT\" aggregation=\"MEAN\"", RULE("-", "-", "1")), ERR_SYNTAX, 5, {"aggregation", "MEAN"}},
    {TABLE(" hitPolicy=\"UNIQUE\" aggregation=\"SUM\"", RULE("-", "-", "1")), ERR_SYNTAX, 5, {"COLLECT"}},
    {DECISION("<decisionTable><input/><output/></decisionTable>"), ERR_MISSING, 5, {"input column 1", "no expression"}},
    {DECISION("<decisionTable><input><inputExpression><text>age</text></inputExpression></input></decisionTable>"), ERR_MISSING, 5, {"no output"}},
    {DECISION("<decisionTable><input><inputExpression><text>wage</text></inputExpression></input><output/></decisionTable>"), ERR_UNKNOWN_NAME, 5, {"input expression", "column 1", "wage"}},
    {DECISION("<decisionTable><output name=\"a\"/><output/></decisionTable>"), ERR_MISSING, 5, {"output column 2", "no name"}},
    {DECISION("<decisionTable><output typeRef=\"money\"/></decisionTable>"), ERR_UNKNOWN_NAME, 5, {"money"}},
    /* expressions */
    {LITERAL("age +"), ERR_SYNTAX, 5, {"d, literal expression"}},
    {LITERAL("\n\n  if age then 1"), ERR_SYNTAX, 7, {"d, literal expression", "else"}},
    {LITERAL("wage * 2"), ERR_UNKNOWN_NAME, 5, {"wage"}},
    {DECISION("<literalExpression expressionLanguage=\"http://example.com/js\"><text>1</text></literalExpression>"), ERR_NOT_SUPPORTED, 5, {"example.com/js", "FEEL"}},
    {DECISION("<context><contextEntry><variable name=\"a\"/><literalExpression><text>1</text></literalExpression></contextEntry>\n<contextEntry><variable name=\"a\"/><literalExpression><text>2</text></literalExpression></contextEntry></context>"), ERR_DUPLICATE, 6, {"two context entries", "\"a\""}},
    {DECISION("<context><contextEntry><literalExpression><text>1</text></literalExpression></contextEntry>\n<contextEntry><variable name=\"a\"/></contextEntry></context>"), ERR_MISSING, 5, {"only the last context entry"}},
    {DECISION("<context><contextEntry><variable name=\"a\"/><literalExpression><text>b</text></literalExpression></contextEntry><contextEntry><variable name=\"b\"/></contextEntry></context>"), ERR_UNKNOWN_NAME, 5, {"b"}},
    {DECISION("<relation><column name=\"a\"/><row>\n</row></relation>"), ERR_SYNTAX, 5, {"row 1 has 0 cells", "1 columns"}},
    {DECISION("<invocation><binding><parameter name=\"x\"/></binding></invocation>"), ERR_MISSING, 5, {"names no function"}},
    {DECISION("<invocation><literalExpression><text>abs</text></literalExpression><binding/></invocation>"), ERR_MISSING, 5, {"binding has no parameter"}},
    {DECISION("<functionDefinition kind=\"Java\"><literalExpression><text>1</text></literalExpression></functionDefinition>"), ERR_NOT_SUPPORTED, 5, {"\"Java\"", "FEEL"}},
    {DECISION("<functionDefinition kind=\"PMML\"/>"), ERR_NOT_SUPPORTED, 5, {"\"PMML\""}},
    {DECISION("<conditional><if/><then/><else/></conditional>"), ERR_MISSING, 5, {"conditional", "\"if\""}},
    {DECISION("<conditional><if><literalExpression><text>true</text></literalExpression></if></conditional>"), ERR_MISSING, 5, {"\"then\""}},
    {DECISION("<filter><in><literalExpression><text>[1]</text></literalExpression></in></filter>"), ERR_MISSING, 5, {"\"match\""}},
    {DECISION("<for><in/><return/></for>"), ERR_MISSING, 5, {"for", "iterator variable"}},
    {DECISION("<for iteratorVariable=\"x\"><in><literalExpression><text>[1]</text></literalExpression></in></for>"), ERR_MISSING, 5, {"\"return\""}},
    {DECISION("<every iteratorVariable=\"x\"><in><literalExpression><text>[1]</text></literalExpression></in><satisfies><literalExpression><text>y</text></literalExpression></satisfies></every>"), ERR_UNKNOWN_NAME, 5, {"y"}},
    /* elements and requirements */
    {INPUT INPUT, ERR_DUPLICATE, 3, {"age"}},
    {"<inputData id=\"i\"/>", ERR_MISSING, 2, {"no name"}},
    {"<inputData id=\"i\" name=\"a\"/><inputData id=\"i\" name=\"b\"/>", ERR_DUPLICATE, 2, {"id \"i\""}},
    {"<decision id=\"d\" name=\"d\">\n<informationRequirement><requiredInput href=\"#gone\"/></informationRequirement></decision>", ERR_UNKNOWN_NAME, 3, {"#gone"}},
    {"<decision id=\"d\" name=\"d\">\n<informationRequirement><requiredInput href=\"urn:else#gone\"/></informationRequirement></decision>", ERR_UNKNOWN_NAME, 3, {"urn:else#gone"}},
    {"<decision id=\"a\" name=\"first\"><informationRequirement><requiredDecision href=\"#b\"/></informationRequirement></decision>\n"
     "<decision id=\"b\" name=\"second\"><informationRequirement><requiredDecision href=\"#c\"/></informationRequirement></decision>\n"
     "<decision id=\"c\" name=\"third\"><informationRequirement><requiredDecision href=\"#a\"/></informationRequirement></decision>", ERR_CONFLICT, 0, {"\"first\" requires itself, in a circle by \"second\", \"third\""}},
    {"<decision id=\"a\" name=\"itself\"><informationRequirement><requiredDecision href=\"#a\"/></informationRequirement></decision>", ERR_CONFLICT, 2, {"\"itself\" requires itself, in a circle"}},
    {"<decision id=\"d\" name=\"d\"><variable name=\"d\" typeRef=\"tMoney\"/></decision>", ERR_UNKNOWN_NAME, 2, {"tMoney"}},
    {"<decision id=\"d\" name=\"d\"><literalExpression><text>age</text></literalExpression></decision>" INPUT, ERR_UNKNOWN_NAME, 2, {"age"}},
    {"<import name=\"o\" namespace=\"urn:other\" importType=\"https://www.omg.org/spec/DMN/20230324/MODEL/\"/>", ERR_NOT_FOUND, 2, {"urn:other"}},
    {"<import name=\"o\" namespace=\"urn:other\" importType=\"http://www.dmg.org/PMML-4_2\"/>", ERR_NOT_SUPPORTED, 2, {"PMML-4_2"}},
    /* types */
    {ITEM("a", "<typeRef>b</typeRef>") ITEM("b", "<typeRef>a</typeRef>"), ERR_CONFLICT, 0, {"\"a\"", "defined by itself"}},
    {ITEM("a", "<typeRef>number</typeRef>") ITEM("a", "<typeRef>string</typeRef>"), ERR_DUPLICATE, 3, {"\"a\""}},
    {ITEM("a", "<typeRef>money</typeRef>"), ERR_UNKNOWN_NAME, 2, {"money"}},
    {ITEM("a", "<typeRef>number</typeRef><allowedValues><text>[1..</text></allowedValues>"), ERR_SYNTAX, 2, {""}},
    {ITEM("a", "<itemComponent name=\"x\"><typeRef>number</typeRef></itemComponent><itemComponent name=\"x\"/>"), ERR_DUPLICATE, 2, {"\"x\""}},
    {"<itemDefinition/>", ERR_MISSING, 2, {"no name"}},
};
/* clang-format on */

static enum err load_text(struct ctx *ctx, struct str xml, struct dmn_model **ret)
{
    return dmn_load(ctx, xml, STR("rules.dmn"), ret);
}

TEST(dmn_refuses_broken_models_by_line_and_cell)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct dmn_model *m = NULL;
        struct ctx inner = {.arena = ctx->arena, .world = ctx->world};
        enum err e = load_text(&inner, str_format(ctx->arena, HEAD "%s" TAIL, rows[i].body), &m);
        bool same = e == rows[i].err && m == NULL;
        for (size_t k = 0; k < LEN(rows[i].says) && rows[i].says[k] != NULL; k++) {
            same = same && str_find(inner.why.detail, str_from(rows[i].says[k])) != SIZE_MAX;
        }
        same = same && (rows[i].line == 0 || rows[i].line == inner.why.line);
        CHECK_STR(inner.why.file, "rules.dmn");
        if (!same) {
            struct str got = str_format(ctx->arena, "row %zu, %s, line %u: %.*s", i, err_name(e),
                                        inner.why.line, FMT(inner.why.detail));
            struct str want = str_format(ctx->arena, "row %zu, %s, line %u: %s", i,
                                         err_name(rows[i].err), rows[i].line, rows[i].says[0]);
            CHECK_STR(got, want.p);
        }
    }
}

/* ---- documents that are no models, or mean harm ---- */

/* clang-format off */
static const struct {
    const char *xml;
    enum err err;
    const char *says;
} documents[] = {
    {"", ERR_SYNTAX, "XML"},
    {"no xml", ERR_SYNTAX, "XML"},
    {"<a/>", ERR_SYNTAX, "definitions"},
    {"<definitions/>", ERR_SYNTAX, "definitions"},
    {"<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\"/>", ERR_SYNTAX, "definitions"},
    {"<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\">", ERR_SYNTAX, "XML"},
    {"<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\"/><more/>", ERR_SYNTAX, "XML"},
    {"<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" a=\"1\" a=\"2\"/>", ERR_SYNTAX, "XML"},
    {"<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\">\xff\xfe</definitions>", ERR_UTF8, "UTF-8"},
    {"\xff\xfe<\0d\0", ERR_UTF8, "UTF-8"},
    {"<?xml version=\"1.0\" encoding=\"GB18030\"?><definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" name=\"\xb9\xab\"/>", ERR_UTF8, "UTF-8"},
    {"<?xml version=\"1.0\" encoding=\"UTF-32\"?><a/>", ERR_SYNTAX, "definitions"},
    {"<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" name=\"&unknown;\"/>", ERR_SYNTAX, "XML"},
    {"<!DOCTYPE definitions [<!ENTITY a \"x\">]>\n<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\">&a;</definitions>", ERR_NOT_SUPPORTED, "document type"},
    {"<!DOCTYPE definitions SYSTEM \"http://127.0.0.1:1/x.dtd\">\n<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\"/>", ERR_NOT_SUPPORTED, "document type"},
    {"<!DOCTYPE definitions [<!ENTITY f SYSTEM \"file:///etc/passwd\">]>\n<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" name=\"&f;\"/>", ERR_NOT_SUPPORTED, ""},
    {"<!DOCTYPE d [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY "
     "d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;\"><!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;\"><!ENTITY f \"&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;\"><!ENTITY g "
     "\"&f;&f;&f;&f;&f;&f;&f;&f;&f;&f;\"><!ENTITY h \"&g;&g;&g;&g;&g;&g;&g;&g;&g;&g;\">]>\n<definitions "
     "xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" name=\"&h;\">&h;&h;</definitions>", ERR_NOT_SUPPORTED, ""},
};
/* clang-format on */

TEST(dmn_refuses_documents_that_are_no_models)
{
    for (size_t i = 0; i < LEN(documents); i++) {
        struct dmn_model *m = NULL;
        struct ctx inner = {.arena = ctx->arena, .world = ctx->world};
        enum err e = load_text(&inner, str_from(documents[i].xml), &m);
        bool refused = e == documents[i].err || (documents[i].err == ERR_NOT_SUPPORTED &&
                                                 e == ERR_SYNTAX && documents[i].says[0] == 0);
        if (!refused || str_find(inner.why.detail, str_from(documents[i].says)) == SIZE_MAX) {
            struct str got = str_format(ctx->arena, "document %zu: %s: %.*s", i, err_name(e),
                                        FMT(inner.why.detail));
            struct str want = str_format(ctx->arena, "document %zu: %s: %s", i,
                                         err_name(documents[i].err), documents[i].says);
            CHECK_STR(got, want.p);
        }
    }
}

TEST(dmn_reads_utf8_with_and_without_a_byte_order_mark)
{
    struct dmn_model *m = NULL;
    CHECK_OK(load_text(ctx,
                       STR("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"UTF-8\"?>" HEAD
                           "<inputData name=\"面积\"/>" TAIL),
                       &m));
    CHECK(dmn_find(m, DMN_INPUT, (struct str){0}, STR("面积")) != NULL);
}

static struct str repeat(struct ctx *ctx, const char *before, const char *part, size_t count,
                         const char *after)
{
    struct buf b = buf_new(ctx->arena, (size_t)32 << 20);
    buf_puts(&b, before);
    for (size_t i = 0; i < count; i++) {
        buf_puts(&b, part);
    }
    buf_puts(&b, after);
    return buf_str(&b);
}

/* Every limit that a document can reach is told by its name or number, and nothing grows beyond it.
 */
TEST(dmn_documents_are_bounded)
{
    struct dmn_model *m = NULL;
    struct str deep = repeat(ctx, HEAD, "<list>", LIMIT_XML_DEPTH + 1, "");
    CHECK_ERR(load_text(ctx, deep, &m), ERR_TOO_DEEP);
    struct str long_one = repeat(ctx, HEAD "<description>", "0123456789abcdef",
                                 LIMIT_XML_BYTES / 16 + 1, "</description>" TAIL);
    CHECK_ERR(load_text(ctx, long_one, &m), ERR_TOO_LARGE);
    struct str boxes =
        repeat(ctx, HEAD "<decision id=\"d\" name=\"d\">", "<list>", LIMIT_XML_DEPTH - 4, "");
    boxes = repeat(ctx, boxes.p, "</list>", LIMIT_XML_DEPTH - 4, "</decision>" TAIL);
    CHECK_OK(load_text(ctx, boxes, &m));
    struct str nested = repeat(ctx, HEAD "<decision id=\"d\" name=\"d\"><literalExpression><text>",
                               "(", LIMIT_FEEL_DEPTH + 1, "1");
    nested = repeat(ctx, nested.p, ")", LIMIT_FEEL_DEPTH + 1,
                    "</text></literalExpression></decision>" TAIL);
    CHECK_ERR(load_text(ctx, nested, &m), ERR_TOO_DEEP);
    CHECK(m != NULL);
}

TEST(dmn_elements_are_bounded)
{
    struct dmn_model *m = NULL;
    struct buf b = buf_new(ctx->arena, LIMIT_XML_BYTES);
    buf_puts(&b, HEAD);
    for (int i = 0; i <= LIMIT_DMN_ELEMENTS; i++) {
        buf_format(&b, "<inputData name=\"i%d\"/>", i);
    }
    buf_puts(&b, TAIL);
    CHECK_ERR(load_text(ctx, buf_str(&b), &m), ERR_TOO_MANY);
    struct str rules = repeat(ctx, HEAD "<decision name=\"d\"><decisionTable><output/>",
                              "<rule><outputEntry><text>1</text></outputEntry></rule>",
                              LIMIT_DMN_RULES + 1, "</decisionTable></decision>" TAIL);
    if (rules.n <= LIMIT_XML_BYTES) {
        CHECK_ERR(load_text(ctx, rules, &m), ERR_TOO_MANY);
    }
    CHECK(m == NULL);
}

/* ---- evaluations that would not end ---- */

#define ONE(text)                                                                                  \
    HEAD "<decision name=\"d\"><literalExpression><text>" text                                     \
         "</text></literalExpression></decision>" TAIL
#define BOXED(body) HEAD "<decision name=\"d\">" body "</decision>" TAIL
#define TEXT(text) "<literalExpression><text>" text "</text></literalExpression>"

/* clang-format off */
static const struct {
    const char *xml;
    enum err err;
    const char *why; /* of the null, when err is ok */
} endless[] = {
    {ONE("count(for a in 1..100000, b in 1..100000 return 1)"), ERR_TOO_LARGE, ""},
    {ONE("some a in 1..100000, b in 1..100000 satisfies a + b = 0"), ERR_TOO_LARGE, ""},
    {BOXED("<some iteratorVariable=\"a\"><in>" TEXT("for x in 1..9000 return x") "</in><satisfies><some iteratorVariable=\"b\"><in>"
           TEXT("for x in 1..9000 return x") "</in><satisfies>" TEXT("a + b = 0") "</satisfies></some></satisfies></some>"), ERR_TOO_LARGE, ""},
    {BOXED("<context><contextEntry><variable name=\"f\"/><functionDefinition><formalParameter name=\"g\"/>" TEXT("g(g)")
           "</functionDefinition></contextEntry><contextEntry>" TEXT("f(f)") "</contextEntry></context>"), ERR_TOO_DEEP, ""},
    {BOXED("<context><contextEntry><variable name=\"f\"/><functionDefinition><formalParameter name=\"g\"/><conditional><if>" TEXT("true")
           "</if><then><context><contextEntry><variable name=\"h\"/>" TEXT("g(g)") "</contextEntry><contextEntry>" TEXT("h")
           "</contextEntry></context></then><else>" TEXT("1") "</else></conditional></functionDefinition></contextEntry><contextEntry>" TEXT("f(f)")
           "</contextEntry></context>"), ERR_TOO_DEEP, ""},
    {ONE("matches(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\", \"^(a+)+$\")"), ERR_OK, "step"},
    {ONE("matches(\"a\", \"(((((a{1,100}){1,100}){1,100}){1,100}){1,100})\")"), ERR_OK, "pattern"},
    {ONE("string length(replace(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", \"a\", \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"))"), ERR_OK, NULL},
    {ONE("1000000000000 ** 1000000000000"), ERR_OK, ""},
    {ONE("count([1..100000000000])"), ERR_OK, NULL},
};
/* clang-format on */

/* A null with a reason, a value within the limits, or a fault that says which limit: never a hang.
 */
TEST(dmn_evaluations_are_bounded)
{
    for (size_t i = 0; i < LEN(endless); i++) {
        struct dmn_model *m = NULL;
        struct dmn_result r = {0};
        struct arena *arena = arena_new((size_t)1 << 30);
        struct ctx inner = {.arena = arena, .world = ctx->world};
        CHECK_OK(load_text(&inner, str_from(endless[i].xml), &m));
        enum err e = m == NULL
                         ? ERR_OK
                         : dmn_evaluate(&inner, m, STR("d"), feel_null(), (struct instant){0}, &r);
        if (endless[i].err != ERR_OK) {
            bool bounded = e == ERR_TOO_DEEP || e == ERR_TOO_MANY || e == ERR_TOO_LARGE;
            CHECK(bounded && inner.why.detail.n > 0);
        } else {
            CHECK_INT(e, ERR_OK);
            if (endless[i].why != NULL) {
                bool told = feel_is_null(r.value) && r.trouble_count > 0 &&
                            str_find(r.troubles[0].reason, str_from(endless[i].why)) != SIZE_MAX;
                if (!told) {
                    CHECK_STR(str_format(ctx->arena, "row %zu: %.*s", i,
                                         FMT(r.trouble_count > 0 ? r.troubles[0].reason : STR(""))),
                              endless[i].why);
                }
            }
        }
        arena_free(arena);
    }
}
