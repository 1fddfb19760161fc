/* Forms made from law: the needs of an act or item, each as the question of its fact. */
#include "case/case_in.h"

#include "page_form_html.h"

struct str say(const struct page *p, const char *zh, const char *en)
{
    return str_from(p->lang == LANG_EN ? en : zh);
}

struct str shown_value(struct page *p, const struct law *law, struct str id, const struct json *v)
{
    const struct fact *fact = law == NULL ? NULL : law_fact(law, id);
    if (v == NULL || v->kind == JSON_NULL) {
        return say(p, "（已删除）", "(erased)");
    }
    for (size_t i = 0; fact != NULL && v->kind == JSON_STRING && i < fact->choice_count; i++) {
        if (str_equal(fact->choices[i].code, v->text)) {
            return page_text(p, fact->choices[i].title);
        }
    }
    if (v->kind == JSON_BOOL) {
        return v->bool_value ? say(p, "是", "Yes") : say(p, "否", "No");
    }
    if (v->kind == JSON_OBJECT) {
        return json_text(v, "name");
    }
    if (v->kind == JSON_STRING) {
        return v->text;
    }
    struct buf b = buf_new(p->ctx->arena, 0);
    json_write(&b, v);
    return buf_str(&b);
}

static struct json typed(struct page *p, const struct fact *fact, const struct json *v)
{
    if (fact == NULL || v->kind != JSON_STRING) {
        return *v;
    }
    struct str s = str_trim(v->text);
    struct json number;
    struct ctx probe = {.arena = p->ctx->arena};
    switch (fact->type) {
    case FACT_INTEGER:
    case FACT_DECIMAL:
    case FACT_MONEY:
        return json_parse(&probe, s, STR("number"), &number) == ERR_OK && number.kind == JSON_NUMBER ? number : *v;
    case FACT_BOOLEAN:
        return str_equal(s, STR("true")) || str_equal(s, STR("false")) ? json_of_bool(s.p[0] == 't') : *v;
    case FACT_LIST: {
        struct json list = json_array();
        json_push(p->ctx->arena, &list, json_of_str(s));
        return list;
    }
    case FACT_TEXT:
    case FACT_DATE:
    case FACT_CHOICE:
    case FACT_IDCARD:
    case FACT_USCC:
    case FACT_PHONE:
    case FACT_MATERIAL: return json_of_str(s);
    }
    return *v;
}

enum err typed_fields(struct page *p, const struct law *law, struct json *ret)
{
    struct ctx *ctx = p->ctx;
    struct attachment *files = NULL;
    size_t count = 0;
    struct json form;
    TRY(page_form(p, &form, &files, &count));
    *ret = json_object();
    for (size_t i = 0; i < form.count; i++) {
        struct json v = typed(p, law_fact(law, form.members[i].key), &form.members[i].value);
        if (!(v.kind == JSON_STRING && v.text.n == 0)) {
            json_set(ctx->arena, ret, form.members[i].key, v);
        }
    }
    return ERR_OK;
}

static void fill_options(struct page *p, const struct form_view *f, const struct fact *fact, struct page_form_fields *out)
{
    static const struct code_row yes_no[2] = {{.code = STR_INIT("true"), .title = {STR_INIT("是"), STR_INIT("Yes")}},
                                              {.code = STR_INIT("false"), .title = {STR_INIT("否"), STR_INIT("No")}}};
    bool boolean = fact->type == FACT_BOOLEAN;
    const struct code_row *rows = boolean ? yes_no : fact->choices;
    size_t count = boolean ? 2 : fact->choice_count;
    struct page_form_fields_options *options = ARENA_ARRAY(p->ctx->arena, struct page_form_fields_options, count + 1);
    const struct json *v = f->values == NULL ? NULL : json_get_str(f->values, fact->id);
    for (size_t i = 0; i < count; i++) {
        bool chosen = v != NULL && (v->kind == JSON_BOOL ? v->bool_value == (i == 0) : str_equal(v->text, rows[i].code));
        options[i] = (struct page_form_fields_options){
            .name = fact->id, .code = rows[i].code, .chosen = chosen && v->kind != JSON_NULL, .title = page_text(p, rows[i].title)};
    }
    out->is_choice = true;
    out->options = options;
    out->options_count = count;
}

