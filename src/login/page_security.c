/* One's own ways to sign in, and where one is signed in. Each change is an act of the person; what
 * proves the new way is written in that act's savepoint. Changing needs a recent proof, and two
 * factors as soon as there are two. */
#include "base/buf.h"
#include "base/day.h"
#include "base/encode.h"
#include "base/json_make.h"
#include "base/utf8.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "login/login_in.h"
#include "page_codes_html.h"
#include "page_security_html.h"
#include "page_totp_html.h"
#include "store/session.h"
#include "web/answer.h"
#include "web/qr.h"

enum { PASSWORD_CHARS = 10, CODE_CHARS = 16 };

static struct text2 kind_title(struct page *p, struct str kind)
{
    const struct fact *fact = p->law == NULL ? NULL : law_fact(p->law, STR("credential.kind"));
    for (size_t i = 0; fact != NULL && i < fact->choice_count; i++) {
        if (str_equal(fact->choices[i].code, kind)) {
            return fact->choices[i].title;
        }
    }
    return (struct text2){kind, kind};
}

static enum err list_means(struct page *p, struct login_credential_list_row **ret,
                           size_t *ret_count)
{
    return login_credential_list(
        p->ctx, p->db,
        (struct login_credential_list_in){.owner = p->session.actor.id,
                                          .count = LIMIT_CREDENTIALS_OF_ONE},
        ret, ret_count);
}

/* May this session change how its owner signs in? If not, the page is answered with the way to a
 * fresh or stronger proof. */
