/* json_make.h - JSON values built, and written plainly or canonically (RFC 8785). */
#pragma once

#include "base/json.h"

/* Building: values are plain structs on the arena. */
struct json json_null(void);
struct json json_of_bool(bool b);
struct json json_of_int(int64_t v);
struct json json_of_str(struct str s);       /* borrows s */
struct json json_of_number(struct str text); /* text must be a JSON number */
struct json json_object(void);
struct json json_array(void);
/* Append a member or item (grows on the arena). Setting a present key replaces its value. */
void json_set(struct arena *a, struct json *object, struct str key, struct json value);
void json_push(struct arena *a, struct json *array, struct json value);

/* Write without blanks, members in order of the tree. */
void json_write(struct buf *b, const struct json *j);
/* Write as RFC 8785: members by UTF-16 code units, numbers as ECMAScript writes the nearest double.
 * ERR_RANGE when a number has no finite double, or when an integer beyond 2^53 would be changed by
 * it. */
enum err json_write_canonical(struct ctx *ctx, struct buf *b, const struct json *j) MUST_USE;
/* Write a string with quotes and escapes. */
void json_write_string(struct buf *b, struct str s);
