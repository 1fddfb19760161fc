/* backup: copy a node as a folder (backup.h), also while it serves.
 *
 * A store in the folder of a node that serves is copied by the process that serves, which hands its
 * rows out at its door (control.h); one at rest, and one in a database, this command reads itself,
 * in one view of one instant. All is written beside the place it will have, checked there, synced,
 * and then named: what has the name is whole.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/backup.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/control.h"
#include "cli/folder.h"
#include "store/copy.h"
#include "store/schema.h"

enum { FILE_MAX_BYTES = 1 << 20, CHUNK_BYTES = 65536 };

static const char usage[] =
    "usage: tongban backup DIR TO [--with-keys]   copy the node in DIR, also one that serves, to "
    "the "
    "new folder TO\n"
    "The copy is checked: its ledger must be the one its keys signed. It holds no sign-ins, no "
    "codes "
    "that work once, and\n"
    "no private keys unless --with-keys is given; TO/backup.json says what it holds and what it "
    "lacks.\n";

struct copying {
    struct node node; /* dir, and what node.json says */
    struct str to;    /* where it is written */
    bool with_keys;
    struct backup_ledger ledger;
    int file;
    int64_t at;
};

static enum err put_to_file(struct ctx *ctx, void *arg, struct str bytes)
{
    struct copying *c = arg;
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
static enum err rows_from_door(struct ctx *ctx, struct copying *c, int door)
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
static enum err rows_from_store(struct ctx *ctx, struct copying *c)
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

static enum err rows_write(struct ctx *ctx, struct copying *c)
{
    struct world *w = ctx->world;
    const char *path = str_format(ctx->arena, "%.*s/rows", FMT(c->to)).p;
    int door = -1;
    c->file = w->open(w, path, WORLD_READ | WORLD_WRITE | WORLD_CREATE | WORLD_EXCLUSIVE, 0600);
    if (c->file < 0) {
        return fault(ctx, world_err(c->file), "cannot make %s: %s", path, strerror(-c->file));
    }
    enum err e =
        c->node.database.n > 0 ? ERR_NOT_FOUND : control_ask(ctx, c->node.dir, "backup", &door);
    if (e == ERR_OK) {
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

static enum err file_copy(struct ctx *ctx, struct copying *c, const struct backup_file *f)
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

static enum err files_copy(struct ctx *ctx, struct copying *c)
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

static enum err list_files(struct ctx *ctx, const struct copying *c, struct json *ret)
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

static struct json list_lacks(struct ctx *ctx, const struct copying *c)
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

static enum err manifest_write(struct ctx *ctx, const struct copying *c)
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

static enum err take(struct ctx *ctx, struct copying *c)
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

static void tell(const struct copying *c, const char *to)
{
    printf(
        "copied %.*s to %s: %llu entries of the ledger %.*s, as its keys signed them; %lld rows, "
        "%lld files\n",
        FMT(c->node.code), to, (unsigned long long)c->ledger.size, FMT(c->node.origin),
        (long long)c->ledger.rows, (long long)c->ledger.files);
    printf("without: sign-ins and codes that work once%s\n",
           c->with_keys ? "; it holds the private keys: keep it as you keep them"
                        : "; private keys (--with-keys)");
}

static int body(struct cmd *cmd)
{
    struct ctx *ctx = &cmd->ctx;
    struct copying *c = ARENA_NEW(ctx->arena, struct copying);
    c->with_keys = cmd_flag(cmd, "--with-keys");
    if (cmd->argc != 3) {
        return 2;
    }
    struct str to = folder_name(str_from(cmd->argv[2]));
    c->node.dir = folder_name(str_from(cmd->argv[1]));
    ending_hold();
    if (folder_is_no_copy(ctx, c->node.dir) != ERR_OK || node_config(ctx, &c->node) != ERR_OK ||
        folder_is_free(ctx, to) != ERR_OK || folder_beside(ctx, to, &c->to) != ERR_OK) {
        return cmd_fail(cmd);
    }
    enum err e = ending_removes(ctx, c->to.p);
    e = e == ERR_OK ? take(ctx, c) : e;
    e = e == ERR_OK ? folder_take_place(ctx, c->to, to) : e;
    if (e != ERR_OK) {
        struct why why = ctx->why;
        enum err removed = folder_remove(ctx, c->to.p);
        (void)removed; /* what is said is why there is no copy */
        ctx->why = why;
        return cmd_fail(cmd);
    }
    tell(c, cmd->argv[2]);
    return 0;
}

int cmd_backup(int argc, char **argv)
{
    return cmd_run(argc, argv, usage, body);
}
