/* Lines over the loopback, with certificates made here: what is carried arrives, ends are heard, a
 * line comes up again; and whoever does not belong is kept out, with the sentence that says why. */
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/test.h"
#include "base/world.h"
#include "line/line.h"

/* ---- greetings ---- */

static struct line_greeting ours(void)
{
    return (struct line_greeting){.protocol = LINE_PROTOCOL,
                                  .form = STR("12.ab"),
                                  .origin = STR("node.example/bh"),
                                  .issuer = STR("https://node.example")};
}

TEST(line_greetings_are_read_as_they_were_put)
{
    struct line_greeting g = ours();
    struct line_greeting back;
    struct buf b = buf_new(ctx->arena, 0);
    g.refused = STR("too many\nform of another line");
    line_greeting_put(&b, &g);
    CHECK(line_greeting_get(buf_str(&b), &back));
    CHECK(back.protocol == LINE_PROTOCOL && str_equal(back.form, g.form) &&
          str_equal(back.origin, g.origin) && str_equal(back.issuer, g.issuer));
    CHECK(str_equal(back.refused, STR("too many")));
    /* Keys to come are passed over; of another protocol only the number and a refusal count. */
    CHECK(line_greeting_get(STR("tongban front 2\nfuture x y\norigin a/b\n\n"), &back));
    CHECK(str_equal(back.origin, STR("a/b")));
    CHECK(line_greeting_get(STR("tongban front 7\norigin a/b\nrefused no\n\n"), &back));
    CHECK(back.protocol == 7 && back.origin.n == 0 && str_equal(back.refused, STR("no")));
    static const char *const wrong[] = {"",
                                        "\n\n",
                                        "tongban",
                                        "tongban front \n\n",
                                        "tongban front one\n\n",
                                        "GET / HTTP/1.1\r\n\r\n"};
    for (size_t i = 0; i < LEN(wrong); i++) {
        CHECK(!line_greeting_get(str_from(wrong[i]), &back));
    }
}

TEST(line_greetings_fit_or_say_why_not)
{
    struct line_greeting node = ours();
    struct line_greeting front = ours();
    CHECK_OK(line_greeting_fit(ctx, &front, &node));
    front.issuer = STR(""); /* it gives out no identities */
    CHECK_OK(line_greeting_fit(ctx, &front, &node));
    front.issuer = STR("https://other.example");
    CHECK_ERR(line_greeting_fit(ctx, &front, &node), ERR_CONFLICT);
    front = ours();
    front.origin = STR("node.example/xx");
    CHECK_ERR(line_greeting_fit(ctx, &front, &node), ERR_CONFLICT);
    CHECK(str_find(ctx->why.detail, STR("one of the node node.example/xx, and this is")) !=
          SIZE_MAX);
    front = ours();
    front.form = STR("11.ab");
    CHECK_ERR(line_greeting_fit(ctx, &front, &node), ERR_VERSION);
    front.protocol = 0; /* the first thing that is looked at */
    CHECK_ERR(line_greeting_fit(ctx, &front, &node), ERR_VERSION);
    CHECK(str_find(ctx->why.detail, STR("speaks version 0 of the protocol")) != SIZE_MAX);
}

/* ---- certificates ---- */

struct authority {
    EVP_PKEY *key;
    X509 *cert;
};

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX v;
    X509V3_set_ctx(&v, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &v, nid, value);
    must(e != NULL && X509_add_ext(cert, e, -1) == 1);
    X509_EXTENSION_free(e);
}

/* by NULL: it signs itself. days: from now, or before now when negative. */
static X509 *certificate(EVP_PKEY *key, const struct authority *by, const char *use,
                         const char *name, int days)
{
    static long serial;
    X509 *c = X509_new();
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c), (days < 0 ? 2L * days : -1L) * 86400);
    X509_gmtime_adj(X509_getm_notAfter(c), (long)days * 86400);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                               (const unsigned char *)(by == NULL ? "authority" : "process"), -1,
                               -1, 0);
    X509 *issuer = by == NULL ? c : by->cert;
    X509_set_issuer_name(c, X509_get_subject_name(issuer));
    extend(c, issuer, NID_basic_constraints, by == NULL ? "critical,CA:TRUE" : "CA:FALSE");
    if (by == NULL) {
        extend(c, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    }
    if (use != NULL) {
        extend(c, issuer, NID_ext_key_usage, use);
    }
    if (name != NULL) {
        extend(c, issuer, NID_subject_alt_name, name);
    }
    must(X509_sign(c, by == NULL ? key : by->key, NULL) > 0);
    return c;
}

