/* holder.c - the two processes behind a key holder, and what the inner one does with a key.
 *
 *     node ──door── keeper ──fork── holder        node ══questions══ holder
 *
 * The holder reads the private keys, shuts itself in (confine_to_signing) and answers questions
 * until its socket closes. It is one process in the middle of every write, so it may die (kill -9,
 * memory) or hang (SIGSTOP, a debugger), and then another must take its place. The node cannot fork
 * one: it has threads by then, and after fork a child of a process with threads may use neither
 * malloc nor OpenSSL. So a keeper is forked first, before any thread: it has one thread, no key and
 * nothing to do but to end the holder there is and to fork a new one when the node asks. It is
 * small (all its pages are shared with the node's first moment), shut in like a server and without
 * the network or a file it could write (confine_keeper), and can be reached by nobody else, so
 * nothing ends it but the machine or its owner; when it is gone the node cannot heal, says so and
 * ends in order, and whatever started the node starts it again.
 *
 * Each process dies with the one that forked it (PR_SET_PDEATHSIG): no key outlives its node.
 */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "base/world.h"
#include "crypto/confine.h"
#include "crypto/holder_in.h"
#include "crypto/p256.h"
#include "crypto/sm2.h"

/* ---- signing ---- */

/* heads: the SM2 key made ready, or NULL. */
static bool sign_both(const struct secrets *s, const struct public_keys *p, struct sm2_key *heads,
                      struct str text, struct signatures *ret)
{
    ed25519_sign(s->ed25519, text, ret->ed25519);
    return heads != NULL ? sm2_key_sign(heads, text, ret->sm2)
                         : sm2_sign(s->sm2, p->sm2, text, ret->sm2);
}

/* ---- keys of tokens ---- */

static bool token_derive(const struct secrets *s, enum token_key kind, uint32_t number,
                         struct token_ready *ret)
{
    bool ok = false;
    for (unsigned turn = 0; !ok && turn < 64;
         turn++) { /* a number that is no scalar comes once in 2^32 */
        const uint8_t text[16] = {'t',
                                  'o',
                                  'k',
                                  'e',
                                  'n',
                                  ' ',
                                  'k',
                                  'e',
                                  'y',
                                  (uint8_t)kind,
                                  (uint8_t)turn,
                                  (uint8_t)(number >> 24),
                                  (uint8_t)(number >> 16),
                                  (uint8_t)(number >> 8),
                                  (uint8_t)number,
                                  0};
        hmac_sha256((struct str){(const char *)s->token, sizeof(s->token)},
                    (struct str){(const char *)text, sizeof(text)}, ret->secret);
        switch (kind) {
        case TOKEN_ES256: ok = p256_public(ret->secret, ret->public_key); break;
        case TOKEN_EDDSA:
            ed25519_public(ret->secret, ret->public_key);
            ok = true;
            break;
        case TOKEN_SM2: ok = sm2_public(ret->secret, ret->public_key); break;
        case TOKEN_RS256: /* every secret makes a key: without one memory is short, and another
                             would not help */
            ret->rsa = rsa_key_derive(ret->secret);
            ok = ret->rsa != NULL && rsa_key_public(ret->rsa, ret->public_key);
            turn = 63;
            break;
        }
    }
    ret->kind = kind;
    ret->number = number;
    return ok;
}

static struct token_ready *token_ready(struct token_keys *t, const struct secrets *s, uint32_t kind,
                                       uint32_t number)
{
    if (kind < TOKEN_ES256 || kind > TOKEN_RS256) {
        return NULL;
    }
    struct token_ready *k = &t->ready[kind - 1][number % TOKEN_KEYS_READY];
    if (k->kind == kind && k->number == number) {
        return k;
    }
    p256_key_free(k->p256);
    rsa_key_free(k->rsa);
    bytes_wipe(k, sizeof(*k));
    bool ok = token_derive(s, (enum token_key)kind, number, k);
    if (ok && kind == TOKEN_ES256) {
        k->p256 = p256_key_new(k->secret, k->public_key);
        ok = k->p256 != NULL;
    }
    if (!ok) {
        k->kind = 0;
    }
    return ok ? k : NULL;
}

size_t token_signature_bytes(enum token_key kind)
{
    return kind == TOKEN_RS256 ? RSA_MODULUS : 64;
}

/* ret: token_signature_bytes. */
static bool token_sign(struct token_ready *k, struct str text, uint8_t *ret)
{
    switch ((enum token_key)k->kind) {
    case TOKEN_ES256: return p256_key_sign(k->p256, text, ret);
    case TOKEN_EDDSA: ed25519_sign(k->secret, text, ret); return true;
    case TOKEN_SM2: return sm2_sign(k->secret, k->public_key, text, ret);
    case TOKEN_RS256: return rsa_key_sign(k->rsa, text, ret);
    }
    return false;
}

