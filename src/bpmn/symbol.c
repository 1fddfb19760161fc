/* The symbols of BPMN 2.0 by which people know elements: the envelope of a message, the clock of a
 * timer, the bars of several instances. Paths in a field of 20 by 20, so svg.c only says where and
 * how large; what throws is filled, what catches has outlines only. */
#include "bpmn/draw_in.h"

/* thrown: filled; caught: only outlines. */
static const char *trigger_path(enum bpmn_trigger_kind k)
{
    switch (k) {
    case BPMN_ON_MESSAGE: return "M3 5H17V15H3ZM3 5L10 11L17 5";
    case BPMN_ON_TIMER: return "M10 2A8 8 0 1 0 10.01 2ZM10 5V10L14 12";
    case BPMN_ON_SIGNAL: return "M10 3L17 16H3Z";
    case BPMN_ON_ERROR: return "M3 16L8 4L12 12L17 3L12.5 17L8 9Z";
    case BPMN_ON_ESCALATION: return "M10 3L16 17L10 11L4 17Z";
    case BPMN_ON_CONDITION: return "M4 3H16V17H4ZM6 6H14M6 9H14M6 12H14M6 15H14";
    case BPMN_ON_CANCEL: return "M5 3L10 8L15 3L17 5L12 10L17 15L15 17L10 12L5 17L3 15L8 10L3 5Z";
    case BPMN_ON_COMPENSATION: return "M10 5V15L3 10ZM17 5V15L10 10Z";
    case BPMN_ON_TERMINATE: return "M10 3A7 7 0 1 0 10.01 3Z";
    case BPMN_ON_LINK: return "M3 8H11V4L18 10L11 16V12H3Z";
    }
    return "";
}

static const char *tag_path(struct str tag)
{
    static const struct {
        const char *tag;
        const char *path;
    } rows[] = {
        {"userTask", "M10 3A3.5 3.5 0 1 0 10.01 3ZM3 18C3 11 17 11 17 18Z"},
        {"manualTask", "M3 10L8 5H16V7H10H17V10H10H17V13H10H15V16H6L3 14Z"},
        {"receiveTask", "M3 5H17V15H3ZM3 5L10 11L17 5"},
        {"sendTask", "M3 5H17L10 10ZM3 7V15H17V7L10 12Z"},
        {"serviceTask", "M10 6A4 4 0 1 0 10.01 6ZM10 2V5M10 15V18M2 10H5M15 10H18M4.5 4.5L6.5 "
                        "6.5M13.5 13.5L15.5 15.5M4.5 15.5L6.5 13.5M13.5 6.5L15.5 4.5"},
        {"scriptTask", "M6 3H17C13 7 18 12 14 17H3C7 13 2 8 6 3ZM7 6H13M7 9H14M7 12H14"},
        {"businessRuleTask", "M2 4H18V16H2ZM2 8H18M7 8V16M2 12H18"},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        if (str_equal(tag, str_from(rows[i].tag))) {
            return rows[i].path;
        }
    }
    return NULL;
}

static void put_path(struct buf *b, const char *path, int x, int y, double scale, bool filled)
{
    buf_format(b, "<path class=\"%s\"%s transform=\"translate(%d %d) scale(%.2f)\" d=\"%s\"/>",
               filled ? "sym full" : "sym", filled ? " fill=\"currentColor\"" : "", x, y, scale,
               path);
}

static void put_event(struct buf *b, const struct bpmn_element *e, struct box x)
{
    bool thrown = e->kind == BPMN_END || e->kind == BPMN_THROW;
    double scale = (double)(x.w < x.h ? x.w : x.h) / 36;
    int left = x.x + x.w / 2 - (int)(10 * scale);
    int top = x.y + x.h / 2 - (int)(10 * scale);
    if (e->trigger_count > 1) {
        const char *many =
            e->all_triggers ? "M8 3H12V8H17V12H12V17H8V12H3V8H8Z" : "M10 3L17 8L14.5 16H5.5L3 8Z";
        put_path(b, many, left, top, scale, thrown);
    } else if (e->trigger_count == 1) {
        put_path(b, trigger_path(e->triggers[0].kind), left, top, scale, thrown);
    } else if (e->act_count > 0 && e->kind != BPMN_END) {
        put_path(b, trigger_path(BPMN_ON_MESSAGE), left, top, scale, thrown);
    }
}

static void put_gateway(struct buf *b, const struct bpmn_element *e, struct box x)
{
    double scale = (double)(x.w < x.h ? x.w : x.h) / 46;
    int left = x.x + x.w / 2 - (int)(10 * scale);
    int top = x.y + x.h / 2 - (int)(10 * scale);
    switch (e->kind) {
    case BPMN_EXCLUSIVE: put_path(b, "M6 4L14 16M14 4L6 16", left, top, scale, false); return;
    case BPMN_PARALLEL: put_path(b, "M10 2V18M2 10H18", left, top, scale, false); return;
    case BPMN_INCLUSIVE: put_path(b, "M10 3A7 7 0 1 0 10.01 3Z", left, top, scale, false); return;
    case BPMN_COMPLEX:
        put_path(b, "M10 2V18M2 10H18M4.5 4.5L15.5 15.5M15.5 4.5L4.5 15.5", left, top, scale,
                 false);
        return;
    case BPMN_EVENT_GATEWAY:
        put_path(b,
                 e->starts_all ? "M10 1A9 9 0 1 0 10.01 1ZM10 5V15M5 10H15"
                               : "M10 1A9 9 0 1 0 10.01 1ZM10 5L15 8.5L13 14H7L5 8.5Z",
                 left, top, scale, false);
        return;
    case BPMN_START:
    case BPMN_END:
    case BPMN_CATCH:
    case BPMN_THROW:
    case BPMN_BOUNDARY:
    case BPMN_TASK:
    case BPMN_PASS:
    case BPMN_SUBPROCESS:
    case BPMN_CALL:
    case BPMN_PROCESS: return;
    }
}

/* Markers stand in a row at the foot of an activity. */
static void put_markers(struct buf *b, const struct bpmn_element *e, struct box x, bool collapsed)
{
    const char *marks[3];
    size_t n = 0;
    if (e->loop != NULL) {
        marks[n++] = !e->loop->multi       ? "M14 4A7 7 0 1 1 6 4M6 4H2M6 4V8"
                     : e->loop->sequential ? "M3 5H17M3 10H17M3 15H17"
                                           : "M5 3V17M10 3V17M15 3V17";
    }
    if (e->for_compensation) {
        marks[n++] = "M10 5V15L3 10ZM17 5V15L10 10Z";
    }
    if (collapsed || e->kind == BPMN_CALL) {
        marks[n++] = "M3 3H17V17H3ZM10 6V14M6 10H14";
    }
    int left = x.x + x.w / 2 - (int)n * 8;
    for (size_t i = 0; i < n; i++) {
        put_path(b, marks[i], left + (int)i * 16, x.y + x.h - 17, 0.7, false);
    }
}

void put_symbol(struct buf *b, const struct bpmn_element *e, struct box x, bool collapsed)
{
    if (is_activity(e->kind)) {
        const char *path = tag_path(e->tag);
        if (path != NULL) {
            put_path(b, path, x.x + 4, x.y + 4, 0.75, false);
        }
        put_markers(b, e, x, collapsed);
    } else if (e->kind == BPMN_START || e->kind == BPMN_END || e->kind == BPMN_CATCH ||
               e->kind == BPMN_THROW || e->kind == BPMN_BOUNDARY) {
        put_event(b, e, x);
    } else {
        put_gateway(b, e, x);
    }
}
