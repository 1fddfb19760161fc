/* The picture: what stands in it, that it keeps its places, and that its words and state are told.
 */
#include "base/test.h"
#include "bpmn/look.h"
#include "bpmn/bpmn_in.h"
#include "bpmn/draw_in.h"

static const struct bpmn_process *load(struct test *t, struct ctx *ctx, const char *body,
                                       const char *diagram)
{
    const struct bpmn_model *m = NULL;
    struct bpmn_options o = {.open = true};
    struct str xml = str_format(
        ctx->arena,
        "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" "
        "xmlns:b=\"http://www.omg.org/spec/BPMN/20100524/DI\" "
        "xmlns:c=\"http://www.omg.org/spec/DD/20100524/DC\" "
        "xmlns:d=\"http://www.omg.org/spec/DD/20100524/DI\" targetNamespace=\"t\"><collaboration "
        "id=\"co\"><participant id=\"pool\" name=\"Office\" processRef=\"p\"/></collaboration>"
        "<process id=\"p\"><laneSet id=\"ls\"><lane id=\"lane\" "
        "name=\"Desk\"/></laneSet>%s</process>%s</definitions>",
        body, diagram);
    CHECK_OK(bpmn_load_with(ctx, xml, STR("t"), &o, &m));
    return m == NULL ? NULL : &m->processes[0];
}

#define FLOW(a, b) "<sequenceFlow id=\"" a b "\" sourceRef=\"" a "\" targetRef=\"" b "\"/>"
static const char model[] =
    "<startEvent id=\"s\"/><userTask id=\"a\" name=\"审查 &lt;申请人提交的全部材料并且核对原件&gt; "
    "and more words than fit\"/><boundaryEvent id=\"x\" "
    "attachedToRef=\"a\"><timerEventDefinition><timeDuration>P1D</timeDuration></"
    "timerEventDefinition></boundaryEvent>"
    "<subProcess id=\"u\" name=\"inside\"><startEvent id=\"us\"/><serviceTask id=\"b\"/><endEvent "
    "id=\"ue\"/>" FLOW("us", "b")
        FLOW("b", "ue") "</subProcess><exclusiveGateway id=\"g\" default=\"ge\"/><endEvent "
                        "id=\"e\"/>" FLOW("s", "a") FLOW("a", "u") FLOW("u", "g") FLOW(
                            "g", "e") "<sequenceFlow id=\"back\" name=\"again\" sourceRef=\"g\" "
                                      "targetRef=\"a\"><conditionExpression>y</"
                                      "conditionExpression></sequenceFlow>" FLOW("x", "e");

static bool has(struct str text, const char *what)
{
    return str_find(text, str_from(what)) != SIZE_MAX;
}

/* Nothing overlaps, what is inside is inside, and flows are right-angled. */
TEST(bpmn_a_layout_keeps_things_apart)
{
    const struct bpmn_process *p = load(t, ctx, model, "");
    struct box *b = ARENA_ARRAY(ctx->arena, struct box, p->element_count);
    struct route *r = ARENA_ARRAY(ctx->arena, struct route, p->flow_count);
    lay_out(ctx->arena, p, b, r);
    for (size_t i = 0; i < p->element_count; i++) {
        const struct bpmn_element *e = &p->elements[i];
        CHECK(b[i].w > 0 && b[i].h > 0 && b[i].x >= 0 && b[i].y >= 0);
        if (e->scope >= 0) {
            struct box o = b[e->scope];
            CHECK(b[i].x >= o.x && b[i].y >= o.y && b[i].x + b[i].w <= o.x + o.w &&
                  b[i].y + b[i].h <= o.y + o.h);
        }
        for (size_t k = 0; k < i; k++) {
            bool beside = p->elements[k].scope == e->scope && e->kind != BPMN_BOUNDARY &&
                          p->elements[k].kind != BPMN_BOUNDARY;
            bool apart = b[i].x >= b[k].x + b[k].w || b[k].x >= b[i].x + b[i].w ||
                         b[i].y >= b[k].y + b[k].h || b[k].y >= b[i].y + b[i].h;
            CHECK(!beside || apart);
        }
    }
    for (size_t k = 0; k < p->flow_count; k++) {
        CHECK(r[k].count >= 2);
        for (size_t i = 1; i < r[k].count; i++) {
            CHECK(r[k].points[i].x == r[k].points[i - 1].x ||
                  r[k].points[i].y == r[k].points[i - 1].y);
        }
    }
}

TEST(bpmn_a_picture_tells_its_state_in_words)
{
    static const struct bpmn_words words = {STR_INIT("进行中"), STR_INIT("已办"), STR_INIT("列表")};
    const struct bpmn_process *p = load(t, ctx, model, "");
    struct bpmn_input in = {0};
    struct bpmn_event ev = {.kind = BPMN_BEGIN};
    struct bpmn_result r;
    CHECK_OK(bpmn_begin(ctx, p, &ev, &in, &r));
    bool *done = ARENA_ARRAY(ctx->arena, bool, p->element_count);
    done[0] = true;
    struct buf b = buf_new(ctx->arena, 0);
    bpmn_draw(&b, p, r.state, done, &words, STR("T"));
    struct str svg = buf_str(&b);
    CHECK(has(svg, "▶ 进行中") && has(svg, "✓ 已办") && has(svg, "<desc>进行中: ") &&
          has(svg, "<summary>列表</summary>"));
    CHECK(has(svg, "&lt;申请人提交") && !has(svg, "<申请人") && has(svg, "…") &&
          !has(svg, "style="));
    CHECK(has(svg, "<strong>进行中</strong>") && has(svg, ">again<"));
}

TEST(bpmn_a_picture_keeps_the_places_of_its_diagram)
{
#define SHAPE(id, x, y, w, h)                                                                      \
    "<b:BPMNShape bpmnElement=\"" id "\"><c:Bounds x=\"" x "\" y=\"" y "\" width=\"" w             \
    "\" height=\"" h "\"/></b:BPMNShape>"
    const struct bpmn_process *p = load(
        t, ctx, "<startEvent id=\"s\"/><endEvent id=\"e\"/>" FLOW("s", "e"),
        "<b:BPMNDiagram><b:BPMNPlane bpmnElement=\"co\">" SHAPE("pool", "100.5", "50", "600", "200")
            SHAPE("lane", "130", "50", "570", "200") SHAPE("s", "200", "132", "36", "36")
                SHAPE("e", "400", "132", "36",
                      "36") "<b:BPMNEdge bpmnElement=\"se\"><d:waypoint x=\"236\" "
                            "y=\"150\"/><d:waypoint x=\"300\" y=\"99\"/><d:waypoint x=\"400\" "
                            "y=\"150\"/></b:BPMNEdge></b:BPMNPlane></b:BPMNDiagram>");
    struct buf b = buf_new(ctx->arena, 0);
    bpmn_svg(&b, p, NULL, STR("T"));
    struct str svg = buf_str(&b);
    CHECK(has(svg, "cx=\"218\" cy=\"150\" r=\"18\"") && has(svg, "M236 150L300 99L400 150") &&
          has(svg, ">Office<") && has(svg, ">Desk<") && has(svg, "viewBox=\"80 30 640 240\""));
}
