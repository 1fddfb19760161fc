/* bpmn.c - the token game in memory: begin, five user tasks completed one by one, end.
 *
 * Limit, in the same run: the same procedure as a switch written by hand that gives the same
 * effects into the same arena. Beside it: the same instance with its state written and read between
 * all steps, as the gate does; and a step among 900 waiting tokens. */
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "bpmn/bpmn.h"
#include "report.h"
#include "bpmn/state.h"

static struct ctx ctx;

static void check(enum err e)
{
    if (e != ERR_OK) {
        fprintf(stderr, "bench: %.*s\n", FMT(ctx.why.detail));
        exit(1);
    }
}

static const struct bpmn_process *load(const char *body)
{
    const struct bpmn_model *m = NULL;
    struct bpmn_options o = {.open = true};
    struct str xml =
        str_format(ctx.arena,
                   "<definitions xmlns=\"http://www.omg.org/spec/BPMN/20100524/MODEL\" "
                   "targetNamespace=\"t\"><process id=\"p\">%s</process></definitions>",
                   body);
    check(bpmn_load_with(&ctx, xml, STR("bench"), &o, &m));
    return &m->processes[0];
}

static const char five[] =
    "<startEvent id=\"s\"/><userTask id=\"a\"/><userTask id=\"b\"/><userTask id=\"c\"/><userTask "
    "id=\"d\"/><userTask id=\"e\"/><endEvent id=\"z\"/>"
    "<sequenceFlow id=\"1\" sourceRef=\"s\" targetRef=\"a\"/><sequenceFlow id=\"2\" "
    "sourceRef=\"a\" targetRef=\"b\"/><sequenceFlow id=\"3\" sourceRef=\"b\" targetRef=\"c\"/>"
    "<sequenceFlow id=\"4\" sourceRef=\"c\" targetRef=\"d\"/><sequenceFlow id=\"5\" "
    "sourceRef=\"d\" targetRef=\"e\"/><sequenceFlow id=\"6\" sourceRef=\"e\" targetRef=\"z\"/>";

static const struct str tasks[] = {STR_INIT("a"), STR_INIT("b"), STR_INIT("c"), STR_INIT("d"),
                                   STR_INIT("e")};

static size_t one_instance(struct ctx *c, const struct bpmn_process *p, bool written)
{
    static const struct bpmn_input in = {0};
    struct bpmn_result r;
    size_t effects = 0;
    struct bpmn_event ev = {.kind = BPMN_BEGIN};
    check(bpmn_begin(c, p, &ev, &in, &r));
    for (size_t i = 0; i < LEN(tasks); i++) {
        struct bpmn_state *s = r.state;
        struct str text;
        effects += r.count;
        if (written) {
            check(bpmn_state_write(c, p, s, &text));
            check(bpmn_state_read(c, p, text, &s));
        }
        ev = (struct bpmn_event){.kind = BPMN_COMPLETE, .element = tasks[i]};
        check(bpmn_step(c, p, s, &ev, &in, &r));
    }
    return effects + r.count + r.ended;
}

/* ---- by hand ---- */

struct hand {
    int at;
};

static struct hand *hand_step(struct arena *a, const struct hand *old, struct str task,
                              struct bpmn_effect **ret, size_t *ret_count)
{
    struct hand *s = ARENA_NEW(a, struct hand);
    struct bpmn_effect *e = ARENA_ARRAY(a, struct bpmn_effect, 4);
    size_t n = 0;
    int at = old == NULL ? 0 : old->at;
    switch (at) {
    case 0:
        e[n++] = (struct bpmn_effect){.kind = BPMN_OPENED, .element = 1, .token = 1};
        s->at = 1;
        break;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
        if (!str_equal(task, tasks[at - 1])) {
            return NULL;
        }
        e[n++] = (struct bpmn_effect){.kind = BPMN_CLOSED, .element = (uint16_t)at, .token = 1};
        if (at == 5) {
            e[n++] = (struct bpmn_effect){.kind = BPMN_ENDED};
        } else {
            e[n++] = (struct bpmn_effect){
                .kind = BPMN_OPENED, .element = (uint16_t)(at + 1), .token = 1};
        }
        s->at = at + 1;
        break;
    default: return NULL;
    }
    *ret = e;
    *ret_count = n;
    return s;
}

