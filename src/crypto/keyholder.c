#include "crypto/keyholder.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"

enum { TEXT_MAX = 65536 };

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

/* After this the process can read and write what is open, have memory, and end. */
static bool confine_holder(void)
{
    static const int allowed[] = {SCMP_SYS(read),     SCMP_SYS(sendto),       SCMP_SYS(exit_group), SCMP_SYS(exit),
                                  SCMP_SYS(brk),      SCMP_SYS(mmap),         SCMP_SYS(munmap),     SCMP_SYS(mprotect),
                                  SCMP_SYS(madvise),  SCMP_SYS(getrandom),    SCMP_SYS(futex),      SCMP_SYS(rt_sigreturn),
                                  SCMP_SYS(getpid),   SCMP_SYS(gettid),       SCMP_SYS(mremap),     SCMP_SYS(clock_gettime),
                                  SCMP_SYS(close),    SCMP_SYS(sigaltstack),  SCMP_SYS(write),      SCMP_SYS(tgkill),
                                  SCMP_SYS(rt_sigprocmask)};
    struct rlimit none = {0, 0};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    bool ok = filter != NULL && setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0) == 0;
    for (size_t i = 0; ok && i < LEN(allowed); i++) {
        ok = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) == 0;
    }
    ok = ok && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return ok;
}

_Noreturn static void holder_main(int fd, struct secrets *s, const struct public_keys *p)
{
    char *text = malloc(TEXT_MAX);
    struct signatures warm;
    /* The library opens what it needs at first use: let it, before the door is shut. */
    bool ready = text != NULL && sign_both(s, p, STR("ready"), &warm) && confine_holder();
    uint8_t answer = ready;
    uint32_t n = 0;
    bool going = write_all(fd, &answer, 1) && ready;
    while (going && read_all(fd, &n, sizeof(n)) && n <= TEXT_MAX && read_all(fd, text, n)) {
        struct signatures sig = {0};
        answer = sign_both(s, p, (struct str){text, n}, &sig);
        going = write_all(fd, &answer, 1) && write_all(fd, &sig, sizeof(sig));
    }
    bytes_wipe(s, sizeof(*s));
    _exit(ready ? 0 : 1);
}

enum err keyholder_start(struct ctx *ctx, struct str dir, struct keyholder **ret)
{
    struct keyholder *k = ARENA_NEW(ctx->arena, struct keyholder);
    struct secrets s;
    int pair[2];
    TRY(keys_public(ctx, dir, &k->public_keys));
    TRY(read_key(ctx, dir, "ed25519.key", s.ed25519, 32));
    TRY(read_key(ctx, dir, "sm2.key", s.sm2, 32));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return fault(ctx, ERR_IO, "cannot make a socket pair for the key holder: %s", strerror(errno));
    }
    k->pid = fork();
    if (k->pid == 0) {
        close(pair[0]);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "tongban-keys");
        signal(SIGINT, SIG_IGN); /* the parent stops it after the last batch is signed */
        signal(SIGTERM, SIG_IGN);
        holder_main(pair[1], &s, &k->public_keys);
    }
    bytes_wipe(&s, sizeof(s));
    close(pair[1]);
    k->fd = pair[0];
    uint8_t ready = 0;
    if (k->pid < 0 || !read_all(k->fd, &ready, 1) || !ready) {
        keyholder_stop(k);
        return fault(ctx, ERR_CRYPTO, "the key holder did not start");
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
        uint32_t n = (uint32_t)text.n;
        bool told = write_all(k->fd, &n, sizeof(n)) && write_all(k->fd, text.p, n) && read_all(k->fd, &answer, 1) &&
                    read_all(k->fd, ret, sizeof(*ret));
        answer = told && answer;
    }
    return answer ? ERR_OK : fault(ctx, ERR_CRYPTO, "the key holder did not sign; the node must be restarted");
}
