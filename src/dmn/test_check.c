/* Findings about tables as a law pack would have them. */
#include "base/test.h"
#include "dmn/check.h"

static struct str table(struct arena *a, const char *hit, const char *rest)
{
    return str_format(
        a,
        "<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" "
        "xmlns:tb=\"urn:tongban:1\" name=\"m\" "
        "namespace=\"m\">\n"
        "<itemDefinition name=\"grade\"><typeRef>string</typeRef><allowedValues><text>\"A\", "
        "\"B\"</text></allowedValues>"
        "</itemDefinition>\n"
        "<inputData id=\"i\" name=\"age\"><variable name=\"age\" typeRef=\"number\"/></inputData>\n"
        "<inputData id=\"j\" name=\"grade\"><variable name=\"grade\" "
        "typeRef=\"grade\"/></inputData>\n"
        "<decision id=\"d\" name=\"d\"><variable name=\"d\"/>\n"
        "<informationRequirement><requiredInput href=\"#i\"/></informationRequirement>\n"
        "<informationRequirement><requiredInput href=\"#j\"/></informationRequirement>\n"
        "<decisionTable "
        "hitPolicy=\"%s\"><input><inputExpression><text>age</text></inputExpression></input>\n"
        "<input><inputExpression><text>grade</text></inputExpression></input>\n"
        "%s</decisionTable></decision></definitions>",
        hit, rest);
}

#define RULE(age, grade, out)                                                                      \
    "<rule tb:article=\"x#1\"><inputEntry><text>" age                                              \
    "</text></inputEntry><inputEntry><text>" grade "</text></inputEntry><outputEntry><text>" out   \
    "</text></outputEntry></rule>\n"
#define OUTPUT                                                                                     \
    "<output typeRef=\"string\"><outputValues><text>\"yes\", "                                     \
    "\"no\"</text></outputValues></output>\n"

struct told {
    enum dmn_finding_kind kind;
    size_t rule, other, column;
    const char *sentence;
};

static void expect(struct test *t, struct ctx *ctx, const char *hit, const char *rest,
                   const struct told *want, size_t want_count)
{
    struct dmn_model *m = NULL;
    struct dmn_finding *list = NULL;
    size_t count = 0;
    CHECK_OK(dmn_load(ctx, table(ctx->arena, hit, rest), STR("t.dmn"), &m));
    CHECK_OK(dmn_check(ctx, m, &list, &count));
    CHECK_INT(count, want_count);
    for (size_t i = 0; i < count && i < want_count; i++) {
        CHECK_INT(list[i].kind, want[i].kind);
        CHECK_INT(list[i].rule, want[i].rule);
        CHECK_INT(list[i].other, want[i].other);
        CHECK_INT(list[i].column, want[i].column);
        CHECK_STR(list[i].sentence, want[i].sentence);
        CHECK_STR(list[i].file, "t.dmn");
        CHECK(list[i].line > 0);
    }
}

TEST(dmn_check_is_silent_about_a_sound_table)
{
    expect(t, ctx, "UNIQUE",
           OUTPUT RULE("&lt; 18", "-", "\"no\"") RULE(">= 18", "\"A\"", "\"yes\"")
               RULE(">= 18", "\"B\"", "\"no\""),
           NULL, 0);
    expect(t, ctx, "COLLECT", OUTPUT RULE("&lt; 18", "-", "\"no\"") RULE("&lt; 20", "-", "\"no\""),
           NULL, 0);
    expect(t, ctx, "FIRST",
           OUTPUT RULE("&lt; 18", "-", "\"no\"") RULE("-", "null", "\"no\"")
               RULE("-", "-", "\"yes\""),
           NULL, 0);
}

TEST(dmn_check_finds_gaps_with_an_example)
{
    static const struct told want[] = {
        {DMN_GAP, 0, 0, 0, "table \"d\": no rule covers: age = 18, grade = \"A\""},
        {DMN_GAP, 0, 0, 0, "table \"d\": no rule covers: age = 19, grade = \"B\""}};
    expect(t, ctx, "UNIQUE", OUTPUT RULE("&lt; 18", "-", "\"no\"") RULE("> 18", "\"A\"", "\"yes\""),
           want, 2);
    expect(t, ctx, "UNIQUE",
           "<output><defaultOutputEntry><text>1</text></defaultOutputEntry></output>" RULE(
               "&lt; 18", "-", "2"),
           NULL, 0);
}

