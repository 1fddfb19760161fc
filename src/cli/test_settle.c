/* What a draft says and what is kept of it: normal forms, what a register holds, what was not
 * asked; and that the same draft, sent again, is known again. */
#include "base/json_make.h"
#include "cli/test_play.h"
#include "gate/read.h"
#include "gate/run.h"
#include "party_sql.h"

static struct draft draft_of(struct test *t, struct ctx *ctx, struct actor actor, const char *kind,
                             const char *item, const char *fields)
{
    struct draft d = {.kind = str_from(kind), .actor = actor, .item = str_from(item)};
    d.actor.assurance = 2;
    CHECK_OK(json_parse(ctx, str_from(fields), STR("fields"), &d.fields));
    return d;
}

static struct str kept(struct story *s, int64_t seq, const char *fact)
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
    const struct json *v = json_get_str(&record.fields, str_from(fact));
    return json_is(v, JSON_STRING) ? v->text : STR("");
}

static const struct actor node = {.kind = ACTOR_NODE};

TEST(gate_settle_keeps_the_normal_form_and_knows_the_draft_again)
{
    struct story s;
    struct receipt again = {0};
    story_open(&s, t, ctx);
    struct draft d = draft_of(
        t, ctx, node, "register-party", "",
        "{\"party.id\":\"p-new\",\"party.kind\":\"person\",\"person.name\":\"　买买提・艾山 "
        "\",\"person.idcard\":\"１１０１０５１９４９１２３１００２ｘ\"}");
    d.key = STR("once");
    struct receipt r = story_submit(&s, &d);
    CHECK_STR(r.verdict.code, "");
    CHECK_STR(kept(&s, r.seq, "person.name"), "买买提·艾山");
    CHECK_STR(kept(&s, r.seq, "person.idcard"), "11010519491231002X");
    CHECK_OK(gate_submit_wait(ctx, s.stage.gate, &d, &again));
    CHECK(again.repeated && again.seq == r.seq);
    struct draft other = d;
    CHECK_OK(json_parse(ctx,
                        STR("{\"party.id\":\"p-new\",\"party.kind\":\"person\",\"person.name\":"
                            "\"买买提·艾山\",\"person.idcard\":\"11010519491231002X\"}"),
                        STR("fields"), &other.fields));
    CHECK(gate_submit_wait(ctx, s.stage.gate, &other, &again) == ERR_CONFLICT);
    story_close(&s);
}

static const struct actor ming = {.kind = ACTOR_PARTY, .id = STR_INIT("p-ming")};

/* %s: what is said of oneself; and what a person who runs a firm alone is not asked. */
#define SELF(said, more)                                                                           \
    "{" said "\"person.phone\":\"13800001208\",\"person.address\":\"滨河县北街 21 号\","          \
    "\"business.name\":\"欧阳五金\",\"business.standard_name\":true,\"business.scope\":\"零售\"," \
    "\"business.industry\":\"F\",\"premises.address\":\"滨河县北街 21 号\","                      \
    "\"premises.right\":\"own\",\"service.delivery\":\"electronic\",\"service.truth\":true,"       \
    "\"business.form\":\"person\"" more "}"

TEST(gate_settle_believes_the_register)
{
    struct story s;
    static const struct {
        const char *fields;
        const char *code;
        const char *field;
    } rows[] = {
        {SELF("\"person.name\":\"别人\",", ""), "form.held", "person.name"},
        {SELF("\"person.idcard\":\"11010519491231002X\",", ""), "form.held", "person.idcard"},
        {SELF("\"person.name\":\"\u3000\u200b\",", ""), "", ""}, /* says nothing: it is filled */
        {SELF("", ""), "", ""},
        {SELF("\"person.name\":\"　欧阳 明\",", ""), "", ""},
    };
    story_open(&s, t, ctx);
    for (size_t i = 0; i < LEN(rows); i++) {
        struct draft d = draft_of(t, ctx, ming, "apply", "self-employed", rows[i].fields);
        struct receipt r = story_submit(&s, &d);
        CHECK_STR(r.verdict.code, rows[i].code);
        CHECK_STR(r.verdict.field, rows[i].field);
        if (r.verdict.admitted) {
            CHECK_STR(kept(&s, r.seq, "person.name"), "欧阳明");
            CHECK_STR(kept(&s, r.seq, "person.idcard"), "990101197802240050");
        } else {
            CHECK(str_find(r.verdict.sentence.zh, STR("登记簿")) != SIZE_MAX);
        }
    }
    story_close(&s);
}

