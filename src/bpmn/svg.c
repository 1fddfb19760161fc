/* A process as SVG: places from its diagram, or laid out when it has none. Classes and presentation
 * attributes only, so that a strict content security policy holds and the picture stands alone too.
 * What is open or done is told by the line, by a tag with words, by each element's title, and by a
 * list beside the picture. */
#include "base/utf8.h"
#include "bpmn/draw_in.h"
#include "bpmn/look.h"

enum { MARGIN = 20, FONT = 12, LINE = 15, LINES_MAX = 4 };

struct picture {
    struct buf *b;
    const struct bpmn_process *p;
    const struct bpmn_state *s;
    const struct bpmn_words *words;
    const bool *done;
    struct box *boxes;
    struct route *routes;
    bool own; /* laid out by us */
};

static void put_text(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '&' || c == '<' || c == '>' || c == '"') {
            buf_puts(b, c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&quot;");
        } else if ((unsigned char)c >= 0x20 && c != 0x7f) {
            buf_byte(b, c);
        } else {
            buf_byte(b, ' ');
        }
    }
}

/* ---- words in lines ---- */

/* Width of a character in hundredths of the font's size: full-width forms one, Latin by its
 * classes. */
static int width_of(int32_t c)
{
    if (c >= 0x1100 &&
        (c <= 0x115f || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) ||
         (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || c >= 0x1f300)) {
        return 100;
    }
    if (c == 0x2014 || c == 0x2026) {
        return 100;
    }
    if (c > 127) {
        return 60;
    }
    return c == 0 || strchr("iIljt.,:;'!|()[] ", c) != NULL ? 32
           : strchr("mwMW@%", c) != NULL                    ? 88
           : c >= 'A' && c <= 'Z'                           ? 67
                                                            : 55;
}

/* The bytes of one line of at most `room` pixels: broken at a blank, or anywhere in full-width
 * text. */
static size_t take_line(struct str s, int room)
{
    size_t at = 0;
    size_t good = 0;
    int width = 0;
    while (at < s.n) {
        size_t from = at;
        int32_t c = utf8_next(s, &at);
        if (c < 0) {
            return s.n;
        }
        width += width_of(c) * FONT;
        if (width > room * 100 && from > 0) {
            return good > 0 ? good : from;
        }
        good = c == ' ' || width_of(c) == 100 ? at : good;
    }
    return s.n;
}

static void put_lines(struct picture *x, struct str text, int cx, int y, int room, int lines_max,
                      bool centred)
{
    struct str lines[LINES_MAX];
    size_t n = 0;
    for (struct str rest = str_trim(text); rest.n > 0 && n < (size_t)lines_max; n++) {
        size_t take = take_line(rest, room);
        lines[n] = str_trim(str_slice(rest, 0, take));
        rest = str_slice(rest, take, rest.n);
        bool cut = rest.n > 0 && n + 1 == (size_t)lines_max;
        lines[n] = cut ? str_format(x->b->arena, "%.*s…", FMT(lines[n])) : lines[n];
    }
    int top = centred ? y - ((int)n - 1) * LINE / 2 + 4 : y;
    for (size_t i = 0; i < n; i++) {
        buf_format(x->b,
                   "<text stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\" "
                   "fill=\"currentColor\" x=\"%d\" y=\"%d\">",
                   cx, top + (int)i * LINE);
        put_text(x->b, lines[i]);
        buf_puts(x->b, "</text>");
    }
}

/* ---- elements ---- */

static bool is_open(const struct picture *x, size_t i)
{
    return x->s != NULL && bpmn_is_open(x->s, (uint16_t)i);
}

static bool is_done(const struct picture *x, size_t i)
{
    return x->done != NULL && x->done[i] && !is_open(x, i);
}

static struct str name_of(const struct bpmn_element *e)
{
    return e->name.n > 0 ? e->name : e->id;
}

