/* arena.h - memory by lifetime: one arena a process, a law snapshot, a writer batch, a request, a
 * scratch use.
 *
 * An arena reserves address space once and grows into it up to its cap. Nothing in it is freed
 * alone. When the cap is passed, or the system has no more memory, arena_push runs the deferred
 * clean-ups and jumps to the arena's guard; so no caller checks for NULL. An arena without a guard
 * stops the process.
 *
 * No frame of a foreign library may stand between guard and push: callbacks of SQLite, libxml2,
 * libcurl and OpenSSL write only into memory made before the call.
 */
#pragma once

#include <setjmp.h>

#include "base/base.h"

struct arena;

/* Make an arena that may grow to cap_bytes. NULL when the system refuses the address space. */
struct arena *arena_new(size_t cap_bytes) MUST_USE;
/* Run deferred clean-ups (last first) and give the memory back. NULL is allowed. */
void arena_free(struct arena *a);
/* Run deferred clean-ups and forget all that was pushed, keeping the reservation. */
void arena_clear(struct arena *a);

/* n zeroed bytes aligned for any type. Never NULL. */
void *arena_push(struct arena *a, size_t n_bytes) __attribute__((malloc, returns_nonnull));
/* The same without zeroing, aligned to 1. */
char *arena_push_bytes(struct arena *a, size_t n_bytes) __attribute__((returns_nonnull));
/* count elements of size bytes; a product that overflows counts as a passed cap. */
void *arena_push_array(struct arena *a, size_t count, size_t size) __attribute__((returns_nonnull));
#define ARENA_NEW(a, type) ((type *)arena_push((a), sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_push_array((a), (count), sizeof(type)))
/* Grow an array that may be the last thing pushed (then in place), else copy. */
void *arena_grow(struct arena *a, void *old, size_t old_bytes, size_t new_bytes)
    __attribute__((returns_nonnull));

/* Where the arena stands, to come back to later. */
struct arena_mark {
    size_t used;
    void *defer;
};
struct arena_mark arena_mark(const struct arena *a);
/* Forget what was pushed since the mark, running clean-ups deferred since then. */
void arena_reset(struct arena *a, struct arena_mark mark);

/* Call fn(arg) when the arena is cleared, freed, or passes its cap: for file descriptors and
 * foreign objects. */
void arena_defer(struct arena *a, void (*fn)(void *arg), void *arg);

/* Set where a passed cap jumps: `if (setjmp(g.jump)) { answer 503 } arena_guard(a, &g);`.
 * NULL takes the guard away. */
struct arena_guard {
    jmp_buf jump;
};
void arena_guard(struct arena *a, struct arena_guard *g);

/* Let a passed cap of `a` jump where one of `from` jumps; NULL takes the guard away. For work done
 * on one arena whose answers lie on another. */
void arena_guard_as(struct arena *a, const struct arena *from);

size_t arena_used(const struct arena *a);
