/* encode.h - bytes as text: hexadecimal, base64 and base64url (RFC 4648). */
#pragma once

#include "base/base.h"

struct str hex_encode(struct arena *a, const void *bytes, size_t n);
bool hex_decode(struct str s, void *ret_bytes, size_t n); /* exactly n bytes, lower or upper case */
/* RFC 4648 base64 with padding, and base64url without. Decoding is strict: canonical padding, no
 * blanks, trailing bits zero. *ret is pushed on the arena. */
struct str base64_encode(struct arena *a, const void *bytes, size_t n);
bool base64_decode(struct arena *a, struct str s, struct str *ret);
struct str base64url_encode(struct arena *a, const void *bytes, size_t n);
bool base64url_decode(struct arena *a, struct str s, struct str *ret);
