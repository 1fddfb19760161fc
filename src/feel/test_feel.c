/* FEEL expressions and what they are, chapter by chapter of DMN 1.5 clause 10. */
#include "base/arena_fault.h"
#include "feel/feel.h"
#include "feel/value.h"
#include "feel/shape.h"

#include "base/json.h"
#include "base/json_make.h"
#include "base/test.h"
#include "limit_gen.h"

struct row {
    const char *text;
    const char *result; /* as string() writes it; "null" has a reason */
};

/* Evaluate in the scope of the table tests; the text of the result, or "!code line:column". */
static struct str outcome(struct ctx *ctx, const char *text, size_t *ret_troubles)
{
    static const struct feel_member person[] = {{STR_INIT("first name"), NULL},
                                                {STR_INIT("tax-free"), NULL}};
    static const struct feel_type person_type = {
        .kind = FEEL_TYPE_CONTEXT, .members = person, .count = LEN(person)};
    static const struct feel_member names[] = {{STR_INIT("x"), NULL},
                                               {STR_INIT("x-y"), NULL},
                                               {STR_INIT("y"), NULL},
                                               {STR_INIT("Monthly Salary"), NULL},
                                               {STR_INIT("days in week"), NULL},
                                               {STR_INIT("someone"), &person_type},
                                               {STR_INIT("年龄"), NULL}};
    const struct feel_scope scope = {
        .names = names, .count = LEN(names), .zones = &feel_zones_of_world};
    struct feel_value *days = ARENA_ARRAY(ctx->arena, struct feel_value, 2);
    days[0] = feel_string(STR("Sat"));
    days[1] = feel_string(STR("Sun"));
    struct feel_entry *entries = ARENA_ARRAY(ctx->arena, struct feel_entry, 2);
    entries[0] = (struct feel_entry){STR("first name"), feel_string(STR("Li"))};
    entries[1] = (struct feel_entry){STR("tax-free"), feel_int(7)};
    struct feel_value slots[] = {feel_int(10),   feel_int(100),      feel_int(3),
                                 feel_int(5000), feel_list(days, 2), feel_context(entries, 2),
                                 feel_int(18)};
    struct feel_trouble list[4];
    struct feel_troubles troubles = {list, LEN(list), 0};
    struct feel_env env = {.slots = slots,
                           .troubles = &troubles,
                           .now = {1767225600000},
                           .now_offset_s = 28800,
                           .steps_max = 100000};
    const struct feel_program *program = NULL;
    struct feel_value v = feel_null();
    enum err err =
        feel_compile(ctx, &scope, (struct feel_source){.text = str_from(text)}, &program);
    if (err == ERR_OK) {
        err = feel_eval(ctx, program, &env, &v);
    }
    *ret_troubles = troubles.count;
    if (err != ERR_OK) {
        return str_format(ctx->arena, "!%s %u:%u", err_name(err), ctx->why.line, ctx->why.column);
    }
    return feel_text(ctx, v);
}

static void check_rows(struct test *t, struct ctx *ctx, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t troubles = 0;
        struct str got = outcome(ctx, rows[i].text, &troubles);
        if (!str_equal(got, str_from(rows[i].result))) {
            struct str say =
                str_format(ctx->arena, "%s = %.*s, not %s", rows[i].text, FMT(got), rows[i].result);
            test_check(t, false, str_z(ctx->arena, say), __FILE__, __LINE__);
        }
        bool reasoned = !str_equal(got, STR("null")) || troubles > 0;
        test_check(t, reasoned, rows[i].text, __FILE__, __LINE__);
    }
}

static const struct row operator_rows[] = {
    {"3 ** 4 ** 5", "3486784401"},
    {"-3 ** 2", "9"},
    {"1 + 2 * 3 - 4 / 2", "5"},
    {"0.1 + 0.2", "0.3"},
    {"1 / 3", "0.3333333333333333333333333333333333"},
    {"1.10 * 1.10", "1.2100"},
    {"9223372036854775807 + 1", "9223372036854775808"},
    {"9223372036854775808 - 1", "9223372036854775807"},
    {"99999999999 * 99999999999", "9999999999800000000001"},
    {"1234567890123456789012345678901234 + 1", "1234567890123456789012345678901235"},
    {"10 ** 6145", "null"},
    {"1 / 0", "null"},
    {"0 / 0", "null"},
    {"\"a\" + \"b\"", "ab"},
    {"\"a\" + 1", "null"},
    {"true = 1", "null"},
    {"100 = \"100\"", "null"},
    {"[] = 0", "null"},
    {"null = 0", "false"},
    {"null = null", "true"},
    {"@\"P1Y\" = @\"P365D\"", "null"},
    {"false and \"x\"", "false"},
    {"true and 123", "null"},
    {"true or \"x\"", "true"},
    {"not(0)", "null"},
    {"all([])", "true"},
    {"null instance of Any", "false"},
    {"1 between 1 and 2", "true"},
    {"if null then 1 else 2", "2"},
    {"x-y", "100"},
    {"x - y", "7"},
    {"x -y", "7"},
    {"Monthly   Salary * 12", "60000"},
    {"年龄 >= 18", "true"},
    {"someone.first name", "Li"},
    {"someone.tax-free + 1", "8"},
    {"for d in days in week return upper case(d)", "[\"SAT\", \"SUN\"]"},
    {"1 /* one */ + // two\n 2", "3"},
    {"\"\\u0041\\uD83D\\uDE00\\U01F40E\\n\\q\"", "A😀🐎\n\\q"},
};

