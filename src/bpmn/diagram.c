/* The diagram of a document: places of elements, lanes and pools, ways of flows.
 *
 * An editor may have written anything: coordinates are kept as whole points within int16_t, what is
 * none counts as 0, and nothing is trusted to lie apart or inside anything else. A process without
 * a diagram is drawn in layers (layout.c). */
#include "base/token.h"
#include "bpmn/load_in.h"

static int16_t number(struct loader *l, const xmlNode *n, const char *name)
{
    struct str rest = {0};
    int64_t v = 0;
    struct str whole = str_cut(str_trim(xml_attribute(l, n, name)), '.', &rest);
    return str_to_i64(whole, &v) && v > -30000 && v < 30000 ? (int16_t)v : 0;
}

struct reader {
    struct loader *l;
    struct bpmn_shape *shapes;
    size_t shape_count, shape_room;
    struct bpmn_edge *edges;
    size_t edge_count, edge_room;
    bool *collapsed;
};

static const xmlNode *find_named(struct loader *l, const xmlNode *top, struct str id)
{
    const xmlNode *n = top;
    while (n != NULL) {
        if (xml_in(n, BPMN_NS) && str_equal(str_trim(xml_attribute(l, n, "id")), id)) {
            return n;
        }
        if (n->type == XML_ELEMENT_NODE && n->children != NULL) {
            n = n->children;
            continue;
        }
        while (n != top && n->next == NULL) {
            n = n->parent;
        }
        n = n == top ? NULL : n->next;
    }
    return NULL;
}

static bool shape_kind(const xmlNode *n, enum bpmn_shape_kind *ret)
{
    static const struct {
        const char *tag;
        enum bpmn_shape_kind kind;
    } rows[] = {{"participant", SHAPE_PARTICIPANT},
                {"lane", SHAPE_LANE},
                {"dataObject", SHAPE_DATA},
                {"dataObjectReference", SHAPE_DATA},
                {"dataStoreReference", SHAPE_STORE},
                {"textAnnotation", SHAPE_NOTE},
                {"group", SHAPE_GROUP}};
    for (size_t i = 0; i < LEN(rows); i++) {
        if (strcmp((const char *)n->name, rows[i].tag) == 0) {
            *ret = rows[i].kind;
            return true;
        }
    }
    return false;
}

/* Only what belongs to this process: another pool is drawn with its own. */
static bool is_ours(struct loader *l, const xmlNode *n)
{
    if (strcmp((const char *)n->name, "participant") == 0) {
        return str_equal(xml_reference(l, n, "processRef"),
                         str_trim(xml_attribute(l, l->units[0].process, "id")));
    }
    for (const xmlNode *up = n; up != NULL; up = up->parent) {
        if (up == l->units[0].process) {
            return true;
        }
    }
    return false;
}

static void read_shape(struct reader *r, const xmlNode *root, const xmlNode *n)
{
    struct loader *l = r->l;
    struct str id = xml_reference(l, n, "bpmnElement");
    const xmlNode *b = n->children;
    while (b != NULL && !xml_is(b, DC_NS, "Bounds")) {
        b = b->next;
    }
    if (b == NULL || id.n == 0) {
        return;
    }
    int32_t index = element_by_id(l, 0, id);
    if (index >= 0) {
        struct bpmn_element *e = &l->elements[index];
        e->x = number(l, b, "x");
        e->y = number(l, b, "y");
        e->width = number(l, b, "width");
        e->height = number(l, b, "height");
        r->collapsed[index] = e->kind == BPMN_SUBPROCESS &&
                              str_equal(xml_attribute(l, n, "isExpanded"), STR("false"));
        return;
    }
    const xmlNode *what = r->shape_count < 1000 ? find_named(l, root, id) : NULL;
    enum bpmn_shape_kind kind = SHAPE_GROUP;
    if (what == NULL || !shape_kind(what, &kind) || !is_ours(l, what)) {
        return;
    }
    const xmlNode *text = xml_child(what, "text");
    r->shapes =
        bpmn_grow(l->ctx->arena, r->shapes, r->shape_count, &r->shape_room, sizeof(*r->shapes));
    r->shapes[r->shape_count++] = (struct bpmn_shape){
        .kind = kind,
        .id = id,
        .name = text != NULL ? xml_content(l, text) : xml_attribute(l, what, "name"),
        .upright = str_equal(xml_attribute(l, n, "isHorizontal"), STR("false")),
        .x = number(l, b, "x"),
        .y = number(l, b, "y"),
        .width = number(l, b, "width"),
        .height = number(l, b, "height")};
}

static void read_edge(struct reader *r, const xmlNode *n)
{
    struct loader *l = r->l;
    struct str id = xml_reference(l, n, "bpmnElement");
    int32_t flow = NO_INDEX;
    for (size_t i = 0; i < l->flow_count; i++) {
        flow = l->flow_units[i] == 0 && str_equal(l->flows[i].id, id) ? (int32_t)i : flow;
    }
    struct bpmn_waypoint *points = NULL;
    size_t room = 0;
    size_t count = 0;
    for (const xmlNode *w = n->children; w != NULL && count < 200; w = w->next) {
        if (w->type == XML_ELEMENT_NODE && strcmp((const char *)w->name, "waypoint") == 0) {
            points = bpmn_grow(l->ctx->arena, points, count, &room, sizeof(*points));
            points[count++] = (struct bpmn_waypoint){number(l, w, "x"), number(l, w, "y")};
        }
    }
    if (flow >= 0 && count > 1) {
        r->edges =
            bpmn_grow(l->ctx->arena, r->edges, r->edge_count, &r->edge_room, sizeof(*r->edges));
        r->edges[r->edge_count++] = (struct bpmn_edge){flow, false, points, count};
    }
}

const struct bpmn_drawing *drawing_read(struct loader *l, const xmlNode *root)
{
    struct reader r = {.l = l, .collapsed = ARENA_ARRAY(l->ctx->arena, bool, l->element_count + 1)};
    const xmlNode *n = root;
    while (n != NULL) {
        if (xml_is(n, DI_NS, "BPMNShape")) {
            read_shape(&r, root, n);
        } else if (xml_is(n, DI_NS, "BPMNEdge")) {
            read_edge(&r, n);
        }
        if (n->type == XML_ELEMENT_NODE && n->children != NULL && !xml_is(n, BPMN_NS, "process")) {
            n = n->children;
            continue;
        }
        while (n != root && n->next == NULL) {
            n = n->parent;
        }
        n = n == root ? NULL : n->next;
    }
    struct bpmn_drawing *d = ARENA_NEW(l->ctx->arena, struct bpmn_drawing);
    *d = (struct bpmn_drawing){r.shapes, r.shape_count, r.edges, r.edge_count, r.collapsed};
    return d;
}
