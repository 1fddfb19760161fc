/* Sessions of requests: from the cookie to who is signed in, and back.
 *
 * The rows are the store's (store/session.h); here is what a browser holds of them. The cookie is
 * 128 random bits, another one after each sign-in, and the form token is made of it. Beginning and
 * ending answer when they are durable, never before: a cookie that was given out holds at every
 * front from its first request on, and a session that was ended comes back from no crash.
 *
 * Nothing is remembered between requests but which sessions are about to be noted as seen, so that
 * many requests of one browser within its minute ask the writer once. */
#include "base/encode.h"
#include "base/utf8.h"
#include "web/web_in.h"

#include "base/world.h"
#include "crypto/crypto.h"
#include "http/form.h"
#include "web/session.h"
#include "web/submit.h"
#include "limit_gen.h"

enum { SEEN_MS = 60 * 1000, COOKIE_BYTES = 16, ID_BYTES = 8, COOKIE_MAX = 64 };
enum { NAME_MAX = 155, AGENT_MAX = 95, ADDRESS_MAX = 47 };

/* The __Host- prefix ties the cookie to this host, to TLS and to all paths (RFC 6265bis, 4.1.3.2).
 */
static struct str cookie_name(const struct page *p)
{
    return p->exchange->request.is_tls ? STR("__Host-tb_session") : STR("tb_session");
}

/* The session cookie of the request; empty when there is none that could be ours. */
static struct str cookie_of(struct page *p)
{
    struct str cookie = cookie_get(&p->exchange->request, cookie_name(p));
    return cookie.n > COOKIE_MAX ? STR("") : cookie;
}

static struct str hash_of(struct arena *a, struct str cookie)
{
    uint8_t hash[32];
    if (cookie.n == 0) {
        return STR("");
    }
    sha256(cookie.p, cookie.n, hash);
    return str_copy(a, (struct str){(const char *)hash, sizeof(hash)});
}

/* What forms of this session carry: made of the cookie, so it is another one after each sign-in. */
static struct str form_token(struct page *p, struct str cookie)
{
    uint8_t mac[32];
    hmac_sha256(cookie, STR("tongban form token"), mac);
    return hex_encode(p->ctx->arena, mac, 16);
}

/* ---- being seen: asked of the writer for many at once ---- */

static void seen_settle(struct web *w)
{
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < LEN(w->seen); i++) {
        if (w->seen[i].state == SEEN_ASKED) {
            w->seen[i].state = SEEN_FREE;
        }
    }
    w->seen_asked = false;
    pthread_mutex_unlock(&w->lock);
}

static void seen_kept(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    (void)err; /* the row is as old as it was: the next request asks again */
    (void)why;
    (void)receipt;
    seen_settle(arg);
}

/* Mark a session; the ids to ask for now, none while another asking is on its way. */
static size_t seen_mark(struct page *p, struct str id, struct str ids[SEEN_PLACES])
{
    struct web *w = p->web;
    struct web_seen *own = NULL;
    size_t count = 0;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < LEN(w->seen); i++) {
        struct web_seen *s = &w->seen[i];
        bool same = s->state != SEEN_FREE && str_equal(str_from(s->id), id);
        own = same || (own == NULL && s->state == SEEN_FREE) ? s : own;
        if (same) {
            break;
        }
    }
    if (own != NULL && own->state == SEEN_FREE && id.n < sizeof(own->id)) {
        memcpy(own->id, id.p, id.n);
        own->id[id.n] = '\0';
        own->state = SEEN_WAITS;
    }
    for (size_t i = 0; i < LEN(w->seen) && !w->seen_asked; i++) {
        if (w->seen[i].state == SEEN_WAITS) {
            w->seen[i].state = SEEN_ASKED;
            ids[count++] = str_copy(p->ctx->arena, str_from(w->seen[i].id));
        }
    }
    w->seen_asked = w->seen_asked || count > 0;
    pthread_mutex_unlock(&w->lock);
    return count;
}

static void note_seen(struct page *p, struct str id)
{
    struct str ids[SEEN_PLACES];
    size_t count = seen_mark(p, id, ids);
    if (count == 0) {
        return;
    }
    struct keep keep = session_keep_seen(p->ctx->arena, ids, count);
    if (gate_keep(p->ctx, p->gate, &keep, seen_kept, p->web) != ERR_OK) {
        seen_settle(p->web); /* a full queue: the next request asks again */
    }
}

/* ---- requests ---- */

