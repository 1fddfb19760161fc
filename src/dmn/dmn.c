/* DMN XML to decisions, and their evaluation. */
#include "dmn/dmn.h"

#include "base/arena.h"
#include "base/str.h"
#include "limit_gen.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#define TB_NS "urn:tongban:1"

enum hit { HIT_UNIQUE, HIT_FIRST, HIT_ANY, HIT_PRIORITY, HIT_RULE_ORDER, HIT_OUTPUT_ORDER, HIT_COLLECT };
enum aggregate { AGG_LIST, AGG_SUM, AGG_COUNT, AGG_MIN, AGG_MAX };

struct output {
    struct str name;
    const struct feel_program *otherwise; /* default output entry */
    const struct feel_program **allowed;  /* constants, in order of priority */
    size_t allowed_count;
};
struct rule {
    const struct feel_program **inputs;  /* unary tests */
    const struct feel_program **outputs;
    struct str article;
    struct str annotation;
};
struct table {
    enum hit hit;
    enum aggregate aggregate;
    const struct feel_program **inputs;
    size_t input_count;
    struct output *outputs;
    size_t output_count;
    struct rule *rules;
    size_t rule_count;
};
struct decision {
    struct str name;
    struct str id;
    const xmlNode *node;
    uint32_t line;
    struct str *needs; /* ids of required decisions and inputs */
    size_t need_count;
    size_t slot; /* among the names of the model */
    const struct feel_program *literal;
    struct table *table;
};
struct dmn_model {
    struct feel_member *names; /* inputs, then decisions */
    size_t name_count;
    struct str *ids; /* of inputs, by slot */
    size_t input_count;
    struct decision *decisions; /* what is required comes first */
    size_t decision_count;
};

struct loader {
    struct ctx *ctx;
    struct str file;
    struct dmn_model *m;
    struct feel_scope scope;
};

/* Every DMN version has a namespace of its own: 1.1 and 1.2 under http, 1.3 on under https. */
static bool is_dmn(const char *href)
{
    return strncmp(href, "http://www.omg.org/spec/DMN/", 28) == 0 || strncmp(href, "https://www.omg.org/spec/DMN/", 29) == 0;
}

static bool is(const xmlNode *n, const char *name)
{
    return n->type == XML_ELEMENT_NODE && n->ns != NULL && is_dmn((const char *)n->ns->href) &&
           strcmp((const char *)n->name, name) == 0;
}

static const xmlNode *child(const xmlNode *n, const char *name)
{
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        if (is(c, name)) {
            return c;
        }
    }
    return NULL;
}

static size_t count_of(const xmlNode *n, const char *name)
{
    size_t count = 0;
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        count += is(c, name);
    }
    return count;
}

static struct str attribute(struct arena *a, const xmlNode *n, const char *ns, const char *name)
{
    for (const xmlAttr *at = n->properties; at != NULL; at = at->next) {
        bool right_ns = ns == NULL ? at->ns == NULL : at->ns != NULL && strcmp((const char *)at->ns->href, ns) == 0;
        if (right_ns && strcmp((const char *)at->name, name) == 0 && at->children != NULL) {
            return str_copy(a, str_from((const char *)at->children->content));
        }
    }
    return (struct str){0};
}

static struct str content_of(struct arena *a, const xmlNode *n)
{
    const xmlNode *text = n == NULL ? NULL : child(n, "text");
    if (text == NULL) {
        return (struct str){0};
    }
    xmlChar *content = xmlNodeGetContent(text);
    struct str s = str_trim(str_copy(a, str_from((const char *)content)));
    xmlFree(content);
    return s;
}

static enum err bad(struct loader *l, const xmlNode *n, enum err code, const char *what, struct str name)
{
    return fault_at(l->ctx, code, l->file, (uint32_t)xmlGetLineNo(n), 0, "%s %.*s", what, FMT(name));
}

static enum err compile(struct loader *l, const xmlNode *n, struct str text, bool unary, const struct feel_program **ret)
{
    const xmlNode *at = n == NULL ? NULL : child(n, "text");
    struct feel_source source = {.text = text, .file = l->file, .line = at == NULL ? 1 : (uint32_t)xmlGetLineNo(at), .column = 1};
    return unary ? feel_compile_unary(l->ctx, &l->scope, source, ret) : feel_compile(l->ctx, &l->scope, source, ret);
}

/* ---- reading a table ---- */

