/* tls.c - TLS 1.2 and 1.3 by OpenSSL, its bytes carried by the table of sockets like all others.
 *
 * No arena is touched inside a callback of OpenSSL. Errors come back as -errno, so that loop.c
 * treats both kinds of connection alike.
 */
#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/str.h"
#include "http/http_in.h"

static int bio_result(BIO *bio, int64_t result)
{
    BIO_clear_retry_flags(bio);
    if (result == -EAGAIN || result == -EINTR) {
        BIO_set_retry_read(bio);
    }
    return result < 0 ? -1 : (int)result;
}

static int bio_read(BIO *bio, char *bytes, int n)
{
    struct conn *c = BIO_get_data(bio);
    const struct http_net *net = c->loop->server->net;
    return bio_result(bio, net->recv(net, c->source.handle, bytes, (size_t)n));
}

static int bio_write(BIO *bio, const char *bytes, int n)
{
    struct conn *c = BIO_get_data(bio);
    const struct http_net *net = c->loop->server->net;
    struct iovec part = {(void *)(uintptr_t)bytes, (size_t)n};
    int result = bio_result(bio, net->send(net, c->source.handle, &part, 1));
    if (BIO_should_retry(bio)) {
        BIO_clear_retry_flags(bio);
        BIO_set_retry_write(bio);
    }
    return result;
}

static long bio_control(BIO *bio, int command, long n, void *p)
{
    (void)bio;
    (void)n;
    (void)p;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int choose_protocol(SSL *ssl, const unsigned char **ret, unsigned char *ret_n,
                           const unsigned char *offers, unsigned n, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)arg;
    unsigned char *chosen = NULL;
    int found = SSL_select_next_proto(&chosen, ret_n, ours, sizeof(ours) - 1, offers, n);
    *ret = chosen;
    return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static const char ciphers_12[] = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
                                 "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                                 "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";

static void set_options(SSL_CTX *tls)
{
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_cipher_list(tls, ciphers_12);
    SSL_CTX_set_alpn_select_cb(tls, choose_protocol, NULL);
    SSL_CTX_set_session_id_context(tls, (const unsigned char *)"http", 4);
}

static enum err load_files(struct ctx *ctx, SSL_CTX *tls, const struct http_setup *u)
{
    if (SSL_CTX_use_certificate_chain_file(tls, u->cert_file.p) != 1) {
        return fault(ctx, ERR_CRYPTO, "cannot use the certificate %.*s; it must be a PEM chain",
                     FMT(u->cert_file));
    }
    if (SSL_CTX_use_PrivateKey_file(tls, u->key_file.p, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1) {
        return fault(ctx, ERR_CRYPTO, "cannot use the key %.*s; it must be the PEM key of %.*s",
                     FMT(u->key_file), FMT(u->cert_file));
    }
    if (u->client_ca_file.n == 0) {
        return ERR_OK;
    }
    if (SSL_CTX_load_verify_locations(tls, u->client_ca_file.p, NULL) != 1) {
        return fault(ctx, ERR_CRYPTO, "cannot use the authorities in %.*s", FMT(u->client_ca_file));
    }
    SSL_CTX_set_client_CA_list(tls, SSL_load_client_CA_file(u->client_ca_file.p));
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    return ERR_OK;
}

enum err tls_open(struct ctx *ctx, struct http_server *s)
{
    s->tls = SSL_CTX_new(TLS_server_method());
    s->tls_bio = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "conn");
    if (s->tls == NULL || s->tls_bio == NULL) {
        return fault(ctx, ERR_CRYPTO, "OpenSSL cannot be set up");
    }
    BIO_meth_set_read(s->tls_bio, bio_read);
    BIO_meth_set_write(s->tls_bio, bio_write);
    BIO_meth_set_ctrl(s->tls_bio, bio_control);
    set_options(s->tls);
    enum err e = load_files(ctx, s->tls, &s->setup);
    ERR_clear_error();
    return e;
}

void tls_close(struct http_server *s)
{
    SSL_CTX_free(s->tls);
    BIO_meth_free(s->tls_bio);
}

bool tls_attach(struct conn *c)
{
    struct http_server *s = c->loop->server;
    SSL *ssl = SSL_new(s->tls);
    BIO *bio = BIO_new(s->tls_bio);
    if (ssl == NULL || bio == NULL) {
        SSL_free(ssl);
        BIO_free(bio);
        return false;
    }
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_accept_state(ssl);
    c->ssl = ssl;
    return true;
}

void tls_bye(struct conn *c)
{
    if (c->ssl != NULL && SSL_is_init_finished(c->ssl)) {
        SSL_shutdown(c->ssl);
        ERR_clear_error();
    }
}

void tls_detach(struct conn *c)
{
    SSL_free(c->ssl);
    c->ssl = NULL;
}

/* What a result of OpenSSL means: 0 = the other side has closed, -errno. */
static int64_t outcome(struct conn *c, int result)
{
    int why = SSL_get_error(c->ssl, result);
    ERR_clear_error();
    c->tls_wants_write = why == SSL_ERROR_WANT_WRITE;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
        return -EAGAIN;
    }
    return why == SSL_ERROR_ZERO_RETURN ? 0 : -ECONNRESET;
}

int tls_handshake(struct conn *c)
{
    c->tls_wants_write = false;
    int done = SSL_do_handshake(c->ssl);
    if (done == 1) {
        return 1;
    }
    int64_t why = outcome(c, done);
    return why == -EAGAIN ? 0 : -ECONNRESET;
}

int64_t tls_recv(struct conn *c, void *bytes, size_t max)
{
    c->tls_wants_write = false;
    int got = SSL_read(c->ssl, bytes, max > 1 << 20 ? 1 << 20 : (int)max);
    return got > 0 ? got : outcome(c, got);
}

int64_t tls_send(struct conn *c, const void *bytes, size_t n)
{
    int put = SSL_write(c->ssl, bytes, n > 1 << 20 ? 1 << 20 : (int)n);
    if (put > 0) {
        return put;
    }
    int64_t why = outcome(c, put);
    return why == 0 ? -EPIPE : why;
}

void tls_facts(struct conn *c, struct arena *a, struct http_request *ret)
{
    ret->is_tls = true;
    ret->tls_version = str_from(SSL_get_version(c->ssl));
    X509 *peer = SSL_get0_peer_certificate(c->ssl);
    int n = peer == NULL ? 0 : i2d_X509(peer, NULL);
    if (n <= 0) {
        return;
    }
    unsigned char *der = arena_push(a, (size_t)n);
    unsigned char *end = der;
    ret->tls_peer_der = (struct str){(const char *)der, (size_t)i2d_X509(peer, &end)};
}
