/* timers.c - a million cases that wait, and a day on which 100,000 limits run out, through the real
 * gate and store.
 *
 * One application is filed through the gate; its rows are then copied straight into the store under
 * other numbers (no acts stand behind the copies, so this store is good for nothing else). What is
 * measured is a look of the clock at timers of which none is due, and the acts of the clock:
 * judged, signed, written durably, documents drawn, views projected. Limits: the same look without
 * the million; the budget of a minute. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json.h"
#include "base/str.h"
#include "base/world.h"
#include "gate/gate.h"
#include "stand.h"

static struct stand b;
static struct str the_case; /* its number */

static const char fields[] =
    "{\"business.name\":\"知夏小馆\",\"premises.address\":\"柳叶街 18 "
    "号\",\"premises.area\":80,\"premises.pollution_distance_ok\":true,"
    "\"food.kind\":\"catering\",\"food.raw\":false,\"food.manager\":\"周远\",\"food.health_ok\":"
    "true,\"food.withdrawn_five_years\":false,"
    "\"person.phone\":\"13800006620\",\"service.delivery\":\"electronic\",\"service.truth\":true,"
    "\"premises.plan\":{\"name\":\"plan.pdf\",\"type\":\"application/"
    "pdf\",\"size\":1000,\"sha256\":"
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},"
    "\"food.rules\":{\"name\":\"rules.pdf\",\"type\":\"application/"
    "pdf\",\"size\":1000,\"sha256\":"
    "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}}";

/* The bytes of the two files; the gate takes their digests from whoever received them. */
static const struct attachment files[] = {
    {STR_INIT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
     STR_INIT("application/pdf"), STR_INIT("plan.pdf"), STR_INIT("plan")},
    {STR_INIT("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
     STR_INIT("application/pdf"), STR_INIT("rules.pdf"), STR_INIT("rules")},
};

static void file_one(void)
{
    struct ctx *ctx = &b.ctx;
    struct receipt r = {.seq = -1};
    struct draft d = {.kind = STR("apply"), .item = STR("food-new")};
    d.actor = (struct actor){
        .kind = ACTOR_PARTY, .id = STR("p-lin"), .for_id = STR("org-lin"), .assurance = 2};
    stand_check(&b, json_parse(ctx, str_from(fields), STR("fields"), &d.fields), "fields");
    d.attachments = files;
    d.attachment_count = LEN(files);
    stand_check(&b, gate_submit_wait(ctx, b.node.gate, &d, &r), "apply");
    if (r.seq < 0) {
        fprintf(stderr, "bench: the application is refused: %.*s %.*s\n", FMT(r.verdict.code),
                FMT(r.verdict.field));
        exit(1);
    }
    the_case = str_copy(ctx->arena, r.case_id);
}

/* A column of a copy that is not as in the one case. */
struct change {
    const char *column;
    const char *value; /* of SQL, where i counts from 1 */
};

/* What copies the rows of the one case `count` times. It is made of the columns that the table has,
 * so that a new column is copied as well; the first change is of the column that names the case. */
static const char *copies(sqlite3 *db, const char *table, int64_t count,
                          const struct change *changes, size_t change_count)
{
    struct buf values = buf_new(b.ctx.arena, 0);
    struct buf names = buf_new(b.ctx.arena, 0);
    sqlite3_stmt *row = NULL;
    size_t changed = 0;
    must(sqlite3_prepare_v2(db, "SELECT name FROM pragma_table_info(?)", -1, &row, NULL) ==
         SQLITE_OK);
    must(sqlite3_bind_text(row, 1, table, -1, SQLITE_STATIC) == SQLITE_OK);
    while (sqlite3_step(row) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        const char *value = name;
        for (size_t i = 0; i < change_count; i++) {
            bool here = strcmp(changes[i].column, name) == 0;
            value = here ? changes[i].value : value;
            changed += here;
        }
        buf_format(&names, "%s%s", names.n > 0 ? ", " : "", name);
        buf_format(&values, "%s%s", values.n > 0 ? ", " : "", value);
    }
    sqlite3_finalize(row);
    must(changed == change_count); /* the bench knows the columns that it changes */
    return str_format(b.ctx.arena,
                      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                      "%lld) INSERT INTO %s (%.*s) SELECT %.*s FROM (SELECT * FROM %s WHERE %s = "
                      "'%.*s') CROSS JOIN n",
                      (long long)count, table, FMT(buf_str(&names)), FMT(buf_str(&values)), table,
                      changes[0].column, FMT(the_case))
        .p;
}

static void copy_rows(sqlite3 *db, const char *table, int64_t count, const struct change *changes,
                      size_t change_count)
{
    char *why = NULL;
    if (sqlite3_exec(db, copies(db, table, count, changes, change_count), NULL, NULL, &why) !=
        SQLITE_OK) {
        fprintf(stderr, "bench: %s: %s\n", table, why == NULL ? "not copied" : why);
        exit(1);
    }
}

/* Timers that run out long after this century. */
static void add_far_timers(sqlite3 *db, int64_t count)
{
    static const struct change far[] = {{"case_id", "printf('far-%07d', i)"},
                                        {"due_day", "40000 + i % 1000"}};
    copy_rows(db, "gate_timer", count, far, LEN(far));
}

/* Cases with a timer that ran out long ago. */
static void add_due_cases(sqlite3 *db, int64_t count)
{
    static const struct change cases[] = {{"id", "printf('due-%06d', i)"}};
    static const struct change clocks[] = {
        {"case_id", "printf('due-%06d', i)"}, {"due_day", "20000"}, {"promised_day", "20000"}};
    static const struct change timers[] = {{"case_id", "printf('due-%06d', i)"},
                                           {"due_day", "20000"}};
    copy_rows(db, "gate_case", count, cases, LEN(cases));
    copy_rows(db, "gate_clock", count, clocks, LEN(clocks));
    copy_rows(db, "gate_timer", count, timers, LEN(timers));
}

/* The node rests while its store is written to from beside. */
static void write_beside(const char *file, void (*add)(sqlite3 *db, int64_t count), int64_t count)
{
    sqlite3 *db = NULL;
    gate_stop(b.node.gate);
    node_close(&b.node);
    must(sqlite3_open(file, &db) == SQLITE_OK);
    must(sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK);
    add(db, count);
    must(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
    stand_check(&b, node_open(&b.ctx, b.dir, &b.node), "open the node again");
    stand_check(&b, gate_start(&b.ctx, b.node.gate), "writer");
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
    file_one();
    char *file = str_z(b.ctx.arena, str_format(b.ctx.arena, "%.*s/store/store.db", FMT(b.dir)));
    int64_t due = bench_size(100000, 300);
    double empty = look();
    write_beside(file, add_far_timers, bench_size(1000000, 2000));
    bench_report("clock.look, a million timers wait", look(), "us", empty,
                 "the same look at one timer");
    double memory = stand_memory();
    write_beside(file, add_due_cases, due);
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