TEST(feel_computes_with_operators)
{
    check_rows(t, ctx, operator_rows, LEN(operator_rows));
}

static const struct row time_rows[] = {
    {"time(\"10:30:00.0001\") = time(\"10:30:00.0002\")", "true"},
    {"string(time(\"10:30:00.000100\"))", "10:30:00.0001"},
    {"@\"2018-10-08T00:00:00+02:00\" = @\"2018-10-08T00:00:00@Europe/Paris\"", "true"},
    {"@\"2018-12-08T00:00:00+02:00\" = @\"2018-12-08T00:00:00@Europe/Paris\"", "false"},
    {"@\"2060-07-01T00:00:00+02:00\" = @\"2060-07-01T00:00:00@Europe/Paris\"", "true"},
    {"@\"2060-12-01T00:00:00+11:00\" = @\"2060-12-01T00:00:00@Australia/Melbourne\"", "true"},
    {"@\"2002-04-02T12:00:00@Australia/Melbourne\" = @\"2002-04-02T12:00:00@Australia/Sydney\"",
     "true"},
    {"is(@\"23:00:50@Australia/Melbourne\", @\"23:00:50@Australia/Sydney\")", "false"},
    {"@\"2026-03-29T01:30:00@Europe/Paris\" + @\"PT1H\"", "2026-03-29T03:30:00@Europe/Paris"},
    {"time(11, 59, 45, duration(\"PT2H45M55S\"))", "11:59:45+02:45:55"},
    {"time(\"13:20:00+19:00\")", "null"},
    {"time(\"13:20:00+5:00\")", "null"},
    {"time(\"24:00:01\")", "null"},
    {"time(\"10:00:00@No/Where\")", "null"},
    {"time(\"10:00:00@../../etc/passwd\")", "null"},
    {"time(\"10:00:00+01:00@Europe/Paris\")", "null"},
    {"time(date(\"2017-08-10\"))", "00:00:00Z"},
    {"date(\"01211-12-31\")", "null"},
    {"date(\"998-12-31\")", "null"},
    {"date(\"999999999-12-31\") + duration(\"P1D\")", "null"},
    {"date(\"-999999999-01-01\")", "-999999999-01-01"},
    {"date(\"2023-02-29\")", "null"},
    {"date(\"2024-01-31\") + @\"P1M\"", "2024-02-29"},
    {"date(2024, 2, 29).weekday", "4"},
    {"@\"P10Y11M\" / 2.5", "P4Y4M"},
    {"-@\"P1DT2H\"", "-P1DT2H"},
    {"@\"PT36H\" * 2", "P3D"},
    {"@\"P1D\" / @\"PT6H\"", "4"},
    {"@\"2021-01-02\" - @\"2021-01-01T10:10:10\"", "null"},
    {"years and months duration(@\"2011-12-22\", @\"2013-08-24\")", "P1Y8M"},
    {"week of year(@\"2010-01-01\")", "53"},
    {"now()", "2026-01-01T08:00:00+08:00"},
    {"today()", "2026-01-01"},
    {"date and time(2026, 1, 2, 3, 4, 5.25, @\"PT8H\")", "2026-01-02T03:04:05.25+08:00"},
    {"duration(\"P1Y2D\")", "null"},
    {"duration(\"PT0.5S\") + duration(\"-PT1S\")", "-PT0.5S"},
};

TEST(feel_keeps_time)
{
    check_rows(t, ctx, time_rows, LEN(time_rows));
}

