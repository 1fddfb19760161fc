/* Proof beside the rows: a second, slow reading of the gateways by the words of the standard,
 * compared with the engine on random nets; the state after every step; every allocation failing in
 * turn; states and scripts that are damaged. */
#include "base/arena_fault.h"
#include "base/test.h"
#include "bpmn/look.h"
#include "bpmn/bpmn_in.h"

/* ---- random nets ---- */

enum { NODES = 12, FLOWS = 28 };

struct net {
    int kind[NODES]; /* 0 task, 1 exclusive, 2 parallel, 3 inclusive, 4 end */
    int from[FLOWS], to[FLOWS];
    int nodes, flows;
};

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* Node 0 is the start; every other has a flow to it from an earlier one and, but for ends, one to a
 * later; some lead back. */
static void net_make(struct net *n, uint64_t *seed)
{
    *n = (struct net){.nodes = 6 + (int)(next_random(seed) % (NODES - 6))};
    for (int i = 1; i < n->nodes; i++) {
        n->kind[i] = i == n->nodes - 1 ? 4 : (int)(next_random(seed) % 4);
        n->from[n->flows] = (int)(next_random(seed) % (uint32_t)i);
        n->from[n->flows] = n->from[n->flows] == 0 && i > 1 ? 1 : n->from[n->flows];
        n->to[n->flows++] = i;
    }
    n->kind[1] = 1 + (int)(next_random(seed) % 3);
    for (int i = 1; i < n->nodes - 1; i++) {
        int extra = n->kind[i] == 0 ? 0 : (int)(next_random(seed) % 3);
        bool led = false;
        for (int k = 0; k < n->flows; k++) {
            led = led || n->from[k] == i;
        }
        extra = !led && extra == 0 ? 1 : extra;
        for (; extra > 0 && n->flows < FLOWS; extra--) {
            bool back = next_random(seed) % 8 == 0;
            n->from[n->flows] = i;
            n->to[n->flows++] =
                back ? 1 + (int)(next_random(seed) % (uint32_t)i)
                     : i + 1 + (int)(next_random(seed) % (uint32_t)(n->nodes - i - 1));
        }
    }
}

static const struct bpmn_process *net_load(struct test *t, struct ctx *ctx, const struct net *n)
{
    static const char *const tags[] = {"userTask", "exclusiveGateway", "parallelGateway",
                                       "inclusiveGateway", "endEvent"};
    struct buf b = buf_new(ctx->arena, 0);
    const struct bpmn_model *m = NULL;
    struct bpmn_options o = {.open = true};
    buf_puts(&b, "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" "
                 "targetNamespace=\"t\"><process id=\"p\"><startEvent id=\"n0\"/>");
    for (int i = 1; i < n->nodes; i++) {
        int first = -1;
        for (int k = n->flows - 1; k >= 0; k--) {
            first = n->from[k] == i ? k : first;
        }
        bool decides = n->kind[i] == 1 || n->kind[i] == 3;
        buf_format(&b, "<%s id=\"n%d\"", tags[n->kind[i]], i);
        buf_format(&b, decides && first >= 0 ? " default=\"f%d\"/>" : "/>", first);
    }
    for (int k = 0; k < n->flows; k++) {
        bool first = true;
        for (int j = 0; j < k; j++) {
            first = first && n->from[j] != n->from[k];
        }
        bool bound = (n->kind[n->from[k]] == 1 || n->kind[n->from[k]] == 3) && !first;
        buf_format(
            &b, "<sequenceFlow id=\"f%d\" sourceRef=\"n%d\" targetRef=\"n%d\">%s</sequenceFlow>", k,
            n->from[k], n->to[k], bound ? "<conditionExpression>x</conditionExpression>" : "");
    }
    buf_puts(&b, "</process></definitions>");
    CHECK_OK(bpmn_load_with(ctx, buf_str(&b), STR("net"), &o, &m));
    return m == NULL ? NULL : &m->processes[0];
}

/* ---- the slow reading: how many tokens stand on each flow and at each task; conditions are all
 * true or all false ---- */

struct marking {
    int flow[FLOWS];
    int task[NODES];
};

/* Is there a way from flow f to flow goal that does not visit `avoid`? Depth first over flows, no
 * memory but the path. */
static bool way(const struct net *n, int f, int goal, int avoid, bool *seen)
{
    if (f == goal) {
        return true;
    }
    if (seen[f] || n->to[f] == avoid) {
        return false;
    }
    seen[f] = true;
    for (int k = 0; k < n->flows; k++) {
        if (n->from[k] == n->to[f] && way(n, k, goal, avoid, seen)) {
            return true;
        }
    }
    return false;
}

