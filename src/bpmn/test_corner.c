/* Corners of the standard (chapters 10 and 13) where engines differ: what meets what. */
#include "bpmn/test_play.h"

#define US "<startEvent id='us'/>"
#define MANY(n)                                                                                    \
    "<multiInstanceLoopCharacteristics><loopCardinality>" n                                        \
    "</loopCardinality></multiInstanceLoopCharacteristics>"
#define IN_TURN(n)                                                                                 \
    "<multiInstanceLoopCharacteristics isSequential='true'><loopCardinality>" n                    \
    "</loopCardinality></multiInstanceLoopCharacteristics>"
#define TRANSACTION(id, body) "<transaction id='" id "'>" body "</transaction>"
#define BELL "{'signal':'bell'}\n"
#define COME "{'message':'come'}\n"

/* ---- joins ---- */

/* one branch is a sub-process that has an inclusive pair of its own */
static const char or_around_sub[] = S INC("f")
    SUB("u", US INC("uf") U("a") U("b") INC("uj") E("ue") F("us", "uf") FI("uf", "a", "true")
                 FI("uf", "b", "true") F("a", "uj") F("b", "uj") F("uj", "ue")) U("c") INC("j")
        U("z") E("e") F("s", "f") FI("f", "u", "true") FI("f", "c", "true") F("u", "j") F("c", "j")
            LINE3("j", "z", "e");
/* a boundary event leads to the join beside the way of its activity */
static const char or_boundary[] = S INC("f") U("a") BESIDE("t", "a", SIG("g1")) U("b") INC("j")
    U("z") E("e") F("s", "f") FI("f", "a", "true") FI("f", "b", "true") F("a", "j") F("t", "j")
        F("b", "j") LINE3("j", "z", "e");
/* a token behind an event gateway can still come */
static const char or_awaits[] =
    S INC("f") "<eventBasedGateway id='g'/>" CATCH("m", MSG("m1")) CATCH("n", SIG("g1")) U("b")
        INC("j") U("z") E("e") E("x") F("s", "f") FI("f", "g", "true") FI("f", "b", "true")
            F("g", "m") F("g", "n") F("m", "j") F("n", "x") F("b", "j") LINE3("j", "z", "e");
/* over a link */
static const char or_link[] = S INC("f") U("a") THROW("l1", LINK("k")) CATCH("l2", LINK("k")) U("b")
    INC("j") U("z") E("e") F("s", "f") FI("f", "a", "true") FI("f", "b", "true") F("a", "l1")
        F("l2", "j") F("b", "j") LINE3("j", "z", "e");
/* a loop inside one branch: the token in it has not come until it leaves the loop */
static const char or_loop_inside[] = S INC("f") EXC("m", "") U("a") EXC("g", "g-j") U("b") INC("j")
    U("z") E("e") F("s", "f") FI("f", "m", "true") FI("f", "b", "true") F("m", "a") F("a", "g")
        FI("g", "m", "more") F("g", "j") F("b", "j") LINE3("j", "z", "e");
/* no join at all: an activity with two flows to it is done for each token */
static const char no_join[] = S PAR("f") U("a") U("b") U("z") E("e") F("s", "f") F("f", "a")
    F("f", "b") F("a", "z") F("b", "z") F("z", "e");
static const char default_first[] = S EXC("g", "g-a") U("a") U("b") E("e") F("s", "g") F("g", "a")
    FI("g", "b", "true") F("a", "e") F("b", "e");
static const char three_links[] = S PAR("f") THROW("l1", LINK("k")) THROW("l2", LINK("k"))
    THROW("l3", LINK("other")) CATCH("c1", LINK("k")) CATCH("c2", LINK("other")) U("a") U("b")
        E("e") F("s", "f") F("f", "l1") F("f", "l2") F("f", "l3") F("c1", "a") F("c2", "b")
            F("a", "e") F("b", "e");

