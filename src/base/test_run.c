/* test_run.c - the runner of all unit tests: `tests [--part K/N] [PREFIX…] [-PREFIX…]`, those that
 * begin with one of the former and with none of the latter; exit 1 when one fails, or when none
 * ran.
 *
 * Every test has an arena of its own, and a guard: one that runs out of memory fails alone. Tests
 * do not depend on each other or on their order, so N processes may run the parts 1/N … N/N side by
 * side; a part is every Nth test, which spreads the long ones that stand together in a file. With
 * TONGBAN_TIMES set, each test says how long it took, and how long a processor, with the processes
 * it started: beside other work only the latter can be compared. */
#include "base/test_run.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

void test_check(struct test *t, bool ok, const char *cond, const char *file, int line)
{
    t->checks++;
    if (!ok) {
        t->failures++;
        printf("%s:%d: %s: not so: %s\n", file, line, t->name, cond);
    }
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

void test_folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct {
    const char *from;
    const char *to;
} copying;

static void copy_bytes(const char *from, const char *to)
{
    char bytes[8192];
    size_t n = 0;
    FILE *in = fopen(from, "r");
    FILE *out = fopen(to, "w");
    must(in != NULL && out != NULL);
    while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0) {
        must(fwrite(bytes, 1, n, out) == n);
    }
    must(!ferror(in) && fclose(in) == 0 && fclose(out) == 0);
}

static int copy_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    char to[4096];
    (void)at;
    snprintf(to, sizeof(to), "%s%s", copying.to, path + strlen(copying.from));
    if (flag == FTW_D) {
        must(mkdir(to, 0700) == 0);
    } else if (S_ISREG(st->st_mode)) {
        copy_bytes(path, to);
    }
    return 0;
}

void test_folder_copy(const char *from, const char *to)
{
    test_folder_remove(to);
    copying.from = from;
    copying.to = to;
    must(nftw(from, copy_one, 16, FTW_PHYS) == 0);
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

/* Named, or nothing is; and not left out. */
static bool wanted(const char *name, int argc, char **argv)
{
    bool named = false;
    bool any_named = false;
    bool left_out = false;
    for (int i = 1; i < argc; i++) {
        bool leaves_out = argv[i][0] == '-';
        const char *prefix = argv[i] + leaves_out;
        bool hit = strncmp(name, prefix, strlen(prefix)) == 0;
        any_named = any_named || !leaves_out;
        named = named || (hit && !leaves_out);
        left_out = left_out || (hit && leaves_out);
    }
    return (named || !any_named) && !left_out;
}

/* "K/N" with 1 <= K <= N. */
static bool part_of(const char *text, size_t *ret_part, size_t *ret_parts)
{
    char *end = NULL;
    *ret_part = strtoul(text, &end, 10);
    *ret_parts = *end == '/' ? strtoul(end + 1, &end, 10) : 0;
    return *end == '\0' && *ret_part >= 1 && *ret_part <= *ret_parts;
}

static double processor_s(void)
{
    struct rusage own;
    struct rusage others;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &others);
    return (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec + others.ru_utime.tv_sec +
                    others.ru_stime.tv_sec) +
           (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec + others.ru_utime.tv_usec +
                    others.ru_stime.tv_usec) /
               1e6;
}

static bool timed_run(const struct test_row *row)
{
    struct world *w = world_real();
    int64_t begun = w->mono_ns(w);
    double used = processor_s();
    bool ok = run(row);
    if (getenv("TONGBAN_TIMES") != NULL) {
        printf("%7.2f s %7.2f s  %s\n", (double)(w->mono_ns(w) - begun) / 1e9, processor_s() - used,
               row->name);
    }
    return ok;
}

int main(int argc, char **argv)
{
    size_t part = 1;
    size_t parts = 1;
    size_t seen = 0;
    int passed = 0;
    int failed = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 1 && strcmp(argv[1], "--part") == 0) {
        if (argc == 2 || !part_of(argv[2], &part, &parts)) {
            fprintf(stderr, "usage: tests [--part K/N] [PREFIX...] [-PREFIX...]\n");
            return 2;
        }
        argc -= 2;
        argv += 2;
    }
    for (size_t i = 0; i < test_row_count; i++) {
        if (!wanted(test_rows[i].name, argc, argv) || seen++ % parts != part - 1) {
            continue;
        }
        bool ok = timed_run(&test_rows[i]);
        passed += ok;
        failed += !ok;
    }
    printf("unit: %d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0;
}
