/* One case: what happened, what is due, what may be done; and doing it. */
#include "base/encode.h"
#include "base/json_make.h"
#include "base/token.h"
#include "case/case_in.h"
#include "limit_gen.h"

#include "bpmn/look.h"
#include "bpmn/state.h"
#include "gate/consent.h"
#include "web/answer.h"
#include "web/submit.h"
#include "page_case_html.h"
#include "page_document_html.h"
#include "page_receipt_html.h"

/* The acts of a case, oldest first. */
struct acts {
    struct act_record *list;
    size_t count;
};

/* ---- the articles beside the case, numbered as they are first named ---- */

struct refs {
    struct page_case_law *rows;
    size_t count;
    size_t room;
};

static int64_t ref_to(struct page *p, struct refs *refs, const struct cite *c)
{
    if (c->article == NULL) {
        return 0;
    }
    struct cite whole = *c;
    whole.part = STR("");
    whole.text = str_slice(c->text, 0, c->text.n - (c->part.n > 0 ? c->part.n + 1 : 0));
    for (size_t i = 0; i < refs->count; i++) {
        if (str_equal(refs->rows[i].article, whole.text)) {
            return (int64_t)i + 1;
        }
    }
    if (refs->count == refs->room) {
        return 0;
    }
    refs->rows[refs->count] = (struct page_case_law){.n = (int64_t)refs->count + 1,
                                                     .cite = page_cite(p, &whole),
                                                     .article = whole.text,
                                                     .text = page_text(p, c->article->text),
                                                     .version = c->statute->from,
                                                     .official = c->article->official};
    return (int64_t)++refs->count;
}

/* Each time a clock stood still: from when to when, by which act, and by which officer. */
static enum err fill_stops(struct page *p, const struct case_state *c, const struct case_clock *k,
                           const struct acts *acts, struct page_case_clocks *row)
{
    struct ctx *ctx = p->ctx;
    struct page_case_clocks_stops *rows =
        ARENA_ARRAY(ctx->arena, struct page_case_clocks_stops, k->stop_count + 1);
    for (size_t i = 0; i < k->stop_count; i++) {
        const struct clock_stop *stop = &k->stops[i];
        const struct act_kind *kind = law_act(c->law, stop->by);
        rows[i] = (struct page_case_clocks_stops){.from = stop->from,
                                                  .to = {stop->to.n < 0 ? 0 : stop->to.n},
                                                  .by = kind == NULL ? stop->by
                                                                     : page_text(p, kind->title),
                                                  .seq = stop->seq};
        for (size_t n = 0; n < acts->count; n++) {
            if (acts->list[n].seq == stop->seq && acts->list[n].actor_kind == ACTOR_OFFICER) {
                TRY(party_name(ctx, p->db, acts->list[n].actor, &rows[i].who));
            }
        }
    }
    row->stops = rows;
    row->stops_count = k->stop_count;
    return ERR_OK;
}

static enum err fill_clocks(struct page *p, const struct case_state *c, const struct acts *acts,
                            struct refs *refs, struct page_case *v)
{
    static const struct {
        const char *zh;
        const char *en;
        const char *class;
    } states[] = {[CLOCK_RUNNING] = {"计时中", "running", "brand-c"},
                  [CLOCK_STOPPED] = {"停表", "stopped", "amber"},
                  [CLOCK_MET] = {"已完成", "met", "ok"},
                  [CLOCK_LATE] = {"已超期", "late", "seal-c"}};
    struct ctx *ctx = p->ctx;
    struct case_clock *clocks = NULL;
    size_t count = 0;
    struct day today = instant_day(ctx->world->now(ctx->world));
    TRY(gate_clocks(ctx, p->gate, p->db, c->id, &clocks, &count));
    struct page_case_clocks *rows = ARENA_ARRAY(ctx->arena, struct page_case_clocks, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct case_clock *k = &clocks[i];
        bool over = k->state == CLOCK_MET;
        ref_to(p, refs, &k->limit->article);
        rows[i] = (struct page_case_clocks){
            .title = page_text(p, k->limit->title),
            .promised = k->unserved ? (struct day){0} : k->promised,
            .due = k->unserved ? (struct day){0} : k->due,
            .article = k->limit->article.text,
            .cite = page_cite(p, &k->limit->article),
            .left = over || k->state == CLOCK_STOPPED
                        ? STR("")
                        : due_left(p, c->law, k->limit->id, k->promised).text,
            .used = due_used(p, c->law, k->limit, k->started, k->due),
            .class = str_from(states[k->state].class),
            .state = k->unserved ? say(p, "文书尚未送达", "paper not served yet")
                                 : say(p, states[k->state].zh, states[k->state].en),
            .begins = k->unserved || over ? (struct day){0} : k->started,
            .extended = k->extended,
            .provisional = k->provisional};
        const struct card *card = p->law == NULL || k->state == CLOCK_STOPPED
                                      ? NULL
                                      : law_card(p->law, k->limit, k->due, over ? k->ended : today);
        rows[i].card = card == NULL ? STR("") : page_text(p, card->title);
        rows[i].card_class = card_class(card);
        TRY(fill_stops(p, c, k, acts, &rows[i]));
    }
    v->clocks = rows;
    v->clocks_count = count;
    return ERR_OK;
}

