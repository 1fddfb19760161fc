/* BPMN XML and stored states: read, check, draw, and step through whatever it awaits. */
#include "base/arena.h"
#include "bpmn/bpmn.h"
#include "bpmn/state.h"
#include "bpmn/look.h"
#include "feel/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static enum err decide(struct ctx *ctx, void *self, const struct bpmn_element *e,
                       struct feel_value *ret)
{
    (void)ctx;
    (void)self;
    *ret = feel_string(e->decision);
    return ERR_OK;
}

static void play(struct ctx *ctx, const struct bpmn_process *p)
{
    struct feel_value slots[1] = {{0}};
    struct bpmn_result r;
    struct bpmn_state *again = NULL;
    struct str text;
    struct bpmn_decider decider = {.decide = decide};
    struct bpmn_input in = {.slots = slots, .decider = &decider};
    if (bpmn_start(ctx, p, STR("apply"), &in, &r) != ERR_OK) {
        return;
    }
    for (int step = 0; step < 50 && r.state->count > 0; step++) {
        must(bpmn_state_write(ctx, p, r.state, &text) == ERR_OK &&
             bpmn_state_read(ctx, p, text, &again) == ERR_OK);
        struct str act = {0};
        for (size_t i = 0; i < p->element_count && act.n == 0; i++) {
            const struct bpmn_element *e = &p->elements[(i + (size_t)step) % p->element_count];
            for (size_t k = 0; k < e->act_count && act.n == 0; k++) {
                act = bpmn_may(p, r.state, e->acts[k]) ? e->acts[k] : act;
            }
        }
        if (act.n == 0 || bpmn_act(ctx, p, r.state, act, &in, &r) != ERR_OK) {
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const struct feel_member name = {STR_INIT("act"), NULL};
    static const struct feel_scope scope = {.names = &name, .count = 1};
    struct arena *arena = arena_new((size_t)256 << 20);
    struct arena_guard guard;
    if (setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        const struct bpmn_model *m = NULL;
        if (bpmn_load(&ctx, (struct str){(const char *)bytes, n}, STR("fuzz"), &scope, &m) ==
            ERR_OK) {
            for (size_t i = 0; i < m->count; i++) {
                struct bpmn_finding *list = NULL;
                size_t count = 0;
                struct buf svg = buf_new(arena, 0);
                must(bpmn_check(&ctx, &m->processes[i], &list, &count) == ERR_OK);
                bpmn_svg(&svg, &m->processes[i], NULL, STR("fuzz"));
                play(&ctx, &m->processes[i]);
            }
        }
    }
    arena_guard(arena, NULL);
    arena_free(arena);
    return 0;
}
