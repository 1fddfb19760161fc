/* post.h - what goes from a front process to the one that writes, and comes back, as bytes.
 *
 * Both ends are the same program, and neither is a stranger; still every length is looked at, so
 * that a fault of one process is told in the other and never spreads. Numbers are LEB128, texts a
 * length and their bytes, a JSON value its kind and its parts: a draft costs little more than its
 * texts, and is read without parsing: what is read borrows from the bytes, which must live as long.
 *
 * A citation goes as its text alone; the other end looks the article up in the law it knows.
 */
#pragma once

#include "base/buf.h"
#include "gate/gate.h"

/* Something for the writer: a draft, an operation on kept rows, or both, which then stand or fall
 * together. */
struct post_task {
    const struct draft *draft; /* NULL: none */
    struct str op;             /* empty: none */
    struct str payload;
};
/* What became of it. */
struct post_answer {
    enum err err;
    struct str detail; /* of a fault */
    struct str field;
    struct receipt receipt;
};

/* Law that a front wants to read. */
struct post_law {
    int64_t seq; /* the newest publication it may see */
    struct day day;
};

void post_put_law(struct buf *b, const struct post_law *law);
bool post_get_law(struct str bytes, struct post_law *ret);
void post_put_task(struct buf *b, const struct post_task *task);
/* False for bytes that are no task. Arrays are pushed on a. */
bool post_get_task(struct arena *a, struct str bytes, struct draft *ret_draft,
                   struct post_task *ret);
void post_put_answer(struct buf *b, const struct post_answer *answer);
bool post_get_answer(struct str bytes, struct post_answer *ret);
