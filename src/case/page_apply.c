/* Apply for an item: for whom, the facts, a look at all of it with the papers, and the draft that
 * goes to the gate. */
#include "base/json_make.h"
#include "case/case_in.h"
#include "licence/licence.h"
#include "gate/consent.h"
#include "web/answer.h"
#include "web/submit.h"
#include "web/use.h"
#include "limit_gen.h"

#include "page_choose_html.h"
#include "page_review_html.h"

size_t opening_kinds(const struct law *law, const struct item *item,
                     const struct act_kind *ret[OPENINGS_MOST])
{
    size_t count = 0;
    for (size_t i = 0; item->procedure != NULL && i < item->procedure->element_count; i++) {
        const struct bpmn_element *e = &item->procedure->elements[i];
        for (size_t k = 0;
             e->kind == BPMN_START && e->scope < 0 && k < e->act_count && count < OPENINGS_MOST;
             k++) {
            const struct act_kind *kind = law_act(law, e->acts[k]);
            ret[count] = kind;
            count += kind != NULL;
        }
    }
    return count;
}

/* The one asked for by name; else the first that is for such an actor. */
static const struct act_kind *opening_for(const struct page *p, const struct item *item,
                                          struct str asked)
{
    const struct act_kind *kinds[OPENINGS_MOST];
    size_t count = opening_kinds(p->law, item, kinds);
    unsigned who = p->session.actor.kind == ACTOR_OFFICER ? WHO_OFFICER : WHO_PARTY;
    for (size_t i = 0; i < count; i++) {
        if (asked.n > 0 ? str_equal(kinds[i]->kind, asked) : (kinds[i]->who & who) != 0) {
            return kinds[i];
        }
    }
    return asked.n == 0 && count > 0 ? kinds[0]
                                     : NULL; /* not for such an actor: the gate says so */
}

static enum err view_of(struct page *p, struct form_view *f)
{
    *f = (struct form_view){.law = p->law};
    f->item = p->law == NULL ? NULL : law_item(p->law, p->args[0]);
    struct str asked = page_query(p, "act");
    f->kind = f->item == NULL ? NULL : opening_for(p, f->item, asked);
    if (f->kind == NULL) {
        return ERR_NOT_FOUND;
    }
    f->title = page_text(p, f->item->title);
    f->action = str_format(p->ctx->arena, asked.n > 0 ? "/apply/%.*s?act=%.*s" : "/apply/%.*s",
                           FMT(f->item->id), FMT(f->kind->kind));
    f->back = str_format(p->ctx->arena, "/item/%.*s", FMT(f->item->id));
    f->two_steps = true;
    return ERR_OK;
}

/* ---- for whom ---- */

static enum err choose(struct page *p, const struct form_view *f, const struct party_other *others,
                       size_t count, bool self)
{
    struct page_choose_parties *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_choose_parties, count + 1);
    struct page_choose v = {.back = f->back, .title = f->title, .parties = rows};
    struct str asked = page_query(p, "act");
    if (self) {
        rows[v.parties_count++] = (struct page_choose_parties){
            f->item->id, asked, p->session.actor.id, p->session.name, true};
    }
    for (size_t i = 0; i < count; i++) {
        rows[v.parties_count++] =
            (struct page_choose_parties){f->item->id, asked, others[i].id, others[i].name, false};
    }
    v.why = say(p, "这件事由单位申请，您还没有可以代表的单位。",
                "Organisations apply for this, and you speak for none yet.");
    return page_show(p, 200, f->title, page_choose, &v);
}

/* Those of them that may ask for the item, and for which the authority reaches so far. */
static size_t keep_fitting(const struct item *item, struct party_other *others, size_t count)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        bool fits = others[i].is_org ? item->for_org : item->for_person;
        if (fits && party_scope_has(&others[i], item->id)) {
            others[n++] = others[i];
        }
    }
    return n;
}

/* The party the form is for: the one asked for, the only one possible, or a page that asks.
 * *ret_done: answered. */
static enum err for_whom(struct page *p, struct form_view *f, struct str asked, bool *ret_done)
{
    struct ctx *ctx = p->ctx;
    struct party_other *others = NULL;
    size_t count = 0;
    bool officer = p->session.actor.kind == ACTOR_OFFICER;
    bool self = !officer && f->item->for_person;
    bool of_itself = officer && (f->kind->who & WHO_PARTY) ==
                                    0; /* the office begins it, about somebody or about nobody */
    *ret_done = false;
    if (of_itself && asked.n == 0) {
        f->change = STR("/counter");
        return ERR_OK;
    }
    TRY(party_others(ctx, p->db, p->law, p->session.actor.id,
                     instant_day(ctx->world->now(ctx->world)), &others, &count));
    count = keep_fitting(f->item, others, count);
    size_t choices = (size_t)self + count;
    if (asked.n == 0 && officer) {
        *ret_done = true;
        return page_go(p, STR("/counter"));
    }
    if (asked.n == 0 && choices != 1) {
        *ret_done = true;
        return choose(p, f, others, count, self);
    }
    f->for_id = asked.n > 0 ? asked : self ? p->session.actor.id : others[0].id;
    f->change = officer ? STR("/counter") : choices > 1 ? f->action : STR("");
    return party_name(ctx, p->db, f->for_id, &f->for_name);
}

