/* multipart.c - multipart/form-data (RFC 7578 over RFC 2046 5.1.1), as it comes or whole.
 *
 * Parts stand between lines "--boundary", the last of them followed by "--". A line and its end
 * belong to the boundary: so what ends a part is the text "\r\n--boundary", and it may be split
 * anywhere between two reads. The scanner holds nothing back but a count: of that text, how many
 * bytes have matched so far. When the match breaks, the bytes held were content, and they are known
 * without having been kept, for they are the beginning of the text itself. That is enough because
 * the text begins with the only CR in it (a boundary has none): after a break no shorter match can
 * be under way, so the naive scanner is the correct one.
 *
 * Headers of a part are short and are gathered; everything else passes through. What comes after
 * the last boundary is read and forgotten.
 */
#include "http/form_in.h"

#include "base/str.h"
#include "base/utf8.h"
#include "base/token.h"
#include "limit_gen.h"

/* One parameter "; name=value" or "; name=\"quoted\"" of a header value. Browsers write a quote in
 * a name as %22, so a backslash stands for itself (WHATWG HTML, multipart/form-data encoding). */
static bool parameter_get(struct str parameters, struct str name, struct str *ret)
{
    struct str rest = parameters;
    while (rest.n > 0) {
        size_t equal = str_find_byte(rest, '=');
        if (equal == SIZE_MAX) {
            return false;
        }
        struct str key = str_slice(rest, 0, equal);
        while (key.n > 0 && (key.p[0] == ';' || key.p[0] == ' ' || key.p[0] == '\t')) {
            key = str_slice(key, 1, key.n);
        }
        rest = str_slice(rest, equal + 1, rest.n);
        struct str value = {0};
        if (rest.n > 0 && rest.p[0] == '"') {
            rest = str_slice(rest, 1, rest.n);
            if (str_find_byte(rest, '"') == SIZE_MAX) {
                return false;
            }
            value = str_cut(rest, '"', &rest);
        } else {
            size_t end = str_find_byte(rest, ';');
            end = end == SIZE_MAX ? rest.n : end;
            value = str_trim(str_slice(rest, 0, end));
            rest = str_slice(rest, end, rest.n);
        }
        if (str_equal_nocase(str_trim(key), name)) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static struct str last_segment(struct str path)
{
    for (size_t i = path.n; i > 0; i--) {
        if (path.p[i - 1] == '/' || path.p[i - 1] == '\\') {
            return str_slice(path, i, path.n);
        }
    }
    return path;
}

static bool is_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f) {
            return false;
        }
    }
    return utf8_is_valid(s);
}

static enum err part_header(struct ctx *ctx, struct str line, struct http_part *part)
{
    struct str value = {0};
    struct str name = str_cut(line, ':', &value);
    value = str_trim(value);
    if (!is_text(line)) {
        return fault(ctx, ERR_UTF8, "a header of a part is not clean UTF-8 text");
    }
    if (name.n == line.n) {
        return fault(ctx, ERR_SYNTAX, "a header of a part has no colon");
    }
    if (str_equal_nocase(name, STR("content-type"))) {
        part->type = value;
    }
    if (!str_equal_nocase(name, STR("content-disposition"))) {
        return ERR_OK;
    }
    struct str parameters = {0};
    struct str file = {0};
    bool ok = str_equal_nocase(str_trim(str_cut(value, ';', &parameters)), STR("form-data")) &&
              parameter_get(parameters, STR("name"), &part->name);
    part->is_file = parameter_get(parameters, STR("filename"), &file);
    part->file_name = last_segment(file);
    return ok ? ERR_OK
              : fault(ctx, ERR_SYNTAX,
                      "a part has no name; its Content-Disposition must be form-data with one");
}

/* The lines of a part's header, without the empty one. */
static enum err head_parse(struct ctx *ctx, struct str text, struct http_part *ret)
{
    struct http_part part = {.type = STR("text/plain")};
    while (text.n > 0) {
        size_t end = str_find(text, STR("\r\n"));
        end = end == SIZE_MAX ? text.n : end;
        TRY(part_header(ctx, str_slice(text, 0, end), &part));
        text = str_slice(text, end + 2, text.n);
    }
    if (part.name.n == 0) {
        return fault(ctx, ERR_SYNTAX, "a part of the body has no name");
    }
    *ret = part;
    return ERR_OK;
}

static enum err boundary_of(struct ctx *ctx, const struct http_request *r, struct str *ret)
{
    struct str parameters = {0};
    struct str boundary = {0};
    bool ok = str_equal_nocase(media_type(r, &parameters), STR("multipart/form-data")) &&
              parameter_get(parameters, STR("boundary"), &boundary) && boundary.n > 0 &&
              boundary.n <= 70;
    if (!ok) {
        return fault(ctx, ERR_MEDIA_TYPE,
                     "the body is not declared as multipart/form-data with a boundary of 1 to 70 "
                     "characters");
    }
    *ret = str_format(ctx->arena, "\r\n--%.*s", FMT(boundary));
    return ERR_OK;
}

enum err multipart_open(struct ctx *ctx, const struct http_request *r, struct multipart *ret)
{
    struct str line = {0};
    TRY(boundary_of(ctx, r, &line));
    /* The first line has no line before it to end. */
    *ret = (struct multipart){.line = line, .state = MULTIPART_AT_LINE, .matched = 2};
    return ERR_OK;
}

