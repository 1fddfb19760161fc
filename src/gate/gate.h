/* gate.h - the waist: the one way by which anything changes.
 *
 * A draft asks to become an act. The gate asks the law in force, in eight checks (checks.c); what
 * passes is appended to the ledger, projected into the views and answered with a receipt, all in
 * one transaction of the writer; what does not is refused with the article, and kept in the refusal
 * log. Nothing else in the program writes to ledger or views.
 *
 * Three doors: gate_ask (would it be admitted?), gate_open (what is open here, to this actor?),
 * gate_submit (draft to receipt). The fourth, replay, is a room of its own and comes through
 * gate_again.
 *
 * gate_ask and gate_open read through the caller's own reader connection, from any thread. A check
 * is a pure function of (law, state of the case, draft), the same through every door.
 */
#pragma once

#include "act/act.h"
#include "base/base.h"
#include "base/json.h"
#include "law/law.h"
#include "ledger/ledger.h"
#include "people/people.h"
#include "store/keep.h"
#include "store/store.h"
#include "vault/vault.h"

struct gate;
struct keyholder;
struct law_book;

/* ---- answers ---- */

/* What the law answers. A refusal is a value, never an error. */
struct verdict {
    bool admitted;
    struct str check;      /* "identity" … "purpose"; empty when admitted */
    struct str code;       /* "competence.power": stable, for machines */
    struct text2 sentence; /* what is not so, and what to do */
    struct str field;      /* the fact at fault, when one is */
    struct cite article;   /* the article that refuses; statute NULL only when no law is loaded */
};

struct receipt {
    struct verdict verdict;
    int64_t seq;        /* place in the ledger; -1 when refused */
    struct str case_id; /* the case, new or old; empty for acts without one */
    struct instant at;  /* recorded time */
    uint8_t leaf_hash[32];
    int64_t tree_size;    /* the signed head this receipt stands under */
    struct str due_limit; /* the clock now running for the office; empty when none */
    struct day due_day;
    bool repeated; /* the same key came before: this is that receipt */
    struct str
        next; /* a kind of act the node now does by itself, where law leaves no discretion; empty */
    struct str kept; /* what the kept operation beside it, or alone, answered */
};

/* ---- opening ---- */

struct law_loans;
struct gate_config {
    struct store *store;
    struct keyholder *keys;
    struct str origin; /* checkpoint origin, "node.example/990101" */
    struct str node;   /* node code in leaves */
    const struct projector *const *rooms;
    size_t room_count;
    bool rebuilds; /* the views are being filled from the ledger: only gate_again may be called */
    const struct keep_table *keeps; /* what gate_keep may be asked for */
    size_t keep_count;
    int socket; /* of a front process: to the one that writes (relay.h); 0: this one writes */
    struct law_loans *loans; /* of several processes on one machine (book/lending.h); else NULL */
    int row;                 /* of a front among them */
};
/* Open the gate on a store that is migrated: reads head and law packs. The gate lives until
 * gate_close; ctx->world is kept for time and randomness. */
enum err gate_new(struct ctx *ctx, const struct gate_config *config, struct gate **ret) MUST_USE;
void gate_close(struct gate *g);
/* Start and stop the writer thread. Without it, gate_run_once works off what is queued on the
 * calling thread (simulator, tests, commands). */
enum err gate_start(struct ctx *ctx, struct gate *g) MUST_USE;
void gate_stop(struct gate *g);
size_t gate_run_once(struct gate *g);

/* The law in force today, of committed publications; NULL before any pack is published. Stays as
 * long as what else lies on ctx->arena. Any thread. */
enum err gate_law(struct ctx *ctx, struct gate *g, struct db *reader,
                  const struct law **ret) MUST_USE;
/* What is wrong with the law in force (book/book.h), or empty. Any thread. */
struct str gate_alarm(struct gate *g, struct arena *a);

/* ---- the doors ---- */

/* Would it be admitted now? Advice, never permission: records nothing. */
enum err gate_ask(struct ctx *ctx, struct gate *g, struct db *reader, const struct draft *draft,
                  struct verdict *ret) MUST_USE;

/* What this actor may do in a case: each kind of act that the procedure awaits or its status
 * allows, open, or shut with the refusal that stands first. */
struct opening {
    const struct act_kind *kind;
    struct verdict verdict; /* form, time-of-form checks are not asked: fields are not there yet */
};
enum err gate_open(struct ctx *ctx, struct gate *g, struct db *reader, struct str case_id,
                   const struct actor *actor, struct opening **ret, size_t *ret_count) MUST_USE;

/* Queue a draft for the writer. done is called once, on the writer's thread, after the batch is
 * durable (or failed, or the draft was refused); the receipt's strings live until done returns. The
 * draft is copied. ERR_BUSY at once when the queue is full: answer 503 with Retry-After. */
typedef void gate_done(void *arg, enum err err, const struct why *why,
                       const struct receipt *receipt);
enum err gate_submit(struct ctx *ctx, struct gate *g, const struct draft *draft, gate_done *done,
                     void *arg) MUST_USE;
