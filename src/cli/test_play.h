/* test_play.h - a node for tests to play on: the stage of the program (cli/stage.h) with every
 * room, the packs and the people of the samples. Only tests include this. */
#pragma once

#include "base/test.h"
#include "cli/stage.h"

struct story {
    struct test *t;
    struct ctx *ctx;
    struct stage stage;
    struct json people;
    struct str case_id; /* of the story so far */
    int64_t last_seq;   /* of the last admitted step; a field "@last" of a story stands for it */
    unsigned versions;  /* of packs, published beyond those it began with */
    int64_t lax;        /* acts that a test had recorded which the gate would refuse */
};

/* A fresh node with the national and the sample pack published, and everyone of
 * law/sample/people.json, or those given. It must not move. */
void story_open(struct story *s, struct test *t, struct ctx *ctx);
void story_open_people(struct story *s, struct test *t, struct ctx *ctx, const struct json *people);
/* The same with a room more than the program has; NULL: none. */
void story_open_more(struct story *s, struct test *t, struct ctx *ctx, const struct json *people,
                     const struct projector *more);
/* Everything in the ledger must give the same views again, under the law of its day. */
void story_replay(struct story *s);
/* What may happen to a node at any time, by turns: law is published anew, a value is erased, it is
 * started again, its views are made anew. What goes on must not notice. */
enum { STORY_TROUBLES = 4 };
void story_trouble(struct story *s, size_t number);
/* Replay it, close it and remove it. */
void story_close(struct story *s);
/* Every act once more: those the gate would refuse now, a line each, "KIND CHECK CODE"; there must
 * be s->lax of them. */
struct str story_ask_again(struct story *s);
/* Close the gate, and open it as another program does: its views are made anew. */
void story_refill(struct story *s);
/* Nine in the morning of that day. */
void story_set_day(struct story *s, struct day day);
/* Submit, with files, and wait; then let the node do what it does by itself. */
struct receipt story_submit(struct story *s, const struct draft *draft);
/* The node publishes a pack. */
void story_publish(struct story *s, const struct law_pack_source *pack);
/* The sample pack, in which bh-approval has the powers of bh-market over food from 16 March 2026 by
 * `more`; `until` stands in place of the beginning of bh-market's (test_power.c). */
void story_move_food(struct story *s, const char *until, const char *more);
/* The paths of all stories, in order of their names. */
size_t story_paths(struct ctx *ctx, const char *const **ret);
/* Make the acts of the clock that are due; how many. */
size_t story_tick(struct story *s);
