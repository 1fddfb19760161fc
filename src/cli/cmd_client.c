/* client: register and close the applications that rely on this node's identity. */
#include <stdio.h>

#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/node.h"

static const char usage[] =
    "usage: tongban client DIR FILE        register applications, by acts of the node\n"
    "       tongban client DIR --close ID  close one, by an act of the node\n"
    "FILE is one JSON object of client.* facts, or a list of them (docs/oidc.md). The node must "
    "not be running.\n";

static int client_body(struct cmd *c)
{
    struct ctx *ctx = &c->ctx;
    const char *closing = cmd_option(c, "--close");
    struct node n;
    struct str text = {0};
    struct json clients = json_null();
    if (c->argc != (closing == NULL ? 3 : 2)) {
        return 2;
    }
    if (closing == NULL && (file_read(ctx, c->argv[2], 1 << 20, &text) != ERR_OK ||
                            json_parse(ctx, text, str_from(c->argv[2]), &clients) != ERR_OK)) {
        return cmd_fail(c);
    }
    if (node_open(ctx, str_from(c->argv[1]), &n) != ERR_OK) {
        return cmd_fail(c);
    }
    enum err e = closing == NULL ? node_register_clients(ctx, &n, &clients)
                                 : node_close_client(ctx, &n, str_from(closing));
    node_close(&n);
    if (e != ERR_OK) {
        return cmd_fail(c);
    }
    printf("%s\n", closing == NULL ? "registered" : "closed");
    return 0;
}

int cmd_client(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, client_body);
}
