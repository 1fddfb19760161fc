/* fronts.c - acts through HTTP, durable, at 64 clients: the program itself as one process and as
 * one that writes with two fronts. With TONGBAN_PEER=TREE the program of another built tree, one of
 * an earlier day, is measured in the same run with the law it was made with; they take turns, and
 * what is reported is the median of the rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "load.h"
#include "program.h"
#include "report.h"

enum { CLIENTS = 64, ROUNDS_MAX = 9, SUBJECTS = 3 };

static struct stand s;
static char cookie[64];

struct contender {
    const char *name;
    const char *tree;   /* a built tree; NULL: not there */
    const char *fronts; /* NULL: it knows none */
    double per_s[ROUNDS_MAX];
    double cpu_us[ROUNDS_MAX];
    double p99_ms[ROUNDS_MAX];
};

static size_t build(void *arg, int connection, uint64_t number, char *out, size_t max)
{
    static const char body[] = "{\"voice.kind\":\"question\",\"voice.text\":\"几点开门\"}";
    (void)arg;
    (void)connection;
    (void)number;
    return (size_t)snprintf(out, max,
                            "POST /apply/zx-market HTTP/1.1\r\nHost: bench\r\nCookie: %s\r\n"
                            "Accept: application/json\r\nContent-Type: application/json\r\n"
                            "Content-Length: %zu\r\n\r\n%s",
                            cookie, sizeof(body) - 1, body);
}

static void measure(struct contender *x, size_t round)
{
    static int folders;
    const char *dir = str_format(s.ctx.arena, "%.*s/node-%d", FMT(s.top), folders++).p;
    const char *const args[] = {
        "tongban", "demo", "--dir", dir, "--port", "0", x->fronts == NULL ? NULL : "--fronts",
        x->fronts, NULL};
    struct program p = program_start(&s, x->tree, args);
    program_sign_in(&s, &p, dir, "p-lin", cookie);
    struct load l = {.host = "127.0.0.1",
                     .port = p.port,
                     .connections = CLIENTS,
                     .warm_ms = bench_size(500, 30),
                     .run_ms = bench_size(3000, 100),
                     .build = build};
    struct load_result r = {0};
    double cpu = program_cpu_s(&p);
    if (load_run(&l, &r) < 0 || r.wrong > 0 || r.broken > 0 || r.answered == 0) {
        fprintf(stderr, "bench: %s: %llu wrong answers, %llu connections lost\n", x->name,
                (unsigned long long)r.wrong, (unsigned long long)r.broken);
        exit(1);
    }
    double acts = r.per_s * (double)(l.warm_ms + l.run_ms) / 1000;
    x->cpu_us[round] = (program_cpu_s(&p) - cpu) / acts * 1e6;
    x->per_s[round] = r.per_s;
    x->p99_ms[round] = r.p99_ms;
    program_stop(&p);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), by_size);
    return values[n / 2];
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv);
    size_t rounds = (size_t)bench_size(5, 1);
    struct contender all[SUBJECTS] = {{.name = "one process", .tree = ".", .fronts = "0"},
                                      {.name = "two fronts", .tree = ".", .fronts = "2"},
                                      {.name = "the peer", .tree = getenv("TONGBAN_PEER")}};
    stand_new(&s);
    for (size_t i = 0; i < rounds; i++) {
        for (size_t k = 0; k < SUBJECTS; k++) {
            if (all[k].tree != NULL) {
                measure(&all[k], i);
            }
        }
    }
    bool has_peer = all[2].tree != NULL;
    double limit = has_peer ? median(all[2].per_s, rounds) : 15000;
    for (size_t k = 0; k < SUBJECTS; k++) {
        char name[96];
        if (all[k].tree == NULL) {
            continue;
        }
        snprintf(name, sizeof(name), "durable acts through HTTP, 64 clients, %s", all[k].name);
        bench_report(name, median(all[k].per_s, rounds), "acts/s", limit,
                     has_peer ? "the peer" : "aim");
        snprintf(name, sizeof(name), "  p99, %s", all[k].name);
        bench_report(name, median(all[k].p99_ms, rounds), "ms", 50, "budget of p99");
        snprintf(name, sizeof(name), "  processor time an act, %s", all[k].name);
        bench_report(name, median(all[k].cpu_us, rounds), "us", 200,
                     "two cores at the budget of 10,000 acts/s");
    }
    return 0;
}
