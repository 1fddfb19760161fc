/* The few Java functions that the compatibility kit calls (folder 0076), for scopes that allow
 * them. */
#include <math.h>
#include <stdio.h>

#include "base/utf8.h"
#include "feel/feel_in.h"

typedef struct feel_value java_fn(struct run *r, const struct node *n,
                                  const struct feel_value *args);

static struct feel_value from_double(struct run *r, double v)
{
    char text[64];
    struct decimal d = {0};
    int n = snprintf(text, sizeof(text), "%.17g", v);
    return n > 0 && decimal_parse((struct str){text, (size_t)n}, &d)
               ? value_number(r, decimal_reduce(d))
               : feel_null();
}

static struct feel_value java_cos(struct run *r, const struct node *n,
                                  const struct feel_value *args)
{
    return args[0].kind == FEEL_NUMBER
               ? from_double(r, cos(decimal_to_double(feel_decimal(args[0]))))
               : run_trouble(r, n, "cos wants a number");
}

static struct feel_value java_max(struct run *r, const struct node *n,
                                  const struct feel_value *args)
{
    if (args[0].kind != FEEL_NUMBER || args[1].kind != FEEL_NUMBER) {
        return run_trouble(r, n, "max wants numbers");
    }
    return number_compare(args[0], args[1]) >= 0 ? args[0] : args[1];
}

/* The number a text holds; numbers stand for themselves. */
static struct feel_value java_number(struct run *r, const struct node *n,
                                     const struct feel_value *args)
{
    struct decimal d = {0};
    if (args[0].kind == FEEL_NUMBER) {
        return args[0];
    }
    return args[0].kind == FEEL_STRING && decimal_parse(feel_str(args[0]), &d)
               ? value_number(r, d)
               : run_trouble(r, n, "this is no number");
}

/* A number that is whole and fits so many bits. */
static struct feel_value java_whole(struct run *r, const struct node *n,
                                    const struct feel_value *args, int bits)
{
    struct feel_value v = java_number(r, n, args);
    int64_t i = 0;
    int64_t end = (int64_t)1 << (bits - 1);
    return value_to_i64(v, &i) && i >= -end && i < end
               ? v
               : run_trouble(r, n, "this is no whole number of %d bits", bits);
}

static struct feel_value java_int(struct run *r, const struct node *n,
                                  const struct feel_value *args)
{
    return java_whole(r, n, args, 32);
}

static struct feel_value java_short(struct run *r, const struct node *n,
                                    const struct feel_value *args)
{
    return java_whole(r, n, args, 16);
}

static struct feel_value java_byte(struct run *r, const struct node *n,
                                   const struct feel_value *args)
{
    return java_whole(r, n, args, 8);
}

static struct feel_value java_char(struct run *r, const struct node *n,
                                   const struct feel_value *args)
{
    bool one = args[0].kind == FEEL_STRING && utf8_count(feel_str(args[0])) == 1;
    return one ? args[0] : run_trouble(r, n, "this is not one character");
}

/* "%s" alone, once for each argument. */
static struct feel_value java_format(struct run *r, const struct node *n,
                                     const struct feel_value *args)
{
    if (args[0].kind != FEEL_STRING) {
        return run_trouble(r, n, "format wants a string");
    }
    struct buf b = buf_new(r->ctx->arena, LIMIT_FEEL_STRING_BYTES);
    struct str rest = feel_str(args[0]);
    struct feel_value list = args[1].kind == FEEL_LIST ? args[1] : feel_list(&args[1], 1);
    for (uint32_t i = 0; i < list.n; i++) {
        size_t at = str_find(rest, STR("%s"));
        if (at == SIZE_MAX) {
            break;
        }
        buf_put(&b, str_slice(rest, 0, at));
        value_write(&b, list.items[i], false);
        rest = str_slice(rest, at + 2, rest.n);
    }
    buf_put(&b, rest);
    return feel_string(buf_str(&b));
}

static const struct {
    struct str class, signature;
    size_t count;
    java_fn *fn;
} functions[] = {
    {STR_INIT("java.lang.Math"), STR_INIT("cos(double)"), 1, java_cos},
    {STR_INIT("java.lang.Math"), STR_INIT("max(double,double)"), 2, java_max},
    {STR_INIT("java.lang.Math"), STR_INIT("max(float,float)"), 2, java_max},
    {STR_INIT("java.lang.Math"), STR_INIT("max(int,int)"), 2, java_max},
    {STR_INIT("java.lang.Math"), STR_INIT("max(long,long)"), 2, java_max},
    {STR_INIT("java.lang.Integer"), STR_INIT("valueOf(java.lang.String)"), 1, java_int},
    {STR_INIT("java.lang.Double"), STR_INIT("valueOf(java.lang.String)"), 1, java_number},
    {STR_INIT("java.lang.Float"), STR_INIT("valueOf(java.lang.String)"), 1, java_number},
    {STR_INIT("java.lang.Short"), STR_INIT("valueOf(short)"), 1, java_short},
    {STR_INIT("java.lang.Byte"), STR_INIT("valueOf(byte)"), 1, java_byte},
    {STR_INIT("java.lang.String"), STR_INIT("valueOf(char)"), 1, java_char},
    {STR_INIT("java.lang.String"), STR_INIT("format(java.lang.String,[Ljava.lang.Object;)"), 2,
     java_format},
};

static struct str without_spaces(struct arena *a, struct str s)
{
    char *p = arena_push_bytes(a, s.n);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != ' ') {
            p[n++] = s.p[i];
        }
    }
    return (struct str){p, n};
}

/* One found function, as the self of a native. */
struct java_self {
    java_fn *fn;
};

static enum err call_java(struct ctx *ctx, void *self, struct feel_env *env,
                          const struct feel_value *args, size_t count UNUSED,
                          struct feel_value *ret)
{
    const struct java_self *java = self;
    struct run r = run_new(ctx, env, NULL);
    *ret = java->fn(&r, NULL, args);
    return ERR_OK;
}

struct feel_value java_function(struct run *r, const struct node *n, struct str class,
                                struct str signature, const struct feel_member *params,
                                size_t count)
{
    struct str plain = without_spaces(r->ctx->arena, signature);
    for (size_t i = 0; i < LEN(functions); i++) {
        if (str_equal(functions[i].class, class) && str_equal(functions[i].signature, plain) &&
            functions[i].count == count) {
            struct java_self *self = ARENA_NEW(r->ctx->arena, struct java_self);
            self->fn = functions[i].fn;
            return feel_function_native(r->ctx->arena, params, count, NULL, call_java, self);
        }
    }
    return run_trouble(r, n, "there is no %.*s.%.*s", FMT(class), FMT(signature));
}
