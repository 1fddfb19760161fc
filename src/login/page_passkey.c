/* What a key says that signs for this site alone: a passkey by itself, or a passkey or security key
 * as the second step after the password, signs in; and a passkey says yes to one thing for somebody
 * who stands at another's browser. */
#include "base/buf.h"
#include "base/encode.h"
#include "base/json_make.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "login/login_in.h"
#include "web/answer.h"

/* The challenge the browser was given, when it is ours, of this browser, for this purpose and not
 * over. */
bool passkey_challenge(struct page *p, const char *purpose, struct str client_data,
                       struct str *ret_challenge, struct str *ret_text)
{
    struct ctx *ctx = p->ctx;
    struct json o;
    return client_data.n <= 4096 &&
           json_parse(ctx, client_data, STR("clientDataJSON"), &o) == ERR_OK &&
           base64url_decode(ctx->arena, json_text(&o, "challenge"), ret_challenge) &&
           ticket_read(p, purpose, *ret_challenge, ret_text);
}

/* What an authenticator gives back for an owner: opaque, and not to be guessed from the owner. */
struct str passkey_handle(struct page *p, struct str owner)
{
    uint8_t mac[32];
    struct login *l = login_of(p);
    hmac_sha256((struct str){(const char *)l->seal, sizeof(l->seal)},
                str_format(p->ctx->arena, "user handle\n%.*s", FMT(owner)), mac);
    return str_copy(p->ctx->arena, (struct str){(const char *)mac, 32});
}

enum err passkeys_of(struct page *p, struct str owner, struct login_passkeys_of_row **ret,
                     size_t *ret_count)
{
    return login_passkeys_of(
        p->ctx, p->db,
        (struct login_passkeys_of_in){.owner = owner, .count = LIMIT_CREDENTIALS_OF_ONE}, ret,
        ret_count);
}

struct json passkeys_known(struct arena *a, const struct login_passkeys_of_row *rows, size_t count)
{
    struct json known = json_array();
    for (size_t i = 0; i < count; i++) {
        json_push(a, &known, json_of_str(base64url_encode(a, rows[i].handle.p, rows[i].handle.n)));
    }
    return known;
}

/* ---- what the browser is asked ---- */

static enum err give_challenge(struct page *p, const char *purpose, struct str text,
                               const struct json *known)
{
    struct arena *a = p->ctx->arena;
    struct webauthn_want want;
    struct text2 none = {{0}, {0}};
    if (!login_relying_party(p, &want)) {
        return page_problem(p, ERR_NOT_SUPPORTED, STR(""), none);
    }
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    struct str challenge = ticket_make(p, purpose, text);
    json_set(a, &o, STR("challenge"), json_of_str(base64url_encode(a, challenge.p, challenge.n)));
    json_set(a, &o, STR("rp_id"), json_of_str(want.rp_id));
    if (known != NULL) {
        json_set(a, &o, STR("known"), *known);
    }
    json_write(&b, &o);
    return page_raw(p, 200, STR("application/json"), buf_str(&b), -1);
}

static enum err passkey_options(struct page *p)
{
    return give_challenge(p, "passkey", STR("get"), NULL);
}

/* Only who knew the password learns which keys there are. */
static enum err second_options(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct login_passkeys_of_row *rows = NULL;
    struct str owner = {0};
    size_t count = 0;
    if (!ticket_read(p, "stage", page_field(p, "stage"), &owner)) {
        return login_refused(p);
    }
    TRY(passkeys_of(p, owner, &rows, &count));
    struct json known = passkeys_known(ctx->arena, rows, count);
    return give_challenge(p, "second", owner, &known);
}

/* ---- what it answers ---- */

struct passkey_signin {
    struct str owner;
    bool second; /* after a password: its tries are bounded */
    struct proven proven;
};

static enum err after_passkey(struct page *p, const struct receipt *receipt)
{
    const struct passkey_signin *u = p->own;
    (void)receipt;
    if (login_kept_refused(p)) {
        return login_refused(p);
    }
    if (u->second) {
        login_untry(p, &bound_code, u->owner);
    }
    return proven_sign_in(p, &u->proven);
}

static struct str field64(struct page *p, const char *name)
{
    struct str out = {0};
    return base64url_decode(p->ctx->arena, page_field(p, name), &out) ? out : STR("");
}

/* Does what the browser answered hold under this challenge? Its row and what it said, when it does.
 */
static enum err assertion_holds(struct page *p, const struct webauthn_want *want,
                                struct login_secret_by_handle_row *ret_row,
                                struct passkey_use *ret_use, bool *ret_holds)
{
    struct ctx *ctx = p->ctx;
    struct str handle = field64(p, "user_handle");
    bool found = false;
    *ret_holds = false;
    TRY(login_secret_by_handle(ctx, p->db,
                               (struct login_secret_by_handle_in){.handle = field64(p, "id")},
                               ret_row, &found));
    if (!found || (handle.n > 0 && !str_equal(handle, passkey_handle(p, ret_row->owner)))) {
        return ERR_OK;
    }
    struct passkey known = {.id = ret_row->handle,
                            .key = ret_row->secret,
                            .alg = (enum cose_alg)ret_row->algorithm,
                            .may_back_up = (ret_row->flags & 1) != 0};
    enum err e =
        webauthn_assert(ctx, want, &known, field64(p, "client_data"),
                        field64(p, "authenticator_data"), field64(p, "signature"), ret_use);
    if (e == ERR_MEMORY) {
        return e;
    }
    *ret_holds = e == ERR_OK;
    return ERR_OK;
}

