/* tls.c - who is at the other end: TLS 1.3 with a certificate on each side, and the greetings.
 *
 * Of what goes wrong here an operator must know the cause, and a stranger nothing: the log has a
 * sentence (what the certificate lacks, what the alert of the other side means), the network has
 * the alert that TLS prescribes.
 *
 * A caller's handshake is over before the door has looked at his certificate (RFC 8446, 4.4): that
 * it does not hold he learns when he reads, which is why faults of reading are looked at as those
 * of the handshake are.
 *
 * No arena is touched inside a callback of OpenSSL, and none is set. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/str.h"
#include "line/line_in.h"

/* ---- what lies in the folder ---- */

static const char *file_of(struct ctx *ctx, struct str folder, const char *name)
{
    return str_format(ctx->arena, "%.*s/%s", FMT(folder), name).p;
}

/* A private key that others can read is theirs as well. */
static enum err key_is_private(struct ctx *ctx, const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0) {
        return fault(ctx, ERR_NOT_FOUND, "%s: %s; docs/use/fronts.md tells how it is made", path,
                     strerrordesc_np(errno));
    }
    return (st.st_mode & 077) == 0
               ? ERR_OK
               : fault(ctx, ERR_FORBIDDEN, "%s can be read by others (mode %03o): chmod 600 it",
                       path, st.st_mode & 0777);
}

/* A list of what is revoked, in the same file, is heeded. */
static void heed_revocations(SSL_CTX *tls)
{
    X509_STORE *store = SSL_CTX_get_cert_store(tls);
    STACK_OF(X509_OBJECT) *all = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(all); i++) {
        if (X509_OBJECT_get_type(sk_X509_OBJECT_value(all, i)) == X509_LU_CRL) {
            X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK);
            return;
        }
    }
}

