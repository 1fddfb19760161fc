/* Decision tables: from XML to compiled cells (DMN 1.5, 8). */
#include "dmn/dmn_in.h"

static const char *const hits[] = {"UNIQUE",     "FIRST",        "ANY",    "PRIORITY",
                                   "RULE ORDER", "OUTPUT ORDER", "COLLECT"};
static const char *const aggregates[] = {"", "SUM", "COUNT", "MIN", "MAX"};

static enum err word_of(struct maker *m, const struct xml *x, const char *name,
                        const char *const *words, size_t count, size_t *ret)
{
    struct str word = doc_attr(x, str_from(name));
    *ret = 0;
    for (size_t i = 0; i < count; i++) {
        if (str_equal(word, str_from(words[i]))) {
            *ret = i;
            return ERR_OK;
        }
    }
    return word.n == 0
               ? ERR_OK
               : maker_refuse(m, ERR_SYNTAX, x, "%s is \"%.*s\", which is none", name, FMT(word));
}

static enum err read_input(struct maker *m, const struct xml *x, struct table_input *in,
                           size_t column)
{
    struct ctx *ctx = m->l->ctx;
    const struct xml *expression = doc_child(x, "inputExpression");
    const struct xml *values = doc_child(x, "inputValues");
    struct where where = {.what = "input expression", .column = column};
    struct where allowed = {.what = "input values", .column = column};
    in->xml = x;
    in->label = doc_attr(x, STR("label"));
    if (expression == NULL || dmn_text(m->module, expression).text.n == 0) {
        return maker_refuse(m, ERR_MISSING, x, "input column %zu has no expression", column);
    }
    TRY(dmn_type_ref(m->l, m->module, expression, doc_attr(expression, STR("typeRef")), &in->type));
    TRY(text_compile(m, expression, where, &in->expression));
    in->label = in->label.n > 0 ? in->label : dmn_text(m->module, expression).text;
    return values == NULL || dmn_text(m->module, values).text.n == 0
               ? ERR_OK
               : text_compile_unary(m, values, allowed, in->type, &in->allowed);
}

static enum err read_output(struct maker *m, const struct xml *x, struct table_output *out,
                            size_t column)
{
    struct ctx *ctx = m->l->ctx;
    const struct xml *values = doc_child(x, "outputValues");
    const struct xml *otherwise = doc_child(x, "defaultOutputEntry");
    struct where where = {.what = "default output entry", .column = column};
    struct where allowed = {.what = "output values", .column = column};
    out->name = str_trim(doc_attr(x, STR("name")));
    TRY(dmn_type_ref(m->l, m->module, x, doc_attr(x, STR("typeRef")), &out->type));
    if (values != NULL && dmn_text(m->module, values).text.n > 0) {
        TRY(text_compile_unary(m, values, allowed, out->type, &out->allowed));
    }
    const struct feel_program *order = out->allowed != NULL ? out->allowed
                                       : out->type == NULL  ? NULL
                                                            : out->type->allowed;
    out->listed_count = dmn_listed(ctx->arena, order, &out->listed);
    return otherwise == NULL ? ERR_OK : text_compile(m, otherwise, where, &out->otherwise);
}

static enum err read_columns(struct maker *m, const struct xml *x, struct dmn_table *t)
{
    struct ctx *ctx = m->l->ctx;
    t->inputs = ARENA_ARRAY(ctx->arena, struct table_input, doc_count(x, "input"));
    t->outputs = ARENA_ARRAY(ctx->arena, struct table_output, doc_count(x, "output"));
    for (const struct xml *c = doc_child(x, "input"); c != NULL; c = doc_next(c)) {
        TRY(read_input(m, c, &t->inputs[t->input_count], t->input_count + 1));
        t->input_count++;
    }
    for (const struct xml *c = doc_child(x, "output"); c != NULL; c = doc_next(c)) {
        TRY(read_output(m, c, &t->outputs[t->output_count], t->output_count + 1));
        t->output_count++;
    }
    if (t->output_count == 0) {
        return maker_refuse(m, ERR_MISSING, x, "the table has no output column");
    }
    for (size_t i = 0; t->output_count > 1 && i < t->output_count; i++) {
        if (t->outputs[i].name.n == 0) {
            return maker_refuse(m, ERR_MISSING, x,
                                "output column %zu has no name, and there are several", i + 1);
        }
    }
    return ERR_OK;
}

/* "-" and an empty cell match all. */
static bool is_dash(struct str text)
{
    return text.n == 0 || str_equal(text, STR("-"));
}

/* The articles a rule cites: the attribute, or the extension elements of that name, for modellers
 * that keep only those.
 */
static struct str article_of(struct arena *a, const struct xml *x)
{
    struct str text = str_trim(doc_attr_ns(x, TB_NS, STR("article")));
    const struct xml *extensions = doc_child(x, "extensionElements");
    for (const struct xml *c = extensions == NULL ? NULL : extensions->child; c != NULL;
         c = c->next) {
        if (str_equal(c->ns, TB_NS) && str_equal(c->name, STR("article"))) {
            struct str more = str_trim(c->text);
            text = text.n == 0 ? more : str_format(a, "%.*s %.*s", FMT(text), FMT(more));
        }
    }
    return text;
}

