/* One row a ticket, by its hash. What is over is swept by whoever adds the next, by the index of
 * ends, so the count that bounds the table is of those that still say something. */
#include "store/ticket.h"

#include "base/world.h"
#include "limit_gen.h"
#include "store_sql.h"

static enum err has_room(struct ctx *ctx, struct db *db, bool *ret)
{
    struct store_ticket_count_row row;
    bool found = false;
    TRY(store_ticket_sweep(
        ctx, db, (struct store_ticket_sweep_in){.now_ms = ctx->world->now(ctx->world).ms}));
    TRY(store_ticket_count(ctx, db, &row, &found));
    *ret = row.tickets < LIMIT_TICKETS;
    return ERR_OK;
}

static enum err put(struct ctx *ctx, struct db *db, struct str kind, struct str hash,
                    struct str text, struct instant until)
{
    must(hash.n == TICKET_HASH);
    return store_ticket_put(ctx, db,
                            (struct store_ticket_put_in){
                                .hash = hash, .kind = kind, .text = text, .until_ms = until.ms});
}

enum err ticket_give(struct ctx *ctx, struct db *db, struct str kind, struct str hash,
                     struct str text, struct instant until)
{
    bool room = false;
    TRY(has_room(ctx, db, &room));
    return room ? put(ctx, db, kind, hash, text, until)
                : fault(ctx, ERR_BUSY, "more than %d codes are given out", LIMIT_TICKETS);
}

enum err ticket_take(struct ctx *ctx, struct db *db, struct str kind, struct str hash,
                     struct str *ret_text, bool *ret_found)
{
    struct store_ticket_get_row row;
    TRY(store_ticket_get(ctx, db, (struct store_ticket_get_in){.hash = hash, .kind = kind}, &row,
                         ret_found));
    *ret_found = *ret_found && row.until_ms > ctx->world->now(ctx->world).ms;
    *ret_text = *ret_found ? row.text : STR("");
    return *ret_found ? store_ticket_remove(ctx, db, (struct store_ticket_remove_in){.hash = hash})
                      : ERR_OK;
}

enum err ticket_spend(struct ctx *ctx, struct db *db, struct str kind, struct str hash,
                      struct instant until, bool *ret_first)
{
    struct store_ticket_get_row row;
    bool room = false;
    bool found = false;
    TRY(has_room(ctx, db, &room));
    TRY(store_ticket_get(ctx, db, (struct store_ticket_get_in){.hash = hash, .kind = kind}, &row,
                         &found));
    *ret_first = room && !found;
    return *ret_first ? put(ctx, db, kind, hash, STR(""), until) : ERR_OK;
}

enum err ticket_clear(struct ctx *ctx, struct db *db, struct str kind)
{
    return store_ticket_clear(ctx, db, (struct store_ticket_clear_in){.kind = kind});
}
