/* Sessions: a table in memory that answers every request, and rows behind it that outlast the
 * process.
 *
 * The cookie is 128 random bits; memory and store know its SHA-256 alone, so neither a backup nor a
 * look into the store signs anybody in. What changes is marked and written by one kept job at a
 * time (flush); only ending a session waits for it, because a session that was ended must not come
 * back after a crash. A use is written once a minute: after a crash a session may end a minute
 * early, never late. */
#include "web/web_in.h"

#include <stdlib.h>

#include "base/world.h"
#include "crypto/crypto.h"
#include "http/form.h"
#include "limit_gen.h"
#include "web_sql.h"

enum { SEEN_MS = 60 * 1000, SWEEP_MS = 10 * 60 * 1000, NONE = LIMIT_SESSIONS };

static bool is_live(const struct web_session *s, struct instant now)
{
    return s->state == SESSION_LIVE && now.ms - s->seen.ms < (int64_t)LIMIT_SESSION_IDLE_S * 1000 &&
           now.ms - s->begun.ms < (int64_t)LIMIT_SESSION_WHOLE_S * 1000;
}

static uint32_t *head_of(struct web_sessions *t, const uint8_t hash[32])
{
    uint32_t h = (uint32_t)hash[0] | (uint32_t)hash[1] << 8 | (uint32_t)hash[2] << 16 |
                 (uint32_t)hash[3] << 24;
    return &t->heads[h % LIMIT_SESSIONS];
}

static struct web_session *find(struct web_sessions *t, struct str cookie, struct instant now)
{
    uint8_t hash[32];
    sha256(cookie.p, cookie.n, hash);
    for (uint32_t i = *head_of(t, hash); i != NONE; i = t->rows[i].next) {
        if (is_live(&t->rows[i], now) && bytes_equal(t->rows[i].id_hash, hash, sizeof(hash))) {
            return &t->rows[i];
        }
    }
    return NULL;
}

static void unlink_row(struct web_sessions *t, struct web_session *s)
{
    uint32_t own = (uint32_t)(s - t->rows);
    for (uint32_t *at = head_of(t, s->id_hash); *at != NONE; at = &t->rows[*at].next) {
        if (*at == own) {
            *at = s->next;
            return;
        }
    }
}

/* No request finds it any more; its row in the store goes with the next flush. */
static void end_row(struct web_sessions *t, struct web_session *s)
{
    unlink_row(t, s);
    s->state = SESSION_GONE;
    s->version++;
}

static void forget_row(struct web_session *s)
{
    *s = (struct web_session){0};
}

static void put_text(char *to, size_t room, struct str s)
{
    size_t n = s.n < room - 1 ? s.n : room - 1;
    memcpy(to, s.p, n);
    to[n] = '\0';
    while (n > 0 && !utf8_is_valid((struct str){to, n})) { /* cut between characters */
        to[--n] = '\0';
    }
}

/* A free place; else that of the session longest unseen. Those nobody can use any more are swept on
 * the way. */
static struct web_session *place(struct web_sessions *t, struct instant now)
{
    struct web_session *oldest = NULL;
    struct web_session *free_row = NULL;
    for (size_t i = 0; i < t->used; i++) {
        struct web_session *s = &t->rows[i];
        if (s->state == SESSION_LIVE && !is_live(s, now)) {
            end_row(t, s);
        }
        if (s->state == SESSION_NONE) {
            free_row = free_row == NULL ? s : free_row;
        } else if (s->state == SESSION_LIVE && (oldest == NULL || s->seen.ms < oldest->seen.ms)) {
            oldest = s;
        }
    }
    if (free_row == NULL && t->used < LIMIT_SESSIONS) {
        free_row = &t->rows[t->used++];
    }
    if (free_row != NULL) {
        return free_row;
    }
    if (oldest != NULL) {
        unlink_row(t, oldest);
    }
    return oldest;
}

/* One person cannot crowd out others: beyond so many the one longest unseen ends. */
static void trim_actor(struct web_sessions *t, struct str actor, struct instant now)
{
    for (;;) {
        struct web_session *oldest = NULL;
        size_t count = 0;
        for (size_t i = 0; i < t->used; i++) {
            struct web_session *s = &t->rows[i];
            if (is_live(s, now) && str_equal(str_from(s->actor), actor)) {
                count++;
                oldest = oldest == NULL || s->seen.ms < oldest->seen.ms ? s : oldest;
            }
        }
        if (count < LIMIT_SESSIONS_OF_ONE) {
            return;
        }
        end_row(t, oldest);
    }
}

/* ---- the rows behind ---- */