static const struct row list_rows[] = {
    {"[1,2,3][0]", "null"},
    {"[1,2,3][-1]", "3"},
    {"100[1]", "100"},
    {"100[false]", "[]"},
    {"[{item: 1}, {item: 2}][item >= 2]", "[{item: 2}]"},
    {"[{x: 1}, {x: 2}][x = 1]", "[{x: 1}]"},
    {"[1, 20][item > x]", "[20]"},
    {"[{a: 1}, {b: 2}][b > 1]", "[{b: 2}]"},
    {"[{a b: 1}, {a b: 5}][a b > 2]", "[{a b: 5}]"},
    {"[{p: 1.5}, {p: 20}, {p: null}, {q: 1}, {p: \"a\"}, {p: 1e30}, {p: 5.00}][p > 5]",
     "[{p: 20}, {p: 1000000000000000000000000000000}]"},
    {"[{p: 1.5}, {p: 5.00}, {p: 5}, 7][p = 5]", "[{p: 5.00}, {p: 5}]"},
    {"[{p: 1.5}, {p: 5.00}, {p: 7}][p <= 5.0]", "[{p: 1.5}, {p: 5.00}]"},
    {"[{b: [1]}, {b: [2]}].b", "[[1], [2]]"},
    {"[{b: 1}, {c: 2}].b", "[1, null]"},
    {"for i in 4..2 return i", "[4, 3, 2]"},
    {"for i in 1..-1 return i", "[1, 0, -1]"},
    {"for i in [2..1] return i", "null"},
    {"for i in \"a\"..\"c\" return i", "null"},
    {"for i in ]1..4[ return i", "[2, 3]"},
    {"for i in 0..4 return if i = 0 then 1 else i * partial[-1]", "[1, 1, 2, 6, 24]"},
    {"for a in [[1, 2], [3]], b in a return b", "[1, 2, 3]"},
    {"for d in @\"2024-02-28\"..@\"2024-03-01\" return d.day", "[28, 29, 1]"},
    {"some i in [1, null] satisfies i = 1", "true"},
    {"every i in [1, null] satisfies i > 0", "null"},
    {"every i in [] satisfies false", "true"},
    {"(=10) = [10..10]", "false"},
    {"(!=10) = (!=10)", "true"},
    {"]1..10] = (1..10]", "true"},
    {"[1..10[.end included", "false"},
    {"[1..[7, 9][2][.end", "9"},
    {"5 in [1..10[ and [1, 2][item > 1][1] in ]1..2]", "true"},
    {"[[1..2[, [3..4[][2].start", "3"},
    {"5 in (null..10]", "null"},
    {"5 in (<3, >4)", "true"},
    {"range(\"[1..3]\")", "[1..3]"},
    {"range(\"[1+1..3]\")", "null"},
    {"range(\"[3..1]\")", "null"},
    {"before([1..5[, 5)", "true"},
    {"{a: 1, b: a + 1}.b", "2"},
    {"{a: 1, a: 2}", "null"},
    {"{\"a+b\": 1, c: a+b}.c", "1"},
    {"{f: function(n) if n = 0 then 1 else n * f(n - 1)}.f(10)", "3628800"},
    {"(function(a, b) a - b)(b: 1, a: x)", "9"},
    {"(function(a: number) a)(\"x\")", "null"},
    {"(function(a: number) a)([4])", "4"},
    {"{k: 3, add: function(a) a + k}.add(4)", "7"},
    {"(function() \"a\") instance of function<>->string", "true"},
    {"(function() 1) instance of function<>->string", "false"},
    {"(function(a: number) a + 1) instance of function<number>->number", "true"},
    {"(function(a: number) a) instance of function<string>->Any", "false"},
    {"(function(a: context<x: number>) 1) instance of function<context<x: number, y: "
     "string>>->number",
     "true"},
    {"(function(a: context<x: number, y: string>) 1) instance of function<context<x: "
     "number>>->number",
     "false"},
    {"sort([3, 1, 2], function(a, b) a > b)", "[3, 2, 1]"},
    {"sort([3, \"a\"])", "null"},
    {"list replace([1, 2, 3], function(item, newItem) item > newItem, 2)", "[1, 2, 2]"},
    {"mode([6, 3, 9, 6, 3])", "[3, 6]"},
    {"stddev([2, 4, 7, 5])", "2.081665999466132735282297706979931"},
    {"distinct values([1, 1.0, null, null, \"1\"])", "[1, null, \"1\"]"},
    {"flatten([[1, [2]], 3])", "[1, 2, 3]"},
    {"sum([])", "null"},
    {"count([null])", "1"},
    {"max(\"a\", \"c\", \"b\")", "c"},
    {"context put({x: 1, y: {a: 0}}, [\"y\", \"b\"], 2)", "{x: 1, y: {a: 0, b: 2}}"},
    {"context([{key: \"a\", value: 1}, {key: \"a\", value: 2}])", "null"},
};

TEST(feel_works_on_lists_ranges_and_contexts)
{
    check_rows(t, ctx, list_rows, LEN(list_rows));
}

