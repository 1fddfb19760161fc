/* submit.h - how a page changes something: a draft handed to the gate, a kept operation, the page
 * itself left to another thread. */
#pragma once

#include "web/web.h"

/* Hand a draft to the gate; when it is answered, `then` is called on the page's loop with the
 * receipt and, as the handler, answers the page (page_go, page_problem …), or hands it on. NULL:
 * admitted goes to /receipt/SEQ, refused shows the refusal with its article (409). The idempotency
 * key is the form's, unless the draft has one. A draft with a second officer carries that officer's
 * consent. */
typedef enum err page_then(struct page *p, const struct receipt *receipt);
enum err page_submit(struct page *p, struct draft *draft, page_then *then) MUST_USE;
/* An id, 32 hex digits, for what this request makes: the same once more under the same idempotency
 * key of the same person, a new one where there is no key. what: of which kind, as "waiting". */
struct str page_once(struct page *p, const char *what);
/* What NULL does, for a `then` that has something to say only of one of the two. */
enum err page_admitted(struct page *p, const struct receipt *receipt) MUST_USE;
/* The same with a kept operation beside the act (gate_submit_with), and one alone (gate_keep; then
 * gets receipt NULL). What it answered stands in page->kept. */
enum err page_submit_with(struct page *p, struct draft *draft, const struct keep *beside,
                          page_then *then) MUST_USE;
enum err page_keep(struct page *p, const struct keep *keep, page_then *then) MUST_USE;

/* Leave the page to another thread: after page_hold the handler returns ERR_OK and touches it no
 * more, and the other thread calls page_go_on exactly once, from where `step` answers the page,
 * holds it again, or submits. An error of step is answered as a problem. p->db is there again
 * inside step. */
typedef enum err page_step(struct page *p, void *arg);
void page_hold(struct page *p);
void page_unhold(struct page *p); /* nobody took it: this thread answers after all */
void page_go_on(struct page *p, page_step *step, void *arg);
