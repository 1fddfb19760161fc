/* region.c - see region.h.
 *
 * The region is cut into units of 64 KiB, and a bit says of each whether it is taken. An arena of
 * its own place takes as many as its cap needs, and gives back behind its end what it did not use
 * when it is sealed. Pieces share slabs: runs of units in which one piece begins where the last one
 * ends. A slab counts its pieces and goes with the last of them; a piece that goes before gives its
 * whole pages back to the system, and its address space waits for the slab. So what a piece leaves
 * behind is less than two pages, and address space, of which there is plenty, is all that
 * fragments.
 *
 * The bits and slabs are memory of the process that carves: those that only read know where the
 * region lies, and no more.
 */
#include "base/region.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { UNIT_BYTES = 64 * 1024, SLAB_BYTES = 64 << 20, PAGE_BYTES = 4096, PIECE_ALIGN = 64 };

struct slab {
    struct arena_owner owner; /* first: of the pieces */
    struct region *region;
    struct slab *next;
    char *base;
    size_t bytes;
    size_t at;    /* where the next piece begins */
    size_t count; /* pieces that live */
};

struct region {
    struct arena_owner owner; /* first: of the arenas with a place of their own */
    enum region_kind kind;
    char *base;
    size_t units;
    size_t first_free;  /* no unit before it is free */
    struct slab *slabs; /* the first is the one where pieces are made */
    bool keeps;
    unsigned char taken[]; /* a byte a unit: touched as far as the region is used */
};

static size_t units_of(size_t bytes)
{
    return (bytes + UNIT_BYTES - 1) / UNIT_BYTES;
}

/* ---- units ---- */

static char *take_units(struct region *r, size_t count)
{
    size_t run = 0;
    for (size_t i = r->first_free; i < r->units; i++) {
        run = r->taken[i] ? 0 : run + 1;
        if (run == count) {
            size_t first = i + 1 - count;
            memset(r->taken + first, 1, count);
            r->first_free += first == r->first_free ? count : 0;
            return r->base + first * UNIT_BYTES;
        }
    }
    return NULL;
}

/* The system forgets whole pages: who reads them anew finds zeros. */
static void forget(const struct region *r, char *from, const char *to)
{
    uintptr_t first = ((uintptr_t)from + PAGE_BYTES - 1) & ~(uintptr_t)(PAGE_BYTES - 1);
    uintptr_t last = (uintptr_t)to & ~(uintptr_t)(PAGE_BYTES - 1);
    if (first < last) {
        char *p = from + (first - (uintptr_t)from);
        madvise(p, last - first, r->kind == REGION_SHARED ? MADV_REMOVE : MADV_DONTNEED);
    }
}

static void give_units(struct region *r, const char *base, size_t count)
{
    size_t first = (size_t)(base - r->base) / UNIT_BYTES;
    must(first + count <= r->units);
    memset(r->taken + first, 0, count);
    r->first_free = first < r->first_free ? first : r->first_free;
}

/* ---- arenas with a place of their own ---- */

static size_t seal_place(const struct arena_owner *owner, char *base, size_t used, size_t cap)
{
    struct region *r = (struct region *)(uintptr_t)owner;
    size_t kept = units_of(used > 0 ? used : 1);
    forget(r, base + used, base + cap);
    give_units(r, base + kept * UNIT_BYTES, units_of(cap) - kept);
    return kept * UNIT_BYTES;
}

static void give_place(const struct arena_owner *owner, char *base, size_t peak, size_t cap)
{
    struct region *r = (struct region *)(uintptr_t)owner;
    if (!r->keeps) {
        (void)peak;
        forget(r, base, base + cap);
        give_units(r, base, units_of(cap));
    }
}

struct arena *region_arena(struct region *r, size_t cap_bytes)
{
    size_t count = units_of(cap_bytes > 0 ? cap_bytes : 1);
    char *base = take_units(r, count);
    if (base == NULL) {
        return NULL;
    }
    struct arena *a = arena_over(&r->owner, base, count * UNIT_BYTES);
    if (a == NULL) {
        give_units(r, base, count);
    }
    return a;
}

/* ---- pieces ---- */

static void slab_free(struct slab *s)
{
    struct region *r = s->region;
    struct slab **at = &r->slabs;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    forget(r, s->base, s->base + s->bytes);
    give_units(r, s->base, s->bytes / UNIT_BYTES);
    free(s);
}

