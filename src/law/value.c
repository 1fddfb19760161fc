/* Values of facts in people's words, and people's words as values. */
#include "base/json_make.h"
#include "law/law_in.h"

enum { FEN = 100 };

struct str law_money_text(struct arena *a, int64_t fen, bool english)
{
    /* Thousands are set apart: "70,000.00". */
    uint64_t sum = fen < 0 ? 0 - (uint64_t)fen : (uint64_t)fen;
    struct str digits = str_format(a, "%llu", (unsigned long long)(sum / FEN));
    struct buf b = buf_new(a, 0);
    buf_puts(&b, english ? "CNY " : "");
    buf_puts(&b, fen < 0 ? "-" : "");
    for (size_t i = 0; i < digits.n; i++) {
        if (i > 0 && (digits.n - i) % 3 == 0) {
            buf_byte(&b, ',');
        }
        buf_byte(&b, digits.p[i]);
    }
    buf_format(&b, ".%02u", (unsigned)(sum % FEN));
    buf_puts(&b, english ? "" : " 元");
    return buf_str(&b);
}

static struct str text_of(struct arena *a, const struct fact *fact, const struct json *v,
                          bool english)
{
    struct day day;
    for (size_t i = 0; fact != NULL && v->kind == JSON_STRING && i < fact->choice_count; i++) {
        if (str_equal(fact->choices[i].code, v->text)) {
            const struct text2 *t = &fact->choices[i].title;
            return english && t->en.n > 0 ? t->en : t->zh;
        }
    }
    if (fact != NULL && fact->type == FACT_MONEY && v->kind == JSON_NUMBER && v->is_int) {
        return law_money_text(a, v->int_value, english);
    }
    if (fact != NULL && fact->type == FACT_DATE && v->kind == JSON_STRING &&
        day_parse(v->text, &day)) {
        struct buf b = buf_new(a, 0);
        day_write(&b, day, english);
        return buf_str(&b);
    }
    if (v->kind == JSON_BOOL) {
        return v->bool_value ? (english ? STR("Yes") : STR("是"))
                             : (english ? STR("No") : STR("否"));
    }
    if (v->kind == JSON_OBJECT && json_get(v, "name") != NULL) {
        return json_text(v, "name");
    }
    if (v->kind == JSON_STRING) {
        return v->text;
    }
    struct buf b = buf_new(a, 0);
    json_write(&b, v);
    return buf_str(&b);
}

struct str law_value_text(struct arena *a, const struct fact *fact, const struct json *v,
                          bool english)
{
    if (v->kind != JSON_ARRAY) {
        return text_of(a, fact, v, english);
    }
    struct buf b = buf_new(a, 0);
    for (size_t i = 0; i < v->count; i++) {
        buf_puts(&b, i == 0 ? "" : english ? ", " : "、");
        buf_put(&b, text_of(a, fact, &v->items[i], english));
    }
    return buf_str(&b);
}

/* "70000", "70000.5", "70,000.50": a sum in yuan with at most two places, in fen. */
static bool parse_yuan(struct str s, int64_t *ret)
{
    struct str whole = s;
    struct str cents = {0};
    size_t point = str_find(s, STR("."));
    int64_t yuan = 0;
    int64_t fen = 0;
    int digits = 0;
    if (point != SIZE_MAX) {
        whole = str_slice(s, 0, point);
        cents = str_slice(s, point + 1, s.n);
    }
    for (size_t i = 0; i < whole.n; i++) {
        bool comma = whole.p[i] == ',' && i > 0 && (whole.n - i) % 4 == 0;
        if (comma) {
            continue;
        }
        if (whole.p[i] < '0' || whole.p[i] > '9' || ++digits > 15) {
            return false;
        }
        yuan = yuan * 10 + (whole.p[i] - '0');
    }
    for (size_t i = 0; i < cents.n; i++) {
        if (cents.p[i] < '0' || cents.p[i] > '9') {
            return false;
        }
        fen = fen * 10 + (cents.p[i] - '0');
    }
    if (digits == 0 || (point != SIZE_MAX && (cents.n == 0 || cents.n > 2))) {
        return false;
    }
    *ret = yuan * FEN + (cents.n == 1 ? fen * 10 : fen);
    return true;
}

static bool parts_list(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct json law_value_parse(struct arena *a, const struct fact *fact, struct str typed)
{
    struct str s = str_trim(typed);
    int64_t n = 0;
    struct json number;
    struct ctx probe = {.arena = a};
    switch (fact == NULL ? FACT_TEXT : fact->type) {
    case FACT_MONEY: return parse_yuan(s, &n) ? json_of_int(n) : json_of_str(s);
    case FACT_INTEGER:
    case FACT_DECIMAL:
        return json_parse(&probe, s, STR("number"), &number) == ERR_OK && number.kind == JSON_NUMBER
                   ? number
                   : json_of_str(s);
    case FACT_BOOLEAN:
        return str_equal(s, STR("true")) || str_equal(s, STR("false")) ? json_of_bool(s.p[0] == 't')
                                                                       : json_of_str(s);
    case FACT_LIST: {
        struct json list = json_array();
        for (size_t i = 0; i < s.n;) {
            size_t from = i;
            while (i < s.n && !parts_list(s.p[i])) {
                i++;
            }
            if (i > from) {
                json_push(a, &list, json_of_str(str_slice(s, from, i)));
            }
            i++;
        }
        return list;
    }
    case FACT_TEXT:
    case FACT_DATE:
    case FACT_CHOICE:
    case FACT_IDCARD:
    case FACT_USCC:
    case FACT_BILL:
    case FACT_PHONE:
    case FACT_MATERIAL: break;
    }
    return json_of_str(s);
}
