/* Applications seen, registered, changed and closed, by whom the law lets: the acts register-client
 * and close-client. The form asks for what the act asks for; the gate judges it. */
#include "base/json_make.h"
#include "base/token.h"
#include "oidc/oidc_in.h"

#include "http/http.h"
#include "web/answer.h"
#include "page_client_html.h"
#include "page_clients_html.h"

enum { LIST_ROWS = 50, LONG_TEXT = 5000 };

static const struct str kind_register = STR_INIT("register-client");
static const struct str kind_close = STR_INIT("close-client");

static struct str say(const struct page *p, const char *zh, const char *en)
{
    return str_from(p->lang == LANG_EN ? en : zh);
}

/* May who is signed in do this act, by role? Who may not may still look. */
static const struct act_kind *may_do(const struct page *p, struct str kind)
{
    const struct act_kind *k = p->law == NULL ? NULL : law_act(p->law, kind);
    for (size_t i = 0; k != NULL && i < p->role_count; i++) {
        for (size_t r = 0; r < k->role_count; r++) {
            if (str_equal(p->roles[i], k->roles[r])) {
                return k;
            }
        }
    }
    return NULL;
}

static struct str value_of(struct page *p, const struct json *fields, const char *name)
{
    const struct fact *fact = p->law == NULL ? NULL : law_fact(p->law, str_from(name));
    const struct json *v = json_get(fields, name);
    return v == NULL ? STR("") : law_value_text(p->ctx->arena, fact, v, p->lang == LANG_EN);
}

enum err page_clients_list(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct oidc_client_list_row *list = NULL;
    size_t count = 0;
    int64_t done = 0;
    TRY(oidc_client_list(
        ctx, p->db,
        (struct oidc_client_list_in){.after = page_query(p, "after"), .count = LIST_ROWS + 1},
        &list, &count));
    size_t shown = count > LIST_ROWS ? LIST_ROWS : count;
    struct page_clients_rows *rows = ARENA_ARRAY(ctx->arena, struct page_clients_rows, shown + 1);
    for (size_t i = 0; i < shown; i++) {
        struct json o;
        TRY(json_parse(ctx, list[i].document, STR("client"), &o));
        struct str en = json_text(&o, "client.name_en");
        rows[i] = (struct page_clients_rows){
            .id = list[i].id,
            .code = list[i].id,
            .name = p->lang == LANG_EN && en.n > 0 ? en : json_text(&o, "client.name"),
            .profile = value_of(p, &o, "client.profile"),
            .auth = value_of(p, &o, "client.auth"),
            .closed = list[i].closed};
    }
    struct page_clients v = {
        .rows = rows, .rows_count = shown, .may = may_do(p, kind_register) != NULL};
    v.done = str_to_i64(page_query(p, "done"), &done) ? done : 0;
    if (count > shown) {
        v.more = str_format(ctx->arena, "/oidc/clients?after=%.*s", FMT(list[shown - 1].id));
    }
    return page_show(p, 200, say(p, "接入应用", "Applications"), page_clients, &v);
}

/* ---- the form ---- */

/* What was typed, or is registered: lists one a line. */
static struct str typed_value(struct arena *a, const struct json *v)
{
    struct buf b = buf_new(a, 0);
    if (v == NULL || v->kind == JSON_NULL) {
        return STR("");
    }
    if (v->kind == JSON_BOOL) {
        return v->bool_value ? STR("true") : STR("false");
    }
    if (v->kind != JSON_ARRAY) {
        return v->text;
    }
    for (size_t i = 0; i < v->count; i++) {
        buf_puts(&b, i > 0 ? "\n" : "");
        buf_put(&b, v->items[i].text);
    }
    return buf_str(&b);
}

