/* stand.c - a node for a bench to measure: the folder, the law and the people that `tongban demo`
 * makes, in this process, so that the bench can measure memory and processor time of the node
 * without a second program in between. The folder goes with the process, however it ends but by a
 * signal. */
#include "stand.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "cli/rooms.h"
#include "gate/run.h"
#include "http/server.h"
#include "login/login.h"
#include "web/serve.h"

void stand_check(struct stand *s, enum err e, const char *what)
{
    if (e != ERR_OK) {
        fprintf(stderr, "bench: %s: %.*s\n", what, FMT(s->ctx.why.detail));
        exit(1);
    }
}

double stand_memory(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    must(f != NULL && fscanf(f, "%*d %ld", &pages) == 1);
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

static char path[] = "/tmp/tongban-bench-XXXXXX";

static int remove_one(const char *name, const struct stat *st, int flag, struct FTW *at)
{
    (void)st;
    (void)flag;
    (void)at;
    return remove(name);
}

static void remove_folder(void)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void stand_new(struct stand *s)
{
    *s = (struct stand){.ctx = {.arena = arena_new((size_t)4 << 30), .world = world_real()}};
    must(s->ctx.arena != NULL && mkdtemp(path) != NULL && atexit(remove_folder) == 0);
    s->top = str_from(path);
    s->dir = str_format(s->ctx.arena, "%s/node", path);
}

void stand_node(struct stand *s)
{
    static const struct text2 name = {STR_INIT("测"), STR_INIT("bench")};
    struct ctx *ctx = &s->ctx;
    struct json people;
    struct str text = {0};
    stand_check(s, node_create(ctx, s->dir, STR("bh"), name, STR("")), "make the node");
    stand_check(s, node_open(ctx, s->dir, &s->node), "open the node");
    stand_check(s, node_publish(ctx, &s->node, "law/cn"), "publish");
    stand_check(s, node_publish(ctx, &s->node, "law/cn-990101"), "publish");
    stand_check(s, file_read(ctx, "law/sample/people.json", 1 << 20, &text), "people");
    stand_check(s, json_parse(ctx, text, STR("people"), &people), "people");
    stand_check(s, node_register_people(ctx, &s->node, &people, true), "people");
}

void stand_serve(struct stand *s)
{
    struct ctx *ctx = &s->ctx;
    struct web_config config = {.gate = s->node.gate,
                                .store = s->node.store,
                                .name = s->node.name,
                                .people = s->people,
                                .people_count = s->people_count};
    config.tables = rooms_routes(ctx, &config.table_count);
    stand_check(s, web_new(ctx, &config, &s->web), "web");
    struct http_setup setup = {
        .world = ctx->world, .arg = s->web, .handle = web_handle, .begin = web_begin};
    stand_check(s, http_server_new(ctx, &setup, &s->server), "server");
    struct str address = {0};
    struct str port = {0};
    stand_check(s, http_listen(ctx, s->server, STR("127.0.0.1:0"), &address), "listen");
    str_cut(address, ':', &port);
    s->port = atoi(str_z(ctx->arena, port));
    stand_check(s, gate_start(ctx, s->node.gate), "writer");
    stand_check(s, login_give_codes(ctx, s->node.gate, s->people, s->people_count), "codes");
}

void stand_sign_in(struct stand *s, struct str code, char cookie[64])
{
    struct arena_mark mark = arena_mark(s->ctx.arena);
    struct buf answer = buf_new(s->ctx.arena, 0);
    struct str ask =
        str_format(s->ctx.arena, "GET /login/once/%.*s HTTP/1.1\r\nHost: x\r\n\r\n", FMT(code));
    http_feed(s->server, ask, &answer);
    size_t at = str_find(buf_str(&answer), STR("tb_session="));
    must(at != SIZE_MAX);
    snprintf(cookie, 64, "%.*s", 11 + 32, answer.p + at);
    arena_reset(s->ctx.arena, mark);
}

void stand_stop(struct stand *s)
{
    http_stop(s->server, 1000);
    gate_stop(s->node.gate);
    http_server_free(s->server);
    web_free(s->web);
    node_close(&s->node);
}

struct law_pack_source stand_version(struct stand *s, struct law_pack_source pack, int64_t number)
{
    static const struct str first = STR_INIT("\"2026.1\"");
    struct arena *a = s->ctx.arena;
    struct law_file *files = ARENA_ARRAY(a, struct law_file, pack.count);
    for (size_t i = 0; i < pack.count; i++) {
        files[i] = pack.files[i];
        if (str_equal(files[i].path, STR("pack.json"))) {
            struct str head = files[i].bytes;
            size_t at = str_find(head, first);
            must(at != SIZE_MAX);
            files[i].bytes =
                str_format(a, "%.*s\"2026.%lld\"%.*s", FMT(str_slice(head, 0, at)),
                           (long long)number, FMT(str_slice(head, at + first.n, head.n)));
        }
    }
    return (struct law_pack_source){files, pack.count};
}
