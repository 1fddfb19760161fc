/* May the wall clock date an act?
 *
 * Recorded time never steps back (admit.c), so one act under a clock that had leapt ahead would
 * date all that come after it, and every day that a clock of law counts from would be false. What
 * is dated cannot be dated anew: an act stands in the signed ledger. So before an act is admitted
 * the wall clock is held against two things that do not leap with it:
 *
 *     the steady clock, which counts on from the last reading that was good: the wall clock must
 *     have gone as far as that, give or take what a time service corrects at once;
 *     and, after a start, when nothing is known of the time between, the newest act: the clock must
 *     not stand before it. How far behind it a good clock stands only an operator can know, for a
 *     node may have been down for a year; the program says it (cli/health.c).
 *
 * While it does not hold, nothing is admitted and nothing done by the clock (ERR_CLOCK); reading
 * goes on. When the clock is right again everything goes on by itself: the reading that was good
 * stays what later ones are held against. An operator who knows better says so (gate_trust_clock);
 * where the clock then stands before the newest act, recorded time stands still until it has caught
 * up.
 *
 * Small corrections add up over months, so each good reading becomes the one that the next is held
 * against. The writer's thread reads it for each draft, and the thread that keeps time once a
 * second, whichever comes first after a leap. */
#include "gate/gate_in.h"

enum { LEAP_MS = 10 * 60 * 1000 };

static void rebase(struct steady *s, struct instant now, int64_t mono_ns)
{
    s->wall = now;
    s->mono_ns = mono_ns;
    s->newest = (struct instant){INT64_MIN};
}

void steady_begin(struct gate *g)
{
    struct steady *s = &g->steady;
    rebase(s, g->world->now(g->world), g->world->mono_ns(g->world));
    s->newest = g->last;
}

static enum err tell_before(struct ctx *ctx, const struct steady *s, struct instant now)
{
    struct str newest = day_text(ctx->arena, instant_day(s->newest));
    struct str today = day_text(ctx->arena, instant_day(now));
    return fault(ctx, ERR_CLOCK,
                 "the wall clock (%.*s) stands before the newest act of the ledger (%.*s); nothing "
                 "is admitted until it is right, or an operator confirms it",
                 FMT(today), FMT(newest));
}

enum err gate_clock(struct ctx *ctx, struct gate *g)
{
    struct steady *s = &g->steady;
    pthread_mutex_lock(&s->lock);
    struct instant now = g->world->now(g->world);
    int64_t mono_ns = g->world->mono_ns(g->world);
    int64_t off = now.ms - s->wall.ms - (mono_ns - s->mono_ns) / 1000000;
    bool after = s->newest.ms == INT64_MIN || now.ms >= s->newest.ms - LEAP_MS;
    bool leapt = s->newest.ms == INT64_MIN && (off > LEAP_MS || off < -LEAP_MS);
    struct steady was = *s;
    if (after && !leapt) {
        rebase(s, now, mono_ns);
    }
    pthread_mutex_unlock(&s->lock);
    if (!after) {
        return tell_before(ctx, &was, now);
    }
    return !leapt ? ERR_OK
                  : fault(ctx, ERR_CLOCK,
                          "the wall clock leapt by %lld s against the steady clock; nothing is "
                          "admitted until it agrees again, or an operator confirms it",
                          (long long)(off / 1000));
}

void gate_trust_clock(struct gate *g)
{
    pthread_mutex_lock(&g->steady.lock);
    rebase(&g->steady, g->world->now(g->world), g->world->mono_ns(g->world));
    pthread_mutex_unlock(&g->steady.lock);
}
