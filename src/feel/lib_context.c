/* Context built-ins (DMN 1.5, 10.3.4.9). */
#include "feel/feel_in.h"

/* The context with one key set; new keys come last. */
static struct feel_value put(struct run *r, struct feel_value context, struct str key,
                             struct feel_value v)
{
    struct feel_entry *entries =
        ARENA_ARRAY(r->ctx->arena, struct feel_entry, context.n + (size_t)1);
    uint32_t at = 0;
    while (at < context.n && !str_equal(context.entries[at].key, key)) {
        at++;
    }
    if (context.n > 0) {
        memcpy(entries, context.entries, context.n * sizeof(*entries));
    }
    entries[at] = (struct feel_entry){key, v};
    return feel_context(entries, at == context.n ? context.n + (size_t)1 : context.n);
}

/* The same along a list of keys. */
static struct feel_value put_deep(struct run *r, const struct node *n, struct feel_value context,
                                  const struct feel_value *keys, uint32_t count,
                                  struct feel_value v)
{
    if (count == 0 || keys[0].kind != FEEL_STRING || context.kind != FEEL_CONTEXT ||
        count > LIMIT_FEEL_DEPTH) {
        return run_trouble(r, n, "the keys lead to no place in the context");
    }
    struct str key = feel_str(keys[0]);
    if (count == 1) {
        return put(r, context, key, v);
    }
    const struct feel_value *inner = feel_get(context, key);
    struct feel_value below =
        put_deep(r, n, inner == NULL ? feel_null() : *inner, keys + 1, count - 1, v);
    return feel_is_null(below) ? below : put(r, context, key, below);
}

static struct feel_value do_put(struct run *r, const struct node *n, const struct feel_value *args,
                                size_t count UNUSED)
{
    if (args[1].kind == FEEL_STRING) {
        return put(r, args[0], feel_str(args[1]), args[2]);
    }
    return put_deep(r, n, args[0], args[1].items, args[1].n, args[2]);
}

static struct feel_value do_get(struct run *r, const struct node *n, const struct feel_value *args,
                                size_t count UNUSED)
{
    const struct feel_value *v = feel_get(args[0], feel_str(args[1]));
    return v != NULL ? *v
                     : run_trouble(r, n, "there is no member \"%.*s\"", FMT(feel_str(args[1])));
}

static struct feel_value do_entries(struct run *r, const struct node *n UNUSED,
                                    const struct feel_value *args, size_t count UNUSED)
{
    struct feel_value *items = ARENA_ARRAY(r->ctx->arena, struct feel_value, args[0].n);
    for (uint32_t i = 0; i < args[0].n; i++) {
        struct feel_entry *pair = ARENA_ARRAY(r->ctx->arena, struct feel_entry, 2);
        pair[0] = (struct feel_entry){STR("key"), feel_string(args[0].entries[i].key)};
        pair[1] = (struct feel_entry){STR("value"), args[0].entries[i].value};
        items[i] = feel_context(pair, 2);
    }
    return feel_list(items, args[0].n);
}

static struct feel_value do_context(struct run *r, const struct node *n,
                                    const struct feel_value *args, size_t count UNUSED)
{
    struct feel_value list = args[0];
    struct feel_entry *entries = ARENA_ARRAY(r->ctx->arena, struct feel_entry, list.n);
    for (uint32_t i = 0; i < list.n; i++) {
        const struct feel_value *key = feel_get(list.items[i], STR("key"));
        const struct feel_value *v = feel_get(list.items[i], STR("value"));
        r->env->steps += i / 8;
        if (!run_step(r)) {
            return feel_null();
        }
        if (key == NULL || key->kind != FEEL_STRING || v == NULL) {
            return run_trouble(r, n,
                               "each entry must have a \"key\" that is a string and a \"value\"");
        }
        if (feel_get(feel_context(entries, i), feel_str(*key)) != NULL) {
            return run_trouble(r, n, "the key \"%.*s\" stands twice", FMT(feel_str(*key)));
        }
        entries[i] = (struct feel_entry){feel_str(*key), *v};
    }
    return feel_context(entries, list.n);
}

static struct feel_value do_merge(struct run *r, const struct node *n,
                                  const struct feel_value *args, size_t count UNUSED)
{
    struct feel_value all = feel_context(NULL, 0);
    for (uint32_t i = 0; i < args[0].n; i++) {
        struct feel_value one = args[0].items[i];
        if (one.kind != FEEL_CONTEXT) {
            return run_trouble(r, n, "the list holds %s, not only contexts", value_kind_name(one));
        }
        for (uint32_t k = 0; k < one.n; k++) {
            r->env->steps += all.n / 8;
            if (!run_step(r)) {
                return feel_null();
            }
            all = put(r, all, one.entries[k].key, one.entries[k].value);
        }
    }
    return all;
}

static const struct builtin rows[] = {
    {"get value", do_get, {{"m", K_CONTEXT}, {"key", K_STRING}}, 2, 0, false},
    {"get entries", do_entries, {{"m", K_CONTEXT}}, 1, 0, false},
    {"context", do_context, {{"entries", K_LIST}}, 1, 0, false},
    {"context put",
     do_put,
     {{"context", K_CONTEXT}, {"key", K_STRING}, {"value", K_ANY}},
     3,
     0,
     false},
    {"context put",
     do_put,
     {{"context", K_CONTEXT}, {"keys", K_LIST}, {"value", K_ANY}},
     3,
     0,
     false},
    {"context merge", do_merge, {{"contexts", K_LIST}}, 1, 0, false},
};
const struct builtin_table feel_lib_context = {rows, LEN(rows)};
