/* restore: make a node from a copy (backup.h), after it has proved itself and what it lacks was
 * said.
 *
 * First the copy is looked at, then the node is made beside its place, and only a whole one takes
 * it (restore.h).
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/folder.h"
#include "cli/restore.h"

static const char usage[] =
    "usage: tongban restore FROM DIR [--checkpoint FILE|FOLDER|URL] [--accept-loss N] [--keys "
    "FOLDER]\n"
    "                       [--database CONNECTION | --in-folder]   make a node in the new folder "
    "DIR from a copy\n"
    "--checkpoint shows the newest head of the ledger that is known: a signed note, the folder of "
    "the node to be replaced,\n"
    "or the address of one that serves or of a mirror. Acts it has and the copy lacks are counted; "
    "--accept-loss N goes on without them.\n"
    "--keys is the folder of private keys (ed25519.key, sm2.key, token.key, login.key) when the "
    "copy "
    "has none.\n"
    "--database and --in-folder choose where its rows stand; else as node.json of the copy says.\n";

static void tell(struct ctx *ctx, const struct restoring *r, const char *dir)
{
    const char *key = str_format(ctx->arena, "%s/keys/ed25519.key", dir).p;
    printf("made %.*s in %s: %llu entries of the ledger %.*s, %lld rows\n", FMT(r->node.code), dir,
           (unsigned long long)r->ledger.size, FMT(r->node.origin), (long long)r->rows);
    if (ctx->world->exists(ctx->world, key) != 0) {
        printf("it has no private keys: put ed25519.key, sm2.key and token.key into %s/keys and "
               "login.key into %s before it serves\n",
               dir, dir);
    }
    puts("nobody is signed in; messages that waited when the copy was taken are sent");
}

static int body(struct cmd *cmd)
{
    struct ctx *ctx = &cmd->ctx;
    struct restoring *r = ARENA_NEW(ctx->arena, struct restoring);
    const char *checkpoint = cmd_option(cmd, "--checkpoint");
    const char *accepted = cmd_option(cmd, "--accept-loss");
    const char *database = cmd_option(cmd, "--database");
    bool in_folder = cmd_flag(cmd, "--in-folder");
    r->keys = cmd_option(cmd, "--keys");
    uint64_t lost = 0;
    bool counted = accepted == NULL || str_to_u64(str_from(accepted), &lost);
    if (cmd->argc != 3 || (in_folder && database != NULL) || !counted) {
        return 2;
    }
    struct str to = folder_name(str_from(cmd->argv[2]));
    r->node.dir = folder_name(str_from(cmd->argv[1]));
    ending_hold();
    if (folder_is_outside(ctx, to, r->node.dir) != ERR_OK || folder_is_free(ctx, to) != ERR_OK ||
        restore_look(ctx, r, checkpoint, accepted) != ERR_OK ||
        folder_beside(ctx, to, &r->to) != ERR_OK) {
        return cmd_fail(cmd);
    }
    r->database = in_folder ? STR("") : database != NULL ? str_from(database) : r->node.database;
    enum err e = ending_removes(ctx, r->to.p);
    e = e == ERR_OK ? restore_make(ctx, r) : e;
    e = e == ERR_OK ? folder_take_place(ctx, r->to, to) : e;
    if (e != ERR_OK) {
        struct why why = ctx->why;
        enum err removed = folder_remove(ctx, r->to.p);
        bool tables = r->has_tables && r->database.n > 0;
        removed = tables ? node_rows_unmake(ctx, r->database) : removed;
        ctx->why = why; /* what is said is why there is no node */
        int code = cmd_fail(cmd);
        if (tables) {
            fputs(removed == ERR_OK
                      ? "nothing of it is left in the database\n"
                      : "its tables in the database could not be removed: empty it by hand\n",
                  stderr);
        }
        return code;
    }
    tell(ctx, r, cmd->argv[2]);
    return 0;
}

int cmd_restore(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
