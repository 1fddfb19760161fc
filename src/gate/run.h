/* run.h - a gate over its life: opened on a store, started, its law and its alarm, brought up to
 * the law in force, closed. */
#pragma once

#include "gate/gate.h"

struct keyholder;
struct law_book;

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
/* What is wrong with the law that gate_law gave today (book/book.h), or empty. Any thread. */
struct str gate_alarm(struct gate *g, struct arena *a);

/* A day has come: versions of packs that were published ahead and begin on it, or on one before it,
 * begin (begin.c). Queues it for the writer when there are any; the next call looks again. */
enum err gate_begin_day(struct ctx *ctx, struct gate *g, struct db *reader,
                        struct day today) MUST_USE;
/* ERR_OK while the wall clock agrees with the steady one and with the ledger, and may date acts
 * (steady.c); else ERR_CLOCK, with what is wrong as its detail: nothing is admitted until it agrees
 * again, or until it is trusted as it is. In the process that writes; any thread. */
enum err gate_clock(struct ctx *ctx, struct gate *g) MUST_USE;
void gate_trust_clock(struct gate *g);
/* Bring some more cases up to the law that came into force (catch_up.c): in a transaction of the
 * writer, for the job "gate.catch-up". *ret_more: there are still some behind. */
enum err gate_catch_up_some(struct ctx *ctx, struct gate *g, struct db *db,
                            bool *ret_more) MUST_USE;
/* All that are behind, waiting for it: what the job does, where there is no pool. */
enum err gate_catch_up(struct ctx *ctx, struct gate *g) MUST_USE;
/* Be told of one at once, on the writer's thread, when the act that led to it is durable. NULL: no
 * more. Before the gate is started, or while nothing is submitted. */
typedef void gate_owed_fn(void *arg, struct str kind, struct str case_id);
void gate_hear_owed(struct gate *g, gate_owed_fn *owed, void *arg);
/* How this gate was opened, to open another like it. Its strings live as long as the gate. */
struct gate_config gate_config_of(const struct gate *g);
/* The law book, for publishing (book/book.h). */
struct law_book *gate_book(struct gate *g);
