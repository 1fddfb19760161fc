/* Recusal and separation: who has a conflict stays out, who did the one may not do the other, what
 * must come first has come, two sign where two must, and once is once.
 *
 * All of it holds for natural persons, not for accounts, and for each who signs: a second signature
 * of somebody who could not have signed first is none. */
#include "base/token.h"
#include "gate/gate_in.h"

check_fn check_apart;

static bool anyone_did(const struct question *q, const struct act_kind *kind)
{
    for (size_t i = 0; i < q->done_count; i++) {
        if (str_equal(q->done[i].kind, kind->kind)) {
            return true;
        }
    }
    return false;
}

/* Is there a second account that could sign: another one, in the same office, in a role of the act?
 */
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

/* Did they do in this case what another person must have done, or is it about them? Then the
 * article that parts the two; else NULL. */
static const struct cite *did_apart(const struct act_kind *kind, const struct standing *s)
{
    if (s->is_named) {
        return &kind->apart.not_named;
    }
    for (size_t i = 0; i < kind->not_same_as_count; i++) {
        if (str_in(kind->not_same_as[i]->kind, s->did, s->did_count)) {
            bool own = kind->same_by != NULL && kind->same_by[i].statute != NULL;
            return own ? &kind->same_by[i] : &kind->apart.same;
        }
    }
    return NULL;
}

static bool must_stay_out(const struct act_kind *kind, const struct standing *s)
{
    return kind->recuse && (s->conflict.n > 0 || s->decided_before);
}

/* Where two officers sign: two persons, each of whom may, and both the same text. */
static bool check_second(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct act_kind *kind = q->kind;
    const struct standing *second = &q->standing[SIGNER_SECOND];
    struct str none = {0};
    const struct cite *basis = kind->article_count > 0 ? &kind->articles[0] : NULL;
    const struct cite *officers =
        kind->apart.officers.statute != NULL ? &kind->apart.officers : basis;
    if (!co_signed(q)) {
        return verdict_refuse(ctx, q, ret, "apart.officers", officers, none);
    }
    if (q->actor.person.n > 0 && str_equal(q->actor.person, q->co_actor.person)) {
        return verdict_refuse(ctx, q, ret, "apart.person", officers, none);
    }
    if (must_stay_out(kind, second)) {
        return verdict_refuse(ctx, q, ret, "apart.second", &kind->apart.recuse, none);
    }
    const struct cite *apart = did_apart(kind, second);
    if (second->is_both || apart != NULL) {
        return verdict_refuse(ctx, q, ret, "apart.second", apart, none);
    }
    return consent_holds(ctx, q->draft) ||
           verdict_refuse(ctx, q, ret, "apart.signature", officers, none);
}

bool check_apart(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct act_kind *kind = q->kind;
    const struct standing *first = &q->standing[SIGNER_FIRST];
    struct str none = {0};
    const struct cite *basis = kind->article_count > 0 ? &kind->articles[0] : NULL;
    const struct cite *after = kind->apart.after.statute != NULL ? &kind->apart.after : basis;
    const struct cite *once = kind->apart.once.statute != NULL ? &kind->apart.once : basis;
    if (q->mixes_roles) {
        return verdict_refuse(ctx, q, ret, "apart.roles", NULL, none);
    }
    if (first->is_both) {
        return verdict_refuse(ctx, q, ret, "apart.both", NULL, none);
    }
    if (must_stay_out(kind, first)) {
        return verdict_refuse(ctx, q, ret, "apart.conflict", &kind->apart.recuse, none);
    }
    const struct cite *apart = did_apart(kind, first);
    if (apart != NULL) {
        return verdict_refuse(ctx, q, ret, "apart.same", apart, none);
    }
    for (size_t i = 0; i < kind->after_count; i++) {
        if (!anyone_did(q, kind->after[i])) {
            return verdict_refuse(ctx, q, ret, "apart.after", after, none);
        }
    }
    if (kind->once && anyone_did(q, kind)) {
        return verdict_refuse(ctx, q, ret, "apart.once", once, none);
    }
    return kind->officers <= 1 || q->without_form || check_second(ctx, q, ret);
}
