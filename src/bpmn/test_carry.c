/* What runs, under another version of its model: rows that say what becomes of a state when one
 * thing was changed; and walks at random over every model there is (those of the other tests, the
 * procedures of law/cn), whose states are carried to the same model, to models with steps put in,
 * and back again, and must come back byte for byte. In models here ' stands for ". */
#include "base/token.h"
#include "bpmn/state.h"
#include "bpmn/test_play.h"
#include "feel/value.h"

#include <dirent.h>

/* ---- the form of stored states ---- */

static const struct bpmn_process *load_open(struct test *t, struct ctx *ctx, struct str xml)
{
    const struct bpmn_model *m = NULL;
    struct bpmn_options o = {.open = true, .process = STR("p")};
    CHECK_OK(bpmn_load_with(ctx, xml, STR("m"), &o, &m));
    return m == NULL ? NULL : &m->processes[0];
}

static struct str written(struct test *t, struct ctx *ctx, const struct bpmn_process *p,
                          const struct bpmn_state *s)
{
    struct str text = {0};
    CHECK_OK(bpmn_state_write(ctx, p, s, &text));
    return text;
}

static const char pair[] = S U("a") U("b") E("e") F("s", "a") LINE3("a", "b", "e");
static const char pair_more[] = U("new") S U("0") U("b") U("a") E("e") F("s", "0") F("0", "a")
    F("a", "new") LINE3("new", "b", "e");

TEST(bpmn_a_stored_state_does_not_care_where_an_element_stands)
{
    const struct bpmn_process *p = load_open(t, ctx, test_model(ctx->arena, pair, ""));
    const struct bpmn_process *more = load_open(t, ctx, test_model(ctx->arena, pair_more, ""));
    struct bpmn_state *s = NULL;
    CHECK_OK(bpmn_state_read(ctx, p, STR("v2;2;1:b:0"), &s));
    CHECK_STR(p->elements[s->tokens[0].element].id, "b");
    CHECK_STR(written(t, ctx, p, s), "v2;2;1:b:0");
    CHECK_OK(bpmn_state_read(ctx, more, STR("v2;2;1:b:0"), &s));
    CHECK_STR(more->elements[s->tokens[0].element].id, "b");
    CHECK_STR(written(t, ctx, more, s), "v2;2;1:b:0");
    CHECK_ERR(bpmn_state_read(ctx, p, STR("v2;2;1:new:0"), &s), ERR_CORRUPT);
    CHECK(str_find(ctx->why.detail, STR("\"new\"")) != SIZE_MAX);
    CHECK_ERR(bpmn_state_read(ctx, p, STR("v3;2;1:b:0"), &s), ERR_CORRUPT);
    CHECK(str_find(ctx->why.detail, STR("v3")) != SIZE_MAX);
    CHECK_OK(bpmn_state_read(ctx, p, STR("2;1:2:0:65535"), &s)); /* before v2, by place */
    CHECK_STR(written(t, ctx, p, s), "v2;2;1:b:0");
}

/* Ids are what authors wrote; those of a called process may be the caller's too. */
static const char odd[] = S U("a,b;c%~d") "<callActivity id='l' calledElement='q'/>" E("e")
    F("s", "a,b;c%~d") LINE3("a,b;c%~d", "l", "e");
static const char odd_called[] =
    "<process id='q'><startEvent id='s'/><userTask id='l'/><endEvent id='e'/><sequenceFlow id='x' "
    "sourceRef='s' targetRef='l'/><sequenceFlow id='y' sourceRef='l' targetRef='e'/></process>";

TEST(bpmn_keys_hold_any_id_and_tell_called_processes_apart)
{
    const struct bpmn_process *p = load_open(t, ctx, test_model(ctx->arena, odd, odd_called));
    struct bpmn_input in = {0};
    struct bpmn_result r;
    struct bpmn_state *again = NULL;
    CHECK_OK(bpmn_begin(ctx, p, &(struct bpmn_event){.kind = BPMN_BEGIN}, &in, &r));
    CHECK_STR(written(t, ctx, p, r.state), "v2;2;1:a%2cb%3bc%25%7ed:0");
    CHECK_OK(bpmn_state_read(ctx, p, written(t, ctx, p, r.state), &again));
    CHECK_OK(bpmn_step(ctx, p, again, &(struct bpmn_event){.kind = BPMN_COMPLETE}, &in, &r));
    CHECK_STR(written(t, ctx, p, r.state), "v2;3;1:l:0,2:q/l:1");
    CHECK_OK(bpmn_state_read(ctx, p, written(t, ctx, p, r.state), &again));
    CHECK_STR(written(t, ctx, p, again), "v2;3;1:l:0,2:q/l:1");
}

