/* watch.c - while a line is up: is the other side still there, and still to be believed?
 *
 * The system's keep-alive (door.c) sees a machine that is gone. It does not see a process that
 * stands still on a machine that is well: its kernel answers for it. So the process itself is
 * asked, in the language of TLS and with no byte of what the line carries: who hears nothing for a
 * while renews its own key and asks the other side to do the same (RFC 8446, 4.6.3), which only a
 * process that reads can do. Who is not heard then either has fallen silent; what waits for it is
 * told so, and it may come again.
 *
 * A certificate is proved once, by the handshake; a line may be up for a year. So it is looked at
 * again while the line is up: when its time is over, and whenever ca.pem, with its list of what is
 * revoked, is another file than before. One that cannot be read, because it is being written, is
 * read at the next look.
 *
 * The greatest time between two looks is LINE_LOOK_MS, so a silent peer is known after at most
 * LINE_SILENT_MS + LINE_LOOK_MS, and one that is revoked after LINE_LOOK_MS. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"
#include "base/world.h"
#include "line/line_in.h"

/* Which file ca.pem is: its inode, size and time. Zero when there is none. */
static struct conn_file ca_now(struct conn *c)
{
    struct stat st;
    const char *path = str_format(c->ctx.arena, "%.*s/ca.pem", FMT(c->folder)).p;
    return stat(path, &st) < 0
               ? (struct conn_file){0}
               : (struct conn_file){st.st_ino, st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
}

static bool is_same(const struct conn_file *a, const struct conn_file *b)
{
    return a->inode == b->inode && a->size == b->size && a->s == b->s && a->ns == b->ns;
}

void conn_watch_begin(struct conn *c)
{
    c->ca = ca_now(c);
    c->heard_bytes = BIO_number_read(SSL_get_rbio(c->ssl));
    c->heard_ns = line_after_ms(c, 0);
    c->look_ns = line_after_ms(c, LINE_LOOK_MS);
    c->is_asked = false;
}

/* By the authority and the list as they are now. ERR_OK too when those cannot be read. */
static enum err prove_again(struct conn *c)
{
    SSL_CTX *tls = NULL;
    X509 *peer = SSL_get0_peer_certificate(c->ssl);
    struct conn_file ca = ca_now(c);
    if (conn_tls_new(c, &tls) != ERR_OK) {
        c->ctx.why = (struct why){0};
        return ERR_OK;
    }
    int verdict = X509_V_ERR_OUT_OF_MEM;
    X509_STORE_CTX *proof = X509_STORE_CTX_new();
    if (proof != NULL && X509_STORE_CTX_init(proof, SSL_CTX_get_cert_store(tls), peer,
                                             SSL_get_peer_cert_chain(c->ssl)) == 1) {
        verdict = X509_verify_cert(proof) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(proof);
    }
    X509_STORE_CTX_free(proof);
    SSL_CTX_free(tls);
    ERR_clear_error();
    c->ca = ca;
    return verdict == X509_V_OK ? ERR_OK : conn_certificate_fault(c, verdict);
}

/* Its time goes by itself; the rest changes with the file. */
static enum err still_believed(struct conn *c)
{
    const X509 *peer = SSL_get0_peer_certificate(c->ssl);
    struct conn_file ca = ca_now(c);
    if (X509_cmp_current_time(X509_get0_notAfter(peer)) < 0) {
        return conn_certificate_fault(c, X509_V_ERR_CERT_HAS_EXPIRED);
    }
    return is_same(&ca, &c->ca) ? ERR_OK : prove_again(c);
}

/* Renew our key, now. A write that waits to be tried again must be tried first: then it is done at
 * the next look. */
static bool renew(struct conn *c, int how)
{
    ERR_clear_error();
    bool good = SSL_key_update(c->ssl, how) == 1;
    if (good) {
        SSL_do_handshake(c->ssl); /* sends it, or what is written next does */
    }
    ERR_clear_error();
    return good;
}

/* When the other side asks, the library answers with the next byte that is written; there may be
 * none for a year, so it is told to. */
static void answer(struct conn *c)
{
    if (SSL_get_key_update_type(c->ssl) == SSL_KEY_UPDATE_NOT_REQUESTED) {
        (void)renew(c, SSL_KEY_UPDATE_NOT_REQUESTED);
    }
}

static enum err still_there(struct conn *c)
{
    answer(c);
    uint64_t bytes = BIO_number_read(SSL_get_rbio(c->ssl));
    int64_t now = line_after_ms(c, 0);
    if (bytes != c->heard_bytes) {
        c->heard_bytes = bytes;
        c->heard_ns = now;
        c->is_asked = false;
    }
    if (now - c->heard_ns > (int64_t)LINE_SILENT_MS * 1000000) {
        return fault(&c->ctx, ERR_TIMEOUT, "it was silent for %d s", LINE_SILENT_MS / 1000);
    }
    if (!c->is_asked && now - c->heard_ns > (int64_t)LINE_LOOK_MS * 1000000 / 2) {
        c->is_asked = renew(c, SSL_KEY_UPDATE_REQUESTED);
    }
    return ERR_OK;
}

bool conn_watch(struct conn *c)
{
    if (line_after_ms(c, 0) < c->look_ns) {
        return true;
    }
    struct arena_mark mark = arena_mark(c->ctx.arena);
    int64_t late_ns = line_after_ms(c, 0) - c->look_ns;
    if (late_ns > (int64_t)LINE_LOOK_MS * 1000000) {
        c->heard_ns += late_ns; /* we stood still ourselves: nobody was silent meanwhile */
    }
    c->look_ns = line_after_ms(c, LINE_LOOK_MS);
    enum err e = still_there(c);
    e = e == ERR_OK ? still_believed(c) : e;
    if (e == ERR_OK) {
        arena_reset(c->ctx.arena, mark);
    }
    return e == ERR_OK;
}
