/* token.h - the words of formats: cut, joined, compared without case, read as numbers. */
#pragma once

#include "base/base.h"

/* Is s one of the list? */
bool str_in(struct str s, const struct str *list, size_t count);
/* Cut s at the first separator: *ret_rest is what follows it (empty when there is none). */
struct str str_cut(struct str s, char separator, struct str *ret_rest);
struct str str_join(struct arena *a, const struct str *parts, size_t count, struct str between);
struct str str_lower_ascii(struct arena *a, struct str s);
bool str_equal_nocase(struct str a, struct str b); /* ASCII letters only */

/* Whole-string decimal integers; false when empty, out of range, or with anything else in it. */
bool str_to_u64(struct str s, uint64_t *ret);
bool str_to_i64(struct str s, int64_t *ret);
