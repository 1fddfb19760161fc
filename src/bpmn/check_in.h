/* check_in.h - inside the checks: findings on their way, and the markings of a search. */
#pragma once

#include "bpmn/bpmn_in.h"
#include "bpmn/look.h"

struct checker {
    struct ctx *ctx;
    const struct bpmn_process *p;
    struct bpmn_finding *list;
    size_t *elements; /* beside list */
    size_t count;
    size_t room;
    const bool *reached; /* along the flows */
};

void finding_put(struct checker *c, size_t element, const char *sentence);
/* Every marking a process can come to, hashed. cut: the search did not come to its end, so what is
 * not here may be possible all the same. */
struct bpmn_markings {
    uint64_t *slots; /* 0: free */
    size_t slot_count, count;
    bool cut;
};
enum err markings_make(struct ctx *ctx, const struct bpmn_process *p,
                       const struct bpmn_markings **ret) MUST_USE;
/* Can the process come to stand so? ret_token: one whose scope stands as it never can. */
bool markings_hold(struct ctx *ctx, const struct bpmn_process *p, const struct bpmn_markings *m,
                   const struct bpmn_state *s, size_t *ret_token);

/* Look at every state the process can come to (explore.c). */
enum err explore(struct checker *c) MUST_USE;