static const struct row joins[] = {
    {"an inclusive pair inside a branch", or_around_sub,
     X("'a','b','c'") C("a") X("'uj','b','c'") C("c") X("'uj','b','j'") C("b") X("'z'")},
    {"a boundary event can still bring a token, but none by an empty flow alone", or_boundary,
     C("b") X("'a','j'") BELL X("'a','j','j'") C("a") X("'z'") C("z") OVER},
    {"what stands behind an event gateway is awaited", or_awaits,
     C("b") X("'g','j'") COME X("'z'")},
    {"and no longer when it goes elsewhere", or_awaits, C("b") BELL X("'z'")},
    {"what comes over a link is awaited", or_link, C("b") X("'a','j'") C("a") X("'z'") C("z") OVER},
    {"what goes round in a branch is awaited", or_loop_inside,
     "{'start':true,'values':{'more':true}}\n" C("b") X("'a','j'") C("a")
         X("'a','j'") "{'complete':'a','values':{'more':false}}\n" X("'z'")},
    {"an activity is done once for each token", no_join,
     C("a") X("'b','z'") C("b") X("'z','z'") C("z") C("z") OVER},
    {"the default is looked at last, wherever it is drawn", default_first, X("'b'")},
    {"several links to one place, and another pair", three_links,
     X("'a','a','b'") C("a") C("a") C("b") OVER},
};

TEST(bpmn_corners_of_joins)
{
    test_play_rows(t, ctx, joins, LEN(joins));
}

/* ---- events ---- */

static const char sub_again[] = S U("a") E("e") F("s", "a") F("a", "e")
    EVENTSUB("v", STARTS_BESIDE("vs", MSG("m1")) U("h") E("ve") LINE3("vs", "h", "ve"));
static const char sub_by_throw[] =
    S U("a") THROW("t", SIG("g1")) U("b") E("e") F("s", "a") F("a", "t") F("t", "b") F("b", "e")
        EVENTSUB("v", STARTS("vs", SIG("g1")) U("h") E("ve") LINE3("vs", "h", "ve"));
static const char sub_in_sub[] = S U("a") E("e") F("s", "a") F("a", "e")
    EVENTSUB("v", STARTS("vs", MSG("m1")) U("h") E("ve") LINE3("vs", "h", "ve") EVENTSUB(
                      "w", STARTS_BESIDE("ws", SIG("g1")) U("k") E("we") LINE3("ws", "k", "we")));
static const char sub_fails[] =
    S SUB("u", US U("a") E("ue") F("us", "a") F("a", "ue")
                   EVENTSUB("v", STARTS("vs", MSG("m1")) ENDS("ve", ERR("e1")) F("vs", "ve")))
        ON("ub", "u", ERR("e1")) U("x") U("y") E("e") F("s", "u") F("u", "x") F("ub", "y")
            F("x", "e") F("y", "e");
static const char sub_timer_stops[] =
    S SUB("u", US U("a") E("ue") F("us", "a") F("a", "ue")
                   EVENTSUB("v", STARTS("vs", AFTER("PT1H")) U("h") E("ve") LINE3("vs", "h", "ve")))
        U("z") E("e") F("s", "u") LINE3("u", "z", "e");
static const char condition_again[] = S U("a") BESIDE("b", "a", WHEN("n > 5")) U("x") E("e")
    F("s", "a") F("a", "e") F("b", "x") F("x", "e");
static const char condition_stops[] = S U("a") ON("b", "a", WHEN("n > 5")) U("x") E("e") F("s", "a")
    F("a", "e") F("b", "x") F("x", "e");
static const char levels[] =
    S SUB("u", US SUB("w", "<startEvent id='ws'/>" SUB(
                               "y", "<startEvent id='ys'/>" U("a") THROW("t", ESC("x1")) U("b")
                                        E("ye") F("ys", "a") F("a", "t") F("t", "b") F("b", "ye"))
                               BESIDE("yb", "y", ESC("x2")) U("k") E("we") F("ws", "y") F("y", "we")
                                   F("yb", "k") F("k", "we")) E("ue") F("us", "w") F("w", "ue"))
        BESIDE("ub", "u", ESC("x1")) U("h") U("z") E("e") F("s", "u") F("u", "z") F("ub", "h")
            F("h", "e") F("z", "e");
