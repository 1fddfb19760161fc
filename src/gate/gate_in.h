/* gate_in.h - inside the waist: what a check sees, and the steps from draft to act.
 *
 * A question is everything the checks may know, loaded before they run (state.c): so a check reads
 * no store and no clock, and the same question gives the same verdict in ask, open, submit, replay.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/str.h"
#include "base/world.h"
#include "book/book.h"
#include "bpmn/state.h"
#include "feel/value.h"
#include "gate/gate.h"
#include "gate/run.h"
#include "gate/read.h"
#include "people/people.h"
#include "vault/vault.h"
#include "gate_sql.h"
#include "limit_gen.h"

#include <pthread.h>

/* One clock as stored, with its limit in the law of the case. */
enum stop_part { STOP_FROM, STOP_TO, STOP_KIND, STOP_SEQ, STOP_PARTS };
struct clock_row {
    const struct limit *limit;
    struct gate_clock_list_row row;
    struct json
        stops; /* each [from, to, by kind, seq], by enum stop_part; to -1: it stands still */
    bool changed;
};

/* What stands against one of those who sign an act, as the natural person they are: whatever of it
 * they did, or are, under another account counts. */
enum { SIGNER_FIRST, SIGNER_SECOND, SIGNERS };
struct standing {
    struct str conflict;   /* relation that bars the officer; empty when none */
    bool is_both;          /* acted in this case on the other side of the counter */
    bool is_named;         /* a fact of `apart.not_named` names them */
    bool decided_before;   /* did a kind `apart.earlier` names, in the case this one is about */
    const struct str *did; /* the kinds of act they did in this case */
    size_t did_count;
};

/* A paper of the case on one of its addressees, as it stands after this act. */
struct paper_row {
    struct gate_paper_list_row row;
    bool changed;
};
/* On whom what this act draws must be served. */
struct addressee {
    struct str id;
    bool agreed; /* to electronic service */
};

struct question {
    const struct law *law;     /* the law the case began under; for a new case the law now */
    const struct law *law_now; /* powers and offices are judged by the law of the day */
    int64_t law_seq;
    const struct draft *draft;
    const struct act_kind *kind;
    const struct item *item;     /* NULL outside cases */
    const struct office *office; /* of the case, in law_now; NULL outside cases */
    struct instant at;
    struct day day;

    bool has_case; /* row below is an existing case */
    struct gate_case_get_row row;
    struct json facts_before; /* of the case before this act */
    struct json facts;        /* and with this act's fields */
    /* What was done in the case and by whom, each once; this act too once it is admitted. */
    struct gate_done_in_case_row *done;
    size_t done_count;
    struct bpmn_state *state; /* of the procedure; NULL for a new case */
    struct clock_row *clocks;
    size_t clock_count;
    size_t clock_room;
    struct gate_timer_list_row timer; /* clock acts: the timer that ended */
    bool has_timer;
    struct paper_row *papers; /* of the case; only where they are asked for (service.c) */
    size_t paper_count;
    struct addressee *addressees; /* of what this act draws */
    size_t addressee_count;
    int64_t seq;       /* the act's place in the ledger, when it is admitted */
    struct day served; /* of an act that is service: when that holds by law */
    bool has_served;
    struct day received; /* when the newest clock that this act ends had begun: what it answers came
                            in then */
    bool has_received;

    struct actor_record actor;
    bool has_actor;
    struct actor_record co_actor;
    bool has_co_actor;
    struct str party;      /* the party of the case, or for a new one whom the actor acts for */
    bool speaks_for_party; /* the actor is the party, or acts for it by a relation in force; an
                              officer: it is registered */
    bool is_head;          /* the actor is the party, or heads it: no mere agent */
    struct standing standing[SIGNERS];
    bool mixes_roles; /* an appointment that would give one person or account two roles that must be
                         apart */
    struct str barred; /* the limit that still bars the party from opening a case of this matter;
                          empty when none */

