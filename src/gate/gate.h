/* gate.h - the waist: the one way by which anything changes.
 *
 * A draft asks to become an act. The gate asks the law in force, in eight checks (checks.c); what
 * passes is appended to the ledger, projected into the views and answered with a receipt, all in
 * one transaction of the writer; what does not is refused with the article, and kept in the refusal
 * log. Nothing else in the program writes to ledger or views.
 *
 * Four doors: gate_ask (would it be admitted?), gate_open (what is open here, to this actor?),
 * gate_submit (draft to receipt), gate_replay (rebuild every view from the ledger and compare).
 *
 * gate_ask and gate_open read through the caller's own reader connection, from any thread. A check
 * is a pure function of (law, state of the case, draft), the same in all four doors.
 */
#pragma once

#include "base/base.h"
#include "base/json.h"
#include "law/law.h"
#include "ledger/ledger.h"
#include "store/store.h"

struct gate;
struct keyholder;

/* ---- drafts and answers ---- */

enum actor_kind { ACTOR_PARTY, ACTOR_OFFICER, ACTOR_ADMIN, ACTOR_CLOCK, ACTOR_NODE };

/* Who acts, as the caller authenticated it. The gate looks up what the ledger says of this actor.
 */
struct actor {
    enum actor_kind kind;
    struct str id;         /* register id of a person or organisation; empty for clock and node */
    struct str for_id;     /* the party acted for, when not the actor itself; empty else */
    struct str co_id;      /* a second officer who signed as well; empty else */
    int assurance;         /* 0 unknown, 1 one factor, 2 two factors, 3 two bound to this site */
    struct instant proven; /* when its identity was last proven; 0: nobody knows */
    struct str role;       /* the role an officer acts in; empty: any that fits */
};

/* One uploaded file of a draft: its bytes go to the vault, its digest to the act. */
struct attachment {
    struct str sha256; /* hex, of the bytes */
    struct str type;
    struct str name;
    struct str bytes;
};

struct draft {
    struct str kind; /* kind of act */
    struct actor actor;
    struct str item;    /* for acts that open a case: item id; empty else */
    struct str office;  /* for acts that open a case: the office applied to; empty: the only
                           competent one */
    struct str case_id; /* for acts in a case */
    struct str key;     /* idempotency key chosen by the client, at most 64 bytes; may be empty */
    struct json fields; /* object: fact id -> value */
    const struct attachment *attachments;
    size_t attachment_count;
    struct str timer; /* clock acts only: the timer that ended */
};

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
};

/* ---- what a room gets to see of an admitted act (floor 7) ---- */

struct case_state;
struct admitted {
    int64_t seq;
    struct instant at;
    struct day day;
    const struct law *law;
    const struct act_kind *kind;
    const struct item *item;     /* NULL for acts without a case */
    const struct office *office; /* NULL for acts without one */
    const struct draft *draft;   /* fields hold NULL values where they were erased */
    struct str case_id;
    struct str party;         /* register id of the party of the case */
    struct str status;        /* of the case after this act */
    const struct json *facts; /* of the case after this act: fact id -> value */
    struct str document;      /* drawn up (zh HTML), empty when none */
    struct str due_limit;
    struct day due_day;
    bool replay;
};

/* A service room, as the gate sees it. apply is called in the writer's transaction for every
 * admitted act that names the effect; track for every admitted act, after its effects; erase
 * removes a value from the room's views. Any may be NULL. They write only the room's own tables. */
struct effect_row {
    const char *effect; /* "licence.issue" */
    enum err (*apply)(struct ctx *ctx, struct db *db, const struct admitted *act);
};
/* What an act with an effect names must be there, or be free, or be the actor's own: each room says
 * so of what it registers, over the values of a draft whose form is right. A value that is absent
 * is well named. */
struct naming {
    const struct draft *draft;
    const struct law *law;
    struct str party; /* whose act it is */
    struct day day;
};
struct misnamed {
    const char *code; /* "form.subject": nothing such, or not the actor's own, which are not told
                         apart; "form.taken": another's. NULL: well */
    const char *fact;
};
struct name_row {
    const char *effect;
    enum err (*look)(struct ctx *ctx, struct db *db, const struct naming *n, struct misnamed *ret);
};
/* What the ledger knows of a register id on this day: "person", "org", "officer", "admin"; empty
 * when nothing, or no more. */
enum err gate_known(struct ctx *ctx, struct db *db, struct str id, struct day day,
                    struct str *ret_kind) MUST_USE;
