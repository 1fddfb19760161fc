/* Every act of the packs that names something registered, with a subject that is not there, is
 * another's, or is taken: refused with its reason, and no view moves. An act of such an effect
 * without a row here fails. */
#include <string.h>

#include "cli/rooms.h"
#include "cli/test_play.h"
#include "gate/run.h"

static const struct {
    const char *act;
    const char *by; /* first letter says what: p party, o officer, a administrator, n node */
    const char
        *good; /* what would be admitted at this point, or nothing: then only refusals are tried */
    const char *bad[4]; /* each refused by `code` at `fact` */
    const char *code;
    const char *fact;
} rows[] = {
    {"appoint-officer",
     "a-system",
     NULL,
     {"{'officer.id':'o-t','officer.name':'某','officer.office':'bh-none','officer.roles':['clerk']"
      "}"},
     "form.subject",
     "officer.office"},
    {"appoint-officer",
     "a-system",
     "{'officer.id':'o-t','officer.name':'某','officer.office':'bh-market','officer.roles':['clerk'"
     "],'officer.person':'p-ming'}",
     {"{'officer.id':'o-t','officer.name':'某','officer.office':'bh-market','officer.roles':['"
      "clerk'],'officer.person':'org-lin'}",
      "{'officer.id':'o-t','officer.name':'某','officer.office':'bh-market','officer.roles':['"
      "clerk'],'officer.person':'o-law'}"},
     "form.subject",
     "officer.person"},
    {"appoint-admin",
     "a-security",
     NULL,
     {"{'admin.id':'a-t','admin.name':'某','admin.role':'audit','admin.person':'org-lin'}"},
     "form.subject",
     "admin.person"},
    {"dismiss-officer",
     "a-system",
     "{'officer.id':'o-t'}",
     {"{'officer.id':'o-none'}", "{'officer.id':'p-lin'}", "{'officer.id':'a-audit'}",
      "{'officer.id':'org-lin'}"},
     "form.subject",
     "officer.id"},
    {"dismiss-officer",
     "a-system",
     NULL,
     {"{'officer.id':'o-t'}"},
     "form.subject",
     "officer.id"}, /* a second time */
    {"dismiss-admin",
     "a-security",
     NULL,
     {"{'admin.id':'a-none'}", "{'admin.id':'p-lin'}", "{'admin.id':'o-law'}"},
     "form.subject",
     "admin.id"},
    {"register-party", /* a card is of one person, a credit code of one organisation */
     "o-clerk",
     "{'party.id':'p-lin','party.kind':'person','person.name':'林知夏',"
     "'person.idcard':'990101199003070023'}",
     {"{'party.id':'p-other','party.kind':'person','person.name':'林知夏',"
      "'person.idcard':'990101199003070023'}"},
     "form.taken",
     "person.idcard"},
    {"register-party",
     "o-clerk",
     "{'party.id':'p-lin','party.kind':'person','person.name':'林知夏'}",
     {"{'party.id':'p-lin','party.kind':'org','org.name':'某'}",
      "{'party.id':'o-law','party.kind':'person','person.name':'某'}",
      "{'party.id':'a-audit','party.kind':'person','person.name':'某'}",
      "{'party.id':'org-lin','party.kind':'person','person.name':'某'}"},
     "form.taken",
     "party.id"},
    {"relate-party",
     "o-clerk",
     "{'relation.from':'p-shen','relation.to':'org-lin','relation.kind':'legal-representative'}",
     {"{'relation.from':'p-none','relation.to':'org-lin','relation.kind':'operator'}",
      "{'relation.from':'org-bake','relation.to':'org-lin','relation.kind':'operator'}",
      "{'relation.from':'o-law','relation.to':'org-lin','relation.kind':'operator'}"},
     "form.subject",
     "relation.from"},
    {"relate-party",
     "o-clerk",
     NULL,
     {"{'relation.from':'p-shen','relation.to':'p-lin','relation.kind':'operator'}",
      "{'relation.from':'p-shen','relation.to':'org-none','relation.kind':'owner'}",
      "{'relation.from':'p-shen','relation.to':'p-shen','relation.kind':'kin'}",
      "{'relation.from':'p-shen','relation.to':'o-law','relation.kind':'agent','relation.until':'"
      "2026-12-31'}"},
     "form.subject",
     "relation.to"},
    {"end-relation",
     "o-clerk",
     "{'relation.from':'p-shen','relation.to':'org-lin','relation.kind':'legal-representative'}",
     {"{'relation.from':'p-shen','relation.to':'org-bake','relation.kind':'operator'}",
      "{'relation.from':'p-none','relation.to':'org-lin','relation.kind':'operator'}"},
     "form.subject",
     "relation.from"},
    {"end-relation",
     "o-clerk",
     NULL,
     {"{'relation.from':'p-shen','relation.to':'org-lin','relation.kind':'legal-representative'}"},
     "form.subject",
     "relation.from"},
    {"declare-conflict",
     "o-reviewer",
     "{'relation.from':'o-reviewer','relation.to':'p-ming','relation.kind':'kin'}",
     {"{'relation.from':'o-clerk','relation.to':'p-ming','relation.kind':'kin'}",
      "{'relation.from':'p-lin','relation.to':'p-ming','relation.kind':'kin'}"},
     "identity.authority",
     "relation.from"},
    {"declare-conflict",
     "o-reviewer",
     NULL,
     {"{'relation.from':'o-reviewer','relation.to':'p-none','relation.kind':'kin'}"},
     "form.subject",
     "relation.to"},
    {"declare-conflict",
     "o-clerk",
     "{'relation.from':'p-jiang','relation.to':'p-ming','relation.kind':'kin'}",
     {"{'relation.from':'p-jiang','relation.to':'org-lin','relation.kind':'agent'}"},
     "form.subject",
     "relation.none"},
    {"grant-authority",
     "p-lin",
     "{'authority.agent':'p-ming','authority.kind':'agent','authority.until':'2026-12-31'}",
     {"{'authority.agent':'p-none','authority.kind':'agent','authority.until':'2026-12-31'}",
      "{'authority.agent':'o-law','authority.kind':'agent','authority.until':'2026-12-31'}",
      "{'authority.agent':'p-lin','authority.kind':'agent','authority.until':'2026-12-31'}"},
     "form.subject",
     "authority.agent"},
    {"revoke-authority",
     "p-lin",
     "{'authority.agent':'p-ming','authority.kind':'agent'}",
     {"{'authority.agent':'p-zhou','authority.kind':'agent'}",
      "{'authority.agent':'p-ming','authority.kind':'family-help'}",
      "{'authority.agent':'p-none','authority.kind':'agent'}"},
     "form.subject",
     "authority.agent"},
    {"revoke-authority",
     "p-lin",
     NULL,
     {"{'authority.agent':'p-ming','authority.kind':'agent'}"},
     "form.subject",
     "authority.agent"},
    {"register-authority",
     "o-approval-clerk",
     "{'authority.principal':'p-shen','authority.agent':'p-ming','authority.kind':'family-help','"
     "authority.until':'2026-12-31','authority.proof':'household'}",
     {"{'authority.principal':'p-none','authority.agent':'p-ming','authority.kind':'family-help','"
      "authority.until':'2026-12-31','authority.proof':'household'}",
      "{'authority.principal':'o-law','authority.agent':'p-ming','authority.kind':'family-help','"
      "authority.until':'2026-12-31','authority.proof':'household'}"},
     "form.subject",
     "authority.principal"},
    {"open-account",
     "o-clerk",
     "{'account.owner':'p-lin','account.name':'lin'}",
     {"{'account.owner':'p-none','account.name':'none'}"},
     "form.subject",
     "account.owner"},
    {"open-account",
     "o-clerk",
     NULL,
     {"{'account.owner':'p-ming','account.name':'LIN'}",
      "{'account.owner':'p-ming','account.name':' lin '}"},
     "form.taken",
     "account.name"},
    {"recover-account",
     "o-approval-clerk",
     "{'account.owner':'p-lin','account.proof':'document'}",
     {"{'account.owner':'p-ming','account.proof':'document'}",
      "{'account.owner':'p-none','account.proof':'document'}"},
     "form.subject",
     "account.owner"},
    {"agree-delivery",
     "o-clerk",
     "{'delivery.agreed':true,'delivery.party':'p-lin'}",
     {"{'delivery.agreed':true,'delivery.party':'p-none'}",
      "{'delivery.agreed':true,'delivery.party':'o-law'}"},
     "form.subject",
     "delivery.party"},
    {"end-delivery",
     "o-clerk",
     "{'delivery.party':'p-lin'}",
     {"{'delivery.party':'p-none'}", "{'delivery.party':'a-audit'}"},
     "form.subject",
     "delivery.party"},
    {"register-end",
     "o-approval-clerk",
     NULL,
     {"{'ended.party':'p-none','ended.how':'died','ended.day':'2026-03-01','ended.proof':'"
      "certificate'}"},
     "apart.officers", /* one alone gets no further; the stories of the packs have two */
     ""},
    {"register-credential",
     "p-lin",
     "{'credential.id':'c-lin','credential.kind':'passkey'}",
     {NULL},
     "",
     ""},
    {"register-credential",
     "p-zhou",
     "{'credential.id':'c-zhou','credential.kind':'passkey'}",
     {"{'credential.id':'c-lin','credential.kind':'password'}"},
     "form.taken",
     "credential.id"},
    {"remove-credential",
     "p-lin",
     "{'credential.id':'c-lin'}",
     {"{'credential.id':'c-zhou'}", "{'credential.id':'c-none'}"},
     "form.subject",
     "credential.id"},
    {"remove-credential",
     "p-lin",
     NULL,
     {"{'credential.id':'c-lin'}"},
     "form.subject",
     "credential.id"},
    {"close-account", "p-lin", "{'account.owner':'p-lin'}", {NULL}, "", ""},
    {"close-account",
     "o-clerk",
     NULL,
     {"{'account.owner':'p-lin'}", "{'account.owner':'p-none'}"},
     "form.subject",
     "account.owner"},
    {"register-client",
     "a-security",
     NULL,
     {"{'client.id':'p-lin','client.name':'应用','client.profile':'machine','client.auth':'private_"
      "key_jwt','client.scopes':['act'],'client.grants':['client_credentials'],'client.jwks':'{}'"
      "}"},
     "form.taken",
     "client.id"},
    {"register-client",
     "a-security",
     NULL,
     {"{'client.id':'bank-two','client.name':'应用','client.profile':'machine','client.auth':'"
      "private_key_jwt','client.scopes':['act'],'client.grants':['client_credentials'],'client."
      "jwks':'{}','client.institution':'bank','client.party':'p-lin'}",
      "{'client.id':'bank-two','client.name':'应用','client.profile':'machine','client.auth':'"
      "private_key_jwt','client.scopes':['act'],'client.grants':['client_credentials'],'client."
      "jwks':'{}','client.institution':'bank','client.party':'org-none'}"},
     "form.subject",
     "client.party"},
    {"register-client",
     "a-security",
     "{'client.id':'app-one','client.name':'应用','client.profile':'native','client.auth':'none','"
     "client.scopes':['openid'],'client.grants':['authorization_code'],"
     "'client.redirect_uris':['https://app.example/back']}",
     {NULL},
     "",
     ""},
    {"consent-to-share",
     "p-lin",
     "{'consent.client':'app-one','consent.scopes':['openid']}",
     {"{'consent.client':'app-none','consent.scopes':['openid']}"},
     "form.subject",
     "consent.client"},
    {"withdraw-consent",
     "p-zhou",
     NULL,
     {"{'consent.client':'app-one'}"},
     "form.subject",
     "consent.client"}, /* another's */
    {"withdraw-consent",
     "p-lin",
     "{'consent.client':'app-one'}",
     {"{'consent.client':'app-none'}"},
     "form.subject",
     "consent.client"},
    {"close-client",
     "a-security",
     "{'client.id':'app-one'}",
     {"{'client.id':'app-none'}"},
     "form.subject",
     "client.id"},
    {"close-client", "a-security", NULL, {"{'client.id':'app-one'}"}, "form.subject", "client.id"},
    {"consent-to-share",
     "p-lin",
     NULL,
     {"{'consent.client':'app-one','consent.scopes':['openid']}"},
     "form.subject",
     "consent.client"}, /* closed */
    {"erase-value",
     "a-security",
     NULL,
     {"{'erase.seq':999999,'erase.fact':'person.phone'}"},
     "form.subject",
     "erase.seq"},
    {"erase-value",
     "a-security",
     "{'erase.seq':2,'erase.fact':'person.phone'}",
     {"{'erase.seq':2,'erase.fact':'party.id'}", "{'erase.seq':2,'erase.fact':'business.scope'}",
      "{'erase.seq':0,'erase.fact':'person.phone'}"},
     "form.subject",
     "erase.fact"},
};

