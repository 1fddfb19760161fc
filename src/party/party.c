/* Names and held facts of people and organisations, for pages, prefilling and documents. */
#include "party/party.h"

#include "base/arena.h"
#include "base/str.h"
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

enum err party_others(struct ctx *ctx, struct db *db, struct str person, struct day day,
                      struct party_other **ret, size_t *ret_count)
{
    struct party_acts_for_row *rows = NULL;
    size_t count = 0;
    TRY(party_acts_for(ctx, db, (struct party_acts_for_in){.person = person, .day = day.n}, &rows,
                       &count));
    struct party_other *out = ARENA_ARRAY(ctx->arena, struct party_other, count + 1);
    for (size_t i = 0; i < count; i++) {
        out[i] = (struct party_other){rows[i].other, rows[i].display_name, rows[i].relation,
                                      str_equal(rows[i].party_kind, STR("org")), rows[i].scope};
    }
    *ret = out;
    *ret_count = count;
    return ERR_OK;
}

bool party_scope_has(struct str scope, struct str item)
{
    for (struct str rest = scope; rest.n > 0;) {
        if (str_equal(str_cut(rest, ' ', &rest), item)) {
            return true;
        }
    }
    return scope.n == 0;
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
