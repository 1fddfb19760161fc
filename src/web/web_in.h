/* web_in.h - inside the web room. */
#pragma once

#include <pthread.h>

#include "base/arena.h"
#include "base/str.h"
#include "http/http.h"
#include "web/web.h"

enum session_state { SESSION_NONE, SESSION_LIVE, SESSION_GONE };
struct web_session {
    enum session_state state;
    uint8_t id_hash[32]; /* of the cookie, which is not kept */
    uint32_t next;       /* with the same head */
    uint32_t version;    /* of the row; saved: the version the store has */
    uint32_t saved;
    enum actor_kind kind;
    int assurance;
    struct instant since;
    struct instant begun;
    struct instant seen;
    struct instant seen_saved;
    char id[20];
    char actor[44];
    char name[156];
    char methods[32];
    char agent[96];
    char address[48];
};
struct web_sessions {
    struct web_session *rows; /* LIMIT_SESSIONS of them */
    size_t used;              /* rows from here on have never been used */
    uint32_t *heads;          /* by hash of the cookie */
    bool flushing;
    struct instant swept; /* of the writer's thread */
};

struct page_use {
    struct str subject;
    struct str about;
    enum access_relation relation;
};

struct web {
    struct web_config config;
    struct world *world;
    char secret[32];      /* of this process: for cosign codes */
    pthread_mutex_t lock; /* of what follows */
    struct db *readers[16];
    size_t reader_count;
    struct web_sessions sessions;
    char (*codes)[33]; /* of the demo's people, in their order; empty once used */
};

/* access.c: the roles of the session and the row of the route; false: not for this role. */
enum err access_load(struct page *p, bool *ret_may) MUST_USE;
/* Keep what page_use noted, then send. */
void uses_keep(struct page *p);
void page_send_now(struct page *p);
void reader_give(struct page *p);
void session_load(struct page *p);
/* Make the table, with the sessions that last from before. */
enum err sessions_open(struct ctx *ctx, struct web *w) MUST_USE;
/* A reader for a page that goes on. ERR_BUSY when the store gives none. */
enum err reader_get(struct page *p) MUST_USE;
/* The body of a POST as fields and files. */
enum err page_read_form(struct page *p) MUST_USE;
/* Send what the page answered. */
void page_send(struct page *p);

/* Is an administrator signed in who may go to this route ("POST /jobs"), by the law's table of
 * access? (reply.c) */
bool admin_may_go(const struct page *p, struct str route);
