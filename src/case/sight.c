/* Who sees what of a case. An act is seen by who did it and whom it tells (`tells` of its kind); a
 * fact by who said it, or was told of an act that says it, and only in the classes that the law's
 * table of access grants the relation. Before the first act that tells them, a case is not there
 * for them at all. */
#include "case/case_in.h"
#include "web/answer.h"
#include "web/use.h"

bool is_told(const struct told_of *who, const struct act_kind *kind, enum actor_kind by,
             struct str actor, struct str for_id)
{
    static const unsigned tells[] = {[SIDE_PARTY] = TELLS_PARTY,
                                     [SIDE_INTERESTED] = TELLS_INTERESTED,
                                     [SIDE_ASKED] = TELLS_ASKED};
    if (who->side == SIDE_OFFICE) {
        return true;
    }
    if (kind == NULL) {
        return false;
    }
    bool theirs = false;
    switch (who->side) {
    case SIDE_PARTY: /* by itself or for it; at the counter an officer files for it */
        theirs = by == ACTOR_PARTY ? kind->party == NULL
                                   : by == ACTOR_OFFICER && (kind->who & WHO_PARTY) != 0 &&
                                         str_equal(for_id, who->as);
        break;
    case SIDE_INTERESTED:
        theirs = by == ACTOR_PARTY && (kind->party != NULL || kind->interested != NULL) &&
                 (str_equal(actor, who->as) || str_equal(for_id, who->as));
        break;
    case SIDE_ASKED: theirs = by == ACTOR_OFFICER && kind->office != NULL; break;
    case SIDE_OFFICE: break;
    }
    return theirs || (kind->tells & tells[who->side]) != 0;
}

bool sees_act(const struct sight *s, const struct case_state *c, const struct act_record *act)
{
    bool opens =
        act->seq == c->first_seq &&
        s->of.side != SIDE_PARTY; /* what the case is about, for who was told that it is there */
    return opens ||
           is_told(&s->of, law_act(c->law, act->kind), act->actor_kind, act->actor, act->for_id);
}

const bool *sight_facts(struct page *p, const struct sight *s, const struct case_state *c,
                        const struct act_record *acts, size_t count)
{
    size_t fact_count = 0;
    if (s->of.side == SIDE_OFFICE) {
        return NULL;
    }
    law_facts(c->law, &fact_count);
    bool *stated = ARENA_ARRAY(p->ctx->arena, bool, fact_count + 1);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; sees_act(s, c, &acts[i]) && k < acts[i].fields.count; k++) {
            const struct fact *fact = law_fact(c->law, acts[i].fields.members[k].key);
            if (fact != NULL) {
                stated[fact->index] = true;
            }
        }
    }
    return stated;
}

bool sees_fact(const struct sight *s, const struct law *law, const bool *stated, struct str id)
{
    const struct fact *fact = law_fact(law, id);
    if (stated != NULL && (fact == NULL || !stated[fact->index])) {
        return false;
    }
    return (s->classes & 1u << (fact == NULL ? CLASS_BUSINESS : fact->class)) != 0;
}

/* ---- how who is signed in stands to a case ---- */

/* Named by a fact, alone or in a list, and told of something since. */
static enum err stand_as_named(struct page *p, const struct case_state *c, const struct json *name,
                               struct sight *ret, bool *ret_is)
{
    struct ctx *ctx = p->ctx;
    struct case_other_told_row told;
    if (!json_is(name, JSON_STRING)) {
        return ERR_OK;
    }
    TRY(gate_speaks_for(ctx, p->gate, p->db, p->session.actor.id, name->text, c->item, ret_is));
    if (*ret_is) {
        *ret = (struct sight){.of = {SIDE_INTERESTED, name->text}, .relation = ACCESS_INTERESTED};
        TRY(case_other_told(ctx, p->db,
                            (struct case_other_told_in){.other = name->text, .case_id = c->id},
                            &told, ret_is));
    }
    return ERR_OK;
}

/* A party: of the case, for it, or named by it. Authority that was withdrawn shows nothing any
 * more, also of what its holder filed. */
