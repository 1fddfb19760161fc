/* Characters, words and literals of FEEL (DMN 1.5, grammar rules 27 to 36 and 62 to 66). */
#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "feel/parse_in.h"

/* ---- errors ---- */

static void place(struct compiler *c, size_t at, uint32_t *ret_line, uint32_t *ret_column)
{
    uint32_t line = 0, column = 0;
    json_place(c->text, (uint32_t)at, &line, &column);
    uint32_t first = c->source.line == 0 ? 1 : c->source.line;
    *ret_column = line == 1 && c->source.column > 1 ? column + c->source.column - 1 : column;
    *ret_line = line + first - 1;
}

const struct node *parse_refuse(struct compiler *c, enum err err, size_t at, const char *format,
                                ...)
{
    if (c->err != ERR_OK) {
        return NULL;
    }
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    uint32_t line = 0, column = 0;
    place(c, at, &line, &column);
    c->err = fault_at(c->ctx, err, c->source.file, line, column, "%s", text);
    return NULL;
}

const struct node *parse_expected(struct compiler *c, const char *what)
{
    lex_blanks(c);
    struct str rest = str_slice(c->text, c->at, c->text.n);
    if (rest.n == 0) {
        return parse_refuse(c, ERR_SYNTAX, c->at, "expected %s, but the text ends", what);
    }
    size_t at = 0;
    while (at < rest.n && at < 20 && rest.p[at] != '\n') {
        (void)utf8_next(rest, &at);
    }
    return parse_refuse(c, ERR_SYNTAX, c->at, "expected %s before \"%.*s\"", what, (int)at, rest.p);
}

/* ---- characters ---- */