static void put_shape(struct picture *x, const struct bpmn_element *e, struct box b,
                      const char *class)
{
    struct buf *out = x->b;
    int r = (b.w < b.h ? b.w : b.h) / 2;
    int cx = b.x + b.w / 2;
    int cy = b.y + b.h / 2;
    bool round = e->kind == BPMN_START || e->kind == BPMN_END || e->kind == BPMN_CATCH ||
                 e->kind == BPMN_THROW || e->kind == BPMN_BOUNDARY;
    bool beside = (e->kind == BPMN_BOUNDARY ||
                   (e->kind == BPMN_START && e->scope >= 0 && x->p->elements[e->scope].by_event)) &&
                  !e->interrupting;
    const char *dash = beside || e->by_event ? " stroke-dasharray=\"5 3\"" : "";
    if (round) {
        buf_format(out, "<circle fill=\"#fff\" class=\"%s%s\"%s%s cx=\"%d\" cy=\"%d\" r=\"%d\"/>",
                   class, e->kind == BPMN_END ? " end" : "", dash,
                   e->kind == BPMN_END ? " stroke-width=\"3\"" : "", cx, cy, r);
        if (e->kind != BPMN_START && e->kind != BPMN_END) {
            buf_format(out, "<circle class=\"ring\"%s cx=\"%d\" cy=\"%d\" r=\"%d\"/>", dash, cx, cy,
                       r - 3);
        }
    } else if (is_activity(e->kind)) {
        const char *thick = e->kind == BPMN_CALL ? " stroke-width=\"3\"" : "";
        buf_format(out,
                   "<rect fill=\"#fff\" class=\"%s%s\"%s%s x=\"%d\" y=\"%d\" width=\"%d\" "
                   "height=\"%d\" rx=\"8\"/>",
                   class, e->kind == BPMN_CALL ? " call" : "", dash, thick, b.x, b.y, b.w, b.h);
        if (e->transaction) {
            buf_format(
                out, "<rect class=\"ring\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"6\"/>",
                b.x + 3, b.y + 3, b.w - 6, b.h - 6);
        }
    } else {
        buf_format(out, "<path fill=\"#fff\" class=\"%s\" d=\"M%d %dL%d %dL%d %dL%d %dZ\"/>", class,
                   cx, b.y, b.x + b.w, cy, cx, b.y + b.h, b.x, cy);
    }
}

/* A tag in words at the upper right corner: the state is told without colour. */
static void put_tag(struct picture *x, struct box b, bool open)
{
    struct str word = open ? x->words->open : x->words->done;
    int width = 22;
    for (size_t at = 0; at < word.n;) {
        int32_t c = utf8_next(word, &at);
        if (c < 0) {
            break;
        }
        width += width_of(c) * 11 / 100;
    }
    int left = b.x + b.w - width + 6;
    buf_format(
        x->b,
        "<g class=\"tag %s\"><rect fill=\"#fff\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"17\" "
        "rx=\"%d\"/><text stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\" "
        "fill=\"currentColor\" font-size=\"11\" x=\"%d\" y=\"%d\">%s ",
        open ? "open" : "done", left, b.y - 10, width, open ? 2 : 8, left + width / 2, b.y + 2,
        open ? "▶" : "✓");
    put_text(x->b, word);
    buf_puts(x->b, "</text></g>");
}

static void put_element(struct picture *x, size_t i)
{
    const struct bpmn_element *e = &x->p->elements[i];
    struct box b = x->boxes[i];
    bool open = is_open(x, i);
    bool done = is_done(x, i);
    bool collapsed = x->p->drawing != NULL && x->p->drawing->collapsed[i] && !x->own;
    buf_format(x->b, "<g class=\"node%s\"><title>", open ? " open" : done ? " done" : "");
    put_text(x->b, name_of(e));
    if (open || done) {
        buf_puts(x->b, " — ");
        put_text(x->b, open ? x->words->open : x->words->done);
    }
    buf_puts(x->b, "</title>");
    put_shape(x, e, b, open ? "el open" : done ? "el done" : "el");
    put_symbol(x->b, e, b, collapsed);
    if (is_activity(e->kind)) {
        bool outer = e->kind == BPMN_SUBPROCESS && !collapsed;
        if (outer) {
            put_lines(x, e->name, b.x + b.w / 2, b.y + 16, b.w - 20, 1, false);
        } else {
            put_lines(x, name_of(e), b.x + b.w / 2, b.y + b.h / 2 + 2, b.w - 16,
                      b.h < 50 ? 2 : LINES_MAX, true);
        }
    } else {
        put_lines(x, e->name, b.x + b.w / 2, b.y + b.h + 14, 96, 2, false);
    }
    if (open || done) {
        put_tag(x, b, open);
    }
    buf_puts(x->b, "</g>");
}