static struct authority authority_new(void)
{
    struct authority a = {.key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    must(a.key != NULL);
    a.cert = certificate(a.key, NULL, NULL, NULL, 10);
    return a;
}

static void authority_free(struct authority *a)
{
    X509_free(a->cert);
    EVP_PKEY_free(a->key);
}

static FILE *file_in(const char *dir, const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "we");
    must(f != NULL);
    return f;
}

static void trust(const char *dir, const struct authority *a, X509 *revoked)
{
    FILE *f = file_in(dir, "ca.pem");
    must(PEM_write_X509(f, a->cert) == 1);
    if (revoked != NULL) {
        X509_CRL *list = X509_CRL_new();
        X509_REVOKED *one = X509_REVOKED_new();
        ASN1_TIME *now = X509_gmtime_adj(NULL, -60);
        ASN1_TIME *later = X509_gmtime_adj(NULL, 86400);
        X509_CRL_set_version(list, 1);
        X509_CRL_set_issuer_name(list, X509_get_subject_name(a->cert));
        X509_CRL_set1_lastUpdate(list, now);
        X509_CRL_set1_nextUpdate(list, later);
        X509_REVOKED_set_serialNumber(one, X509_get_serialNumber(revoked));
        X509_REVOKED_set_revocationDate(one, now);
        must(X509_CRL_add0_revoked(list, one) == 1);
        must(X509_CRL_sign(list, a->key, NULL) > 0 && PEM_write_X509_CRL(f, list) == 1);
        ASN1_TIME_free(now);
        ASN1_TIME_free(later);
        X509_CRL_free(list);
    }
    fclose(f);
}

/* What a folder tls holds. The certificate is the caller's to free, NULL when nobody wants it. */
static void folder_fill(const char *dir, const struct authority *trusted,
                        const struct authority *by, const char *use, const char *name, int days,
                        X509 **ret)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    X509 *c = certificate(key, by, use, name, days);
    FILE *f = file_in(dir, "key.pem");
    must(fchmod(fileno(f), 0600) == 0 &&
         PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(f);
    f = file_in(dir, "cert.pem");
    must(PEM_write_X509(f, c) == 1);
    fclose(f);
    trust(dir, trusted, NULL);
    EVP_PKEY_free(key);
    if (ret != NULL) {
        *ret = c;
    } else {
        X509_free(c);
    }
}

/* ---- a door and a caller ---- */

/* One side: what joined last, how many did, and what was said. */
struct side {
    char dir[40];
    atomic_int socket;
    atomic_int joined;
    enum err keeps_out;
    pthread_mutex_t lock;
    char said[4096];
};

static enum err joins(struct ctx *ctx, void *arg, int socket)
{
    struct side *s = arg;
    if (s->keeps_out != ERR_OK) {
        return fault(ctx, s->keeps_out, "the house is full");
    }
    int before = atomic_exchange(&s->socket, socket);
    if (before > 0) {
        close(before);
    }
    atomic_fetch_add(&s->joined, 1);
    return ERR_OK;
}

static void note(void *arg, struct str sentence)
{
    struct side *s = arg;
    pthread_mutex_lock(&s->lock);
    size_t n = strlen(s->said);
    snprintf(s->said + n, sizeof(s->said) - n, "%.*s\n", FMT(sentence));
    pthread_mutex_unlock(&s->lock);
}

static bool comes_to_say(struct side *s, const char *words)
{
    bool found = false;
    for (int i = 0; i < 500 && !found; i++) {
        pthread_mutex_lock(&s->lock);
        found = strstr(s->said, words) != NULL;
        pthread_mutex_unlock(&s->lock);
        usleep(found ? 0 : 10000);
    }
    return found;
}

static bool comes_to_join(struct side *s, int wanted)
{
    for (int i = 0; i < 500 && atomic_load(&s->joined) < wanted; i++) {
        usleep(10000);
    }
    return atomic_load(&s->joined) == wanted;
}

