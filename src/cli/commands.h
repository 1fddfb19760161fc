/* commands.h - the subcommands, a row each: name, and what it is for. A command takes its own
 * arguments (argv[0] is its name) and returns the exit code: 0 for yes, 1 for no with the reason, 2
 * for bad usage. A new one is a file cmd_NAME.c with `int cmd_NAME(int argc, char **argv)`, and a
 * row. */
#pragma once

#define COMMANDS(X)                                                                                \
    X(demo, "make and serve a node with sample law and people")                                    \
    X(init, "make a node")                                                                         \
    X(serve, "run a node")                                                                         \
    X(front, "serve a node from another machine than the one that writes")                         \
    X(backup, "copy a node, also one that serves")                                                 \
    X(restore, "make a node from a copy")                                                          \
    X(health, "is the node that serves a folder well")                                             \
    X(clock, "let a node go on whose clock leapt")                                             \
    X(stop, "end the node that serves a folder")                                                   \
    X(client, "register an application that relies on this node's identity, or close it")          \
    X(jobs, "list what waits to be done, arm again or drop what failed")                           \
    X(feel, "evaluate a FEEL expression")                                                          \
    X(bpmn, "step any BPMN model through a script, check it, draw it")                             \
    X(dmn, "evaluate decisions over JSON lines, run the compatibility kit")                        \
    X(law, "check packs of law, reckon legal limits, import statutes")                             \
    X(verify, "check a ledger: a node's folder, a folder of tiles, or an address")                 \
    X(ask, "would the gate admit this act, and why not")                                           \
    X(replay, "rebuild all views from the ledger and compare")

#define COMMAND_OF(name, line) int cmd_##name(int argc, char **argv);
COMMANDS(COMMAND_OF)
#undef COMMAND_OF
