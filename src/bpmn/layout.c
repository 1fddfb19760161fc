/* Places for a process without a diagram: each scope in layers from left to right (flows that lead
 * back are turned), long flows hold a place of their own in the layers they pass, order in a layer
 * by the mean of the neighbours. A sub-process is laid out before what is around it. Flows run
 * right-angled in the gaps between layers, those that lead back below. */
#include "bpmn/draw_in.h"

enum {
    GAP_X = 46,
    GAP_Y = 26,
    PAD = 24,
    EVENT = 36,
    GATE = 46,
    TASK_W = 116,
    TASK_H = 74,
    BACK = 18,
    NODES_MAX = 6000,
    LABEL = 34
};

/* An element, or the place of a long flow in one layer. */
struct place {
    int32_t element; /* -1: of a flow */
    int32_t flow;
    int layer;
    int x, y, w, h; /* within the scope */
    double order;
};
struct link {
    size_t from, to;
};

struct plan {
    struct arena *a;
    const struct bpmn_process *p;
    struct box *boxes;    /* relative to their scope until the end */
    struct route *routes; /* the same */
    struct place *places;
    size_t count;
    struct link *links;
    size_t link_count;
    size_t *of; /* element -> place */
    int *color;
    bool *back; /* flows that lead back */
    int *left;  /* of each layer */
    int layers;
};

static int32_t source_of(const struct bpmn_process *p, const struct bpmn_flow *f)
{
    const struct bpmn_element *e = &p->elements[f->from];
    return e->attached_to >= 0 ? e->attached_to : f->from;
}

static bool in_scope(const struct bpmn_process *p, size_t i, int32_t scope)
{
    return p->elements[i].scope == scope && p->elements[i].kind != BPMN_BOUNDARY &&
           p->elements[i].kind != BPMN_PROCESS;
}

/* Which flows lead back: depth first in document order, on a stack of our own. */
static void find_back(struct plan *l, int32_t scope)
{
    const struct bpmn_process *p = l->p;
    uint16_t *stack = ARENA_ARRAY(l->a, uint16_t, p->element_count + 1);
    uint16_t *next = ARENA_ARRAY(l->a, uint16_t, p->element_count + 1);
    for (size_t i = 0; i < p->element_count; i++) {
        size_t depth = 0;
        if (!in_scope(p, i, scope) || l->color[i] != 0) {
            continue;
        }
        stack[depth++] = (uint16_t)i;
        l->color[i] = 1;
        while (depth > 0) {
            uint16_t at = stack[depth - 1];
            bool went = false;
            for (; next[at] < p->flow_count && !went; next[at]++) {
                const struct bpmn_flow *f = &p->flows[next[at]];
                if (source_of(p, f) != (int32_t)at) {
                    continue;
                }
                l->back[next[at]] = l->color[f->to] == 1;
                if (l->color[f->to] == 0) {
                    l->color[f->to] = 1;
                    stack[depth++] = f->to;
                    went = true;
                }
            }
            if (!went) {
                l->color[at] = 2;
                depth--;
            }
        }
    }
}

static void size_of(const struct bpmn_element *e, struct box *b)
{
    switch (e->kind) {
    case BPMN_START:
    case BPMN_END:
    case BPMN_CATCH:
    case BPMN_THROW:
    case BPMN_BOUNDARY: b->w = b->h = EVENT; return;
    case BPMN_EXCLUSIVE:
    case BPMN_PARALLEL:
    case BPMN_INCLUSIVE:
    case BPMN_COMPLEX:
    case BPMN_EVENT_GATEWAY: b->w = b->h = GATE; return;
    case BPMN_SUBPROCESS: return; /* what is inside says it */
    case BPMN_TASK:
    case BPMN_PASS:
    case BPMN_CALL:
    case BPMN_PROCESS:
        b->w = TASK_W;
        b->h = TASK_H;
        return;
    }
}