static enum err fill_openings(struct page *p, const struct case_state *c, struct refs *refs,
                              struct page_case *v)
{
    struct ctx *ctx = p->ctx;
    struct opening *list = NULL;
    size_t count = 0;
    TRY(gate_open(ctx, p->gate, p->db, c->id, &p->session.actor, &list, &count));
    struct page_case_open *open = ARENA_ARRAY(ctx->arena, struct page_case_open, count + 1);
    struct page_case_shut *shut = ARENA_ARRAY(ctx->arena, struct page_case_shut, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct act_kind *kind = list[i].kind;
        const struct verdict *verdict = &list[i].verdict;
        if (verdict->admitted) {
            const struct cite *first = kind->article_count > 0 ? &kind->articles[0] : NULL;
            open[v->open_count++] =
                (struct page_case_open){.case_id = c->id,
                                        .kind = kind->kind,
                                        .title = page_text(p, kind->button),
                                        .article = first == NULL ? STR("") : first->text,
                                        .cite = first == NULL ? STR("") : page_cite(p, first)};
            for (size_t k = 0; k < kind->article_count; k++) {
                ref_to(p, refs, &kind->articles[k]);
            }
        } else {
            shut[v->shut_count++] =
                (struct page_case_shut){.kind = kind->kind,
                                        .title = page_text(p, kind->button),
                                        .why = page_text(p, verdict->sentence),
                                        .article = verdict->article.text,
                                        .cite = page_cite(p, &verdict->article)};
        }
    }
    v->open = open;
    v->shut = shut;
    return ERR_OK;
}

/* The first words an act said, for the list. */
static struct str note_of(struct page *p, const struct law *law, const struct act_record *a,
                          unsigned classes)
{
    for (size_t i = 0; i < a->fields.count; i++) {
        const struct json_member *m = &a->fields.members[i];
        const struct fact *fact = law_fact(law, m->key);
        bool tells = fact != NULL && fact->type == FACT_TEXT && (classes & 1u << fact->class) != 0;
        if (tells && m->value.kind == JSON_STRING && a->fields.count < 6) {
            return shown_value(p, law, m->key, &m->value);
        }
    }
    return STR("");
}

/* The elements of the procedure that an act of this kind has passed. */
static void mark_done(const struct bpmn_process *procedure, struct str kind, bool *done)
{
    for (size_t i = 0; i < procedure->element_count; i++) {
        const struct bpmn_element *e = &procedure->elements[i];
        for (size_t k = 0; k < e->act_count; k++) {
            done[i] = done[i] || str_equal(e->acts[k], kind);
        }
    }
}

