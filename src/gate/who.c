/* Who acts, put into the question: what the ledger says of them, whom they may act for, and what
 * stands against it in this case. */
#include "base/token.h"
#include "gate/gate_in.h"

/* ---- who signs ---- */

/* An account, and the natural person who holds it: law means the person. */
struct signer {
    enum actor_kind kind;
    struct str id;
    struct str person; /* empty: of a party, or when the ledger does not say */
};

static bool is_same_person(const struct signer *me, const struct actor_record *other)
{
    return me->person.n > 0 && str_equal(other->person, me->person);
}

/* ---- conflicts of interest ---- */

/* The account and the person against one other of the case. */
static enum err conflict_with(struct ctx *ctx, struct db *db, const struct question *q,
                              const struct signer *me, struct str other, struct str *ret)
{
    struct str selves[2] = {me->id, me->person};
    for (size_t i = 0; i < LEN(selves) && ret->n == 0; i++) {
        TRY(people_conflict(ctx, db, q->law_now, selves[i], other, q->day, ret));
    }
    return ERR_OK;
}

/* With a person who acted for the party in this case: whose agent is kin is as near to it as whose
 * client is. Officers among the actors are colleagues, not parties. */
static enum err conflict_with_agents(struct ctx *ctx, struct db *db, const struct question *q,
                                     const struct signer *me, struct str *ret)
{
    for (size_t i = 0; i < q->done_count && ret->n == 0; i++) {
        struct actor_record other;
        struct str id = q->done[i].actor; /* no party has a second who signs */
        bool found = false;
        bool known = id.n == 0 || str_equal(id, me->id) || str_equal(id, q->party) ||
                     str_equal(id, q->row.filed_by);
        if (!known) {
            TRY(people_find(ctx, db, id, q->day, &other, &found));
        }
        if (found && str_equal(other.kind, STR("person"))) {
            TRY(conflict_with(ctx, db, q, me, id, ret));
        }
    }
    return ERR_OK;
}

/* Against those whom the act itself names and law counts as its parties: who registers another's
 * agent stands in no case, and may be as near to the one or the other. */
static enum err conflict_with_named(struct ctx *ctx, struct db *db, const struct question *q,
                                    const struct signer *me, struct str *ret)
{
    struct str selves[2] = {me->id, me->person};
    for (size_t i = 0; q->kind != NULL && i < q->kind->recuse_from_count && ret->n == 0; i++) {
        const struct json *v = json_get_str(&q->draft->fields, q->kind->recuse_from[i]->id);
        struct str other = json_is(v, JSON_STRING) ? v->text : STR("");
        TRY(conflict_with(ctx, db, q, me, other, ret));
        for (size_t k = 0; k < LEN(selves) && ret->n == 0; k++) {
            TRY(people_conflict_with_heads(ctx, db, q->law_now, selves[k], other, q->day, ret));
        }
    }
    return ERR_OK;
}

/* The signer, and the person who holds the office, against the party, who filed or acted for it,
 * who heads it, and the case itself. */
static enum err load_conflict(struct ctx *ctx, struct db *db, const struct question *q,
                              const struct signer *me, struct str *ret)
{
    struct str selves[2] = {me->id, me->person};
    /* Who opened a case in office has no conflict by that; who filed it for a party may have. */
    bool by_other = q->has_case && !str_equal(q->row.filed_by, me->id);
    const struct law *law = q->law_now;
    TRY(conflict_with(ctx, db, q, me, q->party, ret));
    if (ret->n == 0 && by_other) {
        TRY(conflict_with(ctx, db, q, me, q->row.filed_by, ret));
    }
    for (size_t i = 0; i < LEN(selves) && ret->n == 0; i++) {
        TRY(people_conflict_with_heads(ctx, db, law, selves[i], q->party, q->day, ret));
        if (ret->n == 0 && q->has_case) {
            TRY(people_bar(ctx, db, law, selves[i], q->row.id, q->day, ret));
        }
    }
    if (ret->n == 0) {
        TRY(conflict_with_named(ctx, db, q, me, ret));
    }
    return ret->n > 0 || !q->has_case ? ERR_OK : conflict_with_agents(ctx, db, q, me, ret);
}

enum err conflict_of(struct ctx *ctx, struct db *db, const struct question *q, struct str id,
                     struct str person, struct str *ret)
{
    struct signer one = {ACTOR_OFFICER, id, person};
    *ret = STR("");
    return load_conflict(ctx, db, q, &one, ret);
}

