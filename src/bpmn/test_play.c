/* What each element of the standard does, as models in short with scripts that say what must then
 * wait. Every step goes through the written state, whose reading checks that no token, timer or
 * record is out of place. In models and scripts here ' stands for ". */
#include "bpmn/test_play.h"
#include "bpmn/look.h"

static struct str quoted(struct arena *a, const char *z)
{
    struct str s = str_copy(a, str_from(z));
    char *p = (char *)(uintptr_t)s.p;
    for (size_t i = 0; i < s.n; i++) {
        p[i] = p[i] == '\'' ? '"' : p[i];
    }
    return s;
}

static void keep_line(void *self, struct str text)
{
    struct buf *b = self;
    buf_put(b, text);
    buf_byte(b, '\n');
}

static const char roots[] =
    "<message id='m1' name='come'/><message id='m2' name='other'/><signal id='g1' "
    "name='bell'/><error id='e1' "
    "errorCode='E1'/><error id='e2' errorCode='E2'/>"
    "<escalation id='x1' escalationCode='X1'/><escalation id='x2' "
    "escalationCode='X2'/><signalEventDefinition id='sd' "
    "signalRef='g1'/><escalationEventDefinition id='xd' escalationRef='x1'/>";

struct str test_model(struct arena *a, const char *body, const char *more)
{
    struct str xml =
        str_format(a,
                   "<bpmn:definitions xmlns:bpmn='http://www.omg.org/spec/BPMN/20100524/MODEL' "
                   "xmlns='http://www.omg.org/spec/BPMN/20100524/MODEL' "
                   "xmlns:tb='urn:tongban:1' targetNamespace='t'>%s<process id='p' "
                   "isExecutable='true'>%s</process>%s</bpmn:definitions>",
                   roots, body, more);
    return quoted(a, str_z(a, xml));
}

enum err test_play(struct ctx *ctx, const char *body, const char *more, const char *script,
                   struct buf *out, bool *ret_good)
{
    struct bpmn_script s = {.model = test_model(ctx->arena, body, more),
                            .model_file = STR("test.bpmn"),
                            .text = quoted(ctx->arena, script),
                            .text_file = STR("test.jsonl"),
                            .process = STR("p"),
                            .self = out,
                            .line = keep_line};
    return bpmn_play(ctx, &s, ret_good);
}

void test_play_rows(struct test *t, struct ctx *ctx, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct buf out = buf_new(ctx->arena, 0);
        bool good = false;
        struct arena_mark mark = arena_mark(ctx->arena);
        enum err e = test_play(ctx, rows[i].model, "", rows[i].script, &out, &good);
        if (e != ERR_OK) {
            struct str said = str_format(ctx->arena, "%s: line %u: %.*s", rows[i].what,
                                         ctx->why.line, FMT(ctx->why.detail));
            test_check(t, false, str_z(ctx->arena, said), __FILE__, __LINE__);
        } else {
            test_check(t, true, rows[i].what, __FILE__, __LINE__);
            test_carry_model(t, ctx, rows[i].what, test_model(ctx->arena, rows[i].model, ""));
            arena_reset(ctx->arena, mark);
        }
    }
}

/* ---- gateways ---- */

static const char or_pair[] = S INC("f") U("a") U("b") U("c") INC("j") U("z") E("e") F("s", "f")
    FI("f", "a", "x") FI("f", "b", "y") FI("f", "c", "w") F("a", "j") F("b", "j") F("c", "j")
        LINE3("j", "z", "e");
/* a loop back in front of the split: the join fires once for each round */
static const char or_loop[] = S EXC("top", "") INC("f") U("a") U("b") INC("j") U("again")
    EXC("g", "g-e") E("e") F("s", "top") F("top", "f") FI("f", "a", "true") FI("f", "b", "both")
        F("a", "j") F("b", "j") F("j", "again") F("again", "g") FI("g", "top", "more") F("g", "e");
/* a join inside a loop of its own: the token that goes round does not block itself */
static const char or_self[] = S PAR("f") U("a") U("b") INC("j") U("c") EXC("g", "g-e") E("e")
    F("s", "f") F("f", "a") F("f", "b") F("a", "j") F("b", "j") F("j", "c") F("c", "g")
        FI("g", "j", "more") F("g", "e");
/* nested splits, of which the inner branch ends without coming to the join */
static const char or_nested[] = S INC("f") EXC("g", "g-x") U("a") U("b") E("x") INC("j") U("z")
    E("e") F("s", "f") FI("f", "g", "true") FI("f", "b", "true") FI("g", "a", "stay") F("g", "x")
        F("a", "j") F("b", "j") LINE3("j", "z", "e");
/* two joins after one another, the second also fed by a branch of its own */
static const char or_chain[] = S INC("f") U("a") U("b") U("c") INC("j") U("m") INC("k") U("z")
    E("e") F("s", "f") FI("f", "a", "true") FI("f", "b", "true") FI("f", "c", "true") F("a", "j")
        F("b", "j") F("j", "m") F("m", "k") F("c", "k") LINE3("k", "z", "e");
static const char par_after_exc[] = S EXC("g", "g-b") U("a") U("b") PAR("j") E("e") F("s", "g")
    FI("g", "a", "x") F("g", "b") F("a", "j") F("b", "j") F("j", "e");
/* two tokens of one branch: the join takes one of each flow for each round */
static const char par_twice[] = S PAR("f") EXC("m", "") PAR("f2") U("a") U("b") PAR("j") U("z")
    E("e") F("s", "f") F("f", "f2") F("f", "b")
        F("f2", "m") "<sequenceFlow id='again' sourceRef='f2' targetRef='m'/>" F("m", "a")
            F("a", "j") F("b", "j") LINE3("j", "z", "e");
static const char complex_two[] = S PAR("f") U("a") U("b")
    U("c") "<complexGateway id='j'><activationCondition>activationCount >= "
           "2</activationCondition></complexGateway>" U("z") E("e") F("s", "f") F("f", "a")
               F("f", "b") F("f", "c") F("a", "j") F("b", "j") F("c", "j") LINE3("j", "z", "e");
static const char complex_named[] = S PAR("f") U("a") U("b")
    U("c") "<complexGateway id='j'><activationCondition>fa + fb + fc >= 2 and fa = "
           "1</activationCondition></complexGateway>" U("z") E("e") F("s", "f") F("f", "a")
               F("f", "b")
                   F("f", "c") "<sequenceFlow id='fa' sourceRef='a' targetRef='j'/><sequenceFlow "
                               "id='fb' sourceRef='b' targetRef='j'/><sequenceFlow id='fc' "
                               "sourceRef='c' targetRef='j'/>" LINE3("j", "z", "e");
