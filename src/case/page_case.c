/* One case: what happened, what is due, what may be done; and doing it. */
#include "case/case_in.h"

#include "page_case_html.h"
#include "page_document_html.h"
#include "page_receipt_html.h"

enum err may_see(struct page *p, const struct case_state *c, bool *ret)
{
    struct ctx *ctx = p->ctx;
    const struct actor *me = &p->session.actor;
    *ret = false;
    if (!p->session.signed_in) {
        return ERR_OK;
    }
    if (me->kind == ACTOR_PARTY) { /* also of who filed it: an authority that was revoked shows nothing any more */
        return gate_speaks_for(ctx, p->gate, p->db, me->id, c->party, c->item, ret);
    }
    struct actor_record record;
    bool found = false;
    TRY(gate_actor(ctx, p->gate, p->db, me->id, &record, &found));
    *ret = found && record.active && str_equal(record.office, c->office);
    return ERR_OK;
}

/* The case of the address, when this session may see it; else a page is answered and *ret_found is false.
 * Whether it exists is not told to those who may not see it. */
static enum err open_case(struct page *p, struct str id, struct case_state *ret, bool *ret_found)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    bool found = false;
    *ret_found = false;
    TRY(gate_case(ctx, p->gate, p->db, id, ret, &found));
    if (found) {
        TRY(may_see(p, ret, ret_found));
    }
    return *ret_found ? ERR_OK : page_problem(p, ERR_NOT_FOUND, STR(""), none);
}

static enum err fill_clocks(struct page *p, const struct case_state *c, struct page_case *v)
{
    static const struct {
        const char *zh;
        const char *en;
        const char *class;
    } states[] = {[CLOCK_RUNNING] = {"计时中", "running", "brand-c"},
                  [CLOCK_STOPPED] = {"停表", "stopped", ""},
                  [CLOCK_MET] = {"已完成", "met", "ok"},
                  [CLOCK_LATE] = {"已超期", "late", "seal-c"}};
    struct ctx *ctx = p->ctx;
    struct case_clock *clocks = NULL;
    size_t count = 0;
    TRY(gate_clocks(ctx, p->gate, p->db, c->id, &clocks, &count));
    struct page_case_clocks *rows = ARENA_ARRAY(ctx->arena, struct page_case_clocks, count + 1);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct page_case_clocks){.title = page_text(p, clocks[i].limit->title),
                                            .promised = clocks[i].promised,
                                            .due = clocks[i].due,
                                            .article = clocks[i].limit->article.text,
                                            .class = str_from(states[clocks[i].state].class),
                                            .state = say(p, states[clocks[i].state].zh, states[clocks[i].state].en)};
    }
    v->clocks = rows;
    v->clocks_count = count;
    return ERR_OK;
}

static enum err fill_openings(struct page *p, const struct case_state *c, struct page_case *v)
{
    struct ctx *ctx = p->ctx;
    struct opening *list = NULL;
    size_t count = 0;
    TRY(gate_open(ctx, p->gate, p->db, c->id, &p->session.actor, &list, &count));
    struct page_case_openings *rows = ARENA_ARRAY(ctx->arena, struct page_case_openings, count + 1);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct page_case_openings){.open = list[i].verdict.admitted,
                                              .case_id = c->id,
                                              .kind = list[i].kind->kind,
                                              .title = page_text(p, list[i].kind->button),
                                              .why = page_text(p, list[i].verdict.sentence),
                                              .article = list[i].verdict.article.text};
    }
    v->openings = rows;
    v->openings_count = count;
    return ERR_OK;
}

/* The first words an act said, for the list. */
static struct str note_of(struct page *p, const struct law *law, const struct act_record *a, bool officer)
{
    for (size_t i = 0; i < a->fields.count; i++) {
        const struct json_member *m = &a->fields.members[i];
        const struct fact *fact = law_fact(law, m->key);
        bool tells = fact != NULL && fact->type == FACT_TEXT && (officer || fact->class != CLASS_SENSITIVE);
        if (tells && m->value.kind == JSON_STRING && a->fields.count < 6) {
            return shown_value(p, law, m->key, &m->value);
        }
    }
    return STR("");
}