struct play {
    struct authority authority;
    struct side node;
    struct side front;
    struct line_door *door;
    int port;
    struct str address;
};

static void side_open(struct side *s)
{
    *s = (struct side){.dir = "/tmp/tongban-line-XXXXXX"};
    must(mkdtemp(s->dir) != NULL && pthread_mutex_init(&s->lock, NULL) == 0);
}

static struct line_config config_of(struct side *s)
{
    return (struct line_config){
        .folder = str_from(s->dir), .greeting = ours(), .arg = s, .joins = joins, .say = note};
}

static void play_open(struct test *t, struct ctx *ctx, struct play *p)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof(at);
    int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    signal(SIGPIPE, SIG_IGN);
    p->authority = authority_new();
    side_open(&p->node);
    side_open(&p->front);
    folder_fill(p->node.dir, &p->authority, &p->authority, "serverAuth", "IP:127.0.0.1", 1, NULL);
    folder_fill(p->front.dir, &p->authority, &p->authority, "clientAuth", NULL, 1, NULL);
    must(bind(socket_, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(socket_, 64) == 0 &&
         getsockname(socket_, (struct sockaddr *)&at, &bytes) == 0);
    p->port = ntohs(at.sin_port);
    p->address = str_format(ctx->arena, "127.0.0.1:%d", p->port);
    struct line_config config = config_of(&p->node);
    CHECK_OK(line_check(ctx, config.folder, LINE_DOOR));
    CHECK_OK(line_door_open(ctx, &config, socket_, &p->door));
    CHECK_OK(line_door_start(ctx, p->door));
}

static void hang_up(struct side *s)
{
    int socket = atomic_exchange(&s->socket, 0);
    if (socket > 0) {
        close(socket);
    }
}

static void side_close(struct side *s)
{
    hang_up(s);
    pthread_mutex_destroy(&s->lock);
    test_folder_remove(s->dir);
}

static void play_close(struct play *p)
{
    hang_up(&p->node);
    line_door_free(p->door);
    side_close(&p->node);
    side_close(&p->front);
    authority_free(&p->authority);
}

/* ---- what is carried ---- */

/* Send n bytes into one end while they are taken out of the other; true when they are the same. */
static bool passes(int from, int to, size_t n)
{
    enum { PIECE = 50000 };
    static char out[PIECE];
    static char in[PIECE];
    size_t sent = 0;
    size_t got = 0;
    bool same = true;
    while (got < n && same) {
        struct pollfd fds[2] = {{.fd = to, .events = POLLIN},
                                {.fd = from, .events = (short)(sent < n ? POLLOUT : 0)}};
        if (poll(fds, 2, 10000) <= 0) {
            return false;
        }
        for (size_t i = 0; i < PIECE; i++) {
            out[i] = (char)((sent + i) * 31 >> 3);
        }
        ssize_t put =
            sent < n ? send(from, out, n - sent < PIECE ? n - sent : PIECE, MSG_DONTWAIT) : 0;
        sent += put > 0 ? (size_t)put : 0;
        ssize_t took = recv(to, in, PIECE, MSG_DONTWAIT);
        for (ssize_t i = 0; i < took; i++) {
            same = same && in[i] == (char)((got + (size_t)i) * 31 >> 3);
        }
        got += took > 0 ? (size_t)took : 0;
    }
    return same && got == n;
}

static bool has_ended(int socket)
{
    char byte;
    struct pollfd fd = {.fd = socket, .events = POLLIN};
    return poll(&fd, 1, 5000) > 0 && recv(socket, &byte, 1, MSG_DONTWAIT) == 0;
}

