/* Random tables, evaluated five ways: cell by cell as FEEL (here), by dmn_evaluate, by plans over
 * rows, over JSON texts, and over columns. TONGBAN_ROUNDS makes it longer. */
#include <stdio.h>
#include <stdlib.h>

#include "base/decimal.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/test.h"
#include "dmn/batch.h"
#include "feel/shape.h"
#include "feel/value.h"

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *d, uint32_t below)
{
    d->state = d->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((d->state >> 33) % below);
}

#define PICK(d, list) list[roll(d, LEN(list))]

enum { DATA = 5, INPUTS_MAX = 4, OUTPUTS_MAX = 2, RULES_MAX = 90, ROWS = 40 };

/* The input data of every model, and the types they may be declared as. */
static const char *const data_names[DATA] = {"amount", "kind", "flag", "day", "who"};
static const char *const data_types[DATA] = {"number", "string", "boolean", "date", NULL};
static const struct feel_type types[DATA] = {{.kind = FEEL_TYPE_NUMBER},
                                             {.kind = FEEL_TYPE_STRING},
                                             {.kind = FEEL_TYPE_BOOL},
                                             {.kind = FEEL_TYPE_DATE}};

struct cells {
    struct str text;
    const struct feel_program *program;
};

struct column {
    int data; /* 5 is who.age, 6 an expression */
    struct cells expression, allowed;
    bool typed;
};

struct output {
    struct cells allowed, otherwise;
    struct feel_value listed[4];
    size_t listed_count;
    bool typed;
};

/* A table as it was thrown. */
struct thrown {
    const char *hit, *how;
    bool typed[DATA];
    struct column inputs[INPUTS_MAX];
    struct output outputs[OUTPUTS_MAX];
    struct cells tests[RULES_MAX][INPUTS_MAX];
    struct cells entries[RULES_MAX][OUTPUTS_MAX];
    size_t input_count, output_count, rule_count;
};

static struct feel_member names[DATA];
static const struct feel_scope scope = {.names = names, .count = DATA};

static void compile(struct ctx *ctx, struct cells *c, struct str text, bool unary)
{
    struct feel_source source = {.text = text};
    c->text = text;
    enum err err = unary ? feel_compile_unary(ctx, &scope, source, &c->program)
                         : feel_compile(ctx, &scope, source, &c->program);
    must(err == ERR_OK);
}

/* ---- throwing -------------------------------------------------------------------------------- */

static struct str test_text(struct arena *a, struct dice *d, int data)
{
    static const char *const numbers[] = {
        "0",     "1",     "-1",  "10",      "10.5",
        "10.50", "99.99", "100", "1000000", "123456789012345678901234567890"};
    static const char *const strings[] = {"\"a\"",      "\"b\"",        "\"食品\"",
                                          "\"\"",       "\"a\", \"b\"", "\"c\", \"食品\"",
                                          "not(\"a\")", "null",         "> \"a\""};
    static const char *const bools[] = {"true", "false", "not(true)", "null", "true, false"};
    static const char *const days[] = {"date(\"2026-01-01\")", "date(\"2026-02-28\")",
                                       "date(\"2025-12-31\")"};
    static const char *const ops[] = {"", "", "<", "<=", ">", ">=", "="};
    static const char *const odd[] = {"5",         "\"a\"",   "null", "amount", "? = amount",
                                      "not(null)", "[1..10]", "true", "(5..1]", "not(5, \"a\")"};
    if (roll(d, 4) == 0) {
        return STR("-");
    }
    if (roll(d, 15) == 0) {
        return str_from(PICK(d, odd));
    }
    if (data == 1) {
        return str_from(PICK(d, strings));
    }
    if (data == 2) {
        return str_from(PICK(d, bools));
    }
    const char *lo = data == 3 ? PICK(d, days) : PICK(d, numbers);
    const char *hi = data == 3 ? PICK(d, days) : PICK(d, numbers);
    struct str s = roll(d, 2) == 0 ? str_format(a, "%s %s", PICK(d, ops), lo)
                                   : str_format(a, "%c%s..%s%c", roll(d, 2) ? '[' : '(', lo, hi,
                                                roll(d, 2) ? ']' : ')');
    return roll(d, 6) == 0 ? str_format(a, "not(%.*s)", FMT(s)) : s;
}