static const struct row string_rows[] = {
    {"string length(\"\\uD83D\\uDCA9\")", "1"},
    {"substring(\"foobar\", -3, 2)", "ba"},
    {"substring(\"ab\", 3)", "null"},
    {"upper case(\"straße éλ\")", "STRAßE ÉΛ"},
    {"matches(\"Mary\\u000DJones\", \"Mary.Jones\")", "false"},
    {"matches(\"x\", \"[A-Z-[OI]]\", \"i\")", "true"},
    {"matches(\"i\", \"[A-Z-[OI]]\", \"i\")", "false"},
    {"matches(\"hello world\", \"\\p{ IsBasicLatin}+\", \"x\")", "true"},
    {"matches(\"hello world\", \"\\p{ IsBasicLatin}+\")", "null"},
    {"matches(\"h\", \"(.)\\3\")", "null"},
    {"matches(\"abab\", \"^(ab)\\1$\")", "true"},
    {"matches(\"foo:bar\", \"^\\i\\c*$\")", "true"},
    {"matches(\"年\", \"^\\p{Lo}$\")", "true"},
    {"matches(\"abc\", \"a{2\")", "null"},
    {"matches(\"abc\", \"b\", \"p\")", "null"},
    {"matches(\"a.c\", \"a.c\", \"q\")", "true"},
    {"matches(\"aaa\", \"^a{2,3}?$\")", "true"},
    {"matches(\"\", \"(a*)*\")", "true"},
    {"replace(\"abracadabra\", \"a.*?a\", \"*\")", "*c*bra"},
    {"replace(\"abcd\", \"(ab)|(a)\", \"[1=$1][2=$2]\")", "[1=ab][2=]cd"},
    {"replace(\"a\", \"a\", \"$\")", "null"},
    {"split(\"a;b;c;;\", \";\")", "[\"a\", \"b\", \"c\", \"\", \"\"]"},
    {"string join([\"a\", null, \"c\"], \"-\")", "a-c"},
    {"number(\"1.000.000,01\", \".\", \",\")", "1000000.01"},
    {"number(\"x\")", "null"},
    {"string({a: [1, \"x\\\"y\"], \"b-c\": @\"P1D\"})", "{a: [1, \"x\\\"y\"], \"b-c\": P1D}"},
    {"decimal(2.5, 0)", "2"},
    {"decimal(5, 2)", "5.00"},
    {"round up(5.5, 6177)", "null"},
    {"modulo(-12, 5)", "3"},
    {"abs(n: -1)", "1"},
    {"abs(number: -1)", "null"},
    {"abs()", "null"},
    {"sqrt(2)", "1.414213562373095048801688724209698"},
    {"exp(1)", "2.718281828459045235360287471352662"},
    {"log(10)", "2.302585092994045684017991454684364"},
};

TEST(feel_knows_the_built_in_functions)
{
    check_rows(t, ctx, string_rows, LEN(string_rows));
}

static const struct row error_rows[] = {
    {"1 +", "!syntax 1:4"},
    {"1 + (2 * 3", "!syntax 1:11"},
    {"[1, 2\n, 3", "!syntax 2:4"},
    {"if true then 1", "!syntax 1:15"},
    {"for i in [1] i", "!syntax 1:14"},
    {"{a 1}", "!syntax 1:5"},
    {"\"abc", "!syntax 1:1"},
    {"nobody + 1", "!unknown_name 1:1"},
    {"x +\n  nobody", "!unknown_name 2:3"},
    {"x instance of nothing", "!unknown_name 1:15"},
    {"", "!syntax 1:1"},
    {"1 2", "!syntax 1:3"},
    {"f(a: 1, 2)", "!unknown_name 1:1"},
    {"max(list: [1], 2)", "!syntax 1:16"},
    {"1e7000", "!range 1:1"},
    {"\xff", "!utf8 0:0"},
};

TEST(feel_says_where_a_text_is_wrong)
{
    check_rows(t, ctx, error_rows, LEN(error_rows));
}

static struct feel_value unary(struct ctx *ctx, const char *text, struct feel_value input,
                               enum err *ret)
{
    static const struct feel_member names[] = {{STR_INIT("limit"), NULL}};
    const struct feel_scope scope = {.names = names, .count = 1};
    struct feel_value limit = feel_int(7);
    struct feel_env env = {.slots = &limit, .input = input};
    const struct feel_program *program = NULL;
    struct feel_value v = feel_null();
    *ret = feel_compile_unary(ctx, &scope, (struct feel_source){.text = str_from(text)}, &program);
    if (*ret == ERR_OK) {
        *ret = feel_eval(ctx, program, &env, &v);
    }
    return v;
}

