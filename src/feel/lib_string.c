/* String built-ins (DMN 1.5, 10.3.4.3), string() and number(). Positions count code points. */
#include "base/utf8.h"
#include "feel/feel_in.h"
#include "feel/unicode.h"

static struct feel_value do_string(struct run *r, const struct node *n,
                                   const struct feel_value *args, size_t count UNUSED)
{
    if (feel_is_null(args[0])) {
        return run_trouble(r, n, "null has no text");
    }
    struct buf b = buf_new(r->ctx->arena, LIMIT_FEEL_STRING_BYTES);
    if (args[0].kind == FEEL_STRING) {
        return args[0];
    }
    value_write(&b, args[0], false);
    return b.err == ERR_OK ? feel_string(buf_str(&b))
                           : run_trouble(r, n, "the text would be too long");
}

/* Grouping and decimal separators as texts of one character: " ", "," or "."; '\0' for none, -1 for
 * others. */
static int separator(struct feel_value v, const char *allowed)
{
    if (feel_is_null(v)) {
        return 0;
    }
    return v.n == 1 && strchr(allowed, v.text[0]) != NULL ? v.text[0] : -1;
}

static struct feel_value do_number(struct run *r, const struct node *n,
                                   const struct feel_value *args, size_t count)
{
    if (args[0].kind == FEEL_NUMBER) {
        return args[0];
    }
    int group = count > 1 ? separator(args[1], " ,.") : 0;
    int point = count > 2 ? separator(args[2], ",.") : 0;
    if (group < 0 || point < 0 || (group != 0 && group == point)) {
        return run_trouble(r, n, "separators are \" \", \",\" or \".\", and differ");
    }
    struct str s = feel_str(args[0]);
    char *plain = arena_push_bytes(r->ctx->arena, s.n);
    size_t size = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == group && c != 0) {
            continue;
        }
        if (point != 0 && c != point && c == '.') {
            return run_trouble(r, n, "the text is no number");
        }
        plain[size++] = c == point && c != 0 ? '.' : c;
    }
    struct decimal d = {0};
    struct str text = {plain, size};
    bool plus = text.n > 0 && text.p[0] == '+';
    if (plus || !decimal_parse(text, &d)) {
        return run_trouble(r, n, "the text is no number");
    }
    return value_number(r, d);
}

/* The byte at which the code point with that index starts; s.n when there are fewer. */
static size_t byte_of(struct str s, int64_t index)
{
    size_t at = 0;
    for (int64_t i = 0; i < index && at < s.n; i++) {
        (void)utf8_next(s, &at);
    }
    return at;
}

static struct feel_value do_substring(struct run *r, const struct node *n,
                                      const struct feel_value *args, size_t count)
{
    struct str s = feel_str(args[0]);
    int64_t start = 0;
    int64_t length = INT64_MAX;
    if (!value_truncate(args[1], &start) ||
        (count > 2 && !feel_is_null(args[2]) && !value_truncate(args[2], &length))) {
        return run_trouble(r, n, "the position is out of range");
    }
    int64_t size = (int64_t)utf8_count(s);
    if (start == 0 || start > size || start < -size) {
        return run_trouble(r, n, "the text has %lld characters; position %lld is not in it",
                           (long long)size, (long long)start);
    }
    if (length < 1) {
        return run_trouble(r, n, "the length must be at least 1");
    }
    int64_t from = start > 0 ? start - 1 : size + start;
    int64_t to = length > size - from ? size : from + length;
    return feel_string(str_slice(s, byte_of(s, from), byte_of(s, to)));
}

static struct feel_value do_length(struct run *r UNUSED, const struct node *n UNUSED,
                                   const struct feel_value *args, size_t count UNUSED)
{
    return feel_int((int64_t)utf8_count(feel_str(args[0])));
}

static struct feel_value map_case(struct run *r, struct str s, int32_t (*map)(int32_t))
{
    struct buf b = buf_new(r->ctx->arena, LIMIT_FEEL_STRING_BYTES * (size_t)2);
    size_t at = 0;
    while (at < s.n) {
        char out[4];
        int32_t code = utf8_next(s, &at);
        if (code < 0) {
            break;
        }
        buf_bytes(&b, out, utf8_put(out, map(code)));
    }
    return feel_string(buf_str(&b));
}

static struct feel_value do_upper(struct run *r, const struct node *n UNUSED,
                                  const struct feel_value *args, size_t count UNUSED)
{
    return map_case(r, feel_str(args[0]), unicode_upper);
}

static struct feel_value do_lower(struct run *r, const struct node *n UNUSED,
                                  const struct feel_value *args, size_t count UNUSED)
{
    return map_case(r, feel_str(args[0]), unicode_lower);
}

