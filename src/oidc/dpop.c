/* Key proofs (RFC 9449): whoever brings a token holds the key it is bound to. */
#include "base/encode.h"
#include "base/token.h"
#include "oidc/oidc_in.h"

#include "crypto/crypto.h"
#include "http/http.h"
#include "web/answer.h"

/* A nonce of ours: the number of the period it was made in, under a MAC. Nothing is kept; the
 * present and the former count. */
static struct str nonce_of(struct arena *a, const struct oidc *o, int64_t period)
{
    uint8_t mac[32];
    struct str text = str_format(a, "nonce %lld", (long long)period);
    hmac_sha256((struct str){(const char *)o->marks, sizeof(o->marks)}, text, mac);
    return base64url_encode(a, mac, 18);
}

static int64_t period_now(struct page *p)
{
    return oidc_now(p->ctx).ms / 1000 / LIMIT_OIDC_NONCE_S;
}

void dpop_give_nonce(struct page *p)
{
    page_header(p, STR("DPoP-Nonce"), nonce_of(p->ctx->arena, oidc_of(p), period_now(p)));
}

static bool nonce_holds(struct page *p, struct str nonce)
{
    const struct oidc *o = oidc_of(p);
    int64_t now = period_now(p);
    return str_equal(nonce, nonce_of(p->ctx->arena, o, now)) ||
           str_equal(nonce, nonce_of(p->ctx->arena, o, now - 1));
}

/* htu without query and fragment is our address: scheme and host in any case, the rest exactly (RFC
 * 9449, 4.3; RFC 3986, 6.2.2). */
static bool is_here(struct page *p, struct str htu, struct str path)
{
    const struct oidc *o = oidc_of(p);
    size_t end = 0;
    while (end < htu.n && htu.p[end] != '?' && htu.p[end] != '#') {
        end++;
    }
    htu = str_slice(htu, 0, end);
    struct str origin = origin_of(htu);
    return str_equal_nocase(origin, o->issuer) && str_equal(str_slice(htu, origin.n, htu.n), path);
}

static bool check_token_hash(struct page *p, const struct json *claims, struct str token)
{
    uint8_t hash[32];
    struct str ath = json_text(claims, "ath");
    text_hash(token, hash);
    return str_equal(ath, base64url_encode(p->ctx->arena, hash, sizeof(hash)));
}

static bool check_claims(struct page *p, const struct jws *s, struct str path, struct str token,
                         bool need_nonce, struct once *once, struct trouble *t)
{
    struct jwt_claims c;
    struct jwt_rules rules = {.now = oidc_now(p->ctx),
                              .need_iat = true,
                              .need_jti = true,
                              .age_max_s = LIMIT_OIDC_PROOF_S};
    enum err e = jwt_read(p->ctx, s->payload, &rules, &c);
    if (e != ERR_OK) {
        return trouble_set(t, "invalid_dpop_proof",
                           str_z(p->ctx->arena, str_format(p->ctx->arena, "key proof: %.*s",
                                                           FMT(p->ctx->why.detail))));
    }
    if (!str_equal(json_text(&c.all, "htm"), p->exchange->request.method)) {
        return trouble_set(t, "invalid_dpop_proof",
                           "key proof: htm is not the method of this request");
    }
    if (!is_here(p, json_text(&c.all, "htu"), path)) {
        return trouble_set(t, "invalid_dpop_proof",
                           "key proof: htu is not the address of this request");
    }
    if (token.n > 0 && !check_token_hash(p, &c.all, token)) {
        return trouble_set(t, "invalid_dpop_proof", "key proof: ath is not the hash of the token");
    }
    const struct json *nonce = json_get(&c.all, "nonce");
    if ((need_nonce || nonce != NULL) &&
        !(json_is(nonce, JSON_STRING) && nonce_holds(p, nonce->text))) {
        return trouble_set(t, "use_dpop_nonce",
                           "the key proof must carry the nonce of the DPoP-Nonce header");
    }
    once_note(once, "proof", jwk_thumbprint(p->ctx->arena, &s->jwk), c.jti,
              (c.iat_s + LIMIT_OIDC_PROOF_S + JWT_SKEW_S) * 1000,
              (struct trouble){"invalid_dpop_proof", "this key proof was used before"});
    return true;
}

bool dpop_check(struct page *p, struct str path, struct str token, bool need_nonce,
                struct str *ret_thumbprint, struct once *once, struct trouble *t)
{
    const struct http_request *r = &p->exchange->request;
    struct str proof = {0};
    size_t count = 0;
    struct jws s;
    *ret_thumbprint = STR("");
    for (size_t i = 0; i < r->header_count; i++) {
        if (str_equal(r->headers[i].name, STR("dpop"))) {
            proof = r->headers[i].value;
            count++;
        }
    }
    if (count == 0) {
        return true;
    }
    if (count > 1) {
        return trouble_set(t, "invalid_dpop_proof", "there is more than one DPoP header");
    }
    if (jws_read(p->ctx, proof, JOSE_ALL, true, &s) != ERR_OK ||
        !str_equal(s.typ, STR("dpop+jwt"))) {
        return trouble_set(t, "invalid_dpop_proof",
                           "the DPoP header is no key proof that is accepted here");
    }
    if (jws_verify(p->ctx, &s, &s.jwk) != ERR_OK) {
        return trouble_set(t, "invalid_dpop_proof", "the key proof is not signed by its key");
    }
    if (!check_claims(p, &s, path, token, need_nonce, once, t)) {
        return false;
    }
    *ret_thumbprint = jwk_thumbprint(p->ctx->arena, &s.jwk);
    return true;
}
