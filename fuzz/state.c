/* A digit that picks a model, then a stored state of it. What is read holds together, is written
 * back to the same text, stays whole whatever happens to it next, and under every other model
 * either does not fit or is whole too. */
#include "base/arena.h"
#include "base/str.h"
#include "bpmn/bpmn.h"
#include "bpmn/look.h"
#include "bpmn/state.h"
#include "processes.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void same_again(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_state *s)
{
    struct bpmn_state *again = NULL;
    struct str one;
    struct str two;
    must(bpmn_state_fault(p, s) == NULL);
    if (bpmn_state_write(ctx, p, s, &one) == ERR_OK) { /* not when it has grown beyond the limit */
        must(bpmn_state_read(ctx, p, one, &again) == ERR_OK);
        must(bpmn_state_write(ctx, p, again, &two) == ERR_OK && str_equal(one, two));
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

enum { MODELS = sizeof(processes) / sizeof(*processes) };

/* The models and every change from one to another, made once: looking at all their markings is
 * slow. */
struct models {
    const struct bpmn_process *all[MODELS];
    const struct bpmn_change *changes[MODELS][MODELS];
};

static struct ctx models_ctx;

static void free_models(void)
{
    arena_free(models_ctx.arena);
}

static const struct models *models(void)
{
    static struct models m;
    struct ctx *ctx = &models_ctx;
    struct bpmn_options o = {.open = true, .process = STR("p")};
    if (ctx->arena != NULL) {
        return &m;
    }
    ctx->arena = arena_new((size_t)1 << 30);
    must(atexit(free_models) == 0);
    for (size_t i = 0; i < MODELS; i++) {
        const struct bpmn_model *model = NULL;
        must(bpmn_load_with(ctx, process_text(ctx->arena, i), STR("m"), &o, &model) == ERR_OK);
        m.all[i] = &model->processes[0];
    }
    for (size_t i = 0; i < MODELS; i++) {
        for (size_t k = 0; k < MODELS; k++) {
            must(bpmn_change_make(ctx, m.all[i], m.all[k], &m.changes[i][k]) == ERR_OK);
        }
    }
    return &m;
}

/* Under any other model it does not fit, or it holds together there. */
static void carry_all(struct ctx *ctx, const struct models *m, size_t from,
                      const struct bpmn_state *s)
{
    struct bpmn_input in = {.now = {1767225600000}};
    for (size_t to = 0; to < MODELS; to++) {
        struct bpmn_carried c;
        struct arena_mark mark = arena_mark(ctx->arena);
        if (bpmn_carry(ctx, m->changes[from][to], s, &in, &c) == ERR_OK) {
            must((c.misfit == BPMN_FITS) == (c.to.state != NULL));
            must(c.misfit != BPMN_FITS || c.to.state->count == s->count);
            if (c.to.state != NULL) {
                same_again(ctx, m->all[to], c.to.state);
            }
        }
        arena_reset(ctx->arena, mark);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const struct models *m = models();
    struct arena *arena = arena_new((size_t)256 << 20);
    struct arena_guard guard;
    if (n > 0 && setjmp(guard.jump) == 0) {
        arena_guard(arena, &guard);
        struct ctx ctx = {.arena = arena};
        struct str text = str_slice((struct str){(const char *)bytes, n}, 1, n);
        size_t which = bytes[0] % MODELS;
        const struct bpmn_process *p = m->all[which];
        struct bpmn_state *s = NULL;
        if (bpmn_state_read(&ctx, p, text, &s) == ERR_OK) {
            same_again(&ctx, p, s);
            if (s->count <= 40) {
                step_all(&ctx, p, s);
                carry_all(&ctx, m, which, s);
            }
        }
    }
    arena_guard(arena, NULL);
    arena_free(arena);
    return 0;
}