static struct receipt play(struct story *s, const char *act, const char *by, const char *fields)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    char *text = str_z(ctx->arena, str_from(fields));
    for (char *c = text; *c != '\0'; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    enum actor_kind kind = by[0] == 'p' ? ACTOR_PARTY : by[0] == 'o' ? ACTOR_OFFICER : ACTOR_ADMIN;
    struct draft d = {.kind = str_from(act),
                      .actor = {.kind = kind, .id = str_from(by), .assurance = 3}};
    CHECK_OK(json_parse(ctx, str_from(text), STR("fields"), &d.fields));
    return story_submit(s, &d);
}

static bool names_something(const struct act_kind *k, const struct projector *const *rooms,
                            size_t count)
{
    bool hit = false;
    for (size_t e = 0; e < k->effect_count; e++) {
        for (size_t i = 0; i < count; i++) {
            for (size_t n = 0; n < rooms[i]->name_count; n++) {
                hit = hit || str_equal(k->effects[e], str_from(rooms[i]->names[n].effect));
            }
        }
        static const char *const of_gate[] = {"office.", "admin.", "party.", "vault.",
                                              "institution."};
        for (size_t n = 0; n < LEN(of_gate); n++) {
            hit = hit || str_starts(k->effects[e], str_from(of_gate[n]));
        }
    }
    return hit;
}

