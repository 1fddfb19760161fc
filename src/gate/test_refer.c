/* What acts name, and whence their values come: licences, acts and documents by packs that ask for
 * them, in every way in which they can be wrong; and the sources that an act keeps, in ledgers of
 * today and from before. */
#include "base/json_make.h"
#include "cli/test_play.h"
#include "gate/gate_in.h"
#include "gate/read.h"

static const struct actor ming = {.kind = ACTOR_PARTY, .id = STR_INIT("p-ming"), .assurance = 2};

/* ---- what is named ---- */

struct named_world {
    struct story s;
    struct db *db;
    struct question q;
};

/* The first thing that a value of this kind of reference is refused by, as the gate asks it. */
static const char *refused(struct ctx *ctx, struct named_world *w, struct need need,
                           struct json value)
{
    struct draft d = {.actor = ming, .fields = json_object()};
    struct act_kind kind = {.fields = &need, .field_count = 1, .in_case = ACT_CASE_NONE};
    json_set(ctx->arena, &d.fields, need.fact->id, value);
    w->q.draft = &d;
    w->q.kind = &kind;
    w->q.misnamed = (struct misnamed){0};
    must(references_load(ctx, w->s.stage.gate, w->db, &w->q) == ERR_OK);
    return w->q.misnamed.code == NULL ? "" : w->q.misnamed.code;
}

TEST(gate_refer_looks_for_each_kind_of_thing)
{
    struct named_world w = {0};
    story_open(&w.s, t, ctx);
    CHECK_OK(store_reader(ctx, w.s.stage.store, &w.db));
    CHECK_OK(gate_law(ctx, w.s.stage.gate, w.db, &w.q.law));
    w.q.law_now = w.q.law;
    w.q.party = STR("p-ming");
    w.q.day = (struct day){20514};
    struct fact text = {.id = STR("x.text"), .type = FACT_TEXT};
    struct fact number = {.id = STR("x.number"), .type = FACT_INTEGER};
    static const struct {
        enum fact_names names;
        const char *good;
        const char *bad;
    } rows[] = {
        {NAMES_OFFICE, "bh-market", "bh-none"},
        {NAMES_ITEM, "food-new", "food-none"},
        {NAMES_PARTY, "org-lin", "o-clerk"},
        {NAMES_OFFICER, "o-clerk", "p-lin"},
        {NAMES_PACK, "cn", "fr"},
        {NAMES_NOTHING, "anything", NULL},
        {NAMES_CASE, NULL, "bh-2026-000001"},
        {NAMES_LICENCE, NULL, "JY29901010000001"},
        {NAMES_AUTHORITY, NULL, "p-zhou"},
        {NAMES_DOCUMENT, NULL, "1"},
        {NAMES_ACT, NULL, "999999"},
        {NAMES_ACT, NULL, "-1"},
        {NAMES_ACT, NULL, "1"},
        /* of another */ {NAMES_ACT, NULL, "first"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct need need = {.fact = &text, .names = rows[i].names};
        if (rows[i].good != NULL) {
            CHECK_STR(str_from(refused(ctx, &w, need, json_of_str(str_from(rows[i].good)))), "");
        }
        if (rows[i].bad != NULL) {
            CHECK_STR(str_from(refused(ctx, &w, need, json_of_str(str_from(rows[i].bad)))),
                      "form.subject");
        }
    }
    struct str org[] = {STR("org")};
    struct need typed = {.fact = &text, .names = NAMES_PARTY, .types = org, .type_count = 1};
    CHECK_STR(str_from(refused(ctx, &w, typed, json_of_str(STR("org-lin")))), "");
    CHECK_STR(str_from(refused(ctx, &w, typed, json_of_str(STR("p-lin")))), "form.subject");
    struct need place = {.fact = &number, .names = NAMES_ACT};
    CHECK_STR(str_from(refused(ctx, &w, place, json_of_int(999999))), "form.subject");
    struct json list = json_array();
    json_push(ctx->arena, &list, json_of_str(STR("p-lin")));
    json_push(ctx->arena, &list, json_of_str(STR("nobody")));
    struct need many = {.fact = &text, .names = NAMES_PARTY};
    CHECK_STR(str_from(refused(ctx, &w, many, list)), "form.subject");
    db_close(w.db);
    story_close(&w.s);
}

/* ---- whence values come ---- */

static struct act_record recorded(struct story *s, int64_t seq)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct db *db = NULL;
    struct act_record record = {0};
    bool found = false;
    CHECK_OK(store_reader(ctx, s->stage.store, &db));
    CHECK_OK(gate_act(ctx, s->stage.gate, db, seq, &record, &found));
    db_close(db);
    CHECK(found);
    return record;
}

TEST(gate_source_is_kept_of_what_was_not_stated)
{
    struct story s;
    struct act_record r;
    story_open(&s, t, ctx);
    struct draft d = {.kind = STR("apply"), .actor = ming, .item = STR("self-employed")};
    CHECK_OK(
        json_parse(ctx,
                   STR("{\"person.phone\":\"13800001208\",\"person.address\":\"滨河县北街 21 号\","
                       "\"business.name\":\"欧阳五金\",\"business.standard_name\":true,"
                       "\"business.scope\":\"零售\",\"business.industry\":\"F\","
                       "\"premises.address\":\"滨河县北街 21 号\",\"premises.right\":\"own\","
                       "\"service.delivery\":\"electronic\",\"service.truth\":true,"
                       "\"business.form\":\"person\"}"),
                   STR("fields"), &d.fields));
    struct receipt filed = story_submit(&s, &d);
    CHECK_STR(filed.verdict.code, "");
    r = recorded(&s, filed.seq);
    CHECK(r.has_sources);
    const struct json *name = json_get(&r.sources, "person.name");
    CHECK(name != NULL && json_get(&r.sources, "business.name") == NULL);
    CHECK_STR(json_text(name, "from"), "held");
    CHECK_STR(json_text(name, "register"), "party");
    struct act_record rests = recorded(&s, json_int(name, "seq", -1));
    CHECK_STR(json_text(&rests.fields, "party.id"), "p-ming");
    CHECK_STR(json_text(&rests.fields, "person.name"), "欧阳明");
    story_close(&s);
}