TEST(feel_tests_an_input)
{
    static const struct {
        const char *text;
        int input;
        const char *result;
    } rows[] = {
        {"-", 5, "true"},           {"5", 5, "true"},         {"4, 5", 5, "true"},
        {"not(4, 5)", 5, "false"},  {"< limit", 5, "true"},   {"> limit", 5, "false"},
        {"[5..7)", 7, "false"},     {"[5..7), 7", 7, "true"}, {"? > 3 and ? < 6", 5, "true"},
        {"not(? > 3)", 5, "false"}, {"limit", 7, "true"},     {"\"a\"", 5, "false"},
        {"< \"a\"", 5, "null"},     {"limit > 6", 5, "true"}, {"[1, 5]", 5, "true"},
        {"!= 5", 5, "false"},       {"null", 5, "false"},     {"-5", 5, "false"},
        {"-5", -5, "true"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        enum err err = ERR_OK;
        struct feel_value v = unary(ctx, rows[i].text, feel_int(rows[i].input), &err);
        CHECK_ERR(err, ERR_OK);
        if (!str_equal(feel_text(ctx, v), str_from(rows[i].result))) {
            test_check(t, false, rows[i].text, __FILE__, __LINE__);
        }
    }
    enum err err = ERR_OK;
    CHECK(feel_is_true(unary(ctx, "null", feel_null(), &err)));
    CHECK(feel_is_true(unary(ctx, "true", feel_bool(true), &err)));
    CHECK(!feel_is_true(unary(ctx, "true", feel_null(), &err)));
    (void)unary(ctx, "< ", feel_int(1), &err);
    CHECK_INT(err, ERR_SYNTAX);
}

TEST(feel_shows_the_shape_of_unary_tests)
{
    const struct feel_program *p = NULL;
    const struct feel_shape *shapes = NULL;
    bool negated = false;
    CHECK_OK(feel_compile_unary(ctx, NULL,
                                (struct feel_source){.text = STR("not(\"a\", >= 5, (1..2])")}, &p));
    CHECK_INT(feel_unary_shape(p, &shapes, &negated), 3);
    CHECK(negated);
    CHECK(shapes[0].kind == FEEL_SHAPE_POINT && str_equal(feel_str(shapes[0].lo), STR("a")));
    CHECK(shapes[1].kind == FEEL_SHAPE_INTERVAL && feel_is_null(shapes[1].hi) &&
          shapes[1].hi_open && !shapes[1].lo_open);
    CHECK(shapes[2].kind == FEEL_SHAPE_INTERVAL && shapes[2].lo_open && !shapes[2].hi_open);
    CHECK_OK(feel_compile_unary(ctx, NULL, (struct feel_source){.text = STR("-")}, &p));
    CHECK_INT(feel_unary_shape(p, &shapes, &negated), 1);
    CHECK_INT(shapes[0].kind, FEEL_SHAPE_ANY);
    CHECK_OK(feel_compile_unary(ctx, NULL, (struct feel_source){.text = STR("? > 2")}, &p));
    CHECK_INT(feel_unary_shape(p, &shapes, &negated), 1);
    CHECK_INT(shapes[0].kind, FEEL_SHAPE_OTHER);
    struct feel_value v = feel_null();
    CHECK_OK(
        feel_compile(ctx, NULL, (struct feel_source){.text = STR("date(\"2026-01-01\")")}, &p));
    CHECK(feel_constant(p, &v) && v.kind == FEEL_DATE);
}

static enum err twice(struct ctx *ctx UNUSED, void *self UNUSED, struct feel_env *env UNUSED,
                      const struct feel_value *args, size_t count UNUSED, struct feel_value *ret)
{
    *ret = feel_int(2 * args[0].integer);
    return ERR_OK;
}

TEST(feel_calls_functions_from_outside_and_is_called)
{
    static const struct feel_type number = {.kind = FEEL_TYPE_NUMBER};
    static const struct feel_member params[] = {{STR_INIT("n"), &number}};
    static const struct feel_member names[] = {{STR_INIT("my twice"), NULL}};
    const struct feel_scope scope = {.names = names, .count = 1};
    struct feel_value slot = feel_function_native(ctx->arena, params, 1, &number, twice, NULL);
    struct feel_env env = {.slots = &slot};
    const struct feel_program *p = NULL;
    struct feel_value v = feel_null();
    CHECK_OK(feel_compile(
        ctx, &scope, (struct feel_source){.text = STR("my twice(n: 21) + my twice([1])")}, &p));
    CHECK(feel_uses(p, 0));
    CHECK_OK(feel_eval(ctx, p, &env, &v));
    CHECK_STR(feel_text(ctx, v), "44");
    CHECK_OK(feel_compile(
        ctx, &scope, (struct feel_source){.text = STR("function(a, b) a - b + my twice(1)")}, &p));
    CHECK_OK(feel_eval(ctx, p, &env, &v));
    struct feel_value args[] = {feel_int(5), feel_int(3)};
    struct feel_env other = {0};
    struct feel_value r = feel_null();
    CHECK_OK(feel_call(ctx, &other, v, args, 2, &r));
    CHECK_STR(feel_text(ctx, r), "4");
    struct feel_entry named[] = {{STR("b"), feel_int(1)}, {STR("a"), feel_int(9)}};
    CHECK_OK(feel_call_named(ctx, &other, v, named, 2, &r));
    CHECK_STR(feel_text(ctx, r), "10");
    CHECK_OK(feel_call(ctx, &other, v, args, 1, &r));
    CHECK(feel_is_null(r));
}

TEST(feel_checks_and_coerces_types)
{
    const struct feel_program *allowed = NULL;
    CHECK_OK(
        feel_compile_unary(ctx, NULL, (struct feel_source){.text = STR("[0..150]")}, &allowed));
    const struct feel_type age = {.kind = FEEL_TYPE_NUMBER, .name = STR("age"), .allowed = allowed};
    const struct feel_type *const types[] = {&age};
    const struct feel_scope scope = {.types = types, .type_count = 1};
    const struct feel_type *list = NULL;
    struct feel_env env = {0};
    CHECK_OK(feel_type_parse(ctx, &scope, (struct feel_source){.text = STR("list<age>")}, &list));
    struct feel_value ok[] = {feel_int(1), feel_int(150)};
    struct feel_value bad[] = {feel_int(1), feel_int(151)};
    CHECK(feel_is(ctx, &env, feel_list(ok, 2), list));
    CHECK(!feel_is(ctx, &env, feel_list(bad, 2), list));
    CHECK_INT(feel_coerce(ctx, &env, feel_int(7), list).kind, FEEL_LIST);
    CHECK_INT(feel_coerce(ctx, &env, feel_list(ok, 1), &age).kind, FEEL_NUMBER);
    CHECK(feel_is_null(feel_coerce(ctx, &env, feel_int(200), &age)));
    const struct feel_type *bound = NULL;
    CHECK_OK(
        feel_type_parse(ctx, &scope, (struct feel_source){.text = STR("date and time")}, &bound));
    CHECK_STR(feel_text(ctx, feel_coerce(ctx, &env, feel_date((struct day){0}), bound)),
              "1970-01-01T00:00:00Z");
    CHECK_ERR(
        feel_type_parse(ctx, &scope, (struct feel_source){.text = STR("list<nothing>")}, &bound),
        ERR_UNKNOWN_NAME);
}

/* Which part of a value keeps it from being of a type. */
TEST(feel_says_which_part_does_not_fit)
{
    static const struct {
        const char *value;
        const char *why;
    } rows[] = {
        {"{grades: [\"A\", \"D\"], n: 1}",
         "a context is no context of type person: .grades[2]: its allowed values are \"A\", \"B\""},
        {"{grades: [\"A\"]}", "a context is no context of type person: .n is missing"},
        {"{grades: [], n: \"1\"}",
         "a context is no context of type person: .n is a string, not number"},
        {"{grades: \"A\", n: 1}",
         "a context is no context of type person: .grades is a string, not list"},
        {"1", "a number is no context of type person"},
    };
    const struct feel_scope scope = {.count = 0};
    struct feel_type grade = {.kind = FEEL_TYPE_STRING, .name = STR("grade")};
    CHECK_OK(feel_compile_unary(ctx, &scope, (struct feel_source){.text = STR("\"A\", \"B\"")},
                                &grade.allowed));
    const struct feel_type grades = {.kind = FEEL_TYPE_LIST, .element = &grade};
    const struct feel_type number = {.kind = FEEL_TYPE_NUMBER};
    const struct feel_member members[] = {{STR("grades"), &grades}, {STR("n"), &number}};
    const struct feel_type person = {.kind = FEEL_TYPE_CONTEXT,
                                     .name = STR("person"),
                                     .members = members,
                                     .count = LEN(members)};
    for (size_t i = 0; i < LEN(rows); i++) {
        struct feel_trouble list[4] = {{0}};
        struct feel_troubles troubles = {list, LEN(list), 0};
        struct feel_env env = {.troubles = &troubles};
        const struct feel_program *program = NULL;
        struct feel_value v = feel_null();
        CHECK_OK(feel_compile(ctx, &scope, (struct feel_source){.text = str_from(rows[i].value)},
                              &program));
        CHECK_OK(feel_eval(ctx, program, &env, &v));
        CHECK(feel_is_null(feel_coerce(ctx, &env, v, &person)));
        CHECK_STR(list[0].reason, rows[i].why);
    }
}

TEST(feel_reads_and_writes_json)
{
    struct json j;
    const struct feel_type *type = NULL;
    struct feel_value v = feel_null();
    CHECK_OK(json_parse(ctx, STR("{\"born\":\"2000-02-29\",\"sums\":[1.50,1e40,null,true]}"),
                        STR(""), &j));
    CHECK_OK(feel_type_parse(
        ctx, NULL, (struct feel_source){.text = STR("context<born: date, sums: list<Any>>")},
        &type));
    CHECK_OK(feel_from_json(ctx, &j, type, &v));
    CHECK_INT(feel_get(v, STR("born"))->kind, FEEL_DATE);
    struct json back = feel_to_json(ctx, v);
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, &back);
    CHECK_STR(buf_str(&b), "{\"born\":\"2000-02-29\",\"sums\":[1.50,"
                           "10000000000000000000000000000000000000000,null,true]}");
    CHECK_OK(json_parse(ctx, STR("{\"born\":\"soon\",\"sums\":[]}"), STR(""), &j));
    CHECK_ERR(feel_from_json(ctx, &j, type, &v), ERR_TYPE);
}

