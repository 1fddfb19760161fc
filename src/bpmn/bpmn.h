/* bpmn.h - BPMN 2.0 (OMG formal/2011-01-03) procedures: a compiled process and a pure step function.
 *
 * (process, state, event, values) to (state, effects): no clock, no store, no globals. A process is
 * immutable and may be used by any thread. Conditions are FEEL over the names of a scope that the
 * loader is given, with their values in slots at each step.
 *
 * Our additions stand in extension elements of the namespace urn:tongban:1 (docs/law-packs.md): tb:act
 * names the kinds of act a task or message event awaits (and the one a timer event makes), tb:limit
 * the legal clock of an activity or timer, tb:status the status of the case from there on.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "feel/feel.h"

enum bpmn_kind {
    BPMN_START, BPMN_END, BPMN_TERMINATE, BPMN_TASK, BPMN_PASS, BPMN_SUBPROCESS,
    BPMN_EXCLUSIVE, BPMN_PARALLEL, BPMN_INCLUSIVE, BPMN_EVENT_GATEWAY,
    BPMN_CATCH_MESSAGE, BPMN_CATCH_TIMER, BPMN_BOUNDARY_MESSAGE, BPMN_BOUNDARY_TIMER,
};

struct bpmn_flow {
    struct str id;
    struct str name;
    uint16_t from;
    uint16_t to;
    bool is_default;
    const struct feel_program *condition; /* NULL: none */
    uint32_t line;
};

struct bpmn_element {
    struct str id;
    struct str name;
    enum bpmn_kind kind;
    struct str tag;              /* "userTask" */
    int16_t scope;               /* the sub-process it stands in; -1 in the process itself */
    int16_t attached_to;         /* boundary events: their activity; -1 else */
    bool interrupting;           /* boundary events */
    const struct str *acts;      /* tb:act */
    size_t act_count;
    struct str limit;            /* tb:limit; empty when none */
    struct str status;           /* tb:status; empty when none */
    const uint16_t *out;         /* flows, in document order */
    uint16_t out_count;
    const uint16_t *in;
    uint16_t in_count;
    uint32_t line;
    int16_t x, y, width, height; /* from the diagram; width 0 when it has none */
};

struct bpmn_process {
    struct str id;
    struct str name;
    struct str file;
    const struct bpmn_element *elements;
    size_t element_count;
    const struct bpmn_flow *flows;
    size_t flow_count;
};

struct bpmn_model {
    const struct bpmn_process *processes;
    size_t count;
};

/* Read a definitions document: every process in it. Names in conditions are those of `scope`.
 * ERR_SYNTAX, ERR_NOT_SUPPORTED, ERR_TOO_DEEP, ERR_TOO_LARGE with file, line, the element's id and the rule broken.
 * No network, no entities. The model lives on ctx->arena and borrows from xml and file. */
enum err bpmn_load(struct ctx *ctx, struct str xml, struct str file, const struct feel_scope *scope,
                   const struct bpmn_model **ret) MUST_USE;
/* By id; the empty id is the first. NULL when there is none. */
const struct bpmn_process *bpmn_process_find(const struct bpmn_model *m, struct str id);
/* Index of an element by its id, or -1. */
int bpmn_element_find(const struct bpmn_process *p, struct str id);

/* ---- state ---- */

struct bpmn_token {
    uint32_t id;
    uint16_t element;
    uint32_t scope; /* id of the sub-process token it stands in; 0 in the process itself */
    uint16_t flow;  /* at a joining gateway: the flow it came by; UINT16_MAX else */
};
struct bpmn_state {
    struct bpmn_token *tokens; /* in order of id */
    size_t count;
    size_t room;
    uint32_t next_id;
};
/* One line of text, the same for equal states; back, checked against the process (ERR_CORRUPT). */
enum err bpmn_state_write(struct ctx *ctx, const struct bpmn_state *s, struct str *ret) MUST_USE;
enum err bpmn_state_read(struct ctx *ctx, const struct bpmn_process *p, struct str text, struct bpmn_state **ret) MUST_USE;

/* ---- steps ---- */

enum bpmn_effect_kind {
    BPMN_OPENED,       /* an activity: element, token; limit says which clock runs with it */
    BPMN_CLOSED,
    BPMN_TIMER_SET,    /* element: the timer event; timer: its name; limit and act as the event says */
    BPMN_TIMER_CANCEL, /* timer */
    BPMN_STATUS,       /* status */
    BPMN_ENDED,        /* no token is left */
};
struct bpmn_effect {
    enum bpmn_effect_kind kind;
    uint16_t element;
    uint32_t token;
    struct str timer;
    struct str status;
};
struct bpmn_result {
    struct bpmn_state *state;
    struct bpmn_effect *effects;
    size_t count;
    size_t room;
    bool ended;
};

/* Begin by the start event that awaits this kind of act, or the plain one. ERR_NOT_FOUND when there is none. */
enum err bpmn_start(struct ctx *ctx, const struct bpmn_process *p, struct str act, const struct feel_value *slots,
                    struct instant now, struct bpmn_result *ret) MUST_USE;
/* An act of this kind happens. ERR_CONFLICT when nothing awaits it. `s` is left as it was. */
enum err bpmn_act(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s, struct str act,
                  const struct feel_value *slots, struct instant now, struct bpmn_result *ret) MUST_USE;
/* A timer ends. ERR_CONFLICT when it is not set. */
enum err bpmn_timer(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s, struct str timer,
                    const struct feel_value *slots, struct instant now, struct bpmn_result *ret) MUST_USE;

/* Does anything await this kind of act now? */
bool bpmn_may(const struct bpmn_process *p, const struct bpmn_state *s, struct str act);
/* Is an activity with this element open? */
bool bpmn_is_open(const struct bpmn_state *s, uint16_t element);

/* ---- checks ---- */

struct bpmn_finding {
    struct str element;
    uint32_t line;
    struct str sentence;
};
/* What is executable but wrong: unreachable elements, no way to an end, a split that can get stuck. */
enum err bpmn_check(struct ctx *ctx, const struct bpmn_process *p, struct bpmn_finding **ret, size_t *ret_count) MUST_USE;

/* Draw the process as SVG (from its diagram, or in layers when it has none), open activities marked. s may be NULL. */
void bpmn_svg(struct buf *out, const struct bpmn_process *p, const struct bpmn_state *s, struct str title);
