/* waiting.h - what a node answers while its views are being made anew: to everybody the same, 503,
 * how far it has come, and when to ask again.
 *
 * No store, no law, no session: there is nothing to read yet. A page in the language of the
 * address, problem+json for a machine that asks for it, and at /healthz one line.
 */
#pragma once

#include <stdatomic.h>

#include "law/model.h"

struct http_exchange;
struct http_intake;

/* How far it has come; told by one process, read by another. */
struct waiting_progress {
    _Atomic uint64_t size;
    _Atomic uint64_t of;
};
struct waiting {
    struct text2 name; /* of the node */
    struct str css;    /* /static/tongban.css */
    const struct waiting_progress *progress;
};
/* For http_setup, both: arg is the struct waiting. A body is not read. */
void waiting_begin(void *arg, struct http_exchange *x, struct http_intake *ret);
void waiting_handle(void *arg, struct http_exchange *x);
