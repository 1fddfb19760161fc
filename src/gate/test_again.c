/* What an older, laxer gate admitted stands: it is replayed as it was, with the case it moved, its
 * document and its proposal, counted and told, and views are filled from it. The laxer gate is this
 * one without its checks. */
#include "cli/test_play.h"
#include "gate/gate_in.h"

struct lax {
    struct gate *gate;
    const struct draft *draft;
    struct admission admission;
};

/* In the writer's transaction, as admit does it, but nothing is checked. */
static enum err admit_laxly(struct ctx *ctx, struct db *db, void *arg,
                            const struct receipt *receipt UNUSED)
{
    struct lax *x = arg;
    struct gate *g = x->gate;
    struct question q;
    TRY(question_load(ctx, g, db, x->draft, g->world->now(g->world), book_newest(g->book), &q));
    must(q.kind != NULL);
    q.recorded = true; /* so that the procedure stays where it awaits no such act */
    TRY(admit_question(ctx, g, db, &q, NULL, &x->admission));
    g->last = q.at;
    return ERR_OK;
}

static struct draft draft_of(struct story *s, const char *by, const char *kind, const char *fields)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct draft d = {.kind = str_from(kind), .case_id = s->case_id};
    CHECK_OK(json_parse(ctx, str_from(fields), STR("fields"), &d.fields));
    d.actor = (struct actor){.kind = by[0] == 'p' ? ACTOR_PARTY : ACTOR_OFFICER,
                             .id = str_from(by),
                             .assurance = 2,
                             .proven = s->stage.clock.now};
    return d;
}

static void lawful(struct story *s, const char *by, const char *kind, const char *fields)
{
    struct test *t = s->t;
    struct draft d = draft_of(s, by, kind, fields);
    if (s->case_id.n == 0) {
        d.item = STR("food-new");
        d.actor.for_id = STR("org-bake");
    }
    struct receipt r = story_submit(s, &d);
    CHECK_STR(r.verdict.code, "");
    s->case_id = s->case_id.n == 0 ? r.case_id : s->case_id;
}

/* Refused by the gate for `code`, and recorded all the same. */
static void unlawful(struct story *s, const char *by, const char *kind, const char *fields,
                     const char *code)
{
    struct test *t = s->t;
    struct ctx *ctx = s->ctx;
    struct draft d = draft_of(s, by, kind, fields);
    struct lax x = {.gate = s->stage.gate, .draft = &d};
    CHECK_STR(story_submit(s, &d).verdict.code, code);
    CHECK_OK(keep_here_wait(ctx, s->stage.gate, admit_laxly, &x));
    s->lax++;
}

static const char food[] =
    "{\"business.name\":\"滨河县禾木烘焙店\",\"premises.address\":\"滨河县东风路 6 "
    "号\",\"premises.area\":80,\"premises.pollution_distance_ok\":true,\"food.kind\":\"catering\","
    "\"food.raw\":false,\"food.manager\":\"林知夏\",\"food.health_ok\":true,"
    "\"food.withdrawn_five_years\":false,\"person.phone\":\"13800006620\","
    "\"service.delivery\":\"electronic\",\"service.truth\":true,"
    "\"premises.plan\":{\"name\":\"a.pdf\",\"type\":\"application/pdf\",\"size\":9,\"sha256\":"
    "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"},"
    "\"food.rules\":{\"name\":\"b.pdf\",\"type\":\"application/pdf\",\"size\":9,\"sha256\":"
    "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"}}";

TEST(gate_what_a_laxer_gate_admitted_stands)
{
    struct story s;
    story_open(&s, t, ctx);
    story_set_day(&s, (struct day){20514}); /* 2026-03-02 */
    lawful(&s, "p-zhou", "apply", food);
    unlawful(&s, "p-zhou", "accept", "{}", "identity.kind");
    unlawful(&s, "o-clerk", "accept", "{}", "procedure.order");
    unlawful(&s, "o-clerk", "suspend", "{\"case.reason\":\"送检\",\"case.days\":5}",
             "identity.role");
    lawful(&s, "o-reviewer", "resume", "{}");
    unlawful(&s, "o-reviewer", "review-opinion", "{}", "form.missing");
    unlawful(&s, "o-decider", "refuse", "{}", "form.missing");
    CHECK_STR(story_ask_again(&s), "accept identity identity.kind by an article\n"
                                   "accept procedure procedure.order by an article\n"
                                   "suspend identity identity.role by an article\n"
                                   "review-opinion form form.missing by an article\n"
                                   "refuse form form.missing by an article\n");
    story_refill(&s);
    story_close(&s);
}
