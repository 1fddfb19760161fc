/* Any bytes as an act at rest (the vault's JSON), and what it drafts put before the gate of a node
 * with the sample law: asked for, and submitted when it would be admitted. Its leaf must be what
 * the ledger takes, and the same when made again from what was kept. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "crypto/keyholder.h"
#include "book/book.h"
#include "gate/gate.h"
#include "gate/run.h"
#include "gate/read.h"
#include "store/schema.h"
#include "limit_gen.h"
#include "world_sim.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static struct gate *gate;
static struct store *store;
static struct arena *lasting;
static struct world *world;

static void tear_down(void)
{
    gate_close(gate);
    store_close(store);
    sim_free(world);
    arena_free(lasting);
}

static void submit(struct ctx *ctx, struct draft *d)
{
    struct receipt r = {.seq = -1};
    d->actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    must(gate_submit_wait(ctx, gate, d, &r) == ERR_OK && r.verdict.admitted);
}

static void publish(struct ctx *ctx, struct world *node, const char *folder)
{
    struct law_pack_source pack;
    struct law_problems problems;
    struct draft d;
    ctx->world = world_real();
    must(law_read_folder(ctx, folder, &pack) == ERR_OK);
    ctx->world = node;
    must(book_publish_draft(ctx, gate_book(gate), store_writer(store), &pack, &d, &problems) ==
         ERR_OK);
    submit(ctx, &d);
}

static void set_up(void)
{
    static const uint8_t seed[32] = {1};
    static const char *const acts[] = {
        "register-party",
        "{\"party.id\":\"p-lin\",\"party.kind\":\"person\",\"person.name\":\"林知夏\"}",
        "appoint-officer",
        "{\"officer.id\":\"o-clerk\",\"officer.name\":\"江一帆\",\"officer.office\":\"bh-market\","
        "\"officer.roles\":[\"clerk\"]}"};
    world = sim_new(1);
    must(atexit(tear_down) == 0);
    lasting = arena_new((size_t)1 << 30);
    struct ctx ctx = {.arena = lasting, .world = world};
    struct keyholder *keys = NULL;
    must(keyholder_in_memory(&ctx, seed, seed, &keys) == ERR_OK);
    must(store_open(&ctx, STR("node"), STORE_CREATE, &store) == ERR_OK &&
         store_migrate(&ctx, store) == ERR_OK);
    struct gate_config config = {
        .store = store, .keys = keys, .origin = STR("fuzz.example"), .node = STR("bh")};
    must(gate_new(&ctx, &config, &gate) == ERR_OK);
    publish(&ctx, world, "law/cn");
    publish(&ctx, world, "law/cn-990101");
    for (size_t i = 0; i < LEN(acts); i += 2) {
        struct draft d = {.kind = str_from(acts[i])};
        must(json_parse(&ctx, str_from(acts[i + 1]), STR("fields"), &d.fields) == ERR_OK);
        submit(&ctx, &d);
    }
}

static void try_act(struct ctx *ctx, struct db *db, struct str bytes)
{
    struct vault_content v;
    struct verdict verdict = {0};
    if (vault_read(ctx, bytes, &v) != ERR_OK ||
        gate_ask(ctx, gate, db, &v.draft, &verdict) != ERR_OK) {
        return;
    }
    if (!verdict.admitted) {
        must(verdict.code.n > 0);
        return;
    }
    struct receipt r = {.seq = -1};
    enum err e = gate_submit_wait(ctx, gate, &v.draft, &r);
    while (gate_run_once(gate) > 0) {
    }
    if (e != ERR_OK || r.seq < 0) {
        return;
    }
    struct act_record record;
    bool found = false;
    struct json leaf;
    struct buf again = buf_new(ctx->arena, 0);
    must(gate_act(ctx, gate, db, r.seq, &record, &found) == ERR_OK && found);
    must(record.leaf.n > 0 && record.leaf.n <= LIMIT_ENTRY_BYTES);
    must(json_parse(ctx, record.leaf, STR("leaf"), &leaf) == ERR_OK);
    must(json_write_canonical(ctx, &again, &leaf) == ERR_OK &&
         str_equal(buf_str(&again), record.leaf));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (gate == NULL) {
        set_up();
    }
    struct arena *arena = arena_new((size_t)256 << 20);
    struct ctx ctx = {.arena = arena, .world = world};
    struct db *db = NULL;
    must(store_reader(&ctx, store, &db) == ERR_OK);
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        try_act(&ctx, db, (struct str){(const char *)bytes, n});
    }
    arena_guard(arena, NULL);
    db_close(db);
    arena_free(arena);
    return 0;
}
