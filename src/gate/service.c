/* Service (送达): papers that were drawn up, on whom they must be served, and when they were.
 *
 * A time that counts from a notice counts from the day on which its addressee had it, not from the
 * day on which an office wrote it. So a kind of act may say that what it draws must be served, and
 * on whom (`paper`): each of them gets a row, and a clock whose limit counts from service
 * (`starts: served`) that the act starts stands, with no last day, until all of them are served.
 *
 * A paper is served in one of two ways. Who signed a confirmation of address agrees that papers
 * reach them electronically, and then the act serves it by entering the ledger: in that moment it
 * stands on the addressee's page, which is the system they named. Else an act of an officer serves
 * it (`serves`), and says in which way, on which day, and on whom. What each way demands are
 * conditions of that kind of act; when a way counts as service is the table `service-way`: a row
 * may name, as its parent, the limit after which what was published counts as served. Both are law
 * and stand in the pack.
 *
 * The day of service is that of the deed, not of its recording, which may come later; both are
 * kept, so that late recording is seen. A paper of an act that was admitted when its kind asked for
 * no service has no rows: its clocks began with the act, and stand as they stood. */
#include "base/json_make.h"
#include "gate/gate_in.h"

/* ---- loading ---- */

enum err service_papers(struct ctx *ctx, struct db *db, struct question *q)
{
    struct gate_paper_list_row *rows = NULL;
    size_t count = 0;
    TRY(gate_paper_list(ctx, db, (struct gate_paper_list_in){.case_id = q->row.id}, &rows, &count));
    q->papers = ARENA_ARRAY(ctx->arena, struct paper_row, count + LIMIT_RECORD_NAMED + 1);
    for (q->paper_count = 0; q->paper_count < count; q->paper_count++) {
        q->papers[q->paper_count] = (struct paper_row){.row = rows[q->paper_count]};
    }
    return ERR_OK;
}

static enum err add_addressee(struct ctx *ctx, struct db *db, struct question *q, struct str id)
{
    const struct act_paper *paper = &q->kind->paper;
    for (size_t i = 0; i < q->addressee_count; i++) {
        if (str_equal(q->addressees[i].id, id)) {
            return ERR_OK;
        }
    }
    if (id.n == 0 || q->addressee_count == LIMIT_RECORD_NAMED) {
        return ERR_OK; /* nobody; and names.c lets no act name more */
    }
    bool agreed = false;
    if (!paper->own) {
        TRY(people_agreed_delivery(ctx, db, id, q->day, &agreed));
    }
    if (!paper->own && paper->agreed != NULL && str_equal(id, q->party)) {
        agreed = agreed || str_equal(json_text(&q->facts, str_z(ctx->arena, paper->agreed->id)),
                                     STR("electronic"));
    }
    q->addressees[q->addressee_count++] = (struct addressee){id, agreed};
    return ERR_OK;
}

static enum err load_addressees(struct ctx *ctx, struct db *db, struct question *q)
{
    const struct act_paper *paper = &q->kind->paper;
    q->addressees = ARENA_ARRAY(ctx->arena, struct addressee, LIMIT_RECORD_NAMED);
    if (paper->on_party) {
        TRY(add_addressee(ctx, db, q, q->party));
    }
    for (size_t i = 0; i < paper->on_count; i++) {
        const struct json *v = json_get_str(&q->facts, paper->on[i]->id);
        size_t count = v == NULL ? 0 : v->kind == JSON_ARRAY ? v->count : 1;
        for (size_t k = 0; k < count; k++) {
            TRY(add_addressee(ctx, db, q, v->kind == JSON_ARRAY ? v->items[k].text : v->text));
        }
    }
    return ERR_OK;
}

enum err service_load(struct ctx *ctx, struct db *db, struct question *q)
{
    if (q->kind == NULL) {
        return ERR_OK;
    }
    bool asked = q->kind->serves.way != NULL || question_asks(q, LAW_SLOT_RECORD);
    if (q->has_case && asked) {
        TRY(service_papers(ctx, db, q));
    }
    return q->kind->paper.must ? load_addressees(ctx, db, q) : ERR_OK;
}

bool service_waits(const struct question *q)
{
    bool all = true;
    for (size_t i = 0; i < q->addressee_count; i++) {
        all = all && q->addressees[i].agreed;
    }
    return !all;
}

bool service_awaited(const struct question *q, const struct act_kind *kind)
{
    const struct act_serves *x = &kind->serves;
    bool any = x->way == NULL || x->paper_count > 0;
    for (size_t i = 0; i < q->paper_count; i++) {
        any = any || q->papers[i].row.served_day < 0;
    }
    return any;
}

/* ---- days ---- */

