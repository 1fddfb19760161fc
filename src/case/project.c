/* Cases as people look for them, who was told, what was late, and the register of published
 * decisions: the only writer of the room's tables. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/json_make.h"
#include "base/str.h"
#include "case/case_in.h"

static enum err publish(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct json o = json_object();
    struct buf b = buf_new(ctx->arena, 0);
    for (size_t i = 0; i < act->item->public_count; i++) {
        const struct json *v = json_get_str(act->facts, act->item->publics[i]->id);
        if (v != NULL) {
            json_set(ctx->arena, &o, act->item->publics[i]->id, *v);
        }
    }
    json_write(&b, &o);
    return case_decision_put(ctx, db,
                             (struct case_decision_put_in){.seq = act->seq,
                                                           .case_id = act->case_id,
                                                           .item = act->item->id,
                                                           .office = act->office->id,
                                                           .kind = act->kind->kind,
                                                           .decided_day = act->day.n,
                                                           .public_facts = buf_str(&b)});
}

static enum err track_other(struct ctx *ctx, struct db *db, const struct admitted *act, bool office,
                            const struct json *named)
{
    const struct actor *by = &act->draft->actor;
    struct told_of who = {.side = office ? SIDE_ASKED : SIDE_INTERESTED,
                          .as = json_is(named, JSON_STRING) ? named->text : STR("")};
    if (who.as.n == 0 || !is_told(&who, act->kind, by->kind, by->id, by->for_id)) {
        return ERR_OK;
    }
    return case_other_put(
        ctx, db,
        (struct case_other_put_in){.other = who.as, .case_id = act->case_id, .told_seq = act->seq});
}

/* Others whom the case names, one or a list, are told as the party is. */
static enum err track_others(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    size_t count = 0;
    const struct named *named = law_named(act->law, &count);
    for (size_t i = 0; i < count; i++) {
        const struct json *other = json_get_str(act->facts, named[i].fact->id);
        if (!json_is(other, JSON_ARRAY)) {
            TRY(track_other(ctx, db, act, named[i].office, other));
        }
        for (size_t k = 0; json_is(other, JSON_ARRAY) && k < other->count; k++) {
            TRY(track_other(ctx, db, act, named[i].office, &other->items[k]));
        }
    }
    return ERR_OK;
}

/* What was due first is so no more, and its last day had passed: the office did it late. */
static enum err track_late(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct case_view_get_row before;
    bool found = false;
    TRY(case_view_get(ctx, db, (struct case_view_get_in){.id = act->case_id}, &before, &found));
    bool was_late = found && before.due_day > 0 && before.due_day < act->day.n;
    bool same =
        was_late && str_equal(before.due_limit, act->due_limit) && before.due_day == act->due_day.n;
    if (!was_late || same) {
        return ERR_OK;
    }
    return case_late_put(ctx, db,
                         (struct case_late_put_in){.case_id = act->case_id,
                                                   .limit_id = before.due_limit,
                                                   .office = act->office->id,
                                                   .item = act->item->id,
                                                   .due_day = before.due_day,
                                                   .done_day = act->day.n,
                                                   .seq = act->seq});
}

static enum err track(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    if (act->item == NULL || act->case_id.n == 0) {
        return ERR_OK;
    }
    if (act->kind->publish) {
        TRY(publish(ctx, db, act));
    }
    TRY(track_others(ctx, db, act));
    TRY(track_late(ctx, db, act));
    struct told_of party = {.side = SIDE_PARTY, .as = act->party};
    const struct actor *by = &act->draft->actor;
    return case_view_put(
        ctx, db,
        (struct case_view_put_in){
            .id = act->case_id,
            .item = act->item->id,
            .office = act->office->id,
            .party = act->party,
            .filed_by = act->draft->actor.id,
            .case_status = act->status,
            .opened_day = act->day.n,
            .due_limit = act->due_limit,
            .due_day = act->due_limit.n > 0 ? act->due_day.n : 0,
            .last_seq = act->seq,
            .told_seq = is_told(&party, act->kind, by->kind, by->id, by->for_id) ? act->seq : 0});
}

static enum err due(struct ctx *ctx, struct db *db, struct str case_id, struct str due_limit,
                    struct day due_day)
{
    return case_view_due(
        ctx, db,
        (struct case_view_due_in){.id = case_id, .due_limit = due_limit, .due_day = due_day.n});
}

/* The decisions that were published while the value stood in the case's facts. */
static enum err erase(struct ctx *ctx, struct db *db, const struct erasure *e)
{
    struct case_decision_copies_row *rows = NULL;
    size_t count = 0;
    if (e->case_id.n == 0) {
        return ERR_OK;
    }
    TRY(case_decision_copies(
        ctx, db,
        (struct case_decision_copies_in){.case_id = e->case_id, .seq = e->seq, .until = e->until},
        &rows, &count));
    for (size_t i = 0; i < count; i++) {
        struct json facts;
        struct str text = {0};
        struct buf b = buf_new(ctx->arena, 0);
        TRY(json_parse(ctx, rows[i].public_facts, STR("facts"), &facts));
        if (json_get_str(&facts, e->fact) == NULL) {
            continue;
        }
        json_set(ctx->arena, &facts, e->fact, json_null());
        json_write(&b, &facts);
        TRY(buf_done(ctx, &b, &text));
        TRY(case_decision_say(
            ctx, db, (struct case_decision_say_in){.seq = rows[i].seq, .public_facts = text}));
    }
    return ERR_OK;
}

static enum err status(struct ctx *ctx, struct db *db, struct str case_id, struct str status)
{
    return case_view_status(ctx, db,
                            (struct case_view_status_in){.id = case_id, .case_status = status});
}

const struct projector case_projector = {
    .room = "case", .track = track, .erase = erase, .status = status, .due = due};
