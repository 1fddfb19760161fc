/* The gate under load from several threads at once: drafts submitted and waited for, questions
 * asked, pages of the ledger read, law published in the middle, or about to be when the disk is
 * full, ticks, a head signed by the key holder's own process. For TSan above all.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/day.h"
#include "base/json.h"
#include "base/json_make.h"
#include "book/book.h"
#include "crypto/keyholder.h"
#include "cli/test_scenario.h"
#include "gate/read.h"
#include "gate/run.h"
#include "world_sim.h"

enum { SUBMITTERS = 3, READERS = 2, DRAFTS = 30 };

struct load {
    struct play *p;
    pthread_t thread;
    int number;
    size_t admitted;
    size_t refused;
    size_t failed;
    size_t read;
    atomic_bool *stop;
};

static struct draft question(struct ctx *ctx, int who, int nth)
{
    struct draft d = {.kind = STR("speak-up"), .item = STR("zx-market"), .fields = json_object()};
    json_set(ctx->arena, &d.fields, STR("voice.kind"), json_of_str(STR("question")));
    if (nth % 10 != 0) { /* every tenth is refused */
        json_set(ctx->arena, &d.fields, STR("voice.text"), json_of_str(STR("几点开门")));
    }
    d.actor = (struct actor){.kind = ACTOR_PARTY, .id = STR("p-lin"), .assurance = 2};
    d.key = str_format(ctx->arena, "load-%d-%d", who,
                       nth / 2 * 2); /* every second one repeats the one before */
    return d;
}

static void *submitter(void *arg)
{
    struct load *l = arg;
    struct arena *arena = arena_new((size_t)1 << 26);
    struct ctx ctx = {.arena = arena, .world = l->p->world};
    for (int i = 0; i < DRAFTS; i++) {
        struct draft d = question(&ctx, l->number, i);
        struct receipt r = {0};
        enum err e = gate_submit_wait(&ctx, l->p->gate, &d, &r);
        l->failed += e != ERR_OK;
        l->admitted += e == ERR_OK && r.seq >= 0;
        l->refused += e == ERR_OK && r.seq < 0;
        arena_clear(arena);
    }
    arena_free(arena);
    return NULL;
}

static enum err read_some(struct ctx *ctx, struct load *l, struct db *db)
{
    struct draft d = question(ctx, l->number, 0);
    const struct law *law = NULL;
    struct verdict v;
    struct str note = {0};
    uint64_t size = 0;
    struct ledger_reader reader;
    uint8_t hash[32];
    struct act_record act;
    bool found = false;
    TRY(gate_law(ctx, l->p->gate, db, &law));
    TRY(gate_ask(ctx, l->p->gate, db, &d, &v));
    TRY(gate_checkpoint(ctx, l->p->gate, db, &note, &size));
    TRY(gate_ledger_reader(ctx, l->p->gate, db, &reader));
    TRY(reader.hash(ctx, reader.self, 0, size - 1, hash));
    TRY(gate_act(ctx, l->p->gate, db, (int64_t)size - 1, &act, &found));
    return law != NULL && found ? ERR_OK : ERR_NOT_FOUND;
}

static void *asker(void *arg)
{
    struct load *l = arg;
    struct arena *arena = arena_new((size_t)1 << 28);
    struct ctx ctx = {.arena = arena, .world = l->p->world};
    struct db *db = NULL;
    l->failed += store_reader(&ctx, l->p->store, &db) != ERR_OK;
    while (db != NULL && !atomic_load(l->stop)) {
        struct arena_mark mark = arena_mark(arena);
        l->failed += read_some(&ctx, l, db) != ERR_OK;
        l->read++;
        arena_reset(arena, mark);
    }
    db_close(db);
    arena_free(arena);
    return NULL;
}

/* Four that come into force while all act, one in which each try to publish it fails, one with a
 * fault. */
enum { VERSIONS = 6, DISTURBED = 4, FAULTY = 5 };

static struct law_file changed(struct arena *a, struct law_file f, int version)
{
    size_t at = 0;
    if (str_equal(f.path, STR("pack.json"))) {
        at = str_find(f.bytes, STR("2026.1"));
        f.bytes = str_format(a, "%.*s2026.%d%.*s", FMT(str_slice(f.bytes, 0, at)), version + 2,
                             FMT(str_slice(f.bytes, at + 6, f.bytes.n)));
    } else if (str_equal(f.path, STR("act/accept.json"))) {
        f.bytes = version == FAULTY ? STR("{}")
                                    : str_format(a, "%.*s%*s", FMT(f.bytes), version + 1, "\n");
    }
    return f;
}

