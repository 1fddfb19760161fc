/* feel.h - FEEL, the expression language of DMN 1.5 (OMG formal/2024-01-01, chapter 10): compile
 * once, evaluate often.
 *
 * What it is not: it knows no decision tables and no XML (dmn/ does), no clock (the caller says
 * what now is) and no files (the caller hands in time zones).
 *
 * A program is compiled against a scope of known names, since FEEL names may hold spaces and
 * operators; it lives on the arena of the call that compiled it, is never written again, and may be
 * evaluated from any number of threads. An evaluation pushes its results on its own ctx->arena;
 * values are immutable, share their parts freely, and borrow from program and inputs, so both must
 * live as long as the result.
 *
 * FEEL has no exceptions: what cannot be computed is null. Every null that arises has a reason,
 * noted in env->troubles when the caller gave a list. enum err is kept for what is not FEEL's:
 * a text that is no FEEL (ERR_SYNTAX, ERR_UNKNOWN_NAME with line, column and what was expected),
 * and passed limits (ERR_TOO_MANY steps, ERR_TOO_DEEP, ERR_TOO_LARGE).
 */
#pragma once

#include "base/base.h"
#include "base/decimal.h"
#include "base/json.h"
#include "feel/value.h"

/* FEEL equality: true, false, or null across kinds (DMN 1.5, 10.3.2.13 table 42). */
struct feel_value feel_equal(struct feel_value a, struct feel_value b);
/* For numbers, strings, booleans, dates, times and durations of one kind: sets *ret to <0, 0, >0.
 * False when there is no order. */
bool feel_compare(struct feel_value a, struct feel_value b, int *ret);

/* ---- types ----------------------------------------------------------------------------------- */

enum feel_type_kind {
    FEEL_TYPE_ANY,
    FEEL_TYPE_NULL,
    FEEL_TYPE_BOOL,
    FEEL_TYPE_NUMBER,
    FEEL_TYPE_STRING,
    FEEL_TYPE_DATE,
    FEEL_TYPE_TIME,
    FEEL_TYPE_DATE_TIME,
    FEEL_TYPE_YEARS_MONTHS,
    FEEL_TYPE_DAYS_TIME,
    FEEL_TYPE_LIST,
    FEEL_TYPE_CONTEXT,
    FEEL_TYPE_RANGE,
    FEEL_TYPE_FUNCTION
};

struct feel_program;
struct feel_member;

/* Types live on the arena of their maker. A recursive type points to itself. */
struct feel_type {
    enum feel_type_kind kind;
    struct str name;                   /* the name of an item definition; may be empty */
    const struct feel_type *element;   /* list, range; result of a function; NULL = Any */
    const struct feel_member *members; /* context; parameters of a function */
    size_t count;
    const struct feel_program *allowed; /* unary tests each value (each element of a list: put it on
                                           the element) must pass; may be NULL */
};

struct feel_member {
    struct str name;
    const struct feel_type *type; /* NULL = Any */
};

/* ---- compiling ------------------------------------------------------------------------------- */

/* Reads the TZif file of a zone ("Asia/Shanghai"); ERR_NOT_FOUND when there is none. The bytes must
 * live as long as ctx->arena. Called from any thread. */
struct feel_zone_source {
    void *self;
    enum err (*read)(struct ctx *ctx, void *self, struct str name, struct str *ret_tzif);
};
/* One that reads /usr/share/zoneinfo through ctx->world; without a world it knows no zones. */
extern const struct feel_zone_source feel_zones_of_world;

/* What a program may name. Slot i of an evaluation holds the value of names[i]; a later name hides
 * an earlier one of the same spelling. Types may be NULL; they make members with blanks and
 * operators in their names readable, and are not enforced. */
struct feel_scope {
    const struct feel_member *names;
    size_t count;
    const struct feel_type *const *types; /* item definitions, by their name */
    size_t type_count;
    const struct feel_zone_source *zones; /* NULL: no named zones */
    const struct feel_type *input;        /* type of ? in unary tests; may be NULL */
    bool java; /* allow `external` Java functions of the compatibility kit */
};

/* Where a text stands, for messages. line and column are 1-based; 0 is taken as 1. */
struct feel_source {
    struct str text;
    struct str file;
    uint32_t line;
    uint32_t column;
};

/* One expression. ERR_SYNTAX, ERR_UNKNOWN_NAME, ERR_TOO_DEEP, ERR_TOO_LARGE, ERR_UTF8. The text
 * must live as long as the program. */
