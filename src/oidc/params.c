/* Parameters in, JSON out. */
#include "oidc/oidc_in.h"

#include "base/buf.h"
#include "base/json_make.h"
#include "base/token.h"
#include "http/form.h"
#include "web/answer.h"

static void add(struct arena *a, struct json *o, struct str name, struct str value)
{
    const struct json *before = json_get_str(o, name);
    struct json v = json_of_str(value);
    if (before != NULL) { /* what comes again is a list, which no parameter may be */
        v = json_array();
        json_push(a, &v, *before);
        json_push(a, &v, json_of_str(value));
    }
    json_set(a, o, name, v);
}

enum err params_of_query(struct ctx *ctx, struct str query, struct json *ret)
{
    struct http_fields fields;
    TRY(query_parse(ctx, query, &fields));
    *ret = json_object();
    for (size_t i = 0; i < fields.count; i++) {
        add(ctx->arena, ret, fields.pairs[i].name, fields.pairs[i].value);
    }
    return ERR_OK;
}

bool param(const struct json *params, const char *name, struct str *ret, struct trouble *t)
{
    const struct json *v = json_get(params, name);
    *ret = STR("");
    if (v == NULL) {
        return true;
    }
    if (!json_is(v, JSON_STRING)) {
        return trouble_set(t, "invalid_request", "a parameter was sent twice or is no text");
    }
    if (v->text.n > LIMIT_OIDC_TEXT_BYTES && strcmp(name, "request") != 0 &&
        strcmp(name, "id_token_hint") != 0 && strcmp(name, "client_assertion") != 0 &&
        strcmp(name, "token") != 0 && strcmp(name, "access_token") != 0) {
        return trouble_set(t, "invalid_request", "a parameter is too long");
    }
    *ret = v->text;
    return true;
}

bool param_resource(const struct json *params, struct str *ret, struct trouble *t)
{
    const struct json *v = json_get(params, "resource");
    if (json_is(v, JSON_ARRAY)) {
        *ret = STR("");
        return trouble_set(t, "invalid_target",
                           "a token is made for one resource: ask for each by itself");
    }
    return param(params, "resource", ret, t);
}

static void put_encoded(struct buf *b, struct str s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            buf_byte(b, (char)c);
        } else {
            buf_byte(b, '%');
            buf_byte(b, hex[c >> 4]);
            buf_byte(b, hex[c & 15]);
        }
    }
}

void url_add(struct buf *b, bool *first, const char *name, struct str value)
{
    buf_byte(b, *first ? '?' : '&');
    *first = false;
    buf_puts(b, name);
    buf_byte(b, '=');
    put_encoded(b, value);
}

struct str params_query(struct arena *a, const struct json *params)
{
    struct buf b = buf_new(a, 0);
    for (size_t i = 0; i < params->count; i++) {
        const struct json_member *m = &params->members[i];
        if (m->value.kind != JSON_STRING) {
            continue;
        }
        if (b.n > 0) {
            buf_byte(&b, '&');
        }
        put_encoded(&b, m->key);
        buf_byte(&b, '=');
        put_encoded(&b, m->value.text);
    }
    return buf_str(&b);
}

bool word_next(struct str *rest, struct str *ret)
{
    *rest = str_trim(*rest);
    if (rest->n == 0) {
        return false;
    }
    *ret = str_cut(*rest, ' ', rest);
    return true;
}

bool word_in(struct str list, struct str word)
{
    struct str w = {0};
    while (word_next(&list, &w)) {
        if (str_equal(w, word)) {
            return true;
        }
    }
    return false;
}

struct str origin_of(struct str url)
{
    size_t scheme = str_find(url, STR("://"));
    if (scheme == SIZE_MAX) {
        return str_slice(url, 0, str_find_byte(url, ':') + 1);
    }
    size_t end = scheme + 3;
    while (end < url.n && url.p[end] != '/' && url.p[end] != '?') {
        end++;
    }
    return str_slice(url, 0, end);
}

enum err answer_json(struct page *p, int status, const struct json *o)
{
    struct ctx *ctx = p->ctx;
    struct buf b = buf_new(ctx->arena, 0);
    struct str body = {0};
    json_write(&b, o);
    TRY(buf_done(ctx, &b, &body));
    page_header(p, STR("Pragma"), STR("no-cache")); /* RFC 6749, 5.1 */
    return page_raw(p, status, STR("application/json"), body, -1);
}

enum err oidc_fault(struct page *p, enum err code)
{
    int status = err_status(code);
    struct trouble t = {status == 503   ? "temporarily_unavailable"
                        : status >= 500 ? "server_error"
                                        : "invalid_request",
                        err_sentence(code)};
    return answer_trouble(p, status, &t);
}

enum err answer_trouble(struct page *p, int status, const struct trouble *t)
{
    struct json o = json_object();
    json_set(p->ctx->arena, &o, STR("error"), json_of_str(str_from(t->code)));
    if (t->text != NULL) {
        json_set(p->ctx->arena, &o, STR("error_description"), json_of_str(str_from(t->text)));
    }
    return answer_json(p, status, &o);
}