static enum err read_hit(struct loader *l, const xmlNode *n, struct table *t)
{
    static const char *const hits[] = {"UNIQUE", "FIRST", "ANY", "PRIORITY", "RULE ORDER", "OUTPUT ORDER", "COLLECT"};
    static const char *const aggregates[] = {"", "SUM", "COUNT", "MIN", "MAX"};
    struct str hit = attribute(l->ctx->arena, n, NULL, "hitPolicy");
    struct str aggregate = attribute(l->ctx->arena, n, NULL, "aggregation");
    bool hit_known = hit.n == 0;
    bool aggregate_known = aggregate.n == 0;
    for (size_t i = 0; i < LEN(hits); i++) {
        if (str_equal(hit, str_from(hits[i]))) {
            t->hit = (enum hit)i;
            hit_known = true;
        }
    }
    for (size_t i = 1; i < LEN(aggregates); i++) {
        if (str_equal(aggregate, str_from(aggregates[i]))) {
            t->aggregate = (enum aggregate)i;
            aggregate_known = true;
        }
    }
    if (!hit_known || !aggregate_known) {
        return bad(l, n, ERR_SYNTAX, "unknown hit policy or aggregation", hit);
    }
    if (t->aggregate != AGG_LIST && (t->hit != HIT_COLLECT || t->output_count > 1)) {
        return bad(l, n, ERR_SYNTAX, "only a COLLECT table of one output aggregates", aggregate);
    }
    return ERR_OK;
}

/* The allowed output values, each compiled alone: their order is their priority. */
static enum err read_allowed(struct loader *l, const xmlNode *n, struct output *o)
{
    struct ctx *ctx = l->ctx;
    const xmlNode *values = child(n, "outputValues");
    struct str text = content_of(ctx->arena, values);
    size_t room = 1;
    for (size_t i = 0; i < text.n; i++) {
        room += text.p[i] == ',';
    }
    o->allowed = ARENA_ARRAY(ctx->arena, const struct feel_program *, room);
    bool quoted = false;
    size_t from = 0;
    for (size_t i = 0; text.n > 0 && i <= text.n; i++) {
        bool ends = i == text.n || (text.p[i] == ',' && !quoted);
        quoted = i < text.n && text.p[i] == '"' && (i == 0 || text.p[i - 1] != '\\') ? !quoted : quoted;
        if (ends) {
            TRY(compile(l, values, str_trim(str_slice(text, from, i)), false, &o->allowed[o->allowed_count++]));
            from = i + 1;
        }
    }
    return ERR_OK;
}

static enum err read_columns(struct loader *l, const xmlNode *n, struct table *t)
{
    struct ctx *ctx = l->ctx;
    struct arena *a = ctx->arena;
    t->inputs = ARENA_ARRAY(a, const struct feel_program *, count_of(n, "input") + 1);
    t->outputs = ARENA_ARRAY(a, struct output, count_of(n, "output") + 1);
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        if (is(c, "input")) {
            const xmlNode *e = child(c, "inputExpression");
            struct str text = content_of(a, e);
            if (text.n == 0) {
                return bad(l, c, ERR_MISSING, "an input column has no expression:", attribute(a, c, NULL, "label"));
            }
            TRY(compile(l, e, text, false, &t->inputs[t->input_count++]));
        } else if (is(c, "output")) {
            struct output *o = &t->outputs[t->output_count++];
            o->name = attribute(a, c, NULL, "name");
            const xmlNode *d = child(c, "defaultOutputEntry");
            if (d != NULL) {
                TRY(compile(l, d, content_of(a, d), false, &o->otherwise));
            }
            TRY(read_allowed(l, c, o));
        }
    }
    if (t->output_count == 0) {
        return bad(l, n, ERR_MISSING, "the table has no output column", STR(""));
    }
    for (size_t i = 0; t->output_count > 1 && i < t->output_count; i++) {
        if (t->outputs[i].name.n == 0) {
            return bad(l, n, ERR_MISSING, "each of several output columns has a name", STR(""));
        }
    }
    return ERR_OK;
}

