/* serve and demo: open a node, open the doors, keep time, stop in order. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/cmd.h"
#include "cli/control.h"
#include "cli/health.h"
#include "cli/node.h"
#include "cli/rooms.h"
#include "crypto/confine.h"
#include "http/http.h"
#include "limit_gen.h"
#include "static_gen.h"
#include "login/login.h"
#include "oidc/oidc.h"

enum { TICK_S = 30, TICK_MORE_MS = 2, STOP_MS = 5000 };

static const char serve_usage[] =
    "usage: tongban serve DIR [--listen ADDRESS]… [--issuer URL]   run a node (made by init); "
    "ADDRESS is 127.0.0.1:8080 unless given\n"
    "--issuer (or \"issuer\" in node.json) is the https address under which others rely on the "
    "identity it checks; without it\n"
    "a node at a loopback address says http://ADDRESS, and any other is no identity provider for "
    "others.\n";
static const char demo_usage[] =
    "usage: tongban demo [--dir D] [--port P] [--law FOLDER] [--database CONNECTION] [--clients "
    "FILE]\n"
    "Makes a node with sample law and people in D (default demo), serves it, prints address and "
    "sign-ins;\n"
    "D/demo.json keeps them. P is 8080 unless given; 0 takes any free one. Everything in it is "
    "invented.\n"
    "--clients registers applications that rely on its identity (tongban client --help).\n";
static const char init_usage[] =
    "usage: tongban init DIR --code CODE --name NAME [--database CONNECTION] --pack FOLDER…\n"
    "Makes a node: folder, keys, empty ledger, and the packs published by its first acts.\n";

struct serving {
    struct node node;
    struct health health;
    struct control *control;
    struct web *web;
    struct oidc *oidc;
    struct login *login;
    struct jobs *jobs;
    struct json sample; /* people of a demo; no object when this is none */
    struct http_server *server;
    const struct demo_person *people;
    size_t people_count;
    const char *law;
    bool has_issuer;
    struct str demo_dir; /* where demo.json is kept; empty when this is no demo */
};

static enum err demo_tell(struct ctx *ctx, const struct serving *s, struct str address);

/* The issuer as configured; else a loopback address stands for itself. Else there is none, and
 * nobody can ask. */
