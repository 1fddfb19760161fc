/* read.h - what the gate keeps, read over any reader connection: cases, clocks, acts, documents,
 * the ledger, what is due. The caller decides who may see it. */
#pragma once

#include "feel/value.h"
#include "gate/gate.h"

/* A timer whose last day has passed; a place among them, in the order they ran out. */
struct due_timer {
    struct str kind; /* the act it asks for */
    struct str case_id;
    struct str timer;
    struct day due;
};
struct timer_place {
    struct day day;
    struct str case_id;
    struct str timer;
};
/* At most max of them, from behind a place on. */
enum err gate_timers_due(struct ctx *ctx, struct db *reader, struct day today,
                         const struct timer_place *after, size_t max, struct due_timer **ret,
                         size_t *ret_count) MUST_USE;
/* An act the node itself is awaited to do, where law leaves no discretion. */
struct owed_act {
    struct str kind;
    struct str case_id;
};
/* At most max of them, of the cases from behind one on. */
enum err gate_owed(struct ctx *ctx, struct db *reader, struct str after, size_t max,
                   struct owed_act **ret, size_t *ret_count) MUST_USE;

struct case_state {
    struct str id;
    struct str item;
    struct str office;
    struct str party;
    struct str by; /* who filed it */
    struct str status;
    struct day opened;
    bool closed;
    int64_t first_seq;
    int64_t last_seq;
    struct json facts;     /* object fact id -> value */
    struct str tokens;     /* state of the procedure, for drawing (bpmn_state_read) */
    const struct law *law; /* the law it is judged by */
    /* Law published since carries such cases over, but this one keeps its own: */
    bool kept;
    struct day kept_day; /* since this day, */
    struct str kept_at;  /* for this step of its procedure (its id; may be empty) */
    struct str kept_why; /* does not fit: a word of bpmn_misfit_word, or "item" */
};
enum err gate_case(struct ctx *ctx, struct gate *g, struct db *reader, struct str id,
                   struct case_state *ret, bool *ret_found) MUST_USE;

enum clock_state { CLOCK_RUNNING, CLOCK_STOPPED, CLOCK_MET, CLOCK_LATE };
/* A time a clock stood still: from the day of an act to that of the act that let it run again. */
struct clock_stop {
    struct day from;
    struct day to; /* n < 0: it stands still */
    struct str by; /* kind of act */
    int64_t seq;   /* that act */
};
struct case_clock {
    const struct limit *limit;
    enum clock_state state;
    struct day started;
    struct day due;                 /* by statute */
    struct day promised;            /* by promise; equal to due when none is made */
    struct day ended;               /* when met */
    struct str stopped_by;          /* kind of act that stopped it; empty */
    bool unserved;                  /* stands until the paper of that act is served */
    const struct clock_stop *stops; /* all, oldest first */
    size_t stop_count;
    bool extended;
    bool provisional;
};
enum err gate_clocks(struct ctx *ctx, struct gate *g, struct db *reader, struct str case_id,
                     struct case_clock **ret, size_t *ret_count) MUST_USE;

/* One recorded act with its values, for those who may see them (the caller decides). */
struct act_record {
    int64_t seq;
    struct str leaf; /* canonical JSON as in the ledger */
    struct instant at;
    struct str kind;
    struct str case_id;
    enum actor_kind actor_kind;
    struct str actor;
    struct str for_id;
    struct str co_id;
    struct consent consent; /* of the second officer, where there was one (gate/consent.h) */
    struct str role;
    struct str office;
    struct json fields;  /* erased values are null */
    bool has_sources;    /* whence its values were taken is recorded; not so of older acts */
    struct json sources; /* fact -> {"from": "case" | "held" | "derived", …}; a value that has none
                            was stated by who acted */
    struct json decided; /* list of {task, model, decision, value, rules}: what business rule tasks
                            decided when it was done */
};
enum err gate_act(struct ctx *ctx, struct gate *g, struct db *reader, int64_t seq,
                  struct act_record *ret, bool *ret_found) MUST_USE;
enum err gate_case_acts(struct ctx *ctx, struct gate *g, struct db *reader, struct str case_id,
                        struct act_record **ret, size_t *ret_count) MUST_USE;
/* The document an act drew up, as it was issued; empty when it draws none. Its Chinese text is
 * committed to in the act's leaf
 * ("document": SHA-256). When a value it showed was erased, it is drawn anew without it
 * (*ret_anew). */
enum err gate_document(struct ctx *ctx, struct gate *g, struct db *reader, int64_t seq,
                       struct str lang, struct str *ret_html, bool *ret_anew) MUST_USE;
/* Who someone is today, by the ledger (people/people.h). */
enum err gate_actor(struct ctx *ctx, struct gate *g, struct db *reader, struct str id,
                    struct actor_record *ret, bool *ret_found) MUST_USE;
/* May `actor` act for `party` today in matters of this item? (empty: of some item) */
enum err gate_speaks_for(struct ctx *ctx, struct gate *g, struct db *reader, struct str actor,
                         struct str party, struct str item, bool *ret) MUST_USE;

/* What the eligibility decision says of these facts, with its reasons: for pages and for bounds. */
struct proposal {
    struct feel_value value; /* context of outputs; null when the item has no decision */
    struct json json;
    struct dmn_result result; /* rules that fired and the articles they cite */
};
enum err gate_propose(struct ctx *ctx, const struct law *law, const struct item *item,
                      const struct json *facts, struct instant now, struct proposal *ret) MUST_USE;

/* A paper that must be served on somebody. */
struct paper {
    struct str case_id;
    int64_t seq;       /* the act that drew it */
    struct str kind;   /* of that act */
    struct str party;  /* on whom */
    struct day drawn;  /* up */
    struct day served; /* n < 0: not served */
    struct str way;    /* a code of the table `service-way` */
    int64_t by_seq;    /* the act that served it; its own, when it reached them by entering */
    struct day told;   /* the day that was recorded */
};
/* The papers of a case, in order; those that an office drew up and has not served, at most max. */
enum err gate_papers(struct ctx *ctx, struct db *reader, struct str case_id, struct paper **ret,
                     size_t *ret_count) MUST_USE;
enum err gate_papers_waiting(struct ctx *ctx, struct db *reader, struct str office, size_t max,
                             struct paper **ret, size_t *ret_count) MUST_USE;

/* The ledger as its reader needs it, over a connection: for tiles, proofs, verification. */
enum err gate_ledger_reader(struct ctx *ctx, struct gate *g, struct db *reader,
                            struct ledger_reader *ret) MUST_USE;
/* The latest signed checkpoint: note text and size. */
enum err gate_checkpoint(struct ctx *ctx, struct gate *g, struct db *reader, struct str *ret_note,
                         uint64_t *ret_size) MUST_USE;

/* The refusal log, newest first. */
struct refusal_record {
    int64_t id;
    struct instant at;
    struct str kind;
    struct str case_id;
    struct str actor;
    struct str check;
    struct str code;
    struct str article;
};
enum err gate_refusals(struct ctx *ctx, struct gate *g, struct db *reader, int64_t before_id,
                       size_t limit, struct refusal_record **ret, size_t *ret_count) MUST_USE;