static enum err may_change(struct page *p, bool *ret)
{
    struct ctx *ctx = p->ctx;
    struct login_credential_list_row *rows = NULL;
    size_t count = 0;
    int needed = 1;
    TRY(list_means(p, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        bool strong = str_equal(rows[i].kind, STR("totp")) ||
                      str_equal(rows[i].kind, STR("passkey")) ||
                      str_equal(rows[i].kind, STR("security-key"));
        needed = strong ? 2 : needed;
    }
    int64_t age = ctx->world->now(ctx->world).ms - p->session.since.ms;
    /* As fresh as the gate will want it, less a minute for the form. */
    const struct act_kind *k = p->law == NULL ? NULL : law_act(p->law, STR("register-credential"));
    int64_t most =
        k == NULL || k->fresh_min == 0 ? INT64_MAX : (int64_t)k->fresh_min * 60000 - 60000;
    *ret = p->session.actor.assurance >= needed && age >= 0 && age < (most > 60000 ? most : 60000);
    return *ret ? ERR_OK : login_ask(p, needed, STR("/me/security"));
}

/* ---- the page ---- */

static enum err security_page(struct page *p)
{
    static const struct {
        const char *code;
        const char *zh;
        const char *en;
    } done[] = {
        {"added", "已经登记。", "Registered."},
        {"removed", "已经停用。", "Removed."},
        {"ended", "已经退出。", "Signed out there."},
        {"mismatch", "两次输入的密码不一样。", "The two passwords differ."},
        {"short", "密码太短、太长，或者太容易猜到：至少十个字，不能是登录名或者重复的字。",
         "The password is too short, too long or too easy: ten characters or more, neither the "
         "sign-in name nor one repeated."},
        {"last", "这是最后一种登录方式，请先登记另一种。",
         "This is the last way to sign in; register another first."},
        {"many", "登录方式太多，请先停用不用的。", "Too many ways to sign in; remove some first."}};
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct webauthn_want rp;
    struct login_credential_list_row *rows = NULL;
    struct session_row *sessions = NULL;
    size_t count = 0;
    struct page_security v = {.passkeys = login_relying_party(p, &rp),
                              .options = STR("/me/passkey/options"),
                              .finish = STR("/me/passkey")};
    for (size_t i = 0; i < LEN(done); i++) {
        if (str_equal(page_query(p, "said"), str_from(done[i].code))) {
            v.said = login_say(p, done[i].zh, done[i].en);
        }
    }
    TRY(list_means(p, &rows, &count));
    struct page_security_means *means = ARENA_ARRAY(a, struct page_security_means, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct instant used = {rows[i].used_ms.has ? rows[i].used_ms.value : 0};
        means[i] =
            (struct page_security_means){.id = rows[i].id,
                                         .kind = page_text(p, kind_title(p, rows[i].kind)),
                                         .title = rows[i].title,
                                         .from = {(int32_t)rows[i].from_day},
                                         .used = used.ms > 0 ? instant_day(used) : (struct day){0}};
    }
    v.means = means;
    v.means_count = count;
    TRY(session_list(ctx, p->db, p->session.actor.id, &sessions, &count));
    struct page_security_sessions *places =
        ARENA_ARRAY(a, struct page_security_sessions, count + 1);
    for (size_t i = 0; i < count; i++) {
        bool here = str_equal(sessions[i].id, p->session.id);
        places[i] = (struct page_security_sessions){
            .id = sessions[i].id,
            .agent = sessions[i].agent.n > 0
                         ? sessions[i].agent
                         : login_say(p, "未说明的程序", "A program that does not say"),
            .address = sessions[i].address,
            .begun = instant_day(sessions[i].begun),
            .here = here,
            .elsewhere = !here};
    }
    v.sessions = places;
    v.sessions_count = count;
    return page_show(p, 200, login_say(p, "登录与安全", "Signing in and security"), page_security,
                     &v);
}

static enum err back(struct page *p, const char *said)
{
    return page_go(p, str_format(p->ctx->arena, "/me/security?said=%s", said));
}

/* ---- a new way to sign in: the act, and beside it what proves it ---- */

struct adding {
    struct new_secret secret;
    bool sign_out; /* ends the owner's other sessions */
    struct str codes[RECOVERY_CODES];
};

static enum err ended_elsewhere(struct page *p, const struct receipt *receipt)
{
    (void)receipt;
    return back(p, "added");
}

static enum err added(struct page *p, const struct receipt *receipt)
{
    const struct adding *n = p->own;
    if (receipt->seq < 0 || (p->wants_json && !n->sign_out)) {
        return page_admitted(p, receipt);
    }
    if (n->sign_out) {
        return session_end(p, n->secret.owner, STR(""), p->session.id, ended_elsewhere);
    }
    return back(p, "added");
}

static enum err add(struct page *p, struct adding *n, struct str title, page_then *then)
{
    struct arena *a = p->ctx->arena;
    struct draft d = {
        .kind = STR("register-credential"), .actor = p->session.actor, .fields = json_object()};
    json_set(a, &d.fields, STR("credential.id"), json_of_str(n->secret.id));
    json_set(a, &d.fields, STR("credential.kind"), json_of_str(str_from(n->secret.kind)));
    if (title.n > 0) {
        json_set(a, &d.fields, STR("credential.title"), json_of_str(title));
    }
    struct keep keep = login_keep_add_secret(a, &n->secret);
    p->own = n;
    return page_submit_with(p, &d, &keep, then);
}

static enum err begin_adding(struct page *p, const char *kind, bool one, struct adding **ret,
                             bool *ret_may)
{
    struct ctx *ctx = p->ctx;
    struct adding *n = ARENA_NEW(ctx->arena, struct adding);
    n->secret = (struct new_secret){
        .id = login_new_id(p, "c-"), .owner = p->session.actor.id, .kind = kind, .one = one};
    *ret = n;
    return may_change(p, ret_may);
}

/* ---- password ---- */

/* Long enough, and no text that a guesser tries first: the name itself, few characters repeated,
 * digits in a row. No other rules (NIST SP 800-63B, 5.1.1.2): they make passwords worse. */
static bool is_good_password(struct str password, struct str owner)
{
    bool seen[256] = {false};
    size_t kinds = 0;
    size_t steps = 0;
    for (size_t i = 0; i < password.n; i++) {
        unsigned char c = (unsigned char)password.p[i];
        kinds += !seen[c];
        seen[c] = true;
        steps += i > 0 && c == (unsigned char)password.p[i - 1] + 1;
    }
    bool named = owner.n >= 4 && str_find(password, owner) != SIZE_MAX && password.n < owner.n + 6;
    return utf8_count(password) >= PASSWORD_CHARS && password.n <= LIMIT_PASSWORD_BYTES &&
           kinds >= 5 && steps + 3 < password.n && !named;
}

struct hashing {
    struct page *page;
    struct str password;
    uint8_t salt[PASSWORD_SALT];
    char text[PASSWORD_TEXT];
    bool done;
    struct adding *adding;
};

static enum err hashed(struct page *p, void *arg)
{
    struct hashing *h = arg;
    if (!h->done) {
        return ERR_MEMORY;
    }
    h->adding->secret.secret = str_from(h->text);
    return add(p, h->adding, STR(""), added);
}

static void hash_new(void *arg)
{
    struct hashing *h = arg;
    h->done = password_hash(h->password, h->salt, h->text);
    page_go_on(h->page, hashed, h);
}

static enum err set_password(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct hashing *h = ARENA_NEW(ctx->arena, struct hashing);
    bool may = false;
    *h = (struct hashing){.page = p, .password = page_field(p, "password")};
    TRY(begin_adding(p, "password", true, &h->adding, &may));
    if (!may) {
        return ERR_OK;
    }
    if (!str_equal(h->password, page_field(p, "again"))) {
        return back(p, "mismatch");
    }
    if (!is_good_password(h->password, h->adding->secret.owner)) {
        return back(p, "short");
    }
    h->adding->sign_out = true;
    ctx->world->random(ctx->world, h->salt, sizeof(h->salt));
    page_hold(p);
    enum err e = pool_submit(ctx, &login_of(p)->pool, (struct pool_job){hash_new, h});
    if (e != ERR_OK) {
        page_unhold(p);
    }
    return e;
}

/* ---- one-time codes ---- */

/* 503: nothing was changed, and it may be tried again. */
static enum err no_memory(struct page *p)
{
    return fault(p->ctx, ERR_MEMORY, "no memory for a one-time code");
}

static enum err show_seed(struct page *p, const uint8_t seed[TOTP_SEED], bool wrong)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = p->ctx->arena;
    struct login *l = login_of(p);
    uint8_t nonce[12];
    uint8_t sealed[TOTP_SEED + SEAL_MORE];
    p->ctx->world->random(p->ctx->world, nonce, sizeof(nonce));
    if (!secret_seal(l->seal, nonce, (struct str){(const char *)seed, TOTP_SEED},
                     p->session.actor.id, sealed)) {
        return no_memory(p);
    }
    struct login_account_get_row account;
    bool named = false;
    TRY(login_account_get(ctx, p->db, (struct login_account_get_in){.owner = p->session.actor.id},
                          &account, &named));
    struct str key = base32_encode(a, seed, TOTP_SEED);
    struct str site = str_format(a, "%.*s %.*s", FMT(login_say(p, "通办", "Tongban")),
                                 FMT(p->exchange->request.host));
    struct qr_drawing qr =
        qr_draw(a, otpauth_uri(a, site, named ? account.name : p->session.actor.id, key));
    struct page_totp v = {
        .key = key,
        .box = qr.box,
        .path = qr.path,
        .stage = ticket_make(p, "totp", (struct str){(const char *)sealed, sizeof(sealed)}),
        .wrong = wrong};
    return page_show(p, wrong ? 422 : 200, login_say(p, "设置动态口令", "Set up one-time codes"),
                     page_totp, &v);
}

