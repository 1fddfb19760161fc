/* Acts that belong to no case: registration at the counter, appointments, accounts, rules. Which
 * there are, who may do them and what they ask for is read from the law; the gate judges. Here is
 * only the form, and what stands beside an act on accounts. */
#include "base/buf.h"
#include "base/day.h"
#include "base/json_make.h"
#include "base/token.h"
#include "base/world.h"
#include "gate/read.h"
#include "login/login_in.h"
#include "web/answer.h"
#include "limit_gen.h"
#include "page_act_html.h"
#include "page_acts_html.h"
#include "page_audit_html.h"
#include "page_codes_html.h"

enum { AUDIT_ROWS = 50 };

static bool is_mine(const struct page *p, const struct act_kind *k)
{
    unsigned bit = p->session.actor.kind == ACTOR_ADMIN ? WHO_ADMIN : WHO_OFFICER;
    if (k->in_case != ACT_CASE_NONE || (k->who & bit) == 0) {
        return false;
    }
    for (size_t i = 0; i < p->role_count; i++) {
        for (size_t r = 0; r < k->role_count; r++) {
            if (str_equal(p->roles[i], k->roles[r])) {
                return true;
            }
        }
    }
    return false;
}

static bool has_effect(const struct act_kind *k, const char *effect)
{
    for (size_t i = 0; i < k->effect_count; i++) {
        if (str_equal(k->effects[i], str_from(effect))) {
            return true;
        }
    }
    return false;
}

/* One's own ways to sign in, and applications, have their own pages, which look closer at what is
 * typed. */
static bool has_page(const struct act_kind *k)
{
    return has_effect(k, "login.credential") || has_effect(k, "login.remove") ||
           has_effect(k, "oidc.register") || has_effect(k, "oidc.close");
}

static enum err acts_page(struct page *p)
{
    size_t count = 0;
    const struct act_kind *kinds = p->law == NULL ? NULL : law_acts(p->law, &count);
    struct page_acts_kinds *rows = ARENA_ARRAY(p->ctx->arena, struct page_acts_kinds, count + 1);
    struct page_acts v = {.heading = login_say(p, "登记和管理", "Registration and administration"),
                          .kinds = rows};
    for (size_t i = 0; i < count; i++) {
        if (is_mine(p, &kinds[i]) && !has_page(&kinds[i])) {
            rows[v.kinds_count++] = (struct page_acts_kinds){
                kinds[i].kind, page_text(p, kinds[i].title),
                kinds[i].article_count > 0 ? kinds[i].articles[0].text : STR("")};
        }
    }
    int64_t done = 0;
    v.done = str_to_i64(page_query(p, "done"), &done) ? done : 0;
    return page_show(p, 200, v.heading, page_acts, &v);
}

static const struct act_kind *named(struct page *p)
{
    const struct act_kind *k = p->law == NULL ? NULL : law_act(p->law, p->args[0]);
    return k != NULL && is_mine(p, k) && !has_page(k) ? k : NULL;
}

static enum err none_such(struct page *p)
{
    struct text2 none = {{0}, {0}};
    return page_problem(p, ERR_NOT_FOUND, STR(""), none);
}

static void fill_options(struct page *p, const struct fact *fact, struct page_act_fields *out)
{
    static const struct code_row yes_no[] = {
        {.code = STR_INIT("true"), .title = {STR_INIT("是"), STR_INIT("yes")}},
        {.code = STR_INIT("false"), .title = {STR_INIT("否"), STR_INIT("no")}}};
    const struct code_row *from = fact->type == FACT_BOOLEAN ? yes_no : fact->choices;
    size_t count = fact->type == FACT_BOOLEAN  ? LEN(yes_no)
                   : fact->type == FACT_CHOICE ? fact->choice_count
                                               : 0;
    struct page_act_fields_options *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_act_fields_options, count + 1);
    for (size_t i = 0; i < count; i++) {
        rows[i] = (struct page_act_fields_options){from[i].code, page_text(p, from[i].title)};
    }
    out->options = rows;
    out->options_count = count;
}

static enum err act_page(struct page *p)
{
    struct arena *a = p->ctx->arena;
    const struct act_kind *k = named(p);
    if (k == NULL) {
        return none_such(p);
    }
    struct page_act_fields *rows = ARENA_ARRAY(a, struct page_act_fields, k->field_count + 1);
    for (size_t i = 0; i < k->field_count; i++) {
        const struct fact *fact = k->fields[i].fact;
        bool new_id = str_equal(fact->id, STR("party.id")) && has_effect(k, "party.register");
        rows[i] = (struct page_act_fields){.id = fact->id,
                                           .title = page_text(p, fact->title),
                                           .required = k->fields[i].required,
                                           .help = page_text(p, fact->help),
                                           .is_file = fact->type == FACT_MATERIAL,
                                           .value = new_id ? login_new_id(p, "p-") : STR("")};
        if (fact->type == FACT_LIST && fact->help.zh.n == 0) {
            rows[i].help = login_say(p, "多个之间用空格隔开", "Several with blanks between");
        }
        fill_options(p, fact, &rows[i]);
    }
    struct page_act_articles *articles =
        ARENA_ARRAY(a, struct page_act_articles, k->article_count + 1);
    for (size_t i = 0; i < k->article_count; i++) {
        articles[i] = (struct page_act_articles){k->articles[i].text,
                                                 page_text(p, k->articles[i].article->text)};
    }
    struct page_act v = {.title = page_text(p, k->title),
                         .kind = k->kind,
                         .button = page_text(p, k->button),
                         .fields = rows,
                         .fields_count = k->field_count,
                         .articles = articles,
                         .articles_count = k->article_count};
    return page_show(p, 200, v.title, page_act, &v);
}

