/* Licences as acts issue, renew, change and end them: the only writer of the room's tables. Each
 * act touches the licence of its own case's party and type alone. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/day.h"
#include "base/json.h"
#include "base/json_make.h"
#include "licence/licence.h"
#include "licence_sql.h"

/* Prefix and the place in the ledger, so that a number is unique without a counter. */
static struct str new_number(struct arena *a, const struct licence_type *t, int64_t seq)
{
    return str_format(a, "%.*s%0*lld", FMT(t->number_prefix), t->number_digits, (long long)seq);
}

static struct str fact_text(const struct admitted *act, const struct fact *fact)
{
    const struct json *v = fact == NULL ? NULL : json_get_str(act->facts, fact->id);
    return json_is(v, JSON_STRING) ? v->text : STR("");
}

static enum err public_facts(struct ctx *ctx, const struct admitted *act,
                             const struct licence_type *t, struct str *ret)
{
    struct json o = json_object();
    struct buf b = buf_new(ctx->arena, 0);
    for (size_t i = 0; i < t->public_count; i++) {
        const struct json *v = json_get_str(act->facts, t->publics[i]->id);
        if (v != NULL) {
            json_set(ctx->arena, &o, t->publics[i]->id, *v);
        }
    }
    json_write(&b, &o);
    return buf_done(ctx, &b, ret);
}

/* Note what was copied, for erasing. */
static enum err note_copy(struct ctx *ctx, struct db *db, const struct admitted *act,
                          const struct licence_type *t, struct str number)
{
    struct buf ids = buf_new(ctx->arena, 0);
    bool names = t->holder != NULL && json_get_str(act->facts, t->holder->id) != NULL;
    for (size_t i = 0; i < t->public_count; i++) {
        if (json_get_str(act->facts, t->publics[i]->id) != NULL) {
            buf_format(&ids, " %.*s ", FMT(t->publics[i]->id));
        }
    }
    return licence_copy_add(
        ctx, db,
        (struct licence_copy_add_in){.number = number,
                                     .seq = act->seq,
                                     .case_id = act->case_id,
                                     .facts = buf_str(&ids),
                                     .holder = names ? t->holder->id : STR("")});
}

/* The last day of a term that begins on `from`: the day before the one that answers to it, and
 * where the last month has none, its last day (民法典202). */
static struct day until_of(const struct licence_type *t, struct day from)
{
    if (t->valid_n == 0) {
        return (struct day){0};
    }
    int32_t months = t->valid_unit == UNIT_YEAR    ? t->valid_n * 12
                     : t->valid_unit == UNIT_MONTH ? t->valid_n
                                                   : 0;
    if (months == 0) {
        return day_add(from, t->valid_n);
    }
    struct day end = day_add_months(from, months);
    bool answers = day_to_civil(end).day == day_to_civil(from).day;
    return answers ? day_add(end, -1) : end;
}

static enum err on_issue(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    const struct licence_type *t = act->item == NULL ? NULL : act->item->licence;
    struct str facts = {0};
    if (t == NULL) {
        return ERR_OK;
    }
    struct str number = new_number(ctx->arena, t, act->seq);
    TRY(public_facts(ctx, act, t, &facts));
    TRY(note_copy(ctx, db, act, t, number));
    return licence_put(ctx, db,
                       (struct licence_put_in){.number = number,
                                               .licence_type = t->id,
                                               .holder = fact_text(act, t->holder),
                                               .party = act->party,
                                               .office = act->office->id,
                                               .from_day = act->day.n,
                                               .until_day = until_of(t, act->day).n,
                                               .licence_status = STR("valid"),
                                               .public_facts = facts,
                                               .seq = act->seq});
}

static struct str number_of(const struct admitted *act)
{
    struct str own = json_text(&act->draft->fields, "licence.number");
    return own.n > 0 ? own : json_text(act->facts, "licence.number");
}

static enum err on_renew(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct licence_get_row row;
    bool found = false;
    const struct licence_type *t = act->item == NULL ? NULL : act->item->licence;
    TRY(licence_get(ctx, db, (struct licence_get_in){.number = number_of(act)}, &row, &found));
    if (!found || t == NULL || !str_equal(row.party, act->party)) {
        return ERR_OK;
    }
    struct day until = until_of(t, day_add((struct day){(int32_t)row.until_day}, 1));
    return licence_set_until(
        ctx, db,
        (struct licence_set_until_in){.until_day = until.n, .seq = act->seq, .number = row.number});
}

/* What was applied for takes the place of what the licence said; the rest, its number and its term
 * stay. */
