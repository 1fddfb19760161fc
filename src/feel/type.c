/* Conformance and coercion (DMN 1.5, 10.3.2.9.2 to 10.3.2.9.4). */
#include "feel/feel_in.h"

#include "base/buf.h"

/* Types nested deeper than the second are not followed: recursive ones would branch without end. */
enum { TYPE_DEPTH_MAX = 500, TYPE_WITHIN_MAX = 16, MISFIT_BYTES_MAX = 1000 };

/* The kinds of value a simple type takes. */
static uint32_t kinds_of(enum feel_type_kind kind)
{
    static const uint32_t kinds[] = {
        [FEEL_TYPE_ANY] = K_ANY & ~K_NULL,   [FEEL_TYPE_NULL] = K_NULL,
        [FEEL_TYPE_BOOL] = K_BOOL,           [FEEL_TYPE_NUMBER] = K_NUMBER,
        [FEEL_TYPE_STRING] = K_STRING,       [FEEL_TYPE_DATE] = K_DATE,
        [FEEL_TYPE_TIME] = K_TIME,           [FEEL_TYPE_DATE_TIME] = K_DATE_TIME,
        [FEEL_TYPE_YEARS_MONTHS] = K_MONTHS, [FEEL_TYPE_DAYS_TIME] = K_DURATION,
        [FEEL_TYPE_LIST] = K_LIST,           [FEEL_TYPE_CONTEXT] = K_CONTEXT,
        [FEEL_TYPE_RANGE] = K_RANGE,         [FEEL_TYPE_FUNCTION] = K_FUNCTION,
    };
    return kinds[kind];
}

/* What a check is made in; allowed values are looked at only where env is given. */
struct check {
    struct ctx *ctx;
    struct feel_env *env;
    uint32_t depth;
    uint64_t left; /* values still to be looked at, as shared parts may make them endless */
};

static bool conforms(struct check *k, struct feel_value v, const struct feel_type *t);

static bool is_allowed(struct check *k, struct feel_value v, const struct feel_program *allowed)
{
    struct feel_env env = *k->env;
    env.input = v;
    env.slots = NULL;
    env.troubles = NULL;
    struct feel_value ok = feel_null();
    enum err err = feel_eval(k->ctx, allowed, &env, &ok);
    k->env->steps = env.steps;
    return err == ERR_OK && feel_is_true(ok);
}

static bool parts_conform(struct check *k, struct feel_value v, const struct feel_type *t)
{
    if (t->kind == FEEL_TYPE_LIST && t->element != NULL) {
        for (uint32_t i = 0; i < v.n; i++) {
            if (!conforms(k, v.items[i], t->element)) {
                return false;
            }
        }
    } else if (t->kind == FEEL_TYPE_CONTEXT) {
        for (size_t i = 0; i < t->count; i++) {
            const struct feel_value *member = feel_get(v, t->members[i].name);
            if (member == NULL || !conforms(k, *member, t->members[i].type)) {
                return false;
            }
        }
    } else if (t->kind == FEEL_TYPE_RANGE && t->element != NULL) {
        return conforms(k, v.range->lo, t->element) && conforms(k, v.range->hi, t->element);
    }
    return true;
}

static const struct feel_type *member_type(const struct feel_type *t, struct str name,
                                           bool *ret_found)
{
    for (size_t i = 0; i < t->count; i++) {
        if (str_equal(t->members[i].name, name)) {
            *ret_found = true;
            return t->members[i].type;
        }
    }
    *ret_found = false;
    return NULL;
}

static bool type_within(const struct feel_type *a, const struct feel_type *b, uint32_t depth);

/* A context type with more members is within one with fewer. */
static bool members_within(const struct feel_type *a, const struct feel_type *b, uint32_t depth)
{
    for (size_t i = 0; i < b->count; i++) {
        bool found = false;
        const struct feel_type *member = member_type(a, b->members[i].name, &found);
        if (!found || !type_within(member, b->members[i].type, depth)) {
            return false;
        }
    }
    return true;
}

