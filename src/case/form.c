/* Forms made from law: the needs of an act or item, each as the question of its fact. */
#include "base/day.h"
#include "base/json_make.h"
#include "base/token.h"
#include "base/world.h"
#include "case/case_in.h"
#include "gate/consent.h"
#include "web/answer.h"

#include "page_form_html.h"

struct str say(const struct page *p, const char *zh, const char *en)
{
    return str_from(p->lang == LANG_EN ? en : zh);
}

struct str shown_value(struct page *p, const struct law *law, struct str id, const struct json *v)
{
    if (v == NULL || v->kind == JSON_NULL) {
        return say(p, "（已删除）", "(erased)");
    }
    return law_value_text(p->ctx->arena, law == NULL ? NULL : law_fact(law, id), v,
                          p->lang == LANG_EN);
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
        const struct json *given = &form.members[i].value;
        struct json v =
            given->kind == JSON_STRING
                ? law_value_parse(ctx->arena, law_fact(law, form.members[i].key), given->text)
                : *given;
        if (!(v.kind == JSON_STRING && v.text.n == 0)) {
            json_set(ctx->arena, ret, form.members[i].key, v);
        }
    }
    return ERR_OK;
}

struct needs needs_of(const struct form_view *f)
{
    struct needs n = {{f->kind->fields, NULL, NULL}, {f->kind->field_count, 0, 0}};
    if (f->kind->fields_from_need && f->item != NULL) {
        n.list[1] = f->item->facts;
        n.count[1] = f->item->fact_count;
        n.list[2] = f->item->materials;
        n.count[2] = f->item->material_count;
    }
    return n;
}

bool is_material(const struct need *need)
{
    return need->fact->type == FACT_MATERIAL;
}

/* The gate works it out or draws it: nobody is asked. */
static bool is_made(const struct need *need)
{
    return need->drawn || need->derived != NULL;
}

/* ---- what is wrong ---- */

size_t form_wrongs(struct page *p, const struct form_view *f, struct wrong **ret)
{
    struct needs needs = needs_of(f);
    struct str missing = page_text(p, law_code_title(f->law, STR("refusal"), STR("form.missing")));
    struct wrong *list = ARENA_ARRAY(p->ctx->arena, struct wrong,
                                     needs.count[0] + needs.count[1] + needs.count[2] + 1);
    size_t n = 0;
    *ret = list;
    if (f->wrong == NULL) {
        return 0;
    }
    const struct fact *fact = law_fact(f->law, f->wrong->field);
    list[n++] =
        (struct wrong){f->wrong->field, fact == NULL ? f->wrong->field : page_text(p, fact->title),
                       page_text(p, f->wrong->sentence)};
    for (size_t k = 0; k < LEN(needs.list); k++) {
        for (size_t i = 0; i < needs.count[k]; i++) {
            const struct need *need = &needs.list[k][i];
            bool given = form_value(f, need->fact) != NULL;
            bool later = (f->two_steps && is_material(need)) || is_made(need);
            if (need->required && need->when == NULL && !given && !later &&
                !str_equal(need->fact->id, f->wrong->field)) {
                list[n++] =
                    (struct wrong){need->fact->id, page_text(p, need->fact->title), missing};
            }
        }
    }
    return n;
}

static struct str why_of(const struct wrong *list, size_t count, struct str id)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(list[i].id, id)) {
            return list[i].why;
        }
    }
    return STR("");
}

/* ---- fields ---- */

typedef struct page_form_groups_fields field_view;
typedef struct page_form_groups_fields_options option_view;

static void fill_options(struct page *p, const struct form_view *f, const struct fact *fact,
                         field_view *out)
{
    static const struct code_row yes_no[2] = {
        {.code = STR_INIT("true"), .title = {STR_INIT("是"), STR_INIT("Yes")}},
        {.code = STR_INIT("false"), .title = {STR_INIT("否"), STR_INIT("No")}}};
    bool boolean = fact->type == FACT_BOOLEAN;
    const struct code_row *rows = boolean ? yes_no : fact->choices;
    size_t count = boolean ? 2 : fact->choice_count;
    option_view *options = ARENA_ARRAY(p->ctx->arena, option_view, count + 1);
    const struct json *v = f->values == NULL ? NULL : json_get_str(f->values, fact->id);
    for (size_t i = 0; i < count; i++) {
        bool chosen = v != NULL && (v->kind == JSON_BOOL ? v->bool_value == (i == 0)
                                                         : str_equal(v->text, rows[i].code));
        options[i] = (option_view){.name = fact->id,
                                   .code = rows[i].code,
                                   .chosen = chosen && v->kind != JSON_NULL,
                                   .title = page_text(p, rows[i].title)};
    }
    out->is_choice = true;
    out->options = options;
    out->options_count = count;
}