static enum err begin_totp(struct page *p)
{
    struct ctx *ctx = p->ctx;
    uint8_t seed[TOTP_SEED];
    bool may = false;
    TRY(may_change(p, &may));
    if (!may) {
        return ERR_OK;
    }
    ctx->world->random(ctx->world, seed, sizeof(seed));
    return show_seed(p, seed, false);
}

static enum err totp_tried(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    struct login *l = login_of(p);
    struct adding *n = p->own;
    struct str sealed = {0};
    uint8_t seed[256];
    uint8_t nonce[12];
    (void)receipt;
    bool given = ticket_read(p, "totp", page_field(p, "stage"), &sealed) &&
                 sealed.n == TOTP_SEED + SEAL_MORE;
    enum proven_by opened = given ? secret_open(l->seal, sealed, n->secret.owner, seed) : PROOF_NO;
    if (opened != PROOF_YES) {
        return opened == PROOF_NO_MEMORY ? no_memory(p) : begin_totp(p);
    }
    n->secret.counter = totp_match(seed, str_trim(page_field(p, "code")),
                                   ctx->world->now(ctx->world).ms / 1000 / TOTP_STEP_S, -1);
    if (n->secret.counter < 0) {
        return n->secret.counter == TOTP_NO_MEMORY ? no_memory(p) : show_seed(p, seed, true);
    }
    login_untry(p, &bound_code, n->secret.owner);
    uint8_t *out = arena_push(ctx->arena, TOTP_SEED + SEAL_MORE);
    ctx->world->random(ctx->world, nonce, sizeof(nonce));
    bool sealed_well =
        secret_seal(l->seal, nonce, (struct str){(const char *)seed, TOTP_SEED}, n->secret.id, out);
    bytes_wipe(seed, sizeof(seed));
    if (!sealed_well) {
        return no_memory(p);
    }
    n->secret.secret = (struct str){(const char *)out, TOTP_SEED + SEAL_MORE};
    return add(p, n, STR(""), added);
}

