/* Models in short: a script of acts and timers, and where the tokens must then be. */
#include "base/test.h"
#include "base/token.h"
#include "bpmn/bpmn.h"
#include "bpmn/state.h"
#include "bpmn/look.h"
#include "feel/value.h"

#define HEAD                                                                                       \
    "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" "                          \
    "xmlns:tb=\"urn:tongban:1\" "                                                                  \
    "targetNamespace=\"t\"><process id=\"p\" isExecutable=\"true\">"
#define TAIL "</process></definitions>"
#define START "<startEvent id=\"s\"/>"
#define TASK(id)                                                                                   \
    "<userTask id=\"" id "\"><extensionElements><tb:act kind=\"" id                                \
    "\"/></extensionElements></userTask>"
#define FLOW(a, b) "<sequenceFlow id=\"" a "-" b "\" sourceRef=\"" a "\" targetRef=\"" b "\"/>"
#define FLOW_IF(a, b, when)                                                                        \
    "<sequenceFlow id=\"" a "-" b "\" sourceRef=\"" a "\" targetRef=\"" b                          \
    "\"><conditionExpression>" when "</conditionExpression></sequenceFlow>"
#define END(id) "<endEvent id=\"" id "\"/>"

static const struct feel_member names[] = {{STR_INIT("act"), NULL}};
static const struct feel_scope scope = {.names = names, .count = 1};

static enum err load(struct ctx *ctx, const char *xml, const struct bpmn_process **ret)
{
    const struct bpmn_model *m = NULL;
    TRY(bpmn_load(ctx, str_from(xml), STR("test.bpmn"), &scope, &m));
    *ret = bpmn_process_find(m, STR("p"));
    return ERR_OK;
}

/* The open elements, sorted as the tokens are, joined by spaces. */
static struct str where(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s)
{
    struct buf b = buf_new(ctx->arena, 0);
    for (size_t i = 0; i < s->count; i++) {
        buf_puts(&b, i > 0 ? " " : "");
        buf_put(&b, p->elements[s->tokens[i].element].id);
    }
    return buf_str(&b);
}

/* Says which act it was asked at, behind the name of the decision. */
static enum err decide(struct ctx *ctx, void *self, const struct bpmn_element *e,
                       struct feel_value *ret)
{
    const struct feel_value *act = self;
    *ret = feel_string(str_format(ctx->arena, "%.*s/%.*s:%.*s", FMT(e->model), FMT(e->decision),
                                  FMT(feel_str(*act))));
    return ERR_OK;
}

/* Script: acts separated by blanks; a word with a dot is a timer's name. */
static struct str play(struct test *t, struct ctx *ctx, const char *xml, const char *script)
{
    const struct bpmn_process *p = NULL;
    struct bpmn_result r;
    struct feel_value slots[1] = {feel_string(STR(""))};
    struct bpmn_decider decider = {.self = slots, .decide = decide};
    struct bpmn_input in = {.slots = slots, .decider = &decider};
    CHECK_OK(load(ctx, xml, &p));
    if (p == NULL) {
        return STR("not loaded");
    }
    CHECK_OK(bpmn_start(ctx, p, STR(""), &in, &r));
    for (struct str rest = str_from(script); rest.n > 0;) {
        struct str word = str_cut(rest, ' ', &rest);
        struct str text;
        struct bpmn_state *again = NULL;
        CHECK_OK(bpmn_state_write(ctx, p, r.state, &text));
        CHECK_OK(bpmn_state_read(ctx, p, text, &again)); /* every step goes by the written state */
        slots[0] = feel_string(word);
        bool timer = str_find_byte(word, '.') != SIZE_MAX;
        enum err e = timer ? bpmn_timer(ctx, p, again, word, &in, &r)
                           : bpmn_act(ctx, p, again, word, &in, &r);
        if (e != ERR_OK) {
            return str_format(ctx->arena, "%s at %.*s", err_name(e), FMT(word));
        }
    }
    return where(ctx, p, r.state);
}