TEST(names_that_are_missing_or_anothers_are_refused)
{
    struct story s;
    story_open(&s, t, ctx);
    story_set_day(&s, (struct day){20514}); /* 2026-03-02 */
    for (size_t i = 0; i < LEN(rows); i++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        for (size_t b = 0; b < LEN(rows[i].bad) && rows[i].bad[b] != NULL; b++) {
            bool odd =
                strcmp(rows[i].fact, "relation.none") == 0; /* refused by the act's own condition */
            struct receipt r = play(&s, rows[i].act, rows[i].by, rows[i].bad[b]);
            CHECK_STR(r.verdict.code, odd ? "bounds.when" : rows[i].code);
            CHECK_STR(r.verdict.field, odd ? "" : rows[i].fact);
            CHECK(r.verdict.article.statute != NULL && r.seq == -1);
        }
        if (rows[i].good != NULL) {
            struct receipt r = play(&s, rows[i].act, rows[i].by, rows[i].good);
            CHECK_STR(r.verdict.code, "");
        }
        arena_reset(ctx->arena, mark);
    }
    struct db *db = NULL;
    const struct law *law = NULL;
    size_t kinds = 0;
    size_t count = 0;
    const struct projector *const *rooms = rooms_projectors(&count);
    CHECK_OK(store_reader(ctx, s.stage.store, &db));
    CHECK_OK(gate_law(ctx, s.stage.gate, db, &law));
    const struct act_kind *list = law_acts(law, &kinds);
    for (size_t i = 0; i < kinds; i++) {
        bool tried = list[i].in_case != ACT_CASE_NONE || !names_something(&list[i], rooms, count);
        for (size_t k = 0; k < LEN(rows) && !tried; k++) {
            tried = str_equal(list[i].kind, str_from(rows[k].act));
        }
        CHECK(tried);
    }
    db_close(db);
    story_close(&s);
}
