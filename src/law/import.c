/* Official texts in Markdown to statute files: split where a line begins with 第…条. */
#include "base/encode.h"
#include "base/json_make.h"
#include "base/token.h"
#include "base/utf8.h"
#include "law/law_in.h"

#include "crypto/crypto.h"

/* 一 to 九百九十九 and 〇; 0 when it is no such number. */
static int64_t chinese_number(struct str s)
{
    static const char *const digits[] = {"零", "一", "二", "三", "四",
                                         "五", "六", "七", "八", "九"};
    int64_t total = 0;
    int64_t digit = 0;
    for (size_t at = 0; at < s.n; at += 3) {
        struct str c = str_slice(s, at, at + 3);
        int hit = word_of(c, digits, LEN(digits));
        if (hit >= 0) {
            digit = hit;
        } else if (str_equal(c, STR("十"))) {
            total += (digit == 0 ? 1 : digit) * 10;
            digit = 0;
        } else if (str_equal(c, STR("百"))) {
            total += digit * 100;
            digit = 0;
        } else {
            return 0;
        }
    }
    return total + digit;
}

/* "第三十二条 …" or "第三十二条之一 …": the number as citations write it ("32", "32-1"), and what
 * follows. */
static bool article_start(struct arena *a, struct str line, struct str *ret_no,
                          struct str *ret_rest)
{
    while (line.n > 0 && (line.p[0] == '*' || line.p[0] == '#' || line.p[0] == ' ')) {
        line = str_slice(line, 1, line.n);
    }
    size_t end = str_find(line, STR("条"));
    if (!str_starts(line, STR("第")) || end == SIZE_MAX || end > 40) {
        return false;
    }
    int64_t no = chinese_number(str_slice(line, 3, end));
    struct str rest = str_slice(line, end + 3, line.n);
    int64_t sub = 0;
    if (str_starts(rest, STR("之"))) {
        sub = chinese_number(str_slice(rest, 3, 6));
        rest = str_slice(rest, sub > 0 ? 6 : 0, rest.n);
    }
    while (rest.n > 0 && (rest.p[0] == '*' || rest.p[0] == ' ')) {
        rest = str_slice(rest, 1, rest.n);
    }
    if (str_starts(rest, STR("\xe3\x80\x80"))) {
        rest = str_slice(rest, 3, rest.n);
    }
    *ret_no = sub > 0 ? str_format(a, "%lld-%lld", (long long)no, (long long)sub)
                      : str_format(a, "%lld", (long long)no);
    *ret_rest = str_trim(rest);
    return no > 0;
}

static void add_article(struct arena *a, struct json *list, struct str no, struct buf *body)
{
    if (no.n == 0) {
        return;
    }
    struct json text = json_object();
    struct json o = json_object();
    json_set(a, &text, STR("zh"), json_of_str(str_copy(a, str_trim(buf_str(body)))));
    json_set(a, &o, STR("no"), json_of_str(no));
    json_set(a, &o, STR("text"), text);
    json_set(a, &o, STR("is"), json_of_str(STR("official")));
    json_push(a, list, o);
}

enum err law_import_statute(struct ctx *ctx, struct str file_name, struct str text,
                            struct str *ret_name, struct str *ret_json)
{
    struct arena *a = ctx->arena;
    struct str base = file_name;
    for (size_t at = str_find_byte(base, '/'); at != SIZE_MAX; at = str_find_byte(base, '/')) {
        base = str_slice(base, at + 1, base.n);
    }
    struct str version = {0};
    struct str name = str_cut(base, '(', &version);
    version = str_slice(version, 0, 10);
    struct day from;
    if (name.n == 0 || !day_parse(version, &from) || !utf8_is_valid(text) ||
        str_find_byte(text, 0) != SIZE_MAX) {
        return fault(ctx, ERR_SYNTAX, "name the file NAME(YYYY-MM-DD).md, as UTF-8 without NUL");
    }
    struct json articles = json_array();
    struct buf body = buf_new(a, LIMIT_JSON_BYTES);
    struct str no = {0};
    for (struct str rest = text; rest.n > 0;) {
        struct str line = str_trim(str_cut(rest, '\n', &rest));
        struct str next = {0};
        struct str first = {0};
        if (article_start(a, line, &next, &first)) {
            add_article(a, &articles, no, &body);
            buf_clear(&body);
            no = next;
            buf_put(&body, first);
        } else if (line.n > 0 && line.p[0] != '#' && no.n > 0) {
            buf_byte(&body, '\n');
            buf_put(&body, line);
        }
    }
    add_article(a, &articles, no, &body);
    if (articles.count == 0) {
        return fault(ctx, ERR_SYNTAX, "the text has no line that begins with 第…条");
    }
    uint8_t digest[32];
    sha256(text.p, text.n, digest);
    struct json title = json_object();
    struct json source = json_object();
    struct json o = json_object();
    json_set(a, &title, STR("zh"), json_of_str(name));
    json_set(a, &source, STR("sha256"), json_of_str(hex_encode(a, digest, 32)));
    json_set(a, &o, STR("statute"), json_of_str(name));
    json_set(a, &o, STR("title"), title);
    json_set(a, &o, STR("rank"),
             json_of_str(str_ends(name, STR("法")) ? STR("law") : STR("regulation")));
    json_set(a, &o, STR("version"), json_of_str(version));
    json_set(a, &o, STR("from"), json_of_str(version));
    json_set(a, &o, STR("source"), source);
    json_set(a, &o, STR("articles"), articles);
    struct buf out = buf_new(a, LIMIT_JSON_BYTES);
    json_write(&out, &o);
    buf_byte(&out, '\n');
    TRY(buf_done(ctx, &out, ret_json));
    *ret_name = str_format(a, "%.*s.%.*s.json", FMT(name), FMT(version));
    return ERR_OK;
}
