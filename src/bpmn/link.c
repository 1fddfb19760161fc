/* What follows from the shape of a process, reckoned once when it is loaded: flows by element,
 * starts and event sub-processes by scope, what compensates what, links, and for each join from
 * where it can still be reached.
 *
 * The last is the costly question of inclusive and complex gateways (BPMN 2.0, 13.4.3): may a token
 * elsewhere still come by a flow that is empty? Searching the graph at each step would make a step
 * as slow as the model is large. So for each such gateway and each of its flows the elements are
 * marked, backwards, from which a token can come by that flow without passing the gateway; a step
 * then looks at a word of bits for each token. Twice: with the ways over boundary events, for what
 * may come, and without, for what will come, since what an activity has at its border may never
 * occur. */
#include "bpmn/load_in.h"

struct list {
    uint16_t *at;
    uint16_t count;
};

/* Count, then fill: one array for all elements. */
static void link_flows(struct loader *l)
{
    struct arena *a = l->ctx->arena;
    uint16_t *out = ARENA_ARRAY(a, uint16_t, l->flow_count + 1);
    uint16_t *in = ARENA_ARRAY(a, uint16_t, l->flow_count + 1);
    for (size_t k = 0; k < l->flow_count; k++) {
        l->elements[l->flows[k].from].out_count++;
        l->elements[l->flows[k].to].in_count++;
    }
    for (size_t i = 0; i < l->element_count; i++) {
        struct bpmn_element *e = &l->elements[i];
        e->out = out;
        e->in = in;
        out += e->out_count;
        in += e->in_count;
        e->out_count = e->in_count = 0;
    }
    for (size_t k = 0; k < l->flow_count; k++) {
        struct bpmn_element *from = &l->elements[l->flows[k].from];
        struct bpmn_element *to = &l->elements[l->flows[k].to];
        ((uint16_t *)(uintptr_t)from->out)[from->out_count++] = (uint16_t)k;
        ((uint16_t *)(uintptr_t)to->in)[to->in_count++] = (uint16_t)k;
    }
}

enum member { MEMBER_START, MEMBER_IMPLICIT, MEMBER_SUB, MEMBER_ATTACHED };

static bool is_member(const struct loader *l, size_t i, int32_t of, enum member what)
{
    const struct bpmn_element *e = &l->elements[i];
    bool inside = e->scope == of && e->kind != BPMN_PROCESS;
    bool loose =
        e->in_count == 0 && !e->by_event && !e->for_compensation && e->kind != BPMN_BOUNDARY &&
        e->kind != BPMN_START &&
        !(e->kind == BPMN_CATCH && e->trigger_count > 0 && e->triggers[0].kind == BPMN_ON_LINK);
    switch (what) {
    case MEMBER_START: return inside && e->kind == BPMN_START;
    case MEMBER_IMPLICIT: return inside && loose;
    case MEMBER_SUB: return inside && e->by_event;
    case MEMBER_ATTACHED: return e->attached_to == of && of >= 0;
    }
    return false;
}

static const uint16_t *members(struct loader *l, int32_t of, enum member what, uint16_t *ret_count)
{
    uint16_t *list = NULL;
    size_t room = 0;
    size_t count = 0;
    for (size_t i = 0; i < l->element_count; i++) {
        if (is_member(l, i, of, what)) {
            list = bpmn_grow(l->ctx->arena, list, count, &room, sizeof(*list));
            list[count++] = (uint16_t)i;
        }
    }
    *ret_count = (uint16_t)count;
    return list;
}

/* Start events; and receive tasks and event gateways that begin the process; with none of them all
 * that nothing leads to. */
static const uint16_t *starts_of(struct loader *l, int32_t of, bool top, uint16_t *ret_count)
{
    uint16_t loose_count = 0;
    const uint16_t *starts = members(l, of, MEMBER_START, ret_count);
    const uint16_t *loose = members(l, of, MEMBER_IMPLICIT, &loose_count);
    if (*ret_count == 0) {
        *ret_count = loose_count;
        return loose;
    }
    if (!top) { /* a called process begins at its first plain start */
        for (uint16_t i = 0; i < *ret_count && l->elements[of].kind == BPMN_PROCESS; i++) {
            if (l->elements[starts[i]].trigger_count == 0) {
                *ret_count = 1;
                return starts + i;
            }
        }
        return starts;
    }
    uint16_t *both = ARENA_ARRAY(l->ctx->arena, uint16_t, (size_t)*ret_count + loose_count + 1);
    memcpy(both, starts, *ret_count * sizeof(*both));
    for (uint16_t i = 0; i < loose_count; i++) {
        if (l->elements[loose[i]].instantiate) {
            both[(*ret_count)++] = loose[i];
        }
    }
    return both;
}

