/* arena_fault.h - memory that runs out at a chosen place: for the fault harnesses. */
#pragma once

#include "base/base.h"

/* Fault injection: the nth push from now fails as if memory ran out (0 = never). Counts pushes of
 * every arena of the calling thread. arena_pushes tells how many there were since the last call. */
void arena_fail_at(uint64_t nth);
uint64_t arena_pushes(void);
/* Pushes left before the one set to fail; 0 when it has failed, or none was set. */
uint64_t arena_fail_at_left(void);
