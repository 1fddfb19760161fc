/* test_scenario.h - the scenario of sim/scenario.json, played step by step through a real store,
 * ledger and gate, in whatever world and on whatever engine the caller gives. Every step is
 * submitted under an idempotency key of its own, as a client does that may have to ask again. The
 * fault harnesses (test_torture*.c) break the world between and within steps; play_look says what
 * must hold after.
 */
#pragma once

#include "agenda/agenda.h"
#include "base/test.h"
#include "gate/gate.h"

struct keyholder;
enum { PLAY_STEPS = 600, PLAY_CASES = 120, PLAY_PACKS = 8 };

/* What a client knows of one step. */
struct play_answer {
    bool told; /* an answer came */
    bool admitted;
    bool repeated;
    int64_t seq; /* -1 when refused */
    size_t acts; /* of a tick */
    uint8_t hash[32];
    char code[40]; /* of a refusal */
};

struct play {
    struct test *t;
    struct ctx *ctx;
    struct world *world;
    struct str where; /* folder in the world, or connection string */
    struct json scenario;
    const struct json *steps;
    size_t count;
    struct law_pack_source packs[PLAY_PACKS];
    struct str pack_path[PLAY_PACKS];
    const struct json *pack_change[PLAY_PACKS];
    size_t pack_count;
    struct str label[PLAY_CASES];
    char case_id[PLAY_CASES][64];
    size_t label_count;
    struct play_answer answer[PLAY_STEPS];
    bool cut_short; /* steps end with their answer: what the node does by itself after it is not
                       done */
    char made[16];  /* which node was made from a copy and not yet looked at; empty: none */
    bool hasty; /* a node made from a copy is not replayed, rows are searched at every 8th look */
    size_t looks;
    struct store *store;
    struct keyholder *keys;
    struct gate *gate;
    struct agenda *agenda;
};

/* Read the scenario and its packs onto ctx->arena; nothing is opened and p->world is to be set. The
 * world's clock begins at or before the scenario's first day. */
struct play *play_new(struct test *t, struct ctx *ctx);
/* Open (making it, when it is not there) the node in p->world. */
enum err play_open(struct play *p, struct ctx *ctx) MUST_USE;
void play_close(struct play *p);

/* The instant of a step: its day at nine, and a second more for every step. */
struct instant play_instant(const struct play *p, size_t step);
/* Submit a step and what the node does by itself after it; sets no clock. p->answer[step] is set
 * only when the answer came. With `ctx` on an arena of its own, nothing of it is kept on p->ctx. */
enum err play_step(struct play *p, struct ctx *ctx, size_t step) MUST_USE;
/* Is the answer the one the scenario names? Under faults a repeated receipt stands for the first
 * one. */
bool play_as_written(const struct play *p, size_t step, bool allow_repeated);
/* Does the step take the node as a whole, and admit no act? It ends with a node that is open, or
 * after an error with one that may be closed (p->gate is NULL). */
bool play_is_whole(const struct play *p, size_t step);
/* How much of the faults a run tries. 0, everyday: of those that stand in a row each has its turn
 * on one day in so many (play_turn); else all, and so many power-loss states of each kind. From
 * TONGBAN_STATES. */
uint64_t play_states(void);
/* The day of an everyday run, from TONGBAN_DAY; 0 unless given. */
uint64_t play_day(void);
/* Such a step. "upgrade": the node is closed, its views are those of another program, and it is
 * opened again. "copy": it is copied, a node is made from the copy, and looked at as this one is.
 */
enum err play_whole(struct play *p, struct ctx *ctx, size_t step) MUST_USE;
void play_look_at_made(struct play *p, struct ctx *ctx);
/* The next step, which the node made does not have, removes it unseen. */
void play_forget_made(struct play *p, struct ctx *ctx);
/* Does a row of any table hold this text? */
bool play_rows_hold(struct play *p, struct ctx *ctx, struct str text);
/* What the scenario wants and what came, for messages. */
struct str play_words(struct arena *a, const struct play *p, size_t step);

/* I1 every answered act is in the ledger, with the leaf its receipt named; the head is signed and
 * its root is that of the leaves. deep: I2 the whole ledger verifies, I3 and I4 replay gives the
 * stored views and refuses nothing. What was erased is in no row. */
bool play_look(struct play *p, struct ctx *ctx, bool deep);