static bool way_from(const struct net *n, int f, int goal, int avoid)
{
    bool seen[FLOWS] = {false};
    return way(n, f, goal, avoid, seen);
}

static bool blocked_by(const struct net *n, const struct marking *m, int gate, int f)
{
    bool empty = false;
    bool marked = false;
    for (int g = 0; g < n->flows; g++) {
        if (n->to[g] == gate && way_from(n, f, g, gate)) {
            empty = empty || m->flow[g] == 0;
            marked = marked || m->flow[g] > 0;
        }
    }
    return empty && !marked;
}

/* A token in a task counts as standing on what leaves it. */
static bool inclusive_ready(const struct net *n, const struct marking *m, int gate)
{
    bool any = false;
    for (int f = 0; f < n->flows; f++) {
        any = any || (n->to[f] == gate && m->flow[f] > 0);
        if (m->flow[f] > 0 && n->to[f] != gate && blocked_by(n, m, gate, f)) {
            return false;
        }
    }
    for (int i = 0; i < n->nodes; i++) {
        bool empty = false;
        bool marked = false;
        for (int k = 0; m->task[i] > 0 && k < n->flows; k++) {
            for (int g = 0; n->from[k] == i && g < n->flows; g++) {
                if (n->to[g] == gate && way_from(n, k, g, gate)) {
                    empty = empty || m->flow[g] == 0;
                    marked = marked || m->flow[g] > 0;
                }
            }
        }
        if (empty && !marked) {
            return false;
        }
    }
    return any;
}

static void give(const struct net *n, struct marking *m, int node, bool x, bool one)
{
    bool first = true;
    bool set = false;
    for (int k = 0; k < n->flows; k++) {
        bool decides = n->kind[node] == 1 || n->kind[node] == 3;
        bool standard = n->from[k] == node && first;
        if (n->from[k] != node) {
            continue;
        }
        first = false;
        if (decides && standard) {
            continue; /* the default, only when no other holds */
        }
        if ((!decides || x) && !(one && set)) {
            m->flow[k]++;
            set = true;
        }
    }
    for (int k = 0; k < n->flows && !set; k++) {
        if (n->from[k] == node) {
            m->flow[k]++;
            return;
        }
    }
}

static int in_count(const struct net *n, int node)
{
    int count = 0;
    for (int k = 0; k < n->flows; k++) {
        count += n->to[k] == node;
    }
    return count;
}

/* One move that needs no inclusive join; else one inclusive join. False when nothing moves. */
static bool slow_move(const struct net *n, struct marking *m, bool x)
{
    for (int f = 0; f < n->flows; f++) {
        int node = n->to[f];
        bool joins = (n->kind[node] == 2 || n->kind[node] == 3) && in_count(n, node) > 1;
        if (m->flow[f] == 0 || joins) {
            continue;
        }
        m->flow[f]--;
        if (n->kind[node] == 0) {
            m->task[node]++;
        } else if (n->kind[node] != 4) {
            give(n, m, node, x, n->kind[node] == 1);
        }
        return true;
    }
    for (int pass = 2; pass <= 3; pass++) {
        for (int i = 1; i < n->nodes; i++) {
            bool all = true;
            for (int f = 0; f < n->flows; f++) {
                all = all && (n->to[f] != i || m->flow[f] > 0);
            }
            bool joins = n->kind[i] == pass && in_count(n, i) > 1;
            if (!joins || !(pass == 2 ? all : inclusive_ready(n, m, i))) {
                continue;
            }
            for (int f = 0; f < n->flows; f++) {
                m->flow[f] -= n->to[f] == i && m->flow[f] > 0;
            }
            give(n, m, i, x, false);
            return true;
        }
    }
    return false;
}

/* Settled, or false when it goes round without end or grows beyond what the engine bears. */
static bool slow_settle(const struct net *n, struct marking *m, bool x)
{
    for (int i = 0; i < 400; i++) {
        int tokens = 0;
        for (int f = 0; f < n->flows; f++) {
            tokens += m->flow[f];
        }
        if (tokens > 200) {
            return false;
        }
        if (!slow_move(n, m, x)) {
            return true;
        }
    }
    return false;
}

