/* story.h - a story: what people and the clock do on which day, and what the law should answer.
 *
 * Law editors write them beside a pack (law/PACK/test/NAME.json; docs/law-packs.md has every
 * member). A story is read whole before it is played, so that a mistake in writing is told with
 * file and line and is never taken for an answer of the law.
 */
#pragma once

#include "cli/stage.h"

/* One step as it is written. */
struct story_step {
    uint32_t line;
    struct day day;
    int hour;
    bool clock; /* "by": "clock": the acts that are due by themselves */
    struct str by;
    struct str act;
    struct str item;
    struct str for_id;
    struct str with;
    struct str case_id; /* empty: the case of the story so far */
    struct str key;
    const struct json *fields; /* object; NULL when there is none */
    int assurance;
    int64_t signed_in_minutes_ago;
    /* What is expected: */
    bool is_expected;          /* `expect` is there */
    bool admitted;             /* it says so */
    struct str refused;        /* a refusal code ("time.late"), or the check ("time"); empty: any */
    struct str article;        /* empty: any */
    struct str field;          /* the fact at fault; empty: any */
    const struct json *status; /* of the case then; NULL: any */
    struct str due;            /* the day of the receipt; empty: any */
    const struct json *decides;
    int64_t acts; /* of the clock; -1: any */
    bool repeated;
};
struct story_text {
    struct str file;
    struct str name;
    struct story_step *steps;
    size_t count;
};
/* Read one. ERR_SYNTAX with file, line and what is wrong; the file's own faults. Lives on
 * ctx->arena.
 */
enum err story_read(struct ctx *ctx, const char *file, struct story_text *ret) MUST_USE;

/* A story under way. */
enum { STORY_CASE_BYTES = 128 };
struct telling {
    struct str case_id; /* of the last act in a case; it and the next lie in `bytes` */
    struct str before;  /* the case before that one */
    char bytes[2][STORY_CASE_BYTES];
    int64_t last_seq; /* of the last admitted step: "@last" */
};
struct story_answer {
    struct receipt receipt; /* of an act */
    struct draft draft;     /* as it was submitted */
    size_t acts;            /* of the clock */
    struct str case_id;     /* in which it was done or refused; empty: in none, or the clock */
    struct str status;      /* of that case, else of the story's, afterwards; empty without one */
    struct str missed; /* which expectation does not hold, and what came instead; empty: all do */
};
/* Set the clock, do the step, and hold the answer to what is expected. */
enum err story_step(struct ctx *ctx, struct stage *s, struct telling *t,
                    const struct story_step *step, struct story_answer *ret) MUST_USE;
/* "@licence:PARTY" in a field: the number of the licence that this party was given last, and
 * "@licence:PARTY:2" of its second; any other text, and a licence that there is not, as it is. */
enum err story_licence(struct ctx *ctx, struct db *reader, struct str word,
                       struct str *ret) MUST_USE;
/* A draft names files by digest; where it has no bytes for one, sample bytes stand in. */
void story_attach_files(struct ctx *ctx, struct draft *d);
