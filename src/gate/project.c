/* The gate's own views: who may act, relations, publications. The only writer of its tables besides
 * the step of a case (admit.c). Fact ids read here are those docs/law-packs.md names for each effect. */
#include "gate/gate_in.h"

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
    return gate_actor_set(ctx, db,
                     (struct gate_actor_set_in){.id = field(act, "officer.id"),
                                           .actor_kind = STR("officer"),
                                           .office = field(act, "officer.office"),
                                           .roles = roles,
                                           .from_day = act->day.n,
                                           .until_day = INT32_MAX});
}

static enum err office_dismiss(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct gate_actor_get_row row;
    bool found = false;
    TRY(gate_actor_get(ctx, db, (struct gate_actor_get_in){.id = field(act, "officer.id")}, &row, &found));
    if (!found) {
        return ERR_OK;
    }
    return gate_actor_set(ctx, db,
                     (struct gate_actor_set_in){.id = row.id,
                                           .actor_kind = row.actor_kind,
                                           .office = row.office,
                                           .roles = row.roles,
                                           .from_day = row.from_day,
                                           .until_day = act->day.n});
}

static enum err party_register(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str id = field(act, "party.id");
    struct gate_actor_get_row row;
    bool found = false;
    TRY(gate_actor_get(ctx, db, (struct gate_actor_get_in){.id = id}, &row, &found));
    if (found) {
        return ERR_OK; /* an officer is a person too, and stays one in office */
    }
    return gate_actor_set(ctx, db,
                     (struct gate_actor_set_in){.id = id,
                                           .actor_kind = field(act, "party.kind"),
                                           .office = STR(""),
                                           .roles = STR("[]"),
                                           .from_day = act->day.n,
                                           .until_day = INT32_MAX});
}

static enum err party_relate(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct day until = {INT32_MAX};
    day_parse(field(act, "relation.until"), &until);
    return gate_relation_set(ctx, db,
                        (struct gate_relation_set_in){.a = field(act, "relation.from"),
                                                 .b = field(act, "relation.to"),
                                                 .relation = field(act, "relation.kind"),
                                                 .from_day = act->day.n,
                                                 .until_day = until.n,
                                                 .seq = act->seq});
}

static enum err law_publish(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct day from = act->day;
    day_parse(field(act, "pack.from"), &from);
    return gate_pack_add(ctx, db,
                    (struct gate_pack_add_in){.seq = act->seq,
                                         .pack = field(act, "pack.code"),
                                         .version = field(act, "pack.version"),
                                         .digest = field(act, "pack.digest"),
                                         .from_day = from.n});
}

static const struct effect_row effects[] = {
    {"office.appoint", office_appoint}, {"office.dismiss", office_dismiss}, {"party.register", party_register},
    {"party.relate", party_relate},     {"law.publish", law_publish},
};

const struct projector gate_projector = {.room = "gate", .effects = effects, .effect_count = LEN(effects)};
