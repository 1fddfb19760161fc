/* state.h - a running procedure at rest, and under another version of its model.
 *
 * A state that is stored names elements by the ids of the model (state.c tells the form). When a
 * procedure gets a new version, what runs under the old one is carried over by bpmn_carry: every
 * token stays at the element of the same id, or the case does not fit and is told why. Nothing
 * moves by it: no flow is taken, no act awaited before is done.
 *
 * Everything here is pure; what is returned lives on ctx->arena.
 */
#pragma once

#include "bpmn/bpmn.h"

/* ---- at rest ---- */

/* One line of text, the same for equal states, in which elements stand by their ids; back, checked
 * against the process (ERR_CORRUPT, with what does not fit). state.c tells the form; those of
 * before are read too. The state lives on ctx->arena and borrows from text. */
enum err bpmn_state_write(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                          struct str *ret) MUST_USE;
enum err bpmn_state_read(struct ctx *ctx, const struct bpmn_process *p, struct str text,
                         struct bpmn_state **ret) MUST_USE;
/* What must hold of every state, NULL or what does not: ids, places, parents, joins, timers. */
const char *bpmn_state_fault(const struct bpmn_process *p, const struct bpmn_state *s);

/* Values as JSON, in which a date, time or duration is {"@": its text} ("@" before other keys is
 * doubled), and back. ERR_TYPE for what cannot be kept: functions and ranges. */
enum err bpmn_value_write(struct ctx *ctx, struct feel_value v, struct json *ret) MUST_USE;
enum err bpmn_value_read(struct ctx *ctx, const struct json *j, struct feel_value *ret) MUST_USE;

/* ---- from one version to another ---- */

enum bpmn_misfit {
    BPMN_FITS,
    BPMN_MISFIT_GONE,    /* the element is no more */
    BPMN_MISFIT_TYPE,    /* it is of another type */
    BPMN_MISFIT_ACTS,    /* it awaits nothing of what it awaited */
    BPMN_MISFIT_SCOPE,   /* it stands in another sub-process */
    BPMN_MISFIT_LOOP,    /* it is done once now, or several times */
    BPMN_MISFIT_WAY,     /* the way by which a token came to a join is no more */
    BPMN_MISFIT_UNDO,    /* what was done can no longer be undone */
    BPMN_MISFIT_MARKING, /* the elements are there, but the new version never stands at them so */
};
/* The word by which it is kept: "gone", "type", … ; "" for BPMN_FITS. */
const char *bpmn_misfit_word(enum bpmn_misfit m);

/* Two versions of a process, and what of the one is what of the other. Made once, used for any
 * number of states. */
struct bpmn_change;
/* Looks at every marking both can come to, as bpmn_check does, unless no way differs: some
 * milliseconds. Both processes must live as long. */
enum err bpmn_change_make(struct ctx *ctx, const struct bpmn_process *from,
                          const struct bpmn_process *to, const struct bpmn_change **ret) MUST_USE;

struct bpmn_carried {
    enum bpmn_misfit misfit;
    struct str element;    /* the id of what does not fit */
    struct bpmn_result to; /* when it fits; else its state is NULL */
};
/* The state under the new version. ret->to.effects say what else is so from now on:
 * BPMN_TIMER_CANCEL for timers that the new version does not have, or has with another time, limit
 * or act (element: of the old process); BPMN_TIMER_SET for those that are new where a token stands
 * (in->now is when they begin); BPMN_STATUS where an element has another status than it had (name:
 * what it had). `s` is left as it was; carried to the same process it comes back the same. */
enum err bpmn_carry(struct ctx *ctx, const struct bpmn_change *change, const struct bpmn_state *s,
                    const struct bpmn_input *in, struct bpmn_carried *ret) MUST_USE;