TEST(dmn_check_finds_overlaps_and_contradictions)
{
    static const struct told two[] = {
        {DMN_OVERLAP, 2, 1, 0, "table \"d\": rules 1 and 2 both match: age = 17, grade = \"A\""},
        {DMN_CONTRADICTION, 3, 2, 0,
         "table \"d\": rules 2 and 3 both match and say different things: age = 18, grade = "
         "\"B\""}};
    static const struct told one[] = {{DMN_CONTRADICTION, 3, 2, 0,
                                       "table \"d\": rules 2 and 3 both match and say different "
                                       "things: age = 18, grade = \"B\""}};
    const char *rest = OUTPUT RULE("&lt; 18", "\"A\"", "\"no\"") RULE("&lt;= 18", "-", "\"no\"")
        RULE(">= 18", "\"B\"", "\"yes\"") RULE("> 18", "\"A\"", "\"yes\"");
    expect(t, ctx, "UNIQUE", rest, two, 2);
    expect(t, ctx, "ANY", rest, one, 1);
}

TEST(dmn_check_finds_rules_that_never_answer)
{
    static const struct told want[] = {
        {DMN_UNREACHABLE, 3, 0, 0,
         "table \"d\": rule 3 never answers: earlier rules take all that it matches"},
        {DMN_UNREACHABLE, 4, 0, 1,
         "table \"d\": rule 4 never matches: its cell in column 1 (age) takes no value of the "
         "column"}};
    expect(t, ctx, "FIRST",
           OUTPUT RULE("&lt; 18", "-", "\"no\"") RULE(">= 18", "\"A\"", "\"yes\"")
               RULE("[0..30]", "\"A\"", "\"no\"") RULE("[5..3]", "-", "\"no\"")
                   RULE("-", "-", "\"no\""),
           want, 2);
}

TEST(dmn_check_finds_cells_of_the_wrong_type)
{
    static const struct told want[] = {
        {DMN_TYPE, 1, 0, 1,
         "table \"d\": rule 1, column 1 (age): the cell speaks of a string, the column holds "
         "numbers"},
        {DMN_TYPE, 2, 0, 2,
         "table \"d\": rule 2, column 2 (grade): C is not among the values of the column"},
        {DMN_TYPE, 1, 0, 3,
         "table \"d\": rule 1, output 1 (): the cell is a number, the column holds strings"},
        {DMN_TYPE, 2, 0, 3,
         "table \"d\": rule 2, output 1 (): maybe is not among the values of the column"},
        {DMN_UNREACHABLE, 1, 0, 1,
         "table \"d\": rule 1 never matches: its cell in column 1 (age) takes no value of the "
         "column"},
        {DMN_UNREACHABLE, 2, 0, 2,
         "table \"d\": rule 2 never matches: its cell in column 2 (grade) takes no value of the "
         "column"}};
    expect(t, ctx, "FIRST",
           OUTPUT RULE("\"a\"", "-", "5") RULE("-", "\"C\"", "\"maybe\"") RULE("-", "-", "\"no\""),
           want, 6);
}

TEST(dmn_check_wants_an_article_and_says_what_it_cannot_decide)
{
    static const struct told uncited[] = {
        {DMN_UNCITED, 1, 0, 0, "table \"d\": rule 1 cites no article"}};
    static const struct told open[] = {
        {DMN_UNDECIDED, 0, 0, 0, "table \"d\": whether rules cover all is not decided"},
        {DMN_UNDECIDED, 2, 1, 0, "table \"d\": whether rules 1 and 2 may meet is not decided"}};
    expect(t, ctx, "FIRST",
           OUTPUT
           "<rule><inputEntry><text>-</text></inputEntry><inputEntry><text>-</text></inputEntry>"
           "<outputEntry><text>\"yes\"</text></outputEntry></rule>",
           uncited, 1);
    expect(t, ctx, "UNIQUE",
           OUTPUT RULE("? * 2 > 9", "-", "\"no\"") RULE("? * 2 &lt;= 9", "-", "\"no\""), open, 2);
}

TEST(dmn_check_stays_within_its_bounds)
{
    struct buf rules = buf_new(ctx->arena, 0);
    struct dmn_model *m = NULL;
    struct dmn_finding *list = NULL;
    size_t count = 0;
    buf_puts(&rules, "<output/>");
    for (int i = 0; i < 1000; i++) {
        buf_format(&rules,
                   "<rule><inputEntry><text>not(%d, "
                   "%d)</text></inputEntry><inputEntry><text>-</text></inputEntry>"
                   "<outputEntry><text>%d</text></outputEntry></rule>",
                   i, i * 7 % 1000, i);
    }
    CHECK_OK(dmn_load(ctx, table(ctx->arena, "UNIQUE", str_z(ctx->arena, buf_str(&rules))),
                      STR("t.dmn"), &m));
    CHECK_OK(dmn_check(ctx, m, &list, &count));
    CHECK(count > 0 && count <= 500);
}
