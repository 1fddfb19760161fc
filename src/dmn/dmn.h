/* dmn.h - decisions of DMN (OMG formal/2024-01-01, versions 1.1 to 1.5): models in XML, evaluated
 * over FEEL.
 *
 * A model is read once and never changed, so any thread may evaluate it; an evaluation pushes on
 * its own arena. Nothing here reads a clock, a file or the network.
 *
 * Three kinds of answer are kept apart. enum err: the model is none, or a limit was passed. A null
 * with a trouble: FEEL's way to say that something could not be computed; the trouble says why. And
 * what the decision says, with the rules that fired, the articles they cite (attribute or extension
 * element `article` of namespace urn:tongban:1) and the inputs they saw, so that it can be
 * explained.
 */
#pragma once

#include "base/base.h"
#include "feel/feel.h"
#include "feel/value.h"

struct dmn_model;
struct dmn_node;
struct dmn_table;

/* ---- loading --------------------------------------------------------------------------------- */

/* One definitions document; file is for messages. Both are borrowed as long as the model lives. */
struct dmn_source {
    struct str xml;
    struct str file;
};

struct dmn_options {
    /* An element whose logic is no FEEL is null with a trouble, instead of refusing the model: for
     * the compatibility kit, whose models hold such elements on purpose. */
    bool tolerant;
    bool java;                            /* the Java functions of the compatibility kit */
    const struct feel_zone_source *zones; /* NULL: those of the world */
};

/* Read a model with the models it imports, which stand among the sources; the first is the one to
 * evaluate. options may be NULL. The model lives on ctx->arena. Faults (ERR_SYNTAX,
 * ERR_UNKNOWN_NAME, ERR_MISSING, ERR_DUPLICATE, ERR_CONFLICT for circles, ERR_NOT_SUPPORTED, passed
 * limits) name file, line, element, rule and cell. */
enum err dmn_load_all(struct ctx *ctx, const struct dmn_source *sources, size_t count,
                      const struct dmn_options *options, struct dmn_model **ret) MUST_USE;
/* The same for one document that imports nothing. */
enum err dmn_load(struct ctx *ctx, struct str xml, struct str file,
                  struct dmn_model **ret) MUST_USE;

/* ---- looking inside -------------------------------------------------------------------------- */

enum dmn_kind { DMN_INPUT, DMN_DECISION, DMN_KNOWLEDGE, DMN_SERVICE };

/* An element of the first model by kind and name, or, with a namespace, of any loaded one; NULL
 * when there is none. */
const struct dmn_node *dmn_find(const struct dmn_model *m, enum dmn_kind kind, struct str ns,
                                struct str name);
bool dmn_has_decision(const struct dmn_model *m, struct str name);
/* The elements of the first model, in the order of the document. */
size_t dmn_nodes(const struct dmn_model *m, const struct dmn_node *const **ret);
enum dmn_kind dmn_node_kind(const struct dmn_node *n);
struct str dmn_node_name(const struct dmn_node *n);
/* The declared type of its variable; NULL = Any. */
const struct feel_type *dmn_node_type(const struct dmn_node *n);
/* Whether the logic of n or of what it requires calls Java. */
bool dmn_node_java(const struct dmn_node *n);

/* ---- evaluating ------------------------------------------------------------------------------ */

struct dmn_annotation {
    struct str name; /* of the annotation column; may be empty */
    struct str text;
};

struct dmn_fired {
    struct str table;   /* name of the decision or business knowledge model */
    size_t rule;        /* 1-based, as written */
    struct str article; /* as written, several parted by a blank; empty when the rule cites none */
    struct str annotation; /* the first; empty when there is none */
    const struct dmn_annotation *annotations;
    size_t annotation_count;
    const struct feel_value *inputs; /* what the input columns held */
    size_t input_count;
};

struct dmn_result {
    struct feel_value value;
    struct dmn_fired *fired; /* in the order of evaluation; with ANY, all that agree */
    size_t fired_count;
    struct feel_trouble *troubles; /* why something is null: the first of them */
    size_t trouble_count;
};

/* A value for an input, or for a decision that then is not evaluated. */
struct dmn_given {
    const struct dmn_node *node;
    struct feel_value value;
};

/* Evaluate a decision by name over a context of inputs: keys are names of inputs (or of decisions,
 * to override them); those of an imported model stand in a context under the name of the import
 * (among the others when the import has none). Values are coerced to the declared types.
 * ERR_NOT_FOUND when there is no such decision; passed limits of FEEL. now is what now() and
 * today() answer, in official time. */
enum err dmn_evaluate(struct ctx *ctx, const struct dmn_model *m, struct str decision,
                      struct feel_value inputs, struct instant now,
                      struct dmn_result *ret) MUST_USE;
/* The same by node, with given values. n is a decision. */
enum err dmn_decide(struct ctx *ctx, const struct dmn_model *m, const struct dmn_node *n,
                    const struct dmn_given *given, size_t count, struct instant now,
                    struct dmn_result *ret) MUST_USE;
/* Call a business knowledge model or decision service; missing arguments are null. A service with
 * several output decisions gives a context. */
enum err dmn_call(struct ctx *ctx, const struct dmn_model *m, const struct dmn_node *n,
                  const struct feel_entry *args, size_t count, struct instant now,
                  struct dmn_result *ret) MUST_USE;
/* The inputs of the first model, and under names of imports those of imported ones, from a JSON
 * object, by their declared types (dates from text, ...); what is no input is kept as JSON says. */
enum err dmn_inputs_from_json(struct ctx *ctx, const struct dmn_model *m, const struct json *j,
                              struct feel_value *ret) MUST_USE;
