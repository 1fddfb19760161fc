/* link.h - a socket between two processes of ours: frames, put by any thread and sent many at once.
 *
 * A frame is a head and bytes. What is put waits in an arena until it is flushed, and what the
 * socket does not take at once waits for the next flush, so putting never waits for the other
 * process, which may be stopped or slow. One thread reads. A socket that breaks is gone for good:
 * the other process has ended, or cannot be reached; a link may go on with another socket.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/buf.h"

struct link_head {
    uint32_t kind;
    uint32_t id;
    uint32_t bytes;
};

enum { LINK_IN_BYTES = 65536, LINK_HEAD_BYTES = 12 };

struct link {
    int socket;
    atomic_bool is_gone;
    pthread_mutex_t lock; /* of what follows, up to the reader's own */
    struct arena *arena;
    struct buf out;
    size_t sent; /* of out */
    /* The reader's own. */
    char head_bytes[LINK_HEAD_BYTES];
    struct link_head head;
    size_t head_got;
    char *body;
    void *own;
    size_t body_got;
    size_t in_at;
    size_t in_n;
    struct arena *in_arena;
    char *in; /* LINK_IN_BYTES of it: a link that is not used touches none */
};

/* Take over a connected stream socket. At most out_bytes wait to be sent. */
enum err link_open(struct ctx *ctx, struct link *l, int socket, size_t out_bytes) MUST_USE;
void link_close(struct link *l);
/* End it as if the other side had: from any thread. */
void link_break(struct link *l);

/* Go on with another socket, which is taken over, as if new: what waited to be sent and what was
 * half read is forgotten. The reading thread, after the link was gone. */
void link_renew(struct link *l, int socket);

/* Put a frame whose bytes `write` appends. False when the link is gone or too much waits; then
 * nothing is put. From any thread. */
bool link_put(struct link *l, uint32_t kind, uint32_t id, void (*write)(struct buf *b, void *arg),
              void *arg);
/* Send what waits, as much as goes now. True when nothing is left. From any thread. */
bool link_flush(struct link *l);

/* How frames are taken: memory for a frame that begins (NULL: its bytes are thrown away) with what
 * belongs to it, then the whole frame. */
struct link_taker {
    void *arg;
    char *(*room)(void *arg, const struct link_head *head, void **ret_own);
    void (*whole)(void *arg, const struct link_head *head, char *body, void *own);
    void (*lost)(void *arg, void *own); /* a frame that began and will not be whole; may be NULL */
};
/* Read all that is there, without waiting. False when the link is gone. The reading thread only. */
bool link_read(struct link *l, const struct link_taker *taker);
