/* processes.h - small models that together hold every element that is executed, for the targets
 * that step processes. */
#pragma once

#include "base/str.h"

#define MODEL(body, more)                                                                          \
    "<definitions xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' "                            \
    "targetNamespace='t'><message id='m' name='m'/>"                                               \
    "<signal id='g' name='g'/><error id='e' errorCode='e'/><escalation id='x' "                    \
    "escalationCode='x'/>"                                                                         \
    "<signalEventDefinition id='gd' signalRef='g'/>" more                                          \
    "<process id='p' isExecutable='true'>" body "</process></definitions>"
#define START(id, what) "<startEvent id='" id "'>" what "</startEvent>"
#define END(id, what) "<endEvent id='" id "'>" what "</endEvent>"
#define USER(id, what) "<userTask id='" id "'>" what "</userTask>"
#define CATCH(id, what) "<intermediateCatchEvent id='" id "'>" what "</intermediateCatchEvent>"
#define THROW(id, what) "<intermediateThrowEvent id='" id "'>" what "</intermediateThrowEvent>"
#define ON(id, host, more, what)                                                                   \
    "<boundaryEvent id='" id "' attachedToRef='" host "' " more ">" what "</boundaryEvent>"
#define BESIDE "cancelActivity='false'"
#define GATE(kind, id, more) "<" kind "Gateway id='" id "' " more "/>"
#define FLOW(a, b) "<sequenceFlow id='" a "-" b "' sourceRef='" a "' targetRef='" b "'/>"
#define IF(a, b, c)                                                                                \
    "<sequenceFlow id='" a "-" b "' sourceRef='" a "' targetRef='" b "'><conditionExpression>" c   \
    "</conditionExpression></sequenceFlow>"
#define MESSAGE "<messageEventDefinition messageRef='m'/>"
#define SIGNAL "<signalEventDefinition signalRef='g'/>"
#define ERROR "<errorEventDefinition errorRef='e'/>"
#define ESCALATION "<escalationEventDefinition escalationRef='x'/>"
#define TIMER "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
#define CYCLE "<timerEventDefinition><timeCycle>R3/PT1H</timeCycle></timerEventDefinition>"
#define CONDITION                                                                                  \
    "<conditionalEventDefinition><condition>n &gt; 5</condition></conditionalEventDefinition>"
#define COMPENSATE "<compensateEventDefinition/>"
#define CANCEL "<cancelEventDefinition/>"
#define TERMINATE "<terminateEventDefinition/>"
#define EVENTS(id, start, more, what)                                                              \
    "<subProcess id='" id "' triggeredByEvent='true'><startEvent id='" id "s' " more ">" start     \
    "</startEvent>" what "</subProcess>"
#define UNDONE(a)                                                                                  \
    ON(a "c", a, "", COMPENSATE)                                                                   \
    "<userTask id='" a "h' isForCompensation='true'/><association id='" a "a' sourceRef='" a       \
    "c' targetRef='" a "h'/>"

