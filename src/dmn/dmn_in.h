/* dmn_in.h - what the files of this room share and nobody else sees: models, boxes, tables, runs.
 */
#pragma once

#include <stdarg.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "dmn/dmn.h"
#include "dmn/fast.h"
#include "dmn/xml.h"
#include "limit_gen.h"

#define TB_NS STR("urn:tongban:1")

/* ---- models ---------------------------------------------------------------------------------- */

/* The names in force while logic is compiled; the slots of an evaluation have the same order. Names
 * of inner scopes are pushed and popped, so a slot may serve several names after each other. */
struct names {
    struct feel_member *p;
    size_t n, room;
    size_t most; /* slots that an evaluation needs */
};

/* Requirements from one imported model: one name, whose value is a context of them. */
struct import_slot {
    uint32_t slot;
    struct dmn_node *const *nodes;
    size_t count;
};

struct dmn_node {
    enum dmn_kind kind;
    uint32_t index; /* among the nodes of the model */
    struct str name;
    struct str id;
    const struct module *module;
    const struct xml *xml;
    const struct feel_type *type;  /* declared; NULL = Any */
    const struct feel_type *shape; /* declared or seen: tells names of members */
    bool java;
    uint8_t mark; /* while loading */

    struct dmn_node **needs; /* all requirements, for order */
    size_t need_count;

    struct dmn_node **direct; /* of the same model: slot i */
    size_t direct_count;
    struct import_slot *imports;
    size_t import_count;

    struct names names;
    const struct box
        *logic; /* a decision, the body of a business knowledge model; NULL when it has none */
    struct str broken; /* why the logic is none (tolerant models); empty when it is sound */

    struct feel_member *params; /* business knowledge models and services */
    size_t param_count;
    uint32_t param_slot;            /* of the first parameter */
    const struct feel_type *result; /* of a call; NULL = Any */
    bool native;                    /* its logic makes the function itself */
    struct dmn_node **given;        /* services: by parameter */
    struct dmn_node **outputs;      /* services */
    size_t output_count;
};

struct import {
    struct str name;
    struct str ns;
    const struct module *module;
};

/* One definitions document. */
struct module {
    struct str file;
    struct str ns;
    struct str name;
    const struct xml *root;
    struct import *imports;
    size_t import_count;
    struct item_definition *items;
    size_t item_count;
    const struct feel_type **types; /* own, then imported ones as "import.type" */
    size_t type_count;
    struct dmn_node **nodes; /* in the order of the document */
    size_t node_count;
    struct dmn_node **by_id; /* sorted */
    struct dmn_node **by_name;
    uint8_t mark;
};

struct dmn_model {
    struct module *modules; /* the first is the one to evaluate */
    size_t module_count;
    struct dmn_node **nodes; /* of all modules, each after what it requires */
    size_t node_count;
    struct dmn_options options;
};

struct loader {
    struct ctx *ctx;
    struct dmn_model *model;
    struct dmn_options options;
    int depth; /* of types defined by types */
};

/* Is x the DMN element of that name? */
bool dmn_is(const struct xml *x, const char *name);
struct feel_scope dmn_scope(const struct loader *l, const struct module *m,
                            const struct names *names);
/* What the text of x/text is, for the compiler; blanks around it are left out. */
struct feel_source dmn_text(const struct module *m, const struct xml *x);

/* ---- types (type.c) -------------------------------------------------------------------------- */

enum err dmn_types_declare(struct loader *l, struct module *m) MUST_USE;
enum err dmn_types_resolve(struct loader *l, struct module *m) MUST_USE;
/* The type that a typeRef attribute (or element) names; NULL for none and for Any. */
enum err dmn_type_ref(struct loader *l, const struct module *m, const struct xml *x, struct str ref,
                      const struct feel_type **ret) MUST_USE;
/* The constant points that a unary program lists, in order; 0 when it holds anything else. */
size_t dmn_listed(struct arena *a, const struct feel_program *allowed,
                  const struct feel_value **ret);

/* ---- boxed expressions (box.c) --------------------------------------------------------------- */

enum box_kind {
    BOX_LITERAL,
    BOX_TABLE,
    BOX_CONTEXT,
    BOX_RELATION,
    BOX_LIST,
    BOX_INVOCATION,
    BOX_FUNCTION,
    BOX_CONDITIONAL,
    BOX_FILTER,      /* by a FEEL filter */
    BOX_FILTER_EACH, /* by a boxed match, item by item */
    BOX_FOR,
    BOX_SOME,
    BOX_EVERY,
    BOX_KIND_COUNT
};

/* A context entry, a cell of a relation, an item of a list, a binding. */
struct part {
    struct str name;
    uint32_t slot;
    const struct feel_type *type;
    const struct box *box; /* NULL: null */
};

struct box {
    enum box_kind kind;
    const struct feel_type *type;       /* the value is coerced to it; NULL = Any */
    const struct feel_type *shape;      /* what is known of the value's members */
    const struct feel_program *program; /* literal; filter; what makes the list of an iteration */
    const struct feel_program *check;   /* filter: items whose match is no boolean */
    const struct dmn_table *table;
    const struct part *parts; /* entries, cells, bindings; the columns of a relation */
    size_t part_count;
    const struct box *rows; /* of a relation: lists */
    size_t row_count;
    const struct box *a, *b, *c;
    const struct feel_member *params; /* function */
    size_t param_count;
    const struct feel_type *result;
    uint32_t slot;    /* of the first parameter; of the list, whose item or iterator comes next */
    uint32_t partial; /* slot of partial */
};