/* Is the account that of the natural person who signs, on the other side of the counter? */
static enum err is_other_side(struct ctx *ctx, struct db *db, struct day day,
                              const struct signer *me, struct str account, bool *ret)
{
    struct actor_record other;
    bool found = false;
    if (me->kind == ACTOR_OFFICER) {
        *ret = me->person.n > 0 && str_equal(account, me->person);
        return ERR_OK;
    }
    TRY(people_find(ctx, db, account, day, &other, &found));
    *ret = found && other.person.n > 0 && str_equal(other.person, me->id);
    return ERR_OK;
}

static enum err load_both(struct ctx *ctx, struct db *db, const struct question *q,
                          const struct signer *me, bool *ret)
{
    for (size_t i = 0; i < q->done_count && !*ret; i++) {
        TRY(is_other_side(ctx, db, q->day, me, q->done[i].actor, ret));
        if (!*ret && q->done[i].second.n > 0) {
            TRY(is_other_side(ctx, db, q->day, me, q->done[i].second, ret));
        }
    }
    return ERR_OK;
}

/* Is the account the signer's, or the same person's in another office? */
static enum err is_own(struct ctx *ctx, struct db *db, struct day day, const struct signer *me,
                       struct str account, bool *ret)
{
    struct actor_record other;
    bool found = false;
    *ret = account.n > 0 && str_equal(account, me->id);
    if (!*ret && account.n > 0 && me->person.n > 0) {
        TRY(people_find(ctx, db, account, day, &other, &found));
        *ret = found && is_same_person(me, &other);
    }
    return ERR_OK;
}

/* Is it the signer, as a person, whom a fact of the case names? */
static enum err load_named(struct ctx *ctx, struct db *db, const struct question *q,
                           const struct signer *me, bool *ret)
{
    for (size_t i = 0; q->kind != NULL && i < q->kind->not_named_count && !*ret; i++) {
        const struct json *v = json_get_str(&q->facts_before, q->kind->not_named[i]->id);
        TRY(is_own(ctx, db, q->day, me, json_is(v, JSON_STRING) ? v->text : STR(""), ret));
    }
    return ERR_OK;
}

static enum err did_as_person(struct ctx *ctx, struct db *db, struct day day,
                              const struct signer *me, const struct gate_done_in_case_row *done,
                              bool *ret)
{
    TRY(is_own(ctx, db, day, me, done->actor, ret));
    return *ret ? ERR_OK : is_own(ctx, db, day, me, done->second, ret);
}

/* Every kind of act that the signer did in this case. */
static enum err load_did(struct ctx *ctx, struct db *db, const struct question *q,
                         const struct signer *me, struct standing *ret)
{
    struct str *kinds = ARENA_ARRAY(ctx->arena, struct str, q->done_count + 1);
    for (size_t i = 0; i < q->done_count; i++) {
        bool did = false;
        TRY(did_as_person(ctx, db, q->day, me, &q->done[i], &did));
        if (did) {
            kinds[ret->did_count++] = q->done[i].kind;
        }
    }
    ret->did = kinds;
    return ERR_OK;
}

static enum err load_decided(struct ctx *ctx, struct db *db, const struct question *q,
                             const struct signer *me, struct str about, bool *ret)
{
    struct gate_done_in_case_row *done = NULL;
    size_t count = 0;
    if (str_equal(about, q->draft->case_id)) {
        return ERR_OK;
    }
    TRY(gate_done_in_case(ctx, db, (struct gate_done_in_case_in){.case_id = about}, &done, &count));
    for (size_t i = 0; i < count && !*ret; i++) {
        for (size_t k = 0; k < q->kind->earlier_count && !*ret; k++) {
            if (str_equal(done[i].kind, q->kind->earlier[k]->kind)) {
                TRY(did_as_person(ctx, db, q->day, me, &done[i], ret));
            }
        }
    }
    return ERR_OK;
}

/* Who decided the case that this one is about does not judge their own decision: the case that is
 * named, and the one by which a room knows the matter to have been decided. */
