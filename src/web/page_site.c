/* Pages of the site itself: style, accessibility, the description of the interface. */
#include "web/web_in.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/token.h"
#include "gate/run.h"
#include "web/answer.h"
#include "limit_gen.h"
#include "page_accessibility_html.h"
#include "web/site.h"

enum { STYLE_CACHE_S = 3600 };

static enum err site_style(struct page *p)
{
    return page_raw(p, 200, STR("text/css; charset=utf-8"), p->web->config.css, STYLE_CACHE_S);
}

static enum err site_passkey(struct page *p)
{
    return page_raw(p, 200, STR("text/javascript; charset=utf-8"), p->web->config.passkey_js,
                    STYLE_CACHE_S);
}

static enum err site_accessibility(struct page *p)
{
    struct page_accessibility v = {0};
    return page_show(p, 200, p->lang == LANG_EN ? STR("Accessibility") : STR("无障碍说明"),
                     page_accessibility, &v);
}

/* The version with large type, remembered by this browser. */
static enum err site_view(struct page *p)
{
    struct str to = page_query(p, "to");
    bool here = str_starts(to, STR("/")) && !str_starts(to, STR("//")) &&
                str_find_byte(to, '\\') == SIZE_MAX;
    struct buf b = buf_new(p->ctx->arena, 0);
    for (size_t i = 0; here && i < to.n; i++) {
        unsigned char c = (unsigned char)to.p[i];
        if (c > ' ' && c < 0x7f) {
            buf_byte(&b, (char)c);
        } else {
            buf_format(&b, "%%%02X", c);
        }
    }
    bool large = str_equal(page_query(p, "large"), STR("1"));
    p->cookie =
        str_format(p->ctx->arena, "tb_large=%d; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax",
                   large ? 1 : 0);
    return page_go(p, here ? buf_str(&b) : STR("/"));
}

/* ---- health: each thing that must be so for the node to answer and to take acts ---- */

static struct web_health health_of(struct ctx *ctx, const char *name, enum err e)
{
    struct str why = ctx->why.detail.n > 0 ? ctx->why.detail : str_from(err_sentence(e));
    return (struct web_health){name, e == ERR_OK, e == ERR_OK ? STR("") : why};
}

/* Can the law in force be read? It takes a reader of the store, so that is seen as well. */
static enum err health_law(struct page *p)
{
    struct ctx *ctx = p->ctx;
    const struct law *law = NULL;
    TRY(reader_get(p));
    TRY(gate_law(ctx, p->gate, p->db, &law));
    struct str alarm = gate_alarm(p->gate, ctx->arena);
    return alarm.n == 0 ? ERR_OK : fault(ctx, ERR_SYNTAX, "%.*s", FMT(alarm));
}

static size_t health_all(struct page *p, struct web_health *ret)
{
    const struct web_config *c = &p->web->config;
    size_t count = 0;
    p->ctx->why = (struct why){0};
    ret[count++] = health_of(p->ctx, "store", store_health(c->store));
    ret[count++] = health_of(p->ctx, "law", health_law(p));
    return count + (c->health == NULL ? 0 : c->health(p->ctx, c->health_arg, ret + count));
}

static struct str health_json(struct page *p, const struct web_health *rows, size_t count,
                              bool good)
{
    struct arena *a = p->ctx->arena;
    struct json o = json_object();
    struct json checks = json_object();
    for (size_t i = 0; i < count; i++) {
        struct json row = json_object();
        json_set(a, &row, STR("good"), json_of_bool(rows[i].good));
        json_set(a, &row, STR("sentence"), json_of_str(rows[i].sentence));
        json_set(a, &checks, str_from(rows[i].name), row);
    }
    json_set(a, &o, STR("good"), json_of_bool(good));
    json_set(a, &o, STR("checks"), checks);
    struct buf b = buf_new(a, 0);
    json_write(&b, &o);
    return buf_str(&b);
}

/* 200 "ok", or 503 with what is wrong, a line each; JSON for a machine that asks for it. */
static enum err site_health(struct page *p)
{
    struct web_health rows[WEB_HEALTH_MAX + 2];
    size_t count = health_all(p, rows);
    struct buf b = buf_new(p->ctx->arena, 0);
    bool good = true;
    for (size_t i = 0; i < count; i++) {
        good = good && rows[i].good;
        if (!rows[i].good) {
            buf_format(&b, "%s: %.*s\n", rows[i].name, FMT(rows[i].sentence));
        }
    }
    int status = good ? 200 : 503;
    if (p->wants_json) {
        return page_raw(p, status, STR("application/json"), health_json(p, rows, count, good), -1);
    }
    return page_raw(p, status, STR("text/plain; charset=utf-8"), good ? STR("ok\n") : buf_str(&b),
                    -1);
}

