/* check_in.h - inside the checks. */
#pragma once

#include "bpmn/bpmn_in.h"

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
/* Look at every state the process can come to (explore.c). */
enum err explore(struct checker *c) MUST_USE;