static struct str entry_text(struct dice *d, bool constant)
{
    static const char *const entries[] = {"\"x\"", "\"y\"", "\"z\"", "1",   "2",
                                          "2.00",  "null",  "\"x\"", "10.5"};
    return !constant && roll(d, 8) == 0 ? STR("amount") : str_from(PICK(d, entries));
}

static void throw_columns(struct ctx *ctx, struct dice *d, struct thrown *t, bool constant)
{
    static const char *const paths[] = {"amount", "kind",    "flag",      "day",
                                        "who",    "who.age", "amount + 1"};
    static const char *const allowed[] = {"[0..1000]", "\"a\", \"b\", \"食品\"", "true, false",
                                          "> date(\"2025-12-31\")"};
    static const char *const listed[] = {"\"x\", \"y\", \"z\"", "1, 2", "\"z\", 2, \"x\"",
                                         "10.5, \"y\""};
    for (size_t i = 0; i < t->input_count; i++) {
        struct column *c = &t->inputs[i];
        c->data = (int)roll(d, roll(d, 5) == 0 ? 7 : 6);
        c->typed = c->data < 4 && roll(d, 3) == 0;
        compile(ctx, &c->expression, str_from(paths[c->data]), false);
        if (c->data < 4 && roll(d, 8) == 0) {
            compile(ctx, &c->allowed, str_from(allowed[c->data]), true);
        }
    }
    bool order = strcmp(t->hit, "PRIORITY") == 0 || strcmp(t->hit, "OUTPUT ORDER") == 0;
    for (size_t i = 0; i < t->output_count; i++) {
        struct output *o = &t->outputs[i];
        if (order || roll(d, 6) == 0) {
            compile(ctx, &o->allowed, str_from(PICK(d, listed)), true);
            const struct feel_shape *shapes = NULL;
            bool negated = false;
            o->listed_count = feel_unary_shape(o->allowed.program, &shapes, &negated);
            for (size_t k = 0; k < o->listed_count; k++) {
                o->listed[k] = shapes[k].lo;
            }
        }
        if (roll(d, 5) == 0) {
            compile(ctx, &o->otherwise, entry_text(d, constant), false);
        }
        o->typed = roll(d, 6) == 0;
    }
}

static void throw_table(struct ctx *ctx, struct dice *d, struct thrown *t)
{
    static const char *const hits[] = {"UNIQUE",     "FIRST",        "ANY",    "PRIORITY",
                                       "RULE ORDER", "OUTPUT ORDER", "COLLECT"};
    static const char *const hows[] = {"", "", "SUM", "COUNT", "MIN", "MAX"};
    bool constant = roll(d, 4) != 0;
    *t = (struct thrown){.hit = PICK(d, hits), .how = ""};
    t->input_count = 1 + roll(d, INPUTS_MAX);
    t->output_count = 1 + (roll(d, 3) == 0);
    t->rule_count = roll(d, roll(d, 6) == 0 ? RULES_MAX : 12);
    if (strcmp(t->hit, "COLLECT") == 0 && t->output_count == 1) {
        t->how = PICK(d, hows);
    }
    for (size_t i = 0; i < DATA; i++) {
        t->typed[i] = data_types[i] != NULL && roll(d, 3) == 0;
    }
    throw_columns(ctx, d, t, constant);
    for (size_t r = 0; r < t->rule_count; r++) {
        for (size_t i = 0; i < t->input_count; i++) {
            compile(
                ctx, &t->tests[r][i],
                test_text(ctx->arena, d,
                          t->inputs[i].data == 5 || t->inputs[i].data == 6 ? 0 : t->inputs[i].data),
                true);
        }
        for (size_t i = 0; i < t->output_count; i++) {
            compile(ctx, &t->entries[r][i], entry_text(d, constant), false);
        }
    }
}

static void put_text(struct buf *b, const char *element, struct str text)
{
    buf_format(b, "<%s><text>", element);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '<') {
            buf_puts(b, "&lt;");
        } else {
            buf_byte(b, text.p[i]);
        }
    }
    buf_format(b, "</text></%s>", element);
}

