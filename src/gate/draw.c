/* Documents an act draws up: the values a template may show, gathered from the question. */
#include "base/json_make.h"
#include "gate/gate_in.h"

static void put(struct arena *a, struct json *o, const char *name, struct str value)
{
    json_set(a, o, str_from(name), json_of_str(value));
}

static bool is_english(struct str lang)
{
    return str_equal(lang, STR("en"));
}

static struct str in_lang(struct text2 t, struct str lang)
{
    return is_english(lang) && t.en.n > 0 ? t.en : t.zh;
}

static void put_day(struct arena *a, struct json *o, const char *name, struct day day,
                    struct str lang)
{
    struct buf b = buf_new(a, 0);
    day_write(&b, day, is_english(lang));
    put(a, o, name, buf_str(&b));
}

/* The party as its room describes it, when the document says anything of it. */
static enum err describe_party(struct ctx *ctx, struct gate *g, struct db *db,
                               const struct question *q, struct json *ret)
{
    *ret = json_object();
    if (q->party.n == 0 || !law_document_shows(q->law, q->kind->draws, STR("party."))) {
        return ERR_OK;
    }
    for (size_t i = 0; i < g->room_count; i++) {
        if (g->rooms[i]->describe != NULL) {
            return g->rooms[i]->describe(ctx, db, q->party, ret);
        }
    }
    return ERR_OK;
}

static struct json cite_list(struct arena *a, const struct cite *cites, size_t count,
                             struct str lang)
{
    struct json list = json_array();
    for (size_t i = 0; i < count; i++) {
        struct json o = json_object();
        put(a, &o, "cite", law_cite_text(a, &cites[i], is_english(lang)));
        put(a, &o, "text",
            cites[i].article == NULL ? STR("") : in_lang(cites[i].article->text, lang));
        json_push(a, &list, o);
    }
    return list;
}

static enum err draw_in(struct ctx *ctx, const struct question *q, int64_t seq, struct str case_id,
                        const struct step *step, const struct json *party, struct str lang,
                        struct str *ret_html)
{
    struct arena *a = ctx->arena;
    struct json v = json_object();
    struct json remedies = json_array();
    for (size_t i = 0; q->item != NULL && q->kind->remedy && i < q->item->remedy_count; i++) {
        struct json o = json_object();
        put(a, &o, "text", in_lang(q->item->remedies[i].text, lang));
        put(a, &o, "cite", law_cite_text(a, &q->item->remedies[i].article, is_english(lang)));
        json_push(a, &remedies, o);
    }
    put(a, &v, "item.title", q->item == NULL ? STR("") : in_lang(q->item->title, lang));
    put(a, &v, "office.title", q->office == NULL ? STR("") : in_lang(q->office->title, lang));
    put(a, &v, "case.id", case_id);
    put(a, &v, "case.number", case_id);
    put_day(a, &v, "act.day", q->day, lang);
    put(a, &v, "act.seq", str_format(a, "%lld", (long long)seq));
    if (step->due_limit.n > 0) {
        put_day(a, &v, "limit.due", step->due_day, lang);
    }
    json_set(a, &v, STR("fields"), q->draft->fields);
    json_set(a, &v, STR("facts"), q->facts);
    json_set(a, &v, STR("party"), *party);
    json_set(a, &v, STR("articles"), cite_list(a, q->kind->articles, q->kind->article_count, lang));
    json_set(a, &v, STR("remedies"), remedies);
    return law_document(ctx, q->law, q->kind->draws, lang, &v, ret_html);
}

enum err document_draw(struct ctx *ctx, struct gate *g, struct db *db, struct question *q,
                       int64_t seq, struct str case_id, const struct step *step, bool english,
                       struct issued *ret)
{
    struct json party;
    *ret = (struct issued){0};
    if (q->kind->draws.n == 0) {
        return ERR_OK;
    }
    TRY(describe_party(ctx, g, db, q, &party));
    TRY(draw_in(ctx, q, seq, case_id, step, &party, STR("zh"), &ret->zh));
    return english ? draw_in(ctx, q, seq, case_id, step, &party, STR("en"), &ret->en) : ERR_OK;
}

enum err gate_document(struct ctx *ctx, struct gate *g, struct db *reader, int64_t seq,
                       struct str lang, struct str *ret_html, bool *ret_anew)
{
    struct issued issued;
    struct str text = {0};
    struct act_record record;
    struct vault_content v;
    bool found = false;
    *ret_html = (struct str){0};
    *ret_anew = false;
    TRY(vault_document_find(ctx, reader, seq, &issued, &found));
    if (found) {
        *ret_html = is_english(lang) ? issued.en : issued.zh;
        return ERR_OK;
    }
    TRY(vault_find(ctx, reader, seq, &text, &found));
    if (!found) {
        return ERR_OK;
    }
    TRY(vault_read(ctx, text, &v));
    TRY(gate_act(ctx, g, reader, seq, &record, &found));
    struct question q;
    v.draft.case_id = record.case_id;
    TRY(question_load(ctx, g, reader, &v.draft, v.at, book_visible(g->book), &q));
    if (q.kind == NULL || q.kind->draws.n == 0) {
        return ERR_OK;
    }
    struct step step = {0};
    struct issued drawn;
    for (size_t i = 0; i < q.clock_count; i++) {
        step.due_limit = q.clocks[i].row.limit_id;
        step.due_day = (struct day){(int32_t)q.clocks[i].row.due_day};
    }
    TRY(document_draw(ctx, g, reader, &q, seq, record.case_id, &step, true, &drawn));
    *ret_html = is_english(lang) ? drawn.en : drawn.zh;
    *ret_anew = true;
    return ERR_OK;
}