    int leaf_form;         /* in which its leaf is written (act.c) */
    unsigned asks;         /* the slots that conditions look into, as bits (record.c) */
    struct json registers; /* register -> the record that the facts, or whose act it is, name */
    struct feel_value
        record;             /* what conditions ask of the case's past and its party's other cases */
    struct str foreign;     /* a register in which what the facts name is another party's */
    struct str held_fact;   /* a fact of which the draft says another thing than its register; */
    struct json held_value; /* what that says, since which day (-1: it does not say), and whether it
                               is derived */
    struct day held_since;
    bool held_derived;
    struct json sources;      /* fact -> whence its value was taken: {"from": "case" | "held" |
                                 "derived" | "drawn", …} (source.c); one without was stated */
    const struct json *given; /* the fields as they came, where settling changed them; else NULL */
    struct str given_then;    /* replay: what was recorded of them */
    bool recorded;            /* replay: the act stands in the ledger */
    struct misnamed misnamed; /* something the act names that it may not; */
    struct text2 misnamed_said; /* and what it is instead, behind the sentence; may be empty */
    struct str open_case; /* a case of the party that runs about the same thing, its item, and the
                             fact that names the thing; empty when none does */
    struct str open_item;
    struct str open_fact;

    bool erased;       /* replay: some of this act's values are gone */
    bool without_form; /* gate_open: there are no fields yet */
    bool has_proposal;
    struct proposal proposal;
    struct json decided; /* what business rule tasks of the procedure decided when this act moved
                            it, in turn */
    struct json
        decided_then; /* replay after values were erased: what was recorded, which stands in */
    struct feel_value slots[LAW_SLOT_COUNT];
    bool has_slots;
};

/* ---- checks: pure, one file each; true = passes ---- */

typedef bool check_fn(struct ctx *ctx, struct question *q, struct verdict *ret);
/* Each is declared in its own file and named in the table of checks.c, nowhere else. */

/* Run the table in order; the first refusal stands. */
void checks_run(struct ctx *ctx, struct question *q, struct verdict *ret);

/* Say no: code is a row of the pack's code table `refusal`, whose sentence and article answer
 * unless a nearer article is given. Always returns false. */
bool verdict_refuse(struct ctx *ctx, const struct question *q, struct verdict *ret,
                    const char *code, const struct cite *nearer, struct str field);

/* Of an act in a task: does the case's procedure await it now, or the end of its timer? */
bool procedure_awaits(const struct question *q);
/* Does the office whose act it is hold this kind of power, itself or through the actor's office
 * that it entrusted? */
bool office_holds(const struct question *q, struct str kind);
/* The values a FEEL expression sees, made on first use. */
const struct feel_value *question_slots(struct ctx *ctx, struct question *q);
/* true, false, or false with *ret_null: an expression over the slots. */
bool question_holds(struct ctx *ctx, struct question *q, const struct feel_program *program);
/* What it gives; false when it cannot be evaluated. */
bool question_value(struct ctx *ctx, struct question *q, const struct feel_program *program,
                    struct feel_value *ret);
/* The kinds of act among these, each once, in their order. */
struct feel_value kinds_done(struct ctx *ctx, const struct gate_done_in_case_row *done,
                             size_t count);
/* {"premises.area": 30} to the context facts.premises.area. */
struct feel_value nested_context(struct ctx *ctx, const struct law *law, const struct json *flat);
/* Is this the draft that its second officer signed? Of one that nobody signed by a digest nothing
 * is known, and so of one whose values were erased since (consent.c). */
bool consent_holds(struct ctx *ctx, const struct draft *draft);

/* What a bar is about: the type of licence an item leads to, or the item where it leads to none. */
struct str bar_matter(const struct item *item);

/* ---- the gate itself ---- */

/* The last reading of the clocks that was good (steady.c). */
struct steady {
    pthread_mutex_t lock;
    struct instant wall;
    int64_t mono_ns;
    struct instant newest; /* after a start: the time of the newest act, until a reading was good;
                              then INT64_MIN */
};

