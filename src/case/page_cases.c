/* Lists: my cases, the office's desk, the public register of decisions. */
#include "base/token.h"
#include "case/case_in.h"
#include "web/answer.h"
#include "web/use.h"

#include <stdlib.h>

#include "page_cases_html.h"
#include "page_decisions_html.h"
#include "page_desk_html.h"
#include "page_supervise_html.h"

enum { PAGE = 50 };

static enum err fill_row(struct page *p, struct str id, struct str item_id, struct str party,
                         struct str status, struct day due, struct page_cases_rows *out)
{
    struct ctx *ctx = p->ctx;
    const struct item *item = p->law == NULL ? NULL : law_item(p->law, item_id);
    *out = (struct page_cases_rows){
        .id = id, .title = item == NULL ? item_id : page_text(p, item->title), .due = due};
    out->status =
        p->law == NULL ? status : page_text(p, law_code_title(p->law, STR("status"), status));
    out->late = due.n > 0 && due.n < instant_day(ctx->world->now(ctx->world)).n;
    return party.n == 0 ? ERR_OK : party_name(ctx, p->db, party, &out->party);
}

static enum err add_party_cases(struct page *p, const struct party_other *as, struct page_cases *v,
                                struct page_cases_rows *rows, size_t room)
{
    struct ctx *ctx = p->ctx;
    struct case_view_of_party_row *list = NULL;
    size_t count = 0;
    TRY(case_view_of_party(
        ctx, p->db, (struct case_view_of_party_in){.party = as->id, .count = PAGE}, &list, &count));
    for (size_t i = 0; i < count && v->rows_count < room; i++) {
        struct day due = {(int32_t)list[i].due_day};
        if (!party_scope_has(as, list[i].item)) {
            continue;
        }
        page_use(p, as->id, list[i].id, ACCESS_SPEAKS);
        TRY(fill_row(p, list[i].id, list[i].item, list[i].party, list[i].case_status, due,
                     &rows[v->rows_count]));
        v->rows_count++;
    }
    return ERR_OK;
}

/* Cases of others that name somebody, from the first act on that they were told of. */
static enum err add_named_cases(struct page *p, const struct party_other *as, struct page_cases *v,
                                struct page_cases_rows *rows, size_t room)
{
    struct ctx *ctx = p->ctx;
    struct case_other_list_row *list = NULL;
    size_t count = 0;
    TRY(case_other_list(ctx, p->db, (struct case_other_list_in){.other = as->id, .count = PAGE},
                        &list, &count));
    for (size_t i = 0; i < count && v->rows_count < room; i++) {
        if (!party_scope_has(as, list[i].item)) {
            continue;
        }
        page_use(p, list[i].party, list[i].id, ACCESS_INTERESTED);
        TRY(fill_row(p, list[i].id, list[i].item, STR(""), list[i].case_status, (struct day){0},
                     &rows[v->rows_count]));
        v->rows_count++;
    }
    return ERR_OK;
}

static enum err case_page_mine(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct party_other *others = NULL;
    size_t count = 0;
    struct page_cases v = {.heading = say(p, "我的办件", "My cases")};
    TRY(party_others(ctx, p->db, p->law, p->session.actor.id,
                     instant_day(ctx->world->now(ctx->world)), &others, &count));
    size_t room = 2 * PAGE * (count + 1);
    struct page_cases_rows *rows = ARENA_ARRAY(ctx->arena, struct page_cases_rows, room);
    const struct party_other self = {.id = p->session.actor.id};
    TRY(add_party_cases(p, &self, &v, rows, room));
    TRY(add_named_cases(p, &self, &v, rows, room));
    for (size_t i = 0; i < count; i++) {
        TRY(add_party_cases(p, &others[i], &v, rows, room));
        TRY(add_named_cases(p, &others[i], &v, rows, room));
    }
    v.rows = rows;
    return page_show(p, 200, v.heading, page_cases, &v);
}

