/* serve and demo: open a node, open the doors, keep time, stop in order.
 *
 * A node is served by one process that writes and keeps time, and by fronts that talk to the world
 * (family.h). With --fronts 0 one process does it all. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/token.h"
#include "base/encode.h"
#include "base/world.h"
#include "book/lending.h"
#include "cli/cmd.h"
#include "cli/commands.h"
#include "cli/control.h"
#include "cli/family.h"
#include "cli/far.h"
#include "cli/folder.h"
#include "cli/node.h"
#include "cli/rebuild.h"
#include "cli/rooms.h"
#include "cli/serving.h"
#include "gate/relay.h"
#include "gate/run.h"
#include "http/server.h"
#include "limit_gen.h"
#include "login/login.h"
#include "oidc/oidc.h"

enum { IN_USE_TRIES = 10, IN_USE_MS = 100 };

static const char serve_usage[] =
    "usage: tongban serve DIR [--listen ADDRESS]… [--issuer URL] [--fronts N] [--fronts-at "
    "ADDRESS]\n"
    "Runs a node (made by init); ADDRESS is 127.0.0.1:8080 unless given\n"
    "--fronts: so many processes serve clients beside the one that writes; one a core unless "
    "given, "
    "0: one process does all.\n"
    "--fronts-at: fronts on other machines come there (tongban front --help), which a node on "
    "PostgreSQL may have;\n"
    "DIR/tls holds the certificates (docs/use/fronts.md).\n"
    "--issuer (or \"issuer\" in node.json) is the https address under which others rely on the "
    "identity it checks; without it\n"
    "a node at a loopback address says http://ADDRESS, and any other is no identity provider for "
    "others.\n";
static const char demo_usage[] =
    "usage: tongban demo [--dir D] [--port P] [--law FOLDER] [--database CONNECTION] [--clients "
    "FILE] [--fronts N] [--fronts-at ADDRESS]\n"
    "Makes a node with sample law and people in D (default demo), serves it, prints address and "
    "sign-ins;\n"
    "D/demo.json keeps them. P is 8080 unless given; 0 takes any free one. Everything in it is "
    "invented.\n"
    "--clients registers applications that rely on its identity (tongban client --help).\n";
static const char init_usage[] =
    "usage: tongban init DIR --code CODE --name NAME [--database CONNECTION] --pack FOLDER…\n"
    "Makes a node: folder, keys, empty ledger, and the packs published by its first acts.\n";

static enum err demo_tell(struct ctx *ctx, const struct serving *s, struct str address);

/* ---- one process opens, works, ends ---- */

/* A node that was killed a moment ago may not have let go of its folder yet. While its views are
 * made anew, clients are told at the sockets. */
static enum err open_node(struct ctx *ctx, struct serving *s, struct str dir)
{
    struct node_part part = {.share = s->share,
                             .loans = s->loans,
                             .progress = rebuild_tell,
                             .progress_arg = &s->rebuild};
    struct str issuer = s->node.issuer;
    enum err e = ERR_IN_USE;
    for (int i = 0; e == ERR_IN_USE && i < IN_USE_TRIES; i++) {
        const struct timespec pause = {.tv_nsec = IN_USE_MS * 1000000};
        if (i > 0) {
            nanosleep(&pause, NULL);
            ctx->why = (struct why){0};
        }
        e = node_open_shared(ctx, dir, &part, &s->node);
    }
    rebuild_end(&s->rebuild);
    s->node.issuer = issuer.n > 0 ? issuer : s->node.issuer;
    return e;
}

/* Before the processes are shut in, which cannot see who has a folder. */
static enum err wait_unused(struct ctx *ctx, const struct node *n)
{
    pid_t user = n->database.n > 0 ? 0 : folder_user(ctx, n->dir);
    for (int i = 1; user > 0 && i < IN_USE_TRIES; i++) {
        const struct timespec pause = {.tv_nsec = IN_USE_MS * 1000000};
        nanosleep(&pause, NULL);
        user = folder_user(ctx, n->dir);
    }
    return user == 0 ? ERR_OK : folder_in_use(ctx, n->dir, user);
}

/* A process that was asked to end while it opened the node ends well. */
static int fail_or_end(struct cmd *c, enum err e)
{
    if (e != ERR_CANCELLED) {
        return cmd_fail(c);
    }
    fprintf(stderr, "tongban: %.*s\n", FMT(c->ctx.why.detail));
    return 0;
}