static struct str xml_of(struct ctx *ctx, const struct thrown *t)
{
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, "<definitions xmlns=\"https://www.omg.org/spec/DMN/20230324/MODEL/\" name=\"m\" "
                 "namespace=\"m\">");
    for (size_t i = 0; i < DATA; i++) {
        buf_format(&b, "<inputData id=\"i%zu\" name=\"%s\"><variable name=\"%s\"", i, data_names[i],
                   data_names[i]);
        if (t->typed[i]) {
            buf_format(&b, " typeRef=\"%s\"", data_types[i]);
        }
        buf_puts(&b, "/></inputData>");
    }
    buf_puts(&b, "<decision id=\"d\" name=\"d\"><variable name=\"d\"/>");
    for (size_t i = 0; i < DATA; i++) {
        buf_format(
            &b, "<informationRequirement><requiredInput href=\"#i%zu\"/></informationRequirement>",
            i);
    }
    buf_format(&b, "<decisionTable hitPolicy=\"%s\"", t->hit);
    if (t->how[0] != 0) {
        buf_format(&b, " aggregation=\"%s\"", t->how);
    }
    buf_byte(&b, '>');
    for (size_t i = 0; i < t->input_count; i++) {
        const struct column *c = &t->inputs[i];
        buf_puts(&b, "<input><inputExpression");
        if (c->typed) {
            buf_format(&b, " typeRef=\"%s\"", data_types[c->data]);
        }
        buf_format(&b, "><text>%.*s</text></inputExpression>", FMT(c->expression.text));
        if (c->allowed.program != NULL) {
            put_text(&b, "inputValues", c->allowed.text);
        }
        buf_puts(&b, "</input>");
    }
    for (size_t i = 0; i < t->output_count; i++) {
        const struct output *o = &t->outputs[i];
        buf_format(&b, "<output name=\"o%zu\"%s>", i, o->typed ? " typeRef=\"string\"" : "");
        if (o->allowed.program != NULL) {
            put_text(&b, "outputValues", o->allowed.text);
        }
        if (o->otherwise.program != NULL) {
            put_text(&b, "defaultOutputEntry", o->otherwise.text);
        }
        buf_puts(&b, "</output>");
    }
    for (size_t r = 0; r < t->rule_count; r++) {
        buf_puts(&b, "<rule>");
        for (size_t i = 0; i < t->input_count; i++) {
            put_text(&b, "inputEntry", t->tests[r][i].text);
        }
        for (size_t i = 0; i < t->output_count; i++) {
            put_text(&b, "outputEntry", t->entries[r][i].text);
        }
        buf_puts(&b, "</rule>");
    }
    buf_puts(&b, "</decisionTable></decision></definitions>");
    return buf_str(&b);
}

/* ---- the reference: every cell as FEEL ------------------------------------------------------- */

static struct feel_value eval(struct ctx *ctx, const struct cells *c,
                              const struct feel_value *slots, struct feel_value input)
{
    struct feel_env env = {.slots = slots, .input = input};
    struct feel_value v = feel_null();
    must(feel_eval(ctx, c->program, &env, &v) == ERR_OK);
    return v;
}

static struct feel_value coerce(struct ctx *ctx, struct feel_value v, const struct feel_type *type)
{
    struct feel_env env = {0};
    return feel_coerce(ctx, &env, v, type);
}

static struct feel_value entry_value(struct ctx *ctx, const struct output *o,
                                     const struct cells *entry, const struct feel_value *slots)
{
    struct feel_value v = eval(ctx, entry, slots, feel_null());
    v = o->typed ? coerce(ctx, v, &types[1]) : v;
    bool good = o->allowed.program == NULL || feel_is_null(v) ||
                feel_is_true(eval(ctx, &o->allowed, slots, v));
    return good ? v : feel_null();
}

struct row_out {
    struct feel_value cell[OUTPUTS_MAX];
    size_t rule;
};

static size_t rank(const struct output *o, struct feel_value v)
{
    size_t k = 0;
    while (k < o->listed_count && !feel_is_true(feel_equal(v, o->listed[k]))) {
        k++;
    }
    return k;
}

static bool before(const struct thrown *t, const struct row_out *a, const struct row_out *b)
{
    for (size_t i = 0; i < t->output_count; i++) {
        size_t x = rank(&t->outputs[i], a->cell[i]), y = rank(&t->outputs[i], b->cell[i]);
        if (x != y) {
            return x < y;
        }
    }
    return false;
}