static enum err set_totp(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct adding *n = NULL;
    bool may = false;
    TRY(begin_adding(p, "totp", true, &n, &may));
    if (!may) {
        return ERR_OK;
    }
    struct guess guess = {&bound_code, n->secret.owner};
    p->own = n;
    return login_try(p, &guess, 1, totp_tried);
}

/* ---- passkeys ---- */

/* As what a key is registered: a passkey, which knows its user and signs in by itself, or a
 * security key, which need not and is the second step after the password. */
static const char *key_kind(struct page *p)
{
    return str_equal(page_field(p, "kind"), STR("security-key")) ? "security-key" : "passkey";
}

/* A challenge given out for the one is none for the other. */
static const char *key_purpose(const char *kind)
{
    return kind[0] == 's' ? "security-key new" : "passkey new";
}

static enum err register_options(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct webauthn_want want;
    struct text2 none = {{0}, {0}};
    struct login_passkeys_of_row *rows = NULL;
    size_t count = 0;
    bool may = false;
    TRY(may_change(p, &may));
    if (!may) {
        return page_problem(p, ERR_NOT_SIGNED_IN, STR(""), none);
    }
    if (!login_relying_party(p, &want)) {
        return page_problem(p, ERR_NOT_SUPPORTED, STR(""), none);
    }
    TRY(passkeys_of(p, p->session.actor.id, &rows, &count));
    struct str challenge = ticket_make(p, key_purpose(key_kind(p)), p->session.actor.id);
    struct str handle = passkey_handle(p, p->session.actor.id);
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    json_set(a, &o, STR("challenge"), json_of_str(base64url_encode(a, challenge.p, challenge.n)));
    json_set(a, &o, STR("rp_id"), json_of_str(want.rp_id));
    json_set(a, &o, STR("rp_name"), json_of_str(login_say(p, "通办", "Tongban")));
    json_set(a, &o, STR("user_id"), json_of_str(base64url_encode(a, handle.p, handle.n)));
    json_set(a, &o, STR("user_name"), json_of_str(p->session.name));
    json_set(a, &o, STR("known"), passkeys_known(a, rows, count));
    json_write(&b, &o);
    return page_raw(p, 200, STR("application/json"), buf_str(&b), -1);
}

