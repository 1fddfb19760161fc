/* form.c - query strings, forms, multipart bodies, cookies. */
#include "http/form.h"

#include "base/str.h"
#include "limit_gen.h"

static int hex_of(char c)
{
    char low = (char)(c | 0x20);
    return c >= '0' && c <= '9' ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static enum err decode(struct ctx *ctx, struct str raw, struct str *ret)
{
    char *out = arena_push_bytes(ctx->arena, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i] == '+' ? ' ' : raw.p[i];
        if (c == '%') {
            int high = raw.n - i < 3 ? -1 : hex_of(raw.p[i + 1]);
            int low = raw.n - i < 3 ? -1 : hex_of(raw.p[i + 2]);
            if (high < 0 || low < 0) {
                return fault(ctx, ERR_SYNTAX,
                             "a percent sign in a form is not followed by two hexadecimal digits");
            }
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == 0) {
            return fault(ctx, ERR_SYNTAX, "a form has a NUL character");
        }
        out[n++] = c;
    }
    *ret = (struct str){out, n};
    return utf8_is_valid(*ret) ? ERR_OK : fault(ctx, ERR_UTF8, "a form field is not valid UTF-8");
}

static size_t count_byte(struct str s, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        n += s.p[i] == c;
    }
    return n;
}

enum err query_parse(struct ctx *ctx, struct str query, struct http_fields *ret)
{
    size_t max = count_byte(query, '&') + 1;
    if (max > LIMIT_HTTP_FORM_FIELDS) {
        return fault(ctx, ERR_TOO_MANY, "a form has %zu fields; at most %d are taken", max,
                     LIMIT_HTTP_FORM_FIELDS);
    }
    struct http_pair *pairs = ARENA_ARRAY(ctx->arena, struct http_pair, max);
    size_t count = 0;
    while (query.n > 0) {
        struct str field = str_cut(query, '&', &query);
        if (field.n == 0) {
            continue;
        }
        struct str value = {0};
        struct str name = str_cut(field, '=', &value);
        TRY(decode(ctx, name, &pairs[count].name));
        TRY(decode(ctx, value, &pairs[count].value));
        count++;
    }
    *ret = (struct http_fields){pairs, count};
    return ERR_OK;
}

/* The media type of a Content-Type header without its parameters. */
static struct str media_type(const struct http_request *r, struct str *ret_parameters)
{
    return str_trim(str_cut(http_header(r, "content-type"), ';', ret_parameters));
}

enum err form_parse(struct ctx *ctx, const struct http_request *r, struct http_fields *ret)
{
    struct str parameters = {0};
    if (!str_equal_nocase(media_type(r, &parameters), STR("application/x-www-form-urlencoded"))) {
        return fault(ctx, ERR_MEDIA_TYPE,
                     "the body is not declared as application/x-www-form-urlencoded");
    }
    return query_parse(ctx, r->body, ret);
}

static const struct http_pair *find(const struct http_fields *f, const char *name)
{
    struct str wanted = str_from(name);
    for (size_t i = 0; i < f->count; i++) {
        if (str_equal(f->pairs[i].name, wanted)) {
            return &f->pairs[i];
        }
    }
    return NULL;
}

struct str field_get(const struct http_fields *f, const char *name)
{
    const struct http_pair *p = find(f, name);
    return p == NULL ? (struct str){0} : p->value;
}

bool field_has(const struct http_fields *f, const char *name)
{
    return find(f, name) != NULL;
}

/* --- multipart/form-data --- */

/* One parameter "; name=value" or "; name=\"quoted\"" of a header value. Browsers write a quote in
 * a name as %22, so a backslash stands for itself (WHATWG HTML, multipart/form-data encoding). */
