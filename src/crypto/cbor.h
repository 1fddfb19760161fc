/* cbor.h - reading CBOR (RFC 8949) as CTAP2 writes it: definite lengths, shortest integers, no
 * tags, no floats, no key twice. A pull reader over borrowed bytes: it allocates nothing, and what
 * breaks a rule ends the reading. */
#pragma once

#include "base/base.h"

struct cbor {
    const uint8_t *at;
    const uint8_t *end;
    bool bad; /* sticky */
};
enum cbor_kind {
    CBOR_UINT = 0,
    CBOR_NINT = 1,
    CBOR_BYTES = 2,
    CBOR_TEXT = 3,
    CBOR_ARRAY = 4,
    CBOR_MAP = 5,
    CBOR_SIMPLE = 7,
    CBOR_NONE = 8
};

struct cbor_item {
    enum cbor_kind kind;
    int64_t
        n; /* of an integer; of items in an array; of pairs in a map; of a simple value 20 to 22 */
    struct str text; /* of bytes and text */
};
struct cbor cbor_from(struct str bytes);
/* The next item's head (of an array or map: what it holds follows). CBOR_NONE and bad when it is
 * none. */
struct cbor_item cbor_next(struct cbor *c);
/* Step over one whole item, at most 4 deep. */
void cbor_skip(struct cbor *c);
bool cbor_is_done(const struct cbor *c);
