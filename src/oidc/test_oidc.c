/* The rules of the identity provider that need no server: addresses, parameters, registrations,
 * what may come once. */
#include "base/json_make.h"
#include "base/test.h"
#include "oidc/oidc_in.h"

TEST(oidc_an_issuer_is_a_plain_address)
{
    static const struct {
        const char *issuer;
        enum err want;
    } rows[] = {
        {"https://node.example", ERR_OK},
        {"https://node.example:8443", ERR_OK},
        {"http://127.0.0.1:8080", ERR_OK},
        {"http://[::1]:8080", ERR_OK},
        {"http://localhost", ERR_OK},
        {"http://node.example", ERR_USAGE},
        {"http://127.0.0.1.evil.example", ERR_USAGE},
        {"http://127.0.0.10", ERR_USAGE},
        {"https://node.example/", ERR_USAGE},
        {"https://node.example/path", ERR_USAGE},
        {"https://node.example?x", ERR_USAGE},
        {"https://node.example#x", ERR_USAGE},
        {"https://user@node.example", ERR_USAGE},
        {"https://", ERR_USAGE},
        {"https://node example", ERR_USAGE},
        {"node.example", ERR_USAGE},
        {"", ERR_USAGE},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct oidc *o = ARENA_NEW(ctx->arena, struct oidc);
        test_check_err(t, ctx, oidc_issuer(ctx, o, str_from(rows[i].issuer)), rows[i].want,
                       rows[i].issuer, (int)i);
        CHECK((o->issuer.n > 0) == (rows[i].want == ERR_OK));
    }
}

TEST(oidc_addresses_match_exactly_but_for_a_loopback_port)
{
    static const struct str registered[] = {STR_INIT("http://127.0.0.1/cb"),
                                            STR_INIT("http://[::1]:1/cb?a=b"),
                                            STR_INIT("https://app.example/cb")};
    static const struct {
        const char *uri;
        bool native;
        bool other;
    } rows[] = {
        {"http://127.0.0.1/cb", true, true},
        {"http://127.0.0.1:5000/cb", true, false},
        {"http://127.0.0.1:5000/cb/", false, false},
        {"http://127.0.0.1:5000", false, false},
        {"http://127.0.0.1:/cb", true, false},
        {"http://127.0.0.1:5x/cb", false, false},
        {"http://[::1]:5000/cb?a=b", true, false},
        {"http://[::1]/cb?a=b", true, false},
        {"http://[::1]:5000/cb", false, false},
        {"http://localhost:5000/cb", false, false},
        {"https://app.example/cb", true, true},
        {"https://app.example:443/cb", false, false},
        {"https://app.example/cb?x", false, false},
        {"https://APP.example/cb", false, false},
        {"", false, false},
    };
    struct strs list = {registered, LEN(registered)};
    for (size_t i = 0; i < LEN(rows); i++) {
        struct client native = {.profile = PROFILE_NATIVE};
        struct client basic = {.profile = PROFILE_BASIC};
        test_check(
            t, client_has_uri(ctx->arena, &native, &list, str_from(rows[i].uri)) == rows[i].native,
            rows[i].uri, "native", (int)i);
        test_check(
            t, client_has_uri(ctx->arena, &basic, &list, str_from(rows[i].uri)) == rows[i].other,
            rows[i].uri, "basic", (int)i);
    }
}