static enum err read_rule(struct loader *l, const xmlNode *n, const struct table *t, struct rule *r)
{
    struct ctx *ctx = l->ctx;
    struct arena *a = ctx->arena;
    size_t inputs = 0;
    size_t outputs = 0;
    r->inputs = ARENA_ARRAY(a, const struct feel_program *, t->input_count + 1);
    r->outputs = ARENA_ARRAY(a, const struct feel_program *, t->output_count + 1);
    r->article = attribute(a, n, TB_NS, "article");
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        if (is(c, "inputEntry") && inputs < t->input_count) {
            struct str text = content_of(a, c);
            TRY(compile(l, c, text.n == 0 ? STR("-") : text, true, &r->inputs[inputs++]));
        } else if (is(c, "outputEntry") && outputs < t->output_count) {
            struct str text = content_of(a, c);
            TRY(compile(l, c, text.n == 0 ? STR("null") : text, false, &r->outputs[outputs++]));
        } else if (is(c, "annotationEntry") && r->annotation.n == 0) {
            r->annotation = content_of(a, c);
        }
    }
    if (inputs != t->input_count || outputs != t->output_count) {
        return bad(l, n, ERR_SYNTAX, "a rule has as many entries as the table has columns", attribute(a, n, NULL, "id"));
    }
    return ERR_OK;
}

static enum err read_table(struct loader *l, const xmlNode *n, struct table **ret)
{
    struct ctx *ctx = l->ctx;
    struct table *t = ARENA_NEW(ctx->arena, struct table);
    TRY(read_columns(l, n, t));
    TRY(read_hit(l, n, t));
    t->rules = ARENA_ARRAY(ctx->arena, struct rule, count_of(n, "rule") + 1);
    for (const xmlNode *c = n->children; c != NULL; c = c->next) {
        if (is(c, "rule")) {
            TRY(read_rule(l, c, t, &t->rules[t->rule_count++]));
        }
    }
    *ret = t;
    return ERR_OK;
}

/* ---- reading a model ---- */

