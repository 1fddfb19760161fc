/* timers.c - a million cases that wait, and a day on which 100,000 limits run out, through the real
 * gate and store.
 *
 * The cases are copies of one (crowd.h). What is measured is a look of the clock at timers of which
 * none is due, and the acts of the clock: judged, signed, written durably, documents drawn, views
 * projected. Limits: the same look without the million; the budget of a minute. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/world.h"
#include "gate/gate.h"
#include "gate/run.h"
#include "crowd.h"

static struct stand b;
/* Timers that run out long after this century. */
static void add_far_timers(struct stand *s, sqlite3 *db, int64_t count)
{
    static const struct change far[] = {{"case_id", "printf('far-%07d', i)"},
                                        {"due_day", "40000 + i % 1000"}};
    crowd_copy(s, db, "gate_timer", count, far, LEN(far));
}

/* Cases with a timer that ran out long ago. */
static void add_due_cases(struct stand *s, sqlite3 *db, int64_t count)
{
    static const struct change cases[] = {{"id", "printf('due-%06d', i)"}};
    static const struct change clocks[] = {
        {"case_id", "printf('due-%06d', i)"}, {"due_day", "20000"}, {"promised_day", "20000"}};
    static const struct change timers[] = {{"case_id", "printf('due-%06d', i)"},
                                           {"due_day", "20000"}};
    crowd_copy(s, db, "gate_case", count, cases, LEN(cases));
    crowd_copy(s, db, "gate_clock", count, clocks, LEN(clocks));
    crowd_copy(s, db, "gate_timer", count, timers, LEN(timers));
}

static double seconds_since(int64_t begun)
{
    return (double)(b.ctx.world->mono_ns(b.ctx.world) - begun) / 1e9;
}

/* Microseconds of one look at the timers, none of which is due; the best of many. */
static double look(void)
{
    double best = 1e9;
    for (int i = 0; i < bench_size(300, 10); i++) {
        struct arena_mark mark = arena_mark(b.ctx.arena);
        size_t count = 0;
        int64_t begun = b.ctx.world->mono_ns(b.ctx.world);
        stand_check(&b, agenda_tick(&b.ctx, b.node.agenda, &count), "tick");
        double us = seconds_since(begun) * 1e6;
        must(count == 0);
        best = us < best ? us : best;
        arena_reset(b.ctx.arena, mark);
    }
    return best;
}

static size_t work_off(void)
{
    const struct timespec shortly = {.tv_nsec = 2000000};
    size_t done = 0;
    do {
        struct arena_mark mark = arena_mark(b.ctx.arena);
        size_t count = 0;
        stand_check(&b, agenda_tick(&b.ctx, b.node.agenda, &count), "tick");
        done += count;
        arena_reset(b.ctx.arena, mark);
        nanosleep(&shortly, NULL);
    } while (agenda_tick_more(b.node.agenda));
    return done;
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv);
    stand_new(&b);
    stand_node(&b);
    stand_check(&b, gate_start(&b.ctx, b.node.gate), "writer");
    crowd_file_one(&b);
    int64_t due = bench_size(100000, 300);
    double empty = look();
    crowd_write(&b, add_far_timers, bench_size(1000000, 2000));
    bench_report("clock.look, a million timers wait", look(), "us", empty,
                 "the same look at one timer");
    double memory = stand_memory();
    crowd_write(&b, add_due_cases, due);
    int64_t begun = b.ctx.world->mono_ns(b.ctx.world);
    size_t done = work_off();
    double seconds = seconds_since(begun);
    must(done == (size_t)due);
    bench_report("clock.day of 100,000 expiries", seconds, "s", 60, "budget: under a minute");
    bench_report("clock.expiries", (double)done / seconds, "acts/s", 100000.0 / 60,
                 "budget: 100,000 in a minute");
    bench_report("clock.memory grown by it", stand_memory() - memory, "MB", 110,
                 "budget: an idle node to one with a million cases");
    gate_stop(b.node.gate);
    node_close(&b.node);
    return 0;
}