static const char choice[] =
    HEAD START TASK("a") "<exclusiveGateway id=\"g\" default=\"g-c\"/>" TASK("b") TASK("c") END("e")
        FLOW("s", "a") FLOW("a", "g") FLOW_IF("g", "b", "act = \"x\"") FLOW("g", "c") FLOW("b", "e")
            FLOW("c", "e") TAIL;
static const char both[] = HEAD START "<parallelGateway id=\"f\"/>" TASK("a")
    TASK("b") "<parallelGateway id=\"j\"/>" TASK("c") END("e") FLOW("s", "f") FLOW("f", "a")
        FLOW("f", "b") FLOW("a", "j") FLOW("b", "j") FLOW("j", "c") FLOW("c", "e") TAIL;
/* A parallel join behind an exclusive split waits for ever: a stall, not a step. */
static const char stall[] = HEAD START "<exclusiveGateway id=\"g\" default=\"g-b\"/>" TASK("a")
    TASK("b") "<parallelGateway id=\"j\"/>" END("e") FLOW("s", "g") FLOW_IF("g", "a", "false")
        FLOW("g", "b") FLOW("a", "j") FLOW("b", "j") FLOW("j", "e") TAIL;
static const char some[] = HEAD START "<inclusiveGateway id=\"f\" default=\"f-c\"/>" TASK("a")
    TASK("b") TASK("c") "<inclusiveGateway id=\"j\"/>" TASK("d") END("e") FLOW("s", "f")
        FLOW_IF("f", "a", "true") FLOW_IF("f", "b", "true") FLOW("f", "c") FLOW("a", "j")
            FLOW("b", "j") FLOW("c", "j") FLOW("j", "d") FLOW("d", "e") TAIL;
static const char inner[] = HEAD START
    "<subProcess id=\"u\">"
    "<startEvent id=\"us\"/>" TASK("a") "<endEvent id=\"ue\"/>" FLOW("us", "a") FLOW(
        "a",
        "ue") "</subProcess><boundaryEvent id=\"out\" "
              "attachedToRef=\"u\"><messageEventDefinition><extensionElements><tb:act "
              "kind=\"leave\"/></extensionElements></messageEventDefinition></boundaryEvent>"
              "<boundaryEvent id=\"late\" attachedToRef=\"u\" "
              "cancelActivity=\"false\"><timerEventDefinition><extensionElements><tb:act "
              "kind=\"tick\"/><tb:limit "
              "ref=\"x\"/></extensionElements></timerEventDefinition></boundaryEvent>" TASK("b")
                  TASK("c") TASK("d") END("e") FLOW("s", "u") FLOW("u", "b") FLOW("out", "c")
                      FLOW("late", "d") FLOW("b", "e") FLOW("c", "e") FLOW("d", "e") TAIL;
static const char first[] = HEAD START
    "<eventBasedGateway id=\"g\"/><intermediateCatchEvent "
    "id=\"m\"><messageEventDefinition><extensionElements><tb:act "
    "kind=\"come\"/></extensionElements></messageEventDefinition></intermediateCatchEvent>"
    "<intermediateCatchEvent id=\"n\"><timerEventDefinition><extensionElements><tb:act "
    "kind=\"tick\"/><tb:limit "
    "ref=\"x\"/></extensionElements></timerEventDefinition></intermediateCatchEvent>" TASK("a")
        TASK("b") END("e") FLOW("s", "g") FLOW("g", "m") FLOW("g", "n") FLOW("m", "a")
            FLOW("n", "b") FLOW("a", "e") FLOW("b", "e") TAIL;
static const char all_off[] = HEAD START "<parallelGateway id=\"f\"/>" TASK("a")
    TASK("b") "<endEvent id=\"x\"><terminateEventDefinition/></endEvent>" END("e") FLOW("s", "f")
        FLOW("f", "a") FLOW("f", "b") FLOW("a", "x") FLOW("b", "e") TAIL;
