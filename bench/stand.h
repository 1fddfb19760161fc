/* stand.h - a node stood up for a bench: folder, law, sample people, pages, server; with a bench's
 * words and table. */
#pragma once

#include "base/base.h"
#include "cli/node.h"
#include "http/http.h"
#include "report.h"
#include "web/web.h"
#include "web/serve.h"

struct stand {
    struct ctx ctx;
    struct str top; /* a fresh folder under /tmp, removed when the bench ends */
    struct str dir; /* the node's, in it */
    struct node node;
    struct http_server *server;
    struct web *web;
    int port;
    struct demo_person *people; /* who may sign in by "/login/once/CODE" */
    size_t people_count;
};

/* A fresh folder and a context; nothing in it yet. */
void stand_new(struct stand *s);
/* Node, law and sample people; then pages, server and writer. people may be set before. */
void stand_node(struct stand *s);
void stand_serve(struct stand *s);
void stand_stop(struct stand *s);
/* The cookie of a new session, "tb_session=…". */
void stand_sign_in(struct stand *s, struct str code, char cookie[64]);
/* Stop with the fault's words. */
void stand_check(struct stand *s, enum err e, const char *what);
/* Resident memory now, in MB. */
double stand_memory(void);
/* The pack as version 2026.NUMBER: what is published again with a change needs one of its own. */
struct law_pack_source stand_version(struct stand *s, struct law_pack_source pack, int64_t number);
