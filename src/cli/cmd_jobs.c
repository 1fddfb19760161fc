/* jobs: what stands in a node's outbox, and an operator's orders about what failed. While the node
 * runs its page /jobs says and does the same. */
#include <stdio.h>

#include "base/day.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/token.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/node.h"
#include "jobs/jobs.h"

static const char usage[] =
    "usage: tongban jobs DIR [--json]    what failed, runs, waits, or is held behind another\n"
    "       tongban jobs DIR --again ID  a failed job is due again, with all its tries\n"
    "       tongban jobs DIR --drop ID   a failed job goes; one held behind it has its turn\n"
    "The node must not be running; while it runs, its page /jobs says the same (docs/jobs.md).\n";

enum { LISTED = 1000 };

static void print_row(struct cmd *c, const struct outbox_row *r)
{
    struct arena *a = c->ctx.arena;
    bool has_time = r->due.ms != INT64_MAX;
    struct str due = has_time ? instant_text(a, r->due) : STR("-");
    if (!c->json) {
        printf("%lld %.*s %.*s %.*s tries %lld, due %.*s%s%.*s\n", (long long)r->id,
               FMT(outbox_state_name(r->state)), FMT(r->kind), FMT(r->key), (long long)r->tries,
               FMT(due), r->error.n > 0 ? ": " : "", FMT(r->error));
        return;
    }
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    json_set(a, &o, STR("id"), json_of_int(r->id));
    json_set(a, &o, STR("kind"), json_of_str(r->kind));
    json_set(a, &o, STR("key"), json_of_str(r->key));
    json_set(a, &o, STR("state"), json_of_str(outbox_state_name(r->state)));
    json_set(a, &o, STR("tries"), json_of_int(r->tries));
    json_set(a, &o, STR("due"), has_time ? json_of_str(due) : json_null());
    json_set(a, &o, STR("act"), r->seq < 0 ? json_null() : json_of_int(r->seq));
    json_set(a, &o, STR("error"), json_of_str(r->error));
    json_write(&b, &o);
    printf("%.*s\n", FMT(buf_str(&b)));
}

static enum err list(struct cmd *c, struct node *n)
{
    static const enum outbox_state order[] = {OUTBOX_FAILED, OUTBOX_RUNNING, OUTBOX_WAITING,
                                              OUTBOX_HELD};
    struct ctx *ctx = &c->ctx;
    size_t total = 0;
    for (size_t s = 0; s < LEN(order); s++) {
        struct outbox_row *rows = NULL;
        size_t count = 0;
        TRY(outbox_list(ctx, store_writer(n->store), order[s], 0, LISTED, &rows, &count));
        for (size_t i = 0; i < count; i++) {
            print_row(c, &rows[i]);
        }
        if (count == LISTED && !c->json) {
            printf("… the first %d that are %.*s\n", LISTED, FMT(outbox_state_name(order[s])));
        }
        total += count;
    }
    if (total == 0 && !c->json) {
        puts("nothing waits");
    }
    return ERR_OK;
}

static enum err order(struct cmd *c, struct node *n, const char *text, bool drop)
{
    struct ctx *ctx = &c->ctx;
    int64_t id = 0;
    bool found = false;
    if (str_to_i64(str_from(text), &id)) {
        TRY(jobs_order(ctx, n->gate, id, drop, &found));
    }
    if (!found) {
        return fault(ctx, ERR_NOT_FOUND, "no failed job has the number %s", text);
    }
    printf("%s\n", drop ? "dropped" : "armed again");
    return ERR_OK;
}

static int body(struct cmd *c)
{
    struct node n;
    const char *again = cmd_option(c, "--again");
    const char *drop = cmd_option(c, "--drop");
    if (c->argc != 2 || (again != NULL && drop != NULL)) {
        return 2;
    }
    if (node_open(&c->ctx, str_from(c->argv[1]), &n) != ERR_OK) {
        return cmd_fail(c);
    }
    enum err e = again != NULL  ? order(c, &n, again, false)
                 : drop != NULL ? order(c, &n, drop, true)
                                : list(c, &n);
    node_close(&n);
    return e == ERR_OK ? 0 : cmd_fail(c);
}

int cmd_jobs(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
