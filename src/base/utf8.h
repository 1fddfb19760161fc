/* utf8.h - UTF-8 (RFC 3629), strictly: code points in, code points out. */
#pragma once

#include "base/base.h"

/* UTF-8: strict (no overlong forms, surrogates, or values above U+10FFFF). */
bool utf8_is_valid(struct str s);
/* Decode one code point of valid UTF-8 at s.p[*at], moving *at on. -1 at the end or when broken. */
int32_t utf8_next(struct str s, size_t *at);
size_t utf8_count(struct str s);
/* Encode into out (4 bytes of room); the number of bytes. */
size_t utf8_put(char out[4], int32_t code);
