/* keyholder.c - asking the process that holds the keys (holder.c), in bounded time, and having it
 * started again when it does not answer.
 *
 * A question has a time in which it must be answered. When it is not, or the holder is gone, the
 * socket is closed (its next bytes would answer a question nobody asks any more), the keeper is
 * asked for a new holder, and the question is put once more: a holder that was killed costs a write
 * some milliseconds, one that hangs costs it ASK_MS once, and no write is lost. When no new holder
 * can be had either, the answer is ERR_SIGNING, at once for PAUSE_MS, so that a queue of writes
 * does not wait in turn; then the next question tries again.
 *
 * All of it is under one mutex: a question, its answer and a new holder are one step.
 */
#include "crypto/keyholder.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/encode.h"
#include "base/world.h"
#include "crypto/holder_in.h"
#include "crypto/sm2.h"

enum {
    ASK_MS = 1500,       /* a signature takes 0.1 ms */
    ASK_TOKEN_MS = 3000, /* the first use of an RSA key takes 100 ms */
    START_MS = 1500,     /* a holder starts in 10 ms */
    PAUSE_MS = 1000,
    STOP_MS = 1000
};

struct keyholder {
    struct public_keys public_keys;
    struct secrets secrets; /* in memory only; zero when a process holds them */
    struct token_keys token;
    bool in_memory;
    atomic_int state;     /* enum keyholder_state */
    pthread_mutex_t lock; /* of what follows */
    int fd;               /* to the holder; -1: there is none */
    int door;             /* to the keeper; -1: there is none */
    pid_t keeper;
    uint32_t starts;  /* how many holders were asked for */
    int64_t retry_ns; /* no new one is asked for before */
};

/* ---- files ---- */

static const char *key_path(struct ctx *ctx, struct str dir, const char *name)
{
    return str_format(ctx->arena, "%.*s/keys/%s", FMT(dir), name).p;
}

static enum err write_key(struct ctx *ctx, struct str dir, const char *name, const void *bytes,
                          size_t n, int mode)
{
    struct str hex = hex_encode(ctx->arena, bytes, n);
    return file_write(ctx, key_path(ctx, dir, name), str_format(ctx->arena, "%.*s\n", FMT(hex)),
                      mode);
}

enum err key_read(struct ctx *ctx, struct str dir, const char *name, void *ret, size_t n)
{
    struct str text = {0};
    TRY(file_read(ctx, key_path(ctx, dir, name), 4096, &text));
    if (!hex_decode(str_trim(text), ret, n)) {
        return fault(ctx, ERR_CORRUPT, "the key file keys/%s does not hold %zu hexadecimal bytes",
                     name, n);
    }
    return ERR_OK;
}

static enum err create_token_secret(struct ctx *ctx, struct str dir)
{
    uint8_t secret[32];
    ctx->world->random(ctx->world, secret, sizeof(secret));
    TRY(write_key(ctx, dir, "token.key", secret, sizeof(secret), 0600));
    bytes_wipe(secret, sizeof(secret));
    return ERR_OK;
}

enum err keys_create(struct ctx *ctx, struct str dir)
{
    struct world *w = ctx->world;
    if (w->exists(w, key_path(ctx, dir, "ed25519.key")) == 0) {
        return fault(ctx, ERR_DUPLICATE, "%.*s/keys holds keys already", FMT(dir));
    }
    const char *folder = str_format(ctx->arena, "%.*s/keys", FMT(dir)).p;
    int made = w->mkdir(w, folder, 0700);
    if (made < 0 && made != -EEXIST) {
        return fault(ctx, world_err(made), "cannot make %s", folder);
    }
    struct secrets s;
    struct public_keys p;
    w->random(w, s.ed25519, sizeof(s.ed25519));
    do {
        w->random(w, s.sm2, sizeof(s.sm2));
    } while (!sm2_public(s.sm2, p.sm2));
    ed25519_public(s.ed25519, p.ed25519);
    TRY(write_key(ctx, dir, "ed25519.key", s.ed25519, 32, 0600));
    TRY(write_key(ctx, dir, "sm2.key", s.sm2, 32, 0600));
    bytes_wipe(&s, sizeof(s));
    TRY(create_token_secret(ctx, dir));
    TRY(write_key(ctx, dir, "ed25519.pub", p.ed25519, 32, 0644));
    return write_key(ctx, dir, "sm2.pub", p.sm2, 65, 0644);
}

