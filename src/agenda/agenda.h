/* agenda.h - what the clock and the node owe: timers that ran out, and acts that law leaves no
 * discretion in. The agenda reads the gate's timers and drafts acts; it sets no clock and decides
 * nothing. What it drafts is judged like any other draft.
 *
 * One thread calls agenda_tick. Nothing is lost when the process ends between two ticks: what is
 * due stands in the gate's rows until its act is admitted.
 */
#pragma once

#include "gate/gate.h"

struct agenda;

/* An agenda of this gate; from now on it also hears of what the gate finds owed at once. Lives
 * until agenda_free, which must come before gate_close. */
enum err agenda_new(struct ctx *ctx, struct gate *g, struct store *store,
                    struct agenda **ret) MUST_USE;
void agenda_free(struct agenda *a);

/* Submit the acts of timers whose day has passed; returns how many of these were queued. After a
 * start, and when the queue was full, also the acts the node itself is awaited to do (a filing that
 * is decided at once). Holds still while the clock may date no acts (ERR_CLOCK, gate_clock). */
enum err agenda_tick(struct ctx *ctx, struct agenda *a, size_t *ret_count) MUST_USE;
/* A round over what is due is under way: call agenda_tick again shortly. In one round each timer
 * acts, or is refused, once. */
bool agenda_tick_more(const struct agenda *a);
