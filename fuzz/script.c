/* A digit that picks a model, then a script for it, as tongban bpmn run takes them. A script that
 * begins with "<" brings its own model, up to a line of dashes. */
#include "base/arena.h"
#include "base/str.h"
#include "bpmn/bpmn.h"
#include "bpmn/look.h"
#include "processes.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void look(void *self, struct str line)
{
    *(size_t *)self += line.n;
    must(line.n > 1 && line.p[0] == '{' && line.p[line.n - 1] == '}');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *arena = arena_new((size_t)256 << 20);
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct str all = {(const char *)bytes, n};
        size_t said = 0;
        size_t cut = str_find(all, STR("\n----\n"));
        bool good = false;
        bool own = n > 0 && all.p[0] == '<' && cut != SIZE_MAX;
        struct bpmn_script s = {.model_file = STR("m"),
                                .text_file = STR("s"),
                                .at = {1767225600000},
                                .any = true,
                                .self = &said,
                                .line = look};
        s.model = own ? str_slice(all, 0, cut) : process_text(arena, n == 0 ? 0 : bytes[0]);
        s.process = own ? STR("") : STR("p");
        s.text = own ? str_slice(all, cut + 6, n) : str_slice(all, n > 0, n);
        enum err e = bpmn_play(&ctx, &s, &good);
        must(e == ERR_OK || ctx.why.detail.n > 0);
    }
    arena_guard(arena, NULL);
    arena_free(arena);
    return 0;
}