static void gather(struct plan *l, int32_t scope)
{
    const struct bpmn_process *p = l->p;
    l->count = l->link_count = 0;
    for (size_t i = 0; i < p->element_count; i++) {
        if (in_scope(p, i, scope)) {
            size_of(&p->elements[i], &l->boxes[i]);
            l->of[i] = l->count;
            l->places[l->count++] = (struct place){
                .element = (int32_t)i, .flow = -1, .w = l->boxes[i].w, .h = l->boxes[i].h};
        }
    }
    size_t elements = l->count;
    for (size_t round = 0; round < elements; round++) { /* longest way; ends when nothing moves */
        bool moved = false;
        for (size_t k = 0; k < p->flow_count; k++) {
            const struct bpmn_flow *f = &p->flows[k];
            if (p->elements[f->to].scope == scope && !l->back[k]) {
                int least = l->places[l->of[source_of(p, f)]].layer + 1;
                struct place *to = &l->places[l->of[f->to]];
                moved = moved || to->layer < least;
                to->layer = to->layer < least ? least : to->layer;
            }
        }
        if (!moved) {
            break;
        }
    }
    l->layers = 1;
    for (size_t i = 0; i < elements; i++) {
        l->layers = l->places[i].layer + 1 > l->layers ? l->places[i].layer + 1 : l->layers;
    }
}

static void link_put(struct plan *l, size_t from, size_t to)
{
    if (l->link_count < NODES_MAX) {
        l->links[l->link_count++] = (struct link){from, to};
    }
}

static void place_flows(struct plan *l, int32_t scope)
{
    const struct bpmn_process *p = l->p;
    for (size_t k = 0; k < p->flow_count; k++) {
        const struct bpmn_flow *f = &p->flows[k];
        if (p->elements[f->to].scope != scope || l->back[k]) {
            continue;
        }
        size_t from = l->of[source_of(p, f)];
        size_t to = l->of[f->to];
        for (int layer = l->places[from].layer + 1;
             layer < l->places[to].layer && l->count < NODES_MAX; layer++) {
            l->places[l->count] =
                (struct place){.element = -1, .flow = (int32_t)k, .layer = layer, .h = 12};
            link_put(l, from, l->count);
            from = l->count++;
        }
        link_put(l, from, to);
    }
}

/* Mean order of the neighbours on one side, sweep by sweep. */
static void order_layers(struct plan *l)
{
    double *sum = ARENA_ARRAY(l->a, double, l->count + 1);
    int *n = ARENA_ARRAY(l->a, int, l->count + 1);
    for (size_t i = 0; i < l->count; i++) {
        l->places[i].order = (double)i;
    }
    for (int sweep = 0; sweep < 8; sweep++) {
        memset(sum, 0, l->count * sizeof(*sum));
        memset(n, 0, l->count * sizeof(*n));
        for (size_t k = 0; k < l->link_count; k++) {
            size_t me = sweep % 2 == 0 ? l->links[k].to : l->links[k].from;
            size_t other = sweep % 2 == 0 ? l->links[k].from : l->links[k].to;
            sum[me] += l->places[other].order;
            n[me]++;
        }
        for (size_t i = 0; i < l->count; i++) {
            l->places[i].order = n[i] > 0 ? sum[i] / n[i] + (double)i * 1e-6 : l->places[i].order;
        }
    }
}

/* The places of one layer, in order. */
static size_t layer_list(struct plan *l, int layer, size_t *list)
{
    size_t count = 0;
    for (size_t i = 0; i < l->count; i++) {
        size_t at = count;
        if (l->places[i].layer != layer) {
            continue;
        }
        while (at > 0 && l->places[list[at - 1]].order > l->places[i].order) {
            list[at] = list[at - 1];
            at--;
        }
        list[at] = i;
        count++;
    }
    return count;
}