TEST(line_carries_both_ways_and_comes_up_again)
{
    struct play p;
    struct line_caller *caller = NULL;
    play_open(t, ctx, &p);
    struct line_config config = config_of(&p.front);
    CHECK_OK(line_check(ctx, config.folder, LINE_CALLER));
    CHECK_OK(line_caller_new(ctx, &config, p.address, &caller));
    CHECK(line_caller_state(caller) == LINE_AWAY);
    CHECK_OK(line_caller_call(ctx, caller));
    CHECK_OK(line_caller_start(ctx, caller));
    CHECK(line_caller_state(caller) == LINE_UP);
    for (int round = 1; round <= 2; round++) {
        CHECK(comes_to_join(&p.node, round) && comes_to_join(&p.front, round));
        int node = atomic_exchange(&p.node.socket, 0);
        int front = atomic_exchange(&p.front.socket, 0);
        CHECK(passes(node, front, 100) && passes(front, node, 100));
        CHECK(passes(node, front, 5 << 20) && passes(front, node, 5 << 20));
        /* What it said last arrives, then its end; then it is called again. */
        CHECK(send(node, "last", 4, 0) == 4);
        close(node);
        char last[4] = "";
        struct pollfd fd = {.fd = front, .events = POLLIN};
        CHECK(poll(&fd, 1, 5000) == 1 && recv(front, last, 4, MSG_WAITALL) == 4);
        CHECK(memcmp(last, "last", 4) == 0 && has_ended(front));
        close(front);
    }
    CHECK(comes_to_say(&p.front, "the line to the node ended"));
    CHECK(comes_to_say(&p.front, "the node is there again"));
    CHECK(comes_to_join(&p.node, 3) && comes_to_join(&p.front, 3));
    close(atomic_exchange(&p.front.socket, 0)); /* the front ends first */
    CHECK(has_ended(atomic_load(&p.node.socket)));
    line_caller_free(caller);
    play_close(&p);
}

/* ---- who is kept out ---- */

/* Call once; whoever is kept out hears `words`, and the log at the door has `logged`. */
static void kept_out(struct test *t, struct ctx *ctx, struct play *p, enum err want,
                     const char *words, const char *logged)
{
    struct line_caller *caller = NULL;
    struct line_config config = config_of(&p->front);
    CHECK_OK(line_caller_new(ctx, &config, p->address, &caller));
    CHECK_ERR(line_caller_call(ctx, caller), want);
    CHECK(str_find(ctx->why.detail, str_from(words)) != SIZE_MAX);
    CHECK(logged == NULL || comes_to_say(&p->node, logged));
    CHECK_INT(atomic_load(&p->node.joined), 0);
    line_caller_free(caller);
    ctx->why = (struct why){0};
}

TEST(line_lets_in_nobody_it_does_not_know)
{
    struct play p;
    X509 *lost = NULL;
    play_open(t, ctx, &p);
    struct authority other = authority_new();
    const char *front = p.front.dir;
    folder_fill(front, &p.authority, &p.authority, "clientAuth", NULL, -1, NULL);
    kept_out(t, ctx, &p, ERR_CRYPTO, "does not believe us: our certificate has expired",
             "its certificate has expired");
    folder_fill(front, &p.authority, &other, "clientAuth", NULL, 1, NULL);
    kept_out(t, ctx, &p, ERR_CRYPTO, "does not believe us: our certificate",
             "its certificate is not signed by the authority in ca.pem");
    folder_fill(front, &p.authority, &p.authority, "serverAuth", NULL, 1, NULL);
    kept_out(t, ctx, &p, ERR_CRYPTO, "does not believe us: our certificate does not hold",
             "its certificate is for another part than it plays");
    folder_fill(front, &p.authority, &p.authority, "clientAuth", NULL, 1, &lost);
    trust(p.node.dir, &p.authority, lost); /* while the door is open */
    kept_out(t, ctx, &p, ERR_CRYPTO, "does not believe us: our certificate is revoked",
             "its certificate is revoked");
    trust(p.node.dir, &p.authority, NULL);
    folder_fill(front, &other, &p.authority, "clientAuth", NULL, 1, NULL);
    kept_out(t, ctx, &p, ERR_CRYPTO, "its certificate is not signed by the authority in ca.pem",
             NULL);
    /* What the node shows must be for the part it plays, and for the name it was called by. */
    folder_fill(front, &p.authority, &p.authority, "clientAuth", NULL, 1, NULL);
    folder_fill(p.node.dir, &p.authority, &p.authority, "serverAuth", "DNS:node.example", 1, NULL);
    kept_out(t, ctx, &p, ERR_CRYPTO, "its certificate is not for the name 127.0.0.1", NULL);
    folder_fill(p.node.dir, &p.authority, &p.authority, NULL, "IP:127.0.0.1", 1, NULL);
    kept_out(t, ctx, &p, ERR_CRYPTO, "its certificate is for another part than it plays", NULL);
    X509_free(lost);
    authority_free(&other);
    play_close(&p);
}