static void fill_options(struct page *p, const struct fact *fact, struct page_client_fields *out)
{
    static const struct code_row yes_no[] = {
        {.code = STR_INIT("true"), .title = {STR_INIT("是"), STR_INIT("yes")}},
        {.code = STR_INIT("false"), .title = {STR_INIT("否"), STR_INIT("no")}}};
    const struct code_row *from = fact->type == FACT_BOOLEAN ? yes_no : fact->choices;
    size_t count = fact->type == FACT_BOOLEAN ? LEN(yes_no) : fact->choice_count;
    struct page_client_fields_options *rows =
        ARENA_ARRAY(p->ctx->arena, struct page_client_fields_options, count + 1);
    rows[0] = (struct page_client_fields_options){.title = say(p, "（不选）", "(none)")};
    for (size_t i = 0; i < count; i++) {
        rows[i + 1] = (struct page_client_fields_options){
            from[i].code, str_equal(out->value, from[i].code), page_text(p, from[i].title)};
    }
    out->is_choice = true;
    out->options = rows;
    out->options_count = count + 1;
}

/* Where the form stands: what is registered under the id, if anything, and what was typed instead.
 */
struct form {
    struct str id; /* registered; empty: a new one */
    int64_t seq;
    bool closed;
    struct json fields;
    struct str wrong; /* the fact that is refused, and why; empty: none */
    struct str why;
    struct str article;
};

static enum err show_form(struct page *p, int status, const struct form *f)
{
    struct arena *a = p->ctx->arena;
    const struct act_kind *k = p->law == NULL ? NULL : law_act(p->law, kind_register);
    struct text2 none = {{0}, {0}};
    if (k == NULL) {
        return page_problem(p, ERR_NOT_FOUND, STR(""), none);
    }
    bool may = may_do(p, kind_register) != NULL;
    const struct fact *wrong = f->wrong.n > 0 ? law_fact(p->law, f->wrong) : NULL;
    struct page_client_fields *rows = ARENA_ARRAY(a, struct page_client_fields, k->field_count + 1);
    for (size_t i = 0; i < k->field_count; i++) {
        const struct fact *fact = k->fields[i].fact;
        const struct json *v = json_get_str(&f->fields, fact->id);
        bool list = fact->type == FACT_LIST;
        rows[i] = (struct page_client_fields){
            .id = fact->id,
            .title = page_text(p, fact->title),
            .required = k->fields[i].required,
            .help = page_text(p, fact->help),
            .wrong = str_equal(fact->id, f->wrong),
            .is_long = list || (fact->type == FACT_TEXT && fact->max > LONG_TEXT),
            .fixed = f->id.n > 0 && str_equal(fact->id, STR("client.id")),
            .value = typed_value(a, v)};
        if (list && rows[i].help.n == 0) {
            rows[i].help = say(p, "一行一个", "One a line");
        }
        if (may && (fact->type == FACT_CHOICE || fact->type == FACT_BOOLEAN)) {
            fill_options(p, fact, &rows[i]);
        } else if (!may && v != NULL) {
            rows[i].value = law_value_text(a, fact, v, p->lang == LANG_EN);
        }
    }
    struct page_client_articles *articles =
        ARENA_ARRAY(a, struct page_client_articles, k->article_count + 1);
    for (size_t i = 0; i < k->article_count; i++) {
        articles[i] = (struct page_client_articles){page_cite(p, &k->articles[i]),
                                                    page_text(p, k->articles[i].article->text)};
    }
    struct str en = json_text(&f->fields, "client.name_en");
    struct str name = p->lang == LANG_EN && en.n > 0 ? en : json_text(&f->fields, "client.name");
    struct page_client v = {
        .heading = f->id.n == 0 ? say(p, "登记新应用", "Register an application") : name,
        .known = f->id.n > 0,
        .closed = f->closed,
        .seq = f->seq,
        .code = f->id,
        .may = may,
        .open = f->id.n > 0 && !f->closed && may_do(p, kind_close) != NULL,
        .why = f->why,
        .field = wrong == NULL ? STR("") : wrong->id,
        .title = wrong == NULL ? STR("") : page_text(p, wrong->title),
        .article = f->article,
        .button = f->id.n == 0 ? say(p, "登记", "Register")
                               : say(p, "更改登记", "Change the registration"),
        .fields = rows,
        .fields_count = k->field_count,
        .articles = articles,
        .articles_count = k->article_count};
    return page_show(p, status, v.heading, page_client, &v);
}