static const char by_event[] = S "<eventBasedGateway id='g'/>" CATCH("m", MSG("m1"))
    CATCH("t", AFTER("PT1H")) "<receiveTask id='r' messageRef='m2'/>" U("a") U("b") U("c") E("e")
        F("s", "g") F("g", "m") F("g", "t") F("g", "r") F("m", "a") F("t", "b") F("r", "c")
            F("a", "e") F("b", "e") F("c", "e");
static const char begun_by_event[] =
    "<eventBasedGateway id='g' instantiate='true'/>" CATCH("m", MSG("m1")) CATCH("n", SIG("g1"))
        U("a") U("b") E("e") F("g", "m") F("g", "n") F("m", "a") F("n", "b") F("a", "e")
            F("b", "e");
static const char begun_by_all[] =
    "<eventBasedGateway id='g' instantiate='true' eventGatewayType='Parallel'/>" CATCH(
        "m", MSG("m1")) CATCH("n", SIG("g1")) U("a") U("b") E("e") F("g", "m") F("g", "n")
        F("m", "a") F("n", "b") F("a", "e") F("b", "e");
static const char activity_splits[] = S U("a") U("b") U("c") U("d") E("e") F("s", "a")
    FI("a", "b", "x > 1") FI("a", "c", "x > 2") F("a", "d") F("b", "e") F("c", "e") F("d", "e");

static const struct row gateways[] = {
    {"inclusive: all that were chosen", or_pair,
     "{'start':true,'values':{'x':true,'y':true,'w':false}}\n" X("'a','b'") C("a") X("'b','j'")
         C("b") X("'z'") C("z") OVER},
    {"inclusive: one that was chosen", or_pair,
     "{'start':true,'values':{'x':false,'y':true,'w':false}}\n" C("b") X("'z'")},
    {"inclusive join fires once in each round of a loop", or_loop,
     "{'start':true,'values':{'both':true,'more':true}}\n" X("'a','b'") C("a") X("'j','b'") C("b")
         X("'again'") "{'complete':'again','values':{'both':false}}\n" X("'a'") C("a")
             X("'again'") "{'complete':'again','values':{'more':false}}\n" OVER},
    {"a token that comes round does not wait for itself", or_self,
     "{'start':true,'values':{'more':true}}\n" C("a") X("'j','b'") C("b") X("'c'") C("c")
         X("'c'") "{'complete':'c','values':{'more':false}}\n" OVER},
    {"an inner branch that ends elsewhere is not awaited", or_nested,
     "{'start':true,'values':{'stay':false}}\n" X("'b'") C("b") X("'z'")},
    {"an inner branch that stays is awaited", or_nested,
     "{'start':true,'values':{'stay':true}}\n" C("b") X("'a','j'") C("a") X("'z'") C("z") OVER},
    {"joins one after another", or_chain,
     C("c") X("'a','b','k'") C("a") X("'b','j','k'") C("b") X("'m','k'") C("m") X("'z'") C("z")
         OVER},
    {"a parallel join behind an exclusive split waits for ever", par_after_exc,
     "{'start':true,'values':{'x':true}}\n" C("a") X("'j'") "{'advance':'P100Y'}\n" X("'j'")},
    {"a second token on one flow waits for the next round", par_twice,
     X("'a','a','b'") C("a") C("a") X("'j','j','b'") C("b") X("'z','j'")},
    {"complex: two of three, the third is taken away", complex_two,
     C("a") X("'b','c','j'") C("b") X("'c','z'") C("z") X("'c'") C("c") OVER},
    {"complex: by the names of flows", complex_named,
     C("b") C("c") X("'a','j','j'") C("a") X("'z'")},
    {"event gateway: message", by_event, "{'message':'come'}\n" X("'a'")},
    {"event gateway: timer", by_event,
     "{'advance':'PT59M'}\n" X("'g'") "{'advance':'PT1M'}\n" X("'b'") C("b") OVER},
    {"event gateway: receive task", by_event, "{'message':'other'}\n" X("'c'")},
    {"event gateway: receive task, by the id of its message", by_event,
     "{'message':'m2'}\n" X("'c'")},
    {"begun by one of several events", begun_by_event, "{'signal':'bell'}\n" X("'b'")},
    {"begun by all of several events", begun_by_all,
     "{'signal':'bell'}\n" X("'b','m'") "{'message':'come'}\n" X("'a','b'")},
    {"flows out of an activity are conditions of their own", activity_splits,
     "{'complete':'a','values':{'x':2}}\n" X("'b','d'")},
    {"flows out of an activity, all", activity_splits,
     "{'complete':'a','values':{'x':3}}\n" X("'b','c','d'")},
};

TEST(bpmn_gateways)
{
    test_play_rows(t, ctx, gateways, LEN(gateways));
}

/* ---- events ---- */

static const char timers[] = S U("a") BESIDE("t", "a", EVERY("R3/PT10M")) U("b") E("e") E("e2")
    F("s", "a") F("a", "e") F("t", "b") F("b", "e2");
static const char timer_for_ever[] =
    S U("a") BESIDE("t", "a", EVERY("R/P1M")) "<task id='b'/>" E("e") E("e2") F("s", "a")
        F("a", "e") F("t", "b") F("b", "e2");
static const char timer_until[] = S U("a") BESIDE("t", "a", EVERY("R/P1D/1970-01-04")) U("b") E("e")
    E("e2") F("s", "a") F("a", "e") F("t", "b") F("b", "e2");
static const char timer_feel[] =
    S CATCH("t", AFTER("duration(wait)")) U("a") E("e") F("s", "t") LINE3("t", "a", "e");
static const char timer_date[] = S CATCH(
    "t",
    "<timerEventDefinition><timeDate>1970-02-01T09:00:00+08:00</timeDate></timerEventDefinition>")
    U("a") E("e") F("s", "t") LINE3("t", "a", "e");
static const char signals[] = S PAR("f") CATCH("c", SIG("g1")) U("a") ON("b", "a", SIG("g1")) U("d")
    U("x") U("y") U("z") E("e") F("s", "f") F("f", "c") F("f", "a") F("f", "z") F("c", "x")
        F("b", "y") F("a", "d") F("d", "e") F("x", "e") F("y", "e") F("z", "e");
static const char throws_signal[] =
    S PAR("f") CATCH("c", SIG("g1")) U("a") THROW("t", SIG("g1")) U("x") U("y") E("e") F("s", "f")
        F("f", "c") F("f", "a") F("a", "t") F("t", "y") F("c", "x") F("x", "e") F("y", "e");
