/* value.h - the values of FEEL: 16 bytes, immutable, made and read here. They borrow from program
 * and inputs, so both must live as long. */
#pragma once

#include "base/base.h"
#include "base/decimal.h"

enum feel_kind {
    FEEL_NULL,
    FEEL_BOOL,
    FEEL_NUMBER,
    FEEL_STRING,
    FEEL_DATE,
    FEEL_TIME,
    FEEL_DATE_TIME,
    FEEL_YEARS_MONTHS, /* years and months duration */
    FEEL_DAYS_TIME,    /* days and time duration */
    FEEL_LIST,
    FEEL_CONTEXT,
    FEEL_RANGE,
    FEEL_FUNCTION,
    FEEL_KIND_COUNT
};

struct feel_entry;
struct feel_moment;
struct feel_range;
struct feel_function;

/* 16 bytes, passed by value; a zeroed one is null. Read it through the functions below; write it
 * only through the makers. */
struct feel_value {
    uint8_t kind; /* enum feel_kind */
    bool boxed;   /* FEEL_NUMBER: more than 64 bits, behind number */
    int16_t exp;  /* FEEL_NUMBER not boxed: integer x 10^exp */
    uint32_t n;   /* bytes of a string; items; entries; nanoseconds of a days and time duration */
    union {
        bool boolean;
        int64_t integer; /* number; days since 1970-01-01; months; seconds (floored, n is
                            0..999999999) */
        const struct decimal *number;
        const char *text;
        const struct feel_value *items;
        const struct feel_entry *entries;
        const struct feel_moment *moment; /* time; date and time */
        const struct feel_range *range;
        const struct feel_function *function;
    };
};

struct feel_entry {
    struct str key;
    struct feel_value value;
};

enum feel_zone_form { FEEL_ZONE_NONE, FEEL_ZONE_OFFSET, FEEL_ZONE_NAMED };
struct feel_zone;

/* A local time of day, with its day for a date and time. */
struct feel_moment {
    int64_t day; /* days since 1970-01-01; 0 for a time */
    int64_t ns;  /* nanoseconds since midnight */
    enum feel_zone_form form;
    int32_t offset_s;             /* FEEL_ZONE_OFFSET: seconds east of UTC, within 18 hours */
    const struct feel_zone *zone; /* FEEL_ZONE_NAMED */
};

enum feel_range_form {
    FEEL_RANGE_INTERVAL,
    FEEL_RANGE_COMPARE,
    FEEL_RANGE_EQUAL,
    FEEL_RANGE_NOT_EQUAL
};

/* [lo..hi], or one of the unary tests (< x), (>= x), (= x), (!= x) as a value; a missing end is
 * null and open. For = and != both ends hold x. */
struct feel_range {
    struct feel_value lo, hi;
    bool lo_open, hi_open;
    enum feel_range_form form;
};

static inline struct feel_value feel_null(void)
{
    return (struct feel_value){0};
}
static inline struct feel_value feel_bool(bool b)
{
    return (struct feel_value){.kind = FEEL_BOOL, .boolean = b};
}
static inline struct feel_value feel_int(int64_t v)
{
    return (struct feel_value){.kind = FEEL_NUMBER, .integer = v};
}
/* Borrows; at most 4 GiB. */
static inline struct feel_value feel_string(struct str s)
{
    return (struct feel_value){
        .kind = FEEL_STRING, .n = (uint32_t)s.n, .text = s.n == 0 ? "" : s.p};
}
/* Both borrow their array. Keys of a context are distinct. */
static inline struct feel_value feel_list(const struct feel_value *items, size_t count)
{
    return (struct feel_value){.kind = FEEL_LIST, .n = (uint32_t)count, .items = items};
}
static inline struct feel_value feel_context(const struct feel_entry *entries, size_t count)
{
    return (struct feel_value){.kind = FEEL_CONTEXT, .n = (uint32_t)count, .entries = entries};
}
/* Any decimal; boxes on the arena what does not fit inline. */
struct feel_value feel_number(struct arena *a, struct decimal d);
struct feel_value feel_date(struct day d);
/* "date and time" of an instant at an offset from UTC. */
struct feel_value feel_date_time(struct arena *a, struct instant t, int32_t offset_s);

static inline bool feel_is_null(struct feel_value v)
{
    return v.kind == FEEL_NULL;
}
static inline bool feel_is_true(struct feel_value v)
{
    return v.kind == FEEL_BOOL && v.boolean;
}
static inline struct str feel_str(struct feel_value v)
{
    return v.kind == FEEL_STRING ? (struct str){v.text, v.n} : (struct str){0};
}
/* The decimal of a FEEL_NUMBER. */
struct decimal feel_decimal(struct feel_value v);
/* The value of a key; NULL when v is no context or has no such key. */
const struct feel_value *feel_get(struct feel_value v, struct str key);
/* What string() answers: a string as it is; a list with its strings quoted. */
struct str feel_text(struct ctx *ctx, struct feel_value v);
