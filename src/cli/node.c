/* A node on disk: made, opened in an order that matters (the key holder is forked before any
 * thread, the views are filled before the gate opens, the agenda hears the gate before it starts),
 * and closed in the opposite one. */
#include "cli/node.h"
#include "book/book.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/world.h"
#include "cli/folder.h"
#include "cli/rooms.h"
#include "gate/run.h"
#include "ledger/note.h"
#include "oidc/oidc.h"
#include "replay/replay.h"
#include "store/schema.h"

enum { CODE_BYTES_MAX = 32, NAME_BYTES_MAX = 200 };

/* The store of a new node, empty: a node is never opened onto rows that are not there. */
static enum err store_make(struct ctx *ctx, struct str dir, struct str database)
{
    struct store *store = NULL;
    bool is_new = false;
    struct str where = database.n > 0 ? database : str_format(ctx->arena, "%.*s/store", FMT(dir));
    TRY(store_open(ctx, where, STORE_CREATE, &store));
    enum err e = store_is_new(ctx, store_writer(store), &is_new);
    if (e == ERR_OK && !is_new) {
        e = fault(ctx, ERR_DUPLICATE, "the database holds a node already: name an empty one");
    }
    e = e == ERR_OK ? store_migrate(ctx, store) : e;
    store_close(store);
    return e;
}

/* *ret_rows: the rows of a store that was empty are this node's. */
static enum err create(struct ctx *ctx, struct str dir, struct str code, struct text2 name,
                       struct str database, bool *ret_rows)
{
    struct arena *a = ctx->arena;
    struct world *w = ctx->world;
    const char *path = str_format(a, "%.*s/node.json", FMT(dir)).p;
    TRY(folder_is_free(ctx, dir));
    int made = w->mkdir(w, str_z(a, dir), 0700);
    if (made < 0 && made != -EEXIST) {
        return fault(ctx, world_err(made), "cannot make the folder %.*s", FMT(dir));
    }
    struct json o = json_object();
    json_set(a, &o, STR("version"), json_of_int(1));
    json_set(a, &o, STR("code"), json_of_str(code));
    json_set(a, &o, STR("origin"), json_of_str(str_format(a, "tongban.example/%.*s", FMT(code))));
    json_set(a, &o, STR("name_zh"), json_of_str(name.zh));
    json_set(a, &o, STR("name_en"), json_of_str(name.en));
    json_set(a, &o, STR("database"), json_of_str(database));
    struct buf b = buf_new(a, 0);
    json_write(&b, &o);
    buf_byte(&b, '\n');
    TRY(store_make(ctx, dir, database));
    *ret_rows = true;
    TRY(keys_create(ctx, dir));
    /* The keys others verify the ledger with, in the form of C2SP signed-note. */
    struct public_keys keys;
    struct str origin = json_text(&o, "origin");
    TRY(keys_public(ctx, dir, &keys));
    struct verifier ed25519 = verifier_ed25519(origin, keys.ed25519);
    struct verifier sm2 = verifier_sm2(origin, keys.sm2);
    struct str lines =
        str_format(a, "%.*s\n%.*s\n", FMT(verifier_text(a, &ed25519)), FMT(verifier_text(a, &sm2)));
    TRY(file_write(ctx, str_format(a, "%.*s/verifiers.txt", FMT(dir)).p, lines, 0644));
    return file_write(ctx, path, buf_str(&b), 0600);
}

enum err node_create(struct ctx *ctx, struct str dir, struct str code, struct text2 name,
                     struct str database)
{
    bool rows = false;
    return create(ctx, dir, code, name, database, &rows);
}

static enum err make_beside(struct ctx *ctx, struct str beside, struct str code, struct text2 name,
                            struct str database, node_fill *fill, void *arg, bool *ret_rows)
{
    struct node n;
    TRY(create(ctx, beside, code, name, database, ret_rows));
    TRY(node_open(ctx, beside, &n));
    enum err e = fill(ctx, &n, arg);
    node_close(&n);
    return e;
}

