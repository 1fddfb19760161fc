/* JSON: parse, write, parse again; the canonical text of what parsed must parse to the same value.
 */
#include "base/arena.h"
#include "base/json.h"
#include "base/json_make.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *arena = arena_new((size_t)64 << 20);
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct json first;
        struct json again;
        if (json_parse(&ctx, (struct str){(const char *)bytes, n}, STR("fuzz"), &first) == ERR_OK) {
            struct buf b = buf_new(arena, 0);
            json_write(&b, &first);
            must(json_parse(&ctx, buf_str(&b), STR("again"), &again) == ERR_OK &&
                 json_equal(&first, &again));
            struct buf c = buf_new(arena, 0);
            if (json_write_canonical(&ctx, &c, &first) == ERR_OK) {
                must(json_parse(&ctx, buf_str(&c), STR("canonical"), &again) == ERR_OK &&
                     json_equal(&first, &again));
            }
        }
    }
    arena_free(arena);
    return 0;
}
