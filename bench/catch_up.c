/* catch_up.c - a calendar is published at short notice while 100,000 cases run and acts keep
 * coming: how long acts wait, and how long it takes until every case is counted anew.
 *
 * Two clients submit acts that have nothing to do with it, each as soon as its last is answered.
 * Their waits are gathered three times: before; while the law itself is loaded and published; and
 * while the job brings the cases up. A histogram of the last is printed. The cases are copies of
 * one (crowd.h). Limit: no act waits 50 ms because cases are brought up. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/day.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "book/book.h"
#include "cli/rooms.h"
#include "gate/run.h"
#include "crowd.h"
#include "jobs/jobs.h"

enum { CLIENTS = 2, STEP_US = 250, STEPS = 4000, PHASES = 3 };

static struct stand b;

/* The clock of the sample calendars: 2 March 2026, and on from there. */
static int64_t begun_ns;
static int64_t first_ms;
static struct instant bench_now(struct world *w)
{
    return (struct instant){first_ms + (w->mono_ns(w) - begun_ns) / 1000000};
}

/* Waits by quarter milliseconds, of each phase. */
static atomic_long waits[PHASES][STEPS];
static atomic_int phase;
static atomic_bool stop;
static atomic_long submitted;

static void *client(void *arg)
{
    struct ctx ctx = {.arena = arena_new(1 << 24), .world = b.ctx.world};
    must(ctx.arena != NULL);
    (void)arg;
    while (!atomic_load(&stop)) {
        struct receipt r = {.seq = -1};
        struct draft d = {.kind = STR("register-party"),
                          .actor = {.kind = ACTOR_NODE, .assurance = 2},
                          .fields = json_object()};
        struct str id = str_format(ctx.arena, "p-load-%ld", atomic_fetch_add(&submitted, 1) % 1000);
        json_set(ctx.arena, &d.fields, STR("party.id"), json_of_str(id));
        json_set(ctx.arena, &d.fields, STR("party.kind"), json_of_str(STR("person")));
        int now = atomic_load(&phase);
        int64_t from = ctx.world->mono_ns(ctx.world);
        if (gate_submit_wait(&ctx, b.node.gate, &d, &r) != ERR_OK || r.seq < 0) {
            fprintf(stderr, "bench: an act of the load was not admitted: %.*s\n",
                    FMT(r.verdict.code));
            exit(1);
        }
        int64_t us = (ctx.world->mono_ns(ctx.world) - from) / 1000;
        int64_t step = us / STEP_US < STEPS ? us / STEP_US : STEPS - 1;
        atomic_fetch_add(&waits[now][step], 1);
        arena_clear(ctx.arena);
    }
    arena_free(ctx.arena);
    return NULL;
}

/* Milliseconds below which this part of the waits lies. */
static double part(int of, double share)
{
    long all = 0;
    long seen = 0;
    for (int i = 0; i < STEPS; i++) {
        all += atomic_load(&waits[of][i]);
    }
    for (int i = 0; i < STEPS; i++) {
        seen += atomic_load(&waits[of][i]);
        if ((double)seen >= share * (double)all) {
            return (double)(i + 1) * STEP_US / 1000;
        }
    }
    return 0;
}

static void print_waits(int of)
{
    static const int edges_ms[] = {1, 2, 5, 10, 20, 50, 100, 1000};
    int step = 0;
    for (size_t e = 0; e < LEN(edges_ms); e++) {
        long n = 0;
        for (; step < edges_ms[e] * 1000 / STEP_US; step++) {
            n += atomic_load(&waits[of][step]);
        }
        printf("   up to %4d ms: %ld acts\n", edges_ms[e], n);
    }
}

static void add_cases(struct stand *s, sqlite3 *db, int64_t count)
{
    static const struct change cases[] = {{"id", "printf('wait-%07d', i)"}};
    static const struct change rows[] = {{"case_id", "printf('wait-%07d', i)"}};
    crowd_copy(s, db, "gate_case", count, cases, LEN(cases));
    crowd_copy(s, db, "gate_clock", count, rows, LEN(rows));
    crowd_copy(s, db, "gate_timer", count, rows, LEN(rows));
}