static enum err link_attached(struct loader *l)
{
    for (size_t i = 0; i < l->element_count; i++) {
        struct bpmn_element *e = &l->elements[i];
        if (e->kind != BPMN_BOUNDARY) {
            continue;
        }
        uint16_t unit = l->notes[i].unit;
        int32_t to = element_by_id(l, unit, xml_reference(l, l->notes[i].node, "attachedToRef"));
        bool good = to >= 0 && l->elements[to].scope == e->scope &&
                    is_activity(l->elements[to].kind) && !l->elements[to].by_event &&
                    !l->elements[to].for_compensation;
        if (!good) {
            return bad(l, unit, l->notes[i].node, ERR_SYNTAX,
                       "a boundary event is attached to an activity beside it");
        }
        e->attached_to = (int16_t)to;
    }
    return ERR_OK;
}

static enum err link_handler(struct loader *l, size_t i)
{
    const struct bpmn_element *e = &l->elements[i];
    uint16_t unit = l->notes[i].unit;
    int32_t to = NO_INDEX;
    for (size_t k = 0; k < l->association_count; k++) {
        const struct association *a = &l->associations[k];
        if (a->unit == unit && str_equal(a->from, e->id)) {
            to = element_by_id(l, unit, a->to);
        }
    }
    bool good = to >= 0 && is_activity(l->elements[to].kind) && l->elements[to].for_compensation &&
                l->elements[to].scope == e->scope;
    if (!good) {
        return bad(l, unit, l->notes[i].node, ERR_SYNTAX,
                   "an association leads from a compensation event to an activity with "
                   "isForCompensation=\"true\" beside it");
    }
    l->elements[e->attached_to].handler = to;
    return ERR_OK;
}

static enum err link_trigger(struct loader *l, size_t i, struct bpmn_trigger *t)
{
    const struct bpmn_element *e = &l->elements[i];
    uint16_t unit = l->notes[i].unit;
    if (t->kind == BPMN_ON_COMPENSATION && e->kind != BPMN_BOUNDARY && e->kind != BPMN_START &&
        t->id.n > 0) {
        t->target = element_by_id(l, unit, t->id);
        bool good = t->target >= 0 && is_activity(l->elements[t->target].kind);
        return good ? ERR_OK
                    : bad(l, unit, l->notes[i].node, ERR_SYNTAX,
                          "the activity to be compensated (activityRef) is none of this process");
    }
    if (t->kind == BPMN_ON_LINK && e->kind == BPMN_THROW) {
        size_t found = 0;
        for (size_t k = 0; k < l->element_count; k++) {
            const struct bpmn_element *c = &l->elements[k];
            if (c->kind == BPMN_CATCH && c->scope == e->scope && c->trigger_count == 1 &&
                c->triggers[0].kind == BPMN_ON_LINK && str_equal(c->triggers[0].name, t->name)) {
                t->target = (int32_t)k;
                found++;
            }
        }
        return found == 1 ? ERR_OK
                          : bad(l, unit, l->notes[i].node, ERR_SYNTAX,
                                "a throwing link has one catching link of its name beside it");
    }
    return ERR_OK;
}

static enum err link_events(struct loader *l, struct bpmn_process *p)
{
    struct ctx *ctx = l->ctx;
    for (size_t i = 0; i < l->element_count; i++) {
        struct bpmn_element *e = &l->elements[i];
        for (uint16_t k = 0; k < e->trigger_count; k++) {
            struct bpmn_trigger *t = (struct bpmn_trigger *)(uintptr_t)&e->triggers[k];
            TRY(link_trigger(l, i, t));
            p->has_conditions = p->has_conditions || t->kind == BPMN_ON_CONDITION;
            p->has_compensation = p->has_compensation || t->kind == BPMN_ON_COMPENSATION;
            if (t->kind == BPMN_ON_COMPENSATION && e->kind == BPMN_BOUNDARY) {
                TRY(link_handler(l, i));
            }
        }
    }
    return ERR_OK;
}

/* From each incoming flow of a join back to all from which a token can come by it without passing
 * the join: over flows, from catching links to throwing ones, and if asked for from boundary events
 * to their activity. */
