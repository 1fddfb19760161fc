/* Who acts: what the ledger says of them, whom they may act for, and what stands against it. */
#include "gate/gate_in.h"

#include "base/json.h"

enum err gate_actor_at(struct ctx *ctx, struct db *db, struct str id, struct day day,
                       struct actor_record *ret, bool *ret_found)
{
    struct gate_actor_get_row row;
    bool found = false;
    TRY(gate_actor_get(ctx, db, (struct gate_actor_get_in){.id = id}, &row, &found));
    *ret_found = found;
    if (!found) {
        return ERR_OK;
    }
    *ret = (struct actor_record){
        .id = row.id, .kind = row.actor_kind, .office = row.office, .person = row.person};
    ret->active = day.n >= row.from_day && day.n < row.until_day;
    struct json roles;
    TRY(json_parse(ctx, row.roles, STR("roles"), &roles));
    struct str *list = ARENA_ARRAY(ctx->arena, struct str, roles.count + 1);
    for (size_t i = 0; roles.kind == JSON_ARRAY && i < roles.count; i++) {
        list[ret->role_count++] = roles.items[i].text;
    }
    ret->roles = list;
    return ERR_OK;
}

/* ---- relations ---- */

/* What a relation does is said by the pack's code table `relation`, in the parent of its row:
 * "heads" (is the party's own head and may act for it in everything), "speaks" (may act for it,
 * within a scope), "bars" (stands against deciding). */
static struct str force_of(const struct law *law, struct str relation)
{
    const struct code_row *code = law == NULL ? NULL : law_code(law, STR("relation"), relation);
    return code == NULL ? STR("") : code->parent;
}

static enum err scope_holds(struct ctx *ctx, struct str scope, const struct speaking *s, bool *ret)
{
    struct json items;
    *ret = scope.n == 0 || s->any_matter;
    if (*ret) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, scope, STR("scope"), &items));
    for (size_t i = 0; items.kind == JSON_ARRAY && i < items.count; i++) {
        *ret = *ret || (s->matter.n > 0 && str_equal(items.items[i].text, s->matter));
    }
    return ERR_OK;
}

/* heads: the relation must be one of a head. */
static enum err speaks_or_heads(struct ctx *ctx, struct db *db, const struct law *law,
                                struct str actor, struct str party, struct day day,
                                const struct speaking *s, bool heads, bool *ret)
{
    struct gate_relation_between_row *rows = NULL;
    size_t count = 0;
    *ret = actor.n > 0 && str_equal(actor, party);
    if (*ret || actor.n == 0) {
        return ERR_OK;
    }
    TRY(gate_relation_between(
        ctx, db, (struct gate_relation_between_in){.a = actor, .b = party, .day = day.n}, &rows,
        &count));
    for (size_t i = 0; i < count && !*ret; i++) {
        struct str force = force_of(law, rows[i].relation);
        if (str_equal(force, STR("heads"))) {
            *ret = true;
        } else if (!heads && str_equal(force, STR("speaks"))) {
            TRY(scope_holds(ctx, rows[i].scope, s, ret));
        }
    }
    return ERR_OK;
}

enum err speaks_for(struct ctx *ctx, struct db *db, const struct law *law, struct str actor,
                    struct str party, struct day day, const struct speaking *s, bool *ret)
{
    return speaks_or_heads(ctx, db, law, actor, party, day, s, false, ret);
}

/* ---- conflicts of interest ---- */

/* any: acting for the other is a conflict as well, as it is when a person's own affairs are looked
 * at. */
static enum err barred(struct ctx *ctx, struct db *db, struct question *q, struct str a,
                       struct str b, bool any)
{
    struct gate_relation_between_row *rows = NULL;
    size_t count = 0;
    TRY(gate_relation_between(ctx, db,
                              (struct gate_relation_between_in){.a = a, .b = b, .day = q->day.n},
                              &rows, &count));
    for (size_t i = 0; i < count && q->conflict.n == 0; i++) {
        struct str force = force_of(q->law_now, rows[i].relation);
        bool bars = str_equal(force, STR("bars")) ||
                    (any && (str_equal(force, STR("heads")) || str_equal(force, STR("speaks"))));
        q->conflict = bars ? rows[i].relation : q->conflict;
    }
    return ERR_OK;
}