/* The national pack with two days off more. */
static void publish(void)
{
    struct ctx *ctx = &b.ctx;
    static const struct str off = STR_INIT("\"off\": {");
    struct law_pack_source pack;
    struct law_problems problems = {0};
    struct draft d;
    struct receipt r = {.seq = -1};
    struct db *reader = NULL;
    bool edited = false;
    stand_check(&b, law_read_folder(ctx, "law/cn", &pack), "law");
    pack = stand_version(&b, pack, 2);
    struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, pack.count);
    memcpy(files, pack.files, pack.count * sizeof(*files));
    for (size_t i = 0; i < pack.count; i++) {
        struct str text = files[i].bytes;
        size_t at = str_find(text, off);
        if (str_equal(files[i].path, STR("calendar/2026.json")) && at != SIZE_MAX) {
            files[i].bytes = str_format(
                ctx->arena, "%.*s%.*s\"2026-03-04\": \"x\", \"2026-03-05\": \"x\", %.*s",
                FMT(str_slice(text, 0, at)), FMT(off), FMT(str_slice(text, at + off.n, text.n)));
            edited = true;
        }
    }
    must(edited);
    pack.files = files;
    stand_check(&b, store_reader(ctx, b.node.store, &reader), "reader");
    stand_check(&b, book_publish_draft(ctx, gate_book(b.node.gate), reader, &pack, &d, &problems),
                "draft");
    db_close(reader);
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    atomic_store(&phase, 1);
    stand_check(&b, gate_submit_wait(ctx, b.node.gate, &d, &r), "publish");
    must(r.seq >= 0);
}

/* Is anything left in the outbox? */
static bool is_behind(void)
{
    struct arena_mark mark = arena_mark(b.ctx.arena);
    struct db *reader = NULL;
    bool any = false;
    stand_check(&b, store_reader(&b.ctx, b.node.store, &reader), "reader");
    for (int s = 0; s < OUTBOX_STATES; s++) {
        struct outbox_row *rows = NULL;
        size_t count = 0;
        stand_check(&b, outbox_list(&b.ctx, reader, (enum outbox_state)s, 0, 1, &rows, &count),
                    "outbox");
        any = any || count > 0;
    }
    db_close(reader);
    arena_reset(b.ctx.arena, mark);
    return any;
}

static void pause_ms(long ms)
{
    const struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
    static struct world world;
    struct jobs *jobs = NULL;
    pthread_t clients[CLIENTS];
    struct day first = {0};
    bench_begin(argc, argv);
    stand_new(&b);
    world = *world_real();
    must(day_parse(STR("2026-03-02"), &first));
    first_ms = day_start(first).ms + 9 * 3600000;
    begun_ns = world.mono_ns(&world);
    world.now = bench_now;
    b.ctx.world = &world;
    stand_node(&b);
    stand_check(&b, gate_start(&b.ctx, b.node.gate), "writer");
    crowd_file_one(&b);
    int64_t cases = bench_size(100000, 300);
    crowd_write(&b, add_cases, cases);
    struct jobs_config config = {.gate = b.node.gate, .store = b.node.store};
    config.kinds = rooms_jobs(&b.ctx, &config.kind_count);
    stand_check(&b, jobs_new(&b.ctx, &config, &jobs), "jobs");
    stand_check(&b, jobs_start(&b.ctx, jobs), "jobs");
    for (int i = 0; i < CLIENTS; i++) {
        must(pthread_create(&clients[i], NULL, client, NULL) == 0);
    }
    pause_ms(bench_size(3000, 50));
    publish();
    must(is_behind());
    atomic_store(&phase, 2);
    int64_t from = world.mono_ns(&world);
    while (is_behind()) {
        pause_ms(5);
    }
    double seconds = (double)(world.mono_ns(&world) - from) / 1e9;
    atomic_store(&stop, true);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(clients[i], NULL);
    }
    printf("   acts while %lld cases are brought up:\n", (long long)cases);
    print_waits(2);
    bench_report("catch-up.act before, 99 %", part(0, 0.99), "ms", part(0, 0.99), "itself");
    bench_report("catch-up.act while law is published, longest", part(1, 1), "ms", 100,
                 "budget: a publication");
    bench_report("catch-up.act while cases are brought up, 99 %", part(2, 0.99), "ms", 50,
                 "budget: no act waits 50 ms for it");
    bench_report("catch-up.act while cases are brought up, longest", part(2, 1), "ms", 50,
                 "budget: no act waits 50 ms for it");
    bench_report("catch-up.cases", (double)cases / seconds, "cases/s", 1000000.0 / 600,
                 "a million in ten minutes");
    must(jobs_stop(jobs));
    jobs_free(jobs);
    gate_stop(b.node.gate);
    node_close(&b.node);
    return 0;
}
