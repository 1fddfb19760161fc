/* Values as HTML and URLs have them. Each place of a template knows its context and calls the one
 * of these that is right for it (tools/pagec.c), so nothing is escaped by hand. */
#include "web/render.h"

#include "base/day.h"
#include "base/str.h"

void render_text(struct render *r, struct str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        const char *entity = s.p[i] == '&'    ? "&amp;"
                             : s.p[i] == '<'  ? "&lt;"
                             : s.p[i] == '>'  ? "&gt;"
                             : s.p[i] == '"'  ? "&quot;"
                             : s.p[i] == '\'' ? "&#39;"
                                              : NULL;
        if (entity != NULL) {
            buf_bytes(r->out, s.p + from, i - from);
            buf_puts(r->out, entity);
            from = i + 1;
        }
    }
    buf_bytes(r->out, s.p + from, s.n - from);
}

void render_html(struct render *r, struct str html)
{
    buf_put(r->out, html);
}

void render_int(struct render *r, int64_t v)
{
    buf_i64(r->out, v);
}

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void render_segment(struct render *r, struct str s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i])) {
            buf_byte(r->out, s.p[i]);
        } else {
            char three[3] = {'%', hex[c >> 4], hex[c & 15]};
            buf_bytes(r->out, three, sizeof(three));
        }
    }
}

void render_url(struct render *r, struct str s)
{
    bool path = s.n > 0 && s.p[0] == '/' && !(s.n > 1 && (s.p[1] == '/' || s.p[1] == '\\'));
    bool local = s.n > 0 && (s.p[0] == '?' || s.p[0] == '#');
    if (!path && !local) {
        buf_byte(r->out, '#');
        return;
    }
    if (path && !str_starts(s, STR("/static/"))) {
        render_prefix(r);
    }
    render_text(r, s);
}

void render_day(struct render *r, struct day d)
{
    if (d.n == 0) {
        return;
    }
    struct civil c = day_to_civil(d);
    buf_format(r->out, "<time datetime=\"%04d-%02d-%02d\">", c.year, c.month, c.day);
    day_write(r->out, d, r->lang == LANG_EN);
    buf_puts(r->out, "</time>");
}

void render_day_plain(struct render *r, struct day d)
{
    struct civil c = day_to_civil(d);
    if (d.n != 0) {
        buf_format(r->out, "%04d-%02d-%02d", c.year, c.month, c.day);
    }
}

void render_prefix(struct render *r)
{
    if (r->lang == LANG_EN) {
        buf_puts(r->out, "/en");
    }
}

void render_token(struct render *r)
{
    render_static(r, "<input type=\"hidden\" name=\"_token\" value=\"");
    render_text(r, r->token);
    render_static(r, "\"><input type=\"hidden\" name=\"_key\" value=\"");
    render_text(r, r->key);
    render_static(r, "\">");
}

void render_json_bool(struct buf *b, bool v)
{
    buf_puts(b, v ? "true" : "false");
}

void render_json_day(struct buf *b, struct day d)
{
    struct civil c = day_to_civil(d);
    if (d.n == 0) {
        buf_puts(b, "null");
    } else {
        buf_format(b, "\"%04d-%02d-%02d\"", c.year, c.month, c.day);
    }
}
