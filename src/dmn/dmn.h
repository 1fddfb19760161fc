/* dmn.h - decisions of DMN (OMG formal/2024-01-01): decision tables and literal expressions over FEEL.
 *
 * A model is read once and never changed, so any thread may evaluate it; an evaluation pushes on its
 * own arena. Each result says which rules fired and which articles they cite (attribute tb:article of
 * a rule, namespace urn:tongban:1), so that a decision can always be explained.
 */
#pragma once

#include "base/base.h"
#include "feel/feel.h"

struct dmn_model;

/* Read a definitions document of any DMN version from 1.1 to 1.5. Faults name file, line and what was expected. */
enum err dmn_load(struct ctx *ctx, struct str xml, struct str file, struct dmn_model **ret) MUST_USE;
bool dmn_has_decision(const struct dmn_model *m, struct str name);

struct dmn_fired {
    struct str table;   /* name of the decision */
    size_t rule;        /* 1-based */
    struct str article; /* as written; empty when the rule cites none */
    struct str annotation;
};
struct dmn_result {
    struct feel_value value;
    struct dmn_fired *fired;
    size_t fired_count;
    struct feel_trouble *troubles; /* why something is null */
    size_t trouble_count;
};
/* Evaluate a decision by name over a context of input data. ERR_NOT_FOUND when the model has no such decision. */
enum err dmn_evaluate(struct ctx *ctx, const struct dmn_model *m, struct str decision, struct feel_value inputs,
                      struct instant now, struct dmn_result *ret) MUST_USE;