static const char conditions[] = S U("a") BESIDE("b", "a", WHEN("n > 5")) U("x") E("e") F("s", "a")
    F("a", "e") F("b", "x") F("x", "e");
static const char condition_catch[] =
    S CATCH("c", WHEN("n > 5")) U("x") E("e") F("s", "c") LINE3("c", "x", "e");
static const char links[] = S U("a") THROW("l1", LINK("over")) CATCH("l2", LINK("over")) U("b")
    E("e") F("s", "a") F("a", "l1") LINE3("l2", "b", "e");
static const char all_of[] = S "<intermediateCatchEvent id='c' parallelMultiple='true'>" MSG("m1")
    SIG("g1") "</intermediateCatchEvent>" U("a") E("e") F("s", "c") LINE3("c", "a", "e");
static const char any_of[] =
    S CATCH("c", MSG("m1") SIG("g1")) U("a") E("e") F("s", "c") LINE3("c", "a", "e");
static const char stops[] = S PAR("f") U("a")
    SUB("u", "<startEvent id='us'/>" PAR("uf") U("b") U("c") ENDS("ut", TERM) E("ue") F("us", "uf")
                 F("uf", "b") F("uf", "c") F("b", "ut") F("c", "ue")) U("d") E("e") F("s", "f")
        F("f", "a") F("f", "u") F("u", "d") F("a", "e") F("d", "e");
static const char stops_all[] = S PAR("f") U("a") U("b") ENDS("t", TERM) E("e") F("s", "f")
    F("f", "a") F("f", "b") F("a", "t") F("b", "e");
static const char starts[] = S STARTS("sm", MSG("m1")) STARTS("ss", SIG("g1"))
    STARTS("st", AFTER("PT5M")) U("a") U("b") U("c") U("d") E("e") F("s", "a") F("sm", "b")
        F("ss", "c") F("st", "d") F("a", "e") F("b", "e") F("c", "e") F("d", "e");
static const char no_events[] = U("a") "<task id='b'/>" U("c") F("a", "b") F("b", "c");
static const char two_begin[] = U("a") U("b");

static const struct row events[] = {
    {"a cycle beside its activity, three times", timers,
     X("'a'") "{'advance':'PT25M'}\n" X("'a','b','b'") "{'advance':'PT25M'}\n" X(
         "'a','b','b','b'") "{'advance':'P1Y'}\n" C("a") X("'b','b','b'")},
    {"the activity ends its cycle", timers,
     "{'advance':'PT15M'}\n" C("a") "{'advance':'P1D'}\n" X("'b'")},
    {"a cycle of months goes by the calendar", timer_for_ever,
     "{'advance':'P1Y'}\n{'set':{}}\n" X("'a'") C("a") OVER},
    {"a cycle ends on its last day", timer_until, "{'advance':'P10D'}\n" X("'a','b','b'")},
    {"a duration that FEEL gives", timer_feel,
     "{'start':true,'values':{'wait':'PT2H'}}\n{'advance':'PT1H'}\n" X(
         "'t'") "{'advance':'PT1H'}\n" X("'a'")},
    {"a date", timer_date,
     "{'advance':'1970-02-01T00:59:59Z'}\n" X("'t'") "{'advance':'PT1S'}\n" X("'a'")},
    {"a signal goes to everybody", signals,
     X("'c','a','z'") "{'signal':'bell'}\n" X("'x','y','z'")},
    {"a signal of its own", throws_signal, C("a") X("'x','y'")},
    {"a condition occurs when it becomes true", conditions,
     "{'set':{'n':1}}\n" X("'a'") "{'set':{'n':6}}\n" X("'a','x'") "{'set':{'n':7}}\n" X(
         "'a','x'") "{'set':{'n':0}}\n{'set':{'n':9}}\n" X("'a','x','x'")},
    {"a condition that is true already", condition_catch,
     "{'start':true,'values':{'n':9}}\n" X("'x'")},
    {"a condition awaited", condition_catch, X("'c'") "{'set':{'n':9}}\n" X("'x'")},
    {"links", links, C("a") X("'b'") C("b") OVER},
    {"all of several events", all_of,
     "{'message':'come'}\n" X("'c'") "{'message':'come'}\n" X("'c'") "{'signal':'bell'}\n" X(
         "'a'")},
    {"any of several events", any_of, "{'signal':'bell'}\n" X("'a'")},
    {"terminate ends its sub-process only", stops,
     X("'a','b','c'") C("b") X("'a','d'") C("a") C("d") OVER},
    {"terminate ends all", stops_all, C("a") OVER},
    {"the plain start", starts, X("'a'")},
    {"started by a message", starts, "{'message':'come'}\n" X("'b'")},
    {"started by a signal", starts, "{'signal':'bell'}\n" X("'c'")},
    {"started by a timer", starts, "{'timer':'st'}\n" X("'d'")},
    {"started at a named event", starts, "{'start':'sm'}\n" X("'b'")},
    {"neither start nor end events", no_events, X("'a'") C("a") X("'c'") C("c") OVER},
    {"all that nothing leads to begins", two_begin, X("'a','b'") C("b") X("'a'") C("a") OVER},
};

TEST(bpmn_events)
{
    test_play_rows(t, ctx, events, LEN(events));
}

/* ---- scopes: errors, escalations, event sub-processes ---- */

static const char errors[] =
    S SUB("u", "<startEvent id='us'/>" U("a") ON("ab", "a", ERR("e2")) U("h") EXC("g", "g-ue")
                   ENDS("uf", ERR("e1")) E("ue") F("us", "a") F("a", "g") FI("g", "uf", "bad")
                       F("g", "ue") F("ab", "h") F("h", "ue")) ON("ub", "u", ERR("e1"))
        ON("uany", "u", ANYERR) U("x") U("y") U("z") E("e") F("s", "u") F("u", "x") F("ub", "y")
            F("uany", "z") F("x", "e") F("y", "e") F("z", "e");
/* the handler inside the scope goes before the boundary around it */
static const char error_inside[] =
    S SUB("u", "<startEvent id='us'/>" U("a") E("ue") F("us", "a") F("a", "ue")
                   EVENTSUB("v", STARTS("vs", ERR("e1")) U("h") E("ve") LINE3("vs", "h", "ve")))
        ON("ub", "u", ERR("e1")) U("x") U("y") E("e") F("s", "u") F("u", "x") F("ub", "y")
            F("x", "e") F("y", "e");
static const char escalates[] =
    S SUB("u", "<startEvent id='us'/>" U("a") THROW("up", ESC("x1")) U("b") E("ue") F("us", "a")
                   F("a", "up") F("up", "b") F("b", "ue")) BESIDE("ub", "u", ESC("x1")) U("x")
        U("y") E("e") F("s", "u") F("u", "x") F("ub", "y") F("x", "e") F("y", "e");
