/* lending.h - the law that the processes of one node have in common: linked by one, read by all.
 *
 * The process that writes links the law and lends it: parsed packs and snapshots lie in a region
 * (base/region.h) that was reserved before the processes were forked, so every pointer in them
 * holds in each. A front reads them there, may not write them, and takes no memory of its own for
 * law. It finds a snapshot in a list that lies in the region as well; what is not there it asks the
 * lender for (struct lending), and links itself only when that does not answer.
 *
 * A front counts what it reads (a pin), in a row of its own which nobody else writes while it
 * lives; so the lender knows what is read, whatever becomes of the reader: the next front in the
 * row begins by clearing it.
 */
#pragma once

#include "base/arena.h"
#include "base/region.h"

struct law;
struct law_loans;

/* In the ancestor, before it forks; freed there when all have ended. NULL is allowed. */
enum err law_loans_new(struct ctx *ctx, struct law_loans **ret) MUST_USE;
void law_loans_free(struct law_loans *l);
/* In a front, before it does anything: it reads what is lent, and whatever tries to write there
 * ends it. */
enum err law_loans_read_only(struct ctx *ctx, struct law_loans *l) MUST_USE;

/* How a book stands to those of other processes. */
struct lending {
    struct law_loans *loans; /* NULL: this process is alone */
    int row;                 /* of a front, below LIMIT_FRONTS; -1: this process lends */
    /* Of a front: let the lender link this law, and wait for it. ERR_NOT_FOUND when there is none;
     * ERR_BUSY when this thread must not wait; with any other the front links it itself. */
    enum err (*ask)(struct ctx *ctx, void *arg, int64_t law_seq, struct day day);
    void *arg;
};

/* ---- for the book ---- */

/* One snapshot of the list. */
struct loan {
    int64_t law_seq;
    struct day from; /* the days it is the law of */
    struct day until;
    const struct law *law;
    const char *alarm; /* what is wrong with it, in the region; empty: nothing */
};
enum { LOANS_MAX = 1024 };

/* The lender's, one thread at a time. Where memory for law is carved. */
struct region *loans_region(struct law_loans *l);
/* Put a snapshot on the list; -1 when that is full. */
int loans_put(struct law_loans *l, const struct loan *loan);
/* Nobody finds it any more; those who read it go on. */
void loans_drop(struct law_loans *l, int at);
/* Does no front read it? */
bool loans_unread(const struct law_loans *l, int at);
/* Was it found since this was asked last? */
bool loans_was_found(struct law_loans *l, int at);
/* Dropped and unread: its place is for another. */
void loans_forget(struct law_loans *l, int at);

/* A front's. Begin in a row, whose last front has ended. */
void loans_join(struct law_loans *l, int row);
/* Find and pin; -1 when it is not on the list. Any thread. */
int loans_pin(struct law_loans *l, int row, int64_t law_seq, struct day day,
              const struct law **ret);
void loans_unpin(struct law_loans *l, int row, int at);
/* What is wrong with one that is lent: text is left as it is where it is not found. */
void loans_alarm(struct law_loans *l, int row, int64_t law_seq, struct day day, char *text,
                 size_t size);
