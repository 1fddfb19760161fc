/* Fields and files of a POST: urlencoded, multipart, or one JSON object. */
#include "web/web_in.h"

#include "crypto/crypto.h"
#include "http/form.h"
#include "limit_gen.h"

static void add_field(struct page *p, struct str name, struct str value)
{
    struct arena *a = p->ctx->arena;
    const struct json *before = json_get_str(&p->form, name);
    if (before == NULL) {
        json_set(a, &p->form, name, json_of_str(value));
        return;
    }
    /* A name that comes again (checkboxes) becomes a list. */
    struct json list = json_array();
    for (size_t i = 0; before->kind == JSON_ARRAY && i < before->count; i++) {
        json_push(a, &list, before->items[i]);
    }
    if (before->kind != JSON_ARRAY) {
        json_push(a, &list, *before);
    }
    json_push(a, &list, json_of_str(value));
    json_set(a, &p->form, name, list);
}

static void add_file(struct page *p, struct str field, struct str type, struct str name,
                     struct str bytes)
{
    struct arena *a = p->ctx->arena;
    uint8_t hash[32];
    if (bytes.n == 0 || p->file_count == LIMIT_HTTP_MULTIPART_PARTS) {
        return; /* a file input left empty */
    }
    sha256(bytes.p, bytes.n, hash);
    struct attachment *f = &p->files[p->file_count++];
    *f = (struct attachment){hex_encode(a, hash, 32), type, name, bytes};
    struct json o = json_object();
    json_set(a, &o, STR("name"), json_of_str(f->name));
    json_set(a, &o, STR("type"), json_of_str(f->type));
    json_set(a, &o, STR("size"), json_of_int((int64_t)f->bytes.n));
    json_set(a, &o, STR("sha256"), json_of_str(f->sha256));
    json_set(a, &p->form, field, o);
}

static enum err read_multipart(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct http_parts parts;
    TRY(multipart_parse(ctx, &p->exchange->request, &parts));
    p->files = ARENA_ARRAY(ctx->arena, struct attachment, LIMIT_HTTP_MULTIPART_PARTS);
    for (size_t i = 0; i < parts.count; i++) {
        if (parts.parts[i].is_file) {
            add_file(p, parts.parts[i].name, parts.parts[i].type, parts.parts[i].file_name,
                     parts.parts[i].bytes);
        } else if (!utf8_is_valid(parts.parts[i].bytes)) {
            return fault(ctx, ERR_UTF8, "the field %.*s is not UTF-8", FMT(parts.parts[i].name));
        } else {
            add_field(p, parts.parts[i].name, parts.parts[i].bytes);
        }
    }
    return ERR_OK;
}

/* A client's document: what is wrong with it is its own fault (400, 413), not a state of ours (409)
 * or a rate (429). */
static enum err parse_json(struct ctx *ctx, struct str text, struct json *ret)
{
    enum err e = json_parse(ctx, text, STR("body"), ret);
    enum err said = e == ERR_TOO_MANY                         ? ERR_TOO_LARGE
                    : e == ERR_DUPLICATE || e == ERR_TOO_DEEP ? ERR_SYNTAX
                                                              : e;
    if (e != ERR_OK) {
        ctx->why.code = said;
    }
    return said;
}

/* A file in a JSON body: {"name", "type", "base64"}. */
static enum err read_json_files(struct page *p)
{
    struct ctx *ctx = p->ctx;
    p->files = ARENA_ARRAY(ctx->arena, struct attachment, LIMIT_HTTP_MULTIPART_PARTS);
    for (size_t i = 0; i < p->form.count; i++) {
        const struct json_member *m = &p->form.members[i];
        const struct json *coded = json_get(&m->value, "base64");
        struct str bytes = {0};
        if (coded == NULL) {
            continue;
        }
        if (coded->kind != JSON_STRING || !base64_decode(ctx->arena, coded->text, &bytes)) {
            return fault(ctx, ERR_SYNTAX, "the file of %.*s is not base64 with padding (RFC 4648)",
                         FMT(m->key));
        }
        if (p->file_count == LIMIT_HTTP_MULTIPART_PARTS) {
            return fault(ctx, ERR_TOO_LARGE, "a body carries at most %d files",
                         LIMIT_HTTP_MULTIPART_PARTS);
        }
        add_file(p, m->key, json_text(&m->value, "type"), json_text(&m->value, "name"), bytes);
    }
    return ERR_OK;
}

enum err page_read_form(struct page *p)
{
    struct ctx *ctx = p->ctx;
    const struct http_request *r = &p->exchange->request;
    struct str type = http_header(r, "content-type");
    p->form = json_object();
    p->has_form = true;
    if (str_starts(type, STR("application/json"))) {
        struct json body;
        TRY(parse_json(ctx, r->body, &body));
        if (body.kind != JSON_OBJECT) {
            return fault(ctx, ERR_TYPE, "the body must be one JSON object of fields");
        }
        p->form = body;
        return read_json_files(p);
    }
    if (str_starts(type, STR("multipart/form-data"))) {
        return read_multipart(p);
    }
    if (type.n == 0 && r->body.n == 0) {
        return ERR_OK;
    }
    struct http_fields fields;
    TRY(form_parse(ctx, r, &fields));
    for (size_t i = 0; i < fields.count; i++) {
        add_field(p, fields.pairs[i].name, fields.pairs[i].value);
    }
    return ERR_OK;
}

struct str page_field(struct page *p, const char *name)
{
    const struct json *v = p->has_form ? json_get(&p->form, name) : NULL;
    return json_is(v, JSON_STRING) ? v->text : STR("");
}

struct str page_query(struct page *p, const char *name)
{
    struct http_fields fields;
    if (query_parse(p->ctx, p->exchange->request.query, &fields) != ERR_OK) {
        return STR("");
    }
    return field_get(&fields, name);
}

enum err page_form(struct page *p, struct json *ret_fields, struct attachment **ret_files,
                   size_t *ret_count)
{
    *ret_fields = json_object();
    for (size_t i = 0; i < p->form.count; i++) {
        if (p->form.members[i].key.n > 0 && p->form.members[i].key.p[0] != '_') {
            json_set(p->ctx->arena, ret_fields, p->form.members[i].key, p->form.members[i].value);
        }
    }
    *ret_files = p->files;
    *ret_count = p->file_count;
    return ERR_OK;
}
