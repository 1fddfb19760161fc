/* line.h - a line: a stream of bytes between two processes of one node that stand on two machines.
 *
 * The process that writes has a door (door.c) at which fronts of other machines come; such a front
 * is a caller (call.c). What the line carries goes in and out of a local socket pair on either
 * side, moved by a thread of the line's own. So whoever holds the other end of a pair, a relay or a
 * front's gate, cannot tell the far process from one beside it, and never waits for the network.
 *
 * Nobody is believed before he has shown who he is. First both sides prove themselves by TLS 1.3
 * with certificates of one authority that is the node's own and signs nothing else, each for the
 * part it plays (extendedKeyUsage: serverAuth at the door, clientAuth the caller), the door's also
 * for the name it is called by. Then each says in a greeting what it is: the version of the
 * protocol, the form of the data, which node. Where one does not fit, both say the same sentence
 * and the line ends. All of it is bounded in time; before the proof nothing is read but TLS.
 *
 * A line that is up stays up while both processes live and believe each other. One that stands
 * still, or whose certificate was revoked or is over, is noticed within some seconds (watch.c); one
 * whose machine is gone within half a minute, by the system's own keep-alive.
 */
#pragma once

#include <stdatomic.h>

#include "base/base.h"
#include "base/buf.h"

/* ---- greetings: pure ---- */

/* Raise it with every change of what goes over a line: base/link, gate/post.h, err.table, what kept
 * operations carry. A test (src/cli/test_relay.c) keeps the bytes of this version. */
enum { LINE_PROTOCOL = 2, LINE_GREETING_BYTES = 2048 };

struct line_greeting {
    int64_t protocol;
    struct str form;    /* of the data: tables, views, what fills them */
    struct str origin;  /* of the node's ledger */
    struct str issuer;  /* as an identity provider; empty: none, or not told */
    struct str refused; /* in an answer: why the caller is not let in; empty: he is */
};
/* Lines "key value", the protocol first, ended by an empty line. A value that holds a line break is
 * cut there. */
void line_greeting_put(struct buf *b, const struct line_greeting *g);
/* False for what is no greeting. Of another protocol only its number is read: what follows may have
 * another meaning there. Borrows from the text. */
bool line_greeting_get(struct str text, struct line_greeting *ret);
/* May this front talk to this node? ERR_VERSION or ERR_CONFLICT say in a sentence that is true on
 * both sides what does not fit. */
enum err line_greeting_fit(struct ctx *ctx, const struct line_greeting *front,
                           const struct line_greeting *node) MUST_USE;

/* ---- both ends ---- */

/* Where certificates lie: ca.pem (the authority, and its revocation lists if it has any), cert.pem
 * and key.pem (readable by its owner alone). Each call and each caller reads them anew, so what is
 * renewed or revoked there holds from the next one on. */
struct line_config {
    struct str folder;
    struct line_greeting greeting; /* ours */
    void *arg;
    /* One is up: take over this end of its pair, before the first byte. A fault refuses it. */
    enum err (*joins)(struct ctx *ctx, void *arg, int socket);
    /* What happened, for the log. From any thread of the line. */
    void (*say)(void *arg, struct str sentence);
};
enum line_side { LINE_DOOR, LINE_CALLER };
/* Can the certificates in a folder be used for this side? Their dates are not looked at. */
enum err line_check(struct ctx *ctx, struct str folder, enum line_side side) MUST_USE;

/* ---- the door ---- */

struct line_door;
/* Take over a bound and listening socket. At most LIMIT_FRONTS are up at once, by what `joins`
 * says; few more are being greeted, and who comes beyond waits in the socket's queue. Lives on
 * ctx->arena. */
enum err line_door_open(struct ctx *ctx, const struct line_config *config, int socket,
                        struct line_door **ret) MUST_USE;
enum err line_door_start(struct ctx *ctx, struct line_door *d) MUST_USE;
/* Let nobody in any more; those that are up go on. NULL is allowed. */
void line_door_close(struct line_door *d);
/* When the other ends of all pairs are closed: what they left behind is sent, for at most some
 * seconds, and all ends. NULL is allowed. */
void line_door_free(struct line_door *d);

/* ---- the caller ---- */

struct line_caller;
/* Is it "host:port", as a door may be called? */
bool line_is_address(struct str address);
/* address: "host:port", "[::1]:port", of the door. */
enum err line_caller_new(struct ctx *ctx, const struct line_config *config, struct str address,
                         struct line_caller **ret) MUST_USE;
/* Call once, and wait for the greeting. ERR_IO or ERR_TIMEOUT: it cannot be reached now; ERR_CRYPTO
 * and ERR_REFUSED: one side does not believe the other; ERR_VERSION, ERR_CONFLICT: they do not fit.
 * Before line_caller_start. */
enum err line_caller_call(struct ctx *ctx, struct line_caller *c) MUST_USE;
/* From here on a thread carries, and when the line ends calls again, after waits that grow. */
enum err line_caller_start(struct ctx *ctx, struct line_caller *c) MUST_USE;
/* LINE_OVER: it came to a node it does not fit, and does not call again. Any thread. */
enum line_state { LINE_AWAY, LINE_UP, LINE_OVER };
enum line_state line_caller_state(const struct line_caller *c);
/* When the other end of the pair is closed. NULL is allowed. */
void line_caller_free(struct line_caller *c);
