/* The fact dictionary: what a value of a fact may be. */
#include "law/law_in.h"

#include "base/decimal.h"
#include "base/encode.h"
#include "base/utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

static const char *const types[] = {
    [FACT_TEXT] = "text",     [FACT_INTEGER] = "integer",   [FACT_DECIMAL] = "decimal",
    [FACT_MONEY] = "money",   [FACT_DATE] = "date",         [FACT_BOOLEAN] = "boolean",
    [FACT_CHOICE] = "choice", [FACT_IDCARD] = "idcard",     [FACT_USCC] = "uscc",
    [FACT_PHONE] = "phone",   [FACT_MATERIAL] = "material", [FACT_LIST] = "list",
    [FACT_BILL] = "payment-number",
};
static const char *const classes[] = {[CLASS_PUBLIC] = "public",
                                      [CLASS_BUSINESS] = "business",
                                      [CLASS_PERSONAL] = "personal",
                                      [CLASS_SENSITIVE] = "sensitive"};

void declare_facts(struct builder *b, struct source *f)
{
    const struct json *list = want_list(b, f, &f->root, "facts");
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        struct fact *x = &b->law->facts[b->law->fact_count];
        x->index = (uint32_t)b->law->fact_count++;
        x->id = want_text(b, f, &list->items[i], "fact");
        if (!index_put(&b->law->index[T_FACT], x->id, x)) {
            problem(b, f, &list->items[i], "duplicate", "the fact \"%.*s\" stands twice",
                    FMT(x->id));
        }
    }
}

static void read_choices(struct builder *b, const struct source *f, const struct json *o,
                         struct fact *x)
{
    static const char *const names[] = {"code", "title", NULL};
    const struct json *list = may_list(b, f, o, "choices");
    struct code_table *table = may_ref(b, f, o, "code", T_CODE);
    if (table != NULL) {
        x->choices = table->rows;
        x->choice_count = table->count;
        return;
    }
    x->choice_count = 0;
    struct code_row *rows =
        ARENA_ARRAY(b->law->arena, struct code_row, (list == NULL ? 0 : list->count) + 1);
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        only_members(b, f, &list->items[i], names);
        rows[i] = (struct code_row){.code = want_text(b, f, &list->items[i], "code"),
                                    .title = want_text2(b, f, &list->items[i], "title")};
        x->choice_count++;
    }
    x->choices = rows;
    if (x->type == FACT_CHOICE && x->choice_count == 0) {
        problem(b, f, o, "missing", "the choice \"%.*s\" has neither code table nor choices",
                FMT(x->id));
    }
}

/* PCRE2 takes its memory from an arena, so that a failing allocation unwinds as all others do. */
static void *pattern_alloc(size_t size, void *arena)
{
    return arena_push(arena, size);
}

static void pattern_free(void *p, void *arena)
{
    (void)p;
    (void)arena; /* it goes with the arena */
}

/* Letters, classes, groups, alternatives and repeats; no back-reference, look-around, verb or
 * option: what is left is matched by following all alternatives at once, in time linear in the
 * length of the value. */
bool pattern_is_plain(struct str s)
{
    static const char escapes[] = "dDwWsStnr.*+?()[]{}|/-^$\\";
    size_t depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '\\' && (++i == s.n || s.p[i] == 0 || strchr(escapes, s.p[i]) == NULL)) {
            return false;
        }
        if (c == '[') {
            size_t start = i + 1;
            while (++i < s.n && (s.p[i] != ']' || i == start)) {
                i += s.p[i] == '\\';
                if (i + 1 < s.n && s.p[i] == '[') {
                    return false; /* [:name:] and set operators */
                }
            }
        } else if (c == '(') {
            if (i + 1 < s.n && (s.p[i + 1] == '?' || s.p[i + 1] == '*')) {
                return false;
            }
            depth++;
        } else if (c == ')') {
            if (depth == 0) {
                return false;
            }
            depth--;
        }
    }
    return depth == 0;
}

