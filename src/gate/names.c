/* What an act with an effect names: register ids, relations, places in the ledger. An act whose
 * effect would fall on nothing, or on what is another's, is refused before it is recorded; rooms
 * say so of what they register (projector.names). What facts name by themselves: refer.c. */
#include "base/token.h"
#include "gate/gate_in.h"

static struct str named(const struct naming *n, const char *fact)
{
    return json_text(&n->draft->fields, fact);
}

static bool is_party(struct str kind)
{
    return str_equal(kind, STR("person")) || str_equal(kind, STR("org"));
}

static void say(struct misnamed *ret, bool well, const char *code, const char *fact)
{
    if (!well && ret->code == NULL) {
        *ret = (struct misnamed){code, fact};
    }
}

/* Who holds an office need not be registered to sign in; but nobody holds one who is registered as
 * something else. */
static enum err look_holder(struct ctx *ctx, struct db *db, const struct naming *n,
                            const char *fact, struct misnamed *ret)
{
    struct str kind = {0};
    TRY(people_kind(ctx, db, named(n, fact), n->day, &kind));
    say(ret, kind.n == 0 || str_equal(kind, STR("person")), "form.subject", fact);
    return ERR_OK;
}

static enum err look_officer(struct ctx *ctx, struct db *db, const struct naming *n,
                             struct misnamed *ret)
{
    struct str office = named(n, "officer.office");
    say(ret, office.n == 0 || n->law == NULL || law_office(n->law, office) != NULL, "form.subject",
        "officer.office");
    return look_holder(ctx, db, n, "officer.person", ret);
}

static enum err look_admin(struct ctx *ctx, struct db *db, const struct naming *n,
                           struct misnamed *ret)
{
    return look_holder(ctx, db, n, "admin.person", ret);
}

static enum err look_dismissed(struct ctx *ctx, struct db *db, const struct naming *n,
                               struct misnamed *ret)
{
    bool admin = json_get(&n->draft->fields, "admin.id") != NULL;
    struct str kind = {0};
    TRY(people_kind(ctx, db, named(n, admin ? "admin.id" : "officer.id"), n->day, &kind));
    say(ret, str_equal(kind, admin ? STR("admin") : STR("officer")), "form.subject",
        admin ? "admin.id" : "officer.id");
    return ERR_OK;
}

/* Who is registered stays what they are: no officer becomes a company, no company a person. */
static enum err look_party(struct ctx *ctx, struct db *db, const struct naming *n,
                           struct misnamed *ret)
{
    struct actor_record there;
    bool found = false;
    TRY(people_find(ctx, db, named(n, "party.id"), n->day, &there, &found));
    say(ret, !found || str_equal(there.kind, named(n, "party.kind")), "form.taken", "party.id");
    return ERR_OK;
}

/* The id of a client is nobody else's, and an institution is an organisation that is registered. */
static enum err look_institution(struct ctx *ctx, struct db *db, const struct naming *n,
                                 struct misnamed *ret)
{
    struct str whose = named(n, "client.party");
    struct str kind = {0};
    struct actor_record there;
    bool found = false;
    TRY(people_find(ctx, db, named(n, "client.id"), n->day, &there, &found));
    say(ret, !found || str_equal(there.kind, STR("client")), "form.taken", "client.id");
    TRY(people_kind(ctx, db, whose, n->day, &kind));
    say(ret, whose.n == 0 || str_equal(kind, STR("org")), "form.subject", "client.party");
    return ERR_OK;
}

/* ---- relations ---- */

static enum err look_relation(struct ctx *ctx, struct db *db, const struct naming *n,
                              struct misnamed *ret)
{
    struct str from = named(n, "relation.from");
    struct str to = named(n, "relation.to");
    struct str from_kind = {0};
    struct str to_kind = {0};
    struct gate_case_get_row row;
    bool is_case = false;
    TRY(people_kind(ctx, db, from, n->day, &from_kind));
    TRY(people_kind(ctx, db, to, n->day, &to_kind));
    if (to_kind.n == 0) {
        TRY(gate_case_get(ctx, db, (struct gate_case_get_in){.id = to}, &row, &is_case));
    }
    const struct code_row *code =
        n->law == NULL ? NULL : law_code(n->law, STR("relation"), named(n, "relation.kind"));
    /* Only an organisation is headed, and by a person: else one would stand wholly in another's
     * place. */
    bool heads = code != NULL && str_equal(code->parent, STR("heads"));
    bool acts = heads || (code != NULL && str_equal(code->parent, STR("speaks")));
    say(ret,
        acts ? is_party(from_kind) && (!heads || str_equal(from_kind, STR("person")))
             : from_kind.n > 0,
        "form.subject", "relation.from");
    bool to_fits = heads  ? str_equal(to_kind, STR("org"))
                   : acts ? is_party(to_kind)
                          : to_kind.n > 0 || is_case;
    say(ret, to_fits && !str_equal(from, to), "form.subject", "relation.to");
    return ERR_OK;
}

static enum err look_end(struct ctx *ctx, struct db *db, const struct naming *n,
                         struct misnamed *ret)
{
    bool there = false;
    TRY(people_relation_stands(ctx, db, named(n, "relation.from"), named(n, "relation.to"),
                               named(n, "relation.kind"), n->day, &there));
    say(ret, there, "form.subject", "relation.from");
    return ERR_OK;
}