enum err keys_public(struct ctx *ctx, struct str dir, struct public_keys *ret)
{
    TRY(key_read(ctx, dir, "ed25519.pub", ret->ed25519, 32));
    return key_read(ctx, dir, "sm2.pub", ret->sm2, 65);
}

/* ---- bytes, in time ---- */

static int64_t after_ms(struct ctx *ctx, int ms)
{
    return ctx->world->mono_ns(ctx->world) + (int64_t)ms * 1000000;
}

/* Wait until fd can be read (or written); false when the time is over. */
static bool await(struct ctx *ctx, int fd, short events, int64_t until_ns)
{
    for (;;) {
        int64_t left = (until_ns - ctx->world->mono_ns(ctx->world) + 999999) / 1000000;
        struct pollfd p = {.fd = fd, .events = events};
        int r = left <= 0 ? 0 : poll(&p, 1, (int)left);
        if (r > 0 || (r < 0 && errno != EINTR) || left <= 0) {
            return r > 0;
        }
    }
}

static bool read_by(struct ctx *ctx, int fd, void *bytes, size_t n, int64_t until_ns)
{
    char *p = bytes;
    while (n > 0) {
        ssize_t got = recv(fd, p, n, MSG_DONTWAIT);
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        } else if (got == 0 || (errno != EINTR && errno != EAGAIN) ||
                   !await(ctx, fd, POLLIN, until_ns)) {
            return false;
        }
    }
    return true;
}

static bool write_by(struct ctx *ctx, int fd, const void *bytes, size_t n, int64_t until_ns)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t put = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put > 0) {
            p += put;
            n -= (size_t)put;
        } else if ((errno != EINTR && errno != EAGAIN) || !await(ctx, fd, POLLOUT, until_ns)) {
            return false;
        }
    }
    return true;
}

/* ---- a new holder ---- */

static void holder_drop(struct keyholder *k)
{
    if (k->fd >= 0) {
        close(k->fd);
    }
    k->fd = -1;
}

/* The keeper's next answer: a number and a descriptor (-1: none came). False when it is gone. */
static bool door_read(struct ctx *ctx, int door, int64_t until_ns, uint32_t *ret, int *ret_fd)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec text = {ret, sizeof(*ret)};
    struct msghdr m = {.msg_iov = &text,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof(control.bytes)};
    ssize_t got = -1;
    *ret_fd = -1;
    while (got < 0) {
        got = recvmsg(door, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (got < 0 &&
            ((errno != EINTR && errno != EAGAIN) || !await(ctx, door, POLLIN, until_ns))) {
            return false;
        }
    }
    const struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c != NULL && c->cmsg_type == SCM_RIGHTS) {
        memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
    }
    return got == (ssize_t)sizeof(*ret);
}

/* True when the keeper has ended: then there is never a holder again. */
static bool keeper_is_gone(const struct keyholder *k)
{
    struct pollfd p = {.fd = k->door, .events = POLLRDHUP};
    return k->door < 0 || (poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP)) != 0);
}

/* Ask the keeper for a holder and hear its greeting. The keeper may have stood still while others
 * were asked for: those come first, and are let go. */
