/* backup: copy a node as a folder (backup.h), also while it serves.
 *
 * All is written beside the place it will have, checked there, synced, and then named: what has the
 * name is whole.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "cli/backup.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/folder.h"

static const char usage[] =
    "usage: tongban backup DIR TO [--with-keys]   copy the node in DIR, also one that serves, to "
    "the "
    "new folder TO\n"
    "The copy is checked: its ledger must be the one its keys signed. It holds no sign-ins, no "
    "codes "
    "that work once, and\n"
    "no private keys unless --with-keys is given; TO/backup.json says what it holds and what it "
    "lacks.\n";

static void tell(const struct backup_taking *c, const char *to)
{
    printf(
        "copied %.*s to %s: %llu entries of the ledger %.*s, as its keys signed them; %lld rows, "
        "%lld files\n",
        FMT(c->node.code), to, (unsigned long long)c->ledger.size, FMT(c->node.origin),
        (long long)c->ledger.rows, (long long)c->ledger.files);
    printf("without: sign-ins and codes that work once%s\n",
           c->with_keys ? "; it holds the private keys: keep it as you keep them"
                        : "; private keys (--with-keys)");
}

static int body(struct cmd *cmd)
{
    struct ctx *ctx = &cmd->ctx;
    struct backup_taking *c = ARENA_NEW(ctx->arena, struct backup_taking);
    c->with_keys = cmd_flag(cmd, "--with-keys");
    if (cmd->argc != 3) {
        return 2;
    }
    struct str to = folder_name(str_from(cmd->argv[2]));
    c->node.dir = folder_name(str_from(cmd->argv[1]));
    ending_hold();
    if (folder_is_no_copy(ctx, c->node.dir) != ERR_OK || node_config(ctx, &c->node) != ERR_OK ||
        folder_is_outside(ctx, to, c->node.dir) != ERR_OK || folder_is_free(ctx, to) != ERR_OK ||
        folder_beside(ctx, to, &c->to) != ERR_OK) {
        return cmd_fail(cmd);
    }
    enum err e = ending_removes(ctx, c->to.p);
    e = e == ERR_OK ? backup_take(ctx, c) : e;
    e = e == ERR_OK ? folder_take_place(ctx, c->to, to) : e;
    if (e != ERR_OK) {
        struct why why = ctx->why;
        enum err removed = folder_remove(ctx, c->to.p);
        (void)removed; /* what is said is why there is no copy */
        ctx->why = why;
        return cmd_fail(cmd);
    }
    tell(c, cmd->argv[2]);
    return 0;
}

int cmd_backup(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
