/* The two things an institution asks for: do this act, and what is due on this payment number.
 *
 * A payment channel knows a bill by its number alone, as it is printed on the decision, so the case
 * is found by it here and is not told to the channel. The key under which the act enters is the
 * channel's own transaction: told twice it is one payment, with the same answer. */
#include "institution/institution.h"

#include "base/buf.h"
#include "base/day.h"
#include "base/encode.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "bill/bill.h"
#include "gate/read.h"
#include "oidc/oidc.h"
#include "people/people.h"
#include "web/answer.h"
#include "web/submit.h"

enum { KEY_BYTES = 64, KEY_ASSURANCE = 3 };

static enum err answer(struct page *p, const struct json *o)
{
    struct buf b = buf_new(p->ctx->arena, 0);
    json_write(&b, o);
    return page_raw(p, 200, STR("application/json"), buf_str(&b), 0);
}

static enum err no_bill(struct page *p, struct str number)
{
    static const struct text2 wrong = {
        STR_INIT("缴款编号有误，请核对有没有抄错。"),
        STR_INIT("This is no payment number: look whether it was copied wrongly.")};
    static const struct text2 none = {STR_INIT("没有这个缴款编号。"),
                                      STR_INIT("No bill has this payment number.")};
    bool holds = law_bill_number_holds(number);
    return page_problem_as(p, holds ? 404 : 400, holds ? "bill.unknown" : "bill.number",
                           STR("bill.number"), holds ? none : wrong);
}

/* ---- acts ---- */

static enum err act_answered(struct page *p, const struct receipt *r)
{
    struct arena *a = p->ctx->arena;
    struct json o = json_object();
    if (!r->verdict.admitted) {
        return page_admitted(p, r);
    }
    json_set(a, &o, STR("seq"), json_of_int(r->seq));
    json_set(a, &o, STR("day"), json_of_str(day_text(a, instant_day(r->at))));
    json_set(a, &o, STR("leaf_hash"), json_of_str(hex_encode(a, r->leaf_hash, 32)));
    json_set(a, &o, STR("repeated"), json_of_bool(r->repeated));
    return answer(p, &o);
}

/* Its own key, the transaction it tells of, or the statement itself. */
static struct str key_of(const struct oidc_statement *s, const struct json *fields)
{
    struct str key = json_text(&s->claims, "key");
    key = key.n > 0 ? key : json_text(fields, "payment.id");
    key = key.n > 0 ? key : s->jti;
    return key.n <= KEY_BYTES ? key : STR("");
}

static enum err act_heard(struct page *p, const struct oidc_statement *s)
{
    struct ctx *ctx = p->ctx;
    const struct json *fields = json_get(&s->claims, "fields");
    struct draft d = {.kind = json_text(&s->claims, "act"),
                      .case_id = json_text(&s->claims, "case"),
                      .fields = json_is(fields, JSON_OBJECT) ? *fields : json_object()};
    struct str number = json_text(&d.fields, "bill.number");
    struct bill bill;
    bool found = false;
    d.actor = (struct actor){.kind = ACTOR_CLIENT,
                             .id = s->client,
                             .assurance = KEY_ASSURANCE,
                             .proven = ctx->world->now(ctx->world)};
    d.key = key_of(s, &d.fields);
    if (d.case_id.n == 0 && number.n > 0) {
        TRY(bill_find(ctx, p->db, number, &bill, &found));
        if (!found) {
            return no_bill(p, number);
        }
        d.case_id = bill.case_id;
    }
    return page_submit(p, &d, act_answered);
}

static enum err institution_act(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct oidc_statement s;
    bool well = false;
    p->wants_json = true;
    TRY(oidc_statement(p, page_field(p, "statement"), &s, &well));
    return well ? oidc_statement_take(p, STR(""), "POST /institution/act", act_heard) : ERR_OK;
}

/* ---- bills ---- */

