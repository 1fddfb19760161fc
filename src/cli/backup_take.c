/* backup_take.c - see backup.h.
 *
 * A store in the folder of a node that serves is copied by the process that serves, which hands its
 * rows out at its door (control.h); one at rest, and one in a database, is read here, in one view
 * of one instant. The copy is checked where it stands, and says last of all what it is: what has a
 * backup.json is whole. */
#include "cli/backup.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/control.h"
#include "store/copy.h"
#include "store/schema.h"

enum { FILE_MAX_BYTES = 1 << 20, CHUNK_BYTES = 65536 };

static enum err put_to_file(struct ctx *ctx, void *arg, struct str bytes)
{
    struct backup_taking *c = arg;
    struct world *w = ctx->world;
    while (bytes.n > 0) {
        int64_t put = w->pwrite(w, c->file, bytes.p, bytes.n, c->at);
        if (put <= 0) {
            return fault(ctx, put < 0 ? world_err(put) : ERR_IO, "cannot write the copy: %s",
                         put < 0 ? strerror((int)-put) : "nothing is taken");
        }
        c->at += put;
        bytes = str_slice(bytes, (size_t)put, bytes.n);
    }
    return ERR_OK;
}

/* From the door of the node that serves. */
static enum err rows_from_door(struct ctx *ctx, struct backup_taking *c, int door)
{
    char *bytes = arena_push_bytes(ctx->arena, CHUNK_BYTES);
    enum err e = ERR_OK;
    ssize_t got = 1;
    while (e == ERR_OK && got > 0) {
        got = read(door, bytes, CHUNK_BYTES);
        if (got < 0 && errno == EINTR) {
            got = 1;
            continue;
        }
        e = got < 0 ? fault(ctx, ERR_IO, "the node stopped answering: %s", strerror(errno))
                    : put_to_file(ctx, c, (struct str){bytes, (size_t)got});
    }
    close(door);
    return e;
}

/* From the store, by a reader of our own. */
static enum err rows_from_store(struct ctx *ctx, struct backup_taking *c)
{
    struct store *store = NULL;
    struct db *reader = NULL;
    struct str where = c->node.database.n > 0
                           ? c->node.database
                           : str_format(ctx->arena, "%.*s/store", FMT(c->node.dir));
    TRY(store_open(ctx, where, STORE_READ, &store));
    enum err e = store_reader(ctx, store, &reader);
    e = e == ERR_OK ? copy_take(ctx, reader, put_to_file, c) : e;
    db_close(reader);
    store_close(store);
    return e;
}

static enum err rows_write(struct ctx *ctx, struct backup_taking *c)
{
    struct world *w = ctx->world;
    const char *path = str_format(ctx->arena, "%.*s/rows", FMT(c->to)).p;
    int door = -1;
    c->at = 0;
    c->file = w->open(w, path, WORLD_READ | WORLD_WRITE | WORLD_CREATE | WORLD_EXCLUSIVE, 0600);
    if (c->file < 0) {
        return fault(ctx, world_err(c->file), "cannot make %s: %s", path, strerror(-c->file));
    }
    enum err e = ERR_NOT_FOUND;
    if (c->reader == NULL && c->node.database.n == 0) {
        e = control_ask(ctx, c->node.dir, "backup", &door);
    }
    if (c->reader != NULL) {
        e = copy_take(ctx, c->reader, put_to_file, c);
    } else if (e == ERR_OK) {
        e = rows_from_door(ctx, c, door);
    } else if (e == ERR_NOT_FOUND) {
        e = rows_from_store(ctx, c);
    }
    int synced = e == ERR_OK ? w->sync(w, c->file) : 0;
    w->close(w, c->file);
    if (e == ERR_OK && synced < 0) {
        e = fault(ctx, world_err(synced), "cannot sync %s: %s", path, strerror(-synced));
    }
    return e;
}

static enum err file_copy(struct ctx *ctx, struct backup_taking *c, const struct backup_file *f)
{
    struct str text = {0};
    const char *from = str_format(ctx->arena, "%.*s/%s", FMT(c->node.dir), f->name).p;
    const char *to = str_format(ctx->arena, "%.*s/%s", FMT(c->to), f->name).p;
    if (f->may_lack && ctx->world->exists(ctx->world, from) != 0) {
        return ERR_OK;
    }
    TRY(file_read(ctx, from, FILE_MAX_BYTES, &text));
    return file_write(ctx, to, text, 0600);
}

