/* Soundness of a process: what can be seen by following its flows (here), and what comes of looking
 * at every state it can be in (explore.c).
 *
 * Following flows is cheap and sees the whole model, but not how tokens meet; the search sees that,
 * as far as it reaches. So both tell, each element once, with the fault that is nearest to its
 * cause. */
#include "bpmn/check_in.h"

void finding_put(struct checker *c, size_t element, const char *sentence)
{
    const struct bpmn_element *e = &c->p->elements[element];
    for (size_t i = 0; i < c->count; i++) {
        if (c->elements[i] == element) {
            return; /* one fault an element: the first is the nearest to its cause */
        }
    }
    size_t room = c->room;
    c->elements = bpmn_grow(c->ctx->arena, c->elements, c->count, &room, sizeof(*c->elements));
    c->list = bpmn_grow(c->ctx->arena, c->list, c->count, &c->room, sizeof(*c->list));
    c->elements[c->count] = element;
    c->list[c->count++] = (struct bpmn_finding){e->id, e->line, str_from(sentence)};
}

/* A walk over elements without recursion. */
struct walk {
    const struct bpmn_process *p;
    bool *seen;
    uint16_t *queue;
    size_t count;
};

static void visit(struct walk *w, int32_t element)
{
    if (element >= 0 && !w->seen[element]) {
        w->seen[element] = true;
        w->queue[w->count++] = (uint16_t)element;
    }
}

static struct walk walk_new(struct checker *c)
{
    return (struct walk){.p = c->p,
                         .seen = ARENA_ARRAY(c->ctx->arena, bool, c->p->element_count + 1),
                         .queue = ARENA_ARRAY(c->ctx->arena, uint16_t, c->p->element_count + 1)};
}

/* Along flows, links and calls, into sub-processes, onto boundary events and what compensates. */
static void walk_forward(struct walk *w)
{
    const struct bpmn_process *p = w->p;
    for (uint16_t i = 0; i < p->start_count; i++) {
        visit(w, p->starts[i]);
    }
    for (uint16_t i = 0; i < p->sub_count; i++) {
        visit(w, p->subs[i]);
    }
    for (size_t k = 0; k < w->count; k++) {
        const struct bpmn_element *e = &p->elements[w->queue[k]];
        for (uint16_t i = 0; i < e->out_count; i++) {
            visit(w, p->flows[e->out[i]].to);
        }
        for (uint16_t i = 0; i < e->trigger_count; i++) {
            visit(w, e->triggers[i].kind == BPMN_ON_LINK ? e->triggers[i].target : NO_INDEX);
        }
        for (uint16_t i = 0; i < e->attached_count; i++) {
            visit(w, e->attached[i]);
        }
        for (uint16_t i = 0; i < e->start_count; i++) {
            visit(w, e->starts[i]);
        }
        for (uint16_t i = 0; i < e->sub_count; i++) {
            visit(w, e->subs[i]);
        }
        visit(w, e->handler);
        visit(w, e->calls);
    }
}

/* Can it still come to an end of its own scope? Backwards from the ends, be they drawn or not. */
static void walk_back(struct walk *w)
{
    const struct bpmn_process *p = w->p;
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        bool link =
            e->kind == BPMN_THROW && e->trigger_count > 0 && e->triggers[0].kind == BPMN_ON_LINK;
        if (e->out_count == 0 && !link) {
            visit(w, (int32_t)i);
        }
    }
    for (size_t k = 0; k < w->count; k++) {
        uint16_t at = w->queue[k];
        const struct bpmn_element *e = &p->elements[at];
        for (uint16_t i = 0; i < e->in_count; i++) {
            visit(w, p->flows[e->in[i]].from);
        }
        visit(w, e->attached_to);
        for (size_t i = 0; e->kind == BPMN_CATCH && e->in_count == 0 && i < p->element_count; i++) {
            const struct bpmn_element *x = &p->elements[i];
            bool link = x->kind == BPMN_THROW && x->trigger_count > 0 &&
                        x->triggers[0].kind == BPMN_ON_LINK && x->triggers[0].target == (int32_t)at;
            visit(w, link ? (int32_t)i : NO_INDEX);
        }
    }
}

static void check_split(struct checker *c, size_t i)
{
    const struct bpmn_element *e = &c->p->elements[i];
    bool has_default = false;
    if ((e->kind != BPMN_EXCLUSIVE && e->kind != BPMN_INCLUSIVE) || e->out_count < 2) {
        return;
    }
    for (uint16_t k = 0; k < e->out_count; k++) {
        const struct bpmn_flow *f = &c->p->flows[e->out[k]];
        has_default = has_default || f->is_default;
        if (f->condition == NULL && !f->is_default) {
            finding_put(c, i, "a flow out of this gateway has no condition and is not the default");
        }
    }
    if (!has_default) {
        finding_put(c, i, "the gateway has no default flow, so a case can get stuck at it");
    }
}

enum err bpmn_check(struct ctx *ctx, const struct bpmn_process *p, struct bpmn_finding **ret,
                    size_t *ret_count)
{
    struct checker c = {.ctx = ctx, .p = p};
    struct walk reached = walk_new(&c);
    struct walk ends = walk_new(&c);
    walk_forward(&reached);
    walk_back(&ends);
    c.reached = reached.seen;
    for (size_t i = 0; i < p->element_count; i++) {
        if (!reached.seen[i]) {
            finding_put(&c, i, "it can never be reached");
        } else if (!ends.seen[i]) {
            finding_put(&c, i, "no way leads from it to an end");
        }
        check_split(&c, i);
    }
    TRY(explore(&c));
    *ret = c.list;
    *ret_count = c.count;
    return ERR_OK;
}
