/* Signing in: password and one-time code, recovery, and in a demo a chooser. Passkeys:
 * page_passkey.c. */
#include "base/buf.h"
#include "base/encode.h"
#include "base/world.h"
#include "crypto/crypto.h"
#include "login/login_in.h"
#include "login/source.h"
#include "web/answer.h"
#include "page_code_html.h"
#include "page_login_html.h"
#include "page_recover_html.h"

/* ---- the page ---- */

static void fill_people(struct page *p, struct page_login *v)
{
    size_t count = 0;
    const struct demo_person *people = web_people(p->web, &count);
    struct page_login_people *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_login_people, count + 1);
    for (size_t i = 0; i < count; i++) {
        rows[i] =
            (struct page_login_people){people[i].id, people[i].name, page_text(p, people[i].role),
                                       page_text(p, people[i].office)};
    }
    v->people = rows;
    v->people_count = count;
}

static enum err fill_sources(struct page *p, struct page_login *v)
{
    struct ctx *ctx = p->ctx;
    size_t count = 0;
    bool allowed = false;
    TRY(login_rule(p, "signin.source", true, &allowed));
    const struct identity_source *const *list = sources_of(p, &count);
    struct page_login_sources *rows = ARENA_ARRAY(ctx->arena, struct page_login_sources, count + 1);
    for (size_t i = 0; allowed && i < count; i++) {
        rows[v->sources_count++] = (struct page_login_sources){str_from(list[i]->id), v->next,
                                                               page_text(p, list[i]->title)};
    }
    v->sources = rows;
    return ERR_OK;
}

static enum err login_page(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct webauthn_want rp;
    struct str level = page_query(p, "level");
    struct page_login v = {.heading = login_say(p, "登录", "Sign in"),
                           .next = login_next(page_query(p, "next")),
                           .passkeys = login_relying_party(p, &rp),
                           .options = STR("/login/passkey/options"),
                           .finish = STR("/login/passkey")};
    if (p->session.signed_in) {
        v.heading = login_say(p, "请再确认一次身份", "Prove once more who you are");
        v.lead = str_equal(level, STR("3"))
                     ? login_say(p, "这一步需要用通行密钥登录。", "This step needs a passkey.")
                 : str_equal(level, STR("2"))
                     ? login_say(
                           p, "这一步需要双重验证：密码加动态口令，或者通行密钥。",
                           "This step needs two factors: password and one-time code, or a passkey.")
                     : login_say(p, "这一步需要刚刚登录过。", "This step needs a fresh sign-in.");
    }
    TRY(login_rule(p, "signin.password", true, &v.password));
    TRY(fill_sources(p, &v));
    fill_people(p, &v);
    return page_show(p, 200, v.heading, page_login, &v);
}

/* ---- password ---- */

struct attempt {
    struct page *page;
    struct str password;
    struct str name;
    struct str next;
    struct str owner;  /* empty when the name is nobody's */
    struct str secret; /* id of the password's row */
    const char *text;  /* held against: the owner's hash, or nobody's */
    uint8_t salt[PASSWORD_SALT];
    char fresh[PASSWORD_TEXT]; /* hashed anew, when the old parameters are dated */
    enum proven_by said;
    struct proven proven;
};

static enum err load_attempt(struct page *p, struct attempt *a)
{
    struct ctx *ctx = p->ctx;
    struct login_account_by_name_row account;
    struct login_secret_of_kind_row *rows = NULL;
    size_t count = 0;
    bool found = false;
    a->text = login_of(p)->nobody;
    TRY(login_account_by_name(ctx, p->db, (struct login_account_by_name_in){.name = a->name},
                              &account, &found));
    /* Nobody's name is looked up as far as anybody's. */
    struct str owner = found ? account.owner : STR("-");
    TRY(login_secret_of_kind(
        ctx, p->db,
        (struct login_secret_of_kind_in){.owner = owner, .kind = STR("password"), .count = 1},
        &rows, &count));
    if (count > 0) {
        a->owner = rows[0].owner;
        a->secret = rows[0].id;
        a->text = str_z(ctx->arena, rows[0].secret);
    }
    return ERR_OK;
}

static enum err after_rehash(struct page *p, const struct receipt *receipt)
{
    const struct attempt *a = p->own;
    (void)receipt;
    return proven_sign_in(p, &a->proven);
}