static enum err files_copy(struct ctx *ctx, struct backup_taking *c)
{
    const char *keys = str_format(ctx->arena, "%.*s/keys", FMT(c->to)).p;
    int r = ctx->world->mkdir(ctx->world, keys, 0700);
    if (r < 0) {
        return fault(ctx, world_err(r), "cannot make %s: %s", keys, strerror(-r));
    }
    for (size_t i = 0; i < backup_file_count; i++) {
        bool is_rows = strcmp(backup_files[i].name, "rows") == 0;
        if (!is_rows && (c->with_keys || !backup_files[i].is_private)) {
            TRY(file_copy(ctx, c, &backup_files[i]));
        }
    }
    return ERR_OK;
}

/* ---- backup.json ---- */

static enum err list_files(struct ctx *ctx, const struct backup_taking *c, struct json *ret)
{
    struct arena *a = ctx->arena;
    *ret = json_array();
    for (size_t i = 0; i < backup_file_count; i++) {
        const char *path = str_format(a, "%.*s/%s", FMT(c->to), backup_files[i].name).p;
        struct json file = json_object();
        struct str hex = {0};
        int64_t bytes = 0;
        if (ctx->world->exists(ctx->world, path) != 0) {
            continue;
        }
        TRY(file_digest(ctx, path, &hex, &bytes));
        json_set(a, &file, STR("name"), json_of_str(str_from(backup_files[i].name)));
        json_set(a, &file, STR("bytes"), json_of_int(bytes));
        json_set(a, &file, STR("sha256"), json_of_str(hex));
        json_push(a, ret, file);
    }
    return ERR_OK;
}

static void lacks(struct arena *a, struct json *list, struct str what, const char *so)
{
    struct json o = json_object();
    json_set(a, &o, STR("what"), json_of_str(what));
    json_set(a, &o, STR("so"), json_of_str(str_from(so)));
    json_push(a, list, o);
}

static struct json list_lacks(struct ctx *ctx, const struct backup_taking *c)
{
    struct arena *a = ctx->arena;
    struct json list = json_array();
    struct buf tables = buf_new(a, 0);
    if (!c->with_keys) {
        lacks(a, &list, STR("private keys"),
              "restore wants them from where they are kept apart (--keys): without them the node "
              "cannot sign, and one-time codes of the old login.key are not taken");
    }
    for (size_t i = 0; i < store_table_count(); i++) {
        const struct store_table *t = store_table_at(i);
        if (!store_table_is_copied(t)) {
            buf_format(&tables, "%s%.*s", tables.n == 0 ? "" : ", ", FMT(store_table_name(t)));
        }
    }
    lacks(a, &list, str_format(a, "sign-ins and codes that work once: %.*s", FMT(buf_str(&tables))),
          "everybody signs in again; applications ask for consent and tokens anew");
    lacks(
        a, &list, STR("acts after the copy was taken"),
        "what a newer checkpoint shows of them, restore --checkpoint says before anything is done");
    return list;
}

static enum err manifest_write(struct ctx *ctx, const struct backup_taking *c)
{
    struct arena *a = ctx->arena;
    struct json o = json_object();
    struct json files;
    TRY(list_files(ctx, c, &files));
    json_set(a, &o, STR("format"), json_of_int(1));
    json_set(a, &o, STR("node"), json_of_str(c->node.code));
    json_set(a, &o, STR("origin"), json_of_str(c->node.origin));
    json_set(a, &o, STR("taken_ms"), json_of_int(ctx->world->now(ctx->world).ms));
    json_set(a, &o, STR("data_version"), json_of_int(store_version()));
    json_set(a, &o, STR("tree_size"), json_of_int((int64_t)c->ledger.size));
    json_set(a, &o, STR("checkpoint"), json_of_str(c->ledger.note));
    json_set(a, &o, STR("rows"), json_of_int(c->ledger.rows));
    json_set(a, &o, STR("files"), files);
    json_set(a, &o, STR("without"), list_lacks(ctx, c));
    struct buf b = buf_new(a, 0);
    json_write(&b, &o);
    buf_byte(&b, '\n');
    return file_write(ctx, str_format(a, "%.*s/backup.json", FMT(c->to)).p, buf_str(&b), 0600);
}

enum err backup_take(struct ctx *ctx, struct backup_taking *c)
{
    const char *path = str_z(ctx->arena, c->to);
    int r = ctx->world->mkdir(ctx->world, path, 0700);
    if (r < 0) {
        return fault(ctx, world_err(r), "cannot make %s: %s", path, strerror(-r));
    }
    TRY(rows_write(ctx, c));
    TRY(files_copy(ctx, c));
    TRY(backup_check(ctx, c->to, c->node.origin, &c->ledger));
    return manifest_write(ctx, c);
}
