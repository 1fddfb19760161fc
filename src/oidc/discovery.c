/* What the provider says of itself: OpenID Connect Discovery 1.0, RFC 8414, and the key sets. */
#include "base/json_make.h"
#include "oidc/oidc_in.h"
#include "web/answer.h"

enum { CACHE_S = 600 };

static struct json list(struct arena *a, const char *words)
{
    struct json out = json_array();
    struct str rest = str_from(words);
    struct str w = {0};
    while (word_next(&rest, &w)) {
        json_push(a, &out, json_of_str(w));
    }
    return out;
}

static const struct {
    const char *name;
    const char *path;
} endpoints[] = {
    {"authorization_endpoint", "/oidc/authorize"},
    {"token_endpoint", "/oidc/token"},
    {"pushed_authorization_request_endpoint", "/oidc/par"},
    {"userinfo_endpoint", "/oidc/userinfo"},
    {"jwks_uri", "/oidc/jwks"},
    {"tongban_sm2_jwks_uri", "/oidc/jwks-sm2"},
    {"introspection_endpoint", "/oidc/introspect"},
    {"revocation_endpoint", "/oidc/revoke"},
    {"end_session_endpoint", "/oidc/logout"},
};

static const struct {
    const char *name;
    const char *words;
} lists[] = {
    {"response_types_supported", "code"},
    {"response_modes_supported", "query form_post"},
    {"grant_types_supported", "authorization_code refresh_token client_credentials"},
    {"subject_types_supported", "pairwise"},
    {"id_token_signing_alg_values_supported", "ES256 EdDSA RS256 SM2-SM3"},
    {"userinfo_signing_alg_values_supported", "ES256 EdDSA RS256 SM2-SM3"},
    {"request_object_signing_alg_values_supported", "ES256 EdDSA PS256 RS256 SM2-SM3"},
    {"token_endpoint_auth_methods_supported",
     "private_key_jwt client_secret_basic client_secret_post none"},
    {"token_endpoint_auth_signing_alg_values_supported", "ES256 EdDSA PS256 RS256 SM2-SM3"},
    {"introspection_endpoint_auth_methods_supported",
     "private_key_jwt client_secret_basic client_secret_post"},
    {"introspection_endpoint_auth_signing_alg_values_supported", "ES256 EdDSA PS256 RS256 SM2-SM3"},
    {"revocation_endpoint_auth_methods_supported",
     "private_key_jwt client_secret_basic client_secret_post none"},
    {"revocation_endpoint_auth_signing_alg_values_supported", "ES256 EdDSA PS256 RS256 SM2-SM3"},
    {"dpop_signing_alg_values_supported", "ES256 EdDSA PS256"},
    {"code_challenge_methods_supported", "S256"},
    {"claim_types_supported", "normal"},
    {"display_values_supported", "page"},
    {"prompt_values_supported", "none login consent select_account"},
    {"ui_locales_supported", "zh-CN en"},
    {"acr_values_supported", "urn:tongban:acr:1 urn:tongban:acr:2 urn:tongban:acr:3"},
};

static const struct {
    const char *name;
    bool value;
} switches[] = {
    {"authorization_response_iss_parameter_supported", true},
    {"claims_parameter_supported", true},
    {"request_parameter_supported", true},
    {"request_uri_parameter_supported", false},
    {"require_request_uri_registration", false},
    {"require_pushed_authorization_requests",
     false}, /* of FAPI clients it is required; others may */
    {"backchannel_logout_supported", true},
    {"backchannel_logout_session_supported", true},
};

/* The scopes law names; and the claims they give. */
static struct json scopes(struct page *p)
{
    size_t count = 0;
    struct json out = json_array();
    const struct code_row *rows =
        p->law == NULL ? NULL : law_code_rows(p->law, STR("scope"), &count);
    for (size_t i = 0; i < count; i++) {
        json_push(p->ctx->arena, &out, json_of_str(rows[i].code));
    }
    return out;
}

enum err page_discovery(struct page *p)
{
    struct arena *a = p->ctx->arena;
    struct oidc *o = oidc_of(p);
    struct json doc = json_object();
    struct json claims = json_array();
    json_set(a, &doc, STR("issuer"), json_of_str(o->issuer));
    for (size_t i = 0; i < LEN(endpoints); i++) {
        json_set(a, &doc, str_from(endpoints[i].name),
                 json_of_str(str_format(a, "%.*s%s", FMT(o->issuer), endpoints[i].path)));
    }
    for (size_t i = 0; i < LEN(lists); i++) {
        json_set(a, &doc, str_from(lists[i].name), list(a, lists[i].words));
    }
    for (size_t i = 0; i < LEN(switches); i++) {
        json_set(a, &doc, str_from(switches[i].name), json_of_bool(switches[i].value));
    }
    for (size_t i = 0; i < claim_name_count; i++) {
        json_push(a, &claims, json_of_str(str_from(claim_names[i])));
    }
    json_set(a, &doc, STR("scopes_supported"), scopes(p));
    json_set(a, &doc, STR("claims_supported"), claims);
    json_set(a, &doc, STR("service_documentation"),
             json_of_str(str_format(a, "%.*s/", FMT(o->issuer))));
    struct buf b = buf_new(a, 0);
    json_write(&b, &doc);
    return page_raw(p, 200, STR("application/json"), buf_str(&b), CACHE_S);
}

static enum err answer_keys(struct page *p, bool sm2)
{
    struct ctx *ctx = p->ctx;
    struct json set;
    struct buf b = buf_new(ctx->arena, 0);
    TRY(keys_published(ctx, oidc_of(p), sm2, &set));
    json_write(&b, &set);
    return page_raw(p, 200, STR("application/jwk-set+json"), buf_str(&b), CACHE_S);
}

enum err page_jwks(struct page *p)
{
    return answer_keys(p, false);
}

enum err page_jwks_sm2(struct page *p)
{
    return answer_keys(p, true);
}

enum err page_post_script(struct page *p)
{
    static const char script[] = "document.getElementById('oidc-post').submit();\n";
    return page_raw(p, 200, STR("text/javascript; charset=utf-8"), str_from(script), 86400);
}