/* Cases of other offices that this one must answer in. */
static enum err fill_asked(struct page *p, struct str office, struct page_desk *v)
{
    struct ctx *ctx = p->ctx;
    struct case_other_list_row *list = NULL;
    size_t count = 0;
    TRY(case_other_list(ctx, p->db, (struct case_other_list_in){.other = office, .count = PAGE},
                        &list, &count));
    struct page_desk_asked *rows = ARENA_ARRAY(ctx->arena, struct page_desk_asked, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct item *item = p->law == NULL ? NULL : law_item(p->law, list[i].item);
        page_use(p, list[i].party, list[i].id, ACCESS_ASKED);
        rows[i] = (struct page_desk_asked){
            .id = list[i].id, .title = item == NULL ? list[i].item : page_text(p, item->title)};
        rows[i].status =
            p->law == NULL
                ? list[i].case_status
                : page_text(p, law_code_title(p->law, STR("status"), list[i].case_status));
        TRY(party_name(ctx, p->db, list[i].party, &rows[i].party));
    }
    v->asked = rows;
    v->asked_count = count;
    return ERR_OK;
}

/* What waits for the officer's own signature. */
static enum err fill_signs(struct page *p, struct page_desk *v)
{
    struct ctx *ctx = p->ctx;
    struct case_waiting_of_signer_row *list = NULL;
    size_t count = 0;
    TRY(waiting_for_me(p, &list, &count));
    struct page_desk_signs *rows = ARENA_ARRAY(ctx->arena, struct page_desk_signs, count + 1);
    for (size_t i = 0; i < count; i++) {
        rows[i] =
            (struct page_desk_signs){.id = list[i].id,
                                     .title = waiting_title(p, p->law, list[i].kind, list[i].item),
                                     .case_id = list[i].case_id};
        TRY(party_name(ctx, p->db, list[i].sender, &rows[i].who));
    }
    v->signs = rows;
    v->signs_count = count;
    v->sign_count = (int64_t)count;
    return ERR_OK;
}

static enum err case_page_desk(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct actor_record me;
    struct case_view_of_office_row *list = NULL;
    size_t count = 0;
    bool found = false;
    int64_t after = 0;
    TRY(gate_actor(ctx, p->gate, p->db, p->session.actor.id, &me, &found));
    str_to_i64(page_query(p, "day"), &after);
    struct str own = found ? me.office : STR("");
    const struct office *office = p->law == NULL ? NULL : law_office(p->law, own);
    struct desk_ask ask = {.law = p->law,
                           .office = office,
                           .today = instant_day(ctx->world->now(ctx->world)),
                           .after_day = after,
                           .after_id = page_query(p, "after"),
                           .most = PAGE};
    struct case_view_of_office_row last = {0};
    bool has_more = false;
    if (office != NULL) {
        TRY(case_desk(ctx, p->db, &ask, &list, &count, &last, &has_more));
    }
    struct page_desk_rows *rows = ARENA_ARRAY(ctx->arena, struct page_desk_rows, count + 1);
    struct page_desk v = {.rows = rows,
                          .rows_count = count,
                          .office = office == NULL ? own : page_text(p, office->title)};
    for (size_t i = 0; i < count; i++) {
        const struct item *item = p->law == NULL ? NULL : law_item(p->law, list[i].item);
        struct day due = {(int32_t)list[i].due_day};
        page_use(p, list[i].party, list[i].id, ACCESS_OFFICE);
        struct left left = due_left(p, p->law, list[i].due_limit, due);
        rows[i] = (struct page_desk_rows){
            .id = list[i].id,
            .title = item == NULL ? list[i].item : page_text(p, item->title),
            .status = p->law == NULL ? list[i].case_status
                                     : page_text(p, law_code_title(p->law, STR("status"),
                                                                   list[i].case_status)),
            .due = due,
            .class = left.class,
            .left = left.text};
        TRY(party_name(ctx, p->db, list[i].party, &rows[i].party));
    }
    if (has_more) {
        v.more = str_format(ctx->arena, "/desk?day=%lld&after=%.*s", (long long)last.due_day,
                            FMT(last.id));
    }
    if (after == 0) {
        TRY(fill_signs(p, &v));
        TRY(fill_asked(p, own, &v));
        TRY(fill_papers_waiting(p, own, PAGE, &v));
    }
    p->wide = true;
    return page_show(p, 200, say(p, "工作台", "Desk"), page_desk, &v);
}

/* ---- offices below ---- */

