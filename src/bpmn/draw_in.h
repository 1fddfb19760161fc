/* draw_in.h - inside the drawing: boxes of elements and ways of flows, from the diagram or laid
 * out. */
#pragma once

#include "bpmn/bpmn_in.h"

enum { ROUTE_MAX = 64 };

struct box {
    int x, y, w, h;
};
struct route {
    struct bpmn_waypoint points[ROUTE_MAX];
    size_t count;
};

/* Layers from left to right; boxes and routes come zeroed. */
void lay_out(struct arena *a, const struct bpmn_process *p, struct box *boxes,
             struct route *routes);
/* The symbol inside an event, gateway or activity (symbol.c). */
void put_symbol(struct buf *b, const struct bpmn_element *e, struct box x, bool collapsed);
