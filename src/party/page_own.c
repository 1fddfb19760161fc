/* What concerns a person as a party: who read their data, and who may act for them. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
#include "base/str.h"
#include "base/token.h"
#include "base/world.h"
#include "gate/read.h"
#include "page_authority_html.h"
#include "page_delivery_html.h"
#include "page_uses_html.h"
#include "party/party.h"
#include "web/answer.h"
#include "web/serve.h"
#include "web/submit.h"
#include "web/use.h"
#include "party_sql.h"

static struct str say(const struct page *p, const char *zh, const char *en)
{
    return str_from(p->lang == LANG_EN ? en : zh);
}

static struct day today(struct page *p)
{
    return instant_day(p->ctx->world->now(p->ctx->world));
}

/* The parties whose own affairs these are: oneself, and the organisations one heads. */
static enum err headed(struct page *p, struct party_other **ret, size_t *ret_count)
{
    struct ctx *ctx = p->ctx;
    struct party_other *others = NULL;
    size_t count = 0;
    size_t n = 0;
    TRY(party_others(ctx, p->db, p->law, p->session.actor.id, today(p), &others, &count));
    struct party_other *out = ARENA_ARRAY(ctx->arena, struct party_other, count + 1);
    out[n++] = (struct party_other){.id = p->session.actor.id, .name = p->session.name};
    for (size_t i = 0; i < count; i++) {
        const struct code_row *code =
            p->law == NULL ? NULL : law_code(p->law, STR("relation"), others[i].relation);
        if (code != NULL && str_equal(code->parent, STR("heads"))) {
            out[n++] = others[i];
        }
    }
    *ret = out;
    *ret_count = n;
    return ERR_OK;
}

/* ---- who read my data ---- */

static const struct access_row *row_of(const struct access_rule *a, enum access_relation relation)
{
    for (size_t i = 0; a != NULL && i < a->row_count; i++) {
        if (a->rows[i].relation == relation || a->rows[i].relation == ACCESS_ANY) {
            return &a->rows[i];
        }
    }
    return NULL;
}

static struct str scope_titles(struct page *p, struct str scopes)
{
    struct buf b = buf_new(p->ctx->arena, 0);
    for (struct str rest = scopes; rest.n > 0;) {
        struct str scope = str_cut(rest, ' ', &rest);
        const struct code_row *row = p->law == NULL ? NULL : law_code(p->law, STR("scope"), scope);
        buf_puts(&b, b.n > 0 ? "; " : "");
        buf_put(&b, row == NULL ? scope : page_text(p, row->title));
    }
    return buf_str(&b);
}

static enum err fill_use(struct page *p, const struct party_other *whose, const struct use_row *use,
                         struct page_uses_rows *out)
{
    struct ctx *ctx = p->ctx;
    struct actor_record reader;
    bool found = false;
    const struct access_rule *access = p->law == NULL ? NULL : law_access(p->law, use->route);
    const struct access_row *row = row_of(access, use->relation);
    *out = (struct page_uses_rows){
        .day = use->day, .case_id = use->about, .times = use->times, .many = use->times > 1};
    TRY(party_name(ctx, p->db, use->reader, &out->reader));
    TRY(gate_actor(ctx, p->gate, p->db, use->reader, &reader, &found));
    const struct office *office =
        found && p->law != NULL ? law_office(p->law, reader.office) : NULL;
    out->office = office == NULL ? STR("") : page_text(p, office->title);
    out->what = access == NULL ? use->route : page_text(p, access->title);
    out->purpose = row == NULL ? STR("") : page_text(p, row->purpose);
    out->article =
        access == NULL || access->article_count == 0 ? STR("") : access->articles[0].text;
    TRY(page_reader_name(p, use->reader, &out->reader, &found));
    if (found) { /* an application: about is what it got */
        out->case_id = STR("");
        out->given = scope_titles(p, use->about);
    }
    out->whose = str_equal(whose->id, p->session.actor.id) ? STR("") : whose->name;
    return ERR_OK;
}

static enum err uses_page(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct party_other *mine = NULL;
    size_t parties = 0;
    TRY(headed(p, &mine, &parties));
    struct page_uses v = {0};
    struct use_row **lists = ARENA_ARRAY(ctx->arena, struct use_row *, parties + 1);
    size_t *counts = ARENA_ARRAY(ctx->arena, size_t, parties + 1);
    size_t total = 0;
    for (size_t i = 0; i < parties; i++) {
        TRY(page_uses(p, mine[i].id, &lists[i], &counts[i]));
        total += counts[i];
    }
    struct page_uses_rows *rows = ARENA_ARRAY(ctx->arena, struct page_uses_rows, total + 1);
    for (size_t i = 0; i < parties; i++) {
        for (size_t k = 0; k < counts[i]; k++) {
            if (!str_equal(lists[i][k].reader, p->session.actor.id)) {
                TRY(fill_use(p, &mine[i], &lists[i][k], &rows[v.rows_count++]));
            }
        }
    }
    v.rows = rows;
    return page_show(p, 200, say(p, "谁看过我的信息", "Who read my data"), page_uses, &v);
}