static const char circle[] = HEAD START
    "<exclusiveGateway id=\"g\" default=\"g-h\"/><exclusiveGateway id=\"h\" default=\"h-g\"/>" TASK(
        "a") END("e") FLOW("s", "a") FLOW("a", "g") FLOW("g", "h") FLOW("h", "g")
        FLOW_IF("g", "e", "false") TAIL;

#define DECIDES(more)                                                                              \
    "<businessRuleTask id=\"r\"><extensionElements><tb:decide " more                               \
    "/></extensionElements></businessRuleTask>"
static const char rules[] = HEAD START TASK("a") DECIDES(
    "model=\"rule/x.dmn\" decision=\"y\" result=\"way\"") "<exclusiveGateway id=\"g\" "
                                                          "default=\"g-c\"/>" TASK("b") TASK("c")
                                                              END("e") FLOW("s", "a") FLOW("a", "r")
                                                                  FLOW("r", "g") FLOW_IF(
                                                                      "g", "b",
                                                                      "way = "
                                                                      "&quot;rule/x.dmn/y:a&quot;")
                                                                      FLOW("g", "c") FLOW("b", "e")
                                                                          FLOW("c", "e") TAIL;

static const struct {
    const char *model;
    const char *script;
    const char *ends;
} plays[] = {
    {rules, "a", "b"},
    {rules, "a b", ""},
    {choice, "", "a"},
    {choice, "a", "c"},
    {choice, "b", "conflict at b"},
    {both, "", "a b"},
    {both, "a", "b j"},
    {both, "a b", "c"},
    {both, "b a c", ""},
    {stall, "b", "j"},
    {some, "", "a b"},
    {some, "a", "b j"},
    {some, "a b", "d"},
    {some, "b a d", ""},
    {inner, "", "u a"},
    {inner, "a", "b"},
    {inner, "leave", "c"},
    {inner, "1.late", "u a d"},
    {inner, "1.late leave", "d c"},
    {inner, "1.nothing", "conflict at 1.nothing"},
    {first, "come", "a"},
    {first, "1.n", "b"},
    {all_off, "a", ""},
    {all_off, "b", "a"},
    {circle, "a", "too_many at a"},
};

TEST(bpmn_tokens_go_where_the_standard_says)
{
    for (size_t i = 0; i < LEN(plays); i++) {
        CHECK_STR(play(t, ctx, plays[i].model, plays[i].script), plays[i].ends);
    }
}

static const struct {
    const char *xml;
    enum err err;
    const char *says;
} bad[] = {
    {"<x/>", ERR_SYNTAX, "definitions"},
    {"<definitions", ERR_SYNTAX, "XML"},
    {"<!DOCTYPE a [<!ENTITY b \"c\">]><a/>", ERR_NOT_SUPPORTED, "document type"},
    {"<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\"><process "
     "id=\"p\"/></definitions>",
     ERR_NOT_SUPPORTED, "executable"},
    {HEAD START FLOW("s", "e") TAIL, ERR_SYNTAX, "from and to elements"},
    {HEAD START END("e") TAIL, ERR_SYNTAX, "nothing follows"},
    {HEAD START "<userTask id=\"a\"/>" END("e") FLOW("s", "a") FLOW("a", "e") TAIL, ERR_SYNTAX,
     "kinds of act"},
    {HEAD START "<adHocSubProcess id=\"a\"/>" END("e") FLOW("s", "e") TAIL, ERR_NOT_SUPPORTED,
     "not executed"},
    {HEAD START TASK("a") TASK("a") END("e") FLOW("s", "a") FLOW("a", "e") TAIL, ERR_SYNTAX, ""},
    {HEAD START TASK("a") END("e") FLOW("s", "a") FLOW_IF("a", "e", "1 +") TAIL, ERR_SYNTAX, ""},
    {HEAD START TASK("a") END("e") FLOW("s", "a") FLOW_IF("a", "e", "unknown = 1") TAIL,
     ERR_UNKNOWN_NAME, ""},
    {HEAD START "<businessRuleTask id=\"r\"/>" END("e") FLOW("s", "r") FLOW("r", "e") TAIL,
     ERR_SYNTAX, "names its model"},
    {HEAD START DECIDES("model=\"m\" result=\"x\"") END("e") FLOW("s", "r") FLOW("r", "e") TAIL,
     ERR_SYNTAX, "names its model"},
    {HEAD START DECIDES("model=\"m\" decision=\"d\" result=\"act\"") END("e") FLOW("s", "r")
         FLOW("r", "e") TAIL,
     ERR_SYNTAX, "taken"},
    {HEAD START "<boundaryEvent id=\"b\" "
                "attachedToRef=\"none\"><messageEventDefinition><extensionElements><tb:act "
                "kind=\"x\"/></extensionElements></messageEventDefinition></boundaryEvent>" END("e")
                    FLOW("s", "e") FLOW("b", "e") TAIL,
     ERR_SYNTAX, "attached"},
};

