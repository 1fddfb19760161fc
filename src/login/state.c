/* What the room has while the program serves: the key of seeds at rest and what is made of it; and
 * tickets. Every process of a node has the same, so a ticket given out by one is good at another.
 */
#include "base/encode.h"
#include "base/token.h"
#include "login/login_in.h"

#include <unistd.h>

#include "base/world.h"
#include "crypto/crypto.h"
#include "http/form.h"
#include "web/answer.h"

enum { NAME_MAX_BYTES = 40, NONCE = 8 };

struct login *login_of(const struct page *p)
{
    struct login *l = page_state(p, "login");
    must(l != NULL);
    return l;
}

static const char *seal_path(struct ctx *ctx, struct str dir)
{
    return str_format(ctx->arena, "%.*s/login.key", FMT(dir)).p;
}

enum err login_make_key(struct ctx *ctx, struct str dir)
{
    const char *path = seal_path(ctx, dir);
    if (ctx->world->exists(ctx->world, path) == 0) {
        return ERR_OK;
    }
    uint8_t fresh[SEAL_KEY];
    ctx->world->random(ctx->world, fresh, sizeof(fresh));
    enum err e = file_write(ctx, path, (struct str){(const char *)fresh, sizeof(fresh)}, 0600);
    bytes_wipe(fresh, sizeof(fresh));
    return e;
}

/* Seeds of one-time codes must be readable to check a code; in a copy of the store alone they are
 * not. */
static enum err read_seal(struct ctx *ctx, struct login *l, struct str dir)
{
    const char *path = seal_path(ctx, dir);
    struct str text = {0};
    TRY(file_read(ctx, path, 4096, &text));
    if (text.n != SEAL_KEY) {
        return fault(ctx, ERR_CORRUPT, "%s is not of %d bytes", path, SEAL_KEY);
    }
    memcpy(l->seal, text.p, SEAL_KEY);
    return ERR_OK;
}

enum err login_open(struct ctx *ctx, struct str dir, struct str origin, struct login **ret)
{
    struct login *l = ARENA_NEW(ctx->arena, struct login);
    uint8_t salt[PASSWORD_SALT];
    uint8_t word[16];
    l->world = ctx->world;
    l->origin = origin;
    TRY(read_seal(ctx, l, dir));
    guess_key(l->seal, l->guess_key);
    hmac_sha256((struct str){(const char *)l->seal, sizeof(l->seal)}, STR("tickets"), l->mark);
    ctx->world->random(ctx->world, salt, sizeof(salt));
    ctx->world->random(ctx->world, word, sizeof(word));
    if (!password_hash((struct str){(const char *)word, sizeof(word)}, salt, l->nobody)) {
        return fault(ctx, ERR_MEMORY, "no memory for hashing passwords");
    }
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *ret = l;
    /* Hashing takes tens of milliseconds and much memory, on purpose. */
    return pool_open(ctx, &l->pool, cores >= 8 ? 4 : cores >= 4 ? 2 : 1, LIMIT_PASSWORD_QUEUE);
}

void login_close(struct login *l)
{
    if (l == NULL) {
        return;
    }
    pool_close(&l->pool);
    bytes_wipe(l->seal, sizeof(l->seal));
    bytes_wipe(l->mark, sizeof(l->mark));
    bytes_wipe(l->guess_key, sizeof(l->guess_key));
}

struct str login_name(struct arena *a, struct str typed)
{
    struct str name = str_lower_ascii(a, str_trim(typed));
    return name.n > NAME_MAX_BYTES ? STR("") : name;
}

struct str login_new_id(struct page *p, const char *prefix)
{
    uint8_t bytes[8];
    p->ctx->world->random(p->ctx->world, bytes, sizeof(bytes));
    return str_format(p->ctx->arena, "%s%.*s", prefix,
                      FMT(hex_encode(p->ctx->arena, bytes, sizeof(bytes))));
}

struct str login_say(const struct page *p, const char *zh, const char *en)
{
    return str_from(p->lang == LANG_EN ? en : zh);
}

/* ---- tickets ---- */

