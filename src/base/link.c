/* link.c - frames over a stream socket. A head is three numbers of four bytes, the highest first:
 * the other end may be a process on another machine, behind a line (line/line.h). */
#include "base/link.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"

enum { ARENA_MARGIN = 65536 };

enum err link_open(struct ctx *ctx, struct link *l, int socket, size_t out_bytes)
{
    /* The buffer grows where it lies, by doubling: address space for one step beyond its maximum.
     */
    l->arena = arena_new(2 * out_bytes + ARENA_MARGIN);
    l->in_arena = arena_new(LINK_IN_BYTES);
    if (l->arena == NULL || l->in_arena == NULL) {
        arena_free(l->arena);
        arena_free(l->in_arena);
        return fault(ctx, ERR_MEMORY, "no address space for a link between processes");
    }
    l->in = arena_push_bytes(l->in_arena, LINK_IN_BYTES);
    l->socket = socket;
    l->out = buf_new(l->arena, out_bytes);
    l->sent = 0;
    l->head_got = 0;
    l->body = NULL;
    l->own = NULL;
    l->body_got = 0;
    l->in_at = 0;
    l->in_n = 0;
    atomic_store(&l->is_gone, false);
    pthread_mutex_init(&l->lock, NULL);
    return ERR_OK;
}

void link_close(struct link *l)
{
    close(l->socket);
    l->socket = -1;
    pthread_mutex_destroy(&l->lock);
    arena_free(l->arena);
    arena_free(l->in_arena);
    l->arena = l->in_arena = NULL;
}

void link_break(struct link *l)
{
    atomic_store(&l->is_gone, true);
    shutdown(l->socket, SHUT_RDWR);
}

static void out_forget(struct link *l)
{
    arena_clear(l->arena);
    l->out = buf_new(l->arena, l->out.max);
    l->sent = 0;
}

void link_renew(struct link *l, int socket)
{
    pthread_mutex_lock(&l->lock);
    close(l->socket);
    l->socket = socket;
    out_forget(l);
    l->head_got = 0;
    atomic_store(&l->is_gone, false);
    pthread_mutex_unlock(&l->lock);
}

/* ---- heads ---- */

static void number_put(char *to, uint32_t n)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (char)(n >> (24 - 8 * i));
    }
}

static uint32_t number_get(const char *from)
{
    uint32_t n = 0;
    for (int i = 0; i < 4; i++) {
        n = n << 8 | (uint8_t)from[i];
    }
    return n;
}

static void head_put(char to[LINK_HEAD_BYTES], struct link_head head)
{
    number_put(to, head.kind);
    number_put(to + 4, head.id);
    number_put(to + 8, head.bytes);
}

static struct link_head head_get(const char from[LINK_HEAD_BYTES])
{
    return (struct link_head){number_get(from), number_get(from + 4), number_get(from + 8)};
}

/* ---- out ---- */

/* Append the frame; false, with nothing appended, when there is no room for it. */
static bool append(struct link *l, struct link_head head, void (*write)(struct buf *b, void *arg),
                   void *arg)
{
    struct arena_guard guard;
    struct buf before = l->out;
    if (setjmp(guard.jump) != 0) {
        arena_guard(l->arena, NULL);
        l->out = before;
        return false;
    }
    arena_guard(l->arena, &guard);
    char bytes_of_head[LINK_HEAD_BYTES] = {0};
    buf_bytes(&l->out, bytes_of_head, sizeof(bytes_of_head));
    write(&l->out, arg);
    arena_guard(l->arena, NULL);
    size_t bytes = l->out.n - before.n - LINK_HEAD_BYTES;
    if (l->out.err != ERR_OK || bytes > UINT32_MAX) {
        l->out = before;
        return false;
    }
    head.bytes = (uint32_t)bytes;
    head_put(l->out.p + before.n, head);
    return true;
}

bool link_put(struct link *l, uint32_t kind, uint32_t id, void (*write)(struct buf *b, void *arg),
              void *arg)
{
    pthread_mutex_lock(&l->lock);
    bool put = !atomic_load(&l->is_gone) &&
               append(l, (struct link_head){.kind = kind, .id = id}, write, arg);
    pthread_mutex_unlock(&l->lock);
    return put;
}

bool link_flush(struct link *l)
{
    pthread_mutex_lock(&l->lock);
    while (l->sent < l->out.n && !atomic_load(&l->is_gone)) {
        ssize_t n =
            send(l->socket, l->out.p + l->sent, l->out.n - l->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            l->sent += (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            break;
        } else if (n == 0 || errno != EINTR) {
            atomic_store(&l->is_gone, true);
        }
    }
    bool all = l->sent == l->out.n || atomic_load(&l->is_gone);
    if (all && l->out.n > 0) {
        out_forget(l);
    }
    pthread_mutex_unlock(&l->lock);
    return all;
}

/* ---- in ---- */

/* Move bytes from the buffer to where the frame under way wants them. */
static size_t take(struct link *l, char *to, size_t wanted)
{
    size_t n = l->in_n - l->in_at < wanted ? l->in_n - l->in_at : wanted;
    if (to != NULL && n > 0) {
        memcpy(to, l->in + l->in_at, n);
    }
    l->in_at += n;
    return n;
}

static void take_frames(struct link *l, const struct link_taker *t)
{
    while (l->in_at < l->in_n) {
        if (l->head_got < LINK_HEAD_BYTES) {
            l->head_got += take(l, l->head_bytes + l->head_got, LINK_HEAD_BYTES - l->head_got);
            if (l->head_got < LINK_HEAD_BYTES) {
                return;
            }
            l->head = head_get(l->head_bytes);
            l->body_got = 0;
            l->body = t->room(t->arg, &l->head, &l->own);
        }
        l->body_got +=
            take(l, l->body == NULL ? NULL : l->body + l->body_got, l->head.bytes - l->body_got);
        if (l->body_got == l->head.bytes) {
            l->head_got = 0;
            t->whole(t->arg, &l->head, l->body, l->own);
        }
    }
}

static void gone(struct link *l, const struct link_taker *t)
{
    atomic_store(&l->is_gone, true);
    if (l->head_got == LINK_HEAD_BYTES && t->lost != NULL) {
        t->lost(t->arg, l->own);
    }
    l->head_got = 0;
}

bool link_read(struct link *l, const struct link_taker *t)
{
    for (;;) {
        ssize_t n = recv(l->socket, l->in, LINK_IN_BYTES, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 && errno == EAGAIN) {
            return true;
        }
        if (n <= 0) {
            gone(l, t);
            return false;
        }
        l->in_at = 0;
        l->in_n = (size_t)n;
        take_frames(l, t);
        if (n < LINK_IN_BYTES) {
            return true;
        }
    }
}
