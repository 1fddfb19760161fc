/* health, clock, stop: what an operator asks of a node that serves, through its door (control.h).
 */
#include <stdio.h>
#include <unistd.h>

#include "base/str.h"
#include "base/token.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/control.h"
#include "cli/folder.h"

enum { ANSWER_MAX = 8192 };

static const char health_usage[] =
    "usage: tongban health DIR   say how the node that serves DIR is, a line a check; exit 0 when "
    "all is good\n"
    "The same is at /healthz of its address, for a machine with Accept: application/json.\n";
static const char clock_usage[] =
    "usage: tongban clock DIR --trust   the machine's clock is right as it stands: let acts be "
    "admitted\n"
    "A node whose wall clock leapt against its steady one, or stands before its newest act, admits "
    "nothing until it is right again, or until this is said. Trusted before its newest act, it "
    "dates acts by that one until the clock has caught up.\n";
static const char stop_usage[] =
    "usage: tongban stop DIR   end the node that serves DIR, in order\n";

/* Ask, and print what comes. *ret_good: every line of it ends in "good". */
static enum err ask(struct ctx *ctx, const char *dir, const char *question, bool *ret_good)
{
    char bytes[ANSWER_MAX];
    size_t n = 0;
    int fd = -1;
    TRY(folder_is_node(ctx, str_from(dir)));
    TRY(control_ask(ctx, str_from(dir), question, &fd));
    for (ssize_t got = 1; got > 0 && n < sizeof(bytes);) {
        got = read(fd, bytes + n, sizeof(bytes) - n);
        n += got > 0 ? (size_t)got : 0;
    }
    close(fd);
    struct str rest = {bytes, n};
    *ret_good = true;
    while (rest.n > 0) {
        struct str line = str_cut(rest, '\n', &rest);
        *ret_good = *ret_good && str_ends(line, STR(": good"));
        printf("%.*s\n", FMT(line));
    }
    return ERR_OK;
}

static int health_body(struct cmd *c)
{
    bool good = false;
    if (c->argc != 2) {
        return 2;
    }
    if (ask(&c->ctx, c->argv[1], "health", &good) != ERR_OK) {
        return cmd_fail(c);
    }
    return good ? 0 : 1;
}

static int clock_body(struct cmd *c)
{
    bool good = false;
    if (!cmd_flag(c, "--trust") || c->argc != 2) {
        return 2;
    }
    return ask(&c->ctx, c->argv[1], "trust-clock", &good) == ERR_OK ? 0 : cmd_fail(c);
}

static int stop_body(struct cmd *c)
{
    bool good = false;
    if (c->argc != 2) {
        return 2;
    }
    return ask(&c->ctx, c->argv[1], "stop", &good) == ERR_OK ? 0 : cmd_fail(c);
}

int cmd_health(int argc, char **argv)
{
    return cmd_run(argc, argv, health_usage, health_body);
}

int cmd_clock(int argc, char **argv)
{
    return cmd_run(argc, argv, clock_usage, clock_body);
}

int cmd_stop(int argc, char **argv)
{
    return cmd_run(argc, argv, stop_usage, stop_body);
}
