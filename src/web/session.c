/* Sessions of the demo's sign-in: in memory, bounded, by a random cookie of which only a hash is kept.
 * The seam for real identity: whoever replaces this fills struct session and nothing else changes. */
#include "web/web_in.h"

#include "base/world.h"
#include "crypto/crypto.h"
#include "http/form.h"
#include "limit_gen.h"

enum { IDLE_MS = 30 * 60 * 1000, WHOLE_MS = 12 * 3600 * 1000 };

static bool is_live(const struct web_session *s, struct instant now)
{
    return s->used && now.ms - s->seen.ms < IDLE_MS && now.ms - s->begun.ms < WHOLE_MS;
}

static struct web_session *find(struct web *w, struct str cookie, struct instant now)
{
    uint8_t hash[32];
    sha256(cookie.p, cookie.n, hash);
    for (size_t i = 0; i < LIMIT_SESSIONS; i++) {
        if (is_live(&w->sessions[i], now) && bytes_equal(w->sessions[i].id_hash, hash, sizeof(hash))) {
            return &w->sessions[i];
        }
    }
    return NULL;
}

void session_load(struct page *p)
{
    struct web *w = p->web;
    struct str cookie = cookie_get(&p->exchange->request, STR("tb_session"));
    struct instant now = w->world->now(w->world);
    if (cookie.n == 0) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    struct web_session *s = find(w, cookie, now);
    if (s != NULL) {
        s->seen = now;
        p->session.signed_in = true;
        p->session.id = cookie;
        p->session.token = str_copy(p->ctx->arena, (struct str){s->token, 32});
        p->session.name = s->who->name;
        p->session.actor = (struct actor){.kind = s->who->kind, .id = s->who->id, .assurance = 2};
    }
    pthread_mutex_unlock(&w->lock);
}

/* A free place, or the one longest unseen. */
static struct web_session *place(struct web *w, struct instant now)
{
    struct web_session *oldest = &w->sessions[0];
    for (size_t i = 0; i < LIMIT_SESSIONS; i++) {
        if (!is_live(&w->sessions[i], now)) {
            return &w->sessions[i];
        }
        if (w->sessions[i].seen.ms < oldest->seen.ms) {
            oldest = &w->sessions[i];
        }
    }
    return oldest;
}

enum err session_begin(struct page *p, const struct demo_person *who)
{
    struct web *w = p->web;
    uint8_t bytes[32];
    struct instant now = w->world->now(w->world);
    w->world->random(w->world, bytes, sizeof(bytes));
    struct str id = hex_encode(p->ctx->arena, bytes, 16);
    struct str token = hex_encode(p->ctx->arena, bytes + 16, 16);
    session_end(p); /* a new sign-in never goes on under an old id */
    pthread_mutex_lock(&w->lock);
    struct web_session *s = place(w, now);
    *s = (struct web_session){.used = true, .begun = now, .seen = now, .who = who};
    sha256(id.p, id.n, s->id_hash);
    memcpy(s->token, token.p, 32);
    pthread_mutex_unlock(&w->lock);
    bool tls = p->exchange->request.is_tls;
    p->cookie = str_format(p->ctx->arena, "tb_session=%.*s; Path=/; HttpOnly; SameSite=Lax%s", FMT(id), tls ? "; Secure" : "");
    return ERR_OK;
}

void session_end(struct page *p)
{
    struct web *w = p->web;
    if (!p->session.signed_in) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    struct web_session *s = find(w, p->session.id, w->world->now(w->world));
    if (s != NULL) {
        *s = (struct web_session){0};
    }
    pthread_mutex_unlock(&w->lock);
    p->session = (struct session){0};
    p->cookie = STR("tb_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
}