static bool stated_day(const struct question *q, const struct fact *fact, struct day *ret)
{
    const struct json *v = fact == NULL ? NULL : json_get_str(&q->draft->fields, fact->id);
    return v != NULL && json_is(v, JSON_STRING) && day_parse(v->text, ret);
}

struct day judged_day(const struct question *q, const struct limit *limit)
{
    struct day d = q->day;
    return stated_day(q, limit->judged, &d) && d.n < q->day.n ? d : q->day;
}

/* When service by this way holds that happened on this day. */
static enum err holds_from(struct ctx *ctx, const struct question *q, struct str way,
                           struct day day, struct day *ret)
{
    const struct code_row *row = law_code(q->law, STR("service-way"), way);
    const struct limit *limit = row == NULL ? NULL : law_limit(q->law, row->parent);
    struct due due;
    *ret = day;
    if (limit != NULL) {
        TRY(law_due(ctx, q->law_now, limit, day, 0, false, &due));
        *ret = due.day;
    }
    return ERR_OK;
}

static bool served_on_all(const struct question *q, int64_t seq, struct day *ret)
{
    bool all = false;
    for (size_t i = 0; i < q->paper_count; i++) {
        const struct gate_paper_list_row *r = &q->papers[i].row;
        if (r->seq != seq) {
            continue;
        }
        if (r->served_day < 0) {
            return false;
        }
        *ret = !all || r->served_day > ret->n ? (struct day){(int32_t)r->served_day} : *ret;
        all = true;
    }
    return all;
}

/* ---- an act that serves ---- */

static bool serves_kind(const struct act_serves *x, struct str kind)
{
    for (size_t i = 0; i < x->paper_count; i++) {
        if (str_equal(x->papers[i]->kind, kind)) {
            return true;
        }
    }
    return false;
}

/* The paper it is about: the one named, else the newest that waits of its kinds. */
static int64_t paper_meant(const struct question *q)
{
    const struct act_serves *x = &q->kind->serves;
    const struct json *named =
        x->paper == NULL ? NULL : json_get_str(&q->draft->fields, x->paper->id);
    int64_t seq = -1;
    if (named != NULL && named->is_int) {
        return named->int_value;
    }
    for (size_t i = 0; i < q->paper_count; i++) {
        const struct gate_paper_list_row *r = &q->papers[i].row;
        bool fits = x->paper_count == 0 || serves_kind(x, r->kind);
        seq = fits && r->served_day < 0 && r->seq > seq ? r->seq : seq;
    }
    return seq;
}

/* Clocks that waited for this paper begin, on the day from which its service holds. */
static enum err begin_clocks(struct ctx *ctx, struct question *q, int64_t paper, struct day day)
{
    for (size_t i = 0; i < q->clock_count; i++) {
        struct clock_row *c = &q->clocks[i];
        if (c->row.paper == paper && c->limit != NULL && c->row.ended_day < 0) {
            c->row.started_day = day.n;
            c->row.stopped_day = -1;
            c->row.stopped_by = STR("");
            c->changed = true;
            TRY(clock_count(ctx, q, c));
        }
    }
    return ERR_OK;
}

static enum err serve(struct ctx *ctx, struct question *q)
{
    const struct act_serves *x = &q->kind->serves;
    const struct json *way = json_get_str(&q->draft->fields, x->way->id);
    const struct json *to = x->to == NULL ? NULL : json_get_str(&q->draft->fields, x->to->id);
    struct str way_text = way == NULL ? STR("") : way->text;
    int64_t seq = paper_meant(q);
    struct day day = q->day;
    stated_day(q, x->day, &day);
    TRY(holds_from(ctx, q, way_text, day, &q->served));
    q->has_served = true;
    for (size_t i = 0; i < q->paper_count; i++) {
        struct gate_paper_list_row *r = &q->papers[i].row;
        bool meant = r->seq == seq && (to == NULL || str_equal(to->text, r->party));
        if (meant && r->served_day < 0) {
            r->served_day = q->served.n;
            r->way = way_text;
            r->by_seq = q->seq;
            r->told_day = q->day.n;
            q->papers[i].changed = true;
        }
    }
    struct day all = {0};
    return served_on_all(q, seq, &all) ? begin_clocks(ctx, q, seq, all) : ERR_OK;
}

enum err service_make(struct ctx *ctx, struct question *q)
{
    return q->kind->serves.way == NULL ? ERR_OK : serve(ctx, q);
}

/* ---- keeping ---- */

