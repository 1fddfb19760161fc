/* book.h - the law book: which packs of law were published, and the law of a day made of them.
 *
 * Publications are acts; their rows are a view (project.c), their text a file of the vault. The
 * writer sees its own uncommitted publications, readers those that are committed.
 */
#pragma once

#include "act/act.h"
#include "base/arena.h"
#include "book/lending.h"

struct law_book;

extern const struct projector book_projector;

/* A book on an arena of its own. Reads no row before book_note. When it is freed while laws of it
 * are still in somebody's hands, it goes with the last of them. NULL is allowed. */
enum err book_new(struct ctx *ctx, const struct lending *lending, struct law_book **ret) MUST_USE;
void book_free(struct law_book *b);
/* The law after publications up to law_seq, as of a day; NULL when there is none. Linked when it is
 * asked for first; it stays at least until ctx->arena is cleared, or reset to before this call.
 * When the law of that day does not load, the last that did stands in (book_alarm). Any thread. */
enum err book_law(struct ctx *ctx, struct law_book *b, struct db *db, int64_t law_seq,
                  struct day day, const struct law **ret) MUST_USE;

/* What is wrong with the law of a day that was asked for (by readers), for who watches over the
 * node: a sentence, or empty. *ret_lacks: what the packs in force lack of what this program asks of
 * packs, by file, cut at BOOK_LACKS_BYTES; empty when nothing, or when this process has not linked
 * that law; NULL is allowed. Any thread. */
enum { BOOK_LACKS_BYTES = 1200 };
struct str book_alarm(struct law_book *b, struct day day, struct arena *a, struct str *ret_lacks);

/* ---- the writer's ---- */

/* The newest publication as the writer sees it; -1 when there is none. */
int64_t book_newest(const struct law_book *b);
/* The one before it; -1 when there is none. */
int64_t book_before(const struct law_book *b, int64_t law_seq);
/* The first day on which the version that act `seq` published is in force. */
struct day book_from(const struct law_book *b, int64_t seq);
/* The newest one that is committed, for readers. Any thread. */
int64_t book_visible(struct law_book *b);
/* How many publications the writer counts; go back to a count; show readers all there are. */
size_t book_count(const struct law_book *b);
void book_reset(struct law_book *b, size_t count);
void book_show(struct law_book *b);
/* Read the rows that are new: after opening, and in the writer after a publication is projected. */
enum err book_note(struct ctx *ctx, struct law_book *b, struct db *db) MUST_USE;

/* ---- publishing ---- */

/* Would the law load without a fault, today and on every day ahead, with the pack this draft
 * carries in force from its own day on? Faults that are there without it, in other packs, do not
 * count. */
enum err book_try(struct ctx *ctx, struct law_book *b, struct db *db, const struct draft *draft,
                  bool *ret_good, struct law_problems *ret_problems) MUST_USE;
/* The law a first publication is judged by: the very pack it carries. NULL when it does not load.
 */
enum err book_genesis(struct ctx *ctx, struct db *db, const struct draft *draft, struct day day,
                      const struct law **ret) MUST_USE;
/* A draft that publishes this pack, which is tried first; what is wrong with it goes to
 * ret_problems.
 */
enum err book_publish_draft(struct ctx *ctx, struct law_book *b, struct db *db,
                            const struct law_pack_source *pack, struct draft *ret,
                            struct law_problems *ret_problems) MUST_USE;