static size_t hand_instance(struct arena *a)
{
    struct bpmn_effect *e = NULL;
    size_t n = 0;
    size_t effects = 0;
    const struct hand *s = hand_step(a, NULL, STR(""), &e, &n);
    for (size_t i = 0; i < LEN(tasks); i++) {
        effects += n;
        s = hand_step(a, s, tasks[i], &e, &n);
    }
    return effects + n + (s->at == 6);
}

/* ---- rates: the best of five rounds of 0.2 s ---- */

static int64_t round_ns(void)
{
    return bench_size(200000000, 2000000);
}

enum way { ENGINE, WRITTEN, HAND };

static double rate(const struct bpmn_process *p, enum way way)
{
    double best = 0;
    struct ctx c = {.arena = arena_new((size_t)64 << 20)};
    for (int round = 0; round < bench_size(5, 1); round++) {
        int64_t begun = ctx.world->mono_ns(ctx.world);
        int64_t now = begun;
        size_t count = 0;
        while (now - begun < round_ns()) {
            for (int i = 0; i < 1000; i++) {
                struct arena_mark mark = arena_mark(c.arena);
                size_t n =
                    way == HAND ? hand_instance(c.arena) : one_instance(&c, p, way == WRITTEN);
                must(n == 12);
                arena_reset(c.arena, mark);
            }
            count += 1000;
            now = ctx.world->mono_ns(ctx.world);
        }
        double r = (double)count * 1e9 / (double)(now - begun);
        best = r > best ? r : best;
    }
    arena_free(c.arena);
    return best;
}

/* One task completed in an instance with `many` of them open. */
static double rate_among(int many)
{
    struct buf b = buf_new(ctx.arena, 0);
    buf_format(&b,
               "<startEvent id=\"s\"/><userTask "
               "id=\"a\"><multiInstanceLoopCharacteristics><loopCardinality>%d</loopCardinality></"
               "multiInstanceLoopCharacteristics></userTask><endEvent id=\"z\"/>"
               "<sequenceFlow id=\"1\" sourceRef=\"s\" targetRef=\"a\"/><sequenceFlow id=\"2\" "
               "sourceRef=\"a\" targetRef=\"z\"/>",
               many);
    const struct bpmn_process *p = load(str_z(ctx.arena, buf_str(&b)));
    static const struct bpmn_input in = {0};
    struct bpmn_result r;
    struct bpmn_event ev = {.kind = BPMN_BEGIN};
    check(bpmn_begin(&ctx, p, &ev, &in, &r));
    struct bpmn_state *s = r.state;
    int64_t begun = ctx.world->mono_ns(ctx.world);
    size_t count = 0;
    ev = (struct bpmn_event){.kind = BPMN_COMPLETE, .element = tasks[0]};
    while (ctx.world->mono_ns(ctx.world) - begun < round_ns()) {
        struct arena_mark mark = arena_mark(ctx.arena);
        check(bpmn_step(&ctx, p, s, &ev, &in, &r));
        arena_reset(ctx.arena, mark);
        count++;
    }
    return (double)count * 1e9 / (double)(ctx.world->mono_ns(ctx.world) - begun);
}

int main(int argc, char **argv)
{
    bench_begin(argc, argv);
    ctx = (struct ctx){.arena = arena_new((size_t)256 << 20), .world = world_real()};
    const struct bpmn_process *p = load(five);
    double hand = rate(p, HAND);
    double engine = rate(p, ENGINE);
    bench_report("bpmn.five_tasks", engine, "instances/s", hand, "the same as a switch by hand");
    bench_report("bpmn.five_tasks.state_as_text", rate(p, WRITTEN), "instances/s", hand,
                 "the same as a switch by hand, which writes nothing");
    bench_report("bpmn.step_among_900", rate_among(900), "steps/s", engine * 6,
                 "a step with one token");
    arena_free(ctx.arena);
    return 0;
}