/* Blanks beyond ASCII (rule 62), as ranges. */
static bool is_wide_blank(int32_t code)
{
    static const int32_t ranges[][2] = {
        {0x85, 0x85},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x180E, 0x180E}, {0x2000, 0x200B},
        {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
    for (size_t i = 0; i < LEN(ranges); i++) {
        if (code >= ranges[i][0] && code <= ranges[i][1]) {
            return true;
        }
    }
    return false;
}

/* One blank or comment; its bytes, 0 for none. */
static size_t blank(struct str t, size_t at)
{
    if (at >= t.n) {
        return 0;
    }
    unsigned char ch = (unsigned char)t.p[at];
    if (ch == ' ' || (ch >= 9 && ch <= 13)) {
        return 1;
    }
    if (ch == '/' && at + 1 < t.n && t.p[at + 1] == '/') {
        struct str rest = str_slice(t, at, t.n);
        size_t end = str_find_byte(rest, '\n');
        return end == SIZE_MAX ? rest.n : end;
    }
    if (ch == '/' && at + 1 < t.n && t.p[at + 1] == '*') {
        struct str rest = str_slice(t, at + 2, t.n);
        size_t end = str_find(rest, STR("*/"));
        return end == SIZE_MAX ? 0 : end + 4;
    }
    if (ch < 0x80) {
        return 0;
    }
    size_t next = at;
    return is_wide_blank(utf8_next(t, &next)) ? next - at : 0;
}

static size_t blanks_end(struct str t, size_t at)
{
    for (size_t n = blank(t, at); n != 0; n = blank(t, at)) {
        at += n;
    }
    return at;
}

void lex_blanks(struct compiler *c)
{
    c->at = blanks_end(c->text, c->at);
}

bool lex_at_end(struct compiler *c)
{
    lex_blanks(c);
    return c->at >= c->text.n;
}

char lex_peek(struct compiler *c)
{
    lex_blanks(c);
    return c->at < c->text.n ? c->text.p[c->at] : 0;
}

bool lex_sees(struct compiler *c, const char *op)
{
    lex_blanks(c);
    return str_starts(str_slice(c->text, c->at, c->text.n), str_from(op));
}

bool lex_take(struct compiler *c, const char *op)
{
    if (!lex_sees(c, op)) {
        return false;
    }
    c->at += str_from(op).n;
    return true;
}

/* Every code point beyond ASCII but blanks may stand in a name: a superset of rule 28, which leaves
 * the emoji of the compatibility kit in. */
static size_t name_char(struct str t, size_t at, bool first)
{
    if (at >= t.n) {
        return 0;
    }
    unsigned char ch = (unsigned char)t.p[at];
    if (ch < 0x80) {
        bool letter = (ch | 32) >= 'a' && (ch | 32) <= 'z';
        return letter || ch == '_' || (!first && ch >= '0' && ch <= '9');
    }
    if (blank(t, at) != 0) {
        return 0;
    }
    size_t next = at;
    return utf8_next(t, &next) < 0 ? 0 : next - at;
}

bool name_starts(struct str text, size_t at)
{
    return name_char(text, at, true) != 0;
}

size_t name_part(struct str text, size_t at)
{
    return name_char(text, at, false);
}

static size_t word_end(struct str t, size_t at)
{
    for (size_t n = name_part(t, at); n != 0; n = name_part(t, at)) {
        at += n;
    }
    return at;
}

bool lex_sees_word(struct compiler *c, const char *word)
{
    return lex_sees(c, word) && name_part(c->text, c->at + str_from(word).n) == 0;
}

bool lex_word(struct compiler *c, const char *word)
{
    if (!lex_sees_word(c, word)) {
        return false;
    }
    c->at += str_from(word).n;
    return true;
}

/* ---- literals ---- */

static int hex_value(char ch)
{
    return ch >= '0' && ch <= '9'                 ? ch - '0'
           : (ch | 32) >= 'a' && (ch | 32) <= 'f' ? (ch | 32) - 'a' + 10
                                                  : -1;
}

/* n hexadecimal digits, or -1. */
static int32_t hex_digits(struct str t, size_t at, size_t n)
{
    int32_t v = 0;
    for (size_t i = 0; i < n; i++) {
        int d = at + i < t.n ? hex_value(t.p[at + i]) : -1;
        if (d < 0) {
            return -1;
        }
        v = v * 16 + d;
    }
    return v;
}

/* What stands behind a backslash at `at`: writes it, returns how many bytes it took; 0 when it is
 * no escape. */
static size_t escape(struct buf *b, struct str t, size_t at)
{
    static const char from[] = "ntr\"'\\";
    static const char to[] = "\n\t\r\"'\\";
    char ch = at < t.n ? t.p[at] : 0;
    const char *simple = ch == 0 ? NULL : strchr(from, ch);
    if (simple != NULL) {
        buf_byte(b, to[simple - from]);
        return 1;
    }
    size_t n = ch == 'u' ? 4 : ch == 'U' ? 6 : 0;
    int32_t code = n == 0 ? -1 : hex_digits(t, at + 1, n);
    if (code < 0) {
        return 0;
    }
    size_t took = n + 1;
    if (code >= 0xD800 && code < 0xDC00 && at + 6 < t.n && t.p[at + 5] == '\\' &&
        t.p[at + 6] == 'u') {
        int32_t low = hex_digits(t, at + 7, 4);
        if (low >= 0xDC00 && low < 0xE000) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
            took += 6;
        }
    }
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) {
        return 0;
    }
    char out[4];
    buf_bytes(b, out, utf8_put(out, code));
    return took;
}

bool lex_string(struct compiler *c, struct str *ret)
{
    if (lex_peek(c) != '"') {
        return false;
    }
    size_t start = c->at + 1;
    size_t end = start;
    bool escapes = false;
    while (end < c->text.n && c->text.p[end] != '"') {
        escapes |= c->text.p[end] == '\\';
        end += c->text.p[end] == '\\' ? 2 : 1;
    }
    if (end >= c->text.n) {
        (void)parse_refuse(c, ERR_SYNTAX, c->at, "the string has no closing \"");
        return false;
    }
    struct str raw = str_slice(c->text, start, end);
    c->at = end + 1;
    if (!escapes) {
        *ret = raw;
        return true;
    }
    struct buf b = buf_new(c->ctx->arena, raw.n + 16);
    for (size_t i = 0; i < raw.n; i++) {
        size_t took = raw.p[i] == '\\' ? escape(&b, raw, i + 1) : 0;
        if (took == 0) { /* an unknown escape stands for itself: patterns hold "\s" and "\d" */
            buf_byte(&b, raw.p[i]);
        }
        i += took;
    }
    *ret = buf_str(&b);
    return true;
}

static bool is_digit(struct str t, size_t at)
{
    return at < t.n && t.p[at] >= '0' && t.p[at] <= '9';
}