static const char escalates_out[] =
    S SUB("u", "<startEvent id='us'/>" U("a") THROW("up", ESC("x1")) U("b") E("ue") F("us", "a")
                   F("a", "up") F("up", "b") F("b", "ue")) ON("ub", "u", ESC("x1")) U("x") U("y")
        E("e") F("s", "u") F("u", "x") F("ub", "y") F("x", "e") F("y", "e");
static const char sub_message[] = S U("a") U("b") E("e") F("s", "a") LINE3("a", "b", "e")
    EVENTSUB("v", STARTS("vs", MSG("m1")) U("h") E("ve") LINE3("vs", "h", "ve"));
static const char sub_beside[] = S U("a") E("e") F("s", "a") F("a", "e")
    EVENTSUB("v", STARTS_BESIDE("vs", MSG("m1")) U("h") E("ve") LINE3("vs", "h", "ve"));
static const char sub_timer[] =
    S SUB("u", "<startEvent id='us'/>" U("a") E("ue") F("us", "a") F("a", "ue")
                   EVENTSUB("v", STARTS_BESIDE("vs", EVERY("R2/PT1H")) U("h") E("ve")
                                     LINE3("vs", "h", "ve"))) U("z") E("e") F("s", "u")
        LINE3("u", "z", "e");
static const char scope_dies[] =
    S SUB("u", "<startEvent id='us'/>" PAR("uf") U("a")
                   SUB("w", "<startEvent id='ws'/>" U("b") ON("t", "b", AFTER("PT1H")) U("c")
                                E("we") F("ws", "b") F("b", "we") F("t", "c") F("c", "we")) E("ue")
                       F("us", "uf") F("uf", "a") F("uf", "w") F("a", "ue") F("w", "ue"))
        ON("out", "u", MSG("m1")) U("x") E("e") F("s", "u") F("u", "e") F("out", "x") F("x", "e");

static const char signal_to_all[] =
    S SUB("u",
          "<startEvent id='us'/>" U("b") E("ue") F("us", "b") F("b", "ue") EVENTSUB(
              "v", STARTS_BESIDE("vs", SIG("g1")) U("h") E("ve") LINE3("vs", "h", "ve"))
              EVENTSUB("w", STARTS_BESIDE("ws", SIG("g1")) U("k") E("we") LINE3("ws", "k", "we")))
        E("e") F("s", "u") F("u", "e");
static const char signal_to_many[] =
    S "<subProcess "
      "id='a'><multiInstanceLoopCharacteristics><loopCardinality>100</loopCardinality></"
      "multiInstanceLoopCharacteristics><startEvent id='as'/>" CATCH("c", SIG("g1")) E("ae")
          F("as", "c") F("c", "ae") "</subProcess>" U("z") E("e") F("s", "a") LINE3("a", "z", "e");

static const struct row scopes[] = {
    {"a signal begins every event sub-process that awaits it", signal_to_all,
     "{'signal':'bell'}\n" X("'b','h','k'") C("b") C("h") C("k") OVER},
    {"a signal goes to all of a hundred", signal_to_many, "{'signal':'bell'}\n" X("'z'")},
    {"an error on the task", errors, "{'error':'E2','at':'a'}\n" X("'h'") C("h") X("'x'")},
    {"an error of its end event", errors, "{'complete':'a','values':{'bad':true}}\n" X("'y'")},
    {"an error taken by the event that names none", errors, "{'error':'E9','at':'a'}\n" X("'z'")},
    {"no error", errors, "{'complete':'a','values':{'bad':false}}\n" X("'x'") C("x") OVER},
    {"the event sub-process goes before the boundary", error_inside,
     "{'error':'E1','at':'a'}\n" X("'h'") C("h") X("'x'")},
    {"an escalation beside what goes on", escalates, C("a") X("'b','y'") C("b") X("'y','x'")},
    {"an escalation that interrupts its thrower", escalates_out, C("a") X("'y'") C("y") OVER},
    {"a task escalates", escalates, "{'escalation':'X1','at':'a'}\n" X("'a','y'")},
    {"an event sub-process interrupts", sub_message,
     C("a") "{'message':'come'}\n" X("'h'") C("h") OVER},
    {"an event sub-process beside, twice", sub_beside,
     "{'message':'come'}\n{'message':'come'}\n" X("'a','h','h'") C("a") X("'h','h'") C("h") C("h")
         OVER},
    {"a timer of an event sub-process lives with its scope", sub_timer,
     "{'advance':'PT1H'}\n" X("'a','h'") C("a") X("'h'") "{'advance':'PT1H'}\n" X("'h','h'") C("h")
         C("h") X("'z'") "{'advance':'P1D'}\n" X("'z'")},
    {"a scope that is left takes all inside with it", scope_dies,
     X("'a','b'") "{'message':'come'}\n" X("'x'") "{'advance':'P1D'}\n" X("'x'") C("x") OVER},
};

TEST(bpmn_scopes)
{
    test_play_rows(t, ctx, scopes, LEN(scopes));
}

/* ---- compensation and transactions ---- */

static const char undo_all[] =
    S U("a") UNDOES("a", "ua") U("b") UNDOES("b", "ub") U("c") THROW("t", UNDO) U("z") E("e")
        F("s", "a") F("a", "b") F("b", "c") F("c", "t") LINE3("t", "z", "e");
static const char undo_one[] =
    S U("a") UNDOES("a", "ua") U("b") UNDOES("b", "ub") THROW("t", UNDO_ONE("a")) U("z") E("e")
        F("s", "a") F("a", "b") F("b", "t") LINE3("t", "z", "e");
static const char undo_inside[] =
    S SUB("u", "<startEvent id='us'/>" U("a") UNDOES("a", "ua") U("b") UNDOES("b", "ub") E("ue")
                   F("us", "a") F("a", "b") F("b", "ue")) U("c") THROW("t", UNDO_ONE("u")) U("z")
        E("e") F("s", "u") F("u", "c") F("c", "t") LINE3("t", "z", "e");
static const char undo_own[] =
    S SUB("u", "<startEvent id='us'/>" U("a") UNDOES("a", "ua") E("ue") F("us", "a") F("a", "ue")
                   EVENTSUB("v", STARTS("vs", UNDO) U("h") THROW("vt", UNDO_ONE("a")) E("ve")
                                     F("vs", "h") F("h", "vt") F("vt", "ve"))) U("c")
        ENDS("t", UNDO) F("s", "u") F("u", "c") F("c", "t");
