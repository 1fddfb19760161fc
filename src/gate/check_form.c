/* Fields conform to their facts; nothing required is missing; nothing is asked for or given that
 * the act or the item does not need; what they name is there, or free, or the actor's own. */
#include "gate/gate_in.h"

check_fn check_form;

/* The needs of an act: its own, or the item's facts and materials. Calls each; false stops. */
struct need_list {
    const struct need *list[3];
    size_t count[3];
};

static struct need_list needs_of(const struct question *q)
{
    struct need_list n = {{q->kind->fields, NULL, NULL}, {q->kind->field_count, 0, 0}};
    if (q->kind->fields_from_need && q->item != NULL) {
        n.list[1] = q->item->facts;
        n.count[1] = q->item->fact_count;
        n.list[2] = q->item->materials;
        n.count[2] = q->item->material_count;
    }
    return n;
}

static const struct need *need_of(const struct need_list *n, struct str fact)
{
    for (size_t k = 0; k < LEN(n->list); k++) {
        for (size_t i = 0; i < n->count[k]; i++) {
            if (str_equal(n->list[k][i].fact->id, fact)) {
                return &n->list[k][i];
            }
        }
    }
    return NULL;
}

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
        bool material = need->fact->type == FACT_MATERIAL;
        if (law_fact_check(ctx, need->fact, &m->value) != ERR_OK ||
            (material && !has_bytes(q, &m->value))) {
            return verdict_refuse(ctx, q, ret, material ? "form.material" : "form.value",
                                  &need->article, m->key);
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
            return verdict_refuse(ctx, q, ret, "form.missing", &need->article, need->fact->id);
        }
    }
    return true;
}

bool check_form(struct ctx *ctx, struct question *q, struct verdict *ret)
{
    if (q->without_form || q->erased) {
        return true;
    }
    struct need_list needs = needs_of(q);
    if (!check_given(ctx, q, &needs, ret) || !check_missing(ctx, q, &needs, ret)) {
        return false;
    }
    return q->misnamed.code == NULL ||
           verdict_refuse(ctx, q, ret, q->misnamed.code, NULL, str_from(q->misnamed.fact));
}
