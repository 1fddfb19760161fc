#include "crypto/keyholder.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "crypto/confine.h"

enum { TEXT_MAX = 65536, ASK_SIGN = 1 };

struct secrets {
    uint8_t ed25519[32];
    uint8_t sm2[32];
};

struct keyholder {
    struct public_keys public_keys;
    struct secrets secrets; /* in memory only; zero when a process holds them */
    int fd;                 /* to the process; -1 for keys in memory */
    pid_t pid;
};

/* ---- files ---- */

static const char *key_path(struct ctx *ctx, struct str dir, const char *name)
{
    return str_format(ctx->arena, "%.*s/keys/%s", FMT(dir), name).p;
}

static enum err write_key(struct ctx *ctx, struct str dir, const char *name, const void *bytes, size_t n, int mode)
{
    struct str hex = hex_encode(ctx->arena, bytes, n);
    return file_write(ctx, key_path(ctx, dir, name), str_format(ctx->arena, "%.*s\n", FMT(hex)), mode);
}

static enum err read_key(struct ctx *ctx, struct str dir, const char *name, void *ret, size_t n)
{
    struct str text = {0};
    TRY(file_read(ctx, key_path(ctx, dir, name), 4096, &text));
    if (!hex_decode(str_trim(text), ret, n)) {
        return fault(ctx, ERR_CORRUPT, "the key file keys/%s does not hold %zu hexadecimal bytes", name, n);
    }
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
    TRY(write_key(ctx, dir, "ed25519.pub", p.ed25519, 32, 0644));
    return write_key(ctx, dir, "sm2.pub", p.sm2, 65, 0644);
}

enum err keys_public(struct ctx *ctx, struct str dir, struct public_keys *ret)
{
    TRY(read_key(ctx, dir, "ed25519.pub", ret->ed25519, 32));
    return read_key(ctx, dir, "sm2.pub", ret->sm2, 65);
}

/* ---- signing ---- */