/* Flows at a join, what a complex gateway has used up, instances, timers and data, in both forms.
 */
static const char complex[] = "<dataObject id='d' name='n'/>" S PAR("f") U("a") U("b")
    U("c") "<complexGateway id='j'><activationCondition>activationCount >= "
           "2</activationCondition></complexGateway>" U("z") E("e") F("s", "f") F("f", "a")
               F("f", "b") F("f", "c") F("a", "j") F("b", "j") F("c", "j") LINE3("j", "z", "e")
                   BESIDE("t", "c", EVERY("R3/PT1H")) F("t", "z");

TEST(bpmn_a_state_of_before_is_read_by_place)
{
    static const char *const words[] = {"a", "b"};
    const struct bpmn_process *p = load_open(t, ctx, test_model(ctx->arena, complex, ""));
    struct bpmn_input in = {.now = {0}};
    struct bpmn_result r;
    struct bpmn_state *old = NULL;
    CHECK_OK(
        bpmn_begin(ctx, p,
                   &(struct bpmn_event){
                       .kind = BPMN_BEGIN,
                       .values = feel_context((struct feel_entry[]){{STR("n"), feel_int(7)}}, 1)},
                   &in, &r));
    CHECK_STR(written(t, ctx, p, r.state), "v2;4;1:a:0,2:b:0,3:c:0;3:t:3:3600000;;;[[0,\"n\",7]]");
    CHECK_OK(bpmn_state_read(ctx, p,
                             STR("4;1:2:0:65535,2:3:0:65535,3:4:0:65535;3:8:3:3600000;;;"
                                 "[[0,7,7]]"),
                             &old));
    CHECK_STR(written(t, ctx, p, old), "v2;4;1:a:0,2:b:0,3:c:0;3:t:3:3600000;;;[[0,\"n\",7]]");
    for (size_t i = 0; i < LEN(words); i++) {
        struct bpmn_event ev = {.kind = BPMN_COMPLETE, .element = str_from(words[i])};
        CHECK_OK(bpmn_step(ctx, p, r.state, &ev, &in, &r));
    }
    struct str text = written(t, ctx, p, r.state);
    CHECK(str_find(text, STR(":j:0:a-j+b-j:2:0:0:0")) != SIZE_MAX);
    CHECK_OK(bpmn_state_read(ctx, p, text, &old));
    CHECK(str_equal(written(t, ctx, p, old), text));
}

/* ---- one thing is changed ---- */

struct carry_row {
    const char *what;
    const char *from;
    const char *script; /* words: an activity or event to complete, "*t" a timer, "@m" a message */
    const char *to;
    const char *want; /* elements of the tokens, "+t" a timer set, "-t" one cancelled; "!why id" */
};

static struct str carried_text(struct ctx *ctx, const struct bpmn_process *from,
                               const struct bpmn_process *to, const struct bpmn_carried *c)
{
    struct buf b = buf_new(ctx->arena, 0);
    if (c->misfit != BPMN_FITS) {
        buf_format(&b, "!%s %.*s", bpmn_misfit_word(c->misfit), FMT(c->element));
        return buf_str(&b);
    }
    for (size_t i = 0; i < c->to.state->count; i++) {
        const struct bpmn_token *k = &c->to.state->tokens[i];
        buf_format(&b, "%s%.*s", i > 0 ? " " : "", FMT(to->elements[k->element].id));
    }
    for (size_t i = 0; i < c->to.count; i++) {
        const struct bpmn_effect *e = &c->to.effects[i];
        const struct bpmn_process *of = e->kind == BPMN_TIMER_CANCEL ? from : to;
        buf_format(&b, " %s%.*s",
                   e->kind == BPMN_TIMER_SET      ? "+"
                   : e->kind == BPMN_TIMER_CANCEL ? "-"
                                                  : "=",
                   FMT(of->elements[e->element].id));
    }
    return buf_str(&b);
}

static enum err run_word(struct ctx *ctx, const struct bpmn_process *p, struct str word,
                         struct bpmn_result *r)
{
    struct bpmn_input in = {.now = {0}};
    struct str rest = str_slice(word, 1, word.n);
    struct bpmn_event ev = {.kind = BPMN_COMPLETE, .element = word};
    if (word.p[0] == '*') {
        ev = (struct bpmn_event){.kind = BPMN_TIMER, .element = rest};
    } else if (word.p[0] == '@') {
        ev = (struct bpmn_event){.kind = BPMN_MESSAGE, .name = rest};
    }
    return bpmn_step(ctx, p, r->state, &ev, &in, r);
}

