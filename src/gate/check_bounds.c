#include "gate/gate_in.h"

/* Inside what the decision table leaves open, or with reasons and a higher power; and the condition
 * the act's own file sets. */

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
        if (v == NULL || v->kind == JSON_NULL || (v->kind == JSON_STRING && str_trim(v->text).n == 0)) {
            return verdict_refuse(ctx, q, ret, "bounds.reasons", &kind->bounds_article, id);
        }
    }
    if (kind->depart_power.n > 0 && !office_holds(q->office, kind->depart_power, q->item, q->day)) {
        return verdict_refuse(ctx, q, ret, "bounds.power", &kind->bounds_article, none);
    }
    return true;
}

bool check_bounds(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct act_kind *kind = q->kind;
    if (q->erased) {
        return true;
    }
    if (kind->when != NULL && !q->without_form && !question_holds(ctx, q, kind->when)) {
        verdict_refuse(ctx, q, ret, "bounds.when", &kind->when_article, (struct str){0});
        if (kind->when_text.zh.n > 0) {
            ret->sentence = kind->when_text;
        }
        return false;
    }
    bool bounded = kind->bounds_allow != NULL && q->item != NULL && q->item->model != NULL && !q->without_form;
    if (!bounded || question_holds(ctx, q, kind->bounds_allow)) {
        return true;
    }
    return may_depart(ctx, q, ret);
}
