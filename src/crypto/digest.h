/* digest.h - SHA-256 of bytes that come a piece at a time: files too large to hold. */
#pragma once

#include "base/base.h"

struct digest {
    void *context; /* of the library; freed by digest_end */
};
/* ERR_MEMORY when the library gets none. Every begin has its end. */
enum err digest_begin(struct ctx *ctx, struct digest *ret) MUST_USE;
void digest_add(struct digest *d, struct str bytes);
void digest_end(struct digest *d, uint8_t ret[32]);