/* What the node holds, for the party, those who act for it, and the officer at the counter: of the
 * party, of its licence, and for an organisation of the person who acts for it. */
static enum err load_held(struct page *p, struct form_view *f, struct json *held)
{
    struct ctx *ctx = p->ctx;
    bool officer = p->session.actor.kind == ACTOR_OFFICER;
    bool may = officer;
    bool own_data = str_equal(f->for_id, p->session.actor.id);
    if (!may) {
        TRY(gate_speaks_for(ctx, p->gate, p->db, p->session.actor.id, f->for_id, f->item->id,
                            &may));
    }
    if (f->for_id.n == 0) {
        return ERR_OK;
    }
    enum access_relation relation = officer    ? ACCESS_OFFICE
                                    : own_data ? ACCESS_SELF
                                               : ACCESS_SPEAKS;
    if (!may || page_classes(p, relation) == 0) {
        return ERR_OK;
    }
    page_use(p, f->for_id, STR(""), relation);
    TRY(party_facts(ctx, p->db, f->for_id, held));
    f->held = held;
    if (!officer && !str_equal(f->for_id, p->session.actor.id)) {
        struct json own;
        TRY(party_facts(ctx, p->db, p->session.actor.id, &own));
        for (size_t i = 0; i < own.count; i++) {
            if (json_get_str(held, own.members[i].key) == NULL) {
                json_set(ctx->arena, held, own.members[i].key, own.members[i].value);
            }
        }
    }
    return f->item->licence == NULL
               ? ERR_OK
               : licence_prefill(ctx, p->db, f->for_id, f->item->licence->id, held);
}

static enum err case_page_apply(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct form_view f;
    struct json held;
    struct text2 none = {{0}, {0}};
    bool done = false;
    if (view_of(p, &f) != ERR_OK) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    TRY(for_whom(p, &f, page_query(p, "for"), &done));
    if (done) {
        return ERR_OK;
    }
    TRY(load_held(p, &f, &held));
    TRY(waiting_reopen(p, &f));
    struct draft d = {.kind = f.kind->kind, .item = f.item->id, .actor = p->session.actor};
    d.actor.for_id = f.for_id;
    d.fields = f.values == NULL ? json_object() : *f.values;
    TRY(form_sources(p, &f, &d));
    return show_form(p, &f);
}

/* ---- a look at all of it ---- */

static void add_hidden(struct page_review *v, struct page_review_hidden *rows, size_t most,
                       const struct json *form)
{
    for (size_t i = 0; i < form->count; i++) {
        const struct json_member *m = &form->members[i];
        const struct json *list = m->value.kind == JSON_ARRAY ? m->value.items : &m->value;
        size_t count = m->value.kind == JSON_ARRAY ? m->value.count : 1;
        for (size_t k = 0; k < count && v->hidden_count < most; k++) {
            if (list[k].kind == JSON_STRING) {
                rows[v->hidden_count++] = (struct page_review_hidden){m->key, list[k].text};
            }
        }
    }
}

