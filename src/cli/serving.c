/* serving.c - see serving.h. The order of opening is the order of need: what signs before what
 * answers, what answers before the doors; closing is the other way round, and whoever still waits
 * for the writer is told before it goes. */
#include "cli/serving.h"

#include <signal.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "cli/rooms.h"
#include "crypto/confine.h"
#include "gate/relay.h"
#include "gate/run.h"
#include "http/server.h"
#include "line/line.h"
#include "login/login.h"
#include "oidc/oidc.h"
#include "static_gen.h"
#include "web/serve.h"

enum { TICK_MS = 30000, TICK_MORE_MS = 2, LOOK_MS = 1000, STOP_MS = 5000 };

/* Signals are taken by sigtimedwait alone; every thread inherits the mask. */
void serving_mask_signals(void)
{
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGINT);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGCHLD);
    sigprocmask(SIG_BLOCK, &stop, NULL);
    signal(SIGPIPE, SIG_IGN);
}

enum err serving_bind(struct ctx *ctx, struct serving *s, const char *const *listens, size_t count)
{
    s->health.node = &s->node;
    TRY(health_open(ctx, &s->health));
    for (size_t i = 0; i < count; i++) {
        TRY(http_bind(ctx, str_from(listens[i]), &s->socket[i], &s->address[i]));
        s->socket_count++;
    }
    return ERR_OK;
}

/* The issuer as configured; else the first loopback address stands for itself. Else there is none,
 * and nobody can ask. */
enum err serving_issuer(struct ctx *ctx, struct serving *s)
{
    if (s->node.issuer.n > 0) {
        s->issuer = s->node.issuer;
        return oidc_issuer_check(ctx, s->issuer);
    }
    for (size_t i = 0; i < s->socket_count && s->issuer.n == 0; i++) {
        struct str own = str_format(ctx->arena, "http://%.*s", FMT(s->address[i]));
        s->issuer = oidc_issuer_check(ctx, own) == ERR_OK ? own : STR("");
        ctx->why = (struct why){0};
    }
    return ERR_OK;
}

enum err serving_oidc(struct ctx *ctx, struct serving *s)
{
    TRY(oidc_new(ctx, &(struct oidc_config){s->node.gate, s->node.store, s->node.token_keys},
                 &s->oidc));
    return s->issuer.n == 0 ? ERR_OK : oidc_issuer(ctx, s->oidc, s->issuer);
}

/* All that answers clients, at the sockets that are bound. */
enum err serving_doors(struct ctx *ctx, struct serving *s)
{
    struct web_config config = {.gate = s->node.gate,
                                .store = s->node.store,
                                .name = s->node.name,
                                .people = s->people,
                                .people_count = s->people_count};
    config.tables = rooms_routes(ctx, &config.table_count);
    TRY(serving_oidc(ctx, s));
    TRY(login_open(ctx, s->node.dir,
                   str_starts(s->node.issuer, STR("https://")) ? s->node.issuer : STR(""),
                   &s->login));
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
    config.health = health_tell;
    config.health_arg = &s->health;
    config.css = static_tongban_css;
    TRY(web_new(ctx, &config, &s->web));
    struct http_setup setup = {.world = ctx->world,
                               .arg = s->web,
                               .counts = s->counts,
                               .counts_row = s->row,
                               .handle = web_handle,
                               .begin = web_begin,
                               .settled = web_settled};
    TRY(http_server_new(ctx, &setup, &s->server));
    for (size_t i = 0; i < s->socket_count; i++) {
        TRY(http_listen_at(ctx, s->server, s->socket[i]));
    }
    return ERR_OK;
}

/* From here on the process, and those it forks, can open the node's folder, read what libraries
 * read, and no more. */
enum err serving_shut_in(struct ctx *ctx, struct serving *s)
{
    static const struct str read_paths[] = {STR_INIT("/usr"), STR_INIT("/lib"), STR_INIT("/etc"),
                                            STR_INIT("/dev/null")};
    struct confine rules = {
        .data_dir = s->node.dir, .read_paths = read_paths, .read_path_count = LEN(read_paths)};
    return confine_server(ctx, &rules, &s->confined);
}

/* What the clock must do, every half minute and at once as long as there is more, and a look at
 * what may fail. False when the process must end: what cannot heal ends it within a second. */
bool serving_keep_time(struct ctx *ctx, struct serving *s, int *ret_wait_ms)
{
    int64_t now = ctx->world->mono_ns(ctx->world) / 1000000;
    struct arena_mark mark = arena_mark(ctx->arena);
    size_t count = 0;
    bool ticks = s->node.agenda != NULL && now >= s->tick_ms;
    if (ticks) {
        enum err e = agenda_tick(ctx, s->node.agenda, &count);
        if (e != ERR_OK && e != ERR_CLOCK) { /* health tells that, once */
            fprintf(stderr, "tongban: clock: %.*s\n", FMT(ctx->why.detail));
        }
        s->tick_ms = agenda_tick_more(s->node.agenda) ? now + TICK_MORE_MS : now + TICK_MS;
    }
    arena_reset(ctx->arena, mark);
    health_law(ctx, &s->health, ticks);
    bool more = s->node.agenda != NULL && s->tick_ms - now < LOOK_MS;
    *ret_wait_ms = more ? (int)(s->tick_ms - now) : LOOK_MS;
    return health_watch(ctx, &s->health);
}

void serving_stop(struct serving *s)
{
    control_close(s->control);
    if (s->server != NULL) {
        http_stop(s->server, STOP_MS);
    }
    login_close(s->login);
    oidc_stop(s->oidc);
    line_door_close(s->door);
    relay_stop(s->relay);
    if (s->jobs != NULL && !jobs_stop(s->jobs)) {
        /* Its thread may still read the store: that stays open until the process is gone. What is
         * durable is so already. */
        fputs("tongban: a job hangs and is left behind\n", stderr);
        return;
    }
    jobs_free(s->jobs);
    if (s->node.gate != NULL) {
        gate_stop(s->node.gate);
    }
    relay_free(s->relay);
    line_door_free(s->door); /* the answers of the last batch have gone */
    http_server_free(s->server);
    if (s->web != NULL) {
        web_free(s->web);
    }
    node_close(&s->node);
}
