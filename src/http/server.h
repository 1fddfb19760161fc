/* server.h - an HTTP server over its life: set up, bound, started, stopped. */
#pragma once

#include "http/http.h"

struct http_net;
struct http_server;

/* How long a client may take, in total; what it sent fast buys it no silence later. 0 = the limit
 * of limit.table. */
struct http_times {
    int64_t header_ms;  /* first byte to end of the head; also the TLS handshake */
    int64_t body_ms;    /* and beyond it rate_bytes a second */
    int64_t write_ms;   /* the same for taking an answer */
    int64_t silence_ms; /* without one byte, in a body or of an answer */
    int64_t idle_ms;    /* between requests */
    int64_t rate_bytes;
};

/* Counts of connections for so many processes, in memory that they share when it is made before
 * they are forked. */
struct http_counts;
enum err http_counts_new(struct ctx *ctx, int rows, struct http_counts **ret) MUST_USE;
void http_counts_free(struct http_counts *c);

struct http_setup {
    struct world *world;
    const struct http_net *net; /* NULL = the real network */
    void *arg;                  /* given to the three functions below */
    /* Answer, or keep x and have it answered later. Never blocks. */
    void (*handle)(void *arg, struct http_exchange *x);
    /* Told of every request when its head is whole and before a byte of its body is read, inside
     * the guard. Says what becomes of the body (*ret is max_bytes = LIMIT_HTTP_BODY_BYTES,
     * gathered, before), or answers at once: then nothing is read, handle is not called, and the
     * connection ends when a body was to come. NULL = nothing is said. */
    void (*begin)(void *arg, struct http_exchange *x, struct http_intake *ret);
    /* The text of a refusal made here: fill ret->type, ->body and ->headers for this status and
     * code (a lower-case word such as "bare_lf"). Runs on the loop thread. NULL = problem+json in
     * English and Chinese. */
    void (*on_bad)(void *arg, struct ctx *ctx, int status, struct str code,
                   struct http_response *ret);
    /* Told on a loop thread whenever it has handled what was ready, before it waits: for work that
     * handlers put off so as to do it for many requests at once. NULL = nothing is put off. */
    void (*settled)(void *arg);
    int loops;           /* threads; 0 = 1 */
    int connections_max; /* 0 = LIMIT_HTTP_CONNECTIONS */
    /* Where connections of an address are counted, for several processes that serve the same one;
     * NULL: by this server alone. Each has a row of its own, which begins empty. */
    struct http_counts *counts;
    int counts_row;
    int per_ip_max;    /* 0 = LIMIT_HTTP_CONNECTIONS_PER_IP; an IPv6 /64 counts as one address */
    int strangers_max; /* of these, connections nobody vouched for by http_known; 0 =
                          LIMIT_HTTP_STRANGERS_PER_IP, and as many as per_ip_max from this machine
                          itself, where a proxy stands */
    struct http_times times;
    struct str
        cert_file; /* PEM chain; with key_file: the server speaks TLS 1.2 and 1.3, else plain */
    struct str key_file;       /* PEM */
    struct str client_ca_file; /* PEM; asks clients for a certificate and refuses one it did not
                                  sign; empty = none asked */
};

/* Make a server; ERR_NOT_FOUND or ERR_CRYPTO when certificate or key cannot be used. Setup strings
 * are copied. */
enum err http_server_new(struct ctx *ctx, const struct http_setup *setup,
                         struct http_server **ret) MUST_USE;
/* Bind "127.0.0.1:8080", "[::1]:8080"; port 0 takes a free one. *ret_address is the address bound,
 * on ctx->arena (NULL allowed). ERR_IN_USE when another process listens there; ERR_USAGE for a bad
 * address. Before http_start; may be called for several addresses. */
enum err http_listen(struct ctx *ctx, struct http_server *s, struct str address,
                     struct str *ret_address) MUST_USE;
/* The same in two steps, for several processes that serve one address: bind it before they are
 * forked, and let the server of each listen at the socket, of which each has its own copy and
 * closes it. All are woken by a client that comes, and one gets him: so one that stands still holds
 * up nobody but those it has. */
enum err http_bind(struct ctx *ctx, struct str address, int *ret_socket,
                   struct str *ret_address) MUST_USE;
enum err http_listen_at(struct ctx *ctx, struct http_server *s, int socket) MUST_USE;
/* Start the loops on their threads. */
enum err http_start(struct ctx *ctx, struct http_server *s) MUST_USE;
/* Stop gracefully: refuse new connections, finish requests, end streams, cut clients that are not
 * done after hard_ms (0 = LIMIT_HTTP_STOP_MS), wait for every exchange to be answered, join the
 * threads. */
void http_stop(struct http_server *s, int64_t hard_ms);
/* Give everything back; stops first when still running. NULL is allowed. */
void http_server_free(struct http_server *s);

/* The door without a network, for tests, fuzzers and simulation: bytes of one connection in, the
 * bytes the server would send appended to *ret; the same parser and limits. Not after http_start. A
 * kept exchange is waited for. */
void http_feed(struct http_server *s, struct str bytes, struct buf *ret);
