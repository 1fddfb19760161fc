/* dmn.c - any bytes as a model: read, look inside, evaluate every decision, call every function;
 * nothing may crash, hang or reach beyond its limits. A model may import another, which lies behind
 * a line "-----". */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "dmn/dmn.h"
#include "feel/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void use(struct ctx *ctx, const struct dmn_result *r)
{
    struct json j = feel_to_json(ctx, r->value);
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, &j);
    for (size_t i = 0; i < r->fired_count; i++) {
        must(r->fired[i].rule > 0);
        for (size_t k = 0; k < r->fired[i].input_count; k++) {
            (void)feel_equal(r->fired[i].inputs[k], r->value);
        }
    }
    for (size_t i = 0; i < r->trouble_count; i++) {
        must(r->troubles[i].reason.n > 0);
    }
}

static void evaluate(struct ctx *ctx, const struct dmn_model *m)
{
    const struct dmn_node *const *nodes = NULL;
    size_t count = dmn_nodes(m, &nodes);
    struct feel_value items[] = {feel_int(1), feel_string(STR("a")), feel_null(), feel_bool(true)};
    const struct feel_value some[] = {feel_int(7), feel_string(STR("a")),
                                      feel_list(items, LEN(items)), feel_null()};
    struct dmn_given *given = ARENA_ARRAY(ctx->arena, struct dmn_given, count);
    for (size_t round = 0; round < LEN(some); round++) {
        size_t n = 0;
        for (size_t i = 0; i < count; i++) {
            if (dmn_node_kind(nodes[i]) == DMN_INPUT) {
                given[n++] = (struct dmn_given){nodes[i], some[(round + i) % LEN(some)]};
            }
        }
        for (size_t i = 0; i < count && i < 32; i++) {
            struct dmn_result r = {0};
            struct feel_entry args[] = {{STR("x"), some[round]}, {STR("age"), some[0]}};
            enum dmn_kind kind = dmn_node_kind(nodes[i]);
            enum err named = dmn_evaluate(ctx, m, dmn_node_name(nodes[i]),
                                          feel_context(args, LEN(args)), (struct instant){0}, &r);
            must(named != ERR_NOT_FOUND || kind != DMN_DECISION);
            enum err e = kind == DMN_INPUT ? ERR_NOT_FOUND
                         : kind == DMN_DECISION
                             ? dmn_decide(ctx, m, nodes[i], given, n, (struct instant){0}, &r)
                             : dmn_call(ctx, m, nodes[i], args, LEN(args), (struct instant){0}, &r);
            if (e == ERR_OK) {
                use(ctx, &r);
            }
        }
    }
}

static void run(struct ctx *ctx, struct str text, bool tolerant)
{
    struct dmn_source sources[2] = {{text, STR("a.dmn")}, {{0}, STR("b.dmn")}};
    const struct dmn_options options = {.tolerant = tolerant, .java = tolerant};
    size_t at = str_find(text, STR("\n-----\n"));
    struct dmn_model *m = NULL;
    if (at != SIZE_MAX) {
        sources[0].xml = str_slice(text, 0, at);
        sources[1].xml = str_slice(text, at + 7, text.n);
    }
    enum err e = dmn_load_all(ctx, sources, at == SIZE_MAX ? 1 : 2, &options, &m);
    must((e == ERR_OK) == (m != NULL) && (e == ERR_OK || ctx->why.detail.n > 0));
    if (e == ERR_OK) {
        evaluate(ctx, m);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct arena *arena;
    if (arena == NULL) {
        arena = arena_new((size_t)256 << 20);
    }
    struct arena_guard guard;
    arena_guard(arena, &guard);
    for (volatile int tolerant = 0; tolerant < 2; tolerant++) {
        struct ctx ctx = {.arena = arena};
        if (setjmp(guard.jump) == 0) {
            run(&ctx, (struct str){(const char *)bytes, size}, tolerant != 0);
        }
        arena_clear(arena);
    }
    return 0;
}
