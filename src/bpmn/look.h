/* look.h - a model that people look at: played through a script, checked, drawn.
 *
 * Nothing here is needed to move a case; it serves `tongban bpmn run`, `law check` and pages.
 */
#pragma once

#include "bpmn/bpmn.h"

/* ---- scripts ---- */

struct bpmn_script {
    struct str model; /* BPMN XML */
    struct str model_file;
    struct str process; /* empty: the first that may be executed */
    struct str text;    /* JSON lines (docs/bpmn.md); empty: only begin */
    struct str text_file;
    struct instant at; /* what time it is at first */
    bool any;          /* also a process that is marked as not executable */
    const struct bpmn_source *source;
    void *self;
    void (*line)(void *self, struct str json); /* called for each line of the trace */
};
/* Step a model through a script. Tasks that need nobody, and that the script does not name,
 * complete by themselves. Every step goes by the written state. A fault names the line of the
 * script or of the model. *ret_good: false when the process ended by an error that nobody caught,
 * or the script expected something else. */
enum err bpmn_play(struct ctx *ctx, const struct bpmn_script *script, bool *ret_good) MUST_USE;

/* ---- checks ---- */

struct bpmn_finding {
    struct str element;
    uint32_t line;
    struct str sentence;
};
/* What is executable but wrong: unreachable elements, no way to an end, a split that can get stuck;
 * and, as far as LIMIT_BPMN_STATES reaches, states from which the end cannot be reached and
 * elements that are never entered. */
enum err bpmn_check(struct ctx *ctx, const struct bpmn_process *p, struct bpmn_finding **ret,
                    size_t *ret_count) MUST_USE;

/* What a reader is told, in his language. */
struct bpmn_words {
    struct str open, done;
    struct str list; /* heading of the list beside the picture */
};
/* The picture, and below it a list of steps with their state. done: by element, what was done
 * before; may be NULL. */
void bpmn_draw(struct buf *out, const struct bpmn_process *p, const struct bpmn_state *s,
               const bool *done, const struct bpmn_words *words, struct str title);
/* Draw the process as SVG (from its diagram, or in layers when it has none), open activities
 * marked. s may be NULL. */
void bpmn_svg(struct buf *out, const struct bpmn_process *p, const struct bpmn_state *s,
              struct str title);
