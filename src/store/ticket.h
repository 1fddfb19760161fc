/* ticket.h - what is given out and counts once, whichever process it comes back to.
 *
 * Two kinds. A code that says nothing by itself is given out with what it stands for, and taken:
 * the row is there until then. One that proves itself (a text under a MAC of the node) needs no row
 * until it is spent. Both are known by their SHA-256 alone, end by themselves, and are bounded by
 * LIMIT_TICKETS in all.
 *
 * These are called within a kept operation of the room whose tickets they are, in the transaction
 * that does what the ticket is for.
 */
#pragma once

#include "store/keep.h"

enum { TICKET_HASH = 32 };

/* Give one out. ERR_BUSY when there are too many. */
enum err ticket_give(struct ctx *ctx, struct db *db, struct str kind, struct str hash,
                     struct str text, struct instant until) MUST_USE;
/* Take one: what it stands for, and it is used up. *ret_found is false when it was never given,
 * was taken, or is over. */
enum err ticket_take(struct ctx *ctx, struct db *db, struct str kind, struct str hash,
                     struct str *ret_text, bool *ret_found) MUST_USE;
/* Spend one that holds until then. *ret_first is false when it was spent before, and when there are
 * too many: then nothing is proven. */
enum err ticket_spend(struct ctx *ctx, struct db *db, struct str kind, struct str hash,
                      struct instant until, bool *ret_first) MUST_USE;
/* Those of a kind that were given out count no more. */
enum err ticket_clear(struct ctx *ctx, struct db *db, struct str kind) MUST_USE;
