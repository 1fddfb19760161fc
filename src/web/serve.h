/* serve.h - the doors of the pages for the program that serves. */
#pragma once

#include "web/web.h"

extern const struct keep_table web_keeps;

struct route_table {
    const struct route *rows;
    size_t count;
};
/* What a room keeps while the program serves, by the room's name. */
struct room_state {
    const char *room;
    void *state;
};
/* A person of the demo's chooser. */
struct demo_person {
    struct str id;
    enum actor_kind kind;
    struct str name;
    struct text2 office; /* empty for parties */
    struct text2 role;
    struct str code; /* of the one-time sign-in address */
};
/* One thing that a node's health hangs on, and in what state it is. */
struct web_health {
    const char *name;
    bool good;
    struct str sentence; /* when it is not good: what is wrong, and what happens */
};
enum { WEB_HEALTH_MAX = 8 };

struct web_config {
    struct gate *gate;
    struct store *store;
    struct text2 name; /* of the node, in the masthead */
    const struct route_table *tables;
    size_t table_count;
    const struct room_state *states;
    size_t state_count;
    const struct demo_person *people; /* empty: no demo, no chooser */
    size_t people_count;
    struct str css;        /* /static/tongban.css */
    struct str passkey_js; /* /static/passkey.js */
    /* How faults are told at routes FOR_PROTOCOL. NULL: as at others. */
    page_fault *fault;
    /* The name of a reader of use_keep. NULL: there are none. */
    enum err (*reader_name)(struct ctx *ctx, struct db *db, enum lang lang, struct str reader,
                            struct str *ret, bool *ret_found);
    /* http_setup.settled, handed on with its own argument: a room that puts work off does it now.
     * NULL: none does. */
    void (*settled)(void *arg);
    void *settled_arg;
    /* What else the node's health hangs on, besides store and law: fills at most WEB_HEALTH_MAX
     * rows and returns how many; any thread calls it. NULL: nothing else. */
    size_t (*health)(struct ctx *ctx, void *arg, struct web_health *ret);
    void *health_arg;
};
enum err web_new(struct ctx *ctx, const struct web_config *config, struct web **ret) MUST_USE;
void web_free(struct web *w);
/* For http_setup: arg is the struct web. */
void web_handle(void *arg, struct http_exchange *x);
void web_settled(void *arg);
void web_begin(void *arg, struct http_exchange *x, struct http_intake *ret);
const struct demo_person *web_people(const struct web *w, size_t *ret_count);
