/* download.c - a file of the vault as an answer: made piece by piece, when the client has room.
 *
 * The loop asks for the next piece when the last has gone to the client; a reader is taken for that
 * one piece and given back. So the answer holds no connection to the store while a slow client
 * reads, and one piece of memory. A piece that cannot be read cuts the connection: an answer that
 * ended as if it were whole would be worse than none.
 *
 * What people handed in is never a page of this site: it is handed out to be saved, under the name
 * it came with (RFC 6266), its type is not to be guessed again, and if something shows it all the
 * same, it does so in a sandbox without scripts, forms and origin.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "web/answer.h"
#include "web/web_in.h"

struct download {
    struct page *page;
    struct vault_file file;
    int64_t index;
};

static enum err next_piece(struct download *d, struct str *ret)
{
    struct page *p = d->page;
    struct ctx *ctx = p->ctx;
    TRY(reader_get(p));
    enum err e = vault_file_piece(ctx, p->db, &d->file, d->index++, ret);
    reader_give(p);
    return e;
}

static bool more(void *arg)
{
    struct download *d = arg;
    struct http_exchange *x = d->page->exchange;
    struct arena_mark mark = arena_mark(x->ctx.arena);
    struct str bytes = {0};
    bool good = next_piece(d, &bytes) == ERR_OK;
    if (good && bytes.n == 0) {
        http_stream_end(x);
    } else if (good) {
        good = http_stream_push(x, bytes) == ERR_OK;
    }
    arena_reset(x->ctx.arena, mark);
    return good;
}

static void left(void *arg)
{
    const struct download *d = arg;
    http_stream_end(d->page->exchange);
}

void download_send(struct page *p, const struct http_response *head)
{
    if (str_equal(p->exchange->request.method, STR("HEAD"))) {
        http_respond(p->exchange, head);
        return;
    }
    http_stream_begin(p->exchange, head,
                      &(struct http_stream){
                          .arg = p->download, .on_gone = left, .on_room = more, .is_finite = true});
}

/* A quoted string for clients that know no filename*: what is not plain ASCII becomes "_". */
static void put_plain(struct buf *b, struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '%' && c != '/';
        if (((unsigned char)c & 0xc0) != 0x80) { /* one for each character */
            buf_byte(b, plain ? c : '_');
        }
    }
}

/* ext-value of RFC 8187. */
static void put_extended(struct buf *b, struct str name)
{
    static const char also[] = "!#$&+-.^_`|~";
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                     (c != 0 && strchr(also, c) != NULL);
        if (plain) {
            buf_byte(b, c);
        } else {
            buf_format(b, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

struct str disposition(struct arena *a, struct str name)
{
    struct buf b = buf_new(a, 0);
    buf_puts(&b, "attachment; filename=\"");
    put_plain(&b, name);
    buf_puts(&b, "\"; filename*=UTF-8''");
    put_extended(&b, name);
    return buf_str(&b);
}

enum err page_file(struct page *p, const struct vault_file *file, struct str name, struct str type)
{
    struct ctx *ctx = p->ctx;
    struct download *d = ARENA_NEW(ctx->arena, struct download);
    *d = (struct download){.page = p, .file = *file};
    p->download = d;
    page_header(p, STR("Content-Disposition"),
                disposition(ctx->arena, name.n > 0 ? name : file->sha256));
    return page_raw(p, 200, type.n > 0 ? type : STR("application/octet-stream"), STR(""), -1);
}
