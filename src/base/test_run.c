/* The runner of all unit tests: `tests [PREFIX]`; exit 1 when one fails. */
#include "base/test_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void test_check(struct test *t, bool ok, const char *cond, const char *file, int line)
{
    t->checks++;
    if (!ok) {
        t->failures++;
        printf("%s:%d: %s: not so: %s\n", file, line, t->name, cond);
    }
}

void test_check_str(struct test *t, struct str got, const char *want, const char *file, int line)
{
    t->checks++;
    if (!str_equal(got, str_from(want))) {
        t->failures++;
        printf("%s:%d: %s: got \"%.*s\", want \"%s\"\n", file, line, t->name, FMT(got), want);
    }
}

void test_check_int(struct test *t, int64_t got, int64_t want, const char *file, int line)
{
    t->checks++;
    if (got != want) {
        t->failures++;
        printf("%s:%d: %s: got %lld, want %lld\n", file, line, t->name, (long long)got,
               (long long)want);
    }
}

void test_check_err(struct test *t, const struct ctx *ctx, enum err got, enum err want,
                    const char *file, int line)
{
    t->checks++;
    if (got != want) {
        t->failures++;
        printf("%s:%d: %s: got %s, want %s (%.*s)\n", file, line, t->name, err_name(got),
               err_name(want), FMT(ctx->why.detail));
    }
}

const char *test_data_dir(void)
{
    const char *dir = getenv("TONGBAN_DATA");
    dir = dir == NULL ? "../shared/data" : dir;
    return access(dir, R_OK) == 0 ? dir : NULL;
}

static bool run(const struct test_row *row)
{
    struct arena *arena = arena_new((size_t)1 << 30);
    must(arena != NULL);
    struct ctx ctx = {.arena = arena, .world = world_real()};
    struct test t = {.ctx = &ctx, .name = row->name};
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        row->fn(&t, &ctx);
    } else {
        t.failures++;
        printf("%s: ran out of memory\n", row->name);
    }
    arena_free(arena);
    if (t.failures > 0) {
        printf("FAILED %s\n", row->name);
    }
    return t.failures == 0;
}

/* Without arguments all; else those whose name begins with one of them. */
static bool wanted(const char *name, int argc, char **argv)
{
    bool hit = argc == 1;
    for (int i = 1; i < argc; i++) {
        hit = hit || strncmp(name, argv[i], strlen(argv[i])) == 0;
    }
    return hit;
}

int main(int argc, char **argv)
{
    int passed = 0;
    int failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < test_row_count; i++) {
        if (!wanted(test_rows[i].name, argc, argv)) {
            continue;
        }
        bool ok = run(&test_rows[i]);
        passed += ok;
        failed += !ok;
    }
    printf("unit: %d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