static enum err fill_acts(struct page *p, const struct case_state *c, const struct item *item,
                          const struct sight *sight, const struct acts *acts, struct page_case *v,
                          bool *done)
{
    struct ctx *ctx = p->ctx;
    struct page_case_acts *rows = ARENA_ARRAY(ctx->arena, struct page_case_acts, acts->count + 1);
    for (size_t i = 0; i < acts->count; i++) {
        const struct act_record *act = &acts->list[i];
        const struct act_kind *kind = law_act(c->law, act->kind);
        struct str who = STR("");
        if (!sees_act(sight, c, act)) {
            continue;
        }
        mark_done(item->procedure, act->kind, done);
        bool named = act->actor_kind != ACTOR_PARTY || (sight->classes & 1u << CLASS_PERSONAL) != 0;
        if (act->actor.n > 0 && named) {
            TRY(party_name(ctx, p->db, act->actor, &who));
        }
        if (act->co_id.n > 0) {
            struct str second = {0};
            TRY(party_name(ctx, p->db, act->co_id, &second));
            who = str_format(ctx->arena, p->lang == LANG_EN ? "%.*s, %.*s" : "%.*s、%.*s", FMT(who),
                             FMT(second));
        }
        rows[v->acts_count++] =
            (struct page_case_acts){.seq = act->seq,
                                    .title = kind == NULL ? act->kind : page_text(p, kind->title),
                                    .who = who,
                                    .day = instant_day(act->at),
                                    .document = kind != NULL && kind->draws.n > 0,
                                    .note = note_of(p, c->law, act, sight->classes)};
    }
    v->acts = rows;
    return ERR_OK;
}

/* Who stated a value, by the side of who acted. */
static struct str stated_by(struct page *p, const struct act_record *act)
{
    switch (act->actor_kind) {
    case ACTOR_PARTY: return say(p, "当事人填报", "stated by the party");
    case ACTOR_OFFICER: return say(p, "工作人员填写", "stated by the officer");
    case ACTOR_ADMIN: return say(p, "管理员填写", "stated by the administrator");
    case ACTOR_CLIENT: return say(p, "机构签名告知", "said by an institution under its key");
    case ACTOR_CLOCK:
    case ACTOR_NODE:
    case ACTOR_KINDS: return say(p, "系统记载", "stated by the node");
    }
    return STR("");
}

/* Whence the value of a fact was taken, by the act that said it last; of a value that a later act
 * took from the case itself, by the one before. */
static struct str source_of(struct page *p, const struct acts *acts, struct str fact)
{
    bool en = p->lang == LANG_EN;
    for (size_t i = acts->count; i-- > 0;) {
        const struct act_record *act = &acts->list[i];
        const struct json *entry = json_get_str(&act->sources, fact);
        struct str from = json_text(entry, "from");
        if (json_get_str(&act->fields, fact) == NULL || str_equal(from, STR("case"))) {
            continue;
        }
        if (!act->has_sources) {
            return say(p, "来源没有记载", "source not recorded");
        }
        if (from.n > 0 && !str_equal(from, STR("held")) && json_text(entry, "article").n == 0) {
            return say(p, "系统依记录得出", "worked out by the node from the record");
        }
        if (str_equal(from, STR("derived"))) {
            return str_format(p->ctx->arena, en ? "follows by %.*s" : "依 %.*s 得出",
                              FMT(json_text(entry, "article")));
        }
        if (str_equal(from, STR("held"))) {
            return str_format(p->ctx->arena,
                              en ? "held by the register, entry %lld" : "登记簿记载，账本 %lld",
                              (long long)json_int(entry, "seq", -1));
        }
        return stated_by(p, act);
    }
    return STR("");
}

static void fill_facts(struct page *p, const struct case_state *c, const struct sight *sight,
                       const struct acts *acts, const bool *stated, struct page_case *v)
{
    struct page_case_facts *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_case_facts, c->facts.count + 1);
    for (size_t i = 0; i < c->facts.count; i++) {
        const struct json_member *m = &c->facts.members[i];
        const struct fact *fact = law_fact(c->law, m->key);
        struct str sha = json_text(&m->value, "sha256");
        if (!sees_fact(sight, c->law, stated, m->key)) {
            continue;
        }
        struct page_case_facts *row = &rows[v->facts_count++];
        *row = (struct page_case_facts){.title = fact == NULL ? m->key : page_text(p, fact->title),
                                        .value = shown_value(p, c->law, m->key, &m->value),
                                        .source = source_of(p, acts, m->key)};
        if (sha.n > 0) {
            row->url = str_format(p->ctx->arena, "/case/%.*s/file/%.*s", FMT(c->id), FMT(sha));
        }
    }
    v->facts = rows;
}