/* The end of the number that starts at `at`; `at` itself when none does. */
static size_t number_end(struct str t, size_t at)
{
    size_t end = at;
    while (is_digit(t, end)) {
        end++;
    }
    bool point = end < t.n && t.p[end] == '.' && is_digit(t, end + 1);
    if (!point && end == at) {
        return at;
    }
    for (end += point; is_digit(t, end);) {
        end++;
    }
    if (end < t.n && (t.p[end] | 32) == 'e') {
        size_t exp = end + 1;
        exp += exp < t.n && (t.p[exp] == '+' || t.p[exp] == '-');
        if (is_digit(t, exp)) {
            for (end = exp; is_digit(t, end);) {
                end++;
            }
        }
    }
    return end;
}

bool number_from_text(struct str s, struct decimal *ret)
{
    return s.n > 0 && number_end(s, 0) == s.n && decimal_parse(s, ret);
}

bool lex_number(struct compiler *c, struct decimal *ret)
{
    lex_blanks(c);
    size_t end = number_end(c->text, c->at);
    if (end == c->at) {
        return false;
    }
    if (!decimal_parse(str_slice(c->text, c->at, end), ret)) {
        (void)parse_refuse(c, ERR_RANGE, c->at, "the number is beyond the range of decimal128");
        return false;
    }
    c->at = end;
    return true;
}

/* ---- names ---- */

static struct str single_blanks(struct compiler *c, struct str raw)
{
    struct buf b = buf_new(c->ctx->arena, raw.n + 1);
    size_t at = 0;
    while (at < raw.n) {
        size_t n = blank(raw, at);
        if (n == 0) {
            buf_byte(&b, raw.p[at++]);
            continue;
        }
        for (; n != 0; n = blank(raw, at)) {
            at += n;
        }
        if (b.n > 0 && at < raw.n) {
            buf_byte(&b, ' ');
        }
    }
    return buf_str(&b);
}

bool lex_new_name(struct compiler *c, const char *stops, bool stop_at_in, struct str *ret)
{
    lex_blanks(c);
    size_t at = c->at;
    if (!name_starts(c->text, at)) {
        return false;
    }
    while (at < c->text.n) {
        size_t n = name_part(c->text, at);
        size_t next = blanks_end(c->text, at);
        if (next > at) {
            struct compiler ahead = *c;
            ahead.at = next;
            if (stop_at_in && lex_sees_word(&ahead, "in")) {
                break;
            }
            n = next - at;
        } else if (n == 0) {
            if (strchr(stops, c->text.p[at]) != NULL || strchr("./-'+*", c->text.p[at]) == NULL) {
                break;
            }
            n = 1;
        }
        at += n;
    }
    *ret = single_blanks(c, str_slice(c->text, c->at, at));
    c->at = at;
    return true;
}

/* Words that end a name of several words. */
static bool sees_keyword(struct compiler *c)
{
    static const char *const words[] = {"and",    "or",      "in",        "then",     "else",
                                        "return", "between", "satisfies", "instance", "if",
                                        "for",    "some",    "every"};
    for (size_t i = 0; i < LEN(words); i++) {
        if (lex_sees_word(c, words[i])) {
            return true;
        }
    }
    return false;
}

bool lex_words(struct compiler *c, struct str *ret)
{
    lex_blanks(c);
    if (!name_starts(c->text, c->at)) {
        return false;
    }
    size_t start = c->at;
    size_t end = word_end(c->text, start);
    for (;;) {
        c->at = end;
        lex_blanks(c);
        if (c->at == end || name_part(c->text, c->at) == 0 || is_digit(c->text, c->at) ||
            sees_keyword(c)) {
            break;
        }
        end = word_end(c->text, c->at);
    }
    c->at = end;
    *ret = single_blanks(c, str_slice(c->text, start, end));
    return true;
}

size_t name_match(struct str text, size_t at, struct str name)
{
    size_t i = 0;
    while (i < name.n) {
        size_t n = blank(name, i);
        if (n == 0) {
            if (at >= text.n || text.p[at] != name.p[i]) {
                return 0;
            }
            at++;
            i++;
            continue;
        }
        size_t m = blank(text, at);
        if (m == 0) {
            return 0;
        }
        for (; n != 0; n = blank(name, i)) {
            i += n;
        }
        for (; m != 0; m = blank(text, at)) {
            at += m;
        }
    }
    bool word = name.n > 0 &&
                ((unsigned char)name.p[name.n - 1] >= 0x80 || name_part(name, name.n - 1) != 0);
    return word && name_part(text, at) != 0 ? 0 : at;
}
