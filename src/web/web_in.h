/* web_in.h - inside the web room. */
#pragma once

#include <pthread.h>

#include "base/arena.h"
#include "base/str.h"
#include "http/http.h"
#include "store/session.h"
#include "web/pool.h"
#include "web/web.h"
#include "web/use.h"
#include "web/serve.h"

/* A session about to be noted as seen (session.c). */
enum { SEEN_PLACES = 128 };
enum seen_state { SEEN_FREE, SEEN_WAITS, SEEN_ASKED };
struct web_seen {
    enum seen_state state;
    char id[20];
};

struct page_use {
    struct str subject;
    struct str about;
    enum access_relation relation;
};

struct web {
    struct web_config config;
    struct world *world;
    struct pool slow;     /* where pages marked ON_POOL run */
    pthread_mutex_t lock; /* of what follows */
    struct db *readers[16];
    size_t reader_count;
    struct web_seen seen[SEEN_PLACES];
    bool seen_asked; /* an asking is on its way */
};

/* access.c: the roles of the session and the row of the route; false: not for this role. */
enum err access_load(struct page *p, bool *ret_may) MUST_USE;
/* Keep what page_use noted, then send. */
void uses_keep(struct page *p);
void page_send_now(struct page *p);
void reader_give(struct page *p);
/* Who is signed in, by the cookie. */
enum err session_load(struct page *p) MUST_USE;
/* A reader for the page, unless it has one. ERR_BUSY when the store gives none. */
enum err reader_get(struct page *p) MUST_USE;
/* Nothing of the store or the law is held while a body comes; both are asked for anew. */
void page_forget_law(struct page *p);
/* The body of a POST as fields. */
enum err page_read_form(struct page *p) MUST_USE;
/* ERR_TYPE with the field when one of the form's own words (`_for`, `_with`, `_key`) is no text. */
enum err page_check_words(struct page *p) MUST_USE;
void page_add_field(struct page *p, struct str name, struct str value);
/* A client's document: what is wrong with it is its own fault. */
enum err page_parse_json(struct ctx *ctx, struct str text, struct json *ret) MUST_USE;
/* Is the POST this site's own, and not another's in its name? */
bool page_is_from_here(struct page *p);
/* intake.c: take the body of a POST with files as it comes; what is no multipart or JSON is left to
 * page_read_form. intake_end: all of it came; *ret_answered when something of it was refused. */
enum err intake_begin(struct page *p, struct http_intake *ret) MUST_USE;
bool intake_take(void *web, struct http_exchange *x, struct str bytes, size_t *ret_taken);
enum err intake_end(struct page *p, bool *ret_answered) MUST_USE;
extern const struct keep_op web_keep_piece;
/* A fault that another thread met, in words for people where they can mend it. why may be NULL. */
enum err page_fault_told(struct page *p, enum err err, const struct why *why) MUST_USE;
/* download.c: send the head of a page_file, and then the file. */
void download_send(struct page *p, const struct http_response *head);
/* Content-Disposition of a file to be saved under this name. */
struct str disposition(struct arena *a, struct str name);
/* Send what the page answered. */
void page_send(struct page *p);

/* Is an administrator signed in who may go to this route ("POST /jobs"), by the law's table of
 * access? (reply.c) */
bool admin_may_go(const struct page *p, struct str route);
