/* The items of the catalogue: finding one, and its guide. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "item/item.h"
#include "page_home_html.h"
#include "page_item_html.h"
#include "item/item_in.h"
#include "web/answer.h"
#include "page_office_html.h"
#include "page_offices_html.h"

static struct str say(const struct page *p, const char *zh, const char *en)
{
    return str_from(p->lang == LANG_EN ? en : zh);
}

/* The office that takes applications for the item. */
static const struct office *office_of(const struct law *law, const struct item *item)
{
    size_t count = 0;
    const struct office *offices = law_offices(law, &count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < offices[i].power_count; k++) {
            const struct power *w = &offices[i].powers[k];
            for (size_t m = 0; str_equal(w->kind, STR("accept")) && m < w->item_count; m++) {
                if (w->items[m] == item) {
                    return &offices[i];
                }
            }
        }
    }
    return NULL;
}

static bool holds(struct str text, struct str part)
{
    return part.n > 0 && str_find(text, part) != SIZE_MAX;
}

/* Own words, everyday words, pinyin: the query in the title or a word, or a word in the query. */
static bool matches(const struct item *x, struct str q)
{
    bool hit =
        q.n == 0 || holds(x->title.zh, q) || holds(x->title.en, q) || holds(x->summary.zh, q);
    for (size_t i = 0; i < x->word_count && !hit; i++) {
        hit = holds(x->words[i], q) || holds(q, x->words[i]);
    }
    return hit;
}

static enum err item_page_home(struct page *p)
{
    struct page_home v = {.q = str_trim(page_query(p, "q"))};
    size_t count = 0;
    const struct item *items = p->law == NULL ? NULL : law_items(p->law, &count);
    struct page_home_rows *rows = ARENA_ARRAY(p->ctx->arena, struct page_home_rows, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct office *office = office_of(p->law, &items[i]);
        if (matches(&items[i], v.q) && (items[i].for_person || items[i].for_org)) {
            rows[v.rows_count++] = (struct page_home_rows){
                .id = items[i].id,
                .title = page_text(p, items[i].title),
                .summary = page_text(p, items[i].summary),
                .office = office == NULL ? STR("") : page_text(p, office->title)};
        }
    }
    v.rows = rows;
    v.count = (int64_t)v.rows_count;
    return page_show(p, 200, say(p, "首页", "Start"), page_home, &v);
}

static struct str measure(struct page *p, int32_t n, enum limit_unit unit)
{
    static const char *const zh[] = {"个工作日", "天", "个月", "年", "小时"};
    static const char *const en[] = {" working days", " days", " months", " years", " hours"};
    return str_format(p->ctx->arena, p->lang == LANG_EN ? "%d%s" : "%d %s", n,
                      p->lang == LANG_EN ? en[unit] : zh[unit]);
}

static void fill_needs(struct page *p, const struct item *x, struct page_item *v)
{
    struct arena *a = p->ctx->arena;
    struct page_item_facts *facts = ARENA_ARRAY(a, struct page_item_facts, x->fact_count + 1);
    struct page_item_materials *materials =
        ARENA_ARRAY(a, struct page_item_materials, x->material_count + 1);
    for (size_t i = 0; i < x->fact_count; i++) {
        facts[i] = (struct page_item_facts){page_text(p, x->facts[i].fact->title),
                                            x->facts[i].from_register, x->facts[i].article.text};
    }
    for (size_t i = 0; i < x->material_count; i++) {
        bool optional = !x->materials[i].required || x->materials[i].when != NULL;
        materials[i] = (struct page_item_materials){page_text(p, x->materials[i].fact->title),
                                                    optional, x->materials[i].article.text};
    }
    v->facts = facts;
    v->facts_count = x->fact_count;
    v->materials = materials;
    v->materials_count = x->material_count;
}

static void fill_law(struct page *p, const struct item *x, struct page_item *v)
{
    struct arena *a = p->ctx->arena;
    struct page_item_conditions *conditions =
        ARENA_ARRAY(a, struct page_item_conditions, x->condition_count + 1);
    struct page_item_articles *articles =
        ARENA_ARRAY(a, struct page_item_articles, x->article_count + 1);
    struct page_item_remedies *remedies =
        ARENA_ARRAY(a, struct page_item_remedies, x->remedy_count + 1);
    for (size_t i = 0; i < x->condition_count; i++) {
        conditions[i] = (struct page_item_conditions){page_text(p, x->conditions[i].text),
                                                      x->conditions[i].article.text};
    }
    for (size_t i = 0; i < x->article_count; i++) {
        articles[i] = (struct page_item_articles){x->articles[i].text,
                                                  page_text(p, x->articles[i].article->text)};
    }
    for (size_t i = 0; i < x->remedy_count; i++) {
        remedies[i] = (struct page_item_remedies){page_text(p, x->remedies[i].text),
                                                  x->remedies[i].article.text};
    }
    v->conditions = conditions;
    v->conditions_count = x->condition_count;
    v->articles = articles;
    v->articles_count = x->article_count;
    v->remedies = remedies;
    v->remedies_count = x->remedy_count;
}