static enum err on_change(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct licence_get_row row;
    struct json facts;
    struct buf b = buf_new(ctx->arena, 0);
    struct str text = {0};
    bool found = false;
    const struct licence_type *t = act->item == NULL ? NULL : act->item->licence;
    TRY(licence_get(ctx, db, (struct licence_get_in){.number = number_of(act)}, &row, &found));
    if (!found || t == NULL || !str_equal(row.licence_type, t->id) ||
        !str_equal(row.party, act->party)) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, row.public_facts, STR("facts"), &facts));
    for (size_t i = 0; i < t->public_count; i++) {
        const struct json *v = json_get_str(act->facts, t->publics[i]->id);
        if (v != NULL) {
            json_set(ctx->arena, &facts, t->publics[i]->id, *v);
        }
    }
    json_write(&b, &facts);
    TRY(buf_done(ctx, &b, &text));
    bool names = t->holder != NULL && json_get_str(act->facts, t->holder->id) != NULL;
    TRY(note_copy(ctx, db, act, t, row.number));
    return licence_change(
        ctx, db,
        (struct licence_change_in){.holder = names ? fact_text(act, t->holder) : row.holder,
                                   .public_facts = text,
                                   .seq = act->seq,
                                   .number = row.number});
}

static enum err set_status(struct ctx *ctx, struct db *db, const struct admitted *act,
                           struct str status)
{
    struct licence_get_row row;
    bool found = false;
    const struct licence_type *t = act->item == NULL ? NULL : act->item->licence;
    TRY(licence_get(ctx, db, (struct licence_get_in){.number = number_of(act)}, &row, &found));
    /* A case is about its party's own licence, of the type its item leads to. */
    if (!found || !str_equal(row.party, act->party) ||
        (t != NULL && !str_equal(row.licence_type, t->id))) {
        return ERR_OK;
    }
    return licence_set_status(ctx, db,
                              (struct licence_set_status_in){.licence_status = status,
                                                             .seq = act->seq,
                                                             .number = number_of(act)});
}

static enum err on_revoke(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return set_status(ctx, db, act, STR("revoked"));
}

static enum err on_cancel(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return set_status(ctx, db, act, STR("cancelled"));
}

static enum err on_suspend(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return set_status(ctx, db, act, STR("suspended"));
}

static enum err on_correct(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    return set_status(ctx, db, act, STR("valid"));
}

/* ---- erasing ---- */

/* " a.x " stands in " a.x  b.y ". */
static bool lists(struct arena *a, struct str ids, struct str fact)
{
    return str_find(ids, str_format(a, " %.*s ", FMT(fact))) != SIZE_MAX;
}

/* Take a fact that was copied at one act from what the licence says, unless a later act copied it
 * anew. */
static enum err erase_copy(struct ctx *ctx, struct db *db, const struct licence_copy_list_row *copy,
                           struct str fact)
{
    struct licence_copy_later_row *later = NULL;
    struct licence_get_row row;
    struct json facts;
    struct buf b = buf_new(ctx->arena, 0);
    struct str text = {0};
    size_t count = 0;
    bool found = false;
    bool said = lists(ctx->arena, copy->facts, fact);
    bool held = str_equal(copy->holder, fact);
    TRY(licence_copy_later(ctx, db,
                           (struct licence_copy_later_in){.number = copy->number, .seq = copy->seq},
                           &later, &count));
    for (size_t i = 0; i < count; i++) {
        said = said && !lists(ctx->arena, later[i].facts, fact);
        held = held && later[i].holder.n == 0;
    }
    TRY(licence_get(ctx, db, (struct licence_get_in){.number = copy->number}, &row, &found));
    if (!found || (!said && !held)) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, row.public_facts, STR("facts"), &facts));
    if (said) {
        json_set(ctx->arena, &facts, fact, json_null());
    }
    json_write(&b, &facts);
    TRY(buf_done(ctx, &b, &text));
    return licence_say(ctx, db,
                       (struct licence_say_in){.number = row.number,
                                               .holder = held ? STR("") : row.holder,
                                               .public_facts = text});
}

