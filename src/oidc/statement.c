/* What an application says under its own key: a signed statement, believed once.
 *
 * It is a token of a type of its own, so that what was signed for one door is nothing at another
 * (RFC 8725, 3.11): a client assertion cannot be brought as a statement, nor a statement as an
 * assertion. Whoever hears it needs no session and no access token: the signature stands under the
 * very words, so it can be shown to a court, which a bearer token over them could not. */
#include "oidc/oidc_in.h"

#include "base/json_make.h"
#include "web/answer.h"

#define STATEMENT_TYP "statement+jwt"

struct hearing {
    struct once once;
    struct oidc_statement statement;
    oidc_heard *then;
};

static enum err refuse(struct page *p, int status, const char *problem, struct text2 sentence)
{
    return page_problem_as(p, status, problem, STR("statement"), sentence);
}

static struct text2 both(const char *zh, struct str en)
{
    return (struct text2){str_from(zh), en};
}

static enum err check(struct page *p, const struct jws *s, const struct client *c,
                      struct jwt_claims *ret, struct once *once, bool *ret_well)
{
    struct ctx *ctx = p->ctx;
    struct jwt_rules rules = {.now = oidc_now(ctx),
                              .iss = c->id,
                              .sub = c->id,
                              .aud = oidc_of(p)->issuer,
                              .aud_alone = true,
                              .need_exp = true,
                              .need_jti = true,
                              .life_max_s = LIMIT_OIDC_ASSERTION_S};
    *ret_well = false;
    if (jws_verify_by(ctx, s, &c->jwks) != ERR_OK) {
        return refuse(p, 401, "statement.signature",
                      both("签名不是所登记的密钥作出的。",
                           STR("It is not signed by a registered key of this client.")));
    }
    if (jwt_read(ctx, s->payload, &rules, ret) != ERR_OK) {
        return refuse(p, 401, "statement.claims",
                      both("陈述的签发者、接收者或者时间不符合要求。",
                           str_format(ctx->arena,
                                      "Who says it, to whom or when is not as it must "
                                      "be: %.*s.",
                                      FMT(ctx->why.detail))));
    }
    once_note(once, "statement", c->id, ret->jti, (ret->exp_s + JWT_SKEW_S) * 1000,
              (struct trouble){"statement.replayed", ""});
    *ret_well = true;
    return ERR_OK;
}

static enum err heard(struct page *p, const struct receipt *receipt)
{
    struct hearing *h = p->own;
    struct trouble t = {0};
    (void)receipt;
    if (!oidc_kept_well(p, &h->once, (struct trouble){"statement.replayed", ""}, &t)) {
        return refuse(
            p, 401, "statement.replayed",
            both("这份陈述已经用过，请重新签一份（jti 不同）。",
                 STR("This statement was brought before; sign another (its jti differs).")));
    }
    return h->then(p, &h->statement);
}

enum err oidc_statement(struct page *p, struct str text, struct oidc_statement *ret, bool *ret_well)
{
    struct ctx *ctx = p->ctx;
    struct hearing *h = ARENA_NEW(ctx->arena, struct hearing);
    struct text2 none = {{0}, {0}};
    struct jws s = {0};
    struct json claims;
    struct client c = {0};
    struct jwt_claims said;
    bool found = false;
    *ret_well = false;
    p->own = h;
    if (oidc_of(p)->issuer.n == 0) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    if (text.n == 0 || jws_read(ctx, text, JOSE_ALL | JOSE_RS256, false, &s) != ERR_OK ||
        !str_equal(s.typ, STR(STATEMENT_TYP)) ||
        json_parse(ctx, s.payload, STR("statement"), &claims) != ERR_OK) {
        return refuse(
            p, 400, "statement.unreadable",
            both("statement 应当是一份签名的陈述（紧凑 JWS，typ 为 statement+jwt）。",
                 STR("statement is to be a signed one: a compact JWS whose typ is " STATEMENT_TYP
                     ".")));
    }
    TRY(client_find(ctx, p->db, json_text(&claims, "iss"), &c, &found));
    if (!found || c.auth != AUTH_KEY) {
        return refuse(p, 401, "statement.unknown",
                      both("没有登记这个应用，或者已经停用，或者它没有登记密钥。",
                           STR("No such client is registered with a key, or it was closed.")));
    }
    TRY(check(p, &s, &c, &said, &h->once, ret_well));
    h->statement = (struct oidc_statement){c.id, said.jti, said.all};
    *ret = h->statement;
    return ERR_OK;
}

enum err oidc_statement_take(struct page *p, struct str person, const char *route, oidc_heard *then)
{
    struct hearing *h = p->own;
    struct revoked nothing = {0};
    struct release release = {person, h->statement.client, STR("bill"), str_from(route)};
    h->then = then;
    struct keep keep = oidc_keep_note(p->ctx->arena, &h->once, &nothing, &release);
    return page_keep(p, &keep, heard);
}