static void read_pattern(struct builder *b, const struct source *f, const struct json *o,
                         struct fact *x)
{
    int code = 0;
    PCRE2_SIZE at = 0;
    x->pattern = may_text(b, f, o, "pattern");
    if (x->pattern.n == 0) {
        return;
    }
    const struct json *place = json_get(o, "pattern");
    if (x->pattern.n > LIMIT_PATTERN_BYTES) {
        problem(b, f, place, "pattern", "the pattern of \"%.*s\" is longer than %d bytes",
                FMT(x->id), LIMIT_PATTERN_BYTES);
        return;
    }
    pcre2_general_context *memory =
        pcre2_general_context_create(pattern_alloc, pattern_free, b->law->arena);
    pcre2_compile_context *how = pcre2_compile_context_create(memory);
    pcre2_set_parens_nest_limit(how, 20);
    pcre2_code *c = pcre2_compile((PCRE2_SPTR)x->pattern.p, x->pattern.n,
                                  PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &at, how);
    if (c == NULL) {
        problem(b, f, place, "pattern",
                "the pattern of \"%.*s\" cannot be read from its byte %zu on", FMT(x->id), at);
    } else if (!pattern_is_plain(x->pattern)) {
        problem(b, f, place, "pattern",
                "the pattern of \"%.*s\" holds more than letters, classes, groups, alternatives "
                "and repeats",
                FMT(x->id));
    }
    x->matcher = c;
}

/* "P0D", "-P150Y", "P6M", "P1M15D": a duration of ISO 8601 in years, months and days. */
static bool read_span(struct str s, struct day_span *ret)
{
    bool back = s.n > 0 && s.p[0] == '-';
    size_t at = back ? 1 : 0;
    int32_t n = 0;
    bool digit = false;
    *ret = (struct day_span){0};
    if (at + 2 >= s.n || s.p[at] != 'P') {
        return false;
    }
    for (at++; at < s.n; at++) {
        char c = s.p[at];
        if (c >= '0' && c <= '9' && n < 10000) {
            n = n * 10 + (c - '0');
            digit = true;
        } else if (digit && (c == 'Y' || c == 'M')) {
            ret->months += c == 'Y' ? n * 12 : n;
            n = 0;
            digit = false;
        } else if (digit && c == 'D') {
            ret->days += n;
            n = 0;
            digit = false;
        } else {
            return false;
        }
    }
    ret->months = back ? -ret->months : ret->months;
    ret->days = back ? -ret->days : ret->days;
    return !digit;
}

static bool read_bound(struct builder *b, const struct source *f, const struct json *o,
                       const char *member, const struct fact *x, struct day_span *ret)
{
    struct str text = may_text(b, f, o, member);
    if (text.n == 0) {
        return false;
    }
    if (x->type != FACT_DATE || !read_span(text, ret)) {
        problem(b, f, json_get(o, member), "type",
                "\"%s\" of \"%.*s\" is a duration from the day of the act, like -P150Y or P0D, "
                "and only of a date",
                member, FMT(x->id));
        return false;
    }
    return true;
}

static void read_form(struct builder *b, const struct source *f, const struct json *o,
                      struct fact *x)
{
    struct str form = may_text(b, f, o, "form");
    x->is_name = str_equal(form, STR("name"));
    if (form.n > 0 && (!x->is_name || x->type != FACT_TEXT)) {
        problem(b, f, json_get(o, "form"), "type",
                "the form of \"%.*s\" can only be \"name\", of a text", FMT(x->id));
    }
    x->has_earliest = read_bound(b, f, o, "earliest", x, &x->earliest);
    x->has_latest = read_bound(b, f, o, "latest", x, &x->latest);
}

/* Its value is the id of something that is there; the gate asks (names.c). */
enum fact_names read_names(struct builder *b, const struct source *f, const struct json *o,
                           const struct fact *x)
{
    static const char *const kinds[] = {
        [NAMES_NOTHING] = "",          [NAMES_OFFICE] = "office",
        [NAMES_OFFICER] = "officer",   [NAMES_PARTY] = "party",
        [NAMES_ITEM] = "item",         [NAMES_CASE] = "case",
        [NAMES_LICENCE] = "licence",   [NAMES_ACT] = "act",
        [NAMES_DOCUMENT] = "document", [NAMES_AUTHORITY] = "authority",
        [NAMES_PACK] = "pack"};
    int kind = word_of(may_text(b, f, o, "names"), kinds, LEN(kinds));
    bool by_place = kind == NAMES_ACT || kind == NAMES_DOCUMENT;
    bool fits =
        x->type == FACT_TEXT || x->type == FACT_LIST || (by_place && x->type == FACT_INTEGER);
    if (kind < 0 || (kind > 0 && !fits)) {
        problem(b, f, json_get(o, "names"), "type",
                "\"%.*s\" names an office, officer, party, item, case, licence, act, document, "
                "authority or pack, and is a text or a list (an act or a document: also a whole "
                "number)",
                FMT(x->id));
    }
    return kind < 0 ? NAMES_NOTHING : (enum fact_names)kind;
}