static struct feel_value do_before(struct run *r UNUSED, const struct node *n UNUSED,
                                   const struct feel_value *args, size_t count UNUSED)
{
    struct str s = feel_str(args[0]);
    size_t at = str_find(s, feel_str(args[1]));
    return feel_string(str_slice(s, 0, at == SIZE_MAX ? 0 : at));
}

static struct feel_value do_after(struct run *r UNUSED, const struct node *n UNUSED,
                                  const struct feel_value *args, size_t count UNUSED)
{
    struct str s = feel_str(args[0]);
    size_t at = str_find(s, feel_str(args[1]));
    return feel_string(at == SIZE_MAX ? (struct str){"", 0} : str_slice(s, at + args[1].n, s.n));
}

static struct feel_value do_contains(struct run *r UNUSED, const struct node *n UNUSED,
                                     const struct feel_value *args, size_t count UNUSED)
{
    return feel_bool(str_find(feel_str(args[0]), feel_str(args[1])) != SIZE_MAX);
}

static struct feel_value do_starts(struct run *r UNUSED, const struct node *n UNUSED,
                                   const struct feel_value *args, size_t count UNUSED)
{
    return feel_bool(str_starts(feel_str(args[0]), feel_str(args[1])));
}

static struct feel_value do_ends(struct run *r UNUSED, const struct node *n UNUSED,
                                 const struct feel_value *args, size_t count UNUSED)
{
    return feel_bool(str_ends(feel_str(args[0]), feel_str(args[1])));
}

static struct feel_value do_join(struct run *r, const struct node *n, const struct feel_value *args,
                                 size_t count)
{
    struct buf b = buf_new(r->ctx->arena, LIMIT_FEEL_STRING_BYTES);
    bool any = false;
    for (uint32_t i = 0; i < args[0].n; i++) {
        struct feel_value item = args[0].items[i];
        if (feel_is_null(item)) {
            continue;
        }
        if (item.kind != FEEL_STRING) {
            return run_trouble(r, n, "the list holds %s, not only strings", value_kind_name(item));
        }
        if (any && count > 1) {
            buf_put(&b, feel_str(args[1]));
        }
        buf_put(&b, feel_str(item));
        any = true;
    }
    return b.err == ERR_OK ? feel_string(buf_str(&b))
                           : run_trouble(r, n, "the text would be too long");
}

/* ---- patterns ---- */

static const struct regex *pattern_of(struct run *r, const struct node *n,
                                      struct feel_value pattern, struct feel_value flags)
{
    const char *why = NULL;
    const struct regex *re = regex_compile(r->ctx->arena, feel_str(pattern), feel_str(flags), &why);
    if (re == NULL) {
        (void)run_trouble(r, n, "the pattern is wrong: %s", why);
    }
    return re;
}

static struct feel_value too_long(struct run *r, const struct node *n)
{
    return run_trouble(r, n, "matching the pattern took more than %d steps",
                       LIMIT_FEEL_REGEX_STEPS);
}

static struct feel_value do_matches(struct run *r, const struct node *n,
                                    const struct feel_value *args, size_t count)
{
    const struct regex *re = pattern_of(r, n, args[1], count > 2 ? args[2] : feel_null());
    struct regex_match m;
    if (re == NULL) {
        return feel_null();
    }
    int found = regex_find(re, r->ctx->arena, feel_str(args[0]), 0, &m);
    return found < 0 ? too_long(r, n) : feel_bool(found > 0);
}

/* "$1" is a group: as many digits as name one; "\$" and "\\" stand for themselves. False for a lone
 * $ or \. */
static bool put_replacement(struct buf *b, struct str text, const struct regex_match *m,
                            size_t groups, struct str by)
{
    for (size_t i = 0; i < by.n; i++) {
        if (by.p[i] == '\\') {
            if (++i == by.n || (by.p[i] != '\\' && by.p[i] != '$')) {
                return false;
            }
            buf_byte(b, by.p[i]);
        } else if (by.p[i] == '$') {
            if (++i == by.n || by.p[i] < '0' || by.p[i] > '9') {
                return false;
            }
            size_t group = (size_t)(by.p[i] - '0');
            while (group > 0 && i + 1 < by.n && by.p[i + 1] >= '0' && by.p[i + 1] <= '9' &&
                   group * 10 + (size_t)(by.p[i + 1] - '0') <= groups) {
                group = group * 10 + (size_t)(by.p[++i] - '0');
            }
            if (group <= groups && m->from[group] != SIZE_MAX) {
                buf_put(b, str_slice(text, m->from[group], m->to[group]));
            }
        } else {
            buf_byte(b, by.p[i]);
        }
    }
    return true;
}