static enum err load_earlier(struct ctx *ctx, struct gate *g, struct db *db,
                             const struct question *q, const struct signer *me, bool *ret)
{
    if (q->kind == NULL || q->kind->earlier_count == 0) {
        return ERR_OK;
    }
    struct str about = json_text(&q->facts, "case.earlier");
    if (about.n > 0) {
        TRY(load_decided(ctx, db, q, me, about, ret));
    }
    for (size_t i = 0; i < g->room_count; i++) {
        struct act_record act;
        bool found = false;
        int64_t seq = -1;
        if (g->rooms[i]->earlier == NULL) {
            continue;
        }
        TRY(g->rooms[i]->earlier(ctx, db, &q->facts, &seq));
        if (seq >= 0) {
            TRY(gate_act(ctx, g, db, seq, &act, &found));
        }
        if (found && act.case_id.n > 0) {
            TRY(load_decided(ctx, db, q, me, act.case_id, ret));
        }
    }
    return ERR_OK;
}

static enum err load_standing(struct ctx *ctx, struct gate *g, struct db *db,
                              const struct question *q, const struct signer *me,
                              struct standing *ret)
{
    *ret = (struct standing){0};
    if (q->has_case && (me->kind == ACTOR_PARTY || me->kind == ACTOR_OFFICER)) {
        TRY(load_both(ctx, db, q, me, &ret->is_both));
    }
    TRY(load_did(ctx, db, q, me, ret));
    TRY(load_named(ctx, db, q, me, &ret->is_named));
    if (me->kind != ACTOR_OFFICER) {
        return ERR_OK;
    }
    TRY(load_conflict(ctx, db, q, me, &ret->conflict));
    return load_earlier(ctx, g, db, q, me, &ret->decided_before);
}

static enum err load_standings(struct ctx *ctx, struct gate *g, struct db *db, struct question *q)
{
    const struct actor *a = &q->draft->actor;
    struct signer first = {a->kind, a->id, q->actor.person};
    struct signer second = {ACTOR_OFFICER, a->co_id, q->co_actor.person};
    if (a->id.n > 0) {
        TRY(load_standing(ctx, g, db, q, &first, &q->standing[SIGNER_FIRST]));
    }
    if (a->kind == ACTOR_OFFICER && q->has_co_actor) {
        TRY(load_standing(ctx, g, db, q, &second, &q->standing[SIGNER_SECOND]));
    }
    return ERR_OK;
}

/* ---- who must wait before asking again ---- */

struct str bar_matter(const struct item *item)
{
    return item->licence != NULL ? item->licence->id : item->id;
}

static enum err load_bar(struct ctx *ctx, struct db *db, struct question *q)
{
    struct gate_bar_get_row row;
    bool found = false;
    if (q->has_case || q->item == NULL || q->kind == NULL || !q->kind->barred) {
        return ERR_OK;
    }
    TRY(gate_bar_get(
        ctx, db,
        (struct gate_bar_get_in){.party = q->party, .matter = bar_matter(q->item), .day = q->day.n},
        &row, &found));
    q->barred = found ? row.limit_id : q->barred;
    return ERR_OK;
}

/* ---- separation of roles ---- */

static bool is_admin_role(const struct law *law, struct str role)
{
    const struct code_row *row = law_code(law, STR("role"), role);
    return row != NULL && str_equal(row->parent, STR("admin"));
}

static bool has_effect(const struct question *q, struct str effect)
{
    return q->kind != NULL && str_in(effect, q->kind->effects, q->kind->effect_count);
}

/* System, security and audit are three persons with three accounts, and none of them holds an
 * office. */
static enum err load_roles(struct ctx *ctx, struct db *db, struct question *q)
{
    const struct json *f = &q->draft->fields;
    bool admin = has_effect(q, STR("admin.appoint"));
    if (!admin && !has_effect(q, STR("office.appoint"))) {
        return ERR_OK;
    }
    struct str id = json_text(f, admin ? "admin.id" : "officer.id");
    struct str person = json_text(f, admin ? "admin.person" : "officer.person");
    struct actor_record there;
    bool found = false;
    TRY(people_find(ctx, db, id, q->day, &there, &found));
    bool same_kind = found && str_equal(there.kind, admin ? STR("admin") : STR("officer"));
    bool same_role = !admin || (found && there.role_count == 1 &&
                                str_equal(there.roles[0], json_text(f, "admin.role")));
    q->mixes_roles = found && there.active && (!same_kind || !same_role);
    q->mixes_roles =
        q->mixes_roles || (admin && !is_admin_role(q->law_now, json_text(f, "admin.role")));
    const struct json *roles = json_get(f, "officer.roles");
    for (size_t i = 0; !admin && json_is(roles, JSON_ARRAY) && i < roles->count; i++) {
        q->mixes_roles = q->mixes_roles || is_admin_role(q->law_now, roles->items[i].text);
    }
    struct actor_record *held = NULL;
    size_t count = 0;
    TRY(people_held(ctx, db, person, q->day, &held, &count));
    for (size_t i = 0; i < count; i++) {
        bool other = !str_equal(held[i].id, id);
        q->mixes_roles =
            q->mixes_roles || (other && (admin || str_equal(held[i].kind, STR("admin"))));
    }
    return ERR_OK;
}

