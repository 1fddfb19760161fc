/* Who heads, speaks for, or is too near to whom, on a day. */
#include "base/arena.h"
#include "base/str.h"
#include "base/token.h"
#include "people/people.h"
#include "people_sql.h"

/* What a relation does is said by the pack's code table `relation`, in the parent of its row:
 * "heads" (is the party's own head and may act for it in everything), "speaks" (may act for it,
 * within a scope), "bars" (stands against deciding). */
static struct str force_of(const struct law *law, struct str relation)
{
    const struct code_row *code = law == NULL ? NULL : law_code(law, STR("relation"), relation);
    return code == NULL ? STR("") : code->parent;
}

/* The items an authority is for; none when it is for all. */
static enum err scope_read(struct ctx *ctx, struct str scope, const struct str **ret,
                           size_t *ret_count)
{
    struct json items;
    *ret_count = 0;
    if (scope.n == 0) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, scope, STR("scope"), &items));
    struct str *list = ARENA_ARRAY(ctx->arena, struct str, items.count + 1);
    for (size_t i = 0; items.kind == JSON_ARRAY && i < items.count; i++) {
        list[(*ret_count)++] = items.items[i].text;
    }
    *ret = list;
    return ERR_OK;
}

static enum err scope_holds(struct ctx *ctx, struct str scope, const struct speaking *s, bool *ret)
{
    const struct str *items = NULL;
    size_t count = 0;
    TRY(scope_read(ctx, scope, &items, &count));
    *ret = count == 0 || s->any_matter || (s->matter.n > 0 && str_in(s->matter, items, count));
    return ERR_OK;
}

/* heads: the relation must be one of a head. */
static enum err speaks_or_heads(struct ctx *ctx, struct db *db, const struct law *law,
                                struct str actor, struct str party, struct day day,
                                const struct speaking *s, bool heads, bool *ret)
{
    struct people_relation_between_row *rows = NULL;
    size_t count = 0;
    *ret = actor.n > 0 && str_equal(actor, party);
    if (*ret || actor.n == 0) {
        return ERR_OK;
    }
    TRY(people_relation_between(
        ctx, db, (struct people_relation_between_in){.a = actor, .b = party, .day = day.n}, &rows,
        &count));
    for (size_t i = 0; i < count && !*ret; i++) {
        struct str force = force_of(law, rows[i].relation);
        if (str_equal(force, STR("heads"))) {
            *ret = true;
        } else if (!heads && str_equal(force, STR("speaks"))) {
            TRY(scope_holds(ctx, rows[i].scope, s, ret));
        }
    }
    return ERR_OK;
}

enum err people_speaks_for(struct ctx *ctx, struct db *db, const struct law *law, struct str actor,
                           struct str party, struct day day, const struct speaking *s, bool *ret)
{
    return speaks_or_heads(ctx, db, law, actor, party, day, s, false, ret);
}

enum err people_heads(struct ctx *ctx, struct db *db, const struct law *law, struct str actor,
                      struct str party, struct day day, bool *ret)
{
    return speaks_or_heads(ctx, db, law, actor, party, day, NULL, true, ret);
}

enum err people_relation_stands(struct ctx *ctx, struct db *db, struct str a, struct str b,
                                struct str relation, struct day day, bool *ret)
{
    struct people_relation_get_row row;
    bool found = false;
    TRY(people_relation_get(ctx, db,
                            (struct people_relation_get_in){.a = a, .b = b, .relation = relation},
                            &row, &found));
    *ret = found && row.until_day > day.n;
    return ERR_OK;
}

static enum err relation_read(struct ctx *ctx, const struct people_relation_list_of_row *row,
                              struct relation *ret)
{
    *ret = (struct relation){.a = row->a,
                             .b = row->b,
                             .kind = row->relation,
                             .from = {(int32_t)row->from_day},
                             .last = {(int32_t)row->until_day}};
    ret->last.n -= ret->last.n < INT32_MAX;
    return scope_read(ctx, row->scope, &ret->items, &ret->item_count);
}