/* On the pool's thread: the password is right or not. */
static enum err password_done(struct page *p, void *arg)
{
    struct ctx *ctx = p->ctx;
    struct attempt *a = arg;
    struct login_secret_of_kind_row *rows = NULL;
    struct login_passkeys_of_row *keys = NULL;
    size_t count = 0;
    size_t key_count = 0;
    bool found = false;
    if (a->said == PROOF_NO_MEMORY) {
        login_untry(p, &bound_name, a->name); /* it was not made */
        return fault(ctx, ERR_MEMORY, "no memory to check a password in");
    }
    if (a->said != PROOF_YES || a->owner.n == 0) {
        return login_refused(p);
    }
    login_untry(p, &bound_name, a->name);
    TRY(login_secret_of_kind(
        ctx, p->db,
        (struct login_secret_of_kind_in){.owner = a->owner, .kind = STR("totp"), .count = 1}, &rows,
        &count));
    TRY(passkeys_of(p, a->owner, &keys, &key_count));
    if (count + key_count > 0) {
        struct page_code v = {.stage = ticket_make(p, "stage", a->owner),
                              .next = a->next,
                              .totp = count > 0,
                              .keys = key_count > 0,
                              .options = STR("/login/second/options"),
                              .finish = STR("/login/second")};
        return page_show(p, 200, login_say(p, "第二步验证", "The second step"), page_code, &v);
    }
    TRY(proven_load(p, a->owner, 1, "pwd", a->next, &a->proven, &found));
    if (!found) {
        return login_refused(p);
    }
    if (a->fresh[0] != '\0') {
        struct keep keep = login_keep_rehash(ctx->arena, a->secret, str_from(a->fresh));
        p->own = a;
        return page_keep(p, &keep, after_rehash);
    }
    return proven_sign_in(p, &a->proven);
}

/* What cannot be right is refused as what is not, alike for every name. */
static enum err try_is_refused(struct page *p, const struct receipt *receipt)
{
    (void)receipt;
    return login_refused(p);
}

static void hash_attempt(void *arg)
{
    struct attempt *a = arg;
    a->said = password_verify(a->password, a->text);
    if (a->said == PROOF_YES && password_is_dated(a->text) &&
        !password_hash(a->password, a->salt, a->fresh)) {
        a->fresh[0] = '\0';
    }
    page_go_on(a->page, password_done, a);
}

static enum err password_tried(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    struct attempt *a = p->own;
    (void)receipt;
    TRY(load_attempt(p, a));
    ctx->world->random(ctx->world, a->salt, sizeof(a->salt));
    page_hold(p);
    enum err e = pool_submit(ctx, &login_of(p)->pool, (struct pool_job){hash_attempt, a});
    if (e != ERR_OK) {
        page_unhold(p);
        login_untry(p, &bound_name, a->name); /* it was not made */
    }
    return e;
}

static enum err login_post(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct attempt *a = ARENA_NEW(ctx->arena, struct attempt);
    bool allowed = false;
    *a = (struct attempt){.page = p,
                          .password = page_field(p, "password"),
                          .name = login_name(ctx->arena, page_field(p, "name")),
                          .next = login_next(page_field(p, "next"))};
    TRY(login_rule(p, "signin.password", true, &allowed));
    bool formed =
        allowed && a->name.n > 0 && a->password.n > 0 && a->password.n <= LIMIT_PASSWORD_BYTES;
    struct guess guesses[] = {{&bound_address, p->exchange->request.peer}, {&bound_name, a->name}};
    p->own = a;
    return login_try(p, guesses, LEN(guesses), formed ? password_tried : try_is_refused);
}

/* ---- second factor: a one-time code ---- */

struct code_use {
    struct str owner;
    struct proven proven;
};

static enum err after_code(struct page *p, const struct receipt *receipt)
{
    const struct code_use *u = p->own;
    (void)receipt;
    if (login_kept_refused(p)) {
        return login_refused(p);
    }
    login_untry(p, &bound_code, u->owner);
    return proven_sign_in(p, &u->proven);
}