static const char undo_never_done[] = S U("a") UNDOES("a", "ua") THROW("t", UNDO) U("z") E("e")
    EXC("g", "g-t") F("s", "g") FI("g", "a", "x") F("g", "t") F("a", "t") LINE3("t", "z", "e");
static const char transaction[] = S "<transaction id='u'><startEvent id='us'/>" U("a")
    UNDOES("a", "ua") PAR("f") U("b") U("c") ENDS("x", CANCEL) E("ue") F("us", "a") F("a", "f")
        F("f", "b") F("f", "c") F("b", "x") F("c", "ue") "</transaction>" ON("ub", "u", CANCEL)
            ON("ue1", "u", ERR("e1")) U("y") U("w") U("z") E("e") F("s", "u") F("u", "z")
                F("ub", "y") F("ue1", "w") F("y", "e") F("w", "e") F("z", "e");

static const struct row undoing[] = {
    {"the last done is undone first", undo_all,
     C("a") C("b") C("c") X("'ub'") C("ub") X("'ua'") C("ua") X("'z'") C("z") OVER},
    {"one activity is undone", undo_one, C("a") C("b") X("'ua'") C("ua") X("'z'")},
    {"what stands in a sub-process is undone with it", undo_inside,
     C("a") C("b") C("c") X("'ub'") C("ub") X("'ua'") C("ua") X("'z'")},
    {"a sub-process that undoes itself its own way", undo_own,
     C("a") C("c") X("'h'") C("h") X("'ua'") C("ua") OVER},
    {"nothing to undo", undo_never_done, "{'start':true,'values':{'x':false}}\n" X("'z'")},
    {"a transaction is cancelled: undone, then out by the cancel event", transaction,
     C("a") X("'b','c'") C("b") X("'ua'") C("ua") X("'y'") C("y") OVER},
    {"a transaction fails: out by the error, nothing undone", transaction,
     C("a") "{'error':'E1','at':'b'}\n" X("'w'")},
    {"a transaction succeeds", transaction, C("a") C("c") X("'b'")},
};

TEST(bpmn_compensation)
{
    test_play_rows(t, ctx, undoing, LEN(undoing));
}

/* ---- loops and multi-instance ---- */

#define MI(id, seq, inside)                                                                        \
    "<userTask id='" id "'><multiInstanceLoopCharacteristics isSequential='" seq "'>" inside       \
    "</multiInstanceLoopCharacteristics></userTask>"
#define MI_BY(id, behaviour, inside)                                                               \
    "<userTask id='" id "'><multiInstanceLoopCharacteristics " behaviour ">" inside                \
    "</multiInstanceLoopCharacteristics></userTask>"
#define THREE "<loopCardinality>3</loopCardinality>"
#define DONE(c) "<completionCondition>" c "</completionCondition>"
static const char one_by_one[] =
    S MI("a", "true", THREE) U("z") E("e") F("s", "a") LINE3("a", "z", "e");
static const char at_once[] =
    S MI("a", "false", THREE) U("z") E("e") F("s", "a") LINE3("a", "z", "e");
static const char enough[] =
    S MI("a", "false", THREE DONE("numberOfCompletedInstances / numberOfInstances >= 0.5")) U("z")
        E("e") F("s", "a") LINE3("a", "z", "e");
static const char none[] = S MI("a", "false", "<loopCardinality>n</loopCardinality>") U("z") E("e")
    F("s", "a") LINE3("a", "z", "e");
static const char collected[] =
    S "<dataObject id='in' name='people'/><dataObject id='out' name='answers'/>" MI(
        "a", "false",
        "<loopDataInputRef>in</loopDataInputRef><loopDataOutputRef>out</"
        "loopDataOutputRef><inputDataItem id='i' name='person'/><outputDataItem id='o' "
        "name='answer'/>") EXC("g", "g-y") U("z") U("y") E("e") F("s", "a") F("a", "g")
        FI("g", "z", "answers = ['1','2']") F("g", "y") F("z", "e") F("y", "e");
static const char in_sub[] =
    S "<subProcess "
      "id='u'><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></"
      "multiInstanceLoopCharacteristics><startEvent id='us'/>" U("a") U("b") E("ue") F("us", "a")
          F("a", "b") F("b", "ue") "</subProcess>" ON("out", "u", MSG("m1")) U("z") U("x") E("e")
              F("s", "u") F("u", "z") F("out", "x") F("z", "e") F("x", "e");
static const char until[] =
    S "<userTask "
      "id='a'><standardLoopCharacteristics><loopCondition>again</loopCondition></"
      "standardLoopCharacteristics></userTask>" U("z") E("e") F("s", "a") LINE3("a", "z", "e");
static const char while_so[] =
    S "<userTask id='a'><standardLoopCharacteristics testBefore='true' "
      "loopMaximum='2'><loopCondition>again</loopCondition></standardLoopCharacteristics></"
      "userTask>" U("z") E("e") F("s", "a") LINE3("a", "z", "e");
static const char counted[] =
    S "<scriptTask id='a'><standardLoopCharacteristics><loopCondition>loopCounter &lt; "
      "4</loopCondition></standardLoopCharacteristics><script>{sum: (if sum = null then 0 else "
      "sum) + loopCounter}</script></scriptTask>" EXC("g", "g-y") U("z") U("y") E("e") F("s", "a")
          F("a", "g") FI("g", "z", "sum = 10") F("g", "y") F("z", "e") F("y", "e");
static const char tells_each[] =
    S MI_BY("a", "behavior='None' noneBehaviorEventRef='sd'", THREE) BESIDE("b", "a", SIG("g1"))
        U("x") U("z") E("e") F("s", "a") F("b", "x") F("a", "z") F("z", "e") F("x", "e");
static const char tells_first[] =
    S MI_BY("a", "behavior='One' oneBehaviorEventRef='xd'", THREE) BESIDE("b", "a", ESC("x1"))
        U("x") U("z") E("e") F("s", "a") F("b", "x") F("a", "z") F("z", "e") F("x", "e");
static const char tells_when[] = S MI_BY(
    "a", "behavior='Complex'",
    THREE "<complexBehaviorDefinition><condition>numberOfCompletedInstances = 2</condition><event "
          "id='cx'><eventDefinitionRef>xd</eventDefinitionRef></event></complexBehaviorDefinition>")
    ON("b", "a", ESC("x1")) U("x") U("z") E("e") F("s", "a") F("b", "x") F("a", "z") F("z", "e")
        F("x", "e");