TEST(bpmn_a_broken_model_is_refused_with_the_rule)
{
    for (size_t i = 0; i < LEN(bad); i++) {
        const struct bpmn_process *p = NULL;
        CHECK_ERR(load(ctx, bad[i].xml, &p), bad[i].err);
        test_check(t, str_find(ctx->why.detail, str_from(bad[i].says)) != SIZE_MAX, bad[i].says,
                   __FILE__, __LINE__);
    }
}

TEST(bpmn_a_decision_needs_who_decides)
{
    const struct bpmn_process *p = NULL;
    struct bpmn_input in = {0};
    struct bpmn_result r;
    CHECK_OK(load(ctx, rules, &p));
    CHECK(p != NULL && bpmn_reads(p, STR("way")) && !bpmn_reads(p, STR("b")));
    CHECK_OK(bpmn_start(ctx, p, STR(""), &in, &r));
    CHECK_ERR(bpmn_act(ctx, p, r.state, STR("a"), &in, &r), ERR_NOT_SUPPORTED);
}

static const char *const bad_states[] = {"",
                                         "0",
                                         "x",
                                         "2;",
                                         "2;1:0:0",
                                         "2;1:99:0:65535",
                                         "2;1:1:7:65535",
                                         "1;1:1:0:65535",
                                         "3;1:1:0:65535,1:1:0:65535",
                                         "2;1:1:0:65535,"};

TEST(bpmn_a_hostile_state_is_refused)
{
    const struct bpmn_process *p = NULL;
    struct bpmn_state *s = NULL;
    CHECK_OK(load(ctx, choice, &p));
    for (size_t i = 0; i < LEN(bad_states); i++) {
        enum err e = bpmn_state_read(ctx, p, str_from(bad_states[i]), &s);
        test_check(t, e == ERR_CORRUPT || (e == ERR_OK && s->count == 0), bad_states[i], __FILE__,
                   __LINE__);
    }
    CHECK_OK(bpmn_state_read(ctx, p, STR("2;1:1:0:65535"), &s));
    CHECK_OK(bpmn_state_read(ctx, p, STR("v2;2;1:a:0"), &s));
}

TEST(bpmn_checks_find_what_cannot_work)
{
    const struct bpmn_process *p = NULL;
    struct bpmn_finding *list = NULL;
    size_t count = 0;
    CHECK_OK(load(ctx, choice, &p));
    CHECK_OK(bpmn_check(ctx, p, &list, &count));
    CHECK_INT(count, 0);
    CHECK_OK(load(ctx,
                  HEAD START TASK("a") "<exclusiveGateway id=\"g\"/>" END("e") END("z")
                      FLOW("s", "a") FLOW("a", "g") FLOW_IF("g", "e", "true")
                          FLOW_IF("g", "z", "false") TAIL,
                  &p));
    CHECK_OK(bpmn_check(ctx, p, &list, &count));
    CHECK_INT(count, 1); /* no default */
    struct buf svg = buf_new(ctx->arena, 0);
    bpmn_svg(&svg, p, NULL, STR("<t>"));
    CHECK(str_find(buf_str(&svg), STR("&lt;t&gt;")) != SIZE_MAX &&
          str_find(buf_str(&svg), STR("style=")) == SIZE_MAX);
}