static enum err write_row(struct ctx *ctx, struct db *db, const struct web_session *s)
{
    return web_session_add(ctx, db,
                           (struct web_session_add_in){.id = str_from(s->id),
                                                       .id_hash = {(const char *)s->id_hash, 32},
                                                       .actor_kind = (int64_t)s->kind,
                                                       .actor = str_from(s->actor),
                                                       .name = str_from(s->name),
                                                       .assurance = s->assurance,
                                                       .methods = str_from(s->methods),
                                                       .since_ms = s->since.ms,
                                                       .begun_ms = s->begun.ms,
                                                       .seen_ms = s->seen.ms,
                                                       .agent = str_from(s->agent),
                                                       .address = str_from(s->address)});
}

/* Copies of what changed since it was last written, so that the lock is not held while the store
 * works. */
static size_t take_changed(struct ctx *ctx, struct web *w, struct web_session **ret)
{
    struct web_sessions *t = &w->sessions;
    size_t count = 0;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < t->used; i++) {
        count += t->rows[i].version != t->rows[i].saved;
    }
    pthread_mutex_unlock(&w->lock);
    struct web_session *out = ARENA_ARRAY(ctx->arena, struct web_session, count + 1);
    size_t n = 0;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < t->used && n < count; i++) {
        struct web_session *s = &t->rows[i];
        if (s->version != s->saved) {
            s->saved = s->version;
            out[n++] = *s;
        }
    }
    pthread_mutex_unlock(&w->lock);
    *ret = out;
    return n;
}

static enum err flush_apply(struct ctx *ctx, struct db *db, void *arg,
                            const struct receipt *receipt)
{
    struct web *w = arg;
    struct web_session *changed = NULL;
    struct instant now = w->world->now(w->world);
    (void)receipt;
    size_t count = take_changed(ctx, w, &changed);
    for (size_t i = 0; i < count; i++) {
        if (changed[i].state == SESSION_LIVE) {
            TRY(write_row(ctx, db, &changed[i]));
            continue;
        }
        TRY(web_session_remove(ctx, db,
                               (struct web_session_remove_in){.id = str_from(changed[i].id)}));
        if (w->config.session_gone != NULL) {
            TRY(w->config.session_gone(ctx, db, str_from(changed[i].id),
                                       str_from(changed[i].actor)));
        }
    }
    if (now.ms - w->sessions.swept.ms < SWEEP_MS) {
        return ERR_OK;
    }
    w->sessions.swept = now;
    return web_session_expire(ctx, db,
                              (struct web_session_expire_in){
                                  .seen_before = now.ms - (int64_t)LIMIT_SESSION_IDLE_S * 1000,
                                  .begun_before = now.ms - (int64_t)LIMIT_SESSION_WHOLE_S * 1000});
}

/* On the writer's thread: what was written is settled, or must be written again. */
static void flush_settle(struct web *w, enum err err)
{
    pthread_mutex_lock(&w->lock);
    w->sessions.flushing = false;
    for (size_t i = 0; i < w->sessions.used; i++) {
        struct web_session *s = &w->sessions.rows[i];
        if (err != ERR_OK && s->state != SESSION_NONE) {
            s->saved = s->version - 1;
        } else if (s->state == SESSION_GONE && s->saved == s->version) {
            forget_row(s);
        }
    }
    pthread_mutex_unlock(&w->lock);
}

static void flushed(void *arg, enum err err, const struct why *why, const struct receipt *receipt)
{
    (void)why;
    (void)receipt;
    flush_settle(arg, err);
}

/* Write behind. A full queue leaves the marks for the next one. */
static void flush_later(struct page *p)
{
    struct web *w = p->web;
    pthread_mutex_lock(&w->lock);
    bool mine = !w->sessions.flushing;
    w->sessions.flushing = true;
    pthread_mutex_unlock(&w->lock);
    if (mine && gate_keep(p->ctx, p->gate, flush_apply, w, flushed, w) != ERR_OK) {
        pthread_mutex_lock(&w->lock);
        w->sessions.flushing = false;
        pthread_mutex_unlock(&w->lock);
    }
}

