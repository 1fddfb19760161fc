/* What the writer does to the identity provider's kept rows: pushed requests, codes, grants,
 * tokens, what may come once, sign-outs to tell. Each operation stands beside the function that
 * says what it is asked; pages and the thread (work.c) ask, and know nothing of the rows.
 *
 * Whether something may be done is decided here, in the one transaction that does it: a code is
 * exchanged by whoever comes first, a proof counts once, whichever front either came by. The answer
 * is one number: KEPT_WELL, KEPT_USED when what was brought was used before, or KEPT_CAME and which
 * of the things noted in struct once had come before; the asker has the words for each. */
#include "oidc/oidc_in.h"

#include "store/session.h"

enum { KEPT_WELL = 0, KEPT_USED = 1, KEPT_CAME = 2 };

static struct keep asked(const struct keep_op *op, const struct buf *b)
{
    must(b->err == ERR_OK);
    return (struct keep){op, buf_str(b)};
}

static enum err answer(struct buf *answer, int64_t value)
{
    wire_put_int(answer, value);
    return ERR_OK;
}

static void put_hash(struct buf *b, const uint8_t hash[32])
{
    wire_put_text(b, (struct str){(const char *)hash, 32});
}

/* ---- once ---- */

static void put_once(struct buf *b, const struct once *n)
{
    wire_put_int(b, (int64_t)n->count);
    for (size_t i = 0; i < n->count; i++) {
        put_hash(b, n->hash[i]);
        wire_put_int(b, n->expires_ms[i]);
    }
}

/* *ret is KEPT_WELL, or says which was the first that came before. */
static enum err keep_once(struct ctx *ctx, struct db *db, struct wire *w, int64_t *ret)
{
    int64_t count = wire_int(w);
    *ret = KEPT_WELL;
    for (int64_t i = 0; i < count && !w->is_broken; i++) {
        int64_t added = 0;
        struct oidc_once_add_in in = {0};
        in.hash = wire_text(w);
        in.expires_ms = wire_int(w);
        TRY(oidc_once_add(ctx, db, in, &added));
        if (added == 0 && *ret == KEPT_WELL) {
            *ret = KEPT_CAME + i;
        }
    }
    return ERR_OK;
}

bool oidc_kept_well(const struct page *p, const struct once *n, struct trouble used,
                    struct trouble *t)
{
    struct wire w = wire_read(p->kept);
    int64_t said = wire_int(&w);
    if (said >= KEPT_CAME && said < KEPT_CAME + (int64_t)n->count) {
        *t = n->trouble[said - KEPT_CAME];
    } else if (said != KEPT_WELL || w.is_broken) {
        *t = used;
    }
    return t->code == NULL;
}

/* ---- notes that an application got something of a person ---- */

static void put_release(struct buf *b, const struct release *r)
{
    wire_put_text(b, r->person);
    wire_put_text(b, r->client);
    wire_put_text(b, r->released);
    wire_put_text(b, r->route);
}

static enum err keep_release(struct ctx *ctx, struct db *db, struct wire *w)
{
    struct release r = {0};
    r.person = wire_text(w);
    r.client = wire_text(w);
    r.released = wire_text(w);
    r.route = wire_text(w);
    return release_keep(ctx, db, &r);
}

/* ---- pushed requests ---- */

static enum err push(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *ret)
{
    struct wire w = wire_read(payload);
    struct oidc_push_add_in in = {0};
    int64_t said = KEPT_WELL;
    (void)act;
    TRY(keep_once(ctx, db, &w, &said));
    in.id_hash = wire_text(&w);
    in.client = wire_text(&w);
    in.params = wire_text(&w);
    in.expires_ms = wire_int(&w);
    TRY(wire_done(ctx, &w));
    if (said == KEPT_WELL) {
        TRY(oidc_push_add(ctx, db, in));
    }
    return answer(ret, said);
}
static const struct keep_op op_push = {"oidc.push", push};

struct keep oidc_keep_push(struct arena *a, const struct once *n, const struct pushed *v)
{
    struct buf b = buf_new(a, 0);
    put_once(&b, n);
    put_hash(&b, v->hash);
    wire_put_text(&b, v->client);
    wire_put_text(&b, v->params);
    wire_put_int(&b, v->expires_ms);
    return asked(&op_push, &b);
}

/* ---- codes ---- */