/* ---- all of it ---- */

/* The party whose act it is: that of the case, or the one a fact of the case names. */
static struct str whose_act(const struct question *q)
{
    if (q->kind == NULL || q->kind->party == NULL) {
        return q->party;
    }
    const struct json *v = json_get_str(&q->facts_before, q->kind->party->id);
    return json_is(v, JSON_STRING) ? v->text : STR("");
}

/* Others whom a fact of the case names, one or a list, and who may do this kind of act beside its
 * party. */
static enum err load_interested(struct ctx *ctx, struct db *db, struct question *q,
                                const struct speaking *s)
{
    const struct json *named = q->kind == NULL || q->kind->interested == NULL
                                   ? NULL
                                   : json_get_str(&q->facts_before, q->kind->interested->id);
    bool many = json_is(named, JSON_ARRAY);
    size_t count = named == NULL ? 0 : many ? named->count : 1;
    for (size_t i = 0; i < count && !q->speaks_for_party; i++) {
        const struct json *who = many ? &named->items[i] : named;
        struct str id = json_is(who, JSON_STRING) ? who->text : STR("");
        if (id.n > 0) {
            TRY(people_speaks_for(ctx, db, q->law_now, q->draft->actor.id, id, q->day, s,
                                  &q->speaks_for_party));
        }
    }
    return ERR_OK;
}

static enum err load_party(struct ctx *ctx, struct db *db, struct question *q)
{
    const struct actor *a = &q->draft->actor;
    struct speaking s = {.matter = q->item == NULL ? STR("") : q->item->id};
    q->party = q->has_case ? q->row.party : a->for_id.n > 0 ? a->for_id : a->id;
    struct str whose = whose_act(q);
    TRY(people_speaks_for(ctx, db, q->law_now, a->id, whose, q->day, &s, &q->speaks_for_party));
    TRY(load_interested(ctx, db, q, &s));
    return people_heads(ctx, db, q->law_now, a->id, whose, q->day, &q->is_head);
}

enum err load_people(struct ctx *ctx, struct gate *g, struct db *db, struct question *q)
{
    const struct actor *a = &q->draft->actor;
    if (a->id.n > 0) {
        TRY(people_find(ctx, db, a->id, q->day, &q->actor, &q->has_actor));
    }
    if (a->co_id.n > 0) {
        TRY(people_find(ctx, db, a->co_id, q->day, &q->co_actor, &q->has_co_actor));
    }
    if (a->kind == ACTOR_PARTY) {
        TRY(load_party(ctx, db, q));
    } else if (a->kind == ACTOR_CLIENT) {
        q->party = q->has_case ? q->row.party : STR("");
        struct str whose = whose_act(q); /* where the case names none, any of its kind */
        q->speaks_for_party = q->kind == NULL || q->kind->party == NULL || whose.n == 0 ||
                              str_equal(whose, q->actor.person);
    } else {
        q->party = q->has_case ? q->row.party : a->for_id;
        if (a->kind == ACTOR_OFFICER && !q->has_case && a->for_id.n > 0) {
            struct actor_record party; /* at the counter it is there itself */
            TRY(people_find(ctx, db, a->for_id, q->day, &party, &q->speaks_for_party));
            q->speaks_for_party =
                q->speaks_for_party && (party.active || (q->kind != NULL && q->kind->ended)) &&
                (str_equal(party.kind, STR("person")) || str_equal(party.kind, STR("org")));
        }
    }
    TRY(load_standings(ctx, g, db, q));
    TRY(load_bar(ctx, db, q));
    return load_roles(ctx, db, q);
}
