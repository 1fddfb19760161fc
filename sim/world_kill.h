/* world_kill.h - the real disk under a clock that the test sets, in which the process can be made
 * to die: before its nth change of the disk it kills itself as kill -9 does, with whatever it wrote
 * in the kernel's hands.
 */
#pragma once

#include "base/world.h"

/* Starts at the same instant as sim_new. One at a time; freed with the process. */
struct world *kill_world(void);
void kill_advance(struct world *w, struct span by);
/* Die before the nth change from now (1 = the next); 0: live. */
void kill_at(struct world *w, uint64_t nth);