static enum err load(struct ctx *ctx, SSL_CTX *tls, struct str folder)
{
    const char *ca = file_of(ctx, folder, "ca.pem");
    const char *cert = file_of(ctx, folder, "cert.pem");
    const char *key = file_of(ctx, folder, "key.pem");
    TRY(key_is_private(ctx, key));
    if (SSL_CTX_use_certificate_chain_file(tls, cert) != 1) {
        return fault(ctx, ERR_CRYPTO, "cannot use the certificate %s; it must be a PEM chain",
                     cert);
    }
    if (SSL_CTX_use_PrivateKey_file(tls, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(tls) != 1) {
        return fault(ctx, ERR_CRYPTO, "cannot use the key %s; it must be the PEM key of %s", key,
                     cert);
    }
    if (SSL_CTX_load_verify_locations(tls, ca, NULL) != 1) {
        return fault(ctx, ERR_CRYPTO, "cannot use the authority %s; it must be a PEM certificate",
                     ca);
    }
    heed_revocations(tls);
    return ERR_OK;
}

static enum err tls_new(struct ctx *ctx, struct str folder, enum line_side side, SSL_CTX **ret)
{
    SSL_CTX *tls = SSL_CTX_new(side == LINE_DOOR ? TLS_server_method() : TLS_client_method());
    if (tls == NULL) {
        return fault(ctx, ERR_CRYPTO, "OpenSSL cannot be set up");
    }
    SSL_CTX_set_min_proto_version(tls, TLS1_3_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(tls, 0); /* whoever comes again proves himself again */
    SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    enum err e = load(ctx, tls, folder);
    ERR_clear_error();
    if (e != ERR_OK) {
        SSL_CTX_free(tls);
        return e;
    }
    *ret = tls;
    return ERR_OK;
}

enum err conn_tls_new(struct conn *c, SSL_CTX **ret)
{
    return tls_new(&c->ctx, c->folder, c->side, ret);
}

enum err line_check(struct ctx *ctx, struct str folder, enum line_side side)
{
    SSL_CTX *tls = NULL;
    TRY(tls_new(ctx, folder, side, &tls));
    SSL_CTX_free(tls);
    return ERR_OK;
}

/* ---- a connection ---- */

enum err conn_open(struct conn *c, struct world *world, int tcp)
{
    c->tcp = tcp;
    c->pair = -1;
    c->tls = NULL;
    c->ssl = NULL;
    c->ctx = (struct ctx){.arena = arena_new(LINE_ARENA_BYTES), .world = world};
    if (c->ctx.arena == NULL) {
        close(tcp);
        c->tcp = -1;
        return ERR_MEMORY;
    }
    return ERR_OK;
}

void conn_close(struct conn *c)
{
    if (c->ssl != NULL && SSL_is_init_finished(c->ssl)) {
        SSL_shutdown(c->ssl); /* says that it ends, and waits for no answer */
    }
    ERR_clear_error();
    SSL_free(c->ssl);
    SSL_CTX_free(c->tls);
    c->ssl = NULL;
    c->tls = NULL;
    if (c->tcp >= 0) {
        close(c->tcp);
    }
    if (c->pair >= 0) {
        close(c->pair);
    }
    c->tcp = c->pair = -1;
    arena_free(c->ctx.arena);
    c->ctx.arena = NULL;
}

/* ---- what went wrong ---- */

enum err conn_certificate_fault(struct conn *c, long verdict)
{
    struct ctx *ctx = &c->ctx;
    switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return fault(ctx, ERR_CRYPTO, "its certificate has expired");
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return fault(ctx, ERR_CRYPTO, "its certificate is not valid yet");
    case X509_V_ERR_CERT_REVOKED: return fault(ctx, ERR_CRYPTO, "its certificate is revoked");
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return fault(ctx, ERR_CRYPTO, "its certificate is not signed by the authority in ca.pem");
    case X509_V_ERR_INVALID_PURPOSE:
        return fault(ctx, ERR_CRYPTO, "its certificate is for another part than it plays");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return fault(ctx, ERR_CRYPTO, "its certificate is not for the name %s",
                     c->name == NULL ? "" : c->name);
    default:
        return fault(ctx, ERR_CRYPTO, "its certificate does not hold: %s",
                     X509_verify_cert_error_string(verdict));
    }
}

/* What an alert of the other side means for who gets it; NULL: nothing about us. */
static const char *alert_text(int reason)
{
    switch (reason) {
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED: return "our certificate has expired";
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED: return "our certificate is revoked";
    case SSL_R_TLSV1_ALERT_DECRYPT_ERROR: /* one of the same name signed it */
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
        return "our certificate is not signed by the authority it knows";
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED: return "we showed no certificate";
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN: return "our certificate does not hold";
    default: return NULL;
    }
}

/* After a call of OpenSSL that failed for good. */
static enum err tls_fault(struct conn *c)
{
    unsigned long code = ERR_peek_error();
    int reason = ERR_GET_REASON(code);
    long verdict = SSL_get_verify_result(c->ssl);
    const char *alert = ERR_GET_LIB(code) == ERR_LIB_SSL ? alert_text(reason) : NULL;
    ERR_clear_error();
    if (alert != NULL) {
        return fault(&c->ctx, ERR_CRYPTO, "it does not believe us: %s", alert);
    }
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
        return fault(&c->ctx, ERR_CRYPTO, "it shows no certificate");
    }
    if (verdict != X509_V_OK) {
        return conn_certificate_fault(c, verdict);
    }
    return code == 0 ? fault(&c->ctx, ERR_IO, "it hung up")
                     : fault(&c->ctx, ERR_CRYPTO, "it does not speak TLS 1.3 as it should: %s",
                             ERR_reason_error_string(code));
}

/* What a result of OpenSSL asks to wait for; 0: nothing, it has failed. */
static short events_of(const struct conn *c, int result)
{
    int why = SSL_get_error(c->ssl, result);
    return why == SSL_ERROR_WANT_READ ? POLLIN : why == SSL_ERROR_WANT_WRITE ? POLLOUT : 0;
}

static enum err await_or_fault(struct conn *c, int result, int64_t until_ns)
{
    short events = events_of(c, result);
    if (events == 0) {
        return tls_fault(c);
    }
    return line_await(c, c->tcp, events, until_ns)
               ? ERR_OK
               : fault(&c->ctx, ERR_TIMEOUT, "it did not answer within %d s", LINE_GREET_MS / 1000);
}

/* ---- the proof ---- */