/* Parameters the other way round: a function that takes more is within one that takes less. */
static bool function_within(const struct feel_member *params, size_t count,
                            const struct feel_type *result, const struct feel_type *t,
                            uint32_t depth)
{
    if (t->count == 0 && t->element == NULL) { /* just "function" */
        return true;
    }
    if (count != t->count) {
        return false;
    }
    for (size_t i = 0; params != NULL && i < count; i++) {
        if (!type_within(t->members[i].type, params[i].type, depth)) {
            return false;
        }
    }
    return type_within(result, t->element, depth);
}

/* Every value of type a is of type b; NULL is Any. */
static bool type_within(const struct feel_type *a, const struct feel_type *b, uint32_t depth)
{
    if (b == NULL || b->kind == FEEL_TYPE_ANY || a == b ||
        (a != NULL && a->kind == FEEL_TYPE_NULL)) {
        return true;
    }
    if (a == NULL || a->kind != b->kind || depth > TYPE_WITHIN_MAX) {
        return false;
    }
    switch (b->kind) {
    case FEEL_TYPE_LIST:
    case FEEL_TYPE_RANGE: return type_within(a->element, b->element, depth + 1);
    case FEEL_TYPE_CONTEXT: return members_within(a, b, depth + 1);
    case FEEL_TYPE_FUNCTION: return function_within(a->members, a->count, a->element, b, depth + 1);
    case FEEL_TYPE_ANY:
    case FEEL_TYPE_NULL:
    case FEEL_TYPE_BOOL:
    case FEEL_TYPE_NUMBER:
    case FEEL_TYPE_STRING:
    case FEEL_TYPE_DATE:
    case FEEL_TYPE_TIME:
    case FEEL_TYPE_DATE_TIME:
    case FEEL_TYPE_YEARS_MONTHS:
    case FEEL_TYPE_DAYS_TIME: break;
    }
    return true;
}

/* Of a built-in with several signatures only the number of parameters is known. A result that is
 * not declared may be anything: such a function is no instance of one with a result, but may stand
 * where one is wanted. */
static bool function_conforms(const struct feel_function *f, const struct feel_type *t, bool wanted)
{
    bool open = f->form == FUNCTION_BUILTIN || (wanted && f->result == NULL);
    const struct feel_type *result = open ? t->element : f->result;
    return function_within(f->params, f->count, result, t, 0);
}

static bool conforms(struct check *k, struct feel_value v, const struct feel_type *t)
{
    if (t == NULL || feel_is_null(v)) {
        return true;
    }
    if ((kinds_of(t->kind) & KIND(v.kind)) == 0 || k->depth > TYPE_DEPTH_MAX || k->left == 0) {
        return false;
    }
    if (v.kind == FEEL_FUNCTION && t->kind == FEEL_TYPE_FUNCTION) {
        return function_conforms(v.function, t, k->env != NULL);
    }
    k->left--;
    k->depth++;
    bool ok = parts_conform(k, v, t) &&
              (k->env == NULL || t->allowed == NULL || is_allowed(k, v, t->allowed));
    k->depth--;
    return ok;
}

bool feel_is(struct ctx *ctx, struct feel_env *env, struct feel_value v, const struct feel_type *t)
{
    struct check k = {ctx, env, 0, LIMIT_FEEL_STEPS};
    return conforms(&k, v, t);
}

/* Allowed values are a constraint on data, not a part of the type: 256 is an instance of a number
 * up to 255. */
bool type_instance(struct run *r, struct feel_value v, const struct feel_type *t)
{
    struct check k = {r->ctx, NULL, 0, LIMIT_FEEL_STEPS};
    if (feel_is_null(v)) {
        return t->kind == FEEL_TYPE_NULL;
    }
    return conforms(&k, v, t);
}

