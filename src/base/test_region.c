/* Regions: pieces lie close, what goes makes room, what is shared is seen by a child at the same
 * address and written by it at the price of its life. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/region.h"
#include "base/test.h"

enum { PIECES = 1000 };

TEST(region_pieces_lie_close_and_grow_no_more)
{
    struct region *r = NULL;
    struct arena *a[PIECES];
    CHECK_OK(region_new(ctx, REGION_OWN, (size_t)1 << 32, &r));
    const char *first = NULL;
    const char *last = NULL;
    for (size_t i = 0; i < PIECES; i++) {
        a[i] = region_piece(r, (size_t)1 << 20);
        must(a[i] != NULL);
        char *p = arena_push(a[i], 1000);
        memset(p, (int)(i % 200) + 1, 1000);
        arena_seal(a[i]);
        first = first == NULL ? p : first;
        last = p;
    }
    CHECK((size_t)(last - first) <= (PIECES - 1) * (size_t)1024);
    struct arena_guard guard;
    volatile bool jumped = false;
    if (setjmp(guard.jump) == 0) {
        arena_guard(a[0], &guard);
        arena_push(a[0], 4096);
    } else {
        jumped = true;
    }
    CHECK(jumped);
    for (size_t i = 0; i < PIECES; i += 2) {
        arena_free(a[i]);
    }
    CHECK(first[1024] == 2 && last[0] != 0);
    for (size_t i = 1; i < PIECES; i += 2) {
        arena_free(a[i]);
    }
    /* All are gone: the next begins where the first did. */
    struct arena *again = region_piece(r, 4096);
    must(again != NULL);
    const char *p = arena_push(again, 16);
    CHECK(p == first && p[0] == 0);
    arena_free(again);
    region_free(r);
}

/* As law is published for years: few of many stay, and the rest of the space is used again. */
TEST(region_space_comes_round)
{
    struct region *r = NULL;
    struct arena *kept[8] = {NULL};
    CHECK_OK(region_new(ctx, REGION_OWN, (size_t)1 << 30, &r));
    for (size_t i = 0; i < 2000; i++) {
        struct arena *place = i % 100 == 0 ? region_arena(r, (size_t)256 << 20) : NULL;
        struct arena *piece = region_piece(r, (size_t)(i % 7 == 0 ? 100 : 1) << 20);
        must(piece != NULL && (place != NULL || i % 100 != 0));
        memset(arena_push(piece, 30000), 1, 30000);
        arena_seal(piece);
        if (place != NULL) {
            memset(arena_push(place, 100000), 1, 100000);
            arena_seal(place);
            arena_free(place);
        }
        arena_free(kept[i % 8]);
        kept[i % 8] = piece;
    }
    for (size_t i = 0; i < LEN(kept); i++) {
        arena_free(kept[i]);
    }
    region_free(r);
}

TEST(region_that_is_full_says_so)
{
    struct region *r = NULL;
    CHECK_OK(region_new(ctx, REGION_OWN, (size_t)1 << 20, &r));
    struct arena *a = region_arena(r, (size_t)1 << 19);
    CHECK(a != NULL && region_arena(r, (size_t)1 << 20) == NULL);
    CHECK(region_piece(r, (size_t)1 << 20) == NULL);
    arena_free(a);
    a = region_arena(r, (size_t)1 << 20);
    CHECK(a != NULL);
    arena_free(a);
    region_free(r);
}

TEST(region_is_read_by_a_child_and_not_written)
{
    struct region *r = NULL;
    CHECK_OK(region_new(ctx, REGION_SHARED, (size_t)1 << 28, &r));
    struct arena *a = region_arena(r, 4096);
    must(a != NULL);
    char **list = arena_push(a, 2 * sizeof(char *));
    list[0] = arena_push(a, 16);
    list[1] = arena_push(a, 16);
    for (int writes = 0; writes < 2; writes++) {
        int pair[2];
        must(pipe(pair) == 0);
        pid_t child = fork();
        if (child == 0) {
            char byte = 0;
            must(region_read_only(ctx, r) == ERR_OK && read(pair[0], &byte, 1) == 1);
            bool seen = strcmp(list[writes], writes == 0 ? "first" : "second") == 0;
            if (writes > 0) {
                signal(SIGSEGV, SIG_DFL);
                ((char *volatile *)(uintptr_t)list)[0] = NULL;
            }
            _exit(seen ? 0 : 1);
        }
        /* Written after the fork, and seen all the same. */
        memcpy(list[writes], writes == 0 ? "first" : "second", sizeof("second") - (writes == 0));
        int status = 0;
        must(write(pair[1], "x", 1) == 1 && waitpid(child, &status, 0) == child);
        CHECK(writes == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 0
                          : WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
        close(pair[0]);
        close(pair[1]);
    }
    /* What others may still read is not given back. */
    region_keep(r);
    arena_free(a);
    CHECK(strcmp(list[0], "first") == 0);
    region_free(r);
}
