/* client.c - one call over libcurl. Its callbacks write into memory made by realloc, never into an
 * arena. */
#include "http/client.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/str.h"
#include "limit_gen.h"

/* All that must be given back, also when the arena passes its cap. */
struct call {
    CURL *curl;
    struct curl_slist *headers;
    char *body;
    size_t n;
    size_t room;
    size_t max;
    bool is_too_large;
};

static void call_release(void *arg)
{
    struct call *c = arg;
    curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->headers);
    free(c->body);
    *c = (struct call){0};
}

static size_t on_bytes(char *p, size_t size, size_t count, void *arg)
{
    struct call *c = arg;
    size_t n = size * count;
    if (n > c->max - c->n) {
        c->is_too_large = true;
        return 0;
    }
    if (c->room - c->n < n) {
        size_t room = c->room < 4096 ? 4096 : c->room * 2;
        while (room - c->n < n) {
            room *= 2;
        }
        char *fresh = realloc(c->body, room);
        if (fresh == NULL) {
            return 0;
        }
        c->body = fresh;
        c->room = room;
    }
    memcpy(c->body + c->n, p, n);
    c->n += n;
    return n;
}

static enum err add_header(struct ctx *ctx, struct call *c, struct str name, struct str value)
{
    if (str_find_byte(value, '\n') != SIZE_MAX || str_find_byte(value, '\r') != SIZE_MAX) {
        return fault(ctx, ERR_USAGE, "the header %.*s of a request has a line end", FMT(name));
    }
    struct str line = str_format(ctx->arena, "%.*s: %.*s", FMT(name), FMT(value));
    struct curl_slist *more = curl_slist_append(c->headers, line.p);
    if (more == NULL) {
        return fault(ctx, ERR_MEMORY, "no memory for the headers of a request");
    }
    c->headers = more;
    return ERR_OK;
}

static enum err set_headers(struct ctx *ctx, struct call *c, const struct http_fetch *f)
{
    if (f->body_type.n > 0) {
        TRY(add_header(ctx, c, STR("Content-Type"), f->body_type));
    }
    for (size_t i = 0; i < f->header_count; i++) {
        TRY(add_header(ctx, c, f->headers[i].name, f->headers[i].value));
    }
    /* Our bodies are small: waiting for "100 Continue" would only cost a second. */
    return add_header(ctx, c, STR("Expect"), STR(""));
}

static void set_file(struct ctx *ctx, CURL *curl, CURLoption option, struct str path)
{
    if (path.n > 0) {
        curl_easy_setopt(curl, option, str_z(ctx->arena, path));
    }
}

static void set_options(struct ctx *ctx, struct call *c, const struct http_fetch *f)
{
    CURL *curl = c->curl;
    curl_easy_setopt(curl, CURLOPT_URL, str_z(ctx->arena, f->url));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS,
                     (long)(f->timeout_ms > 0 ? f->timeout_ms : LIMIT_HTTP_FETCH_MS));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, c->headers);
    set_file(ctx, curl, CURLOPT_CAINFO, f->ca_file);
    set_file(ctx, curl, CURLOPT_SSLCERT, f->cert_file);
    set_file(ctx, curl, CURLOPT_SSLKEY, f->key_file);
    if (f->body.n > 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.n);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, f->body.p);
    }
    if (str_equal(f->method, STR("HEAD"))) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (f->method.n > 0) {
        curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, str_z(ctx->arena, f->method));
    }
}

static enum err result_fault(struct ctx *ctx, const struct call *c, const struct http_fetch *f,
                             CURLcode code)
{
    if (c->is_too_large) {
        return fault(ctx, ERR_TOO_LARGE, "the answer of %.*s is larger than %zu bytes", FMT(f->url),
                     c->max);
    }
    enum err e = ERR_IO;
    switch ((int)code) {
    case CURLE_OPERATION_TIMEDOUT: e = ERR_TIMEOUT; break;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: e = ERR_USAGE; break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM: e = ERR_CRYPTO; break;
    case CURLE_OUT_OF_MEMORY: e = ERR_MEMORY; break;
    default: break;
    }
    return fault(ctx, e, "cannot fetch %.*s: %s", FMT(f->url), curl_easy_strerror(code));
}

static enum err perform(struct ctx *ctx, struct call *c, const struct http_fetch *f,
                        struct http_fetched *ret)
{
    TRY(set_headers(ctx, c, f));
    set_options(ctx, c, f);
    CURLcode code = curl_easy_perform(c->curl);
    if (code != CURLE_OK) {
        return result_fault(ctx, c, f, code);
    }
    long status = 0;
    const char *type = NULL;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &type);
    *ret = (struct http_fetched){(int)status, str_copy(ctx->arena, str_from(type)),
                                 str_copy(ctx->arena, (struct str){c->body, c->n})};
    return ERR_OK;
}

enum err http_fetch(struct ctx *ctx, const struct http_fetch *f, struct http_fetched *ret)
{
    struct call *c = ARENA_NEW(ctx->arena, struct call);
    arena_defer(ctx->arena, call_release, c);
    c->max = f->max_bytes > 0 ? f->max_bytes : LIMIT_HTTP_FETCH_BYTES;
    c->curl = curl_easy_init();
    if (c->curl == NULL) {
        return fault(ctx, ERR_MEMORY, "libcurl cannot be set up");
    }
    enum err e = perform(ctx, c, f, ret);
    call_release(c);
    return e == ERR_OK ? e : fault_pass(ctx, e, __func__);
}
