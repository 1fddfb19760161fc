/* The register of parties: the only writer of the room's table. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
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

/* An institution, so that who acted has a name. An application that is none needs none here. */
static enum err on_institution(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    struct json none = json_object();
    return json_text(f, "client.institution").n == 0
               ? ERR_OK
               : store_party(ctx, db, json_text(f, "client.id"), STR("client"),
                             json_text(f, "client.name"), STR(""), &none, act->seq);
}

static enum err on_end(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct json *f = &act->draft->fields;
    return party_ended_set(ctx, db,
                           (struct party_ended_set_in){.id = json_text(f, "ended.party"),
                                                       .day = json_text(f, "ended.day"),
                                                       .how = json_text(f, "ended.how"),
                                                       .seq = act->seq});
}

/* A code is of one party: whoever is registered twice would be two before the law. */
static enum err look_code(struct ctx *ctx, struct db *db, const struct naming *n,
                          struct misnamed *ret)
{
    const struct json *f = &n->draft->fields;
    for (size_t i = 0; n->law != NULL && i < f->count; i++) {
        const struct json_member *m = &f->members[i];
        const struct fact *fact = law_fact(n->law, m->key);
        struct party_register_find_row row;
        bool found = false;
        if (fact == NULL || (fact->type != FACT_IDCARD && fact->type != FACT_USCC) ||
            m->value.kind != JSON_STRING || m->value.text.n == 0) {
            continue;
        }
        TRY(party_register_find(ctx, db, (struct party_register_find_in){.code = m->value.text},
                                &row, &found));
        if (found && !str_equal(row.id, json_text(f, "party.id"))) {
            *ret = (struct misnamed){"form.taken", str_z(ctx->arena, m->key)};
        }
    }
    return ERR_OK;
}

/* Of a party: its facts by their ids, "kind" and "name"; of a person with a citizen number also the
 * day it was born; of one that died or was dissolved that day, "ended", and "end", how. */
static enum err look(struct ctx *ctx, struct db *db, struct str key, struct json *ret,
                     bool *ret_found)
{
    struct party_register_get_row row;
    TRY(party_register_get(ctx, db, (struct party_register_get_in){.id = key}, &row, ret_found));
    if (!*ret_found) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, row.facts, STR("facts"), ret));
    json_set(ctx->arena, ret, STR("kind"), json_of_str(row.party_kind));
    json_set(ctx->arena, ret, STR("name"), json_of_str(row.display_name));
    json_set(ctx->arena, ret, STR("seq"), json_of_int(row.seq));
    struct day born;
    if (law_idcard_born(row.code, &born)) {
        json_set(ctx->arena, ret, STR("born"), json_of_str(day_text(ctx->arena, born)));
    }
    struct party_ended_get_row ended;
    bool is_ended = false;
    TRY(party_ended_get(ctx, db, (struct party_ended_get_in){.id = key}, &ended, &is_ended));
    if (is_ended) {
        json_set(ctx->arena, ret, STR("ended"), json_of_str(ended.day));
        json_set(ctx->arena, ret, STR("end"), json_of_str(ended.how));
    }
    return ERR_OK;
}

static const struct register_row registers[] = {{"party", look}};

static const struct name_row names[] = {{"party.register", look_code}};
static const struct effect_row effects[] = {{"party.register", on_register},
                                            {"office.appoint", on_appoint},
                                            {"admin.appoint", on_appoint_admin},
                                            {"institution.register", on_institution},
                                            {"party.end", on_end}};

const struct projector party_projector = {.room = "party",
                                          .effects = effects,
                                          .effect_count = LEN(effects),
                                          .names = names,
                                          .name_count = LEN(names),
                                          .registers = registers,
                                          .register_count = LEN(registers),
                                          .erase = erase,
                                          .describe = party_describe};
