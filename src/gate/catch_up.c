/* catch_up.c - when a change of law is done to the cases that run.
 *
 * A version of a pack that comes into force (begin.c) can move every case: a transition carries it
 * over to new law (carry.c), a calendar counts its clocks anew (recount.c). For a million cases
 * that takes minutes, and no other act may wait so long. So the transaction in which it comes into
 * force brings up the first few cases, and where there are more leaves a row (gate_behind) and a
 * job; the job goes on in pieces, a bounded number of cases a transaction, and acts go in between.
 *
 * What comes of it may not depend on when it is done, for replay makes every view again, and does
 * the whole of a change at its place among the acts. It does not, by this rule:
 *
 *     before anything is done to a case, it is brought up to the newest change.
 *
 * What a change makes of a case depends on nothing but the change and the case's own rows as they
 * stand: its state, its clocks, its facts. Nothing changes those but an act in the case (admit) and
 * the erasure of one of its values (erase.c), and both bring it up first. So between a change and
 * the moment a case is brought up to it, these rows are what they were at the change, and what is
 * made of them is the same as if it had been made then. By induction over changes in their order
 * the rows are the same at every act of the case, and in the end.
 *
 * A case is brought up to a change exactly once. It is, when one of these holds:
 *
 *     its newest act came after the change (that act brought it up, or opened it);
 *     the pass over all cases, in order of their numbers, is past it (gate_behind.place);
 *     it was brought up out of turn: an act that was refused, an erasure (gate_caught).
 *
 * The place, the case's rows and the end of the job's run are one transaction: whatever dies, the
 * pass goes on where it was. When it is through its row goes; when no row is left, gate_caught is
 * emptied: so both tables are empty whenever nothing is behind.
 *
 * What one sees in the meantime: an act is judged on the case as it should be. Pages and gate_ask
 * read rows, and show the old day until the pass has come there; a timer that should have moved is
 * asked for, brings its case up, and is refused as not yet due. */
#include "gate/gate_in.h"

#include "outbox/outbox.h"

/* A piece looks at SCAN cases at most, most of them closed long ago, and brings up at most
 * LIMIT_CATCH_UP_CASES: some milliseconds. */
enum { SCAN = 512 };

_Static_assert((int)LIMIT_CATCH_UP_CASES <= (int)SCAN, "a piece can bring up what it looks at");

/* One change that cases are behind. */
struct behind {
    int64_t id;
    struct law_change change;
    struct str place;
    struct carry_over carry;
    struct recount recount;
    bool begun;
};
struct behinds {
    struct gate *g;
    struct db *db;
    struct behind *list; /* the oldest first */
    size_t count;
};

static enum err behinds_load(struct ctx *ctx, struct gate *g, struct db *db, struct behinds *ret)
{
    struct gate_behind_list_row *rows = NULL;
    *ret = (struct behinds){.g = g, .db = db};
    TRY(gate_behind_list(ctx, db, &rows, &ret->count));
    ret->list = ARENA_ARRAY(ctx->arena, struct behind, ret->count + 1);
    for (size_t i = 0; i < ret->count; i++) {
        const struct gate_behind_list_row *r = &rows[i];
        must(i == 0 || (rows[i - 1].id < r->id && rows[i - 1].at <= r->at));
        ret->list[i] =
            (struct behind){.id = r->id,
                            .change = {.at = r->at,
                                       .pack = r->pack,
                                       .before = {r->before_seq, {(int32_t)r->before_day}},
                                       .after = {r->law_seq, {(int32_t)r->law_day}}},
                            .place = r->place};
    }
    return ERR_OK;
}

/* Load what it did to the law, once, when the first case needs it. */
static enum err behind_begin(struct ctx *ctx, const struct behinds *all, struct behind *b)
{
    if (b->begun) {
        return ERR_OK;
    }
    b->begun = true;
    TRY(carry_begin(ctx, all->g, all->db, &b->change, &b->carry));
    return recount_begin(ctx, all->g, all->db, &b->change, &b->recount);
}

/* Bring a case up to the first `count` changes, in their order. */
static enum err bring_up(struct ctx *ctx, struct behinds *all, size_t count, struct str case_id,
                         bool *ret_any)
{
    struct gate_case_last_row last;
    struct gate_caught_get_row caught = {.id = -1};
    bool found = false;
    bool out_of_turn = false;
    *ret_any = false;
    TRY(gate_case_last(ctx, all->db, (struct gate_case_last_in){.id = case_id}, &last, &found));
    if (!found) {
        return ERR_OK;
    }
    TRY(gate_caught_get(ctx, all->db, (struct gate_caught_get_in){.case_id = case_id}, &caught,
                        &out_of_turn));
    for (size_t i = 0; i < count; i++) {
        struct behind *b = &all->list[i];
        bool is_up = last.last_seq >= b->change.at || str_compare(case_id, b->place) <= 0 ||
                     (out_of_turn && caught.id >= b->id);
        if (is_up) {
            continue;
        }
        *ret_any = true;
        TRY(behind_begin(ctx, all, b));
        if (b->carry.carries) {
            TRY(carry_case(ctx, &b->carry, case_id));
        }
        if (b->recount.now != NULL) {
            TRY(recount_case(ctx, all->g, all->db, &b->recount, case_id));
        }
    }
    return ERR_OK;
}

enum err case_catch_up(struct ctx *ctx, struct gate *g, struct db *db, struct str case_id,
                       bool *ret_any)
{
    struct behinds all;
    *ret_any = false;
    if (case_id.n == 0) {
        return ERR_OK;
    }
    TRY(behinds_load(ctx, g, db, &all));
    return all.count == 0 ? ERR_OK : bring_up(ctx, &all, all.count, case_id, ret_any);
}

