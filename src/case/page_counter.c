/* The counter: find the party who came, and file for it what it asks; who filed stands in the ledger. */
#include "case/case_in.h"

#include "page_counter_html.h"

/* Does the office take applications for the item? */
static bool takes(const struct office *office, const struct item *item, struct day day)
{
    for (size_t i = 0; office != NULL && i < office->power_count; i++) {
        const struct power *w = &office->powers[i];
        bool now = day.n >= w->from.n && day.n < w->until.n && str_equal(w->kind, STR("accept"));
        for (size_t k = 0; now && k < w->item_count; k++) {
            if (w->items[k] == item) {
                return true;
            }
        }
    }
    return false;
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
    struct actor_record me;
    bool known = false;
    TRY(gate_actor(ctx, p->gate, p->db, p->session.actor.id, &me, &known));
    const struct office *office = known && p->law != NULL ? law_office(p->law, me.office) : NULL;
    struct day today = instant_day(ctx->world->now(ctx->world));
    size_t count = 0;
    const struct item *items = p->law == NULL ? NULL : law_items(p->law, &count);
    struct page_counter_items *rows = ARENA_ARRAY(ctx->arena, struct page_counter_items, count + 1);
    bool person = str_equal(kind, STR("person"));
    for (size_t i = 0; party.n > 0 && i < count; i++) {
        if (items[i].procedure != NULL && takes(office, &items[i], today) && (person ? items[i].for_person : items[i].for_org)) {
            rows[v.items_count++] = (struct page_counter_items){items[i].id, party, page_text(p, items[i].title)};
        }
    }
    v.found = party.n > 0;
    page_use(p, party, STR(""), ACCESS_OFFICE);
    v.items = rows;
    return page_show(p, 200, say(p, "窗口", "Counter"), page_counter, &v);
}

static const struct route rows_[] = {
    {"GET", "/counter", case_page_counter, FOR_OFFICER, 0, "Find a party who came to the counter", page_counter_schema, "code"},
};
const struct route_table case_counter_routes = {rows_, LEN(rows_)};
