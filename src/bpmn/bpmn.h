/* bpmn.h - BPMN 2.0 (OMG formal/2011-01-03) procedures: a compiled process and a pure step
 * function.
 *
 * (process, state, event, values) to (state, effects): no clock, no store, no globals. A process is
 * immutable and may be used by any thread. Conditions are FEEL over the names of a scope that the
 * loader is given, with their values in slots at each step, and over the data of the process
 * itself, whose values are part of the state. docs/bpmn.md tells what is executed and how the
 * standard is read where it leaves room. Here are the compiled process and the steps; state.h has
 * states at rest and under another version, look.h what people look at: scripts, checks, pictures.
 *
 * Our additions stand in extension elements of the namespace urn:tongban:1 (docs/law-packs.md):
 * tb:act names the kinds of act a task or message event awaits (and the one a timer event makes),
 * tb:limit the legal clock of an activity or timer, tb:status the status of the case from there on,
 * tb:decide the decision of a business rule task.
 */
#pragma once

#include "base/base.h"
#include "base/buf.h"
#include "feel/feel.h"
#include "feel/value.h"

/* ---- the compiled process ---- */

enum bpmn_kind {
    BPMN_START,
    BPMN_END,
    BPMN_CATCH,
    BPMN_THROW,
    BPMN_BOUNDARY,
    BPMN_TASK, /* an activity that waits to be completed */
    BPMN_PASS, /* an activity that needs nobody */
    BPMN_SUBPROCESS,
    BPMN_CALL,
    BPMN_EXCLUSIVE,
    BPMN_PARALLEL,
    BPMN_INCLUSIVE,
    BPMN_COMPLEX,
    BPMN_EVENT_GATEWAY,
    BPMN_PROCESS, /* what stands for a called process; no token is ever on it */
};

enum bpmn_trigger_kind {
    BPMN_ON_MESSAGE,
    BPMN_ON_TIMER,
    BPMN_ON_SIGNAL,
    BPMN_ON_ERROR,
    BPMN_ON_ESCALATION,
    BPMN_ON_CONDITION,
    BPMN_ON_CANCEL,
    BPMN_ON_COMPENSATION,
    BPMN_ON_TERMINATE,
    BPMN_ON_LINK,
};

struct bpmn_expression;
struct bpmn_loop;
struct bpmn_data;

/* One event definition. */
struct bpmn_trigger {
    enum bpmn_trigger_kind kind;
    struct str name; /* of the message, signal, link; code of the error or escalation; empty: any */
    struct str id;   /* of the message, signal, error, escalation element */
    const struct bpmn_expression *expression; /* condition; time of a timer; NULL: none */
    char timer;     /* 'd' date, 'p' duration (period), 'c' cycle, 'l' tb:limit */
    int32_t target; /* link: the catching event; compensation: the activity; -1 none */
    bool wait;      /* compensation: wait for its completion */
};

struct bpmn_flow {
    struct str id;
    struct str name;
    uint16_t from;
    uint16_t to;
    bool is_default;
    const struct bpmn_expression *condition; /* NULL: none */
    uint32_t line;
};