enum err sessions_open(struct ctx *ctx, struct web *w)
{
    struct web_sessions *t = &w->sessions;
    struct instant now = w->world->now(w->world);
    t->rows = ARENA_ARRAY(ctx->arena, struct web_session, LIMIT_SESSIONS);
    t->heads = ARENA_ARRAY(ctx->arena, uint32_t, LIMIT_SESSIONS);
    for (size_t i = 0; i < LIMIT_SESSIONS; i++) {
        t->heads[i] = NONE;
    }
    struct web_session_list_row *rows = NULL;
    size_t count = 0;
    struct db *db = NULL;
    TRY(store_reader(ctx, w->config.store, &db));
    enum err e = web_session_list(ctx, db, (struct web_session_list_in){.count = LIMIT_SESSIONS},
                                  &rows, &count);
    db_close(db);
    t->used = e == ERR_OK ? count : 0;
    for (size_t i = 0; e == ERR_OK && i < count; i++) {
        struct web_session *s = &t->rows[i];
        if (rows[i].id_hash.n != sizeof(s->id_hash)) {
            return fault(ctx, ERR_CORRUPT, "the stored session %.*s is damaged", FMT(rows[i].id));
        }
        s->state = SESSION_LIVE;
        memcpy(s->id_hash, rows[i].id_hash.p, sizeof(s->id_hash));
        s->kind = (enum actor_kind)rows[i].actor_kind;
        s->assurance = (int)rows[i].assurance;
        s->since.ms = rows[i].since_ms;
        s->begun.ms = rows[i].begun_ms;
        s->seen.ms = s->seen_saved.ms = rows[i].seen_ms;
        put_text(s->id, sizeof(s->id), rows[i].id);
        put_text(s->actor, sizeof(s->actor), rows[i].actor);
        put_text(s->name, sizeof(s->name), rows[i].name);
        put_text(s->methods, sizeof(s->methods), rows[i].methods);
        put_text(s->agent, sizeof(s->agent), rows[i].agent);
        put_text(s->address, sizeof(s->address), rows[i].address);
        uint32_t *head = head_of(t, s->id_hash);
        s->next = *head;
        *head = (uint32_t)i;
        if (!is_live(s, now)) {
            end_row(t, s);
        }
    }
    return e;
}

/* ---- requests ---- */

/* The __Host- prefix ties the cookie to this host, to TLS and to all paths (RFC 6265bis, 4.1.3.2).
 */
static struct str cookie_name(const struct page *p)
{
    return p->exchange->request.is_tls ? STR("__Host-tb_session") : STR("tb_session");
}

/* What forms of this session carry: made of the cookie, so it is another one after each sign-in. */
static struct str form_token(struct page *p, struct str cookie)
{
    uint8_t mac[32];
    hmac_sha256(cookie, STR("tongban form token"), mac);
    return hex_encode(p->ctx->arena, mac, 16);
}

void session_load(struct page *p)
{
    struct web *w = p->web;
    struct arena *a = p->ctx->arena;
    struct str cookie = cookie_get(&p->exchange->request, cookie_name(p));
    struct instant now = w->world->now(w->world);
    bool changed = false;
    if (cookie.n == 0 || cookie.n > 64) {
        return;
    }
    struct session *out = &p->session;
    out->token = form_token(p, cookie);
    pthread_mutex_lock(&w->lock);
    struct web_session *s = find(&w->sessions, cookie, now);
    struct web_session copy = s == NULL ? (struct web_session){0} : *s;
    if (s != NULL) {
        s->seen = now;
        changed = now.ms - s->seen_saved.ms >= SEEN_MS;
        if (changed) {
            s->seen_saved = now;
            s->version++;
        }
    }
    pthread_mutex_unlock(&w->lock);
    if (s == NULL) {
        *out = (struct session){0};
        return;
    }
    out->signed_in = true;
    out->id = str_copy(a, str_from(copy.id));
    out->name = str_copy(a, str_from(copy.name));
    out->methods = str_copy(a, str_from(copy.methods));
    out->since = copy.since;
    out->actor = (struct actor){.kind = copy.kind,
                                .id = str_copy(a, str_from(copy.actor)),
                                .assurance = copy.assurance,
                                .proven = copy.since};
    if (changed) {
        flush_later(p);
    }
}

static void set_cookie(struct page *p, struct str value)
{
    bool tls = p->exchange->request.is_tls;
    p->cookie = str_format(p->ctx->arena, "%.*s=%.*s; Path=/; HttpOnly; SameSite=Lax%s%s",
                           FMT(cookie_name(p)), FMT(value), tls ? "; Secure" : "",
                           value.n == 0 ? "; Max-Age=0" : "");
}