static enum err code_tried(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    struct login *l = login_of(p);
    struct code_use *u = p->own;
    struct login_secret_of_kind_row *rows = NULL;
    uint8_t seed[256];
    size_t count = 0;
    bool found = false;
    (void)receipt;
    TRY(login_secret_of_kind(
        ctx, p->db,
        (struct login_secret_of_kind_in){.owner = u->owner, .kind = STR("totp"), .count = 1}, &rows,
        &count));
    bool there = count > 0 && rows[0].secret.n == TOTP_SEED + SEAL_MORE;
    enum proven_by opened =
        there ? secret_open(l->seal, rows[0].secret, rows[0].id, seed) : PROOF_NO;
    if (opened == PROOF_NO_MEMORY) {
        return fault(ctx, ERR_MEMORY, "no memory to check a code in");
    }
    if (opened != PROOF_YES) {
        return login_refused(p);
    }
    int64_t step = ctx->world->now(ctx->world).ms / 1000 / TOTP_STEP_S;
    int64_t used = totp_match(seed, str_trim(page_field(p, "code")), step, rows[0].counter);
    bytes_wipe(seed, sizeof(seed));
    if (used == TOTP_NO_MEMORY) {
        return fault(ctx, ERR_MEMORY, "no memory to check a code in");
    }
    TRY(proven_load(p, u->owner, 2, "pwd otp mfa", page_field(p, "next"), &u->proven, &found));
    if (used < 0 || !found) {
        return login_refused(p);
    }
    struct keep keep = login_keep_use_code(ctx->arena, rows[0].id, used);
    return page_keep(p, &keep, after_code);
}

static enum err login_code(struct page *p)
{
    struct code_use *u = ARENA_NEW(p->ctx->arena, struct code_use);
    if (!ticket_read(p, "stage", page_field(p, "stage"), &u->owner)) {
        return login_refused(p);
    }
    struct guess guess = {&bound_code, u->owner};
    p->own = u;
    return login_try(p, &guess, 1, code_tried);
}

/* ---- recovery ---- */

static enum err recover_page(struct page *p)
{
    struct page_recover v = {0};
    return page_show(p, 200, login_say(p, "恢复账户", "Recover an account"), page_recover, &v);
}

struct recovery {
    struct str owner;
    uint8_t digest[RECOVERY_DIGEST];
    struct proven proven;
};

static enum err after_recovery(struct page *p, const struct receipt *receipt)
{
    const struct recovery *r = p->own;
    (void)receipt;
    return login_kept_refused(p) || r->proven.who.actor.id.n == 0 ? login_refused(p)
                                                                  : proven_sign_in(p, &r->proven);
}

