/* Greetings of a line: what parses prints as text that parses to the same. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "line/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *arena = arena_new((size_t)64 << 20);
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct line_greeting g;
        struct line_greeting again;
        struct buf b = buf_new(arena, 0);
        if (line_greeting_get((struct str){(const char *)bytes, n}, &g)) {
            line_greeting_put(&b, &g);
            must(line_greeting_get(buf_str(&b), &again));
            must(again.protocol == g.protocol && str_equal(again.form, g.form) &&
                 str_equal(again.origin, g.origin) && str_equal(again.issuer, g.issuer) &&
                 str_equal(again.refused, g.refused));
            must(line_greeting_fit(&ctx, &g, &again) == ERR_OK);
        }
    }
    arena_free(arena);
    return 0;
}