static void carry_rows(struct test *t, struct ctx *ctx, const struct carry_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct bpmn_input in = {.now = {0}};
        const struct bpmn_change *change = NULL;
        const struct bpmn_process *p = load_open(t, ctx, test_model(ctx->arena, rows[i].from, ""));
        const struct bpmn_process *q = load_open(t, ctx, test_model(ctx->arena, rows[i].to, ""));
        struct bpmn_result r = {0};
        struct bpmn_carried c = {0};
        if (p == NULL || q == NULL) {
            test_check(t, false, rows[i].what, __FILE__, __LINE__);
            continue;
        }
        CHECK_OK(bpmn_begin(ctx, p, &(struct bpmn_event){.kind = BPMN_BEGIN}, &in, &r));
        for (struct str rest = str_from(rows[i].script); rest.n > 0;) {
            CHECK_OK(run_word(ctx, p, str_cut(rest, ' ', &rest), &r));
        }
        CHECK_OK(bpmn_change_make(ctx, p, q, &change));
        CHECK_OK(bpmn_carry(ctx, change, r.state, &in, &c));
        struct str got = carried_text(ctx, p, q, &c);
        struct str what =
            str_format(ctx->arena, "%s: \"%.*s\" for \"%s\"", rows[i].what, FMT(got), rows[i].want);
        test_check(t, str_equal(got, str_from(rows[i].want)), str_z(ctx->arena, what), __FILE__,
                   __LINE__);
    }
}

#define ACT(id, kinds)                                                                             \
    "<userTask id='" id "'><extensionElements>" kinds "</extensionElements></userTask>"
#define KIND(k) "<tb:act kind='" k "'/>"
#define FORK(more)                                                                                 \
    S PAR("f") U("a") U("b") PAR("j") U("z") E("e") F("s", "f") F("f", "a") F("f", "b")            \
        F("b", "j") LINE3("j", "z", "e") more
#define NESTED(id, more)                                                                           \
    S SUB(id, "<startEvent id='us'/>" U("a") E("ue") F("us", "a") F("a", "ue") more) U("z") E("e") \
        F("s", id) LINE3(id, "z", "e")
#define MANY(how) S "<userTask id='a'>" how "</userTask>" E("e") F("s", "a") F("a", "e")
#define TWICE(more)                                                                                \
    "<multiInstanceLoopCharacteristics" more "><loopCardinality>3</loopCardinality>"               \
    "</multiInstanceLoopCharacteristics>"

static const struct carry_row steps[] = {
    {"a step before", pair, "", pair_more, "a"},
    {"a step after", pair, "a", pair_more, "b"},
    {"a step taken out where nothing stands", pair_more, "0", pair, "a"},
    {"a step taken out where it stands", pair_more, "0 a", pair, "!gone new"},
    {"another type", pair, "a",
     S U("a") "<receiveTask id='b'/>" E("e") F("s", "a") LINE3("a", "b", "e"), "!type b"},
    {"another kind of act", S ACT("a", KIND("x")) E("e") F("s", "a") F("a", "e"), "",
     S ACT("a", KIND("y")) E("e") F("s", "a") F("a", "e"), "!acts a"},
    {"a kind of act more", S ACT("a", KIND("x")) E("e") F("s", "a") F("a", "e"), "",
     S ACT("a", KIND("y") KIND("x")) E("e") F("s", "a") F("a", "e"), "a"},
    {"into a sub-process", pair, "", NESTED("u", ""), "!scope a"},
    {"inside a sub-process", NESTED("u", ""), "",
     NESTED("u", U("b") ON("t", "a", MSG("m1")) LINE3("t", "b", "ue")), "u a"},
    {"several times, once before", MANY(""), "", MANY(TWICE("")), "!loop a"},
    {"one after another, all at once before", MANY(TWICE("")), "",
     MANY(TWICE(" isSequential='true'")), "!loop a"},
    {"three instances of a loop, one done", MANY(TWICE("")), "a",
     "<userTask id='0'/>" MANY(TWICE("")) F("0", "e") F("s", "0"), "a a a"},
};