/* The first line: nothing may stand before it. */
static enum err step_line(struct ctx *ctx, struct multipart *m, struct str bytes, size_t *ret_used)
{
    size_t n = 0;
    while (n < bytes.n && m->matched < m->line.n && bytes.p[n] == m->line.p[m->matched]) {
        n++;
        m->matched++;
    }
    *ret_used = n;
    if (m->matched == m->line.n) {
        m->state = MULTIPART_AFTER_LINE;
        m->matched = 0;
        return ERR_OK;
    }
    return n == bytes.n ? ERR_OK
                        : fault(ctx, ERR_SYNTAX, "the body does not begin with its boundary");
}

/* What follows a boundary: the end of its line, or "--". */
static enum err step_after(struct ctx *ctx, struct multipart *m, struct str bytes, size_t *ret_used)
{
    char c = bytes.p[0];
    bool is_second = m->matched == 1;
    bool fits = is_second ? c == (m->is_last ? '-' : '\n') : c == '-' || c == '\r';
    if (!fits) {
        return fault(ctx, ERR_SYNTAX, "a boundary is followed by something else than its end");
    }
    *ret_used = 1;
    m->matched = is_second ? 0 : 1;
    if (!is_second) {
        m->is_last = c == '-';
        return ERR_OK;
    }
    if (!m->is_last && m->count == LIMIT_HTTP_MULTIPART_PARTS) {
        return fault(ctx, ERR_TOO_MANY, "the body has more than %d parts",
                     LIMIT_HTTP_MULTIPART_PARTS);
    }
    m->state = m->is_last ? MULTIPART_DONE : MULTIPART_IN_HEAD;
    m->head_n = 0;
    return ERR_OK;
}

static enum err step_head(struct ctx *ctx, struct multipart *m, struct str bytes, size_t *ret_used,
                          enum multipart_event *ret)
{
    static const struct str end = STR_INIT("\r\n\r\n");
    size_t n = 0;
    while (n < bytes.n && m->head_n < sizeof(m->head)) {
        m->head[m->head_n++] = bytes.p[n++];
        struct str head = {m->head, m->head_n};
        if (str_ends(head, end)) {
            head = str_copy(ctx->arena, str_slice(head, 0, head.n - end.n));
            TRY(head_parse(ctx, head, &m->part));
            m->state = MULTIPART_IN_PART;
            m->count++;
            *ret = MULTIPART_PART;
            break;
        }
    }
    *ret_used = n;
    return *ret == MULTIPART_PART || m->head_n < sizeof(m->head)
               ? ERR_OK
               : fault(ctx, ERR_TOO_LONG, "the headers of a part are longer than %d bytes",
                       LIMIT_HTTP_PART_HEADER_BYTES);
}

static void step_part(struct multipart *m, struct str bytes, size_t *ret_used,
                      enum multipart_event *ret)
{
    size_t n = 0;
    while (m->matched > 0 && n < bytes.n && m->matched < m->line.n &&
           bytes.p[n] == m->line.p[m->matched]) {
        n++;
        m->matched++;
    }
    *ret_used = n;
    if (m->matched == m->line.n) {
        m->state = MULTIPART_AFTER_LINE;
        m->matched = 0;
        *ret = MULTIPART_PART_END;
    } else if (m->matched > 0 && n < bytes.n) { /* it was no boundary */
        m->bytes = str_slice(m->line, 0, m->matched);
        m->matched = 0;
        *ret = MULTIPART_BYTES;
    } else if (m->matched == 0) {
        size_t cr = str_find_byte(bytes, '\r');
        cr = cr == SIZE_MAX ? bytes.n : cr;
        m->bytes = str_slice(bytes, 0, cr);
        m->matched = cr < bytes.n ? 1 : 0;
        *ret_used = cr + m->matched;
        *ret = cr > 0 ? MULTIPART_BYTES : MULTIPART_MORE;
    }
}

enum err multipart_next(struct ctx *ctx, struct multipart *m, struct str bytes, size_t *ret_used,
                        enum multipart_event *ret)
{
    *ret_used = 0;
    *ret = MULTIPART_MORE;
    if (bytes.n == 0) {
        return ERR_OK;
    }
    switch (m->state) {
    case MULTIPART_AT_LINE: return step_line(ctx, m, bytes, ret_used);
    case MULTIPART_AFTER_LINE: return step_after(ctx, m, bytes, ret_used);
    case MULTIPART_IN_HEAD: return step_head(ctx, m, bytes, ret_used, ret);
    case MULTIPART_IN_PART: step_part(m, bytes, ret_used, ret); return ERR_OK;
    case MULTIPART_DONE: *ret_used = bytes.n; return ERR_OK;
    }
    return ERR_OK;
}

enum err multipart_close(struct ctx *ctx, const struct multipart *m)
{
    return m->state == MULTIPART_DONE
               ? ERR_OK
               : fault(ctx, ERR_SYNTAX, "the body ends before its last boundary");
}

enum err multipart_parse(struct ctx *ctx, const struct http_request *r, struct http_parts *ret)
{
    struct multipart m;
    TRY(multipart_open(ctx, r, &m));
    struct http_part *parts = ARENA_ARRAY(ctx->arena, struct http_part, LIMIT_HTTP_MULTIPART_PARTS);
    size_t begin = 0;
    for (size_t at = 0; at < r->body.n;) {
        size_t used = 0;
        enum multipart_event event = MULTIPART_MORE;
        TRY(multipart_next(ctx, &m, str_slice(r->body, at, r->body.n), &used, &event));
        at += used;
        if (event == MULTIPART_PART) {
            parts[m.count - 1] = m.part;
            begin = at;
        } else if (event == MULTIPART_PART_END) {
            parts[m.count - 1].bytes = str_slice(r->body, begin, at - m.line.n);
        }
    }
    TRY(multipart_close(ctx, &m));
    *ret = (struct http_parts){parts, m.count};
    return ERR_OK;
}
