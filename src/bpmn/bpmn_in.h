/* bpmn_in.h - inside the engine: what the loader makes for the step function, and the parts of a
 * step.
 *
 * A step keeps a list of moves (tokens under way) and works it off; a token that waits is in the
 * state. When nothing is under way any more, the state is settled: scopes that ran empty complete,
 * inclusive and complex gateways that no other token can reach fire, conditions that became true
 * occur. Nothing recurses over the model or the state.
 */
#pragma once

#include "base/arena.h"
#include "base/day.h"
#include "base/str.h"
#include "bpmn/bpmn.h"
#include "bpmn/state.h"
#include "feel/value.h"
#include "limit_gen.h"

enum { NO_FLOW = UINT16_MAX, NO_INDEX = -1, TRIGGERS_MAX = 16 };

_Static_assert(LIMIT_BPMN_ELEMENTS < INT16_MAX,
               "an element's scope and host are int16_t, and no flow has the place NO_FLOW");
_Static_assert(LIMIT_BPMN_FLOWS_OUT <= 64, "the flows a gateway chooses are bits of one word");
_Static_assert(3 * TRIGGERS_MAX <= 64,
               "a mark has a bit for each trigger that came, and that held");
_Static_assert(LIMIT_BPMN_STEPS < UINT32_MAX / 64,
               "tokens that one event makes cannot run out of numbers (bpmn_state_read)");

/* A FEEL program and the slots it reads; or a time written as ISO 8601 (then text says it and
 * program is NULL). */
struct bpmn_expression {
    const struct feel_program *program;
    struct str text;
    uint32_t line;
    uint16_t file;
    const uint16_t *uses;
    uint16_t use_count;
};

enum loop_event { LOOP_EVENT_ALL, LOOP_EVENT_NONE, LOOP_EVENT_ONE, LOOP_EVENT_COMPLEX };

struct loop_throw {
    const struct bpmn_expression *condition;
    struct bpmn_trigger trigger;
};

struct bpmn_loop {
    bool multi; /* else a standard loop */
    bool sequential;
    bool test_before;
    uint32_t max;                            /* standard: at most so many; 0 none */
    const struct bpmn_expression *condition; /* go on while (standard); complete when (multi) */
    const struct bpmn_expression *cardinality;
    const struct bpmn_expression *collection;
    int32_t item; /* names; -1 none */
    int32_t result_item;
    int32_t result_list;
    enum loop_event behaviour;
    const struct loop_throw *throws; /* the event of None and One; those of Complex */
    size_t throw_count;
};

/* to[.path] := from */
struct bpmn_assign {
    const struct bpmn_expression *from;
    int32_t to;
    struct str path; /* members below the name, with dots; empty: the value itself */
    bool inward;     /* into the activity; else out of it */
};

/* What a scope, an activity or an event declares, and what flows in and out of it. */
struct bpmn_data {
    const uint16_t *declares;
    uint16_t declare_count;
    const struct bpmn_assign *inputs;
    uint16_t input_count;
    const struct bpmn_assign *outputs;
    uint16_t output_count;
    int32_t result; /* script: the name its value goes to; -1 none */
};

/* Names every process with loops or complex gateways has. */
enum {
    NAME_LOOP_COUNTER,
    NAME_INSTANCES,
    NAME_ACTIVE,
    NAME_COMPLETED,
    NAME_TERMINATED,
    NAME_ACTIVATION,
    NAME_WAITING,
    NAME_FIXED
};
extern const char *const bpmn_fixed_names[NAME_FIXED];

/* Names that find their index: names[i] is what i is called; slots hold an index + 1, 0 is free. */
struct key_table {
    const struct str *names;
    size_t count;
    const uint16_t *slots;
    size_t slot_count; /* a power of two */
};
/* What stored states call the parts of a process (key.c). */
struct bpmn_keys {
    struct key_table elements, flows, data;
};
/* The index of what is called so; NO_INDEX when nothing is. */
int32_t key_find(const struct key_table *t, struct str name);

/* p->reach[g][e]: for an inclusive or complex gateway g, the set of its incoming flows (bit i:
 * in[i]) that a token on element e can still come by without passing g; [element_count + e]: the
 * same without boundary events, for what an activity has at its border may never occur. NULL for
 * other elements. */