/* ---- limits ---- */

static enum err run_text(struct ctx *ctx, struct str text, uint64_t steps_max,
                         struct feel_value *ret)
{
    struct feel_env env = {.steps_max = steps_max};
    const struct feel_program *p = NULL;
    enum err err = feel_compile(ctx, NULL, (struct feel_source){.text = text}, &p);
    return err != ERR_OK ? err : feel_eval(ctx, p, &env, ret);
}

static struct str repeated(struct ctx *ctx, const char *before, const char *unit, size_t count,
                           const char *after)
{
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, before);
    for (size_t i = 0; i < count; i++) {
        buf_puts(&b, unit);
    }
    buf_puts(&b, after);
    return buf_str(&b);
}

TEST(feel_takes_numbers_that_were_made_and_not_read)
{
    struct json made = json_of_int(-57);
    struct feel_value v;
    CHECK_OK(feel_from_json(ctx, &made, NULL, &v));
    struct json back = feel_to_json(ctx, v);
    CHECK_STR(back.text, "-57");
}

TEST(feel_keeps_its_limits)
{
    struct feel_value v = feel_null();
    CHECK_ERR(run_text(ctx, repeated(ctx, "", "(", LIMIT_FEEL_DEPTH + 1, "1"), 0, &v),
              ERR_TOO_DEEP);
    CHECK_ERR(run_text(ctx, repeated(ctx, "", "-", 100000, "1"), 0, &v), ERR_TOO_DEEP);
    CHECK_ERR(run_text(ctx, repeated(ctx, "", "function(a) {a: [", 1000, "1"), 0, &v),
              ERR_TOO_DEEP);
    CHECK_ERR(run_text(ctx, repeated(ctx, "", "abs(a: for i in [", 1000, "1"), 0, &v),
              ERR_TOO_DEEP);
    CHECK_ERR(run_text(ctx, repeated(ctx, "", "[1..", 1000, "1"), 0, &v), ERR_TOO_DEEP);
    CHECK_ERR(run_text(ctx, repeated(ctx, "", "[1..[", 50, "1"), 0, &v), ERR_SYNTAX);
    CHECK_OK(run_text(ctx, repeated(ctx, "", "if false then 0 else ", 150, "1"), 0, &v));
    CHECK_ERR(run_text(ctx, repeated(ctx, "function(a) a", "+a", 5000, ""), 0, &v), ERR_TOO_DEEP);
    CHECK_ERR(run_text(ctx, repeated(ctx, "", " ", LIMIT_FEEL_SOURCE_BYTES + 1, "1"), 0, &v),
              ERR_TOO_LARGE);
    CHECK_ERR(run_text(ctx, STR("for i in 1..1000000000 return i"), 1000, &v), ERR_TOO_MANY);
    CHECK_ERR(run_text(ctx, STR("count(for i in 1..10000000 return i)"), LIMIT_FEEL_STEPS * 2, &v),
              ERR_TOO_MANY);
    CHECK_ERR(run_text(ctx, STR("every i in 1..100000000 satisfies true"), 0, &v), ERR_TOO_MANY);
    CHECK_ERR(run_text(ctx, STR("{f: function(n) f(n + 1)}.f(0)"), 0, &v), ERR_TOO_DEEP);
    CHECK_OK(run_text(
        ctx, STR("matches(\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\", \"^(a+)+$\")"), 0, &v));
    CHECK(feel_is_null(v));
    CHECK_OK(run_text(ctx, STR("matches(\"a\", \"((a{1000}){1000}){1000}\")"), 0, &v));
    CHECK(feel_is_null(v));
    CHECK_OK(run_text(ctx, STR("{l: for i in 1..600 return [partial[-1]]}.l[-1] = [1]"), 0, &v));
    CHECK_OK(run_text(ctx, STR("flatten((for i in 1..600 return [partial[-1]])[-1])"), 0, &v));
    CHECK(feel_is_null(v));
    /* values that share their parts: small to keep, endless to walk */
    CHECK_ERR(run_text(ctx,
                       STR("{l: for i in 1..90 return [partial[-1], partial[-1]],"
                           " m: for i in 1..90 return [partial[-1], partial[-1]]}.x = 1"),
                       0, &v),
              ERR_OK);
    CHECK_ERR(run_text(ctx,
                       STR("(for i in 1..90 return [partial[-1], partial[-1]])[-1] = "
                           "(for i in 1..90 return [partial[-1], partial[-1]])[-1]"),
                       0, &v),
              ERR_TOO_MANY);
    CHECK_ERR(run_text(ctx, STR("flatten((for i in 1..90 return [partial[-1], partial[-1]])[-1])"),
                       0, &v),
              ERR_TOO_MANY);
    CHECK_OK(run_text(ctx, STR("string((for i in 1..90 return [partial[-1], partial[-1]])[-1])"), 0,
                      &v));
    CHECK(feel_is_null(v));
    CHECK_OK(run_text(ctx,
                      STR("(for i in 1..5000 return (= partial[-1]))[-1] = (for i in 1..5000 "
                          "return (= partial[-1]))[-1]"),
                      0, &v));
    struct buf names = buf_new(ctx->arena, 0);
    buf_byte(&names, '{');
    for (int i = 0; i <= LIMIT_FEEL_SLOTS; i++) {
        buf_format(&names, "%sk%d: 1", i > 0 ? ", " : "", i);
    }
    buf_byte(&names, '}');
    CHECK_ERR(run_text(ctx, buf_str(&names), 0, &v), ERR_TOO_MANY);
}