/* A certificate that names no use could play either part: it is none of ours. */
static enum err part_check(struct conn *c, enum line_side side)
{
    X509 *peer = SSL_get0_peer_certificate(c->ssl);
    uint32_t wanted = side == LINE_DOOR ? XKU_SSL_CLIENT : XKU_SSL_SERVER;
    uint32_t uses = peer == NULL ? 0 : X509_get_extended_key_usage(peer);
    return uses != UINT32_MAX && (uses & wanted) != 0
               ? ERR_OK
               : conn_certificate_fault(c, X509_V_ERR_INVALID_PURPOSE);
}

static bool expect_name(SSL *ssl, const char *name)
{
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1 ||
           SSL_set1_host(ssl, name) == 1;
}

enum err conn_handshake(struct conn *c, struct str folder, enum line_side side)
{
    struct ctx *ctx = &c->ctx;
    int64_t until_ns = line_after_ms(c, LINE_GREET_MS);
    c->folder = folder;
    c->side = side;
    TRY(conn_tls_new(c, &c->tls));
    c->ssl = SSL_new(c->tls);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->tcp) != 1 ||
        (c->name != NULL && !expect_name(c->ssl, c->name))) {
        ERR_clear_error();
        return fault(ctx, ERR_CRYPTO, "OpenSSL cannot be set up for a connection");
    }
    if (side == LINE_DOOR) {
        SSL_set_accept_state(c->ssl);
    } else {
        SSL_set_connect_state(c->ssl);
    }
    for (int done = 0; done != 1;) {
        ERR_clear_error();
        done = SSL_do_handshake(c->ssl);
        if (done != 1) {
            TRY(await_or_fault(c, done, until_ns));
        }
    }
    return part_check(c, side);
}

/* ---- bytes ---- */

static int outcome(const struct conn *c, int result, short *ret_events)
{
    if (result > 0) {
        return result;
    }
    short events = events_of(c, result);
    *ret_events |= events;
    return events == 0 ? -1 : 0;
}

int conn_read(struct conn *c, void *bytes, size_t max, short *ret_events)
{
    ERR_clear_error();
    return outcome(c, SSL_read(c->ssl, bytes, (int)max), ret_events);
}

int conn_write(struct conn *c, const void *bytes, size_t n, short *ret_events)
{
    ERR_clear_error();
    return outcome(c, SSL_write(c->ssl, bytes, (int)n), ret_events);
}

/* ---- greetings ---- */

enum err conn_greet(struct conn *c, const struct line_greeting *g)
{
    struct ctx *ctx = &c->ctx;
    int64_t until_ns = line_after_ms(c, LINE_GREET_MS);
    struct buf b = buf_new(ctx->arena, LINE_GREETING_BYTES);
    struct str text = {0};
    line_greeting_put(&b, g);
    TRY(buf_done(ctx, &b, &text));
    while (text.n > 0) {
        ERR_clear_error();
        int n = SSL_write(c->ssl, text.p, (int)text.n);
        if (n <= 0) {
            TRY(await_or_fault(c, n, until_ns));
        }
        text = str_slice(text, n > 0 ? (size_t)n : 0, text.n);
    }
    return ERR_OK;
}

/* Byte by byte: what follows the empty line is not ours. */
enum err conn_hear(struct conn *c, struct line_greeting *ret)
{
    struct ctx *ctx = &c->ctx;
    int64_t until_ns = line_after_ms(c, LINE_GREET_MS);
    char *text = arena_push_bytes(ctx->arena, LINE_GREETING_BYTES);
    size_t n = 0;
    while (n < 2 || text[n - 1] != '\n' || text[n - 2] != '\n') {
        if (n == LINE_GREETING_BYTES) {
            return fault(ctx, ERR_TOO_LARGE, "its greeting has no end");
        }
        ERR_clear_error();
        int got = SSL_read(c->ssl, text + n, 1);
        if (got <= 0) {
            TRY(await_or_fault(c, got, until_ns));
        }
        n += got > 0;
    }
    return line_greeting_get((struct str){text, n}, ret)
               ? ERR_OK
               : fault(ctx, ERR_SYNTAX, "it does not greet as a process of a node does");
}
