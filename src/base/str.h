/* str.h - questions and copies of strings. Nothing here owns memory but what it says it pushes. */
#pragma once

#include "base/base.h"

bool str_equal(struct str a, struct str b);
/* Order by bytes (which for UTF-8 is the order of code points): <0, 0, >0. */
int str_compare(struct str a, struct str b);
bool str_is_empty(struct str s);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Index of the first occurrence, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);
size_t str_find_byte(struct str s, char c);
/* Is s one of the list? */
bool str_in(struct str s, const struct str *list, size_t count);
/* Bytes [from, to), clamped to the string. */
struct str str_slice(struct str s, size_t from, size_t to);
/* Without ASCII blanks at both ends. */
struct str str_trim(struct str s);
/* Cut s at the first separator: *ret_rest is what follows it (empty when there is none). */
struct str str_cut(struct str s, char separator, struct str *ret_rest);
/* From a NUL-ended string (NULL gives the empty string); borrows. */
struct str str_from(const char *z);
/* Copies, pushed on the arena. str_z ends it with NUL for foreign libraries. */
struct str str_copy(struct arena *a, struct str s);
char *str_z(struct arena *a, struct str s);
struct str str_format(struct arena *a, const char *format, ...) PRINTF(2, 3);
struct str str_join(struct arena *a, const struct str *parts, size_t count, struct str between);
struct str str_lower_ascii(struct arena *a, struct str s);
bool str_equal_nocase(struct str a, struct str b); /* ASCII letters only */
uint64_t str_hash(struct str s); /* not keyed: never over hostile keys without a cap */

/* Whole-string decimal integers; false when empty, out of range, or with anything else in it. */
bool str_to_u64(struct str s, uint64_t *ret);
bool str_to_i64(struct str s, int64_t *ret);

/* UTF-8: strict (no overlong forms, surrogates, or values above U+10FFFF). */
bool utf8_is_valid(struct str s);
/* Decode one code point of valid UTF-8 at s.p[*at], moving *at on. -1 at the end or when broken. */
int32_t utf8_next(struct str s, size_t *at);
size_t utf8_count(struct str s);
/* Encode into out (4 bytes of room); the number of bytes. */
size_t utf8_put(char out[4], int32_t code);

struct str hex_encode(struct arena *a, const void *bytes, size_t n);
bool hex_decode(struct str s, void *ret_bytes, size_t n); /* exactly n bytes, lower or upper case */
/* RFC 4648 base64 with padding, and base64url without. Decoding is strict: canonical padding, no
 * blanks, trailing bits zero. *ret is pushed on the arena. */
struct str base64_encode(struct arena *a, const void *bytes, size_t n);
bool base64_decode(struct arena *a, struct str s, struct str *ret);
struct str base64url_encode(struct arena *a, const void *bytes, size_t n);
bool base64url_decode(struct arena *a, struct str s, struct str *ret);