static enum err register_passkey(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    struct adding *n = NULL;
    struct webauthn_want want;
    struct passkey key;
    struct login_secret_by_handle_row other;
    struct login_credential_list_row *rows = NULL;
    struct text2 none = {{0}, {0}};
    struct str client = {0};
    struct str object = {0};
    struct str text = {0};
    size_t count = 0;
    bool found = false;
    bool may = false;
    TRY(begin_adding(p, key_kind(p), false, &n, &may));
    if (!may) {
        return page_problem(p, ERR_NOT_SIGNED_IN, STR(""), none);
    }
    TRY(list_means(p, &rows, &count));
    if (count >= LIMIT_CREDENTIALS_OF_ONE) {
        return page_problem(p, ERR_TOO_MANY, STR(""), none);
    }
    bool formed = base64url_decode(a, page_field(p, "client_data"), &client) &&
                  base64url_decode(a, page_field(p, "attestation"), &object);
    if (!formed || !login_relying_party(p, &want) ||
        !passkey_challenge(p, key_purpose(n->secret.kind), client, &want.challenge, &text) ||
        !str_equal(text, n->secret.owner)) {
        return page_problem(p, ERR_CONFLICT, STR("client_data"), none);
    }
    want.verified = str_equal(str_from(n->secret.kind), STR("passkey"));
    enum err e = webauthn_register(ctx, &want, client, object, &key);
    if (e != ERR_OK) {
        return page_problem(p, e, STR("attestation"), none);
    }
    TRY(login_secret_by_handle(ctx, p->db, (struct login_secret_by_handle_in){.handle = key.id},
                               &other, &found));
    if (found) { /* 7.1, step 26: no credential id twice */
        return page_problem(p, ERR_DUPLICATE, STR("attestation"), none);
    }
    n->secret.secret = key.key;
    n->secret.handle = key.id;
    n->secret.challenge = want.challenge;
    n->secret.algorithm = key.alg;
    n->secret.counter = key.count;
    n->secret.flags = key.may_back_up ? 1 : 0;
    struct str title = str_trim(page_field(p, "title"));
    return add(p, n, utf8_count(title) > 60 ? STR("") : title, added);
}

/* ---- recovery codes ---- */

struct str login_new_code(struct page *p)
{
    uint8_t bytes[10]; /* 80 bits: no rate of guessing reaches it */
    struct arena *a = p->ctx->arena;
    p->ctx->world->random(p->ctx->world, bytes, sizeof(bytes));
    struct str plain = base32_encode(a, bytes, sizeof(bytes));
    must(plain.n == CODE_CHARS);
    return str_format(a, "%.4s-%.4s-%.4s-%.4s", plain.p, plain.p + 4, plain.p + 8, plain.p + 12);
}

static enum err show_codes(struct page *p, const struct str *codes, size_t count,
                           struct str heading, struct str lead, struct str to)
{
    struct page_codes_codes *rows = ARENA_ARRAY(p->ctx->arena, struct page_codes_codes, count + 1);
    for (size_t i = 0; i < count; i++) {
        rows[i].code = codes[i];
    }
    struct page_codes v = {
        .heading = heading, .lead = lead, .codes = rows, .codes_count = count, .back = to};
    return page_show(p, 200, heading, page_codes, &v);
}

static enum err codes_kept(struct page *p, const struct receipt *receipt)
{
    const struct adding *n = p->own;
    if (receipt->seq < 0) {
        return page_admitted(p, receipt);
    }
    return show_codes(p, n->codes, RECOVERY_CODES, login_say(p, "恢复码", "Recovery codes"),
                      login_say(p, "只显示这一次，以前的恢复码已经作废。每个只能用一次。",
                                "Shown this once; earlier codes are void. Each is good once."),
                      STR("/me/security"));
}

