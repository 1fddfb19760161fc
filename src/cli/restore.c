/* restore.c - see restore.h.
 *
 * The order is the point. First the copy is looked at: every file against its digest, every entry
 * of the ledger against the signed head. Then it is held against the newest checkpoint of the node
 * that can be shown: a copy of yesterday lacks the acts of today, and a node that goes on from it
 * signs other acts in their places, which everybody who holds a newer checkpoint will see. How many
 * they are is said, and their number must be given back before anything is made.
 */
#include "cli/restore.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "cli/folder.h"
#include "gate_sql.h"
#include "http/client.h"
#include "ledger/note.h"
#include "store/copy.h"
#include "store/schema.h"

enum { FILE_MAX_BYTES = 1 << 20 };

/* ---- is the copy whole? ---- */

static const struct json *manifest_file(const struct restoring *r, const char *name)
{
    const struct json *files = json_get(&r->manifest, "files");
    for (size_t i = 0; json_is(files, JSON_ARRAY) && i < files->count; i++) {
        if (str_equal(json_text(&files->items[i], "name"), str_from(name))) {
            return &files->items[i];
        }
    }
    return NULL;
}

static enum err manifest_read(struct ctx *ctx, struct restoring *r)
{
    struct str text = {0};
    const char *path = str_format(ctx->arena, "%.*s/backup.json", FMT(r->node.dir)).p;
    if (ctx->world->exists(ctx->world, path) != 0) {
        return fault(
            ctx, ERR_NOT_FOUND,
            "%.*s is no copy of a node, or not a whole one: it has no backup.json, which is "
            "written last",
            FMT(r->node.dir));
    }
    TRY(file_read(ctx, path, FILE_MAX_BYTES, &text));
    TRY(json_parse(ctx, text, str_from(path), &r->manifest));
    if (json_int(&r->manifest, "format", 0) != 1) {
        return fault(ctx, ERR_VERSION, "%s is of a newer program: restore it with that one", path);
    }
    return ERR_OK;
}

static enum err files_check(struct ctx *ctx, const struct restoring *r)
{
    for (size_t i = 0; i < backup_file_count; i++) {
        const struct backup_file *f = &backup_files[i];
        const struct json *listed = manifest_file(r, f->name);
        const char *path = str_format(ctx->arena, "%.*s/%s", FMT(r->node.dir), f->name).p;
        struct str hex = {0};
        int64_t bytes = 0;
        bool there = ctx->world->exists(ctx->world, path) == 0;
        if (listed == NULL && (f->is_private || f->may_lack)) {
            continue;
        }
        if (!there || listed == NULL) {
            return fault(ctx, ERR_CORRUPT, "the copy lacks its file %s", f->name);
        }
        TRY(file_digest(ctx, path, &hex, &bytes));
        if (!str_equal(hex, json_text(listed, "sha256"))) {
            return fault(ctx, ERR_CORRUPT, "the copy's file %s was altered", f->name);
        }
    }
    return ERR_OK;
}

/* ---- what would be lost? ---- */

/* The head of a node's folder, at rest or in a database. */
static enum err newest_of_folder(struct ctx *ctx, struct str dir, struct str *ret)
{
    struct node n = {.dir = dir};
    struct store *store = NULL;
    struct db *reader = NULL;
    struct gate_head_get_row head = {0};
    bool found = false;
    TRY(node_config(ctx, &n));
    struct str where =
        n.database.n > 0 ? n.database : str_format(ctx->arena, "%.*s/store", FMT(dir));
    TRY(store_open(ctx, where, STORE_READ, &store));
    enum err e = store_reader(ctx, store, &reader);
    e = e == ERR_OK ? gate_head_get(ctx, reader, &head, &found) : e;
    db_close(reader);
    store_close(store);
    *ret = found ? head.note : STR("");
    return e;
}

static enum err newest_of_url(struct ctx *ctx, struct str url, struct str *ret)
{
    struct str path = str_ends(url, STR("/checkpoint")) ? STR("")
                      : str_ends(url, STR("/"))         ? STR("checkpoint")
                                                        : STR("/checkpoint");
    struct http_fetch request = {.url = str_format(ctx->arena, "%.*s%.*s", FMT(url), FMT(path)),
                                 .max_bytes = FILE_MAX_BYTES};
    struct http_fetched answer;
    TRY(http_fetch(ctx, &request, &answer));
    *ret = answer.body;
    return answer.status == 200
               ? ERR_OK
               : fault(ctx, ERR_NOT_FOUND, "%.*s answered %d", FMT(request.url), answer.status);
}

