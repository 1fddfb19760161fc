/* replay: rebuild every view from the ledger and compare. verify is in cmd_verify.c. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "cli/cmd.h"
#include "replay/replay.h"
#include "cli/node.h"

static const char usage[] = "usage: tongban replay DIR   rebuild all views of a node from its "
                            "ledger and compare (the node must not be running)\n";

static int body(struct cmd *c)
{
    struct node n;
    struct store *fresh = NULL;
    struct replay_report r = {0};
    char temporary[] = "/tmp/tongban-replay-XXXXXX";
    if (c->argc != 2) {
        return 2;
    }
    if (node_open(&c->ctx, str_from(c->argv[1]), &n) != ERR_OK) {
        return cmd_fail(c);
    }
    enum err e = mkdtemp(temporary) == NULL
                     ? fault(&c->ctx, ERR_IO, "cannot make a folder under /tmp")
                     : ERR_OK;
    e = e == ERR_OK ? store_open(&c->ctx, str_from(temporary), STORE_CREATE, &fresh) : e;
    e = e == ERR_OK ? store_migrate(&c->ctx, fresh) : e;
    e = e == ERR_OK ? replay_run(&c->ctx, n.gate, fresh, &r) : e;
    store_close(fresh);
    node_close(&n);
    if (e != ERR_OK) {
        return cmd_fail(c);
    }
    if (r.first_wrong.n > 0) {
        printf("differs: %.*s\n", FMT(r.first_wrong));
        return 1;
    }
    printf("%lld acts replayed, %lld judged by record for erased values; every view agrees\n",
           (long long)r.acts, (long long)r.erased);
    return 0;
}

int cmd_replay(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