/* ---- what is around them ---- */

static void put_pool(struct picture *x, const struct bpmn_shape *s)
{
    struct buf *out = x->b;
    if (s->kind == SHAPE_PARTICIPANT || s->kind == SHAPE_LANE || s->kind == SHAPE_GROUP) {
        buf_format(out, "<rect class=\"pool\"%s x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
                   s->kind == SHAPE_GROUP ? " stroke-dasharray=\"8 4\"" : "", s->x, s->y, s->width,
                   s->height);
    }
    int cx = s->x + s->width / 2;
    if (s->kind == SHAPE_GROUP) {
        return;
    }
    if (s->kind == SHAPE_PARTICIPANT || s->kind == SHAPE_LANE) {
        if (s->upright) {
            put_lines(x, s->name, cx, s->y + 18, s->width - 8, 1, false);
            return;
        }
        int cy = s->y + s->height / 2;
        buf_format(out,
                   "<text stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\" "
                   "fill=\"currentColor\" transform=\"rotate(-90 %d %d)\" x=\"%d\" y=\"%d\">",
                   s->x + 18, cy, s->x + 18, cy);
        put_text(out, s->name);
        buf_puts(out, "</text>");
        return;
    }
    const char *path =
        s->kind == SHAPE_STORE
            ? "M0 10C0 -2 100 -2 100 10V90C100 102 0 102 0 90ZM0 10C0 22 100 22 100 10"
        : s->kind == SHAPE_DATA ? "M0 0H70L100 30V100H0ZM70 0V30H100"
                                : "M30 0H0V100H30";
    buf_format(out,
               "<path class=\"data\" vector-effect=\"non-scaling-stroke\" transform=\"translate(%d "
               "%d) scale(%.3f %.3f)\" d=\"%s\"/>",
               s->x, s->y, (double)s->width / 100, (double)s->height / 100, path);
    put_lines(x, s->name, cx, s->kind == SHAPE_NOTE ? s->y + s->height / 2 : s->y + s->height + 14,
              s->kind == SHAPE_NOTE ? s->width - 12 : 110, LINES_MAX, s->kind == SHAPE_NOTE);
}

static void put_flow(struct picture *x, size_t k)
{
    const struct bpmn_flow *f = &x->p->flows[k];
    const struct route *r = &x->routes[k];
    if (r->count < 2) {
        return;
    }
    buf_puts(x->b, "<path class=\"flow\" marker-end=\"url(#bpmn-arrow)\" d=\"");
    for (size_t i = 0; i < r->count; i++) {
        buf_format(x->b, "%c%d %d", i == 0 ? 'M' : 'L', r->points[i].x, r->points[i].y);
    }
    buf_puts(x->b, "\"/>");
    int x0 = r->points[0].x;
    int y0 = r->points[0].y;
    if (f->is_default) {
        buf_format(x->b, "<path class=\"flow\" d=\"M%d %dL%d %d\"/>", x0 + 6, y0 + 6, x0 + 12,
                   y0 - 6);
    } else if (f->condition != NULL && is_activity(x->p->elements[f->from].kind)) {
        buf_format(x->b, "<path class=\"el\" d=\"M%d %dL%d %dL%d %dL%d %dZ\"/>", x0, y0, x0 + 8,
                   y0 - 4, x0 + 16, y0, x0 + 8, y0 + 4);
    }
    if (f->name.n > 0) {
        const struct bpmn_waypoint *a = &r->points[r->count - 2];
        const struct bpmn_waypoint *z = &r->points[r->count - 1];
        bool own = x->own && r->count > 2;
        put_lines(x, f->name, own ? (a->x + z->x) / 2 - 20 : (r->points[0].x + r->points[1].x) / 2,
                  own ? z->y - 6 : (r->points[0].y + r->points[1].y) / 2 - 6, 90, 2, false);
    }
}

