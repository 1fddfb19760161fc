/* client.h - calling out: one request, bounded in size and time, without redirects. Over libcurl.
 *
 * Blocks: never on a loop thread. Only http and https; https always checks the certificate and the
 * name.
 */
#pragma once

#include "http/http.h"

struct http_fetch {
    struct str url;
    struct str method; /* empty = GET, or POST when there is a body */
    struct str body;
    struct str body_type; /* Content-Type of the body */
    const struct http_pair *headers;
    size_t header_count;
    size_t max_bytes;   /* of the answer's body; 0 = LIMIT_HTTP_FETCH_BYTES */
    int64_t timeout_ms; /* for all of it; 0 = LIMIT_HTTP_FETCH_MS */
    struct str
        ca_file; /* PEM of authorities to trust instead of the system's; empty = the system's */
    struct str cert_file; /* PEM, to prove who we are; with key_file; empty = none */
    struct str key_file;
};
struct http_fetched {
    int status;
    struct str type;
    struct str body;
};

/* Every status is a success here. ERR_USAGE for a bad address, ERR_TOO_LARGE, ERR_TIMEOUT,
 * ERR_CRYPTO when the other side's certificate does not hold, ERR_IO when it cannot be reached; the
 * detail says what and where. */
enum err http_fetch(struct ctx *ctx, const struct http_fetch *f, struct http_fetched *ret) MUST_USE;