static bool sign_both(const struct secrets *s, const struct public_keys *p, struct str text, struct signatures *ret)
{
    ed25519_sign(s->ed25519, text, ret->ed25519);
    return sm2_sign(s->sm2, p->sm2, text, ret->sm2);
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

/* What the process says once: which fault kept it from starting, and why. */
struct greeting {
    uint32_t err;
    char detail[252];
};

/* What it is asked: this many bytes follow. */
struct request {
    uint32_t what;
    uint32_t bytes;
};

static enum err read_secrets(struct ctx *ctx, struct str dir, struct secrets *ret)
{
    TRY(read_key(ctx, dir, "ed25519.key", ret->ed25519, sizeof(ret->ed25519)));
    return read_key(ctx, dir, "sm2.key", ret->sm2, sizeof(ret->sm2));
}

/* Signing takes the public key on trust: here, once, it is seen to be that of the secret. */
static bool are_a_pair(const struct secrets *s, const struct public_keys *p)
{
    struct public_keys made;
    ed25519_public(s->ed25519, made.ed25519);
    return sm2_public(s->sm2, made.sm2) && bytes_equal(made.ed25519, p->ed25519, sizeof(made.ed25519)) &&
           bytes_equal(made.sm2, p->sm2, sizeof(made.sm2));
}

static enum err holder_open(struct ctx *ctx, struct str dir, const struct public_keys *p, struct secrets *ret)
{
    struct signatures warm;
    TRY(read_secrets(ctx, dir, ret));
    /* The library opens what it needs at first use: let it, before the door is shut. */
    if (!are_a_pair(ret, p) || !sign_both(ret, p, STR("ready"), &warm)) {
        return fault(ctx, ERR_CRYPTO, "the private keys in keys do not belong to the public ones beside them");
    }
    return confine_to_signing() ? ERR_OK : fault(ctx, ERR_NOT_SUPPORTED, "the key holder cannot confine itself");
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

_Noreturn static void holder_main(struct ctx *ctx, struct str dir, int fd, const struct public_keys *p)
{
    static char text[TEXT_MAX];
    struct secrets s;
    struct request q = {0};
    fd = keep_only(fd);
    bool going = fd == 3 && greet(fd, ctx, holder_open(ctx, dir, p, &s));
    bool ready = going;
    while (going && read_all(fd, &q, sizeof(q)) && q.what == ASK_SIGN && q.bytes <= TEXT_MAX &&
           read_all(fd, text, q.bytes)) {
        struct signatures sig = {0};
        uint8_t answer = sign_both(&s, p, (struct str){text, q.bytes}, &sig);
        going = write_all(fd, &answer, 1) && write_all(fd, &sig, sizeof(sig));
    }
    bytes_wipe(&s, sizeof(s));
    _exit(ready ? 0 : 1);
}

/* Dies with its parent, also when that died before it could be asked for. */
static bool bound_to(pid_t parent)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

enum err keyholder_start(struct ctx *ctx, struct str dir, struct keyholder **ret)
{
    struct keyholder *k = ARENA_NEW(ctx->arena, struct keyholder);
    int pair[2];
    TRY(keys_public(ctx, dir, &k->public_keys));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return fault(ctx, ERR_IO, "cannot make a socket pair for the key holder: %s", strerror(errno));
    }
    pid_t parent = getpid();
    k->pid = fork();
    if (k->pid == 0) {
        prctl(PR_SET_NAME, "tongban-keys");
        signal(SIGINT, SIG_IGN); /* the parent stops it after the last batch is signed */
        signal(SIGTERM, SIG_IGN);
        if (!bound_to(parent)) {
            _exit(1);
        }
        holder_main(ctx, dir, pair[1], &k->public_keys);
    }
    close(pair[1]);
    k->fd = pair[0];
    struct greeting g = {.err = ERR_CRYPTO, .detail = "the key holder did not start"};
    bool told = k->pid > 0 && read_all(k->fd, &g, sizeof(g));
    if (!told || g.err != ERR_OK) {
        keyholder_stop(k);
        g.detail[sizeof(g.detail) - 1] = 0;
        return fault(ctx, told ? (enum err)g.err : ERR_CRYPTO, "%s", g.detail);
    }
    *ret = k;
    return ERR_OK;
}

enum err keyholder_in_memory(struct ctx *ctx, const uint8_t ed25519_seed[32], const uint8_t sm2_secret[32],
                             struct keyholder **ret)
{
    struct keyholder *k = ARENA_NEW(ctx->arena, struct keyholder);
    k->fd = -1;
    memcpy(k->secrets.ed25519, ed25519_seed, 32);
    memcpy(k->secrets.sm2, sm2_secret, 32);
    ed25519_public(ed25519_seed, k->public_keys.ed25519);
    if (!sm2_public(sm2_secret, k->public_keys.sm2)) {
        return fault(ctx, ERR_CRYPTO, "the SM2 secret is no scalar of the curve");
    }
    *ret = k;
    return ERR_OK;
}

void keyholder_stop(struct keyholder *k)
{
    if (k == NULL || k->fd < 0) {
        return;
    }
    close(k->fd);
    k->fd = -1;
    if (k->pid > 0) {
        waitpid(k->pid, NULL, 0);
    }
}

const struct public_keys *keyholder_public(const struct keyholder *k)
{
    return &k->public_keys;
}

enum err keyholder_sign(struct ctx *ctx, struct keyholder *k, struct str text, struct signatures *ret)
{
    uint8_t answer = 0;
    if (text.n > TEXT_MAX) {
        return fault(ctx, ERR_TOO_LARGE, "a text to sign is longer than %d bytes", TEXT_MAX);
    }
    if (k->fd < 0) {
        answer = k->pid == 0 && sign_both(&k->secrets, &k->public_keys, text, ret);
    } else {
        struct request q = {ASK_SIGN, (uint32_t)text.n};
        struct signatures got;
        bool told = write_all(k->fd, &q, sizeof(q)) && write_all(k->fd, text.p, text.n) &&
                    read_all(k->fd, &answer, 1) && read_all(k->fd, &got, sizeof(got));
        answer = told && answer;
        if (answer) {
            *ret = got;
        }
    }
    return answer ? ERR_OK : fault(ctx, ERR_CRYPTO, "the key holder did not sign; the node must be restarted");
}