/* For officers: what the decision table says, with rule and article. */
static enum err fill_proposal(struct page *p, const struct case_state *c, const struct item *item,
                              struct page_case *v)
{
    struct ctx *ctx = p->ctx;
    struct proposal proposal;
    if (item->model == NULL) {
        return ERR_OK;
    }
    TRY(gate_propose(ctx, c->law, item, &c->facts, ctx->world->now(ctx->world), &proposal));
    struct page_case_proposal *outputs =
        ARENA_ARRAY(ctx->arena, struct page_case_proposal, proposal.json.count + 1);
    for (size_t i = 0; i < proposal.json.count; i++) {
        const struct json_member *m = &proposal.json.members[i];
        const struct code_row *row = law_code(c->law, STR("proposal"), m->key);
        const struct code_row *word =
            m->value.kind == JSON_STRING ? law_code(c->law, STR("proposal"), m->value.text) : NULL;
        bool sum = row != NULL && str_equal(row->parent, STR("money")) &&
                   m->value.kind == JSON_NUMBER && m->value.is_int;
        struct str value = word != NULL ? page_text(p, word->title)
                           : sum
                               ? law_money_text(ctx->arena, m->value.int_value, p->lang == LANG_EN)
                               : shown_value(p, c->law, STR(""), &m->value);
        outputs[i] =
            (struct page_case_proposal){row != NULL ? page_text(p, row->title) : m->key, value};
    }
    v->proposal = outputs;
    v->proposal_count = proposal.json.count;
    struct page_case_fired *rows =
        ARENA_ARRAY(ctx->arena, struct page_case_fired, proposal.result.fired_count + 1);
    for (size_t i = 0; i < proposal.result.fired_count; i++) {
        const struct dmn_fired *f = &proposal.result.fired[i];
        rows[i] = (struct page_case_fired){(int64_t)f->rule, f->annotation, f->article};
    }
    v->fired = rows;
    v->fired_count = proposal.result.fired_count;
    return ERR_OK;
}

/* Each condition of the law beside what was filed for it: the needs that rest on the same article.
 */
static void fill_conditions(struct page *p, const struct case_state *c, const struct item *item,
                            const struct sight *sight, const bool *stated, struct refs *refs,
                            struct page_case *v)
{
    struct arena *a = p->ctx->arena;
    struct page_case_conditions *rows =
        ARENA_ARRAY(a, struct page_case_conditions, item->condition_count + 1);
    for (size_t i = 0; i < item->condition_count; i++) {
        const struct condition *x = &item->conditions[i];
        struct page_case_conditions_found *found = ARENA_ARRAY(
            a, struct page_case_conditions_found, item->fact_count + item->material_count + 1);
        rows[i] = (struct page_case_conditions){.ref = ref_to(p, refs, &x->article),
                                                .article = x->article.text,
                                                .text = page_text(p, x->text),
                                                .found = found};
        for (size_t k = 0; k < item->fact_count + item->material_count; k++) {
            const struct need *need =
                k < item->fact_count ? &item->facts[k] : &item->materials[k - item->fact_count];
            const struct json *value = json_get_str(&c->facts, need->fact->id);
            bool shown = value != NULL && sees_fact(sight, c->law, stated, need->fact->id);
            if (shown && str_equal(need->article.text, x->article.text)) {
                found[rows[i].found_count++] = (struct page_case_conditions_found){
                    page_text(p, need->fact->title), shown_value(p, c->law, need->fact->id, value)};
            }
        }
        rows[i].none = rows[i].found_count == 0;
    }
    v->conditions = rows;
    v->conditions_count = item->condition_count;
}