struct bpmn_element {
    struct str id;
    struct str name;
    enum bpmn_kind kind;
    struct str tag; /* "userTask" */
    int16_t scope;  /* the sub-process or called process it stands in; -1 in the process itself */
    int16_t attached_to; /* boundary events: their activity; -1 else */
    bool interrupting;   /* boundary events, starts of event sub-processes */
    bool by_event;       /* an event sub-process */
    bool transaction;
    bool for_compensation;
    bool all_triggers; /* parallelMultiple */
    bool instantiate;  /* receive task, event gateway: begins the process */
    bool starts_all;   /* event gateway that begins the process: parallel */
    bool sends;        /* send task: its message goes when it opens */
    const struct bpmn_trigger *triggers;
    uint16_t trigger_count;
    const struct str *acts; /* tb:act */
    size_t act_count;
    struct str limit;   /* tb:limit; empty when none */
    struct str status;  /* tb:status; empty when none */
    struct str message; /* send and receive tasks: the name of their message */
    struct str message_id;
    struct str model;    /* tb:decide of a business rule task: the decision model, */
    struct str decision; /* the decision in it, */
    struct str result;   /* and the data it gives its value to */
    const uint16_t *out; /* flows, in document order */
    uint16_t out_count;
    const uint16_t *in;
    uint16_t in_count;
    const uint16_t *attached; /* boundary events on it */
    uint16_t attached_count;
    const uint16_t *starts; /* sub-process, called process: where its tokens begin */
    uint16_t start_count;
    const uint16_t *subs; /* sub-process, called process: its event sub-processes */
    uint16_t sub_count;
    int32_t handler;                          /* activity: what compensates it; -1 none */
    int32_t calls;                            /* call activity: the called process; -1 */
    const struct bpmn_loop *loop;             /* NULL: none */
    const struct bpmn_data *data;             /* NULL: none */
    const struct bpmn_expression *expression; /* script; activationCondition */
    uint32_t line;
    uint16_t file;               /* index into the process's files */
    int16_t x, y, width, height; /* from the diagram; width 0 when it has none */
};

struct bpmn_drawing;

struct bpmn_process {
    struct str id;
    struct str name;
    struct str file;
    const struct bpmn_element *elements;
    size_t element_count;
    const struct bpmn_flow *flows;
    size_t flow_count;
    const struct str *names; /* of the caller, then of the process's data */
    size_t name_count;
    size_t outer_names;  /* the caller's */
    const bool *is_free; /* by name: declared by nothing in the model, so one for the whole run */
    const uint64_t *const *reach; /* by element: see bpmn_in.h */
    const uint16_t *flow_names;   /* by flow: the name of its count at a complex gateway, 0 none;
                                     NULL: none has one */
    const uint16_t *starts;       /* where a process without start events begins */
    uint16_t start_count;
    const uint16_t *subs; /* event sub-processes of the process itself */
    uint16_t sub_count;
    const struct bpmn_data *data;
    const struct bpmn_keys *keys; /* what stored states call its elements, flows and data */
    bool has_inclusive, has_conditions, has_compensation;
    const struct bpmn_drawing *drawing; /* NULL when the document has none */
};

struct bpmn_model {
    const struct bpmn_process *processes;
    size_t count;
};

/* Gives the text of a model that a call activity needs. id: of the process; location: of an import,
 * or empty. ERR_NOT_FOUND when there is none. The text must live as long as ctx->arena. */
struct bpmn_source {
    void *self;
    enum err (*read)(struct ctx *ctx, void *self, struct str id, struct str location,
                     struct str *ret_xml, struct str *ret_file);
};

struct bpmn_options {
    const struct feel_scope *scope;   /* names of the caller; NULL: none */
    const struct bpmn_source *source; /* other models; NULL: none */
    struct str process;               /* read only this one; empty: all */
    bool open; /* a model of anybody: tasks and events need no tb:act, names in conditions need no
                  declaration */
    bool any;  /* also processes that are marked as not executable */
    const struct str *variables; /* names that the caller's events will bring */
    size_t variable_count;
};

/* Read a definitions document: every process in it, as a procedure of law (tb:act, tb:limit
 * required). ERR_SYNTAX, ERR_NOT_SUPPORTED, ERR_TOO_DEEP, ERR_TOO_LARGE with file, line, the
 * element's id and the rule broken. No network, no entities. The model lives on ctx->arena and
 * borrows from xml and file. */
enum err bpmn_load(struct ctx *ctx, struct str xml, struct str file, const struct feel_scope *scope,
                   const struct bpmn_model **ret) MUST_USE;
enum err bpmn_load_with(struct ctx *ctx, struct str xml, struct str file,
                        const struct bpmn_options *options, const struct bpmn_model **ret) MUST_USE;