/* ---- one question ---- */

/* Sign each text of a message of heads and texts, the signatures one after the other; false when it
 * is not made so. */
static bool sign_many(const struct secrets *s, struct token_keys *t, struct str message,
                      uint32_t count, uint8_t *ret, size_t *ret_bytes)
{
    *ret_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct many_head h;
        if (message.n < sizeof(h)) {
            return false;
        }
        memcpy(&h, message.p, sizeof(h));
        message = str_slice(message, sizeof(h), message.n);
        struct token_ready *k = message.n < h.bytes ? NULL : token_ready(t, s, h.kind, h.number);
        if (k == NULL || !token_sign(k, str_slice(message, 0, h.bytes), ret + *ret_bytes)) {
            return false;
        }
        *ret_bytes += token_signature_bytes((enum token_key)h.kind);
        message = str_slice(message, h.bytes, message.n);
    }
    return message.n == 0;
}

void holder_answer(const struct secrets *s, const struct public_keys *p, struct token_keys *t,
                   const struct request *q, struct str text, struct reply *ret, struct many *many)
{
    *ret = (struct reply){0};
    struct token_ready *k = NULL;
    switch ((enum ask)q->what) {
    case ASK_SIGN: {
        struct signatures sig = {0};
        ret->ok = p != NULL && sign_both(s, p, t->heads, text, &sig);
        memcpy(ret->bytes, sig.ed25519, 64);
        memcpy(ret->bytes + 64, sig.sm2, 64);
        break;
    }
    case ASK_TOKEN_PUBLIC:
        k = token_ready(t, s, q->kind, q->number);
        ret->ok = k != NULL;
        if (k != NULL) {
            memcpy(ret->bytes, k->public_key, sizeof(k->public_key));
        }
        break;
    case ASK_TOKEN_SIGN:
        k = token_ready(t, s, q->kind, q->number);
        ret->ok = k != NULL && token_sign(k, text, ret->bytes);
        break;
    case ASK_TOKEN_MANY:
        ret->ok =
            q->number <= TOKEN_TEXTS && sign_many(s, t, text, q->number, many->bytes, &many->count);
        break;
    case ASK_TOKEN_SECRET: {
        uint8_t inner[32];
        hmac_sha256((struct str){(const char *)s->token, sizeof(s->token)}, STR("token secret"),
                    inner);
        hmac_sha256((struct str){(const char *)inner, sizeof(inner)}, text, ret->bytes);
        bytes_wipe(inner, sizeof(inner));
        ret->ok = 1;
        break;
    }
    case ASK_THERE: ret->ok = 1; break;
    }
}

/* ---- the process ---- */