static struct str input_type(const struct fact *fact)
{
    switch (fact->type) {
    case FACT_DATE: return STR("date");
    case FACT_PHONE: return STR("tel");
    case FACT_TEXT:
    case FACT_INTEGER:
    case FACT_DECIMAL:
    case FACT_MONEY:
    case FACT_BOOLEAN:
    case FACT_CHOICE:
    case FACT_IDCARD:
    case FACT_USCC:
    case FACT_BILL:
    case FACT_MATERIAL:
    case FACT_LIST: return STR("text");
    }
    return STR("text");
}

/* What the node holds of the party stands in the field when the item's need says so, and nothing
 * else does. */
static const struct json *held_value(const struct form_view *f, const struct need *need)
{
    bool typed_in = f->values != NULL && json_get_str(f->values, need->fact->id) != NULL;
    return f->held == NULL || typed_in || !need->from_register
               ? NULL
               : json_get_str(f->held, need->fact->id);
}

/* ---- what is not asked ---- */

const struct json *form_value(const struct form_view *f, const struct fact *fact)
{
    const struct json *v =
        json_get_str(&f->sources, fact->id) == NULL ? NULL : json_get_str(&f->sourced, fact->id);
    return v != NULL || f->values == NULL ? v : json_get_str(f->values, fact->id);
}

enum err form_sources(struct page *p, struct form_view *f, const struct draft *d)
{
    struct needs needs = needs_of(f);
    struct draft asked = *d;
    struct json fields = json_object();
    for (size_t i = 0; i < d->fields.count; i++) {
        json_set(p->ctx->arena, &fields, d->fields.members[i].key, d->fields.members[i].value);
    }
    for (size_t k = 0; k < LEN(needs.list); k++) { /* what the form offers names records as well */
        for (size_t i = 0; i < needs.count[k]; i++) {
            const struct need *need = &needs.list[k][i];
            const struct json *held =
                need->names == NAMES_LICENCE && f->held != NULL && need->from_register
                    ? json_get_str(f->held, need->fact->id)
                    : NULL;
            if (held != NULL && json_get_str(&fields, need->fact->id) == NULL) {
                json_set(p->ctx->arena, &fields, need->fact->id, *held);
            }
        }
    }
    asked.fields = fields;
    return gate_sourced(p->ctx, p->gate, p->db, &asked, &f->sourced, &f->sources);
}

/* It comes from a record that the form itself names, and is known only when that is. */
static bool waits_for_record(const struct form_view *f, const struct need *need)
{
    struct needs needs = needs_of(f);
    const struct fact *by = need->fact->held ? need->fact->held_by : NULL;
    for (size_t k = 0; by != NULL && k < LEN(needs.list); k++) {
        for (size_t i = 0; i < needs.count[k]; i++) {
            const struct need *x = &needs.list[k][i];
            if (x->fact == by && x->names == NAMES_LICENCE) {
                return form_value(f, by) == NULL && law_holds_drafts(f->law);
            }
        }
    }
    return false;
}

/* Whence it is, and how it is put right: by the item that the need names, else as the fact says. */
static void fill_source(struct page *p, const struct need *need, const struct json *entry,
                        field_view *out)
{
    struct arena *a = p->ctx->arena;
    bool en = p->lang == LANG_EN;
    struct str from = json_text(entry, "from");
    struct str day = json_text(entry, "day");
    out->fixed = true;
    if (entry == NULL) {
        out->origin = say(p, "填了编号以后，由登记簿填入。",
                          "Filled in from the register when the number is known.");
        return;
    }
    if (str_equal(from, STR("derived"))) {
        out->origin = str_format(a, en ? "Follows by %.*s." : "依 %.*s 得出。",
                                 FMT(page_cite(p, &need->follows_article)));
    } else if (str_equal(from, STR("case"))) {
        out->origin = say(p, "本办件开始时确定。", "Fixed when this case began.");
    } else {
        out->origin = str_format(
            a, en ? "From the register, as of %.*s." : "来自登记簿，%.*s 起记载。", FMT(day));
    }
    out->correct = page_text(p, need->fact->correct);
    if (need->correct != NULL) {
        out->correct_url = str_format(a, "/item/%.*s", FMT(need->correct->id));
        out->correct = page_text(p, need->correct->title);
        out->meanwhile =
            need->meanwhile
                ? say(p, "更正期间可以继续办这件事。", "You may go on with this meanwhile.")
                : say(p, "更正以后再办这件事。", "Come back to this when it is corrected.");
    }
}