static const struct carry_row joins[] = {
    {"a step between branch and join", FORK(F("a", "j")), "a", FORK(U("m") LINE3("a", "m", "j")),
     "b j"},
    {"a third branch, while two are under way", FORK(F("a", "j")), "a",
     FORK(F("a", "j") U("c") F("f", "c") F("c", "j")), "!marking b"},
    {"a third branch, before the split or behind the join", FORK(F("a", "j")), "a b",
     FORK(F("a", "j") U("c") F("f", "c") F("c", "j")), "z"},
    {"a branch is no more, while its token waits at the join",
     FORK(F("a", "j") U("c") F("f", "c") F("c", "j")), "c", FORK(F("a", "j")), "!way j"},
    {"a gateway of another kind", FORK(F("a", "j")), "a",
     S PAR("f") U("a") U("b") INC("j") U("z") E("e") F("s", "f") F("f", "a") F("f", "b") F("b", "j")
         F("a", "j") LINE3("j", "z", "e"),
     "!type j"},
    {"an exclusive gateway put in", pair, "",
     S U("a") EXC("g", "g-b") U("b") U("c") E("e") F("s", "a") F("a", "g") F("g", "b")
         FI("g", "c", "x") F("b", "e") F("c", "e"),
     "a"},
    {"what a complex gateway has used up", complex, "a b",
     "<dataObject id='d' name='n'/>" U("m") S PAR("f") U("a") U("b")
         U("c") "<complexGateway id='j'><activationCondition>activationCount >= "
                "2</activationCondition></complexGateway>" U("z") E("e") F("s", "f") F("f", "c")
                    F("f", "b") F("f", "a") F("c", "j") LINE3("b", "m", "j") F("a", "j")
                        LINE3("j", "z", "e") BESIDE("t", "c", EVERY("R3/PT1H")) F("t", "z"),
     "c j z"},
};

#define HELD(more) S U("a") U("x") E("e") F("s", "a") F("a", "e") F("x", "e") more
#define HELD_T(how, d) HELD(how("t", "a", AFTER(d)) F("t", "x"))
#define LATE(more, d)                                                                              \
    EVENTSUB("v", "<startEvent id='vs' " more ">" AFTER(d) "</startEvent>" U("h") E("ve")          \
                      LINE3("vs", "h", "ve"))
static const char plain[] = S U("a") E("e") F("s", "a") F("a", "e");

static const struct carry_row timers[] = {
    {"a timer that interrupts, new where it stands", plain, "", HELD_T(ON, "PT1H"), "a +t"},
    {"a timer beside, new where it stands", plain, "", HELD_T(BESIDE, "PT1H"), "a +t"},
    {"a timer new elsewhere", pair, "a",
     S U("a") U("b") U("x") E("e") F("s", "a") LINE3("a", "b", "e") ON("t", "a", AFTER("PT1H"))
         LINE3("t", "x", "e"),
     "b"},
    {"a timer that runs on", HELD_T(ON, "PT1H"), "", HELD_T(BESIDE, "PT1H"), "a"},
    {"a timer that is no more", HELD_T(ON, "PT1H"), "", plain, "a -t"},
    {"a timer with another time", HELD_T(ON, "PT1H"), "", HELD_T(ON, "PT2H"), "a -t +t"},
    {"a timer that has fired does not begin again", HELD_T(BESIDE, "PT1H"), "*t",
     U("0") HELD_T(BESIDE, "PT2H") F("0", "a") F("s", "0"), "a x"},
    {"an event sub-process with a timer, new", plain, "",
     U("0") S U("a") E("e") LATE("", "PT1H") F("s", "0") F("0", "a") F("a", "e"), "a +vs"},
    {"an event sub-process with a timer that is no more",
     S U("a") E("e") LATE("", "PT1H") F("s", "a") F("a", "e"), "", plain, "a -vs"},
    {"an event sub-process that interrupted listens no more",
     S U("a") E("e") LATE("", "PT1H") F("s", "a") F("a", "e"), "*vs",
     S U("a") E("e") LATE("", "PT2H") F("s", "a") F("a", "e"), "v h"},
    {"a sub-process gets a timer of its own", NESTED("u", ""), "", NESTED("u", LATE("", "PT1H")),
     "u a +vs"},
    {"a body gets a timer", MANY(TWICE("")), "",
     MANY(TWICE("")) U("x") BESIDE("t", "a", AFTER("PT1H")) LINE3("t", "x", "e"), "a a a a +t"},
};

#define AT_GATE(more)                                                                              \
    S "<eventBasedGateway id='g'/>" CATCH("m", MSG("m1")) CATCH("n", SIG("g1")) E("e") F("s", "g") \
        F("g", "m") F("g", "n") F("n", "e") F("m", "e") more
#define CALL(of) S "<callActivity id='l' calledElement='" of "'/>" E("e") F("s", "l") F("l", "e")