/* The flow numbers of the net are those of the process: both are in document order. */
static bool same(const struct bpmn_process *p, const struct bpmn_state *s, const struct net *n,
                 const struct marking *m)
{
    struct marking got = {0};
    for (size_t i = 0; i < s->count; i++) {
        const struct bpmn_token *t = &s->tokens[i];
        if (p->elements[t->element].kind == BPMN_TASK) {
            got.task[t->element]++;
        } else {
            got.flow[t->flow]++;
        }
    }
    (void)n;
    return memcmp(&got, m, sizeof(got)) == 0;
}

/* More than one inclusive join ready at once may be taken in another order: only nets with at most
 * one are compared. */
static int inclusive_joins(const struct net *n)
{
    int count = 0;
    for (int i = 0; i < n->nodes; i++) {
        count += n->kind[i] == 3 && in_count(n, i) > 1;
    }
    return count;
}

TEST(bpmn_random_nets_go_as_the_standard_is_read_slowly)
{
    uint64_t seed = 20100524;
    int compared = 0;
    for (int round = 0; round < 1500; round++) {
        struct arena_mark mark = arena_mark(ctx->arena);
        struct net n;
        net_make(&n, &seed);
        const struct bpmn_process *p = inclusive_joins(&n) > 1 ? NULL : net_load(t, ctx, &n);
        struct marking m = {0};
        bool x = next_random(&seed) % 2 == 0;
        struct feel_entry entry = {STR("x"), feel_bool(x)};
        struct bpmn_input in = {0};
        struct bpmn_event ev = {.kind = BPMN_BEGIN, .values = feel_context(&entry, 1)};
        struct bpmn_result r;
        if (p != NULL && p->name_count == p->outer_names + NAME_FIXED) {
            ev.values = feel_null(); /* no condition names it */
        }
        give(&n, &m, 0, x, false);
        bool slow = p != NULL && slow_settle(&n, &m, x);
        enum err e = slow ? bpmn_begin(ctx, p, &ev, &in, &r) : ERR_TOO_MANY;
        for (int step = 0; slow && e == ERR_OK && step < 12; step++) {
            CHECK(bpmn_state_fault(p, r.state) == NULL);
            test_check(t, same(p, r.state, &n, &m), "the engine and the slow reading agree",
                       __FILE__, __LINE__);
            compared++;
            int task = -1;
            int start = (int)(next_random(&seed) % (uint32_t)n.nodes);
            for (int i = 0; i < n.nodes; i++) {
                task = m.task[(start + i) % n.nodes] > 0 ? (start + i) % n.nodes : task;
            }
            if (task < 0) {
                break;
            }
            m.task[task]--;
            give(&n, &m, task, x, false);
            slow = slow_settle(&n, &m, x);
            struct bpmn_event done = {.kind = BPMN_COMPLETE,
                                      .element = str_format(ctx->arena, "n%d", task)};
            e = slow ? bpmn_step(ctx, p, r.state, &done, &in, &r) : e;
        }
        CHECK(!slow || e == ERR_OK);
        arena_reset(ctx->arena, mark);
    }
    CHECK(compared > 500);
}

/* ---- damage ---- */

static const char rich[] =
    "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" "
    "targetNamespace=\"t\"><process id=\"p\"><dataObject id=\"d\" name=\"n\"/><startEvent "
    "id=\"s\"/>"
    "<subProcess "
    "id=\"u\"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></"
    "multiInstanceLoopCharacteristics><startEvent id=\"us\"/><userTask id=\"a\"/>"
    "<boundaryEvent id=\"ac\" "
    "attachedToRef=\"a\"><compensateEventDefinition/></boundaryEvent><userTask id=\"h\" "
    "isForCompensation=\"true\"/><association id=\"as\" sourceRef=\"ac\" targetRef=\"h\"/>"
    "<userTask id=\"b\"/><boundaryEvent id=\"bt\" attachedToRef=\"b\" "
    "cancelActivity=\"false\"><timerEventDefinition><timeCycle>R3/PT1H</timeCycle></"
    "timerEventDefinition></boundaryEvent><userTask id=\"c\"/>"
    "<endEvent id=\"ue\"/><sequenceFlow id=\"1\" sourceRef=\"us\" targetRef=\"a\"/><sequenceFlow "
    "id=\"2\" sourceRef=\"a\" targetRef=\"b\"/><sequenceFlow id=\"3\" sourceRef=\"b\" "
    "targetRef=\"ue\"/>"
    "<sequenceFlow id=\"4\" sourceRef=\"bt\" targetRef=\"c\"/><sequenceFlow id=\"5\" "
    "sourceRef=\"c\" targetRef=\"ue\"/></subProcess><endEvent "
    "id=\"e\"><compensateEventDefinition/></endEvent>"
    "<sequenceFlow id=\"6\" sourceRef=\"s\" targetRef=\"u\"/><sequenceFlow id=\"7\" "
    "sourceRef=\"u\" targetRef=\"e\"/></process></definitions>";
