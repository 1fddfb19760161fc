/* Values from and to JSON. */
#include "base/json_make.h"
#include "feel/feel_in.h"

/* A string as the temporal type wants it; null when it is none. */
static struct feel_value temporal(struct run *r, struct str s, enum feel_type_kind kind)
{
    struct feel_value v = feel_null();
    if (kind == FEEL_TYPE_DATE) {
        return date_from_text(s);
    }
    if (kind == FEEL_TYPE_TIME) {
        return time_from_text(r, s);
    }
    if (kind == FEEL_TYPE_DATE_TIME) {
        return date_time_from_text(r, s);
    }
    v = duration_from_text(s);
    return v.kind == (kind == FEEL_TYPE_YEARS_MONTHS ? FEEL_YEARS_MONTHS : FEEL_DAYS_TIME)
               ? v
               : feel_null();
}

static bool is_temporal(const struct feel_type *t)
{
    return t != NULL && t->kind >= FEEL_TYPE_DATE && t->kind <= FEEL_TYPE_DAYS_TIME;
}

static const struct feel_type *member_type(const struct feel_type *t, struct str key)
{
    for (size_t i = 0; t != NULL && t->kind == FEEL_TYPE_CONTEXT && i < t->count; i++) {
        if (str_equal(t->members[i].name, key)) {
            return t->members[i].type;
        }
    }
    return NULL;
}

static enum err read_value(struct run *r, const struct json *j, const struct feel_type *t,
                           struct feel_value *ret)
{
    struct ctx *ctx = r->ctx;
    switch ((enum json_kind)j->kind) {
    case JSON_NULL: *ret = feel_null(); return ERR_OK;
    case JSON_BOOL: *ret = feel_bool(j->bool_value); return ERR_OK;
    case JSON_NUMBER: {
        struct decimal d = decimal_from_i64(j->int_value); /* one made by json_of_int has no text */
        bool made = j->is_int && j->text.n == 0;
        if (!made && !decimal_parse(j->text, &d)) {
            return fault(ctx, ERR_RANGE, "the number is beyond the range of decimal128");
        }
        *ret = feel_number(ctx->arena, d);
        return ERR_OK;
    }
    case JSON_STRING: {
        *ret = is_temporal(t) ? temporal(r, j->text, t->kind) : feel_string(j->text);
        if (feel_is_null(*ret)) {
            return fault(ctx, ERR_TYPE, "\"%.*s\" is no %s", FMT(j->text), type_kind_name(t));
        }
        return ERR_OK;
    }
    case JSON_ARRAY: {
        const struct feel_type *element =
            t != NULL && t->kind == FEEL_TYPE_LIST ? t->element : NULL;
        struct feel_value *items = ARENA_ARRAY(ctx->arena, struct feel_value, j->count);
        for (size_t i = 0; i < j->count; i++) {
            TRY(read_value(r, &j->items[i], element, &items[i]));
        }
        *ret = feel_list(items, j->count);
        return ERR_OK;
    }
    case JSON_OBJECT: {
        struct feel_entry *entries = ARENA_ARRAY(ctx->arena, struct feel_entry, j->count);
        for (size_t i = 0; i < j->count; i++) {
            entries[i].key = j->members[i].key;
            TRY(read_value(r, &j->members[i].value, member_type(t, entries[i].key),
                           &entries[i].value));
        }
        *ret = feel_context(entries, j->count);
        return ERR_OK;
    }
    }
    return fault(ctx, ERR_TYPE, "this is no JSON value");
}

enum err feel_from_json(struct ctx *ctx, const struct json *j, const struct feel_type *type,
                        struct feel_value *ret)
{
    struct feel_env env = {.zones = &feel_zones_of_world};
    struct run r = run_new(ctx, &env, NULL);
    struct feel_value v = feel_null();
    TRY(read_value(&r, j, type, &v));
    if (type != NULL && !feel_is_null(v)) {
        v = type_coerce(&r, NULL, v, type);
        if (feel_is_null(v)) {
            return fault(ctx, ERR_TYPE, "the value is no %s", type_kind_name(type));
        }
    }
    *ret = v;
    return ERR_OK;
}

static struct json write_json(struct ctx *ctx, struct feel_value v, int depth)
{
    if (depth > LIMIT_FEEL_VALUE_DEPTH || feel_is_null(v)) {
        return json_null();
    }
    if (v.kind == FEEL_BOOL) {
        return json_of_bool(v.boolean);
    }
    if (v.kind == FEEL_NUMBER) {
        return json_of_number(feel_text(ctx, v));
    }
    if (v.kind == FEEL_LIST) {
        struct json list = json_array();
        for (uint32_t i = 0; i < v.n; i++) {
            json_push(ctx->arena, &list, write_json(ctx, v.items[i], depth + 1));
        }
        return list;
    }
    if (v.kind == FEEL_CONTEXT) {
        struct json object = json_object();
        for (uint32_t i = 0; i < v.n; i++) {
            json_set(ctx->arena, &object, v.entries[i].key,
                     write_json(ctx, v.entries[i].value, depth + 1));
        }
        return object;
    }
    return json_of_str(feel_text(ctx, v));
}

struct json feel_to_json(struct ctx *ctx, struct feel_value v)
{
    return write_json(ctx, v, 0);
}
