/* serving.h - a process that serves a node, whatever its part: the one that does all, the one that
 * writes, a front beside it or on another machine. What they have in common stands here; how each
 * begins and ends, in cmd_serve.c and cmd_front.c. */
#pragma once

#include "cli/cmd.h"
#include "cli/control.h"
#include "cli/node.h"
#include "cli/rebuild.h"
#include "crypto/confine.h"

enum { SERVING_LISTENS = 8 };

struct serving {
    struct cmd *cmd;
    struct node node;
    struct health health;
    struct control *control;
    int64_t tick_ms; /* of the next tick */
    struct web *web;
    struct oidc *oidc;
    struct login *login;
    struct jobs *jobs;
    struct json sample; /* people of a demo; no object when this is none */
    struct http_server *server;
    const struct demo_person *people;
    size_t people_count;
    const char *law;
    struct str issuer;   /* under which it is known; empty: no identity provider */
    struct str demo_dir; /* where demo.json is kept; empty when this is no demo */
    int fronts;
    struct store_share *share; /* of several processes */
    struct law_loans *loans;
    struct http_counts *counts;  /* of connections, of all fronts together */
    int row;                     /* of a front among them */
    int socket[SERVING_LISTENS]; /* at which clients come */
    struct str address[SERVING_LISTENS];
    size_t socket_count;
    struct rebuild rebuild; /* while views are made anew */
    struct confined confined;
    struct relay *relay; /* of the process that writes, to the fronts */
    int far_socket;      /* at which fronts of other machines come (far.h); 0: none may */
    struct str far_address;
    struct line_door *door;
};

/* Take SIGINT, SIGTERM and SIGCHLD by waiting for them alone. Before any thread. */
void serving_mask_signals(void);
/* Sockets at which clients come, before anything that may take long. */
enum err serving_bind(struct ctx *ctx, struct serving *s, const char *const *listens,
                      size_t count) MUST_USE;
/* Find s->issuer. ERR_USAGE for a configured one that cannot be any. */
enum err serving_issuer(struct ctx *ctx, struct serving *s) MUST_USE;
/* The room of tokens alone, whose jobs run where nobody is answered. */
enum err serving_oidc(struct ctx *ctx, struct serving *s) MUST_USE;
/* All that answers clients, at the sockets that are bound. */
enum err serving_doors(struct ctx *ctx, struct serving *s) MUST_USE;
/* From here on the process, and those it forks, can open the node's folder, read what libraries
 * read, and no more: s->confined says how much of it this kernel puts in force. */
enum err serving_shut_in(struct ctx *ctx, struct serving *s) MUST_USE;
/* Do what the clock must do, and look whether all is well; *ret_wait_ms: when to come again. False
 * when the process must end: the reason is printed. */
bool serving_keep_time(struct ctx *ctx, struct serving *s, int *ret_wait_ms);
/* Stop and close all there is of it, in order. */
void serving_stop(struct serving *s);