/* ---- who may act for me ---- */

static bool may_be_given(const struct code_row *code)
{
    return code != NULL && str_equal(code->parent, STR("speaks"));
}

static struct str item_titles(struct page *p, const struct str *items, size_t count)
{
    struct buf b = buf_new(p->ctx->arena, 0);
    for (size_t i = 0; i < count; i++) {
        const struct item *item = p->law == NULL ? NULL : law_item(p->law, items[i]);
        buf_puts(&b, b.n > 0 ? "; " : "");
        buf_put(&b, item == NULL ? items[i] : page_text(p, item->title));
    }
    return buf_str(&b);
}

static enum err fill_agents(struct page *p, const struct party_other *mine, size_t parties,
                            struct page_authority *v)
{
    struct ctx *ctx = p->ctx;
    struct page_authority_agents *rows = NULL;
    size_t room = 0;
    for (size_t i = 0; i < parties; i++) {
        struct party_agent *list = NULL;
        size_t count = 0;
        TRY(party_agents(ctx, p->db, p->law, mine[i].id, today(p), &list, &count));
        rows = arena_grow(ctx->arena, rows, room * sizeof(*rows), (room + count) * sizeof(*rows));
        room += count;
        for (size_t k = 0; k < count; k++) {
            const struct relation *r = &list[k].relation;
            const struct code_row *code = law_code(p->law, STR("relation"), r->kind);
            rows[v->agents_count++] = (struct page_authority_agents){
                .name = list[k].name,
                .kind = code == NULL ? r->kind : page_text(p, code->title),
                .whose = i == 0 ? STR("") : mine[i].name,
                .items = item_titles(p, r->items, r->item_count),
                .until = {r->last.n == INT32_MAX ? 0 : r->last.n},
                .party = mine[i].id,
                .agent = r->a,
                .code = r->kind,
                .may_end = may_be_given(code)};
        }
    }
    v->agents = rows;
    return ERR_OK;
}

static void fill_choices(struct page *p, const struct party_other *mine, size_t parties,
                         struct page_authority *v)
{
    struct arena *a = p->ctx->arena;
    size_t code_count = 0;
    size_t item_count = 0;
    const struct code_row *codes =
        p->law == NULL ? NULL : law_code_rows(p->law, STR("relation"), &code_count);
    const struct item *items = p->law == NULL ? NULL : law_items(p->law, &item_count);
    struct page_authority_parties *who = ARENA_ARRAY(a, struct page_authority_parties, parties + 1);
    struct page_authority_kinds *kinds =
        ARENA_ARRAY(a, struct page_authority_kinds, code_count + 1);
    struct page_authority_items *list = ARENA_ARRAY(a, struct page_authority_items, item_count + 1);
    for (size_t i = 0; i < parties; i++) {
        who[i] = (struct page_authority_parties){mine[i].id, i == 0, mine[i].name};
    }
    for (size_t i = 0; i < code_count; i++) {
        if (may_be_given(&codes[i])) {
            kinds[v->kinds_count++] =
                (struct page_authority_kinds){codes[i].code, page_text(p, codes[i].title)};
        }
    }
    for (size_t i = 0; i < item_count; i++) {
        list[i] = (struct page_authority_items){items[i].id, page_text(p, items[i].title)};
    }
    v->parties = who;
    v->parties_count = parties;
    v->kinds = kinds;
    v->items = list;
    v->items_count = item_count;
}

static enum err authority_page(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct party_other *mine = NULL;
    size_t parties = 0;
    struct page_authority v = {0};
    struct str said = page_query(p, "said");
    v.said = str_equal(said, STR("given"))   ? say(p, "已经授权。", "Authority is given.")
             : str_equal(said, STR("ended")) ? say(p, "已经撤回。", "Authority is withdrawn.")
             : str_equal(said, STR("unknown")) ? say(p, "没有找到这个人，请先让对方登记。",
                                                     "Nobody of that number is registered.")
                                               : STR("");
    TRY(headed(p, &mine, &parties));
    TRY(fill_agents(p, mine, parties, &v));
    fill_choices(p, mine, parties, &v);
    struct buf b = buf_new(ctx->arena, 0);
    struct render r = {.out = &b};
    render_day_plain(&r, (struct day){today(p).n + 180});
    v.example = buf_str(&b);
    return page_show(p, 200, say(p, "授权", "Authority"), page_authority, &v);
}

