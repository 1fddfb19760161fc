/* Fields conform to their facts; nothing required is missing; nothing is asked for or given that
 * the act or the item does not need; what they name is there, or free, or the actor's own. */
#include "gate/gate_in.h"

check_fn check_form;

/* Do the bytes of a file come with the draft? A digest alone hands nothing in, and might be
 * somebody else's file. */
static bool has_bytes(const struct question *q, const struct json *material)
{
    struct str sha = json_text(material, "sha256");
    for (size_t i = 0; i < q->draft->attachment_count; i++) {
        const struct attachment *f = &q->draft->attachments[i];
        if (str_equal(f->sha256, sha) && str_equal(f->type, json_text(material, "type"))) {
            return true;
        }
    }
    return q->recorded;
}

/* Which value it is, and what it must be. */
static void say_rule(struct ctx *ctx, const struct question *q, const struct fact *fact,
                     struct verdict *ret)
{
    struct text2 rule = law_fact_rule(ctx->arena, fact, q->day);
    struct text2 said = ret->sentence;
    struct str title = fact->title.en.n > 0 ? fact->title.en : fact->title.zh;
    ret->sentence = (struct text2){
        str_format(ctx->arena, "%.*s“%.*s”%.*s。", FMT(said.zh), FMT(fact->title.zh), FMT(rule.zh)),
        str_format(ctx->arena, "%.*s \"%.*s\": %.*s.", FMT(said.en), FMT(title), FMT(rule.en))};
}

static struct text2 not_declared(struct ctx *ctx, const struct fact *fact, const struct text2 *said)
{
    struct str title = fact->title.en.n > 0 ? fact->title.en : fact->title.zh;
    return (struct text2){str_format(ctx->arena, "%.*s“%.*s”：不作此声明，不能提交。",
                                     FMT(said->zh), FMT(fact->title.zh)),
                          str_format(ctx->arena,
                                     "%.*s \"%.*s\": it is handed in only with this declaration.",
                                     FMT(said->en), FMT(title))};
}

static bool check_given(struct ctx *ctx, struct question *q, const struct need_list *needs,
                        struct verdict *ret)
{
    const struct json *fields = &q->draft->fields;
    if (fields->count > LIMIT_ACT_FIELDS) {
        return verdict_refuse(ctx, q, ret, "form.unknown", NULL, (struct str){0});
    }
    for (size_t i = 0; i < fields->count; i++) {
        const struct json_member *m = &fields->members[i];
        const struct need *need = need_of(needs, m->key);
        if (need == NULL) {
            return verdict_refuse(ctx, q, ret, "form.unknown", NULL, m->key);
        }
        if (m->value.kind == JSON_NULL) {
            continue;
        }
        if (need->affirmed && m->value.kind == JSON_BOOL && !m->value.bool_value && !q->recorded) {
            verdict_refuse(ctx, q, ret, "form.value", &need->article, m->key);
            ret->sentence = not_declared(ctx, need->fact, &ret->sentence);
            return false;
        }
        bool material = need->fact->type == FACT_MATERIAL;
        if (law_fact_check(ctx, need->fact, &m->value) != ERR_OK ||
            (!q->recorded && law_fact_within(ctx, need->fact, &m->value, q->day) != ERR_OK) ||
            (material && !has_bytes(q, &m->value))) {
            verdict_refuse(ctx, q, ret, material ? "form.material" : "form.value", &need->article,
                           m->key);
            if (!material) {
                say_rule(ctx, q, need->fact, ret);
            }
            return false;
        }
    }
    return true;
}

static bool is_given(const struct json *fields, struct str fact)
{
    const struct json *v = json_get_str(fields, fact);
    return v != NULL && v->kind != JSON_NULL && !(v->kind == JSON_STRING && v->text.n == 0);
}

static bool check_missing(struct ctx *ctx, struct question *q, const struct need_list *needs,
                          struct verdict *ret)
{
    for (size_t k = 0; k < LEN(needs->list); k++) {
        for (size_t i = 0; i < needs->count[k]; i++) {
            const struct need *need = &needs->list[k][i];
            if (!need->required || is_given(&q->draft->fields, need->fact->id)) {
                continue;
            }
            if (need->when != NULL && !question_holds(ctx, q, need->when)) {
                continue;
            }
            /* Of another's record nothing is missing: what names it is wrong. */
            const struct fact *by = need->fact->held ? need->fact->held_by : NULL;
            bool named = by != NULL && str_equal(q->foreign, need->fact->held_register);
            return verdict_refuse(ctx, q, ret, named ? "form.subject" : "form.missing",
                                  named ? NULL : &need->article, named ? by->id : need->fact->id);
        }
    }
    return true;
}