/* A conflict bars in either direction. */
static enum err barred_either(struct ctx *ctx, struct db *db, struct question *q, struct str me,
                              struct str other)
{
    if (me.n == 0 || other.n == 0 || q->conflict.n > 0) {
        return ERR_OK;
    }
    if (str_equal(me, other)) {
        q->conflict = STR("self");
        return ERR_OK;
    }
    TRY(barred(ctx, db, q, me, other, true));
    return barred(ctx, db, q, other, me, false);
}

/* Kin of those who head the party's company, or who act for it, is a conflict as kin of the party
 * is. */
static enum err barred_by_heads(struct ctx *ctx, struct db *db, struct question *q, struct str me)
{
    struct gate_relation_to_row *rows = NULL;
    size_t count = 0;
    if (me.n == 0 || q->party.n == 0 || q->conflict.n > 0) {
        return ERR_OK;
    }
    TRY(gate_relation_to(ctx, db, (struct gate_relation_to_in){.b = q->party, .day = q->day.n},
                         &rows, &count));
    for (size_t i = 0; i < count && q->conflict.n == 0; i++) {
        struct str force = force_of(q->law_now, rows[i].relation);
        bool concerned =
            str_equal(force, STR("heads")) || str_equal(rows[i].relation, STR("owner"));
        if (concerned && !str_equal(rows[i].a, me)) {
            TRY(barred(ctx, db, q, me, rows[i].a, false));
            TRY(barred(ctx, db, q, rows[i].a, me, false));
        }
    }
    return ERR_OK;
}

/* The officer, and the person who holds the office, against the party, who filed for it, who heads
 * it, and the case itself. */
static enum err load_conflict(struct ctx *ctx, struct db *db, struct question *q)
{
    struct str selves[2] = {q->draft->actor.id, q->actor.person};
    /* Who opened a case in office has no conflict by that; who filed it for a party may have. */
    bool filed_by_other = q->has_case && !str_equal(q->row.filed_by, q->draft->actor.id);
    for (size_t i = 0; i < LEN(selves); i++) {
        TRY(barred_either(ctx, db, q, selves[i], q->party));
        TRY(barred_either(ctx, db, q, selves[i], filed_by_other ? q->row.filed_by : STR("")));
        TRY(barred_by_heads(ctx, db, q, selves[i]));
        if (q->has_case && selves[i].n > 0 && q->conflict.n == 0) {
            TRY(barred(ctx, db, q, selves[i], q->row.id, false));
        }
    }
    return ERR_OK;
}

/* Did anyone of these acts' actors hold the same person's other account? */
static enum err load_both(struct ctx *ctx, struct db *db, struct question *q)
{
    const struct actor *me = &q->draft->actor;
    for (size_t i = 0; i < q->acts.count && !q->is_both; i++) {
        const struct json *who = &q->acts.members[i].value;
        for (size_t k = 0; who->kind == JSON_ARRAY && k < who->count && !q->is_both; k++) {
            struct gate_actor_get_row row;
            struct str id = who->items[k].text;
            bool found = false;
            if (me->kind == ACTOR_OFFICER) {
                q->is_both = q->actor.person.n > 0 && str_equal(id, q->actor.person);
                continue;
            }
            TRY(gate_actor_get(ctx, db, (struct gate_actor_get_in){.id = id}, &row, &found));
            q->is_both = found && row.person.n > 0 && str_equal(row.person, me->id);
        }
    }
    return ERR_OK;
}

/* Did the actor, or the same person in another office, do an act of this kind in the case these
 * acts are of? */
static enum err did_as_person(struct ctx *ctx, struct db *db, const struct question *q,
                              const struct json *acts, struct str kind, bool *ret)
{
    const struct json *list = json_get_str(acts, kind);
    for (size_t i = 0; json_is(list, JSON_ARRAY) && i < list->count && !*ret; i++) {
        struct actor_record other;
        bool found = false;
        *ret = str_equal(list->items[i].text, q->draft->actor.id);
        if (!*ret && q->actor.person.n > 0) {
            TRY(gate_actor_at(ctx, db, list->items[i].text, q->day, &other, &found));
            *ret = found && str_equal(other.person, q->actor.person);
        }
    }
    return ERR_OK;
}

