/* memory.c - what an idle node holds: the program itself, as `serve` and as `demo`, with one front
 * a core, a few pages asked for. The figure is the sum over all its processes of their proportional
 * shares (Pss of /proc/PID/smaps_rollup), so that what they share counts once. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "report.h"
#include "stand.h"

enum { PROCESSES_MAX = 1024, LINE_BYTES = 512 };

static struct stand s;

/* ---- the processes of a node ---- */

static double pss_kb(pid_t pid)
{
    char line[LINE_BYTES];
    double kb = 0;
    snprintf(line, sizeof(line), "/proc/%d/smaps_rollup", (int)pid);
    FILE *f = fopen(line, "r");
    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "Pss: %lf", &kb) == 1) {
            break;
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    return kb;
}

/* A process and all below it: those of its main thread, which is the one that forks. */
static size_t family(pid_t pid, pid_t *ret, size_t count)
{
    char path[64];
    int child = 0;
    must(count < PROCESSES_MAX);
    ret[count++] = pid;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE *f = fopen(path, "r");
    while (f != NULL && fscanf(f, "%d", &child) == 1) {
        count = family(child, ret, count);
    }
    if (f != NULL) {
        fclose(f);
    }
    return count;
}

static double node_mb(pid_t pid)
{
    static pid_t all[PROCESSES_MAX];
    size_t count = family(pid, all, 0);
    double kb = 0;
    for (size_t i = 0; i < count; i++) {
        kb += pss_kb(all[i]);
    }
    if (count < 4 || kb <= 0) {
        fprintf(stderr, "bench: a node of %zu processes holds %.0f kB?\n", count, kb);
        exit(1);
    }
    return kb / 1024;
}

/* ---- a node ---- */

static pid_t start(const char *const *args, const char *log)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        must(freopen(log, "w", stdout) != NULL && freopen(log, "a", stderr) != NULL);
        execv("build/tongban", (char *const *)(uintptr_t)args);
        _exit(127);
    }
    must(pid > 0);
    return pid;
}

/* Ask for some pages, each on a connection of its own, so that every front has answered. */
static void ask(pid_t pid, const char *log)
{
    struct str command =
        str_format(s.ctx.arena,
                   "for i in $(seq 300); do a=$(sed -n 's|^serving \\(http.*\\)/$|\\1|p' %s); "
                   "[ -n \"$a\" ] && curl -s -o /dev/null $a/ && break; kill -0 %d || exit 1; "
                   "sleep 0.1; done; "
                   "for i in $(seq 20); do curl -sf -o /dev/null $a/item/food-new || exit 1; done",
                   log, (int)pid);
    if (system(command.p) != 0) {
        fprintf(stderr, "bench: the node does not answer\n");
        exit(1);
    }
}

static double measure(const char *const *args)
{
    const char *log = str_format(s.ctx.arena, "%.*s/log", FMT(s.top)).p;
    int status = 0;
    pid_t pid = start(args, log);
    ask(pid, log);
    usleep((useconds_t)bench_size(3000000, 500000));
    double mb = node_mb(pid);
    must(kill(pid, SIGTERM) == 0 && waitpid(pid, &status, 0) == pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench: the node did not end as asked\n");
        exit(1);
    }
    return mb;
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv);
    stand_new(&s);
    const char *dir = s.dir.p;
    const char *const demo[] = {"tongban", "demo", "--dir", dir, "--port", "0", NULL};
    const char *const serve[] = {"tongban", "serve", dir, "--listen", "127.0.0.1:0", NULL};
    bench_report("memory of an idle node, demo", measure(demo), "MB", 60, "budget");
    bench_report("memory of an idle node, serve", measure(serve), "MB", 40, "budget");
    return 0;
}