/* ---- beside an act on an account: a code for the first sign-in; after recovery nothing of before
 * proves anything ---- */

struct account_change {
    struct str owner;
    struct str code;
    bool clears;
};

static enum err show_code(struct page *p, const struct receipt *receipt)
{
    const struct account_change *c = p->own;
    (void)receipt;
    struct page_codes_codes row = {c->code};
    struct page_codes v = {
        .heading = login_say(p, "开户码", "The code"),
        .lead = login_say(p,
                          "交给本人：在“恢复账户，或者第一次登录”一页输入，七天内有效，只能用一次。"
                          "只显示这一次。",
                          "Hand it to the person: it is entered on the page for a first sign-in, "
                          "within seven days, once. Shown this once."),
        .codes = &row,
        .codes_count = 1,
        .back = STR("/acts")};
    return page_show(p, 200, v.heading, page_codes, &v);
}

static enum err account_changed(struct page *p, const struct receipt *receipt)
{
    struct account_change *c = p->own;
    if (receipt->seq < 0) {
        return page_admitted(p, receipt);
    }
    if (!c->clears) {
        return show_code(p, receipt);
    }
    return session_end(p, c->owner, STR(""), STR(""), show_code);
}

static enum err act_done(struct page *p, const struct receipt *receipt)
{
    if (receipt->seq < 0 || p->wants_json) {
        return page_admitted(p, receipt);
    }
    return page_go(p, str_format(p->ctx->arena, "/acts?done=%lld", (long long)receipt->seq));
}

static enum err act_post(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct arena *a = ctx->arena;
    const struct act_kind *k = named(p);
    if (k == NULL) {
        return none_such(p);
    }
    struct draft d = {.kind = k->kind,
                      .actor = p->session.actor,
                      .attachments = p->files,
                      .attachment_count = p->file_count};
    struct json fields;
    struct attachment *files = NULL;
    size_t file_count = 0;
    TRY(page_form(p, &fields, &files, &file_count));
    d.fields = json_object();
    for (size_t i = 0; i < fields.count; i++) {
        const struct fact *fact = law_fact(p->law, fields.members[i].key);
        const struct json *v = &fields.members[i].value;
        if (v->kind != JSON_STRING || str_trim(v->text).n > 0) {
            json_set(a, &d.fields, fields.members[i].key,
                     v->kind == JSON_STRING ? law_value_parse(a, fact, v->text) : *v);
        }
    }
    bool opens = has_effect(k, "login.open");
    bool clears = has_effect(k, "login.recover") || has_effect(k, "login.close");
    if (!opens && !clears) {
        return page_submit(p, &d, act_done);
    }
    struct account_change *c = ARENA_NEW(a, struct account_change);
    *c = (struct account_change){.owner = str_copy(a, json_text(&d.fields, "account.owner")),
                                 .clears = clears};
    uint8_t digest[RECOVERY_DIGEST];
    bool gives = !has_effect(k, "login.close");
    if (gives) {
        c->code = login_new_code(p);
        recovery_digest(a, c->owner, c->code, digest);
    }
    struct str kept = {(const char *)digest, gives ? sizeof(digest) : 0};
    struct keep keep = login_keep_change_account(a, c->owner, clears, kept);
    p->own = c;
    return page_submit_with(p, &d, &keep, gives ? account_changed : act_done);
}

/* ---- audit ---- */

static enum err audit_page(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct refusal_record *list = NULL;
    size_t count = 0;
    int64_t before = INT64_MAX;
    str_to_i64(page_query(p, "before"), &before);
    TRY(gate_refusals(ctx, p->gate, p->db, before, AUDIT_ROWS, &list, &count));
    struct page_audit_rows *rows = ARENA_ARRAY(ctx->arena, struct page_audit_rows, count + 1);
    for (size_t i = 0; i < count; i++) {
        const struct act_kind *k = p->law == NULL ? NULL : law_act(p->law, list[i].kind);
        rows[i] =
            (struct page_audit_rows){.kind = k == NULL ? list[i].kind : page_text(p, k->title),
                                     .actor = list[i].actor,
                                     .day = instant_day(list[i].at),
                                     .check = list[i].check,
                                     .code = list[i].code,
                                     .article = list[i].article,
                                     .case_id = list[i].case_id};
    }
    struct page_audit v = {.rows = rows, .rows_count = count};
    if (count == AUDIT_ROWS) {
        v.more = str_format(ctx->arena, "/audit?before=%lld", (long long)list[count - 1].id);
    }
    return page_show(p, 200, login_say(p, "审计", "Audit"), page_audit, &v);
}

static const struct route rows_[] = {
    {"GET", "/acts", acts_page, FOR_OFFICER | FOR_ADMIN, 0,
     "Acts outside cases that my role may do", page_acts_schema, "done"},
    {"GET", "/acts/{kind}", act_page, FOR_OFFICER | FOR_ADMIN, 0, "Form of an act outside cases",
     page_act_schema, ""},
    {"POST", "/acts/{kind}", act_post, FOR_OFFICER | FOR_ADMIN, LIMIT_UPLOAD_BYTES,
     "Do an act outside cases: facts by id", NULL, ""},
    {"GET", "/audit", audit_page, FOR_ADMIN | ON_POOL, 0, "What the gate refused",
     page_audit_schema, "before"},
};
const struct route_table login_act_routes = {rows_, LEN(rows_)};