static const struct row loops[] = {
    {"one after another", one_by_one, X("'a'") C("a") X("'a'") C("a") C("a") X("'z'")},
    {"all at once", at_once, X("'a','a','a'") C("a") X("'a','a'") C("a") C("a") X("'z'")},
    {"enough is enough", enough, C("a") X("'a','a'") C("a") X("'z'") C("z") OVER},
    {"none at all", none, "{'start':true,'values':{'n':0}}\n" X("'z'")},
    {"one for each, and their answers in order", collected,
     "{'start':true,'values':{'people':['p','q']}}\n" X(
         "'a','a'") "{'complete':'a','token':3,'values':{'answer':'2'}}\n{'complete':'a','token':2,"
                    "'values':{'answer':'1'}}\n" X("'z'")},
    {"instances of a sub-process", in_sub,
     X("'a','a'") C("a") X("'a','b'") C("b") X("'a'") C("a") C("b") X("'z'")},
    {"instances of a sub-process, left", in_sub,
     C("a") "{'message':'come'}\n" X("'x'") C("x") OVER},
    {"again while it holds", until,
     "{'complete':'a','values':{'again':true}}\n" X(
         "'a'") "{'complete':'a','values':{'again':false}}\n" X("'z'")},
    {"tested before: not once", while_so, X("'z'")},
    {"at most twice", while_so,
     "{'start':true,'values':{'again':true}}\n" C("a") X("'a'") C("a") X("'z'")},
    {"a loop of scripts counts", counted, X("'z'")},
    {"an event for each instance done", tells_each,
     C("a") X("'a','a','x'") C("a") X("'a','x','x'") C("a") X("'x','x','x','z'")},
    {"an event for the first instance done", tells_first,
     C("a") X("'a','a','x'") C("a") X("'a','x'") C("a") X("'x','z'")},
    {"an event when it says so, which may end the rest", tells_when,
     C("a") X("'a','a'") C("a") X("'x'") C("x") OVER},
};

TEST(bpmn_loops)
{
    test_play_rows(t, ctx, loops, LEN(loops));
}

/* ---- data ---- */

static const char assigns[] =
    S "<dataObject id='d' name='sum'/><property id='pr' name='limit'/>"
      "<userTask id='a'><ioSpecification><dataInput id='ai' name='question'/><dataOutput id='ao' "
      "name='answer'/></ioSpecification>"
      "<dataInputAssociation><targetRef>ai</targetRef><assignment><from>1 + "
      "1</from><to>ai</to></assignment></dataInputAssociation>"
      "<dataOutputAssociation><sourceRef>ao</sourceRef><targetRef>d</targetRef></"
      "dataOutputAssociation></userTask>"
      "<scriptTask id='b' scriptFormat='feel'><extensionElements><tb:result "
      "name='limit'/></extensionElements><script>sum * 10</script></scriptTask>" EXC("g", "g-y")
          U("z") U("y") E("e") F("s", "a") F("a", "b") F("b", "g") FI("g", "z", "limit = 40")
              F("g", "y") F("z", "e") F("y", "e");
static const char members[] =
    S "<dataObject id='d' name='case'/><task "
      "id='a'><dataOutputAssociation><targetRef>d</targetRef><assignment><from>7</"
      "from><to>case.size.now</to></assignment>"
      "<assignment><from>date('2026-03-01')</from><to>case.day</to></assignment></"
      "dataOutputAssociation></task>" U("w") EXC("g", "g-y") U("z") U("y") E("e") F("s", "a")
          F("a", "w") F("w", "g") FI("g", "z", "case.size.now = 7 and case.day.month = 3")
              F("g", "y") F("z", "e") F("y", "e");
/* data of a sub-process hide those outside and go with it */
static const char hides[] = S "<dataObject id='d' name='n'/>" SUB(
    "u", "<dataObject id='d2' name='n'/><startEvent id='us'/><scriptTask id='a'><script>{n: "
         "1}</script></scriptTask>" U("b") E("ue") F("us", "a") F("a", "b") F("b", "ue"))
    EXC("g", "g-y") U("z") U("y") E("e") F("s", "u") F("u", "g") FI("g", "z", "n = 5") F("g", "y")
        F("z", "e") F("y", "e");

/* a completed sub-process keeps its data for compensation, until the process is over */
static const char keeps[] =
    S SUB("u", "<dataObject id='d2' name='k'/><startEvent id='us'/>" U("a") UNDOES("a", "h") E("ue")
                   F("us", "a") F("a", "ue")) U("b") E("e") F("s", "u") LINE3("u", "b", "e");

static const struct row data[] = {
    {"what a sub-process kept goes when the process ends", keeps,
     C("a") X("'b'") C("b") OVER "{'note':'and its state can be read','expect':'ended'}\n"},
    {"inputs, outputs, scripts", assigns, "{'complete':'a','values':{'answer':4}}\n" X("'z'")},
    {"members of data", members, C("w") X("'z'")},
    {"data inside hide those outside", hides, "{'start':true,'values':{'n':5}}\n" C("b") X("'z'")},
};

TEST(bpmn_data)
{
    test_play_rows(t, ctx, data, LEN(data));
}

/* ---- calls ---- */

static const char calls[] =
    S "<callActivity id='c' calledElement='q'><ioSpecification><dataInput id='ci' "
      "name='x'/><dataOutput id='co' name='y'/></ioSpecification>"
      "<dataInputAssociation><targetRef>ci</targetRef><assignment><from>20</from><to>ci</to></"
      "assignment></dataInputAssociation>"
      "<dataOutputAssociation><sourceRef>co</sourceRef><targetRef>r</targetRef></"
      "dataOutputAssociation></callActivity><dataObject id='r' name='result'/>" ON(
          "cb", "c", ERR("e1")) BESIDE("ce", "c", ESC("x1")) EXC("g", "g-n") U("z") U("n") U("h")
          U("k") E("e") F("s", "c") F("c", "g") FI("g", "z", "result = 21") F("g", "n") F("cb", "h")
              F("ce", "k") F("z", "e") F("n", "e") F("h", "e") F("k", "e");
static const char called[] =
    "<process id='q'><dataObject id='qx' name='x'/><dataObject id='qy' name='y'/><startEvent "
    "id='qs'/><scriptTask id='q1'><script>{y: x + 1}</script></scriptTask><userTask id='q2'/>"
    "<exclusiveGateway id='qg' default='ok'/><endEvent id='qe'/><endEvent "
    "id='qf'><errorEventDefinition errorRef='e1'/></endEvent>"
    "<sequenceFlow id='f1' sourceRef='qs' targetRef='q1'/><sequenceFlow id='f2' sourceRef='q1' "
    "targetRef='q2'/><sequenceFlow id='f3' sourceRef='q2' targetRef='qg'/>"
    "<sequenceFlow id='bad' sourceRef='qg' "
    "targetRef='qf'><conditionExpression>broken</conditionExpression></sequenceFlow><sequenceFlow "
    "id='ok' sourceRef='qg' targetRef='qe'/></process>";

