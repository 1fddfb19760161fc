/* Documents an act draws up: the values a template may show, gathered from the question. */
#include "gate/gate_in.h"

static void put(struct arena *a, struct json *o, const char *name, struct str value)
{
    json_set(a, o, str_from(name), json_of_str(value));
}

static struct str in_lang(struct text2 t, struct str lang)
{
    return str_equal(lang, STR("en")) && t.en.n > 0 ? t.en : t.zh;
}

/* A choice shows its title, not its code. */
static struct json shown(struct arena *a, const struct law *law, struct str fact_id, const struct json *v, struct str lang)
{
    const struct fact *fact = law_fact(law, fact_id);
    (void)a;
    for (size_t i = 0; fact != NULL && v->kind == JSON_STRING && i < fact->choice_count; i++) {
        if (str_equal(fact->choices[i].code, v->text)) {
            return json_of_str(in_lang(fact->choices[i].title, lang));
        }
    }
    return *v;
}

static struct json values_by_fact(struct arena *a, const struct law *law, const struct json *flat, struct str lang)
{
    struct json o = json_object();
    for (size_t i = 0; i < flat->count; i++) {
        json_set(a, &o, flat->members[i].key, shown(a, law, flat->members[i].key, &flat->members[i].value, lang));
    }
    return o;
}

static struct json cite_list(struct arena *a, const struct cite *cites, size_t count, struct str lang)
{
    struct json list = json_array();
    for (size_t i = 0; i < count; i++) {
        struct json o = json_object();
        put(a, &o, "cite", cites[i].text);
        put(a, &o, "text", cites[i].article == NULL ? STR("") : in_lang(cites[i].article->text, lang));
        json_push(a, &list, o);
    }
    return list;
}

enum err document_draw(struct ctx *ctx, struct question *q, int64_t seq, struct str case_id, const struct step *step,
                       struct str lang, struct str *ret_html)
{
    struct arena *a = ctx->arena;
    *ret_html = (struct str){0};
    if (q->kind->draws.n == 0) {
        return ERR_OK;
    }
    struct json v = json_object();
    struct json remedies = json_array();
    for (size_t i = 0; q->item != NULL && q->kind->remedy && i < q->item->remedy_count; i++) {
        struct json o = json_object();
        put(a, &o, "text", in_lang(q->item->remedies[i].text, lang));
        put(a, &o, "cite", q->item->remedies[i].article.text);
        json_push(a, &remedies, o);
    }
    put(a, &v, "item.title", q->item == NULL ? STR("") : in_lang(q->item->title, lang));
    put(a, &v, "office.title", q->office == NULL ? STR("") : in_lang(q->office->title, lang));
    put(a, &v, "case.id", case_id);
    put(a, &v, "case.number", case_id);
    put(a, &v, "act.day", day_text(a, q->day));
    put(a, &v, "act.seq", str_format(a, "%lld", (long long)seq));
    put(a, &v, "limit.due", step->due_limit.n == 0 ? STR("") : day_text(a, step->due_day));
    json_set(a, &v, STR("fields"), values_by_fact(a, q->law, &q->draft->fields, lang));
    json_set(a, &v, STR("facts"), values_by_fact(a, q->law, &q->facts, lang));
    json_set(a, &v, STR("articles"), cite_list(a, q->kind->articles, q->kind->article_count, lang));
    json_set(a, &v, STR("remedies"), remedies);
    return law_document(ctx, q->law, q->kind->draws, lang, &v, ret_html);
}

enum err gate_document(struct ctx *ctx, struct gate *g, struct db *reader, int64_t seq, struct str lang, struct str *ret_html)
{
    struct gate_vault_act_get_row row;
    struct act_record record;
    struct vault_content v;
    bool found = false;
    *ret_html = (struct str){0};
    TRY(gate_vault_act_get(ctx, reader, (struct gate_vault_act_get_in){.seq = seq}, &row, &found));
    if (!found) {
        return ERR_OK;
    }
    TRY(act_read(ctx, row.content, &v));
    TRY(gate_act(ctx, g, reader, seq, &record, &found));
    /* The case's facts as they are: a document repeats what its act and the filing said. */
    struct question q;
    v.draft.case_id = record.case_id;
    TRY(question_load(ctx, g, reader, &v.draft, v.at, &q));
    if (q.kind == NULL) {
        return ERR_OK;
    }
    struct step step = {0};
    for (size_t i = 0; i < q.clock_count; i++) {
        step.due_limit = q.clocks[i].row.limit_id;
        step.due_day = (struct day){(int32_t)q.clocks[i].row.due_day};
    }
    return document_draw(ctx, &q, seq, record.case_id, &step, lang, ret_html);
}