/* The challenge is used up with it. */
static enum err go_in(struct page *p, struct passkey_signin *u, struct str challenge,
                      const struct login_secret_by_handle_row *row, const struct passkey_use *use)
{
    struct keep keep = login_keep_use_passkey(p->ctx->arena, row->id, use->count, challenge);
    u->owner = row->owner;
    p->own = u;
    return page_keep(p, &keep, after_passkey);
}

static enum err passkey_finish(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct passkey_signin *u = ARENA_NEW(ctx->arena, struct passkey_signin);
    struct webauthn_want want;
    struct login_secret_by_handle_row row;
    struct passkey_use use;
    struct str text = {0};
    bool holds = false;
    bool found = false;
    if (!login_relying_party(p, &want) ||
        !passkey_challenge(p, "passkey", field64(p, "client_data"), &want.challenge, &text) ||
        !str_equal(text, STR("get"))) {
        return login_refused(p);
    }
    TRY(assertion_holds(p, &want, &row, &use, &holds));
    if (!holds ||
        !str_equal(row.kind, STR("passkey"))) { /* a security key is no sign-in by itself */
        return login_refused(p);
    }
    TRY(proven_load(p, row.owner, 3, "hwk user mfa", page_field(p, "next"), &u->proven, &found));
    return found ? go_in(p, u, want.challenge, &row, &use) : login_refused(p);
}

/* After the password: the key need not know its user, and then makes two factors with it; where it
 * does, it is as strong as by itself. The stage is of this browser and of who knew the password;
 * tries are bounded as those with codes are. */
static enum err second_tried(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    struct passkey_signin *u = p->own;
    struct webauthn_want want;
    struct login_secret_by_handle_row row;
    struct passkey_use use;
    struct str text = {0};
    bool holds = false;
    bool found = false;
    (void)receipt;
    if (!login_relying_party(p, &want) ||
        !passkey_challenge(p, "second", field64(p, "client_data"), &want.challenge, &text) ||
        !str_equal(text, u->owner)) {
        return login_refused(p);
    }
    want.verified = false;
    TRY(assertion_holds(p, &want, &row, &use, &holds));
    if (!holds || !str_equal(row.owner, u->owner)) {
        return login_refused(p);
    }
    TRY(proven_load(p, u->owner, use.verified ? 3 : 2,
                    use.verified ? "pwd hwk user mfa" : "pwd hwk mfa", page_field(p, "next"),
                    &u->proven, &found));
    return found ? go_in(p, u, want.challenge, &row, &use) : login_refused(p);
}

static enum err second_finish(struct page *p)
{
    struct passkey_signin *u = ARENA_NEW(p->ctx->arena, struct passkey_signin);
    if (!ticket_read(p, "stage", page_field(p, "stage"), &u->owner)) {
        return login_refused(p);
    }
    struct guess guess = {&bound_code, u->owner};
    u->second = true;
    p->own = u;
    return login_try(p, &guess, 1, second_tried);
}

/* ---- a yes without a session ---- */

struct yes {
    login_yes_then *then;
    struct str account;
};

static enum err not_known(struct page *p)
{
    static const struct text2 why = {
        STR_INIT("没有认出这把通行密钥，或者等得太久了。请再试一次。"),
        STR_INIT("This passkey is not known here, or it took too long. Try once more.")};
    return page_problem_as(p, 403, "login.passkey", STR(""), why);
}

bool login_takes_passkeys(struct page *p)
{
    struct webauthn_want want;
    return login_relying_party(p, &want);
}

enum err login_yes_options(struct page *p, struct str about)
{
    return give_challenge(p, "yes", about, NULL);
}

static enum err after_yes(struct page *p, const struct receipt *receipt)
{
    const struct yes *y = p->own;
    (void)receipt;
    return login_kept_refused(p) ? not_known(p) : y->then(p, y->account);
}

enum err login_yes(struct page *p, struct str about, login_yes_then *then)
{
    struct ctx *ctx = p->ctx;
    struct yes *y = ARENA_NEW(ctx->arena, struct yes);
    struct webauthn_want want;
    struct login_secret_by_handle_row row;
    struct passkey_use use;
    struct str text = {0};
    bool holds = false;
    if (!login_relying_party(p, &want) ||
        !passkey_challenge(p, "yes", field64(p, "client_data"), &want.challenge, &text) ||
        !str_equal(text, about)) {
        return not_known(p);
    }
    TRY(assertion_holds(p, &want, &row, &use, &holds));
    if (!holds || !str_equal(row.kind, STR("passkey"))) {
        return not_known(p);
    }
    *y = (struct yes){then, row.owner};
    struct keep keep = login_keep_use_passkey(ctx->arena, row.id, use.count, want.challenge);
    p->own = y;
    return page_keep(p, &keep, after_yes);
}

static const struct route rows_[] = {
    {"POST", "/login/passkey/options", passkey_options, FOR_ALL, 0,
     "A challenge for signing in by passkey", NULL, ""},
    {"POST", "/login/passkey", passkey_finish, FOR_ALL, 0, "Sign in by passkey", NULL,
     "id client_data authenticator_data signature user_handle next"},
    {"POST", "/login/second/options", second_options, FOR_ALL, 0,
     "A challenge for the second step by passkey or security key", NULL, "stage"},
    {"POST", "/login/second", second_finish, FOR_ALL, 0,
     "The second step: a passkey or security key", NULL,
     "stage id client_data authenticator_data signature user_handle next"},
};
const struct route_table login_passkey_routes = {rows_, LEN(rows_)};