/* A value as it is typed: a sum in plain yuan, a day as browsers write it. */
static struct str typed_text(struct page *p, const struct law *law, const struct fact *fact,
                             const struct json *v)
{
    if (fact->type == FACT_MONEY && v->kind == JSON_NUMBER && v->is_int && v->int_value >= 0) {
        return str_format(p->ctx->arena, "%lld.%02lld", (long long)(v->int_value / 100),
                          (long long)(v->int_value % 100));
    }
    return fact->type == FACT_DATE && v->kind == JSON_STRING ? v->text
                                                             : shown_value(p, law, fact->id, v);
}

static void fill_field(struct page *p, const struct form_view *f, const struct need *need,
                       struct str why, field_view *out)
{
    const struct fact *fact = need->fact;
    const struct json *entry = json_get_str(&f->sources, fact->id);
    const struct json *v = form_value(f, fact);
    const struct json *held = held_value(f, need);
    *out = (field_view){.id = fact->id,
                        .question =
                            page_text(p, fact->question.zh.n > 0 ? fact->question : fact->title),
                        .help = page_text(p, fact->help),
                        .purpose = page_text(p, need->purpose),
                        .optional = !need->required,
                        .money = fact->type == FACT_MONEY,
                        .input = input_type(fact),
                        .numeric = fact->type == FACT_INTEGER || fact->type == FACT_DECIMAL ||
                                   fact->type == FACT_MONEY,
                        .wrong = why.n > 0,
                        .why = why,
                        .article = need->article.text,
                        .cite = page_cite(p, &need->article)};
    out->is_file = is_material(need);
    if (out->is_file && f->draft.n > 0 && v != NULL) {
        out->kept = json_text(v, "name");
    }
    out->is_long = fact->type == FACT_TEXT && fact->max > 300;
    if (entry != NULL || waits_for_record(f, need)) {
        fill_source(p, need, entry, out);
        out->value = v == NULL ? STR("") : shown_value(p, f->law, fact->id, v);
    } else if (fact->type == FACT_CHOICE || fact->type == FACT_BOOLEAN) {
        fill_options(p, f, fact, out);
    } else if (!out->is_file && (v != NULL || held != NULL)) {
        out->value = typed_text(p, f->law, fact, v != NULL ? v : held);
    }
}

/* Four groups: what is recorded and not asked, what is filled in and wants a look, what is asked,
 * what is to be handed in. */
static void fill_groups(struct page *p, const struct form_view *f, const struct wrong *wrongs,
                        size_t wrong_count, struct page_form *v)
{
    struct needs needs = needs_of(f);
    size_t most = needs.count[0] + needs.count[1] + needs.count[2] + 1;
    struct page_form_groups *groups = ARENA_ARRAY(p->ctx->arena, struct page_form_groups, 4);
    field_view *fields[4];
    size_t counts[4] = {0, 0, 0, 0};
    for (size_t g = 0; g < LEN(fields); g++) {
        fields[g] = ARENA_ARRAY(p->ctx->arena, field_view, most);
    }
    for (size_t k = 0; k < LEN(needs.list); k++) {
        for (size_t i = 0; i < needs.count[k]; i++) {
            const struct need *need = &needs.list[k][i];
            size_t g = is_material(need)                                   ? 3
                       : json_get_str(&f->sources, need->fact->id) != NULL ? 0
                       : held_value(f, need) != NULL                       ? 1
                                                                           : 2;
            if ((g == 3 && f->two_steps) || is_made(need)) {
                continue;
            }
            fill_field(p, f, need, why_of(wrongs, wrong_count, need->fact->id),
                       &fields[g][counts[g]++]);
        }
    }
    static const char *const zh[4] = {"已有记载，不用填", "已替您填好，请核对", "请您填写",
                                      "要交的材料"};
    static const char *const en[4] = {"On record, nothing to fill in",
                                      "Filled in for you, please check", "Please fill in",
                                      "Papers to hand in"};
    for (size_t g = 0; g < LEN(fields); g++) {
        if (counts[g] > 0) {
            groups[v->groups_count++] = (struct page_form_groups){
                .heading = say(p, zh[g], en[g]),
                .class = g <= 1 ? STR("ok") : STR("brand-c"),
                .count =
                    str_format(p->ctx->arena, p->lang == LANG_EN ? "%zu" : "%zu 项", counts[g]),
                .source =
                    g == 1
                        ? say(p, "来源：登记信息。有误的请改，改动以您填的为准。",
                              "Source: the register. Correct what is wrong; what you write counts.")
                        : STR(""),
                .fields = fields[g],
                .fields_count = counts[g]};
        }
    }
    v->groups = groups;
}