/* By id; the empty id is the first. NULL when there is none. */
const struct bpmn_process *bpmn_process_find(const struct bpmn_model *m, struct str id);
/* Index of an element by its id, or -1. */
int bpmn_element_find(const struct bpmn_process *p, struct str id);

/* ---- state ---- */

enum bpmn_what {
    BPMN_AT,      /* waits at its element, or holds it open */
    BPMN_BODY,    /* a loop or multi-instance activity; its instances are inside */
    BPMN_RESET,   /* a complex gateway that has fired and awaits the rest */
    BPMN_UNDO,    /* a throwing event that awaits compensation */
    BPMN_UNDOING, /* an activity or event sub-process that compensates */
};

struct bpmn_token {
    uint32_t id;
    uint16_t element;
    uint16_t flow;  /* at a joining gateway: the flow it came by; UINT16_MAX else */
    uint32_t scope; /* id of the token it stands in; 0 in the process itself */
    uint8_t what;   /* enum bpmn_what; what it is says which of these holds, the rest is 0: */
    union {
        struct {
            uint32_t a, b, c; /* as they are written */
        };
        struct { /* BPMN_BODY: instances */
            uint32_t planned, begun, completed;
        };
        struct { /* BPMN_AT, in a body: from 1 on */
            uint32_t number;
        };
        struct { /* BPMN_RESET: bits of incoming flows */
            uint32_t used_low, used_high;
        };
        struct { /* BPMN_UNDO: 1 when the flow has gone on */
            uint32_t went_on;
        };
        struct { /* BPMN_UNDOING: the token that undoes, and what is undone */
            uint32_t undo, record;
        };
    };
};
/* A timer that runs. */
struct bpmn_timer {
    uint32_t token; /* that carries it; 0: the process itself */
    uint16_t element;
    uint32_t firings;   /* left, this one included; UINT32_MAX without end */
    struct instant due; /* INT64_MAX: the caller knows (tb:limit) */
};
/* What an event has seen: the triggers of a parallel multiple event; 1 for a condition that held.
 */
struct bpmn_mark {
    uint32_t token;
    uint16_t element;
    uint64_t seen;
};
/* A completed activity that can be compensated. */
struct bpmn_record {
    uint32_t id;
    uint16_t element;
    uint32_t scope; /* the token or record it stood in */
    uint32_t by;    /* the token that compensates it; 0 */
};
struct bpmn_datum {
    uint32_t scope; /* token or record; 0 the process itself */
    uint16_t name;
    struct feel_value value;
};

struct bpmn_state {
    struct bpmn_token *tokens; /* in order of placing */
    size_t count;
    size_t room;
    struct bpmn_timer *timers;
    size_t timer_count, timer_room;
    struct bpmn_mark *marks;
    size_t mark_count, mark_room;
    struct bpmn_record *records; /* in order of completion */
    size_t record_count, record_room;
    struct bpmn_datum *data;
    size_t datum_count, datum_room;
    uint32_t next_id;
};

/* ---- steps ---- */

enum bpmn_effect_kind {
    BPMN_OPENED,       /* an activity: element, token; limit says which clock runs with it */
    BPMN_CLOSED,       /* name: "completed" or "cancelled" */
    BPMN_TIMER_SET,    /* element: the timer event; timer: its name; due; limit and act as the event
                          says */
    BPMN_TIMER_CANCEL, /* timer: it is gone, because it fired or what carried it went */
    BPMN_STATUS,       /* status */
    BPMN_SENT,         /* name: a message is sent */
    BPMN_SIGNALLED,    /* name: a signal goes to everybody */
    BPMN_FAILED,       /* name: an error nobody caught ended the process */
    BPMN_TRACED,       /* name: what happened at element, only when asked for */
    BPMN_TOOK,         /* element: index of a flow that a token took, only when asked for */
    BPMN_ENDED,        /* no token is left */
};
struct bpmn_effect {
    enum bpmn_effect_kind kind;
    uint16_t element;
    uint32_t token;
    struct str timer;
    struct str status;
    struct str name;
    struct instant due;
};
struct bpmn_result {
    struct bpmn_state *state;
    struct bpmn_effect *effects;
    size_t count;
    size_t room;
    bool ended;
};

