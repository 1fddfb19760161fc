/* web_in.h - inside the web room. */
#pragma once

#include <pthread.h>

#include "base/arena.h"
#include "base/str.h"
#include "http/http.h"
#include "store/session.h"
#include "web/pool.h"
#include "web/web.h"

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
    struct pool slow; /* where pages marked ON_POOL run */
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
/* The body of a POST as fields and files. */
enum err page_read_form(struct page *p) MUST_USE;
/* Send what the page answered. */
void page_send(struct page *p);

/* Is an administrator signed in who may go to this route ("POST /jobs"), by the law's table of
 * access? (reply.c) */
bool admin_may_go(const struct page *p, struct str route);
