/* feel_in.h - what the files of this room share and nobody else sees: nodes, runs, built-ins. */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "feel/feel.h"
#include "feel/value.h"
#include "feel/shape.h"
#include "limit_gen.h"

/* ---- programs -------------------------------------------------------------------------------- */

struct run;
struct node;
typedef struct feel_value node_eval(struct run *r, const struct node *n);

/* What analysis needs to know of a node; evaluation goes by its function alone. */
enum node_op {
    OP_OTHER,
    OP_CONST,
    OP_GLOBAL, /* slot: of the scope */
    OP_LOCAL,  /* slot: of the frame */
    OP_INPUT,  /* ? */
    OP_TEST,   /* a unary test with an operator: compare, a */
    OP_RANGE,  /* a..b */
    OP_ANY     /* "-" */
};

/* A node of a compiled expression. Which fields count depends on its function. */
struct node {
    node_eval *eval;
    const struct node *a, *b, *c;
    const struct node *const *kids;
    const void *extra; /* what the function says: a type, a built-in, a lambda, loops */
    struct feel_value value;
    struct str name;
    uint32_t count; /* of kids */
    uint32_t slot;
    uint32_t offset; /* in the source */
    uint16_t op;     /* enum node_op */
    uint16_t flags;
};

struct feel_program {
    const struct node *root;
    struct feel_source source;
    uint32_t frame_size;
    uint32_t depth; /* nesting of the tree */
    bool unary;
    bool negated;
    bool uses_input;
    const struct feel_zone_source *zones;
    const struct feel_shape *shapes; /* unary programs */
    size_t shape_count;
    const bool *used; /* per slot of the scope */
    size_t slot_count;
};

/* ---- running --------------------------------------------------------------------------------- */

struct run {
    struct ctx *ctx;
    struct feel_env *env;
    const struct feel_program *program; /* for places in messages */
    struct feel_value *frame;
    struct feel_value *stack; /* free frame memory */
    struct feel_value *stack_end;
    uint64_t steps_max;
    enum err err; /* a passed limit: evaluation winds down */
};

/* Evaluate a node. Constants and locals, the leaves of most trees, are read without a call. */
static inline struct feel_value eval(struct run *r, const struct node *n)
{
    return n->op == OP_CONST ? n->value : n->op == OP_LOCAL ? r->frame[n->slot] : n->eval(r, n);
}

/* Note why a node is null, and be null. n may be NULL. */
struct feel_value run_trouble(struct run *r, const struct node *n, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold, noinline));
/* Give up for steps, or because a limit was passed before; false. */
bool run_stop(struct run *r) __attribute__((cold, noinline));
/* Count one turn of a loop or one call; false when the limit is passed. */
static inline bool run_step(struct run *r)
{
    return __builtin_expect(r->err == ERR_OK && ++r->env->steps <= r->steps_max, 1) ? true
                                                                                    : run_stop(r);
}
/* Give up with an error. */
struct feel_value run_fail(struct run *r, enum err err, const char *format, ...) PRINTF(3, 4);
/* Start a run in ctx and env. */
struct run run_new(struct ctx *ctx, struct feel_env *env, const struct feel_program *program);

/* Call any function value by position. */
struct feel_value run_call(struct run *r, const struct node *n, struct feel_value function,
                           const struct feel_value *args, size_t count);

struct feel_value run_call_named(struct run *r, const struct node *n, struct feel_value function,
                                 const struct feel_entry *args, size_t count);

/* ---- functions ------------------------------------------------------------------------------- */

struct builtin;
typedef struct feel_value builtin_fn(struct run *r, const struct node *n,
                                     const struct feel_value *args, size_t count);