static const struct carry_row events[] = {
    {"an event gateway gets a timer", AT_GATE(""), "",
     AT_GATE(CATCH("t", AFTER("PT1H")) F("g", "t") F("t", "e")), "g +t"},
    {"an event gateway loses a timer", AT_GATE(CATCH("t", AFTER("PT1H")) F("g", "t") F("t", "e")),
     "", AT_GATE(""), "g -t"},
    {"an event gateway awaits something else",
     S "<eventBasedGateway id='g'/>" CATCH("m", MSG("m2")) CATCH("n", MSG("m1")) E("e") F("s", "g")
         F("g", "m") F("g", "n") F("m", "e") F("n", "e"),
     "", AT_GATE(""), "!acts g"},
    {"a message that is awaited still", S CATCH("m", MSG("m1")) E("e") F("s", "m") F("m", "e"), "",
     S U("0") CATCH("m", MSG("m1")) E("e") F("s", "0") F("0", "m") F("m", "e"), "m"},
    {"another message", S CATCH("m", MSG("m1")) E("e") F("s", "m") F("m", "e"), "",
     S CATCH("m", MSG("m2")) E("e") F("s", "m") F("m", "e"), "!acts m"},
    {"a signal in the place of a message", S CATCH("m", MSG("m1")) E("e") F("s", "m") F("m", "e"),
     "", S CATCH("m", SIG("g1")) E("e") F("s", "m") F("m", "e"), "!acts m"},
    {"a time that is awaited", S CATCH("m", AFTER("PT1H")) E("e") F("s", "m") F("m", "e"), "",
     S CATCH("m", AFTER("PT3H")) E("e") F("s", "m") F("m", "e"), "m -m +m"},
};

static const char undo[] =
    S U("a") UNDOES("a", "h") U("b") ENDS("e", UNDO) F("s", "a") LINE3("a", "b", "e");
static const struct carry_row undone[] = {
    {"what was done can be undone still", undo, "a",
     U("0") S U("a") UNDOES("a", "h") U("b") ENDS("e", UNDO) F("s", "0") F("0", "a")
         LINE3("a", "b", "e"),
     "b"},
    {"what was done cannot be undone any more", undo, "a",
     S U("a") U("b") E("e") F("s", "a") LINE3("a", "b", "e"), "!undo a"},
    {"while it is undone", undo, "a b",
     U("0") S U("a") UNDOES("a", "h") U("b") ENDS("e", UNDO) F("s", "0") F("0", "a")
         LINE3("a", "b", "e"),
     "e h"},
};

TEST(bpmn_a_case_stands_where_it_stood_under_a_new_version)
{
    carry_rows(t, ctx, steps, LEN(steps));
    carry_rows(t, ctx, joins, LEN(joins));
    carry_rows(t, ctx, timers, LEN(timers));
    carry_rows(t, ctx, events, LEN(events));
    carry_rows(t, ctx, undone, LEN(undone));
}

/* A called process that gets a step, another that is called in its place. */
TEST(bpmn_a_called_process_is_carried_over_inside_its_call)
{
    static const char other[] =
        "<process id='r'><startEvent id='s'/><userTask id='l'/><endEvent id='e'/><sequenceFlow "
        "id='x' sourceRef='s' targetRef='l'/><sequenceFlow id='y' sourceRef='l' "
        "targetRef='e'/></process>";
    static const char longer[] =
        "<process id='q'><startEvent id='s'/><userTask id='k'/><userTask id='l'/><endEvent "
        "id='e'/><sequenceFlow id='x' sourceRef='s' targetRef='k'/><sequenceFlow id='k-l' "
        "sourceRef='k' targetRef='l'/><sequenceFlow id='y' sourceRef='l' "
        "targetRef='e'/></process>";
    const struct bpmn_process *p = load_open(t, ctx, test_model(ctx->arena, CALL("q"), odd_called));
    const struct bpmn_process *q = load_open(t, ctx, test_model(ctx->arena, CALL("q"), longer));
    const struct bpmn_process *r = load_open(t, ctx, test_model(ctx->arena, CALL("r"), other));
    struct bpmn_input in = {0};
    struct bpmn_result begun;
    const struct bpmn_change *change = NULL;
    struct bpmn_carried c;
    CHECK_OK(bpmn_begin(ctx, p, &(struct bpmn_event){.kind = BPMN_BEGIN}, &in, &begun));
    CHECK_OK(bpmn_change_make(ctx, p, q, &change));
    CHECK_OK(bpmn_carry(ctx, change, begun.state, &in, &c));
    CHECK_STR(carried_text(ctx, p, q, &c), "l l");
    CHECK_STR(written(t, ctx, q, c.to.state), "v2;3;1:l:0,2:q/l:1");
    CHECK_OK(bpmn_change_make(ctx, p, r, &change));
    CHECK_OK(bpmn_carry(ctx, change, begun.state, &in, &c));
    CHECK_STR(carried_text(ctx, p, r, &c), "!type l");
}

