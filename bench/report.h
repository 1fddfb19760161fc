/* report.h - what every bench shares: its size, and the table it prints.
 *
 * A bench measures for seconds so that its figures mean something. `--small` runs the same code for
 * moments, so that `make test` sees each bench work; its figures mean nothing. A bench that cannot
 * do what it measures ends with a code that is not 0; tools/bench.sh names it and stops.
 */
#pragma once

#include "base/base.h"

/* Read the arguments: none, or "--small"; anything else is told on stderr and ends with code 2. */
void bench_begin(int argc, char **argv);
/* `full`, or `small` when asked to be small. */
int64_t bench_size(int64_t full, int64_t small);
/* A row of the table, and a line "BENCH name|value|unit|limit|ratio|peer" for build/bench.json. A
 * figure that is no number is a bug of the bench. */
void bench_report(const char *name, double value, const char *unit, double limit, const char *peer);
