/* pack.h - packs of law as files, as one text and as a digest; and how a snapshot is made of them.
 */
#pragma once

#include "law/model.h"

/* One file of a pack, by its path inside the pack ("act/accept.json"). */
struct law_file {
    struct str path;
    struct str bytes;
};
struct law_pack_source {
    const struct law_file *files; /* sorted by path */
    size_t count;
};

/* One fault found in a pack: all are gathered, not only the first. */
struct law_problem {
    struct str pack;
    struct str file;
    uint32_t line; /* 0: the whole file */
    bool warning;  /* a warning does not refuse the pack */
    struct str code;
    struct str sentence; /* English, says what was expected */
};
struct law_problems {
    struct law_problem *items;
    size_t count;
};

/* Read a pack folder into memory (base files only, no symlinks, limits of limit.table). */
enum err law_read_folder(struct ctx *ctx, const char *path, struct law_pack_source *ret) MUST_USE;
/* SHA-256 of the one text of law_pack_write: the digest that acts name. */
enum err law_pack_digest(struct ctx *ctx, const struct law_pack_source *pack,
                         uint8_t ret[32]) MUST_USE;
/* One canonical text that holds a whole pack, and back: how packs rest in the node's store. */
enum err law_pack_write(struct ctx *ctx, const struct law_pack_source *pack,
                        struct str *ret) MUST_USE;
enum err law_pack_read(struct ctx *ctx, struct str text, struct law_pack_source *ret) MUST_USE;

/* Make a snapshot of these packs (bases before what builds on them) as of `day`: files not yet or
 * no longer in force that day are left out of the tables but must be valid. Faults go to
 * ret_problems; ERR_SYNTAX when any is not a warning. The snapshot and all it points to live on
 * `arena`. */
enum err law_load(struct ctx *ctx, struct arena *arena, const struct law_pack_source *packs,
                  size_t count, struct day day, struct law **ret,
                  struct law_problems *ret_problems) MUST_USE;

/* The Markdown of an official text (one "第N条" paragraph start an article) as the JSON of a
 * statute file with "is": "official". Name and version are read off file name
 * "NAME(YYYY-MM-DD).md". *ret_name is "NAME.VERSION.json". ERR_SYNTAX when no article is found. */
enum err law_import_statute(struct ctx *ctx, struct str file_name, struct str text,
                            struct str *ret_name, struct str *ret_json) MUST_USE;