static enum err holder_new(struct ctx *ctx, struct keyholder *k)
{
    struct greeting g = {.err = ERR_SIGNING, .detail = "the key holder did not start"};
    int64_t until = after_ms(ctx, START_MS);
    uint32_t want = ++k->starts;
    uint32_t number = 0;
    holder_drop(k);
    bool told = k->door >= 0 && write_by(ctx, k->door, &want, sizeof(want), until);
    while (told && number != want) {
        holder_drop(k);
        told = door_read(ctx, k->door, until, &number, &k->fd) && k->fd >= 0;
    }
    told = told && read_by(ctx, k->fd, &g, sizeof(g), until);
    if (told && g.err == ERR_OK) {
        return ERR_OK;
    }
    holder_drop(k);
    g.detail[sizeof(g.detail) - 1] = 0;
    return fault(ctx, told ? (enum err)g.err : ERR_SIGNING, "%s", g.detail);
}

/* A private key that others can read is theirs as well: it is not used until its owner saw to it.
 */
static enum err keys_are_private(struct ctx *ctx, struct str dir)
{
    static const char *const names[] = {"ed25519.key", "sm2.key", "token.key"};
    for (size_t i = 0; i < LEN(names); i++) {
        struct stat st;
        const char *path = key_path(ctx, dir, names[i]);
        if (stat(path, &st) == 0 && (st.st_mode & 077) != 0) {
            return fault(ctx, ERR_FORBIDDEN,
                         "%s can be read by others (mode %03o): chmod 600 it, or make new keys if "
                         "they did",
                         path, st.st_mode & 0777);
        }
    }
    return ERR_OK;
}

/* heads: the public keys of the holder that signs them; NULL: it holds the secret of tokens alone.
 */
static enum err start(struct ctx *ctx, struct str dir, const struct public_keys *heads,
                      struct keyholder **ret)
{
    struct keyholder *k = ARENA_NEW(ctx->arena, struct keyholder);
    k->fd = -1;
    k->door = -1;
    k->public_keys = heads == NULL ? (struct public_keys){0} : *heads;
    TRY(keys_are_private(ctx, dir));
    k->keeper = keeper_fork(ctx, dir, heads == NULL ? NULL : &k->public_keys, &k->door);
    if (k->keeper < 0) {
        return fault(ctx, ERR_MEMORY, "the system gives no process for the key holder: %s",
                     strerror(errno));
    }
    pthread_mutex_init(&k->lock, NULL);
    /* At the start there is no hurry: a machine under load may take its time. */
    enum err e = ERR_SIGNING;
    for (int i = 0; i < 4 && e == ERR_SIGNING; i++) {
        e = holder_new(ctx, k);
    }
    if (e != ERR_OK) {
        struct why why = ctx->why;
        keyholder_stop(k);
        ctx->why = why;
        return fault_pass(ctx, e, __func__);
    }
    *ret = k;
    return ERR_OK;
}

enum err keyholder_start(struct ctx *ctx, struct str dir, struct keyholder **ret)
{
    struct public_keys heads;
    TRY(keys_public(ctx, dir, &heads));
    if (ctx->world->exists(ctx->world, key_path(ctx, dir, "token.key")) == -ENOENT) {
        TRY(create_token_secret(ctx, dir)); /* a node made before there were tokens */
    }
    return start(ctx, dir, &heads, ret);
}

enum err keyholder_start_tokens(struct ctx *ctx, struct str dir, struct keyholder **ret)
{
    return start(ctx, dir, NULL, ret);
}

enum err keyholder_in_memory(struct ctx *ctx, const uint8_t ed25519_seed[32],
                             const uint8_t sm2_secret[32], struct keyholder **ret)
{
    struct keyholder *k = ARENA_NEW(ctx->arena, struct keyholder);
    k->fd = -1;
    k->door = -1;
    k->in_memory = true;
    pthread_mutex_init(&k->lock, NULL);
    memcpy(k->secrets.ed25519, ed25519_seed, 32);
    memcpy(k->secrets.sm2, sm2_secret, 32);
    hmac_sha256((struct str){(const char *)ed25519_seed, 32}, STR("token.key"), k->secrets.token);
    ed25519_public(ed25519_seed, k->public_keys.ed25519);
    if (!sm2_public(sm2_secret, k->public_keys.sm2)) {
        return fault(ctx, ERR_CRYPTO, "the SM2 secret is no scalar of the curve");
    }
    *ret = k;
    return ERR_OK;
}