enum err feel_compile(struct ctx *ctx, const struct feel_scope *scope, struct feel_source source,
                      const struct feel_program **ret) MUST_USE;
/* Unary tests: "-", "< 5, [7..9]", "not(\"a\")", or expressions with "?" (DMN 1.5 grammar 7). */
enum err feel_compile_unary(struct ctx *ctx, const struct feel_scope *scope,
                            struct feel_source source, const struct feel_program **ret) MUST_USE;
/* A type: "number", "list<string>", "context<a: date>", "function<number>->number", or an item
 * definition. */
enum err feel_type_parse(struct ctx *ctx, const struct feel_scope *scope, struct feel_source source,
                         const struct feel_type **ret) MUST_USE;

/* ---- evaluating ------------------------------------------------------------------------------ */

struct feel_trouble {
    uint32_t line, column; /* of the source; 0 when unknown */
    struct str reason;     /* one English sentence */
};

/* Reasons of nulls, the first of them; count goes on beyond max. */
struct feel_troubles {
    struct feel_trouble *list;
    size_t max;
    size_t count;
};

/* What one evaluation sees. Zero all that is not needed. The same env may be handed on to nested
 * evaluations and calls, which then share its limits. */
struct feel_env {
    const struct feel_value *slots; /* one per name of the scope */
    struct feel_value input;        /* ? of unary tests */
    struct instant now;             /* what now() and today() answer */
    int32_t now_offset_s;           /* in this offset from UTC */
    struct feel_troubles *troubles; /* may be NULL */
    uint64_t steps_max;             /* loop turns and calls; 0 = LIMIT_FEEL_STEPS */
    uint64_t steps;                 /* taken so far; the callee counts up */
    uint32_t depth;                 /* nesting so far; kept by the callee */
    const struct feel_zone_source
        *zones; /* zones named in texts; NULL: those of the program's scope */
};

/* Evaluate. Unary tests answer true, false or null for env->input. */
enum err feel_eval(struct ctx *ctx, const struct feel_program *program, struct feel_env *env,
                   struct feel_value *ret) MUST_USE;
/* Note why something is null, for code that evaluates on top of this (may be called with no list).
 */
void feel_trouble(struct ctx *ctx, struct feel_env *env, const char *format, ...) PRINTF(3, 4);

/* Does v conform to the type (DMN 1.5, 10.3.2.9.2), its allowed values included? t NULL = Any. null
 * conforms to every type. */
bool feel_is(struct ctx *ctx, struct feel_env *env, struct feel_value v, const struct feel_type *t);
/* v as a t: itself, its only item, a list of it, midnight of a date; else null with a trouble
 * (DMN 1.5, 10.3.2.9.4). */
struct feel_value feel_coerce(struct ctx *ctx, struct feel_env *env, struct feel_value v,
                              const struct feel_type *t);

/* ---- functions ------------------------------------------------------------------------------- */

/* The body of a function made outside FEEL; args are already coerced to the parameter types,
 * missing ones null. */
typedef enum err feel_native(struct ctx *ctx, void *self, struct feel_env *env,
                             const struct feel_value *args, size_t count, struct feel_value *ret);
/* A function value for a business knowledge model, a decision service, a boxed function. params and
 * self are borrowed.
 */
struct feel_value feel_function_native(struct arena *a, const struct feel_member *params,
                                       size_t count, const struct feel_type *result,
                                       feel_native *call, void *self);
/* Call a function value by position. Wrong count or argument type: null with a trouble. */
enum err feel_call(struct ctx *ctx, struct feel_env *env, struct feel_value function,
                   const struct feel_value *args, size_t count, struct feel_value *ret) MUST_USE;
/* Call by parameter names; a name the function has not: null with a trouble. */
enum err feel_call_named(struct ctx *ctx, struct feel_env *env, struct feel_value function,
                         const struct feel_entry *args, size_t count,
                         struct feel_value *ret) MUST_USE;

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Null, booleans, numbers, strings, arrays and objects; with a type, strings become dates, times
 * and durations as it says, and the value is coerced. Borrows the strings of j. */
enum err feel_from_json(struct ctx *ctx, const struct json *j, const struct feel_type *type,
                        struct feel_value *ret) MUST_USE;
/* The other way; temporal values, ranges and functions become their text. */
struct json feel_to_json(struct ctx *ctx, struct feel_value v);