/* What the node must keep but may not tell its ledger: hashes of passwords, public keys of
 * passkeys, sessions, messages to send. It is written by a kept operation (store/keep.h), which is
 * one of gate_config.keeps; any other is ERR_NOT_SUPPORTED. gate_submit, and when the draft is
 * admitted (for the first time under its key), the operation in the same savepoint. beside NULL:
 * none. */
enum err gate_submit_with(struct ctx *ctx, struct gate *g, const struct draft *draft,
                          const struct keep *beside, gate_done *done, void *arg) MUST_USE;
/* A kept operation without an act. done gets a receipt that says `kept` and nothing else. ERR_BUSY
 * at once when the queue is full. */
enum err gate_keep(struct ctx *ctx, struct gate *g, const struct keep *keep, gate_done *done,
                   void *arg) MUST_USE;
/* The same, waiting for the answer, on ctx->arena. Not on the writer's thread, nor on a loop's. */
enum err gate_keep_wait(struct ctx *ctx, struct gate *g, const struct keep *keep,
                        struct str *ret_kept) MUST_USE;
/* The same two for what lives in the writer's own process (the pool of jobs): a function over the
 * caller's memory, which must live until done has returned. receipt is of the act beside which it
 * runs, NULL when there is none. */
typedef enum err gate_kept(struct ctx *ctx, struct db *db, void *arg,
                           const struct receipt *receipt);
enum err gate_submit_here(struct ctx *ctx, struct gate *g, const struct draft *draft,
                          gate_kept *beside, void *beside_arg, gate_done *done, void *arg) MUST_USE;
enum err gate_keep_here(struct ctx *ctx, struct gate *g, gate_kept *apply, void *apply_arg,
                        gate_done *done, void *arg) MUST_USE;
/* The same, waiting for the answer (commands, tests; needs the writer thread, or drives it itself).
 */
enum err gate_submit_wait(struct ctx *ctx, struct gate *g, const struct draft *draft,
                          struct receipt *ret) MUST_USE;
/* A receipt whose strings lie on `a`, to outlast done. */
struct receipt gate_receipt_copy(struct arena *a, const struct receipt *r);

/* ---- after law was published ---- */

/* Bring some more cases up to what was published (catch_up.c): in a transaction of the writer, for
 * the job "gate.catch-up". *ret_more: there are still some behind. */
enum err gate_catch_up_some(struct ctx *ctx, struct gate *g, struct db *db,
                            bool *ret_more) MUST_USE;
/* All that are behind, waiting for it: what the job does, where there is no pool. */
enum err gate_catch_up(struct ctx *ctx, struct gate *g) MUST_USE;

/* ---- for the agenda: what is due ---- */

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
/* Be told of one at once, on the writer's thread, when the act that led to it is durable. NULL: no
 * more. Before the gate is started, or while nothing is submitted. */
typedef void gate_owed_fn(void *arg, struct str kind, struct str case_id);
void gate_hear_owed(struct gate *g, gate_owed_fn *owed, void *arg);

/* ---- for replay: acts once more ---- */

/* What stands in the ledger at a place. */
struct ledger_entry {
    int64_t seq;
    struct str leaf;
};
enum err gate_entries(struct ctx *ctx, struct db *reader, int64_t seq, size_t max,
                      struct ledger_entry **ret, size_t *ret_count) MUST_USE;
/* An act as it was recorded. */
struct act_then {
    int64_t seq;
    struct str leaf;
    struct vault_content content; /* its draft with the files it names */
    struct str document;          /* as it was issued; empty when there is none, or no more */
    bool erased_before;           /* a value of this or an earlier act is gone */
};
struct act_again {
    struct verdict verdict;
    bool same_leaf;
    bool same_document; /* true where none was drawn, or it cannot be compared any more */
};
/* Judge it anew under the law of its day and project it, whatever the verdict, inside the caller's
 * transaction on the store of a gate that holds exactly the acts before it. ERR_CORRUPT when law
 * and vault give no act at all. */
enum err gate_again(struct ctx *ctx, struct gate *g, struct db *db, const struct act_then *then,
                    struct act_again *ret) MUST_USE;
/* The versions of all that projects, as a text to hold against what made the views. */
struct str gate_views_version(struct arena *a, const struct gate_config *config);
/* Of a gate that rebuilds: how many acts are in the views (and the place of the next), of how many.
 */
void gate_rebuilt(const struct gate *g, uint64_t *ret_size, uint64_t *ret_of);
/* Keep how far it has come, inside the transaction of the acts so far; at the end hold the tree of
 * what was made again against the signed head (ERR_CORRUPT when it is another). */
enum err gate_rebuild_keep(struct ctx *ctx, struct gate *g, struct db *db) MUST_USE;
/* How this gate was opened, to open another like it. Its strings live as long as the gate. */
struct gate_config gate_config_of(const struct gate *g);
/* The law book, for publishing (book/book.h). */
struct law_book *gate_book(struct gate *g);

/* ---- reading what the gate keeps (any reader connection) ---- */

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
    struct str role;
    struct str office;
    struct json fields;  /* erased values are null */
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
