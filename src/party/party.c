/* Names and held facts of people and organisations, for pages, prefilling and documents. */
#include "party/party.h"

#include "base/arena.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/token.h"
#include "party_sql.h"

enum err party_name(struct ctx *ctx, struct db *db, struct str id, struct str *ret)
{
    struct party_register_get_row row;
    bool found = false;
    TRY(party_register_get(ctx, db, (struct party_register_get_in){.id = id}, &row, &found));
    *ret = found && row.display_name.n > 0 ? row.display_name : id;
    return ERR_OK;
}

enum err party_facts(struct ctx *ctx, struct db *db, struct str id, struct json *ret)
{
    struct party_register_get_row row;
    bool found = false;
    *ret = json_object();
    TRY(party_register_get(ctx, db, (struct party_register_get_in){.id = id}, &row, &found));
    return found ? json_parse(ctx, row.facts, STR("facts"), ret) : ERR_OK;
}

enum err party_describe(struct ctx *ctx, struct db *db, struct str id, struct json *ret)
{
    struct str name = {0};
    TRY(party_facts(ctx, db, id, ret));
    TRY(party_name(ctx, db, id, &name));
    json_set(ctx->arena, ret, STR("name"), json_of_str(name));
    return ERR_OK;
}

/* Heads, or speaks for, by the law's table of relations. */
static bool acts_for(const struct law *law, struct str relation)
{
    const struct code_row *code = law == NULL ? NULL : law_code(law, STR("relation"), relation);
    return code != NULL &&
           (str_equal(code->parent, STR("speaks")) || str_equal(code->parent, STR("heads")));
}

enum err party_others(struct ctx *ctx, struct db *db, const struct law *law, struct str person,
                      struct day day, struct party_other **ret, size_t *ret_count)
{
    struct relation *rows = NULL;
    size_t count = 0;
    *ret_count = 0;
    TRY(people_relations_of(ctx, db, person, day, &rows, &count));
    struct party_other *out = ARENA_ARRAY(ctx->arena, struct party_other, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct party_register_get_row party;
        bool found = false;
        TRY(party_register_get(ctx, db, (struct party_register_get_in){.id = rows[i].b}, &party,
                               &found));
        if (found && acts_for(law, rows[i].kind)) {
            out[(*ret_count)++] =
                (struct party_other){.id = rows[i].b,
                                     .name = party.display_name,
                                     .relation = rows[i].kind,
                                     .is_org = str_equal(party.party_kind, STR("org")),
                                     .items = rows[i].items,
                                     .item_count = rows[i].item_count};
        }
    }
    *ret = out;
    return ERR_OK;
}

enum err party_agents(struct ctx *ctx, struct db *db, const struct law *law, struct str party,
                      struct day day, struct party_agent **ret, size_t *ret_count)
{
    struct relation *rows = NULL;
    size_t count = 0;
    *ret_count = 0;
    TRY(people_relations_to(ctx, db, party, day, &rows, &count));
    struct party_agent *out = ARENA_ARRAY(ctx->arena, struct party_agent, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (acts_for(law, rows[i].kind)) {
            struct party_agent *a = &out[(*ret_count)++];
            a->relation = rows[i];
            TRY(party_name(ctx, db, rows[i].a, &a->name));
        }
    }
    *ret = out;
    return ERR_OK;
}

bool party_scope_has(const struct party_other *other, struct str item)
{
    return other->item_count == 0 || str_in(item, other->items, other->item_count);
}

enum err party_find(struct ctx *ctx, struct db *db, struct str code, struct str *ret_id,
                    struct str *ret_kind, struct str *ret_name)
{
    struct party_register_find_row row;
    bool found = false;
    *ret_id = *ret_kind = *ret_name = STR("");
    TRY(party_register_find(ctx, db, (struct party_register_find_in){.code = code}, &row, &found));
    if (found) {
        *ret_id = row.id;
        *ret_kind = row.party_kind;
        *ret_name = row.display_name;
    }
    return ERR_OK;
}