enum err people_relations_of(struct ctx *ctx, struct db *db, struct str a, struct day day,
                             struct relation **ret, size_t *ret_count)
{
    struct people_relation_list_of_row *rows = NULL;
    TRY(people_relation_list_of(ctx, db, (struct people_relation_list_of_in){.a = a, .day = day.n},
                                &rows, ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct relation, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        TRY(relation_read(ctx, &rows[i], &(*ret)[i]));
    }
    return ERR_OK;
}

enum err people_relations_to(struct ctx *ctx, struct db *db, struct str b, struct day day,
                             struct relation **ret, size_t *ret_count)
{
    struct people_relation_list_to_row *rows = NULL;
    TRY(people_relation_list_to(ctx, db, (struct people_relation_list_to_in){.b = b, .day = day.n},
                                &rows, ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct relation, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        const struct people_relation_list_to_row *r = &rows[i];
        struct people_relation_list_of_row row = {r->a,     r->b,        r->relation,
                                                  r->scope, r->from_day, r->until_day};
        TRY(relation_read(ctx, &row, &(*ret)[i]));
    }
    return ERR_OK;
}

/* ---- conflicts of interest ---- */

/* any: speaking for the other is a conflict as well, as it is when a person's own affairs are
 * looked at. The first that is found stays. */
static enum err barred(struct ctx *ctx, struct db *db, const struct law *law, struct str a,
                       struct str b, struct day day, bool any, struct str *conflict)
{
    struct people_relation_between_row *rows = NULL;
    size_t count = 0;
    TRY(people_relation_between(
        ctx, db, (struct people_relation_between_in){.a = a, .b = b, .day = day.n}, &rows, &count));
    for (size_t i = 0; i < count && conflict->n == 0; i++) {
        struct str force = force_of(law, rows[i].relation);
        bool bars = str_equal(force, STR("bars")) ||
                    (any && (str_equal(force, STR("heads")) || str_equal(force, STR("speaks"))));
        *conflict = bars ? rows[i].relation : *conflict;
    }
    return ERR_OK;
}

enum err people_bar(struct ctx *ctx, struct db *db, const struct law *law, struct str me,
                    struct str other, struct day day, struct str *ret)
{
    *ret = STR("");
    return me.n == 0 || other.n == 0 ? ERR_OK : barred(ctx, db, law, me, other, day, false, ret);
}

enum err people_conflict(struct ctx *ctx, struct db *db, const struct law *law, struct str me,
                         struct str other, struct day day, struct str *ret)
{
    *ret = STR("");
    if (me.n == 0 || other.n == 0) {
        return ERR_OK;
    }
    if (str_equal(me, other)) {
        *ret = STR("self");
        return ERR_OK;
    }
    TRY(barred(ctx, db, law, me, other, day, true, ret));
    return ret->n > 0 ? ERR_OK : barred(ctx, db, law, other, me, day, false, ret);
}

/* Kin of those who head the party's company, or who own it, is a conflict as kin of the party is.
 */
enum err people_conflict_with_heads(struct ctx *ctx, struct db *db, const struct law *law,
                                    struct str me, struct str party, struct day day,
                                    struct str *ret)
{
    struct people_relation_to_row *rows = NULL;
    size_t count = 0;
    *ret = STR("");
    if (me.n == 0 || party.n == 0) {
        return ERR_OK;
    }
    TRY(people_relation_to(ctx, db, (struct people_relation_to_in){.b = party, .day = day.n}, &rows,
                           &count));
    for (size_t i = 0; i < count && ret->n == 0; i++) {
        struct str force = force_of(law, rows[i].relation);
        bool concerned =
            str_equal(force, STR("heads")) || str_equal(rows[i].relation, STR("owner"));
        if (concerned && !str_equal(rows[i].a, me)) {
            TRY(barred(ctx, db, law, me, rows[i].a, day, false, ret));
        }
        if (concerned && !str_equal(rows[i].a, me) && ret->n == 0) {
            TRY(barred(ctx, db, law, rows[i].a, me, day, false, ret));
        }
    }
    return ERR_OK;
}