static enum err newest_read(struct ctx *ctx, struct restoring *r, const char *from)
{
    struct str where = str_from(from);
    if (str_starts(where, STR("http://")) || str_starts(where, STR("https://"))) {
        return newest_of_url(ctx, where, &r->newest);
    }
    const char *config = str_format(ctx->arena, "%s/node.json", from).p;
    return ctx->world->exists(ctx->world, config) == 0
               ? newest_of_folder(ctx, folder_name(where), &r->newest)
               : file_read(ctx, from, FILE_MAX_BYTES, &r->newest);
}

/* Its size and root; it must be signed by the keys of the copy, else it is of another ledger. */
static enum err newest_parse(struct ctx *ctx, const struct restoring *r, struct checkpoint *ret)
{
    struct public_keys keys;
    struct note note;
    TRY(keys_public(ctx, r->node.dir, &keys));
    struct verifier verifiers[2] = {verifier_ed25519(r->node.origin, keys.ed25519),
                                    verifier_sm2(r->node.origin, keys.sm2)};
    TRY(note_parse(ctx, r->newest, &note));
    if (note_verify(ctx, &note, verifiers, 2, NULL) != ERR_OK) {
        return fault(ctx, ERR_SIGNATURE, "the checkpoint shown is not signed by the keys of %.*s",
                     FMT(r->node.origin));
    }
    return checkpoint_parse(ctx, note.text, ret);
}

static void say_no_checkpoint(const struct restoring *r)
{
    printf("the copy ends with entry %lld; no newer checkpoint was shown (--checkpoint), so acts "
           "after it would be lost unseen\n",
           (long long)r->ledger.size - 1);
}

static void say_lost(const struct restoring *r, uint64_t newest)
{
    unsigned long long have = r->ledger.size;
    printf("%llu acts are lost: entries %llu to %llu, which the checkpoint shows and the copy "
           "lacks; what they did must be done again,\n"
           "and everybody who holds a checkpoint of more than %llu entries will see that the node "
           "signed others in their places\n",
           (unsigned long long)newest - have, have, (unsigned long long)newest - 1, have);
}

/* Says what is lost; ERR_REFUSED unless that was accepted. */
static enum err loss_tell(struct ctx *ctx, const struct restoring *r,
                          const struct checkpoint *newest, const char *accepted)
{
    if (newest->origin.n == 0) {
        if (!r->quiet) {
            say_no_checkpoint(r);
        }
        return ERR_OK;
    }
    if (newest->size <= r->ledger.size) {
        bool same = memcmp(newest->root, r->ledger.other_root, sizeof(newest->root)) == 0;
        if (!r->quiet) {
            printf("%s\n",
                   same ? "nothing is lost: the copy holds all that the checkpoint shows" : "");
        }
        return same ? ERR_OK
                    : fault(ctx, ERR_CORRUPT,
                            "the checkpoint shown, of %llu entries, is of another ledger than the "
                            "copy",
                            (unsigned long long)newest->size);
    }
    uint64_t lost = newest->size - r->ledger.size;
    uint64_t given = 0;
    if (!r->quiet) {
        say_lost(r, newest->size);
    }
    if (accepted == NULL || !str_to_u64(str_from(accepted), &given) || given != lost) {
        return fault(ctx, ERR_REFUSED,
                     "nothing was made; to go on without these acts: --accept-loss %llu",
                     (unsigned long long)lost);
    }
    return ERR_OK;
}

/* ---- the node ---- */

static enum err file_place(struct ctx *ctx, const struct restoring *r, const struct backup_file *f)
{
    struct str text = {0};
    struct str name = str_from(f->name);
    struct str plain = str_starts(name, STR("keys/")) ? str_slice(name, 5, name.n) : name;
    bool apart = f->is_private && r->keys != NULL;
    const char *from = apart ? str_format(ctx->arena, "%s/%.*s", r->keys, FMT(plain)).p
                             : str_format(ctx->arena, "%.*s/%s", FMT(r->node.dir), f->name).p;
    const char *to = str_format(ctx->arena, "%.*s/%s", FMT(r->to), f->name).p;
    if (!apart && manifest_file(r, f->name) == NULL) {
        return ERR_OK;
    }
    if (f->may_lack && ctx->world->exists(ctx->world, from) != 0) {
        return ERR_OK;
    }
    TRY(file_read(ctx, from, FILE_MAX_BYTES, &text));
    return file_write(ctx, to, text, str_ends(name, STR(".pub")) ? 0644 : 0600);
}