static struct str principal_of(const struct naming *n)
{
    return n->draft->actor.kind == ACTOR_PARTY ? n->party : named(n, "authority.principal");
}

static enum err look_authority(struct ctx *ctx, struct db *db, const struct naming *n,
                               struct misnamed *ret)
{
    struct str agent = named(n, "authority.agent");
    struct str kind = {0};
    TRY(people_kind(ctx, db, agent, n->day, &kind));
    say(ret, is_party(kind) && !str_equal(agent, principal_of(n)), "form.subject",
        "authority.agent");
    TRY(people_kind(ctx, db, principal_of(n), n->day, &kind));
    say(ret, is_party(kind), "form.subject", "authority.principal");
    return ERR_OK;
}

static enum err look_authority_end(struct ctx *ctx, struct db *db, const struct naming *n,
                                   struct misnamed *ret)
{
    bool there = false;
    TRY(people_relation_stands(ctx, db, named(n, "authority.agent"), principal_of(n),
                               named(n, "authority.kind"), n->day, &there));
    say(ret, there, "form.subject", "authority.agent");
    return ERR_OK;
}

/* Only who is there ends: one that ended before, or never was, does not. */
static enum err look_ended(struct ctx *ctx, struct db *db, const struct naming *n,
                           struct misnamed *ret)
{
    struct str kind = {0};
    TRY(people_kind(ctx, db, named(n, "ended.party"), n->day, &kind));
    say(ret, is_party(kind), "form.subject", "ended.party");
    return ERR_OK;
}

/* ---- erasing ---- */

/* What the law steers by stays: a day a limit counts from, a person or office a case names who then
 * acts in it. Without them the record would say something else than what was done
 * (个人信息保护法47: while the law's own time for keeping runs, storing goes on). */
static bool steers(const struct law *law, const struct fact *fact)
{
    size_t count = 0;
    const struct named *named = law_named(law, &count);
    bool is = false;
    for (size_t i = 0; i < count; i++) {
        is = is || named[i].fact == fact;
    }
    const struct limit *limits = law_limits(law, &count);
    for (size_t i = 0; i < count; i++) {
        is = is || limits[i].since == fact || limits[i].event == fact;
    }
    return is;
}

/* What an act never said is not erased, and of acts outside cases only values about people: ids tie
 * the record together. */
static enum err look_erased(struct ctx *ctx, struct db *db, const struct naming *n,
                            struct misnamed *ret)
{
    struct str text = {0};
    struct vault_content content;
    struct str id = named(n, "erase.fact");
    const struct fact *fact = n->law == NULL ? NULL : law_fact(n->law, id);
    bool found = false;
    TRY(vault_find(ctx, db, json_int(&n->draft->fields, "erase.seq", -1), &text, &found));
    say(ret, found, "form.subject", "erase.seq");
    if (found) {
        TRY(vault_read(ctx, text, &content));
        const struct act_kind *kind = n->law == NULL ? NULL : law_act(n->law, content.draft.kind);
        bool personal =
            fact == NULL || fact->class == CLASS_PERSONAL || fact->class == CLASS_SENSITIVE;
        bool may = personal || kind == NULL || kind->in_case != ACT_CASE_NONE;
        bool said =
            json_get_str(&content.salts, str_format(ctx->arena, "fields.%.*s", FMT(id))) != NULL;
        bool stays = fact != NULL && steers(n->law, fact);
        say(ret, may && said && !stays, "form.subject", "erase.fact");
    }
    return ERR_OK;
}

const struct name_row gate_names[] = {
    {"institution.register", look_institution},

    {"office.appoint", look_officer},
    {"office.dismiss", look_dismissed},
    {"admin.appoint", look_admin},
    {"admin.dismiss", look_dismissed},
    {"party.register", look_party},
    {"party.relate", look_relation},
    {"party.unrelate", look_end},
    {"party.empower", look_authority},
    {"party.disempower", look_authority_end},
    {"vault.erase", look_erased},
    {"party.end", look_ended},
};
const size_t gate_name_count = LEN(gate_names);

static enum err look_all(struct ctx *ctx, struct db *db, const struct name_row *rows, size_t count,
                         struct question *q, const struct naming *n)
{
    for (size_t i = 0; i < count && q->misnamed.code == NULL; i++) {
        if (str_in(str_from(rows[i].effect), q->kind->effects, q->kind->effect_count)) {
            TRY(rows[i].look(ctx, db, n, &q->misnamed));
        }
    }
    return ERR_OK;
}

enum err load_names(struct ctx *ctx, struct gate *g, struct db *db, struct question *q)
{
    struct naming n = {.draft = q->draft, .law = q->law_now, .party = q->party, .day = q->day};
    if (q->kind == NULL || q->draft->fields.kind != JSON_OBJECT) {
        return ERR_OK;
    }
    TRY(subjects_load(ctx, db, q));
    TRY(look_all(ctx, db, gate_names, gate_name_count, q, &n));
    for (size_t i = 0; i < g->room_count; i++) {
        TRY(look_all(ctx, db, g->rooms[i]->names, g->rooms[i]->name_count, q, &n));
    }
    return references_load(ctx, g, db, q);
}