static void reach_join(struct loader *l, uint16_t join, bool borders, uint64_t *set,
                       uint16_t *queue)
{
    const struct bpmn_element *g = &l->elements[join];
    for (uint16_t f = 0; f < g->in_count; f++) {
        uint64_t bit = (uint64_t)1 << f;
        size_t count = 0;
        uint16_t from = l->flows[g->in[f]].from;
        if (from != join && (set[from] & bit) == 0) {
            set[from] |= bit;
            queue[count++] = from;
        }
        for (size_t k = 0; k < count; k++) {
            const struct bpmn_element *e = &l->elements[queue[k]];
            for (uint16_t i = 0; i < e->in_count; i++) {
                uint16_t back = l->flows[e->in[i]].from;
                if (back != join && (set[back] & bit) == 0) {
                    set[back] |= bit;
                    queue[count++] = back;
                }
            }
            if (borders && e->attached_to >= 0 && (set[e->attached_to] & bit) == 0) {
                set[e->attached_to] |= bit;
                queue[count++] = (uint16_t)e->attached_to;
            }
            for (size_t i = 0; e->kind == BPMN_CATCH && i < l->element_count; i++) {
                const struct bpmn_element *x = &l->elements[i];
                bool link = x->kind == BPMN_THROW && x->trigger_count > 0 &&
                            x->triggers[0].kind == BPMN_ON_LINK &&
                            x->triggers[0].target == (int32_t)queue[k];
                if (link && (set[i] & bit) == 0) {
                    set[i] |= bit;
                    queue[count++] = (uint16_t)i;
                }
            }
        }
    }
}

static void link_joins(struct loader *l, struct bpmn_process *p)
{
    struct arena *a = l->ctx->arena;
    const uint64_t **reach = ARENA_ARRAY(a, const uint64_t *, l->element_count + 1);
    uint16_t *queue = ARENA_ARRAY(a, uint16_t, l->element_count + 1);
    for (size_t i = 0; i < l->element_count; i++) {
        const struct bpmn_element *e = &l->elements[i];
        bool joins = e->kind == BPMN_COMPLEX || (e->kind == BPMN_INCLUSIVE && e->in_count > 1);
        if (joins && e->in_count <= 64) {
            uint64_t *set = ARENA_ARRAY(a, uint64_t, 2 * l->element_count);
            reach_join(l, (uint16_t)i, true, set, queue);
            reach_join(l, (uint16_t)i, false, set + l->element_count, queue);
            reach[i] = set;
            p->has_inclusive = true;
        }
    }
    p->reach = reach;
}

/* In the conditions of a complex gateway each incoming flow is a name: 1 when its token has come.
 */
static enum err name_flows(struct loader *l, struct bpmn_process *p)
{
    struct ctx *ctx = l->ctx;
    uint16_t *names = NULL;
    for (size_t i = 0; i < l->element_count; i++) {
        const struct bpmn_element *e = &l->elements[i];
        for (uint16_t k = 0; e->kind == BPMN_COMPLEX && e->expression != NULL && k < e->in_count;
             k++) {
            names = names == NULL ? ARENA_ARRAY(ctx->arena, uint16_t, l->flow_count) : names;
            TRY(name_add(l, l->notes[i].unit, l->notes[i].node, l->flows[e->in[k]].id, true,
                         &names[e->in[k]]));
        }
    }
    p->flow_names = names;
    return ERR_OK;
}

enum err shape_link(struct loader *l, struct bpmn_process *p)
{
    struct ctx *ctx = l->ctx;
    link_flows(l);
    TRY(link_attached(l));
    for (size_t i = 0; i < l->element_count; i++) {
        struct bpmn_element *e = &l->elements[i];
        if (e->kind == BPMN_SUBPROCESS || e->kind == BPMN_PROCESS) {
            e->starts = starts_of(l, (int32_t)i, false, &e->start_count);
            e->subs = members(l, (int32_t)i, MEMBER_SUB, &e->sub_count);
        }
        if (is_activity(e->kind)) {
            e->attached = members(l, (int32_t)i, MEMBER_ATTACHED, &e->attached_count);
        }
    }
    p->starts = starts_of(l, NO_INDEX, true, &p->start_count);
    p->subs = members(l, NO_INDEX, MEMBER_SUB, &p->sub_count);
    TRY(link_events(l, p));
    link_joins(l, p);
    return name_flows(l, p);
}