void recovery_digest(struct arena *a, struct str owner, struct str code, uint8_t ret[32])
{
    struct buf b = buf_new(a, 0);
    buf_format(&b, "%.*s\n", FMT(owner));
    for (size_t i = 0; i < code.n && i < 64; i++) {
        char c = code.p[i];
        if ((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7')) {
            buf_byte(&b, c);
        } else if (c >= 'a' && c <= 'z') {
            buf_byte(&b, (char)(c - 'a' + 'A'));
        }
    }
    struct str text = buf_str(&b);
    sha256(text.p, text.n, ret);
}

static enum err recovery_tried(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    struct recovery *r = ARENA_NEW(ctx->arena, struct recovery);
    struct login_account_by_name_row account;
    struct login_secret_of_kind_row *rows = NULL;
    struct login_activation_get_row given;
    struct str name = login_name(ctx->arena, page_field(p, "name"));
    size_t count = 0;
    bool found = false;
    bool has_given = false;
    (void)receipt;
    TRY(login_account_by_name(ctx, p->db, (struct login_account_by_name_in){.name = name}, &account,
                              &found));
    r->owner = found ? account.owner : STR("-");
    recovery_digest(ctx->arena, r->owner, page_field(p, "code"), r->digest);
    TRY(login_activation_get(ctx, p->db, (struct login_activation_get_in){.owner = r->owner},
                             &given, &has_given));
    TRY(login_secret_of_kind(
        ctx, p->db,
        (struct login_secret_of_kind_in){.owner = r->owner, .kind = STR("recovery"), .count = 1},
        &rows, &count));
    bool by_counter = has_given && given.digest.n == RECOVERY_DIGEST &&
                      bytes_equal(given.digest.p, r->digest, RECOVERY_DIGEST);
    struct str id = !by_counter && count > 0 ? rows[0].id : STR("");
    TRY(proven_load(p, r->owner, 1, "otp", STR("/me/security"), &r->proven, &found));
    /* Everyone's attempt goes through the writer, so that the time says nothing. */
    r->proven.who.actor.id = found ? r->proven.who.actor.id : STR("");
    struct keep keep = login_keep_use_recovery(ctx->arena, id, r->owner, r->digest);
    p->own = r;
    return page_keep(p, &keep, after_recovery);
}

static enum err recover_post(struct page *p)
{
    struct guess guesses[] = {{&bound_address, p->exchange->request.peer},
                              {&bound_name, login_name(p->ctx->arena, page_field(p, "name"))}};
    return login_try(p, guesses, LEN(guesses), recovery_tried);
}

/* ---- the demo's chooser ---- */

static const struct demo_person *person_by(struct page *p, struct str id)
{
    size_t count = 0;
    const struct demo_person *people = web_people(p->web, &count);
    for (size_t i = 0; i < count; i++) {
        if (str_equal(people[i].id, id)) {
            return &people[i];
        }
    }
    return NULL;
}

static enum err demo_sign_in(struct page *p, const struct demo_person *who, struct str next)
{
    struct ctx *ctx = p->ctx;
    struct proven v;
    bool found = false;
    TRY(proven_load(p, who->id, 2, "demo", next, &v, &found));
    return found ? proven_sign_in(p, &v) : login_refused(p);
}

static enum err gone(struct page *p)
{
    struct text2 none = {{0}, {0}};
    return page_problem(p, ERR_NOT_FOUND, STR(""), none);
}

/* The chooser gives out a fresh address, as the demo printed one at its start; each is good once.
 */
static enum err demo_given(struct page *p, const struct receipt *receipt)
{
    const struct str *code = p->own;
    struct buf b = buf_new(p->ctx->arena, 0);
    struct render r = {.out = &b};
    (void)receipt;
    buf_format(&b, "/login/once/%.*s?next=", FMT(*code));
    render_segment(&r, login_next(page_field(p, "next")));
    return page_go(p, buf_str(&b));
}

static enum err login_demo(struct page *p)
{
    struct arena *a = p->ctx->arena;
    const struct demo_person *who = person_by(p, page_field(p, "who"));
    uint8_t bytes[8];
    if (who == NULL) {
        return gone(p);
    }
    p->ctx->world->random(p->ctx->world, bytes, sizeof(bytes));
    struct str *code = ARENA_NEW(a, struct str);
    *code = hex_encode(a, bytes, sizeof(bytes));
    struct keep keep = login_keep_demo_give(a, *code, who->id);
    p->own = code;
    return page_keep(p, &keep, demo_given);
}

static enum err demo_taken(struct page *p, const struct receipt *receipt)
{
    struct ctx *ctx = p->ctx;
    struct wire w = wire_read(p->kept);
    const struct demo_person *who = person_by(p, wire_text(&w));
    (void)receipt;
    TRY(wire_done(ctx, &w));
    return who == NULL ? gone(p) : demo_sign_in(p, who, page_query(p, "next"));
}

static enum err login_once(struct page *p)
{
    struct keep keep = login_keep_demo_take(p->ctx->arena, p->args[0]);
    size_t count = 0;
    web_people(p->web, &count);
    return count == 0 ? gone(p) : page_keep(p, &keep, demo_taken);
}

enum err login_give_codes(struct ctx *ctx, struct gate *g, const struct demo_person *people,
                          size_t count)
{
    struct str kept = {0};
    struct keep keep = login_keep_demo_codes(ctx->arena, people, count);
    return gate_keep_wait(ctx, g, &keep, &kept);
}

static enum err signed_out(struct page *p, const struct receipt *receipt)
{
    (void)receipt;
    return page_go(p, STR("/"));
}

static enum err logout(struct page *p)
{
    return p->session.signed_in
               ? session_end(p, p->session.actor.id, p->session.id, STR(""), signed_out)
               : page_go(p, STR("/"));
}

static const struct route rows_[] = {
    {"GET", "/login", login_page, FOR_ALL, 0, "Sign in", page_login_schema, "next level"},
    {"POST", "/login", login_post, FOR_ALL, 0,
     "Sign in by password; answers with the second step when there is one", page_code_schema,
     "name password next"},
    {"POST", "/login/code", login_code, FOR_ALL, 0, "The second step: a one-time code", NULL,
     "stage code next"},
    {"GET", "/login/recover", recover_page, FOR_ALL, 0, "Recover an account", page_recover_schema,
     ""},
    {"POST", "/login/recover", recover_post, FOR_ALL, 0,
     "Sign in once by a recovery code or a code of the counter", NULL, "name code"},
    {"POST", "/login/demo", login_demo, FOR_ALL, 0,
     "A fresh sign-in address of a sample person (demo only)", NULL, "who next"},
    {"GET", "/login/once/{code}", login_once, FOR_ALL, 0,
     "Sign in by an address the demo gave out, once", NULL, "next"},
    {"POST", "/logout", logout, FOR_ALL, 0, "Sign out", NULL, ""},
};
const struct route_table login_routes = {rows_, LEN(rows_)};
