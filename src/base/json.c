/* JSON by RFC 8259, strictly: valid UTF-8, no duplicate names in an object, bounded depth and size,
 * every fault with line and column. Written canonically it is RFC 8785 (names sorted by UTF-16
 * units, numbers as ECMAScript writes them), which leaves of the ledger are.
 *
 * Numbers keep their text beside the integer they may be, so that a decimal loses nothing on the
 * way. */
#include "base/json.h"
#include "base/json_make.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/token.h"
#include "base/encode.h"
#include "limit_gen.h"

struct parser {
    struct ctx *ctx;
    struct str text;
    struct str file;
    size_t at;
    int depth;
    size_t members_max; /* of one object */
};

void json_place(struct str text, uint32_t offset, uint32_t *ret_line, uint32_t *ret_column)
{
    uint32_t line = 1;
    uint32_t column = 1;
    for (size_t i = 0; i < offset && i < text.n; i++) {
        if (text.p[i] == '\n') {
            line++;
            column = 1;
        } else {
            column += ((unsigned char)text.p[i] & 0xc0) != 0x80;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

static enum err bad(struct parser *p, enum err code, const char *what)
{
    uint32_t line = 0;
    uint32_t column = 0;
    json_place(p->text, (uint32_t)p->at, &line, &column);
    return fault_at(p->ctx, code, p->file, line, column, "JSON: %s at line %u, column %u", what,
                    line, column);
}

static int peek(const struct parser *p)
{
    return p->at < p->text.n ? (unsigned char)p->text.p[p->at] : -1;
}

static void skip_blanks(struct parser *p)
{
    while (p->at < p->text.n) {
        char c = p->text.p[p->at];
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
            return;
        }
        p->at++;
    }
}

static bool hex4(struct parser *p, int32_t *ret)
{
    unsigned char two[2];
    if (p->at + 4 > p->text.n || !hex_decode(str_slice(p->text, p->at, p->at + 4), two, 2)) {
        return false;
    }
    p->at += 4;
    *ret = two[0] << 8 | two[1];
    return true;
}

/* After the backslash; appends the decoded character. */
static enum err escape(struct parser *p, char *out, size_t *n)
{
    int c = peek(p);
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *hit = c > 0 ? strchr(from, c) : NULL;
    if (hit != NULL) {
        p->at++;
        out[(*n)++] = to[hit - from];
        return ERR_OK;
    }
    if (c != 'u') {
        return bad(p, ERR_SYNTAX, "unknown escape");
    }
    p->at++;
    int32_t code = 0;
    if (!hex4(p, &code)) {
        return bad(p, ERR_SYNTAX, "\\u wants four hexadecimal digits");
    }
    if (code >= 0xd800 && code <= 0xdfff) {
        int32_t low = 0;
        bool pair = code < 0xdc00 && p->at + 6 <= p->text.n && p->text.p[p->at] == '\\' &&
                    p->text.p[p->at + 1] == 'u';
        p->at += pair ? 2 : 0;
        if (!pair || !hex4(p, &low) || low < 0xdc00 || low > 0xdfff) {
            return bad(p, ERR_UTF8, "half a surrogate pair");
        }
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    if (code == 0) {
        return bad(p, ERR_SYNTAX, "U+0000 is not allowed");
    }
    *n += utf8_put(out + *n, code);
    return ERR_OK;
}

static enum err parse_string(struct parser *p, struct str *ret)
{
    struct ctx *ctx = p->ctx;
    size_t start = ++p->at;
    while (p->at < p->text.n && p->text.p[p->at] != '"' && p->text.p[p->at] != '\\' &&
           (unsigned char)p->text.p[p->at] >= 0x20) {
        p->at++;
    }
    if (peek(p) == '"') {
        *ret = str_slice(p->text, start, p->at++);
        return ERR_OK;
    }
    size_t end = p->at;
    while (end < p->text.n && p->text.p[end] != '"') {
        end += p->text.p[end] == '\\' ? 2 : 1;
    }
    if (end >= p->text.n) {
        return bad(p, ERR_SYNTAX, "a string has no end");
    }
    char *out = arena_push_bytes(ctx->arena, end - start + 1);
    size_t n = p->at - start;
    memcpy(out, p->text.p + start, n);
    while (peek(p) != '"') {
        int c = peek(p);
        if (c < 0x20) {
            return bad(p, ERR_SYNTAX,
                       c < 0 ? "a string has no end" : "control character in a string");
        }
        p->at++;
        if (c == '\\') {
            TRY(escape(p, out, &n));
        } else {
            out[n++] = (char)c;
        }
    }
    p->at++;
    *ret = (struct str){out, n};
    return ERR_OK;
}

static size_t run_digits(struct parser *p)
{
    size_t from = p->at;
    while (peek(p) >= '0' && peek(p) <= '9') {
        p->at++;
    }
    return p->at - from;
}

static enum err parse_number(struct parser *p, struct json *ret)
{
    size_t start = p->at;
    if (peek(p) == '-') {
        p->at++;
    }
    size_t first = p->at;
    size_t whole = run_digits(p);
    if (whole == 0 || (whole > 1 && p->text.p[first] == '0')) {
        return bad(p, ERR_SYNTAX, "bad number");
    }
    bool is_int = true;
    if (peek(p) == '.') {
        is_int = false;
        p->at++;
        if (run_digits(p) == 0) {
            return bad(p, ERR_SYNTAX, "bad number");
        }
    }
    if (peek(p) == 'e' || peek(p) == 'E') {
        is_int = false;
        p->at++;
        if (peek(p) == '+' || peek(p) == '-') {
            p->at++;
        }
        if (run_digits(p) == 0) {
            return bad(p, ERR_SYNTAX, "bad number");
        }
    }
    if (p->at - start > LIMIT_JSON_NUMBER_BYTES) {
        return bad(p, ERR_TOO_LARGE, "a number is longer than the limit");
    }
    ret->kind = JSON_NUMBER;
    ret->text = str_slice(p->text, start, p->at);
    ret->is_int = is_int && str_to_i64(ret->text, &ret->int_value);
    return ERR_OK;
}

static enum err parse_value(struct parser *p, struct json *ret);

static int compare_keys(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* Quadratic for the few members objects have; sorted beyond that. */
static bool has_duplicate(struct arena *a, const struct json_member *m, size_t n)
{
    if (n <= 16) {
        for (size_t i = 1; i < n; i++) {
            for (size_t k = 0; k < i; k++) {
                if (str_equal(m[i].key, m[k].key)) {
                    return true;
                }
            }
        }
        return false;
    }
    struct arena_mark mark = arena_mark(a);
    struct str *keys = ARENA_ARRAY(a, struct str, n);
    for (size_t i = 0; i < n; i++) {
        keys[i] = m[i].key;
    }
    qsort(keys, n, sizeof(*keys), compare_keys);
    bool found = false;
    for (size_t i = 1; i < n && !found; i++) {
        found = str_equal(keys[i - 1], keys[i]);
    }
    arena_reset(a, mark);
    return found;
}

/* Arrays and objects: elements gather in a growing array. */
static enum err parse_list(struct parser *p, struct json *ret)
{
    struct ctx *ctx = p->ctx;
    bool object = peek(p) == '{';
    char close = object ? '}' : ']';
    size_t size = object ? sizeof(struct json_member) : sizeof(struct json);
    size_t room = 0;
    if (++p->depth > LIMIT_JSON_DEPTH) {
        return bad(p, ERR_TOO_DEEP, "nested deeper than the limit");
    }
    ret->kind = object ? JSON_OBJECT : JSON_ARRAY;
    ret->items = NULL;
    p->at++;
    skip_blanks(p);
    if (peek(p) == close) {
        p->at++;
        p->depth--;
        return ERR_OK;
    }
    for (;;) {
        if (object && ret->count >= p->members_max) {
            return bad(p, ERR_TOO_MANY, "an object has more members than the limit");
        }
        if (ret->count == room) {
            size_t more = room == 0 ? 4 : room * 2;
            ret->items = arena_grow(ctx->arena, ret->items, room * size, more * size);
            room = more;
        }
        skip_blanks(p);
        struct json *value = object ? &ret->members[ret->count].value : &ret->items[ret->count];
        if (object) {
            if (peek(p) != '"') {
                return bad(p, ERR_SYNTAX, "expected a member name");
            }
            TRY(parse_string(p, &ret->members[ret->count].key));
            skip_blanks(p);
            if (peek(p) != ':') {
                return bad(p, ERR_SYNTAX, "expected ':'");
            }
            p->at++;
        }
        TRY(parse_value(p, value));
        ret->count++;
        skip_blanks(p);
        int c = peek(p);
        p->at++;
        if (c == close) {
            break;
        }
        if (c != ',') {
            p->at--;
            return bad(p, ERR_SYNTAX, object ? "expected ',' or '}'" : "expected ',' or ']'");
        }
    }
    p->depth--;
    if (object && has_duplicate(ctx->arena, ret->members, ret->count)) {
        return bad(p, ERR_DUPLICATE, "the same member stands twice in an object");
    }
    return ERR_OK;
}

static bool word(struct parser *p, struct str w)
{
    if (!str_starts(str_slice(p->text, p->at, p->text.n), w)) {
        return false;
    }
    p->at += w.n;
    return true;
}

static enum err parse_value(struct parser *p, struct json *ret)
{
    skip_blanks(p);
    *ret = (struct json){.offset = (uint32_t)p->at};
    int c = peek(p);
    if (c == '{' || c == '[') {
        return parse_list(p, ret);
    }
    if (c == '"') {
        ret->kind = JSON_STRING;
        return parse_string(p, &ret->text);
    }
    if (c == '-' || (c >= '0' && c <= '9')) {
        return parse_number(p, ret);
    }
    if (word(p, STR("true")) || word(p, STR("false"))) {
        ret->kind = JSON_BOOL;
        ret->bool_value = c == 't';
        return ERR_OK;
    }
    if (word(p, STR("null"))) {
        return ERR_OK;
    }
    return bad(p, ERR_SYNTAX, c < 0 ? "the text ends too early" : "expected a value");
}

enum err json_parse(struct ctx *ctx, struct str text, struct str file, struct json *ret)
{
    return json_parse_within(ctx, text, file, LIMIT_JSON_BYTES, LIMIT_JSON_MEMBERS, ret);
}

enum err json_parse_within(struct ctx *ctx, struct str text, struct str file, size_t bytes_max,
                           size_t members_max, struct json *ret)
{
    struct parser p = {.ctx = ctx, .text = text, .file = file, .members_max = members_max};
    if (text.n > bytes_max) {
        return bad(&p, ERR_TOO_LARGE, "the document is larger than the limit");
    }
    if (!utf8_is_valid(text)) {
        while (p.at < text.n && utf8_next(text, &p.at) >= 0) {
        }
        return bad(&p, ERR_UTF8, "bytes that are not UTF-8");
    }
    TRY(parse_value(&p, ret));
    skip_blanks(&p);
    if (p.at != text.n) {
        return bad(&p, ERR_SYNTAX, "something follows the value");
    }
    return ERR_OK;
}

const struct json *json_get_str(const struct json *j, struct str key)
{
    if (j == NULL || j->kind != JSON_OBJECT) {
        return NULL;
    }
    for (size_t i = 0; i < j->count; i++) {
        if (str_equal(j->members[i].key, key)) {
            return &j->members[i].value;
        }
    }
    return NULL;
}

const struct json *json_get(const struct json *j, const char *key)
{
    return json_get_str(j, str_from(key));
}

const struct json *json_at(const struct json *j, size_t index)
{
    return j != NULL && j->kind == JSON_ARRAY && index < j->count ? &j->items[index] : NULL;
}

bool json_is(const struct json *j, enum json_kind kind)
{
    return j != NULL && j->kind == kind;
}

struct str json_text(const struct json *j, const char *key)
{
    const struct json *v = json_get(j, key);
    return json_is(v, JSON_STRING) ? v->text : (struct str){"", 0};
}

int64_t json_int(const struct json *j, const char *key, int64_t otherwise)
{
    const struct json *v = json_get(j, key);
    return json_is(v, JSON_NUMBER) && v->is_int ? v->int_value : otherwise;
}

bool json_bool(const struct json *j, const char *key, bool otherwise)
{
    const struct json *v = json_get(j, key);
    return json_is(v, JSON_BOOL) ? v->bool_value : otherwise;
}

static bool number_equal(const struct json *a, const struct json *b)
{
    if (a->is_int && b->is_int) {
        return a->int_value == b->int_value;
    }
    char x[LIMIT_JSON_NUMBER_BYTES + 1];
    char y[LIMIT_JSON_NUMBER_BYTES + 1];
    snprintf(x, sizeof(x), "%.*s", FMT(a->text));
    snprintf(y, sizeof(y), "%.*s", FMT(b->text));
    double p = strtod(x, NULL);
    double q = strtod(y, NULL);
    return !(p < q) && !(p > q);
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (a->kind != b->kind || a->count != b->count) {
        return false;
    }
    if (a->kind == JSON_STRING) {
        return str_equal(a->text, b->text);
    }
    if (a->kind == JSON_NUMBER) {
        return number_equal(a, b);
    }
    if (a->kind == JSON_BOOL) {
        return a->bool_value == b->bool_value;
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct json *other =
            a->kind == JSON_ARRAY ? &b->items[i] : json_get_str(b, a->members[i].key);
        const struct json *mine = a->kind == JSON_ARRAY ? &a->items[i] : &a->members[i].value;
        if (other == NULL || !json_equal(mine, other)) {
            return false;
        }
    }
    return true;
}

struct json json_null(void)
{
    return (struct json){.kind = JSON_NULL};
}

struct json json_of_bool(bool b)
{
    return (struct json){.kind = JSON_BOOL, .bool_value = b};
}

struct json json_of_int(int64_t v)
{
    return (struct json){.kind = JSON_NUMBER, .is_int = true, .int_value = v};
}

struct json json_of_str(struct str s)
{
    return (struct json){.kind = JSON_STRING, .text = s};
}

struct json json_of_number(struct str text)
{
    struct json j = {.kind = JSON_NUMBER, .text = text};
    j.is_int = str_to_i64(text, &j.int_value);
    return j;
}

struct json json_object(void)
{
    return (struct json){.kind = JSON_OBJECT};
}

struct json json_array(void)
{
    return (struct json){.kind = JSON_ARRAY};
}

/* Parsed and built lists alike have room for 4, 8, 16 ... elements, so the room follows from the
 * count. */
static void *room_for_one(struct arena *a, void *old, size_t count, size_t size)
{
    bool full = count == 0 || (count >= 4 && (count & (count - 1)) == 0);
    if (!full) {
        return old;
    }
    void *fresh = arena_push_array(a, count < 4 ? 4 : count * 2, size);
    if (count > 0) {
        memcpy(fresh, old, count * size);
    }
    return fresh;
}

void json_set(struct arena *a, struct json *object, struct str key, struct json value)
{
    must(object->kind == JSON_OBJECT);
    for (size_t i = 0; i < object->count; i++) {
        if (str_equal(object->members[i].key, key)) {
            object->members[i].value = value;
            return;
        }
    }
    object->members = room_for_one(a, object->members, object->count, sizeof(*object->members));
    object->members[object->count++] = (struct json_member){key, value};
}

void json_push(struct arena *a, struct json *array, struct json value)
{
    must(array->kind == JSON_ARRAY);
    array->items = room_for_one(a, array->items, array->count, sizeof(*array->items));
    array->items[array->count++] = value;
}

void json_write_string(struct buf *b, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    buf_byte(b, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        buf_bytes(b, s.p + from, i - from);
        from = i + 1;
        static const char named[] = "\"\\\b\f\n\r\t";
        static const char letter[] = "\"\\bfnrt";
        const char *hit = c == 0 ? NULL : strchr(named, c);
        if (hit != NULL) {
            char two[2] = {'\\', letter[hit - named]};
            buf_bytes(b, two, 2);
        } else {
            char six[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buf_bytes(b, six, 6);
        }
    }
    buf_put(b, from == 0
                   ? s
                   : str_slice(s, from, s.n)); /* an empty string may have no bytes to point to */
    buf_byte(b, '"');
}

void json_write(struct buf *b, const struct json *j)
{
    switch ((enum json_kind)j->kind) {
    case JSON_NULL: buf_puts(b, "null"); break;
    case JSON_BOOL: buf_puts(b, j->bool_value ? "true" : "false"); break;
    case JSON_NUMBER:
        if (j->is_int && j->text.n == 0) {
            buf_i64(b, j->int_value);
        } else {
            buf_put(b, j->text);
        }
        break;
    case JSON_STRING: json_write_string(b, j->text); break;
    case JSON_ARRAY:
        buf_byte(b, '[');
        for (size_t i = 0; i < j->count; i++) {
            if (i > 0) {
                buf_byte(b, ',');
            }
            json_write(b, &j->items[i]);
        }
        buf_byte(b, ']');
        break;
    case JSON_OBJECT:
        buf_byte(b, '{');
        for (size_t i = 0; i < j->count; i++) {
            if (i > 0) {
                buf_byte(b, ',');
            }
            json_write_string(b, j->members[i].key);
            buf_byte(b, ':');
            json_write(b, &j->members[i].value);
        }
        buf_byte(b, '}');
        break;
    }
}

/* ECMAScript Number::toString (ECMA-262 6.1.6.1.20) from the shortest digits that round-trip. */
static void write_double(struct buf *b, double v)
{
    char text[40];
    if (!(v < 0) && !(v > 0)) {
        buf_byte(b, '0');
        return;
    }
    for (int precision = 0; precision < 17; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision, v);
        double back = strtod(text, NULL);
        if (!(back < v) && !(back > v)) {
            break;
        }
    }
    char digit[20];
    int k = 0;
    const char *p = text;
    if (*p == '-') {
        buf_byte(b, '-');
        p++;
    }
    for (; *p != 'e'; p++) {
        if (*p != '.') {
            digit[k++] = *p;
        }
    }
    int n = (int)strtol(p + 1, NULL, 10) + 1;
    while (k > 1 && digit[k - 1] == '0') {
        k--;
    }
    if (n > 21 || n < -5) {
        buf_byte(b, digit[0]);
        if (k > 1) {
            buf_byte(b, '.');
            buf_bytes(b, digit + 1, (size_t)k - 1);
        }
        buf_format(b, "e%+d", n - 1);
        return;
    }
    if (n <= 0) {
        buf_puts(b, "0.");
    }
    for (int i = n <= 0 ? n : 0; i < k || i < n; i++) {
        if (i == n && n > 0) {
            buf_byte(b, '.');
        }
        buf_byte(b, i >= 0 && i < k ? digit[i] : '0');
    }
}

static enum err write_number(struct ctx *ctx, struct buf *b, const struct json *j)
{
    const int64_t exact = (int64_t)1 << 53;
    if (j->is_int && j->int_value <= exact && j->int_value >= -exact) {
        buf_i64(b, j->int_value);
        return ERR_OK;
    }
    char *z = str_z(ctx->arena, j->text);
    double v = strtod(z, NULL);
    if (j->is_int || !isfinite(v)) {
        return fault(ctx, ERR_RANGE,
                     "the number %.*s cannot be written canonically; send it as text",
                     FMT(j->text));
    }
    write_double(b, v);
    return ERR_OK;
}

/* RFC 8785 orders by UTF-16 code units: as code points, except that astral ones sort below U+E000.
 */
static int compare_utf16(const void *a, const void *b)
{
    struct str x = ((const struct json_member *)a)->key;
    struct str y = ((const struct json_member *)b)->key;
    size_t i = 0;
    size_t k = 0;
    while (i < x.n && k < y.n) {
        int32_t p = utf8_next(x, &i);
        int32_t q = utf8_next(y, &k);
        if (p != q) {
            bool px = p > 0xffff;
            bool qx = q > 0xffff;
            if (px != qx) {
                return px ? (q < 0xd800 ? 1 : -1) : (p < 0xd800 ? -1 : 1);
            }
            return p < q ? -1 : 1;
        }
    }
    return (i < x.n) - (k < y.n);
}

enum err json_write_canonical(struct ctx *ctx, struct buf *b, const struct json *j)
{
    if (j->kind == JSON_NUMBER) {
        return write_number(ctx, b, j);
    }
    if (j->kind == JSON_ARRAY) {
        buf_byte(b, '[');
        for (size_t i = 0; i < j->count; i++) {
            if (i > 0) {
                buf_byte(b, ',');
            }
            TRY(json_write_canonical(ctx, b, &j->items[i]));
        }
        buf_byte(b, ']');
        return ERR_OK;
    }
    if (j->kind != JSON_OBJECT) {
        json_write(b, j);
        return ERR_OK;
    }
    struct json_member *sorted = ARENA_ARRAY(ctx->arena, struct json_member, j->count);
    if (j->count > 0) {
        memcpy(sorted, j->members, j->count * sizeof(*sorted));
        qsort(sorted, j->count, sizeof(*sorted), compare_utf16);
    }
    buf_byte(b, '{');
    for (size_t i = 0; i < j->count; i++) {
        if (i > 0) {
            buf_byte(b, ',');
        }
        json_write_string(b, sorted[i].key);
        buf_byte(b, ':');
        TRY(json_write_canonical(ctx, b, &sorted[i].value));
    }
    buf_byte(b, '}');
    return ERR_OK;
}