/* The pool, with what rooms keep for their jobs. */
static enum err open_jobs(struct ctx *ctx, struct serving *s)
{
    struct job_state *states = ARENA_NEW(ctx->arena, struct job_state);
    struct jobs_config config = {
        .gate = s->node.gate, .store = s->node.store, .states = states, .state_count = 1};
    states[0] = (struct job_state){"oidc", s->oidc};
    config.kinds = rooms_jobs(ctx, &config.kind_count);
    TRY(jobs_new(ctx, &config, &s->jobs));
    return jobs_start(ctx, s->jobs);
}

static void say_serving(struct ctx *ctx, struct serving *s)
{
    for (size_t i = 0; i < s->socket_count; i++) {
        printf("serving http://%.*s/\n", FMT(s->address[i]));
        if (i == 0 && s->issuer.n > 0) {
            printf("issuer: %.*s%s\n", FMT(s->issuer),
                   str_starts(s->issuer, STR("http:"))
                       ? " (http at a loopback address: for trying out only)"
                       : "");
        }
        if (s->demo_dir.n > 0 && demo_tell(ctx, s, s->address[i]) != ERR_OK) {
            fprintf(stderr, "tongban: demo.json: %.*s\n", FMT(ctx->why.detail));
        }
    }
    if (s->far_socket != 0) {
        printf("fronts of other machines: %.*s\n", FMT(s->far_address));
    }
    printf("confined: seccomp%s\n", s->confined.paths ? ", Landlock: only the node's folder" : "");
    fflush(stdout);
}

/* What is done by the process that writes, and by nobody else. */
static enum err start_writing(struct ctx *ctx, struct serving *s)
{
    if (s->people_count > 0) {
        TRY(login_give_codes(ctx, s->node.gate, s->people, s->people_count));
    }
    TRY(gate_start(ctx, s->node.gate));
    TRY(open_jobs(ctx, s));
    TRY(control_start(ctx, s->control));
    return s->issuer.n > 0 ? oidc_start(ctx, s->oidc) : ERR_OK;
}

/* ---- one process for all ---- */

static int serve_alone(struct cmd *c, struct serving *s)
{
    struct ctx *ctx = &c->ctx;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    bool far = s->far_socket != 0; /* else nobody is relayed to */
    enum err e = login_make_key(ctx, s->node.dir);
    e = e == ERR_OK ? serving_shut_in(ctx, s) : e; /* before there are threads: each is shut in */
    e = e == ERR_OK ? serving_doors(ctx, s) : e;
    e = e == ERR_OK ? control_open(ctx, &s->health, &s->control) : e;
    if (e == ERR_OK) {
        say_serving(ctx, s);
        e = far ? relay_new(ctx, s->node.gate, &s->relay) : e;
        e = e == ERR_OK ? start_writing(ctx, s) : e;
        e = e == ERR_OK && far ? relay_start(ctx, s->relay) : e;
        e = e == ERR_OK ? far_door_open(ctx, s) : e;
        e = e == ERR_OK ? http_start(ctx, s->server) : e;
    }
    int wait_ms = 0;
    bool asked = false;
    while (e == ERR_OK && !asked && serving_keep_time(ctx, s, &wait_ms)) {
        const struct timespec wait = {.tv_sec = wait_ms / 1000,
                                      .tv_nsec = (long)(wait_ms % 1000) * 1000000};
        asked = sigtimedwait(&stop, NULL, &wait) > 0;
    }
    int code = e != ERR_OK ? cmd_fail(c) : asked ? 0 : 1;
    serving_stop(s);
    return code;
}

/* ---- one that writes, and fronts ---- */

static void fronts_close(void *arg)
{
    struct serving *s = arg;
    for (size_t i = 0; i < s->socket_count; i++) {
        close(s->socket[i]);
    }
    s->socket_count = 0;
}

static enum err writer_open(struct ctx *ctx, struct serving *s)
{
    TRY(open_node(ctx, s, s->node.dir));
    fronts_close(s);
    TRY(login_make_key(ctx, s->node.dir)); /* fronts read it; none makes one */
    TRY(serving_oidc(ctx, s));             /* its jobs run here */
    TRY(control_open(ctx, &s->health, &s->control));
    TRY(relay_new(ctx, s->node.gate, &s->relay));
    TRY(start_writing(ctx, s));
    TRY(relay_start(ctx, s->relay));
    return far_door_open(ctx, s);
}

