/* test_erased.h - is a value that was erased gone from everywhere? Every free text of a story and
 * of its people gets a mark that stands nowhere else; when all of them are erased, no mark may
 * stand in any column of any table, nor in the files of the store. */
#pragma once

#include "cli/story.h"
#include "cli/test_play.h"

/* Give every value that is free text (anything but ASCII) a mark of its own. */
void erased_mark_story(struct ctx *ctx, struct story_text *text);
void erased_mark_people(struct ctx *ctx, struct json *people);
/* Where marks were found, over all stories: "table.column", each once, with what stands there. */
enum { ERASED_MARKS = 100000 };
struct erased_gaps {
    struct arena *arena;
    struct json found;
    bool kept[ERASED_MARKS]; /* marks of values that the law does not let be erased */
};
/* Erase every marked value by acts of the node; how many were asked for. */
size_t erased_all(struct story *s, struct erased_gaps *gaps);
/* Does replay agree after that? A table of which it does not is noted as "replay.table". */
void erased_replay(struct story *s, struct erased_gaps *gaps);
/* Close the node and look for marks on its disk; the stage is not open afterwards. */
void erased_look(struct story *s, struct erased_gaps *gaps);