static const char escalation_ends[] =
    S SUB("u", US PAR("uf") U("a") U("b") ENDS("ux", ESC("x1")) E("ue") F("us", "uf") F("uf", "a")
                   F("uf", "b") F("a", "ux") F("b", "ue")) BESIDE("ub", "u", ESC("x1")) U("h")
        U("z") E("e") F("s", "u") F("u", "z") F("ub", "h") F("h", "e") F("z", "e");
static const char receives[] =
    S "<eventBasedGateway id='g'/><receiveTask id='r1' messageRef='m1'/><receiveTask id='r2' "
      "messageRef='m2'/>" CATCH("c", WHEN("n = 1")) U("a") U("b") U("d") E("e") F("s", "g")
          F("g", "r1") F("g", "r2") F("g", "c") F("r1", "a") F("r2", "b") F("c", "d") F("a", "e")
              F("b", "e") F("d", "e");
static const char all_begin[] =
    "<eventBasedGateway id='g' instantiate='true' eventGatewayType='Parallel'/>" CATCH("m",
                                                                                       MSG("m1"))
        CATCH("n", SIG("g1")) CATCH("o", MSG("m2")) PAR("j") U("z") E("e") F("g", "m") F("g", "n")
            F("g", "o") F("m", "j") F("n", "j") F("o", "j") LINE3("j", "z", "e");
static const char all_start[] = "<startEvent id='s' parallelMultiple='true'>" MSG("m1")
    SIG("g1") "</startEvent>" U("a") E("e") LINE3("s", "a", "e");
static const char border_all[] =
    S U("a") "<boundaryEvent id='b' attachedToRef='a' parallelMultiple='true'>" MSG("m1")
        SIG("g1") "</boundaryEvent>" U("h") E("e") F("s", "a") F("a", "e") F("b", "h") F("h", "e");
static const char border_many[] = S U("a") BESIDE("b", "a", MSG("m1")) U("h") E("e") F("s", "a")
    F("a", "e") F("b", "h") F("h", "e");
static const char empty_sub[] = S "<subProcess id='u'/>" THROW("t", "") U("z") E("e") F("s", "u")
    F("u", "t") LINE3("t", "z", "e");
static const char two_timers[] =
    S U("a") BESIDE("t1", "a", AFTER("PT1H")) ON("t2", "a", AFTER("PT2H")) U("w") U("x") E("e")
        F("s", "a") F("a", "e") F("t1", "w") F("t2", "x") F("w", "e") F("x", "e");
static const char stop_everything[] =
    S SUB("u", US U("a") ON("ab", "a", MSG("m1")) ENDS("ut", TERM) E("ue") F("us", "a") F("a", "ue")
                   F("ab", "ut")) BESIDE("ub", "u", SIG("g1")) U("h") U("z") E("e") F("s", "u")
        F("u", "z") F("ub", "h") F("h", "e") F("z", "e");

