/* A law pack of one file, whose path is the input's first line; a statute's Markdown; a document's holes. */
#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "law/law.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *arena = arena_new((size_t)256 << 20);
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct str rest = {0};
        struct law_file files[2] = {{STR("pack.json"), STR("{\"pack\":\"x\"}")}, {{0}, {0}}};
        files[1].path = str_cut((struct str){(const char *)bytes, n}, '\n', &rest);
        files[1].bytes = rest;
        struct law_pack_source pack = {files, 2};
        struct law_problems problems;
        struct law *law = NULL;
        struct str name;
        struct str json;
        struct day day = {20000};
        if (utf8_is_valid(files[1].path)) {
            must(law_load(&ctx, arena, &pack, 1, day, &law, &problems) != ERR_OK); /* one file is no law */
        }
        if (law_import_statute(&ctx, STR("x(2020-01-01).md"), rest, &name, &json) == ERR_OK) {
            struct json parsed;
            must(json_parse(&ctx, json, name, &parsed) == ERR_OK);
        }
    }
    arena_guard(arena, NULL);
    arena_free(arena);
    return 0;
}