enum err session_load(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct str cookie = cookie_of(p);
    struct session_row row;
    bool found = false;
    if (cookie.n == 0) {
        return ERR_OK;
    }
    TRY(reader_get(p));
    enum err e = session_find(ctx, p->db, hash_of(a, cookie), &row, &found);
    if (e != ERR_OK || !found) {
        return e;
    }
    p->session = (struct session){.signed_in = true,
                                  .id = row.id,
                                  .actor = {.kind = (enum actor_kind)row.kind,
                                            .id = row.actor,
                                            .assurance = (int)row.assurance,
                                            .proven = row.since},
                                  .methods = row.methods,
                                  .name = row.name,
                                  .since = row.since,
                                  .token = form_token(p, cookie)};
    if (p->ctx->world->now(p->ctx->world).ms - row.seen.ms >= SEEN_MS) {
        note_seen(p, row.id);
    }
    return ERR_OK;
}

static void set_cookie(struct page *p, struct str value)
{
    bool tls = p->exchange->request.is_tls;
    p->cookie = str_format(p->ctx->arena, "%.*s=%.*s; Path=/; HttpOnly; SameSite=Lax%s%s",
                           FMT(cookie_name(p)), FMT(value), tls ? "; Secure" : "",
                           value.n == 0 ? "; Max-Age=0" : "");
}

/* What fits, cut between characters. */
static struct str cut(struct str s, size_t most)
{
    s.n = s.n < most ? s.n : most;
    while (s.n > 0 && !utf8_is_valid(s)) {
        s.n--;
    }
    return s;
}

/* ---- beginning ---- */

struct beginning {
    struct session session;
    struct str cookie;
    page_then *then;
    void *own; /* of the page, given back to then */
};

static enum err begun(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    struct beginning *b = p->own;
    struct instant since = {0};
    TRY(session_kept_begun(ctx, p->kept, &b->session.id, &since));
    p->session = b->session;
    set_cookie(p, b->cookie);
    p->own = b->own;
    return b->then(p, receipt);
}

enum err session_begin(struct page *p, const struct sign_in *who, page_then *then)
{
    struct arena *a = p->ctx->arena;
    struct world *world = p->ctx->world;
    uint8_t bytes[COOKIE_BYTES + ID_BYTES];
    world->random(world, bytes, sizeof(bytes));
    struct beginning *b = ARENA_NEW(a, struct beginning);
    *b = (struct beginning){
        .cookie = hex_encode(a, bytes, COOKIE_BYTES), .then = then, .own = p->own};
    b->session = (struct session){.signed_in = true,
                                  .actor = who->actor,
                                  .methods = who->methods,
                                  .name = who->name,
                                  .since = world->now(world),
                                  .token = form_token(p, b->cookie)};
    b->session.actor.proven = b->session.since;
    struct session_row row = {.id = hex_encode(a, bytes + COOKIE_BYTES, ID_BYTES),
                              .kind = who->actor.kind,
                              .actor = who->actor.id,
                              .name = cut(who->name, NAME_MAX),
                              .assurance = who->actor.assurance,
                              .methods = who->methods,
                              .since = b->session.since,
                              .agent =
                                  cut(http_header(&p->exchange->request, "user-agent"), AGENT_MAX),
                              .address = cut(p->exchange->request.peer, ADDRESS_MAX)};
    struct keep keep = session_keep_begin(a, &row, hash_of(a, b->cookie), hash_of(a, cookie_of(p)));
    bytes_wipe(bytes, sizeof(bytes));
    p->own = b;
    return page_keep(p, &keep, begun);
}

/* ---- ending ---- */

struct ending {
    bool own_session;
    page_then *then;
    void *own; /* of the page, given back to then */
};

static enum err ended(struct page *p, const struct receipt *receipt)
{
    struct ending *e = p->own;
    if (e->own_session) {
        p->session = (struct session){0};
        set_cookie(p, STR(""));
    }
    p->own = e->own;
    return e->then(p, receipt);
}

enum err session_end(struct page *p, struct str actor, struct str id, struct str except,
                     page_then *then)
{
    struct arena *a = p->ctx->arena;
    bool own = str_equal(actor, p->session.actor.id) &&
               (id.n > 0 ? str_equal(id, p->session.id) : !str_equal(except, p->session.id));
    struct ending *e = ARENA_NEW(a, struct ending);
    *e = (struct ending){own, then, p->own};
    struct keep keep = session_keep_end(a, actor, id, except);
    p->own = e;
    return page_keep(p, &keep, ended);
}
