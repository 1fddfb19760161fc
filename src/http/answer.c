/* answer.c - writes heads of answers, chunks, and the phrases of status codes. */
#include <stdio.h>

#include "base/world.h"
#include "http/http_in.h"
#include "http/negotiate.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

const char *http_reason(int status)
{
    for (size_t i = 0; i < LEN(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

static bool is_line_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_field_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool ok =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        if (!ok) {
            return false;
        }
    }
    return s.n > 0;
}

/* A value with a line end in it would let whoever chose it write the rest of the answer. */
bool answer_is_sound(const struct http_response *r)
{
    bool ok = r->status >= 200 && r->status <= 599 && is_line_text(r->type);
    for (size_t i = 0; ok && i < r->header_count; i++) {
        ok = is_field_name(r->headers[i].name) && is_line_text(r->headers[i].value);
    }
    return ok;
}

static bool put_header(struct bytes *out, struct str name, struct str value)
{
    return bytes_room(out, name.n + value.n + 4) && bytes_put(out, name.p, name.n) &&
           bytes_put(out, ": ", 2) && bytes_put(out, value.p, value.n) && bytes_put(out, "\r\n", 2);
}

static bool put_first_line(struct conn *c, int status)
{
    struct loop *l = c->loop;
    struct world *w = l->server->setup.world;
    struct instant now = w->now(w);
    if (now.ms / 1000 != l->date_s || l->date[0] == 0) {
        l->date_s = now.ms / 1000;
        http_date_put(l->date, now);
    }
    char line[160];
    int n = snprintf(line, sizeof(line), "HTTP/1.1 %d %s\r\nDate: %s\r\n", status,
                     http_reason(status), l->date);
    return bytes_put(&c->out, line, (size_t)n);
}

static bool put_length(struct bytes *out, size_t n)
{
    char line[48];
    int used = snprintf(line, sizeof(line), "Content-Length: %zu\r\n", n);
    return bytes_put(out, line, (size_t)used);
}

bool chunk_write(struct bytes *out, const char *p, size_t n)
{
    char line[24];
    int used = snprintf(line, sizeof(line), "%zx\r\n", n);
    return bytes_room(out, n + 32) && bytes_put(out, line, (size_t)used) && bytes_put(out, p, n) &&
           bytes_put(out, "\r\n", 2);
}

static bool put_body(struct conn *c, const struct exchange *x, struct str body)
{
    if (x->head.is_head_method || body.n == 0) {
        return true;
    }
    if (x->is_stream) {
        return chunk_write(&c->out, body.p, body.n);
    }
    if (body.n <= COPY_BYTES) {
        return bytes_put(&c->out, body.p, body.n);
    }
    c->tail = body;
    return true;
}

bool answer_write(struct conn *c, const struct exchange *x)
{
    const struct http_response *r = &x->response;
    bool has_twin = r->body_gzip.n > 0;
    bool zips = has_twin && accepts_gzip(http_header(&x->face.request, "accept-encoding"));
    struct str body = zips ? r->body_gzip : r->body;
    bool is_bodiless = r->status == 204 || r->status == 304;
    bool ok = put_first_line(c, r->status);
    ok = ok && (r->type.n == 0 || put_header(&c->out, STR("Content-Type"), r->type));
    for (size_t i = 0; ok && i < r->header_count; i++) {
        ok = put_header(&c->out, r->headers[i].name, r->headers[i].value);
    }
    ok = ok && (!has_twin || put_header(&c->out, STR("Vary"), STR("Accept-Encoding")));
    ok = ok && (!zips || put_header(&c->out, STR("Content-Encoding"), STR("gzip")));
    if (x->is_stream) {
        ok = ok && put_header(&c->out, STR("Transfer-Encoding"), STR("chunked"));
    } else if (!is_bodiless) {
        ok = ok && put_length(&c->out, body.n);
    }
    ok = ok && (!c->closes || put_header(&c->out, STR("Connection"), STR("close")));
    ok = ok && bytes_put(&c->out, "\r\n", 2);
    return ok && (is_bodiless || put_body(c, x, body));
}
