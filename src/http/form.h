/* form.h - what a request carries: query, forms, uploads, cookies.
 *
 * All is strict: broken percent-encoding, invalid UTF-8 and NUL are refused, never repaired.
 * Results lie on ctx->arena or point into the request.
 */
#pragma once

#include "http/http.h"
#include "limit_gen.h"

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
/* The first value of a name; empty when absent. */
struct str field_get(const struct http_fields *f, const char *name);

/* ---- multipart/form-data (multipart.c) ---- */

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

/* The same as it comes, without the body in memory. Not to be touched but for part and bytes. */
enum multipart_state {
    MULTIPART_AT_LINE,
    MULTIPART_AFTER_LINE,
    MULTIPART_IN_HEAD,
    MULTIPART_IN_PART,
    MULTIPART_DONE
};
struct multipart {
    struct http_part part; /* the present one; its bytes are never filled */
    struct str bytes;      /* of MULTIPART_BYTES: a piece of its content; into what was given, or
                              into the boundary */
    struct str line;
    enum multipart_state state;
    size_t matched; /* bytes of line, or of what may follow it */
    bool is_last;
    size_t count; /* of parts begun */
    size_t head_n;
    char head[LIMIT_HTTP_PART_HEADER_BYTES + 4];
};
enum multipart_event { MULTIPART_MORE, MULTIPART_PART, MULTIPART_BYTES, MULTIPART_PART_END };
/* Begin with the head of a request: ERR_MEDIA_TYPE as above. */
enum err multipart_open(struct ctx *ctx, const struct http_request *r,
                        struct multipart *ret) MUST_USE;
/* One step: takes *ret_used bytes off the front and says what they were. MULTIPART_MORE with all
 * bytes used: more are wanted. Errors as above; after one, m is done with. */
enum err multipart_next(struct ctx *ctx, struct multipart *m, struct str bytes, size_t *ret_used,
                        enum multipart_event *ret) MUST_USE;
/* The body has ended: ERR_SYNTAX when it did so before its last boundary. */
enum err multipart_close(struct ctx *ctx, const struct multipart *m) MUST_USE;

/* A cookie of the request by exact name (RFC 6265); empty when absent or sent twice with different
 * values. */
struct str cookie_get(const struct http_request *r, struct str name);
