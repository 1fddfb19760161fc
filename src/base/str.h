/* str.h - questions and copies of strings. Nothing here owns memory but what it says it pushes. */
#pragma once

#include "base/base.h"

bool str_equal(struct str a, struct str b);
/* Order by bytes (which for UTF-8 is the order of code points): <0, 0, >0. */
int str_compare(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Index of the first occurrence, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle);
size_t str_find_byte(struct str s, char c);
/* Bytes [from, to), clamped to the string. */
struct str str_slice(struct str s, size_t from, size_t to);
/* Without ASCII blanks at both ends. */
struct str str_trim(struct str s);
/* From a NUL-ended string (NULL gives the empty string); borrows. */
struct str str_from(const char *z);
/* Copies, pushed on the arena. str_z ends it with NUL for foreign libraries. */
struct str str_copy(struct arena *a, struct str s);
char *str_z(struct arena *a, struct str s);
struct str str_format(struct arena *a, const char *format, ...) PRINTF(2, 3);
uint64_t str_hash(struct str s); /* not keyed: never over hostile keys without a cap */