/* Kinds a parameter takes, as bits of enum feel_kind. */
#define KIND(k) (1u << (k))
#define K_NULL KIND(FEEL_NULL)
#define K_BOOL KIND(FEEL_BOOL)
#define K_NUMBER KIND(FEEL_NUMBER)
#define K_STRING KIND(FEEL_STRING)
#define K_DATE KIND(FEEL_DATE)
#define K_TIME KIND(FEEL_TIME)
#define K_DATE_TIME KIND(FEEL_DATE_TIME)
#define K_MONTHS KIND(FEEL_YEARS_MONTHS)
#define K_DURATION KIND(FEEL_DAYS_TIME)
#define K_LIST KIND(FEEL_LIST)
#define K_CONTEXT KIND(FEEL_CONTEXT)
#define K_RANGE KIND(FEEL_RANGE)
#define K_FUNCTION KIND(FEEL_FUNCTION)
#define K_ANY ((1u << FEEL_KIND_COUNT) - 1)
/* Orderable values, the ends of ranges. */
#define K_POINT (K_NUMBER | K_STRING | K_DATE | K_TIME | K_DATE_TIME | K_MONTHS | K_DURATION)

enum { BUILTIN_PARAMS = 7 };

enum variadic {
    VARIADIC_NOT,
    VARIADIC_ITEMS, /* the one list may also be given as its items */
    VARIADIC_REST   /* the last parameter may be given again */
};

struct builtin {
    const char *name;
    builtin_fn *fn;
    struct {
        const char *name;
        uint32_t kinds;
    } param[BUILTIN_PARAMS];
    uint8_t min;      /* arguments needed */
    uint8_t variadic; /* enum variadic */
    bool impure;      /* not to be folded: depends on the env */
};

/* One table a lib_*.c file; builtin.c lists them. */
struct builtin_table {
    const struct builtin *rows;
    size_t count;
};
extern const struct builtin_table feel_lib_number, feel_lib_string, feel_lib_list,
    feel_lib_temporal, feel_lib_context, feel_lib_range;

/* The first row of that name; rows of one name follow each other. NULL when there is none. */
const struct builtin *builtin_find(struct str name);
/* The next row of the same name, or NULL. */
const struct builtin *builtin_next(const struct builtin *b);
size_t builtin_params(const struct builtin *b);
/* The longest built-in name that text starts with at a token's end; 0 when none. */
size_t builtin_match(struct str text, size_t at, const struct builtin **ret);
/* Choose the row that fits, convert the arguments, call. */
struct feel_value builtin_call(struct run *r, const struct node *n, const struct builtin *b,
                               const struct feel_value *args, size_t count);
/* Put named arguments in order for the first row that has them all. NULL when none has. */
const struct builtin *builtin_order(const struct builtin *b, const struct str *names, size_t count,
                                    size_t ret_at[BUILTIN_PARAMS]);

/* A function literal as compiled: frame slots are captures, then parameters, then locals. */
struct lambda {
    const struct feel_program *program; /* for messages */
    const struct node *body;
    const struct feel_member *params;
    const struct feel_type *result; /* as far as the body shows it; NULL = Any */
    uint32_t param_count;
    uint32_t capture_count;
    const struct node *const *captures; /* evaluated where the literal stands */
    const uint32_t *capture_slots;
    uint32_t frame_size;
    uint32_t depth;
};

enum function_form { FUNCTION_LAMBDA, FUNCTION_BUILTIN, FUNCTION_NATIVE };

struct feel_function {
    enum function_form form;
    const struct feel_member *params;
    size_t count;
    const struct feel_type *result;
    const struct builtin *builtin;
    const struct lambda *lambda;
    struct feel_value *captured;
    feel_native *call;
    void *self;
};

/* A Java function of the compatibility kit; null when the table has no such. */
struct feel_value java_function(struct run *r, const struct node *n, struct str class,
                                struct str signature, const struct feel_member *params,
                                size_t count);

/* ---- values ---------------------------------------------------------------------------------- */