TEST(line_says_no_to_who_does_not_fit)
{
    struct play p;
    play_open(t, ctx, &p);
    struct line_caller *caller = NULL;
    struct line_config config = config_of(&p.front);
    config.greeting.origin = STR("node.example/xx");
    CHECK_OK(line_caller_new(ctx, &config, p.address, &caller));
    CHECK_ERR(line_caller_call(ctx, caller), ERR_CONFLICT);
    CHECK(comes_to_say(&p.node, "the front is one of the node node.example/xx"));
    line_caller_free(caller);
    ctx->why = (struct why){0};
    p.node.keeps_out = ERR_TOO_MANY;
    kept_out(t, ctx, &p, ERR_REFUSED, "it does not let us in: the house is full",
             "the house is full");
    p.node.keeps_out = ERR_OK;
    static const char *const nowhere[] = {
        "", "nowhere", ":1", "a:", "a:0", "a:65536", "a:b", "[]:"};
    for (size_t i = 0; i < LEN(nowhere); i++) {
        CHECK(!line_is_address(str_from(nowhere[i])));
    }
    CHECK(line_is_address(STR("node.example:8443")) && line_is_address(STR("[::1]:8443")));
    CHECK_ERR(line_caller_new(ctx, &config, STR("nowhere"), &caller), ERR_USAGE);
    ctx->why = (struct why){0};
    CHECK_OK(line_caller_new(ctx, &config, STR("127.0.0.1:1"), &caller));
    CHECK_ERR(line_caller_call(ctx, caller), ERR_IO);
    line_caller_free(caller);
    play_close(&p);
}

/* Strangers that say nothing, or something else, hold up nobody, nor the end. */
TEST(line_is_not_held_up_by_strangers)
{
    enum { MANY = 12 };
    struct play p;
    int strangers[MANY];
    play_open(t, ctx, &p);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)p.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < MANY; i++) {
        strangers[i] = socket(AF_INET, SOCK_STREAM, 0);
        must(connect(strangers[i], (struct sockaddr *)&at, sizeof(at)) == 0);
        if (i % 3 == 0) {
            CHECK(send(strangers[i], "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL) == 18);
        }
    }
    CHECK(comes_to_say(&p.node, "it does not speak TLS 1.3 as it should"));
    struct line_caller *caller = NULL;
    struct line_config config = config_of(&p.front);
    CHECK_OK(line_caller_new(ctx, &config, p.address, &caller));
    int64_t begun = ctx->world->mono_ns(ctx->world);
    CHECK_OK(line_caller_call(ctx, caller));
    CHECK_OK(line_caller_start(ctx, caller));
    CHECK(comes_to_join(&p.node, 1));
    CHECK(passes(atomic_load(&p.front.socket), atomic_load(&p.node.socket), 100000));
    close(atomic_exchange(&p.front.socket, 0));
    line_caller_free(caller);
    play_close(&p); /* some of them still say nothing */
    CHECK(ctx->world->mono_ns(ctx->world) - begun < INT64_C(4000000000));
    for (int i = 0; i < MANY; i++) {
        close(strangers[i]);
    }
}

TEST(line_wants_a_key_for_its_owner_alone)
{
    struct side s;
    struct authority a = authority_new();
    side_open(&s);
    struct str dir = str_from(s.dir);
    CHECK_ERR(line_check(ctx, dir, LINE_DOOR), ERR_NOT_FOUND);
    ctx->why = (struct why){0};
    folder_fill(s.dir, &a, &a, "serverAuth", NULL, 1, NULL);
    CHECK_OK(line_check(ctx, dir, LINE_DOOR));
    must(chmod(str_format(ctx->arena, "%s/key.pem", s.dir).p, 0640) == 0);
    CHECK_ERR(line_check(ctx, dir, LINE_DOOR), ERR_FORBIDDEN);
    must(chmod(str_format(ctx->arena, "%s/key.pem", s.dir).p, 0600) == 0);
    fclose(file_in(s.dir, "ca.pem"));
    ctx->why = (struct why){0};
    CHECK_ERR(line_check(ctx, dir, LINE_DOOR), ERR_CRYPTO);
    side_close(&s);
    authority_free(&a);
}
