/* Running programs and calling functions: limits, frames, troubles. */
#include <stdarg.h>
#include <stdio.h>

#include "feel/parse_in.h"

/* A native call counts as that many nodes: its own C frames are not known. */
enum { STACK_CHUNK = 512, NATIVE_DEPTH = 20 };

/* ---- troubles ---- */

static PRINTF(5, 0) void add_trouble(struct ctx *ctx, struct feel_env *env, uint32_t line,
                                     uint32_t column, const char *format, va_list args)
{
    struct feel_troubles *t = env->troubles;
    if (t == NULL || t->count++ >= t->max) {
        return;
    }
    char text[256];
    int n = vsnprintf(text, sizeof(text), format, args);
    size_t size = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
    t->list[t->count - 1] =
        (struct feel_trouble){line, column, str_copy(ctx->arena, (struct str){text, size})};
}

void feel_trouble(struct ctx *ctx, struct feel_env *env, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_trouble(ctx, env, 0, 0, format, args);
    va_end(args);
}

struct feel_value run_trouble(struct run *r, const struct node *n, const char *format, ...)
{
    struct feel_troubles *t = r->env->troubles;
    if (t == NULL || t->count >= t->max) {
        if (t != NULL) {
            t->count++;
        }
        return feel_null();
    }
    uint32_t line = 0, column = 0;
    if (n != NULL && r->program != NULL) {
        const struct feel_source *s = &r->program->source;
        json_place(s->text, n->offset, &line, &column);
        column = line == 1 && s->column > 1 ? column + s->column - 1 : column;
        line += s->line > 1 ? s->line - 1 : 0;
    }
    va_list args;
    va_start(args, format);
    add_trouble(r->ctx, r->env, line, column, format, args);
    va_end(args);
    return feel_null();
}

/* ---- limits ---- */

bool run_stop(struct run *r)
{
    (void)run_fail(r, ERR_TOO_MANY, "more than %llu loop turns and calls",
                   (unsigned long long)r->steps_max);
    return false;
}

struct feel_value run_fail(struct run *r, enum err err, const char *format, ...)
{
    if (r->err != ERR_OK) {
        return feel_null();
    }
    char what[128];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    struct str file = r->program == NULL ? (struct str){0} : r->program->source.file;
    uint32_t line = r->program == NULL ? 0 : r->program->source.line;
    r->err = fault_at(r->ctx, err, file, line, 0, "the expression was stopped: %s", what);
    return feel_null();
}

struct run run_new(struct ctx *ctx, struct feel_env *env, const struct feel_program *program)
{
    return (struct run){.ctx = ctx,
                        .env = env,
                        .program = program,
                        .steps_max = env->steps_max == 0 ? LIMIT_FEEL_STEPS : env->steps_max};
}

enum err feel_eval(struct ctx *ctx, const struct feel_program *program, struct feel_env *env,
                   struct feel_value *ret)
{
    enum { FRAME_INLINE = 8 };
    struct feel_value frame[FRAME_INLINE];
    struct run r = run_new(ctx, env, program);
    r.frame = frame;
    if (program->frame_size > FRAME_INLINE) {
        r.frame = ARENA_ARRAY(ctx->arena, struct feel_value, program->frame_size);
    } else {
        memset(frame, 0, program->frame_size * sizeof(frame[0]));
    }
    env->depth += program->depth;
    if (env->depth > LIMIT_FEEL_CALL_DEPTH) {
        (void)run_fail(&r, ERR_TOO_DEEP, "calls are nested too deep");
    }
    struct feel_value v = r.err == ERR_OK ? eval(&r, program->root) : feel_null();
    env->depth -= program->depth;
    if (r.err != ERR_OK) {
        return r.err;
    }
    *ret = v;
    return ERR_OK;
}

/* ---- calls ---- */

/* A zeroed frame of n slots on the run's own stack. */
static struct feel_value *frame_take(struct run *r, size_t n)
{
    if ((size_t)(r->stack_end - r->stack) < n) {
        size_t room = n > STACK_CHUNK ? n : STACK_CHUNK;
        r->stack = ARENA_ARRAY(r->ctx->arena, struct feel_value, room);
        r->stack_end = r->stack + room;
    }
    struct feel_value *frame = r->stack;
    memset(frame, 0, n * sizeof(*frame));
    r->stack += n;
    return frame;
}

static struct feel_value call_lambda(struct run *r, const struct feel_function *f,
                                     const struct feel_value *args)
{
    const struct lambda *l = f->lambda;
    struct run outer = *r;
    struct feel_value *frame = frame_take(r, l->frame_size);
    struct feel_value *stack = r->stack;
    struct feel_value *stack_end = r->stack_end;
    for (uint32_t i = 0; i < l->param_count; i++) {
        frame[i] = args[i];
    }
    const uint32_t *slots = l->capture_slots;
    for (uint32_t i = 0; i < l->capture_count; i++) {
        frame[slots[i]] = f->captured[i];
    }
    r->frame = frame;
    r->program = l->program;
    r->env->depth += l->depth + 2;
    struct feel_value v = feel_null();
    if (r->env->depth > LIMIT_FEEL_CALL_DEPTH) {
        v = run_fail(r, ERR_TOO_DEEP, "calls are nested too deep");
    } else {
        v = eval(r, l->body);
    }
    r->env->depth -= l->depth + 2;
    r->frame = outer.frame;
    r->program = outer.program;
    /* give the frame back, but stay in a chunk that was begun meanwhile */
    if (r->stack_end == stack_end) {
        r->stack = stack - l->frame_size;
    }
    return v;
}

