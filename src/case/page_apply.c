/* Apply for an item: the form, and the draft that goes to the gate. */
#include "case/case_in.h"

static enum err view_of(struct page *p, struct form_view *f)
{
    *f = (struct form_view){.law = p->law, .asks_for = p->session.actor.kind == ACTOR_PARTY};
    f->item = p->law == NULL ? NULL : law_item(p->law, p->args[0]);
    if (f->item == NULL || f->item->procedure == NULL) {
        return ERR_NOT_FOUND;
    }
    /* The kind of act that begins the item's procedure. */
    for (size_t i = 0; i < f->item->procedure->element_count && f->kind == NULL; i++) {
        const struct bpmn_element *e = &f->item->procedure->elements[i];
        f->kind = e->kind == BPMN_START && e->scope < 0 && e->act_count > 0 ? law_act(p->law, e->acts[0]) : NULL;
    }
    if (f->kind == NULL) {
        return ERR_NOT_FOUND;
    }
    f->title = page_text(p, f->item->title);
    f->action = str_format(p->ctx->arena, "/apply/%.*s", FMT(f->item->id));
    f->back = str_format(p->ctx->arena, "/item/%.*s", FMT(f->item->id));
    return ERR_OK;
}

static enum err case_page_apply(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct form_view f;
    struct json held;
    struct text2 none = {{0}, {0}};
    if (view_of(p, &f) != ERR_OK) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    struct str who = page_query(p, "for");
    TRY(party_facts(ctx, p->db, who.n > 0 ? who : p->session.actor.id, &held));
    bool may = false;
    TRY(gate_speaks_for(ctx, p->gate, p->db, p->session.actor.id, who.n > 0 ? who : p->session.actor.id, f.item->id, &may));
    f.held = may ? &held : NULL;
    return show_form(p, &f);
}

static enum err case_post_apply(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct form_view f;
    struct text2 none = {{0}, {0}};
    if (view_of(p, &f) != ERR_OK) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    struct draft d = {.kind = f.kind->kind, .item = f.item->id, .actor = p->session.actor};
    struct verdict verdict;
    d.actor.for_id = page_field(p, "_for");
    TRY(typed_fields(p, p->law, &d.fields));
    d.attachments = p->files;
    d.attachment_count = p->file_count;
    /* Advice first, so that a wrong form comes back with what was typed. */
    TRY(gate_ask(ctx, p->gate, p->db, &d, &verdict));
    if (!verdict.admitted && str_equal(verdict.check, STR("form")) && !p->wants_json) {
        f.values = &d.fields;
        f.wrong = &verdict;
        return show_form(p, &f);
    }
    return page_submit(p, &d, NULL);
}

static const struct route rows[] = {
    {"GET", "/apply/{item}", case_page_apply, FOR_PARTY | FOR_OFFICER, 0, "Form to apply for an item", NULL, "for"},
    {"POST", "/apply/{item}", case_post_apply, FOR_PARTY | FOR_OFFICER, 0, "Apply: facts by id, _for the party", NULL, "_for"},
};
const struct route_table case_apply_routes = {rows, LEN(rows)};
