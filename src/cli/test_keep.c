/* Rows that are no view, beside an act and alone: all of it or nothing, and the ledger none the
 * wiser. */
#include "agenda/agenda.h"
#include "base/json_make.h"
#include "base/test.h"
#include "base/wire.h"
#include "cli/test_play.h"
#include "gate/read.h"
#include "gate/run.h"
#include "gate_sql.h"
#include "limit_gen.h"

/* What the operation is told, and answers: payload is the number of its row and whether it fails.
 */
static enum err keep(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *answer)
{
    struct wire w = wire_read(payload);
    int64_t id = wire_int(&w);
    bool fails = wire_int(&w) != 0;
    TRY(wire_done(ctx, &w));
    TRY(gate_refusal_add(ctx, db,
                         (struct gate_refusal_add_in){.id = 900000 + id,
                                                      .at_ms = 1,
                                                      .kind = STR("kept"),
                                                      .case_id = STR(""),
                                                      .actor = STR("x"),
                                                      .check_name = STR(""),
                                                      .code = STR(""),
                                                      .article = STR("")}));
    wire_put_int(answer, act == NULL ? -1 : act->seq);
    return fails ? fault(ctx, ERR_CONFLICT, "as the test says") : ERR_OK;
}
static const struct keep_op op_keep = {"test.keep", keep};

static enum err overflow(struct ctx *ctx, struct db *db, struct str payload,
                         const struct keep_act *act, struct buf *answer)
{
    (void)ctx;
    (void)db;
    (void)payload;
    (void)act;
    for (int i = 0; i <= LIMIT_KEEP_ANSWER_BYTES / 8; i++) {
        wire_put_int(answer, i);
    }
    return ERR_OK;
}
static const struct keep_op op_overflow = {"test.overflow", overflow};
static const struct keep_op op_unlisted = {"test.unlisted", keep};

static const struct keep_op *const ops[] = {&op_keep, &op_overflow};
static const struct keep_table keeps = {ops, LEN(ops)};

static struct keep ask(struct ctx *ctx, int64_t id, bool fails)
{
    struct buf b = buf_new(ctx->arena, 0);
    wire_put_int(&b, id);
    wire_put_int(&b, fails);
    return (struct keep){&op_keep, buf_str(&b)};
}

struct told {
    enum err err;
    int64_t seq;
    int64_t kept; /* the seq the operation saw; -2 when it answered nothing */
    int calls;
};