static enum err review(struct page *p, const struct form_view *f)
{
    enum { HIDDEN_MAX = 512 };
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct page_review v = {.title = f->title,
                            .action = f->action,
                            .back = f->back,
                            .for_name = f->for_name,
                            .button = f->kind->officers > 1
                                          ? say(p, "送给同事签名", "Send for signature")
                                          : page_text(p, f->kind->button)};
    struct needs needs = needs_of(f);
    size_t most = needs.count[0] + needs.count[1] + needs.count[2] + 1;
    struct page_review_facts *facts = ARENA_ARRAY(a, struct page_review_facts, most);
    struct page_review_materials *materials = ARENA_ARRAY(a, struct page_review_materials, most);
    struct page_review_hidden *hidden = ARENA_ARRAY(a, struct page_review_hidden, HIDDEN_MAX);
    struct wrong *wrongs = NULL;
    size_t wrong_count = form_wrongs(p, f, &wrongs);
    struct page_review_errors *errors = ARENA_ARRAY(a, struct page_review_errors, wrong_count + 1);
    for (size_t i = 0; i < wrong_count; i++) {
        errors[i] = (struct page_review_errors){wrongs[i].id, wrongs[i].title, wrongs[i].why};
    }
    for (size_t k = 0; k < LEN(needs.list); k++) {
        for (size_t i = 0; i < needs.count[k]; i++) {
            const struct need *need = &needs.list[k][i];
            const struct json *value = form_value(f, need->fact);
            struct str title = page_text(p, need->fact->title);
            if (is_material(need)) {
                struct str why = STR("");
                for (size_t w = 0; w < wrong_count; w++) {
                    why = str_equal(wrongs[w].id, need->fact->id) ? wrongs[w].why : why;
                }
                materials[v.materials_count++] = (struct page_review_materials){
                    .id = need->fact->id,
                    .title = title,
                    .optional = !need->required,
                    .why = why,
                    .article = need->article.text,
                    .purpose = page_text(p, need->purpose),
                    .kept = f->draft.n > 0 && value != NULL ? json_text(value, "name") : STR(""),
                    .cite = page_cite(p, &need->article)};
            } else if (value != NULL) {
                facts[v.facts_count++] = (struct page_review_facts){
                    title, shown_value(p, f->law, need->fact->id, value)};
            }
        }
    }
    v.hidden = hidden;
    struct json typed_in;
    struct attachment *files = NULL;
    size_t file_count = 0;
    TRY(page_form(p, &typed_in, &files, &file_count));
    hidden[v.hidden_count++] = (struct page_review_hidden){STR("_for"), f->for_id};
    if (f->kind->officers > 1) {
        hidden[v.hidden_count++] =
            (struct page_review_hidden){STR("_with"), page_field(p, "_with")};
        hidden[v.hidden_count++] = (struct page_review_hidden){STR("_draft"), f->draft};
    }
    add_hidden(&v, hidden, HIDDEN_MAX, &typed_in);
    v.facts = facts;
    v.materials = materials;
    v.errors = errors;
    v.errors_count = wrong_count;
    return page_show(p, wrong_count > 0 ? 422 : 200, say(p, "请核对", "Please check"), page_review,
                     &v);
}

/* The first thing wrong is a paper: it is asked for with the review. */
static bool waits_for_papers(const struct form_view *f, const struct verdict *verdict)
{
    const struct fact *fact = law_fact(f->law, verdict->field);
    return fact != NULL && fact->type == FACT_MATERIAL;
}

/* To the gate, or first to the second officer. */
static enum err submit_or_send(struct page *p, struct draft *d)
{
    struct ctx *ctx = p->ctx;
    struct verdict verdict;
    struct json settled;
    if (d->actor.co_id.n == 0) {
        return page_submit(p, d, NULL);
    }
    TRY(gate_settled(ctx, p->gate, p->db, d, &verdict, &settled));
    return waiting_send(p, d, &verdict, &settled);
}

static enum err case_post_apply(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct form_view f;
    struct json held;
    struct text2 none = {{0}, {0}};
    bool done = false;
    if (view_of(p, &f) != ERR_OK) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    struct draft d = {.kind = f.kind->kind, .item = f.item->id, .actor = p->session.actor};
    struct verdict verdict;
    d.actor.for_id = page_field(p, "_for");
    d.actor.co_id = waiting_second(p, f.kind);
    TRY(typed_fields(p, p->law, &d.fields));
    d.attachments = p->files;
    d.attachment_count = p->file_count;
    TRY(waiting_files(p, &d));
    if (p->wants_json) {
        return submit_or_send(p, &d);
    }
    TRY(for_whom(p, &f, d.actor.for_id, &done));
    if (done) {
        return ERR_OK;
    }
    d.actor.for_id = f.for_id;
    TRY(load_held(p, &f, &held));
    f.values = &d.fields;
    TRY(form_sources(p, &f, &d));
    TRY(waiting_reopen(p, &f));
    if (page_field(p, "_back").n > 0) {
        return show_form(p, &f);
    }
    /* Advice first, so that a wrong form comes back with what was typed. */
    TRY(gate_ask(ctx, p->gate, p->db, &d, &verdict));
    bool confirmed = page_field(p, "_confirm").n > 0;
    bool form_wrong = !verdict.admitted && str_equal(verdict.check, STR("form"));
    bool papers = form_wrong && waits_for_papers(&f, &verdict);
    if (form_wrong && !papers) {
        f.wrong = &verdict;
        return show_form(p, &f);
    }
    if (!confirmed && (verdict.admitted || papers)) {
        return review(p, &f);
    }
    if (papers) {
        f.wrong = &verdict;
        f.two_steps = false;
        return review(p, &f);
    }
    return submit_or_send(p, &d);
}

static const struct route rows[] = {
    {"GET", "/apply/{item}", case_page_apply, FOR_PARTY | FOR_OFFICER, 0,
     "Form to apply for an item, or to begin it in office", NULL, "for act draft"},
    {"POST", "/apply/{item}", case_post_apply, FOR_PARTY | FOR_OFFICER, LIMIT_UPLOAD_BYTES,
     "Apply, or begin in office: facts by id, _for the party; where two officers sign, _with the "
     "second",
     NULL, "_for _with _draft act"},
};
const struct route_table case_apply_routes = {rows, LEN(rows)};
