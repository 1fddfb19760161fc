/* The list of powers and duties of one office: what the gate asks, for everyone to read. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "item/item_in.h"
#include "web/answer.h"
#include "page_office_html.h"

static void fill_items(struct page *p, const struct power *w, struct page_office_powers *out)
{
    struct page_office_powers_items *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_office_powers_items, w->item_count + 1);
    for (size_t i = 0; i < w->item_count; i++) {
        rows[i] =
            (struct page_office_powers_items){w->items[i]->id, page_text(p, w->items[i]->title)};
    }
    out->every = w->item_count == 0;
    out->items = rows;
    out->items_count = w->item_count;
}

/* The kinds of act that want this kind of power. */
static struct str acts_of(struct page *p, const struct power *w)
{
    size_t count = 0;
    const struct act_kind *kinds = law_acts(p->law, &count);
    struct buf b = buf_new(p->ctx->arena, 0);
    bool every = str_equal(w->kind, STR("*"));
    for (size_t i = 0; i < count; i++) {
        if (kinds[i].power.n > 0 && (every || str_equal(kinds[i].power, w->kind))) {
            buf_puts(&b, b.n == 0 ? "" : p->lang == LANG_EN ? ", " : "、");
            buf_put(&b, page_text(p, kinds[i].title));
        }
    }
    return buf_str(&b);
}

static void fill_basis(struct page *p, const struct power *w, struct page_office_powers *out)
{
    struct arena *a = p->ctx->arena;
    struct page_office_powers_articles *cites =
        ARENA_ARRAY(a, struct page_office_powers_articles, w->article_count + 1);
    struct page_office_powers_of *of =
        ARENA_ARRAY(a, struct page_office_powers_of, w->of_count + 1);
    for (size_t i = 0; i < w->article_count; i++) {
        cites[i] = (struct page_office_powers_articles){w->articles[i].text};
    }
    for (size_t i = 0; i < w->of_count; i++) {
        of[i] = (struct page_office_powers_of){w->of[i]->id, page_text(p, w->of[i]->title)};
    }
    out->articles = cites;
    out->articles_count = w->article_count;
    out->of = of;
    out->of_count = w->of_count;
    out->legal = w->basis == BASIS_LEGAL;
    out->authorised = w->basis == BASIS_AUTHORISED;
    out->entrusted = w->basis == BASIS_ENTRUSTED;
    out->concentrated = w->basis == BASIS_CONCENTRATED;
    out->transferred = w->basis == BASIS_TRANSFERRED;
    bool taken = out->concentrated || out->transferred;
    out->moves = taken && w->moves_cases;
    out->stays = taken && !w->moves_cases;
}

enum err item_page_office(struct page *p)
{
    const struct office *x = p->law == NULL ? NULL : law_office(p->law, p->args[0]);
    struct text2 none = {{0}, {0}};
    if (x == NULL) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    struct page_office_powers *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_office_powers, x->power_count + 1);
    for (size_t i = 0; i < x->power_count; i++) {
        const struct power *w = &x->powers[i];
        rows[i] = (struct page_office_powers){
            .kind = page_text(p, law_code_title(p->law, STR("power-kind"), w->kind)),
            .acts = acts_of(p, w),
            .from = w->from};
        rows[i].until = w->until.n == INT32_MAX ? (struct day){0} : w->until;
        fill_items(p, w, &rows[i]);
        fill_basis(p, w, &rows[i]);
    }
    struct page_office v = {.title = page_text(p, x->title),
                            .invented = x->invented,
                            .powers = rows,
                            .powers_count = x->power_count};
    return page_show(p, 200, v.title, page_office, &v);
}