static enum err code(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *ret)
{
    struct wire w = wire_read(payload);
    struct oidc_grant_add_in grant = {0};
    struct oidc_code_add_in code = {0};
    struct oidc_visit_add_in visit = {0};
    int64_t now = wire_int(&w);
    struct str push = wire_text(&w);
    (void)act;
    grant.id = code.grant_id = wire_text(&w);
    grant.client = visit.client = wire_text(&w);
    grant.person = visit.person = wire_text(&w);
    grant.document = wire_text(&w);
    visit.session = wire_text(&w);
    code.code_hash = wire_text(&w);
    code.redirect_uri = wire_text(&w);
    code.challenge = wire_text(&w);
    code.thumbprint = wire_text(&w);
    TRY(wire_done(ctx, &w));
    if (push.n > 0) { /* once (FAPI 2.0, 5.3.2.2; RFC 9126, 4) */
        int64_t taken = 0;
        TRY(oidc_push_take(ctx, db, (struct oidc_push_take_in){.id_hash = push, .now = now},
                           &taken));
        if (taken == 0) {
            return answer(ret, KEPT_USED);
        }
    }
    grant.expires_ms = now + (int64_t)(LIMIT_OIDC_CODE_S + LIMIT_OIDC_ACCESS_S) * 1000;
    code.expires_ms = now + (int64_t)LIMIT_OIDC_CODE_S * 1000;
    visit.expires_ms = now + (int64_t)2 * LIMIT_SESSION_WHOLE_S * 1000;
    TRY(oidc_grant_add(ctx, db, grant));
    TRY(oidc_code_add(ctx, db, code));
    if (visit.session.n > 0) {
        TRY(oidc_visit_add(ctx, db, visit));
    }
    return answer(ret, KEPT_WELL);
}
static const struct keep_op op_code = {"oidc.code", code};

struct keep oidc_keep_code(struct arena *a, const struct ask *ask, const struct grant *g,
                           const uint8_t code_hash[32], int64_t now_ms)
{
    struct buf b = buf_new(a, 0);
    /* Without an address to tell it that the session ended, it is not told. */
    bool visits = ask->client.backchannel_uri.n > 0;
    wire_put_int(&b, now_ms);
    wire_put_text(&b, (struct str){(const char *)ask->push_hash, ask->is_pushed ? 32 : 0});
    wire_put_text(&b, g->id);
    wire_put_text(&b, g->client);
    wire_put_text(&b, g->person);
    wire_put_text(&b, grant_document(a, g));
    wire_put_text(&b, visits ? g->session : STR(""));
    put_hash(&b, code_hash);
    wire_put_text(&b, ask->redirect_uri);
    wire_put_text(&b, ask->challenge);
    wire_put_text(&b, ask->thumbprint);
    return asked(&op_code, &b);
}

/* ---- tokens ---- */

/* A new refresh token, and what hangs on the grant lasts as long. */
static enum err add_refresh(struct ctx *ctx, struct db *db, struct oidc_refresh_add_in in)
{
    TRY(oidc_refresh_add(ctx, db, in));
    return oidc_grant_extend(
        ctx, db, (struct oidc_grant_extend_in){.id = in.grant_id, .expires_ms = in.expires_ms});
}

static enum err token(struct ctx *ctx, struct db *db, struct str payload,
                      const struct keep_act *act, struct buf *ret)
{
    struct wire w = wire_read(payload);
    struct oidc_refresh_add_in fresh = {0};
    int64_t said = KEPT_WELL;
    int64_t used = 1;
    (void)act;
    TRY(keep_once(ctx, db, &w, &said));
    enum use use = (enum use)wire_int(&w);
    bool revoke = wire_int(&w) != 0;
    int64_t now = wire_int(&w);
    struct str hash = wire_text(&w);
    fresh.grant_id = wire_text(&w);
    fresh.token_hash = wire_text(&w);
    fresh.thumbprint = wire_text(&w);
    fresh.expires_ms = now + (int64_t)LIMIT_OIDC_REFRESH_S * 1000;
    if (said != KEPT_WELL) {
        return answer(ret, said);
    }
    if (!revoke && use == USE_CODE) {
        TRY(oidc_code_use(ctx, db, (struct oidc_code_use_in){.code_hash = hash, .now = now},
                          &used));
    } else if (!revoke && use == USE_REFRESH && fresh.token_hash.n > 0) {
        TRY(oidc_refresh_use(ctx, db, (struct oidc_refresh_use_in){.token_hash = hash}, &used));
    }
    if (revoke || used == 0) { /* stolen, or lost and stolen: nobody goes on with it (RFC 6749,
                                  10.5; RFC 9700, 4.14) */
        TRY(oidc_grant_revoke(ctx, db, (struct oidc_grant_revoke_in){.id = fresh.grant_id}));
        return answer(ret, KEPT_USED);
    }
    if (fresh.token_hash.n > 0) {
        TRY(add_refresh(ctx, db, fresh));
    }
    TRY(keep_release(ctx, db, &w));
    TRY(wire_done(ctx, &w));
    return answer(ret, KEPT_WELL);
}
static const struct keep_op op_token = {"oidc.token", token};

struct keep oidc_keep_token(struct arena *a, const struct once *n, const struct brought *v,
                            const struct release *r)
{
    struct buf b = buf_new(a, 0);
    put_once(&b, n);
    wire_put_int(&b, v->use);
    wire_put_int(&b, v->revoke);
    wire_put_int(&b, v->now_ms);
    put_hash(&b, v->hash);
    wire_put_text(&b, v->grant);
    wire_put_text(&b, (struct str){(const char *)v->refresh_hash, v->has_refresh ? 32 : 0});
    wire_put_text(&b, v->refresh_thumbprint);
    put_release(&b, r);
    return asked(&op_token, &b);
}