static size_t seal_piece(const struct arena_owner *owner, char *base, size_t used, size_t cap)
{
    struct slab *s = (struct slab *)(uintptr_t)owner;
    size_t kept = (used + PIECE_ALIGN - 1) & ~(size_t)(PIECE_ALIGN - 1);
    must(base == s->base + s->at && kept <= cap);
    s->at += kept;
    return kept;
}

static void give_piece(const struct arena_owner *owner, char *base, size_t peak, size_t cap)
{
    struct slab *s = (struct slab *)(uintptr_t)owner;
    must(s->count > 0 && peak <= cap);
    if (s->region->keeps) {
        return;
    }
    s->count--;
    forget(s->region, base, base + peak);
    if (s->count == 0 && s != s->region->slabs) {
        slab_free(s);
    } else if (s->count == 0) {
        forget(s->region, s->base, s->base + s->at + peak);
        s->at = 0;
    }
}

/* The slab where pieces were made takes none any more: what it did not use goes back. */
static void slab_close(struct slab *s)
{
    size_t kept = units_of(s->at);
    give_units(s->region, s->base + kept * UNIT_BYTES, s->bytes / UNIT_BYTES - kept);
    forget(s->region, s->base + s->at, s->base + s->bytes);
    s->bytes = kept * UNIT_BYTES;
    if (s->count == 0) {
        slab_free(s);
    }
}

static struct slab *slab_new(struct region *r, size_t cap_bytes)
{
    size_t count = units_of(cap_bytes > SLAB_BYTES ? cap_bytes : SLAB_BYTES);
    struct slab *s = calloc(1, sizeof(*s));
    char *base = s == NULL ? NULL : take_units(r, count);
    if (base == NULL) {
        free(s);
        return NULL;
    }
    *s = (struct slab){.owner = {seal_piece, give_piece},
                       .region = r,
                       .next = r->slabs,
                       .base = base,
                       .bytes = count * UNIT_BYTES};
    r->slabs = s;
    return s;
}

struct arena *region_piece(struct region *r, size_t cap_bytes)
{
    size_t cap = (cap_bytes + PIECE_ALIGN - 1) & ~(size_t)(PIECE_ALIGN - 1);
    struct slab *s = r->slabs;
    if (s == NULL || s->bytes - s->at < cap) {
        struct slab *full = s;
        s = slab_new(r, cap);
        if (s == NULL) {
            return NULL;
        }
        if (full != NULL) {
            slab_close(full);
        }
    }
    struct arena *a = arena_over(&s->owner, s->base + s->at, cap);
    s->count += a != NULL;
    return a;
}

/* ---- the region ---- */

enum err region_new(struct ctx *ctx, enum region_kind kind, size_t bytes, struct region **ret)
{
    size_t units = units_of(bytes);
    struct region *r = calloc(1, sizeof(*r) + units);
    if (r == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for a region");
    }
    int how = MAP_ANONYMOUS | MAP_NORESERVE | (kind == REGION_SHARED ? MAP_SHARED : MAP_PRIVATE);
    char *base = mmap(NULL, units * UNIT_BYTES, PROT_READ | PROT_WRITE, how, -1, 0);
    if (base == MAP_FAILED) {
        free(r);
        return fault(ctx, ERR_MEMORY, "no address space for a region of %zu bytes", bytes);
    }
    /* What is carved small must not be rounded up to large pages. */
    madvise(base, units * UNIT_BYTES, MADV_NOHUGEPAGE);
    *r = (struct region){
        .owner = {seal_place, give_place}, .kind = kind, .base = base, .units = units};
    *ret = r;
    return ERR_OK;
}

void region_free(struct region *r)
{
    if (r == NULL) {
        return;
    }
    munmap(r->base, r->units * UNIT_BYTES);
    while (r->slabs != NULL) {
        struct slab *s = r->slabs;
        r->slabs = s->next;
        free(s);
    }
    free(r);
}

void region_keep(struct region *r)
{
    r->keeps = true;
}

enum err region_read_only(struct ctx *ctx, struct region *r)
{
    return mprotect(r->base, r->units * UNIT_BYTES, PROT_READ) == 0
               ? ERR_OK
               : fault(ctx, ERR_IO, "the system does not protect a region from writing");
}

void heap_trim(void)
{
    malloc_trim(0);
}
