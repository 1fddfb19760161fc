/* Rows from JSON texts. */
#include "dmn/batch_json.h"

#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/utf8.h"
#include "feel/value.h"
#include "limit_gen.h"

static struct row_key *key_of(struct arena *a, struct row_keys *keys, struct str name,
                              bool *ret_new)
{
    *ret_new = false;
    for (size_t i = 0; i < keys->n; i++) {
        if (str_equal(keys->p[i].name, name)) {
            return &keys->p[i];
        }
    }
    if (keys->n == keys->room) {
        size_t room = keys->room == 0 ? 8 : keys->room * 2;
        keys->p = arena_grow(a, keys->p, keys->room * sizeof(*keys->p), room * sizeof(*keys->p));
        keys->room = room;
    }
    *ret_new = true;
    keys->p[keys->n] = (struct row_key){.name = name, .column = UINT32_MAX};
    return &keys->p[keys->n++];
}

bool row_keys_add(struct arena *a, struct row_keys *keys, const struct str *path, size_t length,
                  uint32_t column, const struct feel_type *type)
{
    for (size_t depth = 0; depth < length; depth++) {
        bool is_new = false;
        struct row_key *key = key_of(a, keys, path[depth], &is_new);
        bool last = depth + 1 == length;
        if (!is_new && (last || key->column != UINT32_MAX)) {
            return false;
        }
        if (last) {
            key->column = column;
            key->type = type;
        }
        keys = &key->inner;
    }
    return true;
}

void row_keys_refuse(struct arena *a, struct row_keys *keys, struct str name)
{
    bool is_new = false;
    key_of(a, keys, name, &is_new)->refused = true;
}

/* Where the reading stands. Behind the last byte of a text nothing is read. */
struct reader {
    struct ctx *ctx;
    const char *at, *end;
    struct feel_value *row;
};

static inline void skip_blanks(struct reader *r)
{
    while (r->at < r->end &&
           (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) {
        r->at++;
    }
}

static inline bool take(struct reader *r, char c)
{
    if (r->at < r->end && *r->at == c) {
        r->at++;
        return true;
    }
    return false;
}

static bool take_word(struct reader *r, const char *word, size_t n)
{
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0) {
        return false;
    }
    r->at += n;
    return true;
}

/* Behind the opening quote. False for escapes, controls, and what is no UTF-8. */
static inline bool take_string(struct reader *r, struct str *ret)
{
    const char *from = r->at;
    unsigned char seen = 0;
    while (r->at < r->end && *r->at != '"' && *r->at != '\\' && (unsigned char)*r->at >= 0x20) {
        seen |= (unsigned char)*r->at++;
    }
    *ret = (struct str){from, (size_t)(r->at - from)};
    return take(r, '"') && (seen < 0x80 || utf8_is_valid(*ret));
}

/* Digits with at most one point, 18 of them at most: integer x 10^exp, trailing zeros kept as
 * decimal_parse keeps them.
 */
static inline bool take_number(struct reader *r, struct feel_value *ret)
{
    bool negative = take(r, '-');
    const char *from = r->at;
    int64_t whole = 0;
    int digits = 0;
    int16_t exp = 0;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && digits <= 18) {
        whole = whole * 10 + (*r->at++ - '0');
        digits++;
    }
    if (digits == 0 || (digits > 1 && *from == '0')) {
        return false;
    }
    if (take(r, '.')) {
        int before = digits;
        while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && digits <= 18) {
            whole = whole * 10 + (*r->at++ - '0');
            digits++;
        }
        exp = (int16_t)(before - digits);
        if (exp == 0) {
            return false;
        }
    }
    if (digits > 18 || (r->at < r->end && (*r->at == 'e' || *r->at == 'E'))) {
        return false;
    }
    *ret = feel_int(negative ? -whole : whole);
    ret->exp = exp;
    return true;
}

static bool string_as(struct reader *r, struct str s, const struct feel_type *type,
                      struct feel_value *ret)
{
    if (type == NULL) {
        *ret = feel_string(s);
        return true;
    }
    struct json j = json_of_str(s);
    struct why before = r->ctx->why;
    bool good = feel_from_json(r->ctx, &j, type, ret) == ERR_OK;
    r->ctx->why = before;
    return good;
}

static bool take_scalar(struct reader *r, const struct feel_type *type, struct feel_value *ret)
{
    struct str s = {0};
    *ret = feel_null();
    if (take(r, '"')) {
        return take_string(r, &s) && string_as(r, s, type, ret);
    }
    if (r->at < r->end && (*r->at == '-' || (*r->at >= '0' && *r->at <= '9'))) {
        return take_number(r, ret);
    }
    if (take_word(r, "true", 4)) {
        *ret = feel_bool(true);
        return true;
    }
    if (take_word(r, "false", 5)) {
        *ret = feel_bool(false);
        return true;
    }
    return take_word(r, "null", 4);
}

static inline bool same_name(struct str a, struct str b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* The key of that name, tried first where it stands when members come in order. */
static inline size_t find_key(const struct row_keys *keys, struct str name, size_t hint)
{
    for (size_t k = 0; k < keys->n; k++) {
        size_t i = hint + k < keys->n ? hint + k : hint + k - keys->n;
        if (same_name(keys->p[i].name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* Which members came, so that none comes twice. */
struct members {
    uint64_t known;
    struct str others[8];
    size_t other_count, count;
};

static bool is_new(struct members *m, struct str name, size_t key)
{
    if (++m->count > LIMIT_JSON_MEMBERS) {
        return false;
    }
    if (key != SIZE_MAX) {
        bool first = (m->known >> key & 1) == 0;
        m->known |= (uint64_t)1 << key;
        return first;
    }
    for (size_t i = 0; i < m->other_count; i++) {
        if (same_name(m->others[i], name)) {
            return false;
        }
    }
    if (m->other_count == LEN(m->others)) {
        return false;
    }
    m->others[m->other_count++] = name;
    return true;
}

static bool take_object(struct reader *r, const struct row_keys *keys, int depth)
{
    struct members members = {0};
    size_t hint = 0;
    skip_blanks(r);
    if (!take(r, '{') || keys->n > 64 || depth > LIMIT_JSON_DEPTH / 2) {
        return false;
    }
    skip_blanks(r);
    if (take(r, '}')) {
        return true;
    }
    do {
        struct str name = {0};
        struct feel_value other = feel_null();
        skip_blanks(r);
        if (!take(r, '"') || !take_string(r, &name)) {
            return false;
        }
        size_t key = find_key(keys, name, hint);
        skip_blanks(r);
        if (!is_new(&members, name, key) || !take(r, ':')) {
            return false;
        }
        skip_blanks(r);
        const struct row_key *k = key == SIZE_MAX ? NULL : &keys->p[key];
        hint = k == NULL ? hint : key + 1 < keys->n ? key + 1 : 0;
        bool good = k != NULL && k->refused   ? false
                    : k == NULL               ? take_scalar(r, NULL, &other)
                    : k->column == UINT32_MAX ? take_object(r, &k->inner, depth + 1)
                                              : take_scalar(r, k->type, &r->row[k->column]);
        if (!good) {
            return false;
        }
        skip_blanks(r);
    } while (take(r, ','));
    return take(r, '}');
}

bool row_from_json(struct ctx *ctx, const struct row_keys *keys, struct str text,
                   struct feel_value *row)
{
    struct reader r = {ctx, text.p, text.p + text.n, row};
    if (text.n > LIMIT_JSON_BYTES || !take_object(&r, keys, 1)) {
        return false;
    }
    skip_blanks(&r);
    return r.at == r.end;
}