/* A cookie that says nothing but "the same browser", sent on this site's own requests only. */
static struct str browser_of(struct page *p)
{
    struct str cookie = cookie_get(&p->exchange->request, STR("tb_pre"));
    if (cookie.n == 32) {
        return cookie;
    }
    for (size_t i = 0; i < p->header_count; i++) {
        if (str_starts(p->headers[i].value, STR("tb_pre="))) {
            return str_slice(p->headers[i].value, 7, 39);
        }
    }
    uint8_t bytes[16];
    p->ctx->world->random(p->ctx->world, bytes, sizeof(bytes));
    struct str fresh = hex_encode(p->ctx->arena, bytes, sizeof(bytes));
    page_header(p, STR("Set-Cookie"),
                str_format(p->ctx->arena,
                           "tb_pre=%.*s; Path=/; HttpOnly; SameSite=Strict; Max-Age=900%s",
                           FMT(fresh), p->exchange->request.is_tls ? "; Secure" : ""));
    return fresh;
}

static struct str ticket_mac(struct page *p, const char *purpose, struct str browser,
                             struct str body)
{
    uint8_t mac[32];
    struct login *l = login_of(p);
    struct str text = str_format(p->ctx->arena, "%s\n%.*s\n%.*s", purpose, FMT(browser), FMT(body));
    hmac_sha256((struct str){(const char *)l->mark, sizeof(l->mark)}, text, mac);
    return hex_encode(p->ctx->arena, mac, 16);
}

struct str ticket_make(struct page *p, const char *purpose, struct str text)
{
    struct arena *a = p->ctx->arena;
    uint8_t nonce[NONCE];
    p->ctx->world->random(p->ctx->world, nonce, sizeof(nonce));
    int64_t until = p->ctx->world->now(p->ctx->world).ms + TICKET_MS;
    struct str body = str_format(a, "%.*s.%lld.%.*s", FMT(base64url_encode(a, text.p, text.n)),
                                 (long long)until, FMT(hex_encode(a, nonce, sizeof(nonce))));
    return str_format(a, "%.*s.%.*s", FMT(body), FMT(ticket_mac(p, purpose, browser_of(p), body)));
}

static bool ticket_parts(struct page *p, struct str ticket, struct str *body, struct str *mac,
                         struct str *text, int64_t *until)
{
    struct str rest = {0};
    if (ticket.n < 36 || ticket.n > 512 || ticket.p[ticket.n - 33] != '.') {
        return false;
    }
    *body = str_slice(ticket, 0, ticket.n - 33);
    *mac = str_slice(ticket, ticket.n - 32, ticket.n);
    struct str coded = str_cut(*body, '.', &rest);
    return base64url_decode(p->ctx->arena, coded, text) &&
           str_to_i64(str_cut(rest, '.', &rest), until);
}

bool ticket_read(struct page *p, const char *purpose, struct str ticket, struct str *ret_text)
{
    struct str body = {0};
    struct str mac = {0};
    int64_t until = 0;
    int64_t now = p->ctx->world->now(p->ctx->world).ms;
    struct str browser = cookie_get(&p->exchange->request, STR("tb_pre"));
    if (browser.n != 32 || !ticket_parts(p, ticket, &body, &mac, ret_text, &until)) {
        return false;
    }
    struct str want = ticket_mac(p, purpose, browser, body);
    /* One made for later than any could be: the clock was set back. */
    return bytes_equal(want.p, mac.p, 32) && until > now && until <= now + TICKET_MS;
}

/* ---- passkeys' relying party ---- */

struct str login_address(struct page *p)
{
    const struct login *l = login_of(p);
    const struct http_request *r = &p->exchange->request;
    return l->origin.n > 0
               ? l->origin
               : str_format(p->ctx->arena, "%s://%.*s", r->is_tls ? "https" : "http", FMT(r->host));
}

bool login_relying_party(struct page *p, struct webauthn_want *ret)
{
    const struct login *l = login_of(p);
    struct str host = p->exchange->request.host;
    struct str name = str_cut(host, ':', &(struct str){0});
    *ret = (struct webauthn_want){.origin = l->origin, .verified = true};
    if (l->origin.n > 0) {
        struct str rest = str_slice(l->origin, str_find(l->origin, STR("://")) + 3, l->origin.n);
        ret->rp_id = str_cut(rest, ':', &(struct str){0});
        return true;
    }
    /* Without an address of its own a node has passkeys only where a browser allows them without
     * TLS. */
    if (!str_equal(name, STR("localhost"))) {
        return false;
    }
    ret->rp_id = name;
    ret->origin = login_address(p);
    return true;
}