static int writer_main(void *arg, struct family_orders *orders)
{
    struct serving *s = arg;
    struct ctx *ctx = &s->cmd->ctx;
    int wait_ms = 0;
    s->health.ends = getppid();
    enum err e = writer_open(ctx, s);
    bool asked = e == ERR_OK && !family_say_open(orders);
    while (e == ERR_OK && !asked && serving_keep_time(ctx, s, &wait_ms)) {
        int socket = -1;
        enum family_event event = family_wait(orders, wait_ms, &socket);
        if (event == FAMILY_FRONT && relay_add(ctx, s->relay, socket) != ERR_OK) {
            close(socket); /* the front sees that it has no writer */
        }
        asked = event == FAMILY_STOP;
    }
    int code = e != ERR_OK ? fail_or_end(s->cmd, e) : asked ? 0 : 1;
    serving_stop(s);
    return code;
}

static int front_main(void *arg, int index, int socket, struct family_orders *orders)
{
    struct serving *s = arg;
    struct ctx *ctx = &s->cmd->ctx;
    struct str issuer = s->node.issuer;
    int wait_ms = 0;
    int none = -1;
    s->row = index;
    struct node_part part = {.share = s->share, .loans = s->loans, .socket = socket, .row = index};
    if (s->far_socket != 0) {
        close(s->far_socket); /* it is the writer's */
    }
    enum err e = law_loans_read_only(ctx, s->loans);
    e = e == ERR_OK ? node_open_shared(ctx, s->node.dir, &part, &s->node) : e;
    s->node.issuer = issuer;
    e = e == ERR_OK ? gate_start(ctx, s->node.gate) : e; /* before it wants to know of law */
    e = e == ERR_OK ? serving_doors(ctx, s) : e;
    e = e == ERR_OK ? http_start(ctx, s->server) : e;
    bool asked = false;
    /* Without a writer it answers what comes until the parent ends it. */
    while (e == ERR_OK && !asked && serving_keep_time(ctx, s, &wait_ms)) {
        asked = family_wait(orders, wait_ms, &none) == FAMILY_STOP;
    }
    int code = e != ERR_OK ? cmd_fail(s->cmd) : asked ? 0 : 1;
    serving_stop(s);
    return code;
}

static void say_open(void *arg)
{
    struct serving *s = arg;
    say_serving(&s->cmd->ctx, s);
}

static int serve_family(struct cmd *c, struct serving *s)
{
    struct family f = {.arg = s,
                       .fronts = s->fronts,
                       .writer = writer_main,
                       .front = front_main,
                       .is_open = say_open,
                       .stops = fronts_close};
    if (wait_unused(&c->ctx, &s->node) != ERR_OK || store_share_new(&c->ctx, &s->share) != ERR_OK ||
        law_loans_new(&c->ctx, &s->loans) != ERR_OK ||
        http_counts_new(&c->ctx, s->fronts, &s->counts) != ERR_OK ||
        serving_shut_in(&c->ctx, s) != ERR_OK) {
        return cmd_fail(c);
    }
    int code = family_run(&c->ctx, &f);
    http_counts_free(s->counts);
    law_loans_free(s->loans);
    store_share_free(s->share);
    return code;
}

/* ---- both ---- */

/* What node.json says of the node in a folder, and nothing opened. */
static enum err node_named(struct ctx *ctx, struct str dir, struct node *ret)
{
    *ret = (struct node){.dir = dir};
    return node_config(ctx, ret);
}

/* Sockets at which clients come, before anything that may take long. What node.json says is known,
 * if there is one yet. */
static enum err doors_bind(struct cmd *c, struct serving *s, const char *const *listens,
                           size_t count)
{
    struct ctx *ctx = &c->ctx;
    s->cmd = c;
    TRY(serving_bind(ctx, s, listens, count));
    s->rebuild = (struct rebuild){.sockets = s->socket,
                                  .addresses = s->address,
                                  .socket_count = s->socket_count,
                                  .dir = s->node.dir,
                                  .name = s->node.name};
    return rebuild_new(ctx, &s->rebuild);
}