/* Versions of the national pack, drafted before the writer runs: it alone may use its connection.
 */
static enum err draft_versions(struct ctx *ctx, struct play *p, struct draft *ret)
{
    for (int i = 0; i < VERSIONS; i++) {
        struct law_problems problems;
        struct law_pack_source pack = p->packs[0];
        struct law_file *files = ARENA_ARRAY(ctx->arena, struct law_file, pack.count);
        for (size_t k = 0; k < pack.count; k++) {
            files[k] = changed(ctx->arena, pack.files[k], i);
        }
        pack.files = files;
        enum err e = book_publish_draft(ctx, gate_book(p->gate), store_writer(p->store), &pack,
                                        &ret[i], &problems);
        if (e == ERR_SYNTAX && i == FAULTY) {
            ret[i].kind = STR("publish-law");
        } else {
            TRY(e);
        }
        ret[i].actor = (struct actor){.kind = ACTOR_NODE};
        ret[i].key = str_format(ctx->arena, "version-%d", i);
    }
    return ERR_OK;
}

/* The faulty one is refused; for the other the disk is full, sooner and later; then it is
 * published. Whoever reads meanwhile meets none of it. */
static void publications_fail(struct test *t, struct ctx *ctx, struct play *p,
                              const struct draft *versions)
{
    struct receipt r = {0};
    size_t failed = 0;
    CHECK_OK(gate_submit_wait(ctx, p->gate, &versions[FAULTY], &r));
    CHECK_STR(r.verdict.code, "form.material");
    int64_t used = sim_used(p->world);
    for (int64_t more = 1024; more < 1 << 20; more *= 4) {
        sim_capacity(p->world, used + more);
        failed += gate_submit_wait(ctx, p->gate, &versions[DISTURBED], &r) == ERR_DISK_FULL;
        sim_capacity(p->world, 0);
    }
    CHECK(failed > 1);
    CHECK(!store_is_broken(p->store));
    CHECK_OK(gate_submit_wait(ctx, p->gate, &versions[DISTURBED], &r));
    CHECK(r.seq >= 0);
}

TEST(gate_serves_many_threads)
{
    char dir[] = "/tmp/tongban-threads-XXXXXX";
    struct play *p = play_new(t, ctx);
    struct load load[SUBMITTERS + READERS];
    atomic_bool stop = false;
    size_t count = 0;
    must(mkdtemp(dir) != NULL);
    CHECK_OK(keys_create(ctx, str_from(dir)));
    CHECK_OK(keyholder_start(ctx, str_from(dir), &p->keys));
    p->world = sim_new(11);
    CHECK_OK(play_open(p, ctx));
    size_t at = 0;
    for (; at < p->count && !str_equal(json_text(&p->steps->items[at], "act"), STR("apply"));
         at++) {
        sim_advance(p->world, (struct span){play_instant(p, at).ms - p->world->now(p->world).ms});
        CHECK_OK(play_step(p, ctx, at));
    }
    struct draft versions[VERSIONS];
    CHECK_OK(draft_versions(ctx, p, versions));
    CHECK_OK(gate_start(ctx, p->gate));
    for (int i = 0; i < SUBMITTERS + READERS; i++) {
        load[i] = (struct load){.p = p, .number = i, .stop = &stop};
        must(pthread_create(&load[i].thread, NULL, i < SUBMITTERS ? submitter : asker, &load[i]) ==
             0);
    }
    for (int i = 0; i < 20; i++) {
        sim_advance(p->world, (struct span){1000});
        CHECK_OK(agenda_tick(ctx, p->agenda, &count));
        if (i % 5 == 4) { /* law changes while all ask and act */
            struct receipt r = {0};
            CHECK_OK(gate_submit_wait(ctx, p->gate, &versions[i / 5], &r));
            CHECK(r.seq >= 0);
        }
    }
    for (int i = 0; i < SUBMITTERS + READERS; i++) {
        if (i == SUBMITTERS) {
            publications_fail(t, ctx, p, versions);
            atomic_store(&stop, true);
        }
        pthread_join(load[i].thread, NULL);
        CHECK_INT(load[i].failed, 0);
        if (i < SUBMITTERS) {
            CHECK_INT(load[i].admitted + load[i].refused, DRAFTS);
            CHECK(load[i].admitted > 0 && load[i].refused > 0);
        } else {
            CHECK(load[i].read > 0);
        }
    }
    gate_stop(p->gate);
    play_look(p, ctx, true);
    play_close(p);
    keyholder_stop(p->keys);
    sim_free(p->world);
    ctx->world = world_real();
    test_folder_remove(dir);
}