/* The folder of a node that did not come about is removed with its rows; in a database only its
 * tables can be. */
enum err node_rows_unmake(struct ctx *ctx, struct str database)
{
    struct store *store = NULL;
    enum err e = ERR_IN_USE;
    /* A server may hold the lock of the connection that ended for a moment longer. */
    for (int i = 0; i < 100 && e == ERR_IN_USE; i++) {
        usleep(i == 0 ? 0 : 20000);
        e = store_open(ctx, database, STORE_WRITE, &store);
    }
    e = e == ERR_OK ? store_unmake(ctx, store) : e;
    store_close(store);
    return e;
}

/* Its code stands in the number of each case and in the name of its ledger, which others write into
 * lines with spaces and slashes; its name on each page. */
static enum err names_check(struct ctx *ctx, struct str code, struct text2 name)
{
    bool plain = code.n > 0 && code.n <= CODE_BYTES_MAX;
    for (size_t i = 0; plain && i < code.n; i++) {
        char c = code.p[i];
        plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                c == '-' || c == '_' || c == '.';
    }
    if (!plain) {
        return fault(ctx, ERR_SYNTAX,
                     "the code of a node is 1 to %d letters, digits, \"-\", \"_\" and \".\"",
                     CODE_BYTES_MAX);
    }
    bool shows = name.zh.n > 0 && name.zh.n <= NAME_BYTES_MAX && utf8_is_valid(name.zh);
    for (size_t i = 0; shows && i < name.zh.n; i++) {
        shows = (unsigned char)name.zh.p[i] >= ' ' && name.zh.p[i] != 127;
    }
    return shows ? ERR_OK
                 : fault(ctx, ERR_SYNTAX, "the name of a node is one line of 1 to %d bytes",
                         NAME_BYTES_MAX);
}

/* Half a node would be served like a whole one, with no law or nobody in it. */
enum err node_make(struct ctx *ctx, struct str dir, struct str code, struct text2 name,
                   struct str database, node_fill *fill, void *arg)
{
    struct str to = folder_name(dir);
    struct str beside = {0};
    bool rows = false;
    TRY(names_check(ctx, code, name));
    TRY(folder_is_free(ctx, to));
    TRY(folder_beside(ctx, to, &beside));
    enum err e = make_beside(ctx, beside, code, name, database, fill, arg, &rows);
    e = e == ERR_OK ? folder_take_place(ctx, beside, to) : e;
    if (e != ERR_OK) {
        struct why why = ctx->why;
        enum err removed = folder_remove(ctx, str_z(ctx->arena, beside));
        (void)removed; /* what is said is why there is no node */
        if (rows && database.n > 0) {
            removed = node_rows_unmake(ctx, database);
        }
        ctx->why = why;
    }
    return e;
}

static enum err config_read(struct ctx *ctx, struct node *n, const char *name)
{
    struct str text = {0};
    struct json o;
    const char *path = str_format(ctx->arena, "%.*s/%s", FMT(n->dir), name).p;
    TRY(file_read(ctx, path, 65536, &text));
    TRY(json_parse(ctx, text, str_from(path), &o));
    if (json_int(&o, "version", 0) != 1) {
        return fault(ctx, ERR_VERSION,
                     "%s was written by a newer version of the program; use that one", path);
    }
    n->code = json_text(&o, "code");
    n->origin = json_text(&o, "origin");
    n->name = (struct text2){json_text(&o, "name_zh"), json_text(&o, "name_en")};
    n->database = json_text(&o, "database");
    n->issuer = json_text(&o, "issuer");
    n->writer = json_text(&o, "writer");
    return ERR_OK;
}

enum err node_config(struct ctx *ctx, struct node *n)
{
    TRY(folder_is_node(ctx, n->dir));
    return config_read(ctx, n, "node.json");
}