/* The door for fronts of other machines, where it is asked for: what is wrong with it is said
 * before anything is made or opened. */
static enum err far_bind(struct ctx *ctx, struct serving *s, const char *fronts_at)
{
    return fronts_at == NULL ? ERR_OK : far_door_bind(ctx, s, fronts_at);
}

static int serve_opened(struct cmd *c, struct serving *s)
{
    return s->fronts > 0 ? serve_family(c, s) : serve_alone(c, s);
}

/* The cores this process may run on. */
static uint64_t cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return (uint64_t)(n > LIMIT_FRONTS ? LIMIT_FRONTS : n > 1 ? n : 1);
}

/* --fronts N, one a core unless given; false for what is no number of them. */
static bool read_fronts(struct cmd *c, struct serving *s)
{
    const char *fronts = cmd_option(c, "--fronts");
    uint64_t n = cores();
    bool good = fronts == NULL || (str_to_u64(str_from(fronts), &n) && n <= LIMIT_FRONTS);
    s->fronts = (int)n;
    return good;
}

static int serve_body(struct cmd *c)
{
    const char *listens[SERVING_LISTENS];
    size_t count = 0;
    const char *issuer = cmd_option(c, "--issuer");
    const char *fronts_at = cmd_option(c, "--fronts-at");
    for (const char *l = cmd_option(c, "--listen"); l != NULL && count < LEN(listens);
         l = cmd_option(c, "--listen")) {
        listens[count++] = l;
    }
    if (count == 0) {
        listens[count++] = "127.0.0.1:8080";
    }
    struct serving *s = ARENA_NEW(c->ctx.arena, struct serving);
    if (!read_fronts(c, s) || c->argc != 2) {
        return 2;
    }
    serving_mask_signals();
    struct ctx *ctx = &c->ctx;
    struct str dir = str_from(c->argv[1]);
    enum err e = node_named(ctx, dir, &s->node);
    if (e == ERR_OK) {
        s->node.issuer = issuer == NULL ? s->node.issuer : str_from(issuer);
        e = far_bind(ctx, s, fronts_at);
    }
    e = e == ERR_OK ? doors_bind(c, s, listens, count) : e;
    e = e == ERR_OK ? serving_issuer(ctx, s) : e;
    if (e == ERR_OK && s->fronts == 0) {
        e = open_node(ctx, s, dir);
    }
    if (e != ERR_OK) {
        int code = fail_or_end(c, e);
        serving_stop(s);
        return code;
    }
    return serve_opened(c, s);
}

int cmd_serve(int argc, char **argv)
{
    return cmd_run(argc, argv, serve_usage, serve_body);
}

struct pack_list {
    const char *folders[16];
    size_t count;
};

static enum err publish_packs(struct ctx *ctx, struct node *n, void *arg)
{
    const struct pack_list *packs = arg;
    for (size_t i = 0; i < packs->count; i++) {
        TRY(node_publish(ctx, n, packs->folders[i]));
    }
    return ERR_OK;
}

static int init_body(struct cmd *c)
{
    struct pack_list packs = {.count = 0};
    const char *code = cmd_option(c, "--code");
    const char *name = cmd_option(c, "--name");
    const char *database = cmd_option(c, "--database");
    for (const char *p = cmd_option(c, "--pack"); p != NULL && packs.count < LEN(packs.folders);
         p = cmd_option(c, "--pack")) {
        packs.folders[packs.count++] = p;
    }
    if (c->argc != 2 || code == NULL || name == NULL || packs.count == 0) {
        return 2;
    }
    struct text2 title = {str_from(name), STR("")};
    if (node_make(&c->ctx, str_from(c->argv[1]), str_from(code), title, str_from(database),
                  publish_packs, &packs) != ERR_OK) {
        return cmd_fail(c);
    }
    printf("made node %s in %s\n", code, c->argv[1]);
    return 0;
}

int cmd_init(int argc, char **argv)
{
    return cmd_run(argc, argv, init_usage, init_body);
}

/* ---- demo ---- */

struct sample {
    const char *law;
    const struct json *people;
    const char *clients; /* NULL: none */
};

static enum err demo_clients(struct ctx *ctx, struct node *n, const char *path)
{
    struct str text = {0};
    struct json clients;
    TRY(file_read(ctx, path, 1 << 20, &text));
    TRY(json_parse(ctx, text, str_from(path), &clients));
    return node_register_clients(ctx, n, &clients);
}