void session_begin(struct page *p, const struct sign_in *who)
{
    struct web *w = p->web;
    uint8_t bytes[24];
    struct instant now = w->world->now(w->world);
    w->world->random(w->world, bytes, sizeof(bytes));
    struct str cookie = hex_encode(p->ctx->arena, bytes, 16);
    struct str id = hex_encode(p->ctx->arena, bytes + 16, 8);
    struct str before = cookie_get(&p->exchange->request, cookie_name(p));
    struct web_session fresh = {.state = SESSION_LIVE,
                                .version = 1,
                                .kind = who->actor.kind,
                                .assurance = who->actor.assurance,
                                .since = now,
                                .begun = now,
                                .seen = now,
                                .seen_saved = now};
    sha256(cookie.p, cookie.n, fresh.id_hash);
    put_text(fresh.id, sizeof(fresh.id), id);
    put_text(fresh.actor, sizeof(fresh.actor), who->actor.id);
    put_text(fresh.name, sizeof(fresh.name), who->name);
    put_text(fresh.methods, sizeof(fresh.methods), who->methods);
    put_text(fresh.agent, sizeof(fresh.agent), http_header(&p->exchange->request, "user-agent"));
    put_text(fresh.address, sizeof(fresh.address), p->exchange->request.peer);
    pthread_mutex_lock(&w->lock);
    struct web_session *old =
        before.n == 0 || before.n > 64 ? NULL : find(&w->sessions, before, now);
    if (old != NULL) {
        if (str_equal(str_from(old->actor), who->actor.id)) {
            /* The same person, more surely: the session goes on for those who know it by its id,
             * under a new cookie. */
            memcpy(fresh.id, old->id, sizeof(fresh.id));
            fresh.begun = old->begun;
            fresh.version = old->version + 1;
            fresh.saved = old->saved;
            unlink_row(&w->sessions, old);
            forget_row(old);
        } else {
            end_row(&w->sessions, old);
        }
    }
    trim_actor(&w->sessions, who->actor.id, now);
    struct web_session *s = place(&w->sessions, now);
    if (s != NULL) {
        uint32_t *head = head_of(&w->sessions, fresh.id_hash);
        fresh.next = *head;
        *s = fresh;
        *head = (uint32_t)(s - w->sessions.rows);
    }
    pthread_mutex_unlock(&w->lock);
    flush_later(p);
    p->session = (struct session){.signed_in = true,
                                  .id = str_copy(p->ctx->arena, str_from(fresh.id)),
                                  .actor = who->actor,
                                  .name = who->name,
                                  .methods = who->methods,
                                  .since = now,
                                  .token = form_token(p, cookie)};
    p->session.actor.proven = now;
    set_cookie(p, cookie);
}

/* ---- ending ---- */

struct ending {
    struct web *web;
    page_then *then;
    void *own; /* of the page, given back to then */
};

static enum err ended(struct page *p, const struct receipt *receipt)
{
    struct ending *e = p->own;
    flush_settle(e->web, ERR_OK);
    p->own = e->own;
    return e->then(p, receipt);
}

enum err session_end(struct page *p, struct str actor, struct str id, struct str except,
                     page_then *then)
{
    struct web *w = p->web;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->sessions.used; i++) {
        struct web_session *s = &w->sessions.rows[i];
        bool meant = s->state == SESSION_LIVE && str_equal(str_from(s->actor), actor);
        meant = meant &&
                (id.n > 0 ? str_equal(str_from(s->id), id) : !str_equal(str_from(s->id), except));
        if (meant) {
            end_row(&w->sessions, s);
        }
    }
    pthread_mutex_unlock(&w->lock);
    if (str_equal(actor, p->session.actor.id) &&
        (id.n > 0 ? str_equal(id, p->session.id) : !str_equal(except, p->session.id))) {
        p->session = (struct session){0};
        set_cookie(p, STR(""));
    }
    struct ending *e = ARENA_NEW(p->ctx->arena, struct ending);
    *e = (struct ending){w, then, p->own};
    p->own = e;
    return page_keep(p, flush_apply, w, ended);
}

static int by_use(const void *a, const void *b)
{
    const struct session_row *x = a;
    const struct session_row *y = b;
    return (x->seen.ms < y->seen.ms) - (x->seen.ms > y->seen.ms);
}

size_t session_list(struct page *p, struct str actor, struct session_row **ret)
{
    struct web *w = p->web;
    struct arena *a = p->ctx->arena;
    struct instant now = w->world->now(w->world);
    struct web_session found[LIMIT_SESSIONS_OF_ONE];
    size_t count = 0;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->sessions.used && count < LEN(found); i++) {
        const struct web_session *s = &w->sessions.rows[i];
        if (is_live(s, now) && str_equal(str_from(s->actor), actor)) {
            found[count++] = *s;
        }
    }
    pthread_mutex_unlock(&w->lock);
    struct session_row *out = ARENA_ARRAY(a, struct session_row, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct web_session *s = &found[i];
        out[i] = (struct session_row){.id = str_copy(a, str_from(s->id)),
                                      .assurance = s->assurance,
                                      .methods = str_copy(a, str_from(s->methods)),
                                      .begun = s->begun,
                                      .seen = s->seen,
                                      .agent = str_copy(a, str_from(s->agent)),
                                      .address = str_copy(a, str_from(s->address))};
    }
    qsort(out, count, sizeof(*out), by_use);
    *ret = out;
    return count;
}

bool session_lasts(struct web *w, struct str id)
{
    struct instant now = w->world->now(w->world);
    bool lasts = false;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->sessions.used && !lasts; i++) {
        lasts =
            is_live(&w->sessions.rows[i], now) && str_equal(str_from(w->sessions.rows[i].id), id);
    }
    pthread_mutex_unlock(&w->lock);
    return lasts;
}