static enum err item_page_item(struct page *p)
{
    struct text2 none = {{0}, {0}};
    const struct item *x = p->law == NULL ? NULL : law_item(p->law, p->args[0]);
    if (x == NULL) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    const struct office *office = office_of(p->law, x);
    struct page_item v = {.id = x->id,
                          .title = page_text(p, x->title),
                          .summary = page_text(p, x->summary),
                          .fee_free = x->fee_fen == 0,
                          .automatic = x->automatic,
                          .office = office == NULL ? STR("") : page_text(p, office->title),
                          .code =
                              x->code_handling.n > 0 ? x->code_handling : x->code_implementation,
                          .counter = page_text(p, x->counter)};
    v.fee = x->fee_fen == 0 ? say(p, "不收费", "Free")
                            : law_money_text(p->ctx->arena, x->fee_fen, p->lang == LANG_EN);
    if (x->decide_limit != NULL) {
        struct str n = measure(p, x->decide_limit->n, x->decide_limit->unit);
        v.limit =
            str_format(p->ctx->arena, "%.*s (%.*s)", FMT(n), FMT(x->decide_limit->article.text));
    }
    for (size_t i = 0; i < x->promise_count; i++) {
        if (x->promises[i].limit == x->decide_limit) {
            v.promise = measure(p, x->promises[i].n, x->promises[i].unit);
        }
    }
    fill_needs(p, x, &v);
    fill_law(p, x, &v);
    return page_show(p, 200, v.title, page_item, &v);
}

static struct str item_titles(struct page *p, const struct power *w)
{
    struct buf b = buf_new(p->ctx->arena, 0);
    for (size_t i = 0; i < w->item_count; i++) {
        buf_puts(&b, i > 0 ? "、" : "");
        buf_put(&b, page_text(p, w->items[i]->title));
    }
    return buf_str(&b);
}

static enum err item_page_offices(struct page *p)
{
    struct arena *a = p->ctx->arena;
    size_t count = 0;
    const struct office *offices = p->law == NULL ? NULL : law_offices(p->law, &count);
    struct page_offices_offices *out = ARENA_ARRAY(a, struct page_offices_offices, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct office *x = &offices[i];
        struct page_offices_offices_powers *powers =
            ARENA_ARRAY(a, struct page_offices_offices_powers, x->power_count + 1);
        for (size_t k = 0; k < x->power_count; k++) {
            struct buf cites = buf_new(a, 0);
            for (size_t m = 0; m < x->powers[k].article_count; m++) {
                buf_put(&cites, x->powers[k].articles[m].text);
                buf_byte(&cites, ' ');
            }
            powers[k] = (struct page_offices_offices_powers){
                page_text(p, law_code_title(p->law, STR("power-kind"), x->powers[k].kind)),
                item_titles(p, &x->powers[k]), buf_str(&cites)};
        }
        out[i] = (struct page_offices_offices){.id = x->id,
                                               .title = page_text(p, x->title),
                                               .invented = x->invented,
                                               .powers = powers,
                                               .powers_count = x->power_count};
    }
    struct page_offices v = {out, count};
    return page_show(p, 200, say(p, "机关和职权", "Offices and powers"), page_offices, &v);
}

static const struct route rows[] = {
    {"GET", "/", item_page_home, FOR_ALL, 0, "Find what can be asked for", page_home_schema, "q"},
    {"GET", "/item/{id}", item_page_item, FOR_ALL, 0, "Guide to one item", page_item_schema, ""},
    {"GET", "/offices/{id}", item_page_office, FOR_ALL, 0,
     "The powers and duties of one office, by item and kind of act", page_office_schema, ""},
    {"GET", "/offices", item_page_offices, FOR_ALL, 0, "Offices and their powers",
     page_offices_schema, ""},
};
const struct route_table item_routes = {rows, LEN(rows)};
