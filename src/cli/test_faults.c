/* Faults under the whole gate, in the seeded world: the machine stops at every change of the disk
 * and the power goes; the disk fills up, a sync fails, the clock leaps. After each: what was
 * acknowledged is there, the ledger verifies from its entries, and replay gives the stored views.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/arena_fault.h"
#include "base/day.h"
#include "base/json.h"
#include "base/test.h"
#include "crypto/keyholder.h"
#include "gate/gate.h"
#include "gate/run.h"
#include "gate/read.h"
#include "book/book.h"
#include "replay/replay.h"
#include "cli/test_play.h"
#include "ledger/note.h"
#include "ledger/verify.h"
#include "store/schema.h"
#include "cli/story.h"
#include "limit_gen.h"
#include "world_sim.h"

static const uint8_t seed[32] = {1};
static const uint8_t secret[32] = {2};

struct rig {
    struct test *t;
    struct ctx *ctx;
    struct world *world;
    struct store *store;
    struct keyholder *keys;
    struct gate *gate;
    struct agenda *agenda;
    struct str case_id;
    int64_t acked; /* highest place acknowledged */
    uint8_t acked_hash[64][32];
    int64_t acked_seq[64];
    size_t acked_count;
};

static enum err rig_open(struct rig *r)
{
    struct ctx *ctx = r->ctx;
    ctx->world = r->world;
    struct gate_config config = {.origin = STR("sim.example/bh"), .node = STR("bh")};
    TRY(keyholder_in_memory(ctx, seed, secret, &r->keys));
    TRY(store_open(ctx, STR("node"), STORE_CREATE, &r->store));
    TRY(store_migrate(ctx, r->store));
    config.store = r->store;
    config.keys = r->keys;
    TRY(gate_new(ctx, &config, &r->gate));
    return agenda_new(ctx, r->gate, r->store, &r->agenda);
}

static void rig_close(struct rig *r)
{
    agenda_free(r->agenda);
    gate_close(r->gate);
    store_close(r->store);
    r->agenda = NULL;
    r->gate = NULL;
    r->store = NULL;
}

/* Submit; what is admitted and acknowledged is remembered. */
static enum err submit(struct rig *r, struct draft *d, struct receipt *ret)
{
    struct receipt receipt = {.seq = -1};
    story_attach_files(r->ctx, d);
    enum err e = gate_submit_wait(r->ctx, r->gate, d, &receipt);
    if (e == ERR_OK && receipt.seq >= 0 && r->acked_count < LEN(r->acked_seq)) {
        memcpy(r->acked_hash[r->acked_count], receipt.leaf_hash, 32);
        r->acked_seq[r->acked_count++] = receipt.seq;
    }
    if (ret != NULL) {
        *ret = receipt;
    }
    return e;
}

static struct json fields_of(struct ctx *ctx, const char *text)
{
    struct json j;
    must(json_parse(ctx, str_copy(ctx->arena, str_from(text)), STR("fields"), &j) == ERR_OK);
    return j;
}

static enum err act(struct rig *r, const char *kind, enum actor_kind who, const char *id,
                    const char *fields)
{
    struct receipt receipt;
    struct draft d = {.kind = str_from(kind), .fields = fields_of(r->ctx, fields)};
    d.actor = (struct actor){.kind = who, .id = str_from(id), .assurance = 2};
    d.case_id = who == ACTOR_NODE || strcmp(kind, "speak-up") == 0 ? STR("") : r->case_id;
    if (strcmp(kind, "speak-up") == 0) {
        d.item = STR("zx-market");
    }
    enum err e = submit(r, &d, &receipt);
    if (e == ERR_OK && receipt.case_id.n > 0) {
        r->case_id = receipt.case_id;
    }
    return e == ERR_OK && receipt.seq < 0 ? ERR_REFUSED : e;
}

static enum err publish(struct rig *r, const char *folder)
{
    struct ctx *ctx = r->ctx;
    struct law_pack_source pack;
    struct law_problems problems;
    struct draft d;
    ctx->world = world_real();
    TRY(law_read_folder(ctx, folder, &pack));
    ctx->world = r->world;
    TRY(book_publish_draft(ctx, gate_book(r->gate), store_writer(r->store), &pack, &d, &problems));
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    return submit(r, &d, NULL);
}

/* A node with law and three people, at rest. */
static void rig_prepare(struct rig *r, struct test *t, struct ctx *ctx)
{
    *r = (struct rig){.t = t, .ctx = ctx, .world = sim_new(7)};
    CHECK_OK(rig_open(r));
    CHECK_OK(publish(r, "law/cn"));
    CHECK_OK(publish(r, "law/cn-990101"));
    CHECK_OK(act(r, "register-party", ACTOR_NODE, "",
                 "{\"party.id\":\"p-lin\",\"party.kind\":\"person\",\"person.name\":\"林知夏\"}"));
    CHECK_OK(act(r, "appoint-officer", ACTOR_NODE, "",
                 "{\"officer.id\":\"o-clerk\",\"officer.name\":\"江一帆\",\"officer.office\":\"bh-"
                 "market\",\"officer.roles\":[\"clerk\"]}"));
    rig_close(r);
    r->acked_count = 0;
}