enum { LATE_MOST = 1000, SOON = 20, CARD_DAYS = 90 };

static bool is_below(const struct office *o, const struct office *above)
{
    for (o = o->parent; o != NULL && o != above;) {
        o = o->parent;
    }
    return o != NULL;
}

struct supervised {
    struct page_supervise_cases *cases;
    size_t case_count;
    struct page_supervise_cards *cards;
    size_t card_count;
};

/* One finding: a limit that was, or still is, kept late. */
static void add_card(struct page *p, struct str office, struct str case_id, struct str item_id,
                     struct str limit_id, struct day due, struct day done, bool open,
                     struct supervised *s)
{
    const struct limit *limit = law_limit(p->law, limit_id);
    const struct item *item = law_item(p->law, item_id);
    const struct card *card = limit == NULL ? NULL : law_card(p->law, limit, due, done);
    if (card == NULL) {
        return;
    }
    const struct cite *basis = card->rule->article_count == 0 ? NULL : &card->rule->articles[0];
    s->cards[s->card_count++] =
        (struct page_supervise_cards){.id = case_id,
                                      .card = page_text(p, card->title),
                                      .class = card_class(card),
                                      .office = office,
                                      .title = item == NULL ? item_id : page_text(p, item->title),
                                      .limit = page_text(p, limit->title),
                                      .cite = page_cite(p, &limit->article),
                                      .article = limit->article.text,
                                      .rule = page_text(p, card->rule->title),
                                      .basis = basis == NULL ? STR("") : page_cite(p, basis),
                                      .due = due,
                                      .done = open ? (struct day){0} : done};
}

/* One office below: how many cases are late, and what is due first, by limit and number; no names.
 */
static enum err add_office(struct page *p, const struct office *o,
                           struct page_supervise_offices *row, struct supervised *s)
{
    struct ctx *ctx = p->ctx;
    struct case_view_late_row *late = NULL;
    struct case_view_of_office_row *list = NULL;
    size_t late_count = 0;
    size_t count = 0;
    struct day today = instant_day(ctx->world->now(ctx->world));
    TRY(case_view_late(
        ctx, p->db, (struct case_view_late_in){.office = o->id, .day = today.n, .count = LATE_MOST},
        &late, &late_count));
    TRY(case_view_of_office(
        ctx, p->db, (struct case_view_of_office_in){.office = o->id, .id = STR(""), .count = SOON},
        &list, &count));
    *row = (struct page_supervise_offices){.title = page_text(p, o->title),
                                           .late = late_count == 0 ? 0 : late[0].late,
                                           .due = {count == 0 ? 0 : (int32_t)list[0].due_day}};
    row->many = row->late == LATE_MOST;
    row->class = row->late > 0 ? STR("seal-c") : STR("");
    for (size_t i = 0; i < count; i++) {
        const struct item *item = law_item(p->law, list[i].item);
        const struct limit *limit = law_limit(p->law, list[i].due_limit);
        struct day due = {(int32_t)list[i].due_day};
        struct left left = due_left(p, p->law, list[i].due_limit, due);
        if (due.n < today.n) {
            add_card(p, row->title, list[i].id, list[i].item, list[i].due_limit, due, today, true,
                     s);
        }
        s->cases[s->case_count++] = (struct page_supervise_cases){
            .id = list[i].id,
            .office = row->title,
            .title = item == NULL ? list[i].item : page_text(p, item->title),
            .limit = limit == NULL ? list[i].due_limit : page_text(p, limit->title),
            .cite = limit == NULL ? STR("") : page_cite(p, &limit->article),
            .article = limit == NULL ? STR("") : limit->article.text,
            .due = due,
            .class = left.class,
            .left = left.text};
    }
    struct case_late_of_office_row *done = NULL;
    TRY(case_late_of_office(
        ctx, p->db,
        (struct case_late_of_office_in){.office = o->id, .day = today.n - CARD_DAYS, .count = SOON},
        &done, &count));
    for (size_t i = 0; i < count; i++) {
        add_card(p, row->title, done[i].case_id, done[i].item, done[i].limit_id,
                 (struct day){(int32_t)done[i].due_day}, (struct day){(int32_t)done[i].done_day},
                 false, s);
    }
    return ERR_OK;
}