static enum err read_rule(struct maker *m, const struct xml *x, struct dmn_table *t,
                          struct table_rule *rule)
{
    struct ctx *ctx = m->l->ctx;
    const struct feel_program **tests = &t->tests[(rule->number - 1) * t->input_count];
    const struct feel_program **entries = &t->entries[(rule->number - 1) * t->output_count];
    size_t in = 0;
    size_t out = 0;
    if (doc_count(x, "inputEntry") != t->input_count ||
        doc_count(x, "outputEntry") != t->output_count) {
        return maker_refuse(
            m, ERR_SYNTAX, x,
            "rule %u has %zu input and %zu output entries, the table has %zu and %zu columns",
            rule->number, doc_count(x, "inputEntry"), doc_count(x, "outputEntry"), t->input_count,
            t->output_count);
    }
    rule->line = x->line;
    rule->article = article_of(ctx->arena, x);
    for (const struct xml *c = doc_child(x, "inputEntry"); c != NULL; c = doc_next(c), in++) {
        struct where where = {.what = "input entry", .rule = rule->number, .column = in + 1};
        if (!is_dash(dmn_text(m->module, c).text)) {
            TRY(text_compile_unary(m, c, where, t->inputs[in].type, &tests[in]));
        }
    }
    for (const struct xml *c = doc_child(x, "outputEntry"); c != NULL; c = doc_next(c), out++) {
        struct where where = {.what = "output entry", .rule = rule->number, .column = out + 1};
        TRY(text_compile(m, c, where, &entries[out]));
    }
    struct dmn_annotation *annotations =
        ARENA_ARRAY(ctx->arena, struct dmn_annotation, doc_count(x, "annotationEntry"));
    const struct xml *column = doc_child(x, "annotationEntry");
    for (; column != NULL; column = doc_next(column)) {
        annotations[rule->annotation_count++].text = dmn_text(m->module, column).text;
    }
    rule->annotations = annotations;
    return ERR_OK;
}

static void name_annotations(const struct xml *x, struct dmn_table *t)
{
    size_t i = 0;
    for (const struct xml *c = doc_child(x, "annotation"); c != NULL; c = doc_next(c), i++) {
        for (size_t k = 0; k < t->rule_count; k++) {
            if (i < t->rules[k].annotation_count) {
                struct dmn_annotation *list =
                    (struct dmn_annotation *)(uintptr_t)t->rules[k].annotations;
                list[i].name = doc_attr(c, STR("name"));
            }
        }
    }
}

enum err table_make(struct maker *m, const struct xml *x, const struct dmn_table **ret)
{
    struct ctx *ctx = m->l->ctx;
    struct dmn_table *t = ARENA_NEW(ctx->arena, struct dmn_table);
    size_t hit = 0;
    size_t how = 0;
    size_t rules = doc_count(x, "rule");
    t->name = m->node->name;
    t->file = m->module->file;
    t->line = x->line;
    TRY(word_of(m, x, "hitPolicy", hits, LEN(hits), &hit));
    TRY(word_of(m, x, "aggregation", aggregates, LEN(aggregates), &how));
    t->hit = (enum hit)hit;
    t->aggregate = (enum aggregate)how;
    TRY(read_columns(m, x, t));
    if (t->aggregate != AGGREGATE_NONE && (t->hit != HIT_COLLECT || t->output_count > 1)) {
        return maker_refuse(m, ERR_SYNTAX, x, "only a COLLECT table of one output is aggregated");
    }
    if (rules > LIMIT_DMN_RULES) {
        return maker_refuse(m, ERR_TOO_MANY, x, "the table has more than %d rules",
                            LIMIT_DMN_RULES);
    }
    t->rules = ARENA_ARRAY(ctx->arena, struct table_rule, rules);
    t->tests = ARENA_ARRAY(ctx->arena, const struct feel_program *, rules * t->input_count);
    t->entries = ARENA_ARRAY(ctx->arena, const struct feel_program *, rules * t->output_count);
    for (const struct xml *c = doc_child(x, "rule"); c != NULL; c = doc_next(c)) {
        struct table_rule *rule = &t->rules[t->rule_count];
        rule->number = (uint32_t)++t->rule_count;
        TRY(read_rule(m, c, t, rule));
    }
    name_annotations(x, t);
    t->index = fast_make(ctx->arena, t->tests, t->rule_count, t->input_count);
    *ret = t;
    return ERR_OK;
}

const struct feel_type *table_shape(struct arena *a, const struct dmn_table *t)
{
    const struct feel_type *row = t->outputs[0].type;
    if (t->aggregate == AGGREGATE_COUNT) {
        return NULL;
    }
    if (t->output_count > 1) {
        struct feel_member *members = ARENA_ARRAY(a, struct feel_member, t->output_count);
        struct feel_type *type = ARENA_NEW(a, struct feel_type);
        for (size_t i = 0; i < t->output_count; i++) {
            members[i] = (struct feel_member){t->outputs[i].name, t->outputs[i].type};
        }
        *type = (struct feel_type){
            .kind = FEEL_TYPE_CONTEXT, .members = members, .count = t->output_count};
        row = type;
    }
    bool many = t->hit == HIT_RULE_ORDER || t->hit == HIT_OUTPUT_ORDER ||
                (t->hit == HIT_COLLECT && t->aggregate == AGGREGATE_NONE);
    if (!many) {
        return row;
    }
    struct feel_type *list = ARENA_NEW(a, struct feel_type);
    *list = (struct feel_type){.kind = FEEL_TYPE_LIST, .element = row};
    return list;
}