/* What the node works out itself, or draws, is stated by nobody. */
static bool refuse_made(struct ctx *ctx, const struct question *q, const struct need *need,
                        struct verdict *ret)
{
    const struct fact *fact = need->fact;
    struct str title = fact->title.en.n > 0 ? fact->title.en : fact->title.zh;
    verdict_refuse(ctx, q, ret, "form.held", &need->article, fact->id);
    if (need->drawn || q->held_value.kind == JSON_NULL) {
        ret->sentence = (struct text2){
            str_format(ctx->arena, "“%.*s”由系统产生，任何人不得填写。", FMT(fact->title.zh)),
            str_format(ctx->arena, "\"%.*s\" is made by the node; nobody states it.", FMT(title))};
        return false;
    }
    struct str zh = law_value_text(ctx->arena, fact, &q->held_value, false);
    struct str en = law_value_text(ctx->arena, fact, &q->held_value, true);
    ret->sentence = (struct text2){
        str_format(ctx->arena, "“%.*s”由系统依据记录得出，任何人不得填写：%.*s。",
                   FMT(fact->title.zh), FMT(zh)),
        str_format(ctx->arena, "\"%.*s\" follows from the record, and nobody states it: %.*s.",
                   FMT(title), FMT(en))};
    return false;
}

/* By what it is so: since when it is recorded, or the article by which it follows. */
static struct text2 held_whence(struct ctx *ctx, const struct question *q, const struct need *need)
{
    if (q->held_derived) {
        struct str cite = need->follows_article.text;
        return (struct text2){str_format(ctx->arena, "（依 %.*s 得出）", FMT(cite)),
                              str_format(ctx->arena, " (follows by %.*s)", FMT(cite))};
    }
    if (q->held_since.n < 0) {
        return (struct text2){{0}, {0}};
    }
    struct str day = day_text(ctx->arena, q->held_since);
    return (struct text2){str_format(ctx->arena, "（%.*s 起记载）", FMT(day)),
                          str_format(ctx->arena, " (recorded on %.*s)", FMT(day))};
}

/* The register says another thing: which, and where it is put right. */
static bool refuse_held(struct ctx *ctx, const struct question *q, const struct need_list *needs,
                        struct verdict *ret)
{
    const struct need *need = need_of(needs, q->held_fact);
    const struct fact *fact = need->fact;
    verdict_refuse(ctx, q, ret, "form.held", &need->article, fact->id);
    if (need->drawn || need->derived != NULL) {
        return refuse_made(ctx, q, need, ret);
    }
    struct str title = fact->title.en.n > 0 ? fact->title.en : fact->title.zh;
    struct str zh = law_value_text(ctx->arena, fact, &q->held_value, false);
    struct str en = law_value_text(ctx->arena, fact, &q->held_value, true);
    struct text2 whence = held_whence(ctx, q, need);
    struct text2 how = fact->correct;
    how.en = how.en.n > 0 ? how.en : how.zh;
    ret->sentence = (struct text2){
        str_format(ctx->arena, "%.*s“%.*s”：%.*s%.*s。%.*s", FMT(ret->sentence.zh),
                   FMT(fact->title.zh), FMT(zh), FMT(whence.zh), FMT(how.zh)),
        str_format(ctx->arena, "%.*s \"%.*s\": %.*s%.*s.%s%.*s", FMT(ret->sentence.en), FMT(title),
                   FMT(en), FMT(whence.en), how.en.n > 0 ? " " : "", FMT(how.en))};
    return false;
}

/* What is named is not there, or is another thing than may be named: what it is. The codes:
 * "form.subject", "form.taken", "form.state", "form.subject_fixed". */
static bool refuse_named(struct ctx *ctx, const struct question *q, struct verdict *ret)
{
    verdict_refuse(ctx, q, ret, q->misnamed.code, NULL, str_from(q->misnamed.fact));
    ret->sentence = (struct text2){
        str_format(ctx->arena, "%.*s%.*s", FMT(ret->sentence.zh), FMT(q->misnamed_said.zh)),
        str_format(ctx->arena, "%.*s%.*s", FMT(ret->sentence.en), FMT(q->misnamed_said.en))};
    return false;
}

bool check_form(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    if (q->without_form || q->erased) {
        return true;
    }
    struct need_list needs = question_needs(q);
    if (!check_given(ctx, q, &needs, ret)) {
        return false;
    }
    if (q->held_fact.n > 0) {
        return refuse_held(ctx, q, &needs, ret);
    }
    if (!check_missing(ctx, q, &needs, ret)) {
        return false;
    }
    return q->misnamed.code == NULL || refuse_named(ctx, q, ret);
}