enum err node_front_config(struct ctx *ctx, struct node *n)
{
    const char *path = str_format(ctx->arena, "%.*s/front.json", FMT(n->dir)).p;
    if (ctx->world->exists(ctx->world, path) != 0) {
        return fault(ctx, ERR_NOT_FOUND,
                     "%.*s is no front's folder: one is made by tongban front export", FMT(n->dir));
    }
    return config_read(ctx, n, "front.json");
}

/* ---- the folder of a front on another machine ---- */

static enum err front_config_write(struct ctx *ctx, const struct node *n, const struct node *front,
                                   struct str dir)
{
    struct arena *a = ctx->arena;
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    json_set(a, &o, STR("version"), json_of_int(1));
    json_set(a, &o, STR("code"), json_of_str(n->code));
    json_set(a, &o, STR("origin"), json_of_str(n->origin));
    json_set(a, &o, STR("name_zh"), json_of_str(n->name.zh));
    json_set(a, &o, STR("name_en"), json_of_str(n->name.en));
    json_set(a, &o, STR("issuer"), json_of_str(front->issuer));
    json_set(a, &o, STR("writer"), json_of_str(front->writer));
    json_set(a, &o, STR("database"), json_of_str(front->database));
    json_write(&b, &o);
    buf_byte(&b, '\n');
    return file_write(ctx, str_format(a, "%.*s/front.json", FMT(dir)).p, buf_str(&b), 0600);
}

static enum err file_hand_on(struct ctx *ctx, struct str from, struct str to, const char *name)
{
    struct str bytes = {0};
    TRY(file_read(ctx, str_format(ctx->arena, "%.*s/%s", FMT(from), name).p, 4096, &bytes));
    return file_write(ctx, str_format(ctx->arena, "%.*s/%s", FMT(to), name).p, bytes, 0600);
}

static enum err folder_new(struct ctx *ctx, struct str dir, const char *name)
{
    const char *path = str_format(ctx->arena, "%.*s/%s", FMT(dir), name).p;
    int r = ctx->world->mkdir(ctx->world, path, 0700);
    return r < 0 ? fault(ctx, world_err(r), "cannot make the folder %s", path) : ERR_OK;
}

static enum err front_fill(struct ctx *ctx, const struct node *n, const struct node *front,
                           struct str dir)
{
    TRY(folder_new(ctx, dir, ""));
    TRY(folder_new(ctx, dir, "keys"));
    TRY(folder_new(ctx, dir, "tls"));
    TRY(file_hand_on(ctx, n->dir, dir, "keys/token.key"));
    TRY(file_hand_on(ctx, n->dir, dir, "login.key"));
    return front_config_write(ctx, n, front, dir);
}

enum err node_front_make(struct ctx *ctx, const struct node *n, const struct node *front)
{
    struct str to = folder_name(front->dir);
    struct str beside = {0};
    TRY(folder_is_free(ctx, to));
    TRY(folder_beside(ctx, to, &beside));
    enum err e = front_fill(ctx, n, front, beside);
    e = e == ERR_OK ? folder_take_place(ctx, beside, to) : e;
    if (e != ERR_OK) {
        struct why why = ctx->why;
        enum err removed = folder_remove(ctx, str_z(ctx->arena, beside));
        (void)removed; /* what is said is why there is no folder */
        ctx->why = why;
    }
    return e;
}

/* A line a second on a terminal, and one at the beginning and the end for logs; then whoever opens
 * the node is told. */
static bool tell_progress(void *arg, uint64_t size, uint64_t of)
{
    static int64_t told_ns;
    const struct node_part *part = arg;
    struct world *w = world_real();
    int64_t now = w->mono_ns(w);
    bool terminal = isatty(STDERR_FILENO) == 1;
    if (of == 0) {
        return true; /* a new node */
    }
    if (told_ns == 0 || size == of || (terminal && now - told_ns > 1000000000)) {
        fprintf(stderr,
                "%stongban: this program makes other views: rebuilding them, %llu of %llu acts%s",
                terminal ? "\r" : "", (unsigned long long)size, (unsigned long long)of,
                terminal && size < of ? "" : "\n");
        told_ns = now;
    }
    return part->progress == NULL || part->progress(part->progress_arg, size, of);
}