static const char *const processes[] = {
    /* gateways, loops */
    MODEL(
        START("s", "") GATE("inclusive", "f", "") USER("a", "") USER("b", "") USER("c", "") GATE(
            "inclusive", "j", "") GATE("exclusive", "g", "default='g-k'") GATE("parallel", "k", "")
            USER("k1", "") GATE("eventBased", "k2", "") CATCH("m1", MESSAGE) CATCH(
                "t1", TIMER) "<receiveTask id='r1' messageRef='m'/>"
                             "<complexGateway id='q'><activationCondition>activationCount >= "
                             "2</activationCondition></complexGateway>" END("z", "") FLOW("s", "f")
                                 IF("f", "a", "n &lt; 3") IF("f", "b", "n &lt; 5")
                                     IF("f", "c", "true") FLOW("a", "j") FLOW("b", "j")
                                         FLOW("c", "j") FLOW("j", "g") IF("g", "f", "n = 1")
                                             FLOW("g", "k") FLOW("k", "k1") FLOW("k", "k2")
                                                 FLOW("k2", "m1") FLOW("k2", "t1") FLOW("k2", "r1")
                                                     FLOW("k1", "q") FLOW("m1", "q") FLOW("t1", "q")
                                                         FLOW("r1", "q") FLOW("q", "z"),
        ""),
    /* events at the border, event sub-processes, several instances */
    MODEL(START("s",
                "") "<subProcess "
                    "id='u'><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality>"
                    "<completionCondition>done</completionCondition></"
                    "multiInstanceLoopCharacteristics>" START("us", "") USER("a", "") ON(
                        "at", "a", BESIDE, CYCLE) THROW("ax", ESCALATION) END("ue", "")
                        FLOW("us", "a") FLOW("a", "ue") FLOW("at", "ax") FLOW(
                            "ax", "ue") EVENTS("v", CONDITION, "isInterrupting='false'",
                                               USER("vu", "") END("ve", "") FLOW("vs", "vu")
                                                   FLOW("vu", "ve"))
                            EVENTS("w", SIGNAL, "",
                                   USER("wu", "") FLOW(
                                       "ws", "wu")) "</subProcess>" ON("ub", "u", "",
                                                                       ERROR) ON("uc", "u", BESIDE,
                                                                                 ESCALATION)
                                ON("ud", "u", "parallelMultiple='true'",
                                   MESSAGE
                                       SIGNAL) "<userTask id='b'><standardLoopCharacteristics "
                                               "loopMaximum='3'><loopCondition>n = "
                                               "2</loopCondition></standardLoopCharacteristics></"
                                               "userTask>"
                                               "<userTask id='c'><multiInstanceLoopCharacteristics "
                                               "isSequential='true' behavior='None' "
                                               "noneBehaviorEventRef='gd'><loopCardinality>3</"
                                               "loopCardinality>"
                                               "</multiInstanceLoopCharacteristics></userTask>" ON(
                                                   "cg", "c", BESIDE, SIGNAL) USER("d", "")
                                                   END("z", "") FLOW("s", "u") FLOW("u", "b")
                                                       FLOW("b", "c") FLOW("c", "z") FLOW("cg", "d")
                                                           FLOW("d", "z") FLOW("ub", "b")
                                                               FLOW("uc", "d") FLOW("ud", "d")
                                                                   EVENTS("y", ERROR, "",
                                                                          USER("yu", "")
                                                                              FLOW("ys", "yu")),
          ""),
    /* transactions, compensation, cancel, terminate, calls, links, data */
    MODEL("<dataObject id='o' name='n'/>" START(
              "s", "") "<transaction id='t'><dataObject id='to' name='k'/>" START("ts", "")
              USER("a", "") UNDONE("a") "<subProcess id='i'>" START("is", "") USER("b", "")
                  UNDONE("b") END("ie", "") FLOW("is", "b") FLOW("b", "ie") "</subProcess>" USER(
                      "c",
                      "<multiInstanceLoopCharacteristics>"
                      "<loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>")
                      UNDONE("c") GATE("exclusive", "g", "default='g-te'") END("te", "") END(
                          "tc", CANCEL) FLOW("ts", "a") FLOW("a", "i") FLOW("i", "c") FLOW("c", "g")
                          IF("g", "tc", "k = 1") FLOW("g", "te") "</transaction>" ON(
                              "x1", "t", "",
                              CANCEL) "<callActivity id='l' calledElement='called'/>" ON("x2", "l",
                                                                                         "", ERROR)
                              THROW("l1", "<linkEventDefinition name='l'/>")
                                  CATCH("l2", "<linkEventDefinition name='l'/>") USER("d", "")
                                      THROW("un", COMPENSATE) END("z", "") END("zt", TERMINATE)
                                          FLOW("s", "t") FLOW("t", "l") FLOW("x1", "d")
                                              FLOW("l", "l1") FLOW("x2", "zt") FLOW("l2", "d")
                                                  FLOW("d", "un") FLOW("un", "z"),
          "<process id='called'>" START("cs", "") "<task id='c1'/>" USER("c2", "")
              ON("c3", "c2", BESIDE, TIMER) END("ce", "") END("cf", ERROR) FLOW("cs", "c1")
                  FLOW("c1", "c2") FLOW("c2", "ce") FLOW("c3", "cf") "</process>"),
    /* begun by one of many */
    MODEL(GATE("eventBased", "g", "instantiate='true' eventGatewayType='Parallel'") CATCH("m1",
                                                                                          MESSAGE)
              CATCH("g1", SIGNAL) "<receiveTask id='r' instantiate='true' messageRef='m'/>" START(
                  "s1", TIMER)
                  START("s2",
                        CONDITION) "<scriptTask id='a'><script>{n: (if n = null then 0 else n) + "
                                   "1}</script></scriptTask>" USER("b", "") END("z", "")
                                       FLOW("g", "m1") FLOW("g", "g1") FLOW("m1", "a")
                                           FLOW("g1", "b") FLOW("r", "a") FLOW("s1", "a")
                                               FLOW("s2", "b") FLOW("a", "b") FLOW("b", "z"),
          ""),
};

/* With ' for ", as they stand here. */
static inline struct str process_text(struct arena *a, size_t i)
{
    struct str s = str_copy(a, str_from(processes[i % (sizeof(processes) / sizeof(*processes))]));
    char *p = (char *)(uintptr_t)s.p;
    for (size_t k = 0; k < s.n; k++) {
        p[k] = p[k] == '\'' ? '"' : p[k];
    }
    return s;
}
