/* A process as SVG: places from its diagram, or layers from left to right when it has none. Classes
 * and attributes only, so that a strict content security policy holds. */
#include "base/arena.h"
#include "base/str.h"
#include "bpmn/bpmn.h"

enum { COLUMN = 150, ROW = 90, WIDTH = 110, HEIGHT = 56, MARGIN = 20 };

struct box {
    int x, y, w, h;
};

static void put_text(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '&' || s.p[i] == '<' || s.p[i] == '>' || s.p[i] == '"') {
            buf_puts(b, s.p[i] == '&' ? "&amp;" : s.p[i] == '<' ? "&lt;" : s.p[i] == '>' ? "&gt;" : "&quot;");
        } else {
            buf_byte(b, s.p[i]);
        }
    }
}

/* Longest path from a start, loops cut after as many rounds as there are elements. */
static void lay_out(struct arena *a, const struct bpmn_process *p, struct box *boxes)
{
    int *column = ARENA_ARRAY(a, int, p->element_count);
    int *fill = ARENA_ARRAY(a, int, p->element_count + 64);
    for (size_t round = 0; round < p->element_count && round < 40; round++) {
        for (size_t i = 0; i < p->flow_count; i++) {
            int next = column[p->flows[i].from] + 1;
            if (p->flows[i].to > p->flows[i].from && column[p->flows[i].to] < next && next < 40) {
                column[p->flows[i].to] = next;
            }
        }
        for (size_t i = 0; i < p->element_count; i++) {
            int from = p->elements[i].attached_to >= 0 ? p->elements[i].attached_to : p->elements[i].scope;
            if (from >= 0 && p->elements[i].in_count == 0 && column[i] < column[from]) {
                column[i] = column[from];
            }
        }
    }
    for (size_t i = 0; i < p->element_count; i++) {
        boxes[i] = (struct box){MARGIN + column[i] * COLUMN, MARGIN + fill[column[i]]++ * ROW, WIDTH, HEIGHT};
    }
}

static bool has_diagram(const struct bpmn_process *p)
{
    for (size_t i = 0; i < p->element_count; i++) {
        if (p->elements[i].width == 0) {
            return false;
        }
    }
    return p->element_count > 0;
}

static void put_element(struct buf *b, const struct bpmn_element *e, struct box x, bool open)
{
    const char *class = open ? "el open" : "el";
    switch (e->kind) {
    case BPMN_TASK:
    case BPMN_PASS:
    case BPMN_SUBPROCESS:
    case BPMN_CALL:
    case BPMN_PROCESS:
        buf_format(b, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"8\"/>", class, x.x, x.y, x.w, x.h);
        break;
    case BPMN_EXCLUSIVE:
    case BPMN_PARALLEL:
    case BPMN_INCLUSIVE:
    case BPMN_COMPLEX:
    case BPMN_EVENT_GATEWAY:
        buf_format(b, "<path class=\"%s\" d=\"M%d %dL%d %dL%d %dL%d %dZ\"/>", class, x.x + x.w / 2, x.y, x.x + x.w, x.y + x.h / 2,
                   x.x + x.w / 2, x.y + x.h, x.x, x.y + x.h / 2);
        break;
    case BPMN_START:
    case BPMN_END:
    case BPMN_CATCH:
    case BPMN_THROW:
    case BPMN_BOUNDARY:
        buf_format(b, "<ellipse class=\"%s\" cx=\"%d\" cy=\"%d\" rx=\"%d\" ry=\"%d\"/>", class, x.x + x.w / 2, x.y + x.h / 2,
                   (x.w < x.h ? x.w : x.h) / 2, (x.w < x.h ? x.w : x.h) / 2);
        break;
    }
    buf_format(b, "<text x=\"%d\" y=\"%d\">", x.x + x.w / 2, e->kind == BPMN_TASK ? x.y + x.h / 2 + 4 : x.y + x.h + 14);
    put_text(b, e->name);
    buf_puts(b, "</text>");
}

void bpmn_svg(struct buf *out, const struct bpmn_process *p, const struct bpmn_state *s, struct str title)
{
    struct box *boxes = ARENA_ARRAY(out->arena, struct box, p->element_count + 1);
    int right = 0;
    int bottom = 0;
    if (has_diagram(p)) {
        for (size_t i = 0; i < p->element_count; i++) {
            const struct bpmn_element *e = &p->elements[i];
            boxes[i] = (struct box){e->x, e->y, e->width, e->height};
        }
    } else {
        lay_out(out->arena, p, boxes);
    }
    for (size_t i = 0; i < p->element_count; i++) {
        right = boxes[i].x + boxes[i].w > right ? boxes[i].x + boxes[i].w : right;
        bottom = boxes[i].y + boxes[i].h > bottom ? boxes[i].y + boxes[i].h : bottom;
    }
    buf_format(out, "<svg class=\"process\" role=\"img\" viewBox=\"0 0 %d %d\"><title>", right + MARGIN, bottom + 2 * MARGIN);
    put_text(out, title);
    buf_puts(out, "</title>");
    for (size_t i = 0; i < p->flow_count; i++) {
        struct box a = boxes[p->flows[i].from];
        struct box z = boxes[p->flows[i].to];
        buf_format(out, "<path class=\"flow\" d=\"M%d %dL%d %d\"/>", a.x + a.w, a.y + a.h / 2, z.x, z.y + z.h / 2);
    }
    for (size_t i = 0; i < p->element_count; i++) {
        put_element(out, &p->elements[i], boxes[i], s != NULL && bpmn_is_open(s, (uint16_t)i));
    }
    buf_puts(out, "</svg>");
}
