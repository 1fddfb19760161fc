/* Memory that runs out at every point of reading and evaluating models. */
#include <stdlib.h>

#include "base/arena_fault.h"
#include "base/json.h"
#include "base/test.h"
#include "dmn/dmn.h"
#include "feel/value.h"

#define FOLDER "src/dmn/test/"
enum { ARENA_BYTES = 256 << 20 };

static const struct {
    const char *files[2];
    const char *inputs;
} models[] = {
    {{FOLDER "boxes.dmn"},
     "{\"base\":36001,\"people\":[{\"name\":\"a\",\"age\":17},{\"name\":\"b\",\"age\":40}]}"},
    {{FOLDER "hit-policies.dmn"}, "{\"n\":7,\"kind\":\"a\"}"},
    {{FOLDER "types.dmn"}, "{\"any\":[{\"name\":\"x\",\"marks\":[\"A\",\"D\"],\"share\":1}]}"},
    {{FOLDER "importing.dmn", FOLDER "rates.dmn"}, "{\"amount\":200,\"rates\":{\"year\":2026}}"},
};

/* Load and evaluate every decision, and keep what came out as one text. */
static enum err work(struct ctx *ctx, const struct dmn_source *sources, size_t count,
                     struct str inputs, struct str *ret)
{
    struct dmn_model *m = NULL;
    struct json j;
    struct feel_value v;
    const struct dmn_node *const *nodes = NULL;
    struct buf out = buf_new(ctx->arena, 0);
    TRY(dmn_load_all(ctx, sources, count, NULL, &m));
    TRY(json_parse(ctx, inputs, STR("inputs"), &j));
    TRY(dmn_inputs_from_json(ctx, m, &j, &v));
    size_t n = dmn_nodes(m, &nodes);
    for (size_t i = 0; i < n; i++) {
        if (dmn_node_kind(nodes[i]) != DMN_DECISION) {
            continue;
        }
        struct dmn_result r;
        TRY(dmn_evaluate(ctx, m, dmn_node_name(nodes[i]), v, (struct instant){0}, &r));
        buf_put(&out, feel_text(ctx, r.value));
        buf_byte(&out, '\n');
    }
    return buf_done(ctx, &out, ret);
}

static void read_sources(struct test *t, struct ctx *ctx, size_t which,
                         struct dmn_source sources[2], size_t *ret_count)
{
    for (*ret_count = 0; *ret_count < 2 && models[which].files[*ret_count] != NULL; ++*ret_count) {
        struct dmn_source *s = &sources[*ret_count];
        s->file = str_from(models[which].files[*ret_count]);
        CHECK_OK(file_read(ctx, s->file.p, 1 << 20, &s->xml));
    }
}

/* One run in which the nth push fails; true when it came to its end before that. */
static bool run_failing(struct ctx *ctx, struct arena *arena, const struct dmn_source *sources,
                        size_t count, struct str inputs, uint64_t nth, struct str *ret)
{
    struct arena_guard guard;
    struct ctx inner = {.arena = arena, .world = ctx->world};
    volatile bool whole = false;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        arena_fail_at(nth);
        whole = work(&inner, sources, count, inputs, ret) == ERR_OK;
    }
    whole = whole && (nth == 0 || arena_fail_at_left() > 0);
    arena_fail_at(0);
    arena_guard(arena, NULL);
    return whole;
}

/* Without memory a model is not read and not evaluated, whatever push it is that fails; nothing is
 * left behind (the leak check of ASan looks at libxml2), and the next run on the same arena says
 * the same as the first. */
TEST(dmn_survives_every_failing_allocation)
{
    uint64_t step = getenv("TONGBAN_STATES") == NULL ? 17 : 1;
    struct arena *arena = arena_new(ARENA_BYTES);
    CHECK(arena != NULL);
    for (size_t i = 0; arena != NULL && i < LEN(models); i++) {
        struct dmn_source sources[2];
        size_t count = 0;
        struct str want = {0};
        struct str got = {0};
        uint64_t failed = 0;
        bool whole = false;
        read_sources(t, ctx, i, sources, &count);
        CHECK(run_failing(ctx, arena, sources, count, str_from(models[i].inputs), 0, &want));
        want = str_copy(ctx->arena, want);
        arena_clear(arena);
        for (uint64_t nth = 1 + i; !whole && nth < 1000000; nth += step) {
            whole = run_failing(ctx, arena, sources, count, str_from(models[i].inputs), nth, &got);
            failed += !whole;
            if (!whole) {
                arena_clear(arena);
            }
        }
        CHECK(whole && failed > 20);
        CHECK(str_equal(got, want));
        arena_clear(arena);
    }
    arena_free(arena);
}