static const char script[] =
    "{\"start\":true,\"values\":{\"n\":{\"a\":[1,{\"@\":\"2026-01-01\"}]}}}\n{\"complete\":\"a\"}"
    "\n{\"advance\":\"PT1H\"}\n{\"complete\":\"a\"}\n{\"complete\":\"c\"}\n{\"complete\":\"b\"}\n{"
    "\"complete\":\"b\"}\n"
    "{\"expect\":[\"h\"]}\n{\"complete\":\"h\"}\n{\"complete\":\"h\"}\n{\"expect\":\"ended\"}\n";

static void ignore_line(void *self, struct str text)
{
    *(size_t *)self += text.n;
}

static enum err play_rich(struct ctx *ctx, struct str text)
{
    size_t said = 0;
    bool good = false;
    struct bpmn_script s = {.model = str_from(rich),
                            .model_file = STR("m"),
                            .text = text,
                            .text_file = STR("s"),
                            .self = &said,
                            .line = ignore_line};
    return bpmn_play(ctx, &s, &good);
}

/* In a frame of its own: the guard's jump would spoil locals. True when the memory ran out. */
static bool fails_at(struct arena *a, uint64_t nth)
{
    struct arena_guard guard;
    struct ctx ctx = {.arena = a};
    if (setjmp(guard.jump) != 0) {
        arena_fail_at(0);
        return true;
    }
    arena_guard(a, &guard);
    arena_fail_at(nth);
    enum err e = play_rich(&ctx, str_from(script));
    bool failed = arena_fail_at_left() == 0;
    arena_fail_at(0);
    must(e == ERR_OK || failed);
    return failed;
}

TEST(bpmn_every_allocation_may_fail)
{
    CHECK_OK(play_rich(ctx, str_from(script)));
    uint64_t nth = 1;
    bool more = true;
    for (; more; nth += nth < 400 ? 1 : 37) {
        struct arena *a = arena_new((size_t)64 << 20);
        more = fails_at(a, nth);
        arena_guard(a, NULL);
        arena_free(a);
    }
    CHECK(nth > 500);
}

/* Every state on the way, with one byte changed or cut off: refused, or a state that holds together
 * and can be stepped. */
TEST(bpmn_a_damaged_state_is_refused_or_whole)
{
    const struct bpmn_model *m = NULL;
    struct bpmn_options o = {.open = true};
    struct bpmn_input in = {0};
    struct bpmn_result r;
    struct str text;
    uint64_t seed = 7;
    size_t whole = 0;
    size_t refused = 0;
    CHECK_OK(bpmn_load_with(ctx, str_from(rich), STR("m"), &o, &m));
    const struct bpmn_process *p = &m->processes[0];
    static const char *const way[] = {"a", "a", "b", "b", "h"};
    CHECK_OK(bpmn_begin(ctx, p, &(struct bpmn_event){.kind = BPMN_BEGIN}, &in, &r));
    for (size_t i = 0; i < LEN(way); i++) {
        CHECK_OK(bpmn_state_write(ctx, p, r.state, &text));
        for (int k = 0; k < 400; k++) {
            struct arena_mark mark = arena_mark(ctx->arena);
            struct str bad = str_copy(ctx->arena, text);
            char *at = (char *)(uintptr_t)bad.p;
            at[next_random(&seed) % bad.n] = "0123456789:;,-{\"@"[next_random(&seed) % 17];
            bad.n -= next_random(&seed) % 4 == 0 ? next_random(&seed) % bad.n : 0;
            struct bpmn_state *s = NULL;
            struct bpmn_result after;
            if (bpmn_state_read(ctx, p, bad, &s) == ERR_OK) {
                whole++;
                CHECK(bpmn_state_fault(p, s) == NULL);
                if (bpmn_step(ctx, p, s, &(struct bpmn_event){.kind = BPMN_COMPLETE}, &in,
                              &after) == ERR_OK) {
                    CHECK(bpmn_state_fault(p, after.state) == NULL);
                }
            } else {
                refused++;
            }
            arena_reset(ctx->arena, mark);
        }
        CHECK_OK(bpmn_step(ctx, p, r.state,
                           &(struct bpmn_event){.kind = BPMN_COMPLETE, .element = str_from(way[i])},
                           &in, &r));
    }
    CHECK(whole > 20 && refused > 500);
}
