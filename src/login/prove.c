/* From a proof to a session, and the one answer when there is none. */
#include "base/json_make.h"
#include "gate/read.h"
#include "login/login_in.h"

#include "party/party.h"
#include "web/answer.h"

/* Where somebody begins the day: the desk when the law shows it to one of the roles, or the limits
 * of the offices below, else what the role may register. */
static struct str home_of(const struct page *p, const struct actor_record *r, enum actor_kind kind)
{
    if (kind == ACTOR_PARTY) {
        return STR("/cases");
    }
    const struct access_rule *desk = p->law == NULL ? NULL : law_access(p->law, STR("GET /desk"));
    const struct access_rule *supervise =
        p->law == NULL ? NULL : law_access(p->law, STR("GET /supervise"));
    for (size_t i = 0; kind == ACTOR_OFFICER && i < r->role_count; i++) {
        if (law_access_row(desk, r->roles[i], ACCESS_OFFICE) != NULL) {
            return STR("/desk");
        }
        if (law_access_row(supervise, r->roles[i], ACCESS_ABOVE) != NULL) {
            return STR("/supervise");
        }
    }
    return STR("/acts");
}

enum err proven_load(struct page *p, struct str owner, int assurance, const char *methods,
                     struct str next, struct proven *ret, bool *ret_found)
{
    struct ctx *ctx = p->ctx;
    struct actor_record record;
    bool found = false;
    TRY(gate_actor(ctx, p->gate, p->db, owner, &record, &found));
    *ret_found = found && record.active && !str_equal(record.kind, STR("org"));
    if (!*ret_found) {
        return ERR_OK;
    }
    enum actor_kind kind = str_equal(record.kind, STR("officer")) ? ACTOR_OFFICER
                           : str_equal(record.kind, STR("admin")) ? ACTOR_ADMIN
                                                                  : ACTOR_PARTY;
    struct str to = login_next(next);
    *ret = (struct proven){
        .who = {.actor = {.kind = kind, .id = str_copy(ctx->arena, owner), .assurance = assurance},
                .methods = str_from(methods)},
        .next = str_equal(to, STR("/")) ? home_of(p, &record, kind) : to};
    return party_name(ctx, p->db, owner, &ret->who.name);
}

static enum err signed_in(struct page *p, const struct receipt *receipt)
{
    const struct proven *v = p->own;
    (void)receipt;
    if (!p->wants_json) {
        return page_go(p, v->next);
    }
    struct arena *a = p->ctx->arena;
    struct json o = json_object();
    struct buf b = buf_new(a, 0);
    json_set(a, &o, STR("next"),
             json_of_str(p->lang == LANG_EN ? str_format(a, "/en%.*s", FMT(v->next)) : v->next));
    json_set(a, &o, STR("acr"), json_of_str(login_acr(v->who.actor.assurance)));
    json_set(a, &o, STR("amr"), json_of_str(v->who.methods));
    json_write(&b, &o);
    return page_raw(p, 200, STR("application/json"), buf_str(&b), -1);
}

enum err proven_sign_in(struct page *p, const struct proven *v)
{
    struct proven *own = ARENA_NEW(p->ctx->arena, struct proven);
    *own = *v;
    p->own = own;
    return session_begin(p, &own->who, signed_in);
}

enum err login_refused(struct page *p)
{
    static const struct text2 sentence = {
        STR_INIT("登录名、密码或者验证码不对，或者该账户现在不能这样登录。请再试一次，或者用恢复码"
                 "、到窗口恢复。"),
        STR_INIT("The name, password or code is not right, or the account cannot sign in this way "
                 "now. Try again, use a recovery code, "
                 "or have it recovered at a counter.")};
    return page_problem(p, ERR_NOT_SIGNED_IN, STR(""), sentence);
}

enum err login_wait(struct page *p, int64_t seconds)
{
    static const struct text2 sentence = {
        STR_INIT("尝试次数过多，请稍后再试。用通行密钥登录不受影响；忘记密码可以用恢复码或者到窗口"
                 "恢复。"),
        STR_INIT("Too many tries; come again later. Signing in with a passkey still works; "
                 "recovery codes and the counter help "
                 "when the password is lost.")};
    page_header(p, STR("Retry-After"),
                str_format(p->ctx->arena, "%lld", (long long)(seconds < 1 ? 1 : seconds)));
    return page_problem(p, ERR_TOO_MANY, STR(""), sentence);
}

enum err login_rule(struct page *p, const char *fact, bool otherwise, bool *ret)
{
    struct ctx *ctx = p->ctx;
    struct login_setting_get_row row;
    bool found = false;
    TRY(login_setting_get(ctx, p->db, (struct login_setting_get_in){.name = str_from(fact)}, &row,
                          &found));
    *ret = found ? str_equal(row.value, STR("true")) : otherwise;
    return ERR_OK;
}
