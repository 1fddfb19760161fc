/* health.c - see health.h.
 *
 * The key holders are asked whether they are there, which starts them again when they are not. A
 * disk that refused a write is not asked until the next act comes, since a node told to be unwell
 * gets no acts: while it is so, one row is written a second, and the first that is kept says that
 * all is well.
 */
#include "cli/health.h"

#include <stdio.h>
#include <sys/mman.h>

#include "base/arena.h"
#include "base/world.h"
#include "web/serve.h"

static enum err touch(struct ctx *ctx, struct db *db, struct str payload UNUSED,
                      const struct keep_act *act UNUSED, struct buf *answer UNUSED)
{
    return store_touch(ctx, db);
}
static const struct keep_op op_touch = {"cli.touch", touch};
static const struct keep_op *const ops[] = {&op_touch};
const struct keep_table health_keeps = {ops, LEN(ops)};

static void touched(void *arg UNUSED, enum err err UNUSED, const struct why *why UNUSED,
                    const struct receipt *receipt UNUSED)
{
}

static bool must_end(struct ctx *ctx, struct node *n)
{
    struct keyholder *const holders[] = {n->keys, n->token_keys};
    if (store_is_broken(n->store)) {
        fputs("tongban: the disk failed a write that must not be lost; start the node again\n",
              stderr);
        return true;
    }
    for (size_t i = 0; i < LEN(holders); i++) {
        if (holders[i] == NULL) { /* another process has that one */
            continue;
        }
        bool there = keyholder_watch(ctx, holders[i]) == ERR_OK;
        if (!there && keyholder_state(holders[i]) == KEYHOLDER_LOST) {
            fputs("tongban: the key holder's keeper was ended and nothing can be signed any more; "
                  "start the node again\n",
                  stderr);
            return true;
        }
    }
    return false;
}

enum err health_open(struct ctx *ctx, struct health *h)
{
    void *p =
        mmap(NULL, sizeof(*h->told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return fault(ctx, ERR_MEMORY, "no memory for what the processes tell each other");
    }
    h->told = p; /* as long as the process */
    return ERR_OK;
}

bool health_watch(struct ctx *ctx, struct health *h, enum err *tick)
{
    struct arena_mark mark = arena_mark(ctx->arena);
    int64_t now = ctx->world->mono_ns(ctx->world);
    if (now < h->next_ns) {
        return true;
    }
    h->next_ns = now + 1000000000;
    if (atomic_exchange(&h->trusts_clock, false)) {
        agenda_trust_clock(h->node->agenda);
        *tick = ERR_OK;
    }
    enum err store = store_health(h->node->store);
    bool writes = h->node->keys != NULL;
    if (writes && (store == ERR_DISK_FULL || store == ERR_READ_ONLY)) {
        /* When the queue is full, acts that wait in it tell as much. */
        struct keep keep = {&op_touch, STR("")};
        enum err e = gate_keep(ctx, h->node->gate, &keep, touched, NULL);
        (void)e;
    }
    bool ends = must_end(ctx, h->node);
    if (writes) {
        atomic_store(&h->told->clock_waits, *tick == ERR_PRECONDITION);
        atomic_store(&h->told->keys, keyholder_state(h->node->keys));
    }
    arena_reset(ctx->arena, mark);
    return !ends;
}

static struct web_health of_holder(const char *name, enum keyholder_state state)
{
    return (struct web_health){
        name, state == KEYHOLDER_WELL,
        state == KEYHOLDER_WELL ? STR("")
        : state == KEYHOLDER_LOST
            ? STR("the key holder is gone and cannot be started again: the node ends")
            : STR("the key holder does not answer; it is being started again, and what needs a "
                  "signature is refused")};
}

size_t health_tell(struct ctx *ctx UNUSED, void *arg, struct web_health *ret)
{
    struct health *h = arg;
    const struct node *n = h->node;
    bool waits = atomic_load(&h->told->clock_waits);
    ret[0] = of_holder("keys", n->keys != NULL ? keyholder_state(n->keys)
                                               : (enum keyholder_state)atomic_load(&h->told->keys));
    ret[1] = of_holder("token_keys", keyholder_state(n->token_keys));
    ret[2] = (struct web_health){
        "clock", !waits,
        waits ? STR("the wall clock leapt; timers wait until it agrees again, or until an operator "
                    "says tongban clock DIR --trust")
              : STR("")};
    return 3;
}