struct bpmn_waypoint {
    int16_t x, y;
};
enum bpmn_shape_kind {
    SHAPE_PARTICIPANT,
    SHAPE_LANE,
    SHAPE_DATA,
    SHAPE_STORE,
    SHAPE_NOTE,
    SHAPE_GROUP
};
struct bpmn_shape {
    enum bpmn_shape_kind kind;
    struct str id;
    struct str name;
    bool upright; /* a participant or lane that stands: isHorizontal="false" */
    int16_t x, y, width, height;
};
struct bpmn_edge {
    int32_t flow; /* -1: no sequence flow */
    bool message;
    const struct bpmn_waypoint *points;
    size_t count;
};
struct bpmn_drawing {
    const struct bpmn_shape *shapes;
    size_t shape_count;
    const struct bpmn_edge *edges;
    size_t edge_count;
    const bool *collapsed; /* by element */
};

/* ---- one step ---- */

enum move_kind { MOVE_ENTER, MOVE_LEAVE, MOVE_INSTANCE, MOVE_COMPLETE };
struct move {
    enum move_kind kind;
    uint16_t element;
    uint16_t flow;
    uint32_t scope;
    uint32_t token;
};

struct run {
    struct ctx *ctx;
    const struct bpmn_process *p;
    struct bpmn_state *s;
    struct bpmn_result *r;
    const struct bpmn_input *in;
    struct move *moves;
    size_t move_count, move_room;
    uint32_t *checks; /* scopes in which a token ended */
    size_t check_count, check_room;
    struct feel_value *slots; /* made on first use */
    unsigned steps;
    struct feel_value payload; /* what the event brought */
    bool own;                  /* an activity's own inputs and outputs are reckoned */
    bool failed;
};

void *bpmn_grow(struct arena *a, void *list, size_t count, size_t *room, size_t size);
void effect_put(struct run *run, struct bpmn_effect e);
void trace(struct run *run, uint16_t element, uint32_t token, const char *what);
void status_put(struct run *run, uint16_t element);

/* step.c: moves */
void move_push(struct run *run, struct move m);
/* Push the flows out of an element so that they are taken in document order; the first keeps the
 * token's id. */
enum err leave(struct run *run, uint16_t element, uint32_t scope, uint32_t token) MUST_USE;
enum err run_all(struct run *run) MUST_USE;
void scope_check(struct run *run, uint32_t scope);
/* A token waits at an event or event gateway. */
enum err enter_catch(struct run *run, uint16_t element, uint32_t scope, uint32_t token) MUST_USE;

/* scope.c: tokens and scopes */
struct bpmn_token *token_find(struct bpmn_state *s, uint32_t id);
struct bpmn_token *token_put(struct run *run, struct bpmn_token t);
uint32_t token_id(struct run *run);
/* The element whose scope a token of this id is; NO_INDEX for the process itself. *ret_call: the
 * call activity, when it is one. */
int32_t scope_element(const struct bpmn_process *p, const struct bpmn_state *s, uint32_t id);
uint32_t scope_parent(const struct bpmn_state *s, uint32_t id);
bool scope_is_empty(const struct bpmn_state *s, uint32_t scope);
/* Take a token away with its timers and marks; data too unless kept. `why` names the end of an
 * activity. */
void token_remove(struct run *run, uint32_t id, const char *why);
/* Everything inside a scope, deepest first, with what is under way in it. */
void scope_clear(struct run *run, uint32_t scope);
/* Is it an activity whose boundary events listen (not an instance of a loop, which its body answers
 * for)? */
bool token_is_host(const struct bpmn_process *p, const struct bpmn_token *t);
bool is_activity(enum bpmn_kind k);
/* Where a token waits for an event: a catching event, or a start of the process that wants all of
 * several. */
