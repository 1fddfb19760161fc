/* Values of a process as JSON, for a state at rest, a trace, and the decisions that the vault
 * keeps.
 *
 * JSON has no dates, times and durations, and a text that looks like one must stay a text: each is
 * {"@": its text in FEEL}, read back by FEEL itself. So that a context with the key "@" of its own
 * is not mistaken for one, a key that begins with "@" gets another before it. Functions and ranges
 * cannot rest: they may hold names of a scope that is gone when they are read. */
#include "base/json_make.h"
#include "bpmn/bpmn_in.h"

/* ---- writing ---- */

enum { KEPT_DEPTH = 64 };

/* A value as JSON, or ERR_TYPE for what cannot rest: functions and ranges. */
static enum err keep(struct ctx *ctx, struct feel_value v, int depth, struct json *ret)
{
    struct arena *a = ctx->arena;
    if (depth > KEPT_DEPTH) {
        return fault(ctx, ERR_TOO_DEEP, "data nests deeper than %d", KEPT_DEPTH);
    }
    switch ((enum feel_kind)v.kind) {
    case FEEL_NULL:
    case FEEL_BOOL:
    case FEEL_NUMBER:
    case FEEL_STRING: *ret = feel_to_json(ctx, v); return ERR_OK;
    case FEEL_DATE:
    case FEEL_TIME:
    case FEEL_DATE_TIME:
    case FEEL_YEARS_MONTHS:
    case FEEL_DAYS_TIME:
        *ret = json_object();
        json_set(a, ret, STR("@"), json_of_str(feel_text(ctx, v)));
        return ERR_OK;
    case FEEL_LIST:
        *ret = json_array();
        for (uint32_t i = 0; i < v.n; i++) {
            struct json item;
            TRY(keep(ctx, v.items[i], depth + 1, &item));
            json_push(a, ret, item);
        }
        return ERR_OK;
    case FEEL_CONTEXT:
        *ret = json_object();
        for (uint32_t i = 0; i < v.n; i++) {
            struct json item;
            struct str key = v.entries[i].key;
            TRY(keep(ctx, v.entries[i].value, depth + 1, &item));
            key = key.n > 0 && key.p[0] == '@' ? str_format(a, "@%.*s", FMT(key)) : key;
            json_set(a, ret, key, item);
        }
        return ERR_OK;
    case FEEL_RANGE:
    case FEEL_FUNCTION:
    case FEEL_KIND_COUNT: break;
    }
    return fault(ctx, ERR_TYPE, "a range or a function cannot be kept as data of a process");
}

enum err bpmn_value_write(struct ctx *ctx, struct feel_value v, struct json *ret)
{
    return keep(ctx, v, 0, ret);
}

/* ---- reading ---- */

/* {"@": text} back to a date, time or duration: the text is read by FEEL itself. */
static enum err unkeep_temporal(struct ctx *ctx, struct str text, struct feel_value *ret)
{
    const struct feel_program *program = NULL;
    struct feel_scope scope = {.zones = &feel_zones_of_world};
    struct feel_env env = {0};
    bool plain = text.n <= 80;
    for (size_t i = 0; i < text.n; i++) {
        plain = plain && text.p[i] != '"' && text.p[i] != '\\';
    }
    if (!plain) {
        return ERR_CORRUPT;
    }
    TRY(feel_compile(ctx, &scope,
                     (struct feel_source){.text = str_format(ctx->arena, "@\"%.*s\"", FMT(text))},
                     &program));
    TRY(feel_eval(ctx, program, &env, ret));
    return feel_is_null(*ret) ? ERR_CORRUPT : ERR_OK;
}

static enum err unkeep(struct ctx *ctx, const struct json *j, struct feel_value *ret)
{
    struct arena *a = ctx->arena;
    if (j->kind == JSON_ARRAY) {
        struct feel_value *items = ARENA_ARRAY(a, struct feel_value, j->count + 1);
        for (size_t i = 0; i < j->count; i++) {
            TRY(unkeep(ctx, &j->items[i], &items[i]));
        }
        *ret = feel_list(items, j->count);
        return ERR_OK;
    }
    if (j->kind != JSON_OBJECT) {
        return feel_from_json(ctx, j, NULL, ret);
    }
    if (j->count == 1 && str_equal(j->members[0].key, STR("@"))) {
        return unkeep_temporal(ctx, j->members[0].value.text, ret);
    }
    struct feel_entry *entries = ARENA_ARRAY(a, struct feel_entry, j->count + 1);
    for (size_t i = 0; i < j->count; i++) {
        struct str key = j->members[i].key;
        entries[i].key = str_starts(key, STR("@")) ? str_slice(key, 1, key.n) : key;
        TRY(unkeep(ctx, &j->members[i].value, &entries[i].value));
    }
    *ret = feel_context(entries, j->count);
    return ERR_OK;
}

enum err bpmn_value_read(struct ctx *ctx, const struct json *j, struct feel_value *ret)
{
    enum err e = unkeep(ctx, j, ret);
    return e == ERR_CORRUPT
               ? fault(ctx, ERR_TYPE, "what follows \"@\" is no date, time or duration of FEEL")
               : e;
}