static struct feel_value value_of(struct ctx *ctx, const struct thrown *t,
                                  const struct row_out *row)
{
    static const struct str keys[] = {STR("o0"), STR("o1")};
    struct feel_entry *parts = ARENA_ARRAY(ctx->arena, struct feel_entry, OUTPUTS_MAX);
    for (size_t i = 0; i < t->output_count; i++) {
        parts[i] = (struct feel_entry){keys[i], row->cell[i]};
    }
    return t->output_count == 1 ? row->cell[0] : feel_context(parts, t->output_count);
}

static struct feel_value aggregated(struct ctx *ctx, const struct thrown *t,
                                    const struct row_out *rows, size_t n)
{
    struct feel_value best = rows[0].cell[0];
    if (strcmp(t->how, "COUNT") == 0) {
        return feel_int((int64_t)n);
    }
    bool sum = strcmp(t->how, "SUM") == 0;
    if (sum && best.kind != FEEL_NUMBER) {
        return feel_null();
    }
    for (size_t i = 1; i < n; i++) {
        struct decimal d = {0};
        int order = 0;
        struct feel_value v = rows[i].cell[0];
        if (sum) {
            if (v.kind != FEEL_NUMBER || !decimal_add(feel_decimal(best), feel_decimal(v), &d)) {
                return feel_null();
            }
            best = feel_number(ctx->arena, d);
        } else if (!feel_compare(v, best, &order)) {
            return feel_null();
        } else {
            best = (strcmp(t->how, "MIN") == 0 ? order < 0 : order > 0) ? v : best;
        }
    }
    return best;
}

static struct feel_value no_match(struct ctx *ctx, const struct thrown *t,
                                  const struct feel_value *slots)
{
    struct row_out row = {0};
    bool any = false;
    for (size_t i = 0; i < t->output_count; i++) {
        if (t->outputs[i].otherwise.program != NULL) {
            row.cell[i] = entry_value(ctx, &t->outputs[i], &t->outputs[i].otherwise, slots);
            any = true;
        }
    }
    return any ? value_of(ctx, t, &row) : strcmp(t->how, "COUNT") == 0 ? feel_int(0) : feel_null();
}

/* The value, and the rule that gave it (0 none, DMN_RULE_CONFLICT) for tables that answer with one.
 */