TEST(oidc_a_registration_must_be_one_that_can_be_followed)
{
#define KEY                                                                                        \
    "\"client.jwks\":\"{\\\"keys\\\":[{\\\"kty\\\":\\\"OKP\\\",\\\"crv\\\":\\\"Ed25519\\\","       \
    "\\\"x\\\":\\\"H0qWf-vLiku-"                                                                   \
    "TGbKebOMNk92rOHuIMFemS9Lo2AYOkE\\\"}]}\","
#define REST(profile, auth, grants, uris)                                                          \
    "\"client.profile\":\"" profile "\",\"client.auth\":\"" auth "\",\"client.grants\":[" grants   \
    "],\"client.redirect_uris\":[" uris "]}"
#define CODE "\"authorization_code\""
    static const struct {
        const char *document;
        enum err want;
    } rows[] = {
        {"{" REST("basic", "client_secret_basic", CODE, "\"https://a.example/cb\""), ERR_OK},
        {"{" KEY REST("fapi", "private_key_jwt", CODE, "\"https://a.example/cb\""), ERR_OK},
        {"{" REST("fapi", "private_key_jwt", CODE, "\"https://a.example/cb\""), ERR_MISSING},
        {"{" KEY REST("fapi", "client_secret_basic", CODE, "\"https://a.example/cb\""),
         ERR_CONFLICT},
        {"{\"client.dpop\":false," KEY REST("fapi", "private_key_jwt", CODE,
                                            "\"https://a.example/cb\""),
         ERR_CONFLICT},
        {"{" REST("basic", "client_secret_basic", CODE, ""), ERR_CONFLICT},
        {"{" REST("basic", "client_secret_basic", "\"refresh_token\"", ""), ERR_CONFLICT},
        {"{" REST("basic", "client_secret_basic", "\"client_credentials\"",
                  "\"https://a.example/cb\""),
         ERR_CONFLICT},
        {"{" REST("basic", "client_secret_basic", CODE,
                  "\"https://a.example/cb\",\"https://b.example/cb\""),
         ERR_MISSING},
        {"{\"client.sector\":\"a.example\"," REST(
             "basic", "client_secret_basic", CODE,
             "\"https://a.example/cb\",\"https://b.example/cb\""),
         ERR_OK},
        {"{" REST("basic", "client_secret_basic", CODE, "\"app.example:/cb\""), ERR_CONFLICT},
        {"{" REST("native", "none", CODE, "\"app.example:/cb\",\"http://127.0.0.1/cb\""), ERR_OK},
        {"{" REST("native", "none", CODE ",\"client_credentials\"", "\"app.example:/cb\""),
         ERR_CONFLICT},
        {"{" KEY REST("machine", "private_key_jwt", "\"client_credentials\"", ""), ERR_OK},
        {"{" KEY REST("machine", "private_key_jwt", CODE, "\"https://a.example/cb\""),
         ERR_CONFLICT},
        {"{\"client.jwks\":\"{}\"," REST("machine", "private_key_jwt", "\"client_credentials\"",
                                         ""),
         ERR_SYNTAX},
        {"{\"client.signed_requests\":true," REST("basic", "client_secret_basic", CODE,
                                                  "\"https://a.example/cb\""),
         ERR_MISSING},
        {"[", ERR_SYNTAX},
    };
    for (size_t i = 0; i < LEN(rows); i++) {
        struct client c;
        test_check_err(t, ctx, client_read(ctx, STR("app"), str_from(rows[i].document), &c),
                       rows[i].want, rows[i].document, (int)i);
    }
}

TEST(oidc_parameters_come_once_and_are_bounded)
{
    struct json params;
    struct str got = {0};
    struct trouble none = {0};
    struct trouble t1 = {0};
    struct trouble t2 = {0};
    CHECK_OK(params_of_query(ctx, STR("a=1&b=&c=x%20y&a=2&state=%E4%B8%AD"), &params));
    CHECK(param(&params, "b", &got, &none) && got.n == 0);
    CHECK(param(&params, "absent", &got, &none) && got.n == 0);
    CHECK(param(&params, "c", &got, &none));
    CHECK_STR(got, "x y");
    CHECK(!param(&params, "a", &got, &t1));
    CHECK_STR(str_from(t1.code), "invalid_request");
    CHECK_STR(params_query(ctx->arena, &params), "b=&c=x%20y&state=%E4%B8%AD");
    char *big = arena_push_bytes(ctx->arena, LIMIT_OIDC_TEXT_BYTES + 1);
    memset(big, 'x', LIMIT_OIDC_TEXT_BYTES + 1);
    json_set(ctx->arena, &params, STR("nonce"),
             json_of_str((struct str){big, LIMIT_OIDC_TEXT_BYTES}));
    CHECK(param(&params, "nonce", &got, &none) && none.code == NULL);
    json_set(ctx->arena, &params, STR("nonce"),
             json_of_str((struct str){big, LIMIT_OIDC_TEXT_BYTES + 1}));
    CHECK(!param(&params, "nonce", &got, &t2));
    CHECK(params_of_query(ctx, STR("a=%zz"), &params) != ERR_OK);
}

TEST(oidc_no_more_is_kept_than_there_is_room_for)
{
    struct oidc *o = ARENA_NEW(ctx->arena, struct oidc);
    struct trouble tr = {0};
    atomic_store(&o->counts[KEPT_PUSH], LIMIT_OIDC_PUSHES - 1);
    CHECK(room_for(o, KEPT_PUSH, &tr));
    CHECK(!room_for(o, KEPT_PUSH, &tr));
    CHECK_STR(str_from(tr.code), "temporarily_unavailable");
    CHECK(!room_for(o, KEPT_PUSH, &tr)); /* and what was refused is not counted */
    CHECK_INT(atomic_load(&o->counts[KEPT_PUSH]), LIMIT_OIDC_PUSHES);
}

TEST(oidc_subjects_are_of_one_sector)
{
    struct oidc *o = ARENA_NEW(ctx->arena, struct oidc);
    struct oidc *p = ARENA_NEW(ctx->arena, struct oidc);
    o->pairwise[0] = 1;
    p->pairwise[0] = 2;
    struct client a = {.sector = STR("a.example")};
    struct client b = {.sector = STR("b.example")};
    struct str one = client_subject(ctx->arena, o, &a, STR("p-lin"));
    CHECK_INT(one.n, 43);
    CHECK(str_equal(one, client_subject(ctx->arena, o, &a, STR("p-lin"))));
    CHECK(!str_equal(one, client_subject(ctx->arena, o, &b, STR("p-lin"))));
    CHECK(!str_equal(one, client_subject(ctx->arena, o, &a, STR("p-zhou"))));
    CHECK(!str_equal(one, client_subject(ctx->arena, p, &a, STR("p-lin"))));
}
