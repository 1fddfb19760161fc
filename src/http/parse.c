/* parse.c - heads and chunks of requests, strictly (RFC 9112; RFC 3986 for the target).
 *
 * Where the standard lets a server be lenient, this one is not: what two parsers could read in two
 * ways is refused, because the difference is how requests are smuggled. Refused beyond the
 * standard's own musts: every version but 1.1, folded headers, any transfer encoding but one
 * "chunked", chunk extensions and trailers, encoded slashes and backslashes, dot segments, header
 * values that are not UTF-8.
 */
#include "base/arena.h"
#include "base/str.h"
#include "base/utf8.h"
#include "base/token.h"
#include "http/http_in.h"

enum { TOKEN = 1, PATH = 2, QUERY = 4, HOST = 8, ALL = TOKEN | PATH | QUERY | HOST };

/* clang-format off */
static const uint8_t class_of[256] = {
    ['!'] = TOKEN | PATH | QUERY, ['#'] = TOKEN, ['$'] = TOKEN | PATH | QUERY, ['%'] = TOKEN | PATH | QUERY,
    ['&'] = TOKEN | PATH | QUERY, ['\''] = TOKEN | PATH | QUERY, ['('] = PATH | QUERY, [')'] = PATH | QUERY,
    ['*'] = TOKEN | PATH | QUERY, ['+'] = TOKEN | PATH | QUERY, [','] = PATH | QUERY, ['-'] = ALL, ['.'] = ALL,
    ['/'] = PATH | QUERY, ['0' ... '9'] = ALL, [':'] = PATH | QUERY, [';'] = PATH | QUERY, ['='] = PATH | QUERY,
    ['?'] = QUERY, ['@'] = PATH | QUERY, ['A' ... 'Z'] = ALL, ['['] = QUERY, ['\\'] = QUERY, [']'] = QUERY,
    ['^'] = TOKEN | QUERY, ['_'] = ALL, ['`'] = TOKEN | QUERY, ['a' ... 'z'] = ALL, ['{'] = QUERY,
    ['|'] = TOKEN | QUERY, ['}'] = QUERY, ['~'] = TOKEN | PATH | QUERY,
};
/* clang-format on */

static bool all_of(struct str s, unsigned class)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((class_of[(unsigned char)s.p[i]] & class) == 0) {
            return false;
        }
    }
    return true;
}