#define PROOF                                                                                      \
    ",\"premises.proof\":{\"sha256\":"                                                             \
    "\"00000000000000000000000000000000000000000000000000000000000000aa\","                        \
    "\"type\":\"application/pdf\",\"size\":9,\"name\":\"租约.pdf\"}"

TEST(gate_settle_leaves_out_what_was_not_asked)
{
    static const char *const rights[] = {"own", "rent"};
    struct story s;
    story_open(&s, t, ctx);
    for (size_t i = 0; i < LEN(rights); i++) {
        struct db *db = NULL;
        struct act_record record = {0};
        bool found = false;
        struct draft d = draft_of(t, ctx, ming, "apply", "self-employed", SELF("", PROOF));
        json_set(ctx->arena, &d.fields, STR("premises.right"), json_of_str(str_from(rights[i])));
        struct receipt r = story_submit(&s, &d);
        CHECK_STR(r.verdict.code, "");
        CHECK_OK(store_reader(ctx, s.stage.store, &db));
        CHECK_OK(gate_act(ctx, s.stage.gate, db, r.seq, &record, &found));
        CHECK(found && (json_get_str(&record.fields, STR("premises.proof")) != NULL) == (i == 1));
        db_close(db);
    }
    story_close(&s);
}

#define IDCARD ",\"person.idcard\":\"11010519491231002X\""

/* A register filled before values had one form still knows the person who is in it. */
TEST(gate_settle_compares_with_an_older_register_in_one_form)
{
    struct story s;
    struct party_register_get_row row;
    bool found = false;
    story_open(&s, t, ctx);
    struct draft d = draft_of(t, ctx, node, "register-party", "",
                              "{\"party.id\":\"p-new\",\"party.kind\":\"person\",\"person.name\":"
                              "\"买买提·艾山\",\"person.idcard\":\"11010519491231002X\"}");
    struct receipt r = story_submit(&s, &d);
    CHECK_STR(r.verdict.code, "");
    struct db *db = store_writer(s.stage.store);
    CHECK_OK(
        party_register_get(ctx, db, (struct party_register_get_in){STR("p-new")}, &row, &found));
    struct party_register_set_in as_it_was = {.id = row.id,
                                              .party_kind = row.party_kind,
                                              .display_name = row.display_name,
                                              .code = row.code,
                                              .facts = row.facts,
                                              .seq = r.seq};
    struct party_register_set_in older = as_it_was;
    older.facts = STR("{\"person.name\":\"买买提・艾山\"}");
    CHECK_OK(party_register_set(ctx, db, older));
    struct actor self = {.kind = ACTOR_PARTY, .id = STR("p-new")};
    static const char *const said[] = {SELF("\"person.name\":\"买买提・艾山\",", IDCARD),
                                       SELF("", IDCARD)};
    for (size_t i = 0; i < LEN(said); i++) {
        d = draft_of(t, ctx, self, "apply", "self-employed", said[i]);
        r = story_submit(&s, &d);
        CHECK_STR(r.verdict.code, "");
        CHECK(r.verdict.admitted && str_equal(kept(&s, r.seq, "person.name"), STR("买买提·艾山")));
    }
    CHECK_OK(party_register_set(ctx, db, as_it_was));
    story_close(&s);
}