static int find_name(const struct dmn_model *m, struct str name)
{
    for (size_t i = 0; i < m->name_count; i++) {
        if (str_equal(m->names[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

static enum err declare(struct loader *l, const xmlNode *root)
{
    struct ctx *ctx = l->ctx;
    struct arena *a = ctx->arena;
    struct dmn_model *m = l->m;
    size_t most = count_of(root, "inputData") + count_of(root, "decision");
    m->names = ARENA_ARRAY(a, struct feel_member, most + 1);
    m->ids = ARENA_ARRAY(a, struct str, most + 1);
    m->decisions = ARENA_ARRAY(a, struct decision, count_of(root, "decision") + 1);
    for (int pass = 0; pass < 2; pass++) {
        for (const xmlNode *n = root->children; n != NULL; n = n->next) {
            bool input = is(n, "inputData");
            bool decision = is(n, "decision");
            if (!(pass == 0 ? input : decision)) {
                continue;
            }
            struct str name = attribute(a, n, NULL, "name");
            if (name.n == 0 || find_name(m, name) >= 0) {
                return bad(l, n, ERR_DUPLICATE, "a decision or input has a name of its own:", name);
            }
            m->ids[m->name_count] = attribute(a, n, NULL, "id");
            m->names[m->name_count].name = name;
            if (decision) {
                m->decisions[m->decision_count++] = (struct decision){.name = name, .id = m->ids[m->name_count], .node = n,
                                                                      .line = (uint32_t)xmlGetLineNo(n), .slot = m->name_count};
            } else {
                m->input_count++;
            }
            m->name_count++;
        }
    }
    return ERR_OK;
}

static enum err read_needs(struct loader *l, struct decision *d)
{
    struct ctx *ctx = l->ctx;
    d->needs = ARENA_ARRAY(ctx->arena, struct str, count_of(d->node, "informationRequirement") + 1);
    for (const xmlNode *r = d->node->children; r != NULL; r = r->next) {
        if (!is(r, "informationRequirement")) {
            continue;
        }
        const xmlNode *to = child(r, "requiredDecision") != NULL ? child(r, "requiredDecision") : child(r, "requiredInput");
        struct str href = to == NULL ? (struct str){0} : attribute(ctx->arena, to, NULL, "href");
        struct str id = {0};
        str_cut(href, '#', &id);
        bool found = false;
        for (size_t i = 0; i < l->m->name_count; i++) {
            found = found || str_equal(l->m->ids[i], id);
        }
        if (!found) {
            return bad(l, r, ERR_UNKNOWN_NAME, "a requirement points to nothing in this model:", href);
        }
        d->needs[d->need_count++] = id;
    }
    return ERR_OK;
}

/* Order decisions so that each comes after what it requires; what is left over is a circle. */
static enum err order(struct loader *l)
{
    struct dmn_model *m = l->m;
    for (size_t done = 0; done < m->decision_count; done++) {
        size_t hit = SIZE_MAX;
        for (size_t i = done; i < m->decision_count && hit == SIZE_MAX; i++) {
            bool ready = true;
            for (size_t k = 0; k < m->decisions[i].need_count; k++) {
                for (size_t x = done; x < m->decision_count; x++) {
                    ready = ready && !str_equal(m->decisions[x].id, m->decisions[i].needs[k]);
                }
            }
            hit = ready ? i : hit;
        }
        if (hit == SIZE_MAX) {
            return bad(l, m->decisions[done].node, ERR_CONFLICT, "decisions require each other in a circle:", m->decisions[done].name);
        }
        struct decision swap = m->decisions[done];
        m->decisions[done] = m->decisions[hit];
        m->decisions[hit] = swap;
    }
    return ERR_OK;
}

static enum err read_logic(struct loader *l, struct decision *d)
{
    struct ctx *ctx = l->ctx;
    const xmlNode *table = child(d->node, "decisionTable");
    const xmlNode *literal = child(d->node, "literalExpression");
    if (table != NULL) {
        return read_table(l, table, &d->table);
    }
    if (literal != NULL) {
        return compile(l, literal, content_of(ctx->arena, literal), false, &d->literal);
    }
    return bad(l, d->node, ERR_NOT_SUPPORTED, "a decision is a decision table or a literal expression:", d->name);
}

static void free_doc(void *doc)
{
    xmlFreeDoc(doc);
}

static void free_parser(void *p)
{
    xmlFreeParserCtxt(p);
}

enum err dmn_load(struct ctx *ctx, struct str xml, struct str file, struct dmn_model **ret)
{
    if (xml.n > LIMIT_XML_BYTES) {
        return fault_at(ctx, ERR_TOO_LARGE, file, 0, 0, "the document is larger than %d bytes", LIMIT_XML_BYTES);
    }
    if (str_find(xml, STR("<!DOCTYPE")) != SIZE_MAX) {
        return fault_at(ctx, ERR_NOT_SUPPORTED, file, 1, 0, "a model has no document type and no entities");
    }
    xmlParserCtxt *parser = xmlNewParserCtxt();
    must(parser != NULL);
    arena_defer(ctx->arena, free_parser, parser);
    xmlDoc *doc = xmlCtxtReadMemory(parser, xml.p, (int)xml.n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (doc == NULL) {
        const xmlError *e = xmlCtxtGetLastError(parser);
        struct str why = str_trim(str_from(e == NULL || e->message == NULL ? "not well formed" : e->message));
        return fault_at(ctx, ERR_SYNTAX, file, e == NULL ? 0 : (uint32_t)e->line, 0, "XML: %.*s", FMT(why));
    }
    arena_defer(ctx->arena, free_doc, doc);
    const xmlNode *root = xmlDocGetRootElement(doc);
    if (root == NULL || !is(root, "definitions")) {
        return fault_at(ctx, ERR_SYNTAX, file, 1, 0, "the root is not definitions of DMN");
    }
    struct loader l = {.ctx = ctx, .file = file, .m = ARENA_NEW(ctx->arena, struct dmn_model)};
    TRY(declare(&l, root));
    l.scope = (struct feel_scope){.names = l.m->names, .count = l.m->name_count, .zones = &feel_zones_of_world};
    for (size_t i = 0; i < l.m->decision_count; i++) {
        TRY(read_needs(&l, &l.m->decisions[i]));
    }
    TRY(order(&l));
    for (size_t i = 0; i < l.m->decision_count; i++) {
        TRY(read_logic(&l, &l.m->decisions[i]));
    }
    *ret = l.m;
    return ERR_OK;
}

bool dmn_has_decision(const struct dmn_model *m, struct str name)
{
    for (size_t i = 0; i < m->decision_count; i++) {
        if (str_equal(m->decisions[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* ---- evaluating ---- */

struct eval {
    struct ctx *ctx;
    struct feel_env *env;
    struct dmn_result *result;
    size_t fired_room;
};

static void note_fired(struct eval *e, const struct decision *d, size_t rule)
{
    struct dmn_result *r = e->result;
    if (r->fired_count == e->fired_room) {
        size_t room = e->fired_room == 0 ? 4 : e->fired_room * 2;
        r->fired = arena_grow(e->ctx->arena, r->fired, e->fired_room * sizeof(*r->fired), room * sizeof(*r->fired));
        e->fired_room = room;
    }
    r->fired[r->fired_count++] = (struct dmn_fired){d->name, rule + 1, d->table->rules[rule].article, d->table->rules[rule].annotation};
}

static enum err matches(struct eval *e, const struct table *t, const struct rule *r, const struct feel_value *inputs, bool *ret)
{
    struct ctx *ctx = e->ctx;
    *ret = true;
    for (size_t i = 0; i < t->input_count && *ret; i++) {
        struct feel_value v;
        e->env->input = inputs[i];
        TRY(feel_eval(ctx, r->inputs[i], e->env, &v));
        *ret = feel_is_true(v);
    }
    return ERR_OK;
}

static enum err output_of(struct eval *e, const struct table *t, const struct feel_program *const *entries, struct feel_value *ret)
{
    struct ctx *ctx = e->ctx;
    struct feel_value single = feel_null();
    struct feel_entry *parts = ARENA_ARRAY(ctx->arena, struct feel_entry, t->output_count);
    for (size_t i = 0; i < t->output_count; i++) {
        TRY(feel_eval(ctx, entries[i], e->env, &single));
        parts[i] = (struct feel_entry){t->outputs[i].name, single};
    }
    *ret = t->output_count == 1 ? single : feel_context(parts, t->output_count);
    return ERR_OK;
}

/* Rank of an output by the listed values of its first column that tells them apart; smaller first. */
static enum err rank_of(struct eval *e, const struct table *t, const struct rule *r, size_t *ret)
{
    struct ctx *ctx = e->ctx;
    *ret = 0;
    for (size_t i = 0; i < t->output_count; i++) {
        struct feel_value v;
        size_t rank = t->outputs[i].allowed_count;
        TRY(feel_eval(ctx, r->outputs[i], e->env, &v));
        for (size_t k = t->outputs[i].allowed_count; k > 0; k--) {
            struct feel_value listed;
            TRY(feel_eval(ctx, t->outputs[i].allowed[k - 1], e->env, &listed));
            rank = feel_is_true(feel_equal(v, listed)) ? k - 1 : rank;
        }
        *ret = *ret * (t->outputs[i].allowed_count + 1) + rank;
    }
    return ERR_OK;
}

static enum err sort_by_rank(struct eval *e, const struct table *t, size_t *rules, size_t count)
{
    struct ctx *ctx = e->ctx;
    size_t *ranks = ARENA_ARRAY(ctx->arena, size_t, count + 1);
    for (size_t i = 0; i < count; i++) {
        TRY(rank_of(e, t, &t->rules[rules[i]], &ranks[i]));
    }
    for (size_t i = 1; i < count; i++) { /* stable, and few rules match */
        for (size_t k = i; k > 0 && ranks[k] < ranks[k - 1]; k--) {
            size_t r = ranks[k];
            size_t x = rules[k];
            ranks[k] = ranks[k - 1];
            rules[k] = rules[k - 1];
            ranks[k - 1] = r;
            rules[k - 1] = x;
        }
    }
    return ERR_OK;
}

static struct feel_value aggregate(struct eval *e, enum aggregate how, struct feel_value *values, size_t count)
{
    if (how == AGG_COUNT) {
        return feel_int((int64_t)count);
    }
    struct feel_value best = count == 0 ? feel_null() : values[0];
    for (size_t i = 1; i < count; i++) {
        int order = 0;
        struct decimal sum;
        if (how == AGG_SUM) {
            bool good = best.kind == FEEL_NUMBER && values[i].kind == FEEL_NUMBER &&
                        decimal_add(feel_decimal(best), feel_decimal(values[i]), &sum);
            best = good ? feel_number(e->ctx->arena, sum) : feel_null();
        } else if (feel_compare(values[i], best, &order) && (how == AGG_MIN ? order < 0 : order > 0)) {
            best = values[i];
        }
    }
    return best;
}

static enum err otherwise(struct eval *e, const struct table *t, struct feel_value *ret)
{
    const struct feel_program **entries = ARENA_ARRAY(e->ctx->arena, const struct feel_program *, t->output_count);
    *ret = t->hit == HIT_COLLECT && t->aggregate == AGG_COUNT ? feel_int(0) : feel_null();
    for (size_t i = 0; i < t->output_count; i++) {
        entries[i] = t->outputs[i].otherwise;
        if (entries[i] == NULL) {
            return ERR_OK;
        }
    }
    return output_of(e, t, entries, ret);
}

static enum err run_table(struct eval *e, const struct decision *d, struct feel_value *ret)
{
    struct ctx *ctx = e->ctx;
    const struct table *t = d->table;
    struct feel_value *inputs = ARENA_ARRAY(ctx->arena, struct feel_value, t->input_count + 1);
    size_t *hits = ARENA_ARRAY(ctx->arena, size_t, t->rule_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < t->input_count; i++) {
        TRY(feel_eval(ctx, t->inputs[i], e->env, &inputs[i]));
    }
    for (size_t i = 0; i < t->rule_count && !(t->hit == HIT_FIRST && count > 0); i++) {
        bool hit = false;
        TRY(matches(e, t, &t->rules[i], inputs, &hit));
        if (hit) {
            hits[count++] = i;
        }
    }
    if (count == 0) {
        return otherwise(e, t, ret);
    }
    if (t->hit == HIT_PRIORITY || t->hit == HIT_OUTPUT_ORDER) {
        TRY(sort_by_rank(e, t, hits, count));
    }
    bool single = t->hit == HIT_UNIQUE || t->hit == HIT_FIRST || t->hit == HIT_ANY || t->hit == HIT_PRIORITY;
    struct feel_value *values = ARENA_ARRAY(ctx->arena, struct feel_value, count);
    for (size_t i = 0; i < count; i++) {
        TRY(output_of(e, t, t->rules[hits[i]].outputs, &values[i]));
        if (i == 0 || !single) {
            note_fired(e, d, hits[i]);
        }
    }
    if (t->hit == HIT_UNIQUE && count > 1) {
        feel_trouble(ctx, e->env, "rules %zu and %zu of %.*s both match, but only one may", hits[0] + 1, hits[1] + 1, FMT(d->name));
        *ret = feel_null();
        return ERR_OK;
    }
    for (size_t i = 1; t->hit == HIT_ANY && i < count; i++) {
        if (!feel_is_true(feel_equal(values[0], values[i]))) {
            feel_trouble(ctx, e->env, "rules %zu and %zu of %.*s match with different outputs", hits[0] + 1, hits[i] + 1, FMT(d->name));
            *ret = feel_null();
            return ERR_OK;
        }
    }
    *ret = single ? values[0] : t->aggregate != AGG_LIST ? aggregate(e, t->aggregate, values, count) : feel_list(values, count);
    return ERR_OK;
}

enum err dmn_evaluate(struct ctx *ctx, const struct dmn_model *m, struct str decision, struct feel_value inputs,
                      struct instant now, struct dmn_result *ret)
{
    enum { TROUBLES = 8 };
    if (!dmn_has_decision(m, decision)) {
        return fault(ctx, ERR_NOT_FOUND, "the model has no decision \"%.*s\"", FMT(decision));
    }
    *ret = (struct dmn_result){0};
    struct feel_value *slots = ARENA_ARRAY(ctx->arena, struct feel_value, m->name_count + 1);
    struct feel_troubles troubles = {ARENA_ARRAY(ctx->arena, struct feel_trouble, TROUBLES), TROUBLES, 0};
    struct feel_env env = {.slots = slots, .now = now, .now_offset_s = 8 * 3600, .troubles = &troubles, .zones = &feel_zones_of_world};
    struct eval e = {.ctx = ctx, .env = &env, .result = ret};
    for (size_t i = 0; i < m->input_count; i++) {
        const struct feel_value *v = feel_get(inputs, m->names[i].name);
        slots[i] = v == NULL ? feel_null() : *v;
    }
    for (size_t i = 0; i < m->decision_count; i++) {
        const struct decision *d = &m->decisions[i];
        if (d->table != NULL) {
            TRY(run_table(&e, d, &slots[d->slot]));
        } else {
            TRY(feel_eval(ctx, d->literal, &env, &slots[d->slot]));
        }
        if (str_equal(d->name, decision)) {
            ret->value = slots[d->slot];
            break;
        }
    }
    ret->troubles = troubles.list;
    ret->trouble_count = troubles.count < TROUBLES ? troubles.count : TROUBLES;
    return ERR_OK;
}