/* true: the register of parties has it under its own id. Else which register, by which fact the
 * record is found there, and under what name it has the value. */
static void read_held(struct builder *b, const struct source *f, const struct json *o,
                      struct fact *x)
{
    static const char *const names[] = {"register", "by", "as", NULL};
    const struct json *held = json_get(o, "held");
    if (!json_is(held, JSON_OBJECT)) {
        x->held = may_bool(b, f, o, "held", false);
        x->held_register = x->held ? STR("party") : STR("");
        x->held_as = x->id;
        return;
    }
    only_members(b, f, held, names);
    x->held = true;
    x->held_register = want_text(b, f, held, "register");
    x->held_as = want_text(b, f, held, "as");
    x->held_by = may_ref(b, f, held, "by", T_FACT);
}

const struct feel_program *read_derived(struct builder *b, const struct source *f,
                                        const struct json *o, struct cite *ret_article)
{
    static const char *const names[] = {"feel", "article", NULL};
    const struct json *d = json_get(o, "derived");
    *ret_article = (struct cite){0};
    if (!json_is(d, JSON_OBJECT)) {
        return NULL;
    }
    only_members(b, f, d, names);
    const struct feel_program *program = may_feel(b, f, d, "feel");
    *ret_article = may_cite(b, f, d, "article");
    if (program == NULL || ret_article->statute == NULL) {
        problem(b, f, d, "missing",
                "what is derived says from what (\"feel\"), and cites its "
                "article");
    }
    return program;
}

static void read_fact(struct builder *b, const struct source *f, const struct json *o)
{
    static const char *const names[] = {"fact",   "title", "question",  "help",    "type",
                                        "max",    "min",   "pattern",   "code",    "choices",
                                        "class",  "held",  "materials", "form",    "earliest",
                                        "latest", "names", "derived",   "correct", NULL};
    static const char *const material_names[] = {"types", "max_bytes", NULL};
    struct fact *x = index_get(&b->law->index[T_FACT], json_text(o, "fact"));
    if (x == NULL) {
        return;
    }
    only_members(b, f, o, names);
    x->title = want_text2(b, f, o, "title");
    x->question = may_text2(b, f, o, "question");
    x->help = may_text2(b, f, o, "help");
    int type = word_of(want_text(b, f, o, "type"), types, LEN(types));
    int class = word_of(want_text(b, f, o, "class"), classes, LEN(classes));
    if (type < 0 || class < 0) {
        problem(b, f, o, "type", "the fact \"%.*s\" has an unknown type or class", FMT(x->id));
    }
    x->type = type < 0 ? FACT_TEXT : (enum fact_type)type;
    x->class = class < 0 ? CLASS_SENSITIVE : (enum fact_class) class;
    x->has_min = json_get(o, "min") != NULL;
    x->has_max = json_get(o, "max") != NULL;
    x->min = may_int(b, f, o, "min", 0);
    x->max = may_int(b, f, o, "max", 0);
    read_held(b, f, o, x);
    x->follows = read_derived(b, f, o, &x->follows_article);
    x->correct = may_text2(b, f, o, "correct");
    read_form(b, f, o, x);
    x->names = read_names(b, f, o, x);
    if (str_find_byte(x->id, '.') == SIZE_MAX) {
        problem(b, f, o, "name", "a fact is named subject.name");
    }
    read_pattern(b, f, o, x);
    read_choices(b, f, o, x);
    const struct json *m = json_get(o, "materials");
    if (json_is(m, JSON_OBJECT)) {
        only_members(b, f, m, material_names);
        x->material_types = texts(b, f, m, "types", &x->material_type_count);
        x->material_max_bytes = may_int(b, f, m, "max_bytes", 0);
    }
}

