/* Who someone is, as of the ledger. */
#include "base/arena.h"
#include "limit_gen.h"
#include "people/people.h"
#include "people_sql.h"

static enum err roles_read(struct ctx *ctx, struct str text, struct actor_record *ret)
{
    struct json roles;
    TRY(json_parse(ctx, text, STR("roles"), &roles));
    struct str *list = ARENA_ARRAY(ctx->arena, struct str, roles.count + 1);
    for (size_t i = 0; roles.kind == JSON_ARRAY && i < roles.count; i++) {
        list[ret->role_count++] = roles.items[i].text;
    }
    ret->roles = list;
    return ERR_OK;
}

enum err people_find(struct ctx *ctx, struct db *db, struct str id, struct day day,
                     struct actor_record *ret, bool *ret_found)
{
    struct people_actor_get_row row;
    TRY(people_actor_get(ctx, db, (struct people_actor_get_in){.id = id}, &row, ret_found));
    if (!*ret_found) {
        return ERR_OK;
    }
    *ret = (struct actor_record){
        .id = row.id, .kind = row.actor_kind, .office = row.office, .person = row.person};
    ret->active = day.n >= row.from_day && day.n < row.until_day;
    return roles_read(ctx, row.roles, ret);
}

enum err people_kind(struct ctx *ctx, struct db *db, struct str id, struct day day,
                     struct str *ret_kind)
{
    struct actor_record r;
    bool found = false;
    *ret_kind = STR("");
    if (id.n == 0) {
        return ERR_OK;
    }
    TRY(people_find(ctx, db, id, day, &r, &found));
    *ret_kind = found && r.active ? r.kind : STR("");
    return ERR_OK;
}

enum err people_held(struct ctx *ctx, struct db *db, struct str person, struct day day,
                     struct actor_record **ret, size_t *ret_count)
{
    struct people_actor_of_person_row *rows = NULL;
    *ret_count = 0;
    if (person.n == 0) {
        return ERR_OK;
    }
    TRY(people_actor_of_person(ctx, db,
                               (struct people_actor_of_person_in){.person = person, .day = day.n},
                               &rows, ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct actor_record, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        struct actor_record *r = &(*ret)[i];
        *r = (struct actor_record){
            .id = rows[i].id, .kind = rows[i].actor_kind, .person = person, .active = true};
        TRY(roles_read(ctx, rows[i].roles, r));
    }
    return ERR_OK;
}

enum err people_in_office(struct ctx *ctx, struct db *db, struct str office, struct day day,
                          struct actor_record **ret, size_t *ret_count)
{
    struct people_actor_of_office_row *rows = NULL;
    *ret_count = 0;
    if (office.n == 0) {
        return ERR_OK;
    }
    TRY(people_actor_of_office(
        ctx, db,
        (struct people_actor_of_office_in){.office = office, .day = day.n, .count = LIMIT_OFFICERS},
        &rows, ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct actor_record, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        struct actor_record *r = &(*ret)[i];
        *r = (struct actor_record){.id = rows[i].id,
                                   .kind = rows[i].actor_kind,
                                   .office = rows[i].office,
                                   .person = rows[i].person,
                                   .active = true};
        TRY(roles_read(ctx, rows[i].roles, r));
    }
    return ERR_OK;
}

enum err people_agreed_delivery(struct ctx *ctx, struct db *db, struct str party, struct day day,
                                bool *ret)
{
    struct people_delivery_get_row row;
    bool found = false;
    TRY(people_delivery_get(ctx, db, (struct people_delivery_get_in){.party = party}, &row,
                            &found));
    *ret = found && day.n >= row.from_day && day.n < row.until_day;
    return ERR_OK;
}
