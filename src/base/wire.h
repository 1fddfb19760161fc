/* wire.h - numbers and texts in a row, as flat bytes: for what one process hands to another.
 *
 * Both ends are the same program, so there is no schema and no version: whoever reads asks for the
 * values in the order in which they were put. Each value carries its kind and a text its length, so
 * bytes that were cut or put in another order are seen, never misread. Text may be any bytes, which
 * is why this is not JSON: digests and sealed secrets go through as they are, and the writer's
 * thread parses nothing.
 *
 * What is read points into the bytes; nothing is copied.
 */
#pragma once

#include "base/buf.h"

void wire_put_int(struct buf *b, int64_t value);
void wire_put_text(struct buf *b, struct str text);

/* Reading: values until wire_done. After the first that is not there all others read as 0 and
 * empty, so a reader asks once, at the end. */
struct wire {
    struct str rest;
    bool is_broken;
};
struct wire wire_read(struct str bytes);
int64_t wire_int(struct wire *w);
struct str wire_text(struct wire *w);
/* A text of exactly n bytes: n zero bytes at `ret`, and broken, when it is another. */
void wire_bytes(struct wire *w, void *ret, size_t n);
/* ERR_CORRUPT unless every value asked for was there, and nothing is left. */
enum err wire_done(struct ctx *ctx, const struct wire *w) MUST_USE;