size_t head_scan(struct str bytes, size_t *from, enum refusal *ret)
{
    *ret = FINE;
    size_t line = *from;
    for (;;) {
        size_t max = bytes.n < LIMIT_HTTP_HEADER_BYTES ? bytes.n : LIMIT_HTTP_HEADER_BYTES;
        size_t at = line >= max ? SIZE_MAX : str_find_byte(str_slice(bytes, line, max), '\n');
        if (at == SIZE_MAX) {
            *from = line;
            if (bytes.n > LIMIT_HTTP_HEADER_BYTES) {
                *ret = line == 0 ? TOO_LONG_TARGET : TOO_LONG_HEADER;
            }
            return 0;
        }
        if (at == 0 || bytes.p[line + at - 1] != '\r') {
            *ret = BAD_BARE_LF;
            return 0;
        }
        line += at + 1;
        if (at == 1) {
            return line;
        }
    }
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that "%XX" at s stands for, -1 when it is broken. */
static int percent_at(struct str s, size_t at)
{
    if (s.n - at < 3) {
        return -1;
    }
    int high = hex_of(s.p[at + 1]);
    int low = hex_of(s.p[at + 2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static bool has_dot_segment(struct str path)
{
    struct str rest = path;
    while (rest.n > 0) {
        struct str segment = str_cut(rest, '/', &rest);
        if (str_equal(segment, STR(".")) || str_equal(segment, STR(".."))) {
            return true;
        }
    }
    return false;
}

static enum refusal decode_path(struct arena *a, struct str raw, struct str *ret)
{
    if (!all_of(raw, PATH)) {
        return BAD_TARGET;
    }
    char *out = arena_push_bytes(a, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        int c = (unsigned char)raw.p[i];
        if (c == '%') {
            c = percent_at(raw, i);
            i += 2;
            if (c < 0x20 || c == 0x7f || c == '/' || c == '\\') {
                return BAD_PERCENT;
            }
        }
        out[n++] = (char)c;
    }
    struct str path = {out, n};
    if (!utf8_is_valid(path)) {
        return BAD_PATH_UTF8;
    }
    if (has_dot_segment(path)) {
        return BAD_DOT_SEGMENT;
    }
    *ret = path;
    return FINE;
}

static enum refusal check_query(struct str query)
{
    if (!all_of(query, QUERY)) {
        return BAD_TARGET;
    }
    for (size_t i = 0; i < query.n; i++) {
        if (query.p[i] == '%' && percent_at(query, i) < 0) {
            return BAD_PERCENT;
        }
    }
    return FINE;
}

/* Absolute form (RFC 9112 3.2.2) is taken when its authority is the Host; *ret_authority is empty
 * otherwise. */
static enum refusal parse_target(struct arena *a, struct http_request *r, struct str *ret_authority)
{
    if (r->target.n > LIMIT_HTTP_TARGET_BYTES) {
        return TOO_LONG_TARGET;
    }
    struct str rest = r->target;
    *ret_authority = (struct str){0};
    size_t scheme = str_starts(rest, STR("http://"))    ? 7
                    : str_starts(rest, STR("https://")) ? 8
                                                        : 0;
    if (scheme > 0) {
        rest = str_slice(rest, scheme, rest.n);
        size_t slash = str_find_byte(rest, '/');
        if (slash == SIZE_MAX || slash == 0) {
            return BAD_TARGET;
        }
        *ret_authority = str_slice(rest, 0, slash);
        rest = str_slice(rest, slash, rest.n);
    }
    if (rest.n == 0 || rest.p[0] != '/') {
        return BAD_TARGET;
    }
    struct str path = str_cut(rest, '?', &r->query);
    enum refusal bad = check_query(r->query);
    return bad != FINE ? bad : decode_path(a, path, &r->path);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static enum refusal check_version(struct str v)
{
    if (str_equal(v, STR("HTTP/1.1"))) {
        return FINE;
    }
    bool is_version = v.n == 8 && str_starts(v, STR("HTTP/")) && is_digit(v.p[5]) &&
                      v.p[6] == '.' && is_digit(v.p[7]);
    return is_version ? BAD_VERSION : BAD_REQUEST_LINE;
}

static enum refusal parse_request_line(struct arena *a, struct str line, struct http_request *r,
                                       struct str *ret_authority)
{
    struct str rest = {0};
    r->method = str_cut(line, ' ', &rest);
    if (r->method.n == 0 || r->method.n > 32 || !all_of(r->method, TOKEN)) {
        return BAD_METHOD;
    }
    struct str version = {0};
    r->target = str_cut(rest, ' ', &version);
    enum refusal bad = check_version(version);
    return bad != FINE ? bad : parse_target(a, r, ret_authority);
}

static bool is_port(struct str s)
{
    uint64_t port = 0;
    return s.n <= 5 && str_to_u64(s, &port) && port <= 65535;
}

static bool is_host(struct str host)
{
    struct str name = host;
    struct str port = {0};
    if (host.n > 0 && host.p[0] == '[') {
        size_t end = str_find_byte(host, ']');
        if (end == SIZE_MAX || end < 3) {
            return false;
        }
        for (size_t i = 1; i < end; i++) {
            if (hex_of(host.p[i]) < 0 && host.p[i] != ':' && host.p[i] != '.') {
                return false;
            }
        }
        port = str_slice(host, end + 1, host.n);
        return port.n == 0 || (port.p[0] == ':' && is_port(str_slice(port, 1, port.n)));
    }
    bool has_port = str_find_byte(host, ':') != SIZE_MAX;
    name = str_cut(host, ':', &port);
    return name.n > 0 && name.n <= 255 && all_of(name, HOST) && (!has_port || is_port(port));
}

static bool is_value(struct str v)
{
    bool is_ascii = true;
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
        is_ascii = is_ascii && c < 0x80;
    }
    return is_ascii || utf8_is_valid(v);
}

static enum refusal parse_header(struct arena *a, struct str line, struct http_pair *ret)
{
    if (line.p[0] == ' ' || line.p[0] == '\t') {
        return BAD_FOLD;
    }
    size_t colon = str_find_byte(line, ':');
    struct str name = str_slice(line, 0, colon == SIZE_MAX ? 0 : colon);
    if (name.n == 0 || !all_of(name, TOKEN)) {
        return BAD_HEADER_NAME;
    }
    struct str value = str_slice(line, colon + 1, line.n);
    if (!is_value(value)) {
        return BAD_HEADER_VALUE;
    }
    *ret = (struct http_pair){str_lower_ascii(a, name), str_trim(value)};
    return FINE;
}

/* What the framing headers say so far. */
struct framing {
    struct head *head;
    struct http_request *request;
    bool has_length;
    bool has_host;
};

static enum refusal on_host(struct framing *f, struct str value)
{
    if (f->has_host) {
        return BAD_HOST_REPEATED;
    }
    f->has_host = true;
    f->request->host = value;
    return is_host(value) ? FINE : BAD_HOST;
}

static enum refusal on_length(struct framing *f, struct str value)
{
    if (f->has_length || value.n > 18 || !str_to_u64(value, &f->head->body_bytes)) {
        return BAD_LENGTH;
    }
    f->has_length = true;
    return FINE;
}

static enum refusal on_encoding(struct framing *f, struct str value)
{
    if (f->head->is_chunked || !str_equal_nocase(value, STR("chunked"))) {
        return BAD_ENCODING;
    }
    f->head->is_chunked = true;
    return FINE;
}

static enum refusal on_connection(struct framing *f, struct str value)
{
    struct str rest = value;
    while (rest.n > 0) {
        struct str option = str_trim(str_cut(rest, ',', &rest));
        f->head->closes = f->head->closes || str_equal_nocase(option, STR("close"));
    }
    return FINE;
}

static enum refusal on_expect(struct framing *f, struct str value)
{
    f->head->expects_continue = true;
    return str_equal_nocase(value, STR("100-continue")) ? FINE : BAD_EXPECT;
}

static const struct {
    struct str name;
    enum refusal (*on)(struct framing *f, struct str value);
} framing_rows[] = {
    {STR_INIT("host"), on_host},
    {STR_INIT("content-length"), on_length},
    {STR_INIT("connection"), on_connection},
    {STR_INIT("transfer-encoding"), on_encoding},
    {STR_INIT("expect"), on_expect},
};

static enum refusal note_framing(struct framing *f, const struct http_pair *header)
{
    for (size_t i = 0; i < LEN(framing_rows); i++) {
        if (str_equal(header->name, framing_rows[i].name)) {
            return framing_rows[i].on(f, header->value);
        }
    }
    return FINE;
}

static enum refusal check_framing(const struct framing *f, struct str authority)
{
    if (!f->has_host) {
        return BAD_HOST_MISSING;
    }
    if (authority.n > 0 && !str_equal_nocase(authority, f->request->host)) {
        return BAD_HOST;
    }
    return f->has_length && f->head->is_chunked ? BAD_LENGTH_AND_CHUNKED : FINE;
}

static struct str next_line(struct str *rest)
{
    size_t end = str_find_byte(*rest, '\n');
    must(end != SIZE_MAX && end > 0);
    struct str line = str_slice(*rest, 0, end - 1);
    *rest = str_slice(*rest, end + 1, rest->n);
    return line;
}

enum refusal head_parse(struct arena *a, struct str bytes, struct http_request *ret,
                        struct head *ret_head)
{
    struct str rest = bytes;
    struct str authority = {0};
    struct str line = next_line(&rest);
    enum refusal bad = parse_request_line(a, line, ret, &authority);
    if (bad != FINE) {
        return bad;
    }
    struct http_pair *headers = ARENA_ARRAY(a, struct http_pair, LIMIT_HTTP_HEADER_COUNT);
    struct framing framing = {.head = ret_head, .request = ret};
    ret->headers = headers;
    while ((line = next_line(&rest)).n > 0) {
        if (ret->header_count == LIMIT_HTTP_HEADER_COUNT) {
            return TOO_MANY_HEADERS;
        }
        struct http_pair *header = &headers[ret->header_count];
        bad = parse_header(a, line, header);
        bad = bad != FINE ? bad : note_framing(&framing, header);
        if (bad != FINE) {
            return bad;
        }
        ret->header_count++;
    }
    ret_head->is_head_method = str_equal(ret->method, STR("HEAD"));
    return check_framing(&framing, authority);
}

/* A line of hexadecimal digits: its length with CR LF, 0 when more is needed or it is refused. */
static size_t chunk_size_line(struct str bytes, uint64_t *ret_size, enum refusal *ret)
{
    enum { DIGITS_MAX = 15 };
    uint64_t size = 0;
    size_t i = 0;
    while (i < bytes.n && i <= DIGITS_MAX && hex_of(bytes.p[i]) >= 0) {
        size = size << 4 | (uint64_t)hex_of(bytes.p[i]);
        i++;
    }
    bool is_bad = i > DIGITS_MAX || (i < bytes.n && (i == 0 || bytes.p[i] != '\r')) ||
                  (i + 1 < bytes.n && bytes.p[i + 1] != '\n');
    if (is_bad) {
        *ret = BAD_CHUNK;
        return 0;
    }
    *ret_size = size;
    return i + 1 < bytes.n ? i + 2 : 0;
}

static size_t chunk_line_end(struct str bytes, enum refusal *ret)
{
    static const char end[2] = {'\r', '\n'};
    size_t n = bytes.n < 2 ? bytes.n : 2;
    if (memcmp(bytes.p, end, n) != 0) {
        *ret = BAD_CHUNK;
        return 0;
    }
    return n == 2 ? 2 : 0;
}

size_t chunk_next(struct chunks *c, struct str bytes, struct str *ret_data, enum refusal *ret)
{
    *ret = FINE;
    *ret_data = (struct str){0};
    if (bytes.n == 0) {
        return 0;
    }
    size_t used = 0;
    switch (c->state) {
    case CHUNK_SIZE:
        used = chunk_size_line(bytes, &c->left_bytes, ret);
        c->state = used == 0 ? CHUNK_SIZE : c->left_bytes == 0 ? CHUNK_LAST_END : CHUNK_DATA;
        return used;
    case CHUNK_DATA:
        used = bytes.n < c->left_bytes ? bytes.n : (size_t)c->left_bytes;
        *ret_data = str_slice(bytes, 0, used);
        c->left_bytes -= used;
        c->state = c->left_bytes == 0 ? CHUNK_DATA_END : CHUNK_DATA;
        return used;
    case CHUNK_DATA_END:
        used = chunk_line_end(bytes, ret);
        c->state = used > 0 ? CHUNK_SIZE : CHUNK_DATA_END;
        return used;
    case CHUNK_LAST_END:
        used = chunk_line_end(bytes, ret);
        c->state = used > 0 ? CHUNK_DONE : CHUNK_LAST_END;
        return used;
    case CHUNK_DONE: break;
    }
    return 0;
}

struct str http_header(const struct http_request *r, const char *name)
{
    struct str wanted = str_from(name);
    for (size_t i = 0; i < r->header_count; i++) {
        if (str_equal(r->headers[i].name, wanted)) {
            return r->headers[i].value;
        }
    }
    return (struct str){0};
}