struct projector {
    const char *room;
    const struct effect_row *effects;
    size_t effect_count;
    const struct name_row *names;
    size_t name_count;
    enum err (*track)(struct ctx *ctx, struct db *db, const struct admitted *act);
    enum err (*erase)(struct ctx *ctx, struct db *db, int64_t seq, struct str fact);
    /* The act by which the matter that a case's facts name was last decided, as a licence by its
     * number; -1 when there is none. */
    enum err (*earlier)(struct ctx *ctx, struct db *db, const struct json *facts, int64_t *ret_seq);
    /* What documents may say of a party: an object with its name as "name" and its facts by id. One
     * room gives it. */
    enum err (*describe)(struct ctx *ctx, struct db *db, struct str party, struct json *ret);
    /* A calendar was published, and the first due day of a case that waits is another now. */
    enum err (*due)(struct ctx *ctx, struct db *db, struct str case_id, struct str due_limit,
                    struct day due_day);
};

/* ---- opening ---- */

struct gate_config {
    struct store *store;
    struct keyholder *keys;
    struct str origin; /* checkpoint origin, "node.example/990101" */
    struct str node;   /* node code in leaves */
    const struct projector *const *rooms;
    size_t room_count;
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

/* The law in force today; NULL before any pack is published. Lives as long as the gate. Any thread.
 */
enum err gate_law(struct ctx *ctx, struct gate *g, struct db *reader,
                  const struct law **ret) MUST_USE;

/* ---- the four doors ---- */

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
 * passkeys, sessions, messages to send. A gate_kept writes only tables marked "kept" of the
 * caller's own room, on the writer's thread; an error undoes it, and the act it came with. receipt
 * is of that act, NULL when there is none. arg must live until done has returned. */
typedef enum err gate_kept(struct ctx *ctx, struct db *db, void *arg,
                           const struct receipt *receipt);
/* gate_submit, and when the draft is admitted (for the first time under its key), beside in the
 * same savepoint. */
enum err gate_submit_with(struct ctx *ctx, struct gate *g, const struct draft *draft,
                          gate_kept *beside, void *beside_arg, gate_done *done, void *arg) MUST_USE;
/* Kept rows without an act. done gets receipt NULL. ERR_BUSY at once when the queue is full. */
enum err gate_keep(struct ctx *ctx, struct gate *g, gate_kept *apply, void *apply_arg,
                   gate_done *done, void *arg) MUST_USE;
/* The same, waiting for the answer (commands, tests; needs the writer thread, or drives it itself).
 */
enum err gate_submit_wait(struct ctx *ctx, struct gate *g, const struct draft *draft,
                          struct receipt *ret) MUST_USE;

/* Clock: submit the acts of timers whose day has passed; returns how many of these were queued.
 * After a start, and when the queue was full, also the acts the node itself is awaited to do (a
 * filing that is decided at once). Holds still when the wall clock leapt against the steady clock
 * (ERR_PRECONDITION), until it agrees again or gate_clock_trust is called by an operator. */
enum err gate_tick(struct ctx *ctx, struct gate *g, size_t *ret_count) MUST_USE;
/* A round over what is due is under way: call gate_tick again shortly. In one round each timer
 * acts, or is refused, once. */
bool gate_tick_more(const struct gate *g);
void gate_clock_trust(struct gate *g);

/* Rebuild every view of the node from ledger and vault into `fresh` (an empty, migrated store),
 * re-asking every act under the law of its day, and compare byte for byte. */
struct replay_report {
    int64_t acts;
    int64_t erased;         /* acts judged by record because values were erased */
    int64_t refused;        /* acts the gate would now refuse: must be 0 */
    struct str first_wrong; /* "table case_case, row …" or "act 17: …"; empty when all agrees */
};
enum err gate_replay(struct ctx *ctx, struct gate *g, struct store *fresh,
                     struct replay_report *ret) MUST_USE;

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
/* A file in the vault by digest. */
enum err gate_attachment(struct ctx *ctx, struct gate *g, struct db *reader, struct str sha256,
                         struct attachment *ret, bool *ret_found) MUST_USE;

/* What the ledger says of an actor: kind, offices and roles on this day. */
struct actor_record {
    struct str id;
    struct str kind; /* "person", "org", "officer", "admin" */
    struct str office;
    struct str person; /* of an officer or administrator: the register id of the natural person;
                          empty when not given */
    const struct str *roles;
    size_t role_count;
    bool active;
};
enum err gate_actor(struct ctx *ctx, struct gate *g, struct db *reader, struct str id,
                    struct actor_record *ret, bool *ret_found) MUST_USE;
/* May `actor` act for `party` today in matters of this item? Itself, by heading it, or by an
 * authority registered, not ended, and either general or for this item (empty: some item). */
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

/* ---- publishing law ---- */

/* A draft that publishes these packs, checked by law_load first; problems go to ret_problems. */
enum err gate_publish_draft(struct ctx *ctx, struct gate *g, const struct law_pack_source *pack,
                            struct draft *ret, struct law_problems *ret_problems) MUST_USE;