bool is_awaited(const struct bpmn_element *e);
/* What has subs: event sub-processes of a scope, by its element (NO_INDEX: the process). */
const uint16_t *scope_subs(const struct bpmn_process *p, int32_t element, uint16_t *ret_count);
/* An interrupting event sub-process runs in it: its events no longer listen. */
bool scope_is_interrupted(const struct bpmn_process *p, const struct bpmn_state *s, uint32_t scope);
enum err scope_listen(struct run *run, uint32_t scope) MUST_USE;
/* Walks up scopes; bounded by LIMIT_BPMN_DEPTH. */
unsigned scope_depth(const struct bpmn_state *s, uint32_t scope);

/* activity.c: activities, loops, compensation */
enum err activity_enter(struct run *run, uint16_t element, uint32_t scope, uint32_t token) MUST_USE;
enum err activity_complete(struct run *run, uint32_t token) MUST_USE;
/* Begin the next instance of a body. */
enum err instance_enter(struct run *run, uint32_t body) MUST_USE;
/* Open an activity whose token is chosen; `what` BPMN_UNDOING for one that compensates. */
enum err activity_open(struct run *run, struct bpmn_token t) MUST_USE;
enum err sub_start(struct run *run, uint16_t sub, uint32_t scope) MUST_USE;

/* undo.c: compensation */
enum err undo_begin(struct run *run, uint16_t element, uint32_t scope, uint32_t token,
                    const struct bpmn_trigger *t) MUST_USE;
/* Undo the next of what `token` undoes; `done`: the record just undone, 0 none. */
enum err undo_next(struct run *run, uint32_t token, uint32_t done) MUST_USE;
void record_put(struct run *run, const struct bpmn_token *t);
void records_drop(struct run *run, uint32_t scope);
/* All of them, with the data they kept: the process is over. */
void records_clear(struct run *run);

/* event.c: throwing and catching */
/* A state that can be changed; NULL gives one that has not begun. */
struct bpmn_state *state_copy(struct arena *a, const struct bpmn_state *s);
enum err throw_all(struct run *run, uint16_t element, uint32_t scope, uint32_t token) MUST_USE;
enum err throw_up(struct run *run, enum bpmn_trigger_kind kind, struct str code, uint32_t activity,
                  uint32_t scope, bool *ret_caught) MUST_USE;
enum err throw_signal(struct run *run, struct str name, struct str element,
                      bool *ret_caught) MUST_USE;
enum err catch_conditions(struct run *run, bool *ret_any) MUST_USE;
enum err fail(struct run *run, struct str code);
enum err trigger_throw(struct run *run, const struct bpmn_trigger *t, uint32_t token,
                       uint32_t scope) MUST_USE;

/* clock.c: timers */
struct duration {
    int32_t months;
    int64_t ms;
};
/* Can it be read as ISO 8601 of this form ('d', 'p', 'c')? */
bool iso_is(struct str text, char form);
struct instant instant_later(struct instant t, struct duration d);
/* A duration after `from`, or a date; false when it is neither. */
bool iso_later(struct instant from, struct str text, struct instant *ret);
enum err timers_set(struct run *run, uint32_t token, uint16_t element) MUST_USE;
void timers_cancel(struct run *run, uint32_t token, int32_t element);
/* A timer fired: gone, or set for its next time. */
enum err timer_fired(struct run *run, size_t index, bool stays) MUST_USE;

/* data.c: values */
enum err evaluate(struct run *run, const struct bpmn_expression *e, uint32_t scope,
                  struct feel_value *ret) MUST_USE;
/* Does it hold? An oracle answers for FEEL. */
bool holds(struct run *run, const struct bpmn_expression *e, uint32_t scope);
void datum_set(struct run *run, uint32_t scope, uint16_t name, struct feel_value v);
const struct feel_value *datum_get(const struct run *run, uint32_t scope, uint16_t name);
/* Set where it is declared, looking outward from the scope. */
void data_assign(struct run *run, uint32_t scope, uint16_t name, struct feel_value v);
enum err data_flow(struct run *run, const struct bpmn_assign *list, uint16_t count, uint32_t scope,
                   uint32_t to) MUST_USE;
enum err data_take(struct run *run, uint32_t scope, struct feel_value values) MUST_USE;
void data_drop(struct run *run, uint32_t scope);
void data_move(struct run *run, uint32_t from, uint32_t to);
