/* A law pack of a few files, divided by NUL, each with its path as first line; a statute's
 * Markdown. */
#include "base/arena.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/token.h"
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
        struct law_file files[9] = {{STR("pack.json"), STR("{\"pack\":\"x\"}")}};
        size_t count = 1;
        bool valid = true;
        struct str input = {(const char *)bytes, n};
        for (struct str left = input; count < LEN(files) && left.n > 0; count++) {
            struct str file = str_cut(left, '\0', &left);
            files[count].path = str_cut(file, '\n', &files[count].bytes);
            valid = valid && utf8_is_valid(files[count].path);
        }
        str_cut(input, '\n', &rest);
        struct law_pack_source pack = {files, count};
        struct law_problems problems;
        struct law *law = NULL;
        struct str name;
        struct str json;
        struct day day = {20000};
        if (valid) {
            must(law_load(&ctx, arena, &pack, 1, day, &law, &problems) !=
                 ERR_OK); /* so few files are no law */
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