static void fill_field(struct page *p, const struct form_view *f, const struct need *need, struct page_form_fields *out)
{
    const struct fact *fact = need->fact;
    const struct json *v = f->values == NULL ? NULL : json_get_str(f->values, fact->id);
    const struct json *held = f->held == NULL ? NULL : json_get_str(f->held, fact->id);
    bool prefilled = v == NULL && held != NULL && need->from_register;
    *out = (struct page_form_fields){.id = fact->id,
                                     .question = page_text(p, fact->question.zh.n > 0 ? fact->question : fact->title),
                                     .help = page_text(p, fact->help),
                                     .required = need->required,
                                     .held = prefilled,
                                     .article = need->article.text};
    out->is_file = fact->type == FACT_MATERIAL;
    out->is_long = fact->type == FACT_TEXT && fact->max > 300;
    if (fact->type == FACT_CHOICE || fact->type == FACT_BOOLEAN) {
        fill_options(p, f, fact, out);
    } else if (!out->is_file && (v != NULL || prefilled)) {
        out->value = shown_value(p, f->law, fact->id, prefilled ? held : v);
    }
}

static void fill_fields(struct page *p, const struct form_view *f, struct page_form *v)
{
    const struct need *lists[3] = {f->kind->fields, NULL, NULL};
    size_t counts[3] = {f->kind->field_count, 0, 0};
    if (f->kind->fields_from_need && f->item != NULL) {
        lists[1] = f->item->facts;
        counts[1] = f->item->fact_count;
        lists[2] = f->item->materials;
        counts[2] = f->item->material_count;
    }
    struct page_form_fields *fields = ARENA_ARRAY(p->ctx->arena, struct page_form_fields, counts[0] + counts[1] + counts[2] + 1);
    for (size_t k = 0; k < LEN(lists); k++) {
        for (size_t i = 0; i < counts[k]; i++) {
            fill_field(p, f, &lists[k][i], &fields[v->fields_count++]);
        }
    }
    v->fields = fields;
}

static enum err fill_parties(struct page *p, const struct form_view *f, struct page_form *v)
{
    struct ctx *ctx = p->ctx;
    struct party_other *others = NULL;
    size_t count = 0;
    if (!f->asks_for) {
        return ERR_OK;
    }
    TRY(party_others(ctx, p->db, p->session.actor.id, instant_day(ctx->world->now(ctx->world)), &others, &count));
    struct str chosen = p->has_form ? page_field(p, "_for") : page_query(p, "for");
    struct page_form_parties *rows = ARENA_ARRAY(ctx->arena, struct page_form_parties, count + 1);
    size_t n = 0;
    if (f->item->for_person) {
        rows[n++] = (struct page_form_parties){p->session.actor.id, str_equal(chosen, p->session.actor.id), p->session.name};
    }
    for (size_t i = 0; i < count; i++) {
        bool fits = others[i].is_org ? f->item->for_org : f->item->for_person;
        if (!fits || !party_scope_has(others[i].scope, f->item->id)) {
            continue;
        }
        rows[n++] = (struct page_form_parties){others[i].id, str_equal(chosen, others[i].id), others[i].name};
    }
    v->parties = rows;
    v->parties_count = n;
    return ERR_OK;
}

enum err show_form(struct page *p, const struct form_view *f)
{
    struct ctx *ctx = p->ctx;
    struct page_form v = {.title = f->title, .action = f->action, .back = f->back, .two_officers = f->kind->officers > 1,
                          .button = page_text(p, f->kind->button)};
    struct page_form_articles *articles = ARENA_ARRAY(ctx->arena, struct page_form_articles, f->kind->article_count + 1);
    for (size_t i = 0; i < f->kind->article_count; i++) {
        articles[i] = (struct page_form_articles){f->kind->articles[i].text, page_text(p, f->kind->articles[i].article->text)};
    }
    v.articles = articles;
    v.articles_count = f->kind->article_count;
    fill_fields(p, f, &v);
    TRY(fill_parties(p, f, &v));
    struct page_form_errors error;
    if (f->wrong != NULL) {
        const struct fact *fact = law_fact(f->law, f->wrong->field);
        error = (struct page_form_errors){.id = f->wrong->field, .title = fact == NULL ? f->wrong->field : page_text(p, fact->title),
                                          .why = page_text(p, f->wrong->sentence)};
        v.errors = &error;
        v.errors_count = 1;
    }
    struct str title = f->wrong == NULL ? f->title : str_format(ctx->arena, p->lang == LANG_EN ? "Error: %.*s" : "有误：%.*s", FMT(f->title));
    return page_show(p, f->wrong == NULL ? 200 : 422, title, page_form, &v);
}