static enum err fill_sample(struct ctx *ctx, struct node *n, void *arg)
{
    const struct sample *x = arg;
    TRY(node_publish(ctx, n, str_format(ctx->arena, "%s/cn", x->law).p));
    TRY(node_publish(ctx, n, str_format(ctx->arena, "%s/cn-990101", x->law).p));
    TRY(node_register_people(ctx, n, x->people, true));
    TRY(node_register_institutions(ctx, n, x->people));
    return x->clients == NULL ? ERR_OK : demo_clients(ctx, n, x->clients);
}

static enum err demo_make(struct ctx *ctx, struct serving *s, struct str dir, const char *database,
                          const char *clients)
{
    static const struct text2 name = {STR_INIT("滨河县政务服务（示例）"),
                                      STR_INIT("Binhe County services (sample)")};
    struct sample sample = {s->law, &s->sample, clients};
    TRY(node_make(ctx, dir, STR("bh"), name, str_from(database), fill_sample, &sample));
    return node_open(ctx, dir, &s->node);
}

static void add_person(struct ctx *ctx, struct demo_person *out, const struct json *o,
                       enum actor_kind kind, const struct law *law)
{
    uint8_t code[8];
    ctx->world->random(ctx->world, code, sizeof(code));
    *out = (struct demo_person){
        .id = json_text(o, "id"), .kind = kind, .code = hex_encode(ctx->arena, code, sizeof(code))};
    out->name =
        kind == ACTOR_PARTY ? json_text(json_get(o, "facts"), "person.name") : json_text(o, "name");
    const struct office *office =
        kind == ACTOR_OFFICER && law != NULL ? law_office(law, json_text(o, "office")) : NULL;
    const struct json *role = json_at(json_get(o, "roles"), 0);
    if (office != NULL) {
        out->office = office->title;
    }
    struct str code_of_role = role != NULL ? role->text : json_text(o, "role");
    if (code_of_role.n > 0) {
        out->role = law_code_title(law, STR("role"), code_of_role);
    }
}

static enum err demo_people(struct ctx *ctx, struct serving *s, const struct json *people)
{
    const struct json *persons = json_get(people, "persons");
    const struct json *officers = json_get(people, "officers");
    const struct json *admins = json_get(people, "admins");
    const struct law *law = NULL;
    TRY(gate_law(ctx, s->node.gate, store_writer(s->node.store), &law));
    struct demo_person *out = ARENA_ARRAY(ctx->arena, struct demo_person,
                                          persons->count + officers->count + admins->count);
    for (size_t i = 0; i < persons->count; i++) {
        add_person(ctx, &out[s->people_count++], &persons->items[i], ACTOR_PARTY, law);
    }
    for (size_t i = 0; i < officers->count; i++) {
        add_person(ctx, &out[s->people_count++], &officers->items[i], ACTOR_OFFICER, law);
    }
    for (size_t i = 0; i < admins->count; i++) {
        add_person(ctx, &out[s->people_count++], &admins->items[i], ACTOR_ADMIN, law);
    }
    s->people = out;
    return ERR_OK;
}

/* Print the sign-ins and keep them in demo.json. */
static enum err demo_tell(struct ctx *ctx, const struct serving *s, struct str address)
{
    struct arena *a = ctx->arena;
    struct json o = json_object();
    struct json list = json_array();
    json_set(a, &o, STR("address"), json_of_str(str_format(a, "http://%.*s/", FMT(address))));
    for (size_t i = 0; i < s->people_count; i++) {
        const struct demo_person *p = &s->people[i];
        struct json person = json_object();
        struct str url = str_format(a, "http://%.*s/login/once/%.*s", FMT(address), FMT(p->code));
        json_set(a, &person, STR("id"), json_of_str(p->id));
        json_set(a, &person, STR("name"), json_of_str(p->name));
        json_set(a, &person, STR("role"), json_of_str(p->role.zh));
        json_set(a, &person, STR("office"), json_of_str(p->office.zh));
        json_set(a, &person, STR("sign_in"), json_of_str(url));
        json_push(a, &list, person);
        printf("  %.*s  %.*s %.*s %.*s\n", FMT(url), FMT(p->name), FMT(p->office.zh),
               FMT(p->role.zh));
    }
    json_set(a, &o, STR("people"), list);
    struct buf b = buf_new(a, 0);
    json_write(&b, &o);
    buf_byte(&b, '\n');
    return file_write(ctx, str_format(a, "%.*s/demo.json", FMT(s->demo_dir)).p, buf_str(&b), 0600);
}