static struct feel_value reference(struct ctx *ctx, const struct thrown *t,
                                   const struct feel_value *given, uint16_t *ret_rule)
{
    struct feel_value slots[DATA];
    struct feel_value in[INPUTS_MAX];
    struct row_out rows[RULES_MAX];
    size_t n = 0;
    *ret_rule = 0;
    for (size_t i = 0; i < DATA; i++) {
        slots[i] = t->typed[i] ? coerce(ctx, given[i], &types[i]) : given[i];
    }
    for (size_t i = 0; i < t->input_count; i++) {
        const struct column *c = &t->inputs[i];
        in[i] = eval(ctx, &c->expression, slots, feel_null());
        in[i] = c->typed ? coerce(ctx, in[i], &types[c->data]) : in[i];
        if (c->allowed.program != NULL && !feel_is_null(in[i]) &&
            !feel_is_true(eval(ctx, &c->allowed, slots, in[i]))) {
            return feel_null();
        }
    }
    for (size_t r = 0; r < t->rule_count; r++) {
        bool hit = true;
        for (size_t i = 0; i < t->input_count; i++) {
            hit = hit && feel_is_true(eval(ctx, &t->tests[r][i], slots, in[i]));
        }
        if (hit) {
            rows[n].rule = r;
            for (size_t i = 0; i < t->output_count; i++) {
                rows[n].cell[i] = entry_value(ctx, &t->outputs[i], &t->entries[r][i], slots);
            }
            n++;
        }
    }
    if (n == 0) {
        return no_match(ctx, t, slots);
    }
    *ret_rule = (uint16_t)(rows[0].rule + 1);
    for (size_t i = 1; i < n && strcmp(t->hit, "FIRST") != 0; i++) {
        bool same =
            strcmp(t->hit, "ANY") == 0 &&
            feel_is_true(feel_equal(value_of(ctx, t, &rows[0]), value_of(ctx, t, &rows[i])));
        if (!same && (t->hit[0] == 'U' || t->hit[0] == 'A')) {
            *ret_rule = DMN_RULE_CONFLICT;
            return feel_null();
        }
    }
    for (size_t i = 1; (t->hit[0] == 'P' || t->hit[0] == 'O') && i < n; i++) {
        for (size_t k = i; k > 0 && before(t, &rows[k], &rows[k - 1]); k--) {
            struct row_out swap = rows[k];
            rows[k] = rows[k - 1];
            rows[k - 1] = swap;
        }
    }
    if (strchr("UFAP", t->hit[0]) != NULL) {
        return value_of(ctx, t, &rows[0]);
    }
    if (t->how[0] != 0) {
        return aggregated(ctx, t, rows, n);
    }
    struct feel_value *list = ARENA_ARRAY(ctx->arena, struct feel_value, n);
    for (size_t i = 0; i < n; i++) {
        list[i] = value_of(ctx, t, &rows[i]);
    }
    return feel_list(list, n);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *const value_texts[DATA][12] = {
    {"0", "1", "-1", "5", "10", "10.5", "10.49", "99.99", "100", "null", "\"a\"",
     "123456789012345678901234567890"},
    {"\"a\"", "\"b\"", "\"c\"", "\"食品\"", "\"\"", "\"zz\"", "null", "5", "true", "\"a\"", "\"b\"",
     "\"b\""},
    {"true", "false", "null", "\"a\"", "true", "false", "true", "false", "true", "false", "true",
     "false"},
    {"date(\"2026-01-01\")", "date(\"2026-02-28\")", "date(\"2025-12-31\")", "date(\"2026-01-15\")",
     "null", "\"a\"", "date(\"2027-01-01\")", "date(\"2020-01-01\")", "date(\"2026-01-01\")",
     "date(\"2026-02-28\")", "date(\"2026-03-01\")", "date(\"2026-01-02\")"},
    {"{age: 10}", "{age: 0}", "{age: \"a\"}", "{age: null}", "{age: 99.99}", "{age: 100.5}",
     "{age: [1]}", "{}", "null", "5", "{age: -1}", "{age: 10.5}"}};

static void throw_row(struct ctx *ctx, struct dice *d, struct feel_value *row)
{
    for (size_t i = 0; i < DATA; i++) {
        struct cells c = {0};
        compile(ctx, &c, str_from(value_texts[i][roll(d, 12)]), false);
        row[i] = eval(ctx, &c, NULL, feel_null());
    }
}

static bool identical(struct ctx *ctx, struct feel_value a, struct feel_value b)
{
    struct feel_value in_list[] = {a, b};
    return str_equal(feel_text(ctx, feel_list(&in_list[0], 1)),
                     feel_text(ctx, feel_list(&in_list[1], 1)));
}

static struct feel_value inputs_of(struct ctx *ctx, const struct feel_value *row)
{
    struct feel_entry *entries = ARENA_ARRAY(ctx->arena, struct feel_entry, DATA);
    for (size_t i = 0; i < DATA; i++) {
        entries[i] = (struct feel_entry){str_from(data_names[i]), row[i]};
    }
    return feel_context(entries, DATA);
}

/* The value of a plan's column in a row; false when the row has none that a column could hold. */
static bool column_value(struct str name, const struct feel_value *row, struct feel_value *ret)
{
    if (str_equal(name, STR("who.age"))) {
        const struct feel_value *age = feel_get(row[4], STR("age"));
        *ret = age == NULL ? feel_null() : *age;
        return age != NULL || row[4].kind == FEEL_CONTEXT || feel_is_null(row[4]);
    }
    for (size_t i = 0; i < DATA; i++) {
        if (str_equal(name, str_from(data_names[i]))) {
            *ret = row[i];
        }
    }
    return true;
}

static bool complain(const char *way, struct ctx *ctx, const struct thrown *t,
                     const struct feel_value *row, struct feel_value got, struct feel_value want)
{
    struct str g = feel_text(ctx, got), w = feel_text(ctx, want),
               in = feel_text(ctx, inputs_of(ctx, row));
    struct str xml = xml_of(ctx, t);
    printf("%s: got %.*s, want %.*s for %.*s\n%.*s\n", way, FMT(g), FMT(w), FMT(in), FMT(xml));
    return false;
}

/* As JSON: dates are texts there, so untyped ones are left out; the answer is compared as text. */
static bool json_agrees(struct ctx *ctx, const struct dmn_plan *p, const struct thrown *t,
                        const struct feel_value *row, struct feel_value want)
{
    struct buf text = buf_new(ctx->arena, 0), got = buf_new(ctx->arena, 0),
               right = buf_new(ctx->arena, 0);
    for (size_t i = 0; i < DATA; i++) {
        struct feel_env env = {0};
        bool fits = !t->typed[i] || feel_is(ctx, &env, row[i], &types[i]);
        if (!fits || (row[i].kind == FEEL_DATE && !t->typed[i]) ||
            (t->typed[i] && i == 3 && row[i].kind == FEEL_STRING)) {
            return true;
        }
    }
    struct json in = feel_to_json(ctx, inputs_of(ctx, row));
    struct json out = feel_to_json(ctx, want);
    json_write(&text, &in);
    json_write(&right, &out);
    must(dmn_plan_json(ctx, p, buf_str(&text), (struct instant){0}, &got) == ERR_OK);
    return str_equal(buf_str(&got), buf_str(&right));
}

/* Typed columns where all values of a column are of one kind, and values where not. */
static struct dmn_column column_of(struct ctx *ctx, const struct feel_value *values)
{
    uint8_t *valid = ARENA_ARRAY(ctx->arena, uint8_t, (ROWS + 7) / 8);
    int64_t *numbers = ARENA_ARRAY(ctx->arena, int64_t, ROWS);
    int32_t *days = ARENA_ARRAY(ctx->arena, int32_t, ROWS);
    uint8_t *small = ARENA_ARRAY(ctx->arena, uint8_t, ROWS);
    struct str *texts = ARENA_ARRAY(ctx->arena, struct str, ROWS);
    uint32_t seen = 0;
    bool fits = true;
    for (size_t i = 0; i < ROWS; i++) {
        struct feel_value v = values[i];
        seen |= feel_is_null(v) ? 0 : 1u << v.kind;
        valid[i / 8] = (uint8_t)(valid[i / 8] | !feel_is_null(v) << (i % 8));
        if (v.kind == FEEL_NUMBER) {
            fits = fits && !v.boxed && v.exp <= 0 && v.exp >= -2;
            numbers[i] = v.boxed || v.exp < -2 ? 0
                                               : v.integer * (v.exp == 0    ? 100
                                                              : v.exp == -1 ? 10
                                                                            : 1);
        } else if (v.kind == FEEL_DATE) {
            days[i] = (int32_t)v.integer;
        } else if (v.kind == FEEL_STRING) {
            texts[i] = feel_str(v);
        }
        small[i] = v.kind == FEEL_STRING ? (uint8_t)i : v.kind == FEEL_BOOL ? v.boolean : 0;
    }
    struct dmn_column c = {.form = DMN_COLUMN_VALUES, .data = values};
    if (seen == 0) {
        c.form = DMN_COLUMN_NULLS;
    } else if (seen == 1u << FEEL_NUMBER && fits) {
        c = (struct dmn_column){.form = DMN_COLUMN_I64, .exp = -2, .data = numbers, .valid = valid};
    } else if (seen == 1u << FEEL_DATE) {
        c = (struct dmn_column){.form = DMN_COLUMN_DAYS, .data = days, .valid = valid};
    } else if (seen == 1u << FEEL_BOOL) {
        c = (struct dmn_column){.form = DMN_COLUMN_BOOLS, .data = small, .valid = valid};
    } else if (seen == 1u << FEEL_STRING) {
        c = (struct dmn_column){.form = DMN_COLUMN_TEXTS8,
                                .data = small,
                                .valid = valid,
                                .texts = texts,
                                .text_count = ROWS};
    }
    return c;
}

struct tally {
    uint32_t direct, rules, conflicts, typed_columns;
};

/* ---- the comparison -------------------------------------------------------------------------- */

static bool columns_agree(struct ctx *ctx, const struct dmn_plan *p, const struct thrown *t,
                          struct feel_value (*rows)[DATA], struct tally *tally)
{
    const struct dmn_plan_column *columns = NULL;
    size_t count = dmn_plan_columns(p, &columns);
    struct dmn_column *data = ARENA_ARRAY(ctx->arena, struct dmn_column, count);
    struct feel_value got[ROWS];
    uint16_t rules[ROWS];
    for (size_t c = 0; c < count; c++) {
        struct feel_value *values = ARENA_ARRAY(ctx->arena, struct feel_value, ROWS);
        for (size_t i = 0; i < ROWS; i++) {
            (void)column_value(columns[c].name, rows[i], &values[i]);
        }
        data[c] = column_of(ctx, values);
        tally->typed_columns += data[c].form != DMN_COLUMN_VALUES;
    }
    must(dmn_plan_values(ctx, p, data, ROWS, (struct instant){0}, got) == ERR_OK);
    bool told = dmn_plan_rules(ctx, p, data, ROWS, rules) == ERR_OK;
    ctx->why = (struct why){0};
    for (size_t i = 0; i < ROWS; i++) {
        uint16_t rule = 0;
        struct feel_value ignored;
        struct feel_value want = reference(ctx, t, rows[i], &rule);
        bool whole = true;
        for (size_t c = 0; c < count; c++) {
            whole = whole && column_value(columns[c].name, rows[i], &ignored);
        }
        if (whole && !identical(ctx, got[i], want)) {
            return complain("columns", ctx, t, rows[i], got[i], want);
        }
        if (whole && told &&
            (rules[i] != rule || !identical(ctx, dmn_plan_value(p, rules[i]), want))) {
            printf("rule %u, want %u\n", rules[i], rule);
            return complain("rules", ctx, t, rows[i], dmn_plan_value(p, rules[i]), want);
        }
        tally->rules += told;
        tally->conflicts += told && rule == DMN_RULE_CONFLICT;
    }
    return true;
}

static bool table_agrees(struct ctx *ctx, struct dice *d, struct tally *tally)
{
    struct thrown *t = ARENA_NEW(ctx->arena, struct thrown);
    struct dmn_model *model = NULL;
    const struct dmn_plan *plan = NULL;
    const struct dmn_plan_column *columns = NULL;
    struct feel_value(*rows)[DATA] = arena_push_array(ctx->arena, ROWS, sizeof(*rows));
    throw_table(ctx, d, t);
    if (dmn_load(ctx, xml_of(ctx, t), STR("thrown"), &model) != ERR_OK) {
        printf("%.*s\n", FMT(ctx->why.detail));
        return false;
    }
    must(dmn_plan_make(ctx, model, STR("d"), &plan) == ERR_OK);
    size_t count = dmn_plan_columns(plan, &columns);
    tally->direct += dmn_plan_is_direct(plan);
    for (size_t i = 0; i < ROWS; i++) {
        struct dmn_result result;
        struct feel_value row[DATA + 1], got = feel_null();
        uint16_t rule = 0;
        bool whole = true;
        throw_row(ctx, d, rows[i]);
        struct feel_value want = reference(ctx, t, rows[i], &rule);
        must(dmn_evaluate(ctx, model, STR("d"), inputs_of(ctx, rows[i]), (struct instant){0},
                          &result) == ERR_OK);
        if (!identical(ctx, result.value, want)) {
            return complain("evaluate", ctx, t, rows[i], result.value, want);
        }
        for (size_t c = 0; c < count; c++) {
            whole = whole && column_value(columns[c].name, rows[i], &row[c]);
        }
        must(!whole || dmn_plan_row(ctx, plan, row, (struct instant){0}, &got) == ERR_OK);
        if (whole && !identical(ctx, got, want)) {
            return complain("row", ctx, t, rows[i], got, want);
        }
        if (!json_agrees(ctx, plan, t, rows[i], want)) {
            return complain("JSON", ctx, t, rows[i], feel_null(), want);
        }
    }
    return columns_agree(ctx, plan, t, rows, tally);
}

TEST(dmn_tables_say_the_same_every_way)
{
    const char *long_run = getenv("TONGBAN_ROUNDS");
    int rounds = long_run == NULL ? 150 : atoi(long_run);
    struct tally tally = {0};
    for (size_t i = 0; i < DATA; i++) {
        names[i].name = str_from(data_names[i]);
    }
    for (int i = 0; i < rounds; i++) {
        struct dice d = {(uint64_t)i};
        struct arena_mark mark = arena_mark(ctx->arena);
        bool good = table_agrees(ctx, &d, &tally);
        arena_reset(ctx->arena, mark);
        CHECK(good);
        if (!good) {
            printf("seed %d\n", i);
            return;
        }
    }
    CHECK(tally.direct > 0 && tally.rules > 0 && tally.conflicts > 0 && tally.typed_columns > 0);
}