static enum err load_decided(struct ctx *ctx, struct db *db, struct question *q, struct str about)
{
    struct gate_case_get_row row;
    struct json acts;
    bool found = false;
    TRY(gate_case_get(ctx, db, (struct gate_case_get_in){.id = about}, &row, &found));
    if (!found || str_equal(about, q->draft->case_id)) {
        return ERR_OK;
    }
    TRY(json_parse(ctx, row.acts, STR("acts"), &acts));
    for (size_t i = 0; i < q->kind->earlier_count; i++) {
        TRY(did_as_person(ctx, db, q, &acts, q->kind->earlier[i]->kind, &q->decided_before));
    }
    return ERR_OK;
}

/* Who decided the case that this one is about does not judge their own decision: the case that is
 * named, and the one by which a room knows the matter to have been decided. */
static enum err load_earlier(struct ctx *ctx, struct gate *g, struct db *db, struct question *q)
{
    if (q->kind == NULL || q->kind->earlier_count == 0) {
        return ERR_OK;
    }
    struct str about = json_text(&q->facts, "case.earlier");
    if (about.n > 0) {
        TRY(load_decided(ctx, db, q, about));
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
            TRY(load_decided(ctx, db, q, act.case_id));
        }
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
    TRY(gate_actor_at(ctx, db, id, q->day, &there, &found));
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
    struct gate_actor_of_person_row *held = NULL;
    size_t count = 0;
    if (person.n > 0) {
        TRY(gate_actor_of_person(
            ctx, db, (struct gate_actor_of_person_in){.person = person, .day = q->day.n}, &held,
            &count));
    }
    for (size_t i = 0; i < count; i++) {
        bool other = !str_equal(held[i].id, id);
        q->mixes_roles =
            q->mixes_roles || (other && (admin || str_equal(held[i].actor_kind, STR("admin"))));
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
            TRY(speaks_for(ctx, db, q->law_now, q->draft->actor.id, id, q->day, s,
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
    TRY(speaks_for(ctx, db, q->law_now, a->id, whose, q->day, &s, &q->speaks_for_party));
    TRY(load_interested(ctx, db, q, &s));
    return speaks_or_heads(ctx, db, q->law_now, a->id, whose, q->day, &s, true, &q->is_head);
}

enum err load_people(struct ctx *ctx, struct gate *g, struct db *db, struct question *q)
{
    const struct actor *a = &q->draft->actor;
    if (a->id.n > 0) {
        TRY(gate_actor_at(ctx, db, a->id, q->day, &q->actor, &q->has_actor));
    }
    if (a->co_id.n > 0) {
        TRY(gate_actor_at(ctx, db, a->co_id, q->day, &q->co_actor, &q->has_co_actor));
    }
    if (a->kind == ACTOR_PARTY) {
        TRY(load_party(ctx, db, q));
    } else {
        q->party = q->has_case ? q->row.party : a->for_id;
        if (a->kind == ACTOR_OFFICER && !q->has_case && a->for_id.n > 0) {
            struct actor_record party; /* at the counter it is there itself */
            TRY(gate_actor_at(ctx, db, a->for_id, q->day, &party, &q->speaks_for_party));
            q->speaks_for_party =
                q->speaks_for_party && party.active &&
                (str_equal(party.kind, STR("person")) || str_equal(party.kind, STR("org")));
        }
    }
    if (q->has_case && (a->kind == ACTOR_PARTY || a->kind == ACTOR_OFFICER)) {
        TRY(load_both(ctx, db, q));
    }
    if (a->kind == ACTOR_OFFICER) {
        TRY(load_conflict(ctx, db, q));
        TRY(load_earlier(ctx, g, db, q));
    }
    TRY(load_bar(ctx, db, q));
    return load_roles(ctx, db, q);
}