/* Is this client, today, an institution for which there is an act by which money is received? */
static enum err receives(struct page *p, struct str client, bool *ret)
{
    struct ctx *ctx = p->ctx;
    struct actor_record who;
    bool found = false;
    size_t count = 0;
    *ret = false;
    TRY(gate_actor(ctx, p->gate, p->db, client, &who, &found));
    const struct act_kind *kinds = p->law == NULL ? NULL : law_acts(p->law, &count);
    found = found && who.active && str_equal(who.kind, STR("client")) && who.role_count > 0;
    for (size_t i = 0; found && i < count && !*ret; i++) {
        *ret = str_in(STR("bill.pay"), kinds[i].effects, kinds[i].effect_count) &&
               str_in(who.roles[0], kinds[i].institutions, kinds[i].institution_count);
    }
    return ERR_OK;
}

/* The last day to pay, while there is something to pay. */
static enum err last_day(struct page *p, const struct bill *bill, struct json *ret)
{
    struct ctx *ctx = p->ctx;
    struct case_clock *clocks = NULL;
    size_t count = 0;
    *ret = json_null();
    TRY(gate_clocks(ctx, p->gate, p->db, bill->case_id, &clocks, &count));
    for (size_t i = 0; bill->left > 0 && i < count; i++) {
        if (clocks[i].state == CLOCK_RUNNING && clocks[i].limit->per_party) {
            *ret = json_of_str(day_text(ctx->arena, clocks[i].due));
        }
    }
    return ERR_OK;
}

static enum err bill_heard(struct page *p, const struct oidc_statement *s)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct str number = json_text(&s->claims, "bill.number");
    struct bill bill = {0};
    struct case_state c = {0};
    struct json day;
    struct json o = json_object();
    bool found = false;
    TRY(bill_find(ctx, p->db, number, &bill, &found));
    if (!found) {
        return no_bill(p, number);
    }
    TRY(gate_case(ctx, p->gate, p->db, bill.case_id, &c, &found));
    must(found); /* a bill is of a case */
    TRY(last_day(p, &bill, &day));
    const struct item *item = law_item(c.law, c.item);
    const struct office *office = law_office(c.law, c.office);
    json_set(a, &o, STR("number"), json_of_str(number));
    json_set(a, &o, STR("title"), json_of_str(item == NULL ? c.item : page_text(p, item->title)));
    json_set(a, &o, STR("payee"),
             json_of_str(office == NULL ? c.office : page_text(p, office->title)));
    json_set(a, &o, STR("due_fen"), json_of_int(bill.due));
    json_set(a, &o, STR("paid_fen"), json_of_int(bill.received));
    json_set(a, &o, STR("refunded_fen"), json_of_int(bill.refunded));
    json_set(a, &o, STR("left_fen"), json_of_int(bill.left));
    json_set(a, &o, STR("owed_fen"), json_of_int(bill.owed));
    json_set(a, &o, STR("last_day"), day);
    return answer(p, &o);
}

static enum err institution_bill(struct page *p)
{
    static const struct text2 not_one = {
        STR_INIT("只有收款通道可以查询缴款编号。"),
        STR_INIT("Only a payment channel may ask what is due on a payment number.")};
    struct ctx *ctx = p->ctx;
    struct oidc_statement s;
    struct bill bill;
    struct case_state c = {0};
    bool well = false;
    bool found = false;
    p->wants_json = true;
    TRY(oidc_statement(p, page_field(p, "statement"), &s, &well));
    if (!well) {
        return ERR_OK;
    }
    TRY(receives(p, s.client, &well));
    if (!well) {
        return page_problem_as(p, 403, "institution.kind", STR(""), not_one);
    }
    TRY(bill_find(ctx, p->db, json_text(&s.claims, "bill.number"), &bill, &found));
    if (found) {
        TRY(gate_case(ctx, p->gate, p->db, bill.case_id, &c, &found));
    }
    return oidc_statement_take(p, c.party, "POST /institution/bill", bill_heard);
}

static const struct route rows[] = {
    {"POST", "/institution/act", institution_act, FOR_ALL | FROM_ANYWHERE, 0,
     "An act of an institution, as a statement signed by its key", NULL, "statement"},
    {"POST", "/institution/bill", institution_bill, FOR_ALL | FROM_ANYWHERE, 0,
     "What is due on a payment number, for a payment channel", NULL, "statement"},
};
const struct route_table institution_routes = {rows, LEN(rows)};