/* The rows a node was made with: when they are gone, a new and empty store must not pass for them.
 */
static enum err store_find(struct ctx *ctx, struct node *n, const struct node_part *part)
{
    bool is_new = false;
    struct str where =
        n->database.n > 0 ? n->database : str_format(ctx->arena, "%.*s/store", FMT(n->work));
    if (part->socket > 0) {
        return store_open_shared(ctx, where, STORE_BESIDE, part->share, &n->store);
    }
    enum err e = store_open_shared(ctx, where, STORE_WRITE, part->share, &n->store);
    pid_t user = e == ERR_IN_USE && n->database.n == 0 ? folder_user(ctx, n->dir) : 0;
    if (user > 0) {
        return folder_in_use(ctx, n->dir, user);
    }
    TRY(e);
    TRY(store_is_new(ctx, store_writer(n->store), &is_new));
    return is_new
               ? fault(ctx, ERR_NOT_FOUND,
                       "the database of %.*s is empty: it is not the one the node was made with; "
                       "restore a backup",
                       FMT(n->dir))
               : ERR_OK;
}

static enum err open_all(struct ctx *ctx, struct node *n, const struct node_part *part)
{
    bool is_front = part->socket > 0;
    bool is_apart = !str_equal(n->work, n->dir);
    TRY(folder_is_no_copy(ctx, n->dir));
    TRY(part->is_far ? node_front_config(ctx, n) : node_config(ctx, n));
    if (!is_front && !is_apart) {
        TRY(keyholder_start(ctx, n->dir, &n->keys));
    }
    if (!is_apart) {
        TRY(keyholder_start_tokens(ctx, n->dir, &n->token_keys));
    }
    TRY(store_find(ctx, n, part));
    if (!is_front) {
        /* Of one that was killed: whoever holds the store removes it. */
        TRY(scratch_sweep(ctx, n->work));
        TRY(store_migrate(ctx, n->store));
    }
    struct gate_config config = {.store = n->store,
                                 .keys = n->keys,
                                 .origin = n->origin,
                                 .node = n->code,
                                 .socket = part->socket,
                                 .loans = part->loans,
                                 .row = part->row};
    config.rooms = rooms_projectors(&config.room_count);
    config.keeps = rooms_keeps(ctx, &config.keep_count);
    if (!is_front) {
        struct node_part told = *part;
        TRY(replay_fill(ctx, &config, tell_progress, &told));
    }
    TRY(gate_new(ctx, &config, &n->gate));
    return is_front ? ERR_OK : agenda_new(ctx, n->gate, n->store, &n->agenda);
}

static enum err open_part(struct ctx *ctx, struct str dir, struct str work,
                          const struct node_part *part, struct node *ret)
{
    struct node n = {.dir = dir, .work = work};
    enum err e = open_all(ctx, &n, part);
    if (e != ERR_OK) {
        node_close(&n);
        return fault_pass(ctx, e, __func__);
    }
    *ret = n;
    return ERR_OK;
}

enum err node_open(struct ctx *ctx, struct str dir, struct node *ret)
{
    return open_part(ctx, dir, dir, &(struct node_part){0}, ret);
}

enum err node_open_apart(struct ctx *ctx, struct str dir, struct str work, struct node *ret)
{
    return open_part(ctx, dir, work, &(struct node_part){0}, ret);
}

enum err node_open_shared(struct ctx *ctx, struct str dir, const struct node_part *part,
                          struct node *ret)
{
    return open_part(ctx, dir, dir, part, ret);
}

void node_close(struct node *n)
{
    if (n->gate != NULL) {
        gate_stop(n->gate);
    }
    agenda_free(n->agenda);
    gate_close(n->gate);
    store_close(n->store);
    keyholder_stop(n->token_keys);
    keyholder_stop(n->keys);
    *n = (struct node){.dir = n->dir, .work = n->work};
}

