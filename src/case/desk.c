/* The cases an office has before it, by what is due first: its own, those that came to it with a
 * power, from the day the power moved and before anybody has acted in them, and those it handles
 * for an office that entrusted it. The view knows a case by the office that last acted; where it
 * stands today the law says. */
#include "case/case_in.h"

#include <stdlib.h>

enum { BATCH = 100, ROUNDS = 20, SOURCES = 32 };

/* Whose the case is today, or who may act in it for whose it is. */
static bool stands_with(const struct law *law, const struct office *me,
                        const struct case_view_of_office_row *c, struct day day)
{
    const struct item *item = law_item(law, c->item);
    const struct office *seat =
        law_seat(law, law_office(law, c->office), item, (struct day){(int32_t)c->opened_day}, day);
    return seat == me ||
           (seat != NULL && item != NULL && law_deputy(me, seat, STR(""), item, day) != NULL);
}

static int by_due(const void *a, const void *b)
{
    const struct case_view_of_office_row *x = a;
    const struct case_view_of_office_row *y = b;
    return x->due_day != y->due_day ? (x->due_day > y->due_day ? 1 : -1)
                                    : str_compare(x->id, y->id);
}

/* How far one source has been looked through: all up to this row, or all there is. */
struct source_end {
    bool whole;
    struct case_view_of_office_row last;
};

static enum err look_through(struct ctx *ctx, struct db *db, const struct desk_ask *ask,
                             const struct office *from, struct case_view_of_office_row *out,
                             size_t *count, struct source_end *ret)
{
    struct case_view_of_office_in in = {
        .office = from->id, .day = ask->after_day, .id = ask->after_id, .count = BATCH};
    size_t found = 0;
    *ret = (struct source_end){0};
    for (int round = 0; round < ROUNDS && found < ask->most && !ret->whole; round++) {
        struct case_view_of_office_row *list = NULL;
        size_t n = 0;
        TRY(case_view_of_office(ctx, db, in, &list, &n));
        for (size_t i = 0; i < n && found < ask->most; i++) {
            ret->last = list[i];
            if (stands_with(ask->law, ask->office, &list[i], ask->today)) {
                out[(*count)++] = list[i];
                found++;
            }
        }
        ret->whole = n < BATCH && found < ask->most;
        if (n > 0) {
            in.day = list[n - 1].due_day;
            in.id = list[n - 1].id;
        }
    }
    return ERR_OK;
}

enum err case_desk(struct ctx *ctx, struct db *db, const struct desk_ask *ask,
                   struct case_view_of_office_row **ret, size_t *ret_count,
                   struct case_view_of_office_row *ret_more, bool *ret_has_more)
{
    const struct office *sources[SOURCES];
    struct source_end end;
    size_t count = law_sources(ask->law, ask->office, ask->today, sources, SOURCES);
    struct case_view_of_office_row *rows =
        ARENA_ARRAY(ctx->arena, struct case_view_of_office_row, count * ask->most + 1);
    *ret_count = 0;
    *ret_has_more = false;
    for (size_t i = 0; i < count; i++) {
        TRY(look_through(ctx, db, ask, sources[i], rows, ret_count, &end));
        /* What lies behind a place up to which some source was not looked through waits for the
         * next page. */
        if (!end.whole && (!*ret_has_more || by_due(&end.last, ret_more) < 0)) {
            *ret_more = end.last;
            *ret_has_more = true;
        }
    }
    qsort(rows, *ret_count, sizeof(rows[0]), by_due);
    while (*ret_has_more && *ret_count > 0 && by_due(&rows[*ret_count - 1], ret_more) > 0) {
        (*ret_count)--;
    }
    if (*ret_count > ask->most) {
        *ret_count = ask->most;
        *ret_more = rows[ask->most - 1];
        *ret_has_more = true;
    }
    *ret = rows;
    return ERR_OK;
}