/* The arguments as the parameters want them; false, with a trouble, when one does not fit. */
static bool coerce_args(struct run *r, const struct node *n, const struct feel_function *f,
                        const struct feel_value *args, struct feel_value *out)
{
    for (size_t i = 0; i < f->count; i++) {
        out[i] =
            f->params[i].type == NULL ? args[i] : type_coerce(r, n, args[i], f->params[i].type);
        if (feel_is_null(out[i]) && !feel_is_null(args[i])) {
            return false;
        }
    }
    return true;
}

static bool has_types(const struct feel_function *f)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->params[i].type != NULL) {
            return true;
        }
    }
    return false;
}

struct feel_value run_call(struct run *r, const struct node *n, struct feel_value function,
                           const struct feel_value *args, size_t count)
{
    if (function.kind != FEEL_FUNCTION) {
        return run_trouble(r, n, "%s cannot be called", value_kind_name(function));
    }
    const struct feel_function *f = function.function;
    if (!run_step(r)) {
        return feel_null();
    }
    if (f->form == FUNCTION_BUILTIN) {
        return builtin_call(r, n, f->builtin, args, count);
    }
    if (count != f->count) {
        return run_trouble(r, n, "%zu arguments given, %zu wanted", count, f->count);
    }
    if (has_types(f)) {
        struct feel_value *fitting = ARENA_ARRAY(r->ctx->arena, struct feel_value, count);
        if (!coerce_args(r, n, f, args, fitting)) {
            return feel_null();
        }
        args = fitting;
    }
    if (f->form == FUNCTION_LAMBDA) {
        return call_lambda(r, f, args);
    }
    struct feel_value v = feel_null();
    if (r->env->depth > LIMIT_FEEL_CALL_DEPTH) {
        return run_fail(r, ERR_TOO_DEEP, "calls are nested too deep");
    }
    r->env->depth += NATIVE_DEPTH;
    enum err err = f->call(r->ctx, f->self, r->env, args, count, &v);
    r->env->depth -= NATIVE_DEPTH;
    if (err != ERR_OK) {
        r->err = r->err == ERR_OK ? err : r->err;
        return feel_null();
    }
    return f->result == NULL ? v : type_coerce(r, n, v, f->result);
}

struct feel_value run_call_named(struct run *r, const struct node *n, struct feel_value function,
                                 const struct feel_entry *args, size_t count)
{
    if (function.kind != FEEL_FUNCTION) {
        return run_trouble(r, n, "%s cannot be called", value_kind_name(function));
    }
    const struct feel_function *f = function.function;
    struct feel_value *ordered =
        ARENA_ARRAY(r->ctx->arena, struct feel_value, f->count + BUILTIN_PARAMS);
    if (f->form == FUNCTION_BUILTIN) {
        size_t at[BUILTIN_PARAMS] = {0};
        struct str *names = ARENA_ARRAY(r->ctx->arena, struct str, count);
        size_t used = 0;
        for (size_t i = 0; i < count; i++) {
            names[i] = args[i].key;
        }
        const struct builtin *b = builtin_order(f->builtin, names, count, at);
        if (b == NULL) {
            return run_trouble(r, n, "%s() has no parameters of these names", f->builtin->name);
        }
        for (size_t i = 0; i < count; i++) {
            ordered[at[i]] = args[i].value;
            used = at[i] + 1 > used ? at[i] + 1 : used;
        }
        return builtin_call(r, n, b, ordered, used);
    }
    bool *given = ARENA_ARRAY(r->ctx->arena, bool, f->count);
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < f->count && !str_equal(f->params[at].name, args[i].key)) {
            at++;
        }
        if (at == f->count || given[at]) {
            return run_trouble(r, n, "there is no parameter \"%.*s\" left", FMT(args[i].key));
        }
        given[at] = true;
        ordered[at] = args[i].value;
    }
    if (count != f->count) {
        return run_trouble(r, n, "%zu arguments given, %zu wanted", count, f->count);
    }
    return run_call(r, n, function, ordered, f->count);
}

/* ---- the face ---- */

struct feel_value feel_function_native(struct arena *a, const struct feel_member *params,
                                       size_t count, const struct feel_type *result,
                                       feel_native *call, void *self)
{
    struct feel_function *f = ARENA_NEW(a, struct feel_function);
    *f = (struct feel_function){.form = FUNCTION_NATIVE,
                                .params = params,
                                .count = count,
                                .result = result,
                                .call = call,
                                .self = self};
    return (struct feel_value){.kind = FEEL_FUNCTION, .function = f};
}

static enum err call_end(const struct run *r, struct feel_value v, struct feel_value *ret)
{
    if (r->err == ERR_OK) {
        *ret = v;
    }
    return r->err;
}

enum err feel_call(struct ctx *ctx, struct feel_env *env, struct feel_value function,
                   const struct feel_value *args, size_t count, struct feel_value *ret)
{
    struct run r = run_new(ctx, env, NULL);
    return call_end(&r, run_call(&r, NULL, function, args, count), ret);
}

enum err feel_call_named(struct ctx *ctx, struct feel_env *env, struct feel_value function,
                         const struct feel_entry *args, size_t count, struct feel_value *ret)
{
    struct run r = run_new(ctx, env, NULL);
    return call_end(&r, run_call_named(&r, NULL, function, args, count), ret);
}

