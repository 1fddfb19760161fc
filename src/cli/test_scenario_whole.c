/* The steps of the scenario that take a node as a whole: an upgrade, a copy with the node made from
 * it. The copy goes the way of tongban backup and tongban restore, through the same functions, in
 * the world of the play, so that their every change of the disk can be the last one. What has its
 * name is whole: after whatever stopped a copy, there is none, or one from which a node comes. */
#include "cli/test_scenario.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/world.h"
#include "cli/folder.h"
#include "cli/restore.h"
#include "crypto/keyholder.h"
#include "store/copy.h"
#include "store/schema.h"

/* ---- rows ---- */

struct search {
    struct str text;
    bool found;
};

/* A value of a row comes in one piece (copy.c), with what stands around it. */
static enum err rows_search(struct ctx *ctx UNUSED, void *arg, struct str bytes)
{
    struct search *s = arg;
    s->found = s->found || memmem(bytes.p, bytes.n, s->text.p, s->text.n) != NULL;
    return ERR_OK;
}

bool play_rows_hold(struct play *p, struct ctx *ctx, struct str text)
{
    struct test *t = p->t;
    struct search search = {.text = text};
    struct db *db = NULL;
    CHECK_OK(store_reader(ctx, p->store, &db));
    CHECK_OK(copy_take(ctx, db, rows_search, &search));
    db_close(db);
    return search.found;
}

/* ---- an upgrade ---- */

static bool is_postgres(const struct play *p)
{
    return str_find(p->where, STR("=")) != SIZE_MAX;
}

static enum err upgrade(struct play *p, struct ctx *ctx)
{
    TRY(store_views_version(ctx, p->store, STR("of another program")));
    play_close(p);
    enum err e = play_open(p, ctx);
    /* A server may hold the lock of a connection that ended for a moment longer. */
    for (int i = 0; is_postgres(p) && e == ERR_IN_USE && i < 200; i++) {
        usleep(20000);
        e = play_open(p, ctx);
    }
    return e;
}

/* ---- a copy ---- */

struct copying {
    struct play *p;
    struct str folder; /* of the node, with what a copy takes besides rows */
    struct str copy;
    struct str made; /* the node made from it */
};

static struct str folder_of(struct ctx *ctx, const struct play *p)
{
    return is_postgres(p) ? STR("node") : str_copy(ctx->arena, p->where);
}

static enum err make_folder(struct ctx *ctx, const char *path)
{
    int made = ctx->world->mkdir(ctx->world, path, 0700);
    return made == 0 || made == -EEXIST ? ERR_OK
                                        : fault(ctx, world_err(made), "no folder %s", path);
}

static enum err key_write(struct ctx *ctx, struct str dir, const char *name, const uint8_t *key,
                          size_t n)
{
    const char *path = str_format(ctx->arena, "%.*s/keys/%s", FMT(dir), name).p;
    return file_write(ctx, path, hex_encode(ctx->arena, key, n), 0644);
}

/* The files that tongban init writes, for a node that was made without it. */
static enum err files_place(struct ctx *ctx, const struct play *p, struct str dir)
{
    struct arena *a = ctx->arena;
    const char *config = str_format(a, "%.*s/node.json", FMT(dir)).p;
    const struct public_keys *keys = keyholder_public(p->keys);
    TRY(make_folder(ctx, str_z(a, dir)));
    TRY(make_folder(ctx, str_format(a, "%.*s/keys", FMT(dir)).p));
    TRY(key_write(ctx, dir, "ed25519.pub", keys->ed25519, 32));
    TRY(key_write(ctx, dir, "sm2.pub", keys->sm2, 65));
    TRY(file_write(ctx, str_format(a, "%.*s/verifiers.txt", FMT(dir)).p, STR("of the play\n"),
                   0644));
    return file_write(
        ctx, config, STR("{\"version\":1,\"code\":\"bh\",\"origin\":\"play.example/bh\"}\n"), 0600);
}