/* A case that newer law would carry over, but that has no place in its procedure. */
static void fill_kept(const struct case_state *c, const struct item *item, struct page_case *v)
{
    int at =
        c->kept && item->procedure != NULL ? bpmn_element_find(item->procedure, c->kept_at) : -1;
    v->kept = c->kept && !c->closed;
    v->kept_day = c->kept_day;
    v->kept_gone = str_equal(c->kept_why, STR("gone"));
    if (at >= 0) {
        const struct bpmn_element *e = &item->procedure->elements[at];
        v->kept_step = e->name.n > 0 ? e->name : e->id;
    }
}

static enum err fill_drawing(struct page *p, const struct case_state *c, const struct item *item,
                             const bool *done, struct page_case *v)
{
    struct ctx *ctx = p->ctx;
    struct bpmn_state *state = NULL;
    struct buf drawing = buf_new(ctx->arena, 0);
    TRY(bpmn_state_read(ctx, item->procedure, c->tokens, &state));
    static const struct text2 open = {STR_INIT("进行中"), STR_INIT("open")};
    static const struct text2 passed = {STR_INIT("已办"), STR_INIT("done")};
    static const struct text2 list = {STR_INIT("各步骤的文字列表"), STR_INIT("The steps in words")};
    struct bpmn_words words = {page_text(p, open), page_text(p, passed), page_text(p, list)};
    bpmn_draw(&drawing, item->procedure, state, done, &words, item->procedure->name);
    v->drawing = buf_str(&drawing);
    return ERR_OK;
}

/* The office's queue, for the desk: what is due first. */
static enum err fill_queue(struct page *p, struct str office, struct str current,
                           struct page_case *v)
{
    enum { QUEUE = 12 };
    struct ctx *ctx = p->ctx;
    struct case_view_of_office_row *list = NULL;
    size_t count = 0;
    TRY(case_view_of_office(
        ctx, p->db,
        (struct case_view_of_office_in){.office = office, .id = STR(""), .count = QUEUE}, &list,
        &count));
    struct page_case_queue *rows = ARENA_ARRAY(ctx->arena, struct page_case_queue, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct item *item = p->law == NULL ? NULL : law_item(p->law, list[i].item);
        struct left left =
            due_left(p, p->law, list[i].due_limit, (struct day){(int32_t)list[i].due_day});
        rows[i] = (struct page_case_queue){.id = list[i].id,
                                           .current = str_equal(list[i].id, current),
                                           .title = item == NULL ? list[i].item
                                                                 : page_text(p, item->title),
                                           .class = left.class,
                                           .left = left.text};
        TRY(party_name(ctx, p->db, list[i].party, &rows[i].party));
    }
    v->queue = rows;
    v->queue_count = count;
    return ERR_OK;
}

/* What waits in this case for the signature of who is signed in, or was sent by them. */
static enum err fill_signs(struct page *p, const struct case_state *c, struct page_case *v)
{
    struct ctx *ctx = p->ctx;
    struct case_waiting_of_signer_row *mine = NULL;
    struct case_waiting_of_sender_row *sent = NULL;
    size_t count = 0;
    size_t sent_count = 0;
    TRY(waiting_for_me(p, &mine, &count));
    TRY(case_waiting_of_sender(
        ctx, p->db,
        (struct case_waiting_of_sender_in){.sender = p->session.actor.id, .count = LIMIT_PAGE_ROWS},
        &sent, &sent_count));
    struct page_case_signs *rows =
        ARENA_ARRAY(ctx->arena, struct page_case_signs, count + sent_count + 1);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(mine[i].case_id, c->id)) {
            rows[v->signs_count++] = (struct page_case_signs){
                mine[i].id, waiting_title(p, c->law, mine[i].kind, STR("")),
                say(p, "等我签名", "Waiting for my signature")};
        }
    }
    for (size_t i = 0; i < sent_count; i++) {
        if (str_equal(sent[i].case_id, c->id) && str_equal(sent[i].state, STR("waits"))) {
            rows[v->signs_count++] = (struct page_case_signs){
                sent[i].id, waiting_title(p, c->law, sent[i].kind, STR("")),
                say(p, "我送出的，等待同事签名", "Sent by me, waiting for a colleague")};
        }
    }
    v->signs = rows;
    return ERR_OK;
}

