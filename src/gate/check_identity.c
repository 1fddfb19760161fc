/* Who acts: a kind of actor this act is for, known to the ledger, surely and lately enough signed
 * in, in a role the act names, and when it is a party's act, the party itself or one entitled to
 * act for it, or at the counter an officer for a party that is registered. An institution acts by
 * its own key, as what it is registered to be. */
#include "base/token.h"
#include "gate/gate_in.h"

check_fn check_identity;

enum { PROOF_AHEAD_MS = 60000 };

static unsigned who_bit(enum actor_kind kind)
{
    static const unsigned bit[] = {
        [ACTOR_PARTY] = WHO_PARTY, [ACTOR_OFFICER] = WHO_OFFICER, [ACTOR_ADMIN] = WHO_ADMIN,
        [ACTOR_CLOCK] = WHO_CLOCK, [ACTOR_NODE] = WHO_NODE,       [ACTOR_CLIENT] = WHO_CLIENT,
    };
    return bit[kind];
}

static bool has_role(const struct question *q)
{
    const struct actor_record *a = &q->actor;
    for (size_t i = 0; i < a->role_count; i++) {
        bool meant = q->draft->actor.role.n == 0 || str_equal(q->draft->actor.role, a->roles[i]);
        if (meant && str_in(a->roles[i], q->kind->roles, q->kind->role_count)) {
            return true;
        }
    }
    return q->kind->role_count == 0;
}

/* An institution acts as the kind of institution the act is for, and where the case names one, it
 * is that one. Its key was proven by the signature on what it sent. */
static bool check_client(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct cite *basis = q->kind->article_count > 0 ? &q->kind->articles[0] : NULL;
    struct str none = {0};
    if (!q->has_actor || !q->actor.active || !str_equal(q->actor.kind, STR("client"))) {
        return verdict_refuse(ctx, q, ret, "identity.unknown", NULL, none);
    }
    bool meant = false;
    for (size_t i = 0; i < q->actor.role_count; i++) {
        meant =
            meant || str_in(q->actor.roles[i], q->kind->institutions, q->kind->institution_count);
    }
    if (!meant) {
        return verdict_refuse(ctx, q, ret, "identity.role", basis, none);
    }
    return q->speaks_for_party ||
           verdict_refuse(ctx, q, ret, "identity.authority", NULL, q->kind->party->id);
}

/* Was an identity proven as lately as the act wants? What is only looked at (gate_open) needs no
 * proof yet. One that lies ahead was made before the clock was set back. */
static bool is_fresh(const struct question *q, struct instant proven, struct instant at)
{
    int64_t age = at.ms - proven.ms;
    return q->kind->fresh_min == 0 || q->without_form ||
           (age >= -PROOF_AHEAD_MS && age <= (int64_t)q->kind->fresh_min * 60000);
}

/* Each who signs is surely and lately enough signed in, when signing: the first when it was sent to
 * the second, who signs now. */
static bool check_proofs(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct actor *first = &q->draft->actor;
    const struct consent *second = &q->draft->consent;
    bool two = second->digest.n > 0;
    struct str none = {0};
    if (first->assurance < q->kind->assurance || (two && second->assurance < q->kind->assurance)) {
        return verdict_refuse(ctx, q, ret, "identity.weak", NULL, none);
    }
    return (is_fresh(q, first->proven, two ? second->sent : q->at) &&
            (!two || is_fresh(q, second->proven, q->at))) ||
           verdict_refuse(ctx, q, ret, "identity.stale", NULL, none);
}

bool check_identity(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    const struct actor *actor = &q->draft->actor;
    struct str none = {0};
    if (q->kind == NULL) {
        return verdict_refuse(ctx, q, ret, "procedure.kind", NULL, none);
    }
    const struct cite *basis = q->kind->article_count > 0 ? &q->kind->articles[0] : NULL;
    if ((q->kind->who & who_bit(actor->kind)) == 0) {
        return verdict_refuse(ctx, q, ret, "identity.kind", basis, none);
    }
    if (actor->kind == ACTOR_CLOCK || actor->kind == ACTOR_NODE) {
        return true;
    }
    if (actor->kind == ACTOR_CLIENT) {
        return check_client(ctx, q, ret);
    }
    if (!q->has_actor || !q->actor.active) {
        return verdict_refuse(ctx, q, ret, "identity.unknown", NULL, none);
    }
    if (!check_proofs(ctx, q, ret)) {
        return false;
    }
    bool names_other =
        q->kind->own != NULL &&
        !str_equal(json_text(&q->draft->fields, str_z(ctx->arena, q->kind->own->id)), q->party);
    if (actor->kind == ACTOR_PARTY && (!q->speaks_for_party || (names_other && !q->without_form))) {
        return verdict_refuse(ctx, q, ret, "identity.authority", NULL, none);
    }
    struct str self = q->kind->self == NULL
                          ? actor->id
                          : json_text(&q->draft->fields, str_z(ctx->arena, q->kind->self->id));
    bool is_self = str_equal(self, actor->id) || (self.n > 0 && str_equal(self, q->actor.person)) ||
                   self.n == 0;
    if (!is_self && !q->without_form && !q->erased) {
        return verdict_refuse(ctx, q, ret, "identity.authority", NULL, q->kind->self->id);
    }
    if (actor->kind == ACTOR_PARTY) {
        return !q->kind->principal || q->is_head ||
               verdict_refuse(ctx, q, ret, "identity.principal", NULL, none);
    }
    /* At the counter for a party, or of the office's own about one: either way one that is
     * registered. */
    bool names_party = (q->kind->who & WHO_PARTY) != 0 || actor->for_id.n > 0;
    bool files_for_party =
        actor->kind == ACTOR_OFFICER && q->kind->in_case == ACT_CASE_OPEN && names_party;
    if (files_for_party && !q->speaks_for_party) {
        return verdict_refuse(ctx, q, ret, "identity.authority", NULL, none);
    }
    bool right_kind =
        str_equal(q->actor.kind, actor->kind == ACTOR_OFFICER ? STR("officer") : STR("admin"));
    return (right_kind && has_role(q)) || verdict_refuse(ctx, q, ret, "identity.role", basis, none);
}