static enum err fill_acts(struct page *p, const struct case_state *c, struct page_case *v)
{
    struct ctx *ctx = p->ctx;
    struct act_record *acts = NULL;
    size_t count = 0;
    bool officer = p->session.actor.kind == ACTOR_OFFICER;
    TRY(gate_case_acts(ctx, p->gate, p->db, c->id, &acts, &count));
    struct page_case_acts *rows = ARENA_ARRAY(ctx->arena, struct page_case_acts, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct act_kind *kind = law_act(c->law, acts[i].kind);
        struct str who = STR("");
        if (acts[i].actor.n > 0) {
            TRY(party_name(ctx, p->db, acts[i].actor, &who));
        }
        rows[i] = (struct page_case_acts){.seq = acts[i].seq,
                                          .title = kind == NULL ? acts[i].kind : page_text(p, kind->title),
                                          .who = who,
                                          .day = instant_day(acts[i].at),
                                          .document = kind != NULL && kind->draws.n > 0,
                                          .note = note_of(p, c->law, &acts[i], officer)};
    }
    v->acts = rows;
    v->acts_count = count;
    return ERR_OK;
}

static void fill_facts(struct page *p, const struct case_state *c, struct page_case *v)
{
    struct page_case_facts *rows = ARENA_ARRAY(p->ctx->arena, struct page_case_facts, c->facts.count + 1);
    for (size_t i = 0; i < c->facts.count; i++) {
        const struct json_member *m = &c->facts.members[i];
        const struct fact *fact = law_fact(c->law, m->key);
        struct str sha = json_text(&m->value, "sha256");
        rows[i] = (struct page_case_facts){.title = fact == NULL ? m->key : page_text(p, fact->title),
                                           .value = shown_value(p, c->law, m->key, &m->value)};
        if (sha.n > 0) {
            rows[i].url = str_format(p->ctx->arena, "/case/%.*s/file/%.*s", FMT(c->id), FMT(sha));
        }
    }
    v->facts = rows;
    v->facts_count = c->facts.count;
}

/* For officers: what the decision table says, with rule and article. */
static enum err fill_proposal(struct page *p, const struct case_state *c, const struct item *item, struct page_case *v)
{
    struct ctx *ctx = p->ctx;
    struct proposal proposal;
    if (item->model == NULL || p->session.actor.kind != ACTOR_OFFICER) {
        return ERR_OK;
    }
    TRY(gate_propose(ctx, c->law, item, &c->facts, ctx->world->now(ctx->world), &proposal));
    struct buf b = buf_new(ctx->arena, 0);
    for (size_t i = 0; i < proposal.json.count; i++) {
        buf_format(&b, "%s%.*s = %.*s", i > 0 ? "; " : "", FMT(proposal.json.members[i].key),
                   FMT(shown_value(p, c->law, STR(""), &proposal.json.members[i].value)));
    }
    v->proposal = buf_str(&b);
    struct page_case_fired *rows = ARENA_ARRAY(ctx->arena, struct page_case_fired, proposal.result.fired_count + 1);
    for (size_t i = 0; i < proposal.result.fired_count; i++) {
        const struct dmn_fired *f = &proposal.result.fired[i];
        rows[i] = (struct page_case_fired){(int64_t)f->rule, f->annotation, f->article};
    }
    v->fired = rows;
    v->fired_count = proposal.result.fired_count;
    return ERR_OK;
}

static enum err fill_law(struct page *p, const struct case_state *c, const struct item *item, struct page_case *v)
{
    struct ctx *ctx = p->ctx;
    struct page_case_conditions *rows = ARENA_ARRAY(ctx->arena, struct page_case_conditions, item->condition_count + 1);
    for (size_t i = 0; i < item->condition_count; i++) {
        const struct condition *x = &item->conditions[i];
        rows[i] = (struct page_case_conditions){page_text(p, x->text), x->article.text, page_text(p, x->article.article->text)};
    }
    v->conditions = rows;
    v->conditions_count = item->condition_count;
    struct bpmn_state *state = NULL;
    struct buf drawing = buf_new(ctx->arena, 0);
    TRY(bpmn_state_read(ctx, item->procedure, c->tokens, &state));
    bpmn_svg(&drawing, item->procedure, state, item->procedure->name);
    v->drawing = buf_str(&drawing);
    return ERR_OK;
}

