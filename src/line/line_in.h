/* line_in.h - inside the line: one connection, from its socket to its end. */
#pragma once

#include <pthread.h>

#include "line/line.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;

enum {
    LINE_GREET_MS = 5000,   /* for each of connecting, handshake and greetings */
    LINE_DRAIN_MS = 3000,   /* to hand on what came before the end */
    LINE_LINGER_MS = 500,   /* to let one that is refused hear why */
    LINE_LOOK_MS = 2000,    /* between two looks at the other side of a line that is up */
    LINE_SILENT_MS = 10000, /* without a byte, though it was asked */
    LINE_ARENA_BYTES = 1 << 20
};

/* Which file it is, to see whether it is another one. */
struct conn_file {
    uint64_t inode;
    int64_t size;
    int64_t s;
    int64_t ns;
};

/* The network's end is `tcp`, under TLS; ours is `pair`. */
struct conn {
    struct ctx ctx; /* of the thread it belongs to, with an arena of its own */
    SSL_CTX *tls;
    SSL *ssl;
    int tcp;
    int pair;          /* -1: not yet */
    int stop;          /* readable when all shall end; -1: nothing ends it before its time */
    const char *name;  /* the door's, as the caller calls it; NULL at the door */
    char peer[64];     /* address and port, for the log */
    struct str folder; /* of the certificates, and the part we play */
    enum line_side side;
    struct conn_file ca; /* the rest is watch.c's own */
    uint64_t heard_bytes;
    int64_t heard_ns;
    int64_t look_ns;
    bool is_asked;
};

/* tls.c */

/* A connection on this socket, non-blocking, which is taken over also when it fails. */
enum err conn_open(struct conn *c, struct world *world, int tcp) MUST_USE;
void conn_close(struct conn *c);
/* Prove and be proved to, with what lies in the folder now. */
enum err conn_handshake(struct conn *c, struct str folder, enum line_side side) MUST_USE;
/* Send a greeting; hear one, which lives on the connection's arena. */
enum err conn_greet(struct conn *c, const struct line_greeting *g) MUST_USE;
enum err conn_hear(struct conn *c, struct line_greeting *ret) MUST_USE;
/* Bytes got or put; 0: it would block, *ret_events is what to wait for; -1: it has ended. */
int conn_read(struct conn *c, void *bytes, size_t max, short *ret_events);
int conn_write(struct conn *c, const void *bytes, size_t n, short *ret_events);

/* What lies in the folder now, to prove a certificate by. */
enum err conn_tls_new(struct conn *c, SSL_CTX **ret) MUST_USE;
/* The fault of a verdict of OpenSSL on the other side's certificate. */
enum err conn_certificate_fault(struct conn *c, long verdict) MUST_USE;

/* watch.c */

/* From here on the other side is looked at: call before conn_watch. */
void conn_watch_begin(struct conn *c);
/* Is it there, and to be believed? Looks when it is time to (c->look_ns). False: no longer, and
 * c->ctx.why says why. */
bool conn_watch(struct conn *c);

/* Have the system notice a peer that is gone: it is asked after ten seconds of silence, and given
 * up after fifteen more (door.c). */
void line_keep_alive(int tcp);

/* carry.c */

/* Make the pair and let ours be its near end. *ret: the far one, the caller's to close. */
enum err conn_pair(struct conn *c, int *ret) MUST_USE;
/* Carry both ways until one side ends, and hand on what it left behind; or until the other side is
 * no longer there or to be believed (watch.c): then c->ctx.why says why, and nothing is handed on.
 */
void conn_carry(struct conn *c);
/* Say no more, and let the other side take what was said. */
void conn_linger(struct conn *c);
/* Wait until fd can do one of `events`. False when the time is over (until_ns, INT64_MAX: never) or
 * the stop was given. */
bool line_await(struct conn *c, int fd, short events, int64_t until_ns);
int64_t line_after_ms(struct conn *c, int ms);
