/* scale.c - what one act and one page cost with 1,000, 100,000 and 1,000,000 cases present, and how
 * long a node with so many takes to start. The limit of each figure is the same at 1,000 cases:
 * growth must be flat but for index depth. TONGBAN_SCALE names other sizes, "1000 20000". */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "gate/gate.h"
#include "http/server.h"
#include "web/serve.h"
#include "load.h"
#include "program.h"
#include "stand.h"

enum { PEOPLE = 100, READERS = 50, IN_FLIGHT = 64, CASE_TEXT = 40, KEPT = 4096 };

static struct {
    struct stand s;
    char cookies[READERS][64];
    char ids[PEOPLE][16];
    char kept[KEPT][CASE_TEXT]; /* some cases of reader 0 … READERS, to look at */
    int kept_by[KEPT];
    size_t kept_count;
    struct draft draft;
    sem_t free; /* of IN_FLIGHT */
    uint64_t sent;
    const char *page;
    bool page_of_case; /* page is followed by the number of a case */
} b;

/* GB 11643: a number of an invented person of the invented county 990101, with its check character.
 */
static struct str idcard(struct arena *a, int n)
{
    static const int weight[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    char text[19];
    snprintf(text, sizeof(text), "990101%04d0307%03d", 1950 + n / 500, n % 500);
    int sum = 0;
    for (int i = 0; i < 17; i++) {
        sum += (text[i] - '0') * weight[i];
    }
    text[17] = "10X98765432"[sum % 11];
    return str_copy(a, (struct str){text, 18});
}

static void register_people(void)
{
    struct arena *a = b.s.ctx.arena;
    struct json people = json_object();
    struct json list = json_array();
    for (int i = 0; i < PEOPLE; i++) {
        struct json person = json_object();
        struct json facts = json_object();
        snprintf(b.ids[i], sizeof(b.ids[i]), "p-b%d", i);
        json_set(a, &facts, STR("person.name"), json_of_str(str_format(a, "虚构%d", i)));
        json_set(a, &facts, STR("person.idcard"), json_of_str(idcard(a, i)));
        json_set(a, &facts, STR("person.phone"), json_of_str(STR("13800006620")));
        json_set(a, &facts, STR("person.address"), json_of_str(STR("滨河县柳叶街 18 号")));
        json_set(a, &person, STR("id"), json_of_str(str_from(b.ids[i])));
        json_set(a, &person, STR("facts"), facts);
        json_push(a, &list, person);
    }
    json_set(a, &people, STR("persons"), list);
    stand_check(&b.s, node_register_people(&b.s.ctx, &b.s.node, &people, true), "people");
}

static void case_done(void *arg, enum err err, const struct why *why, const struct receipt *r)
{
    size_t who = (size_t)arg;
    if (err != ERR_OK || !r->verdict.admitted) {
        fprintf(stderr, "bench: an act was not admitted: %.*s\n",
                FMT(err == ERR_OK ? r->verdict.code : why->detail));
        exit(1);
    }
    if (who < READERS && b.kept_count < KEPT) {
        snprintf(b.kept[b.kept_count], CASE_TEXT, "%.*s", FMT(r->case_id));
        b.kept_by[b.kept_count++] = (int)who;
    }
    sem_post(&b.free);
}

static void submit_one(void)
{
    /* Those whose pages are read have ten cases each, at any size. */
    size_t who = b.sent < 10 * PEOPLE ? b.sent % PEOPLE : READERS + b.sent % (PEOPLE - READERS);
    struct draft d = b.draft;
    d.actor = (struct actor){.kind = ACTOR_PARTY, .id = str_from(b.ids[who]), .assurance = 2};
    sem_wait(&b.free);
    stand_check(&b.s, gate_submit(&b.s.ctx, b.s.node.gate, &d, case_done, (void *)who), "an act");
    b.sent++;
}

/* File cases until there are so many; per second, through the gate, durable, 64 in flight. */
static double grow(uint64_t cases)
{
    int64_t begun = b.s.ctx.world->mono_ns(b.s.ctx.world);
    uint64_t before = b.sent;
    while (b.sent < cases) {
        submit_one();
    }
    for (int i = 0; i < IN_FLIGHT; i++) {
        sem_wait(&b.free);
    }
    double s = (double)(b.s.ctx.world->mono_ns(b.s.ctx.world) - begun) / 1e9;
    for (int i = 0; i < IN_FLIGHT; i++) {
        sem_post(&b.free);
    }
    return (double)(b.sent - before) / s;
}

static size_t build_page(void *arg, int connection, uint64_t number, char *out, size_t max)
{
    (void)arg;
    size_t k = (number * 2654435761U + (uint64_t)connection * 977) % b.kept_count;
    return (size_t)snprintf(out, max, "GET %s%s HTTP/1.1\r\nHost: bench\r\nCookie: %s\r\n\r\n",
                            b.page, b.page_of_case ? b.kept[k] : "", b.cookies[b.kept_by[k]]);
}

static double page_us(const char *page, bool of_case)
{
    struct load l = {.host = "127.0.0.1",
                     .port = b.s.port,
                     .connections = 4,
                     .warm_ms = bench_size(200, 10),
                     .run_ms = bench_size(1000, 20),
                     .build = build_page};
    struct load_result r = {0};
    b.page = page;
    b.page_of_case = of_case;
    if (load_run(&l, &r) < 0 || r.wrong > 0 || r.answered == 0) {
        fprintf(stderr, "bench: %s: %llu wrong answers\n", page, (unsigned long long)r.wrong);
        exit(1);
    }
    return 1e6 / r.per_s;
}

/* The program itself on the folder of the bench, from its start to its first page. A program that
 * ends before it serves fails the bench. */
static double start_ms(void)
{
    const char *const serve[] = {"tongban", "serve", b.s.dir.p, "--listen", "127.0.0.1:0", NULL};
    int64_t begun = b.s.ctx.world->mono_ns(b.s.ctx.world);
    struct program p = program_start(&b.s, ".", serve);
    double ms = (double)(b.s.ctx.world->mono_ns(b.s.ctx.world) - begun) / 1e6;
    program_stop(&p);
    return ms;
}

struct figures {
    double act_us;
    double page[4];
};
static const struct {
    const char *name;
    const char *path;
    bool of_case;
} pages[] = {{"my cases", "/cases", false},
             {"one case", "/case/", true},
             {"public decisions", "/decisions", false},
             {"ledger", "/ledger", false}};

static void measure(uint64_t size, struct figures *f, const struct figures *least)
{
    char name[96];
    double rate = grow(b.sent + (uint64_t)bench_size(5000, 100));
    f->act_us = 1e6 / rate;
    snprintf(name, sizeof(name), "one act, %llu cases present", (unsigned long long)size);
    bench_report(name, f->act_us, "us", least->act_us > 0 ? least->act_us : f->act_us,
                 "the same at the first size");
    for (size_t i = 0; i < LEN(pages); i++) {
        f->page[i] = page_us(pages[i].path, pages[i].of_case);
        snprintf(name, sizeof(name), "page %s, %llu cases present", pages[i].name,
                 (unsigned long long)size);
        bench_report(name, f->page[i], "us", least->page[i] > 0 ? least->page[i] : f->page[i],
                     "the same at the first size");
    }
    snprintf(name, sizeof(name), "memory, %llu cases present", (unsigned long long)size);
    bench_report(name, stand_memory(), "MB", 150, "budget");
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv);
    const char *sizes = getenv("TONGBAN_SCALE");
    char text[128];
    const char *usual = bench_size(1, 0) == 1 ? "1000 100000 1000000" : "1000 1500";
    snprintf(text, sizeof(text), "%s", sizes == NULL ? usual : sizes);
    stand_new(&b.s);
    must(sem_init(&b.free, 0, IN_FLIGHT) == 0);
    stand_node(&b.s);
    register_people();
    b.s.people = ARENA_ARRAY(b.s.ctx.arena, struct demo_person, READERS);
    b.s.people_count = READERS;
    for (size_t i = 0; i < READERS; i++) {
        b.s.people[i] = (struct demo_person){.id = str_from(b.ids[i]),
                                             .kind = ACTOR_PARTY,
                                             .name = str_from(b.ids[i]),
                                             .code = str_from(b.ids[i])};
    }
    stand_serve(&b.s);
    for (size_t i = 0; i < READERS; i++) {
        stand_sign_in(&b.s, str_from(b.ids[i]), b.cookies[i]);
    }
    b.draft =
        (struct draft){.kind = STR("speak-up"), .item = STR("zx-market"), .fields = json_object()};
    json_set(b.s.ctx.arena, &b.draft.fields, STR("voice.kind"), json_of_str(STR("question")));
    json_set(b.s.ctx.arena, &b.draft.fields, STR("voice.text"), json_of_str(STR("几点开门")));
    stand_check(&b.s, http_start(&b.s.ctx, b.s.server), "server");
    struct figures least = {0};
    uint64_t size = 0;
    char *rest = text;
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        struct figures f = {0};
        size = strtoull(word, NULL, 10);
        grow(size);
        measure(size, &f, &least);
        least = least.act_us > 0 ? least : f;
    }
    stand_stop(&b.s);
    char name[96];
    snprintf(name, sizeof(name), "start to the first page, %llu cases present",
             (unsigned long long)size);
    bench_report(name, start_ms(), "ms", 1000, "budget");
    return 0;
}
