/* Two officers sign one draft by its digest: what enters is what both signed, and the ledger and
 * the vault keep that they did, for as long as its values are kept. */
#include "base/json_make.h"
#include "cli/test_play.h"
#include "gate/consent.h"
#include "gate/read.h"

static const char findings[] =
    "{\"penalty.cards_shown\":true,\"penalty.rights_told\":true,\"penalty.record\":\"未能出示"
    "许可证。\"}";

static struct json fields_of(struct story *s, const char *text)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct json o;
    CHECK_OK(json_parse(ctx, str_from(text), STR("fields"), &o));
    return o;
}

/* A case of two enforcers, and the draft that the second is to sign. */
static struct draft begin(struct story *s, struct test *t, struct ctx *ctx)
{
    story_open(s, t, ctx);
    story_set_day(s, (struct day){20514}); /* 2026-03-02 */
    struct draft d = {.kind = STR("open-penalty"), .item = STR("cf-food")};
    d.actor = (struct actor){
        .kind = ACTOR_OFFICER, .id = STR("o-enforcer"), .for_id = STR("p-zhou"), .assurance = 2};
    d.fields = fields_of(
        s, "{\"penalty.source\":\"inspection\",\"penalty.suspicion\":\"未取得许可经营\","
           "\"penalty.act_end\":\"2026-02-25\",\"penalty.grave\":false,\"penalty.subject\":"
           "\"person\",\"penalty.device\":false}");
    struct receipt r = story_submit(s, &d);
    CHECK_STR(r.verdict.code, "");
    s->case_id = r.case_id;
    struct draft waits = {.kind = STR("investigate"), .case_id = r.case_id, .actor = d.actor};
    waits.actor.for_id = STR("");
    waits.actor.co_id = STR("o-enforcer2");
    waits.fields = fields_of(s, findings);
    waits.consent = (struct consent){
        .nonce = STR("00ff"), .sent = s->stage.clock.now, .assurance = 1, .proven = {1}};
    CHECK_OK(draft_digest(ctx, &waits, &waits.consent.digest));
    CHECK_INT((int64_t)waits.consent.digest.n, 64);
    return waits;
}

TEST(gate_what_two_signed_is_what_enters)
{
    struct story s;
    struct act_record act = {0};
    struct db *db = NULL;
    bool found = false;
    struct draft d = begin(&s, t, ctx);
    struct receipt r = story_submit(&s, &d);
    CHECK_STR(r.verdict.code, "");
    CHECK_OK(store_reader(ctx, s.stage.store, &db));
    CHECK_OK(gate_act(ctx, s.stage.gate, db, r.seq, &act, &found));
    CHECK(found && act.consent.sent.ms == d.consent.sent.ms && act.consent.assurance == 1);
    CHECK_STR(act.consent.digest, str_z(ctx->arena, d.consent.digest));
    CHECK_STR(act.consent.nonce, "00ff");
    /* What is erased cannot be tried against the digest; the leaf comes out as it was. */
    struct draft erase = {.kind = STR("erase-value"), .actor = {.kind = ACTOR_NODE}};
    erase.fields = json_object();
    json_set(ctx->arena, &erase.fields, STR("erase.seq"), json_of_int(r.seq));
    json_set(ctx->arena, &erase.fields, STR("erase.fact"), json_of_str(STR("penalty.record")));
    CHECK_STR(story_submit(&s, &erase).verdict.code, "");
    CHECK_OK(gate_act(ctx, s.stage.gate, db, r.seq, &act, &found));
    CHECK_STR(act.consent.digest, str_z(ctx->arena, d.consent.digest));
    CHECK_STR(act.consent.nonce, "");
    db_close(db);
    story_close(&s);
}

TEST(gate_what_differs_from_what_was_signed_is_refused)
{
    struct story s;
    struct draft good = begin(&s, t, ctx);
    struct draft d = good;
    d.fields = fields_of(&s, findings);
    json_set(ctx->arena, &d.fields, STR("penalty.record"), json_of_str(STR("另一份记录。")));
    CHECK_STR(story_submit(&s, &d).verdict.code, "apart.signature");
    d = good;
    d.actor.id = STR("o-enforcer2"); /* who signed is not who sent it */
    d.actor.co_id = STR("o-enforcer");
    CHECK_STR(story_submit(&s, &d).verdict.code, "apart.signature");
    d = good;
    d.consent.sent.ms++;
    CHECK_STR(story_submit(&s, &d).verdict.code, "apart.signature");
    d = good;
    d.consent.assurance = 0;
    CHECK_STR(story_submit(&s, &d).verdict.code, "identity.weak");
    CHECK_STR(story_submit(&s, &good).verdict.code, "");
    story_close(&s);
}

/* What is shown to the second is the form that enters: settled, it stays as it is. */
TEST(gate_what_is_settled_is_signed)
{
    struct story s;
    struct db *db = NULL;
    struct verdict verdict;
    struct json once;
    struct json twice;
    struct draft d = begin(&s, t, ctx);
    d.consent = (struct consent){0};
    json_set(ctx->arena, &d.fields, STR("penalty.record"), json_of_str(STR(" 未能出示Ａ证 ")));
    CHECK_OK(store_reader(ctx, s.stage.store, &db));
    CHECK_OK(gate_settled(ctx, s.stage.gate, db, &d, &verdict, &once));
    CHECK(verdict.admitted && !json_equal(&once, &d.fields));
    d.fields = once;
    CHECK_OK(gate_settled(ctx, s.stage.gate, db, &d, &verdict, &twice));
    CHECK(verdict.admitted && json_equal(&once, &twice));
    db_close(db);
    story_close(&s);
}
