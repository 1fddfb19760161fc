/* cmd.h - what every subcommand is made of: its body run under an arena, its options, its faults.
 */
#pragma once

#include <setjmp.h>

#include "base/base.h"

/* What a command returns when what it was given cannot be read and it has said so: exit code 2
 * without the usage. */
enum { CMD_TOLD = -2 };

/* Run a command's body with an arena and a guard: out of memory is exit 1 with a sentence. */
struct cmd {
    struct ctx ctx;
    int argc;
    char **argv;
    bool json;       /* --json was given */
    jmp_buf misused; /* cmd.c's own: back to cmd_run, which answers 2 */
};
int cmd_run(int argc, char **argv, const char *help, int (*body)(struct cmd *c));
/* The value of an option "--name VALUE", removed from argv; NULL when absent. One without a value,
 * with an empty one, or with the next option in its place, ends the command at once with a sentence
 * and 2: ask for options before anything is opened. */
const char *cmd_option(struct cmd *c, const char *name);
bool cmd_flag(struct cmd *c, const char *name);
/* The option "--on DAY": the command answers as if it were nine o'clock of that day; *ret_given
 * says whether it was there. False when what follows is no day. */
bool cmd_on_day(struct cmd *c, bool *ret_given);
/* Print what ctx->why says, with file and line; returns 1. */
int cmd_fail(struct cmd *c);
/* Print how it is used; returns 2. */
int cmd_usage(const char *help);
