/* feel.c - any bytes as a FEEL expression and as unary tests: compile, evaluate, write; nothing may
 * crash or hang. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "feel/feel.h"
#include "feel/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void run(struct ctx *ctx, struct str text, bool unary)
{
    static const struct feel_member names[] = {{STR_INIT("a"), NULL},
                                               {STR_INIT("list"), NULL},
                                               {STR_INIT("full name"), NULL},
                                               {STR_INIT("x-y"), NULL}};
    const struct feel_scope scope = {.names = names, .count = LEN(names), .java = true};
    struct feel_value items[] = {feel_int(1), feel_int(2), feel_string(STR("b")), feel_null()};
    struct feel_entry entries[] = {{STR("price"), feel_int(3)},
                                   {STR("items"), feel_list(items, LEN(items))}};
    struct feel_value slots[] = {feel_context(entries, LEN(entries)), feel_list(items, LEN(items)),
                                 feel_string(STR("c")), feel_bool(true)};
    struct feel_trouble list[4];
    struct feel_troubles troubles = {list, LEN(list), 0};
    struct feel_env env = {
        .slots = slots, .input = feel_int(5), .troubles = &troubles, .steps_max = 20000};
    const struct feel_program *program = NULL;
    struct feel_value v;
    struct feel_source source = {.text = text};
    enum err err = unary ? feel_compile_unary(ctx, &scope, source, &program)
                         : feel_compile(ctx, &scope, source, &program);
    if (err != ERR_OK || feel_eval(ctx, program, &env, &v) != ERR_OK) {
        return;
    }
    struct json j = feel_to_json(ctx, v);
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, &j);
    (void)feel_text(ctx, v);
    (void)feel_equal(v, v);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct arena *arena;
    if (arena == NULL) {
        arena = arena_new((size_t)64 << 20);
    }
    struct arena_guard guard;
    struct ctx ctx = {.arena = arena};
    arena_guard(arena, &guard);
    for (volatile int unary = 0; unary < 2; unary++) {
        if (setjmp(guard.jump) == 0) {
            run(&ctx, (struct str){(const char *)bytes, size}, unary != 0);
        }
        arena_clear(arena);
    }
    return 0;
}