/* Which part of v is why it is no t: ".marks[2]: its allowed values are \"A\", \"B\"". Empty when
 * the kinds differ, as then nothing is left to say. No values in it: they may be somebody's. */
static struct str misfit(struct run *r, struct feel_value v, const struct feel_type *t)
{
    struct check k = {r->ctx, r->env, 0, LIMIT_FEEL_STEPS};
    struct arena *a = r->ctx->arena;
    struct buf path = buf_new(a, MISFIT_BYTES_MAX);
    for (int depth = 0; depth < TYPE_WITHIN_MAX; depth++) {
        const struct feel_type *part = NULL;
        if (t->kind == FEEL_TYPE_LIST && v.kind == FEEL_LIST) {
            uint32_t i = 0;
            while (i < v.n && conforms(&k, v.items[i], t->element)) {
                i++;
            }
            if (i < v.n) {
                part = t->element;
                v = v.items[i];
                buf_format(&path, "[%u]", i + 1);
            }
        } else if (t->kind == FEEL_TYPE_CONTEXT && v.kind == FEEL_CONTEXT) {
            for (size_t i = 0; part == NULL && i < t->count; i++) {
                const struct feel_value *member = feel_get(v, t->members[i].name);
                if (member == NULL) {
                    return str_format(a, "%.*s.%.*s is missing", FMT(buf_str(&path)),
                                      FMT(t->members[i].name));
                }
                if (!conforms(&k, *member, t->members[i].type)) {
                    part = t->members[i].type;
                    v = *member;
                    buf_format(&path, ".%.*s", FMT(t->members[i].name));
                }
            }
        }
        if (part == NULL) {
            break;
        }
        t = part;
    }
    if ((kinds_of(t->kind) & KIND(v.kind)) == 0) {
        return path.n == 0 ? (struct str){0}
                           : str_format(a, "%.*s is %s, not %s", FMT(buf_str(&path)),
                                        value_kind_name(v), type_kind_name(t));
    }
    if (t->allowed == NULL ||
        (v.kind == FEEL_FUNCTION && !function_conforms(v.function, t, true))) {
        return (struct str){0};
    }
    return str_format(a, "%.*s%sits allowed values are %.*s", FMT(buf_str(&path)),
                      path.n > 0 ? ": " : "", FMT(t->allowed->source.text));
}

struct feel_value type_coerce(struct run *r, const struct node *n, struct feel_value v,
                              const struct feel_type *t)
{
    if (feel_is(r->ctx, r->env, v, t)) {
        return v;
    }
    struct feel_value other = feel_null();
    if (t->kind == FEEL_TYPE_LIST && v.kind != FEEL_LIST) {
        struct feel_value *one = ARENA_NEW(r->ctx->arena, struct feel_value);
        *one = v;
        other = feel_list(one, 1);
    } else if (t->kind != FEEL_TYPE_LIST && v.kind == FEEL_LIST && v.n == 1) {
        other = v.items[0];
    } else if (t->kind == FEEL_TYPE_DATE_TIME && v.kind == FEEL_DATE) {
        other = value_moment(r->ctx->arena, FEEL_DATE_TIME, moment_of_date(v));
    }
    if (!feel_is_null(other) && feel_is(r->ctx, r->env, other, t)) {
        return other;
    }
    struct str where = r->env->troubles == NULL ? (struct str){0} : misfit(r, v, t);
    return run_trouble(r, n, "%s is no %s%s%.*s%s%.*s", value_kind_name(v), type_kind_name(t),
                       t->name.n > 0 ? " of type " : "", FMT(t->name), where.n > 0 ? ": " : "",
                       FMT(where));
}

struct feel_value feel_coerce(struct ctx *ctx, struct feel_env *env, struct feel_value v,
                              const struct feel_type *t)
{
    struct run r = run_new(ctx, env, NULL);
    return t == NULL ? v : type_coerce(&r, NULL, v, t);
}
