/* greet.c - greetings: what each side of a line says it is, before anything is carried.
 *
 * Text, so that one of another program, older or newer, can at least be read as far as its first
 * line: "tongban front 1" names the protocol, and stays what it is in every version to come. The
 * rest are lines "key value"; keys that are not known are passed over. */
#include "base/str.h"
#include "base/token.h"
#include "line/line.h"

static const struct str opening = STR_INIT("tongban front ");

static void put_line(struct buf *b, const char *key, struct str value)
{
    size_t n = str_find_byte(value, '\n');
    if (value.n > 0) {
        buf_format(b, "%s %.*s\n", key, FMT(n == SIZE_MAX ? value : str_slice(value, 0, n)));
    }
}

void line_greeting_put(struct buf *b, const struct line_greeting *g)
{
    buf_put(b, opening);
    buf_i64(b, g->protocol);
    buf_byte(b, '\n');
    put_line(b, "form", g->form);
    put_line(b, "origin", g->origin);
    put_line(b, "issuer", g->issuer);
    put_line(b, "refused", g->refused);
    buf_byte(b, '\n');
}

bool line_greeting_get(struct str text, struct line_greeting *ret)
{
    struct line_greeting g = {0};
    struct str line = str_cut(text, '\n', &text);
    if (!str_starts(line, opening) ||
        !str_to_i64(str_slice(line, opening.n, line.n), &g.protocol)) {
        return false;
    }
    while (text.n > 0) {
        struct str value = {0};
        line = str_cut(text, '\n', &text);
        struct str key = str_cut(line, ' ', &value);
        struct str *place = str_equal(key, STR("form"))      ? &g.form
                            : str_equal(key, STR("origin"))  ? &g.origin
                            : str_equal(key, STR("issuer"))  ? &g.issuer
                            : str_equal(key, STR("refused")) ? &g.refused
                                                             : NULL;
        bool other = g.protocol != LINE_PROTOCOL && place != &g.refused;
        if (place != NULL && !other) {
            *place = value;
        }
    }
    *ret = g;
    return true;
}

enum err line_greeting_fit(struct ctx *ctx, const struct line_greeting *front,
                           const struct line_greeting *node)
{
    if (front->protocol != node->protocol) {
        return fault(ctx, ERR_VERSION,
                     "the front speaks version %lld of the protocol of fronts and the node version "
                     "%lld: run the same program on both machines",
                     (long long)front->protocol, (long long)node->protocol);
    }
    if (!str_equal(front->form, node->form)) {
        return fault(ctx, ERR_VERSION,
                     "the program of the front makes data of form %.*s and that of the node %.*s: "
                     "run the same program on both machines",
                     FMT(front->form), FMT(node->form));
    }
    if (!str_equal(front->origin, node->origin)) {
        return fault(ctx, ERR_CONFLICT, "the front is one of the node %.*s, and this is %.*s",
                     FMT(front->origin), FMT(node->origin));
    }
    if (front->issuer.n > 0 && node->issuer.n > 0 && !str_equal(front->issuer, node->issuer)) {
        return fault(ctx, ERR_CONFLICT,
                     "the front gives out identities as %.*s, and the node as %.*s",
                     FMT(front->issuer), FMT(node->issuer));
    }
    return ERR_OK;
}