static enum err stand_as_party(struct page *p, const struct case_state *c, struct sight *ret,
                               bool *ret_is)
{
    struct ctx *ctx = p->ctx;
    size_t count = 0;
    struct str me = p->session.actor.id;
    const struct named *named = law_named(c->law, &count);
    TRY(gate_speaks_for(ctx, p->gate, p->db, me, c->party, c->item, ret_is));
    if (*ret_is) {
        struct case_view_get_row row = {0};
        *ret = (struct sight){.of = {SIDE_PARTY, c->party},
                              .relation = str_equal(me, c->party) ? ACCESS_SELF : ACCESS_SPEAKS};
        TRY(case_view_get(ctx, p->db, (struct case_view_get_in){.id = c->id}, &row, ret_is));
        *ret_is = *ret_is && row.told_seq > 0;
        return ERR_OK;
    }
    for (size_t i = 0; i < count && !*ret_is; i++) {
        const struct json *other =
            named[i].office ? NULL : json_get_str(&c->facts, named[i].fact->id);
        bool many = json_is(other, JSON_ARRAY);
        for (size_t k = 0; other != NULL && k < (many ? other->count : 1) && !*ret_is; k++) {
            TRY(stand_as_named(p, c, many ? &other->items[k] : other, ret, ret_is));
        }
    }
    return ERR_OK;
}

static bool stands_above(const struct office *above, const struct office *office)
{
    for (const struct office *o = office == NULL ? NULL : office->parent; o != NULL;
         o = o->parent) {
        if (above != NULL && str_equal(o->id, above->id)) {
            return true;
        }
    }
    return false;
}

/* An officer: of the office that has the case, or is entrusted by it; of one that must answer in
 * it; of one above it. */
static enum err stand_as_officer(struct page *p, const struct case_state *c, struct sight *ret,
                                 bool *ret_is)
{
    struct ctx *ctx = p->ctx;
    struct actor_record record;
    size_t count = 0;
    struct day today = instant_day(ctx->world->now(ctx->world));
    TRY(gate_actor(ctx, p->gate, p->db, p->session.actor.id, &record, ret_is));
    if (!*ret_is || !record.active || p->law == NULL) {
        *ret_is = false;
        return ERR_OK;
    }
    const struct item *item = law_item(c->law, c->item);
    const struct office *own = law_office(p->law, record.office);
    const struct office *first = law_office(p->law, c->office);
    const struct office *seat =
        first == NULL ? NULL : law_seat(p->law, first, item, c->opened, today);
    bool has_case = str_equal(record.office, seat == NULL ? c->office : seat->id);
    if (has_case || law_deputy(own, seat, (struct str){0}, item, today) != NULL) {
        *ret = (struct sight){.of = {SIDE_OFFICE, record.office}, .relation = ACCESS_OFFICE};
        return ERR_OK;
    }
    const struct named *named = law_named(c->law, &count);
    for (size_t i = 0; i < count; i++) {
        const struct json *other =
            named[i].office ? json_get_str(&c->facts, named[i].fact->id) : NULL;
        if (json_is(other, JSON_STRING) && str_equal(other->text, record.office)) {
            struct case_other_told_row told;
            *ret = (struct sight){.of = {SIDE_ASKED, record.office}, .relation = ACCESS_ASKED};
            return case_other_told(
                ctx, p->db, (struct case_other_told_in){.other = other->text, .case_id = c->id},
                &told, ret_is);
        }
    }
    *ret = (struct sight){.of = {SIDE_OFFICE, record.office}, .relation = ACCESS_ABOVE};
    *ret_is = stands_above(own, seat);
    return ERR_OK;
}

enum err sight_load(struct page *p, struct str id, struct case_state *ret_case, struct sight *ret,
                    bool *ret_found)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    bool found = false;
    *ret_found = false;
    *ret = (struct sight){0};
    TRY(gate_case(ctx, p->gate, p->db, id, ret_case, &found));
    if (found && p->session.signed_in) {
        bool party = p->session.actor.kind == ACTOR_PARTY;
        TRY(party ? stand_as_party(p, ret_case, ret, ret_found)
                  : stand_as_officer(p, ret_case, ret, ret_found));
    }
    ret->classes = *ret_found ? page_classes(p, ret->relation) : 0;
    *ret_found = ret->classes != 0;
    if (*ret_found) {
        page_use(p, ret_case->party, ret_case->id, ret->relation);
    }
    return *ret_found ? ERR_OK : page_problem(p, ERR_NOT_FOUND, STR(""), none);
}
