/* tongban - one program: the table of subcommands, a look-up, a call. */
#include <signal.h>
#include <stdio.h>

#include "base/base.h"
#include "cli/commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *line;
} commands[] = {
#define ROW(name, line) {#name, cmd_##name, line},
    COMMANDS(ROW)
#undef ROW
};

static int help(FILE *to)
{
    fputs("usage: tongban COMMAND …\n\n", to);
    for (size_t i = 0; i < LEN(commands); i++) {
        fprintf(to, "  %-8s %s\n", commands[i].name, commands[i].line);
    }
    fputs(
        "\ntongban COMMAND --help tells more. Exit: 0 yes, 1 no (with the reason), 2 bad usage.\n",
        to);
    return to == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a write that fails, with a sentence */
    if (argc < 2) {
        return help(stderr);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        return help(stdout);
    }
    for (size_t i = 0; i < LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "tongban: there is no command \"%s\"\n", argv[1]);
    return help(stderr);
}
