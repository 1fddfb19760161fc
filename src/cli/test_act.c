/* What an act leaves: documents that stay as they were issued, values that can be erased, a case or
 * none. */
#include "base/encode.h"
#include "base/json_make.h"
#include "cli/test_play.h"
#include "crypto/crypto.h"
#include "gate/read.h"
#include "gate/run.h"

static struct receipt play(struct story *s, struct actor actor, const char *kind, const char *item,
                           const char *fields)
{
    struct ctx *ctx = s->ctx;
    struct test *t = s->t;
    struct draft d = {
        .kind = str_from(kind), .actor = actor, .item = str_from(item), .fields = json_object()};
    d.actor.assurance = 2;
    d.case_id = item[0] == 0 && actor.kind != ACTOR_NODE ? s->case_id : STR("");
    CHECK_OK(json_parse(ctx, str_from(fields), STR("fields"), &d.fields));
    struct receipt r = story_submit(s, &d);
    CHECK_STR(r.verdict.code, "");
    return r;
}

static struct str drawn(struct story *s, int64_t seq, const char *lang, bool *ret_anew)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct db *db = NULL;
    struct str html = {0};
    CHECK_OK(store_reader(ctx, s->stage.store, &db));
    CHECK_OK(gate_document(ctx, s->stage.gate, db, seq, str_from(lang), &html, ret_anew));
    db_close(db);
    return html;
}

static bool shows(struct str html, const char *text)
{
    return str_find(html, str_from(text)) != SIZE_MAX;
}

TEST(gate_an_act_outside_cases_names_none)
{
    struct story s;
    struct draft d = {.kind = STR("register-party"),
                      .actor = {.kind = ACTOR_NODE, .assurance = 2},
                      .case_id = STR("bh-2026-000001")};
    story_open(&s, t, ctx);
    CHECK_OK(json_parse(
        ctx, STR("{\"party.id\":\"p-x\",\"party.kind\":\"person\",\"person.name\":\"林一\"}"),
        STR("fields"), &d.fields));
    struct receipt r = {.seq = -1};
    CHECK_OK(gate_submit_wait(ctx, s.stage.gate, &d, &r));
    CHECK_STR(r.verdict.code, "procedure.case");
    d.case_id = STR("");
    CHECK_STR(story_submit(&s, &d).verdict.code, "");
    story_close(&s);
}

/* The law of an act is one digest of the set of packs, which anybody can make again. */
TEST(gate_a_leaf_names_the_set_of_packs_by_one_digest)
{
    struct story s;
    struct draft d = {.kind = STR("register-party"), .actor = {.kind = ACTOR_NODE, .assurance = 2}};
    struct db *db = NULL;
    const struct law *law = NULL;
    struct act_record record = {0};
    struct json leaf;
    bool found = false;
    size_t count = 0;
    story_open(&s, t, ctx);
    CHECK_OK(json_parse(
        ctx, STR("{\"party.id\":\"p-x\",\"party.kind\":\"person\",\"person.name\":\"林一\"}"),
        STR("fields"), &d.fields));
    struct receipt r = story_submit(&s, &d);
    CHECK_OK(store_reader(ctx, s.stage.store, &db));
    CHECK_OK(gate_law(ctx, s.stage.gate, db, &law));
    CHECK_OK(gate_act(ctx, s.stage.gate, db, r.seq, &record, &found));
    CHECK(found && law != NULL);
    const struct law_pack *packs = law_packs(law, &count);
    CHECK_INT((int64_t)count, 2);
    CHECK_STR(packs[0].code, "cn"); /* before cn-990101, also bytewise */
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, "tongban/law/v1\n");
    for (size_t i = 0; i < count; i++) {
        buf_format(&b, "%.*s@%.*s:%.*s\n", FMT(packs[i].code), FMT(packs[i].version),
                   FMT(hex_encode(ctx->arena, packs[i].digest, 32)));
    }
    uint8_t digest[32];
    sha256(b.p, b.n, digest);
    CHECK_OK(json_parse(ctx, record.leaf, STR("leaf"), &leaf));
    CHECK_INT(json_int(&leaf, "v", 0), 3);
    CHECK_STR(json_text(&leaf, "law"), str_z(ctx->arena, hex_encode(ctx->arena, digest, 32)));
    db_close(db);
    story_close(&s);
}

TEST(gate_a_document_stays_as_issued_and_an_erased_value_leaves_it)
{
    struct story s;
    bool anew = false;
    struct actor lin = {.kind = ACTOR_PARTY, .id = STR("p-lin"), .for_id = STR("p-lin")};
    struct actor node = {.kind = ACTOR_NODE};
    story_open(&s, t, ctx);
    story_set_day(&s, (struct day){20514}); /* 2026-03-02 */
    struct receipt asked = play(
        &s, lin, "request-information", "xxgk",
        "{\"info.wanted\":\"道路维修预算\",\"info.form\":\"electronic\",\"info.way\":\"online\"}");
    struct str first = drawn(&s, asked.seq, "zh", &anew);
    CHECK(!anew && shows(first, "当事人：林知夏") && shows(first, "道路维修预算") &&
          shows(first, "2026年3月2日"));
    CHECK(shows(drawn(&s, asked.seq, "en", &anew), "2 March 2026"));
    struct buf b = buf_new(ctx->arena, 0);
    buf_format(&b, "{\"erase.seq\":%lld,\"erase.fact\":\"info.wanted\"}", (long long)asked.seq);
    play(&s, node, "erase-value", "", str_z(ctx->arena, buf_str(&b)));
    struct str after = drawn(&s, asked.seq, "zh", &anew);
    CHECK(anew && !shows(after, "道路维修") && shows(after, "当事人：林知夏"));
    struct case_state c = {0};
    struct db *db = NULL;
    bool found = false;
    CHECK_OK(store_reader(ctx, s.stage.store, &db));
    CHECK_OK(gate_case(ctx, s.stage.gate, db, asked.case_id, &c, &found));
    CHECK(found && c.office.n > 0); /* nothing but the value went */
    db_close(db);
    story_close(&s); /* replays: every leaf is made again from what the vault still holds */
}
