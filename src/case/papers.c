/* Papers that must be served, as the pages show them: on the page of a case to its office, and to
 * each addressee their own; on the desk of an office those it drew up and has not served.
 *
 * A time that counts from service does not run while a paper waits, so both sides must see that it
 * waits; and a service that was recorded days after it happened says so, for a court that asks
 * from which day a time ran is answered by the day of the deed. */
#include "base/token.h"
#include "case/case_in.h"
#include "web/answer.h"
#include "web/use.h"
#include "page_case_html.h"
#include "page_desk_html.h"

static struct str title_of(struct page *p, const struct law *law, struct str kind)
{
    const struct act_kind *k = law == NULL ? NULL : law_act(law, kind);
    return k == NULL ? kind : page_text(p, k->title);
}

static struct str late_text(struct page *p, const struct paper *x)
{
    int32_t days = x->told.n - x->served.n;
    return days <= 0
               ? STR("")
               : str_format(p->ctx->arena,
                            p->lang == LANG_EN ? "recorded %d days after" : "事后第 %d 天记录",
                            days);
}

enum err fill_papers(struct page *p, const struct case_state *c, const struct sight *sight,
                     struct page_case *v)
{
    struct ctx *ctx = p->ctx;
    struct paper *list = NULL;
    size_t count = 0;
    TRY(gate_papers(ctx, p->db, c->id, &list, &count));
    struct page_case_papers *rows = ARENA_ARRAY(ctx->arena, struct page_case_papers, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct paper *x = &list[i];
        if (sight->of.side != SIDE_OFFICE && !str_equal(sight->of.as, x->party)) {
            continue;
        }
        struct page_case_papers *row = &rows[v->papers_count++];
        bool served = x->served.n >= 0;
        *row = (struct page_case_papers){
            .seq = x->seq,
            .title = title_of(p, c->law, x->kind),
            .drawn = x->drawn,
            .is_served = served,
            .way =
                served ? page_text(p, law_code_title(c->law, STR("service-way"), x->way)) : STR(""),
            .served = {served ? x->served.n : 0},
            .by = served ? x->by_seq : 0,
            .late = served ? late_text(p, x) : STR("")};
        if ((sight->classes & 1u << CLASS_PERSONAL) != 0) {
            TRY(party_name(ctx, p->db, x->party, &row->to));
        }
    }
    v->papers = rows;
    return ERR_OK;
}

enum err fill_papers_waiting(struct page *p, struct str office, size_t most, struct page_desk *v)
{
    struct ctx *ctx = p->ctx;
    struct paper *list = NULL;
    size_t count = 0;
    TRY(gate_papers_waiting(ctx, p->db, office, most, &list, &count));
    struct page_desk_papers *rows = ARENA_ARRAY(ctx->arena, struct page_desk_papers, count + 1);
    struct day today = instant_day(ctx->world->now(ctx->world));
    for (size_t i = 0; i < count; i++) {
        page_use(p, list[i].party, list[i].case_id, ACCESS_OFFICE);
        rows[i] = (struct page_desk_papers){.id = list[i].case_id,
                                            .title = title_of(p, p->law, list[i].kind),
                                            .drawn = list[i].drawn,
                                            .days = today.n - list[i].drawn.n};
        TRY(party_name(ctx, p->db, list[i].party, &rows[i].to));
    }
    v->papers = rows;
    v->papers_count = count;
    return ERR_OK;
}