/* Data go by name; what is known no more is forgotten, what is declared no more is free. */
TEST(bpmn_data_are_carried_over_by_name)
{
    static const char from[] =
        "<dataObject id='d1' name='n'/><dataObject id='d2' name='m'/>" S U("a") E("e") F("s", "a")
            F("a", "e");
    static const char to[] = "<dataObject id='d0' name='x'/><dataObject id='d1' name='n'/>" S U("a")
        E("e") F("s", "a") F("a", "e");
    const struct bpmn_process *p = load_open(t, ctx, test_model(ctx->arena, from, ""));
    const struct bpmn_process *q = load_open(t, ctx, test_model(ctx->arena, to, ""));
    struct feel_entry values[] = {{STR("m"), feel_int(1)}, {STR("n"), feel_int(2)}};
    struct bpmn_input in = {0};
    struct bpmn_result r;
    const struct bpmn_change *change = NULL;
    struct bpmn_carried c;
    CHECK_OK(bpmn_begin(ctx, p,
                        &(struct bpmn_event){.kind = BPMN_BEGIN, .values = feel_context(values, 2)},
                        &in, &r));
    CHECK_OK(bpmn_change_make(ctx, p, q, &change));
    CHECK_OK(bpmn_carry(ctx, change, r.state, &in, &c));
    CHECK_STR(written(t, ctx, q, c.to.state), "v2;2;1:a:0;;;;[[0,\"n\",2]]");
}

/* ---- walks at random ---- */

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

static unsigned choose_any(void *self, unsigned of)
{
    return of == 0 ? 0 : next_random(self) % of;
}

/* How a model is loaded: as one of anybody, or as a procedure of law with what it calls. */
struct loading {
    bool open;
    const struct bpmn_source *source;
};

static const struct bpmn_process *load_quiet(struct ctx *ctx, const struct loading *how,
                                             struct str xml)
{
    static const struct feel_member names[] = {{STR_INIT("act"), NULL},
                                               {STR_INIT("fields"), NULL},
                                               {STR_INIT("facts"), NULL},
                                               {STR_INIT("case"), NULL},
                                               {STR_INIT("proposal"), NULL}};
    static const struct feel_scope scope = {.names = names, .count = LEN(names)};
    const struct bpmn_model *m = NULL;
    struct bpmn_options o = {
        .open = how->open, .source = how->source, .scope = how->open ? NULL : &scope};
    return bpmn_load_with(ctx, xml, STR("m"), &o, &m) == ERR_OK ? &m->processes[0] : NULL;
}

/* The text of the model with `what` before the nth "<sequenceFlow", whose target becomes "zz". */
static struct str with_step(struct arena *a, struct str xml, size_t nth)
{
    size_t at = 0;
    for (size_t i = 0; i <= nth; i++) {
        size_t next = str_find(str_slice(xml, at, xml.n), STR("<sequenceFlow "));
        if (next == SIZE_MAX) {
            return STR("");
        }
        at += next + 1;
    }
    at--;
    struct str rest = str_slice(xml, at, xml.n);
    size_t target = str_find(rest, STR("targetRef=\""));
    if (target == SIZE_MAX) {
        return STR("");
    }
    target += strlen("targetRef=\"");
    struct str id = str_slice(rest, target, rest.n);
    id = str_slice(id, 0, str_find_byte(id, '"'));
    return str_format(a,
                      "%.*s<task id=\"zz\"/><sequenceFlow id=\"zz-on\" sourceRef=\"zz\" "
                      "targetRef=\"%.*s\"/>%.*szz%.*s",
                      FMT(str_slice(xml, 0, at)), FMT(id), FMT(str_slice(rest, 0, target)),
                      FMT(str_slice(rest, target + id.n, rest.n)));
}

/* ... with an event sub-process in front of all else that a timer begins. */
static struct str with_timer(struct arena *a, struct str xml, bool open)
{
    size_t at = str_find(xml, STR("<process "));
    at += str_find_byte(str_slice(xml, at, xml.n), '>') + 1;
    const char *timer = open ? "<timeDuration>PT1H</timeDuration>"
                             : "<extensionElements><tb:act kind=\"zz\"/><tb:limit "
                               "ref=\"zz\"/></extensionElements>";
    return str_format(a,
                      "%.*s<subProcess id=\"zv\" triggeredByEvent=\"true\"><startEvent id=\"zs\" "
                      "isInterrupting=\"false\"><timerEventDefinition>%s</timerEventDefinition>"
                      "</startEvent><endEvent id=\"ze\"/><sequenceFlow id=\"zf\" sourceRef=\"zs\" "
                      "targetRef=\"ze\"/></subProcess>%.*s",
                      FMT(str_slice(xml, 0, at)), timer, FMT(str_slice(xml, at, xml.n)));
}