struct gate {
    struct store *store;
    struct keyholder *keys;
    struct world *world;
    struct str origin;
    struct str node;
    const struct projector *const *rooms;
    size_t room_count;
    const struct keep_table *keeps;
    size_t keep_count;
    struct arena *arena; /* lives with the gate */
    struct law_book *book;
    struct tree tree;    /* the writer's own; readers use the store */
    struct instant last; /* time of the newest act: recorded time never steps back */
    struct steady steady;
    struct day ahead; /* on which the next version published ahead begins; INT32_MAX: none */
    struct writer *writer;
    bool rebuilds; /* acts come from the own ledger: leaf, values and documents are there already */
    uint64_t rebuild_to;
    struct front *front;       /* in a front process; then there is no writer here (front.c) */
    _Atomic int64_t law_noted; /* of a front: STORE_WORD_LAW when it last read the publications */
    struct relay *relay;       /* of a process that writes for fronts; else NULL */
    bool started;              /* the writer has its thread */
    int64_t refusal_id;
    /* What the tree, the time and the book were before the job and before the batch, to go back to.
     */
    struct gate_mark {
        struct tree tree;
        struct instant last;
        int64_t refusal_id;
        struct day ahead;
        size_t publications;
    } job_mark, batch_mark;
    bool batch_open;
    bool erased;               /* the batch erased a value: it must leave the store's log as well */
    pthread_mutex_t pool_lock; /* arenas for queued drafts (submit.c) */
    struct arena *pool[LIMIT_WRITER_QUEUE / 4];
    size_t pool_count;
    gate_owed_fn *owed; /* told when the node itself owes an act */
    void *owed_arg;
};

/* Judge a draft and, if it is admitted, append, project and step: inside the writer's transaction
 * (admit.c). The receipt's strings are pushed on `lasting`. ERR_OK also when refused. */
enum err admit(struct ctx *ctx, struct gate *g, struct db *db, const struct draft *draft,
               struct arena *lasting, struct receipt *ret) MUST_USE;
uint64_t gate_tree_size(const struct gate *g);
void submissions_free(struct gate *g);
/* gate_keep_here, waiting for the answer (submit.c). */
enum err keep_here_wait(struct ctx *ctx, struct gate *g, gate_kept *apply, void *arg) MUST_USE;

/* steady.c: the clocks as they stand now are what later readings are held against. After opening.
 */
void steady_begin(struct gate *g);

/* ---- submit.c, relay.c, front.c: drafts of other processes ---- */

/* From a front a draft, or law it wants to read; each is answered by a frame of its kind and id.
 * FRAME_PUBLISHED goes to fronts of other machines by itself: how many publications there are. */
enum { FRAME_TASK = 1, FRAME_LAW = 2, FRAME_PUBLISHED = 3 };
struct submission;
struct post_task;
/* One with an arena of its own; NULL when there is no memory. Given back by its job when it was
 * queued. */
struct submission *submission_take(struct gate *g);
void submission_give(struct submission *s);
/* Zeroed memory in its arena; NULL when it has no more, or s is NULL. */
void *submission_push(struct submission *s, size_t bytes);
/* Queue what these bytes say (post.h), which lie in its arena; after an error it is the caller's.
 */
enum err submission_queue(struct ctx *ctx, struct submission *s, struct str bytes, gate_done *done,
                          void *arg) MUST_USE;
/* All jobs of a batch are told: send what the fronts were told. */
void relay_flush(struct relay *r);
/* Law was published: fronts will want it. */
void relay_published(struct relay *r);

/* lend.c: a thread of the process that writes links the law that fronts want to read. */
struct lender;
struct lend_ask {
    struct lend_ask *next;
    int64_t law_seq;
    struct day day;
    gate_done *done; /* ERR_NOT_FOUND: no law is in force that day */
    void *arg;
};
enum err lender_new(struct ctx *ctx, struct gate *g, struct lender **ret) MUST_USE;
/* It begins with the law of today. */
enum err lender_start(struct ctx *ctx, struct lender *l) MUST_USE;
/* The ask lives until it is done. */
void lender_ask(struct lender *l, struct lend_ask *ask);
void lender_ask_today(struct lender *l);
/* What was asked is done, with ERR_NO_WRITER where there was no time. NULL is allowed. */
void lender_stop(struct lender *l);
void lender_free(struct lender *l);

