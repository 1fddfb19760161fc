/* share.h - one store under several processes: the one that writes, and those that read beside it.
 *
 * SQLite's own way, a file mapped by everybody and locks in the file system, would make the disk
 * part of every read. Ours is memory made before the processes are forked: the index of the log,
 * and the locks (share.c tells how they outlive the death of a process at any instant). So the
 * processes that share a store have one ancestor, which made this; a stranger finds the store
 * locked, as ever. On PostgreSQL the server does all this, and what is here holds one flag.
 */
#pragma once

#include "store/store.h"

struct store_share;

/* Address space for the index of a log of any length, and a table of locks; pages that are not
 * touched cost nothing. In the ancestor, before it forks. */
enum err store_share_new(struct ctx *ctx, struct store_share **ret) MUST_USE;
/* Give this process's mapping back, after the stores opened on it. NULL is allowed. */
void store_share_free(struct store_share *s);

/* A number that the process that writes tells the others: what it counts of something they keep of
 * their own, so that they look again when it has changed. 0 at first. Any thread. */
enum store_word { STORE_WORD_LAW, /* publications of law that are committed */ STORE_WORDS };
void store_tell(struct store *s, enum store_word word, int64_t value);
int64_t store_told(const struct store *s, enum store_word word);

/* store_open in a process that shares the store: with STORE_CREATE or STORE_WRITE once, in the one
 * that writes; with STORE_BESIDE in each that reads, on the thread that lives as long as its
 * process, while the writer has it open. ERR_TOO_MANY beyond LIMIT_FRONTS of these. */
enum err store_open_shared(struct ctx *ctx, struct str where, enum store_mode mode,
                           struct store_share *share, struct store **ret) MUST_USE;
