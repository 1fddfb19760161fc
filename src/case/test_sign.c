/* Drafts that wait for their second officer, as the writer keeps them: one answer to each, none
 * after its end, no signature without its act, and nothing kept for ever. */
#include "base/json_make.h"
#include "base/wire.h"
#include "case/case_in.h"
#include "cli/test_play.h"
#include "gate/read.h"
#include "gate/run.h"
#include "limit_gen.h"

static int64_t answer_of(struct story *s, struct keep keep)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct str kept = {0};
    CHECK_OK(gate_keep_wait(ctx, s->stage.gate, &keep, &kept));
    struct wire w = wire_read(kept);
    return kept.n == 0 ? KEEP_DONE : wire_int(&w);
}

static struct case_waiting_add_in row_of(struct story *s, const char *id, const char *digest)
{
    int64_t now = s->stage.clock.now.ms;
    return (struct case_waiting_add_in){.id = str_from(id),
                                        .sender = STR("o-enforcer"),
                                        .signer = STR("o-enforcer2"),
                                        .kind = STR("investigate"),
                                        .fields = STR("{\"penalty.record\":\"甲\"}"),
                                        .files = STR("[]"),
                                        .digest = str_from(digest),
                                        .sent_ms = now,
                                        .until_ms = now + LIMIT_SIGN_WAIT_MS};
}

static int64_t sent(struct story *s, const char *id, const char *digest)
{
    struct case_waiting_add_in row = row_of(s, id, digest);
    return answer_of(s, case_keep_send(s->ctx->arena, &row, NULL, 0, STR("")));
}

static int64_t ended(struct story *s, const char *id, const char *by, const char *state)
{
    return answer_of(s,
                     case_keep_end(s->ctx->arena, str_from(id), str_from(by), state, STR("理由")));
}

static bool stands(struct story *s, const char *id, struct case_waiting_get_row *ret)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct db *db = NULL;
    bool found = false;
    CHECK_OK(store_reader(ctx, s->stage.store, &db));
    CHECK_OK(
        case_waiting_get(ctx, db, (struct case_waiting_get_in){.id = str_from(id)}, ret, &found));
    db_close(db);
    return found;
}

static void tell(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    (void)why;
    (void)receipt;
    *(enum err *)arg = err;
}

/* Any act, with the signature of a draft beside it. */
static enum err signed_beside(struct story *s, const char *party, const char *id,
                              const char *signer, const char *digest)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    enum err err = ERR_BUSY;
    struct draft d = {.kind = STR("register-party"), .actor = {.kind = ACTOR_NODE, .assurance = 2}};
    struct keep keep = case_keep_sign(ctx->arena, str_from(id), str_from(signer), str_from(digest));
    d.fields = json_object();
    json_set(ctx->arena, &d.fields, STR("party.id"), json_of_str(str_from(party)));
    json_set(ctx->arena, &d.fields, STR("party.kind"), json_of_str(STR("person")));
    CHECK_OK(gate_submit_with(ctx, s->stage.gate, &d, &keep, tell, &err));
    while (gate_run_once(s->stage.gate) > 0) {
    }
    return err;
}

static bool is_registered(struct story *s, const char *party)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct actor_record record;
    struct db *db = NULL;
    bool found = false;
    CHECK_OK(store_reader(ctx, s->stage.store, &db));
    CHECK_OK(gate_actor(ctx, s->stage.gate, db, str_from(party), &record, &found));
    db_close(db);
    return found;
}

