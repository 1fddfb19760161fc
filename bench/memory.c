/* memory.c - what an idle node holds: the program itself, as `demo` and as `serve`, with one front
 * a core, when it has shown some pages. */
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "program.h"
#include "report.h"

static struct stand s;

static double measure(const char *const *args)
{
    struct program p = program_start(&s, ".", args);
    /* Each on a connection of its own, so that every front has answered. */
    for (int i = 0; i < 20; i++) {
        must(program_answers(&p, "/item/food-new"));
    }
    usleep((useconds_t)bench_size(3000000, 500000));
    double mb = program_memory(&p);
    program_stop(&p);
    return mb;
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv);
    stand_new(&s);
    const char *const demo[] = {"tongban", "demo", "--dir", s.dir.p, "--port", "0", NULL};
    const char *const serve[] = {"tongban", "serve", s.dir.p, "--listen", "127.0.0.1:0", NULL};
    bench_report("memory of an idle node, demo", measure(demo), "MB", 60, "budget");
    bench_report("memory of an idle node, serve", measure(serve), "MB", 40, "budget");
    return 0;
}
