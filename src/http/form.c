/* form.c - query strings, forms, cookies: small things that lie in memory whole. What browsers send
 * with files is in multipart.c. */
#include "http/form_in.h"

#include "base/str.h"
#include "base/utf8.h"
#include "base/token.h"
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
struct str media_type(const struct http_request *r, struct str *ret_parameters)
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