/* There and back. */
struct version {
    const struct bpmn_process *p;
    const struct bpmn_change *there, *back;
    size_t timers; /* that begin there when a case that runs comes over */
};

static bool same_acts(const struct bpmn_process *p, const struct bpmn_state *s,
                      const struct bpmn_process *q, const struct bpmn_state *c)
{
    for (size_t i = 0; i < p->element_count; i++) {
        for (size_t k = 0; k < p->elements[i].act_count; k++) {
            struct str act = p->elements[i].acts[k];
            if (bpmn_may(p, s, act) != bpmn_may(q, c, act)) {
                return false;
            }
        }
    }
    return true;
}

static bool same_places(const struct bpmn_process *p, const struct bpmn_state *s,
                        const struct bpmn_process *q, const struct bpmn_state *c)
{
    bool same = s->count == c->count;
    for (size_t i = 0; same && i < s->count; i++) {
        same =
            str_equal(p->elements[s->tokens[i].element].id, q->elements[c->tokens[i].element].id) &&
            s->tokens[i].id == c->tokens[i].id && s->tokens[i].scope == c->tokens[i].scope;
    }
    return same;
}

/* The names of flows into a complex gateway are data that it reckons anew whenever it looks: those
 * of a flow that is not in both versions are forgotten. */
static struct str comparable(const struct bpmn_process *p, struct str text)
{
    size_t data = str_find(text, STR(";[["));
    return p->flow_names == NULL || data == SIZE_MAX ? text : str_slice(text, 0, data);
}

/* NULL, or what is not as it must be. */
static const char *there_and_back(struct ctx *ctx, const struct bpmn_process *p,
                                  const struct bpmn_state *s, const struct version *v)
{
    struct bpmn_input in = {0};
    struct bpmn_carried c;
    struct bpmn_carried again;
    struct str before = {0};
    struct str after = {0};
    struct bpmn_state *read = NULL;
    if (bpmn_carry(ctx, v->there, s, &in, &c) != ERR_OK || c.misfit != BPMN_FITS) {
        return "a state does not fit though only steps were put in";
    }
    if (!same_places(p, s, v->p, c.to.state) || !same_acts(p, s, v->p, c.to.state)) {
        return "a state carried over awaits something else";
    }
    bool listens = s->count > 0 && !scope_is_interrupted(p, s, 0);
    if (c.to.count != (listens ? v->timers : 0)) {
        return "timers begin or end that should not";
    }
    if (bpmn_state_write(ctx, v->p, c.to.state, &after) != ERR_OK ||
        bpmn_state_read(ctx, v->p, after, &read) != ERR_OK) {
        return "a state carried over cannot be stored";
    }
    if (bpmn_carry(ctx, v->back, read, &in, &again) != ERR_OK || again.misfit != BPMN_FITS) {
        return "a state does not come back";
    }
    bool good = bpmn_state_write(ctx, p, s, &before) == ERR_OK &&
                bpmn_state_write(ctx, p, again.to.state, &after) == ERR_OK;
    return good && str_equal(comparable(p, before), comparable(p, after))
               ? NULL
               : "a state comes back otherwise than it went";
}

/* Something that can happen, or not. */
static struct bpmn_event any_event(struct ctx *ctx, const struct bpmn_process *p,
                                   const struct bpmn_state *s, uint64_t *seed)
{
    static const struct bpmn_event all[] = {
        {.kind = BPMN_MESSAGE, .name = STR_INIT("come")},
        {.kind = BPMN_MESSAGE, .name = STR_INIT("other")},
        {.kind = BPMN_SIGNAL, .name = STR_INIT("bell")},
        {.kind = BPMN_ERROR, .name = STR_INIT("E1")},
        {.kind = BPMN_ESCALATION, .name = STR_INIT("X1")},
        {.kind = BPMN_CHANGE},
    };
    uint32_t pick = next_random(seed);
    if (pick % 8 == 0) {
        return all[next_random(seed) % LEN(all)];
    }
    if (pick % 8 == 1 && s->timer_count > 0) {
        const struct bpmn_timer *timer = &s->timers[next_random(seed) % s->timer_count];
        return (struct bpmn_event){.kind = BPMN_TIMER,
                                   .name = bpmn_timer_name(ctx->arena, p, timer)};
    }
    return (struct bpmn_event){.kind = BPMN_COMPLETE,
                               .token = s->tokens[next_random(seed) % s->count].id};
}

