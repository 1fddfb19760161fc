/* program.h - the program itself as a bench's subject: started on a folder, asked through its
 * sockets, its processes measured from outside. */
#pragma once

#include <sys/types.h>

#include "stand.h"

struct program {
    pid_t pid; /* of the parent of them all */
    int port;
};

/* Run the program of a built tree with these arguments, NULL-ended, and wait until it answers; a
 * bench whose program does not start ends. It runs in its tree, where it finds the law it was made
 * with; "." is this one. The words it says go to a file in s->top. */
struct program program_start(struct stand *s, const char *tree, const char *const *args);
/* Is a page of it got, with a status below 400? On a connection of its own. */
bool program_answers(const struct program *p, const char *page);
/* Ask it to end; what does not end as asked ends the bench. */
void program_stop(const struct program *p);
/* The cookie of a session of one of the demo's people, by demo.json in its folder. */
void program_sign_in(struct stand *s, const struct program *p, const char *dir, const char *who,
                     char cookie[64]);
/* Memory of all its processes, in MB: proportional shares, so that what they share counts once. */
double program_memory(const struct program *p);
/* Processor time all its processes have taken, in seconds. */
double program_cpu_s(const struct program *p);
