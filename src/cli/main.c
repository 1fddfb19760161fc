/* tongban - one program: the table of subcommands, a look-up, a call. */
#include <stdio.h>

#include "cli/cmd.h"
#include "cli/cmd_feel.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *line;
} commands[] = {
    {"demo", cmd_demo, "make and serve a node with sample law and people"},
    {"init", cmd_init, "make a node"},
    {"serve", cmd_serve, "run a node"},
    {"backup", cmd_backup, "copy a node, also one that serves"},
    {"restore", cmd_restore, "make a node from a copy"},
    {"health", cmd_health, "is the node that serves a folder well"},
    {"clock", cmd_clock, "let a node go on after its clock leapt"},
    {"stop", cmd_stop, "end the node that serves a folder"},
    {"client", cmd_client,
     "register an application that relies on this node's identity, or close it"},
    {"jobs", cmd_jobs, "list what waits to be done, arm again or drop what failed"},
    {"feel", cmd_feel, "evaluate a FEEL expression"},
    {"bpmn", cmd_bpmn, "step any BPMN model through a script, check it, draw it"},
    {"dmn", cmd_dmn, "evaluate decisions over JSON lines, run the compatibility kit"},
    {"law", cmd_law, "check packs of law, reckon legal limits, import statutes"},
    {"verify", cmd_verify, "check a ledger: a node's folder, a folder of tiles, or an address"},
    {"ask", cmd_ask, "would the gate admit this act, and why not"},
    {"replay", cmd_replay, "rebuild all views from the ledger and compare"},

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
