/* The register of parties, and who acts for whom as people look at it: the only writer of the room's
 * tables. Whether someone may act on a day is asked of the room people. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/str.h"
#include "party/party.h"
#include "party_sql.h"

static enum err store_party(struct ctx *ctx, struct db *db, struct str id, struct str kind,
                            struct str name, struct str code, const struct json *facts, int64_t seq)
{
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, facts);
    return party_register_set(ctx, db,
                              (struct party_register_set_in){.id = id,
                                                             .party_kind = kind,
                                                             .display_name = name,
                                                             .code = code,
                                                             .facts = buf_str(&b),
                                                             .seq = seq});
}

static struct str name_of(const struct json *facts)
{
    struct str person = json_text(facts, "person.name");
    return person.n > 0 ? person : json_text(facts, "org.name");
}

static struct str code_of(const struct law *law, const struct json *facts)
{
    struct str code = STR("");
    for (size_t i = 0; i < facts->count; i++) {
        const struct fact *fact = law_fact(law, facts->members[i].key);
        bool identifies = fact != NULL && (fact->type == FACT_IDCARD || fact->type == FACT_USCC);
        code = identifies && facts->members[i].value.kind == JSON_STRING
                   ? facts->members[i].value.text
                   : code;
    }
    return code;
}

static enum err on_register(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    struct json facts = json_object();
    for (size_t i = 0; i < f->count; i++) {
        if (!str_starts(f->members[i].key, STR("party."))) {
            json_set(ctx->arena, &facts, f->members[i].key, f->members[i].value);
        }
    }
    return store_party(ctx, db, json_text(f, "party.id"), json_text(f, "party.kind"),
                       name_of(&facts), code_of(act->law, &facts), &facts, act->seq);
}

/* An erased value leaves the same trace as in a replay, where the act brings it as null. */
static enum err erase(struct ctx *ctx, struct db *db, const struct erasure *e)
{
    int64_t seq = e->seq;
    struct str fact = e->fact;
    struct party_register_of_seq_row *rows = NULL;
    size_t count = 0;
    TRY(party_register_of_seq(ctx, db, (struct party_register_of_seq_in){.seq = seq}, &rows,
                              &count));
    for (size_t i = 0; i < count; i++) {
        struct json facts;
        struct party_register_get_row row;
        bool found = false;
        TRY(json_parse(ctx, rows[i].facts, STR("facts"), &facts));
        TRY(party_register_get(ctx, db, (struct party_register_get_in){.id = rows[i].id}, &row,
                               &found));
        const struct json *value = json_get_str(&facts, fact);
        if (value == NULL || !found) {
            continue;
        }
        struct str code =
            value->kind == JSON_STRING && str_equal(value->text, row.code) ? STR("") : row.code;
        json_set(ctx->arena, &facts, fact, json_null());
        TRY(store_party(ctx, db, rows[i].id, rows[i].party_kind, name_of(&facts), code, &facts,
                        seq));
    }
    return ERR_OK;
}

static enum err on_appoint(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    struct json none = json_object();
    return store_party(ctx, db, json_text(f, "officer.id"), STR("officer"),
                       json_text(f, "officer.name"), STR(""), &none, act->seq);
}

static enum err on_appoint_admin(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    struct json none = json_object();
    return store_party(ctx, db, json_text(f, "admin.id"), STR("admin"), json_text(f, "admin.name"),
                       STR(""), &none, act->seq);
}

/* A relation by which one acts for another is listed for both; whether it holds on a day is for the
 * gate. */
static enum err note_relation(struct ctx *ctx, struct db *db, const struct admitted *act,
                              struct str person, struct str other, struct str relation,
                              const struct json *f)
{
    const struct code_row *code = law_code(act->law, STR("relation"), relation);
    bool speaks = code != NULL &&
                  (str_equal(code->parent, STR("speaks")) || str_equal(code->parent, STR("heads")));
    struct day from = act->day;
    struct day until = {INT32_MAX};
    day_parse(json_text(f, "authority.from"), &from);
    day_parse(
        json_text(f, json_get(f, "authority.until") != NULL ? "authority.until" : "relation.until"),
        &until);
    const struct json *items = json_get(f, "authority.items");
    struct buf scope = buf_new(ctx->arena, 0);
    for (size_t i = 0; json_is(items, JSON_ARRAY) && i < items->count; i++) {
        buf_format(&scope, "%s%.*s", i > 0 ? " " : "", FMT(items->items[i].text));
    }
    if (!speaks) {
        return ERR_OK;
    }
    return party_relation_set(
        ctx, db,
        (struct party_relation_set_in){.person = person,
                                       .other = other,
                                       .relation = relation,
                                       .scope = buf_str(&scope),
                                       .from_day = from.n < act->day.n ? act->day.n : from.n,
                                       .until_day = until.n,
                                       .seq = act->seq});
}

static enum err on_relate(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    return note_relation(ctx, db, act, json_text(f, "relation.from"), json_text(f, "relation.to"),
                         json_text(f, "relation.kind"), f);
}

static enum err on_unrelate(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    return party_relation_remove(
        ctx, db,
        (struct party_relation_remove_in){.person = json_text(f, "relation.from"),
                                          .other = json_text(f, "relation.to"),
                                          .relation = json_text(f, "relation.kind")});
}

static struct str principal_of(const struct admitted *act)
{
    return act->draft->actor.kind == ACTOR_PARTY
               ? act->party
               : json_text(&act->draft->fields, "authority.principal");
}

static enum err on_empower(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    return note_relation(ctx, db, act, json_text(f, "authority.agent"), principal_of(act),
                         json_text(f, "authority.kind"), f);
}

static enum err on_disempower(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    return party_relation_remove(
        ctx, db,
        (struct party_relation_remove_in){.person = json_text(f, "authority.agent"),
                                          .other = principal_of(act),
                                          .relation = json_text(f, "authority.kind")});
}

static const struct effect_row effects[] = {
    {"party.register", on_register},     {"office.appoint", on_appoint},
    {"admin.appoint", on_appoint_admin}, {"party.relate", on_relate},
    {"party.unrelate", on_unrelate},     {"party.empower", on_empower},
    {"party.disempower", on_disempower}};

const struct projector party_projector = {.room = "party",
                                          .effects = effects,
                                          .effect_count = LEN(effects),
                                          .erase = erase,
                                          .describe = party_describe};