/* The keeper ends by itself when its door closes; one that stands still is ended. */
static void keeper_wait(pid_t keeper)
{
    const struct timespec shortly = {.tv_nsec = 1000000};
    for (int ms = 0; ms < STOP_MS; ms++) {
        if (waitpid(keeper, NULL, WNOHANG) != 0) {
            return;
        }
        nanosleep(&shortly, NULL);
    }
    kill(keeper, SIGKILL);
    waitpid(keeper, NULL, 0);
}

void keyholder_stop(struct keyholder *k)
{
    if (k == NULL || k->door < 0) {
        return;
    }
    pthread_mutex_lock(&k->lock);
    holder_drop(k);
    close(k->door);
    k->door = -1;
    pthread_mutex_unlock(&k->lock);
    keeper_wait(k->keeper);
}

const struct public_keys *keyholder_public(const struct keyholder *k)
{
    return &k->public_keys;
}

/* ---- asking ---- */

struct question {
    struct request head;
    const char *message; /* head and text, written at once, so that the holder wakes once */
    size_t bytes;
    int wait_ms;
};

/* Put a question and hear the answer; false when the holder is gone or does not answer in time. */
static bool put(struct ctx *ctx, struct keyholder *k, const struct question *q, struct reply *ret,
                struct many *many)
{
    int64_t until = after_ms(ctx, q->wait_ms);
    return k->fd >= 0 && write_by(ctx, k->fd, q->message, q->bytes, until) &&
           read_by(ctx, k->fd, ret, sizeof(*ret), until) &&
           (!has_many(&q->head, ret) || read_by(ctx, k->fd, many->bytes, many->count, until));
}

/* Under the lock. */
static bool put_or_start(struct ctx *ctx, struct keyholder *k, const struct question *q,
                         struct reply *ret, struct many *many)
{
    if (put(ctx, k, q, ret, many)) {
        return true;
    }
    holder_drop(k);
    atomic_store(&k->state, keeper_is_gone(k) ? KEYHOLDER_LOST : KEYHOLDER_AWAY);
    if (ctx->world->mono_ns(ctx->world) < k->retry_ns || keeper_is_gone(k)) {
        return false;
    }
    bool good = holder_new(ctx, k) == ERR_OK && put(ctx, k, q, ret, many);
    if (!good) {
        holder_drop(k);
        k->retry_ns = after_ms(ctx, PAUSE_MS);
    }
    return good;
}

/* many: room for the signatures of ASK_TOKEN_MANY, with their count of bytes; NULL for others. */
static enum err ask_for(struct ctx *ctx, struct keyholder *k, struct request q, struct str text,
                        struct reply *ret, struct many *many)
{
    if (text.n > HOLDER_TEXT_MAX) {
        return fault(ctx, ERR_TOO_LARGE, "a text to sign is longer than %d bytes", HOLDER_TEXT_MAX);
    }
    q.bytes = (uint32_t)text.n;
    *ret = (struct reply){0};
    if (k->in_memory) {
        holder_answer(&k->secrets, &k->public_keys, &k->token, &q, text, ret, many);
    } else {
        char *message = arena_push_bytes(ctx->arena, sizeof(q) + text.n);
        memcpy(message, &q, sizeof(q));
        memcpy(message + sizeof(q), text.p == NULL ? "" : text.p, text.n);
        bool head = q.what == ASK_SIGN || q.what == ASK_THERE;
        struct question question = {q, message, sizeof(q) + text.n, head ? ASK_MS : ASK_TOKEN_MS};
        pthread_mutex_lock(&k->lock);
        bool told = put_or_start(ctx, k, &question, ret, many);
        if (told) {
            atomic_store(&k->state, KEYHOLDER_WELL);
        }
        pthread_mutex_unlock(&k->lock);
        if (!told) {
            *ret = (struct reply){0};
            return fault(ctx, ERR_SIGNING, "the key holder is away and cannot be started again");
        }
    }
    return ret->ok ? ERR_OK : fault(ctx, ERR_CRYPTO, "the key holder did not sign");
}