enum err case_caught_up(struct ctx *ctx, struct db *db, struct str case_id)
{
    struct gate_behind_last_row last;
    bool found = false;
    TRY(gate_behind_last(ctx, db, &last, &found));
    return !found ? ERR_OK
                  : gate_caught_set(ctx, db,
                                    (struct gate_caught_set_in){.case_id = case_id, .id = last.id});
}

/* ---- the pass ---- */

/* The next cases that this change may touch, and the place after them: all that run when it
 * carries over or any day is another; else those with a clock past the calendar. */
struct look {
    struct str *ids;
    size_t count;
    struct str place;
    bool through; /* there are no more after it */
};

static enum err look_at_running(struct ctx *ctx, struct db *db, struct str after, struct look *ret)
{
    struct gate_case_after_row *rows = NULL;
    size_t count = 0;
    size_t seen = 0;
    TRY(gate_case_after(ctx, db, (struct gate_case_after_in){.id = after, .count = SCAN}, &rows,
                        &count));
    for (; seen < count && ret->count < LIMIT_CATCH_UP_CASES; seen++) {
        if (rows[seen].closed == 0 || rows[seen].counts != 0) {
            ret->ids[ret->count++] = rows[seen].id;
        }
        ret->place = rows[seen].id;
    }
    ret->through = seen == count && count < SCAN;
    return ERR_OK;
}

static enum err look_at_provisional(struct ctx *ctx, struct db *db, struct str after,
                                    struct look *ret)
{
    struct gate_clock_provisional_row *rows = NULL;
    struct gate_clock_provisional_in in = {.case_id = after, .count = LIMIT_CATCH_UP_CASES};
    TRY(gate_clock_provisional(ctx, db, in, &rows, &ret->count));
    for (size_t i = 0; i < ret->count; i++) {
        ret->ids[i] = ret->place = rows[i].case_id;
    }
    ret->through = ret->count < LIMIT_CATCH_UP_CASES;
    return ERR_OK;
}

static enum err behind_end(struct ctx *ctx, const struct behinds *all)
{
    TRY(gate_behind_remove(ctx, all->db, (struct gate_behind_remove_in){.id = all->list[0].id}));
    return all->count == 1 ? gate_caught_clear(ctx, all->db) : ERR_OK;
}

struct pass {
    struct gate *g;
    bool more;
};

/* One piece of the oldest pass. */
static enum err piece(struct ctx *ctx, struct gate *g, struct db *db, bool *ret_more)
{
    struct behinds all;
    struct look l = {.ids = ARENA_ARRAY(ctx->arena, struct str, LIMIT_CATCH_UP_CASES)};
    bool any = false;
    TRY(behinds_load(ctx, g, db, &all));
    *ret_more = false;
    if (all.count == 0) {
        return ERR_OK;
    }
    struct behind *b = &all.list[0];
    l.place = b->place;
    TRY(behind_begin(ctx, &all, b));
    TRY(b->carry.carries || b->recount.days ? look_at_running(ctx, db, b->place, &l)
                                            : look_at_provisional(ctx, db, b->place, &l));
    for (size_t i = 0; i < l.count; i++) {
        TRY(bring_up(ctx, &all, 1, l.ids[i], &any));
        if (all.count == 1) {
            TRY(gate_caught_remove(ctx, db, (struct gate_caught_remove_in){.case_id = l.ids[i]}));
        }
    }
    *ret_more = !l.through || all.count > 1;
    return l.through ? behind_end(ctx, &all)
                     : gate_behind_move(
                           ctx, db, (struct gate_behind_move_in){.id = b->id, .place = l.place});
}

static enum err some_apply(struct ctx *ctx, struct db *db, void *arg, const struct receipt *receipt)
{
    struct pass *p = arg;
    (void)receipt;
    return piece(ctx, p->g, db, &p->more);
}

enum err gate_catch_up_some(struct ctx *ctx, struct gate *g, struct db *db, bool *ret_more)
{
    return piece(ctx, g, db, ret_more);
}

enum err gate_catch_up(struct ctx *ctx, struct gate *g)
{
    struct gate_behind_list_row *rows = NULL;
    struct db *reader = NULL;
    size_t count = 0;
    TRY(store_reader(ctx, g->store, &reader));
    enum err e = gate_behind_list(ctx, reader, &rows, &count);
    db_close(reader);
    struct pass p = {g, e == ERR_OK && count > 0};
    TRY(e);
    while (p.more) {
        TRY(keep_here_wait(ctx, g, some_apply, &p));
    }
    return ERR_OK;
}

enum err catch_up_begin(struct ctx *ctx, struct gate *g, struct db *db, const struct law_change *x,
                        bool replay)
{
    struct gate_behind_last_row last = {0};
    bool any = false;
    bool more = true;
    bool added = false;
    TRY(gate_behind_last(ctx, db, &last, &any));
    TRY(gate_behind_add(ctx, db,
                        (struct gate_behind_add_in){.id = any ? last.id + 1 : 1,
                                                    .at = x->at,
                                                    .pack = x->pack,
                                                    .law_seq = x->after.seq,
                                                    .law_day = x->after.day.n,
                                                    .before_seq = x->before.seq,
                                                    .before_day = x->before.day.n,
                                                    .place = STR("")}));
    for (bool first = true; more && (first || replay); first = false) {
        struct arena_mark mark = arena_mark(ctx->arena);
        TRY(piece(ctx, g, db, &more));
        arena_reset(ctx->arena, mark);
    }
    if (!more) {
        return ERR_OK;
    }
    /* One job does all that is behind, however often law is published meanwhile. */
    struct outbox_job job = {
        .kind = STR("gate.catch-up"), .key = STR("cases"), .seq = x->after.seq};
    return outbox_add(ctx, db, &job, &added);
}