static void tell(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    struct told *t = arg;
    (void)why;
    *t = (struct told){err, err == ERR_OK ? receipt->seq : -2, -2, t->calls + 1};
    if (err == ERR_OK && receipt->kept.n > 0) {
        struct wire w = wire_read(receipt->kept);
        t->kept = wire_int(&w);
    }
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
    CHECK_OK(store_reader(ctx, s->stage.store, &db));
    CHECK_OK(gate_refusals(ctx, s->stage.gate, db, INT64_MAX, 100, &list, &count));
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

/* The story's gate once more, with the operations of this test. */
static void list_keeps(struct test *t, struct ctx *ctx, struct story *s)
{
    struct gate_config config = gate_config_of(s->stage.gate);
    config.origin = str_copy(ctx->arena, config.origin);
    config.node = str_copy(ctx->arena, config.node);
    config.keeps = &keeps;
    config.keep_count = 1;
    agenda_free(s->stage.agenda);
    gate_close(s->stage.gate);
    CHECK_OK(gate_new(ctx, &config, &s->stage.gate));
    CHECK_OK(agenda_new(ctx, s->stage.gate, s->stage.store, &s->stage.agenda));
}

/* What no room lists, what asks or answers too much, and what cannot be read is not done. */
static void keeps_within_bounds(struct test *t, struct ctx *ctx, struct story *s)
{
    struct str kept = {0};
    int64_t before = kept_rows(t, ctx, s);
    struct keep unlisted = {&op_unlisted, STR("")};
    CHECK(gate_keep_wait(ctx, s->stage.gate, &unlisted, &kept) == ERR_NOT_SUPPORTED);
    struct keep large = {&op_keep,
                         {arena_push(ctx->arena, LIMIT_KEEP_BYTES + 1), LIMIT_KEEP_BYTES + 1}};
    CHECK(gate_keep_wait(ctx, s->stage.gate, &large, &kept) == ERR_TOO_LARGE);
    struct keep talks = {&op_overflow, STR("")};
    CHECK(gate_keep_wait(ctx, s->stage.gate, &talks, &kept) == ERR_TOO_LARGE);
    struct keep broken = {&op_keep, STR("no values")};
    CHECK(gate_keep_wait(ctx, s->stage.gate, &broken, &kept) == ERR_CORRUPT);
    CHECK_INT(kept_rows(t, ctx, s), before);
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

    list_keeps(t, ctx, &s);
    uint8_t bytes[32];
    struct keep good = ask(ctx, 1, false);
    must(good.payload.n <= sizeof(bytes));
    memcpy(bytes, good.payload.p, good.payload.n);
    good.payload.p = (const char *)bytes;
    struct draft d = party_draft(ctx, "p-kept");
    CHECK_OK(gate_submit_with(ctx, s.stage.gate, &d, &good, tell, &told));
    memset(bytes, 'x', sizeof(bytes)); /* it was copied */
    run(s.stage.gate);
    CHECK(told.calls == 1 && told.err == ERR_OK && told.seq >= 0 && told.kept == told.seq);
    CHECK_INT(kept_rows(t, ctx, &s), 1);
    int64_t size = told.seq + 1;

    struct keep bad = ask(ctx, 2, true);
    d = party_draft(ctx, "p-undone");
    CHECK_OK(gate_submit_with(ctx, s.stage.gate, &d, &bad, tell, &told));
    run(s.stage.gate);
    CHECK(told.calls == 2 && told.err == ERR_CONFLICT);
    CHECK_INT(kept_rows(t, ctx, &s), 1);

    struct keep unasked = ask(ctx, 3, false);
    d = party_draft(ctx, "p-refused");
    d.actor = (struct actor){.kind = ACTOR_OFFICER, .id = STR("o-reviewer"), .assurance = 2};
    CHECK_OK(gate_submit_with(ctx, s.stage.gate, &d, &unasked, tell, &told));
    run(s.stage.gate);
    CHECK(told.calls == 3 && told.err == ERR_OK && told.seq == -1 && told.kept == -2);
    CHECK_INT(kept_rows(t, ctx, &s), 1); /* refused: nothing beside it */

    struct keep alone = ask(ctx, 4, false);
    struct keep alone_bad = ask(ctx, 5, true);
    struct told of_alone = {0};
    struct told of_bad = {0};
    CHECK_OK(gate_keep(ctx, s.stage.gate, &alone, tell, &of_alone));
    CHECK_OK(gate_keep(ctx, s.stage.gate, &alone_bad, tell, &of_bad));
    d = party_draft(ctx, "p-after"); /* in the same batch as the failing one */
    struct keep after = ask(ctx, 6, false);
    CHECK_OK(gate_submit_with(ctx, s.stage.gate, &d, &after, tell, &told));
    run(s.stage.gate);
    CHECK(of_alone.err == ERR_OK && of_alone.kept == -1 && of_bad.err == ERR_CONFLICT);
    CHECK_INT(kept_rows(t, ctx, &s), 3);
    CHECK_INT(told.seq, size); /* the next place in the ledger: nothing undone left a hole */

    struct str kept = {0};
    struct keep waited = ask(ctx, 7, false);
    CHECK_OK(gate_keep_wait(ctx, s.stage.gate, &waited, &kept));
    struct wire w = wire_read(kept);
    CHECK_INT(wire_int(&w), -1);
    CHECK_OK(wire_done(ctx, &w));
    keeps_within_bounds(t, ctx, &s);
    story_close(&s);
    t->ctx = outer;
    arena_free(arena);
}