static enum err config_place(struct ctx *ctx, const struct restoring *r)
{
    struct str text = {0};
    struct json o;
    const char *from = str_format(ctx->arena, "%.*s/node.json", FMT(r->node.dir)).p;
    TRY(file_read(ctx, from, FILE_MAX_BYTES, &text));
    TRY(json_parse(ctx, text, str_from(from), &o));
    json_set(ctx->arena, &o, STR("database"), json_of_str(r->database));
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, &o);
    buf_byte(&b, '\n');
    return file_write(ctx, str_format(ctx->arena, "%.*s/node.json", FMT(r->to)).p, buf_str(&b),
                      0600);
}

static enum err store_fill(struct ctx *ctx, struct restoring *r, struct store *store)
{
    struct file_stream s;
    struct gate_head_get_row head = {0};
    bool found = false;
    bool is_new = false;
    TRY(store_is_new(ctx, store_writer(store), &is_new));
    if (!is_new) { /* one that was killed on the way to a node left tables and no ledger */
        TRY(gate_head_get(ctx, store_writer(store), &head, &found));
    }
    if (found) {
        return fault(ctx, ERR_DUPLICATE, "the database holds a node already: name an empty one");
    }
    r->has_tables = true;
    TRY(store_migrate(ctx, store));
    TRY(stream_open(ctx, str_format(ctx->arena, "%.*s/rows", FMT(r->node.dir)).p, &s));
    enum err e = copy_fill(ctx, store, stream_get, &s, BACKUP_CELL_BYTES, &r->rows);
    stream_close(ctx, &s);
    TRY(e);
    TRY(gate_head_get(ctx, store_writer(store), &head, &found));
    if (r->ledger.size > 0 && (!found || !str_equal(head.note, r->ledger.note))) {
        return fault(ctx, ERR_CORRUPT, "the store does not hold what was put into it");
    }
    return store_check(ctx, store_writer(store));
}

static enum err store_place(struct ctx *ctx, struct restoring *r)
{
    struct store *store = NULL;
    struct str where =
        r->database.n > 0 ? r->database : str_format(ctx->arena, "%.*s/store", FMT(r->to));
    TRY(store_open(ctx, where, STORE_CREATE, &store));
    enum err e = store_fill(ctx, r, store);
    store_close(store);
    return e;
}

enum err restore_make(struct ctx *ctx, struct restoring *r)
{
    const char *path = str_z(ctx->arena, r->to);
    const char *keys = str_format(ctx->arena, "%s/keys", path).p;
    int made = ctx->world->mkdir(ctx->world, path, 0700);
    made = made == 0 ? ctx->world->mkdir(ctx->world, keys, 0700) : made;
    if (made < 0) {
        return fault(ctx, world_err(made), "cannot make %s: %s", path, strerror(-made));
    }
    for (size_t i = 0; i < backup_file_count; i++) {
        bool own_way = strcmp(backup_files[i].name, "rows") == 0 ||
                       strcmp(backup_files[i].name, "node.json") == 0;
        if (!own_way) {
            TRY(file_place(ctx, r, &backup_files[i]));
        }
    }
    TRY(store_place(ctx, r));
    return config_place(ctx, r); /* last: with it the folder is a node's */
}

enum err restore_look(struct ctx *ctx, struct restoring *r, const char *checkpoint,
                      const char *accepted)
{
    struct checkpoint newest = {0};
    TRY(manifest_read(ctx, r));
    TRY(files_check(ctx, r));
    TRY(node_config(ctx, &r->node));
    if (checkpoint != NULL) {
        TRY(newest_read(ctx, r, checkpoint));
        TRY(newest_parse(ctx, r, &newest));
    }
    r->ledger.other_size = newest.size;
    TRY(backup_check(ctx, r->node.dir, r->node.origin, &r->ledger));
    return loss_tell(ctx, r, &newest, accepted);
}
