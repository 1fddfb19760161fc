/* Arenas: address space reserved at once and touched page by page, so that growing never copies and
 * a pointer never moves. What a lifetime used is given back by moving one number; pages beyond
 * KEEP_BYTES go back to the system when an arena is cleared, so an idle request costs little.
 *
 * Passing the cap is no error that each caller would have to hand up: it jumps to the arena's one
 * guard, after the deferred clean-ups have run.
 *
 * Under ASan what is not pushed is poisoned: what was pushed and forgotten, and a fence behind the
 * last push. The whole reservation would cost a byte of shadow for eight of address space, which is
 * most of the time of a program that makes many large arenas and uses little of each. */
#include "base/region.h"
#include "base/arena_fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { ALIGN = 16, KEEP_BYTES = 256 * 1024, PAGE_BYTES = 4096, FENCE_BYTES = 16 * 1024 };

struct defer {
    struct defer *next;
    void (*fn)(void *arg);
    void *arg;
};

struct arena {
    char *base;
    size_t cap;
    size_t used;
    size_t peak;
    size_t fenced; /* up to here the shadow says what is pushed and what is not */
    struct defer *defers;
    struct arena_guard *guard;
    const struct arena_owner *owner; /* of the memory */
};

static _Thread_local uint64_t fail_at;
static _Thread_local uint64_t push_count;

void arena_fail_at(uint64_t nth)
{
    fail_at = nth;
}

uint64_t arena_fail_at_left(void)
{
    return fail_at;
}

uint64_t arena_pushes(void)
{
    uint64_t n = push_count;
    push_count = 0;
    return n;
}

static size_t whole_pages(size_t bytes)
{
    return (bytes + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
}

/* ---- memory of its own ---- */

static size_t own_seal(const struct arena_owner *owner, char *base, size_t used, size_t cap)
{
    size_t kept = whole_pages(used > 0 ? used : 1);
    (void)owner;
    if (kept < cap) {
        munmap(base + kept, cap - kept);
    }
    return kept;
}

static void own_give(const struct arena_owner *owner, char *base, size_t peak, size_t cap)
{
    (void)owner;
    (void)peak;
    munmap(base, cap);
}

static const struct arena_owner own = {own_seal, own_give};

struct arena *arena_over(const struct arena_owner *owner, char *base, size_t cap_bytes)
{
    struct arena *a = calloc(1, sizeof(*a));
    if (a != NULL) {
        *a = (struct arena){.owner = owner, .base = base, .cap = cap_bytes};
    }
    return a;
}

struct arena *arena_new(size_t cap_bytes)
{
    size_t cap = whole_pages(cap_bytes);
    char *base =
        mmap(NULL, cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) {
        return NULL;
    }
    struct arena *a = arena_over(&own, base, cap);
    if (a == NULL) {
        munmap(base, cap);
    }
    return a;
}

void arena_seal(struct arena *a)
{
    size_t cap = a->owner->seal(a->owner, a->base, a->used, a->cap);
    if (a->fenced > cap) {
        UNPOISON(a->base + cap, a->fenced - cap);
        a->fenced = cap;
    }
    a->peak = a->peak > cap ? cap : a->peak;
    a->cap = cap;
}

/* Make the shadow say that what lies behind `used` is not pushed. */
static void fence(struct arena *a, size_t used)
{
    size_t upto = used < a->cap && a->cap - used > FENCE_BYTES ? used + FENCE_BYTES : a->cap;
    if (upto > a->fenced) {
        POISON(a->base + a->fenced, upto - a->fenced);
        a->fenced = upto;
    }
}

static void run_defers(struct arena *a, const struct defer *until)
{
    while (a->defers != until && a->defers != NULL) {
        struct defer *d = a->defers;
        a->defers = d->next;
        d->fn(d->arg);
    }
}

void arena_free(struct arena *a)
{
    if (a == NULL) {
        return;
    }
    run_defers(a, NULL);
    UNPOISON(a->base, a->fenced);
    a->owner->give(a->owner, a->base, a->peak, a->cap);
    free(a);
}

void arena_clear(struct arena *a)
{
    run_defers(a, NULL);
    /* What one large request touched is given back, so that it does not stay resident for ever. */
    if (a->peak > KEEP_BYTES && a->owner == &own) {
        madvise(a->base + KEEP_BYTES, whole_pages(a->peak) - KEEP_BYTES, MADV_DONTNEED);
    }
    a->used = 0;
    a->peak = 0;
    POISON(a->base, a->fenced);
}

_Noreturn static void overflow(struct arena *a)
{
    run_defers(a, NULL);
    if (a->guard != NULL) {
        longjmp(a->guard->jump, 1);
    }
    fputs("tongban: out of memory\n", stderr);
    abort();
}

static char *push(struct arena *a, size_t n, size_t align)
{
    push_count++;
    if (fail_at != 0 && --fail_at == 0) {
        overflow(a);
    }
    size_t at = (a->used + align - 1) & ~(align - 1);
    if (n > a->cap || at > a->cap - n) {
        overflow(a);
    }
    a->used = at + n;
    if (a->used > a->peak) {
        a->peak = a->used;
    }
    fence(a, a->used);
    UNPOISON(a->base + at, n);
    return a->base + at;
}

void *arena_push(struct arena *a, size_t n_bytes)
{
    char *p = push(a, n_bytes, ALIGN);
    memset(p, 0, n_bytes);
    return p;
}

char *arena_push_bytes(struct arena *a, size_t n_bytes)
{
    return push(a, n_bytes, 1);
}

void *arena_push_array(struct arena *a, size_t count, size_t size)
{
    size_t n = 0;
    if (__builtin_mul_overflow(count, size, &n)) {
        overflow(a);
    }
    return arena_push(a, n);
}

void *arena_grow(struct arena *a, void *old, size_t old_bytes, size_t new_bytes)
{
    must(new_bytes >= old_bytes);
    if (old != NULL && (char *)old + old_bytes == a->base + a->used &&
        ((size_t)((char *)old - a->base) % ALIGN) == 0) {
        size_t more = new_bytes - old_bytes;
        memset(push(a, more, 1), 0, more);
        return old;
    }
    void *fresh = arena_push(a, new_bytes);
    if (old_bytes > 0) {
        memcpy(fresh, old, old_bytes);
    }
    return fresh;
}

struct arena_mark arena_mark(const struct arena *a)
{
    return (struct arena_mark){a->used, a->defers};
}

void arena_reset(struct arena *a, struct arena_mark mark)
{
    must(mark.used <= a->used);
    run_defers(a, mark.defer);
    POISON(a->base + mark.used, a->used - mark.used);
    a->used = mark.used;
}

void arena_defer(struct arena *a, void (*fn)(void *arg), void *arg)
{
    struct defer *d = ARENA_NEW(a, struct defer);
    *d = (struct defer){a->defers, fn, arg};
    a->defers = d;
}

void arena_guard(struct arena *a, struct arena_guard *g)
{
    a->guard = g;
}

void arena_guard_as(struct arena *a, const struct arena *from)
{
    a->guard = from == NULL ? NULL : from->guard;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}