static enum err case_page_show(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct case_state c;
    bool found = false;
    TRY(open_case(p, p->args[0], &c, &found));
    if (!found) {
        return ERR_OK;
    }
    const struct item *item = law_item(c.law, c.item);
    const struct office *office = law_office(c.law, c.office);
    must(item != NULL);
    bool officer = p->session.actor.kind == ACTOR_OFFICER;
    struct page_case v = {.back = officer ? STR("/desk") : STR("/cases"),
                          .title = page_text(p, item->title),
                          .id = c.id,
                          .status = page_text(p, law_code_title(c.law, STR("status"), c.status)),
                          .office = office == NULL ? c.office : page_text(p, office->title)};
    if (officer && !c.closed) {
        v.cosign = cosign_code(p, p->session.actor.id, c.id);
    }
    if (c.party.n > 0) {
        TRY(party_name(ctx, p->db, c.party, &v.party));
    }
    TRY(fill_clocks(p, &c, &v));
    TRY(fill_openings(p, &c, &v));
    TRY(fill_acts(p, &c, &v));
    TRY(fill_proposal(p, &c, item, &v));
    TRY(fill_law(p, &c, item, &v));
    fill_facts(p, &c, &v);
    return page_show(p, 200, v.title, page_case, &v);
}

/* ---- acting ---- */

static enum err act_view(struct page *p, const struct case_state *c, struct form_view *f)
{
    struct arena *a = p->ctx->arena;
    *f = (struct form_view){.law = c->law, .item = law_item(c->law, c->item), .kind = law_act(c->law, p->args[1])};
    if (f->kind == NULL || f->item == NULL || f->kind->in_case != ACT_CASE_IN) {
        return ERR_NOT_FOUND;
    }
    f->title = str_format(a, "%.*s: %.*s", FMT(page_text(p, f->kind->title)), FMT(page_text(p, f->item->title)));
    f->action = str_format(a, "/case/%.*s/act/%.*s", FMT(c->id), FMT(f->kind->kind));
    f->back = str_format(a, "/case/%.*s", FMT(c->id));
    return ERR_OK;
}

static enum err case_page_act(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct case_state c;
    struct form_view f;
    bool found = false;
    TRY(open_case(p, p->args[0], &c, &found));
    if (!found) {
        return ERR_OK;
    }
    if (act_view(p, &c, &f) != ERR_OK) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    return show_form(p, &f);
}

static enum err case_post_act(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct case_state c;
    struct form_view f;
    struct verdict verdict;
    bool found = false;
    TRY(open_case(p, p->args[0], &c, &found));
    if (!found) {
        return ERR_OK;
    }
    if (act_view(p, &c, &f) != ERR_OK) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    struct draft d = {.kind = f.kind->kind, .case_id = c.id, .actor = p->session.actor};
    TRY(typed_fields(p, c.law, &d.fields));
    d.attachments = p->files;
    d.attachment_count = p->file_count;
    struct str with = page_field(p, "_with");
    struct str code = cosign_code(p, with, c.id);
    if (with.n > 0 && str_equal(code, str_trim(page_field(p, "_with_code")))) {
        d.actor.co_id = with;
    }
    TRY(gate_ask(ctx, p->gate, p->db, &d, &verdict));
    if (!verdict.admitted && str_equal(verdict.check, STR("form")) && !p->wants_json) {
        f.values = &d.fields;
        f.wrong = &verdict;
        return show_form(p, &f);
    }
    return page_submit(p, &d, NULL);
}

/* ---- what an act left ---- */