static enum err refused_by_gate(struct ctx *ctx, const struct draft *d, const struct verdict *v)
{
    return fault(ctx, ERR_REFUSED, "the gate refused %.*s: %.*s %.*s (%.*s)", FMT(d->kind),
                 FMT(v->code), FMT(v->field), FMT(v->sentence.en));
}

static enum err by_node(struct ctx *ctx, struct node *n, struct draft *d)
{
    struct receipt r;
    d->actor = (struct actor){.kind = ACTOR_NODE, .assurance = 2};
    TRY(gate_submit_wait(ctx, n->gate, d, &r));
    return r.verdict.admitted ? ERR_OK : refused_by_gate(ctx, d, &r.verdict);
}

enum err node_publish(struct ctx *ctx, struct node *n, const char *folder)
{
    struct law_pack_source pack;
    struct law_problems problems = {0};
    struct draft d;
    TRY(law_read_folder(ctx, folder, &pack));
    enum err e =
        book_publish_draft(ctx, gate_book(n->gate), store_writer(n->store), &pack, &d, &problems);
    for (size_t i = 0; i < problems.count; i++) {
        const struct law_problem *p = &problems.items[i];
        fprintf(stderr, "%.*s/%.*s:%u: %.*s\n", FMT(p->pack), FMT(p->file), p->line,
                FMT(p->sentence));
    }
    TRY(e);
    return by_node(ctx, n, &d);
}

static void set(struct ctx *ctx, struct json *o, const char *name, struct str value)
{
    json_set(ctx->arena, o, str_from(name), json_of_str(value));
}

static enum err register_group(struct ctx *ctx, struct node *n, const struct json *list,
                               struct str kind)
{
    for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        const struct json *facts = json_get(&list->items[i], "facts");
        struct draft d = {.kind = STR("register-party"), .fields = json_object()};
        set(ctx, &d.fields, "party.id", json_text(&list->items[i], "id"));
        set(ctx, &d.fields, "party.kind", kind);
        for (size_t k = 0; facts != NULL && k < facts->count; k++) {
            json_set(ctx->arena, &d.fields, facts->members[k].key, facts->members[k].value);
        }
        TRY(by_node(ctx, n, &d));
    }
    return ERR_OK;
}

/* Sample people sign in by their register id, once they have set a password or a passkey. */
static enum err open_accounts(struct ctx *ctx, struct node *n, const struct json *list)
{
    for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count; i++) {
        struct draft d = {.kind = STR("open-account"), .fields = json_object()};
        set(ctx, &d.fields, "account.owner", json_text(&list->items[i], "id"));
        set(ctx, &d.fields, "account.name", json_text(&list->items[i], "id"));
        TRY(by_node(ctx, n, &d));
    }
    return ERR_OK;
}

