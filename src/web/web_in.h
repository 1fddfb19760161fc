/* web_in.h - inside the web room. */
#pragma once

#include <pthread.h>

#include "base/arena.h"
#include "base/str.h"
#include "http/http.h"
#include "web/web.h"

struct web_session {
    bool used;
    uint8_t id_hash[32]; /* of the cookie, which is not kept */
    struct instant begun;
    struct instant seen;
    char token[33];
    const struct demo_person *who;
};

struct web {
    struct web_config config;
    struct world *world;
    char secret[32]; /* of this process: for cosign codes */
    pthread_mutex_t lock; /* of what follows */
    struct db *readers[16];
    size_t reader_count;
    struct web_session *sessions; /* LIMIT_SESSIONS of them */
};

void reader_give(struct page *p);
void session_load(struct page *p);
/* The body of a POST as fields and files. */
enum err page_read_form(struct page *p) MUST_USE;
/* Send what the page answered. */
void page_send(struct page *p);