static const struct row events[] = {
    {"an event sub-process beside, begun again", sub_again,
     COME COME X("'a','h','h'") C("a") X("'h','h'") C("h") C("h") OVER},
    {"a signal thrown inside begins an event sub-process that ends the thrower", sub_by_throw,
     C("a") X("'h'") C("h") OVER},
    {"an event sub-process in an event sub-process listens when that runs", sub_in_sub,
     COME X("'h'") BELL BELL X("'h','k','k'") C("h") C("k") C("k") OVER},
    {"an error of an event sub-process goes out of its scope", sub_fails,
     COME X("'y'") C("y") OVER},
    {"a timer begins an event sub-process, which interrupts", sub_timer_stops,
     "{'advance':'PT1H'}\n" X("'h'") "{'advance':'P1D'}\n" X("'h'") C("h") X("'z'")},
    {"the timer of an event sub-process goes with its scope", sub_timer_stops,
     C("a") X("'z'") "{'advance':'P1D'}\n" X("'z'")},
    {"a condition beside occurs each time it becomes true", condition_again,
     "{'set':{'n':9}}\n" X("'a','x'") "{'set':{'n':10}}\n" X(
         "'a','x'") "{'set':{'n':1}}\n{'set':{'n':7}}\n" X("'a','x','x'") C("a") X("'x','x'")},
    {"a condition that interrupts", condition_stops,
     "{'set':{'n':5}}\n" X("'a'") "{'set':{'n':6}}\n" X("'x'") C("x") OVER},
    {"an escalation passes levels that catch another", levels,
     C("a") X("'b','h'") C("b") X("'h','z'") C("h") C("z") OVER},
    {"an escalation at an end beside what goes on", escalation_ends,
     C("a") X("'b','h'") C("b") X("'h','z'")},
    {"receive tasks behind an event gateway", receives,
     "{'message':'other'}\n" X("'b'") C("b") OVER},
    {"a condition behind an event gateway", receives, "{'set':{'n':1}}\n" X("'d'")},
    {"begun by all of three events in any order", all_begin,
     BELL X("'m','o','j'") "{'message':'other'}\n" X("'m','j','j'") COME X("'z'") C("z") OVER},
    {"begun by all of several events of one start", all_start,
     BELL X("'s'") BELL X("'s'") COME X("'a'") C("a") OVER},
    {"or at once, where it is begun by hand", all_start, "{'start':'s'}\n" X("'a'")},
    {"a boundary event that wants all", border_all, BELL X("'a'") BELL X("'a'") COME X("'h'")},
    {"a message beside comes as often as it comes", border_many,
     COME COME COME X("'a','h','h','h'")},
    {"an empty sub-process and a plain throwing event pass", empty_sub, X("'z'")},
    {"two timers on one activity", two_timers,
     "{'advance':'PT1H'}\n" X("'a','w'") "{'advance':'PT1H'}\n" X("'w','x'") C("w") C("x") OVER},
    {"terminate leaves what a boundary event began outside", stop_everything,
     BELL X("'a','h'") COME X("'h','z'") C("h") C("z") OVER},
};

TEST(bpmn_corners_of_events)
{
    test_play_rows(t, ctx, events, LEN(events));
}

/* ---- instances ---- */

static const char turn_left[] =
    S "<userTask id='a'>" IN_TURN("3") "</userTask>" ON("b", "a", MSG("m1")) U("h") U("z") E("e")
        F("s", "a") F("a", "z") F("b", "h") F("h", "e") F("z", "e");
static const char turn_timer[] =
    S "<userTask id='a'>" IN_TURN("2") "</userTask>" ON("b", "a", AFTER("PT1H")) U("h") U("z")
        E("e") F("s", "a") F("a", "z") F("b", "h") F("h", "e") F("z", "e");
static const char many_left[] = S "<subProcess id='u'>" MANY("3") US U("a") E("ue") F("us", "a")
    F("a", "ue") "</subProcess>" ON("b", "u", ERR("e1")) U("h") U("z") E("e") F("s", "u")
        F("u", "z") F("b", "h") F("h", "e") F("z", "e");
static const char many_escalate[] =
    S "<subProcess id='u'>" MANY("2") US U("a") THROW("t", ESC("x1")) U("b") E("ue") F("us", "a")
        F("a", "t") F("t", "b") F("b", "ue") "</subProcess>" BESIDE("ub", "u", ESC("x1")) U("h")
            U("z") E("e") F("s", "u") F("u", "z") F("ub", "h") F("h", "e") F("z", "e");
static const char many_own_data[] =
    S "<subProcess id='u'>" MANY("2") "<dataObject id='d' name='mine'/>" US U("a") EXC("g", "g-k")
        U("k") U("h") E("ue") F("us", "a") F("a", "g") FI("g", "h", "mine = loopCounter")
            F("g", "k") F("k", "ue") F("h", "ue") "</subProcess>" E("e") F("s", "u") F("u", "e");
static const char calls_many[] =
    S "<callActivity id='c' calledElement='q'>" MANY("2") "</callActivity>" ON("b", "c", MSG("m1"))
        BESIDE("t", "c", AFTER("PT1H")) U("h") U("w") U("z") E("e") F("s", "c") F("c", "z")
            F("b", "h") F("t", "w") F("h", "e") F("w", "e") F("z", "e");
static const char called[] =
    "<process id='q'><startEvent id='qs'/><userTask id='q1'/><userTask id='q2'/><endEvent "
    "id='qe'/><sequenceFlow id='f1' sourceRef='qs' targetRef='q1'/>"
    "<sequenceFlow id='f2' sourceRef='q1' targetRef='q2'/><sequenceFlow id='f3' "
    "sourceRef='q2' targetRef='qe'/></process>";