static bool is_drawn(const struct picture *x, size_t i)
{
    int32_t at = (int32_t)i;
    for (int depth = 0; at >= 0 && depth < 32; depth++) {
        const struct bpmn_element *e = &x->p->elements[at];
        bool folded =
            at != (int32_t)i && !x->own && x->p->drawing != NULL && x->p->drawing->collapsed[at];
        if (e->kind == BPMN_PROCESS || folded) {
            return false;
        }
        at = e->scope;
    }
    return x->boxes[i].w > 0;
}

/* ---- the whole ---- */

/* Every element of the process itself has its place (what is in folded sub-processes need not). */
static bool has_diagram(const struct bpmn_process *p)
{
    bool any = false;
    for (size_t i = 0; i < p->element_count; i++) {
        if (p->elements[i].scope < 0 && p->elements[i].kind != BPMN_PROCESS) {
            any = true;
            if (p->elements[i].width <= 0 || p->elements[i].height <= 0) {
                return false;
            }
        }
    }
    return any;
}

static void take_diagram(struct picture *x)
{
    const struct bpmn_process *p = x->p;
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        x->boxes[i] = (struct box){e->x, e->y, e->width, e->height};
    }
    for (size_t k = 0; k < p->drawing->edge_count; k++) {
        const struct bpmn_edge *e = &p->drawing->edges[k];
        struct route *r = e->flow < 0 ? NULL : &x->routes[e->flow];
        for (size_t i = 0; r != NULL && i < e->count && i < ROUTE_MAX; i++) {
            r->points[i] = e->points[i];
            r->count = i + 1;
        }
    }
    for (size_t k = 0; k < p->flow_count; k++) { /* a flow without a way: straight */
        struct route *r = &x->routes[k];
        struct box a = x->boxes[p->flows[k].from];
        struct box z = x->boxes[p->flows[k].to];
        if (r->count == 0 && is_drawn(x, p->flows[k].from) && is_drawn(x, p->flows[k].to)) {
            r->points[0] = (struct bpmn_waypoint){(int16_t)(a.x + a.w), (int16_t)(a.y + a.h / 2)};
            r->points[1] = (struct bpmn_waypoint){(int16_t)z.x, (int16_t)(z.y + z.h / 2)};
            r->count = 2;
        }
    }
}

static void grow(struct box *all, int x, int y)
{
    all->x = x < all->x ? x : all->x;
    all->y = y < all->y ? y : all->y;
    all->w = x > all->w ? x : all->w;
    all->h = y > all->h ? y : all->h;
}

static struct box bounds(const struct picture *x)
{
    struct box all = {30000, 30000, -30000, -30000};
    for (size_t i = 0; i < x->p->element_count; i++) {
        if (is_drawn(x, i)) {
            struct box b = x->boxes[i];
            bool label = !is_activity(x->p->elements[i].kind) && x->p->elements[i].name.n > 0;
            grow(&all, b.x - (label ? 30 : 0), b.y - 10);
            grow(&all, b.x + b.w + (label ? 30 : 0), b.y + b.h + (label ? 34 : 0));
        }
    }
    for (size_t k = 0; k < x->p->flow_count; k++) {
        for (size_t i = 0; i < x->routes[k].count; i++) {
            grow(&all, x->routes[k].points[i].x, x->routes[k].points[i].y);
        }
    }
    for (size_t i = 0; !x->own && i < x->p->drawing->shape_count; i++) {
        const struct bpmn_shape *s = &x->p->drawing->shapes[i];
        grow(&all, s->x, s->y);
        grow(&all, s->x + s->width, s->y + s->height);
    }
    return all.w < all.x ? (struct box){0, 0, 0, 0} : all;
}

static void put_names(struct picture *x, bool open)
{
    bool first = true;
    for (size_t i = 0; i < x->p->element_count; i++) {
        if (is_drawn(x, i) && (open ? is_open(x, i) : is_done(x, i))) {
            buf_puts(x->b, first ? "" : ", ");
            put_text(x->b, name_of(&x->p->elements[i]));
            first = false;
        }
    }
}

static void put_desc(struct picture *x)
{
    buf_puts(x->b, "<desc>");
    if (x->s != NULL) {
        put_text(x->b, x->words->open);
        buf_puts(x->b, ": ");
        put_names(x, true);
        buf_puts(x->b, ". ");
        put_text(x->b, x->words->done);
        buf_puts(x->b, ": ");
        put_names(x, false);
    }
    buf_puts(x->b, "</desc>");
}