enum err node_register_people(struct ctx *ctx, struct node *n, const struct json *people,
                              bool accounts)
{
    const struct json *officers = json_get(people, "officers");
    const struct json *relations = json_get(people, "relations");
    TRY(register_group(ctx, n, json_get(people, "persons"), STR("person")));
    TRY(register_group(ctx, n, json_get(people, "orgs"), STR("org")));
    for (size_t i = 0; json_is(officers, JSON_ARRAY) && i < officers->count; i++) {
        const struct json *o = &officers->items[i];
        const struct json *roles = json_get(o, "roles");
        struct draft d = {.kind = STR("appoint-officer"), .fields = json_object()};
        set(ctx, &d.fields, "officer.id", json_text(o, "id"));
        set(ctx, &d.fields, "officer.name", json_text(o, "name"));
        set(ctx, &d.fields, "officer.office", json_text(o, "office"));
        json_set(ctx->arena, &d.fields, STR("officer.roles"),
                 roles == NULL ? json_array() : *roles);
        if (json_text(o, "person").n > 0) {
            set(ctx, &d.fields, "officer.person", json_text(o, "person"));
        }
        TRY(by_node(ctx, n, &d));
    }
    const struct json *admins = json_get(people, "admins");
    TRY(open_accounts(ctx, n, accounts ? json_get(people, "persons") : NULL));
    TRY(open_accounts(ctx, n, accounts ? officers : NULL));
    for (size_t i = 0; json_is(admins, JSON_ARRAY) && i < admins->count; i++) {
        struct draft d = {.kind = STR("appoint-admin"), .fields = json_object()};
        set(ctx, &d.fields, "admin.id", json_text(&admins->items[i], "id"));
        set(ctx, &d.fields, "admin.name", json_text(&admins->items[i], "name"));
        set(ctx, &d.fields, "admin.role", json_text(&admins->items[i], "role"));
        set(ctx, &d.fields, "admin.person", json_text(&admins->items[i], "person"));
        TRY(by_node(ctx, n, &d));
    }
    TRY(open_accounts(ctx, n, accounts ? admins : NULL));
    for (size_t i = 0; json_is(relations, JSON_ARRAY) && i < relations->count; i++) {
        struct draft d = {.kind = STR("relate-party"), .fields = json_object()};
        set(ctx, &d.fields, "relation.from", json_text(&relations->items[i], "from"));
        set(ctx, &d.fields, "relation.to", json_text(&relations->items[i], "to"));
        set(ctx, &d.fields, "relation.kind", json_text(&relations->items[i], "kind"));
        TRY(by_node(ctx, n, &d));
    }
    return ERR_OK;
}

enum err node_register_institutions(struct ctx *ctx, struct node *n, const struct json *people)
{
    const struct json *institutions = json_get(people, "institutions");
    const struct json *clients = json_get(institutions, "clients");
    TRY(register_group(ctx, n, json_get(institutions, "orgs"), STR("org")));
    return json_is(clients, JSON_ARRAY) ? node_register_clients(ctx, n, clients) : ERR_OK;
}

static struct draft client_draft(const struct json *fields)
{
    return (struct draft){.kind = STR("register-client"),
                          .fields = *fields,
                          .actor = {.kind = ACTOR_NODE, .assurance = 2}};
}

/* Could the client be registered, after those before it in the list? */
static enum err client_may_enter(struct ctx *ctx, struct node *n, const struct json *list,
                                 size_t count, size_t at)
{
    struct verdict v;
    struct draft d = client_draft(&list[at]);
    struct str id = json_text(&list[at], "client.id");
    TRY(oidc_client_check(ctx, &list[at]));
    for (size_t i = 0; i < count; i++) {
        if (i != at && str_equal(json_text(&list[i], "client.id"), id)) {
            return fault(ctx, ERR_DUPLICATE, "the application %.*s is named twice", FMT(id));
        }
    }
    TRY(gate_ask(ctx, n->gate, store_writer(n->store), &d, &v));
    return v.admitted ? ERR_OK : refused_by_gate(ctx, &d, &v);
}

/* All of a list or none: each is asked about before the first enters. */
enum err node_register_clients(struct ctx *ctx, struct node *n, const struct json *clients)
{
    bool is_list = json_is(clients, JSON_ARRAY);
    const struct json *list = is_list ? clients->items : clients;
    size_t count = is_list ? clients->count : 1;
    for (size_t i = 0; i < count; i++) {
        TRY(client_may_enter(ctx, n, list, count, i));
    }
    for (size_t i = 0; i < count; i++) {
        struct draft d = client_draft(&list[i]);
        TRY(by_node(ctx, n, &d));
    }
    return ERR_OK;
}

enum err node_close_client(struct ctx *ctx, struct node *n, struct str id)
{
    bool open = false;
    struct draft d = {.kind = STR("close-client"), .fields = json_object()};
    TRY(oidc_client_is_open(ctx, store_writer(n->store), id, &open));
    if (!open) {
        return fault(ctx, ERR_NOT_FOUND, "no application %.*s is open", FMT(id));
    }
    set(ctx, &d.fields, "client.id", id);
    return by_node(ctx, n, &d);
}