/* The sample law: in the working folder, or where the program was built. */
static const char *law_folder(struct ctx *ctx)
{
    char exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));
    if (ctx->world->exists(ctx->world, "law/sample/people.json") == 0 || n <= 0 ||
        (size_t)n == sizeof(exe)) {
        return "law";
    }
    struct str path = {exe, (size_t)n};
    for (int up = 0; up < 2; up++) {
        while (path.n > 0 && path.p[--path.n] != '/') {
        }
    }
    return str_format(ctx->arena, "%.*s/law", FMT(path)).p;
}

static enum err demo_open(struct ctx *ctx, struct serving *s, const char *database,
                          const char *clients)
{
    struct str folder = s->demo_dir;
    const char *made = str_format(ctx->arena, "%.*s/node.json", FMT(folder)).p;
    if (ctx->world->exists(ctx->world, made) != 0) {
        TRY(demo_make(ctx, s, folder, database, clients));
        return demo_people(ctx, s, &s->sample);
    }
    TRY(open_node(ctx, s, folder));
    TRY(demo_people(ctx, s, &s->sample));
    return clients == NULL ? ERR_OK : demo_clients(ctx, &s->node, clients);
}

/* ---- a demo of several processes is made by one that ends, so that what it took is given back;
 * it tells who may sign in as a list of lists ---- */

static void put_text(struct arena *a, struct json *list, struct str text)
{
    json_push(a, list, json_of_str(text));
}

static struct str people_text(struct ctx *ctx, const struct serving *s)
{
    struct arena *a = ctx->arena;
    struct json all = json_array();
    for (size_t i = 0; i < s->people_count; i++) {
        const struct demo_person *p = &s->people[i];
        struct json one = json_array();
        json_push(a, &one, json_of_int((int64_t)p->kind));
        put_text(a, &one, p->id);
        put_text(a, &one, p->code);
        put_text(a, &one, p->name);
        put_text(a, &one, p->office.zh);
        put_text(a, &one, p->office.en);
        put_text(a, &one, p->role.zh);
        put_text(a, &one, p->role.en);
        json_push(a, &all, one);
    }
    struct buf b = buf_new(a, 0);
    json_write(&b, &all);
    return buf_str(&b);
}

static enum err people_read(struct ctx *ctx, struct serving *s, struct str text)
{
    struct json all;
    TRY(json_parse(ctx, text, STR("people"), &all));
    struct demo_person *out = ARENA_ARRAY(ctx->arena, struct demo_person, all.count + 1);
    for (size_t i = 0; i < all.count; i++) {
        const struct json *one = &all.items[i];
        struct str t[8] = {{0}};
        for (size_t k = 1; k < LEN(t) && k < one->count; k++) {
            t[k] = one->items[k].text;
        }
        out[i] = (struct demo_person){.id = t[1], .code = t[2], .name = t[3]};
        out[i].kind = (enum actor_kind)one->items[0].int_value;
        out[i].office = (struct text2){t[4], t[5]};
        out[i].role = (struct text2){t[6], t[7]};
    }
    s->people = out;
    s->people_count = all.count;
    return ERR_OK;
}

static int demo_child(struct cmd *c, struct serving *s, const char *database, const char *clients,
                      int to)
{
    enum err e = demo_open(&c->ctx, s, database, clients);
    int code = e == ERR_OK ? 0 : fail_or_end(c, e);
    struct str text = e == ERR_OK ? people_text(&c->ctx, s) : STR("");
    while (text.n > 0) {
        ssize_t n = send(to, text.p, text.n, MSG_NOSIGNAL);
        if (n <= 0) {
            code = 1;
            break;
        }
        text = str_slice(text, (size_t)n, text.n);
    }
    node_close(&s->node);
    return code;
}

/* All that comes of the one that makes it. A signal for this process is handed on to it:
 * *ret_asked.
 */