static enum err case_page_show(struct page *p)
{
    enum { ARTICLES = 40 };
    struct ctx *ctx = p->ctx;
    struct case_state c;
    struct sight sight;
    struct acts acts = {0};
    bool found = false;
    TRY(sight_load(p, p->args[0], &c, &sight, &found));
    if (!found) {
        return ERR_OK;
    }
    const struct item *item = law_item(c.law, c.item);
    const struct office *office = law_office(c.law, c.office);
    must(item != NULL);
    bool officer = p->session.actor.kind == ACTOR_OFFICER;
    bool works = sight.relation != ACCESS_ABOVE;
    struct refs refs = {ARENA_ARRAY(ctx->arena, struct page_case_law, ARTICLES), 0, ARTICLES};
    struct page_case v = {.party_side = !officer,
                          .layout = STR("cols form-cols"),
                          .title = page_text(p, item->title),
                          .id = c.id,
                          .status = page_text(p, law_code_title(c.law, STR("status"), c.status)),
                          .office = office == NULL ? c.office : page_text(p, office->title)};
    p->wide = officer;
    if (officer) {
        TRY(fill_signs(p, &c, &v));
    }
    if (c.party.n > 0 && (sight.classes & 1u << CLASS_PERSONAL) != 0) {
        TRY(party_name(ctx, p->db, c.party, &v.party));
    }
    if (officer && works) {
        TRY(fill_queue(p, sight.of.as, c.id, &v));
        v.layout = v.queue_count > 0 ? STR("desk") : v.layout;
    }
    TRY(gate_case_acts(ctx, p->gate, p->db, c.id, &acts.list, &acts.count));
    const bool *stated = sight_facts(p, &sight, &c, acts.list, acts.count);
    fill_conditions(p, &c, item, &sight, stated, &refs, &v);
    TRY(fill_clocks(p, &c, &acts, &refs, &v));
    TRY(fill_papers(p, &c, &sight, &v));
    if (works) {
        TRY(fill_openings(p, &c, &refs, &v));
    }
    bool *done = ARENA_ARRAY(ctx->arena, bool, item->procedure->element_count + 1);
    TRY(fill_acts(p, &c, item, &sight, &acts, &v, done));
    if (sight.of.side == SIDE_OFFICE) {
        TRY(fill_proposal(p, &c, item, &v));
    }
    fill_kept(&c, item, &v);
    TRY(fill_drawing(p, &c, item, done, &v));
    fill_facts(p, &c, &sight, &acts, stated, &v);
    v.law = refs.rows;
    v.law_count = refs.count;
    return page_show(p, 200, v.title, page_case, &v);
}

/* ---- acting ---- */

static enum err act_view(struct page *p, const struct case_state *c, struct form_view *f)
{
    struct arena *a = p->ctx->arena;
    *f = (struct form_view){
        .law = c->law, .item = law_item(c->law, c->item), .kind = law_act(c->law, p->args[1])};
    if (f->kind == NULL || f->item == NULL || f->kind->in_case != ACT_CASE_IN) {
        return ERR_NOT_FOUND;
    }
    f->title = str_format(a, "%.*s: %.*s", FMT(page_text(p, f->kind->title)),
                          FMT(page_text(p, f->item->title)));
    f->action = str_format(a, "/case/%.*s/act/%.*s", FMT(c->id), FMT(f->kind->kind));
    f->back = str_format(a, "/case/%.*s", FMT(c->id));
    return ERR_OK;
}

static enum err case_page_act(struct page *p)
{
    struct sight sight;
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct case_state c;
    struct form_view f;
    bool found = false;
    TRY(sight_load(p, p->args[0], &c, &sight, &found));
    if (!found) {
        return ERR_OK;
    }
    if (act_view(p, &c, &f) != ERR_OK) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    TRY(waiting_reopen(p, &f));
    struct draft d = {.kind = f.kind->kind, .case_id = c.id, .actor = p->session.actor};
    d.fields = f.values == NULL ? json_object() : *f.values;
    TRY(form_sources(p, &f, &d));
    return show_form(p, &f);
}