TEST(sign_a_draft_has_one_answer)
{
    struct story s;
    struct case_waiting_get_row row;
    story_open(&s, t, ctx);
    story_set_day(&s, (struct day){20514}); /* 2026-03-02 */
    CHECK_INT(sent(&s, "a", "d1"), KEEP_DONE);
    CHECK_INT(sent(&s, "a", "d2"), KEEP_SAME); /* nonce and time are not what was typed */
    struct case_waiting_add_in other = row_of(&s, "a", "d1");
    other.fields = STR("{\"penalty.record\":\"乙\"}");
    CHECK_INT(answer_of(&s, case_keep_send(ctx->arena, &other, NULL, 0, STR(""))), KEEP_OTHER);
    CHECK_INT(ended(&s, "a", "o-legal", "declined"), KEEP_SETTLED);
    CHECK_INT(ended(&s, "a", "o-enforcer", "declined"), KEEP_SETTLED);
    CHECK_INT(ended(&s, "a", "o-enforcer2", "withdrawn"), KEEP_SETTLED);
    CHECK_INT(ended(&s, "none", "o-enforcer", "withdrawn"), KEEP_SETTLED);
    /* A signature that does not hold undoes the act it came with. */
    CHECK(signed_beside(&s, "p-a", "a", "o-legal", "d1") == ERR_CONFLICT);
    CHECK(signed_beside(&s, "p-a", "a", "o-enforcer2", "d2") == ERR_CONFLICT);
    CHECK(!is_registered(&s, "p-a"));
    CHECK(signed_beside(&s, "p-a", "a", "o-enforcer2", "d1") == ERR_OK);
    CHECK(is_registered(&s, "p-a") && stands(&s, "a", &row));
    CHECK(str_equal(row.state, STR("signed")) && row.seq > 0 && row.fields.n == 0);
    CHECK(signed_beside(&s, "p-b", "a", "o-enforcer2", "d1") == ERR_CONFLICT);
    CHECK(!is_registered(&s, "p-b"));
    CHECK_INT(ended(&s, "a", "o-enforcer", "withdrawn"), KEEP_SETTLED);
    /* Declined, it is taken back by its sender, and nothing of it stays. */
    CHECK_INT(sent(&s, "b", "d3"), KEEP_DONE);
    CHECK_INT(ended(&s, "b", "o-enforcer2", "declined"), KEEP_DONE);
    CHECK(stands(&s, "b", &row) && row.fields.n > 0 && str_equal(row.why, STR("理由")));
    CHECK(signed_beside(&s, "p-b", "b", "o-enforcer2", "d3") == ERR_CONFLICT);
    CHECK_INT(ended(&s, "b", "o-enforcer", "withdrawn"), KEEP_DONE);
    CHECK(stands(&s, "b", &row) && row.fields.n == 0);
    story_close(&s);
}

TEST(sign_a_draft_has_its_end)
{
    struct story s;
    struct case_waiting_get_row row;
    story_open(&s, t, ctx);
    story_set_day(&s, (struct day){20514}); /* 2026-03-02 */
    CHECK_INT(sent(&s, "a", "d1"), KEEP_DONE);
    s.stage.clock.now.ms += LIMIT_SIGN_WAIT_MS;
    CHECK(signed_beside(&s, "p-a", "a", "o-enforcer2", "d1") == ERR_CONFLICT);
    CHECK(!is_registered(&s, "p-a"));
    CHECK_INT(ended(&s, "a", "o-enforcer2", "declined"), KEEP_SETTLED);
    s.stage.clock.now.ms += LIMIT_SIGN_KEPT_MS;
    CHECK_INT(answer_of(&s, case_keep_sweep(ctx->arena)), KEEP_DONE);
    CHECK(stands(&s, "a", &row)); /* to its last moment */
    s.stage.clock.now.ms += 1;
    CHECK_INT(answer_of(&s, case_keep_sweep(ctx->arena)), KEEP_DONE);
    CHECK(!stands(&s, "a", &row));
    story_close(&s);
}

TEST(sign_no_officer_sends_too_many)
{
    struct story s;
    story_open(&s, t, ctx);
    story_set_day(&s, (struct day){20514}); /* 2026-03-02 */
    for (int i = 0; i < LIMIT_SIGNS_OF_ONE; i++) {
        struct str id = str_format(ctx->arena, "w%d", i);
        CHECK_INT(sent(&s, str_z(ctx->arena, id), "d"), KEEP_DONE);
    }
    CHECK_INT(sent(&s, "x", "d"), KEEP_TOO_MANY);
    CHECK_INT(ended(&s, "w0", "o-enforcer", "withdrawn"), KEEP_DONE);
    CHECK_INT(sent(&s, "x", "d"), KEEP_DONE);
    /* What is sent in the place of another needs no room of its own. */
    struct case_waiting_add_in row = row_of(&s, "y", "d");
    CHECK_INT(answer_of(&s, case_keep_send(ctx->arena, &row, NULL, 0, STR("x"))), KEEP_DONE);
    /* What is over leaves room as well. */
    CHECK_INT(sent(&s, "z", "d"), KEEP_TOO_MANY);
    s.stage.clock.now.ms += LIMIT_SIGN_WAIT_MS;
    CHECK_INT(sent(&s, "z", "d"), KEEP_DONE);
    story_close(&s);
}