static struct str demo_hear(struct ctx *ctx, int from, pid_t pid, bool *ret_asked)
{
    struct buf b = buf_new(ctx->arena, 0);
    char piece[4096];
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    struct pollfd fds[2] = {
        {.fd = from, .events = POLLIN},
        {.fd = signalfd(-1, &stop, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN}};
    ssize_t n = 1;
    while (n > 0) {
        struct signalfd_siginfo info;
        if (poll(fds, 2, -1) > 0 && fds[0].revents != 0) {
            n = recv(from, piece, sizeof(piece), 0);
            buf_bytes(&b, piece, n > 0 ? (size_t)n : 0);
        } else if (read(fds[1].fd, &info, sizeof(info)) == sizeof(info)) {
            *ret_asked = true;
            kill(pid, SIGTERM);
        }
    }
    close(fds[1].fd);
    return buf_str(&b);
}

/* The exit code when all ends here; what is wrong it has said. -1: it is made, and to be served. */
static int demo_by_child(struct cmd *c, struct serving *s, const char *database,
                         const char *clients)
{
    struct ctx *ctx = &c->ctx;
    pid_t self = getpid();
    bool asked = false;
    int pair[2];
    int status = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        fputs("tongban: the system gives no socket pair\n", stderr);
        return 1;
    }
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        bool alive = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == self;
        int code = alive ? demo_child(c, s, database, clients, pair[1]) : 1;
        fflush(NULL);
        _exit(code);
    }
    close(pair[1]);
    struct str text = pid < 0 ? STR("") : demo_hear(ctx, pair[0], pid, &asked);
    close(pair[0]);
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return 1;
    }
    if (WEXITSTATUS(status) != 0 || asked) {
        return WEXITSTATUS(status);
    }
    return people_read(ctx, s, text) == ERR_OK && node_named(ctx, s->demo_dir, &s->node) == ERR_OK
               ? -1
               : cmd_fail(c);
}

static enum err demo_named(struct ctx *ctx, struct serving *s, const char *database)
{
    struct str text = {0};
    const char *made = str_format(ctx->arena, "%.*s/node.json", FMT(s->demo_dir)).p;
    TRY(file_read(ctx, str_format(ctx->arena, "%s/sample/people.json", s->law).p, 1 << 20, &text));
    TRY(json_parse(ctx, text, STR("people.json"), &s->sample));
    s->node = (struct node){.dir = s->demo_dir, .database = str_from(database)};
    return ctx->world->exists(ctx->world, made) == 0 ? node_named(ctx, s->demo_dir, &s->node)
                                                     : ERR_OK;
}

static int demo_body(struct cmd *c)
{
    const char *dir = cmd_option(c, "--dir");
    const char *port = cmd_option(c, "--port");
    const char *law = cmd_option(c, "--law");
    const char *database = cmd_option(c, "--database");
    const char *clients = cmd_option(c, "--clients");
    const char *fronts_at = cmd_option(c, "--fronts-at");
    struct ctx *ctx = &c->ctx;
    struct serving *s = ARENA_NEW(ctx->arena, struct serving);
    struct str address = str_format(ctx->arena, "127.0.0.1:%s", port == NULL ? "8080" : port);
    const char *listens[1] = {address.p};
    if (!read_fronts(c, s) || c->argc != 1) {
        return 2;
    }
    s->law = law == NULL ? law_folder(ctx) : law;
    s->demo_dir = str_from(dir == NULL ? "demo" : dir);
    serving_mask_signals();
    enum err e = demo_named(ctx, s, database);
    e = e == ERR_OK ? far_bind(ctx, s, fronts_at) : e;
    e = e == ERR_OK ? doors_bind(c, s, listens, 1) : e;
    int code = e == ERR_OK && s->fronts > 0 ? demo_by_child(c, s, database, clients) : -1;
    e = e == ERR_OK && s->fronts == 0 ? demo_open(ctx, s, database, clients) : e;
    e = e == ERR_OK && code < 0 ? serving_issuer(ctx, s) : e;
    if (e != ERR_OK || code >= 0) {
        code = e != ERR_OK ? fail_or_end(c, e) : code;
        serving_stop(s);
        return code;
    }
    return serve_opened(c, s);
}

int cmd_demo(int argc, char **argv)
{
    return cmd_run(argc, argv, demo_usage, demo_body);
}
