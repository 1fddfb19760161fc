/* A digit that picks a model, then a stored state of it. What is read holds together, is written
 * back to the same text and stays whole whatever happens to it next. */
#include "base/arena.h"
#include "base/str.h"
#include "bpmn/bpmn.h"
#include "processes.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void same_again(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s)
{
    struct bpmn_state *again = NULL;
    struct str one;
    struct str two;
    must(bpmn_state_fault(p, s) == NULL);
    if (bpmn_state_write(ctx, s, &one) == ERR_OK) { /* not when it has grown beyond the limit */
        must(bpmn_state_read(ctx, p, one, &again) == ERR_OK);
        must(bpmn_state_write(ctx, again, &two) == ERR_OK && str_equal(one, two));
    }
}

static void step(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s,
                 const struct bpmn_event *ev)
{
    struct bpmn_input in = {.now = {1767225600000}, .trace = true};
    struct bpmn_result r;
    struct arena_mark mark = arena_mark(ctx->arena);
    if (bpmn_step(ctx, p, s, ev, &in, &r) == ERR_OK) {
        must(r.ended == (r.state->count == 0));
        same_again(ctx, p, r.state);
    }
    arena_reset(ctx->arena, mark);
}

static void step_all(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s)
{
    static const char *const names[] = {"m", "g", "e", "x"};
    static const enum bpmn_event_kind kinds[] = {BPMN_MESSAGE, BPMN_SIGNAL, BPMN_ERROR,
                                                 BPMN_ESCALATION};
    struct buf svg = buf_new(ctx->arena, 0);
    bpmn_svg(&svg, p, s, STR("state"));
    (void)bpmn_timer_next(s);
    for (size_t i = 0; i < s->count; i++) {
        step(ctx, p, s, &(struct bpmn_event){.kind = BPMN_COMPLETE, .token = s->tokens[i].id});
        for (size_t k = 2; k < 4; k++) {
            step(ctx, p, s,
                 &(struct bpmn_event){
                     .kind = kinds[k], .name = str_from(names[k]), .token = s->tokens[i].id});
        }
    }
    for (size_t i = 0; i < s->timer_count; i++) {
        step(ctx, p, s,
             &(struct bpmn_event){.kind = BPMN_TIMER,
                                  .name = bpmn_timer_name(ctx->arena, p, &s->timers[i])});
    }
    for (size_t k = 0; k < 2; k++) {
        step(ctx, p, s, &(struct bpmn_event){.kind = kinds[k], .name = str_from(names[k])});
    }
    step(ctx, p, s, &(struct bpmn_event){.kind = BPMN_CHANGE});
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *arena = arena_new((size_t)256 << 20);
    struct arena_guard guard;
    if (n > 0 && setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct str text = str_slice((struct str){(const char *)bytes, n}, 1, n);
        struct bpmn_options o = {.open = true, .process = STR("p")};
        const struct bpmn_model *m = NULL;
        struct bpmn_state *s = NULL;
        must(bpmn_load_with(&ctx, process_text(arena, bytes[0]), STR("m"), &o, &m) == ERR_OK);
        if (bpmn_state_read(&ctx, &m->processes[0], text, &s) == ERR_OK) {
            same_again(&ctx, &m->processes[0], s);
            if (s->count <= 40) {
                step_all(&ctx, &m->processes[0], s);
            }
        }
    }
    arena_guard(arena, NULL);
    arena_free(arena);
    return 0;
}
