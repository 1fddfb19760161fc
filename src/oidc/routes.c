/* The doors of the identity provider. */
#include "oidc/oidc_in.h"
#include "web/answer.h"

#include "page_client_html.h"
#include "page_clients_html.h"
#include "page_consent_html.h"
#include "page_consents_html.h"
#include "page_signout_html.h"

#define ASKED                                                                                      \
    "client_id redirect_uri response_type scope state nonce code_challenge code_challenge_method " \
    "response_mode "                                                                               \
    "prompt max_age acr_values claims "                                                            \
    "ui_locales login_hint id_token_hint request request_uri dpop_jkt resource"

/* A node that was told no issuer is no provider: its doors are not there. */
static enum err pass(struct page *p, page_fn *fn)
{
    struct text2 none = {{0}, {0}};
    return oidc_of(p)->issuer.n > 0 ? fn(p) : page_problem(p, ERR_NOT_FOUND, STR(""), none);
}
#define DOOR(name)                                                                                 \
    static enum err door_##name(struct page *p)                                                    \
    {                                                                                              \
        return pass(p, page_##name);                                                               \
    }
DOOR(discovery)
DOOR(jwks)
DOOR(jwks_sm2)
DOOR(push)
DOOR(authorize)
DOOR(authorize_post)
DOOR(consent_post)
DOOR(token)
DOOR(userinfo)
DOOR(userinfo_post)
DOOR(introspect)
DOOR(revoke)
DOOR(logout_ask)
DOOR(logout_post)
DOOR(consents_list)
DOOR(consents_post)
DOOR(clients_post)
DOOR(clients_close)
DOOR(clients_list)
DOOR(client_form)
DOOR(post_script)

enum { SIGNED_IN = FOR_PARTY | FOR_OFFICER };

static const struct route rows[] = {
    {"GET", "/.well-known/openid-configuration", door_discovery, FOR_ALL | FOR_PROTOCOL, 0,
     "What this identity provider supports", NULL, ""},
    {"GET", "/.well-known/oauth-authorization-server", door_discovery, FOR_ALL | FOR_PROTOCOL, 0,
     "What this authorization server supports", NULL, ""},
    {"GET", "/oidc/jwks", door_jwks, FOR_ALL | FOR_PROTOCOL, 0, "Keys of its tokens", NULL, ""},
    {"GET", "/oidc/jwks-sm2", door_jwks_sm2, FOR_ALL | FOR_PROTOCOL, 0, "Keys of its tokens by SM2",
     NULL, ""},
    {"POST", "/oidc/par", door_push, FOR_ALL | FOR_PROTOCOL | FROM_ANYWHERE, 0,
     "Push an authorization request", NULL, ASKED},
    {"GET", "/oidc/authorize", door_authorize, FOR_ALL, 0,
     "Ask to sign a person in to an application", page_consent_schema, ASKED},
    {"POST", "/oidc/authorize", door_authorize_post, FOR_ALL | FROM_ANYWHERE, 0, "The same by POST",
     page_consent_schema, ASKED},
    {"POST", "/oidc/consent", door_consent_post, SIGNED_IN, 0,
     "Consent to an application, or refuse", NULL, "request scope decision"},
    {"POST", "/oidc/token", door_token, FOR_ALL | FOR_PROTOCOL | FROM_ANYWHERE, 0, "Get tokens",
     NULL, "grant_type code redirect_uri code_verifier refresh_token scope resource"},
    {"GET", "/oidc/userinfo", door_userinfo, FOR_ALL | FOR_PROTOCOL, 0,
     "What a person lets an application know", NULL, ""},
    {"POST", "/oidc/userinfo", door_userinfo_post, FOR_ALL | FOR_PROTOCOL | FROM_ANYWHERE, 0,
     "The same by POST", NULL, "access_token"},
    {"POST", "/oidc/introspect", door_introspect, FOR_ALL | FOR_PROTOCOL | FROM_ANYWHERE, 0,
     "Does a token hold?", NULL, "token token_type_hint"},
    {"POST", "/oidc/revoke", door_revoke, FOR_ALL | FOR_PROTOCOL | FROM_ANYWHERE, 0, "End a token",
     NULL, "token token_type_hint"},
    {"GET", "/oidc/logout", door_logout_ask, FOR_ALL, 0, "Ask to sign a person out",
     page_signout_schema, "id_token_hint client_id post_logout_redirect_uri state ui_locales"},
    {"POST", "/oidc/logout", door_logout_ask, FOR_ALL | FROM_ANYWHERE, 0, "The same by POST",
     page_signout_schema, "id_token_hint client_id post_logout_redirect_uri state ui_locales"},
    {"POST", "/oidc/logout/confirm", door_logout_post, FOR_ALL, 0, "Sign out", NULL,
     "request decision"},
    {"GET", "/oidc/consents", door_consents_list, SIGNED_IN, 0,
     "Applications I hand information to", page_consents_schema, ""},
    {"POST", "/oidc/consents", door_consents_post, SIGNED_IN, 0, "Withdraw consent", NULL,
     "client"},
    {"GET", "/oidc/clients", door_clients_list, FOR_ADMIN, 0,
     "Applications that rely on this identity", page_clients_schema, "after done"},
    {"GET", "/oidc/client", door_client_form, FOR_ADMIN, 0,
     "An application, or the form for a new one", page_client_schema, "id"},
    {"POST", "/oidc/clients", door_clients_post, FOR_ADMIN, 0,
     "Register an application (security administrator)", NULL,
     "client.id client.name client.name_en client.profile client.auth client.jwks "
     "client.secret_sha256 "
     "client.redirect_uris "
     "client.logout_uris client.backchannel_uri client.scopes client.grants client.sector "
     "client.id_alg "
     "client.userinfo_alg "
     "client.resources client.dpop client.dpop_nonce client.signed_requests "
     "client.institution client.party"},
    {"POST", "/oidc/clients/close", door_clients_close, FOR_ADMIN, 0,
     "Close an application (security administrator)", NULL, "client.id"},
    {"GET", "/oidc/post.js", door_post_script, FOR_ALL, 0,
     "Sends the form of response_mode form_post", NULL, ""},
};
const struct route_table oidc_routes = {rows, LEN(rows)};
