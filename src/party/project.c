#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "party/party.h"
#include "party_sql.h"

static enum err store_party(struct ctx *ctx, struct db *db, struct str id, struct str kind, struct str name, const struct json *facts)
{
    struct buf b = buf_new(ctx->arena, 0);
    json_write(&b, facts);
    return party_register_set(
        ctx, db, (struct party_register_set_in){.id = id, .party_kind = kind, .display_name = name, .facts = buf_str(&b)});
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
    struct str person = json_text(f, "person.name");
    struct str name = person.n > 0 ? person : json_text(f, "org.name");
    return store_party(ctx, db, json_text(f, "party.id"), json_text(f, "party.kind"), name, &facts);
}

static enum err on_appoint(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    struct json none = json_object();
    return store_party(ctx, db, json_text(f, "officer.id"), STR("officer"), json_text(f, "officer.name"), &none);
}

static enum err on_relate(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    const struct code_row *code = law_code(act->law, STR("relation"), json_text(f, "relation.kind"));
    if (code == NULL || !str_equal(code->parent, STR("speaks"))) {
        return ERR_OK;
    }
    return party_relation_set(ctx, db,
                              (struct party_relation_set_in){.person = json_text(f, "relation.from"),
                                                             .other = json_text(f, "relation.to"),
                                                             .relation = json_text(f, "relation.kind")});
}

static const struct effect_row effects[] = {
    {"party.register", on_register}, {"office.appoint", on_appoint}, {"party.relate", on_relate}};

const struct projector party_projector = {.room = "party", .effects = effects, .effect_count = LEN(effects)};
