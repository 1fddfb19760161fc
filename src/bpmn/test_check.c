/* What a look at all states finds, and what it must not. In models here ' stands for ". */
#include "base/test.h"
#include "bpmn/look.h"
#include "bpmn/bpmn_in.h"

#define HEAD                                                                                       \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' "                            \
    "targetNamespace='t'><process id='p' isExecutable='true'><startEvent id='s'/>"
#define TAIL "</process></definitions>"
#define E(id) "<endEvent id='" id "'/>"
#define U(id) "<userTask id='" id "'/>"
#define F(a, b) "<sequenceFlow id='" a "-" b "' sourceRef='" a "' targetRef='" b "'/>"
#define FI(a, b)                                                                                   \
    "<sequenceFlow id='" a "-" b "' sourceRef='" a "' targetRef='" b                               \
    "'><conditionExpression>x</conditionExpression></sequenceFlow>"
#define PAR(id) "<parallelGateway id='" id "'/>"
#define EXC(id, standard) "<exclusiveGateway id='" id "' default='" standard "'/>"
#define INC(id, standard) "<inclusiveGateway id='" id "' default='" standard "'/>"

static const struct {
    const char *what;
    const char *model;
    const char *element; /* NULL: sound */
    const char *says;
} rows[] = {
    {"a sequence", HEAD U("a") E("e") F("s", "a") F("a", "e") TAIL, NULL, NULL},
    {"split and join",
     HEAD PAR("f") U("a") U("b") PAR("j") E("e") F("s", "f") F("f", "a") F("f", "b") F("a", "j")
         F("b", "j") F("j", "e") TAIL,
     NULL, NULL},
    {"inclusive split and join",
     HEAD INC("f", "f-a") U("a") U("b") U("c") INC("j", "") E("e") F("s", "f") F("f", "a")
         FI("f", "b") FI("f", "c") F("a", "j") F("b", "j") F("c", "j") F("j", "e") TAIL,
     NULL, NULL},
    {"a choice and a loop",
     HEAD U("a") EXC("g", "g-e") E("e") F("s", "a") F("a", "g") FI("g", "a") F("g", "e") TAIL, NULL,
     NULL},
    {"a parallel join behind a choice",
     HEAD EXC("g", "g-b") U("a") U("b") PAR("j") E("e") F("s", "g") FI("g", "a") F("g", "b")
         F("a", "j") F("b", "j") F("j", "e") TAIL,
     "j", "for ever"},
    {"a choice joins a split",
     HEAD PAR("f") U("a") U("b") EXC("j", "") U("c") E("e") F("s", "f") F("f", "a") F("f", "b")
         F("a", "j") F("b", "j") F("j", "c") F("c", "e") TAIL,
     "c", "twice"},
    {"no way out of a loop",
     HEAD U("a") EXC("g", "") U("b") E("e") EXC("h", "h-e") F("s", "h") F("h", "e") FI("h", "a")
         F("a", "g") F("g", "b") F("b", "a") TAIL,
     "a", "no way leads"},
    {"beside and by event, with a timer",
     HEAD U("a") "<boundaryEvent id='b' attachedToRef='a' "
                 "cancelActivity='false'><timerEventDefinition><timeCycle>R/PT1H</timeCycle></"
                 "timerEventDefinition></boundaryEvent>" U("c") E("e") F("s", "a") F("a", "e")
                     F("b", "c") F("c", "e") TAIL,
     NULL, NULL},
    {"instances, and an error inside",
     HEAD "<subProcess "
          "id='u'><multiInstanceLoopCharacteristics><loopCardinality>9</loopCardinality></"
          "multiInstanceLoopCharacteristics><startEvent id='us'/>" U(
              "a") "<endEvent id='ue'><errorEventDefinition/></endEvent>" F("us", "a")
              F("a", "ue") "</subProcess><boundaryEvent id='b' "
                           "attachedToRef='u'><errorEventDefinition/></boundaryEvent>" E("e") U("z")
                               F("s", "u") F("u", "e") F("b", "z") F("z", "e") TAIL,
     NULL, NULL},
    {"what is drawn but never comes",
     HEAD EXC("g", "g-a") U("a") PAR("f") PAR("j") U("z") E("e") F("s", "g") F("g", "a")
         FI("g", "f") F("a", "j") F("f", "j") F("j", "z") F("z", "e") TAIL,
     "z", "ever comes"},
};

TEST(bpmn_every_state_is_looked_at)
{
    for (size_t i = 0; i < LEN(rows); i++) {
        struct str xml = str_copy(ctx->arena, str_from(rows[i].model));
        for (char *c = (char *)(uintptr_t)xml.p; c < xml.p + xml.n; c++) {
            *c = *c == '\'' ? '"' : *c;
        }
        const struct bpmn_model *m = NULL;
        struct bpmn_options o = {.open = true};
        struct bpmn_finding *list = NULL;
        size_t count = 0;
        bool found = false;
        CHECK_OK(bpmn_load_with(ctx, xml, STR("t"), &o, &m));
        CHECK_OK(bpmn_check(ctx, &m->processes[0], &list, &count));
        struct buf said = buf_new(ctx->arena, 0);
        buf_format(&said, "%s:", rows[i].what);
        for (size_t k = 0; k < count; k++) {
            buf_format(&said, " %.*s: %.*s;", FMT(list[k].element), FMT(list[k].sentence));
            found = found || (rows[i].element != NULL &&
                              str_equal(list[k].element, str_from(rows[i].element)) &&
                              str_find(list[k].sentence, str_from(rows[i].says)) != SIZE_MAX);
        }
        bool right = rows[i].element == NULL ? count == 0 : found;
        test_check(t, right, str_z(ctx->arena, buf_str(&said)), __FILE__, __LINE__);
    }
}

/* Many parallel branches have more states than are looked at: nothing false is said. */
TEST(bpmn_a_search_cut_short_says_nothing_false)
{
    struct buf b = buf_new(ctx->arena, 0);
    buf_puts(&b, "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" "
                 "targetNamespace=\"t\"><process id=\"p\"><startEvent id=\"s\"/><parallelGateway "
                 "id=\"f\"/><parallelGateway id=\"j\"/>"
                 "<userTask id=\"z\"/><endEvent id=\"e\"/><sequenceFlow id=\"1\" sourceRef=\"s\" "
                 "targetRef=\"f\"/><sequenceFlow id=\"2\" sourceRef=\"j\" "
                 "targetRef=\"z\"/><sequenceFlow id=\"3\" sourceRef=\"z\" targetRef=\"e\"/>");
    for (int i = 0; i < 40; i++) {
        buf_format(
            &b,
            "<userTask id=\"t%d\"/><sequenceFlow id=\"a%d\" sourceRef=\"f\" "
            "targetRef=\"t%d\"/><sequenceFlow id=\"b%d\" sourceRef=\"t%d\" targetRef=\"j\"/>",
            i, i, i, i, i);
    }
    buf_puts(&b, "</process></definitions>");
    const struct bpmn_model *m = NULL;
    struct bpmn_options o = {.open = true};
    struct bpmn_finding *list = NULL;
    size_t count = 1;
    CHECK_OK(bpmn_load_with(ctx, buf_str(&b), STR("t"), &o, &m));
    CHECK_OK(bpmn_check(ctx, &m->processes[0], &list, &count));
    CHECK_INT(count, 0);
}