static inline uint64_t load64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}
static inline uint32_t load32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}
/* Equal bytes, for the short keys of contexts: two loads that may overlap instead of a call. */
static inline bool key_equal(struct str a, struct str b)
{
    if (a.n != b.n) {
        return false;
    }
    if (a.p == b.p) {
        return true;
    }
    if (a.n >= 8 && a.n <= 16) {
        return load64(a.p) == load64(b.p) && load64(a.p + a.n - 8) == load64(b.p + a.n - 8);
    }
    if (a.n >= 4 && a.n < 8) {
        return load32(a.p) == load32(b.p) && load32(a.p + a.n - 4) == load32(b.p + a.n - 4);
    }
    if (a.n < 4) {
        return a.n == 0 ||
               (a.p[0] == b.p[0] && a.p[a.n / 2] == b.p[a.n / 2] && a.p[a.n - 1] == b.p[a.n - 1]);
    }
    return memcmp(a.p, b.p, a.n) == 0;
}
/* The value of a key of a context, or NULL. */
static inline const struct feel_value *entry_find(struct feel_value context, struct str key)
{
    const struct feel_entry *e = context.entries;
    for (const struct feel_entry *end = e + context.n; e != end; e++) {
        if (key_equal(e->key, key)) {
            return &e->value;
        }
    }
    return NULL;
}

static inline bool is_small(struct feel_value v)
{
    return v.kind == FEEL_NUMBER && !v.boxed;
}
struct feel_value value_number(struct run *r, struct decimal d);
/* An integer from a number: exact, or truncated towards zero; false when it does not fit. */
bool value_to_i64(struct feel_value v, int64_t *ret);
bool value_truncate(struct feel_value v, int64_t *ret);
/* Arithmetic on numbers; null with a trouble when there is no finite result. */
struct feel_value number_add(struct run *r, const struct node *n, struct feel_value a,
                             struct feel_value b);
struct feel_value number_sub(struct run *r, const struct node *n, struct feel_value a,
                             struct feel_value b);
struct feel_value number_mul(struct run *r, const struct node *n, struct feel_value a,
                             struct feel_value b);
struct feel_value number_div(struct run *r, const struct node *n, struct feel_value a,
                             struct feel_value b);
int number_compare(struct feel_value a, struct feel_value b);
/* An inline number with another exponent, when that is exact and fits. */
bool number_scale(struct feel_value v, int16_t exp, struct feel_value *ret);
/* The operators on any kinds. */
struct feel_value op_add(struct run *r, const struct node *n, struct feel_value a,
                         struct feel_value b);
struct feel_value op_sub(struct run *r, const struct node *n, struct feel_value a,
                         struct feel_value b);
struct feel_value op_mul(struct run *r, const struct node *n, struct feel_value a,
                         struct feel_value b);
struct feel_value op_div(struct run *r, const struct node *n, struct feel_value a,
                         struct feel_value b);
struct feel_value op_power(struct run *r, const struct node *n, struct feel_value a,
                           struct feel_value b);
struct feel_value op_negate(struct run *r, const struct node *n, struct feel_value a);

/* true, false or null: is v in the range? */
struct feel_value range_holds(const struct feel_range *range, struct feel_value v);
/* v `in` a test value: a range, a list of tests, or an equal value. */
struct feel_value value_in(struct run *r, struct feel_value v, struct feel_value test);
/* feel_equal within the steps that are left. */
struct feel_value value_equal(struct run *r, struct feel_value a, struct feel_value b);
struct feel_value value_range(struct arena *a, struct feel_range range);
/* Whether the ends are of one orderable kind and in order. */
bool range_is_valid(struct feel_value lo, struct feel_value hi, bool allow_null);
/* FEEL's is(): same kind and form as well. */
bool value_is(struct feel_value a, struct feel_value b);
const char *value_kind_name(struct feel_value v);
void value_write(struct buf *b, struct feel_value v, bool quoted);

/* A list that grows on the arena. */
struct vec {
    struct feel_value *p;
    size_t n, room;
};
void vec_grow(struct run *r, struct vec *v, size_t room);
static inline void vec_push(struct run *r, struct vec *v, struct feel_value item)
{
    if (v->n == v->room) {
        vec_grow(r, v, v->room == 0 ? 8 : v->room * 2);
    }
    v->p[v->n++] = item;
}
static inline struct feel_value vec_list(const struct vec *v)
{
    return feel_list(v->p, v->n);
}

/* ---- time (temporal.c, zone.c) --------------------------------------------------------------- */

enum { YEAR_MAX = 999999999 };
#define NS_PER_S ((int64_t)1000000000)
#define NS_PER_DAY (86400 * NS_PER_S)

