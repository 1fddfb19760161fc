/* use.h - who read whose data, where and why: noted before the answer leaves, shown to whom it
 * concerns. */
#pragma once

#include "web/web.h"

/* Someone's data go out with this page: note who sees them, where and why. The answer leaves only
 * when the note is durable. subject: the register id; about: the case, or empty. One's own data
 * need no note. */
void page_use(struct page *p, struct str subject, struct str about, enum access_relation relation);
/* The same for a reader that is no person signed in here, from within a transaction that is kept
 * before the answer leaves (page_keep). reader: "KIND:ID", whose name web_config.reader_name knows.
 * about: what was handed over. */
struct use_note {
    struct str subject;
    struct str reader;
    struct str about;
    struct str route;
    enum access_relation relation;
};
enum err use_keep(struct ctx *ctx, struct db *db, const struct use_note *note) MUST_USE;
/* Name of a reader "KIND:ID", in the page's language; false when it is none, or nobody knows it. */
enum err page_reader_name(struct page *p, struct str reader, struct str *ret,
                          bool *ret_found) MUST_USE;
/* Who read someone's data in the last 90 days, newest first, at most LIMIT_PAGE_ROWS. */
struct use_row {
    struct day day;
    struct str reader;
    struct str about;
    struct str route;
    enum access_relation relation;
    int64_t times;
};
enum err page_uses(struct page *p, struct str subject, struct use_row **ret,
                   size_t *ret_count) MUST_USE;
