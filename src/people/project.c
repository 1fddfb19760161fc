/* Who may act and who stands how to whom: the only writer of the room's tables. The facts read here
 * are those docs/law-packs.md names for each effect. */
#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
#include "base/str.h"
#include "people/people.h"
#include "people_sql.h"

static struct str field(const struct admitted *act, const char *fact)
{
    return json_text(&act->draft->fields, fact);
}

static enum err roles_text(struct ctx *ctx, const struct json *roles, struct str *ret)
{
    struct buf b = buf_new(ctx->arena, 0);
    struct json none = json_array();
    json_write(&b, json_is(roles, JSON_ARRAY) ? roles : &none);
    return buf_done(ctx, &b, ret);
}

static enum err office_appoint(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str roles = {0};
    TRY(roles_text(ctx, json_get(&act->draft->fields, "officer.roles"), &roles));
    return people_actor_set(ctx, db,
                            (struct people_actor_set_in){.id = field(act, "officer.id"),
                                                         .actor_kind = STR("officer"),
                                                         .office = field(act, "officer.office"),
                                                         .roles = roles,
                                                         .person = field(act, "officer.person"),
                                                         .from_day = act->day.n,
                                                         .until_day = INT32_MAX});
}

static enum err dismiss(struct ctx *ctx, struct db *db, const struct admitted *act, struct str id)
{
    struct people_actor_get_row row;
    bool found = false;
    TRY(people_actor_get(ctx, db, (struct people_actor_get_in){.id = id}, &row, &found));
    if (!found) {
        return ERR_OK;
    }
    return people_actor_set(ctx, db,
                            (struct people_actor_set_in){.id = row.id,
                                                         .actor_kind = row.actor_kind,
                                                         .office = row.office,
                                                         .roles = row.roles,
                                                         .person = row.person,
                                                         .from_day = row.from_day,
                                                         .until_day = act->day.n});
}

static enum err office_dismiss(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return dismiss(ctx, db, act, field(act, "officer.id"));
}

/* An application that is no institution has no row here, and its end leaves none. */
static enum err institution_end(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str kind = {0};
    TRY(people_kind(ctx, db, field(act, "client.id"), act->day, &kind));
    return str_equal(kind, STR("client")) ? dismiss(ctx, db, act, field(act, "client.id")) : ERR_OK;
}

static enum err admin_appoint(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str roles = {0};
    struct json list = json_array();
    json_push(ctx->arena, &list, json_of_str(field(act, "admin.role")));
    TRY(roles_text(ctx, &list, &roles));
    return people_actor_set(ctx, db,
                            (struct people_actor_set_in){.id = field(act, "admin.id"),
                                                         .actor_kind = STR("admin"),
                                                         .office = STR(""),
                                                         .roles = roles,
                                                         .person = field(act, "admin.person"),
                                                         .from_day = act->day.n,
                                                         .until_day = INT32_MAX});
}

static enum err admin_dismiss(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return dismiss(ctx, db, act, field(act, "admin.id"));
}

/* A client of the node that is an institution: what kind, and whose. One that is registered anew as
 * none is none from then on. */
static enum err institution_register(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str roles = {0};
    struct json list = json_array();
    if (field(act, "client.institution").n == 0) {
        return institution_end(ctx, db, act);
    }
    json_push(ctx->arena, &list, json_of_str(field(act, "client.institution")));
    TRY(roles_text(ctx, &list, &roles));
    return people_actor_set(ctx, db,
                            (struct people_actor_set_in){.id = field(act, "client.id"),
                                                         .actor_kind = STR("client"),
                                                         .office = STR(""),
                                                         .roles = roles,
                                                         .person = field(act, "client.party"),
                                                         .from_day = act->day.n,
                                                         .until_day = INT32_MAX});
}

static enum err agree_delivery(struct ctx *ctx, struct db *db, const struct admitted *act,
                               struct str party)
{
    struct people_delivery_set_in in = {
        .party = party, .from_day = act->day.n, .until_day = INT32_MAX, .seq = act->seq};
    return people_delivery_set(ctx, db, in);
}

static enum err party_register(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str id = field(act, "party.id");
    struct people_actor_get_row row;
    bool found = false;
    if (str_equal(field(act, "party.delivery"), STR("electronic"))) {
        TRY(agree_delivery(ctx, db, act, id));
    }
    TRY(people_actor_get(ctx, db, (struct people_actor_get_in){.id = id}, &row, &found));
    if (found) {
        return ERR_OK; /* an officer is a person too, and stays one in office */
    }
    return people_actor_set(ctx, db,
                            (struct people_actor_set_in){.id = id,
                                                         .actor_kind = field(act, "party.kind"),
                                                         .office = STR(""),
                                                         .roles = STR("[]"),
                                                         .person = STR(""),
                                                         .from_day = act->day.n,
                                                         .until_day = INT32_MAX});
}