static const char at_most[] =
    S "<userTask id='a'><standardLoopCharacteristics loopMaximum='2'/></userTask>" U("z") E("e")
        F("s", "a") LINE3("a", "z", "e");

static const struct row instances[] = {
    {"one after another, interrupted: no more begin", turn_left,
     C("a") X("'a'") COME X("'h'") C("h") OVER},
    {"a timer runs for the whole, not for each", turn_timer,
     "{'advance':'PT40M'}\n" C("a") "{'advance':'PT30M'}\n" X("'h'")},
    {"an error of one instance ends all", many_left,
     C("a") X("'a','a'") "{'error':'E1','at':'a'}\n" X("'h'") C("h") OVER},
    {"each instance escalates", many_escalate,
     C("a") X("'a','b','h'") C("a") X("'b','b','h','h'") C("b") C("b") X("'h','h','z'")},
    {"each instance has its own data", many_own_data,
     "{'complete':'a','values':{'mine':2}}\n" X(
         "'a','h'") "{'complete':'a','values':{'mine':2}}\n" X("'h','k'")},
    {"a loop of at most two", at_most, C("a") X("'a'") C("a") X("'z'")},
};

TEST(bpmn_corners_of_instances)
{
    static const char *const scripts[] = {
        X("'q1','q1'") C("q1") X("'q1','q2'") COME X("'h'") C("h") OVER,
        C("q1") "{'advance':'PT1H'}\n" X("'q1','q2','w'") C("q1") C("q2") C("q2") X("'w','z'"),
    };
    test_play_rows(t, ctx, instances, LEN(instances));
    for (size_t i = 0; i < LEN(scripts); i++) {
        struct buf out = buf_new(ctx->arena, 0);
        bool good = false;
        CHECK_OK(test_play(ctx, calls_many, called, scripts[i], &out, &good));
    }
}

/* ---- compensation and transactions ---- */

static const char undo_turns[] = S "<subProcess id='u'>" IN_TURN("2") US U("a") UNDOES("a", "ah")
    U("b") UNDOES("b", "bh") E("ue") F("us", "a") LINE3("a", "b", "ue") "</subProcess>" U("c")
        THROW("t", UNDO) U("z") E("e") F("s", "u") F("u", "c") F("c", "t") LINE3("t", "z", "e");
static const char undo_nested[] =
    S TRANSACTION("o", US U("a") UNDOES("a", "ah")
                           TRANSACTION("i", "<startEvent id='is'/>" U("b") UNDOES("b", "bh") E("ie")
                                                F("is", "b") F("b", "ie")) U("c") EXC("g", "g-ok")
                               ENDS("no", CANCEL) E("ok") F("us", "a") F("a", "i") F("i", "c")
                                   F("c", "g") FI("g", "no", "bad") F("g", "ok"))
        ON("ob", "o", CANCEL) U("h") U("z") E("e") F("s", "o") F("o", "z") F("ob", "h") F("h", "e")
            F("z", "e");
static const char cancel_inner[] =
    S TRANSACTION("o",
                  US U("a") UNDOES("a", "ah")
                      TRANSACTION("i", "<startEvent id='is'/>" U("b") UNDOES("b", "bh") U("k")
                                           ENDS("ie", CANCEL) F("is", "b") F("b", "k") F("k", "ie"))
                          ON("ib", "i", CANCEL) U("c") E("ok") F("us", "a") F("a", "i") F("i", "c")
                              F("ib", "c") F("c", "ok")) ON("ob", "o", CANCEL) U("h") U("z") E("e")
        F("s", "o") F("o", "z") F("ob", "h") F("h", "e") F("z", "e");
static const char hazard[] = S TRANSACTION("o", US U("a") UNDOES("a", "ah") U("b") E("ok")
                                                    F("us", "a") LINE3("a", "b", "ok"))
    ON("oe", "o", ERR("e1")) ON("ob", "o", CANCEL) U("h") U("x") U("z") E("e") F("s", "o")
        F("o", "z") F("ob", "x") F("oe", "h") F("h", "e") F("x", "e") F("z", "e");