void read_facts(struct builder *b, struct source *f)
{
    static const char *const names[] = {"subject", "title", "facts", NULL};
    only_members(b, f, &f->root, names);
    const struct json *list = json_get(&f->root, "facts");
    for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        read_fact(b, f, &list->items[i]);
    }
}

/* ---- values ---- */

static enum err wrong(struct ctx *ctx, const struct fact *x, enum err code, const char *what)
{
    fault(ctx, code, "%.*s: %s", FMT(x->id), what);
    ctx->why.field = x->id;
    return code;
}

/* The room for states bounds the work of one character; a value that needs more does not match. */
static bool matches(struct arena *arena, const struct fact *x, struct str s)
{
    struct arena_mark mark = arena_mark(arena);
    pcre2_general_context *memory =
        pcre2_general_context_create(pattern_alloc, pattern_free, arena);
    pcre2_match_data *data = pcre2_match_data_create(1, memory);
    int *room = ARENA_ARRAY(arena, int, LIMIT_PATTERN_ROOM);
    int n = pcre2_dfa_match(x->matcher, (PCRE2_SPTR)s.p, s.n, 0, 0, data, NULL, room,
                            LIMIT_PATTERN_ROOM);
    arena_reset(arena, mark);
    return n >= 0; /* 0: it matched in more ways than we ask for */
}

static enum err check_string(struct ctx *ctx, const struct fact *x, struct str s)
{
    int64_t n = (int64_t)utf8_count(s);
    if (s.n > LIMIT_FIELD_BYTES || (x->has_max && n > x->max)) {
        return wrong(ctx, x, ERR_TOO_LARGE, "the text is too long");
    }
    if (x->has_min && n < x->min) {
        return wrong(ctx, x, ERR_RANGE, "the text is too short");
    }
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t') {
            return wrong(ctx, x, ERR_SYNTAX, "the text holds a control character");
        }
    }
    if (x->matcher != NULL && !matches(ctx->arena, x, s)) {
        return wrong(ctx, x, ERR_SYNTAX, "the text does not have the form it must have");
    }
    return ERR_OK;
}

static bool is_phone(struct str s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        digits += digit;
        if (!digit && s.p[i] != '-' && s.p[i] != ' ' && !(i == 0 && s.p[i] == '+')) {
            return false;
        }
    }
    return digits >= 7 && digits <= 15;
}

static enum err check_text(struct ctx *ctx, const struct fact *x, const struct json *v)
{
    struct day d;
    if (v->kind != JSON_STRING) {
        return wrong(ctx, x, ERR_TYPE, "a text was expected");
    }
    TRY(check_string(ctx, x, v->text));
    if (x->type == FACT_IDCARD && !idcard_is_valid(v->text)) {
        return wrong(ctx, x, ERR_SYNTAX,
                     "it is no citizen number: 18 characters whose last one checks the others");
    }
    if (x->type == FACT_BILL && !law_bill_number_holds(v->text)) {
        return wrong(ctx, x, ERR_SYNTAX, "the payment number is not one");
    }
    if (x->type == FACT_USCC && !uscc_is_valid(v->text)) {
        return wrong(
            ctx, x, ERR_SYNTAX,
            "it is no unified social credit code: 18 characters whose last one checks the others");
    }
    if (x->type == FACT_PHONE && !is_phone(v->text)) {
        return wrong(ctx, x, ERR_SYNTAX, "it is no telephone number");
    }
    if (x->type == FACT_DATE && !day_parse(v->text, &d)) {
        return wrong(ctx, x, ERR_SYNTAX, "a day is written 2026-01-31");
    }
    for (size_t i = 0; x->type == FACT_CHOICE && i < x->choice_count; i++) {
        if (str_equal(x->choices[i].code, v->text)) {
            return ERR_OK;
        }
    }
    return x->type == FACT_CHOICE ? wrong(ctx, x, ERR_RANGE, "it is none of the choices") : ERR_OK;
}