static enum err keep_row(struct ctx *ctx, struct db *db, struct str case_id,
                         const struct gate_paper_list_row *r)
{
    return gate_paper_set(ctx, db,
                          (struct gate_paper_set_in){.case_id = case_id,
                                                     .seq = r->seq,
                                                     .party = r->party,
                                                     .kind = r->kind,
                                                     .drawn_day = r->drawn_day,
                                                     .served_day = r->served_day,
                                                     .way = r->way,
                                                     .by_seq = r->by_seq,
                                                     .told_day = r->told_day});
}

enum err service_store(struct ctx *ctx, struct db *db, const struct question *q, struct str case_id)
{
    for (size_t i = 0; i < q->addressee_count; i++) {
        const struct addressee *to = &q->addressees[i];
        struct gate_paper_list_row row = {.seq = q->seq,
                                          .party = to->id,
                                          .kind = q->kind->kind,
                                          .drawn_day = q->day.n,
                                          .served_day = to->agreed ? q->day.n : -1,
                                          .way = to->agreed ? STR("electronic") : STR(""),
                                          .by_seq = to->agreed ? q->seq : -1,
                                          .told_day = to->agreed ? q->day.n : -1};
        TRY(keep_row(ctx, db, case_id, &row));
    }
    for (size_t i = 0; i < q->paper_count; i++) {
        if (q->papers[i].changed) {
            TRY(keep_row(ctx, db, case_id, &q->papers[i].row));
        }
    }
    return ERR_OK;
}

/* ---- what conditions see ---- */

static struct feel_value day_or_null(int64_t day)
{
    return day < 0 ? feel_null() : feel_date((struct day){(int32_t)day});
}

struct feel_value service_day(const struct question *q, int64_t seq, struct day drawn)
{
    struct day day = {0};
    for (size_t i = 0; i < q->paper_count; i++) {
        if (q->papers[i].row.seq == seq) {
            return served_on_all(q, seq, &day) ? feel_date(day) : feel_null();
        }
    }
    return feel_date(drawn);
}

struct feel_value papers_value(struct ctx *ctx, const struct question *q)
{
    struct feel_value *out = ARENA_ARRAY(ctx->arena, struct feel_value, q->paper_count + 1);
    for (size_t i = 0; i < q->paper_count; i++) {
        const struct gate_paper_list_row *r = &q->papers[i].row;
        struct feel_entry *e = ARENA_ARRAY(ctx->arena, struct feel_entry, 6);
        e[0] = (struct feel_entry){STR("seq"), feel_int(r->seq)};
        e[1] = (struct feel_entry){STR("act"), feel_string(r->kind)};
        e[2] = (struct feel_entry){STR("to"), feel_string(r->party)};
        e[3] = (struct feel_entry){STR("drawn"), day_or_null(r->drawn_day)};
        e[4] = (struct feel_entry){STR("served"), day_or_null(r->served_day)};
        e[5] =
            (struct feel_entry){STR("way"), r->served_day < 0 ? feel_null() : feel_string(r->way)};
        out[i] = feel_context(e, 6);
    }
    return feel_list(out, q->paper_count);
}

/* ---- reading ---- */

enum err gate_papers(struct ctx *ctx, struct db *reader, struct str case_id, struct paper **ret,
                     size_t *ret_count)
{
    struct gate_paper_list_row *rows = NULL;
    TRY(gate_paper_list(ctx, reader, (struct gate_paper_list_in){.case_id = case_id}, &rows,
                        ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct paper, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        const struct gate_paper_list_row *r = &rows[i];
        (*ret)[i] = (struct paper){.case_id = r->case_id,
                                   .seq = r->seq,
                                   .kind = r->kind,
                                   .party = r->party,
                                   .drawn = {(int32_t)r->drawn_day},
                                   .served = {(int32_t)r->served_day},
                                   .way = r->way,
                                   .by_seq = r->by_seq,
                                   .told = {(int32_t)r->told_day}};
    }
    return ERR_OK;
}

enum err gate_papers_waiting(struct ctx *ctx, struct db *reader, struct str office, size_t max,
                             struct paper **ret, size_t *ret_count)
{
    struct gate_paper_waiting_row *rows = NULL;
    TRY(gate_paper_waiting(ctx, reader,
                           (struct gate_paper_waiting_in){.office = office, .count = (int64_t)max},
                           &rows, ret_count));
    *ret = ARENA_ARRAY(ctx->arena, struct paper, *ret_count + 1);
    for (size_t i = 0; i < *ret_count; i++) {
        (*ret)[i] = (struct paper){.case_id = rows[i].case_id,
                                   .seq = rows[i].seq,
                                   .kind = rows[i].kind,
                                   .party = rows[i].party,
                                   .drawn = {(int32_t)rows[i].drawn_day},
                                   .served = {-1},
                                   .by_seq = -1,
                                   .told = {-1}};
    }
    return ERR_OK;
}