static enum err form_registered(struct page *p, struct str id, struct form *ret)
{
    struct ctx *ctx = p->ctx;
    struct oidc_client_get_row row;
    bool found = false;
    *ret = (struct form){.fields = json_object()};
    TRY(oidc_client_get(ctx, p->db, (struct oidc_client_get_in){.id = id}, &row, &found));
    if (!found) {
        return ERR_OK;
    }
    ret->id = row.id;
    ret->seq = row.seq;
    ret->closed = row.closed;
    return json_parse(ctx, row.document, STR("client"), &ret->fields);
}

enum err page_client_form(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct form f;
    struct text2 none = {{0}, {0}};
    struct str id = page_query(p, "id");
    TRY(form_registered(p, id, &f));
    return id.n > 0 && f.id.n == 0 ? page_problem(p, ERR_NOT_FOUND, STR(""), none)
                                   : show_form(p, 200, &f);
}

/* ---- the acts ---- */

/* Fields as the facts want them: a JSON client sends them so, a form's are texts, of which the
 * empty ones are left out.
 */
static enum err read_fields(struct page *p, struct json *ret)
{
    struct ctx *ctx = p->ctx;
    struct json all;
    struct attachment *files = NULL;
    size_t count = 0;
    TRY(page_form(p, &all, &files, &count));
    bool typed =
        !str_starts(http_header(&p->exchange->request, "content-type"), STR("application/json"));
    *ret = json_object();
    for (size_t i = 0; i < all.count; i++) {
        const struct json *v = &all.members[i].value;
        bool text = typed && v->kind == JSON_STRING;
        const struct fact *fact =
            text && p->law != NULL ? law_fact(p->law, all.members[i].key) : NULL;
        if (!text || str_trim(v->text).n > 0) {
            json_set(ctx->arena, ret, all.members[i].key,
                     fact == NULL ? *v : law_value_parse(ctx->arena, fact, v->text));
        }
    }
    return ERR_OK;
}

static enum err registered(struct page *p, const struct receipt *r)
{
    struct form *f = p->own;
    if (r->seq >= 0 && !p->wants_json) {
        return page_go(p, str_format(p->ctx->arena, "/oidc/clients?done=%lld", (long long)r->seq));
    }
    if (p->wants_json || r->seq >= 0 || str_equal(r->verdict.code, STR("identity.weak"))) {
        return page_admitted(p, r);
    }
    f->wrong = r->verdict.field;
    f->why = page_text(p, r->verdict.sentence);
    f->article = r->verdict.article.text;
    return show_form(p, 409, f);
}

enum err page_clients_post(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct form *f = ARENA_NEW(ctx->arena, struct form);
    struct text2 none = {{0}, {0}};
    struct json fields;
    TRY(read_fields(p, &fields));
    TRY(form_registered(p, json_text(&fields, "client.id"), f));
    f->fields = fields;
    p->own = f;
    /* The gate asks what law asks; this asks besides whether the registration can be followed at
     * all. */
    enum err e = oidc_client_check(ctx, &f->fields);
    if (e != ERR_OK && p->wants_json) {
        return page_problem(p, e, STR("client"), none);
    }
    if (e != ERR_OK) {
        f->why =
            str_format(ctx->arena, "%.*s%s%.*s", FMT(say(p, err_sentence_zh(e), err_sentence(e))),
                       p->lang == LANG_EN ? " " : "", FMT(ctx->why.detail));
        return show_form(p, err_status(e), f);
    }
    struct draft draft = {.kind = kind_register, .actor = p->session.actor, .fields = f->fields};
    return page_submit(p, &draft, registered);
}

static enum err closed(struct page *p, const struct receipt *r)
{
    return r->seq < 0 || p->wants_json
               ? page_admitted(p, r)
               : page_go(p,
                         str_format(p->ctx->arena, "/oidc/clients?done=%lld", (long long)r->seq));
}

enum err page_clients_close(struct page *p)
{
    struct ctx *ctx = p->ctx;
    struct draft draft = {.kind = kind_close, .actor = p->session.actor};
    TRY(read_fields(p, &draft.fields));
    return page_submit(p, &draft, closed);
}