static enum err check_number(struct ctx *ctx, const struct fact *x, const struct json *v)
{
    struct str text = v->kind == JSON_STRING   ? v->text
                      : v->kind == JSON_NUMBER ? v->text
                                               : (struct str){0};
    struct decimal d;
    if (v->kind == JSON_NUMBER && v->is_int && v->text.n == 0) {
        d = decimal_from_i64(v->int_value);
    } else if (v->kind != JSON_NUMBER || !decimal_parse(text, &d)) {
        return wrong(ctx, x, ERR_TYPE, "a number was expected");
    }
    if (x->type != FACT_DECIMAL && !v->is_int) {
        return wrong(ctx, x, ERR_TYPE,
                     x->type == FACT_MONEY ? "a sum in fen is a whole number"
                                           : "a whole number was expected");
    }
    if (x->has_min && decimal_compare(d, decimal_from_i64(x->min)) < 0) {
        return wrong(ctx, x, ERR_RANGE, "the number is too small");
    }
    if (x->has_max && decimal_compare(d, decimal_from_i64(x->max)) > 0) {
        return wrong(ctx, x, ERR_RANGE, "the number is too large");
    }
    return ERR_OK;
}

static enum err check_material(struct ctx *ctx, const struct fact *x, const struct json *v)
{
    struct str type = json_text(v, "type");
    int64_t size = json_int(v, "size", -1);
    uint8_t hash[32];
    if (v->kind != JSON_OBJECT || !hex_decode(json_text(v, "sha256"), hash, 32) || size < 0) {
        return wrong(ctx, x, ERR_TYPE, "a file was expected");
    }
    if (x->material_max_bytes > 0 && size > x->material_max_bytes) {
        return wrong(ctx, x, ERR_TOO_LARGE, "the file is too large");
    }
    for (size_t i = 0; i < x->material_type_count; i++) {
        if (str_equal(x->material_types[i], type)) {
            return ERR_OK;
        }
    }
    return x->material_type_count == 0
               ? ERR_OK
               : wrong(ctx, x, ERR_TYPE, "files of this type are not taken");
}

static struct day span_from(struct day day, struct day_span s)
{
    return day_add(day_add_months(day, s.months), s.days);
}

enum err law_fact_within(struct ctx *ctx, const struct fact *x, const struct json *v,
                         struct day day)
{
    struct day d;
    if (x->type != FACT_DATE || v->kind != JSON_STRING || !day_parse(v->text, &d)) {
        return ERR_OK;
    }
    if (x->has_earliest && d.n < span_from(day, x->earliest).n) {
        return wrong(ctx, x, ERR_RANGE, "the day is too early");
    }
    if (x->has_latest && d.n > span_from(day, x->latest).n) {
        return wrong(ctx, x, ERR_RANGE, "the day is too late");
    }
    return ERR_OK;
}

static void rule_of_number(struct buf *zh, struct buf *en, const struct fact *x)
{
    int64_t unit = x->type == FACT_MONEY ? 100 : 1;
    buf_puts(zh, x->type == FACT_DECIMAL ? "应当是数字"
                 : x->type == FACT_MONEY ? "应当是金额"
                                         : "应当是整数");
    buf_puts(en, x->type == FACT_DECIMAL ? "a number"
                 : x->type == FACT_MONEY ? "a sum of money"
                                         : "a whole number");
    if (x->has_min) {
        buf_format(zh, "，不小于 %lld", (long long)(x->min / unit));
        buf_format(en, ", at least %lld", (long long)(x->min / unit));
    }
    if (x->has_max) {
        buf_format(zh, "，不大于 %lld", (long long)(x->max / unit));
        buf_format(en, ", at most %lld", (long long)(x->max / unit));
    }
}

static void rule_of_text(struct buf *zh, struct buf *en, const struct fact *x)
{
    buf_puts(zh, "应当是文字");
    buf_puts(en, "a text");
    if (x->has_min && x->min > 0) {
        buf_format(zh, "，至少 %lld 个字", (long long)x->min);
        buf_format(en, ", at least %lld characters", (long long)x->min);
    }
    if (x->has_max) {
        buf_format(zh, "，至多 %lld 个字", (long long)x->max);
        buf_format(en, ", at most %lld characters", (long long)x->max);
    }
    if (x->matcher != NULL) {
        buf_format(zh, "，形式为 %.*s", FMT(x->pattern));
        buf_format(en, ", of the form %.*s", FMT(x->pattern));
    }
}