enum err front_new(struct ctx *ctx, struct gate *g, int socket, struct front **ret) MUST_USE;
enum err front_start(struct ctx *ctx, struct front *f) MUST_USE;
void front_stop(struct front *f);
void front_free(struct front *f);
/* As gate_submit_with and gate_keep: what the task names is copied. */
enum err front_submit(struct ctx *ctx, struct front *f, const struct post_task *task,
                      gate_done *done, void *arg) MUST_USE;
/* Send what the calling thread put off until its turn ends: before it waits for an answer. */
void front_send(struct front *f);
/* As struct lending wants it; arg is the gate. */
enum err front_ask_law(struct ctx *ctx, void *arg, int64_t law_seq, struct day day) MUST_USE;

/* who.c */
/* What stands between an officer and the party of the question, or those who head or speak for it;
 * empty: nothing. person: who holds the account, or empty. */
enum err conflict_of(struct ctx *ctx, struct db *db, const struct question *q, struct str id,
                     struct str person, struct str *ret) MUST_USE;
enum err load_people(struct ctx *ctx, struct gate *g, struct db *db, struct question *q) MUST_USE;
extern const struct projector gate_projector;
/* Those of the rooms below, which every node has: they come first. */
const struct projector *const *own_projectors(size_t *ret_count);
/* names.c: does the act name only what is there, or free, or its own? */
enum err load_names(struct ctx *ctx, struct gate *g, struct db *db, struct question *q) MUST_USE;
extern const struct name_row gate_names[];
extern const size_t gate_name_count;

/* ---- state.c ---- */

/* Fill a question for a draft at an instant, by the law after publications up to law_seq: the
 * writer asks by book_newest, a reader by book_visible, for it cannot see what is not committed. A
 * draft that names what is not there gives a question whose checks refuse; only faults of the store
 * are errors. */
enum err question_load(struct ctx *ctx, struct gate *g, struct db *db, const struct draft *draft,
                       struct instant at, int64_t law_seq, struct question *ret) MUST_USE;

/* The case's facts with what an act brings. */
struct json merged_facts(struct arena *a, const struct json *before, const struct json *fields);

/* ---- registers.c: what rooms hold of what an act names ---- */

/* Fill q->registers, as far as the kind of act or its item asks of them. */
enum err registers_load(struct ctx *ctx, struct gate *g, struct db *db,
                        struct question *q) MUST_USE;
/* What the register says of a held fact; NULL when it has no such record, or nothing in it. */
const struct json *register_value(const struct question *q, const struct fact *fact);

/* A record of a register by its key. */
enum err register_find(struct ctx *ctx, struct gate *g, struct db *db, struct str name,
                       struct str key, struct json *ret, bool *ret_found) MUST_USE;

/* ---- refer.c: what facts name, and what a case is about ---- */

/* Is what the fields name there, of the right type and state, and may this actor name it? Notes the
 * first that is not in q->misnamed. */
enum err references_load(struct ctx *ctx, struct gate *g, struct db *db,
                         struct question *q) MUST_USE;
/* Of an act that opens a case: does one run about the same thing? Of one in a case: does it name
 * what the case is about? */
enum err subjects_load(struct ctx *ctx, struct db *db, struct question *q) MUST_USE;
/* What the case was opened about, by a fact that is its subject; NULL when that is none, or was
 * erased. */
const struct json *subject_value(const struct question *q, const struct fact *fact);
/* Note what the case with the facts q->facts, as they are after its act seq, is about. In the
 * writer's transaction. */
enum err subjects_store(struct ctx *ctx, struct db *db, const struct question *q,
                        struct str case_id, int64_t seq) MUST_USE;

/* ---- record.c: what conditions may ask of the past ---- */