enum err keyholder_watch(struct ctx *ctx, struct keyholder *k)
{
    struct reply r;
    return ask_for(ctx, k, (struct request){.what = ASK_THERE}, STR(""), &r, NULL);
}

enum keyholder_state keyholder_state(const struct keyholder *k)
{
    return (enum keyholder_state)atomic_load(&k->state);
}

static enum err ask(struct ctx *ctx, struct keyholder *k, struct request q, struct str text,
                    struct reply *ret)
{
    return ask_for(ctx, k, q, text, ret, NULL);
}

enum err keyholder_sign(struct ctx *ctx, struct keyholder *k, struct str text,
                        struct signatures *ret)
{
    struct reply r;
    TRY(ask(ctx, k, (struct request){.what = ASK_SIGN}, text, &r));
    memcpy(ret->ed25519, r.bytes, 64);
    memcpy(ret->sm2, r.bytes + 64, 64);
    return ERR_OK;
}

enum err keyholder_token_public(struct ctx *ctx, struct keyholder *k, enum token_key kind,
                                uint32_t number, uint8_t ret[TOKEN_PUBLIC])
{
    struct reply r;
    TRY(ask(ctx, k, (struct request){.what = ASK_TOKEN_PUBLIC, .kind = kind, .number = number},
            STR(""), &r));
    memcpy(ret, r.bytes, TOKEN_PUBLIC);
    return ERR_OK;
}

enum err keyholder_token_sign(struct ctx *ctx, struct keyholder *k, enum token_key kind,
                              uint32_t number, struct str text, uint8_t ret[TOKEN_SIGNATURE])
{
    struct reply r;
    TRY(ask(ctx, k, (struct request){.what = ASK_TOKEN_SIGN, .kind = kind, .number = number}, text,
            &r));
    memcpy(ret, r.bytes, token_signature_bytes(kind));
    return ERR_OK;
}

enum err keyholder_token_sign_many(struct ctx *ctx, struct keyholder *k, struct token_text *texts,
                                   size_t count)
{
    struct reply r;
    struct many many = {.count = 0};
    struct buf b = buf_new(ctx->arena, HOLDER_TEXT_MAX);
    struct str message = {0};
    if (count == 0 || count > TOKEN_TEXTS) {
        return fault(ctx, ERR_TOO_MANY, "1 to %d texts are signed at one asking", TOKEN_TEXTS);
    }
    for (size_t i = 0; i < count; i++) {
        struct many_head h = {texts[i].kind, texts[i].number, (uint32_t)texts[i].text.n};
        buf_bytes(&b, &h, sizeof(h));
        buf_put(&b, texts[i].text);
        many.count += token_signature_bytes(texts[i].kind);
    }
    TRY(buf_done(ctx, &b, &message));
    TRY(ask_for(ctx, k, (struct request){.what = ASK_TOKEN_MANY, .number = (uint32_t)count},
                message, &r, &many));
    const uint8_t *at = many.bytes;
    for (size_t i = 0; i < count; i++) {
        memcpy(texts[i].signature, at, token_signature_bytes(texts[i].kind));
        at += token_signature_bytes(texts[i].kind);
    }
    return ERR_OK;
}

enum err keyholder_token_secret(struct ctx *ctx, struct keyholder *k, struct str label,
                                uint8_t ret[32])
{
    struct reply r;
    TRY(ask(ctx, k, (struct request){.what = ASK_TOKEN_SECRET}, label, &r));
    memcpy(ret, r.bytes, 32);
    return ERR_OK;
}