static enum err given(struct page *p, const struct receipt *receipt)
{
    return receipt->seq < 0 || p->wants_json ? page_admitted(p, receipt)
                                             : page_go(p, STR("/me/authority?said=given"));
}

static enum err ended(struct page *p, const struct receipt *receipt)
{
    return receipt->seq < 0 || p->wants_json ? page_admitted(p, receipt)
                                             : page_go(p, STR("/me/authority?said=ended"));
}

static struct draft draft_for(struct page *p, const char *kind)
{
    struct draft d = {.kind = str_from(kind), .actor = p->session.actor, .fields = json_object()};
    struct str whom = page_field(p, "for");
    d.actor.for_id = str_equal(whom, p->session.actor.id) ? STR("") : whom;
    return d;
}

static enum err authority_give(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct draft d = draft_for(p, "grant-authority");
    struct str agent = {0};
    struct str kind = {0};
    struct str name = {0};
    struct json items = json_array();
    TRY(party_find(ctx, p->db, str_trim(page_field(p, "agent")), &agent, &kind, &name));
    if (agent.n == 0) {
        return page_go(p, STR("/me/authority?said=unknown"));
    }
    const struct json *chosen = json_get(&p->form, "items");
    if (json_is(chosen, JSON_STRING)) {
        json_push(a, &items, *chosen);
    } else if (json_is(chosen, JSON_ARRAY)) {
        items = *chosen;
    }
    json_set(a, &d.fields, STR("authority.agent"), json_of_str(agent));
    json_set(a, &d.fields, STR("authority.kind"), json_of_str(page_field(p, "kind")));
    json_set(a, &d.fields, STR("authority.until"), json_of_str(str_trim(page_field(p, "until"))));
    if (items.count > 0) {
        json_set(a, &d.fields, STR("authority.items"), items);
    }
    return page_submit(p, &d, given);
}

static enum err authority_end(struct page *p)
{
    struct arena *a = p->ctx->arena;
    struct draft d = draft_for(p, "revoke-authority");
    json_set(a, &d.fields, STR("authority.agent"), json_of_str(page_field(p, "agent")));
    json_set(a, &d.fields, STR("authority.kind"), json_of_str(page_field(p, "kind")));
    return page_submit(p, &d, ended);
}

/* ---- how papers reach me ---- */

static enum err delivery_page(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct party_other *mine = NULL;
    size_t parties = 0;
    struct page_delivery v = {0};
    TRY(headed(p, &mine, &parties));
    struct page_delivery_parties *rows =
        ARENA_ARRAY(ctx->arena, struct page_delivery_parties, parties + 1);
    for (size_t i = 0; i < parties; i++) {
        rows[i] = (struct page_delivery_parties){.id = mine[i].id, .name = mine[i].name};
        TRY(people_agreed_delivery(ctx, p->db, mine[i].id, today(p), &rows[i].agreed));
    }
    v.parties = rows;
    v.parties_count = parties;
    return page_show(p, 200, say(p, "送达方式", "How papers reach me"), page_delivery, &v);
}

static enum err delivery_changed(struct page *p, const struct receipt *receipt)
{
    return receipt->seq < 0 || p->wants_json ? page_admitted(p, receipt)
                                             : page_go(p, STR("/me/delivery"));
}

static enum err delivery_agree(struct page *p)
{
    struct draft d = draft_for(p, "agree-delivery");
    bool agreed = str_equal(page_field(p, "agreed"), STR("yes"));
    json_set(p->ctx->arena, &d.fields, STR("delivery.agreed"), json_of_bool(agreed));
    return page_submit(p, &d, delivery_changed);
}

static enum err delivery_end(struct page *p)
{
    struct draft d = draft_for(p, "end-delivery");
    return page_submit(p, &d, delivery_changed);
}

static const struct route rows_[] = {
    {"GET", "/me/delivery", delivery_page, FOR_PARTY, 0, "How papers reach me",
     page_delivery_schema, ""},
    {"POST", "/me/delivery", delivery_agree, FOR_PARTY, 0, "Agree to electronic service", NULL,
     "for agreed"},
    {"POST", "/me/delivery/end", delivery_end, FOR_PARTY, 0,
     "Withdraw the consent to electronic service", NULL, "for"},
    {"GET", "/me/uses", uses_page, FOR_PARTY, 0, "Who read my data", page_uses_schema, ""},
    {"GET", "/me/authority", authority_page, FOR_PARTY, 0, "Who may act for me",
     page_authority_schema, "said"},
    {"POST", "/me/authority", authority_give, FOR_PARTY, 0, "Give authority", NULL,
     "for agent kind items until"},
    {"POST", "/me/authority/end", authority_end, FOR_PARTY, 0, "Withdraw authority", NULL,
     "for agent kind"},
};
const struct route_table party_routes = {rows_, LEN(rows_)};