static enum err erase(struct ctx *ctx, struct db *db, const struct erasure *e)
{
    struct licence_copy_list_row *copies = NULL;
    size_t count = 0;
    if (e->case_id.n == 0) {
        return ERR_OK;
    }
    TRY(licence_copy_list(
        ctx, db,
        (struct licence_copy_list_in){.case_id = e->case_id, .seq = e->seq, .until = e->until},
        &copies, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(erase_copy(ctx, db, &copies[i], e->fact));
    }
    return ERR_OK;
}

/* A licence was decided by the act that last changed its row. */
static enum err earlier(struct ctx *ctx, struct db *db, const struct json *facts, int64_t *ret_seq)
{
    struct licence_get_row row;
    struct str number = json_text(facts, "licence.number");
    bool found = false;
    *ret_seq = -1;
    if (number.n > 0) {
        TRY(licence_get(ctx, db, (struct licence_get_in){.number = number}, &row, &found));
    }
    *ret_seq = found ? row.seq : -1;
    return ERR_OK;
}

/* A licence of this register that an act names is that of the party whose case it is. One that the
 * register does not hold may be older than it, or of another node: the act is done, and there is
 * nothing to change here. One that the act does not name is named by the facts of the case. */
static enum err look_licence(struct ctx *ctx, struct db *db, const struct naming *n,
                             struct misnamed *ret)
{
    struct licence_get_row row;
    bool found = false;
    struct str number = json_text(&n->draft->fields, "licence.number");
    if (number.n == 0) {
        return ERR_OK;
    }
    TRY(licence_get(ctx, db, (struct licence_get_in){.number = number}, &row, &found));
    bool anothers = found && !str_equal(row.party, n->party);
    *ret = anothers ? (struct misnamed){"form.subject", "licence.number"} : *ret;
    return ERR_OK;
}

/* licence.issue makes its number itself and names nothing. That a licence is of the type of the
 * case's item each effect sees to, for an act of several items may name either's. */
static const struct name_row names[] = {
    {"licence.renew", look_licence},   {"licence.change", look_licence},
    {"licence.correct", look_licence}, {"licence.suspend", look_licence},
    {"licence.revoke", look_licence},  {"licence.cancel", look_licence}};
/* With who held them: a licence is of its holder and passes to nobody (行政许可法70(二)(三)). */
static enum err on_end(struct ctx *ctx, struct db *db, const struct admitted *act)
{
    struct str party = json_text(&act->draft->fields, "ended.party");
    return licence_end_of_party(ctx, db,
                                (struct licence_end_of_party_in){.party = party, .seq = act->seq});
}

static const struct effect_row effects[] = {
    {"licence.issue", on_issue},     {"licence.renew", on_renew},
    {"licence.revoke", on_revoke},   {"licence.cancel", on_cancel},
    {"licence.suspend", on_suspend}, {"licence.correct", on_correct},
    {"licence.change", on_change},   {"party.end", on_end}};

static void set_day(struct arena *a, struct json *o, const char *name, int64_t day)
{
    struct str text = day_text(a, (struct day){(int32_t)day});
    json_set(a, o, str_from(name), day == 0 ? json_null() : json_of_str(text));
}

/* A licence by its number: what is public of it by fact id, and its type, holder, party, office,
 * days and status. Its last day is null when it runs without end. */
static enum err look(struct ctx *ctx, struct db *db, struct str key, struct json *ret,
                     bool *ret_found)
{
    struct arena *a = ctx->arena;
    struct licence_get_row row;
    TRY(licence_get(ctx, db, (struct licence_get_in){.number = key}, &row, ret_found));
    if (!*ret_found) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, row.public_facts, STR("facts"), ret));
    json_set(a, ret, STR("number"), json_of_str(row.number));
    json_set(a, ret, STR("type"), json_of_str(row.licence_type));
    json_set(a, ret, STR("holder"), json_of_str(row.holder));
    json_set(a, ret, STR("party"), json_of_str(row.party));
    json_set(a, ret, STR("office"), json_of_str(row.office));
    json_set(a, ret, STR("status"), json_of_str(row.licence_status));
    set_day(a, ret, "from", row.from_day);
    set_day(a, ret, "until", row.until_day);
    json_set(a, ret, STR("seq"), json_of_int(row.seq));
    return ERR_OK;
}

static const struct register_row registers[] = {{"licence", look}};

const struct projector licence_projector = {.room = "licence",
                                            .effects = effects,
                                            .effect_count = LEN(effects),
                                            .registers = registers,
                                            .register_count = LEN(registers),
                                            .names = names,
                                            .name_count = LEN(names),
                                            .erase = erase,
                                            .earlier = earlier};

enum err licence_prefill(struct ctx *ctx, struct db *db, struct str party, struct str type,
                         struct json *facts)
{
    struct licence_held_row *rows = NULL;
    struct json held;
    size_t count = 0;
    TRY(licence_held(ctx, db, (struct licence_held_in){.party = party, .licence_type = type}, &rows,
                     &count));
    if (count != 1) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, rows[0].public_facts, STR("facts"), &held));
    json_set(ctx->arena, &held, STR("licence.number"), json_of_str(rows[0].number));
    for (size_t i = 0; i < held.count; i++) {
        if (json_get_str(facts, held.members[i].key) == NULL) {
            json_set(ctx->arena, facts, held.members[i].key, held.members[i].value);
        }
    }
    return ERR_OK;
}