/* Note which slots the expressions look into that decide about this act, by its kind and item. */
void question_note_slots(struct question *q);
/* Does one look into this slot? */
bool question_asks(const struct question *q, enum law_slot slot);
/* Fill q->record, when it is asked for. */
enum err record_load(struct ctx *ctx, struct db *db, struct question *q) MUST_USE;

/* ---- settle.c: what a draft says, brought to what is kept ---- */

/* The needs of an act: its own, and the facts and materials of its item where it fills those. */
struct need_list {
    const struct need *list[3];
    size_t count[3];
};
struct need_list question_needs(const struct question *q);
const struct need *need_of(const struct need_list *n, struct str fact);
/* Go on with other fields. */
void question_say(struct ctx *ctx, struct question *q, const struct json *fields);
/* derive.c: fill in what the gate works out or draws itself, and note the first of it that a draft
 * says otherwise. True when there was anything to fill in. */
bool derive_fields(struct ctx *ctx, struct question *q, const struct need_list *needs);
/* Run the checks on a question that was loaded for a new draft: when it is admitted, q->draft is
 * its settled form, on ctx->arena, and that is what was judged. */
enum err question_judge(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                        struct verdict *ret) MUST_USE;

/* ---- source.c: whence values come ---- */

/* Fill in what comes from elsewhere than who acts, and note the first of which the draft says
 * another thing (q->held_fact). *ret_other: something was filled in. */
enum err sources_settle(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                        const struct need_list *needs, bool *ret_other) MUST_USE;
/* Only of what the act says in the end. */
void sources_keep(struct ctx *ctx, struct question *q);

/* ---- act.c: a draft as a leaf and vault content ---- */

/* The form of leaves that are written now. ERR_CORRUPT when a text is no leaf of a form that this
 * program knows. */
enum { LEAF_FORM = 3 };
enum err leaf_form(struct ctx *ctx, struct str leaf, int *ret) MUST_USE;

struct act_text {
    struct str leaf;  /* canonical JSON */
    struct str vault; /* JSON: values, salts, who, when */
};
/* What is kept of fields that came otherwise than they are kept: enough to know them again when the
 * same draft is sent once more, and nothing once a value of the act is erased, whose salt goes with
 * it. */
enum err act_given(struct ctx *ctx, const struct json *fields, const struct json *salts,
                   struct str *ret) MUST_USE;
enum err act_write(struct ctx *ctx, struct gate *g, const struct question *q, int64_t seq,
                   int64_t prev, struct str case_id, struct str document, const struct json *salts,
                   struct act_text *ret) MUST_USE;

/* ---- step.c: what an admitted act does to its case, its clocks and timers ---- */

struct step {
    struct str case_id;
    int64_t seq;
    struct bpmn_state *state;
    struct gate_timer_set_in *timers; /* that are set */
    size_t timer_count, timer_room;
    struct str *timers_gone; /* that are cancelled, or have fired */
    size_t timer_gone_count, timer_gone_room;
    struct str status;
    bool closed;
    struct str due_limit; /* the office clock that runs out first */
    struct day due_day;
};
enum err step_make(struct ctx *ctx, struct question *q, int64_t seq, struct str case_id,
                   struct step *ret) MUST_USE;
enum err step_store(struct ctx *ctx, struct db *db, struct question *q,
                    const struct step *step) MUST_USE;
/* An activity whose limit's clock runs while it is open. */
bool is_limited(const struct bpmn_element *e);
/* The row of a timer of the procedure, due when its clock is, which is started when there is none.
 */
enum err timer_row(struct ctx *ctx, struct question *q, uint16_t element, struct str timer,
                   struct str case_id, struct gate_timer_set_in *ret) MUST_USE;

/* ---- clock.c ---- */

struct clock_row *clock_find(struct question *q, struct str limit_id);
/* The day a limit counts from: the one a fact of the case states, where the limit names such a
 * fact, else `begun`. */
struct day limit_start(const struct question *q, const struct limit *limit, struct day begun,
                       bool *ret_stated);