TEST(feel_keeps_the_limit_of_strings)
{
    /* doubling: 2^25 bytes would be twice LIMIT_FEEL_STRING_BYTES */
    struct feel_value v = feel_null();
    CHECK_OK(run_text(
        ctx, STR("(for i in 1..26 return if i = 1 then \"ab\" else partial[-1] + partial[-1])[-1]"),
        0, &v));
    CHECK(feel_is_null(v));
}

/* Whether the text ran through with its nth allocation failing; the guard stands in this small
 * frame. */
static bool runs_with_failure(struct arena *a, struct str text, uint64_t nth, enum err *ret)
{
    struct arena_guard guard;
    struct ctx small = {.arena = a, .world = world_real()};
    struct feel_value v = feel_null();
    arena_clear(a);
    arena_guard(a, &guard);
    if (setjmp(guard.jump) != 0) {
        return false;
    }
    arena_fail_at(nth);
    *ret = run_text(&small, text, 0, &v);
    return true;
}

TEST(feel_survives_every_failing_allocation)
{
    static const char *const texts[] = {
        "sum(for i in [1,2,3][item > 1] return i * 1.5)",
        "{f: function(n: number) if n = 0 then 1 else n * f(n - 1), r: f(3)}.r",
        "replace(\"abracadabra\", \"(a)b\", \"[$1]\")",
        "string(@\"2026-01-01T10:00:00@Europe/Paris\" + duration(\"P1D\"))",
        "5 in (<3, [4..6]) and \"a\" instance of string",
    };
    for (size_t i = 0; i < LEN(texts); i++) {
        struct arena *a = arena_new((size_t)1 << 20);
        enum err err = ERR_MEMORY;
        uint64_t nth = 1;
        while (nth < 2000 && !runs_with_failure(a, str_from(texts[i]), nth, &err)) {
            nth++;
        }
        arena_fail_at(0);
        CHECK_INT(err, ERR_OK);
        CHECK(nth > 3);
        arena_free(a);
    }
}