/* Two cases from filing to end; stops at the first error. */
static enum err workload(struct rig *r)
{
    struct ctx *ctx = r->ctx;
    for (int i = 0; i < 2; i++) {
        TRY(act(r, "speak-up", ACTOR_PARTY, "p-lin",
                "{\"voice.kind\":\"question\",\"voice.text\":\"几点开门\"}"));
        TRY(act(r, "answer-question", ACTOR_OFFICER, "o-clerk", "{\"voice.answer\":\"九点开门\"}"));
    }
    return ERR_OK;
}

struct whole {
    struct ledger_reader reader;
    struct str note;
    uint64_t size;
};

static enum err whole_get(struct ctx *ctx, void *self, struct str path, struct str *ret)
{
    const struct whole *w = self;
    struct tile tile;
    if (str_equal(path, STR("checkpoint"))) {
        *ret = w->note;
        return ERR_OK;
    }
    must(tile_parse(path, &tile));
    return tile_bytes(ctx, &w->reader, tile, w->size, ret);
}

/* I1 acknowledged acts are there; I2 the ledger verifies; I3 and I4 replay agrees and refuses
 * nothing. */
static void check_invariants(struct rig *r)
{
    struct test *t = r->t;
    struct ctx *ctx = r->ctx;
    struct db *reader = NULL;
    struct whole w = {0};
    struct log_report log;
    struct replay_report replay;
    struct verifier key =
        verifier_ed25519(STR("sim.example/bh"), keyholder_public(r->keys)->ed25519);
    CHECK_OK(store_reader(ctx, r->store, &reader));
    CHECK_OK(gate_checkpoint(ctx, r->gate, reader, &w.note, &w.size));
    CHECK_OK(gate_ledger_reader(ctx, r->gate, reader, &w.reader));
    for (size_t i = 0; i < r->acked_count; i++) {
        uint8_t hash[32];
        CHECK((uint64_t)r->acked_seq[i] < w.size);
        CHECK_OK(w.reader.hash(ctx, w.reader.self, 0, (uint64_t)r->acked_seq[i], hash));
        CHECK(memcmp(hash, r->acked_hash[i], 32) == 0);
    }
    struct log_source source = {&w, whole_get};
    CHECK_OK(log_verify(ctx, &source, &key, 1, NULL, NULL, &log));
    CHECK(log.good);
    db_close(reader);
    struct world *other = sim_new(9);
    struct store *fresh = NULL;
    ctx->world = other;
    CHECK_OK(store_open(ctx, STR("fresh"), STORE_CREATE, &fresh));
    CHECK_OK(store_migrate(ctx, fresh));
    CHECK_OK(replay_run(ctx, r->gate, fresh, &replay));
    CHECK_INT(replay.refused, 0);
    CHECK_STR(replay.first_wrong, "");
    store_close(fresh);
    ctx->world = r->world;
    sim_free(other);
}

/* Rounds of the crash test: one every day, more for the long run. */
static size_t rounds(void)
{
    const char *more = getenv("TONGBAN_STATES");
    return more == NULL ? 1 : (size_t)strtoul(more, NULL, 10);
}

/* One stop at the nth change, one loss of power, one look. Returns whether the workload ended
 * before it. */
static bool stop_and_look(struct test *t, struct ctx *ctx, struct world *base, uint64_t nth,
                          uint64_t chance, enum sim_loss how)
{
    struct rig r = {.t = t, .ctx = ctx, .world = sim_power_loss(base, nth, SIM_KEEP)};
    CHECK_OK(rig_open(&r));
    sim_stop_at(r.world, nth);
    bool whole = workload(&r) == ERR_OK;
    struct world *after = sim_power_loss(r.world, chance, how);
    rig_close(&r);
    sim_free(r.world);
    r.world = after;
    CHECK_OK(rig_open(&r));
    if (r.gate != NULL) {
        check_invariants(&r);
    }
    rig_close(&r);
    sim_free(after);
    return whole;
}

TEST(gate_loses_nothing_acknowledged_when_the_power_goes)
{
    struct rig base;
    rig_prepare(&base, t, ctx);
    static const enum sim_loss ways[] = {SIM_DROP, SIM_TORN, SIM_SUBSET, SIM_KEEP};
    size_t looks = 0;
    for (size_t round = 0; round < rounds(); round++) {
        bool whole = false;
        for (uint64_t nth = 1; !whole && nth < 400; nth++) {
            struct arena *arena = arena_new((size_t)1 << 30);
            struct ctx inner = {.arena = arena, .world = ctx->world};
            uint64_t chance = nth * 1000 + round;
            whole = stop_and_look(t, &inner, base.world, nth, chance,
                                  ways[(looks++ + round) % LEN(ways)]);
            arena_free(arena);
        }
        CHECK(whole);
    }
    CHECK(looks > 5 * rounds());
    ctx->world = world_real();
    sim_free(base.world);
}

