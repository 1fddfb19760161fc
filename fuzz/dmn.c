/* A DMN model from any bytes; its decisions evaluated on values that fit many tables. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/str.h"
#include "dmn/dmn.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void evaluate(struct ctx *ctx, const struct dmn_model *model, struct str decision)
{
    static const struct str names[] = {STR_INIT("a"), STR_INIT("b"), STR_INIT("premises.area"), STR_INIT("x")};
    struct feel_value values[] = {feel_int(3), feel_string(STR("b")), feel_bool(true), feel_null()};
    struct feel_entry entries[LEN(names)];
    for (size_t i = 0; i < LEN(names); i++) {
        entries[i] = (struct feel_entry){names[i], values[i]};
    }
    struct dmn_result result = {0};
    if (dmn_evaluate(ctx, model, decision, feel_context(entries, LEN(entries)), (struct instant){0}, &result) == ERR_OK) {
        struct json j = feel_to_json(ctx, result.value);
        struct buf b = buf_new(ctx->arena, 0);
        json_write(&b, &j);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const struct str decisions[] = {STR_INIT("d"), STR_INIT("eligibility"), STR_INIT("e")};
    struct arena *arena = arena_new((size_t)256 << 20);
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct dmn_model *model = NULL;
        if (dmn_load(&ctx, (struct str){(const char *)bytes, n}, STR("fuzz"), &model) == ERR_OK) {
            for (size_t i = 0; i < LEN(decisions); i++) {
                if (dmn_has_decision(model, decisions[i])) {
                    evaluate(&ctx, model, decisions[i]);
                }
            }
        }
    }
    arena_guard(arena, NULL);
    arena_free(arena);
    return 0;
}
