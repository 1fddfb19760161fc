/* http - bytes of one connection through the door of src/http, and what the handler may do with a
 * request.
 *
 * Beyond not crashing it is checked that bytes split in two give the same answers as the whole.
 * Built with -fsanitize=fuzzer it is a libFuzzer target; fuzz/replay.c runs it over its corpus.
 */
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "http/form.h"
#include "http/http_in.h"
#include "http/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void handle(void *arg, struct http_exchange *x)
{
    (void)arg;
    struct ctx *ctx = &x->ctx;
    const struct http_request *r = &x->request;
    static const struct str offers[] = {STR_INIT("text/html"), STR_INIT("application/json")};
    struct http_fields fields = {0};
    struct http_parts parts = {0};
    bool ok = query_parse(ctx, r->query, &fields) == ERR_OK;
    ok = form_parse(ctx, r, &fields) == ERR_OK || ok;
    ok = multipart_parse(ctx, r, &parts) == ERR_OK || ok;
    int chosen = accept_choose(http_header(r, "accept"), offers, LEN(offers));
    must(chosen < (int)LEN(offers));
    struct str body = str_format(ctx->arena, "%d %zu %zu %d %zu", ok, fields.count, parts.count,
                                 chosen, cookie_get(r, STR("sid")).n);
    http_respond(x, &(struct http_response){.status = 200, .body = body});
}

/* The date of the answers must not move between the two runs. */
static struct instant still(struct world *w)
{
    (void)w;
    return (struct instant){0};
}

static void try_one(struct ctx *ctx, struct http_server *s, struct str bytes)
{
    struct buf whole = buf_new(ctx->arena, 0);
    struct buf split = buf_new(ctx->arena, 0);
    http_feed(s, bytes, &whole);
    size_t first = bytes.n < 2 ? 1 : 1 + (size_t)(str_hash(bytes) % (bytes.n - 1));
    door_feed(s, bytes, first, &split);
    must(str_equal(buf_str(&whole), buf_str(&split)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct world world = *world_real();
    world.now = still;
    struct ctx ctx = {.arena = arena_new((size_t)1 << 28), .world = &world};
    struct http_server *s = NULL;
    struct http_setup setup = {.world = &world, .handle = handle};
    must(ctx.arena != NULL && http_server_new(&ctx, &setup, &s) == ERR_OK);
    try_one(&ctx, s, (struct str){(const char *)bytes, n});
    http_server_free(s);
    arena_free(ctx.arena);
    return 0;
}
