/* parse_in.h - the compiler's state, shared by lex.c, name.c, parse.c and type_parse.c. */
#pragma once

#include "feel/feel_in.h"
#include "feel/value.h"

/* A function being compiled: the whole expression, or a function literal in it. */
struct frame {
    struct frame *outer;
    uint32_t slots; /* frame slots given out */
    struct capture *captures;
};

/* A value of an outer function that an inner one uses: copied into a slot when the literal is
 * evaluated. */
struct capture {
    struct capture *next;
    const struct node *from; /* in the outer frame */
    uint32_t slot;
    const struct frame *owner; /* of what is captured; NULL: the scope or ? */
    uint32_t owner_slot;       /* UINT32_MAX: ? */
};

/* A name in force, innermost last. A filter's marker has no name: any name may be a member of the
 * item. */
struct binding {
    struct str name;
    struct frame *owner;
    uint32_t slot;
    bool is_item; /* marker of a filter: slot holds the item */
};

struct compiler {
    struct ctx *ctx;
    const struct feel_scope *scope;
    struct feel_source source;
    struct str text;
    size_t at;
    struct feel_program *program;
    struct frame *frame;
    struct binding *bindings;
    size_t binding_count, binding_room;
    struct str *odd; /* member names that hold more than name characters */
    size_t odd_count, odd_room;
    bool odd_gathered;
    bool *used; /* slots of the scope */
    bool uses_input;
    bool partial_used;
    bool list_in_parens; /* the next "(" may hold a list of tests: behind `in` */
    bool range_end;      /* the upper end of a range is being read: "[" may be its bracket */
    uint32_t depth;
    enum err err; /* the first */
};

/* ---- lex.c: blanks, words, literals; each returns false, and moves nothing, when there is no such
 * thing ---- */

void lex_blanks(struct compiler *c);
bool lex_at_end(struct compiler *c);
char lex_peek(struct compiler *c);
/* The operator or bracket, after blanks. */
bool lex_take(struct compiler *c, const char *op);
bool lex_sees(struct compiler *c, const char *op);
/* The keyword, not followed by a name character. */
bool lex_word(struct compiler *c, const char *word);
bool lex_sees_word(struct compiler *c, const char *word);
bool lex_string(struct compiler *c, struct str *ret);
bool lex_number(struct compiler *c, struct decimal *ret);
bool name_starts(struct str text, size_t at);
/* The bytes of the name character at `at`, 0 when there is none there. */
size_t name_part(struct str text, size_t at);
/* Up to one of the stop bytes or " in ": the name being declared, blanks trimmed and made single.
 */
bool lex_new_name(struct compiler *c, const char *stops, bool stop_at_in, struct str *ret);
/* One or more words up to an operator or keyword. */
bool lex_words(struct compiler *c, struct str *ret);
/* The end of `name` at `at`, 0 when the text there is not that name. Runs of blanks count as one.
 */
size_t name_match(struct str text, size_t at, struct str name);

/* Note a syntax error here; returns NULL. */
const struct node *parse_expected(struct compiler *c, const char *what);
const struct node *parse_refuse(struct compiler *c, enum err err, size_t at, const char *format,
                                ...) PRINTF(4, 5);

/* ---- name.c ---- */

void name_bind(struct compiler *c, struct str name, uint32_t slot, bool is_item);
uint32_t name_slot(struct compiler *c);
/* Remember a member name, if it holds more than name characters. */
void name_add_odd(struct compiler *c, struct str name);
enum name_found { NAME_NONE, NAME_VALUE, NAME_BUILTIN };
/* The longest known name here, moved past; in a filter any words will do. */
enum name_found name_here(struct compiler *c, struct str *ret);
/* The member name behind a ".". */
bool name_member(struct compiler *c, struct str *ret);
/* How long the longest known name here is. */
size_t name_length(struct compiler *c);
const struct node *name_resolve(struct compiler *c, struct str name, uint32_t offset);
const struct node *name_input(struct compiler *c, uint32_t offset);

/* ---- nodes ---- */

struct node *node_new(struct compiler *c, node_eval *fn, size_t offset, const struct node *a,
                      const struct node *b);
struct node *node_const(struct compiler *c, struct feel_value v, size_t offset);
struct node *node_kids(struct compiler *c, node_eval *fn, size_t offset,
                       const struct node *const *kids, size_t count);
/* A null that tells why each time it is evaluated. */
const struct node *node_trouble(struct compiler *c, size_t offset, const char *format, ...)
    PRINTF(3, 4);
/* The constant it comes to, when its parts are constant and it is not null. */
const struct node *node_fold(struct compiler *c, struct node *n);

struct node_list {
    const struct node **p;
    size_t n, room;
};
void node_push(struct compiler *c, struct node_list *l, const struct node *n);

/* ---- parse.c, type_parse.c ---- */

const struct node *parse_expression(struct compiler *c);
const struct feel_type *parse_type(struct compiler *c);
struct compiler compiler_new(struct ctx *ctx, const struct feel_scope *scope,
                             struct feel_source source);

/* ---- eval.c: what nodes do ---- */

node_eval eval_const, eval_trouble, eval_global, eval_local, eval_input, eval_member_or, eval_path,
    eval_add, eval_sub, eval_mul, eval_div, eval_power, eval_negate, eval_and, eval_or, eval_equal,
    eval_not_equal, eval_less, eval_less_equal, eval_greater, eval_greater_equal, eval_between,
    eval_in, eval_in_any, eval_if, eval_list, eval_context, eval_range, eval_test, eval_filter,
    eval_for, eval_some, eval_every, eval_instance, eval_lambda, eval_call, eval_call_named,
    eval_builtin, eval_unary, eval_any, eval_java;

/* A loop of for, some, every. */
struct loop {
    const struct node *from;
    const struct node *to; /* from..to; NULL: a list */
    uint32_t slot;
};
struct loops {
    const struct loop *list;
    size_t count;
    uint32_t partial_slot; /* UINT32_MAX: not used */
};

struct context_plan {
    const struct str *keys;
    const uint32_t *slots; /* where later entries find the values */
};

/* A filter that compares a member of the item with a number: which outcomes of the order it keeps.
 */
enum { KEEP_LESS = 1, KEEP_EQUAL = 2, KEEP_GREATER = 4 };
struct filter_plan {
    struct str key;
    struct feel_value bound; /* inline */
    int keep;
};

struct java_plan {
    struct str class, signature;
    const struct feel_member *params;
    size_t count;
};

struct unary_plan {
    const bool *uses_input; /* per test */
};