static enum err take(struct ctx *ctx, struct copying *c)
{
    struct backup_taking t = {.node = {.dir = c->folder}};
    TRY(files_place(ctx, c->p, c->folder));
    TRY(node_config(ctx, &t.node));
    TRY(folder_beside(ctx, c->copy, &t.to));
    TRY(store_reader(ctx, c->p->store, &t.reader));
    enum err e = backup_take(ctx, &t);
    db_close(t.reader);
    return e == ERR_OK ? folder_take_place(ctx, t.to, c->copy) : e;
}

static enum err make(struct ctx *ctx, struct copying *c)
{
    struct restoring r = {.node = {.dir = c->copy}, .quiet = true};
    TRY(restore_look(ctx, &r, NULL, NULL));
    TRY(folder_beside(ctx, c->made, &r.to));
    TRY(restore_make(ctx, &r));
    return folder_take_place(ctx, r.to, c->made);
}

struct sweep {
    struct ctx *ctx;
    struct str dir;
};

static void sweep_one(void *arg, const char *name, bool is_dir);

/* The folders themselves stay, empty: their names are taken once. */
static void sweep(struct ctx *ctx, struct str dir)
{
    struct sweep s = {ctx, dir};
    const char *path = str_z(ctx->arena, dir);
    (void)ctx->world->list(ctx->world, path, sweep_one, &s);
    (void)ctx->world->sync_dir(ctx->world, path);
}

static void sweep_one(void *arg, const char *name, bool is_dir)
{
    const struct sweep *s = arg;
    struct str path = str_format(s->ctx->arena, "%.*s/%s", FMT(s->dir), name);
    if (is_dir) {
        sweep(s->ctx, path);
    } else {
        (void)s->ctx->world->remove(s->ctx->world, path.p);
    }
}

/* The node made from the copy holds what was answered, and stands as this one does. */
static void look_at(struct play *p, struct ctx *ctx, struct str made)
{
    struct test *t = p->t;
    struct store *store = p->store;
    struct gate *gate = p->gate;
    struct agenda *agenda = p->agenda;
    struct str where = p->where;
    p->where = str_format(ctx->arena, "%.*s/store", FMT(made));
    CHECK_OK(play_open(p, ctx));
    if (p->gate != NULL) {
        play_look(p, ctx, !p->hasty);
        play_close(p);
    }
    p->where = where;
    p->store = store;
    p->gate = gate;
    p->agenda = agenda;
}

void play_forget_made(struct play *p, struct ctx *ctx)
{
    struct str number = str_from(p->made);
    struct str folder = folder_of(ctx, p);
    if (number.n > 0) {
        sweep(ctx, str_format(ctx->arena, "%.*s-copy-%.*s", FMT(folder), FMT(number)));
        sweep(ctx, str_format(ctx->arena, "%.*s-made-%.*s", FMT(folder), FMT(number)));
    }
    p->made[0] = 0;
}

void play_look_at_made(struct play *p, struct ctx *ctx)
{
    struct str number = str_copy(ctx->arena, str_from(p->made));
    if (number.n > 0) {
        struct str folder = folder_of(ctx, p);
        p->made[0] = 0; /* the look at it is no look at one that it made */
        look_at(p, ctx, str_format(ctx->arena, "%.*s-made-%.*s", FMT(folder), FMT(number)));
        snprintf(p->made, sizeof(p->made), "%.*s", FMT(number));
        play_forget_made(p, ctx);
    }
}

static enum err copy_and_make(struct play *p, struct ctx *ctx)
{
    struct copying c = {.p = p, .folder = folder_of(ctx, p)};
    uint32_t number = 0;
    ctx->world->random(ctx->world, &number, sizeof(number));
    c.copy = str_format(ctx->arena, "%.*s-copy-%08x", FMT(c.folder), (unsigned)number);
    c.made = str_format(ctx->arena, "%.*s-made-%08x", FMT(c.folder), (unsigned)number);
    TRY(take(ctx, &c));
    TRY(make(ctx, &c));
    snprintf(p->made, sizeof(p->made), "%08x", (unsigned)number);
    return ERR_OK;
}

enum err play_whole(struct play *p, struct ctx *ctx, size_t step)
{
    return json_bool(&p->steps->items[step], "upgrade", false) ? upgrade(p, ctx)
                                                               : copy_and_make(p, ctx);
}