static bool parameter_get(struct str parameters, struct str name, struct str *ret)
{
    struct str rest = parameters;
    while (rest.n > 0) {
        size_t equal = str_find_byte(rest, '=');
        if (equal == SIZE_MAX) {
            return false;
        }
        struct str key = str_slice(rest, 0, equal);
        while (key.n > 0 && (key.p[0] == ';' || key.p[0] == ' ' || key.p[0] == '\t')) {
            key = str_slice(key, 1, key.n);
        }
        rest = str_slice(rest, equal + 1, rest.n);
        struct str value = {0};
        if (rest.n > 0 && rest.p[0] == '"') {
            rest = str_slice(rest, 1, rest.n);
            if (str_find_byte(rest, '"') == SIZE_MAX) {
                return false;
            }
            value = str_cut(rest, '"', &rest);
        } else {
            size_t end = str_find_byte(rest, ';');
            end = end == SIZE_MAX ? rest.n : end;
            value = str_trim(str_slice(rest, 0, end));
            rest = str_slice(rest, end, rest.n);
        }
        if (str_equal_nocase(str_trim(key), name)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static struct str last_segment(struct str path)
{
    for (size_t i = path.n; i > 0; i--) {
        if (path.p[i - 1] == '/' || path.p[i - 1] == '\\') {
            return str_slice(path, i, path.n);
        }
    }
    return path;
}

static bool is_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    return utf8_is_valid(s);
}

static enum err part_header(struct ctx *ctx, struct str line, struct http_part *part)
{
    struct str value = {0};
    struct str name = str_cut(line, ':', &value);
    value = str_trim(value);
    if (!is_text(line)) {
        return fault(ctx, ERR_UTF8, "a header of a part is not clean UTF-8 text");
    }
    if (str_equal_nocase(name, STR("content-type"))) {
        part->type = value;
    }
    if (!str_equal_nocase(name, STR("content-disposition"))) {
        return ERR_OK;
    }
    struct str parameters = {0};
    struct str file = {0};
    bool ok = str_equal_nocase(str_trim(str_cut(value, ';', &parameters)), STR("form-data")) &&
              parameter_get(parameters, STR("name"), &part->name);
    part->is_file = parameter_get(parameters, STR("filename"), &file);
    part->file_name = last_segment(file);
    return ok ? ERR_OK
              : fault(ctx, ERR_SYNTAX,
                      "a part has no name; its Content-Disposition must be form-data with one");
}

/* One part between two boundaries: headers, an empty line, bytes. */
static enum err part_parse(struct ctx *ctx, struct str text, struct http_part *ret)
{
    struct http_part part = {.type = STR("text/plain")};
    size_t end = str_find(text, STR("\r\n\r\n"));
    if (end == SIZE_MAX) {
        return fault(ctx, ERR_SYNTAX, "a part of the body has no empty line after its headers");
    }
    if (end > LIMIT_HTTP_PART_HEADER_BYTES) {
        return fault(ctx, ERR_TOO_LONG, "the headers of a part are longer than %d bytes",
                     LIMIT_HTTP_PART_HEADER_BYTES);
    }
    struct str rest = str_slice(text, 0, end);
    while (rest.n > 0) {
        size_t line_end = str_find(rest, STR("\r\n"));
        line_end = line_end == SIZE_MAX ? rest.n : line_end;
        TRY(part_header(ctx, str_slice(rest, 0, line_end), &part));
        rest = str_slice(rest, line_end + 2, rest.n);
    }
    if (part.name.n == 0) {
        return fault(ctx, ERR_SYNTAX, "a part of the body has no name");
    }
    part.bytes = str_slice(text, end + 4, text.n);
    *ret = part;
    return ERR_OK;
}

static enum err boundary_of(struct ctx *ctx, const struct http_request *r, struct str *ret)
{
    struct str parameters = {0};
    struct str boundary = {0};
    bool ok = str_equal_nocase(media_type(r, &parameters), STR("multipart/form-data")) &&
              parameter_get(parameters, STR("boundary"), &boundary) && boundary.n > 0 &&
              boundary.n <= 70;
    if (!ok) {
        return fault(ctx, ERR_MEDIA_TYPE,
                     "the body is not declared as multipart/form-data with a boundary of 1 to 70 "
                     "characters");
    }
    *ret = str_format(ctx->arena, "\r\n--%.*s", FMT(boundary));
    return ERR_OK;
}

/* Parts stand between lines "--boundary", the last followed by "--" (RFC 2046 5.1.1). */
enum err multipart_parse(struct ctx *ctx, const struct http_request *r, struct http_parts *ret)
{
    struct str line = {0};
    TRY(boundary_of(ctx, r, &line));
    struct http_part *parts = ARENA_ARRAY(ctx->arena, struct http_part, LIMIT_HTTP_MULTIPART_PARTS);
    size_t count = 0;
    struct str rest = r->body;
    struct str opening = str_slice(line, 2, line.n);
    if (!str_starts(rest, opening)) {
        return fault(ctx, ERR_SYNTAX, "the body does not begin with its boundary");
    }
    rest = str_slice(rest, opening.n, rest.n);
    while (!str_starts(rest, STR("--"))) {
        size_t end = str_find(rest, line);
        if (!str_starts(rest, STR("\r\n")) || end == SIZE_MAX) {
            return fault(ctx, ERR_SYNTAX, "the body ends before its last boundary");
        }
        if (count == LIMIT_HTTP_MULTIPART_PARTS) {
            return fault(ctx, ERR_TOO_MANY, "the body has more than %d parts",
                         LIMIT_HTTP_MULTIPART_PARTS);
        }
        TRY(part_parse(ctx, str_slice(rest, 2, end), &parts[count]));
        count++;
        rest = str_slice(rest, end + line.n, rest.n);
    }
    *ret = (struct http_parts){parts, count};
    return ERR_OK;
}

struct str cookie_get(const struct http_request *r, struct str name)
{
    struct str found = {0};
    bool is_found = false;
    for (size_t i = 0; i < r->header_count; i++) {
        struct str rest =
            str_equal(r->headers[i].name, STR("cookie")) ? r->headers[i].value : (struct str){0};
        while (rest.n > 0) {
            struct str value = {0};
            struct str key = str_cut(str_trim(str_cut(rest, ';', &rest)), '=', &value);
            if (!str_equal(key, name)) {
                continue;
            }
            if (is_found && !str_equal(found, value)) {
                return (struct str){0};
            }
            found = value;
            is_found = true;
        }
    }
    return found;
}
