/* session.h - sessions begun and ended. */
#pragma once

#include "web/submit.h"

/* Who proved to be whom, and how. */
struct sign_in {
    struct str name;    /* to greet */
    struct actor actor; /* kind, id, assurance: 1 one factor, 2 two factors, 3 two factors no page
                           can be tricked out of */
    struct str methods; /* as in struct session */
};
/* Begin a session under a new id and cookie; one that this browser had is ended, or goes on under
 * the new cookie when it is the same person's, so a step-up rotates it as well. Durable when `then`
 * is called (as page_keep calls it), which must answer the page. */
enum err session_begin(struct page *p, const struct sign_in *who, page_then *then) MUST_USE;
/* End a session of `actor` by its public id, or all but `except` (empty: all) when id is empty. The
 * same. */
enum err session_end(struct page *p, struct str actor, struct str id, struct str except,
                     page_then *then) MUST_USE;
