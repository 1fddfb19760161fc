/* region.h - address space from which arenas are carved, of this process alone or shared with those
 * it forks.
 *
 * An arena of its own mapping is right for what lives long or is large. What comes in hundreds (the
 * files of a law pack) would cost a mapping each, and what several processes read must lie where
 * all of them see it, at one address: both are carved from a region. It is reserved at once and
 * costs what is touched of it; what goes is given back to the system by whole pages.
 *
 * One thread of one process carves at a time. Processes forked afterwards read what it wrote, as it
 * wrote it: pointers hold among them, and to the program and its libraries as well.
 */
#pragma once

#include "base/arena.h"

/* Whose memory an arena lies in, and what that one does when the arena is sealed or freed. */
struct arena_owner {
    /* Of `cap` bytes it keeps the first `used`, or more. Returns how many. */
    size_t (*seal)(const struct arena_owner *owner, char *base, size_t used, size_t cap);
    void (*give)(const struct arena_owner *owner, char *base, size_t peak, size_t cap);
};
/* An arena over memory somebody else owns. NULL when there is no memory for its head. */
struct arena *arena_over(const struct arena_owner *owner, char *base, size_t cap_bytes) MUST_USE;
/* It is pushed to no more: what it reserved and does not use goes back. Any arena. */
void arena_seal(struct arena *a);

struct region;
enum region_kind { REGION_OWN, REGION_SHARED };

/* Reserve so many bytes of address space. */
enum err region_new(struct ctx *ctx, enum region_kind kind, size_t bytes,
                    struct region **ret) MUST_USE;
/* With all that lies in it. NULL is allowed. */
void region_free(struct region *r);

/* An arena of its own place, for what is large or stays open while others are made. NULL when there
 * is no room. */
struct arena *region_arena(struct region *r, size_t cap_bytes) MUST_USE;
/* One right behind the last that was sealed, which must be sealed or freed before the next: so
 * hundreds of small ones lie without gaps. */
struct arena *region_piece(struct region *r, size_t cap_bytes) MUST_USE;

/* From here on nothing that is freed is given back or used again: others may still read it. */
void region_keep(struct region *r);
/* In a process that only reads: whatever it tries to write to the region ends it. */
enum err region_read_only(struct ctx *ctx, struct region *r) MUST_USE;

/* What libraries allocated for a while and freed goes back to the system as well: after work that
 * is rare and large. */
void heap_trim(void);
