/* Does the case's procedure await this kind of act now? Acts outside a task hang on the status. */
#include "base/token.h"
#include "gate/gate_in.h"

check_fn check_procedure;

bool procedure_awaits(const struct question *q)
{
    if (q->row.closed != 0 || q->state == NULL) {
        return false;
    }
    return q->draft->actor.kind == ACTOR_CLOCK
               ? q->has_timer && str_equal(q->timer.kind, q->kind->kind)
               : bpmn_may(q->item->procedure, q->state, q->kind->kind);
}

/* A case of the party runs about the same thing: which. */
static bool refuse_open(struct ctx *ctx, const struct question *q, struct verdict *ret)
{
    const struct item *item = law_item(q->law, q->open_item);
    struct text2 title = item == NULL ? (struct text2){q->open_item, q->open_item} : item->title;
    struct str en = title.en.n > 0 ? title.en : title.zh;
    verdict_refuse(ctx, q, ret, "procedure.open_case", NULL, q->open_fact);
    ret->sentence =
        (struct text2){str_format(ctx->arena, "%.*s：%.*s（%.*s）。", FMT(ret->sentence.zh),
                                  FMT(q->open_case), FMT(title.zh)),
                       str_format(ctx->arena, "%.*s: %.*s (%.*s).", FMT(ret->sentence.en),
                                  FMT(q->open_case), FMT(en))};
    return false;
}

bool check_procedure(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    struct str none = {0};
    const struct act_kind *kind = q->kind;
    const struct cite *basis = kind->article_count > 0 ? &kind->articles[0] : NULL;
    if (kind->in_case == ACT_CASE_NONE) {
        return q->draft->case_id.n == 0 ||
               verdict_refuse(ctx, q, ret, "procedure.case", NULL, none);
    }
    if (kind->in_case == ACT_CASE_OPEN) {
        bool starts = !q->has_case && q->item->procedure != NULL;
        if (starts && q->open_case.n > 0) {
            return refuse_open(ctx, q, ret);
        }
        return starts || verdict_refuse(ctx, q, ret, "procedure.case", NULL, none);
    }
    if (!q->has_case) {
        return verdict_refuse(ctx, q, ret, "procedure.case", NULL, none);
    }
    if (!kind->task) {
        bool right = kind->from_count == 0 || str_in(q->row.status, kind->from, kind->from_count);
        if (right && !service_awaited(q, kind)) {
            return verdict_refuse(ctx, q, ret, "procedure.order", basis, none);
        }
        return right || verdict_refuse(ctx, q, ret, "procedure.status", basis, none);
    }
    if (q->row.closed != 0) {
        return verdict_refuse(ctx, q, ret, "procedure.closed", basis, none);
    }
    return procedure_awaits(q) || verdict_refuse(ctx, q, ret, "procedure.order", basis, none);
}
