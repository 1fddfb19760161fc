/* Finding built-in functions and fitting arguments to them. */
#include "feel/parse_in.h"

static const struct builtin_table *const tables[] = {&feel_lib_number,  &feel_lib_string,
                                                     &feel_lib_list,    &feel_lib_temporal,
                                                     &feel_lib_context, &feel_lib_range};

const struct builtin *builtin_find(struct str name)
{
    for (size_t t = 0; t < LEN(tables); t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            if (str_equal(str_from(tables[t]->rows[i].name), name)) {
                return &tables[t]->rows[i];
            }
        }
    }
    return NULL;
}

const struct builtin *builtin_next(const struct builtin *b)
{
    for (size_t t = 0; t < LEN(tables); t++) {
        const struct builtin *end = tables[t]->rows + tables[t]->count;
        if (b >= tables[t]->rows && b < end) {
            return b + 1 < end && strcmp(b->name, b[1].name) == 0 ? b + 1 : NULL;
        }
    }
    return NULL;
}

size_t builtin_params(const struct builtin *b)
{
    size_t n = 0;
    while (n < BUILTIN_PARAMS && b->param[n].name != NULL) {
        n++;
    }
    return n;
}

size_t builtin_match(struct str text, size_t at, const struct builtin **ret)
{
    size_t best = 0;
    for (size_t t = 0; t < LEN(tables); t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct builtin *b = &tables[t]->rows[i];
            if (at >= text.n || b->name[0] != text.p[at]) {
                continue;
            }
            size_t end = name_match(text, at, str_from(b->name));
            if (end > best) {
                best = end;
                *ret = b;
            }
        }
    }
    return best;
}

const struct builtin *builtin_order(const struct builtin *b, const struct str *names, size_t count,
                                    size_t ret_at[BUILTIN_PARAMS])
{
    for (; b != NULL; b = builtin_next(b)) {
        size_t params = builtin_params(b);
        uint32_t taken = 0;
        size_t fitted = 0;
        if (count > params) {
            continue;
        }
        for (size_t i = 0; i < count; i++) {
            for (size_t p = 0; p < params; p++) {
                if (str_equal(names[i], str_from(b->param[p].name)) && (taken & 1u << p) == 0) {
                    taken |= 1u << p;
                    ret_at[i] = p;
                    fitted++;
                    break;
                }
            }
        }
        if (fitted == count) { /* what is left out is null, which the call refuses where it must */
            return b;
        }
    }
    return NULL;
}

/* The argument as a parameter of these kinds takes it; false when it does not. */
static bool fit(struct run *r, struct feel_value v, uint32_t kinds, struct feel_value *ret)
{
    *ret = v;
    if ((kinds & KIND(v.kind)) != 0) {
        return true;
    }
    if (v.kind == FEEL_LIST && v.n == 1 && (kinds & KIND(v.items[0].kind)) != 0) {
        *ret = v.items[0];
        return true;
    }
    if ((kinds & K_LIST) != 0 && !feel_is_null(v)) {
        struct feel_value *one = ARENA_NEW(r->ctx->arena, struct feel_value);
        *one = v;
        *ret = feel_list(one, 1);
        return true;
    }
    return false;
}

static struct feel_value call_items(struct run *r, const struct node *n, const struct builtin *b,
                                    const struct feel_value *args, size_t count)
{
    if (count == 0 || (count == 1 && feel_is_null(args[0]))) {
        return run_trouble(r, n, "%s() wants a list", b->name);
    }
    struct feel_value list =
        count == 1 && args[0].kind == FEEL_LIST ? args[0] : feel_list(args, count);
    return b->fn(r, n, &list, 1);
}

/* append, concatenate, union: the first as it wants, the rest like the last parameter. */
static struct feel_value call_rest(struct run *r, const struct node *n, const struct builtin *b,
                                   const struct feel_value *args, size_t count)
{
    if (count < b->min) {
        return run_trouble(r, n, "%s() wants %d arguments or more", b->name, b->min);
    }
    size_t last = builtin_params(b) - 1;
    struct feel_value *fitted = ARENA_ARRAY(r->ctx->arena, struct feel_value, count);
    for (size_t i = 0; i < count; i++) {
        if (!fit(r, args[i], b->param[i < last ? i : last].kinds, &fitted[i])) {
            return run_trouble(r, n, "%s() does not take %s", b->name, value_kind_name(args[i]));
        }
    }
    return b->fn(r, n, fitted, count);
}

struct feel_value builtin_call(struct run *r, const struct node *n, const struct builtin *b,
                               const struct feel_value *args, size_t count)
{
    if (b->variadic == VARIADIC_ITEMS) {
        return call_items(r, n, b, args, count);
    }
    if (b->variadic == VARIADIC_REST) {
        return call_rest(r, n, b, args, count);
    }
    const char *name = b->name;
    const char *wrong_name = NULL;
    struct feel_value wrong = feel_null();
    struct feel_value fitted[BUILTIN_PARAMS];
    for (; b != NULL; b = builtin_next(b)) {
        if (count < b->min || count > builtin_params(b)) {
            continue;
        }
        size_t i = 0;
        while (i < count && fit(r, args[i], b->param[i].kinds, &fitted[i])) {
            i++;
        }
        if (i == count) {
            /* a built-in walks its lists and texts: that counts, at a lower price than turns of a
             * loop */
            r->env->steps +=
                count > 0 && (fitted[0].kind == FEEL_LIST || fitted[0].kind == FEEL_STRING)
                    ? fitted[0].n / 64
                    : 0;
            return b->fn(r, n, fitted, count);
        }
        wrong = args[i];
        wrong_name = b->param[i].name;
    }
    if (wrong_name == NULL) {
        return run_trouble(r, n, "%s() does not take %zu arguments", name, count);
    }
    return run_trouble(r, n, "%s() does not take %s as its %s", name, value_kind_name(wrong),
                       wrong_name);
}