static const char *walk(struct ctx *ctx, const struct bpmn_process *p,
                        const struct version *versions, size_t count, uint64_t *seed)
{
    struct bpmn_oracle oracle = {.self = seed, .choose = choose_any};
    struct bpmn_input in = {.oracle = &oracle};
    struct bpmn_event first = {.kind = BPMN_BEGIN};
    struct bpmn_result r;
    if (p->start_count > 1) {
        first.element = p->elements[p->starts[next_random(seed) % p->start_count]].id;
    }
    enum err e = bpmn_begin(ctx, p, &first, &in, &r);
    for (int step = 0; e == ERR_OK && r.state->count > 0 && step < 24; step++) {
        for (size_t i = 0; i < count; i++) {
            const char *wrong = there_and_back(ctx, p, r.state, &versions[i]);
            if (wrong != NULL) {
                return wrong;
            }
        }
        struct bpmn_event ev = any_event(ctx, p, r.state, seed);
        struct bpmn_result next;
        if (bpmn_step(ctx, p, r.state, &ev, &in, &next) == ERR_OK) {
            r = next;
        }
    }
    return NULL;
}

static void carry_model(struct test *t, struct ctx *ctx, const char *what, struct str xml,
                        const struct loading *how)
{
    uint64_t seed = str_hash(str_from(what));
    struct version versions[5] = {0};
    size_t count = 0;
    const struct bpmn_process *p = load_quiet(ctx, how, xml);
    if (p == NULL) {
        return;
    }
    versions[count++].p = p;
    versions[count++].p = load_quiet(ctx, how, xml);
    versions[count].timers = 1;
    versions[count++].p = load_quiet(ctx, how, with_timer(ctx->arena, xml, how->open));
    for (int tries = 0; p->flow_count > 0 && tries < 12 && count < LEN(versions); tries++) {
        struct str text = with_step(ctx->arena, xml, next_random(&seed) % p->flow_count);
        versions[count].p = text.n == 0 ? NULL : load_quiet(ctx, how, text);
        count += versions[count].p != NULL;
    }
    for (size_t i = 0; i < count; i++) {
        bool good = versions[i].p != NULL &&
                    bpmn_change_make(ctx, p, versions[i].p, &versions[i].there) == ERR_OK &&
                    bpmn_change_make(ctx, versions[i].p, p, &versions[i].back) == ERR_OK;
        test_check(t, good, what, __FILE__, __LINE__);
        if (!good) {
            return;
        }
    }
    const char *wrong = NULL;
    for (int i = 0; i < 6 && wrong == NULL; i++) {
        wrong = walk(ctx, p, versions, count, &seed);
    }
    struct str said = str_format(ctx->arena, "%s: %s", what, wrong == NULL ? "good" : wrong);
    test_check(t, wrong == NULL, str_z(ctx->arena, said), __FILE__, __LINE__);
}

void test_carry_model(struct test *t, struct ctx *ctx, const char *what, struct str xml)
{
    carry_model(t, ctx, what, xml, &(struct loading){.open = true});
}

#define LAW_FOLDER "law/cn/procedure/"

static enum err read_procedure(struct ctx *ctx, void *self, struct str id, struct str location,
                               struct str *ret_xml, struct str *ret_file)
{
    (void)self;
    (void)location;
    struct str path = str_format(ctx->arena, LAW_FOLDER "%.*s.bpmn", FMT(id));
    *ret_file = path;
    return file_read(ctx, str_z(ctx->arena, path), LIMIT_XML_BYTES, ret_xml);
}

TEST(bpmn_procedures_of_law_are_carried_over_and_back)
{
    const struct bpmn_source source = {.read = read_procedure};
    const struct loading how = {.source = &source};
    DIR *folder = opendir(LAW_FOLDER);
    size_t seen = 0;
    CHECK(folder != NULL);
    for (struct dirent *e = NULL; folder != NULL && (e = readdir(folder)) != NULL;) {
        struct arena_mark mark = arena_mark(ctx->arena);
        struct str name = str_from(e->d_name);
        struct str xml = {0};
        if (str_ends(name, STR(".bpmn"))) {
            CHECK_OK(read_procedure(ctx, NULL, str_slice(name, 0, name.n - strlen(".bpmn")),
                                    STR(""), &xml, &name));
            carry_model(t, ctx, e->d_name, xml, &how);
            CHECK(load_quiet(ctx, &how, xml) != NULL);
            seen++;
        }
        arena_reset(ctx->arena, mark);
    }
    if (folder != NULL) {
        closedir(folder);
    }
    CHECK(seen > 15);
}