static enum err say_issuer(struct ctx *ctx, struct serving *s, struct str address)
{
    if (s->has_issuer) {
        return ERR_OK;
    }
    struct str own = str_format(ctx->arena, "http://%.*s", FMT(address));
    bool given = s->node.issuer.n > 0;
    enum err e = oidc_issuer(ctx, s->oidc, given ? s->node.issuer : own);
    s->has_issuer = e == ERR_OK;
    if (e == ERR_OK) {
        struct str said = given ? s->node.issuer : own;
        printf("issuer: %.*s%s\n", FMT(said),
               str_starts(said, STR("http:")) ? " (http at a loopback address: for trying out only)"
                                              : "");
    }
    return given ? e : ERR_OK;
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

static enum err open_doors(struct ctx *ctx, struct serving *s, const char *const *listens,
                           size_t count)
{
    struct web_config config = {.gate = s->node.gate,
                                .store = s->node.store,
                                .name = s->node.name,
                                .people = s->people,
                                .people_count = s->people_count};
    config.tables = rooms_routes(ctx, &config.table_count);
    TRY(oidc_new(ctx, &(struct oidc_config){s->node.gate, s->node.store, s->node.token_keys},
                 &s->oidc));
    TRY(login_open(ctx, s->node.dir,
                   str_starts(s->node.issuer, STR("https://")) ? s->node.issuer : STR(""),
                   &s->login));
    TRY(keyholder_token_secret(ctx, s->node.token_keys, STR("web codes"), config.secret));
    if (s->people_count > 0) {
        TRY(login_give_codes(ctx, s->node.gate, s->people, s->people_count));
    }
    if (s->sample.kind == JSON_OBJECT) {
        TRY(login_offer_sample(ctx, s->login, &s->sample));
    }
    struct room_state *states = ARENA_ARRAY(ctx->arena, struct room_state, 2);
    states[0] = (struct room_state){"oidc", s->oidc};
    states[1] = (struct room_state){"login", s->login};
    config.states = states;
    config.state_count = 2;
    config.passkey_js = static_passkey_js;
    config.reader_name = oidc_reader_name;
    config.fault = oidc_fault;
    config.settled = oidc_settled;
    config.settled_arg = s->oidc;
    s->health.node = &s->node;
    config.health = health_tell;
    config.health_arg = &s->health;
    config.css = static_tongban_css;
    TRY(web_new(ctx, &config, &s->web));
    struct http_setup setup = {.world = ctx->world,
                               .arg = s->web,
                               .handle = web_handle,
                               .begin = web_begin,
                               .settled = web_settled};
    TRY(http_server_new(ctx, &setup, &s->server));
    for (size_t i = 0; i < count; i++) {
        struct str address = {0};
        TRY(http_listen(ctx, s->server, str_from(listens[i]), &address));
        printf("serving http://%.*s/\n", FMT(address));
        TRY(say_issuer(ctx, s, address));
        if (s->demo_dir.n > 0) {
            TRY(demo_tell(ctx, s, address));
        }
    }
    fflush(stdout);
    TRY(control_open(ctx, &s->health, &s->control));
    /* All is open: from here on the process can open its own folder, read what libraries read, and
     * no more. */
    static const struct str read_paths[] = {STR_INIT("/usr"), STR_INIT("/lib"), STR_INIT("/etc")};
    struct confine rules = {
        .data_dir = s->node.dir, .read_paths = read_paths, .read_path_count = LEN(read_paths)};
    struct confined confined;
    TRY(confine_server(ctx, &rules, &confined));
    printf("confined: seccomp%s\n", confined.paths ? ", Landlock: only the node's folder" : "");
    fflush(stdout);
    TRY(gate_start(ctx, s->node.gate));
    TRY(open_jobs(ctx, s));
    TRY(control_start(ctx, s->control));
    if (s->has_issuer) {
        TRY(oidc_start(ctx, s->oidc));
    }
    return http_start(ctx, s->server);
}

/* Until SIGINT or SIGTERM (true): what the clock must do, every half minute. What cannot heal ends
 * it within a second (false). */
static bool keep_time(struct cmd *c, struct serving *s)
{
    enum err tick = ERR_OK;
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    const struct timespec wait = {.tv_sec = 1};
    for (int second = 0;; second++) {
        struct arena_mark mark = arena_mark(c->ctx.arena);
        size_t count = 0;
        bool ticks = second % TICK_S == 0;
        tick = ticks ? agenda_tick(&c->ctx, s->node.agenda, &count) : tick;
        if (ticks && tick != ERR_OK) {
            fprintf(stderr, "tongban: clock: %.*s\n", FMT(c->ctx.why.detail));
        }
        arena_reset(c->ctx.arena, mark);
        if (!health_watch(&c->ctx, &s->health, &tick)) {
            return false;
        }
        const struct timespec shortly = {.tv_nsec = TICK_MORE_MS * 1000000};
        if (sigtimedwait(&stop, NULL, agenda_tick_more(s->node.agenda) ? &shortly : &wait) > 0) {
            return true;
        }
    }
}

static void stop_all(struct serving *s)
{
    control_close(s->control);
    if (s->server != NULL) {
        http_stop(s->server, STOP_MS);
    }
    login_close(s->login);
    oidc_stop(s->oidc);
    if (!jobs_stop(s->jobs)) {
        /* Its thread may still read the store: that stays open until the process is gone. What is
         * durable is so already. */
        fputs("tongban: a job hangs and is left behind\n", stderr);
        return;
    }
    jobs_free(s->jobs);
    if (s->node.gate != NULL) {
        gate_stop(s->node.gate);
    }
    http_server_free(s->server);
    if (s->web != NULL) {
        web_free(s->web);
    }
    node_close(&s->node);
}

/* Signals are taken by sigtimedwait alone; every thread inherits the mask. */
static void mask_signals(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

static int serve_node(struct cmd *c, struct serving *s, const char *const *listens, size_t count)
{
    enum err e = open_doors(&c->ctx, s, listens, count);
    bool asked = e == ERR_OK && keep_time(c, s);
    int code = e != ERR_OK ? cmd_fail(c) : asked ? 0 : 1;
    stop_all(s);
    return code;
}

static int serve_body(struct cmd *c)
{
    const char *listens[8];
    size_t count = 0;
    const char *issuer = cmd_option(c, "--issuer");
    for (const char *l = cmd_option(c, "--listen"); l != NULL && count < LEN(listens);
         l = cmd_option(c, "--listen")) {
        listens[count++] = l;
    }
    if (count == 0) {
        listens[count++] = "127.0.0.1:8080";
    }
    if (c->argc != 2) {
        return 2;
    }
    struct serving *s = ARENA_NEW(c->ctx.arena, struct serving);
    mask_signals();
    if (node_open(&c->ctx, str_from(c->argv[1]), &s->node) != ERR_OK) {
        return cmd_fail(c);
    }
    s->node.issuer = issuer == NULL ? s->node.issuer : str_from(issuer);
    return serve_node(c, s, listens, count);
}

int cmd_serve(int argc, char **argv)
{
    return cmd_run(argc, argv, serve_usage, serve_body);
}

static int init_body(struct cmd *c)
{
    const char *packs[16];
    size_t count = 0;
    const char *code = cmd_option(c, "--code");
    const char *name = cmd_option(c, "--name");
    const char *database = cmd_option(c, "--database");
    for (const char *p = cmd_option(c, "--pack"); p != NULL && count < LEN(packs);
         p = cmd_option(c, "--pack")) {
        packs[count++] = p;
    }
    if (c->argc != 2 || code == NULL || name == NULL || count == 0) {
        return 2;
    }
    struct node n;
    struct text2 title = {str_from(name), STR("")};
    struct str dir = str_from(c->argv[1]);
    if (node_create(&c->ctx, dir, str_from(code), title, str_from(database)) != ERR_OK ||
        node_open(&c->ctx, dir, &n) != ERR_OK) {
        return cmd_fail(c);
    }
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        e = node_publish(&c->ctx, &n, packs[i]);
    }
    node_close(&n);
    if (e != ERR_OK) {
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

static enum err demo_make(struct ctx *ctx, struct serving *s, struct str dir, const char *database,
                          const struct json *people)
{
    static const struct text2 name = {STR_INIT("滨河县政务服务（示例）"),
                                      STR_INIT("Binhe County services (sample)")};
    struct arena *a = ctx->arena;
    TRY(node_create(ctx, dir, STR("bh"), name, str_from(database)));
    TRY(node_open(ctx, dir, &s->node));
    TRY(node_publish(ctx, &s->node, str_format(a, "%s/cn", s->law).p));
    TRY(node_publish(ctx, &s->node, str_format(a, "%s/cn-990101", s->law).p));
    return node_register_people(ctx, &s->node, people, true);
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

static enum err demo_clients(struct ctx *ctx, struct serving *s, const char *path)
{
    struct str text = {0};
    struct json clients;
    TRY(file_read(ctx, path, 1 << 20, &text));
    TRY(json_parse(ctx, text, str_from(path), &clients));
    return node_register_clients(ctx, &s->node, &clients);
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

static int demo_body(struct cmd *c)
{
    const char *dir = cmd_option(c, "--dir");
    const char *port = cmd_option(c, "--port");
    const char *law = cmd_option(c, "--law");
    const char *database = cmd_option(c, "--database");
    const char *clients = cmd_option(c, "--clients");
    struct ctx *ctx = &c->ctx;
    struct serving *s = ARENA_NEW(ctx->arena, struct serving);
    struct str text = {0};
    struct json people;
    if (c->argc != 1) {
        return 2;
    }
    s->law = law == NULL ? law_folder(ctx) : law;
    struct str folder = str_from(dir == NULL ? "demo" : dir);
    mask_signals();
    if (file_read(ctx, str_format(ctx->arena, "%s/sample/people.json", s->law).p, 1 << 20, &text) !=
            ERR_OK ||
        json_parse(ctx, text, STR("people.json"), &people) != ERR_OK) {
        return cmd_fail(c);
    }
    bool there = ctx->world->exists(ctx->world,
                                    str_format(ctx->arena, "%.*s/node.json", FMT(folder)).p) == 0;
    enum err e =
        there ? node_open(ctx, folder, &s->node) : demo_make(ctx, s, folder, database, &people);
    e = e == ERR_OK ? demo_people(ctx, s, &people) : e;
    s->sample = people;
    e = e == ERR_OK && clients != NULL ? demo_clients(ctx, s, clients) : e;
    struct str address = str_format(ctx->arena, "127.0.0.1:%s", port == NULL ? "8080" : port);
    s->demo_dir = folder;
    if (e != ERR_OK) {
        int code = cmd_fail(c);
        stop_all(s);
        return code;
    }
    const char *listens[1] = {address.p};
    return serve_node(c, s, listens, 1);
}

int cmd_demo(int argc, char **argv)
{
    return cmd_run(argc, argv, demo_usage, demo_body);
}
