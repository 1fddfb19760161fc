/* Inside what the decision table leaves open, or with reasons and a higher power; and the
 * conditions the act's own file sets, each of which refuses by its own article. */
#include "gate/gate_in.h"

check_fn check_bounds;

static bool may_depart(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct act_kind *kind = q->kind;
    struct str none = {0};
    if (kind->depart_field_count == 0) {
        return verdict_refuse(ctx, q, ret, "bounds.outside", &kind->bounds_article, none);
    }
    for (size_t i = 0; i < kind->depart_field_count; i++) {
        struct str id = kind->depart_fields[i]->id;
        const struct json *v = json_get_str(&q->draft->fields, id);
        if (v == NULL || v->kind == JSON_NULL ||
            (v->kind == JSON_STRING && str_trim(v->text).n == 0)) {
            return verdict_refuse(ctx, q, ret, "bounds.reasons", &kind->bounds_article, id);
        }
    }
    if (kind->depart_power.n > 0 && !office_holds(q, kind->depart_power)) {
        return verdict_refuse(ctx, q, ret, "bounds.power", &kind->bounds_article, none);
    }
    return true;
}

/* What the item asks of an application, where it says so in terms of what was filled in. */
static bool item_conditions_hold(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    bool fills = q->kind->fields_from_need && q->item != NULL && !q->without_form;
    for (size_t i = 0; fills && i < q->item->condition_count; i++) {
        const struct condition *c = &q->item->conditions[i];
        if (c->when != NULL && !question_holds(ctx, q, c->when)) {
            verdict_refuse(ctx, q, ret, "bounds.when", &c->article, (struct str){0});
            ret->sentence = c->text;
            return false;
        }
    }
    return true;
}

bool check_bounds(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct act_kind *kind = q->kind;
    if (q->erased) {
        return true;
    }
    for (size_t i = 0; i < kind->condition_count && !q->without_form; i++) {
        const struct act_condition *c = &kind->conditions[i];
        if (!question_holds(ctx, q, c->when)) {
            verdict_refuse(ctx, q, ret, "bounds.when", &c->article, (struct str){0});
            ret->sentence = c->text.zh.n > 0 ? c->text : ret->sentence;
            return false;
        }
    }
    if (!item_conditions_hold(ctx, q, ret)) {
        return false;
    }
    bool bounded =
        kind->bounds_allow != NULL && q->item != NULL && q->item->model != NULL && !q->without_form;
    if (!bounded || question_holds(ctx, q, kind->bounds_allow)) {
        return true;
    }
    return may_depart(ctx, q, ret);
}
