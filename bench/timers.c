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
#include <time.h>

#include "base/arena.h"
#include "base/day.h"
#include "base/json.h"
#include "base/str.h"
#include "base/world.h"
#include "gate/gate.h"
#include "stand.h"

static struct stand b;

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
}

/* The node rests while its store is written to from beside. */
static void sql(const char *file, const char *text)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    gate_stop(b.node.gate);
    node_close(&b.node);
    if (sqlite3_open(file, &db) != SQLITE_OK ||
        sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK) {
        fprintf(stderr, "bench: %s\n", why == NULL ? "the store does not open" : why);
        exit(1);
    }
    sqlite3_close(db);
    stand_check(&b, node_open(&b.ctx, b.dir, &b.node), "open the node again");
    stand_check(&b, gate_start(&b.ctx, b.node.gate), "writer");
}

#define NUMBERS(n)                                                                                 \
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " #n ") "

/* Copies of the one case: `due` of them with a timer that ran out long ago. */
static const char due_cases[] =
    "BEGIN;" NUMBERS(100000) "INSERT INTO gate_case SELECT printf('due-%06d', i), item, office, "
                             "party, filed_by, status, opened_day, closed, first_seq, last_seq, "
                             "law_seq, tokens, facts, acts FROM gate_case CROSS JOIN n WHERE id "
                             "NOT LIKE 'due-%';" NUMBERS(
                                 100000) "INSERT INTO gate_clock SELECT printf('due-%06d', i), "
                                         "limit_id, started_day, 20000, 20000, extra_n, stops, "
                                         "stopped_day, stopped_by, ended_day, provisional FROM "
                                         "gate_clock CROSS JOIN n WHERE case_id NOT LIKE "
                                         "'due-%';" NUMBERS(100000) "INSERT INTO gate_timer SELECT "
                                                                    "printf('due-%06d', i), timer, "
                                                                    "kind, limit_id, 20000 FROM "
                                                                    "gate_timer CROSS JOIN n WHERE "
                                                                    "case_id NOT LIKE 'due-%' AND "
                                                                    "case_id NOT LIKE 'far-%';"
                                                                    "COMMIT;";
static const char far_timers[] = "BEGIN;" NUMBERS(
    1000000) "INSERT INTO gate_timer SELECT printf('far-%07d', i), timer, kind, limit_id, 40000 + "
             "i % 1000 FROM gate_timer CROSS JOIN n WHERE case_id NOT LIKE 'far-%';COMMIT;";

static double seconds_since(int64_t begun)
{
    return (double)(b.ctx.world->mono_ns(b.ctx.world) - begun) / 1e9;
}

/* Microseconds of one look at the timers, none of which is due; the best of many. */
static double look(void)
{
    double best = 1e9;
    for (int i = 0; i < 300; i++) {
        struct arena_mark mark = arena_mark(b.ctx.arena);
        size_t count = 0;
        int64_t begun = b.ctx.world->mono_ns(b.ctx.world);
        stand_check(&b, gate_tick(&b.ctx, b.node.gate, &count), "tick");
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
        stand_check(&b, gate_tick(&b.ctx, b.node.gate, &count), "tick");
        done += count;
        arena_reset(b.ctx.arena, mark);
        nanosleep(&shortly, NULL);
    } while (gate_tick_more(b.node.gate));
    return done;
}

int main(void)
{
    stand_new(&b);
    stand_node(&b);
    stand_check(&b, gate_start(&b.ctx, b.node.gate), "writer");
    file_one();
    char *file = str_z(b.ctx.arena, str_format(b.ctx.arena, "%.*s/store/store.db", FMT(b.dir)));
    double empty = look();
    sql(file, far_timers);
    stand_report("clock.look, a million timers wait", look(), "us", empty,
                 "the same look at one timer");
    double memory = stand_memory();
    sql(file, due_cases);
    int64_t begun = b.ctx.world->mono_ns(b.ctx.world);
    size_t done = work_off();
    double seconds = seconds_since(begun);
    must(done == 100000);
    stand_report("clock.day of 100,000 expiries", seconds, "s", 60, "budget: under a minute");
    stand_report("clock.expiries", (double)done / seconds, "acts/s", 100000.0 / 60,
                 "budget: 100,000 in a minute");
    stand_report("clock.memory grown by it", stand_memory() - memory, "MB", 110,
                 "budget: an idle node to one with a million cases");
    gate_stop(b.node.gate);
    node_close(&b.node);
    return 0;
}
