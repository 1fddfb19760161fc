/* program.c - see program.h. Children are those of a process's main thread, which is the one that
 * forks in this program. */
#include "program.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/str.h"
#include "base/world.h"

enum { PROCESSES_MAX = 1024, LINE_BYTES = 1024, TRIES = 24000 };

_Noreturn static void give_up(const char *what)
{
    fprintf(stderr, "bench: the program %s\n", what);
    exit(1);
}

/* ---- starting and ending ---- */

static pid_t run(const char *tree, const char *const *args, const char *log)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        must(freopen(log, "w", stdout) != NULL && freopen(log, "a", stderr) != NULL);
        if (chdir(tree) != 0) {
            _exit(127);
        }
        execv("build/tongban", (char *const *)(uintptr_t)args);
        _exit(127);
    }
    must(pid > 0);
    return pid;
}

/* "serving http://127.0.0.1:8080/" in what it said; 0 as long as it is not there. */
static int port_told(const char *log)
{
    char line[LINE_BYTES];
    int port = 0;
    FILE *f = fopen(log, "r");
    while (f != NULL && port == 0 && fgets(line, sizeof(line), f) != NULL) {
        (void)!sscanf(line, "serving http://127.0.0.1:%d/", &port);
    }
    if (f != NULL) {
        fclose(f);
    }
    return port;
}

bool program_answers(const struct program *p, const char *page)
{
    char url[LINE_BYTES];
    int status = 0;
    snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", p->port, page);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("curl", "curl", "-sSf", "-m", "60", "-o", "/dev/null", url, (char *)NULL);
        _exit(127);
    }
    must(pid > 0 && waitpid(pid, &status, 0) == pid);
    return status == 0;
}

struct program program_start(struct stand *s, const char *tree, const char *const *args)
{
    const char *log = str_format(s->ctx.arena, "%.*s/log", FMT(s->top)).p;
    unlink(log); /* or the port of the program before would be read there */
    struct program p = {.pid = run(tree, args, log)};
    for (int i = 0; i < TRIES && p.port == 0; i++) {
        usleep(5000);
        p.port = port_told(log);
        if (waitpid(p.pid, NULL, WNOHANG) == p.pid) {
            give_up("did not start");
        }
    }
    if (p.port == 0 || !program_answers(&p, "/")) {
        give_up("does not answer");
    }
    return p;
}

void program_stop(const struct program *p)
{
    int status = 0;
    must(kill(p->pid, SIGTERM) == 0 && waitpid(p->pid, &status, 0) == p->pid);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        give_up("did not end as asked");
    }
}

void program_sign_in(struct stand *s, const struct program *p, const char *dir, const char *who,
                     char cookie[64])
{
    struct ctx *ctx = &s->ctx;
    struct str text = {0};
    struct str url = {0};
    struct json demo;
    (void)p;
    stand_check(s, file_read(ctx, str_format(ctx->arena, "%s/demo.json", dir).p, 1 << 20, &text),
                "demo.json");
    stand_check(s, json_parse(ctx, text, STR("demo.json"), &demo), "demo.json");
    const struct json *people = json_get(&demo, "people");
    for (size_t i = 0; people != NULL && i < people->count; i++) {
        if (str_equal(json_text(&people->items[i], "id"), str_from(who))) {
            url = json_text(&people->items[i], "sign_in");
        }
    }
    struct str command = str_format(
        ctx->arena,
        "curl -s -m 60 -D - -o /dev/null '%.*s' | sed -n 's/.*\\(tb_session=[0-9a-f]*\\).*/\\1/p'",
        FMT(url));
    FILE *f = popen(command.p, "r");
    bool good = f != NULL && fscanf(f, "%63s", cookie) == 1;
    if (f != NULL) {
        pclose(f);
    }
    if (!good) {
        give_up("signs nobody in");
    }
}

/* ---- its processes ---- */

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

static double pss_kb(pid_t pid)
{
    char line[LINE_BYTES];
    double kb = 0;
    snprintf(line, sizeof(line), "/proc/%d/smaps_rollup", (int)pid);
    FILE *f = fopen(line, "r");
    while (f != NULL && kb <= 0 && fgets(line, sizeof(line), f) != NULL) {
        (void)!sscanf(line, "Pss: %lf", &kb);
    }
    if (f != NULL) {
        fclose(f);
    }
    return kb;
}

static double cpu_s(pid_t pid)
{
    char line[LINE_BYTES];
    unsigned long user = 0;
    unsigned long kernel = 0;
    snprintf(line, sizeof(line), "/proc/%d/stat", (int)pid);
    FILE *f = fopen(line, "r");
    if (f != NULL && fgets(line, sizeof(line), f) != NULL && strrchr(line, ')') != NULL) {
        (void)!sscanf(strrchr(line, ')') + 1, "%*s %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                      &user, &kernel);
    }
    if (f != NULL) {
        fclose(f);
    }
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double sum(const struct program *p, double (*one)(pid_t pid))
{
    static pid_t all[PROCESSES_MAX];
    size_t count = family(p->pid, all, 0);
    double n = 0;
    for (size_t i = 0; i < count; i++) {
        n += one(all[i]);
    }
    return n;
}

double program_memory(const struct program *p)
{
    double kb = sum(p, pss_kb);
    if (kb <= 0) {
        give_up("takes no memory?");
    }
    return kb / 1024;
}

double program_cpu_s(const struct program *p)
{
    return sum(p, cpu_s);
}