enum err clock_start(struct ctx *ctx, struct question *q, const struct limit *limit) MUST_USE;
/* It runs no more from this day on. clock_answer: and what the act answers came in on the day that
 * it began. */
void clock_end(struct question *q, struct str limit_id);
void clock_answer(struct question *q, struct str limit_id);
enum err clocks_touch(struct ctx *ctx, struct question *q, int64_t seq) MUST_USE;
enum err clocks_store(struct ctx *ctx, struct db *db, const struct question *q,
                      struct str case_id) MUST_USE;
/* A stored row with its stops; limit may be NULL (the law of the case knows it no more). */
enum err clock_read(struct ctx *ctx, const struct limit *limit,
                    const struct gate_clock_list_row *row, struct clock_row *ret) MUST_USE;
/* Would an act of this kind lengthen this clock? */
bool clock_extends(const struct clock_row *c, const struct act_kind *kind);
/* The office's clock that runs out first; false when none runs. */
bool clocks_first_due(const struct question *q, struct str *ret_limit, struct day *ret_day);
/* The clocks of the case q->row, with their limits in q->law. */
enum err clocks_load(struct ctx *ctx, struct db *db, struct question *q) MUST_USE;
/* Set the due days of a clock from its start, what was lost while stopped, and what was added; all
 * that run. Marked as changed when they are others than they were. */
enum err clock_count(struct ctx *ctx, struct question *q, struct clock_row *c) MUST_USE;
enum err clocks_count(struct ctx *ctx, struct question *q) MUST_USE;
/* Tell the rooms which day of the case comes first now. */
enum err due_tell(struct ctx *ctx, struct gate *g, struct db *db,
                  const struct question *q) MUST_USE;

/* ---- service.c: papers that must be served, and acts that serve them ---- */

/* The papers of the case q->row. */
enum err service_papers(struct ctx *ctx, struct db *db, struct question *q) MUST_USE;
/* They, where they are asked for, and on whom this act's must be served. Before record_load. */
enum err service_load(struct ctx *ctx, struct db *db, struct question *q) MUST_USE;
/* Does what this act draws wait for its service? */
bool service_waits(const struct question *q);
/* An act that serves whatever waits: does anything? */
bool service_awaited(const struct question *q, const struct act_kind *kind);
/* An act that serves: the papers are served, and the clocks that waited for it begin. Before any
 * clock starts. */
enum err service_make(struct ctx *ctx, struct question *q) MUST_USE;
enum err service_store(struct ctx *ctx, struct db *db, const struct question *q,
                       struct str case_id) MUST_USE;
/* The day an act is held against a limit by: the one it tells, where the limit names that fact. */
struct day judged_day(const struct question *q, const struct limit *limit);
/* When this act's paper was served on all: null when it was not. */
struct feel_value service_day(const struct question *q, int64_t seq, struct day drawn);
struct feel_value papers_value(struct ctx *ctx, const struct question *q);

/* ---- what a change of law does to cases (carry.c, recount.c), and when (begin.c, catch_up.c) ----
 */

/* The law of a day after the publications up to a sequence. */
struct law_at {
    int64_t seq; /* -1: none */
    struct day day;
};
/* A version of a pack comes into force: by the act that publishes it, or on the first day of one
 * that was published ahead. */
struct law_change {
    int64_t at;      /* the place of the next act: all before it happened under the law before */
    struct str pack; /* its code */
    struct law_at before;
    struct law_at after;
};

/* A version was published, by the act that is now the ledger's last, and is in the book: what it
 * does to cases begins at once, or is noted for its first day. In the writer's transaction. */
enum err law_published(struct ctx *ctx, struct gate *g, struct db *db, struct str pack,
                       const struct admitted *act) MUST_USE;
/* What was published ahead and begins on a day up to this one, begins: before any act of that day.
 * In the writer's transaction. */
enum err law_begins(struct ctx *ctx, struct gate *g, struct db *db, struct day upto,
                    bool replay) MUST_USE;
/* After opening: which day comes next, and the time that the last one has reached. */
enum err law_begins_read(struct ctx *ctx, struct gate *g, struct db *db) MUST_USE;

