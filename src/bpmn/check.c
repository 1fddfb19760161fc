/* Soundness of a process: what can be seen without running it. */
#include "base/arena.h"
#include "base/str.h"
#include "bpmn/bpmn.h"

struct checker {
    struct ctx *ctx;
    const struct bpmn_process *p;
    struct bpmn_finding *list;
    size_t count;
    size_t room;
};

static void find(struct checker *c, size_t element, const char *sentence)
{
    if (c->count == c->room) {
        size_t room = c->room == 0 ? 8 : c->room * 2;
        c->list = arena_grow(c->ctx->arena, c->list, c->room * sizeof(*c->list), room * sizeof(*c->list));
        c->room = room;
    }
    const struct bpmn_element *e = &c->p->elements[element];
    c->list[c->count++] = (struct bpmn_finding){e->id, e->line, str_from(sentence)};
}

/* Follow flows, into sub-processes and onto boundary events. */
static void walk(const struct bpmn_process *p, size_t at, bool *seen)
{
    if (seen[at]) {
        return;
    }
    seen[at] = true;
    for (uint16_t i = 0; i < p->elements[at].out_count; i++) {
        walk(p, p->flows[p->elements[at].out[i]].to, seen);
    }
    for (size_t i = 0; i < p->element_count; i++) {
        bool inside = p->elements[i].scope == (int)at && p->elements[i].kind == BPMN_START;
        if (inside || p->elements[i].attached_to == (int)at) {
            walk(p, i, seen);
        }
    }
}

/* Can it still come to an end of its own scope? Backwards from the ends. */
static void walk_back(const struct bpmn_process *p, size_t at, bool *seen)
{
    if (seen[at]) {
        return;
    }
    seen[at] = true;
    for (uint16_t i = 0; i < p->elements[at].in_count; i++) {
        walk_back(p, p->flows[p->elements[at].in[i]].from, seen);
    }
    if (p->elements[at].attached_to >= 0) {
        walk_back(p, (size_t)p->elements[at].attached_to, seen);
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
            find(c, i, "a flow out of this gateway has no condition and is not the default");
        }
    }
    if (!has_default) {
        find(c, i, "the gateway has no default flow, so a case can get stuck at it");
    }
}

enum err bpmn_check(struct ctx *ctx, const struct bpmn_process *p, struct bpmn_finding **ret, size_t *ret_count)
{
    struct checker c = {.ctx = ctx, .p = p};
    bool *reached = ARENA_ARRAY(ctx->arena, bool, p->element_count);
    bool *ends = ARENA_ARRAY(ctx->arena, bool, p->element_count);
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        if (e->kind == BPMN_START && e->scope < 0) {
            walk(p, i, reached);
        }
        if (e->kind == BPMN_END) {
            walk_back(p, i, ends);
        }
    }
    for (size_t i = 0; i < p->element_count; i++) {
        if (!reached[i]) {
            find(&c, i, "it can never be reached");
        } else if (!ends[i]) {
            find(&c, i, "no way leads from it to an end");
        }
        check_split(&c, i);
    }
    *ret = c.list;
    *ret_count = c.count;
    return ERR_OK;
}
