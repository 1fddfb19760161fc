/* begin.c - when a version of a pack comes into force, and what was published ahead.
 *
 * A version can be published weeks before its first day. The act that publishes it changes nothing
 * for a case; its first day does, and on that day nobody acts: law comes into force by itself. So
 * views are a function of the acts and of the days that have come, and what must be settled is the
 * place of such a day among the acts. It is this:
 *
 *     a version begins before the first act that is recorded on its first day or later.
 *
 * The writer holds to it by looking at one number, the first day to come (gate.ahead), before it
 * judges a draft; replay, by the same look before each act. When no act comes, the agenda's tick
 * tells the gate that the day is here (gate_begin_day), also of days on which the node was down,
 * each in its turn. The tick is no act and leaves the ledger alone, so what it did is kept as a row
 * of a view (gate_ahead.begun), and replay, when all acts are in, begins what had begun. The time
 * of the next act cannot lie before a day that has begun (gate.last). Between the place of the
 * beginning and the next act nothing happens, so it is the same wherever in between it was done.
 *
 * What it does to the cases is that of a publication in force at once (carry.c, recount.c), with
 * the law of the day before on the one side and the law of that day on the other, and it is done
 * in pieces and once for each case by the same pass (catch_up.c).
 *
 * Programs that wrote leaves of form 1 knew no such beginning: an act of theirs is followed by what
 * they did, and what they left out begins before the first act of a later form. It begins then with
 * the law of the last act's day, for a later publication must not be undone by an earlier day. */
#include "base/day.h"
#include "gate/again.h"
#include "gate/gate_in.h"

enum err law_begins_read(struct ctx *ctx, struct gate *g, struct db *db)
{
    struct gate_ahead_first_row first;
    struct gate_ahead_last_row last;
    bool found = false;
    TRY(gate_ahead_first(ctx, db, &first, &found));
    g->ahead = (struct day){found ? (int32_t)first.day : INT32_MAX};
    TRY(gate_ahead_last(ctx, db, &last, &found));
    if (found) {
        struct instant reached = day_start((struct day){(int32_t)last.day});
        g->last = reached.ms > g->last.ms ? reached : g->last;
    }
    return ERR_OK;
}

enum err law_published(struct ctx *ctx, struct gate *g, struct db *db, struct str pack,
                       const struct admitted *act)
{
    struct day from = book_from(g->book, act->seq);
    if (from.n > act->day.n) {
        TRY(gate_ahead_add(
            ctx, db, (struct gate_ahead_add_in){.seq = act->seq, .pack = pack, .day = from.n}));
        g->ahead = from.n < g->ahead.n ? from : g->ahead;
        return ERR_OK;
    }
    struct law_change x = {.at = act->seq + 1,
                           .pack = pack,
                           .before = {book_before(g->book, act->seq), act->day},
                           .after = {act->seq, act->day}};
    return catch_up_begin(ctx, g, db, &x, act->replay);
}

/* Of several versions of one pack that begin on a day only the one published last holds. */
static bool is_last_of_pack(const struct gate_ahead_of_day_row *rows, size_t count, size_t at)
{
    for (size_t i = at + 1; i < count; i++) {
        if (str_equal(rows[i].pack, rows[at].pack)) {
            return false;
        }
    }
    return true;
}

static enum err begin_day(struct ctx *ctx, struct gate *g, struct db *db, struct day first,
                          bool replay)
{
    struct gate_ahead_of_day_row *rows = NULL;
    size_t count = 0;
    int64_t newest = book_newest(g->book);
    struct day last = instant_day(g->last);
    struct day day = last.n > first.n ? last : first;
    TRY(gate_ahead_of_day(ctx, db, (struct gate_ahead_of_day_in){.day = first.n}, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        struct law_change x = {.at = (int64_t)g->tree.size,
                               .pack = rows[i].pack,
                               .before = {newest, day_add(first, -1)},
                               .after = {newest, day}};
        if (is_last_of_pack(rows, count, i)) {
            TRY(catch_up_begin(ctx, g, db, &x, replay));
        }
    }
    return gate_ahead_begun(ctx, db, (struct gate_ahead_begun_in){.day = first.n});
}

enum err law_begins(struct ctx *ctx, struct gate *g, struct db *db, struct day upto, bool replay)
{
    while (g->ahead.n <= upto.n && g->ahead.n != INT32_MAX) {
        struct day first = g->ahead;
        TRY(begin_day(ctx, g, db, first, replay));
        TRY(law_begins_read(ctx, g, db));
        must(g->ahead.n > first.n);
    }
    return ERR_OK;
}

/* ---- told by the tick ---- */

static enum err begin_apply(struct ctx *ctx, struct db *db, void *arg,
                            const struct receipt *receipt)
{
    struct gate *g = arg;
    (void)receipt;
    return law_begins(ctx, g, db, instant_day(g->world->now(g->world)), false);
}

/* Nobody waits for it: what is not done now the next tick does. */
static void begun(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    (void)arg;
    (void)err;
    (void)why;
    (void)receipt;
}

enum err gate_begin_day(struct ctx *ctx, struct gate *g, struct db *reader, struct day today)
{
    struct gate_ahead_first_row first;
    bool found = false;
    TRY(gate_ahead_first(ctx, reader, &first, &found));
    bool due = found && first.day <= today.n;
    enum err e = due ? gate_keep_here(ctx, g, begin_apply, g, begun, g) : ERR_OK;
    return e == ERR_BUSY ? ERR_OK : e;
}

/* ---- told by replay ---- */

enum err gate_begun(struct ctx *ctx, struct db *reader, struct day *ret)
{
    struct gate_ahead_last_row last;
    bool found = false;
    TRY(gate_ahead_last(ctx, reader, &last, &found));
    *ret = (struct day){found ? (int32_t)last.day : INT32_MIN};
    return ERR_OK;
}

enum err gate_begin_again(struct ctx *ctx, struct gate *g, struct db *db, struct day upto)
{
    return law_begins(ctx, g, db, upto, true);
}