static bool read_all(int fd, void *bytes, size_t n)
{
    char *p = bytes;
    while (n > 0) {
        ssize_t got = read(fd, p, n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        p += got;
        n -= (size_t)got;
    }
    return true;
}

static bool write_all(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n > 0) {
        ssize_t put = send(fd, p, n, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        p += put;
        n -= (size_t)put;
    }
    return true;
}

static enum err read_heads(struct ctx *ctx, struct str dir, struct secrets *ret)
{
    TRY(key_read(ctx, dir, "ed25519.key", ret->ed25519, sizeof(ret->ed25519)));
    return key_read(ctx, dir, "sm2.key", ret->sm2, sizeof(ret->sm2));
}

/* Signing takes the public key on trust: here, once, it is seen to be that of the secret. */
static bool are_a_pair(const struct secrets *s, const struct public_keys *p)
{
    struct public_keys made;
    ed25519_public(s->ed25519, made.ed25519);
    return sm2_public(s->sm2, made.sm2) &&
           bytes_equal(made.ed25519, p->ed25519, sizeof(made.ed25519)) &&
           bytes_equal(made.sm2, p->sm2, sizeof(made.sm2));
}

static enum err holder_open(struct ctx *ctx, struct str dir, const struct public_keys *p,
                            struct secrets *ret)
{
    struct signatures warm;
    static struct token_ready warm_token;
    TRY(key_read(ctx, dir, "token.key", ret->token, sizeof(ret->token)));
    TRY(p == NULL ? ERR_OK : read_heads(ctx, dir, ret));
    /* The library opens what it needs at first use: let it, before the door is shut. */
    if (p != NULL && (!are_a_pair(ret, p) || !sign_both(ret, p, NULL, STR("ready"), &warm))) {
        return fault(ctx, ERR_CRYPTO,
                     "the private keys in keys do not belong to the public ones beside them");
    }
    if (!token_derive(ret, TOKEN_ES256, 0, &warm_token) ||
        !p256_sign(warm_token.secret, warm_token.public_key, STR("ready"), warm.ed25519)) {
        return fault(ctx, ERR_CRYPTO, "the keys of tokens cannot be made");
    }
    return confine_to_signing()
               ? ERR_OK
               : fault(ctx, ERR_NOT_SUPPORTED, "the key holder cannot confine itself");
}

static bool greet(int fd, const struct ctx *ctx, enum err err)
{
    struct greeting g = {.err = err};
    size_t n = ctx->why.detail.n < sizeof(g.detail) ? ctx->why.detail.n : sizeof(g.detail) - 1;
    if (err != ERR_OK && n > 0) {
        memcpy(g.detail, ctx->why.detail.p, n);
    }
    return write_all(fd, &g, sizeof(g)) && err == ERR_OK;
}

/* Keep nothing open but the door: it is moved to 3, what follows is closed. */
static int keep_only(int fd)
{
    int door = fd == 3 ? 3 : dup2(fd, 3);
    return door == 3 && close_range(4, ~0u, 0) == 0 ? 3 : -1;
}

_Noreturn static void holder_main(struct ctx *ctx, struct str dir, int fd,
                                  const struct public_keys *p)
{
    prctl(PR_SET_NAME, "tongban-keys");
    static char text[HOLDER_TEXT_MAX];
    struct secrets s;
    struct request q = {0};
    fd = keep_only(fd);
    bool going = fd == 3 && greet(fd, ctx, holder_open(ctx, dir, p, &s));
    bool ready = going;
    static struct token_keys token;
    static struct many many;
    token.heads = going && p != NULL ? sm2_key_new(s.sm2, p->sm2) : NULL;
    while (going && read_all(fd, &q, sizeof(q)) && q.bytes <= HOLDER_TEXT_MAX &&
           read_all(fd, text, q.bytes)) {
        struct reply r;
        holder_answer(&s, p, &token, &q, (struct str){text, q.bytes}, &r, &many);
        going = write_all(fd, &r, sizeof(r)) &&
                (!has_many(&q, &r) || write_all(fd, many.bytes, many.count));
        bytes_wipe(&r, sizeof(r));
    }
    bytes_wipe(&s, sizeof(s));
    _exit(ready ? 0 : 1);
}

/* Dies with its parent, also when that died before it could be asked for. */
static bool bound_to(pid_t parent)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

/* ---- the keeper ---- */

/* The number, and the descriptor beside it. */
static bool hand_over(int door, uint32_t number, int fd)
{
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec text = {&number, sizeof(number)};
    struct msghdr m = {.msg_iov = &text,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof(control.bytes)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(fd));
    ssize_t put;
    do {
        put = sendmsg(door, &m, MSG_NOSIGNAL);
    } while (put < 0 && errno == EINTR);
    return put == (ssize_t)sizeof(number);
}

static pid_t holder_fork(struct ctx *ctx, struct str dir, const struct public_keys *p,
                         const int pair[2])
{
    pid_t keeper = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        if (!bound_to(keeper)) {
            _exit(1);
        }
        holder_main(ctx, dir, pair[1], p);
    }
    return pid;
}

static void holder_end(pid_t *holder)
{
    if (*holder > 0) {
        kill(*holder, SIGKILL); /* also one that stands still */
        while (waitpid(*holder, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    *holder = 0;
}

_Noreturn static void keeper_main(struct ctx *ctx, struct str dir, int door,
                                  const struct public_keys *p)
{
    pid_t holder = 0;
    uint32_t number = 0;
    prctl(PR_SET_NAME, "tongban-keeper");
    door = keep_only(door);
    bool shut_in = confine_keeper(); /* else there is never a holder, and no node opens */
    while (shut_in && door == 3 && read_all(door, &number, sizeof(number))) {
        int pair[2];
        holder_end(&holder);
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
            break;
        }
        holder = holder_fork(ctx, dir, p, pair);
        bool told = holder > 0 && hand_over(door, number, pair[0]);
        close(pair[0]);
        close(pair[1]);
        if (!told) {
            break;
        }
    }
    holder_end(&holder);
    _exit(0);
}

pid_t keeper_fork(struct ctx *ctx, struct str dir, const struct public_keys *p, int *ret_door)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return -1;
    }
    pid_t node = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGINT, SIG_IGN); /* the node ends it after the last batch is signed */
        signal(SIGTERM, SIG_IGN);
        signal(SIGHUP, SIG_IGN);
        if (!bound_to(node)) {
            _exit(1);
        }
        keeper_main(ctx, dir, pair[1], p);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return -1;
    }
    *ret_door = pair[0];
    return pid;
}