/* Room a place needs below itself: labels of events and gateways, boundary events. */
static int below(const struct bpmn_process *p, const struct place *x)
{
    if (x->element < 0) {
        return 0;
    }
    const struct bpmn_element *e = &p->elements[x->element];
    bool labelled = !is_activity(e->kind) && e->name.n > 0;
    return labelled ? LABEL : e->attached_count > 0 ? EVENT / 2 + LABEL : 0;
}

static void set_coordinates(struct plan *l, int *ret_w, int *ret_h)
{
    size_t *list = ARENA_ARRAY(l->a, size_t, l->count + 1);
    int x = PAD;
    int bottom = 0;
    for (int layer = 0; layer < l->layers; layer++) {
        size_t n = layer_list(l, layer, list);
        int width = 0;
        int y = PAD;
        l->left[layer] = x;
        for (size_t i = 0; i < n; i++) {
            width = l->places[list[i]].w > width ? l->places[list[i]].w : width;
        }
        for (size_t i = 0; i < n; i++) {
            struct place *at = &l->places[list[i]];
            int want = 0;
            int count = 0;
            for (size_t k = 0; k < l->link_count; k++) {
                const struct place *from = &l->places[l->links[k].from];
                if (l->links[k].to == list[i]) {
                    want += from->y + from->h / 2;
                    count++;
                }
            }
            want = count > 0 ? want / count - at->h / 2 : y;
            at->y = want > y ? want : y;
            at->x = x + (width - at->w) / 2;
            y = at->y + at->h + below(l->p, at) + GAP_Y;
            bottom = y > bottom ? y : bottom;
        }
        x += width + GAP_X;
    }
    for (size_t k = 0; k < l->link_count;
         k++) { /* what nothing leads to stands at the height of what follows it */
        struct place *from = &l->places[l->links[k].from];
        const struct place *to = &l->places[l->links[k].to];
        if (from->layer == 0 && layer_list(l, 0, list) == 1) {
            from->y = to->y + to->h / 2 - from->h / 2;
        }
    }
    *ret_w = x - GAP_X + PAD;
    *ret_h = bottom;
}

/* ---- ways of flows ---- */

static void bend(struct route *r, int x, int y)
{
    if (r->count < ROUTE_MAX) {
        r->points[r->count++] = (struct bpmn_waypoint){(int16_t)x, (int16_t)y};
    }
}

static struct box source_box(struct plan *l, const struct bpmn_flow *f)
{
    return l->boxes[f->from];
}

static void route_flow(struct plan *l, size_t k, int scope_h, int *back)
{
    const struct bpmn_flow *f = &l->p->flows[k];
    struct route *r = &l->routes[k];
    struct box a = source_box(l, f);
    struct box z = l->boxes[f->to];
    bool boundary = l->p->elements[f->from].attached_to >= 0;
    int ax = boundary ? a.x + a.w / 2 : a.x + a.w;
    int ay = boundary ? a.y + a.h : a.y + a.h / 2;
    int zy = z.y + z.h / 2;
    bend(r, ax, ay);
    if (l->back[k]) {
        int lane = scope_h + BACK * ++*back;
        bend(r, ax + (boundary ? 0 : 12), ay);
        bend(r, ax + (boundary ? 0 : 12), lane);
        int gap = l->left[l->places[l->of[f->to]].layer] - 14;
        bend(r, gap, lane);
        bend(r, gap, zy);
        bend(r, z.x, zy);
        return;
    }
    int y = ay;
    if (boundary) {
        y = ay + 10;
        bend(r, ax, y);
    }
    for (size_t i = 0; i < l->count;
         i++) { /* places of this flow stand in the order of its layers */
        const struct place *d = &l->places[i];
        if (d->flow == (int32_t)k && d->element < 0) {
            int gap = l->left[d->layer] - GAP_X / 2 + 6;
            bend(r, gap, y);
            bend(r, gap, d->y + d->h / 2);
            y = d->y + d->h / 2;
        }
    }
    int turn = l->left[l->places[l->of[f->to]].layer] - GAP_X / 2 + 6;
    bend(r, turn, y);
    bend(r, turn, zy);
    bend(r, z.x, zy);
}