static struct json parameters(struct arena *a, const struct route *r)
{
    struct json list = json_array();
    struct str path = str_from(r->path);
    for (size_t open = str_find_byte(path, '{'); open != SIZE_MAX;
         open = str_find_byte(path, '{')) {
        struct str rest = {0};
        struct str name = str_cut(str_slice(path, open + 1, path.n), '}', &rest);
        struct json o = json_object();
        struct json schema = json_object();
        json_set(a, &schema, STR("type"), json_of_str(STR("string")));
        json_set(a, &o, STR("name"), json_of_str(str_equal(name, STR("*")) ? STR("path") : name));
        json_set(a, &o, STR("in"), json_of_str(STR("path")));
        json_set(a, &o, STR("required"), json_of_bool(true));
        json_set(a, &o, STR("schema"), schema);
        json_push(a, &list, o);
        path = rest;
    }
    for (struct str rest = str_from(r->query); strcmp(r->method, "GET") == 0 && rest.n > 0;) {
        struct json o = json_object();
        struct json schema = json_object();
        json_set(a, &schema, STR("type"), json_of_str(STR("string")));
        json_set(a, &o, STR("name"), json_of_str(str_cut(rest, ' ', &rest)));
        json_set(a, &o, STR("in"), json_of_str(STR("query")));
        json_set(a, &o, STR("schema"), schema);
        json_push(a, &list, o);
    }
    return list;
}

/* ---- what a POST takes ---- */

static void put_media(struct arena *a, struct json *content, const char *type)
{
    struct json media = json_object();
    struct json schema = json_object();
    json_set(a, &schema, STR("type"), json_of_str(STR("object")));
    json_set(a, &media, STR("schema"), schema);
    json_set(a, content, str_from(type), media);
}

static struct json request_body(struct arena *a, const struct route *r)
{
    bool carries = r->body_max_bytes > 0;
    struct str form = str_format(a,
                                 "Facts by id, as one JSON object or as a form with its _token. A "
                                 "form is at most %d bytes.",
                                 LIMIT_HTTP_BODY_BYTES);
    struct str files = str_format(
        a,
        "%.*s Files come beside that: in JSON as {\"name\", \"type\", \"base64\"} in the "
        "member of their fact, in multipart/form-data as file parts after _token; one for "
        "a fact, of a type and size that the fact takes, all together at most %zu bytes. "
        "They are read as they come, and kept only when a field of the act names them.",
        FMT(form), r->body_max_bytes);
    struct json o = json_object();
    struct json content = json_object();
    put_media(a, &content, "application/json");
    put_media(a, &content, carries ? "multipart/form-data" : "application/x-www-form-urlencoded");
    json_set(a, &o, STR("description"), json_of_str(carries ? files : form));
    json_set(a, &o, STR("content"), content);
    return o;
}

static void put_response(struct arena *a, struct json *responses, const char *status,
                         const char *words)
{
    struct json o = json_object();
    json_set(a, &o, STR("description"), json_of_str(str_from(words)));
    json_set(a, responses, str_from(status), o);
}

static struct json key_parameter(struct arena *a)
{
    struct json o = json_object();
    struct json schema = json_object();
    json_set(a, &schema, STR("type"), json_of_str(STR("string")));
    json_set(a, &schema, STR("maxLength"), json_of_int(LIMIT_KEY_BYTES));
    json_set(a, &o, STR("name"), json_of_str(STR("Idempotency-Key")));
    json_set(a, &o, STR("in"), json_of_str(STR("header")));
    json_set(a, &o, STR("description"),
             json_of_str(STR("Stands for this draft, all of it: the same once more gives the first "
                             "receipt (200), another act, case or content under it is refused "
                             "(409, form.key).")));
    json_set(a, &o, STR("schema"), schema);
    return o;
}