static const char undo_one[] =
    S U("a") UNDOES("a", "ah") U("b") UNDOES("b", "bh") THROW("t", UNDO_ONE("a")) U("z") E("e")
        F("s", "a") F("a", "b") F("b", "t") LINE3("t", "z", "e");
static const char undo_none[] =
    S THROW("t", UNDO) U("a") UNDOES("a", "ah") E("e") F("s", "t") LINE3("t", "a", "e");
static const char undo_inside[] =
    S SUB("u", US U("a") UNDOES("a", "ah") E("ue") F("us", "a") F("a", "ue")) U("b")
        UNDOES("b", "bh") THROW("t", UNDO_ONE("u")) U("z") E("e") F("s", "u") F("u", "b")
            F("b", "t") LINE3("t", "z", "e");
static const char undo_sub[] =
    S SUB("u", US U("a") UNDOES("a", "ah") E("ue") F("us", "a") F("a", "ue") EVENTSUB(
                   "v", STARTS("vs", UNDO) U("h") ENDS("vt", UNDO) F("vs", "h") F("h", "vt")))
        THROW("t", UNDO) U("z") E("e") F("s", "u") F("u", "t") LINE3("t", "z", "e");
static const char undo_on_error[] =
    S SUB("u", US U("a") UNDOES("a", "ah") U("b") E("ue") F("us", "a") LINE3("a", "b", "ue")
                   EVENTSUB("v", STARTS("vs", ERR("e1")) THROW("vt", UNDO) E("ve") F("vs", "vt")
                                     F("vt", "ve"))) U("z") E("e") F("s", "u") LINE3("u", "z", "e");
static const char undo_while[] = S PAR("f") U("a") UNDOES("a", "ah") U("b") UNDOES("b", "bh") U("c")
    THROW("t", UNDO) PAR("j") E("e") F("s", "f") F("f", "a") F("f", "b") F("f", "c") F("c", "t")
        F("a", "j") F("b", "j") F("t", "j") F("j", "e");

static const struct row undoing[] = {
    {"instances are undone from the last to the first", undo_turns,
     C("a") C("b") C("a") C("b") C("c") X("'bh'") C("bh") X("'ah'") C("ah") X("'bh'") C("bh")
         X("'ah'") C("ah") X("'z'")},
    {"a transaction in a transaction is undone with it, in turn", undo_nested,
     C("a") C("b") "{'complete':'c','values':{'bad':true}}\n" X("'bh'") C("bh") X("'ah'") C("ah")
         X("'h'") C("h") OVER},
    {"a transaction that went well", undo_nested,
     C("a") C("b") "{'complete':'c','values':{'bad':false}}\n" X("'z'")},
    {"an inner transaction cancelled leaves the outer", cancel_inner,
     C("a") C("b") C("k") X("'bh'") C("bh") X("'c'") C("c") X("'z'") C("z") OVER},
    {"an error that leaves a transaction undoes nothing", hazard,
     C("a") "{'error':'E1','at':'b'}\n" X("'h'") C("h") OVER},
    {"one named is undone alone", undo_one, C("a") C("b") X("'ah'") C("ah") X("'z'")},
    {"nothing to undo", undo_none, X("'a'") C("a") OVER},
    {"a sub-process named is undone by what stands in it", undo_inside,
     C("a") C("b") X("'ah'") C("ah") X("'z'")},
    {"its compensation event sub-process undoes in its place, and may undo the rest", undo_sub,
     C("a") X("'h'") C("h") X("'ah'") C("ah") X("'z'") C("z") OVER},
    {"an error handler undoes what was done", undo_on_error,
     C("a") "{'error':'E1','at':'b'}\n" X("'ah'") C("ah") X("'z'")},
    {"only what is completed is undone, the rest goes on", undo_while,
     C("a") C("c") X("'b','j','ah'") C("ah") X("'b','j','j'") C("b") OVER},
};

TEST(bpmn_corners_of_compensation)
{
    test_play_rows(t, ctx, undoing, LEN(undoing));
}