/* Lay out one scope; its size goes to the box of its sub-process. */
static void lay_scope(struct plan *l, int32_t scope, int *ret_w, int *ret_h)
{
    const struct bpmn_process *p = l->p;
    int w = 0;
    int h = 0;
    int back = 0;
    find_back(l, scope);
    gather(l, scope);
    place_flows(l, scope);
    order_layers(l);
    set_coordinates(l, &w, &h);
    for (size_t i = 0; i < l->count; i++) {
        const struct place *x = &l->places[i];
        if (x->element >= 0) {
            l->boxes[x->element].x = x->x;
            l->boxes[x->element].y = x->y;
        }
    }
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        for (uint16_t k = 0; e->scope == scope && k < e->attached_count; k++) {
            struct box *b = &l->boxes[e->attached[k]];
            *b = (struct box){l->boxes[i].x + l->boxes[i].w - (EVENT + 8) * (k + 1),
                              l->boxes[i].y + l->boxes[i].h - EVENT / 2, EVENT, EVENT};
        }
    }
    for (size_t k = 0; k < p->flow_count; k++) {
        if (p->elements[p->flows[k].to].scope == scope) {
            route_flow(l, k, h, &back);
        }
    }
    *ret_w = w;
    *ret_h = h + BACK * back + PAD / 2;
}

static bool is_drawn(const struct bpmn_process *p, size_t i)
{
    int32_t at = (int32_t)i;
    for (int depth = 0; at >= 0 && depth < 32; depth++) {
        if (p->elements[at].kind == BPMN_PROCESS) {
            return false;
        }
        at = p->elements[at].scope;
    }
    return true;
}

void lay_out(struct arena *a, const struct bpmn_process *p, struct box *boxes, struct route *routes)
{
    struct plan l = {.a = a, .p = p, .boxes = boxes, .routes = routes};
    int w = 0;
    int h = 0;
    l.places = ARENA_ARRAY(a, struct place, NODES_MAX + p->element_count);
    l.links = ARENA_ARRAY(a, struct link, NODES_MAX + 1);
    l.of = ARENA_ARRAY(a, size_t, p->element_count + 1);
    l.color = ARENA_ARRAY(a, int, p->element_count + 1);
    l.back = ARENA_ARRAY(a, bool, p->flow_count + 1);
    l.left = ARENA_ARRAY(a, int, p->element_count + 2);
    for (size_t i = p->element_count; i-- > 0;) { /* inner sub-processes stand behind outer ones */
        if (p->elements[i].kind == BPMN_SUBPROCESS && is_drawn(p, i)) {
            lay_scope(&l, (int32_t)i, &w, &h);
            boxes[i].w = w > 140 ? w : 140;
            boxes[i].h = h + 14 > 90 ? h + 14 : 90;
        }
    }
    lay_scope(&l, NO_INDEX, &w, &h);
    for (size_t i = 0; i < p->element_count;
         i++) { /* outer ones first: each moves with what is around it */
        int32_t scope = p->elements[i].scope;
        if (scope >= 0 && is_drawn(p, i)) {
            boxes[i].x += boxes[scope].x;
            boxes[i].y += boxes[scope].y + 14;
        }
    }
    for (size_t k = 0; k < p->flow_count; k++) {
        int32_t scope = p->elements[p->flows[k].to].scope;
        for (size_t i = 0; scope >= 0 && i < routes[k].count; i++) {
            routes[k].points[i].x = (int16_t)(routes[k].points[i].x + boxes[scope].x);
            routes[k].points[i].y = (int16_t)(routes[k].points[i].y + boxes[scope].y + 14);
        }
    }
}
