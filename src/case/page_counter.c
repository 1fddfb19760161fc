/* The counter: find the party who came and file for it what it asks, or begin what the office
 * begins of its own. What is offered is what the gate would hear; who filed stands in the ledger.
 */
#include "base/json_make.h"
#include "case/case_in.h"
#include "web/answer.h"
#include "web/use.h"

#include "page_counter_html.h"

/* Would the gate hear this officer begin the item's procedure? What is asked for in the form is not
 * there yet. */
static enum err may_begin(struct page *p, const struct item *item, const struct act_kind *kind,
                          struct str party, bool *ret)
{
    struct ctx *ctx = p->ctx;
    static const char *const before[] = {"identity", "competence", "procedure"};
    struct draft d = {
        .kind = kind->kind, .item = item->id, .actor = p->session.actor, .fields = json_object()};
    struct verdict verdict;
    d.actor.for_id = party;
    TRY(gate_ask(ctx, p->gate, p->db, &d, &verdict));
    *ret = true;
    for (size_t i = 0; i < LEN(before) && !verdict.admitted; i++) {
        *ret = *ret && !str_equal(verdict.check, str_from(before[i]));
    }
    return ERR_OK;
}

/* What the officer may file for the party, and what the office may begin about it of its own. */
static enum err fill_items(struct page *p, struct str party, bool person, struct page_counter *v)
{
    struct ctx *ctx = p->ctx;
    size_t count = 0;
    const struct item *items = p->law == NULL ? NULL : law_items(p->law, &count);
    struct page_counter_items *filed =
        ARENA_ARRAY(ctx->arena, struct page_counter_items, count * OPENINGS_MOST + 1);
    struct page_counter_own *own =
        ARENA_ARRAY(ctx->arena, struct page_counter_own, count * OPENINGS_MOST + 1);
    for (size_t i = 0; i < count; i++) {
        const struct act_kind *kinds[OPENINGS_MOST];
        size_t openings = opening_kinds(p->law, &items[i], kinds);
        for (size_t k = 0; k < openings; k++) {
            bool may = (kinds[k]->who & WHO_OFFICER) != 0;
            bool for_party = (kinds[k]->who & WHO_PARTY) != 0;
            if (!may || (for_party &&
                         (party.n == 0 || !(person ? items[i].for_person : items[i].for_org)))) {
                continue;
            }
            TRY(may_begin(p, &items[i], kinds[k], party, &may));
            if (may && for_party) {
                filed[v->items_count++] = (struct page_counter_items){
                    items[i].id, kinds[k]->kind, party, page_text(p, items[i].title)};
            } else if (may) {
                own[v->own_count++] = (struct page_counter_own){items[i].id, kinds[k]->kind, party,
                                                                page_text(p, items[i].title),
                                                                page_text(p, kinds[k]->button)};
            }
        }
    }
    v->items = filed;
    v->own = own;
    return ERR_OK;
}

static enum err case_page_counter(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct str party = {0};
    struct str kind = {0};
    struct page_counter v = {.code = str_trim(page_query(p, "code"))};
    v.asked = v.code.n > 0;
    if (v.asked) {
        TRY(party_find(ctx, p->db, v.code, &party, &kind, &v.name));
    }
    TRY(fill_items(p, party, str_equal(kind, STR("person")), &v));
    v.found = party.n > 0;
    page_use(p, party, STR(""), ACCESS_OFFICE);
    return page_show(p, 200, say(p, "窗口和立案", "Counter and openings"), page_counter, &v);
}

static const struct route rows_[] = {
    {"GET", "/counter", case_page_counter, FOR_OFFICER, 0, "Find a party who came to the counter",
     page_counter_schema, "code"},
};
const struct route_table case_counter_routes = {rows_, LEN(rows_)};
