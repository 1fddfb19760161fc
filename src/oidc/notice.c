/* notice.c - telling an application that a session of its ended (Back-Channel Logout 1.0).
 *
 * A session ends in a transaction of the writer, for whatever reason, which leaves its id in the
 * store's queue of those that ended (store/session.h). The thread of this room finds it there, and
 * in one transaction each application it had signed in to gets a row of the outbox in place of its
 * row of visits, and the session leaves the queue: one notice for a session and an application, and
 * none is lost or made twice, whatever dies. The pool sends it. An application may be told twice,
 * when the node dies after it answered and before the row went; the notice names the session, and
 * ending what has ended changes nothing there.
 *
 * Nobody is kept signed in by a full outbox: then the visits stay, and the session in the queue,
 * until there is room again.
 */
#include "base/encode.h"
#include "base/json_make.h"
#include "crypto/crypto.h"
#include "http/client.h"
#include "oidc/oidc_in.h"
#include "outbox/outbox.h"

static enum err notice_leave(struct ctx *ctx, struct db *db, struct str session,
                             const struct oidc_visit_list_row *visit, bool *ret_room)
{
    struct arena *a = ctx->arena;
    struct json o = json_object();
    uint8_t hash[32];
    bool added = false;
    json_set(a, &o, STR("session"), json_of_str(session));
    json_set(a, &o, STR("client"), json_of_str(visit->client));
    json_set(a, &o, STR("person"), json_of_str(visit->person));
    struct buf b = buf_new(a, LIMIT_OUTBOX_PAYLOAD_BYTES);
    struct outbox_job job = {.kind = str_from(oidc_logout_job.kind), .seq = -1};
    struct str both = str_format(a, "%.*s\n%.*s", FMT(session), FMT(visit->client));
    sha256(both.p, both.n, hash);
    job.key = hex_encode(a, hash, sizeof(hash));
    json_write(&b, &o);
    TRY(buf_done(ctx, &b, &job.payload));
    enum err e = outbox_add(ctx, db, &job, &added);
    *ret_room = e != ERR_BUSY;
    return e == ERR_BUSY ? ERR_OK : e;
}

enum err notices_leave(struct ctx *ctx, struct db *db, struct str session)
{
    struct oidc_visit_list_row *rows = NULL;
    size_t count = 0;
    bool room = true;
    TRY(oidc_visit_list(
        ctx, db, (struct oidc_visit_list_in){.session = session, .count = LIMIT_STORE_ROWS - 1},
        &rows, &count));
    for (size_t i = 0; i < count; i++) {
        TRY(notice_leave(ctx, db, session, &rows[i], &room));
        if (!room) {
            break;
        }
        TRY(oidc_visit_remove(
            ctx, db, (struct oidc_visit_remove_in){.session = session, .client = rows[i].client}));
    }
    return ERR_OK;
}

/* 200 and 204 are heard; 400 is heard and refused (2.8): neither is tried again. */
static enum err send(struct ctx *ctx, struct oidc *o, const struct client *c, const struct json *j)
{
    struct str token = {0};
    struct http_fetched got = {0};
    TRY(issue_logout(ctx, o, c, json_text(j, "session"), json_text(j, "person"), &token));
    struct http_fetch f = {.url = c->backchannel_uri,
                           .method = STR("POST"),
                           .body = str_format(ctx->arena, "logout_token=%.*s", FMT(token)),
                           .body_type = STR("application/x-www-form-urlencoded"),
                           .max_bytes = 4096,
                           .timeout_ms = LIMIT_OIDC_LOGOUT_MS};
    TRY(http_fetch(ctx, &f, &got));
    bool heard = got.status == 200 || got.status == 204 || got.status == 400;
    return heard ? ERR_OK
                 : fault(ctx, ERR_IO, "the application %.*s answered its notice with status %d",
                         FMT(c->id), got.status);
}

/* An application that is closed by now, or hears no notices, is told nothing. */
static enum err notice_run(struct ctx *ctx, const struct job *job, struct job_result *ret)
{
    struct oidc *o = job->state;
    struct client c;
    struct json j;
    bool found = false;
    (void)ret; /* done, with nothing to keep */
    if (o == NULL || o->issuer.n == 0) {
        return fault(ctx, ERR_PRECONDITION, "this node has no issuer to sign the notice as");
    }
    TRY(json_parse(ctx, job->payload, job->kind, &j));
    TRY(client_find(ctx, job->db, json_text(&j, "client"), &c, &found));
    return found && c.backchannel_uri.n > 0 ? send(ctx, o, &c, &j) : ERR_OK;
}

/* Tried for a day: 5 s, 15 s, 45 s …, then every hour. */
const struct job_kind oidc_logout_job = {.kind = "oidc.logout",
                                         .room = "oidc",
                                         .run = notice_run,
                                         .at_once = 2,
                                         .time_ms = LIMIT_OIDC_LOGOUT_MS + 3000,
                                         .tries_most = 29,
                                         .pause_s = 5,
                                         .pause_most_s = 3600};