/* Acts, with their files. */
static void describe_act(struct arena *a, const struct route *r, struct json *list,
                         struct json *responses)
{
    if (r->body_max_bytes == 0) {
        return;
    }
    json_push(a, list, key_parameter(a));
    put_response(a, responses, "200", "The receipt of the first act under this key");
    put_response(a, responses, "202",
                 "Where law wants two officers: it waits for the one whom _with names; Location, "
                 "and \"url\", are where it is signed, declined and withdrawn");
    put_response(a, responses, "409",
                 "Refused in law, with the article; or the key came before with another draft "
                 "(form.key)");
    put_response(a, responses, "413",
                 "Larger than a form, than a file of this fact, or than all files together");
    put_response(a, responses, "422",
                 "A file is not what its fact takes, or not what it is called (form.file)");
    put_response(a, responses, "429",
                 "More files than one person may hand in on a day, or are taken in one case "
                 "(files.quota); says what is left");
}

static enum err operation(struct ctx *ctx, const struct route *r, struct json *ret)
{
    bool posts = strcmp(r->method, "POST") == 0;
    struct arena *a = ctx->arena;
    struct json ok = json_object();
    struct json problem = json_object();
    struct json responses = json_object();
    json_set(a, &ok, STR("description"), json_of_str(str_from(r->summary)));
    json_set(a, &problem, STR("description"), json_of_str(STR("application/problem+json")));
    if (r->schema != NULL) {
        struct json schema;
        struct json media = json_object();
        struct json content = json_object();
        TRY(json_parse(ctx, str_from(r->schema), STR("schema"), &schema));
        json_set(a, &media, STR("schema"), schema);
        json_set(a, &content, STR("application/json"), media);
        json_set(a, &ok, STR("content"), content);
    }
    struct json list = parameters(a, r);
    json_set(a, &responses, posts ? STR("201") : STR("200"), ok);
    describe_act(a, r, &list, &responses);
    json_set(a, &responses, STR("default"), problem);
    *ret = json_object();
    json_set(a, ret, STR("summary"), json_of_str(str_from(r->summary)));
    json_set(a, ret, STR("parameters"), list);
    if (posts) {
        json_set(a, ret, STR("requestBody"), request_body(a, r));
    }
    json_set(a, ret, STR("responses"), responses);
    return ERR_OK;
}

/* OpenAPI 3.1, made from the rows that serve. */
static enum err site_openapi(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct json doc = json_object();
    struct json info = json_object();
    struct json paths = json_object();
    json_set(a, &info, STR("title"), json_of_str(STR("Tongban 通办")));
    json_set(a, &info, STR("version"), json_of_str(STR("1")));
    for (size_t t = 0; t < p->web->config.table_count; t++) {
        for (size_t i = 0; i < p->web->config.tables[t].count; i++) {
            const struct route *r = &p->web->config.tables[t].rows[i];
            struct str path = str_from(r->path);
            if (str_ends(path, STR("{*}"))) {
                path = str_format(a, "%.*s{path}", (int)path.n - 3, path.p);
            }
            const struct json *before = json_get_str(&paths, path);
            struct json methods = before == NULL ? json_object() : *before;
            struct json op;
            TRY(operation(ctx, r, &op));
            json_set(a, &methods, str_lower_ascii(a, str_from(r->method)), op);
            json_set(a, &paths, path, methods);
        }
    }
    json_set(a, &doc, STR("openapi"), json_of_str(STR("3.1.0")));
    json_set(a, &doc, STR("info"), info);
    json_set(a, &doc, STR("paths"), paths);
    struct buf b = buf_new(a, 0);
    json_write(&b, &doc);
    return page_raw(p, 200, STR("application/json"), buf_str(&b), 60);
}

static const struct route rows[] = {
    {"GET", "/static/tongban.css", site_style, FOR_ALL, 0, "The style of every page", NULL, ""},
    {"GET", "/view", site_view, FOR_ALL, 0, "Large type or standard type, then the page `to`", NULL,
     "large to"},
    {"GET", "/static/passkey.js", site_passkey, FOR_ALL, 0, "The script of passkeys", NULL, ""},
    {"GET", "/accessibility", site_accessibility, FOR_ALL, 0, "Accessibility statement",
     page_accessibility_schema, ""},
    {"GET", "/healthz", site_health, FOR_ALL | FOR_WATCHERS, 0, "Is the node well, and what is not",
     NULL, ""},
    {"GET", "/openapi.json", site_openapi, FOR_ALL, 0, "This description", NULL, ""},
};
const struct route_table site_routes = {rows, LEN(rows)};
