/* gate.h - the waist: the one way by which anything changes.
 *
 * A draft asks to become an act. The gate asks the law in force, in eight checks (checks.c); what
 * passes is appended to the ledger, projected into the views and answered with a receipt, all in
 * one transaction of the writer; what does not is refused with the article, and kept in the refusal
 * log. Nothing else in the program writes to ledger or views.
 *
 * Three doors: gate_ask (would it be admitted?), gate_open (what is open here, to this actor?),
 * gate_submit (draft to receipt). The fourth, replay, is a room of its own and comes through
 * again.h. How a gate is opened and started stands in run.h, what it keeps in read.h.
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
/* The turn of a loop is over. A thread that calls this once calls it after each of its turns: from
 * then on what it submits in one goes to the process that writes together, at its end. */
void gate_turned(struct gate *g);
/* A receipt whose strings lie on `a`, to outlast done. */
struct receipt gate_receipt_copy(struct arena *a, const struct receipt *r);
