#include "crypto/keyholder.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/world.h"
#include "crypto/confine.h"

enum { TEXT_MAX = 65536, TOKEN_KINDS = 4, TOKEN_KEYS_READY = 4, REPLY_BYTES = 256 };
enum ask { ASK_SIGN = 1, ASK_TOKEN_PUBLIC, ASK_TOKEN_SIGN, ASK_TOKEN_SECRET, ASK_TOKEN_MANY };

struct secrets {
    uint8_t ed25519[32];
    uint8_t sm2[32];
    uint8_t token[32];
};

/* A key of tokens made ready. The place is by number, so that the former, the present and the next
 * key of a kind never put each other out. */
struct token_ready {
    uint32_t kind; /* enum token_key; 0: free */
    uint32_t number;
    uint8_t secret[32];
    uint8_t public_key[TOKEN_PUBLIC];
    struct p256_key *p256;
    struct rsa_key *rsa;
};
struct token_keys {
    struct token_ready ready[TOKEN_KINDS][TOKEN_KEYS_READY];
    struct sm2_key *heads; /* that signs the ledger's heads; NULL: made anew each time */
};

struct keyholder {
    struct public_keys public_keys;
    struct secrets secrets; /* in memory only; zero when a process holds them */
    struct token_keys token;
    int fd; /* to the process; -1 for keys in memory */
    pid_t pid;
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

static enum err read_key(struct ctx *ctx, struct str dir, const char *name, void *ret, size_t n)
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
    TRY(read_key(ctx, dir, "ed25519.pub", ret->ed25519, 32));
    return read_key(ctx, dir, "sm2.pub", ret->sm2, 65);
}

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

struct request {
    uint32_t what;  /* enum ask */
    uint32_t bytes; /* so many follow */
    uint32_t kind;  /* enum token_key, and which number; for keys of tokens */
    uint32_t number;
};
struct reply {
    uint8_t ok;
    uint8_t bytes[REPLY_BYTES];
};

/* One text of many, before its bytes. */
struct many_head {
    uint32_t kind;
    uint32_t number;
    uint32_t bytes;
};

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

/* The signatures of many follow the reply. */
struct many {
    uint8_t bytes[TOKEN_TEXTS * TOKEN_SIGNATURE];
    size_t count; /* of bytes */
};
static bool has_many(const struct request *q, const struct reply *r)
{
    return q->what == ASK_TOKEN_MANY && r->ok;
}

static void answer(const struct secrets *s, const struct public_keys *p, struct token_keys *t,
                   const struct request *q, struct str text, struct reply *ret, struct many *many)
{
    *ret = (struct reply){0};
    struct token_ready *k = NULL;
    switch ((enum ask)q->what) {
    case ASK_SIGN: {
        struct signatures sig = {0};
        ret->ok = sign_both(s, p, t->heads, text, &sig);
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

/* What the process says once: which fault kept it from starting, and why. */
struct greeting {
    uint32_t err;
    char detail[252];
};

static enum err read_secrets(struct ctx *ctx, struct str dir, struct secrets *ret)
{
    TRY(read_key(ctx, dir, "ed25519.key", ret->ed25519, sizeof(ret->ed25519)));
    TRY(read_key(ctx, dir, "token.key", ret->token, sizeof(ret->token)));
    return read_key(ctx, dir, "sm2.key", ret->sm2, sizeof(ret->sm2));
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
    TRY(read_secrets(ctx, dir, ret));
    /* The library opens what it needs at first use: let it, before the door is shut. */
    if (!are_a_pair(ret, p) || !sign_both(ret, p, NULL, STR("ready"), &warm)) {
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
    static char text[TEXT_MAX];
    struct secrets s;
    struct request q = {0};
    fd = keep_only(fd);
    bool going = fd == 3 && greet(fd, ctx, holder_open(ctx, dir, p, &s));
    bool ready = going;
    static struct token_keys token;
    static struct many many;
    token.heads = going ? sm2_key_new(s.sm2, p->sm2) : NULL;
    while (going && read_all(fd, &q, sizeof(q)) && q.bytes <= TEXT_MAX &&
           read_all(fd, text, q.bytes)) {
        struct reply r;
        answer(&s, p, &token, &q, (struct str){text, q.bytes}, &r, &many);
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

enum err keyholder_start(struct ctx *ctx, struct str dir, struct keyholder **ret)
{
    struct keyholder *k = ARENA_NEW(ctx->arena, struct keyholder);
    int pair[2];
    TRY(keys_public(ctx, dir, &k->public_keys));
    if (ctx->world->exists(ctx->world, key_path(ctx, dir, "token.key")) == -ENOENT) {
        TRY(create_token_secret(ctx, dir)); /* a node made before there were tokens */
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        return fault(ctx, ERR_IO, "cannot make a socket pair for the key holder: %s",
                     strerror(errno));
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

enum err keyholder_in_memory(struct ctx *ctx, const uint8_t ed25519_seed[32],
                             const uint8_t sm2_secret[32], struct keyholder **ret)
{
    struct keyholder *k = ARENA_NEW(ctx->arena, struct keyholder);
    k->fd = -1;
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

/* many: room for the signatures of ASK_TOKEN_MANY, with their count of bytes; NULL for others. */
static enum err ask_for(struct ctx *ctx, struct keyholder *k, struct request q, struct str text,
                        struct reply *ret, struct many *many)
{
    if (text.n > TEXT_MAX) {
        return fault(ctx, ERR_TOO_LARGE, "a text to sign is longer than %d bytes", TEXT_MAX);
    }
    q.bytes = (uint32_t)text.n;
    *ret = (struct reply){0};
    if (k->fd < 0 && k->pid == 0) {
        answer(&k->secrets, &k->public_keys, &k->token, &q, text, ret, many);
    } else if (k->fd >= 0) {
        char *message = arena_push_bytes(
            ctx->arena, sizeof(q) + text.n); /* one write, so that the holder wakes once */
        memcpy(message, &q, sizeof(q));
        memcpy(message + sizeof(q), text.p == NULL ? "" : text.p, text.n);
        struct reply got;
        bool told =
            write_all(k->fd, message, sizeof(q) + text.n) && read_all(k->fd, &got, sizeof(got));
        told = told && (!has_many(&q, &got) || read_all(k->fd, many->bytes, many->count));
        if (told) {
            *ret = got;
        }
    }
    return ret->ok
               ? ERR_OK
               : fault(ctx, ERR_CRYPTO, "the key holder did not sign; the node must be restarted");
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
    struct buf b = buf_new(ctx->arena, TEXT_MAX);
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