/* Who may sign beside who is signed in, as far as their accounts show it: officers of the same
 * office in a role of the act. The gate judges whether they are too near to it. */
static enum err fill_colleagues(struct page *p, const struct form_view *f, struct page_form *v)
{
    struct ctx *ctx = p->ctx;
    struct actor_record me;
    struct actor_record *list = NULL;
    struct day today = instant_day(ctx->world->now(ctx->world));
    size_t count = 0;
    bool found = false;
    struct str second = f->second.n > 0 ? f->second : str_trim(page_field(p, "_with"));
    TRY(gate_actor(ctx, p->gate, p->db, p->session.actor.id, &me, &found));
    TRY(people_in_office(ctx, p->db, found ? me.office : STR(""), today, &list, &count));
    struct page_form_colleagues *rows =
        ARENA_ARRAY(ctx->arena, struct page_form_colleagues, count + 1);
    for (size_t i = 0; i < count; i++) {
        bool fits = false;
        for (size_t k = 0; k < list[i].role_count; k++) {
            fits = fits || str_in(list[i].roles[k], f->kind->roles, f->kind->role_count);
        }
        bool self = str_equal(list[i].id, me.id) ||
                    (me.person.n > 0 && str_equal(list[i].person, me.person));
        if (fits && !self) {
            struct page_form_colleagues *row = &rows[v->colleagues_count++];
            *row = (struct page_form_colleagues){.id = list[i].id,
                                                 .chosen = str_equal(list[i].id, second)};
            TRY(party_name(ctx, p->db, list[i].id, &row->name));
        }
    }
    v->colleagues = rows;
    return ERR_OK;
}

enum err show_form(struct page *p, const struct form_view *f)
{
    struct ctx *ctx = p->ctx;
    struct page_form v = {.title = f->title,
                          .summary = f->summary,
                          .action = f->action,
                          .back = f->back,
                          .for_id = f->for_id,
                          .for_name = f->for_name,
                          .change = f->change,
                          .draft = f->draft,
                          .button = f->two_steps ? say(p, "继续", "Go on")
                                                 : page_text(p, f->kind->button)};
    v.two_officers = f->kind->officers > 1 && p->session.actor.kind == ACTOR_OFFICER;
    if (v.two_officers) {
        TRY(fill_colleagues(p, f, &v));
        v.button = f->two_steps ? v.button : say(p, "送给同事签名", "Send for signature");
    }
    struct page_form_articles *articles =
        ARENA_ARRAY(ctx->arena, struct page_form_articles, f->kind->article_count + 1);
    for (size_t i = 0; i < f->kind->article_count; i++) {
        const struct cite *c = &f->kind->articles[i];
        articles[i] = (struct page_form_articles){
            .cite = page_cite(p, c), .article = c->text, .text = page_text(p, c->article->text)};
    }
    v.articles = articles;
    v.articles_count = f->kind->article_count;
    struct wrong *wrongs = NULL;
    size_t count = form_wrongs(p, f, &wrongs);
    struct page_form_errors *errors = ARENA_ARRAY(ctx->arena, struct page_form_errors, count + 1);
    for (size_t i = 0; i < count; i++) {
        errors[i] = (struct page_form_errors){wrongs[i].id, wrongs[i].title, wrongs[i].why};
    }
    v.errors = errors;
    v.errors_count = count;
    fill_groups(p, f, wrongs, count, &v);
    struct str title =
        f->wrong == NULL ? f->title
                         : str_format(ctx->arena, p->lang == LANG_EN ? "Error: %.*s" : "有误：%.*s",
                                      FMT(f->title));
    return page_show(p, f->wrong == NULL ? 200 : 422, title, page_form, &v);
}
