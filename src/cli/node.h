/* node.h - a node on disk: its folder, keys, store and gate, opened and closed in order. */
#pragma once

#include "agenda/agenda.h"
#include "crypto/keyholder.h"
#include "gate/gate.h"
#include "store/share.h"

struct node {
    struct str dir;
    struct str code;   /* in leaves and case numbers */
    struct str origin; /* of the ledger */
    struct text2 name;
    struct str database; /* connection string; empty: in the folder */
    struct str work; /* where what a command makes for itself stands: dir, or a place elsewhere when
                        dir cannot be written (scratch.h) */
    struct str writer; /* of a front on another machine: where the process that writes is called */
    struct str issuer; /* as an identity provider, "https://node.example"; empty: by the address it
                          serves at */
    struct store *store;
    struct keyholder *keys;
    struct keyholder *token_keys; /* a second one, so that tokens do not wait for the writer */
    struct gate *gate;
    struct agenda *agenda;
};

/* Make a new node: folder, keys, node.json, empty store. ERR_DUPLICATE when there is one. */
enum err node_create(struct ctx *ctx, struct str dir, struct str code, struct text2 name,
                     struct str database) MUST_USE;
/* The same, filled by `fill` while it is open, whole or not at all: it is made under a name beside
 * DIR and takes its place when `fill` is done; when it fails, its tables in a database go too.
 * ERR_SYNTAX for a code or a name that no node can have. */
typedef enum err node_fill(struct ctx *ctx, struct node *n, void *arg);
enum err node_make(struct ctx *ctx, struct str dir, struct str code, struct text2 name,
                   struct str database, node_fill *fill, void *arg) MUST_USE;
/* Drop this program's tables in a database: of a node that did not come about. */
enum err node_rows_unmake(struct ctx *ctx, struct str database) MUST_USE;
/* What node.json says of the node in ret->dir: code, origin, name, database, issuer; of a folder
 * that was made for a front on another machine, front.json. */
enum err node_config(struct ctx *ctx, struct node *ret) MUST_USE;
enum err node_front_config(struct ctx *ctx, struct node *ret) MUST_USE;
/* Make the folder of such a front: what a front needs of the node n->dir, which is its name, the
 * secret of tokens and the key of seeds at rest, and no key of the ledger. `front` says its dir,
 * database, writer and issuer. Whole or not at all. */
enum err node_front_make(struct ctx *ctx, const struct node *n, const struct node *front) MUST_USE;
/* Open it: key holder (before any thread), store, gate. */
enum err node_open(struct ctx *ctx, struct str dir, struct node *ret) MUST_USE;
/* Open it in one of several processes that share the store: in the one that writes, with socket 0;
 * in a front, with its socket to that one, which then can sign tokens and nothing else. */
struct node_part {
    struct store_share *share; /* NULL: this process is the only one */
    struct law_loans *loans;
    int socket;  /* of a front; else 0 */
    int row;     /* of a front: its number among them */
    bool is_far; /* of a front: on another machine, in a folder of its own (node_front_make) */
    /* Told while views are made anew (replay/replay.h); false stops it with ERR_CANCELLED. NULL:
     * nobody is told. */
    bool (*progress)(void *arg, uint64_t size, uint64_t of);
    void *progress_arg;
};
/* Open the node of a folder that cannot be written: its rows were copied into `work`/store, where
 * they are brought to this program's form; there is no key holder, and nothing can be admitted. */
enum err node_open_apart(struct ctx *ctx, struct str dir, struct str work,
                         struct node *ret) MUST_USE;
enum err node_open_shared(struct ctx *ctx, struct str dir, const struct node_part *part,
                          struct node *ret) MUST_USE;
/* Register applications by acts of the node: an object of client.* facts, or a list of them, all or
 * none: each is checked (oidc_client_check) and asked about before the first enters. */
enum err node_register_clients(struct ctx *ctx, struct node *n,
                               const struct json *clients) MUST_USE;
/* Close one, by an act of the node. ERR_NOT_FOUND when none of this id is open. */
enum err node_close_client(struct ctx *ctx, struct node *n, struct str id) MUST_USE;
void node_close(struct node *n);
/* Publish a pack's folder by an act of the node; problems are printed to stderr. */
enum err node_publish(struct ctx *ctx, struct node *n, const char *folder) MUST_USE;
/* Register the sample people of a file (law/sample/people.json) by acts of the node; with accounts,
 * so that they may sign in. */
enum err node_register_people(struct ctx *ctx, struct node *n, const struct json *people,
                              bool accounts) MUST_USE;
/* And the organisations that act by their own keys, with their clients ("institutions" of that
 * form). */
enum err node_register_institutions(struct ctx *ctx, struct node *n,
                                    const struct json *people) MUST_USE;