TEST(bpmn_calls)
{
    static const char *const scripts[] = {
        C("q2") X("'z'") C("z") OVER,
        "{'complete':'q2','values':{'broken':true}}\n" X("'h'"),
        "{'error':'E1','at':'q2'}\n" X("'h'"),
        "{'escalation':'X1','at':'q2'}\n" X("'q2','k'"),
    };
    for (size_t i = 0; i < LEN(scripts); i++) {
        struct buf out = buf_new(ctx->arena, 0);
        bool good = false;
        CHECK_OK(test_play(ctx, calls, called, scripts[i], &out, &good));
    }
}

/* A process that calls itself is bounded by how deep scopes nest, not by the stack. */
TEST(bpmn_a_process_that_calls_itself_for_ever_is_stopped)
{
    struct buf out = buf_new(ctx->arena, 0);
    bool good = false;
    CHECK_ERR(test_play(ctx,
                        S "<callActivity id='c' calledElement='p'/>" E("e") F("s", "c") F("c", "e"),
                        "", "", &out, &good),
              ERR_TOO_DEEP);
}

/* ---- what goes wrong ---- */

static const struct {
    const char *model;
    const char *script;
    enum err err;
    const char *says;
} wrong[] = {
    {S U("a") E("e") F("s", "a") F("a", "e"), "{'complete':'b'}", ERR_CONFLICT, "does not wait"},
    {S U("a") E("e") F("s", "a") F("a", "e"), "{'message':'b'}", ERR_CONFLICT, "does not await"},
    {S U("a") E("e") F("s", "a") F("a", "e"), "{'nonsense':'b'}", ERR_SYNTAX, "nonsense"},
    {S U("a") E("e") F("s", "a") F("a", "e"), "{'complete':'a'}\n{'complete':'a'}", ERR_CONFLICT,
     "ended"},
    {S U("a") E("e") F("s", "a") F("a", "e"), "{'expect':['b']}", ERR_PRECONDITION,
     "what waits: a"},
    {S U("a") E("e") F("s", "a") F("a", "e"), "{'advance':'tomorrow'}", ERR_SYNTAX, "advance"},
    {S U("a") E("e") F("s", "a") F("a", "e"), "{", ERR_SYNTAX, ""},
    {S "<exclusiveGateway id='g'/>" U("a") U("b") E("e") F("s", "g") FI("g", "a", "x")
         FI("g", "b", "y") F("a", "e") F("b", "e"),
     "", ERR_CONFLICT, "no default"},
    {S EXC("g", "") EXC("h", "h-g") E("e") F("s", "g") F("g", "h") F("h", "g")
         FI("h", "e", "false"),
     "", ERR_TOO_MANY, "circle"},
    {S "<task id='a'/>" EXC("g", "g-a") E("e") F("s", "a") F("a", "g") F("g", "a")
         FI("g", "e", "false"),
     "", ERR_TOO_MANY, "circle"},
    {S MI("a", "false", "<loopCardinality>100000</loopCardinality>") E("e") F("s", "a") F("a", "e"),
     "", ERR_RANGE, "whole number"},
    {S MI("a", "false", "<loopCardinality>'x'</loopCardinality>") E("e") F("s", "a") F("a", "e"),
     "", ERR_RANGE, "whole number"},
    {S CATCH("t", AFTER("wait")) E("e") F("s", "t") F("t", "e"), "", ERR_RANGE, "timer"},
    {S PAR("f") PAR("f2") EXC("m", "") E("e") F("s", "m") F("m", "f")
         F("f", "f2") "<sequenceFlow id='x' sourceRef='f' targetRef='f2'/>" F(
             "f2", "m") "<sequenceFlow id='y' sourceRef='f2' targetRef='e'/>",
     "", ERR_TOO_MANY, "tokens"},
};

TEST(bpmn_scripts_that_cannot_be_played_say_where)
{
    for (size_t i = 0; i < LEN(wrong); i++) {
        struct buf out = buf_new(ctx->arena, 0);
        bool good = false;
        ctx->why = (struct why){0};
        CHECK_ERR(test_play(ctx, wrong[i].model, "", wrong[i].script, &out, &good), wrong[i].err);
        struct str said =
            str_format(ctx->arena, "%zu: %s in \"%.*s\"", i, wrong[i].says, FMT(ctx->why.detail));
        test_check(t, str_find(ctx->why.detail, str_from(wrong[i].says)) != SIZE_MAX,
                   str_z(ctx->arena, said), __FILE__, __LINE__);
    }
    struct buf out = buf_new(ctx->arena, 0);
    bool good = true;
    CHECK_OK(test_play(ctx, errors, "", "{'error':'E1'}\n{'complete':'y'}\n", &out, &good));
    CHECK(good);
    CHECK_OK(test_play(ctx, S U("a") U("b") E("e") F("s", "a") LINE3("a", "b", "e"), "",
                       "{'error':'E1','at':'a'}\n", &out, &good));
    CHECK(!good); /* nobody caught it: the process ended by it */
}

