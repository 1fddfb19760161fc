/* stage.c - a node in a temporary folder. What the program does at start is done here in the same
 * order (store, migration, gate, agenda), so that what is played is what a node would do; only the
 * world is another. Syncing is left out: a played story makes a hundred durable commits, which take
 * seconds on a disk and prove nothing in a folder that is removed. */
#include "cli/stage.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/day.h"
#include "base/str.h"
#include "book/book.h"
#include "cli/node.h"
#include "cli/rooms.h"
#include "gate/run.h"
#include "store/schema.h"

static struct instant stage_now(struct world *w)
{
    return ((struct stage_world *)w->self)->now;
}

static int64_t stage_mono_ns(struct world *w)
{
    return ((struct stage_world *)w->self)->mono_ns;
}

static int no_sync(struct world *w, int file)
{
    (void)w;
    (void)file;
    return 0;
}

static int no_sync_dir(struct world *w, const char *path)
{
    (void)w;
    (void)path;
    return 0;
}

void stage_set(struct stage *s, struct day day, int hour)
{
    int64_t ms = day_start(day).ms + (int64_t)hour * 3600000;
    s->clock.mono_ns += (ms - s->clock.now.ms) * 1000000;
    s->clock.now.ms = ms;
}

/* A fresh folder under TMPDIR, else /tmp. */
static enum err temp_dir(struct ctx *ctx, struct str *ret)
{
    const char *base = getenv("TMPDIR");
    base = base == NULL || base[0] == '\0' ? "/tmp" : base;
    char *path = str_z(ctx->arena, str_format(ctx->arena, "%s/tongban-stage-XXXXXX", base));
    if (mkdtemp(path) == NULL) {
        return fault(ctx, ERR_IO, "cannot make a folder in %s", base);
    }
    *ret = str_from(path);
    return ERR_OK;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(path);
}

static void remove_folder(struct ctx *ctx, struct str dir)
{
    if (dir.n > 0) {
        nftw(str_z(ctx->arena, dir), remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}

void stage_leave(struct stage *s)
{
    agenda_free(s->agenda);
    gate_close(s->gate);
    store_close(s->store);
    s->agenda = NULL;
    s->gate = NULL;
    s->store = NULL;
}

static enum err open_gate(struct ctx *ctx, struct stage *s)
{
    TRY(store_open(ctx, s->dir, STORE_CREATE, &s->store));
    TRY(store_migrate(ctx, s->store));
    struct gate_config config = {.store = s->store,
                                 .keys = s->keys,
                                 .origin = STR("story.example/bh"),
                                 .node = STR("bh"),
                                 .rooms = s->rooms,
                                 .room_count = s->room_count};
    config.keeps = rooms_keeps(ctx, &config.keep_count);
    TRY(replay_fill(ctx, &config, NULL, NULL));
    TRY(gate_new(ctx, &config, &s->gate));
    return agenda_new(ctx, s->gate, s->store, &s->agenda);
}

static enum err open_all(struct ctx *ctx, struct stage *s)
{
    static const uint8_t seed[32] = {1};
    static const uint8_t secret[32] = {2};
    TRY(temp_dir(ctx, &s->dir));
    TRY(keyholder_in_memory(ctx, seed, secret, &s->keys));
    return open_gate(ctx, s);
}

enum err stage_open(struct ctx *ctx, struct stage *s, const struct projector *const *rooms,
                    size_t room_count, struct day begin)
{
    *s = (struct stage){.rooms = rooms, .room_count = room_count};
    s->clock.world = *world_real();
    s->clock.world.self = &s->clock;
    s->clock.world.now = stage_now;
    s->clock.world.mono_ns = stage_mono_ns;
    s->clock.world.sync = no_sync;
    s->clock.world.sync_dir = no_sync_dir;
    s->clock.mono_ns = 1;
    stage_set(s, begin, 9);
    ctx->world = &s->clock.world;
    enum err e = open_all(ctx, s);
    if (e != ERR_OK) {
        stage_close(ctx, s);
        return fault_pass(ctx, e, __func__);
    }
    return ERR_OK;
}

void stage_close(struct ctx *ctx, struct stage *s)
{
    stage_leave(s);
    remove_folder(ctx, s->dir);
    ctx->world = world_real();
}

enum err stage_reopen(struct ctx *ctx, struct stage *s)
{
    stage_leave(s);
    return open_gate(ctx, s);
}

enum err stage_submit(struct ctx *ctx, struct stage *s, const struct draft *draft,
                      struct receipt *ret)
{
    TRY(gate_submit_wait(ctx, s->gate, draft, ret));
    while (gate_run_once(s->gate) > 0) {
    }
    return ERR_OK;
}

enum err stage_tick(struct ctx *ctx, struct stage *s, size_t *ret_count)
{
    *ret_count = 0;
    do {
        size_t count = 0;
        TRY(agenda_tick(ctx, s->agenda, &count));
        *ret_count += count;
        while (gate_run_once(s->gate) > 0) {
        }
    } while (agenda_tick_more(s->agenda));
    return ERR_OK;
}

/* Stories are most of a pack's bytes and say nothing to a gate. */
static struct law_pack_source without_stories(struct arena *a, const struct law_pack_source *pack)
{
    struct law_file *files = ARENA_ARRAY(a, struct law_file, pack->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < pack->count; i++) {
        if (!str_starts(pack->files[i].path, STR("test/"))) {
            files[count++] = pack->files[i];
        }
    }
    return (struct law_pack_source){files, count};
}

enum err stage_publish(struct ctx *ctx, struct stage *s, const struct law_pack_source *pack,
                       struct law_problems *ret_problems)
{
    struct law_pack_source own = without_stories(ctx->arena, pack);
    struct draft d = {0};
    struct receipt r = {0};
    *ret_problems = (struct law_problems){0};
    TRY(book_publish_draft(ctx, gate_book(s->gate), store_writer(s->store), &own, &d,
                           ret_problems));
    d.actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    TRY(stage_submit(ctx, s, &d, &r));
    if (!r.verdict.admitted) {
        return fault(ctx, ERR_REFUSED, "the gate refused the pack: %.*s (%.*s)",
                     FMT(r.verdict.code), FMT(r.verdict.sentence.en));
    }
    return ERR_OK;
}

enum err stage_people(struct ctx *ctx, struct stage *s, const struct json *people)
{
    struct node n = {.gate = s->gate, .store = s->store};
    s->people = people;
    return node_register_people(ctx, &n, people, false);
}

enum err stage_institutions(struct ctx *ctx, struct stage *s)
{
    struct node n = {.gate = s->gate, .store = s->store};
    if (s->has_institutions || s->people == NULL) {
        return ERR_OK;
    }
    s->has_institutions = true;
    return node_register_institutions(ctx, &n, s->people);
}

enum err stage_replay(struct ctx *ctx, struct stage *s, struct replay_report *ret)
{
    struct store *fresh = NULL;
    struct str dir = {0};
    *ret = (struct replay_report){0};
    TRY(temp_dir(ctx, &dir));
    enum err e = store_open(ctx, dir, STORE_CREATE, &fresh);
    e = e == ERR_OK ? store_migrate(ctx, fresh) : e;
    e = e == ERR_OK ? replay_run(ctx, s->gate, fresh, ret) : e;
    store_close(fresh);
    remove_folder(ctx, dir);
    return e;
}