/* ---- what is only noted, and what is revoked ---- */

static enum err note(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *ret)
{
    struct wire w = wire_read(payload);
    struct oidc_once_add_in jti = {0};
    int64_t said = KEPT_WELL;
    (void)act;
    TRY(keep_once(ctx, db, &w, &said));
    struct str grant = wire_text(&w);
    jti.hash = wire_text(&w);
    jti.expires_ms = wire_int(&w);
    if (said != KEPT_WELL) {
        return answer(ret, said);
    }
    if (grant.n > 0) {
        TRY(oidc_grant_revoke(ctx, db, (struct oidc_grant_revoke_in){.id = grant}));
    }
    if (jti.hash.n > 0) {
        int64_t added = 0;
        TRY(oidc_once_add(ctx, db, jti, &added));
    }
    TRY(keep_release(ctx, db, &w));
    TRY(wire_done(ctx, &w));
    return answer(ret, KEPT_WELL);
}
static const struct keep_op op_note = {"oidc.note", note};

struct keep oidc_keep_note(struct arena *a, const struct once *n, const struct revoked *v,
                           const struct release *r)
{
    struct buf b = buf_new(a, 0);
    put_once(&b, n);
    wire_put_text(&b, v->grant);
    wire_put_text(&b, (struct str){(const char *)v->jti_hash, v->has_jti ? 32 : 0});
    wire_put_int(&b, v->jti_expires_ms);
    put_release(&b, r);
    return asked(&op_note, &b);
}

static enum err withdraw(struct ctx *ctx, struct db *db, struct str payload,
                         const struct keep_act *act, struct buf *ret)
{
    struct wire w = wire_read(payload);
    struct oidc_grant_revoke_all_in in = {0};
    in.client = wire_text(&w);
    in.person = wire_text(&w);
    (void)act;
    (void)ret;
    TRY(wire_done(ctx, &w));
    return oidc_grant_revoke_all(ctx, db, in);
}
static const struct keep_op op_withdraw = {"oidc.withdraw", withdraw};

struct keep oidc_keep_withdraw(struct arena *a, struct str client, struct str person)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, client);
    wire_put_text(&b, person);
    return asked(&op_withdraw, &b);
}

/* ---- sweeping ---- */

static enum err sweep(struct ctx *ctx, struct db *db, struct str payload,
                      const struct keep_act *act, struct buf *ret)
{
    int64_t now = oidc_now(ctx).ms;
    int64_t n = 0;
    (void)payload;
    (void)act;
    (void)ret;
    TRY(oidc_sweep_push(ctx, db, (struct oidc_sweep_push_in){.now = now}, &n));
    TRY(oidc_sweep_code(ctx, db, (struct oidc_sweep_code_in){.now = now}, &n));
    TRY(oidc_sweep_refresh(ctx, db, (struct oidc_sweep_refresh_in){.now = now}, &n));
    TRY(oidc_sweep_grant(ctx, db, (struct oidc_sweep_grant_in){.now = now}, &n));
    TRY(oidc_sweep_once(ctx, db, (struct oidc_sweep_once_in){.now = now}, &n));
    TRY(oidc_sweep_visit(ctx, db, (struct oidc_sweep_visit_in){.now = now}, &n));
    return session_sweep(ctx, db);
}
static const struct keep_op op_sweep = {"oidc.sweep", sweep};
const struct keep oidc_keep_sweep = {&op_sweep, STR_INIT("")};

/* ---- sessions that ended ---- */

/* Out of the queue when each application has its notice. */
static enum err gone(struct ctx *ctx, struct db *db, struct str payload, const struct keep_act *act,
                     struct buf *ret)
{
    struct wire w = wire_read(payload);
    struct oidc_visit_list_row *left = NULL;
    size_t count = 0;
    struct str session = wire_text(&w);
    (void)act;
    (void)ret;
    TRY(wire_done(ctx, &w));
    TRY(notices_leave(ctx, db, session));
    TRY(oidc_visit_list(ctx, db, (struct oidc_visit_list_in){.session = session, .count = 1}, &left,
                        &count));
    return count == 0 ? session_gone_told(ctx, db, session) : ERR_OK;
}
static const struct keep_op op_gone = {"oidc.gone", gone};

struct keep oidc_keep_gone(struct arena *a, struct str session)
{
    struct buf b = buf_new(a, 0);
    wire_put_text(&b, session);
    return asked(&op_gone, &b);
}

static const struct keep_op *const ops[] = {&op_push,     &op_code,  &op_token, &op_note,
                                            &op_withdraw, &op_sweep, &op_gone};
const struct keep_table oidc_keeps = {ops, LEN(ops)};