static enum err case_post_act(struct page *p)
{
    struct sight sight;
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct case_state c;
    struct form_view f;
    struct verdict verdict;
    struct json settled;
    bool found = false;
    TRY(sight_load(p, p->args[0], &c, &sight, &found));
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
    d.actor.co_id = waiting_second(p, f.kind);
    TRY(waiting_files(p, &d));
    TRY(gate_settled(ctx, p->gate, p->db, &d, &verdict, &settled));
    if (!verdict.admitted && str_equal(verdict.check, STR("form")) && !p->wants_json) {
        f.values = &d.fields;
        f.wrong = &verdict;
        TRY(form_sources(p, &f, &d));
        TRY(waiting_reopen(p, &f));
        return show_form(p, &f);
    }
    return d.actor.co_id.n > 0 ? waiting_send(p, &d, &verdict, &settled) : page_submit(p, &d, NULL);
}

/* ---- what an act left ---- */

/* The act of the address, when this session is told of it. */
static enum err open_act(struct page *p, struct act_record *ret, struct case_state *c,
                         bool *ret_found)
{
    struct sight sight;
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    int64_t seq = -1;
    bool found = false;
    *ret_found = false;
    if (str_to_i64(p->args[0], &seq) && seq >= 0) {
        TRY(gate_act(ctx, p->gate, p->db, seq, ret, &found));
    }
    if (found && ret->case_id.n > 0) {
        TRY(sight_load(p, ret->case_id, c, &sight, ret_found));
        if (!*ret_found || sees_act(&sight, c, ret)) {
            return ERR_OK;
        }
    }
    *ret_found = false;
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
    TRY(gate_document(ctx, p->gate, p->db, act.seq, p->lang == LANG_EN ? STR("en") : STR("zh"),
                      &v.body, &v.anew));
    if (v.body.n == 0) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    return page_show(p, 200, say(p, "文书", "Document"), page_document, &v);
}

/* A file of the case, by digest, for those who may see the fact it stands in. */
static enum err case_file(struct page *p)
{
    struct sight sight;
    struct acts acts = {0};
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct case_state c;
    struct vault_file file;
    const struct json *value = NULL;
    bool found = false;
    TRY(sight_load(p, p->args[0], &c, &sight, &found));
    if (!found) {
        return ERR_OK;
    }
    TRY(gate_case_acts(ctx, p->gate, p->db, c.id, &acts.list, &acts.count));
    const bool *stated = sight_facts(p, &sight, &c, acts.list, acts.count);
    for (size_t i = 0; i < c.facts.count; i++) {
        const struct json *v = &c.facts.members[i].value;
        bool open = sees_fact(&sight, c.law, stated, c.facts.members[i].key);
        value = open && str_equal(json_text(v, "sha256"), p->args[1]) ? v : value;
    }
    TRY(vault_file_look(ctx, p->db, p->args[1], &file, &found));
    if (value == NULL || !found) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    /* The same bytes may have come with another case, under another name: this one's counts. */
    return page_file(p, &file, json_text(value, "name"), json_text(value, "type"));
}

static const struct route rows[] = {
    {"GET", "/case/{id}", case_page_show, FOR_PARTY | FOR_OFFICER, 0,
     "One case: acts, clocks, what may be done", page_case_schema, ""},
    {"GET", "/case/{id}/act/{kind}", case_page_act, FOR_PARTY | FOR_OFFICER, 0, "Form of an act",
     NULL, "draft"},
    {"POST", "/case/{id}/act/{kind}", case_post_act, FOR_PARTY | FOR_OFFICER, LIMIT_UPLOAD_BYTES,
     "Do an act: facts by id; where two officers sign, _with the second", NULL, "_with _draft"},
    {"GET", "/case/{id}/file/{sha256}", case_file, FOR_PARTY | FOR_OFFICER, 0, "A file of the case",
     NULL, ""},
    {"GET", "/receipt/{seq}", case_page_receipt, FOR_PARTY | FOR_OFFICER, 0, "Receipt of an act",
     page_receipt_schema, ""},
    {"GET", "/document/{seq}", case_page_document, FOR_PARTY | FOR_OFFICER, 0,
     "Document drawn up by an act", page_document_schema, ""},
};
const struct route_table case_routes = {rows, LEN(rows)};