static const struct {
    const char *model;
    enum err err;
    const char *says;
} refused[] = {
    {S CATCH("a", MSG("nowhere")) E("e") F("s", "a") F("a", "e"), ERR_SYNTAX, "not there"},
    {S "<receiveTask id='a' messageRef='nowhere'/>" E("e") F("s", "a") F("a", "e"), ERR_SYNTAX,
     "not there"},
    {S ENDS("e", ERR("m1")) F("s", "e"), ERR_SYNTAX, "not there"},
    {S "<exclusiveGateway id='g' gatewayDirection='Converging' default='g-e'/>" E("e") E("x")
         F("s", "g") F("g", "e") FI("g", "x", "true"),
     ERR_SYNTAX, "gatewayDirection"},
    {S U("a") E("e") "<sequenceFlow id='a' sourceRef='s' targetRef='a'/>" F("a", "e"), ERR_SYNTAX,
     "has the id"},
    {S "<transaction id='t'><startEvent id='ts'/><subProcess id='u'><startEvent id='us'/><endEvent "
       "id='ue'><cancelEventDefinition/></endEvent>" F("us", "ue") "</subProcess>" E("te")
           F("ts", "u") F("u", "te") "</transaction>" E("e") F("s", "t") F("t", "e"),
     ERR_SYNTAX, "endEvent \"ue\": a cancel event belongs to a transaction"},
    {S U("a") E("e") F("s", "a") F("a", "e") F("e", "a"), ERR_SYNTAX, "leaves an end"},
    {S U("a") E("e") F("s", "a") F("a", "e") F("a", "s"), ERR_SYNTAX, "start or boundary"},
    {S U("a") E("e") F("s", "a") F("a", "nowhere"), ERR_SYNTAX, "from and to elements"},
    {S SUB("u", "<startEvent id='us'/>" U("a") E("ue") F("us", "a") F("a", "ue")) E("e") F("s", "u")
         F("u", "e") F("a", "e"),
     ERR_SYNTAX, "does not cross"},
    {S U("a") E("e") F("s", "a") F("a", "e") ON("b", "nowhere", MSG("m1")) F("b", "e"), ERR_SYNTAX,
     "attached"},
    {S EXC("g", "s-g") U("a") E("e") F("s", "g") FI("g", "a", "true") F("a", "e"), ERR_SYNTAX,
     "default flow is none"},
    {S THROW("a", LINK("k")) CATCH("b", LINK("k")) CATCH("c", LINK("k")) E("e") F("s", "a")
         F("b", "e") F("c", "e"),
     ERR_SYNTAX, "one catching link"},
    {"<startEvent><outgoing>x</outgoing></startEvent>" E("e"), ERR_SYNTAX, "has an id"},
    {S U("a") U("a") E("e") F("s", "a") F("a", "e"), ERR_SYNTAX, "two elements"},
    {"", ERR_SYNTAX, "empty"},
    {S "<adHocSubProcess id='a'/>" E("e") F("s", "e"), ERR_NOT_SUPPORTED, "ad-hoc"},
    {S U("a") F("s", "a") E("e"), ERR_SYNTAX, "a\": nothing follows"},
    {S U("a") U("b") E("e") F("s", "a") F("a", "e"), ERR_SYNTAX, "no flow leads"},
    {S U("a") U("b") E("e") F("s", "a") F("a", "e") F("a", "b"), ERR_SYNTAX, "nothing follows"},
    {S "<task id='a'/>" E("e") F("s", "a") F("a", "e") ON("b", "a", CANCEL) U("c") F("b", "c")
         F("c", "e"),
     ERR_SYNTAX, "transaction"},
    {S U("a") E("e") F("s", "a") F("a", "e") BESIDE("b", "a", ERR("e1")) U("c") F("b", "c")
         F("c", "e"),
     ERR_SYNTAX, "interrupts"},
    {S THROW("a", AFTER("PT1H")) E("e") F("s", "a") F("a", "e"), ERR_SYNTAX, "cannot have"},
    {S THROW("a", LINK("x")) E("e") F("s", "a"), ERR_SYNTAX, "link"},
    {S CATCH("a", AFTER("")) E("e") F("s", "a") F("a", "e"), ERR_SYNTAX, "timeDate"},
    {S CATCH("a", "") E("e") F("s", "a") F("a", "e"), ERR_SYNTAX, "what it catches"},
    {S "<eventBasedGateway id='g'/>" U("a") U("b") E("e") F("s", "g") F("g", "a") F("g", "b")
         F("a", "e") F("b", "e"),
     ERR_SYNTAX, "catching events"},
    {S MI("a", "false", "") E("e") F("s", "a") F("a", "e"), ERR_SYNTAX, "how many"},
    {S "<userTask id='a'><standardLoopCharacteristics/></userTask>" E("e") F("s", "a") F("a", "e"),
     ERR_SYNTAX, "never end"},
    {S "<callActivity id='a' calledElement='nowhere'/>" E("e") F("s", "a") F("a", "e"),
     ERR_NOT_FOUND, "calls"},
    {S "<scriptTask id='a' scriptFormat='javascript'><script>1</script></scriptTask>" E("e")
         F("s", "a") F("a", "e"),
     ERR_NOT_SUPPORTED, "FEEL"},
    {S EVENTSUB("v", "<startEvent id='vs'/>" E("ve") F("vs", "ve")) E("e") F("s", "e"), ERR_SYNTAX,
     "what begins it"},
    {S SUB("u", STARTS("us", MSG("m1")) E("ue") F("us", "ue")) E("e") F("s", "u") F("u", "e"),
     ERR_SYNTAX, "cannot have"},
    {S U("a") ON("c", "a", UNDO) E("e") F("s", "a") F("a", "e"), ERR_SYNTAX, "association"},
    {S "<exclusiveGateway id='g'/>" U("a") U("b") E("e") F("s", "g") F("g", "a") F("g", "b")
         F("a", "e") F("b", "e"),
     ERR_SYNTAX, "no condition"},
    {S "<choreographyTask id='a'/>" E("e") F("s", "e"), ERR_NOT_SUPPORTED, "not executed"},
    {S E("e") FI("s", "e", "1 +"), ERR_SYNTAX, "s-e"},
    {S "<dataObject id='d'/><task "
       "id='a'><dataOutputAssociation><targetRef>d</targetRef><assignment><to>d</to></assignment></"
       "dataOutputAssociation></task>" E("e") F("s", "a") F("a", "e"),
     ERR_SYNTAX, "source"},
};

/* What other engines write between ${ and } differs from FEEL in a few signs; what stands in quotes
 * stays. */
static const char juel[] = S EXC("g", "g-b") U("a") U("b") E("e") F("s", "g")
    FI("g", "a", "${x == 'its' &amp;&amp; (y == 'a&amp;&amp;b' || z)}") F("g", "b") F("a", "e")
        F("b", "e");

static const struct row dialects[] = {
    {"equal, and, or", juel, "{'start':true,'values':{'x':'its','y':'a&&b','z':false}}\n" X("'a'")},
    {"or else", juel, "{'start':true,'values':{'x':'its','y':'','z':false}}\n" X("'b'")},
};

TEST(bpmn_conditions_as_other_engines_write_them)
{
    test_play_rows(t, ctx, dialects, LEN(dialects));
}

TEST(bpmn_models_that_break_a_rule_are_refused_with_it)
{
    for (size_t i = 0; i < LEN(refused); i++) {
        struct buf out = buf_new(ctx->arena, 0);
        bool good = false;
        CHECK_ERR(test_play(ctx, refused[i].model, "", "", &out, &good), refused[i].err);
        struct str said =
            str_format(ctx->arena, "%zu: %s in \"%.*s\"", i, refused[i].says, FMT(ctx->why.detail));
        test_check(t,
                   str_find(ctx->why.detail, str_from(refused[i].says)) != SIZE_MAX &&
                       ctx->why.line > 0,
                   str_z(ctx->arena, said), __FILE__, __LINE__);
    }
}
