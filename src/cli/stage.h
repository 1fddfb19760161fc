/* stage.h - a node to play on: store, ledger, gate and every room of the program in a folder that
 * goes with it, under a clock that the player sets.
 *
 * `tongban law play` and the tests above the rooms play on it. It is the node of the program but
 * for three things: time is set, keys live in memory, and nothing is synced to the disk, since
 * nothing of it is meant to last. No thread runs: what is submitted is worked off before the call
 * returns.
 */
#pragma once

#include "agenda/agenda.h"
#include "base/json.h"
#include "base/world.h"
#include "crypto/keyholder.h"
#include "gate/gate.h"
#include "replay/replay.h"

/* A world whose clock is set; all else is real. */
struct stage_world {
    struct world world;
    struct instant now;
    int64_t mono_ns;
};

struct stage {
    struct stage_world clock;
    struct str dir;
    struct store *store;
    struct gate *gate;
    struct agenda *agenda;
    struct keyholder *keys;
    const struct projector *const *rooms;
    size_t room_count;
    const struct json *people; /* as they were registered */
    bool has_institutions;
};

/* A fresh node with these rooms, made on the morning of a day; no law yet, nobody registered. It
 * must not move (its world points into it), and ctx->world is its world until stage_close. Strings
 * and keys live on ctx->arena. */
enum err stage_open(struct ctx *ctx, struct stage *s, const struct projector *const *rooms,
                    size_t room_count, struct day begin) MUST_USE;
/* Close it and remove its folder. */
void stage_close(struct ctx *ctx, struct stage *s);
/* Close gate and store; the folder stays until stage_close. */
void stage_leave(struct stage *s);
/* Close gate and store, and open them again on what lies in the folder, as a restart does. */
enum err stage_reopen(struct ctx *ctx, struct stage *s) MUST_USE;

/* An hour of a day, official time. The clock of a node never steps back: an earlier one is ignored
 * by what is recorded. */
void stage_set(struct stage *s, struct day day, int hour);
/* Publish a pack, without its stories, by an act of the node; ERR_REFUSED when it is refused. What
 * is wrong with it stands in ret_problems. */
enum err stage_publish(struct ctx *ctx, struct stage *s, const struct law_pack_source *pack,
                       struct law_problems *ret_problems) MUST_USE;
/* Register people in the form of law/sample/people.json by acts of the node; `people` lives as long
 * as the stage. */
enum err stage_people(struct ctx *ctx, struct stage *s, const struct json *people) MUST_USE;
/* And its institutions, once. They are registered only when a story comes to them: the number of a
 * licence is a place in the ledger, and stories name such numbers. */
enum err stage_institutions(struct ctx *ctx, struct stage *s) MUST_USE;
/* Submit a draft and let the node do what it then does by itself. */
enum err stage_submit(struct ctx *ctx, struct stage *s, const struct draft *draft,
                      struct receipt *ret) MUST_USE;
/* Make the acts of the clock that are due; how many. */
enum err stage_tick(struct ctx *ctx, struct stage *s, size_t *ret_count) MUST_USE;
/* Does the ledger give the same views again, under the law of each day? */
enum err stage_replay(struct ctx *ctx, struct stage *s, struct replay_report *ret) MUST_USE;