static void put_picture(struct picture *x, struct str title)
{
    struct buf *out = x->b;
    struct box all = bounds(x);
    int width = all.w - all.x + 2 * MARGIN;
    int height = all.h - all.y + 2 * MARGIN;
    buf_format(out,
               "<svg class=\"process\" xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
               "width=\"%d\" height=\"%d\" viewBox=\"%d %d %d %d\"><title>",
               width, height, all.x - MARGIN, all.y - MARGIN, width, height);
    put_text(out, title);
    buf_puts(out, "</title>");
    put_desc(x);
    buf_puts(
        out,
        "<defs><marker id=\"bpmn-arrow\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" "
        "markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path class=\"arrow\" "
        "fill=\"currentColor\" d=\"M0 1L10 5L0 9Z\"/></marker></defs>"
        "<g fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.4\" stroke-linejoin=\"round\" "
        "font-size=\"12\" text-anchor=\"middle\" font-family=\"sans-serif\">");
    for (size_t i = 0; !x->own && i < x->p->drawing->shape_count; i++) {
        put_pool(x, &x->p->drawing->shapes[i]);
    }
    for (int outer = 1; outer >= 0; outer--) { /* what holds others first; boundary events last */
        for (size_t i = 0; i < x->p->element_count; i++) {
            bool holds = x->p->elements[i].kind == BPMN_SUBPROCESS;
            if (holds == (outer == 1) && x->p->elements[i].kind != BPMN_BOUNDARY &&
                is_drawn(x, i)) {
                put_element(x, i);
            }
        }
        for (size_t k = 0; outer == 1 && k < x->p->flow_count; k++) {
            if (is_drawn(x, x->p->flows[k].from) && is_drawn(x, x->p->flows[k].to)) {
                put_flow(x, k);
            }
        }
    }
    for (size_t i = 0; i < x->p->element_count; i++) {
        if (x->p->elements[i].kind == BPMN_BOUNDARY && is_drawn(x, i)) {
            put_element(x, i);
        }
    }
    buf_puts(out, "</g></svg>");
}

static struct picture picture_of(struct buf *out, const struct bpmn_process *p,
                                 const struct bpmn_state *s, const bool *done,
                                 const struct bpmn_words *words)
{
    struct picture x = {.b = out, .p = p, .s = s, .done = done, .words = words};
    x.boxes = ARENA_ARRAY(out->arena, struct box, p->element_count + 1);
    x.routes = ARENA_ARRAY(out->arena, struct route, p->flow_count + 1);
    x.own = p->drawing == NULL || !has_diagram(p);
    if (x.own) {
        lay_out(out->arena, p, x.boxes, x.routes);
    } else {
        take_diagram(&x);
    }
    return x;
}

static const struct bpmn_words english = {STR_INIT("open"), STR_INIT("done"),
                                          STR_INIT("Steps of the process")};

void bpmn_draw(struct buf *out, const struct bpmn_process *p, const struct bpmn_state *s,
               const bool *done, const struct bpmn_words *words, struct str title)
{
    struct picture x = picture_of(out, p, s, done, words);
    put_picture(&x, title);
    buf_puts(out, "<details class=\"process-list\"><summary>");
    put_text(out, words->list);
    buf_puts(out, "</summary><ol>");
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        if ((is_activity(e->kind) || is_open(&x, i)) && is_drawn(&x, i)) {
            buf_puts(out, "<li>");
            put_text(out, name_of(e));
            if (is_open(&x, i) || is_done(&x, i)) {
                buf_puts(out, is_open(&x, i) ? " — <strong>" : " — ");
                put_text(out, is_open(&x, i) ? words->open : words->done);
                buf_puts(out, is_open(&x, i) ? "</strong>" : "");
            }
            buf_puts(out, "</li>");
        }
    }
    buf_puts(out, "</ol></details>");
}

void bpmn_svg(struct buf *out, const struct bpmn_process *p, const struct bpmn_state *s,
              struct str title)
{
    struct picture x = picture_of(out, p, s, NULL, &english);
    put_picture(&x, title);
}