static enum err new_codes(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct adding *n = NULL;
    bool may = false;
    TRY(begin_adding(p, "recovery", true, &n, &may));
    if (!may) {
        return ERR_OK;
    }
    uint8_t *digests = arena_push(ctx->arena, (size_t)RECOVERY_CODES * RECOVERY_DIGEST);
    for (size_t i = 0; i < RECOVERY_CODES; i++) {
        n->codes[i] = login_new_code(p);
        recovery_digest(ctx->arena, n->secret.owner, n->codes[i], digests + i * RECOVERY_DIGEST);
    }
    n->secret.secret =
        (struct str){(const char *)digests, (size_t)RECOVERY_CODES * RECOVERY_DIGEST};
    return add(p, n, STR(""), codes_kept);
}

/* ---- removing ---- */

static enum err removed(struct page *p, const struct receipt *receipt)
{
    return receipt->seq < 0 || p->wants_json ? page_admitted(p, receipt) : back(p, "removed");
}

static bool signs_in(struct str kind)
{
    return str_equal(kind, STR("password")) || str_equal(kind, STR("passkey"));
}

static enum err remove_means(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct text2 none = {{0}, {0}};
    struct login_credential_list_row *rows = NULL;
    size_t count = 0;
    size_t others = 0;
    bool may = false;
    bool own = false;
    bool counts = false;
    TRY(may_change(p, &may));
    if (!may) {
        return ERR_OK;
    }
    struct str id = page_field(p, "id");
    TRY(list_means(p, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        bool this = str_equal(rows[i].id, id);
        own = own || this;
        counts = counts || (this && signs_in(rows[i].kind));
        others += !this && signs_in(rows[i].kind);
    }
    if (!own) {
        return page_problem(p, ERR_NOT_FOUND, STR("id"), none);
    }
    if (counts && others == 0) {
        return back(p, "last");
    }
    struct draft d = {
        .kind = STR("remove-credential"), .actor = p->session.actor, .fields = json_object()};
    json_set(ctx->arena, &d.fields, STR("credential.id"), json_of_str(id));
    struct keep keep = login_keep_forget_secret(ctx->arena, id, p->session.actor.id);
    return page_submit_with(p, &d, &keep, removed);
}

/* ---- sessions ---- */

static enum err sessions_ended(struct page *p, const struct receipt *receipt)
{
    (void)receipt;
    return p->session.signed_in ? back(p, "ended") : page_go(p, STR("/"));
}

static enum err end_sessions(struct page *p)
{
    struct str id = page_field(p, "id");
    bool others = str_equal(id, STR("others"));
    struct text2 none = {{0}, {0}};
    if (id.n == 0) {
        return page_problem(p, ERR_MISSING, STR("id"), none);
    }
    return session_end(p, p->session.actor.id, others ? STR("") : id, p->session.id,
                       sessions_ended);
}

enum { ANYONE = FOR_PARTY | FOR_OFFICER | FOR_ADMIN };
static const struct route rows_[] = {
    {"GET", "/me/security", security_page, ANYONE, 0, "My ways to sign in and where I am signed in",
     page_security_schema, "said"},
    {"POST", "/me/password", set_password, ANYONE, 0, "Set my password", NULL, "password again"},
    {"POST", "/me/totp/begin", begin_totp, ANYONE, 0, "A seed of one-time codes", page_totp_schema,
     ""},
    {"POST", "/me/totp", set_totp, ANYONE, 0, "Register one-time codes", NULL, "stage code"},
    {"POST", "/me/passkey/options", register_options, ANYONE, 0,
     "A challenge for registering a passkey or security key", NULL, "kind"},
    {"POST", "/me/passkey", register_passkey, ANYONE, 0, "Register a passkey or security key", NULL,
     "kind client_data attestation title"},
    {"POST", "/me/recovery", new_codes, ANYONE, 0, "New recovery codes", page_codes_schema, ""},
    {"POST", "/me/remove", remove_means, ANYONE, 0, "Remove a way to sign in", NULL, "id"},
    {"POST", "/me/sessions/end", end_sessions, ANYONE, 0, "Sign out elsewhere", NULL, "id"},
};
const struct route_table login_own_routes = {rows_, LEN(rows_)};
