/* json.h - JSON values: strict parse, plain and canonical (RFC 8785) writing.
 *
 * Strict means RFC 8259 and I-JSON (RFC 7493): valid UTF-8, no duplicate keys, no lone surrogates,
 * no control characters, nothing after the value, depth, member and size limits of limit.table.
 * A parsed tree borrows strings from the source text where they hold no escapes, so the text must
 * live as long as the tree. Numbers keep their text; an integer that fits int64 also its value.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_member;

struct json {
    uint8_t kind;      /* enum json_kind */
    bool bool_value;   /* JSON_BOOL */
    bool is_int;       /* JSON_NUMBER: int_value is exact */
    uint32_t offset;   /* where it stood in the source text, for error messages; 0 when built */
    size_t count;      /* JSON_ARRAY, JSON_OBJECT */
    int64_t int_value; /* JSON_NUMBER with is_int */
    struct str text;   /* JSON_STRING: decoded; JSON_NUMBER: as written */
    union {
        struct json *items;          /* JSON_ARRAY */
        struct json_member *members; /* JSON_OBJECT, in source order */
    };
};

struct json_member {
    struct str key;
    struct json value;
};

/* Parse one document. Faults name line and column (file is for the message; may be empty). */
enum err json_parse(struct ctx *ctx, struct str text, struct str file, struct json *ret) MUST_USE;
/* The same for documents of which more is known: their greatest size, and members of one object. */
enum err json_parse_within(struct ctx *ctx, struct str text, struct str file, size_t bytes_max,
                           size_t members_max, struct json *ret) MUST_USE;
/* Line and column of an offset in a text, 1-based, column in code points. */
void json_place(struct str text, uint32_t offset, uint32_t *ret_line, uint32_t *ret_column);

/* Look-ups never fail: NULL when absent or when j is not an object/array. j may be NULL. */
const struct json *json_get(const struct json *j, const char *key);
const struct json *json_get_str(const struct json *j, struct str key);
const struct json *json_at(const struct json *j, size_t index);
/* The text of a string member, or the empty string when absent or not a string. */
struct str json_text(const struct json *j, const char *key);
int64_t json_int(const struct json *j, const char *key, int64_t otherwise);
bool json_bool(const struct json *j, const char *key, bool otherwise);
bool json_is(const struct json *j, enum json_kind kind);
bool json_equal(const struct json *a,
                const struct json *b); /* by canonical value; objects ignore order */
