/* cmd_feel.h - `tongban feel EXPR [--context FILE]`: evaluate one expression, print the value as
 * JSON. */
#pragma once

/* argv[0] is "feel". 0: a value was printed; 1: the text is no FEEL, was stopped, or came to null
 * for a reason, told on stderr; 2: wrong usage. */
int cmd_feel(int argc, char **argv);