/* Where logic is compiled. */
struct maker {
    struct loader *l;
    struct dmn_node *node;
    const struct module *module;
    struct names *names;
    bool java;
};

/* Make the one expression among the children of x; *ret is NULL when there is none. */
enum err box_make(struct maker *m, const struct xml *parent, const struct box **ret) MUST_USE;
enum err box_function(struct maker *m, const struct xml *x, struct dmn_node *bkm,
                      const struct box **ret) MUST_USE;
enum err names_push(struct maker *m, const struct xml *x, struct str name,
                    const struct feel_type *type, uint32_t *ret_slot) MUST_USE;
static inline void names_pop(struct names *names, size_t to)
{
    names->n = to;
}
/* Compile x/text. where tells the cell for messages. */
struct where {
    const char *what; /* "literal expression", "input entry" */
    size_t rule;      /* 1-based; 0 none */
    size_t column;    /* 1-based; 0 none */
};
enum err text_compile(struct maker *m, const struct xml *x, struct where where,
                      const struct feel_program **ret) MUST_USE;
enum err text_compile_unary(struct maker *m, const struct xml *x, struct where where,
                            const struct feel_type *input,
                            const struct feel_program **ret) MUST_USE;
/* A fault at x that names the node. */
enum err maker_refuse(struct maker *m, enum err code, const struct xml *x, const char *format, ...)
    PRINTF(4, 5);

/* ---- decision tables (table.c, table_match.c, table_run.c; fast.c)
 * ------------------------------------------- */

enum hit {
    HIT_UNIQUE,
    HIT_FIRST,
    HIT_ANY,
    HIT_PRIORITY,
    HIT_RULE_ORDER,
    HIT_OUTPUT_ORDER,
    HIT_COLLECT
};
enum aggregate { AGGREGATE_NONE, AGGREGATE_SUM, AGGREGATE_COUNT, AGGREGATE_MIN, AGGREGATE_MAX };

struct table_input {
    struct str label;
    const struct feel_program *expression;
    const struct feel_type *type;
    const struct feel_program *allowed; /* input values; may be NULL */
    const struct xml *xml;
};

struct table_output {
    struct str name;
    const struct feel_type *type;
    const struct feel_program *allowed; /* output values; may be NULL */
    const struct feel_value *listed;    /* their points, in order of priority */
    size_t listed_count;
    const struct feel_program *otherwise; /* default output entry; may be NULL */
};

struct table_rule {
    uint32_t number; /* 1-based, as written */
    uint32_t line;
    struct str article;
    const struct dmn_annotation *annotations;
    size_t annotation_count;
};

struct dmn_table {
    struct str name; /* of the node */
    struct str file;
    uint32_t line;
    enum hit hit;
    enum aggregate aggregate;
    struct table_input *inputs;
    size_t input_count;
    struct table_output *outputs;
    size_t output_count;
    struct table_rule *rules;
    size_t rule_count;
    const struct feel_program **tests;   /* rule by rule; NULL is "-" */
    const struct feel_program **entries; /* rule by rule */
    const struct fast *index;
};

enum err table_make(struct maker *m, const struct xml *x, const struct dmn_table **ret) MUST_USE;
/* The context type of a table with several outputs, or the type of the only one. */
const struct feel_type *table_shape(struct arena *a, const struct dmn_table *t);

/* ---- running (run.c, table_run.c) -------------------------------------------------------------
 */

struct record {
    struct dmn_fired *p;
    size_t n, room;
};

/* One evaluation of a model; each call of a decision service has its own. Lives on the arena, as
 * function values that it made point to it. */
struct run {
    struct ctx *ctx;
    struct feel_env *env;
    const struct dmn_model *model;
    struct record *record;
    struct feel_value *values; /* by index of node */
    uint8_t *state;            /* by index of node */
    struct run *lasting;       /* the same on the arena, for functions that outlive this step */
    size_t slot_count;         /* of the logic being evaluated */
};

enum err box_eval(struct run *r, const struct box *b, struct feel_value *slots,
                  struct feel_value *ret) MUST_USE;
/* The rules that match a row of input values, 0-based and in order; with first_only at most one.
 * ret_hits has room for all. Cells that are not made of constants are evaluated in env, for rules
 * that all else lets match. When none matches, the reasons that cells could not be decided are
 * noted in env->troubles. */
enum err table_match(struct ctx *ctx, struct feel_env *env, const struct dmn_table *t,
                     const struct feel_value *row, bool first_only, uint32_t *ret_hits,
                     size_t *ret_count) MUST_USE;
enum err table_eval(struct run *r, const struct dmn_table *t, struct feel_value *slots,
                    struct feel_value *ret) MUST_USE;
/* Evaluate one program over slots, with v as "?". */
enum err run_program(struct run *r, const struct feel_program *program, struct feel_value *slots,
                     struct feel_value v, struct feel_value *ret) MUST_USE;
/* v as t; v itself when t is NULL. */
static inline struct feel_value run_coerce(struct run *r, struct feel_value v,
                                           const struct feel_type *t)
{
    return t == NULL ? v : feel_coerce(r->ctx, r->env, v, t);
}