/* The nth push of memory fails, for each n until the acts pass: an error each time, never a crash
 * or a half-done act, and the next try succeeds. */
TEST(gate_survives_every_failing_allocation)
{
    struct rig base;
    rig_prepare(&base, t, ctx);
    struct rig r = {.t = t, .ctx = ctx, .world = sim_power_loss(base.world, 1, SIM_KEEP)};
    CHECK_OK(rig_open(&r));
    CHECK_OK(workload(&r));
    uint64_t step = getenv("TONGBAN_STATES") == NULL ? 7 : 1;
    uint64_t failed = 0;
    bool passed = false;
    for (uint64_t nth = 1; !passed && nth < 100000; nth += step) {
        struct arena *arena = arena_new((size_t)1 << 30);
        struct arena_guard guard;
        struct ctx inner = {.arena = arena, .world = r.world};
        r.ctx = &inner;
        r.acked_count = 0;
        if (setjmp(guard.jump) == 0) {
            arena_guard(arena, &guard);
            arena_fail_at(nth);
            passed = workload(&r) == ERR_OK;
        }
        passed = passed && arena_fail_at_left() > 0;
        arena_fail_at(0);
        failed += !passed;
        r.ctx = ctx;
        arena_free(arena);
    }
    CHECK(passed);
    CHECK(failed > 50);
    r.acked_count = 0;
    CHECK_OK(workload(&r));
    check_invariants(&r);
    rig_close(&r);
    sim_free(r.world);
    sim_free(base.world);
    ctx->world = world_real();
}

TEST(gate_says_the_disk_is_full_and_goes_on_when_it_is_not)
{
    struct rig r;
    rig_prepare(&r, t, ctx);
    CHECK_OK(rig_open(&r));
    CHECK_OK(workload(&r));
    sim_capacity(r.world, 1);
    enum err e = workload(&r);
    CHECK_ERR(e, ERR_DISK_FULL);
    CHECK(!store_is_broken(r.store));
    sim_capacity(r.world, 0);
    CHECK_OK(workload(&r));
    check_invariants(&r);
    rig_close(&r);
    sim_free(r.world);
    ctx->world = world_real();
}

TEST(gate_stops_writing_after_a_failed_sync)
{
    struct rig r;
    rig_prepare(&r, t, ctx);
    CHECK_OK(rig_open(&r));
    sim_fail(r.world, SIM_SYNC, 1, EIO, false);
    CHECK(workload(&r) != ERR_OK);
    CHECK(sim_failed(r.world));
    CHECK(store_is_broken(r.store));
    CHECK(workload(&r) != ERR_OK); /* never sync again: it could report success for what is lost */
    struct world *after = sim_power_loss(r.world, 3, SIM_DROP);
    rig_close(&r);
    sim_free(r.world);
    r.world = after;
    CHECK_OK(rig_open(&r));
    CHECK_OK(workload(&r));
    check_invariants(&r);
    rig_close(&r);
    sim_free(r.world);
    ctx->world = world_real();
}

TEST(gate_holds_the_acts_of_the_clock_when_the_wall_clock_leaps)
{
    struct rig r;
    size_t count = 0;
    rig_prepare(&r, t, ctx);
    CHECK_OK(rig_open(&r));
    CHECK_OK(agenda_tick(ctx, r.agenda, &count));
    sim_advance(r.world, (struct span){60000});
    CHECK_OK(agenda_tick(ctx, r.agenda, &count));
    sim_clock_jump(r.world, (struct span){(int64_t)40 * 86400 * 1000});
    CHECK_ERR(agenda_tick(ctx, r.agenda, &count), ERR_CLOCK);
    CHECK_ERR(workload(&r), ERR_CLOCK); /* one act now would date all that come after it */
    sim_clock_jump(r.world, (struct span){-(int64_t)40 * 86400 * 1000});
    CHECK_OK(agenda_tick(ctx, r.agenda, &count)); /* it came back by itself */
    CHECK_OK(workload(&r));
    sim_clock_jump(r.world, (struct span){-(int64_t)86400 * 1000});
    CHECK_ERR(agenda_tick(ctx, r.agenda, &count), ERR_CLOCK);
    CHECK_ERR(workload(&r), ERR_CLOCK);
    rig_close(&r); /* a restart knows no steady clock, but the newest act */
    CHECK_OK(rig_open(&r));
    CHECK_ERR(agenda_tick(ctx, r.agenda, &count), ERR_CLOCK);
    CHECK_ERR(workload(&r), ERR_CLOCK);
    gate_trust_clock(r.gate);
    CHECK_OK(agenda_tick(ctx, r.agenda, &count));
    CHECK_OK(workload(&r)); /* recorded time does not step back */
    sim_clock_jump(r.world, (struct span){(int64_t)86400 * 1000});
    CHECK_ERR(workload(&r), ERR_CLOCK);
    rig_close(&r);
    CHECK_OK(rig_open(&r)); /* not before the newest act: the node was down, for all it knows */
    CHECK_OK(workload(&r));
    check_invariants(&r);
    rig_close(&r);
    sim_free(r.world);
    ctx->world = world_real();
}
