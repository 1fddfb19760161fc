/* shape.h - looking inside a compiled program: what a decision table indexes instead of
 * evaluating, and what an editor of law is told. */
#pragma once

#include "feel/feel.h"
#include "feel/value.h"

enum feel_shape_kind {
    FEEL_SHAPE_ANY,      /* "-" */
    FEEL_SHAPE_POINT,    /* a constant: lo */
    FEEL_SHAPE_INTERVAL, /* constant ends; a missing end is null (and open) */
    FEEL_SHAPE_OTHER     /* needs evaluation */
};
struct feel_shape {
    enum feel_shape_kind kind;
    struct feel_value lo, hi;
    bool lo_open, hi_open;
    bool strict; /* a point written "= x": a value of another kind leaves it undecided, where "x"
                    alone is false */
};
/* The tests of a unary program, joined by "or"; *ret_negated for not(...). Returns their number. If
 * any is FEEL_SHAPE_OTHER, evaluate the program instead. */
size_t feel_unary_shape(const struct feel_program *program, const struct feel_shape **ret,
                        bool *ret_negated);
/* The value of a program that is one constant. */
bool feel_constant(const struct feel_program *program, struct feel_value *ret);
/* A program that is a name of the scope, or a member of one ("applicant.age"): sets the slot and
 * the members on the way, of which there are at most max. False when it is anything else. */
bool feel_path(const struct feel_program *program, uint32_t *ret_slot, struct str *ret_members,
               size_t max, size_t *ret_count);
/* Does the program use slot i? */
bool feel_uses(const struct feel_program *program, size_t slot);
