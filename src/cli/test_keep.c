/* Rows that are no view, beside an act and alone: all of it or nothing, and the ledger none the
 * wiser. */
#include "base/test.h"
#include "gate/gate.h"
#include "gate_sql.h"
#include "cli/test_play.h"

struct kept {
    enum err answer;
    int64_t seq; /* of the act it came with; -1 alone */
    int calls;
};

static enum err keep(struct ctx *ctx, struct db *db, void *arg, const struct receipt *receipt)
{
    struct kept *k = arg;
    k->calls++;
    k->seq = receipt == NULL ? -1 : receipt->seq;
    TRY(gate_refusal_add(ctx, db,
                         (struct gate_refusal_add_in){.id = 900000 + k->calls,
                                                      .at_ms = 1,
                                                      .kind = STR("kept"),
                                                      .case_id = STR(""),
                                                      .actor = STR("x"),
                                                      .check_name = STR(""),
                                                      .code = STR(""),
                                                      .article = STR("")}));
    return k->answer == ERR_OK ? ERR_OK : fault(ctx, k->answer, "as the test says");
}

struct told {
    enum err err;
    int64_t seq;
    int calls;
};

static void tell(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct told *t = arg;
    (void)why;
    *t = (struct told){err, err == ERR_OK && receipt != NULL ? receipt->seq : -2, t->calls + 1};
}

static void run(struct gate *g)
{
    while (gate_run_once(g) > 0) {
    }
}

static int64_t kept_rows(struct test *t, struct ctx *ctx, struct story *s)
{
    struct refusal_record *list = NULL;
    struct db *db = NULL;
    size_t count = 0;
    int64_t n = 0;
    CHECK_OK(store_reader(ctx, s->store, &db));
    CHECK_OK(gate_refusals(ctx, s->gate, db, INT64_MAX, 100, &list, &count));
    for (size_t i = 0; i < count; i++) {
        n += str_equal(list[i].kind, STR("kept"));
    }
    db_close(db);
    return n;
}

static struct draft party_draft(struct ctx *ctx, const char *id)
{
    struct draft d = {.kind = STR("register-party"),
                      .actor = {.kind = ACTOR_NODE, .assurance = 2},
                      .fields = json_object()};
    json_set(ctx->arena, &d.fields, STR("party.id"), json_of_str(str_from(id)));
    json_set(ctx->arena, &d.fields, STR("party.kind"), json_of_str(STR("person")));
    return d;
}

TEST(gate_keeps_rows_with_an_act_or_not_at_all)
{
    struct story s;
    struct told told = {0};
    struct ctx inner = *ctx;
    struct arena *arena = arena_new((size_t)1 << 30);
    inner.arena = arena;
    struct ctx *outer = t->ctx;
    t->ctx = &inner;
    ctx = &inner;
    story_open(&s, t, &inner);

    struct kept good = {ERR_OK, 0, 0};
    struct draft d = party_draft(ctx, "p-kept");
    CHECK_OK(gate_submit_with(ctx, s.gate, &d, keep, &good, tell, &told));
    run(s.gate);
    CHECK(told.calls == 1 && told.err == ERR_OK && told.seq >= 0 && good.seq == told.seq);
    CHECK_INT(kept_rows(t, ctx, &s), 1);
    int64_t size = told.seq + 1;

    struct kept bad = {ERR_CONFLICT, 0, 5}; /* its row would be another */
    d = party_draft(ctx, "p-undone");
    CHECK_OK(gate_submit_with(ctx, s.gate, &d, keep, &bad, tell, &told));
    run(s.gate);
    CHECK(told.calls == 2 && told.err == ERR_CONFLICT && bad.calls == 6);
    CHECK_INT(kept_rows(t, ctx, &s), 1);

    struct kept unasked = {ERR_OK, 0, 10};
    d = party_draft(ctx, "p-refused");
    d.actor = (struct actor){.kind = ACTOR_OFFICER, .id = STR("o-reviewer"), .assurance = 2};
    CHECK_OK(gate_submit_with(ctx, s.gate, &d, keep, &unasked, tell, &told));
    run(s.gate);
    CHECK(told.calls == 3 && told.err == ERR_OK && told.seq == -1 &&
          unasked.calls == 10); /* refused: nothing beside it */

    struct kept alone = {ERR_OK, 0, 20};
    struct kept alone_bad = {ERR_CONFLICT, 0, 30};
    CHECK_OK(gate_keep(ctx, s.gate, keep, &alone, tell, &told));
    CHECK_OK(gate_keep(ctx, s.gate, keep, &alone_bad, tell, &told));
    d = party_draft(ctx, "p-after"); /* in the same batch as the failing one */
    struct kept after = {ERR_OK, 0, 40};
    CHECK_OK(gate_submit_with(ctx, s.gate, &d, keep, &after, tell, &told));
    run(s.gate);
    CHECK(alone.seq == -1 && alone_bad.calls == 31 && told.calls == 6);
    CHECK_INT(kept_rows(t, ctx, &s), 3);
    CHECK_INT(told.seq, size); /* the next place in the ledger: nothing undone left a hole */
    story_close(&s);
    t->ctx = outer;
    arena_free(arena);
}