/* The last day named is one on which it still holds (民法典 203): the row's until_day is the day
 * after. */
static int64_t day_after_last(struct str last)
{
    struct day d = {0};
    return day_parse(last, &d) ? (int64_t)d.n + 1 : INT32_MAX;
}

static enum err party_relate(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return people_relation_set(
        ctx, db,
        (struct people_relation_set_in){.a = field(act, "relation.from"),
                                        .b = field(act, "relation.to"),
                                        .relation = field(act, "relation.kind"),
                                        .scope = STR(""),
                                        .from_day = act->day.n,
                                        .until_day = day_after_last(field(act, "relation.until")),
                                        .seq = act->seq});
}

static enum err end_relation(struct ctx *ctx, struct db *db, const struct admitted *act,
                             struct str a, struct str b, struct str relation)
{
    int64_t changed = 0;
    return people_relation_end(
        ctx, db,
        (struct people_relation_end_in){
            .a = a, .b = b, .relation = relation, .until_day = act->day.n, .seq = act->seq},
        &changed);
}

static enum err party_unrelate(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return end_relation(ctx, db, act, field(act, "relation.from"), field(act, "relation.to"),
                        field(act, "relation.kind"));
}

/* Whose authority it is: of the party that gives it, or at the counter of the one named. */
static struct str principal_of(const struct admitted *act)
{
    return act->draft->actor.kind == ACTOR_PARTY ? act->party : field(act, "authority.principal");
}

static enum err party_empower(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *items = json_get(&act->draft->fields, "authority.items");
    struct str scope = {0};
    struct day from = act->day;
    day_parse(field(act, "authority.from"), &from);
    if (json_is(items, JSON_ARRAY) && items->count > 0) {
        TRY(roles_text(ctx, items, &scope));
    }
    return people_relation_set(
        ctx, db,
        (struct people_relation_set_in){.a = field(act, "authority.agent"),
                                        .b = principal_of(act),
                                        .relation = field(act, "authority.kind"),
                                        .scope = scope,
                                        .from_day = from.n < act->day.n ? act->day.n : from.n,
                                        .until_day = day_after_last(field(act, "authority.until")),
                                        .seq = act->seq});
}

static enum err party_disempower(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return end_relation(ctx, db, act, field(act, "authority.agent"), principal_of(act),
                        field(act, "authority.kind"));
}

/* Of the party itself, or at the counter of the one named. */
static struct str delivered(const struct admitted *act)
{
    return act->draft->actor.kind == ACTOR_PARTY ? act->party : field(act, "delivery.party");
}

static enum err party_agree_delivery(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return agree_delivery(ctx, db, act, delivered(act));
}

static enum err party_end_delivery(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct people_delivery_end_in in = {
        .party = delivered(act), .until_day = act->day.n, .seq = act->seq};
    return people_delivery_end(ctx, db, in);
}

/* Who died or was dissolved acts no more, and nobody for them nor they for others (民法典173, 175):
 * what was done before stands. Kin stays kin. The offices that a person held are vacant. */
static enum err party_end(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str id = field(act, "ended.party");
    struct people_relation_standing_row *rows = NULL;
    struct actor_record *held = NULL;
    size_t count = 0;
    TRY(dismiss(ctx, db, act, id));
    TRY(people_relation_standing(
        ctx, db, (struct people_relation_standing_in){.id = id, .day = act->day.n}, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        const struct code_row *code = law_code(act->law, STR("relation"), rows[i].relation);
        struct str force = code == NULL ? STR("") : code->parent;
        if (str_equal(force, STR("heads")) || str_equal(force, STR("speaks"))) {
            TRY(end_relation(ctx, db, act, rows[i].a, rows[i].b, rows[i].relation));
        }
    }
    TRY(people_held(ctx, db, id, act->day, &held, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(dismiss(ctx, db, act, held[i].id));
    }
    return ERR_OK;
}

static const struct effect_row effects[] = {
    {"party.agree-delivery", party_agree_delivery},
    {"party.end-delivery", party_end_delivery},
    {"office.appoint", office_appoint},
    {"office.dismiss", office_dismiss},
    {"party.register", party_register},
    {"party.relate", party_relate},
    {"party.unrelate", party_unrelate},
    {"party.empower", party_empower},
    {"party.disempower", party_disempower},
    {"admin.appoint", admin_appoint},
    {"admin.dismiss", admin_dismiss},
    {"institution.register", institution_register},
    {"institution.end", institution_end},
    {"party.end", party_end},
};

const struct projector people_projector = {
    .room = "people", .version = 1, .effects = effects, .effect_count = LEN(effects)};