/* Answers in the place of FEEL, for looking at every way a process can take: how many of `of` ways.
 */
struct bpmn_oracle {
    void *self;
    unsigned (*choose)(void *self, unsigned of);
};

/* Decides for business rule tasks; the engine knows no decision model. *ret goes to the data that
 * e->result names. */
struct bpmn_decider {
    void *self;
    enum err (*decide)(struct ctx *ctx, void *self, const struct bpmn_element *e,
                       struct feel_value *ret);
};

struct bpmn_input {
    const struct feel_value *slots; /* values of the caller's names */
    struct instant now;
    bool trace;                 /* BPMN_TRACED and BPMN_TOOK too */
    struct bpmn_oracle *oracle; /* NULL: FEEL decides */
    const struct bpmn_decider
        *decider; /* NULL: a procedure with business rule tasks is refused (ERR_NOT_SUPPORTED) */
};

enum bpmn_event_kind {
    BPMN_BEGIN,      /* a plain start; element: which one, when there are several */
    BPMN_ACT,        /* name: a kind of act (tb:act) */
    BPMN_COMPLETE,   /* an activity is done */
    BPMN_MESSAGE,    /* name */
    BPMN_SIGNAL,     /* name */
    BPMN_TIMER,      /* name: as in BPMN_TIMER_SET; or element */
    BPMN_ERROR,      /* name: the code; thrown by the activity named */
    BPMN_ESCALATION, /* the same */
    BPMN_CHANGE,     /* data changed, or only time passed: conditions are looked at again */
};
struct bpmn_event {
    enum bpmn_event_kind kind;
    struct str name;
    struct str element;       /* id of the element it is for; empty: any */
    uint32_t token;           /* for this token only; 0: any */
    struct feel_value values; /* a context: data it brings; null: none */
};

/* Begin by an event: ERR_NOT_FOUND when the process is not begun by it. */
enum err bpmn_begin(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_event *event,
                    const struct bpmn_input *in, struct bpmn_result *ret) MUST_USE;
/* An event happens. ERR_CONFLICT when nothing awaits it, ERR_UNKNOWN_NAME for data that the process
 * does not have, ERR_TOO_MANY beyond the limits. `s` is left as it was. */
enum err bpmn_step(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                   const struct bpmn_event *event, const struct bpmn_input *in,
                   struct bpmn_result *ret) MUST_USE;

/* Begin by the start event that awaits this kind of act, or the plain one. ERR_NOT_FOUND when there
 * is none. */
enum err bpmn_start(struct ctx *ctx, const struct bpmn_process *p, struct str act,
                    const struct bpmn_input *in, struct bpmn_result *ret) MUST_USE;
/* An act of this kind happens. ERR_CONFLICT when nothing awaits it. `s` is left as it was. */
enum err bpmn_act(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                  struct str act, const struct bpmn_input *in, struct bpmn_result *ret) MUST_USE;
/* A timer ends. ERR_CONFLICT when it is not set. */
enum err bpmn_timer(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                    struct str timer, const struct bpmn_input *in,
                    struct bpmn_result *ret) MUST_USE;

/* Does anything await this kind of act now? */
bool bpmn_may(const struct bpmn_process *p, const struct bpmn_state *s, struct str act);
/* Does any condition, time or assignment of the process read this data of it? */
bool bpmn_reads(const struct bpmn_process *p, struct str name);
/* Is an activity with this element open? */
bool bpmn_is_open(const struct bpmn_state *s, uint16_t element);
/* The timer that ends first, with its name; NULL when none has a time of its own. */
const struct bpmn_timer *bpmn_timer_next(const struct bpmn_state *s);
struct str bpmn_timer_name(struct arena *a, const struct bpmn_process *p,
                           const struct bpmn_timer *t);