static struct feel_value do_replace(struct run *r, const struct node *n,
                                    const struct feel_value *args, size_t count)
{
    const struct regex *re = pattern_of(r, n, args[1], count > 3 ? args[3] : feel_null());
    struct str text = feel_str(args[0]);
    struct buf b = buf_new(r->ctx->arena, LIMIT_FEEL_STRING_BYTES);
    size_t at = 0;
    if (re == NULL) {
        return feel_null();
    }
    while (at <= text.n) {
        struct regex_match m;
        if (!run_step(r)) {
            return feel_null();
        }
        int found = regex_find(re, r->ctx->arena, text, at, &m);
        if (found < 0) {
            return too_long(r, n);
        }
        if (found == 0) {
            break;
        }
        buf_put(&b, str_slice(text, at, m.from[0]));
        if (!put_replacement(&b, text, &m, regex_groups(re), feel_str(args[2]))) {
            return run_trouble(
                r, n,
                "in the replacement, \"$\" wants a digit behind it and \"\\\" a \"$\" or \"\\\"");
        }
        at = m.to[0];
        if (m.to[0] == m.from[0]) { /* an empty match: pass one character on */
            size_t next = at;
            (void)utf8_next(text, &next);
            buf_put(&b, str_slice(text, at, next));
            at = next > at ? next : at + 1;
        }
    }
    buf_put(&b, str_slice(text, at < text.n ? at : text.n, text.n));
    return b.err == ERR_OK ? feel_string(buf_str(&b))
                           : run_trouble(r, n, "the text would be too long");
}

static struct feel_value do_split(struct run *r, const struct node *n,
                                  const struct feel_value *args, size_t count UNUSED)
{
    const struct regex *re = pattern_of(r, n, args[1], feel_null());
    struct str text = feel_str(args[0]);
    struct vec out = {0};
    size_t from = 0;
    size_t at = 0;
    if (re == NULL) {
        return feel_null();
    }
    while (at <= text.n) {
        struct regex_match m;
        if (!run_step(r)) {
            return feel_null();
        }
        int found = regex_find(re, r->ctx->arena, text, at, &m);
        if (found < 0) {
            return too_long(r, n);
        }
        if (found == 0) {
            break;
        }
        if (m.to[0] == m.from[0]) { /* an empty match parts nothing at the ends */
            size_t next = m.from[0];
            (void)utf8_next(text, &next);
            at = next > m.from[0] ? next : m.from[0] + 1;
            if (m.from[0] == from || m.from[0] >= text.n) {
                continue;
            }
        } else {
            at = m.to[0];
        }
        vec_push(r, &out, feel_string(str_slice(text, from, m.from[0])));
        from = m.to[0];
    }
    vec_push(r, &out, feel_string(str_slice(text, from, text.n)));
    return vec_list(&out);
}

static const struct builtin rows[] = {
    {"string", do_string, {{"from", K_ANY}}, 1, 0, false},
    {"string length", do_length, {{"string", K_STRING}}, 1, 0, false},
    {"string join", do_join, {{"list", K_LIST}, {"delimiter", K_STRING | K_NULL}}, 1, 0, false},
    {"number",
     do_number,
     {{"from", K_STRING},
      {"grouping separator", K_STRING | K_NULL},
      {"decimal separator", K_STRING | K_NULL}},
     3,
     0,
     false},
    {"number", do_number, {{"from", K_STRING | K_NUMBER}}, 1, 0, false},
    {"substring",
     do_substring,
     {{"string", K_STRING}, {"start position", K_NUMBER}, {"length", K_NUMBER | K_NULL}},
     2,
     0,
     false},
    {"substring before", do_before, {{"string", K_STRING}, {"match", K_STRING}}, 2, 0, false},
    {"substring after", do_after, {{"string", K_STRING}, {"match", K_STRING}}, 2, 0, false},
    {"upper case", do_upper, {{"string", K_STRING}}, 1, 0, false},
    {"lower case", do_lower, {{"string", K_STRING}}, 1, 0, false},
    {"contains", do_contains, {{"string", K_STRING}, {"match", K_STRING}}, 2, 0, false},
    {"starts with", do_starts, {{"string", K_STRING}, {"match", K_STRING}}, 2, 0, false},
    {"ends with", do_ends, {{"string", K_STRING}, {"match", K_STRING}}, 2, 0, false},
    {"matches",
     do_matches,
     {{"input", K_STRING}, {"pattern", K_STRING}, {"flags", K_STRING | K_NULL}},
     2,
     0,
     false},
    {"replace",
     do_replace,
     {{"input", K_STRING},
      {"pattern", K_STRING},
      {"replacement", K_STRING},
      {"flags", K_STRING | K_NULL}},
     3,
     0,
     false},
    {"split", do_split, {{"string", K_STRING}, {"delimiter", K_STRING}}, 2, 0, false},
};
const struct builtin_table feel_lib_string = {rows, LEN(rows)};