/* The act of the address, when this session may see its case. */
static enum err open_act(struct page *p, struct act_record *ret, struct case_state *c, bool *ret_found)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    int64_t seq = -1;
    bool found = false;
    *ret_found = false;
    if (str_to_i64(p->args[0], &seq) && seq >= 0) {
        TRY(gate_act(ctx, p->gate, p->db, seq, ret, &found));
    }
    if (found && ret->case_id.n > 0) {
        return open_case(p, ret->case_id, c, ret_found);
    }
    return page_problem(p, ERR_NOT_FOUND, STR(""), none);
}

static enum err case_page_receipt(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct act_record act;
    struct case_state c;
    struct case_clock *clocks = NULL;
    size_t count = 0;
    bool found = false;
    uint8_t hash[32];
    TRY(open_act(p, &act, &c, &found));
    if (!found) {
        return ERR_OK;
    }
    const struct act_kind *kind = law_act(c.law, act.kind);
    leaf_hash(act.leaf.p, act.leaf.n, hash);
    struct page_receipt v = {.title = kind == NULL ? act.kind : page_text(p, kind->title),
                             .case_id = act.case_id,
                             .seq = act.seq,
                             .at = instant_day(act.at),
                             .hash = hex_encode(ctx->arena, hash, 32),
                             .document = kind != NULL && kind->draws.n > 0};
    TRY(gate_clocks(ctx, p->gate, p->db, c.id, &clocks, &count));
    for (size_t i = 0; i < count; i++) {
        if (clocks[i].state == CLOCK_RUNNING && !clocks[i].limit->per_party) {
            v.due = clocks[i].promised;
            v.limit = page_text(p, clocks[i].limit->title);
            v.article = clocks[i].limit->article.text;
        }
    }
    return page_show(p, 200, say(p, "回执", "Receipt"), page_receipt, &v);
}

static enum err case_page_document(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct act_record act;
    struct case_state c;
    bool found = false;
    TRY(open_act(p, &act, &c, &found));
    if (!found) {
        return ERR_OK;
    }
    struct page_document v = {.seq = act.seq};
    TRY(gate_document(ctx, p->gate, p->db, act.seq, p->lang == LANG_EN ? STR("en") : STR("zh"), &v.body));
    if (v.body.n == 0) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    return page_show(p, 200, say(p, "文书", "Document"), page_document, &v);
}

/* A file of the case, by digest, for those who may see the case; never shown in the page's own origin as a page. */
static enum err case_file(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct case_state c;
    struct attachment file;
    bool found = false;
    bool belongs = false;
    TRY(open_case(p, p->args[0], &c, &found));
    if (!found) {
        return ERR_OK;
    }
    for (size_t i = 0; i < c.facts.count; i++) {
        belongs = belongs || str_equal(json_text(&c.facts.members[i].value, "sha256"), p->args[1]);
    }
    TRY(gate_attachment(ctx, p->gate, p->db, p->args[1], &file, &found));
    if (!belongs || !found) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    return page_raw(p, 200, STR("application/octet-stream"), file.bytes, -1);
}

static const struct route rows[] = {
    {"GET", "/case/{id}", case_page_show, FOR_PARTY | FOR_OFFICER, 0, "One case: acts, clocks, what may be done", page_case_schema, ""},
    {"GET", "/case/{id}/act/{kind}", case_page_act, FOR_PARTY | FOR_OFFICER, 0, "Form of an act", NULL, ""},
    {"POST", "/case/{id}/act/{kind}", case_post_act, FOR_PARTY | FOR_OFFICER, 0, "Do an act: facts by id", NULL, "_with _with_code"},
    {"GET", "/case/{id}/file/{sha256}", case_file, FOR_PARTY | FOR_OFFICER, 0, "A file of the case", NULL, ""},
    {"GET", "/receipt/{seq}", case_page_receipt, FOR_PARTY | FOR_OFFICER, 0, "Receipt of an act", page_receipt_schema, ""},
    {"GET", "/document/{seq}", case_page_document, FOR_PARTY | FOR_OFFICER, 0, "Document drawn up by an act", page_document_schema, ""},
};
const struct route_table case_routes = {rows, LEN(rows)};
