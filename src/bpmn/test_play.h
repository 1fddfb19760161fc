/* test_play.h - models in short and scripts for them: every step goes through the written state,
 * whose reading checks that no token, timer or record is out of place. In models and scripts '
 * stands for ". */
#pragma once

#include "base/json.h"
#include "base/test.h"
#include "bpmn/bpmn_in.h"

#define S "<startEvent id='s'/>"
#define E(id) "<endEvent id='" id "'/>"
#define U(id) "<userTask id='" id "'/>"
#define F(a, b) "<sequenceFlow id='" a "-" b "' sourceRef='" a "' targetRef='" b "'/>"
#define FI(a, b, c)                                                                                \
    "<sequenceFlow id='" a "-" b "' sourceRef='" a "' targetRef='" b "'><conditionExpression>" c   \
    "</conditionExpression></sequenceFlow>"
#define PAR(id) "<parallelGateway id='" id "'/>"
#define INC(id) "<inclusiveGateway id='" id "'/>"
#define EXC(id, standard) "<exclusiveGateway id='" id "' default='" standard "'/>"
#define CATCH(id, what) "<intermediateCatchEvent id='" id "'>" what "</intermediateCatchEvent>"
#define THROW(id, what) "<intermediateThrowEvent id='" id "'>" what "</intermediateThrowEvent>"
#define ENDS(id, what) "<endEvent id='" id "'>" what "</endEvent>"
#define ON(id, host, what)                                                                         \
    "<boundaryEvent id='" id "' attachedToRef='" host "'>" what "</boundaryEvent>"
#define BESIDE(id, host, what)                                                                     \
    "<boundaryEvent id='" id "' attachedToRef='" host "' cancelActivity='false'>" what             \
    "</boundaryEvent>"
#define MSG(n) "<messageEventDefinition messageRef='" n "'/>"
#define SIG(n) "<signalEventDefinition signalRef='" n "'/>"
#define ERR(n) "<errorEventDefinition errorRef='" n "'/>"
#define ANYERR "<errorEventDefinition/>"
#define ESC(n) "<escalationEventDefinition escalationRef='" n "'/>"
#define AFTER(d) "<timerEventDefinition><timeDuration>" d "</timeDuration></timerEventDefinition>"
#define EVERY(d) "<timerEventDefinition><timeCycle>" d "</timeCycle></timerEventDefinition>"
#define WHEN(c)                                                                                    \
    "<conditionalEventDefinition><condition>" c "</condition></conditionalEventDefinition>"
#define UNDO "<compensateEventDefinition/>"
#define UNDO_ONE(a) "<compensateEventDefinition activityRef='" a "'/>"
#define TERM "<terminateEventDefinition/>"
#define CANCEL "<cancelEventDefinition/>"
#define LINK(n) "<linkEventDefinition name='" n "'/>"
#define SUB(id, body) "<subProcess id='" id "'>" body "</subProcess>"
#define EVENTSUB(id, body) "<subProcess id='" id "' triggeredByEvent='true'>" body "</subProcess>"
#define STARTS(id, what) "<startEvent id='" id "'>" what "</startEvent>"
#define STARTS_BESIDE(id, what)                                                                    \
    "<startEvent id='" id "' isInterrupting='false'>" what "</startEvent>"
#define UNDOES(a, h)                                                                               \
    ON(a "-undo", a, UNDO)                                                                         \
    "<userTask id='" h "' isForCompensation='true'/><association id='" a "-" h "' sourceRef='" a   \
    "-undo' targetRef='" h "'/>"
#define LINE3(a, b, c) F(a, b) F(b, c)

#define C(id) "{'complete':'" id "'}\n"
#define X(list) "{'expect':[" list "]}\n"
#define OVER "{'expect':'ended'}\n"

struct row {
    const char *what;
    const char *model;
    const char *script;
};

/* The process p of a model with this body; `more` stands beside it. */
enum err test_play(struct ctx *ctx, const char *body, const char *more, const char *script,
                   struct buf *out, bool *ret_good) MUST_USE;
/* The document that test_play plays, with " for '. */
struct str test_model(struct arena *a, const char *body, const char *more);
/* Walk through a model at random and carry every state over to the same model and to such as had
 * steps put in, and back (test_carry.c). */
void test_carry_model(struct test *t, struct ctx *ctx, const char *what, struct str xml);
/* Each is played to its end, or the test says which line is not so. */
void test_play_rows(struct test *t, struct ctx *ctx, const struct row *rows, size_t count);
