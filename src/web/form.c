/* The fields of a POST that lies in memory whole: urlencoded, multipart, or one JSON object. Those
 * with files are taken as they come (intake.c). */
#include "base/json_make.h"
#include "base/utf8.h"
#include "web/web_in.h"

#include "http/form.h"
#include "limit_gen.h"

void page_add_field(struct page *p, struct str name, struct str value)
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

/* A form without files that a browser sent as if it had some. */
static enum err read_multipart(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct http_parts parts;
    TRY(multipart_parse(ctx, &p->exchange->request, &parts));
    for (size_t i = 0; i < parts.count; i++) {
        const struct http_part *part = &parts.parts[i];
        if (part->is_file && part->bytes.n > 0) {
            return fault(ctx, ERR_MEDIA_TYPE, "this address takes no files");
        }
        if (!utf8_is_valid(part->bytes)) {
            return fault(ctx, ERR_UTF8, "the field %.*s is not UTF-8", FMT(part->name));
        }
        if (!part->is_file) {
            page_add_field(p, part->name, part->bytes);
        }
    }
    return ERR_OK;
}

/* A client's document: what is wrong with it is its own fault (400, 413), not a state of ours (409)
 * or a rate (429). */
enum err page_parse_json(struct ctx *ctx, struct str text, struct json *ret)
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

/* What steers an act (for whom, with whom, under which key) is one text. Passed over in another
 * shape, the act would be done, but not for whom it was meant. */
enum err page_check_words(struct page *p)
{
    for (size_t i = 0; i < p->form.count; i++) {
        const struct json_member *m = &p->form.members[i];
        bool word = m->key.n > 0 && m->key.p[0] == '_';
        if (word && m->value.kind != JSON_STRING && m->value.kind != JSON_NULL) {
            fault(p->ctx, ERR_TYPE, "\"%.*s\" is one text", FMT(m->key));
            p->ctx->why.field = m->key;
            return ERR_TYPE;
        }
    }
    return ERR_OK;
}

static enum err read_form(struct page *p)
{
    struct ctx *ctx = p->ctx;
    const struct http_request *r = &p->exchange->request;
    struct str type = http_header(r, "content-type");
    p->form = json_object();
    p->has_form = true;
    if (str_starts(type, STR("application/json"))) {
        struct json body;
        TRY(page_parse_json(ctx, r->body, &body));
        if (body.kind != JSON_OBJECT) {
            return fault(ctx, ERR_TYPE, "the body must be one JSON object of fields");
        }
        p->form = body;
        return ERR_OK;
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
        page_add_field(p, fields.pairs[i].name, fields.pairs[i].value);
    }
    return ERR_OK;
}

enum err page_read_form(struct page *p)
{
    enum err e = read_form(p);
    return e == ERR_OK ? page_check_words(p) : e;
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
