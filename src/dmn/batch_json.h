/* batch_json.h - a row of values straight from a JSON text, without a tree.
 *
 * Reads what a row usually is: an object of objects, strings without escapes, numbers of up to 18
 * digits, true, false and null. Anything else, and any text that is no JSON, is left to json_parse:
 * what is read here is read the same there. */
#pragma once

#include "base/arena.h"
#include "feel/feel.h"
#include "feel/value.h"

struct row_key;

/* The keys of one object. */
struct row_keys {
    struct row_key *p;
    size_t n, room;
};

struct row_key {
    struct str name;
    uint32_t column; /* where the value goes; UINT32_MAX: nowhere by itself */
    bool refused;    /* a text with this key is read by json_parse */
    const struct feel_type
        *type;             /* of the column; a string becomes what it says; NULL = as it is */
    struct row_keys inner; /* of an object under this key */
};

/* Let the value under a path ("applicant", "age") go to a column. False when a part of the path is
 * a column itself. */
bool row_keys_add(struct arena *a, struct row_keys *keys, const struct str *path, size_t length,
                  uint32_t column, const struct feel_type *type);
/* Leave texts with this key to json_parse. */
void row_keys_refuse(struct arena *a, struct row_keys *keys, struct str name);
/* Fill in what the text holds; what it has not stays as it is. Strings are borrowed from the text.
 * False: read it by json_parse; the row is then of no use. */
bool row_from_json(struct ctx *ctx, const struct row_keys *keys, struct str text,
                   struct feel_value *row);
