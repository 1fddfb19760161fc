/* Recusal and separation: who has a conflict stays out, who did the one may not do the other, what
 * must come first has come, two sign where two must, and once is once. */
#include "base/token.h"
#include "gate/gate_in.h"

check_fn check_apart;

static bool anyone_did(const struct question *q, const struct act_kind *kind)
{
    const struct json *who = json_get_str(&q->acts, kind->kind);
    return json_is(who, JSON_ARRAY) && who->count > 0;
}

static bool co_signed(const struct question *q)
{
    const struct actor *a = &q->draft->actor;
    if (a->co_id.n == 0 || str_equal(a->co_id, a->id) || !q->has_co_actor || !q->co_actor.active) {
        return false;
    }
    if (!str_equal(q->co_actor.office, q->actor.office)) {
        return false;
    }
    for (size_t i = 0; i < q->co_actor.role_count; i++) {
        if (str_in(q->co_actor.roles[i], q->kind->roles, q->kind->role_count)) {
            return true;
        }
    }
    return false;
}

bool check_apart(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct act_kind *kind = q->kind;
    struct str none = {0};
    const struct cite *basis = kind->article_count > 0 ? &kind->articles[0] : NULL;
    const struct cite *after = kind->apart.after.statute != NULL ? &kind->apart.after : basis;
    const struct cite *officers =
        kind->apart.officers.statute != NULL ? &kind->apart.officers : basis;
    const struct cite *once = kind->apart.once.statute != NULL ? &kind->apart.once : basis;
    if (q->mixes_roles) {
        return verdict_refuse(ctx, q, ret, "apart.roles", NULL, none);
    }
    if (q->is_both) {
        return verdict_refuse(ctx, q, ret, "apart.both", NULL, none);
    }
    if (kind->recuse && (q->conflict.n > 0 || q->decided_before)) {
        return verdict_refuse(ctx, q, ret, "apart.conflict", &kind->apart.recuse, none);
    }
    for (size_t i = 0; i < kind->not_same_as_count; i++) {
        if (did(&q->acts, kind->not_same_as[i]->kind, q->draft->actor.id)) {
            return verdict_refuse(ctx, q, ret, "apart.same", &kind->apart.same, none);
        }
    }
    for (size_t i = 0; i < kind->after_count; i++) {
        if (!anyone_did(q, kind->after[i])) {
            return verdict_refuse(ctx, q, ret, "apart.after", after, none);
        }
    }
    if (kind->once && anyone_did(q, kind)) {
        return verdict_refuse(ctx, q, ret, "apart.once", once, none);
    }
    if (kind->officers > 1 && !q->without_form && !co_signed(q)) {
        return verdict_refuse(ctx, q, ret, "apart.officers", officers, none);
    }
    return true;
}
