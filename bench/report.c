/* report.c - the size of a bench and its table. One place writes the lines that tools/bench.sh
 * reads (six parts between bars, of which three are numbers), so that no bench prints them another
 * way. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_small;

void bench_begin(int argc, char **argv)
{
    is_small = argc == 2 && strcmp(argv[1], "--small") == 0;
    if (argc > 1 && !is_small) {
        fprintf(stderr, "usage: %s [--small]\n", argv[0]);
        exit(2);
    }
}

int64_t bench_size(int64_t full, int64_t small)
{
    return is_small ? small : full;
}

void bench_report(const char *name, double value, const char *unit, double limit, const char *peer)
{
    double ratio = limit > 0 ? value / limit : 0;
    must(isfinite(value) && isfinite(limit) && isfinite(ratio));
    must(strpbrk(name, "|\"\n") == NULL && strpbrk(peer, "|\"\n") == NULL);
    printf("%-58s %14.1f %-12s limit %14.1f  %.2f of it\n", name, value, unit, limit, ratio);
    printf("BENCH %s|%.3f|%s|%.3f|%.4f|%s\n", name, value, unit, limit, ratio, peer);
    fflush(stdout);
}
