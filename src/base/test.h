/* test.h - what a test_*.c file includes, and nothing else does.
 *
 * A test is `TEST(room_what_it_shows) { ... CHECK(cond); }`. tools/testgen.awk gathers the names,
 * so there is no registration. Each test gets a fresh context on an arena of 64 MiB with a guard,
 * and the real world. A test fails at its first broken CHECK in the sense that it is counted once;
 * it runs on.
 */
#pragma once

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/world.h"

struct test {
    struct ctx *ctx;
    const char *name;
    int checks;
    int failures;
};

#define TEST(name)                                                                                 \
    void test_##name(struct test *t, struct ctx *ctx);                                             \
    void test_##name(struct test *t UNUSED, struct ctx *ctx UNUSED)

#define CHECK(cond) test_check(t, (cond), #cond, __FILE__, __LINE__)
#define CHECK_STR(got, want) test_check_str(t, (got), (want), __FILE__, __LINE__)
#define CHECK_INT(got, want) test_check_int(t, (int64_t)(got), (int64_t)(want), __FILE__, __LINE__)
#define CHECK_ERR(got, want) test_check_err(t, ctx, (got), (want), __FILE__, __LINE__)
#define CHECK_OK(expr) CHECK_ERR((expr), ERR_OK)

void test_check(struct test *t, bool ok, const char *cond, const char *file, int line);
void test_check_str(struct test *t, struct str got, const char *want, const char *file, int line);
void test_check_int(struct test *t, int64_t got, int64_t want, const char *file, int line);
void test_check_err(struct test *t, const struct ctx *ctx, enum err got, enum err want,
                    const char *file, int line);
/* Remove a folder a test made, with all in it; nothing when it is not there. */
void test_folder_remove(const char *path);
/* Make the folder `to` hold what `from` holds, and nothing else. */
void test_folder_copy(const char *from, const char *to);
/* The folder of shared reference data (TONGBAN_DATA, or ../shared/data beside the tree), or NULL
 * when it is not there; a test that needs it then checks what the tree itself holds. */
const char *test_data_dir(void);