static int by_due(const void *a, const void *b)
{
    const struct page_supervise_cases *x = a;
    const struct page_supervise_cases *y = b;
    return x->due.n != y->due.n ? (x->due.n < y->due.n ? -1 : 1) : str_compare(x->id, y->id);
}

static enum err case_page_supervise(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct actor_record me;
    bool found = false;
    size_t count = 0;
    TRY(gate_actor(ctx, p->gate, p->db, p->session.actor.id, &me, &found));
    const struct office *all = p->law == NULL ? NULL : law_offices(p->law, &count);
    const struct office *own = found && p->law != NULL ? law_office(p->law, me.office) : NULL;
    struct page_supervise_offices *offices =
        ARENA_ARRAY(ctx->arena, struct page_supervise_offices, count + 1);
    struct supervised s = {
        .cases = ARENA_ARRAY(ctx->arena, struct page_supervise_cases, count * SOON + 1),
        .cards = ARENA_ARRAY(ctx->arena, struct page_supervise_cards, 2 * count * SOON + 1)};
    struct page_supervise v = {.office = own == NULL ? STR("") : page_text(p, own->title),
                               .offices = offices};
    for (size_t i = 0; own != NULL && i < count; i++) {
        if (is_below(&all[i], own)) {
            TRY(add_office(p, &all[i], &offices[v.offices_count++], &s));
        }
    }
    qsort(s.cases, s.case_count, sizeof s.cases[0], by_due);
    v.cases = s.cases;
    v.cases_count = s.case_count;
    v.cards = s.cards;
    v.cards_count = s.card_count;
    p->wide = true;
    return page_show(p, 200, say(p, "期限监督", "Time limits"), page_supervise, &v);
}

static enum err case_page_decisions(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct case_decision_list_row *list = NULL;
    size_t count = 0;
    int64_t before = INT64_MAX;
    str_to_i64(page_query(p, "before"), &before);
    TRY(case_decision_list(ctx, p->db, (struct case_decision_list_in){.seq = before, .count = PAGE},
                           &list, &count));
    struct page_decisions_rows *rows =
        ARENA_ARRAY(ctx->arena, struct page_decisions_rows, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct act_kind *kind = law_act(p->law, list[i].kind);
        const struct item *item = law_item(p->law, list[i].item);
        const struct office *office = law_office(p->law, list[i].office);
        struct json facts;
        struct buf b = buf_new(ctx->arena, 0);
        TRY(json_parse(ctx, list[i].public_facts, STR("facts"), &facts));
        for (size_t k = 0; k < facts.count; k++) {
            buf_puts(&b, k > 0 ? "；" : "");
            buf_put(&b, shown_value(p, p->law, facts.members[k].key, &facts.members[k].value));
        }
        rows[i] = (struct page_decisions_rows){
            .kind = kind == NULL ? list[i].kind : page_text(p, kind->title),
            .item = item == NULL ? list[i].item : page_text(p, item->title),
            .office = office == NULL ? list[i].office : page_text(p, office->title),
            .day = {(int32_t)list[i].decided_day},
            .seq = list[i].seq,
            .facts = buf_str(&b)};
    }
    struct page_decisions v = {.rows = rows, .rows_count = count};
    if (count == PAGE) {
        v.more = str_format(ctx->arena, "/decisions?before=%lld", (long long)list[count - 1].seq);
    }
    return page_show(p, 200, say(p, "决定公开", "Public decisions"), page_decisions, &v);
}

static const struct route rows_[] = {
    {"GET", "/cases", case_page_mine, FOR_PARTY | FOR_OFFICER, 0, "My cases", page_cases_schema,
     ""},
    {"GET", "/desk", case_page_desk, FOR_OFFICER | ON_POOL, 0,
     "The office's cases by what is due first", page_desk_schema, "day after"},
    {"GET", "/supervise", case_page_supervise, FOR_OFFICER | ON_POOL, 0,
     "Time limits of the offices below", page_supervise_schema, ""},
    {"GET", "/decisions", case_page_decisions, FOR_ALL | ON_POOL, 0, "Public register of decisions",
     page_decisions_schema, "before"},
};
const struct route_table case_list_routes = {rows_, LEN(rows_)};
