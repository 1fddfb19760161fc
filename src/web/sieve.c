/* sieve.c - a JSON body whose files never lie in memory.
 *
 * Programs send a file as {"name": …, "type": …, "base64": "…"} in a member of the body, which is
 * one object. The text of such a string may be 50 MB; everything else in the body is a form's size.
 * So the body runs through a sieve before it is parsed: a scanner that knows only strings, brackets
 * and which key stands before a value. What is not the content of a "base64" string in the second
 * object from outside goes to a text, which is parsed when it is whole; that content is decoded as
 * it comes and goes to whoever keeps it, and the text holds an empty string in its place.
 *
 * The sieve need not know whether the body is JSON: whatever is not falls to the parser, because
 * every other byte, quotes of the sieved strings included, is still in the text. It has to agree
 * with the parser on one thing only, where strings begin and end, and that is a matter of quotes
 * and backslashes in any text that the parser will take.
 */
#include "web/sieve.h"

#include "base/str.h"
#include "limit_gen.h"

void sieve_open(struct sieve *s, struct arena *a)
{
    *s = (struct sieve){.text = buf_new(a, LIMIT_HTTP_BODY_BYTES)};
}

static void end_string(struct sieve *s)
{
    struct str token = {s->token, s->token_n};
    s->in_string = false;
    if (!s->is_key) {
        return;
    }
    if (s->depth == 1) {
        s->field = str_copy(s->text.arena, token);
    } else {
        s->is_base64 = str_equal(token, STR("base64"));
    }
}

static void in_string(struct sieve *s, char c)
{
    if (s->is_escaped) {
        s->is_escaped = false;
    } else if (c == '\\') {
        s->is_escaped = true;
    } else if (c == '"') {
        end_string(s);
        return;
    }
    if (s->token_n < sizeof(s->token)) {
        s->token[s->token_n++] = c;
    }
}

/* True when the content of a file begins behind c. */
static bool outside(struct sieve *s, char c)
{
    bool in_object = s->depth >= 1 && s->depth <= 2 && s->is_object[s->depth - 1];
    switch (c) {
    case '"':
        s->in_string = true;
        s->token_n = 0;
        s->is_key = in_object && s->wants_key;
        return in_object && !s->wants_key && s->depth == 2 && s->is_object[0] && s->is_base64;
    case '{':
    case '[':
        if (s->depth < 2) {
            s->is_object[s->depth] = c == '{';
        }
        s->depth++;
        s->wants_key = c == '{';
        s->is_base64 = false;
        break;
    case '}':
    case ']': s->depth -= s->depth > 0; break;
    case ',': s->wants_key = true; break;
    case ':': s->wants_key = false; break;
    default: break;
    }
    return false;
}

static int value_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* One character of base64 with padding (RFC 4648 4); false when it has no place here. */
static bool decode(struct sieve *s, char c)
{
    int value = value_of(c);
    bool pads = c == '=' && s->quad_n >= 2;
    if (s->is_over || (value < 0 && !pads) || (value >= 0 && s->pads > 0)) {
        return false;
    }
    s->quad = s->quad << 6 | (uint32_t)(value < 0 ? 0 : value);
    s->quad_n++;
    s->pads += pads;
    if (s->quad_n < 4) {
        return true;
    }
    for (int i = 0; i < 3 - s->pads; i++) {
        s->decoded[s->decoded_n++] = (char)(s->quad >> (16 - 8 * i));
    }
    bool spare = s->pads > 0 && (s->quad & ((1u << (8 * s->pads)) - 1)) != 0;
    s->is_over = s->pads > 0;
    s->quad_n = 0;
    s->quad = 0;
    return !spare;
}

static enum err step_file(struct ctx *ctx, struct sieve *s, struct str bytes, size_t *ret_used,
                          enum sieve_event *ret)
{
    size_t n = 0;
    bool good = true;
    bool ends = false;
    s->decoded_n = 0;
    while (good && !ends && n < bytes.n && s->decoded_n + 3 <= sizeof(s->decoded)) {
        char c = bytes.p[n++];
        ends = c == '"' && !s->is_escaped;
        if (c == '\\' && !s->is_escaped) { /* some programs write "\/" */
            s->is_escaped = true;
        } else if (!ends) {
            good = (!s->is_escaped || c == '/') && decode(s, c);
            s->is_escaped = false;
        }
    }
    good = good && (!ends || s->quad_n == 0);
    if (!good) {
        ctx->why.field = s->field;
        return fault(ctx, ERR_SYNTAX, "the file of %.*s is not base64 with padding (RFC 4648)",
                     FMT(s->field));
    }
    *ret_used = n;
    s->bytes = (struct str){s->decoded, s->decoded_n};
    if (!ends) {
        *ret = s->decoded_n > 0 ? SIEVE_BYTES : SIEVE_MORE;
    } else if (s->decoded_n > 0) { /* the quote comes again, when these were taken */
        *ret_used = n - 1;
        *ret = SIEVE_BYTES;
    } else {
        buf_byte(&s->text, '"');
        s->in_file = false;
        s->in_string = false;
        *ret = SIEVE_FILE_END;
    }
    return ERR_OK;
}

enum err sieve_next(struct ctx *ctx, struct sieve *s, struct str bytes, size_t *ret_used,
                    enum sieve_event *ret)
{
    *ret_used = 0;
    *ret = SIEVE_MORE;
    if (s->in_file && bytes.n > 0) {
        return step_file(ctx, s, bytes, ret_used, ret);
    }
    size_t n = 0;
    while (n < bytes.n && *ret == SIEVE_MORE) {
        char c = bytes.p[n++];
        if (s->in_string) {
            in_string(s, c);
        } else if (outside(s, c)) {
            s->in_file = true;
            s->is_over = false;
            s->is_escaped = false;
            s->quad = 0;
            s->quad_n = 0;
            s->pads = 0;
            *ret = SIEVE_FILE;
        }
    }
    buf_put(&s->text, str_slice(bytes, 0, n));
    *ret_used = n;
    struct str text;
    return s->text.err == ERR_OK ? ERR_OK : buf_done(ctx, &s->text, &text);
}
