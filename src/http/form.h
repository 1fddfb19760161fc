/* form.h - what a request carries: query, forms, uploads, cookies.
 *
 * All is strict: broken percent-encoding, invalid UTF-8 and NUL are refused, never repaired.
 * Results lie on ctx->arena or point into the request.
 */
#pragma once

#include "http/http.h"

struct http_fields {
    const struct http_pair *pairs; /* in the order sent; a name may come again */
    size_t count;
};

/* The fields of a query string, or of a body of type application/x-www-form-urlencoded (WHATWG
 * URL 5.1, but strict). ERR_SYNTAX, ERR_UTF8; ERR_TOO_MANY beyond LIMIT_HTTP_FORM_FIELDS. */
enum err query_parse(struct ctx *ctx, struct str query, struct http_fields *ret) MUST_USE;
/* The body of r; ERR_MEDIA_TYPE unless it is declared as such a form. */
enum err form_parse(struct ctx *ctx, const struct http_request *r,
                    struct http_fields *ret) MUST_USE;
/* The first value of a name; empty when absent. field_has tells the two apart. */
struct str field_get(const struct http_fields *f, const char *name);
bool field_has(const struct http_fields *f, const char *name);

/* One part of multipart/form-data (RFC 7578). bytes points into the body. */
struct http_part {
    struct str name;
    struct str file_name; /* the last segment only; empty when the part is no file */
    struct str type;      /* as declared; "text/plain" when not */
    struct str bytes;
    bool is_file;
};
struct http_parts {
    const struct http_part *parts;
    size_t count;
};
/* ERR_MEDIA_TYPE unless multipart/form-data with a boundary; ERR_SYNTAX; ERR_TOO_MANY beyond
 * LIMIT_HTTP_MULTIPART_PARTS; ERR_TOO_LONG when a part's header passes
 * LIMIT_HTTP_PART_HEADER_BYTES. */
enum err multipart_parse(struct ctx *ctx, const struct http_request *r,
                         struct http_parts *ret) MUST_USE;

/* A cookie of the request by exact name (RFC 6265); empty when absent or sent twice with different
 * values. */
struct str cookie_get(const struct http_request *r, struct str name);