TEST(feel_tells_paths_from_other_programs)
{
    static const struct feel_member names[] = {{STR("x"), NULL}, {STR("an applicant"), NULL}};
    static const struct feel_scope scope = {.names = names, .count = 2};
    static const struct {
        const char *text;
        int members; /* -1: no path */
    } cases[] = {{"x", 0},
                 {"an applicant", 0},
                 {"an applicant.home.city", 2},
                 {"an applicant.home.city.name", -1},
                 {"x + 1", -1},
                 {"5", -1},
                 {"x[1].a", -1},
                 {"{a: 1}.a", -1}};
    for (size_t i = 0; i < LEN(cases); i++) {
        const struct feel_program *p = NULL;
        struct str members[2];
        uint32_t slot = 9;
        size_t count = 9;
        CHECK_OK(
            feel_compile(ctx, &scope, (struct feel_source){.text = str_from(cases[i].text)}, &p));
        CHECK_INT(feel_path(p, &slot, members, 2, &count), cases[i].members >= 0);
        if (cases[i].members >= 0) {
            CHECK_INT(count, cases[i].members);
            CHECK_INT(slot, cases[i].text[0] == 'a');
        }
        if (cases[i].members == 2) {
            CHECK_STR(members[0], "home");
            CHECK_STR(members[1], "city");
        }
    }
}
