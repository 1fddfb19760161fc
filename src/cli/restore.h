/* restore.h - make a node from a copy (backup.h), after it has proved itself and what it lacks was
 * said. All file work goes through ctx->world.
 */
#pragma once

#include "base/json.h"
#include "cli/backup.h"

struct restoring {
    struct node node;    /* of the copy: dir is given, the rest is what its node.json says */
    struct str to;       /* the new folder in which the node is made */
    const char *keys;    /* the folder of private keys; NULL: from the copy */
    bool quiet;          /* what would be lost is not printed */
    struct str database; /* where its rows will stand; empty: in its folder */
    struct backup_ledger ledger; /* these four are filled */
    struct json manifest;
    struct str newest; /* the checkpoint shown; empty: none was */
    bool has_tables;   /* those in the database are of this node, which is not whole yet */
    int64_t rows;
};

/* Is the copy whole and true, and what would be lost? checkpoint: a note's file, a node's folder or
 * an address, NULL when none is shown. What is lost is printed; ERR_REFUSED unless `accepted` is
 * its number, ERR_CORRUPT or ERR_SIGNATURE when the copy is not what it says. */
enum err restore_look(struct ctx *ctx, struct restoring *r, const char *checkpoint,
                      const char *accepted) MUST_USE;
/* Make the node in r->to, which is not there yet; node.json is written last. On an error what was
 * made is left for the caller to remove: the folder r->to, and with r->has_tables the tables in
 * r->database. */
enum err restore_make(struct ctx *ctx, struct restoring *r) MUST_USE;