static void rule_of_day(struct buf *zh, struct buf *en, const struct fact *x, struct day day)
{
    buf_puts(zh, "应当是日期，如 2026-01-31");
    buf_puts(en, "a day, like 2026-01-31");
    if (x->has_earliest) {
        buf_puts(zh, "，不早于 ");
        day_write(zh, span_from(day, x->earliest), false);
        buf_puts(en, ", not before ");
        day_write(en, span_from(day, x->earliest), true);
    }
    if (x->has_latest) {
        buf_puts(zh, "，不晚于 ");
        day_write(zh, span_from(day, x->latest), false);
        buf_puts(en, ", not after ");
        day_write(en, span_from(day, x->latest), true);
    }
}

struct text2 law_fact_rule(struct arena *a, const struct fact *x, struct day day)
{
    struct buf zh = buf_new(a, 0);
    struct buf en = buf_new(a, 0);
    static const struct text2 rules[] = {
        [FACT_BOOLEAN] = {STR_INIT("应当是“是”或者“否”"), STR_INIT("yes or no")},
        [FACT_CHOICE] = {STR_INIT("应当是所列选项之一"), STR_INIT("one of the choices")},
        [FACT_IDCARD] = {STR_INIT("应当是 18 位公民身份号码，末位为校验码"),
                         STR_INIT("a citizen number of 18 characters, whose last one checks the "
                                  "others")},
        [FACT_USCC] = {STR_INIT("应当是 18 位统一社会信用代码，末位为校验码"),
                       STR_INIT("a unified social credit code of 18 characters, whose last one "
                                "checks the others")},
        [FACT_BILL] = {STR_INIT("应当是 18 位缴款编号，末两位为校验码，请核对有没有抄错"),
                       STR_INIT("a payment number of 18 digits, whose last two check the others: "
                                "look whether it was copied wrongly")},
        [FACT_PHONE] = {STR_INIT("应当是 7 至 15 位电话号码"),
                        STR_INIT("a telephone number of 7 to 15 digits")},
        [FACT_MATERIAL] = {STR_INIT("应当是文件"), STR_INIT("a file")},
        [FACT_LIST] = {STR_INIT("应当是至多 100 项的列表"),
                       STR_INIT("a list of at most 100 texts")},
    };
    switch (x->type) {
    case FACT_INTEGER:
    case FACT_DECIMAL:
    case FACT_MONEY: rule_of_number(&zh, &en, x); break;
    case FACT_DATE: rule_of_day(&zh, &en, x, day); break;
    case FACT_TEXT: rule_of_text(&zh, &en, x); break;
    case FACT_BOOLEAN:
    case FACT_CHOICE:
    case FACT_IDCARD:
    case FACT_USCC:
    case FACT_PHONE:
    case FACT_BILL:
    case FACT_MATERIAL:
    case FACT_LIST: return rules[x->type];
    }
    return (struct text2){buf_str(&zh), buf_str(&en)};
}

bool law_holds_drafts(const struct law *law)
{
    return law_code(law, STR("refusal"), STR("form.held")) != NULL;
}

enum err law_fact_check(struct ctx *ctx, const struct fact *x, const struct json *v)
{
    switch (x->type) {
    case FACT_INTEGER:
    case FACT_DECIMAL:
    case FACT_MONEY: return check_number(ctx, x, v);
    case FACT_BOOLEAN:
        return v->kind == JSON_BOOL ? ERR_OK : wrong(ctx, x, ERR_TYPE, "yes or no was expected");
    case FACT_MATERIAL: return check_material(ctx, x, v);
    case FACT_LIST:
        if (v->kind != JSON_ARRAY || v->count > 100) {
            return wrong(ctx, x, ERR_TYPE, "a list of at most 100 texts was expected");
        }
        for (size_t i = 0; i < v->count; i++) {
            if (v->items[i].kind != JSON_STRING) {
                return wrong(ctx, x, ERR_TYPE, "a list of texts was expected");
            }
            TRY(check_string(ctx, x, v->items[i].text));
        }
        return ERR_OK;
    case FACT_TEXT:
    case FACT_DATE:
    case FACT_CHOICE:
    case FACT_IDCARD:
    case FACT_USCC:
    case FACT_BILL:
    case FACT_PHONE: return check_text(ctx, x, v);
    }
    return ERR_OK;
}