struct ymd {
    int64_t year;
    int32_t month, day;
};
int64_t ymd_to_day(struct ymd d);
struct ymd ymd_from_day(int64_t day);
bool ymd_is_valid(struct ymd d);
bool ymd_day_in_range(int64_t day);
/* Monday = 1. */
int ymd_weekday(int64_t day);
struct ymd ymd_add_months(struct ymd d, int64_t months);

struct feel_value value_date(int64_t day);
struct feel_value value_moment(struct arena *a, enum feel_kind kind, struct feel_moment m);
struct feel_value value_months(int64_t months);
struct feel_value value_duration(int64_t s, int64_t ns); /* ns of any size */

/* Texts to values; null when the text is none. */
struct feel_value date_from_text(struct str s);
struct feel_value time_from_text(struct run *r, struct str s);
struct feel_value date_time_from_text(struct run *r, struct str s);
struct feel_value duration_from_text(struct str s);
/* @"...": any of the four. */
struct feel_value temporal_from_text(struct run *r, struct str s);
void temporal_write(struct buf *b, struct feel_value v);

/* The offset from UTC of a moment, when it has one. */
bool moment_offset(const struct feel_moment *m, int32_t *ret_s);
/* Compare two values of one temporal kind; false when one has an offset and the other has none. */
bool temporal_compare(struct feel_value a, struct feel_value b, int *ret);
/* Seconds and nanoseconds of a - b. False as above. */
bool moment_subtract(const struct feel_moment *a, const struct feel_moment *b, int64_t *ret_s,
                     int64_t *ret_ns);
/* The moment of a date: midnight UTC. */
struct feel_moment moment_of_date(struct feel_value date);
struct feel_value temporal_add(struct run *r, const struct node *n, struct feel_value a,
                               struct feel_value b, bool minus);
struct feel_value temporal_sub(struct run *r, const struct node *n, struct feel_value a,
                               struct feel_value b);
struct feel_value duration_mul(struct run *r, const struct node *n, struct feel_value a,
                               struct feel_value b);
struct feel_value duration_div(struct run *r, const struct node *n, struct feel_value a,
                               struct feel_value b);
/* A property like "year" of a temporal value or range; false when it has none of that name. */
bool temporal_property(struct run *r, struct feel_value v, struct str name, struct feel_value *ret);

struct feel_zone {
    struct str name;
    struct str transitions; /* TZif, 64-bit times */
    struct str kinds;       /* one byte each: index into types */
    struct str types;       /* 6 bytes each */
    struct str footer;      /* POSIX rule for later times */
    size_t count;
};
/* NULL when the source has none of that name. */
const struct feel_zone *zone_load(struct run *r, struct str name);
int32_t zone_offset_at(const struct feel_zone *z, int64_t utc_s);
int32_t zone_offset_local(const struct feel_zone *z, int64_t local_s);

/* ---- regular expressions (regex.c) ----------------------------------------------------------- */

struct regex;
struct regex_match {
    size_t from[100], to[100]; /* bytes; SIZE_MAX when the group took no part */
};
/* An XPath 3.1 regular expression; NULL with *ret_why when it is none. */
const struct regex *regex_compile(struct arena *a, struct str pattern, struct str flags,
                                  const char **ret_why);
/* The leftmost match at or after byte `at`; 0 none, 1 found, -1 too many steps. */
int regex_find(const struct regex *re, struct arena *a, struct str text, size_t at,
               struct regex_match *ret);
size_t regex_groups(const struct regex *re);

/* ---- types ----------------------------------------------------------------------------------- */

const struct feel_type *type_simple(enum feel_type_kind kind);
/* instance of: as feel_is, but null is of no type. */
bool type_instance(struct run *r, struct feel_value v, const struct feel_type *t);
struct feel_value type_coerce(struct run *r, const struct node *n, struct feel_value v,
                              const struct feel_type *t);
const char *type_kind_name(const struct feel_type *t);

/* ---- parsing --------------------------------------------------------------------------------- */

/* "[1..3]" with literal ends, for range(). */
struct feel_value range_from_text(struct run *r, struct str s);
/* A number as FEEL writes it: digits, point, exponent; no sign. */
bool number_from_text(struct str s, struct decimal *ret);
