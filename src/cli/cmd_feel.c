/* feel: evaluate one expression and print its value as JSON. */
#include "cli/cmd.h"
#include "cli/commands.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/day.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "feel/feel.h"
#include "feel/value.h"

enum { ARENA_BYTES = 256 * 1024 * 1024, CONTEXT_BYTES_MAX = 16 * 1024 * 1024, TROUBLES_MAX = 8 };

static const char help[] =
    "usage: tongban feel EXPR [--context FILE]\n"
    "\n"
    "Evaluate a FEEL expression (DMN 1.5) and print its value as JSON.\n"
    "计算一个 FEEL 表达式，并以 JSON 输出其值。\n"
    "\n"
    "  --context FILE   a JSON object; its members are names the expression may use\n"
    "                   一个 JSON 对象；其成员是表达式可以使用的名称\n"
    "\n"
    "Dates, durations and ranges are printed as their text. Why a value is null is told on "
    "stderr.\n"
    "Exit 0: printed; 1: not a FEEL expression, or null for a reason; 2: wrong usage.\n";

struct options {
    const char *expression;
    const char *context;
    bool help;
};

static bool read_options(int argc, char **argv, struct options *ret)
{
    for (int i = 1; i < argc; i++) {
        struct str arg = str_from(argv[i]);
        if (str_equal(arg, STR("--help"))) {
            ret->help = true;
        } else if (str_equal(arg, STR("--context")) && i + 1 < argc && ret->context == NULL) {
            ret->context = argv[++i];
        } else if (ret->expression == NULL && !str_starts(arg, STR("--"))) {
            ret->expression = argv[i];
        } else {
            return false;
        }
    }
    return ret->help || ret->expression != NULL;
}

/* The members of the context file as names and slots. */
static enum err read_context(struct ctx *ctx, const char *path, struct feel_scope *scope,
                             struct feel_env *env)
{
    struct str text = {0};
    struct json j;
    struct feel_value v = feel_null();
    if (path == NULL) {
        return ERR_OK;
    }
    TRY(file_read(ctx, path, CONTEXT_BYTES_MAX, &text));
    TRY(json_parse(ctx, text, str_from(path), &j));
    if (!json_is(&j, JSON_OBJECT)) {
        return fault(ctx, ERR_TYPE, "the context must be a JSON object");
    }
    TRY(feel_from_json(ctx, &j, NULL, &v));
    struct feel_member *names = ARENA_ARRAY(ctx->arena, struct feel_member, v.n);
    struct feel_value *slots = ARENA_ARRAY(ctx->arena, struct feel_value, v.n);
    for (uint32_t i = 0; i < v.n; i++) {
        names[i].name = v.entries[i].key;
        slots[i] = v.entries[i].value;
    }
    scope->names = names;
    scope->count = v.n;
    env->slots = slots;
    return ERR_OK;
}

static enum err evaluate(struct ctx *ctx, const struct options *o, struct feel_troubles *troubles,
                         struct feel_value *ret)
{
    struct feel_scope scope = {.zones = &feel_zones_of_world};
    struct feel_env env = {.troubles = troubles,
                           .now = ctx->world->now(ctx->world),
                           .now_offset_s = (int32_t)(OFFICIAL_OFFSET_MS / 1000)};
    const struct feel_program *program = NULL;
    TRY(read_context(ctx, o->context, &scope, &env));
    TRY(feel_compile(ctx, &scope, (struct feel_source){.text = str_from(o->expression)}, &program));
    return feel_eval(ctx, program, &env, ret);
}

static int run(struct ctx *ctx, const struct options *o)
{
    struct feel_trouble list[TROUBLES_MAX];
    struct feel_troubles troubles = {list, TROUBLES_MAX, 0};
    struct feel_value v = feel_null();
    enum err err = evaluate(ctx, o, &troubles, &v);
    if (err != ERR_OK) {
        const struct why *why = &ctx->why;
        fprintf(stderr, "tongban feel: %s", err_sentence(err));
        if (why->line > 0) {
            fprintf(stderr, " Line %u, column %u:", why->line, why->column);
        }
        fprintf(stderr, " %.*s\n", FMT(why->detail));
        return 1;
    }
    struct json j = feel_to_json(ctx, v);
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, &j);
    struct str text = buf_str(&b);
    fwrite(text.p, 1, text.n, stdout);
    putchar('\n');
    for (size_t i = 0; feel_is_null(v) && i < troubles.count && i < troubles.max; i++) {
        fprintf(stderr, "tongban feel: line %u, column %u: %.*s\n", list[i].line, list[i].column,
                FMT(list[i].reason));
    }
    return feel_is_null(v) && troubles.count > 0 ? 1 : 0;
}

/* In a frame of its own, since the guard's jump would spoil locals. */
static int run_guarded(struct arena *arena, const struct options *o)
{
    struct arena_guard guard;
    struct ctx ctx = {.arena = arena, .world = world_real()};
    arena_guard(arena, &guard);
    if (setjmp(guard.jump) != 0) {
        fprintf(stderr, "tongban feel: %s\n", err_sentence(ERR_MEMORY));
        return 1;
    }
    return run(&ctx, o);
}

int cmd_feel(int argc, char **argv)
{
    struct options o = {0};
    if (!read_options(argc, argv, &o)) {
        fputs(help, stderr);
        return 2;
    }
    if (o.help) {
        fputs(help, stdout);
        return 0;
    }
    struct arena *arena = arena_new(ARENA_BYTES);
    if (arena == NULL) {
        fprintf(stderr, "tongban feel: %s\n", err_sentence(ERR_MEMORY));
        return 1;
    }
    int code = run_guarded(arena, &o);
    arena_free(arena);
    return code;
}
