/* Claims of a token, held to what they must say. */
#include "jose/jose.h"

#include "base/str.h"
#include "base/token.h"
#include "limit_gen.h"

/* NumericDate (RFC 7519, 2): seconds, perhaps with a fraction, which is cut off. Not negative,
 * below 2^53. */
static enum err read_time(struct ctx *ctx, const struct json *all, const char *name, int64_t *ret)
{
    const struct json *v = json_get(all, name);
    *ret = 0;
    if (v == NULL) {
        return ERR_OK;
    }
    struct str rest = {0};
    struct str whole = json_is(v, JSON_NUMBER) ? str_cut(v->text, '.', &rest) : STR("");
    bool digits = rest.n <= 9;
    for (size_t i = 0; i < rest.n; i++) {
        digits = digits && rest.p[i] >= '0' && rest.p[i] <= '9';
    }
    if (!digits || !str_to_i64(whole, ret) || *ret < 0 || *ret > (int64_t)1 << 53) {
        *ret = 0;
        return fault(ctx, ERR_SYNTAX, "the claim %s is no number of seconds", name);
    }
    return ERR_OK;
}

static enum err read_text(struct ctx *ctx, const struct json *all, const char *name,
                          struct str *ret)
{
    const struct json *v = json_get(all, name);
    *ret = STR("");
    if (v != NULL && !json_is(v, JSON_STRING)) {
        return fault(ctx, ERR_SYNTAX, "the claim %s must be a text", name);
    }
    if (v != NULL) {
        *ret = v->text;
    }
    return ERR_OK;
}

static enum err check_audience(struct ctx *ctx, const struct json *all, const struct jwt_rules *r)
{
    const struct json *aud = json_get(all, "aud");
    bool found = json_is(aud, JSON_STRING) && str_equal(aud->text, r->aud);
    for (size_t i = 0; !r->aud_alone && json_is(aud, JSON_ARRAY) && i < aud->count; i++) {
        if (!json_is(&aud->items[i], JSON_STRING)) {
            return fault(ctx, ERR_SYNTAX, "the claim aud must hold texts");
        }
        found = found || str_equal(aud->items[i].text, r->aud);
    }
    if (aud == NULL) {
        return fault(ctx, ERR_MISSING, "the claim aud is missing");
    }
    return found ? ERR_OK
                 : fault(ctx, ERR_CONFLICT,
                         r->aud_alone ? "the claim aud must be this provider's issuer, as one text"
                                      : "the claim aud names another");
}

static bool is_one_of(const struct json *v, const struct jwt_rules *r)
{
    bool found = false;
    for (size_t i = 0; json_is(v, JSON_STRING) && i < r->aud_count; i++) {
        found = found || str_equal(v->text, r->auds[i]);
    }
    return found;
}

/* Made for us under our several names, and for nobody else: who could take it there would be us. */
static enum err check_audiences(struct ctx *ctx, const struct json *all, const struct jwt_rules *r)
{
    const struct json *aud = json_get(all, "aud");
    bool ours = is_one_of(aud, r) || (json_is(aud, JSON_ARRAY) && aud->count > 0);
    for (size_t i = 0; json_is(aud, JSON_ARRAY) && i < aud->count; i++) {
        ours = ours && is_one_of(&aud->items[i], r);
    }
    return ours ? ERR_OK
                : fault(ctx, aud == NULL ? ERR_MISSING : ERR_CONFLICT,
                        "the claim aud does not name this provider alone");
}

static enum err check_times(struct ctx *ctx, const struct jwt_claims *c, const struct jwt_rules *r)
{
    int64_t now = r->now.ms / 1000;
    if ((r->need_exp && c->exp_s == 0) || (r->need_iat && c->iat_s == 0)) {
        return fault(ctx, ERR_MISSING, "the claim %s is missing",
                     r->need_exp && c->exp_s == 0 ? "exp" : "iat");
    }
    if (c->exp_s != 0 && now >= c->exp_s + JWT_SKEW_S) {
        return fault(ctx, ERR_RANGE, "the token has expired");
    }
    if (c->nbf_s > now + JWT_SKEW_S || c->iat_s > now + JWT_SKEW_S) {
        return fault(ctx, ERR_RANGE, "the token is of the future: check the clock");
    }
    if (r->life_max_s > 0 && c->exp_s > now + r->life_max_s) {
        return fault(ctx, ERR_RANGE, "the token lives longer than %lld seconds",
                     (long long)r->life_max_s);
    }
    if (r->age_max_s > 0 && now - c->iat_s > r->age_max_s) {
        return fault(ctx, ERR_RANGE, "the token was made more than %lld seconds ago",
                     (long long)r->age_max_s);
    }
    return ERR_OK;
}

enum err jwt_read(struct ctx *ctx, struct str payload, const struct jwt_rules *r,
                  struct jwt_claims *ret)
{
    struct jwt_claims c = {0};
    TRY(json_parse(ctx, payload, STR("claims"), &c.all));
    if (!json_is(&c.all, JSON_OBJECT)) {
        return fault(ctx, ERR_SYNTAX, "the claims must be a JSON object");
    }
    TRY(read_text(ctx, &c.all, "iss", &c.iss));
    TRY(read_text(ctx, &c.all, "sub", &c.sub));
    TRY(read_text(ctx, &c.all, "jti", &c.jti));
    TRY(read_time(ctx, &c.all, "exp", &c.exp_s));
    TRY(read_time(ctx, &c.all, "iat", &c.iat_s));
    TRY(read_time(ctx, &c.all, "nbf", &c.nbf_s));
    if (r->iss.n > 0 && !str_equal(c.iss, r->iss)) {
        return fault(ctx, c.iss.n == 0 ? ERR_MISSING : ERR_CONFLICT,
                     "the claim iss is not what it must be");
    }
    if (r->sub.n > 0 && !str_equal(c.sub, r->sub)) {
        return fault(ctx, c.sub.n == 0 ? ERR_MISSING : ERR_CONFLICT,
                     "the claim sub is not what it must be");
    }
    if (r->aud.n > 0) {
        TRY(check_audience(ctx, &c.all, r));
    }
    if (r->aud_count > 0) {
        TRY(check_audiences(ctx, &c.all, r));
    }
    if (r->need_jti && (c.jti.n == 0 || c.jti.n > LIMIT_JWS_KID_BYTES * 2)) {
        return fault(ctx, ERR_MISSING, "the claim jti must be a text of 1 to %d bytes",
                     LIMIT_JWS_KID_BYTES * 2);
    }
    TRY(check_times(ctx, &c, r));
    *ret = c;
    return ERR_OK;
}