/* A case goes on under the new law where it stands, or keeps its own, which is noted (gate_kept).
 * Only running cases, each once, and in the order of the changes. */
struct known_change;
struct carry_over {
    struct gate *g;
    struct db *db;
    const struct law *law;
    struct str pack;
    struct law_at at;
    bool carries;        /* else there is nothing to do for any case */
    struct arena *arena; /* for as long as cases are carried over */
    struct known_change *known;
    size_t known_count, known_room;
};
enum err carry_begin(struct ctx *ctx, struct gate *g, struct db *db, const struct law_change *x,
                     struct carry_over *ret) MUST_USE;
enum err carry_case(struct ctx *ctx, struct carry_over *c, struct str id) MUST_USE;

/* What a change of law made of the days. */
struct recount {
    const struct law *before, *now; /* NULL: there is none */
    bool days;                      /* some day is a working day now that was none, or was one */
    struct day from, to;            /* the first and the last of them */
};
enum err recount_begin(struct ctx *ctx, struct gate *g, struct db *db, const struct law_change *x,
                       struct recount *ret) MUST_USE;
/* Count anew the clocks of a case that this touches. */
enum err recount_case(struct ctx *ctx, struct gate *g, struct db *db, const struct recount *r,
                      struct str case_id) MUST_USE;

/* The law is another now: begin to bring cases up to it; in replay to the end. In the writer's
 * transaction. */
enum err catch_up_begin(struct ctx *ctx, struct gate *g, struct db *db, const struct law_change *x,
                        bool replay) MUST_USE;
/* Bring one case up to the newest change of law, before anything else is done to it. *ret_any: it
 * was behind; then, unless an act in it is admitted now, case_caught_up must note it. */
enum err case_catch_up(struct ctx *ctx, struct gate *g, struct db *db, struct str case_id,
                       bool *ret_any) MUST_USE;
enum err case_caught_up(struct ctx *ctx, struct db *db, struct str case_id) MUST_USE;

/* ---- owed.c: acts of the node itself, where law leaves no discretion ---- */

/* The kind of act the node is awaited to do in this state; empty when a person is. */
struct str owed_kind(const struct question *q, const struct bpmn_state *state);
/* Keep, or take away, the mark by which a tick finds the case again. In the writer's transaction.
 */
enum err owed_mark(struct ctx *ctx, struct db *db, const struct question *q, struct str case_id,
                   struct str kind) MUST_USE;

/* ---- admit.c, draw.c, erase.c ---- */

struct admission {
    struct verdict verdict;
    int64_t seq;
    struct str case_id;
    struct act_text text;
    struct str due_limit;
    struct day due_day;
    struct str next;
    bool redrawn; /* replay: the document comes out otherwise than it was issued */
};
/* What replay knows of the act besides its draft. */
struct recorded {
    const struct json *salts;
    struct str document; /* as it was issued; empty when there is none, or none any more */
    bool exact;          /* nothing was erased before: what is drawn now must be that to the byte */
};
/* From a judged question to ledger and views. recorded: in replay; NULL makes new salts and keeps
 * what is drawn. */
enum err admit_question(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                        const struct recorded *recorded, struct admission *ret) MUST_USE;
/* Note where a job of the writer begins, to go back there when it fails. */
void gate_mark_job(struct gate *g);
void gate_mark_reset(struct gate *g, const struct gate_mark *m);
/* The document the act draws up, in Chinese, and English when wanted; empty when it draws none. */
enum err document_draw(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                       int64_t seq, struct str case_id, const struct step *step, bool english,
                       struct issued *ret) MUST_USE;
/* Erase a value that an act said of a fact: in vault, documents, proposals and the facts of its
 * case. *ret is what rooms are to erase. */
enum err erase_value(struct ctx *ctx, struct gate *g, struct db *db, int64_t seq, struct str fact,
                     bool replay, struct erasure *ret) MUST_USE;
enum err head_store(struct ctx *ctx, struct db *db, const struct tree *tree,
                    struct str note) MUST_USE;
